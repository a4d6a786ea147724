//! A path: the same problem for falling strengths, each solve carried on from the one before.

use super::axis::Axis;
use super::files;
use super::number::short;
use super::option_flags::Chosen;
use super::progress::Line;
use clap::ArgMatches;
use southwell::bcd::{self, Grid, Problem, Solution, Start};
use southwell::runtime::{Error, ErrorKind, OptionValue, Options, Result};
use std::path::Path;

/// The strengths of `--path` or `--lambdas`; `None` where neither is given.
///
/// Errors: a file that cannot be read, words that are not numbers, strengths that do not fall, another strength beside
/// `--lambdas`.
pub fn grid(matches: &ArgMatches, options: &Options) -> Result<Option<Grid>> {
    let Some(given) = matches.get_one::<String>("lambdas") else {
        return Ok(matches.get_one::<u32>("path").map(|count| Grid::spaced(*count as usize)));
    };
    for key in ["lambda", "lambda_ratio"] {
        if options.get(key)? != OptionValue::Unset {
            return Err(Error::new(ErrorKind::Option, "--lambdas")
                .expected("no other strength beside it")
                .found(key));
        }
    }
    Ok(Some(Grid::given(&strengths(given)?)))
}

/// Solves for the strengths.
///
/// The time limit is that of the whole path; a path that is stopped ends where it is, perhaps before its first point.
pub fn solve(
    problem: &Problem<'_>,
    chosen: &Chosen,
    grid: &Grid,
    start: Option<Start<'_>>,
    line: &mut Line,
) -> Result<Vec<Solution>> {
    line.say("path");
    Ok(bcd::path(problem, &chosen.options()?, grid, start, &mut line.control())?.points)
}

/// Numbers between commas, or those of a file.
fn strengths(given: &str) -> Result<Vec<f64>> {
    let numbers = given.split(',').map(|word| word.trim().parse::<f64>());
    let strengths = match numbers.collect::<std::result::Result<Vec<f64>, _>>() {
        Ok(numbers) => numbers,
        Err(_) if Path::new(given).exists() => files::read_vector(Path::new(given))?,
        Err(_) => {
            return Err(Error::new(ErrorKind::Option, "--lambdas")
                .expected("numbers between commas, or a file")
                .found(format!("\"{given}\"")));
        }
    };
    checked(strengths)
}

/// What the library checks too; but places in messages of the command count from 1.
fn checked(strengths: Vec<f64>) -> Result<Vec<f64>> {
    let is_valid = |k: usize| {
        let strength = strengths[k];
        strength >= 0.0 && strength.is_finite() && (k == 0 || strength < strengths[k - 1])
    };
    match (0..strengths.len()).find(|&k| !is_valid(k)) {
        Some(k) => Err(Error::new(ErrorKind::Option, "--lambdas")
            .at(format!("entry {}", k + 1))
            .expected("finite strengths >= 0, each below the one before")
            .found(strengths[k])),
        None => Ok(strengths),
    }
}

/// Whether the strengths of these solutions can be told relative to lambda_max.
fn is_relative(solutions: &[Solution]) -> bool {
    solutions.iter().all(|s| s.lambda_max.is_finite() && s.lambda_max > 0.0)
}

/// The axis of the strengths, and where a solution is on it.
pub fn axis(solutions: &[Solution]) -> (Axis, fn(&Solution) -> f64) {
    let (label, place): (_, fn(&Solution) -> f64) = match is_relative(solutions) {
        true => ("strength of the penalty: lambda / lambda_max", |s| s.lambda / s.lambda_max),
        false => ("strength of the penalty: lambda", |s| s.lambda),
    };
    (Axis { falling: true, ..Axis::log(label) }, place)
}

/// The strength of a solution relative to lambda_max, for tables.
pub fn ratio(solution: &Solution) -> String {
    match is_relative(std::slice::from_ref(solution)) {
        true => short(solution.lambda / solution.lambda_max, 4),
        false => "-".to_owned(),
    }
}
