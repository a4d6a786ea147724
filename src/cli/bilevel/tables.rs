//! Problems on tables: rows to train on and rows to validate on, or folds of one file.

use super::Made;
use crate::cli::data;
use crate::cli::files::{self, ReadOptions, Table, Values};
use clap::ArgMatches;
use southwell::bilevel::problem::Problem;
use southwell::bilevel::problems::{self, Data, Sharing, Split, Task};
use southwell::joined;
use southwell::model::Loss;
use southwell::model::loss::{Logistic, Squared};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::rng::{Purpose, Stream};
use southwell::runtime::{Control, Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Log-strengths that a search starts from: the objective is a mean of losses, so 1 would be much.
const START: f64 = -3.0;

/// Where absolute values of the elastic net are rounded off, unless the command line says.
const SMOOTHING: f64 = 1e-3;

/// The absolute values' share of the least strength at which nothing is left, where a search starts that they are sharp
/// in: from beyond that strength no hypergradient leads back.
const SHARE: f64 = 0.1;

/// A file's rows.
struct Rows {
    table: Table,
    target: Vec<f64>,
}

/// The problem that the flags name.
pub fn read(kind: &str, matches: &ArgMatches, seed: u64) -> Result<Made> {
    let train = matches.get_one::<PathBuf>("train").ok_or_else(|| missing("--train", kind))?;
    let intercept = matches.get_flag("intercept");
    let rows = rows(matches, train, None)?;
    let cols = rows.table.cols;
    let classes = 1 + rows.target.iter().fold(0.0_f64, |most, y| most.max(*y)) as usize;
    let is_sparse = matches!(kind, "elastic-net" | "lasso");
    let logistic = kind == "logistic" || (is_sparse && text(matches, "loss") == Some("logistic"));
    let (split, data) = split(matches, train, rows, logistic, seed)?;
    let sharing = sharing(matches, cols)?;
    let loss = if logistic { Loss::Logistic(Logistic) } else { Loss::Squared(Squared) };
    let smoothing = number(matches, "smoothing")?.unwrap_or(if kind == "lasso" { 0.0 } else { SMOOTHING });
    if kind == "lasso" && smoothing != 0.0 {
        return Err(Error::new(ErrorKind::Option, "--smoothing").expected("0 for lasso").found(smoothing));
    }
    if is_sparse && smoothing == 0.0 {
        let made = if kind == "lasso" { joined::lasso } else { joined::elastic_net };
        let problem = made(split, loss, intercept).map_err(|error| told(error, matches))?;
        let most = problem.lambda_max(&mut Control::new())?;
        let mut start = vec![START; problem.parameters()];
        if most > 0.0 {
            start[0] = (SHARE * most).ln();
        }
        return Ok(Made { problem: Box::new(problem), data, start, pairs: Vec::new(), outputs: 1 });
    }
    let made: Result<_> = match kind {
        "ridge" => problems::ridge(split, &sharing, intercept),
        "logistic" => problems::logistic(split, &sharing, intercept),
        "multinomial" => problems::multinomial(split, classes, &sharing, intercept),
        _ => problems::smoothed_elastic_net(split, loss, smoothing, intercept),
    };
    let problem = made.map_err(|error| told(error, matches))?;
    let start = vec![START; problem.parameters()];
    let outputs = if kind == "multinomial" { classes } else { 1 };
    Ok(Made { problem: Box::new(problem), data, start, pairs: Vec::new(), outputs })
}

fn missing(flag: &str, kind: &str) -> Error {
    Error::new(ErrorKind::Argument, flag).expected(format!("a file, for {kind}")).found("none")
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// The number that a flag gives.
fn number(matches: &ArgMatches, name: &str) -> Result<Option<f64>> {
    let parse = |word: &str| {
        word.parse::<f64>().map_err(|_| {
            Error::new(ErrorKind::Option, format!("--{name}"))
                .expected("a number")
                .found(format!("\"{word}\""))
        })
    };
    text(matches, name).map(parse).transpose()
}

fn rows(matches: &ArgMatches, path: &Path, features: Option<usize>) -> Result<Rows> {
    let options = ReadOptions {
        target_column: matches.get_one::<String>("target-column").cloned(),
        has_target: true,
        features: matches.get_one::<u64>("features").map(|n| *n as usize).or(features),
    };
    let mut table = files::read_table(path, &options)?;
    let target = table.target.take().ok_or_else(|| {
        Error::new(ErrorKind::Argument, path.display().to_string())
            .expected("a file with targets: LIBSVM, or delimited text")
            .found("a format without")
    })?;
    Ok(Rows { table, target })
}

/// The split, and what is said of it.
fn split(
    matches: &ArgMatches,
    train: &Path,
    rows: Rows,
    logistic: bool,
    seed: u64,
) -> Result<(Split, String)> {
    let name = train.display();
    let (count, cols) = (rows.table.rows, rows.table.cols);
    if let Some(file) = matches.get_one::<PathBuf>("validation") {
        let other = self::rows(matches, file, Some(cols))?;
        let text =
            format!("{name}, {count} rows, {cols} columns; {}, {} rows", file.display(), other.table.rows);
        let task = Task {
            training: data(matches, train, rows, logistic)?,
            validation: data(matches, file, other, logistic)?,
        };
        return Ok((Split::HoldOut(task), text));
    }
    let folds = text_of_folds(matches)?;
    let (fold, k) = match folds.parse::<usize>() {
        Ok(k) if (2..=count).contains(&k) => (deal(count, k, seed), k),
        Err(_) if Path::new(folds).exists() => given(Path::new(folds), count)?,
        _ => {
            return Err(Error::new(ErrorKind::Option, "--folds")
                .expected(format!(
                    "a number from 2 to {count}, that of rows, or a file with the fold of each row"
                ))
                .found(format!("\"{folds}\"")));
        }
    };
    let text = format!("{name}, {count} rows, {cols} columns, {k} folds");
    Ok((Split::Folds { data: data(matches, train, rows, logistic)?, fold }, text))
}

fn text_of_folds(matches: &ArgMatches) -> Result<&str> {
    text(matches, "folds").ok_or_else(|| {
        Error::new(ErrorKind::Argument, "--validation").expected("a file, or --folds K instead").found("none")
    })
}

/// Folds of equal size at random.
fn deal(count: usize, k: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..count).map(|row| row % k).collect();
    Stream::new(seed, Purpose::Folds, 0).shuffle_front(&mut fold, count);
    fold
}

/// The folds of a file.
fn given(file: &Path, count: usize) -> Result<(Vec<usize>, usize)> {
    let numbers = data::vector(file, count, "row")?;
    let wrong = numbers.iter().position(|f| !(*f >= 0.0 && f.fract() == 0.0 && *f < count as f64));
    if let Some(row) = wrong {
        return Err(Error::new(ErrorKind::Data, file.display().to_string())
            .at(format!("row {}", row + 1))
            .expected("a fold: 0, 1, 2, ..")
            .found(numbers[row]));
    }
    let fold: Vec<usize> = numbers.iter().map(|f| *f as usize).collect();
    let k = fold.iter().max().map_or(0, |k| k + 1);
    Ok((fold, k))
}

/// The rows as the library takes them; labels of a logistic loss become -1 and 1.
fn data(matches: &ArgMatches, path: &Path, rows: Rows, logistic: bool) -> Result<Data> {
    let Rows { table, target: mut y } = rows;
    if let Some(positive) = number(matches, "positive")? {
        if !y.contains(&positive) {
            return Err(Error::new(ErrorKind::Data, path.display().to_string())
                .expected(format!("rows with the positive label {positive}"))
                .found("none"));
        }
        y.iter_mut().for_each(|y| *y = if *y == positive { 1.0 } else { -1.0 });
    } else if logistic && let Some(row) = y.iter().position(|y| y.abs() != 1.0) {
        return Err(Error::new(ErrorKind::Data, path.display().to_string())
            .at(format!("target of row {}", row + 1))
            .expected("a label -1 or 1 (--positive LABEL makes them)")
            .found(y[row]));
    }
    Ok(Data { x: matrix(&table)?, y })
}

fn matrix(table: &Table) -> Result<Matrix<'static>> {
    let Table { rows, cols, .. } = *table;
    match &table.values {
        Values::Dense(data) => {
            Matrix::dense(DenseView { data, rows, cols, ld: rows, order: Order::ColumnMajor })
        }
        Values::Sparse { indptr, indices, values } => Matrix::sparse(
            SparseView { rows, cols, indptr, indices, values, layout: Layout::Csc },
            Duplicates::Error,
        ),
    }
}

/// Which coefficients share a strength: a word, or a file with the group of each column.
fn sharing(matches: &ArgMatches, cols: usize) -> Result<Sharing> {
    Ok(match text(matches, "strengths").unwrap_or("single") {
        "single" => Sharing::Single,
        "per-feature" => Sharing::PerFeature,
        "per-class" => Sharing::PerOutput,
        "per-weight" => Sharing::PerWeight,
        file => {
            let path = Path::new(file);
            if !path.exists() {
                return Err(Error::new(ErrorKind::Option, "--strengths")
                    .expected("single, per-feature, per-class, per-weight, or a file of groups")
                    .found(format!("\"{file}\"")));
            }
            let groups = data::vector(path, cols, "column")?;
            match groups.iter().position(|g| !(*g >= 0.0 && g.fract() == 0.0 && *g < cols as f64)) {
                None => Sharing::Groups(groups.iter().map(|g| *g as usize).collect()),
                Some(j) => {
                    return Err(Error::new(ErrorKind::Data, file)
                        .at(format!("column {}", j + 1))
                        .expected("the number of its group: 0, 1, 2, ..")
                        .found(groups[j]));
                }
            }
        }
    })
}

/// What the library says of its arguments, with the names of the files.
fn told(error: Error, matches: &ArgMatches) -> Error {
    let file =
        |name: &str| matches.get_one::<PathBuf>(name).map(|f| f.display().to_string()).unwrap_or_default();
    let (train, validation) = (file("train"), file("validation"));
    ["training.x.cols", "training.y", "data.y", "training.x", "data.x"]
        .iter()
        .fold(error, |error, name| error.renamed(name, &train))
        .renamed("validation.x.cols", &validation)
        .renamed("validation.y", &validation)
        .renamed("validation.x", &validation)
        .renamed("groups", "--strengths")
        .renamed("v", "--smoothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_dealt_evenly_and_by_the_seed() {
        let fold = deal(10, 3, 1);
        let sizes: Vec<usize> = (0..3).map(|k| fold.iter().filter(|f| **f == k).count()).collect();
        assert_eq!(sizes, [4, 3, 3]);
        assert_eq!(fold, deal(10, 3, 1));
        assert_ne!(fold, deal(10, 3, 2));
    }
}
