//! The elastic net and the lasso as they are, `h = 1/n sum_r phi(x_r'w + b, y_r) + exp(t_1) |w|_1 + 1/2 exp(t_2) w'w`,
//! with the support-restricted adjoint (Bertrand et al., arXiv 2105.01637).
//!
//! | what | where it comes from |
//! |---|---|
//! | gradient of `h` | its smallest subgradient `s`: `\|w - what\| <= \|s\|/mu` for all, so plain intervals are proven |
//! | `mu` | see [`NonsmoothElasticNet::lower_constants`]; 0 for the lasso unless its loss alone is strongly convex |
//! | `L` | of loss and ridge, which is what their Hessian has on any support |
//! | `A`, `B` | on the coefficients that move ([`OnSupport`]): not 0, or of a slope beyond `exp(t_1)`, so that they leave 0 |
//! | `L_A`, `L_B` | unknown: both jump where the support changes |
//! | lower solutions | a solver of another family ([`PenalizedSolver`]), and a proximal gradient step |
//!
//! `f` is continuous and smooth in pieces: it has a kink where the support changes, and is constant where all of `w` is
//! 0. No certificate says where kinks are. At one a hypergradient is that of one side and the line search sees what is
//! on the other: a solve may end at a kink, short of stationarity and of the minimum along it, with an interval of its
//! value as ever.
//!
//! Steps are decided by intervals whose middle is corrected to first order, along coefficients that move at `x`: where
//! others move at `what` a term of first order is missed, so that these intervals are estimated, and a step may be
//! taken that does not descend. With the option `values=plain` the proven ones decide.

use super::super::problem::{
    Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential};
use super::linear_model::LinearModel;
use super::on_support::OnSupport;
use super::penalty::Penalty;
use super::row_loss::RowLoss;
use super::samples::Split;
use crate::model::Loss;
use crate::numerics::kernels::dot;
use crate::numerics::{Matrix, PenalizedSolver};
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::sync::Arc;

/// What a lower problem is trained on.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// Features, without the intercept.
    pub matrix: &'a Arc<Matrix<'static>>,
    /// A target per row.
    pub y: &'a [f64],
    /// A weight per row; 0 for rows that are left out.
    pub weights: &'a [f64],
}

/// The elastic net as it is; theta is `(t_1, t_2)`. Or the lasso, whose theta is `t_1`. An intercept is not penalized.
#[derive(Debug)]
pub struct NonsmoothElasticNet {
    /// Loss and ridge; its theta is that of the whole without `t_1`.
    smooth: LinearModel,
    intercept: bool,
    /// `|sum_r s_r x_r|^2` over the training rows of each sample.
    squared_mean: Vec<f64>,
    /// One for each sample.
    solvers: Vec<Box<dyn PenalizedSolver>>,
}

impl NonsmoothElasticNet {
    /// The elastic net, or the lasso without `ridge`; `solver` makes the lower solver of some rows.
    ///
    /// Errors: a loss without a gradient or a bound of its curvature, those of a [`Split`] and of `solver`.
    pub fn new(
        split: Split,
        loss: Loss,
        ridge: bool,
        intercept: bool,
        solver: impl Fn(Training<'_>) -> Result<Box<dyn PenalizedSolver>>,
    ) -> Result<Self> {
        let loss = RowLoss::of_bounded_curvature(loss)?;
        let penalty = |features| Ok(Penalty::one_ridge_at_most(ridge, features, intercept));
        let smooth = LinearModel::new(split, intercept, loss, penalty)?;
        let samples = &smooth.samples;
        let (mut squared_mean, mut solvers) = (Vec::new(), Vec::new());
        for sample in 0..samples.count() {
            let rows = samples.training(sample);
            let (design, y) = samples.table(rows);
            let mut mean = vec![0.0; design.features()];
            design.transposed(&rows.weight, &mut mean);
            if intercept {
                mean.pop();
            }
            squared_mean.push(dot(&mean, &mean));
            solvers.push(solver(Training { matrix: design.matrix(), y, weights: &rows.weight })?);
        }
        Ok(Self { smooth, intercept, squared_mean, solvers })
    }

    /// The least `exp(t_1)` at which some lower solution is all 0 (but for its intercept): `f` gets nothing from that
    /// sample beyond it, so that searches should start below. Errors: a stop, no memory.
    pub fn lambda_max(&self, control: &mut Control<'_>) -> Result<f64> {
        let mut least = f64::INFINITY;
        for solver in &self.solvers {
            least = least.min(solver.lambda_max(control)?);
        }
        Ok(least)
    }

    fn is_penalized(&self, j: usize, n: usize) -> bool {
        !(self.intercept && j + 1 == n)
    }

    /// The proximal gradient step from `w`. Its smallest subgradient is at most twice `L |w - next|`, which goes with
    /// the square root of what the objective has above its minimum.
    fn step(&self, sample: usize, w: &[f64], theta: &[f64]) -> Evaluated<Vec<f64>> {
        let alpha = exponential(theta[0])?;
        let tau = 1.0 / self.smooth.lower_constants(sample, &theta[1..])?.l.max(f64::MIN_POSITIVE);
        let mut next = vec![0.0; w.len()];
        self.smooth.lower(sample, w, &theta[1..], &mut next)?;
        for (j, next) in next.iter_mut().enumerate() {
            let to = w[j] - tau * *next;
            let shrink = if self.is_penalized(j, w.len()) { tau * alpha } else { 0.0 };
            // Plus 0: no zero is negative.
            *next = (to.abs() - shrink).max(0.0).copysign(to) + 0.0;
        }
        Ok(next)
    }

    /// `A` and `B` on the coefficients that move.
    fn on_support<'a>(&'a self, sample: usize, w: &'a [f64], theta: &'a [f64]) -> Evaluated<OnSupport<'a>> {
        let alpha = exponential(theta[0])?;
        let inner = self.smooth.second_order(sample, w, &theta[1..])?;
        let mut slope = vec![0.0; w.len()];
        self.smooth.lower(sample, w, &theta[1..], &mut slope)?;
        let (mut moves, mut signs) = (vec![true; w.len()], vec![0.0; w.len()]);
        for j in (0..w.len()).filter(|j| self.is_penalized(*j, w.len())) {
            moves[j] = w[j] != 0.0 || slope[j].abs() > alpha;
            if moves[j] {
                // From 0 it goes against its slope.
                signs[j] = alpha.copysign(if w[j] == 0.0 { -slope[j] } else { w[j] });
            }
        }
        Ok(OnSupport::new(inner, moves, signs))
    }

    fn subgradient_norm(&self, sample: usize, w: &[f64], theta: &[f64], s: &mut [f64]) -> Evaluated<f64> {
        self.lower(sample, w, theta, s)?;
        Ok(dot(s, s).sqrt())
    }
}

impl Problem for NonsmoothElasticNet {
    fn parameters(&self) -> usize {
        1 + self.smooth.parameters()
    }

    fn samples(&self) -> usize {
        self.smooth.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        self.smooth.variables(sample)
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let alpha = exponential(theta[0])?;
        let value = self.smooth.lower(sample, x, &theta[1..], gradient)?;
        let mut absolute = 0.0;
        for j in (0..x.len()).filter(|j| self.is_penalized(*j, x.len())) {
            absolute += x[j].abs();
            let slope = gradient[j];
            gradient[j] = match x[j] == 0.0 {
                true => (slope.abs() - alpha).max(0.0).copysign(slope),
                false => slope + alpha.copysign(x[j]),
            };
        }
        Ok(value + alpha * absolute)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        Ok(Box::new(self.on_support(sample, x, theta)?))
    }

    /// Without an intercept `mu = exp(t_2)`, and more for the squared loss. With one, the squared loss has `sum_r s_r
    /// (x_r'w + b)^2 >= (m'w + b)^2` for the mean row `m`, as the weights sum to 1: so `mu` is the least eigenvalue of
    /// `[beta + |m|^2, |m|; |m|, 1]` with `beta = exp(t_2)`. Other losses have no curvature that holds in `b`: there
    /// `mu = 0`.
    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        exponential(theta[0])?;
        let smooth = self.smooth.lower_constants(sample, &theta[1..])?;
        let mut mu = smooth.mu;
        if self.intercept && self.smooth.loss.is_quadratic() && theta.len() > 1 {
            let beta = exponential(theta[1])?;
            let trace = 1.0 + self.squared_mean[sample] + beta;
            // The determinant is beta. Less by what the rounding of the mean can do.
            let least = 2.0 * beta / (trace + (trace * trace - 4.0 * beta).max(0.0).sqrt());
            mu = least * (1.0 - 1e-12);
        }
        Ok(LowerConstants { mu, l: smooth.l, l_a: f64::NAN, l_b: f64::NAN, rigor: Rigor::Proven })
    }

    fn is_smooth(&self) -> bool {
        false
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
        in_theta.fill(0.0);
        self.smooth.upper(sample, x, &theta[1..], in_x, &mut in_theta[1..])
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        self.smooth.upper_constants(sample)
    }

    fn flops(&self, sample: usize) -> u64 {
        self.smooth.flops(sample)
    }

    fn solve_lower(
        &self,
        sample: usize,
        theta: &[f64],
        tolerance: f64,
        x: &mut [f64],
        control: &mut Control<'_>,
    ) -> Evaluated<bool> {
        check::arguments(self, sample, x, theta)?;
        let ridge = theta.get(1).map_or(Ok(0.0), |t| exponential(*t))?;
        let (mut best, mut least, mut s) = (x.to_vec(), f64::INFINITY, vec![0.0; x.len()]);
        let mut excess = |w: &[f64]| {
            // The solver's point, and where an entry of it is not quite 0 that should be, one near it that is better.
            let mut look = |w: Vec<f64>| -> Evaluated<()> {
                let norm = self.subgradient_norm(sample, &w, theta, &mut s)?;
                if norm < least {
                    (best, least) = (w, norm);
                }
                Ok(())
            };
            let looked = look(w.to_vec()).and_then(|()| look(self.step(sample, w, theta)?));
            looked.map(|()| least / tolerance).map_err(|refusal| match refusal {
                Refusal::Failed(error) => error,
                Refusal::Reject => Error::new(ErrorKind::Internal, "theta"),
            })
        };
        let solver = &self.solvers[sample];
        solver.improve(exponential(theta[0])?, ridge, x, &mut excess, control).map_err(Refusal::Failed)?;
        x.copy_from_slice(&best);
        Ok(true)
    }
}
