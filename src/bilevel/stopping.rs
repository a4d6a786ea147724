//! When a solve is over: it is stationary for certain, makes no progress, or has met what rounding or a limit allows.

use super::bounds::Bounds;
use super::hypergradient::InexactGradient;
use super::interval::Interval;
use super::point::Point;
use super::progress::Progress;
use super::settings::{CertificateMode, Settings};
use crate::runtime::Outcome;

/// Upper values below this are taken for minus infinity.
const UNBOUNDED: f64 = -1e300;

/// Failed line searches whose tightening did not narrow the interval, after which nothing will.
const FRUITLESS: u64 = 3;

/// The rules of step 3; `fresh` at the first look at a point.
pub fn stop(
    settings: &Settings,
    progress: &mut Progress,
    (gradient, stationary): (&InexactGradient, f64),
    interval: &Interval,
    fresh: bool,
) -> Option<Outcome> {
    if gradient.bound() <= stationary {
        return Some(Outcome::Converged);
    }
    if interval.upper < UNBOUNDED {
        return Some(Outcome::Unbounded);
    }
    if fresh && progress.has_stalled(interval.upper, settings.value_tolerance) {
        return Some(Outcome::Stalled);
    }
    (progress.iteration >= settings.max_iterations).then_some(Outcome::IterationLimit)
}

/// What `|z| + omega` may be at the end, by the first `|z|`; anything where no parameter can move.
pub fn stationary(settings: &Settings, reference: f64, bounds: &Bounds) -> f64 {
    if bounds.is_a_point() {
        return f64::INFINITY;
    }
    settings.absolute_tolerance.max(settings.tolerance * reference)
}

/// The outcome where no accuracy can be had beyond what there is: by rounding, or by the limit on products.
pub fn floor(point: &Point) -> Outcome {
    if point.is_at_limit() { Outcome::Stalled } else { Outcome::Floor }
}

/// Failed line searches at one point after which nothing is left to tighten: accuracies have fallen by `nu` as often.
const MOST: u64 = 200;

/// The failed line searches at one point.
pub struct Patience {
    pub failures: u64,
    fruitless: u64,
    width: f64,
}

impl Patience {
    /// None yet.
    pub fn new() -> Self {
        Self { failures: 0, fruitless: 0, width: f64::INFINITY }
    }

    /// Notes a failure at a point with this interval; whether tightening is of no more use: rounding is all that is
    /// left of the interval, or solves have met their limit.
    pub fn is_over(&mut self, point: &Point, interval: &Interval, mode: CertificateMode) -> bool {
        self.failures += 1;
        let narrows = interval.width() < 0.99 * self.width || !point.falls_short();
        self.fruitless = if narrows { 0 } else { self.fruitless + 1 };
        self.width = interval.width();
        // Without a bound on its error the hypergradient itself may be what is wrong.
        let certain = mode != CertificateMode::Off || point.adjoint_falls_short();
        let settled = self.fruitless >= FRUITLESS || interval.is_rounding();
        certain && settled || point.is_at_limit() || self.failures >= MOST
    }
}
