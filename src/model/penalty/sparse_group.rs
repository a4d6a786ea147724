//! `sum_g l1_g |x_g|_1 + w_g |x_g|_2 + l2_g/2 |x_g|_2^2` over disjoint groups: the sparse group lasso, with a ridge.
//!
//! The domain of a unit's conjugate is `|S(v, l1)|_2 <= w` (`S` the soft threshold), so its gauge is the root `t` of
//! `|S(v, t l1)|_2 = t w`: an epsilon-norm of Burdakov.

use super::membership::{Membership, careful_norm, inner, norm};
use super::soft_threshold;
use crate::numerics::sum::Sum;
use crate::runtime::Result;

/// The penalty of one group; all parts at least 0. An infinite `l1` or `weight` fixes the group at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupTerms {
    /// Weight of `|x_g|_1`.
    pub l1: f64,
    /// Weight of `|x_g|_2`.
    pub weight: f64,
    /// Weight of `|x_g|_2^2 / 2`.
    pub l2: f64,
}

/// L1, group norms and a ridge. A group without a group norm is a unit for each of its coordinates.
#[derive(Debug, Clone)]
pub struct SparseGroup {
    terms: Vec<GroupTerms>,
    members: Membership,
}

/// Steps to the root of the gauge at most; from the left they converge quadratically.
const MOST_STEPS: usize = 64;

impl SparseGroup {
    /// `group_of[j]` is the group of coordinate `j`; `terms[g]` the penalty of the group. Groups may be empty.
    ///
    /// Errors: a group number that has no terms.
    pub fn new(group_of: &[usize], terms: &[GroupTerms]) -> Result<Self> {
        let groups = Membership::new(group_of, terms.len())?;
        let mut unit_of = vec![0; group_of.len()];
        let mut units = Vec::with_capacity(terms.len());
        for (g, terms) in terms.iter().enumerate() {
            // Without a norm that ties them together its coordinates are independent.
            let together = terms.weight > 0.0;
            for (k, &j) in groups.columns(g).iter().enumerate() {
                if k == 0 || !together {
                    units.push(*terms);
                }
                unit_of[j] = units.len() - 1;
            }
        }
        let members = Membership::new(&unit_of, units.len())?;
        Ok(Self { terms: units, members })
    }

    pub(super) fn for_outputs(&self, k: usize, free: &[bool]) -> Self {
        // The outputs of a coordinate without a group norm stay independent.
        let mut terms = Vec::with_capacity(self.terms.len());
        let coordinates: usize = (0..self.units()).map(|u| self.columns(u).len()).sum();
        let mut group_of = vec![0; coordinates * k + free.len()];
        for (u, unit) in self.terms.iter().enumerate() {
            terms.push(*unit);
            self.columns(u).iter().for_each(|j| (0..k).for_each(|c| group_of[j * k + c] = u));
        }
        for (i, &free) in free.iter().enumerate() {
            group_of[coordinates * k + i] = terms.len();
            terms.push(GroupTerms { l1: if free { 0.0 } else { f64::INFINITY }, weight: 0.0, l2: 0.0 });
        }
        // Every group number is one of the terms.
        Self::new(&group_of, &terms).unwrap_or_else(|_| self.clone())
    }

    pub(super) fn units(&self) -> usize {
        self.terms.len()
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        self.members.columns(u)
    }

    pub(super) fn is_fixed(&self, u: usize) -> bool {
        let t = &self.terms[u];
        t.l1 == f64::INFINITY || t.weight == f64::INFINITY || self.columns(u).is_empty()
    }

    pub(super) fn radial(&self, u: usize) -> Option<(f64, f64)> {
        let t = &self.terms[u];
        (t.l1 == 0.0).then_some((t.weight, t.l2))
    }

    pub(super) fn is_free(&self, u: usize) -> bool {
        self.terms[u] == GroupTerms { l1: 0.0, weight: 0.0, l2: 0.0 }
    }

    pub(super) fn is_quadratic(&self, u: usize) -> bool {
        self.terms[u].l1 == 0.0 && self.terms[u].weight == 0.0
    }

    /// `|S(v, l1)| <= |v| - l1` where it is not 0, with equality for one coordinate.
    #[inline]
    pub(super) fn dead_zone(&self, u: usize) -> f64 {
        self.terms[u].l1 + self.terms[u].weight
    }

    #[inline]
    pub(super) fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        let squares = inner(x, x);
        if squares == 0.0 && x.iter().all(|x| *x == 0.0) {
            return 0.0;
        }
        let t = &self.terms[u];
        let sizes: f64 = x.iter().map(|x| x.abs()).sum();
        t.l1 * sizes + t.weight * squares.sqrt() + 0.5 * t.l2 * squares
    }

    #[inline]
    pub(super) fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        let t = &self.terms[u];
        // Differences of squares and sizes coordinate by coordinate: a difference of norms would lose small changes.
        let grown: f64 = from.iter().zip(to).map(|(from, to)| (to - from) * (to + from)).sum();
        let sizes: f64 = from.iter().zip(to).map(|(from, to)| to.abs() - from.abs()).sum();
        let l1 = if sizes == 0.0 { 0.0 } else { t.l1 * sizes };
        let length = if grown == 0.0 { 0.0 } else { t.weight * (grown / (norm(to) + norm(from))) };
        l1 + length + 0.5 * t.l2 * grown
    }

    /// The soft threshold first, then the group's shrinkage.
    #[inline]
    pub(super) fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        let t = &self.terms[u];
        v.iter_mut().for_each(|v| *v = soft_threshold(h * *v, t.l1));
        let size = norm(v);
        let keep = if size > t.weight { (1.0 - t.weight / size) / (h + t.l2) } else { 0.0 };
        v.iter_mut().for_each(|v| *v *= keep);
    }

    pub(super) fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        let t = &self.terms[u];
        let size = norm(x);
        if self.is_fixed(u) {
            out.fill(0.0);
        } else if size > 0.0 {
            for ((o, &x), &g) in out.iter_mut().zip(x).zip(g) {
                *o = if x == 0.0 {
                    soft_threshold(g, t.l1)
                } else {
                    g + t.l1.copysign(x) + t.weight * (x / size) + t.l2 * x
                };
            }
        } else {
            out.iter_mut().zip(g).for_each(|(o, g)| *o = soft_threshold(*g, t.l1));
            let slope = norm(out);
            let keep = if slope > t.weight { 1.0 - t.weight / slope } else { 0.0 };
            out.iter_mut().for_each(|o| *o *= keep);
        }
    }

    pub(super) fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        let t = &self.terms[u];
        (t.weight == 0.0 || norm(x) > 0.0) && (t.l1 == 0.0 || x.iter().all(|x| *x != 0.0))
    }

    pub(super) fn moves_freely(&self, u: usize, x: &[f64], k: usize) -> bool {
        let t = &self.terms[u];
        x[k] != 0.0 || (t.l1 == 0.0 && (t.weight == 0.0 || norm(x) > 0.0))
    }

    /// At most the distance that `Penalty::margin` asks for.
    pub(super) fn margin(&self, u: usize, x: &[f64], g: &[f64]) -> f64 {
        let t = &self.terms[u];
        if norm(x) == 0.0 && t.weight > 0.0 {
            let beyond: f64 = g.iter().map(|g| (g.abs() - t.l1).max(0.0).powi(2)).sum();
            return t.weight - beyond.sqrt();
        }
        let at_kink = x.iter().zip(g).filter(|(x, _)| **x == 0.0 && t.l1 > 0.0);
        at_kink.map(|(_, g)| t.l1 - g.abs()).fold(f64::INFINITY, f64::min)
    }

    pub(super) fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        let t = &self.terms[u];
        let size = norm(x);
        for (g, &x) in g.iter_mut().zip(x) {
            if x != 0.0 {
                *g += t.l1.copysign(x) + t.weight * (x / size) + t.l2 * x;
            }
        }
    }

    /// `w / |x| (p - u u'p) + l2 p` with `u = x / |x|`.
    pub(super) fn add_hessian_product(&self, u: usize, x: &[f64], p: &[f64], out: &mut [f64]) {
        let t = &self.terms[u];
        let size = norm(x);
        out.iter_mut().zip(p).for_each(|(o, p)| *o += t.l2 * p);
        if size > 0.0 && t.weight > 0.0 {
            let bend = t.weight / size;
            let along: f64 = x.iter().zip(p).map(|(x, p)| (x / size) * p).sum();
            out.iter_mut().zip(x).zip(p).for_each(|((o, x), p)| *o += bend * (p - along * (x / size)));
        }
    }

    /// The third-order term is about `|p| / |x|` of the second.
    pub(super) fn is_nearly_quadratic(&self, u: usize, x: &[f64], p: &[f64]) -> bool {
        self.terms[u].weight == 0.0 || norm(p) <= 1e-4 * norm(x)
    }

    /// Where a coordinate meets 0, or the group has turned by a right angle.
    pub(super) fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        let t = &self.terms[u];
        let mut first = f64::INFINITY;
        if t.l1 > 0.0 {
            let crossings = x.iter().zip(p).filter(|(x, p)| *x * *p < 0.0).map(|(x, p)| -x / p);
            first = crossings.fold(first, f64::min);
        }
        let along = inner(x, p);
        if t.weight > 0.0 && along < 0.0 { first.min(inner(x, x) / -along) } else { first }
    }

    /// Coordinates that crossed 0 stop there; so does a group that turned by more than a right angle.
    pub(super) fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        let t = &self.terms[u];
        let mut crossed = false;
        if t.l1 > 0.0 {
            for (from, to) in from.iter().zip(to.iter_mut()) {
                let beyond = *to * from < 0.0 || to.abs() <= 4.0 * f64::EPSILON * from.abs();
                if beyond && *to != 0.0 {
                    *to = 0.0;
                    crossed = true;
                }
            }
        }
        if t.weight > 0.0 && inner(from, to) <= 4.0 * f64::EPSILON * inner(from, from) {
            crossed |= to.iter().any(|to| *to != 0.0);
            to.fill(0.0);
        }
        crossed
    }

    /// `(|S(v, l1)| - w)_+^2 / (2 l2)`.
    pub(super) fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        let t = &self.terms[u];
        if self.is_fixed(u) {
            return 0.0;
        }
        let beyond = thresholded_norm(v, t.l1) - t.weight;
        // The differences inside carry the rounding of what they are differences of.
        if beyond <= 8.0 * f64::EPSILON * norm(v) {
            0.0
        } else if t.l2 > 0.0 {
            0.5 * beyond * (beyond / t.l2)
        } else {
            f64::INFINITY
        }
    }

    pub(super) fn unit_gauge(&self, u: usize, v: &[f64]) -> f64 {
        if self.terms[u].l2 > 0.0 || self.is_fixed(u) { 0.0 } else { self.unit_threshold(u, v) }
    }

    /// The root `t` of `|S(v, t l1)| = t w`: the left side minus the right one falls and is convex, so Newton steps
    /// from a lower bound never pass the root.
    pub(super) fn unit_threshold(&self, u: usize, v: &[f64]) -> f64 {
        let GroupTerms { l1, weight, .. } = self.terms[u];
        let size = careful_norm(v.iter().copied());
        if size == 0.0 || self.is_fixed(u) || (l1 == 0.0 && weight == 0.0) {
            return 0.0;
        }
        let most = v.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        if weight == 0.0 {
            return most / l1;
        }
        if l1 == 0.0 {
            return size / weight;
        }
        let mut t = (most / (l1 + weight)).max(size / (l1 * (v.len() as f64).sqrt() + weight));
        for _ in 0..MOST_STEPS {
            let threshold = t * l1;
            let (mut squares, mut sum) = (Sum::default(), 0.0);
            for v in v {
                let left = v.abs() - threshold;
                if left > 0.0 {
                    squares.add(left * left);
                    sum += left;
                }
            }
            let length = squares.value().sqrt();
            let excess = length - t * weight;
            if !(excess > 0.0) {
                break;
            }
            let next = t + excess / (l1 * (sum / length) + weight);
            if !(next > t) {
                break;
            }
            t = next;
        }
        t
    }

    pub(super) fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        let mut p = vec![0.0; x.len()];
        self.subgradient(u, x, g, &mut p);
        let size = norm(&p);
        if size == 0.0 && norm(x) == 0.0 && !self.is_fixed(u) {
            // How far inside the dual ball, in the units of the gradient.
            (self.unit_threshold(u, g) - 1.0).min(0.0) * self.dead_zone(u) / h.sqrt()
        } else {
            size / h.sqrt()
        }
    }

    pub(super) fn project(&self, x: &mut [f64]) {
        for u in (0..self.units()).filter(|&u| self.is_fixed(u)) {
            self.columns(u).iter().for_each(|&j| x[j] = 0.0);
        }
    }

    /// The same penalty without its group norms.
    #[cfg(test)]
    pub(super) fn without_norms(&self) -> super::Penalty {
        let mut other = self.clone();
        other.terms.iter_mut().for_each(|t| t.weight = 0.0);
        super::Penalty::SparseGroup(other)
    }
}

/// `|S(v, t)|_2`.
fn thresholded_norm(v: &[f64], t: f64) -> f64 {
    careful_norm(v.iter().map(|v| soft_threshold(*v, t)))
}
