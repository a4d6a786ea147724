//! Normal equations `A = lambda I + sum w x x'` of rows as they come.
//!
//! Rows are kept until there are [`HELD`] of them and then added together: each entry of `A` is read and written once
//! for all of these, and still sums up its terms in the order of the rows.

use super::kernels::{Scalar, for_each_instruction_set};
use super::panels::{LANES, PANEL, for_pieces, pieces, pieces_mut};
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// As many rows are held back.
const HELD: usize = 8;

/// The matrix, and rows that it does not have yet.
#[derive(Debug, Clone)]
pub struct NormalEquations {
    order: usize,
    /// The upper triangle by rows in whole pieces, each from the last multiple of [`LANES`] at or before the diagonal
    /// on.
    a: Vec<f64>,
    /// Rows in whole pieces, and their weights behind all of them.
    held: Vec<f64>,
    count: usize,
}

/// Where a row of `A` begins.
#[inline(always)]
fn start(row: usize) -> usize {
    row / LANES * LANES
}

impl NormalEquations {
    /// `ridge I`. Errors: no memory.
    pub fn new(order: usize, ridge: f64) -> Result<Self> {
        let what = "normal equations";
        let length = order.next_multiple_of(LANES);
        let whole = (0..order).map(|i| length - start(i)).sum();
        let mut new = Self { order, a: zeros(what, whole)?, held: zeros(what, HELD * (length + 1))?, count: 0 };
        new.rows_mut().for_each(|row| row[0] = ridge);
        Ok(new)
    }

    /// The bytes that they take; saturates.
    pub fn bytes(order: usize) -> usize {
        let length = order.saturating_add(LANES);
        length.saturating_mul(length / 2 + HELD + LANES).saturating_mul(8)
    }

    /// The rows of the triangle, from the diagonal on.
    fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        let (order, length) = (self.order, self.order.next_multiple_of(LANES));
        let mut rest = &mut self.a[..];
        (0..order).map(move |i| {
            let (row, after) = std::mem::take(&mut rest).split_at_mut(length - start(i));
            rest = after;
            &mut row[i - start(i)..order - start(i)]
        })
    }

    /// Adds `weight x x'`. Costs `order^2` flops.
    pub fn add(&mut self, x: &[f64], weight: f64) {
        let length = self.order.next_multiple_of(LANES);
        let (rows, weights) = self.held.split_at_mut(HELD * length);
        rows[self.count * length..][..self.order].copy_from_slice(x);
        weights[self.count] = weight;
        self.count += 1;
        if self.count == HELD {
            self.settle();
        }
    }

    /// Adds the rows that were held back.
    fn settle(&mut self) {
        let length = self.order.next_multiple_of(LANES);
        let (rows, weights) = self.held.split_at(HELD * length);
        add_rows(&mut self.a, length, rows, &weights[..self.count]);
        self.count = 0;
    }

    /// The upper triangle, row after row. Errors: no memory.
    pub fn triangle(&self) -> Result<Vec<f64>> {
        let mut whole = Self { order: self.order, a: zeros("normal equations", self.a.len())?, ..self.clone() };
        whole.a.copy_from_slice(&self.a);
        whole.settle();
        let mut triangle: Vec<f64> = zeros("normal equations", self.order * (self.order + 1) / 2)?;
        let mut rest = &mut triangle[..];
        for row in whole.rows_mut() {
            let (own, after) = rest.split_at_mut(row.len());
            own.copy_from_slice(row);
            rest = after;
        }
        Ok(triangle)
    }

    /// Takes on the triangle that [`NormalEquations::triangle`] gave.
    pub fn set_triangle(&mut self, triangle: &[f64]) {
        self.count = 0;
        let mut rest = triangle;
        for row in self.rows_mut() {
            let (own, after) = rest.split_at(row.len());
            row.copy_from_slice(own);
            rest = after;
        }
    }
}

for_each_instruction_set!(
    /// `A += sum_k w_k x_k x_k'`, for rows `x_k` of `length` numbers.
    add_rows, add_rows_body, (a: &mut [T], length: usize, rows: &[f64], weights: &[f64])
);

#[inline(always)]
fn add_rows_body<T: Scalar>(a: &mut [T], length: usize, rows: &[f64], weights: &[f64]) {
    let mut rest = a;
    let mut i = 0;
    while !rest.is_empty() {
        let (own, after) = rest.split_at_mut(length - start(i));
        rest = after;
        for (k, panel) in own.chunks_mut(PANEL).enumerate() {
            let at = start(i) + k * PANEL;
            for_pieces!(panel, N => add_pieces::<T, N>(panel, rows, length, weights, i, at));
        }
        i += 1;
    }
}

/// `N` pieces of row `i`, from column `at` on.
#[inline(always)]
fn add_pieces<T: Scalar, const N: usize>(
    own: &mut [T],
    rows: &[f64],
    length: usize,
    weights: &[f64],
    i: usize,
    at: usize,
) {
    let own = pieces_mut::<T, N>(own);
    let mut sums: [[f64; LANES]; N] = std::array::from_fn(|n| std::array::from_fn(|k| own[n][k].wide()));
    // Counted by hand: an iterator over rows divides by their length.
    for (t, weight) in weights.iter().enumerate() {
        let share = weight * rows[t * length + i];
        for (sum, x) in sums.iter_mut().zip(pieces::<f64, N>(&rows[t * length + at..])) {
            *sum = std::array::from_fn(|k| sum[k] + share * x[k]);
        }
    }
    for (a, sum) in own.iter_mut().zip(&sums) {
        *a = std::array::from_fn(|k| T::narrow(sum[k]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sums_in_the_order_of_the_rows() {
        for order in [0, 1, 3, 4, 5, 13, 37] {
            let mut all = NormalEquations::new(order, 0.5).unwrap();
            let mut plain: Vec<f64> = zeros("", order * order).unwrap();
            (0..order).for_each(|i| plain[i * order + i] = 0.5);
            for t in 0..21 {
                let x: Vec<f64> = (0..order).map(|j| ((t * 7 + j * 3) as f64).sin()).collect();
                let weight = 1.0 + f64::from(t % 3 == 0);
                all.add(&x, weight);
                for i in 0..order {
                    let share = weight * x[i];
                    (0..order).for_each(|j| plain[i * order + j] += share * x[j]);
                }
                let triangle = all.triangle().unwrap();
                let upper = (0..order).flat_map(|i| (i..order).map(move |j| i * order + j));
                assert!(upper.zip(&triangle).all(|(at, a)| plain[at].to_bits() == a.to_bits()), "{order} {t}");
                if t == 11 {
                    all.set_triangle(&triangle);
                }
            }
        }
    }
}
