//! Whether the matrix is positive definite: what is known at sight, and what a direction proves.

use crate::numerics::SymmetricMatrix;
use crate::runtime::{Control, Stop};

/// Whether no diagonal entry is below the sum of the others of its row, up to the rounding of that sum. Then no eigenvalue
/// is negative beyond rounding (Gershgorin). Matrices of labels are so by construction.
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

/// `v'Av / v'v`, where it is negative beyond the rounding of its evaluation: then `1/2 x'Ax - b'x` falls without bound along
/// `v` or `-v`. Evaluated from the raw data; costs a product.
pub(super) fn negative_curvature(a: &SymmetricMatrix, v: &[f64]) -> Option<f64> {
    let unit = v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(unit > 0.0 && unit.is_finite()) {
        return None;
    }
    let at = |i: usize| v[i] / unit;
    let (mut sum, mut size, mut squares, mut longest) = (0.0, 0.0, 0.0, 0);
    for i in 0..v.len() {
        let own = at(i) * a.diagonal()[i] * at(i);
        let (mut row, mut magnitude) = (own, own.abs());
        for (j, entry) in a.row(i) {
            let term = at(i) * entry * at(j);
            row += term;
            magnitude += term.abs();
        }
        sum += row;
        size += magnitude;
        squares += at(i) * at(i);
        longest = longest.max(a.degree(i));
    }
    // Rows are summed one after the other; the sum over rows errs by at most its length, and hardly ever by its root.
    let terms = (longest + 4) as f64 + (v.len() as f64).sqrt();
    let value = sum + 4.0 * terms * f64::EPSILON * size;
    (value < 0.0 && size.is_finite()).then_some(value / squares)
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
}
