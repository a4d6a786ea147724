//! The other order of sparse columns: their entries row by row.

use super::columns::Columns;
use crate::runtime::{Control, Stop};

/// The scaled entries of [`Columns`] by row, columns ascending within a row. Takes 12 bytes for each entry (16 where
/// there are 2^32 columns or more).
#[derive(Debug)]
pub struct Rows {
    start: Vec<usize>,
    index: Indices,
    value: Vec<f64>,
}

#[derive(Debug)]
enum Indices {
    Short(Vec<u32>),
    Long(Vec<usize>),
}

impl Rows {
    /// Transposes by counting. Costs two passes over the columns. `None` where there is no memory for it.
    pub fn new(columns: &Columns<'_>, control: &mut Control<'_>) -> Result<Option<Self>, Stop> {
        let mut start = vec![0; columns.rows() + 1];
        for j in 0..columns.cols() {
            columns.for_each(j, |r, _| start[r + 1] += 1);
            control.spend(columns.flops(j))?;
        }
        (0..columns.rows()).for_each(|r| start[r + 1] += start[r]);
        let entries = start[columns.rows()];
        let mut next = start.clone();
        let short = u32::try_from(columns.cols()).is_ok();
        let index =
            if short { zeros(entries).map(Indices::Short) } else { zeros(entries).map(Indices::Long) };
        let (Some(mut value), Some(mut index)) = (zeros(entries), index) else { return Ok(None) };
        for j in 0..columns.cols() {
            columns.for_each(j, |r, a| {
                value[next[r]] = a;
                match &mut index {
                    // It fits: the number of columns does.
                    Indices::Short(index) => index[next[r]] = j as u32,
                    Indices::Long(index) => index[next[r]] = j,
                }
                next[r] += 1;
            });
            control.spend(columns.flops(j))?;
        }
        Ok(Some(Self { start, index, value }))
    }

    /// Number of entries of row `r`.
    pub fn entries(&self, r: usize) -> usize {
        self.start[r + 1] - self.start[r]
    }

    /// Calls `visit(column, value)` for the entries of row `r`.
    #[inline]
    pub fn for_each(&self, r: usize, mut visit: impl FnMut(usize, f64)) {
        let range = self.start[r]..self.start[r + 1];
        let values = &self.value[range.clone()];
        match &self.index {
            Indices::Short(index) => {
                index[range].iter().zip(values).for_each(|(&j, &a)| visit(j as usize, a));
            }
            Indices::Long(index) => index[range].iter().zip(values).for_each(|(&j, &a)| visit(j, a)),
        }
    }
}

/// Zeros, or `None` where there is no memory for them.
fn zeros<T: Clone + Default>(count: usize) -> Option<Vec<T>> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(count).ok()?;
    vector.resize(count, T::default());
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{Duplicates, Layout, Matrix, SparseView};

    #[test]
    fn rows_hold_the_scaled_entries_of_the_columns() {
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
        let rows = Rows::new(&columns, &mut Control::new()).unwrap().unwrap();
        assert!(zeros::<f64>(usize::MAX / 16).is_none());
        let row = |r: usize| {
            let mut found = Vec::new();
            rows.for_each(r, |j, a| found.push((j, a)));
            assert_eq!(found.len(), rows.entries(r));
            found
        };
        assert_eq!(row(0), [(0, 2.0)]);
        assert_eq!(row(1), [(2, 1.5)]);
        assert_eq!(row(2), [(0, 4.0), (2, 2.0)]);
    }
}
