//! Quadratics on graphs: `min 1/2 x'Ax - b'x` with `A` sparse, symmetric and positive definite; label propagation.
//!
//! [`GraphProblem`] holds the data, [`graph_solve`] runs the method, [`graph_certificate`] checks an answer from the raw
//! data. Blocks are the paper's: `colouring` (red-black), `tree_partition`, `greedy_forest`, `lattice` (combs in closed
//! form), or the caller's; a block without cycles is solved in linear time by message passing (`elimination`). `blocks`
//! selects, `solve` is the loop; `conjugate_gradient` and `multilevel` are what `rule=auto` makes of the same sweeps.

mod blocks;
mod certificate;
pub mod colouring;
mod components;
mod conjugate_gradient;
pub mod elimination;
pub mod forest;
pub mod greedy_forest;
pub mod lattice;
mod multilevel;
mod problem;
mod settings;
mod solution;
mod solve;
#[cfg(test)]
mod tests;
pub mod tree_partition;
mod union_find;

pub use certificate::{GraphCertificate, graph_certificate};
pub use problem::{GraphProblem, Labels, Unreached};
pub use settings::{GraphRule, GraphSettings, NodeOrder, NodeScore, Preconditioner};
pub use solution::{GraphSolution, GraphTraceRow};
pub use solve::graph_solve;
