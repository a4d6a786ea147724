//! Many rounds in one call, the label of each right after its prediction.

use super::stream::Stream;
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase, Result};

/// Rounds, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Rounds<'r> {
    /// Features, row after row.
    pub x: &'r [f64],
    /// A label for each row.
    pub y: &'r [f64],
    /// What each row counts; `None`: once.
    pub weight: Option<&'r [f64]>,
    /// The groups of row `t` are `groups[start[t]..start[t + 1]]`.
    pub start: &'r [usize],
    /// See `start`.
    pub groups: &'r [u64],
}

/// How far a batch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchReport {
    /// Rounds that were predicted and learned from: the first ones.
    pub rounds: usize,
    /// [`Outcome::Converged`] where that is all of them, else what stopped the run.
    pub outcome: Outcome,
}

/// Operations of a round beside those of its learners, about.
const FLOPS_OF_A_ROUND: u64 = 200;

impl Stream {
    /// Predicts every round and learns from its label, in order: the same as [`Stream::predict`] and
    /// [`Stream::update_weighted`] one after the other. `predictions` gets a number for each round that was done.
    ///
    /// Where the control stops the run, or the limits `max_seconds` and `max_work` do, the rounds before are done and
    /// the report says how many. Errors: lengths that do not fit together, features, labels, weights and groups as in
    /// those two, all before the first round; what only shows in the course of the run (no room for a group, no awake
    /// expert, a callback's) with the rounds before it done. Where that round was predicted and its label could not be
    /// taken in, its ticket stays open, the last of [`Stream::tickets`] and named in the message: some learners may
    /// have the label already. Give it to [`Stream::update`] again and go on with the round after, or
    /// [`Stream::expire`] it.
    pub fn run_batch(
        &mut self,
        rounds: Rounds<'_>,
        predictions: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<BatchReport> {
        control.begin(self.settings.max_seconds, self.settings.max_work);
        self.check_batch(&rounds, predictions.len())?;
        if let Err(stop) = control.poll() {
            return Ok(BatchReport { rounds: 0, outcome: stop.0 });
        }
        let features = self.features();
        let order = self.inputs.order() as u64;
        let flops = FLOPS_OF_A_ROUND + 8 * order * order;
        for t in 0..rounds.y.len() {
            let x = &rounds.x[t * features..(t + 1) * features];
            let groups = &rounds.groups[rounds.start[t]..rounds.start[t + 1]];
            let placed = |error: Error| error.at(format!("round {t}"));
            let prediction = self.predict(x, groups).map_err(placed)?;
            let weight = rounds.weight.map_or(1.0, |weight| weight[t]);
            let ticket = prediction.ticket;
            let open = |error: Error| error.at(format!("round {t}, whose ticket {ticket} stays open"));
            self.update_weighted(ticket, rounds.y[t], weight).map_err(open)?;
            predictions[t] = prediction.value;
            let spent = control.spend(flops * (1 + prediction.experts as u64));
            let told = if control.every() > 0 {
                control.report(Phase::Solve, t as u64, f64::NAN, f64::NAN)
            } else {
                Ok(())
            };
            if let Err(stop) = spent.and(told)
                && t + 1 < rounds.y.len()
            {
                return Ok(BatchReport { rounds: t + 1, outcome: stop.0 });
            }
        }
        Ok(BatchReport { rounds: rounds.y.len(), outcome: Outcome::Converged })
    }

    fn check_batch(&self, rounds: &Rounds<'_>, predictions: usize) -> Result<()> {
        let count = rounds.y.len();
        let wrong = |subject: &str, expected: String, found: usize| {
            Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
        };
        if count.checked_mul(self.features()) != Some(rounds.x.len()) {
            return wrong("x", format!("{count} rows of {} features", self.features()), rounds.x.len());
        }
        if predictions != count {
            return wrong("predictions", format!("room for {count}"), predictions);
        }
        if let Some(weight) = rounds.weight
            && weight.len() != count
        {
            return wrong("weight", format!("{count} weights"), weight.len());
        }
        let (first, last) = (rounds.start.first(), rounds.start.last());
        let sound = rounds.start.len() == count + 1
            && first == Some(&0)
            && last == Some(&rounds.groups.len())
            && rounds.start.is_sorted();
        if !sound {
            return wrong(
                "start",
                format!("{} places that ascend from 0 to {}", count + 1, rounds.groups.len()),
                rounds.start.len(),
            );
        }
        self.check_rows(rounds)
    }

    /// What each round asks of its numbers, before any of them is begun.
    fn check_rows(&self, rounds: &Rounds<'_>) -> Result<()> {
        let (mut row, mut range) = (Vec::new(), self.range);
        for t in 0..rounds.y.len() {
            let x = &rounds.x[t * self.features()..(t + 1) * self.features()];
            let placed = |error: Error| error.at(format!("round {t}"));
            self.inputs.fill(x, &mut row).map_err(placed)?;
            range.label(rounds.y[t]).map_err(placed)?;
            super::stream::check_weight(rounds.weight.map_or(1.0, |weight| weight[t])).map_err(placed)?;
            self.groups.check(&rounds.groups[rounds.start[t]..rounds.start[t + 1]]).map_err(placed)?;
        }
        Ok(())
    }
}
