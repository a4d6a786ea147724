//! Tasks in parallel, each with a control of its own.

use crate::runtime::parallel::Team;
use crate::runtime::{Control, Phase, Result, Stop, Verdict};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Tasks that are begun together: what they found is looked at before the next ones begin.
const TASKS_PER_WAVE: usize = 16;

/// Runs `task(0)` to `task(count - 1)` with controls of their own, in waves, and gives what they found in their order.
///
/// A token, a deadline and the progress callback stop tasks at their next poll. The callback runs on the calling
/// thread, before each wave and whenever a task reports; its iterations count tasks.
///
/// The work of a wave is counted after it, whatever threads there are. A task may use what the waves before its own
/// have left of the work limit, so that the tasks of one wave may exceed it together; every later task finds nothing
/// left.
///
/// Errors: that of the first task that has one.
pub(in crate::bcd) fn in_waves<T: Send>(
    count: usize,
    team: &Team<'_>,
    control: &mut Control<'_>,
    task: impl Fn(usize, &mut Control<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(count);
    for first in (0..count).step_by(TASKS_PER_WAVE) {
        // What this control was told, those of the tasks would not know.
        let stopped = control.report(Phase::Solve, first as u64, f64::NAN, f64::NAN).err();
        let halted = Arc::new(AtomicBool::new(stopped.is_some()));
        let wave = Wave {
            first,
            count: TASKS_PER_WAVE.min(count - first),
            stopped,
            every: control.every(),
            fork: control.forks(&halted),
            halted: &halted,
            task: &task,
        };
        let ended = if team.is_solo() { wave.run_here(control) } else { wave.run_on(team, control) };
        for Ended { result, work, polls } in ended {
            control.count(work, polls);
            found.push(result?);
        }
    }
    Ok(found)
}

/// Tasks that are begun together.
struct Wave<'w, F, C> {
    first: usize,
    count: usize,
    /// Why the call had stopped before the wave.
    stopped: Option<Stop>,
    /// Tasks stop once this is set.
    halted: &'w AtomicBool,
    /// Iterations between two reports of a task.
    every: u64,
    /// Makes a control for a task.
    fork: C,
    task: &'w F,
}

/// What a task found, and what it took.
struct Ended<T> {
    result: Result<T>,
    work: u64,
    polls: u64,
}

impl<T, F, C> Wave<'_, F, C>
where
    T: Send,
    F: Fn(usize, &mut Control<'_>) -> Result<T> + Sync,
    C: Fn() -> Control<'static> + Sync,
{
    /// Runs one task; `tell` is called when it reports.
    fn run(&self, k: usize, tell: impl Fn() -> Verdict) -> Ended<T> {
        // Once it is over, the callback is left alone; the next poll says why.
        let mut control: Control<'_> = (self.fork)();
        control =
            control.with_progress(self.every, |_| if self.is_halted() { Verdict::Continue } else { tell() });
        if let Some(stop) = self.stopped {
            control.halt(stop);
        }
        let result = (self.task)(k, &mut control);
        Ended { result, work: control.work(), polls: control.polls() }
    }

    /// Runs the tasks one after the other on the calling thread.
    fn run_here(&self, control: &mut Control<'_>) -> Vec<Ended<T>> {
        let control = RefCell::new(control);
        let run = |k| self.run(k, || self.report(k, &mut control.borrow_mut()));
        (self.first..self.first + self.count).map(run).collect()
    }

    /// Runs the tasks on a team, while the calling thread passes their reports on.
    fn run_on(&self, team: &Team<'_>, control: &mut Control<'_>) -> Vec<Ended<T>> {
        let (sender, receiver) = channel();
        let waiting = AtomicBool::new(false);
        let run = |k: usize| {
            let end = End(sender.clone());
            self.run(self.first + k, || {
                // One call waits at most: tasks report more often than a callback may want to be called.
                if !waiting.swap(true, Ordering::Relaxed) {
                    end.tell(Message::Report);
                }
                Verdict::Continue
            })
        };
        team.map_beside(self.count, run, || self.listen(&receiver, &waiting, control))
    }

    /// Passes reports on until all tasks have ended.
    fn listen(&self, receiver: &Receiver<Message>, waiting: &AtomicBool, control: &mut Control<'_>) {
        let mut ended = 0;
        while ended < self.count {
            match receiver.recv() {
                Ok(Message::End) => ended += 1,
                Ok(Message::Report) => {
                    waiting.store(false, Ordering::Relaxed);
                    if !self.is_halted() {
                        self.report(self.first + ended, control);
                    }
                }
                // The sender outlives this loop.
                Err(_) => return,
            }
        }
    }

    /// Calls the callback of the call; where it says stop, all tasks do.
    fn report(&self, tasks: usize, control: &mut Control<'_>) -> Verdict {
        let verdict = control.tell(Phase::Solve, tasks as u64, f64::NAN, f64::NAN);
        self.halted.fetch_or(verdict == Verdict::Stop, Ordering::Relaxed);
        verdict
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }
}

/// What a task tells the calling thread.
enum Message {
    Report,
    End,
}

/// Tells that a task has ended, also by a panic.
struct End(Sender<Message>);

impl End {
    fn tell(&self, message: Message) {
        // No one listens any more only where the calling thread has panicked.
        let _ = self.0.send(message);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.tell(Message::End);
    }
}
