//! Extreme eigenvalues of small symmetric blocks, and cheap upper bounds for larger ones.

use super::gram::Square;
use faer::{MatRef, Side};

/// Blocks up to this size are solved exactly.
const EXACT_UP_TO: usize = 128;

/// An upper bound of the largest eigenvalue of a symmetric positive semidefinite matrix.
///
/// Exact up to rounding for small blocks; above that the least of trace, largest row sum and Frobenius norm. Costs
/// about `4 n^3 / 3` flops for small blocks, `n^2` otherwise.
pub fn largest_eigenvalue(h: &Square) -> f64 {
    let n = h.size();
    if n == 1 {
        return h.at(0, 0);
    }
    if n <= EXACT_UP_TO {
        let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
        let values = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigenvalues(Side::Lower);
        if let Ok(values) = values
            && let Some(largest) = values.last().filter(|v| v.is_finite())
        {
            return largest.max(0.0) * (1.0 + 4.0 * n as f64 * f64::EPSILON);
        }
    }
    let trace: f64 = (0..n).map(|j| h.at(j, j)).sum();
    let row_sum = (0..n).map(|j| h.column(j).iter().map(|v| v.abs()).sum()).fold(0.0, f64::max);
    let frobenius = (0..n).flat_map(|j| h.column(j)).map(|v| v * v).sum::<f64>().sqrt();
    trace.min(row_sum).min(frobenius)
}

/// The smallest eigenvalue of a symmetric matrix, at least 0 to rounding for a semidefinite one; infinite for a matrix
/// without rows, NaN where the iteration fails. Costs about `4 n^3 / 3` flops.
pub fn smallest_eigenvalue(h: &Square) -> f64 {
    let n = h.size();
    if n == 0 {
        return f64::INFINITY;
    }
    let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
    let values = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigenvalues(Side::Lower);
    values.ok().and_then(|v| v.first().copied()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_upper_bound_and_tight_for_small_blocks() {
        let mut h = Square::zeros(2);
        h.data_mut().copy_from_slice(&[2.0, 1.0, 1.0, 2.0]);
        assert!((largest_eigenvalue(&h) - 3.0).abs() < 1e-14);
        assert!((smallest_eigenvalue(&h) - 1.0).abs() < 1e-14);
        assert_eq!(smallest_eigenvalue(&Square::zeros(0)), f64::INFINITY);
        let n = 200;
        let mut h = Square::zeros(n);
        for j in 0..n {
            h.column_mut(j).iter_mut().for_each(|v| *v = 1.0);
        }
        assert!(largest_eigenvalue(&h) >= n as f64);
    }
}
