//! What is certified of each group, at any time: its regret, which is arithmetic on what happened, and the bound that
//! a theorem gives.
//!
//! For AdaNormalHedge with `|r| <= 1` and priors that sum to 1 (Luo and Schapire, arXiv 1502.05934), the potential
//! stays bounded, `sum_g q_g Phi(R_g, C_g) <= B = 1 + 3/2 sum_g q_g (1 + ln(1 + C_g))`, so that for each expert
//! `R_g <= sqrt(3 C_g (ln(1/q_g) + ln B))`. For specialists the regret to an expert is at most `ln(1/q) / eta`. With
//! the regret of a learner to the best of its class on top, that bounds the regret of the group (arXiv 2310.04652,
//! theorem 2).

use super::groups::{Expert, Slot, name_of};
use super::learner::ridge::worst;
use super::learner::{Comparator, Kind, Learner};
use super::loss::Loss;
use super::regret::{Counts, Meter};
use super::settings::{Meta, Mode};
use super::stream::Stream;
use crate::numerics::sum::Sum;
use crate::runtime::{Error, ErrorKind, Result};

/// A bound that is missed by no more than this share of the loss is not broken: both sides are rounded.
const ROUNDING: f64 = 1e-9;

/// Whether the theorems speak of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Claim {
    /// They do.
    Holds = 0,
    /// Predictions are not clipped (mode paper).
    Unclipped = 1,
    /// The label range was widened.
    Widened = 2,
    /// A label came when its experts had moved on.
    Delayed = 3,
    /// A round counted more than once (weight above 1).
    Heavy = 4,
}

impl Claim {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Claim::Holds => "holds",
            Claim::Unclipped => "none: predictions are not clipped",
            Claim::Widened => "none: the label range was widened",
            Claim::Delayed => "none: labels were delayed",
            Claim::Heavy => "none: weights above 1",
        }
    }
}

/// What a certificate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Standing {
    /// The regret is known, and below its bound.
    Holds = 0,
    /// The regret is known, and no theorem bounds it.
    Measured = 1,
    /// No comparator is known.
    Unknown = 2,
    /// Rounding errors may have spoilt the figures.
    Suspect = 3,
    /// The regret is above its bound, which a defect alone could cause.
    Broken = 4,
}

impl Standing {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Holds => "holds",
            Standing::Measured => "measured",
            Standing::Unknown => "unknown",
            Standing::Suspect => "suspect",
            Standing::Broken => "broken",
        }
    }
}

/// How an expert has done on the rounds where it was awake. Losses are in the caller's units, times the rounds'
/// weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertCertificate {
    /// What it learns by.
    pub learner: Kind,
    /// Its prior.
    pub prior: f64,
    /// The loss of its own predictions.
    pub loss: f64,
    /// The loss of the stream (in expectation, where it draws) minus that.
    pub regret: f64,
    /// A bound on it.
    pub bound: Option<f64>,
    /// `R`.
    pub hedge_regret: f64,
    /// `C`.
    pub hedge_magnitude: f64,
    /// What its class of predictors is compared by.
    pub comparator: Comparator,
    /// The loss of the best of them in hindsight.
    pub hindsight: Option<f64>,
    /// A bound on what it loses beyond that.
    pub learner_bound: Option<f64>,
    /// How far identities are from holding that hold exactly, relative to their terms.
    pub health: Option<f64>,
    /// Rounds that it slept through because its learner gave no number.
    pub asleep: u64,
}

/// What is known of a group. Losses are in the caller's units, times the rounds' weights.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupCertificate {
    /// The group.
    pub group: u64,
    /// `T_g`: its rounds whose labels have come.
    pub rounds: u64,
    /// The sum of their weights.
    pub weight: f64,
    /// The loss of what was predicted.
    pub loss: f64,
    /// The mean loss of the experts by their weights: what a drawn prediction costs in expectation.
    pub expected_loss: f64,
    /// What the loss is compared with.
    pub comparator: Comparator,
    /// The loss of that.
    pub hindsight: Option<f64>,
    /// The loss (the expected one, where the stream draws) minus that of the comparator.
    pub regret: Option<f64>,
    /// The theorem's bound on it.
    pub bound: Option<f64>,
    /// The bound minus the regret.
    pub slack: Option<f64>,
    /// How far identities are from holding that hold exactly, relative to their terms: the worst of the group.
    pub health: Option<f64>,
    /// What it comes to.
    pub standing: Standing,
    /// Its experts.
    pub experts: Vec<ExpertCertificate>,
}

/// What is known of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// Whether the theorems speak of it.
    pub claim: Claim,
    /// `ln sum q Phi(R, C)`; 0 for specialists, which have no such potential.
    pub ln_potential: f64,
    /// `ln B`, a bound on it where the theorems speak of the stream.
    pub ln_potential_bound: f64,
    /// What happened to tickets and labels.
    pub counts: Counts,
    /// The groups that have been awake, by ascending number.
    pub groups: Vec<GroupCertificate>,
}

impl Stream {
    /// Whether the theorems speak of what has happened so far.
    pub fn claim(&self) -> Claim {
        if self.settings.mode == Mode::Paper {
            Claim::Unclipped
        } else if self.range.counts()[1] > 0 {
            Claim::Widened
        } else if self.counts.delayed > 0 {
            Claim::Delayed
        } else if self.counts.heaviest > 1.0 {
            Claim::Heavy
        } else {
            Claim::Holds
        }
    }

    /// The certificate of a group; of no rounds for one that has not been awake yet. Costs `d^2` flops, and `d^3` at
    /// most with the option `least_squares`. Errors: a group out of range, no memory.
    pub fn certificate(&self, group: u64) -> Result<GroupCertificate> {
        match self.groups.find(group) {
            Some(slot) => self.certify(slot, self.ln_potential_bound()),
            None if self.groups.groups.declared.is_some_and(|count| group >= count) => {
                Err(Error::new(ErrorKind::Argument, "group")
                    .expected("a group that there is")
                    .found(name_of(group)))
            }
            None => Ok(GroupCertificate {
                group,
                rounds: 0,
                weight: 0.0,
                loss: 0.0,
                expected_loss: 0.0,
                comparator: Comparator::Unknown,
                hindsight: None,
                regret: None,
                bound: None,
                slack: None,
                health: None,
                standing: Standing::Unknown,
                experts: Vec::new(),
            }),
        }
    }

    /// The certificates of all groups that have been awake. Costs as many times what that of one does. Errors: no
    /// memory.
    pub fn certificates(&self) -> Result<Certificate> {
        let ln_bound = self.ln_potential_bound();
        let mut groups = Vec::new();
        for slot in &self.groups.slots {
            groups.push(self.certify(slot, ln_bound)?);
        }
        groups.sort_by_key(|g| g.group);
        Ok(Certificate {
            claim: self.claim(),
            ln_potential: self.ln_potential(),
            ln_potential_bound: ln_bound,
            counts: self.counts(),
            groups,
        })
    }

    /// `ln sum q Phi(R, C)`, over all groups that there are: those that have not been awake have `Phi = 1`.
    pub fn ln_potential(&self) -> f64 {
        let scale = self.scale();
        let experts = &self.groups.experts;
        let born: f64 = experts.iter().map(|e| e.ln_prior.exp()).sum();
        let terms = experts.iter().map(|e| e.ln_prior + e.hedge.ln_potential(scale));
        let most = terms.clone().fold(0.0, f64::max);
        (terms.map(|t| (t - most).exp()).sum::<f64>() + (1.0 - born).max(0.0) * (-most).exp()).ln() + most
    }

    /// `ln B`.
    pub fn ln_potential_bound(&self) -> f64 {
        let scale = self.scale();
        let term = |e: &Expert| e.ln_prior.exp() * (e.hedge.magnitude.value() / scale).ln_1p();
        let born: Sum = self.groups.experts.iter().map(term).collect();
        (1.0 + 1.5 * (1.0 + born.value())).ln()
    }

    fn certify(&self, slot: &Slot, ln_bound: f64) -> Result<GroupCertificate> {
        let unit = self.settings.loss.unit(self.range.width());
        let experts: Vec<ExpertCertificate> = self.groups.experts[slot.first..slot.first + slot.count]
            .iter()
            .map(|expert| self.certify_expert(expert, slot, ln_bound))
            .collect();
        let against = self.comparator(slot, &experts)?.of_numbers();
        let Meter { rounds, weight, loss, expected } = slot.meter;
        let (loss, expected) = (unit * loss.value(), unit * expected.value());
        let counted = if self.settings.mode == Mode::Convex { loss } else { expected };
        let regret = against.hindsight.map(|hindsight| counted - hindsight).filter(|r| r.is_finite());
        let slack = against.bound.zip(regret).map(|(bound, regret)| bound - regret).filter(|s| s.is_finite());
        let health = experts.iter().filter_map(|e| e.health).chain(against.health).reduce(worst);
        let is_sound = |h: f64| h <= self.settings.tolerance;
        let standing = if !counted.is_finite() || health.is_some_and(|h| !is_sound(h)) {
            Standing::Suspect
        } else if regret.is_none() {
            Standing::Unknown
        } else {
            match slack {
                None => Standing::Measured,
                Some(slack) if slack >= -(ROUNDING * unit + ROUNDING * counted.abs()) => Standing::Holds,
                Some(_) => Standing::Broken,
            }
        };
        Ok(GroupCertificate {
            group: slot.id,
            rounds,
            weight: weight.value(),
            loss,
            expected_loss: expected,
            comparator: against.comparator,
            hindsight: against.hindsight,
            regret,
            bound: against.bound,
            slack,
            health,
            standing,
            experts,
        })
    }

    fn certify_expert(&self, expert: &Expert, slot: &Slot, ln_bound: f64) -> ExpertCertificate {
        let unit = self.settings.loss.unit(self.range.width());
        let holds = self.claim() == Claim::Holds;
        let magnitude = expert.hedge.magnitude.value();
        let bound = match self.settings.meta {
            Meta::AdaNormalHedge(_) => {
                (3.0 * magnitude * self.scale() * (ln_bound - expert.ln_prior)).max(0.0).sqrt()
            }
            Meta::Specialists { eta } | Meta::Aggregating { eta } => -expert.ln_prior / eta,
        };
        let squared = self.settings.loss == Loss::Squared;
        let (comparator, hindsight) = expert.learner.hindsight();
        // Kept away from the ends, a probability can cost more than it would have.
        let floor = match self.settings.loss {
            Loss::Log { floor } => -slot.meter.weight.value() * (-floor).ln_1p(),
            _ => 0.0,
        };
        let learner_bound = expert.learner.bound(self.settings.loss).map(|b| unit * (b + floor));
        // An expert that slept through a round did not take it in.
        let whole = squared && expert.asleep == 0;
        ExpertCertificate {
            learner: expert.kind,
            prior: expert.ln_prior.exp(),
            loss: unit * expert.loss.value(),
            regret: unit * expert.gap.value(),
            bound: holds.then_some(unit * bound).filter(|b| b.is_finite()),
            hedge_regret: unit * expert.hedge.regret.value(),
            hedge_magnitude: unit * magnitude,
            comparator: if whole { comparator } else { Comparator::Unknown },
            hindsight: hindsight.filter(|_| whole).map(|h| unit * h).filter(|h| h.is_finite()),
            learner_bound: learner_bound.filter(|b| holds && b.is_finite()),
            health: expert.learner.health(),
            asleep: expert.asleep,
        }
    }

    /// What the group's loss is compared with: the best linear predictor, where it is followed, else what its first
    /// expert with a known hindsight is.
    fn comparator(&self, slot: &Slot, experts: &[ExpertCertificate]) -> Result<Against> {
        let unit = self.settings.loss.unit(self.range.width());
        let squared = self.settings.loss == Loss::Squared;
        let Some(fit) = slot.least_squares.as_ref().filter(|_| squared) else {
            let known = experts.iter().find(|e| e.hindsight.is_some());
            return Ok(known.map_or_else(Against::default, |e| Against {
                comparator: e.comparator,
                hindsight: e.hindsight,
                bound: e.bound.zip(e.learner_bound).map(|(a, b)| a + b),
                health: None,
            }));
        };
        // The best ridge predictor costs no more than the best linear one and the ridge on that.
        let theta = fit.factor.coefficients()?;
        let penalty = unit * self.settings.ridge * theta.iter().map(|t| t * t).sum::<f64>();
        let of_ridge = experts.iter().find(|e| e.comparator == Comparator::Ridge);
        let bound = of_ridge.and_then(|e| e.bound.zip(e.learner_bound)).map(|(a, b)| a + b + penalty);
        Ok(Against {
            comparator: Comparator::LeastSquares,
            hindsight: Some(unit * fit.hindsight.value()),
            bound,
            health: Some(fit.health()),
        })
    }

    /// The learners of a group, to be looked at.
    pub fn learners(&self, group: u64) -> impl Iterator<Item = &Learner> {
        let experts =
            self.groups.find(group).map(|slot| &self.groups.experts[slot.first..slot.first + slot.count]);
        experts.into_iter().flatten().map(|expert| &expert.learner)
    }
}

/// What a group's loss is compared with.
#[derive(Default)]
struct Against {
    comparator: Comparator,
    hindsight: Option<f64>,
    bound: Option<f64>,
    health: Option<f64>,
}

impl Against {
    /// Without what is not a number: that is not known. Its health is then as bad as can be.
    fn of_numbers(self) -> Self {
        let known = |x: Option<f64>| x.filter(|x| x.is_finite());
        let health = self.health.map(|h| if h.is_nan() { f64::INFINITY } else { h });
        Self { hindsight: known(self.hindsight), bound: known(self.bound), health, ..self }
    }
}
