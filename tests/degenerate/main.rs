//! Odd input that must be solved, and what the answer has to be: a closed form, or optimality checked by plain loops.

mod attained;
mod bounds_and_groups;
mod data;
mod graphs;
mod scales;
mod shapes;
mod strengths;
#[path = "../support/mod.rs"]
mod support;

use southwell::bcd::{Kind, Problem, Rigor, Solution, Start, solve};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::{Control, Outcome};
use support::{Data, INF, Numbers, Plain, data, options, run};

const LOSSES: [&str; 6] = ["squared", "logistic", "squared-hinge", "huber", "poisson", "pseudo-huber"];

/// Ways through the loop that differ in rule, partition and update.
const WAYS: [&[(&str, &str)]; 9] = [
    &[],
    &[("rule", "cyclic")],
    &[("rule", "gs"), ("block_size", "2"), ("update", "gradient"), ("lipschitz", "estimate")],
    &[("rule", "gsl"), ("blocks", "fixed"), ("block_size", "3")],
    &[("rule", "gsq"), ("block_size", "2")],
    &[("rule", "lipschitz"), ("blocks", "fixed"), ("block_size", "2")],
    &[("rule", "permuted"), ("update", "cubic"), ("lipschitz", "estimate"), ("block_size", "2")],
    &[("rule", "gsd"), ("update", "exact"), ("greedy_gradient", "rows")],
    &[("rule", "gsq"), ("block_size", "3"), ("gsq_search", "iht"), ("line_search", "exact")],
];

fn with<'p>(base: &[(&'p str, &'p str)], more: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
    base.iter().chain(more).copied().collect()
}

/// Solves and insists on a certificate within the tolerance.
fn solved(problem: &Problem<'_>, pairs: &[(&str, &str)]) -> Solution {
    let found = run(problem, pairs);
    assert_eq!(found.outcome, Outcome::Converged, "{pairs:?} {:?} {:e}", found.certificate, found.target);
    assert!(found.coef.iter().all(|c| c.is_finite()) && found.intercept.is_finite());
    found
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{found:e}, not {expected:e}");
}

#[track_caller]
fn all_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(f, e)| near(*f, *e, tolerance));
}

/// The gradient conditions hold at the answer, and its objective is what plain loops say.
#[track_caller]
fn optimal(found: &Solution, plain: &Plain<'_>, tolerance: f64) {
    let objective = plain.objective(&found.coef, found.intercept);
    near(found.certificate.objective, objective, 1e-11);
    let violation = plain.violation(&found.coef, found.intercept);
    assert!(violation <= tolerance, "violation {violation:e} {:?}", found.certificate);
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn columns_of(data: &Data, list: &[usize]) -> Data {
    let a = list.iter().flat_map(|&j| data.column(j)).copied().collect();
    Data { rows: data.rows, cols: list.len(), a, score: data.score.clone() }
}

// Shapes
