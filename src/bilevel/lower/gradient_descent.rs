//! Gradient descent with the step `2/(L + mu)`: the slowest solver, and the one that is easiest to trust.

use super::{Iterate, Reached, fista, patience};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::oracle::Oracle;
use crate::numerics::kernels::add;

/// Improves `at` until the dual norm of its gradient is at most `target`. Where `L` or `mu` is unknown it leaves
/// the work to [`fista`], which finds a step by itself.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    if !constants.condition().is_finite() {
        return fista::solve(oracle, constants, target, at);
    }
    let step = 2.0 / (constants.l + constants.plain_mu);
    // The rate is that of the condition number itself, not of its root.
    let patience = patience(constants) + (4.0 * constants.condition()) as u64;
    let mut here = at.copied()?;
    let mut since = 0;
    while since < patience {
        let mut x = here.x;
        add(-step, &here.gradient, &mut x);
        here = Iterate::at(oracle, x, &constants.metric)?;
        oracle.counts.lower_steps += 1;
        since = if here.norm < 0.99 * at.norm { 0 } else { since + 1 };
        at.improve(&here);
        if at.norm <= target {
            return Ok(Reached::Target);
        }
    }
    Ok(Reached::Floor)
}
