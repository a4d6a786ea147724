//! Kernel ridge regression: the lower variable is `alpha`, `h = 1/2 alpha'(K + n lambda I) alpha - y'alpha` with
//! `lambda = exp(t_0)` and `K_ij = exp(-1/2 sum_f exp(-2 t_f) (x_if - x_jf)^2)`, one length scale `exp(t_f)` for all
//! features or one for each. The upper level is half the mean squared error of predictions, `g = 1/(2m) |K_v(theta)
//! alpha - y_v|^2`, which depends on theta itself too.
//!
//! | derivative or constant | formula |
//! |---|---|
//! | `B`, `t_0` | `n lambda alpha` |
//! | `B`, `t_f` | `(K .* D_f) alpha`, `D_f = exp(-2 t_f) (x_if - x_jf)^2` |
//! | `mu` | `n lambda` |
//! | `L` | the largest row sum of `K`, plus `n lambda` |
//! | `L_A` | 0 |
//! | `L_B` | `sqrt((n lambda)^2 + (2 n/e)^2)`, as `D exp(-D/2) <= 2/e` for `D = sum_f D_f` |
//! | `L_g` | `n`: at least `\|K_v\|^2/m`, whatever theta is |
//!
//! `grad_theta g` is quadratic in `alpha` and has no Lipschitz constant that holds for every `alpha`, but on balls
//! ([`KernelRidge::local_upper_lipschitz`]).

use super::super::problem::{
    Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants,
};
use super::check::{self, exponential, exponentials};
use super::design::Design;
use super::pivoted_cholesky::PivotedCholesky;
use super::samples::Task;
use crate::numerics::Matrix;
use crate::numerics::kernels::{add, dot};
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};
use std::cell::OnceCell;
use std::sync::{Arc, Mutex, PoisonError};

/// Columns of the preconditioner.
const RANK: usize = 96;

/// Whether features share a length scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// One for all.
    Shared,
    /// One for each.
    PerFeature,
}

/// Kernel ridge regression with a Gaussian kernel.
#[derive(Debug)]
pub struct KernelRidge {
    /// Features, one after the other.
    x: Vec<Vec<f64>>,
    x_v: Vec<Vec<f64>>,
    y: Vec<f64>,
    y_v: Vec<f64>,
    lengths: Lengths,
    /// The kernels of the last length scales: evaluations at one theta come in a row. It changes no result.
    last: Mutex<Option<Arc<Kernels>>>,
}

/// Both kernel matrices at some length scales.
#[derive(Debug)]
struct Kernels {
    scales: Vec<f64>,
    /// Features over their length scales.
    x: Vec<Vec<f64>>,
    x_v: Vec<Vec<f64>>,
    /// `K`, and `K_v` row by row.
    k: Vec<f64>,
    k_v: Vec<f64>,
    largest_row_sum: f64,
}

impl KernelRidge {
    /// Errors: tables without rows or columns or of different columns, entries that are not finite, a matrix by
    /// callbacks. Memory for `n (n + m)` numbers is taken at the first evaluation.
    pub fn new(task: Task, lengths: Lengths) -> Result<Self> {
        let Task { training, validation } = task;
        for (name, data) in [("training", &training), ("validation", &validation)] {
            check::length(&format!("{name}.y"), data.x.rows(), data.y.len())?;
            check::finite(&format!("{name}.y"), &data.y)?;
        }
        let (x, x_v) = (features("training.x", training.x)?, features("validation.x", validation.x)?);
        if x.len() != x_v.len() {
            return Err(Error::new(ErrorKind::Argument, "validation.x.cols")
                .expected(format!("{}, as many as for training", x.len()))
                .found(x_v.len()));
        }
        Ok(Self { x, x_v, y: training.y, y_v: validation.y, lengths, last: Mutex::new(None) })
    }

    /// A Lipschitz constant of `alpha -> grad_theta g` on the ball of `radius` around `alpha`.
    ///
    /// With `r = K_v alpha - y_v` and `K_f = K_v .* D_f` the derivative of entry `f` is `(K_v' K_f alpha + K_f' r)/m`;
    /// `|K_v|^2 <= n m`, and `|K_f|^2` are in sum at most `(2/e)^2 n m`.
    pub fn local_upper_lipschitz(&self, alpha: &[f64], radius: f64, theta: &[f64]) -> Evaluated<f64> {
        check::arguments(self, 0, alpha, theta)?;
        let (kernels, n, m) = (self.kernels(theta)?, self.y.len() as f64, self.y_v.len() as f64);
        let rows = kernels.k_v.chunks_exact(alpha.len()).zip(&self.y_v);
        let residual =
            rows.map(|(row, y)| (dot(row, alpha) - y).powi(2)).sum::<f64>().sqrt() + (n * m).sqrt() * radius;
        let size = dot(alpha, alpha).sqrt() + radius;
        Ok(2.0 / std::f64::consts::E * (n * size + (n / m).sqrt() * residual))
    }

    fn kernels(&self, theta: &[f64]) -> Evaluated<Arc<Kernels>> {
        let scales = exponentials(&theta[1..])?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernels) = last.as_ref().filter(|kernels| kernels.scales == scales) {
            return Ok(kernels.clone());
        }
        *last = None;
        let kernels = Arc::new(self.evaluate(scales).map_err(Refusal::Failed)?);
        *last = Some(kernels.clone());
        Ok(kernels)
    }

    fn evaluate(&self, scales: Vec<f64>) -> Result<Kernels> {
        let scaled = |features: &[Vec<f64>]| {
            let of = |(f, x): (usize, &Vec<f64>)| x.iter().map(|x| x / scales[self.place(f)]).collect();
            features.iter().enumerate().map(of).collect::<Vec<Vec<f64>>>()
        };
        let (x, x_v) = (scaled(&self.x), scaled(&self.x_v));
        let n = self.y.len();
        let mut k: Vec<f64> = zeros("kernel", n.saturating_mul(n))?;
        let mut k_v: Vec<f64> = zeros("kernel", n.saturating_mul(self.y_v.len()))?;
        fill(&x, &x, &mut k);
        fill(&x_v, &x, &mut k_v);
        let largest_row_sum = k.chunks_exact(n).map(|row| row.iter().sum::<f64>()).fold(0.0, f64::max);
        Ok(Kernels { scales, x, x_v, k, k_v, largest_row_sum })
    }

    /// The length scale of a feature.
    fn place(&self, f: usize) -> usize {
        if self.lengths == Lengths::Shared { 0 } else { f }
    }

    /// `out_f += sum_ij r_i K_ij D_f,ij a_j` for rows at `left`.
    fn add_slopes(
        &self,
        left: &[Vec<f64>],
        kernels: &Kernels,
        k: &[f64],
        r: &[f64],
        a: &[f64],
        out: &mut [f64],
    ) {
        let mut terms = vec![0.0; a.len()];
        for ((i, r), row) in r.iter().enumerate().zip(k.chunks_exact(a.len())) {
            terms.iter_mut().zip(row).zip(a).for_each(|((t, k), a)| *t = r * k * a);
            for (f, (left, x)) in left.iter().zip(&kernels.x).enumerate() {
                let squares = terms.iter().zip(x).map(|(t, x)| t * (x - left[i]) * (x - left[i]));
                out[self.place(f)] += squares.sum::<f64>();
            }
        }
    }
}

/// The columns of a matrix as numbers.
fn features(subject: &str, x: Matrix<'static>) -> Result<Vec<Vec<f64>>> {
    let design = Design::new(subject, x, false)?;
    let x = design.matrix();
    let mut columns = Vec::with_capacity(x.cols());
    for j in 0..x.cols() {
        let mut column: Vec<f64> = zeros(subject, x.rows())?;
        x.for_each(j, |r, a| column[r] = a);
        columns.push(column);
    }
    Ok(columns)
}

/// `k_ij = exp(-1/2 |l_i - x_j|^2)`, row by row.
fn fill(left: &[Vec<f64>], x: &[Vec<f64>], k: &mut [f64]) {
    let n = x[0].len();
    for (i, row) in k.chunks_exact_mut(n).enumerate() {
        for (left, x) in left.iter().zip(x) {
            row.iter_mut().zip(x).for_each(|(k, x)| *k += (x - left[i]) * (x - left[i]));
        }
        row.iter_mut().for_each(|k| *k = (-0.5 * *k).exp());
    }
}

impl Problem for KernelRidge {
    fn parameters(&self) -> usize {
        1 + if self.lengths == Lengths::Shared { 1 } else { self.x.len() }
    }

    fn samples(&self) -> usize {
        1
    }

    fn variables(&self, _sample: usize) -> usize {
        self.y.len()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let kernels = self.kernels(theta)?;
        let nu = self.y.len() as f64 * exponential(theta[0])?;
        for ((g, row), a) in gradient.iter_mut().zip(kernels.k.chunks_exact(x.len())).zip(x) {
            *g = dot(row, x) + nu * a;
        }
        let value = 0.5 * dot(gradient, x) - dot(&self.y, x);
        gradient.iter_mut().zip(&self.y).for_each(|(g, y)| *g -= y);
        Ok(value)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let kernels = self.kernels(theta)?;
        let nu = self.y.len() as f64 * exponential(theta[0])?;
        Ok(Box::new(KernelAt { problem: self, kernels, nu, x, factor: OnceCell::new() }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let (kernels, n) = (self.kernels(theta)?, self.y.len() as f64);
        let nu = n * exponential(theta[0])?;
        Ok(LowerConstants {
            mu: nu,
            l: kernels.largest_row_sum * (1.0 + n * f64::EPSILON) + nu,
            l_a: 0.0,
            l_b: nu.hypot(2.0 * n / std::f64::consts::E),
            rigor: Rigor::Proven,
        })
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (kernels, m) = (self.kernels(theta)?, self.y_v.len() as f64);
        let rows = || kernels.k_v.chunks_exact(x.len());
        let residual: Vec<f64> = rows().zip(&self.y_v).map(|(row, y)| dot(row, x) - y).collect();
        in_x.fill(0.0);
        rows().zip(&residual).for_each(|(row, r)| add(r / m, row, in_x));
        in_theta.fill(0.0);
        self.add_slopes(&kernels.x_v, &kernels, &kernels.k_v, &residual, x, &mut in_theta[1..]);
        in_theta.iter_mut().for_each(|t| *t /= m);
        Ok(0.5 * dot(&residual, &residual) / m)
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        UpperConstants {
            l_g: self.y.len() as f64,
            l_g_theta: f64::NAN,
            convex: true,
            squared_distance: None,
            rigor: Rigor::Proven,
        }
    }

    /// A product with the kernel.
    fn flops(&self, _sample: usize) -> u64 {
        let n = self.y.len() as u64;
        2 * n * n
    }
}

struct KernelAt<'a> {
    problem: &'a KernelRidge,
    kernels: Arc<Kernels>,
    nu: f64,
    x: &'a [f64],
    factor: OnceCell<PivotedCholesky>,
}

impl SecondOrder for KernelAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let rows = self.kernels.k.chunks_exact(v.len());
        out.iter_mut().zip(rows).zip(v).for_each(|((o, row), of_row)| *o = dot(row, v) + self.nu * of_row);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let kernels = &*self.kernels;
        out.fill(0.0);
        self.problem.add_slopes(&kernels.x, kernels, &kernels.k, q, self.x, &mut out[1..]);
        out[0] = self.nu * dot(self.x, q);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let mut squares = vec![0.0; self.x.len()];
        for ((i, o), row) in out.iter_mut().enumerate().zip(self.kernels.k.chunks_exact(self.x.len())) {
            squares.fill(0.0);
            for (f, x) in self.kernels.x.iter().enumerate() {
                let u = u[1 + self.problem.place(f)];
                squares.iter_mut().zip(x).for_each(|(s, y)| *s += u * (y - x[i]) * (y - x[i]));
            }
            squares.iter_mut().zip(self.x).for_each(|(s, a)| *s *= a);
            *o = dot(row, &squares) + u[0] * self.nu * self.x[i];
        }
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let n = r.len();
        let column = |j: usize| &self.kernels.k[j * n..(j + 1) * n];
        self.factor.get_or_init(|| PivotedCholesky::new(n, column, self.nu, RANK)).solve(r, out);
        Ok(true)
    }
}
