//! The iterate of a problem with several outputs, and what is maintained with it.
//!
//! Coordinate `f k + c` is that of feature `f` and output `c`; after the features come the intercepts, as those of a
//! column of ones. What belongs to rows is held output after output, so that columns meet contiguous numbers.

use super::super::scaled::Scaled;
use super::super::updates::damping::Damping;
use super::data::Data;
use crate::model::Penalty;
use crate::numerics::gram::{Square, gram};
use crate::numerics::sum::Sum;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Flops counted for a loss and its derivatives at one row and output.
const LOSS_FLOPS: u64 = 16;
/// Least damping of softmax models. A common shift of all classes changes nothing: without a little curvature along it,
/// rounding would decide how far a Newton step goes that way.
const LEAST_DAMPING: f64 = 1e-10;
/// Work between two reports inside one pass.
const BATCH_FLOPS: u64 = 1 << 22;
/// Coordinates per task of a team.
const TASK: usize = 16;

/// The problem at an iterate.
pub(in crate::bcd) struct Outputs<'e> {
    pub(in crate::bcd) data: &'e Data,
    pub(in crate::bcd) scaled: &'e Scaled<'e>,
    /// The penalty of all coordinates, intercepts included.
    pub(in crate::bcd) penalty: &'e Penalty,
    pub(in crate::bcd) team: &'e Team<'e>,
    /// `kappa sum_r s_r a_rf^2` of each coordinate.
    pub(in crate::bcd) lipschitz: &'e [f64],
    pub(in crate::bcd) x: Vec<f64>,
    /// Linear predictors, output after output.
    pub(in crate::bcd) z: Vec<f64>,
    /// The means that they stand for.
    pub(in crate::bcd) mean: Vec<f64>,
    /// Slopes `s_r phi'(z_r)`.
    pub(in crate::bcd) d: Vec<f64>,
    /// Damping of Newton models, relative to the Lipschitz constants.
    pub(in crate::bcd) damping: Damping,
    pub(in crate::bcd) objective_size: f64,
}

impl<'e> Outputs<'e> {
    /// The problem at `x`.
    pub(in crate::bcd) fn new(
        data: &'e Data,
        scaled: &'e Scaled<'e>,
        penalty: &'e Penalty,
        team: &'e Team<'e>,
        lipschitz: &'e [f64],
        x: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = data.rows * data.k;
        let empty = || vec![0.0; n];
        let mut engine = Self {
            data,
            scaled,
            penalty,
            team,
            lipschitz,
            x,
            z: empty(),
            mean: empty(),
            d: empty(),
            damping: Damping::new(if data.loss.is_quadratic() { 0.0 } else { LEAST_DAMPING }),
            objective_size: 0.0,
        };
        engine.refresh_all(control)?;
        Ok(engine)
    }

    /// Feature and output of a coordinate.
    #[inline]
    pub(super) fn pair(&self, j: usize) -> (usize, usize) {
        (j / self.data.k, j % self.data.k)
    }

    /// The rows of one output.
    #[inline]
    pub(super) fn part<'v>(&self, v: &'v [f64], c: usize) -> &'v [f64] {
        &v[c * self.data.rows..(c + 1) * self.data.rows]
    }

    /// `a_f'v`, the column of ones included.
    #[inline]
    pub(super) fn dot(&self, f: usize, v: &[f64]) -> f64 {
        if f < self.scaled.cols() { self.scaled.columns.dot(f, v) } else { v.iter().sum() }
    }

    /// `v += alpha a_f`.
    #[inline]
    pub(super) fn add(&self, f: usize, alpha: f64, v: &mut [f64]) {
        if f < self.scaled.cols() {
            self.scaled.columns.add(f, alpha, v);
        } else {
            v.iter_mut().for_each(|v| *v += alpha);
        }
    }

    /// `v_r += alpha w_r a_rf`.
    #[inline]
    pub(super) fn weighted_add(&self, f: usize, alpha: f64, w: &[f64], v: &mut [f64]) {
        if f < self.scaled.cols() {
            self.scaled.columns.weighted_add(f, alpha, w, v);
        } else {
            v.iter_mut().zip(w).for_each(|(v, w)| *v += alpha * w);
        }
    }

    /// `sum_r w_r a_rf^2`.
    pub(super) fn squares(&self, f: usize, w: &[f64]) -> f64 {
        if f < self.scaled.cols() { self.scaled.columns.squares(f, w) } else { w.iter().sum() }
    }

    /// Calls `visit(row, value)` for the entries of column `f`.
    #[inline]
    pub(super) fn for_each(&self, f: usize, mut visit: impl FnMut(usize, f64)) {
        if f < self.scaled.cols() {
            self.scaled.columns.for_each(f, visit);
        } else {
            (0..self.data.rows).for_each(|r| visit(r, 1.0));
        }
    }

    /// Flops of a pass over column `f`.
    #[inline]
    pub(super) fn flops(&self, f: usize) -> u64 {
        if f < self.scaled.cols() { self.scaled.columns.flops(f) } else { 2 * self.data.rows as u64 + 8 }
    }

    /// `out_i = compute(list_i)`, each of which costs `passes` passes over its column.
    pub(super) fn map(
        &self,
        list: &[usize],
        passes: u64,
        out: &mut [f64],
        control: &mut Control<'_>,
        compute: impl Fn(usize) -> f64 + Sync,
    ) -> Result<(), Stop> {
        let mut start = 0;
        while start < list.len() {
            let (mut end, mut flops) = (start, 0);
            while end < list.len() && (end == start || flops < BATCH_FLOPS) {
                flops += passes * self.flops(self.pair(list[end]).0);
                end += 1;
            }
            let batch = &list[start..end];
            self.team.fill(&mut out[start..end], TASK, |first, part| {
                for (i, o) in part.iter_mut().enumerate() {
                    *o = compute(batch[first + i]);
                }
            });
            control.spend(flops)?;
            start = end;
        }
        Ok(())
    }

    /// `a_f'v_c` for the coordinates in `list`; `v` output after output.
    pub(in crate::bcd) fn correlations(
        &self,
        list: &[usize],
        v: &[f64],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        self.map(list, 1, out, control, |j| {
            let (f, c) = self.pair(j);
            self.dot(f, self.part(v, c))
        })
    }

    /// `v_c += x_i a_f` for the coordinates in `list`, skipping zeros.
    pub(super) fn accumulate(
        &self,
        list: &[usize],
        x: &[f64],
        v: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let rows = self.data.rows;
        for (&j, &x) in list.iter().zip(x) {
            if x != 0.0 {
                let (f, c) = self.pair(j);
                self.add(f, x, &mut v[c * rows..(c + 1) * rows]);
                control.spend(self.flops(f))?;
            }
        }
        Ok(())
    }

    /// Computes predictors, means and slopes afresh from the coordinates.
    pub(in crate::bcd) fn refresh_all(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        let mut z = self.data.offset.clone();
        let every: Vec<usize> = (0..self.x.len()).collect();
        self.accumulate(&every, &self.x, &mut z, control)?;
        self.z = z;
        self.refresh_slopes(control)
    }

    /// Computes means and slopes from the predictors.
    fn refresh_slopes(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        let (data, rows) = (self.data, self.data.rows);
        let (s, mean, d) = (&self.scaled.s, &mut self.mean, &mut self.d);
        let (mut m, mut slope) = (vec![0.0; data.k], vec![0.0; data.k]);
        data.for_each_row(s, [&self.z], |r, [z]| {
            m.copy_from_slice(z);
            data.loss.mean(&mut m);
            data.loss.slope(&m, data.target(r), &mut slope);
            for c in 0..data.k {
                mean[c * rows + r] = m[c];
                d[c * rows + r] = s[r] * slope[c];
            }
        });
        control.spend(LOSS_FLOPS * self.z.len() as u64)
    }

    /// The smooth part of the objective.
    pub(in crate::bcd) fn loss(&self) -> f64 {
        let mut sum = Sum::default();
        self.data.for_each_row(&self.scaled.s, [&self.z], |r, [z]| {
            sum.add(self.scaled.s[r] * self.data.loss.value(z, self.data.target(r)));
        });
        sum.value()
    }

    /// The objective, in the scaled problem's units.
    pub(in crate::bcd) fn objective(&self) -> f64 {
        self.loss() + self.penalty.value(&self.x)
    }

    /// The change of the predictors that goes with a step.
    pub(super) fn predictor_step(
        &self,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>, Stop> {
        let mut dz = vec![0.0; self.z.len()];
        self.accumulate(list, step, &mut dz, control)?;
        Ok(dz)
    }

    /// `f(z + alpha dz) - f(z)`, from accurate differences.
    pub(super) fn loss_change(&self, dz: &[f64], alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop> {
        let (data, s) = (self.data, &self.scaled.s);
        let mut sum = Sum::default();
        let mut step = vec![0.0; data.k];
        data.for_each_row(s, [&self.z, &self.mean, dz], |r, [z, mean, dz]| {
            if dz.iter().any(|d| *d != 0.0) {
                step.iter_mut().zip(dz).for_each(|(step, d)| *step = alpha * d);
                sum.add(s[r] * data.loss.change(z, mean, &step, data.target(r)));
            }
        });
        control.spend(LOSS_FLOPS * self.z.len() as u64)?;
        Ok(sum.value())
    }

    /// Moves coordinates to values and refreshes what hangs on them.
    pub(super) fn go(&mut self, list: &[usize], to: &[f64], control: &mut Control<'_>) -> Result<(), Stop> {
        let step: Vec<f64> = list.iter().zip(to).map(|(&j, to)| to - self.x[j]).collect();
        let mut z = std::mem::take(&mut self.z);
        let added = self.accumulate(list, &step, &mut z, control);
        self.z = z;
        added?;
        list.iter().zip(to).for_each(|(&j, to)| self.x[j] = *to);
        self.refresh_slopes(control)
    }

    /// `w_r = s_r M_r[c, e]`: the weights of the Hessian between two outputs, which for `c != e` are negative or 0;
    /// here without their sign.
    pub(super) fn row_weights(&self, c: usize, e: usize) -> Vec<f64> {
        let s = self.scaled.s.iter();
        let (p, q) = (self.part(&self.mean, c), self.part(&self.mean, e));
        match (self.data.loss.is_quadratic(), c == e) {
            (true, true) => s.copied().collect(),
            (true, false) => vec![0.0; self.data.rows],
            (false, true) => s.zip(p).map(|(s, p)| s * p * (1.0 - p)).collect(),
            (false, false) => s.zip(p.iter().zip(q)).map(|(s, (p, q))| s * p * q).collect(),
        }
    }

    /// `A_F' diag(w) A_F` for a list of features, the column of ones included.
    pub(super) fn feature_gram(
        &self,
        features: &[usize],
        w: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Square, Stop> {
        let cols = self.scaled.cols();
        let real: Vec<usize> = features.iter().copied().filter(|&f| f < cols).collect();
        let inner = gram(&self.scaled.columns, &real, w, self.team, control)?;
        if real.len() == features.len() {
            return Ok(inner);
        }
        // The column of ones is the last of an ascending list.
        let n = features.len();
        let mut whole = Square::zeros(n);
        for k in 0..n - 1 {
            whole.column_mut(k)[..n - 1].copy_from_slice(inner.column(k));
        }
        let mut sums = vec![0.0; n - 1];
        self.scaled.columns.correlations(&real, w, &mut sums, self.team, control)?;
        for (k, sum) in sums.into_iter().enumerate() {
            whole.column_mut(k)[n - 1] = sum;
            whole.column_mut(n - 1)[k] = sum;
        }
        whole.column_mut(n - 1)[n - 1] = w.iter().sum();
        Ok(whole)
    }

    /// A matrix over coordinates, from one over features for each pair of outputs: `entry(c, e)` gives it and its sign.
    pub(super) fn assemble(
        &self,
        list: &[usize],
        mut pair: impl FnMut(&Self, &[usize], usize, usize) -> Result<Option<(Square, f64)>, Stop>,
    ) -> Result<Square, Stop> {
        let mut by_output: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.data.k];
        for (at, &j) in list.iter().enumerate() {
            let (f, c) = self.pair(j);
            by_output[c].push((f, at));
        }
        let mut h = Square::zeros(list.len());
        for c in (0..self.data.k).filter(|&c| !by_output[c].is_empty()) {
            for e in (c..self.data.k).filter(|&e| !by_output[e].is_empty()) {
                let mut features: Vec<usize> =
                    by_output[c].iter().chain(&by_output[e]).map(|(f, _)| *f).collect();
                features.sort_unstable();
                features.dedup();
                let Some((square, sign)) = pair(self, &features, c, e)? else { continue };
                let place = |f: &usize| features.binary_search(f).unwrap_or(0);
                for (f, at) in &by_output[c] {
                    let column = square.column(place(f));
                    for (g, other) in &by_output[e] {
                        let value = sign * column[place(g)];
                        h.column_mut(*at)[*other] = value;
                        h.column_mut(*other)[*at] = value;
                    }
                }
            }
        }
        Ok(h)
    }

    /// The Hessian of the loss on a block of coordinates.
    pub(super) fn hessian(&self, list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop> {
        let quadratic = self.data.loss.is_quadratic();
        self.assemble(list, |engine, features, c, e| {
            if quadratic && c != e {
                return Ok(None);
            }
            let w = engine.row_weights(c, e);
            let square = engine.feature_gram(features, &w, control)?;
            Ok(Some((square, if c == e { 1.0 } else { -1.0 })))
        })
    }

    /// The fixed bound of the Hessian on a block of coordinates that meets `q` outputs.
    pub(super) fn bound(&self, list: &[usize], q: usize, control: &mut Control<'_>) -> Result<Square, Stop> {
        self.assemble(list, |engine, features, c, e| {
            let entry = engine.data.loss.bound_entry(c == e, engine.data.k, q);
            if entry == 0.0 {
                return Ok(None);
            }
            Ok(Some((engine.feature_gram(features, &engine.scaled.s, control)?, entry)))
        })
    }
}
