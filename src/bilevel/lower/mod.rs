//! Inexact solves of a lower problem, each to a proven distance: the test is
//! `|grad h(x, theta)| <= mu(theta) eps  =>  |x - xhat(theta)| <= eps` (arXiv 2308.10098, section 2).
//!
//! Every solver returns a point whose own gradient it has evaluated, with the achieved `eps = |grad h| / mu`.
//!
//! | solver | file | needs |
//! |---|---|---|
//! | accelerated gradient with restart and backtracking | [`fista`] | nothing; `L` and `mu` where known |
//! | limited-memory BFGS | [`lbfgs`] | nothing |
//! | inexact Newton with conjugate gradients | [`newton_cg`] | Hessian products; gains by a preconditioner |
//! | conjugate gradients | [`quadratic`] | `h` quadratic in `x` |
//! | gradient descent with step `2/(L + mu)` | [`gradient_descent`] | `L` and `mu` |
//! | the problem's own | [`user`] | [`Problem::solve_lower`](super::Problem::solve_lower) |
//!
//! Where `h` has kinks its smallest subgradient stands for the gradient: the test holds for any subgradient, by strong
//! convexity. The problem's own solver is the only one then.

pub mod armijo;
pub mod fista;
pub mod gradient_descent;
pub mod lbfgs;
pub mod newton_cg;
pub mod quadratic;
pub mod user;

use super::constants::Constants;
use super::interrupt::{Flaw, Interrupt, Tried};
use super::metric::Metric;
use super::oracle::Oracle;
use super::settings::LowerSolver;
use crate::runtime::error::{copied, zeros};
use crate::runtime::{Error, ErrorKind, Result};

/// Why an iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// The tolerance.
    Target,
    /// What rounding allows.
    Floor,
    /// The limit on steps or products.
    Limit,
}

/// A point with the gradient that was evaluated there.
#[derive(Debug, Clone)]
pub struct Iterate {
    /// `x`.
    pub x: Vec<f64>,
    /// `h(x)`.
    pub value: f64,
    /// `grad h(x)`.
    pub gradient: Vec<f64>,
    /// Its dual norm.
    pub norm: f64,
}

impl Iterate {
    /// Evaluates `h` at `x`.
    pub fn at(oracle: &mut Oracle<'_, '_, '_>, x: Vec<f64>, metric: &Metric) -> Tried<Self> {
        let mut gradient = zeros("gradient", x.len())?;
        let value = oracle.lower(&x, &mut gradient)?;
        let norm = metric.dual(&gradient);
        Ok(Self { x, value, gradient, norm })
    }

    /// A copy. Errors: no memory.
    pub fn copied(&self) -> Result<Self> {
        let (x, gradient) = (copied("x", &self.x)?, copied("gradient", &self.gradient)?);
        Ok(Self { x, gradient, ..*self })
    }

    /// Takes the place of `self` if its gradient is smaller.
    pub fn improve(&mut self, other: &Iterate) {
        if other.norm < self.norm {
            self.x.copy_from_slice(&other.x);
            self.gradient.copy_from_slice(&other.gradient);
            (self.value, self.norm) = (other.value, other.norm);
        }
    }
}

/// Improves `at` until `|grad h| <= target` in the dual norm. What `at` holds is valid however it ends.
pub fn solve(
    oracle: &mut Oracle<'_, '_, '_>,
    solver: LowerSolver,
    constants: &Constants,
    target: f64,
    at: &mut Iterate,
) -> Tried<Reached> {
    oracle.counts.lower_solves += 1;
    if at.norm <= target {
        return Ok(Reached::Target);
    }
    let solver = match solver {
        LowerSolver::Auto | LowerSolver::User if !oracle.problem.is_smooth() => LowerSolver::User,
        LowerSolver::Auto => choose(oracle, constants, at)?,
        _ if !oracle.problem.is_smooth() => {
            return Err(Error::new(ErrorKind::Option, "option \"lower_solver\"")
                .expected("auto, or user, for a lower level with kinks")
                .found("a solver of smooth ones")
                .into());
        }
        LowerSolver::ConjugateGradient if !oracle.problem.is_quadratic() => {
            return Err(Error::new(ErrorKind::Option, "option \"lower_solver\"")
                .expected("cg for lower problems that are quadratic alone")
                .found("another lower problem")
                .into());
        }
        solver => solver,
    };
    let reached = match solver {
        LowerSolver::ConjugateGradient => quadratic::solve(oracle, constants, target, at),
        LowerSolver::NewtonCg => newton_cg::solve(oracle, constants, target, at),
        LowerSolver::Lbfgs => lbfgs::solve(oracle, constants, target, at),
        LowerSolver::GradientDescent => gradient_descent::solve(oracle, constants, target, at),
        LowerSolver::User => user::solve(oracle, constants, target, at),
        LowerSolver::Fista | LowerSolver::Auto => fista::solve(oracle, constants, target, at),
    };
    match reached {
        Err(Interrupt::Flaw(Flaw::OverBudget { .. })) => Ok(Reached::Limit),
        reached => reached,
    }
}

/// The solver for a problem: conjugate gradients for quadratics, Newton steps where there is a preconditioner, else
/// FISTA where `mu` and `L` are known, else L-BFGS.
fn choose(oracle: &mut Oracle<'_, '_, '_>, constants: &Constants, at: &Iterate) -> Tried<LowerSolver> {
    if oracle.problem.is_quadratic() {
        return Ok(LowerSolver::ConjugateGradient);
    }
    let second = oracle.second_order(&at.x)?;
    let mut out = zeros("precondition", at.x.len())?;
    Ok(if oracle.precondition(&*second, &at.gradient, &mut out)? {
        LowerSolver::NewtonCg
    } else if constants.condition().is_finite() {
        LowerSolver::Fista
    } else {
        LowerSolver::Lbfgs
    })
}

/// Iterations without a smaller gradient after which there will be none.
fn patience(constants: &Constants) -> u64 {
    let condition = constants.condition();
    if condition.is_finite() { 100 + (4.0 * condition.sqrt()) as u64 } else { 1000 }
}

#[cfg(test)]
mod tests;
