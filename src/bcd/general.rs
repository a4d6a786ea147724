//! The loop for any smooth function that can tell its certificate: several outputs and the caller's own functions.
//!
//! The steps are those of [`solve`](super::solve): look at the certificate; select a block; update it.

use super::answers::solution::TraceRow;
use super::block::Block;
use super::plan::{Paper, STEPS_PER_SET};
use super::rules::working_set;
use super::settings::{Rule, Settings};
use super::smooth::Smooth;
use super::stopping::check::goal_of_gradient;
use super::stopping::patience::Patience;
use super::updates::anderson::Anderson;
use super::updates::step::Step;
use crate::runtime::{Control, Level, Outcome, Phase, Stop};

/// What a look at the iterate finds.
pub(super) struct Look {
    pub(super) objective: f64,
    /// The certificate.
    pub(super) value: f64,
    /// The gradient of the smooth part at every coordinate.
    pub(super) gradient: Vec<f64>,
}

/// What the loop asks of a problem besides its smooth function.
pub(super) trait Certifier<S: Smooth> {
    /// Computes everything afresh from the coordinates, and the certificate.
    fn look(&mut self, f: &mut S, control: &mut Control<'_>) -> Result<Look, Stop>;
    /// A step of rule auto on a working set; `goal` is a gain that is small enough to stop at.
    fn work_on(
        &mut self,
        f: &mut S,
        block: &Block,
        goal: f64,
        control: &mut Control<'_>,
    ) -> Result<Step, Stop>;
}

/// When to stop.
pub(super) struct Aim {
    /// The certificate that is small enough.
    pub(super) limit: f64,
    /// Size of the certificate at the start: a tiny share of it is rounding.
    pub(super) scale: f64,
    /// The same in units of the objective.
    pub(super) objective_scale: f64,
    /// Whether the certificate is in units of the objective.
    pub(super) is_gap: bool,
}

/// What is remembered from look to look.
pub(super) struct Watch<'w> {
    aim: Aim,
    settings: &'w Settings,
    patience: Patience,
    trace: Vec<TraceRow>,
}

impl<'w> Watch<'w> {
    pub(super) fn new(aim: Aim, settings: &'w Settings) -> Self {
        Self { aim, settings, patience: Patience::new(settings), trace: Vec::new() }
    }

    pub(super) fn target(&self) -> f64 {
        self.aim.limit
    }

    pub(super) fn take_trace(&mut self) -> Vec<TraceRow> {
        std::mem::take(&mut self.trace)
    }

    /// Takes a look into account; gives an outcome where the loop has to end.
    fn judge(&mut self, look: &Look, x: &[f64], iteration: u64, control: &Control<'_>) -> Option<Outcome> {
        let Look { objective, value, .. } = *look;
        if self.settings.trace {
            self.trace.push(TraceRow::new(iteration, objective, value, x, control));
        }
        if !objective.is_finite() {
            return Some(Outcome::Diverged);
        }
        let limit = self.aim.limit;
        // A scale that overflowed accepts nothing; an infinite tolerance anything.
        if value <= limit && (limit.is_finite() || self.settings.tolerance.is_infinite()) {
            return Some(Outcome::Converged);
        }
        let scale = if self.aim.is_gap { objective.abs().max(self.aim.scale) } else { self.aim.scale };
        self.patience.look(objective, value, scale)
    }

    /// A gain in the objective that is small enough for the next block.
    fn goal(&self, value: f64) -> f64 {
        if self.aim.is_gap {
            let gap = if value.is_finite() { value } else { self.aim.scale };
            0.1 * self.aim.limit.max(0.1 * gap).min(f64::MAX)
        } else {
            goal_of_gradient(self.settings.tolerance, self.aim.objective_scale)
        }
    }
}

/// Looks, selects and updates until the certificate meets the tolerance or nothing helps any more.
pub(super) fn iterate<S: Smooth>(
    f: &mut S,
    certifier: &mut impl Certifier<S>,
    watch: &mut Watch<'_>,
    iterations: &mut u64,
    control: &mut Control<'_>,
) -> Result<Outcome, Stop> {
    let settings = watch.settings;
    // Rule auto has no plan: its blocks are working sets.
    let mut plan = match settings.rule {
        Rule::Auto => None,
        _ => Some(Paper::new(settings, f, control)?),
    };
    let mut anderson = settings.anderson.then(Anderson::default);
    loop {
        let look = certifier.look(f, control)?;
        let outcome = watch.judge(&look, f.x(), *iterations, control);
        control.report(Phase::Solve, *iterations, look.objective, look.value)?;
        if control.logs(Level::Debug) {
            let line = format!(
                "iteration {iterations}: objective {:.12e}, certificate {:.3e}",
                look.objective, look.value
            );
            control.log(Level::Debug, &line);
        }
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
        let left = settings.max_iterations - *iterations;
        if left == 0 {
            return Ok(Outcome::IterationLimit);
        }
        if let Some(anderson) = &mut anderson {
            anderson.follow_any(f, control)?;
        }
        let Some(plan) = &mut plan else {
            let (block, _) = working_set::select(f.penalty(), None, f.lipschitz(), f.x(), &look.gradient);
            let goal = watch.goal(look.value);
            for _ in 0..STEPS_PER_SET {
                let step = certifier.work_on(f, &block, goal, control)?;
                if f.is_quadratic() || step.achieved <= goal {
                    break;
                }
            }
            *iterations += 1;
            continue;
        };
        for _ in 0..left.min(plan.blocks_per_check(f)) {
            let choice = plan.select(f, control)?;
            plan.update(f, &choice, control)?;
            *iterations += 1;
        }
    }
}
