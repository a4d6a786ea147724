//! How far one row is from the solution of its regression, by code that knows nothing of how it was
//! solved.
//!
//! With `G = Y'WY + lambda I` and the gradient `g = Y'W(b - Yx) - lambda (x - c)`,
//!
//! `|x - x*| <= |g| / lambda_min(G)`, and for any `z` also `|x - x*| <= |z| + |g(x + z)| / lambda_min(G)`.
//!
//! The second is nearly an equality where `z` is a Newton step, while the first may be off by the condition of `G`.
//!
//! **What makes it a proof.** `u = 2^-53`, `d` observations, `k` columns; data are what is stored, exactly.
//!
//! * Forming `Y'WY`: `|D_ab| <= gamma_(d+2) sum_e w |y_a y_b|` entry by entry, so `|D|_2 <= gamma_(d+2) trace`.
//! * If Cholesky's factorization of `B = Y'WY + (lambda - sigma) I` runs to its end in floating point, then `R'R = B +
//!   E` with `|E| <= gamma_(k+1) / (1 - gamma_(k+1)) d d'`, `d_l^2 = B_ll` (Demmel; Higham, Accuracy and stability of
//!   numerical algorithms, theorem 10.3; Rump, Verification of positive definiteness, 2006), so `|E|_2` is at most that
//!   factor times the trace of `B`.
//! * Rounding the diagonal: `2 u (max Y'WY_ll + lambda + sigma)`.
//!
//!   Together `lambda_min(G) >= sigma - slack`: the sum of the three, with 1 % more for products of errors and for
//!   rounding of the slack itself.
//! * The gradient is summed in pairs of doubles (relative errors below `8 u^2` an operation), so what rounding can add
//!   to its norm is at most `8 (d + k + 8) u^2 (sum_e w |y_e| (|b_e| + |y_e| |x|) + lambda (|x| + |c|))`.
//! * Norms and quotients: a factor of `1 + 1e-6`, thousands of times what they need.
//!
//! All that fails where products vanish below the smallest numbers: where the charges come near them, nothing is
//! claimed.
//!
//! Where no `sigma` above the slack succeeds (`cond(Y)` beyond about 1e7), the smallest eigenvalue is taken from the
//! singular values of `W^(1/2) Y` (Ritz values of full dimension), and the bound is an estimate.

use super::observations::Line;
use super::regression::Ridge;
use crate::numerics::double_double::Double;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::householder::triangularize;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;

/// What is known of a row's distance from the solution of its regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowCertificate {
    /// `|x - x*|` is at most this. Infinite where nothing is known.
    pub bound: f64,
    /// Whether that is proven, rounding included; otherwise it is an estimate.
    pub proven: bool,
    /// The norm of the gradient, with what rounding can add to it.
    pub gradient: f64,
    /// A lower bound of `lambda_min(G)`, or its estimate.
    pub smallest: f64,
}

/// `u`.
const U: f64 = f64::EPSILON / 2.0;
/// For norms, quotients and sums of positive numbers.
const UP: f64 = 1.0 + 1e-6;
/// For products of errors.
const MORE: f64 = 1.01;
/// Charges below this are too near to the smallest numbers.
const TINY: f64 = 1e-250;
/// What part of the smallest eigenvalue is tried for `sigma`, in turn.
const PARTS: [f64; 4] = [0.999, 0.98, 0.8, 0.4];

/// Certifies row `x` of the factor that moves. Costs `d k^2 + 4 k^3` flops, and `60 d k` for the gradients in pairs of
/// doubles.
pub fn certify<T: Real>(fixed: &Tall<T>, line: Line<'_, T>, ridge: Ridge<'_, T>, x: &[T]) -> RowCertificate {
    let row = Row { fixed, line, ridge };
    let x: Vec<Double> = x.iter().map(|x| Double::from(x.wide())).collect();
    let (g, gradient, safe) = row.gradient(&x);
    let unknown = RowCertificate { bound: f64::INFINITY, proven: false, gradient, smallest: 0.0 };
    if x.is_empty() {
        return RowCertificate { bound: 0.0, proven: true, gradient: 0.0, smallest: f64::INFINITY };
    }
    let gram = row.gram();
    if !gradient.is_finite() || (0..x.len()).any(|l| !gram.at(l, l).is_finite()) {
        return unknown;
    }
    let proof = proven_smallest(&gram, line.index.len(), ridge.strength);
    let (proven, smallest, factor) = match proof {
        Some((smallest, factor)) => (safe, smallest, Some(factor)),
        None => (false, row.ritz(), None),
    };
    if !(smallest > 0.0) {
        return unknown;
    }
    let mut bound = gradient / smallest * UP;
    if let Some(factor) = factor {
        let mut z: Vec<f64> = g.clone();
        solve(&factor, &mut z);
        // A pair of doubles holds what a double would round away.
        let next: Vec<Double> = x.iter().zip(&z).map(|(x, z)| Double::sum(x.high, *z)).collect();
        let (_, rest, next_safe) = row.gradient(&next);
        let by_step = (norm(z.iter().copied()) + rest / smallest) * UP;
        if next_safe && by_step < bound {
            bound = by_step;
        }
    }
    RowCertificate { bound, proven: proven && bound.is_finite(), gradient, smallest }
}

struct Row<'r, T> {
    fixed: &'r Tall<T>,
    line: Line<'r, T>,
    ridge: Ridge<'r, T>,
}

impl<T: Real> Row<'_, T> {
    fn weight(&self, e: usize) -> f64 {
        self.line.weight.map_or(1.0, |w| w[e].wide())
    }

    fn factor(&self, e: usize) -> impl Iterator<Item = f64> {
        self.fixed.row(self.line.index[e] as usize).iter().map(|y| y.wide())
    }

    /// The gradient at a point, its norm with what rounding can add, and whether that charge is far from the smallest
    /// numbers.
    fn gradient(&self, x: &[Double]) -> (Vec<f64>, f64, bool) {
        let (d, k, lambda) = (self.line.index.len(), x.len(), self.ridge.strength);
        let center = |l: usize| self.ridge.center.map_or(0.0, |c| c[l].wide());
        let mut g: Vec<Double> = (0..k).map(|l| (Double::from(center(l)) - x[l]) * lambda).collect();
        let length = norm(x.iter().map(|x| x.high));
        let mut charge = lambda * (length + norm((0..k).map(center)));
        for e in 0..d {
            let (b, w) = (self.line.value[e].wide(), self.weight(e));
            let predicted = self.factor(e).zip(x).fold(Double::default(), |s, (y, x)| s + *x * y);
            let r = (Double::from(b) - predicted) * w;
            g.iter_mut().zip(self.factor(e)).for_each(|(g, y)| *g = *g + r * y);
            let size = norm(self.factor(e));
            charge += w * size * (b.abs() + size * length);
        }
        charge *= 8.0 * (d + k + 8) as f64 * U * U;
        let g: Vec<f64> = g.into_iter().map(|g| g.high).collect();
        let total = (norm(g.iter().copied()) + charge) * UP;
        let exact = charge == 0.0 && self.line.value.iter().all(|b| b.wide() == 0.0) && length == 0.0;
        (g, total, charge > TINY || exact)
    }

    /// `Y'WY`, the lower triangle.
    fn gram(&self) -> Square {
        let k = self.fixed.cols();
        let mut gram = Square::zeros(k);
        for e in 0..self.line.index.len() {
            let (y, w) = (self.fixed.row(self.line.index[e] as usize), self.weight(e));
            for a in 0..k {
                let scaled = w * y[a].wide();
                gram.column_mut(a)[a..].iter_mut().zip(&y[a..]).for_each(|(g, y)| *g += scaled * y.wide());
            }
        }
        gram
    }

    /// The square of the smallest singular value of `W^(1/2) Y`, by a QR factorization, and `lambda`.
    fn ritz(&self) -> f64 {
        let k = self.fixed.cols();
        let d = self.line.index.len();
        let mut a = vec![0.0; d.max(k) * k];
        for (e, row) in (0..d).zip(a.chunks_exact_mut(k)) {
            let root = self.weight(e).sqrt();
            row.iter_mut().zip(self.factor(e)).for_each(|(a, y)| *a = root * y);
        }
        triangularize(&mut a, k, k, &mut vec![0.0; d.max(k)], &mut Vec::new(), &mut Vec::new());
        let triangle = faer::Mat::from_fn(k, k, |i, j| a[i * k + j]);
        let smallest = triangle.singular_values().ok().and_then(|s| s.last().copied());
        smallest.map_or(0.0, |s| s * s) + self.ridge.strength
    }
}

/// A lower bound of `lambda_min(G)` that is proven, and a factor of `G`, for the computed `Y'WY` (its lower triangle)
/// of `d` rows.
fn proven_smallest(gram: &Square, d: usize, lambda: f64) -> Option<(f64, Square)> {
    let k = gram.size();
    let mut full = gram.clone();
    for a in 0..k {
        full.column_mut(a)[a] += lambda;
        (0..a).for_each(|b| full.column_mut(a)[b] = gram.at(a, b));
    }
    let guess = Eigen::of(&full)?.values[0];
    let trace: f64 = (0..k).map(|l| gram.at(l, l)).sum();
    let largest = (0..k).map(|l| gram.at(l, l)).fold(0.0, f64::max);
    if !(trace > TINY) && d > 0 {
        return None;
    }
    let mut factor = full.clone();
    if !cholesky(&mut factor) {
        return None;
    }
    PARTS.iter().find_map(|part| {
        let sigma = part * guess;
        let slack = MORE
            * U
            * ((d + 2) as f64 * trace
                + (k + 1) as f64 * (trace + k as f64 * lambda)
                + 2.0 * (largest + lambda + sigma));
        let smallest = (sigma - slack) / UP;
        let mut shifted = gram.clone();
        (0..k).for_each(|l| shifted.column_mut(l)[l] += lambda - sigma);
        (smallest > 0.0 && cholesky(&mut shifted)).then(|| (smallest, factor.clone()))
    })
}

/// Cholesky's factorization of the lower triangle, in place, as the theorem has it: no scaling, no floor. False where a
/// pivot is not positive.
fn cholesky(a: &mut Square) -> bool {
    let k = a.size();
    for j in 0..k {
        let pivot = a.at(j, j);
        if !(pivot > 0.0) {
            return false;
        }
        let root = pivot.sqrt();
        a.column_mut(j)[j..].iter_mut().for_each(|v| *v /= root);
        a.column_mut(j)[j] = root;
        for c in j + 1..k {
            let factor = a.at(c, j);
            for i in c..k {
                let part = a.at(i, j) * factor;
                a.column_mut(c)[i] -= part;
            }
        }
    }
    true
}

/// Replaces `b` by the solution of `L L' x = b`.
fn solve(lower: &Square, b: &mut [f64]) {
    let k = b.len();
    for j in 0..k {
        b[j] /= lower.at(j, j);
        let x = b[j];
        b[j + 1..].iter_mut().zip(&lower.column(j)[j + 1..]).for_each(|(b, l)| *b -= l * x);
    }
    for j in (0..k).rev() {
        let rest: f64 = b[j + 1..].iter().zip(&lower.column(j)[j + 1..]).map(|(b, l)| b * l).sum();
        b[j] = (b[j] - rest) / lower.at(j, j);
    }
}

fn norm(v: impl Iterator<Item = f64>) -> f64 {
    // Scaled, so that no square vanishes.
    let all: Vec<f64> = v.collect();
    let largest = all.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return all.iter().map(|v| v.abs()).sum();
    }
    largest * all.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
