//! Stein's unbiased risk estimate as an upper level without truth: for `y = x + noise` of deviation `sigma`, `1/2 E
//! |xhat(y) - x|^2 = E [1/2 (|xhat - y|^2 - n sigma^2) + sigma^2 div xhat]`, with the divergence by a difference along
//! a random vector `b` of signs, `b'(xhat(y + e b) - xhat(y))/e` (Deledalle et al., arXiv 1405.1164).
//!
//! The lower problem is two of the denoiser's, for `y` and for `y + e b`, side by side: `x = (x_1, x_2)`, `A` is block
//! diagonal, `B` has one block above the other. All constants are the larger of both: `|B(x) - B(y)|^2` is at most the
//! sum of the squares of the blocks, and `|x - y|^2` is that of the parts. `g` is quadratic: `L_g = 1`; it can be below
//! 0.

use super::super::problem::{Evaluated, LowerConstants, Problem, Rigor, SecondOrder, UpperConstants};
use super::check;
use super::images::{Image, Images};
use crate::numerics::kernels::dot;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Error, ErrorKind, Result};
use std::cell::RefCell;

/// A problem whose lower level has measurements `y` in `1/2 |x - y|^2`, and can be had with others.
pub trait Denoiser: Problem + Sized {
    /// Its images, with `y`.
    fn images(&self) -> &Images;

    /// The same with other measurements. Errors: as [`Images::with_noisy`].
    fn with_noisy(&self, noisy: Vec<Vec<f64>>) -> Result<Self>;

    /// Whether the measurements are of `x` itself.
    fn is_denoising(&self) -> bool {
        true
    }
}

/// A denoiser judged by the estimate.
#[derive(Debug)]
pub struct Sure<P> {
    plain: P,
    moved: P,
    /// `b` of each sample.
    signs: Vec<Vec<f64>>,
    /// `e` of each sample.
    step: Vec<f64>,
    sigma: f64,
}

impl<P: Denoiser> Sure<P> {
    /// The denoiser with noise of deviation `sigma`. Signs are drawn from the stream of `seed`; the step is `2
    /// sigma/n^0.3`.
    ///
    /// Errors: `sigma` that is not above 0; measurements that are not of the image itself.
    pub fn new(denoiser: P, sigma: f64, seed: u64) -> Result<Self> {
        check::positive("sigma", sigma)?;
        if !denoiser.is_denoising() {
            return Err(Error::new(ErrorKind::Unsupported, "denoiser")
                .expected("measurements of the image itself")
                .found("a forward operator"));
        }
        let (mut signs, mut step, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (sample, Image { noisy, .. }) in denoiser.images().iter().enumerate() {
            let mut stream = Stream::new(seed, Purpose::Probe, sample as u64);
            let of_sample: Vec<f64> =
                noisy.iter().map(|_| if stream.bits() & 1 == 0 { -1.0 } else { 1.0 }).collect();
            let e = 2.0 * sigma / (noisy.len() as f64).powf(0.3);
            moved.push(noisy.iter().zip(&of_sample).map(|(y, b)| y + e * b).collect());
            signs.push(of_sample);
            step.push(e);
        }
        let moved = denoiser.with_noisy(moved)?;
        Ok(Self { plain: denoiser, moved, signs, step, sigma })
    }

    fn halves<'v>(&self, sample: usize, v: &'v [f64]) -> (&'v [f64], &'v [f64]) {
        v.split_at(self.plain.variables(sample))
    }
}

impl<P: Denoiser> Problem for Sure<P> {
    fn parameters(&self) -> usize {
        self.plain.parameters()
    }

    fn samples(&self) -> usize {
        self.plain.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        2 * self.plain.variables(sample)
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (first, second) = self.halves(sample, x);
        let (of_first, of_second) = gradient.split_at_mut(first.len());
        let value = self.plain.lower(sample, first, theta, of_first)?;
        Ok(value + self.moved.lower(sample, second, theta, of_second)?)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let (first, second) = self.halves(sample, x);
        let plain = self.plain.second_order(sample, first, theta)?;
        let moved = self.moved.second_order(sample, second, theta)?;
        Ok(Box::new(Pair {
            half: first.len(),
            plain,
            moved,
            workspace: RefCell::new(vec![0.0; theta.len()]),
        }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let plain = self.plain.lower_constants(sample, theta)?;
        let moved = self.moved.lower_constants(sample, theta)?;
        // NaN of either stays.
        let larger = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
        Ok(LowerConstants {
            mu: -larger(-plain.mu, -moved.mu),
            l: larger(plain.l, moved.l),
            l_a: larger(plain.l_a, moved.l_a),
            l_b: larger(plain.l_b, moved.l_b),
            rigor: plain.rigor.min(moved.rigor),
        })
    }

    fn is_quadratic(&self) -> bool {
        self.plain.is_quadratic()
    }

    fn is_reentrant(&self) -> bool {
        self.plain.is_reentrant()
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
        let (first, second) = self.halves(sample, x);
        let (of_first, of_second) = in_x.split_at_mut(first.len());
        let (noisy, signs) = (&self.plain.images()[sample].noisy, &self.signs[sample]);
        in_theta.fill(0.0);
        of_first.iter_mut().zip(first).zip(noisy).for_each(|((g, x), y)| *g = x - y);
        let variance = self.sigma * self.sigma;
        let fit = 0.5 * (dot(of_first, of_first) - first.len() as f64 * variance);
        let along = variance / self.step[sample];
        let moves = second.iter().zip(first).zip(signs);
        let divergence: f64 = moves.map(|((second, first), b)| b * (second - first)).sum();
        of_first.iter_mut().zip(signs).for_each(|(g, b)| *g -= along * b);
        of_second.iter_mut().zip(signs).for_each(|(g, b)| *g = along * b);
        Ok(fit + along * divergence)
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        UpperConstants {
            l_g: 1.0,
            l_g_theta: 0.0,
            convex: true,
            squared_distance: None,
            rigor: Rigor::Proven,
        }
    }

    fn regularizer(&self, theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        self.plain.regularizer(theta, gradient)
    }

    fn start(&self, sample: usize, theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        let half = self.plain.variables(sample);
        let (first, second) = x.split_at_mut(half);
        self.plain.start(sample, theta, first)?;
        self.moved.start(sample, theta, second)
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        self.plain.bounds(lower, upper);
    }

    fn flops(&self, sample: usize) -> u64 {
        self.plain.flops(sample) + self.moved.flops(sample)
    }
}

/// Second derivatives of both halves.
struct Pair<'a> {
    half: usize,
    plain: Box<dyn SecondOrder + 'a>,
    moved: Box<dyn SecondOrder + 'a>,
    workspace: RefCell<Vec<f64>>,
}

impl SecondOrder for Pair<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let (first, second) = out.split_at_mut(self.half);
        self.plain.hessian(&v[..self.half], first)?;
        self.moved.hessian(&v[self.half..], second)
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let workspace = &mut *self.workspace.borrow_mut();
        self.plain.mixed_transposed(&q[..self.half], out)?;
        self.moved.mixed_transposed(&q[self.half..], workspace)?;
        out.iter_mut().zip(workspace.iter()).for_each(|(o, r)| *o += r);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let (first, second) = out.split_at_mut(self.half);
        Ok(self.plain.mixed(u, first)? && self.moved.mixed(u, second)?)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let (first, second) = out.split_at_mut(self.half);
        Ok(self.plain.precondition(&r[..self.half], first)?
            && self.moved.precondition(&r[self.half..], second)?)
    }
}
