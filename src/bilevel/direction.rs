//! The direction of a step and the length of its first trial: the hypergradient, L-BFGS, Gauss-Newton; Barzilai and
//! Borwein's step. Every direction but the hypergradient has to pass the test of [`descends_along`], or gives way
//! to it.

use super::bounds::Bounds;
use super::descent::descends_along;
use super::evaluate::Evaluator;
use super::gauss_newton;
use super::hypergradient::InexactGradient;
use super::interrupt::Tried;
use super::metric::norm;
use super::point::Point;
use super::progress::Progress;
use super::settings::DirectionKind;
use crate::numerics::kernels::dot;
use crate::runtime::error::mapped;
use crate::runtime::{Control, Result};

/// The most that the first step changes a parameter, unless its length is given.
const FIRST_CHANGE: f64 = 0.1;

/// By what factor a step of Barzilai and Borwein may differ from the last one taken.
const LEAP: f64 = 100.0;

/// A direction and the length to try first.
#[derive(Debug, Clone)]
pub struct Direction {
    pub p: Vec<f64>,
    pub alpha: f64,
    /// Whether the cap has made the length what it is.
    pub is_capped: bool,
}

/// The direction from a point.
pub fn direction(
    evaluator: &mut Evaluator<'_>,
    point: &Point,
    gradient: &InexactGradient,
    progress: &mut Progress,
    bounds: &Bounds,
    control: &mut Control<'_>,
) -> Tried<Direction> {
    let settings = evaluator.settings;
    let descent = mapped("direction", gradient.free.iter().map(|z| -z))?;
    let scaled = match settings.direction {
        DirectionKind::Gradient => None,
        DirectionKind::Lbfgs if progress.pairs.is_empty() => None,
        DirectionKind::Lbfgs => {
            let scaled = progress.pairs.times(&gradient.free)?;
            Some(bounds.free_part(&point.theta, &gradient.z, scaled))
        }
        DirectionKind::GaussNewton => Some(gauss_newton::step(evaluator, point, gradient, control)?),
    };
    let passes = |p: &Vec<f64>| descends_along(p, &gradient.free, &gradient.omega, settings.eta);
    let mut found = match scaled.map(|s| s.iter().map(|s| -s).collect()).filter(passes) {
        Some(p) => Direction { p, alpha: 1.0, is_capped: false },
        None => {
            progress.pairs.clear();
            let alpha = progress.alpha.or(settings.alpha).unwrap_or(FIRST_CHANGE / largest(&descent));
            Direction { p: descent, alpha, is_capped: false }
        }
    };
    // An infinite cap leaves the length alone.
    let cap = progress.reach * settings.step_cap / largest(&found.p);
    if cap < found.alpha {
        (found.alpha, found.is_capped) = (cap, true);
    }
    Ok(found)
}

/// Learns from the hypergradients at both ends of the last step: a pair for L-BFGS, the next length for a gradient
/// step.
///
/// Pairs are not asked to be of certainly positive curvature, `s'y > (omega_k + omega_(k+1)) |s|`: bounds are far
/// larger than what is wrong with the difference of two neighbours, and would call most pairs noise. What is certain is
/// asked of the direction.
pub fn learn(
    evaluator: &Evaluator<'_>,
    point: &Point,
    gradient: &InexactGradient,
    progress: &mut Progress,
) -> Result<()> {
    let Some(last) = progress.last.take() else { return Ok(()) };
    let s = mapped("pairs", point.theta.iter().zip(&last.theta).map(|(a, b)| a - b))?;
    let y = mapped("pairs", gradient.z.iter().zip(&last.z).map(|(a, b)| a - b))?;
    let (square, curvature) = (dot(&s, &s), dot(&s, &y));
    if evaluator.settings.barzilai_borwein
        && curvature > 0.0
        && let Some(alpha) = progress.alpha
    {
        progress.alpha = Some((square / curvature).clamp(alpha / LEAP, alpha * LEAP));
    }
    progress.pairs.push(s, y);
    Ok(())
}

fn largest(p: &[f64]) -> f64 {
    p.iter().fold(0.0, |most: f64, p| most.max(p.abs())).max(norm(p) * f64::MIN_POSITIVE)
}
