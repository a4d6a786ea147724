//! A path: the same problem for falling strengths, each solve started from the one before.

use super::failure::Failure;
use super::option_flags::Chosen;
use super::progress::Line;
use southwell::bcd::{self, Problem, Settings, Solution, Start, Strength};
use southwell::runtime::{Error, ErrorKind, Outcome};
use std::time::Instant;

/// Solves for `count` strengths from lambda_max down to the one that is chosen.
///
/// The time limit is that of the whole path; a path that is stopped ends where it is, perhaps before its first point.
pub fn solve(
    problem: &Problem<'_>,
    chosen: &Chosen,
    count: u32,
    start: Option<Start<'_>>,
    line: &mut Line,
) -> Result<Vec<Solution>, Failure> {
    let began = Instant::now();
    let settings = Settings::from_options(&chosen.options()?)?;
    line.say("path");
    let lambdas = {
        let Some(max) = bcd::lambda_max(problem, &chosen.options()?, &mut line.control())? else {
            return Ok(Vec::new());
        };
        strengths(max, &settings, count)?
    };
    let mut chosen = chosen.clone();
    chosen.forget(&["lambda", "lambda_ratio"]);
    let mut solutions: Vec<Solution> = Vec::new();
    for (at, lambda) in lambdas.iter().enumerate() {
        let left = (settings.max_seconds - began.elapsed().as_secs_f64()).max(0.0);
        let mut one = chosen.clone();
        one.set("lambda", &format!("{lambda:?}"));
        one.set("max_seconds", &format!("{left:?}"));
        line.say(format!("lambda {} of {count}", at + 1));
        let before = solutions.last().map(|s| (s.stacked(), s.intercept));
        let warm = before.as_ref().map(|(x, b)| Start { coef: Some(x), intercept: *b }).or(start);
        let solution = bcd::solve(problem, &one.options()?, warm, &mut line.control())?;
        let stopped = matches!(solution.outcome, Outcome::TimeLimit | Outcome::Cancelled);
        solutions.push(solution);
        if stopped {
            break;
        }
    }
    Ok(solutions)
}

/// The strengths, evenly spaced on a log scale; the last is exactly the one asked for.
fn strengths(max: f64, settings: &Settings, count: u32) -> Result<Vec<f64>, Failure> {
    let last = match settings.strength {
        Strength::Lambda(lambda) => lambda,
        Strength::Ratio(ratio) => ratio * max,
    };
    if !(max.is_finite() && last > 0.0 && last <= max) {
        let expected = "a strength above 0 and up to a finite lambda_max";
        let found = format!("lambda {last} and lambda_max {max}");
        return Err(Error::new(ErrorKind::Option, "--path").expected(expected).found(found).into());
    }
    let steps = f64::from((count - 1).max(1));
    let at = |k: u32| max * (f64::from(k) / steps * (last / max).ln()).exp();
    Ok((0..count).map(|k| if k + 1 == count { last } else { at(k) }).collect())
}
