//! Follow the perturbed leader (Kalai and Vempala, Efficient algorithms for online decision problems, 2005): each
//! round a decision that is cheapest for the costs so far and fresh random ones, uniform in `[0, 1/eps)`.
//!
//! With `D` the l1-diameter of the decisions, `R` the most that the costs `c'a` of two decisions differ by in a round
//! and `A >= |c|_1`, the expected regret over `n` rounds is at
//! most `eps R A n + D / eps = 2 sqrt(D R A n)` at `eps = sqrt(D / (R A n))`. Without a horizon,
//! `eps_t = sqrt(D / (R A t))` falls with the rounds: at most twice as much and the last perturbation. The costs of a
//! round may depend on all earlier draws, since each is new.

use super::oracle::LinearOracle;
use crate::numerics::sum::Sum;
use crate::runtime::Result;
use crate::runtime::error::zeros;
use crate::runtime::rng::{Purpose, Stream};

/// The size of a problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// `D`: the most that two decisions differ by, in the sum of sizes.
    pub diameter: f64,
    /// `R`: the most that the costs of two decisions differ by in a round. Where no decision has a negative entry, the
    /// most that one costs will do; else it is `max c'a - min c'a`, twice as much for entries from -1 to 1.
    pub cost: f64,
    /// `A`: the most that the costs of a round sum to.
    pub costs: f64,
}

/// The costs so far.
#[derive(Debug, Clone)]
pub struct PerturbedLeader {
    pub(super) total: Vec<Sum>,
    pub(super) rounds: u64,
    sizes: Sizes,
}

impl PerturbedLeader {
    /// No rounds yet. Errors: no memory.
    pub fn new(dimension: usize, sizes: Sizes) -> Result<Self> {
        Ok(Self { total: zeros("costs", dimension)?, rounds: 0, sizes })
    }

    /// `eps` for the next round.
    pub fn eps(&self) -> f64 {
        let Sizes { diameter, cost, costs } = self.sizes;
        (diameter / (cost * costs * (self.rounds + 1) as f64)).sqrt()
    }

    /// The decision of the next round; `round` keys its perturbation. Common random numbers for several learners are
    /// fine: each one's own are as they should be. Errors: the oracle's.
    pub fn decide(
        &self,
        oracle: &dyn LinearOracle,
        [seed, round]: [u64; 2],
        costs: &mut [f64],
        decision: &mut [f64],
    ) -> Result<()> {
        let mut draw = Stream::new(seed, Purpose::Perturb, round);
        let most = 1.0 / self.eps();
        for (cost, total) in costs.iter_mut().zip(&self.total) {
            *cost = total.value() + most * draw.uniform();
        }
        oracle.minimize(costs, decision)
    }

    /// Takes in the costs of a round.
    pub fn update(&mut self, costs: &[f64]) {
        self.total.iter_mut().zip(costs).for_each(|(total, cost)| total.add(*cost));
        self.rounds += 1;
    }

    /// A bound on its expected regret so far: with the steps `eps_t`, `sum eps_t R A + D / eps_n <= 3 sqrt(D R A n)`.
    pub fn bound(&self) -> f64 {
        let Sizes { diameter, cost, costs } = self.sizes;
        // The product of all four may be too large for a number.
        3.0 * ((diameter * cost).sqrt() * (costs * self.rounds as f64).sqrt())
    }
}
