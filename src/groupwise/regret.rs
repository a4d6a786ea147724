//! The regret meter: what the stream has lost on each group. No theorem is needed to trust it, it is arithmetic on
//! what happened.

use crate::numerics::sum::Sum;

/// What happened on the rounds of a group whose labels have come. Losses are in range units, times the rounds' weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    /// `T_g`: rounds.
    pub rounds: u64,
    /// The sum of their weights.
    pub weight: Sum,
    /// The loss of what was predicted.
    pub loss: Sum,
    /// The mean of the experts' losses by their weights: what a prediction that is drawn costs in expectation.
    pub expected: Sum,
}

impl Meter {
    /// Adds a round.
    #[inline]
    pub fn add(&mut self, weight: f64, loss: f64, expected: f64) {
        self.rounds += 1;
        self.weight.add(weight);
        self.loss.add(weight * loss);
        self.expected.add(weight * expected);
    }
}

/// What happened to tickets and labels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Predictions.
    pub predictions: u64,
    /// Labels that were learned from.
    pub updates: u64,
    /// Rounds without an awake expert.
    pub uncovered: u64,
    /// Labels of weight 0, which change nothing.
    pub weightless: u64,
    /// Tickets that expired.
    pub expired: u64,
    /// Labels that came after that of another round of later date, or while others were out: their experts had moved
    /// on.
    pub delayed: u64,
    /// The sum over labels of the updates between prediction and label.
    pub delay: u64,
    /// Labels that came twice and were ignored.
    pub repeated: u64,
    /// Labels outside the range that count as its nearer end.
    pub clamped: u64,
    /// Times that the range was widened.
    pub widened: u64,
    /// Times that a group stayed asleep because there was no room for it.
    pub ignored: u64,
    /// Times that an expert slept because its learner gave no number.
    pub asleep: u64,
    /// The largest weight of a round.
    pub heaviest: f64,
}
