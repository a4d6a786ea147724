//! Block coordinate descent: the object behind `swl_bcd` and the structs of its calls.
//!
//! `types` has the structs, `callbacks` the caller's own functions, `setup` makes, changes and frees it, `solve` runs
//! it, `path` and `batch` run many solves, `results` reads the last solution, `new_data` applies it. `graph` is the
//! object of problems on graphs.

mod batch;
mod callbacks;
mod derivative;
pub(in crate::ffi) mod graph;
mod new_data;
mod path;
mod results;
mod setup;
mod solve;
mod types;

pub use callbacks::*;
pub use types::*;

use super::handles::Object;
use crate::bcd::{Kind, Path, Problem, Settings, Solution, Workspace};
use crate::model::OutputLoss;
use crate::numerics::Duplicates;
use crate::runtime::{Error, ErrorKind, Result};
use std::ffi::c_void;

/// What stands behind a `swl_bcd`.
struct Bcd {
    /// Reads the arrays that `keep` stands for: it goes first.
    problem: Problem<'static>,
    /// Whether the target was given, or is a stand-in until it is.
    has_target: bool,
    /// Whether targets of several tasks were given.
    has_targets: bool,
    duplicates: Duplicates,
    /// Groups given one by one, if they were.
    groups: Option<usize>,
    /// Where the next solve starts: the last iterate, or what the caller gave. `None`: at the null model.
    start: Option<Begin>,
    /// The last solution, until a setter makes it stale.
    solved: Option<Solved>,
    /// The last path, and what cross-validation found on it, until a setter makes them stale.
    path: Option<Walked>,
    /// Setups that later solves can use.
    workspace: Workspace,
    /// Dropped last.
    _keep: Vec<Keep>,
}

/// Where a solve starts.
struct Begin {
    coef: Vec<f64>,
    intercepts: Vec<f64>,
    /// Whether the caller gave it: one of another size is then refused instead of passed over.
    given: bool,
}

/// A path with its settings.
struct Walked {
    path: Path,
    settings: Settings,
    validated: Option<Validated>,
    /// What a callback returned when it stopped the path; else 0.
    code: i32,
}

/// The curve of a cross-validation.
struct Validated {
    mean: Vec<f64>,
    standard_error: Vec<f64>,
}

struct Solved {
    solution: Solution,
    settings: Settings,
}

impl Object for Bcd {
    type C = swl_bcd;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLb");
    const NAME: &'static str = "swl_bcd";
}

/// The caller's arrays that are read in place: given back when dropped.
pub(in crate::ffi) struct Keep {
    ctx: *mut c_void,
    release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}

// SAFETY: the context is only ever given back to the caller's own function, on whichever thread frees the handle: the
// contract of `swl_keep` says so.
unsafe impl Send for Keep {}
// SAFETY: nothing can be done with a shared `Keep`.
unsafe impl Sync for Keep {}

impl Keep {
    /// What is called once, when it is dropped.
    pub(in crate::ffi) fn new(
        ctx: *mut c_void,
        release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    ) -> Self {
        Self { ctx, release }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller gave this pair, and it is called once.
            unsafe { release(self.ctx) };
        }
    }
}

impl Bcd {
    fn rows(&self) -> usize {
        self.problem.matrix().rows()
    }

    fn cols(&self) -> usize {
        self.problem.matrix().cols()
    }

    /// Forgets results: what they were of has changed.
    fn make_stale(&mut self) {
        self.solved = None;
        self.path = None;
    }

    /// The last path, if it is not stale.
    fn walked(&self) -> Result<&Walked> {
        self.path.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s")
                .expected("a path since the handle was made and since the last setter")
                .found("none")
        })
    }

    /// Refuses to go on without a target.
    fn need_target(&self, settings: &Settings) -> Result<()> {
        let has = match settings.output_loss {
            Some(OutputLoss::Squared) => self.has_targets,
            _ => self.has_target,
        };
        if has {
            return Ok(());
        }
        Err(Error::new(ErrorKind::State, "y")
            .expected("a target (swl_bcd_set_target; loss=multi-squared: swl_bcd_set_targets)")
            .found("none yet"))
    }

    /// The last solution, if it is not stale.
    fn solved(&self) -> Result<&Solved> {
        self.solved.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::State, "s")
                .expected("a solve since the handle was made and since the last setter")
                .found("none")
        })
    }
}

impl Solved {
    /// Whether there is a certificate: a solve that was stopped before its strength was known has none.
    fn is_certified(&self) -> bool {
        !self.solution.lambda.is_nan()
    }

    fn kind(&self) -> i32 {
        match self.solution.certificate.kind {
            _ if !self.is_certified() => SWL_CERT_NONE,
            Kind::DualityGap => SWL_CERT_DUALITY_GAP,
            Kind::Gradient => SWL_CERT_GRADIENT,
        }
    }
}
