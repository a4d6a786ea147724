//! The caller's function at an iterate, as rules and updates see it.

use super::super::settings::Gradients;
use super::super::smooth::{Metric, Smooth};
use super::{UserFunction, failed};
use crate::model::Penalty;
use crate::numerics::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, Outcome, Stop};
use std::cell::RefCell;

/// Function differences below this share of the value are taken from gradients instead.
const CANCELLED: f64 = 1e-9;

/// The function and an iterate.
pub(super) struct Engine<'e> {
    function: &'e dyn UserFunction,
    penalty: &'e Penalty,
    team: &'e Team<'e>,
    lipschitz: &'e [f64],
    pub(super) x: Vec<f64>,
    value: f64,
    /// What a callback did wrong; the loop is stopped then.
    pub(super) failure: &'e RefCell<Option<Error>>,
}

impl<'e> Engine<'e> {
    pub(super) fn new(
        function: &'e dyn UserFunction,
        penalty: &'e Penalty,
        team: &'e Team<'e>,
        lipschitz: &'e [f64],
        x: Vec<f64>,
        failure: &'e RefCell<Option<Error>>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let mut engine = Self { function, penalty, team, lipschitz, x, value: 0.0, failure };
        engine.refresh(control)?;
        Ok(engine)
    }

    /// Keeps the error of a callback and stops the loop.
    fn checked(&self, callback: &str, code: i32, out: &[f64]) -> Result<(), Stop> {
        let found = out.iter().find(|v| !v.is_finite());
        if code == 0 && found.is_none() {
            return Ok(());
        }
        let found = if code == 0 { found.copied() } else { None };
        *self.failure.borrow_mut() = Some(failed(callback, code, found));
        Err(Stop(Outcome::Cancelled))
    }

    fn value_at(&self, x: &[f64], control: &mut Control<'_>) -> Result<f64, Stop> {
        let mut out = [f64::NAN];
        let code = self.function.value(x, &mut out[0]);
        // Far out a function may overflow: that is a bad step, not a bad callback.
        let overflowed = out[0] == f64::INFINITY;
        self.checked("value", code, if overflowed { &[] } else { &out })?;
        control.spend(x.len() as u64)?;
        control.poll()?;
        Ok(out[0])
    }

    fn gradient_at(
        &self,
        x: &[f64],
        list: &[usize],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        out.fill(f64::NAN);
        let code = if list.is_empty() { 0 } else { self.function.gradient(x, list, out) };
        self.checked("gradient", code, out)?;
        control.spend(x.len() as u64)?;
        control.poll()
    }

    fn hessian_at(&self, x: &[f64], list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop> {
        let mut square = Square::zeros(list.len());
        square.data_mut().fill(f64::NAN);
        let code = if list.is_empty() { 0 } else { self.function.hessian(x, list, square.data_mut()) };
        self.checked("hessian", code, square.data_mut())?;
        control.spend((list.len() * list.len()) as u64)?;
        control.poll()?;
        Ok(square)
    }

    fn along(&self, (list, step): &(Vec<usize>, Vec<f64>), alpha: f64) -> Vec<f64> {
        let mut x = self.x.clone();
        list.iter().zip(step).for_each(|(&j, d)| x[j] += alpha * d);
        x
    }

    /// `|b| diag(L)`: a convex function bends along a block at most as much as `|b|` times the mean of its coordinates.
    fn bound(&self, list: &[usize]) -> Square {
        let mut square = Square::zeros(list.len());
        for (k, &j) in list.iter().enumerate() {
            square.column_mut(k)[k] = list.len() as f64 * self.lipschitz[j];
        }
        square
    }
}

impl Smooth for Engine<'_> {
    /// Coordinates and their step.
    type Ray = (Vec<usize>, Vec<f64>);
    type Memory = ();

    fn penalty(&self) -> &Penalty {
        self.penalty
    }

    fn team(&self) -> &Team<'_> {
        self.team
    }

    fn x(&self) -> &[f64] {
        &self.x
    }

    fn lipschitz(&self) -> &[f64] {
        self.lipschitz
    }

    fn objective_size(&self) -> f64 {
        self.value.abs()
    }

    fn has_curvature_bound(&self) -> bool {
        self.function.lipschitz().is_some()
    }

    fn is_quadratic(&self) -> bool {
        false
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn gradient(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        self.gradient_at(&self.x, list, out, control)
    }

    fn curvature(&self, metric: Metric, list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop> {
        if metric == Metric::Hessian && self.function.has_hessian() {
            return self.hessian_at(&self.x, list, control);
        }
        Ok(self.bound(list))
    }

    fn diagonal(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop> {
        for (out, &j) in out.iter_mut().zip(list) {
            *out = self.curvature(Metric::Hessian, &[j], control)?.at(0, 0);
        }
        Ok(())
    }

    fn bound_column(
        &self,
        j: usize,
        list: &[usize],
        out: &mut [f64],
        _control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let n = self.x.len() as f64;
        out.iter_mut()
            .zip(list)
            .for_each(|(out, &i)| *out = if i == j { n * self.lipschitz[j] } else { 0.0 });
        Ok(())
    }

    fn row_sums(&self, moving: &[usize], _control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let mut d = vec![0.0; self.x.len()];
        moving.iter().for_each(|&j| d[j] = moving.len() as f64 * self.lipschitz[j]);
        Ok(d)
    }

    fn hessian_lipschitz(&self, _list: &[usize], _control: &mut Control<'_>) -> Result<Option<f64>, Stop> {
        Ok(None)
    }

    fn ray(
        &self,
        list: &[usize],
        step: &[f64],
        _control: &mut Control<'_>,
    ) -> Result<(Vec<usize>, Vec<f64>), Stop> {
        Ok((list.to_vec(), step.to_vec()))
    }

    fn change(&self, ray: &Self::Ray, alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop> {
        let to = self.along(ray, alpha);
        let change = self.value_at(&to, control)? - self.value;
        if change.abs() > CANCELLED * self.value.abs() {
            return Ok(change);
        }
        // The difference is rounding; the mean slope, from gradients, is not, and its error is of the third order.
        let (mut here, mut there) = (vec![0.0; ray.0.len()], vec![0.0; ray.0.len()]);
        self.gradient_at(&self.x, &ray.0, &mut here, control)?;
        self.gradient_at(&to, &ray.0, &mut there, control)?;
        let sum = |g: &[f64]| g.iter().zip(&ray.1).map(|(g, d)| g * d).sum::<f64>();
        Ok(0.5 * alpha * (sum(&here) + sum(&there)))
    }

    fn derivatives(
        &self,
        ray: &Self::Ray,
        alpha: f64,
        control: &mut Control<'_>,
    ) -> Result<(f64, f64), Stop> {
        let (list, step) = ray;
        let x = self.along(ray, alpha);
        let mut g = vec![0.0; list.len()];
        self.gradient_at(&x, list, &mut g, control)?;
        let h =
            if self.function.has_hessian() { self.hessian_at(&x, list, control)? } else { self.bound(list) };
        let bend = |k: usize| step[k] * h.column(k).iter().zip(step).map(|(h, d)| h * d).sum::<f64>();
        Ok((g.iter().zip(step).map(|(g, d)| g * d).sum(), (0..list.len()).map(bend).sum()))
    }

    fn move_to(&mut self, list: &[usize], to: &[f64], control: &mut Control<'_>) -> Result<(), Stop> {
        list.iter().zip(to).for_each(|(&j, to)| self.x[j] = *to);
        self.refresh(control)
    }

    fn refresh(&mut self, control: &mut Control<'_>) -> Result<(), Stop> {
        self.value = self.value_at(&self.x, control)?;
        Ok(())
    }

    fn memory(&self, _wanted: Gradients, _block_size: usize, _control: &mut Control<'_>) -> Result<(), Stop> {
        Ok(())
    }
}
