//! The round log: what was seen, predicted and learned from, in the order of the labels. All figures follow from it.

use super::groups::Registry;
use super::tickets::Round;
use crate::runtime::Result;
use crate::runtime::error::out_of_memory;

/// Rounds, one after the other. Predictions and labels are in range units.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoundLog {
    /// What learners saw, `x.len() / rounds` numbers a round.
    pub x: Vec<f64>,
    /// The groups that were awake, by ascending number.
    pub groups: Vec<u64>,
    /// Where the groups of each round end.
    pub group_end: Vec<usize>,
    /// The groups of the experts that predicted.
    pub expert_group: Vec<u64>,
    /// Their predictions, clipped.
    pub z: Vec<f64>,
    /// Their probabilities.
    pub p: Vec<f64>,
    /// Where the experts of each round end.
    pub expert_end: Vec<usize>,
    /// What was predicted.
    pub output: Vec<f64>,
    /// The label.
    pub y: Vec<f64>,
    /// What the round counted.
    pub weight: Vec<f64>,
}

/// One round of a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'l> {
    /// What learners saw.
    pub x: &'l [f64],
    /// The groups that were awake.
    pub groups: &'l [u64],
    /// The groups of the experts that predicted.
    pub expert_group: &'l [u64],
    /// Their predictions.
    pub z: &'l [f64],
    /// Their probabilities.
    pub p: &'l [f64],
    /// What was predicted.
    pub output: f64,
    /// The label.
    pub y: f64,
    /// What the round counted.
    pub weight: f64,
}

impl RoundLog {
    /// Rounds.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// Makes room for a round. Errors: no memory.
    pub(super) fn reserve(&mut self, round: &Round) -> Result<()> {
        let memory = |_| out_of_memory("round log", round.x.len() + 4 * round.experts.len(), 8);
        self.x.try_reserve(round.x.len()).map_err(memory)?;
        self.groups.try_reserve(round.slots.len()).map_err(memory)?;
        self.expert_group.try_reserve(round.experts.len()).map_err(memory)?;
        for numbers in [&mut self.z, &mut self.p] {
            numbers.try_reserve(round.experts.len()).map_err(memory)?;
        }
        for ends in [&mut self.group_end, &mut self.expert_end] {
            ends.try_reserve(1).map_err(memory)?;
        }
        for numbers in [&mut self.output, &mut self.y, &mut self.weight] {
            numbers.try_reserve(1).map_err(memory)?;
        }
        Ok(())
    }

    /// Adds a round that there is room for.
    pub(super) fn push(&mut self, round: &Round, registry: &Registry, y: f64, weight: f64) {
        self.x.extend_from_slice(&round.x);
        let mut left = round.experts.iter().peekable();
        for slot in &round.slots {
            let slot = &registry.slots[*slot as usize];
            self.groups.push(slot.id);
            while left
                .next_if(|e| (**e as usize) < slot.first + slot.count && **e as usize >= slot.first)
                .is_some()
            {
                self.expert_group.push(slot.id);
            }
        }
        self.z.extend_from_slice(&round.z);
        self.p.extend_from_slice(&round.p);
        self.group_end.push(self.groups.len());
        self.expert_end.push(self.z.len());
        self.output.push(round.output);
        self.y.push(y);
        self.weight.push(weight);
    }

    /// The rounds in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let order = self.x.len() / self.len().max(1);
        let from = |ends: &[usize], t: usize| if t == 0 { 0 } else { ends[t - 1] };
        (0..self.len()).map(move |t| {
            let groups = from(&self.group_end, t)..self.group_end[t];
            let experts = from(&self.expert_end, t)..self.expert_end[t];
            Entry {
                x: &self.x[t * order..(t + 1) * order],
                groups: &self.groups[groups],
                expert_group: &self.expert_group[experts.clone()],
                z: &self.z[experts.clone()],
                p: &self.p[experts],
                output: self.output[t],
                y: self.y[t],
                weight: self.weight[t],
            }
        })
    }
}
