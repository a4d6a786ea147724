//! Denoising with a field of experts (Roth and Black; arXiv 2308.10098, section 4):
//! `h_i = 1/2 |x - y|^2 + exp(p) sum_k exp(a_k) sum_j [phi_(v_k)((c_k * x)_j) - v_k]`, `v_k = exp(b_k)`, judged by
//! `1/2 |x - truth|^2`.
//!
//! Theta is `p` (if there is a global factor), all `a`, all `b`, then the taps of each filter. With `u_k = C_k x` and
//! `w_k = exp(p + a_k)`:
//!
//! | derivative | formula |
//! |---|---|
//! | gradient | `x - y + sum_k w_k C_k'(u_k/phi)` |
//! | `A v` | `v + sum_k w_k C_k'(v_k^2/phi^3 .* C_k v)` |
//! | `B' q`, `a_k` | `w_k <u_k/phi, C_k q>`; their sum for `p` |
//! | `B' q`, `b_k` | `-w_k <v_k^2 u_k/phi^3, C_k q>` |
//! | `B' q`, tap `s` | `w_k (<u_k/phi, S_s q> + <v_k^2/phi^3 .* C_k q, S_s x>)`, `S_s` the shift by `s` |
//!
//! `mu = 1`, `L = 1 + |sum_k w_k/v_k C_k'C_k|`, `L_A = |sum_k 0.859 w_k/v_k^2 |c_k| C_k'C_k|` (twice that where images
//! are mirrored), by [`Convolution::largest_curvature`]. `B` of the taps grows with `x`: it has no Lipschitz constant
//! that holds for every `x`, and `L_B` is not known but on balls ([`FieldOfExperts::local_mixed_lipschitz`]).
//!
//! `(c_k, a_k, b_k) -> (s c_k, a_k - log s, b_k + log s)` leaves `h` as it is but for a constant: `f` is flat along it.

mod second_order;

use self::second_order::ExpertsAt;
use super::super::problem::{
    Evaluated, LOG_BOUND, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential, exponentials};
use super::convolution::{Boundary, Convolution};
use super::images::{DISTANCE, Image, Images};
use super::smoothed_absolute::{LEAST_LOG_SMOOTHING, THIRD, phi, replace_by_slopes};
use super::sure::Denoiser;
use crate::numerics::kernels::dot;
use crate::numerics::sum::Sum;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// The form of the filters.
#[derive(Debug, Clone, Copy)]
pub struct Experts {
    /// How many filters.
    pub count: usize,
    /// Taps along a side.
    pub side: usize,
    /// What is beyond the border.
    pub boundary: Boundary,
    /// Filters are theta minus the mean of their taps: constant images cost nothing.
    pub zero_mean: bool,
    /// Whether there is a factor `exp(p)` of all experts.
    pub has_factor: bool,
}

/// Denoising of images with the same filters.
#[derive(Debug, Clone)]
pub struct FieldOfExperts {
    images: Images,
    experts: Experts,
    convolutions: Vec<Convolution>,
}

/// Theta at a point: weights, smoothing parameters and filters.
struct Filters {
    weight: Vec<f64>,
    v: Vec<f64>,
    taps: Vec<f64>,
}

impl FieldOfExperts {
    /// Errors: no image, sizes that do not fit, entries that are not finite, no filter, filters wider than an image,
    /// more of them than theta could have numbers for.
    pub fn new(images: Vec<Image>, experts: Experts) -> Result<Self> {
        let images = Images::new(images)?;
        check::at_least_one("count", experts.count)?;
        let of_image = |(i, image): (usize, &Image)| {
            let at = |error: Error| error.at(format!("image {i}"));
            Convolution::new(image.grid, experts.side, experts.boundary).map_err(at)
        };
        let convolutions = images.iter().enumerate().map(of_image).collect::<Result<_>>()?;
        let most = isize::MAX as usize / size_of::<f64>() / (experts.side * experts.side + 3);
        if experts.count > most {
            return Err(Error::new(ErrorKind::Argument, "count")
                .expected(format!("at most {most}"))
                .found(experts.count));
        }
        Ok(Self { images, experts, convolutions })
    }

    /// A Lipschitz constant of `B` on the ball of `radius` around `x`: what is missing among the constants that hold
    /// everywhere.
    ///
    /// Let `P` bound the norm of a patch of `side x side` pixels there, and `|C_k|` the norm of a filter. The columns
    /// of `a_k` and `b_k` have the constants `w_k |C_k|^2/v_k`. For a change `e` of the taps of filter `k`, `|e| = 1`,
    /// `B e = w_k [C_k'(phi'' .* (e * x)) + e'*(phi')]`, which has `w_k [0.859 |C_k|^2 P/v_k^2 + 2 |C_k| |e*|/v_k]`
    /// with `|e*| <= side` (twice that where images are mirrored). Costs a bound of the norm of each filter.
    pub fn local_mixed_lipschitz(
        &self,
        sample: usize,
        x: &[f64],
        radius: f64,
        theta: &[f64],
    ) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (filters, convolution) = (self.filters(theta)?, &self.convolutions[sample]);
        let row = convolution.row_factor();
        let patch = convolution.largest_patch(x) + row * radius;
        let mut square = 0.0;
        for (_, w, v, taps) in filters.each() {
            let norm = convolution.largest_curvature(taps, &[1.0]);
            let of_taps =
                THIRD * norm * patch / (v * v) + 2.0 * norm.sqrt() * row * self.experts.side as f64 / v;
            square += w * w * (2.0 * (norm / v).powi(2) + of_taps * of_taps);
        }
        if self.experts.has_factor {
            square += (self.lower_constants(sample, theta)?.l - 1.0).powi(2);
        }
        Ok(square.sqrt())
    }

    /// Where the weights, the smoothing parameters and the taps are in theta.
    fn places(&self) -> [usize; 3] {
        let (first, count) = (usize::from(self.experts.has_factor), self.experts.count);
        [first, first + count, first + 2 * count]
    }

    fn filters(&self, theta: &[f64]) -> Evaluated<Filters> {
        let [a, b, c] = self.places();
        let factor = if self.experts.has_factor { theta[0] } else { 0.0 };
        let weight = theta[a..b].iter().map(|a| exponential(factor + a)).collect::<Evaluated<_>>()?;
        let v = exponentials(&theta[b..c])?;
        let mut taps = theta[c..].to_vec();
        if taps.iter().any(|t| !t.is_finite()) {
            return Err(Refusal::Reject);
        }
        self.center(&mut taps);
        Ok(Filters { weight, v, taps })
    }

    /// Takes the mean from the taps of each filter, where filters have none: symmetric, and its own adjoint.
    fn center(&self, taps: &mut [f64]) {
        if self.experts.zero_mean {
            for taps in taps.chunks_exact_mut(self.experts.side * self.experts.side) {
                let mean = taps.iter().sum::<f64>() / taps.len() as f64;
                taps.iter_mut().for_each(|t| *t -= mean);
            }
        }
    }
}

impl Filters {
    /// Number, weight, smoothing parameter and taps of each.
    fn each(&self) -> impl Iterator<Item = (usize, f64, f64, &[f64])> {
        let side = self.taps.len() / self.weight.len();
        let both = self.weight.iter().zip(&self.v).zip(self.taps.chunks_exact(side));
        both.enumerate().map(|(k, ((w, v), taps))| (k, *w, *v, taps))
    }
}

impl Denoiser for FieldOfExperts {
    fn images(&self) -> &Images {
        &self.images
    }

    fn with_noisy(&self, noisy: Vec<Vec<f64>>) -> Result<Self> {
        Ok(Self { images: self.images.with_noisy(noisy)?, ..self.clone() })
    }
}

/// Workspace for the products with one filter.
struct Workspace {
    padded: Vec<f64>,
    framed: Vec<f64>,
    sums: Vec<f64>,
    u: Vec<f64>,
    reversed: Vec<f64>,
}

impl Workspace {
    fn new(convolution: &Convolution, pixels: usize) -> Result<Self> {
        Ok(Self {
            padded: zeros("padded", convolution.padded_pixels())?,
            framed: zeros("framed", convolution.framed_pixels())?,
            sums: zeros("padded", convolution.padded_pixels())?,
            u: zeros("image", pixels)?,
            reversed: Vec::new(),
        })
    }

    /// `u = C x` of the image that is padded.
    fn correlate(&mut self, convolution: &Convolution, taps: &[f64]) {
        self.u.fill(0.0);
        convolution.add_correlation(&self.padded, taps, &mut self.u);
    }

    /// `sums += C' u`, still padded.
    fn add_adjoint(&mut self, convolution: &Convolution, taps: &[f64]) {
        convolution.frame(&self.u, &mut self.framed);
        self.reversed.clear();
        self.reversed.extend(taps.iter().rev());
        convolution.add_adjoint(&self.framed, &self.reversed, &mut self.sums);
    }
}

impl Problem for FieldOfExperts {
    fn parameters(&self) -> usize {
        self.places()[2] + self.experts.count * self.experts.side * self.experts.side
    }

    fn samples(&self) -> usize {
        self.images.len()
    }

    fn variables(&self, sample: usize) -> usize {
        self.images[sample].noisy.len()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (filters, convolution) = (self.filters(theta)?, &self.convolutions[sample]);
        let mut workspace = Workspace::new(convolution, x.len()).map_err(Refusal::Failed)?;
        gradient.iter_mut().zip(x).zip(&self.images[sample].noisy).for_each(|((g, x), y)| *g = x - y);
        let mut sum = Sum::default();
        sum.add(0.5 * dot(gradient, gradient));
        convolution.pad(x, &mut workspace.padded);
        for (_, w, v, taps) in filters.each() {
            workspace.correlate(convolution, taps);
            sum.add(w * replace_by_slopes(&mut workspace.u, w, v));
            workspace.add_adjoint(convolution, taps);
        }
        convolution.fold(&workspace.sums, gradient);
        Ok(sum.value())
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let (filters, convolution) = (self.filters(theta)?, &self.convolutions[sample]);
        let mut workspace = Workspace::new(convolution, x.len()).map_err(Refusal::Failed)?;
        let mut curvature =
            zeros("curvature", x.len().saturating_mul(self.experts.count)).map_err(Refusal::Failed)?;
        convolution.pad(x, &mut workspace.padded);
        for (k, w, v, taps) in filters.each() {
            workspace.correlate(convolution, taps);
            let out = &mut curvature[k * x.len()..(k + 1) * x.len()];
            for (o, u) in out.iter_mut().zip(&workspace.u) {
                let over = 1.0 / phi(u * u, v);
                *o = w * over * (v * over) * (v * over);
            }
        }
        Ok(Box::new(ExpertsAt::new(self, convolution, x, filters, curvature, workspace)))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let (filters, convolution) = (self.filters(theta)?, &self.convolutions[sample]);
        let bends: Vec<f64> = filters.each().map(|(_, w, v, _)| w / v).collect();
        let row = convolution.row_factor();
        let thirds: Vec<f64> = filters
            .each()
            .map(|(_, w, v, taps)| THIRD * row * w / (v * v) * dot(taps, taps).sqrt())
            .collect();
        Ok(LowerConstants {
            mu: 1.0,
            l: 1.0 + convolution.largest_curvature(&filters.taps, &bends),
            l_a: convolution.largest_curvature(&filters.taps, &thirds),
            l_b: f64::NAN,
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
        let [_, b, c] = self.places();
        lower.fill(-LOG_BOUND);
        upper.fill(LOG_BOUND);
        lower[b..c].fill(LEAST_LOG_SMOOTHING);
        lower[c..].fill(f64::NEG_INFINITY);
        upper[c..].fill(f64::INFINITY);
    }

    /// A correlation with each filter, and its adjoint.
    fn flops(&self, sample: usize) -> u64 {
        4 * (self.experts.count * self.experts.side.pow(2) * self.variables(sample)) as u64
    }

    fn validate(&self) -> Result<()> {
        self.images.check_truths()
    }
}
