//! The block `B_uu` of each unit of a list, out of a bound of the whole Hessian.

use crate::bcd::block::Block;
use crate::bcd::smooth::{Metric, Smooth};
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// Square blocks of the units' sizes, one after the other: `sum_u n_u^2` numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnBlocks {
    numbers: Vec<f64>,
    /// Where the block of each unit begins, and the size of it.
    units: Vec<(usize, usize)>,
}

impl OwnBlocks {
    /// How many numbers the blocks of these units take.
    pub(super) fn numbers(units: &Block) -> usize {
        (0..units.units().len())
            .map(|i| units.range(i).len())
            .fold(0, |sum: usize, n| sum.saturating_add(n.saturating_mul(n)))
    }

    /// From the bound of `f`. Costs a Gram block for each unit of several coordinates.
    pub(super) fn of_bound<S: Smooth>(f: &S, units: &Block, control: &mut Control<'_>) -> Result<Self, Stop> {
        let mut blocks = Self::default();
        for i in 0..units.units().len() {
            match &units.columns()[units.range(i)] {
                [j] => blocks.push(1, &[f.lipschitz()[*j]]),
                list => blocks.push(list.len(), f.curvature(Metric::Bound, list, control)?.data_mut()),
            }
        }
        Ok(blocks)
    }

    /// From the bound on all coordinates of the units.
    pub(super) fn of_square(square: &Square, units: &Block) -> Self {
        let mut blocks = Self::default();
        for i in 0..units.units().len() {
            let range = units.range(i);
            let size = range.len();
            blocks.push(size, &[]);
            range.clone().for_each(|k| blocks.numbers.extend_from_slice(&square.column(k)[range.clone()]));
        }
        blocks
    }

    fn push(&mut self, size: usize, numbers: &[f64]) {
        self.units.push((self.numbers.len(), size));
        self.numbers.extend_from_slice(numbers);
    }

    /// The block of unit `i`, column after column.
    pub(super) fn block(&self, i: usize) -> &[f64] {
        let (start, size) = self.units[i];
        &self.numbers[start..start + size * size]
    }

    /// Entry `at` of its diagonal.
    pub(super) fn diagonal(&self, i: usize, at: usize) -> f64 {
        let (start, size) = self.units[i];
        self.numbers[start + at * size + at]
    }

    /// `B_uu -= v v'`.
    pub(super) fn subtract(&mut self, i: usize, v: &[f64]) {
        let (start, size) = self.units[i];
        for (column, w) in self.numbers[start..start + size * size].chunks_mut(size).zip(v) {
            column.iter_mut().zip(v).for_each(|(b, v)| *b -= v * w);
        }
    }
}
