//! One row's regression by sketch and precondition: the paper's own way.
//!
//! `min_x |A x - b|^2 + lambda |x|^2` with many more rows than columns:
//!
//! 1. Draw a sketch `S` of few rows with distortion `e`.
//! 2. `S A = Q R` (below it `sqrt(lambda) I`, which needs no sketch): `cond(A R^-1) <= (1 + e) / (1 - e)`.
//! 3. Start from the last solution, or from `R^-1 Q'S b`, whichever leaves the smaller gradient.
//! 4. Conjugate gradients on `A R^-1`, `R` by triangular solves: the error falls by `e` a step, so
//!    `ln(2 / eps) / ln(1 / e)` steps do, whatever the condition of `A`.
//! 5. Once more from the residual as it is (refinement): without it sketch and precondition is not stable (Meier,
//!    Nakatsukasa, Townsend and Webb, arXiv 2302.07202), with it errors are those of a QR factorization of `A`
//!    (Epperly, Meier and Nakatsukasa, arXiv 2406.03468).

use super::regression::{Accuracy, Bench, Regression, RowReport, Way};
use crate::numerics::householder::{solve_upper, solve_upper_transposed, triangularize};
use crate::numerics::real::Real;
use crate::numerics::sketch::{Family, Sketch};
use crate::numerics::tile;
use crate::runtime::{Control, Stop};

/// How rows are sketched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sketching {
    /// The kind of random matrix.
    pub family: Family,
    /// The distortion `e`, in `(0, 1)`.
    pub distortion: f64,
    /// The probability that a sketch has more; `None` for sketches of the typical size.
    pub failure: Option<f64>,
    /// A row is done where its error is at most this, by the sketch's bound of it; 0 leaves that to the accuracy that
    /// is asked for.
    pub error: f64,
    /// The seed.
    pub seed: u64,
}

impl Sketching {
    /// Rows of a sketch for `k` columns.
    pub fn size(&self, k: usize) -> usize {
        self.family.size(k, self.distortion, self.failure)
    }

    /// The way of row `stream` with `d` observations: where they are no more than the sketch's rows, the direct ones.
    pub fn way(&self, d: usize, k: usize, stream: u64) -> Way {
        if d > self.size(k) { Way::Sketched { how: *self, stream } } else { Way::of(d, k, f64::INFINITY) }
    }

    /// Steps after which the error, in the norm of `A x`, is at most `eps` times that of the start.
    pub fn steps(&self, eps: f64) -> usize {
        ((2.0 / eps).ln() / (1.0 / self.distortion).ln()).ceil().max(1.0) as usize
    }

    /// About how many operations a row costs.
    pub fn flops(&self, d: usize, k: usize) -> u64 {
        let s = self.size(k);
        let draw = match self.family {
            Family::Gaussian => 2 * s * d * k,
            Family::Srht => d.next_power_of_two() * k * (d.max(2).ilog2() as usize + 1),
            Family::SparseSign { nonzeros } => 2 * nonzeros * d * k,
            Family::CountSketch => 2 * d * k,
        };
        (draw + 2 * s * k * k + (4 * d * k + 2 * k * k) * 8) as u64
    }
}

impl<T: Real> Bench<'_, T> {
    /// With a sketch for a preconditioner; directly where the sketch finds columns that depend on one another.
    pub(super) fn sketched(
        &mut self,
        regression: Regression<'_, T>,
        how: Sketching,
        stream: u64,
        control: &mut Control<'_>,
    ) -> Result<RowReport, Stop> {
        let (k, stride) = (self.fixed.cols(), self.fixed.stride());
        let Regression { line, ridge, accuracy, .. } = regression;
        let mut tile = Vec::with_capacity(line.len() * stride);
        let mut target = Vec::with_capacity(line.len());
        for (e, (&j, value)) in line.index.iter().zip(line.value).enumerate() {
            let y = self.fixed.padded_row(j as usize);
            let mut b = *value;
            if let Some(center) = ridge.center {
                b -= tile::dot(&y[..k], center);
            }
            match line.weight.map(|w| w[e].root()) {
                None => tile.extend_from_slice(y),
                Some(root) => {
                    tile.extend(y.iter().map(|y| root * *y));
                    b = root * b;
                }
            }
            target.push(b);
        }
        let total = line.weight.map_or(line.len() as f64, |w| w.iter().map(|w| w.wide()).sum());
        let system = System { tile: &tile, stride, k, strength: ridge.strength, total };
        let mut x = self.x.clone();
        if let Some(center) = ridge.center {
            x.iter_mut().zip(center).for_each(|(x, c)| *x -= *c);
        }
        let found = solve(system, &mut target, &mut x, how, stream, accuracy, &mut self.sketched);
        let Some(found) = found else { return self.direct(regression, control) };
        control.spend(found.flops)?;
        if let Some(center) = ridge.center {
            x.iter_mut().zip(center).for_each(|(x, c)| *x += *c);
        }
        self.x = x;
        Ok(RowReport {
            steps: found.steps,
            gradient: found.gradient,
            squares: target.iter().map(|r| r.wide() * r.wide()).sum(),
            error: found.error,
            ..RowReport::default()
        })
    }
}

/// A regression whose rows are gathered in a tile, weighted.
#[derive(Clone, Copy)]
pub(super) struct System<'t, T> {
    /// The matrix, in rows of `stride` numbers.
    pub tile: &'t [T],
    pub stride: usize,
    /// Columns.
    pub k: usize,
    /// `lambda`.
    pub strength: f64,
    /// The sum of the weights: what gradients are compared by.
    pub total: f64,
}

/// What a solve did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Report {
    pub steps: usize,
    /// The norm of the gradient that is left.
    pub gradient: f64,
    /// A bound of the distance from the solution, where the sketch is the embedding that it should be.
    pub error: f64,
    pub flops: u64,
}

/// Memory that solves use again and again.
#[derive(Debug, Default)]
pub(super) struct Memory<T> {
    scratch: Vec<T>,
    triangle: Vec<T>,
    target: Vec<T>,
    reflection: Vec<T>,
    residual: Vec<T>,
    image: Vec<T>,
    gradient: Vec<T>,
    slope: Vec<T>,
    direction: Vec<T>,
    step: Vec<T>,
    other: Vec<T>,
}

/// Pivots within this many roundings of the largest, times the columns, are 0.
const DEPENDENT: f64 = 16.0;
/// Steps without a smaller slope before rounding is all that is left.
const IDLE: usize = 4;
/// Rounds of conjugate gradients: the second starts from the residual as it is.
const ROUNDS: usize = 2;

/// Solves the regression on the targets `b`, which become residuals. `x` is the last solution and becomes the new one,
/// its padding 0. `None`, with `x` as it was, where the sketch says that the columns depend on one another.
pub(super) fn solve<T: Real>(
    system: System<'_, T>,
    b: &mut [T],
    x: &mut [T],
    how: Sketching,
    stream: u64,
    accuracy: Accuracy,
    memory: &mut Memory<T>,
) -> Option<Report> {
    let (k, stride, d) = (system.k, system.stride, b.len());
    let size = how.size(k);
    if size >= d {
        return None;
    }
    let sketch = Sketch::new(how.family, size, d, how.seed, stream);
    let size = sketch.size();
    let mut found = Solve { system, memory, size: 0.0, inverse: 0.0 };
    if !found.precondition(&sketch, b) {
        return None;
    }
    // The better of two starts.
    let warm = found.slope(b, x);
    let mut start = std::mem::take(&mut found.memory.target);
    solve_upper(&found.memory.triangle, k, stride, &mut start);
    start.resize(stride, T::default());
    start[k..].fill(T::default());
    let mut left = found.slope(b, &start);
    if !(left < warm) {
        left = found.slope(b, x);
    } else {
        x[..k].copy_from_slice(&start[..k]);
    }
    found.memory.target = start;
    // |x - x*| <= |R^-1| (1 + e)^2 |R^-T g|.
    let enlarged = found.inverse * (1.0 + how.distortion).powi(2);
    let goal = Goal { slope: accuracy.reduction * warm, with_rounding: how.error / enlarged };
    let mut report = Report::default();
    let most = accuracy.max_steps;
    for _ in 0..ROUNDS {
        report.steps += found.conjugate_gradient(x, goal, accuracy, most.saturating_sub(report.steps), left);
        // As it is, not as the recurrence has it.
        left = found.slope(b, x);
    }
    report.gradient = norm(&found.memory.gradient[..k]);
    report.error = enlarged * (left + found.floor(x));
    report.flops =
        how.flops(d, k) + (report.steps * (4 * d * k + 2 * k * k)) as u64 + (size + k * k * k / 3) as u64;
    b.copy_from_slice(&found.memory.residual);
    Some(report)
}

/// Where conjugate gradients end: at a norm of the slope, or at one with what rounding adds.
#[derive(Clone, Copy)]
struct Goal {
    slope: f64,
    with_rounding: f64,
}

struct Solve<'s, T> {
    system: System<'s, T>,
    memory: &'s mut Memory<T>,
    /// The Frobenius norms of `R` and of `R^-1`.
    size: f64,
    inverse: f64,
}

impl<T: Real> Solve<'_, T> {
    /// `R`, and `Q'S b` in `target`; false where a column depends on those before it.
    fn precondition(&mut self, sketch: &Sketch, b: &[T]) -> bool {
        let System { tile, stride, k, strength, .. } = self.system;
        let m = &mut *self.memory;
        let (size, rows) = (sketch.size(), sketch.size() + if strength > 0.0 { k } else { 0 });
        m.triangle.clear();
        m.triangle.resize(rows * stride, T::default());
        m.target.clear();
        m.target.resize(rows, T::default());
        sketch.apply(tile, stride, &mut m.scratch, &mut m.triangle);
        sketch.apply(b, 1, &mut m.scratch, &mut m.target);
        let root = T::narrow(strength.sqrt());
        (size..rows).for_each(|r| m.triangle[r * stride + r - size] = root);
        triangularize(&mut m.triangle, k, stride, &mut m.target, &mut m.reflection, &mut m.image);
        let diagonal = |l: usize| m.triangle[l * stride + l].wide().abs();
        let largest = (0..k).map(diagonal).fold(0.0, f64::max);
        let smallest = (0..k).map(diagonal).fold(f64::INFINITY, f64::min);
        self.size = norm(&m.triangle[..k * stride]);
        if !(smallest > DEPENDENT * k as f64 * T::ROUNDING * largest) {
            return false;
        }
        self.inverse = self.inverse_norm();
        self.size.is_finite() && self.inverse.is_finite()
    }

    /// The residual and the gradient at `x`, and `R^-T` times the latter, whose norm is the result.
    fn slope(&mut self, b: &[T], x: &[T]) -> f64 {
        let System { tile, stride, .. } = self.system;
        let m = &mut *self.memory;
        m.image.clear();
        m.image.resize(b.len(), T::default());
        tile::times(tile, stride, x, &mut m.image);
        m.residual.clear();
        m.residual.extend(b.iter().zip(&m.image).map(|(b, i)| *b - *i));
        self.pull_back(x)
    }

    /// The gradient at `x` by the residual that is kept, and `R^-T` times it.
    fn pull_back(&mut self, x: &[T]) -> f64 {
        let System { tile, stride, k, strength, .. } = self.system;
        let m = &mut *self.memory;
        m.gradient.clear();
        m.gradient.extend(x[..stride].iter().map(|x| -(T::narrow(strength) * *x)));
        tile::add_transposed_times(tile, stride, &m.residual, &mut m.gradient);
        m.slope.clone_from(&m.gradient);
        solve_upper_transposed(&m.triangle, k, stride, &mut m.slope);
        norm(&m.slope[..k])
    }

    /// Steps on `A R^-1` from the residual and slope that are kept, until the slope's norm meets the goal.
    fn conjugate_gradient(
        &mut self,
        x: &mut [T],
        goal: Goal,
        accuracy: Accuracy,
        most: usize,
        first: f64,
    ) -> usize {
        let System { tile, stride, k, strength, total } = self.system;
        let (mut left, mut least) = (first, first);
        let (mut steps, mut idle) = (0, 0);
        self.memory.direction.clone_from(&self.memory.slope);
        while steps < most {
            let floor = self.floor(x);
            let m = &mut *self.memory;
            let gradient = norm(&m.gradient[..k]);
            let small = left <= goal.slope.max(floor) || left + floor <= goal.with_rounding;
            if small || gradient <= accuracy.gradient * total || !left.is_finite() {
                break;
            }
            m.step.clone_from(&m.direction);
            solve_upper(&m.triangle, k, stride, &mut m.step);
            m.image.resize(m.residual.len(), T::default());
            tile::times(tile, stride, &m.step, &mut m.image);
            let bend = norm(&m.image).powi(2) + strength * norm(&m.step[..k]).powi(2);
            if !(bend > 0.0) || !bend.is_finite() {
                break;
            }
            let alpha = T::narrow(left * left / bend);
            x[..k].iter_mut().zip(&m.step).for_each(|(x, s)| *x += alpha * *s);
            m.residual.iter_mut().zip(&m.image).for_each(|(r, i)| *r -= alpha * *i);
            let next = self.pull_back(x);
            let beta = T::narrow((next / left).powi(2));
            let m = &mut *self.memory;
            m.direction.iter_mut().zip(&m.slope).for_each(|(p, s)| *p = *s + beta * *p);
            steps += 1;
            left = next;
            idle = if left < least { 0 } else { idle + 1 };
            least = least.min(left);
            if idle >= IDLE {
                break;
            }
        }
        steps
    }

    /// What rounding makes of the slope: residuals are off by `u |A| |x|`, gradients by `u |A| |r|`, which `R^-T`
    /// enlarges. Where no more is left the solution is as good as a factorization would give it (Wedin's bound).
    fn floor(&self, x: &[T]) -> f64 {
        let residual = norm(&self.memory.residual);
        T::ROUNDING * self.size * (self.inverse * residual + norm(&x[..self.system.k]))
    }

    /// The Frobenius norm of `R^-1`. Costs `k^3 / 3` flops.
    fn inverse_norm(&mut self) -> f64 {
        let System { stride, k, .. } = self.system;
        let m = &mut *self.memory;
        let mut squares = 0.0;
        for l in 0..k {
            m.other.clear();
            m.other.resize(l + 1, T::default());
            m.other[l] = T::narrow(1.0);
            solve_upper(&m.triangle, l + 1, stride, &mut m.other);
            squares += norm(&m.other).powi(2);
        }
        squares.sqrt()
    }
}

fn norm<T: Real>(v: &[T]) -> f64 {
    v.iter().map(|v| v.wide() * v.wide()).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
