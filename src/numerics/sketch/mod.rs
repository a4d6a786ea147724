//! Oblivious subspace embeddings: random matrices `S` with few rows that keep the lengths of all vectors of a subspace,
//! `(1 - e) |Ax| <= |S A x| <= (1 + e) |Ax|`, without looking at it.
//!
//! Then `S A = Q R` gives `cond(A R^-1) <= (1 + e) / (1 - e)`: a preconditioner for a least-squares problem of many
//! rows, from one of few.
//!
//! A sketch is a pure function of (family, sizes, seed, stream): neither order nor threads can change it.

mod hadamard;

use super::real::Real;
use crate::runtime::rng::{Purpose, Stream};

/// Kinds of random matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Independent normal entries. Costs `s d k`: the reference.
    Gaussian,
    /// Subsampled randomized Hadamard transform: random signs, the Hadamard transform (rows are padded to a power of
    /// two), and a sample of rows without replacement. Costs `k d log d`.
    Srht,
    /// Sparse signs (OSNAP): in each column so many entries `+-1`, in different rows, over the root of their number; 8
    /// is common. Costs `nonzeros d k`.
    SparseSign {
        /// Entries in a column, at least 1; a sketch of fewer rows has all its rows.
        nonzeros: usize,
    },
    /// One entry `+-1` in each column. Costs `d k`.
    CountSketch,
}

impl Family {
    /// Rows with which a sketch keeps lengths in a subspace of `k` dimensions to within `distortion`, in `(0, 1)`;
    /// `failure` is the probability that it does not, `None` for the typical size.
    ///
    /// * Gaussian: `(sqrt(k) + sqrt(2 ln(2 / failure)))^2 / distortion^2`. Proven (Davidson and Szarek, Local operator
    ///   theory, random matrices and Banach spaces, 2001, theorem II.13). The typical size, of the edges of Marchenko
    ///   and Pastur, is `k / distortion^2`.
    /// * Sparse signs: as Gaussian. Practice with 8 entries; the theory asks for another logarithm of `k` (Cohen,
    ///   Nearly tight oblivious subspace embeddings by trace inequalities, 2016).
    /// * SRHT: `max(1, ln k)` times as many. The form of the theory, for subspaces that the transform leaves with few
    ///   different rows, all of which a sample has to meet; with the constants of practice (those that are proven are
    ///   several times larger: Tropp, Improved analysis of the subsampled randomized Hadamard transform, 2011).
    /// * CountSketch: `k (k + 1) / (distortion^2 failure)`. Proven by second moments (Nelson and Nguyen, OSNAP, 2013).
    ///   No better in general: of `k` columns with one large entry each two fall together with probability `k (k - 1) /
    ///   (2 s)`. The typical size is for subspaces without such entries, `k / distortion^2`.
    pub fn size(self, k: usize, distortion: f64, failure: Option<f64>) -> usize {
        let root = (k as f64).sqrt();
        let tail = failure.map_or(0.0, |p| (2.0 * (2.0 / p).ln()).sqrt());
        let plain = ((root + tail) / distortion).powi(2);
        let size = match (self, failure) {
            (Family::Gaussian | Family::SparseSign { .. }, _) | (Family::CountSketch, None) => plain,
            (Family::Srht, _) => plain * (k as f64).ln().max(1.0),
            (Family::CountSketch, Some(p)) => (k * (k + 1)) as f64 / (distortion * distortion * p),
        };
        // A conversion saturates: what is too large for memory is larger than any matrix too.
        (size.ceil() as usize).max(k)
    }
}

/// A drawn sketch.
#[derive(Debug, Clone)]
pub struct Sketch {
    size: usize,
    rows: usize,
    entries: Entries,
}

#[derive(Debug, Clone)]
enum Entries {
    /// For each row of the matrix the column of the sketch that it meets.
    Dense(Vec<f64>),
    /// The signs of the rows, and which rows of the transform are kept.
    Hadamard { negative: Vec<bool>, kept: Vec<u32> },
    /// For each row of the matrix its places, twice, plus 1 where the sign is negative.
    Sparse { nonzeros: usize, places: Vec<u32> },
}

impl Sketch {
    /// Draws a sketch of `size` rows for matrices of `rows` rows. SRHT takes no more rows than the transform has.
    /// Panics where `size` is 0 or above `2^31`, or `rows` above `2^32`. Costs `size rows` normal numbers (Gaussian),
    /// or about as many numbers as it has entries.
    pub fn new(family: Family, size: usize, rows: usize, seed: u64, stream: u64) -> Self {
        assert!(size > 0 && size <= 1 << 31 && rows <= 1 << 32, "{size} rows of a sketch of {rows} rows");
        let mut draw = Stream::new(seed, Purpose::Sketch, stream);
        let mut size = size;
        let entries = match family {
            Family::Gaussian => {
                let scale = 1.0 / (size as f64).sqrt();
                Entries::Dense((0..size * rows).map(|_| scale * draw.normal()).collect())
            }
            Family::Srht => {
                let padded = rows.next_power_of_two();
                size = size.min(padded);
                let mut negative = Vec::with_capacity(rows.next_multiple_of(64));
                while negative.len() < rows {
                    let bits = draw.bits();
                    negative.extend((0..64).map(|b| bits >> b & 1 == 1));
                }
                negative.truncate(rows);
                let mut kept: Vec<u32> = (0..padded as u32).collect();
                draw.shuffle_front(&mut kept, size);
                kept.truncate(size);
                Entries::Hadamard { negative, kept }
            }
            Family::SparseSign { nonzeros } => sparse(nonzeros.clamp(1, size), size, rows, &mut draw),
            Family::CountSketch => sparse(1, size, rows, &mut draw),
        };
        Self { size, rows, entries }
    }

    /// Its number of rows.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes `S A` to the front of `out`, in rows of `stride` numbers as `a` has them; `scratch` is memory. Panics
    /// where `a` has not as many rows as the sketch was drawn for, or `out` fewer than it has.
    pub fn apply<T: Real>(&self, a: &[T], stride: usize, scratch: &mut Vec<T>, out: &mut [T]) {
        assert_eq!(a.len(), self.rows * stride, "numbers of the matrix");
        let out = &mut out[..self.size * stride];
        match &self.entries {
            Entries::Dense(columns) => {
                out.fill(T::default());
                for (row, column) in a.chunks_exact(stride).zip(columns.chunks_exact(self.size)) {
                    for (out, s) in out.chunks_exact_mut(stride).zip(column) {
                        add(T::narrow(*s), row, out);
                    }
                }
            }
            Entries::Hadamard { negative, kept } => {
                scratch.clear();
                for (row, negative) in a.chunks_exact(stride).zip(negative) {
                    scratch.extend(row.iter().map(|v| if *negative { -*v } else { *v }));
                }
                scratch.resize(self.rows.next_power_of_two() * stride, T::default());
                hadamard::transform(scratch, stride);
                let scale = T::narrow(1.0 / (self.size as f64).sqrt());
                for (out, &i) in out.chunks_exact_mut(stride).zip(kept) {
                    let row = &scratch[i as usize * stride..][..stride];
                    out.iter_mut().zip(row).for_each(|(o, v)| *o = scale * *v);
                }
            }
            Entries::Sparse { nonzeros, places } => {
                out.fill(T::default());
                let scale = 1.0 / (*nonzeros as f64).sqrt();
                for (row, places) in a.chunks_exact(stride).zip(places.chunks_exact(*nonzeros)) {
                    for &place in places {
                        let sign = T::narrow(if place & 1 == 1 { -scale } else { scale });
                        add(sign, row, &mut out[(place >> 1) as usize * stride..][..stride]);
                    }
                }
            }
        }
    }
}

/// `nonzeros` places for each of `rows` rows, all different.
fn sparse(nonzeros: usize, size: usize, rows: usize, draw: &mut Stream) -> Entries {
    let mut places = Vec::with_capacity(nonzeros * rows);
    for row in 0..rows {
        while places.len() < (row + 1) * nonzeros {
            // Below 2^32: the size is at most 2^31.
            let place = draw.below(2 * size) as u32;
            if places[row * nonzeros..].iter().all(|known| known >> 1 != place >> 1) {
                places.push(place);
            }
        }
    }
    Entries::Sparse { nonzeros, places }
}

fn add<T: Real>(factor: T, row: &[T], out: &mut [T]) {
    out.iter_mut().zip(row).for_each(|(o, v)| *o += factor * *v);
}

#[cfg(test)]
mod tests;
