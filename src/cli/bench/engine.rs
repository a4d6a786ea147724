//! The loop: select a block, update it, note the gap.

use super::method::Method;
use super::select::Memory;
use super::sets::{Problem, Set};
use super::update::update;
use std::time::Instant;

/// A run stops below this gap.
pub const DONE: f64 = 1e-8;

/// What a run gave: the gap before each iteration and after the last, and the seconds until then.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub gap: Vec<f64>,
    pub seconds: Vec<f64>,
    /// The first iterate with exactly the positive variables of the solution.
    pub identified: Option<usize>,
}

impl Trace {
    /// The gap at the end.
    pub fn last(&self) -> f64 {
        self.gap.last().copied().unwrap_or(f64::NAN)
    }

    /// The iterations until the gap was below [`DONE`].
    pub fn reached(&self) -> Option<usize> {
        self.gap.iter().position(|g| *g < DONE)
    }
}

/// Runs a method from 0. The time for gaps is not counted; what a method sets up is.
pub fn run(set: &Set, method: Method, iterations: usize) -> Trace {
    let f = set.objective();
    let mut at = f.start();
    let mut trace = Trace::default();
    let support = solution_support(set);
    let mut clock = Instant::now();
    let mut memory = Memory::new(set, method);
    let mut g = vec![0.0; f.size()];
    let mut spent = 0.0;
    for iteration in 0..=iterations {
        spent += clock.elapsed().as_secs_f64();
        let penalty = set.lambda * at.x.iter().map(|x| x.abs()).sum::<f64>();
        trace.gap.push(f.gap(&at) + penalty);
        trace.seconds.push(spent);
        if let (None, Some(support)) = (trace.identified, &support)
            && iteration > 0
            && at.x.iter().zip(support).all(|(x, s)| (*x > 1e-16) == *s)
        {
            trace.identified = Some(iteration);
        }
        if iteration == iterations || trace.last() < DONE || !trace.last().is_finite() {
            break;
        }
        clock = Instant::now();
        if method.rule.is_greedy() {
            f.gradient(&at, &mut g);
        }
        let chosen = memory.select(&at, &g, iteration);
        let own = if method.rule.is_greedy() {
            chosen.block.iter().map(|j| g[*j]).collect()
        } else {
            f.block_gradient(&at, &chosen.block)
        };
        update(&mut memory, set, &mut at, &chosen, &own);
    }
    trace
}

fn solution_support(set: &Set) -> Option<Vec<bool>> {
    match &set.problem {
        Problem::Linear(p) => p.solution().map(|x| x.iter().map(|x| *x > 0.0).collect()),
        _ => None,
    }
}
