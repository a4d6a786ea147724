//! Groupwise regret: the object behind `swl_groupwise` and the structs of its calls.
//!
//! `types` has the structs, `learner` the caller's own learner, `stream` makes, clones and frees it and runs rounds,
//! `results` says what is known of groups, `keep` saves and loads it. `decisions` is the object of decisions out of a
//! set instead of numbers.

mod decisions;
mod keep;
mod learner;
mod results;
mod stream;
mod types;

pub use learner::*;
pub use types::*;
// For the test of layouts.
#[cfg(test)]
pub use decisions::*;

use super::bcd::Keep;
use super::guard::argument;
use super::handles::Object;
use super::views::slice;
use crate::groupwise::Stream;
use crate::runtime::Result;
use std::ffi::c_void;
use std::sync::Arc;

/// What stands behind a `swl_groupwise`.
struct Groupwise {
    /// Goes first: its learners may use what `keep` stands for.
    stream: Stream,
    /// The caller's learner, shared by clones.
    keep: Option<Arc<Keep>>,
}

impl Object for Groupwise {
    type C = swl_groupwise;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLg");
    const NAME: &'static str = "swl_groupwise";
}

/// The caller's list of groups, none negative.
///
/// # Safety
/// `groups` is null or has `n` elements that stay unchanged for `'a`.
unsafe fn groups_of<'a>(groups: *const i64, n: i64) -> Result<&'a [u64]> {
    let len = super::views::size(n, "n_groups")?;
    let pointer = groups.cast::<c_void>();
    // SAFETY: passed on; both integers have the same size and alignment.
    let ids = unsafe { slice::<i64>(pointer, len, "groups") }?;
    match ids.iter().position(|id| *id < 0) {
        // SAFETY: as above.
        None => unsafe { slice::<u64>(pointer, len, "groups") },
        Some(k) => Err(argument(&format!("groups, entry {k}"), "a number >= 0", ids[k])),
    }
}

/// How many of a list are to be written, after its length was told.
fn room_for(cap: i64, len: usize) -> Result<usize> {
    Ok(super::views::size(cap, "cap")?.min(len))
}
