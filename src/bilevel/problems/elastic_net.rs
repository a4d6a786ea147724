//! The smoothed elastic net, `h = 1/n sum_r phi(x_r'w, y_r) + exp(t_1) sum_j (sqrt(w_j^2 + v^2) - v) + 1/2 exp(t_2)
//! w'w`.
//!
//! `B` has the columns `exp(t_1) w/phi` and `exp(t_2) w`. `mu = exp(t_2)` (and more for the squared loss), `L` gains
//! `exp(t_1)/v + exp(t_2)`, `L_A` gains `0.859 exp(t_1)/v^2`, `L_B^2 = exp(2 t_1)/v^2 + exp(2 t_2)`.
//!
//! As it is, it is another problem: [`NonsmoothElasticNet`](super::NonsmoothElasticNet).

use super::linear_model::LinearModel;
use super::penalty::Penalty;
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::runtime::Result;

/// The smoothed elastic net; theta is `(t_1, t_2)`. An intercept is not penalized but by the fixed ridge
/// [`FIXED_RIDGE`](super::FIXED_RIDGE).
///
/// Errors: `v` that is not above 0, a loss without a gradient or a bound of its curvature, those of a [`Split`].
pub fn smoothed_elastic_net(split: Split, loss: Loss, v: f64, intercept: bool) -> Result<LinearModel> {
    let loss = RowLoss::of_bounded_curvature(loss)?;
    LinearModel::new(split, intercept, loss, |features| Penalty::elastic_net(v, features, intercept))
}
