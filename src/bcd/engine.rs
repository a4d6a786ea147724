//! What every step of the loop works on: the scaled problem, the penalty, the iterate and the constants.

use super::block::Block;
use super::block_problem::truncated::Forcing;
use super::scaled::Scaled;
use super::state::State;
use super::updates::damping::Damping;
use crate::model::{Loss, Penalty};
use crate::numerics::gram::{Square, extend_gram, gram};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// The parts of a solve.
pub(super) struct Engine<'e> {
    pub(super) scaled: &'e Scaled<'e>,
    pub(super) penalty: &'e Penalty,
    pub(super) team: &'e Team<'e>,
    pub(super) state: State,
    /// `L_j = kappa sum_r s_r a_rj^2`: the Lipschitz constant of each coordinate (1 as kappa where there is none).
    pub(super) lipschitz: &'e [f64],
    /// Damping of Newton models.
    pub(super) damping: Damping,
    /// Accuracy of truncated Newton directions.
    pub(super) forcing: Forcing,
    /// Size of the objective at the last check.
    pub(super) objective_size: f64,
    /// The Gram block of a quadratic loss, which never changes.
    pub(super) grams: GramCache,
}

/// Smallest damping of losses whose curvature can vanish on whole rows.
const LEAST_DAMPING: f64 = 1e-6;

/// Whether the curvature of the loss can vanish on whole rows.
pub(super) fn needs_damping(scaled: &Scaled<'_>) -> bool {
    matches!(scaled.loss, Loss::Huber(_) | Loss::PseudoHuber(_) | Loss::SquaredHinge(_))
}

impl<'e> Engine<'e> {
    pub(super) fn new(
        scaled: &'e Scaled<'e>,
        penalty: &'e Penalty,
        team: &'e Team<'e>,
        state: State,
        lipschitz: &'e [f64],
        grams: GramCache,
    ) -> Self {
        let damping = Damping::new(if needs_damping(scaled) { LEAST_DAMPING } else { 0.0 });
        let forcing = Forcing::new();
        Self { scaled, penalty, team, state, lipschitz, damping, forcing, objective_size: 0.0, grams }
    }

    /// The gradient of the loss at the block's coordinates.
    pub(super) fn block_gradient(&self, block: &Block, control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
        let mut g = vec![0.0; block.columns().len()];
        self.scaled.columns.correlations(block.columns(), &self.state.d, &mut g, self.team, control)?;
        Ok(g)
    }

    /// The objective at the iterate.
    pub(super) fn objective(&self) -> f64 {
        self.state.objective(self.scaled, self.penalty)
    }
}

/// The coordinate constants `kappa sum_r s_r a_rj^2` of a problem.
pub(super) fn lipschitz_constants(scaled: &Scaled<'_>) -> Vec<f64> {
    let kappa = scaled.loss.curvature_bound();
    let kappa = if kappa.is_finite() { kappa } else { 1.0 };
    scaled.squares.iter().map(|squares| kappa * squares).collect()
}

/// A Gram block `A_c' diag(s) A_c` that grows with the columns asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct GramCache {
    columns: Vec<usize>,
    /// Where a column is among them; `u32::MAX` where it is not.
    position: Vec<u32>,
    square: Square,
}

/// Largest cached block: 128 MiB.
const MOST_CACHED: usize = 4096;
/// A cache of more columns than this many times a block does not grow for it.
const MOST_GROWTH: usize = 4;

impl GramCache {
    /// The Gram block of `list`, after growing the cache by what it lacks; `None` where it would grow too large.
    pub(super) fn block(
        &mut self,
        scaled: &Scaled<'_>,
        list: &[usize],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Option<Square>, Stop> {
        if list.len() > MOST_CACHED {
            return Ok(None);
        }
        let mut position = std::mem::take(&mut self.position);
        position.resize(scaled.cols(), u32::MAX);
        let known = self.columns.len();
        let missing = list.iter().filter(|&&j| position[j] == u32::MAX).count();
        // Growing copies all that is known: not for a small block, of which there may be many.
        if missing > 0 && known > MOST_GROWTH * list.len() {
            self.position = position;
            return gram(&scaled.columns, list, &scaled.s, team, control).map(Some);
        }
        let mut columns = self.columns.clone();
        for &j in list {
            if position[j] == u32::MAX {
                // There are far fewer columns in a cache than numbers of this size.
                position[j] = columns.len() as u32;
                columns.push(j);
            }
        }
        if columns.len() > MOST_CACHED {
            // Start again from what is wanted now.
            *self = Self::default();
            return self.block(scaled, list, team, control);
        }
        if columns.len() > known {
            let mut grown = Square::zeros(columns.len());
            for k in 0..known {
                grown.column_mut(k)[..known].copy_from_slice(self.square.column(k));
            }
            let extended =
                extend_gram(&scaled.columns, &columns, known, &scaled.s, &mut grown, team, control);
            if let Err(stop) = extended {
                *self = Self::default();
                return Err(stop);
            }
            self.columns = columns;
            self.square = grown;
        }
        let keep: Vec<usize> = list.iter().map(|&j| position[j] as usize).collect();
        self.position = position;
        control.spend((keep.len() * keep.len()) as u64)?;
        Ok(Some(self.square.block(&keep)))
    }
}
