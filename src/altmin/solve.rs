//! The method. Minimizes over `U`, `V` (and biases)
//!
//! `sum_(i,j) w_ij (m_ij - mean - b_i - c_j - u_i'v_j)^2 + ridge (sum_i d_i^p |u_i|^2 + sum_j e_j^p |v_j|^2)`.
//!
//! 1. Part the observations, if some are to be held out; choose the ridge, if none is given.
//! 2. Start: a search that recovers exact matrices from few entries (ridge 0), or the leading singular vectors of the
//!    rescaled observations, cut back (section 1.4 of the notes on the paper).
//! 3. Repeat sweeps, each with the tolerance that the theory asks of its regressions ([`accuracy`](super::accuracy)):
//!    a. orthonormalize `U` (with a ridge: rotate it); `V` by the regressions of all columns;
//!    b. orthonormalize `V`; `U` by the regressions of all rows;
//!    c. stop if the observations are fitted, or the model no longer moves, or what was held out is fitted worse and worse.
//! 4. Certificate of the answer, recomputed from the observations.
//!
//! | paper | here |
//! |---|---|
//! | `U_t`, `V_t` | `State::factors` |
//! | `Omega` | `Observations` |
//! | `eps_0` | `RowTolerance` |
//! | QR | `basis::orthonormalize` |

use super::accuracy::RowTolerance;
use super::alternation::{Alternation, Factors, Manner, Side};
use super::anderson::Anderson;
use super::certificate::Certificate;
use super::fit::fit;
use super::half_step::Damping;
use super::model::Model;
use super::observations::Observations;
use super::offsets::Offsets;
use super::portfolio::{SEARCHES, choose};
use super::problem::Problem;
use super::recovery::{Ends, Search, Searcher, relative, start_from};
use super::sampling::HeldOut;
use super::settings::{SearchKind, Settings};
use super::solution::{Solution, TraceRow};
use super::strengths::choose_ridge;
use super::sweeps::{State, SweepReport};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Phase, Result, Stop};

/// Share of the observations that is held out to choose a ridge by.
const JUDGES: f64 = 0.1;
/// A model that moves by less than this many roundings does not move any more.
const STILL: f64 = 64.0;
/// An objective that grows by this factor over the best is going astray.
const ASTRAY: f64 = 2.0;
/// With fewer observations a portfolio has nothing to judge by.
const FEW: usize = 100;
/// Sweeps at full rank that a search makes at most.
const SEARCH_SWEEPS: u64 = 2000;
/// The largest contraction from one sweep to the next that the distance from the limit is estimated with.
const SLOWEST: f64 = 0.995;

/// Completes a matrix, from scratch or from the factors of `start`.
///
/// Not converging is an outcome of the [`Solution`], not an error; where the control stops the run, the answer is the last
/// whole sweep. Errors: options that contradict one another, a start of other sizes, no memory.
pub fn solve<T: Real>(
    problem: &Problem<T>,
    options: &Options,
    start: Option<&Model<T>>,
    control: &mut Control<'_>,
) -> Result<Solution<T>> {
    let settings = &Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    let rank = settings.rank.min(problem.rows()).min(problem.cols());
    if let Some(start) = start {
        check_start(start, problem, rank)?;
    }
    with_team(settings.threads, |team| {
        let parted = settings.held_out().part(problem.observations())?;
        let (seen, held) = match &parted {
            Some((seen, held)) => (seen, Some(held)),
            None => (problem.observations(), None),
        };
        if seen.is_empty() {
            return Err(Error::new(ErrorKind::Data, "entries")
                .expected("some that are not held out (option held_out)")
                .found(format!("{} in all", problem.observations().len())));
        }
        Run { problem, settings, seen, held, rank, team }.run(start, control)
    })?
}

fn check_start<T: Real>(start: &Model<T>, problem: &Problem<T>, rank: usize) -> Result<()> {
    let (found, expected) =
        ([start.rows(), start.cols(), start.rank()], [problem.rows(), problem.cols(), rank]);
    if found != expected {
        let [rows, cols, rank] = expected;
        return Err(Error::new(ErrorKind::Argument, "start")
            .expected(format!("factors of {rows} rows, {cols} columns and rank {rank}"))
            .found(format!("{} rows, {} columns and rank {}", found[0], found[1], found[2])));
    }
    Ok(())
}

struct Run<'a, T> {
    problem: &'a Problem<T>,
    settings: &'a Settings,
    seen: &'a Observations<T>,
    held: Option<&'a Observations<T>>,
    rank: usize,
    team: &'a Team<'a>,
}

/// Where the sweeps begin, and how that was found.
struct Begun<T> {
    state: State<T>,
    /// In units of the problem.
    ridge: f64,
    ridges: Vec<(f64, f64)>,
    searched: Option<(Search, Vec<(Search, f64)>)>,
    sweeps: u64,
}

macro_rules! stopped {
    ($e:expr) => {
        match $e {
            Ok(value) => value,
            Err(stop) => return Ok(Err(stop)),
        }
    };
}

impl<T: Real> Run<'_, T> {
    fn run(&self, start: Option<&Model<T>>, control: &mut Control<'_>) -> Result<Solution<T>> {
        let mut trace = Vec::new();
        let (begun, outcome, sweeps, seconds_setup) = match self.begin(start, control)? {
            Ok(mut begun) => {
                let setup = control.seconds();
                let (outcome, sweeps) = self.sweeps(&mut begun, &mut trace, control)?;
                (begun, outcome, sweeps, setup)
            }
            Err(Stop(outcome)) => (self.nothing()?, outcome, 0, control.seconds()),
        };
        let damping = self.damping(begun.ridge);
        let model = Model {
            factors: begun.state.factors,
            offsets: begun.state.offsets,
            scale: self.problem.scale(),
            damping,
            constant: self.constant(begun.ridge),
        };
        // Due even where the call was stopped: under a control of its own.
        let quiet = &mut Control::new();
        let certificate = Certificate::of(&model, self.seen, self.held, self.team, quiet)?;
        let squares = fit(self.seen, &model.factors, &model.offsets, self.team, quiet)?.squares;
        control.count(quiet.work(), 0);
        let scale = self.problem.scale();
        Ok(Solution {
            objective: (squares + self.penalty(&model.factors, &model.offsets, damping)) * scale * scale,
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

    /// The ridge and the start.
    fn begin(
        &self,
        start: Option<&Model<T>>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Begun<T>, Stop>> {
        stopped!(control.report(Phase::Setup, 0, f64::NAN, f64::NAN));
        let scale = self.problem.scale();
        let (ridge, ridges, guess) = match self.settings.ridge {
            Some(ridge) => (ridge / scale, Vec::new(), None),
            None => {
                let judges = HeldOut { seed: self.settings.seed.wrapping_add(1), share: JUDGES };
                let parted = judges.part(self.seen)?;
                let Some((seen, held)) = parted.filter(|(seen, held)| !seen.is_empty() && !held.is_empty())
                else {
                    return Err(Error::new(ErrorKind::Data, "option \"ridge\"")
                        .expected("a ridge, where there are too few entries to choose one by")
                        .found(format!("{} entries", self.seen.len())));
                };
                let constant = |ridge: f64| self.constant(ridge);
                let tried =
                    choose_ridge(&seen, &held, self.rank, self.settings, constant, self.team, control)?;
                let tried = stopped!(tried);
                (tried.best, tried.errors, Some(tried.state))
            }
        };
        if let Some(model) = start {
            let state = State { factors: model.factors.clone(), offsets: model.offsets.clone() };
            return Ok(Ok(Begun { state, ridge, ridges, searched: None, sweeps: 0 }));
        }
        let offsets = self.offsets()?;
        let mut search = self.settings.search_for(ridge);
        if search == SearchKind::Portfolio && self.seen.len() < FEW {
            search = SearchKind::Continuation;
        }
        if search == SearchKind::Plain {
            let state = match guess {
                Some(state) => state,
                None => {
                    let factors = match self.beside(&offsets)? {
                        Some(left) => start_from(&left, self.rank, self.settings.seed, self.team, control)?,
                        None => start_from(self.seen, self.rank, self.settings.seed, self.team, control)?,
                    };
                    State { factors: stopped!(factors), offsets }
                }
            };
            return Ok(Ok(Begun { state, ridge, ridges, searched: None, sweeps: 0 }));
        }
        let left = self.beside(&offsets)?;
        let observations = left.as_ref().unwrap_or(self.seen);
        let ends = Ends {
            residual: self.settings.tolerance.max(T::ROUNDING),
            max_sweeps: self.settings.max_iterations.min(SEARCH_SWEEPS) as usize,
            progress: 1e-3,
        };
        let seed = self.settings.seed;
        let searcher = Searcher { observations, rank: self.rank, seed, team: self.team };
        let (found, searched) = match search {
            SearchKind::Portfolio => {
                let chosen = choose(observations, self.rank, &SEARCHES, ends, seed, self.team, control)?;
                let chosen = stopped!(chosen);
                (chosen.found, Some((chosen.search, chosen.held_out)))
            }
            SearchKind::Annealed => {
                let search = Search::Annealed { fade: 0.98 };
                (stopped!(searcher.run(search, ends, control)?), Some((search, Vec::new())))
            }
            _ => {
                let search = Search::Continuation { sweeps: 40 };
                (stopped!(searcher.run(search, ends, control)?), Some((search, Vec::new())))
            }
        };
        let state = State { factors: found.factors, offsets };
        Ok(Ok(Begun { state, ridge, ridges, searched, sweeps: found.sweeps as u64 }))
    }

    /// Sweeps until there is a reason to stop; the number of them, with those of the search.
    fn sweeps(
        &self,
        begun: &mut Begun<T>,
        trace: &mut Vec<TraceRow>,
        control: &mut Control<'_>,
    ) -> Result<(Outcome, u64)> {
        let alternation = Alternation { observations: self.seen, team: self.team };
        let (size, damping) = (alternation.size(), self.damping(begun.ridge));
        let mut tolerance = RowTolerance::new(self.settings);
        let mut state = begun.state.clone();
        let mut watch = Watch::new();
        let mut anderson = Anderson::default();
        // Where the last sweep ended, for extrapolations that do not pay.
        let mut last = state.clone();
        let (mut extrapolated, mut last_objective) = (false, f64::INFINITY);
        let first = begun.sweeps;
        let mut sweep = 0;
        loop {
            if first + sweep >= self.settings.max_iterations {
                return Ok((Outcome::IterationLimit, first + sweep));
            }
            let accuracy = tolerance.at(sweep);
            let manner = Manner {
                orthonormal: begun.ridge == 0.0,
                damping,
                accuracy,
                solver: self.settings.row_solver,
            };
            let constant = self.constant(begun.ridge);
            let columns = match state.half(&alternation, constant, Side::Columns, manner, control)? {
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
            let rows = match state.half(&alternation, constant, Side::Rows, manner, control)? {
                Ok(report) => report,
                Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
            };
            let report = SweepReport::new(columns, rows);
            sweep += 1;
            tolerance.learn(&report.rows.singular);
            let objective = report.rows.half.squares + self.penalty(&state.factors, &state.offsets, damping);
            let residual = relative(report.rows.half.squares, size);
            if !objective.is_finite() || objective > ASTRAY * watch.best_objective.max(f64::MIN_POSITIVE) {
                // Back to the best iterate, with more exact regressions, if these were inexact.
                if !tolerance.tighten() {
                    return Ok((Outcome::Diverged, first + sweep));
                }
                state.clone_from(&begun.state);
                anderson.clear();
                extrapolated = false;
                continue;
            }
            let held_out = match self.held {
                Some(held) => match fit(held, &state.factors, &state.offsets, self.team, control) {
                    Ok(fit) => fit.rmse() * self.problem.scale(),
                    Err(Stop(outcome)) => return Ok((outcome, first + sweep)),
                },
                None => f64::NAN,
            };
            let look = Look {
                objective,
                residual,
                change: report.change,
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
            if let Some(outcome) = verdict.end {
                return Ok((outcome, first + sweep));
            }
            if let Err(Stop(outcome)) = told {
                return Ok((outcome, first + sweep));
            }
            if self.settings.anderson {
                last.clone_from(&state);
                last_objective = look.objective;
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

    /// What is added to the squares, for a ridge in the units of the problem.
    fn damping(&self, ridge: f64) -> Damping {
        Damping { ridge, degree_power: self.settings.ridge_power, proximal: 0.0 }
    }

    /// The constant that biases are unknowns of: such that the ridge on them is what was asked for; without a ridge, of the
    /// size of the columns of an orthonormal factor.
    fn constant(&self, ridge: f64) -> f64 {
        if ridge == 0.0 {
            return 1.0 / (self.seen.rows().max(self.seen.cols()) as f64).sqrt();
        }
        // Values are divided by the scale, so are biases, and each factor by its root.
        let on_biases = self.settings.bias_ridge.unwrap_or(ridge * self.problem.scale());
        (ridge / on_biases).sqrt()
    }

    /// The first guess of mean and biases.
    fn offsets(&self) -> Result<Offsets<T>> {
        if self.settings.biases {
            return Offsets::guess(self.seen);
        }
        Ok(if self.settings.center { Offsets::mean_of(self.seen) } else { Offsets::none() })
    }

    /// What offsets leave of the observations; `None` where they take nothing off.
    fn beside(&self, offsets: &Offsets<T>) -> Result<Option<Observations<T>>> {
        if offsets.is_none() {
            return Ok(None);
        }
        self.seen.mapped(|i, j, value| value - offsets.at(i, j)).map(Some)
    }

    /// The model of a run that was stopped before there was one: the mean and factors of 0.
    fn nothing(&self) -> Result<Begun<T>> {
        let u = Tall::zeros(self.seen.rows(), self.rank)?;
        let v = Tall::zeros(self.seen.cols(), self.rank)?;
        let state = State { factors: Factors { u, v }, offsets: self.offsets()? };
        let ridge = self.settings.ridge.unwrap_or(0.0) / self.problem.scale();
        Ok(Begun { state, ridge, ridges: Vec::new(), searched: None, sweeps: 0 })
    }

    /// `ridge (sum_i d_i^p (|u_i|^2 + b_i^2 / constant^2) + ..)`.
    fn penalty(&self, factors: &Factors<T>, offsets: &Offsets<T>, damping: Damping) -> f64 {
        if damping.ridge == 0.0 {
            return 0.0;
        }
        let constant = self.constant(damping.ridge);
        let side = |side: Side| {
            let lines = match side {
                Side::Rows => self.seen.by_row(),
                Side::Columns => self.seen.by_col(),
            };
            let (factor, biases) = (factors.of(side), offsets.of(side));
            (0..lines.len())
                .map(|i| {
                    let bias = biases.get(i).map_or(0.0, |b| b.wide() / constant);
                    let squares: f64 = factor.row(i).iter().map(|x| x.wide() * x.wide()).sum();
                    damping.ridge_of(lines.degree(i)) * (squares + bias * bias)
                })
                .sum::<f64>()
        };
        side(Side::Rows) + side(Side::Columns)
    }
}

/// What was seen of the sweeps so far, and whether it is time to stop.
struct Watch {
    best_objective: f64,
    /// Sweeps since the objective last fell.
    idle: u64,
    last_change: f64,
    last_rate: f64,
    best_held_out: f64,
    /// Sweeps since the error of what is held out last fell.
    worse: u64,
}

struct Judgement {
    /// Whether this iterate is to be kept.
    keep: bool,
    end: Option<Outcome>,
}

/// Sweeps without a lower objective after which rounding has the word.
const IDLE: u64 = 20;

impl Watch {
    fn new() -> Self {
        Self {
            best_objective: f64::INFINITY,
            idle: 0,
            last_change: f64::INFINITY,
            last_rate: SLOWEST,
            best_held_out: f64::INFINITY,
            worse: 0,
        }
    }

    fn look(&mut self, seen: &Look, settings: &Settings) -> Judgement {
        self.idle += 1;
        if seen.objective < self.best_objective {
            self.best_objective = seen.objective;
            self.idle = 0;
        }
        // What is still to come, if it falls as it did in the worse of the last two sweeps.
        let rate = (seen.change / self.last_change).min(SLOWEST);
        let worse = rate.max(self.last_rate).max(seen.contraction.unwrap_or(0.0).min(SLOWEST));
        let distance = seen.change * worse / (1.0 - worse);
        (self.last_change, self.last_rate) = (seen.change, rate);
        let validated = !seen.held_out.is_nan();
        self.worse += 1;
        let keep = !validated || seen.held_out < self.best_held_out;
        if validated && keep {
            self.best_held_out = seen.held_out;
            self.worse = 0;
        }
        let end = if seen.residual <= settings.tolerance || distance <= settings.tolerance {
            Some(Outcome::Converged)
        } else if validated && self.worse >= settings.patience {
            Some(Outcome::Converged)
        } else if seen.change <= STILL * seen.rounding || self.idle >= IDLE {
            Some(Outcome::Floor)
        } else {
            None
        };
        Judgement { keep, end }
    }
}

/// What a sweep shows.
struct Look {
    objective: f64,
    residual: f64,
    change: f64,
    /// What a sweep leaves of the distance to the limit, as far as that is known.
    contraction: Option<f64>,
    held_out: f64,
    rounding: f64,
}
