//! Whether the matrix is positive definite: what is known at sight, and what a direction proves.

use crate::numerics::SymmetricMatrix;
use crate::numerics::sum::Sum;
use crate::runtime::{Control, Stop};

/// Whether no diagonal entry is below the sum of the others of its row, up to the rounding of that sum. Then no
/// eigenvalue is negative beyond rounding (Gershgorin). Matrices of labels are so by construction.
pub(super) fn is_dominant(a: &SymmetricMatrix, control: &mut Control<'_>) -> Result<bool, Stop> {
    for i in 0..a.size() {
        let others: f64 = a.row(i).map(|(_, v)| v.abs()).sum();
        let slack = 4.0 * (a.degree(i) + 2) as f64 * f64::EPSILON * others;
        if !(a.diagonal()[i] >= others - slack) {
            return Ok(false);
        }
        control.spend(2 + a.degree(i) as u64)?;
    }
    Ok(true)
}

/// The pair of rows `i < j` with the largest `|a_ij| / sqrt(a_ii a_jj)` where that is above 1: the matrix of these two
/// alone has a negative eigenvalue. The diagonal must be positive. Costs a pass over the entries.
pub(super) fn indefinite_pair(
    a: &SymmetricMatrix,
    control: &mut Control<'_>,
) -> Result<Option<(usize, usize)>, Stop> {
    let (mut worst, mut pair) = (1.0 + 8.0 * f64::EPSILON, None);
    let roots: Vec<f64> = a.diagonal().iter().map(|d| d.sqrt()).collect();
    for i in 0..a.size() {
        for (j, entry) in a.row(i).filter(|(j, _)| *j > i) {
            let share = entry.abs() / roots[i] / roots[j];
            if share > worst {
                (worst, pair) = (share, Some((i, j)));
            }
        }
        control.spend(4 + 3 * a.degree(i) as u64)?;
    }
    Ok(pair)
}

/// The direction in which the matrix of the rows `i` and `j` alone has the curvature `2 (1 - |a_ij| / sqrt(a_ii
/// a_jj))`, for a unit diagonal.
pub(super) fn pair_direction(a: &SymmetricMatrix, (i, j): (usize, usize)) -> Vec<f64> {
    let mut v = vec![0.0; a.size()];
    let entry = a.row(i).find(|(k, _)| *k == j).map_or(0.0, |(_, entry)| entry);
    v[i] = a.diagonal()[j].sqrt();
    v[j] = -entry.signum() * a.diagonal()[i].sqrt();
    v
}

/// `v'Av / v'v`, where it is negative beyond rounding: then `1/2 x'Ax - b'x` falls without bound along `v` or `-v`.
/// Evaluated from the raw data; costs a product.
pub(super) fn negative_curvature(a: &SymmetricMatrix, v: &[f64]) -> Option<f64> {
    let (value, rounding) = curvature(a, v)?;
    (value + rounding < 0.0).then_some(value)
}

/// `v'Av / v'v` and a bound on what rounding has to do with it. `None` where numbers overflow, or `v` is 0.
pub(super) fn curvature(a: &SymmetricMatrix, v: &[f64]) -> Option<(f64, f64)> {
    let unit = v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(unit > 0.0 && unit.is_finite()) {
        return None;
    }
    // The direction is what these are after their rounding.
    let at = |i: usize| v[i] / unit;
    let (mut sum, mut size) = (Sum::default(), Sum::default());
    let (mut rounding, mut squares) = (Sum::default(), Sum::default());
    for i in 0..v.len() {
        let own = at(i) * a.diagonal()[i] * at(i);
        let mut magnitude = own.abs();
        sum.add(own);
        for (j, entry) in a.row(i) {
            let term = at(i) * entry * at(j);
            sum.add(term);
            magnitude += term.abs();
        }
        size.add(magnitude);
        // Each term is rounded twice, and the sum once. The rest is for a diagonal that was itself summed over the row:
        // what `is_dominant` forgives is forgiven here.
        rounding.add(4.0 * (a.degree(i) + 2) as f64 * f64::EPSILON * magnitude);
        squares.add(at(i) * at(i));
    }
    let (sum, size, squares) = (sum.value(), size.value(), squares.value());
    // What the compensated sum loses is of second order; what underflows is below the smallest number for each term.
    let terms = (a.entries() + a.size()) as f64;
    let second = (terms * f64::EPSILON).powi(2) * size + terms * f64::from_bits(1);
    let bound = rounding.value() + second;
    (size.is_finite() && bound.is_finite()).then_some((sum / squares, bound / squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curvature_is_proven_beyond_rounding_alone() {
        let of = |diagonal: f64, off: f64| {
            let edges = [(0, 0, diagonal), (1, 1, diagonal), (0, 1, off)];
            SymmetricMatrix::from_edges(2, edges.into_iter(), false, "a", &mut Control::new()).unwrap()
        };
        let dominant = |a| is_dominant(&a, &mut Control::new()).unwrap();
        assert!(dominant(of(1.0, -1.0)) && dominant(of(1.0, 0.5)) && !dominant(of(1.0, 1.1)));
        // Eigenvalues 1 - 2 and 1 + 2.
        let found = negative_curvature(&of(1.0, 2.0), &[1e200, -1e200]).unwrap();
        assert!((found + 1.0).abs() < 1e-12, "{found}");
        assert_eq!(negative_curvature(&of(1.0, 2.0), &[1.0, 1.0]), None);
        assert_eq!(negative_curvature(&of(1.0, -1.0), &[1.0, 1.0]), None);
        assert_eq!(negative_curvature(&of(1.0, -1.0 - 1e-16), &[1.0, 1.0]), None);
        assert_eq!(negative_curvature(&of(1.0, 2.0), &[f64::NAN, 1.0]), None);
        assert_eq!(negative_curvature(&of(1.0, 2.0), &[0.0, 0.0]), None);
    }

    #[test]
    fn two_rows_alone_show_a_negative_eigenvalue() {
        let of = |first: f64, second: f64, off: f64| {
            let edges = [(0, 0, 1.0), (1, 1, first), (2, 2, second), (0, 1, 0.1 * first.sqrt()), (1, 2, off)];
            SymmetricMatrix::from_edges(3, edges.into_iter(), false, "a", &mut Control::new()).unwrap()
        };
        let pair = |a: &SymmetricMatrix| indefinite_pair(a, &mut Control::new()).unwrap();
        for (first, second) in [(1.0_f64, 1.0_f64), (1e-200, 1e200), (3e300, 1e300), (7e-300, 2e-5)] {
            let root = first.sqrt() * second.sqrt();
            for share in [1.01, -1.01, 7.0] {
                let a = of(first, second, share * root);
                assert_eq!(pair(&a), Some((1, 2)), "{first} {second} {share}");
                assert!(
                    negative_curvature(&a, &pair_direction(&a, (1, 2))).is_some(),
                    "{first} {second} {share}"
                );
            }
            assert_eq!(pair(&of(first, second, 0.99 * root)), None);
            assert_eq!(pair(&of(first, second, root)), None, "singular");
        }
    }

    #[test]
    fn a_long_sum_is_proven_to_the_last_digits() {
        // Terms of 1 and -1 that cancel but for 1e-9 of them: a plain sum over so many would not tell.
        let n = 20_000;
        let edges = (0..n).map(|i| (2 * i, 2 * i + 1, -1.0)).chain((0..2 * n).map(|i| (i, i, 1.0)));
        let mut a = SymmetricMatrix::from_edges(2 * n, edges, false, "a", &mut Control::new()).unwrap();
        let v = vec![1.0; 2 * n];
        assert_eq!(negative_curvature(&a, &v), None);
        a.diagonal[7] = 1.0 - 1e-9;
        let found = negative_curvature(&a, &v).unwrap();
        assert!((found * 2.0 * n as f64 + 1e-9).abs() < 1e-15, "{found}");
    }
}
