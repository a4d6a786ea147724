//! Sparse input: CSC and CSR, 32- and 64-bit indices, checked and brought into ascending columns.

use super::dense::not_finite;
use super::kernels::{Index, Scalar};
use super::matrix::{Matrix, SparseColumns};
use crate::runtime::error::{copied, out_of_memory, zeros};
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::borrow::Cow;

/// Entries that are checked between two reports of work.
const PIECE: usize = 1 << 16;

/// Which lines of a sparse array are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Compressed sparse columns.
    Csc,
    /// Compressed sparse rows.
    Csr,
}

/// What repeated entries mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// They are refused.
    Error,
    /// Their sum is the entry.
    Sum,
}

/// A sparse array of the caller. `P` and `I` are i32 or i64.
#[derive(Debug, Clone, Copy)]
pub struct SparseView<'a, T, P, I> {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Where each line starts: one more than there are lines, from 0, never decreasing.
    pub indptr: &'a [P],
    /// Row (CSC) or column (CSR) of each entry.
    pub indices: &'a [I],
    /// The entries.
    pub values: &'a [T],
    /// Which lines are compressed.
    pub layout: Layout,
}

impl<T: Scalar, P: CallerIndex, I: CallerIndex> SparseView<'_, T, P, I> {
    /// Checks sizes, `indptr`, indices and values; gives `indptr` as positions.
    ///
    /// Errors: as for a matrix made of it; `Stopped` by the control, which is asked at every piece.
    pub(crate) fn positions(&self, control: &mut Control<'_>) -> Result<Vec<usize>> {
        check(self, control)
    }
}

/// An index as callers store it: i32 or i64.
pub trait CallerIndex: Copy + Sync {
    /// The form in which it is kept when it is borrowed.
    type Stored: Index;
    /// The value.
    fn value(self) -> i64;
    /// The same memory, read as unsigned: valid once every index is known not to be negative.
    fn as_stored(indices: &[Self]) -> &[Self::Stored];
}

impl CallerIndex for i32 {
    type Stored = u32;
    fn value(self) -> i64 {
        i64::from(self)
    }
    fn as_stored(indices: &[i32]) -> &[u32] {
        // SAFETY: i32 and u32 have the same size, alignment and valid bits.
        unsafe { std::slice::from_raw_parts(indices.as_ptr().cast(), indices.len()) }
    }
}

impl CallerIndex for i64 {
    type Stored = u64;
    fn value(self) -> i64 {
        self
    }
    fn as_stored(indices: &[i64]) -> &[u64] {
        // SAFETY: i64 and u64 have the same size, alignment and valid bits.
        unsafe { std::slice::from_raw_parts(indices.as_ptr().cast(), indices.len()) }
    }
}

/// Pairs of value and index types that a sparse matrix may have.
pub trait SparseForm<I: Index>: Scalar {
    /// Wraps columns as a matrix.
    fn wrap(columns: SparseColumns<'_, Self, I>) -> Matrix<'_>;
}

macro_rules! sparse_form {
    ($scalar:ty, $index:ty, $variant:ident) => {
        impl SparseForm<$index> for $scalar {
            fn wrap(columns: SparseColumns<'_, $scalar, $index>) -> Matrix<'_> {
                Matrix::$variant(columns)
            }
        }
    };
}
sparse_form!(f64, u32, Sparse64);
sparse_form!(f32, u32, Sparse32);
sparse_form!(f64, u64, Sparse64Long);
sparse_form!(f32, u64, Sparse32Long);

impl<'a> Matrix<'a> {
    /// A matrix over the caller's CSC arrays, without a copy of indices and values.
    ///
    /// Errors: everything that [`Matrix::sparse`] refuses, and CSR, unsorted or repeated rows.
    pub fn sparse_borrowed<T, P, I>(view: SparseView<'a, T, P, I>) -> Result<Matrix<'a>>
    where
        T: SparseForm<I::Stored>,
        P: CallerIndex,
        I: CallerIndex,
    {
        if view.layout != Layout::Csc {
            return Err(Error::new(ErrorKind::Unsupported, "a.layout")
                .expected("CSC where nothing is copied")
                .found("CSR"));
        }
        let indptr = partition(&view)?;
        let column = |j: usize| &view.indices[indptr[j]..indptr[j + 1]];
        if !is_ascending(view.indices, &indptr, view.rows) || !are_finite(view.values) {
            name_defect(&view, &indptr)?;
            let falls = |w: &[I]| w[0].value() >= w[1].value();
            for j in 0..view.cols {
                if let Some(k) = column(j).windows(2).position(falls) {
                    return Err(Error::new(ErrorKind::Data, "a.indices")
                        .at(format!("column {j}"))
                        .expected("ascending rows without repeats, where nothing is copied")
                        .found(format!("{} and then {}", column(j)[k].value(), column(j)[k + 1].value())));
                }
            }
        }
        Ok(T::wrap(SparseColumns {
            rows: view.rows,
            indptr,
            indices: Cow::Borrowed(I::as_stored(view.indices)),
            values: Cow::Borrowed(view.values),
        }))
    }

    /// A matrix with its own copy of the caller's arrays, in either layout, with indices in any order.
    ///
    /// Errors: an `indptr` that is not a partition of the entries, an index out of range (with its line), NaN or
    /// infinity (with row and column), repeated entries unless `duplicates` says sum. Costs two passes and, for lines
    /// that are not sorted, a sort of each.
    pub fn sparse<T, P, I>(view: SparseView<'_, T, P, I>, duplicates: Duplicates) -> Result<Matrix<'static>>
    where
        T: SparseForm<u32> + SparseForm<u64>,
        P: CallerIndex,
        I: CallerIndex,
    {
        let indptr = check(&view, &mut Control::new())?;
        if u32::try_from(view.rows).is_ok() {
            columns::<T, P, I, u32>(&view, &indptr, duplicates).map(<T as SparseForm<u32>>::wrap)
        } else {
            columns::<T, P, I, u64>(&view, &indptr, duplicates).map(<T as SparseForm<u64>>::wrap)
        }
    }
}

/// Checks sizes, `indptr`, indices and values; gives `indptr` as positions.
fn check<T: Scalar, P: CallerIndex, I: CallerIndex>(
    view: &SparseView<'_, T, P, I>,
    control: &mut Control<'_>,
) -> Result<Vec<usize>> {
    let indptr = partition(view)?;
    let range = if view.layout == Layout::Csc { view.rows } else { view.cols };
    // A negative index is a large number. Without an early end, so that the pass runs at the speed of the memory.
    let mut sound = true;
    for (indices, values) in view.indices.chunks(PIECE).zip(view.values.chunks(PIECE)) {
        let stray = indices.iter().fold(false, |bad, i| bad | (i.value() as u64 >= range as u64));
        sound &= !stray && are_finite(values);
        control.spend(2 * indices.len() as u64)?;
    }
    if !sound {
        name_defect(view, &indptr)?;
    }
    Ok(indptr)
}

/// Checks that `indptr` parts the entries into lines; gives it as positions.
fn partition<T: Scalar, P: CallerIndex, I: CallerIndex>(
    view: &SparseView<'_, T, P, I>,
) -> Result<Vec<usize>> {
    let (lines, line_name) = match view.layout {
        Layout::Csc => (view.cols, "column"),
        Layout::Csr => (view.rows, "row"),
    };
    let wrong = |subject: &str, at: String, expected: String, found: String| {
        Err(Error::new(ErrorKind::Data, subject).at(at).expected(expected).found(found))
    };
    let entries = view.indices.len();
    if view.indptr.len() != lines + 1 {
        return Err(Error::new(ErrorKind::Argument, "a.indptr")
            .expected(format!("{} numbers, one more than there are {line_name}s", lines + 1))
            .found(view.indptr.len()));
    }
    if view.values.len() != entries {
        return Err(Error::new(ErrorKind::Argument, "a.values")
            .expected(format!("{entries} numbers, as many as indices"))
            .found(view.values.len()));
    }
    let mut indptr = Vec::new();
    indptr.try_reserve_exact(lines + 1).map_err(|_| out_of_memory("a.indptr", lines + 1, 8))?;
    let mut last = 0_i64;
    for (k, p) in view.indptr.iter().enumerate() {
        let p = p.value();
        if k == 0 && p != 0 {
            return wrong("a.indptr", "entry 0".into(), "0".into(), p.to_string());
        }
        if p < last {
            return wrong(
                "a.indptr",
                format!("{line_name} {}", k - 1),
                format!("at least {last}"),
                p.to_string(),
            );
        }
        if p as u64 > entries as u64 {
            return wrong(
                "a.indptr",
                format!("{line_name} {}", k.saturating_sub(1)),
                format!("at most {entries}, the number of entries"),
                p.to_string(),
            );
        }
        last = p;
        indptr.push(p as usize);
    }
    if indptr[lines] != entries {
        return wrong(
            "a.indptr",
            "last entry".into(),
            format!("{entries}, the number of entries"),
            indptr[lines].to_string(),
        );
    }
    Ok(indptr)
}

/// Refuses the first index that is out of range, or the first value that is not finite.
fn name_defect<T: Scalar, P: CallerIndex, I: CallerIndex>(
    view: &SparseView<'_, T, P, I>,
    indptr: &[usize],
) -> Result<()> {
    let (range, line_name, index_name) = match view.layout {
        Layout::Csc => (view.rows, "column", "row"),
        Layout::Csr => (view.cols, "row", "column"),
    };
    for line in 0..indptr.len() - 1 {
        for k in indptr[line]..indptr[line + 1] {
            let index = view.indices[k].value();
            if index < 0 || index as u64 >= range as u64 {
                return Err(Error::new(ErrorKind::Data, "a.indices")
                    .at(format!("{line_name} {line}, entry {}", k - indptr[line]))
                    .expected(format!("a {index_name} in 0..{range}"))
                    .found(index));
            }
            let value = view.values[k].wide();
            if !value.is_finite() {
                return Err(not_finite("a", format!("{line_name} {line}, {index_name} {index}"), value));
            }
        }
    }
    Ok(())
}

/// Whether the indices of each line ascend within `0..range`. One pass at the speed of the memory: all falls are
/// counted, and then those that are between lines; lines that ascend are in range if their ends are.
fn is_ascending<I: CallerIndex>(indices: &[I], indptr: &[usize], range: usize) -> bool {
    let falls = |w: &[I]| w[0].value() >= w[1].value();
    let all = indices.windows(2).map(|w| usize::from(falls(w))).sum::<usize>();
    let lines = || indptr.windows(2).filter(|p| p[0] < p[1]).map(|p| p[0]..p[1]);
    let between =
        lines().filter(|line| line.start > 0 && falls(&indices[line.start - 1..=line.start])).count();
    let inside = |line: std::ops::Range<usize>| {
        indices[line.start].value() >= 0 && (indices[line.end - 1].value() as u64) < range as u64
    };
    all == between && lines().all(inside)
}

/// Whether all values are finite; without an early end, so that the pass runs at the speed of the memory.
fn are_finite<T: Scalar>(values: &[T]) -> bool {
    !values.iter().fold(false, |bad, v| bad | !v.wide().is_finite())
}

/// Copies a checked view into ascending columns.
fn columns<T: Scalar, P: CallerIndex, I: CallerIndex, S: Index>(
    view: &SparseView<'_, T, P, I>,
    indptr: &[usize],
    duplicates: Duplicates,
) -> Result<SparseColumns<'static, T, S>> {
    let entries = view.values.len();
    let mut indices: Vec<S> = Vec::new();
    let mut values: Vec<T> = Vec::new();
    indices.try_reserve_exact(entries).map_err(|_| out_of_memory("a.indices", entries, size_of::<S>()))?;
    values.try_reserve_exact(entries).map_err(|_| out_of_memory("a.values", entries, size_of::<T>()))?;
    let starts = match view.layout {
        Layout::Csc => {
            indices.extend(view.indices.iter().map(|i| S::store(i.value() as usize)));
            values.extend_from_slice(view.values);
            copied("a.indptr", indptr)?
        }
        Layout::Csr => transpose(view, indptr, &mut indices, &mut values)?,
    };
    for j in 0..view.cols {
        sort_column(&mut indices[starts[j]..starts[j + 1]], &mut values[starts[j]..starts[j + 1]]);
    }
    merge_duplicates(view.rows, starts, indices, values, duplicates)
}

/// Counting transposition of CSR into CSC; rows come out ascending in each column.
fn transpose<T: Scalar, P: CallerIndex, I: CallerIndex, S: Index>(
    view: &SparseView<'_, T, P, I>,
    indptr: &[usize],
    indices: &mut Vec<S>,
    values: &mut Vec<T>,
) -> Result<Vec<usize>> {
    let mut starts: Vec<usize> = zeros("a.indptr", view.cols.saturating_add(1))?;
    view.indices.iter().for_each(|i| starts[i.value() as usize + 1] += 1);
    (0..view.cols).for_each(|j| starts[j + 1] += starts[j]);
    let mut next = copied("a.indptr", &starts)?;
    indices.resize(view.indices.len(), S::store(0));
    values.resize(view.indices.len(), T::narrow(0.0));
    for row in 0..view.rows {
        for k in indptr[row]..indptr[row + 1] {
            let slot = &mut next[view.indices[k].value() as usize];
            indices[*slot] = S::store(row);
            values[*slot] = view.values[k];
            *slot += 1;
        }
    }
    Ok(starts)
}

/// Sorts a column by row, keeping the order of repeats.
fn sort_column<T: Scalar, S: Index>(indices: &mut [S], values: &mut [T]) {
    if indices.windows(2).all(|w| w[0].position() <= w[1].position()) {
        return;
    }
    let mut pairs: Vec<(S, T)> = indices.iter().copied().zip(values.iter().copied()).collect();
    pairs.sort_by_key(|p| p.0.position());
    for (k, (index, value)) in pairs.into_iter().enumerate() {
        indices[k] = index;
        values[k] = value;
    }
}

fn merge_duplicates<T: Scalar, S: Index>(
    rows: usize,
    starts: Vec<usize>,
    mut indices: Vec<S>,
    mut values: Vec<T>,
    duplicates: Duplicates,
) -> Result<SparseColumns<'static, T, S>> {
    let mut indptr: Vec<usize> = zeros("a.indptr", starts.len())?;
    let mut kept = 0;
    for j in 0..starts.len() - 1 {
        let first = kept;
        for k in starts[j]..starts[j + 1] {
            if kept > first && indices[kept - 1].position() == indices[k].position() {
                if duplicates == Duplicates::Error {
                    return Err(Error::new(ErrorKind::Data, "a")
                        .at(format!("row {}, column {j}", indices[k].position()))
                        .expected("one entry (option duplicates=sum adds repeats)")
                        .found("a repeat"));
                }
                let sum = values[kept - 1].wide() + values[k].wide();
                if !T::narrow(sum).wide().is_finite() {
                    return Err(not_finite("a", format!("row {}, column {j}", indices[k].position()), sum));
                }
                values[kept - 1] = T::narrow(sum);
            } else {
                indices[kept] = indices[k];
                values[kept] = values[k];
                kept += 1;
            }
        }
        indptr[j + 1] = kept;
    }
    indices.truncate(kept);
    values.truncate(kept);
    Ok(SparseColumns { rows, indptr, indices: Cow::Owned(indices), values: Cow::Owned(values) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(indptr: &'a [i32], indices: &'a [i64], values: &'a [f64]) -> SparseView<'a, f64, i32, i64> {
        SparseView { rows: 3, cols: 2, indptr, indices, values, layout: Layout::Csc }
    }

    #[test]
    fn unsorted_csc_and_csr_give_the_same_columns() {
        let csc = Matrix::sparse(view(&[0, 2, 3], &[2, 0, 1], &[3.0, 1.0, 5.0]), Duplicates::Error).unwrap();
        let csr = SparseView {
            rows: 3,
            cols: 2,
            indptr: &[0_i64, 1, 2, 3][..],
            indices: &[0_i32, 1, 0][..],
            values: &[1.0, 5.0, 3.0][..],
            layout: Layout::Csr,
        };
        let csr = Matrix::sparse(csr, Duplicates::Error).unwrap();
        for m in [&csc, &csr] {
            let mut seen = Vec::new();
            m.for_each(0, |r, a| seen.push((r, a)));
            assert_eq!(seen, [(0, 1.0), (2, 3.0)]);
            assert_eq!(m.dot(1, &[1.0, 2.0, 3.0]), 10.0);
        }
    }

    #[test]
    fn repeats_are_refused_or_summed() {
        let twice = view(&[0, 3, 3], &[1, 2, 1], &[1.0, 7.0, 2.0]);
        let message = Matrix::sparse(twice, Duplicates::Error).unwrap_err().to_string();
        assert!(message.contains("row 1, column 0"), "{message}");
        let m = Matrix::sparse(twice, Duplicates::Sum).unwrap();
        assert_eq!((m.entries(), m.dot(0, &[0.0, 1.0, 0.0])), (2, 3.0));
    }

    #[test]
    fn every_defect_is_named() {
        let message = |v| Matrix::sparse(v, Duplicates::Error).unwrap_err().to_string();
        assert!(message(view(&[0, 1], &[0], &[1.0])).contains("a.indptr: expected 3 numbers"));
        assert!(message(view(&[1, 1, 1], &[0], &[1.0])).contains("a.indptr, entry 0"));
        assert!(message(view(&[0, 1, 0], &[0], &[1.0])).contains("a.indptr, column 1: expected at least 1"));
        assert!(message(view(&[0, 0, 0], &[0], &[1.0])).contains("last entry"));
        assert!(message(view(&[0, 9, 9], &[0], &[1.0])).contains("at most 1"));
        assert!(message(view(&[0, 1, 1], &[3], &[1.0])).contains("a row in 0..3, found 3"));
        assert!(message(view(&[0, 1, 1], &[-1], &[1.0])).contains("found -1"));
        assert!(message(view(&[0, 0, 1], &[1], &[f64::INFINITY])).contains("column 1, row 1"));
        assert!(message(view(&[0, 0, 1], &[1], &[])).contains("a.values"));
    }

    #[test]
    fn borrowed_columns_are_read_in_place() {
        let (indptr, indices, values) = ([0_i32, 2, 3], [0_i64, 2, 1], [1.0, 3.0, 5.0]);
        let m = Matrix::sparse_borrowed(view(&indptr, &indices, &values)).unwrap();
        assert_eq!(m.dot(0, &[1.0, 2.0, 3.0]), 10.0);
        assert!(Matrix::sparse_borrowed(view(&indptr, &[2, 0, 1], &values)).is_err());
        assert!(Matrix::sparse_borrowed(view(&indptr, &[1, 1, 1], &values)).is_err());
    }
}
