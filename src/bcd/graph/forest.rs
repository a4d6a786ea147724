//! A forest that grows node by node: a node is taken in unless it would close a cycle.

use super::union_find::UnionFind;
use crate::numerics::SymmetricMatrix;

/// Nodes whose induced graph has no cycle.
#[derive(Debug)]
pub struct GrowingForest {
    sets: UnionFind,
    inside: Vec<bool>,
    roots: Vec<usize>,
    nodes: Vec<u32>,
}

impl GrowingForest {
    /// No node of `n` is in.
    pub fn new(n: usize) -> Self {
        Self { sets: UnionFind::new(n), inside: vec![false; n], roots: Vec::new(), nodes: Vec::new() }
    }

    /// Empties the forest.
    pub fn clear(&mut self) {
        self.sets.reset();
        self.inside.fill(false);
        self.nodes.clear();
    }

    /// Takes `node` in if its neighbours inside lie in different trees. Costs its degree, nearly.
    pub fn add(&mut self, node: usize, a: &SymmetricMatrix) -> bool {
        self.roots.clear();
        for (other, _) in a.row(node) {
            if self.inside[other] {
                self.roots.push(self.sets.root(other));
            }
        }
        // A few roots are compared one by one; a hub's are sorted.
        if self.roots.len() > 8 {
            self.roots.sort_unstable();
            if self.roots.windows(2).any(|w| w[0] == w[1]) {
                return false;
            }
        } else if (1..self.roots.len()).any(|k| self.roots[..k].contains(&self.roots[k])) {
            return false;
        }
        self.roots.iter().for_each(|root| self.sets.hang(*root, node));
        self.inside[node] = true;
        self.nodes.push(node as u32);
        true
    }

    /// The nodes inside, ascending.
    pub fn sorted(&self) -> Vec<u32> {
        let mut nodes = self.nodes.clone();
        nodes.sort_unstable();
        nodes
    }
}
