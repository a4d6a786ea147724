//! Steps to the minimum of a quadratic model of the block, for any [`Smooth`] function; its matrix is formed.
//! [`super::composition`] has those of the linear composition.

use super::armijo::{Descent, HALVINGS_BEFORE_ANOTHER};
use super::line;
use super::step::{ROUNDING, Step};
use crate::bcd::block::Block;
use crate::bcd::block_problem::block_model::{Curvature, GramModel};
use crate::bcd::block_problem::quadratic::{Goal, minimize};
use crate::bcd::settings::LineSearch;
use crate::bcd::smooth::{Metric, Smooth};
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// The minimizer of `g'd + d'Hd/2 + G(x + d)` over a block.
pub(in crate::bcd) struct ModelStep {
    pub(in crate::bcd) to: Vec<f64>,
    pub(in crate::bcd) step: Vec<f64>,
    /// `-(g'd + G(x + d) - G(x))`: first-order decrease.
    pub(in crate::bcd) slope: f64,
    /// `d'Hd`.
    pub(in crate::bcd) bend: f64,
    /// Decrease of the model.
    pub(in crate::bcd) promised: f64,
}

impl ModelStep {
    /// Minimizes with `H = square + diag(damping)`.
    pub(in crate::bcd) fn minimize<S: Smooth>(
        f: &S,
        block: &Block,
        square: Square,
        g: &[f64],
        damping: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = g.len();
        let h = square.clone();
        let curvature = Curvature { w: Vec::new(), sums: vec![0.0; n], total: 0.0, damping, unit: false };
        let mut model = GramModel::new(square, g, 0.0, &curvature, None);
        let before = block.gather(f.x());
        let mut to = before.clone();
        minimize(&mut model, block, f.penalty(), &mut to, Goal::EXACT, f.team(), control)?;
        let step: Vec<f64> = to.iter().zip(&before).map(|(t, b)| t - b).collect();
        let linear: f64 = step.iter().zip(g).map(|(d, g)| d * g).sum();
        let bend = (0..n)
            .map(|k| {
                let product: f64 = h.column(k).iter().zip(&step).map(|(h, d)| h * d).sum();
                step[k] * (product + curvature.damping[k] * step[k])
            })
            .sum::<f64>();
        let slope = -(linear + block.penalty_change(f.penalty(), &before, &to));
        Ok(Self { to, step, slope, bend, promised: slope - 0.5 * bend })
    }

    pub(in crate::bcd) fn is_null(&self) -> bool {
        self.step.iter().all(|s| *s == 0.0)
    }
}

/// The block's gradient.
pub(in crate::bcd) fn block_gradient<S: Smooth>(
    f: &S,
    block: &Block,
    control: &mut Control<'_>,
) -> Result<Vec<f64>, Stop> {
    let mut g = vec![0.0; block.columns().len()];
    f.gradient(block.columns(), &mut g, control)?;
    Ok(g)
}

/// A step to the minimum of a bound; no line search is needed.
pub(in crate::bcd) fn bound<S: Smooth>(
    f: &mut S,
    block: &Block,
    metric: Metric,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let square = f.curvature(metric, block.columns(), control)?;
    let g = block_gradient(f, block, control)?;
    let none = vec![0.0; g.len()];
    let model = ModelStep::minimize(f, block, square, &g, none, control)?;
    f.move_to(block.columns(), &model.to, control)?;
    Ok(Step { promised: model.promised, achieved: model.promised })
}

/// Damping of Newton models to try in turn, relative to the largest diagonal.
const DAMPINGS: [f64; 5] = [0.0, 1e-6, 1e-3, 1.0, 1e3];

/// A step to the minimum of the model with the Hessian, and a line search. Where even a damped model leads nowhere, a
/// step to the minimum of a bound.
pub(in crate::bcd) fn newton<S: Smooth>(
    f: &mut S,
    block: &Block,
    search: LineSearch,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let square = f.curvature(Metric::Hessian, block.columns(), control)?;
    let g = block_gradient(f, block, control)?;
    let largest = (0..square.size()).map(|k| square.at(k, k)).fold(0.0, f64::max);
    for damping in DAMPINGS {
        let damped = vec![damping * if largest > 0.0 { largest } else { 1.0 }; g.len()];
        let model = ModelStep::minimize(f, block, square.clone(), &g, damped, control)?;
        if model.is_null() && largest > 0.0 {
            return Ok(Step::default());
        }
        if f.is_quadratic() {
            f.move_to(block.columns(), &model.to, control)?;
            return Ok(Step { promised: model.promised, achieved: model.promised });
        }
        if !(model.slope > 0.0) || !model.slope.is_finite() {
            continue;
        }
        if model.bend.max(model.slope) <= ROUNDING * f.objective_size() {
            // What is left to gain drowns in the rounding of the objective: Newton's step is better than its test.
            f.move_to(block.columns(), &model.to, control)?;
            return Ok(Step { promised: model.bend, achieved: 0.0 });
        }
        if let Some(step) = searched(f, block, &model, search, control)? {
            return Ok(step);
        }
    }
    if f.has_curvature_bound() { bound(f, block, Metric::Bound, control) } else { Ok(Step::default()) }
}

/// Searches along the step; `None` where nothing on it is low enough.
fn searched<S: Smooth>(
    f: &mut S,
    block: &Block,
    model: &ModelStep,
    search: LineSearch,
    control: &mut Control<'_>,
) -> Result<Option<Step>, Stop> {
    let ray = f.ray(block.columns(), &model.step, control)?;
    let before = block.gather(f.x());
    let first = line::first(search, block, f.penalty(), &before, &model.step, |alpha| {
        f.derivatives(&ray, alpha, control)
    })?;
    let descent = Descent { from: &before, step: &model.step, to: &model.to, slope: model.slope };
    let found = descent.search(first, HALVINGS_BEFORE_ANOTHER, |alpha, to| {
        Ok(f.change(&ray, alpha, control)? + block.penalty_change(f.penalty(), &before, to))
    })?;
    let Some(found) = found else { return Ok(None) };
    f.move_to(block.columns(), &found.to, control)?;
    Ok(Some(Step { promised: model.promised, achieved: -found.change }))
}
