//! Data views: what the caller's arrays look like. Frozen for ever; a new need is a new view and a new kind.

use super::bcd::{Columns, Keep};
use super::guard::{argument, check_pointer, wrong_length};
use crate::numerics::dense::{DenseScalar, dense_extent};
use crate::numerics::kernels::Scalar;
use crate::numerics::sparse::{CallerIndex, SparseForm};
use crate::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView, SymmetricMatrix};
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::ffi::c_void;

/// Type of the numbers in an array.
pub type swl_scalar = i32;
/// double
pub const SWL_F64: swl_scalar = 0;
/// float; sums are accumulated in double
pub const SWL_F32: swl_scalar = 1;

/// Type of the indices in an array; indptr and indices have the same.
pub type swl_index = i32;
/// int32_t
pub const SWL_I32: swl_index = 0;
/// int64_t
pub const SWL_I64: swl_index = 1;

/// Which lines of a sparse array are compressed.
pub type swl_layout = i32;
/// Compressed sparse columns.
pub const SWL_CSC: swl_layout = 0;
/// Compressed sparse rows.
pub const SWL_CSR: swl_layout = 1;

/// Order of a dense array: columns are contiguous.
pub const SWL_COL_MAJOR: i32 = 0;
/// Order of a dense array: rows are contiguous.
pub const SWL_ROW_MAJOR: i32 = 1;

/// Kind of a matrix: view points to an swl_dense.
pub const SWL_DENSE: i32 = 0;
/// Kind of a matrix: view points to an swl_sparse.
pub const SWL_SPARSE: i32 = 1;
/// Kind of a matrix: view points to an swl_triplets; only where a function takes entries.
pub const SWL_TRIPLETS: i32 = 2;
/// Kind of a matrix: view points to an swl_operator.
pub const SWL_OPERATOR: i32 = 3;

/// A vector of len numbers. data may be NULL where len is 0. See swl_vec_f64.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_vec {
    /// len numbers of the type that scalar says
    pub data: *const c_void,
    /// how many
    pub len: i64,
    /// SWL_F64 or SWL_F32
    pub scalar: swl_scalar,
    /// 0
    pub pad_: i32,
}

/// A dense array of rows x cols numbers. See swl_dense_f64.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_dense {
    /// the numbers, line by line
    pub data: *const c_void,
    /// rows
    pub rows: i64,
    /// columns
    pub cols: i64,
    /// numbers from the start of one line to the next: at least rows (SWL_COL_MAJOR) or cols (SWL_ROW_MAJOR)
    pub ld: i64,
    /// SWL_F64 or SWL_F32
    pub scalar: swl_scalar,
    /// SWL_COL_MAJOR or SWL_ROW_MAJOR
    pub order: i32,
}

/// A sparse array of nnz entries, zero-based. Indices in a line may be in any order; repeats are refused unless the
/// option duplicates says what they mean. See swl_csc_f64_i32.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_sparse {
    /// rows
    pub rows: i64,
    /// columns
    pub cols: i64,
    /// stored entries
    pub nnz: i64,
    /// where each line starts: one more than there are lines, from 0 to nnz, never decreasing
    pub indptr: *const c_void,
    /// row (SWL_CSC) or column (SWL_CSR) of each entry
    pub indices: *const c_void,
    /// the entries
    pub values: *const c_void,
    /// SWL_CSC or SWL_CSR
    pub layout: swl_layout,
    /// SWL_I32 or SWL_I64
    pub index: swl_index,
    /// SWL_F64 or SWL_F32
    pub scalar: swl_scalar,
    /// 0
    pub pad_: i32,
}

/// Entries of a matrix in any order, each with its row and its column. See swl_triplets_f64_i32.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_triplets {
    /// rows
    pub rows: i64,
    /// columns
    pub cols: i64,
    /// entries
    pub nnz: i64,
    /// row of each entry
    pub row: *const c_void,
    /// column of each entry
    pub col: *const c_void,
    /// value of each entry; NULL where only places matter
    pub values: *const c_void,
    /// SWL_I32 or SWL_I64, for row and col
    pub index: swl_index,
    /// SWL_F64 or SWL_F32
    pub scalar: swl_scalar,
    /// the number of the first row and of the first column: 0 or 1
    pub base: i32,
    /// 0
    pub pad_: i32,
}

/// A matrix in one of the forms above, or a swl_operator. See swl_matrix_dense, swl_matrix_sparse and
/// swl_matrix_operator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_matrix {
    /// SWL_DENSE, SWL_SPARSE, SWL_TRIPLETS or SWL_OPERATOR
    pub kind: i32,
    /// 0
    pub pad_: i32,
    /// the swl_dense, swl_sparse, swl_triplets or swl_operator
    pub view: *const c_void,
}

/// Lets the library read the arrays of a call's matrix in place instead of copying them. If the call works, it calls
/// release(ctx) once, when the handle is freed, on the thread that frees it; release NULL: it calls nothing, and the
/// arrays must outlive the handle. If the call fails, it calls nothing and holds nothing. Until then the caller must
/// not change the arrays.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_keep {
    /// given back to release
    pub ctx: *mut c_void,
    /// called once when the arrays are no longer needed, or NULL
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}

/// Refuses padding that is in use: it may have a meaning later.
pub(super) fn check_padding(pad: i32, subject: &str) -> Result<()> {
    if pad == 0 { Ok(()) } else { Err(argument(&format!("{subject}.pad_"), "0", pad)) }
}

/// A size that fits.
pub(super) fn size(value: i64, subject: &str) -> Result<usize> {
    usize::try_from(value).map_err(|_| argument(subject, "a number >= 0", value))
}

pub(super) fn unknown(subject: &str, expected: &str, found: i32) -> Error {
    Error::new(ErrorKind::Unsupported, subject).expected(expected).found(found)
}

pub(super) fn scalar_bytes(scalar: swl_scalar, subject: &str) -> Result<usize> {
    match scalar {
        SWL_F64 => Ok(8),
        SWL_F32 => Ok(4),
        other => Err(unknown(&format!("{subject}.scalar"), "SWL_F64 (0) or SWL_F32 (1)", other)),
    }
}

/// The caller's array as a slice.
///
/// # Safety
/// `data` is null or has `len` elements that stay unchanged for `'a`.
pub(super) unsafe fn slice<'a, T>(data: *const c_void, len: usize, subject: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check_pointer(data.cast::<T>(), subject)?;
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(argument(subject, "a size that fits in memory", format!("{len} elements")));
    }
    // SAFETY: not null, aligned, of a possible size, and as long as the caller says.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// A copy of the caller's vector, as long as it is.
///
/// # Safety
/// `vec` is null or a view whose data are as long as it says.
pub(super) unsafe fn vector_of_any_length(vec: *const swl_vec, subject: &str) -> Result<Vec<f64>> {
    check_pointer(vec, subject)?;
    // SAFETY: checked just now.
    let len = size(unsafe { vec.read() }.len, &format!("{subject}.len"))?;
    // SAFETY: passed on.
    unsafe { vector(vec, subject, len, "number") }
}

/// A copy of the caller's vector, which must have `expected` numbers.
///
/// # Safety
/// `vec` is null or a view whose data are as long as it says.
pub(super) unsafe fn vector(
    vec: *const swl_vec,
    subject: &str,
    expected: usize,
    per: &str,
) -> Result<Vec<f64>> {
    check_pointer(vec, subject)?;
    // SAFETY: checked just now.
    let view = unsafe { vec.read() };
    check_padding(view.pad_, subject)?;
    scalar_bytes(view.scalar, subject)?;
    let len = size(view.len, &format!("{subject}.len"))?;
    if len != expected {
        return Err(wrong_length(subject, len, expected, per));
    }
    let name = format!("{subject}.data");
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if view.scalar == SWL_F32 {
            Ok(slice::<f32>(view.data, len, &name)?.iter().map(|v| f64::from(*v)).collect())
        } else {
            Ok(slice::<f64>(view.data, len, &name)?.to_vec())
        }
    }
}

/// As [`vector`], but the caller may leave it out.
///
/// # Safety
/// As [`vector`].
pub(super) unsafe fn optional_vector(
    vec: *const swl_vec,
    subject: &str,
    expected: usize,
    per: &str,
) -> Result<Option<Vec<f64>>> {
    // SAFETY: passed on.
    if vec.is_null() { Ok(None) } else { unsafe { vector(vec, subject, expected, per) }.map(Some) }
}

/// A copy of the caller's vector of `per_output` numbers for each of one or more outputs; how many those are shows
/// later.
///
/// # Safety
/// As [`vector`].
pub(super) unsafe fn optional_vector_of_outputs(
    vec: *const swl_vec,
    subject: &str,
    per_output: usize,
    per: &str,
) -> Result<Option<Vec<f64>>> {
    if vec.is_null() {
        return Ok(None);
    }
    check_pointer(vec, subject)?;
    // SAFETY: checked just now.
    let len = size(unsafe { vec.read() }.len, &format!("{subject}.len"))?;
    let fits = if per_output == 0 { len == 0 } else { len > 0 && len.is_multiple_of(per_output) };
    let per =
        if fits { per.to_owned() } else { format!("{per} (times the outputs, where there are several)") };
    // SAFETY: passed on.
    unsafe { vector(vec, subject, if fits { len } else { per_output }, &per) }.map(Some)
}

/// A copy of the caller's dense array with `rows` rows, row after row, and its number of columns.
///
/// # Safety
/// `view` is null or a view whose data are as long as it says.
pub(super) unsafe fn dense_rows(
    view: *const swl_dense,
    subject: &str,
    rows: usize,
) -> Result<(usize, Vec<f64>)> {
    // SAFETY: passed on.
    let (found, cols, numbers) = unsafe { dense_rows_of_any_number(view, subject) }?;
    if found != rows {
        return Err(argument(&format!("{subject}.rows"), rows.to_string(), found));
    }
    Ok((cols, numbers))
}

/// A copy of the caller's dense array, row after row, behind its rows and columns.
///
/// # Safety
/// `view` is null or a view whose data are as long as it says.
pub(super) unsafe fn dense_rows_of_any_number(
    view: *const swl_dense,
    subject: &str,
) -> Result<(usize, usize, Vec<f64>)> {
    check_pointer(view, subject)?;
    // SAFETY: checked just now.
    let view = unsafe { view.read() };
    let shape = dense_shape(view).map_err(|e| e.renamed("a", subject))?;
    let ld = size(view.ld, "ld")?;
    let by_rows = view.order == SWL_ROW_MAJOR;
    let order = if by_rows { Order::RowMajor } else { Order::ColumnMajor };
    let extent = dense_extent(shape.rows, shape.cols, ld, order)?;
    let (k, name) = (shape.cols, format!("{subject}.data"));
    let place = |i: usize| if by_rows { i / k * ld + i % k } else { i % k * ld + i / k };
    // SAFETY: the extent is what a caller with these sizes has promised.
    unsafe {
        let numbers = if view.scalar == SWL_F32 {
            let data = slice::<f32>(view.data, extent, &name)?;
            (0..shape.entries).map(|i| f64::from(data[place(i)])).collect()
        } else {
            let data = slice::<f64>(view.data, extent, &name)?;
            (0..shape.entries).map(|i| data[place(i)]).collect()
        };
        Ok((shape.rows, k, numbers))
    }
}

/// The caller's array of 32-bit numbers.
///
/// # Safety
/// `data` is null or has `len` elements that stay unchanged for `'a`.
pub(super) unsafe fn integers<'a>(
    data: *const i32,
    len: i64,
    subject: &str,
    expected: usize,
    per: &str,
) -> Result<&'a [i32]> {
    let len = size(len, "len")?;
    if len != expected {
        return Err(wrong_length(subject, len, expected, per));
    }
    // SAFETY: passed on.
    unsafe { slice(data.cast(), len, subject) }
}

/// The caller's array of node numbers, none negative.
///
/// # Safety
/// `data` is null or has `len` elements.
pub(super) unsafe fn node_numbers(data: *const i64, len: usize, subject: &str) -> Result<Vec<usize>> {
    // SAFETY: passed on.
    let numbers = unsafe { slice::<i64>(data.cast(), len, subject) }?;
    let node = |(k, v): (usize, &i64)| {
        usize::try_from(*v).map_err(|_| argument(&format!("{subject}, entry {k}"), "a number >= 0", v))
    };
    let mut nodes = crate::runtime::error::zeros(subject, len)?;
    for (place, own) in numbers.iter().enumerate().zip(&mut nodes) {
        *own = node(place)?;
    }
    Ok(nodes)
}

/// Whether a matrix is copied, and what repeated entries mean then, or read in place.
#[derive(Clone, Copy)]
pub(super) enum Holding {
    Copy(Duplicates),
    InPlace,
}

/// The shape of a matrix and the width of what it is made of.
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) entries: usize,
    pub(super) scalar_bytes: usize,
    pub(super) sparse: bool,
    view: View,
}

enum View {
    Dense(swl_dense, Order),
    Sparse(swl_sparse, Layout),
    Operator(Columns),
}

/// Checks the sizes and tags of a matrix; its arrays are not read.
///
/// # Safety
/// `matrix` is null or points to a view of the kind that it says.
pub(super) unsafe fn shape(matrix: *const swl_matrix) -> Result<Shape> {
    check_pointer(matrix, "a")?;
    // SAFETY: checked just now.
    let matrix = unsafe { matrix.read() };
    check_padding(matrix.pad_, "a")?;
    match matrix.kind {
        SWL_DENSE => {
            let view: *const swl_dense = matrix.view.cast();
            check_pointer(view, "a.view")?;
            // SAFETY: checked just now, and of this kind by the caller's word.
            dense_shape(unsafe { view.read() })
        }
        SWL_SPARSE => {
            let view: *const swl_sparse = matrix.view.cast();
            check_pointer(view, "a.view")?;
            // SAFETY: checked just now, and of this kind by the caller's word.
            sparse_shape(unsafe { view.read() })
        }
        SWL_OPERATOR => {
            // SAFETY: of this kind by the caller's word; null and sizes are checked.
            let columns = unsafe { Columns::read(matrix.view.cast()) }?;
            let (rows, cols) = columns.size();
            let entries = rows.checked_mul(cols);
            let entries =
                entries.ok_or_else(|| argument("a", "a size that fits", format!("{rows} x {cols}")))?;
            Ok(Shape { rows, cols, entries, scalar_bytes: 0, sparse: false, view: View::Operator(columns) })
        }
        other => Err(unknown("a.kind", "SWL_DENSE (0), SWL_SPARSE (1) or SWL_OPERATOR (3)", other)),
    }
}

fn dense_shape(view: swl_dense) -> Result<Shape> {
    let scalar_bytes = scalar_bytes(view.scalar, "a")?;
    let order = match view.order {
        SWL_COL_MAJOR => Order::ColumnMajor,
        SWL_ROW_MAJOR => Order::RowMajor,
        other => return Err(unknown("a.order", "SWL_COL_MAJOR (0) or SWL_ROW_MAJOR (1)", other)),
    };
    let (rows, cols) = (size(view.rows, "a.rows")?, size(view.cols, "a.cols")?);
    dense_extent(rows, cols, size(view.ld, "a.ld")?, order)?;
    // No overflow: the extent is at least this and fits.
    let entries = rows * cols;
    Ok(Shape { rows, cols, entries, scalar_bytes, sparse: false, view: View::Dense(view, order) })
}

fn sparse_shape(view: swl_sparse) -> Result<Shape> {
    check_padding(view.pad_, "a")?;
    let scalar_bytes = scalar_bytes(view.scalar, "a")?;
    let layout = match view.layout {
        SWL_CSC => Layout::Csc,
        SWL_CSR => Layout::Csr,
        other => return Err(unknown("a.layout", "SWL_CSC (0) or SWL_CSR (1)", other)),
    };
    if view.index != SWL_I32 && view.index != SWL_I64 {
        return Err(unknown("a.index", "SWL_I32 (0) or SWL_I64 (1)", view.index));
    }
    let (rows, cols) = (size(view.rows, "a.rows")?, size(view.cols, "a.cols")?);
    let entries = size(view.nnz, "a.nnz")?;
    Ok(Shape { rows, cols, entries, scalar_bytes, sparse: true, view: View::Sparse(view, layout) })
}

impl Shape {
    /// The matrix itself.
    ///
    /// # Safety
    /// The arrays are as long as the view says, and with [`Holding::InPlace`] they stay unchanged for `'a`.
    pub(super) unsafe fn matrix<'a>(&self, holding: Holding) -> Result<Matrix<'a>> {
        // SAFETY: passed on.
        unsafe {
            match &self.view {
                View::Dense(view, order) if view.scalar == SWL_F32 => {
                    self.dense::<f32>(view, *order, holding)
                }
                View::Dense(view, order) => self.dense::<f64>(view, *order, holding),
                View::Operator(columns) => Matrix::operator(columns.operator()),
                View::Sparse(view, layout) => match (view.scalar, view.index) {
                    (SWL_F32, SWL_I32) => self.sparse::<f32, i32>(view, *layout, holding),
                    (SWL_F32, _) => self.sparse::<f32, i64>(view, *layout, holding),
                    (_, SWL_I32) => self.sparse::<f64, i32>(view, *layout, holding),
                    (..) => self.sparse::<f64, i64>(view, *layout, holding),
                },
            }
        }
    }

    /// # Safety
    /// As [`Shape::matrix`].
    unsafe fn dense<'a, T: DenseScalar>(
        &self,
        v: &swl_dense,
        order: Order,
        holding: Holding,
    ) -> Result<Matrix<'a>> {
        let &Shape { rows, cols, .. } = self;
        let ld = size(v.ld, "a.ld")?;
        let extent = dense_extent(rows, cols, ld, order)?;
        // SAFETY: the extent is what a caller with these sizes has promised.
        let data = unsafe { slice::<T>(v.data, extent, "a.data") }?;
        let view = DenseView { data, rows, cols, ld, order };
        match holding {
            Holding::Copy(_) => Matrix::dense(view),
            Holding::InPlace => Matrix::dense_borrowed(view),
        }
    }

    /// # Safety
    /// As [`Shape::matrix`].
    unsafe fn sparse<'a, T, I>(&self, v: &swl_sparse, layout: Layout, holding: Holding) -> Result<Matrix<'a>>
    where
        T: Scalar + SparseForm<u32> + SparseForm<u64> + SparseForm<I::Stored>,
        I: CallerIndex + 'a,
    {
        // SAFETY: passed on.
        let view = unsafe { self.sparse_view::<T, I>(v, layout) }?;
        match holding {
            Holding::Copy(duplicates) => Matrix::sparse(view, duplicates),
            Holding::InPlace => Matrix::sparse_borrowed(view),
        }
    }

    /// The matrix as a symmetric one, copied; `sum` says that repeats are summed.
    ///
    /// # Safety
    /// The arrays are as long as the view says.
    pub(super) unsafe fn symmetric(&self, sum: bool, control: &mut Control<'_>) -> Result<SymmetricMatrix> {
        let View::Sparse(view, layout) = &self.view else {
            return Err(Error::new(ErrorKind::Unsupported, "a.kind")
                .expected("SWL_SPARSE (1) for a graph")
                .found("another kind"));
        };
        // SAFETY: passed on.
        unsafe {
            match (view.scalar, view.index) {
                (SWL_F32, SWL_I32) => self.symmetric_of::<f32, i32>(view, *layout, sum, control),
                (SWL_F32, _) => self.symmetric_of::<f32, i64>(view, *layout, sum, control),
                (_, SWL_I32) => self.symmetric_of::<f64, i32>(view, *layout, sum, control),
                (..) => self.symmetric_of::<f64, i64>(view, *layout, sum, control),
            }
        }
    }

    /// # Safety
    /// As [`Shape::symmetric`].
    unsafe fn symmetric_of<T: Scalar, I: CallerIndex>(
        &self,
        v: &swl_sparse,
        layout: Layout,
        sum: bool,
        control: &mut Control<'_>,
    ) -> Result<SymmetricMatrix> {
        // SAFETY: passed on.
        SymmetricMatrix::new(&unsafe { self.sparse_view::<T, I>(v, layout) }?, sum, "a", control)
    }

    /// # Safety
    /// As [`Shape::matrix`].
    unsafe fn sparse_view<'a, T, I>(
        &self,
        v: &swl_sparse,
        layout: Layout,
    ) -> Result<SparseView<'a, T, I, I>> {
        let &Shape { rows, cols, entries, .. } = self;
        let lines = if layout == Layout::Csc { cols } else { rows };
        let starts =
            lines.checked_add(1).ok_or_else(|| argument("a", "a size that fits in memory", lines))?;
        // SAFETY: the lengths are what a caller with these sizes has promised.
        let (indptr, indices, values) = unsafe {
            (
                slice::<I>(v.indptr, starts, "a.indptr")?,
                slice::<I>(v.indices, entries, "a.indices")?,
                slice::<T>(v.values, entries, "a.values")?,
            )
        };
        Ok(SparseView { rows, cols, indptr, indices, values, layout })
    }

    /// What an operator wants to have called when the handle ends.
    pub(super) fn release(&self) -> Option<Keep> {
        match &self.view {
            View::Operator(columns) => Some(columns.keep()),
            _ => None,
        }
    }

    /// Whether this can be read in place and needs no copy for a passing use.
    pub(super) fn is_dense_columns(&self) -> bool {
        matches!(self.view, View::Dense(_, Order::ColumnMajor))
    }
}
