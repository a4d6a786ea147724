//! Losses of a prediction `z` for a label `y`, both in units of the declared label range, so that losses of
//! predictions and labels in it are in `[0, 1]` (the log loss: in `[0, bound]`).

/// What a prediction costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// `(z - y)^2`.
    Squared,
    /// `|z - y|`.
    Absolute,
    /// `-y ln z - (1 - y) ln(1 - z)` for labels in `[0, 1]`; predictions are kept `floor` away from 0 and 1.
    Log {
        /// The least probability.
        floor: f64,
    },
    /// `max(q (y - z), (1 - q)(z - y))`: least where `z` is the `q`-quantile of the labels.
    Pinball {
        /// `q`, in `(0, 1)`.
        quantile: f64,
    },
}

impl Loss {
    /// `l(z, y)`.
    pub fn value(self, z: f64, y: f64) -> f64 {
        match self {
            Loss::Squared => (z - y) * (z - y),
            Loss::Absolute => (z - y).abs(),
            Loss::Log { .. } => {
                // 0 ln 0 is 0.
                let part = |share: f64, p: f64| if share == 0.0 { 0.0 } else { -share * p.ln() };
                part(y, z) + part(1.0 - y, 1.0 - z)
            }
            Loss::Pinball { quantile } => {
                let short = y - z;
                if short >= 0.0 { quantile * short } else { (quantile - 1.0) * short }
            }
        }
    }

    /// A subgradient of the loss in `z`.
    pub fn slope(self, z: f64, y: f64) -> f64 {
        match self {
            Loss::Squared => 2.0 * (z - y),
            Loss::Absolute => sign(z - y),
            Loss::Log { .. } => (z - y) / (z * (1.0 - z)),
            Loss::Pinball { quantile } => match sign(z - y) {
                s if s > 0.0 => 1.0 - quantile,
                s if s < 0.0 => -quantile,
                _ => 0.0,
            },
        }
    }

    /// The most that a loss can be while predictions and labels lie within `width` range units.
    pub fn bound(self, width: f64) -> f64 {
        match self {
            Loss::Squared => width * width,
            Loss::Absolute => width,
            Loss::Log { floor } => -floor.ln(),
            Loss::Pinball { quantile } => width * quantile.max(1.0 - quantile),
        }
    }

    /// The most that `|l'(z, y) (z - z')|` can be there; `None` where there is no useful bound.
    pub fn slope_bound(self, width: f64) -> Option<f64> {
        match self {
            Loss::Squared => Some(2.0 * width * width),
            Loss::Absolute => Some(width),
            Loss::Log { .. } => None,
            Loss::Pinball { quantile } => Some(width * quantile.max(1.0 - quantile)),
        }
    }

    /// What a loss in range units is in the caller's, for a range of `width`.
    pub fn unit(self, width: f64) -> f64 {
        match self {
            Loss::Squared => width * width,
            Loss::Absolute | Loss::Pinball { .. } => width,
            Loss::Log { .. } => 1.0,
        }
    }

    /// The `eta` for which the mean of predictions costs no more than `-(1/eta) ln sum p exp(-eta l)`, for labels and
    /// predictions in `[0, 1]`: exponential concavity.
    pub fn concavity(self) -> Option<f64> {
        match self {
            Loss::Squared => Some(0.5),
            Loss::Log { .. } => Some(1.0),
            Loss::Absolute | Loss::Pinball { .. } => None,
        }
    }

    /// The largest `eta` for which some prediction costs no more than that.
    pub fn mixability(self) -> Option<f64> {
        match self {
            Loss::Squared => Some(2.0),
            _ => self.concavity(),
        }
    }
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Loss; 4] =
        [Loss::Squared, Loss::Absolute, Loss::Log { floor: 1e-3 }, Loss::Pinball { quantile: 0.8 }];

    #[test]
    fn slopes_are_those_of_finite_differences() {
        for loss in ALL {
            for (z, y) in [(0.3, 0.7), (0.8, 0.1), (0.5, 1.0), (0.25, 0.0)] {
                let h = 1e-6;
                let difference = (loss.value(z + h, y) - loss.value(z - h, y)) / (2.0 * h);
                assert!((loss.slope(z, y) - difference).abs() < 1e-7, "{loss:?} {z} {y}");
            }
        }
    }

    #[test]
    fn losses_and_slopes_stay_within_their_bounds() {
        for loss in ALL {
            let grid = |k: usize| 1e-3 + (1.0 - 2e-3) * k as f64 / 20.0;
            for (z, y, other) in (0..21 * 21 * 21).map(|k| (grid(k % 21), k / 21 % 21, grid(k / 441))) {
                let y = y as f64 / 20.0;
                assert!(loss.value(z, y) >= 0.0 && loss.value(z, y) <= loss.bound(1.0) + 1e-12, "{loss:?}");
                let most = loss.slope_bound(1.0).unwrap_or(f64::INFINITY);
                assert!((loss.slope(z, y) * (z - other)).abs() <= most + 1e-12);
            }
        }
    }

    #[test]
    fn means_are_no_worse_than_the_mixture_of_losses() {
        for loss in [Loss::Squared, Loss::Log { floor: 1e-3 }] {
            let eta = loss.concavity().unwrap();
            for (a, b) in [(0.001, 0.999), (0.2, 0.9), (0.4, 0.5)] {
                for (k, y) in (0..=10).flat_map(|k| [(k, 0.0), (k, 1.0), (k, 0.4)]) {
                    let p = f64::from(k) / 10.0;
                    let own = loss.value(p * a + (1.0 - p) * b, y);
                    let sum =
                        p * (-eta * loss.value(a, y)).exp() + (1.0 - p) * (-eta * loss.value(b, y)).exp();
                    assert!(own <= -sum.ln() / eta + 1e-12, "{loss:?} {a} {b} {p} {y}");
                }
            }
        }
    }
}
