//! Updates of a block.

use super::lasso;
use super::method::{Rule, Update};
use super::nonnegative;
use super::objective::{Objective, Point, Step, factor};
use super::select::{Chosen, Memory};
use super::sets::Set;
use southwell::bcd::graph::elimination::{Elimination, NONE, spanning};
use southwell::numerics::SymmetricMatrix;

/// Armijo's constant of the released line search.
const DECREASE: f64 = 1e-10;
/// Below this a variable with a positive gradient counts as being on its bound.
const NEAR: f64 = 1e-4;

/// Updates the block; `g` is the gradient on it.
pub fn update(memory: &mut Memory<'_>, set: &Set, at: &mut Point, chosen: &Chosen, g: &[f64]) {
    let (f, block) = (memory.f, &chosen.block[..]);
    let d: Vec<f64> = match memory.method.update {
        Update::Gradient => {
            let l = memory.constant(chosen);
            g.iter().map(|g| if l > 0.0 { -g / l } else { 0.0 }).collect()
        }
        Update::Bound => solved(g, |d| memory.solve_bound(chosen, d)),
        Update::Exact => match set.graph_matrix() {
            Some(a) if memory.method.rule != Rule::General => solved(g, |d| solve_forest(a, block, d)),
            _ => solved(g, |d| factor(&f.bound(block)).solve(d)),
        },
        Update::Newton => {
            let mut d = solved(g, |d| factor(&f.hessian(at, block)).solve(d));
            let w = f.product(block, &d);
            let slope: f64 = g.iter().zip(&d).map(|(g, d)| g * d).sum();
            let alpha = line_search(slope, |alpha| f.change(at, &Step { block, d: &d, w: &w, g }, alpha));
            d.iter_mut().for_each(|d| *d *= alpha);
            d
        }
        Update::Estimate | Update::ShrinkingEstimate => estimated(memory, at, block, g),
        Update::Minimize => minimized(f, at, block),
        Update::SoftThreshold => {
            let each = block.iter().zip(g);
            each.map(|(&j, g)| lasso::step(*g, f.lipschitz()[j], at.x[j], memory.lambda)).collect()
        }
        Update::ProjectedGradient => {
            let l = memory.constant(chosen);
            block.iter().zip(g).map(|(&j, g)| (-g / l).max(-at.x[j])).collect()
        }
        Update::ProjectedNewton => {
            block.iter().zip(nonnegative::step(f, at, block)).map(|(&j, x)| x - at.x[j]).collect()
        }
        Update::TwoMetric => two_metric(f, at, block, g),
    };
    let w = f.product(block, &d);
    f.advance(at, &Step { block, d: &d, w: &w, g }, 1.0);
    if matches!(memory.method.update, Update::ProjectedGradient | Update::ProjectedNewton | Update::TwoMetric)
    {
        block.iter().for_each(|&j| at.x[j] = at.x[j].max(0.0));
    }
}

/// Message passing on a block without cycles; its nodes ascend.
fn solve_forest(a: &SymmetricMatrix, block: &[usize], d: &mut [f64]) {
    let nodes: Vec<u32> = block.iter().map(|&i| i as u32).collect();
    let walk = spanning(a, &nodes, &mut vec![NONE; a.size()]).expect("forests have no cycle");
    let forest = Elimination::new(a, walk).expect("the matrix is positive definite");
    let place: Vec<usize> =
        forest.nodes().iter().map(|&i| nodes.partition_point(|other| *other < i)).collect();
    let mut c: Vec<f64> = place.iter().map(|&k| d[k]).collect();
    forest.solve(&mut c);
    place.iter().zip(&c).for_each(|(&k, c)| d[k] = *c);
}

/// `-g` after a solver went over it.
fn solved(g: &[f64], solver: impl FnOnce(&mut [f64])) -> Vec<f64> {
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    solver(&mut d);
    d
}

/// The gradient step with an estimate of the constant that doubles until the decrease is that of the theory. As
/// released every variable has its own, which starts at 1 and never falls; ours is a share of the known constants, one
/// for all blocks, which is halved before every step.
fn estimated(memory: &mut Memory<'_>, at: &Point, block: &[usize], g: &[f64]) -> Vec<f64> {
    let (f, shrinks) = (memory.f, memory.method.update == Update::ShrinkingEstimate);
    let largest = |l: &[f64]| block.iter().map(|&j| l[j]).fold(0.0, f64::max);
    let known = largest(f.lipschitz()).max(f64::MIN_POSITIVE);
    let mut l = match &memory.estimates {
        Some(estimates) => largest(estimates),
        None => 0.5 * memory.share * known,
    };
    let square: f64 = g.iter().map(|g| g * g).sum();
    let w = f.product(block, g);
    let step = Step { block, d: g, w: &w, g };
    while f.change(at, &step, -1.0 / l) > -square / (2.0 * l) && l < 1e200 {
        l *= 2.0;
    }
    if shrinks {
        memory.share = l / known;
    }
    if let Some(estimates) = &mut memory.estimates {
        block.iter().for_each(|&j| estimates[j] = l);
    }
    g.iter().map(|g| -g / l).collect()
}

/// The step to the minimizer over one variable: Newton's method, with halving of the interval where it would leave it.
fn minimized(f: &dyn Objective, at: &Point, block: &[usize]) -> Vec<f64> {
    const FLAT: f64 = 1e-10;
    let (mut low, mut high, mut d) = (f64::NEG_INFINITY, f64::INFINITY, 0.0);
    let w = f.product(block, &[1.0]);
    for _ in 0..100 {
        let mut there = at.clone();
        f.advance(&mut there, &Step { block, d: &[1.0], w: &w, g: &[0.0] }, d);
        let slope = f.block_gradient(&there, block)[0];
        if slope.abs() < FLAT {
            break;
        }
        if slope > 0.0 {
            high = d
        } else {
            low = d
        }
        let newton = d - slope / f.hessian(&there, block).at(0, 0).max(f64::MIN_POSITIVE);
        let widest = slope.abs() / (1e-3 * f.lipschitz()[block[0]]);
        let next = newton.clamp(d - widest, d + widest);
        d = if next > low && next < high { next } else { 0.5 * (low.max(d - widest) + high.min(d + widest)) };
    }
    vec![d]
}

/// The released line search: Armijo with quadratic, then cubic interpolation, from 1. Where the interpolation leaves
/// (0, alpha) or is no number, the step is halved instead (the released code goes on with what it got).
fn line_search(slope: f64, change: impl Fn(f64) -> f64) -> f64 {
    let mut alpha = 1.0;
    // The step before, and how far its change was off the tangent.
    let mut before: Option<(f64, f64)> = None;
    for _ in 0..100 {
        let change = change(alpha);
        if !(change > DECREASE * alpha * slope) {
            return alpha;
        }
        let off = change - alpha * slope;
        let next = match before {
            None => -slope * alpha * alpha / (2.0 * off),
            Some((old, old_off)) => {
                let c = 1.0 / ((alpha - old) * old * old * alpha * alpha);
                let a = c * (old * old * off - alpha * alpha * old_off);
                let b = c * (-old.powi(3) * off + alpha.powi(3) * old_off);
                (-b + (b * b - 3.0 * a * slope).sqrt()) / (3.0 * a)
            }
        };
        before = Some((alpha, off));
        alpha = if next > 0.0 && next < alpha { next } else { 0.5 * alpha };
    }
    0.0
}

/// Two-metric projection as released: variables on their bound step by `g / sum L` over them, the others by Newton;
/// then a search along the projection.
fn two_metric(f: &dyn Objective, at: &Point, block: &[usize], g: &[f64]) -> Vec<f64> {
    let active = |p: &usize| at.x[block[*p]] < NEAR && g[*p] > 0.0;
    let (bound, free): (Vec<usize>, Vec<usize>) = (0..block.len()).partition(active);
    let total: f64 = bound.iter().map(|p| f.lipschitz()[block[*p]]).sum();
    let mut direction = vec![0.0; block.len()];
    bound.iter().for_each(|&p| direction[p] = -g[p] / total);
    if !free.is_empty() {
        let variables: Vec<usize> = free.iter().map(|p| block[*p]).collect();
        let own: Vec<f64> = free.iter().map(|p| g[*p]).collect();
        let newton = solved(&own, |d| factor(&f.hessian(at, &variables)).solve(d));
        free.iter().zip(newton).for_each(|(&p, d)| direction[p] = d);
    }
    let projected = |alpha: f64| -> Vec<f64> {
        block.iter().zip(&direction).map(|(&j, d)| (alpha * d).max(-at.x[j])).collect()
    };
    // The slope of the modified gradient, in which variables on their bound count by their own step.
    let slope: f64 = bound.iter().map(|&p| -direction[p] * direction[p]).sum::<f64>()
        + free.iter().map(|&p| g[p] * direction[p]).sum::<f64>();
    let alpha = line_search(slope, |alpha| {
        let d = projected(alpha);
        let w = f.product(block, &d);
        f.change(at, &Step { block, d: &d, w: &w, g }, 1.0)
    });
    projected(alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_search_finds_a_decrease() {
        // Quadratic with curvature 8: the full step overshoots, the interpolation is exact.
        let alpha = line_search(-1.0, |a| -a + 4.0 * a * a);
        assert!((alpha - 0.125).abs() < 1e-15);
        assert_eq!(line_search(-1.0, |a| -a + 0.5 * a * a), 1.0);
        let steep = |a: f64| -a + 50.0 * a.powi(3) + (20.0 * a).powi(4);
        let alpha = line_search(-1.0, steep);
        assert!(alpha > 0.0 && steep(alpha) < 0.0);
        // No decrease anywhere: no step.
        assert_eq!(line_search(-1.0, |a| a), 0.0);
    }
}
