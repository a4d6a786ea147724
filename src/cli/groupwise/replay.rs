//! `southwell verify --log`: every figure of a round log, computed again from its rounds with twice the digits; and, with
//! `--data`, whether these are the rounds of that file.

use super::names;
use super::round_log::{self, Claimed, File};
use super::table::Table;
use crate::cli::failure::{Failure, Verdict};
use crate::cli::layout::{Side, table};
use crate::cli::number::{json, short};
use crate::cli::output;
use crate::cli::progress::Line;
use clap::ArgMatches;
use serde_json::{Value, json as object};
use southwell::groupwise::crossed::{columns, cross};
use southwell::groupwise::replay::{Replayed, replay};
use southwell::groupwise::settings::Mode;
use southwell::groupwise::{CROSSED, Comparator, Groups, RoundLog, Settings};
use southwell::runtime::{Control, Error, ErrorKind, Result};
use std::path::Path;

/// Differences, relative to the losses, that make a claim of the log a wrong one.
const CLAIM: f64 = 1e-9;
/// A ridge so small, relative to the features, that least squares is what is left.
const NO_RIDGE: f64 = 1e-20;

/// A group: what is claimed and what was found, in the units of the labels.
struct Checked {
    claimed: Claimed,
    loss: f64,
    expected_loss: f64,
    /// NaN where nothing was claimed.
    hindsight: f64,
    regret: f64,
    wrong: Option<&'static str>,
}

/// Runs the command on a log.
pub fn verify(
    matches: &ArgMatches,
    path: &Path,
    data: Option<&Path>,
) -> std::result::Result<Verdict, Failure> {
    let mut line = Line::new();
    line.say("reading the log");
    let file = round_log::read(path)?;
    let settings = Settings::from_options(&file.recipe.chosen.options()?)?;
    if let Some(data) = data {
        compare(&file, &settings, data)?;
    }
    line.say("replaying the rounds");
    let name = path.display().to_string();
    let checked =
        check(&file, &settings, &mut line.control()).map_err(|error| error.renamed("round log", &name))?;
    drop(line);
    let good = checked.iter().all(|c| c.wrong.is_none());
    let of = |id: u64| names::group(&file.recipe.group_names(), id);
    let text = if matches.get_flag("json") {
        as_json(&checked, file.log.len(), data.is_some(), of)
    } else {
        as_text(&checked, file.log.len(), data, of)
    };
    output::print(&text)?;
    Ok(Verdict::of(good))
}

/// The figures of a log beside those that it claims. Errors: those of the replay; groups that the one has and not the
/// other.
fn check(file: &File, settings: &Settings, control: &mut Control<'_>) -> Result<Vec<Checked>> {
    let unit = settings.loss.unit(settings.range.width());
    let ridge = replay(&file.log, settings.loss, settings.ridge.max(f64::MIN_POSITIVE), control)?;
    let wanted = |comparator: Comparator| file.claims.iter().any(|c| c.comparator == comparator.name());
    let least_squares = match wanted(Comparator::LeastSquares) {
        true => Some(replay(&file.log, settings.loss, NO_RIDGE * mean_square(&file.log), control)?),
        false => None,
    };
    let centred = match wanted(Comparator::CentredRidge) {
        true => Some(replay(&centred(&file.log), settings.loss, settings.ridge, control)?),
        false => None,
    };
    let of_crossed = match settings.crossed {
        true => replay(&crossed(&file.log, &file.recipe.groups())?, settings.loss, settings.ridge, control)?,
        false => Vec::new(),
    };
    if ridge.iter().map(|r| r.group).ne(file.claims.iter().map(|c| c.group)) {
        return Err(Error::new(ErrorKind::Format, "round log")
            .expected("claims about the groups of its rounds")
            .found("others"));
    }
    let mut checked = Vec::new();
    for (k, (found, claimed)) in ridge.iter().zip(&file.claims).enumerate() {
        let of =
            |replayed: &Option<Vec<Replayed>>| replayed.as_ref().map_or(f64::NAN, |r| r[k].ridge_hindsight);
        let hindsight = match &claimed.comparator {
            _ if claimed.group == CROSSED => of_crossed.first().map_or(f64::NAN, |r| r.ridge_hindsight),
            name if name == Comparator::Ridge.name() => found.ridge_hindsight,
            name if name == Comparator::LeastSquares.name() => of(&least_squares),
            name if name == Comparator::CentredRidge.name() => of(&centred),
            _ => f64::NAN,
        };
        checked.push(Checked::of(found, claimed, unit, hindsight, settings.mode == Mode::Convex));
    }
    Ok(checked)
}

impl Checked {
    fn of(found: &Replayed, claimed: &Claimed, unit: f64, hindsight: f64, convex: bool) -> Self {
        let (loss, expected_loss, hindsight) =
            (unit * found.loss, unit * found.expected_loss, unit * hindsight);
        let regret = if convex { loss - hindsight } else { expected_loss - hindsight };
        let near = |a: f64, b: f64| (a - b).abs() <= CLAIM * (loss.abs() + expected_loss.abs() + unit);
        let same = |claim: f64, b: f64| if claim.is_nan() { true } else { near(claim, b) };
        let wrong = if found.rounds != claimed.rounds {
            Some("the rounds are others")
        } else if !near(claimed.loss, loss) || !near(claimed.expected_loss, expected_loss) {
            Some("the loss is another")
        } else if !same(claimed.hindsight, hindsight) {
            Some("the hindsight is another")
        } else if !same(claimed.regret, regret) {
            Some("the regret is another")
        } else if claimed.bound < claimed.regret - CLAIM * (loss.abs() + unit) {
            Some("the regret is above its bound")
        } else {
            None
        };
        Self { claimed: claimed.clone(), loss, expected_loss, hindsight, regret, wrong }
    }
}

/// The mean of the squares of the features, 1 where all are 0.
fn mean_square(log: &RoundLog) -> f64 {
    let sum: f64 = log.x.iter().map(|x| x * x).sum();
    if sum > 0.0 { sum / log.x.len() as f64 } else { 1.0 }
}

/// The same rounds with labels from the middle of the range.
fn centred(log: &RoundLog) -> RoundLog {
    let mut log = log.clone();
    for numbers in [&mut log.y, &mut log.z, &mut log.output] {
        numbers.iter_mut().for_each(|v| *v -= 0.5);
    }
    log
}

/// The same rounds as the crossed expert saw them, and no other group.
fn crossed(log: &RoundLog, groups: &Groups) -> Result<RoundLog> {
    let rounds = log.len();
    let order = log.x.len().checked_div(rounds).unwrap_or(0);
    let columns = columns(order, groups)?;
    let mut x = vec![0.0; columns * rounds];
    for (entry, row) in log.entries().zip(x.chunks_exact_mut(columns.max(1))) {
        cross(entry.x, entry.groups.iter().copied(), row);
    }
    Ok(RoundLog { x, groups: vec![CROSSED; rounds], group_end: (1..=rounds).collect(), ..log.clone() })
}

/// Compares the rounds of a log with the rows of a file. Errors: a round that is not the row that it says.
fn compare(file: &File, settings: &Settings, data: &Path) -> Result<()> {
    let table = Table::read(data, &file.recipe.words())?;
    let rounds = file.recipe.rounds(&table, settings.indicators)?;
    let mut range = settings.range;
    for (entry, &row) in file.log.entries().zip(&file.rows) {
        let refuse = |what: &str| {
            Err(Error::new(ErrorKind::Data, data.display().to_string())
                .at(if row < table.rows { table.place(row) } else { format!("row {}", row + 1) })
                .expected(format!("the {what} of the round log"))
                .found(if row < table.rows { "others" } else { "no such row" }))
        };
        if row >= table.rows {
            return refuse("rows");
        }
        let x = &rounds.x[row * rounds.features..(row + 1) * rounds.features];
        let seen = x.iter().map(|x| if x.is_nan() { 0.0 } else { *x });
        if entry.x.len() < x.len() || !seen.eq(entry.x[..x.len()].iter().copied()) {
            return refuse("features");
        }
        let declared = entry.groups.iter().copied().filter(|id| *id < file.recipe.rules.len() as u64);
        if !declared.eq(rounds.awake[row].iter().copied()) {
            return refuse("groups");
        }
        if range.label(rounds.y[row])? != entry.y {
            return refuse("label");
        }
    }
    Ok(())
}

fn as_text(checked: &[Checked], rounds: usize, data: Option<&Path>, name: impl Fn(u64) -> String) -> String {
    let row = |c: &Checked| {
        let number = |v: f64| if v.is_nan() { "-".to_owned() } else { short(v, 6) };
        vec![
            name(c.claimed.group),
            c.claimed.rounds.to_string(),
            short(c.loss, 6),
            number(c.hindsight),
            number(c.regret),
            number(c.claimed.regret),
            number(c.claimed.bound),
            c.wrong.map_or("verified".to_owned(), |why| format!("NOT verified: {why}")),
        ]
    };
    let rows: Vec<Vec<String>> = checked.iter().map(row).collect();
    let headings = ["group", "rounds", "loss", "hindsight", "regret", "claimed", "bound", "verdict"];
    let mut sides = [Side::Right; 8];
    (sides[0], sides[7]) = (Side::Left, Side::Left);
    let of = data.map_or(String::new(), |data| format!(", those of {}", data.display()));
    format!("{rounds} rounds{of}, replayed with twice the digits\n\n{}", table(&headings, &sides, &rows))
}

fn as_json(checked: &[Checked], rounds: usize, compared: bool, name: impl Fn(u64) -> String) -> String {
    let group = |c: &Checked| {
        object!({
            "name": name(c.claimed.group),
            "rounds": c.claimed.rounds,
            "loss": json(c.loss),
            "expected_loss": json(c.expected_loss),
            "comparator": c.claimed.comparator,
            "hindsight": json(c.hindsight),
            "regret": json(c.regret),
            "claimed": json(c.claimed.regret),
            "bound": json(c.claimed.bound),
            "verified": c.wrong.is_none(),
            "reason": c.wrong,
        })
    };
    let groups: Vec<Value> = checked.iter().map(group).collect();
    let verified = checked.iter().all(|c| c.wrong.is_none());
    let object =
        object!({ "verified": verified, "rounds": rounds, "data_compared": compared, "groups": groups });
    format!("{object}\n")
}
