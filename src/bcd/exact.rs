//! The exact update: the minimum of the objective over the block.

use super::block::Block;
use super::settings::LineSearch;
use super::smooth::Smooth;
use super::update::Step;
use crate::runtime::{Control, Stop};

/// Newton steps on a block at most.
const MOST_STEPS: usize = 60;
/// Looks at one coordinate at most.
const MOST_LOOKS: usize = 200;
/// The longest step where there may be no minimum, in steps of the first length tried.
const FARTHEST: f64 = 1e9;
/// A gain below this share of the objective is rounding.
const ROUNDING: f64 = 1e-16;

/// Minimizes over the block: one coordinate by safeguarded Newton steps along it, several by Newton steps on all.
pub(super) fn update<S: Smooth>(f: &mut S, block: &Block, control: &mut Control<'_>) -> Result<Step, Stop> {
    if let [j] = block.columns() {
        return coordinate(f, block, *j, control);
    }
    let mut total = Step::default();
    for _ in 0..MOST_STEPS {
        let step = f.newton_step(block, LineSearch::Armijo, control)?;
        total.promised += step.promised;
        total.achieved += step.achieved;
        if f.is_quadratic() || step.achieved <= ROUNDING * f.objective_size() {
            break;
        }
    }
    Ok(total)
}

/// Proximal Newton steps on one coordinate, within a bracket that the sign of the subgradient narrows.
fn coordinate<S: Smooth>(
    f: &mut S,
    block: &Block,
    j: usize,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let u = block.units()[0];
    let x = f.x()[j];
    let ray = f.ray(&[j], &[1.0], control)?;
    let penalty = f.penalty();
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut at = x;
    // A step of this length moves predictions by about 1.
    let unit = 1.0 / f.lipschitz()[j].max(f64::MIN_POSITIVE).sqrt();
    let mut reach = unit;
    for _ in 0..MOST_LOOKS {
        let (slope, bend) = f.derivatives(&ray, at - x, control)?;
        let mut least = [0.0];
        penalty.subgradient(u, &[at], &[slope], &mut least);
        let least = least[0];
        let drowned = least.abs() * reach.max((at - x).abs()) <= ROUNDING * f.objective_size();
        if least == 0.0 || !least.is_finite() || drowned || reach > FARTHEST * unit {
            break;
        }
        if least < 0.0 {
            low = at
        } else {
            high = at
        }
        let mut next = [f64::NAN];
        if bend > 0.0 {
            next[0] = at - slope / bend;
            penalty.prox(u, bend, &mut next);
        }
        // On an open side a step may grow, but not beyond reason.
        if !(next[0] > low && next[0] < high && (next[0] - at).abs() <= 1e3 * reach) {
            if low.is_finite() && high.is_finite() {
                next[0] = 0.5 * (low + high);
            } else {
                // With this curvature a step is about that long, and respects kinks and bounds.
                let curvature = least.abs() / reach;
                next[0] = at - slope / curvature;
                penalty.prox(u, curvature, &mut next);
                reach *= 4.0;
            }
        }
        if next[0] == at || (high - low) <= f64::EPSILON * at.abs() {
            break;
        }
        at = next[0];
    }
    let change = f.change(&ray, at - x, control)? + penalty.unit_change(u, &[x], &[at]);
    if !(change < 0.0) {
        return Ok(Step::default());
    }
    f.move_to(&[j], &[at], control)?;
    Ok(Step { promised: -change, achieved: -change })
}
