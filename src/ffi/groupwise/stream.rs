//! Making a stream, and its rounds.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{Buffer, argument, check_pointer, guard, guard_value, write_out};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{
    dense_rows_of_any_number, optional_vector, size, slice, swl_dense, swl_vec, vector,
};
use super::{
    Groupwise, SWL_GROUPS_OPEN, SWL_GROUPWISE_NO_ALWAYS_ON, groups_of, swl_groupwise, swl_groupwise_run_info,
    swl_learner,
};
use crate::groupwise::{Groups, Rounds, Stream};
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Family, Outcome, Result};

/// Makes a stream of rounds with `features` numbers each. groups: so many, numbered from 0 (a million cost nothing
/// until they are awake), or SWL_GROUPS_OPEN. flags: 0, or SWL_GROUPWISE_NO_ALWAYS_ON. learner: NULL, or the caller's
/// own, one more expert of each group beside the learners of the options. options (NULL: defaults) are read here once.
/// The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT, SWL_E_UNSUPPORTED (flags), SWL_E_OPTION, SWL_E_MEMORY, SWL_E_CALLBACK, SWL_E_BUSY. On
/// failure *out is not written and release of the learner is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_new(
    features: i64,
    groups: i64,
    flags: u32,
    learner: *const swl_learner,
    options: *const swl_options,
    out: *mut *mut swl_groupwise,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let options = or_defaults(options, Family::Groupwise)?;
            let features = size(features, "features")?;
            let declared = match groups {
                SWL_GROUPS_OPEN => None,
                _ => Some(
                    u64::try_from(groups)
                        .map_err(|_| argument("groups", "a number >= 0, or SWL_GROUPS_OPEN (-1)", groups))?,
                ),
            };
            if flags & !SWL_GROUPWISE_NO_ALWAYS_ON != 0 {
                return Err(Error::new(ErrorKind::Unsupported, "flags")
                    .expected("0 or SWL_GROUPWISE_NO_ALWAYS_ON (1)")
                    .found(flags));
            }
            let groups = Groups { declared, always_on: flags & SWL_GROUPWISE_NO_ALWAYS_ON == 0 };
            let given = super::learner::read(learner, "learner")?;
            let blank = given.as_ref().map(super::learner::Given::blank).transpose()?;
            let stream = Stream::with_custom(features, groups, blank, &options)?;
            handles::publish(Groupwise { stream, keep: given.map(super::learner::Given::into_keep) }, out)
        }
    })
}

/// Ends a stream. NULL does nothing; a stream in use is left as it is (see swl_last_message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_free(s: *mut swl_groupwise) {
    guard_value((), || {
        // SAFETY: an object of ours that the caller does not use again.
        unsafe { handles::free::<Groupwise>(s, "s") }
    });
}

/// A stream of its own in the same state, open tickets included: what if. Errors: SWL_E_ARGUMENT, SWL_E_MEMORY,
/// SWL_E_BUSY, and SWL_E_CALLBACK where `create` of a learner fails. On failure *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_clone(
    s: *const swl_groupwise,
    out: *mut *mut swl_groupwise,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Groupwise>(s, "s")?;
            handles::publish(Groupwise { stream: own.stream.try_clone()?, keep: own.keep.clone() }, out)
        }
    })
}

/// Predicts a round with the len features x and the n_groups groups that are awake (any order; one that is named twice
/// counts once; NULL with 0: only that which is always awake). *out gets the prediction, in the units of the labels,
/// and *ticket, never 0, what swl_groupwise_update is given its label with. Costs about d^2 flops for each awake group.
///
/// Errors: SWL_E_ARGUMENT (null, lengths, a group below 0), SWL_E_DATA (a group that is not below the number of groups;
/// a feature that is not finite; no awake expert, or none whose learner gives a number, unless the option uncovered
/// says otherwise), SWL_E_MEMORY (also one group too many for max_groups or max_bytes, unless the option when_full says
/// otherwise), SWL_E_CALLBACK, SWL_E_BUSY. On failure nothing has changed, no group is born and nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_predict(
    s: *mut swl_groupwise,
    x: *const f64,
    len: i64,
    groups: *const i64,
    n_groups: i64,
    out: *mut f64,
    ticket: *mut u64,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        check_pointer(ticket, "ticket")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let mut own = handles::write::<Groupwise>(s, "s")?;
            let x = slice::<f64>(x.cast(), size(len, "len")?, "x")?;
            let found = own.stream.predict(x, groups_of(groups, n_groups)?)?;
            write_out(out, found.value, "out")?;
            write_out(ticket, found.ticket, "ticket")
        }
    })
}

/// Gives a ticket its label y, in any order of tickets; the round counts weight times (1: once; 0: the ticket is closed
/// and nothing is learned). Errors: SWL_E_ARGUMENT or SWL_E_STATE (a ticket that is not open), SWL_E_DATA (a label that
/// is not finite or outside the declared range; a weight), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY. On failure nothing
/// has changed, and the ticket stays open. But where `update` of a learner fails, those of other groups may have taken
/// the label in: from then on the ticket takes this label and weight alone (SWL_E_DATA), and they are not called for it
/// again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_update(
    s: *mut swl_groupwise,
    ticket: u64,
    y: f64,
    weight: f64,
) -> swl_status {
    guard(|| {
        // SAFETY: an object of ours.
        let mut own = unsafe { handles::write::<Groupwise>(s, "s") }?;
        own.stream.update_weighted(ticket, y, weight)
    })
}

/// Forgets an open ticket whose label will not come (learners that have taken it in keep it). Errors: SWL_E_ARGUMENT,
/// SWL_E_STATE (a ticket that is not open), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_expire(s: *mut swl_groupwise, ticket: u64) -> swl_status {
    guard(|| {
        // SAFETY: an object of ours.
        let mut own = unsafe { handles::write::<Groupwise>(s, "s") }?;
        own.stream.expire(ticket)
    })
}

/// Many rounds whose labels are known, one after the other: to the same bits as swl_groupwise_predict and
/// swl_groupwise_update in turn. x: a row for each round. y, and weights (or NULL): a number for each. The groups of
/// round t are groups[starts[t]] to groups[starts[t + 1] - 1]; starts has a number more than there are rounds and
/// begins with 0. out: NULL, or room for the len predictions. Has the limits max_seconds and max_work of the options
/// that the stream was made with; control may be NULL. A stop leaves a whole number of rounds done (inout->rounds;
/// inout NULL: not wanted).
///
/// out is written for all rounds; of those that a stop left out it gets 0.
///
/// Errors: as those calls have, with the round, before any round is begun; but a callback's, no memory (also one group
/// too many) and a round without an awake expert only show in their round and leave those before (inout->rounds) done.
/// Where the learner's `update` failed, the round after those was predicted and its ticket is open (inout->ticket):
/// some learners may have its label already, so give it to swl_groupwise_update again and go on with the round after,
/// rather than run that round a second time; or swl_groupwise_expire it. On failure out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_run(
    s: *mut swl_groupwise,
    x: *const swl_dense,
    y: *const swl_vec,
    weights: *const swl_vec,
    starts: *const i64,
    groups: *const i64,
    control: *const swl_control,
    out: *mut f64,
    len: i64,
    inout: *mut swl_groupwise_run_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let slot = growable::optional_slot(inout, "inout")?;
            let mut own = handles::write::<Groupwise>(s, "s")?;
            let call = Call::read(control)?;
            let (rows, cols, x) = dense_rows_of_any_number(x, "x")?;
            if cols != own.stream.features() {
                return Err(argument("x.cols", own.stream.features().to_string(), cols));
            }
            let y = vector(y, "y", rows, "round")?;
            let weights = optional_vector(weights, "weights", rows, "round")?;
            let ends = slice::<i64>(starts.cast(), rows + 1, "starts")?;
            check_starts(ends)?;
            let count = ends[rows];
            let groups = groups_of(groups, count)?;
            let buffer = match out.is_null() {
                true => None,
                false => Some(Buffer::check(out, len, rows, "one for each round")?),
            };
            let start: Vec<usize> = ends.iter().map(|end| *end as usize).collect();
            let rounds = Rounds { x: &x, y: &y, weight: weights.as_deref(), start: &start, groups };
            let mut predictions = zeros("out", rows)?;
            let mut control = call.control();
            let before = (used(&own.stream), own.stream.counts().predictions);
            let ran = own.stream.run_batch(rounds, &mut predictions, &mut control);
            let done = used(&own.stream) - before.0;
            // One prediction more than labels: the last ticket is open.
            let is_open = own.stream.counts().predictions - before.1 > done;
            let ticket = if is_open { own.stream.tickets().last().copied() } else { None };
            if let Some(slot) = slot {
                slot.write(&swl_groupwise_run_info {
                    struct_size: size_of::<swl_groupwise_run_info>() as u32,
                    outcome: ran.as_ref().map_or(0, |report| report.outcome as i32),
                    rounds: done,
                    work: control.work(),
                    seconds: control.seconds(),
                    // What a callback returned in the last round ended nothing.
                    callback_code: match &ran {
                        Ok(report) if report.outcome != Outcome::Cancelled => 0,
                        Ok(_) => call.code(),
                        Err(error) => error.code(),
                    },
                    pad_: 0,
                    ticket: ticket.unwrap_or(0),
                });
            }
            drop(control);
            ran?;
            buffer.map_or(Ok(()), |buffer| buffer.fill(&predictions))
        }
    })
}

/// Rounds whose labels have come.
fn used(stream: &Stream) -> u64 {
    let counts = stream.counts();
    counts.updates + counts.uncovered + counts.weightless
}

/// Errors: starts that do not begin with 0, or fall.
fn check_starts(starts: &[i64]) -> Result<()> {
    if starts[0] != 0 {
        return Err(argument("starts, entry 0", "0", starts[0]));
    }
    match starts.windows(2).position(|w| w[1] < w[0]) {
        None => Ok(()),
        Some(t) => Err(argument(
            &format!("starts, entry {}", t + 1),
            format!("at least {}, the one before", starts[t]),
            starts[t + 1],
        )),
    }
}
