//! A copy of the rows of a matrix, one after the other in an order of choice: what loops over rows stream through.

use super::columns::Columns;
use super::kernels;
use super::matrix::SparseColumns;
use crate::runtime::{Control, Stop, error};
use std::borrow::Cow;

/// Entries sorted at a time when columns are turned into rows, about: they stay in the cache.
const BAND_ENTRIES: usize = 1 << 17;
/// The logarithm to base 2 of the most places among those.
const LOG2_MOST_PLACES: u32 = 11;

/// Rows in memory order. Sparse ones take 12 bytes for each entry, dense ones 8.
#[derive(Debug)]
pub struct PackedRows {
    cols: usize,
    /// Whether every row has all columns, so that no indices are kept.
    dense: bool,
    /// The rows as columns of the transpose: column indices are its row indices.
    lines: SparseColumns<'static, f64, u32>,
}

impl PackedRows {
    /// Copies all rows as they are: [`PackedRows::new`] with every row in its place, times 1.
    pub fn of_all(columns: &Columns<'_>, control: &mut Control<'_>) -> Result<Option<Self>, Stop> {
        let rows = columns.rows();
        let (Some(mut place), Some(mut factor)) = (zeros(rows), zeros(rows)) else { return Ok(None) };
        place.iter_mut().enumerate().for_each(|(r, place)| *place = r);
        factor.fill(1.0);
        Self::new(columns, &place, &factor, rows, control)
    }

    /// Copies rows: row `r` goes to `place[r]` (`usize::MAX`: left out) times `factor[r]`, and there are `count`
    /// places. Columns of scale 0 are left out of sparse rows.
    ///
    /// Costs two passes over the columns, one for dense data, and for a while 2 bytes more for each sparse entry.
    /// `None` where there is no memory for that, or where there are 2^32 columns or more.
    pub fn new(
        columns: &Columns<'_>,
        place: &[usize],
        factor: &[f64],
        count: usize,
        control: &mut Control<'_>,
    ) -> Result<Option<Self>, Stop> {
        if u32::try_from(columns.cols()).is_err() {
            return Ok(None);
        }
        match columns.is_sparse() {
            true => Self::sparse(columns, place, factor, count, control),
            false => Self::dense(columns, place, factor, count, control),
        }
    }

    /// [`PackedRows::new`] for dense columns.
    fn dense(
        columns: &Columns<'_>,
        place: &[usize],
        factor: &[f64],
        count: usize,
        control: &mut Control<'_>,
    ) -> Result<Option<Self>, Stop> {
        let cols = columns.cols();
        let Some(mut start) = count.checked_add(1).and_then(zeros) else { return Ok(None) };
        // No more than the data have, which fit.
        (0..=count).for_each(|k| start[k] = k * cols);
        let Some(mut value) = zeros(start[count]) else { return Ok(None) };
        for j in 0..cols {
            columns.for_each(j, |r, a| {
                if place[r] != usize::MAX {
                    value[place[r] * cols + j] = factor[r] * a;
                }
            });
            control.spend(columns.flops(j))?;
        }
        Ok(Some(Self::of(cols, true, start, Vec::new(), value)))
    }

    /// [`PackedRows::new`] for sparse columns.
    fn sparse(
        columns: &Columns<'_>,
        place: &[usize],
        factor: &[f64],
        count: usize,
        control: &mut Control<'_>,
    ) -> Result<Option<Self>, Stop> {
        let cols = columns.cols();
        let taken = || (0..cols).filter(|&j| columns.scale()[j] != 0.0);
        let Some(mut start) = count.checked_add(1).and_then(zeros) else { return Ok(None) };
        for j in taken() {
            columns.for_each(j, |r, _| {
                if place[r] != usize::MAX {
                    start[place[r] + 1] += 1;
                }
            });
            control.spend(columns.flops(j))?;
        }
        (0..count).for_each(|k| start[k + 1] += start[k]);
        let entries = start[count];
        let (Some(mut value), Some(mut index)) = (zeros(entries), zeros(entries)) else { return Ok(None) };
        let Some(mut within) = zeros::<u16>(entries) else { return Ok(None) };
        // By bands of places first: the rows of one stay in the cache while its entries find their own.
        let shift = (BAND_ENTRIES * count / entries.max(1)).max(1).ilog2().min(LOG2_MOST_PLACES);
        let places = 1 << shift;
        let mut ends: Vec<usize> = start[..count].iter().step_by(places).copied().collect();
        for j in taken() {
            columns.for_each(j, |r, a| {
                let k = place[r];
                if k != usize::MAX {
                    let end = &mut ends[k >> shift];
                    // They fit: the number of columns does, and a place within its band.
                    within[*end] = (k % places) as u16;
                    (index[*end], value[*end]) = (j as u32, factor[r] * a);
                    *end += 1;
                }
            });
            control.spend(columns.flops(j))?;
        }
        sort_bands(places, &start, &within, &mut index, &mut value, control)?;
        Ok(Some(Self::of(cols, false, start, index, value)))
    }

    /// Indices are below `cols`: they number columns.
    fn of(cols: usize, dense: bool, start: Vec<usize>, index: Vec<u32>, value: Vec<f64>) -> Self {
        let (indices, values) = (Cow::Owned(index), Cow::Owned(value));
        Self { cols, dense, lines: SparseColumns { rows: cols, indptr: start, indices, values } }
    }

    #[inline]
    fn range(&self, k: usize) -> std::ops::Range<usize> {
        self.lines.indptr[k]..self.lines.indptr[k + 1]
    }

    #[inline]
    fn dense_row(&self, k: usize) -> &[f64] {
        &self.lines.values[self.range(k)]
    }

    /// The rows in `keep`, in that order; `None` where there is no memory for them.
    pub fn subset(&self, keep: &[usize]) -> Option<Self> {
        let entries = keep.iter().map(|&k| self.entries(k)).sum();
        let (mut start, mut index, mut value) = (Vec::new(), Vec::new(), Vec::new());
        start.try_reserve_exact(keep.len() + 1).ok()?;
        index.try_reserve_exact(if self.dense { 0 } else { entries }).ok()?;
        value.try_reserve_exact(entries).ok()?;
        start.push(0);
        for &k in keep {
            let range = self.range(k);
            if !self.dense {
                index.extend_from_slice(&self.lines.indices[range.clone()]);
            }
            value.extend_from_slice(&self.lines.values[range]);
            start.push(value.len());
        }
        Some(Self::of(self.cols, self.dense, start, index, value))
    }

    /// Leaves only the rows in `keep`, which ascends, in place.
    pub fn retain(&mut self, keep: &[usize]) {
        let (index, value) = (self.lines.indices.to_mut(), self.lines.values.to_mut());
        let start = &mut self.lines.indptr;
        let mut end = 0;
        for (i, &k) in keep.iter().enumerate() {
            let range = start[k]..start[k + 1];
            let len = range.len();
            if !self.dense {
                index.copy_within(range.clone(), end);
            }
            value.copy_within(range, end);
            // Starts up to `k` are behind: `keep` ascends.
            start[i] = end;
            end += len;
        }
        start.truncate(keep.len());
        start.push(end);
        value.truncate(end);
        index.truncate(end);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.lines.indptr.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Whether no indices are kept.
    pub fn is_dense(&self) -> bool {
        self.dense
    }

    /// Entries of row `k`.
    #[inline]
    pub fn entries(&self, k: usize) -> usize {
        self.range(k).len()
    }

    /// Entries in all.
    pub fn all_entries(&self) -> usize {
        self.lines.values.len()
    }

    /// Flops of one pass over row `k`.
    #[inline]
    pub fn flops(&self, k: usize) -> u64 {
        2 * self.entries(k) as u64 + 8
    }

    /// `a_k'v`, `v` with one number per column.
    #[inline]
    pub fn dot(&self, k: usize, v: &[f64]) -> f64 {
        match self.dense {
            true => kernels::dot(self.dense_row(k), v),
            false => self.lines.column(k).dot(v),
        }
    }

    /// `v += alpha a_k`.
    #[inline]
    pub fn add(&self, k: usize, alpha: f64, v: &mut [f64]) {
        match self.dense {
            true => kernels::add(alpha, self.dense_row(k), v),
            false => self.lines.column(k).add(alpha, v),
        }
    }

    /// Calls `visit(column, value)` for the entries of row `k`, columns ascending.
    #[inline]
    pub fn for_each(&self, k: usize, mut visit: impl FnMut(usize, f64)) {
        match self.dense {
            true => self.dense_row(k).iter().enumerate().for_each(|(j, &a)| visit(j, a)),
            false => self.lines.column(k).entries().for_each(|(j, a)| visit(j, a)),
        }
    }
}

/// Sorts the entries of each band of `places` rows by row, columns as they come. `start` has the rows, `within` the row
/// of an entry within its band.
fn sort_bands(
    places: usize,
    start: &[usize],
    within: &[u16],
    index: &mut [u32],
    value: &mut [f64],
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let count = start.len() - 1;
    let mut next = Vec::with_capacity(places);
    let mut entries = Vec::new();
    for first in (0..count).step_by(places) {
        let last = (first + places).min(count);
        let range = start[first]..start[last];
        control.spend(4 * range.len() as u64)?;
        next.clear();
        next.extend_from_slice(&start[first..last]);
        entries.clear();
        entries.extend(range.map(|at| (within[at], index[at], value[at])));
        for &(k, j, a) in &entries {
            let at = &mut next[usize::from(k)];
            (index[*at], value[*at]) = (j, a);
            *at += 1;
        }
    }
    Ok(())
}

/// Zeros, or `None` where there is no memory for them.
fn zeros<T: Copy + Default>(count: usize) -> Option<Vec<T>> {
    error::zeros("rows", count).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};

    fn row(rows: &PackedRows, k: usize) -> Vec<(usize, f64)> {
        let mut found = Vec::new();
        rows.for_each(k, |j, a| found.push((j, a)));
        found
    }

    #[test]
    fn rows_are_placed_scaled_and_left_out() {
        let view = SparseView {
            rows: 3,
            cols: 3,
            indptr: &[0_i32, 2, 3, 5][..],
            indices: &[0_i32, 2, 0, 1, 2][..],
            values: &[1.0, 2.0, 9.0, 3.0, 4.0][..],
            layout: Layout::Csc,
        };
        let matrix = Matrix::sparse(view, Duplicates::Error).unwrap();
        let columns = Columns::new(&matrix, vec![2.0, 0.0, 0.5]);
        let place = [1, usize::MAX, 0];
        let factor = [1.0, 1.0, -1.0];
        let rows = PackedRows::new(&columns, &place, &factor, 2, &mut Control::new()).unwrap().unwrap();
        assert_eq!(row(&rows, 0), [(0, -4.0), (2, -2.0)]);
        assert_eq!(row(&rows, 1), [(0, 2.0)]);
        assert_eq!(rows.dot(0, &[1.0, 5.0, 2.0]), -8.0);
        let part = rows.subset(&[1]).unwrap();
        assert_eq!((part.len(), row(&part, 0)), (1, row(&rows, 1)));
        let mut rest = rows.subset(&[0, 1]).unwrap();
        rest.retain(&[1]);
        assert_eq!((rest.len(), row(&rest, 0)), (1, row(&rows, 1)));
    }

    #[test]
    fn all_rows_hold_the_scaled_entries_of_the_columns() {
        let view = SparseView {
            rows: 3,
            cols: 3,
            indptr: &[0_i32, 2, 2, 4][..],
            indices: &[0_i32, 2, 1, 2][..],
            values: &[1.0, 2.0, 3.0, 4.0][..],
            layout: Layout::Csc,
        };
        let matrix = Matrix::sparse(view, Duplicates::Error).unwrap();
        let columns = Columns::new(&matrix, vec![2.0, 1.0, 0.5]);
        let rows = PackedRows::of_all(&columns, &mut Control::new()).unwrap().unwrap();
        assert_eq!(row(&rows, 0), [(0, 2.0)]);
        assert_eq!(row(&rows, 1), [(2, 1.5)]);
        assert_eq!(row(&rows, 2), [(0, 4.0), (2, 2.0)]);
    }

    #[test]
    fn what_memory_cannot_hold_is_none() {
        assert!(zeros::<f64>(usize::MAX / 16).is_none());
        let view = DenseView { data: &[0.0; 0][..], rows: 0, cols: 2, ld: 0, order: Order::ColumnMajor };
        let matrix = Matrix::dense(view).unwrap();
        let columns = Columns::new(&matrix, vec![1.0; 2]);
        for places in [usize::MAX, usize::MAX / 32] {
            assert!(PackedRows::new(&columns, &[], &[], places, &mut Control::new()).unwrap().is_none());
        }
    }

    #[test]
    fn dense_rows_keep_no_indices() {
        let data = [1.0, 2.0, 3.0, 4.0];
        let view = DenseView { data: &data[..], rows: 2, cols: 2, ld: 2, order: Order::ColumnMajor };
        let matrix = Matrix::dense(view).unwrap();
        let columns = Columns::new(&matrix, vec![1.0, 0.0]);
        let rows = PackedRows::new(&columns, &[1, 0], &[1.0, -1.0], 2, &mut Control::new()).unwrap().unwrap();
        assert!(rows.is_dense());
        assert_eq!(row(&rows, 0), [(0, -2.0), (1, 0.0)]);
        let mut v = vec![1.0, 1.0];
        rows.add(1, 2.0, &mut v);
        assert_eq!(v, [3.0, 1.0]);
    }
}
