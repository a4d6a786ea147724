//! Update rules (section 4 of the paper): how a chosen block moves.
//!
//! * [`gradient`]: `x_b+ = prox(x_b - g_b / L_b)`, for any [`Smooth`] function.
//! * [`with_weights`]: minimizes a bound `A_b' W A_b` of the linear composition (and the penalty) over the block.
//! * [`newton`]: minimizes the model with the Hessian at the iterate, then searches along the step.
//! * [`super::cubic`], [`super::exact`]: the others. [`super::model_step`] has bounds and Newton steps for all functions.

use super::line;
use super::model_step::block_gradient;
use crate::bcd::block::Block;
use crate::bcd::block_problem::block_model::{Curvature, GramModel, RowModel, gram_pays};
use crate::bcd::block_problem::quadratic::{Goal, minimize};
use crate::bcd::engine::Engine;
use crate::bcd::settings::LineSearch;
use crate::bcd::smooth::Smooth;
use crate::numerics::gram::gram;
use crate::runtime::{Control, Stop};

/// What an update did.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::bcd) struct Step {
    /// Decrease of the objective that the update's model promised (0 if the block was optimal).
    pub(in crate::bcd) promised: f64,
    /// Decrease of the objective: from accurate differences where a search measured it, the promise where none was
    /// needed, 0 where it is below rounding.
    pub(in crate::bcd) achieved: f64,
}

/// Sufficient decrease of the line search.
pub(in crate::bcd) const ARMIJO: f64 = 1e-4;
/// Gains below this share of the objective cannot be measured.
pub(in crate::bcd) const ROUNDING: f64 = 1e-14;
/// Halvings of a Newton step before it is given up.
pub(in crate::bcd) const HALVINGS: usize = 60;
/// Doublings of an estimated constant before a step is given up.
pub(in crate::bcd) const DOUBLINGS: usize = 120;
/// Sweeps that a Gram block of a Newton model is likely to serve.
const NEWTON_SWEEPS: u64 = 20;
/// The same for a quadratic loss, where the block lasts for the whole solve.
const QUADRATIC_SWEEPS: u64 = 100;

/// A proximal gradient step with the constant `constant >= L_b`.
pub(in crate::bcd) fn gradient<S: Smooth>(
    f: &mut S,
    block: &Block,
    constant: f64,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let g = block_gradient(f, block, control)?;
    let trial = Trial::new(f, block, &g, constant);
    f.move_to(block.columns(), &trial.to, control)?;
    Ok(Step { promised: trial.promised, achieved: trial.promised.max(0.0) })
}

/// The same with an estimated constant ("Lipschitz approximation" in the paper's experiments): doubles while the quadratic
/// bound fails, and halves the next start.
///
/// The bound is tested on accurate differences of the loss, so that rounding near the optimum cannot make it double
/// for ever.
pub(in crate::bcd) fn gradient_with_estimate<S: Smooth>(
    f: &mut S,
    block: &Block,
    estimate: &mut f64,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let last = *estimate;
    *estimate *= 0.5;
    let g = block_gradient(f, block, control)?;
    for _ in 0..DOUBLINGS {
        let trial = Trial::new(f, block, &g, *estimate);
        if trial.step.iter().all(|s| *s == 0.0) {
            // No step, no news of the constant.
            *estimate = last;
            return Ok(Step::default());
        }
        if !trial.promised.is_finite() {
            *estimate *= 2.0;
            continue;
        }
        let ray = f.ray(block.columns(), &trial.step, control)?;
        let change = f.change(&ray, 1.0, control)?;
        if change <= trial.smooth_bound + 1e-15 * trial.smooth_bound.abs() {
            f.move_to(block.columns(), &trial.to, control)?;
            return Ok(Step { promised: trial.promised, achieved: -(change + trial.penalty_change) });
        }
        *estimate *= 2.0;
    }
    Ok(Step::default())
}

struct Trial {
    to: Vec<f64>,
    step: Vec<f64>,
    /// `g'd + L/2 |d|^2`: the bound of the change of the loss.
    smooth_bound: f64,
    penalty_change: f64,
    promised: f64,
}

impl Trial {
    fn new<S: Smooth>(f: &S, block: &Block, g: &[f64], constant: f64) -> Self {
        let x = block.gather(f.x());
        let mut to = x.clone();
        if constant > 0.0 {
            to.iter_mut().zip(g).for_each(|(to, g)| *to -= g / constant);
            for (i, &u) in block.units().iter().enumerate() {
                f.penalty().prox(u, constant, &mut to[block.range(i)]);
            }
        }
        let step: Vec<f64> = to.iter().zip(&x).map(|(n, x)| n - x).collect();
        let smooth_bound: f64 = step.iter().zip(g).map(|(d, g)| d * (g + 0.5 * constant * d)).sum();
        let penalty_change = block.penalty_change(f.penalty(), &x, &to);
        Self { to, step, smooth_bound, penalty_change, promised: -(smooth_bound + penalty_change) }
    }
}

/// A step to the minimum of a quadratic bound of the linear composition, given the weight of each row; no line search
/// is needed.
pub(in crate::bcd) fn with_weights(
    engine: &mut Engine<'_>,
    block: &Block,
    w: Vec<f64>,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let model = block_step(engine, block, w, 0.0, exactly(), control)?;
    take(engine, block, &model, control)
}

/// Takes the step of a model that bounds the objective.
///
/// `slope` and `bend` are of the data, the step is of a Gram block, in which a column that hardly varies beside an
/// intercept can lose its curvature: where the full step would rise, it ends at the minimum along it. (The penalty is
/// convex, so that `alpha` of the step falls by `alpha slope - alpha^2 bend / 2` at least.)
fn take(
    engine: &mut Engine<'_>,
    block: &Block,
    model: &ModelStep,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    if model.promised >= 0.0 || model.promised >= -ROUNDING * engine.objective().abs() {
        engine.move_block(block, &model.to, model.intercept_step, control)?;
        return Ok(Step { promised: model.promised, achieved: model.promised });
    }
    let alpha = model.slope / model.bend;
    // Also where either is no number.
    if !(alpha > 0.0 && alpha < 1.0) {
        return Ok(Step::default());
    }
    let before = block.gather(&engine.state.x);
    let to: Vec<f64> = before.iter().zip(&model.step).map(|(x, p)| x + alpha * p).collect();
    engine.move_block(block, &to, alpha * model.intercept_step, control)?;
    let promised = 0.5 * alpha * model.slope;
    Ok(Step { promised, achieved: promised })
}

/// A step to the minimum of the model with the Hessian at the iterate, and a line search on the maintained `z`.
pub(in crate::bcd) fn newton(
    engine: &mut Engine<'_>,
    block: &Block,
    goal: Goal,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    newton_searched(engine, block, goal, LineSearch::Armijo, control)
}

/// The same with the line search asked for.
pub(in crate::bcd) fn newton_searched(
    engine: &mut Engine<'_>,
    block: &Block,
    goal: Goal,
    search: LineSearch,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let scaled = engine.scaled;
    let mut w = vec![0.0; scaled.rows()];
    scaled.loss.curvatures(&scaled.y, &engine.state.z, &scaled.s, &mut w);
    control.spend(crate::bcd::state::LOSS_FLOPS * w.len() as u64)?;
    let model = block_step(engine, block, w, engine.damping.share(), goal, control)?;
    if model.step.iter().all(|s| *s == 0.0) && model.intercept_step == 0.0 {
        return Ok(Step::default());
    }
    if scaled.loss.is_quadratic() {
        return take(engine, block, &model, control);
    }
    line_search(engine, block, &model, search, control)
}

/// Block minimization to rounding.
pub(in crate::bcd) fn exactly() -> Goal {
    Goal { absolute: 0.0, relative: 1e-24 }
}

/// The minimizer of a block's model.
struct ModelStep {
    to: Vec<f64>,
    step: Vec<f64>,
    intercept_step: f64,
    /// `-(g'p + G(x + p) - G(x))`: first-order decrease.
    slope: f64,
    /// Decrease of the model.
    promised: f64,
    /// `p'Hp`: twice the model's decrease at its minimum, to first order, and free of cancellation.
    bend: f64,
    /// The change of the linear predictor.
    dz: Vec<f64>,
}

fn block_step(
    engine: &mut Engine<'_>,
    block: &Block,
    w: Vec<f64>,
    damping: f64,
    goal: Goal,
    control: &mut Control<'_>,
) -> Result<ModelStep, Stop> {
    let (scaled, team) = (engine.scaled, engine.team);
    let list = block.columns();
    let damped: Vec<f64> = list.iter().map(|&j| damping * engine.lipschitz[j]).collect();
    let curvature = Curvature::new(scaled, w, list, damped, team, control)?;
    let g = engine.block_gradient(block, control)?;
    let slope_sum: f64 = if curvature.total > 0.0 { engine.state.d.iter().sum() } else { 0.0 };
    let before = block.gather(&engine.state.x);
    let mut x = before.clone();
    let quadratic = scaled.loss.is_quadratic();
    let sweeps = if quadratic { QUADRATIC_SWEEPS } else { NEWTON_SWEEPS };
    let mut square = None;
    if gram_pays(&scaled.columns, list, sweeps) {
        square = if quadratic {
            engine.grams.block(scaled, list, team, control)?
        } else {
            Some(gram(&scaled.columns, list, &curvature.w, team, control)?)
        };
    }
    if let Some(square) = square {
        let mut model =
            GramModel::new(square, &g, slope_sum, &curvature, curvature.residual(&engine.state.d));
        minimize(&mut model, block, engine.penalty, &mut x, goal, team, control)?;
    } else {
        let mut model = RowModel::new(&scaled.columns, list, &curvature, &engine.state.d, team, control)?;
        minimize(&mut model, block, engine.penalty, &mut x, goal, team, control)?;
    }
    let step: Vec<f64> = x.iter().zip(&before).map(|(x, b)| x - b).collect();
    let intercept_step = curvature.intercept_step(slope_sum, &step);
    let linear: f64 = step.iter().zip(&g).map(|(p, g)| p * g).sum::<f64>() + intercept_step * slope_sum;
    let penalty_change = block.penalty_change(engine.penalty, &before, &x);
    let slope = -(linear + penalty_change);
    let dz = engine.predictor_step(block, &step, intercept_step, control)?;
    // A row without weight may hold anything, and its square overflow.
    let weighted = dz.iter().zip(&curvature.w).filter(|(_, w)| **w != 0.0);
    let bend: f64 = weighted.map(|(z, w)| z * z * w).sum();
    Ok(ModelStep { to: x, step, intercept_step, slope, promised: slope - 0.5 * bend, bend, dz })
}

/// Halves the step until the objective falls by a share of what the first order promises (Armijo), and adapts the
/// damping to how well the model held.
fn line_search(
    engine: &mut Engine<'_>,
    block: &Block,
    model: &ModelStep,
    search: LineSearch,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let before = block.gather(&engine.state.x);
    if model.bend.max(model.slope.abs()) <= ROUNDING * engine.objective_size {
        // What is left to gain drowns in the rounding of the objective: Newton's step is better than its test.
        engine.move_block(block, &model.to, model.intercept_step, control)?;
        return Ok(Step { promised: model.bend, achieved: 0.0 });
    }
    if !(model.slope > 0.0) {
        // No descent: a model so flat that its minimizer is lost to rounding.
        engine.damping.failed();
        return Ok(Step { promised: model.promised, achieved: 0.0 });
    }
    let mut alpha = match search {
        LineSearch::Armijo => 1.0,
        LineSearch::Exact => line::minimizer(block, engine.penalty, &before, &model.step, |alpha| {
            engine.slopes_along(&model.dz, alpha, control)
        })?,
    };
    for _ in 0..HALVINGS {
        let x: Vec<f64> = before.iter().zip(&model.step).map(|(x, p)| x + alpha * p).collect();
        // Rounding must not take the full step out of the bounds that it ends at.
        let to = if alpha == 1.0 { &model.to } else { &x };
        let change = engine.loss_change(&model.dz, alpha, control)?
            + block.penalty_change(engine.penalty, &before, to);
        if change <= -ARMIJO * alpha * model.slope {
            engine.damping.stepped(alpha);
            engine.move_block(block, to, alpha * model.intercept_step, control)?;
            return Ok(Step { promised: model.promised, achieved: -change });
        }
        alpha *= 0.5;
    }
    engine.damping.failed();
    Ok(Step { promised: model.promised, achieved: 0.0 })
}

impl Engine<'_> {
    fn move_block(
        &mut self,
        block: &Block,
        to: &[f64],
        intercept_step: f64,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        self.state.move_to(self.scaled, block.columns(), to, intercept_step, control)
    }

    /// `A_b step + intercept_step`: the change of the linear predictor.
    fn predictor_step(
        &self,
        block: &Block,
        step: &[f64],
        intercept_step: f64,
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>, Stop> {
        let mut dz = vec![intercept_step; self.scaled.rows()];
        self.scaled.columns.accumulate(block.columns(), step, &mut dz, control)?;
        Ok(dz)
    }

    fn loss_change(&self, dz: &[f64], alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop> {
        let scaled = self.scaled;
        control.spend(crate::bcd::state::LOSS_FLOPS * dz.len() as u64)?;
        Ok(scaled.loss.change(&scaled.y, &self.state.z, dz, alpha, &scaled.s))
    }
}
