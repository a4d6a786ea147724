//! Block coordinate descent with greedy rules (Nutini, Laradji and Schmidt, arXiv 1712.08859).
//!
//! Minimizes `sum_r s_r phi(a_r'x + b + o_r, y_r) + G(x)`. [`Problem`] holds the data, [`solve()`] runs the method,
//! [`certificate()`] checks an answer from the raw data. "The paper" is that one throughout.
//!
//! Where to look:
//!
//! | part | files and folders |
//! |---|---|
//! | what is asked | `problem`, `settings`, `callbacks` |
//! | the problem as the loop sees it | `scaled` (`column_facts`, `strengths`: its penalty), `null_model`, `workspace` (what lasts) |
//! | the loop | `solve` (one output), `plan` (rule and update of the options), `engine` and `state` (the iterate), `block` |
//! | any smooth function | `smooth` (what rules and updates ask of it), `general` (the loop for it), `linear` (the one of `solve`) |
//! | section 3: which block | `rules`: `select` (the rules), `partition`, `drawn` and `greedy` (the ways), scores, constants; `working_set` is the rule of auto |
//! | section 4: how it moves | `updates`: one file for each; `anderson` is beside the paper |
//! | the problem of a block | `block_problem`: its model, its minimum, section 6 (`active_set`) |
//! | gaps and stopping | `stopping`; `duality` is what it shares with `answers` |
//! | answers | `answers`: solution, certificate, predictions, identification, derivatives |
//! | many solves | `many`: paths, batches, cross-validation; `penalized_rows`: for families that need a solver |
//! | other problems | `outputs` (several outputs), `user` (the caller's function), `svm`, [`graph`] |

mod answers;
mod block;
mod block_problem;
mod callbacks;
mod center;
mod column_facts;
mod duality;
mod engine;
mod general;
pub mod graph;
mod linear;
mod many;
mod null_model;
mod outputs;
mod penalized_rows;
mod plan;
mod problem;
mod rules;
mod scaled;
mod settings;
mod smooth;
mod solve;
mod state;
mod stopping;
mod strengths;
mod svm;
#[cfg(test)]
mod tests;
mod updates;
mod user;
mod workspace;

pub use crate::runtime::Rigor;
pub use answers::certificate::{Certificate, Kind, certificate};
pub use answers::identification::{Identification, identify};
pub use answers::predict::linear_predictor;
pub use answers::sensitivity::{Change, Gradient, Sensitivity};
pub use answers::solution::{Solution, TraceRow};
pub use many::batch::{Job, batch};
pub use many::cross_validation::{CrossValidation, Folds, cross_validate};
pub use many::grid::{Grid, PathEnd, Points};
pub use many::path::{Path, path};
pub use outputs::{OutputModel, outputs};
pub use penalized_rows::PenalizedRows;
pub use problem::Problem;
pub use settings::{
    Gradients, GsqSearch, LineSearch, PartitionKind, PenaltyKind, ProxRule, Rule, Settings, Strength,
    UpdateKind,
};
pub use solve::{Start, lambda_max, solve};
pub use user::UserFunction;
pub use workspace::Workspace;
