//! Many solves on one matrix.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{Buffer, argument, check_pointer, guard};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{dense_rows, swl_dense};
use super::solve::info;
use super::{Bcd, Solved, swl_bcd, swl_bcd_info};
use crate::bcd::{Job, Settings, Solution, batch};
use crate::runtime::error::out_of_memory;
use crate::runtime::{Error, ErrorKind, Family, Result};

/// Solves the problem once for each column of targets, of weights, or of both, on the one matrix and without a copy of
/// it; a NULL one is that of the handle. Both are dense with one row per row of the data. The solves run in parallel
/// with the option threads; their number does not change a bit.
///
/// With k columns and n columns of the data, coef gets k * n numbers, solve after solve, and intercept (NULL: not
/// wanted) k. infos is NULL, or an array of k structs whose first one states the stride. The handle and its last
/// solution stay as they are. Losses of one output. What was stopped has its outcome in its info; max_seconds and
/// max_work are limits of the whole call, the latter looked at anew for each 128 solves.
///
/// Errors: as swl_bcd_solve, and SWL_E_UNSUPPORTED (several outputs); nothing is written then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_batch(
    s: *const swl_bcd,
    options: *const swl_options,
    targets: *const swl_dense,
    weights: *const swl_dense,
    control: *const swl_control,
    coef: *mut f64,
    coef_len: i64,
    intercept: *mut f64,
    intercept_len: i64,
    infos: *mut swl_bcd_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (bcd, options, call) = unsafe {
            (handles::read::<Bcd>(s, "s")?, or_defaults(options, Family::Bcd)?, Call::read(control)?)
        };
        let settings = Settings::from_options(&options)?;
        if settings.output_loss.is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "option \"loss\"")
                .expected("a loss of one output, for a batch")
                .found("several outputs"));
        }
        // SAFETY: passed on.
        let (targets, weights) =
            unsafe { (columns(targets, "targets", bcd.rows())?, columns(weights, "weights", bcd.rows())?) };
        let count = match (&targets, &weights) {
            (None, None) => return Err(argument("targets", "targets or weights", "NULL for both")),
            (Some(t), Some(w)) if t.len() != w.len() => {
                return Err(argument("weights.cols", format!("{}, as targets", t.len()), w.len()));
            }
            (Some(t), _) => t.len(),
            (None, Some(w)) => w.len(),
        };
        if targets.is_none() {
            bcd.need_target(&settings)?;
        }
        let numbers = count.checked_mul(bcd.cols()).ok_or_else(|| out_of_memory("coef", count, 8))?;
        let coefs = Buffer::check(coef, coef_len, numbers, "one per column and solve")?;
        let intercepts = if intercept.is_null() {
            None
        } else {
            Some(Buffer::check(intercept, intercept_len, count, "one per solve")?)
        };
        // SAFETY: `infos` has `count` structs of the size that the first one states.
        let slot = if infos.is_null() || count == 0 {
            None
        } else {
            check_pointer(infos, "infos")?;
            Some(unsafe { growable::slots(infos, count, "infos[0]") }?)
        };
        let job = |k: usize| Job {
            target: targets.as_ref().map(|t| t[k].as_slice()),
            weights: weights.as_ref().map(|w| w[k].as_slice()),
            ..Job::default()
        };
        let jobs: Vec<Job<'_>> = (0..count).map(job).collect();
        let mut control = call.control();
        let found = batch(&bcd.problem, &options, &jobs, &mut control)?;
        if let Some(buffer) = intercepts {
            let all: Vec<f64> = found.iter().map(|f| f.intercept).collect();
            // SAFETY: `intercept` has `intercept_len` numbers.
            unsafe { buffer.fill(&all) }?;
        }
        let all: Vec<f64> = found.iter().flat_map(|f| f.coef.iter().copied()).collect();
        // SAFETY: `coef` has `coef_len` numbers.
        unsafe { coefs.fill(&all) }?;
        if let Some(slot) = slot {
            for (k, solution) in found.into_iter().enumerate() {
                let solved = Solved { solution, settings: settings.clone() };
                slot.write_nth(k, &info(&bcd, &solved, solved.code(call.code())));
            }
        }
        Ok(())
    })
}

/// The columns of a dense array with `rows` rows; NULL: none.
///
/// # Safety
/// `view` is null or a view whose data are as long as it says.
unsafe fn columns(view: *const swl_dense, subject: &str, rows: usize) -> Result<Option<Vec<Vec<f64>>>> {
    if view.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    let (count, by_rows) = unsafe { dense_rows(view, subject, rows) }?;
    // Without rows a caller may state any number of columns, and there is a solution for each.
    let mut room: Vec<Solution> = Vec::new();
    room.try_reserve_exact(count).map_err(|_| out_of_memory(subject, count, size_of::<Solution>()))?;
    Ok(Some((0..count).map(|k| by_rows.iter().skip(k).step_by(count).copied().collect()).collect()))
}
