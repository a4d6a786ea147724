//! Levels of aggregates and the cycle through them.
//!
//! On each level one symmetric forest sweep, forwards before and backwards after the correction from the next level.
//! That correction is two steps of flexible conjugate gradients with the next level's cycle as preconditioner (the
//! K-cycle of Notay, SIAM J. Sci. Comput. 34, 2012), which makes plain aggregates scale. The last level is factored.

use super::Real;
use super::aggregation::{APART, aggregates, galerkin};
use super::sweep::ForestSweep;
use crate::bcd::graph::elimination::{Elimination, NONE, Spanning, spanning};
use crate::bcd::graph::tree_partition::tree_partition;
use crate::numerics::SymmetricMatrix;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// What the preconditioner is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The symmetric sweep over forests alone.
    Forest,
    /// With levels of aggregates below it.
    Multilevel,
}

/// A level of at most this size is factored.
const DENSE: usize = 300;

/// Aggregation that leaves more than this share of the nodes has nothing to give.
const SLOW: f64 = 0.7;

/// The second inner step is left out where the first reduced the residual to this share.
const GOOD: f64 = 0.25;

struct Level<T> {
    sweep: ForestSweep<T>,
    /// For all levels but the first: rows without the diagonal, for products.
    matrix: Option<Product<T>>,
    /// The aggregate of each node, empty on the last level.
    of: Vec<u32>,
    left: Vec<T>,
    coarse: Coarse<T>,
}

/// What the correction from the next level works on.
struct Coarse<T> {
    r: Vec<T>,
    x: Vec<T>,
    first: Vec<T>,
    product: Vec<T>,
    second: Vec<T>,
}

struct Product<T> {
    starts: Vec<u32>,
    neighbours: Vec<u32>,
    values: Vec<T>,
    diagonal: Vec<T>,
}

impl<T: Real> Product<T> {
    fn new(a: &SymmetricMatrix) -> Self {
        Self {
            starts: a.starts.iter().map(|s| *s as u32).collect(),
            neighbours: a.neighbours.clone(),
            values: a.values.iter().map(|v| T::narrow(*v)).collect(),
            diagonal: a.diagonal.iter().map(|v| T::narrow(*v)).collect(),
        }
    }

    fn flops(&self) -> u64 {
        2 * self.values.len() as u64 + 6 * self.diagonal.len() as u64
    }

    /// `out = A x`; gives `(x'Ax, x'r)`.
    fn times(&self, x: &[T], r: &[T], out: &mut [T]) -> (f64, f64) {
        let (mut xax, mut xr) = (0.0, 0.0);
        for i in 0..out.len() {
            let range = self.starts[i] as usize..self.starts[i + 1] as usize;
            let mut sum = self.diagonal[i] * x[i];
            for (j, v) in self.neighbours[range.clone()].iter().zip(&self.values[range]) {
                sum = sum + *v * x[*j as usize];
            }
            out[i] = sum;
            xax += (sum * x[i]).wide();
            xr += (x[i] * r[i]).wide();
        }
        (xax, xr)
    }
}

/// Levels, from the finest to the coarsest.
pub(in crate::bcd::graph) struct Hierarchy<T> {
    levels: Vec<Level<T>>,
    last: Option<Cholesky>,
    scratch: Vec<f64>,
}

impl<T: Real> Hierarchy<T> {
    /// Builds the levels of `scale a`. Gives the order in which the finest level counts nodes (new `k` is old
    /// `order[k]`) and the matrix in that order.
    pub(in crate::bcd::graph) fn new(
        a: &SymmetricMatrix,
        scale: f64,
        shape: Shape,
        control: &mut Control<'_>,
    ) -> Result<(Self, Vec<u32>, SymmetricMatrix), Stop> {
        let (mut current, sweep, order) = renumbered(a, scale, control)?;
        let mut next = Some((sweep, None));
        let mut levels = Vec::new();
        let mut finest = None;
        let mut last = None;
        while let Some((sweep, matrix)) = next.take() {
            let n = current.size();
            let mut of = Vec::new();
            let mut coarse = None;
            if shape == Shape::Multilevel && n > DENSE {
                let (found, count) = aggregates(&current);
                control.spend(8 * current.entries() as u64)?;
                if count > 0 && (count as f64) < SLOW * n as f64 {
                    of = found;
                    let below = galerkin(&current, &of, count);
                    control.spend(4 * current.entries() as u64)?;
                    let (below, sweep, order) = renumbered(&below, 1.0, control)?;
                    let mut place = vec![0_u32; order.len()];
                    order.iter().enumerate().for_each(|(k, &g)| place[g as usize] = k as u32);
                    of.iter_mut().filter(|g| **g != APART).for_each(|g| *g = place[*g as usize]);
                    let product = Product::new(&below);
                    coarse = Some((below, sweep, product));
                }
            } else if n <= DENSE {
                last = Some(factor(&current, control)?);
            }
            let size = coarse.as_ref().map_or(0, |c| c.0.size());
            let zeros = || vec![T::ZERO; size];
            levels.push(Level {
                sweep,
                matrix,
                of,
                left: vec![T::ZERO; n],
                coarse: Coarse { r: zeros(), x: zeros(), first: zeros(), product: zeros(), second: zeros() },
            });
            if let Some((below, sweep, product)) = coarse {
                let above = std::mem::replace(&mut current, below);
                finest.get_or_insert(above);
                next = Some((sweep, Some(product)));
            }
        }
        let finest = finest.unwrap_or(current);
        Ok((Self { levels, last, scratch: vec![0.0; DENSE] }, order, finest))
    }

    /// `z = M^{-1} r`
    pub(in crate::bcd::graph) fn apply(
        &mut self,
        r: &[T],
        z: &mut [T],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let mut rest = Rest { last: self.last.as_ref(), scratch: &mut self.scratch, control };
        cycle(&mut self.levels, &mut rest, r, z)
    }
}

/// What all levels share.
struct Rest<'r, 'c> {
    last: Option<&'r Cholesky>,
    scratch: &'r mut [f64],
    control: &'r mut Control<'c>,
}

fn cycle<T: Real>(
    levels: &mut [Level<T>],
    rest: &mut Rest<'_, '_>,
    r: &[T],
    x: &mut [T],
) -> Result<(), Stop> {
    let Some((level, below)) = levels.split_first_mut() else { return Ok(()) };
    if let (true, Some(factor)) = (below.is_empty(), rest.last) {
        let b = &mut rest.scratch[..r.len()];
        b.iter_mut().zip(r).for_each(|(b, r)| *b = r.wide());
        factor.solve(b);
        x.iter_mut().zip(&*b).for_each(|(x, b)| *x = T::narrow(*b));
        return rest.control.spend(2 * (r.len() * r.len()) as u64);
    }
    level.sweep.forwards(r, x, &mut level.left);
    rest.control.spend(level.sweep.flops() / 2)?;
    if !below.is_empty() {
        let coarse = &mut level.coarse;
        coarse.r.fill(T::ZERO);
        for (left, &g) in level.left.iter().zip(&level.of) {
            if g != APART {
                coarse.r[g as usize] = coarse.r[g as usize] + *left;
            }
        }
        correct(coarse, below, rest)?;
        for (x, &g) in x.iter_mut().zip(&level.of) {
            if g != APART {
                *x = *x + coarse.x[g as usize];
            }
        }
    }
    level.sweep.backwards(r, x);
    rest.control.spend(level.sweep.flops() / 2)
}

/// `coarse.x` is about `A^{-1} coarse.r` on the next level: up to two steps of flexible conjugate gradients.
fn correct<T: Real>(
    coarse: &mut Coarse<T>,
    below: &mut [Level<T>],
    rest: &mut Rest<'_, '_>,
) -> Result<(), Stop> {
    let Coarse { r, x, first, product, second } = coarse;
    cycle(below, rest, r, first)?;
    if below.len() == 1 && rest.last.is_some() {
        x.copy_from_slice(first);
        return Ok(());
    }
    let Some(matrix) = below[0].matrix.as_ref() else { return Ok(()) };
    let (rho, alpha) = matrix.times(first, r, product);
    rest.control.spend(matrix.flops())?;
    let size = squares(r);
    let step = if rho > 0.0 { alpha / rho } else { 0.0 };
    let t = T::narrow(step);
    r.iter_mut().zip(&*product).for_each(|(r, v)| *r = *r - t * *v);
    if squares(r) <= GOOD * GOOD * size {
        x.iter_mut().zip(&*first).for_each(|(x, c)| *x = t * *c);
        return Ok(());
    }
    cycle(below, rest, r, second)?;
    let Some(matrix) = below[0].matrix.as_ref() else { return Ok(()) };
    let gamma: f64 = second.iter().zip(&*product).map(|(a, b)| (*a * *b).wide()).sum();
    // x is free to hold the second product.
    let (beta, alpha2) = matrix.times(second, r, x);
    rest.control.spend(matrix.flops())?;
    let rho2 = if rho > 0.0 { beta - gamma * gamma / rho } else { beta };
    let step2 = if rho2 > 0.0 { alpha2 / rho2 } else { 0.0 };
    let step1 = if rho > 0.0 { step - gamma * step2 / rho } else { 0.0 };
    let (s, t) = (T::narrow(step1), T::narrow(step2));
    for ((x, a), b) in x.iter_mut().zip(&*first).zip(&*second) {
        *x = s * *a + t * *b;
    }
    Ok(())
}

fn squares<T: Real>(v: &[T]) -> f64 {
    v.iter().map(|v| (*v * *v).wide()).sum()
}

/// Cuts the nodes into forests, numbers them along, multiplies by `scale`, and prepares the sweep.
fn renumbered<T: Real>(
    a: &SymmetricMatrix,
    scale: f64,
    control: &mut Control<'_>,
) -> Result<(SymmetricMatrix, ForestSweep<T>, Vec<u32>), Stop> {
    let n = a.size();
    let index: Vec<u32> = (0..n as u32).collect();
    let blocks = tree_partition(&index, a, control)?;
    control.spend(10 * a.entries() as u64)?;
    let mut place = vec![NONE; n];
    let mut order = Vec::with_capacity(n);
    let (mut walks, mut pivots) = (Vec::new(), Vec::new());
    let least = f64::EPSILON * a.diagonal().iter().copied().fold(0.0, f64::max);
    for block in &blocks {
        // Tree partitions and colours have no cycle.
        let Some(walk) = spanning(a, block, &mut place) else { continue };
        // On a nearly singular level rounding may spoil a pivot: the diagonal is always something to go by.
        let found = Elimination::pivots(a, &walk)
            .unwrap_or_else(|_| walk.order.iter().map(|&i| a.diagonal()[i as usize].max(least)).collect());
        order.extend_from_slice(&walk.order);
        pivots.push(found);
        walks.push(walk);
    }
    control.spend(10 * a.entries() as u64)?;
    let mut numbered = a.permuted(&order);
    if scale != 1.0 {
        numbered.scale(scale);
        walks.iter_mut().flat_map(|w: &mut Spanning| &mut w.link).for_each(|v| *v *= scale);
        pivots.iter_mut().flatten().for_each(|v: &mut f64| *v *= scale);
    }
    let sweep = ForestSweep::new(&numbered, &walks, &pivots);
    control.spend(10 * a.entries() as u64)?;
    Ok((numbered, sweep, order))
}

fn factor(a: &SymmetricMatrix, control: &mut Control<'_>) -> Result<Cholesky, Stop> {
    let mut dense = Square::zeros(a.size());
    for i in 0..a.size() {
        let column = dense.column_mut(i);
        column[i] = a.diagonal[i];
        a.row(i).for_each(|(j, v)| column[j] = v);
    }
    Cholesky::new(&dense, control)
}
