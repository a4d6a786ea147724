//! Tasks that share a starting point: `h_i = 1/n_i sum_r phi(x_r'w, y_r) + lambda/2 |w - theta|^2`, judged by the mean
//! loss of other rows of the task (meta-learning with implicit gradients, arXiv 1909.04630).
//!
//! `B = -lambda I`, so `L_B = 0`; `mu = lambda` as the losses are convex, and more for the squared loss.

use super::linear_model::LinearModel;
use super::penalty::Penalty;
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::runtime::Result;

/// The problem for a convex loss of one output; theta has one number per feature (and intercept).
///
/// Errors: `lambda` that is not above 0; the hinge loss, which has no gradient, and the Poisson loss, whose curvature
/// has no bound; those of a [`Split`].
pub fn proximal(split: Split, loss: Loss, lambda: f64, intercept: bool) -> Result<LinearModel> {
    let loss = RowLoss::of_bounded_curvature(loss)?;
    LinearModel::new(split, intercept, loss, |_| Penalty::proximal(lambda))
}
