//! The forecaster of Vovk (2001) and of Azoury and Warmuth (2001): ridge regression that counts the round to be
//! predicted too.
//!
//! `z = x'(A + x x')^-1 b = x'A^-1 b / (1 + q)`, on labels from which the middle of their range is taken. Exactly,
//!
//! `sum (y - z)^2 - min_theta (lambda |theta|^2 + sum (y - x'theta)^2)`
//! `  = sum y^2 h - sum q z^2 <= Y^2 ln det(A / lambda)`
//!
//! for `|y| <= Y` with rounds of weight 1: no clipping is needed, and `Y = 1/2` in units of the range.

use super::ridge::{Ridge, row, worst};
use crate::numerics::sum::Sum;
use crate::runtime::Result;

/// The middle of the range, which labels and predictions are measured from.
pub const MIDDLE: f64 = 0.5;

/// The forecaster so far.
#[derive(Debug, Clone)]
pub struct VovkAzouryWarmuth {
    /// Its ridge regression, of labels measured from the middle.
    pub(in super::super) fit: Ridge,
    /// The left side of the identity, for predictions as they are when the label comes, minus the right one.
    pub(in super::super) residual: Sum,
    /// Whether a round had another weight than 1, for which the identity does not hold.
    pub(in super::super) weighted: bool,
}

impl VovkAzouryWarmuth {
    /// No rounds yet, for `order` features and a ridge above 0. Errors: no memory.
    pub fn new(order: usize, ridge: f64) -> Result<Self> {
        Ok(Self { fit: Ridge::new(order, ridge)?, residual: Sum::default(), weighted: false })
    }

    /// The prediction. Costs `d^2` flops.
    pub fn predict(&self, x: &[f64], room: &mut [f64]) -> f64 {
        let row = row(x, 0.0, room);
        self.fit.factor.forward(row);
        -row[x.len()] / (1.0 + self.fit.factor.leverage(row)) + MIDDLE
    }

    /// Takes in a round. Costs `2 d^2` flops.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64, room: &mut [f64]) {
        let y = y - MIDDLE;
        let before = self.fit.hindsight.value();
        let (residual, spread) = self.fit.factor.fold(row(x, y, room), weight);
        let fit = &mut self.fit;
        fit.hindsight.add(residual * (residual / spread));
        fit.total.add(weight * y * y);
        fit.heaviest = fit.heaviest.max(weight);
        fit.growth.times(spread, weight);
        if weight == 1.0 {
            let (q, z) = (spread - 1.0, (y - residual) / spread);
            let rise = fit.hindsight.value() - before;
            self.residual.add((y - z) * (y - z) - rise - (y * y * (q / spread) - q * z * z));
        } else {
            self.weighted = true;
        }
    }

    /// How far identities are from holding, relative to their terms.
    pub fn health(&self) -> f64 {
        let own = self.residual.value().abs() / self.fit.total.value().max(f64::MIN_POSITIVE);
        worst(self.fit.health(), own)
    }
}
