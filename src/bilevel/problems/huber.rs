//! Huber regression: `h = 1/n sum_r phi_delta(x_r'w - y_r) + 1/2 exp(t_1) w'w` with `delta = exp(t_0)`.
//!
//! Huber's loss has a curvature that jumps at `|r| = delta`: `L_A` and `L_B` do not exist. Its smooth form `delta^2
//! (sqrt(1 + (r / delta)^2) - 1)` has both: `L_A = 0.859/delta |X|^2/n max_r |x_r|`, and the column of `t_0` has the
//! Lipschitz constant `0.558 |X|^2/n`.

use super::check;
use super::linear_model::{LinearModel, LossParameter};
use super::penalty::{Penalty, Sharing};
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::model::loss::{Huber, PseudoHuber};
use crate::runtime::Result;

/// Huber regression whose theta is `log delta`, followed by the logarithms of the strengths as in
/// [`ridge`](super::ridge::ridge). `smooth` takes the smooth form. The upper level is the mean of the same loss, with
/// the fixed `judged_by` for `delta`, over other rows: a loss that theta could make small would say nothing.
///
/// Errors: `judged_by` that is not above 0, and as [`ridge`](super::ridge::ridge).
pub fn huber(
    split: Split,
    smooth: bool,
    judged_by: f64,
    sharing: &Sharing,
    intercept: bool,
) -> Result<LinearModel> {
    check::positive("judged_by", judged_by)?;
    let with = |delta: f64| {
        RowLoss::Scalar(if smooth {
            Loss::PseudoHuber(PseudoHuber { delta })
        } else {
            Loss::Huber(Huber { delta })
        })
    };
    let penalty = |features| Penalty::ridge(sharing, features, intercept, 1);
    Ok(LinearModel {
        parameter: LossParameter::Delta,
        validation: with(judged_by),
        ..LinearModel::new(split, intercept, with(1.0), penalty)?
    })
}
