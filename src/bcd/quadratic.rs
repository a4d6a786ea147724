//! The quadratic model of a block, `q(p) = g'p + 1/2 p'Hp`, with the intercept minimized out, and its minimization
//! together with the penalty: the inner problem of matrix and Newton updates.
//!
//! `H = A_b' W A_b + diag(damping)`. Two forms hold the model's gradient: through the Gram block (cheap steps, after a
//! price) or through the rows (no price). Sweeps of coordinate descent find the support; [`super::active_set`] then
//! finishes with Newton steps on it.

use super::active_set::{self, Free, NewtonRun};
use super::block::Block;
use super::row_system::Design;
use super::scaled::Scaled;
use crate::model::Penalty;
use crate::model::penalty::radial_minimizer;
use crate::numerics::Columns;
use crate::numerics::eigen::{Eigen, largest_eigenvalue};
use crate::numerics::gram::{Square, gram};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// The model's curvature: weights of the rows, and what eliminates the intercept.
pub(super) struct Curvature {
    /// Weight of each row in `H`.
    pub(super) w: Vec<f64>,
    /// `A_b' w`, where there is an intercept; else zeros.
    pub(super) sums: Vec<f64>,
    /// `sum w`, or 0 where there is no intercept to eliminate.
    pub(super) total: f64,
    /// Added to the diagonal.
    pub(super) damping: Vec<f64>,
    /// Whether every row has weight 1.
    pub(super) unit: bool,
}

impl Curvature {
    pub(super) fn new(
        scaled: &Scaled<'_>,
        w: Vec<f64>,
        list: &[usize],
        damping: Vec<f64>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let mut sums = vec![0.0; list.len()];
        let mut total = 0.0;
        if scaled.intercept {
            total = w.iter().sum();
            if total > 0.0 {
                scaled.columns.correlations(list, &w, &mut sums, team, control)?;
            }
        }
        let unit = w.iter().all(|w| *w == 1.0);
        Ok(Self { w, sums, total, damping, unit })
    }

    /// `sum d^2 / w - (sum d)^2 / sum w` for slopes `d` (the second part only where there is an intercept), at least 0:
    /// twice the model's value above its lowest conceivable. `None` where it is none, for damping or slopes on rows
    /// without curvature.
    pub(super) fn residual(&self, d: &[f64]) -> Option<f64> {
        if self.damping.iter().any(|d| *d > 0.0) {
            return None;
        }
        let square = |(d, w): (&f64, &f64)| if *d == 0.0 { 0.0 } else { d * (d / w) };
        let squares: f64 = d.iter().zip(&self.w).map(square).sum();
        let sum: f64 = if self.total > 0.0 { d.iter().sum() } else { 0.0 };
        let mean = if self.total > 0.0 { sum * (sum / self.total) } else { 0.0 };
        squares.is_finite().then_some((squares - mean).max(0.0))
    }

    /// The step of the intercept that goes with steps `p`, given the sum of the slopes.
    pub(super) fn intercept_step(&self, slope_sum: f64, p: &[f64]) -> f64 {
        if self.total > 0.0 {
            let moved: f64 = self.sums.iter().zip(p).map(|(s, p)| s * p).sum();
            -(slope_sum + moved) / self.total
        } else {
            0.0
        }
    }
}

/// A model whose gradient follows single steps.
pub(super) trait BlockModel {
    /// `H_kk`.
    fn diagonal(&self, k: usize) -> f64;
    /// The model's gradient at the current `p`.
    fn gradient(&self, k: usize) -> f64;
    /// `p_k += step`.
    fn shift(&mut self, k: usize, step: f64);
    /// Flops of a gradient, and of a shift.
    fn flops(&self, k: usize) -> (u64, u64);
    /// `H_FF` for the positions in `free`.
    fn square(&self, free: &[usize], team: &Team<'_>, control: &mut Control<'_>) -> Result<Square, Stop>;
    /// `out = H_FF p`.
    fn product(
        &self,
        free: &[usize],
        p: &[f64],
        out: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop>;
    /// The cheapest way to solve a system of `H_FF` and the penalty's Hessian.
    fn solver(&self, free: &[usize]) -> Solver<'_>;
    /// The price of a Newton step on `free`, about, in flops of sweeps.
    fn newton_flops(&self, free: &[usize]) -> u64;
    /// `|W^(1/2) A_b p + W^(-1/2) d|^2` after steps `p`, the intercept's part taken out: twice the model but for a
    /// constant. `None` where the model is no sum of squares (damped, or slopes on rows without curvature).
    fn residual(&self, p: &[f64]) -> Option<f64>;
}

/// Ways to solve a Newton system.
pub(super) enum Solver<'m> {
    /// A factor of `H_FF`.
    Factor,
    /// A factor of the size of the rows, for the listed columns.
    Rows(Design<'m>, Vec<usize>),
    /// Conjugate gradients.
    Products,
}

/// The model through its Gram block.
pub(super) struct GramModel {
    h: Square,
    gradient: Vec<f64>,
    first_gradient: Vec<f64>,
    first_residual: Option<f64>,
}

impl GramModel {
    /// `h` is `A_b' W A_b`; `g` the gradient at `p = 0`; `slope_sum` the sum of the slopes;
    /// `first_residual` as [`Curvature::residual`] has it.
    pub(super) fn new(
        mut h: Square,
        g: &[f64],
        slope_sum: f64,
        curvature: &Curvature,
        first_residual: Option<f64>,
    ) -> Self {
        let mut gradient = g.to_vec();
        if curvature.total > 0.0 {
            for (k, gradient) in gradient.iter_mut().enumerate() {
                let factor = curvature.sums[k] / curvature.total;
                *gradient -= factor * slope_sum;
                h.column_mut(k).iter_mut().zip(&curvature.sums).for_each(|(h, s)| *h -= factor * s);
            }
        }
        for (k, damping) in curvature.damping.iter().enumerate() {
            // Rounding in the elimination must not make a diagonal negative.
            h.column_mut(k)[k] = h.at(k, k).max(0.0) + damping;
        }
        Self { h, first_gradient: gradient.clone(), gradient, first_residual }
    }
}

impl BlockModel for GramModel {
    fn diagonal(&self, k: usize) -> f64 {
        self.h.at(k, k)
    }

    fn gradient(&self, k: usize) -> f64 {
        self.gradient[k]
    }

    fn shift(&mut self, k: usize, step: f64) {
        crate::numerics::kernels::add(step, self.h.column(k), &mut self.gradient);
    }

    fn flops(&self, _k: usize) -> (u64, u64) {
        (1, 2 * self.gradient.len() as u64)
    }

    fn square(&self, free: &[usize], _team: &Team<'_>, control: &mut Control<'_>) -> Result<Square, Stop> {
        control.spend((free.len() * free.len()) as u64)?;
        Ok(self.h.block(free))
    }

    fn product(
        &self,
        free: &[usize],
        p: &[f64],
        out: &mut [f64],
        _team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        out.fill(0.0);
        for (&j, &p) in free.iter().zip(p) {
            if p != 0.0 {
                let column = self.h.column(j);
                out.iter_mut().zip(free).for_each(|(o, &i)| *o += p * column[i]);
            }
        }
        control.spend((2 * free.len() * free.len()) as u64)
    }

    fn solver(&self, free: &[usize]) -> Solver<'_> {
        if free.len() <= LARGEST_FACTOR { Solver::Factor } else { Solver::Products }
    }

    fn newton_flops(&self, free: &[usize]) -> u64 {
        let n = free.len() as u64;
        let work = match self.solver(free) {
            Solver::Factor => n * n * n / 3,
            _ => 2 * EXPECTED_CG_STEPS * n * n,
        };
        work + 2 * n * self.gradient.len() as u64
    }

    fn residual(&self, p: &[f64]) -> Option<f64> {
        let ends = self.first_gradient.iter().zip(&self.gradient);
        self.first_residual.map(|first| first + ends.zip(p).map(|((a, b), p)| (a + b) * p).sum::<f64>())
    }
}

/// Largest system that is factored.
const LARGEST_FACTOR: usize = 2048;

/// The model through the rows: `r = d + W A_b p`.
pub(super) struct RowModel<'m> {
    columns: &'m Columns<'m>,
    list: &'m [usize],
    curvature: &'m Curvature,
    diagonal: Vec<f64>,
    r: Vec<f64>,
    sum: f64,
    p: Vec<f64>,
}

impl<'m> RowModel<'m> {
    /// `slopes` are `d` at the iterate.
    pub(super) fn new(
        columns: &'m Columns<'m>,
        list: &'m [usize],
        curvature: &'m Curvature,
        slopes: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let mut diagonal = vec![0.0; list.len()];
        columns.map(list, 2, &mut diagonal, team, control, |j| columns.squares(j, &curvature.w))?;
        for (k, h) in diagonal.iter_mut().enumerate() {
            if curvature.total > 0.0 {
                *h -= curvature.sums[k] * (curvature.sums[k] / curvature.total);
            }
            *h = h.max(0.0) + curvature.damping[k];
        }
        let sum = slopes.iter().sum();
        Ok(Self { columns, list, curvature, diagonal, r: slopes.to_vec(), sum, p: vec![0.0; list.len()] })
    }
}

/// What each [`Solver`] costs, in flops of sweeps; `u64::MAX` where it is out of the question.
struct Prices {
    factor: u64,
    rows: u64,
    products: u64,
}

impl RowModel<'_> {
    fn prices(&self, free: &[usize]) -> Prices {
        let (n, rows) = (free.len() as u64, self.r.len() as u64);
        let pass: u64 = free.iter().map(|&k| self.columns.flops(self.list[k])).sum();
        let most = LARGEST_FACTOR as u64;
        let sparse = self.columns.is_sparse();
        let build = if sparse { n * (pass + rows) / 2 } else { n * pass / DENSE_SPEED };
        Prices {
            factor: if n <= most { build + n * n * n / 12 } else { u64::MAX },
            rows: if rows <= most { rows * rows * (n + rows / 3) / DENSE_SPEED + 6 * pass } else { u64::MAX },
            products: 2 * EXPECTED_CG_STEPS * pass,
        }
    }
}

impl BlockModel for RowModel<'_> {
    fn diagonal(&self, k: usize) -> f64 {
        self.diagonal[k]
    }

    #[inline]
    fn gradient(&self, k: usize) -> f64 {
        let mut g = self.columns.dot(self.list[k], &self.r) + self.curvature.damping[k] * self.p[k];
        if self.curvature.total > 0.0 {
            g -= self.curvature.sums[k] * (self.sum / self.curvature.total);
        }
        g
    }

    #[inline]
    fn shift(&mut self, k: usize, step: f64) {
        if self.curvature.unit {
            self.columns.add(self.list[k], step, &mut self.r);
        } else {
            self.columns.weighted_add(self.list[k], step, &self.curvature.w, &mut self.r);
        }
        self.sum += step * self.curvature.sums[k];
        self.p[k] += step;
    }

    #[inline]
    fn flops(&self, k: usize) -> (u64, u64) {
        let pass = self.columns.flops(self.list[k]);
        (pass, pass)
    }

    fn square(&self, free: &[usize], team: &Team<'_>, control: &mut Control<'_>) -> Result<Square, Stop> {
        let list: Vec<usize> = free.iter().map(|&k| self.list[k]).collect();
        let mut h = gram(self.columns, &list, &self.curvature.w, team, control)?;
        for (position, &k) in free.iter().enumerate() {
            if self.curvature.total > 0.0 {
                let factor = self.curvature.sums[k] / self.curvature.total;
                let column = h.column_mut(position);
                column.iter_mut().zip(free).for_each(|(h, &i)| *h -= factor * self.curvature.sums[i]);
            }
            let diagonal = &mut h.column_mut(position)[position];
            *diagonal = diagonal.max(0.0) + self.curvature.damping[k];
        }
        Ok(h)
    }

    fn product(
        &self,
        free: &[usize],
        p: &[f64],
        out: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let list: Vec<usize> = free.iter().map(|&k| self.list[k]).collect();
        let mut t = vec![0.0; self.r.len()];
        self.columns.accumulate(&list, p, &mut t, control)?;
        t.iter_mut().zip(&self.curvature.w).for_each(|(t, w)| *t *= w);
        self.columns.correlations(&list, &t, out, team, control)?;
        let mean =
            if self.curvature.total > 0.0 { t.iter().sum::<f64>() / self.curvature.total } else { 0.0 };
        for ((o, &k), p) in out.iter_mut().zip(free).zip(p) {
            *o += self.curvature.damping[k] * p - mean * self.curvature.sums[k];
        }
        control.spend(3 * t.len() as u64)
    }

    fn solver(&self, free: &[usize]) -> Solver<'_> {
        let price = self.prices(free);
        if price.factor.min(price.rows) > price.products {
            Solver::Products
        } else if price.factor <= price.rows {
            Solver::Factor
        } else {
            let list = free.iter().map(|&k| self.list[k]).collect();
            Solver::Rows(Design { columns: self.columns, curvature: self.curvature }, list)
        }
    }

    fn newton_flops(&self, free: &[usize]) -> u64 {
        let price = self.prices(free);
        price.factor.min(price.rows).min(price.products)
    }

    fn residual(&self, _p: &[f64]) -> Option<f64> {
        self.curvature.residual(&self.r)
    }
}

const EXPECTED_CG_STEPS: u64 = 60;
/// How much faster products of dense matrices run than single columns.
const DENSE_SPEED: u64 = 16;

/// Whether a block's Gram matrix pays for itself, given how many sweeps it is likely to serve.
pub(super) fn gram_pays(columns: &Columns<'_>, list: &[usize], sweeps: u64) -> bool {
    let n = list.len() as u64;
    let pass: u64 = list.iter().map(|&j| columns.flops(j)).sum();
    let build =
        if columns.is_sparse() { n * (pass + columns.rows() as u64) / 2 } else { n * pass / DENSE_SPEED };
    n <= LARGEST_FACTOR as u64 && build <= sweeps * 2 * pass
}

/// Sweeps before a model is given up; the outer loop then goes on from there.
const MOST_SWEEPS: usize = 2_000;
/// A sweep that moves the block by less than this, relative to its size and squared, is rounding.
const ROUNDING: f64 = 1e-31;
/// The same after a Newton step to the minimum of the manifold: what is left then are last digits that come and go.
const ROUNDING_AT_MINIMUM: f64 = 1e-28;

/// Minimizes the model plus the penalty over a block, from `x` (the block's coordinates, updated in place), until a
/// sweep lowers it by no more than about `goal`.
///
/// Sweeps and Newton steps take turns: a Newton step is due when the support has settled, or when the sweeps since the
/// last one have cost as much as it did.
pub(super) fn minimize(
    model: &mut impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    x: &mut [f64],
    goal: Goal,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let curvature = unit_curvatures(model, block, penalty, team, control)?;
    let from = x.to_vec();
    let mut smooth = Free::of(block, penalty, x);
    let mut last = NewtonRun::default();
    if smooth.is_all(block) {
        last = active_set::newton(model, block, penalty, x, team, control)?;
        // Nothing to identify: one direction, to the accuracy of its solver, is what an inexact Newton step needs.
        if last.full && goal.relative > 1e-3 {
            return Ok(());
        }
    }
    let mut largest = 0.0_f64;
    let mut sweeps_cost = 0;
    for _ in 0..MOST_SWEEPS {
        let start = control.work();
        let change = sweep_units(model, block, penalty, &curvature, x, control)?;
        sweeps_cost += control.work() - start;
        largest = largest.max(change.decrease);
        let small = change.decrease <= goal.absolute.max(goal.relative * largest);
        let mut gap_is_known = false;
        if small && goal.absolute > 0.0 {
            let gap = gap(model, block, penalty, x, &from, control)?;
            if gap <= goal.absolute {
                return Ok(());
            }
            gap_is_known = gap.is_finite();
        }
        // A small sweep alone proves nothing on an ill-conditioned block; one after a Newton step that was full, or
        // that gained next to nothing, does.
        let settled_by_newton = last.full || last.decrease <= 1e-3 * goal.absolute;
        let after_newton = last.cost > 0 && sweeps_cost == control.work() - start;
        let at_minimum = settled_by_newton && after_newton;
        let still = if at_minimum { ROUNDING_AT_MINIMUM } else { ROUNDING };
        if change.decrease <= still * change.size || (small && at_minimum) {
            return Ok(());
        }
        let next = Free::of(block, penalty, x);
        let settled = next == smooth;
        smooth = next;
        let costly = sweeps_cost > last.cost.max(model.newton_flops(&smooth.coordinates));
        if settled || costly || (small && !gap_is_known) {
            last = active_set::newton(model, block, penalty, x, team, control)?;
            sweeps_cost = 0;
            smooth = Free::of(block, penalty, x);
        }
    }
    Ok(())
}

/// The duality gap of the model with the penalty, at `x`, whose model started from `from`: with `R` the residual's square
/// and `g` the gradient, the dual point is the residual times `t`, the largest factor up to 1 that is feasible, and the
/// gap `(1 - t)^2 R / 2 + G(x) + G*(-t g) + t g'x`. Infinite where it is not known.
fn gap(
    model: &impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    x: &[f64],
    from: &[f64],
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    let p: Vec<f64> = x.iter().zip(from).map(|(x, from)| x - from).collect();
    let Some(residual) = model.residual(&p) else { return Ok(f64::INFINITY) };
    let mut g: Vec<f64> = (0..x.len()).map(|k| -model.gradient(k)).collect();
    control.spend((0..x.len()).map(|k| model.flops(k).0 + 8).sum())?;
    let units = || block.units().iter().enumerate().map(|(i, &u)| (u, block.range(i)));
    let penalized = units().filter(|(u, _)| !penalty.is_free(*u));
    let gauge = penalized.map(|(u, range)| penalty.unit_gauge(u, &g[range])).fold(0.0, f64::max);
    let t = if gauge > 1.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { 1.0 };
    g.iter_mut().for_each(|g| *g *= t);
    let pairs = units().map(|(u, range)| {
        let inner: f64 = x[range.clone()].iter().zip(&g[range.clone()]).map(|(x, g)| x * g).sum();
        penalty.unit_value(u, &x[range.clone()]) + penalty.unit_conjugate(u, &g[range]) - inner
    });
    Ok(0.5 * (1.0 - t) * (1.0 - t) * residual + pairs.sum::<f64>())
}

/// When a sweep's decrease is small enough: at most `absolute`, or `relative` times the largest sweep's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    pub(super) absolute: f64,
    pub(super) relative: f64,
}

/// What a sweep did: `sum h |step|^2`, near twice the decrease, and `sum h |x|^2` to compare it with.
struct Change {
    decrease: f64,
    size: f64,
}

/// One sweep over the units: each to its minimum where there is a closed form, else by a proximal step.
fn sweep_units(
    model: &mut impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    curvature: &[UnitCurvature],
    x: &mut [f64],
    control: &mut Control<'_>,
) -> Result<Change, Stop> {
    let mut change = Change { decrease: 0.0, size: 0.0 };
    let (mut next, mut g): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (position, &u) in block.units().iter().enumerate() {
        let range = block.range(position);
        let UnitCurvature { largest: h, eigen } = &curvature[position];
        let h = *h;
        let mut flops = 0;
        if h > 0.0 {
            next.clear();
            g.clear();
            for k in range.clone() {
                g.push(model.gradient(k));
                flops += model.flops(k).0;
            }
            let minimized = eigen.as_ref().and_then(|eigen| {
                flops += 6 * (g.len() * g.len()) as u64;
                minimize_group(eigen, penalty.radial(u)?, &x[range.clone()], &g, &mut next)
            });
            let measured = minimized.is_some();
            if let Some(own) = minimized {
                change.decrease += own.decrease;
                change.size += own.size;
            } else {
                next.clear();
                next.extend(x[range.clone()].iter().zip(&g).map(|(x, g)| x - g / h));
                penalty.prox(u, h, &mut next);
            }
            for (k, &new) in range.zip(&next) {
                let step = new - x[k];
                if !measured {
                    change.size += h * new * new;
                    change.decrease += h * step * step;
                }
                if step != 0.0 {
                    model.shift(k, step);
                    x[k] = new;
                    flops += model.flops(k).1;
                }
            }
        }
        control.spend(flops + 4)?;
    }
    Ok(change)
}

/// A group's step below this share of its length is the rounding of the rotations.
const ROTATION_ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Minimizes `g'(y - x) + (y - x)'H(y - x)/2 + w |y| + l2/2 |y|^2` over `y`, given the eigenvectors of `H`: along them the
/// problem is diagonal, and one equation for `|y|` is left. `None` where it has no solution.
fn minimize_group(
    eigen: &Eigen,
    (w, l2): (f64, f64),
    x: &[f64],
    g: &[f64],
    to: &mut Vec<f64>,
) -> Option<Change> {
    if !(w > 0.0) {
        return None;
    }
    let n = x.len();
    let along = |k: usize, v: &[f64]| eigen.vectors.column(k).iter().zip(v).map(|(e, v)| e * v).sum::<f64>();
    let from: Vec<f64> = (0..n).map(|k| along(k, x)).collect();
    let mut y: Vec<f64> = (0..n).map(|k| eigen.values[k] * from[k] - along(k, g)).collect();
    let bent: Vec<f64> = eigen.values.iter().map(|s| s + l2).collect();
    if !radial_minimizer(&bent, w, &mut y) {
        return None;
    }
    let mut change = Change { decrease: 0.0, size: 0.0 };
    let (mut moved, mut length) = (0.0, 0.0);
    for ((to, from), s) in y.iter().zip(&from).zip(&bent) {
        change.decrease += s * (to - from) * (to - from);
        change.size += s * to * to;
        moved += (to - from) * (to - from);
        length += to * to;
    }
    to.clear();
    if moved <= ROTATION_ROUNDING * ROTATION_ROUNDING * length {
        to.extend_from_slice(x);
        return Some(Change { decrease: 0.0, ..change });
    }
    to.resize(n, 0.0);
    if length > 0.0 {
        for (k, y) in y.iter().enumerate() {
            to.iter_mut().zip(eigen.vectors.column(k)).for_each(|(to, e)| *to += y * e);
        }
    }
    Some(change)
}

/// The curvature of a unit: an upper bound, and for groups that rotations leave as they are all of it.
struct UnitCurvature {
    largest: f64,
    eigen: Option<Eigen>,
}

/// The curvature of each unit.
fn unit_curvatures(
    model: &impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<UnitCurvature>, Stop> {
    let mut curvature = Vec::with_capacity(block.units().len());
    for (position, &u) in block.units().iter().enumerate() {
        let range = block.range(position);
        curvature.push(if range.len() == 1 {
            UnitCurvature { largest: model.diagonal(range.start), eigen: None }
        } else {
            let members: Vec<usize> = range.collect();
            let n = members.len() as u64;
            let square = model.square(&members, team, control)?;
            let radial = penalty.radial(u).is_some_and(|(w, _)| w > 0.0);
            control.spend(if radial { 9 } else { 2 } * n * n * n.min(128))?;
            let eigen = if radial { Eigen::new(&square) } else { None };
            UnitCurvature { largest: largest_eigenvalue(&square), eigen }
        });
    }
    Ok(curvature)
}
