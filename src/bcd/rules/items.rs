//! What rules choose from: units that can move, or fixed blocks of them; and what they choose.

use super::partition::partition;
use crate::bcd::block::Block;
use crate::bcd::settings::Settings;
use crate::model::Penalty;

/// A chosen block, and its number if blocks are fixed.
pub(in crate::bcd) struct Choice {
    pub(in crate::bcd) block: Block,
    pub(in crate::bcd) fixed: Option<usize>,
}

/// Items to choose from: fixed blocks where there are any, else units.
pub(in crate::bcd) struct Items {
    /// Units that can move.
    pub(in crate::bcd) units: Vec<usize>,
    /// Fixed blocks, or none.
    pub(in crate::bcd) blocks: Vec<Block>,
    /// Units in a block.
    pub(in crate::bcd) size: usize,
}

impl Items {
    /// The items that the settings ask for; `lipschitz` has `L_u` of each unit.
    pub(in crate::bcd) fn new(penalty: &Penalty, settings: &Settings, lipschitz: &[f64]) -> Self {
        let units: Vec<usize> = (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)).collect();
        let size = settings.block_size.min(units.len().max(1));
        let mut blocks = Vec::new();
        if settings.fixed_blocks {
            let cut = partition(settings.partition, &units, lipschitz, size, settings.seed);
            blocks = cut.into_iter().map(|units| Block::new(penalty, units)).collect();
        }
        Self { units, blocks, size }
    }

    /// Whether items are fixed blocks.
    pub(in crate::bcd) fn are_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// How many items there are.
    pub(in crate::bcd) fn count(&self) -> usize {
        if self.are_blocks() { self.blocks.len() } else { self.units.len() }
    }

    /// Blocks after which every unit could have had its turn.
    pub(in crate::bcd) fn blocks_per_sweep(&self) -> u64 {
        (self.units.len().div_ceil(self.size) as u64).max(1)
    }

    /// The coordinates of an item.
    pub(in crate::bcd) fn columns<'i>(&'i self, penalty: &'i Penalty, item: usize) -> &'i [usize] {
        if self.are_blocks() { self.blocks[item].columns() } else { penalty.columns(self.units[item]) }
    }

    /// The units of some items that are units.
    pub(in crate::bcd) fn units_of(&self, items: &[usize]) -> Vec<usize> {
        items.iter().map(|&k| self.units[k]).collect()
    }

    /// The choice of items: the first where they are fixed blocks, else all of these units.
    pub(in crate::bcd) fn choose(&self, penalty: &Penalty, items: &[usize]) -> Choice {
        match items {
            [first, ..] if self.are_blocks() => {
                Choice { block: self.blocks[*first].clone(), fixed: Some(*first) }
            }
            items => Choice { block: Block::new(penalty, self.units_of(items)), fixed: None },
        }
    }

    /// How many items make a block.
    pub(in crate::bcd) fn per_block(&self) -> usize {
        if self.are_blocks() { 1 } else { self.size }
    }
}
