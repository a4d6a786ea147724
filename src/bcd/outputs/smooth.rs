//! Several outputs as the paper's rules and updates see them: its multi-class constants.
//!
//! * `L_j = kappa sum_r s_r a_rf^2`, with `kappa` 1/4 for softmax (1 for squared losses).
//! * A block whose coordinates have `q` different classes: `H_b <= M kron A'SA` on the block, with
//!   `M = 1/2 (I - 1 1'/min(k, q + 1))`.
//! * `D_j = (1 - 1/k) sum_g |(A'SA)_fg|`, the same for every class; here by the triangle inequality.
//! * `M_b = rho sum_r s_r |a_{r,b}|^3` with `rho = 1/(6 sqrt 3)` for one class. With more, the linear predictors of a
//!   row spread by up to `sqrt 2` times the norm of their change, which makes it `2 sqrt 2` times as much.

use super::super::block::Block;
use super::super::block_problem::quadratic::Goal;
use super::super::settings::{Gradients, LineSearch};
use super::super::smooth::{Metric, Smooth};
use super::super::updates::model_step;
use super::super::updates::step::Step;
use super::engine::Outputs;
use super::newton::{self, row_curvature};
use crate::model::Penalty;
use crate::numerics::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Blocks up to this size have their Hessian formed by a rule's Newton update.
const SMALL_BLOCK: usize = 32;

impl Outputs<'_> {
    /// The classes that a block meets.
    fn outputs_met(&self, list: &[usize]) -> usize {
        let mut met = vec![false; self.data.k];
        list.iter().for_each(|&j| met[self.pair(j).1] = true);
        met.into_iter().filter(|m| *m).count()
    }
}

impl Smooth for Outputs<'_> {
    /// The change of the linear predictors.
    type Ray = Vec<f64>;
    type Memory = ();

    fn penalty(&self) -> &Penalty {
        self.penalty
    }

    fn team(&self) -> &Team<'_> {
        self.team
    }

    fn x(&self) -> &[f64] {
        &self.x
    }

    fn lipschitz(&self) -> &[f64] {
        self.lipschitz
    }

    fn objective_size(&self) -> f64 {
        self.objective_size
    }

    fn has_curvature_bound(&self) -> bool {
        true
    }

    fn is_quadratic(&self) -> bool {
        self.data.loss.is_quadratic()
    }

    fn value(&self) -> f64 {
        self.loss()
    }

    fn gradient(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        self.correlations(list, &self.d, out, control)
    }

    fn curvature(&self, metric: Metric, list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop> {
        match metric {
            Metric::Hessian => self.hessian(list, control),
            Metric::Bound | Metric::Local => self.bound(list, self.outputs_met(list), control),
        }
    }

    fn diagonal(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        let mut weights: Vec<Vec<f64>> = vec![Vec::new(); self.data.k];
        for &j in list {
            let c = self.pair(j).1;
            if weights[c].is_empty() {
                weights[c] = self.row_weights(c, c);
            }
        }
        self.map(list, 2, out, control, |j| {
            let (f, c) = self.pair(j);
            self.squares(f, &weights[c])
        })
    }

    fn bound_column(
        &self,
        j: usize,
        list: &[usize],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let (f, c) = self.pair(j);
        let (loss, k) = (self.data.loss, self.data.k);
        let mut weighted = vec![0.0; self.data.rows];
        self.for_each(f, |r, a| weighted[r] = self.scaled.s[r] * a);
        control.spend(weighted.len() as u64 + self.flops(f))?;
        self.map(list, 1, out, control, |i| {
            let (g, e) = self.pair(i);
            let entry = loss.bound_entry(c == e, k, k);
            if entry == 0.0 { 0.0 } else { entry * self.dot(g, &weighted) }
        })
    }

    fn row_sums(&self, moving: &[usize], control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let (loss, k, s) = (self.data.loss, self.data.k, &self.scaled.s);
        let mut features: Vec<usize> = moving.iter().map(|&j| self.pair(j).0).collect();
        features.sort_unstable();
        features.dedup();
        let mut norm = vec![0.0; self.data.rows];
        for &f in &features {
            self.for_each(f, |r, a| norm[r] += a.abs());
            control.spend(self.flops(f))?;
        }
        let outputs = loss.bound_entry(true, k, k) + (k - 1) as f64 * loss.bound_entry(false, k, k).abs();
        let mut of_feature = vec![0.0; self.x.len() / k];
        for &f in &features {
            self.for_each(f, |r, a| of_feature[f] += s[r] * a.abs() * norm[r]);
            control.spend(2 * self.flops(f))?;
        }
        let mut d = vec![0.0; self.x.len()];
        moving.iter().for_each(|&j| d[j] = outputs * of_feature[self.pair(j).0]);
        Ok(d)
    }

    fn hessian_lipschitz(&self, list: &[usize], control: &mut Control<'_>) -> Result<Option<f64>, Stop> {
        if self.data.loss.is_quadratic() || list.is_empty() {
            return Ok(Some(0.0));
        }
        // The largest norm of a row over the features of one class.
        let mut largest = vec![0.0_f64; self.data.rows];
        for c in 0..self.data.k {
            let of: Vec<usize> =
                list.iter().map(|&j| self.pair(j)).filter(|p| p.1 == c).map(|p| p.0).collect();
            if of.is_empty() {
                continue;
            }
            let mut squares = vec![0.0; self.data.rows];
            for f in of {
                self.for_each(f, |r, a| squares[r] += a * a);
                control.spend(self.flops(f))?;
            }
            largest.iter_mut().zip(&squares).for_each(|(l, s)| *l = l.max(*s));
        }
        let spread = if self.outputs_met(list) == 1 { 1.0 } else { 8.0_f64.sqrt() };
        let cubes: f64 = largest.iter().zip(&self.scaled.s).map(|(n, s)| s * n * n.sqrt()).sum();
        control.spend(4 * largest.len() as u64)?;
        Ok(Some(spread / (6.0 * 3.0_f64.sqrt()) * cubes))
    }

    fn ray(&self, list: &[usize], step: &[f64], control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        self.predictor_step(list, step, control)
    }

    fn change(&self, dz: &Vec<f64>, alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop> {
        self.loss_change(dz, alpha, control)
    }

    fn derivatives(&self, dz: &Vec<f64>, alpha: f64, control: &mut Control<'_>) -> Result<(f64, f64), Stop> {
        let (data, s) = (self.data, &self.scaled.s);
        let (mut mean, mut slope) = (vec![0.0; data.k], vec![0.0; data.k]);
        let (mut first, mut second) = (0.0, 0.0);
        data.for_each_row(s, [&self.z, dz], |r, [z, dz]| {
            mean.iter_mut().zip(z.iter().zip(dz)).for_each(|(m, (z, d))| *m = z + alpha * d);
            data.loss.mean(&mut mean);
            data.loss.slope(&mean, data.target(r), &mut slope);
            first += s[r] * slope.iter().zip(dz).map(|(g, d)| g * d).sum::<f64>();
            second += s[r] * row_curvature(data.loss.is_quadratic(), &mean, dz);
        });
        control.spend(20 * dz.len() as u64)?;
        Ok((first, second))
    }

    fn move_to(&mut self, list: &[usize], to: &[f64], control: &mut Control<'_>) -> Result<(), Stop> {
        self.go(list, to, control)
    }

    fn refresh(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        self.refresh_all(control)
    }

    fn newton_step(
        &mut self,
        block: &Block,
        search: LineSearch,
        control: &mut Control<'_>,
    ) -> Result<Step, Stop> {
        if search == LineSearch::Armijo && block.columns().len() > SMALL_BLOCK {
            return newton::step(self, block, Goal::EXACT, control);
        }
        model_step::newton(self, block, search, control)
    }

    fn memory(&self, _wanted: Gradients, _block_size: usize, _control: &mut Control<'_>) -> Result<(), Stop> {
        Ok(())
    }
}
