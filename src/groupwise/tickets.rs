//! Tickets: what was predicted, and by what weights, is kept until its label comes, in any order; never for longer
//! than a given number of further predictions.

use crate::runtime::error::{out_of_memory, zeros};
use crate::runtime::{Error, ErrorKind, Result};

/// A round between its prediction and its label.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// Its ticket: predictions are counted from 1.
    pub ticket: u64,
    /// The updates there had been when it was predicted.
    pub updates: u64,
    /// What learners see.
    pub x: Vec<f64>,
    /// The places of the groups that are awake, by ascending number of the group.
    pub slots: Vec<u32>,
    /// The experts that are awake.
    pub experts: Vec<u32>,
    /// Their predictions, clipped, in range units.
    pub z: Vec<f64>,
    /// Their probabilities.
    pub p: Vec<f64>,
    /// What was predicted, in range units.
    pub output: f64,
    /// What part of its learners have taken in, after a callback that failed.
    pub taken: Option<Taken>,
}

/// A label that some of a round's learners have taken in: when it comes again, the others alone need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// The first so many experts of the round need it no more.
    pub experts: u32,
    /// The label, in range units.
    pub y: f64,
    /// What the round counts.
    pub weight: f64,
}

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It is open: the place of its round.
    Open(u32),
    /// Its label came.
    Closed(f64),
    /// It waited too long.
    Expired,
}

/// The tickets of the last predictions, and the rounds of those that are open.
#[derive(Debug, Clone)]
pub struct Tickets {
    /// How many are remembered.
    capacity: usize,
    /// Those of the last predictions, by their number modulo the capacity; grows up to it.
    fates: Vec<Fate>,
    /// Empty while a round is worked on; boxed, for they are handed on several times.
    rounds: Vec<Option<Box<Round>>>,
    /// Places of `rounds` that are free.
    free: Vec<u32>,
    /// The ticket of the next prediction.
    pub next: u64,
}

impl Tickets {
    /// None yet.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, fates: Vec::new(), rounds: Vec::new(), free: Vec::new(), next: 1 }
    }

    /// Takes a blank round, to be given back by [`Tickets::open`] or [`Tickets::recycle`]. Errors: no memory.
    pub fn blank(&mut self) -> Result<(u32, Box<Round>)> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let count = self.rounds.len() + 1;
                let memory = |_| out_of_memory("open tickets", count, size_of::<Round>());
                self.rounds.try_reserve(1).map_err(memory)?;
                self.free.try_reserve(count).map_err(memory)?;
                self.rounds.push(None);
                // At most 2^24 tickets are open.
                (self.rounds.len() - 1) as u32
            }
        };
        Ok((place, self.rounds[place as usize].take().unwrap_or_default()))
    }

    /// Makes room for the fate of the next ticket. Errors: no memory.
    pub fn reserve(&mut self) -> Result<()> {
        if self.fates.len() < self.capacity {
            self.fates.try_reserve(1).map_err(|_| out_of_memory("open tickets", self.capacity, 16))?;
        }
        Ok(())
    }

    /// Gives a round its ticket; [`Tickets::reserve`] came before. True where another ticket has expired for it.
    pub fn open(&mut self, place: u32, mut round: Box<Round>) -> bool {
        round.ticket = self.next;
        self.rounds[place as usize] = Some(round);
        let at = self.place(self.next);
        self.next += 1;
        let mut expired = false;
        if at == self.fates.len() {
            self.fates.push(Fate::Open(place));
        } else {
            if let Fate::Open(old) = self.fates[at] {
                self.free.push(old);
                expired = true;
            }
            self.fates[at] = Fate::Open(place);
        }
        expired
    }

    fn place(&self, ticket: u64) -> usize {
        ((ticket - 1) % self.capacity as u64) as usize
    }

    /// Gives back a round that got no ticket.
    pub fn recycle(&mut self, place: u32, round: Box<Round>) {
        self.rounds[place as usize] = Some(round);
        self.free.push(place);
    }

    /// What became of a ticket. Errors (`State`): it was never given, or so long ago that all is forgotten.
    pub fn fate(&self, ticket: u64) -> Result<Fate> {
        if ticket == 0 || ticket >= self.next {
            return Err(refusal(ticket, "a ticket that a prediction gave"));
        }
        if self.next - ticket > self.capacity as u64 {
            return Ok(Fate::Expired);
        }
        Ok(self.fates[self.place(ticket)])
    }

    /// The round of an open ticket. Errors (`State`): it is not open.
    pub fn round(&self, ticket: u64) -> Result<&Round> {
        match self.fate(ticket)? {
            Fate::Open(place) => Ok(self.at(place)),
            Fate::Closed(_) => Err(refusal(ticket, "an open ticket, not one whose label has come")),
            Fate::Expired => {
                Err(refusal(ticket, "an open ticket, not one that has expired or was closed long ago"))
            }
        }
    }

    /// Takes the round of an open ticket out, to be given back by [`Tickets::close`] or [`Tickets::put_back`].
    pub fn take(&mut self, place: u32) -> Box<Round> {
        self.rounds[place as usize].take().unwrap_or_default()
    }

    /// Leaves a ticket open.
    pub fn put_back(&mut self, place: u32, round: Box<Round>) {
        self.rounds[place as usize] = Some(round);
    }

    /// Closes a ticket whose label was `y`.
    pub fn close(&mut self, place: u32, round: Box<Round>, y: f64) {
        let at = self.place(round.ticket);
        self.fates[at] = Fate::Closed(y);
        self.recycle(place, round);
    }

    /// Forgets an open ticket.
    pub fn expire(&mut self, place: u32) {
        let ticket = self.at(place).ticket;
        let at = self.place(ticket);
        self.fates[at] = Fate::Expired;
        self.free.push(place);
    }

    /// The fates of the last tickets, the oldest first, for a saved state.
    pub fn recent(&self) -> impl Iterator<Item = Fate> {
        let count = self.fates.len() as u64;
        (self.next - count..self.next).map(|ticket| self.fates[self.place(ticket)])
    }

    /// The open tickets, the oldest first.
    pub fn open_ones(&self) -> Vec<u64> {
        let first = self.next - self.fates.len() as u64;
        (first..self.next)
            .zip(self.recent())
            .filter(|(_, f)| matches!(f, Fate::Open(_)))
            .map(|(t, _)| t)
            .collect()
    }

    /// The round at a place.
    pub fn at(&self, place: u32) -> &Round {
        self.rounds[place as usize].as_ref().expect("open rounds are in their places")
    }

    /// Open tickets.
    pub fn count(&self) -> usize {
        self.rounds.len() - self.free.len()
    }

    /// The tickets before `next` with these fates, the oldest first; open ones with their rounds. Errors: no memory.
    pub fn restored(capacity: usize, next: u64, fates: Vec<(Fate, Option<Box<Round>>)>) -> Result<Self> {
        let mut tickets = Self::new(capacity);
        let blank: Vec<u8> = zeros("open tickets", fates.len())?;
        tickets.fates = blank.iter().map(|_| Fate::Expired).collect();
        tickets.next = next;
        let first = next - fates.len() as u64;
        for (ticket, (fate, round)) in (first..next).zip(fates) {
            let at = tickets.place(ticket);
            tickets.fates[at] = match round {
                Some(mut round) => {
                    round.ticket = ticket;
                    tickets.rounds.push(Some(round));
                    Fate::Open((tickets.rounds.len() - 1) as u32)
                }
                None => fate,
            };
        }
        Ok(tickets)
    }
}

/// The error of a ticket that is not open.
pub fn refusal(ticket: u64, expected: &str) -> Error {
    Error::new(ErrorKind::State, "ticket").expected(expected).found(ticket)
}
