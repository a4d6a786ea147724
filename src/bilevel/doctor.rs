//! The derivative doctor: are the callbacks the derivatives that they say they are, and the constants bounds?
//!
//! Looks along random directions at one point: differences against products, `<u, Av> = <v, Au>`,
//! `<Bu, q> = <u, B'q>`, Rayleigh quotients against `mu` and `L`, and whether the same call gives the same numbers
//! twice.

use super::constants::Constants;
use super::evaluate::{Evaluator, Warm};
use super::interrupt::{Flaw, Interrupt, Tried};
use super::metric::{distance, norm};
use super::oracle::{self, Oracle};
use super::point::Point;
use super::problem::{self, Problem, Rigor};
use super::settings::Settings;
use crate::numerics::kernels::{add, dot};
use crate::runtime::error::{copied, mapped, zeros};
use crate::runtime::parallel::with_team;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Options, Result};
use std::fmt;

/// Differences are taken over these steps, relative to the size of the point; the best of them counts. The smallest
/// are for functions that are smooth only within a small `v`.
const STEPS: [f64; 4] = [1e-3, 1e-5, 1e-7, 1e-8];

/// A difference quotient may be off by this much, relative to its terms.
const DIFFERENCE: f64 = 1e-4;

/// An identity may be off by this much, relative to its terms.
const IDENTITY: f64 = 1e-9;

/// The same call may differ by this much.
const REPEAT: f64 = 1e-12;

/// Directions that are looked along.
const DIRECTIONS: u64 = 3;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// This callback, by its name in C, gives the same numbers twice.
    Repeatable(&'static str),
    /// The gradient of `h` in `x` against differences of `h`.
    LowerGradient,
    /// `<u, Av> = <v, Au>`.
    HessianSymmetric,
    /// `Av` against differences of the gradient.
    Hessian,
    /// `B'q` against differences of the gradient in `theta`.
    MixedTransposed,
    /// `<Bu, q> = <u, B'q>`.
    MixedAdjoint,
    /// `v'Av >= mu |v|^2`.
    StrongConvexity,
    /// `v'Av <= L |v|^2`.
    Smoothness,
    /// `v'Av >= v'Mv`.
    Metric,
    /// The preconditioner is symmetric and positive.
    Preconditioner,
    /// The gradient of `g` in `x` against differences.
    UpperInX,
    /// The gradient of `g` in `theta` against differences.
    UpperInTheta,
    /// The gradient of `r` against differences.
    Regularizer,
}

/// The callback that is at fault, by its name in C, and what of it where that is not all.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Check::Repeatable(callback) => return write!(f, "{callback} (called twice)"),
            Check::LowerGradient => "lower (grad)",
            Check::HessianSymmetric => "hessian (symmetry)",
            Check::Hessian => "hessian",
            Check::MixedTransposed => "mixed_t",
            Check::MixedAdjoint => "mixed (against mixed_t)",
            Check::StrongConvexity => "constants (mu)",
            Check::Smoothness => "constants (l)",
            Check::Metric => "metric",
            Check::Preconditioner => "precondition",
            Check::UpperInX => "upper (gx)",
            Check::UpperInTheta => "upper (gtheta)",
            Check::Regularizer => "regularizer",
        })
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// For which sample.
    pub sample: usize,
    /// How far off it is, relative to the size of the terms; for constants the quotient that violates them.
    pub found: f64,
    /// How far off it may be; for constants the constant.
    pub allowed: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, sample, found, allowed } = self;
        write!(f, "{check} of sample {sample}: {found:e} where {allowed:e} is allowed")
    }
}

/// What the doctor saw.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Examination {
    /// What is wrong; empty where nothing is.
    pub findings: Vec<Finding>,
    /// How many checks there were.
    pub checks: u64,
}

impl Examination {
    fn note(&mut self, check: Check, sample: usize, found: f64, allowed: f64, wrong: bool) {
        self.checks += 1;
        // The worst direction tells for all.
        if wrong && !self.findings.iter().any(|f| f.check == check && f.sample == sample) {
            self.findings.push(Finding { check, sample, found, allowed });
        }
    }

    /// Notes a product that should be near a difference quotient, relative to their terms, but at least to `least`.
    fn against(&mut self, check: Check, sample: usize, product: f64, seen: Option<Difference>, least: f64) {
        // Without a quotient nothing is known.
        if let Some(Difference { quotient, terms }) = seen {
            self.compare(check, sample, (quotient, product), terms.max(least), DIFFERENCE);
        }
    }

    /// Notes two numbers that should be equal, relative to `terms`.
    fn compare(&mut self, check: Check, sample: usize, (a, b): (f64, f64), terms: f64, allowed: f64) {
        let found = (a - b).abs() / terms.max(f64::MIN_POSITIVE);
        self.note(check, sample, found, allowed, !(found <= allowed));
    }

    /// Notes what the same call gave twice.
    fn repeat(&mut self, callback: &'static str, sample: usize, once: &[f64], twice: &[f64]) {
        let check = Check::Repeatable(callback);
        self.compare(check, sample, (distance(once, twice), 0.0), norm(once), REPEAT);
    }
}

/// Examines the callbacks of `problem` at `theta`, at a random point near where the lower solves start.
///
/// Costs at most 79 evaluations of `h`, 55 of `g`, 9 products with `A` and 9 with `B` for each sample, and 26
/// evaluations of `r`. Errors: sizes that do not fit, a point that cannot be evaluated, a stop.
pub fn examine(
    problem: &dyn Problem,
    theta: &[f64],
    options: &Options,
    control: &mut Control<'_>,
) -> Result<Examination> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    problem::check(problem, theta)?;
    with_team(settings.threads, |team| {
        let mut evaluator = Evaluator::new(problem, &settings, team);
        let most = settings.max_lower_products;
        let point = evaluator.lower(theta, Warm::Cold, f64::INFINITY, most, control)?;
        examine_point(&mut evaluator, &point, control).map_err(Into::into)
    })?
}

/// The same near a point of a solve, whose `x` alone is used.
pub fn examine_point(
    evaluator: &mut Evaluator<'_>,
    point: &Point,
    control: &mut Control<'_>,
) -> Tried<Examination> {
    let settings = evaluator.settings;
    let (metric, uncertified, seed) = (settings.metric, settings.allow_uncertified, settings.seed);
    let each = evaluator.each(&point.theta, u64::MAX, control, |oracle| {
        let x = &beside(&point.samples[oracle.sample].lower.x, seed, oracle.sample)?;
        let constants = Constants::at(oracle, metric, uncertified)?;
        let mut examination = Examination::default();
        for direction in 0..DIRECTIONS {
            lower_level(oracle, x, &constants, direction, &mut examination)?;
            upper_level(oracle, x, direction, &mut examination)?;
        }
        Ok(examination)
    })?;
    let mut all = Examination::default();
    for one in each {
        all.checks += one.checks;
        all.findings.extend(one.findings);
    }
    regularizer(evaluator.problem, &point.theta, &mut all)?;
    Ok(all)
}

/// A random point near `x`: at `x = 0` products with `B` may all vanish, and at a solution the gradient of `h` does, so
/// that differences would be held against rounding alone.
fn beside(x: &[f64], seed: u64, sample: usize) -> Result<Vec<f64>> {
    let mut stream = Stream::new(seed, Purpose::Probe, sample as u64);
    let size = 0.1 * (1.0 + norm(x) / (x.len() as f64).sqrt());
    mapped("differences", x.iter().map(|x| x + size * stream.normal()))
}

fn random(size: usize, oracle: &Oracle<'_, '_, '_>, draw: u64) -> Result<Vec<f64>> {
    let mut stream = Stream::new(0x0d0c_0000 + oracle.sample as u64, Purpose::Probe, draw);
    let mut v = mapped("direction", (0..size).map(|_| stream.normal()))?;
    let length = norm(&v).max(f64::MIN_POSITIVE);
    v.iter_mut().for_each(|v| *v /= length);
    Ok(v)
}

/// A difference quotient, and the size of its terms.
struct Difference {
    quotient: f64,
    terms: f64,
}

/// The quotient over the steps that agrees best with `product`: it is off by its own rounding at small steps and by
/// curvature at large ones. None where all of them overflow or are of points that cannot be evaluated.
fn differences(
    x: &[f64],
    v: &[f64],
    product: f64,
    mut along: impl FnMut(&[f64]) -> Tried<f64>,
) -> Tried<Option<Difference>> {
    let scale = 1.0 + norm(x);
    let mut best = None;
    let mut least = f64::INFINITY;
    for step in STEPS.map(|step| step * scale) {
        let (mut ahead, mut behind) = (copied("differences", x)?, copied("differences", x)?);
        add(step, v, &mut ahead);
        add(-step, v, &mut behind);
        if !ahead.iter().chain(&behind).all(|x| x.is_finite()) {
            continue;
        }
        let (high, low) = match (along(&ahead), along(&behind)) {
            (Ok(high), Ok(low)) => (high, low),
            (Err(Interrupt::Flaw(Flaw::NotFinite { .. } | Flaw::Refused { .. })), _)
            | (_, Err(Interrupt::Flaw(Flaw::NotFinite { .. } | Flaw::Refused { .. }))) => continue,
            (Err(other), _) | (_, Err(other)) => return Err(other),
        };
        let quotient = (high - low) / (2.0 * step);
        // Rounding of the two values does not count as a fault.
        let rounding = 8.0 * f64::EPSILON * (high.abs() + low.abs()) / (2.0 * step);
        let terms = quotient.abs() + product.abs() + rounding / DIFFERENCE;
        let off = (quotient - product).abs() / terms.max(f64::MIN_POSITIVE);
        if off < least {
            (least, best) = (off, Some(Difference { quotient, terms }));
        }
    }
    Ok(best)
}

fn lower_level(
    oracle: &mut Oracle<'_, '_, '_>,
    x: &[f64],
    constants: &Constants,
    direction: u64,
    found: &mut Examination,
) -> Tried<()> {
    let (n, d, sample) = (x.len(), oracle.theta.len(), oracle.sample);
    let at = oracle.second_order(x)?;
    let (mut u, mut v) = (random(n, oracle, 4 * direction)?, random(n, oracle, 4 * direction + 1)?);
    // Off the part that moves with theta there may be kinks.
    at.restrict(&mut u);
    at.restrict(&mut v);
    if norm(&u) == 0.0 || norm(&v) == 0.0 {
        return Ok(());
    }
    let t = random(d, oracle, 4 * direction + 2)?;
    let (mut gradient, mut again) = (zeros("gradient", n)?, zeros("gradient", n)?);
    let value = oracle.lower(x, &mut gradient)?;
    let other = oracle.lower(x, &mut again)?;
    let off = (value - other).abs().max(distance(&gradient, &again));
    found.compare(Check::Repeatable("lower"), sample, (off, 0.0), value.abs() + norm(&gradient), REPEAT);

    let slope = dot(&gradient, &v);
    let mut scratch = zeros("gradient", n)?;
    let seen = differences(x, &v, slope, |x| oracle.lower(x, &mut scratch))?;
    // A direction almost along the level set says little: the gradient's size counts too.
    found.against(Check::LowerGradient, sample, slope, seen, 1e-3 * norm(&gradient));

    let (mut av, mut au) = (zeros("hessian", n)?, zeros("hessian", n)?);
    oracle.hessian(&*at, &v, &mut av)?;
    oracle.hessian(&*at, &u, &mut au)?;
    oracle.hessian(&*at, &v, &mut scratch)?;
    found.repeat("hessian", sample, &av, &scratch);
    let size = norm(&av) + norm(&au);
    found.compare(Check::HessianSymmetric, sample, (dot(&u, &av), dot(&v, &au)), size, IDENTITY);
    let along = dot(&u, &av);
    let seen = differences(x, &v, along, |x| {
        oracle.lower(x, &mut scratch)?;
        Ok(dot(&u, &scratch))
    })?;
    found.against(Check::Hessian, sample, along, seen, 1e-3 * size);
    rayleigh(&v, &av, constants, sample, found);

    let mut bq = zeros("mixed", d)?;
    oracle.mixed_transposed(&*at, &u, &mut bq)?;
    let mut again = zeros("mixed", d)?;
    oracle.mixed_transposed(&*at, &u, &mut again)?;
    found.repeat("mixed_t", sample, &bq, &again);
    let across = dot(&bq, &t);
    let seen = differences(oracle.theta, &t, across, |theta| {
        oracle.lower_at(theta, x, &mut scratch)?;
        Ok(dot(&u, &scratch))
    })?;
    if d > 0 {
        found.against(Check::MixedTransposed, sample, across, seen, 1e-3 * norm(&bq));
    }
    let mut bt = zeros("mixed", n)?;
    if d > 0 && oracle.mixed(&*at, &t, &mut bt)? {
        let size = norm(&bt) + norm(&bq);
        found.compare(Check::MixedAdjoint, sample, (dot(&bt, &u), across), size, IDENTITY);
    }
    let (mut pv, mut pu) = (zeros("precondition", n)?, zeros("precondition", n)?);
    if oracle.precondition(&*at, &v, &mut pv)? && oracle.precondition(&*at, &u, &mut pu)? {
        let size = norm(&pv) + norm(&pu);
        found.compare(Check::Preconditioner, sample, (dot(&u, &pv), dot(&v, &pu)), size, IDENTITY);
        let positive = dot(&v, &pv);
        found.note(Check::Preconditioner, sample, positive, 0.0, !(positive > 0.0));
    }
    Ok(())
}

fn rayleigh(v: &[f64], av: &[f64], constants: &Constants, sample: usize, found: &mut Examination) {
    let (quotient, slack) = (dot(v, av) / dot(v, v), 1e-9);
    let (mu, l) = (constants.plain_mu, constants.l);
    if mu > 0.0 {
        found.note(Check::StrongConvexity, sample, quotient, mu, quotient < mu * (1.0 - slack));
    }
    if l > 0.0 && constants.rigor == Rigor::Proven {
        found.note(Check::Smoothness, sample, quotient, l, quotient > l * (1.0 + slack));
    }
    if !constants.metric.is_euclidean() {
        let metric = constants.metric.of(v);
        let (curvature, least) = (dot(v, av), metric * metric);
        found.note(Check::Metric, sample, curvature, least, curvature < least * (1.0 - slack));
    }
}

fn upper_level(
    oracle: &mut Oracle<'_, '_, '_>,
    x: &[f64],
    direction: u64,
    found: &mut Examination,
) -> Tried<()> {
    let (n, d, sample) = (x.len(), oracle.theta.len(), oracle.sample);
    let (v, t) = (random(n, oracle, 4 * direction + 3)?, random(d, oracle, 4 * direction + 2)?);
    let (mut in_x, mut in_theta) = (zeros("upper", n)?, zeros("upper", d)?);
    let value = oracle.upper(x, &mut in_x, &mut in_theta)?;
    let (mut gx, mut gt) = (zeros("upper", n)?, zeros("upper", d)?);
    let again = oracle.upper(x, &mut gx, &mut gt)?;
    found.repeat("upper", sample, &[value], &[again]);
    found.repeat("upper", sample, &in_x, &gx);
    found.repeat("upper", sample, &in_theta, &gt);
    let slope = dot(&in_x, &v);
    let seen = differences(x, &v, slope, |x| oracle.upper(x, &mut gx, &mut gt))?;
    found.against(Check::UpperInX, sample, slope, seen, 1e-3 * norm(&in_x));
    if d > 0 {
        let slope = dot(&in_theta, &t);
        let seen = differences(oracle.theta, &t, slope, |theta| oracle.upper_at(theta, x, &mut gx, &mut gt))?;
        found.against(Check::UpperInTheta, sample, slope, seen, 1e-3 * norm(&in_theta));
    }
    Ok(())
}

fn regularizer(problem: &dyn Problem, theta: &[f64], found: &mut Examination) -> Tried<()> {
    let d = theta.len();
    let (mut gradient, mut scratch) = (zeros("regularizer", d)?, zeros("regularizer", d)?);
    oracle::regularizer(problem, theta, &mut gradient)?;
    for j in 0..d.min(DIRECTIONS as usize) {
        let mut stream = Stream::new(0x0d0c, Purpose::Probe, j as u64);
        let v = mapped("direction", (0..d).map(|_| stream.normal()))?;
        let slope = dot(&gradient, &v);
        let seen = differences(theta, &v, slope, |theta| oracle::regularizer(problem, theta, &mut scratch))?;
        found.against(Check::Regularizer, 0, slope, seen, 1e-3 * norm(&gradient) * norm(&v));
    }
    Ok(())
}
