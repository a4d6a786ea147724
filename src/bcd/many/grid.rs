//! The strengths of a path, and where it ends.

use crate::bcd::answers::solution::Solution;
use crate::bcd::settings::{Settings, Strength};
use crate::runtime::{Error, ErrorKind, Outcome, Result};

/// Which strengths a path has.
#[derive(Debug, Clone, PartialEq)]
pub enum Points {
    /// This many, evenly spaced on a log scale from `lambda_max` down to the strength of the options.
    Spaced(usize),
    /// These, from the largest to the smallest.
    Given(Vec<f64>),
    /// From `lambda_max` down to the strength of the options, as far apart as a gap between them allows.
    Adaptive {
        /// For every strength between two points, the coefficients of the point above it are within this of the
        /// optimum, relative to the loss of the null model. Above the tolerance.
        gap: f64,
        /// At most this many points.
        most: usize,
    },
}

/// The strengths of a path, and where it may end early.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The strengths.
    pub points: Points,
    /// End after the first point that explains this share of the null model's loss; above 1: never.
    pub max_explained: f64,
    /// End after the first point with more coefficients than this away from 0.
    pub max_nonzeros: usize,
}

impl Grid {
    /// `count` strengths down to that of the options, without an early end.
    pub fn spaced(count: usize) -> Self {
        Self::of(Points::Spaced(count))
    }

    /// These strengths, without an early end.
    pub fn given(strengths: &[f64]) -> Self {
        Self::of(Points::Given(strengths.to_vec()))
    }

    /// The points, without an early end.
    pub fn of(points: Points) -> Self {
        Self { points, max_explained: f64::INFINITY, max_nonzeros: usize::MAX }
    }
}

/// Why a path has no further point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathEnd {
    /// The last strength was solved.
    Complete,
    /// A point explained as much as was asked for.
    Explained,
    /// A point had more nonzeros than was asked for.
    Nonzeros,
    /// The number of points allowed was reached.
    Points,
    /// The control stopped it, perhaps while the points were certified.
    Stopped(Outcome),
}

impl Grid {
    pub(in crate::bcd) fn check(&self, settings: &Settings) -> Result<()> {
        let refused = |subject: &str, expected: &str, found: String| {
            Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
        };
        // Also refuses NaN.
        if !(self.max_explained >= 0.0) {
            return refused("max_explained", "a number >= 0", self.max_explained.to_string());
        }
        match &self.points {
            Points::Spaced(0) => refused("count", "at least 1 point", "0".into()),
            Points::Spaced(_) => Ok(()),
            Points::Given(lambdas) if lambdas.is_empty() => {
                refused("lambdas", "at least 1 strength", "none".into())
            }
            Points::Given(lambdas) => {
                let valid = |k: usize| {
                    lambdas[k] >= 0.0 && lambdas[k].is_finite() && (k == 0 || lambdas[k] < lambdas[k - 1])
                };
                match (0..lambdas.len()).find(|&k| !valid(k)) {
                    None => Ok(()),
                    Some(k) => Err(Error::new(ErrorKind::Argument, "lambdas")
                        .at(format!("entry {k}"))
                        .expected("finite strengths >= 0, each below the one before")
                        .found(lambdas[k])),
                }
            }
            Points::Adaptive { most: 0, .. } => refused("most", "at least 1 point", "0".into()),
            Points::Adaptive { gap, .. } if !(*gap > settings.tolerance && gap.is_finite()) => {
                let expected = format!("a finite number above the tolerance {}", settings.tolerance);
                refused("gap", &expected, gap.to_string())
            }
            Points::Adaptive { .. } => Ok(()),
        }
    }

    /// Whether the path may end after this point.
    pub(super) fn ends(&self, solution: &Solution) -> Option<PathEnd> {
        match solution.outcome {
            Outcome::TimeLimit | Outcome::WorkLimit | Outcome::Cancelled => {
                Some(PathEnd::Stopped(solution.outcome))
            }
            _ if solution.explained >= self.max_explained => Some(PathEnd::Explained),
            _ if solution.nonzeros() > self.max_nonzeros => Some(PathEnd::Nonzeros),
            _ => None,
        }
    }

    /// The strengths, where they are known beforehand; else the last alone.
    pub(super) fn strengths(&self, lambda_max: f64, strength: Strength) -> Result<Vec<f64>> {
        let count = match &self.points {
            Points::Given(lambdas) => return Ok(lambdas.clone()),
            Points::Spaced(count) => *count,
            Points::Adaptive { .. } => 1,
        };
        let last = strength.lambda(lambda_max);
        if !(lambda_max.is_finite() && last > 0.0 && last <= lambda_max) {
            return Err(Error::new(ErrorKind::Option, "option \"lambda\"")
                .expected(
                    "a strength above 0 and up to a finite lambda_max, or a list of strengths, for a path",
                )
                .found(format!("lambda {last} and lambda_max {lambda_max}")));
        }
        let steps = (count - 1).max(1) as f64;
        let at = |k: usize| lambda_max * (k as f64 / steps * (last / lambda_max).ln()).exp();
        Ok((0..count).map(|k| if k + 1 == count { last } else { at(k) }).collect())
    }
}
