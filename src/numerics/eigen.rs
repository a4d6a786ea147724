//! Eigenvalues and eigenvectors of small symmetric blocks, and cheap upper bounds of the largest one of larger blocks.

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

/// Eigenvalues in ascending order and an orthonormal eigenvector for each, of a symmetric positive semidefinite matrix.
#[derive(Debug, Clone)]
pub struct Eigen {
    /// The eigenvalues, at least 0.
    pub values: Vec<f64>,
    /// The eigenvectors, one a column.
    pub vectors: Square,
}

impl Eigen {
    /// Costs about `9 n^3` flops. `None` for matrices above the size of blocks that are solved exactly, and where there
    /// is an entry that is not finite.
    pub fn new(h: &Square) -> Option<Self> {
        if h.size() > EXACT_UP_TO { None } else { Self::of(h) }
    }

    /// The same for matrices of any size.
    pub fn of(h: &Square) -> Option<Self> {
        let n = h.size();
        if n == 0 {
            return None;
        }
        let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
        let found = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigen(Side::Lower).ok()?;
        let (diagonal, basis) = (found.S().column_vector(), found.U());
        let values: Vec<f64> = (0..n).map(|k| diagonal[k]).collect();
        let mut vectors = Square::zeros(n);
        for k in 0..n {
            vectors.column_mut(k).iter_mut().enumerate().for_each(|(i, v)| *v = basis[(i, k)]);
        }
        let finite = values.iter().all(|v| v.is_finite());
        finite.then(|| Self { values: values.into_iter().map(|v| v.max(0.0)).collect(), vectors })
    }
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

/// The vector of least norm among those that come nearest to `h x = b`, for a symmetric positive semidefinite matrix:
/// eigenvalues within `rounding` of the largest count as 0. Zero where the iteration fails. Costs about `9 n^3` flops.
pub fn minimum_norm(h: &Square, b: &[f64], rounding: f64) -> Vec<f64> {
    let n = h.size();
    let mut x = vec![0.0; n];
    let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
    let Ok(found) = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigen(Side::Lower) else {
        return x;
    };
    let (values, basis) = (found.S().column_vector(), found.U());
    let largest = (0..n).map(|k| values[k]).fold(0.0, f64::max);
    for k in (0..n).filter(|&k| values[k] > rounding * largest) {
        let share = (0..n).map(|i| basis[(i, k)] * b[i]).sum::<f64>() / values[k];
        x.iter_mut().enumerate().for_each(|(i, x)| *x += share * basis[(i, k)]);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_diagonalize() {
        for n in [1, 2, 5, 40] {
            let mut h = Square::zeros(n);
            for i in 0..n {
                for j in 0..n {
                    // A Gram matrix of waves, and a little more than that.
                    let entry =
                        (0..7).map(|k| ((k * i + k) as f64).sin() * ((k * j + k) as f64).sin()).sum::<f64>();
                    h.column_mut(j)[i] = entry + if i == j { 0.5 } else { 0.0 };
                }
            }
            let eigen = Eigen::new(&h).unwrap();
            for k in 0..n {
                let v = eigen.vectors.column(k);
                for i in 0..n {
                    let product: f64 = (0..n).map(|j| h.at(i, j) * v[j]).sum();
                    assert!((product - eigen.values[k] * v[i]).abs() < 1e-12, "{n} {k} {i}");
                }
                for l in 0..n {
                    let inner: f64 = v.iter().zip(eigen.vectors.column(l)).map(|(a, b)| a * b).sum();
                    assert!((inner - if k == l { 1.0 } else { 0.0 }).abs() < 1e-13);
                }
            }
            assert!(eigen.values.is_sorted());
        }
        let mut bad = Square::zeros(2);
        bad.data_mut().fill(f64::NAN);
        assert!(Eigen::new(&bad).is_none() && Eigen::new(&Square::zeros(0)).is_none());
    }

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
