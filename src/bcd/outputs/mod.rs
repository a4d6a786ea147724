//! Problems with several outputs: multinomial logistic regression (softmax) and least squares of several tasks.
//!
//! Minimizes `sum_r s_r phi(X'a_r + b + o_r, y_r) + G(X)` over coefficients `X` with one row for each feature and one
//! column for each of `k` outputs. Coefficients are held feature by feature, what belongs to rows of the data row by
//! row. `data` (targets), `engine` (the iterate), `newton` (steps), `smooth` (what the paper's rules and updates ask
//! for), `dual` and `certificate` (gaps), `solve`.

mod certificate;
mod data;
mod dual;
mod engine;
mod newton;
mod smooth;
mod solve;
#[cfg(test)]
mod tests;

pub(super) use certificate::certificate;
pub(super) use data::classes;
pub(super) use solve::Solve;

use super::problem::Problem;
use super::settings::Settings;
use crate::model::outputs::{OutputLoss, RowTarget};
use crate::numerics::Matrix;
use crate::numerics::sum::sum;
use crate::runtime::{Error, ErrorKind, Result};

/// How many outputs a problem has with these settings: the number of classes or of tasks; 1 for the losses of one
/// output.
///
/// Errors: targets that the loss does not take.
pub fn outputs(problem: &Problem<'_>, settings: &Settings) -> Result<usize> {
    match settings.output_loss {
        Some(loss) if problem.function().is_none() => {
            data::Data::new(problem, settings, loss).map(|data| data.k)
        }
        _ => Ok(1),
    }
}

/// Refuses a point of another length than `cols * k` (or `k` more, with intercepts), or with numbers that are not
/// finite.
fn check_point(point: &[f64], cols: usize, k: usize) -> Result<()> {
    if point.len() != cols * k && point.len() != (cols + 1) * k {
        return Err(solve::wrong_point(point.len(), cols, k));
    }
    match point.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(i) => Err(Error::new(ErrorKind::Data, "coef")
            .at(format!("column {}, output {}", i / k, i % k))
            .expected("a finite number")
            .found(point[i])),
    }
}

/// `A X + b + offset`, output after output; no intercepts count as 0.
fn linear_predictor(
    coef: &[f64],
    intercepts: &[f64],
    k: usize,
    matrix: &Matrix<'_>,
    offset: &[f64],
) -> Result<Vec<f64>> {
    let rows = matrix.rows();
    if matrix.cols() * k != coef.len() {
        return Err(Error::new(ErrorKind::Argument, "a.cols")
            .expected(format!("{}, one per row of coefficients", coef.len() / k.max(1)))
            .found(matrix.cols()));
    }
    let mut z = offset.to_vec();
    for (c, z) in z.chunks_mut(rows.max(1)).enumerate().take(if rows > 0 { k } else { 0 }) {
        let b = intercepts.get(c).copied().unwrap_or(0.0);
        z.iter_mut().for_each(|z| *z += b);
        for j in 0..matrix.cols() {
            if coef[j * k + c] != 0.0 {
                matrix.add(j, coef[j * k + c], z);
            }
        }
    }
    super::callbacks::unless_failed(matrix, z)
}

/// A model of several outputs, to be applied to new rows.
#[derive(Debug, Clone, Copy)]
pub struct OutputModel<'m> {
    /// Coefficients, feature by feature.
    pub coef: &'m [f64],
    /// One intercept per output, or none.
    pub intercepts: &'m [f64],
    /// Outputs.
    pub outputs: usize,
    /// The loss.
    pub loss: OutputLoss,
}

impl OutputModel<'_> {
    /// The linear predictors of new rows, row after row. `offset` has one number per row, or per row and output.
    pub fn predict(&self, matrix: &Matrix<'_>, offset: Option<&[f64]>) -> Result<Vec<f64>> {
        let (rows, k) = (matrix.rows(), self.outputs);
        let z = linear_predictor(self.coef, self.intercepts, k, matrix, &vec![0.0; rows * k])?;
        let mut by_rows: Vec<f64> = (0..z.len()).map(|i| z[(i % k) * rows + i / k]).collect();
        if let Some(offset) = offset {
            let len = if offset.len() == rows { rows } else { rows * k };
            super::problem::checked_finite("offset", offset, len)?;
            let each = if len == rows { k } else { 1 };
            by_rows.iter_mut().enumerate().for_each(|(i, z)| *z += offset[i / each]);
        }
        Ok(by_rows)
    }

    /// The means that they stand for: class probabilities for softmax.
    pub fn predict_mean(&self, matrix: &Matrix<'_>, offset: Option<&[f64]>) -> Result<Vec<f64>> {
        let mut z = self.predict(matrix, offset)?;
        z.chunks_mut(self.outputs).for_each(|z| self.loss.mean(z));
        Ok(z)
    }

    /// The weighted mean loss on new rows; NaN where all weights are 0 or there are no rows. `target` has a class
    /// number per row, or a number per row and output.
    pub fn score(
        &self,
        matrix: &Matrix<'_>,
        target: &[f64],
        weights: Option<&[f64]>,
        offset: Option<&[f64]>,
    ) -> Result<f64> {
        let (rows, k) = (matrix.rows(), self.outputs);
        let weights = match weights {
            Some(weights) => super::problem::checked_weights(weights, rows)?,
            None => vec![1.0; rows],
        };
        let per = if self.loss == OutputLoss::Softmax { 1 } else { k };
        let target = super::problem::checked_finite("y", target, rows * per)?;
        let classes =
            if per == 1 && self.loss == OutputLoss::Softmax { classes(&target)? } else { Vec::new() };
        if let Some(r) = classes.iter().position(|&y| y >= k) {
            return Err(Error::new(ErrorKind::Data, "y")
                .at(format!("row {r}"))
                .expected(format!("a class below {k}"))
                .found(classes[r]));
        }
        let z = self.predict(matrix, offset)?;
        let row = |r: usize| match classes.get(r) {
            Some(&y) => RowTarget::Class(y),
            None => RowTarget::Values(&target[r * k..(r + 1) * k]),
        };
        let loss = |r: usize| self.loss.value(&z[r * k..(r + 1) * k], row(r));
        let losses = (0..rows).filter(|&r| weights[r] > 0.0).map(|r| weights[r] * loss(r));
        Ok(sum(losses) / sum(weights.iter().copied()))
    }
}
