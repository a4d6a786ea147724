//! The caller's own smooth function with one of the penalties: value, block gradient and, if there are any, block
//! Hessian and coordinate bounds come from callbacks.
//!
//! The rules and updates are those of the paper, by [`Smooth`](super::smooth::Smooth). From the bounds `L_i` of the
//! coordinates alone follow `L_b <= sum_b L_i` and, for a convex function, `H_b <= |b| diag(L_b)`.

mod engine;
mod solve;

pub(super) use solve::{Solve, certificate};

use crate::runtime::{Error, ErrorKind};
use std::fmt;
use std::sync::Arc;

/// A smooth convex function of `cols` coordinates, by callbacks. Each gives back 0, or a number that ends the solve and
/// reaches the caller in [`Error::code`].
pub trait UserFunction: Send + Sync {
    /// Number of coordinates.
    fn cols(&self) -> usize;
    /// `f(x)` into `out`.
    fn value(&self, x: &[f64], out: &mut f64) -> i32;
    /// The gradient at the coordinates in `list` into `out`.
    fn gradient(&self, x: &[f64], list: &[usize], out: &mut [f64]) -> i32;
    /// Whether there is a Hessian.
    fn has_hessian(&self) -> bool {
        false
    }
    /// The Hessian on the coordinates in `list` into `out`, column by column.
    fn hessian(&self, _x: &[f64], _list: &[usize], _out: &mut [f64]) -> i32 {
        0
    }
    /// `L_i` with `|d_i f(x + t e_i) - d_i f(x)| <= L_i |t|`, one per coordinate, if they are known.
    fn lipschitz(&self) -> Option<&[f64]> {
        None
    }
}

/// A function of the caller that a problem holds.
#[derive(Clone)]
pub(super) struct Function(pub(super) Arc<dyn UserFunction>);

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a function of {} coordinates", self.0.cols())
    }
}

/// The error of a callback: its number, or what it wrote that is no finite number.
fn failed(callback: &str, code: i32, found: Option<f64>) -> Error {
    let error = Error::new(ErrorKind::Callback, callback);
    match found {
        Some(found) => error.expected("finite numbers").found(found),
        None => error.expected("0").found(code).with_code(code),
    }
}
