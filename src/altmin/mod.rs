//! Low-rank matrix completion by robust alternating minimization in nearly linear time (Gu, Song, Yin and Zhang,
//! arXiv 2302.11068).
//!
//! Minimizes `sum_(i,j) w_ij (M_ij - u_i'v_j)^2` over factors `U` and `V` of few columns, by regressions of all rows of one
//! factor and then of the other.
//!
//! | part | files |
//! |---|---|
//! | what is observed | `observations` |
//! | the start | `start` |
//! | the loop | `alternation`, `half_step`, `basis` (what keeps regressions well conditioned) |
//! | one row | `regression` |
//! | few entries | `recovery` |

mod alternation;
mod basis;
mod half_step;
mod identifiability;
mod observations;
mod portfolio;
mod recovery;
mod regression;
mod sampling;
mod start;

pub use observations::{Entries, Observations, Repeats};
