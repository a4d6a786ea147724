//! Starting and running a solve.

use super::super::control::{Call, swl_control};
use super::super::growable;
use super::super::guard::{check_pointer, guard, write_out};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::{SWL_RIGOR_NONE, rigor_number, swl_status};
use super::super::views::{optional_vector_of_outputs, swl_vec};
use super::{Bcd, Begin, Solved, swl_bcd, swl_bcd_info};
use crate::bcd::{PenaltyKind, Rule, Settings, Start, lambda_max, outputs};
use crate::runtime::{Control, Error, ErrorKind, Family, Level, Outcome, Result, Stop};

/// Where the next solve starts; without this it starts at the last iterate. coef NULL: from zero. intercept has one
/// number; NULL: 0. For k outputs coef has cols * k numbers, feature by feature, and intercept k. Both NULL: afresh, as
/// the first solve. Both are copied; results are stale as after a setter.
/// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_warm_start(
    s: *mut swl_bcd,
    coef: *const swl_vec,
    intercept: *const swl_vec,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut bcd, coef, intercept) = unsafe {
            let bcd = handles::write::<Bcd>(s, "s")?;
            let coef = optional_vector_of_outputs(coef, "coef", bcd.cols(), "column")?;
            (bcd, coef, optional_vector_of_outputs(intercept, "intercept", 1, "output")?)
        };
        for (subject, numbers) in [("coef", &coef), ("intercept", &intercept)] {
            let numbers = numbers.as_deref().unwrap_or(&[]);
            if let Some(k) = numbers.iter().position(|v| !v.is_finite()) {
                return Err(Error::new(ErrorKind::Data, subject)
                    .at(format!("entry {k}"))
                    .expected("a finite number")
                    .found(numbers[k]));
            }
        }
        bcd.start = match (coef, intercept) {
            (None, None) => None,
            (coef, intercept) => {
                let intercepts = intercept.unwrap_or_else(|| vec![0.0]);
                let coef = coef.unwrap_or_else(|| vec![0.0; bcd.cols() * intercepts.len()]);
                Some(Begin { coef, intercepts, given: true })
            }
        };
        bcd.make_stale();
        Ok(())
    })
}

/// Solves the problem from the last iterate, or from where swl_bcd_warm_start says. options NULL: the defaults (those
/// given to swl_bcd_new have no part in it; duplicates is not read here). control NULL: runs quietly to the end.
///
/// Not converging is an outcome, not an error: look at inout->outcome. A limit, a token or a callback that stops the
/// solve leaves an iterate that is valid and a certificate for it (SWL_CERT_NONE where it was stopped before lambda was
/// known). The caller sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted, the
/// getters tell. Callbacks run on this thread; they may use other handles, and get SWL_E_BUSY from this one.
///
/// Errors: SWL_E_STATE (no target), SWL_E_OPTION (options that contradict one another), SWL_E_DATA (a target that the
/// loss does not take), SWL_E_ARGUMENT, SWL_E_BUSY, SWL_E_UNSUPPORTED, SWL_E_CALLBACK (a callback of a swl_operator or
/// swl_function failed; inout->callback_code has its number). The last solution is still there then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_solve(
    s: *mut swl_bcd,
    options: *const swl_options,
    control: *const swl_control,
    inout: *mut swl_bcd_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut bcd, options, call, slot) = unsafe {
            (
                handles::write::<Bcd>(s, "s")?,
                or_defaults(options, Family::Bcd)?,
                Call::read(control)?,
                growable::optional_slot(inout, "inout")?,
            )
        };
        let settings = Settings::from_options(&options)?;
        bcd.need_target(&settings)?;
        let mut control = call.control();
        let begin = bcd.begin(&settings)?;
        let start = begin.as_ref().map(|(coef, b)| Start { coef: Some(coef), intercept: *b });
        let Bcd { workspace, problem, .. } = &mut *bcd;
        let solved = workspace.solve(problem, &options, start, &mut control);
        if let (Err(error), Some(slot)) = (&solved, &slot)
            && error.kind() == ErrorKind::Callback
        {
            slot.write(&failed_info(&settings, error.code()));
        }
        let solution = solved?;
        let solved = Solved { solution, settings };
        log_end(&solved, &mut control);
        if let Some(slot) = slot {
            slot.write(&info(&bcd, &solved, call.code()));
        }
        bcd.keep(solved);
        Ok(())
    })
}

/// The smallest lambda with an all-zero solution, for the loss, the penalty and what else the options say (NULL: the
/// defaults). Infinity for ridge. Fits the null model: a few passes over the data. Works before a solve too. Any number
/// of threads at once, unless one of them changes the handle.
/// Errors: as swl_bcd_solve, and SWL_E_STOPPED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_lambda_max(
    s: *const swl_bcd,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut f64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (bcd, options, call) = unsafe {
            (handles::read::<Bcd>(s, "s")?, or_defaults(options, Family::Bcd)?, Call::read(control)?)
        };
        check_pointer(out, "out")?;
        bcd.need_target(&Settings::from_options(&options)?)?;
        let mut control = call.control();
        let found = lambda_max(&bcd.problem, &options, &mut control)?;
        let stopped = control.poll().err().unwrap_or(Stop(Outcome::Cancelled));
        drop(control);
        let value = found.ok_or_else(|| call.stopped("swl_bcd_lambda_max", stopped))?;
        // SAFETY: `out` may be written.
        unsafe { write_out(out, value, "out") }
    })
}

impl Bcd {
    /// Takes a solution in: the next solve starts there.
    pub(super) fn keep(&mut self, solved: Solved) {
        let Solved { solution, .. } = &solved;
        let intercepts = match solution.output_loss {
            Some(_) => solution.intercepts.clone(),
            None => vec![solution.intercept],
        };
        let finite = intercepts.iter().chain(&solution.coef).all(|c| c.is_finite());
        self.start = finite.then(|| Begin { coef: solution.coef.clone(), intercepts, given: false });
        self.solved = Some(solved);
    }

    /// The coefficients and the intercept that a solve with these settings starts at; those of several outputs have
    /// their intercepts behind the coefficients. A last iterate of another size (of another loss) is passed over.
    pub(super) fn begin(&self, settings: &Settings) -> Result<Option<(Vec<f64>, f64)>> {
        let Some(begin) = &self.start else { return Ok(None) };
        let k = outputs(&self.problem, settings)?;
        let mut coef = begin.coef.clone();
        if settings.output_loss.is_none() {
            if begin.coef.len() != self.cols() && !begin.given {
                return Ok(None);
            }
            return Ok(Some((coef, begin.intercepts.first().copied().unwrap_or(0.0))));
        }
        if begin.coef.len() != self.cols() * k && !begin.given {
            return Ok(None);
        }
        // A single 0 stands for intercepts that were left out.
        if begin.intercepts.len() == k || begin.intercepts.iter().any(|b| *b != 0.0) {
            coef.extend_from_slice(&begin.intercepts);
        }
        Ok(Some((coef, 0.0)))
    }

    /// Units in a block after the cap by the data; 0 where it varies.
    fn block_size(&self, settings: &Settings, k: usize) -> i64 {
        let units = match (settings.penalty, self.groups, settings.group_size) {
            // Without norms every coordinate is a unit, whatever group it is in.
            (PenaltyKind::SparseGroup, _, _) if settings.l1_ratio == 1.0 => self.cols() * k,
            (kind, Some(count), _) if kind.has_groups() => count,
            (kind, None, size) if kind.has_groups() => self.cols().div_ceil(size.max(1)),
            _ => self.cols() * k,
        };
        if settings.rule == Rule::Auto { 0 } else { settings.block_size.min(units) as i64 }
    }
}

impl Solved {
    /// Of several solves in a call: what a callback returned, where it stopped this one; else 0.
    pub(super) fn code(&self, code: i32) -> i32 {
        if self.solution.outcome == Outcome::Cancelled { code } else { 0 }
    }
}

pub(super) fn info(bcd: &Bcd, solved: &Solved, code: i32) -> swl_bcd_info {
    let Solved { solution, settings } = solved;
    swl_bcd_info {
        struct_size: size_of::<swl_bcd_info>() as u32,
        outcome: solution.outcome as i32,
        iterations: solution.iterations,
        work: solution.work,
        objective: solution.certificate.objective,
        certificate: solution.certificate.value,
        target: solution.target,
        certificate_kind: solved.kind(),
        certificate_rigor: rigor_number(solution.certificate.rigor),
        lambda: solution.lambda,
        lambda_max: solution.lambda_max,
        nonzeros: solution.nonzeros() as i64,
        block_size: bcd.block_size(settings, solution.outputs),
        threads: settings.threads as i32,
        callback_code: code,
        seconds_setup: solution.seconds_setup,
        seconds_solve: solution.seconds_solve,
        explained: solution.explained,
        settled_at: solution.settled_at,
    }
}

/// The info of a solve that a callback ended.
fn failed_info(settings: &Settings, code: i32) -> swl_bcd_info {
    swl_bcd_info {
        struct_size: size_of::<swl_bcd_info>() as u32,
        outcome: Outcome::Unsolved as i32,
        iterations: 0,
        work: 0,
        objective: f64::NAN,
        certificate: f64::INFINITY,
        target: f64::NAN,
        certificate_kind: super::SWL_CERT_NONE,
        certificate_rigor: SWL_RIGOR_NONE,
        lambda: f64::NAN,
        lambda_max: f64::NAN,
        nonzeros: 0,
        block_size: 0,
        threads: settings.threads as i32,
        callback_code: code,
        seconds_setup: 0.0,
        seconds_solve: 0.0,
        explained: f64::NAN,
        settled_at: 0,
    }
}

fn log_end(solved: &Solved, control: &mut Control<'_>) {
    if control.logs(Level::Info) {
        let s = &solved.solution;
        let line = format!(
            "bcd: {} after {} iterations, objective {:.12e}, {} {:.3e} ({}), {} of {} coefficients not 0",
            s.outcome.name(),
            s.iterations,
            s.certificate.objective,
            s.certificate.kind_name(),
            s.certificate.value,
            s.certificate.rigor.name(),
            s.nonzeros(),
            s.coef.len()
        );
        control.log(Level::Info, &line);
    }
}
