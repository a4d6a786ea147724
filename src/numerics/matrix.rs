//! The data matrix: dense columns or compressed sparse columns, f64 or f32, owned or borrowed.
//!
//! Whatever layout the caller has, columns are what coordinate descent reads: row-major and CSR input is transposed
//! once into owned columns.

use super::kernels::{self, Index, Scalar, SparseColumn};
use super::operator::{ColumnOperator, Operator};
use crate::runtime::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// Dense columns of `rows` numbers, `ld` apart.
#[derive(Debug, Clone)]
pub struct DenseColumns<'a, T: Scalar> {
    pub(super) data: Cow<'a, [T]>,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) ld: usize,
}

impl<T: Scalar> DenseColumns<'_, T> {
    /// Column `j`.
    #[inline]
    pub fn column(&self, j: usize) -> &[T] {
        &self.data[j * self.ld..j * self.ld + self.rows]
    }
}

/// Compressed sparse columns with strictly ascending row indices below `rows` (checked when made).
#[derive(Debug, Clone)]
pub struct SparseColumns<'a, T: Scalar, I: Index> {
    pub(super) rows: usize,
    pub(super) indptr: Vec<usize>,
    pub(super) indices: Cow<'a, [I]>,
    pub(super) values: Cow<'a, [T]>,
}

impl<T: Scalar, I: Index> SparseColumns<'_, T, I> {
    /// Column `j`.
    #[inline]
    pub fn column(&self, j: usize) -> SparseColumn<'_, T, I> {
        let range = self.indptr[j]..self.indptr[j + 1];
        // SAFETY: `numerics::sparse` checked every index against `rows` before it made this matrix.
        unsafe { SparseColumn::new(&self.values[range.clone()], &self.indices[range], self.rows) }
    }
}

/// A data matrix in one of the stored forms. Make one with [`Matrix::dense`] or [`Matrix::sparse`].
#[derive(Debug, Clone)]
pub enum Matrix<'a> {
    /// Dense f64.
    Dense64(DenseColumns<'a, f64>),
    /// Dense f32.
    Dense32(DenseColumns<'a, f32>),
    /// Sparse f64 with 32-bit indices.
    Sparse64(SparseColumns<'a, f64, u32>),
    /// Sparse f32 with 32-bit indices.
    Sparse32(SparseColumns<'a, f32, u32>),
    /// Sparse f64 with 64-bit indices.
    Sparse64Long(SparseColumns<'a, f64, u64>),
    /// Sparse f32 with 64-bit indices.
    Sparse32Long(SparseColumns<'a, f32, u64>),
    /// Columns by callbacks.
    Operator(Operator),
}

/// Runs `$dense` with a dense form bound to `$m`, `$sparse` with a sparse one, or `$operator` with an operator: one
/// dispatch per column.
macro_rules! by_form {
    ($matrix:expr, $m:ident => $dense:expr, $s:ident => $sparse:expr, $o:ident => $operator:expr) => {
        match $matrix {
            Matrix::Dense64($m) => $dense,
            Matrix::Dense32($m) => $dense,
            Matrix::Sparse64($s) => $sparse,
            Matrix::Sparse32($s) => $sparse,
            Matrix::Sparse64Long($s) => $sparse,
            Matrix::Sparse32Long($s) => $sparse,
            Matrix::Operator($o) => $operator,
        }
    };
}

impl Matrix<'_> {
    /// Number of rows (observations).
    pub fn rows(&self) -> usize {
        by_form!(self, m => m.rows, s => s.rows, o => o.rows())
    }

    /// Number of columns (features).
    pub fn cols(&self) -> usize {
        by_form!(self, m => m.cols, s => s.indptr.len() - 1, o => o.cols())
    }

    /// Whether columns are met one by one: sparse storage, and operators, whose entries are unknown.
    pub fn is_sparse(&self) -> bool {
        by_form!(self, _m => false, _s => true, _o => true)
    }

    /// Stored entries of column `j`.
    #[inline]
    pub fn column_entries(&self, j: usize) -> usize {
        by_form!(self, m => m.rows, s => s.indptr[j + 1] - s.indptr[j], o => o.rows())
    }

    /// Stored entries in all.
    pub fn entries(&self) -> usize {
        by_form!(self, m => m.rows * m.cols, s => s.values.len(), o => o.rows().saturating_mul(o.cols()))
    }

    /// Bytes that the matrix owns; borrowed data count as nothing.
    pub fn owned_bytes(&self) -> usize {
        #[allow(clippy::ptr_arg)] // whether the data are owned is what it asks
        fn owned<T: Clone>(data: &Cow<'_, [T]>) -> usize {
            if matches!(data, Cow::Owned(_)) { std::mem::size_of_val::<[T]>(data) } else { 0 }
        }
        by_form!(self, m => owned(&m.data), s => owned(&s.values) + owned(&s.indices) + 8 * s.indptr.len(), _o => 0)
    }

    /// `sum_r a_rj v_r`.
    #[inline]
    pub fn dot(&self, j: usize, v: &[f64]) -> f64 {
        by_form!(self, m => kernels::dot(m.column(j), v), s => s.column(j).dot(v), o => o.dot(j, v))
    }

    /// `v += alpha a_j`.
    #[inline]
    pub fn add(&self, j: usize, alpha: f64, v: &mut [f64]) {
        by_form!(self, m => kernels::add(alpha, m.column(j), v), s => s.column(j).add(alpha, v), o => o.add(j, alpha, v));
    }

    /// `v_r += alpha w_r a_rj`.
    #[inline]
    pub fn weighted_add(&self, j: usize, alpha: f64, w: &[f64], v: &mut [f64]) {
        by_form!(self, m => kernels::weighted_add(alpha, m.column(j), w, v),
            s => s.column(j).weighted_add(alpha, w, v),
            o => kernels::weighted_add(alpha, &o.column(j), w, v));
    }

    /// `sum_r w_r (scale a_rj)^2`, scaled before squaring so that extreme columns neither overflow nor vanish.
    pub fn squares(&self, j: usize, scale: f64, w: &[f64]) -> f64 {
        by_form!(self, m => kernels::squares(scale, m.column(j), w), s => s.column(j).squares(scale, w),
            o => kernels::squares(scale, &o.column(j), w))
    }

    /// The operator behind the matrix, if there is one.
    pub fn as_operator(&self) -> Option<&Operator> {
        match self {
            Matrix::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    /// A matrix by callbacks.
    ///
    /// Errors: more rows or columns than memory could index.
    pub fn operator(columns: Arc<dyn ColumnOperator>) -> Result<Matrix<'static>> {
        let (rows, cols) = (columns.rows(), columns.cols());
        if rows.max(cols) > isize::MAX as usize / 64 {
            return Err(Error::new(ErrorKind::Argument, "a")
                .expected("a size that fits in memory")
                .found(format!("{rows} x {cols}")));
        }
        Ok(Matrix::Operator(Operator::new(columns)))
    }

    /// Calls `visit(row, value)` for the stored entries of column `j`, rows ascending.
    #[inline]
    pub fn for_each(&self, j: usize, mut visit: impl FnMut(usize, f64)) {
        by_form!(self, m => m.column(j).iter().enumerate().for_each(|(r, a)| visit(r, a.wide())),
            s => s.column(j).entries().for_each(|(r, a)| visit(r, a)),
            o => o.column(j).into_iter().enumerate().filter(|(_, a)| *a != 0.0).for_each(|(r, a)| visit(r, a)));
    }
}
