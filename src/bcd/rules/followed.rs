//! The gradient of a linear composition kept up to date from block to block.
//!
//! | way | after a block | cheap where |
//! |---|---|---|
//! | recompute | a pass over the data | blocks are large, or data dense |
//! | rows | the rows touched: `g += sum_r (d_r - d_r before) a_r` | rows and columns are both sparse |
//! | gram | columns of the Hessian: `g += H_b step` | the loss is quadratic and blocks are small |
//!
//! A [`ColumnIndex`](super::column_index::ColumnIndex) does without the gradient.

use crate::bcd::engine::Engine;
use crate::bcd::settings::Gradients;
use crate::bcd::smooth::{Changed, Smooth};
use crate::numerics::kernels::add;
use crate::numerics::packed_rows::PackedRows;
use crate::runtime::{Control, Stop};

/// How a gradient is followed, with what that needs.
pub(in crate::bcd) enum Followed {
    Recompute,
    Rows(Box<ByRows>),
    Gram(Box<ByGram>),
}

/// Residual-driven.
pub(in crate::bcd) struct ByRows {
    rows: PackedRows,
    /// The slopes that `g` was computed with.
    d: Vec<f64>,
    b: f64,
    /// Whether a coordinate is in the list of changes already.
    seen: Vec<bool>,
    /// Flops per coordinate moved, on average.
    cost: u64,
}

/// Driven by columns of the Hessian, computed once each.
pub(in crate::bcd) struct ByGram {
    columns: Vec<Option<Box<[f64]>>>,
    cached: usize,
    most: usize,
    /// `A's`, where there is an intercept.
    sums: Vec<f64>,
    b: f64,
}

/// Numbers in cached columns: 128 MiB.
const MOST_CACHED: usize = 1 << 24;
/// Blocks among which the price of a cached column is divided in the cost model.
const USES: u64 = 10;

impl Followed {
    /// Prepares the way asked for, or the one of fewest flops for blocks of that size. A way that does not apply (rows
    /// of dense data, Gram of a loss that is not quadratic) gives way to recomputing.
    pub(in crate::bcd) fn new(
        engine: &Engine<'_>,
        wanted: Gradients,
        block_size: usize,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        if matches!(wanted, Gradients::Recompute | Gradients::Index) {
            return Ok(Followed::Recompute);
        }
        let costs = Costs::of(engine, control)?;
        let size = block_size as u64;
        let Costs { pass, rows, gram } = costs;
        let per_block = |cost: Option<u64>| cost.map_or(u64::MAX, |cost| cost.saturating_mul(size));
        let way = match wanted {
            Gradients::Auto => {
                let best = per_block(rows).min(per_block(gram));
                match pass <= best {
                    true => Gradients::Recompute,
                    false if per_block(rows) <= per_block(gram) => Gradients::Rows,
                    false => Gradients::Gram,
                }
            }
            wanted => wanted,
        };
        let scaled = engine.scaled;
        Ok(match (way, rows, gram) {
            // Without memory for the rows the gradient is computed afresh each time: slower, and right.
            (Gradients::Rows, Some(cost), _) => match PackedRows::of_all(&scaled.columns, control)? {
                Some(rows) => Followed::Rows(Box::new(ByRows {
                    rows,
                    d: engine.state.d.clone(),
                    b: engine.state.b,
                    seen: vec![false; scaled.cols()],
                    cost,
                })),
                None => Followed::Recompute,
            },
            (Gradients::Gram, _, Some(_)) => {
                let mut sums = Vec::new();
                if scaled.intercept {
                    sums = vec![0.0; scaled.cols()];
                    let every: Vec<usize> = (0..scaled.cols()).collect();
                    scaled.columns.correlations(&every, &scaled.s, &mut sums, engine.team, control)?;
                }
                let columns = (0..scaled.cols()).map(|_| None).collect();
                let most = MOST_CACHED / scaled.cols().max(1);
                Followed::Gram(Box::new(ByGram { columns, cached: 0, most, sums, b: engine.state.b }))
            }
            _ => Followed::Recompute,
        })
    }

    pub(in crate::bcd) fn cost(&self, engine: &Engine<'_>, block_size: usize) -> Option<u64> {
        let size = block_size as u64;
        match self {
            Followed::Recompute => None,
            Followed::Rows(rows) => Some(size.saturating_mul(rows.cost)),
            Followed::Gram(_) => Some(size.saturating_mul(2 * engine.scaled.cols() as u64)),
        }
    }

    pub(in crate::bcd) fn follow(
        &mut self,
        engine: &Engine<'_>,
        list: &[usize],
        step: &[f64],
        g: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<Option<Changed>, Stop> {
        match self {
            Followed::Recompute => Ok(None),
            Followed::Rows(rows) => rows.follow(engine, list, step, g, control),
            Followed::Gram(gram) => gram.follow(engine, list, step, g, control),
        }
    }

    pub(in crate::bcd) fn forget(&mut self, engine: &Engine<'_>) {
        match self {
            Followed::Recompute => {}
            Followed::Rows(rows) => {
                rows.d.copy_from_slice(&engine.state.d);
                rows.b = engine.state.b;
            }
            Followed::Gram(gram) => gram.b = engine.state.b,
        }
    }
}

/// Flops of the three ways: of a pass, and of the other two per coordinate moved, where they apply.
struct Costs {
    pass: u64,
    rows: Option<u64>,
    gram: Option<u64>,
}

impl Costs {
    fn of(engine: &Engine<'_>, control: &mut Control<'_>) -> Result<Self, Stop> {
        let columns = &engine.scaled.columns;
        let cols = columns.cols() as u64;
        let pass: u64 = (0..columns.cols()).map(|j| columns.flops(j)).sum();
        let mut rows = None;
        // An intercept moves every row with each block.
        if columns.is_sparse() && !engine.scaled.intercept && cols > 0 {
            let mut entries = vec![0_u64; columns.rows()];
            for j in 0..columns.cols() {
                columns.for_each(j, |r, _| entries[r] += 1);
                control.spend(columns.flops(j))?;
            }
            // A coordinate touches the rows of its column, and those touch the coordinates in them.
            rows = Some(entries.iter().map(|n| 4 * n * n).sum::<u64>() / cols + 8);
        }
        let gram = (engine.scaled.loss.is_quadratic() && cols > 0).then(|| 2 * cols + pass / USES);
        Ok(Self { pass, rows, gram })
    }
}

impl ByRows {
    fn follow(
        &mut self,
        engine: &Engine<'_>,
        list: &[usize],
        step: &[f64],
        g: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<Option<Changed>, Stop> {
        if engine.state.b != self.b {
            return Ok(None);
        }
        let mut changed = Vec::new();
        let mut flops = 0;
        let d = &engine.state.d;
        for (&j, _) in list.iter().zip(step).filter(|(_, step)| **step != 0.0) {
            engine.scaled.columns.for_each(j, |r, _| {
                let delta = d[r] - self.d[r];
                if delta == 0.0 {
                    return;
                }
                self.d[r] = d[r];
                flops += 4 * self.rows.entries(r) as u64;
                self.rows.for_each(r, |i, a| {
                    g[i] += delta * a;
                    if !self.seen[i] {
                        self.seen[i] = true;
                        changed.push(i);
                    }
                });
            });
            control.spend(engine.scaled.columns.flops(j) + std::mem::take(&mut flops))?;
        }
        changed.iter().for_each(|&i| self.seen[i] = false);
        Ok(Some(Changed::Some(changed)))
    }
}

impl ByGram {
    fn follow(
        &mut self,
        engine: &Engine<'_>,
        list: &[usize],
        step: &[f64],
        g: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<Option<Changed>, Stop> {
        for (&j, &step) in list.iter().zip(step).filter(|(_, step)| **step != 0.0) {
            if self.columns[j].is_none() {
                if self.cached == self.most {
                    return Ok(None);
                }
                let every: Vec<usize> = (0..g.len()).collect();
                let mut column = vec![0.0; g.len()];
                engine.bound_column(j, &every, &mut column, control)?;
                self.columns[j] = Some(column.into_boxed_slice());
                self.cached += 1;
            }
            if let Some(column) = &self.columns[j] {
                add(step, column, g);
            }
            control.spend(2 * g.len() as u64)?;
        }
        let shift = engine.state.b - self.b;
        if shift != 0.0 {
            add(shift, &self.sums, g);
            self.b = engine.state.b;
            control.spend(2 * g.len() as u64)?;
        }
        Ok(Some(Changed::All))
    }
}
