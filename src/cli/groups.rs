//! Groups of columns and their weights, from files.

use super::data::Data;
use super::files;
use clap::ArgMatches;
use southwell::runtime::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::path::Path;

/// The groups of a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// The group of each column, counted from 0 in the order of their first columns.
    pub of_column: Vec<usize>,
    /// The weight of each group, where not all are 1.
    pub weights: Option<Vec<f64>>,
}

impl Groups {
    /// Reads `--groups` and `--group-weights`.
    pub fn read(matches: &ArgMatches, data: &Data) -> Result<Option<Self>> {
        let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        let (of_column, ids) = match text("groups") {
            None if text("group-weights").is_some() => {
                return Err(Error::new(ErrorKind::Option, "--group-weights")
                    .expected("--groups with it")
                    .found("none"));
            }
            None => return Ok(None),
            Some(word) => match word.parse::<usize>() {
                Ok(0) => {
                    return Err(Error::new(ErrorKind::Option, "--groups")
                        .expected("a size of 1 or more")
                        .found(0));
                }
                Ok(size) => consecutive(data.cols(), size),
                Err(_) => of_lines(Path::new(word), files::read_words(Path::new(word))?, data)?,
            },
        };
        let weights = match text("group-weights") {
            None => None,
            Some("sqrt") => Some(root_sizes(&of_column, ids.len())),
            Some(file) => Some(weights(Path::new(file), &ids)?),
        };
        Ok(Some(Self { of_column, weights }))
    }
}

fn consecutive(cols: usize, size: usize) -> (Vec<usize>, Vec<String>) {
    let of_column = (0..cols).map(|j| j / size).collect();
    (of_column, (0..cols.div_ceil(size)).map(|g| g.to_string()).collect())
}

/// The root of the size of each group.
pub fn root_sizes(of_column: &[usize], groups: usize) -> Vec<f64> {
    let mut sizes = vec![0.0_f64; groups];
    of_column.iter().for_each(|g| sizes[*g] += 1.0);
    sizes.into_iter().map(f64::sqrt).collect()
}

/// The group of each column, and the names of the groups, from the lines of a file.
pub fn of_lines(file: &Path, lines: Vec<Vec<String>>, data: &Data) -> Result<(Vec<usize>, Vec<String>)> {
    let named = if is_pairs(&lines, data.cols()) {
        by_column(file, &lines, data)?
    } else {
        let mut cells: Vec<String> = lines.into_iter().flatten().collect();
        if cells.len() == data.cols() + 1 {
            cells.remove(0);
        }
        cells
    };
    if named.len() != data.cols() {
        return Err(refused(file)
            .expected(format!("{} groups, one per column of the data", data.cols()))
            .found(named.len()));
    }
    let mut ids: Vec<String> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let of_column = named
        .into_iter()
        .map(|id| {
            *seen.entry(id).or_insert_with_key(|id| {
                ids.push(id.clone());
                ids.len() - 1
            })
        })
        .collect();
    Ok((of_column, ids))
}

/// Lines of two cells are pairs, unless a single one could be the groups of two columns.
fn is_pairs(lines: &[Vec<String>], cols: usize) -> bool {
    lines.iter().all(|cells| cells.len() == 2) && (lines.len() > 1 || cols != 2)
}

/// The group of each column from lines of `column,group`; a line of headings may come first.
fn by_column(file: &Path, lines: &[Vec<String>], data: &Data) -> Result<Vec<String>> {
    let index: HashMap<&str, usize> = data.names().iter().enumerate().map(|(j, n)| (n.as_str(), j)).collect();
    let mut found: Vec<Option<String>> = vec![None; data.cols()];
    for (at, cells) in lines.iter().enumerate() {
        let number = cells[0].parse().ok().filter(|j| *j < data.cols());
        let Some(j) = index.get(cells[0].as_str()).copied().or(number) else {
            if at == 0 {
                continue;
            }
            return Err(refused(file)
                .at(format!("row {}", at + 1))
                .expected(format!("the name of a column or an index below {}", data.cols()))
                .found(format!("'{}'", cells[0])));
        };
        if found[j].replace(cells[1].clone()).is_some() {
            return Err(refused(file)
                .at(format!("row {}", at + 1))
                .expected("each column once")
                .found(format!("{} again", data.name(j))));
        }
    }
    let missing = |j: usize| {
        refused(file).expected("a group for every column").found(format!("none for {}", data.name(j)))
    };
    found.into_iter().enumerate().map(|(j, group)| group.ok_or_else(|| missing(j))).collect()
}

fn weights(file: &Path, ids: &[String]) -> Result<Vec<f64>> {
    let lines = files::read_words(file)?;
    if !is_pairs(&lines, ids.len()) {
        let weights = files::read_vector(file)?;
        if weights.len() != ids.len() {
            return Err(refused(file)
                .expected(format!("{} weights, one per group", ids.len()))
                .found(weights.len()));
        }
        return Ok(weights);
    }
    let mut found: Vec<Option<f64>> = vec![None; ids.len()];
    for (at, cells) in lines.iter().enumerate() {
        let group = ids.iter().position(|id| *id == cells[0]);
        match (group, cells[1].parse::<f64>()) {
            (Some(group), Ok(weight)) => found[group] = Some(weight),
            _ if at == 0 => {}
            _ => {
                return Err(refused(file)
                    .at(format!("row {}", at + 1))
                    .expected("a group of the data and its weight")
                    .found(format!("'{}' and '{}'", cells[0], cells[1])));
            }
        }
    }
    let missing =
        |g: usize| refused(file).expected("a weight for every group").found(format!("none for {}", ids[g]));
    found.into_iter().enumerate().map(|(g, weight)| weight.ok_or_else(|| missing(g))).collect()
}

fn refused(file: &Path) -> Error {
    Error::new(ErrorKind::Format, file.display().to_string())
}
