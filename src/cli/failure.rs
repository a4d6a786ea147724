//! How a command ends: well, short of its goal, or refused.

use clap::error::ErrorKind;
use southwell::runtime::Error;
use std::io::Write;

/// The end of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What was asked for: converged, verified.
    Good,
    /// A valid answer that falls short of what was asked for.
    Short,
}

impl Verdict {
    /// Good if `good`.
    pub fn of(good: bool) -> Self {
        if good { Verdict::Good } else { Verdict::Short }
    }
}

/// A request that was refused.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// Refused for this reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A command line that could not be read.
    pub fn usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self(format!("expected a command, found none\n\n{}", text.trim_end()));
        }
        Self(text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned())
    }

    /// Tells the user on stderr. If that is closed, the exit code has to do.
    pub fn tell(&self) {
        let _ = writeln!(std::io::stderr(), "southwell: {}", self.0);
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}
