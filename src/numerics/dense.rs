//! Dense input: views with a leading dimension, checked before use.

use super::kernels::Scalar;
use super::matrix::{DenseColumns, Matrix};
use crate::runtime::error::out_of_memory;
use crate::runtime::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// How the numbers of a dense array follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Columns are contiguous.
    ColumnMajor,
    /// Rows are contiguous.
    RowMajor,
}

/// A dense array of the caller: `rows x cols`, lines (columns or rows, by `order`) `ld` numbers apart.
#[derive(Debug, Clone, Copy)]
pub struct DenseView<'a, T> {
    /// The numbers; at least `ld (lines - 1) + line length` of them.
    pub data: &'a [T],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Leading dimension: at least the length of a line.
    pub ld: usize,
    /// Which lines are contiguous.
    pub order: Order,
}

/// The number of elements that a dense view must have, or an error that says what is wrong with its sizes.
pub fn dense_extent(rows: usize, cols: usize, ld: usize, order: Order) -> Result<usize> {
    let (length, lines, name) = match order {
        Order::ColumnMajor => (rows, cols, "rows"),
        Order::RowMajor => (cols, rows, "cols"),
    };
    if ld < length {
        return Err(Error::new(ErrorKind::Argument, "a.ld")
            .expected(format!("at least {name} ({length})"))
            .found(ld));
    }
    if lines == 0 || length == 0 {
        return Ok(0);
    }
    (lines - 1)
        .checked_mul(ld)
        .and_then(|n| n.checked_add(length))
        .filter(|n| *n <= isize::MAX as usize / 8)
        .ok_or_else(|| {
            Error::new(ErrorKind::Argument, "a")
                .expected("a size that fits in memory")
                .found(format!("{rows} x {cols} with ld {ld}"))
        })
}

/// Forms of storage that a dense array may have.
pub trait DenseScalar: Scalar {
    /// Wraps columns as a matrix.
    fn wrap(columns: DenseColumns<'_, Self>) -> Matrix<'_>;
}

impl DenseScalar for f64 {
    fn wrap(columns: DenseColumns<'_, f64>) -> Matrix<'_> {
        Matrix::Dense64(columns)
    }
}

impl DenseScalar for f32 {
    fn wrap(columns: DenseColumns<'_, f32>) -> Matrix<'_> {
        Matrix::Dense32(columns)
    }
}

impl<'a> Matrix<'a> {
    /// A matrix over the caller's column-major array, without a copy. Row-major arrays are refused here.
    ///
    /// Errors: `ld` below `rows`, too few numbers, NaN or infinity (with row and column). Costs one pass.
    pub fn dense_borrowed<T: DenseScalar>(view: DenseView<'a, T>) -> Result<Matrix<'a>> {
        if view.order != Order::ColumnMajor {
            return Err(Error::new(ErrorKind::Unsupported, "a.order")
                .expected("column-major data where nothing is copied")
                .found("row-major"));
        }
        check(&view)?;
        let DenseView { data, rows, cols, ld, .. } = view;
        // Columns without rows all start at 0: the array may be empty.
        let ld = if rows == 0 { 0 } else { ld };
        Ok(T::wrap(DenseColumns { data: Cow::Borrowed(data), rows, cols, ld }))
    }

    /// A matrix with its own copy of the caller's array, in either order. Errors and cost as above.
    pub fn dense<T: DenseScalar>(view: DenseView<'_, T>) -> Result<Matrix<'static>> {
        check(&view)?;
        let DenseView { data, rows, cols, ld, order } = view;
        let count = rows * cols;
        let mut copy = Vec::new();
        copy.try_reserve_exact(count).map_err(|_| out_of_memory("a", count, size_of::<T>()))?;
        match order {
            _ if count == 0 => {}
            Order::ColumnMajor => {
                (0..cols).for_each(|j| copy.extend_from_slice(&data[j * ld..][..rows]));
            }
            Order::RowMajor => {
                (0..cols).for_each(|j| copy.extend((0..rows).map(|r| data[r * ld + j])));
            }
        }
        Ok(T::wrap(DenseColumns { data: Cow::Owned(copy), rows, cols, ld: rows }))
    }
}

fn check<T: Scalar>(view: &DenseView<'_, T>) -> Result<()> {
    let &DenseView { data, rows, cols, ld, order } = view;
    let extent = dense_extent(rows, cols, ld, order)?;
    if data.len() < extent {
        return Err(Error::new(ErrorKind::Argument, "a.data")
            .expected(format!("{extent} numbers for {rows} x {cols} with ld {ld}"))
            .found(data.len()));
    }
    let (length, lines) = if order == Order::ColumnMajor { (rows, cols) } else { (cols, rows) };
    for line in 0..if length == 0 { 0 } else { lines } {
        let numbers = &data[line * ld..][..length];
        if let Some(k) = numbers.iter().position(|a| !a.wide().is_finite()) {
            let (row, column) = if order == Order::ColumnMajor { (k, line) } else { (line, k) };
            return Err(not_finite("a", format!("row {row}, column {column}"), numbers[k].wide()));
        }
    }
    Ok(())
}

/// The error of a value that is NaN or infinite.
pub fn not_finite(subject: &str, place: String, value: f64) -> Error {
    Error::new(ErrorKind::Data, subject).at(place).expected("a finite number").found(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(data: &[f64], rows: usize, cols: usize, ld: usize, order: Order) -> DenseView<'_, f64> {
        DenseView { data, rows, cols, ld, order }
    }

    #[test]
    fn both_orders_and_a_leading_dimension_give_the_same_columns() {
        let by_columns = [1.0, 2.0, f64::NAN, 3.0, 4.0];
        let by_rows = [1.0, 3.0, 2.0, 4.0];
        let a = Matrix::dense(view(&by_columns, 2, 2, 3, Order::ColumnMajor)).unwrap();
        let b = Matrix::dense(view(&by_rows, 2, 2, 2, Order::RowMajor)).unwrap();
        let c = Matrix::dense_borrowed(view(&by_columns, 2, 2, 3, Order::ColumnMajor)).unwrap();
        for m in [&a, &b, &c] {
            assert_eq!((m.dot(0, &[1.0, 10.0]), m.dot(1, &[1.0, 10.0])), (21.0, 43.0));
        }
        assert_eq!(c.owned_bytes(), 0);
    }

    #[test]
    fn bad_sizes_and_values_are_named() {
        let message = |v| Matrix::dense(v).unwrap_err().to_string();
        assert!(message(view(&[1.0], 2, 2, 1, Order::ColumnMajor)).contains("a.ld"));
        assert!(message(view(&[1.0; 3], 2, 2, 2, Order::ColumnMajor)).contains("expected 4 numbers"));
        assert!(message(view(&[], 1 << 40, 1 << 40, 1 << 40, Order::ColumnMajor)).contains("fits in memory"));
        let nan = [0.0, 0.0, f64::NAN, 0.0];
        assert_eq!(
            message(view(&nan, 2, 2, 2, Order::ColumnMajor)),
            "a, row 0, column 1: expected a finite number, found NaN"
        );
        assert_eq!(
            message(view(&nan, 2, 2, 2, Order::RowMajor)),
            "a, row 1, column 0: expected a finite number, found NaN"
        );
        assert!(Matrix::dense_borrowed(view(&nan, 2, 2, 2, Order::RowMajor)).is_err());
    }

    #[test]
    fn empty_matrices_are_matrices() {
        for (rows, cols) in [(0, 0), (0, 3), (3, 0)] {
            for order in [Order::ColumnMajor, Order::RowMajor] {
                let m = Matrix::dense(view(&[], rows, cols, 3, order)).unwrap();
                assert_eq!((m.rows(), m.cols()), (rows, cols));
            }
        }
    }
}
