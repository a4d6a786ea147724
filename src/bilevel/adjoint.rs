//! The adjoint `A(x) q = grad g(x)` by conjugate gradients (arXiv 2308.10098, section 2), on the part of `x` that
//! moves with theta: all of it, unless the solution is sparse.

use super::conjugate_gradient::{self, System};
use super::interrupt::Tried;
use super::lower::Reached;
use super::oracle::Oracle;
use super::point::{Adjoint, SamplePoint};
use super::problem::SecondOrder;
use crate::runtime::Result;
use crate::runtime::error::copied;

/// The largest residual, relative to the right-hand side: from 1 on `q = 0` would do, whose hypergradient 0 looks
/// like a stationary point.
const LOOSEST: f64 = 0.3;

/// The tolerance for a wanted `delta`.
pub fn tolerance(delta: f64, gradient: f64) -> f64 {
    delta.min(LOOSEST * gradient)
}

/// Improves `q` until its residual is within the tolerance for what it is at first.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    sample: &SamplePoint,
    tolerance: impl Fn(f64) -> f64,
    q: &mut [f64],
) -> Tried<Adjoint> {
    oracle.counts.adjoint_solves += 1;
    let at = oracle.second_order(&sample.lower.x)?;
    let b = right_hand_side(&*at, sample)?;
    // The part may have changed since q was found.
    at.restrict(q);
    let size = sample.constants.metric.dual(&b);
    if size == 0.0 {
        q.fill(0.0);
    }
    let tolerance = |first| self::tolerance(tolerance(first), size);
    let system = System { at: &*at, constants: &sample.constants, b: &b };
    let max_steps = conjugate_gradient::steps_within(oracle);
    let solved = conjugate_gradient::solve(oracle, &system, q, tolerance, max_steps)?;
    oracle.counts.adjoint_steps += solved.steps;
    let size = sample.constants.metric.of(q);
    let reached = solved.reached;
    Ok(Adjoint { product: difference(b, &solved.residual), delta: solved.norm, size, changes: None, reached })
}

/// The adjoint at a `q` that is given: its residual, and nothing more.
pub fn verify(oracle: &mut Oracle<'_, '_, '_>, sample: &SamplePoint, reached: Reached) -> Tried<Adjoint> {
    let at = oracle.second_order(&sample.lower.x)?;
    let b = right_hand_side(&*at, sample)?;
    let system = System { at: &*at, constants: &sample.constants, b: &b };
    let residual = conjugate_gradient::residual(oracle, &system, &sample.q)?;
    let delta = sample.constants.metric.dual(&residual);
    let size = sample.constants.metric.of(&sample.q);
    Ok(Adjoint { product: difference(b, &residual), delta, size, changes: None, reached })
}

/// `grad g` on the part of `x` that moves with theta.
fn right_hand_side(at: &dyn SecondOrder, sample: &SamplePoint) -> Result<Vec<f64>> {
    let mut b = copied("adjoint", &sample.upper.in_x)?;
    at.restrict(&mut b);
    Ok(b)
}

/// `A q` from the right-hand side and the residual.
fn difference(mut b: Vec<f64>, residual: &[f64]) -> Vec<f64> {
    b.iter_mut().zip(residual).for_each(|(b, r)| *b -= r);
    b
}
