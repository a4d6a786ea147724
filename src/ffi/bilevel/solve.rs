//! Ending, bounding, solving and checking.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{
    argument, check_pointer, check_unless_null, copy_bytes, guard, guard_value, write_out, write_unless_null,
};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::{SWL_RIGOR_NONE, rigor_number, swl_status};
use super::super::views::{size, slice};
use super::{Bilevel, swl_bilevel, swl_bilevel_info};
use crate::bilevel::{Certificate, Checkpoint, Problem, Settings, Solution, examine, solve};
use crate::runtime::error::{copied, zeros};
use crate::runtime::{Error, ErrorKind, Family, Result};
use std::ffi::c_void;

/// Ends a problem. NULL does nothing; a handle in use is left as it is (see swl_last_message).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_free(s: *mut swl_bilevel) {
    guard_value((), || {
        // SAFETY: an object of ours that the caller does not use again.
        unsafe { handles::free::<Bilevel>(s, "s") }
    });
}

/// The numbers of theta, and of lower problems; either pointer may be NULL. Errors: SWL_E_ARGUMENT, SWL_E_BUSY. On
/// failure nothing is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_size(
    s: *const swl_bilevel,
    parameters: *mut i64,
    samples: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            // Both are checked before the first is written.
            check_unless_null(parameters, "parameters")?;
            check_unless_null(samples, "samples")?;
            write_unless_null(parameters, own.problem.parameters() as i64, "parameters")?;
            write_unless_null(samples, own.problem.samples() as i64, "samples")
        }
    })
}

/// The number of variables of a lower problem, from 0. Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_variables(
    s: *const swl_bilevel,
    sample: i64,
    out: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            write_out(out, own.problem.variables(super::results::place(&own, sample)?) as i64, "out")
        }
    })
}

/// Bounds on theta, len numbers each (-INFINITY and INFINITY: none; equal ones fix a number), in place of those that the
/// problem has: -30 and 30 for logarithms. Both NULL with 0: those again. The last solution stays. Errors: SWL_E_ARGUMENT
/// (a lower bound above the upper one, or NaN), SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_set_bounds(
    s: *mut swl_bilevel,
    lower: *const f64,
    upper: *const f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let mut own = handles::write::<Bilevel>(s, "s")?;
            if lower.is_null() && upper.is_null() {
                if len != 0 {
                    return Err(argument("len", "0 beside lower and upper NULL", len));
                }
                own.problem.reset_bounds();
                return Ok(());
            }
            let d = parameters(&own, len)?;
            let (l, u) = (slice::<f64>(lower.cast(), d, "lower")?, slice::<f64>(upper.cast(), d, "upper")?);
            own.problem.set_bounds(copied("lower", l)?, copied("upper", u)?)
        }
    })
}

/// Minimizes the upper function from theta (len numbers; NULL with 0: from where the last solve ended, or else from
/// zeros), or goes on from the checkpoint of swl_bilevel_resume, whose theta counts then. Not converging is an outcome:
/// the answer is the last point that was accepted. With max_iterations 0 that is the start itself, with its lower
/// solutions, adjoints and hypergradient. Costs: see the counts of the info. options (NULL: defaults), control (or
/// NULL), inout (NULL: not wanted).
///
/// Errors: SWL_E_ARGUMENT (lengths), SWL_E_DATA (a start that is not finite or cannot be evaluated; lower problems that
/// are not known to be strongly convex, without the option allow_uncertified), SWL_E_OPTION, SWL_E_CALLBACK,
/// SWL_E_UNSUPPORTED (a checkpoint for a method that takes none), SWL_E_MEMORY, SWL_E_BUSY. On failure the last
/// solution stays; of a callback's failure inout->callback_code has the number. A checkpoint that is refused (by the
/// method, or by bounds that were set since: SWL_E_ARGUMENT) is dropped; after other failures, and where a solve is
/// stopped before it has restored it, the next solve goes on from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_solve(
    s: *mut swl_bilevel,
    theta: *const f64,
    len: i64,
    options: *const swl_options,
    control: *const swl_control,
    inout: *mut swl_bilevel_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, mut own, options, call, start) = unsafe {
            let slot = growable::optional_slot(inout, "inout")?;
            let own = handles::write::<Bilevel>(s, "s")?;
            let options = or_defaults(options, Family::Bilevel)?;
            let call = Call::read(control)?;
            let start = match (theta.is_null() && len == 0, &own.solved) {
                (true, Some(solved)) => copied("theta", &solved.theta)?,
                (true, None) => zeros("theta", own.problem.parameters())?,
                (false, _) => copied("theta", slice(theta.cast(), parameters(&own, len)?, "theta")?)?,
            };
            (slot, own, options, call, start)
        };
        let own = &mut *own;
        let threads = Settings::from_options(&options)?.threads;
        let mut control = call.control();
        let solved = solve(&own.problem, &start, &options, own.resume.as_ref(), &mut control);
        drop(control);
        if solved.as_ref().is_err_and(refuses_checkpoint) {
            own.resume = None;
        }
        let solution = solved.inspect_err(|error| {
            let Some(slot) = &slot else { return };
            let mut nothing = info(None, threads, own.seconds_setup);
            nothing.callback_code = error.code();
            slot.write(&nothing);
        })?;
        if let Some(slot) = slot {
            let mut told = info(Some(&solution), threads, own.seconds_setup);
            told.callback_code = call.code();
            slot.write(&told);
        }
        // A solve that was stopped before it had restored its checkpoint leaves it to the next one.
        if !solution.x.is_empty() {
            own.resume = None;
        }
        own.solved = Some(solution);
        Ok(())
    })
}

/// Compares the derivatives of a problem at theta (len numbers) with differences, its Hessian with its transpose, and
/// its constants with samples: the doctor. SWL_OK means that nothing is wrong; SWL_E_DATA that something is: the message
/// names the callback, the sample and the size. Costs at most 79 lower and 55 upper evaluations, 9 Hessian products and
/// 9 products with mixed derivatives for each sample. Errors also: SWL_E_ARGUMENT, SWL_E_OPTION, SWL_E_CALLBACK,
/// SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_check(
    s: *mut swl_bilevel,
    theta: *const f64,
    len: i64,
    options: *const swl_options,
    control: *const swl_control,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (own, options, call, theta) = unsafe {
            let own = handles::write::<Bilevel>(s, "s")?;
            let options = or_defaults(options, Family::Bilevel)?;
            let call = Call::read(control)?;
            let theta = copied("theta", slice(theta.cast(), parameters(&own, len)?, "theta")?)?;
            (own, options, call, theta)
        };
        let seen = examine(&own.problem, &theta, &options, &mut call.control())
            .map_err(|error| call.stopped("swl_bilevel_check", error))?;
        match seen.findings.first() {
            None => Ok(()),
            Some(_) => {
                let all: Vec<String> = seen.findings.iter().map(ToString::to_string).collect();
                Err(Error::new(ErrorKind::Data, "problem")
                    .expected("derivatives and constants of its functions")
                    .found(all.join("; ")))
            }
        }
    })
}

/// The last solve as bytes, to go on later: at the last step that was accepted. need: how many bytes (NULL: not wanted).
/// buf NULL asks only; else cap is at least that. Errors: SWL_E_ARGUMENT, SWL_E_STATE (no solve yet, or of a method that
/// cannot go on), SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_save(
    s: *const swl_bilevel,
    buf: *mut c_void,
    cap: usize,
    need: *mut usize,
) -> swl_status {
    guard(|| {
        check_unless_null(need, "need")?;
        // SAFETY: an object of ours.
        let own = unsafe { handles::read::<Bilevel>(s, "s") }?;
        let checkpoint = own.solved()?.checkpoint.as_ref();
        let checkpoint = checkpoint.ok_or_else(|| {
            Error::new(ErrorKind::State, "s").expected("a solve that can go on").found("another")
        })?;
        // SAFETY: the caller's buffer has `cap` bytes, and `need` may be written.
        unsafe { copy_bytes(&checkpoint.to_bytes()?, buf, cap, need) }
    })
}

/// The next solve goes on from the len bytes that swl_bilevel_save gave, on a handle of the same problem with the same
/// options: to the same bits as the solve that they are from would have. NULL with 0: from no checkpoint, in place of one
/// that waits. On failure that one stays. Errors: SWL_E_ARGUMENT (also a checkpoint of other sizes, or of a theta outside
/// of the bounds), SWL_E_FORMAT, SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_resume(
    s: *mut swl_bilevel,
    buf: *const c_void,
    len: usize,
) -> swl_status {
    guard(|| {
        // SAFETY: an object of ours.
        let mut own = unsafe { handles::write::<Bilevel>(s, "s")? };
        if buf.is_null() && len == 0 {
            own.resume = None;
            return Ok(());
        }
        check_pointer(buf, "buf")?;
        if isize::try_from(len).is_err() {
            return Err(argument("len", "a size that fits in memory", len));
        }
        // SAFETY: the caller's buffer has `len` bytes.
        let bytes = unsafe { std::slice::from_raw_parts(buf.cast::<u8>(), len) };
        let checkpoint = Checkpoint::from_bytes(bytes)?;
        checkpoint.check(&own.problem).map_err(|error| error.renamed("checkpoint", "buf"))?;
        own.resume = Some(checkpoint);
        Ok(())
    })
}

/// Whether a solve failed since it cannot go on from its checkpoint: no later one could.
fn refuses_checkpoint(error: &Error) -> bool {
    matches!(
        (error.kind(), error.subject()),
        (ErrorKind::Argument, "checkpoint") | (ErrorKind::Unsupported, "resume")
    )
}

/// The number of parameters, checked against what the caller says.
fn parameters(own: &Bilevel, len: i64) -> Result<usize> {
    let d = own.problem.parameters();
    if size(len, "len")? != d {
        return Err(argument("len", format!("{d}, one for each parameter"), len));
    }
    Ok(d)
}

/// The bound on the error of a hypergradient: infinity, and not NaN, where there is none.
pub(super) fn hypergradient_error(certificate: &Certificate) -> f64 {
    let bound = certificate.omega.value;
    if bound.is_nan() { f64::INFINITY } else { bound }
}

/// What is told of a solve; of none, that nothing was solved.
fn info(solution: Option<&Solution>, threads: usize, seconds_setup: f64) -> swl_bilevel_info {
    let mut told = swl_bilevel_info {
        struct_size: size_of::<swl_bilevel_info>() as u32,
        outcome: 0,
        iterations: 0,
        work: 0,
        gradients: 0,
        hessian_products: 0,
        mixed_products: 0,
        lower_solves: 0,
        trials: 0,
        refinements: 0,
        upper_value: f64::NAN,
        upper_lo: f64::NEG_INFINITY,
        upper_hi: f64::INFINITY,
        hypergradient_norm: f64::NAN,
        hypergradient_error: f64::INFINITY,
        lower_error: f64::INFINITY,
        adjoint_residual: f64::INFINITY,
        active_bounds: 0,
        rigor: SWL_RIGOR_NONE,
        threads: i32::try_from(threads).unwrap_or(i32::MAX),
        callback_code: 0,
        pad_: 0,
        seconds_setup,
        seconds_solve: 0.0,
    };
    if let Some(solution) = solution {
        let (counts, certificate) = (&solution.counts, &solution.certificate);
        let interval = &certificate.interval;
        told.outcome = solution.outcome as i32;
        told.iterations = solution.iterations;
        told.work = solution.work;
        told.gradients = counts.gradients;
        told.hessian_products = counts.hessian_products;
        told.mixed_products = counts.mixed_products;
        told.lower_solves = counts.lower_solves;
        told.trials = counts.trials;
        told.refinements = counts.refinements;
        told.upper_value = certificate.value;
        told.upper_lo = interval.lower;
        told.upper_hi = interval.upper;
        told.hypergradient_norm = certificate.size;
        told.hypergradient_error = hypergradient_error(certificate);
        told.lower_error = certificate.eps;
        told.adjoint_residual = certificate.delta;
        told.active_bounds = solution.active.len() as i64;
        told.rigor = rigor_number(interval.rigor);
        told.seconds_solve = solution.seconds;
    }
    told
}
