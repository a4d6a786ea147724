//! Learners of the caller's own.

use crate::runtime::Result;

/// A learner by callbacks: one object for each group, all forked from the one that the stream was given. Predicting
/// changes nothing.
///
/// Predictions and labels are in units of the label range: 0 is its lower end and 1 its upper one. Errors reach the
/// caller of the stream unchanged. A prediction that is not a finite number puts the expert to sleep for the round,
/// and is counted; others are clipped for the loss like all predictions.
pub trait Custom: Send + Sync {
    /// The prediction for features `x`. An error ends the call that asked for it, and the round is as if it had not
    /// been asked for.
    fn predict(&self, x: &[f64]) -> Result<f64>;
    /// Takes in the label of a round, which was predicted as `z`. It is called before anything else changes, and an
    /// error, which stands for a call that did nothing, leaves the ticket open: when the label comes again, learners
    /// that have taken it in are not called for it again.
    fn update(&mut self, x: &[f64], y: f64, z: f64, weight: f64) -> Result<()>;
    /// A learner of the same state: for a new group (the one that the stream was given has no rounds), or a clone of
    /// the stream. An error ends the call that needed it, and nothing has changed.
    fn fork(&self) -> Result<Box<dyn Custom>>;
    /// The state as bytes, for saved streams; `None` where a learner of this kind has none.
    fn save(&self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
    /// Takes on a state that [`Custom::save`] gave.
    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let _ = bytes;
        Ok(())
    }
}

impl std::fmt::Debug for dyn Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Custom")
    }
}
