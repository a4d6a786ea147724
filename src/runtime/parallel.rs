//! Scoped threads with fixed chunks and ordered reductions: the thread count never changes a bit.

use super::control::{Control, Stop};
use super::error::{Error, ErrorKind, Result};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The threads of one call. They are joined before the call returns.
pub struct Team<'p> {
    pool: Option<&'p rayon::ThreadPool>,
}

/// How the names of our threads begin.
pub const THREAD_NAME: &str = "southwell-";

/// Runs `body` with a team of `threads`. `body` itself stays on the calling thread; only kernels use the team.
pub fn with_team<R>(threads: usize, body: impl FnOnce(&Team<'_>) -> R) -> Result<R> {
    if threads <= 1 {
        return Ok(body(&Team { pool: None }));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|k| format!("{THREAD_NAME}{k}"))
        .build_scoped(|thread| thread.run(), |pool| body(&Team { pool: Some(pool) }))
        .map_err(|e| {
            Error::new(ErrorKind::Internal, "threads").expected(format!("{threads} threads")).found(e)
        })
}

impl Team<'_> {
    /// The team of one: the calling thread.
    pub fn solo() -> Team<'static> {
        Team { pool: None }
    }

    /// `[task(0), .., task(count - 1)]`, each on any thread; tasks must not use the team themselves.
    pub fn map<T: Send>(&self, count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let task: &(dyn Fn(usize) -> T + Sync) = &task;
        match self.pool {
            Some(pool) if count > 1 => {
                let results: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::default()).collect();
                each(pool, count, &|k| *locked(&results[k]) = Some(task(k)));
                // A task that panicked has done so again by now: none is missing.
                results.into_iter().filter_map(unlocked).collect()
            }
            _ => (0..count).map(task).collect(),
        }
    }

    /// As [`Team::map`], for tasks that may be told to stop: each has a control of its own, and the first stop, by
    /// their order, ends all. The control is asked once more when all are done, so that what they did together counts
    /// the same on any number of threads.
    pub fn share<T: Send>(
        &self,
        count: usize,
        control: &mut Control<'_>,
        task: impl Fn(usize, &mut Control<'_>) -> std::result::Result<T, Stop> + Sync,
    ) -> std::result::Result<Vec<T>, Stop> {
        let halted = Arc::<AtomicBool>::default();
        let fork = control.forks(&halted);
        let done = self.map(count, |c| {
            let mut part = fork();
            let found = task(c, &mut part);
            if found.is_err() {
                halted.store(true, Ordering::Relaxed);
            }
            (found, part.work(), part.polls())
        });
        let (mut found, mut stopped) = (Vec::with_capacity(count), None);
        for (result, work, polls) in done {
            control.count(work, polls);
            match result {
                Ok(result) => found.push(result),
                Err(stop) => stopped = stopped.or(Some(stop)),
            }
        }
        // The control's own reason, if it has one: a task may have stopped because another did.
        control.poll()?;
        if let Some(stop) = stopped {
            control.halt(stop);
            return Err(stop);
        }
        Ok(found)
    }

    /// Whether the calling thread does everything itself.
    pub fn is_solo(&self) -> bool {
        self.pool.is_none()
    }

    /// As [`Team::map`], while `beside` runs on the calling thread; without a pool it runs first.
    pub fn map_beside<T: Send>(
        &self,
        count: usize,
        task: impl Fn(usize) -> T + Sync,
        beside: impl FnOnce(),
    ) -> Vec<T> {
        let Some(pool) = self.pool else {
            beside();
            return (0..count).map(task).collect();
        };
        let results: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::default()).collect();
        let (results_of, task) = (&results, &task);
        let one = move |k: usize| *locked(&results_of[k]) = Some(task(k));
        let one: &(dyn Fn(usize) + Sync) = &one;
        pool.in_place_scope(|scope| {
            (0..count).for_each(|k| scope.spawn(move |_| one(k)));
            beside();
        });
        // A task that panicked does so again at the end of the scope: none is missing here.
        results.into_iter().filter_map(unlocked).collect()
    }

    /// Fills `out` in chunks of `chunk`: `fill(start, part)` writes `out[start..]`'s part.
    pub fn fill<T: Send>(&self, out: &mut [T], chunk: usize, fill: impl Fn(usize, &mut [T]) + Sync) {
        let chunk = chunk.max(1);
        let fill: &(dyn Fn(usize, &mut [T]) + Sync) = &fill;
        match self.pool {
            Some(pool) if out.len() > chunk => {
                let parts: Vec<Mutex<&mut [T]>> = out.chunks_mut(chunk).map(Mutex::new).collect();
                each(pool, parts.len(), &|i| fill(i * chunk, &mut locked(&parts[i])));
            }
            _ => out.chunks_mut(chunk).enumerate().for_each(|(i, part)| fill(i * chunk, part)),
        }
    }
}

/// Runs all tasks on the pool. One body for tasks of any kind: what it is made of is compiled once, not for each kernel.
fn each(pool: &rayon::ThreadPool, count: usize, task: &(dyn Fn(usize) + Sync)) {
    pool.install(|| (0..count).into_par_iter().for_each(task));
}

/// The slot of one task, which no other asks for.
fn locked<T>(slot: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a task left in its slot.
fn unlocked<T>(slot: Mutex<T>) -> T {
    slot.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_tasks_stop_together_and_their_work_counts_the_same() {
        let run = |threads, limit| {
            with_team(threads, |team| {
                let mut control = Control::new();
                control.begin(f64::INFINITY, limit);
                let found = team.share(10, &mut control, |c, control| control.spend(100).map(|()| c));
                (found, control.work())
            })
            .unwrap()
        };
        let all = (Ok((0..10).collect::<Vec<_>>()), 1000);
        assert!(run(1, 1000) == all && run(3, 1000) == all);
        let stop = (Err(Stop(crate::runtime::Outcome::WorkLimit)), 1000);
        assert!(run(1, 999) == stop && run(3, 999) == stop);
        let mut control = Control::new();
        let flag = Stop(crate::runtime::Outcome::Cancelled);
        assert_eq!(
            Team::solo().share(2, &mut control, |c, _| if c == 1 { Err(flag) } else { Ok(()) }),
            Err(flag)
        );
        assert_eq!(control.poll(), Err(flag));
    }

    #[test]
    fn chunks_do_not_depend_on_the_thread_count() {
        let run = |threads| {
            with_team(threads, |team| {
                let mut out = vec![0.0; 1000];
                team.fill(&mut out, 7, |start, part| {
                    for (k, o) in part.iter_mut().enumerate() {
                        *o = ((start + k) as f64).sin() + start as f64;
                    }
                });
                out
            })
            .unwrap()
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(8));
    }
}
