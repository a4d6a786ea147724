//! A problem with the caller's bounds in place of its own.

use crate::bilevel::{Evaluated, LowerConstants, Problem, SecondOrder, UpperConstants};
use crate::runtime::{Control, Result};

/// A problem, and bounds where the caller gave some.
pub(super) struct Bounded {
    pub(super) inner: Box<dyn Problem + Send>,
    pub(super) bounds: Option<[Vec<f64>; 2]>,
}

impl Bounded {
    pub(super) fn new(inner: impl Problem + Send + 'static) -> Self {
        Self { inner: Box::new(inner), bounds: None }
    }
}

impl Problem for Bounded {
    fn parameters(&self) -> usize {
        self.inner.parameters()
    }

    fn samples(&self) -> usize {
        self.inner.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        self.inner.variables(sample)
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        self.inner.lower(sample, x, theta, gradient)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        self.inner.second_order(sample, x, theta)
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        self.inner.lower_constants(sample, theta)
    }

    fn is_quadratic(&self) -> bool {
        self.inner.is_quadratic()
    }

    fn is_smooth(&self) -> bool {
        self.inner.is_smooth()
    }

    fn is_reentrant(&self) -> bool {
        self.inner.is_reentrant()
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        self.inner.upper(sample, x, theta, in_x, in_theta)
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        self.inner.upper_constants(sample)
    }

    fn regularizer(&self, theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        self.inner.regularizer(theta, gradient)
    }

    fn start(&self, sample: usize, theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        self.inner.start(sample, theta, x)
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        match &self.bounds {
            Some([l, u]) => {
                lower.copy_from_slice(l);
                upper.copy_from_slice(u);
            }
            None => self.inner.bounds(lower, upper),
        }
    }

    fn flops(&self, sample: usize) -> u64 {
        self.inner.flops(sample)
    }

    fn metric(&self, sample: usize, theta: &[f64], diagonal: &mut [f64]) -> Evaluated<bool> {
        self.inner.metric(sample, theta, diagonal)
    }

    fn mixed_norm(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        metric: Option<&[f64]>,
    ) -> Evaluated<Option<f64>> {
        self.inner.mixed_norm(sample, x, theta, metric)
    }

    fn solve_lower(
        &self,
        sample: usize,
        theta: &[f64],
        tolerance: f64,
        x: &mut [f64],
        control: &mut Control<'_>,
    ) -> Evaluated<bool> {
        self.inner.solve_lower(sample, theta, tolerance, x, control)
    }

    fn validate(&self) -> Result<()> {
        self.inner.validate()
    }
}
