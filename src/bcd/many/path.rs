//! A path: one problem for falling strengths of its penalty, each solve carried on from the one before.
//!
//! Setup, Gram blocks and bounded correlations last for the whole path. The first working set of a strength is the support
//! so far and the units that the strong rule expects: those beyond the kink at `2 lambda - lambda_before` (Tibshirani et
//! al. 2012). Every point ends with its own certificate, so nothing rests on that rule.
//!
//! [`Points::Adaptive`] chooses the strengths: with the point `x` of `lambda` and its dual candidate shrunk in proportion to
//! the strength, the duality gap is a convex function of the strength, so that a bound at both ends of an interval holds
//! within (after Giesen, Jaggi and Laue, Approximating Parameterized Convex Optimization Problems, ESA 2010). The next
//! strength is the smallest at which the gap is still within the bound.

use crate::bcd::answers::certificate::{Certificate, certificate_flops, points_per_pass};
use crate::bcd::answers::solution::Solution;
use crate::bcd::callbacks;
use crate::bcd::problem::Problem;
use crate::bcd::settings::{Settings, Strength};
use crate::bcd::solve::{Origin, Solve, Start, Trail, any_lambda_max, any_solve, certify};
use crate::bcd::stopping::dual::{CertificateKind, Freedom, gap_at_strength};
use crate::bcd::svm;
use crate::bcd::workspace::{Setup, Workspace};
use crate::runtime::control::STRETCH_FLOPS;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Level, Options, Outcome, Result, Stop};

/// Which strengths a path has.
#[derive(Debug, Clone, PartialEq)]
pub enum Points {
    /// This many, evenly spaced on a log scale from `lambda_max` down to the strength of the options.
    Spaced(usize),
    /// These, from the largest to the smallest.
    Given(Vec<f64>),
    /// From `lambda_max` down to the strength of the options, as far apart as a gap between them allows.
    Adaptive {
        /// For every strength between two points, the coefficients of the point above it are within this of the optimum,
        /// relative to the loss of the null model. Above the tolerance.
        gap: f64,
        /// At most this many points.
        most: usize,
    },
}

/// The strengths of a path, and where it may end early.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The strengths.
    pub points: Points,
    /// End after the first point that explains this share of the null model's loss; above 1: never.
    pub max_explained: f64,
    /// End after the first point with more coefficients than this away from 0.
    pub max_nonzeros: usize,
}

impl Grid {
    /// `count` strengths down to that of the options, without an early end.
    pub fn spaced(count: usize) -> Self {
        Self::of(Points::Spaced(count))
    }

    /// These strengths, without an early end.
    pub fn given(strengths: &[f64]) -> Self {
        Self::of(Points::Given(strengths.to_vec()))
    }

    /// The points, without an early end.
    pub fn of(points: Points) -> Self {
        Self { points, max_explained: f64::INFINITY, max_nonzeros: usize::MAX }
    }
}

/// Why a path has no further point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathEnd {
    /// The last strength was solved.
    Complete,
    /// A point explained as much as was asked for.
    Explained,
    /// A point had more nonzeros than was asked for.
    Nonzeros,
    /// The number of points allowed was reached.
    Points,
    /// The control stopped it, perhaps while the points were certified.
    Stopped(Outcome),
}

/// The solutions of a path, from the largest strength to the smallest.
#[derive(Debug, Clone)]
pub struct Path {
    /// One solution per strength, each with its certificate. `work` and seconds are of the point alone; the setup is counted
    /// at the first.
    pub points: Vec<Solution>,
    /// For an adaptive path, one number per interval: for every strength between point `k` and point `k + 1`, the objective
    /// at the coefficients of point `k` is within this of its minimum. Else empty.
    pub between: Vec<f64>,
    /// Why it ends where it does.
    pub end: PathEnd,
}

/// Solves a path.
///
/// The limits of the options (`max_seconds`, `max_work`) are those of the whole path, `max_iterations` of a point. A path
/// that is stopped keeps the points it has, perhaps none. `start` is where the first point starts.
///
/// Certificates are computed for several points at a time, so a stop may come before those of some points. The last one is
/// certified all the same, as a single solve is, and as many before it as takes no longer than a poll may take to be obeyed
/// (all of them on small data). The others keep their coefficients and dual points, with which
/// [`certificate`](crate::bcd::certificate()) gives theirs; their objective is NaN, their certificate infinite, and the outcome
/// is [`Outcome::Uncertified`] where it was converged.
///
/// Errors: as [`solve`](crate::bcd::solve()); strengths that are not finite, negative or rise; a strength of the options above
/// `lambda_max` or an infinite `lambda_max`, where the points are to be chosen; [`Points::Adaptive`] without a dual.
pub fn path(
    problem: &Problem<'_>,
    options: &Options,
    grid: &Grid,
    start: Option<Start<'_>>,
    control: &mut Control<'_>,
) -> Result<Path> {
    Workspace::new().path(problem, options, grid, start, control)
}

impl Workspace {
    /// [`path()`], with what the workspace kept from earlier solves.
    pub fn path(
        &mut self,
        problem: &Problem<'_>,
        options: &Options,
        grid: &Grid,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Path> {
        let settings = Settings::from_options(options)?;
        grid.check(&settings)?;
        control.begin(settings.max_seconds, settings.max_work);
        callbacks::watched(problem, settings, control, |settings, control| {
            with_team(settings.threads, |team| any_path(problem, settings, grid, team, self, start, control))?
        })
    }
}

impl Workspace {
    /// Pays the setup of a problem of one output now.
    pub(in crate::bcd) fn prepare(
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

impl Grid {
    pub(in crate::bcd) fn check(&self, settings: &Settings) -> Result<()> {
        let refused = |subject: &str, expected: &str, found: String| {
            Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
        };
        // Also refuses NaN.
        if !(self.max_explained >= 0.0) {
            return refused("max_explained", "a number >= 0", self.max_explained.to_string());
        }
        match &self.points {
            Points::Spaced(0) => refused("count", "at least 1 point", "0".into()),
            Points::Spaced(_) => Ok(()),
            Points::Given(lambdas) if lambdas.is_empty() => {
                refused("lambdas", "at least 1 strength", "none".into())
            }
            Points::Given(lambdas) => {
                let valid = |k: usize| {
                    lambdas[k] >= 0.0 && lambdas[k].is_finite() && (k == 0 || lambdas[k] < lambdas[k - 1])
                };
                match (0..lambdas.len()).find(|&k| !valid(k)) {
                    None => Ok(()),
                    Some(k) => Err(Error::new(ErrorKind::Argument, "lambdas")
                        .at(format!("entry {k}"))
                        .expected("finite strengths >= 0, each below the one before")
                        .found(lambdas[k])),
                }
            }
            Points::Adaptive { most: 0, .. } => refused("most", "at least 1 point", "0".into()),
            Points::Adaptive { gap, .. } if !(*gap > settings.tolerance && gap.is_finite()) => {
                let expected = format!("a finite number above the tolerance {}", settings.tolerance);
                refused("gap", &expected, gap.to_string())
            }
            Points::Adaptive { .. } => Ok(()),
        }
    }

    /// Whether the path may end after this point.
    fn ends(&self, solution: &Solution) -> Option<PathEnd> {
        match solution.outcome {
            Outcome::TimeLimit | Outcome::WorkLimit | Outcome::Cancelled => {
                Some(PathEnd::Stopped(solution.outcome))
            }
            _ if solution.explained >= self.max_explained => Some(PathEnd::Explained),
            _ if solution.nonzeros() > self.max_nonzeros => Some(PathEnd::Nonzeros),
            _ => None,
        }
    }

    /// The strengths, where they are known beforehand; else the last alone.
    fn strengths(&self, lambda_max: f64, strength: Strength) -> Result<Vec<f64>> {
        let count = match &self.points {
            Points::Given(lambdas) => return Ok(lambdas.clone()),
            Points::Spaced(count) => *count,
            Points::Adaptive { .. } => 1,
        };
        let last = strength.lambda(lambda_max);
        if !(lambda_max.is_finite() && last > 0.0 && last <= lambda_max) {
            return Err(Error::new(ErrorKind::Option, "option \"lambda\"")
                .expected(
                    "a strength above 0 and up to a finite lambda_max, or a list of strengths, for a path",
                )
                .found(format!("lambda {last} and lambda_max {lambda_max}")));
        }
        let steps = (count - 1).max(1) as f64;
        let at = |k: usize| lambda_max * (k as f64 / steps * (last / lambda_max).ln()).exp();
        Ok((0..count).map(|k| if k + 1 == count { last } else { at(k) }).collect())
    }
}

/// Counts what each point took of a control that runs through all of them.
struct Shares {
    work: u64,
    seconds: f64,
}

impl Shares {
    fn settle(&mut self, solution: &mut Solution, control: &Control<'_>) {
        solution.work = control.work() - self.work;
        for row in &mut solution.trace {
            row.work = row.work.saturating_sub(self.work);
            row.seconds -= self.seconds;
        }
        (self.work, self.seconds) = (control.work(), control.seconds());
    }
}

pub(in crate::bcd) fn any_path(
    problem: &Problem<'_>,
    settings: &Settings,
    grid: &Grid,
    team: &Team<'_>,
    workspace: &mut Workspace,
    start: Option<Start<'_>>,
    control: &mut Control<'_>,
) -> Result<Path> {
    if problem.function().is_some() || settings.output_loss.is_some() || svm::applies(problem, settings) {
        return repeated(problem, settings, grid, team, start, control);
    }
    if let Some(start) = start {
        crate::bcd::problem::check_start(start.coef, start.intercept, problem.matrix().cols())?;
    }
    settings.loss.check_targets(problem.target())?;
    Walk { solve: Solve { problem, settings, team }, grid }.run(workspace, start, control)
}

/// A path of a problem with one output.
struct Walk<'w> {
    solve: Solve<'w>,
    grid: &'w Grid,
}

impl Walk<'_> {
    fn run(
        &self,
        workspace: &mut Workspace,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Path> {
        let Solve { problem, settings, team } = self.solve;
        let began = Shares { work: control.work(), seconds: control.seconds() };
        let mut path = Path { points: Vec::new(), between: Vec::new(), end: PathEnd::Complete };
        let mut setup = match self.solve.setup(workspace, control)? {
            Ok(setup) => setup,
            Err(Stop(outcome)) => return Ok(Path { end: PathEnd::Stopped(outcome), ..path }),
        };
        let max = setup.null.lambda_max;
        let listed = self.grid.strengths(max, settings.strength)?;
        let adaptive = matches!(self.grid.points, Points::Adaptive { .. });
        let mut shares = began;
        let (mut certified, per_pass) =
            (0, points_per_pass(problem.matrix().rows(), problem.matrix().cols()));
        let (mut origin, mut lambda) =
            (start.map_or(Origin::Null, Origin::Given), if adaptive { max } else { listed[0] });
        loop {
            let penalty = setup.scaled.penalty(problem, settings, lambda)?;
            let seconds_setup = if path.points.is_empty() { control.seconds() - shares.seconds } else { 0.0 };
            let (mut solution, trail) = self.solve.search(&mut setup, &penalty, lambda, origin, control)?;
            solution.seconds_setup = seconds_setup;
            solution.seconds_solve = control.seconds() - shares.seconds - seconds_setup;
            shares.settle(&mut solution, control);
            let ends = self.grid.ends(&solution);
            if control.logs(Level::Info) {
                let (ratio, nonzeros) = (lambda / max, solution.nonzeros());
                let line =
                    format!("path: lambda {lambda:.6e} ({ratio:.4} of lambda_max), {nonzeros} nonzeros");
                control.log(Level::Info, &line);
            }
            path.points.push(solution);
            if let Some(end) = ends {
                path.end = end;
                break;
            }
            if path.points.len() - certified == per_pass {
                certified += certify(problem, settings, &mut path.points[certified..], team, control)?;
                if let Err(Stop(outcome)) = control.poll() {
                    path.end = PathEnd::Stopped(outcome);
                    break;
                }
                // Certificates are part of no point.
                shares = Shares { work: control.work(), seconds: control.seconds() };
            }
            let last = listed[listed.len() - 1];
            if adaptive {
                if lambda <= last {
                    break;
                }
                match self.next(&setup, &trail, last, team, control)? {
                    Ok(next) => {
                        path.between.push(next.bound);
                        lambda = next.lambda;
                    }
                    Err(Stop(outcome)) => {
                        path.end = PathEnd::Stopped(outcome);
                        break;
                    }
                }
                if self.reached_most(path.points.len()) {
                    // The interval below the last point has no point at its other end.
                    path.between.pop();
                    path.end = PathEnd::Points;
                    break;
                }
            } else {
                match listed.get(path.points.len()) {
                    Some(next) => lambda = *next,
                    None => break,
                }
            }
            origin = Origin::Trail(trail);
        }
        workspace.keep(problem, settings, setup);
        self.certify_rest(&mut path, certified, control)?;
        Ok(path)
    }

    /// Certifies the points from `certified` on. See [`path()`] for what a stop leaves.
    fn certify_rest(&self, path: &mut Path, mut certified: usize, control: &mut Control<'_>) -> Result<()> {
        let Solve { problem, settings, team } = self.solve;
        certified += certify(problem, settings, &mut path.points[certified..], team, control)?;
        let rest = &mut path.points[certified..];
        if rest.is_empty() {
            return Ok(());
        }
        if let Err(Stop(outcome)) = control.poll() {
            path.end = PathEnd::Stopped(outcome);
        }
        let most = (STRETCH_FLOPS / certificate_flops(problem).max(1)).max(1) as usize;
        let (without, last) = rest.split_at_mut(rest.len().saturating_sub(most));
        without.iter_mut().for_each(|point| point.take_certificate(Certificate::none()));
        certify(problem, settings, last, team, &mut Control::new())?;
        Ok(())
    }

    fn reached_most(&self, count: usize) -> bool {
        matches!(self.grid.points, Points::Adaptive { most, .. } if count >= most)
    }

    /// The smallest strength, down to `last`, at which the gap of the last point is within the bound.
    fn next(
        &self,
        setup: &Setup<'_>,
        trail: &Trail,
        last: f64,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Next, Stop>> {
        let Points::Adaptive { gap, .. } = self.grid.points else {
            return Ok(Ok(Next { lambda: last, bound: f64::NAN }));
        };
        let Solve { problem, settings, .. } = self.solve;
        let (scaled, lambda) = (&setup.scaled, trail.lambda);
        let penalty = |lambda: f64| scaled.penalty(problem, settings, lambda);
        let freedom = Freedom::of(&penalty(lambda)?);
        if freedom.kind != CertificateKind::Gap {
            return Err(Error::new(ErrorKind::Unsupported, "gap")
                .expected("a problem with a duality gap, for an adaptive path")
                .found("more unpenalized columns than are projected out"));
        }
        // The correlations exactly: bounds would make the steps shorter than they need be.
        let theta = trail.correlations.theta();
        let mut v = vec![0.0; scaled.cols()];
        let every: Vec<usize> = (0..v.len()).collect();
        if let Err(stop) = scaled.columns.correlations(&every, theta, &mut v, team, control) {
            return Ok(Err(stop));
        }
        let bound = gap * setup.null.scale;
        let at = |lambda: f64| -> Result<f64> {
            Ok(gap_at_strength(scaled, &penalty(lambda)?, &trail.state, &freedom, theta, &v))
        };
        // Where the candidate begins to be feasible as it is, the gap may have a corner.
        let corner = lambda * penalty(lambda)?.gauge(&v);
        let highest = |next: f64, found: f64| -> Result<f64> {
            let inside = corner > next && corner < lambda;
            Ok(found.max(at(lambda)?).max(if inside { at(corner)? } else { 0.0 }))
        };
        let found = highest(last, at(last)?)?;
        let t2 = scaled.target_scale * scaled.target_scale;
        if found <= bound {
            return Ok(Ok(Next { lambda: last, bound: found / t2 }));
        }
        let (mut good, mut bad, mut kept) = (lambda, last, f64::INFINITY);
        for _ in 0..HALVINGS {
            let middle = (good * bad).sqrt();
            if let Err(stop) = control.spend((GAP_FLOPS * (v.len() + theta.len())) as u64) {
                return Ok(Err(stop));
            }
            let found = highest(middle, at(middle)?)?;
            if found <= bound {
                (good, kept) = (middle, found);
            } else {
                bad = middle;
            }
        }
        // The point itself is not good enough for any step: take the smallest that was tried.
        let next = if good < lambda { good } else { bad };
        let kept = if kept.is_finite() { kept } else { highest(next, at(next)?)? };
        Ok(Ok(Next { lambda: next, bound: kept / t2 }))
    }
}

/// Halvings (on a log scale) of the interval in which the next strength lies.
const HALVINGS: usize = 24;
/// Flops of a gap at another strength, per row and column, about.
const GAP_FLOPS: usize = 32;

/// The next strength, and the gap of the last point down to it in the data's units.
struct Next {
    lambda: f64,
    bound: f64,
}

/// A path of several outputs, or of the caller's function: one solve after the other.
fn repeated(
    problem: &Problem<'_>,
    settings: &Settings,
    grid: &Grid,
    team: &Team<'_>,
    start: Option<Start<'_>>,
    control: &mut Control<'_>,
) -> Result<Path> {
    if matches!(grid.points, Points::Adaptive { .. }) {
        return Err(Error::new(ErrorKind::Unsupported, "gap")
            .expected("a problem of one output that is not solved through its dual, for an adaptive path")
            .found("several outputs, a function of the caller, or loss=hinge"));
    }
    let mut shares = Shares { work: control.work(), seconds: control.seconds() };
    let mut path = Path { points: Vec::new(), between: Vec::new(), end: PathEnd::Complete };
    let max = match &grid.points {
        Points::Given(_) => f64::INFINITY,
        _ => match any_lambda_max(problem, settings, team, control)? {
            Some(max) => max,
            None => {
                let stopped = control.poll().err().map_or(Outcome::Cancelled, |stop| stop.0);
                return Ok(Path { end: PathEnd::Stopped(stopped), ..path });
            }
        },
    };
    for lambda in grid.strengths(max, settings.strength)? {
        let one = Settings { strength: Strength::Lambda(lambda), ..settings.clone() };
        let before = path.points.last().map(|s| (s.stacked(), s.intercept));
        let warm = before.as_ref().map(|(x, b)| Start { coef: Some(x), intercept: *b }).or(start);
        let mut solution = any_solve(problem, &one, team, &mut Workspace::new(), warm, control)?;
        solution.seconds_setup -= shares.seconds;
        shares.settle(&mut solution, control);
        let ends = grid.ends(&solution);
        path.points.push(solution);
        if let Some(end) = ends {
            path.end = end;
            break;
        }
    }
    Ok(path)
}
