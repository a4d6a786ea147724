//! What a residual costs: its square, or less where it is large (robust losses).
//!
//! All losses are near `r^2` for small residuals, so that a ridge means the same beside each. `weight(r) = cost'(r) /
//! 2r` falls as `|r|` grows; then `cost(r) <= cost(s) + weight(s) (r^2 - s^2)` for all `r` and `s` (half-quadratic
//! majorization): sweeps over squares with the weights of the last residuals never raise the sum of costs.

use crate::numerics::real::Real;

/// Which loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossKind {
    /// Squares.
    Squared,
    /// Squares, and straight lines beyond [`BEND`] scales.
    Huber,
    /// The log-likelihood of Student's t distribution with [`FREEDOM`] degrees of freedom.
    Student,
    /// Squares of all but this share of the entries, those of largest residual (least trimmed squares).
    Trimmed(f64),
}

/// Where Huber's loss becomes straight, in scales: 95 % efficient for normal noise.
pub const BEND: f64 = 1.345;
/// Degrees of freedom of Student's loss.
pub const FREEDOM: f64 = 4.0;
/// The standard deviation of a normal variable over the median of its size.
pub const NORMAL_MEDIAN: f64 = 1.482_602_218_505_602;
/// An entry whose weight is below this share of its own counts as an outlier.
pub const OUTLIER: f64 = 1.0 / 3.0;

/// A loss whose scale is fixed, in the units of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// `r^2`
    Squared,
    /// `r^2` up to `bend`, then `2 bend |r| - bend^2`.
    Huber {
        /// Above 0.
        bend: f64,
    },
    /// `spread^2 ln(1 + (r / spread)^2)`
    Student {
        /// Above 0.
        spread: f64,
    },
    /// `r^2` below `limit`, a share of it at the limit, and 0 beyond.
    Trimmed {
        /// The largest residual that counts.
        limit: f64,
        /// The share of the weight of entries at the limit that counts.
        kept: f64,
    },
}

impl Loss {
    /// The factor on the weight of an entry of residual `r`: 1 at 0, at least 0.
    #[inline]
    pub fn weight(self, r: f64) -> f64 {
        let size = r.abs();
        match self {
            Loss::Squared => 1.0,
            Loss::Huber { bend } if size <= bend => 1.0,
            Loss::Huber { bend } => bend / size,
            Loss::Student { spread } => 1.0 / (1.0 + (r / spread).powi(2)),
            Loss::Trimmed { limit, .. } if size < limit => 1.0,
            Loss::Trimmed { limit, kept } if size == limit => kept,
            Loss::Trimmed { .. } => 0.0,
        }
    }

    /// What a residual costs.
    #[inline]
    pub fn cost(self, r: f64) -> f64 {
        match self {
            Loss::Huber { bend } if r.abs() > bend => bend * (2.0 * r.abs() - bend),
            Loss::Student { spread } => spread * spread * (r / spread).powi(2).ln_1p(),
            Loss::Trimmed { .. } => {
                // No product of an infinite square and 0.
                let weight = self.weight(r);
                if weight == 0.0 { 0.0 } else { weight * r * r }
            }
            _ => r * r,
        }
    }

    /// Huber's loss of about the same scale: with it the cost of one row has no minimum but one.
    pub fn straightened(self) -> Self {
        match self {
            Loss::Student { spread } => Loss::Huber { bend: BEND * spread / FREEDOM.sqrt() },
            Loss::Trimmed { limit, .. } if limit > 0.0 => Loss::Huber { bend: limit },
            _ => self,
        }
    }

    /// What the residual of an entry that was not fitted costs: as [`Loss::cost`], but what is trimmed counts as the
    /// limit.
    pub fn cost_unseen(self, r: f64) -> f64 {
        match self {
            Loss::Trimmed { limit, .. } => r.abs().min(limit).powi(2),
            _ => self.cost(r),
        }
    }
}

/// Where a share of the weight ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The least size up to which (inclusive) there is that share.
    pub size: f64,
    /// The share of the weight at exactly this size that is needed for it, from 0 to 1.
    pub kept: f64,
}

/// Digits of a radix search.
const DIGIT_BITS: u32 = 16;

/// The weighted quantile of sizes `>= 0`: ties are treated alike, so that the order of the entries has no effect.
/// `weight` `None`: all 1. Costs four passes, and the memory of `2^16` numbers. Of no entries: 0.
pub fn quantile<T: Real>(sizes: &[f64], weight: Option<&[T]>, share: f64) -> Quantile {
    let of = |e: usize| weight.map_or(1.0, |w| w[e].wide());
    let total: f64 = (0..sizes.len()).map(of).sum();
    let wanted = share * total;
    // Sizes are ordered as their bits are: digit by digit, the one in which the share ends.
    let (mut prefix, mut below, mut at) = (0_u64, 0.0, 0.0);
    let mut sums = vec![0.0; 1 << DIGIT_BITS];
    for digit in (0..u64::BITS / DIGIT_BITS).rev() {
        let shift = digit * DIGIT_BITS;
        sums.fill(0.0);
        for (e, size) in sizes.iter().enumerate() {
            let bits = size.to_bits();
            // The first digit has nothing above it.
            if bits.checked_shr(shift + DIGIT_BITS).unwrap_or(0) == prefix {
                sums[(bits >> shift) as usize & ((1 << DIGIT_BITS) - 1)] += of(e);
            }
        }
        let mut chosen = 0;
        for (value, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
            (chosen, at) = (value, *sum);
            if below + sum >= wanted {
                break;
            }
            below += sum;
        }
        if below + at < wanted {
            // Rounding of the sums: the largest one.
            below -= at;
        }
        prefix = prefix << DIGIT_BITS | chosen as u64;
    }
    let kept = if at > 0.0 { ((wanted - below) / at).clamp(0.0, 1.0) } else { 1.0 };
    Quantile { size: f64::from_bits(prefix), kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [Loss; 4] = [
        Loss::Squared,
        Loss::Huber { bend: 0.7 },
        Loss::Student { spread: 0.9 },
        Loss::Trimmed { limit: 1.3, kept: 1.0 },
    ];

    /// By differences: `cost' = 2 r weight`; and the majorization, over a grid of pairs.
    #[test]
    fn weights_are_slopes_and_their_squares_lie_above() {
        let grid: Vec<f64> = (-40..=40).map(|i| 0.1 * f64::from(i) + 0.033).collect();
        for loss in LOSSES {
            for &s in &grid {
                let h = 1e-6;
                let slope = (loss.cost(s + h) - loss.cost(s - h)) / (2.0 * h);
                assert!((slope - 2.0 * s * loss.weight(s)).abs() < 1e-5, "{loss:?} {s}");
                assert_eq!(loss.weight(s), loss.weight(-s));
                if matches!(loss, Loss::Trimmed { .. }) {
                    // For these the limit moves instead; see the test of the sweeps.
                    continue;
                }
                for &r in &grid {
                    let above = loss.cost(s) + loss.weight(s) * (r * r - s * s);
                    assert!(loss.cost(r) <= above + 1e-12, "{loss:?} {r} {s}");
                }
            }
            assert!((loss.cost(1e-5) - 1e-10).abs() < 1e-18 && loss.weight(0.0) == 1.0);
        }
        assert_eq!(LOSSES[3].cost_unseen(5.0), 1.3 * 1.3);
        assert_eq!(LOSSES[3].cost(f64::INFINITY), 0.0);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_sizes() {
        let sizes: Vec<f64> = (0..1000_u32).map(|i| f64::from(i * 7919 % 613) * 1e-3).collect();
        let weight: Vec<f64> = (0..1000).map(|i| f64::from(1 + i % 3)).collect();
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by(|a, b| sizes[*a].total_cmp(&sizes[*b]));
        for share in [0.0, 0.1, 0.5, 0.9, 0.9501, 1.0] {
            for weight in [None, Some(&weight[..])] {
                let of = |e: usize| weight.map_or(1.0, |w| w[e]);
                let wanted = share * (0..sizes.len()).map(of).sum::<f64>();
                let mut sum = 0.0;
                let reached = |e: &&usize| {
                    sum += of(**e);
                    sum >= wanted
                };
                let expected = sizes[*order.iter().find(reached).unwrap()];
                let found = quantile(&sizes, weight, share);
                assert_eq!(found.size, expected, "{share}");
                // What counts is the share exactly.
                let loss = Loss::Trimmed { limit: found.size, kept: found.kept };
                let counted: f64 = (0..sizes.len()).map(|e| of(e) * loss.weight(sizes[e])).sum();
                assert!((counted - wanted).abs() < 1e-9, "{share} {counted} {wanted}");
            }
        }
        assert_eq!(quantile::<f64>(&[], None, 0.5).size, 0.0);
        assert_eq!(quantile::<f64>(&[3.0; 5], None, 0.9), Quantile { size: 3.0, kept: 0.9 });
    }
}
