//! `southwell cv`: choose the strength of the penalty by cross-validation.

use super::axis::Axis;
use super::bcd::check_groups;
use super::chart::{Chart, Line as Curve, Names};
use super::data::{Data, Known, Target, vector};
use super::failure::{Failure, Verdict};
use super::layout::{Facts, Side, table};
use super::model::{Extras, Model};
use super::number::{json, json_array, short};
use super::option_flags::Chosen;
use super::progress::Line;
use super::report::Report;
use super::{files, model_json, output, path};
use clap::ArgMatches;
use serde_json::Value;
use southwell::bcd::{CrossValidation, Folds, Grid, Settings, Solution, cross_validate};
use southwell::runtime::{Error, ErrorKind, Family, OptionValue};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the strengths end unless the options say, relative to lambda_max: overfitting has to show.
const LEAST_RATIO: &str = "0.001";

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let mut chosen = Chosen::read(matches, Family::Bcd)?;
    let options = chosen.options()?;
    let is_given = matches.contains_id("lambdas");
    // Said before the strength is chosen: the messages about lambda would send the user from one to the other.
    if !is_given && options.get("penalty")? == OptionValue::Choice("ridge") {
        return Err(Error::new(ErrorKind::Option, "option \"penalty\"")
            .expected(
                "one with a finite lambda_max, which the strengths start from, or strengths by --lambdas",
            )
            .found("ridge (elastic-net with a small l1_ratio has one)")
            .into());
    }
    let unset = |key| Ok::<bool, Error>(options.get(key)? == OptionValue::Unset);
    if !is_given && unset("lambda")? && unset("lambda_ratio")? {
        chosen.set("lambda_ratio", LEAST_RATIO);
    }
    let grid = path::grid(matches, &chosen.options()?)?.unwrap_or(Grid::spaced(1));
    let settings = Settings::from_options(&chosen.options()?)?;
    check_groups(matches, &settings)?;
    let mut line = Line::new();
    line.say("reading the data");
    let data = Data::read(matches, Target::Needed, Known::default())?;
    let extras = Extras::read(matches, &data)?;
    let problem = extras.problem(&data, &settings)?;
    let folds = read_folds(matches, &data)?;
    line.say("cross-validation");
    let found = cross_validate(&problem, &chosen.options()?, &grid, &folds, &mut line.control())?;
    drop(line);
    let best = matches.get_one::<String>("choose").is_none_or(|c| c == "best");
    let at = if best { found.best } else { found.one_standard_error };
    let solution = &found.path.points[at];
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    if let Some(file) = of("out") {
        files::write_vector(file, &solution.coef)?;
    }
    if let Some(file) = of("model") {
        model_json::write(file, &Model::new(&data, &chosen.options()?, &extras, solution))?;
    }
    if let Some(file) = of("curve-out") {
        write_curve(file, &found)?;
    }
    if let Some(file) = of("plot") {
        chart(&data.path.file_name().unwrap_or_default().to_string_lossy(), &found).write(file)?;
    }
    let options = chosen.options()?;
    let report = Report {
        data: &data,
        options: &options,
        settings: &settings,
        solution,
        linear: extras.linear.is_some(),
    };
    let text =
        if matches.get_flag("json") { as_json(&report, &found, at) } else { as_text(&report, &found, at) };
    output::print(&text)?;
    Ok(Verdict::of(found.converged))
}

/// A number of folds, or a file with the fold of each row: folds may have any numbers, and are counted in their order.
fn read_folds(matches: &ArgMatches, data: &Data) -> Result<Folds, Error> {
    let given = matches.get_one::<String>("folds").map_or("10", String::as_str);
    if let Ok(count) = given.parse::<usize>() {
        return Ok(Folds::Seeded(count));
    }
    let refused = |expected: String, found: String| {
        Err(Error::new(ErrorKind::Option, "--folds").expected(expected).found(found))
    };
    if !given.is_empty() && given.bytes().all(|b| b.is_ascii_digit()) {
        return refused(format!("2 to {} folds, as many as rows at most", data.rows()), given.to_owned());
    }
    let file = Path::new(given);
    if !file.exists() {
        return refused(
            "a number of folds, or a file with the fold of each row".into(),
            format!("\"{given}\""),
        );
    }
    let numbers = vector(file, data.rows(), "row")?;
    if let Some(row) = numbers.iter().position(|v| v.fract() != 0.0) {
        return Err(Error::new(ErrorKind::Data, given)
            .at(format!("row {}", row + 1))
            .expected("a whole number, the fold of the row")
            .found(numbers[row]));
    }
    let mut names: Vec<i64> = numbers.iter().map(|v| *v as i64).collect();
    names.sort_unstable();
    names.dedup();
    // Every number is among the names.
    let fold = |v: &f64| names.binary_search(&(*v as i64)).unwrap_or(0);
    Ok(Folds::Given(numbers.iter().map(fold).collect()))
}

fn write_curve(file: &Path, found: &CrossValidation) -> Result<(), Error> {
    output::write_file(file, |file| {
        let folds: String = (0..found.folds.len()).map(|f| format!(",fold:{f}")).collect();
        writeln!(file, "lambda,mean,standard_error,nonzeros{folds}")?;
        for (k, point) in found.path.points.iter().enumerate() {
            let (mean, error, nonzeros) = (found.mean[k], found.standard_error[k], point.nonzeros());
            let folds: String = found.folds.iter().map(|loss| format!(",{:?}", loss[k])).collect();
            writeln!(file, "{:?},{mean:?},{error:?},{nonzeros}{folds}", point.lambda)?;
        }
        Ok(())
    })
}

/// The mean loss on rows left out over lambda, with a band of one standard error on both sides.
fn chart(title: &str, found: &CrossValidation) -> Chart {
    let (x, place) = path::axis(&found.path.points);
    let points = |sign: f64| {
        let at = |k: usize| found.mean[k] + sign * found.standard_error[k];
        found.path.points.iter().enumerate().map(|(k, s)| (place(s), at(k))).collect::<Vec<(f64, f64)>>()
    };
    let limit = found.mean[found.best] + found.standard_error[found.best];
    let band = |sign: f64| Curve { name: String::new(), points: points(sign) };
    Chart {
        title: format!("{title}: {} folds", found.folds.len()),
        x,
        y: Axis::linear("mean loss on the rows left out (grey: one standard error)"),
        lines: vec![band(1.0), band(-1.0), Curve { name: "mean".to_owned(), points: points(0.0) }],
        level: Some(("least + 1 s.e.".to_owned(), limit)),
        names: Names::Listed,
    }
}

fn as_json(report: &Report<'_>, found: &CrossValidation, at: usize) -> String {
    let mut object = report.json();
    let lambdas: Vec<f64> = found.path.points.iter().map(|s| s.lambda).collect();
    let nonzeros: Vec<usize> = found.path.points.iter().map(Solution::nonzeros).collect();
    let cv = serde_json::json!({
        "folds": found.folds.len(),
        "lambda": json_array(&lambdas),
        "mean": json_array(&found.mean),
        "standard_error": json_array(&found.standard_error),
        "nonzeros": nonzeros,
        "best": found.best,
        "one_standard_error": found.one_standard_error,
        "chosen": at,
        "lambda_best": json(lambdas[found.best]),
        "lambda_one_standard_error": json(lambdas[found.one_standard_error]),
        "converged": found.converged,
        "best_is_last": best_is_last(found),
    });
    object.insert("cross_validation".into(), cv);
    format!("{}\n", Value::Object(object))
}

/// Whether the curve may fall on below the last strength.
fn best_is_last(found: &CrossValidation) -> bool {
    found.best > 0 && found.best + 1 == found.path.points.len()
}

fn as_text(report: &Report<'_>, found: &CrossValidation, at: usize) -> String {
    let mark = |k: usize| match (k == found.best, k == found.one_standard_error) {
        (true, _) => "least",
        (false, true) => "within 1 s.e.",
        _ => "",
    };
    let rows: Vec<Vec<String>> = found
        .path
        .points
        .iter()
        .enumerate()
        .map(|(k, s)| {
            vec![
                short(s.lambda, 6),
                path::ratio(s),
                short(found.mean[k], 6),
                short(found.standard_error[k], 3),
                s.nonzeros().to_string(),
                mark(k).to_owned(),
            ]
        })
        .collect();
    let headings = ["lambda", "/ max", "mean loss", "s.e.", "nonzeros", ""];
    let mut sides = [Side::Right; 6];
    sides[5] = Side::Left;
    let mut text = table(&headings, &sides, &rows);
    let mut facts = Facts::default();
    facts.add("folds", found.folds.len().to_string());
    facts.add("chosen", format!("lambda {} of the {} strengths", at + 1, rows.len()));
    if best_is_last(found) {
        let further =
            "the least mean loss is at the last strength: a smaller one may do better (--lambda-ratio)";
        facts.add("note", further);
    }
    text.push_str(&format!("\n{}{}{}", facts.text(), report.text(), report.coefficients()));
    text
}
