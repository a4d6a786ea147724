//! Constants of the selection and update rules (sections 2 and 3 of the paper).
//!
//! * `L_i`: [`Engine::lipschitz`].
//! * `L_b`: largest eigenvalue of `kappa A_b' S A_b`.
//! * `D_i`: a diagonal with `diag(D) >= H_b` for every block, `kappa sum_r s_r |a_ri| |a_r|_1` (row sums of the bound,
//!   by the triangle inequality; one pass over the data).

use super::block::Block;
use super::engine::Engine;
use super::select::Choice;
use super::settings::{Rule, Settings, UpdateKind};
use crate::numerics::eigen::largest_eigenvalue;
use crate::numerics::gram::gram;
use crate::runtime::{Control, Stop};

/// Constants that a run of rules and updates needs; those that it does not need are left empty.
pub(super) struct Constants {
    /// `kappa`, or 1 for losses without a bound (whose rules then rank by relative curvature only).
    pub(super) kappa: f64,
    /// `L_u` of each unit: `L_i`, or the sum over a group.
    pub(super) unit: Vec<f64>,
    /// `D_u` of each unit: `D_i`, or the largest of a group.
    pub(super) diagonal: Vec<f64>,
    /// `L_b` of each fixed block.
    pub(super) fixed: Vec<f64>,
    /// Estimates of `L_u` per unit; a block takes the largest of its units'.
    estimates: Vec<f64>,
    /// The estimate being worked on.
    current: f64,
}

impl Constants {
    pub(super) fn new(
        engine: &Engine<'_>,
        settings: &Settings,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let bound = engine.scaled.loss.curvature_bound();
        let kappa = if bound.is_finite() { bound } else { 1.0 };
        let penalty = engine.penalty;
        let unit: Vec<f64> = (0..penalty.units())
            .map(|u| penalty.columns(u).iter().map(|&j| engine.lipschitz[j]).sum())
            .collect();
        let mut diagonal = Vec::new();
        if matches!((settings.rule, settings.fixed_blocks), (Rule::Gsl, false) | (Rule::Gsd, true)) {
            let d = row_sums(engine, kappa, control)?;
            diagonal = (0..penalty.units())
                .map(|u| penalty.columns(u).iter().map(|&j| d[j]).fold(0.0, f64::max))
                .collect();
        }
        let estimates = if settings.update == UpdateKind::Gradient && settings.estimate_lipschitz {
            unit.iter().map(|l| l.max(f64::MIN_POSITIVE)).collect()
        } else {
            Vec::new()
        };
        Ok(Self { kappa, unit, diagonal, fixed: Vec::new(), estimates, current: 0.0 })
    }

    /// `L_b` of a chosen block.
    pub(super) fn block(
        &self,
        engine: &Engine<'_>,
        choice: &Choice,
        control: &mut Control<'_>,
    ) -> Result<f64, Stop> {
        match choice.fixed {
            Some(index) => Ok(self.fixed[index]),
            None => block_constant(engine, &choice.block, self.kappa, control),
        }
    }

    /// The estimate of `L_b`: the largest of its units' estimates, which all take the result.
    pub(super) fn estimate(&mut self, choice: &Choice) -> &mut f64 {
        let members = choice.block.units().iter();
        self.current = members.map(|&u| self.estimates[u]).fold(f64::MIN_POSITIVE, f64::max);
        &mut self.current
    }

    /// Stores the estimate that an update settled on.
    pub(super) fn keep_estimate(&mut self, choice: &Choice) {
        choice.block.units().iter().for_each(|&u| self.estimates[u] = self.current);
    }
}

/// `L_b = lambda_max(kappa A_b' S A_b)`, or an upper bound of it for large blocks.
pub(super) fn block_constant(
    engine: &Engine<'_>,
    block: &Block,
    kappa: f64,
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    if let [j] = block.columns() {
        return Ok(engine.lipschitz[*j]);
    }
    let h = gram(&engine.scaled.columns, block.columns(), &engine.scaled.s, engine.team, control)?;
    let n = h.size() as u64;
    control.spend(4 * n * n * n.min(128))?;
    Ok(kappa * largest_eigenvalue(&h))
}

/// `D_j = kappa sum_r s_r |a_rj| |a_r|_1` over the columns that can move.
fn row_sums(engine: &Engine<'_>, kappa: f64, control: &mut Control<'_>) -> Result<Vec<f64>, Stop> {
    let columns = &engine.scaled.columns;
    let penalty = engine.penalty;
    let moving: Vec<usize> = (0..penalty.units())
        .filter(|&u| !penalty.is_fixed(u))
        .flat_map(|u| penalty.columns(u).iter().copied())
        .collect();
    let mut norm = vec![0.0; columns.rows()];
    for &j in &moving {
        columns.for_each(j, |r, a| norm[r] += a.abs());
        control.spend(columns.flops(j))?;
    }
    let mut d = vec![0.0; columns.cols()];
    for &j in &moving {
        columns.for_each(j, |r, a| d[j] += kappa * engine.scaled.s[r] * a.abs() * norm[r]);
        control.spend(2 * columns.flops(j))?;
    }
    Ok(d)
}
