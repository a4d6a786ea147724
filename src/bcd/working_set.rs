//! Which units are worth working on: the selection rule of `auto`.
//!
//! A variable-block greedy rule whose block grows: the units away from zero, and those nearest to leaving it or
//! furthest beyond, by (sub)gradient over the root of the Lipschitz constant (GSL).

use super::block::Block;
use crate::model::Penalty;

/// At least this many columns join, if so many can, in at least this many units, ..
const LEAST_COLUMNS: usize = 64;
const LEAST_UNITS: usize = 32;
/// .. and this share of all: where columns are short, a block of some hundred costs little beside a pass over all.
const LEAST_SHARE: usize = 256;
/// Of those, units that are not beyond their kink yet.
const NEAR: usize = 16;

/// The next working set at `x` with gradient `g`: the support, as many violators as the support has units (at least
/// [`least_new`]), and a few units that are near: those beyond the kink of the penalty `strong`, where there is one. Also tells
/// whether every violator is in it.
pub(super) fn select(
    penalty: &Penalty,
    strong: Option<&Penalty>,
    lipschitz: &[f64],
    x: &[f64],
    g: &[f64],
) -> (Block, bool) {
    let mut expected = 0;
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
            expected += usize::from(strong.is_some_and(|p| p.urgency(u, &unit_x, &unit_g, constant) > 0.0));
        }
    }
    let violators = ranked.iter().filter(|r| r.0 > 0.0).count();
    let wanted = (violators + NEAR).max(expected).min(support.len().max(least_new(penalty, x.len())));
    if ranked.len() > wanted {
        // Ties by index, so that the set does not depend on the order of partial sorting.
        let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        ranked.select_nth_unstable_by(wanted, order);
        ranked.truncate(wanted);
    }
    let mut units = support;
    units.extend(ranked.into_iter().map(|(_, u)| u));
    units.sort_unstable();
    (Block::new(penalty, units), violators <= wanted)
}

fn least_new(penalty: &Penalty, cols: usize) -> usize {
    let columns_per_unit = cols.div_ceil(penalty.units().max(1)).max(1);
    (LEAST_COLUMNS.max(cols / LEAST_SHARE) / columns_per_unit).max(LEAST_UNITS)
}
