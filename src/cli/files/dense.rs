//! Dense storage, column after column.

use southwell::runtime::{Error, ErrorKind, Result};

/// Rows that are moved at once, so that the lines of the cache serve more than one number.
const STRIP: usize = 64;

/// An empty vector with room for `count` elements, or an error about the file `name`.
pub(super) fn room<T>(name: &str, count: usize) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    match vector.try_reserve_exact(count) {
        Ok(()) => Ok(vector),
        Err(_) => Err(Error::new(ErrorKind::Memory, name)
            .expected("memory for its numbers")
            .found(format!("none for {count} elements of {} bytes", size_of::<T>()))),
    }
}

/// A table of zeros.
pub(super) fn zeros(name: &str, rows: usize, cols: usize) -> Result<Vec<f64>> {
    let count = rows.checked_mul(cols).ok_or_else(|| {
        Error::new(ErrorKind::Memory, name)
            .expected("a table that fits in memory")
            .found(format!("{rows} rows and {cols} columns"))
    })?;
    let mut table = room(name, count)?;
    table.resize(count, 0.0);
    Ok(table)
}

/// Turns row after row into column after column.
pub(super) fn by_columns(name: &str, by_rows: &[f64], rows: usize, cols: usize) -> Result<Vec<f64>> {
    if rows == 1 || cols == 1 {
        let mut same = room(name, by_rows.len())?;
        same.extend_from_slice(by_rows);
        return Ok(same);
    }
    let mut table = zeros(name, rows, cols)?;
    for first in (0..rows).step_by(STRIP) {
        let last = rows.min(first + STRIP);
        for col in 0..cols {
            for row in first..last {
                table[col * rows + row] = by_rows[row * cols + col];
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        assert_eq!(
            by_columns("f", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3).unwrap(),
            [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
        );
        let (rows, cols) = (150, 3);
        let by_rows: Vec<f64> = (0..rows * cols).map(|at| at as f64).collect();
        let table = by_columns("f", &by_rows, rows, cols).unwrap();
        assert!(
            (0..rows).all(|row| (0..cols).all(|col| table[col * rows + row] == by_rows[row * cols + col]))
        );
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for (rows, cols) in [(usize::MAX, 2), (usize::MAX / 16, 1)] {
            assert_eq!(zeros("f", rows, cols).unwrap_err().kind(), ErrorKind::Memory);
        }
    }
}
