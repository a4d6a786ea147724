//! Which ridge: a falling grid of them, each fit from the last, judged by entries that are held out.

use super::alternation::{Alternation, Factors, Manner};
use super::fit::fit;
use super::half_step::Damping;
use super::observations::Observations;
use super::offsets::Offsets;
use super::recovery::start_from;
use super::regression::Accuracy;
use super::settings::Settings;
use super::start::{DEPTH, SparseMatrix};
use super::sweeps::{State, Variant};
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Phase, Result, Stop};

/// Each ridge is this share of the one before.
const FALL: f64 = 0.6;
/// Ridges at most, and those in turn without a lower error after which no smaller one is tried.
const GRID: usize = 24;
const PATIENCE: usize = 3;
/// Sweeps for each ridge at most, and the change of the model that ends them.
const SWEEPS: usize = 12;
const SETTLED: f64 = 3e-3;

/// The largest ridge on a factorization of the observations with which the factors are not all 0: the norm of what the
/// offsets leave of them, with rows and columns divided by their shares of the ridge. An estimate, for lines of even
/// numbers of observations.
pub fn ridge_max<T: Real>(
    observations: &Observations<T>,
    ridge_power: f64,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<f64, Stop>> {
    let leading = match SparseMatrix::rescaled(observations, false).leading(1, DEPTH, seed, team, control)? {
        Ok(leading) => leading,
        Err(stop) => return Ok(Err(stop)),
    };
    let (m, n) = (observations.rows() as f64, observations.cols() as f64);
    let entries = observations.len() as f64;
    let weight = observations.by_row().mean_weight();
    let norm = weight * leading.singular.first().copied().unwrap_or(0.0) * entries / (m * n);
    Ok(Ok(norm / (entries / (m * n).sqrt()).powf(ridge_power)))
}

/// A ridge, and what speaks for it.
pub struct Tried<T> {
    /// The ridges in the order of trial, with the root mean square error on the entries held out.
    pub errors: Vec<(f64, f64)>,
    /// The one of least error.
    pub best: f64,
    /// Its fit.
    pub state: State<T>,
}

/// Tries ridges on the observations of an alternation and judges them by `held`. Errors: no memory.
pub fn choose_ridge<T: Real>(
    alternation: &Alternation<'_, T>,
    held: &Observations<T>,
    rank: usize,
    settings: &Settings,
    variant: impl Fn(f64) -> Variant,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Tried<T>, Stop>> {
    let Alternation { observations: seen, prior, team } = *alternation;
    let offsets = if settings.biases {
        Offsets::guess(seen)?
    } else if settings.center {
        Offsets::mean_of(seen)
    } else {
        Offsets::none()
    };
    let left = seen.mapped(|i, j, value| value - offsets.at(i, j))?;
    let largest = stopped!(ridge_max(&left, settings.ridge_power, settings.seed, team, control)?);
    let mut factors: Factors<T> = stopped!(start_from(&left, rank, settings.seed, team, control)?);
    drop(left);
    if let Some(prior) = prior {
        stopped!(prior.align(&mut factors, seen, team, control));
    }
    let mut state = State { factors, offsets };
    if settings.nonnegative {
        state.factors.make_nonnegative();
    }
    let mut errors = Vec::new();
    let mut best: Option<(f64, f64, State<T>)> = None;
    let (mut ridge, mut idle) = (largest, 0);
    if !(largest > 0.0) {
        let error = stopped!(fit(held, &state.factors, &state.offsets, team, control)).rmse();
        return Ok(Ok(Tried { errors: vec![(0.0, error)], best: 0.0, state }));
    }
    for _ in 0..GRID {
        ridge *= FALL;
        let manner = Manner {
            orthonormal: false,
            damping: Damping { ridge, degree_power: settings.ridge_power, proximal: 0.0 },
            accuracy: Accuracy { reduction: 0.1, gradient: 0.0, max_steps: 50 },
            solver: settings.row_solver,
        };
        for _ in 0..SWEEPS {
            let change = stopped!(state.sweep(alternation, variant(ridge), manner, control)?).change;
            if change < SETTLED {
                break;
            }
        }
        let error = stopped!(fit(held, &state.factors, &state.offsets, team, control)).rmse();
        errors.push((ridge, error));
        control.tell(Phase::Setup, errors.len() as u64, f64::NAN, error);
        stopped!(control.poll());
        if best.as_ref().is_none_or(|b| error < b.1) {
            best = Some((ridge, error, state.clone()));
            idle = 0;
        } else {
            idle += 1;
            if idle >= PATIENCE {
                break;
            }
        }
    }
    let Some((best, _, state)) = best else { unreachable!("the grid is not empty") };
    Ok(Ok(Tried { errors, best, state }))
}
