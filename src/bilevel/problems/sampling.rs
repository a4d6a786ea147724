//! Learned sampling: which coefficients of a transform are worth measuring (after Sherry et al., arXiv 1906.08754).
//! `h_i = 1/2 sum_j s_j (F x - y)_j^2 + exp(t) sum_j (phi_v(|D x|_j) - v) + ridge/2 |x|^2` with `s_j = 1/(1 +
//! exp(-theta_j))`, judged by `1/2 |x - truth|^2`; `r(theta) = cost/n sum_j s_j`. Theta is the logits, one per
//! coefficient, and `t`.
//!
//! `F` is the orthonormal cosine transform: real coefficients with the energy compaction of the Fourier transform of
//! arXiv 1906.08754.
//!
//! `mu = min s + ridge`, `L = max s + ridge + |D|^2 exp(t)/v`, `L_A` that of total variation. `B` of the logits is
//! `F' diag(s' (F x - y))` with the Lipschitz constant `max s'`, `s' = s (1 - s)`; that of `t` has `|D|^2 exp(t)/v`.

use super::super::problem::{
    Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential};
use super::cosine_transform::CosineTransform;
use super::images::{DISTANCE, Image, Images};
use super::stencil::{Grid, RowPair};
use super::variation::{Coupling, Curvature, Parameter, Variation, Weights};
use crate::model::loss::sigmoid;
use crate::numerics::kernels::dot;
use crate::numerics::sum::sum;
use crate::runtime::Result;
use std::cell::{OnceCell, RefCell};

/// Constants of the sampling problem that theta does not reach.
#[derive(Debug, Clone, Copy)]
pub struct SamplingConstants {
    /// Where the variation is rounded off, above 0.
    pub v: f64,
    /// A ridge of at least 0, for `mu`.
    pub ridge: f64,
    /// What all coefficients together cost, at least 0.
    pub cost: f64,
}

/// Reconstruction from weighted coefficients.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// `noisy` has coefficients of the cosine transform.
    images: Images,
    transform: CosineTransform,
    variation: Variation,
    fixed: SamplingConstants,
}

impl Sampling {
    /// `noisy` of each image has the coefficients `F x + noise`, row after row of frequencies.
    ///
    /// Errors: no image, sizes that differ or do not fit, entries that are not finite, constants out of their ranges.
    pub fn new(images: Vec<Image>, coupling: Coupling, fixed: SamplingConstants) -> Result<Self> {
        let (images, grid) = Images::of_one_size(images)?;
        check::positive("v", fixed.v)?;
        check::not_negative("ridge", fixed.ridge)?;
        check::not_negative("cost", fixed.cost)?;
        Ok(Self {
            images,
            transform: CosineTransform::new(grid),
            variation: Variation { grid, coupling },
            fixed,
        })
    }

    fn pixels(&self) -> usize {
        self.images[0].noisy.len()
    }

    /// Sampling weights, and `exp(t)`.
    fn parameters_of(&self, theta: &[f64]) -> Evaluated<(Vec<f64>, f64)> {
        let (logits, t) = theta.split_at(self.pixels());
        let weights =
            logits.iter().map(|t| exponential(*t).map(|_| sigmoid(*t))).collect::<Evaluated<_>>()?;
        Ok((weights, exponential(t[0])?))
    }

    /// `F x - y`.
    fn residual(&self, sample: usize, x: &[f64]) -> Vec<f64> {
        let (mut residual, mut rows) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        self.transform.forward(x, &mut rows, &mut residual);
        residual.iter_mut().zip(&self.images[sample].noisy).for_each(|(r, y)| *r -= y);
        residual
    }
}

impl Problem for Sampling {
    fn parameters(&self) -> usize {
        self.pixels() + 1
    }

    fn samples(&self) -> usize {
        self.images.len()
    }

    fn variables(&self, _sample: usize) -> usize {
        self.pixels()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (s, alpha) = self.parameters_of(theta)?;
        let residual = self.residual(sample, x);
        let weighted: Vec<f64> = residual.iter().zip(&s).map(|(r, s)| r * s).collect();
        let ridge = self.fixed.ridge;
        let value = 0.5 * (dot(&weighted, &residual) + ridge * dot(x, x));
        self.transform.inverse(&weighted, &mut vec![0.0; x.len()], gradient);
        gradient.iter_mut().zip(x).for_each(|(g, x)| *g += ridge * x);
        let weights = Weights::uniform(alpha, self.variation.grid);
        Ok(value + self.variation.value(x, &weights, self.fixed.v, gradient))
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let (s, alpha) = self.parameters_of(theta)?;
        let weights = Weights::uniform(alpha, self.variation.grid);
        let curvature = self.variation.curvature(x, &weights, self.fixed.v).map_err(Refusal::Failed)?;
        let slopes = s.iter().zip(self.residual(sample, x)).map(|(s, r)| s * (1.0 - s) * r).collect();
        let workspace =
            RefCell::new((vec![0.0; x.len()], vec![0.0; x.len()], RowPair::new(self.variation.grid)));
        Ok(Box::new(SamplingAt {
            problem: self,
            x,
            s,
            slopes,
            weights,
            curvature,
            workspace,
            column: OnceCell::new(),
        }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let (s, alpha) = self.parameters_of(theta)?;
        let least = s.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = s.iter().copied().fold(0.0, f64::max);
        let slope = s.iter().map(|s| s * (1.0 - s)).fold(0.0, f64::max);
        let curvature = self.variation.largest_curvature(alpha, self.fixed.v);
        Ok(LowerConstants {
            mu: least + self.fixed.ridge,
            l: largest + self.fixed.ridge + curvature,
            l_a: self.variation.third(alpha, self.fixed.v),
            l_b: slope.hypot(curvature),
            rigor: Rigor::Proven,
        })
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
        self.images.distance(sample, x, in_x, in_theta)
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        DISTANCE
    }

    fn regularizer(&self, theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let (s, _) = self.parameters_of(theta)?;
        let each = self.fixed.cost / s.len() as f64;
        gradient.iter_mut().zip(&s).for_each(|(g, s)| *g += each * s * (1.0 - s));
        Ok(each * sum(s))
    }

    fn start(&self, sample: usize, _theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        self.transform.inverse(&self.images[sample].noisy, &mut vec![0.0; self.pixels()], x);
        Ok(())
    }

    /// A transform, its inverse, and the variation.
    fn flops(&self, _sample: usize) -> u64 {
        let Grid { height, width } = self.variation.grid;
        (self.pixels() * (4 * (height + width) + 20)) as u64
    }

    fn validate(&self) -> Result<()> {
        self.images.check_truths()
    }
}

struct SamplingAt<'a> {
    problem: &'a Sampling,
    x: &'a [f64],
    s: Vec<f64>,
    /// `s' (F x - y)`.
    slopes: Vec<f64>,
    weights: Weights<'static>,
    curvature: Curvature,
    /// Coefficients, rows that are half transformed, differences.
    workspace: RefCell<(Vec<f64>, Vec<f64>, RowPair)>,
    /// The column of `t`.
    column: OnceCell<Vec<f64>>,
}

impl SamplingAt<'_> {
    fn column(&self) -> &[f64] {
        self.column.get_or_init(|| {
            let mut column = vec![0.0; self.x.len()];
            let Sampling { variation, fixed, .. } = self.problem;
            variation.add_mixed(self.x, &self.weights, fixed.v, Parameter::Weight, &mut column);
            column
        })
    }
}

impl SecondOrder for SamplingAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let (coefficients, rows, pair) = &mut *self.workspace.borrow_mut();
        self.problem.transform.forward(v, rows, coefficients);
        coefficients.iter_mut().zip(&self.s).for_each(|(c, s)| *c *= s);
        self.problem.transform.inverse(coefficients, rows, out);
        out.iter_mut().zip(v).for_each(|(o, v)| *o += self.problem.fixed.ridge * v);
        self.curvature.add_product(v, pair, out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let n = self.s.len();
        self.problem.transform.forward(q, &mut self.workspace.borrow_mut().1, &mut out[..n]);
        out[..n].iter_mut().zip(&self.slopes).for_each(|(o, c)| *o *= c);
        out[n] = dot(self.column(), q);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let (coefficients, rows, _) = &mut *self.workspace.borrow_mut();
        coefficients.iter_mut().zip(&self.slopes).zip(u).for_each(|((o, c), u)| *o = c * u);
        self.problem.transform.inverse(coefficients, rows, out);
        out.iter_mut().zip(self.column()).for_each(|(o, b)| *o += b * u[self.s.len()]);
        Ok(true)
    }
}
