//! Grid and random search over the box, at constant accuracy: what a method with derivatives has to beat.

use super::Run;
use crate::bilevel::evaluate::Warm;
use crate::bilevel::interrupt::{Interrupt, Tried};
use crate::bilevel::interval::interval;
use crate::bilevel::settings::ACCURACY;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Outcome, Phase};

/// Evaluations where `max_iterations` is left at its default.
const EVALUATIONS: u64 = 100;

/// A side of the box that is not finite is cut to this around the start.
const REACH: f64 = 10.0;

/// Which points are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    /// As many equally spaced values for each parameter as fit.
    Grid,
    /// Uniform ones.
    Random,
}

/// Evaluates the points one by one, each warm started at the best; the one of least upper end is the answer.
pub fn run(
    run: &mut Run<'_, '_>,
    start: &[f64],
    points: Points,
    control: &mut Control<'_>,
) -> Tried<Outcome> {
    let settings = run.evaluator.settings;
    let (eps, delta) = (settings.eps.unwrap_or(ACCURACY), settings.delta.unwrap_or(ACCURACY));
    let count = if settings.max_iterations < 100_000 { settings.max_iterations } else { EVALUATIONS };
    let side: Vec<(f64, f64)> = (0..start.len())
        .map(|j| {
            let finite = |bound: f64, other: f64| if bound.is_finite() { bound } else { other };
            let (lower, upper) = (run.bounds.lower[j], run.bounds.upper[j]);
            (finite(lower, start[j] - REACH), finite(upper, start[j] + REACH))
        })
        .collect();
    // The largest number of values to a parameter whose grid is within the count.
    let values = (1..=count).take_while(|v| power(*v, start.len()) <= count).last().unwrap_or(1);
    let total = if points == Points::Grid { power(values, start.len()) } else { count };
    let mut least = f64::INFINITY;
    for k in 0..=total {
        // The start comes first, so that there is an answer.
        let theta = match (k, points) {
            (0, _) => start.to_vec(),
            (_, Points::Grid) => grid_point(k - 1, values, &side),
            (_, Points::Random) => random_point(settings.seed, k, &side),
        };
        let warm = run.best.as_ref().map_or(Warm::Cold, Warm::From);
        let tried = run.evaluator.lower(&theta, warm, eps, settings.max_lower_products, control);
        run.iterations += u64::from(k > 0);
        let mut point = match tried {
            Ok(point) => point,
            Err(Interrupt::Flaw(flaw)) if k > 0 && !flaw.is_contradiction() => continue,
            Err(other) => return Err(other),
        };
        if k == 0 {
            run.evaluator.choose_mode(&point);
        }
        if settings.corrected {
            run.evaluator.adjoints(&mut point, delta, control)?;
        }
        let upper = interval(&point, run.evaluator.mode, settings.corrected).upper;
        if upper < least || k == 0 {
            least = upper;
            run.best = Some(point);
        }
        control.report(Phase::Solve, run.iterations, least, f64::NAN)?;
    }
    if let Some(mut best) = run.best.take() {
        let found = run.hypergradient(&mut best, delta, control);
        run.best = Some(best);
        found?;
    }
    Ok(Outcome::IterationLimit)
}

fn power(values: u64, d: usize) -> u64 {
    u32::try_from(d).ok().and_then(|d| values.checked_pow(d)).unwrap_or(u64::MAX)
}

/// Point `k` of the grid: its digits to the base `values`, the first parameter's fastest.
fn grid_point(k: u64, values: u64, side: &[(f64, f64)]) -> Vec<f64> {
    let mut rest = k;
    side.iter()
        .map(|(lower, upper)| {
            let digit = rest % values;
            rest /= values;
            if values == 1 {
                0.5 * (lower + upper)
            } else {
                lower + (upper - lower) * digit as f64 / (values - 1) as f64
            }
        })
        .collect()
}

fn random_point(seed: u64, k: u64, side: &[(f64, f64)]) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Search, k);
    side.iter().map(|(lower, upper)| lower + (upper - lower) * stream.uniform()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_its_corners_and_each_point_once() {
        let side = [(0.0, 1.0), (-1.0, 1.0)];
        let points: Vec<_> = (0..9).map(|k| grid_point(k, 3, &side)).collect();
        assert_eq!(
            (&points[0][..], &points[8][..], &points[4][..]),
            (&[0.0, -1.0][..], &[1.0, 1.0][..], &[0.5, 0.0][..])
        );
        assert!((0..9).all(|a| (0..a).all(|b| points[a] != points[b])));
        assert_eq!((power(3, 2), power(2, 64)), (9, u64::MAX));
    }
}
