//! Second derivatives of a field of experts at a point.

use super::super::super::problem::{Evaluated, Refusal, SecondOrder};
use super::super::convolution::Convolution;
use super::super::jacobi::Jacobi;
use super::super::smoothed_absolute::phi;
use super::{FieldOfExperts, Filters, Workspace};
use crate::numerics::kernels::dot;
use crate::runtime::error::zeros;
use std::cell::RefCell;

/// `A` and `B` at a point.
pub(super) struct ExpertsAt<'a> {
    problem: &'a FieldOfExperts,
    convolution: &'a Convolution,
    x: &'a [f64],
    filters: Filters,
    /// `w_k v_k^2/phi^3` of each filter and pixel.
    curvature: Vec<f64>,
    workspace: RefCell<Workspace>,
    jacobi: Jacobi,
}

impl<'a> ExpertsAt<'a> {
    /// From `curvature`, `w_k v_k^2/phi^3` of each filter and pixel.
    pub(super) fn new(
        problem: &'a FieldOfExperts,
        convolution: &'a Convolution,
        x: &'a [f64],
        filters: Filters,
        curvature: Vec<f64>,
        workspace: Workspace,
    ) -> Self {
        let workspace = RefCell::new(workspace);
        Self { problem, convolution, x, filters, curvature, workspace, jacobi: Jacobi::default() }
    }

    fn curvature_of(&self, k: usize) -> &[f64] {
        let n = self.x.len();
        &self.curvature[k * n..(k + 1) * n]
    }

    /// `C_k x`.
    fn responses(&self, padded: &[f64], taps: &[f64]) -> Vec<f64> {
        let mut u = vec![0.0; self.x.len()];
        self.convolution.add_correlation(padded, taps, &mut u);
        u
    }

    fn padded(&self, x: &[f64]) -> Evaluated<Vec<f64>> {
        let mut padded = zeros("padded", self.convolution.padded_pixels()).map_err(Refusal::Failed)?;
        self.convolution.pad(x, &mut padded);
        Ok(padded)
    }

    /// `1 + sum_k C_k'(curvature) with squared taps`: the diagonal of the Hessian but at mirrored borders.
    fn diagonal(&self) -> Vec<f64> {
        let workspace = &mut *self.workspace.borrow_mut();
        let mut diagonal = vec![1.0; self.x.len()];
        workspace.sums.fill(0.0);
        for (k, _, _, taps) in self.filters.each() {
            let squares: Vec<f64> = taps.iter().map(|t| t * t).collect();
            workspace.u.copy_from_slice(self.curvature_of(k));
            workspace.add_adjoint(self.convolution, &squares);
        }
        self.convolution.fold(&workspace.sums, &mut diagonal);
        diagonal
    }
}

impl SecondOrder for ExpertsAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let workspace = &mut *self.workspace.borrow_mut();
        self.convolution.pad(v, &mut workspace.padded);
        workspace.sums.fill(0.0);
        for (k, _, _, taps) in self.filters.each() {
            workspace.correlate(self.convolution, taps);
            workspace.u.iter_mut().zip(self.curvature_of(k)).for_each(|(u, w)| *u *= w);
            workspace.add_adjoint(self.convolution, taps);
        }
        out.copy_from_slice(v);
        self.convolution.fold(&workspace.sums, out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let [a, b, c] = self.problem.places();
        let (of_x, of_q) = (self.padded(self.x)?, self.padded(q)?);
        let mut along = vec![0.0; self.x.len()];
        let taps_of_each = self.filters.taps.len() / self.filters.weight.len();
        let mut second = vec![0.0; taps_of_each];
        for (k, w, v, taps) in self.filters.each() {
            let (mut u, cq) = (self.responses(&of_x, taps), self.responses(&of_q, taps));
            let curvature = self.curvature_of(k);
            // v^2 u / phi^3 = curvature u / w.
            along.iter_mut().zip(&cq).zip(curvature).for_each(|((o, c), w)| *o = c * w);
            out[b + k] = -dot(&along, &u);
            u.iter_mut().for_each(|u| *u *= w / phi(*u * *u, v));
            out[a + k] = dot(&u, &cq);
            let place = c + k * taps_of_each;
            self.convolution.by_taps(&u, &of_q, &mut out[place..place + taps_of_each]);
            self.convolution.by_taps(&along, &of_x, &mut second);
            out[place..place + taps_of_each].iter_mut().zip(&second).for_each(|(o, s)| *o += s);
        }
        self.problem.center(&mut out[c..]);
        if self.problem.experts.has_factor {
            out[0] = out[a..b].iter().sum();
        }
        Ok(())
    }

    fn mixed(&self, du: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let [a, b, c] = self.problem.places();
        let factor = if self.problem.experts.has_factor { du[0] } else { 0.0 };
        let mut changes = du[c..].to_vec();
        self.problem.center(&mut changes);
        let of_x = self.padded(self.x)?;
        let workspace = &mut *self.workspace.borrow_mut();
        workspace.sums.fill(0.0);
        let taps_of_each = self.filters.taps.len() / self.filters.weight.len();
        for ((k, w, v, taps), change) in self.filters.each().zip(changes.chunks_exact(taps_of_each)) {
            let (u, moved) = (self.responses(&of_x, taps), self.responses(&of_x, change));
            let (da, db) = (factor + du[a + k], du[b + k]);
            let terms = u.iter().zip(&moved).zip(self.curvature_of(k));
            for (o, ((u, moved), bend)) in workspace.u.iter_mut().zip(terms) {
                *o = da * w * u / phi(u * u, v) + bend * (moved - db * u);
            }
            workspace.add_adjoint(self.convolution, taps);
            workspace.u.iter_mut().zip(&u).for_each(|(o, u)| *o = w * u / phi(u * u, v));
            workspace.add_adjoint(self.convolution, change);
        }
        out.fill(0.0);
        self.convolution.fold(&workspace.sums, out);
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.jacobi.solve(r, out, || self.diagonal());
        Ok(true)
    }
}
