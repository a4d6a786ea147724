//! The file of `--out`: JSON, one object a line. The first says how rows became rounds, then comes a line for each
//! round in order, and the last has the figures that are claimed. Groups have their numbers, -1 is the one that is
//! always on and -2 the crossed expert; predictions and labels are in units of the label range.

use super::names::{number, of_number};
use super::recipe::Recipe;
use crate::cli::number::{from_json, json, json_array};
use crate::cli::{files, output};
use serde_json::{Value, json as object};
use southwell::groupwise::{Certificate, GroupCertificate, RoundLog};
use southwell::runtime::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::Path;

const FORMAT: &str = "southwell round log";
const VERSION: u64 = 1;

/// What is claimed of a group, in the units of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The group.
    pub group: u64,
    /// Its rounds.
    pub rounds: u64,
    /// What was lost on them.
    pub loss: f64,
    /// The mean loss of the experts by their weights.
    pub expected_loss: f64,
    /// What the loss is compared with.
    pub comparator: String,
    /// The loss of that, its regret and the bound on it; NaN where there is none.
    pub hindsight: f64,
    /// See `hindsight`.
    pub regret: f64,
    /// See `hindsight`.
    pub bound: f64,
}

/// A file of `--out`.
pub struct File {
    /// How rows became rounds.
    pub recipe: Recipe,
    /// The rounds.
    pub log: RoundLog,
    /// The row of each, from 0 on.
    pub rows: Vec<usize>,
    /// What is claimed.
    pub claims: Vec<Claimed>,
}

/// Writes a log of rounds that were these rows.
pub fn write(
    path: &Path,
    recipe: &Recipe,
    log: &RoundLog,
    rows: &[usize],
    found: &Certificate,
) -> Result<()> {
    output::write_file(path, |file| {
        let first = object!({ "format": FORMAT, "version": VERSION, "recipe": recipe.json() });
        writeln!(file, "{first}")?;
        let numbers = |groups: &[u64]| groups.iter().map(|id| number(*id)).collect::<Vec<i64>>();
        for (entry, row) in log.entries().zip(rows) {
            let line = object!({
                "row": row,
                "x": json_array(entry.x),
                "groups": numbers(entry.groups),
                "experts": numbers(entry.expert_group),
                "z": json_array(entry.z),
                "p": json_array(entry.p),
                "output": json(entry.output),
                "y": json(entry.y),
                "weight": json(entry.weight),
            });
            writeln!(file, "{line}")?;
        }
        let claims: Vec<Value> = found.groups.iter().map(claim).collect();
        writeln!(file, "{}", object!({ "claims": claims }))
    })
}

fn claim(g: &GroupCertificate) -> Value {
    let option = |value: Option<f64>| json(value.unwrap_or(f64::NAN));
    object!({
        "group": number(g.group),
        "rounds": g.rounds,
        "loss": json(g.loss),
        "expected_loss": json(g.expected_loss),
        "comparator": g.comparator.name(),
        "hindsight": option(g.hindsight),
        "regret": option(g.regret),
        "bound": option(g.bound),
    })
}

/// Reads a log. Errors: what is none, with its line.
pub fn read(path: &Path) -> Result<File> {
    let name = path.display().to_string();
    let bytes = files::read_bytes(path)?;
    let wrong = |line: usize, expected: &str, found: &str| {
        Error::new(ErrorKind::Format, &name).at(format!("line {}", line + 1)).expected(expected).found(found)
    };
    let text = std::str::from_utf8(&bytes).map_err(|e| wrong(0, "UTF-8 text", &e.to_string()))?;
    let mut lines = Vec::new();
    for (k, line) in text.lines().enumerate() {
        let value: Value =
            serde_json::from_str(line).map_err(|e| wrong(k, "a JSON object", &e.to_string()))?;
        lines.push(value);
    }
    let last = lines.len() - 1;
    let head = &lines[0];
    if head["format"] != FORMAT || head["version"] != VERSION {
        return Err(wrong(
            0,
            &format!("\"format\": \"{FORMAT}\", version {VERSION}"),
            &head["format"].to_string(),
        ));
    }
    let recipe = Recipe::from_json(&head["recipe"]).ok_or_else(|| wrong(0, "a recipe", "another value"))?;
    let claims = lines[last]["claims"].as_array().and_then(|claims| claims.iter().map(claimed).collect());
    let claims =
        claims.ok_or_else(|| wrong(last, "the figures that are claimed", "none: is the file cut?"))?;
    let (mut log, mut rows) = (RoundLog::default(), Vec::new());
    for (k, line) in lines.iter().enumerate().take(last).skip(1) {
        let row = push(&mut log, line).ok_or_else(|| wrong(k, "a round", "something else"))?;
        rows.push(row);
    }
    Ok(File { recipe, log, rows, claims })
}

/// Adds a round; its row. `None`: it is none.
fn push(log: &mut RoundLog, line: &Value) -> Option<usize> {
    let numbers = |key: &str| -> Option<Vec<f64>> { line[key].as_array()?.iter().map(from_json).collect() };
    let groups = |key: &str| -> Option<Vec<u64>> {
        line[key].as_array()?.iter().map(|id| id.as_i64().map(of_number)).collect()
    };
    log.x.extend(numbers("x")?);
    log.groups.extend(groups("groups")?);
    log.group_end.push(log.groups.len());
    log.expert_group.extend(groups("experts")?);
    log.z.extend(numbers("z")?);
    log.p.extend(numbers("p")?);
    log.expert_end.push(log.z.len());
    log.output.push(from_json(&line["output"])?);
    log.y.push(from_json(&line["y"])?);
    log.weight.push(from_json(&line["weight"])?);
    usize::try_from(line["row"].as_u64()?).ok()
}

fn claimed(value: &Value) -> Option<Claimed> {
    Some(Claimed {
        group: of_number(value["group"].as_i64()?),
        rounds: value["rounds"].as_u64()?,
        loss: from_json(&value["loss"])?,
        expected_loss: from_json(&value["expected_loss"])?,
        comparator: value["comparator"].as_str()?.to_owned(),
        hindsight: from_json(&value["hindsight"])?,
        regret: from_json(&value["regret"])?,
        bound: from_json(&value["bound"])?,
    })
}
