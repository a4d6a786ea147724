//! Running all curves of a figure.

use super::engine::{self, Trace};
use super::figures::Figure;
use super::method::Rule;
use super::sets::Sets;
use crate::cli::progress::Line;
use rayon::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Iterations of the quick form.
const QUICK: usize = 25;

/// A figure and its traces: for each panel those of its curves.
pub struct Ran {
    pub figure: Figure,
    pub traces: Vec<Vec<Trace>>,
}

/// Runs the figure, a curve on each core. The quick form runs few iterations.
pub fn run(figure: Figure, sets: &Sets, quick: bool, line: &mut Line) -> Ran {
    line.say(format!("{}: data", figure.name));
    for panel in &figure.panels {
        sets.get(panel.set);
    }
    let mut tasks: Vec<(usize, usize)> = figure
        .panels
        .iter()
        .enumerate()
        .flat_map(|(p, panel)| (0..panel.curves.len()).map(move |c| (p, c)))
        .collect();
    // The longest first, so that none is left over at the end.
    tasks.sort_by_key(|&(p, c)| {
        let panel = &figure.panels[p];
        let long = panel.curves[c].method.rule == Rule::Schur || panel.set == "C";
        std::cmp::Reverse((long, panel.tau))
    });
    let iterations = if quick { QUICK.min(figure.iterations) } else { figure.iterations };
    let (done, line, total) = (AtomicUsize::new(0), Mutex::new(line), tasks.len());
    let found: Vec<((usize, usize), Trace)> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|(p, c)| {
            let panel = &figure.panels[p];
            let trace = engine::run(sets.get(panel.set), panel.curves[c].method, iterations);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Ok(mut line) = line.lock() {
                line.say(format!(
                    "{}: {done} of {total} curves, last {} τ={} {}",
                    figure.name, panel.set, panel.tau, panel.curves[c].label
                ));
            }
            ((p, c), trace)
        })
        .collect();
    let mut traces: Vec<Vec<Trace>> =
        figure.panels.iter().map(|p| vec![Trace::default(); p.curves.len()]).collect();
    found.into_iter().for_each(|((p, c), trace)| traces[p][c] = trace);
    Ran { figure, traces }
}
