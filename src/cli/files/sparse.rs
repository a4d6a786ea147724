//! Entries in the order of a file, and their compression by columns.

use southwell::runtime::{Error, ErrorKind, Result};

use super::Values;
use super::dense;

/// The most rows or columns of any sparse file: LIBSVM and its kin count in 32-bit integers.
pub(super) const MOST: usize = i32::MAX as usize;

/// The most rows or columns that a file of so many bytes is believed to have.
///
/// The compressed form takes memory for every column, stored in or not. Without this limit a line of
/// twenty bytes could ask for 16 GiB. Beyond it at least three columns of four would be empty.
pub(super) fn believable(bytes: usize) -> usize {
    bytes.clamp(1 << 24, MOST)
}

/// Stored entries, as three parallel lists to keep each small.
#[derive(Default)]
pub(super) struct Entries {
    rows: Vec<u32>,
    cols: Vec<u32>,
    values: Vec<f64>,
}

impl Entries {
    /// Room for `count` entries.
    pub fn with_room(name: &str, count: usize) -> Result<Self> {
        Ok(Self {
            rows: dense::room(name, count)?,
            cols: dense::room(name, count)?,
            values: dense::room(name, count)?,
        })
    }

    /// Adds an entry; rows and columns count from 0.
    pub fn push(&mut self, row: u32, col: u32, value: f64) {
        self.rows.push(row);
        self.cols.push(col);
        self.values.push(value);
    }

    /// The number of stored entries.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The places of the entries, in the order of the file.
    pub fn places(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.rows.iter().copied().zip(self.cols.iter().copied())
    }

    /// All entries, stored or zero.
    pub fn into_dense(self, name: &str, rows: usize, cols: usize) -> Result<Values> {
        let mut table = dense::zeros(name, rows, cols)?;
        for ((row, col), value) in self.places().zip(&self.values) {
            table[col as usize * rows + row as usize] = *value;
        }
        Ok(Values::Dense(table))
    }

    /// Compressed columns. Duplicates stay, side by side.
    pub fn compress(&self, name: &str, cols: usize) -> Result<Values> {
        if cols > MOST {
            return Err(Error::new(ErrorKind::Data, name)
                .expected(format!("at most {MOST} columns"))
                .found(cols));
        }
        let mut indptr: Vec<i64> = dense::room(name, cols + 1)?;
        indptr.resize(cols + 1, 0);
        for &col in &self.cols {
            indptr[col as usize + 1] += 1;
        }
        for col in 0..cols {
            indptr[col + 1] += indptr[col];
        }
        let mut indices: Vec<i64> = dense::room(name, self.len())?;
        indices.resize(self.len(), 0);
        let mut values = dense::room(name, self.len())?;
        values.resize(self.len(), 0.0);
        // Each start serves as the cursor of its column and ends where the next column starts.
        for ((row, col), value) in self.places().zip(&self.values) {
            let cursor = &mut indptr[col as usize];
            indices[*cursor as usize] = i64::from(row);
            values[*cursor as usize] = *value;
            *cursor += 1;
        }
        indptr.copy_within(..cols, 1);
        indptr[0] = 0;
        sort_columns(&indptr, &mut indices, &mut values);
        Ok(Values::Sparse { indptr, indices, values })
    }
}

fn sort_columns(indptr: &[i64], indices: &mut [i64], values: &mut [f64]) {
    let mut column: Vec<(i64, f64)> = Vec::new();
    for ends in indptr.windows(2) {
        let range = ends[0] as usize..ends[1] as usize;
        let (indices, values) = (&mut indices[range.clone()], &mut values[range]);
        if indices.is_sorted() {
            continue;
        }
        column.clear();
        column.extend(indices.iter().copied().zip(values.iter().copied()));
        column.sort_by_key(|&(row, _)| row);
        for ((index, value), sorted) in indices.iter_mut().zip(values.iter_mut()).zip(&column) {
            (*index, *value) = *sorted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Entries {
        let mut entries = Entries::default();
        for (row, col, value) in [(2, 1, 1.0), (0, 3, 2.0), (0, 1, 3.0), (1, 1, 4.0)] {
            entries.push(row, col, value);
        }
        entries
    }

    #[test]
    fn columns_are_compressed_and_sorted() {
        let expected = Values::Sparse {
            indptr: vec![0, 0, 3, 3, 4, 4],
            indices: vec![0, 1, 2, 0],
            values: vec![3.0, 4.0, 1.0, 2.0],
        };
        assert_eq!(entries().compress("f", 5).unwrap(), expected);
        assert_eq!(
            Entries::default().compress("f", 0).unwrap(),
            Values::Sparse { indptr: vec![0], indices: vec![], values: vec![] }
        );
    }

    #[test]
    fn the_dense_form_has_the_zeros() {
        let expected = Values::Dense(vec![0.0, 0.0, 0.0, 3.0, 4.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        assert_eq!(entries().into_dense("f", 3, 4).unwrap(), expected);
    }

    #[test]
    fn sizes_are_believed_up_to_the_size_of_the_file() {
        assert_eq!(believable(20), 16_777_216);
        assert_eq!(believable(100_000_000), 100_000_000);
        assert_eq!(believable(usize::MAX), MOST);
    }

    #[test]
    fn too_many_columns_are_refused() {
        let error = Entries::default().compress("f", MOST + 1).unwrap_err();
        assert_eq!(error.to_string(), "f: expected at most 2147483647 columns, found 2147483648");
    }
}
