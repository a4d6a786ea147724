//! A problem with what its user adds or sets: a pull of theta towards a point, `r(theta) = weight/2 |theta - center|^2`
//! on top of what the problem has already, and bounds in place of its own.

use super::super::bounds::Bounds;
use super::super::problem::{Evaluated, LowerConstants, Problem, SecondOrder, UpperConstants};
use super::check;
use crate::numerics::kernels::dot;
use crate::runtime::{Control, Result};

/// A problem, and what it is adjusted by.
pub struct Adjusted {
    problem: Box<dyn Problem + Send>,
    /// Weight and center.
    pull: Option<(f64, Vec<f64>)>,
    bounds: Option<Bounds>,
}

impl Adjusted {
    /// The problem as it is.
    pub fn new(problem: impl Problem + Send + 'static) -> Self {
        Self { problem: Box::new(problem), pull: None, bounds: None }
    }

    /// Its theta drawn to `center`, in place of a pull that was there. Errors: a weight that is not above 0, a point of
    /// another length than theta or not finite.
    pub fn drawn_to(self, weight: f64, center: Vec<f64>) -> Result<Self> {
        check::positive("weight", weight)?;
        check::length("center", self.parameters(), center.len())?;
        check::finite("center", &center)?;
        Ok(Self { pull: Some((weight, center)), ..self })
    }

    /// Other bounds than the problem's. Errors: another length than theta, and as [`Bounds::new`]; the bounds stay as
    /// they were then.
    pub fn set_bounds(&mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<()> {
        check::length("lower", self.parameters(), lower.len())?;
        check::length("upper", self.parameters(), upper.len())?;
        self.bounds = Some(Bounds::new(lower, upper)?);
        Ok(())
    }

    /// The problem's own bounds again.
    pub fn reset_bounds(&mut self) {
        self.bounds = None;
    }
}

impl Problem for Adjusted {
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
        let Some((weight, center)) = &self.pull else { return Ok(inner) };
        let pull: Vec<f64> = theta.iter().zip(center).map(|(t, c)| t - c).collect();
        gradient.iter_mut().zip(&pull).for_each(|(g, p)| *g += weight * p);
        Ok(inner + 0.5 * weight * dot(&pull, &pull))
    }

    fn start(&self, sample: usize, theta: &[f64], x: &mut [f64]) -> Evaluated<()> {
        self.problem.start(sample, theta, x)
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        match &self.bounds {
            Some(bounds) => {
                lower.copy_from_slice(&bounds.lower);
                upper.copy_from_slice(&bounds.upper);
            }
            None => self.problem.bounds(lower, upper),
        }
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
