//! How exactly the rows of a half-step are solved.
//!
//! From a warm start the error of a row is already of the size of the current error of the subspace, so what the theory
//! asks for is a constant reduction in each half-step, about `1 / kappa` while all directions still move, and less once
//! the large ones stand: 0.1 from the fifth sweep on keeps the number of sweeps of exact regressions.

use super::half_step::Solver;
use super::regression::Accuracy;
use super::settings::Settings;

/// The reduction from the fifth sweep on.
const ORDINARY: f64 = 0.1;
/// Sweeps in which the condition number matters, and how much of its inverse is asked for then.
const EARLY_SWEEPS: u64 = 4;
const EARLY: f64 = 3.0;
/// The strictest reduction.
const STRICTEST: f64 = 1e-10;
/// Steps of conjugate gradients at most.
const MAX_STEPS: usize = 200;

/// The tolerance of the next half-step.
#[derive(Debug, Clone, Copy)]
pub struct RowTolerance {
    fixed: Option<f64>,
    solver: Solver,
    /// `s_1 / s_k` of the last factor, as far as it is known.
    condition: f64,
    /// What a return to an earlier iterate has tightened it by.
    tightened: f64,
}

impl RowTolerance {
    /// That of a run.
    pub fn new(settings: &Settings) -> Self {
        Self { fixed: settings.row_tolerance, solver: settings.row_solver, condition: 1.0, tightened: 1.0 }
    }

    /// Notes the singular values of a factor, descending.
    pub fn learn(&mut self, singular: &[f64]) {
        if let (Some(first), Some(last)) = (singular.first(), singular.iter().rev().find(|s| **s > 0.0)) {
            self.condition = first / last;
        }
    }

    /// Asks for ten times as much from now on; whether that is possible.
    pub fn tighten(&mut self) -> bool {
        let possible = self.solver != Solver::Direct && self.tightened * ORDINARY > STRICTEST;
        if possible {
            self.tightened *= 0.1;
        }
        possible
    }

    /// What is asked for in a sweep.
    pub fn at(&self, sweep: u64) -> Accuracy {
        let reduction = self.fixed.unwrap_or_else(|| match sweep {
            ..EARLY_SWEEPS => ORDINARY.min(EARLY / self.condition.max(1.0)),
            _ => ORDINARY,
        });
        let reduction = (reduction * self.tightened).max(STRICTEST);
        Accuracy { reduction, gradient: 0.0, max_steps: MAX_STEPS }
    }
}
