//! Eigenvalues and eigenvectors of small symmetric blocks, and cheap upper bounds of the largest one of larger blocks.

use super::cholesky::Cholesky;
use super::gram::Square;
use super::kernels::dot;
use crate::runtime::{Control, Stop};
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

/// The smallest eigenvalue of a symmetric semidefinite matrix, at least 0 to rounding; infinite for a matrix without
/// rows, NaN where the matrix is not semidefinite or the iteration fails.
///
/// Costs about `4 n^3 / 3` flops up to 512 rows, where one call finds all. Above that the largest eigenvalue of the
/// inverse is found by Lanczos' method: `n^3 / 3` flops for a Cholesky factor, and up to 128 solves. What that gives is
/// an estimate from above, and right to ten digits only where the iteration converged;
/// [`exceeds`](super::cholesky::exceeds) proves a bound.
pub fn smallest_eigenvalue(h: &Square, control: &mut Control<'_>) -> Result<f64, Stop> {
    let n = h.size();
    if n == 0 {
        return Ok(f64::INFINITY);
    }
    if n > ALL_UP_TO {
        return smallest_by_inverse(h, control);
    }
    let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
    let values = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigenvalues(Side::Lower);
    control.spend((4 * n * n * n / 3) as u64)?;
    Ok(values.ok().and_then(|v| v.first().copied()).unwrap_or(f64::NAN))
}

/// Up to this size one call that does not look at the control finds all eigenvalues.
const ALL_UP_TO: usize = 512;
/// The most vectors of the Krylov space.
const MOST_VECTORS: usize = 128;
// Its eigenvalues are found exactly.
const _: () = assert!(MOST_VECTORS <= EXACT_UP_TO);
/// Vectors of the Krylov space between two looks at its eigenvalues.
const LOOK: usize = 16;
/// The eigenvalue of the inverse is right to this share.
const ACCURACY: f64 = 1e-10;

/// Lanczos with full orthogonalization (Parlett, The Symmetric Eigenvalue Problem, 1980, chapter 13).
fn smallest_by_inverse(h: &Square, control: &mut Control<'_>) -> Result<f64, Stop> {
    let n = h.size();
    // The factor takes a row without a positive diagonal for one of the identity.
    if let Some(d) = (0..n).map(|j| h.at(j, j)).find(|d| !(*d > 0.0)) {
        return Ok(if d == 0.0 { 0.0 } else { f64::NAN });
    }
    let factor = Cholesky::new(h, control)?;
    if !factor.shift().is_finite() {
        return Ok(f64::NAN);
    }
    let mut vectors: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    // Fractions of multiples of the golden ratio: no eigenvector is orthogonal to them but by accident.
    let mut next: Vec<f64> = (1..=n).map(|i| 0.5 + (i as f64 * 0.618_033_988_749_894_9).fract()).collect();
    let mut size = dot(&next, &next).sqrt();
    while vectors.len() < MOST_VECTORS.min(n) {
        next.iter_mut().for_each(|v| *v /= size);
        vectors.push(next.clone());
        factor.solve(&mut next);
        diagonal.push(dot(&next, &vectors[vectors.len() - 1]));
        // Twice is enough.
        for _ in 0..2 {
            for v in &vectors {
                let along = dot(&next, v);
                next.iter_mut().zip(v).for_each(|(x, v)| *x -= along * v);
            }
        }
        control.spend((2 * n * n + 8 * n * vectors.len()) as u64)?;
        size = dot(&next, &next).sqrt();
        let count = vectors.len();
        let last = count == MOST_VECTORS.min(n) || !(size > f64::EPSILON * diagonal[0].abs());
        if last || count.is_multiple_of(LOOK) {
            let Some((value, weight)) = largest_of_tridiagonal(&diagonal, &beside) else {
                return Ok(f64::NAN);
            };
            control.spend((9 * count * count * count) as u64)?;
            if last || size * weight <= ACCURACY * value {
                // The factor is that of `H + shift diag(H)`.
                return Ok(1.0 / value - factor.shift());
            }
        }
        beside.push(size);
    }
    Ok(f64::NAN)
}

/// The largest eigenvalue of a tridiagonal matrix, and the size of the last entry of its eigenvector.
fn largest_of_tridiagonal(diagonal: &[f64], beside: &[f64]) -> Option<(f64, f64)> {
    let n = diagonal.len();
    let mut t = Square::zeros(n);
    for j in 0..n {
        t.column_mut(j)[j] = diagonal[j];
        if j + 1 < n {
            t.column_mut(j)[j + 1] = beside[j];
            t.column_mut(j + 1)[j] = beside[j];
        }
    }
    let found = Eigen::new(&t)?;
    Some((found.values[n - 1], found.vectors.at(n - 1, n - 1).abs()))
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
    use super::super::cholesky::exceeds;
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
        let smallest = |h: &Square| smallest_eigenvalue(h, &mut Control::new()).unwrap();
        assert!((smallest(&h) - 1.0).abs() < 1e-14);
        assert_eq!(smallest(&Square::zeros(0)), f64::INFINITY);
        let n = 200;
        let mut h = Square::zeros(n);
        for j in 0..n {
            h.column_mut(j).iter_mut().for_each(|v| *v = 1.0);
        }
        assert!(largest_eigenvalue(&h) >= n as f64);
    }

    /// `B'B / rows` for waves that look random, with a unit diagonal.
    fn correlation(rows: usize, n: usize) -> Square {
        let mut state = 3_u64;
        let mut draw = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let b: Vec<f64> = (0..rows * n).map(|_| draw()).collect();
        let column = |j: usize| &b[j * rows..(j + 1) * rows];
        let norm: Vec<f64> = (0..n).map(|j| dot(column(j), column(j)).sqrt()).collect();
        let mut h = Square::zeros(n);
        for j in 0..n {
            for i in 0..n {
                h.column_mut(j)[i] = if i == j { 1.0 } else { dot(column(i), column(j)) / norm[i] / norm[j] };
            }
        }
        h
    }

    #[test]
    fn the_inverse_gives_the_smallest_eigenvalue_of_large_blocks() {
        for (rows, n) in [(3000, 600), (700, 600), (605, 600), (500, 600)] {
            let h = correlation(rows, n);
            let data: Vec<f64> = (0..n).flat_map(|j| h.column(j).iter().copied()).collect();
            let all = MatRef::from_column_major_slice(&data, n, n).self_adjoint_eigenvalues(Side::Lower);
            let expected = all.unwrap()[0];
            let found = smallest_eigenvalue(&h, &mut Control::new()).unwrap();
            assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-12, "{rows}: {found} {expected}");
        }
        let mut identity = Square::zeros(600);
        (0..600).for_each(|j| identity.column_mut(j)[j] = 1.0);
        let of = |h: &Square| smallest_eigenvalue(h, &mut Control::new()).unwrap();
        assert!((of(&identity) - 1.0).abs() < 1e-12);
        identity.column_mut(7)[7] = 0.0;
        assert_eq!(of(&identity), 0.0);
        identity.column_mut(7)[7] = f64::NAN;
        assert!(of(&identity).is_nan());
    }

    #[test]
    fn an_estimate_from_above_does_not_pass_for_a_bound() {
        // Eigenvalues so near the least one that 128 vectors do not tell them apart.
        let n = 600;
        let mut h = Square::zeros(n);
        (0..n).for_each(|j| h.column_mut(j)[j] = 1.0 + 1e-3 * (j as f64 / n as f64).powi(4));
        let mut control = Control::new();
        let found = smallest_eigenvalue(&h, &mut control).unwrap();
        let over = found - 1.0;
        assert!(over > 1e-9, "{over:e}");
        let mut is_above = |floor: f64| exceeds(&h, floor, &mut control).unwrap();
        assert!(!is_above(1.0 + 0.5 * over) && !is_above(1.0) && is_above(1.0 - 1e-9));
        let of = |values: [f64; 4], floor: f64| {
            let mut h = Square::zeros(2);
            h.data_mut().copy_from_slice(&values);
            exceeds(&h, floor, &mut Control::new()).unwrap()
        };
        assert!(of([2.0, 1.0, 1.0, 2.0], 0.999_999) && !of([2.0, 1.0, 1.0, 2.0], 1.000_001));
        assert!(!of([1.0, 2.0, 2.0, 1.0], 0.0) && !of([f64::NAN; 4], 0.0) && !of([0.0; 4], 0.0));
        assert!(exceeds(&Square::zeros(0), 1.0, &mut Control::new()).unwrap());
    }

    #[test]
    fn a_tripped_control_stops_the_search_for_the_smallest() {
        let h = correlation(700, 600);
        let mut control = Control::new();
        smallest_eigenvalue(&h, &mut control).unwrap();
        let polls = control.polls();
        assert!(polls > 20 && control.longest_stretch() < 1 << 24);
        for n in 1..=polls {
            assert!(smallest_eigenvalue(&h, &mut Control::new().with_trip_at_poll(n)).is_err(), "{n}");
        }
    }
}
