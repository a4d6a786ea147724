//! A low-rank factor of a kernel matrix by Cholesky's method with pivots, and the preconditioner `(L L' + nu I)^-1`
//! that it makes (Woodbury).

use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::kernels::{add, dot};
use crate::runtime::Control;

/// `K + nu I` with `K` replaced by `L L'`.
#[derive(Debug)]
pub struct PivotedCholesky {
    /// The columns of `L`.
    columns: Vec<Vec<f64>>,
    nu: f64,
    /// The factor of `nu I + L'L`.
    core: Option<Cholesky>,
}

impl PivotedCholesky {
    /// At most `rank` columns of the factor of the symmetric positive semidefinite matrix whose column `j` is
    /// `column(j)`. Costs `n rank^2` flops.
    pub fn new<'k>(n: usize, column: impl Fn(usize) -> &'k [f64], nu: f64, rank: usize) -> Self {
        let mut rest: Vec<f64> = (0..n).map(|j| column(j)[j]).collect();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let least = f64::EPSILON * n as f64 * rest.iter().copied().fold(0.0, f64::max);
        while columns.len() < rank.min(n) {
            let mut pivot = 0;
            (1..n).for_each(|j| pivot = if rest[j] > rest[pivot] { j } else { pivot });
            if !(rest[pivot] > least) {
                break;
            }
            let mut next = column(pivot).to_vec();
            columns.iter().for_each(|l| add(-l[pivot], l, &mut next));
            let root = rest[pivot].sqrt();
            next.iter_mut().for_each(|l| *l /= root);
            rest.iter_mut().zip(&next).for_each(|(d, l)| *d -= l * l);
            rest[pivot] = 0.0;
            columns.push(next);
        }
        let mut core = Square::zeros(columns.len());
        for (i, l) in columns.iter().enumerate() {
            columns.iter().enumerate().for_each(|(j, m)| core.column_mut(i)[j] = dot(l, m));
            core.column_mut(i)[i] += nu;
        }
        // No limit is set: it is not stopped.
        let core = Cholesky::new(&core, &mut Control::new()).ok();
        Self { columns, nu, core }
    }

    /// `out = (L L' + nu I)^-1 r`.
    pub fn solve(&self, r: &[f64], out: &mut [f64]) {
        out.copy_from_slice(r);
        if let Some(core) = &self.core {
            let mut inner: Vec<f64> = self.columns.iter().map(|l| dot(l, r)).collect();
            core.solve(&mut inner);
            self.columns.iter().zip(&inner).for_each(|(l, c)| add(-c, l, out));
        }
        out.iter_mut().for_each(|o| *o /= self.nu);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_full_rank_it_is_the_inverse_and_below_it_stays_definite() {
        let n = 12;
        let kernel = |i: usize, j: usize| (-0.1 * (i as f64 - j as f64).powi(2)).exp();
        let k: Vec<Vec<f64>> = (0..n).map(|j| (0..n).map(|i| kernel(i, j)).collect()).collect();
        let r: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let (nu, mut x) = (0.3, vec![0.0; n]);
        PivotedCholesky::new(n, |j| &k[j], nu, n).solve(&r, &mut x);
        for i in 0..n {
            assert!((dot(&k[i], &x) + nu * x[i] - r[i]).abs() < 1e-12);
        }
        PivotedCholesky::new(n, |j| &k[j], nu, 3).solve(&r, &mut x);
        assert!(dot(&x, &r) > 0.0);
    }
}
