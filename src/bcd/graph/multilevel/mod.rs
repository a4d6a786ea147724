//! The preconditioner of `rule=auto`: levels of aggregates, the symmetric forest sweep as smoother on each.

mod aggregation;
mod hierarchy;
mod sweep;

pub(super) use hierarchy::{Hierarchy, Shape};

use crate::numerics::kernels::Scalar;
use std::ops::{Add, Div, Mul, Sub};

/// Numbers that the preconditioner computes with. f32 halves its memory traffic; f64 is for ranges beyond it.
pub(super) trait Real:
    Scalar + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + std::fmt::Debug
{
    const ZERO: Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
}
