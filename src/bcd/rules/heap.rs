//! Which of many scores is the largest, when few of them change at a time: a heap with a position for each item.

/// Children of a node: four, which share a cache line and make the heap shallow.
const ARITY: usize = 4;

/// Items `0..n` by decreasing score; ties by increasing item, so that the order never depends on history.
#[derive(Debug, Clone, Default)]
pub(in crate::bcd) struct Heap {
    score: Vec<f64>,
    /// Items in heap order.
    order: Vec<u32>,
    /// Where an item is in `order`.
    position: Vec<u32>,
}

impl Heap {
    /// A heap of all scores. Costs `O(n)`. `None` for more items than it can number.
    pub(in crate::bcd) fn new(score: Vec<f64>) -> Option<Self> {
        let n = u32::try_from(score.len()).ok()?;
        let mut heap = Self { score, order: (0..n).collect(), position: (0..n).collect() };
        for k in (0..(n as usize).div_ceil(ARITY)).rev() {
            heap.sink(k);
        }
        Some(heap)
    }

    /// Whether item `a` comes before `b`.
    #[inline]
    fn before(&self, a: u32, b: u32) -> bool {
        let order = self.score[a as usize].total_cmp(&self.score[b as usize]);
        order.then(b.cmp(&a)).is_gt()
    }

    /// Gives an item another score. Costs `O(log n)`.
    pub(in crate::bcd) fn set(&mut self, item: usize, score: f64) {
        self.score[item] = score;
        let at = self.position[item] as usize;
        let at = self.rise(at);
        self.sink(at);
    }

    /// The score of an item.
    #[cfg(test)]
    pub(in crate::bcd) fn score(&self, item: usize) -> f64 {
        self.score[item]
    }

    /// The first `count` items, best first. Costs `O(count log count)` and leaves the heap as it is: the candidates for
    /// the next place are the children of those already taken.
    pub(in crate::bcd) fn first(&self, count: usize) -> Vec<usize> {
        let mut taken = Vec::with_capacity(count);
        // A small heap of positions, by the same order.
        let mut open: Vec<usize> = if self.order.is_empty() { Vec::new() } else { vec![0] };
        while taken.len() < count && !open.is_empty() {
            let at = self.pop_open(&mut open);
            taken.push(self.order[at] as usize);
            for child in self.children(at) {
                self.push_open(&mut open, child);
            }
        }
        taken
    }

    fn children(&self, at: usize) -> std::ops::Range<usize> {
        let first = (ARITY * at + 1).min(self.order.len());
        first..(first + ARITY).min(self.order.len())
    }

    fn precedes(&self, a: usize, b: usize) -> bool {
        self.before(self.order[a], self.order[b])
    }

    fn push_open(&self, open: &mut Vec<usize>, at: usize) {
        open.push(at);
        let mut k = open.len() - 1;
        while k > 0 && self.precedes(open[k], open[(k - 1) / 2]) {
            open.swap(k, (k - 1) / 2);
            k = (k - 1) / 2;
        }
    }

    /// Takes the best of a heap that is not empty.
    fn pop_open(&self, open: &mut Vec<usize>) -> usize {
        let best = open.swap_remove(0);
        let mut k = 0;
        loop {
            let mut next = k;
            for child in [2 * k + 1, 2 * k + 2] {
                if child < open.len() && self.precedes(open[child], open[next]) {
                    next = child;
                }
            }
            if next == k {
                return best;
            }
            open.swap(k, next);
            k = next;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.order.swap(a, b);
        self.position[self.order[a] as usize] = a as u32;
        self.position[self.order[b] as usize] = b as u32;
    }

    fn rise(&mut self, mut at: usize) -> usize {
        while at > 0 && self.precedes(at, (at - 1) / ARITY) {
            self.swap(at, (at - 1) / ARITY);
            at = (at - 1) / ARITY;
        }
        at
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let mut best = at;
            for child in self.children(at) {
                if self.precedes(child, best) {
                    best = child;
                }
            }
            if best == at {
                return;
            }
            self.swap(at, best);
            at = best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::rng::{Purpose, Stream};

    fn sorted(score: &[f64]) -> Vec<usize> {
        let mut items: Vec<usize> = (0..score.len()).collect();
        items.sort_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
        items
    }

    #[test]
    fn the_first_items_are_those_of_a_sort_whatever_changed_before() {
        for n in [0, 1, 2, 5, 17, 100] {
            let mut stream = Stream::new(n as u64, Purpose::Select, 0);
            // Few distinct scores, so that there are ties.
            let mut score: Vec<f64> = (0..n).map(|_| stream.below(7) as f64).collect();
            let mut heap = Heap::new(score.clone()).unwrap();
            for round in 0..200 {
                let count = round % (n + 2);
                assert_eq!(heap.first(count), sorted(&score)[..count.min(n)], "{n} {round}");
                if n > 0 {
                    let (item, new) = (stream.below(n), stream.below(9) as f64 - 1.0);
                    score[item] = new;
                    heap.set(item, new);
                    assert_eq!(heap.score(item), new);
                }
            }
        }
    }
}
