//! Regularized linear models, trained on some rows and judged by others:
//!
//! `h_i(w, theta) = sum_r s_r(theta) phi(x_r'W, y_r; theta) + penalty(w, theta)` and `g_i(w) = sum_r s'_r phi'(x_r'W,
//! y_r)`.
//!
//! The problems of this form differ in the loss, in how it depends on theta, and in the penalty; each has a file that
//! makes it. Theta is that of the loss (see [`LossParameter`]), followed by that of the penalty.
//!
//! With `u = X v`: `A v = X' (s phi'' u) + diag(penalty'') v`.
//!
//! | constant | bound |
//! |---|---|
//! | `mu` | that of the penalty; plus the least eigenvalue of `X' diag(s) X` for the squared loss |
//! | `L` | `sup phi'' \|diag(s)^1/2 X\|^2` plus that of the penalty |
//! | `L_A` | `sup \|phi'''\| \|diag(s)^1/2 X\|^2 max_r \|x_r\|` plus that of the penalty; NaN where `phi''` jumps |
//! | `L_B` | of the penalty, and of the loss as [`LossParameter`] has it |
//! | `L_g` | `sup phi'' \|diag(s')^1/2 X'\|^2` |

use super::super::problem::{
    Evaluated, LOG_BOUND, LowerConstants, Problem, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential};
use super::design::{Design, Spectrum};
use super::jacobi::Jacobi;
use super::penalty::{Penalty, PenaltyAt};
use super::row_loss::RowLoss;
use super::samples::{Samples, Split};
use crate::model::Loss;
use crate::model::loss::{Huber, PseudoHuber, sigmoid};
use crate::numerics::kernels::dot;
use crate::runtime::Result;
use crate::runtime::error::{copied, zeros};
use std::cell::RefCell;

/// `sup 3 t^2 / (1 + t^2)^(5/2)`, at `t^2 = 2/3`.
const DELTA_MIXED: f64 = 0.557_709_601_853_868_1;

/// How the loss depends on theta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossParameter {
    /// Not at all.
    None,
    /// All row weights are multiplied by `exp(theta_0)`. `B` has the Lipschitz constant `L` of the loss part.
    Factor,
    /// Row `r` of the training table has weight `s_r sigma(theta_r)`, `sigma(t) = 1 / (1 + exp(-t))`. `B` has the
    /// Lipschitz constant `sup phi'' |diag(s)^1/2 X| max_r s_r^1/2 sigma'(theta_r) |x_r|`.
    RowLogits,
    /// The `delta` of Huber's loss, or of its smooth form, is `exp(theta_0)`. For the smooth form, where the slope `r /
    /// h` with `h^2 = 1 + (r / delta)^2` has the derivative `delta (r / (delta h))^3` in `theta_0`, `B` has the
    /// Lipschitz constant `0.558 |diag(s)^1/2 X|^2`.
    Delta,
}

/// A regularized linear model.
#[derive(Debug)]
pub struct LinearModel {
    pub(super) samples: Samples,
    pub(super) loss: RowLoss,
    pub(super) parameter: LossParameter,
    pub(super) validation: RowLoss,
    pub(super) penalty: Penalty,
}

impl LinearModel {
    /// A model whose loss does not depend on theta and judges the validation rows too; `penalty` is given the number of
    /// features, the intercept's included.
    ///
    /// Errors: those of a [`Split`] and of `penalty`.
    pub(super) fn new(
        split: Split,
        intercept: bool,
        loss: RowLoss,
        penalty: impl FnOnce(usize) -> Result<Penalty>,
    ) -> Result<Self> {
        let samples = Samples::new(split, intercept, |y| loss.check_targets(y))?;
        let penalty = penalty(samples.features())?;
        Ok(Self { samples, loss, parameter: LossParameter::None, validation: loss, penalty })
    }

    /// Number of coefficients.
    fn coefficients(&self) -> usize {
        self.samples.features() * self.loss.outputs()
    }

    /// Parameters of the loss: they come first.
    fn loss_parameters(&self) -> usize {
        match self.parameter {
            LossParameter::None => 0,
            LossParameter::Factor | LossParameter::Delta => 1,
            LossParameter::RowLogits => self.samples.training(0).weight.len(),
        }
    }

    /// The loss at theta.
    fn loss_at(&self, theta: &[f64]) -> Evaluated<RowLoss> {
        Ok(match (self.parameter, self.loss) {
            (LossParameter::Delta, RowLoss::Scalar(Loss::Huber(_))) => {
                RowLoss::Scalar(Loss::Huber(Huber { delta: exponential(theta[0])? }))
            }
            (LossParameter::Delta, RowLoss::Scalar(Loss::PseudoHuber(_))) => {
                RowLoss::Scalar(Loss::PseudoHuber(PseudoHuber { delta: exponential(theta[0])? }))
            }
            (_, loss) => loss,
        })
    }

    /// The row weights at theta.
    fn weights(&self, sample: usize, theta: &[f64]) -> Evaluated<Vec<f64>> {
        let mut s = copied("weights", &self.samples.training(sample).weight)?;
        match self.parameter {
            LossParameter::None | LossParameter::Delta => {}
            LossParameter::Factor => {
                let factor = exponential(theta[0])?;
                s.iter_mut().for_each(|s| *s *= factor);
            }
            LossParameter::RowLogits => {
                for (s, t) in s.iter_mut().zip(theta) {
                    exponential(*t)?;
                    *s *= sigmoid(*t);
                }
            }
        }
        Ok(s)
    }

    /// Constants of the loss part: `mu`, `L`, `L_A`, `L_B`.
    fn loss_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<[f64; 4]> {
        let rows = self.samples.training(sample);
        let Spectrum { largest, smallest, row } = rows.spectrum;
        let loss = self.loss_at(theta)?;
        let factor = match self.parameter {
            LossParameter::None | LossParameter::Delta => 1.0,
            LossParameter::Factor => exponential(theta[0])?,
            LossParameter::RowLogits => {
                theta[..rows.weight.len()].iter().map(|t| sigmoid(*t)).fold(0.0, f64::max)
            }
        };
        let curvature = loss.curvature_bound();
        // Weights that differ from row to row could be as small as their least factor.
        let least = if loss.is_quadratic() && self.parameter != LossParameter::RowLogits {
            factor * smallest
        } else {
            0.0
        };
        let mixed = match self.parameter {
            LossParameter::None => 0.0,
            LossParameter::Factor => factor * curvature * largest,
            LossParameter::RowLogits => {
                let (design, _) = self.samples.table(rows);
                let norms = design.row_norms();
                let terms = theta.iter().zip(&rows.weight).zip(&norms);
                let of_row = terms.map(|((t, s), norm)| s.sqrt() * sigmoid(*t) * sigmoid(-*t) * norm);
                curvature * largest.sqrt() * of_row.fold(0.0, f64::max)
            }
            LossParameter::Delta if matches!(loss, RowLoss::Scalar(Loss::PseudoHuber(_))) => {
                DELTA_MIXED * largest
            }
            LossParameter::Delta => f64::NAN,
        };
        let third = loss.third_bound();
        let l_a = if third == 0.0 { 0.0 } else { factor * third * largest * row };
        Ok([least, factor * curvature * largest, l_a, mixed])
    }
}

/// `B` of the loss.
enum LossMixed {
    None,
    /// One column.
    Column(Vec<f64>),
    /// `B u = X' diag(u) C`: derivatives `C` of the slopes by the logit of their row.
    Rows(Vec<f64>),
}

struct LinearAt<'a> {
    design: &'a Design,
    loss: RowLoss,
    weights: Vec<f64>,
    state: Vec<f64>,
    mixed: LossMixed,
    loss_parameters: usize,
    penalty: PenaltyAt<'a>,
    /// Predictions, and one number per row.
    rows: RefCell<(Vec<f64>, Vec<f64>)>,
    jacobi: Jacobi,
}

impl LinearAt<'_> {
    fn diagonal(&self) -> Vec<f64> {
        let (p, n) = (self.design.features(), self.design.rows());
        let mut diagonal = vec![0.0; self.penalty.diagonal.len()];
        let mut w = vec![0.0; n];
        for (c, out) in diagonal.chunks_exact_mut(p).enumerate() {
            self.loss.diagonal(&self.state, &self.weights, c, &mut w);
            self.design.squares(&w, out);
        }
        diagonal.iter_mut().zip(&self.penalty.diagonal).for_each(|(d, rho)| *d += rho);
        diagonal
    }
}

impl SecondOrder for LinearAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let (u, along) = &mut *self.rows.borrow_mut();
        out.fill(0.0);
        for rows in self.design.blocks() {
            self.design.product_rows(rows.clone(), v, u);
            self.loss.curve(&self.state, &self.weights, rows.clone(), u, along);
            self.design.add_transposed_rows(rows, u, out);
        }
        out.iter_mut().zip(v).zip(&self.penalty.diagonal).for_each(|((o, v), rho)| *o += rho * v);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let (of_loss, of_penalty) = out.split_at_mut(self.loss_parameters);
        match &self.mixed {
            LossMixed::None => {}
            LossMixed::Column(b) => of_loss[0] = dot(b, q),
            LossMixed::Rows(c) => {
                let u = &mut self.rows.borrow_mut().0;
                self.design.product(q, u);
                of_loss.fill(0.0);
                for (c, u) in c.chunks_exact(self.weights.len()).zip(u.chunks_exact(self.weights.len())) {
                    of_loss.iter_mut().zip(c).zip(u).for_each(|((o, c), u)| *o += c * u);
                }
            }
        }
        self.penalty.mixed_transposed(q, of_penalty);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let (of_loss, of_penalty) = u.split_at(self.loss_parameters);
        match &self.mixed {
            LossMixed::None => out.fill(0.0),
            LossMixed::Column(b) => out.iter_mut().zip(b).for_each(|(o, b)| *o = b * of_loss[0]),
            LossMixed::Rows(c) => {
                let z = &mut self.rows.borrow_mut().0;
                for (z, c) in z.chunks_exact_mut(of_loss.len()).zip(c.chunks_exact(of_loss.len())) {
                    z.iter_mut().zip(c).zip(of_loss).for_each(|((z, c), u)| *z = c * u);
                }
                self.design.transposed(z, out);
            }
        }
        self.penalty.mixed(of_penalty, out);
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.jacobi.solve(r, out, || self.diagonal());
        Ok(true)
    }
}

impl LinearModel {
    /// Derivatives of the gradient of the loss by its parameters, given the slopes times row weights.
    fn loss_mixed(
        &self,
        sample: usize,
        theta: &[f64],
        z: &[f64],
        slopes: Vec<f64>,
        loss: RowLoss,
    ) -> LossMixed {
        let rows = self.samples.training(sample);
        let (design, y) = self.samples.table(rows);
        let column = |derivatives: &[f64]| {
            let mut b = vec![0.0; self.coefficients()];
            design.transposed(derivatives, &mut b);
            LossMixed::Column(b)
        };
        match (self.parameter, loss) {
            (LossParameter::Factor, _) => column(&slopes),
            (LossParameter::RowLogits, _) => {
                // d log sigma / dt = sigma(-t).
                let mut slopes = slopes;
                let of_rows = slopes.chunks_exact_mut(y.len()).flat_map(|d| d.iter_mut().zip(theta));
                of_rows.for_each(|(d, t)| *d *= sigmoid(-*t));
                LossMixed::Rows(slopes)
            }
            (LossParameter::Delta, RowLoss::Scalar(Loss::Huber(Huber { delta }))) => {
                let of_row = |((z, y), s): ((&f64, &f64), &f64)| {
                    let r = z - y;
                    if r.abs() > delta { s * delta.copysign(r) } else { 0.0 }
                };
                column(&z.iter().zip(y).zip(&rows.weight).map(of_row).collect::<Vec<_>>())
            }
            (LossParameter::Delta, RowLoss::Scalar(Loss::PseudoHuber(PseudoHuber { delta }))) => {
                let of_row = |((z, y), s): ((&f64, &f64), &f64)| {
                    let t = (z - y) / delta;
                    s * delta * (t / t.hypot(1.0)).powi(3)
                };
                column(&z.iter().zip(y).zip(&rows.weight).map(of_row).collect::<Vec<_>>())
            }
            _ => LossMixed::None,
        }
    }
}

impl Problem for LinearModel {
    fn parameters(&self) -> usize {
        self.loss_parameters() + self.penalty.parameters(self.coefficients())
    }

    fn samples(&self) -> usize {
        self.samples.count()
    }

    fn variables(&self, _sample: usize) -> usize {
        self.coefficients()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (design, y) = self.samples.table(self.samples.training(sample));
        let s = self.weights(sample, theta)?;
        let count = y.len() * self.loss.outputs();
        let (mut z, mut d) = (zeros("rows", count)?, zeros("rows", count)?);
        design.product(x, &mut z);
        let value = self.loss_at(theta)?.value(y, &z, &s, &mut d);
        design.transposed(&d, gradient);
        Ok(value + self.penalty.value(x, &theta[self.loss_parameters()..], gradient)?)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let (design, y) = self.samples.table(self.samples.training(sample));
        let weights = self.weights(sample, theta)?;
        let loss = self.loss_at(theta)?;
        let count = y.len() * self.loss.outputs();
        let (mut z, mut state) = (zeros("rows", count)?, zeros("rows", count)?);
        design.product(x, &mut z);
        loss.curvature(y, &z, &weights, &mut state);
        let mut slopes = Vec::new();
        if matches!(self.parameter, LossParameter::Factor | LossParameter::RowLogits) {
            slopes = zeros("rows", count)?;
            loss.value(y, &z, &weights, &mut slopes);
        }
        let mixed = self.loss_mixed(sample, theta, &z, slopes, loss);
        let loss_parameters = self.loss_parameters();
        let penalty = self.penalty.at(x, &theta[loss_parameters..])?;
        let rows = RefCell::new((z, zeros("rows", y.len())?));
        let jacobi = Jacobi::default();
        Ok(Box::new(LinearAt { design, loss, weights, state, mixed, loss_parameters, penalty, rows, jacobi }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let penalty = self.penalty.constants(&theta[self.loss_parameters()..])?;
        let [mu, l, l_a, l_b] = self.loss_constants(sample, theta)?;
        Ok(LowerConstants {
            mu: mu + penalty.mu,
            l: l + penalty.l,
            l_a: l_a + penalty.l_a,
            // The columns of both parts stand side by side.
            l_b: l_b.hypot(penalty.l_b),
            rigor: Rigor::Proven,
        })
    }

    /// The curvatures of the penalty, and the least of the loss; none where both leave a coefficient without.
    fn metric(&self, sample: usize, theta: &[f64], diagonal: &mut [f64]) -> Evaluated<bool> {
        check::parameters(self, sample, theta)?;
        let [mu, ..] = self.loss_constants(sample, theta)?;
        diagonal.fill(mu);
        let differ = self.penalty.least_curvatures(&theta[self.loss_parameters()..], diagonal)?;
        Ok(differ && diagonal.iter().all(|d| *d > 0.0))
    }

    fn mixed_norm(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        metric: Option<&[f64]>,
    ) -> Evaluated<Option<f64>> {
        check::arguments(self, sample, x, theta)?;
        match self.parameter {
            LossParameter::None => Ok(self.penalty.at(x, theta)?.mixed_norm(metric)),
            _ => Ok(None),
        }
    }

    fn is_quadratic(&self) -> bool {
        self.loss.is_quadratic() && self.penalty.is_quadratic()
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let rows = self.samples.validation(sample);
        let (design, y) = self.samples.table(rows);
        let count = y.len() * self.validation.outputs();
        let (mut z, mut d) = (zeros("rows", count)?, zeros("rows", count)?);
        design.product(x, &mut z);
        let value = self.validation.value(y, &z, &rows.weight, &mut d);
        design.transposed(&d, in_x);
        in_theta.fill(0.0);
        Ok(value)
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        UpperConstants {
            l_g: self.validation.curvature_bound() * self.samples.validation(sample).spectrum.largest,
            l_g_theta: 0.0,
            convex: true,
            squared_distance: None,
            rigor: Rigor::Proven,
        }
    }

    /// Products with all rows of the table: those of other folds have the weight 0.
    fn flops(&self, sample: usize) -> u64 {
        let (design, _) = self.samples.table(self.samples.training(sample));
        design.flops() * self.loss.outputs() as u64
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        let first = self.loss_parameters();
        lower[..first].fill(-LOG_BOUND);
        upper[..first].fill(LOG_BOUND);
        self.penalty.bounds(&mut lower[first..], &mut upper[first..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_by_delta_attains_its_bound() {
        // Of delta (t / h)^3 with t = r / delta, by r.
        let slope = |t: f64| 3.0 * t * t / (1.0 + t * t).powf(2.5);
        let largest = (0..3000).map(|k| slope(k as f64 * 1e-3)).fold(0.0, f64::max);
        assert!((largest / DELTA_MIXED - 1.0).abs() < 1e-6 && slope((2.0_f64 / 3.0).sqrt()) <= DELTA_MIXED);
        let (t, h) = (0.9_f64, 1e-5);
        let cube = |t: f64| (t / t.hypot(1.0)).powi(3);
        assert!(((cube(t + h) - cube(t - h)) / (2.0 * h) - slope(t)).abs() < 1e-9);
    }
}
