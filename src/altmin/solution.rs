//! What a completion gives back.

use super::certificate::Certificate;
use super::model::Model;
use super::problem::Problem;
use super::recovery::Search;
use super::sampling::HeldOut;
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Outcome, Result};

/// One sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceRow {
    /// Sweeps so far, those of a search included.
    pub iteration: u64,
    /// Floating-point operations so far.
    pub work: u64,
    /// Seconds so far.
    pub seconds: f64,
    /// The weighted squares and the ridge, in the data's units.
    pub objective: f64,
    /// The residual of the observations, relative to their size.
    pub residual: f64,
    /// The change of the model in this sweep, relative to the model.
    pub change: f64,
    /// The root mean square error of the entries held out; NaN where there are none.
    pub held_out: f64,
    /// `max_j |v_j|^2 n / k` of the orthonormal fixed factor; NaN where a ridge keeps it from being orthonormal.
    pub incoherence: f64,
    /// The smallest and the largest singular value of the last factor that was orthonormalized, in the data's units;
    /// NaN where none was.
    pub singular: [f64; 2],
    /// Steps of conjugate gradients for each row, in the mean over the rows that took any.
    pub row_steps: f64,
    /// The reduction of a row's gradient that was asked for.
    pub row_tolerance: f64,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Solution<T> {
    /// The model.
    pub model: Model<T>,
    /// How the solve ended.
    pub outcome: Outcome,
    /// The certificate, recomputed from the raw data.
    pub certificate: Certificate,
    /// The weighted squares (or costs, with a robust loss) of the entries that were fitted, and the ridge.
    pub objective: f64,
    /// The ridge that was used.
    pub ridge: f64,
    /// The error of each ridge that was tried on the entries held out for it, in the order of trial; empty where the
    /// ridge was given.
    pub ridges: Vec<(f64, f64)>,
    /// The search that found the factors, where it was more than the plain one; and the errors that its choice rests
    /// on.
    pub searched: Option<(Search, Vec<(Search, f64)>)>,
    /// What was held out of the fit.
    pub held_out: HeldOut,
    /// Sweeps, those of searches included.
    pub iterations: u64,
    /// Floating-point operations, counted.
    pub work: u64,
    /// Seconds until the loop began.
    pub seconds_setup: f64,
    /// Seconds for the loop and the certificate.
    pub seconds_solve: f64,
    /// The trace, where asked for.
    pub trace: Vec<TraceRow>,
}

impl<T: Real> Solution<T> {
    /// The certificate, computed anew from the observations and the model. Errors: a stop, no memory.
    pub fn certify(&self, problem: &Problem<T>, control: &mut Control<'_>) -> Result<Certificate> {
        let parted = self.held_out.part(problem.observations())?;
        let (seen, held) = match &parted {
            Some((seen, held)) => (seen, Some(held)),
            None => (problem.observations(), None),
        };
        let (certificate, _) =
            Certificate::of(&self.model, problem.prior(), seen, held, &Team::solo(), control)?;
        Ok(certificate)
    }
}
