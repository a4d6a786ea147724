//! Why a computation at some `theta` ended early, and what was wrong there.

use crate::runtime::{Error, ErrorKind, Stop};
use std::fmt;

/// What is wrong at a point. At a trial point it cuts the step; at the current one it ends the solve.
#[derive(Debug, Clone, PartialEq)]
pub enum Flaw {
    /// A callback said that the point cannot be evaluated.
    Refused {
        /// Which callback.
        callback: &'static str,
        /// Of which sample.
        sample: usize,
    },
    /// A callback gave NaN or an infinity.
    NotFinite {
        /// Which callback.
        callback: &'static str,
        /// Of which sample.
        sample: usize,
        /// The first entry that is not a number; `None`: the value itself.
        entry: Option<usize>,
    },
    /// The problem gives no `mu > 0`.
    NotStronglyConvex {
        /// Of which sample.
        sample: usize,
        /// What it gives.
        mu: f64,
    },
    /// A direction has less curvature than `mu`, or none.
    Curvature {
        /// Of which sample.
        sample: usize,
        /// `p'Ap / p'p`.
        found: f64,
        /// The bound that it violates.
        mu: f64,
    },
    /// `L / mu` is beyond what double precision can solve.
    IllConditioned {
        /// Of which sample.
        sample: usize,
        /// `L / mu`.
        condition: f64,
    },
    /// Products with the Hessian contradict one another.
    Inconsistent {
        /// Of which sample.
        sample: usize,
        /// The difference, relative to the size of the terms.
        difference: f64,
    },
    /// Two intervals that should hold the same value have no number in common: `mu` or `L_g` cannot be right.
    Contradiction {
        /// Upper end of one.
        upper: f64,
        /// Lower end of the other.
        lower: f64,
    },
    /// A solve took more products than it was allowed.
    OverBudget {
        /// Of which sample.
        sample: usize,
    },
    /// Derivatives that the doctor found wrong.
    Derivatives(String),
}

impl Flaw {
    /// Whether the problem's own words cannot be true, so that going on elsewhere would be silent.
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Flaw::Curvature { .. }
                | Flaw::Inconsistent { .. }
                | Flaw::Contradiction { .. }
                | Flaw::Derivatives(_)
        )
    }

    /// The error of a flaw at the start, where there is nothing to go back to.
    pub fn into_error(self) -> Error {
        let (subject, expected) = match &self {
            Flaw::Refused { callback, .. } => (*callback, "a start that can be evaluated"),
            Flaw::NotFinite { callback, .. } => (*callback, "finite numbers"),
            Flaw::NotStronglyConvex { .. } => ("mu", "a finite number above 0 (or option allow_uncertified)"),
            Flaw::Curvature { .. } => ("hessian", "curvature of at least mu"),
            Flaw::IllConditioned { .. } => ("L / mu", "a condition number of at most 1e14"),
            Flaw::Inconsistent { .. } => ("hessian", "products of one symmetric matrix"),
            Flaw::Contradiction { .. } => ("mu or l_g", "constants that hold"),
            Flaw::OverBudget { .. } => ("the start", "a lower problem that can be solved"),
            Flaw::Derivatives(_) => ("derivatives", "those of the functions"),
        };
        Error::new(ErrorKind::Data, subject).expected(expected).found(self)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Refused { callback, sample } => {
                write!(f, "{callback} of sample {sample} refuses the point")
            }
            Flaw::NotFinite { callback, sample, entry: Some(entry) } => {
                write!(f, "entry {entry} of {callback} of sample {sample} is not finite")
            }
            Flaw::NotFinite { callback, sample, entry: None } => {
                write!(f, "the value of {callback} of sample {sample} is not finite")
            }
            Flaw::NotStronglyConvex { sample, mu } => write!(f, "mu = {mu} for sample {sample}"),
            Flaw::Curvature { sample, found, mu } => {
                write!(f, "curvature {found:e} below mu = {mu:e} for sample {sample}")
            }
            Flaw::IllConditioned { sample, condition } => {
                write!(f, "L / mu = {condition:e} for sample {sample}")
            }
            Flaw::Inconsistent { sample, difference } => {
                write!(f, "Hessian products of sample {sample} that differ by {difference:e}")
            }
            Flaw::Contradiction { upper, lower } => {
                write!(f, "a value of at most {upper:e} and of at least {lower:e}")
            }
            Flaw::OverBudget { sample } => write!(f, "more products than allowed for sample {sample}"),
            Flaw::Derivatives(finding) => f.write_str(finding),
        }
    }
}

/// Why a computation ended early.
#[derive(Debug, Clone, PartialEq)]
pub enum Interrupt {
    /// The control said stop.
    Stop(Stop),
    /// The point is no good.
    Flaw(Flaw),
    /// The call fails: a callback of the caller's did, or there is no memory.
    Failed(Error),
}

impl From<Stop> for Interrupt {
    fn from(stop: Stop) -> Self {
        Interrupt::Stop(stop)
    }
}

impl From<Flaw> for Interrupt {
    fn from(flaw: Flaw) -> Self {
        Interrupt::Flaw(flaw)
    }
}

impl From<Error> for Interrupt {
    fn from(error: Error) -> Self {
        Interrupt::Failed(error)
    }
}

impl From<Interrupt> for Error {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Stop(stop) => stop.into(),
            Interrupt::Flaw(flaw) => flaw.into_error(),
            Interrupt::Failed(error) => error,
        }
    }
}

/// What a computation gives that may end early.
pub type Tried<T> = std::result::Result<T, Interrupt>;
