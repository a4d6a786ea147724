//! Normal equations `A = lambda I + sum w x x'` of rows as they come.
//!
//! Rows are kept until there are `HELD` of them and then added together: each entry of `A` is read and written once
//! for all of these, and still sums up its terms in the order of the rows.

use super::kernels::{Scalar, for_each_instruction_set};
use super::panels::{Line, PANEL, WIDE};
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// As many rows are held back.
const HELD: usize = 8;

/// The matrix, and rows that it does not have yet.
#[derive(Debug, Clone)]
pub struct NormalEquations {
    order: usize,
    /// The upper triangle by rows, each from the line with the diagonal on.
    a: Vec<Line<f64>>,
    /// Rows in whole lines.
    held: Vec<Line<f64>>,
    /// `w x`, in [`HELD`] numbers for each column.
    shares: Vec<f64>,
    count: usize,
}

impl NormalEquations {
    /// `ridge I`. Errors: no memory.
    pub fn new(order: usize, ridge: f64) -> Result<Self> {
        let (what, width) = ("normal equations", order.div_ceil(WIDE));
        let whole = (0..order).map(|i| width - i / WIDE).sum();
        let (a, held) = (zeros(what, whole)?, zeros(what, HELD * width)?);
        let mut new = Self { order, a, held, shares: zeros(what, HELD * order)?, count: 0 };
        new.rows_mut().enumerate().for_each(|(i, row)| row[0].0[i % WIDE] = ridge);
        Ok(new)
    }

    /// The bytes that they take; saturates.
    pub fn bytes(order: usize) -> usize {
        let width = order.div_ceil(WIDE);
        order
            .saturating_mul(width / 2 + 2)
            .saturating_add(2 * HELD * width)
            .saturating_mul(size_of::<Line<f64>>())
    }

    /// The rows of the triangle.
    fn rows_mut(&mut self) -> impl Iterator<Item = &mut [Line<f64>]> {
        let (order, width) = (self.order, self.order.div_ceil(WIDE));
        let mut rest = &mut self.a[..];
        (0..order).map(move |i| {
            let (row, after) = std::mem::take(&mut rest).split_at_mut(width - i / WIDE);
            rest = after;
            row
        })
    }

    /// Adds `weight x x'`. Costs `order^2` flops.
    pub fn add(&mut self, x: &[f64], weight: f64) {
        let width = self.order.div_ceil(WIDE);
        for (line, x) in self.held[self.count * width..].iter_mut().zip(x.chunks(WIDE)) {
            line.0[..x.len()].copy_from_slice(x);
        }
        for (shares, x) in self.shares.as_chunks_mut::<HELD>().0.iter_mut().zip(x) {
            shares[self.count] = weight * x;
        }
        self.count += 1;
        if self.count == HELD {
            self.settle();
        }
    }

    /// Adds the rows that were held back.
    fn settle(&mut self) {
        add_rows(&mut self.a, &self.held, &self.shares, self.count);
        self.count = 0;
    }

    /// The upper triangle, row after row. Errors: no memory.
    pub fn triangle(&self) -> Result<Vec<f64>> {
        let mut triangle: Vec<f64> = zeros("normal equations", self.order * (self.order + 1) / 2)?;
        let mut whole = Self::new(self.order, 0.0)?;
        whole.a.copy_from_slice(&self.a);
        add_rows(&mut whole.a, &self.held, &self.shares, self.count);
        let mut rest = &mut triangle[..];
        for (i, row) in whole.rows_mut().enumerate() {
            let (own, after) = rest.split_at_mut(self.order - i);
            rest = after;
            let row = row.iter().flat_map(|line| &line.0).skip(i % WIDE);
            own.iter_mut().zip(row).for_each(|(o, a)| *o = *a);
        }
        Ok(triangle)
    }

    /// Takes on the triangle that [`NormalEquations::triangle`] gave.
    pub fn set_triangle(&mut self, triangle: &[f64]) {
        self.count = 0;
        let (order, mut rest) = (self.order, triangle);
        for (i, row) in self.rows_mut().enumerate() {
            let (own, after) = rest.split_at(order - i);
            rest = after;
            let row = row.iter_mut().flat_map(|line| &mut line.0).skip(i % WIDE);
            row.zip(own).for_each(|(a, o)| *a = *o);
        }
    }
}

for_each_instruction_set!(
    /// `A += sum_k w_k x_k x_k'` for the first rows that are held.
    add_rows, add_rows_body, (a: &mut [Line<T>], held: &[Line<f64>], shares: &[f64], count: usize)
);

#[inline(always)]
fn add_rows_body<T: Scalar>(a: &mut [Line<T>], held: &[Line<f64>], shares: &[f64], count: usize) {
    let width = held.len() / HELD;
    let mut rest = a;
    for (i, shares) in shares.as_chunks::<HELD>().0.iter().enumerate() {
        let (own, after) = rest.split_at_mut(width - i / WIDE);
        rest = after;
        let shares = &shares[..count.min(HELD)];
        for (k, panel) in own.chunks_mut(PANEL).enumerate() {
            let held = &held[i / WIDE + k * PANEL..];
            match panel.len() {
                1 => add_lines::<T, 1>(panel, held, width, shares),
                2 => add_lines::<T, 2>(panel, held, width, shares),
                3 => add_lines::<T, 3>(panel, held, width, shares),
                _ => add_lines::<T, PANEL>(panel, held, width, shares),
            }
        }
    }
}

/// `N` lines of a row of `A`.
#[inline(always)]
fn add_lines<T: Scalar, const N: usize>(
    own: &mut [Line<T>],
    held: &[Line<f64>],
    width: usize,
    shares: &[f64],
) {
    let own: &mut [Line<T>; N] = own.first_chunk_mut().expect("lines that were counted");
    let mut sums: [[f64; WIDE]; N] = std::array::from_fn(|n| std::array::from_fn(|k| own[n].0[k].wide()));
    for (t, share) in shares.iter().enumerate() {
        if *share != 0.0 {
            let row: &[Line<f64>; N] = held[t * width..].first_chunk().expect("lines that were counted");
            for (sum, Line(x)) in sums.iter_mut().zip(row) {
                *sum = std::array::from_fn(|k| sum[k] + share * x[k]);
            }
        }
    }
    for (Line(a), sum) in own.iter_mut().zip(&sums) {
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
                assert!(
                    upper.zip(&triangle).all(|(at, a)| plain[at].to_bits() == a.to_bits()),
                    "{order} {t}"
                );
                if t == 11 {
                    all.set_triangle(&triangle);
                }
            }
        }
    }
}
