//! `sum_g w_g |x_g|_2` over disjoint groups that cover all coordinates.

use super::membership::{Membership, careful_norm, inner, norm};
use crate::runtime::Result;

/// Group weights and members. A weight of infinity fixes the group at 0; a weight of 0 leaves it free.
#[derive(Debug, Clone)]
pub struct Group {
    weight: Vec<f64>,
    members: Membership,
}

impl Group {
    /// `group_of[j]` is the group of coordinate `j`; `weight[g] >= 0` that of the group. Groups may be empty.
    ///
    /// Errors: a group number that has no weight.
    pub fn new(group_of: &[usize], weight: Vec<f64>) -> Result<Self> {
        let members = Membership::new(group_of, weight.len())?;
        Ok(Self { weight, members })
    }

    pub(super) fn for_outputs(&self, k: usize, free: &[bool]) -> Self {
        let mut weight = self.weight.clone();
        weight.extend(free.iter().map(|free| if *free { 0.0 } else { f64::INFINITY }));
        Self { weight, members: self.members.for_outputs(k, free.len()) }
    }

    pub(super) fn units(&self) -> usize {
        self.weight.len()
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        self.members.columns(u)
    }

    pub(super) fn is_fixed(&self, u: usize) -> bool {
        self.weight[u] == f64::INFINITY || self.columns(u).is_empty()
    }

    #[inline]
    pub(super) fn dead_zone(&self, u: usize) -> f64 {
        self.weight[u]
    }

    pub(super) fn is_free(&self, u: usize) -> bool {
        self.weight[u] == 0.0
    }

    pub(super) fn is_quadratic(&self, u: usize) -> bool {
        self.is_free(u)
    }

    #[inline]
    pub(super) fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        let size = norm(x);
        if size == 0.0 { 0.0 } else { self.weight[u] * size }
    }

    #[inline]
    pub(super) fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        // `|to|^2 - |from|^2` over `|to| + |from|`: a difference of norms would lose small changes.
        let grown: f64 = from.iter().zip(to).map(|(from, to)| (to - from) * (to + from)).sum();
        if grown == 0.0 { 0.0 } else { self.weight[u] * (grown / (norm(to) + norm(from))) }
    }

    #[inline]
    pub(super) fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        let size = norm(v);
        let keep = if h * size > self.weight[u] { 1.0 - self.weight[u] / (h * size) } else { 0.0 };
        v.iter_mut().for_each(|v| *v *= keep);
    }

    pub(super) fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        out.copy_from_slice(g);
        let (size, weight) = (norm(x), self.weight[u]);
        if self.is_fixed(u) {
            out.fill(0.0);
        } else if size > 0.0 {
            out.iter_mut().zip(x).for_each(|(o, x)| *o += weight * (x / size));
        } else {
            let slope = norm(g);
            let keep = if slope > weight { 1.0 - weight / slope } else { 0.0 };
            out.iter_mut().for_each(|o| *o *= keep);
        }
    }

    pub(super) fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        self.weight[u] == 0.0 || norm(x) > 0.0
    }

    pub(super) fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        let (size, weight) = (norm(x), self.weight[u]);
        if size > 0.0 {
            g.iter_mut().zip(x).for_each(|(g, x)| *g += weight * (x / size));
        }
    }

    /// `w / |x| (p - u u'p)` with `u = x / |x|`.
    pub(super) fn add_hessian_product(&self, u: usize, x: &[f64], p: &[f64], out: &mut [f64]) {
        let size = norm(x);
        if size > 0.0 && self.weight[u] > 0.0 {
            let bend = self.weight[u] / size;
            let along: f64 = x.iter().zip(p).map(|(x, p)| (x / size) * p).sum();
            out.iter_mut().zip(x).zip(p).for_each(|((o, x), p)| *o += bend * (p - along * (x / size)));
        }
    }

    /// The third-order term is about `|p| / |x|` of the second.
    pub(super) fn is_nearly_quadratic(&self, u: usize, x: &[f64], p: &[f64]) -> bool {
        self.weight[u] == 0.0 || norm(p) <= 1e-4 * norm(x)
    }

    /// Where the group has turned by a right angle: beyond, its old direction says nothing of it any more.
    pub(super) fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        let along = inner(x, p);
        if self.weight[u] > 0.0 && along < 0.0 { inner(x, x) / -along } else { f64::INFINITY }
    }

    /// A group that turned by more than a right angle went through 0, to rounding or by far: it stops there.
    pub(super) fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        let crossed = self.weight[u] > 0.0 && inner(from, to) <= 4.0 * f64::EPSILON * inner(from, from);
        if crossed {
            to.fill(0.0);
        }
        crossed
    }

    pub(super) fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        let size = careful_norm(v.iter().copied());
        if self.is_fixed(u) || size <= self.weight[u] { 0.0 } else { f64::INFINITY }
    }

    pub(super) fn unit_gauge(&self, u: usize, v: &[f64]) -> f64 {
        let size = careful_norm(v.iter().copied());
        if size == 0.0 { 0.0 } else { size / self.weight[u] }
    }

    pub(super) fn unit_threshold(&self, u: usize, v: &[f64]) -> f64 {
        self.unit_gauge(u, v)
    }

    pub(super) fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        let mut p = vec![0.0; x.len()];
        self.subgradient(u, x, g, &mut p);
        let size = norm(&p);
        if size == 0.0 && norm(x) == 0.0 {
            (norm(g) - self.weight[u]).min(0.0) / h.sqrt()
        } else {
            size / h.sqrt()
        }
    }

    pub(super) fn project(&self, x: &mut [f64]) {
        for u in (0..self.units()).filter(|&u| self.weight[u] == f64::INFINITY) {
            self.columns(u).iter().for_each(|&j| x[j] = 0.0);
        }
    }
}
