//! Label propagation: `1/2 x'A x - b'x` with a sparse positive definite `A`. The product kept is the gradient.

use super::{Objective, Point, Step, factor, largest_eigenvalue};
use crate::cli::bench::table::Table;
use southwell::numerics::gram::Square;
use std::sync::OnceLock;

/// The problem.
#[derive(Debug)]
pub struct Quadratic {
    pub a: Table,
    pub b: Vec<f64>,
    diagonal: Vec<f64>,
    row_sums: Vec<f64>,
    largest: OnceLock<f64>,
    optimum: Vec<f64>,
}

impl Quadratic {
    /// With the solution found by a direct solve and one step of refinement.
    pub fn new(a: Table, b: Vec<f64>) -> Self {
        let n = a.rows();
        let diagonal = (0..n).map(|i| a.row(i).find(|(j, _)| *j == i).map_or(0.0, |(_, v)| v)).collect();
        let row_sums = (0..n).map(|i| a.row(i).map(|(_, v)| v.abs()).sum()).collect();
        let mut problem = Self { a, b, diagonal, row_sums, largest: OnceLock::new(), optimum: vec![0.0; n] };
        let all: Vec<usize> = (0..n).collect();
        let solver = factor(&problem.bound(&all));
        for _ in 0..3 {
            let mut residual = problem.residual(&problem.optimum);
            residual.iter_mut().for_each(|r| *r = -*r);
            solver.solve(&mut residual);
            problem.optimum.iter_mut().zip(&residual).for_each(|(x, d)| *x += d);
        }
        problem
    }

    /// `A x - b`.
    fn residual(&self, x: &[f64]) -> Vec<f64> {
        let mut z = self.a.times_all(x);
        z.iter_mut().zip(&self.b).for_each(|(z, b)| *z -= b);
        z
    }

    /// The least value, `-1/2 b'x*`.
    #[cfg(test)]
    pub fn least(&self) -> f64 {
        -0.5 * self.b.iter().zip(&self.optimum).map(|(b, x)| b * x).sum::<f64>()
    }
}

impl Objective for Quadratic {
    fn size(&self) -> usize {
        self.b.len()
    }

    fn start(&self) -> Point {
        let x = vec![0.0; self.size()];
        Point { z: self.residual(&x), x }
    }

    fn lipschitz(&self) -> &[f64] {
        &self.diagonal
    }

    fn row_sums(&self) -> &[f64] {
        &self.row_sums
    }

    fn largest(&self) -> f64 {
        *self.largest.get_or_init(|| largest_eigenvalue(self.size(), |d, out| self.apply_bound(d, out)))
    }

    fn gradient(&self, at: &Point, out: &mut [f64]) {
        out.copy_from_slice(&at.z);
    }

    fn block_gradient(&self, at: &Point, block: &[usize]) -> Vec<f64> {
        block.iter().map(|&j| at.z[j]).collect()
    }

    fn product(&self, block: &[usize], d: &[f64]) -> Vec<f64> {
        self.a.times(block, d)
    }

    fn change(&self, _: &Point, step: &Step<'_>, alpha: f64) -> f64 {
        let each = step.block.iter().zip(step.d).zip(step.g);
        each.map(|((&j, d), g)| alpha * d * (g + 0.5 * alpha * step.w[j])).sum()
    }

    /// The gradient is computed anew: it costs little, and nothing drifts.
    fn advance(&self, at: &mut Point, step: &Step<'_>, alpha: f64) {
        step.block.iter().zip(step.d).for_each(|(&j, d)| at.x[j] += alpha * d);
        at.z = self.residual(&at.x);
    }

    fn bound(&self, block: &[usize]) -> Square {
        let mut place = vec![usize::MAX; self.size()];
        block.iter().enumerate().for_each(|(p, &j)| place[j] = p);
        let mut out = Square::zeros(block.len());
        for (p, &j) in block.iter().enumerate() {
            let column = out.column_mut(p);
            self.a.row(j).filter(|(i, _)| place[*i] != usize::MAX).for_each(|(i, v)| column[place[i]] = v);
        }
        out
    }

    fn hessian(&self, _: &Point, block: &[usize]) -> Square {
        self.bound(block)
    }

    fn apply_bound(&self, d: &[f64], out: &mut [f64]) {
        out.iter_mut().enumerate().for_each(|(i, o)| *o = self.a.row(i).map(|(j, v)| v * d[j]).sum());
    }

    fn bound_column(&self, i: usize, out: &mut [f64]) {
        out.fill(0.0);
        self.a.row(i).for_each(|(j, v)| out[j] = v);
    }

    fn gap(&self, at: &Point) -> f64 {
        let away: Vec<f64> = at.x.iter().zip(&self.optimum).map(|(a, b)| a - b).collect();
        let image = self.a.times_all(&away);
        0.5 * away.iter().zip(&image).map(|(e, i)| e * i).sum::<f64>()
    }
}
