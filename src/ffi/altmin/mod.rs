//! Matrix completion: the object behind `swl_altmin` and the structs of its calls.
//!
//! `types` has the structs, `solve` makes, starts, runs and frees it, `results` reads the last model, `predict` applies it.

mod predict;
mod results;
mod solve;
mod types;

pub use types::*;

use super::guard::argument;
use super::handles::Object;
use crate::altmin::{Model, Problem, Side, Solution};
use crate::numerics::real::Real;
use crate::runtime::{Error, ErrorKind, Result};

/// What stands behind a `swl_altmin`, in the precision that its options asked for.
enum Altmin {
    Double(Completion<f64>),
    Single(Completion<f32>),
}

impl Object for Altmin {
    type C = swl_altmin;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLa");
    const NAME: &'static str = "swl_altmin";
}

struct Completion<T> {
    problem: Problem<T>,
    /// Where the next solve starts, if the caller said so.
    start: Option<Model<T>>,
    /// Whether the caller said that it starts afresh.
    afresh: bool,
    solved: Option<Solution<T>>,
}

impl<T: Real> Completion<T> {
    fn solved(&self) -> Result<&Solution<T>> {
        self.solved.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s").expected("a solve since the handle was made").found("none")
        })
    }
}

/// Runs `$body` for the completion behind a handle, whatever its precision.
macro_rules! each_precision {
    ($altmin:expr, $completion:ident => $body:expr) => {
        match $altmin {
            $crate::ffi::altmin::Altmin::Double($completion) => $body,
            $crate::ffi::altmin::Altmin::Single($completion) => $body,
        }
    };
}
use each_precision;

fn side_of(number: i32) -> Result<Side> {
    match number {
        SWL_ROWS => Ok(Side::Rows),
        SWL_COLS => Ok(Side::Columns),
        other => Err(argument("side", "SWL_ROWS (0) or SWL_COLS (1)", other)),
    }
}
