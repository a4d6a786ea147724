//! Reading the last solution.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{argument, check_pointer, copy_out, guard, write_out};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::{rigor_number, swl_status};
use super::super::views::size;
use super::solve::hypergradient_error;
use super::{
    Bilevel, SWL_STEP_ACCEPTED, SWL_STEP_NOT_CERTAIN, SWL_STEP_REFINED, SWL_STEP_REJECTED,
    SWL_STEP_TIGHTENED, SWL_STEP_TOO_LONG, swl_bilevel, swl_bilevel_cert, swl_bilevel_step,
};
use crate::bilevel::{Decision, Problem, certificate};
use crate::runtime::{Error, ErrorKind, Family, Result};

/// theta of the last solution. Any number of threads at once, unless one of them changes the handle. Errors:
/// SWL_E_ARGUMENT, SWL_E_STATE (no solve yet), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_theta(s: *const swl_bilevel, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            let theta = &own.solved()?.theta;
            copy_out(theta, out, len, "one for each parameter")
        }
    })
}

/// The hypergradient at theta: NaN where the solve was stopped before it. Threads and errors as swl_bilevel_theta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_hypergradient(
    s: *const swl_bilevel,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            let z = &own.solved()?.hypergradient;
            copy_out(z, out, len, "one for each parameter")
        }
    })
}

/// The solution of a lower problem, from 0. Threads and errors as swl_bilevel_theta, and SWL_E_STATE where the solve was
/// stopped before it had one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_lower(
    s: *const swl_bilevel,
    sample: i64,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            let x = of_sample(&own, &own.solved()?.x, sample)?;
            copy_out(x, out, len, "one for each variable")
        }
    })
}

/// The adjoint of a lower problem, from 0. Threads and errors as swl_bilevel_lower.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_adjoint(
    s: *const swl_bilevel,
    sample: i64,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            let q = of_sample(&own, &own.solved()?.q, sample)?;
            copy_out(q, out, len, "one for each variable")
        }
    })
}

/// The decisions of the last solve, oldest first, with the option trace: *count gets how many there are, and rows (NULL
/// with cap 0: not wanted) the first cap of them. Threads and errors as swl_bilevel_theta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_trace(
    s: *const swl_bilevel,
    rows: *mut swl_bilevel_step,
    cap: i64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        check_pointer(count, "count")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let own = handles::read::<Bilevel>(s, "s")?;
            let trace = &own.solved()?.trace;
            let room = size(cap, "cap")?;
            if room > 0 {
                let slot = growable::slots(rows, room, "rows")?;
                for (n, row) in trace.iter().take(room).enumerate() {
                    slot.write_nth(
                        n,
                        &swl_bilevel_step {
                            struct_size: size_of::<swl_bilevel_step>() as u32,
                            decision: number_of(row.decision),
                            iteration: row.iteration,
                            products: row.products,
                            left: row.left,
                            right: row.right,
                            step: row.alpha,
                            upper_hi: row.upper,
                            lower_accuracy: row.eps,
                            adjoint_accuracy: row.delta,
                        },
                    );
                }
            }
            write_out(count, trace.len() as i64, "count")
        }
    })
}

/// The certificate of the last solution, recomputed from the problem and the answer alone. Costs a gradient, a Hessian
/// product and the products of the bound for each sample, and what the option certificate adds. Threads as
/// swl_bilevel_theta (callbacks as their flag allows). Errors: SWL_E_ARGUMENT, SWL_E_STATE (no solve yet, or one that was
/// stopped before it had lower solutions), SWL_E_OPTION, SWL_E_CALLBACK, SWL_E_STOPPED, SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_certificate(
    s: *const swl_bilevel,
    options: *const swl_options,
    control: *const swl_control,
    inout: *mut swl_bilevel_cert,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (slot, own, options, call) = unsafe {
            let slot = growable::slot(inout, "inout")?;
            (
                slot,
                handles::read::<Bilevel>(s, "s")?,
                or_defaults(options, Family::Bilevel)?,
                Call::read(control)?,
            )
        };
        let solved = own.solved()?;
        if solved.x.is_empty() || solved.q.is_empty() {
            return Err(stopped_before());
        }
        let (found, _) =
            certificate(&own.problem, &solved.theta, &solved.x, &solved.q, &options, &mut call.control())
                .map_err(|error| call.stopped("swl_bilevel_certificate", error))?;
        slot.write(&swl_bilevel_cert {
            struct_size: size_of::<swl_bilevel_cert>() as u32,
            rigor: rigor_number(found.interval.rigor),
            upper_lo: found.interval.lower,
            upper_hi: found.interval.upper,
            proven_lo: found.from_constants.lower,
            proven_hi: found.from_constants.upper,
            lower_error: found.eps,
            adjoint_residual: found.delta,
            hypergradient_norm: found.size,
            hypergradient_error: hypergradient_error(&found),
        });
        Ok(())
    })
}

/// The number of a sample, checked.
pub(super) fn place(own: &Bilevel, sample: i64) -> Result<usize> {
    let count = own.problem.samples();
    match size(sample, "sample")? {
        i if i < count => Ok(i),
        _ => Err(argument("sample", format!("a number below {count}"), sample)),
    }
}

fn of_sample<'a>(own: &Bilevel, all: &'a [Vec<f64>], sample: i64) -> Result<&'a [f64]> {
    let i = place(own, sample)?;
    all.get(i).map(Vec::as_slice).ok_or_else(stopped_before)
}

/// The error of a solve that was stopped before it had lower solutions.
fn stopped_before() -> Error {
    Error::new(ErrorKind::State, "s")
        .expected("a solve that came to a lower solution")
        .found("one that was stopped")
}

fn number_of(decision: Decision) -> i32 {
    match decision {
        Decision::Refined => SWL_STEP_REFINED,
        Decision::Accepted => SWL_STEP_ACCEPTED,
        Decision::TooLong => SWL_STEP_TOO_LONG,
        Decision::NotCertain => SWL_STEP_NOT_CERTAIN,
        Decision::Rejected => SWL_STEP_REJECTED,
        Decision::Tightened => SWL_STEP_TIGHTENED,
    }
}
