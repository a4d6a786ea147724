//! The structs and constants of the altmin calls.

use super::super::growable::Growable;
use super::super::status::swl_outcome;

/// A matrix completion: the entries that were observed, and the last model.
pub struct swl_altmin {
    _opaque: [u8; 0],
}

/// Side of a completion: rows, and their factor U.
pub const SWL_ROWS: i32 = 0;
/// Side of a completion: columns, and their factor V.
pub const SWL_COLS: i32 = 1;

/// For swl_altmin_observe: entries are noted, and no factor changes.
pub const SWL_UPDATE_NONE: i32 = 0;
/// The rows that entries are in are fitted again.
pub const SWL_UPDATE_ROWS: i32 = 1;
/// The columns are.
pub const SWL_UPDATE_COLS: i32 = 2;
/// The rows are, and then the columns.
pub const SWL_UPDATE_BOTH: i32 = 3;

/// How a completion went. Errors are in the units of the values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_altmin_info {
    /// sizeof(swl_altmin_info), set by the caller
    pub struct_size: u32,
    /// how the solve ended
    pub outcome: swl_outcome,
    /// sweeps, those of a search included
    pub iterations: u64,
    /// floating-point operations, counted
    pub work: u64,
    /// weighted squares (or costs, with a robust loss) over the fitted entries, and the ridge
    pub objective: f64,
    /// weighted root mean square of what is left of the fitted entries
    pub train_rmse: f64,
    /// that of the entries held out; NaN: none were asked for
    pub held_out_rmse: f64,
    /// the mean that was taken off; 0 without the option center
    pub mean: f64,
    /// the ridge that was used
    pub ridge: f64,
    /// columns of the factors, after the cap
    pub rank: i64,
    /// rows that the places of the entries do not determine at this rank
    pub undetermined_rows: i64,
    /// columns that they do not
    pub undetermined_cols: i64,
    /// connected components of the rows and columns with entries
    pub components: i64,
    /// threads of the kernels
    pub threads: i32,
    /// what the progress callback returned when it stopped the solve; else 0
    pub callback_code: i32,
    /// seconds for the ridge, the start and the search
    pub seconds_setup: f64,
    /// seconds for the sweeps and the certificate
    pub seconds_solve: f64,
}

/// Figures about a model, recomputed from the entries. An exact fit alone proves nothing: few entries are fitted by
/// many matrices of the same rank.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_altmin_cert {
    /// sizeof(swl_altmin_cert), set by the caller
    pub struct_size: u32,
    /// 0
    pub pad_: i32,
    /// weighted root mean square of what is left of the fitted entries
    pub fit: f64,
    /// the same relative to the entries
    pub residual: f64,
    /// root mean square error of the entries held out; NaN: none
    pub held_out: f64,
    /// gradient of the objective relative to what it is made of: 0 at a stationary point
    pub gradient: f64,
    /// the largest |u_i|^2 m / k of an orthonormal basis of U: 1 is even, m / k a spike
    pub row_incoherence: f64,
    /// the same of V
    pub col_incoherence: f64,
    /// entries beside the degrees of freedom of the rank: below 1 not everything is determined
    pub oversampling: f64,
    /// entries that were fitted
    pub entries: i64,
    /// entries of the matrix that the places do not rule out to be determined (a necessary condition)
    pub determined: f64,
    /// entries that a robust loss gives less than a third of their weight; 0 with loss=squared
    pub outliers: i64,
}

/// A sweep of a solve.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_altmin_sweep {
    /// sizeof(swl_altmin_sweep), set by the caller in the first row: the stride of the array
    pub struct_size: u32,
    /// 0
    pub pad_: i32,
    /// sweeps so far
    pub iteration: u64,
    /// floating-point operations so far
    pub work: u64,
    /// the objective
    pub objective: f64,
    /// what is left of the entries, relative to them
    pub residual: f64,
    /// the change of the model relative to the model
    pub change: f64,
    /// error of the entries held out; NaN: none
    pub held_out: f64,
    /// incoherence of the orthonormal fixed factor; NaN with a ridge
    pub incoherence: f64,
    /// the smallest singular value; NaN with a ridge
    pub smallest: f64,
    /// the largest; NaN with a ridge
    pub largest: f64,
    /// steps of conjugate gradients in the mean over the rows that took any
    pub row_steps: f64,
    /// the reduction of a row's gradient that was asked for
    pub row_tolerance: f64,
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_altmin_info {
    const NAME: &'static str = "swl_altmin_info";
    const FIRST: usize = 120;
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_altmin_cert {
    const NAME: &'static str = "swl_altmin_cert";
    const FIRST: usize = 80;
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_altmin_sweep {
    const NAME: &'static str = "swl_altmin_sweep";
    const FIRST: usize = 96;
}
