//! The ways in which greedy rules find their block; see [`super::select`] for which rule goes which way.

use super::column_index::{Best, ColumnIndex};
use super::forward::Forward;
use super::item_scores::{ItemScores, View};
use super::items::{Choice, Items};
use super::kept::Kept;
use super::ranking::{Ranking, items_changed};
use super::unit_scores::UnitScores;
use crate::bcd::block::Block;
use crate::bcd::settings::{Gradients, Rule, Settings};
use crate::bcd::smooth::{Changed, Smooth};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Stop};

/// One way, with what it keeps from block to block.
pub(in crate::bcd) enum Greedy<M> {
    Ranked(Ranked<M>),
    Forward(Ranked<M>, Forward),
    Sampled(Sampled),
    Indexed(Indexed),
}

/// Ranks all items by their scores, of which a block changes some.
pub(in crate::bcd) struct Ranked<M> {
    scores: ItemScores,
    ranking: Ranking,
    kept: Kept<M>,
    /// The item of each coordinate; `usize::MAX` for none.
    item_of: Vec<usize>,
}

/// Looks at items drawn at random.
pub(in crate::bcd) struct Sampled {
    scores: ItemScores,
    ranking: Ranking,
    /// Share of the items that are drawn.
    share: f64,
    seed: u64,
    /// Samples so far.
    samples: u64,
    /// One number per coordinate: the gradient of those in the sample.
    gradient_of_sample: Vec<f64>,
}

/// Looks at the columns that a tree of them cannot rule out.
pub(in crate::bcd) struct Indexed {
    scores: ItemScores,
    index: ColumnIndex,
    /// One number per coordinate: the gradient of those met in the search.
    gradient_of_met: Vec<f64>,
}

impl<M> Greedy<M> {
    /// The way that the settings ask for. `constants` are complete.
    pub(in crate::bcd) fn new<S: Smooth<Memory = M>>(
        settings: &Settings,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let View { f, items, .. } = *view;
        let scores = ItemScores::new(settings, view, control)?;
        if settings.greedy_sample < 1.0 {
            let (share, seed) = (settings.greedy_sample, settings.seed);
            let gradient_of_sample = vec![0.0; f.cols()];
            let ranking = Ranking::default();
            return Ok(Self::Sampled(Sampled {
                scores,
                ranking,
                share,
                seed,
                samples: 0,
                gradient_of_sample,
            }));
        }
        if let Some(index) = index(settings, view, &scores, control)? {
            return Ok(Self::Indexed(Indexed { scores, index, gradient_of_met: vec![0.0; f.cols()] }));
        }
        let mut forward = None;
        if settings.rule == Rule::Gsq && !items.are_blocks() {
            let all = Block::new(f.penalty(), items.units.clone());
            let before = control.work();
            let mut g = vec![0.0; all.columns().len()];
            f.gradient(all.columns(), &mut g, control)?;
            let pass = control.work() - before;
            forward = Some(Forward::new(f, settings.gsq_search, &all, items.size, pass, control)?);
        }
        let ranked = Ranked::new(settings, view, scores, control)?;
        Ok(match forward {
            Some(forward) => Self::Forward(ranked, forward),
            None => Self::Ranked(ranked),
        })
    }

    /// The next block.
    pub(in crate::bcd) fn next<S: Smooth<Memory = M>>(
        &mut self,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        match self {
            Self::Ranked(ranked) => ranked.next(view, control),
            Self::Forward(ranked, forward) => picked(ranked, forward, view, control),
            Self::Sampled(sampled) => sampled.next(view, control),
            Self::Indexed(indexed) => indexed.next(view, control),
        }
    }

    /// Tells of the move of a block.
    pub(in crate::bcd) fn moved<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match self {
            Self::Ranked(ranked) | Self::Forward(ranked, _) => ranked.kept.moved(f, list, step, control),
            Self::Sampled(_) | Self::Indexed(_) => Ok(()),
        }
    }

    /// How many blocks cost as much as a fresh gradient; 0 where each block has one, or there never is one.
    pub(in crate::bcd) fn blocks_per_pass<S: Smooth<Memory = M>>(&self, f: &S, items: &Items) -> u64 {
        match self {
            Self::Ranked(ranked) | Self::Forward(ranked, _) => ranked.kept.blocks_per_pass(f, items.size),
            Self::Sampled(_) => 0,
            Self::Indexed(indexed) => items.count() as u64 / indexed.index.met_per_search().max(1),
        }
    }

    /// Whether a followed gradient has grown so old that it and what it comes from are due to be computed afresh.
    pub(in crate::bcd) fn is_due(&self) -> bool {
        match self {
            Self::Ranked(ranked) | Self::Forward(ranked, _) => ranked.kept.is_due(),
            Self::Sampled(_) | Self::Indexed(_) => false,
        }
    }
}

impl<M> Ranked<M> {
    fn new<S: Smooth<Memory = M>>(
        settings: &Settings,
        view: &View<'_, S>,
        scores: ItemScores,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let View { f, items, .. } = *view;
        let mut item_of = vec![usize::MAX; f.cols()];
        for item in 0..items.count() {
            items.columns(f.penalty(), item).iter().for_each(|&j| item_of[j] = item);
        }
        let kept = Kept::new(f, settings.gradients, items.size, control)?;
        Ok(Self { scores, ranking: Ranking::default(), kept, item_of })
    }

    /// Brings the gradient to the iterate.
    fn bring_up<S: Smooth<Memory = M>>(
        &mut self,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<Changed, Stop> {
        let changed = self.kept.bring_up(view.f, control)?;
        self.scores.bring_up(view.f, &changed, control)?;
        Ok(changed)
    }

    /// Brings the ranking to the gradient.
    fn rank<S: Smooth<Memory = M>>(
        &mut self,
        changed: &Changed,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let looked_at = items_changed(changed, &self.item_of);
        self.scores.rank(&mut self.ranking, looked_at.as_deref(), view, &self.kept.g, control)
    }

    fn next<S: Smooth<Memory = M>>(
        &mut self,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let changed = self.bring_up(view, control)?;
        self.rank(&changed, view, control)?;
        let best = self.ranking.first(view.items.per_block());
        Ok(view.items.choose(view.f.penalty(), &best))
    }
}

/// Units picked one after the other, of all or of a pool of the best by their scores.
fn picked<S: Smooth>(
    ranked: &mut Ranked<S::Memory>,
    forward: &mut Forward,
    view: &View<'_, S>,
    control: &mut Control<'_>,
) -> Result<Choice, Stop> {
    let View { f, items, .. } = *view;
    let changed = ranked.bring_up(view, control)?;
    let candidates = match forward.pool(items.size) {
        Some(pool) => {
            ranked.rank(&changed, view, control)?;
            items.units_of(&ranked.ranking.first(pool))
        }
        None => items.units.clone(),
    };
    let candidates = Block::new(f.penalty(), candidates);
    let units = forward.select(f, &candidates, items.size, &ranked.kept.g, control)?;
    Ok(Choice { block: Block::new(f.penalty(), units), fixed: None })
}

impl Sampled {
    fn next<S: Smooth>(&mut self, view: &View<'_, S>, control: &mut Control<'_>) -> Result<Choice, Stop> {
        let View { f, items, .. } = *view;
        let count = items.count();
        let size = ((self.share * count as f64).ceil() as usize).clamp(items.per_block(), count);
        let mut sample: Vec<usize> = (0..count).collect();
        self.samples += 1;
        Stream::new(self.seed, Purpose::Select, self.samples).shuffle_front(&mut sample, size);
        sample.truncate(size);
        let list: Vec<usize> = sample.iter().flat_map(|&k| items.columns(f.penalty(), k)).copied().collect();
        let mut g = vec![0.0; list.len()];
        f.gradient(&list, &mut g, control)?;
        list.iter().zip(&g).for_each(|(&j, g)| self.gradient_of_sample[j] = *g);
        self.scores.bring_up(f, &Changed::Some(list), control)?;
        self.ranking.clear(count);
        self.scores.rank(&mut self.ranking, Some(&sample), view, &self.gradient_of_sample, control)?;
        control.spend(count as u64)?;
        Ok(items.choose(f.penalty(), &self.ranking.first(items.per_block())))
    }
}

impl Indexed {
    fn next<S: Smooth>(&mut self, view: &View<'_, S>, control: &mut Control<'_>) -> Result<Choice, Stop> {
        let View { f, items, constants } = *view;
        let (score, units) = (self.scores.of_units(constants), &items.units);
        let mut scores = UnitScores { f, score, units, gradient: &mut self.gradient_of_met, pulled: true };
        let every: Vec<usize> = (0..units.len()).filter(|&k| scores.is_pulled(units[k])).collect();
        let mut found = Best::default();
        found.look(&every, items.size, &mut scores, control)?;
        scores.pulled = false;
        let best = self.index.search(f.slopes(), items.size, found, &mut scores, control)?;
        control.spend(units.len() as u64)?;
        Ok(items.choose(f.penalty(), &best))
    }
}

/// The index, if one is asked for and the rule can use it: variable blocks of single coordinates, scored by their
/// gradients.
fn index<S: Smooth>(
    settings: &Settings,
    view: &View<'_, S>,
    scores: &ItemScores,
    control: &mut Control<'_>,
) -> Result<Option<ColumnIndex>, Stop> {
    let View { f, items, constants } = *view;
    let penalty = f.penalty();
    let asked_for = settings.gradients == Gradients::Index;
    let scored = matches!(settings.rule, Rule::Gs | Rule::Gsl | Rule::Gsd);
    let single = items.units.iter().all(|&u| penalty.columns(u).len() == 1);
    if !(asked_for && scored && single && !items.are_blocks()) {
        return Ok(None);
    }
    let score = scores.of_units(constants);
    let list: Vec<usize> = items.units.iter().map(|&u| penalty.columns(u)[0]).collect();
    let scale: Vec<f64> = items.units.iter().map(|&u| score.scale(u)).collect();
    f.index(&list, &scale, control)
}
