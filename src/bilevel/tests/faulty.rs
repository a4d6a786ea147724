//! Problems with something wrong.

use super::toy::Quadratic;
use crate::bilevel::problem::{Evaluated, LowerConstants, Problem, Refusal, SecondOrder, UpperConstants};
use crate::runtime::{CancelToken, Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// `lower` gives NaN at its call of this number.
    NanAt(u64),
    /// `lower` fails with code 42 at its call of this number.
    FailAt(u64),
    /// `lower` gives NaN for `theta[0]` beyond this.
    NanBeyond(f64),
    /// `lower` refuses `theta[0]` beyond this.
    RefusesBeyond(f64),
    /// `upper` gives a gradient with NaN as its entry 1.
    UpperNan,
    /// `mu` is multiplied by this.
    Mu(f64),
    /// `mu` is multiplied by the second for `theta[0]` beyond the first.
    MuBeyond(f64, f64),
    /// `L_g` is multiplied by this.
    Lg(f64),
    /// The Hessian is multiplied by this.
    Hessian(f64),
    /// The Hessian is not symmetric.
    NotSymmetric,
    /// The Hessian is not linear.
    NotLinear,
    /// `B'` is multiplied by this.
    Mixed(f64),
    /// The gradient of `g` is multiplied by this.
    Upper(f64),
    /// Each call of this callback adds a little more to what it gives.
    Drifting(&'static str),
    /// `L / mu` is 1e15 for `theta[0]` beyond this.
    IllBeyond(f64),
    /// `g = 1e145 theta[0]`, whatever `x`.
    LinearUpper,
    /// `g = 0`.
    ZeroUpper,
    /// `mu` is not known.
    NoMu,
    /// `lower` gives NaN for this sample once `theta` has left the start.
    SampleNan(usize),
    /// The token is tripped in the Hessian product of this number.
    TripAt(u64),
    /// The token is tripped wherever constants are asked for; `calls` counts how often.
    TripInConstants,
    /// Each Hessian product takes so many milliseconds.
    Slow(u64),
    /// Lower problems have no variables.
    NoVariables,
    /// Both bounds of `theta[0]` are this.
    Fixed(f64),
}

pub struct Faulty {
    pub inner: Quadratic,
    pub fault: Fault,
    pub calls: AtomicU64,
    /// Hessian products so far.
    pub products: AtomicU64,
    pub token: CancelToken,
}

impl Faulty {
    pub fn new(inner: Quadratic, fault: Fault) -> Self {
        let (calls, products) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { inner, fault, calls, products, token: CancelToken::new() }
    }
}

struct FaultySecond<'a>(Box<dyn SecondOrder + 'a>, &'a Faulty);

impl SecondOrder for FaultySecond<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        self.0.hessian(v, out)?;
        let product = self.1.products.fetch_add(1, Ordering::Relaxed);
        match self.1.fault {
            Fault::TripAt(k) if k == product => self.1.token.trip(),
            Fault::Drifting("hessian") => out[0] += 1e-6 * product as f64,
            Fault::Slow(milliseconds) => std::thread::sleep(Duration::from_millis(milliseconds)),
            Fault::Hessian(factor) => out.iter_mut().for_each(|o| *o *= factor),
            Fault::NotSymmetric => out[0] += 0.5 * v[v.len() - 1] * v.len() as f64,
            Fault::NotLinear => {
                let size = v.iter().map(|v| v.abs()).sum::<f64>();
                out.iter_mut().zip(v).for_each(|(o, v)| *o += size * v);
            }
            _ => {}
        }
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        self.0.mixed_transposed(q, out)?;
        match self.1.fault {
            Fault::Mixed(factor) => out.iter_mut().for_each(|o| *o *= factor),
            Fault::Drifting("mixed") => out[0] += 1e-6 * self.1.calls.fetch_add(1, Ordering::Relaxed) as f64,
            _ => {}
        }
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.0.mixed(u, out)
    }
}

impl Problem for Faulty {
    fn parameters(&self) -> usize {
        self.inner.parameters()
    }

    fn samples(&self) -> usize {
        self.inner.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        if self.fault == Fault::NoVariables { 0 } else { self.inner.variables(sample) }
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let value = self.inner.lower(sample, x, theta, gradient)?;
        match self.fault {
            Fault::NanAt(k) if k == call => gradient[gradient.len() - 1] = f64::NAN,
            Fault::FailAt(k) if k == call => {
                let error = Error::new(ErrorKind::Callback, "lower").with_code(42);
                return Err(Refusal::Failed(error));
            }
            Fault::NanBeyond(limit) if theta[0].abs() > limit => return Ok(f64::NAN),
            Fault::RefusesBeyond(limit) if theta[0].abs() > limit => return Err(Refusal::Reject),
            Fault::Drifting("lower") => gradient[0] += 1e-6 * call as f64,
            Fault::SampleNan(bad) if bad == sample && theta.iter().any(|t| *t != 0.0) => {
                gradient[0] = f64::NAN;
            }
            _ => {}
        }
        Ok(value)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        Ok(Box::new(FaultySecond(self.inner.second_order(sample, x, theta)?, self)))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        let mut constants = self.inner.lower_constants(sample, theta)?;
        match self.fault {
            Fault::Mu(factor) => constants.mu *= factor,
            Fault::MuBeyond(limit, factor) if theta[0].abs() > limit => constants.mu *= factor,
            Fault::NoMu => constants.mu = f64::NAN,
            Fault::TripInConstants => {
                self.calls.fetch_add(1, Ordering::Relaxed);
                self.token.trip();
            }
            Fault::IllBeyond(limit) if theta[0].abs() > limit => constants.mu = 1e-15 * constants.l,
            _ => {}
        }
        Ok(constants)
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        let value = self.inner.upper(sample, x, theta, in_x, in_theta)?;
        match self.fault {
            Fault::Drifting("upper") => in_x[0] += 1e-6 * self.calls.fetch_add(1, Ordering::Relaxed) as f64,
            Fault::UpperNan => in_x[1] = f64::NAN,
            Fault::Upper(factor) => in_x.iter_mut().for_each(|g| *g *= factor),
            Fault::LinearUpper => {
                in_x.fill(0.0);
                in_theta[0] = 1e145;
                return Ok(1e145 * theta[0]);
            }
            Fault::ZeroUpper => {
                in_x.fill(0.0);
                return Ok(0.0);
            }
            _ => {}
        }
        Ok(value)
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        let constants = self.inner.upper_constants(sample);
        match self.fault {
            Fault::Lg(factor) => UpperConstants { l_g: factor * constants.l_g, ..constants },
            _ => constants,
        }
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        self.inner.bounds(lower, upper);
        if let Fault::Fixed(value) = self.fault {
            (lower[0], upper[0]) = (value, value);
        }
    }
}
