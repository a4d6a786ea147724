//! What one family asks of another: minimizers of a loss with absolute values and a ridge.

use crate::runtime::{Control, Result};
use std::fmt;

/// A solver of `min over x of f(x) + l1 sum_j |x_j| + l2/2 sum_j x_j^2` for one convex `f`; where `f` has an intercept,
/// that is the last entry of `x`, which the sums leave out.
///
/// It is the trait that the design calls `LowerSolver`: bilevel optimization over a lasso needs the solver of block
/// coordinate descent, which implements it, and neither family knows the other.
pub trait PenalizedSolver: fmt::Debug + Send + Sync {
    /// Improves `x` further and further, until `excess` says so, rounding leaves nothing to gain, or the control says
    /// stop; `x` is the last point in each case.
    ///
    /// `excess` is asked about point after point. It says how many times too large some first-order measure still is,
    /// one that falls like the square root of what the objective has above its minimum; at most 1 ends the solve. `l1`
    /// and `l2` are at least 0. The same arguments and answers give the same bits.
    ///
    /// Errors: those of `excess`, strengths that are not finite, no memory.
    fn improve(
        &self,
        l1: f64,
        l2: f64,
        x: &mut [f64],
        excess: &mut dyn FnMut(&[f64]) -> Result<f64>,
        control: &mut Control<'_>,
    ) -> Result<()>;

    /// The least `l1` at which all of `x` but the intercept is 0, whatever `l2`. Errors: a stop, no memory.
    fn lambda_max(&self, control: &mut Control<'_>) -> Result<f64>;
}
