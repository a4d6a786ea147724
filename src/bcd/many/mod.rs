//! Many solves on one matrix: paths, batches, cross-validation.

pub(super) mod batch;
pub(super) mod cross_validation;
pub(super) mod path;
pub(super) mod waves;
