//! Tree partition: fixed blocks that are forests, as the paper has them for its message passing.

use super::forest::GrowingForest;
use crate::numerics::SymmetricMatrix;
use crate::runtime::{Control, Stop};

/// Nodes between two reports of work.
const STEP: usize = 1024;

/// Every node in the first forest that takes it, in the given order; a new forest where none does.
///
/// Costs about the number of edges times the number of forests, which in a dense graph are many: the work is told.
pub fn tree_partition(
    order: &[u32],
    a: &SymmetricMatrix,
    control: &mut Control<'_>,
) -> Result<Vec<Vec<u32>>, Stop> {
    let mut forests = Vec::new();
    let mut left: Vec<u32> = order.to_vec();
    let mut forest = GrowingForest::new(a.size());
    // One forest at a time gives the same forests as all side by side: whether one takes a node depends on those that
    // it took before alone.
    while !left.is_empty() {
        let mut rest = Vec::with_capacity(left.len());
        for part in left.chunks(STEP) {
            rest.extend(part.iter().copied().filter(|&node| !forest.add(node as usize, a)));
            control.spend(part.iter().map(|&node| a.degree(node as usize) as u64 + 8).sum())?;
        }
        left = rest;
        forests.push(forest.sorted());
        forest.clear();
        control.spend(a.size() as u64)?;
    }
    Ok(forests)
}
