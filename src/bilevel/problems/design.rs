//! Products with the features of a linear model, `X W` and `X' V` for several outputs, and bounds of the size of `X`.
//!
//! Coefficients are stored output by output: entry `c p + j` is that of feature `j` in output `c`; predictions
//! likewise, entry `c n + r` is that of row `r`. An intercept is one more feature, the last, that is 1 in each row.

use super::check;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::{Square, gram};
use crate::numerics::kernels::{Scalar, add, dot};
use crate::numerics::matrix::DenseColumns;
use crate::numerics::{Columns, Matrix};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::ops::Range;
use std::sync::Arc;

/// The most rows of a dense matrix that are worked on at a time: predictions of a block stay in the first-level cache.
const BLOCK: usize = 2048;

/// Numbers of a block: it stays in the second-level cache between `X v` and `X' u`.
const BLOCK_NUMBERS: usize = 1 << 16;

/// The spectrum is computed where the smaller side of the matrix is at most this.
const EXACT_UP_TO: usize = 256;

/// And where the Gram matrix costs at most so many flops (about a second).
const GRAM_FLOPS: f64 = 2e9;

/// Steps towards the Perron vector of `|X|'|X|`.
const PERRON_STEPS: usize = 12;

/// The feature matrix `X`, with an intercept if there is one.
#[derive(Debug)]
pub struct Design {
    /// Shared with solvers that are given the rows.
    matrix: Arc<Matrix<'static>>,
    intercept: bool,
}

/// Bounds of `diag(s)^1/2 X` that hold up to rounding.
#[derive(Debug, Clone, Copy)]
pub struct Spectrum {
    /// At least the largest eigenvalue of `X' diag(s) X`.
    pub largest: f64,
    /// At most the smallest eigenvalue of it.
    pub smallest: f64,
    /// The largest norm of a row of `X` of weight above 0.
    pub row: f64,
}

impl Design {
    /// Errors: a matrix without rows or columns; one by callbacks, whose products could fail.
    pub fn new(subject: &str, matrix: Matrix<'static>, intercept: bool) -> Result<Self> {
        check::at_least_one(&format!("{subject}.rows"), matrix.rows())?;
        check::at_least_one(&format!("{subject}.cols"), matrix.cols())?;
        if matrix.as_operator().is_some() {
            return Err(Error::new(ErrorKind::Unsupported, subject)
                .expected("a dense or sparse matrix")
                .found("one by callbacks"));
        }
        Ok(Self { matrix: Arc::new(matrix), intercept })
    }

    /// The features, without the intercept.
    pub fn matrix(&self) -> &Arc<Matrix<'static>> {
        &self.matrix
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.matrix.rows()
    }

    /// Columns, the intercept's included.
    pub fn features(&self) -> usize {
        self.matrix.cols() + usize::from(self.intercept)
    }

    /// What `X v` and `X' u` cost together for one output: a multiplication and an addition per entry, twice.
    pub fn flops(&self) -> u64 {
        let ones = if self.intercept { self.rows() } else { 0 };
        4 * (self.matrix.entries() + ones) as u64
    }

    /// The rows that are worked on at a time, in order. A sparse matrix has one block.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.rows();
        let step =
            if self.matrix.is_sparse() { n } else { (BLOCK_NUMBERS / self.matrix.cols()).clamp(64, BLOCK) };
        (0..n).step_by(step).map(move |start| start..(start + step).min(n))
    }

    /// `Z = X W`.
    pub fn product(&self, w: &[f64], z: &mut [f64]) {
        self.blocks().for_each(|rows| self.product_rows(rows, w, z));
    }

    /// `out = X' V`.
    pub fn transposed(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.blocks().for_each(|rows| self.add_transposed_rows(rows, v, out));
    }

    /// The rows of a block of `Z = X W`.
    pub fn product_rows(&self, rows: Range<usize>, w: &[f64], z: &mut [f64]) {
        let (p, n) = (self.features(), self.rows());
        for (z, w) in z.chunks_exact_mut(n).zip(w.chunks_exact(p)) {
            z[rows.clone()].fill(if self.intercept { w[p - 1] } else { 0.0 });
        }
        match &*self.matrix {
            Matrix::Dense64(m) => dense_product(m, self.shape(), rows, w, z),
            Matrix::Dense32(m) => dense_product(m, self.shape(), rows, w, z),
            _ => {
                for (z, w) in z.chunks_exact_mut(n).zip(w.chunks_exact(p)) {
                    let present = (0..self.matrix.cols()).filter(|j| w[*j] != 0.0);
                    present.for_each(|j| self.matrix.add(j, w[j], z));
                }
            }
        }
    }

    /// Adds the part of a block of rows to `X' V`.
    pub fn add_transposed_rows(&self, rows: Range<usize>, v: &[f64], out: &mut [f64]) {
        let (p, n) = (self.features(), self.rows());
        if self.intercept {
            for (out, v) in out.chunks_exact_mut(p).zip(v.chunks_exact(n)) {
                out[p - 1] += v[rows.clone()].iter().sum::<f64>();
            }
        }
        match &*self.matrix {
            Matrix::Dense64(m) => dense_transposed(m, self.shape(), rows, v, out),
            Matrix::Dense32(m) => dense_transposed(m, self.shape(), rows, v, out),
            _ => {
                for (out, v) in out.chunks_exact_mut(p).zip(v.chunks_exact(n)) {
                    (0..self.matrix.cols()).for_each(|j| out[j] += self.matrix.dot(j, v));
                }
            }
        }
    }

    fn shape(&self) -> Shape {
        Shape { rows: self.rows(), columns: self.matrix.cols(), features: self.features() }
    }

    /// `out_j = sum_r w_r x_rj^2` of one output: the diagonal of `X' diag(w) X`.
    pub fn squares(&self, w: &[f64], out: &mut [f64]) {
        (0..self.matrix.cols()).for_each(|j| out[j] = self.matrix.squares(j, 1.0, w));
        if self.intercept {
            out[self.matrix.cols()] = w.iter().sum();
        }
    }

    /// The norm of each row, the intercept's 1 included.
    pub fn row_norms(&self) -> Vec<f64> {
        let mut squares = vec![f64::from(u8::from(self.intercept)); self.rows()];
        (0..self.matrix.cols()).for_each(|j| self.matrix.for_each(j, |r, a| squares[r] += a * a));
        squares.into_iter().map(f64::sqrt).collect()
    }

    /// Bounds for the row weights `s >= 0`.
    ///
    /// Costs a Gram matrix and its eigenvalues where one side is small, else a few passes over the entries, which give
    /// `|X|^2 <= max_j (|X|'|X| u)_j / u_j` for a vector `u > 0` near the Perron vector (Collatz and Wielandt) and 0
    /// from below.
    pub fn spectrum(&self, s: &[f64]) -> Spectrum {
        let (n, p) = (self.rows(), self.matrix.cols());
        let norms = self.row_norms();
        let one = f64::from(u8::from(self.intercept));
        let used = norms.iter().zip(s).filter(|(_, s)| **s > 0.0);
        let row = used.map(|(q, _)| *q).fold(0.0, f64::max);
        let frobenius = norms.iter().zip(s).map(|(q, s)| (q * q - one) * s).sum::<f64>();
        let rounding = 1.0 + 8.0 * (n + p) as f64 * f64::EPSILON;
        let (largest, smallest) = match self.eigenvalues(s) {
            Some((largest, smallest)) => (largest.min(frobenius), smallest),
            None => (frobenius.min(self.perron(s)), 0.0),
        };
        // The norm of [X, 1] is at most that of X and of 1 together; nothing is known of the smallest eigenvalue then.
        let largest = (largest + one * s.iter().sum::<f64>()) * rounding;
        Spectrum { largest, smallest: if self.intercept { 0.0 } else { smallest }, row: row * rounding }
    }

    /// The largest and the smallest eigenvalue of `X' diag(s) X`, beyond rounding, where they are cheap.
    fn eigenvalues(&self, s: &[f64]) -> Option<(f64, f64)> {
        let (n, p) = (self.rows(), self.matrix.cols());
        let side = n.min(p);
        if side > EXACT_UP_TO || self.matrix.entries() as f64 * side as f64 > GRAM_FLOPS {
            return None;
        }
        let g = if p <= n { self.gram_of_columns(s)? } else { self.gram_of_rows(s) };
        let values = Eigen::of(&g)?.values;
        let largest = values.last().copied().unwrap_or(0.0);
        // The rounding of the Gram matrix and of its eigenvalues (Weyl).
        let slack = 4.0 * ((n + p) as f64) * f64::EPSILON * (0..side).map(|j| g.at(j, j)).sum::<f64>();
        // With fewer rows than columns the smallest eigenvalue is 0.
        let smallest = if p <= n { (values.first().copied().unwrap_or(0.0) - slack).max(0.0) } else { 0.0 };
        Some((largest + slack, smallest))
    }

    fn gram_of_columns(&self, s: &[f64]) -> Option<Square> {
        let p = self.matrix.cols();
        let list: Vec<usize> = (0..p).collect();
        let columns = Columns::new(&self.matrix, vec![1.0; p]);
        gram(&columns, &list, s, &Team::solo(), &mut Control::new()).ok()
    }

    /// `diag(s)^1/2 X X' diag(s)^1/2`.
    fn gram_of_rows(&self, s: &[f64]) -> Square {
        let mut g = Square::zeros(self.rows());
        let mut column: Vec<(usize, f64)> = Vec::with_capacity(self.rows());
        for j in 0..self.matrix.cols() {
            column.clear();
            self.matrix.for_each(j, |r, a| column.push((r, s[r].sqrt() * a)));
            for &(r, a) in &column {
                let out = g.column_mut(r);
                column.iter().for_each(|&(q, b)| out[q] += a * b);
            }
        }
        g
    }

    /// The bound of Collatz and Wielandt.
    fn perron(&self, s: &[f64]) -> f64 {
        let (n, p) = (self.rows(), self.matrix.cols());
        let (mut u, mut z, mut next) = (vec![1.0_f64; p], vec![0.0_f64; n], vec![0.0_f64; p]);
        let mut best = f64::INFINITY;
        for _ in 0..PERRON_STEPS {
            z.fill(0.0);
            (0..p).for_each(|j| self.matrix.for_each(j, |r, a| z[r] += a.abs() * u[j]));
            z.iter_mut().zip(s).for_each(|(z, s)| *z *= s);
            let mut bound = 0.0_f64;
            for j in 0..p {
                next[j] = 0.0;
                self.matrix.for_each(j, |r, a| next[j] += a.abs() * z[r]);
                bound = bound.max(next[j] / u[j]);
            }
            best = best.min(bound);
            let top = next.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            // Entries must stay above 0, and the ratio of small ones is no worse for it.
            u.iter_mut().zip(&next).for_each(|(u, v)| *u = (v / top).max(1e-6));
        }
        best
    }
}

/// Sizes of a matrix: `features` counts the intercept.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    columns: usize,
    features: usize,
}

fn dense_product<T: Scalar>(
    m: &DenseColumns<'_, T>,
    shape: Shape,
    rows: Range<usize>,
    w: &[f64],
    z: &mut [f64],
) {
    for j in 0..shape.columns {
        let part = &m.column(j)[rows.clone()];
        for (z, w) in z.chunks_exact_mut(shape.rows).zip(w.chunks_exact(shape.features)) {
            if w[j] != 0.0 {
                add(w[j], part, &mut z[rows.clone()]);
            }
        }
    }
}

fn dense_transposed<T: Scalar>(
    m: &DenseColumns<'_, T>,
    shape: Shape,
    rows: Range<usize>,
    v: &[f64],
    out: &mut [f64],
) {
    for j in 0..shape.columns {
        let part = &m.column(j)[rows.clone()];
        for (out, v) in out.chunks_exact_mut(shape.features).zip(v.chunks_exact(shape.rows)) {
            out[j] += dot(part, &v[rows.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Order};
    use crate::runtime::rng::{Purpose, Stream};

    fn random(rows: usize, cols: usize, seed: u64, sign: bool) -> Matrix<'static> {
        let mut stream = Stream::new(seed, Purpose::Probe, 0);
        let data: Vec<f64> =
            (0..rows * cols).map(|_| stream.uniform() - if sign { 0.5 } else { 0.0 }).collect();
        Matrix::dense(DenseView { data: &data, rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
    }

    /// `|diag(s)^1/2 X v|^2 / |v|^2`, the largest and the least over random and power-iterated vectors.
    fn sampled(design: &Design, s: &[f64]) -> (f64, f64) {
        let mut stream = Stream::new(9, Purpose::Probe, 1);
        let p = design.features();
        let (mut largest, mut least) = (0.0_f64, f64::INFINITY);
        for _ in 0..20 {
            let mut v: Vec<f64> = (0..p).map(|_| stream.normal()).collect();
            for _ in 0..30 {
                let (mut z, mut next) = (vec![0.0; design.rows()], vec![0.0; p]);
                design.product(&v, &mut z);
                let energy: f64 = z.iter().zip(s).map(|(z, s)| s * z * z).sum();
                let ratio = energy / dot(&v, &v);
                (largest, least) = (largest.max(ratio), least.min(ratio));
                z.iter_mut().zip(s).for_each(|(z, s)| *z *= s);
                design.transposed(&z, &mut next);
                let size = dot(&next, &next).sqrt();
                v = next.iter().map(|v| v / size).collect();
            }
        }
        (largest, least)
    }

    #[test]
    fn the_spectrum_is_inside_its_bounds() {
        for (rows, cols, sign) in
            [(30, 7, true), (7, 30, false), (300, 290, true), (300, 290, false), (1, 1, true)]
        {
            for intercept in [false, true] {
                let design = Design::new("x", random(rows, cols, 3, sign), intercept).unwrap();
                let s: Vec<f64> =
                    (0..rows).map(|r| if r % 3 == 1 { 0.0 } else { 1.0 / (r + 1) as f64 }).collect();
                let bounds = design.spectrum(&s);
                let (largest, least) = sampled(&design, &s);
                assert!(
                    bounds.largest >= largest && bounds.smallest <= least,
                    "{bounds:?} {largest} {least}"
                );
                // And not far off where the bound is exact, or the entries are not negative.
                assert!(
                    bounds.largest <= 1.05 * largest + f64::from(u8::from(intercept)) * 5.0 || sign,
                    "{bounds:?} {largest}"
                );
            }
        }
    }

    #[test]
    fn products_are_adjoint_and_equal_to_the_plain_sums() {
        for intercept in [false, true] {
            let matrix = random(5000, 3, 4, true);
            let design = Design::new("x", matrix.clone(), intercept).unwrap();
            let p = design.features();
            let w: Vec<f64> = (0..2 * p).map(|k| (k as f64 - 2.5).sin()).collect();
            let v: Vec<f64> = (0..2 * 5000).map(|k| (k as f64 * 0.7).cos()).collect();
            let (mut z, mut back) = (vec![0.0; 10000], vec![0.0; 2 * p]);
            design.product(&w, &mut z);
            design.transposed(&v, &mut back);
            assert!((dot(&z, &v) - dot(&w, &back)).abs() < 1e-10);
            let mut plain = if intercept { w[2 * p - 1] } else { 0.0 };
            (0..3)
                .for_each(|j| matrix.for_each(j, |r, a| plain += if r == 4321 { a * w[p + j] } else { 0.0 }));
            assert!((z[5000 + 4321] - plain).abs() < 1e-14);
        }
    }
}
