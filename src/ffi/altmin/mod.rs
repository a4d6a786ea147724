//! Matrix completion: the object behind `swl_altmin` and the structs of its calls.
//!
//! `types` has the structs, `solve` makes, starts, runs and frees it, `path` runs it along ridges or ranks, `results`
//! reads the last model, `predict` applies it, `uncertainty` says how far it may be off, `keep` brings it up to date,
//! saves and loads it.

mod keep;
mod path;
mod predict;
mod results;
mod solve;
mod types;
mod uncertainty;

pub use types::*;

use super::guard::argument;
use super::handles::Object;
use crate::altmin::observations::Observations;
use crate::altmin::{Live, Model, Problem, Side, Solution, TraceRow};
use crate::numerics::real::Real;
use crate::runtime::{Error, ErrorKind, Result};
use std::sync::Arc;

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
    /// `None` where a model was loaded without its entries.
    problem: Option<Problem<T>>,
    /// Where the next solve starts, if the caller said so.
    start: Option<Model<T>>,
    /// Whether the caller said that it starts afresh.
    afresh: bool,
    fitted: Option<Fitted<T>>,
    /// The last path.
    points: Vec<(Solution<T>, swl_altmin_info)>,
}

/// The last model.
struct Fitted<T> {
    live: Live<T>,
    trace: Vec<TraceRow>,
}

/// Entries that were fitted, and those that were held out.
type Parted<T> = (Arc<Observations<T>>, Option<Observations<T>>);

impl<T: Real> Completion<T> {
    fn fitted(&self) -> Result<&Fitted<T>> {
        self.fitted.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s").expected("a solve since the handle was made").found("none")
        })
    }

    fn model(&self) -> Result<&Model<T>> {
        Ok(self.fitted()?.live.model())
    }

    fn problem(&self) -> Result<&Problem<T>> {
        self.problem.as_ref().ok_or_else(|| without_entries("s"))
    }

    /// Rows and columns, with those that were appended.
    fn size(&self) -> Result<[usize; 2]> {
        match &self.fitted {
            Some(fitted) => Ok([fitted.live.model().rows(), fitted.live.model().cols()]),
            None => self.problem().map(|p| [p.rows(), p.cols()]),
        }
    }

    /// The entries of the last model as they are now.
    fn parted(&self) -> Result<Parted<T>> {
        let live = &self.fitted()?.live;
        if self.problem.is_none() {
            return Err(without_entries("s"));
        }
        let all = live.observations()?;
        Ok(match live.held_out().part(&all)? {
            Some((seen, held)) => (Arc::new(seen), Some(held)),
            None => (all, None),
        })
    }
}

fn without_entries(subject: &str) -> Error {
    Error::new(ErrorKind::State, subject)
        .expected("a handle with its entries")
        .found("a model that was saved without them")
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
