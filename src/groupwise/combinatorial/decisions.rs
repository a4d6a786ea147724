//! Groupwise regret for decisions: one learner of decisions per group, weighed by AdaNormalHedge among the groups that
//! are awake.
//!
//! Round `t`: the awake set comes, each awake group has its decision or its expected flow `a_g`, and `p_g` as for
//! numbers. On graphs the flows are averaged, `sum p_g a_g`, and one path is drawn from that, edge by edge; elsewhere
//! one group is drawn by `p` and its decision played. Then the costs come: `l_g = c'a_g`, and `r_g = sum p l - l_g`
//! over the most that the costs of two decisions differ by.
//!
//! What an oracle's sizes claim is not known to hold, but each round could refute it: its decisions, and the first one
//! ever, must not differ by more in entries or costs. A claim that is refuted is refused, for the bounds rest on it.

use super::dag::Dag;
use super::oracle::LinearOracle;
use super::perturbed_leader::{PerturbedLeader, Sizes};
use super::weight_pushing::{WeightPushing, sample};
use crate::groupwise::ada_normal_hedge::{Hedge, normalize};
use crate::groupwise::groups::{ALWAYS_ON, name_of};
use crate::groupwise::inputs::LARGEST;
use crate::numerics::sum::Sum;
use crate::runtime::error::{number, zeros};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// Sums that are above a claim by no more than this share are rounded ones.
const ROUNDING: f64 = 1e-9;

/// What decisions are chosen from, and how.
enum Problem {
    /// Paths, by Hedge over all of them.
    Paths(Dag),
    /// Paths, by the perturbed leader.
    PerturbedPaths(Dag, Sizes),
    /// The caller's decisions, by the perturbed leader.
    Oracle(Box<dyn LinearOracle + Send + Sync>, Sizes),
}

#[derive(Debug, Clone)]
enum Learner {
    Pushing(WeightPushing),
    Leader(PerturbedLeader),
}

/// A group that has been awake.
#[derive(Debug, Clone)]
struct Member {
    ln_prior: f64,
    hedge: Hedge,
    learner: Learner,
    rounds: u64,
    loss: Sum,
    expected: Sum,
    /// Its flow in the round that is under way.
    flow: Vec<f64>,
}

/// What was decided, and what it costs.
#[derive(Debug, Clone, Default)]
struct Pending {
    awake: Vec<u64>,
    p: Vec<f64>,
    decision: Vec<f64>,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision<'d> {
    /// What is played: for paths 1 on its edges.
    pub played: &'d [f64],
    /// Groups that took part.
    pub groups: usize,
}

/// What is known of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionCertificate {
    /// The group.
    pub group: u64,
    /// Its rounds.
    pub rounds: u64,
    /// The cost of what was played on them.
    pub loss: f64,
    /// The expected cost, given the flows of the learners.
    pub expected_loss: f64,
    /// The cost of the best decision in hindsight, by the oracle (negative where decisions with negative entries pay).
    pub hindsight: f64,
    /// The expected cost minus that.
    pub regret: f64,
    /// The theorem's bound on it.
    pub bound: f64,
    /// Whether the bound is on the mean over the perturbations and not on each run.
    pub in_expectation: bool,
}

/// A stream of decisions.
pub struct Decisions {
    problem: Problem,
    members: BTreeMap<u64, Member>,
    most_groups: usize,
    seed: u64,
    /// Rounds that were decided.
    round: u64,
    pending: Option<Pending>,
    costs: Vec<f64>,
    /// The caller's first decision, which all later ones are held against; empty before it, and for paths.
    first: Vec<f64>,
}

impl Decisions {
    /// Paths of a graph whose edges cost from 0 to 1 each round, by weight pushing. At most `most_groups` groups may
    /// come up; one more is always awake. Errors: no memory.
    pub fn paths(dag: Dag, most_groups: usize, seed: u64) -> Result<Self> {
        Self::new(Problem::Paths(dag), most_groups, seed)
    }

    /// The same by the perturbed leader.
    pub fn perturbed_paths(dag: Dag, most_groups: usize, seed: u64) -> Result<Self> {
        let longest = dag.longest()? as f64;
        let sizes = Sizes { diameter: 2.0 * longest, cost: longest, costs: dag.edges().len() as f64 };
        Self::new(Problem::PerturbedPaths(dag, sizes), most_groups, seed)
    }

    /// The caller's decisions, by the perturbed leader. `sizes` must hold for all rounds; each number of a round's
    /// costs is from 0 to 1. Decisions may have negative entries: what `sizes.cost` is then says [`Sizes::cost`].
    /// Errors: sizes that are not from `1e-100` to `1e100`, no memory.
    pub fn oracle(
        oracle: Box<dyn LinearOracle + Send + Sync>,
        sizes: Sizes,
        most_groups: usize,
        seed: u64,
    ) -> Result<Self> {
        let sound = |x: f64| (1.0 / LARGEST..=LARGEST).contains(&x);
        if !(sound(sizes.diameter) && sound(sizes.cost) && sound(sizes.costs)) {
            return Err(Error::new(ErrorKind::Argument, "sizes")
                .expected("numbers from 1e-100 to 1e100")
                .found(format!("{sizes:?}")));
        }
        Self::new(Problem::Oracle(oracle, sizes), most_groups, seed)
    }

    fn new(problem: Problem, most_groups: usize, seed: u64) -> Result<Self> {
        let costs = zeros("costs", oracle(&problem).dimension())?;
        let (members, first) = (BTreeMap::new(), Vec::new());
        Ok(Self { problem, members, most_groups, seed, round: 0, pending: None, costs, first })
    }

    /// The most that the costs of two decisions differ by in a round. Errors: no memory.
    fn cost_bound(&self) -> Result<f64> {
        Ok(match &self.problem {
            Problem::Paths(dag) => dag.longest()? as f64,
            Problem::PerturbedPaths(_, sizes) | Problem::Oracle(_, sizes) => sizes.cost,
        })
    }

    /// Decides a round for the groups `awake`, in any order, each once. Errors, before anything has changed: a round
    /// whose costs have not come yet, a group [`ALWAYS_ON`] or one too many, the oracle's, decisions that are not
    /// finite, above `1e100` in size or differ by more than `sizes.diameter`, no memory.
    pub fn decide(&mut self, awake: &[u64]) -> Result<Decision<'_>> {
        if self.pending.is_some() {
            return Err(Error::new(ErrorKind::State, "decide")
                .expected("the costs of the last round first")
                .found("none"));
        }
        let mut awake = awake.to_vec();
        if awake.contains(&ALWAYS_ON) {
            return Err(Error::new(ErrorKind::Data, "groups")
                .expected("a group below 2^64 - 1")
                .found(name_of(ALWAYS_ON)));
        }
        awake.push(ALWAYS_ON);
        awake.sort_unstable();
        awake.dedup();
        let new: Vec<u64> = awake.iter().filter(|id| !self.members.contains_key(id)).copied().collect();
        if self.members.len() + new.len() > self.most_groups.saturating_add(1) {
            return Err(Error::new(ErrorKind::Memory, "groups")
                .expected(format!("at most {} of them", self.most_groups))
                .found("one more"));
        }
        let mut pending = Pending { awake, p: Vec::new(), decision: zeros("decision", self.costs.len())? };
        if let Err(error) = self.conclude(&new, &mut pending) {
            // Groups that were born for this round must not weigh on the priors of others.
            new.iter().for_each(|id| _ = self.members.remove(id));
            return Err(error);
        }
        self.round += 1;
        let groups = pending.awake.len();
        let pending = self.pending.insert(pending);
        Ok(Decision { played: &pending.decision, groups })
    }

    /// Makes the groups that are new, and what is played.
    fn conclude(&mut self, new: &[u64], pending: &mut Pending) -> Result<()> {
        for id in new {
            let member = self.newborn()?;
            self.members.insert(*id, member);
        }
        self.ask(&pending.awake)?;
        self.check_diameter(&pending.awake)?;
        self.play(pending);
        if self.first.is_empty() && matches!(self.problem, Problem::Oracle(..)) {
            let mut first = zeros("decision", self.costs.len())?;
            first.copy_from_slice(&pending.decision);
            self.first = first;
        }
        Ok(())
    }

    /// The decisions of a round, and the first one ever: those of the caller that are known.
    fn known<'s>(&'s self, awake: &[u64]) -> impl Iterator<Item = &'s [f64]> {
        let flows = awake.iter().filter_map(|id| self.members.get(id)).map(|m| &m.flow[..]);
        flows.chain(Some(&self.first[..]).filter(|first| !first.is_empty()))
    }

    /// Errors (`Argument`): decisions of the caller's further apart than it said.
    fn check_diameter(&self, awake: &[u64]) -> Result<()> {
        let Problem::Oracle(_, sizes) = &self.problem else { return Ok(()) };
        let Some(one) = self.known(awake).last() else { return Ok(()) };
        let apart = |a: &[f64]| a.iter().zip(one).map(|(a, b)| (a - b).abs()).sum::<f64>();
        let most = self.known(awake).map(apart).fold(0.0, f64::max);
        if most <= sizes.diameter * (1.0 + ROUNDING) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Argument, "sizes.diameter")
            .expected(format!("at least {}, which two decisions differ by", number(most)))
            .found(sizes.diameter))
    }

    /// Errors (`Data`): costs that sum to more than the caller said, or that decisions of the round differ in by more.
    fn check_costs(&self, costs: &[f64], losses: &[f64]) -> Result<()> {
        let Problem::Oracle(_, sizes) = &self.problem else { return Ok(()) };
        let refuse = |expected: String, found: f64| {
            Err(Error::new(ErrorKind::Data, "costs").expected(expected).found(number(found)))
        };
        let sum: f64 = costs.iter().sum();
        if !(sum <= sizes.costs * (1.0 + ROUNDING)) {
            return refuse(
                format!("a sum of at most {} (`costs` of the oracle's sizes)", number(sizes.costs)),
                sum,
            );
        }
        let first = (!self.first.is_empty()).then(|| price(&self.first, costs));
        let all = || losses.iter().copied().chain(first);
        let least = all().fold(f64::INFINITY, f64::min);
        let most = all().fold(f64::NEG_INFINITY, f64::max);
        // Rounding is in proportion to what was summed up.
        let room = ROUNDING * (sizes.cost + least.abs() + most.abs());
        if !(most - least <= sizes.cost + room) {
            let expected = format!(
                "decisions whose costs differ by at most {} (`cost` of the oracle's sizes)",
                number(sizes.cost)
            );
            return refuse(expected, most - least);
        }
        Ok(())
    }

    fn newborn(&self) -> Result<Member> {
        let k = self.members.len() as f64 + 1.0;
        let learner = match &self.problem {
            Problem::Paths(dag) => Learner::Pushing(WeightPushing::new(dag)?),
            Problem::PerturbedPaths(_, sizes) | Problem::Oracle(_, sizes) => {
                Learner::Leader(PerturbedLeader::new(self.costs.len(), *sizes)?)
            }
        };
        Ok(Member {
            // Priors of an open set: they sum to 1.
            ln_prior: -(k * (k + 1.0)).ln(),
            hedge: Hedge::default(),
            learner,
            rounds: 0,
            loss: Sum::default(),
            expected: Sum::default(),
            flow: zeros("decision", self.costs.len())?,
        })
    }

    fn ask(&mut self, awake: &[u64]) -> Result<()> {
        for id in awake {
            let Some(member) = self.members.get_mut(id) else { continue };
            match (&member.learner, &self.problem) {
                (Learner::Pushing(learner), Problem::Paths(dag)) => learner.flow(dag, &mut member.flow)?,
                (Learner::Leader(learner), problem) => {
                    let key = [self.seed, self.round];
                    learner.decide(oracle(problem), key, &mut self.costs, &mut member.flow)?;
                }
                // Learners are made for their problem.
                (Learner::Pushing(_), _) => {}
            }
            check_decision(&member.flow)?;
        }
        Ok(())
    }

    /// Weights, and what is played.
    fn play(&mut self, pending: &mut Pending) {
        let awake: Vec<&Member> = pending.awake.iter().filter_map(|id| self.members.get(id)).collect();
        pending.p.extend(awake.iter().map(|m| m.ln_prior + m.hedge.ln_weight(1.0)));
        normalize(&mut pending.p, |k| awake[k].ln_prior);
        let mut draw = Stream::new(self.seed, Purpose::Play, self.round);
        match &self.problem {
            Problem::Paths(dag) | Problem::PerturbedPaths(dag, _) => {
                self.costs.fill(0.0);
                for (member, p) in awake.iter().zip(&pending.p) {
                    self.costs.iter_mut().zip(&member.flow).for_each(|(sum, a)| *sum += p * a);
                }
                sample(dag, &self.costs, || draw.uniform(), &mut pending.decision);
            }
            Problem::Oracle(..) => {
                let (u, mut below) = (draw.uniform(), 0.0);
                let place = pending.p.iter().position(|p| {
                    below += p;
                    u < below
                });
                let member = awake[place.unwrap_or(awake.len() - 1)];
                pending.decision.copy_from_slice(&member.flow);
            }
        }
    }

    /// Takes in the costs of the round that was decided. Errors, before anything has changed: no such round, another
    /// number of costs, or one that is not from 0 to 1; for decisions of the caller's, costs that sum to more than
    /// `sizes.costs` or by which the decisions of the round, or one of them and the first one ever, differ by more than
    /// `sizes.cost`. The round still waits for its costs then.
    pub fn update(&mut self, costs: &[f64]) -> Result<()> {
        if costs.len() != self.costs.len() {
            return Err(Error::new(ErrorKind::Argument, "costs")
                .expected(format!("{} numbers", self.costs.len()))
                .found(costs.len()));
        }
        if let Some(place) = costs.iter().position(|c| !(0.0..=1.0).contains(c)) {
            return Err(Error::new(ErrorKind::Data, "costs")
                .at(format!("entry {place}"))
                .expected("a number from 0 to 1")
                .found(costs[place]));
        }
        let bound = self.cost_bound()?;
        let Some(pending) = &self.pending else {
            return Err(Error::new(ErrorKind::State, "update").expected("a decision first").found("none"));
        };
        let members = pending.awake.iter().filter_map(|id| self.members.get(id));
        let losses: Vec<f64> = members.map(|m| price(&m.flow, costs)).collect();
        self.check_costs(costs, &losses)?;
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let played = price(&pending.decision, costs);
        let expected: f64 = pending.p.iter().zip(&losses).map(|(p, l)| p * l).sum();
        for (id, loss) in pending.awake.iter().zip(&losses) {
            let Some(member) = self.members.get_mut(id) else { continue };
            member.hedge.add((expected - loss) / bound);
            member.rounds += 1;
            member.loss.add(played);
            member.expected.add(expected);
            match &mut member.learner {
                Learner::Pushing(learner) => learner.update(costs),
                Learner::Leader(learner) => learner.update(costs),
            }
        }
        Ok(())
    }

    /// What is known of a group. One call of the oracle. Errors: a group that has not been awake, the oracle's, no
    /// memory.
    pub fn certificate(&self, group: u64) -> Result<DecisionCertificate> {
        let member = self.members.get(&group).ok_or_else(|| {
            Error::new(ErrorKind::State, "group")
                .expected("a group that has been awake")
                .found(name_of(group))
        })?;
        let (total, learner_bound, in_expectation) = match &member.learner {
            Learner::Pushing(learner) => (&learner.total, learner.bound(), false),
            Learner::Leader(learner) => (&learner.total, learner.bound(), true),
        };
        let total: Vec<f64> = total.iter().map(|c| c.value()).collect();
        let mut best: Vec<f64> = zeros("decision", total.len())?;
        oracle(&self.problem).minimize(&total, &mut best)?;
        check_decision(&best)?;
        let hindsight: Sum = best.iter().zip(&total).map(|(a, c)| a * c).collect();
        let magnitudes = self.members.values().map(|m| m.ln_prior.exp() * m.hedge.magnitude.value().ln_1p());
        let ln_bound = (2.5 + 1.5 * magnitudes.sum::<f64>()).ln();
        let magnitude = member.hedge.magnitude.value();
        let hedge_bound = (3.0 * magnitude * (ln_bound - member.ln_prior)).sqrt() * self.cost_bound()?;
        Ok(DecisionCertificate {
            group,
            rounds: member.rounds,
            loss: member.loss.value(),
            expected_loss: member.expected.value(),
            hindsight: hindsight.value(),
            regret: member.expected.value() - hindsight.value(),
            bound: hedge_bound + learner_bound,
            in_expectation,
        })
    }
}

/// Errors (`Callback`): entries that are not finite, or so large that costs of them would not be.
fn check_decision(decision: &[f64]) -> Result<()> {
    match decision.iter().find(|a| !(a.abs() <= LARGEST)) {
        None => Ok(()),
        Some(entry) => Err(Error::new(ErrorKind::Callback, "oracle")
            .expected("decisions of finite numbers of size up to 1e100")
            .found(entry)),
    }
}

/// `c'a`.
fn price(decision: &[f64], costs: &[f64]) -> f64 {
    decision.iter().zip(costs).map(|(a, c)| a * c).sum()
}

/// The offline problem.
fn oracle(problem: &Problem) -> &dyn LinearOracle {
    match problem {
        Problem::Paths(dag) | Problem::PerturbedPaths(dag, _) => dag,
        Problem::Oracle(oracle, _) => oracle.as_ref(),
    }
}

#[cfg(test)]
mod tests;
