//! The smoothed absolute value `phi(t) = sqrt(t^2 + v^2)` and the same of the length of a vector.
//!
//! Values are those of `phi - v`, which is 0 at 0: a constant changes no minimizer. `phi' = t / phi` and `phi'' = v^2 /
//! phi^3 <= 1 / v`; `|phi'''| = 3 v^2 |t| / phi^5` is largest at `t = v / 2`. For vectors the third derivative has the
//! same bound: along a line, `phi` is that of one variable with a larger `v`, and the norm of a symmetric form is
//! attained at equal arguments (Banach).

use crate::numerics::kernels::lane_sum;

/// `sup |phi'''| v^2 = 48 / (25 sqrt 5)`.
pub const THIRD: f64 = 0.858_650_103_359_919_2;

/// `log 1e-6`, the default lower bound of `log v`: curvatures grow with `1/v`.
pub const LEAST_LOG_SMOOTHING: f64 = -13.815_510_557_964_274;

/// `phi` of a squared length.
#[inline(always)]
pub fn phi(square: f64, v: f64) -> f64 {
    (square + v * v).sqrt()
}

/// `phi - v`, without cancellation, given both `t^2` and `phi`.
#[inline(always)]
pub fn height(square: f64, phi: f64, v: f64) -> f64 {
    square / (phi + v)
}

/// Replaces each `t` by `w t/phi`; gives the sum of `phi - v`, in 8 lanes that are added in a fixed order.
pub fn replace_by_slopes(t: &mut [f64], w: f64, v: f64) -> f64 {
    let mut lanes = [0.0; 8];
    let mut chunks = t.chunks_exact_mut(8);
    let mut one = |(lane, t): (&mut f64, &mut f64)| {
        let square = *t * *t;
        let phi = phi(square, v);
        *lane += height(square, phi, v);
        *t *= w / phi;
    };
    for chunk in &mut chunks {
        lanes.iter_mut().zip(chunk).for_each(&mut one);
    }
    lanes.iter_mut().zip(chunks.into_remainder()).for_each(one);
    lane_sum(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_in_lanes_are_those_one_by_one() {
        let at: Vec<f64> = (0..21).map(|k| (k as f64 * 0.7).sin()).collect();
        let (mut slopes, v) = (at.clone(), 0.3);
        let sum = replace_by_slopes(&mut slopes, 2.0, v);
        let plain: f64 = at.iter().map(|t| phi(t * t, v) - v).sum();
        assert!((sum - plain).abs() < 1e-13);
        assert!(at.iter().zip(&slopes).all(|(t, s)| (s - 2.0 * t / phi(t * t, v)).abs() < 1e-14));
    }

    #[test]
    fn the_third_derivative_attains_its_bound() {
        assert!((THIRD - 48.0 / (25.0 * 5.0_f64.sqrt())).abs() < 1e-15);
        for v in [0.01_f64, 3.0] {
            let phi_of_2 = phi(4.0, v);
            assert!((height(4.0, phi_of_2, v) - (phi_of_2 - v)).abs() < 1e-14);
            let third = |t: f64| 3.0 * v * v * t.abs() / phi(t * t, v).powi(5);
            let largest = (0..4000).map(|k| third(k as f64 * 1e-3 * v)).fold(0.0, f64::max);
            assert!((largest * v * v / THIRD - 1.0).abs() < 1e-6);
            // The derivative of v^2 / phi^3.
            let (t, h) = (0.7 * v, 1e-6 * v);
            let second = |t: f64| v * v / phi(t * t, v).powi(3);
            let difference = (second(t + h) - second(t - h)) / (2.0 * h);
            assert!((difference + third(t)).abs() < 1e-7 * third(t));
        }
    }
}
