//! Selection rules (section 3 of the paper): which block is next.
//!
//! Greedy rules rank blocks by the decrease that an update guarantees; with a nonsmooth penalty the decrease is that
//! of the proximal step (GS-q), and GS uses the minimum-norm subgradient (GS-s).
//!
//! | rule | fixed block `b` | variable block |
//! |---|---|---|
//! | GS | `sum_b \|p_i\|^2` | the largest `\|p_i\|` |
//! | GSL | decrease with `L_b` | the largest decreases with `D_i` (row sums: `L_b` of all subsets is intractable) |
//! | GSD | decrease with `diag(D)` | the largest decreases with `L_i` (without a penalty the ranking of the valid `size * L_i`) |
//! | GSQ | decrease with the matrix bound | forward selection by Schur complements in a pool of GSD's candidates |
//!
//! Ties go to the lowest index.

use super::block::Block;
use super::constants::{Constants, block_constant};
use super::engine::Engine;
use super::partition::partition;
use super::quadratic::{Curvature, GramModel, minimize};
use super::settings::{Rule, Settings};
use super::update::exactly;
use crate::numerics::gram::{Square, gram};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Stop};

/// A chosen block, and its number if blocks are fixed.
pub(super) struct Choice {
    pub(super) block: Block,
    pub(super) fixed: Option<usize>,
}

/// Applies one rule over and over.
pub(super) struct Selector {
    rule: Rule,
    size: usize,
    seed: u64,
    iteration: u64,
    /// Units that can move.
    units: Vec<usize>,
    /// Fixed blocks, or none.
    blocks: Vec<Block>,
    /// Bounds `kappa A_b' S A_b` of the fixed blocks, for GSQ.
    squares: Vec<Square>,
}

/// Pool of GSQ's candidates, in blocks.
const POOL: usize = 4;
/// Schur complements below this share of the diagonal mean a dependent column.
const DEPENDENT: f64 = 1e-10;

impl Selector {
    pub(super) fn new(
        settings: &Settings,
        engine: &Engine<'_>,
        constants: &mut Constants,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let penalty = engine.penalty;
        let units: Vec<usize> = (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)).collect();
        let size = settings.block_size.min(units.len().max(1));
        let mut blocks = Vec::new();
        let mut squares = Vec::new();
        if settings.fixed_blocks {
            let cut = partition(settings.partition, &units, &constants.unit, size, settings.seed);
            blocks = cut.into_iter().map(|b| Block::new(penalty, b)).collect();
            for block in &blocks {
                if settings.rule == Rule::Gsq {
                    squares.push(bound(engine, block.columns(), constants.kappa, control)?);
                }
                constants.fixed.push(block_constant(engine, block, constants.kappa, control)?);
            }
        }
        Ok(Self { rule: settings.rule, size, seed: settings.seed, iteration: 0, units, blocks, squares })
    }

    pub(super) fn is_greedy(&self) -> bool {
        matches!(self.rule, Rule::Gs | Rule::Gsl | Rule::Gsd | Rule::Gsq)
    }

    /// Blocks after which every unit could have had its turn.
    pub(super) fn blocks_per_sweep(&self) -> u64 {
        (self.units.len().div_ceil(self.size) as u64).max(1)
    }

    /// The next block. Greedy rules cost a pass over the data for the gradient.
    pub(super) fn next(
        &mut self,
        engine: &Engine<'_>,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let iteration = self.iteration;
        self.iteration += 1;
        if self.units.is_empty() {
            return Ok(Choice { block: Block::default(), fixed: None });
        }
        let gradient = if self.is_greedy() { gradient(engine, control)? } else { Vec::new() };
        if self.blocks.is_empty() {
            let units = self.variable(engine, constants, &gradient, iteration, control)?;
            Ok(Choice { block: Block::new(engine.penalty, units), fixed: None })
        } else {
            let index = self.fixed(engine, constants, &gradient, iteration, control)?;
            Ok(Choice { block: self.blocks[index].clone(), fixed: Some(index) })
        }
    }

    fn fixed(
        &self,
        engine: &Engine<'_>,
        constants: &Constants,
        gradient: &[f64],
        iteration: u64,
        control: &mut Control<'_>,
    ) -> Result<usize, Stop> {
        let count = self.blocks.len();
        let sum = |block: &Block, score: &dyn Fn(usize) -> f64| {
            block.units().iter().map(|&u| score(u)).sum::<f64>()
        };
        let scores: Vec<f64> = match self.rule {
            Rule::Cyclic | Rule::Auto => return Ok((iteration % count as u64) as usize),
            Rule::Random => return Ok(Stream::new(self.seed, Purpose::Select, iteration).below(count)),
            Rule::Lipschitz => {
                return Ok(sample_proportional(&constants.fixed, self.seed, iteration));
            }
            Rule::Gs => {
                self.blocks.iter().map(|b| sum(b, &|u| unit_violation(engine, gradient, u).powi(2))).collect()
            }
            Rule::Gsl => self
                .blocks
                .iter()
                .zip(&constants.fixed)
                .map(|(b, l)| sum(b, &|u| unit_decrease(engine, gradient, u, *l)))
                .collect(),
            Rule::Gsd => self
                .blocks
                .iter()
                .map(|b| sum(b, &|u| unit_decrease(engine, gradient, u, constants.diagonal[u])))
                .collect(),
            Rule::Gsq => {
                let mut scores = Vec::with_capacity(count);
                for (block, square) in self.blocks.iter().zip(&self.squares) {
                    scores.push(block_decrease(engine, block, square, gradient, control)?);
                }
                scores
            }
        };
        Ok(argmax(&scores))
    }

    fn variable(
        &self,
        engine: &Engine<'_>,
        constants: &Constants,
        gradient: &[f64],
        iteration: u64,
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let size = self.size;
        let decrease = |u: usize, h: f64| unit_decrease(engine, gradient, u, h);
        Ok(match self.rule {
            Rule::Cyclic | Rule::Auto => {
                let sweep = self.blocks_per_sweep();
                let first = (iteration % sweep) as usize * size;
                self.units[first..(first + size).min(self.units.len())].to_vec()
            }
            Rule::Random => {
                let mut units = self.units.clone();
                Stream::new(self.seed, Purpose::Select, iteration).shuffle_front(&mut units, size);
                units.truncate(size);
                units
            }
            Rule::Lipschitz => self.sample_without_replacement(&constants.unit, iteration),
            Rule::Gs => self.largest(size, |u| unit_violation(engine, gradient, u)),
            Rule::Gsl => self.largest(size, |u| decrease(u, constants.diagonal[u])),
            Rule::Gsd => self.largest(size, |u| decrease(u, constants.unit[u])),
            Rule::Gsq => {
                let pool = self.largest((POOL * size).max(16), |u| decrease(u, constants.unit[u]));
                forward_selection(engine, &pool, size, constants.kappa, gradient, control)?
            }
        })
    }

    /// The `count` units of largest score, best first, ties by index.
    fn largest(&self, count: usize, score: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut ranked: Vec<(f64, usize)> = self.units.iter().map(|&u| (score(u), u)).collect();
        let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if count < ranked.len() {
            ranked.select_nth_unstable_by(count, order);
            ranked.truncate(count);
        }
        ranked.sort_unstable_by(order);
        ranked.into_iter().map(|r| r.1).collect()
    }

    /// Sampling without replacement in proportion to `weights`: the smallest of exponential waiting times (Efraimidis
    /// and Spirakis).
    fn sample_without_replacement(&self, weights: &[f64], iteration: u64) -> Vec<usize> {
        let mut stream = Stream::new(self.seed, Purpose::Select, iteration);
        let waits: Vec<f64> = (0..weights.len())
            .map(|u| (1.0 - stream.uniform()).ln() / weights[u].max(f64::MIN_POSITIVE))
            .collect();
        self.largest(self.size, |u| waits[u])
    }
}

/// The gradient of the loss at every coordinate.
fn gradient(engine: &Engine<'_>, control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
    let every: Vec<usize> = (0..engine.scaled.cols()).collect();
    let mut g = vec![0.0; every.len()];
    engine.scaled.columns.correlations(&every, &engine.state.d, &mut g, engine.team, control)?;
    Ok(g)
}

fn unit_parts(engine: &Engine<'_>, gradient: &[f64], u: usize) -> (Vec<f64>, Vec<f64>) {
    let columns = engine.penalty.columns(u);
    (columns.iter().map(|&j| engine.state.x[j]).collect(), columns.iter().map(|&j| gradient[j]).collect())
}

/// GS-s: norm of the minimum-norm subgradient.
fn unit_violation(engine: &Engine<'_>, gradient: &[f64], u: usize) -> f64 {
    let (x, g) = unit_parts(engine, gradient, u);
    engine.penalty.violation(u, &x, &g)
}

/// GS-q: decrease of the proximal step with curvature `h`. A column without curvature has no gradient either.
fn unit_decrease(engine: &Engine<'_>, gradient: &[f64], u: usize, h: f64) -> f64 {
    let (x, g) = unit_parts(engine, gradient, u);
    if h > 0.0 { engine.penalty.model_decrease(u, &x, &g, h) } else { 0.0 }
}

/// `kappa A_b' S A_b`.
fn bound(engine: &Engine<'_>, list: &[usize], kappa: f64, control: &mut Control<'_>) -> Result<Square, Stop> {
    let w: Vec<f64> = engine.scaled.s.iter().map(|s| kappa * s).collect();
    gram(&engine.scaled.columns, list, &w, engine.team, control)
}

/// Decrease of the block's quadratic bound, minimized together with the penalty: `g_b' H_b^-1 g_b / 2` without one.
fn block_decrease(
    engine: &Engine<'_>,
    block: &Block,
    square: &Square,
    gradient: &[f64],
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    let g = block.gather(gradient);
    let n = g.len();
    let curvature =
        Curvature { w: Vec::new(), sums: vec![0.0; n], total: 0.0, damping: vec![0.0; n], unit: false };
    let mut model = GramModel::new(square.clone(), &g, 0.0, &curvature, None);
    let before = block.gather(&engine.state.x);
    let mut x = before.clone();
    minimize(&mut model, block, engine.penalty, &mut x, exactly(), engine.team, control)?;
    let step: Vec<f64> = x.iter().zip(&before).map(|(x, b)| x - b).collect();
    let linear: f64 = step.iter().zip(&g).map(|(p, g)| p * g).sum();
    let bend: f64 =
        (0..n).map(|k| step[k] * square.column(k).iter().zip(&step).map(|(h, p)| h * p).sum::<f64>()).sum();
    let penalty = block.penalty_change(engine.penalty, &before, &x);
    Ok(-(linear + 0.5 * bend + penalty))
}

/// GSQ on variable blocks: adds the unit of largest decrease given what is already in, by Schur complements and an
/// incremental Cholesky factor; dependent columns are skipped. For groups, whole groups are ranked by GSD alone.
fn forward_selection(
    engine: &Engine<'_>,
    pool: &[usize],
    size: usize,
    kappa: f64,
    gradient: &[f64],
    control: &mut Control<'_>,
) -> Result<Vec<usize>, Stop> {
    let singletons = pool.iter().all(|&u| engine.penalty.columns(u).len() == 1);
    if !singletons || size >= pool.len() {
        return Ok(pool[..size.min(pool.len())].to_vec());
    }
    let list: Vec<usize> = pool.iter().map(|&u| engine.penalty.columns(u)[0]).collect();
    let h = bound(engine, &list, kappa, control)?;
    let n = list.len();
    // Gradient and diagonal of the model after the chosen coordinates are minimized out.
    let mut q: Vec<f64> = list.iter().map(|&j| gradient[j]).collect();
    let mut schur: Vec<f64> = (0..n).map(|k| h.at(k, k)).collect();
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(size);
    let mut chosen: Vec<usize> = Vec::with_capacity(size);
    while chosen.len() < size {
        let scores: Vec<f64> = (0..n)
            .map(|k| {
                if chosen.contains(&k) || schur[k] <= DEPENDENT * h.at(k, k) {
                    -1.0
                } else {
                    engine.penalty.model_decrease(pool[k], &[engine.state.x[list[k]]], &[q[k]], schur[k])
                }
            })
            .collect();
        let best = argmax(&scores);
        if scores[best] < 0.0 {
            break;
        }
        let root = schur[best].sqrt();
        let mut column: Vec<f64> = h.column(best).to_vec();
        for v in &factor {
            let weight = v[best];
            column.iter_mut().zip(v).for_each(|(c, v)| *c -= weight * v);
        }
        column.iter_mut().for_each(|c| *c /= root);
        let push = q[best] / root;
        for k in 0..n {
            q[k] -= column[k] * push;
            schur[k] -= column[k] * column[k];
        }
        control.spend((2 * n * (factor.len() + 3)) as u64)?;
        factor.push(column);
        chosen.push(best);
    }
    Ok(chosen.into_iter().map(|k| pool[k]).collect())
}

/// The first index of the largest value.
fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (k, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = k;
        }
    }
    best
}

/// An index with probability in proportion to `weights`; uniform where all are 0.
fn sample_proportional(weights: &[f64], seed: u64, iteration: u64) -> usize {
    let mut stream = Stream::new(seed, Purpose::Select, iteration);
    let total: f64 = weights.iter().sum();
    if !(total > 0.0) {
        return stream.below(weights.len());
    }
    let mut left = stream.uniform() * total;
    for (k, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return k;
        }
    }
    weights.len() - 1
}
