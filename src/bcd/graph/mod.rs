//! Quadratics on graphs: `min 1/2 x'Ax - b'x` with `A` sparse, symmetric and positive definite; label propagation.
//!
//! [`Problem`] holds the data, [`solve`] runs the method, [`certificate`] checks an answer from the raw data. Blocks
//! are the paper's: `colouring` (red-black), `tree_partition`, `greedy_forest`, `lattice` (combs in closed form), or
//! the caller's; a block without cycles is solved in linear time by message passing (`elimination`). `blocks` selects,
//! `solve` is the loop. `super_nodes` has the same for several nodes that count as one. `auto` is what `rule=auto`
//! does: `reduction` eliminates nodes with few neighbours, `conjugate_gradient` and `multilevel` solve the rest with
//! the same sweeps. `curvature` is about matrices that are not positive definite.

mod auto;
mod blocks;
mod certificate;
pub mod colouring;
mod components;
mod conjugate_gradient;
mod curvature;
pub mod elimination;
pub mod forest;
pub mod greedy_forest;
pub mod lattice;
mod multilevel;
mod problem;
mod reduction;
mod settings;
mod solution;
mod solve;
mod super_nodes;
#[cfg(test)]
mod tests;
pub mod tree_partition;
mod union_find;

pub use certificate::{Certificate, certificate};
pub use problem::{Labels, Problem, Unreached};
pub use settings::{NodeOrder, NodeScore, Preconditioner, Rule, Settings};
pub use solution::{Solution, TraceRow};
pub use solve::solve;
