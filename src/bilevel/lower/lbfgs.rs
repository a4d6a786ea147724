//! Limited-memory BFGS (Nocedal 1980): no constant is needed.

use super::armijo::search;
use super::{Iterate, Reached};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::oracle::Oracle;
use crate::bilevel::quasi_newton::Pairs;
use crate::runtime::error::mapped;

/// Pairs that are remembered.
const MEMORY: usize = 10;

/// Steps without a smaller gradient after which there will be none.
const PATIENCE: u64 = 200;

/// Improves `at` until the dual norm of its gradient is at most `target`.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    let metric = &constants.metric;
    let mut pairs = Pairs::new(MEMORY);
    let mut here = at.copied()?;
    let mut since = 0;
    while since < PATIENCE {
        let mut p = pairs.times(&here.gradient)?;
        p.iter_mut().for_each(|p| *p = -*p);
        if pairs.is_empty() {
            // About the length of a gradient step, or a unit one where L is unknown.
            let scale = if constants.l > 0.0 { 1.0 / constants.l } else { 1.0 / here.norm.max(1e-300) };
            p.iter_mut().for_each(|p| *p *= scale);
        }
        let Some(next) = search(oracle, &here, &p, metric)? else {
            if pairs.is_empty() {
                return Ok(Reached::Floor);
            }
            pairs.clear();
            continue;
        };
        oracle.counts.lower_steps += 1;
        let s = mapped("pairs", next.x.iter().zip(&here.x).map(|(a, b)| a - b))?;
        let y = mapped("pairs", next.gradient.iter().zip(&here.gradient).map(|(a, b)| a - b))?;
        pairs.push(s, y);
        here = next;
        since = if here.norm < 0.99 * at.norm { 0 } else { since + 1 };
        at.improve(&here);
        if at.norm <= target {
            return Ok(Reached::Target);
        }
    }
    Ok(Reached::Floor)
}
