//! The problem of one block: its quadratic model with the penalty, and Newton steps on the identified manifold.

pub(super) mod active_set;
pub(super) mod block_model;
pub(super) mod quadratic;
pub(super) mod row_system;
