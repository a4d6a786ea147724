//! What a solve gives back.

use super::certificate::Certificate;
use crate::bcd::outputs::OutputModel;
use crate::model::{Loss, OutputLoss};
use crate::numerics::Matrix;
use crate::runtime::{Control, Outcome, Result, Rigor};

/// A row of the trace: the state at a check of the certificate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceRow {
    /// Iterations so far.
    pub iteration: u64,
    /// Floating-point operations so far.
    pub work: u64,
    /// Seconds so far.
    pub seconds: f64,
    /// The objective.
    pub objective: f64,
    /// The certificate.
    pub certificate: f64,
    /// Coefficients that are not 0.
    pub nonzeros: u64,
}

impl TraceRow {
    /// A look at coordinates `x` now.
    pub(in crate::bcd) fn new(
        iteration: u64,
        objective: f64,
        certificate: f64,
        x: &[f64],
        control: &Control<'_>,
    ) -> Self {
        Self {
            iteration,
            work: control.work(),
            seconds: control.seconds(),
            objective,
            certificate,
            nonzeros: x.iter().filter(|x| **x != 0.0).count() as u64,
        }
    }
}

/// The answer of a solve, in the data's own scale.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Coefficients, one per column; for several outputs one per column and output, column by column.
    pub coef: Vec<f64>,
    /// The intercept; 0 where none is fitted.
    pub intercept: f64,
    /// The intercepts of several outputs; empty where none are fitted, and for one output.
    pub intercepts: Vec<f64>,
    /// How many outputs there are.
    pub outputs: usize,
    /// The dual point of the certificate, one number per row (and output, row by row); empty where there is no dual.
    pub dual: Vec<f64>,
    /// How the solve ended.
    pub outcome: Outcome,
    /// The certificate, recomputed from the raw data after the loop.
    pub certificate: Certificate,
    /// The tolerance in the units of the certificate.
    pub target: f64,
    /// The strength of the penalty.
    pub lambda: f64,
    /// The smallest lambda with an all-zero solution; infinite for ridge.
    pub lambda_max: f64,
    /// Loss of the null model above that of a perfect fit.
    pub null_loss: f64,
    /// Share of that loss which the answer explains: 1 for a perfect fit. NaN for several outputs, and where the null
    /// model is perfect.
    pub explained: f64,
    /// The iteration after which the set of coefficients away from 0 never changed, as far as checks of the certificate
    /// saw.
    pub settled_at: u64,
    /// Where the outcome is `InfimumNotAttained`: a direction in which the loss falls for ever, as coefficients and,
    /// last, the intercept. For logistic labels it separates them: `y_r (a_r'd + d_0) > 0` for every row with weight.
    /// Else empty.
    pub direction: Vec<f64>,
    /// Iterations: block updates, or working sets where the rule is auto.
    pub iterations: u64,
    /// Floating-point operations, counted.
    pub work: u64,
    /// Seconds for setup: checks, scales, constants, the null model.
    pub seconds_setup: f64,
    /// Seconds for the loop and the final certificate.
    pub seconds_solve: f64,
    /// The trace, where asked for.
    pub trace: Vec<TraceRow>,
    /// The loss that was fitted, if it is of one output.
    pub loss: Loss,
    /// The loss of several outputs that was fitted.
    pub output_loss: Option<OutputLoss>,
}

impl Solution {
    /// The answer before anything was done.
    pub(in crate::bcd) fn empty(loss: Loss) -> Self {
        Self {
            coef: Vec::new(),
            intercept: 0.0,
            intercepts: Vec::new(),
            outputs: 1,
            dual: Vec::new(),
            outcome: Outcome::Unsolved,
            certificate: Certificate::none(),
            target: 0.0,
            lambda: f64::NAN,
            lambda_max: f64::NAN,
            null_loss: f64::NAN,
            explained: f64::NAN,
            settled_at: 0,
            direction: Vec::new(),
            iterations: 0,
            work: 0,
            seconds_setup: 0.0,
            seconds_solve: 0.0,
            trace: Vec::new(),
            loss,
            output_loss: None,
        }
    }

    /// Takes the certificate of the answer, which has the last word on the outcome.
    pub(in crate::bcd) fn take_certificate(&mut self, found: Certificate) {
        self.certificate = found;
        // The loop's figure and this one differ by rounding only; a larger difference is a defect to be told.
        let meets = found.meets(self.target, self.null_loss);
        let sharper = Certificate { value: found.value - found.rounding, ..found };
        match self.outcome {
            // The loop does not know what is charged for rounding.
            Outcome::Converged if !meets && sharper.meets(self.target, self.null_loss) => {
                self.outcome = Outcome::Floor;
            }
            Outcome::Converged if !meets => self.outcome = Outcome::Uncertified,
            // A limit that came when the answer was good enough, or an answer at the null model that is.
            Outcome::WorkLimit | Outcome::TimeLimit if meets => self.outcome = Outcome::Converged,
            Outcome::Diverged if meets && found.rigor == Rigor::Proven => self.outcome = Outcome::Converged,
            _ => {}
        }
    }

    /// Coefficients that are not 0.
    pub fn nonzeros(&self) -> usize {
        self.coef.iter().filter(|c| **c != 0.0).count()
    }

    /// The coefficients of several outputs and, after them, their intercepts: what a [`Start`](crate::bcd::Start) and
    /// [`certificate`](crate::bcd::certificate()) take. For one output the coefficients alone.
    pub fn stacked(&self) -> Vec<f64> {
        [self.coef.as_slice(), &self.intercepts].concat()
    }

    /// The intercepts, one per output; 0 where none are fitted.
    pub fn output_intercepts(&self) -> Vec<f64> {
        match self.output_loss {
            None => vec![self.intercept],
            Some(_) if self.intercepts.is_empty() => vec![0.0; self.outputs],
            Some(_) => self.intercepts.clone(),
        }
    }

    /// The model of several outputs, where there are several.
    pub fn output_model(&self) -> Option<OutputModel<'_>> {
        self.output_loss.map(|loss| OutputModel {
            coef: &self.coef,
            intercepts: &self.intercepts,
            outputs: self.outputs,
            loss,
        })
    }

    /// The linear predictor `a x + b + offset` on new rows; for several outputs row after row.
    pub fn predict(&self, matrix: &Matrix<'_>, offset: Option<&[f64]>) -> Result<Vec<f64>> {
        if let Some(model) = self.output_model() {
            return model.predict(matrix, offset);
        }
        super::predict::linear_predictor(&self.coef, self.intercept, matrix, offset)
    }

    /// The mean of the target on new rows: a probability for logistic (for softmax of each class, row after
    /// row), a rate for Poisson.
    pub fn predict_mean(&self, matrix: &Matrix<'_>, offset: Option<&[f64]>) -> Result<Vec<f64>> {
        if let Some(model) = self.output_model() {
            return model.predict_mean(matrix, offset);
        }
        Ok(self.predict(matrix, offset)?.into_iter().map(|z| self.loss.mean(z)).collect())
    }

    /// The weighted mean of the loss on new rows.
    pub fn score(
        &self,
        matrix: &Matrix<'_>,
        target: &[f64],
        weights: Option<&[f64]>,
        offset: Option<&[f64]>,
    ) -> Result<f64> {
        if let Some(model) = self.output_model() {
            return model.score(matrix, target, weights, offset);
        }
        super::predict::score(self, matrix, target, weights, offset)
    }
}
