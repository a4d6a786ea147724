//! `southwell bcd`: solve a problem from files.

use super::data::{Data, Known, Target, vector};
use super::failure::{Failure, Verdict};
use super::interrupt;
use super::layout::{Facts, Side, table};
use super::model::{Extras, Model};
use super::number::{json as number, json_array, short};
use super::option_flags::Chosen;
use super::progress::Line;
use super::report::{self, Report};
use super::{files, model_json, output, path, plots, trace};
use clap::ArgMatches;
use serde_json::Value;
use southwell::bcd::{self, Identification, Problem, Settings, Solution, Start};
use southwell::runtime::{Control, Error, ErrorKind, Family, OptionValue, Outcome, Stop};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let is_path = matches.contains_id("path") || matches.contains_id("lambdas");
    let mut chosen = Chosen::read(matches, Family::Bcd)?;
    if of("trace").is_some() || (of("plot").is_some() && !is_path) {
        chosen.set("trace", "true");
    }
    let grid = path::grid(matches, &chosen.options()?)?;
    let settings = Settings::from_options(&chosen.options()?)?;
    check_groups(matches, &settings)?;
    let mut line = Line::new();
    line.say("reading the data");
    let data = Data::read(matches, Target::Needed, Known::default())?;
    let extras = Extras::read(matches, &data)?;
    let problem = extras.problem(&data, &settings)?;
    let start = of("start").map(|file| read_start(file, &data)).transpose()?;
    let start = start.as_ref().map(|(coef, intercept)| Start { coef: Some(coef), intercept: *intercept });
    let solutions = match &grid {
        Some(grid) => path::solve(&problem, &chosen, grid, start, &mut line)?,
        None => {
            line.say("solving");
            vec![bcd::solve(&problem, &chosen.options()?, start, &mut line.control())?]
        }
    };
    drop(line);
    let Some(solution) = solutions.last() else {
        Failure::new("the time or work limit was reached before the first strength was solved").tell();
        return Ok(Verdict::Short);
    };
    write_files(matches, &data, &chosen, &extras, &problem, &solutions)?;
    let options = chosen.options()?;
    let report = Report {
        data: &data,
        options: &options,
        settings: &settings,
        solution,
        linear: extras.linear.is_some(),
    };
    let seen = match matches.get_flag("identify") {
        true => Some(identification(&problem, &settings, solution)?),
        false => None,
    };
    let path = is_path.then_some(solutions.as_slice());
    let text = if matches.get_flag("json") {
        json(&report, path, seen.as_ref())
    } else {
        text(&report, path, seen.as_ref())
    };
    output::print(&text)?;
    let is_whole = !matches!(seen, Some(Seen::Stopped(_)));
    Ok(Verdict::of(is_whole && solutions.iter().all(|s| s.outcome == Outcome::Converged)))
}

/// Groups mean nothing to another penalty; to take them in silence would hide a mistake.
pub fn check_groups(matches: &ArgMatches, settings: &Settings) -> Result<(), Error> {
    if matches.contains_id("groups") && !settings.penalty.has_groups() {
        return Err(Error::new(ErrorKind::Option, "--groups")
            .expected("--penalty group or sparse-group with it")
            .found("another penalty"));
    }
    Ok(())
}

/// Coefficients and an intercept: from a model, or from a file of numbers.
fn read_start(file: &Path, data: &Data) -> Result<(Vec<f64>, f64), Error> {
    let mut first = [0_u8; 1];
    let is_model = std::fs::File::open(file).and_then(|mut f| f.read_exact(&mut first)).is_ok();
    if is_model && first[0] == b'{' {
        let model = model_json::read(file)?;
        model.check_columns(file, data)?;
        return Ok((model.point(), model.intercept));
    }
    Ok((vector(file, data.cols(), "column")?, 0.0))
}

fn write_files(
    matches: &ArgMatches,
    data: &Data,
    chosen: &Chosen,
    extras: &Extras,
    problem: &Problem<'_>,
    solutions: &[Solution],
) -> Result<(), Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let outputs = solutions.last().map_or(1, |s| s.outputs);
    let name = |j: usize| match outputs {
        1 => data.name(j),
        k => format!("{}:{}", data.name(j / k), j % k),
    };
    let names = || (0..data.cols() * outputs).map(name).collect::<Vec<_>>();
    if let (Some(file), Some(solution)) = (of("out"), solutions.last()) {
        match solution.output_loss {
            Some(_) => files::write_rows(file, solution.outputs, &solution.coef)?,
            None => files::write_vector(file, &solution.coef)?,
        }
    }
    if let (Some(file), Some(solution)) = (of("model"), solutions.last()) {
        model_json::write(file, &Model::new(data, &chosen.options()?, extras, solution))?;
    }
    if let Some(file) = of("trace") {
        trace::write_trace(file, solutions)?;
    }
    if let Some(file) = of("path-out") {
        trace::write_path(file, &names(), solutions)?;
    }
    if let Some(file) = of("plot") {
        let title = data.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let chart = if matches.contains_id("path") || matches.contains_id("lambdas") {
            let standardized = chosen.options()?.get("standardize")? == OptionValue::Flag(true);
            let deviations = standardized.then(|| {
                let of = plots::deviations(problem);
                of.into_iter().flat_map(|d| std::iter::repeat_n(d, outputs)).collect::<Vec<f64>>()
            });
            plots::path(&title, &names(), deviations.as_deref(), solutions)
        } else {
            plots::convergence(&title, &[("", &solutions[0])])
        };
        chart.write(file)?;
    }
    Ok(())
}

/// What `--identify` has found.
enum Seen {
    /// What is known of the solution.
    Known(Identification),
    /// A limit or Ctrl-C ended the look at it; the answer is written all the same.
    Stopped(Outcome),
}

fn identification(problem: &Problem<'_>, settings: &Settings, solution: &Solution) -> Result<Seen, Error> {
    // A solve that was stopped in its setup has nothing to look at.
    if solution.lambda.is_nan() {
        return Ok(Seen::Stopped(solution.outcome));
    }
    let mut control = Control::new().with_cancel(interrupt::token());
    match bcd::identify(problem, settings, solution, &mut control) {
        Err(error) if error.kind() == ErrorKind::Stopped => {
            // Once it said stop, a control says so for good.
            let Stop(outcome) = control.poll().err().unwrap_or(Stop(Outcome::Cancelled));
            Ok(Seen::Stopped(outcome))
        }
        found => found.map(Seen::Known),
    }
}

fn json(report: &Report<'_>, path: Option<&[Solution]>, seen: Option<&Seen>) -> String {
    let mut object = report.json();
    if let Some(seen) = seen {
        let value = match seen {
            Seen::Known(seen) => serde_json::json!({
                "margin": number(seen.margin),
                "unique": seen.unique,
                "smallest_eigenvalue": number(seen.smallest_eigenvalue),
                "safe_zeros": seen.safe_zeros,
            }),
            Seen::Stopped(outcome) => serde_json::json!({ "outcome": outcome.name() }),
        };
        object.insert("identification".into(), value);
    }
    if let Some(solutions) = path {
        let points = solutions.iter().map(|solution| {
            let mut point = report::step(report.settings, solution);
            let support = report::support(&solution.coef);
            let values: Vec<f64> = support.iter().map(|j| solution.coef[*j]).collect();
            point.insert("support".into(), support.into());
            point.insert("coefficients".into(), json_array(&values));
            Value::Object(point)
        });
        object.insert("path".into(), points.collect());
    }
    format!("{}\n", Value::Object(object))
}

fn text(report: &Report<'_>, path: Option<&[Solution]>, seen: Option<&Seen>) -> String {
    let mut text = String::new();
    if let Some(solutions) = path {
        let rows: Vec<Vec<String>> = solutions
            .iter()
            .map(|s| {
                vec![
                    short(s.lambda, 6),
                    path::ratio(s),
                    s.outcome.name().to_owned(),
                    short(s.certificate.objective, 10),
                    short(s.certificate.value, 3),
                    short(report::relative(report.settings, s), 3),
                    s.nonzeros().to_string(),
                    s.iterations.to_string(),
                    short(s.seconds_setup + s.seconds_solve, 3),
                ]
            })
            .collect();
        let headings = [
            "lambda",
            "/ max",
            "outcome",
            "objective",
            "certificate",
            "relative",
            "nonzeros",
            "iterations",
            "seconds",
        ];
        let mut sides = [Side::Right; 9];
        sides[2] = Side::Left;
        text.push_str(&table(&headings, &sides, &rows));
        text.push('\n');
    }
    text.push_str(&report.text());
    if let Some(seen) = seen {
        let mut facts = Facts::default();
        match seen {
            Seen::Known(seen) => {
                let mut zeros = format!("{} of {}", seen.safe_zeros.len(), report.solution.coef.len());
                if !seen.safe_zeros.is_empty() {
                    zeros.push_str(&format!(": {}", report.names(&seen.safe_zeros)));
                }
                facts.add("always 0", zeros);
                facts.add("margin", short(seen.margin, 4));
                facts.add("unique", if seen.unique { "yes, to first order" } else { "not known" });
            }
            Seen::Stopped(outcome) => facts.add("identification", format!("none, {}", outcome.name())),
        }
        text.push_str(&facts.text());
    }
    text.push_str(&report.coefficients());
    text
}
