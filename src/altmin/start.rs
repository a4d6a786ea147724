//! Where the alternation starts: the leading singular vectors of `p^-1 P(M)`, by block Krylov iteration, with the rows
//! and columns that have far more than their share of observations left out, and rows that stick out cut back.

use super::basis::{orthonormalize, orthonormalize_in_place};
use super::observations::{Lines, Observations};
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::numerics::tile::{self, Picked};
use crate::runtime::parallel::Team;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// Refuses a rank that a matrix of `m` rows and `n` columns cannot have.
pub(super) fn check_rank(rank: usize, m: usize, n: usize) -> Result<()> {
    if rank == 0 || rank > m.min(n) {
        return Err(Error::new(ErrorKind::Argument, "rank")
            .expected(format!("at least 1, and at most the smaller of {m} rows and {n} columns"))
            .found(rank));
    }
    Ok(())
}

/// The leading singular vectors and values.
pub struct Start {
    /// Left vectors: one row for each row of the matrix.
    pub left: Tall<f64>,
    /// Right vectors.
    pub right: Tall<f64>,
    /// Singular values, descending.
    pub singular: Vec<f64>,
}

/// Products with the matrix and its transpose after the first, where the vectors themselves matter: errors fall faster
/// than with as many power iterations.
pub const DEPTH: usize = 3;
/// The same where sweeps follow at once: what a second and third product would gain, a part of a sweep gains too.
pub(super) const SHALLOW: usize = 1;
/// Lines with more than this many times the mean number of observations are left out (Keshavan, Montanari and Oh).
const TRIM: f64 = 2.0;
/// Bytes of the search for the leading `k` singular vectors: its blocks and their images, and the answer.
pub(super) fn bytes(rows: usize, cols: usize, k: usize) -> usize {
    let b = block(rows, cols, k);
    let both =
        |cols_of: usize| Tall::<f64>::bytes(rows, cols_of).saturating_add(Tall::<f64>::bytes(cols, cols_of));
    both(b).saturating_mul(DEPTH + 3).saturating_add(both(k).saturating_mul(2))
}

/// Columns of a block for `k` vectors.
fn block(rows: usize, cols: usize, k: usize) -> usize {
    k.saturating_add((k / 4).max(5)).min(rows.min(cols))
}

/// Rows of a task of products with the observations.
const TASK_ROWS: usize = 64;
/// Rows of a task of products with small matrices.
const BLOCK_ROWS: usize = 256;

/// The observations as a matrix, times `scale`, but for the lines that are left out.
pub struct SparseMatrix<'o, T> {
    observations: &'o Observations<T>,
    keep_row: Vec<bool>,
    keep_col: Vec<bool>,
    scale: f64,
}

impl<'o, T: Real> SparseMatrix<'o, T> {
    /// `p^-1 P(M)`, trimmed where `trim` says so.
    pub fn rescaled(observations: &'o Observations<T>, trim: bool) -> Self {
        let cells = observations.rows() as f64 * observations.cols() as f64;
        let keep = |lines: &Lines<T>| {
            let mean = lines.entries() as f64 / lines.len().max(1) as f64;
            (0..lines.len()).map(|i| !trim || lines.degree(i) as f64 <= (TRIM * mean).max(1.0)).collect()
        };
        Self {
            observations,
            keep_row: keep(observations.by_row()),
            keep_col: keep(observations.by_col()),
            scale: cells / observations.len().max(1) as f64,
        }
    }

    /// `A G` (or `A' G`), where rows of `G` for lines that are left out are 0.
    fn times(
        &self,
        transposed: bool,
        g: &Tall<f64>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Tall<f64>, Stop>> {
        let (lines, keep) = if transposed {
            (self.observations.by_col(), &self.keep_col)
        } else {
            (self.observations.by_row(), &self.keep_row)
        };
        let mut out = Tall::zeros(lines.len(), g.cols())?;
        let (stride, b) = (out.stride(), g.cols());
        let mut start = 0;
        while start < lines.len() {
            let (mut end, mut flops) = (start, 0_u64);
            while end < lines.len() && (end == start || flops < 1 << 26) {
                flops += (2 * b * lines.degree(end) + b) as u64;
                end += 1;
            }
            team.fill(
                &mut out.data_mut()[start * stride..end * stride],
                TASK_ROWS * stride,
                |offset, part| {
                    let mut values = Vec::new();
                    for (r, row) in part.chunks_exact_mut(stride).enumerate() {
                        let i = start + offset / stride + r;
                        if !keep[i] {
                            continue;
                        }
                        let line = lines.line(i);
                        values.clear();
                        values.extend(line.value.iter().map(|v| self.scale * v.wide()));
                        let picked = Picked { data: g.data(), stride, index: line.index };
                        tile::add_picked(picked, &values, row);
                    }
                },
            );
            if let Err(stop) = control.spend(flops) {
                return Ok(Err(stop));
            }
            start = end;
        }
        Ok(Ok(out))
    }

    /// Gaussian vectors of the stream (seed, start), row after row, 0 for columns that are left out.
    fn gaussian(&self, b: usize, seed: u64, team: &Team<'_>) -> Result<Tall<f64>> {
        let mut g = Tall::zeros(self.observations.cols(), b)?;
        let stride = g.stride();
        team.fill(g.data_mut(), BLOCK_ROWS * stride, |start, part| {
            let mut stream = Stream::new(seed, Purpose::Start, 0);
            let first = start / stride;
            stream.seek((first * b) as u64);
            for (row, keep) in part.chunks_exact_mut(stride).zip(&self.keep_col[first..]) {
                row[..b].iter_mut().for_each(|g| {
                    let drawn = stream.normal();
                    *g = if *keep { drawn } else { 0.0 };
                });
            }
        });
        Ok(g)
    }

    /// The `k` leading singular vectors by block Krylov iteration from Gaussian vectors of the stream (seed, start).
    /// Costs about `2 (depth + 1)` products with blocks of `k + max(5, k/4)` vectors. Errors: `k` beyond the sizes.
    pub fn leading(
        &self,
        k: usize,
        depth: usize,
        seed: u64,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Start, Stop>> {
        let (m, n) = (self.observations.rows(), self.observations.cols());
        check_rank(k, m, n)?;
        let b = block(m, n, k);
        let gaussian = self.gaussian(b, seed, team)?;
        let mut blocks: Vec<Tall<f64>> = Vec::new();
        let mut images: Vec<Tall<f64>> = Vec::new();
        for _ in 0..=depth {
            let last = images.last().unwrap_or(&gaussian);
            let mut block = stopped!(self.times(false, last, team, control)?);
            for _ in 0..2 {
                for known in &blocks {
                    let overlap = stopped!(known.product(&block, |_| 1.0, team, control));
                    subtract(&mut block, known, &overlap, team);
                }
                stopped!(orthonormalize(&mut block, None, team, control));
            }
            // A factorization of columns that are nearly dependent may leave rounding there.
            for i in (0..m).filter(|i| !self.keep_row[*i]) {
                block.row_mut(i).fill(0.0);
            }
            images.push(stopped!(self.times(true, &block, team, control)?));
            blocks.push(block);
            if b * (blocks.len() + 1) > m.min(n) {
                break;
            }
        }
        // (A'Q)'(A'Q), block by block.
        let count = blocks.len();
        let mut small = Square::zeros(b * count);
        for p in 0..count {
            for q in p..count {
                let part = stopped!(images[p].product(&images[q], |_| 1.0, team, control));
                for j in 0..b {
                    for i in 0..b {
                        small.column_mut(q * b + j)[p * b + i] = part.at(i, j);
                        small.column_mut(p * b + i)[q * b + j] = part.at(i, j);
                    }
                }
            }
        }
        let size = small.size();
        let Some(eigen) = Eigen::of(&small) else {
            return Ok(Ok(Start {
                left: Tall::zeros(m, k)?,
                right: Tall::zeros(n, k)?,
                singular: vec![0.0; k],
            }));
        };
        let singular: Vec<f64> = (0..k).map(|l| eigen.values[size - 1 - l].sqrt()).collect();
        let vectors = |l: usize| eigen.vectors.column(size - 1 - l);
        let left = combine(&blocks, k, |l| vectors(l).to_vec(), team)?;
        let inverses = |l: usize| {
            let inverse = if singular[l] > 0.0 { 1.0 / singular[l] } else { 0.0 };
            vectors(l).iter().map(|v| v * inverse).collect()
        };
        let right = combine(&images, k, inverses, team)?;
        stopped!(control.spend((2 * (m + n) * size * k) as u64));
        Ok(Ok(Start { left, right, singular }))
    }
}

/// `block -= known overlap`.
fn subtract(block: &mut Tall<f64>, known: &Tall<f64>, overlap: &Square, team: &Team<'_>) {
    let stride = block.stride();
    let mut rows = vec![0.0; known.cols() * stride];
    for (a, row) in rows.chunks_exact_mut(stride).enumerate() {
        row.iter_mut().zip(0..block.cols()).for_each(|(v, j)| *v = -overlap.at(a, j));
    }
    team.fill(block.data_mut(), BLOCK_ROWS * stride, |start, part| {
        for (i, out) in part.chunks_exact_mut(stride).enumerate() {
            tile::add_transposed_times(&rows, stride, known.row(start / stride + i), out);
        }
    });
}

/// `sum_p B_p e_p` for blocks of one width: column `l` of the result by the coefficients of column `l`.
fn combine(
    blocks: &[Tall<f64>],
    k: usize,
    column: impl Fn(usize) -> Vec<f64>,
    team: &Team<'_>,
) -> Result<Tall<f64>> {
    let mut out = Tall::zeros(blocks[0].rows(), k)?;
    let (stride, b) = (out.stride(), blocks[0].cols());
    let mut rows = vec![0.0; blocks.len() * b * stride];
    for l in 0..k {
        rows[l..].iter_mut().step_by(stride).zip(column(l)).for_each(|(v, c)| *v = c);
    }
    team.fill(out.data_mut(), BLOCK_ROWS * stride, |start, part| {
        for (i, out) in part.chunks_exact_mut(stride).enumerate() {
            for (block, rows) in blocks.iter().zip(rows.chunks_exact(b * stride)) {
                tile::add_transposed_times(rows, stride, block.row(start / stride + i), out);
            }
        }
    });
    Ok(out)
}

/// Share of the rows whose length is taken for ordinary.
const ORDINARY: f64 = 0.99;
/// Rows may be this many times as long as those.
const CLIP: f64 = 3.0;

/// Cuts back rows that are longer than three times nearly all others, and orthonormalizes again; gives how many there
/// were. In directions that do not depend on the basis, unlike cutting single entries; each column stays near to where
/// it was, beside its singular value.
pub fn clip(
    factor: &mut Tall<f64>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> std::result::Result<usize, Stop> {
    let length = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>().sqrt();
    let mut lengths: Vec<f64> =
        (0..factor.rows()).map(|i| length(factor.row(i))).filter(|l| *l > 0.0).collect();
    lengths.sort_by(f64::total_cmp);
    let at = ((ORDINARY * lengths.len() as f64) as usize).min(lengths.len().saturating_sub(1));
    let Some(limit) = lengths.get(at).map(|l| CLIP * l) else { return Ok(0) };
    let mut cut = 0;
    for i in 0..factor.rows() {
        let size = length(factor.row(i));
        if size > limit {
            factor.row_mut(i).iter_mut().for_each(|v| *v *= limit / size);
            cut += 1;
        }
    }
    if cut > 0 {
        orthonormalize_in_place(factor, team, control)?;
    }
    Ok(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is paired with the columns, singular values and right vectors, stays paired.
    #[test]
    fn columns_stay_where_they_are_when_rows_are_cut() {
        let (n, k) = (400, 4);
        let (team, control) = (&Team::solo(), &mut Control::new());
        let mut factor = Tall::<f64>::zeros(n, k).unwrap();
        let mut stream = Stream::new(5, Purpose::Start, 0);
        for i in 0..n {
            factor.row_mut(i).iter_mut().for_each(|v| *v = stream.normal());
        }
        factor.row_mut(7).copy_from_slice(&[40.0, -10.0, 20.0, 5.0]);
        orthonormalize(&mut factor, None, team, control).unwrap();
        let before = factor.clone();
        assert_eq!(clip(&mut factor, team, control), Ok(1));
        let overlap = before.product(&factor, |_| 1.0, team, control).unwrap();
        let gram = factor.gram(|_| 1.0, team, control).unwrap();
        for a in 0..k {
            for b in 0..k {
                let one = if a == b { 1.0 } else { 0.0 };
                assert!((gram.at(a, b) - one).abs() < 1e-13);
                // The cut row had most of one direction, so some of the columns had to move, but none past another.
                assert!(
                    a == b || overlap.at(a, b).abs() < overlap.at(a, a) / 2.0,
                    "{a} {b} {}",
                    overlap.at(a, b)
                );
            }
        }
    }
}
