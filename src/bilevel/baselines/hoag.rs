//! HOAG (Pedregosa, ICML 2016): one step per iteration with a step size that follows the upper value after the
//! fact, and an accuracy that falls by a sequence given in advance.
//!
//! At iteration `k`: `x` to `eps_k`, `q` to `eps_k`, `z`. First `L = |z_0| / sqrt(d)` (1 where `|z_0|` is at most
//! `1e-3`), unless the option `step` gives `1/L`. With `t = |z|/L`:
//!
//! * `g_k <= g_(k-1) + eps_k/4 + 5/4 eps_(k-1) t - L t^2`: `L = 0.95 L`, take the step `z/L`;
//! * else `g_k >= 1.2 g_(k-1)`: `L = 2 L`, back to the last `theta`, `eps` halved from there on;
//! * else take the step.
//!
//! The released program takes the step before the test, and once more in each branch that does not go back, to where
//! the iteration began.

use super::Run;
use crate::bilevel::evaluate::Warm;
use crate::bilevel::interrupt::Tried;
use crate::bilevel::metric::norm;
use crate::bilevel::settings::{ACCURACY, Sequence};
use crate::bilevel::stopping::stationary;
use crate::runtime::{Control, Outcome, Phase};

/// The least accuracy.
const FLOOR: f64 = 1e-12;

/// Whose rule steps follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// That of the paper.
    Published,
    /// That of its program.
    Released,
}

/// The iterate before.
struct Last {
    theta: Vec<f64>,
    value: f64,
    eps: f64,
}

/// `eps_k` for `k = 1, 2, ..`, from `first`.
pub fn accuracy(sequence: Sequence, first: f64, k: u64) -> f64 {
    let k = k.max(1) as f64;
    let share = match sequence {
        Sequence::Geometric => 0.9_f64.powf(k),
        Sequence::Quadratic => 1.0 / (k * k),
        Sequence::Cubic => 1.0 / (k * k * k),
    };
    (first * share).max(FLOOR)
}

/// Runs until the hypergradient is small or a limit is met.
pub fn run(run: &mut Run<'_, '_>, start: &[f64], rule: Rule, control: &mut Control<'_>) -> Tried<Outcome> {
    let settings = run.evaluator.settings;
    let first = settings.eps.unwrap_or(ACCURACY);
    let most = settings.max_lower_products;
    let mut theta = start.to_vec();
    let mut last = Last { theta: start.to_vec(), value: f64::INFINITY, eps: first };
    let (mut l, mut halved, mut reference) = (settings.alpha.map(|alpha| 1.0 / alpha), 1.0, 0.0);
    loop {
        let eps = (accuracy(settings.sequence, first, run.iterations + 1) * halved).max(FLOOR);
        let warm = run.best.take();
        let from = warm.as_ref().map_or(Warm::Cold, Warm::From);
        let lower = run.evaluator.lower(&theta, from, eps, most, control);
        if lower.is_err() {
            run.best = warm;
        }
        let mut point = lower?;
        if run.iterations == 0 {
            run.evaluator.choose_mode(&point);
        }
        let found = run.hypergradient(&mut point, eps, control);
        let value = point.mean(|s| s.upper.value) + point.regularizer;
        run.best = Some(point);
        let z = found?;
        let (size, free) = (norm(&z), norm(&run.bounds.free(&theta, &z)));
        if run.iterations == 0 {
            reference = free;
        }
        control.report(Phase::Solve, run.iterations, value, free)?;
        if free <= stationary(settings, reference, run.bounds) {
            return Ok(Outcome::Converged);
        }
        if run.iterations >= settings.max_iterations {
            return Ok(Outcome::IterationLimit);
        }
        run.iterations += 1;
        let first_l = if size > 1e-3 { size / (theta.len() as f64).sqrt() } else { 1.0 };
        let l = l.get_or_insert(first_l);
        let here = theta.clone();
        let mut step = |times: u32, l: f64| {
            for _ in 0..times {
                theta.iter_mut().zip(&z).for_each(|(t, z)| *t -= z / l);
                run.bounds.project(&mut theta);
            }
        };
        let (times, t) = (if rule == Rule::Released { 2 } else { 1 }, size / *l);
        if value <= last.value + 0.25 * eps + 1.25 * last.eps * t - *l * t * t {
            let before = *l;
            // In the first iteration there is nothing to grow from.
            if rule == Rule::Released || last.value.is_finite() {
                *l *= 0.95;
            }
            step(times, if rule == Rule::Released { before } else { *l });
        } else if value >= 1.2 * last.value {
            *l *= 2.0;
            halved *= 0.5;
            if rule == Rule::Published {
                theta.clone_from(&last.theta);
            }
        } else {
            step(times, *l);
        }
        last = Last { theta: here, value, eps };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t5_the_sequences_reach_a_millionth_where_they_should() {
        let first_below =
            |sequence, first: f64| (1..10_000).find(|k| accuracy(sequence, first, *k) <= 1e-6).unwrap();
        // From 0.1, as published: at about 110, 316 and 46, which is where the closed forms cross it.
        for (sequence, about, crossing) in [
            (Sequence::Geometric, 110, 1e-5_f64.ln() / 0.9_f64.ln()),
            (Sequence::Quadratic, 316, 1e5_f64.sqrt()),
            (Sequence::Cubic, 46, 1e5_f64.cbrt()),
        ] {
            assert_eq!(first_below(sequence, 0.1), crossing.ceil() as u64);
            assert!((crossing - about as f64).abs() < 1.0, "{crossing}");
            let there = accuracy(sequence, 0.1, about);
            assert!((0.9e-6..1.1e-6).contains(&there), "{there}");
        }
        assert_eq!(accuracy(Sequence::Cubic, 0.1, 1_000_000), FLOOR);
    }
}
