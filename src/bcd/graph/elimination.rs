//! Message passing: blocks without cycles, eliminated from the leaves to the roots in linear time.

use crate::numerics::SymmetricMatrix;

/// No parent.
pub const NONE: u32 = u32::MAX;

/// A block in breadth-first order: parents before their children, trees one after the other.
#[derive(Debug, Clone)]
pub struct Spanning {
    /// Nodes of the matrix, parents first.
    pub order: Vec<u32>,
    /// The place in `order` of each node's parent; [`NONE`] for roots.
    pub parent: Vec<u32>,
    /// The entry that joins a node and its parent.
    pub link: Vec<f64>,
}

/// Walks a block breadth first. `place` is scratch of one number per node of the matrix, all [`NONE`], and is left so.
/// `None` where the block has a cycle. Costs the degrees of the block.
pub fn spanning(a: &SymmetricMatrix, block: &[u32], place: &mut [u32]) -> Option<Spanning> {
    const WAITING: u32 = NONE - 1;
    block.iter().for_each(|&i| place[i as usize] = WAITING);
    let mut out = Spanning {
        order: Vec::with_capacity(block.len()),
        parent: Vec::with_capacity(block.len()),
        link: Vec::with_capacity(block.len()),
    };
    let mut acyclic = true;
    for &root in block {
        if place[root as usize] != WAITING {
            continue;
        }
        let mut next = out.order.len();
        place[root as usize] = next as u32;
        out.order.push(root);
        out.parent.push(NONE);
        out.link.push(0.0);
        while next < out.order.len() {
            let (node, up) = (out.order[next] as usize, out.parent[next]);
            for (other, v) in a.row(node) {
                match place[other] {
                    NONE => {}
                    WAITING => {
                        place[other] = out.order.len() as u32;
                        out.order.push(other as u32);
                        out.parent.push(next as u32);
                        out.link.push(v);
                    }
                    // An edge to a node met before, and not the way we came, closes a cycle.
                    p => acyclic &= p == up || out.parent[p as usize] == next as u32,
                }
            }
            next += 1;
        }
    }
    block.iter().for_each(|&i| place[i as usize] = NONE);
    acyclic.then_some(out)
}

/// The factors of a forest block `A_bb`, for any number of right-hand sides.
#[derive(Debug, Clone)]
pub struct Elimination {
    walk: Spanning,
    /// What is left of the diagonal, `delta_i`.
    pivot: Vec<f64>,
}

/// A pivot `delta_i <= 0`: the matrix is not positive definite on the block.
#[derive(Debug, Clone, PartialEq)]
pub struct NotDefinite {
    /// The node whose pivot it is.
    pub node: usize,
    /// The pivot.
    pub pivot: f64,
    /// A vector `v` with `v'Av` the pivot, up to rounding: node and value, 0 elsewhere.
    pub direction: Vec<(u32, f64)>,
}

impl Elimination {
    /// Eliminates `A_bb` from the leaves to the roots: `delta_p -= a_ip^2 / delta_i`.
    pub fn new(a: &SymmetricMatrix, walk: Spanning) -> Result<Self, NotDefinite> {
        let pivot = Self::pivots(a, &walk)?;
        Ok(Self { walk, pivot })
    }

    /// What elimination leaves of the diagonal, in the order of the walk.
    pub fn pivots(a: &SymmetricMatrix, walk: &Spanning) -> Result<Vec<f64>, NotDefinite> {
        let mut pivot: Vec<f64> = walk.order.iter().map(|&i| a.diagonal()[i as usize]).collect();
        for k in (0..pivot.len()).rev() {
            if !(pivot[k] > 0.0) {
                let direction = below(walk, &pivot, k);
                return Err(NotDefinite { node: walk.order[k] as usize, pivot: pivot[k], direction });
            }
            if walk.parent[k] != NONE {
                pivot[walk.parent[k] as usize] -= walk.link[k] * (walk.link[k] / pivot[k]);
            }
        }
        Ok(pivot)
    }

    /// The nodes, in the order in which [`Elimination::solve`] takes numbers.
    pub fn nodes(&self) -> &[u32] {
        &self.walk.order
    }

    /// Replaces `c` by `A_bb^{-1} c`, in the order of [`Elimination::nodes`]. Two sweeps, five flops a node.
    pub fn solve(&self, c: &mut [f64]) {
        let Spanning { parent, link, .. } = &self.walk;
        for k in (0..c.len()).rev() {
            if parent[k] != NONE {
                c[parent[k] as usize] -= link[k] / self.pivot[k] * c[k];
            }
        }
        for k in 0..c.len() {
            let above = if parent[k] == NONE { 0.0 } else { link[k] * c[parent[k] as usize] };
            c[k] = (c[k] - above) / self.pivot[k];
        }
    }
}

/// 1 at place `top` of the walk, and below it what minimizes the quadratic: its curvature is the pivot there.
fn below(walk: &Spanning, pivot: &[f64], top: usize) -> Vec<(u32, f64)> {
    let mut value = vec![0.0; walk.order.len()];
    value[top] = 1.0;
    for k in top + 1..value.len() {
        if walk.parent[k] != NONE {
            value[k] = -walk.link[k] / pivot[k] * value[walk.parent[k] as usize];
        }
    }
    walk.order.iter().copied().zip(value).filter(|(_, v)| *v != 0.0).collect()
}
