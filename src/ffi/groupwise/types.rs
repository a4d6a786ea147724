//! The structs and constants of the groupwise calls.

use super::super::growable::Growable;
use super::super::status::swl_outcome;

/// A stream of rounds, and all that was learned from it.
pub struct swl_groupwise {
    _opaque: [u8; 0],
}

/// For swl_groupwise_new: any number >= 0 is a group, from when it is awake for the first time.
pub const SWL_GROUPS_OPEN: i64 = -1;
/// The number of the group that is always awake, in results.
pub const SWL_GROUP_ALWAYS_ON: i64 = -1;
/// The number under which the crossed-feature expert is reported.
pub const SWL_GROUP_CROSSED: i64 = -2;
/// Flag of swl_groupwise_new: there is no group that is always awake.
pub const SWL_GROUPWISE_NO_ALWAYS_ON: u32 = 1;

/// Standing of a certificate: the regret is known, and below its bound.
pub const SWL_STANDING_HOLDS: i32 = 0;
/// The regret is known, and no theorem bounds it.
pub const SWL_STANDING_MEASURED: i32 = 1;
/// No comparator is known.
pub const SWL_STANDING_UNKNOWN: i32 = 2;
/// Rounding errors may have spoilt the figures.
pub const SWL_STANDING_SUSPECT: i32 = 3;
/// The regret is above its bound, which a defect alone could cause.
pub const SWL_STANDING_BROKEN: i32 = 4;

/// Comparator of a regret: none is known.
pub const SWL_COMPARATOR_UNKNOWN: i32 = 0;
/// The best linear predictor in hindsight, its ridge counted; labels measured from the lower end of their range.
pub const SWL_COMPARATOR_RIDGE: i32 = 1;
/// The same, labels measured from the middle of their range.
pub const SWL_COMPARATOR_CENTRED_RIDGE: i32 = 2;
/// The best linear predictor in hindsight.
pub const SWL_COMPARATOR_LEAST_SQUARES: i32 = 3;

/// What happened to a stream so far.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_groupwise_info {
    /// sizeof(swl_groupwise_info), set by the caller
    pub struct_size: u32,
    /// 0: the theorems speak of this stream; else why not: 1 unclipped (mode paper), 2 a widened range, 3 delayed
    /// labels, 4 weights above 1
    pub claim: i32,
    /// rounds that were predicted
    pub predictions: u64,
    /// labels that were learned from
    pub updates: u64,
    /// tickets whose labels have not come
    pub open_tickets: u64,
    /// tickets that expired
    pub expired_tickets: u64,
    /// rounds without an awake expert
    pub uncovered: u64,
    /// labels of weight 0
    pub weightless: u64,
    /// labels that came when their experts had moved on
    pub delayed: u64,
    /// the sum of the updates between a prediction and its label
    pub delay: u64,
    /// labels that came twice and were ignored
    pub repeated: u64,
    /// labels outside the range that count as its nearer end
    pub clamped: u64,
    /// times that the range was widened
    pub widened: u64,
    /// times that a group stayed asleep because there was no room for it
    pub ignored: u64,
    /// times that an expert slept because its learner gave no number
    pub asleep: u64,
    /// groups that have been awake, with that which always is
    pub groups: i64,
    /// bytes of learners, about
    pub bytes: i64,
    /// ln of sum q Phi(R, C); 0 for specialists
    pub ln_potential: f64,
    /// a bound on it, where the theorems speak of this stream
    pub ln_potential_bound: f64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_groupwise_info {
    const NAME: &'static str = "swl_groupwise_info";
    const FIRST: usize = 144;
}

/// What is known of a group. Losses are in the units of the labels, times the weights of the rounds. NaN: not known.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_group_cert {
    /// sizeof(swl_group_cert), set by the caller
    pub struct_size: u32,
    /// SWL_STANDING_HOLDS, ..
    pub standing: i32,
    /// the group
    pub group: i64,
    /// rounds whose labels have come
    pub rounds: u64,
    /// the sum of their weights
    pub weight: f64,
    /// the loss of what was predicted
    pub loss: f64,
    /// the mean loss of the experts by their weights: what a drawn prediction costs in expectation
    pub expected_loss: f64,
    /// the loss of the comparator
    pub hindsight: f64,
    /// the loss (the expected one, where the stream draws) minus that
    pub regret: f64,
    /// the theorem's bound on it
    pub bound: f64,
    /// the bound minus the regret
    pub slack: f64,
    /// how far identities are from holding that hold exactly, relative to their terms
    pub health: f64,
    /// SWL_COMPARATOR_RIDGE, ..
    pub comparator: i32,
    /// experts of the group
    pub experts: i32,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_group_cert {
    const NAME: &'static str = "swl_group_cert";
    const FIRST: usize = 96;
}

/// How an expert of a group has done on the rounds where it was awake. Units as in swl_group_cert. NaN: not known.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_expert_cert {
    /// sizeof(swl_expert_cert), set by the caller
    pub struct_size: u32,
    /// SWL_COMPARATOR_RIDGE, ..
    pub comparator: i32,
    /// the name of its learner, as the option learner has it; static
    pub learner: *const std::ffi::c_char,
    /// its prior
    pub prior: f64,
    /// the loss of its own predictions
    pub loss: f64,
    /// the loss of the stream minus that
    pub regret: f64,
    /// a bound on it
    pub bound: f64,
    /// R of AdaNormalHedge
    pub hedge_regret: f64,
    /// C of AdaNormalHedge
    pub hedge_magnitude: f64,
    /// the loss of the best of its class in hindsight
    pub hindsight: f64,
    /// a bound on what it loses beyond that
    pub learner_bound: f64,
    /// as in swl_group_cert
    pub health: f64,
    /// rounds that it slept through because its learner gave no number
    pub asleep: u64,
}

// SAFETY: repr(C), no padding on targets with 8-byte alignment of f64, null pointers and zeros are valid.
unsafe impl Growable for swl_expert_cert {
    const NAME: &'static str = "swl_expert_cert";
    const FIRST: usize = 88 + size_of::<usize>();
}

/// How far a run of many rounds came.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_groupwise_run_info {
    /// sizeof(swl_groupwise_run_info), set by the caller
    pub struct_size: u32,
    /// SWL_CONVERGED: every round was used; else what stopped the run
    pub outcome: swl_outcome,
    /// rounds that were predicted and learned from: the first ones
    pub rounds: u64,
    /// floating-point operations, counted
    pub work: u64,
    /// seconds
    pub seconds: f64,
    /// what the callback returned that ended the run; else 0
    pub callback_code: i32,
    /// 0
    pub pad_: i32,
    /// where the run failed while it gave a round its label: the ticket of that round (number `rounds`), which is still
    /// open; else 0
    pub ticket: u64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_groupwise_run_info {
    const NAME: &'static str = "swl_groupwise_run_info";
    const FIRST: usize = 40;
}
