//! The inverse of a symmetric matrix that grows by terms of rank one: `P x`, and `P - s s'` (Sherman and Morrison).
//!
//! `P` is stored in full, row after row, and stays symmetric to the bit. Errors of `P` are not corrected by later
//! updates and grow with its condition: who uses it checks.

use super::kernels::{Scalar, for_each_instruction_set};
use super::panels::{LANES, Line, PANEL, WIDE};
use crate::runtime::Result;
use crate::runtime::error::zeros;
use std::ops::Range;

/// Rows of more than a panel that are worked on at once: all of them would leave the cache before the next panel.
const ROWS: usize = 8;

/// The inverse, and room for a product with it.
#[derive(Debug, Clone)]
pub struct Inverse {
    order: usize,
    /// Rows in whole lines.
    p: Vec<Line<f64>>,
    /// `P x`, in whole lines.
    u: Vec<f64>,
}

impl Inverse {
    /// `diagonal I`. Errors: no memory.
    pub fn new(order: usize, diagonal: f64) -> Result<Self> {
        let (what, width) = ("inverse", order.div_ceil(WIDE));
        let mut p: Vec<Line<f64>> = zeros(what, order * width)?;
        (0..order).for_each(|i| p[i * width + i / WIDE].0[i % WIDE] = diagonal);
        Ok(Self { order, p, u: zeros(what, width * WIDE)? })
    }

    /// The bytes that it takes; saturates.
    pub fn bytes(order: usize) -> usize {
        order.saturating_add(1).saturating_mul(order.div_ceil(WIDE)).saturating_mul(size_of::<Line<f64>>())
    }

    /// `P x`, which is kept for [`Inverse::take_off`]. Costs `2 order^2` flops.
    #[inline]
    pub fn times(&mut self, x: &[f64]) -> &mut [f64] {
        times(&self.p, x, &mut self.u);
        &mut self.u[..self.order]
    }

    /// `P -= s s'`, where `s` is the last product times `share`. Costs `2 order^2` flops.
    #[inline]
    pub fn take_off(&mut self, share: f64) {
        self.u.iter_mut().for_each(|u| *u *= share);
        downdate(&mut self.p, &self.u, self.order);
    }

    /// The sum of each row, `P 1`, in place of `out`.
    pub fn row_sums(&self, out: &mut [f64]) {
        let rows = self.p.chunks(self.order.div_ceil(WIDE).max(1));
        for (sum, row) in out.iter_mut().zip(rows) {
            *sum = row.iter().flat_map(|line| &line.0).take(self.order).sum();
        }
    }

    /// Becomes `sum_k scales[k] v_k v_k'` for the columns `v_k` that `column` gives.
    pub fn set_sum<'v>(&mut self, scales: &[f64], column: impl Fn(usize) -> &'v [f64]) {
        let (order, width) = (self.order, self.order.div_ceil(WIDE));
        self.p.fill(Line::default());
        for i in 0..order {
            for j in 0..=i {
                let entry = (0..order).map(|k| scales[k] * column(k)[i] * column(k)[j]).sum();
                for (row, at) in [(i, j), (j, i)] {
                    self.p[row * width + at / WIDE].0[at % WIDE] = entry;
                }
            }
        }
    }

    /// The rows, each followed by zeros up to a multiple of 4: what a saved state holds. Errors: no memory.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        let length = self.order.next_multiple_of(LANES);
        let mut numbers: Vec<f64> = zeros("inverse", self.order * length)?;
        let rows = self.p.chunks(self.order.div_ceil(WIDE).max(1));
        for (out, row) in numbers.chunks_mut(length.max(1)).zip(rows) {
            out.iter_mut().zip(row.iter().flat_map(|line| &line.0)).for_each(|(o, p)| *o = *p);
        }
        Ok(numbers)
    }

    /// Takes on what [`Inverse::numbers`] gave.
    pub fn set_numbers(&mut self, numbers: &[f64]) {
        let length = self.order.next_multiple_of(LANES);
        let rows = self.p.chunks_mut(self.order.div_ceil(WIDE).max(1));
        for (row, given) in rows.zip(numbers.chunks(length.max(1))) {
            row.iter_mut().flat_map(|line| &mut line.0).zip(given).for_each(|(p, g)| *p = *g);
        }
    }
}

for_each_instruction_set!(
    /// `out = P x`, for `x` of the order of `P` and `out` of the length of its rows.
    times, times_body, (p: &[Line<T>], x: &[f64], out: &mut [f64])
);
for_each_instruction_set!(
    /// `P -= s s'`, for `s` of the length of its rows.
    downdate, downdate_body, (p: &mut [Line<T>], s: &[f64], order: usize)
);

// Places are counted by hand: iterators over rows divide by their length.

/// Where the rows are that are worked on at once, from `first` on.
#[inline(always)]
fn rows_from(first: usize, width: usize, order: usize) -> Range<usize> {
    let count = if width <= PANEL { order } else { ROWS };
    first..order.min(first + count)
}

#[inline(always)]
fn times_body<T: Scalar>(p: &[Line<T>], x: &[f64], out: &mut [f64]) {
    let (width, order) = (out.len() / WIDE, x.len());
    out.fill(0.0);
    let mut rows = rows_from(0, width, order);
    while !rows.is_empty() {
        for (k, panel) in out.chunks_mut(PANEL * WIDE).enumerate() {
            let p = &p[rows.start * width + k * PANEL..];
            let x = &x[rows.clone()];
            match panel.len() / WIDE {
                1 => add_rows::<T, 1>(p, width, x, panel),
                2 => add_rows::<T, 2>(p, width, x, panel),
                3 => add_rows::<T, 3>(p, width, x, panel),
                _ => add_rows::<T, PANEL>(p, width, x, panel),
            }
        }
        rows = rows_from(rows.end, width, order);
    }
}

/// Adds `N` lines of some rows, times their shares.
#[inline(always)]
fn add_rows<T: Scalar, const N: usize>(p: &[Line<T>], width: usize, shares: &[f64], out: &mut [f64]) {
    let out: &mut [[f64; WIDE]; N] =
        out.as_chunks_mut().0.first_chunk_mut().expect("lines that were counted");
    let mut sums = *out;
    for (i, x) in shares.iter().enumerate() {
        if *x != 0.0 {
            let row: &[Line<T>; N] = p[i * width..].first_chunk().expect("lines that were counted");
            for (sum, Line(p)) in sums.iter_mut().zip(row) {
                *sum = std::array::from_fn(|k| sum[k] + x * p[k].wide());
            }
        }
    }
    *out = sums;
}

#[inline(always)]
fn downdate_body<T: Scalar>(p: &mut [Line<T>], s: &[f64], order: usize) {
    let width = s.len() / WIDE;
    let mut rows = rows_from(0, width, order);
    while !rows.is_empty() {
        for (k, panel) in s.chunks(PANEL * WIDE).enumerate() {
            let p = &mut p[rows.start * width + k * PANEL..];
            let own = &s[rows.clone()];
            match panel.len() / WIDE {
                1 => take_off::<T, 1>(p, width, own, panel),
                2 => take_off::<T, 2>(p, width, own, panel),
                3 => take_off::<T, 3>(p, width, own, panel),
                _ => take_off::<T, PANEL>(p, width, own, panel),
            }
        }
        rows = rows_from(rows.end, width, order);
    }
}

/// Takes a share of `N` lines off those of each row.
#[inline(always)]
fn take_off<T: Scalar, const N: usize>(p: &mut [Line<T>], width: usize, shares: &[f64], s: &[f64]) {
    let s: [[f64; WIDE]; N] = *s.as_chunks().0.first_chunk().expect("lines that were counted");
    for (i, own) in shares.iter().enumerate() {
        let row: &mut [Line<T>; N] = p[i * width..].first_chunk_mut().expect("lines that were counted");
        for (Line(p), s) in row.iter_mut().zip(&s) {
            *p = std::array::from_fn(|k| T::narrow(p[k].wide() - own * s[k]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_follows_its_matrix() {
        for order in [1, 5, 25, 37, 70] {
            let mut inverse = Inverse::new(order, 0.5).unwrap();
            let mut a = vec![0.0; order * order];
            (0..order).for_each(|i| a[i * order + i] = 2.0);
            for t in 0..30 {
                let x: Vec<f64> = (0..order).map(|j| ((t * 7 + j * 3) as f64).sin()).collect();
                let q: f64 = inverse.times(&x).iter().zip(&x).map(|(u, x)| u * x).sum();
                inverse.take_off(1.0 / (1.0 + q).sqrt());
                (0..order * order).for_each(|at| a[at] += x[at / order] * x[at % order]);
            }
            let (p, length) = (inverse.numbers().unwrap(), order.next_multiple_of(LANES));
            for i in 0..order {
                for j in 0..order {
                    let entry: f64 = (0..order).map(|k| a[i * order + k] * p[k * length + j]).sum();
                    assert!((entry - f64::from(i == j)).abs() < 1e-12, "{order}");
                    assert_eq!(p[i * length + j].to_bits(), p[j * length + i].to_bits());
                }
            }
            let mut again = Inverse::new(order, 1.0).unwrap();
            again.set_numbers(&p);
            assert_eq!(again.numbers().unwrap(), p);
            let mut sums = vec![0.0; order];
            again.row_sums(&mut sums);
            let all = again.times(&vec![1.0; order]);
            assert!(sums.iter().zip(all).all(|(a, b)| (a - *b).abs() < 1e-14));
            // The sum of e_k e_k' over k, each k times.
            let unit: Vec<Vec<f64>> =
                (0..order).map(|k| (0..order).map(|i| f64::from(i == k)).collect()).collect();
            let scales: Vec<f64> = (0..order).map(|k| k as f64).collect();
            again.set_sum(&scales, |k| &unit[k]);
            assert_eq!(again.times(&vec![1.0; order]), scales);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_portable_body() {
        for order in [1, 7, 25, 37, 70] {
            let mut inverse = Inverse::new(order, 0.5).unwrap();
            for t in 0..9 {
                let x: Vec<f64> = (0..order).map(|j| ((t * 7 + j * 3) as f64).sin()).collect();
                let mut plain = inverse.clone();
                times_body(&plain.p, &x, &mut plain.u);
                inverse.times(&x);
                assert_eq!(inverse.u, plain.u);
                plain.u.iter_mut().for_each(|u| *u *= 0.1);
                downdate_body(&mut plain.p, &plain.u, order);
                inverse.take_off(0.1);
                assert_eq!(inverse.numbers().unwrap(), plain.numbers().unwrap());
            }
        }
    }
}
