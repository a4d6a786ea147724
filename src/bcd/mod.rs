//! Block coordinate descent with greedy rules (Nutini, Laradji and Schmidt, arXiv 1712.08859).
//!
//! Minimizes `sum_r s_r phi(a_r'x + b + o_r, y_r) + G(x)`. [`Problem`] holds the data, [`solve()`] runs the method,
//! [`certificate()`] checks an answer from the raw data. "The paper" is that one throughout.
//!
//! Where to look:
//!
//! | part | files |
//! |---|---|
//! | what is asked | `problem`, `settings`, `callbacks` |
//! | the problem as the loop sees it | `scaled` (`column_facts`, `strengths`: its penalty), `null_model`, `workspace` (what lasts) |
//! | the loop | `solve` (one output), `plan` (rule and update of the options), `engine` and `state` (the iterate) |
//! | any smooth function | `smooth` (what rules and updates ask of it), `general` (the loop for it), `linear` (the one of `solve`) |
//! | section 3: which block | `partition`, `select`, `score`, `constants`; `greedy`, `heap`, `followed`, `forward`; `working_set` (auto) |
//! | section 4: how it moves | `update`, `model_step`, `cubic`, `exact`; `line`, `damping`; `anderson` (beside the paper) |
//! | the problem of a block | `block`, `block_model`, `quadratic`, `active_set`, `row_system` |
//! | gaps and stopping | `dual`, `correlations`, `check`, `patience` |
//! | answers | `solution`, `certificate`, `predict`, `identification`, `sensitivity` |
//! | many solves | `path`, `batch` (`waves`), `cross_validation` |
//! | other problems | `outputs` (several outputs), `user` (the caller's function), `svm`, [`graph`] |

mod active_set;
mod anderson;
mod batch;
mod block;
mod block_model;
mod callbacks;
mod certificate;
mod check;
mod column_facts;
mod constants;
mod correlations;
mod cross_validation;
mod cubic;
mod damping;
mod dual;
mod engine;
mod exact;
mod followed;
mod forward;
mod general;
pub mod graph;
mod greedy;
mod heap;
mod identification;
mod line;
mod linear;
mod model_step;
mod null_model;
mod outputs;
#[cfg(test)]
mod paper_tests;
mod partition;
mod path;
mod patience;
mod plan;
mod predict;
mod problem;
mod quadratic;
mod row_system;
#[cfg(test)]
mod rule_tests;
mod scaled;
mod score;
mod select;
mod sensitivity;
mod settings;
mod smooth;
mod solution;
mod solve;
mod state;
mod strengths;
mod svm;
mod update;
#[cfg(test)]
mod update_tests;
mod user;
mod waves;
mod working_set;
mod workspace;

pub use batch::{Job, batch};
pub use certificate::{Certificate, Kind, Rigor, certificate};
pub use cross_validation::{CrossValidation, Folds, cross_validate};
pub use identification::{Identification, identify};
pub use outputs::{OutputModel, outputs};
pub use path::{Grid, Path, PathEnd, Points, path};
pub use predict::linear_predictor;
pub use problem::Problem;
pub use sensitivity::{Change, Gradient, Sensitivity};
pub use settings::{
    Gradients, GsqSearch, LineSearch, PartitionKind, PenaltyKind, ProxRule, Rule, Settings, Strength,
    UpdateKind,
};
pub use solution::{Solution, TraceRow};
pub use solve::{Start, lambda_max, solve};
pub use user::UserFunction;
pub use workspace::Workspace;
