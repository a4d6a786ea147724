//! Anderson acceleration of the sweeps: alternation converges linearly, and slowly where few entries or a ridge leave
//! flat directions.
//!
//! A sweep maps the factor of the rows `U` (and their biases) to a new one, up to a rotation that the model does not
//! see. So iterates are turned to lie as near as possible to a reference (Procrustes), unless prior means fix the
//! basis; then, with `x_t` where a sweep began and `g_t` where it ended, the combination `sum_i a_i g_i`, `sum_i a_i =
//! 1`, of least `|sum_i a_i (g_i - x_i)|` is where a linear iteration would rest. The next sweep begins there; the
//! caller goes back where that does not pay.

use super::basis::nearest_rotation;
use super::sweeps::State;
use crate::numerics::eigen::minimum_norm;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};
use std::collections::VecDeque;

/// Sweeps that are combined.
const DEPTH: usize = 8;
/// Copies of the factor of the rows that are kept.
pub(super) const COPIES: usize = 2 * DEPTH + 2;
/// The Gram matrix of their differences counts as singular beyond this.
const SINGULAR: f64 = 1e-12;

/// Where a sweep began and where it ended.
struct Pair<T> {
    step: Tall<T>,
    end: Tall<T>,
}

/// The last sweeps.
pub struct Anderson<T> {
    /// Whether iterates are turned.
    turns: bool,
    reference: Option<Tall<T>>,
    /// Where the sweep that comes next begins, near the reference.
    begin: Option<Tall<T>>,
    pairs: VecDeque<Pair<T>>,
}

impl<T: Real> Anderson<T> {
    /// Before the first sweep. `turns`: whether a rotation of both factors changes nothing.
    pub fn new(turns: bool) -> Self {
        Self { turns, reference: None, begin: None, pairs: VecDeque::new() }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.turns);
    }

    /// Takes note of where a sweep ended and moves the factor of the rows and their biases to where the next one is to
    /// begin; the factor of the columns turns along, to be a start of its regressions. Says whether that is an
    /// extrapolation.
    ///
    /// Costs about `(8 DEPTH + 6 k) rows k` flops and keeps `2 DEPTH + 2` copies of the factor. Errors: no memory.
    pub fn follow(
        &mut self,
        state: &mut State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<bool, Stop>> {
        let k = state.factors.u.cols();
        let Some(reference) = &self.reference else {
            self.begin = Some(state.rows_with_biases()?);
            self.reference = Some(state.factors.u.clone());
            return Ok(Ok(false));
        };
        if self.turns {
            let turned = state.factors.u.product(reference, |_| 1.0, team, control).and_then(|m| {
                let turn = nearest_rotation(&m);
                state.factors.u.transform(&turn, team, control)?;
                state.factors.v.transform(&turn, team, control)
            });
            if let Err(stop) = turned {
                return Ok(Err(stop));
            }
        }
        let end = state.rows_with_biases()?;
        let Some(begin) = &self.begin else { return Ok(Ok(false)) };
        let step = combined(&[(1.0, &end), (-1.0, begin)]);
        if self.pairs.len() == DEPTH {
            self.pairs.pop_front();
        }
        self.pairs.push_back(Pair { step, end });
        let weights = match self.weights(control) {
            Ok(weights) => weights,
            Err(stop) => return Ok(Err(stop)),
        };
        let extrapolated = weights.is_some();
        if let Some(weights) = weights {
            let ends = self.pairs.iter().map(|p| &p.end);
            let terms: Vec<(f64, &Tall<T>)> = weights.into_iter().zip(ends).collect();
            let next = combined(&terms);
            for i in 0..next.rows() {
                state.factors.u.row_mut(i).copy_from_slice(&next.row(i)[..k]);
            }
            state.offsets.row.iter_mut().enumerate().for_each(|(i, b)| *b = next.row(i)[k]);
        }
        self.begin = Some(state.rows_with_biases()?);
        Ok(Ok(extrapolated))
    }

    /// The weights of the combination; `None` for a single sweep, or where they are not finite.
    fn weights(&self, control: &mut Control<'_>) -> std::result::Result<Option<Vec<f64>>, Stop> {
        let (Some(last), true) = (self.pairs.back(), self.pairs.len() > 1) else { return Ok(None) };
        let before = self.pairs.iter().take(self.pairs.len() - 1);
        // min |s_t - sum_i c_i (s_t - s_i)|
        let differences: Vec<Tall<T>> =
            before.map(|p| combined(&[(1.0, &last.step), (-1.0, &p.step)])).collect();
        let count = differences.len();
        let mut gram = Square::zeros(count);
        let mut right = vec![0.0; count];
        for j in 0..count {
            for i in 0..=j {
                let product = dot(&differences[i], &differences[j]);
                gram.column_mut(j)[i] = product;
                gram.column_mut(i)[j] = product;
            }
            right[j] = dot(&differences[j], &last.step);
        }
        control.spend(((count + 2) * count * 2 * last.step.rows() * last.step.cols()) as u64)?;
        let c = minimum_norm(&gram, &right, SINGULAR);
        let mut weights = c.clone();
        weights.push(1.0 - c.iter().sum::<f64>());
        Ok(weights.iter().all(|w| w.is_finite()).then_some(weights))
    }

    /// An estimate from below of what a sweep leaves of the distance to the limit: the largest share that it left of
    /// the difference of two beginnings.
    pub fn contraction(&self) -> Option<f64> {
        let last = self.pairs.back()?;
        let mut largest: Option<f64> = None;
        for pair in self.pairs.iter().rev().skip(1) {
            let ends = combined(&[(1.0, &last.end), (-1.0, &pair.end)]);
            let begins = combined(&[(1.0, &ends), (-1.0, &last.step), (1.0, &pair.step)]);
            let share = (dot(&ends, &ends) / dot(&begins, &begins)).sqrt();
            if share.is_finite() {
                largest = Some(largest.unwrap_or(0.0).max(share));
            }
        }
        largest
    }
}

fn dot<T: Real>(a: &Tall<T>, b: &Tall<T>) -> f64 {
    a.data().iter().zip(b.data()).map(|(a, b)| a.wide() * b.wide()).sum()
}

/// `sum_i w_i X_i`.
fn combined<T: Real>(terms: &[(f64, &Tall<T>)]) -> Tall<T> {
    let mut out = terms[0].1.clone();
    for (at, value) in out.data_mut().iter_mut().enumerate() {
        *value = T::narrow(terms.iter().map(|(w, x)| w * x.data()[at].wide()).sum());
    }
    out
}
