//! Evaluations of one sample at one `theta`: counted, checked to be finite, and open to a stop after each.

use super::counts::Counts;
use super::interrupt::{Flaw, Interrupt, Tried};
use super::problem::{Evaluated, LowerConstants, Problem, Refusal, SecondOrder};
use crate::runtime::{Control, Outcome, Stop};

/// The callbacks of one sample.
pub struct Oracle<'a, 'k, 'c> {
    pub problem: &'a dyn Problem,
    pub sample: usize,
    pub theta: &'a [f64],
    /// What was done so far.
    pub counts: Counts,
    /// Products after which the solve gives up, those of `counts` included.
    pub limit: u64,
    /// Products after which the call ends.
    budget: u64,
    flops: u64,
    control: &'k mut Control<'c>,
}

impl<'a, 'k, 'c> Oracle<'a, 'k, 'c> {
    pub fn new(
        problem: &'a dyn Problem,
        sample: usize,
        theta: &'a [f64],
        (limit, budget): (u64, u64),
        control: &'k mut Control<'c>,
    ) -> Self {
        let flops = problem.flops(sample);
        Self { problem, sample, theta, counts: Counts::default(), limit, budget, flops, control }
    }

    /// `n_i`.
    pub fn variables(&self) -> usize {
        self.problem.variables(self.sample)
    }

    /// `h_i(x, theta)` and its gradient.
    pub fn lower(&mut self, x: &[f64], gradient: &mut [f64]) -> Tried<f64> {
        self.lower_at(self.theta, x, gradient)
    }

    /// The same at another `theta`.
    pub fn lower_at(&mut self, theta: &[f64], x: &[f64], gradient: &mut [f64]) -> Tried<f64> {
        self.begin_product()?;
        self.counts.gradients += 1;
        let value = self.heard("lower", self.problem.lower(self.sample, x, theta, gradient))?;
        self.finite("lower", value, gradient)?;
        Ok(value)
    }

    /// `A` and `B` at `x`.
    pub fn second_order<'x>(&mut self, x: &'x [f64]) -> Tried<Box<dyn SecondOrder + 'x>>
    where
        'a: 'x,
    {
        self.heard("second_order", self.problem.second_order(self.sample, x, self.theta))
    }

    /// `out = A v`.
    pub fn hessian(&mut self, at: &dyn SecondOrder, v: &[f64], out: &mut [f64]) -> Tried<()> {
        self.begin_product()?;
        self.counts.hessian_products += 1;
        self.heard("hessian", at.hessian(v, out))?;
        self.finite("hessian", 0.0, out)
    }

    /// `out = B' q`.
    pub fn mixed_transposed(&mut self, at: &dyn SecondOrder, q: &[f64], out: &mut [f64]) -> Tried<()> {
        self.begin()?;
        self.counts.mixed_products += 1;
        self.heard("mixed_transposed", at.mixed_transposed(q, out))?;
        self.finite("mixed_transposed", 0.0, out)
    }

    /// `out = B u`; `false` where the problem has no such product.
    pub fn mixed(&mut self, at: &dyn SecondOrder, u: &[f64], out: &mut [f64]) -> Tried<bool> {
        self.begin()?;
        let has = self.heard("mixed", at.mixed(u, out))?;
        if has {
            self.counts.mixed_products += 1;
            self.finite("mixed", 0.0, out)?;
        }
        Ok(has)
    }

    /// `out` is about `A^-1 r`; `false` where there is no preconditioner.
    pub fn precondition(&mut self, at: &dyn SecondOrder, r: &[f64], out: &mut [f64]) -> Tried<bool> {
        let has = self.heard("precondition", at.precondition(r, out))?;
        if has {
            self.finite("precondition", 0.0, out)?;
        }
        Ok(has)
    }

    /// The problem's own lower solver, from `x`; `false` where there is none.
    pub fn solve_lower(&mut self, tolerance: f64, x: &mut [f64]) -> Tried<bool> {
        let said = self.problem.solve_lower(self.sample, self.theta, tolerance, x, self.control);
        self.heard("solve_lower", said)
    }

    /// `g_i(x, theta)` and its gradients.
    pub fn upper(&mut self, x: &[f64], in_x: &mut [f64], in_theta: &mut [f64]) -> Tried<f64> {
        self.upper_at(self.theta, x, in_x, in_theta)
    }

    /// The same at another `theta`.
    pub fn upper_at(
        &mut self,
        theta: &[f64],
        x: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Tried<f64> {
        self.begin()?;
        self.counts.upper += 1;
        let value = self.heard("upper", self.problem.upper(self.sample, x, theta, in_x, in_theta))?;
        self.finite("upper", value, in_x)?;
        self.finite("upper", value, in_theta)?;
        Ok(value)
    }

    /// `mu`, `L`, `L_A`, `L_B` at `theta`.
    pub fn lower_constants(&mut self) -> Tried<LowerConstants> {
        self.poll()?;
        self.heard("lower_constants", self.problem.lower_constants(self.sample, self.theta))
    }

    /// What a callback said, in our terms.
    pub fn heard<T>(&self, callback: &'static str, said: Evaluated<T>) -> Tried<T> {
        heard(callback, self.sample, said)
    }

    /// Callbacks may be slow: each is a chance to stop.
    pub fn poll(&mut self) -> Tried<()> {
        Ok(self.control.poll()?)
    }

    fn begin(&mut self) -> Tried<()> {
        self.control.spend(self.flops)?;
        self.poll()
    }

    fn begin_product(&mut self) -> Tried<()> {
        self.begin()?;
        if self.counts.products() >= self.budget {
            return Err(Stop(Outcome::WorkLimit).into());
        }
        if self.counts.products() >= self.limit {
            return Err(Flaw::OverBudget { sample: self.sample }.into());
        }
        Ok(())
    }

    fn finite(&self, callback: &'static str, value: f64, vector: &[f64]) -> Tried<()> {
        finite(callback, self.sample, value, vector)
    }
}

/// `r(theta)`, its gradient into `gradient`.
pub fn regularizer(problem: &dyn Problem, theta: &[f64], gradient: &mut [f64]) -> Tried<f64> {
    let callback = "regularizer";
    gradient.fill(0.0);
    let value = heard(callback, 0, problem.regularizer(theta, gradient))?;
    finite(callback, 0, value, gradient)?;
    Ok(value)
}

fn heard<T>(callback: &'static str, sample: usize, said: Evaluated<T>) -> Tried<T> {
    said.map_err(|refusal| match refusal {
        Refusal::Reject => Flaw::Refused { callback, sample }.into(),
        Refusal::Failed(error) => Interrupt::Failed(error),
    })
}

fn finite(callback: &'static str, sample: usize, value: f64, vector: &[f64]) -> Tried<()> {
    if !value.is_finite() {
        return Err(Flaw::NotFinite { callback, sample, entry: None }.into());
    }
    match vector.iter().position(|v| !v.is_finite()) {
        Some(entry) => Err(Flaw::NotFinite { callback, sample, entry: Some(entry) }.into()),
        None => Ok(()),
    }
}
