//! The elastic net, `h = 1/n sum_r phi(x_r'w, y_r) + exp(t_1) |w|_1 + 1/2 exp(t_2) w'w`, smoothed or as it is.
//!
//! Smoothed: `|w_j|` becomes `sqrt(w_j^2 + v^2) - v`. `B` has the columns `exp(t_1) w/phi` and `exp(t_2) w`. `mu =
//! exp(t_2)` (and more for the squared loss), `L` gains `exp(t_1)/v + exp(t_2)`, `L_A` gains `0.859 exp(t_1)/v^2`,
//! `L_B^2 = exp(2 t_1)/v^2 + exp(2 t_2)`.
//!
//! As it is, the lower level has no gradient, so that it is no [`Problem`]: what is
//! here are the parts that a solver of it needs. [`NonsmoothElasticNet::step`] is the proximal gradient step with a
//! proven distance to the minimizer; [`NonsmoothElasticNet::on_support`] gives `A` and `B` on the coefficients that are
//! not 0, where the solution is differentiable as long as the support does not change (Bertrand et al., arXiv
//! 2105.01637). The kinks of `f`, where the support does change, are not certified by anything here.

use super::super::problem::{Evaluated, Problem, SecondOrder};
use super::check::exponential;
use super::linear_model::{LinearModel, LossParameter};
use super::penalty::{Penalty, Sharing};
use super::proximal::bounded_curvature;
use super::row_loss::RowLoss;
use super::samples::{Samples, Split};
use crate::model::Loss;
use crate::numerics::kernels::dot;
use crate::runtime::Result;
use std::cell::RefCell;

/// The smoothed elastic net; theta is `(t_1, t_2)`. An intercept is not penalized but by the fixed ridge
/// [`FIXED_RIDGE`](super::penalty::FIXED_RIDGE).
///
/// Errors: `v` that is not above 0, a loss without a gradient or a bound of its curvature, what [`Samples::new`]
/// refuses.
pub fn smoothed_elastic_net(split: Split, loss: Loss, v: f64, intercept: bool) -> Result<LinearModel> {
    let loss = RowLoss::Scalar(bounded_curvature(loss)?);
    let samples = Samples::new(split, intercept, |y| loss.check_targets(y))?;
    let penalty = Penalty::elastic_net(v, samples.features(), intercept, 1)?;
    Ok(LinearModel { samples, loss, parameter: LossParameter::None, validation: loss, penalty })
}

/// The elastic net as it is.
#[derive(Debug)]
pub struct NonsmoothElasticNet {
    /// Loss and ridge; its theta is `t_2`.
    smooth: LinearModel,
    intercept: bool,
}

impl NonsmoothElasticNet {
    /// Errors: as [`smoothed_elastic_net`].
    pub fn new(split: Split, loss: Loss, intercept: bool) -> Result<Self> {
        let loss = RowLoss::Scalar(bounded_curvature(loss)?);
        let samples = Samples::new(split, intercept, |y| loss.check_targets(y))?;
        let penalty = Penalty::ridge(&Sharing::Single, samples.features(), intercept, 1)?;
        let smooth = LinearModel { samples, loss, parameter: LossParameter::None, validation: loss, penalty };
        Ok(Self { smooth, intercept })
    }

    /// Loss and ridge alone: the part of the lower level that has a gradient, with theta `t_2`, and the upper level.
    pub fn smooth(&self) -> &LinearModel {
        &self.smooth
    }

    /// The proximal gradient step from `w` with step size `tau`, into `next`. Gives a bound of the distance of `next`
    /// to the minimizer: with `R` the absolute values and `h` the rest, `s = (w - next)/tau + grad h(next) - grad h(w)`
    /// is a subgradient of `h + R` at `next`, and `|next - w*| <= |s|/mu`. Costs two gradients.
    pub fn step(
        &self,
        sample: usize,
        w: &[f64],
        theta: [f64; 2],
        tau: f64,
        next: &mut [f64],
    ) -> Evaluated<f64> {
        let alpha = exponential(theta[0])?;
        let (mut here, mut there) = (vec![0.0; w.len()], vec![0.0; w.len()]);
        self.smooth.lower(sample, w, &theta[1..], &mut here)?;
        for (j, next) in next.iter_mut().enumerate() {
            let to = w[j] - tau * here[j];
            let shrink = if self.is_penalized(j, w.len()) { tau * alpha } else { 0.0 };
            *next = (to.abs() - shrink).max(0.0).copysign(to);
        }
        self.smooth.lower(sample, next, &theta[1..], &mut there)?;
        let subgradient = |j: usize| (w[j] - next[j]) / tau + there[j] - here[j];
        let size = (0..w.len()).map(|j| subgradient(j).powi(2)).sum::<f64>().sqrt();
        Ok(size / self.smooth.lower_constants(sample, &theta[1..])?.mu)
    }

    /// `A` and `B` restricted to the coefficients of `w` that are not 0: `A_SS` there and the identity elsewhere, so
    /// that conjugate gradients on right-hand sides that are 0 elsewhere solve `A_SS q_S = r_S`.
    pub fn on_support<'a>(
        &'a self,
        sample: usize,
        w: &'a [f64],
        theta: &'a [f64; 2],
    ) -> Evaluated<OnSupport<'a>> {
        let alpha = exponential(theta[0])?;
        let inner = self.smooth.second_order(sample, w, &theta[1..])?;
        let sign = |j: usize| if w[j] == 0.0 { 0.0 } else { alpha * 1.0_f64.copysign(w[j]) };
        let signs = (0..w.len()).map(|j| if self.is_penalized(j, w.len()) { sign(j) } else { 0.0 }).collect();
        let is_in = w.iter().map(|w| *w != 0.0).collect();
        Ok(OnSupport { inner, is_in, signs, part: RefCell::new(vec![0.0; w.len()]) })
    }

    fn is_penalized(&self, j: usize, n: usize) -> bool {
        !(self.intercept && j + 1 == n)
    }
}

/// Second derivatives on the support.
pub struct OnSupport<'a> {
    inner: Box<dyn SecondOrder + 'a>,
    is_in: Vec<bool>,
    /// The column of `t_1`.
    signs: Vec<f64>,
    part: RefCell<Vec<f64>>,
}

impl OnSupport<'_> {
    /// The entries of `v` on the support, 0 elsewhere.
    pub fn restrict(&self, v: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(v).zip(&self.is_in).for_each(|((o, v), is_in)| *o = if *is_in { *v } else { 0.0 });
    }
}

impl SecondOrder for OnSupport<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let part = &mut *self.part.borrow_mut();
        self.restrict(v, part);
        self.inner.hessian(part, out)?;
        for ((o, v), is_in) in out.iter_mut().zip(v).zip(&self.is_in) {
            *o = if *is_in { *o } else { *v };
        }
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let part = &mut *self.part.borrow_mut();
        self.restrict(q, part);
        out[0] = dot(&self.signs, part);
        self.inner.mixed_transposed(part, &mut out[1..])
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        // The column of t_2 is a multiple of w: 0 outside the support.
        self.inner.mixed(&u[1..], out)?;
        out.iter_mut().zip(&self.signs).for_each(|(o, s)| *o += s * u[0]);
        Ok(true)
    }
}
