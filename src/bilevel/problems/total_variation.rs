//! Restoration with smoothed total variation:
//! `h_i = 1/2 |K x - y|^2 + exp(t_1) sum_j (phi_v(|D x|_j) - v) + 1/2 exp(t_3) |x|^2` with `v = exp(t_2)`, judged by
//! `g_i = 1/2 |x - truth|^2` (arXiv 2308.10098, section 4). `K` is the identity or diagonal: a mask, an exposure.
//!
//! | constant | bound |
//! |---|---|
//! | `mu` | `min K^2 + exp(t_3)` |
//! | `L` | `max K^2 + exp(t_3) + \|D\|^2 exp(t_1)/v` |
//! | `L_A` | `0.859 \|D\|^2 max_j \|D_j\| exp(t_1)/v^2`: `11.9 exp(t_1)/v^2` for isotropic images |
//! | `L_B` | `sqrt(2 (\|D\|^2 exp(t_1)/v)^2 + exp(2 t_3))` |
//! | `L_g` | 1 |
//!
//! The columns of `B`: `exp(t_1) D'(Dx/phi)`, `-exp(t_1) v^2 D'(Dx/phi^3)`, `exp(t_3) x`. The experiment of the paper
//! has one half of `exp(t_1)`, and divides `h` by the number of images, which is left to `g` here: it would only scale
//! `mu`.

use super::super::problem::{
    Evaluated, LOG_BOUND, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential, not_strongly_convex};
use super::images::{DISTANCE, Image, Images};
use super::jacobi::Jacobi;
use super::smoothed_absolute::LEAST_LOG_SMOOTHING;
use super::stencil::RowPair;
use super::sure::Denoiser;
use super::variation::{Coupling, Curvature, Parameter, Variation, Weights};
use crate::numerics::kernels::dot;
use crate::runtime::Result;
use std::cell::{OnceCell, RefCell};

/// Restoration of images with the same two or three parameters.
#[derive(Debug, Clone)]
pub struct TotalVariation {
    images: Images,
    coupling: Coupling,
    /// The diagonal of `K` of each image; none for the identity.
    forward: Vec<Vec<f64>>,
    has_ridge: bool,
}

impl TotalVariation {
    /// Denoising, `K = I`. `has_ridge` adds the parameter `t_3`.
    ///
    /// Errors: no image, sizes that do not fit, entries that are not finite.
    pub fn denoising(images: Vec<Image>, coupling: Coupling, has_ridge: bool) -> Result<Self> {
        Ok(Self { images: Images::new(images)?, coupling, forward: Vec::new(), has_ridge })
    }

    /// Restoration behind a diagonal `K`, one per image: zeros are pixels that were not measured.
    ///
    /// Errors: as [`TotalVariation::denoising`], and for another number of diagonals than images; a diagonal with zeros
    /// where there is no ridge, as the lower level is not known to be strongly convex then.
    pub fn masked(
        images: Vec<Image>,
        forward: Vec<Vec<f64>>,
        coupling: Coupling,
        has_ridge: bool,
    ) -> Result<Self> {
        let images = Images::new(images)?;
        check::length("forward", images.len(), forward.len())?;
        for (i, (k, image)) in forward.iter().zip(images.iter()).enumerate() {
            let subject = format!("forward[{i}]");
            check::length(&subject, image.noisy.len(), k.len())?;
            check::finite(&subject, k)?;
            if !has_ridge && k.contains(&0.0) {
                return Err(not_strongly_convex(&subject, "a zero, and no ridge"));
            }
        }
        Ok(Self { images, coupling, forward, has_ridge })
    }

    fn variation(&self, sample: usize) -> Variation {
        Variation { grid: self.images[sample].grid, coupling: self.coupling }
    }

    /// `exp(t_1)`, `v`, `exp(t_3)` or 0.
    fn parameters_of(&self, theta: &[f64]) -> Evaluated<[f64; 3]> {
        let ridge = if self.has_ridge { exponential(theta[2])? } else { 0.0 };
        Ok([exponential(theta[0])?, exponential(theta[1])?, ridge])
    }

    /// The least and the largest entry of `K^2`.
    fn range_of_forward(&self, sample: usize) -> (f64, f64) {
        let Some(k) = self.forward.get(sample) else { return (1.0, 1.0) };
        k.iter().fold((f64::INFINITY, 0.0), |(least, most), k| (least.min(k * k), most.max(k * k)))
    }
}

impl Denoiser for TotalVariation {
    fn images(&self) -> &Images {
        &self.images
    }

    fn with_noisy(&self, noisy: Vec<Vec<f64>>) -> Result<Self> {
        Ok(Self { images: self.images.with_noisy(noisy)?, ..self.clone() })
    }

    /// Where `K` is the identity.
    fn is_denoising(&self) -> bool {
        self.forward.is_empty()
    }
}

impl Problem for TotalVariation {
    fn parameters(&self) -> usize {
        if self.has_ridge { 3 } else { 2 }
    }

    fn samples(&self) -> usize {
        self.images.len()
    }

    fn variables(&self, sample: usize) -> usize {
        self.images[sample].noisy.len()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let [alpha, v, ridge] = self.parameters_of(theta)?;
        let (variation, noisy) = (self.variation(sample), &self.images[sample].noisy);
        gradient.iter_mut().zip(x).zip(noisy).for_each(|((g, x), y)| *g = x - y);
        if let Some(k) = self.forward.get(sample) {
            gradient.iter_mut().zip(x).zip(noisy).zip(k).for_each(|(((g, x), y), k)| *g = k * x - y);
        }
        let mut value = 0.5 * dot(gradient, gradient);
        if let Some(k) = self.forward.get(sample) {
            gradient.iter_mut().zip(k).for_each(|(g, k)| *g *= k);
        }
        if ridge > 0.0 {
            value += 0.5 * ridge * dot(x, x);
            gradient.iter_mut().zip(x).for_each(|(g, x)| *g += ridge * x);
        }
        Ok(value + variation.value(x, &Weights::uniform(alpha, variation.grid), v, gradient))
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let [alpha, v, ridge] = self.parameters_of(theta)?;
        let variation = self.variation(sample);
        let weights = Weights::uniform(alpha, variation.grid);
        let curvature = variation.curvature(x, &weights, v).map_err(Refusal::Failed)?;
        let pair = RefCell::new(RowPair::new(variation.grid));
        let forward = self.forward.get(sample).map(Vec::as_slice);
        let at = TotalVariationAt {
            variation,
            weights,
            v,
            ridge,
            parameters: self.parameters(),
            x,
            forward,
            curvature,
            pair,
            columns: OnceCell::new(),
            jacobi: Jacobi::default(),
        };
        Ok(Box::new(at))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let [alpha, v, ridge] = self.parameters_of(theta)?;
        let variation = self.variation(sample);
        let (least, most) = self.range_of_forward(sample);
        let largest = variation.largest_curvature(alpha, v);
        Ok(LowerConstants {
            mu: least + ridge,
            l: most + ridge + largest,
            l_a: variation.third(alpha, v),
            l_b: (std::f64::consts::SQRT_2 * largest).hypot(ridge),
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

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        lower.fill(-LOG_BOUND);
        upper.fill(LOG_BOUND);
        lower[1] = LEAST_LOG_SMOOTHING;
    }

    fn validate(&self) -> Result<()> {
        self.images.check_truths()
    }
}

struct TotalVariationAt<'a> {
    variation: Variation,
    weights: Weights<'static>,
    v: f64,
    ridge: f64,
    parameters: usize,
    x: &'a [f64],
    forward: Option<&'a [f64]>,
    curvature: Curvature,
    pair: RefCell<RowPair>,
    /// The columns of `B`, which are few.
    columns: OnceCell<Vec<Vec<f64>>>,
    jacobi: Jacobi,
}

impl TotalVariationAt<'_> {
    fn columns(&self) -> &[Vec<f64>] {
        self.columns.get_or_init(|| {
            let mut columns = vec![vec![0.0; self.x.len()]; self.parameters];
            for (by, column) in [Parameter::Weight, Parameter::Smoothing].into_iter().zip(&mut columns) {
                self.variation.add_mixed(self.x, &self.weights, self.v, by, column);
            }
            if let Some(column) = columns.get_mut(2) {
                column.iter_mut().zip(self.x).for_each(|(b, x)| *b = self.ridge * x);
            }
            columns
        })
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut diagonal = vec![1.0 + self.ridge; self.x.len()];
        if let Some(k) = self.forward {
            diagonal.iter_mut().zip(k).for_each(|(d, k)| *d = k * k + self.ridge);
        }
        self.curvature.add_diagonal(&mut diagonal);
        diagonal
    }
}

impl SecondOrder for TotalVariationAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        match self.forward {
            None => out.iter_mut().zip(v).for_each(|(o, v)| *o = (1.0 + self.ridge) * v),
            Some(k) => out.iter_mut().zip(v).zip(k).for_each(|((o, v), k)| *o = (k * k + self.ridge) * v),
        }
        self.curvature.add_product(v, &mut self.pair.borrow_mut(), out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out.iter_mut().zip(self.columns()).for_each(|(o, b)| *o = dot(b, q));
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        out.fill(0.0);
        for (u, b) in u.iter().zip(self.columns()) {
            out.iter_mut().zip(b).for_each(|(o, b)| *o += u * b);
        }
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.jacobi.solve(r, out, || self.diagonal());
        Ok(true)
    }
}
