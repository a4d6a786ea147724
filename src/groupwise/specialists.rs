//! Aggregation of specialists for mixable losses (Freund, Schapire, Singer and Warmuth, Using and combining predictors
//! that specialize, STOC 1997): regret to each expert `ln(1/q) / eta` on the rounds where it is awake, without a root
//! of their number.
//!
//! Each expert has a log-weight `u`, at first `ln q`. On a round with awake set `S`: `p = softmax(u over S)`; once the
//! losses are known, `u_g -= eta (l_g - m)` for `g` in `S`, where `m = -(1/eta) ln sum_S p exp(-eta l)` is the loss of
//! the mixture, so that the weight of `S` as a whole stays what it was. The output costs no more than `m`: it is the
//! mean of the predictions (`eta` of exponential concavity), or for squares the point of the Aggregating Algorithm
//! (Vovk, 1990; `eta = 2`).

/// What the log-weights `u` of a round's experts become: `u - eta (weight l - m)`, with `m = -(1/eta) ln sum p exp(-eta
/// weight l)` the loss of the mixture of losses that count `weight` times.
#[derive(Debug, Clone, Copy)]
pub struct Mixture {
    /// `eta weight`.
    rate: f64,
    /// Log-weight and loss of the expert that comes out best.
    best: [f64; 2],
    /// Its log-weight then.
    top: f64,
}

impl Mixture {
    /// All of it stays logarithms, and all is measured from the expert that comes out best: with heavy rounds the `p`
    /// of that one may be too small for a number, and beside `eta weight l` nothing else is left of a sum.
    pub fn of(u: impl Iterator<Item = f64> + Clone, losses: &[f64], weight: f64, eta: f64) -> Self {
        let rate = eta * weight;
        let experts = u.clone().zip(losses.iter().copied());
        let better =
            |[u, l]: [f64; 2], (v, k): (f64, f64)| if v - u > rate * (k - l) { [v, k] } else { [u, l] };
        let first = [f64::NEG_INFINITY, losses.first().copied().unwrap_or(0.0)];
        let best = experts.clone().fold(first, better);
        let most = u.clone().fold(f64::NEG_INFINITY, f64::max);
        let before: f64 = u.map(|u| (u - most).exp()).sum();
        let after: f64 = experts.map(|(u, l)| change(rate, best, u, l).exp()).sum();
        Self { rate, best, top: most + (before.ln() - after.ln()) }
    }

    /// What the log-weight `u` of an expert of loss `l` becomes.
    #[inline]
    pub fn moved(&self, u: f64, l: f64) -> f64 {
        self.top + change(self.rate, self.best, u, l)
    }
}

/// The logarithm of an expert's weight over that of the best one, after the round.
#[inline]
fn change(rate: f64, [best, least]: [f64; 2], u: f64, l: f64) -> f64 {
    (u - best) - rate * (l - least)
}

/// The prediction of the Aggregating Algorithm for squares of predictions `z` and labels in `[0, 1]`: with `m(v)` the
/// loss of the mixture should the label be `v`, `1/2 + (m(0) - m(1)) / 2`, cut to the range.
pub fn aggregate(p: &[f64], z: &[f64], eta: f64) -> f64 {
    let mixed = |label: f64| {
        let loss = |z: f64| (z - label) * (z - label);
        let least = z.iter().map(|z| loss(*z)).fold(f64::INFINITY, f64::min);
        let sum: f64 = p.iter().zip(z).map(|(p, z)| p * (-eta * (loss(*z) - least)).exp()).sum();
        least - sum.ln() / eta
    };
    (0.5 + 0.5 * (mixed(0.0) - mixed(1.0))).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mix_loss(p: &[f64], losses: &[f64], weight: f64, eta: f64) -> f64 {
        let mixed = Mixture::of(p.iter().map(|p| p.ln()), losses, weight, eta);
        weight * losses[0] + (mixed.moved(p[0].ln(), losses[0]) - p[0].ln()) / eta
    }

    #[test]
    fn the_weight_of_a_rounds_experts_as_a_whole_stays_what_it_was_whatever_rounds_count() {
        for weight in [1e-100, 1.0, 400.0, 1e6, 1e100] {
            let mut u = [0.25_f64.ln(), 0.25_f64.ln(), 0.5_f64.ln()];
            for t in 0..50 {
                let losses = [f64::from(t % 2), 0.5, f64::from(t / 10 % 2)];
                let mixed = Mixture::of(u.iter().copied(), &losses, weight, 2.0);
                u.iter_mut().zip(losses).for_each(|(u, l)| *u = mixed.moved(*u, l));
                let sum: f64 = u.iter().map(|u| u.exp()).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{weight} {t}: {u:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_aggregate_costs_no_more_than_the_mixture(
            pairs in prop::collection::vec((0.001..1.0_f64, 0.0..1.0_f64), 1..8), y in 0.0..1.0_f64,
        ) {
            let total: f64 = pairs.iter().map(|p| p.0).sum();
            let p: Vec<f64> = pairs.iter().map(|p| p.0 / total).collect();
            let z: Vec<f64> = pairs.iter().map(|p| p.1).collect();
            let losses: Vec<f64> = z.iter().map(|z| (z - y) * (z - y)).collect();
            let own = (aggregate(&p, &z, 2.0) - y).powi(2);
            prop_assert!(own <= mix_loss(&p, &losses, 1.0, 2.0) + 1e-12);
            let mean: f64 = p.iter().zip(&z).map(|(p, z)| p * z).sum();
            prop_assert!((mean - y).powi(2) <= mix_loss(&p, &losses, 1.0, 0.5) + 1e-12);
        }
    }

    #[test]
    fn agreement_is_kept_and_large_losses_do_not_overflow() {
        assert!((aggregate(&[0.3, 0.7], &[0.4, 0.4], 2.0) - 0.4).abs() < 1e-15);
        assert!(
            (mix_loss(&[0.5, 0.5], &[1e6, 1e6 + 5e5], 1.0, 2.0) - (1e6 + 2.0_f64.ln() / 2.0)).abs() < 1e-9
        );
    }
}
