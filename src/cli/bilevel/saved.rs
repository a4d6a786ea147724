//! The model of `southwell bilevel --model`: one JSON object with all that `verify` needs besides the files.

use super::report;
use crate::cli::model_json::Reader;
use crate::cli::number::{json, json_array};
use crate::cli::output;
use clap::ArgMatches;
use serde_json::{Value, json as object};
use southwell::bilevel::Solution;
use southwell::runtime::Result;
use std::io::Write;
use std::path::Path;

/// What a model says that it is of.
pub const FAMILY: &str = "bilevel";

const VERSION: u64 = 1;

/// Flags that make the problem from its files, in the words of the command line.
const FLAGS: [&str; 13] = [
    "folds",
    "strengths",
    "target-column",
    "positive",
    "features",
    "smoothing",
    "loss",
    "noise",
    "shrink",
    "size",
    "coupling",
    "filters",
    "side",
];

/// The same, without a word.
const SWITCHES: [&str; 1] = ["intercept"];

/// A model that was read.
pub struct Saved {
    /// The name of the problem.
    pub kind: String,
    /// The flags of the problem; a switch has no word.
    pub flags: Vec<(String, String)>,
    /// Options of the solver.
    pub options: Vec<(String, String)>,
    pub start: Vec<f64>,
    pub theta: Vec<f64>,
    /// The lower solution and the adjoint of each sample.
    pub x: Vec<Vec<f64>>,
    pub q: Vec<Vec<f64>>,
    /// How the solve ended, in its words.
    pub outcome: String,
    /// How it certified hypergradients.
    pub mode: String,
    /// What it said of the answer.
    pub claims: Claims,
}

/// The figures of a report.
pub struct Claims {
    pub value: f64,
    /// The ends of the interval.
    pub interval: [f64; 2],
    /// The ends of the interval by the problem's constants alone.
    pub from_constants: [f64; 2],
    pub gradient_norm: f64,
    pub omega: f64,
    pub eps: f64,
    pub delta: f64,
}

/// Writes the model of a solve.
pub fn write(
    path: &Path,
    kind: &str,
    matches: &ArgMatches,
    (options, start): (&[(String, String)], &[f64]),
    solution: &Solution,
) -> Result<()> {
    let texts = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect()
    };
    let arrays = |vectors: &[Vec<f64>]| -> Value { vectors.iter().map(|v| json_array(v)).collect() };
    let model = object!({
        "format": "southwell model",
        "version": VERSION,
        "family": FAMILY,
        "problem": kind,
        "flags": texts(&flags(matches)),
        "options": texts(options),
        "start": json_array(start),
        "outcome": solution.outcome.name(),
        "objective": json(solution.certificate.value),
        "certificate": report::certificate_json(&solution.certificate),
        "gradient_norm": json(solution.certificate.size),
        "theta": json_array(&solution.theta),
        "lower": arrays(&solution.x),
        "adjoint": arrays(&solution.q),
    });
    output::write_file(path, |file| writeln!(file, "{model}"))
}

/// The flags of the problem that a command line has, in its own words.
pub fn flags(matches: &ArgMatches) -> Vec<(String, String)> {
    let word = |name: &&str| {
        let raw = matches.try_get_raw(name).ok().flatten()?.next()?;
        Some(((*name).to_owned(), raw.to_string_lossy().into_owned()))
    };
    let switch = |name: &&&str| matches.try_get_one::<bool>(name).is_ok_and(|set| set == Some(&true));
    let switches = SWITCHES.iter().filter(switch).map(|name| ((*name).to_owned(), String::new()));
    FLAGS.iter().filter_map(word).chain(switches).collect()
}

impl Saved {
    /// That of a file's JSON.
    pub fn read(path: &Path, value: &Value) -> Result<Self> {
        let name = path.display().to_string();
        let file = Reader { name: &name, value };
        file.header(FAMILY)?;
        let certificate = Reader { name: &name, value: &value["certificate"] };
        let constants = Reader { name: &name, value: &certificate.value["from_constants"] };
        let ends =
            |of: &Reader<'_>| Ok::<_, southwell::runtime::Error>([of.number("lower")?, of.number("upper")?]);
        Ok(Self {
            kind: file.word("problem")?.to_owned(),
            flags: file.words("flags")?,
            options: file.words("options")?,
            start: file.numbers("start")?,
            theta: file.numbers("theta")?,
            x: file.arrays("lower")?,
            q: file.arrays("adjoint")?,
            outcome: file.word("outcome")?.to_owned(),
            mode: certificate.word("mode")?.to_owned(),
            claims: Claims {
                value: file.number("objective")?,
                interval: ends(&certificate)?,
                from_constants: ends(&constants)?,
                gradient_norm: file.number("gradient_norm")?,
                omega: certificate.number("omega")?,
                eps: certificate.number("eps")?,
                delta: certificate.number("delta")?,
            },
        })
    }
}
