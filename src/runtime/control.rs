//! Control of a run: deadline, cancel token, progress, log, and how the run ended.
//!
//! One [`Control`] is made for each call and borrowed by every loop inside it. Loops report the work they do with
//! [`Control::spend`]; the control looks at the clock and at the token at least once every [`POLL_FLOPS`] of work.

use super::error::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Work between two polls: a loop that has spent this much polls at once.
pub const POLL_FLOPS: u64 = 1 << 20;

/// No kernel runs longer than this between two calls of [`Control::spend`] (tests measure it).
pub const STRETCH_FLOPS: u64 = 1 << 28;

/// How a run ended. It is not an error: the iterate and its certificate are valid in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum Outcome {
    /// No run yet.
    #[default]
    Unsolved = 0,
    /// The certificate meets the tolerance.
    Converged = 1,
    /// No progress any more, short of the tolerance.
    Stalled = 2,
    /// The attainable accuracy in floating point is reached, short of the tolerance.
    Floor = 3,
    /// The iteration limit.
    IterationLimit = 4,
    /// The work limit.
    WorkLimit = 5,
    /// The time limit.
    TimeLimit = 6,
    /// The cancel token or the progress callback said stop.
    Cancelled = 7,
    /// The iterates grow without bound or are no longer finite.
    Diverged = 8,
    /// No point satisfies the constraints.
    Infeasible = 9,
    /// The objective has no lower bound.
    Unbounded = 10,
    /// The objective is bounded, but no point attains its infimum (separable logistic without penalty).
    InfimumNotAttained = 11,
    /// The loop ended, but its answer could not be certified.
    Uncertified = 12,
}

impl Outcome {
    /// Every outcome, in the order of its number.
    pub const ALL: [Outcome; 13] = [
        Outcome::Unsolved,
        Outcome::Converged,
        Outcome::Stalled,
        Outcome::Floor,
        Outcome::IterationLimit,
        Outcome::WorkLimit,
        Outcome::TimeLimit,
        Outcome::Cancelled,
        Outcome::Diverged,
        Outcome::Infeasible,
        Outcome::Unbounded,
        Outcome::InfimumNotAttained,
        Outcome::Uncertified,
    ];

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Unsolved => "unsolved",
            Outcome::Converged => "converged",
            Outcome::Stalled => "stalled",
            Outcome::Floor => "floor",
            Outcome::IterationLimit => "iteration limit",
            Outcome::WorkLimit => "work limit",
            Outcome::TimeLimit => "time limit",
            Outcome::Cancelled => "cancelled",
            Outcome::Diverged => "diverged",
            Outcome::Infeasible => "infeasible",
            Outcome::Unbounded => "unbounded",
            Outcome::InfimumNotAttained => "infimum not attained",
            Outcome::Uncertified => "uncertified",
        }
    }
}

/// A flag that any thread, or a signal handler, may set to stop a run.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that has not been tripped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every run that holds this token to stop. An atomic store and nothing else.
    pub fn trip(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the token was tripped.
    pub fn is_tripped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes the token ready for another run.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Which part of a call is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Phase {
    /// Reading and checking the data, column norms and scales.
    Setup = 0,
    /// The null model: the unpenalized terms alone.
    NullModel = 1,
    /// The main loop.
    Solve = 2,
    /// The certificate of the final answer.
    Certificate = 3,
}

/// What a progress callback sees.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The part of the call that is running.
    pub phase: Phase,
    /// Iterations so far (each family says what it counts).
    pub iteration: u64,
    /// Floating-point operations so far, counted and not timed.
    pub work: u64,
    /// Seconds since the call began.
    pub seconds: f64,
    /// The objective at the last look.
    pub objective: f64,
    /// The certificate at the last look: a duality gap or a gradient norm.
    pub certificate: f64,
}

/// What a progress callback answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Stop with [`Outcome::Cancelled`].
    Stop,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Level {
    /// The user should act.
    Warning = 1,
    /// Milestones.
    Info = 2,
    /// Every decision.
    Debug = 3,
}

type ProgressFn<'a> = Box<dyn FnMut(&Progress) -> Verdict + 'a>;
type LogFn<'a> = Box<dyn FnMut(Level, &str) + 'a>;

/// Why a loop must stop now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop(pub Outcome);

/// The error of a call that was stopped with nothing to give back.
impl From<Stop> for Error {
    fn from(Stop(outcome): Stop) -> Self {
        let found = match outcome {
            Outcome::TimeLimit => "the time limit (option max_seconds)",
            Outcome::WorkLimit => "the work limit (option max_work)",
            _ => "the cancel token or the progress callback",
        };
        Error::new(ErrorKind::Stopped, "the call").expected("to run to the end").found(found)
    }
}

/// The control of one call. `Control::default()` runs quietly to the end.
#[derive(Default)]
pub struct Control<'a> {
    cancel: Option<CancelToken>,
    /// Set from inside the call where going on is of no use.
    abort: Option<Arc<AtomicBool>>,
    /// Set for the parts of a call when the call is to stop.
    halted: Option<Arc<AtomicBool>>,
    progress: Option<ProgressFn<'a>>,
    log: Option<(Level, LogFn<'a>)>,
    every: u64,
    clock: Clock,
    meter: Meter,
}

struct Clock {
    started: Instant,
    deadline: Option<Instant>,
    work_limit: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { started: Instant::now(), deadline: None, work_limit: u64::MAX }
    }
}

#[derive(Default)]
struct Meter {
    work: u64,
    /// Work of parts with controls of their own.
    elsewhere: u64,
    since_poll: u64,
    longest_stretch: u64,
    polls: u64,
    trip: Option<Trip>,
    reported: u64,
    stop: Option<Stop>,
}

/// Stops at a certain poll, for tests.
#[derive(Clone)]
struct Trip {
    at: u64,
    /// Polls of the call and of its parts.
    seen: Arc<AtomicU64>,
}

impl Trip {
    /// Counts a poll; whether it is that one, or a later one.
    fn is_due(&self) -> bool {
        self.seen.fetch_add(1, Ordering::Relaxed) + 1 >= self.at
    }
}

impl<'a> Control<'a> {
    /// A control that runs quietly to the end.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops when `token` is tripped.
    #[must_use]
    pub fn with_cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    /// Calls `report` every `every` iterations (0 counts as 1), on the calling thread.
    #[must_use]
    pub fn with_progress(mut self, every: u64, report: impl FnMut(&Progress) -> Verdict + 'a) -> Self {
        self.every = every.max(1);
        self.progress = Some(Box::new(report));
        self
    }

    /// Sends log lines up to `level` to `sink`, on the calling thread.
    #[must_use]
    pub fn with_log(mut self, level: Level, sink: impl FnMut(Level, &str) + 'a) -> Self {
        self.log = Some((level, Box::new(sink)));
        self
    }

    /// Also stops, as if cancelled, when `flag` is set: by a matrix or a function whose callback has failed.
    pub fn watch(&mut self, flag: &Arc<AtomicBool>) {
        self.abort = Some(flag.clone());
    }

    /// For tests: behaves as if the token were tripped just before the `n`-th poll (1 is the first), those of parts
    /// included.
    #[must_use]
    pub fn with_trip_at_poll(mut self, n: u64) -> Self {
        self.meter.trip = Some(Trip { at: n, seen: Arc::default() });
        self
    }

    /// Starts the clock of a call. The deadline is `max_seconds` from now; infinity means none.
    pub fn begin(&mut self, max_seconds: f64, max_work: u64) {
        let started = Instant::now();
        let limit = Duration::try_from_secs_f64(max_seconds).ok();
        self.clock =
            Clock { started, deadline: limit.and_then(|l| started.checked_add(l)), work_limit: max_work };
        let trip = self.meter.trip.as_ref().map(|trip| Trip { at: trip.at, seen: Arc::default() });
        self.meter = Meter { trip, ..Meter::default() };
    }

    /// Makes quiet controls for parts of the call that run on other threads: the same token and deadline, what is now
    /// left of the work limit for each, counts of their own. They stop too once `halted` is set. What a part has done
    /// is told by [`Control::count`] once it is over.
    pub fn forks(&self, halted: &Arc<AtomicBool>) -> impl Fn() -> Control<'static> + Sync + use<> {
        let (cancel, abort, halted) = (self.cancel.clone(), self.abort.clone(), halted.clone());
        let Clock { started, deadline, work_limit } = self.clock;
        let work_limit = work_limit.saturating_sub(self.work());
        let trip = self.meter.trip.clone();
        move || Control {
            cancel: cancel.clone(),
            abort: abort.clone(),
            halted: Some(halted.clone()),
            clock: Clock { started, deadline, work_limit },
            meter: Meter { trip: trip.clone(), ..Meter::default() },
            ..Control::default()
        }
    }

    /// Counts the work and the polls of a part that had a control of its own.
    pub fn count(&mut self, flops: u64, polls: u64) {
        self.meter.elsewhere += flops;
        self.meter.polls += polls;
    }

    /// How many iterations there are between two calls of the progress callback.
    pub fn every(&self) -> u64 {
        self.every
    }

    /// Makes this control say stop from now on, for a reason found elsewhere.
    pub fn halt(&mut self, stop: Stop) {
        self.meter.stop = Some(stop);
    }

    /// Seconds since [`Control::begin`].
    pub fn seconds(&self) -> f64 {
        self.clock.started.elapsed().as_secs_f64()
    }

    /// Floating-point operations since [`Control::begin`], those of parts included.
    pub fn work(&self) -> u64 {
        self.meter.work + self.meter.elsewhere
    }

    /// How often the clock and the token were looked at since [`Control::begin`].
    pub fn polls(&self) -> u64 {
        self.meter.polls
    }

    /// The most work done between two polls since [`Control::begin`].
    pub fn longest_stretch(&self) -> u64 {
        self.meter.longest_stretch
    }

    /// Counts `flops` of work that was just done, and polls if enough has come together.
    #[inline]
    pub fn spend(&mut self, flops: u64) -> std::result::Result<(), Stop> {
        self.meter.work += flops;
        self.meter.since_poll += flops;
        if self.meter.since_poll >= POLL_FLOPS { self.poll() } else { Ok(()) }
    }

    /// Looks at the token, the deadline and the work limit now. Once it said stop, it says so for good.
    #[cold]
    pub fn poll(&mut self) -> std::result::Result<(), Stop> {
        let work = self.work();
        let meter = &mut self.meter;
        meter.longest_stretch = meter.longest_stretch.max(meter.since_poll);
        meter.since_poll = 0;
        meter.polls += 1;
        let trip = meter.trip.as_ref().is_some_and(Trip::is_due);
        if meter.stop.is_none() {
            let tripped = self.cancel.as_ref().is_some_and(CancelToken::is_tripped)
                || self.abort.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
                || self.halted.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
                || trip;
            if tripped {
                meter.stop = Some(Stop(Outcome::Cancelled));
            } else if work > self.clock.work_limit {
                meter.stop = Some(Stop(Outcome::WorkLimit));
            } else if self.clock.deadline.is_some_and(|d| Instant::now() >= d) {
                meter.stop = Some(Stop(Outcome::TimeLimit));
            }
        }
        meter.stop.map_or(Ok(()), Err)
    }

    /// Reports an iteration to the progress callback, if one is due. Once the control said stop, none is.
    pub fn report(
        &mut self,
        phase: Phase,
        iteration: u64,
        objective: f64,
        certificate: f64,
    ) -> std::result::Result<(), Stop> {
        let due = iteration == 0 || iteration >= self.meter.reported + self.every;
        if due {
            self.meter.reported = iteration;
            self.tell(phase, iteration, objective, certificate);
        }
        self.poll()
    }

    /// Calls the progress callback now: for a part of the call whose own control has just reported. Once the control
    /// said stop, the callback is left alone.
    pub fn tell(&mut self, phase: Phase, iteration: u64, objective: f64, certificate: f64) -> Verdict {
        if self.meter.stop.is_some() {
            return Verdict::Stop;
        }
        let (seconds, work) = (self.seconds(), self.work());
        let Some(report) = self.progress.as_mut() else { return Verdict::Continue };
        let verdict = report(&Progress { phase, iteration, work, seconds, objective, certificate });
        if verdict == Verdict::Stop {
            self.meter.stop = Some(Stop(Outcome::Cancelled));
        }
        verdict
    }

    /// Whether anyone listens to lines of this level; ask before formatting one.
    pub fn logs(&self, level: Level) -> bool {
        self.log.as_ref().is_some_and(|(most, _)| level <= *most)
    }

    /// Sends a log line.
    pub fn log(&mut self, level: Level, line: &str) {
        if let Some((most, sink)) = self.log.as_mut()
            && level <= *most
        {
            sink(level, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tripped_token_is_obeyed_at_the_next_poll_and_for_good() {
        let token = CancelToken::new();
        let mut control = Control::new().with_cancel(&token);
        control.begin(f64::INFINITY, u64::MAX);
        assert_eq!(control.spend(POLL_FLOPS), Ok(()));
        token.trip();
        assert_eq!(control.spend(1), Ok(()));
        assert_eq!(control.spend(POLL_FLOPS), Err(Stop(Outcome::Cancelled)));
        token.reset();
        assert_eq!(control.poll(), Err(Stop(Outcome::Cancelled)));
    }

    #[test]
    fn a_deadline_of_zero_and_a_work_limit_stop() {
        let mut control = Control::new();
        control.begin(0.0, u64::MAX);
        assert_eq!(control.poll(), Err(Stop(Outcome::TimeLimit)));
        control.begin(f64::INFINITY, 10);
        assert_eq!(control.spend(POLL_FLOPS), Err(Stop(Outcome::WorkLimit)));
        assert_eq!(control.longest_stretch(), POLL_FLOPS);
    }

    #[test]
    fn the_work_of_parts_counts_and_a_part_has_what_is_left() {
        let mut control = Control::new();
        control.begin(f64::INFINITY, 100);
        control.spend(10).unwrap();
        control.count(30, 3);
        assert_eq!((control.poll(), control.work(), control.polls()), (Ok(()), 40, 4));
        let mut part = control.forks(&Arc::default())();
        part.spend(60).unwrap();
        assert_eq!(part.poll(), Ok(()));
        part.spend(1).unwrap();
        assert_eq!(part.poll(), Err(Stop(Outcome::WorkLimit)));
        control.count(61, 2);
        assert_eq!(control.poll(), Err(Stop(Outcome::WorkLimit)));
        // A part that is begun too late has nothing.
        let mut part = control.forks(&Arc::default())();
        part.spend(1).unwrap();
        assert_eq!(part.poll(), Err(Stop(Outcome::WorkLimit)));
        control.begin(f64::INFINITY, u64::MAX);
        control.count(100, 1);
        assert_eq!(control.forks(&Arc::default())().spend(POLL_FLOPS), Ok(()));
    }

    #[test]
    fn progress_can_stop_a_run() {
        let mut seen = Vec::new();
        let mut control = Control::new().with_progress(2, |p| {
            seen.push(p.iteration);
            if p.iteration >= 4 { Verdict::Stop } else { Verdict::Continue }
        });
        control.begin(f64::INFINITY, u64::MAX);
        for iteration in 0..4 {
            assert_eq!(control.report(Phase::Solve, iteration, 0.0, 0.0), Ok(()));
        }
        assert_eq!(control.report(Phase::Solve, 4, 0.0, 0.0), Err(Stop(Outcome::Cancelled)));
        // Whoever said stop is not asked again.
        assert_eq!(control.report(Phase::Solve, 6, 0.0, 0.0), Err(Stop(Outcome::Cancelled)));
        assert_eq!(control.tell(Phase::Solve, 8, 0.0, 0.0), Verdict::Stop);
        drop(control);
        assert_eq!(seen, [0, 2, 4]);
    }
}
