//! Derivatives of the last solution, and what is known of it beyond its value.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{Buffer, check_unless_null, guard, write_unless_null, wrong_length};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{optional_vector, swl_vec, vector};
use super::{Bcd, swl_bcd, swl_identification};
use crate::bcd::{Change, Sensitivity, identify};
use crate::runtime::{Control, Result};

/// What is known of the last solution beyond its value, computed from the data by code that knows nothing of the loop:
/// see swl_identification. Costs two passes over the data and the eigenvalues of the columns that are not known to be
/// 0. The caller sets inout->struct_size. max_seconds and max_work of the last solve's options hold for this call anew.
///
/// safe_zeros (NULL: not wanted) gets one number per column: 1 if its coefficient is 0 in every solution, else 0.
/// Errors: as swl_bcd_coef, SWL_E_UNSUPPORTED (several outputs, a function), SWL_E_STOPPED, SWL_E_CALLBACK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_identify(
    s: *const swl_bcd,
    safe_zeros: *mut u8,
    len: i64,
    control: *const swl_control,
    inout: *mut swl_identification,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `control` and `inout` have as many bytes as they state.
        let (bcd, call, slot) =
            unsafe { (handles::read::<Bcd>(s, "s")?, Call::read(control)?, growable::slot(inout, "inout")?) };
        let solved = bcd.solved()?;
        if !safe_zeros.is_null() && usize::try_from(len) != Ok(bcd.cols()) {
            return Err(wrong_length("safe_zeros", usize::try_from(len).unwrap_or(0), bcd.cols(), "column"));
        }
        let found = identify(&bcd.problem, &solved.settings, &solved.solution, &mut call.control())
            .map_err(|error| call.stopped("swl_bcd_identify", error))?;
        slot.write(&swl_identification {
            struct_size: size_of::<swl_identification>() as u32,
            unique: i32::from(found.unique),
            safe_zeros: found.safe_zeros.len() as i64,
            margin: found.margin,
            smallest_eigenvalue: found.smallest_eigenvalue,
        });
        if !safe_zeros.is_null() {
            let mut flags = vec![0_u8; bcd.cols()];
            found.safe_zeros.iter().for_each(|&j| flags[j] = 1);
            // SAFETY: `safe_zeros` has `len` bytes, one per column.
            unsafe { std::ptr::copy_nonoverlapping(flags.as_ptr(), safe_zeros, flags.len()) };
        }
        Ok(())
    })
}

/// How the last solution changes, to first order, when lambda changes by lambda and the weights, offsets and targets of
/// the rows by the given numbers (NULL: not at all). coef gets one number per column; intercept (NULL: not wanted) one.
/// It holds on the identified manifold: the coefficients that are 0 or at a bound stay there (see the margin of
/// swl_identification). Costs a Hessian of the free columns and its factorization. max_seconds and max_work of the last
/// solve's options hold for this call anew. Errors: as swl_bcd_coef; SWL_E_DATA (numbers that are not finite; a
/// derivative that overflows; a singular Hessian, where there is none), SWL_E_UNSUPPORTED (several outputs, a function,
/// targets that are labels, weights where columns are standardized), SWL_E_STOPPED, SWL_E_CALLBACK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_derivative_forward(
    s: *const swl_bcd,
    lambda: f64,
    weights: *const swl_vec,
    offset: *const swl_vec,
    target: *const swl_vec,
    control: *const swl_control,
    coef: *mut f64,
    len: i64,
    intercept: *mut f64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `control` has as many bytes as it states.
        let (bcd, call) = unsafe { (handles::read::<Bcd>(s, "s")?, Call::read(control)?) };
        let rows = bcd.rows();
        // SAFETY: what the caller promises of each argument, passed on.
        let (weights, offset, target) = unsafe {
            (
                optional_vector(weights, "weights", rows, "row")?,
                optional_vector(offset, "offset", rows, "row")?,
                optional_vector(target, "target", rows, "row")?,
            )
        };
        let buffer = Buffer::check(coef, len, bcd.cols(), "one per column")?;
        let change = Change {
            lambda,
            weights: weights.as_deref(),
            offset: offset.as_deref(),
            target: target.as_deref(),
        };
        let mut control = call.control();
        let moved = sensitivity(&bcd, &mut control).and_then(|s| s.forward(&change, &mut control));
        let (found, moved) = moved.map_err(|error| call.stopped("swl_bcd_derivative_forward", error))?;
        // SAFETY: `intercept` is null or may be written, and `coef` has `len` numbers.
        unsafe {
            write_unless_null(intercept, moved, "intercept")?;
            buffer.fill(&found)
        }
    })
}

/// The gradient of a function of the last solution, given its gradient coef (one number per column) and intercept with
/// respect to coefficients and intercept: with respect to lambda (one number), and to the weight, the offset and the
/// target of each row (rows numbers each). NULL: not wanted. NaN: not defined (targets that are labels; weights where
/// columns are standardized). Errors: as swl_bcd_derivative_forward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_derivative_backward(
    s: *const swl_bcd,
    coef: *const swl_vec,
    intercept: f64,
    control: *const swl_control,
    lambda: *mut f64,
    weights: *mut f64,
    offset: *mut f64,
    target: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `coef` and `control` are null or as long as they say.
        let (bcd, coef, call) = unsafe {
            let bcd = handles::read::<Bcd>(s, "s")?;
            let coef = vector(coef, "coef", bcd.cols(), "column")?;
            (bcd, coef, Call::read(control)?)
        };
        let buffer = |out: *mut f64| -> Result<Option<Buffer>> {
            if out.is_null() {
                Ok(None)
            } else {
                Buffer::check(out, len, bcd.rows(), "one per row").map(Some)
            }
        };
        let buffers = [buffer(weights)?, buffer(offset)?, buffer(target)?];
        check_unless_null(lambda, "lambda")?;
        let mut control = call.control();
        let found = sensitivity(&bcd, &mut control).and_then(|s| s.backward(&coef, intercept, &mut control));
        let found = found.map_err(|error| call.stopped("swl_bcd_derivative_backward", error))?;
        for (buffer, values) in buffers.into_iter().zip([&found.weights, &found.offset, &found.target]) {
            if let Some(buffer) = buffer {
                // SAFETY: each has `len` numbers.
                unsafe { buffer.fill(values) }?;
            }
        }
        // SAFETY: `lambda` is null or may be written.
        unsafe { write_unless_null(lambda, found.lambda, "lambda") }
    })
}

fn sensitivity<'b>(bcd: &'b Bcd, control: &mut Control<'_>) -> Result<Sensitivity<'b>> {
    let solved = bcd.solved()?;
    Sensitivity::new(&bcd.problem, &solved.settings, &solved.solution, control)
}
