//! Sets that are joined: which nodes hang together.

/// Disjoint sets of `0..n` with path halving; joins keep the root that is given.
#[derive(Debug, Clone)]
pub struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    /// Every node a set of its own.
    pub fn new(n: usize) -> Self {
        Self { parent: (0..n as u32).collect() }
    }

    /// Makes every node a set of its own again.
    pub fn reset(&mut self) {
        self.parent.iter_mut().enumerate().for_each(|(i, p)| *p = i as u32);
    }

    /// The representative of the set of `node`.
    #[inline]
    pub fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] as usize != node {
            self.parent[node] = self.parent[self.parent[node] as usize];
            node = self.parent[node] as usize;
        }
        node
    }

    /// Hangs the set with representative `child` below the one with representative `root`.
    #[inline]
    pub fn hang(&mut self, child: usize, root: usize) {
        self.parent[child] = root as u32;
    }
}
