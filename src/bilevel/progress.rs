//! What the outer loop remembers from one iteration to the next.

use super::accuracy::Accuracy;
use super::direction::Direction;
use super::quasi_newton::Pairs;
use std::collections::VecDeque;

/// Pairs that L-BFGS remembers.
pub const MEMORY: usize = 10;

/// Steps over which progress is judged.
pub const WINDOW: usize = 10;

/// Trials whose work makes the budget of the next.
const EFFORTS: usize = 11;

/// The least budget of a trial's solves.
const LEAST_BUDGET: u64 = 200;

/// The point that the last step left.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    pub theta: Vec<f64>,
    pub z: Vec<f64>,
}

/// The memory of the loop; with the point itself it is all that an iteration starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Steps accepted.
    pub iteration: u64,
    /// The accuracies asked for.
    pub accuracy: Accuracy,
    /// The next gradient step to try; `None` before the first.
    pub alpha: Option<f64>,
    /// How many step caps the next step may be long.
    pub reach: f64,
    /// Curvature pairs.
    pub pairs: Pairs,
    /// Where the last step began.
    pub last: Option<Last>,
    /// The size of the first hypergradient that passed test (3); `None` before.
    pub reference: Option<f64>,
    /// Upper ends of the last intervals.
    pub recent: VecDeque<f64>,
    /// Products that the hardest sample of each of the last trials took.
    pub efforts: VecDeque<u64>,
    /// Line searches that failed.
    pub failures: u64,
    /// Whether the start was projected into the box.
    pub projected: bool,
}

impl Progress {
    /// At the start.
    pub fn new(accuracy: Accuracy, projected: bool) -> Self {
        Self {
            iteration: 0,
            accuracy,
            alpha: None,
            reach: 1.0,
            pairs: Pairs::new(MEMORY),
            last: None,
            reference: None,
            recent: VecDeque::new(),
            efforts: VecDeque::new(),
            failures: 0,
            projected,
        }
    }

    /// Notes that a step of the length `alpha` was taken where `way` was asked for: the cap widens up to `widest` times
    /// where it was all that held the step back, and narrows again where the step had to be cut.
    pub fn note_length(&mut self, alpha: f64, way: &Direction, widest: f64) {
        if alpha < way.alpha {
            self.reach = (0.5 * self.reach).max(1.0);
        } else if way.is_capped {
            self.reach = (2.0 * self.reach).min(widest);
        }
    }

    /// Notes what a trial took.
    pub fn note_effort(&mut self, products: u64) {
        if self.efforts.len() == EFFORTS {
            self.efforts.pop_front();
        }
        self.efforts.push_back(products);
    }

    /// What a solve of the next trial may take: `times` the median of the last.
    pub fn budget(&self, times: f64, most: u64) -> u64 {
        if self.efforts.is_empty() {
            return most;
        }
        let mut sorted: Vec<u64> = self.efforts.iter().copied().collect();
        sorted.sort_unstable();
        let median = sorted[sorted.len() / 2] as f64;
        ((times * median) as u64).max(LEAST_BUDGET).min(most)
    }

    /// Notes the upper end of an interval; whether [`WINDOW`] steps have lowered it by less than `share` of its size.
    pub fn has_stalled(&mut self, upper: f64, share: f64) -> bool {
        self.recent.push_back(upper);
        if self.recent.len() <= WINDOW {
            return false;
        }
        let before = self.recent.pop_front().unwrap_or(upper);
        before - upper < share * upper.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e17_a_trial_may_take_so_many_medians() {
        let mut progress = Progress::new(Accuracy { eps: 1.0, delta: 1.0 }, false);
        assert_eq!(progress.budget(20.0, 1000), 1000);
        [5, 100, 50].iter().for_each(|e| progress.note_effort(*e));
        assert_eq!((progress.budget(20.0, 10_000), progress.budget(20.0, 900)), (1000, 900));
        assert_eq!(progress.budget(1.0, 10_000), LEAST_BUDGET);
        (0..20).for_each(|_| progress.note_effort(1));
        assert_eq!(progress.efforts.len(), EFFORTS);
    }

    #[test]
    fn e16_progress_below_the_tolerance_is_none() {
        let mut progress = Progress::new(Accuracy { eps: 1.0, delta: 1.0 }, false);
        for k in 0..30 {
            assert!(!progress.has_stalled(100.0 - k as f64, 1e-3));
        }
        assert!((0..10).map(|_| progress.has_stalled(70.0, 1e-3)).filter(|s| *s).count() <= 2);
        assert!(progress.has_stalled(70.0, 1e-3));
    }
}
