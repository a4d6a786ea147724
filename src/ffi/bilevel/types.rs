//! The structs and constants of the bilevel calls.

use super::super::growable::Growable;
use super::super::status::swl_outcome;

/// Hyperparameters theta, chosen so that the minimizers of lower problems do well on an upper one.
pub struct swl_bilevel {
    _opaque: [u8; 0],
}

/// How a bilevel solve went.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bilevel_info {
    /// sizeof(swl_bilevel_info), set by the caller
    pub struct_size: u32,
    /// how the solve ended
    pub outcome: swl_outcome,
    /// steps that were taken
    pub iterations: u64,
    /// floating-point operations, counted
    pub work: u64,
    /// evaluations of lower gradients
    pub gradients: u64,
    /// products with lower Hessians
    pub hessian_products: u64,
    /// products with mixed derivatives
    pub mixed_products: u64,
    /// lower problems that were solved
    pub lower_solves: u64,
    /// trial points of line searches
    pub trials: u64,
    /// times that the accuracies were tightened
    pub refinements: u64,
    /// an estimate of the upper value at theta
    pub upper_value: f64,
    /// the interval that holds the upper value at theta, as rigor says
    pub upper_lo: f64,
    /// its other end
    pub upper_hi: f64,
    /// the norm of the hypergradient, without what leads out of the bounds
    pub hypergradient_norm: f64,
    /// a bound on its error; infinity where it was not bounded
    pub hypergradient_error: f64,
    /// the largest distance of a lower solution from the true one, as rigor says
    pub lower_error: f64,
    /// the largest residual of an adjoint system
    pub adjoint_residual: f64,
    /// parameters at a bound
    pub active_bounds: i64,
    /// SWL_RIGOR_PROVEN, ..: how far the interval and lower_error are to be trusted; hypergradient_error may be an
    /// estimate where they are proven
    pub rigor: i32,
    /// threads that were asked for
    pub threads: i32,
    /// what a callback returned that ended the solve; else 0
    pub callback_code: i32,
    /// 0
    pub pad_: i32,
    /// seconds to make the problem
    pub seconds_setup: f64,
    /// seconds of the solve
    pub seconds_solve: f64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_bilevel_info {
    const NAME: &'static str = "swl_bilevel_info";
    const FIRST: usize = 168;
}

/// Figures about an answer, recomputed from the problem, theta, the lower solutions and the adjoints alone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bilevel_cert {
    /// sizeof(swl_bilevel_cert), set by the caller
    pub struct_size: u32,
    /// SWL_RIGOR_PROVEN, ..: as that of swl_bilevel_info
    pub rigor: i32,
    /// an interval that holds the upper value, as rigor says
    pub upper_lo: f64,
    /// its other end
    pub upper_hi: f64,
    /// the interval by the constants of the problem alone: wider, and proven where they are
    pub proven_lo: f64,
    /// its other end
    pub proven_hi: f64,
    /// the largest distance of a lower solution from the true one, as rigor says
    pub lower_error: f64,
    /// the largest residual of an adjoint system
    pub adjoint_residual: f64,
    /// the norm of the hypergradient, without what leads out of the bounds
    pub hypergradient_norm: f64,
    /// a bound on its error; infinity where it is not bounded
    pub hypergradient_error: f64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_bilevel_cert {
    const NAME: &'static str = "swl_bilevel_cert";
    const FIRST: usize = 72;
}

/// Decision of a step: the hypergradient was not certain enough, and accuracies were tightened.
pub const SWL_STEP_REFINED: i32 = 0;
/// The step was taken: left <= right.
pub const SWL_STEP_ACCEPTED: i32 = 1;
/// The step was too long for certain.
pub const SWL_STEP_TOO_LONG: i32 = 2;
/// The step was not certain to descend.
pub const SWL_STEP_NOT_CERTAIN: i32 = 3;
/// The trial point could not be evaluated, or took too much work.
pub const SWL_STEP_REJECTED: i32 = 4;
/// A line search ended without a step, and accuracies were tightened.
pub const SWL_STEP_TIGHTENED: i32 = 5;

/// A row of the audit: the inequality that decided. Kept with the option trace.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bilevel_step {
    /// sizeof(swl_bilevel_step), set by the caller in the first row: the stride of the array
    pub struct_size: u32,
    /// SWL_STEP_ACCEPTED, ..
    pub decision: i32,
    /// steps taken before
    pub iteration: u64,
    /// lower gradients and Hessian products so far
    pub products: u64,
    /// the left side of the inequality
    pub left: f64,
    /// the right side
    pub right: f64,
    /// the length of the trial along its direction; NaN: none
    pub step: f64,
    /// the upper end of the interval there; NaN: none
    pub upper_hi: f64,
    /// the lower accuracy that was asked for
    pub lower_accuracy: f64,
    /// the adjoint accuracy that was asked for
    pub adjoint_accuracy: f64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_bilevel_step {
    const NAME: &'static str = "swl_bilevel_step";
    const FIRST: usize = 72;
}
