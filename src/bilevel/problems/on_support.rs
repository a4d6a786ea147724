//! Second derivatives of a penalized fit with absolute values, on the coefficients that move: there the solution is
//! differentiable as long as neither they nor their signs change (Bertrand et al., arXiv 2105.01637).

use super::super::problem::{Evaluated, SecondOrder};
use crate::numerics::kernels::dot;
use std::cell::RefCell;

/// `A` and `B` of `loss + exp(t_1) |w|_1 + ridge`, restricted to the coefficients that move: `A` there and the identity
/// elsewhere, so that conjugate gradients on right-hand sides that are 0 elsewhere solve `A_SS q_S = r_S`; `B` has the
/// column `exp(t_1) sign(w)` and those of the ridge, 0 elsewhere.
pub struct OnSupport<'a> {
    /// Of loss and ridge.
    inner: Box<dyn SecondOrder + 'a>,
    moves: Vec<bool>,
    /// The column of `t_1`.
    signs: Vec<f64>,
    part: RefCell<Vec<f64>>,
}

impl<'a> OnSupport<'a> {
    /// For the coefficients that move and the column of `t_1`, which is 0 where they do not.
    pub(super) fn new(inner: Box<dyn SecondOrder + 'a>, moves: Vec<bool>, signs: Vec<f64>) -> Self {
        let part = RefCell::new(vec![0.0; moves.len()]);
        Self { inner, moves, signs, part }
    }

    /// `out`, made for the part of `v` that moves, there and `v` elsewhere.
    fn keep_elsewhere(&self, v: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(v).zip(&self.moves).filter(|(_, moves)| !**moves).for_each(|((o, v), _)| *o = *v);
    }

    fn part_of(&self, v: &[f64]) -> std::cell::RefMut<'_, Vec<f64>> {
        let mut part = self.part.borrow_mut();
        part.copy_from_slice(v);
        self.restrict(&mut part);
        part
    }
}

impl SecondOrder for OnSupport<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        self.inner.hessian(&self.part_of(v), out)?;
        self.keep_elsewhere(v, out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let part = self.part_of(q);
        out[0] = dot(&self.signs, &part);
        self.inner.mixed_transposed(&part, &mut out[1..])
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        // The column of the ridge is a multiple of w: 0 where w is.
        self.inner.mixed(&u[1..], out)?;
        out.iter_mut().zip(&self.signs).for_each(|(o, s)| *o += s * u[0]);
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let has = self.inner.precondition(r, out)?;
        if has {
            self.keep_elsewhere(r, out);
        }
        Ok(has)
    }

    fn restrict(&self, v: &mut [f64]) {
        v.iter_mut().zip(&self.moves).filter(|(_, moves)| !**moves).for_each(|(v, _)| *v = 0.0);
    }
}
