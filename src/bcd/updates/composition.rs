//! Steps to the minimum of a quadratic model of the block, for the linear composition.
//!
//! As [`super::model_step`] for any function, but the intercept is minimized out with the block, the model is given by
//! the weights of the rows (so that a block need not have its matrix), and Newton's is damped by how well those before
//! it held.

use super::armijo::{Descent, HALVINGS};
use super::line;
use super::step::{ROUNDING, Step};
use crate::bcd::block::Block;
use crate::bcd::block_problem::block_model::{Curvature, GramModel, RowModel, gram_pays};
use crate::bcd::block_problem::quadratic::{Goal, minimize};
use crate::bcd::block_problem::truncated::SmoothBlock;
use crate::bcd::engine::Engine;
use crate::bcd::settings::LineSearch;
use crate::bcd::state::LOSS_FLOPS;
use crate::numerics::gram::gram;
use crate::runtime::{Control, Stop};

/// Sweeps that a Gram block of a Newton model is likely to serve.
const NEWTON_SWEEPS: u64 = 20;
/// The same for a quadratic loss, where the block lasts for the whole solve.
const QUADRATIC_SWEEPS: u64 = 100;

/// A step to the minimum of a quadratic bound of the linear composition, given the weight of each row; no line search
/// is needed.
pub(in crate::bcd) fn bound(
    engine: &mut Engine<'_>,
    block: &Block,
    w: Vec<f64>,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let model = block_step(engine, block, w, 0.0, Goal::EXACT, control)?;
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
    model: &CompositionStep,
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
    search: LineSearch,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let scaled = engine.scaled;
    let mut w = vec![0.0; scaled.rows()];
    scaled.loss.curvatures(&scaled.y, &engine.state.z, &scaled.s, &mut w);
    control.spend(LOSS_FLOPS * w.len() as u64)?;
    let model = block_step(engine, block, w, engine.damping.share(), goal, control)?;
    if model.step.iter().all(|s| *s == 0.0) && model.intercept_step == 0.0 {
        return Ok(Step::default());
    }
    if scaled.loss.is_quadratic() {
        return take(engine, block, &model, control);
    }
    line_search(engine, block, &model, search, control)
}

/// The minimizer of a block's model.
struct CompositionStep {
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

/// Where a step begins: gradient, sum of the slopes, curvature, coordinates.
struct Frame {
    g: Vec<f64>,
    slope_sum: f64,
    curvature: Curvature,
    before: Vec<f64>,
}

impl Frame {
    /// The step from here to `to`.
    fn step(
        &self,
        engine: &Engine<'_>,
        block: &Block,
        to: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<CompositionStep, Stop> {
        let Self { g, slope_sum, curvature, before } = self;
        let step: Vec<f64> = to.iter().zip(before).map(|(x, b)| x - b).collect();
        let intercept_step = curvature.intercept_step(*slope_sum, &step);
        let linear: f64 = step.iter().zip(g).map(|(p, g)| p * g).sum::<f64>() + intercept_step * slope_sum;
        let slope = -(linear + block.penalty_change(engine.penalty, before, &to));
        let dz = engine.predictor_step(block, &step, intercept_step, control)?;
        // A row without weight may hold anything, and its square overflow.
        let weighted = dz.iter().zip(&curvature.w).filter(|(_, w)| **w != 0.0);
        let bend: f64 = weighted.map(|(z, w)| z * z * w).sum();
        Ok(CompositionStep { to, step, intercept_step, slope, promised: slope - 0.5 * bend, bend, dz })
    }
}

fn block_step(
    engine: &mut Engine<'_>,
    block: &Block,
    w: Vec<f64>,
    damping: f64,
    goal: Goal,
    control: &mut Control<'_>,
) -> Result<CompositionStep, Stop> {
    let (scaled, team) = (engine.scaled, engine.team);
    let list = block.columns();
    let damped: Vec<f64> = list.iter().map(|&j| damping * engine.lipschitz[j]).collect();
    let curvature = Curvature::new(scaled, w, list, damped, team, control)?;
    let g = engine.block_gradient(block, control)?;
    let slope_sum: f64 = if curvature.total > 0.0 { engine.state.d.iter().sum() } else { 0.0 };
    let before = block.gather(&engine.state.x);
    let mut x = before.clone();
    let quadratic = scaled.loss.is_quadratic();
    if !quadratic
        && goal.is_inexact()
        && engine.forcing.pays()
        && let Some(smooth) = SmoothBlock::new(block, engine.penalty, team)
    {
        let model = RowModel::new(&scaled.columns, list, &curvature, &engine.state.d, team, control)?;
        let gradient = curvature.reduced(&g, slope_sum);
        let direction = smooth.direction(&model, &x, gradient, goal, &mut engine.forcing, control)?;
        if let Some(step) = direction {
            let to = before.iter().zip(&step).map(|(x, p)| x + p).collect();
            return Frame { g, slope_sum, curvature, before }.step(engine, block, to, control);
        }
    }
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
    Frame { g, slope_sum, curvature, before }.step(engine, block, x, control)
}

/// Searches along the step on the maintained `z`, and adapts the damping to how well the model held.
fn line_search(
    engine: &mut Engine<'_>,
    block: &Block,
    model: &CompositionStep,
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
    let first = line::first(search, block, engine.penalty, &before, &model.step, |alpha| {
        engine.slopes_along(&model.dz, alpha, control)
    })?;
    let descent = Descent { from: &before, step: &model.step, to: &model.to, slope: model.slope };
    let found = descent.search(first, HALVINGS, |alpha, to| {
        let of_loss = engine.loss_change(&model.dz, alpha, control)?;
        Ok(of_loss + block.penalty_change(engine.penalty, &before, to))
    })?;
    let Some(found) = found else {
        engine.damping.failed();
        return Ok(Step { promised: model.promised, achieved: 0.0 });
    };
    engine.damping.stepped(found.alpha);
    engine.move_block(block, &found.to, found.alpha * model.intercept_step, control)?;
    Ok(Step { promised: model.promised, achieved: -found.change })
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
        control.spend(LOSS_FLOPS * dz.len() as u64)?;
        Ok(scaled.loss.change(&scaled.y, &self.state.z, dz, alpha, &scaled.s))
    }
}
