//! When a solve is over: what was seen of its sweeps, and what that means.

use super::settings::Settings;
use crate::runtime::Outcome;

/// A model that moves by less than this many roundings does not move any more.
const STILL: f64 = 64.0;
/// The largest contraction from one sweep to the next that the distance from the limit is estimated with.
const SLOWEST: f64 = 0.995;

/// What was seen of the sweeps so far, and whether it is time to stop.
pub(super) struct Watch {
    pub(super) best_objective: f64,
    /// Sweeps since the objective last fell.
    idle: u64,
    last_change: f64,
    last_rate: f64,
    best_held_out: f64,
    /// Sweeps since the error of what is held out last fell.
    worse: u64,
}

pub(super) struct Judgement {
    /// Whether this iterate is to be kept.
    pub(super) keep: bool,
    /// Why to stop, if so.
    pub(super) end: Option<Outcome>,
}

/// Sweeps without a lower objective after which rounding has the word.
const IDLE: u64 = 20;

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            best_objective: f64::INFINITY,
            idle: 0,
            last_change: f64::INFINITY,
            last_rate: SLOWEST,
            best_held_out: f64::INFINITY,
            worse: 0,
        }
    }

    /// Another objective: what was seen of the last one says nothing of it.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }

    /// Takes a sweep in.
    pub(super) fn look(&mut self, seen: &Look, settings: &Settings) -> Judgement {
        self.idle += 1;
        if seen.objective < self.best_objective {
            self.best_objective = seen.objective;
            self.idle = 0;
        }
        // What is still to come, if it falls as it did in the worse of the last two sweeps.
        let change = seen.change.max(seen.weights_moved);
        let rate = (change / self.last_change).min(SLOWEST);
        let worse = rate.max(self.last_rate).max(seen.contraction.unwrap_or(0.0).min(SLOWEST));
        let distance = change * worse / (1.0 - worse);
        (self.last_change, self.last_rate) = (change, rate);
        let validated = !seen.held_out.is_nan();
        self.worse += 1;
        let keep = !validated || seen.held_out < self.best_held_out;
        if validated && keep {
            self.best_held_out = seen.held_out;
            self.worse = 0;
        }
        let fitted = seen.residual <= settings.tolerance && seen.weights_moved <= settings.tolerance;
        let arrived = fitted || distance <= settings.tolerance;
        let end = if arrived || validated && self.worse >= settings.patience {
            Some(Outcome::Converged)
        } else if change <= STILL * seen.rounding || self.idle >= IDLE {
            Some(Outcome::Floor)
        } else {
            None
        };
        Judgement { keep, end }
    }
}

/// What a sweep shows.
pub(super) struct Look {
    pub(super) objective: f64,
    pub(super) residual: f64,
    pub(super) change: f64,
    /// The change that weights which follow from the residuals made, in the same units; 0 where there are none.
    pub(super) weights_moved: f64,
    /// What a sweep leaves of the distance to the limit, as far as that is known.
    pub(super) contraction: Option<f64>,
    pub(super) held_out: f64,
    pub(super) rounding: f64,
}
