//! Proximal point steps on the dual, for few columns: `max D(alpha) - |alpha - alpha_0|^2 / (2 sigma)`.
//!
//! The dual of that step is the smooth problem `min_w 1/2 |w|^2 + sum_k e_k(a_k'w)` with `-e_k' = alpha_k(w) = clip(c_k
//! (alpha_0k / sigma - h_k), 0, u_k)`, `c_k = 1 / (d_k + 1 / sigma)`. It is minimized by Newton's method with the
//! generalized Hessian `I + A_J' C A_J`, `J` the rows not clipped, and a search along each step: an augmented
//! Lagrangian method of a few dozen factorizations, whatever the condition of the rows.

use super::dual::Dual;
use super::sweep::Point;
use crate::numerics::Columns;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::{Square, gram};
use crate::numerics::kernels::dot;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Newton steps for one proximal step.
const MOST_STEPS: usize = 60;
/// Trials along a Newton step.
const MOST_TRIALS: usize = 30;
/// A step along which the slope has fallen to this share is long enough.
const FLAT: f64 = 0.1;
/// A gradient of this size beside `w` is rounding.
const SMALL: f64 = 1e-13;

/// A proximal step and what comes of it.
pub(super) struct Proximal<'d> {
    pub(super) dual: &'d Dual,
    /// The columns in the order of the data's rows, for Gram blocks of dense data.
    pub(super) columns: &'d Columns<'d>,
    pub(super) team: &'d Team<'d>,
    pub(super) sigma: f64,
}

/// Where a proximal step ends.
pub(super) struct Reached {
    /// The dual point.
    pub(super) alpha: Vec<f64>,
    /// The minimizer of the smooth problem: `A'alpha` up to what its gradient left.
    pub(super) w: Vec<f64>,
    /// Excesses at `w`.
    pub(super) h: Vec<f64>,
    /// Newton steps.
    pub(super) steps: usize,
}

impl Proximal<'_> {
    /// `alpha_k(w)` and whether it is clipped.
    #[inline]
    fn dual_of(&self, k: usize, center: f64, h: f64) -> (f64, bool) {
        let free = (center / self.sigma - h) * self.stiffness(k);
        let clipped = free.max(0.0).min(self.dual.upper[k]);
        (clipped, clipped != free)
    }

    #[inline]
    fn stiffness(&self, k: usize) -> f64 {
        1.0 / (self.dual.bend[k] + 1.0 / self.sigma)
    }

    /// Takes the step from `point`.
    pub(super) fn step(&self, point: &Point, control: &mut Control<'_>) -> Result<Reached, Stop> {
        let (dual, center) = (self.dual, &point.alpha);
        let mut w = point.w.clone();
        let mut h = dual.excess(&w, self.team, control)?;
        let mut steps = 0;
        let mut settled: Vec<bool> = Vec::new();
        loop {
            let (alpha, clipped): (Vec<f64>, Vec<bool>) =
                (0..dual.len()).map(|k| self.dual_of(k, center[k], h[k])).unzip();
            let v = dual.combine(&alpha, control)?;
            let gradient: Vec<f64> = w.iter().zip(&v).map(|(w, v)| w - v).collect();
            let (size, scale) = (dot(&gradient, &gradient), dot(&w, &w).max(dot(&v, &v)));
            // After a full step within one piece the smooth problem is solved.
            if size <= SMALL * SMALL * scale || steps >= MOST_STEPS || settled == clipped {
                return Ok(Reached { alpha, w, h, steps });
            }
            let mut p: Vec<f64> = gradient.iter().map(|g| -g).collect();
            Cholesky::new(&self.hessian(&clipped, control)?, control)?.solve(&mut p);
            control.spend((2 * p.len() * p.len()) as u64)?;
            let mut dh = vec![0.0; h.len()];
            super::dual::products(&dual.rows, &p, &mut dh, self.team, control)?;
            let length = self.search(center, &w, &h, &p, &dh, control)?;
            w.iter_mut().zip(&p).for_each(|(w, p)| *w += length * p);
            h.iter_mut().zip(&dh).for_each(|(h, d)| *h += length * d);
            settled = if length == 1.0 { clipped } else { Vec::new() };
            steps += 1;
            if !(length > 0.0) {
                steps = MOST_STEPS;
            }
        }
    }

    /// `I + A_J' C A_J`.
    fn hessian(&self, clipped: &[bool], control: &mut Control<'_>) -> Result<Square, Stop> {
        let (dual, n) = (self.dual, self.dual.rows.cols());
        let mut hessian = if dual.rows.is_dense() {
            let mut weights = vec![0.0; self.columns.rows()];
            for (k, &r) in dual.row.iter().enumerate() {
                // Labels are signs: they drop out of the products.
                weights[r] = if clipped[k] { 0.0 } else { self.stiffness(k) };
            }
            let every: Vec<usize> = (0..n).collect();
            gram(self.columns, &every, &weights, self.team, control)?
        } else {
            let mut square = Square::zeros(n);
            let mut entries: Vec<(usize, f64)> = Vec::new();
            for k in (0..dual.len()).filter(|&k| !clipped[k]) {
                entries.clear();
                dual.rows.for_each(k, |j, a| entries.push((j, a)));
                let stiffness = self.stiffness(k);
                for (i, &(j, a)) in entries.iter().enumerate() {
                    let column = square.column_mut(j);
                    entries[i..].iter().for_each(|&(l, b)| column[l] += stiffness * a * b);
                }
                control.spend((entries.len() * entries.len()) as u64 + 8)?;
            }
            for j in 0..n {
                for l in j + 1..n {
                    let below = square.at(l, j);
                    square.column_mut(l)[j] = below;
                }
            }
            control.spend((n * n) as u64)?;
            square
        };
        (0..n).for_each(|j| hessian.column_mut(j)[j] += 1.0);
        Ok(hessian)
    }

    /// A length at which the slope along `p`, which rises and is piecewise linear, has all but vanished; 1 where that
    /// will do.
    fn search(
        &self,
        center: &[f64],
        w: &[f64],
        h: &[f64],
        p: &[f64],
        dh: &[f64],
        control: &mut Control<'_>,
    ) -> Result<f64, Stop> {
        let (along, square) = (dot(w, p), dot(p, p));
        let slope_at = |length: f64, control: &mut Control<'_>| -> Result<f64, Stop> {
            let mut slope = along + length * square;
            for k in 0..h.len() {
                slope -= self.dual_of(k, center[k], h[k] + length * dh[k]).0 * dh[k];
            }
            control.spend(10 * h.len() as u64)?;
            Ok(slope)
        };
        let start = slope_at(0.0, control)?;
        let full = slope_at(1.0, control)?;
        if !(start < 0.0) {
            return Ok(if full.is_finite() { 1.0 } else { 0.0 });
        }
        if full <= FLAT * -start {
            return Ok(1.0);
        }
        let (mut low, mut high) = ((0.0, start), (1.0, full));
        let mut length = 0.0;
        for trial in 0..MOST_TRIALS {
            // Secants, and halves in between so that neither end stays for long.
            length = match trial % 2 {
                0 => low.0 + (high.0 - low.0) * low.1 / (low.1 - high.1),
                _ => 0.5 * (low.0 + high.0),
            };
            let slope = slope_at(length, control)?;
            if slope.abs() <= FLAT * -start {
                break;
            }
            if slope < 0.0 { low = (length, slope) } else { high = (length, slope) }
        }
        Ok(length)
    }
}
