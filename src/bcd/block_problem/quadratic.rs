//! Minimizes the quadratic model of a block together with the penalty: the inner problem of matrix and Newton updates.
//!
//! Sweeps of coordinate descent over the units find the support; [`super::active_set`] then finishes with Newton steps
//! on it.

use super::active_set::{self, Free, NewtonRun};
use super::block_model::BlockModel;
use crate::bcd::block::Block;
use crate::model::Penalty;
use crate::model::penalty::radial_minimizer;
use crate::numerics::eigen::{Eigen, largest_eigenvalue};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Sweeps before a model is given up; the outer loop then goes on from there.
const MOST_SWEEPS: usize = 2_000;
/// A sweep that moves the block by less than this, relative to its size and squared, is rounding.
const ROUNDING: f64 = 1e-31;
/// The same after a Newton step to the minimum of the manifold: what is left then are last digits that come and go.
const ROUNDING_AT_MINIMUM: f64 = 1e-28;
/// A relative goal above this share is that of an inexact Newton step.
const ROUGH: f64 = 1e-3;
/// Newton steps that gain no more than this share of the goal have nothing left to find.
const NOTHING: f64 = 1e-3;
/// A group's step below this share of its length is the rounding of the rotations.
const ROTATION_ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Minimizes the model plus the penalty over a block, from `x` (the block's coordinates, updated in place), until a
/// sweep lowers it by no more than about `goal`.
///
/// Sweeps and Newton steps take turns: a Newton step is due when the support has settled, or when the sweeps since the
/// last one have cost as much as it did.
pub(in crate::bcd) fn minimize(
    model: &mut impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    x: &mut [f64],
    goal: Goal,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let curvature = unit_curvatures(model, block, penalty, team, control)?;
    let from = x.to_vec();
    let mut smooth = Free::of(block, penalty, x);
    let mut last = NewtonRun::default();
    if smooth.is_all(block) {
        last = active_set::newton(model, block, penalty, x, team, control)?;
        // Nothing to identify: one direction, to the accuracy of its solver, is what an inexact Newton step needs.
        if last.full && goal.is_inexact() {
            return Ok(());
        }
    }
    let mut largest = 0.0_f64;
    let mut sweeps_cost = 0;
    for _ in 0..MOST_SWEEPS {
        let start = control.work();
        let change = sweep_units(model, block, penalty, &curvature, x, control)?;
        sweeps_cost += control.work() - start;
        largest = largest.max(change.decrease);
        let small = change.decrease <= goal.absolute.max(goal.relative * largest);
        let mut gap_is_known = false;
        if small && goal.absolute > 0.0 {
            let gap = gap(model, block, penalty, x, &from, control)?;
            if gap <= goal.absolute {
                return Ok(());
            }
            gap_is_known = gap.is_finite();
        }
        // A small sweep alone proves nothing on an ill-conditioned block; one after a Newton step that was full, or
        // that gained next to nothing, does.
        let settled_by_newton = last.full || last.decrease <= NOTHING * goal.absolute;
        let after_newton = last.cost > 0 && sweeps_cost == control.work() - start;
        let at_minimum = settled_by_newton && after_newton;
        let still = if at_minimum { ROUNDING_AT_MINIMUM } else { ROUNDING };
        if change.decrease <= still * change.size || (small && at_minimum) {
            return Ok(());
        }
        let next = Free::of(block, penalty, x);
        let settled = next == smooth;
        smooth = next;
        let costly = sweeps_cost > last.cost.max(model.newton_flops(&smooth.coordinates));
        if settled || costly || (small && !gap_is_known) {
            last = active_set::newton(model, block, penalty, x, team, control)?;
            sweeps_cost = 0;
            smooth = Free::of(block, penalty, x);
        }
    }
    Ok(())
}

/// The duality gap of the model with the penalty, at `x`, whose model started from `from`: with `R` the residual's
/// square and `g` the gradient, the dual point is the residual times `t`, the largest factor up to 1 that is feasible,
/// and the gap `(1 - t)^2 R / 2 + G(x) + G*(-t g) + t g'x`. Infinite where it is not known.
fn gap(
    model: &impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    x: &[f64],
    from: &[f64],
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    let p: Vec<f64> = x.iter().zip(from).map(|(x, from)| x - from).collect();
    let Some(residual) = model.residual(&p) else { return Ok(f64::INFINITY) };
    let mut g: Vec<f64> = (0..x.len()).map(|k| -model.gradient(k)).collect();
    control.spend((0..x.len()).map(|k| model.flops(k).0 + 8).sum())?;
    let units = || block.units().iter().enumerate().map(|(i, &u)| (u, block.range(i)));
    let penalized = units().filter(|(u, _)| !penalty.is_free(*u));
    let gauge = penalized.map(|(u, range)| penalty.unit_gauge(u, &g[range])).fold(0.0, f64::max);
    let t = if gauge > 1.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { 1.0 };
    g.iter_mut().for_each(|g| *g *= t);
    let pairs = units().map(|(u, range)| {
        let inner: f64 = x[range.clone()].iter().zip(&g[range.clone()]).map(|(x, g)| x * g).sum();
        penalty.unit_value(u, &x[range.clone()]) + penalty.unit_conjugate(u, &g[range]) - inner
    });
    Ok(0.5 * (1.0 - t) * (1.0 - t) * residual + pairs.sum::<f64>())
}

/// When a sweep's decrease is small enough: at most `absolute`, or `relative` times the largest sweep's.
#[derive(Debug, Clone, Copy)]
pub(in crate::bcd) struct Goal {
    pub(in crate::bcd) absolute: f64,
    pub(in crate::bcd) relative: f64,
}

impl Goal {
    /// Block minimization to rounding.
    pub(in crate::bcd) const EXACT: Self = Self { absolute: 0.0, relative: 1e-24 };

    /// Whether this is the goal of an inexact Newton step.
    pub(in crate::bcd) fn is_inexact(self) -> bool {
        self.relative > ROUGH
    }
}

/// What a sweep did: `sum h |step|^2`, near twice the decrease, and `sum h |x|^2` to compare it with.
struct Change {
    decrease: f64,
    size: f64,
}

/// One sweep over the units: each to its minimum where there is a closed form, else by a proximal step.
fn sweep_units(
    model: &mut impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    curvature: &[UnitCurvature],
    x: &mut [f64],
    control: &mut Control<'_>,
) -> Result<Change, Stop> {
    let mut change = Change { decrease: 0.0, size: 0.0 };
    let (mut next, mut g): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (position, &u) in block.units().iter().enumerate() {
        let range = block.range(position);
        let UnitCurvature { largest: h, eigen } = &curvature[position];
        let h = *h;
        let mut flops = 0;
        if h > 0.0 {
            next.clear();
            g.clear();
            for k in range.clone() {
                g.push(model.gradient(k));
                flops += model.flops(k).0;
            }
            let minimized = eigen.as_ref().and_then(|eigen| {
                flops += 6 * (g.len() * g.len()) as u64;
                minimize_group(eigen, penalty.radial(u)?, &x[range.clone()], &g, &mut next)
            });
            let measured = minimized.is_some();
            if let Some(own) = minimized {
                change.decrease += own.decrease;
                change.size += own.size;
            } else {
                next.clear();
                next.extend(x[range.clone()].iter().zip(&g).map(|(x, g)| x - g / h));
                penalty.prox(u, h, &mut next);
            }
            for (k, &new) in range.zip(&next) {
                let step = new - x[k];
                if !measured {
                    change.size += h * new * new;
                    change.decrease += h * step * step;
                }
                if step != 0.0 {
                    model.shift(k, step);
                    x[k] = new;
                    flops += model.flops(k).1;
                }
            }
        }
        control.spend(flops + 4)?;
    }
    Ok(change)
}

/// Minimizes `g'(y - x) + (y - x)'H(y - x)/2 + w |y| + l2/2 |y|^2` over `y`, given the eigenvectors of `H`: along them
/// the problem is diagonal, and one equation for `|y|` is left. `None` where it has no solution.
fn minimize_group(
    eigen: &Eigen,
    (w, l2): (f64, f64),
    x: &[f64],
    g: &[f64],
    to: &mut Vec<f64>,
) -> Option<Change> {
    if !(w > 0.0) {
        return None;
    }
    let n = x.len();
    let along = |k: usize, v: &[f64]| eigen.vectors.column(k).iter().zip(v).map(|(e, v)| e * v).sum::<f64>();
    let from: Vec<f64> = (0..n).map(|k| along(k, x)).collect();
    let mut y: Vec<f64> = (0..n).map(|k| eigen.values[k] * from[k] - along(k, g)).collect();
    let bent: Vec<f64> = eigen.values.iter().map(|s| s + l2).collect();
    if !radial_minimizer(&bent, w, &mut y) {
        return None;
    }
    let mut change = Change { decrease: 0.0, size: 0.0 };
    let (mut moved, mut length) = (0.0, 0.0);
    for ((to, from), s) in y.iter().zip(&from).zip(&bent) {
        change.decrease += s * (to - from) * (to - from);
        change.size += s * to * to;
        moved += (to - from) * (to - from);
        length += to * to;
    }
    to.clear();
    if moved <= ROTATION_ROUNDING * ROTATION_ROUNDING * length {
        to.extend_from_slice(x);
        return Some(Change { decrease: 0.0, ..change });
    }
    to.resize(n, 0.0);
    if length > 0.0 {
        for (k, y) in y.iter().enumerate() {
            to.iter_mut().zip(eigen.vectors.column(k)).for_each(|(to, e)| *to += y * e);
        }
    }
    Some(change)
}

/// The curvature of a unit: an upper bound, and for groups that rotations leave as they are all of it.
struct UnitCurvature {
    largest: f64,
    eigen: Option<Eigen>,
}

/// The curvature of each unit.
fn unit_curvatures(
    model: &impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<UnitCurvature>, Stop> {
    let mut curvature = Vec::with_capacity(block.units().len());
    for (position, &u) in block.units().iter().enumerate() {
        let range = block.range(position);
        curvature.push(if range.len() == 1 {
            UnitCurvature { largest: model.diagonal(range.start), eigen: None }
        } else {
            let members: Vec<usize> = range.collect();
            let n = members.len() as u64;
            let square = model.square(&members, team, control)?;
            let radial = penalty.radial(u).is_some_and(|(w, _)| w > 0.0);
            control.spend(if radial { 9 } else { 2 } * n * n * n.min(128))?;
            let eigen = if radial { Eigen::new(&square) } else { None };
            UnitCurvature { largest: largest_eigenvalue(&square), eigen }
        });
    }
    Ok(curvature)
}
