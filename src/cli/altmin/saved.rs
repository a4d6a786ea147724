//! `--save-model` and `--model`: a model without another fit.

use super::super::failure::{Failure, Verdict};
use super::super::files::{self, Triplets};
use super::super::layout::Facts;
use super::super::number::{json, short};
use super::super::output;
use super::{error_bars, finite, predictions, top};
use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json as object;
use southwell::altmin::observations::Observations;
use southwell::altmin::sampling::HeldOut;
use southwell::altmin::saved::{self, Loaded, Saved};
use southwell::altmin::{Model, Problem, Solution};
use southwell::numerics::real::Real;
use southwell::runtime::{Error, ErrorKind, Family, Options, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a model, with its entries where they are wanted.
pub fn write<T: Real>(
    file: &Path,
    problem: &Problem<T>,
    solution: &Solution<T>,
    with_entries: bool,
) -> Result<()> {
    if with_entries && problem.prior().is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "--save-entries")
            .expected("no prior means")
            .found("some"));
    }
    let entries = with_entries.then_some((problem.observations(), solution.held_out));
    let bytes = saved::save(&solution.model, entries)?;
    output::write_file(file, |out| out.write_all(&bytes))
}

/// Runs the command on a saved model.
pub fn run(matches: &ArgMatches, file: &Path) -> std::result::Result<Verdict, Failure> {
    let set = |key: &str| {
        let known = matches.ids().any(|id| id.as_str() == key);
        known && matches.value_source(key) == Some(ValueSource::CommandLine)
    };
    let defaults = Options::new(Family::Altmin);
    if let Some(row) = defaults.rows().find(|row| set(row.key)) {
        return Err(Error::new(ErrorKind::Option, "--model")
            .expected("no options of a fit beside it")
            .found(row.key)
            .into());
    }
    let name = file.display().to_string();
    let bytes = std::fs::read(file)
        .map_err(|e| Error::new(ErrorKind::Argument, &name).expected("a file that can be read").found(e))?;
    match saved::load(&bytes).map_err(|e| e.renamed("saved state", &name))? {
        Loaded::Double(saved) => apply(matches, &name, saved),
        Loaded::Single(saved) => apply(matches, &name, saved),
    }
}

fn apply<T: Real>(
    matches: &ArgMatches,
    name: &str,
    saved: Saved<T>,
) -> std::result::Result<Verdict, Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let model = &saved.model;
    let base = matches.get_one::<i64>("base").copied().unwrap_or(0);
    let read = |flag: &str, valued: bool| -> Result<Option<Triplets>> {
        let Some(file) = of(flag) else { return Ok(None) };
        let read = files::read_triplets(file, base, valued)?;
        check_inside(file, &read, base, model)?;
        Ok(Some(read))
    };
    let (test, places) = (read("test", true)?, read("predict", false)?);
    let seen = saved.entries.as_ref().map(|(entries, held_out)| fitted(entries, *held_out)).transpose()?;
    let mut facts = Facts::default();
    facts.add("model", format!("{name}, {} x {}, rank {}", model.rows(), model.cols(), model.rank()));
    let mut rmse = f64::NAN;
    if let Some(test) = &test {
        finite(test, of("test"))?;
        rmse = super::root_mean_square(model, test);
        facts.add("test", format!("{} rmse on {} entries", short(rmse, 6), test.value.len()));
    }
    if let (Some(places), Some(out)) = (&places, of("predictions")) {
        files::write_vector(out, &predictions(model, places))?;
        if let Some(bars) = of("error-bars") {
            let Some(seen) = &seen else {
                return Err(Error::new(ErrorKind::State, "--error-bars")
                    .expected("a model that was saved with --save-entries")
                    .found("one without its entries")
                    .into());
            };
            facts.add("noise", short(error_bars(bars, model, seen, places)?, 6));
        }
    }
    top::write(matches, model, saved.entries.as_ref().map(|(entries, _)| entries))?;
    let text = if matches.get_flag("json") {
        let found = object!({
            "rows": model.rows(),
            "cols": model.cols(),
            "rank": model.rank(),
            "mean": json(model.mean()),
            "test_rmse": json(rmse),
        });
        format!("{found}\n")
    } else {
        facts.text()
    };
    output::print(&text)?;
    Ok(Verdict::Good)
}

/// The entries that the model was fitted to.
fn fitted<T: Real>(entries: &Observations<T>, held_out: HeldOut) -> Result<Observations<T>> {
    Ok(held_out.part(entries)?.map_or_else(|| entries.clone(), |(seen, _)| seen))
}

fn check_inside<T: Real>(file: &Path, places: &Triplets, base: i64, model: &Model<T>) -> Result<()> {
    // Matrix Market files count from 1.
    let base = if places.size.is_some() { 1 } else { base };
    for (name, found, size) in [("row", &places.row, model.rows()), ("column", &places.col, model.cols())] {
        if let Some(k) = found.iter().position(|i| *i as usize >= size) {
            return Err(Error::new(ErrorKind::Data, file.display().to_string())
                .at(format!("entry {}", k + 1))
                .expected(format!("a {name} in {base}..{}, as the model has", size as i64 + base))
                .found(found[k] + base));
        }
    }
    Ok(())
}
