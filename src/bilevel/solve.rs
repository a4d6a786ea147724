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
use crate::runtime::error::copied;
use crate::runtime::parallel::with_team;
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Phase, Result, Stop};

/// Trials are rough beside a point whose lower solutions are so many times as exact as what is asked of them.
const ROUGHER: f64 = 2.0;

/// The first accuracy of lower solutions, relative to the distance that the start may have. That is often far more than
/// what it has, and what is too exact is relaxed soon.
const FIRST: f64 = 1e-3;

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
            Method::Maid | Method::Paper => run(evaluator, bounds, start, resume, control),
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
    pub(super) point: Point,
    pub(super) progress: Progress,
    boundary: Option<Checkpoint>,
    trace: Vec<TraceRow>,
    examination: Option<Examination>,
    flaw: Option<Flaw>,
}

/// A solve from a start, or from a checkpoint.
fn run(
    mut evaluator: Evaluator<'_>,
    bounds: Bounds,
    start: &[f64],
    resume: Option<&Checkpoint>,
    control: &mut Control<'_>,
) -> Result<Solution> {
    let begun = match resume {
        Some(checkpoint) => checkpoint.restore(&mut evaluator, control),
        None => begin(&mut evaluator, &bounds, start, control),
    };
    let (point, progress) = match begun {
        Ok(begun) => begun,
        // Stopped before there is a point: what there was is the answer.
        Err(Interrupt::Stop(Stop(outcome))) => {
            let theta = resume.map_or(start, Checkpoint::theta);
            let solution = Solution::at(&evaluator, &bounds, None, (theta, outcome), control);
            return Ok(Solution { checkpoint: resume.cloned(), ..solution });
        }
        Err(Interrupt::Failed(error)) => return Err(error),
        // A start that is no good is an error: there is nothing else to answer with.
        Err(Interrupt::Flaw(flaw)) => return Err(flaw.into_error()),
    };
    let mut maid = Maid {
        evaluator,
        bounds,
        point,
        progress,
        boundary: None,
        trace: Vec::new(),
        examination: None,
        flaw: None,
    };
    let outcome = match maid.iterate(control) {
        Ok(outcome) => outcome,
        Err(Interrupt::Stop(Stop(outcome))) => outcome,
        Err(Interrupt::Failed(error)) => return Err(error),
        Err(Interrupt::Flaw(flaw)) => maid.flawed(flaw),
    };
    Ok(maid.answer(outcome, control))
}

/// The first lower solve, and accuracies that suit it.
fn begin(
    evaluator: &mut Evaluator<'_>,
    bounds: &Bounds,
    start: &[f64],
    control: &mut Control<'_>,
) -> Tried<(Point, Progress)> {
    let settings = evaluator.settings;
    let mut theta = copied("theta", start)?;
    let projected = bounds.project(&mut theta);
    // With an infinite accuracy this only evaluates.
    let first = settings.eps.unwrap_or(f64::INFINITY);
    let most = settings.max_lower_products;
    let mut point = evaluator.lower(&theta, Warm::Cold, first, most, control)?;
    evaluator.choose_mode(&point);
    let eps = settings.eps.unwrap_or_else(|| match FIRST * point.mean(|s| s.eps) {
        eps if eps > 0.0 => eps,
        _ => 1e-3,
    });
    evaluator.refine(&mut point, eps, most, control)?;
    let delta = settings.delta.unwrap_or_else(|| match 0.1 * point.mean(|s| s.upper.norm) {
        delta if delta > 0.0 => delta,
        _ => 1e-3,
    });
    Ok((point, Progress::new(Accuracy { eps, delta }, projected)))
}

impl Maid<'_> {
    /// Steps until a rule stops them.
    fn iterate(&mut self, control: &mut Control<'_>) -> Tried<Outcome> {
        loop {
            self.boundary = Some(Checkpoint::of(self));
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
            let mut gradient = self.inexact_gradient(&mut known, control)?;
            let interval = self.interval();
            if let Some(outcome) = self.stop(&gradient, &interval, patience.failures == 0, control)? {
                return Ok(Some(outcome));
            }
            let (found, way) = self.search(&gradient, interval, trials, again.take(), control)?;
            let narrowing = match found {
                Found::Step(step) => {
                    self.advance(*step, &mut gradient, &way);
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
            if patience.is_over(&self.point, &interval, self.evaluator.mode) {
                // What was asked of trials may be much less than what the point has.
                rough = !was_rough && self.progress.accuracy.eps > ROUGHER * self.point.most(|s| s.eps);
                if !rough {
                    return Ok(Some(floor(&self.point)));
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
        interval(&self.point, self.evaluator.mode, self.evaluator.settings.corrected)
    }

    /// Step 3; `fresh` at the first look at a point, from which the directions to come are learnt.
    fn stop(
        &mut self,
        gradient: &InexactGradient,
        interval: &Interval,
        fresh: bool,
        control: &mut Control<'_>,
    ) -> Tried<Option<Outcome>> {
        let (settings, progress) = (self.evaluator.settings, &mut self.progress);
        if fresh {
            learn(&self.evaluator, &self.point, gradient, progress)?;
            control.report(Phase::Solve, progress.iteration, interval.upper, gradient.bound())?;
        }
        let stationary = stationary(settings, progress.reference.unwrap_or(0.0), &self.bounds);
        let outcome = stop(settings, progress, (gradient, stationary), interval, fresh);
        Ok(outcome.or((!gradient.descends).then(|| floor(&self.point))))
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
        let (evaluator, progress) = (&mut self.evaluator, &mut self.progress);
        let (point, bounds) = (&self.point, &self.bounds);
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
        let mut search = Search {
            bounds: &self.bounds,
            stationary: stationary(settings, progress.reference.unwrap_or(0.0), &self.bounds),
            known,
            accuracy: &mut progress.accuracy,
            trace: &mut self.trace,
            iteration: progress.iteration,
        };
        let mut gradient = inexact_gradient(&mut self.evaluator, &mut self.point, &mut search, control)?;
        // Constants that leave no proof of descent at any accuracy (a tiny mu, say) say nothing of whether there is
        // one; values are proven by others.
        if !gradient.descends
            && gradient.bound() > search.stationary
            && self.evaluator.settles_for_less()
            && !self.point.is_at_limit()
        {
            self.point.samples.iter_mut().for_each(|sample| sample.mixed = None);
            gradient = inexact_gradient(&mut self.evaluator, &mut self.point, &mut search, control)?;
        }
        if gradient.descends && progress.reference.is_none() {
            progress.reference = Some(gradient.size);
        }
        if settings.allocate
            && let Some(shares) = allocation(&self.point)
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
        let (progress, evaluator, point) = (&mut self.progress, &mut self.evaluator, &mut self.point);
        let row = TraceRow::new(progress.iteration, Decision::Tightened, interval.width(), 0.0);
        evaluator.note(&mut self.trace, row, &progress.accuracy);
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
    fn advance(&mut self, step: Step, gradient: &mut InexactGradient, way: &Direction) {
        let (settings, progress) = (self.evaluator.settings, &mut self.progress);
        let left = std::mem::replace(&mut self.point, step.point);
        progress.last = Some(Last { theta: left.theta, z: std::mem::take(&mut gradient.z) });
        if way.p.iter().zip(&gradient.free).all(|(p, z)| *p == -z) {
            progress.alpha = Some(settings.rho_bar * step.alpha);
        }
        progress.note_length(step.alpha, way, settings.widest);
        progress.iteration += 1;
        match settings.method {
            Method::Maid => {
                // Widths fall with the square of both accuracies where values are corrected.
                let slack = if settings.corrected { step.slack.sqrt() } else { step.slack };
                let allowed = (1.0 - settings.eta) * gradient.size;
                progress.accuracy.relax_within(settings.nu_bar, slack, &gradient.omega, allowed);
            }
            _ => progress.accuracy.relax(settings.nu_bar),
        }
    }

    /// Line searches fail although the hypergradient should descend: are the derivatives right?
    fn examine(&mut self, control: &mut Control<'_>) -> Tried<()> {
        if self.examination.is_some() {
            return Ok(());
        }
        let found = doctor::examine_point(&mut self.evaluator, &self.point, control)?;
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

    fn answer(self, outcome: Outcome, control: &Control<'_>) -> Solution {
        let Self { evaluator, bounds, point, progress, boundary, trace, examination, flaw } = self;
        let mut solution = Solution::at(&evaluator, &bounds, Some(&point), (&point.theta, outcome), control);
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
