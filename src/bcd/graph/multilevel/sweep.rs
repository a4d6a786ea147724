//! The paper's sweep over forests, made symmetric: exact on each forest in turn, forwards and then backwards.
//!
//! The matrix is numbered so that each forest is a range and its nodes are in breadth-first order: both passes of an
//! elimination run through memory once, and nodes at the same depth do not wait for one another.

use super::Real;
use crate::bcd::graph::elimination::{NONE, Spanning};
use crate::numerics::SymmetricMatrix;
use std::ops::Range;

/// Forests of a renumbered matrix, eliminated, with the entries between forests.
pub(super) struct ForestSweep<T> {
    /// The range of each forest.
    blocks: Vec<Range<usize>>,
    /// `1 / delta_i`
    inverse: Vec<T>,
    /// `-a_ip / delta_i`; 0 for roots.
    message: Vec<T>,
    /// The parent; any node before it in the forest for roots.
    parent: Vec<u32>,
    /// Where the entries of each node to other forests start; those to forests before its own come first.
    starts: Vec<u32>,
    later: Vec<u32>,
    outside: Vec<u32>,
    /// `-a_ij`
    values: Vec<T>,
}

impl<T: Real> ForestSweep<T> {
    /// `a` is numbered forest by forest, in the order of the `walks`; `pivots` are those of their eliminations.
    pub(super) fn new(a: &SymmetricMatrix, walks: &[Spanning], pivots: &[Vec<f64>]) -> Self {
        let n = a.size();
        let mut sweep = Self {
            blocks: Vec::with_capacity(walks.len()),
            inverse: Vec::with_capacity(n),
            message: Vec::with_capacity(n),
            parent: Vec::with_capacity(n),
            starts: Vec::with_capacity(n + 1),
            later: Vec::with_capacity(n),
            outside: Vec::new(),
            values: Vec::new(),
        };
        sweep.starts.push(0);
        let mut first = 0;
        for (walk, pivots) in walks.iter().zip(pivots) {
            let range = first..first + walk.order.len();
            for (k, pivot) in pivots.iter().enumerate() {
                let root = walk.parent[k] == NONE;
                sweep.inverse.push(T::narrow(1.0 / pivot));
                sweep.message.push(T::narrow(if root { 0.0 } else { -walk.link[k] / pivot }));
                sweep.parent.push(if root { first } else { first + walk.parent[k] as usize } as u32);
                let mut before = sweep.values.len();
                for (j, v) in a.row(first + k).filter(|(j, _)| !range.contains(j)) {
                    before += usize::from(j < first);
                    sweep.outside.push(j as u32);
                    sweep.values.push(T::narrow(-v));
                }
                sweep.later.push(before as u32);
                sweep.starts.push(sweep.values.len() as u32);
            }
            first = range.end;
            sweep.blocks.push(range);
        }
        sweep
    }

    /// Forwards from zero: `x` is what the forests in turn make of `r`. The residual that is left goes to `left`.
    pub(super) fn forwards(&self, r: &[T], x: &mut [T], left: &mut [T]) {
        for block in &self.blocks {
            x[block.clone()].fill(T::ZERO);
            for i in block.clone().rev() {
                let c = self.gather(x, self.starts[i], self.later[i]) + (x[i] + r[i]);
                x[i] = c;
                let parent = self.parent[i] as usize;
                x[parent] = x[parent] + self.message[i] * c;
            }
            self.descend(block, x);
        }
        for (i, left) in left.iter_mut().enumerate() {
            *left = self.gather(x, self.later[i], self.starts[i + 1]);
        }
    }

    /// Backwards from `x`: each forest is minimized exactly, the last first.
    pub(super) fn backwards(&self, r: &[T], x: &mut [T]) {
        for block in self.blocks.iter().rev() {
            x[block.clone()].fill(T::ZERO);
            for i in block.clone().rev() {
                let c = self.gather(x, self.starts[i], self.starts[i + 1]) + (x[i] + r[i]);
                x[i] = c;
                let parent = self.parent[i] as usize;
                x[parent] = x[parent] + self.message[i] * c;
            }
            self.descend(block, x);
        }
    }

    #[inline]
    fn gather(&self, x: &[T], from: u32, to: u32) -> T {
        let range = from as usize..to as usize;
        let mut sum = T::ZERO;
        for (j, v) in self.outside[range.clone()].iter().zip(&self.values[range]) {
            sum = sum + *v * x[*j as usize];
        }
        sum
    }

    /// From the roots to the leaves. A root's parent is the first node of the block, with message 0.
    #[inline]
    fn descend(&self, block: &Range<usize>, x: &mut [T]) {
        for i in block.clone() {
            let above = x[self.parent[i] as usize];
            x[i] = self.inverse[i] * x[i] + self.message[i] * above;
        }
    }

    /// Flops of one sweep each way.
    pub(super) fn flops(&self) -> u64 {
        (4 * self.values.len() + 12 * self.inverse.len()) as u64
    }
}
