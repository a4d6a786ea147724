//! Cholesky factorization with a defined answer for semidefinite matrices.

use super::gram::Square;
use super::kernels::dot;
use crate::runtime::{Control, Stop};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, MatMut, MatRef, Par};

/// Columns factored between two reports.
const PANEL: usize = 64;

/// Pivots of the unit diagonal from here on are far from rounding.
const SAFE_PIVOT: f64 = 1e-6;

/// The factor of `D (H + shift I) D`, where `D` scales `H` to a unit diagonal.
///
/// `H` may be singular: the shift is the smallest of 0, `8 n u`, 100 times that, and so on, with which every pivot is
/// positive beyond rounding; where 1 does not do, `H` is taken for its diagonal and the shift for infinite. So
/// solutions are defined, the same on every run, and invariant to scaling of columns. A zero row (and column) of `H` is
/// treated as that of the identity.
#[derive(Debug)]
pub struct Cholesky {
    lower: Square,
    scale: Vec<f64>,
    shift: f64,
}

impl Cholesky {
    /// Factors `h`, symmetric and positive semidefinite. Costs `n^3 / 3` flops per shift tried.
    pub fn new(h: &Square, control: &mut Control<'_>) -> Result<Self, Stop> {
        let n = h.size();
        let scale: Vec<f64> =
            (0..n).map(|j| if h.at(j, j) > 0.0 { 1.0 / h.at(j, j).sqrt() } else { 1.0 }).collect();
        let floor = 8.0 * n as f64 * f64::EPSILON;
        let mut shift = 0.0;
        loop {
            let mut lower = h.clone();
            for j in 0..n {
                let column = lower.column_mut(j);
                column.iter_mut().zip(&scale).for_each(|(o, s)| *o *= s * scale[j]);
                column[j] = 1.0 + shift;
            }
            if factor(&mut lower, floor, control)? {
                return Ok(Self { lower, scale, shift });
            }
            shift = if shift == 0.0 { floor } else { 100.0 * shift };
            if !(shift <= 1.0) {
                // Not semidefinite, or not numbers: the diagonal is all there is to go by.
                let mut lower = Square::zeros(n);
                (0..n).for_each(|j| lower.column_mut(j)[j] = 1.0);
                return Ok(Self { lower, scale, shift: f64::INFINITY });
            }
            control.poll()?;
        }
    }

    /// The shift that was needed, relative to the unit diagonal; 0 for matrices that are safely definite.
    pub fn shift(&self) -> f64 {
        self.shift
    }

    /// Whether no pivot came near 0 beside the unit diagonal, so that solutions are right to many digits.
    pub fn is_well_conditioned(&self) -> bool {
        self.shift == 0.0 && (0..self.lower.size()).all(|j| self.lower.at(j, j).powi(2) >= SAFE_PIVOT)
    }

    /// Replaces a matrix `B` of `n` columns, one after the other, by `B L^-T` (with the scaling in `L`), so that
    /// `B H^-1 B' = (B L^-T)(B L^-T)'`. Costs `n^2` flops a row.
    pub fn half_solve_columns(&self, b: &mut [f64]) {
        let n = self.lower.size();
        let rows = b.len().checked_div(n).unwrap_or(0);
        for j in 0..n {
            let (known, rest) = b.split_at_mut(j * rows);
            let column = &mut rest[..rows];
            column.iter_mut().for_each(|b| *b *= self.scale[j]);
            for k in 0..j {
                super::kernels::add(-self.lower.at(j, k), &known[k * rows..(k + 1) * rows], column);
            }
            column.iter_mut().for_each(|b| *b /= self.lower.at(j, j));
        }
    }

    /// Replaces `b` by the solution of `H x = b`. Costs `2 n^2` flops.
    pub fn solve(&self, b: &mut [f64]) {
        b.iter_mut().zip(&self.scale).for_each(|(b, s)| *b *= s);
        solve_triangles(&self.lower, b);
        b.iter_mut().zip(&self.scale).for_each(|(b, s)| *b *= s);
    }
}

/// Replaces `b` by the solution of `L L' x = b`, given `L` in the lower triangle. Costs `2 n^2` flops.
pub(super) fn solve_triangles(lower: &Square, b: &mut [f64]) {
    let n = lower.size();
    for j in 0..n {
        let column = lower.column(j);
        b[j] /= column[j];
        let pivot = b[j];
        b[j + 1..].iter_mut().zip(&column[j + 1..]).for_each(|(b, l)| *b -= l * pivot);
    }
    for j in (0..n).rev() {
        let column = lower.column(j);
        b[j] = (b[j] - dot(&column[j + 1..], &b[j + 1..])) / column[j];
    }
}

/// Whether the smallest eigenvalue of the symmetric matrix `h` is proven to be above `floor`; `false` says that
/// nothing is known.
///
/// A Cholesky factorization of `H - (floor + e) I` that comes to its end is exact for a matrix within
/// `e = n (n + 1) u max_j h_jj` of that one in the 2-norm (Higham, Accuracy and Stability of Numerical Algorithms,
/// 2nd ed., theorem 10.3; `u` is twice the unit roundoff here). Costs `n^3 / 3` flops.
pub fn exceeds(h: &Square, floor: f64, control: &mut Control<'_>) -> Result<bool, Stop> {
    let n = h.size();
    let largest = (0..n).map(|j| h.at(j, j)).fold(0.0, f64::max);
    let below = floor + (n * (n + 1)) as f64 * f64::EPSILON * largest;
    let mut lower = h.clone();
    (0..n).for_each(|j| lower.column_mut(j)[j] -= below);
    factor(&mut lower, 0.0, control)
}

/// Right-looking blocked factorization of the lower triangle in place; false if a pivot is at most `floor`.
fn factor(a: &mut Square, floor: f64, control: &mut Control<'_>) -> Result<bool, Stop> {
    let n = a.size();
    let mut first = 0;
    while first < n {
        let width = PANEL.min(n - first);
        let below = first + width;
        if !factor_diagonal(a, first, width, floor) {
            return Ok(false);
        }
        if below < n {
            solve_panel(a, first, width);
            update_trailing(a, first, width, control)?;
        }
        control.spend((width * width * (n - first)) as u64)?;
        first = below;
    }
    Ok(true)
}

fn factor_diagonal(a: &mut Square, first: usize, width: usize, floor: f64) -> bool {
    let n = a.size();
    let data = a.data_mut();
    for j in first..first + width {
        let pivot = data[j * n + j];
        // Also refuses NaN.
        if !(pivot > floor) {
            return false;
        }
        let root = pivot.sqrt();
        data[j * n + j] = root;
        for i in j + 1..first + width {
            data[j * n + i] /= root;
        }
        for k in j + 1..first + width {
            let factor = data[j * n + k];
            for i in k..first + width {
                data[k * n + i] -= data[j * n + i] * factor;
            }
        }
    }
    true
}

/// Solves `L21 L11' = A21` for the rows below the diagonal block.
fn solve_panel(a: &mut Square, first: usize, width: usize) {
    let n = a.size();
    let full =
        MatMut::from_column_major_slice_mut(&mut a.data_mut()[first * n..(first + width) * n], n, width);
    let (top, bottom) = full.split_at_row_mut(first + width);
    let diagonal = top.as_ref().subrows(first, width);
    solve_lower_triangular_in_place(diagonal, bottom.transpose_mut(), Par::Seq);
}

/// `A22 -= L21 L21'`, lower triangle, in strips so that the control is asked often enough.
fn update_trailing(
    a: &mut Square,
    first: usize,
    width: usize,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let n = a.size();
    let below = first + width;
    let (left, right) = a.data_mut().split_at_mut(below * n);
    let panel = MatRef::from_column_major_slice(&left[first * n..], n, width);
    for start in (below..n).step_by(PANEL) {
        let count = PANEL.min(n - start);
        let strip = &mut right[(start - below) * n..(start - below + count) * n];
        let out = MatMut::from_column_major_slice_mut(strip, n, count).subrows_mut(start, n - start);
        let rows = panel.subrows(start, n - start);
        matmul(out, Accum::Add, rows, panel.subrows(start, count).transpose(), -1.0, Par::Seq);
        control.spend((2 * (n - start) * count * width) as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gram_of(b: &[f64], rows: usize, n: usize) -> Square {
        let mut h = Square::zeros(n);
        for j in 0..n {
            for i in 0..n {
                h.column_mut(j)[i] = (0..rows).map(|r| b[i * rows + r] * b[j * rows + r]).sum();
            }
        }
        h
    }

    fn times(h: &Square, x: &[f64]) -> Vec<f64> {
        (0..h.size()).map(|i| (0..h.size()).map(|j| h.at(i, j) * x[j]).sum()).collect()
    }

    proptest! {
        #[test]
        fn definite_systems_are_solved(seed in prop::collection::vec(-1.0..1.0_f64, 150 * 4), n in 1..4_usize) {
            let n = n * 40;
            let rows = n + 20;
            let b: Vec<f64> = (0..rows * n).map(|k| seed[k * 7 % 600] + seed[(k * k + k / 3) % 600] * ((k as f64) * 0.7).sin()).collect();
            let mut h = gram_of(&b, rows, n);
            for j in 0..n {
                h.column_mut(j)[j] += 1.0;
            }
            let x: Vec<f64> = (0..n).map(|j| (j as f64).cos()).collect();
            let mut solution = times(&h, &x);
            let factor = Cholesky::new(&h, &mut Control::new()).unwrap();
            factor.solve(&mut solution);
            for (a, b) in solution.iter().zip(&x) {
                prop_assert!((a - b).abs() < 1e-8, "{a} {b}");
            }
        }
    }

    #[test]
    fn semidefinite_systems_have_a_defined_answer_that_satisfies_them() {
        let (rows, n) = (6, 100);
        let b: Vec<f64> = (0..rows * n).map(|k| ((k * 37 % 101) as f64).sin()).collect();
        let mut h = gram_of(&b, rows, n);
        for i in 0..n {
            h.column_mut(5)[i] = 0.0;
            h.column_mut(i)[5] = 0.0;
        }
        let right: Vec<f64> = times(&h, &(0..n).map(|j| (j as f64).cos()).collect::<Vec<_>>());
        let factor = Cholesky::new(&h, &mut Control::new()).unwrap();
        assert!(factor.shift() > 0.0 && factor.shift() < 1e-9, "{}", factor.shift());
        let mut x = right.clone();
        factor.solve(&mut x);
        let back = times(&h, &x);
        let size = right.iter().fold(0.0_f64, |m, r| m.max(r.abs()));
        for (a, b) in back.iter().zip(&right) {
            assert!((a - b).abs() < 1e-9 * size, "{a} {b}");
        }
        assert_eq!(x[5], 0.0);
    }

    #[test]
    fn a_tripped_control_stops_it() {
        let n = 300;
        let mut h = Square::zeros(n);
        (0..n).for_each(|j| h.column_mut(j)[j] = 1.0);
        let mut control = Control::new().with_trip_at_poll(1);
        assert!(Cholesky::new(&h, &mut control).is_err());
        assert!(control.longest_stretch() < 1 << 24);
    }
}
