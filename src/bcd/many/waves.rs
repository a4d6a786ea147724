//! Tasks in parallel, each with a control of its own.

use crate::runtime::parallel::Team;
use crate::runtime::{Control, Phase, Result, Verdict};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Tasks that are begun together: what they found is looked at before the next ones begin.
const TASKS_PER_WAVE: usize = 16;

/// Runs `task(0)` to `task(count - 1)` with controls of their own, in waves, and gives what they found in their order.
///
/// A token, a deadline and the progress callback stop tasks at their next poll. The callback runs on the calling thread,
/// before each wave and whenever a task reports; its iterations count tasks. The work of a wave is counted after it.
///
/// Errors: that of the first task that has one.
pub(in crate::bcd) fn in_waves<T: Send>(
    count: usize,
    team: &Team<'_>,
    control: &mut Control<'_>,
    task: impl Fn(usize, &mut Control<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(count);
    let mut first = 0;
    while first < count {
        let wave = TASKS_PER_WAVE.min(count - first);
        // What this control was told, those of the tasks would not know.
        let stopped = control.report(Phase::Solve, first as u64, f64::NAN, f64::NAN).err();
        let halted = Arc::new(AtomicBool::new(stopped.is_some()));
        let fork = control.forks(&halted);
        let every = control.every();
        let run = |k: usize, tell: &dyn Fn() -> Verdict| {
            // Once it is over, the callback is left alone; the next poll says why.
            let over = || halted.load(Ordering::Relaxed);
            let mut own: Control<'_> = fork();
            own = own.with_progress(every, |_| if over() { Verdict::Continue } else { tell() });
            if let Some(stop) = stopped {
                own.halt(stop);
            }
            let result = task(k, &mut own);
            (result, own.work(), own.polls())
        };
        let results = if team.is_solo() {
            let calls = std::cell::RefCell::new(&mut *control);
            let tell = |k: usize| calls.borrow_mut().tell(Phase::Solve, k as u64, f64::NAN, f64::NAN);
            let one = |k: usize| {
                run(k, &|| {
                    let verdict = tell(k);
                    // The tasks after this one stop too.
                    halted.fetch_or(verdict == Verdict::Stop, Ordering::Relaxed);
                    verdict
                })
            };
            (first..first + wave).map(one).collect()
        } else {
            let (sender, receiver) = channel();
            let waiting = AtomicBool::new(false);
            let tasks = |k: usize| {
                let end = End(sender.clone());
                run(first + k, &|| {
                    // One call waits at most: tasks report more often than a callback may want to be called.
                    if !waiting.swap(true, Ordering::Relaxed) {
                        end.tell(Message::Report);
                    }
                    Verdict::Continue
                })
            };
            team.map_beside(wave, tasks, || {
                let mut ended = 0;
                while ended < wave {
                    match receiver.recv() {
                        Ok(Message::End) => ended += 1,
                        Ok(Message::Report) => {
                            waiting.store(false, Ordering::Relaxed);
                            if halted.load(Ordering::Relaxed) {
                                continue;
                            }
                            let at = (first + ended) as u64;
                            let verdict = control.tell(Phase::Solve, at, f64::NAN, f64::NAN);
                            halted.fetch_or(verdict == Verdict::Stop, Ordering::Relaxed);
                        }
                        // The sender outlives this loop.
                        Err(_) => return,
                    }
                }
            })
        };
        for (result, work, polls) in results {
            control.count(work, polls);
            found.push(result?);
        }
        first += wave;
    }
    Ok(found)
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
