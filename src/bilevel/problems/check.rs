//! Checks that several problems share: of what a constructor is given, and of the arguments of an evaluation.

use super::super::problem::{Evaluated, Problem, Refusal};
use crate::numerics::dense::not_finite;
use crate::runtime::error::copied;
use crate::runtime::{Error, ErrorKind, Result};

/// Logarithms of parameters within this have exponentials whose cubes are numbers.
const LARGEST_LOGARITHM: f64 = 230.0;

/// `exp(t)` of a log-parameter. Rejects the point where `t` is not a number or `exp(t)` is outside `[1e-100, 1e100]`.
pub fn exponential(t: f64) -> Evaluated<f64> {
    if t.abs() <= LARGEST_LOGARITHM { Ok(t.exp()) } else { Err(Refusal::Reject) }
}

/// The same of each of some log-parameters. Fails where there is no memory for them.
pub fn exponentials(logarithms: &[f64]) -> Evaluated<Vec<f64>> {
    let mut all = copied("theta", logarithms).map_err(Refusal::Failed)?;
    for t in &mut all {
        *t = exponential(*t)?;
    }
    Ok(all)
}

/// Refuses a sample that is not there, and vectors of the wrong length, at an evaluation.
pub fn arguments(problem: &impl Problem, sample: usize, x: &[f64], theta: &[f64]) -> Evaluated<()> {
    parameters(problem, sample, theta)?;
    expect(sample, "x.len", problem.variables(sample), x.len())
}

/// Refuses a sample that is not there, and a theta of the wrong length.
pub fn parameters(problem: &impl Problem, sample: usize, theta: &[f64]) -> Evaluated<()> {
    if sample >= problem.samples() {
        let error = Error::new(ErrorKind::Argument, "sample");
        return Err(Refusal::Failed(
            error.expected(format!("one below {}", problem.samples())).found(sample),
        ));
    }
    expect(sample, "theta.len", problem.parameters(), theta.len())
}

fn expect(sample: usize, subject: &str, expected: usize, found: usize) -> Evaluated<()> {
    if found == expected {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Argument, subject).at(format!("sample {sample}"));
    Err(Refusal::Failed(error.expected(format!("{expected} numbers")).found(found)))
}

/// Refuses a count of 0.
pub fn at_least_one(subject: &str, count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::new(ErrorKind::Argument, subject).expected("at least 1").found(0));
    }
    Ok(())
}

/// Refuses another number of entries than `expected`.
pub fn length(subject: &str, expected: usize, found: usize) -> Result<()> {
    if found != expected {
        return Err(Error::new(ErrorKind::Argument, format!("{subject}.len"))
            .expected(format!("{expected} numbers"))
            .found(found));
    }
    Ok(())
}

/// Refuses NaN and infinities.
pub fn finite(subject: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(k) => Err(not_finite(subject, format!("entry {k}"), values[k])),
        None => Ok(()),
    }
}

/// Refuses what is not a finite number above 0.
pub fn positive(subject: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Argument, subject).expected("a finite number above 0").found(value))
}

/// Refuses what is not a finite number of at least 0.
pub fn not_negative(subject: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Argument, subject).expected("a finite number of at least 0").found(value))
}

/// The error of a lower level that is not strongly convex.
pub fn not_strongly_convex(subject: &str, why: &str) -> Error {
    Error::new(ErrorKind::Data, subject).expected("a strongly convex lower level").found(why)
}
