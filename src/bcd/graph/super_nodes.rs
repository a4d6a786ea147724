//! Super-nodes: `k` consecutive nodes that count as one, and message passing with a dense block for each.
//!
//! The quotient graph has a node for each super-node and an edge where any of their nodes are joined. The rules cut
//! and choose blocks in it as they do in the graph itself; a block whose quotient has no cycle is solved exactly in
//! time linear in its size, however many cycles its nodes have: `delta_p -= A_ip' delta_i^-1 A_ip` from the leaves to
//! the roots, with `delta_i` a `k x k` matrix.

use super::elimination::{NONE, NotDefinite, Spanning, spanning};
use crate::numerics::SymmetricMatrix;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// The quotient graph of super-nodes of `k` nodes: the trace of each on the diagonal.
///
/// Errors: a number of nodes that `k` does not divide.
pub(super) fn quotient(a: &SymmetricMatrix, k: usize, control: &mut Control<'_>) -> Result<SymmetricMatrix> {
    let n = a.size();
    if !n.is_multiple_of(k) {
        return Err(Error::new(ErrorKind::Option, "option \"node_size\"")
            .expected(format!("a divisor of the {n} unknown nodes"))
            .found(k));
    }
    let mut edges = Vec::new();
    let mut near = Vec::new();
    for node in 0..n / k {
        near.clear();
        for i in node * k..(node + 1) * k {
            edges.push((node, node, a.diagonal()[i]));
            near.extend(a.row(i).map(|(j, _)| j / k).filter(|other| *other > node));
            control.spend(8 + 4 * a.degree(i) as u64)?;
        }
        near.sort_unstable();
        near.dedup();
        edges.extend(near.iter().map(|other| (node, *other, 1.0)));
    }
    SymmetricMatrix::from_edges(n / k, edges.iter().copied(), true, "a", control)
}

/// The nodes of super-nodes.
pub(super) fn expanded(block: &[u32], k: usize) -> Vec<u32> {
    block.iter().flat_map(|&node| (0..k as u32).map(move |c| node * k as u32 + c)).collect()
}

/// The super-nodes of a block of nodes, ascending; `None` where one is in it in part only.
pub(super) fn collected(block: &[u32], k: usize) -> Option<Vec<u32>> {
    let mut nodes = block.to_vec();
    nodes.sort_unstable();
    let whole = |part: &[u32]| {
        let first = part[0];
        let is_whole =
            part.len() == k && (first as usize).is_multiple_of(k) && part[k - 1] == first + k as u32 - 1;
        is_whole.then_some(first / k as u32)
    };
    nodes.chunks(k).map(whole).collect()
}

/// The factors of a block whose quotient is a forest.
#[derive(Debug)]
pub(super) struct SuperElimination {
    walk: Spanning,
    k: usize,
    /// The nodes, super-node after super-node in the order of the walk.
    nodes: Vec<u32>,
    /// The factor of what elimination leaves of each super-node's own block.
    pivot: Vec<Cholesky>,
    /// `delta_i^-1 A_ip` of each super-node with a parent, column after column; empty for roots.
    gain: Vec<Vec<f64>>,
}

/// Why a block was not eliminated.
pub(super) enum Refused {
    Stop(Stop),
    /// Its quotient has a cycle.
    Cycle,
    NotDefinite(NotDefinite),
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Refused::Stop(stop)
    }
}

impl SuperElimination {
    /// Eliminates the super-nodes in `block` of the quotient graph `q` of `a`. `place` is scratch of one number per
    /// super-node, all [`NONE`], and is left so. Costs about `7/3 k^3` flops a super-node, and the degrees of the
    /// block.
    pub(super) fn new(
        a: &SymmetricMatrix,
        q: &SymmetricMatrix,
        k: usize,
        block: &[u32],
        place: &mut [u32],
        control: &mut Control<'_>,
    ) -> std::result::Result<Self, Refused> {
        let walk = spanning(q, block, place).ok_or(Refused::Cycle)?;
        let count = walk.order.len();
        let mut own: Vec<Square> = walk.order.iter().map(|&node| dense(a, k, node, node)).collect();
        let mut pivot = Vec::with_capacity(count);
        let mut gain = Vec::with_capacity(count);
        for at in (0..count).rev() {
            let (node, up) = (walk.order[at], walk.parent[at]);
            let factor = Cholesky::new(&own[at], control)?;
            let positive = (0..k).all(|c| own[at].at(c, c) > 0.0);
            if factor.shift() > 0.0 || !positive {
                let node = node as usize * k;
                return Err(Refused::NotDefinite(NotDefinite { node, pivot: 0.0, direction: Vec::new() }));
            }
            let mut columns = Vec::new();
            if up != NONE {
                let parent = walk.order[up as usize];
                let link = dense(a, k, node, parent);
                columns = (0..k).flat_map(|c| link.column(c).to_vec()).collect();
                columns.chunks_mut(k).for_each(|column| factor.solve(column));
                let above = &mut own[up as usize];
                for c in 0..k {
                    for r in 0..k {
                        let product: f64 =
                            link.column(r).iter().zip(&columns[c * k..(c + 1) * k]).map(|(l, g)| l * g).sum();
                        above.column_mut(c)[r] -= product;
                    }
                }
            }
            control.spend((5 * k * k * k) as u64 + 8)?;
            pivot.push(factor);
            gain.push(columns);
        }
        pivot.reverse();
        gain.reverse();
        let nodes = expanded(&walk.order, k);
        Ok(Self { walk, k, nodes, pivot, gain })
    }

    /// The nodes, in the order in which [`SuperElimination::solve`] takes numbers.
    pub(super) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Replaces `c` by `A_bb^{-1} c`. Two sweeps, `6 k^2` flops a super-node.
    pub(super) fn solve(&self, c: &mut [f64]) {
        let (k, parent) = (self.k, &self.walk.parent);
        for at in (0..parent.len()).rev() {
            if parent[at] != NONE {
                let up = parent[at] as usize;
                let (above, rest) = c.split_at_mut(at * k);
                let own = &rest[..k];
                for (r, above) in above[up * k..(up + 1) * k].iter_mut().enumerate() {
                    let gain = &self.gain[at][r * k..(r + 1) * k];
                    *above -= gain.iter().zip(own).map(|(g, c)| g * c).sum::<f64>();
                }
            }
        }
        for (at, &up) in parent.iter().enumerate() {
            let (above, rest) = c.split_at_mut(at * k);
            let own = &mut rest[..k];
            self.pivot[at].solve(own);
            if up != NONE {
                let up = up as usize;
                for (r, above) in above[up * k..(up + 1) * k].iter().enumerate() {
                    let gain = &self.gain[at][r * k..(r + 1) * k];
                    own.iter_mut().zip(gain).for_each(|(own, g)| *own -= g * above);
                }
            }
        }
    }
}

/// The block of the nodes of one super-node (rows) and another (columns).
fn dense(a: &SymmetricMatrix, k: usize, rows: u32, columns: u32) -> Square {
    let (rows, columns) = (rows as usize * k, columns as usize * k);
    let mut out = Square::zeros(k);
    for c in 0..k {
        let column = out.column_mut(c);
        if rows == columns {
            column[c] = a.diagonal()[columns + c];
        }
        for (i, v) in a.row(columns + c).filter(|(i, _)| (rows..rows + k).contains(i)) {
            column[i - rows] = v;
        }
    }
    out
}
