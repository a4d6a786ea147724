//! Which units are worth working on: the selection rule of `auto`.
//!
//! A variable-block greedy rule whose block grows: the units away from zero, and those nearest to leaving it or
//! furthest beyond, by (sub)gradient over the root of the Lipschitz constant (GSL).

use super::block::Block;
use crate::model::Penalty;

/// Smallest working set, in units.
const LEAST: usize = 64;

/// Grows from solve to solve of the working set.
pub(super) struct WorkingSet {
    size: usize,
}

impl WorkingSet {
    pub(super) fn new() -> Self {
        Self { size: LEAST }
    }

    /// The next working set at `x` with gradient `g`.
    pub(super) fn select(&mut self, penalty: &Penalty, lipschitz: &[f64], x: &[f64], g: &[f64]) -> Block {
        let mut support = Vec::new();
        let mut ranked = Vec::new();
        let (mut unit_x, mut unit_g) = (Vec::new(), Vec::new());
        for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
            let columns = penalty.columns(u);
            unit_x.clear();
            unit_g.clear();
            unit_x.extend(columns.iter().map(|&j| x[j]));
            unit_g.extend(columns.iter().map(|&j| g[j]));
            // Away from its kink, or without one: always a part.
            if unit_x.iter().any(|x| *x != 0.0) || penalty.is_smooth_at(u, &unit_x) {
                support.push(u);
                continue;
            }
            let constant: f64 = columns.iter().map(|&j| lipschitz[j]).sum();
            if constant > 0.0 {
                ranked.push((penalty.urgency(u, &unit_x, &unit_g, constant), u));
            }
        }
        let wanted = self.size.max(2 * support.len()).saturating_sub(support.len());
        self.size = (support.len() + wanted).max(LEAST);
        if ranked.len() > wanted {
            // Ties by index, so that the set does not depend on the order of partial sorting.
            let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            ranked.select_nth_unstable_by(wanted, order);
            ranked.truncate(wanted);
        }
        let mut units = support;
        units.extend(ranked.into_iter().map(|(_, u)| u));
        units.sort_unstable();
        Block::new(penalty, units)
    }
}
