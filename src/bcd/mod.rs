//! Block coordinate descent with greedy rules (Nutini, Laradji and Schmidt, arXiv 1712.08859).
//!
//! Minimizes `sum_r s_r phi(a_r'x + b + o_r, y_r) + G(x)`. [`Problem`] holds the data, [`solve()`] runs the method,
//! [`certificate()`] checks an answer from the raw data. Inside: `settings` (what options mean), `scaled` (the problem
//! as the loop sees it), `partition`, `select` and `update` (the paper's three independent choices, put together in
//! `plan`), `quadratic` and `active_set` (the block problem), `dual` and `check` (gaps and stopping), `solve` (the loop).

mod active_set;
mod anderson;
mod batch;
mod block;
mod callbacks;
mod certificate;
mod check;
mod constants;
mod correlations;
mod cross_validation;
mod cubic;
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
mod svm;
mod update;
#[cfg(test)]
mod update_tests;
mod user;
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
