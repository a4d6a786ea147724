//! An index of columns by direction: which have the largest products with a vector, without looking at all of them.
//!
//! Among columns of one length the largest `|a_j'v|` is the nearest neighbour of `v` among `+-a_j`. Columns of other
//! lengths are usually lifted to one by one more entry; here a node knows the longest of its columns, which bounds the
//! products no less tightly and needs no lift.
//!
//! A node of the tree holds columns within an angle `w` of its centre `c`, up to sign. With `t` the angle between `c`
//! (or `-c`) and `v`, no product in it exceeds `|v| max_j |a_j| cos(max(0, t - w))`. The search opens nodes by
//! decreasing bound until that is below the worst of those found: the answer is exact.

use super::ranking::argmax;
use crate::numerics::columns::Columns;
use crate::numerics::kernels::dot;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Columns in a leaf: a node costs as much to look at as a column.
const LEAF: usize = 8;
/// A split that leaves less than this share on one side is made in the middle instead, so that the tree is not deep.
const LOPSIDED: usize = 8;
/// What bounds are raised by, relative to themselves: more than products and scores are rounded.
const ROUNDING: f64 = 1e-12;

/// A tree over the columns of a list. Items are positions in that list.
pub(in crate::bcd) struct ColumnIndex {
    rows: usize,
    nodes: Vec<Node>,
    /// A unit vector for each node.
    centres: Vec<f64>,
    /// Items in the order of the leaves.
    items: Vec<usize>,
    /// Items without a direction: columns of zeros.
    loose: Vec<usize>,
    /// Columns and centres met by all searches, and how many those were.
    met: u64,
    searches: u64,
}

struct Node {
    /// Its items.
    first: usize,
    last: usize,
    /// Its halves are this node and the next; 0 for a leaf.
    halves: usize,
    /// Cosine of the largest angle to the centre, at most.
    narrowness: f64,
    /// The largest scaled length.
    length: f64,
}

/// What a search needs to know of the items.
pub(in crate::bcd) trait Scores {
    /// The most that an item can score whose scaled product is `product` in size; increasing.
    fn most(&self, product: f64) -> f64;
    /// The scores of some items; none for those that are not to be found.
    fn of(&mut self, items: &[usize], control: &mut Control<'_>) -> Result<Vec<Option<f64>>, Stop>;
}

/// A node that is still to be opened.
struct Open {
    bound: f64,
    node: usize,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

impl ColumnIndex {
    /// An index of the columns in `list`, of which product `j` counts `scale_j` times. Costs about four passes for each
    /// of `log2(n / 8)` levels, and memory for up to `n / 2` dense columns, mostly `n / 3`; `None` where there is none.
    pub(in crate::bcd) fn new(
        columns: &Columns<'_>,
        list: &[usize],
        scale: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Option<Self>, Stop> {
        let rows = columns.rows();
        let ones = vec![1.0; rows];
        let mut norm = vec![0.0; list.len()];
        columns.map(list, 1, &mut norm, team, control, |j| columns.squares(j, &ones).sqrt())?;
        let has_direction = |k: &usize| norm[*k].recip().is_finite() && (norm[*k] * scale[*k]).is_finite();
        let (items, loose) = (0..list.len()).partition(has_direction);
        let mut index =
            Self { rows, nodes: Vec::new(), centres: Vec::new(), items, loose, met: 0, searches: 0 };
        let build = Build { columns, list, scale, norm: &norm, team };
        if !index.items.is_empty() && !index.add_node(&build, 0, index.items.len(), control)? {
            return Ok(None);
        }
        // Halves come after their node, so that this meets every node.
        let mut at = 0;
        while at < index.nodes.len() {
            let (first, last) = (index.nodes[at].first, index.nodes[at].last);
            if last - first > LEAF {
                let middle = index.split(&build, at, control)?;
                index.nodes[at].halves = index.nodes.len();
                for (first, last) in [(first, middle), (middle, last)] {
                    if !index.add_node(&build, first, last, control)? {
                        return Ok(None);
                    }
                }
            }
            at += 1;
        }
        Ok(Some(index))
    }

    fn centre(&self, node: usize) -> &[f64] {
        &self.centres[node * self.rows..(node + 1) * self.rows]
    }

    /// Adds a node with the items `first..last`; tells whether there is memory for it.
    fn add_node(
        &mut self,
        build: &Build<'_>,
        first: usize,
        last: usize,
        control: &mut Control<'_>,
    ) -> Result<bool, Stop> {
        if self.centres.try_reserve(self.rows).is_err() {
            return Ok(false);
        }
        let items = &self.items[first..last];
        let mut pivot = vec![0.0; self.rows];
        build.add(items[0], 1.0, &mut pivot);
        // The mean direction, with signs that make all columns point to one side.
        let mut centre = vec![0.0; self.rows];
        for (&k, cosine) in items.iter().zip(build.cosines(items, &pivot, control)?) {
            build.add(k, if cosine < 0.0 { -1.0 } else { 1.0 }, &mut centre);
            control.spend(2 * self.rows as u64)?;
        }
        let size = dot(&centre, &centre).sqrt();
        let (centre, size) = if size > 0.0 { (centre, size) } else { (pivot, 1.0) };
        self.centres.extend(centre.iter().map(|c| c / size));
        let node = self.nodes.len();
        let cosines = build.cosines(items, self.centre(node), control)?;
        let narrowest = cosines.iter().map(|c| c.abs()).fold(1.0, f64::min);
        let length = items.iter().map(|&k| build.norm[k] * build.scale[k]).fold(0.0, f64::max);
        let narrowness = narrowest - self.rounding();
        self.nodes.push(Node { first, last, halves: 0, narrowness, length });
        Ok(true)
    }

    /// Sorts the items of a node into two halves, by which of two far ones they are nearer to; gives where the second
    /// half begins.
    fn split(&mut self, build: &Build<'_>, node: usize, control: &mut Control<'_>) -> Result<usize, Stop> {
        let Node { first, last, .. } = self.nodes[node];
        let items = self.items[first..last].to_vec();
        let farthest = |cosines: &[f64]| argmax(&cosines.iter().map(|c| -c.abs()).collect::<Vec<f64>>());
        let direction = |k: usize| {
            let mut direction = vec![0.0; self.rows];
            build.add(items[k], 1.0, &mut direction);
            direction
        };
        let one = farthest(&build.cosines(&items, self.centre(node), control)?);
        let to_one = build.cosines(&items, &direction(one), control)?;
        let to_other = build.cosines(&items, &direction(farthest(&to_one)), control)?;
        let nearer: Vec<f64> = to_one.iter().zip(&to_other).map(|(a, b)| a.abs() - b.abs()).collect();
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by(|&a, &b| nearer[b].total_cmp(&nearer[a]).then(a.cmp(&b)));
        let mut middle = nearer.iter().filter(|n| **n > 0.0).count();
        if middle.min(items.len() - middle) < items.len() / LOPSIDED + 1 {
            middle = items.len() / 2;
        }
        control.spend(16 * items.len() as u64)?;
        self.items[first..last].iter_mut().zip(order).for_each(|(to, k)| *to = items[k]);
        Ok(first + middle)
    }

    /// What cosines are off by at most.
    fn rounding(&self) -> f64 {
        4.0 * f64::EPSILON * (self.rows + 8) as f64
    }

    /// The most that the scaled products in a node can be, divided by the length of `v`.
    fn bound(&self, node: usize, v: &[f64], length: f64) -> f64 {
        let Node { narrowness, length: longest, .. } = self.nodes[node];
        let cosine = (dot(self.centre(node), v).abs() / length + self.rounding()).min(1.0);
        let sine = |cosine: f64| (1.0 - cosine * cosine).max(0.0).sqrt();
        let largest = match cosine >= narrowness {
            true => 1.0,
            false => cosine * narrowness + sine(cosine) * sine(narrowness) + self.rounding(),
        };
        longest * largest
    }

    /// The `count` items of largest score, best first, ties by item. `v` is what products are with; `found` are those
    /// known already.
    pub(in crate::bcd) fn search(
        &mut self,
        v: &[f64],
        count: usize,
        mut found: Best,
        scores: &mut impl Scores,
        control: &mut Control<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let length = dot(v, v).sqrt();
        self.searches += 1;
        let mut open = BinaryHeap::new();
        if !self.nodes.is_empty() {
            open.push(Open { bound: f64::INFINITY, node: 0 });
        }
        found.look(&self.loose, count, scores, control)?;
        while let Some(Open { bound, node }) = open.pop() {
            if found.beats(bound, count) {
                break;
            }
            let Node { first, last, halves, .. } = self.nodes[node];
            if halves == 0 {
                found.look(&self.items[first..last], count, scores, control)?;
                self.met += (last - first) as u64;
                continue;
            }
            for node in [halves, halves + 1] {
                let product = length * self.bound(node, v, length) * (1.0 + ROUNDING);
                open.push(Open { bound: scores.most(product), node });
            }
            self.met += 2;
            control.spend(4 * self.rows as u64)?;
        }
        Ok(found.0.into_iter().map(|(_, item)| item).collect())
    }

    /// Columns and centres that a search met, on average.
    pub(in crate::bcd) fn met_per_search(&self) -> u64 {
        self.met / self.searches.max(1)
    }
}

/// The best items so far with their scores, best first.
#[derive(Debug, Default)]
pub(in crate::bcd) struct Best(Vec<(f64, usize)>);

impl Best {
    /// Takes items into account; `count` is how many are wanted.
    pub(in crate::bcd) fn look(
        &mut self,
        items: &[usize],
        count: usize,
        scores: &mut impl Scores,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        for (&item, score) in items.iter().zip(scores.of(items, control)?) {
            let Some(score) = score else { continue };
            let before = |(other, k): &(f64, usize)| other.total_cmp(&score).then(item.cmp(k)).is_gt();
            let at = self.0.partition_point(before);
            if at < count {
                self.0.insert(at, (score, item));
                self.0.truncate(count);
            }
        }
        Ok(())
    }

    /// Whether nothing of that score, whatever its item, can be among the best any more.
    fn beats(&self, score: f64, count: usize) -> bool {
        self.0.len() == count && self.0.last().is_some_and(|(least, _)| *least > score)
    }
}

/// What a tree is built from.
struct Build<'b> {
    columns: &'b Columns<'b>,
    list: &'b [usize],
    scale: &'b [f64],
    norm: &'b [f64],
    team: &'b Team<'b>,
}

impl Build<'_> {
    /// `v += sign a_k / |a_k|`.
    fn add(&self, k: usize, sign: f64, v: &mut [f64]) {
        self.columns.add(self.list[k], sign / self.norm[k], v);
    }

    /// The cosines between some items and a unit vector.
    fn cosines(&self, items: &[usize], v: &[f64], control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let mut cosines = vec![0.0; items.len()];
        let columns: Vec<usize> = items.iter().map(|&k| self.list[k]).collect();
        self.columns.correlations(&columns, v, &mut cosines, self.team, control)?;
        cosines.iter_mut().zip(items).for_each(|(c, &k)| *c /= self.norm[k]);
        Ok(cosines)
    }
}
