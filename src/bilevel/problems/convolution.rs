//! Correlations of an image with small filters, `(C x)_ij = sum_ab c_ab x_(i+a-r, j+b-r)`, their adjoints, and bounds
//! of `|C|`.
//!
//! An image is first padded by its own pixels, so that the loops have no borders. An adjoint is a correlation of the
//! image padded by zeros with the reversed filter, whose borders are then folded back.

use super::check;
use super::stencil::Grid;
use crate::numerics::correlate::{by_taps, correlate};
use crate::runtime::{Error, ErrorKind, Result};

/// What is beyond the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The image mirrored, its edge repeated.
    Symmetric,
    /// The image again.
    Periodic,
}

/// Correlations of images of one size with `side x side` filters.
#[derive(Debug, Clone)]
pub struct Convolution {
    grid: Grid,
    side: usize,
    padded: Grid,
    boundary: Boundary,
    /// The row and the column of the image that each padded one repeats.
    row_of: Vec<usize>,
    column_of: Vec<usize>,
}

impl Convolution {
    /// Errors: filters of no taps, or wider than the image.
    pub fn new(grid: Grid, side: usize, boundary: Boundary) -> Result<Self> {
        check::at_least_one("side", side)?;
        grid.pixels()?;
        let smallest = grid.height.min(grid.width);
        if side > smallest {
            return Err(Error::new(ErrorKind::Argument, "side")
                .expected(format!("at most {smallest}, the shorter side of the image"))
                .found(side));
        }
        let before = (side - 1) / 2;
        let source =
            |n: usize| (0..n + side - 1).map(move |k| place(k, before, n, boundary)).collect::<Vec<_>>();
        let padded = Grid { height: grid.height + side - 1, width: grid.width + side - 1 };
        Ok(Self { grid, side, padded, boundary, row_of: source(grid.height), column_of: source(grid.width) })
    }

    /// Pixels of a padded image.
    pub fn padded_pixels(&self) -> usize {
        self.padded.height * self.padded.width
    }

    /// Pixels of an image that is padded for an adjoint.
    pub fn framed_pixels(&self) -> usize {
        let margin = 2 * (self.side - 1);
        (self.grid.height + margin) * (self.grid.width + margin)
    }

    /// The padded image.
    pub fn pad(&self, x: &[f64], padded: &mut [f64]) {
        for (out, row) in padded.chunks_exact_mut(self.padded.width).zip(&self.row_of) {
            let row = &x[row * self.grid.width..(row + 1) * self.grid.width];
            out.iter_mut().zip(&self.column_of).for_each(|(o, column)| *o = row[*column]);
        }
    }

    /// `out +=` the adjoint of [`Convolution::pad`].
    pub fn fold(&self, padded: &[f64], out: &mut [f64]) {
        for (from, row) in padded.chunks_exact(self.padded.width).zip(&self.row_of) {
            let row = &mut out[row * self.grid.width..(row + 1) * self.grid.width];
            from.iter().zip(&self.column_of).for_each(|(p, column)| row[*column] += p);
        }
    }

    /// `out += C x` for the padded image.
    pub fn add_correlation(&self, padded: &[f64], taps: &[f64], out: &mut [f64]) {
        correlate(padded, self.padded.width, taps, self.side, self.grid.width, out);
    }

    /// Writes `u` into the middle of a frame whose margin is 0 and stays so.
    pub fn frame(&self, u: &[f64], framed: &mut [f64]) {
        let margin = self.side - 1;
        let width = self.grid.width + 2 * margin;
        let rows = framed.chunks_exact_mut(width).skip(margin);
        rows.zip(u.chunks_exact(self.grid.width))
            .for_each(|(f, u)| f[margin..margin + u.len()].copy_from_slice(u));
    }

    /// Adds to the padded image what the adjoint of the correlation makes of a framed one; `reversed` are the taps, the
    /// last first.
    pub fn add_adjoint(&self, framed: &[f64], reversed: &[f64], padded: &mut [f64]) {
        let width = self.grid.width + 2 * (self.side - 1);
        correlate(framed, width, reversed, self.side, self.padded.width, padded);
    }

    /// `out_s = <u, S_s x>` for each tap `s`: the correlation of `u` with the padded `x`.
    pub fn by_taps(&self, u: &[f64], padded: &[f64], out: &mut [f64]) {
        by_taps(padded, self.padded.width, u, self.grid.width, self.side, out);
    }

    /// A bound of the largest eigenvalue of `sum_k w_k C_k' C_k`, for filters one after the other and weights `w >= 0`.
    ///
    /// On a torus that is the largest value of `p(omega) = sum_k w_k |c_k^(omega)|^2`, a trigonometric polynomial of
    /// degree `side - 1` in each variable, whose maximum is at most that over a grid of `n` points over `cos(pi (side -
    /// 1)/n)`, for each variable (Ehlich and Zeller, 1964). A mirrored image has the energy of 4 images on a torus of
    /// twice the size.
    pub fn largest_curvature(&self, filters: &[f64], weights: &[f64]) -> f64 {
        let degree = self.side - 1;
        let points = (16 * degree).max(16);
        let largest = largest_on_grid(&self.autocorrelation(filters, weights), 2 * self.side - 1, points);
        let between = (std::f64::consts::PI * degree as f64 / points as f64).cos();
        let rounding = 1.0 + 1e-12;
        let copies = if self.boundary == Boundary::Symmetric && self.side > 1 { 4.0 } else { 1.0 };
        copies * rounding * largest / (between * between)
    }

    /// A bound of the norm of a row of `C` over that of its taps: mirrored pixels can meet two taps in each direction.
    pub fn row_factor(&self) -> f64 {
        if self.boundary == Boundary::Symmetric && self.side > 1 { 2.0 } else { 1.0 }
    }

    /// The largest norm of the pixels that meet a filter.
    pub fn largest_patch(&self, x: &[f64]) -> f64 {
        let (mut padded, mut sums) = (vec![0.0; self.padded_pixels()], vec![0.0; x.len()]);
        let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
        self.pad(&squares, &mut padded);
        self.add_correlation(&padded, &vec![1.0; self.side * self.side], &mut sums);
        sums.into_iter().fold(0.0, f64::max).sqrt()
    }

    /// `sum_k w_k sum_s c_k(s) c_k(s + d)` for each shift `d`.
    fn autocorrelation(&self, filters: &[f64], weights: &[f64]) -> Vec<f64> {
        let (side, wide) = (self.side, 2 * self.side - 1);
        let mut sums = vec![0.0; wide * wide];
        for (taps, w) in filters.chunks_exact(side * side).zip(weights) {
            for (s, c) in taps.iter().enumerate() {
                for (t, d) in taps.iter().enumerate() {
                    let down = t / side + side - 1 - s / side;
                    let along = t % side + side - 1 - s % side;
                    sums[down * wide + along] += w * (c * d);
                }
            }
        }
        sums
    }
}

/// The index, in `0..n`, that padded index `k` repeats.
fn place(k: usize, before: usize, n: usize, boundary: Boundary) -> usize {
    match boundary {
        Boundary::Periodic => (k + n - before) % n,
        Boundary::Symmetric if k < before => before - 1 - k,
        Boundary::Symmetric if k - before < n => k - before,
        Boundary::Symmetric => 2 * n - 1 - (k - before),
    }
}

/// The largest value on a grid of `points x points` frequencies of `sum_d r_d cos(omega'd)`, `r` with `r_-d = r_d`
/// being `wide x wide`.
fn largest_on_grid(r: &[f64], wide: usize, points: usize) -> f64 {
    let centre = wide / 2;
    let angle = |k: usize| std::f64::consts::TAU * k as f64 / points as f64;
    let table: Vec<(f64, f64)> = (0..points).map(|k| (angle(k).cos(), angle(k).sin())).collect();
    // The phase of shift d, counted from the centre, at frequency k.
    let phase = |k: usize, d: usize| table[(k * (d + points * wide - centre)) % points];
    let mut largest = 0.0_f64;
    let mut rows = vec![(0.0, 0.0); wide];
    for k in 0..=points / 2 {
        for (along, row) in rows.iter_mut().enumerate() {
            *row = (0..wide).fold((0.0, 0.0), |(re, im), down| {
                let (c, s) = phase(k, down);
                (re + r[down * wide + along] * c, im + r[down * wide + along] * s)
            });
        }
        for l in 0..points {
            let terms = rows.iter().enumerate().map(|(along, (re, im))| {
                let (c, s) = phase(l, along);
                re * c - im * s
            });
            largest = largest.max(terms.sum());
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::kernels::dot;
    use crate::runtime::rng::{Purpose, Stream};

    fn random(count: usize, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed, Purpose::Probe, 0);
        (0..count).map(|_| stream.normal()).collect()
    }

    fn product(convolution: &Convolution, taps: &[f64], x: &[f64]) -> Vec<f64> {
        let (mut padded, mut out) = (vec![0.0; convolution.padded_pixels()], vec![0.0; x.len()]);
        convolution.pad(x, &mut padded);
        convolution.add_correlation(&padded, taps, &mut out);
        out
    }

    fn adjoint(convolution: &Convolution, taps: &[f64], u: &[f64]) -> Vec<f64> {
        let (mut framed, mut padded) =
            (vec![0.0; convolution.framed_pixels()], vec![0.0; convolution.padded_pixels()]);
        convolution.frame(u, &mut framed);
        let reversed: Vec<f64> = taps.iter().rev().copied().collect();
        convolution.add_adjoint(&framed, &reversed, &mut padded);
        let mut out = vec![0.0; u.len()];
        convolution.fold(&padded, &mut out);
        out
    }

    #[test]
    fn correlations_are_the_plain_sums_and_adjoints_are_adjoint() {
        for (height, width, side) in [(1, 1, 1), (3, 3, 3), (5, 40, 5), (20, 17, 4), (9, 33, 7)] {
            for boundary in [Boundary::Symmetric, Boundary::Periodic] {
                let grid = Grid { height, width };
                let convolution = Convolution::new(grid, side, boundary).unwrap();
                let (x, u, taps) =
                    (random(height * width, 1), random(height * width, 2), random(side * side, 3));
                let (cx, cu) = (product(&convolution, &taps, &x), adjoint(&convolution, &taps, &u));
                let beyond = |k: isize, n: usize| {
                    let n = n as isize;
                    let inside = match boundary {
                        Boundary::Periodic => k.rem_euclid(n),
                        Boundary::Symmetric if k < 0 => -1 - k,
                        Boundary::Symmetric if k >= n => 2 * n - 1 - k,
                        Boundary::Symmetric => k,
                    };
                    inside as usize
                };
                let before = ((side - 1) / 2) as isize;
                for i in 0..height {
                    for j in 0..width {
                        let tap = |s: usize| {
                            let row = beyond((i + s / side) as isize - before, height);
                            let column = beyond((j + s % side) as isize - before, width);
                            taps[s] * x[row * width + column]
                        };
                        let plain: f64 = (0..side * side).map(tap).sum();
                        assert!((plain - cx[i * width + j]).abs() < 1e-12);
                    }
                }
                assert!((dot(&cx, &u) - dot(&x, &cu)).abs() < 1e-11 * (1.0 + dot(&u, &u)));
                let (mut padded, mut by_taps) =
                    (vec![0.0; convolution.padded_pixels()], vec![0.0; side * side]);
                convolution.pad(&x, &mut padded);
                convolution.by_taps(&u, &padded, &mut by_taps);
                assert!((dot(&by_taps, &taps) - dot(&cx, &u)).abs() < 1e-11 * (1.0 + dot(&u, &u)));
            }
        }
    }

    #[test]
    fn the_bound_of_the_curvature_holds_and_is_near_on_a_torus() {
        let grid = Grid { height: 24, width: 24 };
        for boundary in [Boundary::Symmetric, Boundary::Periodic] {
            for side in [1, 3, 5] {
                let convolution = Convolution::new(grid, side, boundary).unwrap();
                let (filters, weights) = (random(3 * side * side, 4), [0.5, 2.0, 0.1]);
                let bound = convolution.largest_curvature(&filters, &weights);
                let (mut x, mut largest) = (random(576, 5), 0.0_f64);
                for _ in 0..300 {
                    let mut next = vec![0.0; 576];
                    for (taps, w) in filters.chunks_exact(side * side).zip(weights) {
                        let back = adjoint(&convolution, taps, &product(&convolution, taps, &x));
                        next.iter_mut().zip(back).for_each(|(n, b)| *n += w * b);
                    }
                    largest = dot(&x, &next) / dot(&x, &x);
                    let size = dot(&next, &next).sqrt();
                    x = next.iter().map(|n| n / size).collect();
                }
                assert!(bound >= largest, "{bound} {largest}");
                let near = if boundary == Boundary::Periodic { 1.15 } else { 4.6 };
                assert!(bound <= near * largest, "{boundary:?} {side} {bound} {largest}");
            }
        }
    }

    #[test]
    fn filters_that_do_not_fit_are_refused() {
        let grid = Grid { height: 4, width: 9 };
        assert!(Convolution::new(grid, 0, Boundary::Periodic).is_err());
        let message = Convolution::new(grid, 5, Boundary::Periodic).unwrap_err().to_string();
        assert!(message.contains("at most 4"), "{message}");
    }
}
