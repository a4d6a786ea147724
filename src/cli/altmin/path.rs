//! `--ridges` and `--ranks`: the same completion along a grid.

use super::super::axis::Axis;
use super::super::chart::{Chart, Line, Names};
use super::super::layout::{Side, table};
use super::super::number::{json, short};
use clap::ArgMatches;
use serde_json::{Value, json as object};
use southwell::altmin::Solution;
use southwell::altmin::path::Grid;
use southwell::runtime::{Error, ErrorKind, OptionValue, Options, Result};

/// Ridges that fall, or ranks that rise.
pub enum Given {
    Ridges(Vec<f64>),
    Ranks(Vec<usize>),
}

/// What the flags say; `None` where there is no path. Errors: words that are not numbers, the option itself beside
/// them.
pub fn given(matches: &ArgMatches, options: &Options) -> Result<Option<Given>> {
    let of = |name: &str| matches.get_one::<String>(name);
    if let Some(list) = of("ridges") {
        if options.get("ridge")? != OptionValue::Unset {
            return Err(Error::new(ErrorKind::Option, "--ridges")
                .expected("no ridge beside it")
                .found("ridge"));
        }
        return Ok(Some(Given::Ridges(numbers(list, "--ridges")?)));
    }
    of("ranks").map(|list| numbers(list, "--ranks").map(Given::Ranks)).transpose()
}

/// Numbers between commas.
fn numbers<N: std::str::FromStr>(list: &str, flag: &str) -> Result<Vec<N>> {
    list.split(',').map(|word| word.trim().parse::<N>()).collect::<std::result::Result<_, _>>().map_err(
        |_| {
            Error::new(ErrorKind::Option, flag)
                .expected("numbers between commas")
                .found(format!("\"{list}\""))
        },
    )
}

impl Given {
    /// As the library takes it.
    pub fn grid(&self) -> Grid<'_> {
        match self {
            Given::Ridges(ridges) => Grid::Ridges(ridges),
            Given::Ranks(ranks) => Grid::Ranks(ranks),
        }
    }

    /// The first point, as the option has it.
    pub fn first(&self) -> Option<(&'static str, String)> {
        match self {
            Given::Ridges(ridges) => ridges.first().map(|ridge| ("ridge", ridge.to_string())),
            Given::Ranks(ranks) => ranks.first().map(|rank| ("rank", rank.to_string())),
        }
    }
}

/// A line for each point.
pub fn text<T>(points: &[Solution<T>], best: Option<usize>) -> String
where
    T: southwell::numerics::real::Real,
{
    let headings = ["ridge", "rank", "outcome", "objective", "fit", "held out", "sweeps", "seconds", ""];
    let mut sides = [Side::Right; 9];
    (sides[2], sides[8]) = (Side::Left, Side::Left);
    let row = |(k, s): (usize, &Solution<T>)| {
        vec![
            short(s.ridge, 6),
            s.model.rank().to_string(),
            s.outcome.name().to_owned(),
            short(s.objective, 8),
            short(s.certificate.fit, 6),
            if s.certificate.held_out.is_nan() { "-".to_owned() } else { short(s.certificate.held_out, 6) },
            s.iterations.to_string(),
            short(s.seconds_setup + s.seconds_solve, 3),
            if best == Some(k) { "best".to_owned() } else { String::new() },
        ]
    };
    table(&headings, &sides, &points.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// An object for each point.
pub fn as_json<T: southwell::numerics::real::Real>(points: &[Solution<T>]) -> Value {
    points
        .iter()
        .map(|s| {
            object!({
                "ridge": json(s.ridge),
                "rank": s.model.rank(),
                "outcome": s.outcome.name(),
                "objective": json(s.objective),
                "train_rmse": json(s.certificate.fit),
                "held_out_rmse": json(s.certificate.held_out),
                "iterations": s.iterations,
                "work": s.work,
                "seconds": s.seconds_setup + s.seconds_solve,
            })
        })
        .collect()
}

/// The errors along the path.
pub fn chart<T: southwell::numerics::real::Real>(
    title: &str,
    given: &Given,
    points: &[Solution<T>],
) -> Chart {
    let (x, place): (Axis, fn(&Solution<T>) -> f64) = match given {
        Given::Ridges(_) => (Axis { falling: true, ..Axis::log("ridge") }, |s| s.ridge),
        Given::Ranks(_) => (Axis::linear("rank"), |s| s.model.rank() as f64),
    };
    let line = |name: &str, of: fn(&Solution<T>) -> f64| Line {
        name: name.to_owned(),
        points: points.iter().map(|s| (place(s), of(s))).collect(),
    };
    let mut lines = vec![line("fitted", |s| s.certificate.fit)];
    if points.iter().any(|s| !s.certificate.held_out.is_nan()) {
        lines.push(line("held out", |s| s.certificate.held_out));
    }
    Chart {
        title: format!("{title}: errors along the path"),
        x,
        y: Axis::linear("root mean square error"),
        lines,
        level: None,
        names: Names::Listed,
    }
}
