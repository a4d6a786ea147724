//! GSQ on variable blocks: which few coordinates lower the quadratic bound `q(d) = g'd + d'Bd/2` most. That is sparse
//! approximation; four ways to look for an answer.
//!
//! | way | the next coordinate | candidates |
//! |---|---|---|
//! | schur | the largest decrease after those chosen are minimized out | all |
//! | pool | the same | the best by GSD |
//! | pursuit | the largest `q_i^2 / B_ii` with the chosen minimized out | all |
//! | iht | `d <- P(d - (g + Bd) / lambda_max(B))`, `P` keeps the largest entries; the support at the end | all |
//!
//! Only the columns of `B` that are chosen are computed; they are kept, as `B` never changes.

use super::greedy::{argmax, largest};
use super::score::decrease;
use crate::bcd::settings::GsqSearch;
use crate::bcd::smooth::{Metric, Smooth};
use crate::numerics::kernels::add;
use crate::runtime::{Control, Stop};

/// Looks for blocks, and remembers columns of the bound.
pub(in crate::bcd) struct Forward {
    way: GsqSearch,
    /// Columns on `list`, by position.
    columns: Vec<Option<Box<[f64]>>>,
    cached: usize,
    /// `lambda_max(B)`, for thresholding.
    largest: f64,
}

/// Numbers in cached columns: 128 MiB.
const MOST_CACHED: usize = 1 << 24;
/// Schur complements below this share of the diagonal mean a dependent column.
const DEPENDENT: f64 = 1e-10;
/// Candidates of the pool, in blocks.
const POOL: usize = 4;
/// Steps of thresholding.
const IHT_STEPS: usize = 10;
/// Steps of the power method; the estimate need only be near.
const POWER_STEPS: usize = 30;

/// The candidates: coordinates `list` of the units `units`, all of one coordinate.
pub(in crate::bcd) struct Candidates<'c> {
    pub(in crate::bcd) units: &'c [usize],
    pub(in crate::bcd) list: &'c [usize],
}

impl Forward {
    /// `auto` searches all coordinates where their columns can be kept, or cost no more than the pool's block; else in a
    /// pool.
    pub(in crate::bcd) fn new<S: Smooth>(
        f: &S,
        wanted: GsqSearch,
        list: &[usize],
        size: usize,
        pass: u64,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = list.len();
        let way = match wanted {
            GsqSearch::Auto => {
                let pool = (POOL * size) as u64;
                let by_schur = (size as u64).saturating_mul(pass + (n * size) as u64);
                let by_pool = pool.saturating_mul(pool).saturating_mul(pass) / (n as u64).max(1);
                if n.saturating_mul(n) <= MOST_CACHED || by_schur <= by_pool {
                    GsqSearch::Schur
                } else {
                    GsqSearch::Pool
                }
            }
            wanted => wanted,
        };
        let largest = if way == GsqSearch::Iht { power(f, list, control)? } else { 0.0 };
        let columns = if way == GsqSearch::Pool { Vec::new() } else { (0..n).map(|_| None).collect() };
        Ok(Self { way, columns, cached: 0, largest })
    }

    /// How many candidates a pool should have; none where all are looked at.
    pub(in crate::bcd) fn pool(&self, size: usize) -> Option<usize> {
        (self.way == GsqSearch::Pool).then_some((POOL * size).max(16))
    }

    /// Up to `size` of the units; `gradient` is that of all coordinates.
    pub(in crate::bcd) fn select<S: Smooth>(
        &mut self,
        f: &S,
        candidates: &Candidates<'_>,
        size: usize,
        gradient: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let Candidates { units, list } = candidates;
        let q: Vec<f64> = list.iter().map(|&j| gradient[j]).collect();
        let lipschitz = f.lipschitz();
        let diagonal: Vec<f64> = list.iter().map(|&j| lipschitz[j]).collect();
        let positions = match self.way {
            GsqSearch::Iht => self.threshold(f, candidates, size, &q, &diagonal, control)?,
            GsqSearch::Pool => {
                let square = f.curvature(Metric::Bound, list, control)?;
                let diagonal = (0..list.len()).map(|k| square.at(k, k)).collect();
                let mut selection = Selection::new(f, candidates, size, q, diagonal, false);
                while let Some(best) = selection.best() {
                    selection.add(best, square.column(best).to_vec(), control)?;
                }
                selection.chosen
            }
            way => {
                let pursuit = way == GsqSearch::Pursuit;
                let mut selection = Selection::new(f, candidates, size, q, diagonal, pursuit);
                while let Some(best) = selection.best() {
                    let column = self.column(f, list, best, control)?;
                    selection.add(best, column, control)?;
                }
                selection.chosen
            }
        };
        Ok(positions.into_iter().map(|k| units[k]).collect())
    }

    /// Column `list[k]` of the bound.
    fn column<S: Smooth>(
        &mut self,
        f: &S,
        list: &[usize],
        k: usize,
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>, Stop> {
        if let Some(column) = &self.columns[k] {
            return Ok(column.to_vec());
        }
        let mut column = vec![0.0; list.len()];
        f.bound_column(list[k], list, &mut column, control)?;
        if (self.cached + 1) * list.len() <= MOST_CACHED {
            self.columns[k] = Some(column.clone().into_boxed_slice());
            self.cached += 1;
        }
        Ok(column)
    }

    /// Iterative hard thresholding from the dense `d = g / sqrt(L)` of the paper's experiments: from a sparse start it
    /// never leaves the first support, as its steps are short. With a penalty `g` is the least subgradient there, and
    /// steps are proximal. A block worth less than the best single coordinate takes that in.
    fn threshold<S: Smooth>(
        &self,
        f: &S,
        candidates: &Candidates<'_>,
        size: usize,
        g: &[f64],
        diagonal: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let Candidates { units, list } = candidates;
        let (penalty, x) = (f.penalty(), f.x());
        let curvature = self.largest.max(f64::MIN_POSITIVE);
        let mut single = vec![0.0; g.len()];
        let mut d = vec![0.0; g.len()];
        for (k, &j) in list.iter().enumerate().filter(|(k, _)| diagonal[*k] > 0.0) {
            penalty.subgradient(units[k], &x[j..=j], &g[k..=k], &mut d[k..=k]);
            d[k] /= diagonal[k].sqrt();
            single[k] = decrease(penalty, units[k], &x[j..=j], &g[k..=k], diagonal[k]);
        }
        let mut product = vec![0.0; d.len()];
        let mut kept = Vec::new();
        for _ in 0..IHT_STEPS {
            f.bound_product(list, &d, &mut product, control)?;
            for (k, &j) in list.iter().enumerate() {
                let mut next = [x[j] + d[k] - (g[k] + product[k]) / curvature];
                penalty.prox(units[k], curvature, &mut next);
                d[k] = next[0] - x[j];
            }
            let sizes: Vec<f64> = d.iter().map(|d| d.abs()).collect();
            kept = largest(&sizes, size);
            let mut sparse = vec![0.0; d.len()];
            kept.iter().for_each(|&k| sparse[k] = d[k]);
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

/// Forward selection: the gradient `q` and the diagonal of the model after the chosen coordinates are minimized out,
/// kept by an incremental Cholesky factor.
struct Selection<'c, S> {
    f: &'c S,
    candidates: &'c Candidates<'c>,
    size: usize,
    q: Vec<f64>,
    diagonal: Vec<f64>,
    schur: Vec<f64>,
    /// Decreases; -1 for those chosen, or dependent on them.
    scores: Vec<f64>,
    factor: Vec<Vec<f64>>,
    chosen: Vec<usize>,
    /// Scores by the diagonal instead of the Schur complement.
    pursuit: bool,
}

impl<'c, S: Smooth> Selection<'c, S> {
    fn new(
        f: &'c S,
        candidates: &'c Candidates<'c>,
        size: usize,
        q: Vec<f64>,
        diagonal: Vec<f64>,
        pursuit: bool,
    ) -> Self {
        let (schur, scores) = (diagonal.clone(), vec![0.0; q.len()]);
        let (factor, chosen) = (Vec::new(), Vec::new());
        let mut selection = Self { f, candidates, size, q, diagonal, schur, scores, factor, chosen, pursuit };
        (0..selection.q.len()).for_each(|k| selection.score(k));
        selection
    }

    fn score(&mut self, k: usize) {
        let (j, u) = (self.candidates.list[k], self.candidates.units[k]);
        self.scores[k] = if self.scores[k] < 0.0 || self.schur[k] <= DEPENDENT * self.diagonal[k] {
            -1.0
        } else {
            let h = if self.pursuit { self.diagonal[k] } else { self.schur[k] };
            decrease(self.f.penalty(), u, &self.f.x()[j..=j], &self.q[k..=k], h)
        };
    }

    /// The next coordinate, unless there are enough, or none would lower the model.
    fn best(&self) -> Option<usize> {
        if self.chosen.len() >= self.size {
            return None;
        }
        let best = argmax(&self.scores);
        // One coordinate is chosen even at the optimum, so that a block is never empty.
        let enough = if self.chosen.is_empty() { 0.0 } else { f64::MIN_POSITIVE };
        (self.scores.get(best)? >= &enough).then_some(best)
    }

    /// Minimizes coordinate `k` out; `column` is that of the bound.
    fn add(&mut self, k: usize, mut column: Vec<f64>, control: &mut Control<'_>) -> Result<(), Stop> {
        let mut used = 0;
        // On a sparse Hessian most chosen columns do not meet this one, and most candidates feel nothing of it.
        for v in self.factor.iter().filter(|v| v[k] != 0.0) {
            add(-v[k], v, &mut column);
            used += 1;
        }
        let root = self.schur[k].sqrt();
        let push = self.q[k] / root;
        self.scores[k] = -1.0;
        for (i, v) in column.iter_mut().enumerate().filter(|(_, v)| **v != 0.0) {
            *v /= root;
            self.q[i] -= *v * push;
            self.schur[i] -= *v * *v;
            self.score(i);
        }
        control.spend((2 * self.q.len() * (used + 4)) as u64)?;
        self.factor.push(column);
        self.chosen.push(k);
        Ok(())
    }
}
