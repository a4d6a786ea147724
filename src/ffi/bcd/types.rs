//! The structs and constants of the bcd calls.

use super::super::growable::Growable;
use super::super::status::swl_outcome;

/// A problem of block coordinate descent: the data, what may change between solves, and the last solution.
pub struct swl_bcd {
    _opaque: [u8; 0],
}

/// Rigor of a certificate: it bounds nothing by itself.
pub const SWL_RIGOR_NONE: i32 = 0;
/// Rigor of a certificate: it holds to first order only.
pub const SWL_RIGOR_ESTIMATED: i32 = 1;
/// Rigor of a certificate: a theorem, up to rounding.
pub const SWL_RIGOR_PROVEN: i32 = 2;

/// Kind of a certificate: there is none, because the call was stopped before there was an answer.
pub const SWL_CERT_NONE: i32 = 0;
/// Kind of a certificate: the objective is within this of its minimum.
pub const SWL_CERT_DUALITY_GAP: i32 = 1;
/// Kind of a certificate: norm of the (proximal, projected) gradient.
pub const SWL_CERT_GRADIENT: i32 = 2;

/// A figure about an answer that the caller can check.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_certificate {
    /// sizeof(swl_certificate), set by the caller
    pub struct_size: u32,
    /// SWL_CERT_NONE, _DUALITY_GAP or _GRADIENT
    pub kind: i32,
    /// SWL_RIGOR_NONE, _ESTIMATED or _PROVEN
    pub rigor: i32,
    /// 0
    pub pad_: i32,
    /// the figure; infinity: none
    pub value: f64,
    /// converged means value <= target, up to rounding
    pub target: f64,
    /// the objective at the answer
    pub primal: f64,
    /// the dual value; NaN where none is known
    pub dual: f64,
}

/// The state of a solve at a check of its certificate.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_trace_row {
    /// sizeof(swl_trace_row), set by the caller in the first row: the stride of the array
    pub struct_size: u32,
    /// SWL_PHASE_SOLVE
    pub phase: i32,
    /// iterations so far
    pub iteration: u64,
    /// floating-point operations so far
    pub work: u64,
    /// the objective
    pub objective: f64,
    /// the certificate
    pub certificate: f64,
    /// coefficients that are not 0
    pub nonzeros: i64,
}

/// How a solve went.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bcd_info {
    /// sizeof(swl_bcd_info), set by the caller
    pub struct_size: u32,
    /// how the solve ended
    pub outcome: swl_outcome,
    /// block updates, or sweeps of working sets where the option rule is auto
    pub iterations: u64,
    /// floating-point operations, counted
    pub work: u64,
    /// the objective at the answer; NaN: stopped before there was one
    pub objective: f64,
    /// the certificate, recomputed from the data after the loop
    pub certificate: f64,
    /// the tolerance in the units of the certificate
    pub target: f64,
    /// SWL_CERT_NONE, _DUALITY_GAP or _GRADIENT
    pub certificate_kind: i32,
    /// SWL_RIGOR_NONE, _ESTIMATED or _PROVEN
    pub certificate_rigor: i32,
    /// strength of the penalty; NaN: not known yet
    pub lambda: f64,
    /// the smallest lambda with an all-zero solution; infinity for ridge
    pub lambda_max: f64,
    /// coefficients that are not 0
    pub nonzeros: i64,
    /// coordinates (or groups) in a block after the cap by the data; 0: sets of varying size (rule auto)
    pub block_size: i64,
    /// threads of the kernels
    pub threads: i32,
    /// what the progress callback returned when it stopped the solve, or another callback when it failed; else 0
    pub callback_code: i32,
    /// seconds for checks, scales and the null model
    pub seconds_setup: f64,
    /// seconds for the loop and the certificate
    pub seconds_solve: f64,
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_certificate {
    const NAME: &'static str = "swl_certificate";
    const FIRST: usize = 48;
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_trace_row {
    const NAME: &'static str = "swl_trace_row";
    const FIRST: usize = 48;
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_bcd_info {
    const NAME: &'static str = "swl_bcd_info";
    const FIRST: usize = 112;
}
