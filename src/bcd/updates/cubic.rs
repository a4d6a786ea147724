//! The cubic model: `g'd + d'Hd/2 + M/6 |d|^3 + G(x + d)`, with `H` the Hessian at the iterate and `M` a Lipschitz
//! constant of it. It bounds the objective, so its minimum needs no line search; its decrease is the score of GSC.
//!
//! The minimizer is that of `g'd + d'(H + M r/2)d/2 + G(x + d)` for the `r` with `|d| = r` (Nesterov and Polyak).

use super::gradient::DOUBLINGS;
use super::model_step::{ModelStep, block_gradient};
use super::step::Step;
use crate::bcd::block::Block;
use crate::bcd::smooth::{Metric, Smooth};
use crate::model::Penalty;
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// Evaluations of the step length at most.
const MOST_LOOKS: usize = 60;
/// Relative accuracy of `|d| = r`; the model is flat there, so its decrease is accurate to the square.
const ACCURATE: f64 = 1e-9;

/// Constants below this are taken for 0.
const NEGLIGIBLE: f64 = 1e-250;

/// The decrease of the cubic model of one unit with an isotropic curvature `h`.
///
/// Without a penalty in closed form: `t = 2|g| / (h + sqrt(h^2 + 2M|g|))`, decrease `h t^2/2 + M t^3/3`.
pub(in crate::bcd) fn unit_decrease(
    penalty: &Penalty,
    u: usize,
    x: &[f64],
    g: &[f64],
    h: f64,
    third: f64,
) -> f64 {
    if !(h > 0.0 || third > 0.0) {
        return 0.0;
    }
    if penalty.is_free(u) {
        let size = penalty.violation(u, x, g);
        if size == 0.0 {
            return 0.0;
        }
        let t = 2.0 * size / (h + (h * h + 2.0 * third * size).sqrt());
        return t * t * (0.5 * h + third * t / 3.0);
    }
    let step = |r: f64| {
        let curvature = h + 0.5 * third * r;
        let mut next: Vec<f64> = x.iter().zip(g).map(|(x, g)| x - g / curvature).collect();
        penalty.prox(u, curvature, &mut next);
        next
    };
    let length = |next: &[f64]| next.iter().zip(x).map(|(n, x)| (n - x) * (n - x)).sum::<f64>().sqrt();
    let least = penalty.violation(u, x, g);
    if least == 0.0 {
        return 0.0;
    }
    let mut bracket = Bracket::new(least, third, h);
    let mut next = step(bracket.r);
    while bracket.narrow(length(&next)) {
        next = step(bracket.r);
    }
    let t = length(&next);
    let linear: f64 = next.iter().zip(x).zip(g).map(|((n, x), g)| (n - x) * g).sum();
    (-(linear + t * t * (0.5 * h + third * t / 6.0) + penalty.unit_change(u, x, &next))).max(0.0)
}

/// The search for the `r` with `|d(r)| = r`, where `|d|` never grows with `r`.
struct Bracket {
    low: f64,
    high: f64,
    /// `1/|d| - 1/r` at the ends: nearly linear in `r`.
    at: [f64; 2],
    /// The `r` to look at.
    r: f64,
    looks: usize,
}

impl Bracket {
    /// `least` is the norm of the least subgradient, `h` a lower bound of the curvature: `|d|` is at most
    /// `sqrt(2 least / M)`, and at most `least / h`.
    fn new(least: f64, third: f64, h: f64) -> Self {
        let by_third = if third > 0.0 { (2.0 * least / third).sqrt() } else { f64::INFINITY };
        let by_bend = if h > 0.0 { least / h } else { f64::INFINITY };
        let high = by_third.min(by_bend);
        Self { low: 0.0, high, at: [f64::NEG_INFINITY, f64::INFINITY], r: high, looks: 0 }
    }

    /// Takes the length of the step at `r`; tells whether to look again.
    fn narrow(&mut self, length: f64) -> bool {
        self.looks += 1;
        let gap = length - self.r;
        if gap.abs() <= ACCURATE * self.r || self.looks >= MOST_LOOKS || !length.is_finite() {
            return false;
        }
        let phi = 1.0 / length - 1.0 / self.r;
        if gap > 0.0 {
            (self.low, self.at[0]) = (self.r, phi);
        } else {
            (self.high, self.at[1]) = (self.r, phi);
            // A shorter r gives a longer step: the step at r is a lower bound.
            if length > self.low {
                (self.low, self.at[0]) = (length, f64::NEG_INFINITY);
            }
        }
        let secant = self.low - self.at[0] * (self.high - self.low) / (self.at[1] - self.at[0]);
        let middle = 0.5 * (self.low + self.high);
        let inside = secant > self.low && secant < self.high && !self.looks.is_multiple_of(3);
        self.r = if inside { secant } else { middle };
        self.high - self.low > 1e-15 * self.high
    }
}

/// The minimizer of the cubic model of a block, and the model's decrease there.
pub(in crate::bcd) fn minimize<S: Smooth>(
    f: &S,
    block: &Block,
    square: &Square,
    g: &[f64],
    third: f64,
    control: &mut Control<'_>,
) -> Result<(ModelStep, f64), Stop> {
    let x = block.gather(f.x());
    let least = |i: usize, u: usize| {
        let range = block.range(i);
        f.penalty().violation(u, &x[range.clone()], &g[range]).powi(2)
    };
    let least = block.units().iter().enumerate().map(|(i, &u)| least(i, u)).sum::<f64>().sqrt();
    let mut bracket = Bracket::new(least, third, 0.0);
    let at = |r: f64, control: &mut Control<'_>| {
        ModelStep::minimize(f, block, square.clone(), g, vec![0.5 * third * r; g.len()], control)
    };
    if third <= NEGLIGIBLE || least == 0.0 {
        let model = at(0.0, control)?;
        let promised = model.promised;
        return Ok((model, promised));
    }
    let length = |m: &ModelStep| m.step.iter().map(|d| d * d).sum::<f64>().sqrt();
    let mut model = at(bracket.r, control)?;
    while bracket.narrow(length(&model)) {
        model = at(bracket.r, control)?;
    }
    let t = length(&model);
    // The bend holds the damping M r/2 |d|^2, which is not of the model.
    let bend = model.bend - 0.5 * third * bracket.r * t * t;
    let promised = model.slope - 0.5 * bend - third * t * t * t / 6.0;
    Ok((model, promised))
}

/// A step to the minimum of the cubic model with the constant `third >= M_b`.
pub(in crate::bcd) fn update<S: Smooth>(
    f: &mut S,
    block: &Block,
    third: f64,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let square = f.curvature(Metric::Hessian, block.columns(), control)?;
    let g = block_gradient(f, block, control)?;
    let (model, promised) = minimize(f, block, &square, &g, third, control)?;
    f.move_to(block.columns(), &model.to, control)?;
    Ok(Step { promised, achieved: promised.max(0.0) })
}

/// The same with an estimated constant: doubles while the cubic bound fails, and halves the next start.
///
/// The bound is tested on accurate differences of `f`, so that rounding near the optimum cannot make it double for
/// ever.
pub(in crate::bcd) fn update_with_estimate<S: Smooth>(
    f: &mut S,
    block: &Block,
    estimate: &mut f64,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let square = f.curvature(Metric::Hessian, block.columns(), control)?;
    let g = block_gradient(f, block, control)?;
    let before = block.gather(f.x());
    let last = *estimate;
    *estimate = (0.5 * *estimate).max(f64::MIN_POSITIVE);
    for _ in 0..DOUBLINGS {
        let (model, promised) = minimize(f, block, &square, &g, *estimate, control)?;
        if model.is_null() {
            // No step, no news of the constant.
            *estimate = last;
            return Ok(Step::default());
        }
        let penalty_change = block.penalty_change(f.penalty(), &before, &model.to);
        let smooth_bound = -promised - penalty_change;
        let ray = f.ray(block.columns(), &model.step, control)?;
        let change = f.change(&ray, 1.0, control)?;
        // On a quadratic the bound holds with equality, so it needs room for the rounding of its terms.
        let rounding = 1e-13 * (model.slope.abs() + model.bend + penalty_change.abs());
        if change <= smooth_bound + rounding {
            f.move_to(block.columns(), &model.to, control)?;
            return Ok(Step { promised, achieved: -(change + penalty_change) });
        }
        *estimate *= 2.0;
    }
    Ok(Step::default())
}
