//! The basis that factors are kept in: the product `U V'` does not care, the regressions do.
//!
//! Before a half-step the fixed factor is orthonormalized (without it an inexact method needs
//! several times as many outer iterations), or rotated, where a ridge makes lengths matter, so that its mean Gram, the
//! preconditioner that all rows share, is diagonal. The other factor moves along, and the product stays.

use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};

/// A Gram matrix whose eigenvalues differ by more than this has lost the small ones to rounding.
const GRADED: f64 = 1e-8;
/// Above this, orthonormal columns from a Gram matrix are orthonormal to twelve digits at once.
const EVEN: f64 = 1e-4;
/// Singular values within this of the largest count as 0: their columns are lost.
const LOST: f64 = 1e-14;

/// How a factor was brought into its basis.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The singular values of the factor as it was, descending.
    pub singular: Vec<f64>,
    /// Columns that had (numerically) no length and are now 0.
    pub lost: usize,
}

/// Makes the columns of `fixed` orthonormal, and changes `moving` so that `fixed moving'` stays. The columns are
/// ordered by descending singular value (but for a second pass); those without length become 0. Through the Gram
/// matrix, twice where singular values differ so that rounding would matter; factors whose singular values differ too
/// much for that by a QR factorization.
pub fn orthonormalize<T: Real>(
    fixed: &mut Tall<T>,
    moving: Option<&mut Tall<T>>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Basis, Stop> {
    let gram = fixed.gram(|_| 1.0, team, control)?;
    let (mut back, singular, even) = match whitening(&gram) {
        Some((to, back, singular)) => {
            fixed.transform(&to, team, control)?;
            let even = singular.last().zip(singular.first()).is_some_and(|(l, f)| l * l > EVEN * f * f);
            (back, singular, even)
        }
        None => {
            control.spend((4 * fixed.rows() * fixed.cols() * fixed.cols()) as u64)?;
            let (back, singular) = by_factorization(fixed);
            (back, singular, false)
        }
    };
    if !even {
        // Once more: what is left of the columns is orthonormal to few digits after the first pass.
        let gram = fixed.gram(|_| 1.0, team, control)?;
        if let Some((to, again, _)) = whitening(&gram) {
            fixed.transform(&to, team, control)?;
            back = times(&back, &again);
        }
    }
    if let Some(moving) = moving {
        // fixed_old = fixed_new back', so the rows y of the other factor become back' y.
        moving.transform(&back, team, control)?;
    }
    let lost = singular.iter().filter(|s| **s == 0.0).count();
    Ok(Basis { singular, lost })
}

/// Makes nearly orthonormal columns orthonormal and leaves each where it is as nearly as can be, by the symmetric root
/// of their Gram matrix; columns without length stay 0.
pub(super) fn orthonormalize_in_place<T: Real>(
    fixed: &mut Tall<T>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    // Once more where rounding mattered.
    for _ in 0..2 {
        let gram = fixed.gram(|_| 1.0, team, control)?;
        let Some(eigen) = Eigen::of(&gram) else { return Ok(()) };
        let k = gram.size();
        let largest = eigen.values[k - 1];
        let mut scaled = Square::zeros(k);
        for (l, value) in eigen.values.iter().enumerate().filter(|(_, value)| **value > LOST * largest) {
            let vector = eigen.vectors.column(l).iter().map(|v| v / value.sqrt().sqrt());
            scaled.column_mut(l).iter_mut().zip(vector).for_each(|(s, v)| *s = v);
        }
        fixed.transform(&times_transposed(&scaled), team, control)?;
        if eigen.values[0] > EVEN * largest {
            break;
        }
    }
    Ok(())
}

/// Turns both factors so that `fixed' D fixed` is diagonal for the weights `D` (the observations of each row); gives
/// the diagonal, descending. Lengths stay, so a ridge means the same.
pub fn rotate<T: Real>(
    fixed: &mut Tall<T>,
    moving: &mut Tall<T>,
    weight: impl Fn(usize) -> f64 + Sync,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<f64>, Stop> {
    let k = fixed.cols();
    let gram = fixed.gram(weight, team, control)?;
    let Some(eigen) = Eigen::of(&gram) else { return Ok((0..k).map(|l| gram.at(l, l)).collect()) };
    let turn = descending(&eigen);
    fixed.transform(&turn, team, control)?;
    moving.transform(&turn, team, control)?;
    Ok(eigen.values.iter().rev().copied().collect())
}

/// [`orthonormalize`] and [`rotate`] at once: each factor is changed once. Gives the basis and the diagonal.
pub fn orthonormalize_and_rotate<T: Real>(
    fixed: &mut Tall<T>,
    moving: &mut Tall<T>,
    weight: impl Fn(usize) -> f64 + Sync,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(Basis, Vec<f64>), Stop> {
    let gram = fixed.gram(|_| 1.0, team, control)?;
    let k = gram.size();
    if let Some((to, back, singular)) = whitening(&gram)
        && singular[k - 1].powi(2) > EVEN * singular[0].powi(2)
    {
        let weighted = fixed.gram(&weight, team, control)?;
        control.spend((8 * k * k * k) as u64)?;
        if let Some(eigen) = Eigen::of(&transposed_times(&to, &times(&weighted, &to))) {
            let turn = descending(&eigen);
            fixed.transform(&times(&to, &turn), team, control)?;
            moving.transform(&times(&back, &turn), team, control)?;
            return Ok((Basis { singular, lost: 0 }, eigen.values.iter().rev().copied().collect()));
        }
    }
    let basis = orthonormalize(fixed, Some(moving), team, control)?;
    let diagonal = rotate(fixed, moving, weight, team, control)?;
    Ok((basis, diagonal))
}

/// The rotation `Q` that maximizes `trace(Q'M)`.
pub(super) fn nearest_rotation(m: &Square) -> Square {
    let k = m.size();
    let mut turn = Square::zeros(k);
    let dense = Mat::from_fn(k, k, |i, j| m.at(i, j));
    // Without one: no turn.
    let product = dense.svd().map_or_else(|_| Mat::identity(k, k), |svd| svd.U() * svd.V().transpose());
    for j in 0..k {
        turn.column_mut(j).iter_mut().enumerate().for_each(|(i, entry)| *entry = product[(i, j)]);
    }
    turn
}

/// The eigenvectors, that of the largest eigenvalue first.
fn descending(eigen: &Eigen) -> Square {
    let k = eigen.values.len();
    let mut turn = Square::zeros(k);
    for l in 0..k {
        turn.column_mut(l).copy_from_slice(eigen.vectors.column(k - 1 - l));
    }
    turn
}

fn view(a: &mut Square) -> MatMut<'_, f64> {
    let k = a.size();
    MatMut::from_column_major_slice_mut(a.data_mut(), k, k)
}

/// `A B`.
fn times(a: &Square, b: &Square) -> Square {
    let (mut a, mut b, mut c) = (a.clone(), b.clone(), Square::zeros(a.size()));
    matmul(view(&mut c), Accum::Replace, view(&mut a).as_ref(), view(&mut b).as_ref(), 1.0, Par::Seq);
    c
}

/// `A A'`.
fn times_transposed(a: &Square) -> Square {
    let (mut a, mut c) = (a.clone(), Square::zeros(a.size()));
    let a = view(&mut a);
    matmul(view(&mut c), Accum::Replace, a.as_ref(), a.as_ref().transpose(), 1.0, Par::Seq);
    c
}

/// `A'B`.
fn transposed_times(a: &Square, b: &Square) -> Square {
    let (mut a, mut b, mut c) = (a.clone(), b.clone(), Square::zeros(a.size()));
    let left = view(&mut a);
    matmul(view(&mut c), Accum::Replace, left.as_ref().transpose(), view(&mut b).as_ref(), 1.0, Par::Seq);
    c
}

/// `B` with `B'GB = I`, `C` with `Y = (YB) C'`, and the roots of the eigenvalues, descending; `None` where they differ
/// too much.
fn whitening(gram: &Square) -> Option<(Square, Square, Vec<f64>)> {
    let k = gram.size();
    let (mut to, mut back) = (Square::zeros(k), Square::zeros(k));
    let eigen = Eigen::of(gram)?;
    if !(eigen.values[0] > GRADED * eigen.values[k - 1]) {
        return None;
    }
    let mut roots = Vec::with_capacity(k);
    for l in 0..k {
        let root = eigen.values[k - 1 - l].sqrt();
        roots.push(root);
        for (i, v) in eigen.vectors.column(k - 1 - l).iter().enumerate() {
            to.column_mut(l)[i] = v / root;
            back.column_mut(l)[i] = v * root;
        }
    }
    Some((to, back, roots))
}

/// Replaces `Y = Q (W S Z')` by `Q W` and gives `Z S` and `S`; columns without length become 0.
fn by_factorization<T: Real>(fixed: &mut Tall<T>) -> (Square, Vec<f64>) {
    let (n, k) = (fixed.rows(), fixed.cols());
    let mut back = Square::zeros(k);
    let mut singular = vec![0.0; k];
    let wide = Mat::from_fn(n.max(k), k, |i, l| if i < n { fixed.row(i)[l].wide() } else { 0.0 });
    let qr = wide.qr();
    let q = qr.compute_thin_Q();
    if let Ok(svd) = qr.thin_R().svd() {
        let (w, s, z) = (svd.U(), svd.S().column_vector(), svd.V());
        let basis = &q * w;
        for l in 0..k {
            let kept = s[l] > LOST * s[0] && s[0].is_finite();
            singular[l] = if kept { s[l] } else { 0.0 };
            for i in 0..n {
                fixed.row_mut(i)[l] = T::narrow(if kept { basis[(i, l)] } else { 0.0 });
            }
            for i in 0..k {
                back.column_mut(l)[i] = z[(i, l)] * singular[l];
            }
        }
    }
    (back, singular)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_stays_and_the_columns_are_orthonormal() {
        let (n, m, k) = (50, 40, 5);
        let mut y = Tall::<f64>::zeros(n, k).unwrap();
        let mut x = Tall::<f64>::zeros(m, k).unwrap();
        for i in 0..n {
            // Badly scaled columns.
            y.row_mut(i).iter_mut().enumerate().for_each(|(l, v)| {
                *v = 10f64.powi(-2 * l as i32) * ((i * i * 5 + i * l * 3 + l) as f64).sin()
            });
        }
        for i in 0..m {
            x.row_mut(i)
                .iter_mut()
                .enumerate()
                .for_each(|(l, v)| *v = ((i * i * 3 + i * l * l) as f64).cos());
        }
        let product = |x: &Tall<f64>, y: &Tall<f64>, i: usize, j: usize| -> f64 {
            x.row(i).iter().zip(y.row(j)).map(|(a, b)| a * b).sum()
        };
        let (x0, y0) = (x.clone(), y.clone());
        let control = &mut Control::new();
        let basis = orthonormalize(&mut y, Some(&mut x), &Team::solo(), control).unwrap();
        assert!(basis.singular.is_sorted_by(|a, b| a >= b) && basis.lost == 0, "{basis:?}");
        let gram = y.gram(|_| 1.0, &Team::solo(), control).unwrap();
        for a in 0..k {
            for b in 0..k {
                let one = if a == b { 1.0 } else { 0.0 };
                assert!((gram.at(a, b) - one).abs() < 1e-12, "{a} {b} {}", gram.at(a, b));
            }
        }
        for (i, j) in [(0, 0), (3, 17), (39, 49)] {
            assert!((product(&x, &y, i, j) - product(&x0, &y0, i, j)).abs() < 1e-10);
        }
        let before = product(&x, &y, 7, 8);
        let weight = |j: usize| 1.0 + j as f64;
        let diagonal = rotate(&mut x, &mut y, weight, &Team::solo(), control).unwrap();
        assert!((product(&x, &y, 7, 8) - before).abs() < 1e-11);
        let gram = x.gram(weight, &Team::solo(), control).unwrap();
        for a in 0..k {
            for b in 0..k {
                let expected = if a == b { diagonal[a] } else { 0.0 };
                assert!((gram.at(a, b) - expected).abs() < 1e-9 * diagonal[0]);
            }
        }
    }

    #[test]
    fn at_once_is_as_one_after_the_other() {
        let (n, m, k) = (600, 50, 5);
        for spread in [-0.2_f64, -2.0] {
            let (mut y, mut x) = (Tall::<f64>::zeros(n, k).unwrap(), Tall::<f64>::zeros(m, k).unwrap());
            for i in 0..n {
                let entry =
                    |l: usize| 10f64.powf(spread * l as f64) * ((i * i * 5 + i * l * 3 + l) as f64).sin();
                y.row_mut(i).iter_mut().enumerate().for_each(|(l, v)| *v = entry(l));
            }
            for i in 0..m {
                x.row_mut(i)
                    .iter_mut()
                    .enumerate()
                    .for_each(|(l, v)| *v = ((i * 3 + i * l * l) as f64).cos());
            }
            let product = |x: &Tall<f64>, y: &Tall<f64>, i: usize, j: usize| -> f64 {
                x.row(i).iter().zip(y.row(j)).map(|(a, b)| a * b).sum()
            };
            let (x0, y0) = (x.clone(), y.clone());
            let (team, control) = (&Team::solo(), &mut Control::new());
            let weight = |j: usize| 1.0 + (j % 9) as f64;
            let (basis, diagonal) = orthonormalize_and_rotate(&mut y, &mut x, weight, team, control).unwrap();
            let mut other = y0.clone();
            let plain = orthonormalize(&mut other, None, team, control).unwrap();
            for (a, b) in basis.singular.iter().zip(&plain.singular) {
                assert!((a - b).abs() < 1e-9 * plain.singular[0]);
            }
            let (gram, weighted) =
                (y.gram(|_| 1.0, team, control).unwrap(), y.gram(weight, team, control).unwrap());
            for a in 0..k {
                for b in 0..k {
                    let one = if a == b { 1.0 } else { 0.0 };
                    assert!((gram.at(a, b) - one).abs() < 1e-11, "{spread} {a} {b} {}", gram.at(a, b));
                    assert!((weighted.at(a, b) - one * diagonal[a]).abs() < 1e-10 * diagonal[0]);
                }
            }
            for (i, j) in [(0, 0), (3, 17), (49, 599)] {
                assert!((product(&x, &y, i, j) - product(&x0, &y0, i, j)).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn a_factor_of_lower_rank_loses_columns() {
        let mut y = Tall::<f64>::zeros(20, 3).unwrap();
        for i in 0..20 {
            let v = (i as f64).sin();
            y.row_mut(i).copy_from_slice(&[v, 2.0 * v, 0.0]);
        }
        let basis = orthonormalize(&mut y, None, &Team::solo(), &mut Control::new()).unwrap();
        assert_eq!(basis.lost, 2);
        assert!((0..20).all(|i| y.row(i)[1..] == [0.0, 0.0]));
    }
}
