//! The structs and constants of the bcd calls.

use super::super::growable::Growable;
use super::super::status::swl_outcome;
use super::super::views::swl_vec;

/// A problem of block coordinate descent: the data, what may change between solves, and the last solution.
pub struct swl_bcd {
    _opaque: [u8; 0],
}

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
    /// share of the null model's loss that the answer explains; NaN where that is not known
    pub explained: f64,
    /// the iteration after which the set of coefficients away from 0 never changed, as far as checks saw
    pub settled_at: u64,
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

/// Strengths of a path: `count` of them, evenly spaced on a log scale from lambda_max down to that of the options.
pub const SWL_PATH_SPACED: i32 = 0;
/// Strengths of a path: those in `lambdas`.
pub const SWL_PATH_GIVEN: i32 = 1;
/// Strengths of a path: as far apart as `gap` allows, at most `count` of them.
pub const SWL_PATH_ADAPTIVE: i32 = 2;

/// Why a path ended: the last strength was solved.
pub const SWL_PATH_COMPLETE: i32 = 0;
/// Why a path ended: a point explained max_explained.
pub const SWL_PATH_EXPLAINED: i32 = 1;
/// Why a path ended: a point had more than max_nonzeros coefficients.
pub const SWL_PATH_NONZEROS: i32 = 2;
/// Why a path ended: the number of points allowed was reached.
pub const SWL_PATH_POINTS: i32 = 3;
/// Why a path ended: a limit, a token or a callback.
pub const SWL_PATH_STOPPED: i32 = 4;

/// The strengths of a path, and where it may end early. Zero it, set struct_size, fill in what you need.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_path_grid {
    /// sizeof(swl_path_grid), set by the caller
    pub struct_size: u32,
    /// SWL_PATH_SPACED, _GIVEN or _ADAPTIVE
    pub kind: i32,
    /// spaced: how many; adaptive: at most so many (0: 10000); given: 0, or the length of lambdas
    pub count: i64,
    /// given: the strengths, each below the one before
    pub lambdas: *const swl_vec,
    /// adaptive: for every strength between two points, the coefficients of the point above are within this of the
    /// optimum, relative to the loss of the null model; above the tolerance
    pub gap: f64,
    /// end after the first point that explains this share of the null model's loss; 0: never
    pub max_explained: f64,
    /// end after the first point with more coefficients than this; 0: never
    pub max_nonzeros: i64,
}

/// How cross-validation went. The strengths are those of the path; best and one_se count from 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_cv_info {
    /// sizeof(swl_cv_info), set by the caller
    pub struct_size: u32,
    /// 1 if every point of every fold, and of the path on all rows, converged
    pub converged: i32,
    /// strengths
    pub count: i64,
    /// folds
    pub folds: i64,
    /// the strength with the least mean loss
    pub best: i64,
    /// the largest strength whose mean is within one standard error of the least
    pub one_se: i64,
    /// lambda of best
    pub lambda_best: f64,
    /// lambda of one_se
    pub lambda_one_se: f64,
    /// mean loss on rows left out at best
    pub loss_best: f64,
    /// its standard error
    pub se_best: f64,
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_path_grid {
    const NAME: &'static str = "swl_path_grid";
    const FIRST: usize = 48;
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_cv_info {
    const NAME: &'static str = "swl_cv_info";
    const FIRST: usize = 72;
}

/// What is known of a solution beyond its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_identification {
    /// sizeof(swl_identification), set by the caller
    pub struct_size: u32,
    /// 1 if this is the only solution, to first order; 0: not known
    pub unique: i32,
    /// columns whose coefficient is 0 in every solution
    pub safe_zeros: i64,
    /// the least distance of minus the gradient from the boundary of the subdifferential, over coefficients at a kink
    /// or a bound, in the units of lambda: how far the active set is from a change; infinity: there are none
    pub margin: f64,
    /// the smallest eigenvalue of the Hessian of all other columns, scaled to a unit diagonal (above 512 columns an
    /// estimate from above); NaN: not computed, there are more than 2048
    pub smallest_eigenvalue: f64,
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_identification {
    const NAME: &'static str = "swl_identification";
    const FIRST: usize = 32;
}
