//! `southwell groupwise`: predicts the labels of a file row by row, each before it is seen, and reports the regret on every
//! group. `table`, `rules`, `recipe`: from a file to rounds; `play`: the rounds; `report`; `round_log`, `replay`:
//! what `verify` takes; `saved`: streams that go on another day.

pub mod names;
mod play;
mod recipe;
mod replay;
mod report;
mod round_log;
mod rules;
mod saved;
mod table;

use super::failure::{Failure, Verdict};
use super::files;
use super::number::full;
use super::option_flags::Chosen;
use super::output;
use super::progress::Line;
use clap::ArgMatches;
use clap::parser::ValueSource;
use play::Played;
use recipe::{Recipe, Rounds, Wanted};
use report::Report;
use southwell::groupwise::{Settings, Standing, Stream};
use southwell::runtime::rng::{self, Purpose};
use southwell::runtime::{Error, ErrorKind, Family, Options, Result};
use std::path::{Path, PathBuf};
use std::time::Instant;
use table::Table;

pub use play::curves;
pub use replay::verify;

/// Options that a stream that goes on may have anew.
const LIMITS: [&str; 2] = ["max_seconds", "max_work"];

/// Runs the command.
pub fn run(matches: &ArgMatches) -> std::result::Result<Verdict, Failure> {
    let start = Instant::now();
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let mut line = Line::new();
    line.say("reading the rows");
    let file = of("data").cloned().unwrap_or_default();
    let mut notes = Vec::new();
    let (recipe, mut stream, limits, table) = match of("load") {
        Some(prefix) => {
            let limits = limits(matches)?;
            let (recipe, stream) = saved::load(prefix)?;
            let table = Table::read(&file, &recipe.words())?;
            (recipe, stream, limits, table)
        }
        None => {
            let table = Table::read(&file, &list(matches, "categorical"))?;
            let (recipe, stream) = fresh(matches, &table, &mut notes)?;
            let limits = recipe.chosen.options()?;
            (recipe, stream, limits, table)
        }
    };
    let settings = Settings::from_options(&recipe.chosen.options()?)?;
    let rounds = recipe.rounds(&table, settings.indicators)?;
    if rounds.unknown > 0 {
        notes.push(format!("{} words that the saved stream does not know count as none", rounds.unknown));
    }
    let order = order(matches, table.rows, settings.seed);
    let setup = start.elapsed().as_secs_f64();
    let limits = Settings::from_options(&limits)?;
    line.say("predicting");
    let points = if of("plot").is_some() { play::POINTS } else { 0 };
    let mut control = line.control();
    control.begin(limits.max_seconds, limits.max_work);
    let played = play::play(&mut stream, &rounds, &order, points, &mut control, |row| table.place(row))
        .map_err(|error| told(error, &table))?;
    drop(control);
    drop(line);
    let certificate = stream.certificates()?;
    let sound = |s: &Standing| matches!(s, Standing::Holds | Standing::Measured | Standing::Unknown);
    let good = played.rounds == table.rows && certificate.groups.iter().all(|g| sound(&g.standing));
    write(matches, &recipe, &stream, &rounds, &order, &played)?;
    if let Some(plot) = of("plot") {
        let title = format!("{}: regret on each group", file.display());
        curves(&title, "round", &played.curves, |id| names::group(&recipe.group_names(), id)).write(plot)?;
    }
    let report = Report {
        table: &table,
        recipe: &recipe,
        settings: &settings,
        certificate: &certificate,
        played: &played,
        notes: &notes,
        shuffled: matches.get_flag("shuffle"),
        seconds: [setup, played.seconds],
    };
    output::print(&if matches.get_flag("json") { report.json() } else { report.text() })?;
    Ok(Verdict::of(good))
}

/// What the command line asks for, with the label range where it says none.
fn fresh(
    matches: &ArgMatches,
    table: &Table,
    notes: &mut Vec<String>,
) -> std::result::Result<(Recipe, Stream), Failure> {
    let mut chosen = Chosen::read(matches, Family::Groupwise)?;
    if matches.get_one::<PathBuf>("out").is_some() {
        chosen.set("trace", "true");
    }
    let word = |name: &str| matches.get_one::<String>(name).cloned();
    let wanted = Wanted {
        label: word("label").unwrap_or_default(),
        positive: word("positive"),
        groups: matches.get_many::<String>("group").into_iter().flatten().cloned().collect(),
        ignored: list(matches, "ignore"),
        scale: matches.get_flag("scale"),
        group_features: matches.get_flag("group-features"),
        always_on: !matches.get_flag("no-always-on"),
    };
    let mut recipe = Recipe::of(table, &wanted, chosen)?;
    let labels = recipe.labels(table)?;
    if recipe.chosen.options()?.get("loss")?.to_string() != "log" && wanted.positive.is_none() {
        range(&mut recipe, &labels, table, notes)?;
    }
    if wanted.scale {
        notes.push(
            "features are scaled by the least and the largest of all rows: rows yet to come are known".into(),
        );
    }
    let stream = Stream::new(recipe.width(), recipe.groups(), &recipe.chosen.options()?)
        .map_err(|error| error.renamed("features", "columns"))?;
    Ok((recipe, stream))
}

/// Ends of the label range from the labels, where the command line has none.
fn range(recipe: &mut Recipe, labels: &[f64], table: &Table, notes: &mut Vec<String>) -> Result<()> {
    let ends = [
        ("label_lower", labels.iter().copied().fold(f64::INFINITY, f64::min)),
        ("label_upper", labels.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
    ];
    let open: Vec<_> = ends.iter().filter(|(key, _)| !recipe.chosen.sets(key)).collect();
    if open.len() == 2 && ends[0].1 == ends[1].1 {
        return Err(Error::new(ErrorKind::Data, table.path.display().to_string())
            .at(format!("column {}", recipe.label))
            .expected("labels that differ, or --label-lower and --label-upper")
            .found(format!("{} in every row", ends[0].1)));
    }
    for (key, value) in &open {
        recipe.chosen.set(key, &format!("{value:?}"));
    }
    if !open.is_empty() {
        let names: Vec<String> = open.iter().map(|(key, _)| format!("--{}", key.replace('_', "-"))).collect();
        notes.push(format!(
            "{} from the labels of all rows: the bounds are for a range that is known before",
            names.join(" and ")
        ));
    }
    Ok(())
}

/// The limits of a run that goes on; other options are those of the saved stream.
fn limits(matches: &ArgMatches) -> std::result::Result<Options, Failure> {
    let set = |key: &str| matches.value_source(key) == Some(ValueSource::CommandLine);
    let chosen = Chosen::read(matches, Family::Groupwise)?;
    match chosen.pairs().iter().find(|(key, _)| !LIMITS.contains(&key.as_str())) {
        Some((key, _)) => Err(Error::new(ErrorKind::Option, "--load")
            .expected("no options of a stream beside it, other than limits")
            .found(if set(key) { format!("--{}", key.replace('_', "-")) } else { key.clone() })
            .into()),
        None => Ok(chosen.options()?),
    }
}

/// Words of a flag that are parted by commas.
fn list(matches: &ArgMatches, name: &str) -> Vec<String> {
    let lists = matches.get_many::<String>(name).into_iter().flatten();
    lists.flat_map(|list| list.split(',')).map(|word| word.trim().to_owned()).collect()
}

/// Rows in the order in which they are rounds.
fn order(matches: &ArgMatches, rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    if matches.get_flag("shuffle") {
        rng::Stream::new(seed, Purpose::Start, 0).shuffle_front(&mut order, rows);
    }
    order
}

/// An error about a round, in terms of the file.
fn told(error: Error, table: &Table) -> Error {
    ["x", "y", "groups"]
        .iter()
        .fold(error, |error, name| error.renamed(name, &table.path.display().to_string()))
}

/// The files that are asked for.
fn write(
    matches: &ArgMatches,
    recipe: &Recipe,
    stream: &Stream,
    rounds: &Rounds,
    order: &[usize],
    played: &Played,
) -> Result<()> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    if let (Some(file), Some(log)) = (of("out"), stream.log()) {
        round_log::write(file, recipe, log, order, &stream.certificates()?)?;
    }
    if let Some(file) = of("predictions") {
        predictions(file, order, rounds.y.len(), &played.predictions)?;
    }
    match of("save") {
        Some(prefix) => saved::save(prefix, recipe, stream),
        None => Ok(()),
    }
}

/// The prediction of each row, in the order of the file; blank where a limit came first.
fn predictions(file: &Path, order: &[usize], rows: usize, found: &[f64]) -> Result<()> {
    let mut of_row = vec![f64::NAN; rows];
    order.iter().zip(found).for_each(|(row, z)| of_row[*row] = *z);
    if found.len() == rows {
        return files::write_vector(file, &of_row);
    }
    output::write_file(file, |out| {
        use std::io::Write;
        of_row.iter().try_for_each(|z| writeln!(out, "{}", if z.is_nan() { String::new() } else { full(*z) }))
    })
}
