//! Implicit feedback as weighted observations beside entries that all count as 0.
//!
//! A value `v` is an entry that is 1 (0 if negative) with weight `c = 1 + confidence |v|`. Since every entry counts
//! with weight 1 as 0 already, `c (p - x)^2` is written as `x^2 + (c - 1) (p c / (c - 1) - x)^2` and a constant.

use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// The values and weights that stand for feedback values; those that are not numbers get weight 0 where they are
/// `missing`.
///
/// Errors: a value whose product with the confidence is not finite (named as `value`, with its entry), no memory.
pub(super) fn observed(value: &[f64], confidence: f64, missing: bool) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut target, mut weight): (Vec<f64>, Vec<f64>) =
        (zeros("value", value.len())?, zeros("weight", value.len())?);
    for (k, v) in value.iter().enumerate() {
        if missing && v.is_nan() {
            continue;
        }
        let (t, w) = entry(*v, confidence);
        if !(t.is_finite() && w.is_finite()) {
            return Err(Error::new(ErrorKind::Data, "value")
                .at(format!("entry {k}"))
                .expected("a finite number whose product with the confidence is in range")
                .found(v));
        }
        (target[k], weight[k]) = (t, w);
    }
    Ok((target, weight))
}

/// The value and the weight that stand for a feedback value: `c / (c - 1)`, or 0 where it is not above 0, and `c - 1`.
pub(super) fn entry(value: f64, confidence: f64) -> (f64, f64) {
    let weight = confidence * value.abs();
    (if value > 0.0 { (1.0 + weight) / weight } else { 0.0 }, weight)
}

/// The refusal of weights beside implicit feedback.
pub(super) fn no_weights() -> Error {
    Error::new(ErrorKind::Argument, "weights")
        .expected("none with feedback=implicit, where values give the weights")
        .found("some")
}
