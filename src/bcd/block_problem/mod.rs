//! The problem of one block: its quadratic model with the penalty, and Newton steps on the identified manifold.
//!
//! | file | what |
//! |---|---|
//! | `block_model` | the model `q(p) = g'p + 1/2 p'Hp`: by its Gram block, or by the rows |
//! | `quadratic` | its minimum with the penalty: sweeps, and when they have done enough |
//! | `active_set` | Newton steps between the sweeps, on what moves freely (section 6 of the paper) |
//! | `row_system` | Newton's system where there are more coordinates than rows |
//! | `truncated` | inexact Newton directions where there are neither kinks nor bounds |

pub(super) mod active_set;
pub(super) mod block_model;
pub(super) mod quadratic;
pub(super) mod row_system;
pub(super) mod truncated;
