//! Constant accuracies: the lower level to `eps`, the adjoint to `delta`, throughout. With the line search of MAID
//! (which fails for good where the accuracies are too loose), or with a constant step.

use super::Run;
use crate::bilevel::accuracy::Accuracy;
use crate::bilevel::evaluate::Warm;
use crate::bilevel::interrupt::{Interrupt, Tried};
use crate::bilevel::interval::interval;
use crate::bilevel::metric::norm;
use crate::bilevel::point::Point;
use crate::bilevel::settings::{ACCURACY, STEP};
use crate::bilevel::solution::{Decision, TraceRow};
use crate::bilevel::stopping::stationary;
use crate::numerics::kernels::dot;
use crate::runtime::{Control, Outcome, Phase};

/// Runs until the hypergradient is small, no step descends, or a limit is met.
pub fn run(
    run: &mut Run<'_, '_>,
    start: &[f64],
    constant_step: bool,
    control: &mut Control<'_>,
) -> Tried<Outcome> {
    let settings = run.evaluator.settings;
    let (eps, delta) = (settings.eps.unwrap_or(ACCURACY), settings.delta.unwrap_or(ACCURACY));
    let mut alpha = settings.alpha.unwrap_or(STEP);
    let most = settings.max_lower_products;
    let mut point = run.evaluator.lower(start, Warm::Cold, eps, most, control)?;
    run.evaluator.choose_mode(&point);
    let mut first = None;
    loop {
        let z = run.hypergradient(&mut point, delta, control)?;
        let size = norm(&run.bounds.free(&point.theta, &z));
        run.best = Some(point.clone());
        let range = interval(&point, run.evaluator.mode, settings.corrected);
        control.report(Phase::Solve, run.iterations, range.upper, size)?;
        let reference = *first.get_or_insert(size);
        if size <= stationary(settings, reference, run.bounds) {
            return Ok(Outcome::Converged);
        }
        if run.iterations >= settings.max_iterations {
            return Ok(Outcome::IterationLimit);
        }
        let next = if constant_step {
            let theta = step(run, &point, &z, alpha);
            Some(run.evaluator.lower(&theta, Warm::From(&point), eps, most, control)?)
        } else {
            search(run, &point, &z, &mut alpha, control)?
        };
        let Some(next) = next else { return Ok(Outcome::Stalled) };
        point = next;
        run.iterations += 1;
    }
}

fn step(run: &Run<'_, '_>, point: &Point, z: &[f64], alpha: f64) -> Vec<f64> {
    let mut theta: Vec<f64> = point.theta.iter().zip(z).map(|(t, z)| t - alpha * z).collect();
    run.bounds.project(&mut theta);
    theta
}

/// The next point, with `alpha` grown for the step after it; `None` where no trial descends for certain.
fn search(
    run: &mut Run<'_, '_>,
    point: &Point,
    z: &[f64],
    alpha: &mut f64,
    control: &mut Control<'_>,
) -> Tried<Option<Point>> {
    let settings = run.evaluator.settings;
    let (eps, delta) = (settings.eps.unwrap_or(ACCURACY), settings.delta.unwrap_or(ACCURACY));
    let here = interval(point, run.evaluator.mode, settings.corrected);
    let accuracy = Accuracy { eps, delta };
    let mut length = *alpha;
    for _ in 0..settings.backtracks {
        let theta = step(run, point, z, length);
        let s: Vec<f64> = theta.iter().zip(&point.theta).map(|(a, b)| a - b).collect();
        run.evaluator.counts.trials += 1;
        let most = settings.max_lower_products;
        let required = settings.lambda * dot(&s, z);
        let row = |decision, left, upper| {
            TraceRow::new(run.iterations, decision, left, required).with_trial(length, upper)
        };
        let row = match run.evaluator.lower(&theta, Warm::From(point), eps, most, control) {
            Ok(mut trial) => {
                if settings.corrected {
                    run.evaluator.adjoints(&mut trial, delta, control)?;
                }
                let there = interval(&trial, run.evaluator.mode, settings.corrected);
                let rise = there.upper - here.lower;
                if rise <= required {
                    *alpha = settings.rho_bar * length;
                    run.note(row(Decision::Accepted, rise, there.upper), &accuracy);
                    return Ok(Some(trial));
                }
                row(Decision::NotCertain, rise, there.upper)
            }
            Err(Interrupt::Flaw(flaw)) if !flaw.is_contradiction() => {
                row(Decision::Rejected, f64::INFINITY, f64::NAN)
            }
            Err(other) => return Err(other),
        };
        run.note(row, &accuracy);
        length *= settings.rho;
    }
    Ok(None)
}
