//! Least squares and logistic regression: `sum_r phi(a_r'x, y_r) + mu/2 ||x||^2 + lambda sum_i x_i`.

use super::{Objective, Point, Step, add_rows, largest_eigenvalue};
use crate::cli::bench::table::Table;
use southwell::numerics::gram::Square;
use std::sync::OnceLock;

/// The loss of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `1/2 (z - y)^2`
    Squared,
    /// `log(1 + exp(-y z))`
    Logistic,
}

/// The problem.
#[derive(Debug)]
pub struct Linear {
    pub a: Table,
    pub y: Vec<f64>,
    pub loss: Loss,
    pub ridge: f64,
    /// `lambda`: what x >= 0 costs.
    pub slope: f64,
    lipschitz: Vec<f64>,
    row_sums: OnceLock<Vec<f64>>,
    largest: OnceLock<f64>,
    optimum: Option<Optimum>,
}

/// A solution: the point, and the gradient there (zero where the variable is free).
#[derive(Debug)]
struct Optimum {
    at: Point,
    gradient: Vec<f64>,
    value: f64,
}

impl Linear {
    pub fn new(a: Table, y: Vec<f64>, loss: Loss, ridge: f64, slope: f64) -> Self {
        let mut problem = Self {
            a,
            y,
            loss,
            ridge,
            slope,
            lipschitz: Vec::new(),
            row_sums: OnceLock::new(),
            largest: OnceLock::new(),
            optimum: None,
        };
        let kappa = problem.kappa();
        problem.lipschitz = (0..problem.a.cols()).map(|j| kappa * problem.a.squares(j) + ridge).collect();
        problem
    }

    /// With a known solution that gaps are measured from; without one the infimum is 0.
    pub fn with_optimum(mut self, x: Vec<f64>) -> Self {
        let at = Point { z: self.a.times_all(&x), x };
        let mut gradient = vec![0.0; self.size()];
        self.gradient(&at, &mut gradient);
        gradient.iter_mut().zip(&at.x).filter(|(_, x)| **x != 0.0).for_each(|(g, _)| *g = 0.0);
        if self.slope == 0.0 {
            gradient.fill(0.0);
        }
        let value = self.value(&at);
        self.optimum = Some(Optimum { at, gradient, value });
        self
    }

    /// The solution, if one is known.
    pub fn solution(&self) -> Option<&[f64]> {
        self.optimum.as_ref().map(|o| &o.at.x[..])
    }

    fn kappa(&self) -> f64 {
        match self.loss {
            Loss::Squared => 1.0,
            Loss::Logistic => 0.25,
        }
    }

    fn row_loss(&self, r: usize, z: f64) -> f64 {
        match self.loss {
            Loss::Squared => 0.5 * (z - self.y[r]).powi(2),
            Loss::Logistic => {
                let t = -self.y[r] * z;
                t.max(0.0) + (-t.abs()).exp().ln_1p()
            }
        }
    }

    fn slopes(&self, z: &[f64]) -> Vec<f64> {
        let each = z.iter().zip(&self.y);
        match self.loss {
            Loss::Squared => each.map(|(z, y)| z - y).collect(),
            Loss::Logistic => each.map(|(z, y)| -y / (1.0 + (y * z).exp())).collect(),
        }
    }

    /// The objective.
    pub fn value(&self, at: &Point) -> f64 {
        let losses: f64 = at.z.iter().enumerate().map(|(r, z)| self.row_loss(r, *z)).sum();
        let squares: f64 = at.x.iter().map(|x| x * x).sum();
        losses + 0.5 * self.ridge * squares + self.slope * at.x.iter().sum::<f64>()
    }
}

impl Objective for Linear {
    fn size(&self) -> usize {
        self.a.cols()
    }

    fn start(&self) -> Point {
        Point { x: vec![0.0; self.a.cols()], z: vec![0.0; self.a.rows()] }
    }

    fn lipschitz(&self) -> &[f64] {
        &self.lipschitz
    }

    fn row_sums(&self) -> &[f64] {
        self.row_sums.get_or_init(|| {
            let mut column = vec![0.0; self.size()];
            (0..self.size())
                .map(|i| {
                    self.bound_column(i, &mut column);
                    column.iter().map(|h| h.abs()).sum()
                })
                .collect()
        })
    }

    fn largest(&self) -> f64 {
        *self.largest.get_or_init(|| largest_eigenvalue(self.size(), |d, out| self.apply_bound(d, out)))
    }

    fn gradient(&self, at: &Point, out: &mut [f64]) {
        self.a.transposed_times(&self.slopes(&at.z), out);
        out.iter_mut().zip(&at.x).for_each(|(g, x)| *g += self.ridge * x + self.slope);
    }

    fn block_gradient(&self, at: &Point, block: &[usize]) -> Vec<f64> {
        let slopes = self.slopes(&at.z);
        block.iter().map(|&j| self.a.dot(j, &slopes) + self.ridge * at.x[j] + self.slope).collect()
    }

    fn product(&self, block: &[usize], d: &[f64]) -> Vec<f64> {
        self.a.times(block, d)
    }

    fn change(&self, at: &Point, step: &Step<'_>, alpha: f64) -> f64 {
        let each = at.z.iter().zip(step.w).enumerate().filter(|(_, (_, w))| **w != 0.0);
        let losses: f64 = match self.loss {
            Loss::Squared => each.map(|(r, (z, w))| alpha * w * (z - self.y[r] + 0.5 * alpha * w)).sum(),
            Loss::Logistic => {
                each.map(|(r, (z, w))| self.row_loss(r, z + alpha * w) - self.row_loss(r, *z)).sum()
            }
        };
        let own = step
            .block
            .iter()
            .zip(step.d)
            .map(|(&j, d)| alpha * d * (self.ridge * (at.x[j] + 0.5 * alpha * d) + self.slope));
        losses + own.sum::<f64>()
    }

    fn bound(&self, block: &[usize]) -> Square {
        let mut out = Square::zeros(block.len());
        let kappa = self.kappa();
        add_rows(&mut out, &self.a.rows_of(block.iter().copied()), |_, _, _| kappa);
        (0..block.len()).for_each(|p| out.column_mut(p)[p] += self.ridge);
        out
    }

    fn hessian(&self, at: &Point, block: &[usize]) -> Square {
        if self.loss == Loss::Squared {
            return self.bound(block);
        }
        let curvature: Vec<f64> =
            at.z.iter()
                .map(|z| {
                    let e = (-z.abs()).exp();
                    e / ((1.0 + e) * (1.0 + e))
                })
                .collect();
        let mut out = Square::zeros(block.len());
        add_rows(&mut out, &self.a.rows_of(block.iter().copied()), |r, _, _| curvature[r]);
        (0..block.len()).for_each(|p| out.column_mut(p)[p] += self.ridge);
        out
    }

    fn apply_bound(&self, d: &[f64], out: &mut [f64]) {
        let all: Vec<usize> = (0..d.len()).collect();
        let product = self.a.times(&all, d);
        self.a.transposed_times(&product, out);
        let kappa = self.kappa();
        out.iter_mut().zip(d).for_each(|(o, d)| *o = kappa * *o + self.ridge * d);
    }

    fn bound_column(&self, i: usize, out: &mut [f64]) {
        self.a.gram_column(i, out);
        let kappa = self.kappa();
        out.iter_mut().for_each(|o| *o *= kappa);
        out[i] += self.ridge;
    }

    fn gap(&self, at: &Point) -> f64 {
        let Some(best) = &self.optimum else { return self.value(at) };
        if self.loss == Loss::Logistic {
            return self.value(at) - best.value;
        }
        // F is quadratic: its remainder at the solution is exact.
        let along: f64 = (best.gradient.iter().zip(&at.x)).map(|(g, x)| g * x).sum();
        let far: f64 = at.z.iter().zip(&best.at.z).map(|(a, b)| (a - b).powi(2)).sum();
        let apart: f64 = at.x.iter().zip(&best.at.x).map(|(a, b)| (a - b).powi(2)).sum();
        along + 0.5 * far + 0.5 * self.ridge * apart
    }
}
