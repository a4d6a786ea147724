//! The orthonormal two-dimensional cosine transform (DCT-II), by products with its matrices: `F x = C_h X C_w'`.
//!
//! `C_n` has the entries `sqrt(2/n) cos(pi (2 i + 1) k / (2 n))`, row 0 over `sqrt 2`. A transform costs `2 height
//! width (height + width)` flops: right for the sizes that are met here, and without a library for the fast one.

use super::stencil::Grid;
use crate::numerics::kernels::{add, dot};

/// The transform of images of one size.
#[derive(Debug, Clone)]
pub struct CosineTransform {
    grid: Grid,
    /// `C_h` and `C_w`, row by row.
    down: Vec<f64>,
    along: Vec<f64>,
}

impl CosineTransform {
    /// The matrices of a size.
    pub fn new(grid: Grid) -> Self {
        Self { grid, down: matrix(grid.height), along: matrix(grid.width) }
    }

    /// `out = F x`; `rows` has room for an image.
    pub fn forward(&self, x: &[f64], rows: &mut [f64], out: &mut [f64]) {
        let Grid { height, width } = self.grid;
        for (row, x) in rows.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            row.iter_mut().zip(self.along.chunks_exact(width)).for_each(|(o, c)| *o = dot(c, x));
        }
        out.fill(0.0);
        for (out, c) in out.chunks_exact_mut(width).zip(self.down.chunks_exact(height)) {
            rows.chunks_exact(width).zip(c).for_each(|(row, c)| add(*c, row, out));
        }
    }

    /// `out = F' y`, the inverse; `rows` has room for an image.
    pub fn inverse(&self, y: &[f64], rows: &mut [f64], out: &mut [f64]) {
        let Grid { height, width } = self.grid;
        rows.fill(0.0);
        for (y, c) in y.chunks_exact(width).zip(self.down.chunks_exact(height)) {
            rows.chunks_exact_mut(width).zip(c).for_each(|(row, c)| add(*c, y, row));
        }
        out.fill(0.0);
        for (out, row) in out.chunks_exact_mut(width).zip(rows.chunks_exact(width)) {
            self.along.chunks_exact(width).zip(row).for_each(|(c, r)| add(*r, c, out));
        }
    }
}

fn matrix(n: usize) -> Vec<f64> {
    let entry = |k: usize, i: usize| {
        let scale = if k == 0 { 1.0 } else { 2.0 };
        // The angle modulo a period, in whole numbers: large sizes keep their digits.
        let turns = ((2 * i + 1) * k) % (4 * n);
        (scale / n as f64).sqrt() * (std::f64::consts::PI * turns as f64 / (2 * n) as f64).cos()
    };
    (0..n).flat_map(|k| (0..n).map(move |i| (k, i))).map(|(k, i)| entry(k, i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_orthonormal_and_finds_waves() {
        for (height, width) in [(1, 1), (1, 9), (6, 1), (7, 12)] {
            let transform = CosineTransform::new(Grid { height, width });
            let x: Vec<f64> = (0..height * width).map(|k| (k as f64 * 1.3).sin()).collect();
            let (mut y, mut back, mut rows) = (x.clone(), x.clone(), x.clone());
            transform.forward(&x, &mut rows, &mut y);
            transform.inverse(&y, &mut rows, &mut back);
            assert!((dot(&x, &x) - dot(&y, &y)).abs() <= 1e-13 * dot(&x, &x));
            assert!(x.iter().zip(&back).all(|(x, b)| (x - b).abs() < 1e-14));
        }
        // A wave of frequency (2, 3) has one coefficient.
        let (height, width) = (8, 10);
        let wave = |n: usize, i: usize, k: f64| {
            (std::f64::consts::PI * (2 * i + 1) as f64 * k / (2 * n) as f64).cos()
        };
        let x: Vec<f64> =
            (0..height * width).map(|p| wave(height, p / width, 2.0) * wave(width, p % width, 3.0)).collect();
        let mut y = x.clone();
        CosineTransform::new(Grid { height, width }).forward(&x, &mut vec![0.0; 80], &mut y);
        let expected = (height as f64 / 2.0).sqrt() * (width as f64 / 2.0).sqrt();
        assert!(
            y.iter()
                .enumerate()
                .all(|(k, y)| (y - if k == 2 * width + 3 { expected } else { 0.0 }).abs() < 1e-13)
        );
    }
}
