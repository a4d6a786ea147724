//! `sum_j l1_j |x_j| + l2_j/2 x_j^2` subject to `lower_j <= x_j <= upper_j`.
//!
//! One closed form serves L1, elastic net, ridge, box, nonnegativity and none, and each mixture of them.

use super::soft_threshold;
use crate::numerics::sum::sum;
use std::sync::Arc;

/// The penalty of one coordinate: `l1, l2 >= 0`, `lower <= upper`. An `l1` of infinity fixes it at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinate {
    /// Weight of `|x|`.
    pub l1: f64,
    /// Weight of `x^2 / 2`.
    pub l2: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

/// L1, ridge and bounds on each coordinate.
#[derive(Debug, Clone)]
pub struct Separable {
    /// One for all coordinates where they are alike, which keeps millions of columns out of memory; else one for each.
    coordinates: Vec<Coordinate>,
    /// 0 where one is for all, else all ones.
    mask: usize,
    identity: Arc<[usize]>,
}

impl Separable {
    /// The penalty of each coordinate.
    pub fn new(coordinates: impl IntoIterator<Item = Coordinate>) -> Self {
        let (mut kept, mut count) = (Vec::new(), 0);
        for coordinate in coordinates {
            // One stands for all so far.
            if kept.first() != Some(&coordinate) || kept.len() > 1 {
                let first = *kept.first().unwrap_or(&coordinate);
                kept.resize(count, first);
                kept.push(coordinate);
            }
            count += 1;
        }
        let mask = if kept.len() == count { usize::MAX } else { 0 };
        Self { coordinates: kept, mask, identity: (0..count).collect() }
    }

    /// The same penalty on each of `count` coordinates.
    pub fn uniform(coordinate: Coordinate, count: usize) -> Self {
        let kept = if count == 0 { Vec::new() } else { vec![coordinate] };
        let mask = if count <= 1 { usize::MAX } else { 0 };
        Self { coordinates: kept, mask, identity: (0..count).collect() }
    }

    #[inline]
    fn at(&self, u: usize) -> &Coordinate {
        &self.coordinates[u & self.mask]
    }

    /// Whether every coordinate has the same L1 weight and nothing else: then extremes over coordinates are one pass.
    pub(super) fn lasso_weight(&self) -> Option<f64> {
        let plain = |c: &&Coordinate| {
            c.l2 == 0.0 && c.l1 > 0.0 && c.lower == f64::NEG_INFINITY && c.upper == f64::INFINITY
        };
        (self.mask == 0).then(|| self.coordinates.first()).flatten().filter(plain).map(|c| c.l1)
    }

    /// `sum_u unit_value`.
    pub(super) fn value(&self, x: &[f64]) -> f64 {
        // Zeros cost nothing.
        let plain = self.lasso_weight().is_some();
        sum((0..self.units()).filter(|&u| !plain || x[u] != 0.0).map(|u| self.unit_value(u, &x[u..=u])))
    }

    /// `sum_u unit_conjugate`.
    pub(super) fn conjugate(&self, v: &[f64]) -> f64 {
        match self.lasso_weight() {
            Some(weight) if v.iter().fold(true, |inside, v| inside & (v.abs() <= weight)) => 0.0,
            _ => sum((0..self.units()).map(|u| self.unit_conjugate(u, &v[u..=u]))),
        }
    }

    /// The largest `unit_gauge` of the coordinates that are not free.
    pub(super) fn gauge(&self, v: &[f64]) -> f64 {
        match self.lasso_weight() {
            Some(weight) => largest(v) / weight,
            None => (0..self.units())
                .filter(|&u| !self.is_free(u))
                .map(|u| self.unit_gauge(u, &v[u..=u]))
                .fold(0.0, f64::max),
        }
    }

    /// The largest `unit_threshold` of the coordinates that are not free.
    pub(super) fn zero_threshold(&self, v: &[f64]) -> f64 {
        match self.lasso_weight() {
            Some(weight) => largest(v) / weight,
            None => (0..self.units())
                .filter(|&u| !self.is_free(u))
                .map(|u| self.unit_threshold(u, &v[u..=u]))
                .fold(0.0, f64::max),
        }
    }

    pub(super) fn for_outputs(&self, k: usize, free: &[bool]) -> Self {
        let own = |free: &bool| Coordinate {
            l1: if *free { 0.0 } else { f64::INFINITY },
            l2: 0.0,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        };
        let repeated = (0..self.units()).flat_map(|u| (0..k).map(move |_| u)).map(|u| *self.at(u));
        Self::new(repeated.chain(free.iter().map(own)))
    }

    pub(super) fn units(&self) -> usize {
        self.identity.len()
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        &self.identity[u..=u]
    }

    pub(super) fn is_fixed(&self, u: usize) -> bool {
        self.at(u).l1 == f64::INFINITY || self.at(u).lower == self.at(u).upper
    }

    pub(super) fn is_free(&self, u: usize) -> bool {
        self.is_quadratic(u) && self.at(u).l2 == 0.0
    }

    pub(super) fn is_quadratic(&self, u: usize) -> bool {
        let terms = self.at(u);
        terms.l1 == 0.0 && terms.lower == f64::NEG_INFINITY && terms.upper == f64::INFINITY
    }

    #[inline]
    pub(super) fn dead_zone(&self, u: usize) -> f64 {
        let c = self.at(u);
        // With bounds that exclude 0 the conjugate takes part at any gradient.
        if c.lower <= 0.0 && c.upper >= 0.0 { c.l1 } else { 0.0 }
    }

    pub(super) fn only_bound(&self, u: usize) -> Option<f64> {
        let bounds = [self.at(u).lower, self.at(u).upper].into_iter().filter(|b| b.is_finite());
        let one =
            (self.at(u).l1 == 0.0 && self.at(u).l2 == 0.0 && bounds.clone().count() == 1).then_some(bounds);
        one.and_then(|mut bounds| bounds.next())
    }

    #[inline]
    pub(super) fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        let x = x[0];
        if x < self.at(u).lower || x > self.at(u).upper {
            return f64::INFINITY;
        }
        // 0 times infinity has to be 0 here.
        let l1 = if x == 0.0 { 0.0 } else { self.at(u).l1 * x.abs() };
        l1 + 0.5 * self.at(u).l2 * x * x
    }

    #[inline]
    pub(super) fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        let (from, to) = (from[0], to[0]);
        if to < self.at(u).lower || to > self.at(u).upper {
            return f64::INFINITY;
        }
        let grown = to.abs() - from.abs();
        let l1 = if grown == 0.0 { 0.0 } else { self.at(u).l1 * grown };
        l1 + 0.5 * self.at(u).l2 * (to - from) * (to + from)
    }

    #[inline]
    pub(super) fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        let shrunk = soft_threshold(h * v[0], self.at(u).l1) / (h + self.at(u).l2);
        v[0] = shrunk.max(self.at(u).lower).min(self.at(u).upper);
    }

    pub(super) fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        let (x, g) = (x[0], g[0]);
        let p = if x == 0.0 {
            soft_threshold(g, self.at(u).l1)
        } else {
            g + self.at(u).l1.copysign(x) + self.at(u).l2 * x
        };
        let blocked = (x <= self.at(u).lower && p > 0.0) || (x >= self.at(u).upper && p < 0.0);
        out[0] = if blocked || self.is_fixed(u) { 0.0 } else { p };
    }

    pub(super) fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        (x[0] != 0.0 || self.at(u).l1 == 0.0) && x[0] > self.at(u).lower && x[0] < self.at(u).upper
    }

    /// The distance of `-g` from the ends of the interval that is the subdifferential at `x`; infinite for a point.
    pub(super) fn margin(&self, u: usize, x: f64, g: f64) -> f64 {
        let c = self.at(u);
        let (left, right) = if x == 0.0 { (-c.l1, c.l1) } else { (c.l1.copysign(x), c.l1.copysign(x)) };
        let low = if x <= c.lower { f64::NEG_INFINITY } else { left + c.l2 * x };
        let high = if x >= c.upper { f64::INFINITY } else { right + c.l2 * x };
        if low == high { f64::INFINITY } else { (-g - low).min(high + g) }
    }

    pub(super) fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        let l1 = if x[0] == 0.0 { 0.0 } else { self.at(u).l1.copysign(x[0]) };
        g[0] += l1 + self.at(u).l2 * x[0];
    }

    pub(super) fn add_hessian_product(&self, u: usize, _x: &[f64], p: &[f64], out: &mut [f64]) {
        out[0] += self.at(u).l2 * p[0];
    }

    pub(super) fn is_nearly_quadratic(&self, _u: usize, _x: &[f64], _p: &[f64]) -> bool {
        true
    }

    pub(super) fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        let (x, p) = (x[0], p[0]);
        let bound = if p > 0.0 { self.at(u).upper } else { self.at(u).lower };
        let mut first = if p != 0.0 && bound.is_finite() { (bound - x) / p } else { f64::INFINITY };
        if self.at(u).l1 > 0.0 && x * p < 0.0 {
            first = first.min(-x / p);
        }
        first
    }

    pub(super) fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        let target = to[0];
        // What is left of a coordinate that was to land on its kink is rounding.
        let crossed = target * from[0] < 0.0 || target.abs() <= 4.0 * f64::EPSILON * from[0].abs();
        if self.at(u).l1 > 0.0 && crossed {
            to[0] = 0.0;
        }
        to[0] = to[0].max(self.at(u).lower).min(self.at(u).upper);
        to[0] != target
    }

    /// The maximizer of `v x - g(x)` is `clip(S(v, l1) / l2)`, or a bound where `l2` is 0.
    pub(super) fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        let v = v[0];
        let beyond = soft_threshold(v, self.at(u).l1);
        let best = if beyond == 0.0 {
            0.0
        } else if self.at(u).l2 > 0.0 {
            beyond / self.at(u).l2
        } else {
            f64::INFINITY.copysign(beyond)
        };
        let x = best.max(self.at(u).lower).min(self.at(u).upper);
        if x.is_infinite() {
            return f64::INFINITY;
        }
        if x == best {
            // Also where x is 0 and l1 infinite.
            return 0.5 * beyond * x;
        }
        v * x - self.unit_value(u, &[x])
    }

    pub(super) fn unit_gauge(&self, u: usize, v: &[f64]) -> f64 {
        let bounded = if v[0] > 0.0 { self.at(u).upper } else { self.at(u).lower }.is_finite();
        if v[0] == 0.0 || self.at(u).l2 > 0.0 || bounded { 0.0 } else { v[0].abs() / self.at(u).l1 }
    }

    pub(super) fn unit_threshold(&self, u: usize, v: &[f64]) -> f64 {
        let blocked = (v[0] >= 0.0 && self.at(u).upper <= 0.0) || (v[0] <= 0.0 && self.at(u).lower >= 0.0);
        let unpenalized = self.at(u).l1 == 0.0 && self.at(u).l2 == 0.0;
        if v[0] == 0.0 || blocked || unpenalized { 0.0 } else { v[0].abs() / self.at(u).l1 }
    }

    pub(super) fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        let mut p = [0.0];
        self.subgradient(u, x, g, &mut p);
        if p[0] == 0.0 && x[0] == 0.0 {
            (g[0].abs() - self.at(u).l1).min(0.0) / h.sqrt()
        } else {
            p[0].abs() / h.sqrt()
        }
    }

    pub(super) fn project(&self, x: &mut [f64]) {
        for (u, x) in x.iter_mut().enumerate() {
            let value = if self.at(u).l1 == f64::INFINITY { 0.0 } else { *x };
            *x = value.max(self.at(u).lower).min(self.at(u).upper);
        }
    }
}

/// `max_u |v_u|`, ignoring NaN.
fn largest(v: &[f64]) -> f64 {
    let mut most = [0.0_f64; 8];
    let mut chunks = v.chunks_exact(8);
    for chunk in &mut chunks {
        most.iter_mut().zip(chunk).for_each(|(m, v)| *m = if v.abs() > *m { v.abs() } else { *m });
    }
    let rest = chunks.remainder().iter().map(|v| v.abs());
    most.into_iter().chain(rest).fold(0.0, f64::max)
}
