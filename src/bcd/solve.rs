//! The method. Minimizes `F(x) = f(x) + G(x)`, `f(x) = sum_r s_r phi(a_r'x + b + o_r)`, `G` a sum over units.
//!
//! A linear term `c'x` counts as a part of `G` ([`Penalty::Tilted`]).
//!
//! 1. Null model: the unpenalized terms alone; `lambda_max`; the scale of the tolerance.
//! 2. Repeat:
//!    a. from time to time, afresh: `z = A x + b + o`, `d = s phi'(z)`, a dual point, the certificate; stop if it is
//!    small enough;
//!    b. select a block `b` of units (section 3 of the paper: partition and rule);
//!    c. update `x_b` (section 4: gradient, matrix or Newton), `z` and `d`.
//! 3. Certificate of the answer, recomputed from the raw data.
//!
//! | paper | here |
//! |---|---|
//! | `x`, `b` | `State::x`, [`Block`](super::block::Block) |
//! | `L_i`, `L_b`, `D_i` | `Engine::lipschitz`, `constants::Constants` |
//! | rule, update | `Plan::select`, `Plan::update` |
//! | `grad_b f(x)` | `Engine::block_gradient` |
//! | `H_b` bound, Hessian | `Smooth::bound_step`, `Smooth::newton_step` |
//!
//! `rule=auto` is this loop with a variable-block greedy rule whose block grows (`working_set`), and the Newton update.

use super::answers::certificate::{Point, certificates};
use super::answers::solution::Solution;
use super::callbacks;
use super::engine::{Engine, GramCache, lipschitz_constants};
use super::null_model;
use super::outputs;
use super::plan::Plan;
use super::problem::Problem;
use super::scaled::Scaled;
use super::settings::Settings;
use super::state::State;
use super::stopping::check::Checker;
use super::stopping::correlations::Correlations;
use super::stopping::dual::Freedom;
use super::strengths::column_bounds;
use super::svm;
use super::updates::anderson::Anderson;
use super::user;
use super::workspace::{Found, Setup, Workspace};
use crate::model::Penalty;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Level, Options, Outcome, Phase, Result, Stop};

/// Where a solve starts: coefficients and an intercept in the data's scale.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// One number per column; `None` for zeros. For several outputs one per column and output, column by column, and
    /// after them the intercepts, if they are to start elsewhere than at 0.
    pub coef: Option<&'a [f64]>,
    /// The intercept.
    pub intercept: f64,
}

/// Solves a problem with the given options, from zero or from `start`.
///
/// Not converging is an outcome of the [`Solution`], not an error. Errors: options that contradict one another, targets
/// that are not of the loss, a start of the wrong length.
pub fn solve(
    problem: &Problem<'_>,
    options: &Options,
    start: Option<Start<'_>>,
    control: &mut Control<'_>,
) -> Result<Solution> {
    Workspace::new().solve(problem, options, start, control)
}

impl Workspace {
    /// [`solve()`], with what the workspace kept from earlier solves; it keeps the setup of this one.
    ///
    /// Warm starts stay the caller's choice. Problems of several outputs and of the caller's own function are solved as
    /// without a workspace. Errors: as [`solve()`].
    pub fn solve(
        &mut self,
        problem: &Problem<'_>,
        options: &Options,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        let settings = Settings::from_options(options)?;
        control.begin(settings.max_seconds, settings.max_work);
        callbacks::watched(problem, settings, control, |settings, control| {
            with_team(settings.threads, |team| any_solve(problem, settings, team, self, start, control))?
        })
    }

    /// Pays the setup of a problem of one output now, as far as the control lets it. Errors: as [`solve()`].
    pub(super) fn prepare(
        &mut self,
        problem: &Problem<'_>,
        settings: &Settings,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<()> {
        settings.loss.check_targets(problem.target())?;
        if let Ok(setup) = (Solve { problem, settings, team }).setup(self, control)? {
            self.keep(problem, settings, setup);
        }
        Ok(())
    }
}

/// Solves by what the problem is: the caller's function, several outputs, or one.
pub(super) fn any_solve(
    problem: &Problem<'_>,
    settings: &Settings,
    team: &Team<'_>,
    workspace: &mut Workspace,
    start: Option<Start<'_>>,
    control: &mut Control<'_>,
) -> Result<Solution> {
    problem.check_linear(settings)?;
    if let (None, Some(loss)) = (problem.function(), settings.output_loss) {
        return outputs::Solve { problem, settings, team }.run(loss, start, control);
    }
    if let Some(start) = start {
        super::problem::check_start(start.coef, start.intercept, problem.matrix().cols())?;
    }
    if let Some(function) = problem.function() {
        return user::Solve { problem, function, settings, team }.run(start, control);
    }
    settings.loss.check_targets(problem.target())?;
    if svm::applies(problem, settings) {
        return svm::Solve { problem, settings, team }.run(start, control);
    }
    Solve { problem, settings, team }.run(workspace, start, control)
}

/// The smallest lambda with an all-zero solution.
///
/// Errors: as [`solve`], and when the control says stop before it is known.
pub fn lambda_max(
    problem: &Problem<'_>,
    options: &Options,
    control: &mut Control<'_>,
) -> Result<Option<f64>> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    callbacks::watched(problem, settings, control, |settings, control| {
        with_team(settings.threads, |team| any_lambda_max(problem, settings, team, control))?
            .map(std::result::Result::ok)
    })
}

/// [`lambda_max`] within a call. The outer result is of the data, the inner one of the control.
pub(super) fn any_lambda_max(
    problem: &Problem<'_>,
    settings: &Settings,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<f64, Stop>> {
    problem.check_linear(settings)?;
    if let Some(function) = problem.function() {
        return user::Solve { problem, function, settings, team }.lambda_max(control);
    }
    if let Some(loss) = settings.output_loss {
        return outputs::Solve { problem, settings, team }.lambda_max(loss, control);
    }
    settings.loss.check_targets(problem.target())?;
    let solve = Solve { problem, settings, team };
    let setup = solve.setup(&mut Workspace::new(), control)?;
    Ok(setup.map(|setup| setup.null.lambda_max))
}

/// A problem of one output with its settings and threads.
#[derive(Clone, Copy)]
pub(super) struct Solve<'s> {
    pub(super) problem: &'s Problem<'s>,
    pub(super) settings: &'s Settings,
    pub(super) team: &'s Team<'s>,
}

/// Where a search starts.
pub(super) enum Origin<'o> {
    /// At the null model.
    Null,
    /// Where the caller says.
    Given(Start<'o>),
    /// Where the search for another strength ended.
    Trail(Trail),
}

/// What a path carries from one strength to the next.
pub(super) struct Trail {
    pub(super) state: State,
    pub(super) correlations: Correlations,
    /// The strength that was solved.
    pub(super) lambda: f64,
}

impl<'s> Solve<'s> {
    fn run(
        &self,
        workspace: &mut Workspace,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        let mut setup = match self.setup(workspace, control)? {
            Ok(setup) => setup,
            Err(stop) => return Ok(unfinished(self.problem, self.settings, stop, start, control)),
        };
        let lambda = self.settings.strength.lambda(setup.null.lambda_max);
        let penalty = setup.scaled.penalty(self.problem, self.settings, lambda)?;
        let seconds_setup = control.seconds();
        let origin = start.map_or(Origin::Null, Origin::Given);
        let (mut solution, _) = self.search(&mut setup, &penalty, lambda, origin, control)?;
        workspace.keep(self.problem, self.settings, setup);
        let one = std::slice::from_mut(&mut solution);
        // Two passes that end every solve, also one that was stopped.
        certify(self.problem, self.settings, one, self.team, &mut Control::new())?;
        solution.seconds_setup = seconds_setup;
        solution.seconds_solve = control.seconds() - seconds_setup;
        Ok(solution)
    }

    /// Step 1, or what the workspace has of it. The outer result is of the data, the inner one of the control.
    pub(super) fn setup(
        &self,
        workspace: &mut Workspace,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Setup<'s>, Stop>> {
        if let Err(stop) = control.report(Phase::Setup, 0, f64::NAN, f64::NAN) {
            return Ok(Err(stop));
        }
        let (scaled, grams) = match workspace.take(self.problem, self.settings) {
            Found::All(setup) => return Ok(Ok(setup)),
            Found::Columns(scaled, grams) => (scaled, grams),
            Found::Nothing => match Scaled::new(self.problem, self.settings, control) {
                Ok(scaled) => (scaled, GramCache::default()),
                Err(stop) => return Ok(Err(stop)),
            },
        };
        let null_penalty = null_model::null_penalty(&scaled, self.problem, self.settings)?;
        let unit_penalty = scaled.penalty(self.problem, self.settings, 1.0)?;
        let mut rest = || {
            let lipschitz = lipschitz_constants(&scaled);
            control.report(Phase::NullModel, 0, f64::NAN, f64::NAN)?;
            let null =
                null_model::fit(&scaled, &null_penalty, &unit_penalty, &lipschitz, self.team, control)?;
            Ok((null, lipschitz))
        };
        let found = rest();
        Ok(found.map(|(null, lipschitz)| Setup { scaled, null, lipschitz, grams }))
    }

    /// Step 2, whatever way it ends: the answer, still without its certificate, and where the search has left off.
    pub(super) fn search(
        &self,
        setup: &mut Setup<'_>,
        penalty: &Penalty,
        lambda: f64,
        origin: Origin<'_>,
        control: &mut Control<'_>,
    ) -> Result<(Solution, Trail)> {
        let grams = std::mem::take(&mut setup.grams);
        let Setup { scaled, null, lipschitz, .. } = &*setup;
        let mut freedom = Freedom::of(penalty);
        let centered = freedom.seek_center(scaled, penalty, self.team, control);
        let (mut given, mut strong) = (None, None);
        // From zero, and from the last strength, the first check would repeat what is known.
        let known = !matches!(origin, Origin::Given(_));
        let (mut state, correlations) = match origin {
            Origin::Trail(trail) => {
                strong = Some(self.strong_penalty(scaled, lambda, trail.lambda)?);
                (trail.state, trail.correlations)
            }
            origin => {
                if let Origin::Given(start) = origin {
                    given = Some(start);
                }
                (null.state.clone(), Correlations::of_null(null))
            }
        };
        penalty.project(&mut state.x);
        let mut checker = Checker::new(scaled, null, &freedom, self.settings, correlations, known);
        let mut engine = Engine::new(scaled, penalty, self.team, state, lipschitz, grams);
        let mut iterations = 0;
        let runaway = null_model::runaway_intercept(scaled);
        let outcome = match runaway {
            _ if scaled.falls_for_ever(self.problem, self.settings, lambda)? => Outcome::Unbounded,
            // With the intercept far out the loss is as good as gone, and what is left falls for ever.
            Some(_) if penalty.conjugate(&vec![0.0; scaled.cols()]).is_infinite() => Outcome::Unbounded,
            Some(direction) => {
                engine.state.b = RUNAWAY * direction;
                Outcome::InfimumNotAttained
            }
            None => {
                let begin = |engine: &mut _, control: &mut _| {
                    if strong.is_some() { Ok(()) } else { self.begin(engine, given, control) }
                };
                let begun = centered.and_then(|()| begin(&mut engine, control));
                let ended = begun.and_then(|()| {
                    self.iterate(&mut engine, strong.as_ref(), &mut checker, &mut iterations, control)
                });
                ended.unwrap_or_else(|Stop(outcome)| outcome)
            }
        };
        let solution = self.report(setup, &engine.state, outcome, &mut checker, lambda, iterations, control);
        let trail = Trail { state: engine.state, correlations: checker.into_correlations(), lambda };
        setup.grams = engine.grams;
        Ok((solution, trail))
    }

    /// The penalty of the strong rule at `lambda` after `before`: units beyond its kink at the last solution are those
    /// that the step of the strength may bring in. Its units are those of the penalty at `lambda`.
    pub(super) fn strong_penalty(&self, scaled: &Scaled<'_>, lambda: f64, before: f64) -> Result<Penalty> {
        // Never quite 0: without strength the groups of a sparse group penalty would be units of single coordinates.
        let least = (2.0 * lambda - before).max(LEAST_STRONG * lambda);
        scaled.penalty(self.problem, self.settings, least)
    }

    /// Puts the iterate where the caller wants to start, unless that is worse than the null model: from a saturated
    /// point no Newton step finds its way back. Without iterations the start itself is asked about.
    fn begin(
        &self,
        engine: &mut Engine<'_>,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        let scaled = engine.scaled;
        engine.state.refresh(scaled, control)?;
        let Some(Start { coef, intercept }) = start else { return Ok(()) };
        let mut x = coef.map_or_else(|| vec![0.0; scaled.cols()], |coef| scaled.coordinates(coef));
        engine.penalty.project(&mut x);
        let b = if scaled.intercept { intercept * scaled.target_scale } else { 0.0 };
        let started = State::new(scaled, x, b, control)?;
        let asked_about = self.settings.max_iterations == 0;
        if asked_about || started.objective(scaled, engine.penalty) <= engine.objective() {
            engine.state = started;
        }
        Ok(())
    }

    /// The answer in the data's scale, still without its certificate.
    #[allow(clippy::too_many_arguments, reason = "what a solution is made of")]
    fn report(
        &self,
        setup: &Setup<'_>,
        state: &State,
        outcome: Outcome,
        checker: &mut Checker<'_>,
        lambda: f64,
        iterations: u64,
        control: &Control<'_>,
    ) -> Solution {
        let scaled = &setup.scaled;
        // An iterate that is no longer a number is no answer; the null model is one, or else zeros.
        let (state, outcome, (coef, intercept)) = match self.in_data_scale(scaled, state) {
            Some(answer) => (state, outcome, answer),
            None => {
                let state = &setup.null.state;
                let zeros = || (self.within_bounds(vec![0.0; state.x.len()]), 0.0);
                let answer = self.in_data_scale(scaled, state).unwrap_or_else(zeros);
                (state, Outcome::Diverged, answer)
            }
        };
        let t = scaled.target_scale;
        let dual: Vec<f64> =
            checker.best_dual().map_or(Vec::new(), |theta| theta.iter().map(|v| v / t).collect());
        Solution {
            coef,
            intercept,
            dual: if dual.iter().all(|v| v.is_finite()) { dual } else { Vec::new() },
            outcome,
            target: checker.target(),
            lambda,
            lambda_max: setup.null.lambda_max,
            null_loss: setup.null.scale / (t * t),
            explained: setup.null.explained(state.loss(scaled)),
            settled_at: checker.settled_at(),
            direction: self.direction(scaled, state, outcome, lambda),
            iterations,
            work: control.work(),
            trace: checker.take_trace(),
            ..Solution::empty(self.settings.loss)
        }
    }

    /// Coefficients and the intercept in the data's scale; `None` where the iterate is no longer a number, or overflows
    /// in that scale.
    fn in_data_scale(&self, scaled: &Scaled<'_>, state: &State) -> Option<(Vec<f64>, f64)> {
        let is_number = state.b.is_finite() && state.x.iter().all(|x| x.is_finite());
        let coef = self.within_bounds(scaled.coefficients(&state.x));
        let intercept = state.b / scaled.target_scale;
        let fits = intercept.is_finite() && coef.iter().all(|c| c.is_finite());
        (is_number && fits).then_some((coef, intercept))
    }

    /// Scaling back and forth may step over a bound by a rounding.
    fn within_bounds(&self, mut coef: Vec<f64>) -> Vec<f64> {
        if !self.settings.penalty.has_groups() {
            for (j, coef) in coef.iter_mut().enumerate() {
                let (low, high) = column_bounds(self.problem, self.settings, j);
                *coef = coef.max(low).min(high);
            }
        }
        coef
    }

    /// The direction in which a loss without a minimum falls: the unpenalized columns and the intercept of the iterate
    /// that showed it.
    fn direction(&self, scaled: &Scaled<'_>, state: &State, outcome: Outcome, lambda: f64) -> Vec<f64> {
        if outcome != Outcome::InfimumNotAttained {
            return Vec::new();
        }
        if let Some(sign) = null_model::runaway_intercept(scaled) {
            let mut direction = vec![0.0; scaled.cols() + 1];
            direction[scaled.cols()] = sign;
            return direction;
        }
        // At strength 0 all columns are unpenalized.
        let Ok(penalty) = scaled.penalty(self.problem, self.settings, lambda) else { return Vec::new() };
        let mut x = vec![0.0; scaled.cols()];
        Freedom::of(&penalty).columns.iter().for_each(|&j| x[j] = state.x[j]);
        let mut direction = scaled.coefficients(&x);
        direction.push(state.b / scaled.target_scale);
        direction
    }

    /// Steps 2a to 2c until the certificate meets the tolerance or nothing helps any more.
    fn iterate<'e>(
        &self,
        engine: &mut Engine<'e>,
        strong: Option<&'e Penalty>,
        checker: &mut Checker<'_>,
        iterations: &mut u64,
        control: &mut Control<'_>,
    ) -> std::result::Result<Outcome, Stop> {
        let mut plan = Plan::new(self.settings, engine, strong, control)?;
        let mut anderson = self.settings.anderson.then(Anderson::default);
        loop {
            let check = checker.check(engine, *iterations, control)?;
            if control.logs(Level::Debug) {
                control.log(Level::Debug, &check.line(*iterations));
            }
            if let Some(outcome) = check.outcome {
                return Ok(outcome);
            }
            let left = self.settings.max_iterations - *iterations;
            if left == 0 {
                return Ok(Outcome::IterationLimit);
            }
            if let Some(anderson) = &mut anderson {
                anderson.follow(engine, check.objective, control)?;
            }
            for _ in 0..left.min(plan.blocks_per_check(engine)) {
                let choice = plan.select(engine, &check, control)?;
                plan.update(engine, &choice, &check, control)?;
                *iterations += 1;
            }
        }
    }
}

/// Step 3, and the last word on the outcomes. How many solutions have their certificates: all, unless the control says
/// stop.
pub(super) fn certify(
    problem: &Problem<'_>,
    settings: &Settings,
    solutions: &mut [Solution],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<usize> {
    let points: Vec<Point<'_>> = solutions
        .iter()
        .map(|s| Point { lambda: s.lambda, coef: &s.coef, intercept: s.intercept, dual: &s.dual })
        .collect();
    let certificates = certificates(problem, settings, &points, team, control)?;
    let count = certificates.len();
    solutions.iter_mut().zip(certificates).for_each(|(solution, found)| solution.take_certificate(found));
    Ok(count)
}

/// The answer where the control stopped the setup: the start, uncertified.
pub(super) fn unfinished(
    problem: &Problem<'_>,
    settings: &Settings,
    stop: Stop,
    start: Option<Start<'_>>,
    control: &Control<'_>,
) -> Solution {
    let cols = problem.matrix().cols();
    Solution {
        coef: start.and_then(|s| s.coef).map_or_else(|| vec![0.0; cols], <[f64]>::to_vec),
        intercept: start.map_or(0.0, |s| s.intercept),
        outcome: stop.0,
        work: control.work(),
        seconds_setup: control.seconds(),
        ..Solution::empty(settings.loss)
    }
}

/// The least strength of the strong rule, relative to that of the penalty.
const LEAST_STRONG: f64 = 1e-9;

/// Where an intercept that runs off is left: the loss is 0 to rounding there.
const RUNAWAY: f64 = 40.0;
