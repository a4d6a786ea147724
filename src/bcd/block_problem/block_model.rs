//! The quadratic model of a block, `q(p) = g'p + 1/2 p'Hp`, with the intercept minimized out.
//!
//! `H = A_b' W A_b + diag(damping)`. Two forms hold the model's gradient: through the Gram block (cheap steps, after a
//! price) or through the rows (no price). [`super::quadratic`] minimizes either together with the penalty.

use super::row_system::Design;
use crate::bcd::scaled::Scaled;
use crate::numerics::Columns;
use crate::numerics::gram::{Square, gram};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Largest system that is factored: 32 MiB.
const LARGEST_FACTOR: usize = 2048;
/// Steps that conjugate gradients are likely to need.
const EXPECTED_CG_STEPS: u64 = 60;
/// How much faster products of dense matrices run than single columns.
const DENSE_SPEED: u64 = 16;

/// The model's curvature: weights of the rows, and what eliminates the intercept.
pub(in crate::bcd) struct Curvature {
    /// Weight of each row in `H`.
    pub(in crate::bcd) w: Vec<f64>,
    /// `A_b' w`, where there is an intercept; else zeros.
    pub(in crate::bcd) sums: Vec<f64>,
    /// `sum w`, or 0 where there is no intercept to eliminate.
    pub(in crate::bcd) total: f64,
    /// Added to the diagonal.
    pub(in crate::bcd) damping: Vec<f64>,
    /// Whether every row has weight 1.
    pub(in crate::bcd) unit: bool,
}

impl Curvature {
    pub(in crate::bcd) fn new(
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
    pub(in crate::bcd) fn residual(&self, d: &[f64]) -> Option<f64> {
        if self.damping.iter().any(|d| *d > 0.0) {
            return None;
        }
        let square = |(d, w): (&f64, &f64)| if *d == 0.0 { 0.0 } else { d * (d / w) };
        let squares: f64 = d.iter().zip(&self.w).map(square).sum();
        let sum: f64 = if self.total > 0.0 { d.iter().sum() } else { 0.0 };
        let mean = if self.total > 0.0 { sum * (sum / self.total) } else { 0.0 };
        squares.is_finite().then_some((squares - mean).max(0.0))
    }

    /// The gradient `g` with the intercept minimized out, given the sum of the slopes.
    pub(in crate::bcd) fn reduced(&self, g: &[f64], slope_sum: f64) -> Vec<f64> {
        let mean = if self.total > 0.0 { slope_sum / self.total } else { 0.0 };
        g.iter().zip(&self.sums).map(|(g, s)| g - s * mean).collect()
    }

    /// The step of the intercept that goes with steps `p`, given the sum of the slopes.
    pub(in crate::bcd) fn intercept_step(&self, slope_sum: f64, p: &[f64]) -> f64 {
        if self.total > 0.0 {
            let moved: f64 = self.sums.iter().zip(p).map(|(s, p)| s * p).sum();
            -(slope_sum + moved) / self.total
        } else {
            0.0
        }
    }
}

/// A model whose gradient follows single steps.
pub(in crate::bcd) trait BlockModel {
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
pub(in crate::bcd) enum Solver<'m> {
    /// A factor of `H_FF`.
    Factor,
    /// A factor of the size of the rows, for the listed columns.
    Rows(Design<'m>, Vec<usize>),
    /// Conjugate gradients.
    Products,
}

/// The model through its Gram block.
pub(in crate::bcd) struct GramModel {
    h: Square,
    gradient: Vec<f64>,
    first_gradient: Vec<f64>,
    first_residual: Option<f64>,
}

impl GramModel {
    /// `h` is `A_b' W A_b`; `g` the gradient at `p = 0`; `slope_sum` the sum of the slopes;
    /// `first_residual` as [`Curvature::residual`] has it.
    pub(in crate::bcd) fn new(
        mut h: Square,
        g: &[f64],
        slope_sum: f64,
        curvature: &Curvature,
        first_residual: Option<f64>,
    ) -> Self {
        let gradient = curvature.reduced(g, slope_sum);
        if curvature.total > 0.0 {
            for k in 0..g.len() {
                let factor = curvature.sums[k] / curvature.total;
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

/// The model through the rows: `r = d + W A_b p`.
pub(in crate::bcd) struct RowModel<'m> {
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
    pub(in crate::bcd) fn new(
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

    /// Steps of conjugate gradients that cost as much as a factor; `None` where there can be no factor.
    pub(in crate::bcd) fn products_for_direct(&self, free: &[usize]) -> Option<u64> {
        let price = self.prices(free);
        let direct = price.factor.min(price.rows);
        (direct < u64::MAX).then(|| direct / (price.products / EXPECTED_CG_STEPS).max(1))
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

/// Whether a block's Gram matrix pays for itself, given how many sweeps it is likely to serve.
pub(in crate::bcd) fn gram_pays(columns: &Columns<'_>, list: &[usize], sweeps: u64) -> bool {
    let n = list.len() as u64;
    let pass: u64 = list.iter().map(|&j| columns.flops(j)).sum();
    let build =
        if columns.is_sparse() { n * (pass + columns.rows() as u64) / 2 } else { n * pass / DENSE_SPEED };
    n <= LARGEST_FACTOR as u64 && build <= sweeps * 2 * pass
}
