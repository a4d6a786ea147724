//! What every solver runs on: errors, options, control, threads, random streams and saved states.

pub mod control;
pub mod error;
pub mod option_table;
pub mod options;
pub mod parallel;
pub mod rigor;
pub mod rng;
pub mod state;

pub use control::{CancelToken, Control, Level, Outcome, Phase, Progress, Stop, Verdict};
pub use error::{Error, ErrorKind, Result};
pub use option_table::Family;
pub use options::{OptionKind, OptionValue, Options};
pub use rigor::Rigor;
