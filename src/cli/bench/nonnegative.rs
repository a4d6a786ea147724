//! Quadratic programs over x >= 0, by Lawson and Hanson's active set.

use super::objective::{Linear, Objective, Point, factor};
use southwell::numerics::gram::Square;

/// Minimizes `1/2 x'H x + q'x` over x >= 0, from the free variables of `start`. `H` must be positive definite on the
/// free variables met on the way.
pub fn solve(h: &Square, q: &[f64], start: &[f64]) -> Vec<f64> {
    let n = q.len();
    let size = q.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let mut x = start.to_vec();
    let mut free: Vec<usize> = (0..n).filter(|&j| x[j] > 0.0).collect();
    // Each round adds a variable for good or ends; cycles are due to rounding alone.
    for _ in 0..3 * n + 10 {
        settle(h, q, &mut x, &mut free);
        let slope = |j: usize| q[j] + free.iter().map(|&i| h.at(i, j) * x[i]).sum::<f64>();
        let bound = (0..n).filter(|j| !free.contains(j));
        let best = bound.map(|j| (j, slope(j))).min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((j, slope)) if slope < -1e-13 * size => free.push(j),
            _ => break,
        }
    }
    x
}

/// The solution over the free variables; those that would turn negative stop at 0 on the way and are free no longer.
fn settle(h: &Square, q: &[f64], x: &mut [f64], free: &mut Vec<usize>) {
    while !free.is_empty() {
        let mut target: Vec<f64> = free.iter().map(|&j| -q[j]).collect();
        let block = h.block(free);
        let solver = factor(&block);
        solver.solve(&mut target);
        // One step of refinement.
        let mut rest: Vec<f64> = (0..free.len())
            .map(|p| -q[free[p]] - (0..free.len()).map(|o| block.at(p, o) * target[o]).sum::<f64>())
            .collect();
        solver.solve(&mut rest);
        target.iter_mut().zip(&rest).for_each(|(t, r)| *t += r);
        let blocking = free
            .iter()
            .zip(&target)
            .filter(|(_, t)| **t <= 0.0)
            .map(|(&j, t)| (x[j] / (x[j] - t), j))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((alpha, stopped)) = blocking.map(|(a, j)| (if a.is_nan() { 0.0 } else { a }, j)) else {
            free.iter().zip(&target).for_each(|(&j, t)| x[j] = *t);
            return;
        };
        free.iter().zip(&target).for_each(|(&j, t)| x[j] = (x[j] + alpha * (t - x[j])).max(0.0));
        x[stopped] = 0.0;
        free.retain(|&j| x[j] > 0.0 || (j != stopped && alpha == 0.0));
    }
}

/// The minimizer over x >= 0 of a least-squares problem with few positive coefficients, by working sets.
pub fn minimize(problem: &Linear) -> Vec<f64> {
    const NEW: usize = 50;
    let mut at = problem.start();
    let mut g = vec![0.0; problem.size()];
    problem.gradient(&at, &mut g);
    let size = g.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for _ in 0..200 {
        let mut block: Vec<usize> =
            (0..g.len()).filter(|&j| g[j] < -1e-14 * size && at.x[j] == 0.0).collect();
        if block.is_empty() {
            break;
        }
        block.sort_by(|a, b| g[*a].total_cmp(&g[*b]));
        block.truncate(NEW);
        block.extend((0..g.len()).filter(|&j| at.x[j] > 0.0));
        let found = step(problem, &at, &block);
        block.iter().zip(found).for_each(|(&j, x)| at.x[j] = x);
        at = Point { z: problem.a.times_all(&at.x), x: at.x };
        problem.gradient(&at, &mut g);
    }
    at.x
}

/// The best values of a block, the others held.
pub fn step(problem: &dyn Objective, at: &Point, block: &[usize]) -> Vec<f64> {
    let h = problem.bound(block);
    let x: Vec<f64> = block.iter().map(|&j| at.x[j]).collect();
    let mut q = problem.block_gradient(at, block);
    for (p, q) in q.iter_mut().enumerate() {
        *q -= (0..x.len()).map(|o| h.at(p, o) * x[o]).sum::<f64>();
    }
    solve(&h, &q, &x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::stream::Stream;

    #[test]
    fn the_answer_is_optimal_from_any_start() {
        let mut s = Stream::new(6);
        for n in [1, 2, 8, 30] {
            let rows = 2 * n;
            let b = s.normals(rows * n);
            let mut h = Square::zeros(n);
            for j in 0..n {
                for i in 0..n {
                    h.column_mut(j)[i] = (0..rows).map(|r| b[i * rows + r] * b[j * rows + r]).sum();
                }
            }
            let q = s.normals(n);
            let starts = [vec![0.0; n], s.normals(n).iter().map(|v| v.max(0.0)).collect()];
            for start in starts {
                let x = solve(&h, &q, &start);
                for j in 0..n {
                    let slope = q[j] + (0..n).map(|i| h.at(i, j) * x[i]).sum::<f64>();
                    assert!(x[j] >= 0.0 && slope > -1e-11 && (x[j] * slope).abs() < 1e-11);
                }
            }
        }
    }
}
