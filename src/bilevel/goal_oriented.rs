//! A goal-oriented estimate of the hypergradient's error: one inexact Newton step `e ~ A^-1 grad h(x)` tells where the
//! lower solution is, and the change of the hypergradient from `x` to `x - e` how far it is off (dual weighted
//! residuals). As it is known the hypergradient is taken with it, and what is bounded is what it leaves: the Newton
//! step and the adjoint after it are solved to a tenth, and the rest falls with `|e|^2`.
//!
//! Asymptotically exact, proven nowhere.

use super::adjoint;
use super::conjugate_gradient::{self, System, steps_within};
use super::evaluate::sample_at;
use super::interrupt::Tried;
use super::lower::{Iterate, Reached};
use super::oracle::Oracle;
use super::point::SamplePoint;
use super::problem::SecondOrder;
use crate::numerics::kernels::add;
use crate::runtime::error::{copied, zeros};

/// How exactly the Newton equation and the adjoint one after it are solved, relative to what there is to solve for.
const NEWTON: f64 = 0.1;

/// Where more than this is left of them, what they say is not used.
const MOST_LEFT: f64 = 0.3;

/// The sample's part of the hypergradient at `x - e`, less that at `x`, whose `B'q` is `product`. `None` where the
/// products allowed do not make a step that says anything.
pub fn correction(
    oracle: &mut Oracle<'_, '_, '_>,
    sample: &SamplePoint,
    at: &dyn SecondOrder,
    product: &[f64],
) -> Tried<Option<Vec<f64>>> {
    let d = product.len();
    if sample.lower.norm == 0.0 {
        return Ok(Some(zeros("correction", d)?));
    }
    let system = System { at, constants: &sample.constants, b: &sample.lower.gradient };
    let left = steps_within(oracle) / 2;
    let newton = conjugate_gradient::estimate(oracle, &system, NEWTON * sample.lower.norm, left)?;
    if !(newton.norm <= MOST_LEFT * sample.lower.norm) {
        return Ok(None);
    }
    let mut x = copied("correction", &sample.lower.x)?;
    add(-1.0, &newton.x, &mut x);
    // The gradient there is not needed: only where it is.
    let there = Iterate { x, value: f64::NAN, gradient: Vec::new(), norm: 0.0 };
    let there = sample_at(oracle, there, Reached::Target, sample.constants.clone(), Vec::new())?;
    let mut q = copied("correction", &sample.q)?;
    // What the adjoint's own residual makes of the error is counted elsewhere; the rest of it is what the step has
    // made.
    let had = sample.adjoint.as_ref().map_or(0.0, |adjoint| adjoint.delta);
    adjoint::solve(oracle, &there, |first| had.max(NEWTON * first), &mut q)?;
    let second = oracle.second_order(&there.lower.x)?;
    let mut change = zeros("correction", d)?;
    oracle.mixed_transposed(&*second, &q, &mut change)?;
    for j in 0..d {
        change[j] = there.upper.in_theta[j] - sample.upper.in_theta[j] - (change[j] - product[j]);
    }
    Ok(Some(change))
}
