//! `--top`: the best columns of rows.

use super::super::number::full;
use super::super::output;
use clap::ArgMatches;
use southwell::altmin::observations::Observations;
use southwell::altmin::{Model, Side};
use southwell::numerics::real::Real;
use southwell::runtime::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::PathBuf;

/// Writes the best columns of the rows that are asked for, without those of known entries, as lines of row, column and
/// prediction, best first.
pub fn write<T: Real>(matches: &ArgMatches, model: &Model<T>, known: Option<&Observations<T>>) -> Result<()> {
    let (Some(count), Some(out)) = (matches.get_one::<u64>("top"), matches.get_one::<PathBuf>("top-out"))
    else {
        return Ok(());
    };
    let base = matches.get_one::<i64>("base").copied().unwrap_or(0);
    let rows = match matches.get_one::<String>("top-rows") {
        Some(list) => chosen(list, base, model.rows())?,
        None => (0..model.rows()).collect(),
    };
    output::write_file(out, |out| {
        writeln!(out, "row,column,prediction")?;
        for row in rows {
            let line = known.map(|known| known.by_row()).filter(|lines| row < lines.len());
            let except: Vec<usize> =
                line.map_or(Vec::new(), |lines| lines.line(row).index.iter().map(|j| *j as usize).collect());
            for (col, score) in model.top(Side::Rows, row, &except, *count as usize) {
                writeln!(out, "{},{},{}", row as i64 + base, col as i64 + base, full(score))?;
            }
        }
        Ok(())
    })
}

/// Rows between commas.
fn chosen(list: &str, base: i64, rows: usize) -> Result<Vec<usize>> {
    let row = |word: &str| -> Result<usize> {
        let number = word.trim().parse::<i64>().ok().and_then(|row| usize::try_from(row - base).ok());
        number.filter(|row| *row < rows).ok_or_else(|| {
            Error::new(ErrorKind::Argument, "--top-rows")
                .expected(format!("rows in {base}..{}", rows as i64 + base))
                .found(format!("\"{word}\""))
        })
    };
    list.split(',').map(row).collect()
}
