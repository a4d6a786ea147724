//! Entries whose weights follow from their residuals: the squares of iteratively reweighted sweeps.

use super::alternation::{Factors, Side};
use super::fit::entry;
use super::loss::{Loss, OUTLIER, Quantile, quantile};
use super::observations::Observations;
use super::offsets::Offsets;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// Lines of a task, and entries of one: fixed, so that threads cannot change a sum.
const TASK_LINES: usize = 64;
const TASK_ENTRIES: usize = 1 << 14;
/// Work between two looks at the control.
const BATCH_FLOPS: u64 = 1 << 26;
const BATCH_TASKS: usize = 64;

/// The entries with the weights that a loss gives them, in both orders: one weight for each entry.
pub(super) struct Reweighting<'o, T> {
    seen: &'o Observations<T>,
    weighted: Observations<T>,
    /// The sizes of the residuals, row by row.
    sizes: Vec<f64>,
}

/// What weights were given, and what they replaced.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weighed {
    /// `sum w cost(r)`
    pub(super) cost: f64,
    /// `sum w weight(r) r^2`
    pub(super) squares: f64,
    /// `sum w weight(r) (m - mean)^2`
    pub(super) size: f64,
    /// `sum w (weight(r) - last weight)^2 r^2`: what the change of the weights adds to the right-hand sides of
    /// regressions.
    pub(super) moved: f64,
    /// `sum w`
    pub(super) weight: f64,
    /// Entries that count for less than [`OUTLIER`] of their weight.
    pub(super) outliers: usize,
}

impl<'o, T: Real> Reweighting<'o, T> {
    /// With the weights that the entries have. Keeps a copy of the entries with weights, and a double number for each.
    /// Errors: no memory.
    pub(super) fn new(seen: &'o Observations<T>) -> Result<Self> {
        Ok(Self { seen, weighted: seen.with_weights()?, sizes: zeros("residuals", seen.len())? })
    }

    /// The entries with their present weights.
    pub(super) fn observations(&self) -> &Observations<T> {
        &self.weighted
    }

    /// Takes the residuals of a model. Costs `2 k` flops for each entry.
    pub(super) fn measure(
        &mut self,
        factors: &Factors<T>,
        offsets: &Offsets<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        let sizes = &mut self.sizes;
        each_residual(self.seen, Side::Rows, factors, offsets, team, control, |first, some| {
            sizes[first..first + some.len()].iter_mut().zip(some).for_each(|(size, r)| *size = r.abs());
        })
    }

    /// The weighted quantile of the residuals' sizes.
    pub(super) fn quantile(&self, share: f64) -> Quantile {
        quantile(&self.sizes, self.seen.by_row().weight.as_deref(), share)
    }

    /// The weights of a loss at the residuals that were taken last, those of the same model. Costs `2 k` flops for each
    /// entry.
    pub(super) fn weigh(
        &mut self,
        loss: Loss,
        factors: &Factors<T>,
        offsets: &Offsets<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Weighed, Stop> {
        let count = self.sizes.len();
        let (tasks, mean) = (count.div_ceil(TASK_ENTRIES), offsets.mean);
        let mut total = [Sum::default(); 5];
        let mut outliers = 0;
        for first in (0..tasks).step_by(BATCH_TASKS) {
            let (lines, old) = (self.seen.by_row(), self.weighted.by_row());
            let (own, old) = (lines.weight.as_deref(), old.weight.as_deref());
            let sizes = &self.sizes;
            let task = |t: usize| {
                let from = (first + t) * TASK_ENTRIES;
                let to = (from + TASK_ENTRIES).min(count);
                let mut sums = [Sum::default(); 5];
                let mut outliers = 0;
                let mut weights = Vec::with_capacity(to - from);
                for e in from..to {
                    let (r, w) = (sizes[e], own.map_or(1.0, |w| w[e].wide()));
                    let share = loss.weight(r);
                    let weight = T::narrow(w * share);
                    let change = weight.wide() - old.map_or(1.0, |old| old[e].wide());
                    sums[0].add(w * loss.cost(r));
                    sums[1].add(weight.wide() * r * r);
                    sums[2].add(weight.wide() * (lines.value[e].wide() - mean).powi(2));
                    sums[3].add(change * change / w * r * r);
                    sums[4].add(w);
                    outliers += usize::from(share < OUTLIER);
                    weights.push(weight);
                }
                (weights, sums.map(Sum::value), outliers)
            };
            let done = team.map(BATCH_TASKS.min(tasks - first), task);
            for (t, (weights, sums, out)) in done.into_iter().enumerate() {
                let from = (first + t) * TASK_ENTRIES;
                self.weighted.write_weights(Side::Rows, from, &weights);
                total.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
                outliers += out;
            }
            control.spend((20 * BATCH_TASKS * TASK_ENTRIES) as u64)?;
        }
        // The same weights in the order of the columns: residuals have the same bits there.
        let (seen, weighted) = (self.seen, &mut self.weighted);
        let own = seen.by_col().weight.as_deref();
        each_residual(seen, Side::Columns, factors, offsets, team, control, |first, some| {
            let weigh =
                |(e, r): (usize, &f64)| T::narrow(own.map_or(1.0, |w| w[first + e].wide()) * loss.weight(*r));
            let weights: Vec<T> = some.iter().enumerate().map(weigh).collect();
            weighted.write_weights(Side::Columns, first, &weights);
        })?;
        let [cost, squares, size, moved, weight] = total.map(Sum::value);
        Ok(Weighed { cost, squares, size, moved, weight, outliers })
    }
}

/// Residuals in the order of a side, some lines at a time: the position of the first of them, and theirs.
fn each_residual<T: Real>(
    observations: &Observations<T>,
    side: Side,
    factors: &Factors<T>,
    offsets: &Offsets<T>,
    team: &Team<'_>,
    control: &mut Control<'_>,
    mut take: impl FnMut(usize, &[f64]),
) -> std::result::Result<(), Stop> {
    let (lines, k) = (observations.lines(side), factors.u.cols());
    let tasks = lines.len().div_ceil(TASK_LINES);
    let range = |t: usize| t * TASK_LINES..((t + 1) * TASK_LINES).min(lines.len());
    let task = |t: usize| {
        let mut out = Vec::new();
        for i in range(t) {
            let line = lines.line(i);
            for (&j, value) in line.index.iter().zip(line.value) {
                let at = match side {
                    Side::Rows => (i, j as usize),
                    Side::Columns => (j as usize, i),
                };
                out.push(value.wide() - entry(factors, offsets, at.0, at.1));
            }
        }
        out
    };
    let mut first = 0;
    while first < tasks {
        let (mut last, mut flops) = (first, 0);
        while last < tasks && (last == first || flops < BATCH_FLOPS) {
            let entries: usize = range(last).map(|i| lines.degree(i)).sum();
            flops += (entries * (2 * k + 8)) as u64;
            last += 1;
        }
        for (t, some) in team.map(last - first, |t| task(first + t)).into_iter().enumerate() {
            take(lines.start[(first + t) * TASK_LINES], &some);
        }
        control.spend(flops)?;
        first = last;
    }
    Ok(())
}
