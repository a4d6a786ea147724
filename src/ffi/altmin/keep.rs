//! The life of a model after its fit: new entries and new lines; bytes to save, and a handle from them.

use super::super::control::{Call, swl_control};
use super::super::entries::{EntryList, entry_list};
use super::super::guard::{
    argument, check_pointer, check_unless_null, copy_bytes, flag, guard, write_unless_null,
};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{optional_vector, swl_matrix, swl_vec};
use super::predict::check_size;
use super::{
    Altmin, Completion, Fitted, SWL_UPDATE_BOTH, SWL_UPDATE_COLS, SWL_UPDATE_NONE, SWL_UPDATE_ROWS,
    each_precision, side_of, swl_altmin, without_entries,
};
use crate::altmin::observations::Repeats;
use crate::altmin::saved::{self, Loaded, Saved};
use crate::altmin::{Change, Live, Problem, Side};
use crate::numerics::real::Real;
use crate::runtime::error::out_of_memory;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::ffi::c_void;

/// Takes entries into the last model: those at new places come, those at known ones replace what is there (the last of
/// several counts), and those of weight 0 go. Then the lines that they are in are fitted again with the other factor as
/// it is, to rounding as a half-step would: the rows (SWL_UPDATE_ROWS), the columns (SWL_UPDATE_COLS), first the rows
/// and then the columns (SWL_UPDATE_BOTH), or none (SWL_UPDATE_NONE: the entries are noted for the next solve). entries
/// has the size of the matrix; weights as in swl_altmin_new. control may be NULL.
///
/// The first change of a line costs d k^2 + k^3 / 3 flops (d: its entries), a later one about k^2, or k^3 / 3 where the
/// ridge grows with d; the factorization is kept, k^2 numbers for each line that was touched. The next solve, the
/// certificate, scores and error bars are of the entries as they then are; the last path is gone. Errors: SWL_E_STATE
/// (no solve yet; a model that was loaded without its entries), SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_MEMORY,
/// SWL_E_STOPPED, SWL_E_UNSUPPORTED (a model with a robust loss or prior means), SWL_E_BUSY. On failure nothing has
/// changed, but that after SWL_E_MEMORY entries may be noted whose lines are not fitted again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_observe(
    s: *mut swl_altmin,
    entries: *const swl_matrix,
    weights: *const swl_vec,
    update: i32,
    control: *const swl_control,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut altmin, call, list, weights) = unsafe {
            let altmin = handles::write::<Altmin>(s, "s")?;
            let call = Call::read(control)?;
            let list = entry_list(entries, "entries", true)?;
            let weights = optional_vector(weights, "weights", list.len(), "entry")?;
            (altmin, call, list, weights)
        };
        let sides: &[Side] = match update {
            SWL_UPDATE_NONE => &[],
            SWL_UPDATE_ROWS => &[Side::Rows],
            SWL_UPDATE_COLS => &[Side::Columns],
            SWL_UPDATE_BOTH => &[Side::Rows, Side::Columns],
            other => {
                let expected = "SWL_UPDATE_NONE (0), _ROWS (1), _COLS (2) or _BOTH (3)";
                return Err(argument("update", expected, other));
            }
        };
        let mut control = call.control();
        control.begin(f64::INFINITY, u64::MAX);
        let stopped = |stop| call.stopped("swl_altmin_observe", stop);
        control.poll().map_err(stopped)?;
        let done =
            each_precision!(&mut *altmin, c => c.observe(&list, weights.as_deref(), sides, &mut control));
        done.map_err(|error| call.stopped("swl_altmin_observe", list.told(error, "entries", "weights")))
    })
}

/// Takes new rows (SWL_ROWS) or columns into the last model, after those there are: their entries, and the factors and
/// biases that swl_altmin_fold_in gives them; the other factor stays. entries and weights as there. swl_altmin_size
/// then tells the new size; a start of swl_altmin_warm_start, which has the old one, is gone. Copies the factor. Errors
/// and cost: as swl_altmin_fold_in, and SWL_E_BUSY; not for models with prior means. On failure nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_append(
    s: *mut swl_altmin,
    side: i32,
    entries: *const swl_matrix,
    weights: *const swl_vec,
    control: *const swl_control,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut altmin, call, list, weights) = unsafe {
            let altmin = handles::write::<Altmin>(s, "s")?;
            let call = Call::read(control)?;
            let list = entry_list(entries, "entries", true)?;
            let weights = optional_vector(weights, "weights", list.len(), "entry")?;
            (altmin, call, list, weights)
        };
        let side = side_of(side)?;
        let mut control = call.control();
        control.begin(f64::INFINITY, u64::MAX);
        let stopped = |stop| call.stopped("swl_altmin_append", stop);
        control.poll().map_err(stopped)?;
        let done = each_precision!(&mut *altmin, c => {
            c.fitted()?;
            if c.problem.as_ref().is_some_and(|problem| problem.prior().is_some()) {
                return Err(Error::new(ErrorKind::Unsupported, "s")
                    .expected("no prior means where lines are appended")
                    .found("some"));
            }
            let entries = list.entries(weights.as_deref());
            let appended = match &mut c.fitted {
                Some(fitted) => {
                    fitted.live.append(side, entries, Repeats::Error, &Team::solo(), &mut control).map(|_| ())
                }
                None => Ok(()),
            };
            if appended.is_ok() {
                (c.points, c.start) = (Vec::new(), None);
            }
            appended
        });
        done.map_err(|error| call.stopped("swl_altmin_append", list.told(error, "entries", "weights")))
    })
}

/// The last model as bytes, little-endian on every machine: once it is loaded it predicts and folds in to the same
/// bits. entries 0: without the entries, so that it cannot be solved or asked about them; 1: with them. need: how many
/// bytes (NULL: not wanted). buf NULL asks only; else cap is at least that. Any number of threads at once, unless one
/// of them changes the handle. Errors: SWL_E_STATE (no solve yet; entries that are not there), SWL_E_UNSUPPORTED
/// (entries of a model with prior means), SWL_E_ARGUMENT, SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_save(
    s: *const swl_altmin,
    entries: i32,
    buf: *mut c_void,
    cap: usize,
    need: *mut usize,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let altmin = unsafe { handles::read::<Altmin>(s, "s") }?;
        let entries = flag(entries, "entries")?;
        check_unless_null(need, "need")?;
        let bytes = each_precision!(&*altmin, c => c.saved(entries, buf.is_null())?);
        // SAFETY: the caller's buffer has `cap` bytes, and `need` may be written.
        unsafe {
            match bytes {
                Ok(bytes) => copy_bytes(&bytes, buf, cap, need),
                Err(size) => write_unless_null(need, size, "need"),
            }
        }
    })
}

/// A handle from the len bytes that swl_altmin_save gave; its last model is that one. Copied. The caller frees it.
/// Errors: SWL_E_ARGUMENT, SWL_E_FORMAT (not a saved model, damaged, or from a later version), SWL_E_MEMORY. On failure
/// *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_load(
    buf: *const c_void,
    len: usize,
    out: *mut *mut swl_altmin,
) -> swl_status {
    guard(|| {
        check_pointer(buf, "buf")?;
        check_pointer(out, "out")?;
        if isize::try_from(len).is_err() {
            return Err(argument("len", "a size that fits in memory", len));
        }
        // SAFETY: the caller's buffer has `len` bytes.
        let bytes = unsafe { std::slice::from_raw_parts(buf.cast::<u8>(), len) };
        let altmin = match saved::load(bytes)? {
            Loaded::Double(saved) => Altmin::Double(Completion::of_saved(saved)?),
            Loaded::Single(saved) => Altmin::Single(Completion::of_saved(saved)?),
        };
        // SAFETY: `out` may be written.
        unsafe { handles::publish(altmin, out) }
    })
}

impl<T: Real> Completion<T> {
    fn observe(
        &mut self,
        list: &EntryList,
        weights: Option<&[f64]>,
        sides: &[Side],
        control: &mut Control<'_>,
    ) -> Result<()> {
        self.fitted()?;
        if self.problem.is_none() {
            return Err(without_entries("s"));
        }
        check_size([list.rows, list.cols], self.size()?, "entries")?;
        list.check_places("entries")?;
        let mut changes = Vec::new();
        let count = list.len();
        changes.try_reserve_exact(count).map_err(|_| out_of_memory("entries", count, size_of::<Change>()))?;
        for (k, value) in list.value.iter().enumerate() {
            let (row, col) = (list.row[k] as usize, list.col[k] as usize);
            changes.push(Change { row, col, value: *value, weight: weights.map_or(1.0, |w| w[k]) });
        }
        if let Some(fitted) = &mut self.fitted {
            fitted.live.observe(&changes, sides, control).map_err(|error| error.renamed("model", "s"))?;
        }
        self.points = Vec::new();
        Ok(())
    }

    /// The bytes of the last model, or, where only that is asked, their number.
    fn saved(&self, entries: bool, asked: bool) -> Result<std::result::Result<Vec<u8>, usize>> {
        let live = &self.fitted()?.live;
        if entries && live.prior().is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "s")
                .expected("a model without prior means, to be saved with its entries")
                .found("one with some"));
        }
        let told = |error: Error| error.renamed("model", "s");
        let observed = if entries { Some(live.observations().map_err(told)?) } else { None };
        if asked {
            return Ok(Err(saved::size(live.model(), observed.as_deref())));
        }
        saved::save(live.model(), observed.as_deref().map(|observed| (observed, live.held_out()))).map(Ok)
    }

    fn of_saved(saved: Saved<T>) -> Result<Self> {
        let with_entries = saved.entries.is_some();
        let live = Live::of_saved(saved);
        let problem = if with_entries { Some(Problem::of_live(&live)?) } else { None };
        let fitted = Some(Fitted { live, trace: Vec::new() });
        Ok(Self { problem, start: None, afresh: false, fitted, points: Vec::new() })
    }
}
