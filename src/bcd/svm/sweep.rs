//! Sweeps of dual coordinate descent with shrinking (Hsieh et al., ICML 2008).
//!
//! Each coordinate in turn goes to its minimum. Rows at a bound whose gradient holds them there by more than any row
//! violated its conditions in the sweep before are left out, and those that stay are copied together once enough have
//! gone. The order is new in each sweep: chunks of rows at random, and within a chunk an affine map with a random
//! multiplier and shift, so that memory is still met in pieces. (A fixed order can be far slower.)

use super::dual::Dual;
use crate::numerics::packed_rows::PackedRows;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Stop};

/// Rows of a chunk: a power of two.
const CHUNK: usize = 32;
/// The rows that stay are copied together once less than this share is left: a copy costs about a sweep.
const KEPT: f64 = 0.9;

/// The point of the dual: `alpha`, and `w = sum_k alpha_k a_k` maintained.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) alpha: Vec<f64>,
    pub(super) w: Vec<f64>,
}

/// The rows that take part, and the thresholds of shrinking.
pub(super) struct Active {
    /// The copied rows with their positions among all; `None`: all of them.
    part: Option<(PackedRows, Vec<usize>)>,
    /// Gradients at bounds beyond these hold a row there.
    high: f64,
    low: f64,
}

/// What a sweep saw.
pub(super) struct Swept {
    /// The duality gap that the rows met, each at its time.
    pub(super) gap: f64,
    /// Rows strictly between their bounds when met.
    pub(super) free: usize,
    /// Rows that came to a bound or left one.
    pub(super) flips: usize,
    /// Rows that moved.
    pub(super) moved: usize,
    /// Whether rows were copied together after it.
    pub(super) shrunk: bool,
}

impl Active {
    /// All rows, none of them held.
    pub(super) fn all() -> Self {
        Self { part: None, high: f64::INFINITY, low: f64::NEG_INFINITY }
    }

    /// Whether no row is left out.
    pub(super) fn is_all(&self) -> bool {
        self.part.is_none()
    }

    /// The rows that take part and the position of the `k`-th among all.
    pub(super) fn rows<'d>(&'d self, dual: &'d Dual) -> (&'d PackedRows, impl Fn(usize) -> usize + 'd) {
        let ids = self.part.as_ref().map(|(_, ids)| ids.as_slice());
        let rows = self.part.as_ref().map_or(&dual.rows, |(rows, _)| rows);
        (rows, move |k: usize| ids.map_or(k, |ids| ids[k]))
    }

    /// Sweep number `number` over the rows that take part.
    pub(super) fn sweep(
        &mut self,
        dual: &Dual,
        point: &mut Point,
        seed: u64,
        number: u64,
        control: &mut Control<'_>,
    ) -> Result<Swept, Stop> {
        let (rows, id) = self.rows(dual);
        let count = rows.len();
        let mut stream = Stream::new(seed, Purpose::Select, number);
        let mut chunks: Vec<usize> = (0..count.div_ceil(CHUNK)).collect();
        let places = chunks.len();
        stream.shuffle_front(&mut chunks, places);
        let mut seen = Swept { gap: 0.0, free: 0, flips: 0, moved: 0, shrunk: false };
        let (mut most, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut kept = Vec::with_capacity(count);
        for chunk in chunks {
            let draw = stream.below(CHUNK * CHUNK / 2);
            let (multiplier, shift) = (2 * (draw % (CHUNK / 2)) + 1, draw / (CHUNK / 2));
            let mut flops = 0;
            for i in 0..CHUNK {
                let k = chunk * CHUNK + (i * multiplier + shift) % CHUNK;
                if k >= count {
                    continue;
                }
                let r = id(k);
                let (alpha, upper) = (point.alpha[r], dual.upper[r]);
                let h = rows.dot(k, &point.w) - dual.linear[r];
                let gradient = h + dual.bend[r] * alpha;
                flops += rows.flops(k);
                seen.gap += dual.gap_term(r, alpha, h);
                let violation = if alpha == 0.0 {
                    if gradient > self.high {
                        continue;
                    }
                    gradient.min(0.0)
                } else if alpha == upper {
                    if gradient < self.low {
                        continue;
                    }
                    gradient.max(0.0)
                } else {
                    seen.free += 1;
                    gradient
                };
                kept.push(k);
                most = most.max(violation);
                least = least.min(violation);
                if violation == 0.0 {
                    continue;
                }
                let to = minimum(alpha, gradient, dual.lipschitz[r], upper);
                if to != alpha {
                    let bound = |a: f64| a == 0.0 || a == upper;
                    seen.flips += usize::from(bound(alpha) != bound(to));
                    seen.moved += 1;
                    point.alpha[r] = to;
                    rows.add(k, to - alpha, &mut point.w);
                    flops += rows.flops(k);
                }
            }
            control.spend(flops)?;
        }
        drop(id);
        if (kept.len() as f64) < KEPT * count as f64 {
            kept.sort_unstable();
            seen.shrunk = self.keep(dual, kept, control)?;
        }
        self.high = if most > 0.0 { most } else { f64::INFINITY };
        self.low = if least < 0.0 { least } else { f64::NEG_INFINITY };
        Ok(seen)
    }

    /// Copies the rows in `kept`, ascending, together. Without memory for them, all go on to take part: slower, and
    /// right.
    fn keep(&mut self, dual: &Dual, kept: Vec<usize>, control: &mut Control<'_>) -> Result<bool, Stop> {
        let part = match self.part.take() {
            None => dual.rows.subset(&kept).map(|rows| (rows, kept)),
            Some((mut rows, ids)) => {
                rows.retain(&kept);
                let ids = kept.iter().map(|&k| ids[k]).collect();
                Some((rows, ids))
            }
        };
        let entries = part.as_ref().map_or(0, |(rows, _)| rows.all_entries());
        self.part = part;
        control.spend(2 * entries as u64)?;
        Ok(self.part.is_some())
    }
}

/// The minimum in one coordinate: `alpha - gradient / lipschitz` within `[0, upper]`. A row of zeros goes to the bound
/// that its gradient points to.
#[inline]
fn minimum(alpha: f64, gradient: f64, lipschitz: f64, upper: f64) -> f64 {
    let to = (alpha - gradient / lipschitz).max(0.0).min(upper);
    if to.is_finite() { to } else { alpha }
}
