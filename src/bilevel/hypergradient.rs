//! `InexactGradient` (arXiv 2308.10098, Algorithm 3.2): a hypergradient whose error bound lets it descend.

use super::accuracy::Accuracy;
use super::bound::{Omega, omega};
use super::bounds::Bounds;
use super::descent::is_descent;
use super::evaluate::Evaluator;
use super::interrupt::Tried;
use super::interval::{Interval, interval, meet};
use super::metric::norm;
use super::point::Point;
use super::settings::{CertificateMode, Method};
use super::solution::{Decision, TraceRow};
use crate::runtime::Control;

/// Refinements without a smaller bound after which there will be none.
const PATIENCE: u32 = 3;

/// How often, and by how much tighter accuracies, a hypergradient without a bound is confirmed to be small.
const CONFIRMATIONS: u32 = 2;
const CONFIRM: f64 = 0.1;

/// A hypergradient with its bound.
#[derive(Debug, Clone)]
pub struct InexactGradient {
    /// `z`.
    pub z: Vec<f64>,
    /// `z` without what leads out of the box.
    pub free: Vec<f64>,
    /// The norm of that: 0 at a stationary point. Unlike `|P(theta - z) - theta|` no box keeps it small where `z` is
    /// large.
    pub size: f64,
    /// The bound on `|z - grad f|`.
    pub omega: Omega,
    /// Whether test (3) holds.
    pub descends: bool,
    /// Whether a bound is asked for at all.
    pub certified: bool,
}

impl InexactGradient {
    /// That of a point whose adjoints and products with `B` are there; `None` where they are not.
    pub fn at(point: &Point, mode: CertificateMode, bounds: &Bounds, eta: f64) -> Option<Self> {
        let z = point.hypergradient()?;
        let free = bounds.free(&point.theta, &z);
        let size = norm(&free);
        let omega = omega(point, mode);
        let descends = mode == CertificateMode::Off || is_descent(&omega, size, eta);
        let certified = mode != CertificateMode::Off;
        Some(Self { z, free, size, omega, descends, certified })
    }

    /// What the size of the true gradient can be at most: nothing is known where a bound is asked for and there is
    /// none. Without certificates that of `z` stands for it.
    pub fn bound(&self) -> f64 {
        match (self.certified, self.omega.value.is_nan()) {
            (true, true) => f64::INFINITY,
            (true, false) => self.size + self.omega.value,
            (false, _) => self.size,
        }
    }
}

/// What the loop of [`inexact_gradient`] is told and keeps.
pub struct Search<'s> {
    pub bounds: &'s Bounds,
    pub accuracy: &'s mut Accuracy,
    /// Where `|z| + omega` is small enough to stop without test (3).
    pub stationary: f64,
    /// What the intervals at this `theta` have in common so far.
    pub known: &'s mut Option<Interval>,
    pub trace: &'s mut Vec<TraceRow>,
    pub iteration: u64,
}

/// Tightens accuracies and improves `point` until test (3) holds, or the point is stationary, or rounding (or a
/// limit) leaves no smaller bound; the latter has `descends == false`.
pub fn inexact_gradient(
    evaluator: &mut Evaluator<'_>,
    point: &mut Point,
    search: &mut Search<'_>,
    control: &mut Control<'_>,
) -> Tried<InexactGradient> {
    let (settings, mode) = (evaluator.settings, evaluator.mode);
    let (mut least, mut fruitless, mut confirmed) = (f64::INFINITY, 0, 0);
    loop {
        evaluator.adjoints(point, search.accuracy.delta, control)?;
        evaluator.mixed(point, control)?;
        let Some(gradient) = InexactGradient::at(point, mode, search.bounds, settings.eta) else {
            return Err(
                crate::runtime::Error::new(crate::runtime::ErrorKind::Internal, "hypergradient").into()
            );
        };
        *search.known = Some(meet(interval(point, mode, settings.corrected), *search.known)?);
        let stationary = gradient.bound() <= search.stationary;
        if mode == CertificateMode::Off && stationary && confirmed < CONFIRMATIONS {
            // Without a bound a small z may be an inexact one.
            confirmed += 1;
        } else if gradient.descends || stationary || point.is_at_limit() {
            return Ok(gradient);
        }
        let value = gradient.omega.value;
        // What is no number or has overflowed does not fall.
        let falls = mode == CertificateMode::Off
            || value.is_finite() && (value < 0.99 * least || !point.falls_short());
        (least, fruitless) = if falls { (value, 0) } else { (least, fruitless + 1) };
        if fruitless >= PATIENCE {
            return Ok(gradient);
        }
        let (left, right) = (value, (1.0 - settings.eta) * gradient.size);
        let row = TraceRow::new(search.iteration, Decision::Refined, left, right);
        evaluator.note(search.trace, row, search.accuracy);
        evaluator.counts.refinements += 1;
        if mode == CertificateMode::Off {
            // From what there is: at a start that a loose accuracy accepts, B and so z may vanish.
            search.accuracy.meet(&Accuracy::achieved(point, &evaluator.shares));
            search.accuracy.tighten(CONFIRM);
        } else if settings.method == Method::Maid {
            let achieved = Accuracy::achieved(point, &evaluator.shares);
            // Near a stationary point no accuracy makes z certain: what would prove that is enough.
            let allowed = ((1.0 - settings.eta) * gradient.size).max(search.stationary - gradient.size);
            search.accuracy.tighten_for(&gradient.omega, allowed, &achieved);
        } else {
            search.accuracy.tighten(settings.nu);
        }
        evaluator.refine(point, search.accuracy.eps, settings.max_lower_products, control)?;
    }
}
