//! Making, starting and running a completion.

use super::super::control::{Call, swl_control};
use super::super::entries::{EntryList, entry_list};
use super::super::growable;
use super::super::guard::{argument, check_pointer, guard, guard_value};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::super::views::{dense_rows, optional_vector, swl_dense, swl_matrix, swl_vec};
use super::{
    Altmin, Completion, Fitted, each_precision, side_of, swl_altmin, swl_altmin_info, without_entries,
};
use crate::altmin::Precision;
use crate::altmin::{Live, Model, Problem, Settings, Side, Solution, solve};
use crate::numerics::real::Real;
use crate::runtime::{Control, Error, ErrorKind, Family, Level, Options, Outcome, Phase, Result};

/// Makes a completion of a matrix from the entries that were observed: triplets, sparse (stored entries, zeros
/// included) or dense (every entry; with the option missing=nan those that are not NaN). weights has a number >= 0 for
/// each entry, in the order in which they are stored (NULL: all 1); 0 counts as not observed. Of the options (of solver
/// "altmin"; NULL: defaults) duplicates, missing, precision, feedback, confidence, threads, max_seconds and max_work
/// are read. The entries are copied, in any order. control may be NULL. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, places outside, repeats, nothing observed; with the entry),
/// SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_UNSUPPORTED (unknown tags), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_new(
    entries: *const swl_matrix,
    weights: *const swl_vec,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_altmin,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        let (options, call, list) = unsafe {
            (
                or_defaults(options, Family::Altmin)?,
                Call::read(control)?,
                entry_list(entries, "entries", true)?,
            )
        };
        // SAFETY: passed on.
        let weights = unsafe { optional_vector(weights, "weights", list.len(), "entry") }?;
        let settings = Settings::from_options(&options)?;
        let mut control = call.control();
        control.begin(settings.max_seconds, settings.max_work);
        let stopped = |stop| call.stopped("swl_altmin_new", stop);
        control.report(Phase::Setup, 0, f64::NAN, f64::NAN).map_err(stopped)?;
        let made = if settings.single {
            completion(&list, weights.as_deref(), &options, &mut control).map(Altmin::Single)
        } else {
            completion(&list, weights.as_deref(), &options, &mut control).map(Altmin::Double)
        };
        // A stop is told in the words of the call.
        control.poll().map_err(stopped)?;
        let made = made.map_err(|error| list.told(error, "entries", "weights"))?;
        // SAFETY: `out` may be written.
        unsafe { handles::publish(made, out) }
    })
}

/// Ends the completion; NULL is fine. One in use is not freed, and leaves a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_free(s: *mut swl_altmin) {
    // SAFETY: `s` is null or an object of ours that is not used afterwards.
    guard_value((), || unsafe { handles::free::<Altmin>(s, "s") });
}

/// Where the next solve starts: factors u (rows x k) and v (cols x k), of the rank that the next solve has. Without
/// this a solve starts at the last model. Both NULL: afresh. Copied. Errors: SWL_E_ARGUMENT, SWL_E_DATA,
/// SWL_E_UNSUPPORTED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_warm_start(
    s: *mut swl_altmin,
    u: *const swl_dense,
    v: *const swl_dense,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let mut altmin = unsafe { handles::write::<Altmin>(s, "s") }?;
        each_precision!(&mut *altmin, c => {
            let afresh = u.is_null() && v.is_null();
            let start = if afresh {
                None
            } else {
                let [rows, cols] = c.size()?;
                // SAFETY: passed on.
                let ((k, u), (l, v)) = unsafe { (dense_rows(u, "u", rows)?, dense_rows(v, "v", cols)?) };
                if k != l {
                    return Err(Error::new(ErrorKind::Argument, "v.cols")
                        .expected(format!("{k}, as many as u has"))
                        .found(l));
                }
                Some(Model::of_factors(rows, cols, k, &u, &v)?)
            };
            (c.start, c.afresh) = (start, afresh);
            Ok(())
        })
    })
}

/// Prior means of the factor of a side, in the units of the factors: rows x k (SWL_ROWS) or cols x k numbers, k the
/// rank of the solves that follow. The ridge then draws factors to them instead of 0, ridge d^p |u - mean|^2; it must
/// be above 0. A line without entries gets its mean. NULL: none any more. Copied. The last path is gone. Errors:
/// SWL_E_ARGUMENT, SWL_E_DATA (not finite), SWL_E_MEMORY, SWL_E_UNSUPPORTED, SWL_E_BUSY; the old ones stay then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_set_prior(
    s: *mut swl_altmin,
    side: i32,
    means: *const swl_dense,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let mut altmin = unsafe { handles::write::<Altmin>(s, "s") }?;
        let side = side_of(side)?;
        each_precision!(&mut *altmin, c => {
            c.catch_up()?;
            let problem = c.problem.as_mut().ok_or_else(|| without_entries("s"))?;
            if means.is_null() {
                problem.set_prior(side, &[])?;
            } else {
                let lines = if side == Side::Rows { problem.rows() } else { problem.cols() };
                // SAFETY: passed on.
                let (k, values) = unsafe { dense_rows(means, "means", lines) }?;
                if k == 0 {
                    return Err(argument("means.cols", "the rank, at least 1", k));
                }
                problem.set_prior(side, &values)?;
            }
            c.points = Vec::new();
            Ok(())
        })
    })
}

/// Completes the matrix, from the last model where it has the rank of the options, or from where swl_altmin_warm_start
/// says; from a start there is no search, but plain sweeps. options (of solver "altmin") NULL: the defaults;
/// duplicates, missing and precision are not read here; feedback and confidence must be those of swl_altmin_new.
/// control NULL: runs quietly to the end.
///
/// Not converging is an outcome, not an error: look at inout->outcome; the model is that of the last whole sweep. The
/// caller sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted.
///
/// The entries are those of swl_altmin_new, and what swl_altmin_observe and swl_altmin_append have made of them.
///
/// Errors: SWL_E_STATE (a model that was loaded without its entries), SWL_E_OPTION (options that contradict one
/// another, prior means without a ridge), SWL_E_ARGUMENT (a start or prior means of another rank), SWL_E_DATA (too few
/// entries to hold some out), SWL_E_MEMORY, SWL_E_BUSY. The last model is still there then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_altmin_solve(
    s: *mut swl_altmin,
    options: *const swl_options,
    control: *const swl_control,
    inout: *mut swl_altmin_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut altmin, options, call, slot) = unsafe {
            (
                handles::write::<Altmin>(s, "s")?,
                or_defaults(options, Family::Altmin)?,
                Call::read(control)?,
                growable::optional_slot(inout, "inout")?,
            )
        };
        let settings = Settings::from_options(&options)?;
        let mut control = call.control();
        let mut info = each_precision!(&mut *altmin, c => c.solve(&options, &settings, &mut control))?;
        info.callback_code = if info.outcome == Outcome::Cancelled as i32 { call.code() } else { 0 };
        if let Some(slot) = slot {
            slot.write(&info);
        }
        Ok(())
    })
}

fn completion<T: Precision>(
    list: &EntryList,
    weights: Option<&[f64]>,
    options: &Options,
    control: &mut Control<'_>,
) -> Result<Completion<T>> {
    let problem = Problem::new(list.entries(weights), options, control)?;
    Ok(Completion { problem: Some(problem), start: None, afresh: false, fitted: None, points: Vec::new() })
}

impl<T: Precision> Completion<T> {
    fn solve(
        &mut self,
        options: &Options,
        settings: &Settings,
        control: &mut Control<'_>,
    ) -> Result<swl_altmin_info> {
        self.catch_up()?;
        let start = self.start_of(settings)?;
        let solution = solve(self.problem()?, options, start, control)?;
        tell(&solution, control);
        let info = info(&solution, settings);
        self.points = Vec::new();
        self.keep(solution)?;
        Ok(info)
    }

    /// Makes the problem that of the entries as they are now.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        if self.problem.is_some()
            && let Some(fitted) = &self.fitted
            && fitted.live.is_changed()
        {
            let problem = Problem::of_live(&fitted.live)?;
            self.problem = Some(match &self.problem {
                Some(last) => problem.with_prior_of(last)?,
                None => problem,
            });
        }
        self.problem().map(|_| ())
    }

    /// Where a solve starts: where the caller said, or at the last model, if that fits.
    pub(super) fn start_of(&self, settings: &Settings) -> Result<Option<&Model<T>>> {
        let problem = self.problem()?;
        let rank = settings.rank.min(problem.rows()).min(problem.cols());
        let fits = |m: &&Model<T>| m.rank() == rank && !(settings.nonnegative && m.has_negative_factors());
        let last = self.fitted.as_ref().map(|fitted| fitted.live.model()).filter(fits);
        Ok(if self.afresh { None } else { self.start.as_ref().or(last) })
    }

    /// Makes a solution the last model.
    pub(super) fn keep(&mut self, solution: Solution<T>) -> Result<()> {
        let live = Live::of(self.problem()?, &solution);
        (self.start, self.afresh) = (None, false);
        self.fitted = Some(Fitted { live, trace: solution.trace });
        Ok(())
    }
}

pub(super) fn tell<T: Real>(solution: &Solution<T>, control: &mut Control<'_>) {
    if control.logs(Level::Info) {
        let line = format!(
            "altmin: {} after {} sweeps, residual {:.3e}",
            solution.outcome.name(),
            solution.iterations,
            solution.certificate.residual
        );
        control.log(Level::Info, &line);
    }
}

pub(super) fn info<T: Real>(solution: &Solution<T>, settings: &Settings) -> swl_altmin_info {
    let certificate = &solution.certificate;
    swl_altmin_info {
        struct_size: size_of::<swl_altmin_info>() as u32,
        outcome: solution.outcome as i32,
        iterations: solution.iterations,
        work: solution.work,
        objective: solution.objective,
        train_rmse: certificate.fit,
        held_out_rmse: certificate.held_out,
        mean: solution.model.mean(),
        ridge: solution.ridge,
        rank: solution.model.rank() as i64,
        undetermined_rows: certificate.undetermined_rows as i64,
        undetermined_cols: certificate.undetermined_cols as i64,
        components: certificate.components as i64,
        threads: settings.threads as i32,
        callback_code: 0,
        seconds_setup: solution.seconds_setup,
        seconds_solve: solution.seconds_solve,
    }
}
