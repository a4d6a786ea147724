//! Inner accuracy against outer convergence (experiment E6): how many outer iterations alternating minimization takes
//! to a relative error of 1e-6 over all entries, as its regressions are done less and less accurately; and whether runs
//! whose every row satisfied inequality (B) converged. Singular values are evenly spaced, as the prototype's: with
//! their logarithms evenly spaced exact regressions take 41 outer iterations at kappa 1000 where it took 10.
//!
//! `rules`: what is compared, with the prototype's counts. `run`: one run. `report`: what it leaves.

mod report;
mod rules;
mod run;

use super::Extent;
use super::altmin_problem::{Spectrum, completion_problem};
use super::{Failure, Line};
use rayon::prelude::*;
use rules::{CELLS, Cell, RULES};
use run::{Data, Trace};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The name that the command takes, and what it is about.
pub const NAME: &str = "altmin-inexact";
pub const TITLE: &str = "Outer iterations of alternating minimization under inexact regressions";

/// Draws of each problem; the count is their median.
const DRAWS: u64 = 3;
/// Rows and columns, and the rank.
const SIZE: (usize, usize) = (1000, 10);
/// The quick form.
const QUICK: (usize, usize) = (200, 4);

/// The runs of all rules on a cell, for each rule one on each draw.
pub struct Study {
    cell: Cell,
    runs: Vec<Vec<Trace>>,
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(folder: &Path, extent: Extent<'_>, line: &mut Line) -> Result<(String, bool), Failure> {
    let quick = extent.quick;
    let (n, rank) = if quick { QUICK } else { SIZE };
    let draws = if quick { 1 } else { DRAWS };
    let mut studies = Vec::new();
    for (c, cell) in CELLS.into_iter().enumerate() {
        line.say(format!("{NAME}: data of kappa {}", cell.kappa));
        let data: Vec<Data> = (0..draws)
            .map(|seed| {
                let problem = completion_problem(n, n, rank, cell.kappa, Spectrum::Linear, cell.rho, seed);
                Data::new(problem, seed)
            })
            .collect();
        let tasks: Vec<(usize, usize)> =
            (0..RULES.len()).flat_map(|r| (0..data.len()).map(move |d| (r, d))).collect();
        let (done, total, shared) = (AtomicUsize::new(0), tasks.len(), Mutex::new(&mut *line));
        let traces: Vec<Trace> = tasks
            .into_par_iter()
            .with_max_len(1)
            .map(|(r, d)| {
                let trace = run::run(&data[d], &RULES[r], quick);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Ok(mut line) = shared.lock() {
                    line.say(format!("{NAME}: cell {} of {}, {done} of {total} runs", c + 1, CELLS.len()));
                }
                trace
            })
            .collect();
        let mut traces = traces.into_iter();
        let runs = RULES.iter().map(|_| traces.by_ref().take(data.len()).collect()).collect();
        studies.push(Study { cell, runs });
    }
    report::write_csv(folder, &studies)?;
    report::write_plots(folder, &studies)?;
    let (section, good) = report::section(&studies, quick);
    super::write(&folder.join(format!("{NAME}.md")), &section)?;
    Ok((section, good))
}
