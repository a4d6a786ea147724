//! What the experiments minimize, as the engine sees it.

mod linear;
mod quadratic;
mod softmax;

pub use linear::{Linear, Loss};
pub use quadratic::Quadratic;
pub use softmax::Softmax;

use southwell::numerics::cholesky::Cholesky;
use southwell::numerics::gram::Square;
use southwell::runtime::Control;

/// A point with the product that is kept up to date: `z = A x` (softmax: one row of scores per example; quadratic: the
/// gradient `A x - b`).
#[derive(Debug, Clone)]
pub struct Point {
    pub x: Vec<f64>,
    pub z: Vec<f64>,
}

/// A smooth function of `n` variables with a constant bound `H` of its Hessian.
pub trait Objective: Sync {
    /// The number of variables.
    fn size(&self) -> usize;
    /// The start, x = 0.
    fn start(&self) -> Point;
    /// The constants of the variables, `L_i`.
    fn lipschitz(&self) -> &[f64];
    /// `sum_j |H_ij|`.
    fn row_sums(&self) -> &[f64];
    /// The largest eigenvalue of `H`.
    fn largest(&self) -> f64;
    /// The gradient.
    fn gradient(&self, at: &Point, out: &mut [f64]);
    /// The gradient on a block.
    fn block_gradient(&self, at: &Point, block: &[usize]) -> Vec<f64>;
    /// The change of `z` for a step on a block.
    fn product(&self, block: &[usize], d: &[f64]) -> Vec<f64>;
    /// `f(x + alpha d) - f(x)`, where `w` is the product of `d`.
    fn change(&self, at: &Point, step: &Step<'_>, alpha: f64) -> f64;
    /// Takes a step.
    fn advance(&self, at: &mut Point, step: &Step<'_>, alpha: f64) {
        step.block.iter().zip(step.d).for_each(|(&j, d)| at.x[j] += alpha * d);
        at.z.iter_mut().zip(step.w).for_each(|(z, w)| *z += alpha * w);
    }
    /// `H_bb`.
    fn bound(&self, block: &[usize]) -> Square;
    /// The Hessian on a block.
    fn hessian(&self, at: &Point, block: &[usize]) -> Square;
    /// `H d`; fast where `d` has many zeros.
    fn apply_bound(&self, d: &[f64], out: &mut [f64]);
    /// `H_ii`; a variable's own constant may be smaller.
    fn bound_diagonal(&self) -> Vec<f64> {
        self.lipschitz().to_vec()
    }
    /// A column of `H`.
    fn bound_column(&self, i: usize, out: &mut [f64]);
    /// `F(x) - F*`, without cancellation where that can be.
    fn gap(&self, at: &Point) -> f64;
}

/// A step on a block: direction, product of the direction, gradient on the block.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    pub block: &'a [usize],
    pub d: &'a [f64],
    pub w: &'a [f64],
    pub g: &'a [f64],
}

/// A factor of `h`.
pub fn factor(h: &Square) -> Cholesky {
    match Cholesky::new(h, &mut Control::new()) {
        Ok(factor) => factor,
        Err(_) => unreachable!("nothing stops a control without limits"),
    }
}

/// Adds `scale(p, q) a_p a_q` of every row to the entries of a symmetric matrix.
fn add_rows(out: &mut Square, rows: &[Vec<(usize, f64)>], scale: impl Fn(usize, usize, usize) -> f64) {
    for (r, row) in rows.iter().enumerate() {
        for &(p, a) in row {
            let column = out.column_mut(p);
            row.iter().for_each(|&(q, b)| column[q] += scale(r, p, q) * (a * b));
        }
    }
}

/// The largest eigenvalue of a symmetric positive semidefinite operator, by Lanczos with full orthogonalization.
fn largest_eigenvalue(n: usize, apply: impl Fn(&[f64], &mut [f64])) -> f64 {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut v: Vec<f64> = super::stream::Stream::new(0).normals(n);
    let (mut last, mut calm) = (0.0, 0);
    for _ in 0..n.min(300) {
        let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        if !basis.is_empty() {
            if norm <= 1e-14 * last {
                break;
            }
            beside.push(norm);
        }
        v.iter_mut().for_each(|v| *v /= norm);
        let mut next = vec![0.0; n];
        apply(&v, &mut next);
        diagonal.push(v.iter().zip(&next).map(|(a, b)| a * b).sum::<f64>());
        basis.push(std::mem::replace(&mut v, next));
        for _ in 0..2 {
            for b in &basis {
                let dot: f64 = b.iter().zip(&v).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(b).for_each(|(v, b)| *v -= dot * b);
            }
        }
        let found = tridiagonal_largest(&diagonal, &beside);
        calm = if found - last <= 1e-15 * found { calm + 1 } else { 0 };
        last = found;
        if calm == 5 {
            break;
        }
    }
    last
}

/// The largest eigenvalue of a symmetric tridiagonal matrix, by bisection on Sturm counts.
fn tridiagonal_largest(diagonal: &[f64], beside: &[f64]) -> f64 {
    let side = |k: usize| beside.get(k).map_or(0.0, |b: &f64| b.abs());
    let ends = (0..diagonal.len()).map(|k| diagonal[k] + side(k) + if k > 0 { side(k - 1) } else { 0.0 });
    let (mut low, mut high) = (0.0, ends.fold(0.0, f64::max));
    let above = |shift: f64| {
        let mut pivot = 1.0;
        for (k, own) in diagonal.iter().enumerate() {
            let off = if k > 0 { side(k - 1) } else { 0.0 };
            pivot = own - shift - off * off / pivot;
            if pivot > 0.0 {
                return true;
            }
            if pivot == 0.0 {
                pivot = -f64::MIN_POSITIVE;
            }
        }
        false
    };
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if above(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests;
