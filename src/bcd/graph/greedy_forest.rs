//! Greedy tree blocks: the forest of largest scores (the paper's "greedy tree"), and random ones.

use super::forest::GrowingForest;
use crate::numerics::SymmetricMatrix;

/// The nodes in this order, each taken in unless it closes a cycle; ascending. `forest` is scratch.
///
/// With nodes in descending order of `|g_i|` this approximates the quadratic Gauss-Southwell rule over all forests; in
/// random order it is the paper's "random tree".
pub fn greedy_forest(order: &[u32], a: &SymmetricMatrix, forest: &mut GrowingForest) -> Vec<u32> {
    forest.clear();
    for &node in order {
        forest.add(node as usize, a);
    }
    forest.sorted()
}
