//! `G(x) + c'x`: a penalty with a linear term.
//!
//! A smooth function keeps its gradient and a penalty takes the tilt: the minimizer of `f + c'x + G` is that of
//! `f` and the penalty `G + c'x`, so rules, updates and dual points need nothing of their own for it. `prox` is that
//! of `G` at `v - c/h`, the subgradient that of `G` at the gradient `g + c`, the conjugate that of `G` at `v - c`.

use super::Penalty;
use std::sync::Arc;

/// A penalty and the slope `c_j` of each coordinate.
#[derive(Debug, Clone)]
pub struct Tilted {
    of: Box<Penalty>,
    slope: Arc<[f64]>,
}

impl Tilted {
    /// `of` is not tilted itself; `slope` has one number for each coordinate.
    pub(super) fn new(of: Penalty, slope: Vec<f64>) -> Self {
        Self { of: Box::new(of), slope: slope.into() }
    }

    pub(super) fn of(&self) -> &Penalty {
        &self.of
    }

    pub(super) fn slope(&self) -> &Arc<[f64]> {
        &self.slope
    }

    pub(super) fn for_outputs(&self, k: usize, free: &[bool]) -> Self {
        let repeated = self.slope.iter().flat_map(|c| std::iter::repeat_n(*c, k));
        let slope = repeated.chain(free.iter().map(|_| 0.0)).collect();
        Self { of: Box::new(self.of.for_outputs(k, free)), slope }
    }

    /// Calls `body` with `g` plus `sign` times the slopes of unit `u`: on the stack for most units.
    #[inline]
    fn shifted<R>(&self, u: usize, sign: f64, g: &[f64], body: impl FnOnce(&[f64]) -> R) -> R {
        let columns = self.of.columns(u);
        if let ([j], [g]) = (columns, g) {
            return body(&[g + sign * self.slope[*j]]);
        }
        let all: Vec<f64> = g.iter().zip(columns).map(|(g, &j)| g + sign * self.slope[j]).collect();
        body(&all)
    }

    /// `v - c` of all coordinates.
    pub(super) fn reduced(&self, v: &[f64]) -> Vec<f64> {
        v.iter().zip(&*self.slope).map(|(v, c)| v - c).collect()
    }

    fn along(&self, u: usize, x: impl Iterator<Item = f64>) -> f64 {
        // 0 times a step that overflowed has to be 0.
        let term = |(x, &j): (f64, &usize)| if self.slope[j] == 0.0 { 0.0 } else { self.slope[j] * x };
        x.zip(self.of.columns(u)).map(term).sum()
    }

    pub(super) fn units(&self) -> usize {
        self.of.units()
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        self.of.columns(u)
    }

    pub(super) fn is_fixed(&self, u: usize) -> bool {
        self.of.is_fixed(u)
    }

    pub(super) fn is_free(&self, u: usize) -> bool {
        self.of.is_free(u)
    }

    pub(super) fn is_quadratic(&self, u: usize) -> bool {
        self.of.is_quadratic(u)
    }

    /// What the slope leaves of the dead zone, whatever the direction of the gradient is.
    pub(super) fn dead_zone(&self, u: usize) -> f64 {
        let squares: f64 = self.of.columns(u).iter().map(|&j| self.slope[j] * self.slope[j]).sum();
        (self.of.dead_zone(u) - squares.sqrt()).max(0.0)
    }

    pub(super) fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        self.of.unit_value(u, x) + self.along(u, x.iter().copied())
    }

    pub(super) fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        let step = from.iter().zip(to).map(|(from, to)| to - from);
        self.of.unit_change(u, from, to) + self.along(u, step)
    }

    #[inline]
    pub(super) fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        v.iter_mut().zip(self.of.columns(u)).for_each(|(v, &j)| *v -= self.slope[j] / h);
        self.of.prox(u, h, v);
    }

    pub(super) fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        self.shifted(u, 1.0, g, |g| self.of.subgradient(u, x, g, out));
    }

    pub(super) fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        self.of.is_smooth_at(u, x)
    }

    pub(super) fn margin(&self, u: usize, x: &[f64], g: &[f64]) -> f64 {
        self.shifted(u, 1.0, g, |g| self.of.margin(u, x, g))
    }

    pub(super) fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        self.of.add_gradient(u, x, g);
        g.iter_mut().zip(self.of.columns(u)).for_each(|(g, &j)| *g += self.slope[j]);
    }

    pub(super) fn add_hessian_product(&self, u: usize, x: &[f64], p: &[f64], out: &mut [f64]) {
        self.of.add_hessian_product(u, x, p, out);
    }

    pub(super) fn is_nearly_quadratic(&self, u: usize, x: &[f64], p: &[f64]) -> bool {
        self.of.is_nearly_quadratic(u, x, p)
    }

    pub(super) fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        self.of.first_kink(u, x, p)
    }

    pub(super) fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        self.of.settle(u, from, to)
    }

    pub(super) fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        self.shifted(u, -1.0, v, |v| self.of.unit_conjugate(u, v))
    }

    pub(super) fn unit_gauge(&self, u: usize, v: &[f64]) -> f64 {
        self.shifted(u, -1.0, v, |v| self.of.unit_gauge(u, v))
    }

    pub(super) fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        self.shifted(u, 1.0, g, |g| self.of.urgency(u, x, g, h))
    }

    pub(super) fn project(&self, x: &mut [f64]) {
        self.of.project(x);
    }
}
