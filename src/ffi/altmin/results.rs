//! Reading the last model.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{
    Buffer, argument, check_pointer, check_unless_null, copy_out, guard, write_out, write_unless_null,
};
use super::super::handles;
use super::super::status::swl_status;
use super::{Altmin, each_precision, side_of, swl_altmin, swl_altmin_cert, swl_altmin_sweep};
use crate::altmin::Certificate;
use crate::runtime::parallel::Team;
use crate::runtime::{Error, ErrorKind};

/// A factor of the last model, row after row: rows * k numbers for SWL_ROWS (U), cols * k for SWL_COLS (V). len is the
/// exact length; out is written only on success. Any number of threads at once, unless one of them changes the handle.
/// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_factor(
    s: *const swl_altmin,
    side: i32,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `out` has `len` numbers.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let side = side_of(side)?;
            let values = each_precision!(&*altmin, c => c.model()?.factor(side));
            copy_out(&values, out, len, "one per line of the side and rank")
        }
    })
}

/// Rows and columns (with those that were appended) and the rank of the last model, 0 before the first. Each may be
/// NULL where it is not wanted. Else as swl_altmin_factor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_size(
    s: *const swl_altmin,
    rows: *mut i64,
    cols: *mut i64,
    rank: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let altmin = unsafe { handles::read::<Altmin>(s, "s") }?;
        let (size, k) = each_precision!(&*altmin, c => (c.size()?, c.model().map_or(0, |m| m.rank())));
        let wanted = [(rows, size[0], "rows"), (cols, size[1], "cols"), (rank, k, "rank")];
        wanted.iter().try_for_each(|(out, _, name)| check_unless_null(*out, name))?;
        // SAFETY: each is null or may be written.
        wanted
            .iter()
            .try_for_each(|(out, value, name)| unsafe { write_unless_null(*out, *value as i64, name) })
    })
}

/// The biases of a side of the last model: one per row or column. Else as swl_altmin_factor; SWL_E_STATE also without
/// the option biases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_bias(
    s: *const swl_altmin,
    side: i32,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `out` has `len` numbers.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let side = side_of(side)?;
            let values = each_precision!(&*altmin, c => c.model()?.biases(side));
            if values.is_empty() {
                return Err(Error::new(ErrorKind::State, "s")
                    .expected("a model with biases (option biases)")
                    .found("one without"));
            }
            copy_out(&values, out, len, "one per line of the side")
        }
    })
}

/// The singular values of U V', descending: k numbers. Costs (rows + cols) k^2 flops. Else as swl_altmin_factor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_spectrum(s: *const swl_altmin, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `out` has `len` numbers.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let rank = each_precision!(&*altmin, c => c.model()?.rank());
            let buffer = Buffer::check(out, len, rank, "the rank")?;
            buffer.fill(&each_precision!(&*altmin, c => c.model()?.spectrum()))
        }
    })
}

/// The sweeps of the last solve with the option trace: at most cap of them, oldest first; *count is how many there are.
/// The caller sets rows[0].struct_size. Else as swl_altmin_factor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_trace(
    s: *const swl_altmin,
    rows: *mut swl_altmin_sweep,
    cap: i64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let altmin = unsafe { handles::read::<Altmin>(s, "s") }?;
        let trace = each_precision!(&*altmin, c => &c.fitted()?.trace);
        let cap = usize::try_from(cap).map_err(|_| argument("cap", "a number >= 0", cap))?;
        // SAFETY: `rows` has `cap` structs of the size that the first one states.
        let slot = if cap == 0 { None } else { Some(unsafe { growable::slots(rows, cap, "rows[0]") }?) };
        check_pointer(count, "count")?;
        // SAFETY: checked just now.
        unsafe { write_out(count, trace.len() as i64, "count") }?;
        for (n, row) in trace.iter().take(cap).enumerate() {
            if let Some(slot) = &slot {
                slot.write_nth(
                    n,
                    &swl_altmin_sweep {
                        struct_size: size_of::<swl_altmin_sweep>() as u32,
                        pad_: 0,
                        iteration: row.iteration,
                        work: row.work,
                        objective: row.objective,
                        residual: row.residual,
                        change: row.change,
                        held_out: row.held_out,
                        incoherence: row.incoherence,
                        smallest: row.singular[0],
                        largest: row.singular[1],
                        row_steps: row.row_steps,
                        row_tolerance: row.row_tolerance,
                    },
                );
            }
        }
        Ok(())
    })
}

/// The certificate of the last model, computed anew from the entries and the model alone, in double precision. control
/// may be NULL. The caller sets inout->struct_size. Errors: as swl_altmin_factor, and SWL_E_STOPPED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_certificate(
    s: *const swl_altmin,
    control: *const swl_control,
    inout: *mut swl_altmin_cert,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (altmin, call, slot) = unsafe {
            (handles::read::<Altmin>(s, "s")?, Call::read(control)?, growable::slot(inout, "inout")?)
        };
        let mut control = call.control();
        control.begin(f64::INFINITY, u64::MAX);
        let stopped = |stop| call.stopped("swl_altmin_certificate", stop);
        control.poll().map_err(stopped)?;
        let found = each_precision!(&*altmin, c => {
            let (seen, held) = c.parted()?;
            let prior = c.fitted()?.live.prior();
            Certificate::of(c.model()?, prior, &seen, held.as_ref(), &Team::solo(), &mut control).map(|(own, _)| own)
        });
        control.poll().map_err(stopped)?;
        let found = found?;
        slot.write(&swl_altmin_cert {
            struct_size: size_of::<swl_altmin_cert>() as u32,
            pad_: 0,
            fit: found.fit,
            residual: found.residual,
            held_out: found.held_out,
            gradient: found.gradient,
            row_incoherence: found.row_incoherence,
            col_incoherence: found.col_incoherence,
            oversampling: found.oversampling,
            entries: found.entries as i64,
            determined: found.determined,
            outliers: found.outliers as i64,
        });
        Ok(())
    })
}
