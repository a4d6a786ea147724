//! Inexact Newton steps by (preconditioned) conjugate gradients, with the forcing term of Eisenstat and Walker.

use super::armijo::search;
use super::{Iterate, Reached};
use crate::bilevel::conjugate_gradient::{self, System, steps_within};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::oracle::Oracle;
use crate::runtime::error::mapped;

/// The loosest a Newton equation is solved, relative to its right-hand side.
const LOOSEST: f64 = 0.1;

/// Steps without a gradient of at most half the best after which there will be none.
const PATIENCE: u64 = 15;

/// Improves `at` until the dual norm of its gradient is at most `target`.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    let first = at.norm;
    let mut here = at.copied()?;
    let (mut since, mut marked) = (0, first);
    while since < PATIENCE {
        let forcing = LOOSEST.min((here.norm / first).sqrt());
        // No more than the target needs.
        let tolerance = (forcing * here.norm).max(0.1 * target);
        let p = {
            let b = mapped("Newton step", here.gradient.iter().map(|g| -g))?;
            let second = oracle.second_order(&here.x)?;
            let system = System { at: &*second, constants, b: &b };
            let max_steps = steps_within(oracle);
            let found = conjugate_gradient::estimate(oracle, &system, tolerance, max_steps)?;
            oracle.counts.lower_steps += found.steps;
            if max_steps == 0 {
                return Ok(Reached::Limit);
            }
            found.x
        };
        let Some(next) = search(oracle, &here, &p, &constants.metric)? else { return Ok(Reached::Floor) };
        here = next;
        at.improve(&here);
        if at.norm <= target {
            return Ok(Reached::Target);
        }
        (marked, since) = if at.norm < 0.5 * marked { (at.norm, 0) } else { (marked, since + 1) };
    }
    Ok(Reached::Floor)
}
