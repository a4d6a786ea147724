//! Control of one call: cancel token, progress, log.

use super::growable::{self, Growable};
use super::guard::{argument, guard, guard_value};
use super::handles::{self, Object};
use super::status::swl_status;
use super::views::check_padding;
use crate::runtime::{CancelToken, Control, Error, ErrorKind, Level, Phase, Progress, Result, Verdict};
use std::cell::Cell;
use std::ffi::{c_char, c_void};

/// A flag that stops every call that was given it. It must live until they all returned.
pub struct swl_cancel {
    _opaque: [u8; 0],
}

impl Object for CancelToken {
    type C = swl_cancel;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLc");
    const NAME: &'static str = "swl_cancel";
}

/// Phase of a call: reading and checking the data.
pub const SWL_PHASE_SETUP: i32 = 0;
/// Phase of a call: fitting the unpenalized terms alone.
pub const SWL_PHASE_NULL_MODEL: i32 = 1;
/// Phase of a call: the main loop.
pub const SWL_PHASE_SOLVE: i32 = 2;
/// Phase of a call: the certificate of the answer.
pub const SWL_PHASE_CERTIFICATE: i32 = 3;

const _: () = {
    assert!(SWL_PHASE_SETUP == Phase::Setup as i32 && SWL_PHASE_NULL_MODEL == Phase::NullModel as i32);
    assert!(SWL_PHASE_SOLVE == Phase::Solve as i32 && SWL_PHASE_CERTIFICATE == Phase::Certificate as i32);
};

/// What a progress callback sees. struct_size is the library's: a callback that wants a later field checks it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_progress {
    /// sizeof(swl_progress) of the library
    pub struct_size: u32,
    /// SWL_PHASE_SETUP or a later one
    pub phase: i32,
    /// iterations so far
    pub iteration: u64,
    /// floating-point operations so far, counted and not timed
    pub work: u64,
    /// seconds since the call began
    pub seconds: f64,
    /// NaN: not known yet
    pub objective: f64,
    /// NaN: not known yet
    pub certificate: f64,
}

/// Called from time to time on the thread that called the library. Nonzero stops the call: a solve then has the outcome
/// cancelled and the number in its info, and it is not called again. No C++ exception and no longjmp may leave it.
pub type swl_progress_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, p: *const swl_progress) -> i32>;

/// Called with a line of log, len bytes of UTF-8 and a NUL after them, on the thread that called the library. level: 1
/// warning, 2 milestone, 3 decision.
pub type swl_log_fn =
    Option<unsafe extern "C" fn(ctx: *mut c_void, level: i32, utf8: *const c_char, len: usize)>;

/// Control of one call. Zero it, set struct_size, fill in what you need; the struct is not needed after the call.
/// NULL in its place: run quietly to the end. The deadline is the option max_seconds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_control {
    /// sizeof(swl_control)
    pub struct_size: u32,
    /// progress every so many iterations; 0 counts as 1
    pub every: u32,
    /// stops the call when tripped, or NULL
    pub cancel: *mut swl_cancel,
    /// or NULL
    pub progress: swl_progress_fn,
    /// or NULL
    pub log: swl_log_fn,
    /// given to progress and log
    pub ctx: *mut c_void,
    /// 1: warnings; 2 (and 0): and milestones; 3: and every decision
    pub log_level: i32,
    /// 0
    pub pad_: i32,
}

// SAFETY: repr(C), no padding (48 bytes on LP64), null pointers and zeros are valid.
unsafe impl Growable for swl_control {
    const NAME: &'static str = "swl_control";
    const FIRST: usize = 16 + 4 * size_of::<usize>();
}

/// Makes a token that is not tripped. The caller frees it.
/// Any thread. Errors: SWL_E_ARGUMENT (null).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_cancel_new(out: *mut *mut swl_cancel) -> swl_status {
    // SAFETY: `out` is null or may be written.
    guard(|| unsafe { handles::publish(CancelToken::new(), out) })
}

/// Stops every call that holds the token. NULL is fine. One atomic store: any thread, signal handlers included.
/// The token stays tripped until swl_cancel_reset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_cancel_trip(c: *mut swl_cancel) {
    // No guard: it would touch thread-locals, which a signal handler must not. Nothing here can panic.
    // SAFETY: `c` is null or an object of ours; tokens are used through atomics.
    if let Some(token) = unsafe { handles::glance::<CancelToken>(c) } {
        token.trip();
    }
}

/// 1 if the token was tripped, else 0 (also for NULL). Any thread, signal handlers included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_cancel_is_tripped(c: *const swl_cancel) -> i32 {
    // SAFETY: `c` is null or an object of ours; tokens are used through atomics.
    unsafe { handles::glance::<CancelToken>(c) }.map_or(0, |token| i32::from(token.is_tripped()))
}

/// Makes the token ready for another call. NULL is fine. Any thread, signal handlers included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_cancel_reset(c: *mut swl_cancel) {
    // SAFETY: `c` is null or an object of ours; tokens are used through atomics.
    if let Some(token) = unsafe { handles::glance::<CancelToken>(c) } {
        token.reset();
    }
}

/// Ends the token; NULL is fine. No call may hold it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_cancel_free(c: *mut swl_cancel) {
    // SAFETY: `c` is null or an object of ours that is not used afterwards.
    guard_value((), || unsafe { handles::free::<CancelToken>(c, "c") });
}

/// The caller's control, checked.
pub(super) struct Call {
    given: Option<swl_control>,
    token: Option<CancelToken>,
    level: Level,
    code: Cell<i32>,
}

impl Call {
    /// Reads and checks a control.
    ///
    /// # Safety
    /// `control` is null or has as many bytes as it states, and its token is an object of ours.
    pub(super) unsafe fn read(control: *const swl_control) -> Result<Self> {
        let mut call = Self { given: None, token: None, level: Level::Info, code: Cell::new(0) };
        if control.is_null() {
            return Ok(call);
        }
        // SAFETY: the caller's promise, passed on.
        let given = unsafe { growable::read(control, "control") }?;
        check_padding(given.pad_, "control")?;
        call.level = match given.log_level {
            0 | 2 => Level::Info,
            1 => Level::Warning,
            3 => Level::Debug,
            other => return Err(argument("control.log_level", "0, 1, 2 or 3", other)),
        };
        if !given.cancel.is_null() {
            // SAFETY: the caller's promise, passed on.
            let token = unsafe { handles::read::<CancelToken>(given.cancel, "control.cancel") }?;
            call.token = Some(token.clone());
        }
        call.given = Some(given);
        Ok(call)
    }

    /// The control that the engine sees. Callbacks run on this thread.
    pub(super) fn control(&self) -> Control<'_> {
        let mut control = Control::new();
        if let Some(token) = &self.token {
            control = control.with_cancel(token);
        }
        let Some(given) = &self.given else { return control };
        if let Some(progress) = given.progress {
            control = control.with_progress(u64::from(given.every), move |p| {
                // It said stop: its first word is the one that counts.
                if self.code.get() != 0 {
                    return Verdict::Stop;
                }
                // SAFETY: the caller gave the function and its context for this call.
                let code = unsafe { progress(given.ctx, &progress_of(p)) };
                if code == 0 {
                    return Verdict::Continue;
                }
                self.code.set(code);
                Verdict::Stop
            });
        }
        if let Some(log) = given.log {
            control = control.with_log(self.level, move |level, line| {
                let mut text = Vec::with_capacity(line.len() + 1);
                text.extend_from_slice(line.as_bytes());
                text.push(0);
                // SAFETY: as above; the text outlives the call.
                unsafe { log(given.ctx, level as i32, text.as_ptr().cast(), line.len()) };
            });
        }
        control
    }

    /// What the progress callback returned when it stopped the call, else 0.
    pub(super) fn code(&self) -> i32 {
        self.code.get()
    }

    /// What a call that was stopped with nothing to give back says: the name of the call, and what the progress
    /// callback returned if it was that. Other errors stay as they are.
    pub(super) fn stopped(&self, call: &str, error: impl Into<Error>) -> Error {
        let error: Error = error.into();
        if error.kind() != ErrorKind::Stopped {
            return error;
        }
        let error = error.renamed("the call", call);
        match self.code() {
            0 => error,
            code => error.found(format!("the progress callback, which returned {code}")),
        }
    }
}

fn progress_of(p: &Progress) -> swl_progress {
    swl_progress {
        struct_size: size_of::<swl_progress>() as u32,
        phase: p.phase as i32,
        iteration: p.iteration,
        work: p.work,
        seconds: p.seconds,
        objective: p.objective,
        certificate: p.certificate,
    }
}
