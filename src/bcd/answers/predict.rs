//! Predictions and scores on new data.

use super::solution::Solution;
use crate::bcd::problem::{checked_finite, checked_weights};
use crate::numerics::Matrix;
use crate::numerics::sum::sum;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// `A coef + intercept + offset`.
///
/// Errors: another number of columns than coefficients, an offset of the wrong length or not finite.
pub fn linear_predictor(
    coef: &[f64],
    intercept: f64,
    matrix: &Matrix<'_>,
    offset: Option<&[f64]>,
) -> Result<Vec<f64>> {
    polled_predictor(coef, intercept, matrix, offset, &mut Control::new())
}

/// [`linear_predictor`], which also ends with the error of a control that says stop.
pub(in crate::bcd) fn polled_predictor(
    coef: &[f64],
    intercept: f64,
    matrix: &Matrix<'_>,
    offset: Option<&[f64]>,
    control: &mut Control<'_>,
) -> Result<Vec<f64>> {
    if matrix.cols() != coef.len() {
        return Err(Error::new(ErrorKind::Argument, "a.cols")
            .expected(format!("{}, one per coefficient", coef.len()))
            .found(matrix.cols()));
    }
    let mut z = vec![intercept; matrix.rows()];
    if let Some(offset) = offset {
        let offset = checked_finite("offset", offset, z.len())?;
        z.iter_mut().zip(&offset).for_each(|(z, o)| *z += o);
    }
    for (j, &c) in coef.iter().enumerate() {
        if c != 0.0 {
            matrix.add(j, c, &mut z);
            control.spend(2 * matrix.column_entries(j) as u64)?;
        }
    }
    crate::bcd::callbacks::unless_failed(matrix, z)
}

/// The weighted mean loss; NaN where all weights are 0 or there are no rows.
pub(in crate::bcd) fn score(
    solution: &Solution,
    matrix: &Matrix<'_>,
    target: &[f64],
    weights: Option<&[f64]>,
    offset: Option<&[f64]>,
) -> Result<f64> {
    let target = checked_finite("y", target, matrix.rows())?;
    let weights = match weights {
        Some(weights) => checked_weights(weights, matrix.rows())?,
        None => vec![1.0; matrix.rows()],
    };
    solution.loss.check_targets(&target)?;
    let z = solution.predict(matrix, offset)?;
    Ok(solution.loss.value(&target, &z, &weights) / sum(weights.iter().copied()))
}
