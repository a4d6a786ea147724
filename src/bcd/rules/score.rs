//! Scores of units and blocks: the decrease that an update guarantees (section 3 of the paper).
//!
//! With a penalty a unit is scored by its least subgradient (GS-s), the length of its proximal step (GS-r) or the
//! decrease of that step (GS-q).

use crate::bcd::block::Block;
use crate::bcd::settings::ProxRule;
use crate::bcd::smooth::Smooth;
use crate::bcd::updates::cubic;
use crate::bcd::updates::model_step::ModelStep;
use crate::model::Penalty;
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// How units are scored.
#[derive(Debug, Clone, Copy)]
pub(in crate::bcd) enum Score<'c> {
    /// Without curvature; `h` is the one of proximal steps, where they are asked for.
    Plain { prox: ProxRule, h: f64 },
    /// With a curvature for each unit.
    Scaled { prox: ProxRule, h: &'c [f64] },
    /// With a curvature for each unit at the iterate, and the Lipschitz constant of it.
    Cubic { h: &'c [f64], third: &'c [f64] },
}

impl Score<'_> {
    /// The score of a unit, in units of the objective (of the squared gradient for `Plain`): sums over a block are
    /// scores of blocks.
    pub(in crate::bcd) fn of<S: Smooth>(self, f: &S, gradient: &[f64], u: usize) -> f64 {
        with_parts(f, gradient, u, |penalty, x, g| match self {
            Score::Plain { prox: ProxRule::Residual, h } => residual(penalty, u, x, g, h).powi(2),
            Score::Plain { prox: ProxRule::Decrease, h } => decrease(penalty, u, x, g, h),
            Score::Plain { .. } => penalty.violation(u, x, g).powi(2),
            // A column without curvature has no gradient either.
            Score::Scaled { prox: ProxRule::Subgradient, h } if h[u] > 0.0 => {
                (penalty.violation(u, x, g) / h[u].sqrt()).powi(2)
            }
            Score::Scaled { prox: ProxRule::Residual, h } if h[u] > 0.0 => {
                (residual(penalty, u, x, g, h[u]) * h[u].sqrt()).powi(2)
            }
            Score::Scaled { h, .. } => decrease(penalty, u, x, g, h[u]),
            Score::Cubic { h, third } => cubic::unit_decrease(penalty, u, x, g, h[u], third[u]),
        })
    }
}

impl Score<'_> {
    /// What the gradient of a coordinate counts in [`Score::most`].
    pub(in crate::bcd) fn scale(self, u: usize) -> f64 {
        match self {
            Score::Plain { prox: ProxRule::Residual, h } if h > 0.0 => 1.0 / h,
            Score::Plain { prox: ProxRule::Decrease, h } if h > 0.0 => 1.0 / h.sqrt(),
            Score::Plain { .. } => 1.0,
            Score::Scaled { h, .. } if h[u] > 0.0 => 1.0 / h[u].sqrt(),
            _ => 0.0,
        }
    }

    /// The most that a coordinate can score whose gradient times its scale is `product` in size, at a point where its
    /// penalty is least: a penalty only holds it back there. Not for [`Score::Cubic`].
    pub(in crate::bcd) fn most(self, product: f64) -> f64 {
        match self {
            Score::Plain { prox: ProxRule::Decrease, .. }
            | Score::Scaled { prox: ProxRule::Auto | ProxRule::Decrease, .. } => 0.5 * product * product,
            _ => product * product,
        }
    }

    /// Whether the score is the length of a step, which is rounded as the coordinate is.
    pub(in crate::bcd) fn is_step(self) -> bool {
        matches!(
            self,
            Score::Plain { prox: ProxRule::Residual, .. } | Score::Scaled { prox: ProxRule::Residual, .. }
        )
    }
}

/// Calls `body` with the parts of a unit.
fn with_parts<S: Smooth, R>(
    f: &S,
    gradient: &[f64],
    u: usize,
    body: impl FnOnce(&Penalty, &[f64], &[f64]) -> R,
) -> R {
    let penalty = f.penalty();
    match penalty.columns(u) {
        [j] => body(penalty, &f.x()[*j..=*j], &gradient[*j..=*j]),
        columns => {
            let part = |full: &[f64]| columns.iter().map(|&j| full[j]).collect::<Vec<f64>>();
            body(penalty, &part(f.x()), &part(gradient))
        }
    }
}

/// GS-q: the decrease of the proximal step with curvature `h`.
pub(in crate::bcd) fn decrease(penalty: &Penalty, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
    if !(h > 0.0) {
        return 0.0;
    }
    let ([x], [g]) = (x, g) else { return penalty.model_decrease(u, x, g, h) };
    // One coordinate, without a trip to the allocator: this runs for every coordinate and block.
    let mut next = [x - g / h];
    penalty.prox(u, h, &mut next);
    let d = next[0] - x;
    (-(d * (g + 0.5 * h * d) + penalty.unit_change(u, &[*x], &next))).max(0.0)
}

/// GS-r: the length of the proximal step with curvature `h`.
fn residual(penalty: &Penalty, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
    if !(h > 0.0) {
        return 0.0;
    }
    let mut next: Vec<f64> = x.iter().zip(g).map(|(x, g)| x - g / h).collect();
    penalty.prox(u, h, &mut next);
    next.iter().zip(x).map(|(n, x)| (n - x) * (n - x)).sum::<f64>().sqrt()
}

/// Decrease of a block's quadratic model, minimized together with the penalty: `g_b' H_b^-1 g_b / 2` without one.
pub(in crate::bcd) fn block_decrease<S: Smooth>(
    f: &S,
    block: &Block,
    square: &Square,
    gradient: &[f64],
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    let g = block.gather(gradient);
    let none = vec![0.0; g.len()];
    let model = ModelStep::minimize(f, block, square.clone(), &g, none, control)?;
    Ok(model.promised)
}
