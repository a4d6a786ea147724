//! Making, changing and freeing a problem.

use super::super::control::{Call, swl_control};
use super::super::guard::{argument, check_pointer, guard, guard_value, write_out};
use super::super::handles::{self, Writer};
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{
    Holding, dense_rows, integers, optional_vector, optional_vector_of_outputs, shape, swl_dense, swl_keep,
    swl_matrix, swl_vec, vector,
};
use super::{Bcd, Keep, swl_bcd};
use crate::bcd::{Problem, Settings, Workspace};
use crate::numerics::Duplicates;
use crate::runtime::error::out_of_memory;
use crate::runtime::{Control, Error, ErrorKind, Family, Level, Phase, Result, Stop};

/// Makes a problem from a matrix (rows are observations) and a target for each row.
///
/// y may be NULL: swl_bcd_set_target before the first solve. Of the options (NULL: defaults) only duplicates,
/// max_seconds and max_work are read; all others belong to swl_bcd_solve. The data are copied, unless keep is given:
/// then the arrays of a are read in place until the handle is freed, which wants column-major or CSC data with sorted
/// indices (see swl_keep). control may be NULL. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, indices, repeats; with the position), SWL_E_MEMORY,
/// SWL_E_STOPPED (by the control or max_seconds), SWL_E_UNSUPPORTED (unknown tags; layouts that keep cannot serve),
/// SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written and release is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_new(
    a: *const swl_matrix,
    y: *const swl_vec,
    options: *const swl_options,
    keep: *const swl_keep,
    control: *const swl_control,
    out: *mut *mut swl_bcd,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on; kept arrays outlive the handle.
        unsafe {
            let options = or_defaults(options, Family::Bcd)?;
            let call = Call::read(control)?;
            let keep = if keep.is_null() {
                None
            } else {
                check_pointer(keep, "keep")?;
                Some(keep.read())
            };
            let duplicates = match options.choice("duplicates") {
                "sum" => Duplicates::Sum,
                _ => Duplicates::Error,
            };
            let mut control = call.control();
            let limit = |key| options.real(key).unwrap_or(f64::INFINITY);
            control.begin(limit("max_seconds"), limit("max_work") as u64);
            let (problem, operator) = problem(a, y, keep.is_some(), duplicates, &call, &mut control)?;
            let lent = keep.map(|k| Keep { ctx: k.ctx, release: k.release });
            let bcd = Bcd {
                problem,
                has_target: !y.is_null(),
                has_targets: false,
                duplicates,
                groups: None,
                start: None,
                solved: None,
                path: None,
                workspace: Workspace::new(),
                // From here on nothing can fail.
                _keep: operator.into_iter().chain(lent).collect(),
            };
            handles::publish(bcd, out)
        }
    })
}

/// Reads the data. The control is asked before and after each pass over them.
///
/// # Safety
/// The views are as long as they say, and with `in_place` the arrays of `a` outlive the problem.
unsafe fn problem(
    a: *const swl_matrix,
    y: *const swl_vec,
    in_place: bool,
    duplicates: Duplicates,
    call: &Call,
    control: &mut Control<'_>,
) -> Result<(Problem<'static>, Option<Keep>)> {
    let stopped = |stop: Stop| call.stopped("swl_bcd_new", stop);
    // SAFETY: passed on.
    let shape = unsafe { shape(a) }?;
    check_room(shape.rows, shape.cols)?;
    control.poll().map_err(stopped)?;
    control.report(Phase::Setup, 0, f64::NAN, f64::NAN).map_err(stopped)?;
    let holding = if in_place { Holding::InPlace } else { Holding::Copy(duplicates) };
    // SAFETY: passed on.
    let matrix = unsafe { shape.matrix(holding) }?;
    control.spend(shape.entries as u64).map_err(stopped)?;
    control.poll().map_err(stopped)?;
    // SAFETY: passed on.
    let target = unsafe { optional_vector(y, "y", shape.rows, "row") }?;
    let problem = Problem::new(matrix, &target.unwrap_or_else(|| vec![0.0; shape.rows]))?;
    control.poll().map_err(stopped)?;
    if control.logs(Level::Info) {
        let (rows, cols, entries) = (shape.rows, shape.cols, problem.matrix().entries());
        control.log(Level::Info, &format!("bcd: {rows} rows, {cols} columns, {entries} entries"));
    }
    Ok((problem, shape.release()))
}

/// Tries whether what grows with rows and columns alone can be had: sizes out of a damaged file end here.
pub(super) fn check_room(rows: usize, cols: usize) -> Result<()> {
    let count =
        rows.checked_add(cols).and_then(|n| n.checked_mul(4)).filter(|n| *n <= isize::MAX as usize / 8);
    let count =
        count.ok_or_else(|| argument("a", "a size that fits in memory", format!("{rows} x {cols}")))?;
    let mut room: Vec<f64> = Vec::new();
    room.try_reserve_exact(count).map_err(|_| out_of_memory("a", count, 8))
}

/// Ends the problem; NULL is fine. Kept arrays are released on this thread. One in use is not freed, and leaves a
/// message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_free(s: *mut swl_bcd) {
    // SAFETY: `s` is null or an object of ours that is not used afterwards.
    guard_value((), || unsafe { handles::free::<Bcd>(s, "s") });
}

/// Runs a setter: if it works, the last solution is stale.
///
/// # Safety
/// `s` is an object of ours.
unsafe fn set(s: *mut swl_bcd, change: impl FnOnce(&mut Writer<'_, Bcd>) -> Result<()>) -> swl_status {
    guard(|| {
        // SAFETY: passed on.
        let mut bcd = unsafe { handles::write::<Bcd>(s, "s") }?;
        change(&mut bcd)?;
        bcd.make_stale();
        Ok(())
    })
}

/// Another target on the same matrix, one number per row. It is copied.
///
/// For this and the setters below: the data and the iterate stay; reading results is SWL_E_STATE until the next solve.
/// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY; nothing has changed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_target(s: *mut swl_bcd, y: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let target = vector(y, "y", bcd.rows(), "row")?;
            bcd.problem.set_target(&target)?;
            bcd.has_target = true;
            Ok(())
        })
    }
}

/// Targets of several tasks for the option loss=multi-squared: a dense array with a row for each row of the data and a
/// column for each task. It is copied; a target of swl_bcd_set_target stays for the other losses. Else as
/// swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_targets(s: *mut swl_bcd, targets: *const swl_dense) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let (outputs, numbers) = dense_rows(targets, "targets", bcd.rows())?;
            bcd.problem.set_targets(outputs, &numbers)?;
            bcd.has_targets = true;
            Ok(())
        })
    }
}

/// Weights of the rows, finite and >= 0; NULL: all 1. A row of weight 0 counts as absent. Else as swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_weights(s: *mut swl_bcd, weights: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let weights = optional_vector(weights, "weights", bcd.rows(), "row")?;
            let weights = weights.unwrap_or_else(|| vec![1.0; bcd.rows()]);
            bcd.problem.set_weights(&weights)
        })
    }
}

/// Numbers added to the linear predictor, one per row, or for losses of several outputs rows * k, row by row; NULL: all
/// 0. Else as swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_offset(s: *mut swl_bcd, offset: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let rows = bcd.rows();
            let offset = optional_vector_of_outputs(offset, "offset", rows, "row")?;
            let offset = offset.unwrap_or_else(|| vec![0.0; rows]);
            if offset.len() == rows {
                bcd.problem.set_offset(&offset)?;
                return bcd.problem.set_offsets(&[]);
            }
            bcd.problem.set_offsets(&offset)?;
            bcd.problem.set_offset(&vec![0.0; rows])
        })
    }
}

/// Factors on the penalty of each column, >= 0: 0 leaves it unpenalized, infinity fixes it at 0; NULL: all 1. Else as
/// swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_penalty_factors(s: *mut swl_bcd, factors: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let factors = optional_vector(factors, "penalty_factors", bcd.cols(), "column")?;
            let factors = factors.unwrap_or_else(|| vec![1.0; bcd.cols()]);
            bcd.problem.set_penalty_factors(&factors)
        })
    }
}

/// Bounds of each coefficient in the data's own scale, infinite where there is none, within those of the options lower
/// and upper. Either may be NULL: no bounds on that side. Else as swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_bounds(
    s: *mut swl_bcd,
    lower: *const swl_vec,
    upper: *const swl_vec,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            let cols = bcd.cols();
            let low = optional_vector(lower, "lower", cols, "column")?;
            let high = optional_vector(upper, "upper", cols, "column")?;
            if low.is_none() && high.is_none() {
                bcd.problem.clear_bounds();
                return Ok(());
            }
            let low = low.unwrap_or_else(|| vec![f64::NEG_INFINITY; cols]);
            let high = high.unwrap_or_else(|| vec![f64::INFINITY; cols]);
            bcd.problem.set_bounds(&low, &high)
        })
    }
}

/// A linear term c'x of the objective: one finite number for each column, in the data's own scale; NULL: none.
/// Neither lambda nor scale touches it. For losses of one output but hinge: swl_bcd_solve refuses it beside others
/// (SWL_E_UNSUPPORTED). Where it leaves no minimum the outcome is SWL_UNBOUNDED if a column of zeros shows it, or an
/// iterate that moves no prediction by more than rounding; else one of a limit. Else as swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_linear(s: *mut swl_bcd, c: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| match optional_vector(c, "c", bcd.cols(), "column")? {
            Some(linear) => bcd.problem.set_linear(&linear).map_err(|e| e.renamed("linear", "c")),
            None => {
                bcd.problem.clear_linear();
                Ok(())
            }
        })
    }
}

/// Groups for penalties group and sparse-group: the group of each column, counted from 0, and a weight >= 0 for each
/// group (NULL: all 1). group_of_column NULL with len 0: back to the option group_size. Else as swl_bcd_set_target.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_set_groups(
    s: *mut swl_bcd,
    group_of_column: *const i32,
    len: i64,
    group_weights: *const swl_vec,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        set(s, |bcd| {
            if group_of_column.is_null() && len == 0 {
                bcd.problem.clear_groups();
                bcd.groups = None;
                return Ok(());
            }
            let numbers = integers(group_of_column, len, "group_of_column", bcd.cols(), "column")?;
            let mut groups = Vec::with_capacity(numbers.len());
            for (j, &g) in numbers.iter().enumerate() {
                groups.push(usize::try_from(g).map_err(|_| {
                    Error::new(ErrorKind::Data, "group_of_column")
                        .at(format!("column {j}"))
                        .expected("a group >= 0")
                        .found(g)
                })?);
            }
            let count = groups.iter().max().map_or(0, |g| g + 1);
            let weights = optional_vector(group_weights, "group_weights", count, "group")?;
            bcd.problem.set_groups(&groups, weights.as_deref())?;
            bcd.groups = Some(count);
            Ok(())
        })
    }
}

/// An estimate of the bytes that swl_bcd_new (without keep) and swl_bcd_solve take at their peak: on the high side for
/// rule auto, without the blocks of groups and of rule gsq otherwise. Only the shape, the entries and the tags of a are
/// read: its arrays may be NULL. Losses of several outputs: the option classes says how many there are (multi-squared
/// too). options NULL: defaults. Any thread. Errors: SWL_E_ARGUMENT, SWL_E_OPTION, SWL_E_UNSUPPORTED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_memory_estimate(
    a: *const swl_matrix,
    options: *const swl_options,
    bytes: *mut u64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (shape, options) = unsafe { (shape(a)?, or_defaults(options, Family::Bcd)?) };
        let settings = Settings::from_options(&options)?;
        let (rows, cols, entries) = (shape.rows as u128, shape.cols as u128, shape.entries as u128);
        let index = if u32::try_from(shape.rows).is_ok() { 4 } else { 8 };
        let data = if shape.sparse {
            // Two sets of starts while lines are put in order.
            entries * (index + shape.scalar_bytes as u128) + 24 * (rows.max(cols) + 1)
        } else {
            entries * shape.scalar_bytes as u128
        };
        // Vectors of the problem, the scaled problem, the iterate, the certificate and the answer.
        let k = if settings.output_loss.is_some() { settings.classes.max(2) as u128 } else { 1 };
        let vectors = 8 * (20 * rows + 40 * cols) * k;
        // A Gram block, its growth, the part of it in use, and a factor.
        let block =
            if settings.rule == crate::bcd::Rule::Auto { LARGEST_BLOCK } else { settings.block_size as u128 };
        let block = block.min(cols);
        // Greedy rules: the data by rows, columns of the Hessian for gradients and for gsq, scores and their order.
        let by_rows =
            if shape.sparse { entries * if u32::try_from(shape.cols).is_ok() { 12 } else { 16 } } else { 0 };
        let kept =
            if settings.rule.is_greedy() { by_rows + 2 * 8 * (cols * cols).min(LARGEST_CACHE) } else { 0 };
        // The centres of an index, at most one for each column.
        let indexed = settings.rule.is_greedy() && settings.gradients == crate::bcd::Gradients::Index;
        let centres = if indexed && !shape.sparse { 8 * entries } else { 0 };
        let total = data + vectors + kept + centres + 32 * block * block;
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        // SAFETY: `bytes` is null or may be written.
        unsafe { write_out(bytes, total, "bytes") }
    })
}

/// Numbers in the columns of the Hessian that a greedy rule keeps.
const LARGEST_CACHE: u128 = 1 << 24;
/// Columns of the largest Gram block that the engine keeps.
const LARGEST_BLOCK: u128 = 4096;
