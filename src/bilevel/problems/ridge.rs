//! Ridge regression: `h = 1/(2n) |X w - y|^2 + 1/2 sum_j exp(t_g(j)) w_j^2`, judged by half the mean squared error of
//! other rows.
//!
//! `A = X'X/n + diag(exp t)` does not depend on `w`; `B q` and `B' q` are products with `exp(t_j) w_j`, summed over
//! each group. `mu` has the least eigenvalue of `X'X/n` where that is cheap to find; `L_A = 0`, `L_B = max exp(t)`,
//! `L_g = |X_v|^2/m`.

use super::linear_model::LinearModel;
use super::penalty::{Penalty, Sharing};
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::model::loss::Squared;
use crate::runtime::Result;

/// Ridge regression with one strength, one per feature, or one per group of features; theta are their logarithms. An
/// intercept is one more coefficient, the last, with the fixed ridge [`FIXED_RIDGE`](super::FIXED_RIDGE).
///
/// Errors: those of a [`Split`], groups that are not as [`Sharing`] has them. Costs a Gram matrix per sample where one
/// side of the features is at most 256 and that takes at most about a second, else a few passes.
pub fn ridge(split: Split, sharing: &Sharing, intercept: bool) -> Result<LinearModel> {
    let loss = RowLoss::Scalar(Loss::Squared(Squared));
    LinearModel::new(split, intercept, loss, |features| Penalty::ridge(sharing, features, intercept, 1))
}
