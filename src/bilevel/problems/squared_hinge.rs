//! The support vector machine with squared hinge: `h = exp(theta)/n sum_r max(0, 1 - y_r x_r'w)^2 + 1/2 sum_j w_j^2`
//! with `C = exp(theta)`, judged by the mean squared hinge of other rows.
//!
//! `mu = 1` whatever `C` is. `B` is one column, the gradient of the loss. The curvature of the squared hinge jumps at
//! the margin, so that `L_A` does not exist and no bound with it is proven; with a width above 0 the jump becomes a
//! ramp, and `L_A = 2 C |X|^2/(n width) max_r |x_r|`.

use super::check;
use super::linear_model::{LinearModel, LossParameter};
use super::penalty::Penalty;
use super::row_loss::RowLoss;
use super::samples::Split;
use super::smoothed_squared_hinge::SmoothedSquaredHinge;
use crate::model::Loss;
use crate::model::loss::SquaredHinge;
use crate::runtime::Result;

/// The support vector machine whose `log C` is theta; the curvature rises from 0 to 2 over a margin of `width`, at once
/// where that is 0: the plain squared hinge. An intercept is penalized as any other coefficient.
///
/// Errors: a width that is not a number of at least 0, and those of a [`Split`].
pub fn squared_hinge(split: Split, width: f64, intercept: bool) -> Result<LinearModel> {
    check::not_negative("width", width)?;
    let loss = if width > 0.0 {
        RowLoss::SmoothedSquaredHinge(SmoothedSquaredHinge { width })
    } else {
        RowLoss::Scalar(Loss::SquaredHinge(SquaredHinge))
    };
    let model = LinearModel::new(split, intercept, loss, |_| Ok(Penalty::Fixed { strength: 1.0 }))?;
    Ok(LinearModel { parameter: LossParameter::Factor, ..model })
}
