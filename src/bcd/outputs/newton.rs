//! Newton steps on a block of coordinates of several outputs: the model with the Hessian at the iterate, and a line
//! search on the maintained predictors.
//!
//! The model holds `u = A p` for each output and `q_r = sum_c P_rc u_rc`, from which the gradient of one coordinate is
//! `g_j + sum_r a_rf s_r P_rc (u_rc - q_r)`: a step costs a pass over one column, whatever the number of outputs.

use super::super::block::Block;
use super::super::block_problem::block_model::{BlockModel, Solver};
use super::super::block_problem::quadratic::{Goal, minimize};
use super::super::updates::armijo::{Descent, HALVINGS};
use super::super::updates::step::{ROUNDING, Step};
use super::engine::Outputs;
use crate::numerics::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Largest system that is factored: 8 MiB.
const LARGEST_FACTOR: usize = 1024;
/// Steps that conjugate gradients are likely to need.
const EXPECTED_CG_STEPS: u64 = 40;

/// The model with the Hessian at the iterate.
struct Model<'m, 'e> {
    engine: &'m Outputs<'e>,
    list: &'m [usize],
    /// `s_r P_rc`, output after output (squared: `s_r`, once for all).
    weights: Vec<f64>,
    damping: Vec<f64>,
    diagonal: Vec<f64>,
    u: Vec<f64>,
    q: Vec<f64>,
    p: Vec<f64>,
}

impl<'m, 'e> Model<'m, 'e> {
    fn new(engine: &'m Outputs<'e>, list: &'m [usize], control: &mut Control<'_>) -> Result<Self, Stop> {
        let (data, s) = (engine.data, &engine.scaled.s);
        let quadratic = data.loss.is_quadratic();
        let weights: Vec<f64> = if quadratic {
            s.clone()
        } else {
            (0..engine.mean.len()).map(|i| s[i % data.rows] * engine.mean[i]).collect()
        };
        // Outputs one after the other: one weight vector at a time.
        let mut diagonal = vec![0.0; list.len()];
        for c in 0..data.k {
            let of: Vec<usize> = (0..list.len()).filter(|&i| list[i] % data.k == c).collect();
            if of.is_empty() {
                continue;
            }
            let w = engine.row_weights(c, c);
            let coordinates: Vec<usize> = of.iter().map(|&i| list[i]).collect();
            let mut out = vec![0.0; of.len()];
            engine.map(&coordinates, 2, &mut out, control, |j| engine.squares(engine.pair(j).0, &w))?;
            of.iter().zip(out).for_each(|(&i, h)| diagonal[i] = h);
        }
        let damping: Vec<f64> = list.iter().map(|&j| engine.damping.share() * engine.lipschitz[j]).collect();
        diagonal.iter_mut().zip(&damping).for_each(|(h, d)| *h += d);
        control.spend(4 * engine.mean.len() as u64)?;
        Ok(Self {
            engine,
            list,
            weights,
            damping,
            diagonal,
            u: vec![0.0; engine.z.len()],
            q: vec![0.0; data.rows],
            p: vec![0.0; list.len()],
        })
    }

    /// `s_r P_rc` of one output.
    fn weights_of(&self, c: usize) -> &[f64] {
        let rows = self.engine.data.rows;
        if self.engine.data.loss.is_quadratic() { &self.weights } else { &self.weights[c * rows..][..rows] }
    }
}

impl BlockModel for Model<'_, '_> {
    fn diagonal(&self, k: usize) -> f64 {
        self.diagonal[k]
    }

    fn gradient(&self, k: usize) -> f64 {
        let engine = self.engine;
        let (f, c) = engine.pair(self.list[k]);
        let (w, d, u) = (self.weights_of(c), engine.part(&engine.d, c), engine.part(&self.u, c));
        let g = if engine.scaled.columns.is_sparse() && f < engine.scaled.cols() {
            let mut g = 0.0;
            engine.for_each(f, |r, a| g += a * (d[r] + w[r] * (u[r] - self.q[r])));
            g
        } else {
            let r: Vec<f64> =
                d.iter().zip(w).zip(u.iter().zip(&self.q)).map(|((d, w), (u, q))| d + w * (u - q)).collect();
            engine.dot(f, &r)
        };
        g + self.damping[k] * self.p[k]
    }

    fn shift(&mut self, k: usize, step: f64) {
        let (engine, rows) = (self.engine, self.engine.data.rows);
        let (f, c) = engine.pair(self.list[k]);
        engine.add(f, step, &mut self.u[c * rows..(c + 1) * rows]);
        if !engine.data.loss.is_quadratic() {
            engine.weighted_add(f, step, engine.part(&engine.mean, c), &mut self.q);
        }
        self.p[k] += step;
    }

    fn flops(&self, k: usize) -> (u64, u64) {
        let pass = self.engine.flops(self.engine.pair(self.list[k]).0);
        (3 * pass, 2 * pass)
    }

    fn square(&self, free: &[usize], _team: &Team<'_>, control: &mut Control<'_>) -> Result<Square, Stop> {
        let list: Vec<usize> = free.iter().map(|&k| self.list[k]).collect();
        let mut h = self.engine.hessian(&list, control)?;
        for (position, &k) in free.iter().enumerate() {
            h.column_mut(position)[position] += self.damping[k];
        }
        Ok(h)
    }

    fn product(
        &self,
        free: &[usize],
        p: &[f64],
        out: &mut [f64],
        _team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let (engine, rows) = (self.engine, self.engine.data.rows);
        let list: Vec<usize> = free.iter().map(|&k| self.list[k]).collect();
        let mut t = vec![0.0; engine.z.len()];
        engine.accumulate(&list, p, &mut t, control)?;
        let mut q = vec![0.0; rows];
        if !engine.data.loss.is_quadratic() {
            for (t, mean) in t.chunks(rows.max(1)).zip(engine.mean.chunks(rows.max(1))) {
                q.iter_mut().zip(t.iter().zip(mean)).for_each(|(q, (t, m))| *q += m * t);
            }
        }
        for (c, t) in t.chunks_mut(rows.max(1)).enumerate() {
            t.iter_mut().zip(self.weights_of(c)).zip(&q).for_each(|((t, w), q)| *t = w * (*t - q));
        }
        control.spend(5 * t.len() as u64)?;
        engine.correlations(&list, &t, out, control)?;
        for ((o, &k), p) in out.iter_mut().zip(free).zip(p) {
            *o += self.damping[k] * p;
        }
        Ok(())
    }

    fn solver(&self, free: &[usize]) -> Solver<'_> {
        let (factor, products) = self.prices(free);
        if factor <= products { Solver::Factor } else { Solver::Products }
    }

    fn newton_flops(&self, free: &[usize]) -> u64 {
        let (factor, products) = self.prices(free);
        factor.min(products)
    }

    /// Softmax couples the outputs of a row, so the model is no sum of squares over rows.
    fn residual(&self, _p: &[f64]) -> Option<f64> {
        None
    }
}

impl Model<'_, '_> {
    /// What a factor and conjugate gradients cost, in flops of sweeps; `u64::MAX` where it is out of the question.
    fn prices(&self, free: &[usize]) -> (u64, u64) {
        let engine = self.engine;
        let n = free.len() as u64;
        let pass: u64 = free.iter().map(|&k| engine.flops(engine.pair(self.list[k]).0)).sum();
        let product = 2 * pass + 5 * engine.z.len() as u64;
        let rows = engine.data.rows as u64;
        // Each pair of coordinates once; dense products run at several times the speed of single columns.
        let build = if engine.scaled.columns.is_sparse() { n * (pass + rows) / 2 } else { n * pass / 8 };
        let factor = if free.len() <= LARGEST_FACTOR { build + n * n * n / 12 } else { u64::MAX };
        (factor, EXPECTED_CG_STEPS * product)
    }
}

/// A step to the minimum of the model plus the penalty over the block, and a line search.
pub(in crate::bcd) fn step(
    engine: &mut Outputs<'_>,
    block: &Block,
    goal: Goal,
    control: &mut Control<'_>,
) -> Result<Step, Stop> {
    let list = block.columns();
    let before = block.gather(&engine.x);
    let mut to = before.clone();
    let damping;
    {
        let mut model = Model::new(engine, list, control)?;
        minimize(&mut model, block, engine.penalty, &mut to, goal, engine.team, control)?;
        damping = model.damping;
    }
    let step: Vec<f64> = to.iter().zip(&before).map(|(to, from)| to - from).collect();
    if step.iter().all(|s| *s == 0.0) {
        return Ok(Step::default());
    }
    let dz = engine.predictor_step(list, &step, control)?;
    let slope = -(inner(&dz, &engine.d) + block.penalty_change(engine.penalty, &before, &to));
    let damped: f64 = step.iter().zip(&damping).map(|(p, d)| d * p * p).sum();
    let bend = curvature_along(engine, &dz, control)? + damped;
    let promised = slope - 0.5 * bend;
    if engine.data.loss.is_quadratic() || bend.max(slope.abs()) <= ROUNDING * engine.objective_size {
        // Exact, or a gain that drowns in the rounding of the objective: the step is better than its test.
        let achieved = if engine.data.loss.is_quadratic() { promised } else { 0.0 };
        engine.go(list, &to, control)?;
        return Ok(Step { promised: bend, achieved });
    }
    let descent = Descent { from: &before, step: &step, to: &to, slope };
    let found = descent.search(1.0, HALVINGS, |alpha, trial| {
        let of_loss = engine.loss_change(&dz, alpha, control)?;
        Ok(of_loss + block.penalty_change(engine.penalty, &before, trial))
    })?;
    let Some(found) = found else {
        engine.damping.failed();
        return Ok(Step { promised, achieved: 0.0 });
    };
    engine.damping.stepped(found.alpha);
    engine.go(list, &found.to, control)?;
    Ok(Step { promised, achieved: -found.change })
}

/// `dz'(Hessian of the loss in z) dz`.
fn curvature_along(engine: &Outputs<'_>, dz: &[f64], control: &mut Control<'_>) -> Result<f64, Stop> {
    let (data, s) = (engine.data, &engine.scaled.s);
    let mut bend = 0.0;
    data.for_each_row(s, [&engine.mean, dz], |r, [mean, dz]| {
        bend += s[r] * row_curvature(data.loss.is_quadratic(), mean, dz);
    });
    control.spend(6 * dz.len() as u64)?;
    Ok(bend)
}

/// `v'(curvature of one row) v`: for softmax the variance of `v` under the means.
pub(super) fn row_curvature(quadratic: bool, mean: &[f64], v: &[f64]) -> f64 {
    if quadratic {
        return inner(v, v);
    }
    let center = inner(mean, v);
    mean.iter().zip(v).map(|(p, v)| p * (v - center) * (v - center)).sum()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
