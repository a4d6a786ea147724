//! Tasks in parallel, each with a control of its own.

use crate::runtime::parallel::Team;
use crate::runtime::{Control, Phase, Result};

/// Tasks between two looks at the control's callbacks.
const TASKS_PER_WAVE: usize = 16;

/// Runs `task(0)` to `task(count - 1)` with controls of their own, in waves, and gives what they found in their order.
/// Progress is reported before each wave, and the work of a wave is counted after it.
///
/// Errors: that of the first task that has one.
pub(in crate::bcd) fn in_waves<T: Send>(
    count: usize,
    team: &Team<'_>,
    control: &mut Control<'_>,
    task: impl Fn(usize, &mut Control<'static>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(count);
    let mut first = 0;
    while first < count {
        let wave = TASKS_PER_WAVE.min(count - first);
        // A callback that says stop trips this control, but not those of later tasks: they are told here.
        let stopped = control.report(Phase::Solve, first as u64, f64::NAN, f64::NAN).err();
        let fork = control.forks();
        let results = team.map(wave, |k| {
            let mut own = fork();
            if let Some(stop) = stopped {
                own.halt(stop);
            }
            let result = task(first + k, &mut own);
            (result, own.work())
        });
        for (result, work) in results {
            control.count(work);
            found.push(result?);
        }
        first += wave;
    }
    Ok(found)
}
