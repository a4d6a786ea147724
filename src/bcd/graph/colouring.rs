//! Colourings: blocks of nodes of which no two are neighbours ("red-black").

use crate::numerics::SymmetricMatrix;

/// Every node, in the given order, in the smallest colour class that none of its neighbours has; a new one if there is
/// none. Classes are ascending. On a lattice in index order these are the two colours of a chess board.
///
/// Costs the number of edges, and per node the number of colours.
pub fn colouring(order: &[u32], a: &SymmetricMatrix) -> Vec<Vec<u32>> {
    const NONE: u32 = u32::MAX;
    let mut colour = vec![NONE; a.size()];
    let mut sizes: Vec<usize> = Vec::new();
    let mut taken: Vec<u32> = Vec::new();
    for &node in order {
        for (other, _) in a.row(node as usize) {
            if colour[other] != NONE {
                taken[colour[other] as usize] = node;
            }
        }
        let free = (0..sizes.len()).filter(|c| taken[*c] != node);
        let chosen = free.min_by_key(|c| sizes[*c]).unwrap_or(sizes.len());
        if chosen == sizes.len() {
            sizes.push(0);
            taken.push(NONE);
        }
        sizes[chosen] += 1;
        colour[node as usize] = chosen as u32;
    }
    let mut classes: Vec<Vec<u32>> = sizes.iter().map(|s| Vec::with_capacity(*s)).collect();
    for (node, &c) in colour.iter().enumerate() {
        if c != NONE {
            classes[c as usize].push(node as u32);
        }
    }
    classes
}
