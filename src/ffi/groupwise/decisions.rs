//! Decisions out of a set instead of numbers: paths of a graph, or what the caller's oracle chooses from.

use super::super::bcd::Keep;
use super::super::growable::{self, Growable};
use super::super::guard::{Buffer, argument, check_pointer, guard, guard_value};
use super::super::handles::{self, Object};
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{node_numbers, size, slice};
use super::groups_of;
use crate::groupwise::Settings;
use crate::groupwise::combinatorial::perturbed_leader::Sizes;
use crate::groupwise::combinatorial::{Dag, Decisions, LinearOracle};
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Family, Result};
use std::ffi::c_void;

/// A stream of decisions, each of which costs the sum of the costs of what it is made of.
pub struct swl_decisions {
    _opaque: [u8; 0],
}

/// How paths are learned: Hedge over all of them, by weight pushing.
pub const SWL_PATHS_HEDGE: i32 = 0;
/// Follow the perturbed leader, by shortest paths.
pub const SWL_PATHS_PERTURBED: i32 = 1;

/// The caller's set of decisions, by the cheapest of them. The bounds of certificates rest on the three sizes, each
/// from 1e-100 to 1e100: a round that shows that one is too small is refused. Zero the struct, set struct_size, fill in
/// the rest; it is copied. The callback runs on the thread that called the library and returns 0, or a number above 0
/// that ends the call with SWL_E_CALLBACK and reaches the caller in the message.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_oracle {
    /// sizeof(swl_oracle)
    pub struct_size: u32,
    /// 0
    pub flags: u32,
    /// given to the callback
    pub ctx: *mut c_void,
    /// called once when the stream is freed, or NULL
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// numbers of a decision
    pub dim: i64,
    /// the most that two decisions differ by, in the sum of sizes
    pub diameter: f64,
    /// the most that the costs of two decisions differ by in a round, where each number of the costs is from 0 to 1.
    /// Where no decision has a negative entry, the most that one costs will do; else it is the most that cost . action
    /// can be minus the least, over the actions
    pub cost: f64,
    /// the most that the costs of a round sum to
    pub costs: f64,
    /// fills action, dim numbers, with the decision of least cost . action; the same for the same costs, which are
    /// finite and may be negative. Numbers that are not finite or above 1e100 in size are SWL_E_CALLBACK
    pub minimize:
        Option<unsafe extern "C" fn(ctx: *mut c_void, cost: *const f64, dim: i64, action: *mut f64) -> i32>,
}

// SAFETY: repr(C), no padding on targets with 8-byte pointers or 4-byte ones and an even number of them, null pointers
// and zeros are valid.
unsafe impl Growable for swl_oracle {
    const NAME: &'static str = "swl_oracle";
    const FIRST: usize = 40 + 3 * size_of::<usize>();
}

/// What is known of a group of a stream of decisions.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_decision_cert {
    /// sizeof(swl_decision_cert), set by the caller
    pub struct_size: u32,
    /// 1: the bound is on the mean over the perturbations; 0: on each run
    pub in_expectation: i32,
    /// the group
    pub group: i64,
    /// its rounds
    pub rounds: u64,
    /// the cost of what was played on them
    pub loss: f64,
    /// its expectation, given what the learners wanted
    pub expected_loss: f64,
    /// the cost of the best decision in hindsight
    pub hindsight: f64,
    /// the expected cost minus that
    pub regret: f64,
    /// the theorem's bound on it
    pub bound: f64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_decision_cert {
    const NAME: &'static str = "swl_decision_cert";
    const FIRST: usize = 64;
}

/// What stands behind a `swl_decisions`.
struct Chosen {
    decisions: Decisions,
    dim: usize,
    /// Dropped last.
    _keep: Option<Keep>,
}

impl Object for Chosen {
    type C = swl_decisions;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLd");
    const NAME: &'static str = "swl_decisions";
}

/// Makes a stream of paths from source to sink in an acyclic graph of `nodes` nodes, fewer than 2^32; edge k leads from
/// from[k] to to[k], and edges may be parallel. A decision has a number for each edge: 1 on the path, else 0. learner:
/// SWL_PATHS_HEDGE or SWL_PATHS_PERTURBED. Of the options (NULL: defaults) max_groups and seed are read. The caller
/// frees the handle.
///
/// Errors: SWL_E_ARGUMENT (also too many nodes), SWL_E_DATA (an edge out of the graph, a cycle, no path), SWL_E_OPTION,
/// SWL_E_MEMORY, SWL_E_BUSY. On failure *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_new_paths(
    nodes: i64,
    from: *const i64,
    to: *const i64,
    edges: i64,
    source: i64,
    sink: i64,
    learner: i32,
    options: *const swl_options,
    out: *mut *mut swl_decisions,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let settings = Settings::from_options(&or_defaults(options, Family::Groupwise)?)?;
            let count = size(edges, "edges")?;
            let (from, to) = (node_numbers(from, count, "from")?, node_numbers(to, count, "to")?);
            let mut pairs: Vec<[u32; 2]> = zeros("edges", count)?;
            for (pair, (a, b)) in pairs.iter_mut().zip(from.iter().zip(&to)) {
                *pair = [node(*a, "from")?, node(*b, "to")?];
            }
            let ends = [node(size(source, "source")?, "source")?, node(size(sink, "sink")?, "sink")?];
            let dag = Dag::new(size(nodes, "nodes")?, &pairs, ends[0], ends[1])?;
            let decisions = match learner {
                SWL_PATHS_HEDGE => Decisions::paths(dag, settings.max_groups, settings.seed)?,
                SWL_PATHS_PERTURBED => Decisions::perturbed_paths(dag, settings.max_groups, settings.seed)?,
                other => {
                    let expected = "SWL_PATHS_HEDGE (0) or SWL_PATHS_PERTURBED (1)";
                    return Err(argument("learner", expected, other));
                }
            };
            handles::publish(Chosen { decisions, dim: count, _keep: None }, out)
        }
    })
}

/// Makes a stream of decisions of the caller's set, by the perturbed leader. Options as swl_decisions_new_paths. The
/// caller frees the handle. Errors: SWL_E_ARGUMENT (sizes not from 1e-100 to 1e100), SWL_E_UNSUPPORTED (flags),
/// SWL_E_OPTION, SWL_E_MEMORY, SWL_E_BUSY. On failure *out is not written and release is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_new_oracle(
    oracle: *const swl_oracle,
    options: *const swl_options,
    out: *mut *mut swl_decisions,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let settings = Settings::from_options(&or_defaults(options, Family::Groupwise)?)?;
            let given = growable::read(oracle, "oracle")?;
            if given.flags != 0 {
                return Err(Error::new(ErrorKind::Unsupported, "oracle.flags")
                    .expected("0")
                    .found(given.flags));
            }
            if given.minimize.is_none() {
                return Err(argument("oracle.minimize", "a function", "NULL"));
            }
            let dim = size(given.dim, "oracle.dim")?;
            if dim == 0 {
                return Err(argument("oracle.dim", "a number above 0", 0));
            }
            let sizes = Sizes { diameter: given.diameter, cost: given.cost, costs: given.costs };
            let callback = Box::new(Callback { given, dim });
            let decisions = Decisions::oracle(callback, sizes, settings.max_groups, settings.seed)
                .map_err(|error| error.renamed("sizes", "oracle"))?;
            let keep = Keep::new(given.ctx, given.release);
            handles::publish(Chosen { decisions, dim, _keep: Some(keep) }, out)
        }
    })
}

/// Ends a stream of decisions. NULL does nothing; one in use is left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_free(s: *mut swl_decisions) {
    guard_value((), || {
        // SAFETY: an object of ours that the caller does not use again.
        unsafe { handles::free::<Chosen>(s, "s") }
    });
}

/// Decides a round for the n_groups groups that are awake (as in swl_groupwise_predict); out gets the decision, len
/// numbers. Its costs go to swl_decisions_update before the next one. Errors: SWL_E_ARGUMENT (also decisions of an
/// oracle that differ by more than its diameter), SWL_E_STATE (costs that have not come), SWL_E_MEMORY (more groups
/// than max_groups), SWL_E_CALLBACK, SWL_E_BUSY. On failure nothing has changed and nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_decide(
    s: *mut swl_decisions,
    groups: *const i64,
    n_groups: i64,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let mut own = handles::write::<Chosen>(s, "s")?;
            let buffer = Buffer::check(out, len, own.dim, "one for each number of a decision")?;
            let found = own.decisions.decide(groups_of(groups, n_groups)?);
            let found = found.map_err(|error| error.renamed("sizes", "oracle"))?;
            buffer.fill(found.played)
        }
    })
}

/// Takes in the len costs, each from 0 to 1, of the round that was decided. Errors: SWL_E_ARGUMENT, SWL_E_DATA (a cost
/// out of range; with an oracle, costs that sum to more than its `costs`, or that its decisions differ in by more than
/// its `cost`), SWL_E_STATE (no decision), SWL_E_BUSY. On failure nothing has changed: the round waits for other costs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_update(
    s: *mut swl_decisions,
    costs: *const f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let mut own = handles::write::<Chosen>(s, "s")?;
            own.decisions.update(slice::<f64>(costs.cast(), size(len, "len")?, "costs")?)
        }
    })
}

/// The certificate of a group (SWL_GROUP_ALWAYS_ON: of all rounds) at this time; calls the oracle once. Errors:
/// SWL_E_ARGUMENT, SWL_E_STATE (a group that has not been awake), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_decisions_certificate(
    s: *const swl_decisions,
    group: i64,
    inout: *mut swl_decision_cert,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, own) = unsafe { (growable::slot(inout, "inout")?, handles::read::<Chosen>(s, "s")?) };
        if group < super::SWL_GROUP_ALWAYS_ON {
            return Err(argument("group", "a number >= 0 or SWL_GROUP_ALWAYS_ON (-1)", group));
        }
        let found = own.decisions.certificate(group as u64)?;
        slot.write(&swl_decision_cert {
            struct_size: size_of::<swl_decision_cert>() as u32,
            in_expectation: i32::from(found.in_expectation),
            group,
            rounds: found.rounds,
            loss: found.loss,
            expected_loss: found.expected_loss,
            hindsight: found.hindsight,
            regret: found.regret,
            bound: found.bound,
        });
        Ok(())
    })
}

fn node(number: usize, subject: &str) -> Result<u32> {
    u32::try_from(number).map_err(|_| argument(subject, "nodes below 2^32", number))
}

/// The caller's oracle.
struct Callback {
    given: swl_oracle,
    dim: usize,
}

// SAFETY: the callback runs on the thread that called the library, one call at a time but for certificates on several
// threads, which the caller asked for itself.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl LinearOracle for Callback {
    fn dimension(&self) -> usize {
        self.dim
    }

    fn minimize(&self, costs: &[f64], decision: &mut [f64]) -> Result<()> {
        let given = &self.given;
        // SAFETY: the caller's function, with arrays as long as it is told.
        let code = given
            .minimize
            .map_or(0, |f| unsafe { f(given.ctx, costs.as_ptr(), self.dim as i64, decision.as_mut_ptr()) });
        if code != 0 {
            return Err(Error::new(ErrorKind::Callback, "oracle.minimize")
                .expected("0")
                .found(code)
                .with_code(code));
        }
        Ok(())
    }
}
