//! Multinomial logistic regression; variable `j k + c` is the coefficient of feature `j` for class `c` of `k`.

use super::{Objective, Point, Step, add_rows, largest_eigenvalue};
use crate::cli::bench::table::Table;
use southwell::numerics::gram::Square;
use std::sync::OnceLock;

/// The problem.
#[derive(Debug)]
pub struct Softmax {
    pub a: Table,
    pub label: Vec<usize>,
    pub classes: usize,
    lipschitz: Vec<f64>,
    row_sums: OnceLock<Vec<f64>>,
    largest: OnceLock<f64>,
}

impl Softmax {
    pub fn new(a: Table, label: Vec<usize>, classes: usize) -> Self {
        let each = (0..a.cols()).map(|j| 0.25 * a.squares(j));
        let lipschitz = each.flat_map(|l| std::iter::repeat_n(l, classes)).collect();
        Self { a, label, classes, lipschitz, row_sums: OnceLock::new(), largest: OnceLock::new() }
    }

    /// The loss of an example, relative to the score of its own class, so that small losses keep their digits.
    fn row_loss(&self, r: usize, score: impl Fn(usize) -> f64) -> f64 {
        let own = score(self.label[r]);
        let top = (0..self.classes).map(|c| score(c) - own).fold(0.0, f64::max);
        if top == 0.0 {
            let others = (0..self.classes).filter(|c| *c != self.label[r]);
            others.map(|c| (score(c) - own).exp()).sum::<f64>().ln_1p()
        } else {
            top + (0..self.classes).map(|c| (score(c) - own - top).exp()).sum::<f64>().ln()
        }
    }

    /// The probabilities of one example.
    fn probabilities(&self, z: &[f64], out: &mut [f64]) {
        let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().zip(z).for_each(|(p, z)| *p = (z - top).exp());
        let sum: f64 = out.iter().sum();
        out.iter_mut().for_each(|p| *p /= sum);
    }

    fn all_probabilities(&self, at: &Point) -> Vec<f64> {
        let mut out = vec![0.0; at.z.len()];
        for (out, z) in out.chunks_mut(self.classes).zip(at.z.chunks(self.classes)) {
            self.probabilities(z, out);
        }
        out
    }

    /// Probabilities minus indicators of the labels.
    fn residuals(&self, at: &Point) -> Vec<f64> {
        let mut out = self.all_probabilities(at);
        for (r, row) in out.chunks_mut(self.classes).enumerate() {
            // 1 minus a probability near 1: the sum of the others keeps the digits.
            let others: f64 =
                row.iter().enumerate().filter(|(c, _)| *c != self.label[r]).map(|(_, p)| p).sum();
            row[self.label[r]] = -others;
        }
        out
    }

    fn features(&self, block: &[usize]) -> Vec<Vec<(usize, f64)>> {
        self.a.rows_of(block.iter().map(|i| i / self.classes))
    }
}

impl Objective for Softmax {
    fn size(&self) -> usize {
        self.a.cols() * self.classes
    }

    fn start(&self) -> Point {
        Point { x: vec![0.0; self.size()], z: vec![0.0; self.a.rows() * self.classes] }
    }

    fn lipschitz(&self) -> &[f64] {
        &self.lipschitz
    }

    fn row_sums(&self) -> &[f64] {
        self.row_sums.get_or_init(|| {
            let share = 1.0 - 1.0 / self.classes as f64;
            let mut column = vec![0.0; self.a.cols()];
            let mut sums = Vec::with_capacity(self.size());
            for j in 0..self.a.cols() {
                self.a.gram_column(j, &mut column);
                let sum = share * column.iter().map(|h| h.abs()).sum::<f64>();
                sums.extend(std::iter::repeat_n(sum, self.classes));
            }
            sums
        })
    }

    /// That of `A'A / 2`: `I - 11'/k` has the eigenvalues 0 and 1.
    fn largest(&self) -> f64 {
        *self.largest.get_or_init(|| {
            let all: Vec<usize> = (0..self.a.cols()).collect();
            0.5 * largest_eigenvalue(self.a.cols(), |d, out| {
                self.a.transposed_times(&self.a.times(&all, d), out);
            })
        })
    }

    fn gradient(&self, at: &Point, out: &mut [f64]) {
        let residuals = self.residuals(at);
        out.fill(0.0);
        for (r, row) in residuals.chunks(self.classes).enumerate() {
            for (j, a) in self.a.row(r) {
                let out = &mut out[j * self.classes..(j + 1) * self.classes];
                out.iter_mut().zip(row).for_each(|(o, p)| *o += a * p);
            }
        }
    }

    fn block_gradient(&self, at: &Point, block: &[usize]) -> Vec<f64> {
        let (residuals, k) = (self.residuals(at), self.classes);
        block.iter().map(|&i| self.a.column(i / k).map(|(r, a)| a * residuals[r * k + i % k]).sum()).collect()
    }

    fn product(&self, block: &[usize], d: &[f64]) -> Vec<f64> {
        let k = self.classes;
        let mut out = vec![0.0; self.a.rows() * k];
        for (&i, &d) in block.iter().zip(d).filter(|(_, d)| **d != 0.0) {
            self.a.column(i / k).for_each(|(r, a)| out[r * k + i % k] += a * d);
        }
        out
    }

    fn change(&self, at: &Point, step: &Step<'_>, alpha: f64) -> f64 {
        let k = self.classes;
        let rows = at.z.chunks(k).zip(step.w.chunks(k)).enumerate();
        rows.filter(|(_, (_, w))| w.iter().any(|w| *w != 0.0))
            .map(|(r, (z, w))| self.row_loss(r, |c| z[c] + alpha * w[c]) - self.row_loss(r, |c| z[c]))
            .sum()
    }

    /// With the bound of a block that has fewer classes than there are: the others act as one.
    fn bound(&self, block: &[usize]) -> Square {
        let k = self.classes;
        let mut seen = vec![false; k];
        block.iter().for_each(|i| seen[i % k] = true);
        let share = 1.0 / k.min(seen.iter().filter(|s| **s).count() + 1) as f64;
        let mut out = Square::zeros(block.len());
        add_rows(&mut out, &self.features(block), |_, p, q| {
            0.5 * (f64::from(u8::from(block[p] % k == block[q] % k)) - share)
        });
        out
    }

    fn hessian(&self, at: &Point, block: &[usize]) -> Square {
        let (k, mut out) = (self.classes, Square::zeros(block.len()));
        let probabilities = self.all_probabilities(at);
        add_rows(&mut out, &self.features(block), |r, p, q| {
            let (c, e) = (block[p] % k, block[q] % k);
            let probability = probabilities[r * k + c];
            if c == e { probability * (1.0 - probability) } else { -probability * probabilities[r * k + e] }
        });
        out
    }

    fn apply_bound(&self, d: &[f64], out: &mut [f64]) {
        let k = self.classes;
        let all: Vec<usize> = (0..d.len()).collect();
        let mut product = self.product(&all, d);
        for row in product.chunks_mut(k) {
            let mean = row.iter().sum::<f64>() / k as f64;
            row.iter_mut().for_each(|w| *w = 0.5 * (*w - mean));
        }
        out.fill(0.0);
        for (r, row) in product.chunks(k).enumerate().filter(|(_, row)| row.iter().any(|w| *w != 0.0)) {
            for (j, a) in self.a.row(r) {
                out[j * k..(j + 1) * k].iter_mut().zip(row).for_each(|(o, w)| *o += a * w);
            }
        }
    }

    fn bound_diagonal(&self) -> Vec<f64> {
        let share = 2.0 * (1.0 - 1.0 / self.classes as f64);
        self.lipschitz.iter().map(|l| share * l).collect()
    }

    fn bound_column(&self, i: usize, out: &mut [f64]) {
        let (k, share) = (self.classes, 1.0 / self.classes as f64);
        let mut gram = vec![0.0; self.a.cols()];
        self.a.gram_column(i / k, &mut gram);
        for (out, h) in out.chunks_mut(k).zip(&gram) {
            out.fill(-0.5 * share * h);
            out[i % k] += 0.5 * h;
        }
    }

    fn gap(&self, at: &Point) -> f64 {
        at.z.chunks(self.classes).enumerate().map(|(r, z)| self.row_loss(r, |c| z[c])).sum()
    }
}
