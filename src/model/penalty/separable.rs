//! `sum_j l1_j |x_j| + l2_j/2 x_j^2` subject to `lower_j <= x_j <= upper_j`.
//!
//! One closed form serves L1, elastic net, ridge, box, nonnegativity and none, and each mixture of them.

use super::soft_threshold;

/// L1, ridge and bounds on each coordinate. A weight `l1_j` of infinity fixes the coordinate at 0.
#[derive(Debug, Clone)]
pub struct Separable {
    l1: Vec<f64>,
    l2: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    identity: Vec<usize>,
}

impl Separable {
    /// One number of each kind per coordinate: `l1, l2 >= 0`, `lower <= upper`.
    pub fn new(l1: Vec<f64>, l2: Vec<f64>, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        let identity = (0..l1.len()).collect();
        Self { l1, l2, lower, upper, identity }
    }

    pub(super) fn for_outputs(&self, k: usize, free: &[bool]) -> Self {
        let repeat = |v: &[f64], own: &dyn Fn(bool) -> f64| {
            v.iter().flat_map(|v| (0..k).map(|_| *v)).chain(free.iter().map(|f| own(*f))).collect()
        };
        Self::new(
            repeat(&self.l1, &|free| if free { 0.0 } else { f64::INFINITY }),
            repeat(&self.l2, &|_| 0.0),
            repeat(&self.lower, &|_| f64::NEG_INFINITY),
            repeat(&self.upper, &|_| f64::INFINITY),
        )
    }

    pub(super) fn units(&self) -> usize {
        self.l1.len()
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        &self.identity[u..=u]
    }

    pub(super) fn is_fixed(&self, u: usize) -> bool {
        self.l1[u] == f64::INFINITY || self.lower[u] == self.upper[u]
    }

    pub(super) fn is_free(&self, u: usize) -> bool {
        self.l1[u] == 0.0
            && self.l2[u] == 0.0
            && self.lower[u] == f64::NEG_INFINITY
            && self.upper[u] == f64::INFINITY
    }

    pub(super) fn only_bound(&self, u: usize) -> Option<f64> {
        let bounds = [self.lower[u], self.upper[u]].into_iter().filter(|b| b.is_finite());
        let one = (self.l1[u] == 0.0 && self.l2[u] == 0.0 && bounds.clone().count() == 1).then_some(bounds);
        one.and_then(|mut bounds| bounds.next())
    }

    #[inline]
    pub(super) fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        let x = x[0];
        if x < self.lower[u] || x > self.upper[u] {
            return f64::INFINITY;
        }
        // 0 times infinity has to be 0 here.
        let l1 = if x == 0.0 { 0.0 } else { self.l1[u] * x.abs() };
        l1 + 0.5 * self.l2[u] * x * x
    }

    #[inline]
    pub(super) fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        let (from, to) = (from[0], to[0]);
        if to < self.lower[u] || to > self.upper[u] {
            return f64::INFINITY;
        }
        let grown = to.abs() - from.abs();
        let l1 = if grown == 0.0 { 0.0 } else { self.l1[u] * grown };
        l1 + 0.5 * self.l2[u] * (to - from) * (to + from)
    }

    #[inline]
    pub(super) fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        let shrunk = soft_threshold(h * v[0], self.l1[u]) / (h + self.l2[u]);
        v[0] = shrunk.max(self.lower[u]).min(self.upper[u]);
    }

    pub(super) fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        let (x, g) = (x[0], g[0]);
        let p = if x == 0.0 {
            soft_threshold(g, self.l1[u])
        } else {
            g + self.l1[u].copysign(x) + self.l2[u] * x
        };
        let blocked = (x <= self.lower[u] && p > 0.0) || (x >= self.upper[u] && p < 0.0);
        out[0] = if blocked || self.is_fixed(u) { 0.0 } else { p };
    }

    pub(super) fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        (x[0] != 0.0 || self.l1[u] == 0.0) && x[0] > self.lower[u] && x[0] < self.upper[u]
    }

    pub(super) fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        let l1 = if x[0] == 0.0 { 0.0 } else { self.l1[u].copysign(x[0]) };
        g[0] += l1 + self.l2[u] * x[0];
    }

    pub(super) fn add_hessian_product(&self, u: usize, _x: &[f64], p: &[f64], out: &mut [f64]) {
        out[0] += self.l2[u] * p[0];
    }

    pub(super) fn is_nearly_quadratic(&self, _u: usize, _x: &[f64], _p: &[f64]) -> bool {
        true
    }

    pub(super) fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        let (x, p) = (x[0], p[0]);
        let bound = if p > 0.0 { self.upper[u] } else { self.lower[u] };
        let mut first = if p != 0.0 && bound.is_finite() { (bound - x) / p } else { f64::INFINITY };
        if self.l1[u] > 0.0 && x * p < 0.0 {
            first = first.min(-x / p);
        }
        first
    }

    pub(super) fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        let target = to[0];
        // What is left of a coordinate that was to land on its kink is rounding.
        let crossed = target * from[0] < 0.0 || target.abs() <= 4.0 * f64::EPSILON * from[0].abs();
        if self.l1[u] > 0.0 && crossed {
            to[0] = 0.0;
        }
        to[0] = to[0].max(self.lower[u]).min(self.upper[u]);
        to[0] != target
    }

    /// The maximizer of `v x - g(x)` is `clip(S(v, l1) / l2)`, or a bound where `l2` is 0.
    pub(super) fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        let v = v[u];
        let beyond = soft_threshold(v, self.l1[u]);
        let best = if beyond == 0.0 {
            0.0
        } else if self.l2[u] > 0.0 {
            beyond / self.l2[u]
        } else {
            f64::INFINITY.copysign(beyond)
        };
        let x = best.max(self.lower[u]).min(self.upper[u]);
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
        let bounded = if v[u] > 0.0 { self.upper[u] } else { self.lower[u] }.is_finite();
        if v[u] == 0.0 || self.l2[u] > 0.0 || bounded { 0.0 } else { v[u].abs() / self.l1[u] }
    }

    pub(super) fn unit_threshold(&self, u: usize, v: &[f64]) -> f64 {
        let blocked = (v[u] >= 0.0 && self.upper[u] <= 0.0) || (v[u] <= 0.0 && self.lower[u] >= 0.0);
        let unpenalized = self.l1[u] == 0.0 && self.l2[u] == 0.0;
        if v[u] == 0.0 || blocked || unpenalized { 0.0 } else { v[u].abs() / self.l1[u] }
    }

    pub(super) fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        let mut p = [0.0];
        self.subgradient(u, x, g, &mut p);
        if p[0] == 0.0 && x[0] == 0.0 {
            (g[0].abs() - self.l1[u]).min(0.0) / h.sqrt()
        } else {
            p[0].abs() / h.sqrt()
        }
    }

    pub(super) fn project(&self, x: &mut [f64]) {
        for (u, x) in x.iter_mut().enumerate() {
            let value = if self.l1[u] == f64::INFINITY { 0.0 } else { *x };
            *x = value.max(self.lower[u]).min(self.upper[u]);
        }
    }
}
