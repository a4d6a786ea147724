//! Data hyper-cleaning: `h = 1/n sum_r sigma(theta_r) phi(x_r'W, y_r) + c/2 |W|^2` with one logit per training row,
//! judged by the mean loss of clean rows. Rows with wrong labels are to get small weights.
//!
//! `B' q`: entry `r` is `sigma'(theta_r)/n (phi'_r)' (x_r'q)`. `mu = c`; `L = sup phi'' |X|^2/n max sigma + c`; `L_B`
//! is `sup phi'' |X| max_r sigma'(theta_r) |x_r| / n`.

use super::check;
use super::linear_model::{LinearModel, LossParameter};
use super::penalty::Penalty;
use super::row_loss::RowLoss;
use super::samples::{Split, Task};
use crate::model::Loss;
use crate::model::loss::Logistic;
use crate::runtime::{Error, ErrorKind, Result};

/// Hyper-cleaning with the multinomial logistic loss over `classes` classes (class numbers from 0), or the logistic
/// loss of labels -1 and 1 where `classes` is 0. Theta has one number per training row. An intercept is penalized as
/// any other coefficient.
///
/// Errors: `c` that is not above 0, one class, and those of a [`Split`].
pub fn hyper_cleaning(task: Task, classes: usize, c: f64, intercept: bool) -> Result<LinearModel> {
    check::positive("c", c)?;
    if classes == 1 {
        return Err(Error::new(ErrorKind::Argument, "classes").expected("0, or at least 2").found(classes));
    }
    let loss =
        if classes == 0 { RowLoss::Scalar(Loss::Logistic(Logistic)) } else { RowLoss::Softmax { classes } };
    let penalty = |_| Ok(Penalty::Fixed { strength: c });
    let model = LinearModel::new(Split::HoldOut(task), intercept, loss, penalty)?;
    Ok(LinearModel { parameter: LossParameter::RowLogits, ..model })
}
