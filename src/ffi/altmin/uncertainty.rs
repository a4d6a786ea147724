//! How far the last model may be off, and what a problem takes.

use super::super::control::{Call, swl_control};
use super::super::entries::{entry_list, entry_sizes};
use super::super::guard::{Buffer, argument, flag, guard, write_out};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::swl_matrix;
use super::predict::check_size;
use super::{Altmin, Completion, each_precision, swl_altmin};
use crate::altmin::{Model, Problem, Settings};
use crate::numerics::real::Real;
use crate::runtime::{Control, Error, ErrorKind, Family, Result};

/// An estimate of the standard deviation of the noise of the entries, in their units: what the last model leaves of
/// them beyond its degrees of freedom; NaN where there are not more entries than those. A ridge makes it too large
/// where there are few entries. For explicit values. Any number of threads at once, unless one of them changes the
/// handle. Errors: SWL_E_STATE (no solve yet; a model that was loaded without its entries), SWL_E_UNSUPPORTED (implicit
/// feedback), SWL_E_ARGUMENT, SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_noise(
    s: *const swl_altmin,
    control: *const swl_control,
    out: *mut f64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (altmin, call) = unsafe { (handles::read::<Altmin>(s, "s")?, Call::read(control)?) };
        let mut control = call.control();
        control.begin(f64::INFINITY, u64::MAX);
        let noise = each_precision!(&*altmin, c => c.noise(&mut control));
        let noise = noise.map_err(|error| call.stopped("swl_altmin_noise", error))?;
        // SAFETY: null or may be written.
        unsafe { write_out(out, noise, "out") }
    })
}

/// The standard deviation of each prediction at places (whose values are not read) for noise of standard deviation
/// noise in each entry of weight 1 (of weight w: noise / sqrt(w)); NaN: as swl_altmin_noise estimates it. To first
/// order, from the Gram matrices of the place's row and column; infinite where the entries do not determine it. For
/// explicit values. Costs d k^2 + k^3 / 3 flops for each row and each column that has a place. len is the number of
/// places. Errors: as swl_altmin_noise, and SWL_E_DATA (a place outside the matrix).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_error_bars(
    s: *const swl_altmin,
    places: *const swl_matrix,
    noise: f64,
    control: *const swl_control,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let altmin = handles::read::<Altmin>(s, "s")?;
            let call = Call::read(control)?;
            let list = entry_list(places, "places", false)?;
            let buffer = Buffer::check(out, len, list.len(), "one per place")?;
            if !(noise.is_nan() || noise >= 0.0 && noise.is_finite()) {
                return Err(argument("noise", "a finite number >= 0, or NaN for the estimate", noise));
            }
            let mut control = call.control();
            control.begin(f64::INFINITY, u64::MAX);
            let bars = each_precision!(&*altmin, c => {
                check_size([list.rows, list.cols], c.size()?, "places")?;
                list.check_places("places")?;
                let places = list.row.iter().zip(&list.col).map(|(i, j)| (*i as usize, *j as usize));
                c.error_bars(&places.collect::<Vec<_>>(), noise, &mut control)
            });
            buffer.fill(&bars.map_err(|error| call.stopped("swl_altmin_error_bars", error))?)
        }
    })
}

/// An estimate, from above, of the most bytes that swl_altmin_new and swl_altmin_solve take at a time for entries of
/// this size (the arrays are not read and may be NULL), weighted (1) or not (0), with options (NULL: defaults); without
/// what the caller holds. Errors: SWL_E_ARGUMENT, SWL_E_UNSUPPORTED (unknown tags), SWL_E_OPTION.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_memory_estimate(
    entries: *const swl_matrix,
    weighted: i32,
    options: *const swl_options,
    bytes: *mut u64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let ([rows, cols, count], options) =
            unsafe { (entry_sizes(entries, "entries")?, or_defaults(options, Family::Altmin)?) };
        let weighted = flag(weighted, "weighted")?;
        let taken = if Settings::from_options(&options)?.single {
            Problem::<f32>::memory_estimate(rows, cols, count, weighted, &options)?
        } else {
            Problem::<f64>::memory_estimate(rows, cols, count, weighted, &options)?
        };
        // The copies of places, values and weights that are made of the caller's arrays.
        let copied = count.saturating_mul(24 + if weighted { 8 } else { 0 });
        // SAFETY: null or may be written.
        unsafe { write_out(bytes, taken.saturating_add(copied) as u64, "bytes") }
    })
}

impl<T: Real> Completion<T> {
    fn noise(&self, control: &mut Control<'_>) -> Result<f64> {
        Ok(self.explicit()?.noise(&self.parted()?.0, control)?)
    }

    /// The last model, which must be one of explicit values.
    fn explicit(&self) -> Result<&Model<T>> {
        let model = self.model()?;
        if model.is_implicit() {
            return Err(Error::new(ErrorKind::Unsupported, "s")
                .expected("a model of explicit values")
                .found("one of implicit feedback"));
        }
        Ok(model)
    }

    fn error_bars(
        &self,
        places: &[(usize, usize)],
        noise: f64,
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>> {
        let model = self.explicit()?;
        let noise = if noise.is_nan() { self.noise(control)? } else { noise };
        let bars = model.error_bars(&self.parted()?.0, places, noise, control)?;
        // Without an estimate nothing is known.
        Ok(if noise.is_nan() { vec![f64::NAN; bars.len()] } else { bars })
    }
}
