//! Numbers of 106 bits as sums of two doubles: for residuals that a proof rests on.
//!
//! With `u = 2^-53`, the relative errors are at most `3.1 u^2` for sums, `2 u^2` for products with a double, `4.1 u^2`
//! for products and `16 u^2` for quotients (Joldes, Muller and Popescu, Tight and rigorous error bounds for basic
//! building blocks of double-word arithmetic, 2017), where nothing overflows and no product falls below `2^-968`.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `high + low`, with `|low|` at most half a unit in the last place of `high`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Double {
    /// The nearest double.
    pub high: f64,
    /// What that leaves.
    pub low: f64,
}

/// The sum and its rounding error, where `|a| >= |b|` or `a` is 0.
fn ordered(a: f64, b: f64) -> Double {
    let high = a + b;
    Double { high, low: b - (high - a) }
}

impl Double {
    /// `a + b`, exactly.
    pub fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let from_b = high - a;
        Self { high, low: (a - (high - from_b)) + (b - from_b) }
    }

    /// `a b`, exactly.
    pub fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// The square root, to about `2^-100`.
    pub fn root(self) -> Self {
        if !(self.high > 0.0) {
            return Self { high: self.high.sqrt(), low: 0.0 };
        }
        let first = self.high.sqrt();
        let rest = self - Self::product(first, first);
        ordered(first, rest.high / (2.0 * first))
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (s, t) = (Self::sum(self.high, other.high), Self::sum(self.low, other.low));
        let v = ordered(s.high, s.low + t.high);
        ordered(v.high, t.low + v.low)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let p = Self::product(self.high, other.high);
        let cross = self.low.mul_add(other.high, self.high.mul_add(other.low, self.low * other.low));
        ordered(p.high, p.low + cross)
    }
}

impl Mul<f64> for Double {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        let p = Self::product(self.high, other);
        ordered(p.high, self.low.mul_add(other, p.low))
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * first;
        ordered(first, rest.high / other.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_sevenths_and_roots_come_back() {
        let one = Double::from(1.0);
        for n in 2..200 {
            let n = f64::from(n);
            let part = one / Double::from(n);
            let back = part * n - one;
            assert!(back.high.abs() < 1e-31, "{n} {back:?}");
            let mut sum = Double::default();
            (0..n as usize).for_each(|_| sum = sum + part);
            assert!((sum - one).high.abs() < 1e-29, "{n}");
            let root = Double::from(n).root();
            assert!((root * root - Double::from(n)).high.abs() < 1e-29 * n, "{n}");
            assert!((part * part - one / Double::product(n, n)).high.abs() < 1e-31);
        }
        // What a double cannot hold.
        let sum = Double::sum(1e20, 1.0) - Double::from(1e20);
        assert_eq!(sum, Double::from(1.0));
        assert_eq!(Double::product(1e10 + 1.0, 1e10 - 1.0) - Double::from(1e20), Double::from(-1.0));
    }
}
