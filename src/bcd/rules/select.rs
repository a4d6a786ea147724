//! Selection rules (section 3 of the paper): which block is next.
//!
//! Greedy rules rank blocks by the decrease that an update guarantees; with a nonsmooth penalty the decrease is that
//! of the proximal step (GS-q), and GS uses the minimum-norm subgradient (GS-s); `prox_rule` says otherwise.
//!
//! | rule | fixed block `b` | variable block |
//! |---|---|---|
//! | cyclic, permuted, random, Lipschitz | in turn or drawn: [`super::drawn`] | the same, unit after unit |
//! | GS | `sum_b \|p_i\|^2` | the largest `\|p_i\|` |
//! | GSL | decrease with `L_b` | the largest decreases with `D_i` (row sums: `L_b` of all subsets is intractable) |
//! | GSD | decrease with `diag(D)` | the largest decreases with `L_i` (without a penalty the ranking of the valid `size * L_i`) |
//! | GSQ | decrease with the matrix bound | see [`super::forward`] |
//! | GSC | decrease of the cubic model | the largest decreases of the cubic models of single units |
//!
//! Greedy rules find their block in one of four ways ([`super::greedy`]):
//!
//! | way | where | looks at |
//! |---|---|---|
//! | ranked | everywhere else | all items; their scores are kept, and so is the gradient ([`super::kept`]) |
//! | forward | GSQ on variable blocks | all units, or a pool of the best by GSD, one after the other |
//! | sampled | `greedy_sample` below 1 | items drawn at random, whose gradient alone is computed |
//! | indexed | `greedy_gradient=index`: GS, GSL, GSD, variable blocks of coordinates | what a [`super::column_index`] cannot rule out |
//!
//! Ties go to the lowest index.

use super::constants::{Constants, block_constant};
use super::drawn::Drawn;
use super::greedy::Greedy;
use super::item_scores::View;
use super::items::{Choice, Items};
use crate::bcd::block::Block;
use crate::bcd::settings::Settings;
use crate::bcd::smooth::Smooth;
use crate::runtime::{Control, Stop};

/// Applies one rule over and over.
pub(in crate::bcd) struct Selector<M> {
    items: Items,
    way: Way<M>,
    /// Whether the rule looks at the gradient of all units.
    sees_all: bool,
    iteration: u64,
}

enum Way<M> {
    /// No unit can move.
    Nothing,
    Drawn(Drawn),
    Greedy(Box<Greedy<M>>),
}

impl<M> Selector<M> {
    /// Adds `L_b` of the fixed blocks to the constants.
    pub(in crate::bcd) fn new<S: Smooth<Memory = M>>(
        settings: &Settings,
        f: &S,
        constants: &mut Constants,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let items = Items::new(f.penalty(), settings, &constants.unit);
        for block in &items.blocks {
            constants.fixed.push(block_constant(f, block, control)?);
        }
        let greedy = settings.rule.is_greedy();
        let way = if items.count() == 0 {
            Way::Nothing
        } else if greedy {
            Way::Greedy(Box::new(Greedy::new(settings, &View { f, items: &items, constants }, control)?))
        } else {
            Way::Drawn(Drawn::new(settings.rule, settings.seed))
        };
        Ok(Self { items, way, sees_all: greedy && settings.greedy_sample >= 1.0, iteration: 0 })
    }

    /// Whether the rule looks at the gradient of all units.
    pub(in crate::bcd) fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Blocks after which every unit could have had its turn.
    pub(in crate::bcd) fn blocks_per_sweep(&self) -> u64 {
        self.items.blocks_per_sweep()
    }

    /// How many blocks cost as much as a fresh gradient; 0 where each block has one.
    pub(in crate::bcd) fn blocks_per_pass<S: Smooth<Memory = M>>(&self, f: &S) -> u64 {
        match &self.way {
            Way::Greedy(greedy) => greedy.blocks_per_pass(f, &self.items),
            Way::Nothing | Way::Drawn(_) => 0,
        }
    }

    /// Whether a followed gradient has grown so old that it and what it comes from are due to be computed afresh.
    pub(in crate::bcd) fn is_due(&self) -> bool {
        matches!(&self.way, Way::Greedy(greedy) if greedy.is_due())
    }

    /// The next block. Greedy rules cost a pass over the data for the gradient, unless they can follow it from block to
    /// block.
    pub(in crate::bcd) fn next<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        constants: &Constants,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        let iteration = self.iteration;
        self.iteration += 1;
        match &mut self.way {
            Way::Nothing => Ok(Choice { block: Block::default(), fixed: None }),
            Way::Drawn(drawn) => {
                let drawn = drawn.next(&self.items, constants, iteration);
                Ok(self.items.choose(f.penalty(), &drawn))
            }
            Way::Greedy(greedy) => greedy.next(&View { f, items: &self.items, constants }, control),
        }
    }

    /// Tells of the move of a block, for what is kept between blocks.
    pub(in crate::bcd) fn moved<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match &mut self.way {
            Way::Greedy(greedy) => greedy.moved(f, list, step, control),
            Way::Nothing | Way::Drawn(_) => Ok(()),
        }
    }
}
