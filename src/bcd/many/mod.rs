//! Many solves on one matrix: paths, batches, cross-validation.
//!
//! | file | what it is for |
//! |---|---|
//! | `path`, `grid` | one problem for falling strengths, and which strengths |
//! | `adaptive` | the next strength such that the gap in between stays small |
//! | `batch` | other targets, weights, offsets or strengths |
//! | `cross_validation` | paths without a fold's rows |
//! | `waves` | tasks in parallel, each with a control of its own |

mod adaptive;
pub(super) mod batch;
pub(super) mod cross_validation;
pub(super) mod grid;
pub(super) mod path;
mod waves;
