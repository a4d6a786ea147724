//! Blocks without cycles, chosen by a union-find and solved in linear time by two sweeps.

use super::table::Table;

/// Trees that grow: which nodes are in, and which of them hang together.
#[derive(Debug)]
pub struct Forest {
    parent: Vec<u32>,
    inside: Vec<bool>,
    roots: Vec<usize>,
    pub nodes: Vec<usize>,
}

impl Forest {
    /// No node of `n` is in.
    pub fn new(n: usize) -> Self {
        Self { parent: (0..n as u32).collect(), inside: vec![false; n], roots: Vec::new(), nodes: Vec::new() }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] as usize != node {
            self.parent[node] = self.parent[self.parent[node] as usize];
            node = self.parent[node] as usize;
        }
        node
    }

    /// Takes a node in unless that closes a cycle: its neighbours inside must lie in different trees.
    pub fn add(&mut self, node: usize, a: &Table) -> bool {
        self.roots.clear();
        for (other, _) in a.row(node).filter(|(other, _)| *other != node) {
            if self.inside[other] {
                let root = self.root(other);
                if self.roots.contains(&root) {
                    return false;
                }
                self.roots.push(root);
            }
        }
        for k in 0..self.roots.len() {
            self.parent[self.roots[k]] = node as u32;
        }
        self.inside[node] = true;
        self.nodes.push(node);
        true
    }
}

/// Nodes in this order, each taken in unless it closes a cycle; sorted.
pub fn greedy(order: &[usize], a: &Table) -> Vec<usize> {
    let mut forest = Forest::new(a.rows());
    for node in order {
        forest.add(*node, a);
    }
    forest.nodes.sort_unstable();
    forest.nodes
}

/// Every node in the first forest that takes it; a new one if none does.
pub fn partition(order: &[usize], a: &Table) -> Vec<Vec<usize>> {
    let mut forests: Vec<Forest> = Vec::new();
    for &node in order {
        if !forests.iter_mut().any(|f| f.add(node, a)) {
            let mut forest = Forest::new(a.rows());
            forest.add(node, a);
            forests.push(forest);
        }
    }
    forests.into_iter().map(|f| sorted(f.nodes)).collect()
}

/// Every node in the smallest colour that none of its neighbours has; a new one if there is none.
pub fn colours(order: &[usize], a: &Table) -> Vec<Vec<usize>> {
    let mut colour = vec![usize::MAX; a.rows()];
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for &node in order {
        let free = (0..blocks.len()).filter(|c| a.row(node).all(|(other, _)| colour[other] != *c));
        let chosen = free.min_by_key(|c| blocks[*c].len()).unwrap_or(blocks.len());
        if chosen == blocks.len() {
            blocks.push(Vec::new());
        }
        blocks[chosen].push(node);
        colour[node] = chosen;
    }
    blocks.into_iter().map(sorted).collect()
}

/// The two interleaved combs of a grid, node `column * rows + row`: black first.
pub fn combs(rows: usize, columns: usize) -> Vec<Vec<usize>> {
    let mut blocks = vec![Vec::new(), Vec::new()];
    for node in 0..rows * columns {
        let (row, column) = (node % rows, node / rows);
        let white = row == 0 || (column % 2 == 0 && row + 1 < rows);
        blocks[usize::from(white)].push(node);
    }
    blocks
}

/// The two colours of a chess board: the one of the first node first.
pub fn chess(rows: usize, columns: usize) -> Vec<Vec<usize>> {
    let mut blocks = vec![Vec::new(), Vec::new()];
    (0..rows * columns).for_each(|node| blocks[(node % rows + node / rows) % 2].push(node));
    blocks
}

fn sorted(mut nodes: Vec<usize>) -> Vec<usize> {
    nodes.sort_unstable();
    nodes
}

/// No parent.
const NONE: usize = usize::MAX;

/// A block without cycles, eliminated from the leaves to the roots.
pub struct Elimination {
    /// Places in the block, parents first.
    order: Vec<usize>,
    /// The parent of each place and the entry that joins them.
    parent: Vec<(usize, f64)>,
    pivot: Vec<f64>,
}

impl Elimination {
    pub fn new(a: &Table, block: &[usize]) -> Self {
        let mut place = vec![NONE; a.rows()];
        block.iter().enumerate().for_each(|(p, &node)| place[node] = p);
        let mut parent = vec![(NONE, 0.0); block.len()];
        let mut order: Vec<usize> = Vec::with_capacity(block.len());
        let mut seen = vec![false; block.len()];
        for root in 0..block.len() {
            if seen[root] {
                continue;
            }
            seen[root] = true;
            let mut next = order.len();
            order.push(root);
            while next < order.len() {
                let p = order[next];
                next += 1;
                for (other, v) in a.row(block[p]).filter(|(o, _)| place[*o] != NONE && *o != block[p]) {
                    let q = place[other];
                    if seen[q] {
                        debug_assert!(parent[p].0 == q, "a cycle");
                    } else {
                        seen[q] = true;
                        parent[q] = (p, v);
                        order.push(q);
                    }
                }
            }
        }
        let own = |p: usize| a.row(block[p]).find(|(j, _)| *j == block[p]).map_or(0.0, |(_, v)| v);
        let mut pivot: Vec<f64> = (0..block.len()).map(own).collect();
        for &p in order.iter().rev() {
            let (up, v) = parent[p];
            if up != NONE {
                pivot[up] -= v * v / pivot[p];
            }
        }
        Self { order, parent, pivot }
    }

    /// Replaces `c` by `A_bb^{-1} c`, in two sweeps.
    pub fn solve(&self, c: &mut [f64]) {
        for &p in self.order.iter().rev() {
            let (up, v) = self.parent[p];
            if up != NONE {
                c[up] -= v / self.pivot[p] * c[p];
            }
        }
        for &p in &self.order {
            let (up, v) = self.parent[p];
            let above = if up == NONE { 0.0 } else { v * c[up] };
            c[p] = (c[p] - above) / self.pivot[p];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::objective::{Objective, Quadratic, factor};
    use crate::cli::bench::stream::Stream;

    fn grid(side: usize) -> Table {
        let mut entries = Vec::new();
        for node in 0..side * side {
            entries.push((node, node, 4.5));
            let down = (node % side + 1 < side).then_some(node + 1);
            let right = (node / side + 1 < side).then_some(node + side);
            for other in [down, right].into_iter().flatten() {
                entries.push((node, other, -1.0));
                entries.push((other, node, -1.0));
            }
        }
        Table::from_entries(side * side, side * side, &entries)
    }

    fn edges_inside(a: &Table, block: &[usize]) -> usize {
        let edges = |i: &usize| a.row(*i).filter(|(j, _)| j != i && block.contains(j)).count();
        block.iter().map(edges).sum::<usize>() / 2
    }

    #[test]
    fn blocks_have_no_cycle_and_are_solved_exactly() {
        let a = grid(7);
        let mut stream = Stream::new(4);
        let order = stream.permutation(49);
        let problem = Quadratic::new(grid(7), vec![1.0; 49]);
        let mut blocks = vec![greedy(&order, &a)];
        for whole in [partition(&order, &a), combs(7, 7), colours(&order, &a), chess(7, 7)] {
            assert_eq!(whole.iter().map(Vec::len).sum::<usize>(), 49);
            blocks.extend(whole);
        }
        for block in blocks {
            assert!(edges_inside(&a, &block) < block.len());
            let c = stream.normals(block.len());
            let mut dense = c.clone();
            factor(&problem.bound(&block)).solve(&mut dense);
            let elimination = Elimination::new(&a, &block);
            let mut found = c;
            elimination.solve(&mut found);
            assert!(found.iter().zip(&dense).all(|(a, b)| (a - b).abs() < 1e-13));
        }
        assert!(colours(&order, &a).iter().chain(&chess(7, 7)).all(|b| edges_inside(&a, b) == 0));
    }
}
