//! Entries of a matrix that is known in some places: triplets, sparse or dense, read into one list in the caller's
//! order.

use super::guard::{argument, check_pointer, flag};
use super::views::*;
use crate::altmin::Entries;
use crate::numerics::Order;
use crate::numerics::dense::dense_extent;
use crate::runtime::error::out_of_memory;
use crate::runtime::{Error, ErrorKind, Result};
use std::ffi::c_void;

/// Places and values, copied.
pub(super) struct EntryList {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row: Vec<i64>,
    pub(super) col: Vec<i64>,
    /// Empty where only places matter.
    pub(super) value: Vec<f64>,
    /// What the caller's rows and columns are counted from.
    base: i64,
    /// The caller's names of rows, columns and values; none for what the view says without a list.
    names: [&'static str; 3],
}

impl EntryList {
    pub(super) fn len(&self) -> usize {
        self.row.len()
    }

    pub(super) fn entries<'a>(&'a self, weight: Option<&'a [f64]>) -> Entries<'a> {
        let Self { rows, cols, row, col, value, .. } = self;
        Entries { rows: *rows, cols: *cols, row, col, value, weight }
    }

    /// Refuses a place outside the matrix: the first one.
    pub(super) fn check_places(&self, subject: &str) -> Result<()> {
        let outside = |v: i64, size: usize| usize::try_from(v).map_or(true, |v| v >= size);
        for (k, (i, j)) in self.row.iter().zip(&self.col).enumerate() {
            for (place, size, name, word) in
                [(*i, self.rows, self.names[0], "row"), (*j, self.cols, self.names[1], "column")]
            {
                if outside(place, size) {
                    let (from, to) = (self.base, size as i64 + self.base);
                    return Err(Error::new(ErrorKind::Data, format!("{subject}.{name}"))
                        .at(format!("entry {k}"))
                        .expected(format!("a {word} in {from}..{to}"))
                        .found(place.saturating_add(self.base)));
                }
            }
        }
        Ok(())
    }

    /// Says an error about these entries in the caller's words: `subject` is the argument's name, `weights` that of
    /// their weights; rows and columns are counted as the caller counts them.
    pub(super) fn told(&self, error: Error, subject: &str, weights: &str) -> Error {
        if matches!(error.subject(), "row" | "col")
            && let Err(outside) = self.check_places(subject)
        {
            return outside;
        }
        let [row, col, value] = self.names.map(|name| format!("{subject}.{name}"));
        let (rows, cols) = (format!("{subject}.rows"), format!("{subject}.cols"));
        let names = [("rows", &*rows), ("cols", &cols), ("row", &row), ("col", &col), ("value", &value)];
        let names = names.into_iter().chain([("weight", weights), ("entries", subject)]);
        match names.into_iter().find(|(old, _)| error.subject().split('.').next() == Some(old)) {
            Some((old, new)) => error.renamed(old, new),
            None => error,
        }
        .counting_from(self.base as u32)
    }
}

/// The entries of a matrix of kind SWL_TRIPLETS, SWL_SPARSE or SWL_DENSE (every entry), with values if `valued`.
///
/// # Safety
/// `matrix` is null or points to a view whose arrays are as long as it says.
pub(super) unsafe fn entry_list(matrix: *const swl_matrix, subject: &str, valued: bool) -> Result<EntryList> {
    check_pointer(matrix, subject)?;
    // SAFETY: checked just now.
    let matrix = unsafe { matrix.read() };
    check_padding(matrix.pad_, subject)?;
    let name = format!("{subject}.view");
    // SAFETY: each view is of the kind that the caller says, and checked for null.
    unsafe {
        match matrix.kind {
            SWL_TRIPLETS => {
                check_pointer::<swl_triplets>(matrix.view.cast(), &name)?;
                triplets(matrix.view.cast::<swl_triplets>().read(), subject, valued)
            }
            SWL_SPARSE => {
                check_pointer::<swl_sparse>(matrix.view.cast(), &name)?;
                sparse(matrix.view.cast::<swl_sparse>().read(), subject, valued)
            }
            SWL_DENSE => {
                check_pointer::<swl_dense>(matrix.view.cast(), &name)?;
                dense(matrix.view.cast::<swl_dense>().read(), subject, valued)
            }
            other => Err(unknown(
                &format!("{subject}.kind"),
                "SWL_DENSE (0), SWL_SPARSE (1) or SWL_TRIPLETS (2)",
                other,
            )),
        }
    }
}

/// Rows, columns and the number of entries of such a matrix, whose arrays are not read.
///
/// # Safety
/// `matrix` is null or points to a view.
pub(super) unsafe fn entry_sizes(matrix: *const swl_matrix, subject: &str) -> Result<[usize; 3]> {
    check_pointer(matrix, subject)?;
    // SAFETY: checked just now.
    let matrix = unsafe { matrix.read() };
    let name = |part: &str| format!("{subject}.{part}");
    // SAFETY: each view is of the kind that the caller says, and checked for null.
    let (rows, cols, count) = unsafe {
        match matrix.kind {
            SWL_TRIPLETS => {
                check_pointer::<swl_triplets>(matrix.view.cast(), &name("view"))?;
                let view = matrix.view.cast::<swl_triplets>().read();
                (view.rows, view.cols, Some(view.nnz))
            }
            SWL_SPARSE => {
                check_pointer::<swl_sparse>(matrix.view.cast(), &name("view"))?;
                let view = matrix.view.cast::<swl_sparse>().read();
                (view.rows, view.cols, Some(view.nnz))
            }
            SWL_DENSE => {
                check_pointer::<swl_dense>(matrix.view.cast(), &name("view"))?;
                let view = matrix.view.cast::<swl_dense>().read();
                (view.rows, view.cols, None)
            }
            other => {
                let expected = "SWL_DENSE (0), SWL_SPARSE (1) or SWL_TRIPLETS (2)";
                return Err(unknown(&name("kind"), expected, other));
            }
        }
    };
    let (rows, cols) = (size(rows, &name("rows"))?, size(cols, &name("cols"))?);
    let count = count.map_or(Ok(rows.saturating_mul(cols)), |count| size(count, &name("nnz")))?;
    Ok([rows, cols, count])
}

fn collected<T>(values: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut out = Vec::new();
    let count = values.len();
    out.try_reserve_exact(count).map_err(|_| out_of_memory("entries", count, size_of::<T>()))?;
    out.extend(values);
    Ok(out)
}

fn check_index(index: swl_index, subject: &str) -> Result<()> {
    if index == SWL_I32 || index == SWL_I64 {
        return Ok(());
    }
    Err(unknown(&format!("{subject}.index"), "SWL_I32 (0) or SWL_I64 (1)", index))
}

/// # Safety
/// `data` has `len` indices of this width.
unsafe fn indices(
    data: *const c_void,
    len: usize,
    index: swl_index,
    base: i64,
    subject: &str,
) -> Result<Vec<i64>> {
    // SAFETY: passed on.
    unsafe {
        if index == SWL_I32 {
            collected(slice::<i32>(data, len, subject)?.iter().map(|v| i64::from(*v) - base))
        } else {
            collected(slice::<i64>(data, len, subject)?.iter().map(|v| v.saturating_sub(base)))
        }
    }
}

/// # Safety
/// `data` has `len` numbers of this type.
unsafe fn numbers(data: *const c_void, len: usize, scalar: swl_scalar, subject: &str) -> Result<Vec<f64>> {
    // SAFETY: passed on.
    unsafe {
        if scalar == SWL_F32 {
            collected(slice::<f32>(data, len, subject)?.iter().map(|v| f64::from(*v)))
        } else {
            collected(slice::<f64>(data, len, subject)?.iter().copied())
        }
    }
}

/// # Safety
/// The arrays are as long as the view says.
unsafe fn triplets(view: swl_triplets, subject: &str, valued: bool) -> Result<EntryList> {
    let name = |part: &str| format!("{subject}.{part}");
    check_padding(view.pad_, subject)?;
    check_index(view.index, subject)?;
    scalar_bytes(view.scalar, subject)?;
    let base = i64::from(flag(view.base, &name("base"))?);
    let (rows, cols) = (size(view.rows, &name("rows"))?, size(view.cols, &name("cols"))?);
    let count = size(view.nnz, &name("nnz"))?;
    // SAFETY: the lengths are what the view says.
    unsafe {
        Ok(EntryList {
            rows,
            cols,
            row: indices(view.row, count, view.index, base, &name("row"))?,
            col: indices(view.col, count, view.index, base, &name("col"))?,
            value: if valued {
                numbers(view.values, count, view.scalar, &name("values"))?
            } else {
                Vec::new()
            },
            base,
            names: ["row", "col", "values"],
        })
    }
}

/// # Safety
/// The arrays are as long as the view says.
unsafe fn sparse(view: swl_sparse, subject: &str, valued: bool) -> Result<EntryList> {
    let name = |part: &str| format!("{subject}.{part}");
    check_padding(view.pad_, subject)?;
    check_index(view.index, subject)?;
    scalar_bytes(view.scalar, subject)?;
    let (rows, cols) = (size(view.rows, &name("rows"))?, size(view.cols, &name("cols"))?);
    let count = size(view.nnz, &name("nnz"))?;
    let by_rows = match view.layout {
        SWL_CSR => true,
        SWL_CSC => false,
        other => return Err(unknown(&name("layout"), "SWL_CSC (0) or SWL_CSR (1)", other)),
    };
    let lines = if by_rows { rows } else { cols };
    let starts =
        lines.checked_add(1).ok_or_else(|| argument(subject, "a size that fits in memory", lines))?;
    // SAFETY: the lengths are what the view says.
    let (starts, across, value) = unsafe {
        (
            indices(view.indptr, starts, view.index, 0, &name("indptr"))?,
            indices(view.indices, count, view.index, 0, &name("indices"))?,
            if valued { numbers(view.values, count, view.scalar, &name("values"))? } else { Vec::new() },
        )
    };
    let wrong = |at: String, expected: String, found: i64| {
        Err(Error::new(ErrorKind::Data, name("indptr")).at(at).expected(expected).found(found))
    };
    if starts[0] != 0 {
        return wrong("entry 0".into(), "0".into(), starts[0]);
    }
    if starts[lines] != count as i64 {
        return wrong(format!("entry {lines}"), format!("{count}, as many as nnz"), starts[lines]);
    }
    if let Some(k) = (0..lines).find(|&k| starts[k + 1] < starts[k]) {
        return wrong(format!("entry {}", k + 1), format!("at least {}", starts[k]), starts[k + 1]);
    }
    let mut along: Vec<i64> = Vec::new();
    along.try_reserve_exact(count).map_err(|_| out_of_memory("entries", count, 8))?;
    for line in 0..lines {
        along.resize(starts[line + 1] as usize, line as i64);
    }
    let (row, col) = if by_rows { (along, across) } else { (across, along) };
    Ok(EntryList { rows, cols, row, col, value, base: 0, names: ["indices", "indices", "values"] })
}

/// # Safety
/// The array is as long as the view says.
unsafe fn dense(view: swl_dense, subject: &str, valued: bool) -> Result<EntryList> {
    let name = |part: &str| format!("{subject}.{part}");
    scalar_bytes(view.scalar, subject)?;
    let by_rows = match view.order {
        SWL_ROW_MAJOR => true,
        SWL_COL_MAJOR => false,
        other => return Err(unknown(&name("order"), "SWL_COL_MAJOR (0) or SWL_ROW_MAJOR (1)", other)),
    };
    let (rows, cols) = (size(view.rows, &name("rows"))?, size(view.cols, &name("cols"))?);
    let ld = size(view.ld, &name("ld"))?;
    let order = if by_rows { Order::RowMajor } else { Order::ColumnMajor };
    let extent = dense_extent(rows, cols, ld, order).map_err(|e| e.renamed("a.ld", &name("ld")))?;
    let (lines, length) = if by_rows { (rows, cols) } else { (cols, rows) };
    // No overflow: the extent is at least this.
    let count = lines * length;
    let along = collected((0..count).map(|k| (k / length) as i64))?;
    let across = collected((0..count).map(|k| (k % length) as i64))?;
    let place = |k: usize| k / length * ld + k % length;
    let value = if !valued {
        Vec::new()
    } else {
        // SAFETY: the extent is what a caller with these sizes has promised.
        unsafe {
            if view.scalar == SWL_F32 {
                let data = slice::<f32>(view.data, extent, &name("data"))?;
                collected((0..count).map(|k| f64::from(data[place(k)])))?
            } else {
                let data = slice::<f64>(view.data, extent, &name("data"))?;
                collected((0..count).map(|k| data[place(k)]))?
            }
        }
    };
    let (row, col) = if by_rows { (along, across) } else { (across, along) };
    Ok(EntryList { rows, cols, row, col, value, base: 0, names: ["data"; 3] })
}
