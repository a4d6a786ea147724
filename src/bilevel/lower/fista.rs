//! FISTA for strongly convex `h`, with restarts and, where `L` is not proven, backtracking (Chambolle and Pock 2016,
//! Algorithm 5; O'Donoghue and Candes 2015 for the restart).
//!
//! `t_1 = 1`, `t_(k+1) = (1 - q t_k^2 + sqrt((1 - q t_k^2)^2 + 4 t_k^2)) / 2`, `q = mu/L`,
//! `beta_k = (t_k - 1)/t_(k+1) (1 - q t_(k+1))/(1 - q)`.
//!
//! 1. `y = x_k + beta_k (x_k - x_(k-1))`; stop if `|grad h(y)| <= mu eps`.
//! 2. `x_(k+1) = y - tau grad h(y)`, `tau = 1/L`.
//! 3. Forget the momentum where `grad h(y)'(x_(k+1) - x_k) > 0`.

use super::{Iterate, Reached, patience};
use crate::bilevel::constants::Constants;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::oracle::Oracle;
use crate::bilevel::problem::Rigor;
use crate::numerics::kernels::{add, dot};
use crate::runtime::Result;
use crate::runtime::error::copied;

/// By what the estimate of `L` shrinks between iterations, where it is one.
const EASE: f64 = 0.9;

/// Improves `at` until the dual norm of its gradient is at most `target`.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    let backtracks = !(constants.l > 0.0 && constants.rigor == Rigor::Proven);
    let mut l = if constants.l > 0.0 { constants.l } else { first_guess(oracle, constants, at)? };
    let mu = if constants.plain_mu > 0.0 { constants.plain_mu } else { 0.0 };
    let mut y = at.copied()?;
    let mut last = copied("x", &y.x)?;
    let (mut t, mut since) = (1.0_f64, 0);
    while since < patience(constants) {
        let next = if backtracks {
            let (point, found) = descend(oracle, constants, &y, l)?;
            l = found;
            point
        } else {
            step(&y, l)?
        };
        oracle.counts.lower_steps += 1;
        let momentum = dot(&y.gradient, &next) - dot(&y.gradient, &last);
        if momentum > 0.0 {
            t = 1.0;
        }
        let q = (mu / l).min(1.0);
        let shrunk = 1.0 - q * t * t;
        let grown = 0.5 * (shrunk + (shrunk * shrunk + 4.0 * t * t).sqrt());
        let beta = if q >= 1.0 - 1e-12 { 0.0 } else { (t - 1.0) / grown * (1.0 - q * grown) / (1.0 - q) };
        t = grown;
        let mut ahead = copied("x", &next)?;
        add(beta, &next, &mut ahead);
        add(-beta, &last, &mut ahead);
        last = next;
        y = Iterate::at(oracle, ahead, &constants.metric)?;
        since = if y.norm < 0.99 * at.norm { 0 } else { since + 1 };
        at.improve(&y);
        if at.norm <= target {
            return Ok(Reached::Target);
        }
        l *= if backtracks { EASE } else { 1.0 };
    }
    Ok(Reached::Floor)
}

/// `y - grad h(y) / L`.
fn step(y: &Iterate, l: f64) -> Result<Vec<f64>> {
    let mut next = copied("x", &y.x)?;
    add(-1.0 / l, &y.gradient, &mut next);
    Ok(next)
}

/// The step with the first of `L`, `2 L`, .. for which the descent lemma holds: by convexity, where
/// `(grad h(x) - grad h(y))'(x - y) <= L/2 |x - y|^2`, which rounding does not blur as it does a difference of values.
fn descend(
    oracle: &mut Oracle<'_, '_, '_>,
    constants: &Constants,
    y: &Iterate,
    l: f64,
) -> Tried<(Vec<f64>, f64)> {
    let mut l = l;
    loop {
        let next = step(y, l)?;
        let there = Iterate::at(oracle, next, &constants.metric)?;
        let square: f64 = there.x.iter().zip(&y.x).map(|(a, b)| (a - b) * (a - b)).sum();
        let change: f64 =
            (0..y.x.len()).map(|j| (there.gradient[j] - y.gradient[j]) * (there.x[j] - y.x[j])).sum();
        if change <= 0.5 * l * square * (1.0 + 1e-12) || !(l < 1e300) {
            return Ok((there.x, l));
        }
        l *= 2.0;
    }
}

/// The curvature along the gradient.
fn first_guess(oracle: &mut Oracle<'_, '_, '_>, constants: &Constants, at: &Iterate) -> Tried<f64> {
    let second = oracle.second_order(&at.x)?;
    let mut out = copied("gradient", &at.gradient)?;
    oracle.hessian(&*second, &at.gradient, &mut out)?;
    let found = dot(&at.gradient, &out) / dot(&at.gradient, &at.gradient);
    let floor = if constants.plain_mu > 0.0 { constants.plain_mu } else { f64::MIN_POSITIVE };
    Ok(if found > floor { found } else { floor.max(1.0) })
}
