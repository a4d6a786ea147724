//! GSQ on variable blocks: which few units lower the quadratic bound `q(d) = g'd + d'Bd/2` most. That is sparse
//! approximation; four ways to look for an answer.
//!
//! | way | the next unit `u` | candidates |
//! |---|---|---|
//! | schur | the largest decrease after those chosen are minimized out | all |
//! | pool | the same | the best by GSD |
//! | pursuit | the largest `q_u' B_uu^-1 q_u` with the chosen minimized out | all |
//! | iht | `d <- P(d - (g + Bd) / lambda_max(B))`, `P` keeps the longest units; the support at the end | all |
//!
//! Only the columns of `B` that are chosen are computed, and the units' own blocks `B_uu`; they are kept, as `B` never
//! changes.

use super::own_blocks::OwnBlocks;
use super::ranking::{argmax, largest};
use super::score::decrease;
use crate::bcd::block::Block;
use crate::bcd::settings::GsqSearch;
use crate::bcd::smooth::{Metric, Smooth};
use crate::bcd::updates::model_step::ModelStep;
use crate::numerics::gram::Square;
use crate::numerics::kernels::add;
use crate::runtime::{Control, Stop};

/// Looks for blocks, and remembers columns of the bound.
pub(in crate::bcd) struct Forward {
    way: GsqSearch,
    /// Columns on the coordinates of all candidates, by position.
    columns: Vec<Option<Box<[f64]>>>,
    cached: usize,
    /// `B_uu` of all candidates.
    own: OwnBlocks,
    /// `lambda_max(B)`, for thresholding.
    largest: f64,
}

/// Numbers in cached columns: 128 MiB.
const MOST_CACHED: usize = 1 << 24;
/// Schur complements below this share of the diagonal mean a dependent column.
const DEPENDENT: f64 = 1e-10;
/// Candidates of the pool, in blocks; ..
const POOL: usize = 4;
/// .. and at most so many coordinates: 128 MiB.
const MOST_POOL: usize = 4096;
/// Steps of thresholding.
const IHT_STEPS: usize = 10;
/// Steps of the power method; the estimate need only be near.
const POWER_STEPS: usize = 30;

impl Forward {
    /// For blocks of `size` of the units in `all`. `auto` searches all coordinates where their columns can be kept, or
    /// cost no more than the pool's block; else in a pool, as it does where the blocks of the units cannot be kept.
    /// `pass` is what a gradient costs.
    pub(in crate::bcd) fn new<S: Smooth>(
        f: &S,
        wanted: GsqSearch,
        all: &Block,
        size: usize,
        pass: u64,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let (n, units) = (all.columns().len(), all.units().len().max(1));
        let fits = OwnBlocks::numbers(all) <= MOST_CACHED;
        let way = match wanted {
            GsqSearch::Auto => {
                let size = size.saturating_mul(n.div_ceil(units));
                let pool = (POOL * size) as u64;
                let by_schur = (size as u64).saturating_mul(pass + (n * size) as u64);
                let by_pool = pool.saturating_mul(pool).saturating_mul(pass) / (n as u64).max(1);
                let cheap = n.saturating_mul(n) <= MOST_CACHED || by_schur <= by_pool;
                if cheap && fits { GsqSearch::Schur } else { GsqSearch::Pool }
            }
            GsqSearch::Schur | GsqSearch::Pursuit if !fits => GsqSearch::Pool,
            wanted => wanted,
        };
        let largest = if way == GsqSearch::Iht { power(f, all.columns(), control)? } else { 0.0 };
        let (mut columns, mut own) = (Vec::new(), OwnBlocks::default());
        if matches!(way, GsqSearch::Schur | GsqSearch::Pursuit) {
            columns = (0..n).map(|_| None).collect();
            own = OwnBlocks::of_bound(f, all, control)?;
        }
        Ok(Self { way, columns, cached: 0, own, largest })
    }

    /// How many candidates a pool should have; none where all are looked at.
    pub(in crate::bcd) fn pool(&self, size: usize) -> Option<usize> {
        (self.way == GsqSearch::Pool).then_some((POOL * size).max(16))
    }

    /// Up to `size` of the candidates; `gradient` is that of all coordinates.
    ///
    /// Without a pool the candidates are those of [`Forward::new`]; with one they come best first.
    pub(in crate::bcd) fn select<S: Smooth>(
        &mut self,
        f: &S,
        candidates: &Block,
        size: usize,
        gradient: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        if self.way == GsqSearch::Pool {
            return select_in_pool(f, candidates, size, gradient, control);
        }
        let q = candidates.gather(gradient);
        let positions = if self.way == GsqSearch::Iht {
            self.threshold(f, candidates, size, &q, control)?
        } else {
            let pursuit = self.way == GsqSearch::Pursuit;
            let mut selection = Selection::new(f, candidates, size, q, &self.own, pursuit, control)?;
            while let Some(best) = selection.best() {
                for k in candidates.range(best) {
                    if selection.is_independent(best, k) {
                        let column = column(f, candidates, k, &mut self.columns, &mut self.cached, control)?;
                        selection.pivot(best, k, column, control)?;
                    }
                }
                selection.close(best, control)?;
            }
            selection.chosen
        };
        Ok(positions.into_iter().map(|i| candidates.units()[i]).collect())
    }

    /// Iterative hard thresholding from the dense `d = g / sqrt(L)` of the paper's experiments: from a sparse start it
    /// never leaves the first support, as its steps are short. With a penalty `g` is the least subgradient there, and
    /// steps are proximal. A block worth less than the best single unit takes that in.
    fn threshold<S: Smooth>(
        &self,
        f: &S,
        candidates: &Block,
        size: usize,
        g: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let (penalty, x, list) = (f.penalty(), candidates.gather(f.x()), candidates.columns());
        let diagonal = candidates.gather(f.lipschitz());
        let curvature = self.largest.max(f64::MIN_POSITIVE);
        let units = || candidates.units().iter().enumerate().map(|(i, &u)| (i, u, candidates.range(i)));
        let mut single = vec![0.0; candidates.units().len()];
        let mut d = vec![0.0; g.len()];
        for (i, u, range) in units() {
            let trace: f64 = diagonal[range.clone()].iter().sum();
            let (x, g) = (&x[range.clone()], &g[range.clone()]);
            penalty.subgradient(u, x, g, &mut d[range.clone()]);
            for (d, h) in d[range.clone()].iter_mut().zip(&diagonal[range]) {
                *d = if *h > 0.0 { *d / h.sqrt() } else { 0.0 };
            }
            single[i] = decrease(penalty, u, x, g, trace);
        }
        let mut product = vec![0.0; d.len()];
        let mut kept = Vec::new();
        for _ in 0..IHT_STEPS {
            f.bound_product(list, &d, &mut product, control)?;
            let mut sizes = vec![0.0; single.len()];
            for (i, u, range) in units() {
                for k in range.clone() {
                    d[k] = x[k] + d[k] - (g[k] + product[k]) / curvature;
                }
                penalty.prox(u, curvature, &mut d[range.clone()]);
                let squares = range.map(|k| {
                    d[k] -= x[k];
                    d[k] * d[k]
                });
                sizes[i] = squares.sum::<f64>().sqrt();
            }
            kept = largest(&sizes, size);
            let mut sparse = vec![0.0; d.len()];
            for k in kept.iter().flat_map(|&i| candidates.range(i)) {
                sparse[k] = d[k];
            }
            d = sparse;
        }
        let best = argmax(&single);
        if kept.iter().map(|&k| single[k]).sum::<f64>() < single[best] && !kept.contains(&best) {
            kept.pop();
            kept.push(best);
        }
        Ok(kept)
    }
}

/// `lambda_max` of the bound by the power method.
fn power<S: Smooth>(f: &S, list: &[usize], control: &mut Control<'_>) -> Result<f64, Stop> {
    let lipschitz = f.lipschitz();
    let mut p: Vec<f64> = list.iter().map(|&j| lipschitz[j].sqrt()).collect();
    let mut product = vec![0.0; p.len()];
    let mut largest = 0.0;
    for _ in 0..POWER_STEPS {
        let norm = p.iter().map(|p| p * p).sum::<f64>().sqrt();
        if norm == 0.0 {
            break;
        }
        p.iter_mut().for_each(|p| *p /= norm);
        f.bound_product(list, &p, &mut product, control)?;
        largest = product.iter().map(|p| p * p).sum::<f64>().sqrt();
        p.copy_from_slice(&product);
    }
    Ok(largest)
}

/// Forward selection among few candidates, whose whole block of the bound is computed. Best first: those that would
/// make the block too large are left out.
fn select_in_pool<S: Smooth>(
    f: &S,
    candidates: &Block,
    size: usize,
    gradient: &[f64],
    control: &mut Control<'_>,
) -> Result<Vec<usize>, Stop> {
    let units = candidates.units();
    let count = (1..=units.len()).take_while(|&count| candidates.range(count - 1).end <= MOST_POOL).count();
    if count <= size {
        return Ok(units[..size.min(units.len())].to_vec());
    }
    let candidates = &Block::new(f.penalty(), units[..count].to_vec());
    let square = f.curvature(Metric::Bound, candidates.columns(), control)?;
    let own = OwnBlocks::of_square(&square, candidates);
    let q = candidates.gather(gradient);
    let mut selection = Selection::new(f, candidates, size, q, &own, false, control)?;
    while let Some(best) = selection.best() {
        for k in candidates.range(best) {
            if selection.is_independent(best, k) {
                selection.pivot(best, k, square.column(k).to_vec(), control)?;
            }
        }
        selection.close(best, control)?;
    }
    Ok(selection.chosen.into_iter().map(|i| candidates.units()[i]).collect())
}

/// Column `k` of the bound on all candidates' coordinates, from the cache or for it.
fn column<S: Smooth>(
    f: &S,
    candidates: &Block,
    k: usize,
    columns: &mut [Option<Box<[f64]>>],
    cached: &mut usize,
    control: &mut Control<'_>,
) -> Result<Vec<f64>, Stop> {
    if let Some(column) = &columns[k] {
        return Ok(column.to_vec());
    }
    let list = candidates.columns();
    let mut column = vec![0.0; list.len()];
    f.bound_column(list[k], list, &mut column, control)?;
    if (*cached + 1) * list.len() <= MOST_CACHED {
        columns[k] = Some(column.clone().into_boxed_slice());
        *cached += 1;
    }
    Ok(column)
}

/// Forward selection: the gradient `q` and the units' own blocks of the model after the chosen units are minimized out,
/// kept by an incremental Cholesky factor. `k` counts coordinates of the candidates, `i` units.
struct Selection<'c, S> {
    f: &'c S,
    candidates: &'c Block,
    size: usize,
    q: Vec<f64>,
    /// `B_uu` of each unit.
    own: &'c OwnBlocks,
    /// The same, less what the chosen explain.
    schur: OwnBlocks,
    /// Decreases; -1 for those chosen, or dependent on them.
    scores: Vec<f64>,
    /// Units whose score is out of date.
    stale: Vec<bool>,
    factor: Vec<Vec<f64>>,
    chosen: Vec<usize>,
    /// Scores by the units' blocks instead of their Schur complements.
    pursuit: bool,
}

impl<'c, S: Smooth> Selection<'c, S> {
    fn new(
        f: &'c S,
        candidates: &'c Block,
        size: usize,
        q: Vec<f64>,
        own: &'c OwnBlocks,
        pursuit: bool,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let count = candidates.units().len();
        let (scores, stale) = (vec![0.0; count], vec![false; count]);
        let (factor, chosen, schur) = (Vec::new(), Vec::new(), own.clone());
        let mut selection =
            Self { f, candidates, size, q, own, schur, scores, stale, factor, chosen, pursuit };
        for i in 0..count {
            selection.score(i, control)?;
        }
        Ok(selection)
    }

    /// Whether coordinate `k` of unit `i` is more than a combination of those chosen.
    fn is_independent(&self, i: usize, k: usize) -> bool {
        let at = k - self.candidates.range(i).start;
        self.schur.diagonal(i, at) > DEPENDENT * self.own.diagonal(i, at)
    }

    fn score(&mut self, i: usize, control: &mut Control<'_>) -> Result<(), Stop> {
        let range = self.candidates.range(i);
        let independent: Vec<usize> = range.clone().filter(|&k| self.is_independent(i, k)).collect();
        if self.scores[i] < 0.0 || independent.is_empty() {
            self.scores[i] = -1.0;
            return Ok(());
        }
        let (f, u) = (self.f, self.candidates.units()[i]);
        let blocks = if self.pursuit { self.own } else { &self.schur };
        self.scores[i] = if range.len() == 1 {
            let j = self.candidates.columns()[range.start];
            decrease(f.penalty(), u, &f.x()[j..=j], &self.q[range], blocks.diagonal(i, 0))
        } else {
            // What depends on those chosen has nothing left to gain.
            let mut square = Square::zeros(range.len());
            let mut g = vec![0.0; range.len()];
            for a in independent.iter().map(|k| k - range.start) {
                g[a] = self.q[range.start + a];
                for b in independent.iter().map(|k| k - range.start) {
                    square.column_mut(a)[b] = blocks.block(i)[a * range.len() + b];
                }
            }
            let none = vec![0.0; g.len()];
            let unit = Block::new(f.penalty(), vec![u]);
            ModelStep::minimize(f, &unit, square, &g, none, control)?.promised.max(0.0)
        };
        Ok(())
    }

    /// The next unit, unless there are enough, or none would lower the model.
    fn best(&self) -> Option<usize> {
        if self.chosen.len() >= self.size {
            return None;
        }
        let best = argmax(&self.scores);
        let score = *self.scores.get(best)?;
        // One unit is chosen even at the optimum, and where no unit has any curvature, so that a block is never empty.
        (self.chosen.is_empty() || score >= f64::MIN_POSITIVE).then_some(best)
    }

    /// Minimizes coordinate `k` of unit `i` out; `column` is that of the bound.
    fn pivot(
        &mut self,
        i: usize,
        k: usize,
        mut column: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let mut used = 0;
        // On a sparse Hessian most chosen columns do not meet this one, and most candidates feel nothing of it.
        for v in self.factor.iter().filter(|v| v[k] != 0.0) {
            add(-v[k], v, &mut column);
            used += 1;
        }
        let root = self.schur.diagonal(i, k - self.candidates.range(i).start).sqrt();
        let push = self.q[k] / root;
        for i in 0..self.scores.len() {
            let range = self.candidates.range(i);
            let v = &mut column[range.clone()];
            if v.iter().all(|v| *v == 0.0) {
                continue;
            }
            v.iter_mut().for_each(|v| *v /= root);
            self.q[range].iter_mut().zip(&*v).for_each(|(q, v)| *q -= v * push);
            self.schur.subtract(i, v);
            self.stale[i] = true;
        }
        control.spend((2 * self.q.len() * (used + 4)) as u64)?;
        self.factor.push(column);
        Ok(())
    }

    /// Unit `i` is chosen, and its coordinates are minimized out.
    fn close(&mut self, i: usize, control: &mut Control<'_>) -> Result<(), Stop> {
        self.chosen.push(i);
        self.scores[i] = -1.0;
        for i in 0..self.scores.len() {
            if std::mem::take(&mut self.stale[i]) {
                self.score(i, control)?;
            }
        }
        Ok(())
    }
}
