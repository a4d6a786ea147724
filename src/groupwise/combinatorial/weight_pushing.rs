//! Hedge over all paths of an acyclic graph at once (Takimoto and Warmuth, Path kernels and multiplicative updates,
//! 2003).
//!
//! A path is as likely as `exp(-eta cost)` for its cost so far. `Z(v) = sum_{v -> u} exp(-eta c_e) Z(u)` from the sink
//! back gives the probability `exp(-eta c_e) Z(u) / Z(v)` of each step, and these the expected flow; `Z` is kept as a
//! logarithm. For costs of edges in `[0, 1]` a path of at most `k` edges costs at most `k`, and with `N` paths and
//! `eta_t = sqrt(8 ln N / t) / k` the regret over `n` rounds is at most `k (2 sqrt(n/2 ln N) + sqrt(ln N / 8))`
//! (Cesa-Bianchi and Lugosi, Prediction, learning and games, 2006, theorem 2.3).

use super::dag::Dag;
use crate::numerics::sum::Sum;
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// The costs so far.
#[derive(Debug, Clone)]
pub struct WeightPushing {
    pub(super) total: Vec<Sum>,
    pub(super) rounds: u64,
    /// `k`.
    longest: f64,
    /// `ln N`.
    ln_paths: f64,
}

impl WeightPushing {
    /// No rounds yet; costs of edges are to be in `[0, 1]`. Errors: no memory.
    pub fn new(dag: &Dag) -> Result<Self> {
        let total = zeros("costs", dag.edges().len())?;
        Ok(Self { total, rounds: 0, longest: dag.longest()? as f64, ln_paths: dag.ln_paths()? })
    }

    /// `eta` for the next round.
    pub fn eta(&self) -> f64 {
        (8.0 * self.ln_paths / (self.rounds + 1) as f64).sqrt() / self.longest
    }

    /// Fills `flow` with the expected decision of the next round. Costs `O(edges)`. Errors: no memory.
    pub fn flow(&self, dag: &Dag, flow: &mut [f64]) -> Result<()> {
        let mut costs: Vec<f64> = zeros("costs", self.total.len())?;
        costs.iter_mut().zip(&self.total).for_each(|(cost, total)| *cost = total.value());
        let eta = self.eta();
        let ln_z = ln_partition(dag, &costs, eta)?;
        flow.fill(0.0);
        let mut through: Vec<f64> = zeros("graph", dag.nodes())?;
        through[dag.source() as usize] = 1.0;
        for v in dag.order() {
            let own = through[*v as usize];
            for e in dag.leaving(*v) {
                let head = dag.edges()[*e as usize][1] as usize;
                let share = own * (ln_z[head] - eta * costs[*e as usize] - ln_z[*v as usize]).exp();
                flow[*e as usize] = share;
                through[head] += share;
            }
        }
        Ok(())
    }

    /// Takes in the costs of a round.
    pub fn update(&mut self, costs: &[f64]) {
        self.total.iter_mut().zip(costs).for_each(|(total, cost)| total.add(*cost));
        self.rounds += 1;
    }

    /// `k (2 sqrt(n/2 ln N) + sqrt(ln N / 8))`: a bound on its expected regret so far.
    pub fn bound(&self) -> f64 {
        let n = self.rounds as f64;
        self.longest * (2.0 * (0.5 * n * self.ln_paths).sqrt() + (self.ln_paths / 8.0).sqrt())
    }
}

/// `ln Z(v)` for every node; minus infinity where no path leads to the sink. Errors: no memory.
pub(super) fn ln_partition(dag: &Dag, costs: &[f64], eta: f64) -> Result<Vec<f64>> {
    let mut ln_z: Vec<f64> = zeros("graph", dag.nodes())?;
    ln_z.fill(f64::NEG_INFINITY);
    ln_z[dag.sink() as usize] = 0.0;
    for v in dag.order().iter().rev().filter(|v| **v != dag.sink()) {
        let terms = dag
            .leaving(*v)
            .iter()
            .map(|e| ln_z[dag.edges()[*e as usize][1] as usize] - eta * costs[*e as usize]);
        let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
        if most > f64::NEG_INFINITY {
            ln_z[*v as usize] = most + terms.map(|t| (t - most).exp()).sum::<f64>().ln();
        }
    }
    Ok(ln_z)
}

/// A path drawn from a flow, edge by edge; `decision` gets 1 for its edges and 0 for the others.
pub fn sample(dag: &Dag, flow: &[f64], mut uniform: impl FnMut() -> f64, decision: &mut [f64]) {
    decision.fill(0.0);
    let mut v = dag.source();
    while v != dag.sink() {
        let leaving = dag.leaving(v);
        let total: f64 = leaving.iter().map(|e| flow[*e as usize]).sum();
        let (u, mut below) = (uniform() * total, 0.0);
        let found = leaving.iter().find(|e| {
            below += flow[**e as usize];
            flow[**e as usize] > 0.0 && u < below
        });
        // Where rounding leaves none: the likeliest.
        let likeliest = || leaving.iter().max_by(|a, b| flow[**a as usize].total_cmp(&flow[**b as usize]));
        let Some(e) = found.or_else(likeliest) else { return };
        decision[*e as usize] = 1.0;
        v = dag.edges()[*e as usize][1];
    }
}
