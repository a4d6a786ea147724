//! Which block is next (section 3 of the paper): partitions, rules, scores and the constants they use.

pub(super) mod column_index;
pub(super) mod constants;
pub(super) mod followed;
pub(super) mod forward;
pub(super) mod greedy;
pub(super) mod heap;
mod own_blocks;
pub(super) mod partition;
pub(super) mod score;
pub(super) mod select;
pub(super) mod working_set;
