//! The exact update: the minimum of the objective over the block.

use super::step::Step;
use crate::bcd::block::Block;
use crate::bcd::settings::LineSearch;
use crate::bcd::smooth::Smooth;
use crate::runtime::{Control, Stop};

/// Newton steps on a block at most.
const MOST_STEPS: usize = 60;
/// Looks at one coordinate at most.
const MOST_LOOKS: usize = 200;
/// Looks while one side is open: the steps then grow, and where there is no minimum they would for ever.
const MOST_OPEN_LOOKS: usize = 30;
/// How much longer than a cautious step a Newton step may be.
const GROWTH: f64 = 1e3;
/// A gain below this share of the objective changes nothing, not even the gradient: gains are accurate far below the
/// rounding of the objective.
const NOTHING: f64 = 1e-31;
/// A measured gain of a block below this share of the objective is rounding.
const ROUNDING: f64 = 1e-16;

/// Minimizes over the block: one coordinate by safeguarded Newton steps along it, several by Newton steps on all.
pub(in crate::bcd) fn update<S: Smooth>(
    f: &mut S,
    block: &Block,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
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
    let lipschitz = f.lipschitz()[j].max(f64::MIN_POSITIVE);
    let mut bracket = Bracket { low: f64::NEG_INFINITY, high: f64::INFINITY };
    let mut at = x;
    // A step of this length moves predictions by about 1.
    let mut reach = 1.0 / lipschitz.sqrt();
    for look in 0..MOST_LOOKS {
        let (slope, bend) = f.derivatives(&ray, at - x, control)?;
        let mut least = [0.0];
        penalty.subgradient(u, &[at], &[slope], &mut least);
        let least = least[0];
        let gain = least.abs() * reach.max((at - x).abs()).max(least.abs() / lipschitz);
        let drowned = gain <= NOTHING * f.objective_size();
        if least == 0.0 || !least.is_finite() || drowned {
            break;
        }
        if least < 0.0 {
            bracket.low = at
        } else {
            bracket.high = at
        }
        // On an open side a step may grow, but not beyond reason.
        let longest = GROWTH * reach.max(least.abs() / lipschitz);
        let mut next = [f64::NAN];
        if bend > 0.0 {
            next[0] = at - slope / bend;
            penalty.prox(u, bend, &mut next);
        }
        if !bracket.holds(next[0]) || (next[0] - at).abs() > longest {
            next[0] = match bracket.middle() {
                Some(middle) => middle,
                None if look >= MOST_OPEN_LOOKS => break,
                None => {
                    // With this curvature a step is about that long, and respects kinks and bounds.
                    let curvature = (least.abs() / reach).min(lipschitz);
                    let mut next = [at - slope / curvature];
                    penalty.prox(u, curvature, &mut next);
                    next[0]
                }
            };
            reach *= 4.0;
        }
        if next[0] == at || bracket.high - bracket.low <= f64::EPSILON * at.abs() {
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

/// Where the minimum lies.
struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    fn holds(&self, at: f64) -> bool {
        at > self.low && at < self.high
    }

    /// Its middle where both ends are known; 0 where that is inside, because penalties have their kinks there.
    fn middle(&self) -> Option<f64> {
        let inside = self.low.is_finite() && self.high.is_finite();
        inside.then(|| if self.holds(0.0) { 0.0 } else { 0.5 * (self.low + self.high) })
    }
}
