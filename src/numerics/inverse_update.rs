//! The inverse of a symmetric matrix that grows by terms of rank one: `P x`, and `P - s s'` (Sherman and Morrison).
//!
//! `P` is stored in full, row after row, rows padded by zeros to whole pieces of [`LANES`] numbers, and stays
//! symmetric to the bit. Errors of `P` are not corrected by later updates and grow with its condition: who uses it
//! checks.

use super::kernels::{Scalar, for_each_instruction_set};

/// Rows are worked on in pieces of so many numbers.
pub const LANES: usize = 4;

for_each_instruction_set!(
    /// `out = P x`, for `x` of the order of `P` and `out` of the length of its rows. Costs `2 order^2` flops.
    times, times_body, (p: &[T], x: &[f64], out: &mut [f64])
);
for_each_instruction_set!(
    /// `P -= s s'`, for `s` of the length of its rows. Costs `2 order^2` flops.
    downdate, downdate_body, (p: &mut [T], s: &[f64])
);

#[inline(always)]
fn times_body<T: Scalar>(p: &[T], x: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for (row, x) in p.chunks_exact(out.len().max(1)).zip(x) {
        if *x != 0.0 {
            for (o, p) in out.chunks_exact_mut(LANES).zip(row.chunks_exact(LANES)) {
                for k in 0..LANES {
                    o[k] += x * p[k].wide();
                }
            }
        }
    }
}

#[inline(always)]
fn downdate_body<T: Scalar>(p: &mut [T], s: &[f64]) {
    for (row, own) in p.chunks_exact_mut(s.len().max(1)).zip(s) {
        for (p, s) in row.chunks_exact_mut(LANES).zip(s.chunks_exact(LANES)) {
            for k in 0..LANES {
                p[k] = T::narrow(p[k].wide() - own * s[k]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_follows_its_matrix() {
        let (order, length) = (5, 8);
        let mut p = vec![0.0; order * length];
        (0..order).for_each(|i| p[i * length + i] = 0.5);
        let mut a = vec![0.0; order * order];
        (0..order).for_each(|i| a[i * order + i] = 2.0);
        for t in 0..30 {
            let x: Vec<f64> = (0..order).map(|j| ((t * 7 + j * 3) as f64).sin()).collect();
            let mut u = vec![0.0; length];
            times(&p, &x, &mut u);
            let q: f64 = u.iter().zip(&x).map(|(u, x)| u * x).sum();
            u.iter_mut().for_each(|u| *u /= (1.0 + q).sqrt());
            downdate(&mut p, &u);
            (0..order * order).for_each(|at| a[at] += x[at / order] * x[at % order]);
        }
        for i in 0..order {
            for j in 0..order {
                let entry: f64 = (0..order).map(|k| a[i * order + k] * p[k * length + j]).sum();
                assert!((entry - f64::from(i == j)).abs() < 1e-13);
                assert_eq!(p[i * length + j].to_bits(), p[j * length + i].to_bits());
            }
        }
    }
}
