//! The linear composition `f(x) = sum_r s_r phi(a_r'x + b + o_r)` as the rules and updates see it.

use super::block::Block;
use super::block_problem::quadratic::Goal;
use super::engine::{Engine, needs_damping};
use super::rules::column_index::ColumnIndex;
use super::rules::followed::Followed;
use super::settings::{Gradients, LineSearch};
use super::smooth::{Changed, Metric, Smooth};
use super::state::LOSS_FLOPS;
use super::updates::step::Step;
use super::updates::{composition, model_step};
use crate::model::Penalty;
use crate::numerics::gram::{Square, gram};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// A step in the space of predictions: the rows that it moves and by how much; all of them where `rows` is `None`.
pub(super) struct Ray {
    rows: Option<Vec<usize>>,
    dz: Vec<f64>,
}

impl Engine<'_> {
    /// `kappa`, or 1 for losses without a bound.
    pub(super) fn kappa(&self) -> f64 {
        let bound = self.scaled.loss.curvature_bound();
        if bound.is_finite() { bound } else { 1.0 }
    }

    /// Weight of each row in the curvature.
    fn row_weights(&self, metric: Metric, control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let (scaled, z) = (self.scaled, &self.state.z);
        let mut w = vec![0.0; scaled.rows()];
        match metric {
            Metric::Bound => {
                let kappa = self.kappa();
                w.iter_mut().zip(&scaled.s).for_each(|(w, s)| *w = kappa * s);
            }
            Metric::Local => scaled.loss.majorizers(&scaled.y, z, &scaled.s, &mut w),
            Metric::Hessian => scaled.loss.curvatures(&scaled.y, z, &scaled.s, &mut w),
        }
        control.spend(LOSS_FLOPS * w.len() as u64)?;
        Ok(w)
    }

    /// Whether work on the rows that the block touches alone is much less than work on all rows.
    fn touches_little(&self, list: &[usize]) -> bool {
        let touched: u64 = list.iter().map(|&j| self.scaled.columns.flops(j)).sum();
        self.scaled.columns.is_sparse() && touched * 4 < self.scaled.rows() as u64
    }

    /// The entries of a sparse block by row: `(row, position in list, value)`.
    fn entries_by_row(
        &self,
        list: &[usize],
        control: &mut Control<'_>,
    ) -> Result<Vec<(usize, usize, f64)>, Stop> {
        let mut entries = Vec::new();
        for (k, &j) in list.iter().enumerate() {
            self.scaled.columns.for_each(j, |r, a| entries.push((r, k, a)));
            control.spend(self.scaled.columns.flops(j))?;
        }
        entries.sort_unstable_by_key(|e| (e.0, e.1));
        Ok(entries)
    }

    /// The weight of one row in the curvature.
    fn row_weight(&self, metric: Metric, r: usize) -> f64 {
        let scaled = self.scaled;
        let (y, z, s) = (&scaled.y[r..=r], &self.state.z[r..=r], &scaled.s[r..=r]);
        let mut w = [0.0];
        match metric {
            Metric::Bound => w[0] = self.kappa() * s[0],
            Metric::Local => scaled.loss.majorizers(y, z, s, &mut w),
            Metric::Hessian => scaled.loss.curvatures(y, z, s, &mut w),
        }
        w[0]
    }

    /// First and second derivative of the loss in `alpha` along `dz`, which is of the rows in `rows` or of all.
    fn slopes_of(
        &self,
        rows: Option<&[usize]>,
        dz: &[f64],
        alpha: f64,
        control: &mut Control<'_>,
    ) -> Result<(f64, f64), Stop> {
        let scaled = self.scaled;
        let n = dz.len();
        let row = |k: usize| rows.map_or(k, |rows| rows[k]);
        let y: Vec<f64> = (0..n).map(|k| scaled.y[row(k)]).collect();
        let s: Vec<f64> = (0..n).map(|k| scaled.s[row(k)]).collect();
        let z: Vec<f64> = (0..n).map(|k| self.state.z[row(k)] + alpha * dz[k]).collect();
        let (mut d, mut w) = (vec![0.0; n], vec![0.0; n]);
        scaled.loss.slopes(&y, &z, &s, &mut d);
        scaled.loss.curvatures(&y, &z, &s, &mut w);
        control.spend(2 * LOSS_FLOPS * n as u64)?;
        let slope = d.iter().zip(dz).map(|(d, p)| d * p).sum();
        Ok((slope, w.iter().zip(dz).map(|(w, p)| w * p * p).sum()))
    }

    /// The same along a change of all predictions.
    pub(super) fn slopes_along(
        &self,
        dz: &[f64],
        alpha: f64,
        control: &mut Control<'_>,
    ) -> Result<(f64, f64), Stop> {
        self.slopes_of(None, dz, alpha, control)
    }

    /// The curvature of a block of few entries: outer products of its rows.
    fn sparse_square(
        &self,
        metric: Metric,
        list: &[usize],
        control: &mut Control<'_>,
    ) -> Result<Square, Stop> {
        let entries = self.entries_by_row(list, control)?;
        let mut square = Square::zeros(list.len());
        for row in entries.chunk_by(|a, b| a.0 == b.0) {
            let w = self.row_weight(metric, row[0].0);
            for &(_, k, a) in row {
                let column = square.column_mut(k);
                row.iter().for_each(|&(_, i, b)| column[i] += w * a * b);
            }
            control.spend((2 * row.len() * row.len()) as u64 + LOSS_FLOPS)?;
        }
        Ok(square)
    }
}

impl Smooth for Engine<'_> {
    type Ray = Ray;
    type Memory = Followed;

    fn penalty(&self) -> &Penalty {
        self.penalty
    }

    fn team(&self) -> &Team<'_> {
        self.team
    }

    fn x(&self) -> &[f64] {
        &self.state.x
    }

    fn lipschitz(&self) -> &[f64] {
        self.lipschitz
    }

    fn objective_size(&self) -> f64 {
        self.objective_size
    }

    fn has_curvature_bound(&self) -> bool {
        self.scaled.loss.curvature_bound().is_finite()
    }

    fn is_quadratic(&self) -> bool {
        self.scaled.loss.is_quadratic()
    }

    fn value(&self) -> f64 {
        self.state.loss(self.scaled)
    }

    fn gradient(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        self.scaled.columns.correlations(list, &self.state.d, out, self.team, control)
    }

    fn curvature(&self, metric: Metric, list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop> {
        if self.touches_little(list) {
            return self.sparse_square(metric, list, control);
        }
        let w = self.row_weights(metric, control)?;
        gram(&self.scaled.columns, list, &w, self.team, control)
    }

    fn diagonal(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        let columns = &self.scaled.columns;
        if self.touches_little(list) {
            for (out, &j) in out.iter_mut().zip(list) {
                *out = 0.0;
                columns.for_each(j, |r, a| *out += self.row_weight(Metric::Hessian, r) * a * a);
                control.spend((2 + LOSS_FLOPS) * columns.flops(j))?;
            }
            return Ok(());
        }
        let w = self.row_weights(Metric::Hessian, control)?;
        columns.map(list, 2, out, self.team, control, |j| columns.squares(j, &w))
    }

    fn bound_column(
        &self,
        j: usize,
        list: &[usize],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let (columns, s, kappa) = (&self.scaled.columns, &self.scaled.s, self.kappa());
        let mut weighted = vec![0.0; self.scaled.rows()];
        columns.for_each(j, |r, a| weighted[r] = kappa * s[r] * a);
        control.spend(weighted.len() as u64 + columns.flops(j))?;
        columns.correlations(list, &weighted, out, self.team, control)
    }

    fn bound_product(
        &self,
        list: &[usize],
        p: &[f64],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let kappa = self.kappa();
        let mut t = vec![0.0; self.scaled.rows()];
        self.scaled.columns.accumulate(list, p, &mut t, control)?;
        t.iter_mut().zip(&self.scaled.s).for_each(|(t, s)| *t *= kappa * s);
        self.scaled.columns.correlations(list, &t, out, self.team, control)
    }

    fn row_sums(&self, moving: &[usize], control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let (columns, s, kappa) = (&self.scaled.columns, &self.scaled.s, self.kappa());
        let mut norm = vec![0.0; columns.rows()];
        for &j in moving {
            columns.for_each(j, |r, a| norm[r] += a.abs());
            control.spend(columns.flops(j))?;
        }
        let mut d = vec![0.0; columns.cols()];
        for &j in moving {
            columns.for_each(j, |r, a| d[j] += kappa * s[r] * a.abs() * norm[r]);
            control.spend(2 * columns.flops(j))?;
        }
        Ok(d)
    }

    /// `rho sum_r s_r |a_{r,b}|^3`, or `rho max_r |a_{r,b}| lambda_max(A_b'SA_b)` where that is less.
    fn hessian_lipschitz(&self, list: &[usize], control: &mut Control<'_>) -> Result<Option<f64>, Stop> {
        let Some(rho) = self.scaled.loss.third_bound() else { return Ok(None) };
        let s = &self.scaled.s;
        if rho == 0.0 || list.is_empty() {
            return Ok(Some(0.0));
        }
        let (mut cubes, mut longest) = (0.0, 0.0_f64);
        let mut add = |r: usize, squares: f64| {
            cubes += s[r] * squares * squares.sqrt();
            longest = longest.max(if s[r] > 0.0 { squares.sqrt() } else { 0.0 });
        };
        if let [j] = list {
            self.scaled.columns.for_each(*j, |r, a| add(r, a * a));
            control.spend(8 * self.scaled.columns.flops(*j))?;
            return Ok(Some(rho * cubes));
        }
        if self.touches_little(list) {
            for row in self.entries_by_row(list, control)?.chunk_by(|a, b| a.0 == b.0) {
                add(row[0].0, row.iter().map(|e| e.2 * e.2).sum());
            }
        } else {
            let mut squares = vec![0.0; self.scaled.rows()];
            for &j in list {
                self.scaled.columns.for_each(j, |r, a| squares[r] += a * a);
                control.spend(self.scaled.columns.flops(j))?;
            }
            squares.into_iter().enumerate().for_each(|(r, squares)| add(r, squares));
        }
        let square = self.curvature(Metric::Bound, list, control)?;
        let n = square.size() as u64;
        control.spend(4 * n * n * n.min(128))?;
        let spectral = crate::numerics::eigen::largest_eigenvalue(&square) / self.kappa();
        Ok(Some(rho * cubes.min(longest * spectral)))
    }

    fn ray(&self, list: &[usize], step: &[f64], control: &mut Control<'_>) -> Result<Ray, Stop> {
        if !self.touches_little(list) {
            let mut dz = vec![0.0; self.scaled.rows()];
            self.scaled.columns.accumulate(list, step, &mut dz, control)?;
            return Ok(Ray { rows: None, dz });
        }
        let (mut rows, mut dz) = (Vec::new(), Vec::new());
        for row in self.entries_by_row(list, control)?.chunk_by(|a, b| a.0 == b.0) {
            rows.push(row[0].0);
            dz.push(row.iter().map(|&(_, k, a)| a * step[k]).sum());
        }
        Ok(Ray { rows: Some(rows), dz })
    }

    fn change(&self, ray: &Ray, alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop> {
        let (scaled, z) = (self.scaled, &self.state.z);
        control.spend(LOSS_FLOPS * ray.dz.len() as u64)?;
        let Some(rows) = &ray.rows else {
            return Ok(scaled.loss.change(&scaled.y, z, &ray.dz, alpha, &scaled.s));
        };
        let pick = |full: &[f64]| rows.iter().map(|&r| full[r]).collect::<Vec<f64>>();
        Ok(scaled.loss.change(&pick(&scaled.y), &pick(z), &ray.dz, alpha, &pick(&scaled.s)))
    }

    fn derivatives(&self, ray: &Ray, alpha: f64, control: &mut Control<'_>) -> Result<(f64, f64), Stop> {
        self.slopes_of(ray.rows.as_deref(), &ray.dz, alpha, control)
    }

    fn move_to(&mut self, list: &[usize], to: &[f64], control: &mut Control<'_>) -> Result<(), Stop> {
        self.state.move_to(self.scaled, list, to, 0.0, control)
    }

    fn refresh(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        self.state.refresh(self.scaled, control)
    }

    fn recenter(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        if self.scaled.intercept {
            self.state.center(self.scaled, control)?;
        }
        Ok(())
    }

    fn bound_step(&mut self, block: &Block, metric: Metric, control: &mut Control<'_>) -> Result<Step, Stop> {
        if !self.scaled.intercept && self.touches_little(block.columns()) {
            return model_step::bound(self, block, metric, control);
        }
        let w = self.row_weights(metric, control)?;
        composition::bound(self, block, w, control)
    }

    fn newton_step(
        &mut self,
        block: &Block,
        search: LineSearch,
        control: &mut Control<'_>,
    ) -> Result<Step, Stop> {
        if !self.scaled.intercept && !needs_damping(self.scaled) && self.touches_little(block.columns()) {
            return model_step::newton(self, block, search, control);
        }
        composition::newton(self, block, Goal::EXACT, search, control)
    }

    fn memory(
        &self,
        wanted: Gradients,
        block_size: usize,
        control: &mut Control<'_>,
    ) -> Result<Followed, Stop> {
        Followed::new(self, wanted, block_size, control)
    }

    fn follow_cost(&self, memory: &Followed, block_size: usize) -> Option<u64> {
        memory.cost(self, block_size)
    }

    fn follow(
        &self,
        memory: &mut Followed,
        list: &[usize],
        step: &[f64],
        g: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<Option<Changed>, Stop> {
        memory.follow(self, list, step, g, control)
    }

    /// Centres of sparse columns are dense, and sparse columns have no near neighbours: no index of those. A linear
    /// term is no product of a column with the slopes.
    fn index(
        &self,
        list: &[usize],
        scale: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Option<ColumnIndex>, Stop> {
        let columns = &self.scaled.columns;
        if columns.is_sparse() || self.penalty.slope().is_some() {
            return Ok(None);
        }
        ColumnIndex::new(columns, list, scale, self.team, control)
    }

    fn slopes(&self) -> &[f64] {
        &self.state.d
    }

    fn forget(&self, memory: &mut Followed) {
        memory.forget(self);
    }
}
