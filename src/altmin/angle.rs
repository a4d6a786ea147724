//! The distance of column spaces, `dist(A, B) = |(I - A A') B|_2` for orthonormal `A` and `B`: the sine of the largest
//! principal angle, in which the analysis measures its errors.

use crate::numerics::eigen::Eigen;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// `dist(a, b)` for orthonormal columns, as many of both. Columns of zeros span nothing. Through what is left of `b`,
/// not through cosines: small angles keep their digits. Costs `6 n k^2` flops. Errors: no memory.
pub fn distance<T: Real>(
    a: &Tall<T>,
    b: &Tall<T>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<f64, Stop>> {
    let overlap = match a.product(b, |_| 1.0, team, control) {
        Ok(overlap) => overlap,
        Err(stop) => return Ok(Err(stop)),
    };
    let mut rest = Tall::<f64>::zeros(b.rows(), b.cols())?;
    for i in 0..b.rows() {
        for (l, out) in rest.row_mut(i).iter_mut().enumerate() {
            let inside: f64 = a.row(i).iter().zip(overlap.column(l)).map(|(a, o)| a.wide() * o).sum();
            *out = b.row(i)[l].wide() - inside;
        }
    }
    Ok(match rest.gram(|_| 1.0, team, control) {
        Ok(gram) => Ok(Eigen::of(&gram).and_then(|e| e.values.last().copied()).map_or(f64::NAN, f64::sqrt)),
        Err(stop) => Err(stop),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sine_of_the_largest_angle() {
        for angle in [1e-12_f64, 1e-3, 1.0] {
            let (mut a, mut b) = (Tall::<f64>::zeros(5, 2).unwrap(), Tall::<f64>::zeros(5, 2).unwrap());
            (a.row_mut(0)[0], a.row_mut(1)[1]) = (1.0, 1.0);
            // The same plane in another basis, with one direction turned out of it.
            let (c, s) = (0.6, 0.8);
            b.row_mut(0).copy_from_slice(&[c, -s]);
            b.row_mut(1).copy_from_slice(&[s * angle.cos(), c * angle.cos()]);
            b.row_mut(4).copy_from_slice(&[s * angle.sin(), c * angle.sin()]);
            let found = distance(&a, &b, &Team::solo(), &mut Control::new()).unwrap().unwrap();
            assert!((found - angle.sin()).abs() < 1e-15 + 1e-9 * angle, "{angle} {found}");
        }
    }
}
