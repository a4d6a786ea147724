//! Many solves on one matrix: other targets, weights, offsets or strengths, several at a time.
//!
//! Jobs are dealt to tasks by their order alone, and a task's jobs share a workspace, so the thread count cannot change
//! a bit.

use super::waves::in_waves;
use crate::bcd::answers::solution::Solution;
use crate::bcd::callbacks;
use crate::bcd::problem::Problem;
use crate::bcd::settings::{Settings, Strength};
use crate::bcd::solve::{Start, any_solve};
use crate::bcd::workspace::Workspace;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Options, Result};

/// What one solve of a batch has of its own; `None`: as the problem and the options say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Job<'j> {
    /// The target: one number per row.
    pub target: Option<&'j [f64]>,
    /// Weights of the rows, at least 0.
    pub weights: Option<&'j [f64]>,
    /// Offsets of the rows.
    pub offset: Option<&'j [f64]>,
    /// The strength of the penalty.
    pub lambda: Option<f64>,
    /// Where the solve starts.
    pub start: Option<Start<'j>>,
}

/// Jobs that one task does one after the other.
const JOBS_PER_TASK: usize = 8;

/// Solves the problem once for each job, in parallel over jobs with the threads of the options; kernels use one thread
/// each. The solutions are those of single solves up to rounding, in the order of the jobs.
///
/// The matrix is not copied. Jobs without weights of their own share column scales and norms. Deadline, token and
/// `max_work` are of all jobs together; what is stopped has its outcome in its solution. Up to 128 jobs are begun
/// together, eight to a task, and each task may use what `max_work` has left before them: stopped jobs do not depend on
/// the threads. Progress is reported on the calling thread, in iterations that count tasks.
///
/// Errors: as [`solve`](crate::bcd::solve()), those of the first job that has one.
pub fn batch(
    problem: &Problem<'_>,
    options: &Options,
    jobs: &[Job<'_>],
    control: &mut Control<'_>,
) -> Result<Vec<Solution>> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    callbacks::watched(problem, settings, control, |settings, control| {
        with_team(settings.threads, |team| {
            let tasks: Vec<&[Job<'_>]> = jobs.chunks(JOBS_PER_TASK).collect();
            let first = first_workspace(problem, settings, jobs, team, control)?;
            let mut solutions = Vec::with_capacity(jobs.len());
            in_waves(tasks.len(), team, control, |task, control| {
                let mut workspace = first.clone();
                let solve = |job| one(problem, settings, job, &mut workspace, control);
                tasks[task].iter().map(solve).collect::<Result<Vec<Solution>>>()
            })?
            .into_iter()
            .for_each(|found| solutions.extend(found));
            Ok(solutions)
        })?
    })
}

/// The setup of the first job that has no weights of its own: the others begin with its columns.
fn first_workspace(
    problem: &Problem<'_>,
    settings: &Settings,
    jobs: &[Job<'_>],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Workspace> {
    let mut workspace = Workspace::new();
    let shared = jobs.iter().filter(|job| job.weights.is_none()).take(2).collect::<Vec<_>>();
    if let [first, _] = shared[..]
        && problem.function().is_none()
        && settings.output_loss.is_none()
    {
        let problem = first.problem(problem)?;
        workspace.prepare(&problem, settings, team, control)?;
    }
    Ok(workspace)
}

fn one(
    problem: &Problem<'_>,
    settings: &Settings,
    job: &Job<'_>,
    workspace: &mut Workspace,
    control: &mut Control<'_>,
) -> Result<Solution> {
    let problem = job.problem(problem)?;
    let (began, work) = (control.seconds(), control.work());
    let own = job.lambda.map(|lambda| Settings { strength: Strength::Lambda(lambda), ..settings.clone() });
    let settings = own.as_ref().unwrap_or(settings);
    let mut solution = any_solve(&problem, settings, &Team::solo(), workspace, job.start, control)?;
    solution.seconds_setup -= began;
    solution.work -= work;
    Ok(solution)
}

impl Job<'_> {
    /// The job's problem: the same matrix, shared.
    fn problem<'p>(&self, problem: &Problem<'p>) -> Result<Problem<'p>> {
        let mut problem = problem.clone();
        if let Some(lambda) = self.lambda
            && !(lambda >= 0.0)
        {
            return Err(Error::new(ErrorKind::Argument, "lambda").expected("a number >= 0").found(lambda));
        }
        if let Some(target) = self.target {
            problem.set_target(target)?;
        }
        if let Some(weights) = self.weights {
            problem.set_weights(weights)?;
        }
        if let Some(offset) = self.offset {
            problem.set_offset(offset)?;
        }
        Ok(problem)
    }
}
