//! The data of the companion's experiments, by the recipe of its generator on our stream.

use super::{Problem, Set, flipped_labels, sparse_columns};
use crate::cli::bench::objective::{Linear, Loss, Objective, Point, Step, factor};
use crate::cli::bench::stream::Stream;
use crate::cli::bench::table::Table;

/// The ridge of the first two.
const RIDGE: f64 = 1e-3;
/// The penalty of the lasso.
const LAMBDA: f64 = 1e-3;

fn side(small: bool) -> usize {
    if small { 60 } else { 1000 }
}

fn set(problem: Linear) -> Set {
    Set { problem: Problem::Linear(problem), stream: Stream::new(1), graph: None, lambda: 0.0 }
}

/// Sparse least squares with a dense truth and a small ridge.
pub fn ridge(small: bool) -> Set {
    let (mut stream, n) = (Stream::new(1), side(small));
    let a = sparse_columns(n, n, &mut stream);
    let w = stream.normals(n);
    let y = a.times_all(&w).iter().map(|z| z + stream.normal()).collect();
    set(solved(Linear::new(a, y, Loss::Squared, RIDGE, 0.0)))
}

/// The same rows with labels, one in ten turned.
pub fn logistic(small: bool) -> Set {
    let (mut stream, n) = (Stream::new(1), side(small));
    let a = sparse_columns(n, n, &mut stream);
    let w = stream.normals(n);
    let y = flipped_labels(&a, &w, &mut stream);
    set(solved(Linear::new(a, y, Loss::Logistic, RIDGE, 0.0)))
}

/// Dense least squares with ten rows for each column.
pub fn dense(small: bool) -> Set {
    let (mut stream, rows) = (Stream::new(1), side(small));
    let cols = rows / 10;
    let mut values = stream.normals(rows * cols);
    let scale: Vec<f64> = stream.normals(cols).iter().map(|s| 10.0 * s).collect();
    values.chunks_mut(cols).for_each(|row| row.iter_mut().zip(&scale).for_each(|(v, s)| *v = (*v + 1.0) * s));
    let a = Table::from_rows(rows, cols, &values);
    let w = stream.normals(cols);
    let y = a.times_all(&w).iter().map(|z| z + stream.normal()).collect();
    set(solved(Linear::new(a, y, Loss::Squared, 0.0, 0.0)))
}

/// The data of A with a small L1 penalty.
pub fn lasso(small: bool) -> Set {
    let a = super::least_squares(small, false);
    Set { lambda: LAMBDA, ..a }
}

/// With the solution found by Newton's method.
fn solved(problem: Linear) -> Linear {
    let all: Vec<usize> = (0..problem.size()).collect();
    let mut at: Point = problem.start();
    let mut g = vec![0.0; all.len()];
    for _ in 0..200 {
        problem.gradient(&at, &mut g);
        let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
        factor(&problem.hessian(&at, &all)).solve(&mut d);
        let w = problem.product(&all, &d);
        let step = Step { block: &all, d: &d, w: &w, g: &g };
        let slope: f64 = g.iter().zip(&d).map(|(g, d)| g * d).sum();
        let mut alpha = 1.0;
        while problem.change(&at, &step, alpha) > 1e-4 * alpha * slope && alpha > 1e-12 {
            alpha *= 0.5;
        }
        if alpha <= 1e-12 || -slope < 1e-20 * problem.value(&at) {
            break;
        }
        problem.advance(&mut at, &step, alpha);
    }
    problem.with_optimum(at.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solutions_are_stationary() {
        for set in [ridge(true), logistic(true), dense(true)] {
            let Problem::Linear(p) = &set.problem else { panic!() };
            let x = p.solution().unwrap().to_vec();
            let at = Point { z: p.a.times_all(&x), x };
            let (mut g, mut start) = (vec![0.0; p.size()], vec![0.0; p.size()]);
            p.gradient(&at, &mut g);
            p.gradient(&p.start(), &mut start);
            let size = |g: &[f64]| g.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(size(&g) < 1e-10 * size(&start), "{:e}", size(&g));
            assert!(p.gap(&p.start()) > 1.0 && p.gap(&at).abs() < 1e-9);
        }
    }
}
