//! Denoising with a weight per pixel: `h_i = 1/2 |x - y|^2 + sum_j exp(theta_j) (phi_v(|D x|_j) - v)`, judged by
//! `1/2 |x - truth|^2`; `v` is fixed and theta is as long as an image, so that all images have one size.
//!
//! `B' q`: entry `j` is `exp(theta_j) (D x . D q)_j / phi_j`. `mu = 1`, `L = 1 + |D|^2 max exp(theta)/v`, `L_A = 0.859
//! |D|^2 max_j |D_j| max exp(theta)/v^2`. `B = D' diag(exp(theta) (D x)/phi)`, so that `L_B = |D| max_j |D_j| max
//! exp(theta)/v`, with the norm of the pair of a pixel also where its differences are by themselves.

use super::super::problem::{
    Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponentials};
use super::images::{DISTANCE, Image, Images};
use super::jacobi::Jacobi;
use super::stencil::RowPair;
use super::sure::Denoiser;
use super::variation::{Coupling, Curvature, Variation, Weights};
use crate::numerics::kernels::dot;
use crate::runtime::Result;
use std::cell::RefCell;

/// Denoising with a map of weights.
#[derive(Debug, Clone)]
pub struct WeightedTotalVariation {
    images: Images,
    variation: Variation,
    v: f64,
}

impl WeightedTotalVariation {
    /// Errors: no image, sizes that differ or do not fit, entries that are not finite, `v` that is not above 0.
    pub fn new(images: Vec<Image>, coupling: Coupling, v: f64) -> Result<Self> {
        let (images, grid) = Images::of_one_size(images)?;
        check::positive("v", v)?;
        Ok(Self { images, variation: Variation { grid, coupling }, v })
    }
}

impl Denoiser for WeightedTotalVariation {
    fn images(&self) -> &Images {
        &self.images
    }

    fn with_noisy(&self, noisy: Vec<Vec<f64>>) -> Result<Self> {
        Ok(Self { images: self.images.with_noisy(noisy)?, ..*self })
    }
}

impl Problem for WeightedTotalVariation {
    fn parameters(&self) -> usize {
        self.images[0].noisy.len()
    }

    fn samples(&self) -> usize {
        self.images.len()
    }

    fn variables(&self, _sample: usize) -> usize {
        self.images[0].noisy.len()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let weights = exponentials(theta)?;
        gradient.iter_mut().zip(x).zip(&self.images[sample].noisy).for_each(|((g, x), y)| *g = x - y);
        let value = 0.5 * dot(gradient, gradient);
        Ok(value + self.variation.value(x, &Weights::PerPixel(&weights), self.v, gradient))
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let weights = exponentials(theta)?;
        let curvature =
            self.variation.curvature(x, &Weights::PerPixel(&weights), self.v).map_err(Refusal::Failed)?;
        let pair = RefCell::new(RowPair::new(self.variation.grid));
        Ok(Box::new(WeightedAt { problem: self, x, weights, curvature, pair, jacobi: Jacobi::default() }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let (largest, grid) = (exponentials(theta)?.into_iter().fold(0.0, f64::max), self.variation.grid);
        Ok(LowerConstants {
            mu: 1.0,
            l: 1.0 + self.variation.largest_curvature(largest, self.v),
            l_a: self.variation.third(largest, self.v),
            l_b: (grid.squared_norm() * grid.squared_row_norm()).sqrt() * largest / self.v,
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

    fn start(&self, sample: usize, _theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        self.images.start(sample, x);
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        self.images.check_truths()
    }
}

struct WeightedAt<'a> {
    problem: &'a WeightedTotalVariation,
    x: &'a [f64],
    weights: Vec<f64>,
    curvature: Curvature,
    pair: RefCell<RowPair>,
    jacobi: Jacobi,
}

impl SecondOrder for WeightedAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out.copy_from_slice(v);
        self.curvature.add_product(v, &mut self.pair.borrow_mut(), out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let WeightedTotalVariation { variation, v, .. } = self.problem;
        variation.mixed_by_pixel(self.x, &Weights::PerPixel(&self.weights), *v, q, out);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let WeightedTotalVariation { variation, v, .. } = self.problem;
        out.fill(0.0);
        variation.add_mixed_of_pixels(self.x, &Weights::PerPixel(&self.weights), *v, u, out);
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.jacobi.solve(r, out, || {
            let mut diagonal = vec![1.0; r.len()];
            self.curvature.add_diagonal(&mut diagonal);
            diagonal
        });
        Ok(true)
    }
}
