//! What is known of a stream and of its groups.

use super::super::growable;
use super::super::guard::{argument, check_pointer, check_unless_null, copy_out, guard, write_out};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::size;
use super::{
    Groupwise, SWL_COMPARATOR_CENTRED_RIDGE, SWL_COMPARATOR_LEAST_SQUARES, SWL_COMPARATOR_RIDGE,
    SWL_COMPARATOR_UNKNOWN, SWL_STANDING_BROKEN, SWL_STANDING_HOLDS, SWL_STANDING_MEASURED,
    SWL_STANDING_SUSPECT, SWL_STANDING_UNKNOWN, room_for, swl_expert_cert, swl_group_cert, swl_groupwise,
    swl_groupwise_info,
};
use crate::groupwise::{Comparator, GroupCertificate, Kind, Standing};
use crate::runtime::Result;
use std::ffi::CStr;

/// What happened to the stream so far. Any number of threads at once, unless one of them changes it. Errors:
/// SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_counts(
    s: *const swl_groupwise,
    inout: *mut swl_groupwise_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, own) = unsafe { (growable::slot(inout, "inout")?, handles::read::<Groupwise>(s, "s")?) };
        let (stream, counts) = (&own.stream, own.stream.counts());
        slot.write(&swl_groupwise_info {
            struct_size: size_of::<swl_groupwise_info>() as u32,
            claim: stream.claim() as i32,
            predictions: counts.predictions,
            updates: counts.updates,
            open_tickets: stream.open_tickets() as u64,
            expired_tickets: counts.expired,
            uncovered: counts.uncovered,
            weightless: counts.weightless,
            delayed: counts.delayed,
            delay: counts.delay,
            repeated: counts.repeated,
            clamped: counts.clamped,
            widened: counts.widened,
            ignored: counts.ignored,
            asleep: counts.asleep,
            groups: stream.groups().len() as i64,
            bytes: i64::try_from(stream.bytes()).unwrap_or(i64::MAX),
            ln_potential: stream.ln_potential(),
            ln_potential_bound: stream.ln_potential_bound(),
        });
        Ok(())
    })
}

/// The certificate of a group at this time: its regret is arithmetic on what happened, its bound a theorem's. group:
/// its number, SWL_GROUP_ALWAYS_ON or SWL_GROUP_CROSSED; one that has not been awake yet has no rounds. Costs d^2 flops
/// (with the option least_squares d^3). Threads as swl_groupwise_counts. Errors: SWL_E_ARGUMENT (a group out of range),
/// SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_certificate(
    s: *const swl_groupwise,
    group: i64,
    inout: *mut swl_group_cert,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, own) = unsafe { (growable::slot(inout, "inout")?, handles::read::<Groupwise>(s, "s")?) };
        let found = certificate(&own, group)?;
        slot.write(&swl_group_cert {
            struct_size: size_of::<swl_group_cert>() as u32,
            standing: standing_of(found.standing),
            group,
            rounds: found.rounds,
            weight: found.weight,
            loss: found.loss,
            expected_loss: found.expected_loss,
            hindsight: or_nan(found.hindsight),
            regret: or_nan(found.regret),
            bound: or_nan(found.bound),
            slack: or_nan(found.slack),
            health: or_nan(found.health),
            comparator: comparator_of(found.comparator),
            experts: found.experts.len() as i32,
        });
        Ok(())
    })
}

/// What is known of an expert of a group, from 0 to swl_group_cert.experts - 1. Cost, threads and errors as
/// swl_groupwise_certificate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_expert(
    s: *const swl_groupwise,
    group: i64,
    expert: i64,
    inout: *mut swl_expert_cert,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, own) = unsafe { (growable::slot(inout, "inout")?, handles::read::<Groupwise>(s, "s")?) };
        let found = certificate(&own, group)?;
        let place = size(expert, "expert")?;
        let Some(e) = found.experts.get(place) else {
            return Err(argument("expert", format!("a number below {}", found.experts.len()), expert));
        };
        slot.write(&swl_expert_cert {
            struct_size: size_of::<swl_expert_cert>() as u32,
            comparator: comparator_of(e.comparator),
            learner: name_of(e.learner).as_ptr(),
            prior: e.prior,
            loss: e.loss,
            regret: e.regret,
            bound: or_nan(e.bound),
            hedge_regret: e.hedge_regret,
            hedge_magnitude: e.hedge_magnitude,
            hindsight: or_nan(e.hindsight),
            learner_bound: or_nan(e.learner_bound),
            health: or_nan(e.health),
            asleep: e.asleep,
        });
        Ok(())
    })
}

/// The groups that have been awake, ascending; then SWL_GROUP_CROSSED and SWL_GROUP_ALWAYS_ON where they are. *count
/// gets their number, and groups (NULL with cap 0: not wanted) the first cap of them. Threads as swl_groupwise_counts.
/// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_groups(
    s: *const swl_groupwise,
    groups: *mut i64,
    cap: i64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        check_pointer(count, "count")?;
        // SAFETY: an object of ours.
        let own = unsafe { handles::read::<Groupwise>(s, "s") }?;
        let ids: Vec<i64> = own.stream.groups().into_iter().map(|id| id as i64).collect();
        // SAFETY: the caller's array has `cap` elements.
        unsafe {
            write_first(&ids, groups, cap, "groups")?;
            write_out(count, ids.len() as i64, "count")
        }
    })
}

/// The experts that took part in the prediction of an open ticket: their groups, weights (they sum to 1) and
/// predictions, each array NULL or with room for cap; *count gets how many there are. Threads as swl_groupwise_counts.
/// Errors: SWL_E_ARGUMENT, SWL_E_STATE (a ticket that is not open), SWL_E_BUSY. On failure nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_weights(
    s: *const swl_groupwise,
    ticket: u64,
    groups: *mut i64,
    weights: *mut f64,
    predictions: *mut f64,
    cap: i64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        check_pointer(count, "count")?;
        // SAFETY: an object of ours.
        let own = unsafe { handles::read::<Groupwise>(s, "s") }?;
        let found = own.stream.weights(ticket)?;
        let ids: Vec<i64> = found.iter().map(|w| w.group as i64).collect();
        let shares: Vec<f64> = found.iter().map(|w| w.weight).collect();
        let values: Vec<f64> = found.iter().map(|w| w.prediction).collect();
        let room = size(cap, "cap")?;
        // All arrays are checked before the first is written.
        for (name, place) in [("weights", weights), ("predictions", predictions)] {
            check_unless_null(place, name)?;
        }
        check_unless_null(groups, "groups")?;
        let room = |is_null: bool| if is_null { 0 } else { room as i64 };
        // SAFETY: the caller's arrays have `cap` elements.
        unsafe {
            write_first(&ids, groups, room(groups.is_null()), "groups")?;
            write_first(&shares, weights, room(weights.is_null()), "weights")?;
            write_first(&values, predictions, room(predictions.is_null()), "predictions")?;
            write_out(count, found.len() as i64, "count")
        }
    })
}

/// The coefficients of the learner of an expert, len of them: one for each feature (with the intercept last, with
/// indicators of missing ones beside them; none for the caller's own). Predictions are the label range's lower end plus
/// its width times features times coefficients, before clipping. Threads as swl_groupwise_counts. Errors:
/// SWL_E_ARGUMENT, SWL_E_STATE (a group that has not been awake), SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_coef(
    s: *const swl_groupwise,
    group: i64,
    expert: i64,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: an object of ours.
        let own = unsafe { handles::read::<Groupwise>(s, "s") }?;
        let all = own.stream.coefficients(number_of(group)?)?;
        let place = size(expert, "expert")?;
        let Some(found) = all.get(place) else {
            return Err(argument("expert", format!("a number below {}", all.len()), expert));
        };
        // SAFETY: the caller's buffer has `len` numbers.
        unsafe { copy_out(found, out, len, "one for each coefficient") }
    })
}

fn certificate(own: &Groupwise, group: i64) -> Result<GroupCertificate> {
    own.stream.certificate(number_of(group)?)
}

/// A group as the stream knows it: the two special numbers are the largest ones there.
fn number_of(group: i64) -> Result<u64> {
    if group < super::SWL_GROUP_CROSSED {
        return Err(argument(
            "group",
            "a number >= 0, SWL_GROUP_ALWAYS_ON (-1) or SWL_GROUP_CROSSED (-2)",
            group,
        ));
    }
    Ok(group as u64)
}

fn standing_of(standing: Standing) -> i32 {
    match standing {
        Standing::Holds => SWL_STANDING_HOLDS,
        Standing::Measured => SWL_STANDING_MEASURED,
        Standing::Unknown => SWL_STANDING_UNKNOWN,
        Standing::Suspect => SWL_STANDING_SUSPECT,
        Standing::Broken => SWL_STANDING_BROKEN,
    }
}

fn comparator_of(comparator: Comparator) -> i32 {
    match comparator {
        Comparator::Unknown => SWL_COMPARATOR_UNKNOWN,
        Comparator::Ridge => SWL_COMPARATOR_RIDGE,
        Comparator::CentredRidge => SWL_COMPARATOR_CENTRED_RIDGE,
        Comparator::LeastSquares => SWL_COMPARATOR_LEAST_SQUARES,
    }
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn name_of(kind: Kind) -> &'static CStr {
    match kind {
        Kind::Ridge => c"ridge",
        Kind::ShermanMorrison => c"ridge-fast",
        Kind::VovkAzouryWarmuth => c"vovk-azoury-warmuth",
        Kind::GradientDescent => c"gradient-descent",
        Kind::AdaGrad => c"ada-grad",
        Kind::NewtonStep => c"newton-step",
        Kind::Logistic => c"logistic",
        Kind::Custom => c"custom",
    }
}

/// Writes as many of `values` as the caller has room for.
///
/// # Safety
/// `out` is null or has `cap` elements that may be written.
unsafe fn write_first<T: Copy>(values: &[T], out: *mut T, cap: i64, subject: &str) -> Result<()> {
    let count = room_for(cap, values.len())?;
    if cap > 0 {
        check_pointer(out, subject)?;
    }
    if count > 0 {
        // SAFETY: checked, and a result of ours never overlaps the caller's array.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), out, count) };
    }
    Ok(())
}
