//! Scaled columns of a matrix: the operations that loops are made of, with their work reported to the control.

use super::matrix::Matrix;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Work done between two reports inside one operation over many columns.
const BATCH_FLOPS: u64 = 1 << 24;

/// Columns per task of a team.
const TASK_COLUMNS: usize = 16;

/// The matrix whose column `j` is `scale_j a_j`.
#[derive(Debug)]
pub struct Columns<'m> {
    matrix: &'m Matrix<'m>,
    scale: Vec<f64>,
}

impl<'m> Columns<'m> {
    /// Scales the columns of `matrix`; `scale` has one positive number per column.
    pub fn new(matrix: &'m Matrix<'m>, scale: Vec<f64>) -> Self {
        assert_eq!(scale.len(), matrix.cols());
        Self { matrix, scale }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.matrix.rows()
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.matrix.cols()
    }

    /// Whether the matrix is sparse.
    pub fn is_sparse(&self) -> bool {
        self.matrix.is_sparse()
    }

    /// The scale of each column.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// The scales alone, without the matrix.
    pub fn into_scale(self) -> Vec<f64> {
        self.scale
    }

    /// Flops of one pass over column `j`.
    #[inline]
    pub fn flops(&self, j: usize) -> u64 {
        2 * self.matrix.column_entries(j) as u64 + 8
    }

    /// `a_j' v`.
    #[inline]
    pub fn dot(&self, j: usize, v: &[f64]) -> f64 {
        self.scale[j] * self.matrix.dot(j, v)
    }

    /// `sum_r w_r a_rj^2`.
    pub fn squares(&self, j: usize, w: &[f64]) -> f64 {
        self.matrix.squares(j, self.scale[j], w)
    }

    /// `v += alpha a_j`.
    #[inline]
    pub fn add(&self, j: usize, alpha: f64, v: &mut [f64]) {
        self.matrix.add(j, alpha * self.scale[j], v);
    }

    /// `v_r += alpha w_r a_rj`.
    #[inline]
    pub fn weighted_add(&self, j: usize, alpha: f64, w: &[f64], v: &mut [f64]) {
        self.matrix.weighted_add(j, alpha * self.scale[j], w, v);
    }

    /// `v_r = w_r a_rj` at the stored entries of column `j`; the others of `v` stay.
    pub fn weighted_copy(&self, j: usize, w: &[f64], v: &mut [f64]) {
        if self.is_sparse() {
            self.for_each(j, |r, a| v[r] = w[r] * a);
        } else {
            self.pack(j, 0, w, v);
        }
    }

    /// Calls `visit(row, value)` for the stored entries of column `j`.
    #[inline]
    pub fn for_each(&self, j: usize, mut visit: impl FnMut(usize, f64)) {
        let scale = self.scale[j];
        self.matrix.for_each(j, |r, a| visit(r, scale * a));
    }

    /// `out_k = compute(list_k)` for a list of columns, each of which costs `passes` passes over the column.
    pub fn map(
        &self,
        list: &[usize],
        passes: u64,
        out: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
        compute: impl Fn(usize) -> f64 + Sync,
    ) -> Result<(), Stop> {
        let mut start = 0;
        while start < list.len() {
            let (mut end, mut flops) = (start, 0);
            while end < list.len() && (end == start || flops < BATCH_FLOPS) {
                flops += passes * self.flops(list[end]);
                end += 1;
            }
            let columns = &list[start..end];
            team.fill(&mut out[start..end], TASK_COLUMNS, |first, part| {
                for (k, o) in part.iter_mut().enumerate() {
                    *o = compute(columns[first + k]);
                }
            });
            control.spend(flops)?;
            start = end;
        }
        Ok(())
    }

    /// `out_k = a_j' v` for `j = list_k`: correlations with `v`.
    pub fn correlations(
        &self,
        list: &[usize],
        v: &[f64],
        out: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        self.map(list, 1, out, team, control, |j| self.dot(j, v))
    }

    /// `z += sum_k x_k a_j` for `j = list_k`, skipping zeros.
    pub fn accumulate(
        &self,
        list: &[usize],
        x: &[f64],
        z: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        for (&j, &x) in list.iter().zip(x) {
            if x != 0.0 {
                self.add(j, x, z);
                control.spend(self.flops(j))?;
            }
        }
        Ok(())
    }
}

impl Columns<'_> {
    /// Writes `root_r a_rj` for the rows `first ..` into `out`, for dense columns.
    pub(super) fn pack(&self, j: usize, first: usize, root: &[f64], out: &mut [f64]) {
        let scale = self.scale[j];
        let root = &root[first..first + out.len()];
        match self.matrix {
            Matrix::Dense64(m) => {
                let column = &m.column(j)[first..first + root.len()];
                out.iter_mut().zip(column).zip(root).for_each(|((o, a), w)| *o = scale * a * w);
            }
            Matrix::Dense32(m) => {
                let column = &m.column(j)[first..first + root.len()];
                out.iter_mut().zip(column).zip(root).for_each(|((o, a), w)| *o = scale * f64::from(*a) * w);
            }
            _ => unreachable!("sparse columns are not packed"),
        }
    }
}
