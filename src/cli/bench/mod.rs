//! `southwell bench`: the experiments of the paper on block coordinate descent and of its companion on single
//! coordinates, with the rules as the released code ran them and as the theory has them, side by side.
//!
//! The engine is one of its own, for dense rounds over the whole gradient: it imitates published code down to ties and
//! random draws, which the library has no reason to do. `stream`, `argsort`: NumPy's draws and order. `table`,
//! `objective`, `sets`: the problems. `method`, `select`, `update`, `engine`: the loop. `nonnegative`, `lasso`: what
//! some of its parts need. `figures`, `claims`: what ran, and what came out. `run`, `compare`, `report`: the command.
//! `altmin_problem`, `altmin_recovery`, `altmin_inexact`, `altmin_noise`, `altmin_scaling`: matrix completion.
//! `bilevel`: learning parameters. `groupwise`: regret on groups.

mod altmin_inexact;
mod altmin_noise;
mod altmin_problem;
mod altmin_recovery;
mod altmin_scaling;
mod argsort;
mod bilevel;
mod claims;
mod compare;
mod engine;
mod figures;
mod groupwise;
mod lasso;
mod method;
mod nonnegative;
mod objective;
mod report;
mod run;
mod select;
mod sets;
mod stream;
mod table;
mod update;

use super::failure::{Failure, Verdict};
use super::output;
use super::progress::Line;
use clap::ArgMatches;
use sets::Sets;
use southwell::runtime::{Error, ErrorKind};
use std::io::Write;
use std::path::{Path, PathBuf};

/// In place of a name: all figures of the papers on block coordinate descent, which make a page; and all names.
pub const BCD: &str = "bcd";
pub const LIST: &str = "list";

/// An experiment that is not a figure of the papers on block coordinate descent: runs, writes its files into a folder,
/// and gives its section and whether all that is asked holds.
type Experiment = fn(&Path, Extent<'_>, &mut Line) -> Result<(String, bool), Failure>;

/// Those experiments: names, titles, and what runs them.
const OTHERS: [(&str, &str, Experiment); 12] = [
    (altmin_inexact::NAME, altmin_inexact::TITLE, altmin_inexact::experiment),
    (altmin_recovery::NAME, altmin_recovery::TITLE, altmin_recovery::experiment),
    (altmin_noise::NAME, altmin_noise::TITLE, altmin_noise::experiment),
    (altmin_scaling::NAME, altmin_scaling::TITLE, altmin_scaling::experiment),
    (groupwise::synthetic::NAME, groupwise::synthetic::TITLE, groupwise::synthetic::experiment),
    (groupwise::medical::NAME, groupwise::medical::TITLE, groupwise::medical::experiment),
    (groupwise::adult::NAME, groupwise::adult::TITLE, groupwise::adult::experiment),
    (groupwise::paths::NAME, groupwise::paths::TITLE, groupwise::paths::experiment),
    (bilevel::quadratic::NAME, bilevel::quadratic::TITLE, bilevel::quadratic::experiment),
    (bilevel::multinomial::NAME, bilevel::multinomial::TITLE, bilevel::multinomial::experiment),
    (bilevel::variation::NAME, bilevel::variation::TITLE, bilevel::variation::experiment),
    (bilevel::experts::NAME, bilevel::experts::TITLE, bilevel::experts::experiment),
];

/// How much of an experiment is run.
#[derive(Debug, Clone, Copy)]
pub struct Extent<'a> {
    /// Small data: does it run?
    pub quick: bool,
    /// Runs of each cell, where not as many as the experiment has.
    pub runs: Option<u64>,
    /// The seed of the first run.
    pub first: u64,
    /// Threads that share the runs.
    pub threads: usize,
    /// The folder with the data, where not the usual one.
    pub data: Option<&'a Path>,
    /// As large as the paper's, as far as that can be waited for.
    pub full: bool,
}

/// All experiments, with their titles.
fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    figures::LIST
        .iter()
        .map(|(name, title)| (*name, *title))
        .chain(OTHERS.map(|(name, title, _)| (name, title)))
}

/// The names that the command takes.
pub fn names() -> impl Iterator<Item = &'static str> {
    list().map(|(name, _)| name).chain([BCD, LIST])
}

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let name = matches.get_one::<String>("experiment").map_or(LIST, String::as_str);
    if name == LIST {
        let width = list().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = list().map(|(name, title)| format!("{name:width$}  {title}\n"));
        output::print(&lines.collect::<String>())?;
        return Ok(Verdict::Good);
    }
    let folder = matches.get_one::<PathBuf>("out").cloned().unwrap_or_default();
    std::fs::create_dir_all(&folder).map_err(|e| {
        Error::new(ErrorKind::Argument, folder.display().to_string())
            .expected("a folder that can be made")
            .found(e)
    })?;
    let quick = matches.get_flag("quick");
    let sets = Sets::new(quick);
    let mut line = Line::new();
    let (mut text, mut good) = (String::new(), true);
    for figure in figures::LIST.iter().filter(|(n, _)| name == BCD || name == *n) {
        let (section, holds) = experiment(figure.0, &folder, &sets, quick, &mut line)?;
        text.push_str(&section);
        good &= holds;
    }
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let extent = Extent {
        quick,
        runs: number("runs"),
        first: number("seed").unwrap_or(0),
        threads: number("threads").unwrap_or(1) as usize,
        data: matches.get_one::<PathBuf>("data").map(PathBuf::as_path),
        full: matches.get_flag("full"),
    };
    for (_, _, experiment) in OTHERS.iter().filter(|(n, ..)| name == *n) {
        let (section, holds) = experiment(&folder, extent, &mut line)?;
        text.push_str(&section);
        good &= holds;
    }
    drop(line);
    if name == BCD {
        text = format!("{}{text}", include_str!("preface.md"));
        write(&folder.join("experiments.md"), &text)?;
    }
    output::print(&text)?;
    Ok(Verdict::of(good))
}

/// Runs one and writes its files; its section, and whether all that is asked holds.
fn experiment(
    name: &str,
    folder: &Path,
    sets: &Sets,
    quick: bool,
    line: &mut Line,
) -> Result<(String, bool), Failure> {
    let Some(figure) = figures::figure(name) else {
        return Err(Failure::new(format!("{name}: no such experiment")));
    };
    let ran = run::run(figure, sets, quick, line);
    report::write_csv(folder, &ran)?;
    report::write_plots(folder, &ran)?;
    let (section, good) = report::section(&ran, quick);
    write(&folder.join(format!("{name}.md")), &section)?;
    Ok((section, good))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(output::write_file(path, |file| {
        file.write_all(text.trim_end().as_bytes()).and_then(|()| writeln!(file))
    })?)
}
