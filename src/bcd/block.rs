//! A block: the units that one iteration updates, and their coordinates.

use crate::model::Penalty;

/// Units and their coordinates, unit after unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    units: Vec<usize>,
    columns: Vec<usize>,
    start: Vec<usize>,
}

impl Block {
    pub(super) fn new(penalty: &Penalty, units: Vec<usize>) -> Self {
        let mut columns = Vec::with_capacity(units.len());
        let mut start = Vec::with_capacity(units.len() + 1);
        start.push(0);
        for &u in &units {
            columns.extend_from_slice(penalty.columns(u));
            start.push(columns.len());
        }
        Self { units, columns, start }
    }

    pub(super) fn units(&self) -> &[usize] {
        &self.units
    }

    /// The coordinates of all units.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Where the coordinates of the unit at `position` lie within the block.
    #[inline]
    pub(super) fn range(&self, position: usize) -> std::ops::Range<usize> {
        self.start[position]..self.start[position + 1]
    }

    /// The block's coordinates of a full vector.
    pub(super) fn gather(&self, full: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|&j| full[j]).collect()
    }

    /// The change of the penalty when the block's coordinates go from `from` to `to`: a sum of differences, so that
    /// small changes keep their digits.
    pub(super) fn penalty_change(&self, penalty: &Penalty, from: &[f64], to: &[f64]) -> f64 {
        let change = |(i, &u): (usize, &usize)| {
            let range = self.range(i);
            penalty.unit_change(u, &from[range.clone()], &to[range])
        };
        self.units.iter().enumerate().map(change).sum()
    }
}
