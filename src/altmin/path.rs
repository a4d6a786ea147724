//! Paths: the same problem for falling ridges or rising ranks, each solve carried on from the one before.

use super::alternation::Factors;
use super::fit::entry;
use super::loss::Loss;
use super::model::Model;
use super::precision::Precision;
use super::problem::Problem;
use super::recovery::start_from;
use super::robust::{cut_back, median};
use super::settings::Settings;
use super::solution::Solution;
use super::solve::solve_begun;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::error::zeros;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Options, Outcome, Result};

/// What changes along a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grid<'g> {
    /// The ridge: finite numbers at least 0, each below the one before.
    Ridges(&'g [f64]),
    /// The rank: numbers above 0, each above the one before, at most the smaller size of the matrix.
    Ranks(&'g [usize]),
}

/// The solutions along a path.
#[derive(Debug, Clone)]
pub struct Path<T> {
    /// In the order of the grid; fewer where the path was stopped.
    pub points: Vec<Solution<T>>,
    /// The point of least error on the entries held out (with a robust loss of least median error), the first of
    /// several; `None` where none are held out.
    pub best: Option<usize>,
    /// Why it ended before its last point.
    pub stopped: Option<Outcome>,
}

impl Grid<'_> {
    fn len(&self) -> usize {
        match self {
            Grid::Ridges(ridges) => ridges.len(),
            Grid::Ranks(ranks) => ranks.len(),
        }
    }

    /// Errors: none, or one that is out of range or out of order, with its number.
    pub(crate) fn check(&self, most: usize) -> Result<()> {
        let name = match self {
            Grid::Ridges(_) => "ridges",
            Grid::Ranks(_) => "ranks",
        };
        if self.len() == 0 {
            return Err(Error::new(ErrorKind::Argument, name).expected("at least one").found("none"));
        }
        let wrong = |k: usize, expected: String, found: String| {
            let error = Error::new(ErrorKind::Argument, name).at(format!("entry {k}"));
            Err(error.expected(expected).found(found))
        };
        for k in 0..self.len() {
            match self {
                Grid::Ridges(ridges) => {
                    let falls = k == 0 || ridges[k] < ridges[k - 1];
                    if !(ridges[k] >= 0.0 && ridges[k].is_finite() && falls) {
                        let expected = "finite numbers >= 0, each below the one before";
                        return wrong(k, expected.into(), ridges[k].to_string());
                    }
                }
                Grid::Ranks(ranks) => {
                    let rises = k == 0 || ranks[k] > ranks[k - 1];
                    if !(rises && (1..=most).contains(&ranks[k])) {
                        let expected = format!("numbers from 1 to {most}, each above the one before");
                        return wrong(k, expected, ranks[k].to_string());
                    }
                }
            }
        }
        Ok(())
    }

    fn set(&self, k: usize, options: &mut Options) -> Result<()> {
        match self {
            Grid::Ridges(ridges) => options.set_real("ridge", ridges[k]),
            Grid::Ranks(ranks) => options.set_integer("rank", ranks[k] as i64),
        }
    }
}

/// Solves the problem along a grid, which takes the place of the option `ridge` or `rank`. The first point starts as
/// [`solve`](super::solve()) does; a later one at the point before it (with a higher rank: and the leading singular
/// pairs of what that leaves of the entries), so there is no search but plain sweeps. With the option `held_out` each
/// point has the error on the same entries that no point has seen.
///
/// `max_seconds` and `max_work` are limits of the whole path, which ends where it is stopped; `work` and the seconds of
/// a point are its own. Errors: the grid, and as [`solve`](super::solve()).
pub fn path<T: Precision>(
    problem: &Problem<T>,
    options: &Options,
    grid: Grid<'_>,
    start: Option<&Model<T>>,
    control: &mut Control<'_>,
) -> Result<Path<T>> {
    T::path(problem, options, grid, start, control)
}

/// The same for any kind of number.
pub(super) fn path_in<T: Real>(
    problem: &Problem<T>,
    options: &Options,
    grid: Grid<'_>,
    start: Option<&Model<T>>,
    control: &mut Control<'_>,
) -> Result<Path<T>> {
    grid.check(problem.rows().min(problem.cols()))?;
    let mut options = options.clone();
    let mut points: Vec<Solution<T>> = Vec::new();
    let mut stopped = None;
    for k in 0..grid.len() {
        grid.set(k, &mut options)?;
        let settings = Settings::from_options(&options)?;
        if k == 0 {
            control.begin(settings.max_seconds, settings.max_work);
        } else if let Err(stop) = control.poll() {
            stopped = Some(stop.0);
            break;
        }
        let (work, seconds) = (control.work(), control.seconds());
        let grown = match points.last() {
            Some(last) if last.model.rank() < settings.rank => {
                let grown = with_team(settings.threads, |team| {
                    grown(&last.model, problem, &settings, team, control)
                })??;
                match grown {
                    Ok(model) => Some(model),
                    Err(stop) => {
                        stopped = Some(stop.0);
                        break;
                    }
                }
            }
            Some(last) => Some(last.model.clone()),
            None => None,
        };
        let mut solution = solve_begun(problem, &settings, grown.as_ref().or(start), control)?;
        solution.work -= work;
        solution.seconds_setup -= seconds;
        let end = solution.outcome;
        points.push(solution);
        if matches!(end, Outcome::TimeLimit | Outcome::WorkLimit | Outcome::Cancelled) {
            stopped = (k + 1 < grid.len()).then_some(end);
            break;
        }
    }
    let errors = points.iter().map(|point| held_out(point, problem)).collect::<Result<Vec<f64>>>()?;
    let judged = (0..points.len()).filter(|k| !errors[*k].is_nan());
    let best = judged.min_by(|a, b| errors[*a].total_cmp(&errors[*b]));
    Ok(Path { points, best, stopped })
}

/// What points are compared by: the error on the entries held out; with a robust loss, whose scale each point has for
/// itself, the median size of their residuals. NaN where none are held out.
fn held_out<T: Real>(point: &Solution<T>, problem: &Problem<T>) -> Result<f64> {
    let Solution { model, certificate, held_out, .. } = point;
    let held = if model.loss == Loss::Squared { None } else { held_out.part(problem.observations())? };
    let Some((_, held)) = held else { return Ok(certificate.held_out) };
    let mut sizes: Vec<f64> = zeros("held_out", held.len())?;
    let mut next = sizes.iter_mut();
    for i in 0..held.rows() {
        let line = held.by_row().line(i);
        for ((&j, value), size) in line.index.iter().zip(line.value).zip(&mut next) {
            *size = (value.wide() - entry(&model.factors, &model.offsets, i, j as usize)).abs();
        }
    }
    Ok(if sizes.is_empty() { f64::NAN } else { median(&mut sizes) })
}

/// A model of a higher rank: with the leading singular pairs of what it leaves of the entries that are fitted.
fn grown<T: Real>(
    model: &Model<T>,
    problem: &Problem<T>,
    settings: &Settings,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Model<T>, crate::runtime::Stop>> {
    let parted = settings.held_out().part(problem.observations())?;
    let seen = parted.as_ref().map_or(problem.observations(), |(seen, _)| seen);
    let left = seen.mapped(|i, j, value| value - model.predict(i, j) / model.scale())?;
    // Outliers are not to become directions of the model.
    let left = if model.loss == Loss::Squared { left } else { cut_back(&left)? };
    let more = settings.rank - model.rank();
    let mut added: Factors<T> = match start_from(&left, more, settings.seed, team, control)? {
        Ok(added) => added,
        Err(stop) => return Ok(Err(stop)),
    };
    if settings.nonnegative {
        added.make_nonnegative();
    }
    let beside = |a: &Tall<T>, b: &Tall<T>| -> Result<Tall<T>> {
        let mut out = a.widened(a.cols() + b.cols())?;
        (0..a.rows()).for_each(|i| out.row_mut(i)[a.cols()..].copy_from_slice(b.row(i)));
        Ok(out)
    };
    let mut wider = model.clone();
    wider.factors =
        Factors { u: beside(&model.factors.u, &added.u)?, v: beside(&model.factors.v, &added.v)? };
    Ok(Ok(wider))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::altmin::{Entries, solve};
    use crate::runtime::{CancelToken, Family};

    fn made(noise: f64) -> Problem<f64> {
        spoilt(noise, 0.0)
    }

    /// Every 40th value is off by an outlier.
    fn spoilt(noise: f64, outlier: f64) -> Problem<f64> {
        let cells = (0..60_i64).flat_map(|i| (0..50_i64).map(move |j| (i, j)));
        let (row, col): (Vec<i64>, Vec<i64>) =
            cells.filter(|(i, j)| (i * 31 + j * 17 + i * j) % 5 < 3).unzip();
        let truth = |i: f64, j: f64| {
            3.0 * (0.7 * i).sin() * (0.9 * j).cos()
                + 2.0 * (1.3 * i).cos() * (0.5 * j).sin()
                + (2.1 * i).sin() * (1.7 * j).sin()
        };
        let jitter = |i: f64, j: f64| noise * (i * i * 12.9898 + j * j * (i + 0.5) * 78.233).sin();
        let value: Vec<f64> = row
            .iter()
            .zip(&col)
            .enumerate()
            .map(|(e, (i, j))| {
                let off = if e % 40 == 7 { outlier } else { 0.0 };
                truth(*i as f64, *j as f64) + jitter(*i as f64, *j as f64) + off
            })
            .collect();
        let entries = Entries { rows: 60, cols: 50, row: &row, col: &col, value: &value, weight: None };
        Problem::new(entries, &Options::new(Family::Altmin), &mut Control::new()).unwrap()
    }

    fn options(set: &[(&str, &str)]) -> Options {
        let mut options = Options::new(Family::Altmin);
        set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
        options
    }

    /// Each point is a minimum that a solve of its own comes to as well.
    #[test]
    fn points_of_higher_rank_are_minima_too() {
        let problem = made(0.02);
        let options = options(&[("ridge", "0.001"), ("tolerance", "1e-9")]);
        let control = &mut Control::new();
        let found = path(&problem, &options, Grid::Ranks(&[1, 2, 3]), None, control).unwrap();
        assert_eq!((found.points.len(), found.best, found.stopped), (3, None, None));
        for (point, rank) in found.points.iter().zip(1..) {
            let found = point.certificate.gradient;
            assert!(point.model.rank() == rank && found < 1e-3, "{rank}: {found}");
        }
        let mut alone = options.clone();
        alone.set_integer("rank", 3).unwrap();
        let alone = solve(&problem, &alone, None, control).unwrap().objective;
        let third = found.points[2].objective;
        assert!((third - alone).abs() < 1e-4 * alone, "{third} {alone}");
    }

    #[test]
    fn the_error_of_what_is_held_out_finds_the_rank() {
        let problem = made(0.02);
        let options = options(&[("ridge", "0.001"), ("held_out", "0.1"), ("tolerance", "1e-9")]);
        let ranks = Grid::Ranks(&[1, 2, 3, 6]);
        let found = path(&problem, &options, ranks, None, &mut Control::new()).unwrap();
        let errors: Vec<f64> = found.points.iter().map(|p| p.certificate.held_out).collect();
        assert!(found.best == Some(2) && errors[2] < 0.1 * errors[1], "{errors:?}");
        assert!(errors[2] < 0.03, "{errors:?}");
    }

    /// Outliers neither become directions of the model nor spoil the choice.
    #[test]
    fn a_robust_path_finds_the_rank_under_outliers() {
        let problem = spoilt(0.02, 60.0);
        let options = options(&[("ridge", "1e-5"), ("held_out", "0.1"), ("loss", "student")]);
        let ranks = Grid::Ranks(&[1, 2, 3, 6]);
        let found = path(&problem, &options, ranks, None, &mut Control::new()).unwrap();
        assert_eq!(found.best, Some(2));
        let (model, clean) = (&found.points[2].model, made(0.0));
        let seen = clean.observations().by_row();
        for i in 0..60 {
            let line = seen.line(i);
            for (&j, value) in line.index.iter().zip(line.value) {
                let off = model.predict(i, j as usize) - value * clean.scale();
                assert!(off.abs() < 0.1, "{i} {j}: {off}");
            }
        }
    }

    #[test]
    fn ridges_fall_and_each_begins_at_the_last() {
        let problem = made(0.3);
        let options =
            options(&[("rank", "4"), ("held_out", "0.1"), ("ridge_power", "0"), ("search", "plain")]);
        let ridges = [8.0, 4.0, 1.0, 0.2];
        let control = &mut Control::new();
        let found = path(&problem, &options, Grid::Ridges(&ridges), None, control).unwrap();
        assert_eq!(found.points.iter().map(|p| p.ridge).collect::<Vec<_>>(), ridges);
        let fits: Vec<f64> = found.points.iter().map(|p| p.certificate.fit).collect();
        assert!(fits.windows(2).all(|w| w[1] < w[0]), "{fits:?}");
        assert!(found.best.is_some());
        // A start that is near is worth sweeps.
        let mut alone = options.clone();
        alone.set_real("ridge", 0.2).unwrap();
        alone.set_text("tolerance", "1e-7").unwrap();
        let last = Some(&found.points[3].model);
        let warm = solve(&problem, &alone, last, control).unwrap().iterations;
        assert!(warm < solve(&problem, &alone, None, control).unwrap().iterations);
        let mut without = options.clone();
        without.set_real("held_out", 0.0).unwrap();
        assert_eq!(path(&problem, &without, Grid::Ridges(&[1.0]), None, control).unwrap().best, None);
    }

    #[test]
    fn a_grid_out_of_order_is_refused_and_a_stopped_path_keeps_its_points() {
        let problem = made(0.1);
        let options = options(&[("rank", "3")]);
        let control = &mut Control::new();
        for (grid, says) in [
            (Grid::Ridges(&[]), "ridges: expected at least one"),
            (Grid::Ridges(&[1.0, 1.0]), "ridges, entry 1"),
            (Grid::Ridges(&[f64::NAN]), "ridges, entry 0"),
            (Grid::Ranks(&[2, 1]), "ranks, entry 1"),
            (Grid::Ranks(&[0]), "ranks, entry 0"),
            (Grid::Ranks(&[51]), "from 1 to 50"),
        ] {
            let refused = path(&problem, &options, grid, None, control).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
        let token = CancelToken::new();
        token.trip();
        let mut tripped = Control::new().with_cancel(&token);
        let found = path(&problem, &options, Grid::Ranks(&[1, 2]), None, &mut tripped).unwrap();
        assert_eq!((found.points.len(), found.stopped), (1, Some(Outcome::Cancelled)));
    }
}
