//! The method: one external-regret learner per group, weighed among the groups that are awake.
//!
//! Round `t`:
//! 1. Read `x_t` and the awake set `S_t`; each group counts once.
//! 2. Each expert of `S_t` predicts: `z_g`. It is kept with the ticket, and never computed anew.
//! 3. `p_g` in proportion to `q_g w(R_g, C_g)` over `S_t`; to `q_g` where every weight is 0.
//! 4. Predict the mean `sum p_g z_g`, or `z_g` for a `g` drawn by `p`.
//! 5. The label comes: `l_g = l(z_g, y_t)`, and `sum p_g l_g`.
//! 6. For `g` in `S_t` only: `r_g = sum p l - l_g`, `R_g += r_g`, `C_g += |r_g|`, and the learner takes in
//!    `(x_t, y_t)`. Nothing at all changes for the others.
//!
//! | paper | here |
//! |---|---|
//! | `I_g(t)`, `S_t` | `Round::slots`, `Round::experts` |
//! | base learner `Z_g` | `Expert::learner` |
//! | `R_g`, `C_g` | `Expert::hedge` |
//! | `q_g` | `Expert::ln_prior` |
//! | `p_g`, `z_g` | `Round::p`, `Round::z` |

use super::ada_normal_hedge::normalize;
use super::crossed::cross;
use super::groups::{Birth, CROSSED, Expert, Groups, Registry};
use super::inputs::{Inputs, LARGEST};
use super::learner::Learner;
use super::learner::custom::Custom;
use super::range::LabelRange;
use super::regret::Counts;
use super::round_log::RoundLog;
use super::settings::{Meta, Mode, RegretTerm, Settings, Uncovered};
use super::specialists::{Mixture, aggregate};
use super::tickets::{Fate, Round, Taken, Tickets, refusal};
use crate::numerics::sum::Sum;
use crate::runtime::error::{number, out_of_memory, zeros};
use crate::runtime::rng::{self, Purpose};
use crate::runtime::{Error, ErrorKind, Options, Result};

/// What was predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// What its label is given to.
    pub ticket: u64,
    /// The prediction, in the caller's units.
    pub value: f64,
    /// Experts that took part; 0: none was awake, and the value is the mean of the labels so far.
    pub experts: usize,
}

/// A stream of rounds, and all that was learned from it.
#[derive(Debug)]
pub struct Stream {
    pub(super) settings: Settings,
    pub(super) inputs: Inputs,
    pub(super) range: LabelRange,
    pub(super) groups: Registry,
    pub(super) tickets: Tickets,
    pub(super) counts: Counts,
    /// The sum of the labels so far, in range units, and how many.
    pub(super) labels: (Sum, u64),
    /// The caller's own learner, of no rounds.
    pub(super) custom: Option<Box<dyn Custom>>,
    pub(super) log: Option<RoundLog>,
    pub(super) room: Room,
}

/// Memory that is used anew in each round.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    row: Vec<f64>,
    crossed: Vec<f64>,
    losses: Vec<f64>,
    awake: Vec<u64>,
    sleepers: Vec<u32>,
}

impl Stream {
    /// A stream of rounds with `features` features each. Takes memory for the learners of the group that is always
    /// awake alone.
    ///
    /// Errors: options that contradict one another or what the groups are, too many columns, no memory.
    pub fn new(features: usize, groups: Groups, options: &Options) -> Result<Self> {
        Self::with_custom(features, groups, None, options)
    }

    /// The same with a learner of the caller's own beside those of the options, one for each group.
    pub fn with_custom(
        features: usize,
        groups: Groups,
        custom: Option<Box<dyn Custom>>,
        options: &Options,
    ) -> Result<Self> {
        Self::with_settings(features, groups, custom, Settings::from_options(options)?)
    }

    pub(super) fn with_settings(
        features: usize,
        groups: Groups,
        custom: Option<Box<dyn Custom>>,
        settings: Settings,
    ) -> Result<Self> {
        let mut stream = Self::blank(features, groups, custom, settings)?;
        // A learner that cannot be is refused now, not at some group's birth.
        for kind in stream.settings.learners.into_iter().flatten() {
            Learner::new(kind, 1, &stream.settings.terms(stream.inputs.order()))?;
        }
        let mut slots = Vec::new();
        let birth = Birth {
            settings: &stream.settings,
            order: stream.inputs.order(),
            crossed: stream.room.crossed.len(),
            custom: stream.custom.as_deref(),
        };
        stream.groups.resolve(&mut Vec::new(), &mut slots, &birth)?;
        Ok(stream)
    }

    /// A stream of no groups.
    pub(super) fn blank(
        features: usize,
        groups: Groups,
        custom: Option<Box<dyn Custom>>,
        settings: Settings,
    ) -> Result<Self> {
        let inputs = Inputs::new(features, &settings)?;
        let columns = if settings.crossed { super::crossed::columns(inputs.order(), &groups)? } else { 0 };
        let room = Room {
            row: zeros("room", Learner::room(inputs.order().max(columns)))?,
            crossed: zeros("room", columns)?,
            ..Room::default()
        };
        Ok(Self {
            inputs,
            range: settings.range,
            groups: Registry::new(groups),
            tickets: Tickets::new(settings.open_tickets),
            counts: Counts::default(),
            labels: (Sum::default(), 0),
            custom,
            log: settings.log.then(RoundLog::default),
            room,
            settings,
        })
    }

    /// What a group is born with.
    pub(super) fn birth(&self) -> Birth<'_> {
        Birth {
            settings: &self.settings,
            order: self.inputs.order(),
            crossed: self.room.crossed.len(),
            custom: self.custom.as_deref(),
        }
    }

    /// A stream of its own in the same state, open tickets included. Errors: those of the caller's learner
    /// ([`Custom::fork`]).
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            settings: self.settings,
            inputs: self.inputs,
            range: self.range,
            groups: self.groups.fork()?,
            tickets: self.tickets.clone(),
            counts: self.counts,
            labels: self.labels,
            custom: self.custom.as_ref().map(|custom| custom.fork()).transpose()?,
            log: self.log.clone(),
            room: self.room.clone(),
        })
    }

    /// Predicts a round with features `x` and the groups `awake`, in any order; one that is named twice counts once.
    /// Its label goes to [`Stream::update`] with the ticket.
    ///
    /// Errors, all before anything has changed: features of another number, or not finite, or above `1e100` in size; a
    /// group out of range, or one too many; no awake expert (unless the option `uncovered` says what then); a
    /// callback's; no memory.
    pub fn predict(&mut self, x: &[f64], awake: &[u64]) -> Result<Prediction> {
        self.tickets.reserve()?;
        let (place, mut round) = self.tickets.blank()?;
        let before = self.groups.mark();
        if let Err(error) = self.foresee(x, awake, &mut round) {
            // Groups that were born for this round must not weigh on the priors of others.
            self.groups.back_to(before);
            self.tickets.recycle(place, round);
            return Err(error);
        }
        let (value, experts) = (self.range.in_user_units(round.output), round.experts.len());
        for sleeper in &self.room.sleepers {
            self.groups.experts[*sleeper as usize].asleep += 1;
        }
        self.counts.predictions += 1;
        self.counts.expired += u64::from(self.tickets.open(place, round));
        Ok(Prediction { ticket: self.tickets.next - 1, value, experts })
    }

    /// Steps 1 to 4.
    fn foresee(&mut self, x: &[f64], awake: &[u64], round: &mut Round) -> Result<()> {
        self.inputs.fill(x, &mut round.x)?;
        round.taken = None;
        let own = &mut self.room.awake;
        own.clear();
        own.try_reserve(awake.len() + 2).map_err(|_| out_of_memory("awake groups", awake.len(), 8))?;
        own.extend_from_slice(awake);
        let birth = Birth {
            settings: &self.settings,
            order: self.inputs.order(),
            crossed: self.room.crossed.len(),
            custom: self.custom.as_deref(),
        };
        self.groups.resolve(own, &mut round.slots, &birth)?;
        self.ask(round)?;
        self.weigh(round);
        round.updates = self.counts.updates;
        round.output = self.output(round, self.room.sleepers.len())?;
        Ok(())
    }

    /// Step 2. An expert that gives no number sleeps.
    fn ask(&mut self, round: &mut Round) -> Result<()> {
        let Round { x, slots, experts, z, p, .. } = round;
        experts.clear();
        z.clear();
        p.clear();
        self.room.sleepers.clear();
        if !self.room.crossed.is_empty() {
            cross(x, slots.iter().map(|s| self.groups.slots[*s as usize].id), &mut self.room.crossed);
        }
        for slot in &*slots {
            let slot = &self.groups.slots[*slot as usize];
            let x = if slot.id == CROSSED { &self.room.crossed } else { &*x };
            for e in slot.first..slot.first + slot.count {
                let found = self.groups.experts[e].learner.predict(x, &mut self.room.row)?;
                if found.is_finite() {
                    experts.push(e as u32);
                    z.push(self.settings.clip(&self.range, found));
                } else {
                    self.room.sleepers.push(e as u32);
                }
            }
        }
        Ok(())
    }

    /// Step 3.
    fn weigh(&self, round: &mut Round) {
        let (experts, scale) = (&self.groups.experts, self.scale());
        round.p.extend(round.experts.iter().map(|e| self.ln_weight(&experts[*e as usize], scale)));
        normalize(&mut round.p, |k| experts[round.experts[k] as usize].ln_prior);
    }

    /// `ln q w(R, C)`, or `u` of a specialist.
    #[inline]
    pub(super) fn ln_weight(&self, expert: &Expert, scale: f64) -> f64 {
        match self.settings.meta {
            Meta::AdaNormalHedge(_) => expert.ln_prior + expert.hedge.ln_weight(scale),
            _ => expert.share,
        }
    }

    /// Step 4; `asleep` experts gave no number.
    pub(super) fn output(&self, round: &Round, asleep: usize) -> Result<f64> {
        let Round { z, p, .. } = round;
        if z.is_empty() {
            return self.uncovered(asleep);
        }
        let mean = || p.iter().zip(z).map(|(p, z)| p * z).sum::<f64>();
        Ok(match (self.settings.mode, self.settings.meta) {
            (Mode::Convex, Meta::Aggregating { eta }) => aggregate(p, z, eta),
            (Mode::Convex, _) => self.settings.clip(&self.range, mean()),
            _ => z[draw(p, rng::Stream::new(self.settings.seed, Purpose::Play, self.tickets.next).uniform())],
        })
    }

    /// The prediction where no expert is awake.
    fn uncovered(&self, asleep: usize) -> Result<f64> {
        match self.settings.uncovered {
            Uncovered::Error if asleep > 0 => Err(Error::new(ErrorKind::Data, "groups")
                .expected("an expert whose learner gives a number (or the option uncovered=mean)")
                .found(format!("none: {asleep} of {asleep} gave none"))),
            Uncovered::Error => Err(Error::new(ErrorKind::Data, "groups")
                .expected(
                    "a group that is awake, or the one that is always on (or the option uncovered=mean)",
                )
                .found("none")),
            Uncovered::Mean => {
                let (sum, count) = self.labels;
                let mean = if count == 0 { 0.5 } else { sum.value() / count as f64 };
                Ok(self.settings.clip(&self.range, mean))
            }
        }
    }

    /// The most that a round can add to `C_g`: 1 in the theorem, for losses in `[0, 1]`.
    pub(super) fn scale(&self) -> f64 {
        if self.settings.mode == Mode::Paper {
            return 1.0;
        }
        let width = self.range.spread();
        let bound = match self.settings.meta {
            Meta::AdaNormalHedge(RegretTerm::Gradient) => self.settings.loss.slope_bound(width),
            _ => Some(self.settings.loss.bound(width)),
        };
        bound.unwrap_or(1.0) * self.counts.heaviest.max(1.0)
    }

    /// Gives the label `y`, in the caller's units, to a ticket; labels may come in any order.
    ///
    /// Errors, all before anything has changed: a ticket that is not open; a label that is not finite, or outside the
    /// declared range where that is refused; a callback's. After that of the `k`-th of several learners of the
    /// caller's, those before it have taken the label in: the ticket stays open for the same label alone, and when it
    /// comes again they are not called for it ([`Stream::expire`] leaves the round with them).
    pub fn update(&mut self, ticket: u64, y: f64) -> Result<()> {
        self.update_weighted(ticket, y, 1.0)
    }

    /// The same for a round that counts `weight` times: 0 closes the ticket and changes nothing else. No theorem is
    /// claimed where a weight was above 1. Errors also: a weight that is not 0 or in `[1e-100, 1e100]`.
    pub fn update_weighted(&mut self, ticket: u64, y: f64, weight: f64) -> Result<()> {
        let place = match self.tickets.fate(ticket)? {
            Fate::Open(place) => place,
            Fate::Closed(known) if self.settings.idempotent && known.to_bits() == y.to_bits() => {
                check_weight(weight)?;
                self.counts.repeated += 1;
                return Ok(());
            }
            _ => return self.tickets.round(ticket).map(|_| ()),
        };
        check_weight(weight)?;
        let mut range = self.range;
        let label = range.label(y)?;
        let mut round = self.tickets.take(place);
        let learned = match round.taken {
            Some(taken) if taken.y != label || taken.weight != weight => {
                Err(self.other_label(taken, y, weight))
            }
            _ if weight == 0.0 => {
                self.counts.weightless += 1;
                Ok(())
            }
            _ => self.learn(&mut round, label, weight, range),
        };
        match learned {
            Ok(()) => self.tickets.close(place, round, y),
            Err(_) => self.tickets.put_back(place, round),
        }
        learned
    }

    /// The error of another label than the one that some learners of the round have.
    fn other_label(&self, taken: Taken, y: f64, weight: f64) -> Error {
        let of = |y: f64, weight: f64| format!("{} of weight {}", number(y), number(weight));
        let known = of(self.range.in_user_units(taken.y), taken.weight);
        Error::new(ErrorKind::Data, "y")
            .expected(format!("{known}, which some learners of the round have taken in already"))
            .found(of(y, weight))
    }

    /// Steps 5 and 6.
    fn learn(&mut self, round: &mut Round, y: f64, weight: f64, range: LabelRange) -> Result<()> {
        if let Some(log) = &mut self.log {
            log.reserve(round)?;
        }
        self.call_custom(round, y, weight)?;
        self.range = range;
        self.labels.0.add(y);
        self.labels.1 += 1;
        if round.experts.is_empty() {
            self.counts.uncovered += 1;
            return Ok(());
        }
        let late = self.counts.updates - round.updates;
        self.counts.delayed += u64::from(late > 0);
        self.counts.delay += late;
        self.counts.updates += 1;
        self.counts.heaviest = self.counts.heaviest.max(weight);
        let loss = self.settings.loss;
        let losses = &mut self.room.losses;
        losses.clear();
        losses.extend(round.z.iter().map(|z| loss.value(*z, y)));
        let expected: f64 = round.p.iter().zip(&*losses).map(|(p, l)| p * l).sum();
        let own = loss.value(round.output, y);
        self.judge(round, y, weight, [own, expected], late > 0);
        self.teach(round, y, weight);
        for slot in &round.slots {
            self.groups.slots[*slot as usize].meter.add(weight, own, expected);
        }
        if let Some(log) = &mut self.log {
            log.push(round, &self.groups, y, weight);
        }
        Ok(())
    }

    /// Callbacks come first: where one fails, nothing has changed but the learners before it. These cannot be taken
    /// back (copies of their states would cost too much), so the round remembers them.
    fn call_custom(&mut self, round: &mut Round, y: f64, weight: f64) -> Result<()> {
        if self.custom.is_none() {
            return Ok(());
        }
        let Round { x, experts, z, taken, .. } = round;
        let first = taken.map_or(0, |taken| taken.experts);
        for (k, (e, z)) in (0..).zip(experts.iter().zip(z)).skip(first as usize) {
            if let Learner::Custom(learner) = &mut self.groups.experts[*e as usize].learner {
                learner.update(x, y, *z, weight)?;
                *taken = Some(Taken { experts: k + 1, y, weight });
            }
        }
        Ok(())
    }

    /// The regrets of step 6; `late`: other labels came since the prediction.
    fn judge(&mut self, round: &Round, y: f64, weight: f64, [own, expected]: [f64; 2], late: bool) {
        let losses = &self.room.losses;
        let slope = self.settings.loss.slope(round.output, y);
        let counted = if self.settings.mode == Mode::Convex { own } else { expected };
        let mixed = match self.settings.meta {
            Meta::AdaNormalHedge(_) => None,
            Meta::Specialists { eta } | Meta::Aggregating { eta } => {
                let shares = round.experts.iter().zip(&round.p);
                let shares = shares.map(|(e, p)| predicted(self.groups.experts[*e as usize].share, *p, late));
                Some(Mixture::of(shares, losses, weight, eta))
            }
        };
        for (k, e) in round.experts.iter().enumerate() {
            let expert = &mut self.groups.experts[*e as usize];
            let l = losses[k];
            match self.settings.meta {
                Meta::AdaNormalHedge(term) => expert.hedge.add(
                    weight
                        * match term {
                            RegretTerm::Linearised => expected - l,
                            RegretTerm::Jensen => own - l,
                            RegretTerm::Gradient => slope * (round.output - round.z[k]),
                        },
                ),
                Meta::Specialists { .. } | Meta::Aggregating { .. } => {
                    let before = predicted(expert.share, round.p[k], late);
                    let after = mixed.map_or(before, |mixed| mixed.moved(before, l));
                    expert.share = if late { expert.share + (after - before) } else { after };
                }
            }
            expert.loss.add(weight * l);
            expert.gap.add(weight * (counted - l));
        }
    }

    /// The learners of step 6.
    fn teach(&mut self, round: &Round, y: f64, weight: f64) {
        let Room { row, crossed, .. } = &mut self.room;
        let Registry { slots, experts, .. } = &mut self.groups;
        if !crossed.is_empty() {
            cross(&round.x, round.slots.iter().map(|s| slots[*s as usize].id), crossed);
        }
        for (e, z) in round.experts.iter().zip(&round.z) {
            let expert = &mut experts[*e as usize];
            let x = if expert.is_crossed { &*crossed } else { &round.x };
            if !matches!(expert.learner, Learner::Custom(_)) {
                // Only callbacks fail.
                let _ = expert.learner.update(x, y, *z, weight, row);
            }
        }
        for slot in &round.slots {
            if let Some(fit) = &mut slots[*slot as usize].least_squares {
                fit.update(&round.x, y, weight, row);
            }
        }
    }

    /// Forgets an open ticket whose label will not come; learners that have taken it in already keep it. Errors: a
    /// ticket that is not open.
    pub fn expire(&mut self, ticket: u64) -> Result<()> {
        match self.tickets.fate(ticket)? {
            Fate::Open(place) => {
                self.tickets.expire(place);
                self.counts.expired += 1;
                Ok(())
            }
            _ => Err(refusal(ticket, "an open ticket")),
        }
    }
}

/// Errors (`Data`): a weight that is not 0 or in `[1e-100, 1e100]`.
pub(super) fn check_weight(weight: f64) -> Result<()> {
    if weight == 0.0 || (1.0 / LARGEST..=LARGEST).contains(&weight) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Data, "weight").expected("0 or a number in [1e-100, 1e100]").found(weight))
}

/// The log-weight of a specialist when it predicted: what it has now, unless its label comes late; then its `p` alone
/// is known, which may have become too small for a number.
#[inline]
fn predicted(share: f64, p: f64, late: bool) -> f64 {
    if late { p.max(f64::MIN_POSITIVE).ln() } else { share }
}

/// The place that `u` in `[0, 1)` falls on among probabilities.
fn draw(p: &[f64], u: f64) -> usize {
    let mut below = 0.0;
    for (k, p) in p.iter().enumerate() {
        below += p;
        if u < below {
            return k;
        }
    }
    p.iter().rposition(|p| *p > 0.0).unwrap_or(0)
}
