//! Multinomial logistic regression: `h = 1/n sum_r [log sum_c exp(x_r'w_c) - x_r'w_(y_r)] + 1/2 sum exp(t) W^2`, judged
//! by the mean cross-entropy of other rows.
//!
//! `A V = X' (p .* U - p (p'U))/n + exp(t) V` with `U = X V`, row by row. `L = |X|^2/(2n) + max exp(t)`,
//! `L_A = 0.2722 |X|^2/n max_r |x_r|`, `L_B = max exp(t)`, `L_g = |X_v|^2/(2m)`.
//! One strength per weight is the experiment of arXiv 2308.10098 on handwritten digits.

use super::linear_model::LinearModel;
use super::penalty::{Penalty, Sharing};
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::runtime::{Error, ErrorKind, Result};

/// Multinomial logistic regression over `classes` classes; targets are class numbers from 0. The coefficients of class
/// `c` are the `c`-th block of `x`.
///
/// Errors: fewer than 2 classes, and as [`ridge`](super::ridge::ridge), with the same cost.
pub fn multinomial(split: Split, classes: usize, sharing: &Sharing, intercept: bool) -> Result<LinearModel> {
    if classes < 2 {
        return Err(Error::new(ErrorKind::Argument, "classes").expected("at least 2").found(classes));
    }
    let loss = RowLoss::Softmax { classes };
    LinearModel::new(split, intercept, loss, |features| Penalty::ridge(sharing, features, intercept, classes))
}
