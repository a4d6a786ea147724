//! What a solve on a graph gives back.

use super::certificate::Certificate;
use crate::runtime::Outcome;

/// One look at the iterate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceRow {
    /// Iterations so far.
    pub iteration: u64,
    /// Floating-point operations so far.
    pub work: u64,
    /// Seconds so far.
    pub seconds: f64,
    /// The objective, summed over the right-hand sides.
    pub objective: f64,
    /// The largest relative residual; for rule auto that of the right-hand side at work.
    pub residual: f64,
    /// Nodes of the last block.
    pub block: usize,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Values of all nodes, labelled ones included, column by column.
    pub values: Vec<f64>,
    /// How the solve ended.
    pub outcome: Outcome,
    /// The certificate, recomputed from the raw data.
    pub certificate: Certificate,
    /// Iterations: blocks solved, or steps of conjugate gradients over all right-hand sides.
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
