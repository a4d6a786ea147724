//! Preconditioned conjugate gradients on `A x = b`, whose residual is verified and whose curvature is held against
//! `mu`.

use super::constants::Constants;
use super::interrupt::{Flaw, Tried};
use super::lower::Reached;
use super::metric::{distance, norm};
use super::oracle::Oracle;
use super::problem::SecondOrder;
use crate::numerics::kernels::{add, dot};
use crate::runtime::error::{copied, zeros};

/// Roundings of products that may gather in a recurrence.
const GATHERED: f64 = 1e4;

/// Steps between two looks at the true residual.
const VERIFY: u64 = 50;

/// Products that differ by more than this, relative to the size of the terms, are not those of one matrix.
pub const INCONSISTENT: f64 = 1e-6;

/// How far below `mu` rounding may push a curvature.
const CURVATURE_SLACK: f64 = 1e-6;

/// What a solve has come to.
#[derive(Debug, Clone)]
pub struct Solved {
    /// `b - A x`, computed from `x`.
    pub residual: Vec<f64>,
    /// Its dual norm.
    pub norm: f64,
    /// Steps taken.
    pub steps: u64,
    /// Why it ended.
    pub reached: Reached,
}

/// What an estimate has come to.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// `x`.
    pub x: Vec<f64>,
    /// The dual norm of what the recurrence has for `b - A x`.
    pub norm: f64,
    /// Steps taken.
    pub steps: u64,
}

/// One system.
pub struct System<'s> {
    pub at: &'s dyn SecondOrder,
    pub constants: &'s Constants,
    pub b: &'s [f64],
}

/// The steps that fit in what the oracle may still spend, verifications included: cut short by steps, a solve keeps
/// what it has.
pub fn steps_within(oracle: &Oracle<'_, '_, '_>) -> u64 {
    let left = oracle.limit.saturating_sub(oracle.counts.products());
    left.saturating_sub(8) / 10 * 9
}

/// `b - A x`.
pub fn residual(oracle: &mut Oracle<'_, '_, '_>, system: &System<'_>, x: &[f64]) -> Tried<Vec<f64>> {
    let mut r = zeros("residual", x.len())?;
    if x.iter().all(|x| *x == 0.0) {
        r.copy_from_slice(system.b);
        return Ok(r);
    }
    oracle.hessian(system.at, x, &mut r)?;
    r.iter_mut().zip(system.b).for_each(|(r, b)| *r = b - *r);
    Ok(r)
}

/// Improves `x` until `|b - A x|` in the dual norm is within the tolerance for what it is at first, until rounding
/// stops it, or for `max_steps`.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    system: &System<'_>,
    x: &mut [f64],
    tolerance: impl Fn(f64) -> f64,
    max_steps: u64,
) -> Tried<Solved> {
    let metric = &system.constants.metric;
    let mut r = residual(oracle, system, x)?;
    let mut best = metric.dual(&r);
    let tolerance = tolerance(best);
    let (mut steps, mut fruitless) = (0, 0);
    loop {
        if best <= tolerance || best == 0.0 {
            return Ok(Solved { residual: r, norm: best, steps, reached: Reached::Target });
        }
        if steps >= max_steps {
            return Ok(Solved { residual: r, norm: best, steps, reached: Reached::Limit });
        }
        if fruitless >= 2 {
            return Ok(Solved { residual: r, norm: best, steps, reached: Reached::Floor });
        }
        let mut tried = copied("conjugate gradients", x)?;
        let (claimed, taken) = cycle(oracle, system, &mut tried, &r, tolerance, max_steps - steps)?;
        steps += taken;
        let fresh = residual(oracle, system, &tried)?;
        check_consistency(oracle, system, &fresh, (&claimed, &r), &tried)?;
        let found = metric.dual(&fresh);
        fruitless = if found <= 0.5 * best { 0 } else { fruitless + 1 };
        if found < best {
            (best, r) = (found, fresh);
            x.copy_from_slice(&tried);
        }
    }
}

/// What solves `A x = b` about, by one run from 0 that nothing verifies: enough where another look follows.
pub fn estimate(
    oracle: &mut Oracle<'_, '_, '_>,
    system: &System<'_>,
    tolerance: f64,
    max_steps: u64,
) -> Tried<Estimate> {
    let mut x = zeros("conjugate gradients", system.b.len())?;
    let (claimed, steps) = cycle(oracle, system, &mut x, system.b, tolerance, max_steps)?;
    Ok(Estimate { x, norm: system.constants.metric.dual(&claimed), steps })
}

/// Steps from the residual `start` at `x`, until the recurrence says that it is small enough or does not fall any
/// more; what it says, and the number of steps.
fn cycle(
    oracle: &mut Oracle<'_, '_, '_>,
    system: &System<'_>,
    x: &mut [f64],
    start: &[f64],
    tolerance: f64,
    max_steps: u64,
) -> Tried<(Vec<f64>, u64)> {
    let n = x.len();
    let metric = &system.constants.metric;
    let mut r = copied("conjugate gradients", start)?;
    let (mut z, mut ap) = (zeros("conjugate gradients", n)?, zeros("conjugate gradients", n)?);
    if !oracle.precondition(system.at, &r, &mut z)? {
        z.copy_from_slice(&r);
    }
    let mut p = copied("conjugate gradients", &z)?;
    let mut rz = dot(&r, &z);
    let patience = patience(system.constants, n);
    let (mut least, mut since, mut steps) = (metric.dual(&r), 0, 0);
    while steps < max_steps && since < patience {
        oracle.hessian(system.at, &p, &mut ap)?;
        let curvature = dot(&p, &ap);
        if !has_curvature(oracle, system, &p, &ap, curvature)? {
            break;
        }
        let alpha = rz / curvature;
        if !alpha.is_finite() || alpha == 0.0 {
            break;
        }
        add(alpha, &p, x);
        add(-alpha, &ap, &mut r);
        steps += 1;
        if steps % VERIFY == 0 {
            // Where the recurrence has drifted away, the directions mean nothing any more.
            let fresh = residual(oracle, system, x)?;
            if distance(&fresh, &r) > 0.5 * norm(&r) {
                break;
            }
        }
        let size = metric.dual(&r);
        if size <= tolerance {
            break;
        }
        (least, since) = if size < 0.9 * least { (size, 0) } else { (least, since + 1) };
        if !oracle.precondition(system.at, &r, &mut z)? {
            z.copy_from_slice(&r);
        }
        let next = dot(&r, &z);
        let beta = next / rz;
        rz = next;
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
    }
    Ok((r, steps))
}

/// Steps without a smaller residual after which there will be none.
fn patience(constants: &Constants, n: usize) -> u64 {
    let condition = constants.condition();
    let steps = if condition.is_finite() { 10.0 * condition.sqrt() } else { 2.0 * n as f64 };
    (steps as u64).clamp(50, 100_000)
}

/// Whether there is curvature along `p`, or rounding hides it. A flaw where it is less than `mu` promises, or none.
fn has_curvature(
    oracle: &Oracle<'_, '_, '_>,
    system: &System<'_>,
    p: &[f64],
    ap: &[f64],
    curvature: f64,
) -> Tried<bool> {
    let (length, constants) = (norm(p), system.constants);
    let mu = if constants.plain_mu > 0.0 { constants.plain_mu } else { 0.0 };
    let rounding = length * (1e-12 * norm(ap) + constants.rounding_of_product(length));
    let least = mu * length * length * (1.0 - CURVATURE_SLACK);
    if length > 0.0 && (curvature < least - rounding || curvature < -rounding || curvature == 0.0) {
        let found = curvature / (length * length);
        return Err(Flaw::Curvature { sample: oracle.sample, found, mu }.into());
    }
    Ok(curvature > 0.0)
}

/// The recurrence and the residual computed from `x` agree for every linear operator.
fn check_consistency(
    oracle: &Oracle<'_, '_, '_>,
    system: &System<'_>,
    fresh: &[f64],
    (claimed, start): (&[f64], &[f64]),
    x: &[f64],
) -> Tried<()> {
    let difference = distance(fresh, claimed);
    // A warm start may leave much more than there is to solve for.
    let terms = norm(system.b) + norm(fresh) + norm(claimed) + norm(start);
    if difference > INCONSISTENT * terms + steps_of_rounding(system.constants, x) {
        return Err(Flaw::Inconsistent { sample: oracle.sample, difference: difference / terms }.into());
    }
    Ok(())
}

/// What rounding may make of a residual whose `x` was reached in many steps.
pub fn steps_of_rounding(constants: &Constants, x: &[f64]) -> f64 {
    GATHERED * constants.rounding_of_product(norm(x))
}
