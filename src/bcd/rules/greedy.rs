//! What greedy rules keep from block to block: the gradient, and the order of the scores.

use super::heap::Heap;
use crate::bcd::settings::Gradients;
use crate::bcd::smooth::{Changed, Smooth};
use crate::runtime::{Control, Stop};

/// The gradient of all coordinates.
pub(in crate::bcd) struct Kept<M> {
    every: Vec<usize>,
    pub(in crate::bcd) g: Vec<f64>,
    memory: M,
    /// What the last move changed; none if `g` does not belong to the iterate.
    pending: Option<Changed>,
    /// Blocks since `g` was computed afresh, and how many it may be.
    age: usize,
    most_age: usize,
    /// Flops of the last fresh gradient.
    pass: u64,
}

/// Blocks between two fresh gradients at least; as many as there are in a sweep where that is more.
const LEAST_AGE: usize = 50;

impl<M> Kept<M> {
    pub(in crate::bcd) fn new<S: Smooth<Memory = M>>(
        f: &S,
        wanted: Gradients,
        block_size: usize,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = f.cols();
        Ok(Self {
            every: (0..n).collect(),
            g: vec![0.0; n],
            memory: f.memory(wanted, block_size, control)?,
            pending: None,
            age: 0,
            most_age: (n / block_size.max(1)).max(LEAST_AGE),
            pass: 0,
        })
    }

    /// Brings the gradient to the iterate and tells what is new: afresh where a move was not followed, and from time to
    /// time, so that rounding does not pile up.
    pub(in crate::bcd) fn bring_up<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        control: &mut Control<'_>,
    ) -> Result<Changed, Stop> {
        match self.pending.take() {
            Some(changed) if self.age < self.most_age => Ok(changed),
            _ => {
                let before = control.work();
                f.gradient(&self.every, &mut self.g, control)?;
                self.pass = control.work() - before;
                f.forget(&mut self.memory);
                self.age = 0;
                Ok(Changed::All)
            }
        }
    }

    /// Follows a move of the coordinates in `list` by `step`.
    pub(in crate::bcd) fn moved<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let mut changed = f.follow(&mut self.memory, list, step, &mut self.g, control)?;
        if let Some(Changed::Some(changed)) = &mut changed {
            // Scores depend on the coordinate too.
            changed.extend_from_slice(list);
        }
        self.pending = changed;
        self.age += 1;
        Ok(())
    }

    /// Whether the next gradient will be a fresh one.
    pub(in crate::bcd) fn is_due(&self) -> bool {
        self.age + 1 >= self.most_age
    }

    /// How many blocks' following costs as much as a fresh gradient; 0 where each block has one.
    pub(in crate::bcd) fn blocks_per_pass<S: Smooth<Memory = M>>(&self, f: &S, block_size: usize) -> u64 {
        f.follow_cost(&self.memory, block_size).map_or(0, |cost| self.pass / cost.max(1))
    }
}

/// Items by decreasing score, ties by increasing item.
#[derive(Default)]
pub(in crate::bcd) struct Ranking {
    scores: Vec<f64>,
    heap: Option<Heap>,
    /// Flops that the last update took in the heap.
    heap_flops: u64,
}

/// Flops of a step up or down the heap: comparisons with the children of a node.
const HEAP_STEP: u64 = 8;

/// With more than this share of the scores new, all of them are looked at.
const MANY: usize = 16;

impl Ranking {
    /// New scores for `changed` items (all of them where that is `None`) of `count`.
    pub(in crate::bcd) fn update(
        &mut self,
        count: usize,
        changed: Option<&[usize]>,
        mut score: impl FnMut(usize) -> Result<f64, Stop>,
    ) -> Result<(), Stop> {
        self.heap_flops = 0;
        let Some(changed) = changed.filter(|_| self.scores.len() == count) else {
            self.scores.clear();
            for item in 0..count {
                self.scores.push(score(item)?);
            }
            self.heap = None;
            return Ok(());
        };
        let few = changed.len() < count / MANY;
        if !few {
            self.heap = None;
        }
        for &item in changed {
            let new = score(item)?;
            self.scores[item] = new;
            if let Some(heap) = &mut self.heap {
                heap.set(item, new);
                // Nodes have four children.
                self.heap_flops += HEAP_STEP * u64::from(count.ilog2() / 2 + 1);
            }
        }
        if few && self.heap.is_none() {
            self.heap = Heap::new(self.scores.clone());
            self.heap_flops += HEAP_STEP * count as u64;
        }
        Ok(())
    }

    /// Flops that the last update took beside the scores.
    pub(in crate::bcd) fn heap_flops(&self) -> u64 {
        self.heap_flops
    }

    /// Forgets all scores: only items of the next update can come first.
    pub(in crate::bcd) fn clear(&mut self, count: usize) {
        self.scores.clear();
        self.scores.resize(count, f64::NEG_INFINITY);
        self.heap = None;
    }

    /// The first `count` items, best first.
    pub(in crate::bcd) fn first(&self, count: usize) -> Vec<usize> {
        match &self.heap {
            Some(heap) => heap.first(count),
            None => largest(&self.scores, count),
        }
    }
}

/// The `count` items of largest score, best first, ties by index.
pub(in crate::bcd) fn largest(scores: &[f64], count: usize) -> Vec<usize> {
    if count == 1 {
        return if scores.is_empty() { Vec::new() } else { vec![argmax(scores)] };
    }
    let mut items: Vec<usize> = (0..scores.len()).collect();
    let order = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    if count < items.len() {
        items.select_nth_unstable_by(count, order);
        items.truncate(count);
    }
    items.sort_unstable_by(order);
    items
}

/// The first index of the largest value.
pub(in crate::bcd) fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (k, value) in values.iter().enumerate() {
        if value.total_cmp(&values[best]).is_gt() {
            best = k;
        }
    }
    best
}

/// Whether all changed, or which items the changed coordinates belong to; `item_of` has `usize::MAX` for none.
pub(in crate::bcd) fn items_changed(changed: &Changed, item_of: &[usize]) -> Option<Vec<usize>> {
    match changed {
        Changed::All => None,
        Changed::Some(coordinates) => {
            let items = coordinates.iter().map(|&j| item_of[j]).filter(|&i| i != usize::MAX);
            let mut items: Vec<usize> = items.collect();
            items.sort_unstable();
            items.dedup();
            Some(items)
        }
    }
}
