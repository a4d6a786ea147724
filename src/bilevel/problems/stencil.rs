//! Forward differences on a grid, `D x`, and sums `D' p` of fluxes.
//!
//! Images are stored row after row. `(D x)_ij = (x_(i,j+1) - x_ij, x_(i+1,j) - x_ij)`, with 0 where there is no
//! neighbour (Neumann). `|D|^2 <= 8`, and 4 for a single row or column; the pair of a pixel has `|D_ij|^2 <= 3`, a
//! single difference 2.

use super::check;
use crate::runtime::{Error, ErrorKind, Result};

/// The size of an image: a signal has one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Rows.
    pub height: usize,
    /// Columns: neighbours in memory.
    pub width: usize,
}

impl Grid {
    /// Pixels. Errors: none, or more than memory could hold.
    pub fn pixels(self) -> Result<usize> {
        check::at_least_one("height", self.height)?;
        check::at_least_one("width", self.width)?;
        let pixels = self.height.checked_mul(self.width).filter(|n| *n <= isize::MAX as usize / 64);
        pixels.ok_or_else(|| {
            Error::new(ErrorKind::Argument, "grid")
                .expected("a size that fits in memory")
                .found(format!("{} x {}", self.height, self.width))
        })
    }

    /// At least `|D|^2`.
    pub fn squared_norm(self) -> f64 {
        let along = |n: usize| if n > 1 { 4.0 } else { 0.0 };
        along(self.height) + along(self.width)
    }

    /// At least the largest `|D_ij|^2` of a pair.
    pub fn squared_row_norm(self) -> f64 {
        if self.height > 1 && self.width > 1 { 3.0 } else { 2.0 }
    }
}

/// Room for the differences of one row of pixels.
#[derive(Debug, Clone)]
pub struct RowPair {
    along: Vec<f64>,
    down: Vec<f64>,
}

impl RowPair {
    /// For the rows of a grid.
    pub fn new(grid: Grid) -> Self {
        Self { along: vec![0.0; grid.width], down: vec![0.0; grid.width] }
    }
}

/// For each row of pixels: writes its differences, lets `visit(first, along, down)` have them, `first` being the index
/// of the row's first pixel.
#[inline(always)]
pub fn for_each_row(
    grid: Grid,
    x: &[f64],
    pair: &mut RowPair,
    mut visit: impl FnMut(usize, &mut [f64], &mut [f64]),
) {
    let width = grid.width;
    for i in 0..grid.height {
        let first = i * width;
        differences(grid, i, x, &mut pair.along, &mut pair.down);
        visit(first, &mut pair.along, &mut pair.down);
    }
}

/// `out += D' p` where `visit` turns the differences `D x` of each row into the fluxes `p`.
#[inline(always)]
pub fn add_divergence(
    grid: Grid,
    x: &[f64],
    pair: &mut RowPair,
    out: &mut [f64],
    mut visit: impl FnMut(usize, &mut [f64], &mut [f64]),
) {
    for_each_row(grid, x, pair, |first, along, down| {
        visit(first, along, down);
        scatter(grid, first, along, down, out);
    });
}

/// Differences of row `i`.
#[inline(always)]
fn differences(grid: Grid, i: usize, x: &[f64], along: &mut [f64], down: &mut [f64]) {
    let width = grid.width;
    let row = &x[i * width..(i + 1) * width];
    for ((a, x), next) in along.iter_mut().zip(row).zip(&row[1..]) {
        *a = next - x;
    }
    along[width - 1] = 0.0;
    if i + 1 < grid.height {
        let below = &x[(i + 1) * width..(i + 2) * width];
        for ((d, x), next) in down.iter_mut().zip(row).zip(below) {
            *d = next - x;
        }
    } else {
        down.fill(0.0);
    }
}

/// Adds `D'` of the fluxes of one row. Fluxes of differences that are not there must be 0.
#[inline(always)]
fn scatter(grid: Grid, first: usize, along: &[f64], down: &[f64], out: &mut [f64]) {
    let width = grid.width;
    let (own, below) = out[first..].split_at_mut(width);
    for ((o, a), d) in own.iter_mut().zip(along).zip(down) {
        *o -= a + d;
    }
    for (o, a) in own[1..].iter_mut().zip(along) {
        *o += a;
    }
    for (o, d) in below.iter_mut().zip(down) {
        *o += d;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::kernels::dot;

    #[test]
    fn the_divergence_is_the_adjoint_and_norms_are_bounds() {
        for (height, width) in [(1, 1), (1, 7), (7, 1), (5, 6), (40, 40)] {
            let grid = Grid { height, width };
            let n = grid.pixels().unwrap();
            let mut pair = RowPair::new(grid);
            // Power iteration on D'D, from the roughest image.
            let mut x: Vec<f64> = (0..n)
                .map(|k| if (k / width + k % width) % 2 == 0 { 1.0 } else { -1.01 } + (k as f64).sin() * 0.1)
                .collect();
            for _ in 0..30 {
                let (mut out, mut energy, mut largest) = (vec![0.0; n], 0.0, 0.0_f64);
                add_divergence(grid, &x, &mut pair, &mut out, |_, a, d| energy += dot(a, a) + dot(d, d));
                for_each_row(grid, &x, &mut pair, |_, a, d| {
                    let squares = a.iter().zip(d.iter()).map(|(a, d)| a * a + d * d);
                    largest = squares.fold(largest, f64::max);
                });
                let size = dot(&x, &x);
                assert!((dot(&x, &out) - energy).abs() <= 1e-12 * (energy + size));
                assert!(energy <= grid.squared_norm() * size * (1.0 + 1e-12));
                assert!(largest <= grid.squared_row_norm() * size * (1.0 + 1e-12));
                if n > 1 && energy > 0.0 {
                    let scale = dot(&out, &out).sqrt();
                    x = out.iter().map(|o| o / scale).collect();
                }
            }
            if n == 1600 {
                let mut energy = 0.0;
                for_each_row(grid, &x, &mut pair, |_, a, d| energy += dot(a, a) + dot(d, d));
                assert!(energy > 0.95 * grid.squared_norm());
            }
        }
        assert!(
            Grid { height: 0, width: 3 }.pixels().is_err()
                && Grid { height: 1 << 40, width: 1 << 40 }.pixels().is_err()
        );
    }
}
