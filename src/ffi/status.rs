//! Status, outcome, rigor, version, features, and the message of the last failure.

use super::guard::{copy_text, guard_value, text, with_message};
use crate::runtime::{Outcome, Rigor};
use std::ffi::{CStr, c_char};

/// Major version of this header.
pub const SWL_VERSION_MAJOR: u32 = 0;
/// Minor version of this header.
pub const SWL_VERSION_MINOR: u32 = 1;
/// Patch version of this header.
pub const SWL_VERSION_PATCH: u32 = 0;

/// Whether a call worked: 0, or one of the negative numbers below. More may be added: switch with a default.
pub type swl_status = i32;
/// The call worked.
pub const SWL_OK: swl_status = 0;
/// Null, wrong length, impossible size, wrong kind of handle.
pub const SWL_E_ARGUMENT: swl_status = -1;
/// NaN, an index out of range, a label that the loss does not take.
pub const SWL_E_DATA: swl_status = -2;
/// Unknown key, wrong type, out of bounds.
pub const SWL_E_OPTION: swl_status = -3;
/// A call out of order, such as reading a solution before a solve; or a handle that can only be freed.
pub const SWL_E_STATE: swl_status = -4;
/// The handle is in use by another thread, or by the call that runs this callback.
pub const SWL_E_BUSY: swl_status = -5;
/// A callback reported failure.
pub const SWL_E_CALLBACK: swl_status = -6;
/// A large buffer could not be had.
pub const SWL_E_MEMORY: swl_status = -7;
/// Not a saved state, damaged, or from a later version.
pub const SWL_E_FORMAT: swl_status = -8;
/// Valid, but not served by this build.
pub const SWL_E_UNSUPPORTED: swl_status = -9;
/// The accelerator is missing or failed.
pub const SWL_E_DEVICE: swl_status = -10;
/// The control said stop before the call had anything to give back.
pub const SWL_E_STOPPED: swl_status = -11;
/// A defect of the library. The handle can only be freed.
pub const SWL_E_INTERNAL: swl_status = -99;

/// How a solve ended; never mixed with the status. More may be added: switch with a default.
pub type swl_outcome = i32;
/// Nothing was run yet.
pub const SWL_UNSOLVED: swl_outcome = 0;
/// The certificate meets the tolerance.
pub const SWL_CONVERGED: swl_outcome = 1;
/// Nothing improves any more, short of the tolerance.
pub const SWL_STALLED: swl_outcome = 2;
/// Rounding allows no better, short of the tolerance.
pub const SWL_FLOOR: swl_outcome = 3;
/// The iteration limit was reached.
pub const SWL_ITERATION_LIMIT: swl_outcome = 4;
/// The work limit was reached.
pub const SWL_WORK_LIMIT: swl_outcome = 5;
/// The time limit was reached.
pub const SWL_TIME_LIMIT: swl_outcome = 6;
/// The token was tripped, or the progress callback returned nonzero.
pub const SWL_CANCELLED: swl_outcome = 7;
/// The iterates grow without bound or are no longer finite.
pub const SWL_DIVERGED: swl_outcome = 8;
/// No point satisfies the constraints.
pub const SWL_INFEASIBLE: swl_outcome = 9;
/// The objective has no lower bound.
pub const SWL_UNBOUNDED: swl_outcome = 10;
/// The objective is bounded, but no point attains the bound.
pub const SWL_INFIMUM_NOT_ATTAINED: swl_outcome = 11;
/// The loop ended normally, but its answer could not be verified.
pub const SWL_UNCERTIFIED: swl_outcome = 12;

/// Rigor of a figure: it bounds nothing by itself.
pub const SWL_RIGOR_NONE: i32 = 0;
/// Rigor of a figure: it rests on an estimate. In bcd it holds to first order only, where rounding was cleared from
/// correlations that have to vanish, or where rounding may hide more than 1e-12 of the objective and of the loss at zero
/// (large coefficients that cancel); in bilevel constants were sampled, or are not said to hold, or the lower level has
/// kinks.
pub const SWL_RIGOR_ESTIMATED: i32 = 1;
/// Rigor of a figure: a theorem, up to rounding.
pub const SWL_RIGOR_PROVEN: i32 = 2;

const _: () = {
    // The constants of the header are those of the crate.
    const fn number(text: &str) -> u32 {
        let bytes = text.as_bytes();
        let (mut value, mut at) = (0, 0);
        while at < bytes.len() {
            value = 10 * value + (bytes[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    assert!(number(env!("CARGO_PKG_VERSION_MAJOR")) == SWL_VERSION_MAJOR);
    assert!(number(env!("CARGO_PKG_VERSION_MINOR")) == SWL_VERSION_MINOR);
    assert!(number(env!("CARGO_PKG_VERSION_PATCH")) == SWL_VERSION_PATCH);
    assert!(Outcome::ALL.len() == SWL_UNCERTIFIED as usize + 1);
};

/// The number of a rigor in the header.
pub(super) fn rigor_number(rigor: Rigor) -> i32 {
    match rigor {
        Rigor::None => SWL_RIGOR_NONE,
        Rigor::Estimated => SWL_RIGOR_ESTIMATED,
        Rigor::Proven => SWL_RIGOR_PROVEN,
    }
}

/// The features that [`swl_has_feature`] knows of.
const FEATURES: [&str; 6] = ["altmin", "bcd", "bilevel", "f32", "groupwise", "i64"];

/// Version of the library that runs: major << 24 | minor << 16 | patch << 8. Compare with swl_abi_ok.
/// Any thread. Never fails.
#[unsafe(no_mangle)]
pub extern "C" fn swl_version() -> u32 {
    SWL_VERSION_MAJOR << 24 | SWL_VERSION_MINOR << 16 | SWL_VERSION_PATCH << 8
}

/// 1 if this build has the feature ("altmin", "bcd", "bilevel", "f32", "groupwise", "i64", later "cuda"), else 0, also for NULL and unknown names.
/// Any thread. Never fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_has_feature(name: *const c_char) -> i32 {
    guard_value(0, || {
        if name.is_null() {
            return Ok(0);
        }
        // SAFETY: the caller ends it with a NUL.
        let name = unsafe { text(name, "name") }?;
        Ok(i32::from(FEATURES.contains(&name)))
    })
}

/// The name of a status, such as "SWL_E_DATA"; "unknown status" for other numbers. The text is static.
/// Any thread. Never fails.
#[unsafe(no_mangle)]
pub extern "C" fn swl_status_name(status: swl_status) -> *const c_char {
    let name: &CStr = match status {
        SWL_OK => c"SWL_OK",
        SWL_E_ARGUMENT => c"SWL_E_ARGUMENT",
        SWL_E_DATA => c"SWL_E_DATA",
        SWL_E_OPTION => c"SWL_E_OPTION",
        SWL_E_STATE => c"SWL_E_STATE",
        SWL_E_BUSY => c"SWL_E_BUSY",
        SWL_E_CALLBACK => c"SWL_E_CALLBACK",
        SWL_E_MEMORY => c"SWL_E_MEMORY",
        SWL_E_FORMAT => c"SWL_E_FORMAT",
        SWL_E_UNSUPPORTED => c"SWL_E_UNSUPPORTED",
        SWL_E_DEVICE => c"SWL_E_DEVICE",
        SWL_E_STOPPED => c"SWL_E_STOPPED",
        SWL_E_INTERNAL => c"SWL_E_INTERNAL",
        _ => c"unknown status",
    };
    name.as_ptr()
}

/// The name of an outcome, such as "time limit"; "unknown outcome" for other numbers. The text is static.
/// Any thread. Never fails.
#[unsafe(no_mangle)]
pub extern "C" fn swl_outcome_name(outcome: swl_outcome) -> *const c_char {
    let name: &CStr = match outcome {
        SWL_UNSOLVED => c"unsolved",
        SWL_CONVERGED => c"converged",
        SWL_STALLED => c"stalled",
        SWL_FLOOR => c"floor",
        SWL_ITERATION_LIMIT => c"iteration limit",
        SWL_WORK_LIMIT => c"work limit",
        SWL_TIME_LIMIT => c"time limit",
        SWL_CANCELLED => c"cancelled",
        SWL_DIVERGED => c"diverged",
        SWL_INFEASIBLE => c"infeasible",
        SWL_UNBOUNDED => c"unbounded",
        SWL_INFIMUM_NOT_ATTAINED => c"infimum not attained",
        SWL_UNCERTIFIED => c"uncertified",
        _ => c"unknown outcome",
    };
    name.as_ptr()
}

/// Copies the message of this thread's last failed call into buf: which argument, where in it, what was expected, what
/// was found. UTF-8, cut at a whole character, ended by a NUL if cap > 0. Returns the length of the whole message plus
/// one, so (NULL, 0) asks for the size. A call that works does not clear it. For people: do not parse it.
/// Any thread. Never fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_last_message(buf: *mut c_char, cap: usize) -> usize {
    // SAFETY: the caller's buffer has `cap` bytes.
    let copy = |text: &str| unsafe { copy_text(text, buf, cap) };
    with_message(copy).unwrap_or_else(|| copy(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_the_names_of_the_engine() {
        for outcome in Outcome::ALL {
            // SAFETY: static text.
            let name = unsafe { CStr::from_ptr(swl_outcome_name(outcome as i32)) };
            assert_eq!(name.to_str().unwrap(), outcome.name());
        }
        // SAFETY: static text.
        let other = unsafe { CStr::from_ptr(swl_outcome_name(-1)) };
        assert_eq!(other, c"unknown outcome");
    }
}
