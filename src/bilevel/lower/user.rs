//! The problem's own lower solver. What it returns is believed only as far as the gradient there says.

use super::{Iterate, Reached};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::oracle::Oracle;
use crate::runtime::error::copied;
use crate::runtime::{Error, ErrorKind};

/// Asks the problem's solver for a gradient norm of at most `target`. Errors: the problem has none.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    // A Euclidean norm of this is enough for the dual one.
    let tolerance = target * constants.metric.least().sqrt();
    let mut x = copied("x", &at.x)?;
    if !oracle.solve_lower(tolerance, &mut x)? {
        return Err(Error::new(ErrorKind::Option, "option \"lower_solver\"")
            .expected("another than user for a problem without solve_lower")
            .found("user")
            .into());
    }
    oracle.counts.lower_steps += 1;
    let next = Iterate::at(oracle, x, &constants.metric)?;
    at.improve(&next);
    Ok(if at.norm <= target { Reached::Target } else { Reached::Floor })
}
