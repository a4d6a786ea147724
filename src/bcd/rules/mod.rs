//! Which block is next (section 3 of the paper): partitions, rules, scores and the constants they use.
//!
//! | file | what |
//! |---|---|
//! | `select` | the rules, and which way each goes to its block |
//! | `items`, `partition` | what rules choose from: the units that can move, or fixed blocks of them |
//! | `drawn` | rules that do not look at the function: cyclic, permuted, random and Lipschitz |
//! | `greedy` | the ways of rules that do: ranked, sampled, by the index, forward |
//! | `score` | the decrease that an update guarantees on a unit or a block |
//! | `item_scores`, `unit_scores` | the scores of all items, and those that the index asks for |
//! | `constants` | Lipschitz constants of units and blocks, known or estimated |
//! | `kept` | the gradient of all coordinates, kept from block to block |
//! | `ranking`, `heap` | the order of the scores, kept from block to block |
//! | `followed` | the gradient of a linear composition, brought up to date after each block |
//! | `column_index` | the columns by direction: the best of them without the whole gradient |
//! | `forward`, `own_blocks` | GSQ on variable blocks: the few units that lower the bound most |
//! | `working_set` | the rule of `auto` |
//!
//! To add a rule:
//!
//! 1. Its name in `Rule` (`settings/choices.rs`; `is_greedy` if it looks at gradients) and in the option `rule`
//!    (`runtime/option_table.rs`), and what it cannot be combined with in `settings/mod.rs`.
//! 2. Its constants in `Constants::new` (`constants`).
//! 3. If it is greedy: its scores of units and of fixed blocks in `item_scores`, with their formula in `score`; another
//!    way to the best of them is one more in `greedy`. Else its order in `drawn`.
//! 4. How long to wait for it: `Patience::new` (`stopping/patience.rs`).
//! 5. A test that picks its block by brute force over all blocks (`tests/paper.rs`, `tests/rules.rs`); its line in the
//!    table of `select` and in `docs/bcd.md`; `docs/options.md` is made by `southwell options --markdown`.

pub(super) mod column_index;
pub(super) mod constants;
mod drawn;
pub(super) mod followed;
pub(super) mod forward;
pub(super) mod greedy;
pub(super) mod heap;
pub(super) mod item_scores;
pub(super) mod items;
pub(super) mod kept;
mod own_blocks;
pub(super) mod partition;
pub(super) mod ranking;
pub(super) mod score;
pub(super) mod select;
mod unit_scores;
pub(super) mod working_set;
