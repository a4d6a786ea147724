//! The phases of work at one `theta`, each over all samples: lower solves, adjoint solves, products with `B`.

use super::accuracy::Accuracy;
use super::adjoint;
use super::constants::{Changes, Constants, Probe, changes, mixed_norm};
use super::counts::Counts;
use super::goal_oriented;
use super::interrupt::Tried;
use super::lower::{self, Iterate, Reached};
use super::oracle::{self, Oracle};
use super::point::{Adjoint, Mixed, Point, SamplePoint, Upper};
use super::problem::{Problem, Rigor};
use super::settings::{CertificateMode, Method, Settings};
use super::solution::TraceRow;
use crate::runtime::error::{copied, zeros};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Outcome, Stop};
use std::sync::Arc;

/// By what a running maximum of sampled changes fades.
const FADE: f64 = 0.9;

/// Runs phases and counts what they take.
pub struct Evaluator<'a> {
    pub problem: &'a dyn Problem,
    pub settings: &'a Settings,
    pub team: &'a Team<'a>,
    /// How hypergradients are certified; never `Auto` once a solve has begun.
    pub mode: CertificateMode,
    /// The work so far.
    pub counts: Counts,
    /// Each sample's share of the common accuracies.
    pub shares: Shares,
    /// The most products that a sample took in one phase since this was last set to 0.
    pub hardest: u64,
}

/// Factors on `eps` and `delta` by sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    pub eps: Vec<f64>,
    pub delta: Vec<f64>,
}

impl Shares {
    /// The same accuracy for all.
    pub fn equal(samples: usize) -> Self {
        Self { eps: vec![1.0; samples], delta: vec![1.0; samples] }
    }
}

/// What more of a lower solve has come to.
enum Moved {
    /// The same point, and why.
    Nowhere(Reached),
    /// Another.
    To(Box<SamplePoint>),
}

/// Where lower solves start.
#[derive(Clone, Copy)]
pub enum Warm<'w> {
    /// Where the problem says.
    Cold,
    /// At the solutions of another point.
    From(&'w Point),
}

impl<'a> Evaluator<'a> {
    /// No work done yet.
    pub fn new(problem: &'a dyn Problem, settings: &'a Settings, team: &'a Team<'a>) -> Self {
        let shares = Shares::equal(problem.samples());
        let (mode, counts) = (settings.certificate, Counts::default());
        Self { problem, settings, team, mode, counts, shares, hardest: 0 }
    }

    /// A row of the trace, if one is kept.
    pub fn note(&self, trace: &mut Vec<TraceRow>, row: TraceRow, accuracy: &Accuracy) {
        if self.settings.trace {
            trace.push(row.at(self, accuracy));
        }
    }

    /// One task for each sample, each with at most `limit` products.
    pub fn each<T: Send>(
        &mut self,
        theta: &[f64],
        limit: u64,
        control: &mut Control<'_>,
        task: impl Fn(&mut Oracle<'_, '_, '_>) -> Tried<T> + Sync,
    ) -> Tried<Vec<T>> {
        let left = self.settings.max_products.saturating_sub(self.counts.products());
        let problem = self.problem;
        let fork = control.forks(&Arc::default());
        let one = |sample| {
            let mut part = fork();
            let mut oracle = Oracle::new(problem, sample, theta, (limit, left), &mut part);
            let found = oracle.poll().and_then(|()| task(&mut oracle));
            let counts = oracle.counts;
            (found, counts, part.work(), part.polls())
        };
        let count = problem.samples();
        let done =
            if problem.is_reentrant() { self.team.map(count, one) } else { Team::solo().map(count, one) };
        let (mut all, mut first) = (Vec::with_capacity(count), None);
        for (found, counts, work, polls) in done {
            self.counts.add(&counts);
            self.hardest = self.hardest.max(counts.products());
            control.count(work, polls);
            match found {
                Ok(found) => all.push(found),
                Err(interrupt) => first = first.or(Some(interrupt)),
            }
        }
        control.poll()?;
        if self.counts.products() >= self.settings.max_products {
            return Err(Stop(Outcome::WorkLimit).into());
        }
        first.map_or(Ok(all), Err)
    }

    /// The lower problems at `theta`, each to `eps` times its share, with at most `limit` products.
    pub fn lower(
        &mut self,
        theta: &[f64],
        warm: Warm<'_>,
        eps: f64,
        limit: u64,
        control: &mut Control<'_>,
    ) -> Tried<Point> {
        let (settings, shares) = (self.settings, self.shares.clone());
        let samples = self.each(theta, limit, control, |oracle| {
            let wanted = eps * shares.eps[oracle.sample];
            let (x, q, seen) = start(oracle, warm)?;
            let constants = Constants::at(oracle, settings.metric, settings.allow_uncertified)?;
            let mut at = Iterate::at(oracle, x, &constants.metric)?;
            let target = constants.mu * wanted;
            let reached = lower::solve(oracle, settings.lower_solver, &constants, target, &mut at)?;
            Ok(SamplePoint { seen, ..sample_at(oracle, at, reached, constants, q)? })
        })?;
        self.with_regularizer(theta, samples)
    }

    /// Continues the lower solves of a point; what depends on an `x` that moves is forgotten.
    pub fn refine(
        &mut self,
        point: &mut Point,
        eps: f64,
        limit: u64,
        control: &mut Control<'_>,
    ) -> Tried<()> {
        let (settings, shares) = (self.settings, self.shares.clone());
        let here = &*point;
        let moved = self.each(&here.theta, limit, control, |oracle| {
            let sample = &here.samples[oracle.sample];
            let target = sample.constants.mu * eps * shares.eps[oracle.sample];
            if sample.lower.norm <= target || sample.reached == Reached::Floor {
                return Ok(None);
            }
            let mut at = sample.lower.copied()?;
            let reached = lower::solve(oracle, settings.lower_solver, &sample.constants, target, &mut at)?;
            if at.norm == sample.lower.norm {
                return Ok(Some(Moved::Nowhere(reached)));
            }
            let moved = sample_at(oracle, at, reached, sample.constants.clone(), copied("q", &sample.q)?)?;
            Ok(Some(Moved::To(Box::new(SamplePoint { seen: sample.seen, ..moved }))))
        })?;
        for (sample, moved) in point.samples.iter_mut().zip(moved) {
            match moved {
                Some(Moved::To(moved)) => *sample = *moved,
                Some(Moved::Nowhere(reached)) => sample.reached = reached,
                None => {}
            }
        }
        Ok(())
    }

    /// Adjoints of a point, each to `delta` times its share; those that are accurate enough already stay.
    pub fn adjoints(&mut self, point: &mut Point, delta: f64, control: &mut Control<'_>) -> Tried<()> {
        let (mode, corrected, shares) = (self.mode, self.settings.corrected, self.shares.delta.clone());
        let limit = self.settings.max_lower_products;
        let here = &*point;
        let found = self.each(&here.theta, limit, control, |oracle| {
            let sample = &here.samples[oracle.sample];
            let wanted = adjoint::tolerance(delta * shares[oracle.sample], sample.upper.norm);
            if sample.adjoint.as_ref().is_some_and(|a| a.delta <= wanted || a.reached == Reached::Floor) {
                return Ok(None);
            }
            let mut q = copied("q", &sample.q)?;
            let mut found = adjoint::solve(oracle, sample, |_| wanted, &mut q)?;
            found.changes = sampled(oracle, sample, &q, &found, needs(mode, corrected, &sample.constants))?;
            Ok(Some((q, found)))
        })?;
        for (sample, found) in point.samples.iter_mut().zip(found) {
            if let Some((q, adjoint)) = found {
                if let Some(Changes { hessian, mixed }) = adjoint.changes
                    && adjoint.size > 0.0
                {
                    sample.seen = [hessian / adjoint.size, mixed.max(0.0) / adjoint.size];
                }
                (sample.q, sample.adjoint, sample.mixed) = (q, Some(adjoint), None);
            }
        }
        Ok(())
    }

    /// The products with `B` that the hypergradient and its bound take, where they are not there yet.
    pub fn mixed(&mut self, point: &mut Point, control: &mut Control<'_>) -> Tried<()> {
        let mode = self.mode;
        // The bound may take more solves than the hypergradient itself.
        let limit = self.settings.max_lower_products.saturating_mul(4);
        let here = &*point;
        let found = self.each(&here.theta, limit, control, |oracle| {
            let sample = &here.samples[oracle.sample];
            if sample.mixed.is_some() {
                return Ok(None);
            }
            mixed_at(oracle, sample, mode).map(Some)
        })?;
        for (sample, found) in point.samples.iter_mut().zip(found) {
            if found.is_some() {
                sample.mixed = found;
            }
        }
        Ok(())
    }

    /// Settles how hypergradients are certified, by the constants at a point.
    pub fn choose_mode(&mut self, point: &Point) {
        let proven = point.samples.iter().all(|s| {
            let c = &s.constants;
            c.rigor == Rigor::Proven && [c.l_a, c.l_b, c.l_g, c.l_g_theta].iter().all(|l| l.is_finite())
        });
        self.mode = self.settings.certificate_for(self.problem.is_quadratic(), proven);
        if point.rigor() == Rigor::None {
            self.mode = CertificateMode::Off;
        }
    }

    /// Estimates hypergradients from here on where they were to be proven by choice of the method alone; whether that is
    /// anything new.
    pub fn settles_for_less(&mut self) -> bool {
        let may =
            self.mode == CertificateMode::Rigorous && self.settings.certificate == CertificateMode::Auto;
        if may && self.settings.method == Method::Maid {
            self.mode = CertificateMode::GoalOriented;
            return true;
        }
        false
    }

    /// Takes the `q` that the samples have for their adjoints, with the residuals that they leave.
    pub fn take_adjoints(&mut self, point: &mut Point, control: &mut Control<'_>) -> Tried<()> {
        let (mode, corrected) = (self.mode, self.settings.corrected);
        let here = &*point;
        let found = self.each(&here.theta, u64::MAX, control, |oracle| {
            let sample = &here.samples[oracle.sample];
            let mut found = adjoint::verify(oracle, sample, Reached::Target)?;
            let needs = needs(mode, corrected, &sample.constants);
            found.changes = sampled(oracle, sample, &sample.q, &found, needs)?;
            Ok(found)
        })?;
        point.samples.iter_mut().zip(found).for_each(|(sample, found)| sample.adjoint = Some(found));
        Ok(())
    }

    /// The regularizer beside the samples.
    pub fn with_regularizer(&self, theta: &[f64], samples: Vec<SamplePoint>) -> Tried<Point> {
        let mut gradient = zeros("regularizer", theta.len())?;
        let value = oracle::regularizer(self.problem, theta, &mut gradient)?;
        Ok(Point {
            theta: copied("theta", theta)?,
            samples,
            regularizer: value,
            regularizer_gradient: gradient,
        })
    }
}

/// `x` and `q` to start from, and the changes seen there.
fn start(oracle: &mut Oracle<'_, '_, '_>, warm: Warm<'_>) -> Tried<(Vec<f64>, Vec<f64>, [f64; 2])> {
    match warm {
        Warm::From(point) => {
            let sample = &point.samples[oracle.sample];
            Ok((copied("x", &sample.lower.x)?, copied("q", &sample.q)?, sample.seen))
        }
        Warm::Cold => {
            let mut x = zeros("x", oracle.variables())?;
            let said = oracle.problem.start(oracle.sample, oracle.theta, &mut x);
            oracle.heard("start", said)?;
            Ok((x, zeros("q", oracle.variables())?, [0.0; 2]))
        }
    }
}

/// A sample once its lower problem is solved: `g` there.
pub fn sample_at(
    oracle: &mut Oracle<'_, '_, '_>,
    lower: Iterate,
    reached: Reached,
    constants: Constants,
    q: Vec<f64>,
) -> Tried<SamplePoint> {
    let (mut in_x, mut in_theta) = (zeros("upper", lower.x.len())?, zeros("upper", oracle.theta.len())?);
    let value = oracle.upper(&lower.x, &mut in_x, &mut in_theta)?;
    let norm = constants.metric.dual(&in_x);
    let eps = lower.norm / constants.mu;
    let upper = Upper { value, in_x, norm, in_theta };
    Ok(SamplePoint { lower, reached, eps, constants, upper, q, adjoint: None, mixed: None, seen: [0.0; 2] })
}

/// Whether changes of `A q` and of `B'q` have to be sampled.
fn needs(mode: CertificateMode, corrected: bool, constants: &Constants) -> (bool, bool) {
    let given = mode == CertificateMode::Rigorous;
    let hessian = constants.l_a != 0.0 && !(given && constants.l_a.is_finite());
    let mixed = constants.l_b != 0.0 && !(given && constants.l_b.is_finite());
    let bounded = matches!(mode, CertificateMode::Rigorous | CertificateMode::Estimated);
    (hessian && (corrected || bounded), mixed && bounded)
}

fn sampled(
    oracle: &mut Oracle<'_, '_, '_>,
    sample: &SamplePoint,
    q: &[f64],
    adjoint: &Adjoint,
    (hessian, mixed): (bool, bool),
) -> Tried<Option<Changes>> {
    if !hessian && !mixed {
        return Ok(None);
    }
    let x = &sample.lower.x;
    let transposed = if mixed {
        let mut out = zeros("mixed", oracle.theta.len())?;
        let here = oracle.second_order(x)?;
        oracle.mixed_transposed(&*here, q, &mut out)?;
        Some(out)
    } else {
        None
    };
    let metric = &sample.constants.metric;
    let distance = if sample.eps.is_finite() { sample.eps } else { 0.0 };
    let probe = Probe { x, q, hessian: &adjoint.product, mixed: transposed.as_deref(), distance, metric };
    let mut found = changes(oracle, &probe, draw(x))?;
    // What was seen before still counts, for a while.
    found.hessian = found.hessian.max(FADE * sample.seen[0] * adjoint.size);
    if mixed {
        found.mixed = found.mixed.max(FADE * sample.seen[1] * adjoint.size);
    }
    Ok(Some(found))
}

/// A number of the stream that depends on the point alone.
fn draw(x: &[f64]) -> u64 {
    x.iter().fold(0xcbf2_9ce4_8422_2325, |hash, x| (hash ^ x.to_bits()).wrapping_mul(0x0100_0000_01b3))
}

fn mixed_at(oracle: &mut Oracle<'_, '_, '_>, sample: &SamplePoint, mode: CertificateMode) -> Tried<Mixed> {
    let x = &sample.lower.x;
    let at = oracle.second_order(x)?;
    let mut product = zeros("mixed", oracle.theta.len())?;
    oracle.mixed_transposed(&*at, &sample.q, &mut product)?;
    let (norm, rigor) = if mode == CertificateMode::Off {
        (f64::NAN, Rigor::None)
    } else {
        let proven = mode == CertificateMode::Rigorous;
        mixed_norm(oracle, &*at, x, &sample.constants.metric, proven)?
    };
    let correction = if mode == CertificateMode::GoalOriented {
        goal_oriented::correction(oracle, sample, &*at, &product)?
    } else {
        None
    };
    Ok(Mixed { product, norm, rigor, correction })
}
