//! Losses of several outputs: one row has `k` linear predictors `z` and one loss.
//!
//! | loss | `phi(z)` | slope | curvature |
//! |---|---|---|---|
//! | softmax, class `y` | `log sum_c exp(z_c) - z_y` | `P - e_y` | `diag(P) - P P'` |
//! | squared, targets `y` | `1/2 \|z - y\|^2` | `z - y` | `I` |
//!
//! The curvature of softmax is at most `1/2 (I - 1 1'/k)` (Boehning), and on `q` of the outputs at most the same with
//! `min(k, q + 1)` for `k`: those left out act as one.

use super::loss::log1p_exp;

/// The losses of several outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputLoss {
    /// Multinomial logistic: the targets are class numbers.
    Softmax,
    /// Least squares of several tasks: `k` targets for each row.
    Squared,
}

/// The target of one row.
#[derive(Debug, Clone, Copy)]
pub enum RowTarget<'t> {
    /// Its class, below `k`.
    Class(usize),
    /// A number for each output.
    Values(&'t [f64]),
}

impl OutputLoss {
    /// The loss of that name in the option table.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "softmax" => Some(OutputLoss::Softmax),
            "multi-squared" => Some(OutputLoss::Squared),
            _ => None,
        }
    }

    /// Its name in the option table.
    pub fn name(self) -> &'static str {
        match self {
            OutputLoss::Softmax => "softmax",
            OutputLoss::Squared => "multi-squared",
        }
    }

    /// Whether the curvature is constant.
    pub fn is_quadratic(self) -> bool {
        self == OutputLoss::Squared
    }

    /// The largest curvature along one output.
    pub fn curvature_bound(self) -> f64 {
        match self {
            OutputLoss::Softmax => 0.25,
            OutputLoss::Squared => 1.0,
        }
    }

    /// Entry of the bound of the curvature between outputs, on blocks that have `q` different outputs of `k`.
    pub fn bound_entry(self, same: bool, k: usize, q: usize) -> f64 {
        match self {
            OutputLoss::Softmax => 0.5 * (f64::from(same) - 1.0 / k.min(q + 1) as f64),
            OutputLoss::Squared => f64::from(same),
        }
    }

    /// `phi(z)`.
    pub fn value(self, z: &[f64], y: RowTarget<'_>) -> f64 {
        match y {
            RowTarget::Class(y) => {
                let rest = z.iter().enumerate().filter(|(c, _)| *c != y).map(|(_, z)| *z);
                let largest = rest.clone().fold(f64::NEG_INFINITY, f64::max);
                if largest == f64::NEG_INFINITY {
                    return 0.0;
                }
                // log(1 + exp(log sum of the rest - z_y)): keeps its digits where the loss is nearly 0.
                let sum: f64 = rest.map(|z| (z - largest).exp()).sum();
                log1p_exp(largest - z[y] + sum.ln())
            }
            RowTarget::Values(y) => 0.5 * z.iter().zip(y).map(|(z, y)| (z - y) * (z - y)).sum::<f64>(),
        }
    }

    /// Replaces `z` by the mean of the targets that it stands for: class probabilities, or `z` itself.
    pub fn mean(self, z: &mut [f64]) {
        if self == OutputLoss::Softmax {
            let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            z.iter_mut().for_each(|z| *z = (*z - largest).exp());
            let sum: f64 = z.iter().sum();
            z.iter_mut().for_each(|z| *z /= sum);
        }
    }

    /// `d = phi'(z)`, given the means. The entries of softmax sum to 0, and that of the class keeps its digits near 0.
    pub fn slope(self, mean: &[f64], y: RowTarget<'_>, d: &mut [f64]) {
        match y {
            RowTarget::Class(y) => {
                d.copy_from_slice(mean);
                d[y] = 0.0;
                d[y] = -d.iter().sum::<f64>();
            }
            RowTarget::Values(y) => d.iter_mut().zip(mean).zip(y).for_each(|((d, m), y)| *d = m - y),
        }
    }

    /// `phi(z + step) - phi(z)`, given the means at `z`; accurate also where the step is tiny.
    pub fn change(self, z: &[f64], mean: &[f64], step: &[f64], y: RowTarget<'_>) -> f64 {
        match y {
            RowTarget::Class(y) => {
                let to = step[y];
                // log sum_c P_c exp(step_c - step_y), as log(1 + ..) while nothing is large.
                let largest = step.iter().fold(0.0_f64, |m, d| m.max(d - to));
                if largest < 1.0 {
                    let sum: f64 = mean.iter().zip(step).map(|(p, d)| p * (d - to).exp_m1()).sum();
                    if sum > -0.5 {
                        return sum.ln_1p();
                    }
                }
                let next: Vec<f64> = z.iter().zip(step).map(|(z, d)| z + d).collect();
                self.value(&next, RowTarget::Class(y)) - self.value(z, RowTarget::Class(y))
            }
            RowTarget::Values(y) => {
                let one = |((z, d), y): ((&f64, &f64), &f64)| d * ((z - y) + 0.5 * d);
                z.iter().zip(step).zip(y).map(one).sum()
            }
        }
    }

    /// The conjugate `sup_z u'z - phi(z)`; infinite outside its domain.
    ///
    /// For softmax the domain is a simplex: `u_c >= 0` for the other classes, in sum at most 1. The entry of the class
    /// itself is taken for minus that sum, whatever it says.
    pub fn conjugate(self, u: &[f64], y: RowTarget<'_>) -> f64 {
        match y {
            RowTarget::Class(y) => {
                let rest = || u.iter().enumerate().filter(|(c, _)| *c != y).map(|(_, u)| *u);
                let sum: f64 = rest().sum();
                // 1 + rounding is what probabilities can sum to.
                if !(sum <= 1.0 + 4.0 * f64::EPSILON) || rest().any(|u| !(u >= 0.0)) {
                    return f64::INFINITY;
                }
                let own = (1.0 - sum).max(0.0);
                rest().map(entropy).sum::<f64>() + if own > 0.5 { own * (-sum).ln_1p() } else { entropy(own) }
            }
            RowTarget::Values(y) => u.iter().zip(y).map(|(u, y)| u * (0.5 * u + y)).sum(),
        }
    }
}

/// `p log p`, 0 at 0.
fn entropy(p: f64) -> f64 {
    if p > 0.0 { p * p.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOSSES: [OutputLoss; 2] = [OutputLoss::Softmax, OutputLoss::Squared];

    fn target(loss: OutputLoss) -> RowTarget<'static> {
        match loss {
            OutputLoss::Softmax => RowTarget::Class(1),
            OutputLoss::Squared => RowTarget::Values(&[0.3, -1.0, 2.0, 0.0]),
        }
    }

    fn mean(loss: OutputLoss, z: &[f64]) -> Vec<f64> {
        let mut mean = z.to_vec();
        loss.mean(&mut mean);
        mean
    }

    fn slope(loss: OutputLoss, z: &[f64]) -> Vec<f64> {
        let mut d = vec![0.0; z.len()];
        loss.slope(&mean(loss, z), target(loss), &mut d);
        d
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    proptest! {
        #[test]
        fn slopes_are_differences_and_changes_keep_small_ones(
            z in prop::collection::vec(-4.0..4.0_f64, 4), step in prop::collection::vec(-3.0..3.0_f64, 4),
        ) {
            for loss in LOSSES {
                let (y, d) = (target(loss), slope(loss, &z));
                let next: Vec<f64> = z.iter().zip(&step).map(|(z, d)| z + d).collect();
                let change = loss.change(&z, &mean(loss, &z), &step, y);
                let plain = loss.value(&next, y) - loss.value(&z, y);
                prop_assert!((change - plain).abs() <= 1e-13 * (1.0 + plain.abs()), "{loss:?} {change} {plain}");
                let tiny: Vec<f64> = step.iter().map(|d| 1e-9 * d).collect();
                let (change, first) = (loss.change(&z, &mean(loss, &z), &tiny, y), dot(&d, &tiny));
                prop_assert!((change - first).abs() <= 1e-16 * (1.0 + dot(&step, &step)), "{loss:?} {change} {first}");
            }
        }

        #[test]
        fn fenchel_young_holds_with_equality_at_the_slope(
            z in prop::collection::vec(-4.0..4.0_f64, 4), other in prop::collection::vec(-4.0..4.0_f64, 4),
        ) {
            for loss in LOSSES {
                let (y, d, u) = (target(loss), slope(loss, &z), slope(loss, &other));
                prop_assert!((loss.value(&z, y) + loss.conjugate(&d, y) - dot(&d, &z)).abs() < 1e-12, "{loss:?}");
                prop_assert!(loss.value(&z, y) + loss.conjugate(&u, y) >= dot(&u, &z) - 1e-12, "{loss:?}");
            }
        }

        #[test]
        fn the_bound_is_above_the_curvature_on_every_set_of_outputs(
            z in prop::collection::vec(-4.0..4.0_f64, 4), v in prop::collection::vec(-1.0..1.0_f64, 4), set in 1..16_usize,
        ) {
            let p = mean(OutputLoss::Softmax, &z);
            let chosen: Vec<usize> = (0..4).filter(|c| set >> c & 1 == 1).collect();
            let (mut curvature, mut bound) = (0.0, 0.0);
            for &c in &chosen {
                for &e in &chosen {
                    let same = c == e;
                    curvature += v[c] * v[e] * (f64::from(same) * p[c] - p[c] * p[e]);
                    bound += v[c] * v[e] * OutputLoss::Softmax.bound_entry(same, 4, chosen.len());
                }
            }
            prop_assert!(curvature <= bound + 1e-15, "{curvature} {bound}");
        }
    }

    #[test]
    fn the_bound_is_attained() {
        // Two outputs at even odds, the third out of the game: along (1, -1) curvature and bound are 1/4 + 1/4 + 2/4.
        let p = mean(OutputLoss::Softmax, &[0.0, 0.0, -800.0]);
        let entry = |same| OutputLoss::Softmax.bound_entry(same, 3, 2);
        assert_eq!(2.0 * p[0] * (1.0 - p[0]) + 2.0 * p[0] * p[1], 2.0 * entry(true) - 2.0 * entry(false));
        assert_eq!(OutputLoss::Softmax.bound_entry(true, 5, 1), 0.25);
    }

    #[test]
    fn extreme_predictors_neither_overflow_nor_lose_the_loss() {
        let y = RowTarget::Class(0);
        let loss = OutputLoss::Softmax;
        assert_eq!(loss.value(&[1e308, -1e308], y), 0.0);
        assert_eq!(loss.value(&[0.0, 1000.0, 3.0], y), 1000.0);
        let small = loss.value(&[50.0, 0.0, 0.0], y);
        assert!((small / (2.0 * (-50.0_f64).exp()) - 1.0).abs() < 1e-14);
        assert_eq!(mean(loss, &[-1e4, 0.0, -1e4]), [0.0, 1.0, 0.0]);
        assert_eq!(loss.conjugate(&[-0.5, 0.6, -0.1], y), f64::INFINITY);
        assert_eq!(loss.conjugate(&[-1.2, 0.6, 0.6], y), f64::INFINITY);
        assert_eq!(loss.conjugate(&[0.0, 0.0, 0.0], y), 0.0);
    }
}
