//! Many solves on one matrix: paths, batches, cross-validation.

mod adaptive;
pub(super) mod batch;
pub(super) mod cross_validation;
pub(super) mod grid;
pub(super) mod path;
mod waves;
