//! Reading the last solution.

use super::super::control::SWL_PHASE_SOLVE;
use super::super::growable;
use super::super::guard::{Buffer, argument, copy_out, guard, write_out};
use super::super::handles::{self, Reader};
use super::super::status::{rigor_number, swl_status};
use super::{Bcd, Solved, swl_bcd, swl_certificate, swl_trace_row};
use crate::bcd::certificate;
use crate::model::{Loss, OutputLoss};
use crate::runtime::{Error, ErrorKind, Result};

/// Coefficients in the data's own scale: one per column. For k outputs (softmax, multi-squared) cols * k, feature by
/// feature.
///
/// For this and the functions below: len is the exact length, out is written only on success. Any number of threads at
/// once, unless one of them changes the handle.
/// Errors: SWL_E_STATE (no solve, or a setter since), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_coef(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let coef = &bcd.solved()?.solution.coef;
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(coef, out, len, "one per column (and output)") }
    })
}

/// How many outputs the last solution has: the classes of softmax, the tasks of multi-squared, else 1.
/// Errors: as swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_outputs(s: *const swl_bcd, out: *mut i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let outputs = bcd.solved()?.solution.outputs;
        // SAFETY: `out` is null or may be written.
        unsafe { write_out(out, outputs as i64, "out") }
    })
}

/// The intercept, one number, or k for k outputs; 0 where none is fitted. As swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_intercept(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let solution = &bcd.solved()?.solution;
        let intercepts = solution.output_intercepts();
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(&intercepts, out, len, "one per output") }
    })
}

/// The dual point of the certificate: one number per row (k outputs: rows * k, row by row). As swl_bcd_coef;
/// SWL_E_STATE also where the certificate is not a duality gap, because then there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_dual(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let solution = &bcd.solved()?.solution;
        let dual = &solution.dual;
        if dual.is_empty() && bcd.rows() > 0 {
            return Err(Error::new(ErrorKind::State, "s")
                .expected("a solution with a dual point")
                .found("one whose certificate is not a duality gap"));
        }
        // SAFETY: `out` has `len` numbers.
        unsafe {
            Buffer::check(out, len, bcd.rows() * solution.outputs, "one per row (and output)")?.fill(dual)
        }
    })
}

/// A direction in which the loss falls for ever, where the outcome is SWL_INFIMUM_NOT_ATTAINED: one number per column
/// and, last, one for the intercept. For logistic labels it separates them: y (a'd + d_0) > 0 for every row with
/// weight. As swl_bcd_coef; SWL_E_STATE also with any other outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_direction(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let direction = &bcd.solved()?.solution.direction;
        if direction.is_empty() {
            return Err(Error::new(ErrorKind::State, "s")
                .expected("a solution whose infimum is not attained")
                .found("another"));
        }
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(direction, out, len, "one per column and one more") }
    })
}

/// The linear predictor at the data, offset included: one number per row (k outputs: rows * k, row by row). Costs a
/// pass over the data. As swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_fitted(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let solved = bcd.solved()?;
        let buffer =
            Buffer::check(out, len, bcd.rows() * solved.solution.outputs, "one per row (and output)")?;
        let fitted = fitted(&bcd, solved)?;
        // SAFETY: `out` has `len` numbers.
        unsafe { buffer.fill(&fitted) }
    })
}

/// Target minus mean: one number per row (logistic: labels -1 and 1 count as 0 and 1). k outputs: rows * k, row by row;
/// for softmax the target is 1 for the class of the row and 0 for the others. Costs a pass over the data. As
/// swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_residuals(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let solved = bcd.solved()?;
        let buffer =
            Buffer::check(out, len, bcd.rows() * solved.solution.outputs, "one per row (and output)")?;
        if let Some(loss) = solved.solution.output_loss {
            let residuals = output_residuals(&bcd, solved, loss)?;
            // SAFETY: `out` has `len` numbers.
            return unsafe { buffer.fill(&residuals) };
        }
        let loss = &solved.solution.loss;
        let target = |y: f64| if matches!(loss, Loss::Logistic(_)) { 0.5 * (y + 1.0) } else { y };
        let mut residuals = fitted(&bcd, solved)?;
        residuals.iter_mut().zip(bcd.problem.target()).for_each(|(r, y)| *r = target(*y) - loss.mean(*r));
        // SAFETY: `out` has `len` numbers.
        unsafe { buffer.fill(&residuals) }
    })
}

fn fitted(bcd: &Bcd, solved: &Solved) -> Result<Vec<f64>> {
    let problem = &bcd.problem;
    let mut z = solved.solution.predict(problem.matrix(), Some(problem.offset()))?;
    if let (Some(offsets), Some(_)) = (problem.offsets(), solved.solution.output_loss) {
        z.iter_mut().zip(offsets).for_each(|(z, o)| *z += o);
    }
    Ok(z)
}

/// Targets minus means, row after row.
fn output_residuals(bcd: &Bcd, solved: &Solved, loss: OutputLoss) -> Result<Vec<f64>> {
    let k = solved.solution.outputs;
    let mut residuals = fitted(bcd, solved)?;
    residuals.chunks_mut(k).for_each(|z| loss.mean(z));
    residuals.iter_mut().for_each(|mean| *mean = -*mean);
    match (loss, bcd.problem.targets()) {
        (OutputLoss::Squared, Some((_, targets))) => {
            residuals.iter_mut().zip(targets).for_each(|(r, y)| *r += y);
        }
        _ => residuals.chunks_mut(k).zip(bcd.problem.target()).for_each(|(r, y)| r[*y as usize] += 1.0),
    }
    Ok(residuals)
}

/// The trace of the last solve, if its option trace was on. count gets the number of rows that there are; at most cap
/// of them are written. cap 0: only count. The caller sets rows[0].struct_size, which is the stride of the array.
/// Errors: as swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_trace(
    s: *const swl_bcd,
    rows: *mut swl_trace_row,
    cap: i64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { reader(s) }?;
        let trace = &bcd.solved()?.solution.trace;
        let cap = usize::try_from(cap).map_err(|_| argument("cap", "a number >= 0", cap))?;
        // SAFETY: `rows` has `cap` structs of the size that the first one states.
        let slot = if cap == 0 { None } else { Some(unsafe { growable::slots(rows, cap, "rows[0]") }?) };
        // SAFETY: `count` is null or may be written.
        unsafe { write_out(count, trace.len() as i64, "count") }?;
        for (n, row) in trace.iter().take(cap).enumerate() {
            if let Some(slot) = &slot {
                slot.write_nth(
                    n,
                    &swl_trace_row {
                        struct_size: size_of::<swl_trace_row>() as u32,
                        phase: SWL_PHASE_SOLVE,
                        iteration: row.iteration,
                        work: row.work,
                        objective: row.objective,
                        certificate: row.certificate,
                        nonzeros: row.nonzeros as i64,
                    },
                );
            }
        }
        Ok(())
    })
}

/// The certificate of the last solution, computed anew from the data, the coefficients, the intercept and the dual
/// point by code that knows nothing of the loop. Costs two passes over the data. The caller sets inout->struct_size.
/// Errors: as swl_bcd_coef.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_certificate(s: *const swl_bcd, inout: *mut swl_certificate) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `inout` has as many bytes as it states.
        let (bcd, slot) = unsafe { (reader(s)?, growable::slot(inout, "inout")?) };
        let solved = bcd.solved()?;
        let Solved { solution, settings } = solved;
        let found = if solved.is_certified() {
            let (lambda, intercept) = (solution.lambda, solution.intercept);
            certificate(&bcd.problem, settings, lambda, &solution.stacked(), intercept, &solution.dual)?
        } else {
            solution.certificate
        };
        slot.write(&swl_certificate {
            struct_size: size_of::<swl_certificate>() as u32,
            kind: solved.kind(),
            rigor: rigor_number(found.rigor),
            pad_: 0,
            value: found.value,
            target: solution.target,
            primal: found.objective,
            dual: if found.dual_objective.is_finite() { found.dual_objective } else { f64::NAN },
        });
        Ok(())
    })
}

/// # Safety
/// `s` is null or an object of ours.
unsafe fn reader<'a>(s: *const swl_bcd) -> Result<Reader<'a, Bcd>> {
    // SAFETY: passed on.
    unsafe { handles::read::<Bcd>(s, "s") }
}
