//! Tall matrices, row after row, with few columns: the factors of low-rank models.

use super::gram::Square;
use super::real::Real;
use super::tile;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Rows whose products are summed together: fixed, so that sums do not depend on threads.
const BLOCK_ROWS: usize = 256;
/// Rows of a tile of a Gram matrix: a panel of them fits the nearest cache.
const TILE_ROWS: usize = 128;
/// Work between two looks at the control.
const BATCH_FLOPS: u64 = 1 << 28;
/// Bytes of a line of the cache, on which rows begin.
const ALIGNMENT: usize = 64;

/// A matrix of `rows` rows and `cols` columns in rows of `stride` numbers; what is beyond the columns is zero.
#[derive(Debug)]
pub struct Tall<T> {
    rows: usize,
    cols: usize,
    stride: usize,
    /// Where the first row begins.
    first: usize,
    data: Vec<T>,
}

impl<T: Clone> Clone for Tall<T> {
    fn clone(&self) -> Self {
        let len = self.rows * self.stride;
        // As `Vec`'s clone this aborts where there is no memory.
        let mut data = Vec::with_capacity(self.data.len());
        let first = first_aligned(&data, self.data.len() - len);
        data.extend(self.data[..first].iter().cloned());
        data.extend(self.data[self.first..self.first + len].iter().cloned());
        data.extend(self.data[first + len..].iter().cloned());
        Self { first, data, ..*self }
    }
}

/// Where the first line of the cache begins: at most `spare` numbers from the first.
fn first_aligned<T>(data: &[T], spare: usize) -> usize {
    data.as_ptr().align_offset(ALIGNMENT).min(spare)
}

impl<T: Real> Tall<T> {
    /// A zero matrix. Errors: no memory for it.
    pub fn zeros(rows: usize, cols: usize) -> Result<Self> {
        let stride = cols.next_multiple_of(T::LANES);
        let data = zeros("factor", rows.saturating_mul(stride).saturating_add(T::LANES))?;
        Ok(Self { rows, cols, stride, first: first_aligned(&data, T::LANES), data })
    }

    /// The bytes of such a matrix.
    pub fn bytes(rows: usize, cols: usize) -> usize {
        let numbers = rows.saturating_mul(cols.next_multiple_of(T::LANES)).saturating_add(T::LANES);
        numbers.saturating_mul(size_of::<T>())
    }

    /// Its columns, and then zeros up to `cols`. Errors: no memory. Panics where `cols` are fewer.
    pub fn widened(&self, cols: usize) -> Result<Self> {
        let mut out = Self::zeros(self.rows, cols)?;
        (0..self.rows).for_each(|i| out.row_mut(i)[..self.cols].copy_from_slice(self.row(i)));
        Ok(out)
    }

    /// Its rows, and those of `more` after them. Errors: no memory. Panics where the columns differ.
    pub fn with_rows(&self, more: &Self) -> Result<Self> {
        let mut out = Self::zeros(self.rows + more.rows, self.cols)?;
        (0..self.rows).for_each(|i| out.row_mut(i).copy_from_slice(self.row(i)));
        (0..more.rows).for_each(|i| out.row_mut(self.rows + i).copy_from_slice(more.row(i)));
        Ok(out)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Numbers from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Row `i`, without its padding.
    #[inline]
    pub fn row(&self, i: usize) -> &[T] {
        &self.data()[i * self.stride..i * self.stride + self.cols]
    }

    /// Row `i` with its padding.
    #[inline]
    pub fn padded_row(&self, i: usize) -> &[T] {
        &self.data()[i * self.stride..(i + 1) * self.stride]
    }

    /// Row `i`, to be written.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        let (start, cols) = (i * self.stride, self.cols);
        &mut self.data_mut()[start..start + cols]
    }

    /// All rows with their padding.
    #[inline]
    pub fn data(&self) -> &[T] {
        &self.data[self.first..self.first + self.rows * self.stride]
    }

    /// All rows with their padding, to be written; the padding has to stay 0.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data[self.first..self.first + self.rows * self.stride]
    }

    /// Rows in double precision, one after the other without padding.
    fn wide(&self, rows: std::ops::Range<usize>) -> Vec<f64> {
        let mut out = Vec::with_capacity(rows.len() * self.cols);
        rows.for_each(|i| out.extend(self.row(i).iter().map(|v| v.wide())));
        out
    }

    /// `sum_i w_i y_i y_i'` in double precision; `weight` gives `w_i >= 0`. Costs `rows cols^2` flops.
    pub fn gram(
        &self,
        weight: impl Fn(usize) -> f64 + Sync,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Square, Stop> {
        let k = self.cols;
        let side = k.next_multiple_of(f64::LANES);
        let part = |rows: std::ops::Range<usize>| {
            let mut part = vec![0.0; side * side];
            let mut panels = vec![0.0; TILE_ROWS.min(rows.len()) * side];
            for start in rows.clone().step_by(TILE_ROWS) {
                let d = TILE_ROWS.min(rows.end - start);
                // What is beyond the columns stays 0 where the tile is shorter than the last.
                if panels.len() != d * side {
                    panels.clear();
                    panels.resize(d * side, 0.0);
                }
                for e in 0..d {
                    let root = weight(start + e).sqrt();
                    for (l, y) in self.row(start + e).iter().enumerate() {
                        panels[(l / f64::LANES * d + e) * f64::LANES + l % f64::LANES] = root * y.wide();
                    }
                }
                tile::add_gram(&panels, d, k, &mut part, side);
            }
            part
        };
        let total = self.summed((k * k) as u64, side * side, part, team, control)?;
        let mut gram = Square::zeros(k);
        for a in 0..k {
            for b in a..k {
                gram.column_mut(a)[b] = total[a * side + b];
                gram.column_mut(b)[a] = total[a * side + b];
            }
        }
        Ok(gram)
    }

    /// `sum_i w_i y_i z_i'` for as many rows `z_i`. Costs `2 rows cols^2` flops.
    pub fn product(
        &self,
        other: &Self,
        weight: impl Fn(usize) -> f64 + Sync,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Square, Stop> {
        let k = self.cols;
        let part = |rows: std::ops::Range<usize>| {
            let (y, mut z) = (self.wide(rows.clone()), other.wide(rows.clone()));
            for (z, i) in z.chunks_exact_mut(k.max(1)).zip(rows.clone()) {
                let w = weight(i);
                z.iter_mut().for_each(|z| *z *= w);
            }
            let mut part = vec![0.0; k * k];
            let y = MatRef::from_column_major_slice(&y, k, rows.len());
            let z = MatRef::from_column_major_slice(&z, k, rows.len());
            let out = MatMut::from_column_major_slice_mut(&mut part, k, k);
            matmul(out, Accum::Replace, y, z.transpose(), 1.0, Par::Seq);
            part
        };
        let total = self.summed((2 * k * k) as u64, k * k, part, team, control)?;
        let mut product = Square::zeros(k);
        product.data_mut().copy_from_slice(&total);
        Ok(product)
    }

    /// The sum over blocks of rows, in their order, of `part(rows)`, which are `len` numbers.
    fn summed(
        &self,
        per_row: u64,
        len: usize,
        part: impl Fn(std::ops::Range<usize>) -> Vec<f64> + Sync,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Vec<f64>, Stop> {
        let mut total = vec![0.0; len];
        let per_block = BLOCK_ROWS as u64 * per_row;
        let at_once = (BATCH_FLOPS / per_block.max(1)).clamp(1, 64) as usize;
        let blocks = self.rows.div_ceil(BLOCK_ROWS);
        for first in (0..blocks).step_by(at_once) {
            let count = at_once.min(blocks - first);
            let parts = team.map(count, |b| {
                let start = (first + b) * BLOCK_ROWS;
                part(start..(start + BLOCK_ROWS).min(self.rows))
            });
            parts.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
            control.spend(count as u64 * per_block)?;
        }
        Ok(total)
    }

    /// Replaces every row `y` by `B'y`. Costs `2 rows cols^2` flops.
    pub fn transform(
        &mut self,
        b: &Square,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        let (k, stride, rows) = (self.cols, self.stride, self.rows);
        if k == 0 {
            return Ok(());
        }
        let columns: Vec<f64> = (0..k).flat_map(|l| b.column(l).iter().copied()).collect();
        let b = MatRef::from_column_major_slice(&columns, k, k);
        let per_row = (2 * k * k) as u64;
        let at_once = ((BATCH_FLOPS / per_row) as usize / BLOCK_ROWS).max(1) * BLOCK_ROWS;
        for start in (0..rows).step_by(at_once) {
            let end = (start + at_once).min(rows);
            let data = &mut self.data_mut()[start * stride..end * stride];
            team.fill(data, BLOCK_ROWS * stride, |_, part| {
                let d = part.len() / stride;
                let mut y = Vec::with_capacity(d * k);
                part.chunks_exact(stride).for_each(|row| y.extend(row[..k].iter().map(|v| v.wide())));
                let y = MatRef::from_column_major_slice(&y, k, d);
                let mut out = vec![0.0; d * k];
                let image = MatMut::from_column_major_slice_mut(&mut out, k, d);
                matmul(image, Accum::Replace, b.transpose(), y, 1.0, Par::Seq);
                for (row, out) in part.chunks_exact_mut(stride).zip(out.chunks_exact(k)) {
                    row.iter_mut().zip(out).for_each(|(row, out)| *row = T::narrow(*out));
                }
            });
            control.spend((end - start) as u64 * per_row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_and_transforms_agree_with_plain_sums() {
        let (n, k) = (1300, 3);
        let mut y = Tall::<f64>::zeros(n, k).unwrap();
        for i in 0..n {
            y.row_mut(i).iter_mut().enumerate().for_each(|(l, v)| *v = ((i * 3 + l) as f64).sin());
        }
        let control = &mut Control::new();
        let w = |i: usize| 1.0 + (i % 7) as f64;
        let gram = y.gram(w, &Team::solo(), control).unwrap();
        for a in 0..k {
            for b in 0..k {
                let plain: f64 = (0..n).map(|i| w(i) * y.row(i)[a] * y.row(i)[b]).sum();
                assert!((gram.at(a, b) - plain).abs() < 1e-10 * plain.abs().max(1.0));
            }
        }
        let mut b = Square::zeros(k);
        b.data_mut().copy_from_slice(&[1.0, 2.0, 0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 1.0]);
        let before = y.clone();
        y.transform(&b, &Team::solo(), control).unwrap();
        let row = before.row(77);
        assert_eq!(y.row(77), [row[0] + 2.0 * row[1], row[1], 3.0 * row[0] + row[2]]);
        assert!(y.padded_row(77)[k..].iter().all(|v| *v == 0.0));
    }
}
