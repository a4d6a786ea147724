//! Solves that go on later: a snapshot at the boundary of an iteration, as bytes, from which a solve of the same
//! problem with the same options goes on to the same bits.
//!
//! Inside the envelope of [`state`], kind `BILV`, layout 1, all little-endian: the fields of [`Checkpoint`] in the
//! order of their declaration; a list begins with its length (`u64`), an option with 0 or 1 (`u64`).

use super::accuracy::Accuracy;
use super::adjoint;
use super::bounds::Bounds;
use super::constants::{Changes, Constants};
use super::counts::Counts;
use super::evaluate::{Evaluator, Shares, sample_at};
use super::interrupt::Tried;
use super::lower::{Iterate, Reached};
use super::point::{Point, SamplePoint};
use super::problem::Problem;
use super::progress::{Last, MEMORY, Progress};
use super::quasi_newton::Pairs;
use super::settings::CertificateMode;
use super::solve::Maid;
use crate::runtime::error::copied;
use crate::runtime::state::{self, Reader, Writer, damaged};
use crate::runtime::{Control, Error, ErrorKind, Result};

const KIND: [u8; 4] = *b"BILV";
const LAYOUT: u32 = 1;

/// One sample of a checkpoint: what cannot be computed from the rest.
#[derive(Debug, Clone, PartialEq)]
struct Saved {
    x: Vec<f64>,
    q: Vec<f64>,
    reached: Reached,
    /// Of the adjoint, if `q` is one.
    adjoint: Option<Reached>,
    changes: Option<Changes>,
    seen: [f64; 2],
}

/// A solve at the boundary of an iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    theta: Vec<f64>,
    samples: Vec<Saved>,
    progress: Progress,
    counts: Counts,
    shares: Shares,
    mode: CertificateMode,
}

impl Checkpoint {
    /// That of a solve.
    pub(super) fn of(maid: &Maid<'_>) -> Self {
        let point = &maid.point;
        let saved = |s: &SamplePoint| Saved {
            x: s.lower.x.clone(),
            q: s.q.clone(),
            reached: s.reached,
            adjoint: s.adjoint.as_ref().map(|a| a.reached),
            changes: s.adjoint.as_ref().and_then(|a| a.changes),
            seen: s.seen,
        };
        Self {
            theta: point.theta.clone(),
            samples: point.samples.iter().map(saved).collect(),
            progress: maid.progress.clone(),
            counts: maid.evaluator.counts,
            shares: maid.evaluator.shares.clone(),
            mode: maid.evaluator.mode,
        }
    }

    /// Steps accepted before it.
    pub fn iterations(&self) -> u64 {
        self.progress.iteration
    }

    /// The parameters.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// Where this solve was, and the evaluator as it was: evaluates again what is not saved, without counting it.
    pub(super) fn restore(
        &self,
        evaluator: &mut Evaluator<'_>,
        control: &mut Control<'_>,
    ) -> Tried<(Point, Progress)> {
        self.check(evaluator.problem)?;
        let settings = evaluator.settings;
        let samples = evaluator.each(&self.theta, u64::MAX, control, |oracle| {
            let saved = &self.samples[oracle.sample];
            let constants = Constants::at(oracle, settings.metric, settings.allow_uncertified)?;
            let at = Iterate::at(oracle, copied("x", &saved.x)?, &constants.metric)?;
            let mut sample = sample_at(oracle, at, saved.reached, constants, copied("q", &saved.q)?)?;
            sample.seen = saved.seen;
            if let Some(reached) = saved.adjoint {
                let found = adjoint::verify(oracle, &sample, reached)?;
                sample.adjoint = Some(super::point::Adjoint { changes: saved.changes, ..found });
            }
            Ok(sample)
        })?;
        let point: Point = evaluator.with_regularizer(&self.theta, samples)?;
        evaluator.counts = self.counts;
        evaluator.shares = self.shares.clone();
        evaluator.mode = self.mode;
        Ok((point, self.progress.clone()))
    }

    /// Whether a solve of `problem` can go on from here. Errors: it is of a problem of other sizes, or of parameters
    /// outside of the bounds.
    pub fn check(&self, problem: &dyn Problem) -> Result<()> {
        let bounds = Bounds::of(problem)?;
        let (d, m) = (problem.parameters(), problem.samples());
        let progress = &self.progress;
        let vectors = progress.pairs.iter().flat_map(|(s, y)| [s.len(), y.len()]);
        let last = progress.last.iter().flat_map(|last| [last.theta.len(), last.z.len()]);
        let fits = self.theta.len() == d
            && self.samples.len() == m
            && [self.shares.eps.len(), self.shares.delta.len()] == [m, m]
            && vectors.chain(last).all(|length| length == d)
            && (0..m).all(|i| {
                let n = problem.variables(i);
                self.samples[i].x.len() == n && self.samples[i].q.len() == n
            });
        let outside = |j: &usize| !(bounds.lower[*j] <= self.theta[*j] && self.theta[*j] <= bounds.upper[*j]);
        if fits && let Some(j) = (0..d).find(outside) {
            return Err(Error::new(ErrorKind::Argument, "checkpoint")
                .at(format!("parameter {j}"))
                .expected(format!("a number in [{}, {}]", bounds.lower[j], bounds.upper[j]))
                .found(self.theta[j]));
        }
        if fits {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Argument, "checkpoint")
            .expected(format!("one of a problem with {d} parameters and {m} samples of the same sizes"))
            .found("another"))
    }

    /// As bytes, the same on every machine. Errors: no memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = Writer::default();
        out.list(&self.theta)?;
        out.long(self.samples.len() as u64)?;
        for saved in &self.samples {
            out.list(&saved.x)?;
            out.list(&saved.q)?;
            put_one(&mut out, &REACHED, saved.reached)?;
            out.option(saved.adjoint, |out, reached| put_one(out, &REACHED, reached))?;
            out.option(saved.changes, |out, c| out.numbers(&[c.hessian, c.mixed]))?;
            out.numbers(&saved.seen)?;
        }
        let progress = &self.progress;
        out.long(progress.iteration)?;
        out.numbers(&[progress.accuracy.eps, progress.accuracy.delta])?;
        out.option(progress.alpha, Writer::number)?;
        out.number(progress.reach)?;
        out.long(progress.pairs.iter().count() as u64)?;
        for (s, y) in progress.pairs.iter() {
            out.list(s)?;
            out.list(y)?;
        }
        out.option(progress.last.as_ref(), |out, last| {
            out.list(&last.theta)?;
            out.list(&last.z)
        })?;
        out.option(progress.reference, Writer::number)?;
        out.list(&progress.recent.iter().copied().collect::<Vec<_>>())?;
        out.long(progress.efforts.len() as u64)?;
        progress.efforts.iter().try_for_each(|effort| out.long(*effort))?;
        out.long(progress.failures)?;
        out.long(u64::from(progress.projected))?;
        self.counts.to_array().iter().try_for_each(|count| out.long(*count))?;
        out.list(&self.shares.eps)?;
        out.list(&self.shares.delta)?;
        put_one(&mut out, &MODES, self.mode)?;
        state::seal(KIND, LAYOUT, out.bytes())
    }

    /// The checkpoint behind bytes that [`Checkpoint::to_bytes`] made. Errors (`Format`): other bytes, damaged
    /// ones, a later layout; no memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (layout, payload) = state::open(bytes, KIND)?;
        if layout != LAYOUT {
            return Err(damaged("layout 1 of a checkpoint", layout));
        }
        let from = &mut Reader::new(payload);
        let theta = from.list()?;
        let mut samples = Vec::new();
        for _ in 0..from.count(8)? {
            samples.push(Saved {
                x: from.list()?,
                q: from.list()?,
                reached: take_one(from, &REACHED)?,
                adjoint: from.option(|from| take_one(from, &REACHED))?,
                changes: from
                    .option(|from| Ok(Changes { hessian: from.number()?, mixed: from.number()? }))?,
                seen: [from.number()?, from.number()?],
            });
        }
        let progress = read_progress(from)?;
        let mut counts = [0; 10];
        for count in &mut counts {
            *count = from.long()?;
        }
        let shares = Shares { eps: from.list()?, delta: from.list()? };
        let mode = take_one(from, &MODES)?;
        from.end()?;
        Ok(Self { theta, samples, progress, counts: Counts::from_array(counts), shares, mode })
    }
}

fn read_progress(from: &mut Reader<'_>) -> Result<Progress> {
    let iteration = from.long()?;
    let accuracy = Accuracy { eps: from.number()?, delta: from.number()? };
    let mut progress = Progress::new(accuracy, false);
    progress.iteration = iteration;
    progress.alpha = from.option(Reader::number)?;
    progress.reach = from.number()?;
    progress.pairs = Pairs::new(MEMORY);
    for _ in 0..from.count(8)? {
        let (s, y) = (from.list()?, from.list()?);
        if s.len() != y.len() || !progress.pairs.push(s, y) {
            return Err(damaged("curvature pairs", "others"));
        }
    }
    progress.last = from.option(|from| Ok(Last { theta: from.list()?, z: from.list()? }))?;
    progress.reference = from.option(Reader::number)?;
    progress.recent = from.list()?.into();
    for _ in 0..from.count(8)? {
        progress.efforts.push_back(from.long()?);
    }
    progress.failures = from.long()?;
    progress.projected = from.long()? != 0;
    Ok(progress)
}

/// What has a number in the bytes: its place here.
const REACHED: [Reached; 3] = [Reached::Target, Reached::Floor, Reached::Limit];
const MODES: [CertificateMode; 5] = [
    CertificateMode::Auto,
    CertificateMode::Rigorous,
    CertificateMode::Estimated,
    CertificateMode::GoalOriented,
    CertificateMode::Off,
];

/// Errors (`Internal`): it has no number.
fn put_one<T: PartialEq>(out: &mut Writer, all: &[T], one: T) -> Result<()> {
    match all.iter().position(|other| *other == one) {
        Some(number) => out.long(number as u64),
        None => Err(Error::new(ErrorKind::Internal, "checkpoint").expected("a number").found("none")),
    }
}

fn take_one<T: Copy>(from: &mut Reader<'_>, all: &[T]) -> Result<T> {
    let number = from.long()?;
    let found = usize::try_from(number).ok().and_then(|number| all.get(number).copied());
    found.ok_or_else(|| damaged(&format!("a number below {}", all.len()), number))
}
