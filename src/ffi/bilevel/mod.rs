//! Bilevel optimization: the object behind `swl_bilevel` and the structs of its calls.
//!
//! `types` has the structs, `rows` makes problems of tables, `images` of pictures and `user` of the caller's own
//! functions, `solve` gives any of them other bounds and runs it, `results` reads the last solution.

mod images;
mod results;
mod rows;
mod solve;
mod types;
mod user;

pub use types::*;
// For the test of layouts.
#[cfg(test)]
pub use {images::*, rows::*, user::*};

use super::bcd::Keep;
use super::handles::Object;
use crate::bilevel::problems::Adjusted;
use crate::bilevel::{Checkpoint, Solution};
use crate::runtime::{Error, ErrorKind, Result};

/// What stands behind a `swl_bilevel`.
struct Bilevel {
    /// Goes first: its functions may use what `keep` stands for.
    problem: Adjusted,
    /// The last solution.
    solved: Option<Solution>,
    /// Where the next solve goes on, if the caller said so.
    resume: Option<Checkpoint>,
    seconds_setup: f64,
    /// Dropped last.
    _keep: Option<Keep>,
}

impl Object for Bilevel {
    type C = swl_bilevel;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLh");
    const NAME: &'static str = "swl_bilevel";
}

impl Bilevel {
    /// A problem that took so long to make, not solved yet.
    fn new(problem: Adjusted, seconds_setup: f64, keep: Option<Keep>) -> Self {
        Self { problem, solved: None, resume: None, seconds_setup, _keep: keep }
    }

    fn solved(&self) -> Result<&Solution> {
        self.solved.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s").expected("a solve since the handle was made").found("none")
        })
    }
}
