//! `southwell bilevel`: learns the parameters of a built-in problem from tables (`tables`) or pictures (`images`);
//! `report`, `plots`: what is said and drawn of it; `saved`: models that `verify` takes.

pub mod images;
pub mod plots;
pub mod report;
mod saved;
mod tables;
mod verify;

use super::data;
use super::failure::{Failure, Verdict};
use super::files;
use super::number::full;
use super::option_flags::Chosen;
use super::output;
use super::progress::Line;
use clap::ArgMatches;
use images::Pair;
use report::Report;
use southwell::bilevel::{Problem, Settings, Solution, solve};
use southwell::runtime::{Error, ErrorKind, Family, Outcome, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use saved::FAMILY;
pub use verify::verify;

/// The problems that the command knows.
pub const PROBLEMS: [&str; 7] = ["ridge", "logistic", "multinomial", "elastic-net", "lasso", "tv", "foe"];

/// A problem made from files.
pub struct Made {
    problem: Box<dyn Problem>,
    /// Where it came from, for people.
    data: String,
    /// Where its parameters start unless the command line says.
    start: Vec<f64>,
    /// The pictures, where it is one on pictures.
    pairs: Vec<Pair>,
    /// Outputs of a linear model.
    outputs: usize,
}

impl Made {
    /// The problem that the flags name.
    fn read(kind: &str, matches: &ArgMatches, seed: u64) -> Result<Self> {
        match kind {
            "tv" | "foe" => images::read(kind, matches, seed),
            _ => tables::read(kind, matches, seed),
        }
    }
}

/// Runs the command.
pub fn run(matches: &ArgMatches) -> std::result::Result<Verdict, Failure> {
    let begun = Instant::now();
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let mut chosen = Chosen::read(matches, Family::Bilevel)?;
    if ["trace", "plot", "plot-accuracies"].iter().any(|name| of(name).is_some()) {
        chosen.set("trace", "true");
    }
    let options = chosen.options()?;
    let settings = Settings::from_options(&options)?;
    let kind = matches.get_one::<String>("problem").map_or("", String::as_str);
    let mut line = Line::new();
    line.say("reading the data");
    let made = Made::read(kind, matches, settings.seed)?;
    let start = start(matches, &made)?;
    let seconds_setup = begun.elapsed().as_secs_f64();
    line.say(kind);
    let (solution, values) = solve_watched(&*made.problem, &start, &options, &line)?;
    drop(line);
    if let Some(file) = of("out") {
        files::write_vector(file, &solution.theta)?;
    }
    if let Some(file) = of("solution") {
        write_solution(file, &made, &solution)?;
    }
    if let Some(file) = of("model") {
        saved::write(file, kind, matches, (chosen.pairs(), &start), &solution)?;
    }
    if let Some(folder) = of("pictures") {
        write_pictures(folder, &made.pairs, &solution)?;
    }
    if let Some(file) = of("trace") {
        write_trace(file, &solution)?;
    }
    if let Some(file) = of("plot") {
        plots::values(kind, &values).write(file)?;
    }
    if let Some(file) = of("plot-accuracies") {
        plots::accuracies(kind, &[("", &solution)]).write(file)?;
    }
    let report = Report { kind, made: &made, settings: &settings, solution: &solution, seconds_setup };
    output::print(&if matches.get_flag("json") { report.json() } else { report.text() })?;
    Ok(Verdict::of(solution.outcome == Outcome::Converged))
}

/// A solve, and its upper values over its work in floating-point operations.
pub fn solve_watched(
    problem: &dyn Problem,
    start: &[f64],
    options: &southwell::runtime::Options,
    line: &Line,
) -> Result<(Solution, Vec<(f64, f64)>)> {
    let mut values = Vec::new();
    let solution = {
        let mut control = line.control_beside(|seen| values.push((seen.work as f64, seen.objective)));
        solve(problem, start, options, None, &mut control)?
    };
    Ok((solution, values))
}

/// Where the search starts: numbers between commas (one stands for all), or a file.
fn start(matches: &ArgMatches, made: &Made) -> Result<Vec<f64>> {
    let d = made.start.len();
    let Some(given) = matches.get_one::<String>("start") else { return Ok(made.start.clone()) };
    let words: Option<Vec<f64>> = given.split(',').map(|word| word.trim().parse().ok()).collect();
    let Some(numbers) = words else { return data::vector(Path::new(given), d, "parameter") };
    match numbers.len() {
        1 => Ok(vec![numbers[0]; d]),
        n if n == d => Ok(numbers),
        n => Err(Error::new(ErrorKind::Option, "--start")
            .expected(format!("{d} numbers between commas, one for all, or a file"))
            .found(n)),
    }
}

/// The lower solution: one coefficient a line (several outputs: one row per feature), folds beside each other.
fn write_solution(file: &Path, made: &Made, solution: &Solution) -> Result<()> {
    let Some(first) = solution.x.first() else { return Ok(()) };
    let features = first.len() / made.outputs;
    let all = || solution.x.iter().flat_map(|x| x.chunks_exact(features));
    output::write_file(file, |file| {
        (0..features).try_for_each(|j| {
            let row: Vec<String> = all().map(|w| full(w[j])).collect();
            writeln!(file, "{}", row.join(","))
        })
    })
}

/// For each pair a picture of what was observed, what came out, and what it should be.
fn write_pictures(folder: &Path, pairs: &[Pair], solution: &Solution) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Error::new(ErrorKind::Argument, folder.display().to_string())
            .expected("a folder that can be made")
            .found(e)
    })?;
    for (pair, x) in pairs.iter().zip(&solution.x) {
        let restored = files::Picture { pixels: x.clone(), ..pair.truth };
        let three = files::beside(&[pair.noisy.clone(), restored, pair.truth.clone()]);
        files::write_picture(&folder.join(format!("{}.png", pair.name)), &three)?;
    }
    Ok(())
}

/// Every decision of the solve.
fn write_trace(file: &Path, solution: &Solution) -> Result<()> {
    output::write_file(file, |file| {
        writeln!(file, "iteration,products,decision,left,right,alpha,upper,eps,delta")?;
        for row in &solution.trace {
            let numbers: Vec<String> = [row.left, row.right, row.alpha, row.upper, row.eps, row.delta]
                .iter()
                .map(|v| format!("{v:?}"))
                .collect();
            writeln!(
                file,
                "{},{},{},{}",
                row.iteration,
                row.products,
                report::decision(row.decision),
                numbers.join(",")
            )?;
        }
        Ok(())
    })
}
