//! What a combinatorial learner asks of a set of decisions.

use crate::runtime::Result;

/// The offline problem: the cheapest of a finite set of vectors. Shortest paths are one ([`Dag`](super::Dag));
/// spanning trees, matchings and the like are made by the caller.
pub trait LinearOracle {
    /// Numbers of a decision.
    fn dimension(&self) -> usize;
    /// Fills `decision` with one that minimizes `costs'decision`, the same for the same costs. Costs are finite and
    /// may be negative. Errors reach the caller unchanged.
    fn minimize(&self, costs: &[f64], decision: &mut [f64]) -> Result<()>;
}
