//! Which units are worth working on: the selection rule of `auto`.
//!
//! A variable-block greedy rule whose block grows: the units away from zero, and those nearest to leaving it or
//! furthest beyond, by (sub)gradient over the root of the Lipschitz constant (GSL).

use crate::bcd::block::Block;
use crate::model::Penalty;

/// At least this many columns join, if so many can, in at least this many units, ..
const LEAST_COLUMNS: usize = 64;
const LEAST_UNITS: usize = 32;
/// .. and this share of all: where columns are short, a block of some hundred costs little beside a pass over all.
const LEAST_SHARE: usize = 256;
/// Of those, units that are not beyond their kink yet.
const NEAR: usize = 16;
/// Single coordinates that have come less than this part of the way to their kink are not near.
const FAR: f64 = 0.5;

/// The next working set at `x` with gradient `g`: the support, as many violators as the support has units (at least
/// [`least_new`]), and a few units that are near: those beyond the kink of the penalty `strong`, where there is one.
/// Also tells whether every violator is in it.
pub(in crate::bcd) fn select(
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
    let mut rank = |u: usize, x: &[f64], g: &[f64], constant: f64| {
        if penalty.is_fixed(u) {
            return;
        }
        // Away from its kink, or without one: always a part.
        if x.iter().any(|x| *x != 0.0) || penalty.is_smooth_at(u, x) {
            support.push(u);
        } else if constant > 0.0 {
            ranked.push((penalty.urgency(u, x, g, constant), u));
            expected += usize::from(strong.is_some_and(|p| p.urgency(u, x, g, constant) > 0.0));
        }
    };
    match penalty.l1_of_all() {
        Some(weight) => {
            // Also takes NaN.
            for j in (0..x.len()).filter(|&j| x[j] != 0.0 || !(g[j].abs() < FAR * weight)) {
                rank(j, &x[j..=j], &g[j..=j], lipschitz[j]);
            }
        }
        None => {
            for u in 0..penalty.units() {
                let columns = penalty.columns(u);
                if let [j] = *columns {
                    if x[j] != 0.0 || !(g[j].abs() < FAR * penalty.dead_zone(u)) {
                        rank(u, &x[j..=j], &g[j..=j], lipschitz[j]);
                    }
                    continue;
                }
                unit_x.clear();
                unit_g.clear();
                unit_x.extend(columns.iter().map(|&j| x[j]));
                unit_g.extend(columns.iter().map(|&j| g[j]));
                rank(u, &unit_x, &unit_g, columns.iter().map(|&j| lipschitz[j]).sum());
            }
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
