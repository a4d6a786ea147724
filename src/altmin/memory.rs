//! How much memory a completion takes, told from its sizes alone.

use super::anderson;
use super::loss::LossKind;
use super::observations::Observations;
use super::problem::Problem;
use super::settings::{SearchKind, Settings};
use super::start;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::{Options, Result};

/// Copies of both factors beside one another in sweeps: the start, the state, the best and the last one, what a
/// half-step moves from, to, and collects, and what is turned and combined for an extrapolation.
const STATES: usize = 16;
/// Copies of both factors, in double precision, that a search beyond the plain one keeps: what was found, and the
/// vectors of Gauss-Newton steps.
const SEARCHED: usize = 16;
/// Copies of the observations that such a search keeps: without what is set aside, and what is left of them.
const LEFT: usize = 3;

impl<T: Real> Problem<T> {
    /// An estimate, from above, of the most bytes that a problem of this size and its solve take at a time with these
    /// options, without the caller's entries: the entries in both orders and once more while they are arranged, their
    /// parts where some are held out, and copies of the factors. `entries` are all that are given, repeats and weights
    /// of 0 too. Saturates.
    ///
    /// Errors: options that contradict one another. Costs nothing.
    pub fn memory_estimate(
        rows: usize,
        cols: usize,
        entries: usize,
        weighted: bool,
        options: &Options,
    ) -> Result<usize> {
        let settings = Settings::from_options(options)?;
        let rank = settings.rank.min(rows).min(cols);
        let weighted = weighted || settings.implicit || settings.nan_is_missing;
        let (stays, making) = Observations::<T>::bytes(rows, cols, entries, weighted);
        // Values divided by their scale, and weights of what is missing, in double precision.
        let making = making.saturating_add(entries.saturating_mul(if weighted { 16 } else { 8 }));
        let mut copies = 1 + usize::from(settings.held_out > 0.0) + usize::from(settings.center);
        if settings.ridge.is_none() {
            copies += 2;
        }
        let columns = rank + usize::from(settings.biases);
        let both =
            |bytes: fn(usize, usize) -> usize| bytes(rows, columns).saturating_add(bytes(cols, columns));
        let mut solving = both(Tall::<T>::bytes).saturating_mul(STATES);
        if settings.anderson && !settings.nonnegative {
            solving =
                solving.saturating_add(Tall::<T>::bytes(rows, columns).saturating_mul(anderson::COPIES));
        }
        if settings.search_for(settings.ridge.unwrap_or(1.0)) != SearchKind::Plain {
            copies += LEFT;
            solving = solving.saturating_add(both(Tall::<f64>::bytes).saturating_mul(SEARCHED));
            // The residual, its image and the like of Gauss-Newton steps.
            solving = solving.saturating_add(entries.saturating_mul(8 * LEFT));
        }
        if settings.loss != LossKind::Squared {
            // The entries with the weights of the loss, those cut back for the start, and the sizes of residuals,
            // twice.
            let (robust, _) = Observations::<T>::bytes(rows, cols, entries, true);
            solving =
                solving.saturating_add(robust.saturating_mul(2)).saturating_add(entries.saturating_mul(16));
        }
        let starting = start::bytes(rows, cols, rank);
        let held = stays.saturating_mul(copies);
        Ok(making.max(held.saturating_add(solving.max(starting))))
    }
}
