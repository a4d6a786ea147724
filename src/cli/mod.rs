//! The `southwell` command: a thin face on the library.
//!
//! `args` says what the command takes, and one module for each command does it: `bcd`, `cross_validation`, `graph`,
//! `altmin`, `bilevel`, `groupwise`, `verify`, `predict`, `list_options`, `demo`, `bench`. What they share: `files`
//! (reading tables), `data` and `groups` (from files to a problem), `option_flags` (flags made from the option table), `model`
//! and `model_json` (the saved model), `number` (numbers as text and JSON), `layout` (aligned tables), `report`,
//! `path`, `trace`, `progress`, `interrupt` (Ctrl-C), `chart`, `axis` and `plots` (SVG plots), `drawing` (pictures
//! for want of photographs), `output`.

mod altmin;
mod args;
mod axis;
mod bcd;
mod bench;
mod bilevel;
mod chart;
mod cross_validation;
mod data;
mod demo;
mod drawing;
mod failure;
mod files;
mod graph;
mod groups;
mod groupwise;
mod interrupt;
mod layout;
mod list_options;
mod model;
mod model_json;
mod number;
mod option_flags;
mod output;
mod path;
mod plots;
mod predict;
mod progress;
mod report;
mod trace;
mod verify;

use failure::{Failure, Verdict};
use std::process::ExitCode;

/// Runs the command line of this process: 0 if all is well, 1 if an answer falls short, 2 if the request was refused.
pub fn main() -> ExitCode {
    match run() {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Short) => ExitCode::from(1),
        Err(failure) => {
            failure.tell();
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Verdict, Failure> {
    let matches = match args::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(Failure::usage(&error)),
        Err(help) => {
            output::print(&help.render().to_string())?;
            return Ok(Verdict::Good);
        }
    };
    match matches.subcommand() {
        Some(("bcd", matches)) => bcd::run(matches),
        Some(("graph", matches)) => graph::run(matches),
        Some(("altmin", matches)) => altmin::run(matches),
        Some(("groupwise", matches)) => groupwise::run(matches),
        Some(("bilevel", matches)) => bilevel::run(matches),
        Some(("cv", matches)) => cross_validation::run(matches),
        Some(("verify", matches)) => verify::run(matches),
        Some(("predict", matches)) => predict::run(matches),
        Some(("options", matches)) => list_options::run(matches),
        Some(("demo", matches)) => demo::run(matches),
        Some(("bench", matches)) => bench::run(matches),
        _ => Err(Failure::new("no command: try southwell --help")),
    }
}
