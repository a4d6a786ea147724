//! Online ridge regression, kept as an orthogonal factor: the learner of the paper's experiments, without its inverse.
//!
//! Predicts `z = x'theta` with the `theta` that minimizes `lambda |theta|^2 + sum w (y - x'theta)^2` over past rounds.
//! With `h_t = q_t / (1/w_t + q_t)` and `q_t = x'A^-1 x` before round `t`, exactly
//!
//! `sum w_t (y_t - z_t)^2 (1 - h_t) = min_theta lambda |theta|^2 + sum w (y - x'theta)^2`,
//!
//! and the left side is what the factor sums up as it goes: the loss of the best ridge predictor in hindsight, at
//! every moment. For labels and clipped predictions in `[0, 1]` and weights up to 1, the loss is at most that plus
//! `ln det(A / lambda)`, since `min(e^2, 1) - (1 - h) e^2 <= h <= ln(1 + w q)`.

use crate::numerics::row_factor::{RowFactor, row_length};
use crate::numerics::sum::Sum;
use crate::runtime::Result;

/// A product is turned into the logarithm before it comes near the largest number.
const LARGE: f64 = 1e100;

/// Ridge regression so far; least squares where the ridge is 0.
#[derive(Debug, Clone)]
pub struct Ridge {
    pub(in super::super) factor: RowFactor,
    pub(in super::super) ridge: f64,
    /// `rho`: the least sum of squares.
    pub(in super::super) hindsight: Sum,
    /// `sum w y^2`.
    pub(in super::super) total: Sum,
    pub(in super::super) growth: Growth,
    /// The largest weight.
    pub(in super::super) heaviest: f64,
}

/// `sum ln(1 + w q)`, as logarithms of products of many.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    pub(in super::super) sum: Sum,
    pub(in super::super) product: f64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { sum: Sum::default(), product: 1.0 }
    }
}

impl Growth {
    /// Multiplies by `spread weight`, a factor of at least 1. One that is not a number makes the logarithm infinite for
    /// good: health and bounds tell of that.
    pub fn times(&mut self, spread: f64, weight: f64) {
        let factor = spread * weight;
        if !(factor <= LARGE) {
            // The product may be too large for a number where its logarithm is not.
            let ln = spread.ln() + weight.ln();
            self.sum.add(if ln.is_nan() { f64::INFINITY } else { ln });
            return;
        }
        self.product *= factor;
        if self.product > LARGE {
            self.sum.add(self.product.ln());
            self.product = 1.0;
        }
    }

    /// The logarithm of the product.
    pub fn ln(&self) -> f64 {
        self.sum.value() + self.product.ln()
    }
}

impl Ridge {
    /// No rounds yet, for `order` features. Errors: no memory.
    pub fn new(order: usize, ridge: f64) -> Result<Self> {
        Ok(Self {
            factor: RowFactor::new(order, ridge)?,
            ridge,
            hindsight: Sum::default(),
            total: Sum::default(),
            growth: Growth::default(),
            heaviest: 0.0,
        })
    }

    /// `x'theta`; `room` has at least [`row_length`] numbers. Costs `d^2` flops.
    #[inline]
    pub fn predict(&self, x: &[f64], room: &mut [f64]) -> Result<f64> {
        let row = row(x, 0.0, room);
        if self.ridge > 0.0 {
            return Ok(self.factor.predict(row));
        }
        // Where the rows do not determine theta, the shortest one.
        if self.factor.rank() == x.len() {
            return Ok(self.factor.predict(row));
        }
        let theta = self.factor.coefficients()?;
        Ok(theta.iter().zip(x).map(|(t, x)| t * x).sum())
    }

    /// Takes in a round. Costs `2 d^2` flops.
    #[inline]
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64, room: &mut [f64]) {
        let (residual, spread) = self.factor.fold(row(x, y, room), weight);
        self.hindsight.add(residual * (residual / spread));
        self.total.add(weight * y * y);
        self.heaviest = self.heaviest.max(weight);
        if self.ridge > 0.0 {
            self.growth.times(spread, weight);
        }
    }

    /// `ln det(A / lambda)`; 0 without a ridge.
    pub fn ln_determinant(&self) -> f64 {
        if self.ridge > 0.0 {
            let ln = self.factor.ln_determinant() - self.factor.order() as f64 * self.ridge.ln();
            // `max` would make 0 of what is not a number.
            if ln < 0.0 { 0.0 } else { ln }
        } else {
            0.0
        }
    }

    /// How far two identities are from holding, relative to their terms: `sum w y^2` is what is explained and what is
    /// left, and the determinant is the product of the factors that it grew by. Rounding errors of a sound factor are
    /// near `1e-14`; not a number where figures have become too large for one.
    pub fn health(&self) -> f64 {
        let total = self.total.value();
        let squares =
            (total - self.hindsight.value() - self.factor.explained()).abs() / total.max(f64::MIN_POSITIVE);
        if self.ridge == 0.0 {
            return squares;
        }
        let grown = self.growth.ln();
        worst(squares, (grown - self.ln_determinant()).abs() / grown.max(1.0))
    }
}

/// The larger of two errors; not a number where one of them is none.
pub fn worst(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// `(x, y)` in whole pieces, in the room for it.
#[inline]
pub(super) fn row<'r>(x: &[f64], y: f64, room: &'r mut [f64]) -> &'r mut [f64] {
    let row = &mut room[..row_length(x.len())];
    row[..x.len()].copy_from_slice(x);
    row[x.len()..].fill(0.0);
    row[x.len()] = y;
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_beyond_all_numbers_make_a_logarithm_or_infinity_and_never_nan() {
        let mut growth = Growth::default();
        growth.times(1e300, 1e100);
        assert!((growth.ln() - 400.0 * 10.0_f64.ln()).abs() < 1e-9);
        (0..5).for_each(|_| growth.times(1e90, 1e9));
        assert!((growth.ln() - 895.0 * 10.0_f64.ln()).abs() < 1e-9);
        for bad in [f64::INFINITY, f64::NAN] {
            let mut growth = growth;
            growth.times(bad, 1.0);
            growth.times(2.0, 1e99);
            growth.times(1e200, 1.0);
            assert_eq!(growth.ln(), f64::INFINITY);
        }
        let mut ridge = Ridge::new(2, 1.0).unwrap();
        ridge.growth.times(f64::NAN, 1.0);
        assert!(!(ridge.health() <= 1e-6));
    }
}
