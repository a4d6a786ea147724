//! When a loop is given up short of its tolerance: nothing has helped for long, or what is left is rounding.

use crate::bcd::settings::{Rule, Settings};
use crate::runtime::Outcome;

/// Where a certificate is down to rounding, relative to its scale.
pub(in crate::bcd) const FLOOR: f64 = 1e-11;
/// Looks without progress before a loop is given up whose certificate is down to rounding: there is little to wait for.
const MOST_AT_FLOOR: u32 = 30;
/// A certificate below this share of the best one is progress, ..
const CERTIFIED: f64 = 0.99;
/// .. and so is an objective below the least by more than this share of its size.
const LOWERED: f64 = 1e-14;

/// Counts looks at the certificate that brought no progress.
pub(in crate::bcd) struct Patience {
    most: u32,
    best_value: f64,
    best_objective: f64,
    without_progress: u32,
}

impl Patience {
    /// A working set does much between two looks and a rule little; a random rule may not draw the one block that
    /// matters for long.
    pub(in crate::bcd) fn new(settings: &Settings) -> Self {
        let most = match settings.rule {
            Rule::Auto => 6,
            Rule::Random | Rule::Lipschitz => 10_000,
            rule if rule.is_greedy() && settings.greedy_sample < 1.0 => 10_000,
            _ => 1000,
        };
        Self { most, best_value: f64::INFINITY, best_objective: f64::INFINITY, without_progress: 0 }
    }

    /// Takes a look into account: an objective and a certificate whose size is `scale`. The outcome where it is time to
    /// give up.
    pub(in crate::bcd) fn look(&mut self, objective: f64, value: f64, scale: f64) -> Option<Outcome> {
        let lowered = objective < self.best_objective - LOWERED * objective.abs();
        let certified = value < CERTIFIED * self.best_value;
        self.without_progress = if lowered || certified { 0 } else { self.without_progress + 1 };
        self.best_objective = self.best_objective.min(objective);
        self.best_value = self.best_value.min(value);
        let (most, outcome) = match value <= FLOOR * scale {
            true => (self.most.min(MOST_AT_FLOOR), Outcome::Floor),
            false => (self.most, Outcome::Stalled),
        };
        (self.without_progress >= most).then_some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Family, Options};

    fn patience(rule: &str) -> Patience {
        let mut options = Options::new(Family::Bcd);
        options.set_text("rule", rule).unwrap();
        Patience::new(&Settings::from_options(&options).unwrap())
    }

    /// How many looks at the same figures are taken before the end, and the end.
    fn looks(mut patience: Patience, value: f64) -> (u32, Outcome) {
        assert_eq!(patience.look(1.0, value, 1.0), None);
        (1..).find_map(|count| patience.look(1.0, value, 1.0).map(|outcome| (count, outcome))).unwrap()
    }

    #[test]
    fn rules_wait_longer_than_working_sets_and_nothing_waits_long_at_the_floor() {
        assert_eq!(looks(patience("auto"), 1e-3), (6, Outcome::Stalled));
        assert_eq!(looks(patience("gs"), 1e-3), (1000, Outcome::Stalled));
        assert_eq!(looks(patience("random"), 1e-3), (10_000, Outcome::Stalled));
        assert_eq!(looks(patience("gs"), 1e-12), (30, Outcome::Floor));
        assert_eq!(looks(patience("auto"), 1e-12), (6, Outcome::Floor));
    }

    #[test]
    fn a_better_figure_of_either_kind_is_progress() {
        let mut patience = patience("auto");
        for k in 0..100 {
            assert_eq!(patience.look(1.0, 0.9_f64.powi(k), 1e-9), None);
        }
        for k in 0..100 {
            assert_eq!(patience.look(1.0 - 1e-12 * f64::from(k), 1.0, 1.0), None);
        }
    }
}
