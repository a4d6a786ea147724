//! Groups: which there are, and what each has. Nothing is made for a group before it is awake for the first time, so a
//! million declared groups cost nothing.

use super::ada_normal_hedge::Hedge;
use super::learner::custom::Custom;
use super::learner::ridge::Ridge;
use super::learner::{Kind, Learner, Terms};
use super::regret::Meter;
use super::settings::{Settings, WhenFull};
use crate::numerics::row_factor::RowFactor;
use crate::numerics::sum::Sum;
use crate::runtime::error::out_of_memory;
use crate::runtime::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The number of the group that is always awake.
pub const ALWAYS_ON: u64 = u64::MAX;
/// The number under which the crossed-feature expert is reported: it is always awake too.
pub const CROSSED: u64 = u64::MAX - 1;

/// A group in messages.
pub fn name_of(id: u64) -> String {
    match id {
        ALWAYS_ON => "ALWAYS_ON, the group that is always awake".into(),
        CROSSED => "CROSSED, the crossed-feature expert".into(),
        _ => id.to_string(),
    }
}

/// Which groups there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    /// Groups `0..declared`; `None`: any number below `CROSSED`, each a group from when it is awake for the first time.
    pub declared: Option<u64>,
    /// Whether there is also a group that is always awake, [`ALWAYS_ON`].
    pub always_on: bool,
}

impl Groups {
    /// Groups `0..count`, and the one that is always awake.
    pub fn declared(count: u64) -> Self {
        Self { declared: Some(count), always_on: true }
    }

    /// Groups of any number, and the one that is always awake.
    pub fn open() -> Self {
        Self { declared: None, always_on: true }
    }
}

/// An expert: a learner of a group, and how it has done.
#[derive(Debug)]
pub struct Expert {
    /// Its kind.
    pub kind: Kind,
    /// Whether it sees the crossed features.
    pub is_crossed: bool,
    /// What predicts.
    pub learner: Learner,
    /// `ln q`.
    pub ln_prior: f64,
    /// `R` and `C`.
    pub hedge: Hedge,
    /// `u`, for specialists.
    pub share: f64,
    /// Its own loss, weighted, in range units.
    pub loss: Sum,
    /// The loss of the stream minus its own, on the rounds where it was awake.
    pub gap: Sum,
    /// Rounds that it slept through for want of a prediction.
    pub asleep: u64,
}

/// A group that has been awake.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its number.
    pub id: u64,
    /// Its experts are `first..first + count`.
    pub first: usize,
    /// See `first`.
    pub count: usize,
    /// What the stream has lost on it.
    pub meter: Meter,
    /// Least squares on its rounds, where that is kept.
    pub least_squares: Option<Ridge>,
}

/// Spreads numbers of groups over a table.
#[derive(Debug, Default, Clone, Copy)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, id: u64) {
        let mixed = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// All groups so far.
#[derive(Debug)]
pub struct Registry {
    /// Which there are.
    pub groups: Groups,
    slot_of: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    /// Those that have been awake, in the order of their births.
    pub slots: Vec<Slot>,
    /// Their experts.
    pub experts: Vec<Expert>,
    /// Bytes of their learners, about.
    pub bytes: usize,
    /// Times that a group stayed asleep because there was no room for it.
    pub ignored: u64,
}

/// What there was of groups at some time.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    slots: usize,
    experts: usize,
    bytes: usize,
    ignored: u64,
}

/// What a newborn needs.
pub struct Birth<'s> {
    /// The stream's settings.
    pub settings: &'s Settings,
    /// Columns that its learners see.
    pub order: usize,
    /// Columns that the crossed-feature expert sees; 0: there is none.
    pub crossed: usize,
    /// The caller's own learner, if any.
    pub custom: Option<&'s dyn Custom>,
}

/// How a group comes to the world.
enum Admission {
    Whole,
    Diagonal,
    Never,
}

impl Registry {
    /// No group has been awake yet.
    pub fn new(groups: Groups) -> Self {
        let (slot_of, slots, experts) = (HashMap::default(), Vec::new(), Vec::new());
        Self { groups, slot_of, slots, experts, bytes: 0, ignored: 0 }
    }

    /// Fills `slots` with the groups that are awake, by ascending number, each once; makes those that are new. Errors:
    /// a number out of range, no room, no memory; then nothing has changed.
    pub fn resolve(&mut self, awake: &mut Vec<u64>, slots: &mut Vec<u32>, birth: &Birth<'_>) -> Result<()> {
        self.complete(awake, birth.crossed > 0)?;
        slots.clear();
        slots.extend(awake.iter().map_while(|id| self.slot_of.get(id)));
        if slots.len() < awake.len() {
            self.bear(awake, birth)?;
            slots.clear();
            slots.extend(awake.iter().filter_map(|id| self.slot_of.get(id)));
        }
        Ok(())
    }

    /// What there is now, for [`Registry::back_to`].
    pub fn mark(&self) -> Mark {
        let (slots, experts) = (self.slots.len(), self.experts.len());
        Mark { slots, experts, bytes: self.bytes, ignored: self.ignored }
    }

    /// Takes back the births since.
    pub fn back_to(&mut self, mark: Mark) {
        for slot in self.slots.drain(mark.slots..) {
            self.slot_of.remove(&slot.id);
        }
        self.experts.truncate(mark.experts);
        (self.bytes, self.ignored) = (mark.bytes, mark.ignored);
    }

    /// Adds what is always awake, and puts all in order, each once. Errors (`Data`): a number out of range.
    pub fn complete(&self, awake: &mut Vec<u64>, crossed: bool) -> Result<()> {
        self.check(awake)?;
        if crossed {
            awake.push(CROSSED);
        }
        if self.groups.always_on {
            awake.push(ALWAYS_ON);
        }
        awake.sort_unstable();
        awake.dedup();
        Ok(())
    }

    /// Checks that all of `awake` are groups. Errors (`Data`): a number out of range.
    pub fn check(&self, awake: &[u64]) -> Result<()> {
        let limit = self.groups.declared.unwrap_or(CROSSED).min(CROSSED);
        match awake.iter().position(|id| *id >= limit) {
            None => Ok(()),
            Some(place) => Err(Error::new(ErrorKind::Data, "groups")
                .at(format!("entry {place}"))
                .expected(format!("a group below {limit}"))
                .found(name_of(awake[place]))),
        }
    }

    /// Makes the groups of `awake` that do not exist yet.
    fn bear(&mut self, awake: &[u64], birth: &Birth<'_>) -> Result<()> {
        let mut born: Vec<(Slot, Vec<Expert>, usize)> = Vec::new();
        let (mut bytes, mut ignored) = (self.bytes, 0);
        for id in awake {
            if self.slot_of.contains_key(id) {
                continue;
            }
            let count = self.slots.len() + born.len();
            let diagonal = match admission(*id, count, bytes, birth)? {
                Admission::Whole => false,
                Admission::Diagonal => true,
                Admission::Never => {
                    ignored += 1;
                    continue;
                }
            };
            let taken = cost(*id, diagonal, birth);
            let (slot, experts) = self.newborn(*id, count, diagonal, birth)?;
            bytes = bytes.saturating_add(taken);
            born.push((slot, experts, taken));
        }
        let experts: usize = born.iter().map(|b| b.1.len()).sum();
        let memory = |_| out_of_memory("groups", self.slots.len() + born.len(), size_of::<Slot>());
        self.slot_of.try_reserve(born.len()).map_err(|_| memory(()))?;
        let memory = |_| out_of_memory("groups", experts, size_of::<Expert>());
        self.slots.try_reserve(born.len()).map_err(memory)?;
        self.experts.try_reserve(experts).map_err(memory)?;
        for (mut slot, experts, _) in born {
            slot.first = self.experts.len();
            self.experts.extend(experts);
            // At most 2^31 groups.
            self.slot_of.insert(slot.id, self.slots.len() as u32);
            self.slots.push(slot);
        }
        self.bytes = bytes;
        self.ignored += ignored;
        Ok(())
    }

    /// What a group would be born with as number `place`. Errors: those of its learners.
    pub fn newborn(
        &self,
        id: u64,
        place: usize,
        diagonal: bool,
        birth: &Birth<'_>,
    ) -> Result<(Slot, Vec<Expert>)> {
        let order = if id == CROSSED { birth.crossed } else { birth.order };
        let terms = birth.settings.terms(order);
        let kinds = kinds(id, diagonal, birth);
        let count = kinds.iter().flatten().count();
        let ln_prior = self.ln_prior(place, birth.crossed > 0) - (count.max(1) as f64).ln();
        let mut experts = Vec::new();
        for kind in kinds.into_iter().flatten() {
            let mut expert = Expert::new(kind, order, &terms, birth.custom, ln_prior)?;
            expert.is_crossed = id == CROSSED;
            experts.push(expert);
        }
        let least_squares = match birth.settings.least_squares && id != CROSSED && !diagonal {
            true => Some(Ridge::new(order, 0.0)?),
            false => None,
        };
        let slot = Slot { id, first: 0, count, meter: Meter::default(), least_squares };
        Ok((slot, experts))
    }

    /// `ln q` of the group that is born as number `place`, from 0 on: equal shares of all that are declared, or
    /// `q_k = 1 / (k (k + 1))` for the `k`-th of an open set, which sums to 1.
    pub fn ln_prior(&self, place: usize, crossed: bool) -> f64 {
        match self.groups.declared {
            Some(count) => {
                let all = count as f64 + f64::from(self.groups.always_on) + f64::from(crossed);
                -all.ln()
            }
            None => {
                let k = place as f64 + 1.0;
                -(k * (k + 1.0)).ln()
            }
        }
    }

    /// Groups of their own in the same state. Errors: those of the caller's learners.
    pub fn fork(&self) -> Result<Self> {
        Ok(Self {
            slot_of: self.slot_of.clone(),
            slots: self.slots.clone(),
            experts: self.experts.iter().map(Expert::fork).collect::<Result<_>>()?,
            ..*self
        })
    }

    /// The slot of a group that has been awake.
    pub fn find(&self, id: u64) -> Option<&Slot> {
        self.slot_of.get(&id).map(|slot| &self.slots[*slot as usize])
    }

    /// For a state that is read back: enters the slots, which are there, into the table. `None`: one group twice.
    pub fn index(&mut self) -> Result<Option<()>> {
        let count = self.slots.len();
        self.slot_of.try_reserve(count).map_err(|_| out_of_memory("groups", count, 16))?;
        for (k, slot) in self.slots.iter().enumerate() {
            if self.slot_of.insert(slot.id, k as u32).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }
}

impl Expert {
    /// An expert of its own in the same state. Errors: those of the caller's learner.
    fn fork(&self) -> Result<Self> {
        Ok(Self { learner: self.learner.fork()?, ..*self })
    }

    /// An expert that has not been awake yet. Errors: those of its learner.
    pub fn new(
        kind: Kind,
        order: usize,
        terms: &Terms,
        custom: Option<&dyn Custom>,
        ln_prior: f64,
    ) -> Result<Self> {
        let learner = match (kind, custom) {
            (Kind::Custom, Some(custom)) => Learner::Custom(custom.fork()?),
            _ => Learner::new(kind, order, terms)?,
        };
        let (loss, gap) = (Sum::default(), Sum::default());
        let hedge = Hedge::default();
        Ok(Self { kind, is_crossed: false, learner, ln_prior, hedge, share: ln_prior, loss, gap, asleep: 0 })
    }
}

/// The learners of a group.
fn kinds(id: u64, diagonal: bool, birth: &Birth<'_>) -> [Option<Kind>; 3] {
    match (id, diagonal) {
        (CROSSED, _) => [Some(Kind::Ridge), None, None],
        (_, true) => [Some(Kind::AdaGrad), None, None],
        _ => {
            let [first, second] = birth.settings.learners;
            [first, second, birth.custom.map(|_| Kind::Custom)]
        }
    }
}

/// The bytes that a group takes.
fn cost(id: u64, diagonal: bool, birth: &Birth<'_>) -> usize {
    let order = if id == CROSSED { birth.crossed } else { birth.order };
    let learners = kinds(id, diagonal, birth).into_iter().flatten();
    let learners = learners
        .map(|kind| Learner::bytes(kind, order).saturating_add(size_of::<Expert>()))
        .fold(size_of::<Slot>(), usize::saturating_add);
    let follows = birth.settings.least_squares && id != CROSSED && !diagonal;
    learners.saturating_add(if follows { RowFactor::bytes(order) } else { 0 })
}

/// Whether there is room for a group, and for what of it.
fn admission(id: u64, count: usize, bytes: usize, birth: &Birth<'_>) -> Result<Admission> {
    let settings = birth.settings;
    let fits = |diagonal| bytes.saturating_add(cost(id, diagonal, birth)) as f64 <= settings.max_bytes;
    let places = count < settings.max_groups;
    if places && fits(false) {
        return Ok(Admission::Whole);
    }
    match settings.when_full {
        WhenFull::Diagonal if places && id != CROSSED && fits(true) => Ok(Admission::Diagonal),
        WhenFull::Ignore => Ok(Admission::Never),
        _ if !places => Err(Error::new(ErrorKind::Memory, "groups")
            .expected(format!("at most {} of them (option max_groups)", settings.max_groups))
            .found(format!("group {} beside them", name_of(id)))),
        _ => Err(Error::new(ErrorKind::Memory, "groups")
            .expected(format!("learners of at most {} bytes (option max_bytes)", settings.max_bytes))
            .found(format!("group {} beside {bytes} bytes of others", name_of(id)))),
    }
}
