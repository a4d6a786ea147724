//! The iterate and what is maintained with it: `z = A x + b + o` and the slopes `d = s phi'(z)`.

use super::scaled::Scaled;
use crate::model::Penalty;
use crate::runtime::{Control, Stop};

/// The iterate in scaled coordinates.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// Coordinates.
    pub(super) x: Vec<f64>,
    /// Intercept.
    pub(super) b: f64,
    /// Linear predictor, offset and intercept included.
    pub(super) z: Vec<f64>,
    /// Slopes `s_r phi'(z_r)`: the gradient in z.
    pub(super) d: Vec<f64>,
}

impl State {
    /// The state at `x`, `b`.
    pub(super) fn new(
        scaled: &Scaled<'_>,
        x: Vec<f64>,
        b: f64,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let rows = scaled.rows();
        let mut state = Self { x, b, z: vec![0.0; rows], d: vec![0.0; rows] };
        state.refresh(scaled, control)?;
        Ok(state)
    }

    /// Computes `z` and `d` afresh from `x`: no rounding is carried along.
    pub(super) fn refresh(&mut self, scaled: &Scaled<'_>, control: &mut Control<'_>) -> Result<(), Stop> {
        let mut z: Vec<f64> = scaled.offset.iter().map(|o| o + self.b).collect();
        let moved: Vec<usize> = (0..self.x.len()).filter(|&j| self.x[j] != 0.0).collect();
        let x: Vec<f64> = moved.iter().map(|&j| self.x[j]).collect();
        scaled.columns.accumulate(&moved, &x, &mut z, control)?;
        self.z = z;
        self.slopes(scaled, control)
    }

    /// Computes `d` from `z`.
    pub(super) fn slopes(&mut self, scaled: &Scaled<'_>, control: &mut Control<'_>) -> Result<(), Stop> {
        scaled.loss.slopes(&scaled.y, &self.z, &scaled.s, &mut self.d);
        control.spend(LOSS_FLOPS * self.z.len() as u64)
    }

    /// The smooth part of the objective.
    pub(super) fn loss(&self, scaled: &Scaled<'_>) -> f64 {
        scaled.loss.value(&scaled.y, &self.z, &scaled.s)
    }

    /// The objective, in the scaled problem's units.
    pub(super) fn objective(&self, scaled: &Scaled<'_>, penalty: &Penalty) -> f64 {
        self.loss(scaled) + penalty.value(&self.x)
    }

    /// Moves coordinates `list` to the values `to` and refreshes what hangs on them: only the rows touched, where the
    /// columns are sparse.
    pub(super) fn move_to(
        &mut self,
        scaled: &Scaled<'_>,
        list: &[usize],
        to: &[f64],
        intercept_step: f64,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let step: Vec<f64> = list.iter().zip(to).map(|(&j, to)| to - self.x[j]).collect();
        scaled.columns.accumulate(list, &step, &mut self.z, control)?;
        list.iter().zip(to).for_each(|(&j, to)| self.x[j] = *to);
        let touched: u64 = list.iter().map(|&j| scaled.columns.flops(j)).sum();
        if intercept_step != 0.0 {
            self.b += intercept_step;
            self.z.iter_mut().for_each(|z| *z += intercept_step);
        } else if scaled.columns.is_sparse() && touched < self.z.len() as u64 {
            for (&j, &step) in list.iter().zip(&step) {
                if step != 0.0 {
                    scaled.columns.for_each(j, |r, _| {
                        self.d[r] = scaled.loss.slope(scaled.y[r], self.z[r], scaled.s[r]);
                    });
                }
            }
            return control.spend(LOSS_FLOPS * touched);
        }
        self.slopes(scaled, control)
    }

    /// One safeguarded Newton step on the intercept alone: exact for the squared loss.
    pub(super) fn center(&mut self, scaled: &Scaled<'_>, control: &mut Control<'_>) -> Result<f64, Stop> {
        let slope: f64 = self.d.iter().sum();
        let mut w = vec![0.0; self.z.len()];
        scaled.loss.curvatures(&scaled.y, &self.z, &scaled.s, &mut w);
        let curvature: f64 = w.iter().sum();
        control.spend(2 * LOSS_FLOPS * self.z.len() as u64)?;
        let ones = vec![1.0; self.z.len()];
        let change = |step: f64| scaled.loss.change(&scaled.y, &self.z, &ones, step, &scaled.s);
        let bound = scaled.loss.curvature_bound() * scaled.s.iter().sum::<f64>();
        let mut step = -slope / if curvature > 0.0 { curvature } else { bound };
        if slope == 0.0 || step == 0.0 || !step.is_finite() {
            return Ok(0.0);
        }
        if curvature <= 0.0 {
            // No row bends here (Huber, far from all targets): on while that pays.
            for _ in 0..200 {
                control.spend(2 * LOSS_FLOPS * self.z.len() as u64)?;
                if change(2.0 * step) >= change(step) {
                    break;
                }
                step *= 2.0;
            }
        }
        // A step whose gain drowns in the rounding of the loss is taken as it is.
        let drowned = (step * slope).abs() <= 1e-15 * self.loss(scaled).abs();
        for _ in 0..60 {
            control.spend(LOSS_FLOPS * self.z.len() as u64)?;
            if change(step) <= 1e-4 * step * slope || drowned {
                self.move_to(scaled, &[], &[], step, control)?;
                return Ok(step);
            }
            step *= 0.5;
        }
        Ok(0.0)
    }
}

/// Flops counted for one evaluation of a loss or its derivatives at one row.
pub(super) const LOSS_FLOPS: u64 = 16;
