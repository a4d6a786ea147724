//! The dual problem: `min 1/2 |sum_k alpha_k a_k|^2 + 1/2 sum_k d_k alpha_k^2 - l'alpha`, `0 <= alpha <= u`.
//!
//! Row `a_k` is the data's row times its label, its columns divided by the root of their ridge, so that the primal
//! penalty is `1/2 |w|^2` and `w = sum_k alpha_k a_k`. For the hinge `u = s`, `d = 0`; for its square `u` is infinite
//! and `d = 1 / (2 s)`. `l = 1 - y o` holds the offsets. Rows are in a random order, drawn once, so that loops stream
//! through memory and still meet them at random.

use crate::bcd::scaled::Scaled;
use crate::model::Loss;
use crate::numerics::Columns;
use crate::numerics::kernels::dot;
use crate::numerics::packed_rows::PackedRows;
use crate::numerics::sum::Sum;
use crate::runtime::parallel::Team;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Stop};

/// Rows that one task of a team takes.
const TASK_ROWS: usize = 256;
/// Work between two reports of it.
const BATCH_FLOPS: u64 = 1 << 22;

/// The dual problem of a support vector machine.
pub(super) struct Dual {
    pub(super) rows: PackedRows,
    /// `u`.
    pub(super) upper: Vec<f64>,
    /// `d`.
    pub(super) bend: Vec<f64>,
    /// `l`.
    pub(super) linear: Vec<f64>,
    /// `|a_k|^2 + d_k`: the curvature of each coordinate.
    pub(super) lipschitz: Vec<f64>,
    /// The data's row at each position.
    pub(super) row: Vec<usize>,
}

impl Dual {
    /// Copies the rows with weight. `root` has the factor of each column of the data, 0 for those that stay at 0.
    ///
    /// Costs three passes over the data and, for sparse data, 12 bytes for each entry. `None` where there is no memory
    /// for the rows.
    pub(super) fn new(
        scaled: &Scaled<'_>,
        columns: &Columns<'_>,
        seed: u64,
        control: &mut Control<'_>,
    ) -> Result<Option<Self>, Stop> {
        let mut row: Vec<usize> = (0..scaled.rows()).filter(|&r| scaled.s[r] > 0.0).collect();
        let count = row.len();
        Stream::new(seed, Purpose::Partition, 0).shuffle_front(&mut row, count);
        control.spend(8 * count as u64)?;
        let mut place = vec![usize::MAX; scaled.rows()];
        row.iter().enumerate().for_each(|(k, &r)| place[r] = k);
        let Some(rows) = PackedRows::new(columns, &place, &scaled.y, count, control)? else {
            return Ok(None);
        };
        let squared = matches!(scaled.loss, Loss::SquaredHinge(_));
        let weight = |&r: &usize| scaled.s[r];
        let bend: Vec<f64> = row.iter().map(weight).map(|s| if squared { 0.5 / s } else { 0.0 }).collect();
        let mut lipschitz = bend.clone();
        for (k, lipschitz) in lipschitz.iter_mut().enumerate() {
            let mut square = 0.0;
            rows.for_each(k, |_, a| square += a * a);
            *lipschitz += square;
            control.spend(rows.flops(k))?;
        }
        Ok(Some(Self {
            upper: row.iter().map(weight).map(|s| if squared { f64::INFINITY } else { s }).collect(),
            linear: row.iter().map(|&r| 1.0 - scaled.y[r] * scaled.offset[r]).collect(),
            rows,
            bend,
            lipschitz,
            row,
        }))
    }

    pub(super) fn len(&self) -> usize {
        self.row.len()
    }

    /// `w = sum_k alpha_k a_k`, without the rounding that updates leave.
    pub(super) fn combine(&self, alpha: &[f64], control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let mut w = vec![0.0; self.rows.cols()];
        combine_into(&self.rows, alpha, &mut w, control)?;
        Ok(w)
    }

    /// `h_k = a_k'w - l_k`: minus how far each row is short of its margin.
    pub(super) fn excess(
        &self,
        w: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>, Stop> {
        let mut h = vec![0.0; self.len()];
        if w.iter().any(|w| *w != 0.0) {
            products(&self.rows, w, &mut h, team, control)?;
        }
        h.iter_mut().zip(&self.linear).for_each(|(h, l)| *h -= l);
        Ok(h)
    }

    /// What row `k` adds to the duality gap of `alpha` and `w = A'alpha`: never negative, and 0 at an optimum.
    #[inline]
    pub(super) fn gap_term(&self, k: usize, alpha: f64, h: f64) -> f64 {
        let bend = self.bend[k];
        match (bend > 0.0, h < 0.0) {
            (false, true) => -h * (self.upper[k] - alpha),
            (false, false) => alpha * h,
            (true, true) => 0.5 / bend * (h + bend * alpha).powi(2),
            (true, false) => alpha * h + 0.5 * bend * alpha * alpha,
        }
    }

    /// The loss of row `k`.
    pub(super) fn loss(&self, k: usize, h: f64) -> f64 {
        let short = (-h).max(0.0);
        match self.bend[k] > 0.0 {
            true => 0.5 / self.bend[k] * short * short,
            false if short > 0.0 => self.upper[k] * short,
            false => 0.0,
        }
    }

    /// The objective at `w` with its excesses `h`.
    pub(super) fn primal(&self, w: &[f64], h: &[f64]) -> f64 {
        let mut value = Sum::default();
        value.add(0.5 * dot(w, w));
        h.iter().enumerate().for_each(|(k, &h)| value.add(self.loss(k, h)));
        value.value()
    }

    /// The duality gap of any `w` with excesses `h`, and `alpha` with `v = A'alpha`. A sum without cancellation.
    pub(super) fn gap(&self, w: &[f64], h: &[f64], alpha: &[f64], v: &[f64]) -> f64 {
        let mut gap = Sum::default();
        gap.add(0.5 * w.iter().zip(v).map(|(w, v)| (w - v) * (w - v)).sum::<f64>());
        h.iter().zip(alpha).enumerate().for_each(|(k, (&h, &alpha))| gap.add(self.gap_term(k, alpha, h)));
        gap.value()
    }

    /// The value of the dual at `alpha` with `v = A'alpha`.
    pub(super) fn value(&self, alpha: &[f64], v: &[f64]) -> f64 {
        let mut value = Sum::default();
        value.add(-0.5 * dot(v, v));
        let term = |k: usize, a: f64| a * (self.linear[k] - 0.5 * self.bend[k] * a);
        alpha.iter().enumerate().for_each(|(k, &a)| value.add(term(k, a)));
        value.value()
    }
}

/// `w += sum_k x_k a_k`, one row after the other.
pub(super) fn combine_into(
    rows: &PackedRows,
    x: &[f64],
    w: &mut [f64],
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    for (k, &x) in x.iter().enumerate() {
        if x != 0.0 {
            rows.add(k, x, w);
            control.spend(rows.flops(k))?;
        }
    }
    Ok(())
}

/// `out_k = a_k'v`.
pub(super) fn products(
    rows: &PackedRows,
    v: &[f64],
    out: &mut [f64],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let mut first = 0;
    while first < out.len() {
        let (mut end, mut flops) = (first, 0);
        while end < out.len() && (end == first || flops < BATCH_FLOPS) {
            flops += rows.flops(end);
            end += 1;
        }
        team.fill(&mut out[first..end], TASK_ROWS, |start, part| {
            for (i, out) in part.iter_mut().enumerate() {
                *out = rows.dot(first + start + i, v);
            }
        });
        control.spend(flops)?;
        first = end;
    }
    Ok(())
}
