//! Strengths of the elastic net and of the lasso as they are: bilevel problems with block coordinate descent below.

use crate::bcd::PenalizedRows;
use crate::bilevel::problems::{NonsmoothElasticNet, Split, Training};
use crate::model::Loss;
use crate::numerics::PenalizedSolver;
use crate::runtime::Result;

/// The elastic net; theta has the logarithms of the strengths of absolute values and of the ridge. An intercept is not
/// penalized; with one, losses other than the squared one have no certificates (option `allow_uncertified`).
///
/// Errors: a loss without a gradient or a bound of its curvature; those of a [`Split`].
pub fn elastic_net(split: Split, loss: Loss, intercept: bool) -> Result<NonsmoothElasticNet> {
    NonsmoothElasticNet::new(split, loss, true, intercept, |rows| solver(rows, loss, intercept))
}

/// The lasso; theta has the logarithm of its strength. Where the loss alone is not known to be strongly convex (it is
/// for squares, more rows than columns and no intercept), there are no certificates, and option `allow_uncertified` is
/// asked for. Errors: as [`elastic_net`].
pub fn lasso(split: Split, loss: Loss, intercept: bool) -> Result<NonsmoothElasticNet> {
    NonsmoothElasticNet::new(split, loss, false, intercept, |rows| solver(rows, loss, intercept))
}

fn solver(rows: Training<'_>, loss: Loss, intercept: bool) -> Result<Box<dyn PenalizedSolver>> {
    Ok(Box::new(PenalizedRows::new(rows.matrix, rows.y, rows.weights, loss, intercept)?))
}
