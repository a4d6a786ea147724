//! What the model has beside its factors: a mean, and biases of rows and columns that are fitted together with the
//! factors.
//!
//! In the half-step of the rows the bias of each row is one more unknown, on a column of the fixed factor that is
//! constant: `x_ij = mean + c_j + u_i'v_j + b_i`. The constant is chosen so that the same ridge serves all unknowns: a
//! bias of ridge `r_b` beside factors of ridge `r` is an unknown on the constant `sqrt(r / r_b)`.

use super::alternation::{Alternation, Factors, Manner, Side, StepReport};
use super::half_step::HalfStep;
use super::observations::{Lines, Observations};
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::runtime::error::zeros;
use crate::runtime::{Control, Result, Stop};

/// Mean and biases; the biases of lines without observations are 0.
#[derive(Debug, Clone)]
pub struct Offsets<T> {
    /// The weighted mean of the observations, or 0.
    pub mean: f64,
    /// One bias for each row; empty where there are none.
    pub row: Vec<T>,
    /// One bias for each column; empty where there are none.
    pub col: Vec<T>,
}

/// Observations that a first guess of a bias is drawn towards the mean by.
const SHRINK: f64 = 5.0;

impl<T: Real> Offsets<T> {
    /// Nothing.
    pub fn none() -> Self {
        Self { mean: 0.0, row: Vec::new(), col: Vec::new() }
    }

    /// The weighted mean of the observations alone.
    pub fn mean_of(observations: &Observations<T>) -> Self {
        let (mut total, mut weights) = (Sum::default(), Sum::default());
        for i in 0..observations.rows() {
            let line = observations.by_row().line(i);
            for (e, value) in line.value.iter().enumerate() {
                let weight = line.weight.map_or(1.0, |w| w[e].wide());
                total.add(weight * value.wide());
                weights.add(weight);
            }
        }
        Self { mean: total.value() / weights.value(), ..Self::none() }
    }

    /// The mean, and a first guess of the biases: means of what the columns, and then the rows, have on top, drawn
    /// towards 0 where there are few observations.
    pub fn guess(observations: &Observations<T>) -> Result<Self> {
        let mut offsets = Self {
            row: zeros("bias", observations.rows())?,
            col: zeros("bias", observations.cols())?,
            ..Self::mean_of(observations)
        };
        offsets.col = offsets.means(observations.by_col(), Side::Columns);
        offsets.row = offsets.means(observations.by_row(), Side::Rows);
        Ok(offsets)
    }

    fn means(&self, lines: &Lines<T>, side: Side) -> Vec<T> {
        let others = match side {
            Side::Rows => &self.col,
            Side::Columns => &self.row,
        };
        (0..lines.len())
            .map(|i| {
                let line = lines.line(i);
                let (mut total, mut weights) = (0.0, 0.0);
                for (e, (&j, value)) in line.index.iter().zip(line.value).enumerate() {
                    let weight = line.weight.map_or(1.0, |w| w[e].wide());
                    total += weight * (value.wide() - self.mean - others[j as usize].wide());
                    weights += weight;
                }
                T::narrow(total / (weights + SHRINK))
            })
            .collect()
    }

    /// What an entry has on top of its factors.
    pub fn at(&self, row: usize, col: usize) -> f64 {
        let bias = |b: &[T], i: usize| b.get(i).map_or(0.0, |b| b.wide());
        self.mean + bias(&self.row, row) + bias(&self.col, col)
    }

    /// Whether there is nothing on top at all.
    pub fn is_none(&self) -> bool {
        self.mean == 0.0 && self.row.is_empty()
    }

    /// The biases of a side.
    pub fn of(&self, side: Side) -> &[T] {
        match side {
            Side::Rows => &self.row,
            Side::Columns => &self.col,
        }
    }
}

impl<T: Real> Alternation<'_, T> {
    /// A half-step with mean and biases; `constant` is the column that a bias is the unknown of. On a stop factors and
    /// biases are of no use, as for [`Alternation::half_step`]. Errors: no memory.
    pub fn half_step_beside(
        &self,
        factors: &mut Factors<T>,
        offsets: &mut Offsets<T>,
        constant: f64,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<StepReport, Stop>> {
        if offsets.is_none() {
            return Ok(self.half(factors, side, manner, control));
        }
        let lines = self.lines(side);
        let mut basis = match self.fit_basis(factors, side, manner.orthonormal, control) {
            Ok(basis) => basis,
            Err(stop) => return Ok(Err(stop)),
        };
        let (fixed, moving) = factors.fixed_and_moving(side);
        let (k, joint) = (moving.cols(), !offsets.row.is_empty());
        let mut shift: Vec<T> = zeros("shift", fixed.rows())?;
        let others = offsets.of(side.other());
        for (j, s) in shift.iter_mut().enumerate() {
            *s = T::narrow(offsets.mean + others.get(j).map_or(0.0, |b| b.wide()));
        }
        let mut extended = None;
        if joint {
            extended = Some(with_column(fixed, |_| T::narrow(constant))?);
            basis.curvature.push(constant * constant);
        }
        let own = offsets.of(side);
        let mut x = if joint {
            with_column(moving, |i| T::narrow(own[i].wide() / constant))?
        } else {
            moving.clone()
        };
        let before = x.clone();
        let half = HalfStep {
            lines,
            fixed: extended.as_ref().unwrap_or(fixed),
            curvature: &basis.curvature,
            shift: Some(&shift),
            damping: manner.damping,
            prior: self.means(side),
            accuracy: manner.accuracy,
            solver: manner.solver,
        };
        let half = match half.run(&mut x, self.team, control) {
            Ok(half) => half,
            Err(stop) => return Ok(Err(stop)),
        };
        let report = basis.report(half, lines, &before, &x);
        for i in 0..x.rows() {
            moving.row_mut(i).copy_from_slice(&x.row(i)[..k]);
        }
        if joint {
            let own = match side {
                Side::Rows => &mut offsets.row,
                Side::Columns => &mut offsets.col,
            };
            own.iter_mut().enumerate().for_each(|(i, b)| *b = T::narrow(x.row(i)[k].wide() * constant));
        }
        Ok(Ok(report))
    }
}

/// A factor with one more column.
pub(super) fn with_column<T: Real>(factor: &Tall<T>, last: impl Fn(usize) -> T) -> Result<Tall<T>> {
    let k = factor.cols();
    let mut out = factor.widened(k + 1)?;
    (0..out.rows()).for_each(|i| out.row_mut(i)[k] = last(i));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::altmin::half_step::{Damping, Solver};
    use crate::altmin::observations::{Entries, Repeats};
    use crate::altmin::regression::Accuracy;
    use crate::runtime::parallel::Team;

    fn made() -> Observations<f64> {
        let cells = (0..12_i64)
            .flat_map(|i| (0..9_i64).map(move |j| (i, j)))
            .filter(|(i, j)| (i * 5 + j * 3) % 4 != 0);
        let (row, col): (Vec<i64>, Vec<i64>) = cells.unzip();
        let value: Vec<f64> = row
            .iter()
            .zip(&col)
            .map(|(i, j)| 3.0 + (i % 3) as f64 - 0.5 * *j as f64 + ((i * j) as f64).sin())
            .collect();
        let weight: Vec<f64> = row.iter().map(|i| 1.0 + (i % 2) as f64).collect();
        let entries =
            Entries { rows: 12, cols: 9, row: &row, col: &col, value: &value, weight: Some(&weight) };
        Observations::new(entries, Repeats::Error, &mut Control::new()).unwrap()
    }

    /// The gradient of a row's objective, factors and bias, vanishes after its half-step.
    #[test]
    fn a_half_step_minimizes_over_factors_and_biases_together() {
        let observations = made();
        let (team, control) = (Team::solo(), &mut Control::new());
        let alternation = Alternation { observations: &observations, prior: None, team: &team };
        let mut factors = Factors { u: Tall::zeros(12, 2).unwrap(), v: Tall::zeros(9, 2).unwrap() };
        for j in 0..9 {
            factors.v.row_mut(j).copy_from_slice(&[(j as f64).cos(), 0.3 * j as f64]);
        }
        let mut offsets = Offsets::guess(&observations).unwrap();
        let (ridge, bias_ridge) = (0.2, 0.7);
        for solver in [Solver::Direct, Solver::ConjugateGradient] {
            let manner = Manner {
                orthonormal: false,
                damping: Damping { ridge, degree_power: 1.0, proximal: 0.0 },
                accuracy: Accuracy { reduction: 1e-13, gradient: 0.0, max_steps: 1000 },
                solver,
            };
            let constant = f64::sqrt(ridge / bias_ridge);
            alternation
                .half_step_beside(&mut factors, &mut offsets, constant, Side::Rows, manner, control)
                .unwrap()
                .unwrap();
            for i in 0..12 {
                let line = observations.by_row().line(i);
                let d = line.index.len() as f64;
                let mut gradient = [-ridge * d * factors.u.row(i)[0], -ridge * d * factors.u.row(i)[1]];
                let mut bias_gradient = -bias_ridge * d * offsets.row[i];
                for (e, &j) in line.index.iter().enumerate() {
                    let j = j as usize;
                    let product: f64 =
                        factors.u.row(i).iter().zip(factors.v.row(j)).map(|(a, b)| a * b).sum();
                    let r = line.weight.unwrap()[e] * (line.value[e] - offsets.at(i, j) - product);
                    gradient.iter_mut().zip(factors.v.row(j)).for_each(|(g, v)| *g += r * v);
                    bias_gradient += r;
                }
                assert!(
                    gradient.iter().chain([&bias_gradient]).all(|g| g.abs() < 1e-9),
                    "{gradient:?} {bias_gradient}"
                );
            }
        }
    }

    #[test]
    fn the_mean_is_weighted() {
        let offsets = Offsets::mean_of(&made());
        let observations = made();
        let (mut total, mut weights) = (0.0, 0.0);
        for i in 0..12 {
            let line = observations.by_row().line(i);
            for (v, w) in line.value.iter().zip(line.weight.unwrap()) {
                total += v * w;
                weights += w;
            }
        }
        assert!((offsets.mean - total / weights).abs() < 1e-14);
    }
}
