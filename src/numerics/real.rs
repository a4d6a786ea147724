//! Arithmetic in the precision that factors are stored in: f64 or f32.

use super::kernels::Scalar;
use super::lanes::{Instructions, Line};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A stored number that loops also compute with.
pub trait Real:
    Scalar
    + PartialOrd
    + Default
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// Half the distance from 1 to the next number.
    const ROUNDING: f64;
    /// Numbers in a line of the cache: what rows of factors are padded to.
    const LANES: usize;
    /// Such a line in registers.
    type Line<I: Instructions>: Line<Self>;
    /// The square root.
    fn root(self) -> Self;
    /// `self * a + b`, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
}

impl Real for f64 {
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    const LANES: usize = 8;
    type Line<I: Instructions> = I::Double;
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
}

impl Real for f32 {
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
    const LANES: usize = 16;
    type Line<I: Instructions> = I::Single;
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
}
