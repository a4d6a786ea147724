//! Paths over the strength of the penalty, and cross-validation on them.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{Buffer, argument, check_pointer, copy_out, guard, write_out};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{integers, vector_of_any_length};
use super::solve::info;
use super::{
    Bcd, SWL_PATH_ADAPTIVE, SWL_PATH_COMPLETE, SWL_PATH_EXPLAINED, SWL_PATH_GIVEN, SWL_PATH_NONZEROS,
    SWL_PATH_POINTS, SWL_PATH_SPACED, SWL_PATH_STOPPED, Solved, Validated, Walked, swl_bcd, swl_bcd_info,
    swl_cv_info, swl_path_grid,
};
use crate::bcd::{Folds, Grid, PathEnd, Points, Settings, Solution, Start, cross_validate};
use crate::runtime::{Error, ErrorKind, Family, Result};

/// Points of a path unless the grid says how many.
const DEFAULT_POINTS: usize = 100;
/// Points of an adaptive path at most, unless the grid says how many.
const MOST_POINTS: usize = 10_000;

/// Solves the problem for falling strengths, each carried on from the one before: setup, Gram blocks and the last
/// iterate last for the whole path. grid NULL: 100 strengths from lambda_max down to that of the options. The first
/// point starts where swl_bcd_solve would start.
///
/// count gets the number of points; fewer than the grid says where the path ended early (swl_bcd_path_end says why).
/// The options' max_seconds and max_work are limits of the whole path. A path that is stopped keeps the points it has;
/// those whose certificate would have taken long have outcome uncertified instead of converged, objective NaN and an
/// infinite certificate: swl_bcd_path_select and swl_bcd_certificate give it. Afterwards the last point is the last
/// solution, and swl_bcd_path_select makes another point that; a path that was stopped before its first point leaves
/// the last solution as it was. The path is kept until the next path or setter. Errors: as swl_bcd_solve, and
/// SWL_E_ARGUMENT (the grid), SWL_E_OPTION (a strength above lambda_max, or an infinite lambda_max, where the grid is
/// to be chosen), SWL_E_UNSUPPORTED (an adaptive grid without a duality gap).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path(
    s: *mut swl_bcd,
    options: *const swl_options,
    grid: *const swl_path_grid,
    control: *const swl_control,
    count: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut bcd, options, grid, call) = unsafe {
            (
                handles::write::<Bcd>(s, "s")?,
                or_defaults(options, Family::Bcd)?,
                read_grid(grid)?,
                Call::read(control)?,
            )
        };
        check_pointer(count, "count")?;
        let settings = Settings::from_options(&options)?;
        bcd.need_target(&settings)?;
        let mut control = call.control();
        let begin = bcd.begin(&settings)?;
        let start = begin.as_ref().map(|(coef, b)| Start { coef: Some(coef), intercept: *b });
        let Bcd { workspace, problem, .. } = &mut *bcd;
        let path = workspace.path(problem, &options, &grid, start, &mut control).map_err(of_grid)?;
        let points = path.points.len() as i64;
        let last = path.points.last().cloned();
        bcd.take_path(Walked { path, settings, validated: None, code: call.code() }, last);
        // SAFETY: `count` may be written.
        unsafe { write_out(count, points, "count") }
    })
}

/// Why the last path ended: SWL_PATH_COMPLETE, _EXPLAINED, _NONZEROS, _POINTS or _STOPPED.
/// Errors: SWL_E_STATE (no path, or a setter since), SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_end(s: *const swl_bcd, out: *mut i32) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { handles::read::<Bcd>(s, "s") }?;
        let end = match bcd.walked()?.path.end {
            PathEnd::Complete => SWL_PATH_COMPLETE,
            PathEnd::Explained => SWL_PATH_EXPLAINED,
            PathEnd::Nonzeros => SWL_PATH_NONZEROS,
            PathEnd::Points => SWL_PATH_POINTS,
            PathEnd::Stopped(_) => SWL_PATH_STOPPED,
        };
        // SAFETY: `out` is null or may be written.
        unsafe { write_out(out, end, "out") }
    })
}

/// How point k of the last path went; k counts from 0, from the largest strength. work and seconds are of that point,
/// the setup counts at the first. The caller sets inout->struct_size. Errors: SWL_E_STATE (no path, or a setter since),
/// SWL_E_ARGUMENT (no such point), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_info(
    s: *const swl_bcd,
    k: i64,
    inout: *mut swl_bcd_info,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours, and `inout` has as many bytes as it states.
        let (bcd, slot) = unsafe { (handles::read::<Bcd>(s, "s")?, growable::slot(inout, "inout")?) };
        let walked = bcd.walked()?;
        let solved = Solved { solution: walked.point(k)?.clone(), settings: walked.settings.clone() };
        slot.write(&info(&bcd, &solved, solved.code(walked.code)));
        Ok(())
    })
}

/// The coefficients of point k of the last path: len numbers as swl_bcd_coef has them.
/// Errors: as swl_bcd_path_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_coef(s: *const swl_bcd, k: i64, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { handles::read::<Bcd>(s, "s") }?;
        let coef = &bcd.walked()?.point(k)?.coef;
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(coef, out, len, "one per column (and output)") }
    })
}

/// The intercept of point k of the last path, one number or one per output; 0 where none is fitted.
/// Errors: as swl_bcd_path_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_intercept(
    s: *const swl_bcd,
    k: i64,
    out: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { handles::read::<Bcd>(s, "s") }?;
        let intercepts = bcd.walked()?.point(k)?.output_intercepts();
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(&intercepts, out, len, "one per output") }
    })
}

/// For an adaptive path: out[k] is a bound, for every strength between point k and point k + 1, of the objective at the
/// coefficients of point k above its minimum. len is the number of points minus 1 (0 for other paths).
/// Errors: as swl_bcd_path_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_between(s: *const swl_bcd, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { handles::read::<Bcd>(s, "s") }?;
        let between = &bcd.walked()?.path.between;
        // SAFETY: `out` has `len` numbers.
        unsafe { copy_out(between, out, len, "one per interval of an adaptive path") }
    })
}

/// Makes point k of the last path the last solution: all getters, swl_bcd_predict and the next start are then of it.
/// Errors: as swl_bcd_path_info.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_path_select(s: *mut swl_bcd, k: i64) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let mut bcd = unsafe { handles::write::<Bcd>(s, "s") }?;
        let walked = bcd.walked()?;
        let solved = Solved { solution: walked.point(k)?.clone(), settings: walked.settings.clone() };
        bcd.keep(solved);
        Ok(())
    })
}

/// Cross-validates the strengths of a path (grid as in swl_bcd_path). Rows are left out by weight 0: nothing is copied.
///
/// fold_of_row NULL: folds folds of nearly equal size, dealt by the option seed, classes evenly. Else the fold of each
/// of the len rows, counted from 0, and folds is 0 or their number. Folds run in parallel with the option threads;
/// their number does not change a bit. A fold is fitted at lambda times its share of the weights, so that losses and
/// penalty keep their proportion. Afterwards the path on all rows is the last path, its point best the last solution,
/// and swl_bcd_cv_curve has the losses. The caller sets inout->struct_size; NULL: not wanted. Errors: as swl_bcd_path;
/// SWL_E_ARGUMENT (folds), SWL_E_UNSUPPORTED (several outputs, a function), SWL_E_STOPPED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_cross_validate(
    s: *mut swl_bcd,
    options: *const swl_options,
    grid: *const swl_path_grid,
    folds: i64,
    fold_of_row: *const i32,
    len: i64,
    control: *const swl_control,
    inout: *mut swl_cv_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut bcd, options, grid, call, slot) = unsafe {
            (
                handles::write::<Bcd>(s, "s")?,
                or_defaults(options, Family::Bcd)?,
                read_grid(grid)?,
                Call::read(control)?,
                growable::optional_slot(inout, "inout")?,
            )
        };
        // SAFETY: `fold_of_row` is null or has `len` numbers.
        let folds = unsafe { read_folds(folds, fold_of_row, len, bcd.rows()) }?;
        let settings = Settings::from_options(&options)?;
        bcd.need_target(&settings)?;
        let mut control = call.control();
        let found = cross_validate(&bcd.problem, &options, &grid, &folds, &mut control)
            .map_err(|error| of_grid(call.stopped("swl_bcd_cross_validate", error)))?;
        let lambda = |k: usize| found.path.points[k].lambda;
        if let Some(slot) = slot {
            slot.write(&swl_cv_info {
                struct_size: size_of::<swl_cv_info>() as u32,
                converged: i32::from(found.converged),
                count: found.mean.len() as i64,
                folds: found.folds.len() as i64,
                best: found.best as i64,
                one_se: found.one_standard_error as i64,
                lambda_best: lambda(found.best),
                lambda_one_se: lambda(found.one_standard_error),
                loss_best: found.mean[found.best],
                se_best: found.standard_error[found.best],
            });
        }
        let best = found.path.points.get(found.best).cloned();
        let validated = Validated { mean: found.mean, standard_error: found.standard_error };
        let walked = Walked { path: found.path, settings, validated: Some(validated), code: 0 };
        bcd.take_path(walked, best);
        Ok(())
    })
}

/// The curve of the last cross-validation: lambda, mean loss on rows left out and its standard error at each strength.
/// Each of the three has len numbers, or is NULL where it is not wanted. Errors: SWL_E_STATE (none, or a setter or path
/// since), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_cv_curve(
    s: *const swl_bcd,
    lambda: *mut f64,
    mean: *mut f64,
    standard_error: *mut f64,
    len: i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `s` is an object of ours.
        let bcd = unsafe { handles::read::<Bcd>(s, "s") }?;
        let walked = bcd.walked()?;
        let validated = walked.validated.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s").expected("a cross-validation").found("a path without one")
        })?;
        let lambdas: Vec<f64> = walked.path.points.iter().map(|p| p.lambda).collect();
        let wanted =
            [(lambda, &lambdas), (mean, &validated.mean), (standard_error, &validated.standard_error)];
        if usize::try_from(len) != Ok(lambdas.len()) {
            return Err(argument("len", format!("{}, one per strength", lambdas.len()), len));
        }
        let mut buffers = Vec::new();
        for (out, values) in wanted.into_iter().filter(|(out, _)| !out.is_null()) {
            buffers.push((Buffer::check(out, len, values.len(), "one per strength")?, values));
        }
        // SAFETY: each has `len` numbers.
        buffers.into_iter().try_for_each(|(buffer, values)| unsafe { buffer.fill(values) })
    })
}

impl Walked {
    fn point(&self, k: i64) -> Result<&Solution> {
        let points = &self.path.points;
        usize::try_from(k)
            .ok()
            .and_then(|k| points.get(k))
            .ok_or_else(|| argument("k", format!("0 <= k < {}, the points of the path", points.len()), k))
    }
}

impl Bcd {
    /// Takes a path in; `chosen` becomes the last solution. Without points the one before stays.
    fn take_path(&mut self, walked: Walked, chosen: Option<Solution>) {
        if let Some(solution) = chosen {
            self.keep(Solved { solution, settings: walked.settings.clone() });
        }
        self.path = Some(walked);
    }
}

/// Says a field of the grid as the caller has it.
fn of_grid(error: Error) -> Error {
    let fields = [
        ("lambdas", "grid.lambdas"),
        ("gap", "grid.gap"),
        ("max_explained", "grid.max_explained"),
        ("count", "grid.count"),
        ("most", "grid.count"),
    ];
    fields.into_iter().fold(error, |error, (field, name)| error.renamed(field, name))
}

/// The caller's grid; NULL: the default.
///
/// # Safety
/// `grid` is null or has as many bytes as it states, and its `lambdas` is null or a view as long as it says.
unsafe fn read_grid(grid: *const swl_path_grid) -> Result<Grid> {
    if grid.is_null() {
        return Ok(Grid::spaced(DEFAULT_POINTS));
    }
    // SAFETY: passed on.
    let grid = unsafe { growable::read::<swl_path_grid>(grid, "grid") }?;
    let count =
        usize::try_from(grid.count).map_err(|_| argument("grid.count", "a number >= 0", grid.count))?;
    if count > MOST_POINTS {
        return Err(argument("grid.count", format!("at most {MOST_POINTS}"), count));
    }
    if grid.kind != SWL_PATH_GIVEN && !grid.lambdas.is_null() {
        return Err(argument("grid.lambdas", "NULL unless grid.kind is SWL_PATH_GIVEN", "a pointer"));
    }
    let points = match grid.kind {
        SWL_PATH_SPACED => Points::Spaced(if count == 0 { DEFAULT_POINTS } else { count }),
        SWL_PATH_GIVEN => {
            // SAFETY: passed on.
            let lambdas = unsafe { vector_of_any_length(grid.lambdas, "grid.lambdas") }?;
            if count != 0 && count != lambdas.len() {
                let expected = format!("0 or {}, the length of grid.lambdas", lambdas.len());
                return Err(argument("grid.count", expected, count));
            }
            Points::Given(lambdas)
        }
        SWL_PATH_ADAPTIVE => {
            Points::Adaptive { gap: grid.gap, most: if count == 0 { MOST_POINTS } else { count } }
        }
        other => {
            return Err(Error::new(ErrorKind::Unsupported, "grid.kind")
                .expected("SWL_PATH_SPACED, _GIVEN or _ADAPTIVE")
                .found(other));
        }
    };
    let max_explained = match grid.max_explained {
        0.0 => f64::INFINITY,
        share => share,
    };
    let max_nonzeros = match grid.max_nonzeros {
        0 => usize::MAX,
        most => usize::try_from(most)
            .map_err(|_| argument("grid.max_nonzeros", "a number >= 0", grid.max_nonzeros))?,
    };
    Ok(Grid { points, max_explained, max_nonzeros })
}

/// # Safety
/// `fold_of_row` is null or has `len` numbers.
unsafe fn read_folds(folds: i64, fold_of_row: *const i32, len: i64, rows: usize) -> Result<Folds> {
    let count = usize::try_from(folds).map_err(|_| argument("folds", "a number >= 0", folds))?;
    if fold_of_row.is_null() {
        return Ok(Folds::Seeded(count));
    }
    // SAFETY: passed on.
    let given = unsafe { integers(fold_of_row, len, "fold_of_row", rows, "row") }?;
    let mut of_row = Vec::with_capacity(given.len());
    for (row, fold) in given.iter().enumerate() {
        of_row.push(usize::try_from(*fold).map_err(|_| {
            Error::new(ErrorKind::Data, "fold_of_row")
                .at(format!("row {row}"))
                .expected("a number >= 0")
                .found(fold)
        })?);
    }
    let largest = of_row.iter().max().map_or(0, |f| f + 1);
    if count != 0 && count != largest {
        return Err(argument("folds", format!("0, or {largest} as in fold_of_row"), folds));
    }
    Ok(Folds::Given(of_row))
}
