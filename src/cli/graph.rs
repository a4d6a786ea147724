//! `southwell graph`: label propagation and quadratics on graphs, from files.

use super::failure::{Failure, Verdict};
use super::files::{self, ReadOptions, Values};
use super::layout::Facts;
use super::number::{json, short};
use super::option_flags::Chosen;
use super::output;
use super::progress::Line;
use clap::ArgMatches;
use serde_json::json;
use southwell::bcd::Rigor;
use southwell::bcd::graph::{Labels, Problem, Settings, Solution, solve};
use southwell::numerics::{Layout, SparseView, SymmetricMatrix};
use southwell::runtime::{Control, Error, ErrorKind, Family, Outcome, Result};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(matches: &ArgMatches) -> std::result::Result<Verdict, Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    let mut chosen = Chosen::read(matches, Family::Graph)?;
    if of("trace").is_some() {
        chosen.set("trace", "true");
    }
    let options = chosen.options()?;
    let settings = Settings::from_options(&options)?;
    let base = matches.get_one::<i64>("base").copied().unwrap_or(0) as usize;
    let file = of("graph").cloned().unwrap_or_default();
    let mut line = Line::new();
    line.say("reading the graph");
    let labels = of("labels").map(|labels| read_labels(labels, base)).transpose()?;
    let rhs = of("rhs").map(|rhs| files::read_table(rhs, &ReadOptions::default())).transpose()?;
    let least = labels.as_ref().and_then(|l| l.nodes.iter().max()).map_or(0, |node| node + 1);
    let as_counted = |e: Error| counted_from_0(&e, base, &file);
    let matrix =
        read_graph(&file, base, least, settings.sum_duplicates, labels.is_some(), &mut line.control())
            .map_err(as_counted)?;
    let mut problem = match (labels, rhs) {
        (Some(read), _) => {
            let labels = Labels { nodes: &read.nodes, values: &read.values, columns: read.columns };
            Problem::labels(&matrix, labels, settings.ridge, settings.unreached, &mut line.control())
                .map_err(as_counted)?
        }
        (None, Some(table)) => {
            let columns = table.cols;
            if table.rows != matrix.size() {
                let rhs = of("rhs").map_or_else(String::new, |rhs| rhs.display().to_string());
                return Err(Error::new(ErrorKind::Data, rhs)
                    .expected(format!("{} rows, one for each row of the matrix", matrix.size()))
                    .found(table.rows)
                    .into());
            }
            Problem::quadratic(
                matrix,
                dense(table.values, table.rows),
                columns,
                settings.ridge,
                &mut line.control(),
            )
            .map_err(as_counted)?
        }
        (None, None) => return Err(Failure::new("southwell graph needs --labels or --rhs")),
    };
    if let Some(blocks) = of("partition-file") {
        problem.set_partition(&read_nodes(blocks)?)?;
    }
    line.say("solving");
    let solution = solve(&problem, &options, None, &mut line.control())?;
    drop(line);
    if let Some(out) = of("out") {
        let n = problem.nodes();
        let rows: Vec<f64> =
            (0..n).flat_map(|i| solution.values.iter().skip(i).step_by(n.max(1)).copied()).collect();
        files::write_rows(out, problem.columns(), &rows)?;
    }
    if let Some(trace) = of("trace") {
        write_trace(trace, &solution)?;
    }
    let report = Report { file: &file, problem: &problem, settings: &settings, solution: &solution };
    output::print(&if matches.get_flag("json") { report.json() } else { report.text() })?;
    Ok(Verdict::of(solution.outcome == Outcome::Converged))
}

/// The library counts nodes, rows and columns from 0; a message says so where the file may count from 1.
fn counted_from_0(error: &Error, base: usize, file: &Path) -> Failure {
    let market = files::is_matrix_market(file).unwrap_or(false);
    let file_error = error.kind() == ErrorKind::Format;
    let note = if (market || base == 1) && !file_error { " (counted from 0)" } else { "" };
    Failure::new(format!("{error}{note}"))
}

/// A matrix from a Matrix Market file, or a list of edges: two nodes and, if there is a third number, a weight, which
/// is not negative if there are labels.
fn read_graph(
    file: &Path,
    base: usize,
    least: usize,
    sum: bool,
    labels: bool,
    control: &mut Control<'_>,
) -> Result<SymmetricMatrix> {
    let name = file.display().to_string();
    if files::is_matrix_market(file)? {
        let table = files::read_table(file, &ReadOptions::default())?;
        let Values::Sparse { indptr, indices, values } = &table.values else {
            return Err(Error::new(ErrorKind::Format, name).expected("a coordinate file").found("an array"));
        };
        let view =
            SparseView { rows: table.rows, cols: table.cols, indptr, indices, values, layout: Layout::Csc };
        return SymmetricMatrix::new(&view, sum, &name, control);
    }
    let (mut edges, mut rows) = (Vec::new(), Vec::new());
    for (k, words) in files::read_words(file)?.iter().enumerate() {
        let refused = || at_row(file, k);
        let parsed = match words.as_slice() {
            // A line of names.
            words if k == 0 && names_alone(words) => continue,
            [i, j] => Some((node(i, base), node(j, base), Some(1.0))),
            [i, j, w] => Some((node(i, base), node(j, base), w.parse::<f64>().ok())),
            _ => None,
        };
        match parsed {
            Some((_, _, Some(w))) if labels && w < 0.0 => {
                return Err(refused()?
                    .expected("a weight that is not negative, as there are labels")
                    .found(w));
            }
            Some((Some(i), Some(j), Some(w))) => {
                edges.push((i, j, w));
                rows.push(k);
            }
            _ => {
                return Err(refused()?
                    .expected(format!("two nodes of at least {base}, and a weight or none"))
                    .found(format!("\"{}\"", words.join(" "))));
            }
        }
    }
    let n = edges.iter().map(|(i, j, _)| i.max(j) + 1).max().unwrap_or(0).max(least);
    SymmetricMatrix::from_edges(n, edges.iter().copied(), sum, &name, control).or_else(|error| {
        match (error.kind(), repeated(&edges).filter(|_| !sum)) {
            (ErrorKind::Data, Some((first, again))) => Err(at_row(file, rows[again])?
                .expected("each edge once (--duplicates sum adds them)")
                .found(format!("that of line {} again", files::line_of_row(file, rows[first])?))),
            _ => Err(error),
        }
    })
}

/// A refusal of row `k` of a list, by its line in the file.
fn at_row(file: &Path, k: usize) -> Result<Error> {
    let line = files::line_of_row(file, k)?;
    Ok(Error::new(ErrorKind::Format, file.display().to_string()).at(format!("line {line}")))
}

/// The first edge that is there a second time, in either order, and the one before.
fn repeated(edges: &[(usize, usize, f64)]) -> Option<(usize, usize)> {
    let mut seen = HashMap::new();
    let pairs = edges.iter().enumerate().filter(|(_, (i, j, _))| i != j);
    pairs.map(|(e, (i, j, _))| (e, (*i.min(j), *i.max(j)))).find_map(|(e, pair)| match seen.entry(pair) {
        Entry::Occupied(first) => Some((*first.get(), e)),
        Entry::Vacant(place) => {
            place.insert(e);
            None
        }
    })
}

/// Whether no word is a number: a line of names. One with a slip in it is refused, not left out.
fn names_alone(words: &[String]) -> bool {
    words.iter().all(|word| word.parse::<f64>().is_err())
}

fn node(word: &str, base: usize) -> Option<usize> {
    word.parse::<u32>().ok().and_then(|i| (i as usize).checked_sub(base))
}

/// Labelled nodes and their values, column by column.
struct Read {
    nodes: Vec<usize>,
    values: Vec<f64>,
    columns: usize,
}

/// Lines of a node and one or more values.
fn read_labels(file: &Path, base: usize) -> Result<Read> {
    let (mut nodes, mut rows, mut columns) = (Vec::new(), Vec::new(), None);
    let mut seen = HashSet::new();
    for (k, words) in files::read_words(file)?.iter().enumerate() {
        if k == 0 && names_alone(words) {
            continue;
        }
        let values: Option<Vec<f64>> = words.iter().skip(1).map(|w| w.parse().ok()).collect();
        let width = *columns.get_or_insert(words.len().saturating_sub(1).max(1));
        match (words.first().and_then(|w| node(w, base)), values) {
            (Some(node), Some(values)) if values.len() == width => {
                if !seen.insert(node) {
                    return Err(at_row(file, k)?
                        .expected("a node that no line before has")
                        .found(node + base));
                }
                nodes.push(node);
                rows.extend(values);
            }
            _ => {
                return Err(at_row(file, k)?
                    .expected(format!("a node of at least {base} and {width} value(s)"))
                    .found(format!("\"{}\"", words.join(" "))));
            }
        }
    }
    let columns = columns.unwrap_or(1);
    let values = (0..columns).flat_map(|c| rows.iter().skip(c).step_by(columns).copied()).collect();
    Ok(Read { nodes, values, columns })
}

/// One number per node.
fn read_nodes(file: &Path) -> Result<Vec<usize>> {
    let numbers = files::read_vector(file)?;
    let whole = |(k, v): (usize, &f64)| {
        if *v >= 0.0 && v.fract() == 0.0 && *v < 4e9 {
            return Ok(*v as usize);
        }
        Err(Error::new(ErrorKind::Data, file.display().to_string())
            .at(format!("entry {k}"))
            .expected("a whole number of at least 0")
            .found(v))
    };
    numbers.iter().enumerate().map(whole).collect()
}

/// All entries, column after column.
fn dense(values: Values, rows: usize) -> Vec<f64> {
    match values {
        Values::Dense(values) => values,
        Values::Sparse { indptr, indices, values } => {
            let mut all = vec![0.0; rows * (indptr.len() - 1)];
            for (col, ends) in indptr.windows(2).enumerate() {
                for at in ends[0] as usize..ends[1] as usize {
                    all[col * rows + indices[at] as usize] = values[at];
                }
            }
            all
        }
    }
}

fn write_trace(file: &Path, solution: &Solution) -> Result<()> {
    output::write_file(file, |file| {
        writeln!(file, "iteration,work,seconds,objective,residual,block")?;
        for r in &solution.trace {
            let (iteration, work, block) = (r.iteration, r.work, r.block);
            writeln!(file, "{iteration},{work},{:?},{:?},{:?},{block}", r.seconds, r.objective, r.residual)?;
        }
        Ok(())
    })
}

struct Report<'a> {
    file: &'a Path,
    problem: &'a Problem,
    settings: &'a Settings,
    solution: &'a Solution,
}

impl Report<'_> {
    fn text(&self) -> String {
        let Report { file, problem, settings, solution } = self;
        let found = &solution.certificate;
        let mut facts = Facts::default();
        let edges = problem.matrix().entries() / 2;
        facts.add(
            "graph",
            format!(
                "{}, {} nodes, {} unknown, {edges} edges between those",
                file.display(),
                problem.nodes(),
                problem.unknowns()
            ),
        );
        facts.add("columns", problem.columns().to_string());
        if problem.unreached() > 0 {
            facts.add("unreached", format!("{} nodes without a label in reach: 0", problem.unreached()));
        }
        facts.add("outcome", solution.outcome.name());
        facts.add("objective", short(found.objective, 12));
        facts.add("residual", format!("{} relative", short(found.residual, 3)));
        if found.rigor == Rigor::Proven {
            facts.add("gap", format!("at most {} (proven)", short(found.gap, 3)));
            facts.add("error", format!("at most {} at any node (proven)", short(found.error, 3)));
        }
        facts.add("iterations", solution.iterations.to_string());
        facts.add(
            "seconds",
            format!(
                "{:.3} setup, {:.3} solve, {} thread(s)",
                solution.seconds_setup, solution.seconds_solve, settings.threads
            ),
        );
        facts.text()
    }

    fn json(&self) -> String {
        let Report { problem, settings, solution, .. } = self;
        let found = &solution.certificate;
        let object = json!({
            "outcome": solution.outcome.name(),
            "objective": json(found.objective),
            "certificate": {"kind": "residual", "value": json(found.residual), "rigor": "none"},
            "gap": json(found.gap),
            "error": json(found.error),
            "rigor": found.rigor.name(),
            "nodes": problem.nodes(),
            "unknowns": problem.unknowns(),
            "columns": problem.columns(),
            "unreached": problem.unreached(),
            "iterations": solution.iterations,
            "seconds_setup": solution.seconds_setup,
            "seconds_solve": solution.seconds_solve,
            "threads": settings.threads,
        });
        format!("{object}\n")
    }
}
