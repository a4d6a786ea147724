//! Which nodes a label reaches.

use crate::numerics::SymmetricMatrix;
use crate::runtime::{Control, Stop};

/// The nodes, ascending, that no path leads to from a labelled one. Breadth first, linear in the edges.
pub(super) fn unreached(
    weights: &SymmetricMatrix,
    labelled: &[bool],
    control: &mut Control<'_>,
) -> Result<Vec<u32>, Stop> {
    let mut seen = labelled.to_vec();
    let mut queue: Vec<u32> = (0..labelled.len() as u32).filter(|&i| labelled[i as usize]).collect();
    while let Some(i) = queue.pop() {
        for (j, _) in weights.row(i as usize) {
            if !seen[j] {
                seen[j] = true;
                queue.push(j as u32);
            }
        }
        control.spend(4 + 2 * weights.degree(i as usize) as u64)?;
    }
    Ok((0..labelled.len() as u32).filter(|&i| !seen[i as usize]).collect())
}
