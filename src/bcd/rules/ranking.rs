//! The order of items by score, kept from block to block.

use super::heap::Heap;
use crate::bcd::smooth::Changed;
use crate::runtime::Stop;

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
