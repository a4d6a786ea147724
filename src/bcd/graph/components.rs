//! Which nodes a label reaches.

use crate::numerics::SymmetricMatrix;

/// The nodes, ascending, that no path leads to from a labelled one. Breadth first, linear in the edges.
pub(super) fn unreached(weights: &SymmetricMatrix, labelled: &[bool]) -> Vec<u32> {
    let mut seen = labelled.to_vec();
    let mut queue: Vec<u32> = (0..labelled.len() as u32).filter(|&i| labelled[i as usize]).collect();
    while let Some(i) = queue.pop() {
        for (j, _) in weights.row(i as usize) {
            if !seen[j] {
                seen[j] = true;
                queue.push(j as u32);
            }
        }
    }
    (0..labelled.len() as u32).filter(|&i| !seen[i as usize]).collect()
}
