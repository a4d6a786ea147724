//! Rules that do not look at the function: cyclic, permuted, random and Lipschitz.

use super::constants::Constants;
use super::items::Items;
use super::ranking::largest;
use crate::bcd::settings::Rule;
use crate::runtime::rng::{Purpose, Stream};

/// Draws items, or takes them in turn.
pub(in crate::bcd) struct Drawn {
    rule: Rule,
    seed: u64,
    /// For the permuted rule: the number of the sweep and its order.
    order: (u64, Vec<usize>),
}

impl Drawn {
    pub(in crate::bcd) fn new(rule: Rule, seed: u64) -> Self {
        Self { rule, seed, order: (0, Vec::new()) }
    }

    /// The items of a block: one fixed block, or as many units as go into a variable one.
    pub(in crate::bcd) fn next(
        &mut self,
        items: &Items,
        constants: &Constants,
        iteration: u64,
    ) -> Vec<usize> {
        if items.are_blocks() {
            return vec![self.block(items.count(), constants, iteration)];
        }
        let (size, count) = (items.size, items.count());
        match self.rule {
            Rule::Random => {
                let mut drawn: Vec<usize> = (0..count).collect();
                self.stream(iteration).shuffle_front(&mut drawn, size);
                drawn.truncate(size);
                drawn
            }
            Rule::Lipschitz => self.sample_without_replacement(items, &constants.unit, iteration),
            rule => {
                let sweep = items.blocks_per_sweep();
                let first = (iteration % sweep) as usize * size;
                let turns = first..(first + size).min(count);
                match rule {
                    Rule::Permuted => self.order(count, iteration / sweep)[turns].to_vec(),
                    _ => turns.collect(),
                }
            }
        }
    }

    fn block(&mut self, count: usize, constants: &Constants, iteration: u64) -> usize {
        match self.rule {
            Rule::Random => self.stream(iteration).below(count),
            Rule::Lipschitz => sample_proportional(&constants.fixed, &mut self.stream(iteration)),
            rule => {
                let (sweep, turn) = (iteration / count as u64, (iteration % count as u64) as usize);
                if rule == Rule::Permuted { self.order(count, sweep)[turn] } else { turn }
            }
        }
    }

    fn stream(&self, iteration: u64) -> Stream {
        Stream::new(self.seed, Purpose::Select, iteration)
    }

    /// The order of `count` items in a sweep: a new one for each.
    fn order(&mut self, count: usize, sweep: u64) -> &[usize] {
        if self.order.1.len() != count || self.order.0 != sweep {
            let mut order: Vec<usize> = (0..count).collect();
            self.stream(sweep).shuffle_front(&mut order, count);
            self.order = (sweep, order);
        }
        &self.order.1
    }

    /// Sampling without replacement in proportion to `weights` of all units: the smallest of exponential waiting times
    /// (Efraimidis and Spirakis).
    fn sample_without_replacement(&self, items: &Items, weights: &[f64], iteration: u64) -> Vec<usize> {
        let mut stream = self.stream(iteration);
        let waits: Vec<f64> =
            weights.iter().map(|w| (1.0 - stream.uniform()).ln() / w.max(f64::MIN_POSITIVE)).collect();
        let waits: Vec<f64> = items.units.iter().map(|&u| waits[u]).collect();
        largest(&waits, items.size)
    }
}

/// An index with probability in proportion to `weights`; uniform where all are 0.
fn sample_proportional(weights: &[f64], stream: &mut Stream) -> usize {
    let total: f64 = weights.iter().sum();
    if !(total > 0.0) {
        return stream.below(weights.len());
    }
    let mut left = stream.uniform() * total;
    for (k, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return k;
        }
    }
    weights.len() - 1
}
