//! Aggregates: groups of strongly coupled nodes that are one node of the next level.

use crate::numerics::SymmetricMatrix;

/// The node belongs to no aggregate: its diagonal dominates so much that the sweep alone deals with it.
pub(super) const APART: u32 = u32::MAX;

/// An entry counts as strong if it is at least this share of the largest of its row.
const STRONG: f64 = 0.25;

/// A row is left apart if its diagonal is at least this many times the sum of its other entries.
const DOMINANT: f64 = 10.0;

/// The aggregate of each node, and how many there are.
///
/// First whole neighbourhoods that are still free, then the rest joins the neighbour that it is coupled to most, then
/// what is left in pairs. Costs three passes over the entries.
pub(super) fn aggregates(a: &SymmetricMatrix) -> (Vec<u32>, usize) {
    const FREE: u32 = APART - 1;
    let n = a.size();
    let mut of = vec![FREE; n];
    let mut strong = vec![0.0; n];
    for i in 0..n {
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        for (_, v) in a.row(i) {
            sum += v.abs();
            largest = largest.max(-v);
        }
        strong[i] = STRONG * largest;
        if !(a.diagonal()[i] < DOMINANT * sum) {
            of[i] = APART;
        }
    }
    let is_strong = |i: usize, v: f64| v < 0.0 && -v >= strong[i];
    let mut count = 0_u32;
    for i in 0..n {
        let free = |j: usize| of[j] == FREE;
        if !free(i) || !a.row(i).all(|(j, v)| !is_strong(i, v) || free(j)) {
            continue;
        }
        let mut size = 0;
        for (j, _) in a.row(i).filter(|(_, v)| is_strong(i, *v)) {
            of[j] = count;
            size += 1;
        }
        if size > 0 {
            of[i] = count;
            count += 1;
        }
    }
    let whole = of.clone();
    for (i, joins) in of.iter_mut().enumerate().filter(|(_, g)| **g == FREE) {
        let joined = a.row(i).filter(|(j, v)| whole[*j] < FREE && is_strong(i, *v)).fold(
            None,
            |best: Option<(usize, f64)>, (j, v)| match best {
                Some((_, w)) if w <= v => best,
                _ => Some((j, v)),
            },
        );
        if let Some((j, _)) = joined {
            *joins = whole[j];
        }
    }
    for i in 0..n {
        if of[i] != FREE {
            continue;
        }
        of[i] = count;
        for (j, _) in a.row(i).filter(|(_, v)| is_strong(i, *v)) {
            if of[j] == FREE {
                of[j] = count;
            }
        }
        count += 1;
    }
    (of, count as usize)
}

/// The matrix of the aggregates: sums over pairs of them, `P'AP` with `P` piecewise constant.
pub(super) fn galerkin(a: &SymmetricMatrix, of: &[u32], count: usize) -> SymmetricMatrix {
    // Nodes by aggregate.
    let mut starts = vec![0_u32; count + 1];
    of.iter().filter(|g| **g != APART).for_each(|g| starts[*g as usize + 1] += 1);
    (0..count).for_each(|g| starts[g + 1] += starts[g]);
    let mut next = starts.clone();
    let mut members = vec![0_u32; starts[count] as usize];
    for (i, &g) in of.iter().enumerate().filter(|(_, g)| **g != APART) {
        members[next[g as usize] as usize] = i as u32;
        next[g as usize] += 1;
    }
    let mut out = SymmetricMatrix {
        starts: Vec::with_capacity(count + 1),
        neighbours: Vec::with_capacity(a.entries() / 4),
        values: Vec::with_capacity(a.entries() / 4),
        diagonal: Vec::with_capacity(count),
    };
    out.starts.push(0);
    let mut slot = vec![0_usize; count];
    for g in 0..count {
        let first = out.values.len();
        let mut diagonal = 0.0;
        for &i in &members[starts[g] as usize..starts[g + 1] as usize] {
            diagonal += a.diagonal[i as usize];
            for (j, v) in a.row(i as usize) {
                let h = of[j] as usize;
                if h == g {
                    diagonal += v;
                } else if of[j] != APART {
                    // A slot below `first` is left from a row before.
                    if slot[h] > first && out.neighbours[slot[h] - 1] as usize == h {
                        out.values[slot[h] - 1] += v;
                    } else {
                        out.neighbours.push(h as u32);
                        out.values.push(v);
                        slot[h] = out.values.len();
                    }
                }
            }
        }
        out.diagonal.push(diagonal);
        out.starts.push(out.values.len());
    }
    out
}
