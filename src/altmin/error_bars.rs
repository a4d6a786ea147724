//! How uncertain predictions are, to first order and for independent noise of one size: `var x_ij = sigma^2 (v_j'
//! G_i^-1 v_j + u_i' H_j^-1 u_i)`, with the Gram matrices `G_i` and `H_j` of the regressions of row `i` and column `j`.

use super::alternation::Side;
use super::fit::{entry, fit_by};
use super::loss::Loss;
use super::model::Model;
use super::observations::Observations;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

impl<T: Real> Model<T> {
    /// An estimate of the standard deviation of the noise in the data's units: the root of the squares that are left
    /// beside the observations that are more than the degrees of freedom `k (m + n - k)` (of lines with observations;
    /// and the biases); NaN where there are not more. A ridge leaves fewer degrees of freedom than that, so the
    /// estimate is then too large where there are few observations. For models of explicit values; with a robust loss,
    /// of the squares as it weighs them.
    pub fn noise(&self, seen: &Observations<T>, control: &mut Control<'_>) -> Result<f64, Stop> {
        let weighed = |r: f64| self.loss.weight(r) * r * r;
        let fitted = fit_by(seen, &self.factors, &self.offsets, weighed, &Team::solo(), control)?;
        let lines = |side: Side| {
            let lines = seen.lines(side);
            (0..lines.len()).filter(|&i| lines.degree(i) > 0).count() as f64
        };
        let (m, n, k) = (lines(Side::Rows), lines(Side::Columns), self.rank() as f64);
        let biases = if self.offsets.row.is_empty() { 0.0 } else { m + n - 1.0 - 2.0 * k };
        let freedom = k * (m + n - k) + biases;
        let spare = seen.len() as f64 - freedom;
        Ok(if spare > 0.0 { (fitted.squares / spare).sqrt() * self.scale } else { f64::NAN })
    }

    /// The standard deviation of each prediction at `places` for noise of standard deviation `noise`; infinite where
    /// the observations of the row or of the column do not determine it. `seen` are the observations that were fitted.
    /// Panics at places outside the matrix.
    ///
    /// For models of explicit values; with weights the noise of an entry has the variance `noise^2 / w`.
    ///
    /// Costs `d k^2 + k^3 / 3` flops for each row and each column that has a place.
    pub fn error_bars(
        &self,
        seen: &Observations<T>,
        places: &[(usize, usize)],
        noise: f64,
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>, Stop> {
        let mut variance = vec![0.0; places.len()];
        for side in [Side::Rows, Side::Columns] {
            let line = |at: usize| if side == Side::Rows { places[at].0 } else { places[at].1 };
            let other = |at: usize| if side == Side::Rows { places[at].1 } else { places[at].0 };
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_by_key(|&at| (line(at), at));
            for group in order.chunk_by(|a, b| line(*a) == line(*b)) {
                let gram = self.gram_of(seen, side, line(group[0]), control)?;
                let factor = Cholesky::new(&gram, control)?;
                for &at in group {
                    let mut y = Vec::new();
                    self.unknowns_into(side, other(at), &mut y);
                    let mut solved = y.clone();
                    factor.solve(&mut solved);
                    let share: f64 = y.iter().zip(&solved).map(|(a, b)| a * b).sum();
                    // The shift stands in for what is not determined.
                    variance[at] += if factor.shift() > 0.0 { f64::INFINITY } else { share };
                }
            }
        }
        let bar = |v: f64| if v.is_finite() { noise * v.sqrt() } else { f64::INFINITY };
        Ok(variance.into_iter().map(bar).collect())
    }

    /// What a line of `side` multiplies at position `j` of the other side: the factor, and the constant of its bias.
    pub(super) fn unknowns_into(&self, side: Side, j: usize, y: &mut Vec<f64>) {
        y.clear();
        y.extend(self.factors.of(side.other()).row(j).iter().map(|v| v.wide()));
        if !self.offsets.row.is_empty() {
            y.push(self.variant.constant());
        }
    }

    /// The Gram matrix of a line's regression, with its ridge.
    fn gram_of(
        &self,
        seen: &Observations<T>,
        side: Side,
        i: usize,
        control: &mut Control<'_>,
    ) -> Result<Square, Stop> {
        let line = seen.lines(side).line(i);
        let k = self.rank() + usize::from(!self.offsets.row.is_empty());
        let (mut gram, mut y) = (Square::zeros(k), Vec::new());
        for (e, &j) in line.index.iter().enumerate() {
            self.unknowns_into(side, j as usize, &mut y);
            let mut w = line.weight.map_or(1.0, |w| w[e].wide());
            if self.loss != Loss::Squared {
                let (row, col) = if side == Side::Rows { (i, j as usize) } else { (j as usize, i) };
                let r = line.value[e].wide() - entry(&self.factors, &self.offsets, row, col);
                w *= self.loss.weight(r);
            }
            for (l, value) in y.iter().enumerate() {
                let weighted = w * value;
                gram.column_mut(l).iter_mut().zip(&y).for_each(|(g, y)| *g += weighted * y);
            }
            control.spend((2 * k * k) as u64)?;
        }
        let ridge = self.damping.ridge_of(line.index.len());
        (0..k).for_each(|l| gram.column_mut(l)[l] += ridge);
        Ok(gram)
    }
}

#[cfg(test)]
mod tests {
    use crate::altmin::{Entries, Problem, solve};
    use crate::runtime::rng::{Purpose, Stream};
    use crate::runtime::{Control, Family, Options};

    /// The spread of predictions over many draws of the noise is what the bars say.
    #[test]
    fn bars_are_the_spread_over_draws_of_the_noise() {
        let (m, n, k, sigma) = (60, 50, 2, 0.05);
        let mut stream = Stream::new(3, Purpose::Start, 0);
        let u: Vec<f64> = (0..m * k).map(|_| stream.normal()).collect();
        let v: Vec<f64> = (0..n * k).map(|_| stream.normal()).collect();
        let truth = |i: usize, j: usize| (0..k).map(|l| u[i * k + l] * v[j * k + l]).sum::<f64>();
        let cells: Vec<(usize, usize)> = (0..m)
            .flat_map(|i| (0..n).map(move |j| (i, j)))
            .filter(|(i, j)| crate::altmin::sampling::uniform(9, *i, *j) < 0.4)
            .collect();
        let row: Vec<i64> = cells.iter().map(|c| c.0 as i64).collect();
        let col: Vec<i64> = cells.iter().map(|c| c.1 as i64).collect();
        let mut options = Options::new(Family::Altmin);
        for (key, value) in [("rank", "2"), ("ridge", "0"), ("search", "plain"), ("tolerance", "1e-8")] {
            options.set_text(key, value).unwrap();
        }
        let places: Vec<(usize, usize)> = (0..m).map(|i| (i, (7 * i) % n)).collect();
        let (draws, mut spread, mut bars, mut noises) = (60, vec![0.0; m], Vec::new(), 0.0);
        for _ in 0..draws {
            let value: Vec<f64> =
                cells.iter().map(|(i, j)| truth(*i, *j) + sigma * stream.normal()).collect();
            let entries = Entries { rows: m, cols: n, row: &row, col: &col, value: &value, weight: None };
            let control = &mut Control::new();
            let problem = Problem::<f64>::new(entries, &options, control).unwrap();
            let model = solve(&problem, &options, None, control).unwrap().model;
            for (at, (i, j)) in places.iter().enumerate() {
                spread[at] += (model.predict(*i, *j) - truth(*i, *j)).powi(2) / f64::from(draws);
            }
            noises += model.noise(problem.observations(), control).unwrap() / f64::from(draws);
            if bars.is_empty() {
                bars = model.error_bars(problem.observations(), &places, sigma, control).unwrap();
            }
        }
        assert!((noises - sigma).abs() < 0.03 * sigma, "{noises}");
        // 60 draws give each spread to about 9 %; the mean over 60 places to about 1.5 %.
        let ratio: f64 = spread.iter().zip(&bars).map(|(s, b)| s.sqrt() / b).sum::<f64>() / m as f64;
        assert!((0.93..1.07).contains(&ratio), "{ratio}");
        for (s, b) in spread.iter().zip(&bars) {
            assert!((0.6..1.5).contains(&(s.sqrt() / b)), "{} {b}", s.sqrt());
        }
    }
}
