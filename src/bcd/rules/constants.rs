//! Constants of the selection and update rules (sections 2 and 3 of the paper).
//!
//! * `L_i`: [`Smooth::lipschitz`].
//! * `L_b`: largest eigenvalue of the bound `H_b`.
//! * `D_i`: a diagonal with `diag(D) >= H_b` for every block ([`Smooth::row_sums`]).
//! * `M_i`, `M_b`: Lipschitz constants of the Hessian ([`Smooth::hessian_lipschitz`]).

use super::items::Choice;
use crate::bcd::block::Block;
use crate::bcd::settings::{Rule, Settings, UpdateKind};
use crate::bcd::smooth::{Metric, Smooth};
use crate::numerics::eigen::largest_eigenvalue;
use crate::runtime::{Control, Stop};

/// Least first estimate of `M_u`, relative to `L_u^(3/2)`.
const LEAST_THIRD: f64 = 1e-10;

/// Constants that a run of rules and updates needs; those that it does not need are left empty.
pub(in crate::bcd) struct Constants {
    /// `L_u` of each unit: `L_i`, or the sum over a group.
    pub(in crate::bcd) unit: Vec<f64>,
    /// `D_u` of each unit: `D_i`, or the largest of a group.
    pub(in crate::bcd) diagonal: Vec<f64>,
    /// `M_u` of each unit.
    pub(in crate::bcd) third: Vec<f64>,
    /// `L_b` of each fixed block.
    pub(in crate::bcd) fixed: Vec<f64>,
    /// Estimates of `L_u` (or `M_u`) per unit; a block takes the largest of its units'.
    estimates: Vec<f64>,
    /// The estimate being worked on.
    current: f64,
}

impl Constants {
    pub(in crate::bcd) fn new<S: Smooth>(
        f: &S,
        settings: &Settings,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let penalty = f.penalty();
        let lipschitz = f.lipschitz();
        let unit: Vec<f64> =
            (0..penalty.units()).map(|u| penalty.columns(u).iter().map(|&j| lipschitz[j]).sum()).collect();
        let mut diagonal = Vec::new();
        if matches!((settings.rule, settings.fixed_blocks), (Rule::Gsl, false) | (Rule::Gsd, true)) {
            let moving: Vec<usize> = (0..penalty.units())
                .filter(|&u| !penalty.is_fixed(u))
                .flat_map(|u| penalty.columns(u).iter().copied())
                .collect();
            let d = f.row_sums(&moving, control)?;
            diagonal = (0..penalty.units())
                .map(|u| penalty.columns(u).iter().map(|&j| d[j]).fold(0.0, f64::max))
                .collect();
        }
        let mut third = Vec::new();
        let guesses = settings.update == UpdateKind::Cubic && settings.estimate_lipschitz;
        if settings.rule == Rule::Gsc || guesses {
            for u in 0..penalty.units() {
                let bound = f.hessian_lipschitz(penalty.columns(u), control)?;
                third.push(bound.unwrap_or(f64::INFINITY));
            }
        }
        let estimates = if settings.estimate_lipschitz {
            match settings.update {
                UpdateKind::Gradient => unit.iter().map(|l| l.max(f64::MIN_POSITIVE)).collect(),
                // Without a bound `L_u^(3/2)`: a curvature of size `L_u` that changes over a distance of `L_u^(-1/2)`.
                UpdateKind::Cubic => {
                    let guess = |(third, l): (&f64, &f64)| {
                        let scale = l * l.sqrt();
                        // A constant of 0 is known to be right.
                        let least = if *third == 0.0 { 0.0 } else { LEAST_THIRD * scale };
                        third.min(scale).max(least).max(f64::MIN_POSITIVE)
                    };
                    third.iter().zip(&unit).map(guess).collect()
                }
                _ => Vec::new(),
            }
        } else {
            Vec::new()
        };
        Ok(Self { unit, diagonal, third, fixed: Vec::new(), estimates, current: 0.0 })
    }

    /// `L_b` of a chosen block.
    pub(in crate::bcd) fn block<S: Smooth>(
        &self,
        f: &S,
        choice: &Choice,
        control: &mut Control<'_>,
    ) -> Result<f64, Stop> {
        match choice.fixed {
            Some(index) if index < self.fixed.len() => Ok(self.fixed[index]),
            _ => block_constant(f, &choice.block, control),
        }
    }

    /// The estimate for a block: the largest of its units' estimates, which all take the result.
    pub(in crate::bcd) fn estimate(&mut self, choice: &Choice) -> &mut f64 {
        let members = choice.block.units().iter();
        self.current = members.map(|&u| self.estimates[u]).fold(f64::MIN_POSITIVE, f64::max);
        &mut self.current
    }

    /// Stores the estimate that an update settled on.
    pub(in crate::bcd) fn keep_estimate(&mut self, choice: &Choice) {
        choice.block.units().iter().for_each(|&u| self.estimates[u] = self.current);
    }
}

/// `L_b = lambda_max(H_b)`, or an upper bound of it for large blocks.
pub(in crate::bcd) fn block_constant<S: Smooth>(
    f: &S,
    block: &Block,
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    if let [j] = block.columns() {
        return Ok(f.lipschitz()[*j]);
    }
    let h = f.curvature(Metric::Bound, block.columns(), control)?;
    let n = h.size() as u64;
    control.spend(4 * n * n * n.min(128))?;
    Ok(largest_eigenvalue(&h))
}
