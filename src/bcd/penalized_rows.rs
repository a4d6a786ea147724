//! Losses of rows with absolute values and a ridge, for families that need a solver of them: the lower level of a
//! bilevel problem is one.

use super::problem::Problem;
use super::settings::Settings;
use super::solve::{Start, any_lambda_max, any_solve};
use super::workspace::Workspace;
use crate::model::Loss;
use crate::numerics::{Matrix, PenalizedSolver};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Family, Options, Outcome, Result};
use std::sync::Arc;

/// The gap that the first solve leaves, as a share of the loss of the null model, ..
const FIRST: f64 = 1e-4;
/// .. and the last: what is left then is rounding.
const LAST: f64 = 1e-16;
/// By how much the gap falls from solve to solve at least.
const FALL: f64 = 0.1;
/// Below what the last measure asks for by this.
const MARGIN: f64 = 0.25;

/// `sum_r s_r phi(a_r'x + b, y_r)`, penalized: each solve goes on from the last with a smaller duality gap.
#[derive(Debug)]
pub struct PenalizedRows {
    problem: Problem<'static>,
    loss: Loss,
    intercept: bool,
}

impl PenalizedRows {
    /// The rows of a matrix (shared, not copied), each with a target `y` and a weight `s`; the hinge loss has no solver
    /// here. Errors: arrays of another length than rows, numbers that are not finite, weights below 0, targets that
    /// are not of the loss.
    pub fn new(
        matrix: &Arc<Matrix<'static>>,
        y: &[f64],
        weights: &[f64],
        loss: Loss,
        intercept: bool,
    ) -> Result<Self> {
        let mut problem = Problem::on_shared(matrix.clone(), y)?;
        problem.set_weights(weights)?;
        loss.check_targets(y)?;
        Ok(Self { problem, loss, intercept })
    }

    fn settings(&self, l1: f64, l2: f64) -> Result<Settings> {
        let mut options = Options::new(Family::Bcd);
        let (penalty, lambda) = match (l1 > 0.0, l2 > 0.0) {
            (_, false) => ("l1", l1),
            (false, true) => ("ridge", l2),
            (true, true) => ("elastic-net", l1 + l2),
        };
        options.set_text("penalty", penalty)?;
        options.set_real("lambda", lambda)?;
        if penalty == "elastic-net" {
            options.set_real("l1_ratio", l1 / lambda)?;
        }
        options.set_text("intercept", if self.intercept { "true" } else { "false" })?;
        Ok(Settings { loss: self.loss, ..Settings::from_options(&options)? })
    }
}

impl PenalizedSolver for PenalizedRows {
    fn improve(
        &self,
        l1: f64,
        l2: f64,
        x: &mut [f64],
        excess: &mut dyn FnMut(&[f64]) -> Result<f64>,
        control: &mut Control<'_>,
    ) -> Result<()> {
        let mut settings = self.settings(l1, l2)?;
        // Of this call alone: what a workspace has kept may change the last bits.
        let mut workspace = Workspace::new();
        let cols = self.problem.matrix().cols();
        settings.tolerance = FIRST;
        loop {
            let intercept = x.get(cols).copied().unwrap_or(0.0);
            let start = Start { coef: Some(&x[..cols]), intercept };
            let team = Team::solo();
            let found = any_solve(&self.problem, &settings, &team, &mut workspace, Some(start), control)?;
            x[..cols].copy_from_slice(&found.coef);
            x[cols..].fill(found.intercept);
            let excess = excess(x)?;
            // At the floor one more solve would find what this one has found.
            if excess <= 1.0 || found.outcome != Outcome::Converged || settings.tolerance <= LAST {
                return Ok(());
            }
            settings.tolerance = (settings.tolerance * (MARGIN / (excess * excess)).min(FALL)).max(LAST);
        }
    }

    fn lambda_max(&self, control: &mut Control<'_>) -> Result<f64> {
        let settings = self.settings(1.0, 0.0)?;
        Ok(any_lambda_max(&self.problem, &settings, &Team::solo(), control)??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::loss::Squared;
    use crate::numerics::{DenseView, Order};

    #[test]
    fn points_become_better_until_they_will_do_and_rows_of_no_weight_are_absent() {
        // min 1/2 (2 x - 3)^2 + x + x^2: x = 5/6, with a row that does not count.
        let data = [2.0, 100.0];
        let view = DenseView { data: &data[..], rows: 2, cols: 1, ld: 2, order: Order::ColumnMajor };
        let matrix = Arc::new(Matrix::dense(view).unwrap());
        let loss = Loss::Squared(Squared);
        let rows = PenalizedRows::new(&matrix, &[3.0, 1.0], &[1.0, 0.0], loss, false).unwrap();
        let (mut x, mut asked) = ([0.0], 0);
        let mut excess = |x: &[f64]| {
            asked += 1;
            Ok((2.0 * (2.0 * x[0] - 3.0) + 1.0 + 2.0 * x[0]).abs() / 1e-9)
        };
        rows.improve(1.0, 2.0, &mut x, &mut excess, &mut Control::new()).unwrap();
        assert!((x[0] - 5.0 / 6.0).abs() < 1e-9 && asked >= 1, "{x:?} {asked}");
        assert!((rows.lambda_max(&mut Control::new()).unwrap() - 6.0).abs() < 1e-12);
        assert!(PenalizedRows::new(&matrix, &[3.0], &[1.0, 0.0], loss, false).is_err());
        assert!(rows.improve(f64::NAN, 0.0, &mut x, &mut |_| Ok(2.0), &mut Control::new()).is_err());
    }
}
