//! Cross-validation over a path: each fold's rows are left out by weight 0, so that the matrix is never copied.

use super::grid::{Grid, PathEnd};
use super::path::{Path, any_path};
use super::waves::in_waves;
use crate::bcd::callbacks;
use crate::bcd::problem::Problem;
use crate::bcd::settings::Settings;
use crate::bcd::workspace::Workspace;
use crate::numerics::sum::sum;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Result, Stop};

/// Which rows are left out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folds {
    /// This many folds of nearly equal size, dealt at random by the seed of the options; classes are dealt evenly.
    Seeded(usize),
    /// The fold of each row, counted from 0.
    Given(Vec<usize>),
}

/// What cross-validation found. The curves have one number per strength of `path`.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    /// The path on all rows: the strengths, and the models to choose from.
    pub path: Path,
    /// The fold of each row.
    pub fold_of_row: Vec<usize>,
    /// Mean loss on the rows left out, averaged over folds by their weight; NaN where all weights are 0.
    pub mean: Vec<f64>,
    /// The standard error of that mean over folds.
    pub standard_error: Vec<f64>,
    /// Mean loss of each fold, strength after strength.
    pub folds: Vec<Vec<f64>>,
    /// The strength with the least mean loss: the largest of them in a tie.
    pub best: usize,
    /// The largest strength whose mean is within one standard error of the least.
    pub one_standard_error: usize,
    /// Whether every point of every fold, and of the path on all rows, converged.
    pub converged: bool,
}

/// Cross-validates the strengths of a path.
///
/// The strengths are those of the path on all rows. A fold is fitted on the other rows at `lambda W / W_all` (the ridge
/// `l2` of groups and the linear term likewise), where `W` is the weight of those rows and `W_all` of all: its losses
/// then have the same share in the objective, for either `scale`. That is glmnet's convention, whose strength is beside
/// a mean of losses and the same in every fold. Folds run in parallel with the threads of the options; their number
/// cannot change a bit. Limits are as in [`path`](fn@super::path::path), of the path on all rows and the folds
/// together; up to 16 folds are begun together, each with what is left of `max_work`. A token, a deadline and the
/// progress callback, whose iterations count folds, stop within the folds.
///
/// Errors: as [`path`](fn@super::path::path); folds of another number than rows, fewer than 2, or empty; several
/// outputs and functions of the caller; `Stopped` where the control ended a path before it was complete.
pub fn cross_validate(
    problem: &Problem<'_>,
    options: &Options,
    grid: &Grid,
    folds: &Folds,
    control: &mut Control<'_>,
) -> Result<CrossValidation> {
    let settings = Settings::from_options(options)?;
    grid.check(&settings)?;
    if problem.function().is_some() || settings.output_loss.is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "option \"loss\"")
            .expected("a loss of one output, for cross-validation")
            .found("several outputs, or a function of the caller"));
    }
    settings.loss.check_targets(problem.target())?;
    let fold_of_row = folds.of_rows(problem, &settings)?;
    control.begin(settings.max_seconds, settings.max_work);
    callbacks::watched(problem, settings, control, |settings, control| {
        with_team(settings.threads, |team| run(problem, settings, grid, fold_of_row, team, control))?
    })
}

fn run(
    problem: &Problem<'_>,
    settings: &Settings,
    grid: &Grid,
    fold_of_row: Vec<usize>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<CrossValidation> {
    let path = any_path(problem, settings, grid, team, &mut Workspace::new(), None, control)?;
    whole(&path)?;
    let count = fold_of_row.iter().max().map_or(0, |f| f + 1);
    let fits = in_waves(count, team, control, |fold, control| {
        Fold::fit(problem, settings, &path, &fold_of_row, fold, control)
    })?;
    let total: f64 = sum(fits.iter().map(|f| f.weight));
    let (mut mean, mut standard_error) = (Vec::new(), Vec::new());
    for k in 0..path.points.len() {
        let at = |f: &Fold| (f.weight / total, f.loss[k]);
        let present = || fits.iter().filter(|f| f.weight > 0.0).map(at);
        // Without weight there is no mean.
        let m = if total > 0.0 { sum(present().map(|(share, loss)| share * loss)) } else { f64::NAN };
        let spread = sum(present().map(|(share, loss)| share * (loss - m) * (loss - m)));
        mean.push(m);
        standard_error.push((spread / present().count().saturating_sub(1) as f64).sqrt());
    }
    let best = (0..mean.len()).fold(0, |best, k| if mean[k] < mean[best] { k } else { best });
    let limit = mean[best] + standard_error[best];
    let one_standard_error = (0..best).find(|&k| mean[k] <= limit).unwrap_or(best);
    let converged =
        fits.iter().all(|f| f.converged) && path.points.iter().all(|s| s.outcome == Outcome::Converged);
    let folds = fits.into_iter().map(|f| f.loss).collect();
    Ok(CrossValidation {
        path,
        fold_of_row,
        mean,
        standard_error,
        folds,
        best,
        one_standard_error,
        converged,
    })
}

/// Refuses a path that the control cut short: its curve would stop at a strength that no one asked for.
fn whole(path: &Path) -> Result<()> {
    match path.end {
        PathEnd::Stopped(outcome) => Err(Stop(outcome).into()),
        _ => Ok(()),
    }
}

/// A fold's curve.
struct Fold {
    /// Weight of the rows left out.
    weight: f64,
    /// Their mean loss at each strength; NaN without weight.
    loss: Vec<f64>,
    converged: bool,
}

impl Fold {
    fn fit(
        problem: &Problem<'_>,
        settings: &Settings,
        path: &Path,
        fold_of_row: &[usize],
        fold: usize,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let part = |kept: bool| -> Vec<f64> {
            let weights = problem.weights().iter().zip(fold_of_row);
            weights.map(|(w, f)| if (*f != fold) == kept { *w } else { 0.0 }).collect()
        };
        let (inside, outside) = (part(true), part(false));
        let (all, weight) = (sum(problem.weights().iter().copied()), sum(outside.iter().copied()));
        let share = if all > 0.0 { sum(inside.iter().copied()) / all } else { 1.0 };
        let mut own = problem.clone();
        own.set_weights(&inside)?;
        let lambdas: Vec<f64> = path.points.iter().map(|s| s.lambda * share).collect();
        let grid = Grid::given(&lambdas);
        if let Some(linear) = problem.linear() {
            own.set_linear(&linear.iter().map(|c| c * share).collect::<Vec<f64>>())?;
        }
        // The ridge of groups is part of the objective that lambda does not scale.
        let settings = &Settings { l2: settings.l2 * share, ..settings.clone() };
        let found = any_path(&own, settings, &grid, &Team::solo(), &mut Workspace::new(), None, control)?;
        whole(&found)?;
        let converged = found.points.iter().all(|s| s.outcome == Outcome::Converged);
        let score = |s: &crate::bcd::answers::solution::Solution| {
            s.score(problem.matrix(), problem.target(), Some(&outside), Some(problem.offset()))
        };
        let loss = found.points.iter().map(score).collect::<Result<Vec<f64>>>()?;
        Ok(Self { weight, loss, converged })
    }
}

impl Folds {
    /// The fold of each row.
    fn of_rows(&self, problem: &Problem<'_>, settings: &Settings) -> Result<Vec<usize>> {
        let rows = problem.matrix().rows();
        let refused = |subject: &str, expected: String, found: String| {
            Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
        };
        match self {
            Folds::Seeded(count) if *count < 2 || *count > rows => {
                refused("folds", format!("2 to {rows} folds, as many as rows at most"), count.to_string())
            }
            Folds::Seeded(count) => {
                let mut order: Vec<usize> = (0..rows).collect();
                Stream::new(settings.seed, Purpose::Folds, 0).shuffle_front(&mut order, rows);
                if settings.loss.has_labels() {
                    let y = problem.target();
                    order.sort_by(|&a, &b| y[a].total_cmp(&y[b]));
                }
                let mut fold_of_row = vec![0; rows];
                order.iter().enumerate().for_each(|(k, &row)| fold_of_row[row] = k % count);
                Ok(fold_of_row)
            }
            Folds::Given(of_row) if of_row.len() != rows => {
                refused("folds.len", format!("{rows}, one per row"), of_row.len().to_string())
            }
            Folds::Given(of_row) => {
                let count = of_row.iter().max().map_or(0, |f| f.saturating_add(1));
                if count < 2 || count > rows {
                    let found = format!("a largest fold of {}", count.saturating_sub(1));
                    return refused("folds", format!("2 to {rows} folds, counted from 0"), found);
                }
                let mut size = vec![0_usize; count];
                of_row.iter().for_each(|&f| size[f] += 1);
                match size.iter().position(|s| *s == 0) {
                    Some(empty) => {
                        refused("folds", "rows in every fold".into(), format!("none in fold {empty}"))
                    }
                    None => Ok(of_row.clone()),
                }
            }
        }
    }
}
