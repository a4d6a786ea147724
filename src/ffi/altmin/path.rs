//! Paths over ridges or ranks.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{argument, check_unless_null, guard, write_unless_null};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{node_numbers, size, swl_vec, vector_of_any_length};
use super::solve::{info, tell};
use super::{Altmin, Completion, each_precision, swl_altmin, swl_altmin_info};
use crate::altmin::Precision;
use crate::altmin::Settings;
use crate::altmin::path::{Grid, path};
use crate::runtime::{Control, Family, Options, Outcome, Result};

/// Completes the matrix for ridges, each below the one before, or for n_ranks ranks, each above the one before; the
/// other of the two is NULL. They take the place of the option. The first point starts where swl_altmin_solve would,
/// each later one at the point before it. With the option held_out each point has the error of the same entries that
/// none has seen.
///
/// count gets the number of points, fewer where the path was stopped; best that of the point of least error on the
/// entries held out, -1 where none are (each may be NULL). max_seconds and max_work are limits of the whole path.
/// Afterwards that point, or else the last one, is the last model, and swl_altmin_path_select makes another that. The
/// path is kept, with a model for each point, until the next solve, path or change of the entries. control may be NULL.
/// Errors: as swl_altmin_solve, and SWL_E_ARGUMENT (ridges or ranks).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_path(
    s: *mut swl_altmin,
    options: *const swl_options,
    ridges: *const swl_vec,
    ranks: *const i64,
    n_ranks: i64,
    control: *const swl_control,
    count: *mut i64,
    best: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut altmin, options, call) = unsafe {
            (handles::write::<Altmin>(s, "s")?, or_defaults(options, Family::Altmin)?, Call::read(control)?)
        };
        check_unless_null(count, "count")?;
        check_unless_null(best, "best")?;
        if ridges.is_null() == ranks.is_null() {
            let found = if ridges.is_null() { "neither" } else { "both" };
            return Err(argument("ridges", "either ridges or ranks", found));
        }
        // SAFETY: passed on.
        let (ridges, ranks) = unsafe {
            if ranks.is_null() {
                (vector_of_any_length(ridges, "ridges")?, None)
            } else {
                (Vec::new(), Some(node_numbers(ranks, size(n_ranks, "n_ranks")?, "ranks")?))
            }
        };
        let grid = ranks.as_ref().map_or(Grid::Ridges(&ridges), |ranks| Grid::Ranks(ranks));
        let mut control = call.control();
        let (points, chosen) =
            each_precision!(&mut *altmin, c => c.path(&options, grid, &mut control, &call))?;
        // SAFETY: each is null or may be written.
        unsafe {
            write_unless_null(count, points, "count")?;
            write_unless_null(best, chosen, "best")
        }
    })
}

/// How point k of the last path went; k counts from 0. work and seconds are of that point. The caller sets
/// inout->struct_size. Errors: SWL_E_ARGUMENT (no such point), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_path_info(
    s: *const swl_altmin,
    k: i64,
    inout: *mut swl_altmin_info,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `inout` has as many bytes as it states.
        let (altmin, slot) = unsafe { (handles::read::<Altmin>(s, "s")?, growable::slot(inout, "inout")?) };
        slot.write(&each_precision!(&*altmin, c => c.points[c.point(k)?].1));
        Ok(())
    })
}

/// Makes point k of the last path the last model: all getters and the next start are then of it. Errors: as
/// swl_altmin_path_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_path_select(s: *mut swl_altmin, k: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let mut altmin = unsafe { handles::write::<Altmin>(s, "s") }?;
        each_precision!(&mut *altmin, c => {
            let solution = c.points[c.point(k)?].0.clone();
            c.keep(solution)
        })
    })
}

impl<T: Precision> Completion<T> {
    /// The number of points, and of the best, or -1.
    fn path(
        &mut self,
        options: &Options,
        grid: Grid<'_>,
        control: &mut Control<'_>,
        call: &Call,
    ) -> Result<(i64, i64)> {
        self.catch_up()?;
        // Before a first point becomes an option, whose refusal would not name the grid.
        let [rows, cols] = self.size()?;
        grid.check(rows.min(cols))?;
        let mut options = options.clone();
        match grid {
            Grid::Ranks(&[first, ..]) => options.set_integer("rank", first as i64)?,
            Grid::Ridges(&[first, ..]) => options.set_real("ridge", first)?,
            _ => {}
        }
        let settings = Settings::from_options(&options)?;
        let found = path(self.problem()?, &options, grid, self.start_of(&settings)?, control)?;
        let points = found.points.into_iter().map(|solution| {
            tell(&solution, control);
            let mut info = info(&solution, &settings);
            info.callback_code = if solution.outcome == Outcome::Cancelled { call.code() } else { 0 };
            (solution, info)
        });
        let points: Vec<_> = points.collect();
        let chosen = found.best.or(points.len().checked_sub(1));
        if let Some(k) = chosen {
            let solution = points[k].0.clone();
            self.keep(solution)?;
        }
        self.points = points;
        Ok((self.points.len() as i64, found.best.map_or(-1, |k| k as i64)))
    }

    fn point(&self, k: i64) -> Result<usize> {
        let points = self.points.len();
        usize::try_from(k)
            .ok()
            .filter(|k| *k < points)
            .ok_or_else(|| argument("k", format!("0 <= k < {points}, the points of the last path"), k))
    }
}
