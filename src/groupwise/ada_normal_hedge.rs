//! AdaNormalHedge (Luo and Schapire, Achieving all with no parameters, COLT 2015, arXiv 1502.05934): weights of
//! experts without a learning rate or a horizon, from each one's sum `R` of regrets and sum `C` of their sizes.
//!
//! The potential is `Phi(R, C) = exp(max(R, 0)^2 / (3 C))`, `Phi(0, 0) = 1`, and the weight of an expert of prior `q`
//! `q w(R, C) = q (Phi(R + 1, C + 1) - Phi(R - 1, C + 1)) / 2`. All of it is kept as logarithms: `Phi` itself
//! overflows once one expert has been better by some thousand units.

use crate::numerics::sum::Sum;
use std::f64::consts::LN_2;

/// `R` and `C` of one expert.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hedge {
    /// `R`: how much better than the mixture the expert has been.
    pub regret: Sum,
    /// `C`: the sum of the sizes of what was added to `R`.
    pub magnitude: Sum,
}

impl Hedge {
    /// Adds `r`, the loss of the mixture minus that of the expert.
    #[inline]
    pub fn add(&mut self, r: f64) {
        self.regret.add(r);
        self.magnitude.add(r.abs());
    }

    /// `ln w(R / scale, C / scale)`, where no `|r|` was above `scale`; minus infinity where `R <= -scale`.
    #[inline]
    pub fn ln_weight(&self, scale: f64) -> f64 {
        ln_weight(self.regret.value() / scale, self.magnitude.value() / scale)
    }

    /// `ln Phi(R / scale, C / scale)`.
    pub fn ln_potential(&self, scale: f64) -> f64 {
        let (regret, magnitude) = (self.regret.value() / scale, self.magnitude.value() / scale);
        if regret > 0.0 { regret * (regret / (3.0 * magnitude)) } else { 0.0 }
    }
}

/// `ln w(R, C)`, to a few units in the last place.
pub fn ln_weight(regret: f64, magnitude: f64) -> f64 {
    let d = 3.0 * (magnitude + 1.0);
    if regret <= -1.0 {
        return f64::NEG_INFINITY;
    }
    if regret < 1.0 {
        let up = regret + 1.0;
        return (up * (up / d)).exp_m1().ln() - LN_2;
    }
    // (R + 1)^2 - (R - 1)^2 = 4 R.
    let (low, rise) = ((regret - 1.0) * ((regret - 1.0) / d), 4.0 * regret / d);
    let ln_rise = if rise > 30.0 { rise } else { rise.exp_m1().ln() };
    low + ln_rise - LN_2
}

/// Turns logarithms of weights into probabilities, in place; equal logarithms of minus infinity give what `fallback`
/// says.
pub fn normalize(ln_weights: &mut [f64], fallback: impl Fn(usize) -> f64) {
    let mut most = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        ln_weights.iter_mut().enumerate().for_each(|(k, w)| *w = fallback(k));
        most = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    }
    let mut total = 0.0;
    for w in ln_weights.iter_mut() {
        *w = (*w - most).exp();
        total += *w;
    }
    ln_weights.iter_mut().for_each(|w| *w /= total);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::double_double::Double;

    /// `Phi(R + 1, C + 1) - Phi(R - 1, C + 1)` by the series of the exponential, in double-double.
    fn weight(regret: f64, magnitude: f64) -> f64 {
        let phi = |r: f64| {
            let x = if r > 0.0 {
                Double::product(r, r) / (Double::sum(magnitude, 1.0) * 3.0)
            } else {
                Double::default()
            };
            let (mut term, mut sum) = (Double::from(1.0), Double::from(1.0));
            for k in 1..200 {
                term = term * x / Double::from(f64::from(k));
                sum = sum + term;
            }
            sum
        };
        ((phi(regret + 1.0) - phi(regret - 1.0)) * 0.5).high
    }

    #[test]
    fn the_weight_is_that_of_the_definition() {
        assert!((ln_weight(0.0, 0.0).exp() - ((1.0_f64 / 3.0).exp() - 1.0) / 2.0).abs() < 1e-16);
        for (regret, magnitude) in [
            (0.0, 0.0),
            (-0.5, 3.0),
            (0.99, 1.0),
            (1.0, 1.0),
            (1.5, 9.0),
            (12.0, 20.0),
            (1e-3, 1e15),
            (3.0, 1e12),
        ] {
            let exact = weight(regret, magnitude);
            let found = ln_weight(regret, magnitude).exp();
            assert!((found / exact - 1.0).abs() < 1e-14, "{regret} {magnitude}: {found} {exact}");
        }
        assert_eq!(ln_weight(-1.0, 5.0), f64::NEG_INFINITY);
        // Continuous where the formulas meet.
        for at in [1.0, 30.0 * 3.0 * 11.0 / 4.0] {
            let (below, above) = (ln_weight(at * (1.0 - 1e-9), 10.0), ln_weight(at * (1.0 + 1e-9), 10.0));
            assert!((above - below).abs() < 1e-5, "{at}: {below} {above}");
        }
    }

    #[test]
    fn e05_an_expert_that_was_always_better_keeps_a_finite_weight() {
        // The direct formula gives infinity minus infinity here.
        assert!((ln_weight(3000.0, 3000.0) - 999.334).abs() < 1e-3);
        let mut hedge = Hedge::default();
        (0..10_000_000_u64).for_each(|_| hedge.add(1.0));
        let mut weights = [hedge.ln_weight(1.0), Hedge::default().ln_weight(1.0)];
        assert!(weights[0].is_finite());
        normalize(&mut weights, |_| 0.0);
        assert_eq!(weights, [1.0, 0.0]);
    }

    #[test]
    fn e04_where_every_weight_is_zero_the_prior_decides() {
        let prior = [0.25_f64, 0.5, 0.25];
        let mut weights = [f64::NEG_INFINITY; 3];
        normalize(&mut weights, |k| prior[k].ln());
        assert!(weights.iter().zip(&prior).all(|(w, q)| (w - q).abs() < 1e-15));
    }

    #[test]
    fn e36_tiny_regrets_survive_long_streams() {
        let mut hedge = Hedge::default();
        hedge.add(1e9);
        hedge.add(-1e9);
        (0..1000).for_each(|_| hedge.add(1e-12));
        assert!((hedge.regret.value() / 1e-9 - 1.0).abs() < 1e-12);
    }
}
