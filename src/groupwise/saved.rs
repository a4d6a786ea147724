//! Streams as bytes: little-endian, versioned, with a checksum, the same on every machine. A stream that is loaded
//! goes on to the same bits, open tickets and random draws included.
//!
//! Inside the envelope of [`state`], kind `GRPW`, layout 1, in this order: the settings; features, groups; range and
//! counts; the groups that have been awake, each with its meter and its experts; tickets (0: expired, 1: closed, 2:
//! open, 3: open, and some learners have its label); the round log, if it is kept. Numbers of a learner follow from its
//! kind and the number of its columns.

mod checks;
mod learners;
mod settings;

use super::groups::{CROSSED, Expert, Groups, Registry, Slot};
use super::learner::custom::Custom;
use super::learner::{Kind, Learner};
use super::regret::{Counts, Meter};
use super::round_log::RoundLog;
use super::stream::Stream;
use super::tickets::{Fate, Round, Taken, Tickets};
use crate::numerics::row_factor::RowFactor;
use crate::numerics::sum::Sum;
use crate::runtime::error::out_of_memory;
use crate::runtime::state::{self, Reader, Writer, damaged};
use crate::runtime::{Error, ErrorKind, Result};
use learners::{least_bytes, put_learner, put_ridge, take_learner, take_ridge};

const KIND: [u8; 4] = *b"GRPW";
const LAYOUT: u32 = 1;

impl Stream {
    /// The stream as bytes. Errors: a learner of the caller's that cannot be saved; (`State`) losses, weights or a
    /// learner that have become too large for a number, which could not be loaded; no memory.
    pub fn save(&self) -> Result<Vec<u8>> {
        let mut out = Writer::default();
        settings::put(&mut out, &self.settings)?;
        out.long(self.inputs.features as u64)?;
        let Groups { declared, always_on } = self.groups.groups;
        out.word(
            u32::from(declared.is_some()) + 2 * u32::from(always_on) + 4 * u32::from(self.custom.is_some()),
        )?;
        out.long(declared.unwrap_or(0))?;
        let (ends, counts) = self.range.state();
        out.numbers(&ends)?;
        counts.iter().try_for_each(|count| out.long(*count))?;
        put_counts(&mut out, &self.counts)?;
        put_sum(&mut out, self.labels.0)?;
        out.long(self.labels.1)?;
        put_registry(&mut out, &self.groups)?;
        put_tickets(&mut out, &self.tickets)?;
        put_log(&mut out, self.log.as_ref())?;
        state::seal(KIND, LAYOUT, out.bytes())
    }

    /// The stream behind bytes that [`Stream::save`] made. Takes no more memory than in proportion to the bytes. Errors
    /// (`Format`): other bytes, damaged ones, numbers that no stream comes to, a later layout; (`State`) a stream with
    /// learners of the caller's, which [`Stream::load_with_custom`] reads; no memory.
    pub fn load(bytes: &[u8]) -> Result<Self> {
        Self::load_with_custom(bytes, None)
    }

    /// The same for a stream with learners of the caller's: `custom` is one of no rounds.
    pub fn load_with_custom(bytes: &[u8], custom: Option<Box<dyn Custom>>) -> Result<Self> {
        let (layout, payload) = state::open(bytes, KIND)?;
        if layout != LAYOUT {
            return Err(damaged("layout 1 of a stream", layout));
        }
        let mut from = Reader::new(payload);
        let settings = settings::take(&mut from)?;
        let features = usize::try_from(from.long()?).map_err(|_| damaged("a number of features", "more"))?;
        let (marks, count) = (from.word()?, from.long()?);
        if marks > 7 {
            return Err(damaged("marks of a stream", marks));
        }
        if (marks & 4 != 0) != custom.is_some() {
            return Err(Error::new(ErrorKind::State, "custom learner")
                .expected(if custom.is_some() {
                    "none for this stream"
                } else {
                    "the one that the stream had"
                })
                .found(if custom.is_some() { "one" } else { "none" }));
        }
        let groups = Groups { declared: (marks & 1 != 0).then_some(count), always_on: marks & 2 != 0 };
        if marks & 1 == 0 && count != 0 {
            return Err(damaged("no number of groups for an open set", count));
        }
        let mut stream = Stream::blank(features, groups, custom, settings).map_err(impossible)?;
        for kind in settings.learners.into_iter().flatten() {
            Learner::new(kind, 1, &settings.terms(stream.inputs.order())).map_err(impossible)?;
        }
        let (ends, counts) = ([from.number()?, from.number()?], [tally(&mut from)?, tally(&mut from)?]);
        stream.range =
            stream.range.with_state(ends, counts).ok_or_else(|| damaged("ends of a range", ends[0]))?;
        stream.counts = take_counts(&mut from)?;
        stream.labels = (take_sum(&mut from)?, tally(&mut from)?);
        take_registry(&mut from, &mut stream)?;
        stream.tickets = take_tickets(&mut from, &stream)?;
        checks::counts(&stream)?;
        stream.log = take_log(&mut from, &stream)?;
        from.end()?;
        Ok(stream)
    }
}

/// The error of a stream that could not be made: the state says what no options do.
fn impossible(error: Error) -> Error {
    if error.kind() == ErrorKind::Memory { error } else { damaged("a stream that there can be", error) }
}

fn put_sum(out: &mut Writer, sum: Sum) -> Result<()> {
    out.numbers(&sum.parts())
}

fn take_sum(from: &mut Reader<'_>) -> Result<Sum> {
    Ok(Sum::from_parts([from.number()?, from.number()?]))
}

fn put_counts(out: &mut Writer, counts: &Counts) -> Result<()> {
    // What the stream does not keep here it keeps elsewhere.
    let Counts {
        predictions,
        updates,
        uncovered,
        weightless,
        expired,
        delayed,
        delay,
        repeated,
        heaviest,
        ..
    } = *counts;
    for count in [predictions, updates, uncovered, weightless, expired, delayed, delay, repeated] {
        out.long(count)?;
    }
    out.number(heaviest)
}

fn take_counts(from: &mut Reader<'_>) -> Result<Counts> {
    let mut next = || tally(from);
    let counts = Counts {
        predictions: next()?,
        updates: next()?,
        uncovered: next()?,
        weightless: next()?,
        expired: next()?,
        delayed: next()?,
        delay: next()?,
        repeated: next()?,
        ..Counts::default()
    };
    Ok(Counts { heaviest: from.number()?, ..counts })
}

/// A count of what happened: another one more can be counted.
fn tally(from: &mut Reader<'_>) -> Result<u64> {
    let count = from.long()?;
    if count < 1 << 62 { Ok(count) } else { Err(damaged("a count below 2^62", count)) }
}

fn put_registry(out: &mut Writer, registry: &Registry) -> Result<()> {
    out.long(registry.ignored)?;
    out.long(registry.bytes as u64)?;
    out.long(registry.slots.len() as u64)?;
    for slot in &registry.slots {
        if let Some(fault) = checks::fault(slot, &registry.experts[slot.first..slot.first + slot.count]) {
            return Err(Error::new(ErrorKind::State, "stream")
                .expected("finite numbers to save")
                .found(fault));
        }
        out.long(slot.id)?;
        out.word(slot.count as u32)?;
        out.word(u32::from(slot.least_squares.is_some()))?;
        let Meter { rounds, weight, loss, expected } = slot.meter;
        out.long(rounds)?;
        for sum in [weight, loss, expected] {
            put_sum(out, sum)?;
        }
        if let Some(fit) = &slot.least_squares {
            put_ridge(out, fit)?;
        }
        for expert in &registry.experts[slot.first..slot.first + slot.count] {
            out.word(expert.kind as u32)?;
            out.numbers(&[expert.ln_prior, expert.share])?;
            out.long(expert.asleep)?;
            for sum in [expert.hedge.regret, expert.hedge.magnitude, expert.loss, expert.gap] {
                put_sum(out, sum)?;
            }
            put_learner(out, &expert.learner)?;
        }
    }
    Ok(())
}

fn take_registry(from: &mut Reader<'_>, stream: &mut Stream) -> Result<()> {
    stream.groups.ignored = tally(from)?;
    stream.groups.bytes = usize::try_from(from.long()?).unwrap_or(usize::MAX);
    let count = from.count(64)?;
    for _ in 0..count {
        let slot = take_slot(from, stream)?;
        stream.groups.slots.push(slot);
    }
    match stream.groups.index()? {
        Some(()) => checks::bytes(&stream.groups, &stream.birth()),
        None => Err(damaged("each group once", "one twice")),
    }
}

fn take_slot(from: &mut Reader<'_>, stream: &mut Stream) -> Result<Slot> {
    let (id, count, follows) = (from.long()?, from.word()? as usize, from.word()?);
    if count > 3 || follows > 1 {
        return Err(damaged("marks of a group", format!("{count}, {follows}")));
    }
    let rounds = tally(from)?;
    let meter = Meter { rounds, weight: take_sum(from)?, loss: take_sum(from)?, expected: take_sum(from)? };
    let birth = stream.birth();
    let order = if id == CROSSED { birth.crossed } else { birth.order };
    // A damaged number of columns must not ask for more memory than the state can fill.
    let there = |from: &Reader<'_>, bytes: usize| match bytes <= from.left() {
        true => Ok(()),
        false => Err(damaged(&format!("{bytes} bytes of a learner"), from.left())),
    };
    if follows == 1 {
        there(from, RowFactor::bytes(order) / 2)?;
    }
    let least_squares = if follows == 1 { Some(take_ridge(from, order, 0.0)?) } else { None };
    let terms = stream.settings.terms(order);
    let mut experts: Vec<Expert> = Vec::new();
    for _ in 0..count {
        let kind = from.word()?;
        let kind = *Kind::ALL.get(kind as usize).ok_or_else(|| damaged("a kind of learner", kind))?;
        if (kind == Kind::Custom) && birth.custom.is_none() {
            return Err(damaged("no learner of the caller's", "one"));
        }
        let [ln_prior, share] = [from.number()?, from.number()?];
        there(from, least_bytes(kind, order))?;
        let made = Expert::new(kind, order, &terms, birth.custom, ln_prior);
        // A callback's error is the caller's own.
        let mut expert =
            made.map_err(|error| if kind == Kind::Custom { error } else { impossible(error) })?;
        expert.is_crossed = id == CROSSED;
        expert.share = share;
        expert.asleep = tally(from)?;
        for sum in [&mut expert.hedge.regret, &mut expert.hedge.magnitude, &mut expert.loss, &mut expert.gap]
        {
            *sum = take_sum(from)?;
        }
        take_learner(from, &mut expert.learner)?;
        experts.push(expert);
    }
    let first = stream.groups.experts.len();
    let slot = Slot { id, first, count, meter, least_squares };
    checks::slot(&slot, &experts, stream.groups.slots.len(), stream)?;
    stream.groups.experts.extend(experts);
    Ok(slot)
}

fn put_tickets(out: &mut Writer, tickets: &Tickets) -> Result<()> {
    out.long(tickets.next)?;
    for fate in tickets.recent() {
        match fate {
            Fate::Expired => out.word(0)?,
            Fate::Closed(y) => {
                out.word(1)?;
                out.number(y)?;
            }
            Fate::Open(place) => {
                let Round { updates, x, slots, experts, z, p, output, taken, .. } = tickets.at(place);
                out.word(if taken.is_some() { 3 } else { 2 })?;
                out.long(*updates)?;
                out.numbers(x)?;
                out.long(slots.len() as u64)?;
                slots.iter().try_for_each(|slot| out.word(*slot))?;
                out.long(experts.len() as u64)?;
                experts.iter().try_for_each(|expert| out.word(*expert))?;
                out.numbers(z)?;
                out.numbers(p)?;
                out.number(*output)?;
                if let Some(Taken { experts, y, weight }) = taken {
                    out.word(*experts)?;
                    out.numbers(&[*y, *weight])?;
                }
            }
        }
    }
    Ok(())
}

fn take_tickets(from: &mut Reader<'_>, stream: &Stream) -> Result<Tickets> {
    let (next, capacity) = (tally(from)?, stream.settings.open_tickets);
    if next == 0 {
        return Err(damaged("a ticket above 0", next));
    }
    let count = (next - 1).min(capacity as u64) as usize;
    if count > from.left() / 4 {
        return Err(damaged(&format!("{count} tickets"), format!("{} bytes", from.left())));
    }
    let mut fates: Vec<(Fate, Option<Box<Round>>)> = Vec::new();
    fates.try_reserve_exact(count).map_err(|_| out_of_memory("open tickets", count, 32))?;
    for _ in 0..count {
        fates.push(match from.word()? {
            0 => (Fate::Expired, None),
            1 => {
                let y = from.number()?;
                if !y.is_finite() {
                    return Err(damaged("a label that is a finite number", y));
                }
                (Fate::Closed(y), None)
            }
            2 => (Fate::Expired, Some(Box::new(take_round(from, stream)?))),
            3 if stream.custom.is_some() => {
                let round = take_round(from, stream)?;
                let taken = Some(take_taken(from, &round)?);
                (Fate::Expired, Some(Box::new(Round { taken, ..round })))
            }
            other => return Err(damaged("the fate of a ticket", other)),
        });
    }
    Tickets::restored(capacity, next, fates)
}

fn take_round(from: &mut Reader<'_>, stream: &Stream) -> Result<Round> {
    let updates = from.long()?;
    let x = from.numbers(stream.inputs.order())?;
    let mut places = |most: usize| -> Result<Vec<u32>> {
        let count = from.count(4)?;
        let bytes = from.take(count, 4)?;
        let read = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let places: Vec<u32> = bytes.chunks_exact(4).map(read).collect();
        match places.iter().find(|place| **place as usize >= most) {
            None => Ok(places),
            Some(place) => Err(damaged(&format!("a place below {most}"), place)),
        }
    };
    let (slots, experts) = (places(stream.groups.slots.len())?, places(stream.groups.experts.len())?);
    let (z, p) = (from.numbers(experts.len())?, from.numbers(experts.len())?);
    if updates > stream.counts.updates {
        return Err(damaged("a round before the last label", updates));
    }
    let round = Round { ticket: 0, updates, x, slots, experts, z, p, output: from.number()?, taken: None };
    checks::round(&round, stream).map(|()| round)
}

fn take_taken(from: &mut Reader<'_>, round: &Round) -> Result<Taken> {
    let (experts, y, weight) = (from.word()?, from.number()?, from.number()?);
    if experts as usize > round.experts.len() || !y.is_finite() || !(weight > 0.0 && weight.is_finite()) {
        return Err(damaged("a label that some learners of a round have", y));
    }
    Ok(Taken { experts, y, weight })
}

fn put_log(out: &mut Writer, log: Option<&RoundLog>) -> Result<()> {
    let Some(log) = log else { return Ok(()) };
    out.long(log.len() as u64)?;
    out.long(log.groups.len() as u64)?;
    out.long(log.z.len() as u64)?;
    for longs in [&log.group_end, &log.expert_end] {
        longs.iter().try_for_each(|end| out.long(*end as u64))?;
    }
    for ids in [&log.groups, &log.expert_group] {
        ids.iter().try_for_each(|id| out.long(*id))?;
    }
    for numbers in [&log.x, &log.z, &log.p, &log.output, &log.y, &log.weight] {
        out.numbers(numbers)?;
    }
    Ok(())
}

fn take_log(from: &mut Reader<'_>, stream: &Stream) -> Result<Option<RoundLog>> {
    if stream.log.is_none() {
        return Ok(None);
    }
    let (rounds, groups, experts) = (from.count(8)?, from.count(8)?, from.count(8)?);
    let mut longs = |count: usize| -> Result<Vec<u64>> {
        let bytes = from.take(count, 8)?;
        Ok(bytes
            .chunks_exact(8)
            .map(|b| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
            .collect())
    };
    let [group_end, expert_end] =
        [longs(rounds)?, longs(rounds)?].map(|e| e.into_iter().map(|e| e as usize).collect());
    let (groups, expert_group) = (longs(groups)?, longs(experts)?);
    let columns = rounds.checked_mul(stream.inputs.order()).ok_or_else(|| damaged("a log", rounds))?;
    if rounds as u64 != stream.counts.updates {
        return Err(damaged(&format!("a log of {} rounds", stream.counts.updates), rounds));
    }
    let log = RoundLog {
        groups,
        group_end,
        expert_group,
        expert_end,
        x: from.numbers(columns)?,
        z: from.numbers(experts)?,
        p: from.numbers(experts)?,
        output: from.numbers(rounds)?,
        y: from.numbers(rounds)?,
        weight: from.numbers(rounds)?,
    };
    super::replay::check(&log).map_err(|error| damaged("a log that can be replayed", error))?;
    Ok(Some(log))
}
