//! Conjugate gradients for `h` quadratic in `x`: `grad h(x + s) = grad h(x) + A s`, so their residual is the
//! gradient itself.

use super::{Iterate, Reached};
use crate::bilevel::conjugate_gradient::{self, INCONSISTENT, System, steps_of_rounding, steps_within};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::{Flaw, Tried};
use crate::bilevel::metric::norm;
use crate::bilevel::oracle::Oracle;
use crate::numerics::kernels::add;
use crate::runtime::error::{copied, mapped, zeros};

/// Below the target by this, so that rounding does not ask for a second round.
const MARGIN: f64 = 0.9;

/// Improves `at` until the dual norm of its gradient, evaluated anew after each round, is at most `target`.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    loop {
        let b = mapped("step", at.gradient.iter().map(|g| -g))?;
        let mut s = zeros("step", b.len())?;
        let solved = {
            let second = oracle.second_order(&at.x)?;
            let system = System { at: &*second, constants, b: &b };
            let max_steps = steps_within(oracle);
            conjugate_gradient::solve(oracle, &system, &mut s, |_| MARGIN * target, max_steps)?
        };
        oracle.counts.lower_steps += solved.steps;
        if solved.steps == 0 {
            return Ok(solved.reached);
        }
        let mut x = copied("x", &at.x)?;
        add(1.0, &s, &mut x);
        let next = Iterate::at(oracle, x, &constants.metric)?;
        check_consistency(oracle, constants, &next, &solved.residual, &b)?;
        let before = at.norm;
        at.improve(&next);
        if at.norm <= target {
            return Ok(Reached::Target);
        }
        if solved.reached == Reached::Limit {
            return Ok(Reached::Limit);
        }
        // A round of refinement that does not halve the gradient has met rounding.
        if !(at.norm < 0.5 * before) {
            return Ok(Reached::Floor);
        }
    }
}

/// The gradient after a round is what is left of the system: or the products are not with the Hessian of this `h`.
fn check_consistency(
    oracle: &Oracle<'_, '_, '_>,
    constants: &Constants,
    next: &Iterate,
    residual: &[f64],
    b: &[f64],
) -> Tried<()> {
    let squares = next.gradient.iter().zip(residual).map(|(g, r)| (g + r) * (g + r));
    let difference = squares.sum::<f64>().sqrt();
    let terms = norm(b) + norm(&next.gradient) + norm(residual);
    let rounding = steps_of_rounding(constants, &next.x);
    if difference > INCONSISTENT * terms + rounding {
        return Err(Flaw::Inconsistent { sample: oracle.sample, difference: difference / terms }.into());
    }
    Ok(())
}
