//! Decisions out of a finite set of vectors instead of numbers: each round has a cost vector `c_t`, and a decision `a`
//! costs `c_t'a`.
//!
//! | part | file |
//! |---|---|
//! | paths of an acyclic graph | [`dag`] |
//! | an offline oracle, `argmin c'a` | [`oracle`] |
//! | follow the perturbed leader, over any oracle | [`perturbed_leader`] |
//! | Hedge over all paths, by weight pushing | [`weight_pushing`] |
//! | groupwise: one learner per group, weighed among those that are awake | [`decisions`] |

pub mod dag;
pub mod decisions;
pub mod oracle;
pub mod perturbed_leader;
pub mod weight_pushing;

pub use dag::Dag;
pub use decisions::{Decision, Decisions};
pub use oracle::LinearOracle;
