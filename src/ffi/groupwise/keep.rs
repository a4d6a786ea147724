//! A stream as bytes, and a stream from them.

use super::super::guard::{argument, check_pointer, check_unless_null, copy_bytes, guard};
use super::super::handles;
use super::super::status::swl_status;
use super::{Groupwise, learner, swl_groupwise, swl_learner};
use crate::groupwise::Stream;
use std::ffi::c_void;

/// The whole stream as bytes, little-endian on every machine: learners, weights, open tickets, the state of its draws.
/// Loaded, it goes on with the same bits. need: how many bytes (NULL: not wanted). buf NULL asks only; else cap is at
/// least that. Any number of threads at once, unless one of them changes the stream. Errors: SWL_E_ARGUMENT,
/// SWL_E_STATE (losses, weights or a learner that have become too large for a number), SWL_E_UNSUPPORTED (a learner of
/// the caller's without save), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_save(
    s: *const swl_groupwise,
    buf: *mut c_void,
    cap: usize,
    need: *mut usize,
) -> swl_status {
    guard(|| {
        check_unless_null(need, "need")?;
        // SAFETY: an object of ours.
        let own = unsafe { handles::read::<Groupwise>(s, "s") }?;
        // SAFETY: the caller's buffer has `cap` bytes, and `need` may be written.
        unsafe { copy_bytes(&own.stream.save()?, buf, cap, need) }
    })
}

/// A stream from the len bytes that swl_groupwise_save gave. learner: NULL, or for a stream that was made with one the
/// caller's own. The caller frees the handle. Errors: SWL_E_ARGUMENT, SWL_E_FORMAT (not a saved stream, damaged, with
/// numbers that no stream comes to, or from a later version), SWL_E_STATE (a learner is missing, or is one too many),
/// SWL_E_CALLBACK, SWL_E_MEMORY. On failure *out is not written and release of the learner is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_groupwise_load(
    buf: *const c_void,
    len: usize,
    learner: *const swl_learner,
    out: *mut *mut swl_groupwise,
) -> swl_status {
    guard(|| {
        check_pointer(buf, "buf")?;
        check_pointer(out, "out")?;
        if isize::try_from(len).is_err() {
            return Err(argument("len", "a size that fits in memory", len));
        }
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let bytes = std::slice::from_raw_parts(buf.cast::<u8>(), len);
            let given = learner::read(learner, "learner")?;
            let blank = given.as_ref().map(learner::Given::blank).transpose()?;
            let stream = Stream::load_with_custom(bytes, blank)?;
            handles::publish(Groupwise { stream, keep: given.map(learner::Given::into_keep) }, out)
        }
    })
}
