//! The smoothed total variation `V(x) = sum_j w_j [phi_v(|D x|_j) - v]` of an image, with one weight or one per pixel.
//!
//! Isotropic: `|D x|_j` is the length of the pair of differences of pixel `j`. Anisotropic: `phi_v` of each difference.
//! Gradient `D' (w D x/phi)`; Hessian `D' W D` with, for each pair `(a, d)`, the matrix
//! `W = w/phi^3 [[v^2 + d^2, -a d], [-a d, v^2 + a^2]]`, or `w v^2/phi^3` for each difference.
//!
//! The largest curvature is `|D|^2 max w/v`, the Lipschitz constant of the Hessian `0.859 |D|^2 max_j |D_j| max w/v^2`.

use super::smoothed_absolute::{THIRD, height, phi};
use super::stencil::{Grid, RowPair, add_divergence, for_each_row};
use crate::numerics::kernels::lane_sum;
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// How the two differences of a pixel come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coupling {
    /// The length of the pair: the same in all directions.
    Isotropic,
    /// Each by itself.
    Anisotropic,
}

/// The weights of the pixels.
#[derive(Debug)]
pub enum Weights<'w> {
    /// One for all: a row of it.
    Uniform(Vec<f64>),
    /// One per pixel.
    PerPixel(&'w [f64]),
}

impl Weights<'_> {
    /// The same weight for all pixels.
    pub fn uniform(weight: f64, grid: Grid) -> Self {
        Weights::Uniform(vec![weight; grid.width])
    }

    #[inline(always)]
    fn row(&self, first: usize, width: usize) -> &[f64] {
        match self {
            Weights::Uniform(row) => row,
            Weights::PerPixel(all) => &all[first..first + width],
        }
    }
}

/// The parameter that a mixed derivative is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// The logarithm of the weights.
    Weight,
    /// The logarithm of `v`.
    Smoothing,
}

/// The total variation of images of one size.
#[derive(Debug, Clone, Copy)]
pub struct Variation {
    /// The size.
    pub grid: Grid,
    /// Isotropic or not.
    pub coupling: Coupling,
}

impl Variation {
    /// `V(x)`; its gradient is added to `gradient`. Costs about 20 flops a pixel.
    pub fn value(self, x: &[f64], weights: &Weights<'_>, v: f64, gradient: &mut [f64]) -> f64 {
        let mut heights = vec![0.0; self.grid.width];
        let (mut pair, mut sum) = (RowPair::new(self.grid), 0.0);
        add_divergence(self.grid, x, &mut pair, gradient, |first, along, down| {
            let w = weights.row(first, along.len());
            match self.coupling {
                Coupling::Isotropic => isotropic(along, down, w, v, &mut heights),
                Coupling::Anisotropic => anisotropic(along, down, w, v, &mut heights),
            }
            sum += sum_in_lanes(&heights);
        });
        sum
    }

    /// `out += d(grad V)/dt`.
    pub fn add_mixed(self, x: &[f64], weights: &Weights<'_>, v: f64, by: Parameter, out: &mut [f64]) {
        let mut pair = RowPair::new(self.grid);
        add_divergence(self.grid, x, &mut pair, out, |first, along, down| {
            let w = weights.row(first, along.len());
            for ((a, d), w) in along.iter_mut().zip(down).zip(w) {
                let of_a = phi(*a * *a, v);
                let of_d = phi(*d * *d, v);
                let of_pair = phi(*a * *a + *d * *d, v);
                let (to_a, to_d) = match self.coupling {
                    Coupling::Isotropic => (of_pair, of_pair),
                    Coupling::Anisotropic => (of_a, of_d),
                };
                // By log v: -v^2/phi^3.
                let by = |phi: f64| match by {
                    Parameter::Weight => w / phi,
                    Parameter::Smoothing => -(w / phi) * (v / phi) * (v / phi),
                };
                (*a, *d) = (*a * by(to_a), *d * by(to_d));
            }
        });
    }

    /// `out_j = w_j (D x)_j . (D q)_j / phi_j`: derivatives of `q' grad V` by the logarithms of the weights of the
    /// pixels.
    pub fn mixed_by_pixel(self, x: &[f64], weights: &Weights<'_>, v: f64, q: &[f64], out: &mut [f64]) {
        let (mut of_x, mut of_q) = (RowPair::new(self.grid), RowPair::new(self.grid));
        let width = self.grid.width;
        // The unit fluxes of x first, then the products with the differences of q.
        let (mut along_x, mut down_x) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        for_each_row(self.grid, x, &mut of_x, |first, along, down| {
            self.unit_fluxes(along, down, v);
            along_x[first..first + width].copy_from_slice(along);
            down_x[first..first + width].copy_from_slice(down);
        });
        for_each_row(self.grid, q, &mut of_q, |first, along, down| {
            let w = weights.row(first, width);
            for j in 0..width {
                let k = first + j;
                out[k] = w[j] * (along_x[k] * along[j] + down_x[k] * down[j]);
            }
        });
    }

    /// `out += D' (u_j w_j (D x)_j / phi_j)`: the adjoint of [`Variation::mixed_by_pixel`].
    pub fn add_mixed_of_pixels(self, x: &[f64], weights: &Weights<'_>, v: f64, u: &[f64], out: &mut [f64]) {
        add_divergence(self.grid, x, &mut RowPair::new(self.grid), out, |first, along, down| {
            self.unit_fluxes(along, down, v);
            let w = weights.row(first, along.len());
            let u = &u[first..first + w.len()];
            for (((a, d), w), u) in along.iter_mut().zip(down).zip(w).zip(u) {
                (*a, *d) = (*a * w * u, *d * w * u);
            }
        });
    }

    /// Replaces differences by themselves over `phi`.
    #[inline(always)]
    fn unit_fluxes(self, along: &mut [f64], down: &mut [f64], v: f64) {
        for (a, d) in along.iter_mut().zip(down) {
            let (to_a, to_d) = match self.coupling {
                Coupling::Isotropic => (*d * *d, *a * *a),
                Coupling::Anisotropic => (0.0, 0.0),
            };
            (*a, *d) = (*a / phi(*a * *a + to_a, v), *d / phi(*d * *d + to_d, v));
        }
    }

    /// The Hessian at `x`. Errors: no memory.
    pub fn curvature(self, x: &[f64], weights: &Weights<'_>, v: f64) -> Result<Curvature> {
        let (Grid { height, width }, n) = (self.grid, x.len());
        let (mut aa, mut dd): (Vec<f64>, Vec<f64>) = (zeros("curvature", n)?, zeros("curvature", n)?);
        let mut ad: Vec<f64> = zeros("curvature", if self.coupling == Coupling::Isotropic { n } else { 0 })?;
        for_each_row(self.grid, x, &mut RowPair::new(self.grid), |first, along, down| {
            let (w, row) = (weights.row(first, width), first..first + width);
            let (aa, dd) = (&mut aa[row.clone()], &mut dd[row.clone()]);
            match self.coupling {
                Coupling::Isotropic => isotropic_curvature(along, down, w, v, aa, dd, &mut ad[row]),
                Coupling::Anisotropic => {
                    single_curvature(along, w, v, aa);
                    single_curvature(down, w, v, dd);
                }
            }
            // Differences that are not there have no curvature.
            aa[width - 1] = 0.0;
            if first / width + 1 == height {
                dd.fill(0.0);
            }
        });
        Ok(Curvature { grid: self.grid, aa, dd, ad })
    }

    /// Largest curvature, for the largest weight.
    pub fn largest_curvature(self, weight: f64, v: f64) -> f64 {
        self.grid.squared_norm() * weight / v
    }

    /// Lipschitz constant of the Hessian, for the largest weight.
    pub fn third(self, weight: f64, v: f64) -> f64 {
        THIRD * self.grid.squared_norm() * self.row_norm() * weight / (v * v)
    }

    /// At least the largest `|D_j|`.
    pub fn row_norm(self) -> f64 {
        match self.coupling {
            Coupling::Isotropic => self.grid.squared_row_norm().sqrt(),
            Coupling::Anisotropic => std::f64::consts::SQRT_2,
        }
    }
}

/// The Hessian `D' W D`: `W` for each pixel.
#[derive(Debug)]
pub struct Curvature {
    grid: Grid,
    aa: Vec<f64>,
    dd: Vec<f64>,
    /// Empty where differences are by themselves.
    ad: Vec<f64>,
}

impl Curvature {
    /// `out += D' W D u`. Costs about 10 flops a pixel.
    pub fn add_product(&self, u: &[f64], pair: &mut RowPair, out: &mut [f64]) {
        if self.ad.is_empty() {
            add_divergence(self.grid, u, pair, out, |first, along, down| {
                let row = first..first + along.len();
                let w = self.aa[row.clone()].iter().zip(&self.dd[row]);
                for ((a, d), (aa, dd)) in along.iter_mut().zip(down).zip(w) {
                    (*a, *d) = (aa * *a, dd * *d);
                }
            });
        } else {
            add_divergence(self.grid, u, pair, out, |first, along, down| {
                let row = first..first + along.len();
                let w = self.aa[row.clone()].iter().zip(&self.dd[row.clone()]).zip(&self.ad[row]);
                for ((a, d), ((aa, dd), ad)) in along.iter_mut().zip(down).zip(w) {
                    (*a, *d) = (aa * *a + ad * *d, ad * *a + dd * *d);
                }
            });
        }
    }

    /// Adds the diagonal of the Hessian.
    pub fn add_diagonal(&self, out: &mut [f64]) {
        let Grid { height, width } = self.grid;
        for i in 0..height {
            for j in 0..width {
                let k = i * width + j;
                let both = self.ad.get(k).map_or(0.0, |ad| 2.0 * ad);
                let left = if j > 0 { self.aa[k - 1] } else { 0.0 };
                let above = if i > 0 { self.dd[k - width] } else { 0.0 };
                out[k] += self.aa[k] + self.dd[k] + both + left + above;
            }
        }
    }
}

/// Turns differences into fluxes `w D x / phi`, and gives `w (phi - v)`.
#[inline(always)]
fn isotropic(along: &mut [f64], down: &mut [f64], w: &[f64], v: f64, heights: &mut [f64]) {
    for (((a, d), w), height_of) in along.iter_mut().zip(down).zip(w).zip(heights) {
        let square = *a * *a + *d * *d;
        let phi = phi(square, v);
        *height_of = w * height(square, phi, v);
        let scale = w / phi;
        (*a, *d) = (scale * *a, scale * *d);
    }
}

#[inline(always)]
fn anisotropic(along: &mut [f64], down: &mut [f64], w: &[f64], v: f64, heights: &mut [f64]) {
    for (((a, d), w), height_of) in along.iter_mut().zip(down).zip(w).zip(heights) {
        let (aa, dd) = (*a * *a, *d * *d);
        let (of_a, of_d) = (phi(aa, v), phi(dd, v));
        *height_of = w * (height(aa, of_a, v) + height(dd, of_d, v));
        (*a, *d) = (w / of_a * *a, w / of_d * *d);
    }
}

/// `W` of pairs, without the cancellation of `1/phi - a^2/phi^3`.
#[inline(always)]
fn isotropic_curvature(
    along: &[f64],
    down: &[f64],
    w: &[f64],
    v: f64,
    aa: &mut [f64],
    dd: &mut [f64],
    ad: &mut [f64],
) {
    let out = aa.iter_mut().zip(dd).zip(ad);
    for ((((aa, dd), ad), (a, d)), w) in out.zip(along.iter().zip(down)).zip(w) {
        let over = 1.0 / phi(a * a + d * d, v);
        let (a, d, v, w) = (a * over, d * over, v * over, w * over);
        *aa = w * (v * v + d * d);
        *dd = w * (v * v + a * a);
        *ad = -w * (a * d);
    }
}

#[inline(always)]
fn single_curvature(differences: &[f64], w: &[f64], v: f64, out: &mut [f64]) {
    for ((o, a), w) in out.iter_mut().zip(differences).zip(w) {
        let over = 1.0 / phi(a * a, v);
        *o = w * over * (v * over) * (v * over);
    }
}

/// A sum in 8 lanes, added in a fixed order.
fn sum_in_lanes(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let chunks = values.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().sum();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(l, v)| *l += v);
    }
    lane_sum(lanes) + rest
}
