//! A step along a descent direction of the lower objective: Armijo's test, and near the minimum, where differences
//! of values are rounding, the same test on slopes (Hager and Zhang 2005, the approximate Wolfe condition).

use super::Iterate;
use crate::bilevel::interrupt::{Flaw, Interrupt, Tried};
use crate::bilevel::metric::Metric;
use crate::bilevel::oracle::Oracle;
use crate::numerics::kernels::{add, dot};
use crate::runtime::error::copied;

/// The share of the slope that a step has to keep.
const SUFFICIENT: f64 = 1e-4;

/// Steps tried.
const TRIES: usize = 40;

/// The first of shrinking steps along `p` that descends enough; `None` where rounding leaves none, or `p` does not
/// descend.
pub fn search(
    oracle: &mut Oracle<'_, '_, '_>,
    from: &Iterate,
    p: &[f64],
    metric: &Metric,
) -> Tried<Option<Iterate>> {
    let slope = dot(&from.gradient, p);
    if !(slope < 0.0) {
        return Ok(None);
    }
    let blur = 1e-12 * from.value.abs();
    let mut t = 1.0;
    for _ in 0..TRIES {
        let mut x = copied("x", &from.x)?;
        add(t, p, &mut x);
        let shrink = match Iterate::at(oracle, x, metric) {
            Ok(there) => {
                let end = dot(&there.gradient, p);
                let falls = there.value <= from.value + SUFFICIENT * t * slope;
                let flattens = there.value <= from.value + blur && end <= (2.0 * SUFFICIENT - 1.0) * slope;
                if falls && !(there.value >= from.value - blur) || flattens {
                    return Ok(Some(there));
                }
                // Where the slope would vanish if it were linear.
                slope / (slope - end)
            }
            Err(Interrupt::Flaw(Flaw::NotFinite { .. } | Flaw::Refused { .. })) => 0.1,
            Err(other) => return Err(other),
        };
        t *= if shrink.is_finite() { shrink.clamp(0.1, 0.5) } else { 0.1 };
    }
    Ok(None)
}
