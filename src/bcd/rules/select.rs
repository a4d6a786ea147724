//! Selection rules (section 3 of the paper): which block is next.
//!
//! Greedy rules rank blocks by the decrease that an update guarantees; with a nonsmooth penalty the decrease is that
//! of the proximal step (GS-q), and GS uses the minimum-norm subgradient (GS-s); `prox_rule` says otherwise.
//!
//! | rule | fixed block `b` | variable block |
//! |---|---|---|
//! | GS | `sum_b \|p_i\|^2` | the largest `\|p_i\|` |
//! | GSL | decrease with `L_b` | the largest decreases with `D_i` (row sums: `L_b` of all subsets is intractable) |
//! | GSD | decrease with `diag(D)` | the largest decreases with `L_i` (without a penalty the ranking of the valid `size * L_i`) |
//! | GSQ | decrease with the matrix bound | see [`super::forward`] |
//! | GSC | decrease of the cubic model | the largest decreases of the cubic models of single units |
//!
//! Ties go to the lowest index.

use super::column_index::{Best, ColumnIndex, Scores};
use super::constants::{Constants, block_constant};
use super::forward::Forward;
use super::greedy::{Kept, Ranking, items_changed, largest};
use super::partition::partition;
use super::score::{Score, block_decrease};
use crate::bcd::block::Block;
use crate::bcd::settings::{Gradients, ProxRule, Rule, Settings};
use crate::bcd::smooth::{Changed, Metric, Smooth};
use crate::bcd::updates::cubic;
use crate::numerics::gram::Square;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Stop};

/// A chosen block, and its number if blocks are fixed.
pub(in crate::bcd) struct Choice {
    pub(in crate::bcd) block: Block,
    pub(in crate::bcd) fixed: Option<usize>,
}

/// Applies one rule over and over.
pub(in crate::bcd) struct Selector<M> {
    rule: Rule,
    prox: ProxRule,
    /// Share of the items that a greedy rule chooses from.
    sample: f64,
    size: usize,
    seed: u64,
    iteration: u64,
    /// Units that can move.
    units: Vec<usize>,
    /// Fixed blocks, or none.
    blocks: Vec<Block>,
    /// Bounds of the Hessian of the fixed blocks, for GSQ.
    squares: Vec<Square>,
    /// `M_b` of the fixed blocks, for GSC.
    thirds: Vec<f64>,
    /// For the permuted rule: the number of the sweep and its order.
    order: (u64, Vec<usize>),
    /// For greedy rules only.
    greedy: Option<Greedy<M>>,
}

/// What greedy rules keep.
struct Greedy<M> {
    kept: Kept<M>,
    ranking: Ranking,
    /// The item (position of the unit, or block) of each coordinate.
    item_of: Vec<usize>,
    /// The curvature of each unit at the iterate, for GSC.
    bend: Vec<f64>,
    /// Finds the best units in place of the gradient.
    index: Option<ColumnIndex>,
    /// For GSQ on variable blocks.
    forward: Option<Forward>,
    /// The curvature of proximal steps where the rule has none: the largest constant.
    common: f64,
}

impl<M> Selector<M> {
    pub(in crate::bcd) fn new<S: Smooth<Memory = M>>(
        settings: &Settings,
        f: &S,
        constants: &mut Constants,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let penalty = f.penalty();
        let units: Vec<usize> = (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)).collect();
        let size = settings.block_size.min(units.len().max(1));
        let mut selector = Self {
            rule: settings.rule,
            prox: settings.prox_rule,
            sample: settings.greedy_sample,
            size,
            seed: settings.seed,
            iteration: 0,
            units,
            blocks: Vec::new(),
            squares: Vec::new(),
            thirds: Vec::new(),
            order: (0, Vec::new()),
            greedy: None,
        };
        if settings.fixed_blocks {
            let cut = partition(settings.partition, &selector.units, &constants.unit, size, settings.seed);
            selector.blocks = cut.into_iter().map(|b| Block::new(penalty, b)).collect();
            for block in &selector.blocks {
                let list = block.columns();
                match settings.rule {
                    Rule::Gsq => selector.squares.push(f.curvature(Metric::Bound, list, control)?),
                    Rule::Gsc => {
                        let third = f.hessian_lipschitz(list, control)?.unwrap_or(f64::INFINITY);
                        selector.thirds.push(third);
                    }
                    _ => {}
                }
                constants.fixed.push(block_constant(f, block, control)?);
            }
        }
        if selector.rule.is_greedy() && !selector.units.is_empty() {
            selector.greedy = Some(selector.prepare(settings, f, constants, control)?);
        }
        Ok(selector)
    }

    fn prepare<S: Smooth<Memory = M>>(
        &self,
        settings: &Settings,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Greedy<M>, Stop> {
        let penalty = f.penalty();
        let mut item_of = vec![usize::MAX; f.cols()];
        let mut assign = |item: usize, columns: &[usize]| columns.iter().for_each(|&j| item_of[j] = item);
        if self.blocks.is_empty() {
            self.units.iter().enumerate().for_each(|(k, &u)| assign(k, penalty.columns(u)));
        } else {
            self.blocks.iter().enumerate().for_each(|(k, block)| assign(k, block.columns()));
        }
        let mut forward = None;
        if self.rule == Rule::Gsq && self.blocks.is_empty() {
            let all = Block::new(penalty, self.units.clone());
            let before = control.work();
            let mut g = vec![0.0; all.columns().len()];
            f.gradient(all.columns(), &mut g, control)?;
            let pass = control.work() - before;
            forward = Some(Forward::new(f, settings.gsq_search, &all, self.size, pass, control)?);
        }
        Ok(Greedy {
            kept: Kept::new(
                f,
                if self.sees_all() { settings.gradients } else { Gradients::Recompute },
                self.size,
                control,
            )?,
            ranking: Ranking::default(),
            item_of,
            index: self.index(settings, f, constants, control)?,
            bend: if self.rule == Rule::Gsc { vec![0.0; penalty.units()] } else { Vec::new() },
            forward,
            common: largest_constant(constants),
        })
    }

    /// The index, if one is asked for and the rule can use it: variable blocks of single coordinates, scored by their
    /// gradients.
    fn index<S: Smooth<Memory = M>>(
        &self,
        settings: &Settings,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Option<ColumnIndex>, Stop> {
        let penalty = f.penalty();
        let asked_for = settings.gradients == Gradients::Index && self.sees_all();
        let scored = matches!(self.rule, Rule::Gs | Rule::Gsl | Rule::Gsd);
        let single = self.units.iter().all(|&u| penalty.columns(u).len() == 1);
        if !(asked_for && scored && single && self.blocks.is_empty()) {
            return Ok(None);
        }
        let score = self.score(constants, &[], largest_constant(constants));
        let list: Vec<usize> = self.units.iter().map(|&u| penalty.columns(u)[0]).collect();
        let scale: Vec<f64> = self.units.iter().map(|&u| score.scale(u)).collect();
        f.index(&list, &scale, control)
    }

    /// How units are scored on variable blocks; `bend` and `common` are those of [`Greedy`].
    fn score<'c>(&self, constants: &'c Constants, bend: &'c [f64], common: f64) -> Score<'c> {
        let prox = self.prox;
        match self.rule {
            Rule::Gs => Score::Plain { prox, h: common },
            Rule::Gsl => Score::Scaled { prox, h: &constants.diagonal },
            Rule::Gsc => Score::Cubic { h: bend, third: &constants.third },
            _ => Score::Scaled { prox, h: &constants.unit },
        }
    }

    /// Whether the rule looks at the gradient of all units.
    pub(in crate::bcd) fn sees_all(&self) -> bool {
        self.rule.is_greedy() && self.sample >= 1.0
    }

    /// Blocks after which every unit could have had its turn.
    pub(in crate::bcd) fn blocks_per_sweep(&self) -> u64 {
        (self.units.len().div_ceil(self.size) as u64).max(1)
    }

    /// How many blocks cost as much as a fresh gradient; 0 where each block has one.
    pub(in crate::bcd) fn blocks_per_pass<S: Smooth<Memory = M>>(&self, f: &S) -> u64 {
        self.greedy.as_ref().map_or(0, |greedy| match &greedy.index {
            Some(index) => self.units.len() as u64 / index.met_per_search().max(1),
            None => greedy.kept.blocks_per_pass(f, self.size),
        })
    }

    /// Whether a followed gradient has grown so old that it and what it comes from are due to be computed afresh.
    pub(in crate::bcd) fn is_due(&self) -> bool {
        self.greedy.as_ref().is_some_and(|greedy| greedy.kept.is_due())
    }

    /// The next block. Greedy rules cost a pass over the data for the gradient, unless they can follow it from block to
    /// block.
    pub(in crate::bcd) fn next<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let iteration = self.iteration;
        self.iteration += 1;
        if self.units.is_empty() {
            return Ok(Choice { block: Block::default(), fixed: None });
        }
        if self.rule.is_greedy() {
            return self.greedy(f, constants, control);
        }
        if self.blocks.is_empty() {
            let units = self.drawn_units(constants, iteration);
            Ok(Choice { block: Block::new(f.penalty(), units), fixed: None })
        } else {
            let index = self.drawn_block(constants, iteration);
            Ok(self.fixed_choice(index))
        }
    }

    /// Tells of the move of a block, for what is kept between blocks.
    pub(in crate::bcd) fn moved<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match &mut self.greedy {
            Some(greedy) if self.sample >= 1.0 && greedy.index.is_none() => {
                greedy.kept.moved(f, list, step, control)
            }
            _ => Ok(()),
        }
    }

    fn fixed_choice(&self, index: usize) -> Choice {
        Choice { block: self.blocks[index].clone(), fixed: Some(index) }
    }

    /// The order of `count` items in a sweep: a new one for each.
    fn order(&mut self, count: usize, sweep: u64) -> &[usize] {
        if self.order.1.len() != count || self.order.0 != sweep {
            let mut order: Vec<usize> = (0..count).collect();
            Stream::new(self.seed, Purpose::Select, sweep).shuffle_front(&mut order, count);
            self.order = (sweep, order);
        }
        &self.order.1
    }

    fn drawn_block(&mut self, constants: &Constants, iteration: u64) -> usize {
        let count = self.blocks.len();
        match self.rule {
            Rule::Random => Stream::new(self.seed, Purpose::Select, iteration).below(count),
            Rule::Lipschitz => sample_proportional(&constants.fixed, self.seed, iteration),
            rule => {
                let (sweep, turn) = (iteration / count as u64, (iteration % count as u64) as usize);
                if rule == Rule::Permuted { self.order(count, sweep)[turn] } else { turn }
            }
        }
    }

    fn drawn_units(&mut self, constants: &Constants, iteration: u64) -> Vec<usize> {
        let (size, count) = (self.size, self.units.len());
        match self.rule {
            Rule::Random => {
                let mut units = self.units.clone();
                Stream::new(self.seed, Purpose::Select, iteration).shuffle_front(&mut units, size);
                units.truncate(size);
                units
            }
            Rule::Lipschitz => self.sample_without_replacement(&constants.unit, iteration),
            rule => {
                let (sweep, turn) =
                    (iteration / self.blocks_per_sweep(), iteration % self.blocks_per_sweep());
                let first = turn as usize * size;
                let turns = first..(first + size).min(count);
                if rule == Rule::Permuted {
                    let chosen = self.order(count, sweep)[turns].to_vec();
                    chosen.into_iter().map(|k| self.units[k]).collect()
                } else {
                    self.units[turns].to_vec()
                }
            }
        }
    }

    /// Sampling without replacement in proportion to `weights`: the smallest of exponential waiting times (Efraimidis
    /// and Spirakis).
    fn sample_without_replacement(&self, weights: &[f64], iteration: u64) -> Vec<usize> {
        let mut stream = Stream::new(self.seed, Purpose::Select, iteration);
        let waits: Vec<f64> = (0..weights.len())
            .map(|u| (1.0 - stream.uniform()).ln() / weights[u].max(f64::MIN_POSITIVE))
            .collect();
        let waits: Vec<f64> = self.units.iter().map(|&u| waits[u]).collect();
        largest(&waits, self.size).into_iter().map(|k| self.units[k]).collect()
    }

    fn greedy<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let Some(mut greedy) = self.greedy.take() else {
            return Ok(Choice { block: Block::default(), fixed: None });
        };
        let choice = self.best(&mut greedy, f, constants, control);
        self.greedy = Some(greedy);
        choice
    }

    fn best<S: Smooth<Memory = M>>(
        &self,
        greedy: &mut Greedy<M>,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        if !self.sees_all() {
            return self.best_of_sample(greedy, f, constants, control);
        }
        if let Some(index) = &mut greedy.index {
            let score = self.score(constants, &[], greedy.common);
            let mut scores = UnitScores { f, score, units: &self.units, g: &mut greedy.kept.g, pulled: true };
            let every: Vec<usize> =
                (0..self.units.len()).filter(|&k| scores.is_pulled(self.units[k])).collect();
            let mut found = Best::default();
            found.look(&every, self.size, &mut scores, control)?;
            scores.pulled = false;
            let items = index.search(f.slopes(), self.size, found, &mut scores, control)?;
            control.spend(self.units.len() as u64)?;
            let units = items.into_iter().map(|k| self.units[k]).collect();
            return Ok(Choice { block: Block::new(f.penalty(), units), fixed: None });
        }
        let changed = greedy.kept.bring_up(f, control)?;
        if self.rule == Rule::Gsc {
            greedy.bring_up_bends(f, &changed, control)?;
        }
        let searches_all = greedy.forward.as_ref().is_some_and(|forward| forward.pool(self.size).is_none());
        if !searches_all {
            let items = items_changed(&changed, &greedy.item_of);
            self.rank(greedy, items.as_deref(), f, constants, control)?;
        }
        if !self.blocks.is_empty() {
            return Ok(self.fixed_choice(greedy.ranking.first(1)[0]));
        }
        let units = match &mut greedy.forward {
            None => greedy.ranking.first(self.size).into_iter().map(|k| self.units[k]).collect(),
            Some(forward) => {
                let units = match forward.pool(self.size) {
                    Some(pool) => greedy.ranking.first(pool).into_iter().map(|k| self.units[k]).collect(),
                    None => self.units.clone(),
                };
                let candidates = Block::new(f.penalty(), units);
                forward.select(f, &candidates, self.size, &greedy.kept.g, control)?
            }
        };
        Ok(Choice { block: Block::new(f.penalty(), units), fixed: None })
    }

    /// The best among some units or fixed blocks drawn at random, whose gradient alone is computed.
    fn best_of_sample<S: Smooth<Memory = M>>(
        &self,
        greedy: &mut Greedy<M>,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let fixed = !self.blocks.is_empty();
        let count = if fixed { self.blocks.len() } else { self.units.len() };
        let least = if fixed { 1 } else { self.size };
        let drawn = ((self.sample * count as f64).ceil() as usize).clamp(least, count);
        let mut items: Vec<usize> = (0..count).collect();
        Stream::new(self.seed, Purpose::Select, self.iteration).shuffle_front(&mut items, drawn);
        items.truncate(drawn);
        let columns = |k: &usize| match fixed {
            true => self.blocks[*k].columns(),
            false => f.penalty().columns(self.units[*k]),
        };
        let list: Vec<usize> = items.iter().flat_map(|k| columns(k).iter().copied()).collect();
        let mut g = vec![0.0; list.len()];
        f.gradient(&list, &mut g, control)?;
        list.iter().zip(&g).for_each(|(&j, g)| greedy.kept.g[j] = *g);
        if self.rule == Rule::Gsc {
            greedy.bring_up_bends(f, &Changed::Some(list), control)?;
        }
        greedy.ranking.clear(count);
        self.rank(greedy, Some(&items), f, constants, control)?;
        control.spend(count as u64)?;
        if fixed {
            return Ok(self.fixed_choice(greedy.ranking.first(1)[0]));
        }
        let units = greedy.ranking.first(self.size).into_iter().map(|k| self.units[k]).collect();
        Ok(Choice { block: Block::new(f.penalty(), units), fixed: None })
    }

    /// Brings the scores up to date.
    fn rank<S: Smooth<Memory = M>>(
        &self,
        greedy: &mut Greedy<M>,
        items: Option<&[usize]>,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let prox = self.prox;
        let Greedy { kept, ranking, bend, common, .. } = greedy;
        let g = &kept.g;
        let count = if self.blocks.is_empty() { self.units.len() } else { self.blocks.len() };
        let looked_at = items.map_or(count, <[usize]>::len);
        control.spend(16 * (looked_at * if self.blocks.is_empty() { 1 } else { self.size }) as u64)?;
        if self.blocks.is_empty() {
            let score = self.score(constants, bend, *common);
            ranking.update(count, items, |k| Ok(score.of(f, g, self.units[k])))?;
            return control.spend(ranking.heap_flops());
        }
        let mut with_l = vec![0.0; if self.rule == Rule::Gsl { constants.unit.len() } else { 0 }];
        ranking.update(count, items, |k| {
            let block = &self.blocks[k];
            let sum = |score: Score<'_>| block.units().iter().map(|&u| score.of(f, g, u)).sum::<f64>();
            Ok(match self.rule {
                Rule::Gs => sum(Score::Plain { prox, h: *common }),
                Rule::Gsl => {
                    block.units().iter().for_each(|&u| with_l[u] = constants.fixed[k]);
                    sum(Score::Scaled { prox, h: &with_l })
                }
                Rule::Gsq => block_decrease(f, block, &self.squares[k], g, control)?,
                Rule::Gsc => {
                    let square = f.curvature(Metric::Hessian, block.columns(), control)?;
                    cubic::minimize(f, block, &square, &block.gather(g), self.thirds[k], control)?.1
                }
                _ => sum(Score::Scaled { prox, h: &constants.diagonal }),
            })
        })?;
        control.spend(ranking.heap_flops())
    }
}

impl<M> Greedy<M> {
    /// The curvature of each unit at the iterate: the trace of its Hessian.
    fn bring_up_bends<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        changed: &Changed,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let penalty = f.penalty();
        let fresh = |list: &[usize], control: &mut Control<'_>| {
            let mut out = vec![0.0; list.len()];
            f.diagonal(list, &mut out, control).map(|()| out)
        };
        match changed {
            Changed::Some(list) if penalty.units() == f.cols() && list.len() * 4 < f.cols() => {
                // The Hessian changes where the gradient does.
                fresh(list, control)?.into_iter().zip(list).for_each(|(h, &j)| self.bend[j] = h);
            }
            _ => {
                let every: Vec<usize> = (0..f.cols()).collect();
                let h = fresh(&every, control)?;
                for (u, bend) in self.bend.iter_mut().enumerate() {
                    *bend = penalty.columns(u).iter().map(|&j| h[j]).sum();
                }
            }
        }
        Ok(())
    }
}

/// The curvature of proximal steps where the rule has none.
fn largest_constant(constants: &Constants) -> f64 {
    constants.unit.iter().copied().fold(0.0, f64::max)
}

/// Scores of single coordinates for an index, whose items are positions in `units`.
struct UnitScores<'u, S> {
    f: &'u S,
    score: Score<'u>,
    units: &'u [usize],
    /// Room for the gradient.
    g: &'u mut [f64],
    /// Whether coordinates whose penalty is not at its least are looked at, or the others: only with those is the score no
    /// more than without a penalty.
    pulled: bool,
}

impl<S: Smooth> UnitScores<'_, S> {
    fn is_pulled(&self, u: usize) -> bool {
        let j = self.f.penalty().columns(u)[0];
        let x = &self.f.x()[j..=j];
        x[0] != 0.0 && (self.f.penalty().unit_value(u, x) != 0.0 || self.score.is_step())
    }
}

impl<S: Smooth> Scores for UnitScores<'_, S> {
    fn most(&self, product: f64) -> f64 {
        self.score.most(product)
    }

    fn of(&mut self, items: &[usize], control: &mut Control<'_>) -> Result<Vec<Option<f64>>, Stop> {
        let wanted: Vec<bool> = items.iter().map(|&k| self.is_pulled(self.units[k]) == self.pulled).collect();
        let chosen = items.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        let list: Vec<usize> = chosen.map(|(&k, _)| self.f.penalty().columns(self.units[k])[0]).collect();
        let mut g = vec![0.0; list.len()];
        self.f.gradient(&list, &mut g, control)?;
        list.iter().zip(&g).for_each(|(&j, g)| self.g[j] = *g);
        control.spend(16 * items.len() as u64)?;
        let scored = items.iter().zip(wanted);
        Ok(scored.map(|(&k, w)| w.then(|| self.score.of(self.f, self.g, self.units[k]))).collect())
    }
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
