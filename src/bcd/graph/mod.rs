//! Quadratics on graphs: `min 1/2 x'Ax - b'x` with `A` sparse, symmetric and positive definite; label propagation.

pub mod colouring;
pub mod elimination;
pub mod forest;
pub mod greedy_forest;
pub mod lattice;
mod multilevel;
pub mod proto;
pub mod tree_partition;
mod union_find;
