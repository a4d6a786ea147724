//! From files to a problem: the matrix, the target, weights and offset.

use super::files::{self, ReadOptions, Table, Values};
use clap::ArgMatches;
use southwell::bcd::Settings;
use southwell::model::{Loss, OutputLoss};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Whether a command needs the target of each row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It must be somewhere.
    Needed,
    /// Labels are left alone, and the last column of a delimited file is data.
    Absent,
}

/// What stands in where the command line says nothing.
#[derive(Clone, Copy, Default)]
pub struct Known {
    /// The label that stands for 1.
    pub positive: Option<f64>,
    /// The number of columns of LIBSVM files.
    pub features: Option<usize>,
}

/// The rows of a problem, read from files.
pub struct Data {
    /// The file of the matrix.
    pub path: PathBuf,
    /// The target of each row, where there is one, with `positive` applied.
    pub target: Option<Vec<f64>>,
    /// The label that stands for 1, where one was named.
    pub positive: Option<f64>,
    /// The weight of each row.
    pub weights: Option<Vec<f64>>,
    /// The offset of each row.
    pub offset: Option<Vec<f64>>,
    /// Targets of several tasks: how many, and the numbers row after row.
    pub targets: Option<(usize, Vec<f64>)>,
    target_path: PathBuf,
    table: Table,
}

impl Data {
    /// Reads what the data flags name.
    pub fn read(matches: &ArgMatches, target: Target, known: Known) -> Result<Self> {
        let of = |name: &str| matches.get_one::<PathBuf>(name);
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let path = of("data").cloned().unwrap_or_default();
        let target_file = of("target");
        // Not every command has the flag.
        let targets_file = matches.try_get_one::<PathBuf>("targets").ok().flatten();
        let options = ReadOptions {
            target_column: text("target-column"),
            has_target: target == Target::Needed && target_file.is_none() && targets_file.is_none(),
            features: matches.get_one::<u64>("features").map(|n| *n as usize).or(known.features),
        };
        let mut table = files::read_table(&path, &options)?;
        let targets = targets_file.map(|file| targets(file, table.rows)).transpose()?;
        let found = match (target, target_file) {
            (Target::Absent, _) => None,
            (Target::Needed, _) if targets.is_some() => Some(vec![0.0; table.rows]),
            (Target::Needed, Some(file)) => Some(vector(file, table.rows, "row")?),
            (Target::Needed, None) => table.target.take(),
        };
        if found.is_none() && target == Target::Needed {
            return Err(Error::new(ErrorKind::Argument, path.display().to_string())
                .expected("a target: give --target FILE")
                .found("a format without one"));
        }
        let mut data = Self {
            target: found,
            positive: label(text("positive"))?.or(known.positive),
            weights: of("weights").map(|file| vector(file, table.rows, "row")).transpose()?,
            offset: of("offset").map(|file| vector(file, table.rows, "row")).transpose()?,
            targets,
            target_path: target_file.unwrap_or(&path).clone(),
            path,
            table,
        };
        if let Some(weights) = of("weights") {
            data.check_weights(weights)?;
        }
        data.map_labels()?;
        Ok(data)
    }

    /// The rows of a delimited text that is part of the program; its last column is the target.
    pub fn embedded(name: &str, text: &str, positive: Option<f64>) -> Result<Self> {
        let mut table = files::read_embedded(name, text, true)?;
        let mut data = Self {
            path: name.into(),
            target: table.target.take(),
            positive,
            weights: None,
            offset: None,
            targets: None,
            target_path: name.into(),
            table,
        };
        data.map_labels()?;
        Ok(data)
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.table.rows
    }

    /// The number of columns.
    pub fn cols(&self) -> usize {
        self.table.cols
    }

    /// The names of the columns, if the file has them.
    pub fn names(&self) -> &[String] {
        &self.table.names
    }

    /// The name of a column, or its index.
    pub fn name(&self, j: usize) -> String {
        self.table.names.get(j).map_or_else(|| format!("column {j}"), String::clone)
    }

    /// The matrix. Dense entries are borrowed.
    pub fn matrix(&self) -> Result<Matrix<'_>> {
        let Table { rows, cols, .. } = self.table;
        match &self.table.values {
            Values::Dense(values) => Matrix::dense_borrowed(DenseView {
                data: values,
                rows,
                cols,
                ld: rows,
                order: Order::ColumnMajor,
            }),
            // Copied, for the copy has the short indices that the kernels like best.
            Values::Sparse { indptr, indices, values } => Matrix::sparse(
                SparseView { rows, cols, indptr, indices, values, layout: Layout::Csc },
                Duplicates::Error,
            ),
        }
    }

    /// The targets, refused unless they are of the loss of these settings. The place is the row of the file, from 1.
    pub fn target_for(&self, settings: &Settings) -> Result<&[f64]> {
        let target = self.target.as_deref().unwrap_or_default();
        let refused = || Error::new(ErrorKind::Data, self.target_path.display().to_string());
        match settings.output_loss {
            None if self.targets.is_some() => Err(Error::new(ErrorKind::Option, "--targets")
                .expected("--loss multi-squared with it")
                .found("another loss")),
            None => self.target_of(&settings.loss),
            Some(OutputLoss::Softmax) => {
                match target.iter().position(|y| !(*y >= 0.0 && y.fract() == 0.0 && *y < 1e5)) {
                    None => Ok(target),
                    Some(row) => Err(refused()
                        .at(format!("target of row {}", row + 1))
                        .expected("a class number: 0, 1, 2, ..")
                        .found(target[row])),
                }
            }
            Some(OutputLoss::Squared) if self.targets.is_none() => {
                Err(refused().expected("a table of targets: give --targets FILE").found("none"))
            }
            Some(OutputLoss::Squared) => Ok(target),
        }
    }

    /// The targets, refused unless they are of the loss. The place is the row of the file, from 1.
    pub fn target_of(&self, loss: &Loss) -> Result<&[f64]> {
        let target = self.target.as_deref().unwrap_or_default();
        let Some(row) = target.iter().position(|y| loss.check_targets(&[*y]).is_err()) else {
            return Ok(target);
        };
        let expected = match loss {
            _ if loss.has_labels() => {
                "the label -1 or 1 (--positive LABEL takes that label as 1 and all others as -1)"
            }
            Loss::Poisson(_) => "a number >= 0",
            _ => "a target of the loss",
        };
        Err(Error::new(ErrorKind::Data, self.target_path.display().to_string())
            .at(format!("target of row {}", row + 1))
            .expected(expected)
            .found(target[row]))
    }

    fn check_weights(&self, file: &Path) -> Result<()> {
        match self.weights.iter().flatten().position(|w| *w < 0.0) {
            None => Ok(()),
            Some(row) => Err(Error::new(ErrorKind::Data, file.display().to_string())
                .at(format!("row {}", row + 1))
                .expected("a weight >= 0")
                .found(self.weights.as_ref().map_or(f64::NAN, |w| w[row]))),
        }
    }

    /// Makes `positive` 1 and the rest -1.
    fn map_labels(&mut self) -> Result<()> {
        let (Some(positive), Some(target)) = (self.positive, self.target.as_mut()) else {
            return Ok(());
        };
        if !target.contains(&positive) {
            return Err(Error::new(ErrorKind::Data, self.target_path.display().to_string())
                .expected(format!("rows with the positive label {positive}"))
                .found("none"));
        }
        target.iter_mut().for_each(|y| *y = if *y == positive { 1.0 } else { -1.0 });
        Ok(())
    }
}

/// A table of targets: how many for each row, and the numbers row after row.
fn targets(file: &Path, rows: usize) -> Result<(usize, Vec<f64>)> {
    let table = files::read_table(file, &ReadOptions::default())?;
    let refused = || Error::new(ErrorKind::Argument, file.display().to_string());
    if table.rows != rows {
        return Err(refused().expected(format!("{rows} rows, as many as the data")).found(table.rows));
    }
    let Values::Dense(values) = &table.values else {
        return Err(refused().expected("a dense table").found("a sparse one"));
    };
    let k = table.cols;
    Ok((k, (0..rows * k).map(|i| values[(i % k) * rows + i / k]).collect()))
}

/// A file with one number for each of `count` rows or columns.
pub fn vector(file: &Path, count: usize, line: &str) -> Result<Vec<f64>> {
    let numbers = files::read_vector(file)?;
    if numbers.len() != count {
        return Err(Error::new(ErrorKind::Argument, file.display().to_string())
            .expected(format!("{count} numbers, one per {line} of the data"))
            .found(numbers.len()));
    }
    Ok(numbers)
}

fn label(text: Option<String>) -> Result<Option<f64>> {
    let Some(text) = text else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(label) if label.is_finite() => Ok(Some(label)),
        _ => Err(Error::new(ErrorKind::Option, "--positive")
            .expected("a number, for labels are numbers")
            .found(format!("\"{text}\""))),
    }
}
