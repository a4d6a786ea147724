//! Logistic regression: `h = 1/n sum_r log(1 + exp(-y_r x_r'w)) + 1/2 sum_j exp(t_g(j)) w_j^2`, labels -1 and 1, judged
//! by the mean loss of other rows.
//!
//! `A v = X' (s' .* X v)/n + exp(t) v`. `L = |X|^2/(4n) + max exp(t)`, `L_A = |X|^2/(6 sqrt 3 n) max_r |x_r|`, `L_B =
//! max exp(t)`, `L_g = |X_v|^2/(4m)`.

use super::linear_model::LinearModel;
use super::penalty::{Penalty, Sharing};
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::model::loss::Logistic;
use crate::runtime::Result;

/// Logistic regression with strengths as in [`ridge`](super::ridge::ridge), and the same errors and cost. An intercept
/// has the fixed ridge [`FIXED_RIDGE`](super::FIXED_RIDGE), so that `mu` is at most that.
pub fn logistic(split: Split, sharing: &Sharing, intercept: bool) -> Result<LinearModel> {
    let loss = RowLoss::Scalar(Loss::Logistic(Logistic));
    LinearModel::new(split, intercept, loss, |features| Penalty::ridge(sharing, features, intercept, 1))
}
