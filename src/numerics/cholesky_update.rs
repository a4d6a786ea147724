//! A Cholesky factorization that follows rank-one changes of its matrix.
//!
//! Updates by Givens rotations; downdates by the stable method of LINPACK (Saunders): `L p = x` first, whose length
//! says whether the matrix stays definite, then rotations. Golub and Van Loan, Matrix Computations, 4th ed., section
//! 6.5.4.

use super::cholesky::solve_triangles;
use super::gram::Square;

/// A downdate that leaves less than this share of a direction is refused: what is left of it would be rounding.
const LEAST_SHARE: f64 = 1e-8;

/// `L` with `L L' = H`, for a matrix `H` that is safely definite.
#[derive(Debug, Clone)]
pub struct UpdatedCholesky {
    lower: Square,
}

impl UpdatedCholesky {
    /// Factors the symmetric matrix `h`; `None` where a pivot is not above `floor`. Costs `n^3 / 3` flops.
    pub fn of(h: &Square, floor: f64) -> Option<Self> {
        let n = h.size();
        let mut lower = h.clone();
        for j in 0..n {
            let (done, rest) = lower.data_mut().split_at_mut(j * n);
            let column = &mut rest[..n];
            for known in done.chunks_exact(n) {
                let factor = known[j];
                column[j..].iter_mut().zip(&known[j..]).for_each(|(c, k)| *c -= factor * k);
            }
            // Also refuses NaN.
            if !(column[j] > floor) {
                return None;
            }
            let root = column[j].sqrt();
            column[j..].iter_mut().for_each(|c| *c /= root);
            column[..j].fill(0.0);
        }
        Some(Self { lower })
    }

    /// Follows `H + x x'`; `x` is used up. Costs `3 n^2` flops.
    pub fn update(&mut self, x: &mut [f64]) {
        for j in 0..x.len() {
            let column = self.lower.column_mut(j);
            let length = column[j].hypot(x[j]);
            let (cosine, sine) = (column[j] / length, x[j] / length);
            for (l, x) in column[j..].iter_mut().zip(&mut x[j..]) {
                (*l, *x) = (cosine * *l + sine * *x, cosine * *x - sine * *l);
            }
        }
    }

    /// Follows `H - x x'`; `x` is used up. `false`, and no change, where that would not be safely definite. Costs `4
    /// n^2` flops.
    #[must_use]
    pub fn downdate(&mut self, x: &mut [f64]) -> bool {
        let n = x.len();
        for j in 0..n {
            let column = self.lower.column(j);
            x[j] /= column[j];
            let pivot = x[j];
            x[j + 1..].iter_mut().zip(&column[j + 1..]).for_each(|(x, l)| *x -= l * pivot);
        }
        let left = 1.0 - x.iter().map(|p| p * p).sum::<f64>();
        if !(left > LEAST_SHARE) {
            return false;
        }
        // Rotations that take (p, root of what is left) to (0, 1), applied to (L, 0) from the last column on.
        let mut length = left.sqrt();
        let mut row = vec![0.0; n];
        for j in (0..n).rev() {
            let whole = length.hypot(x[j]);
            let (cosine, sine) = (length / whole, x[j] / whole);
            length = whole;
            let column = self.lower.column_mut(j);
            for (l, r) in column[j..].iter_mut().zip(&mut row[j..]) {
                (*r, *l) = (cosine * *r + sine * *l, cosine * *l - sine * *r);
            }
        }
        true
    }

    /// The square of the smallest pivot.
    pub fn least_pivot(&self) -> f64 {
        (0..self.lower.size()).map(|j| self.lower.at(j, j).powi(2)).fold(f64::INFINITY, f64::min)
    }

    /// Replaces `b` by the solution of `H x = b`. Costs `2 n^2` flops.
    pub fn solve(&self, b: &mut [f64]) {
        solve_triangles(&self.lower, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(h: &mut Square, x: &[f64], sign: f64) {
        for (j, b) in x.iter().enumerate() {
            h.column_mut(j).iter_mut().zip(x).for_each(|(h, a)| *h += sign * a * b);
        }
    }

    fn product_differs_by(f: &UpdatedCholesky, h: &Square) -> f64 {
        let n = h.size();
        let entry = |i: usize, j: usize| (0..n).map(|l| f.lower.at(i, l) * f.lower.at(j, l)).sum::<f64>();
        (0..n * n).map(|at| (entry(at / n, at % n) - h.at(at / n, at % n)).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn changes_of_rank_one_are_followed_and_solved() {
        for n in [1, 2, 7, 30] {
            let mut h = Square::zeros(n);
            (0..n).for_each(|j| h.column_mut(j)[j] = 0.5);
            let vector = |e: usize| (0..n).map(|l| ((e * 31 + l * 17) as f64).sin()).collect::<Vec<f64>>();
            let mut f = UpdatedCholesky::of(&h, 0.0).unwrap();
            for e in 0..40 {
                add(&mut h, &vector(e), 1.0);
                f.update(&mut vector(e));
                if e >= 10 && e % 2 == 0 {
                    add(&mut h, &vector(e - 10), -1.0);
                    assert!(f.downdate(&mut vector(e - 10)));
                }
                assert!(product_differs_by(&f, &h) < 1e-12 * n as f64, "{n} {e}");
            }
            let x = vector(99);
            let mut b: Vec<f64> = (0..n).map(|i| (0..n).map(|j| h.at(i, j) * x[j]).sum()).collect();
            f.solve(&mut b);
            b.iter().zip(&x).for_each(|(b, x)| assert!((b - x).abs() < 1e-10));
            assert!(f.least_pivot() > 0.0);
        }
    }

    #[test]
    fn a_downdate_that_would_leave_nothing_is_refused_and_changes_nothing() {
        let mut h = Square::zeros(2);
        add(&mut h, &[1.0, 2.0], 1.0);
        add(&mut h, &[1.0, -1.0], 1.0);
        let mut f = UpdatedCholesky::of(&h, 1e-14).unwrap();
        assert!(!f.downdate(&mut [1.0, -1.0]));
        assert!(product_differs_by(&f, &h) < 1e-14);
        add(&mut h, &[1.0, -1.0], -1.0);
        assert!(UpdatedCholesky::of(&h, 1e-14).is_none());
        h.column_mut(0)[0] = f64::NAN;
        assert!(UpdatedCholesky::of(&h, 0.0).is_none());
    }
}
