//! Which block is next (section 3 of the paper): partitions, rules, scores and the constants they use.
//!
//! | file | what |
//! |---|---|
//! | `partition` | fixed partitions of the units into blocks |
//! | `select` | the rules: a block at a time, by order, by chance, or by score |
//! | `score` | the decrease that an update guarantees on a unit or a block |
//! | `constants` | Lipschitz constants of units and blocks, known or estimated |
//! | `greedy`, `heap` | what greedy rules keep from block to block: the gradient, and the order of the scores |
//! | `followed` | the gradient of a linear composition, brought up to date after each block |
//! | `column_index` | the columns by direction: the best of them without the whole gradient |
//! | `forward`, `own_blocks` | GSQ on variable blocks: the few units that lower the bound most |
//! | `working_set` | the rule of `auto` |
//!
//! To add a rule:
//!
//! 1. Its name in `Rule` (`settings/choices.rs`; `is_greedy` if it looks at gradients) and in the option `rule`
//!    (`runtime/option_table.rs`), and what it cannot be combined with in `settings/mod.rs`.
//! 2. Its constants in `Constants::new` (`constants`), and those of fixed blocks in `Selector::new` (`select`).
//! 3. If it is greedy: its score of units and of fixed blocks in `select`, with a formula in `score`. Else its order in
//!    `Selector::next`.
//! 4. How long to wait for it: `Patience::new` (`stopping/patience.rs`).
//! 5. A test that picks its block by brute force over all blocks (`tests/paper.rs`, `tests/rules.rs`); its line in the table
//!    of `select` and in `docs/bcd.md`; `docs/options.md` is made by `southwell options --markdown`.

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
