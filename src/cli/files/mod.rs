//! Reading tables and vectors of numbers from files, and writing vectors.
//!
//! The name and the first bytes of a file tell its format; each format has a module of its own.

mod delimited;
mod dense;
mod format;
mod libsvm;
mod load;
mod market_header;
mod matrix_market;
mod npy;
mod npy_header;
mod npy_write;
mod picture;
mod png;
mod pnm;
mod records;
mod sparse;
mod text;
mod triplets;

use std::io::Write;
use std::path::Path;

use southwell::runtime::{Error, ErrorKind, Result};

use super::{number, output};
use format::Format;
use text::Text;

pub use npy_write::write_npy;
pub use picture::{Picture, beside, read_picture, stacked, write_picture};
pub use triplets::{Triplets, read as read_triplets};

/// A table of numbers as a file gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The number of rows, at least one.
    pub rows: usize,
    /// The number of columns without the target, at least one.
    pub cols: usize,
    /// The entries.
    pub values: Values,
    /// The labels of a LIBSVM file, or the target column of a delimited one.
    pub target: Option<Vec<f64>>,
    /// The names of the columns; empty if the file has none.
    pub names: Vec<String>,
}

impl Table {
    /// Every entry, row after row. Errors: no memory for the entries that a sparse table does not have.
    pub fn into_rows(self, name: &str) -> Result<Vec<f64>> {
        let mut all = dense::zeros(name, self.rows, self.cols)?;
        match self.values {
            Values::Dense(values) => {
                for (j, column) in values.chunks_exact(self.rows).enumerate() {
                    column.iter().enumerate().for_each(|(i, v)| all[i * self.cols + j] = *v);
                }
            }
            Values::Sparse { indptr, indices, values } => {
                for (j, ends) in indptr.windows(2).enumerate() {
                    (ends[0] as usize..ends[1] as usize)
                        .for_each(|at| all[indices[at] as usize * self.cols + j] = values[at]);
                }
            }
        }
        Ok(all)
    }
}

/// The entries of a table, all of them finite.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Every entry, column after column.
    Dense(Vec<f64>),
    /// Compressed columns; the row indices ascend within each column.
    Sparse {
        /// Where each column begins, and where the last one ends.
        indptr: Vec<i64>,
        /// The row of each stored entry, from 0.
        indices: Vec<i64>,
        /// The value of each stored entry.
        values: Vec<f64>,
    },
}

/// What a file does not say of itself.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Delimited text: the target column by name, or by its index from 0 (negative: from the end).
    pub target_column: Option<String>,
    /// Delimited text: whether the last column is the target when `target_column` does not name one.
    pub has_target: bool,
    /// LIBSVM: the number of columns, at least the largest index in the file.
    pub features: Option<usize>,
}

/// Reads a table in any of the formats, compressed by gzip or not.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table> {
    let name = path.display().to_string();
    let bytes = load::load(path, &name)?;
    let format = format::tell(path, &bytes);
    if let Some(column) = &options.target_column
        && format != Format::Delimited
    {
        return Err(Error::new(ErrorKind::Option, "target column")
            .at(name)
            .expected("delimited text, the only format with a target column")
            .found(format!("a {format} file and the column '{column}'")));
    }
    let table = parse(&name, &bytes, format, options)?;
    if table.rows == 0 || table.cols == 0 {
        let what = if table.target.is_some() { "columns besides the target" } else { "columns" };
        return Err(Error::new(ErrorKind::Format, name)
            .expected("at least one row and one column")
            .found(format!("{} rows and {} {what}", table.rows, table.cols)));
    }
    Ok(table)
}

/// Reads delimited text, with a line of names, that is part of the program.
pub fn read_embedded(name: &str, text: &str, has_target: bool) -> Result<Table> {
    let options = ReadOptions { has_target, ..ReadOptions::default() };
    parse(name, text.as_bytes(), Format::Delimited, &options)
}

/// Reads a single column or a single row of numbers in any of the formats.
///
/// A LIBSVM file counts as its labels if it has no features.
pub fn read_vector(path: &Path) -> Result<Vec<f64>> {
    let name = path.display().to_string();
    let bytes = load::load(path, &name)?;
    let format = format::tell(path, &bytes);
    let table = parse(&name, &bytes, format, &ReadOptions::default())?;
    let labels_alone = table.cols == 0 && table.rows > 0;
    match table.target {
        Some(labels) if labels_alone => Ok(labels),
        None if table.rows.min(table.cols) == 1 => match table.values {
            Values::Dense(values) => Ok(values),
            Values::Sparse { indptr, indices, values } => {
                let mut all = dense::zeros(&name, table.rows, table.cols)?;
                for (col, ends) in indptr.windows(2).enumerate() {
                    for at in ends[0] as usize..ends[1] as usize {
                        all[col * table.rows + indices[at] as usize] = values[at];
                    }
                }
                Ok(all)
            }
        },
        _ => Err(Error::new(ErrorKind::Format, name)
            .expected("a single column or row of numbers")
            .found(format!("a {format} table of {} rows and {} columns", table.rows, table.cols))),
    }
}

/// Whether a file says that it is in the Matrix Market format.
pub fn is_matrix_market(path: &Path) -> Result<bool> {
    let bytes = load::load(path, &path.display().to_string())?;
    Ok(format::tell(path, &bytes) == Format::MatrixMarket)
}

/// Reads delimited text as words: the trimmed cells of each row that is not blank.
pub fn read_words(path: &Path) -> Result<Vec<Vec<String>>> {
    let name = path.display().to_string();
    let bytes = load::load(path, &name)?;
    words_of(&name, &bytes)
}

/// The bytes of a file, decompressed if they are a gzip stream. Errors: a file that cannot be read or is empty.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    load::load(path, &path.display().to_string())
}

/// Whether a cell stands for a value that is not known.
pub fn is_missing(cell: &str) -> bool {
    text::is_missing(cell)
}

/// The line, from 1, of row `k` (from 0) of those that [`read_words`] gives; reads the file again, for a message.
pub fn line_of_row(path: &Path, k: usize) -> Result<usize> {
    let name = path.display().to_string();
    let bytes = load::load(path, &name)?;
    let text = Text::new(&name, &bytes)?;
    let mut records = records::Records::new(&text);
    for _ in 0..=k {
        records.advance()?;
    }
    Ok(records.line())
}

/// The words of a text, as [`read_words`] gives those of a file.
pub fn words_of(name: &str, bytes: &[u8]) -> Result<Vec<Vec<String>>> {
    let text = Text::new(name, bytes)?;
    let mut records = records::Records::new(&text);
    let mut lines = Vec::new();
    while records.advance()? {
        lines.push(records.cells().iter().map(|cell| cell.trim().to_owned()).collect());
    }
    Ok(lines)
}

/// Writes one number per line with 17 significant digits, which read back as the same number.
pub fn write_vector(path: &Path, values: &[f64]) -> Result<()> {
    output::write_file(path, |file| {
        values.iter().try_for_each(|value| writeln!(file, "{}", number::full(*value)))
    })
}

/// Writes rows of `k` numbers, parted by commas.
pub fn write_rows(path: &Path, k: usize, values: &[f64]) -> Result<()> {
    output::write_file(path, |file| values.chunks(k).try_for_each(|row| writeln!(file, "{}", line(row))))
}

/// Numbers parted by commas, with 17 significant digits.
pub fn line(row: &[f64]) -> String {
    row.iter().map(|value| number::full(*value)).collect::<Vec<_>>().join(",")
}

fn parse(name: &str, bytes: &[u8], format: Format, options: &ReadOptions) -> Result<Table> {
    match format {
        Format::Libsvm => libsvm::parse(&Text::new(name, bytes)?, options.features),
        Format::MatrixMarket => matrix_market::parse(&Text::new(name, bytes)?),
        Format::Npy => npy::parse(name, bytes),
        Format::Delimited => delimited::parse(&Text::new(name, bytes)?, options),
    }
}

#[cfg(test)]
mod tests;
