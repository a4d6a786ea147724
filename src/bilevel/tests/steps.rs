//! A solve step by step, each held against what it promised.

use super::options;
use crate::bilevel::Problem;
use crate::bilevel::solution::Decision;
use crate::bilevel::solve::solve;
use crate::runtime::{Control, Outcome};

/// Takes up to `most` steps from `start` with the options `set`; each must decrease `f`, the exact upper value, by what
/// its row of the trace promises. How many there were.
pub fn steps_keep_their_promise(
    problem: &dyn Problem,
    start: &[f64],
    set: &[(&str, &str)],
    most: u64,
    f: impl Fn(&[f64]) -> f64,
) -> u64 {
    let (mut theta, mut last, mut resume, mut taken) = (start.to_vec(), f(start), None, 0);
    for k in 1..=most {
        let k = k.to_string();
        let mut set = set.to_vec();
        set.extend([("max_iterations", &k[..]), ("trace", "true")]);
        let found = solve(problem, &theta, &options(&set), resume.as_ref(), &mut Control::new()).unwrap();
        let now = f(&found.theta);
        if let Some(row) = found.trace.iter().rfind(|row| row.decision == Decision::Accepted) {
            assert!(row.left <= row.right && row.right < 0.0, "{row:?}");
            assert!(
                now <= last + row.right + 1e-13 * (now.abs() + last.abs()),
                "{set:?}: {last} {now} {row:?}"
            );
            taken += 1;
        }
        (last, theta) = (now, found.theta);
        resume = found.checkpoint;
        if found.outcome != Outcome::IterationLimit {
            break;
        }
    }
    taken
}
