//! Least squares one row at a time: a factor `U'D U` that follows rows as they come, and the least sum of squares with
//! it.
//!
//! Keeps a unit upper triangular `U`, a diagonal `D` and `c` so that, for the rows `(x_t, y_t)` of weights `w_t` so
//! far, `lambda I + sum w x x' = U'D U` and `theta = U^-1 c` minimizes `lambda |theta|^2 + sum w (y - x'theta)^2`.
//! These are Givens rotations without square roots (Gentleman, Least squares computations by Givens transformations
//! without square roots, 1973; as a change of `U'D U` by rank one: Gill, Golub, Murray and Saunders, Methods for
//! modifying matrix factorizations, 1974, method C1): as stable as an orthogonal factorization, for the matrix
//! `lambda I + sum w x x'` is never formed or inverted.
//!
//! Rows of `U` are packed, each with its entry of `c` last, from the last multiple of [`LANES`] at or before the
//! diagonal on; what lies there before and on the diagonal is 0.

use crate::runtime::Result;
use crate::runtime::error::{out_of_memory, zeros};

mod changes;

pub use super::panels::LANES;
use changes::{eliminate, fold};

/// Without a ridge: a column whose part beside the columns before it is at most this share of its largest entry
/// depends on them.
const DEPENDENT: f64 = 1e-11;

/// The factor of the rows so far.
#[derive(Debug, Clone)]
pub struct RowFactor {
    /// Columns.
    order: usize,
    /// `U` and `c`, packed.
    upper: Vec<f64>,
    /// `D`; 0 for a column that depends on those before it (without a ridge).
    pivots: Vec<f64>,
    /// Without a ridge: the largest entry of each column so far; else empty.
    largest: Vec<f64>,
}

/// The numbers that a row of `order` columns takes as memory: the target behind the columns, in whole pieces.
pub fn row_length(order: usize) -> usize {
    (order + 1).next_multiple_of(LANES)
}

/// Where a row of `U` begins.
#[inline(always)]
fn start(row: usize) -> usize {
    (row + 1) / LANES * LANES
}

/// The numbers of the packed rows; `None` beyond what can be counted.
fn packed_length(order: usize) -> Option<usize> {
    let length = order.checked_add(1)?.checked_next_multiple_of(LANES)?;
    // Whole pieces are left out below the diagonal: `LANES` for each `LANES` rows.
    let (blocks, rest) = ((order + 1) / LANES, (order + 1) % LANES);
    let left_out = blocks.checked_mul(blocks.saturating_sub(1))? / 2 * LANES * LANES + blocks * LANES * rest;
    length.checked_mul(order)?.checked_sub(left_out)
}

impl RowFactor {
    /// The factor of `ridge I`, with no rows yet. `ridge` is at least 0. Errors: no memory.
    pub fn new(order: usize, ridge: f64) -> Result<Self> {
        let count =
            packed_length(order).ok_or_else(|| out_of_memory("triangular factor", order, usize::MAX))?;
        let mut pivots: Vec<f64> = zeros("triangular factor", order)?;
        pivots.fill(ridge);
        let largest = zeros("triangular factor", if ridge > 0.0 { 0 } else { order })?;
        Ok(Self { order, upper: zeros("triangular factor", count)?, pivots, largest })
    }

    /// The bytes that a factor takes; saturates.
    pub fn bytes(order: usize) -> usize {
        packed_length(order)
            .and_then(|count| count.checked_add(2 * order)?.checked_mul(8))
            .unwrap_or(usize::MAX)
    }

    /// Columns.
    pub fn order(&self) -> usize {
        self.order
    }

    /// `x'theta` for a row in whole pieces (see [`row_length`]), 0 behind its columns; the row is used up. Costs
    /// `order^2` flops.
    #[inline]
    pub fn predict(&self, row: &mut [f64]) -> f64 {
        self.forward(row);
        -row[self.order]
    }

    /// Replaces `(x, t)` by `(U^-T x, t - x'theta)`. Costs `order^2` flops.
    #[inline]
    pub fn forward(&self, row: &mut [f64]) {
        eliminate(&self.upper, self.order, row);
    }

    /// `x'(lambda I + sum w x x')^-1 x` for a row that [`RowFactor::forward`] has gone over. Costs `3 order` flops.
    pub fn leverage(&self, row: &[f64]) -> f64 {
        row.iter().zip(&self.pivots).map(|(x, d)| if *d > 0.0 { x * (x / d) } else { 0.0 }).sum()
    }

    /// Takes in the row `(x, y)` with a weight above 0; the row is used up. Costs `2 order^2` flops.
    ///
    /// Gives the residual `y - x'theta` before the row came and `1/w + x'(lambda I + sum w x x')^-1 x`: the square of
    /// the one over the other is what the row adds to the least sum of squares. Without a ridge, the second is
    /// infinite where the row was independent of those before.
    #[inline]
    pub fn fold(&mut self, row: &mut [f64], weight: f64) -> (f64, f64) {
        let spread = if self.largest.is_empty() {
            fold(&mut self.upper, &mut self.pivots, row, 1.0 / weight)
        } else {
            self.fold_free(row, 1.0 / weight)
        };
        (row[self.order], spread)
    }

    /// [`RowFactor::fold`] where pivots may be 0.
    fn fold_free(&mut self, row: &mut [f64], inverse_weight: f64) -> f64 {
        let length = row.len();
        self.largest.iter_mut().zip(&*row).for_each(|(most, x)| *most = most.max(x.abs()));
        let mut spread = inverse_weight;
        let mut at = 0;
        for i in 0..self.order {
            let width = length - start(i);
            let upper = &mut self.upper[at..at + width];
            at += width;
            let x = std::mem::take(&mut row[i]);
            let own = x * (x / spread);
            if self.pivots[i] == 0.0 {
                if x.abs() > DEPENDENT * self.largest[i] && own >= f64::MIN_POSITIVE {
                    // The first row that says anything of this column: it fits from now on whatever it says.
                    self.pivots[i] = own;
                    upper.iter_mut().zip(&row[start(i)..]).for_each(|(u, r)| *u = r / x);
                    return f64::INFINITY;
                }
                continue;
            }
            let step = x / self.pivots[i];
            let next = spread + x * step;
            let (gain, kept) = (step / next, spread / next);
            self.pivots[i] += own;
            spread = next;
            for (r, u) in row[start(i)..].iter_mut().zip(upper) {
                let given = *r;
                *r -= x * *u;
                *u = kept * *u + gain * given;
            }
        }
        spread
    }

    /// `ln det(lambda I + sum w x x')` over the columns that do not depend on others.
    pub fn ln_determinant(&self) -> f64 {
        crate::numerics::sum::sum(self.pivots.iter().filter(|d| **d > 0.0).map(|d| d.ln()))
    }

    /// Columns that do not depend on those before them: all, with a ridge.
    pub fn rank(&self) -> usize {
        self.pivots.iter().filter(|d| **d > 0.0).count()
    }

    /// `theta'(lambda I + sum w x x') theta = sum_i d_i c_i^2`: what the fit explains of the sum of squares of the
    /// targets.
    pub fn explained(&self) -> f64 {
        let mut total = crate::numerics::sum::Sum::default();
        self.rows().for_each(|(i, row)| {
            let c = row[self.order - start(i)];
            total.add(self.pivots[i] * c * c);
        });
        total.value()
    }

    /// The minimizer `theta`; where the rows do not determine it, the shortest. Costs `order^2` flops, and `order`
    /// times the square of the number of dependent columns. Errors: no memory.
    pub fn coefficients(&self) -> Result<Vec<f64>> {
        let mut theta = zeros("coefficients", self.order)?;
        let target = |row: &[f64], i: usize| row[self.order - start(i)];
        self.back_substitute(&mut theta, |row, i| target(row, i));
        let free: Vec<usize> = (0..self.order).filter(|i| !(self.pivots[*i] > 0.0)).collect();
        if !free.is_empty() {
            self.shorten(&mut theta, &free)?;
        }
        Ok(theta)
    }

    /// Solves `U theta = target` for the columns with pivots; the entries of the others are as given.
    fn back_substitute(&self, theta: &mut [f64], target: impl Fn(&[f64], usize) -> f64) {
        let mut end = self.upper.len();
        let length = row_length(self.order);
        for i in (0..self.order).rev() {
            let row = &self.upper[end - (length - start(i))..end];
            end -= row.len();
            if self.pivots[i] > 0.0 {
                let first = i + 1 - start(i);
                let known: f64 = row[first..].iter().zip(&theta[i + 1..]).map(|(u, t)| u * t).sum();
                theta[i] = target(row, i) - known;
            }
        }
    }

    /// Takes off what lies in the null space: the least-squares fit of `theta` by a basis of it, one column for each
    /// of `free`.
    fn shorten(&self, theta: &mut [f64], free: &[usize]) -> Result<()> {
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for &j in free {
            let mut column = zeros("coefficients", self.order)?;
            column[j] = 1.0;
            self.back_substitute(&mut column, |_, _| 0.0);
            basis.push(column);
        }
        let mut fit = RowFactor::new(free.len(), 0.0)?;
        let mut row = zeros("coefficients", row_length(free.len()))?;
        for (i, target) in theta.iter().enumerate() {
            row.fill(0.0);
            row.iter_mut().zip(&basis).for_each(|(r, column)| *r = column[i]);
            row[free.len()] = *target;
            fit.fold(&mut row, 1.0);
        }
        for (share, column) in fit.coefficients()?.iter().zip(&basis) {
            theta.iter_mut().zip(column).for_each(|(t, b)| *t -= share * b);
        }
        Ok(())
    }

    /// The packed rows.
    fn rows(&self) -> impl Iterator<Item = (usize, &[f64])> {
        let length = row_length(self.order);
        let mut rest = &self.upper[..];
        (0..self.order).map(move |i| {
            let (row, after) = rest.split_at(length - start(i));
            rest = after;
            (i, row)
        })
    }

    /// The factor of the symmetric matrix `a`, of which the upper triangle is given row after row, and of `b`. Pivots
    /// below `ridge`, which rounding alone can cause where `a` is `ridge I` and a sum of squares, are set to it. Costs
    /// `order^3 / 3` flops. Errors: no memory.
    pub fn of_normal_equations(order: usize, ridge: f64, a: &[f64], b: &[f64]) -> Result<Self> {
        let mut factor = Self::new(order, ridge)?;
        let mut left: Vec<f64> = zeros("triangular factor", a.len())?;
        left.copy_from_slice(a);
        let mut target: Vec<f64> = zeros("triangular factor", order)?;
        target.copy_from_slice(b);
        let (mut at, mut from) = (0, 0);
        let length = row_length(order);
        for i in 0..order {
            let (own, below) = left[from..].split_at_mut(order - i);
            from += order - i;
            let pivot = if own[0] < ridge { ridge } else { own[0] };
            factor.pivots[i] = pivot;
            let row = &mut factor.upper[at..at + length - start(i)];
            at += row.len();
            let first = i + 1 - start(i);
            row[first..].iter_mut().zip(&own[1..]).for_each(|(u, a)| *u = a / pivot);
            row[order - start(i)] = target[i] / pivot;
            let mut rest = below;
            for j in i + 1..order {
                let (line, after) = rest.split_at_mut(order - j);
                rest = after;
                let share = own[j - i] / pivot;
                line.iter_mut().zip(&own[j - i..]).for_each(|(l, o)| *l -= share * o);
                target[j] -= share * target[i];
            }
        }
        Ok(factor)
    }

    /// All numbers of the factor, for a saved state: `U` with `c`, `D`, and without a ridge the largest entries.
    pub fn numbers(&self) -> [&[f64]; 3] {
        [&self.upper, &self.pivots, &self.largest]
    }

    /// The same, to be read back.
    pub fn numbers_mut(&mut self) -> [&mut [f64]; 3] {
        [&mut self.upper, &mut self.pivots, &mut self.largest]
    }
}

#[cfg(test)]
mod tests;
