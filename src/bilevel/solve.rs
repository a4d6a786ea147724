//! The method: MAID (arXiv 2308.10098, Algorithm 3.1). Minimizes
//! `f(theta) = 1/m sum_i g_i(xhat_i(theta), theta) + r(theta)` over a box, where `xhat_i(theta)` minimizes
//! `h_i(., theta)`.
//!
//! For `k = 0, 1, ..`:
//! 1. `j = J`.
//! 2. `(z, x, q, eps_k, delta_k, omega) = InexactGradient(theta_k, eps_k, delta_k)`, so that `omega <= (1 - eta) |z|`.
//! 3. Stop where a rule says so.
//! 4. At most `j` times: `theta+ = P(theta_k + alpha p)`; solve the lower level there to `eps_k`;
//!    if `Up(theta+) - Lo(theta_k) <= lambda <theta+ - theta_k, z>` go to 6, else `alpha = rho alpha`.
//! 5. Tighten: `eps_k = nu eps_k`, `delta_k = nu delta_k`, `j = j + 1`; go to 2.
//! 6. `theta_(k+1) = theta+`; `alpha_(k+1) = rho bar alpha`; relax: `eps_(k+1) = nu bar eps_k`,
//!    `delta_(k+1) = nu bar delta_k`.
//!
//! | paper | here |
//! |---|---|
//! | `theta_k`, `x_k`, `q_k` | `Maid::point` |
//! | `z_k`, `omega_k` | [`InexactGradient`] |
//! | `eps_k`, `delta_k`, `alpha_k` | `Progress` |
//! | `g(x) +- |grad g| eps + ..` | [`Interval`] |
//! | `rho`, `rho bar`, `nu`, `nu bar`, `eta`, `lambda`, `J` | [`Settings`] |

use super::accuracy::{Accuracy, allocation};
use super::baselines;
use super::bounds::Bounds;
use super::certificate::Certificate;
use super::checkpoint::Checkpoint;
use super::direction::{Direction, direction, learn};
use super::doctor::{self, Examination};
use super::evaluate::{Evaluator, Warm};
use super::hypergradient::{InexactGradient, Search, inexact_gradient};
use super::interrupt::{Flaw, Interrupt, Tried};
use super::interval::{Interval, interval, is_of_adjoints};
use super::line_search::{Found, LineSearch, Step, line_search};
use super::point::Point;
use super::problem::{self, Problem};
use super::progress::{Last, Progress};
use super::settings::{Method, Settings};
use super::solution::{Decision, Solution, TraceRow};
use super::stopping::{Patience, floor, stationary, stop};
use crate::runtime::parallel::with_team;
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Phase, Result, Stop};

/// Trials are rough beside a point whose lower solutions are so many times as exact as what is asked of them.
const ROUGHER: f64 = 2.0;

/// Failed line searches after which the derivatives are looked at.
const SUSPICIOUS: u64 = 3;

/// Minimizes the upper objective of `problem` from `start` (length `d`), or goes on from the checkpoint `resume` of
/// a solve of the same problem with the same options, to the same bits.
///
/// Not converging is an outcome of the [`Solution`], not an error; where the control stops the solve, the answer is
/// the last accepted point. Errors: a start of another length or not finite, bounds that contradict one another,
/// options that do, a start that cannot be evaluated, a lower problem that is not known to be strongly convex
/// (unless `allow_uncertified`), a failure of a callback, no memory.
pub fn solve(
    problem: &dyn Problem,
    start: &[f64],
    options: &Options,
    resume: Option<&Checkpoint>,
    control: &mut Control<'_>,
) -> Result<Solution> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    problem::check(problem, start)?;
    problem.validate()?;
    let bounds = Bounds::of(problem)?;
    with_team(settings.threads, |team| {
        let evaluator = Evaluator::new(problem, &settings, team);
        match settings.method {
            Method::Maid | Method::Paper => Maid::new(evaluator, bounds).run(start, resume, control),
            _ if resume.is_some() => Err(Error::new(ErrorKind::Unsupported, "resume")
                .expected("the method maid or paper")
                .found("another")),
            _ => baselines::solve(evaluator, &bounds, start, control),
        }
    })?
}

/// One solve.
pub(super) struct Maid<'a> {
    pub(super) evaluator: Evaluator<'a>,
    pub(super) bounds: Bounds,
    /// `None` before the first lower solve.
    pub(super) point: Option<Point>,
    pub(super) progress: Progress,
    pub(super) boundary: Option<Checkpoint>,
    pub(super) trace: Vec<TraceRow>,
    pub(super) examination: Option<Examination>,
    pub(super) flaw: Option<Flaw>,
}

impl<'a> Maid<'a> {
    fn new(evaluator: Evaluator<'a>, bounds: Bounds) -> Self {
        let unset = Accuracy { eps: 1.0, delta: 1.0 };
        Self {
            evaluator,
            bounds,
            point: None,
            progress: Progress::new(unset, false),
            boundary: None,
            trace: Vec::new(),
            examination: None,
            flaw: None,
        }
    }

    fn run(
        mut self,
        start: &[f64],
        resume: Option<&Checkpoint>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        let begun = match resume {
            Some(checkpoint) => checkpoint.restore(&mut self, control),
            None => self.begin(start, control),
        };
        let outcome = match begun {
            Ok(()) => self.iterate(control),
            // A start that is no good is an error: there is nothing else to answer with.
            Err(Interrupt::Flaw(flaw)) => Err(Interrupt::Failed(flaw.into_error())),
            Err(other) => Err(other),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Interrupt::Stop(Stop(outcome))) => outcome,
            Err(Interrupt::Failed(error)) => return Err(error),
            Err(Interrupt::Flaw(flaw)) => self.flawed(flaw),
        };
        Ok(self.answer(start, outcome, control))
    }

    /// The first lower solve, and accuracies that suit it.
    fn begin(&mut self, start: &[f64], control: &mut Control<'_>) -> Tried<()> {
        let settings = self.evaluator.settings;
        let mut theta = start.to_vec();
        self.progress.projected = self.bounds.project(&mut theta);
        // With an infinite accuracy this only evaluates.
        let first = settings.eps.unwrap_or(f64::INFINITY);
        let most = settings.max_lower_products;
        let mut point = self.evaluator.lower(&theta, Warm::Cold, first, most, control)?;
        self.evaluator.choose_mode(&point);
        let eps = settings.eps.unwrap_or_else(|| match 0.05 * point.mean(|s| s.eps) {
            eps if eps > 0.0 => eps,
            _ => 1e-3,
        });
        self.evaluator.refine(&mut point, eps, most, control)?;
        let delta = settings.delta.unwrap_or_else(|| match 0.1 * point.mean(|s| s.upper.norm) {
            delta if delta > 0.0 => delta,
            _ => 1e-3,
        });
        self.progress.accuracy = Accuracy { eps, delta };
        self.point = Some(point);
        Ok(())
    }

    /// Steps until a rule stops them.
    fn iterate(&mut self, control: &mut Control<'_>) -> Tried<Outcome> {
        loop {
            self.boundary = Checkpoint::of(self);
            if let Some(outcome) = self.step(control)? {
                return Ok(outcome);
            }
        }
    }

    /// One step of the method; an outcome where it is the last.
    fn step(&mut self, control: &mut Control<'_>) -> Tried<Option<Outcome>> {
        let mut patience = Patience::new();
        let mut trials = self.evaluator.settings.backtracks;
        let (mut again, mut known, mut was_rough) = (None, None, false);
        loop {
            let gradient = self.inexact_gradient(&mut known, control)?;
            let interval = self.interval();
            if let Some(outcome) = self.stop(&gradient, &interval, patience.failures == 0, control)? {
                return Ok(Some(outcome));
            }
            let (found, way) = self.search(&gradient, interval, trials, again.take(), control)?;
            let narrowing = match found {
                Found::Step(step) => {
                    self.advance(*step, &gradient, &way);
                    return Ok(None);
                }
                Found::Still => return Ok(Some(Outcome::Floor)),
                Found::Exhausted(Some(flaw)) => return Err(flaw.into()),
                Found::Exhausted(None) => None,
                Found::Undecided { factor, alpha, trial } => {
                    again = Some((alpha, trial));
                    Some(factor)
                }
            };
            trials += 1;
            let mut rough = false;
            if let Some(point) = &self.point
                && patience.is_over(point, &interval, self.evaluator.mode)
            {
                // What was asked of trials may be much less than what the point has.
                rough = !was_rough && self.progress.accuracy.eps > ROUGHER * point.most(|s| s.eps);
                if !rough {
                    return Ok(Some(floor(point)));
                }
                was_rough = true;
            }
            self.tighten(narrowing, rough, &interval, control)?;
            if patience.failures >= SUSPICIOUS && narrowing.is_none() {
                self.examine(control)?;
            }
        }
    }

    fn interval(&self) -> Interval {
        let (mode, corrected) = (self.evaluator.mode, self.evaluator.settings.corrected);
        self.point.as_ref().map_or(Certificate::none(mode).interval, |p| interval(p, mode, corrected))
    }

    /// Step 3; `fresh` at the first look at a point, from which the directions to come are learnt.
    fn stop(
        &mut self,
        gradient: &InexactGradient,
        interval: &Interval,
        fresh: bool,
        control: &mut Control<'_>,
    ) -> Tried<Option<Outcome>> {
        let Some(point) = &self.point else { return Ok(Some(Outcome::Unsolved)) };
        let (settings, progress) = (self.evaluator.settings, &mut self.progress);
        if fresh {
            learn(&self.evaluator, point, gradient, progress);
            control.report(Phase::Solve, progress.iteration, interval.upper, gradient.bound())?;
        }
        let stationary = stationary(settings, progress, &self.bounds);
        let outcome = stop(settings, progress, (gradient, stationary), interval, fresh);
        Ok(outcome.or((!gradient.descends).then(|| floor(point))))
    }

    /// Step 4: the search along the direction, from a length and a point that were promising where there are some; and
    /// the direction.
    fn search(
        &mut self,
        gradient: &InexactGradient,
        interval: Interval,
        trials: u64,
        again: Option<(f64, Box<Point>)>,
        control: &mut Control<'_>,
    ) -> Tried<(Found, Direction)> {
        let Some(point) = &self.point else {
            return Err(Error::new(ErrorKind::Internal, "point").into());
        };
        let (evaluator, progress, bounds) = (&mut self.evaluator, &mut self.progress, &self.bounds);
        let mut way = direction(evaluator, point, gradient, progress, bounds, control)?;
        let warm = again.map(|(alpha, trial)| {
            way.alpha = way.alpha.min(alpha);
            trial
        });
        let (accuracy, iteration) = (progress.accuracy, progress.iteration);
        let warm = warm.as_deref();
        let search = LineSearch { point, interval, gradient, bounds, accuracy, iteration, trials, warm };
        let found = line_search(evaluator, &search, &way, progress, &mut self.trace, control)?;
        Ok((found, way))
    }

    /// Step 2 at the current point.
    fn inexact_gradient(
        &mut self,
        known: &mut Option<Interval>,
        control: &mut Control<'_>,
    ) -> Tried<InexactGradient> {
        let (settings, progress) = (self.evaluator.settings, &mut self.progress);
        let Some(point) = self.point.as_mut() else {
            return Err(Error::new(ErrorKind::Internal, "point").into());
        };
        let mut search = Search {
            bounds: &self.bounds,
            stationary: stationary(settings, progress, &self.bounds),
            known,
            accuracy: &mut progress.accuracy,
            trace: &mut self.trace,
            iteration: progress.iteration,
        };
        let gradient = inexact_gradient(&mut self.evaluator, point, &mut search, control)?;
        if gradient.descends && progress.reference.is_none() {
            progress.reference = Some(gradient.size);
        }
        if settings.allocate
            && let Some(shares) = allocation(point)
        {
            self.evaluator.shares = shares;
        }
        Ok(gradient)
    }

    /// Step 5: accuracies are tightened, the current point with them; from what it has where trials were `rough` beside
    /// it.
    fn tighten(
        &mut self,
        narrowing: Option<f64>,
        rough: bool,
        interval: &Interval,
        control: &mut Control<'_>,
    ) -> Tried<()> {
        let settings = self.evaluator.settings;
        let (progress, evaluator) = (&mut self.progress, &mut self.evaluator);
        let Some(point) = self.point.as_mut() else { return Ok(()) };
        if settings.trace {
            let row = TraceRow::new(progress.iteration, Decision::Tightened, interval.width(), 0.0);
            self.trace.push(row.at(evaluator, &progress.accuracy));
        }
        progress.failures += 1;
        evaluator.counts.refinements += 1;
        match narrowing {
            Some(factor) => {
                let achieved = Accuracy::achieved(point, &evaluator.shares);
                if settings.corrected {
                    let of_adjoints = is_of_adjoints(point, evaluator.mode);
                    progress.accuracy.tighten_corrected(factor, &achieved, of_adjoints);
                } else {
                    progress.accuracy.tighten_plain(factor, &achieved);
                }
            }
            None => {
                if rough {
                    progress.accuracy.meet(&Accuracy::achieved(point, &evaluator.shares));
                }
                progress.accuracy.tighten(settings.nu);
            }
        }
        evaluator.refine(point, progress.accuracy.eps, settings.max_lower_products, control)?;
        evaluator.adjoints(point, progress.accuracy.delta, control)
    }

    /// Step 6.
    fn advance(&mut self, step: Step, gradient: &InexactGradient, way: &Direction) {
        let (settings, progress) = (self.evaluator.settings, &mut self.progress);
        if let Some(point) = self.point.replace(step.point) {
            progress.last = Some(Last { theta: point.theta, z: gradient.z.clone() });
        }
        if way.p.iter().zip(&gradient.free).all(|(p, z)| *p == -z) {
            progress.alpha = Some(settings.rho_bar * step.alpha);
        }
        progress.note_length(step.alpha, way, settings.widest);
        progress.iteration += 1;
        progress.accuracy.relax(settings.nu_bar);
    }

    /// Line searches fail although the hypergradient should descend: are the derivatives right?
    fn examine(&mut self, control: &mut Control<'_>) -> Tried<()> {
        if self.examination.is_some() {
            return Ok(());
        }
        let Some(point) = &self.point else { return Ok(()) };
        let found = doctor::examine_point(&mut self.evaluator, point, control)?;
        let worst = found.findings.first().map(ToString::to_string);
        self.examination = Some(found);
        worst.map_or(Ok(()), |worst| Err(Flaw::Derivatives(worst).into()))
    }

    /// How a solve ends whose current point, or all of whose trial points, are no good.
    fn flawed(&mut self, flaw: Flaw) -> Outcome {
        let outcome = match &flaw {
            Flaw::NotFinite { .. } | Flaw::Refused { .. } => Outcome::Diverged,
            flaw if flaw.is_contradiction() => Outcome::Uncertified,
            _ => Outcome::Stalled,
        };
        self.flaw = Some(flaw);
        outcome
    }

    fn answer(self, start: &[f64], outcome: Outcome, control: &Control<'_>) -> Solution {
        let Self { evaluator, bounds, point, progress, boundary, trace, examination, flaw } = self;
        let mut solution = Solution::at(&evaluator, &bounds, point.as_ref(), (start, outcome), control);
        solution.flaw = flaw;
        solution.examination = examination;
        solution.iterations = progress.iteration;
        solution.failures = progress.failures;
        solution.projected = progress.projected;
        solution.trace = trace;
        solution.checkpoint = boundary;
        solution
    }
}
