//! Newton's system on a manifold with more coordinates than rows, `(B'B + P) p = r`: `B = C W^(1/2) A_F`, where `C`
//! takes out the intercept's part, and `P` holds the penalty's Hessian and the damping, unit by unit.
//!
//! By Sherman, Morrison and Woodbury
//! `(B'B + P)^-1 = P^-1 - P^-1 B' (I + B P^-1 B')^-1 B P^-1`, which takes a factor of the size of the rows. `P` is made
//! definite by a small share of the diagonal of `B'B`, so that this is a preconditioner that conjugate gradients need
//! about two steps with.

use super::block_model::Curvature;
use crate::numerics::Columns;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::kernels::dot;
use crate::numerics::outer::outer_sum;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use std::ops::Range;

/// The columns of a block and the weights of the rows.
#[derive(Clone, Copy)]
pub(in crate::bcd) struct Design<'m> {
    pub(in crate::bcd) columns: &'m Columns<'m>,
    pub(in crate::bcd) curvature: &'m Curvature,
}

/// Share of the diagonal of `B'B` that makes `P` definite.
pub(in crate::bcd) const SHARE: f64 = 1e-7;

/// The factored system.
pub(in crate::bcd) struct RowSystem<'m> {
    design: Design<'m>,
    /// The columns of the free coordinates.
    list: Vec<usize>,
    /// Each unit's coordinates in `list` and the factor of its part of `P`.
    units: Vec<(Range<usize>, Cholesky)>,
    rows: Rows,
    /// The factor of `I + B P^-1 B'`.
    factor: Cholesky,
}

/// `C W^(1/2)` on vectors of rows.
struct Rows {
    root: Vec<f64>,
    /// `W^(1/2) 1` of length 1, where an intercept is to be taken out.
    common: Option<Vec<f64>>,
}

impl Rows {
    fn new(curvature: &Curvature) -> Self {
        let root: Vec<f64> = curvature.w.iter().map(|w| w.sqrt()).collect();
        let length = curvature.total.sqrt();
        let common = (length > 0.0).then(|| root.iter().map(|r| r / length).collect());
        Self { root, common }
    }

    fn weigh(&self, t: &mut [f64]) {
        t.iter_mut().zip(&self.root).for_each(|(t, r)| *t *= r);
    }

    fn center(&self, t: &mut [f64]) {
        if let Some(common) = &self.common {
            let along = dot(common, t);
            t.iter_mut().zip(common).for_each(|(t, v)| *t -= along * v);
        }
    }

    /// `I + C T C` in place of `T`.
    fn center_sum(&self, t: &mut Square) {
        let n = t.size();
        if let Some(v) = &self.common {
            let product: Vec<f64> = (0..n).map(|j| dot(t.column(j), v)).collect();
            let along = dot(&product, v);
            for j in 0..n {
                let (vj, pj) = (v[j], product[j] - along * v[j]);
                let column = t.column_mut(j);
                column.iter_mut().zip(v).zip(&product).for_each(|((t, v), p)| *t -= v * pj + p * vj);
            }
        }
        (0..n).for_each(|j| t.column_mut(j)[j] += 1.0);
    }
}

impl<'m> RowSystem<'m> {
    /// Factors the system of the columns in `list`; `units` has each unit's coordinates in it and its part of `P`,
    /// which has to be definite.
    ///
    /// Costs `rows^2 n + rows^3 / 3` flops and memory for two matrices of `rows x rows`.
    pub(in crate::bcd) fn new(
        design: Design<'m>,
        list: Vec<usize>,
        units: Vec<(Range<usize>, Square)>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let mut factored = Vec::with_capacity(units.len());
        for (range, square) in units {
            factored.push((range, Cholesky::new(&square, control)?));
        }
        let (columns, n) = (design.columns, design.columns.rows());
        let rows = Rows::new(design.curvature);
        let widths: Vec<usize> = factored.iter().map(|(range, _)| range.len()).collect();
        let pack = |piece: usize, out: &mut [f64]| {
            let (range, factor) = &factored[piece];
            for (column, &j) in out.chunks_mut(n).zip(&list[range.clone()]) {
                columns.weighted_copy(j, &rows.root, column);
            }
            factor.half_solve_columns(out);
        };
        let mut sum = outer_sum(n, &widths, pack, team, control)?;
        rows.center_sum(&mut sum);
        control.spend(4 * (n * n) as u64)?;
        let factor = Cholesky::new(&sum, control)?;
        Ok(Self { design, list, units: factored, rows, factor })
    }

    /// Writes the solution for the right-hand side `r`. Costs two passes over the columns and `2 rows^2` flops.
    pub(in crate::bcd) fn solve(
        &self,
        r: &[f64],
        out: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let columns = self.design.columns;
        out.copy_from_slice(r);
        self.solve_units(out);
        let mut t = vec![0.0; columns.rows()];
        columns.accumulate(&self.list, out, &mut t, control)?;
        self.rows.weigh(&mut t);
        self.rows.center(&mut t);
        self.factor.solve(&mut t);
        self.rows.center(&mut t);
        self.rows.weigh(&mut t);
        let mut back = vec![0.0; out.len()];
        columns.correlations(&self.list, &t, &mut back, team, control)?;
        self.solve_units(&mut back);
        out.iter_mut().zip(&back).for_each(|(out, back)| *out -= back);
        control.spend((2 * t.len() * t.len()) as u64)
    }

    fn solve_units(&self, v: &mut [f64]) {
        for (range, factor) in &self.units {
            factor.solve(&mut v[range.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Matrix, Order};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_solves_the_system_with_and_without_an_intercept(
            data in prop::collection::vec(-2.0..2.0_f64, 6 * 10),
            w in prop::collection::vec(0.1..2.0_f64, 6),
            right in prop::collection::vec(-1.0..1.0_f64, 10),
            intercept in any::<bool>(),
        ) {
            let (rows, cols) = (6, 10);
            let view = DenseView { data: &data, rows, cols, ld: rows, order: Order::ColumnMajor };
            let matrix = Matrix::dense(view).unwrap();
            let columns = Columns::new(&matrix, vec![1.0; cols]);
            let total = if intercept { w.iter().sum() } else { 0.0 };
            let curvature = Curvature { w: w.clone(), sums: Vec::new(), total, damping: Vec::new(), unit: false };
            let mut h = Square::zeros(cols);
            for j in 0..cols {
                for i in 0..cols {
                    let at = |k: usize, r: usize| data[k * rows + r];
                    let mut sum: f64 = (0..rows).map(|r| w[r] * at(i, r) * at(j, r)).sum();
                    if intercept {
                        let weighted = |k| (0..rows).map(|r| w[r] * at(k, r)).sum::<f64>();
                        sum -= weighted(i) * weighted(j) / total;
                    }
                    h.column_mut(j)[i] = sum;
                }
            }
            // Units of 1, 2, 3 and 4 coordinates with full parts of P.
            let mut units = Vec::new();
            let mut start = 0;
            for width in 1..=4 {
                let mut part = Square::zeros(width);
                for j in 0..width {
                    for i in 0..width {
                        part.column_mut(j)[i] = if i == j { 1.0 + 0.1 * j as f64 } else { 0.2 };
                        h.column_mut(start + j)[start + i] += part.at(i, j);
                    }
                }
                units.push((start..start + width, part));
                start += width;
            }
            let design = Design { columns: &columns, curvature: &curvature };
            let (team, mut control) = (Team::solo(), Control::new());
            let system = RowSystem::new(design, (0..cols).collect(), units, &team, &mut control).unwrap();
            let mut found = vec![0.0; cols];
            system.solve(&right, &mut found, &team, &mut control).unwrap();
            for (i, right) in right.iter().enumerate() {
                let back: f64 = (0..cols).map(|j| h.at(i, j) * found[j]).sum();
                prop_assert!((back - right).abs() < 1e-9, "{back} {right}");
            }
        }
    }
}
