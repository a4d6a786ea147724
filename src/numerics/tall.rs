//! Tall matrices, row after row, with few columns: the factors of low-rank models.

use super::gram::Square;
use super::real::Real;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// Rows whose products are summed together: fixed, so that sums do not depend on threads.
const BLOCK_ROWS: usize = 512;

/// A matrix of `rows` rows and `cols` columns in rows of `stride` numbers; what is beyond the columns is zero.
#[derive(Debug, Clone)]
pub struct Tall<T> {
    rows: usize,
    cols: usize,
    stride: usize,
    data: Vec<T>,
}

impl<T: Real> Tall<T> {
    /// A zero matrix. Errors: no memory for it.
    pub fn zeros(rows: usize, cols: usize) -> Result<Self> {
        let stride = cols.next_multiple_of(T::LANES);
        let data = zeros("factor", rows.saturating_mul(stride))?;
        Ok(Self { rows, cols, stride, data })
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
        &self.data[i * self.stride..i * self.stride + self.cols]
    }

    /// Row `i` with its padding.
    #[inline]
    pub fn padded_row(&self, i: usize) -> &[T] {
        &self.data[i * self.stride..(i + 1) * self.stride]
    }

    /// Row `i`, to be written.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.stride..i * self.stride + self.cols]
    }

    /// All rows with their padding.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All rows with their padding, to be written; the padding has to stay 0.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// `sum_i w_i y_i y_i'` in double precision; `weight` gives `w_i`. Costs `rows cols^2` flops.
    pub fn gram(
        &self,
        weight: impl Fn(usize) -> f64 + Sync,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Square, Stop> {
        self.product(self, weight, team, control)
    }

    /// `sum_i w_i y_i z_i'` for as many rows `z_i` of as many columns. Costs `2 rows cols^2` flops.
    pub fn product(
        &self,
        other: &Self,
        weight: impl Fn(usize) -> f64 + Sync,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Square, Stop> {
        let k = self.cols;
        let mut total = Square::zeros(k);
        let per_block = (2 * BLOCK_ROWS * k * k) as u64;
        let at_once = ((1_u64 << 26) / per_block.max(1)).clamp(1, 64) as usize;
        let blocks = self.rows.div_ceil(BLOCK_ROWS);
        for first in (0..blocks).step_by(at_once) {
            let count = at_once.min(blocks - first);
            let parts = team.map(count, |b| {
                let start = (first + b) * BLOCK_ROWS;
                let mut part = vec![0.0; k * k];
                for i in start..(start + BLOCK_ROWS).min(self.rows) {
                    let (y, z, w) = (self.row(i), other.row(i), weight(i));
                    for (column, z) in part.chunks_exact_mut(k).zip(z) {
                        let wz = w * z.wide();
                        column.iter_mut().zip(y).for_each(|(o, y)| *o += y.wide() * wz);
                    }
                }
                part
            });
            for part in parts {
                total.data_mut().iter_mut().zip(part).for_each(|(t, p)| *t += p);
            }
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
        let (k, stride) = (self.cols, self.stride);
        let per_row = (2 * k * k) as u64;
        let at_once = ((1_u64 << 26) / per_row.max(1)).max(1) as usize;
        for start in (0..self.rows).step_by(at_once) {
            let end = (start + at_once).min(self.rows);
            team.fill(&mut self.data[start * stride..end * stride], BLOCK_ROWS * stride, |_, part| {
                let mut y = vec![0.0; k];
                for row in part.chunks_exact_mut(stride) {
                    y.iter_mut().zip(&*row).for_each(|(y, r)| *y = r.wide());
                    for (l, out) in row[..k].iter_mut().enumerate() {
                        *out = T::narrow(y.iter().zip(b.column(l)).map(|(y, b)| y * b).sum());
                    }
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
