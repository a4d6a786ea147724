//! The answer as a model: predictions, the best entries of a row.

use super::alternation::{Factors, Side};
use super::basis::orthonormalize;
use super::fit::entry;
use super::half_step::Damping;
use super::loss::Loss;
use super::offsets::Offsets;
use super::sweeps::Variant;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// A low-rank model `mean + b_i + c_j + u_i'v_j` of a matrix.
#[derive(Debug, Clone)]
pub struct Model<T> {
    /// In units of `scale`; the two factors share it evenly.
    pub(super) factors: Factors<T>,
    pub(super) offsets: Offsets<T>,
    pub(super) scale: f64,
    /// What the fit added to the squares, in those units.
    pub(super) damping: Damping,
    /// What is special about its regressions.
    pub(super) variant: Variant,
    /// What residuals cost, with the scale that was found.
    pub(super) loss: Loss,
}

impl<T: Real> Model<T> {
    /// A model of given factors in the data's own units: `u` has `rows x rank` numbers row after row, `v` has `cols x
    /// rank`.
    ///
    /// Errors: lengths that do not fit, numbers that are not finite.
    pub fn of_factors(rows: usize, cols: usize, rank: usize, u: &[f64], v: &[f64]) -> Result<Self> {
        let product = largest(u) * largest(v);
        if product.is_infinite() {
            return Err(Error::new(ErrorKind::Data, "u and v")
                .expected("factors whose product is in range")
                .found(format!("entries up to {:e} and {:e}", largest(u), largest(v))));
        }
        let scale = super::problem::scale_of(&[product]);
        let factors =
            Factors { u: stored("u", u, rows, rank, scale)?, v: stored("v", v, cols, rank, scale)? };
        let variant = Variant::Plain { constant: 1.0 };
        let damping = Damping::default();
        Ok(Self { factors, offsets: Offsets::none(), scale, damping, variant, loss: Loss::Squared })
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.factors.u.rows()
    }

    /// Columns of the matrix.
    pub fn cols(&self) -> usize {
        self.factors.v.rows()
    }

    /// Columns of the factors.
    pub fn rank(&self) -> usize {
        self.factors.u.cols()
    }

    /// Whether it is one of implicit feedback.
    pub fn is_implicit(&self) -> bool {
        matches!(self.variant, Variant::AllPairs { .. })
    }

    /// What the data were divided by: a power of 4.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Whether a factor has a number below 0.
    pub(crate) fn has_negative_factors(&self) -> bool {
        let below = |factor: &Tall<T>| factor.data().iter().any(|x| x.wide() < 0.0);
        below(&self.factors.u) || below(&self.factors.v)
    }

    /// The mean that was taken off, 0 where none was.
    pub fn mean(&self) -> f64 {
        self.offsets.mean * self.scale
    }

    /// The factor of a side in the data's units, row after row: `rows x rank` or `cols x rank` numbers.
    pub fn factor(&self, side: Side) -> Vec<f64> {
        let (factor, root) = (self.factors.of(side), self.scale.sqrt());
        (0..factor.rows()).flat_map(|i| factor.row(i).iter().map(move |v| v.wide() * root)).collect()
    }

    /// The biases of a side; empty where none were fitted.
    pub fn biases(&self, side: Side) -> Vec<f64> {
        self.offsets.of(side).iter().map(|b| b.wide() * self.scale).collect()
    }

    /// The model's entry. Panics outside the matrix.
    pub fn predict(&self, row: usize, col: usize) -> f64 {
        entry(&self.factors, &self.offsets, row, col) * self.scale
    }

    /// What residuals cost, with the scale that was found, in units of the data divided by a power of 4.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The share of its weight that an entry of this value counts with, by the loss of the model: 1 with squares, near
    /// 0 for outliers. Panics outside the matrix.
    pub fn entry_weight(&self, row: usize, col: usize, value: f64) -> f64 {
        // As an entry is stored.
        let stored = T::narrow(value / self.scale).wide();
        self.loss.weight(stored - entry(&self.factors, &self.offsets, row, col))
    }

    /// The singular values of `U V'`, descending; those that rounding hides are 0. Costs `(rows + cols) rank^2` flops.
    pub fn spectrum(&self) -> Vec<f64> {
        let Factors { mut u, mut v } = self.factors.clone();
        let (team, control) = (Team::solo(), &mut Control::new());
        let turned = orthonormalize(&mut v, Some(&mut u), &team, control)
            .and_then(|_| orthonormalize(&mut u, None, &team, control));
        turned.map_or(Vec::new(), |basis| basis.singular.iter().map(|s| s * self.scale).collect())
    }

    /// The `n` columns of largest prediction for a row (or rows for a column), largest first, ties by index, without
    /// those in `except`. Panics where `which` is outside the matrix. Costs `2 rank` flops for each candidate.
    pub fn top(&self, side: Side, which: usize, except: &[usize], n: usize) -> Vec<(usize, f64)> {
        let others = self.factors.of(side.other()).rows();
        let mut barred = vec![false; others];
        except.iter().filter(|&&j| j < others).for_each(|&j| barred[j] = true);
        let score = |j: usize| match side {
            Side::Rows => self.predict(which, j),
            Side::Columns => self.predict(j, which),
        };
        let mut scored: Vec<(usize, f64)> =
            (0..others).filter(|&j| !barred[j]).map(|j| (j, score(j))).collect();
        let order = |a: &(usize, f64), b: &(usize, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if n < scored.len() && n > 0 {
            scored.select_nth_unstable_by(n - 1, order);
        }
        scored.truncate(n);
        scored.sort_by(order);
        scored
    }
}

/// A factor, or its means, as it is stored for values in units of `scale`: from `n x rank` numbers in the data's units,
/// row after row. Errors: another number of them, one that is not finite, no memory.
pub(super) fn stored<T: Real>(
    name: &str,
    values: &[f64],
    n: usize,
    rank: usize,
    scale: f64,
) -> Result<Tall<T>> {
    if rank == 0 || n.checked_mul(rank) != Some(values.len()) {
        return Err(Error::new(ErrorKind::Argument, format!("{name}.len"))
            .expected(format!("{n} rows of a rank of at least 1 (found {rank})"))
            .found(format!("{} numbers", values.len())));
    }
    let mut out = Tall::zeros(n, rank)?;
    for (i, row) in values.chunks_exact(rank).enumerate() {
        for (l, value) in row.iter().enumerate() {
            out.row_mut(i)[l] = T::narrow(value / scale.sqrt());
            if !out.row(i)[l].wide().is_finite() {
                return Err(Error::new(ErrorKind::Data, name)
                    .at(format!("row {i}, column {l}"))
                    .expected("a finite number")
                    .found(value));
            }
        }
    }
    Ok(out)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}
