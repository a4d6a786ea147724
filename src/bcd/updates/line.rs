//! The minimum of the objective along a step.

use crate::bcd::block::Block;
use crate::bcd::settings::LineSearch;
use crate::model::Penalty;
use crate::runtime::Stop;

/// Looks along the step at most.
const MOST_LOOKS: usize = 60;
/// The slope at the minimum, relative to that at 0.
const FLAT: f64 = 1e-9;
/// How near 1 a step counts as full.
const NEAR: f64 = 1e-6;
/// The longest step looked at.
const LONGEST: f64 = 1024.0;

/// The share of a step to look at first: all of it, or the minimum along it.
pub(super) fn first(
    search: LineSearch,
    block: &Block,
    penalty: &Penalty,
    x: &[f64],
    step: &[f64],
    derivatives: impl FnMut(f64) -> Result<(f64, f64), Stop>,
) -> Result<f64, Stop> {
    match search {
        LineSearch::Armijo => Ok(1.0),
        LineSearch::Exact => minimizer(block, penalty, x, step, derivatives),
    }
}

/// The `alpha > 0` that minimizes `f(x + alpha d) + G(x + alpha d)`, given the derivatives of `f` along `d`: Newton
/// steps on the slope, kept within a bracket by bisection. Convexity makes the bracket hold the minimum; 1 where the
/// step is no descent direction to begin with, or where the minimum is near: a full step ends exactly at kinks and
/// bounds.
fn minimizer(
    block: &Block,
    penalty: &Penalty,
    x: &[f64],
    step: &[f64],
    derivatives: impl FnMut(f64) -> Result<(f64, f64), Stop>,
) -> Result<f64, Stop> {
    let alpha = near_minimizer(block, penalty, x, step, derivatives)?;
    Ok(if (alpha - 1.0).abs() <= NEAR { 1.0 } else { alpha })
}

fn near_minimizer(
    block: &Block,
    penalty: &Penalty,
    x: &[f64],
    step: &[f64],
    mut derivatives: impl FnMut(f64) -> Result<(f64, f64), Stop>,
) -> Result<f64, Stop> {
    let mut slope_at = |alpha: f64, side: f64| -> Result<(f64, f64), Stop> {
        let (slope, bend) = derivatives(alpha)?;
        Ok((slope + penalty_slope(block, penalty, x, step, alpha, side), bend))
    };
    let (first, _) = slope_at(0.0, 1.0)?;
    // Steps often end at a kink or a bound, and the slope jumps there.
    if !(first < 0.0) || (slope_at(1.0, -1.0)?.0 <= 0.0 && slope_at(1.0, 1.0)?.0 >= 0.0) {
        return Ok(1.0);
    }
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut alpha = 1.0;
    for _ in 0..MOST_LOOKS {
        let (slope, bend) = slope_at(alpha, 1.0)?;
        if slope.abs() <= FLAT * first.abs() {
            return Ok(alpha);
        }
        // A slope that is not a number is beyond the domain.
        if slope < 0.0 {
            low = alpha
        } else {
            high = alpha
        }
        if low >= LONGEST || high - low <= 1e-12 * low {
            break;
        }
        let newton = alpha - slope / bend;
        alpha = if newton > low && newton < high.min(4.0 * low.max(0.25)) {
            newton
        } else if high.is_finite() {
            0.5 * (low + high)
        } else {
            2.0 * low
        };
    }
    Ok(if low > 0.0 { low } else { alpha })
}

/// The derivative of `G(x + alpha d)` at `alpha` from the right (`side` 1) or the left (-1); infinite where that leaves
/// the bounds.
fn penalty_slope(block: &Block, penalty: &Penalty, x: &[f64], step: &[f64], alpha: f64, side: f64) -> f64 {
    // A difference over a short way, of accurate differences: exact where G is piecewise linear.
    let short = side * 2.0_f64.powi(-26) * alpha.max(1.0);
    let at = |alpha: f64| x.iter().zip(step).map(|(x, d)| x + alpha * d).collect::<Vec<f64>>();
    // From the inner of the two points, which alone has to be within the bounds.
    let (near, far) = (at(alpha.min(alpha + short)), at(alpha.max(alpha + short)));
    if !block.penalty_change(penalty, x, &near).is_finite() {
        return f64::INFINITY;
    }
    let change = block.penalty_change(penalty, &near, &far);
    // At a bound the rounding of x + d may be outside, where the step itself is not.
    if side < 0.0 && !change.is_finite() { 0.0 } else { change / short.abs() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Penalty;
    use crate::model::penalty::{Coordinate, Separable};

    fn one(l1: f64, lower: f64, upper: f64) -> Penalty {
        Penalty::Separable(Separable::new([Coordinate { l1, l2: 0.0, lower, upper }]))
    }

    fn free() -> Penalty {
        one(0.0, f64::NEG_INFINITY, f64::INFINITY)
    }

    fn found(penalty: &Penalty, x: f64, d: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
        let block = Block::new(penalty, vec![0]);
        minimizer(&block, penalty, &[x], &[d], |alpha| Ok(f(alpha))).unwrap()
    }

    #[test]
    fn it_finds_the_minimum_near_and_far() {
        for best in [1e-3, 0.4, 1.0, 1.7, 30.0] {
            // log cosh, far from quadratic.
            let alpha = found(&free(), 0.0, 1.0, |a: f64| {
                let t = (a - best).tanh();
                (t, 1.0 - t * t)
            });
            assert!((alpha - best).abs() < 1e-6 * best.max(1.0), "{best} {alpha}");
        }
        // Without a minimum it goes far, but not for ever.
        let alpha = found(&free(), 0.0, 1.0, |a: f64| (-(-a).exp(), (-a).exp()));
        assert!(alpha >= 16.0 && alpha.is_finite(), "{alpha}");
    }

    #[test]
    fn kinks_and_bounds_stop_it() {
        // From 1 towards 0 with |x|: the slope jumps at the kink.
        let alpha = found(&one(1.0, f64::NEG_INFINITY, f64::INFINITY), 1.0, -2.0, |_| (-0.5, 0.0));
        assert!((alpha - 0.5).abs() < 1e-6, "{alpha}");
        let alpha = found(&one(0.0, -1.0, 1.0), 0.0, 1.0, |_| (-1.0, 0.0));
        assert!(alpha <= 1.0 && alpha > 0.999, "{alpha}");
    }
}
