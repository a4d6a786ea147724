//! How a factor changes with a row, and how a row is parted by a factor: the loops.

use super::LANES;
use crate::numerics::kernels::{Scalar, for_each_instruction_set};
use std::ops::Range;

/// Where a pivot grows by more than the inverse of this, its row is made of the old and the new one; elsewhere it is
/// corrected, which costs less.
const SMALL_SHARE: f64 = 0.01;

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
pub(super) struct Block {
    from: usize,
    width: usize,
    slots: Range<usize>,
}

/// The blocks of a factor, for rows of this length.
#[inline(always)]
pub(super) fn blocks(order: usize, length: usize) -> impl Iterator<Item = Block> {
    let slots = move |from| usize::from(from == 0)..LANES.min(order + 1 - from);
    (0..=order).step_by(LANES).map(move |from| Block { from, width: length - from, slots: slots(from) })
}

impl Block {
    pub(super) fn len(&self) -> usize {
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
pub(super) fn eliminate_body<T: Scalar>(upper: &[T], order: usize, row: &mut [f64]) {
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
pub(super) fn eliminate_rows<T: Scalar>(own: &[T], block: &Block, row: &mut [f64]) {
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
pub(super) fn fold_body<T: Scalar>(
    upper: &mut [T],
    pivots: &mut [f64],
    row: &mut [f64],
    inverse_weight: f64,
) -> f64 {
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
pub(super) fn fold_rows<T: Scalar>(
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
