//! A pull of theta towards a point: `r(theta) = weight/2 |theta - center|^2`, added to what a problem has already.

use super::super::problem::{Evaluated, LowerConstants, Problem, SecondOrder, UpperConstants};
use super::check;
use crate::numerics::kernels::dot;
use crate::runtime::{Control, Result};

/// A problem whose theta is drawn to a point.
#[derive(Debug)]
pub struct Tikhonov<P> {
    problem: P,
    weight: f64,
    center: Vec<f64>,
}

impl<P: Problem> Tikhonov<P> {
    /// Errors: a weight that is not above 0, a point of another length than theta or not finite.
    pub fn new(problem: P, weight: f64, center: Vec<f64>) -> Result<Self> {
        check::positive("weight", weight)?;
        check::length("center", problem.parameters(), center.len())?;
        check::finite("center", &center)?;
        Ok(Self { problem, weight, center })
    }

    /// The problem without it.
    pub fn problem(&self) -> &P {
        &self.problem
    }
}

impl<P: Problem> Problem for Tikhonov<P> {
    fn parameters(&self) -> usize {
        self.problem.parameters()
    }

    fn samples(&self) -> usize {
        self.problem.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        self.problem.variables(sample)
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        self.problem.lower(sample, x, theta, gradient)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        self.problem.second_order(sample, x, theta)
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        self.problem.lower_constants(sample, theta)
    }

    fn is_quadratic(&self) -> bool {
        self.problem.is_quadratic()
    }

    fn is_smooth(&self) -> bool {
        self.problem.is_smooth()
    }

    fn is_reentrant(&self) -> bool {
        self.problem.is_reentrant()
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        self.problem.upper(sample, x, theta, in_x, in_theta)
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        self.problem.upper_constants(sample)
    }

    fn regularizer(&self, theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let inner = self.problem.regularizer(theta, gradient)?;
        let pull: Vec<f64> = theta.iter().zip(&self.center).map(|(t, c)| t - c).collect();
        gradient.iter_mut().zip(&pull).for_each(|(g, p)| *g += self.weight * p);
        Ok(inner + 0.5 * self.weight * dot(&pull, &pull))
    }

    fn start(&self, sample: usize, theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        self.problem.start(sample, theta, x)
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        self.problem.bounds(lower, upper);
    }

    fn flops(&self, sample: usize) -> u64 {
        self.problem.flops(sample)
    }

    fn metric(&self, sample: usize, theta: &[f64], diagonal: &mut [f64]) -> Evaluated<bool> {
        self.problem.metric(sample, theta, diagonal)
    }

    fn mixed_norm(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        metric: Option<&[f64]>,
    ) -> Evaluated<Option<f64>> {
        self.problem.mixed_norm(sample, x, theta, metric)
    }

    fn solve_lower(
        &self,
        sample: usize,
        theta: &[f64],
        tolerance: f64,
        x: &mut [f64],
        control: &mut Control<'_>,
    ) -> Evaluated<bool> {
        self.problem.solve_lower(sample, theta, tolerance, x, control)
    }

    fn validate(&self) -> Result<()> {
        self.problem.validate()
    }
}
