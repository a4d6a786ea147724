//! Robust losses: sweeps over squares whose weights follow from the residuals, in stages of fixed scale.
//!
//! Within a stage the scale of the loss is fixed, so that there is an objective, and no sweep raises it. The first
//! scale is that of the residuals of the start, so that nearly all entries count; a stage of the rough phase ends as
//! soon as the model moves by little beside the scale, which is then estimated anew. When it does not change any more,
//! the fine phase takes the model to its limit, looks at the scale once more, and goes on where that has changed. Least
//! trimmed squares have no scale: their entries are chosen after a rough phase with Student's loss.

use super::fit::fit_by;
use super::loss::{BEND, FREEDOM, Loss, LossKind, NORMAL_MEDIAN};
use super::observations::Observations;
use super::reweighting::{Reweighting, Weighed};
use super::sweeps::State;
use crate::numerics::real::Real;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// Scales that differ by less than this share are one: within the rough phase, and at the limit of a stage.
const SAME: f64 = 0.02;
const SAME_AT_LIMIT: f64 = 1e-3;
/// A scale that falls below this share of the last shows that the model is still far from its limit.
const FAR: f64 = 0.5;
/// A rough stage ends when the model moves by this many scales.
const LITTLE: f64 = 0.1;
/// Stages of the rough and of the fine phase at most: then the scale stays.
const ROUGH_STAGES: usize = 2000;
const FINE_STAGES: usize = 40;
/// The least scale, beside the tolerance and in roundings, of the scale of the values: exact fits have residuals of
/// rounding.
const FLOOR: f64 = 10.0;
const FLOOR_ROUNDINGS: f64 = 256.0;
/// Values are cut back to this many scales from their median for a start.
const START: f64 = 3.0;

/// A robust loss at work, on the entries that it reweighs.
pub(super) struct Robust<'o, T> {
    reweighting: Reweighting<'o, T>,
    kind: LossKind,
    scale: f64,
    floor: f64,
    /// Whether stages end early.
    rough: bool,
    /// Whether the entries that are trimmed are chosen already.
    trims: bool,
    stages: [usize; 2],
    loss: Loss,
    last: Weighed,
}

impl<'o, T: Real> Robust<'o, T> {
    /// Weighs the entries by the residuals of a start, in units of the problem. Errors: no memory, a stop.
    pub(super) fn new(
        seen: &'o Observations<T>,
        kind: LossKind,
        tolerance: f64,
        state: &State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let spread = spread(deviations(seen, state.offsets.mean)?);
        let mut robust = Self {
            reweighting: Reweighting::new(seen)?,
            kind,
            scale: 0.0,
            floor: spread * (FLOOR * tolerance).max(FLOOR_ROUNDINGS * T::ROUNDING),
            rough: true,
            trims: false,
            stages: [0; 2],
            loss: Loss::Squared,
            last: Weighed::default(),
        };
        robust.reweighting.measure(&state.factors, &state.offsets, team, control)?;
        robust.scale = robust.present_scale();
        robust.apply(state, team, control)?;
        Ok(robust)
    }

    /// The entries as they are weighed.
    pub(super) fn observations(&self) -> &Observations<T> {
        self.reweighting.observations()
    }

    /// The loss as it stands.
    pub(super) fn loss(&self) -> Loss {
        self.loss
    }

    /// What the last weighing found.
    pub(super) fn last(&self) -> &Weighed {
        &self.last
    }

    /// The scale of the residuals that were taken last.
    fn present_scale(&self) -> f64 {
        (NORMAL_MEDIAN * self.reweighting.quantile(0.5).size).max(self.floor)
    }

    /// Weighs the entries by the residuals of a model. Costs `4 k` flops for each entry.
    pub(super) fn weigh(
        &mut self,
        state: &State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        self.reweighting.measure(&state.factors, &state.offsets, team, control)?;
        self.apply(state, team, control)
    }

    fn apply(
        &mut self,
        state: &State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        self.loss = match self.kind {
            LossKind::Squared => Loss::Squared,
            LossKind::Huber => Loss::Huber { bend: BEND * self.scale },
            LossKind::Trimmed(share) if self.trims => {
                let end = self.reweighting.quantile(1.0 - share);
                // Without the floor new entries of an exact fit would all be beyond the limit.
                if end.size > self.floor {
                    Loss::Trimmed { limit: end.size, kept: end.kept }
                } else {
                    Loss::Trimmed { limit: self.floor, kept: 1.0 }
                }
            }
            LossKind::Student | LossKind::Trimmed(_) => Loss::Student { spread: FREEDOM.sqrt() * self.scale },
        };
        self.last = self.reweighting.weigh(self.loss, &state.factors, &state.offsets, team, control)?;
        Ok(())
    }

    /// Whether a stage of the rough phase is over, for a model that moved by `change` relative to itself.
    pub(super) fn is_near(&self, change: f64) -> bool {
        let length = (self.last.size / self.last.weight).sqrt();
        self.rough && change * length <= LITTLE * self.scale
    }

    /// Goes on to the next stage with the model whose residuals were taken last: `settled` says that it has come to the
    /// limit of this one. Gives whether there is another one; its weights are then those of the entries.
    pub(super) fn advance(
        &mut self,
        settled: bool,
        state: &State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<bool, Stop> {
        if self.trims {
            return Ok(false);
        }
        let scale = self.present_scale();
        let [rough, fine] = &mut self.stages;
        let limit = if settled { *fine >= FINE_STAGES } else { *rough >= ROUGH_STAGES };
        let stays = limit || (scale / self.scale - 1.0).abs() <= if settled { SAME_AT_LIMIT } else { SAME };
        if stays && !matches!(self.kind, LossKind::Trimmed(_)) {
            // The same stage goes on, to its limit.
            let another = !settled;
            self.rough = false;
            return Ok(another);
        }
        *(if settled { fine } else { rough }) += 1;
        self.trims = stays;
        if settled {
            self.rough = scale < FAR * self.scale;
        }
        if self.trims {
            self.rough = false;
        } else {
            self.scale = scale;
        }
        self.apply(state, team, control)?;
        Ok(true)
    }

    /// The root of the mean cost of entries that were not fitted.
    pub(super) fn error(
        &self,
        held: &Observations<T>,
        state: &State<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<f64, Stop> {
        let cost = |r| self.loss.cost_unseen(r);
        Ok(fit_by(held, &state.factors, &state.offsets, cost, team, control)?.rmse())
    }
}

/// `|m - mean|` for all entries.
fn deviations<T: Real>(seen: &Observations<T>, mean: f64) -> Result<Vec<f64>> {
    let mut sizes: Vec<f64> = zeros("residuals", seen.len())?;
    sizes.iter_mut().zip(&seen.by_row().value).for_each(|(size, v)| *size = (v.wide() - mean).abs());
    Ok(sizes)
}

/// The scale of sizes: by their median, or, where that is 0, the root of their mean square; above 0.
fn spread(mut sizes: Vec<f64>) -> f64 {
    let squares: f64 = sizes.iter().map(|v| v * v).sum();
    let middle = median(&mut sizes);
    if middle > 0.0 {
        return NORMAL_MEDIAN * middle;
    }
    // Values of a problem are about 1, unless all are alike.
    (squares / sizes.len().max(1) as f64).sqrt().max(f64::MIN_POSITIVE.sqrt())
}

/// The upper median; 0 of none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(at, f64::total_cmp).1 }
}

/// The entries with values that stick out cut back to [`START`] scales from the median: what a start may be made of.
/// Errors: no memory.
pub(super) fn cut_back<T: Real>(seen: &Observations<T>) -> Result<Observations<T>> {
    let mut values: Vec<f64> = zeros("values", seen.len())?;
    values.iter_mut().zip(&seen.by_row().value).for_each(|(out, v)| *out = v.wide());
    let middle = median(&mut values);
    values.iter_mut().for_each(|v| *v = (*v - middle).abs());
    let reach = START * NORMAL_MEDIAN * median(&mut values);
    let reach = if reach > 0.0 { reach } else { f64::INFINITY };
    seen.mapped(|_, _, value| value.clamp(middle - reach, middle + reach))
}

#[cfg(test)]
mod tests;
