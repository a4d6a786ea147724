//! The method. Minimizes over `U`, `V` (and biases)
//!
//! `sum_(i,j) w_ij (m_ij - mean - b_i - c_j - u_i'v_j)^2 + ridge (sum_i d_i^p |u_i|^2 + sum_j e_j^p |v_j|^2)`,
//!
//! or the same with another loss than the square ([`loss`](super::loss)), and with prior means that factors are drawn
//! to ([`prior`](super::prior)).
//!
//! 1. Part the observations, if some are to be held out; choose the ridge, if none is given.
//! 2. Start: a search that recovers exact matrices from few entries (ridge 0), or the leading singular vectors of the
//!    rescaled observations, cut back.
//! 3. Repeat sweeps, each with the tolerance that the theory asks of its regressions ([`accuracy`](super::accuracy)):
//!    a. orthonormalize `U` (with a ridge: rotate it); `V` by the regressions of all columns;
//!    b. orthonormalize `V`; `U` by the regressions of all rows;
//!    c. with a robust loss: weigh the observations by their residuals (`robust`);
//!    d. stop if the observations are fitted, or the model no longer moves, or what was held out is fitted worse and
//!    worse.
//! 4. Certificate of the answer, recomputed from the observations.
//!
//! | paper | here |
//! |---|---|
//! | `U_t`, `V_t` | `State::factors` |
//! | `Omega` | `Observations` |
//! | `eps_0` | `RowTolerance` |
//! | QR | `basis::orthonormalize` |

use super::accuracy::RowTolerance;
use super::alternation::{Alternation, Manner, Side};
use super::anderson::Anderson;
use super::begin::Begun;
use super::certificate::Certificate;
use super::fit::fit;
use super::half_step::Damping;
use super::loss::{Loss, LossKind};
use super::model::Model;
use super::observations::Observations;
use super::precision::Precision;
use super::problem::Problem;
use super::recovery::relative;
use super::robust::Robust;
use super::settings::Settings;
use super::solution::{Solution, TraceRow};
use super::sweeps::{State, SweepReport, Variant};
use super::watch::{Look, Watch};
use crate::numerics::real::Real;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Phase, Result, Stop};

/// An objective that grows by this factor over the best is going astray.
const ASTRAY: f64 = 2.0;

/// Completes a matrix, from scratch or from the factors of `start`.
///
/// Not converging is an outcome of the [`Solution`], not an error; where the control stops the run, the answer is the
/// last whole sweep, or the mean alone where there was none yet (the choice of a ridge, a search). Errors: options that
/// contradict one another or those that the problem was made with, a start of other sizes, too few entries to hold some
/// out or to choose a ridge by, no memory.
pub fn solve<T: Precision>(
    problem: &Problem<T>,
    options: &Options,
    start: Option<&Model<T>>,
    control: &mut Control<'_>,
) -> Result<Solution<T>> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    T::solve(problem, &settings, start, control)
}

/// The same under a control whose clock runs already.
pub(super) fn solve_begun<T: Real>(
    problem: &Problem<T>,
    settings: &Settings,
    start: Option<&Model<T>>,
    control: &mut Control<'_>,
) -> Result<Solution<T>> {
    let rank = settings.rank.min(problem.rows()).min(problem.cols());
    if settings.implicit.then_some(settings.confidence) != problem.confidence() {
        return Err(Error::new(ErrorKind::Option, "option \"feedback\"")
            .expected("the same, and the same confidence, as when the problem was made")
            .found("another"));
    }
    if let Some(prior) = problem.prior() {
        prior.check_rank(rank)?;
        if settings.ridge == Some(0.0) {
            return Err(Error::new(ErrorKind::Option, "option \"ridge\"")
                .expected("a ridge above 0 with prior means: it draws factors to them")
                .found(0));
        }
    }
    if let Some(start) = start {
        check_start(start, problem, rank, settings.nonnegative)?;
    }
    with_team(settings.threads, |team| {
        let parted = settings.held_out().part(problem.observations())?;
        let (seen, held) = match &parted {
            Some((seen, held)) => (seen, Some(held)),
            None => (problem.observations(), None),
        };
        let judged = held.is_none_or(|held| !held.is_empty());
        if seen.is_empty() || !judged {
            return Err(Error::new(ErrorKind::Data, "entries")
                .expected("some that are held out, and some that are not (option held_out)")
                .found(format!("{} in all", problem.observations().len())));
        }
        Run { problem, settings, seen, held, rank, team }.run(start, control)
    })?
}

fn check_start<T: Real>(
    start: &Model<T>,
    problem: &Problem<T>,
    rank: usize,
    nonnegative: bool,
) -> Result<()> {
    let (found, expected) =
        ([start.rows(), start.cols(), start.rank()], [problem.rows(), problem.cols(), rank]);
    if found != expected {
        let [rows, cols, rank] = expected;
        return Err(Error::new(ErrorKind::Argument, "start")
            .expected(format!("factors of {rows} rows, {cols} columns and rank {rank}"))
            .found(format!("{} rows, {} columns and rank {}", found[0], found[1], found[2])));
    }
    if nonnegative && start.has_negative_factors() {
        return Err(Error::new(ErrorKind::Data, "start")
            .expected("factors that are not negative with the option nonnegative")
            .found("a number below 0"));
    }
    Ok(())
}

/// What a solve works on.
pub(super) struct Run<'a, T> {
    pub(super) problem: &'a Problem<T>,
    pub(super) settings: &'a Settings,
    pub(super) seen: &'a Observations<T>,
    pub(super) held: Option<&'a Observations<T>>,
    pub(super) rank: usize,
    pub(super) team: &'a Team<'a>,
}

impl<T: Real> Run<'_, T> {
    fn run(&self, start: Option<&Model<T>>, control: &mut Control<'_>) -> Result<Solution<T>> {
        let mut trace = Vec::new();
        // Some things are due even where the call was stopped: under a control of its own.
        let quiet = &mut Control::new();
        let mut robust;
        let (begun, outcome, sweeps, seconds_setup) = match self.begin(start, control)? {
            Ok(mut begun) => {
                robust = self.robust(&begun.state, quiet)?;
                let setup = control.seconds();
                let (outcome, sweeps) = if begun.finished {
                    (self.judge(&begun, control), begun.sweeps)
                } else {
                    self.sweeps(&mut begun, &mut robust, &mut trace, control)?
                };
                (begun, outcome, sweeps, setup)
            }
            Err(Stop(outcome)) => {
                let begun = self.nothing(start)?;
                robust = self.robust(&begun.state, quiet)?;
                (begun, outcome, 0, control.seconds())
            }
        };
        if let Some(robust) = &mut robust {
            robust.weigh(&begun.state, self.team, quiet)?;
        }
        let damping = self.damping(begun.ridge);
        let model = Model {
            factors: begun.state.factors,
            offsets: begun.state.offsets,
            scale: self.problem.scale(),
            damping,
            variant: self.variant(begun.ridge),
            loss: robust.as_ref().map_or(Loss::Squared, Robust::loss),
        };
        let robust_cost = robust.take().map(|robust| robust.last().cost);
        let prior = self.problem.prior();
        let (certificate, fit) = Certificate::of(&model, prior, self.seen, self.held, self.team, quiet)?;
        let cost = robust_cost.unwrap_or(fit.squares);
        control.count(quiet.work(), 0);
        let scale = self.problem.scale();
        Ok(Solution {
            objective: (cost + self.penalty(&model.factors, &model.offsets, damping)) * scale * scale,
            ridge: begun.ridge * scale,
            ridges: begun.ridges.iter().map(|(r, e)| (r * scale, e * scale)).collect(),
            searched: begun.searched,
            iterations: sweeps,
            work: control.work(),
            seconds_setup,
            seconds_solve: control.seconds() - seconds_setup,
            held_out: self.settings.held_out(),
            model,
            outcome,
            certificate,
            trace,
        })
    }

    /// How a method of so many rounds ended.
    fn judge(&self, begun: &Begun<T>, control: &mut Control<'_>) -> Outcome {
        let size = Alternation { observations: self.seen, prior: None, team: self.team }.size();
        match fit(self.seen, &begun.state.factors, &begun.state.offsets, self.team, control) {
            Ok(fit) if relative(fit.squares, size) <= self.settings.tolerance => Outcome::Converged,
            // Worse than no model at all.
            Ok(fit) if !(fit.squares <= size) => Outcome::Diverged,
            Ok(_) => Outcome::IterationLimit,
            Err(Stop(outcome)) => outcome,
        }
    }

    /// Sweeps until there is a reason to stop; the number of them, with those of the search.
    fn sweeps(
        &self,
        begun: &mut Begun<T>,
        robust: &mut Option<Robust<'_, T>>,
        trace: &mut Vec<TraceRow>,
        control: &mut Control<'_>,
    ) -> Result<(Outcome, u64)> {
        let prior = self.problem.prior();
        let size = Alternation { observations: self.seen, prior, team: self.team }
            .size_beside(begun.state.offsets.mean);
        let damping = self.damping(begun.ridge);
        let mut tolerance = RowTolerance::new(self.settings);
        let mut state = begun.state.clone();
        let mut watch = Watch::new();
        let mut anderson = Anderson::new(prior.is_none());
        // Where the last sweep ended, for extrapolations that do not pay.
        let mut last = state.clone();
        let (mut extrapolated, mut last_objective) = (false, f64::INFINITY);
        let first = begun.sweeps;
        let mut sweep = 0;
        loop {
            // What a search has done is looked at by one sweep at least.
            if first + sweep >= self.settings.max_iterations && !(sweep == 0 && first > 0) {
                return Ok((Outcome::IterationLimit, first + sweep));
            }
            let observations = robust.as_ref().map_or(self.seen, Robust::observations);
            let alternation = Alternation { observations, prior, team: self.team };
            let accuracy = tolerance.at(sweep);
            let manner = Manner {
                orthonormal: begun.ridge == 0.0 && !self.settings.nonnegative,
                damping,
                accuracy,
                solver: self.settings.row_solver,
            };
            let variant = self.variant(begun.ridge);
            let columns = match state.half(&alternation, variant, Side::Columns, manner, control)? {
                Ok(report) => report,
                Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
            };
            if extrapolated {
                let objective = columns.half.squares + self.penalty(&state.factors, &state.offsets, damping);
                if !(objective <= last_objective) {
                    // An extrapolation that does not pay: back to where the last sweep ended.
                    state.clone_from(&last);
                    anderson.clear();
                    extrapolated = false;
                    continue;
                }
            }
            let rows = match state.half(&alternation, variant, Side::Rows, manner, control)? {
                Ok(report) => report,
                Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
            };
            let report = SweepReport::new(columns, rows);
            sweep += 1;
            tolerance.learn(&report.rows.singular);
            let penalty = self.penalty(&state.factors, &state.offsets, damping);
            // With weights that follow from the residuals: what sweeps with the new weights must lower, and their
            // objective.
            let (mut squares, mut cost, mut size, mut weights_moved) =
                (report.rows.half.squares, report.rows.half.squares, size, 0.0);
            if let Some(robust) = robust {
                if let Err(Stop(outcome)) = robust.weigh(&state, self.team, control) {
                    return Ok((outcome, first + sweep));
                }
                let last = robust.last();
                (squares, cost, size) = (last.squares, last.cost, last.size);
                weights_moved = relative(last.moved, size);
            }
            let objective = cost + penalty;
            let residual = relative(squares, size);
            if !objective.is_finite() || objective > ASTRAY * watch.best_objective.max(f64::MIN_POSITIVE) {
                // Back to the best iterate, with more exact regressions, if these were inexact.
                if !tolerance.tighten() {
                    return Ok((Outcome::Diverged, first + sweep));
                }
                state.clone_from(&begun.state);
                if let Some(robust) = robust
                    && let Err(Stop(outcome)) = robust.weigh(&state, self.team, control)
                {
                    return Ok((outcome, first + sweep));
                }
                anderson.clear();
                extrapolated = false;
                continue;
            }
            let held_out = match self.held_out(robust.as_ref(), &state, control) {
                Ok(error) => error * self.problem.scale(),
                Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
            };
            let look = Look {
                objective,
                residual,
                change: report.change,
                weights_moved,
                contraction: anderson.contraction(),
                held_out,
                rounding: T::ROUNDING,
            };
            let verdict = watch.look(&look, self.settings);
            if verdict.keep {
                begun.state.clone_from(&state);
            }
            let objective = look.objective * self.problem.scale().powi(2);
            if self.settings.trace {
                let look = Look { objective, ..look };
                trace.push(self.trace_row(first + sweep, &look, &report, accuracy.reduction, control));
            }
            let told = control.report(Phase::Solve, first + sweep, objective, residual);
            let mut end = verdict.end;
            if let Some(robust) = robust
                && told.is_ok()
                && (end.is_some() || robust.is_near(report.change))
            {
                match robust.advance(end.is_some(), &state, self.team, control) {
                    Ok(true) => {
                        // Another objective.
                        end = None;
                        squares = robust.last().squares;
                        watch.restart();
                    }
                    Ok(false) => {}
                    Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
                }
            }
            if let Some(outcome) = end {
                return Ok((outcome, first + sweep));
            }
            if let Err(Stop(outcome)) = told {
                return Ok((outcome, first + sweep));
            }
            if self.settings.anderson && !self.settings.nonnegative {
                last.clone_from(&state);
                last_objective = squares + penalty;
                extrapolated = match anderson.follow(&mut state, self.team, control)? {
                    Ok(extrapolated) => extrapolated,
                    Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
                };
            }
        }
    }
}

impl<T: Real> Run<'_, T> {
    fn trace_row(
        &self,
        iteration: u64,
        look: &Look,
        report: &SweepReport,
        row_tolerance: f64,
        control: &Control<'_>,
    ) -> TraceRow {
        let root = |s: &f64| s * self.problem.scale();
        let singular = &report.rows.singular;
        let (columns, rows) = (&report.columns.half, &report.rows.half);
        TraceRow {
            iteration,
            work: control.work(),
            seconds: control.seconds(),
            objective: look.objective,
            residual: look.residual,
            change: look.change,
            held_out: look.held_out,
            incoherence: report.columns.incoherence.max(report.rows.incoherence),
            singular: [singular.last().map_or(f64::NAN, root), singular.first().map_or(f64::NAN, root)],
            row_steps: (columns.steps + rows.steps) as f64 / (columns.iterated + rows.iterated).max(1) as f64,
            row_tolerance,
        }
    }

    /// The robust loss, if there is one, at a model.
    fn robust(&self, state: &State<T>, control: &mut Control<'_>) -> Result<Option<Robust<'_, T>>> {
        let Settings { loss, tolerance, .. } = *self.settings;
        if loss == LossKind::Squared {
            return Ok(None);
        }
        Robust::new(self.seen, loss, tolerance, state, self.team, control).map(Some)
    }

    /// The error of the entries held out, in units of the problem; NaN where there are none.
    fn held_out(
        &self,
        robust: Option<&Robust<'_, T>>,
        state: &State<T>,
        control: &mut Control<'_>,
    ) -> std::result::Result<f64, Stop> {
        let Some(held) = self.held else { return Ok(f64::NAN) };
        match robust {
            Some(robust) => robust.error(held, state, self.team, control),
            None => Ok(fit(held, &state.factors, &state.offsets, self.team, control)?.rmse()),
        }
    }

    /// What is added to the squares, for a ridge in the units of the problem.
    fn damping(&self, ridge: f64) -> Damping {
        Damping { ridge, degree_power: self.settings.ridge_power, proximal: 0.0 }
    }

    /// What is special about the regressions.
    pub(super) fn variant(&self, ridge: f64) -> Variant {
        if self.settings.implicit {
            Variant::AllPairs { confidence: self.settings.confidence }
        } else if self.settings.nonnegative {
            Variant::Nonnegative
        } else {
            Variant::Plain { constant: self.constant(ridge) }
        }
    }
}
