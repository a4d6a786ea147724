//! One row's regression: `min_x sum_e w_e (b_e - y_e'x)^2 + lambda |x - c|^2` over the factor rows `y_e` that were observed.
//!
//! Three ways, of which [`Way::of`] takes the cheapest by counts of operations: the normal equations (direct), the same in
//! the observations where there are fewer of them than columns (dual), and conjugate gradients from the last solution with
//! the preconditioner that all rows share (section 1.8 of the notes on the paper: the mean Gram, diagonal in the basis that
//! the factor is kept in).

use super::observations::Line;
use super::sketched::{self, Sketching};
use crate::numerics::eigen::minimum_norm;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::numerics::tile;

/// How one row is solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Cholesky of `Y'WY + lambda I`.
    Direct,
    /// Cholesky of `W^(1/2) Y Y' W^(1/2) + lambda I`.
    Dual,
    /// Preconditioned conjugate gradients.
    ConjugateGradient,
    /// Conjugate gradients with a preconditioner from a sketch, the stream `stream` of its seed.
    Sketched { how: Sketching, stream: u64 },
}

/// A pass of conjugate gradients goes over memory, a Gram matrix stays in registers: flops of the one cost this many of
/// the other.
const PASS_PRICE: f64 = 2.5;
/// The same for a small Cholesky factorization, whose loops are short.
const CHOLESKY_PRICE: f64 = 3.0;

impl Way {
    /// The cheapest way for `d` observations and `k` columns, where conjugate gradients are expected to take `steps` steps.
    pub fn of(d: usize, k: usize, steps: f64) -> Self {
        let (d, k) = (d as f64, k as f64);
        let direct = d * k * (k + 1.0) + CHOLESKY_PRICE * k * k * k / 3.0;
        let dual = if d < k { d * d * k + CHOLESKY_PRICE * d * d * d / 3.0 } else { f64::INFINITY };
        let passes = PASS_PRICE * 4.0 * d * k * (steps + 1.0);
        if dual <= direct.min(passes) {
            Way::Dual
        } else if direct <= passes {
            Way::Direct
        } else {
            Way::ConjugateGradient
        }
    }
}

/// Steps of conjugate gradients until a residual has fallen by `reduction`, for `d` rows drawn evenly from an orthonormal
/// factor of `k` columns: the eigenvalues lie in `(1 +- sqrt(k/d))^2` (Marchenko and Pastur).
pub fn expected_steps(d: usize, k: usize, reduction: f64) -> f64 {
    let rate = (k as f64 / d.max(1) as f64).sqrt();
    if rate >= 1.0 {
        return k as f64;
    }
    ((2.0 / reduction).ln() / (1.0 / rate).ln()).ceil().clamp(1.0, k as f64)
}

/// When conjugate gradients on a row end: the first of these.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy {
    /// The norm of the preconditioned gradient has fallen by this factor.
    pub reduction: f64,
    /// The norm of the gradient is at most this, for each observation of the row.
    pub gradient: f64,
    /// Steps.
    pub max_steps: usize,
}

/// The strength and the centre of a row's ridge.
#[derive(Debug, Clone, Copy)]
pub struct Ridge<'r, T> {
    /// `lambda >= 0`.
    pub strength: f64,
    /// `c`; `None` for 0.
    pub center: Option<&'r [T]>,
}

/// What a solve of a row found.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowReport {
    /// Steps of conjugate gradients.
    pub steps: usize,
    /// The norm of the gradient that is left, where it was computed; 0 for factorizations.
    pub gradient: f64,
    /// `sum_e w_e (b_e - y_e'x)^2` at the solution.
    pub squares: f64,
    /// A bound of the distance from the solution, where a sketch gave one; 0 for factorizations.
    pub error: f64,
    /// Whether the observations do not determine the row, and the solution of least norm was taken.
    pub underdetermined: bool,
    /// Operations.
    pub flops: u64,
}

/// Rows of a tile that are worked on together, so that they stay in the nearest cache.
const TILE_ROWS: usize = 128;

/// Memory for regressions with one factor, used again and again.
pub struct Bench<'f, T> {
    fixed: &'f Tall<T>,
    tile: Vec<T>,
    /// Targets, weighted, less what the centre predicts; then residuals.
    r: Vec<T>,
    gram: Vec<T>,
    gradient: Vec<T>,
    direction: Vec<T>,
    preconditioned: Vec<T>,
    image: Vec<T>,
    delta: Vec<T>,
    sketched: sketched::Memory<T>,
}

impl<'f, T: Real> Bench<'f, T> {
    /// Memory for regressions on rows of `fixed`.
    pub fn new(fixed: &'f Tall<T>) -> Self {
        let stride = fixed.stride();
        let zeros = || vec![T::default(); stride];
        Self {
            fixed,
            tile: Vec::new(),
            r: Vec::new(),
            gram: Vec::new(),
            gradient: zeros(),
            direction: zeros(),
            preconditioned: zeros(),
            image: Vec::new(),
            delta: zeros(),
            sketched: sketched::Memory::default(),
        }
    }

    /// Solves a row. `x` is the last solution and becomes the new one. `curvature` are the diagonal entries of the mean Gram
    /// per observation.
    pub fn solve(
        &mut self,
        line: Line<'_, T>,
        ridge: Ridge<'_, T>,
        way: Way,
        curvature: &[f64],
        accuracy: Accuracy,
        x: &mut [T],
    ) -> RowReport {
        let k = self.fixed.cols();
        if line.index.is_empty() {
            x.iter_mut().enumerate().for_each(|(l, x)| *x = ridge.center.map_or(T::default(), |c| c[l]));
            return RowReport { underdetermined: ridge.strength == 0.0, ..RowReport::default() };
        }
        self.delta[..k].copy_from_slice(x);
        if let Some(center) = ridge.center {
            self.delta.iter_mut().zip(center).for_each(|(d, c)| *d -= *c);
        }
        let mut report = match way {
            Way::Direct => self.direct(line, ridge),
            Way::Dual => self.dual(line, ridge),
            Way::ConjugateGradient => self.conjugate_gradient(line, ridge, curvature, accuracy),
            Way::Sketched { how, stream } => self.sketched(line, ridge, how, stream, accuracy),
        };
        if self.delta[..k].iter().any(|v| !v.wide().is_finite()) {
            // Nothing to go by: the centre.
            self.delta.fill(T::default());
            report.underdetermined = true;
        }
        x.copy_from_slice(&self.delta[..k]);
        if let Some(center) = ridge.center {
            x.iter_mut().zip(center).for_each(|(x, c)| *x += *c);
        }
        report
    }

    /// Copies the rows `from..to` of a line into the tile, times the roots of their weights, and their targets, less what
    /// the centre predicts, into `r`.
    fn gather(&mut self, line: Line<'_, T>, from: usize, to: usize, center: Option<&[T]>) {
        let stride = self.fixed.stride();
        self.tile.resize((to - from) * stride, T::default());
        self.r.resize(to - from, T::default());
        for (e, tile) in (from..to).zip(self.tile.chunks_exact_mut(stride)) {
            let y = self.fixed.padded_row(line.index[e] as usize);
            let mut b = line.value[e];
            if let Some(center) = center {
                b -= tile::dot(&y[..center.len()], center);
            }
            match line.weight {
                None => tile.copy_from_slice(y),
                Some(w) => {
                    let root = w[e].root();
                    tile.iter_mut().zip(y).for_each(|(t, y)| *t = root * *y);
                    b = root * b;
                }
            }
            self.r[e - from] = b;
        }
    }

    fn direct(&mut self, line: Line<'_, T>, ridge: Ridge<'_, T>) -> RowReport {
        let (k, stride, d) = (self.fixed.cols(), self.fixed.stride(), line.index.len());
        self.gram.clear();
        self.gram.resize(stride * stride, T::default());
        self.gradient.fill(T::default());
        for from in (0..d).step_by(TILE_ROWS) {
            self.gather(line, from, (from + TILE_ROWS).min(d), ridge.center);
            tile::add_gram(&self.tile, stride, &mut self.gram);
            tile::add_transposed_times(&self.tile, stride, &self.r, &mut self.gradient);
        }
        let mut report =
            RowReport { flops: (d * k * (k + 5) + k * k * k / 3 + 2 * k * k) as u64, ..RowReport::default() };
        let size = (0..k).map(|l| self.gram[l * stride + l].wide()).fold(0.0, f64::max);
        let spare = (d < k || ridge.strength == 0.0).then(|| self.gram.clone());
        (0..k).for_each(|l| self.gram[l * stride + l] += T::narrow(ridge.strength));
        let floor = T::narrow(8.0 * k as f64 * T::ROUNDING * (size + ridge.strength));
        self.delta[..k].copy_from_slice(&self.gradient[..k]);
        if tile::cholesky(&mut self.gram, k, stride, floor) {
            tile::cholesky_solve(&self.gram, k, stride, &mut self.delta);
        } else if let Some(gram) = spare {
            report.underdetermined = true;
            let mut h = Square::zeros(k);
            for a in 0..k {
                for b in a..k {
                    let v = gram[a * stride + b].wide();
                    h.column_mut(a)[b] = v;
                    h.column_mut(b)[a] = v;
                }
                h.column_mut(a)[a] += ridge.strength;
            }
            self.take_minimum_norm(&h, k);
        } else {
            report.underdetermined = true;
            self.delta.fill(T::default());
        }
        report.squares = self.squares(line, ridge.center, d <= TILE_ROWS);
        report
    }

    /// Replaces `delta` by the solution of least norm of `h x = delta`.
    fn take_minimum_norm(&mut self, h: &Square, n: usize) {
        let b: Vec<f64> = self.delta[..n].iter().map(|v| v.wide()).collect();
        let x = minimum_norm(h, &b, 8.0 * n as f64 * T::ROUNDING);
        self.delta[..n].iter_mut().zip(x).for_each(|(d, x)| *d = T::narrow(x));
    }

    /// `|r - Y delta|^2` over all observations.
    fn squares(&mut self, line: Line<'_, T>, center: Option<&[T]>, gathered: bool) -> f64 {
        let (stride, d) = (self.fixed.stride(), line.index.len());
        let mut total = 0.0;
        for from in (0..d).step_by(TILE_ROWS) {
            let to = (from + TILE_ROWS).min(d);
            if !gathered {
                self.gather(line, from, to, center);
            }
            self.image.resize(to - from, T::default());
            tile::times(&self.tile, stride, &self.delta, &mut self.image);
            total += self.r.iter().zip(&self.image).map(|(r, i)| (r.wide() - i.wide()).powi(2)).sum::<f64>();
        }
        total
    }

    /// `delta = Y'z` with `(Y Y' + lambda I) z = r`: with fewer observations than columns, also of least norm where
    /// `lambda` is 0.
    fn dual(&mut self, line: Line<'_, T>, ridge: Ridge<'_, T>) -> RowReport {
        let (k, stride, d) = (self.fixed.cols(), self.fixed.stride(), line.index.len());
        self.gather(line, 0, d, ridge.center);
        let side = d.next_multiple_of(T::LANES);
        self.gram.clear();
        self.gram.resize(d * side, T::default());
        for a in 0..d {
            for b in a..d {
                let (ya, yb) =
                    (&self.tile[a * stride..(a + 1) * stride], &self.tile[b * stride..(b + 1) * stride]);
                self.gram[a * side + b] = tile::dot(ya, yb);
            }
        }
        let size = (0..d).map(|l| self.gram[l * side + l].wide()).fold(0.0, f64::max);
        let spare = (ridge.strength == 0.0).then(|| self.gram.clone());
        (0..d).for_each(|l| self.gram[l * side + l] += T::narrow(ridge.strength));
        let floor = T::narrow(8.0 * d as f64 * T::ROUNDING * (size + ridge.strength));
        let mut z = self.r.clone();
        if tile::cholesky(&mut self.gram, d, side, floor) {
            tile::cholesky_solve(&self.gram, d, side, &mut z);
        } else if let Some(gram) = spare {
            let mut h = Square::zeros(d);
            for a in 0..d {
                for b in a..d {
                    let v = gram[a * side + b].wide();
                    h.column_mut(a)[b] = v;
                    h.column_mut(b)[a] = v;
                }
            }
            let b: Vec<f64> = self.r.iter().map(|v| v.wide()).collect();
            let found = minimum_norm(&h, &b, 8.0 * d as f64 * T::ROUNDING);
            z.iter_mut().zip(found).for_each(|(z, v)| *z = T::narrow(v));
        } else {
            z.fill(T::default());
        }
        self.delta.fill(T::default());
        tile::add_transposed_times(&self.tile, stride, &z, &mut self.delta);
        RowReport {
            squares: self.squares(line, ridge.center, true),
            underdetermined: ridge.strength == 0.0,
            flops: (d * d * k + d * d * d / 3 + 6 * d * k) as u64,
            ..RowReport::default()
        }
    }

    /// With a sketch for a preconditioner; directly where the sketch finds columns that depend on one another.
    fn sketched(
        &mut self,
        line: Line<'_, T>,
        ridge: Ridge<'_, T>,
        how: Sketching,
        stream: u64,
        accuracy: Accuracy,
    ) -> RowReport {
        let (k, stride, d) = (self.fixed.cols(), self.fixed.stride(), line.index.len());
        self.gather(line, 0, d, ridge.center);
        let total = line.weight.map_or(d as f64, |w| w.iter().map(|w| w.wide()).sum());
        let system = sketched::System { tile: &self.tile, stride, k, strength: ridge.strength, total };
        let (b, x) = (&mut self.r, &mut self.delta);
        match sketched::solve(system, b, x, how, stream, accuracy, &mut self.sketched) {
            Some(found) => RowReport {
                steps: found.steps,
                gradient: found.gradient,
                squares: self.r.iter().map(|r| r.wide() * r.wide()).sum(),
                error: found.error,
                underdetermined: false,
                flops: found.flops,
            },
            None => self.direct(line, ridge),
        }
    }

    /// On the normal equations, through the observations: two passes over the tile for each step.
    fn conjugate_gradient(
        &mut self,
        line: Line<'_, T>,
        ridge: Ridge<'_, T>,
        curvature: &[f64],
        accuracy: Accuracy,
    ) -> RowReport {
        let (k, stride, d) = (self.fixed.cols(), self.fixed.stride(), line.index.len());
        self.gather(line, 0, d, ridge.center);
        let total = line.weight.map_or(d as f64, |w| w.iter().map(|w| w.wide()).sum());
        let lambda = T::narrow(ridge.strength);
        self.image.resize(d, T::default());
        tile::times(&self.tile, stride, &self.delta, &mut self.image);
        self.r.iter_mut().zip(&self.image).for_each(|(r, i)| *r -= *i);
        let mut report = RowReport { flops: (8 * d * k) as u64, ..RowReport::default() };
        let mut gamma = self.slope(lambda, curvature, total, ridge.strength);
        let first = gamma;
        self.direction.copy_from_slice(&self.preconditioned);
        loop {
            report.gradient = self.gradient.iter().map(|g| g.wide() * g.wide()).sum::<f64>().sqrt();
            let small = gamma <= accuracy.reduction * accuracy.reduction * first
                || report.gradient <= accuracy.gradient * total;
            if small && report.steps > 0 || !(gamma > 0.0) || report.steps >= accuracy.max_steps.min(2 * k) {
                break;
            }
            tile::times(&self.tile, stride, &self.direction, &mut self.image);
            let norm = |v: &[T]| v.iter().map(|v| v.wide() * v.wide()).sum::<f64>();
            let bend = norm(&self.image) + ridge.strength * norm(&self.direction);
            if !(bend > 0.0) || !bend.is_finite() {
                break;
            }
            let alpha = T::narrow(gamma / bend);
            self.delta.iter_mut().zip(&self.direction).for_each(|(x, p)| *x += alpha * *p);
            self.r.iter_mut().zip(&self.image).for_each(|(r, q)| *r -= alpha * *q);
            let next = self.slope(lambda, curvature, total, ridge.strength);
            let beta = T::narrow(next / gamma);
            self.direction.iter_mut().zip(&self.preconditioned).for_each(|(p, z)| *p = *z + beta * *p);
            gamma = next;
            report.steps += 1;
            report.flops += (4 * d * k + 10 * k) as u64;
        }
        report.squares = self.r.iter().map(|r| r.wide() * r.wide()).sum();
        report
    }

    /// The gradient `Y'r - lambda delta`, and what the preconditioner makes of it; gives their product.
    fn slope(&mut self, lambda: T, curvature: &[f64], total: f64, strength: f64) -> f64 {
        self.gradient.iter_mut().zip(&self.delta).for_each(|(g, x)| *g = -(lambda * *x));
        tile::add_transposed_times(&self.tile, self.fixed.stride(), &self.r, &mut self.gradient);
        let mut product = 0.0;
        for (l, curvature) in curvature.iter().enumerate() {
            let g = self.gradient[l].wide();
            let diagonal = total * curvature + strength;
            let z = if diagonal > 0.0 { g / diagonal } else { 0.0 };
            self.preconditioned[l] = T::narrow(z);
            product += g * z;
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(n: usize, k: usize) -> Tall<f64> {
        let mut y = Tall::zeros(n, k).unwrap();
        for i in 0..n {
            y.row_mut(i)
                .iter_mut()
                .enumerate()
                .for_each(|(l, v)| *v = ((i * i * 12 + i * l * 7 + l) as f64 * 0.37).sin());
        }
        y
    }

    const EXACT: Accuracy = Accuracy { reduction: 1e-13, gradient: 0.0, max_steps: 1000 };

    #[test]
    fn the_three_ways_agree_and_leave_no_gradient() {
        let (n, k) = (60, 6);
        let y = factor(n, k);
        for (d, strength, weighted, centered) in [
            (40, 0.0, false, false),
            (40, 0.3, true, true),
            (4, 0.2, true, true),
            (5, 0.1, false, false),
            (200, 0.0, true, false),
        ] {
            let index: Vec<u32> = (0..d).map(|e| (e * 7 % n) as u32).collect();
            let value: Vec<f64> = (0..d).map(|e| (e as f64).cos()).collect();
            let weight: Vec<f64> = (0..d).map(|e| 0.5 + (e % 3) as f64).collect();
            let line = Line { index: &index, value: &value, weight: weighted.then_some(&weight[..]) };
            let center: Vec<f64> = (0..k).map(|l| 0.1 * l as f64).collect();
            let ridge = Ridge { strength, center: centered.then_some(&center[..]) };
            let mut answers = Vec::new();
            for way in [Way::Direct, Way::Dual, Way::ConjugateGradient] {
                if way == Way::Dual && d >= k {
                    continue;
                }
                let mut x = vec![0.5; k];
                let report = Bench::new(&y).solve(line, ridge, way, &[0.5; 6], EXACT, &mut x);
                let mut squares = 0.0;
                let mut gradient = vec![0.0; k];
                for e in 0..d {
                    let row = y.row(index[e] as usize);
                    let w = if weighted { weight[e] } else { 1.0 };
                    let r = value[e] - row.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>();
                    squares += w * r * r;
                    gradient.iter_mut().zip(row).for_each(|(g, y)| *g += w * r * y);
                }
                for l in 0..k {
                    let c = if centered { center[l] } else { 0.0 };
                    assert!((gradient[l] - strength * (x[l] - c)).abs() < 1e-9, "{way:?} {d}: {gradient:?}");
                }
                assert!((report.squares - squares).abs() < 1e-9, "{way:?}");
                answers.push(x);
            }
            for answer in &answers[1..] {
                answer.iter().zip(&answers[0]).for_each(|(a, b)| assert!((a - b).abs() < 1e-8));
            }
        }
    }

    #[test]
    fn a_row_that_is_not_determined_gets_the_solution_of_least_norm() {
        let y = factor(30, 4);
        // The same row twice, and one more: rank 2 of 4.
        let line = Line { index: &[3, 3, 8], value: &[1.0, 1.0, -2.0], weight: None };
        let free = Ridge { strength: 0.0, center: None };
        let mut answers = Vec::new();
        for way in [Way::Direct, Way::Dual] {
            let mut x = vec![7.0; 4];
            let report = Bench::new(&y).solve(line, free, way, &[1.0; 4], EXACT, &mut x);
            assert!(report.underdetermined && report.squares < 1e-20, "{way:?} {report:?}");
            answers.push(x);
        }
        answers[0].iter().zip(&answers[1]).for_each(|(a, b)| assert!((a - b).abs() < 1e-10));
        // Of least norm: a combination of the two rows.
        let tiny = Ridge { strength: 1e-9, center: None };
        let mut x = vec![0.0; 4];
        Bench::new(&y).solve(line, tiny, Way::Dual, &[1.0; 4], EXACT, &mut x);
        answers[0].iter().zip(&x).for_each(|(a, b)| assert!((a - b).abs() < 1e-6));
    }

    #[test]
    fn no_observation_leaves_the_centre() {
        let y = factor(5, 2);
        let line = Line { index: &[], value: &[], weight: None };
        let mut x = vec![3.0; 2];
        let ridge = Ridge { strength: 1.0, center: Some(&[0.5, 0.25][..]) };
        Bench::new(&y).solve(line, ridge, Way::Direct, &[1.0; 2], EXACT, &mut x);
        assert_eq!(x, [0.5, 0.25]);
        Bench::new(&y).solve(
            line,
            Ridge { strength: 0.0, center: None },
            Way::Direct,
            &[1.0; 2],
            EXACT,
            &mut x,
        );
        assert_eq!(x, [0.0, 0.0]);
    }
}
