//! How a chosen block moves (section 4 of the paper), and the extrapolation between sweeps.
//!
//! | file | what |
//! |---|---|
//! | `gradient` | proximal gradient steps, with a known or an estimated constant |
//! | `model_step` | steps to the minimum of a matrix bound, and Newton's, for any smooth function |
//! | `composition` | the same for the linear composition: with its intercept, and a damping that adapts |
//! | `cubic` | steps to the minimum of the cubic model; its decrease is also a score |
//! | `exact` | the minimum of the objective over the block |
//! | `armijo`, `line` | what searches along a step share: halving it, and the minimum along it |
//! | `damping` | how much Newton models of a composition are damped |
//! | `step` | what every update gives back |
//! | `anderson` | beside the paper: combines the iterates that sweeps leave behind |
//!
//! To add an update:
//!
//! 1. A file here with `update(f, block, ..) -> Step`, written against [`Smooth`](super::smooth::Smooth).
//! 2. Its name in `UpdateKind` (`settings/choices.rs`) and in the option `update` (`runtime/option_table.rs`), and what
//!    it cannot be combined with in `settings/mod.rs`.
//! 3. Its arm in `Paper::update` (`plan.rs`), and in `Constants::new` (`rules/constants.rs`) where it needs a constant.
//! 4. Callers' functions need not have what it asks for: `Solve::check_update` (`user/solve.rs`).
//! 5. A test that it falls by what it promises and at least by what the gradient update does (`tests/paper.rs`,
//!    `tests/updates.rs`); its line in `docs/bcd.md`; `docs/options.md` is made by `southwell options --markdown`.

pub(super) mod anderson;
pub(super) mod armijo;
pub(super) mod composition;
pub(super) mod cubic;
pub(super) mod damping;
pub(super) mod exact;
pub(super) mod gradient;
mod line;
pub(super) mod model_step;
pub(super) mod step;
