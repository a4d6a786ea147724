//! Weighted Gram blocks `G = A_b' diag(w) A_b`.

use super::columns::Columns;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// A square matrix in column-major order.
#[derive(Debug, Clone, Default)]
pub struct Square {
    n: usize,
    data: Vec<f64>,
}

impl Square {
    /// A zero matrix.
    pub fn zeros(n: usize) -> Self {
        Self { n, data: vec![0.0; n * n] }
    }

    /// Its size.
    pub fn size(&self) -> usize {
        self.n
    }

    /// Column `j`.
    #[inline]
    pub fn column(&self, j: usize) -> &[f64] {
        &self.data[j * self.n..(j + 1) * self.n]
    }

    /// Column `j`, to be written.
    #[inline]
    pub fn column_mut(&mut self, j: usize) -> &mut [f64] {
        &mut self.data[j * self.n..(j + 1) * self.n]
    }

    /// All columns, one after the other.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Entry (i, j).
    #[inline]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[j * self.n + i]
    }

    /// The block of the rows and columns in `keep`.
    pub fn block(&self, keep: &[usize]) -> Square {
        let mut block = Square::zeros(keep.len());
        for (k, &j) in keep.iter().enumerate() {
            let column = self.column(j);
            block.column_mut(k).iter_mut().zip(keep).for_each(|(o, &i)| *o = column[i]);
        }
        block
    }

    /// Copies the lower triangle onto the upper.
    pub(super) fn mirror_lower(&mut self) {
        let n = self.n;
        for j in 0..n {
            for i in 0..j {
                self.data[j * n + i] = self.data[i * n + j];
            }
        }
    }

    /// Copies the upper triangle onto the lower.
    fn mirror_upper(&mut self) {
        let n = self.n;
        for j in 0..n {
            for i in 0..j {
                self.data[i * n + j] = self.data[j * n + i];
            }
        }
    }
}

/// Output columns per task.
const TASK_COLUMNS: usize = 16;

/// Flops per report.
const PANEL_FLOPS: usize = 1 << 26;

/// Numbers in a packed panel of rows: it stays in the second-level cache.
const PANEL_NUMBERS: usize = 1 << 17;

/// `A_b' diag(w) A_b` for the columns in `list`; `w >= 0` has one weight per row.
///
/// Costs `rows n^2` flops for dense columns and `n` passes over the block for sparse ones. Sums run in a fixed order.
pub fn gram(
    columns: &Columns<'_>,
    list: &[usize],
    w: &[f64],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Square, Stop> {
    let mut g = Square::zeros(list.len());
    extend_gram(columns, list, 0, w, &mut g, team, control)?;
    Ok(g)
}

/// Fills the columns `from..` of a Gram block whose first `from` columns are known, and mirrors them.
pub fn extend_gram(
    columns: &Columns<'_>,
    list: &[usize],
    from: usize,
    w: &[f64],
    g: &mut Square,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    if columns.is_sparse() {
        sparse_columns(columns, list, from, w, g, team, control)?;
    } else {
        dense_columns(columns, list, from, w, g, team, control)?;
    }
    g.mirror_upper();
    Ok(())
}

/// Column `k` of the upper triangle by scattering `w a_k` and taking dots with `a_0 .. a_k`.
fn sparse_columns(
    columns: &Columns<'_>,
    list: &[usize],
    from: usize,
    w: &[f64],
    g: &mut Square,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let n = list.len();
    let pass: u64 = list.iter().map(|&j| columns.flops(j)).sum::<u64>() + columns.rows() as u64;
    let batch = ((PANEL_FLOPS as u64 / pass.max(1)) as usize).clamp(1, n.max(1));
    let mut start = from;
    while start < n {
        let end = (start + batch).min(n);
        let task = batch.div_ceil(2).min(TASK_COLUMNS);
        team.fill(&mut g.data[start * n..end * n], task * n, |offset, part| {
            let mut scattered = vec![0.0; columns.rows()];
            for (k, column) in part.chunks_mut(n).enumerate() {
                let k = start + offset / n + k;
                columns.for_each(list[k], |r, a| scattered[r] = w[r] * a);
                for (o, &i) in column.iter_mut().zip(&list[..=k]) {
                    *o = columns.dot(i, &scattered);
                }
                columns.for_each(list[k], |r, _| scattered[r] = 0.0);
            }
        });
        control.spend((end - start) as u64 * pass)?;
        start = end;
    }
    Ok(())
}

/// Panels of rows, packed as `sqrt(w) a`, multiplied with themselves.
fn dense_columns(
    columns: &Columns<'_>,
    list: &[usize],
    from: usize,
    w: &[f64],
    g: &mut Square,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let (n, rows) = (list.len(), columns.rows());
    if n == from || rows == 0 {
        return Ok(());
    }
    let height = (PANEL_NUMBERS / n).min(PANEL_FLOPS / (n * (n - from))).clamp(8, rows.max(8)).min(rows);
    let root: Vec<f64> = w.iter().map(|w| w.sqrt()).collect();
    let mut panel = vec![0.0; height * n];
    let mut first = 0;
    while first < rows {
        let count = height.min(rows - first);
        for (k, &j) in list.iter().enumerate() {
            columns.pack(j, first, &root, &mut panel[k * count..(k + 1) * count]);
        }
        let packed = MatRef::from_column_major_slice(&panel[..count * n], count, n);
        team.fill(&mut g.data[from * n..], TASK_COLUMNS * n, |offset, part| {
            let (start, width) = (from + offset / n, part.len() / n);
            let out = MatMut::from_column_major_slice_mut(part, n, width).subrows_mut(0, start + width);
            let left = packed.subcols(0, start + width).transpose();
            matmul(out, Accum::Add, left, packed.subcols(start, width), 1.0, Par::Seq);
        });
        control.spend((2 * count * n * (n - from)) as u64)?;
        first += count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;
    use crate::numerics::dense::{DenseView, Order};
    use crate::numerics::sparse::{Duplicates, Layout, SparseView};
    use crate::runtime::parallel::with_team;
    use proptest::prelude::*;

    fn plain(columns: &Columns<'_>, list: &[usize], w: &[f64]) -> Vec<f64> {
        let expand = |j| {
            let mut full = vec![0.0; columns.rows()];
            columns.for_each(j, |r, a| full[r] = a);
            full
        };
        let mut g = Vec::new();
        for &j in list {
            for &i in list {
                g.push(expand(i).iter().zip(expand(j)).zip(w).map(|((a, b), w)| a * b * w).sum());
            }
        }
        g
    }

    proptest! {
        #[test]
        fn dense_and_sparse_blocks_agree_with_the_plain_sum(
            data in prop::collection::vec(-3.0..3.0_f64, 40 * 37),
            w in prop::collection::vec(0.0..2.0_f64, 40),
            from in 0..10_usize,
        ) {
            let (rows, cols) = (40, 37);
            let dense = Matrix::dense(DenseView { data: &data, rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap();
            let indptr: Vec<i32> = (0..=cols as i32).map(|j| j * rows as i32).collect();
            let indices: Vec<i32> = (0..cols).flat_map(|_| 0..rows as i32).collect();
            let view = SparseView { rows, cols, indptr: &indptr, indices: &indices, values: &data, layout: Layout::Csc };
            let sparse = Matrix::sparse(view, Duplicates::Error).unwrap();
            let list: Vec<usize> = (0..cols).rev().step_by(2).collect();
            let mut results = Vec::new();
            for matrix in [&dense, &sparse] {
                let columns = Columns::new(matrix, (1..=cols).map(|j| 1.0 / j as f64).collect());
                let expected = plain(&columns, &list, &w);
                let one = gram(&columns, &list, &w, &Team::solo(), &mut Control::new()).unwrap();
                for (a, b) in one.data.iter().zip(&expected) {
                    prop_assert!((a - b).abs() <= 1e-12, "{a} {b}");
                }
                let three = with_team(3, |team| gram(&columns, &list, &w, team, &mut Control::new()).unwrap()).unwrap();
                prop_assert_eq!(&one.data, &three.data);
                let mut grown = Square::zeros(list.len());
                for j in 0..from {
                    grown.column_mut(j).copy_from_slice(one.column(j));
                }
                extend_gram(&columns, &list, from, &w, &mut grown, &Team::solo(), &mut Control::new()).unwrap();
                for (a, b) in grown.data.iter().zip(&expected) {
                    prop_assert!((a - b).abs() <= 1e-12);
                }
                results.push(one);
            }
        }
    }
}
