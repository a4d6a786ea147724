//! What is certain of an answer, recomputed from the problem and the answer alone.

use super::bound::{Omega, omega};
use super::bounds::Bounds;
use super::constants::Constants;
use super::evaluate::{Evaluator, sample_at};
use super::hypergradient::InexactGradient;
use super::interrupt::Interrupt;
use super::interval::{self, Interval};
use super::lower::{Iterate, Reached};
use super::point::{Point, SamplePoint};
use super::problem::{self, Problem, Rigor};
use super::settings::{CertificateMode, Settings};
use crate::numerics::kernels::dot;
use crate::runtime::error::copied;
use crate::runtime::parallel::with_team;
use crate::runtime::{Control, Error, ErrorKind, Options, Result};

/// Certificates of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// An estimate of `f(theta)`, with the adjoint's correction where there is one: far better than the middle of a
    /// wide interval.
    pub value: f64,
    /// An interval that holds `f(theta)`, as trustworthy as the mode makes it.
    pub interval: Interval,
    /// The interval by the problem's constants alone: the wider one, and proven where they are.
    pub from_constants: Interval,
    /// `|z|` without what leads out of the box.
    pub size: f64,
    /// The bound on `|z - grad f(theta)|`.
    pub omega: Omega,
    /// The largest achieved distance of a lower solution, in the norm of the metric.
    pub eps: f64,
    /// The largest achieved residual of an adjoint, in its dual norm.
    pub delta: f64,
    /// How hypergradients were certified.
    pub mode: CertificateMode,
    /// How far the constants are to be trusted.
    pub rigor: Rigor,
}

impl Certificate {
    /// That of nothing.
    pub fn none(mode: CertificateMode) -> Self {
        let (lower, upper) = (f64::NEG_INFINITY, f64::INFINITY);
        let nothing = Interval { lower, upper, rigor: Rigor::None, rounding: 0.0 };
        Self {
            value: f64::NAN,
            interval: nothing,
            from_constants: nothing,
            size: f64::NAN,
            omega: Omega::none(),
            eps: f64::INFINITY,
            delta: f64::INFINITY,
            mode,
            rigor: Rigor::None,
        }
    }

    /// That of a point, from what is known there.
    pub fn of(point: &Point, mode: CertificateMode, corrected: bool, bounds: &Bounds) -> Self {
        let gradient = InexactGradient::at(point, mode, bounds, 0.5);
        let none = Self::none(mode);
        // Without a constant for it, the correction would rest on a sample.
        let given = point.samples.iter().all(|s| s.constants.l_a.is_finite());
        let correction =
            |s: &SamplePoint| if s.adjoint.is_some() { dot(&s.q, &s.lower.gradient) } else { 0.0 };
        let interval = interval::interval(point, mode, corrected);
        let estimate = point.mean(|s| s.upper.value - correction(s)) + point.regularizer;
        Self {
            // What is known for certain cuts off what a correction from afar overshoots.
            value: estimate.min(interval.upper).max(interval.lower),
            interval,
            from_constants: interval::interval(point, CertificateMode::Rigorous, given),
            size: gradient.as_ref().map_or(none.size, |g| g.size),
            omega: omega(point, mode),
            eps: point.most(|s| s.eps),
            delta: point.most(|s| s.adjoint.as_ref().map_or(f64::INFINITY, |a| a.delta)),
            mode,
            rigor: point.rigor(),
        }
    }
}

/// The certificate of `theta` with lower solutions `x` and adjoints `q`, and the hypergradient there: evaluated
/// anew, with nothing taken from a solve.
///
/// Costs for each sample one gradient, one Hessian product, the products with `B` of the bound, and what the mode
/// of option `certificate` adds. Errors: sizes that do not fit, a point that cannot be evaluated.
pub fn certificate(
    problem: &dyn Problem,
    theta: &[f64],
    x: &[Vec<f64>],
    q: &[Vec<f64>],
    options: &Options,
    control: &mut Control<'_>,
) -> Result<(Certificate, Vec<f64>)> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    problem::check(problem, theta)?;
    check_lengths(problem, "x", x)?;
    check_lengths(problem, "q", q)?;
    let bounds = Bounds::of(problem)?;
    with_team(settings.threads, |team| {
        let mut evaluator = Evaluator::new(problem, &settings, team);
        let point = measured(&mut evaluator, theta, x, q, control)?;
        let z = point.hypergradient().unwrap_or_default();
        Ok((Certificate::of(&point, evaluator.mode, settings.corrected, &bounds), z))
    })?
}

fn check_lengths(problem: &dyn Problem, subject: &str, vectors: &[Vec<f64>]) -> Result<()> {
    let wrong = |expected: String, found: usize| {
        Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
    };
    if vectors.len() != problem.samples() {
        return wrong(format!("one vector for each of {} samples", problem.samples()), vectors.len());
    }
    match (0..vectors.len()).find(|i| vectors[*i].len() != problem.variables(*i)) {
        Some(i) => wrong(format!("{} numbers for sample {i}", problem.variables(i)), vectors[i].len()),
        None => Ok(()),
    }
}

/// The point of an answer.
fn measured(
    evaluator: &mut Evaluator<'_>,
    theta: &[f64],
    x: &[Vec<f64>],
    q: &[Vec<f64>],
    control: &mut Control<'_>,
) -> std::result::Result<Point, Interrupt> {
    let settings = evaluator.settings;
    let samples = evaluator.each(theta, u64::MAX, control, |oracle| {
        let constants = Constants::at(oracle, settings.metric, settings.allow_uncertified)?;
        let at = Iterate::at(oracle, copied("x", &x[oracle.sample])?, &constants.metric)?;
        sample_at(oracle, at, Reached::Target, constants, copied("q", &q[oracle.sample])?)
    })?;
    let mut point = evaluator.with_regularizer(theta, samples)?;
    evaluator.choose_mode(&point);
    evaluator.take_adjoints(&mut point, control)?;
    evaluator.mixed(&mut point, control)?;
    Ok(point)
}
