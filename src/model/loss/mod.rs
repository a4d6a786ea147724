//! Losses `sum_r s_r phi(z_r, y_r)` of a linear predictor `z`.
//!
//! To add a loss: write a file with a unit struct that implements [`ScalarLoss`], add a variant to [`Loss`] and a line
//! to its `with_loss!`, add its name to the option table. The tests below pick it up from [`Loss::examples`].

mod hinge;
mod huber;
mod logistic;
mod poisson;
mod pseudo_huber;
mod squared;
mod squared_hinge;

pub use hinge::Hinge;
pub use huber::Huber;
pub use logistic::Logistic;
pub use poisson::Poisson;
pub use pseudo_huber::PseudoHuber;
pub use squared::Squared;
pub use squared_hinge::SquaredHinge;

use crate::numerics::sum::Sum;
use crate::runtime::{Error, ErrorKind, Result};

/// One loss as a function of one prediction `z` and one target `y`; convex in `z`.
pub trait ScalarLoss: Copy + Sync {
    /// `phi(z)`.
    fn value(&self, z: f64, y: f64) -> f64;
    /// `phi'(z)`.
    fn slope(&self, z: f64, y: f64) -> f64;
    /// `phi''(z)`, or an element of the generalized Hessian at a kink of the slope.
    fn curvature(&self, z: f64, y: f64) -> f64;
    /// `phi(z + dz) - phi(z)`, accurate also where `dz` is tiny.
    fn change(&self, z: f64, dz: f64, y: f64) -> f64;
    /// The conjugate `sup_z u z - phi(z)`; infinite outside its domain.
    fn conjugate(&self, u: f64, y: f64) -> f64;
    /// `sup phi''`; infinite where there is none.
    fn curvature_bound(&self) -> f64;
    /// `kappa(z)` with `phi(z + d) <= phi(z) + phi'(z) d + kappa(z) d^2 / 2` for every `d`: at most `sup phi''`, and
    /// less where the loss is flatter on the whole than at its steepest bend.
    fn majorizer(&self, _z: f64, _y: f64) -> f64 {
        self.curvature_bound()
    }
    /// `sup |phi'''|`: how fast the curvature changes; `None` where it jumps or grows without bound.
    fn third_bound(&self) -> Option<f64> {
        None
    }
    /// The mean of `y` that a linear predictor stands for.
    fn mean(&self, z: f64) -> f64;
    /// Which targets the loss takes, in words; `None` if any finite number will do.
    fn targets(&self) -> Option<&'static str> {
        None
    }
    /// Whether the loss takes this target.
    fn takes(&self, _y: f64) -> bool {
        true
    }
}

/// The losses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// `1/2 (z - y)^2`.
    Squared(Squared),
    /// `log(1 + exp(-y z))`, `y` in {-1, 1}.
    Logistic(Logistic),
    /// `max(0, 1 - y z)`, `y` in {-1, 1}: only with a ridge, through the dual.
    Hinge(Hinge),
    /// `max(0, 1 - y z)^2`, `y` in {-1, 1}.
    SquaredHinge(SquaredHinge),
    /// Quadratic up to `delta`, then linear.
    Huber(Huber),
    /// `exp(z) - y z`, `y >= 0`.
    Poisson(Poisson),
    /// Quadratic near 0 and linear far away, smooth between.
    PseudoHuber(PseudoHuber),
}

/// Binds the concrete loss once, outside the loop over rows.
macro_rules! with_loss {
    ($loss:expr, $l:ident => $body:expr) => {
        match $loss {
            Loss::Squared($l) => $body,
            Loss::Logistic($l) => $body,
            Loss::Hinge($l) => $body,
            Loss::SquaredHinge($l) => $body,
            Loss::Huber($l) => $body,
            Loss::Poisson($l) => $body,
            Loss::PseudoHuber($l) => $body,
        }
    };
}

impl Loss {
    /// The loss of that name in the option table; `delta` is that of Huber and pseudo-Huber.
    pub fn by_name(name: &str, delta: f64) -> Option<Loss> {
        Some(match name {
            "squared" => Loss::Squared(Squared),
            "logistic" => Loss::Logistic(Logistic),
            "hinge" => Loss::Hinge(Hinge),
            "squared-hinge" => Loss::SquaredHinge(SquaredHinge),
            "huber" => Loss::Huber(Huber { delta }),
            "poisson" => Loss::Poisson(Poisson),
            "pseudo-huber" => Loss::PseudoHuber(PseudoHuber { delta }),
            _ => return None,
        })
    }

    /// Whether `phi''` is constant, so that the Hessian never changes.
    pub fn is_quadratic(&self) -> bool {
        matches!(self, Loss::Squared(_))
    }

    /// Whether the targets are the labels -1 and 1.
    pub fn has_labels(&self) -> bool {
        matches!(self, Loss::Logistic(_) | Loss::Hinge(_) | Loss::SquaredHinge(_))
    }

    /// Refuses targets that are not of the loss.
    pub fn check_targets(&self, y: &[f64]) -> Result<()> {
        with_loss!(self, l => match (l.targets(), y.iter().position(|&y| !l.takes(y))) {
            (Some(targets), Some(row)) => {
                Err(Error::new(ErrorKind::Data, "y").at(format!("row {row}")).expected(targets).found(y[row]))
            }
            _ => Ok(()),
        })
    }

    /// `sum_r s_r phi(z_r)`, compensated. Rows of weight 0 count as nothing even where the loss overflows.
    pub fn value(&self, y: &[f64], z: &[f64], s: &[f64]) -> f64 {
        with_loss!(self, l => rows(y, z, s).filter(|r| r.2 != 0.0).map(|(y, z, s)| s * l.value(z, y)).collect::<Sum>().value())
    }

    /// `sum_r s_r [phi(z_r + alpha dz_r) - phi(z_r)]`, compensated and accurate for small steps.
    pub fn change(&self, y: &[f64], z: &[f64], dz: &[f64], alpha: f64, s: &[f64]) -> f64 {
        with_loss!(self, l => rows(y, z, s).zip(dz).filter(|(r, dz)| r.2 != 0.0 && **dz != 0.0)
            .map(|((y, z, s), dz)| s * l.change(z, alpha * dz, y)).collect::<Sum>().value())
    }

    /// `d_r = s_r phi'(z_r)`.
    pub fn slopes(&self, y: &[f64], z: &[f64], s: &[f64], d: &mut [f64]) {
        with_loss!(self, l => rows(y, z, s).zip(d).for_each(|((y, z, s), d)| *d = weighted(s, l.slope(z, y))));
    }

    /// `s_r phi'(z_r)` of one row.
    #[inline]
    pub fn slope(&self, y: f64, z: f64, s: f64) -> f64 {
        with_loss!(self, l => weighted(s, l.slope(z, y)))
    }

    /// `w_r = s_r phi''(z_r)`.
    pub fn curvatures(&self, y: &[f64], z: &[f64], s: &[f64], w: &mut [f64]) {
        with_loss!(self, l => rows(y, z, s).zip(w).for_each(|((y, z, s), w)| *w = weighted(s, l.curvature(z, y))));
    }

    /// `w_r = s_r kappa(z_r)`: curvatures of a bound of the loss around `z`.
    pub fn majorizers(&self, y: &[f64], z: &[f64], s: &[f64], w: &mut [f64]) {
        with_loss!(self, l => rows(y, z, s).zip(w).for_each(|((y, z, s), w)| *w = weighted(s, l.majorizer(z, y))));
    }

    /// `sup |phi'''|`; `None` for losses that have none.
    pub fn third_bound(&self) -> Option<f64> {
        with_loss!(self, l => l.third_bound())
    }

    /// `sum_r s_r phi*(-theta_r / s_r)`, compensated; infinite outside the domain. Rows of weight 0 need `theta = 0`.
    pub fn conjugate(&self, y: &[f64], theta: &[f64], s: &[f64]) -> f64 {
        with_loss!(self, l => rows(y, theta, s).map(|(y, theta, s)| match (s != 0.0, theta != 0.0) {
            (true, _) => s * l.conjugate(-theta / s, y),
            (false, true) => f64::INFINITY,
            (false, false) => 0.0,
        }).collect::<Sum>().value())
    }

    /// The least value that predictions of any kind could reach: `-sum_r s_r phi*(0)`.
    pub fn saturated(&self, y: &[f64], s: &[f64]) -> f64 {
        -self.conjugate(y, &vec![0.0; y.len()], s)
    }

    /// `sup phi''`; infinite for losses that have none.
    pub fn curvature_bound(&self) -> f64 {
        with_loss!(self, l => l.curvature_bound())
    }

    /// The mean of `y` that the linear predictor `z` stands for (a probability of 1 for logistic).
    pub fn mean(&self, z: f64) -> f64 {
        with_loss!(self, l => l.mean(z))
    }

    /// A loss of each kind with targets that it takes, for tests that hold for all.
    pub fn examples() -> [(Loss, [f64; 2]); 7] {
        [
            (Loss::Squared(Squared), [-1.5, 2.0]),
            (Loss::Logistic(Logistic), [-1.0, 1.0]),
            (Loss::Hinge(Hinge), [-1.0, 1.0]),
            (Loss::SquaredHinge(SquaredHinge), [-1.0, 1.0]),
            (Loss::Huber(Huber { delta: 0.7 }), [-1.5, 2.0]),
            (Loss::Poisson(Poisson), [0.0, 3.0]),
            (Loss::PseudoHuber(PseudoHuber { delta: 0.7 }), [-1.5, 2.0]),
        ]
    }
}

/// `s f`, and 0 for a row of weight 0 even where `f` is not finite.
#[inline]
fn weighted(s: f64, f: f64) -> f64 {
    if s == 0.0 { 0.0 } else { s * f }
}

#[inline]
fn rows<'a>(y: &'a [f64], z: &'a [f64], s: &'a [f64]) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
    y.iter().zip(z).zip(s).map(|((y, z), s)| (*y, *z, *s))
}

/// `log(1 + exp(t))` without overflow.
#[inline]
pub fn log1p_exp(t: f64) -> f64 {
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

/// `1 / (1 + exp(-t))` without overflow.
#[inline]
pub fn sigmoid(t: f64) -> f64 {
    let e = (-t.abs()).exp();
    if t >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(loss: &Loss, z: f64, y: f64) -> f64 {
        loss.value(&[y], &[z], &[1.0])
    }

    proptest! {
        #[test]
        fn slopes_and_curvatures_are_the_derivatives(z in -4.0..4.0_f64) {
            for (loss, targets) in Loss::examples() {
                for y in targets {
                    let h = 1e-6;
                    let slope = loss.slope(y, z, 1.0);
                    let difference = (value(&loss, z + h, y) - value(&loss, z - h, y)) / (2.0 * h);
                    prop_assert!((slope - difference).abs() < 1e-6 * (1.0 + slope.abs()), "{loss:?} {z} {slope} {difference}");
                    let mut w = [0.0];
                    loss.curvatures(&[y], &[z], &[1.0], &mut w);
                    let jump = loss.slope(y, z + h, 1.0) - loss.slope(y, z - h, 1.0);
                    let near_a_kink = matches!(loss, Loss::Huber(_) | Loss::Hinge(_) | Loss::SquaredHinge(_));
                    prop_assert!(near_a_kink || (w[0] - jump / (2.0 * h)).abs() < 1e-6 * (1.0 + w[0]), "{loss:?}");
                    prop_assert!(w[0] <= loss.curvature_bound());
                }
            }
        }

        #[test]
        fn majorizers_bound_the_loss_and_third_bounds_the_curvature(z in -9.0..9.0_f64, dz in -20.0..20.0_f64) {
            for (loss, targets) in Loss::examples() {
                for y in targets {
                    let mut kappa = [0.0];
                    loss.majorizers(&[y], &[z], &[1.0], &mut kappa);
                    prop_assert!(kappa[0] <= loss.curvature_bound());
                    if kappa[0].is_finite() {
                        let bound = loss.slope(y, z, 1.0) * dz + 0.5 * kappa[0] * dz * dz;
                        let change = loss.change(&[y], &[z], &[dz], 1.0, &[1.0]);
                        prop_assert!(change <= bound + 1e-12 * (1.0 + bound.abs()), "{loss:?} {z} {dz} {change} {bound}");
                    }
                    if let Some(rho) = loss.third_bound() {
                        let at = |z: f64| { let mut w = [0.0]; loss.curvatures(&[y], &[z], &[1.0], &mut w); w[0] };
                        prop_assert!((at(z + dz) - at(z)).abs() <= rho * dz.abs() + 1e-15, "{loss:?}");
                    }
                }
            }
        }

        #[test]
        fn fenchel_young_holds_with_equality_at_the_slope(z in -4.0..4.0_f64, u in -3.0..3.0_f64) {
            for (loss, targets) in Loss::examples() {
                for y in targets {
                    let conjugate = |u: f64| loss.conjugate(&[y], &[-u], &[1.0]);
                    prop_assert!(value(&loss, z, y) + conjugate(u) >= u * z - 1e-12, "{loss:?} {z} {u} {y}");
                    let slope = loss.slope(y, z, 1.0);
                    let gap = value(&loss, z, y) + conjugate(slope) - slope * z;
                    prop_assert!(gap.abs() < 1e-10 * (1.0 + value(&loss, z, y).abs()), "{loss:?} {gap}");
                }
            }
        }

        #[test]
        fn changes_are_differences_and_keep_small_ones(z in -30.0..30.0_f64, dz in -30.0..30.0_f64) {
            for (loss, targets) in Loss::examples() {
                for y in targets {
                    let change = |dz: f64| loss.change(&[y], &[z], &[dz], 1.0, &[1.0]);
                    let (a, b) = (value(&loss, z, y), value(&loss, z + dz, y));
                    prop_assert!((change(dz) - (b - a)).abs() <= 1e-12 * (a.abs() + b.abs() + 1e-3), "{loss:?}");
                    let tiny = 1e-12 * dz;
                    let first_order = loss.slope(y, z, 1.0) * tiny;
                    prop_assert!((change(tiny) - first_order).abs() <= 1e-6 * first_order.abs() + 1e-22 * (1.0 + z.exp()), "{loss:?} {z} {tiny}");
                }
            }
        }

        #[test]
        fn extreme_predictions_stay_finite_where_the_loss_is(z in prop::sample::select(vec![-1e3, 1e3, -1e308, 1e308])) {
            for y in [-1.0, 1.0] {
                let loss = Loss::Logistic(Logistic);
                prop_assert!(value(&loss, z, y).is_finite());
                prop_assert!((-1.0..=1.0).contains(&loss.slope(y, z, 1.0)));
                // On the right side nothing is lost, to the last bit; on the wrong one the margin.
                prop_assert_eq!(value(&loss, z, y), (-y * z).max(0.0));
            }
            for (y, rest) in [(0, z), (1, -z)] {
                let loss = crate::model::OutputLoss::Softmax;
                let row = crate::model::outputs::RowTarget::Class(y);
                prop_assert_eq!(loss.value(&[z, 0.0], row), (-rest).max(0.0));
            }
        }
    }

    #[test]
    fn the_majorizer_of_the_logistic_loss_is_flatter_where_the_loss_is() {
        let at = |z: f64| {
            let mut w = [0.0];
            Loss::Logistic(Logistic).majorizers(&[1.0], &[z], &[1.0], &mut w);
            w[0]
        };
        assert_eq!(at(0.0), 0.25);
        assert!((at(1e-5) - 0.25).abs() < 1e-10 && at(-4.0) == at(4.0) && at(4.0) < 0.13);
        // It touches the loss on the other side too, at -z: no smaller curvature will do.
        let loss = Loss::Logistic(Logistic);
        let (z, change) = (3.0, loss.change(&[1.0], &[3.0], &[-6.0], 1.0, &[1.0]));
        assert!((loss.slope(1.0, z, 1.0) * -6.0 + 18.0 * at(z) - change).abs() < 1e-12);
    }

    #[test]
    fn wrong_targets_are_named_by_row() {
        let error = Loss::Logistic(Logistic).check_targets(&[1.0, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "y, row 1: expected -1 or 1, found 0");
        assert!(Loss::Poisson(Poisson).check_targets(&[0.0, -1.0]).is_err());
        assert!(Loss::Squared(Squared).check_targets(&[-3.0]).is_ok());
    }

    #[test]
    fn rows_of_weight_zero_count_as_nothing() {
        let loss = Loss::Poisson(Poisson);
        assert_eq!(loss.value(&[1.0], &[1e9], &[0.0]), 0.0);
        assert_eq!(loss.slope(1.0, 1e9, 0.0), 0.0);
        assert_eq!(loss.conjugate(&[1.0], &[0.0], &[0.0]), 0.0);
        assert_eq!(loss.conjugate(&[1.0], &[0.5], &[0.0]), f64::INFINITY);
    }
}
