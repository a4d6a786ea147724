//! Scores of single coordinates, as the search in a [`ColumnIndex`](super::column_index::ColumnIndex) asks for them.

use super::column_index::Scores;
use super::score::Score;
use crate::bcd::smooth::Smooth;
use crate::runtime::{Control, Stop};

/// Scores of units of one coordinate each; items are positions in `units`.
pub(in crate::bcd) struct UnitScores<'u, S> {
    pub(in crate::bcd) f: &'u S,
    pub(in crate::bcd) score: Score<'u>,
    pub(in crate::bcd) units: &'u [usize],
    /// One number per coordinate: the gradient of those that are looked at.
    pub(in crate::bcd) gradient: &'u mut [f64],
    /// Whether coordinates whose penalty is not at its least are looked at, or the others: only with those is the score
    /// no more than without a penalty.
    pub(in crate::bcd) pulled: bool,
}

impl<S: Smooth> UnitScores<'_, S> {
    /// Whether the penalty of a unit is not at its least, so that it may pull the unit along.
    pub(in crate::bcd) fn is_pulled(&self, u: usize) -> bool {
        let j = self.f.penalty().columns(u)[0];
        let x = &self.f.x()[j..=j];
        x[0] != 0.0 && (self.f.penalty().unit_value(u, x) != 0.0 || self.score.is_step())
    }
}

impl<S: Smooth> Scores for UnitScores<'_, S> {
    fn most(&self, product: f64) -> f64 {
        self.score.most(product)
    }

    fn of(&mut self, items: &[usize], control: &mut Control<'_>) -> Result<Vec<Option<f64>>, Stop> {
        let wanted: Vec<bool> = items.iter().map(|&k| self.is_pulled(self.units[k]) == self.pulled).collect();
        let chosen = items.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        let list: Vec<usize> = chosen.map(|(&k, _)| self.f.penalty().columns(self.units[k])[0]).collect();
        let mut g = vec![0.0; list.len()];
        self.f.gradient(&list, &mut g, control)?;
        list.iter().zip(&g).for_each(|(&j, g)| self.gradient[j] = *g);
        control.spend(16 * items.len() as u64)?;
        let scored = items.iter().zip(wanted);
        Ok(scored.map(|(&k, w)| w.then(|| self.score.of(self.f, self.gradient, self.units[k]))).collect())
    }
}
