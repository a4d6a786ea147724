//! Gradient updates: `x_b+ = prox(x_b - g_b / L_b)`, for any [`Smooth`] function.

use super::model_step::block_gradient;
use super::step::Step;
use crate::bcd::block::Block;
use crate::bcd::smooth::Smooth;
use crate::runtime::{Control, Stop};

/// Doublings of an estimated constant before a step is given up.
pub(super) const DOUBLINGS: usize = 120;

/// A proximal gradient step with the constant `constant >= L_b`.
pub(in crate::bcd) fn update<S: Smooth>(
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

/// The same with an estimated constant ("Lipschitz approximation" in the paper's experiments): doubles while the
/// quadratic bound fails, and halves the next start.
///
/// The bound is tested on accurate differences of the loss, so that rounding near the optimum cannot make it double
/// for ever.
pub(in crate::bcd) fn update_with_estimate<S: Smooth>(
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
