//! A path: one problem for falling strengths of its penalty, each solve carried on from the one before.
//!
//! Setup, Gram blocks and bounded correlations last for the whole path. The first working set of a strength is the
//! support so far and the units that the strong rule expects: those beyond the kink at `2 lambda - lambda_before`
//! (Tibshirani et al. 2012). Every point ends with its own certificate, so nothing rests on that rule.
//!
//! [`Points::Adaptive`] chooses the strengths itself: see [`super::adaptive`].

use super::adaptive::next_strength;
use super::grid::{Grid, PathEnd, Points};
use crate::bcd::answers::certificate::{Certificate, certificate_flops, points_per_pass};
use crate::bcd::answers::solution::Solution;
use crate::bcd::callbacks;
use crate::bcd::problem::Problem;
use crate::bcd::settings::{Settings, Strength};
use crate::bcd::solve::{Origin, Solve, Start, Trail, any_lambda_max, any_solve, certify};
use crate::bcd::svm;
use crate::bcd::workspace::{Setup, Workspace};
use crate::runtime::control::STRETCH_FLOPS;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Level, Options, Result, Stop};

/// The solutions of a path, from the largest strength to the smallest.
#[derive(Debug, Clone)]
pub struct Path {
    /// One solution per strength, each with its certificate. `work` and seconds are of the point alone; the setup is
    /// counted at the first.
    pub points: Vec<Solution>,
    /// For an adaptive path, one number per interval: for every strength between point `k` and point `k + 1`, the
    /// objective at the coefficients of point `k` is within this of its minimum. Else empty.
    pub between: Vec<f64>,
    /// Why it ends where it does.
    pub end: PathEnd,
}

impl Path {
    fn empty() -> Self {
        Self { points: Vec::new(), between: Vec::new(), end: PathEnd::Complete }
    }
}

/// Solves a path.
///
/// The limits of the options (`max_seconds`, `max_work`) are those of the whole path, `max_iterations` of a point. A
/// path that is stopped keeps the points it has, perhaps none. `start` is where the first point starts.
///
/// Certificates are computed for several points at a time, so a stop may come before those of some points. The last one
/// is certified all the same, as a single solve is, and as many before it as takes no longer than a poll may take to be
/// obeyed (all of them on small data). The others keep their coefficients and dual points, with which
/// [`certificate`](crate::bcd::certificate()) gives theirs; their objective is NaN, their certificate infinite, and the
/// outcome is [`Outcome::Uncertified`](crate::runtime::Outcome::Uncertified) where it was converged.
///
/// Errors: as [`solve`](crate::bcd::solve()); strengths that are not finite, negative or rise; a strength of the
/// options above `lambda_max` or an infinite `lambda_max`, where the points are to be chosen; [`Points::Adaptive`]
/// without a dual.
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

/// Counts what each point took of a control that runs through all of them.
struct Shares {
    work: u64,
    seconds: f64,
}

impl Shares {
    /// The next point takes what comes from now on.
    fn from_now(control: &Control<'_>) -> Self {
        Self { work: control.work(), seconds: control.seconds() }
    }

    fn settle(&mut self, solution: &mut Solution, control: &Control<'_>) {
        solution.work = control.work() - self.work;
        for row in &mut solution.trace {
            row.work = row.work.saturating_sub(self.work);
            row.seconds -= self.seconds;
        }
        *self = Self::from_now(control);
    }
}

/// [`path()`] within a call, for whatever the problem is.
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
    let solve = Solve { problem, settings, team };
    Walk { solve, grid, path: Path::empty(), shares: Shares::from_now(control), certified: 0 }
        .run(workspace, start, control)
}

/// A path of a problem with one output, as far as it has come.
struct Walk<'w> {
    solve: Solve<'w>,
    grid: &'w Grid,
    path: Path,
    shares: Shares,
    /// How many points have their certificates.
    certified: usize,
}

impl Walk<'_> {
    fn run(
        mut self,
        workspace: &mut Workspace,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Path> {
        let Solve { problem, settings, .. } = self.solve;
        let mut setup = match self.solve.setup(workspace, control)? {
            Ok(setup) => setup,
            Err(Stop(outcome)) => return Ok(Path { end: PathEnd::Stopped(outcome), ..self.path }),
        };
        let max = setup.null.lambda_max;
        let listed = self.grid.strengths(max, settings.strength)?;
        let adaptive = matches!(self.grid.points, Points::Adaptive { .. });
        let mut lambda = if adaptive { max } else { listed[0] };
        let mut origin = start.map_or(Origin::Null, Origin::Given);
        loop {
            let trail = self.solve_point(&mut setup, lambda, origin, control)?;
            let next = match self.end_or_certify(control)? {
                Ok(()) => self.next_strength(&setup, &trail, &listed, control)?,
                Err(end) => Err(end),
            };
            match next {
                Ok(next) => lambda = next,
                Err(end) => {
                    self.path.end = end;
                    break;
                }
            }
            origin = Origin::Trail(trail);
        }
        workspace.keep(problem, settings, setup);
        self.certify_rest(control)?;
        Ok(self.path)
    }

    /// Adds the point of a strength, still without its certificate.
    fn solve_point(
        &mut self,
        setup: &mut Setup<'_>,
        lambda: f64,
        origin: Origin<'_>,
        control: &mut Control<'_>,
    ) -> Result<Trail> {
        let Solve { problem, settings, .. } = self.solve;
        let penalty = setup.scaled.penalty(problem, settings, lambda)?;
        let so_far = control.seconds() - self.shares.seconds;
        let seconds_setup = if self.path.points.is_empty() { so_far } else { 0.0 };
        let (mut solution, trail) = self.solve.search(setup, &penalty, lambda, origin, control)?;
        solution.seconds_setup = seconds_setup;
        solution.seconds_solve = control.seconds() - self.shares.seconds - seconds_setup;
        self.shares.settle(&mut solution, control);
        if control.logs(Level::Info) {
            let (ratio, nonzeros) = (lambda / setup.null.lambda_max, solution.nonzeros());
            let line = format!("path: lambda {lambda:.6e} ({ratio:.4} of lambda_max), {nonzeros} nonzeros");
            control.log(Level::Info, &line);
        }
        self.path.points.push(solution);
        Ok(trail)
    }

    /// Whether the path ends with its last point; if not, certifies the points once there are enough for a pass.
    fn end_or_certify(&mut self, control: &mut Control<'_>) -> Result<std::result::Result<(), PathEnd>> {
        if let Some(end) = self.path.points.last().and_then(|point| self.grid.ends(point)) {
            return Ok(Err(end));
        }
        let matrix = self.solve.problem.matrix();
        if self.path.points.len() - self.certified == points_per_pass(matrix.rows(), matrix.cols()) {
            self.certify(control)?;
            if let Err(Stop(outcome)) = control.poll() {
                return Ok(Err(PathEnd::Stopped(outcome)));
            }
            // Certificates are part of no point.
            self.shares = Shares::from_now(control);
        }
        Ok(Ok(()))
    }

    /// The strength after that of the last point, or why there is none.
    fn next_strength(
        &mut self,
        setup: &Setup<'_>,
        trail: &Trail,
        listed: &[f64],
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<f64, PathEnd>> {
        let count = self.path.points.len();
        let Points::Adaptive { gap, most } = self.grid.points else {
            return Ok(listed.get(count).copied().ok_or(PathEnd::Complete));
        };
        let last = listed[listed.len() - 1];
        if trail.lambda <= last {
            return Ok(Err(PathEnd::Complete));
        }
        let next = match next_strength(self.solve, gap, setup, trail, last, control)? {
            Ok(next) => next,
            Err(Stop(outcome)) => return Ok(Err(PathEnd::Stopped(outcome))),
        };
        if count >= most {
            // The interval below the last point has no point at its other end.
            return Ok(Err(PathEnd::Points));
        }
        self.path.between.push(next.bound);
        Ok(Ok(next.lambda))
    }

    /// Certifies the points that wait for it, unless the control says stop.
    fn certify(&mut self, control: &mut Control<'_>) -> Result<()> {
        let Solve { problem, settings, team } = self.solve;
        let points = &mut self.path.points[self.certified..];
        self.certified += certify(problem, settings, points, team, control)?;
        Ok(())
    }

    /// Certifies the points at the end. See [`path()`] for what a stop leaves.
    fn certify_rest(&mut self, control: &mut Control<'_>) -> Result<()> {
        self.certify(control)?;
        let Solve { problem, settings, team } = self.solve;
        let rest = &mut self.path.points[self.certified..];
        if rest.is_empty() {
            return Ok(());
        }
        if let Err(Stop(outcome)) = control.poll() {
            self.path.end = PathEnd::Stopped(outcome);
        }
        let most = (STRETCH_FLOPS / certificate_flops(problem).max(1)).max(1) as usize;
        let (without, last) = rest.split_at_mut(rest.len().saturating_sub(most));
        without.iter_mut().for_each(|point| point.take_certificate(Certificate::none()));
        certify(problem, settings, last, team, &mut Control::new())?;
        Ok(())
    }
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
    let mut shares = Shares::from_now(control);
    let mut path = Path::empty();
    let max = match &grid.points {
        Points::Given(_) => f64::INFINITY,
        _ => match any_lambda_max(problem, settings, team, control)? {
            Ok(max) => max,
            Err(Stop(outcome)) => return Ok(Path { end: PathEnd::Stopped(outcome), ..path }),
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
