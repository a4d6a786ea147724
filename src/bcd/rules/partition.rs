//! Fixed partitions of the units into blocks (section 3.1 of the paper).

use crate::bcd::settings::PartitionKind;
use crate::runtime::rng::{Purpose, Stream};

/// Cuts `units` into blocks of `size` (the last may be shorter), given the Lipschitz constant of every unit.
///
/// * `Order`: consecutive units. * `Random`: a random permutation.
/// * `Sorted`: by decreasing constant, so that large ones share a block and the other blocks take long steps.
/// * `Average`: pairs the smallest with the largest, so that blocks have a similar mean.
pub(in crate::bcd) fn partition(
    kind: PartitionKind,
    units: &[usize],
    constants: &[f64],
    size: usize,
    seed: u64,
) -> Vec<Vec<usize>> {
    let mut order = units.to_vec();
    match kind {
        PartitionKind::Order => {}
        PartitionKind::Random => {
            let count = order.len();
            Stream::new(seed, Purpose::Partition, 0).shuffle_front(&mut order, count);
        }
        PartitionKind::Sorted | PartitionKind::Average => {
            // A stable sort: ties stay in order.
            order.sort_by(|&a, &b| constants[b].total_cmp(&constants[a]));
        }
    }
    if kind == PartitionKind::Average {
        let sorted = order.clone();
        let n = sorted.len();
        order = (0..n).map(|k| if k % 2 == 0 { sorted[k / 2] } else { sorted[n - 1 - k / 2] }).collect();
    }
    order.chunks(size.max(1)).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: [f64; 7] = [3.0, 9.0, 1.0, 7.0, 5.0, 2.0, 8.0];

    #[test]
    fn every_partition_covers_every_unit_once() {
        for kind in
            [PartitionKind::Order, PartitionKind::Random, PartitionKind::Sorted, PartitionKind::Average]
        {
            for size in [1, 2, 3, 7, 100] {
                let blocks = partition(kind, &[0, 1, 2, 3, 4, 5, 6], &CONSTANTS, size, 3);
                let mut all: Vec<usize> = blocks.iter().flatten().copied().collect();
                all.sort_unstable();
                assert_eq!(all, [0, 1, 2, 3, 4, 5, 6]);
                assert!(blocks.iter().all(|b| !b.is_empty() && b.len() <= size));
            }
        }
    }

    #[test]
    fn sorted_and_average_do_what_they_say() {
        let units = [0, 1, 2, 3, 4, 5, 6];
        assert_eq!(partition(PartitionKind::Sorted, &units, &CONSTANTS, 2, 0)[0], [1, 6]);
        assert_eq!(partition(PartitionKind::Average, &units, &CONSTANTS, 2, 0)[0], [1, 2]);
        assert_eq!(partition(PartitionKind::Order, &units, &CONSTANTS, 4, 0)[1], [4, 5, 6]);
    }
}
