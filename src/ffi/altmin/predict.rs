//! Applying the last model.

use super::super::control::{Call, swl_control};
use super::super::entries::{EntryList, entry_list};
use super::super::guard::{
    Buffer, argument, check_pointer, check_unless_null, guard, write_out, write_unless_null,
};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{dense_rows, node_numbers, optional_vector, size, swl_dense, swl_matrix, swl_vec};
use super::{Altmin, Completion, each_precision, side_of, swl_altmin};
use crate::altmin::Side;
use crate::altmin::identifiability::Identifiability;
use crate::altmin::observations::{Observations, Repeats, WEIGHTS};
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Error, ErrorKind, Result};
use std::sync::Arc;

/// The model at places, whose values are not read (they may be NULL): one number for each, in their order. A
/// row or column without entries has factors 0, so there is the mean and what bias is known. Nothing is kept.
///
/// Any number of threads at once, unless one of them changes the handle.
/// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT, SWL_E_DATA (a place outside the matrix), SWL_E_MEMORY,
/// SWL_E_UNSUPPORTED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_predict(
    s: *const swl_altmin,
    places: *const swl_matrix,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let list = entry_list(places, "places", false)?;
            let buffer = Buffer::check(out, len, list.len(), "one per place")?;
            let values: Vec<f64> = each_precision!(&*altmin, c => {
                let model = c.model()?;
                check_size([list.rows, list.cols], [model.rows(), model.cols()], "places")?;
                list.check_places("places")?;
                list.row.iter().zip(&list.col).map(|(i, j)| model.predict(*i as usize, *j as usize)).collect()
            });
            buffer.fill(&values)
        }
    })
}

/// For each of places: 1 if the places of the entries do not rule out that it is determined at the rank of the model
/// (both lines have enough entries among lines that have, in one component), 0 if they do. A necessary condition. len
/// is the number of places. As swl_altmin_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_determined(
    s: *const swl_altmin,
    places: *const swl_matrix,
    out: *mut i32,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let list = entry_list(places, "places", false)?;
            if usize::try_from(len) != Ok(list.len()) {
                return Err(argument("len", format!("{}, one per place", list.len()), len));
            }
            if len > 0 {
                check_pointer(out, "out")?;
            }
            let known = each_precision!(&*altmin, c => {
                let seen = c.parted()?.0;
                check_size([list.rows, list.cols], [seen.rows(), seen.cols()], "places")?;
                Identifiability::of(&seen, c.model()?.rank())?
            });
            list.check_places("places")?;
            for (k, (i, j)) in list.row.iter().zip(&list.col).enumerate() {
                let determined = known.may_be_determined(*i as usize, *j as usize);
                // SAFETY: `out` has as many numbers as there are places.
                out.add(k).write(i32::from(determined));
            }
            Ok(())
        }
    })
}

/// The weighted root mean square error of the model on other entries. weights as in swl_altmin_new. *unseen: how many
/// of them are in a row or column without fitted entries; NULL: not wanted (a model that was loaded without its entries
/// cannot say). NaN for no entries. As swl_altmin_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_score(
    s: *const swl_altmin,
    test: *const swl_matrix,
    weights: *const swl_vec,
    rmse: *mut f64,
    unseen: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            check_pointer(rmse, "rmse")?;
            check_unless_null(unseen, "unseen")?;
            let list = entry_list(test, "test", true)?;
            let weights = optional_vector(weights, "weights", list.len(), "entry")?;
            let (error, blank) = each_precision!(&*altmin, c => {
                check_size([list.rows, list.cols], c.size()?, "test")?;
                list.check_places("test")?;
                if let Some(weights) = &weights
                    && let Some(k) = weights.iter().position(|w| *w != 0.0 && !WEIGHTS.contains(w))
                {
                    let error = Error::new(ErrorKind::Data, "weights").at(format!("entry {k}"));
                    return Err(error.expected("0, or a number from 1e-30 to 1e30").found(weights[k]));
                }
                if let Some(k) = list.value.iter().position(|v| !v.is_finite()) {
                    let error = Error::new(ErrorKind::Data, "value").at(format!("entry {k}"));
                    return Err(list.told(error.expected("a finite number").found(list.value[k]), "test", "weights"));
                }
                c.score(&list, weights.as_deref(), !unseen.is_null())
            })?;
            write_out(rmse, error, "rmse")?;
            write_unless_null(unseen, blank, "unseen")
        }
    })
}

/// The n columns of largest prediction for row which (SWL_ROWS), or the rows for column which (SWL_COLS), largest
/// first, without the n_except in except: their numbers in ids and predictions in scores, n of each. *count: how many
/// there are, at most n. Nothing is written beyond that. As swl_altmin_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_top(
    s: *const swl_altmin,
    side: i32,
    which: i64,
    except: *const i64,
    n_except: i64,
    n: i64,
    ids: *mut i64,
    scores: *mut f64,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let side = side_of(side)?;
            let (wanted, which) = (size(n, "n")?, size(which, "which")?);
            let except = node_numbers(except, size(n_except, "n_except")?, "except")?;
            check_pointer(count, "count")?;
            if wanted > 0 {
                check_pointer(ids, "ids")?;
                check_pointer(scores, "scores")?;
            }
            let best = each_precision!(&*altmin, c => {
                let model = c.model()?;
                let lines = if side == Side::Rows { model.rows() } else { model.cols() };
                if which >= lines {
                    return Err(argument("which", format!("a number below {lines}"), which));
                }
                model.top(side, which, &except, wanted)
            });
            for (k, (id, score)) in best.iter().enumerate() {
                ids.add(k).write(*id as i64);
                scores.add(k).write(*score);
            }
            write_out(count, best.len() as i64, "count")
        }
    })
}

/// Factors of new rows (SWL_ROWS) or columns from their entries, with the other factor of the last model fixed: a
/// half-step to rounding, with the ridge of the last solve. entries has as many rows as there are new ones and the
/// columns of the model (for new columns the other way around). out: k numbers for each new line; bias: one for each,
/// for a model with biases, else NULL. Nothing is kept. As swl_altmin_predict; SWL_E_STOPPED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_fold_in(
    s: *const swl_altmin,
    side: i32,
    entries: *const swl_matrix,
    weights: *const swl_vec,
    control: *const swl_control,
    out: *mut f64,
    len: i64,
    bias: *mut f64,
    bias_len: i64,
) -> swl_status {
    let new = NewLines { side, entries, weights, means: std::ptr::null() };
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe { fold_in(s, new, control, "swl_altmin_fold_in", (out, len), (bias, bias_len)) })
}

/// As swl_altmin_fold_in, with prior means of the new lines that the ridge draws them to: k numbers for each; a line
/// without entries gets its mean. NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_fold_in_prior(
    s: *const swl_altmin,
    side: i32,
    entries: *const swl_matrix,
    weights: *const swl_vec,
    means: *const swl_dense,
    control: *const swl_control,
    out: *mut f64,
    len: i64,
    bias: *mut f64,
    bias_len: i64,
) -> swl_status {
    let new = NewLines { side, entries, weights, means };
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe { fold_in(s, new, control, "swl_altmin_fold_in_prior", (out, len), (bias, bias_len)) })
}

/// What is known of new lines.
struct NewLines {
    side: i32,
    entries: *const swl_matrix,
    weights: *const swl_vec,
    means: *const swl_dense,
}

/// # Safety
/// The pointers are null or what the declaration of the call says, arrays as long as it says.
unsafe fn fold_in(
    s: *const swl_altmin,
    new: NewLines,
    control: *const swl_control,
    name: &'static str,
    (out, len): (*mut f64, i64),
    (bias, bias_len): (*mut f64, i64),
) -> Result<()> {
    // SAFETY: what the caller promises of each argument, passed on.
    unsafe {
        let altmin = handles::read::<Altmin>(s, "s")?;
        let side = side_of(new.side)?;
        let call = Call::read(control)?;
        let list = entry_list(new.entries, "entries", true)?;
        let weights = optional_vector(new.weights, "weights", list.len(), "entry")?;
        let lines = if side == Side::Rows { list.rows } else { list.cols };
        let means = if new.means.is_null() { None } else { Some(dense_rows(new.means, "means", lines)?) };
        let mut control = call.control();
        control.begin(f64::INFINITY, u64::MAX);
        let stopped = |stop| call.stopped(name, stop);
        control.poll().map_err(stopped)?;
        let (factors, biases) = each_precision!(&*altmin, c => {
            let model = c.model()?;
            let k = model.rank();
            if let Some((columns, _)) = means.as_ref().filter(|(columns, _)| *columns != k) {
                return Err(argument("means.cols", format!("{k}, the rank of the model"), columns));
            }
            Buffer::check(out, len, lines.saturating_mul(k), "one per new line and rank")?;
            let joint = !model.biases(side).is_empty();
            let biases = if joint { lines } else { 0 };
            Buffer::check_named(bias, bias_len, biases, "one per new line of a model with biases", BIAS)?;
            let (entries, team) = (list.entries(weights.as_deref()), Team::solo());
            let means = means.as_ref().map(|(_, means)| &means[..]);
            let folded = model.fold_in_near(side, entries, means, Repeats::Error, &team, &mut control);
            control.poll().map_err(stopped)?;
            let folded = folded.map_err(|error| list.told(error, "entries", "weights"))?;
            (folded.factor(side), folded.biases(side))
        });
        Buffer::check_named(bias, bias_len, biases.len(), "one per new line", BIAS)?.fill(&biases)?;
        Buffer::check(out, len, factors.len(), "one per new line and rank")?.fill(&factors)
    }
}

/// What the loss of the last model makes of entries, for each the share of its weight that counts: 1 for all with
/// loss=squared, near 0 for outliers. entries with their values, those that were fitted or others. As
/// swl_altmin_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_entry_weights(
    s: *const swl_altmin,
    entries: *const swl_matrix,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let list = entry_list(entries, "entries", true)?;
            let buffer = Buffer::check(out, len, list.len(), "one per entry")?;
            let values: Vec<f64> = each_precision!(&*altmin, c => {
                let model = c.model()?;
                check_size([list.rows, list.cols], [model.rows(), model.cols()], "entries")?;
                list.check_places("entries")?;
                if let Some(k) = list.value.iter().position(|v| !v.is_finite()) {
                    let error = Error::new(ErrorKind::Data, "value").at(format!("entry {k}"));
                    return Err(list.told(error.expected("a finite number").found(list.value[k]), "entries", "weights"));
                }
                let places = list.row.iter().zip(&list.col).zip(&list.value);
                places.map(|((i, j), value)| model.entry_weight(*i as usize, *j as usize, *value)).collect()
            });
            buffer.fill(&values)
        }
    })
}

/// What the header calls the buffer of biases and its length.
const BIAS: [&str; 2] = ["bias", "bias_len"];

pub(super) fn check_size(found: [usize; 2], expected: [usize; 2], subject: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let [rows, cols] = expected;
    Err(argument(
        subject,
        format!("{rows} x {cols}, the size of the matrix"),
        format!("{} x {}", found[0], found[1]),
    ))
}

impl<T: Real> Completion<T> {
    /// The error on entries, and, where it is wanted, how many of them are in lines without fitted entries.
    fn score(&self, list: &EntryList, weights: Option<&[f64]>, count: bool) -> Result<(f64, i64)> {
        let model = self.model()?;
        let scale = model.scale();
        let seen = if count { Some(self.parted()?.0) } else { None };
        let (mut squares, mut total, mut unseen) = (0.0, 0.0, 0);
        for (k, value) in list.value.iter().enumerate() {
            let (i, j) = (list.row[k] as usize, list.col[k] as usize);
            let weight = weights.map_or(1.0, |w| w[k]);
            // In units of the data, so that no square vanishes or overflows.
            squares += weight * ((value - model.predict(i, j)) / scale).powi(2);
            total += weight;
            let blank = |s: &Arc<Observations<T>>| s.by_row().degree(i) == 0 || s.by_col().degree(j) == 0;
            unseen += i64::from(seen.as_ref().is_some_and(blank));
        }
        Ok(((squares / total).sqrt() * scale, unseen))
    }
}
