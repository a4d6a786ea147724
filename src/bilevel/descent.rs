//! Tests of descent (arXiv 2308.10098, Proposition 3.1): with `omega <= (1 - eta) |z|`,
//! `<z, grad f> >= eta |z|^2` and `eta |z| <= |grad f| <= (2 - eta) |z|`.

use super::bound::Omega;
use crate::numerics::kernels::dot;

use super::metric::norm;

/// Test (3) for the hypergradient itself, of size `|z|` (without what leads out of the box).
pub fn is_descent(omega: &Omega, size: f64, eta: f64) -> bool {
    size > 0.0 && omega.value <= (1.0 - eta) * size
}

/// The test for another direction: `omega |p| <= (1 - eta) |<p, z>|` and `<p, z> < 0` give
/// `<p, grad f> <= eta <p, z>`. Without a bound (NaN) only the sign is asked for.
pub fn descends_along(p: &[f64], z: &[f64], omega: &Omega, eta: f64) -> bool {
    let slope = dot(p, z);
    slope < 0.0 && (omega.value.is_nan() || omega.value * norm(p) <= (1.0 - eta) * slope.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bilevel::problem::Rigor;

    #[test]
    fn what_passes_descends_for_every_gradient_within_the_bound() {
        let omega = |value| Omega { value, lower: value, adjoint: 0.0, rigor: Rigor::Proven };
        let (z, eta) = ([3.0, -4.0], 0.3);
        assert!(is_descent(&omega(3.5), 5.0, eta) && !is_descent(&omega(3.51), 5.0, eta));
        assert!(!is_descent(&omega(0.0), 0.0, eta) && !is_descent(&Omega::none(), 5.0, eta));
        let p = [-1.0, 2.0];
        let most = 0.7 * 11.0 / norm(&p);
        assert!(descends_along(&p, &z, &omega(most * 0.999), eta));
        assert!(!descends_along(&p, &z, &omega(most * 1.001), eta));
        assert!(!descends_along(&[1.0, -2.0], &z, &omega(0.0), eta));
        assert!(descends_along(&p, &z, &Omega::none(), eta));
        for k in 0..100 {
            let angle = k as f64 * 0.0628;
            let gradient = [z[0] + most * 0.999 * angle.cos(), z[1] + most * 0.999 * angle.sin()];
            assert!(dot(&p, &gradient) <= eta * dot(&p, &z));
        }
    }
}
