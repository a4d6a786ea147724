//! Tree partition: fixed blocks that are forests, as the paper has them for its message passing.

use super::forest::GrowingForest;
use crate::numerics::SymmetricMatrix;

/// Every node in the first forest that takes it, in the given order; a new forest where none does.
///
/// Costs about the number of edges times the number of forests.
pub fn tree_partition(order: &[u32], a: &SymmetricMatrix) -> Vec<Vec<u32>> {
    let mut forests = Vec::new();
    let mut left: Vec<u32> = order.to_vec();
    let mut forest = GrowingForest::new(a.size());
    // One forest at a time gives the same forests as all side by side: whether one takes a node depends on those that it
    // took before alone.
    while !left.is_empty() {
        left.retain(|&node| !forest.add(node as usize, a));
        forests.push(forest.sorted());
        forest.clear();
    }
    forests
}
