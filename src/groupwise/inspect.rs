//! What can be asked of a stream beside its certificates.

use super::groups::{CROSSED, name_of};
use super::learner::Kind;
use super::regret::Counts;
use super::round_log::RoundLog;
use super::settings::Settings;
use super::stream::Stream;
use crate::runtime::{Error, ErrorKind, Result};

/// An expert's part in a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Its group.
    pub group: u64,
    /// What it learns by.
    pub learner: Kind,
    /// `p`: the weights of a prediction sum to 1.
    pub weight: f64,
    /// What it predicts, in the caller's units.
    pub prediction: f64,
}

impl Stream {
    /// The parts of the experts in the prediction of an open ticket. Errors: a ticket that is not open.
    pub fn weights(&self, ticket: u64) -> Result<Vec<Weight>> {
        let round = self.tickets.round(ticket)?;
        let group_of = |e: u32| {
            let slots = round.slots.iter().map(|s| &self.groups.slots[*s as usize]);
            slots.filter(|s| s.first <= e as usize && (e as usize) < s.first + s.count).map(|s| s.id).next()
        };
        let parts = round.experts.iter().zip(&round.p).zip(&round.z);
        Ok(parts
            .map(|((e, p), z)| Weight {
                group: group_of(*e).unwrap_or(CROSSED),
                learner: self.groups.experts[*e as usize].kind,
                weight: *p,
                prediction: self.range.in_user_units(*z),
            })
            .collect())
    }

    /// Tickets whose labels have not come.
    pub fn open_tickets(&self) -> usize {
        self.tickets.count()
    }

    /// These tickets, the oldest first.
    pub fn tickets(&self) -> Vec<u64> {
        self.tickets.open_ones()
    }

    /// The settings that the options gave.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Features of a round.
    pub fn features(&self) -> usize {
        self.inputs.features
    }

    /// What happened to tickets and labels.
    pub fn counts(&self) -> Counts {
        let [clamped, widened] = self.range.counts();
        let asleep = self.groups.experts.iter().map(|e| e.asleep).sum();
        Counts { clamped, widened, asleep, ignored: self.groups.ignored, ..self.counts }
    }

    /// The groups that have been awake, by ascending number; [`ALWAYS_ON`](super::ALWAYS_ON) and
    /// [`CROSSED`] among them where they are.
    pub fn groups(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.groups.slots.iter().map(|slot| slot.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Bytes of learners, about.
    pub fn bytes(&self) -> usize {
        self.groups.bytes
    }

    /// The coefficients of the learners of a group in the order of its experts, as
    /// [`Learner::coefficients`](super::learner::Learner::coefficients) has them.
    /// Errors: a group that has not been awake, no memory.
    pub fn coefficients(&self, group: u64) -> Result<Vec<Vec<f64>>> {
        let slot = self.groups.find(group).ok_or_else(|| {
            Error::new(ErrorKind::State, "group")
                .expected("a group that has been awake")
                .found(name_of(group))
        })?;
        self.groups.experts[slot.first..slot.first + slot.count]
            .iter()
            .map(|expert| expert.learner.coefficients())
            .collect()
    }

    /// The round log, where the option `trace` says to keep it.
    pub fn log(&self) -> Option<&RoundLog> {
        self.log.as_ref()
    }
}
