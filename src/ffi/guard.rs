//! The border: every exported function runs inside [`guard`], which turns errors and panics into a status and keeps
//! the message of this thread's last failure.

use super::status::*;
use crate::runtime::parallel::THREAD_NAME;
use crate::runtime::{Error, ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// How many guards this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The message of the last call that failed.
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
    /// Where the last panic inside a guard happened, and its text.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of an exported function.
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> swl_status {
    match run(body) {
        Ok(()) => SWL_OK,
        Err(status) => status,
    }
}

/// Runs the body of an exported function that has no status; `otherwise` is its answer to a failure.
pub(super) fn guard_value<T>(otherwise: T, body: impl FnOnce() -> Result<T>) -> T {
    run(body).unwrap_or(otherwise)
}

fn run<T>(body: impl FnOnce() -> Result<T>) -> std::result::Result<T, swl_status> {
    let (mut body, mut value) = (Some(body), None);
    let mut once = || {
        if let Some(body) = body.take() {
            value = Some(body()?);
        }
        Ok(())
    };
    caught(&mut once)?;
    value.ok_or(SWL_E_INTERNAL)
}

/// The same for bodies of any kind: compiled once, not for each function.
fn caught(body: &mut dyn FnMut() -> Result<()>) -> std::result::Result<(), swl_status> {
    install_hook();
    let _inside = Inside::enter();
    // Unwinding leaves nothing half done: handles poison themselves, outputs are written last.
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            set_message(error.to_string());
            Err(status_of(error.kind()))
        }
        Err(payload) => {
            let text = payload
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned());
            let place = PANIC.try_with(RefCell::take).unwrap_or_default();
            let text = if place.is_empty() { text.unwrap_or_default() } else { place };
            set_message(format!("a defect of the library, please report it: {text}"));
            Err(SWL_E_INTERNAL)
        }
    }
}

struct Inside;

impl Inside {
    fn enter() -> Self {
        let _ = DEPTH.try_with(|d| d.set(d.get() + 1));
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|d| d.set(d.get() - 1));
    }
}

/// Panics inside a guard, or on a thread of ours, are kept as text; all others go to the hook that was there before.
///
/// It is installed by the first call through the C interface, so a Rust program that uses the crate keeps its own.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let inside = DEPTH.try_with(|d| d.get() > 0).unwrap_or(false);
            let ours = std::thread::current().name().is_some_and(|n| n.starts_with(THREAD_NAME));
            if inside || ours { note(info) } else { previous(info) }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let _ = PANIC.try_with(|p| {
        if let Ok(mut p) = p.try_borrow_mut() {
            *p = info.to_string().replace('\n', " ");
        }
    });
}

fn set_message(text: String) {
    let _ = MESSAGE.try_with(|m| *m.borrow_mut() = text);
}

/// Hands the message of this thread's last failure to `read`.
pub(super) fn with_message<R>(read: impl FnOnce(&str) -> R) -> Option<R> {
    MESSAGE.try_with(|m| m.try_borrow().ok().map(|m| read(&m))).ok().flatten()
}

fn status_of(kind: ErrorKind) -> swl_status {
    match kind {
        ErrorKind::Argument => SWL_E_ARGUMENT,
        ErrorKind::Data => SWL_E_DATA,
        ErrorKind::Option => SWL_E_OPTION,
        ErrorKind::State => SWL_E_STATE,
        ErrorKind::Busy => SWL_E_BUSY,
        ErrorKind::Callback => SWL_E_CALLBACK,
        ErrorKind::Memory => SWL_E_MEMORY,
        ErrorKind::Format => SWL_E_FORMAT,
        ErrorKind::Unsupported => SWL_E_UNSUPPORTED,
        ErrorKind::Device => SWL_E_DEVICE,
        ErrorKind::Stopped => SWL_E_STOPPED,
        ErrorKind::Internal => SWL_E_INTERNAL,
    }
}

/// The error of an argument that is not what it has to be.
pub(super) fn argument(subject: &str, expected: impl Into<String>, found: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Argument, subject).expected(expected).found(found)
}

/// The error of an array with the wrong number of elements.
pub(super) fn wrong_length(subject: &str, found: usize, expected: usize, per: &str) -> Error {
    argument(&format!("{subject}.len"), format!("{expected}, one per {per}"), found)
}

/// A number that is 0 or 1.
pub(super) fn flag(value: i32, subject: &str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(argument(subject, "0 or 1", other)),
    }
}

/// Refuses null and pointers that are not aligned for `T`.
pub(super) fn check_pointer<T>(pointer: *const T, subject: &str) -> Result<()> {
    if pointer.is_null() {
        return Err(argument(subject, "a pointer", "NULL"));
    }
    if !pointer.is_aligned() {
        return Err(argument(subject, format!("a pointer aligned to {} bytes", align_of::<T>()), "another"));
    }
    Ok(())
}

/// The same of a pointer that may be null, where what it stands for is not wanted.
pub(super) fn check_unless_null<T>(pointer: *const T, subject: &str) -> Result<()> {
    if pointer.is_null() { Ok(()) } else { check_pointer(pointer, subject) }
}

/// Writes one result.
///
/// # Safety
/// `out` is null or points to a `T` that may be written.
pub(super) unsafe fn write_out<T>(out: *mut T, value: T, subject: &str) -> Result<()> {
    check_pointer(out, subject)?;
    // SAFETY: not null, aligned, and writable by the caller's word.
    unsafe { out.write(value) };
    Ok(())
}

/// Writes one result unless it is not wanted.
///
/// # Safety
/// As [`write_out`].
pub(super) unsafe fn write_unless_null<T>(out: *mut T, value: T, subject: &str) -> Result<()> {
    // SAFETY: passed on.
    if out.is_null() { Ok(()) } else { unsafe { write_out(out, value, subject) } }
}

/// The caller's NUL-terminated text.
///
/// # Safety
/// `text` is null or ends with a NUL, and stays unchanged for `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char, subject: &str) -> Result<&'a str> {
    check_pointer(text, subject)?;
    // SAFETY: not null; the caller ends it with a NUL.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| argument(subject, "UTF-8", "other bytes"))
}

/// Copies `text` and a NUL into a buffer of `cap` bytes, cut at a whole character. Gives the length it needs.
///
/// # Safety
/// `buf` is null or has `cap` bytes that may be written.
pub(super) unsafe fn copy_text(text: &str, buf: *mut c_char, cap: usize) -> usize {
    if !buf.is_null() && cap > 0 {
        let mut end = text.len().min(cap - 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // SAFETY: `end < cap`, and the caller's buffer has `cap` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), buf.cast(), end);
            buf.add(end).write(0);
        }
    }
    text.len() + 1
}

/// Copies a saved state into a buffer of `cap` bytes (null: only its length is asked for) and writes its length to
/// `need` (null: not wanted).
///
/// # Safety
/// `buf` is null or has `cap` bytes that may be written; `need` is null or may be written.
pub(super) unsafe fn copy_bytes(bytes: &[u8], buf: *mut c_void, cap: usize, need: *mut usize) -> Result<()> {
    if !buf.is_null() {
        if cap < bytes.len() {
            return Err(argument("cap", format!("at least {}", bytes.len()), cap));
        }
        // SAFETY: not null, and the caller's buffer has `cap` bytes.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buf.cast::<u8>(), bytes.len()) };
    }
    // SAFETY: passed on.
    unsafe { write_unless_null(need, bytes.len(), "need") }
}

/// A buffer of the caller for results, already known to have the right length.
pub(super) struct Buffer {
    start: *mut f64,
    len: usize,
}

impl Buffer {
    /// Checks the caller's buffer against the exact length that is needed.
    pub(super) fn check(out: *mut f64, len: i64, expected: usize, per: &str) -> Result<Self> {
        Self::check_named(out, len, expected, per, ["out", "len"])
    }

    /// The same for a buffer and a length that the header calls otherwise.
    pub(super) fn check_named(
        out: *mut f64,
        len: i64,
        expected: usize,
        per: &str,
        [out_name, len_name]: [&str; 2],
    ) -> Result<Self> {
        if usize::try_from(len) != Ok(expected) {
            return Err(argument(len_name, format!("{expected}, {per}"), len));
        }
        if expected > 0 {
            check_pointer(out, out_name)?;
        }
        Ok(Self { start: out, len: expected })
    }

    /// Writes the results, as many as were announced.
    ///
    /// # Safety
    /// The pointer given to [`Buffer::check`] has room for the length given there.
    pub(super) unsafe fn fill(self, values: &[f64]) -> Result<()> {
        if values.len() != self.len {
            return Err(Error::new(ErrorKind::Internal, "out")
                .expected(format!("{} results", self.len))
                .found(values.len()));
        }
        if self.len > 0 {
            // SAFETY: checked for null, alignment and length; a result of ours never overlaps the caller's buffer.
            unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.start, self.len) };
        }
        Ok(())
    }
}

/// Copies results that are there into the caller's buffer of `len` numbers, just as many as there are.
///
/// # Safety
/// `out` is null or has `len` numbers that may be written.
pub(super) unsafe fn copy_out(values: &[f64], out: *mut f64, len: i64, per: &str) -> Result<()> {
    // SAFETY: passed on.
    unsafe { Buffer::check(out, len, values.len(), per)?.fill(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_its_text_the_message() {
        assert_eq!(guard(|| panic!("the {} broke", "loop")), SWL_E_INTERNAL);
        let message = with_message(str::to_owned).unwrap();
        assert!(message.contains("the loop broke") && message.contains("guard.rs"), "{message}");
        assert_eq!(guard(|| Err(argument("x", "1", 2))), SWL_E_ARGUMENT);
        assert_eq!(with_message(str::to_owned).unwrap(), "x: expected 1, found 2");
        assert_eq!(guard(|| Ok(())), SWL_OK);
        assert_eq!(with_message(str::to_owned).unwrap(), "x: expected 1, found 2");
    }

    #[test]
    fn a_panic_on_a_thread_of_ours_is_told_too() {
        let status = guard(|| {
            crate::runtime::parallel::with_team(2, |team| {
                let mut out = [0_u8; 64];
                team.fill(&mut out, 1, |start, _| assert!(start != 63, "chunk {start} broke"));
            })
        });
        assert_eq!(status, SWL_E_INTERNAL);
        assert!(with_message(|m| m.contains("chunk 63 broke")).unwrap());
    }

    #[test]
    fn flags_are_0_or_1() {
        assert_eq!((flag(0, "x").unwrap(), flag(1, "x").unwrap()), (false, true));
        for other in [-1, 2, i32::MIN] {
            assert_eq!(
                flag(other, "x").unwrap_err().to_string(),
                format!("x: expected 0 or 1, found {other}")
            );
        }
    }

    #[test]
    fn text_is_cut_at_whole_characters() {
        let mut buf = [0x7f_u8; 8];
        for (cap, expected) in [(0, None), (1, Some("")), (2, Some("a")), (3, Some("a")), (4, Some("aé"))] {
            buf.fill(0x7f);
            // SAFETY: the buffer has 8 bytes.
            assert_eq!(unsafe { copy_text("aéb", buf.as_mut_ptr().cast(), cap) }, 5);
            match expected {
                None => assert_eq!(buf[0], 0x7f),
                Some(text) => assert_eq!(&buf[..=text.len()], [text.as_bytes(), &[0]].concat()),
            }
        }
    }
}
