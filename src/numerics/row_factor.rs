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

use super::kernels::{Scalar, for_each_instruction_set};
use crate::runtime::Result;
use crate::runtime::error::{out_of_memory, zeros};
use std::ops::Range;

pub use super::panels::LANES;

/// Without a ridge: a column whose part beside the columns before it is at most this share of its largest entry
/// depends on them.
const DEPENDENT: f64 = 1e-11;

/// Where a pivot grows by more than the inverse of this, its row is made of the old and the new one; elsewhere it is
/// corrected, which costs less.
const SMALL_SHARE: f64 = 0.01;

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
            let pivot = own[0].max(ridge);
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

for_each_instruction_set!(
    /// Replaces `(x, t)` by `(U^-T x, t - x'U^-1 c)`.
    eliminate, eliminate_body, (upper: &[T], order: usize, row: &mut [f64])
);
for_each_instruction_set!(
    /// Takes in a row, given the inverse of its weight; pivots are above 0.
    fold, fold_body, (upper: &mut [T], pivots: &mut [f64], row: &mut [f64], inverse_weight: f64) -> f64
);

/// Rows of `U` that begin at the same column. The diagonal of the first lies just before that column (unless it is
/// column 0), those of the others on the first piece: so a row has its slot, the place of its diagonal and one.
struct Block {
    from: usize,
    width: usize,
    slots: Range<usize>,
}

/// The blocks of a factor, for rows of this length.
#[inline(always)]
fn blocks(order: usize, length: usize) -> impl Iterator<Item = Block> {
    let slots = move |from| usize::from(from == 0)..LANES.min(order + 1 - from);
    (0..=order).step_by(LANES).map(move |from| Block { from, width: length - from, slots: slots(from) })
}

impl Block {
    fn len(&self) -> usize {
        self.width * self.slots.len()
    }

    /// Whether it has a row in each slot, but for the first of the first block.
    fn is_whole(&self) -> bool {
        self.slots.end == LANES
    }

    /// Where a row of the block is among its numbers.
    #[inline(always)]
    fn row(&self, slot: usize) -> usize {
        (slot - self.slots.start) * self.width
    }
}

/// A piece of a row, beginning at `at`.
#[inline(always)]
fn piece<T, const W: usize>(row: &[T], at: usize) -> &[T; W] {
    row[at..].first_chunk().expect("whole pieces")
}

/// The same, to be changed.
#[inline(always)]
fn piece_mut<T, const W: usize>(row: &mut [T], at: usize) -> &mut [T; W] {
    row[at..].first_chunk_mut().expect("whole pieces")
}

/// Calls `f` for what lies behind the first piece of a row of this width, with `N` pieces of `W` numbers at a time and
/// the place where they begin. Behind a narrow piece, where their number is odd, come wide ones, so that no load in a
/// later block spans two stores of an earlier one.
macro_rules! behind_the_first {
    ($width:expr, $f:ident::<$t:ident>($($arg:expr),*)) => {{
        let (width, mut at) = ($width, LANES);
        if !(width - at).is_multiple_of(2 * LANES) {
            $f::<$t, LANES, 1>(at, $($arg),*);
            at += LANES;
        }
        while at < width {
            let count = ((width - at) / (2 * LANES)).min(4);
            match count {
                1 => $f::<$t, { 2 * LANES }, 1>(at, $($arg),*),
                2 => $f::<$t, { 2 * LANES }, 2>(at, $($arg),*),
                3 => $f::<$t, { 2 * LANES }, 3>(at, $($arg),*),
                _ => $f::<$t, { 2 * LANES }, 4>(at, $($arg),*),
            }
            at += count * 2 * LANES;
        }
    }};
}

#[inline(always)]
fn eliminate_body<T: Scalar>(upper: &[T], order: usize, row: &mut [f64]) {
    let mut rest = upper;
    for block in blocks(order, row.len()) {
        let (own, after) = rest.split_at(block.len());
        rest = after;
        let done = match block.slots.start {
            _ if !block.is_whole() => false,
            0 => eliminate_whole::<T, 0>(own, &block, row),
            _ => eliminate_whole::<T, 1>(own, &block, row),
        };
        if !done {
            eliminate_rows(own, &block, row);
        }
    }
}

/// Row after row.
#[inline(always)]
fn eliminate_rows<T: Scalar>(own: &[T], block: &Block, row: &mut [f64]) {
    for slot in block.slots.clone() {
        let x = row[block.from + slot - 1];
        if x != 0.0 {
            let own = own[block.row(slot)..][..block.width].as_chunks::<LANES>().0;
            for (r, u) in row[block.from..].as_chunks_mut::<LANES>().0.iter_mut().zip(own) {
                *r = std::array::from_fn(|k| r[k] - x * u[k].wide());
            }
        }
    }
}

/// All rows at once, from slot `S` on. False, with nothing done, where one of them is to be left out.
#[inline(always)]
fn eliminate_whole<T: Scalar, const S: usize>(own: &[T], block: &Block, row: &mut [f64]) -> bool {
    let (from, width) = (block.from, block.width);
    // What is to be taken off shows from the first piece alone.
    let mut head: [f64; LANES] = *piece(row, from);
    let mut x = [0.0; LANES];
    for slot in S..LANES {
        x[slot] = if slot == 0 { row[from - 1] } else { head[slot - 1] };
        let u: &[T; LANES] = piece(own, (slot - S) * width);
        head = std::array::from_fn(|k| head[k] - x[slot] * u[k].wide());
    }
    if x[S..].contains(&0.0) {
        return false;
    }
    *piece_mut(row, from) = head;
    behind_the_first!(width, eliminate_pieces::<T>(own, width, &x[S..], &mut row[from..]));
    true
}

#[inline(always)]
fn eliminate_pieces<T: Scalar, const W: usize, const N: usize>(
    at: usize,
    own: &[T],
    width: usize,
    x: &[f64],
    row: &mut [f64],
) {
    let mut left: [[f64; W]; N] = std::array::from_fn(|n| *piece(row, at + n * W));
    for (slot, x) in x.iter().enumerate() {
        for (n, r) in left.iter_mut().enumerate() {
            let u: &[T; W] = piece(own, slot * width + at + n * W);
            *r = std::array::from_fn(|k| r[k] - x * u[k].wide());
        }
    }
    for (n, r) in left.iter().enumerate() {
        *piece_mut(row, at + n * W) = *r;
    }
}

#[inline(always)]
fn fold_body<T: Scalar>(upper: &mut [T], pivots: &mut [f64], row: &mut [f64], inverse_weight: f64) -> f64 {
    let mut rest = upper;
    let mut spread = inverse_weight;
    for block in blocks(pivots.len(), row.len()) {
        let (own, after) = rest.split_at_mut(block.len());
        rest = after;
        let whole = match block.slots.start {
            _ if !block.is_whole() => None,
            0 => fold_whole::<T, 0>(own, &block, pivots, row, spread),
            _ => fold_whole::<T, 1>(own, &block, pivots, row, spread),
        };
        spread = match whole {
            Some(spread) => spread,
            None => fold_rows(own, &block, pivots, row, spread),
        };
    }
    spread
}

/// Row after row.
#[inline(always)]
fn fold_rows<T: Scalar>(
    own: &mut [T],
    block: &Block,
    pivots: &mut [f64],
    row: &mut [f64],
    mut spread: f64,
) -> f64 {
    for slot in block.slots.clone() {
        let i = block.from + slot - 1;
        let x = std::mem::take(&mut row[i]);
        if x == 0.0 {
            continue;
        }
        // Both are kept: the one before the row for what was, the one with it for what comes.
        let (step, before) = (x / pivots[i], spread);
        spread += x * step;
        pivots[i] += x * (x * (1.0 / before));
        let left = 1.0 / spread;
        let (gain, kept) = (step * left, before * left);
        let own = own[block.row(slot)..][..block.width].as_chunks_mut::<LANES>().0;
        let pieces = row[block.from..].as_chunks_mut::<LANES>().0.iter_mut().zip(own);
        if kept < SMALL_SHARE {
            // Little is left of the row: what it was must not be taken off from large numbers.
            for (r, u) in pieces {
                let given = *r;
                *r = std::array::from_fn(|k| r[k] - x * u[k].wide());
                *u = std::array::from_fn(|k| T::narrow(kept * u[k].wide() + gain * given[k]));
            }
        } else {
            for (r, u) in pieces {
                *r = std::array::from_fn(|k| r[k] - x * u[k].wide());
                *u = std::array::from_fn(|k| T::narrow(u[k].wide() + gain * r[k]));
            }
        }
    }
    spread
}

/// All rows at once, from slot `S` on. `None`, with nothing done, where one of them is to be left out, or where little
/// is left of one.
#[inline(always)]
fn fold_whole<T: Scalar, const S: usize>(
    own: &mut [T],
    block: &Block,
    pivots: &mut [f64],
    row: &mut [f64],
    spread: f64,
) -> Option<f64> {
    let (from, width) = (block.from, block.width);
    // What is to be taken off shows from the first piece alone.
    let mut head: [f64; LANES] = *piece(row, from);
    let mut heads = [head; LANES];
    let mut x = [0.0; LANES];
    for slot in S..LANES {
        x[slot] = if slot == 0 { row[from - 1] } else { std::mem::take(&mut head[slot - 1]) };
        let u: &[T; LANES] = piece(own, (slot - S) * width);
        head = std::array::from_fn(|k| head[k] - x[slot] * u[k].wide());
        heads[slot] = head;
    }
    // Four divisions cost little more than one.
    let mut pivot = [1.0; LANES];
    let own_pivots = &mut pivots[from + S - 1..from + LANES - 1];
    pivot[S..].copy_from_slice(own_pivots);
    let step: [f64; LANES] = std::array::from_fn(|k| x[k] / pivot[k]);
    let rise: [f64; LANES] = std::array::from_fn(|k| x[k] * step[k]);
    let mut before = [spread; LANES];
    (1..LANES).for_each(|k| before[k] = before[k - 1] + rise[k - 1]);
    let after: [f64; LANES] = std::array::from_fn(|k| before[k] + rise[k]);
    let left: [f64; LANES] = std::array::from_fn(|k| 1.0 / after[k]);
    let kept: [f64; LANES] = std::array::from_fn(|k| before[k] * left[k]);
    if (S..LANES).any(|k| x[k] == 0.0 || kept[k] < SMALL_SHARE) {
        return None;
    }
    let gain: [f64; LANES] = std::array::from_fn(|k| step[k] * left[k]);
    let was = [1.0 / spread, left[0], left[1], left[2]];
    pivot = std::array::from_fn(|k| pivot[k] + x[k] * (x[k] * was[k]));
    own_pivots.copy_from_slice(&pivot[S..]);
    for slot in S..LANES {
        let u: &mut [T; LANES] = piece_mut(own, (slot - S) * width);
        *u = std::array::from_fn(|k| T::narrow(u[k].wide() + gain[slot] * heads[slot][k]));
    }
    if S == 0 {
        row[from - 1] = 0.0;
    }
    *piece_mut(row, from) = head;
    behind_the_first!(width, fold_pieces::<T>(own, width, [&x[S..], &gain[S..]], &mut row[from..]));
    Some(after[LANES - 1])
}

#[inline(always)]
fn fold_pieces<T: Scalar, const W: usize, const N: usize>(
    at: usize,
    own: &mut [T],
    width: usize,
    [x, gain]: [&[f64]; 2],
    row: &mut [f64],
) {
    let mut left: [[f64; W]; N] = std::array::from_fn(|n| *piece(row, at + n * W));
    for (slot, (x, gain)) in x.iter().zip(gain).enumerate() {
        for (n, r) in left.iter_mut().enumerate() {
            let u: &mut [T; W] = piece_mut(own, slot * width + at + n * W);
            *r = std::array::from_fn(|k| r[k] - x * u[k].wide());
            *u = std::array::from_fn(|k| T::narrow(u[k].wide() + gain * r[k]));
        }
    }
    for (n, r) in left.iter().enumerate() {
        *piece_mut(row, at + n * W) = *r;
    }
}

#[cfg(test)]
mod tests;
