//! The demo's matrix completion: a table with a third of its entries hidden.

use crate::cli::altmin::convergence;
use crate::cli::chart::Chart;
use crate::cli::files::{self, Values};
use crate::cli::number::{json, short};
use crate::cli::progress::Line;
use serde_json::{Value, json};
use southwell::altmin::{Entries, Problem, Solution, sampling, solve};
use southwell::runtime::{Error, ErrorKind, Family, Options, Outcome, Result};

const TABLE: &str = include_str!("../../../data/breast_cancer.csv");
/// Share of the table that is hidden.
const HIDDEN: f64 = 1.0 / 3.0;
const RANK: usize = 8;

/// What was found.
pub struct Completion {
    solution: Solution<f64>,
    size: [usize; 2],
    /// Root mean square error of the hidden entries, in standard deviations of their columns.
    hidden: f64,
}

impl Completion {
    /// Hides entries of the breast cancer table, whose columns have mean 0 and deviation 1, and completes it.
    pub fn run(line: &Line) -> Result<Self> {
        let table = files::read_embedded("breast_cancer.csv", TABLE, true)?;
        let Values::Dense(values) = &table.values else {
            return Err(Error::new(ErrorKind::Internal, "breast_cancer.csv").expected("a dense table"));
        };
        let (rows, cols) = (table.rows, table.cols);
        let mut standard = values.clone();
        for column in standard.chunks_exact_mut(rows) {
            let mean = column.iter().sum::<f64>() / rows as f64;
            let deviation = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / rows as f64).sqrt();
            column.iter_mut().for_each(|v| *v = (*v - mean) / deviation);
        }
        let cells = || (0..cols).flat_map(|j| (0..rows).map(move |i| (i, j)));
        let hides = |i: usize, j: usize| sampling::uniform(1, i, j) < HIDDEN;
        let seen: Vec<(usize, usize)> = cells().filter(|(i, j)| !hides(*i, *j)).collect();
        let row: Vec<i64> = seen.iter().map(|c| c.0 as i64).collect();
        let col: Vec<i64> = seen.iter().map(|c| c.1 as i64).collect();
        let value: Vec<f64> = seen.iter().map(|(i, j)| standard[j * rows + i]).collect();
        let entries = Entries { rows, cols, row: &row, col: &col, value: &value, weight: None };
        let mut options = Options::new(Family::Altmin);
        options.set_integer("rank", RANK as i64)?;
        options.set_integer("trace", 1)?;
        let problem = Problem::new(entries, &options, &mut line.control())?;
        let solution = solve(&problem, &options, None, &mut line.control())?;
        let (mut squares, mut count) = (0.0, 0.0);
        for (i, j) in cells().filter(|(i, j)| hides(*i, *j)) {
            squares += (solution.model.predict(i, j) - standard[j * rows + i]).powi(2);
            count += 1.0;
        }
        Ok(Self { solution, size: [rows, cols], hidden: f64::sqrt(squares / count) })
    }

    pub fn converged(&self) -> bool {
        self.solution.outcome == Outcome::Converged
    }

    pub fn chart(&self) -> Chart {
        convergence("Breast cancer table, a third hidden", &self.solution)
    }

    pub fn text(&self) -> String {
        let ([rows, cols], solution) = (self.size, &self.solution);
        format!(
            "Completion of the breast cancer table ({rows} x {cols}, standardized) with a third of its entries hidden, at rank {}, ridge {} chosen:\n{} after {} sweeps, {:.3} s; hidden entries are off by {} of their deviation (their means: by 1).\n",
            solution.model.rank(),
            short(solution.ridge, 3),
            solution.outcome.name(),
            solution.iterations,
            solution.seconds_setup + solution.seconds_solve,
            short(self.hidden, 3),
        )
    }

    pub fn json(&self) -> Value {
        let solution = &self.solution;
        json!({
            "name": "breast-cancer-completion",
            "outcome": solution.outcome.name(),
            "objective": json(solution.objective),
            "certificate": {"kind": "gradient", "value": json(solution.certificate.gradient), "rigor": "none"},
            "rank": solution.model.rank(),
            "ridge": json(solution.ridge),
            "hidden_rmse": json(self.hidden),
            "iterations": solution.iterations,
            "seconds_setup": solution.seconds_setup,
            "seconds_solve": solution.seconds_solve,
        })
    }
}
