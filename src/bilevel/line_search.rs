//! Inexact sufficient decrease with backtracking (arXiv 2308.10098, Lemma 3.5): a step
//! `s = P(theta + alpha p) - theta` is taken where
//!
//! `psi = Up(theta + s) - Lo(theta) - lambda <s, z> <= 0`,
//!
//! which gives `f(theta + s) <= f(theta) + lambda <s, z>` whatever the error of `z` is, for certain where both
//! intervals are proven.
//!
//! Beyond the paper: a trial that is too long for certain is told apart from one that is only not certain; for the
//! latter the accuracies are tightened at once instead of the step. A rough solve comes first, to see the former
//! early.

use super::accuracy::Accuracy;
use super::bounds::Bounds;
use super::direction::Direction;
use super::evaluate::{Evaluator, Warm};
use super::hypergradient::InexactGradient;
use super::interrupt::{Flaw, Interrupt, Tried};
use super::interval::{Interval, interval};
use super::lower::Reached;
use super::point::Point;
use super::progress::Progress;
use super::settings::{CertificateMode, Method};
use super::solution::{Decision, TraceRow};
use crate::numerics::kernels::dot;
use crate::runtime::error::mapped;
use crate::runtime::{Control, Result};

/// How much rougher than asked for the first solve at a trial is.
const ROUGH: f64 = 100.0;

/// The most that one trial shortens the next.
const LEAST_SHRINK: f64 = 0.1;

/// What a line search is given.
pub struct LineSearch<'s> {
    pub point: &'s Point,
    pub interval: Interval,
    pub gradient: &'s InexactGradient,
    pub bounds: &'s Bounds,
    pub accuracy: Accuracy,
    pub iteration: u64,
    /// Trials at most.
    pub trials: u64,
    /// Where the lower solve of the first trial starts, if not at `point`.
    pub warm: Option<&'s Point>,
}

/// A step that is taken.
#[derive(Debug)]
pub struct Step {
    pub point: Point,
    pub alpha: f64,
    /// How many times as wide the intervals might have been.
    pub slack: f64,
}

/// How a line search ended.
#[derive(Debug)]
pub enum Found {
    /// With a step.
    Step(Box<Step>),
    /// With a trial that would do if intervals were narrower: by this factor.
    Undecided {
        /// What their widths have to be multiplied by.
        factor: f64,
        /// Its length.
        alpha: f64,
        /// The point.
        trial: Box<Point>,
    },
    /// With too many trials; the last flaw, if every one of them had one.
    Exhausted(Option<Flaw>),
    /// With steps too short to move.
    Still,
}

/// Searches along a direction.
pub fn line_search(
    evaluator: &mut Evaluator<'_>,
    search: &LineSearch<'_>,
    direction: &Direction,
    progress: &mut Progress,
    trace: &mut Vec<TraceRow>,
    control: &mut Control<'_>,
) -> Tried<Found> {
    let settings = evaluator.settings;
    let (mut alpha, mut flaw, mut sound) = (direction.alpha, None, false);
    for trial in 0..search.trials {
        let (theta, slope) = search.trial(direction, alpha)?;
        if theta == search.point.theta {
            return Ok(Found::Still);
        }
        if !(slope < 0.0) {
            // The projection has bent the step too far.
            alpha *= settings.rho;
            continue;
        }
        evaluator.counts.trials += 1;
        evaluator.hardest = 0;
        let warm = search.warm.filter(|_| trial == 0).unwrap_or(search.point);
        let required = settings.lambda * slope;
        let tried = evaluate(evaluator, search, progress, &theta, warm, required, control);
        let row = |decision, left, upper| {
            TraceRow::new(search.iteration, decision, left, required).with_trial(alpha, upper)
        };
        let mut shrink = settings.rho;
        let (decision, row) = match tried {
            Ok(Trial { point, interval, early }) => {
                progress.note_effort(evaluator.hardest);
                sound = true;
                let rise = interval.upper - search.interval.lower;
                let least_rise = interval.lower - search.interval.upper;
                let middle_rise = interval.middle() - search.interval.middle();
                if rise <= required && !early {
                    evaluator.note(trace, row(Decision::Accepted, rise, interval.upper), &search.accuracy);
                    let width = 0.5 * (interval.width() + search.interval.width());
                    let slack = (required - middle_rise) / width;
                    return Ok(Found::Step(Box::new(Step { point, alpha, slack })));
                }
                if settings.method == Method::Maid {
                    shrink = settings.rho.min(parabola(slope, if early { least_rise } else { middle_rise }));
                }
                if early || least_rise > required {
                    (None, row(Decision::TooLong, least_rise, interval.upper))
                } else {
                    let factor = search.narrowing(&interval, required, (trial == 0).then_some(slope));
                    let undecided = factor.filter(|_| settings.method == Method::Maid);
                    let row = row(Decision::NotCertain, rise, interval.upper);
                    (undecided.map(|factor| (factor, point)), row)
                }
            }
            Err(Interrupt::Flaw(found)) if found.is_contradiction() => return Err(found.into()),
            Err(Interrupt::Flaw(found)) => {
                flaw = Some(found);
                (None, row(Decision::Rejected, f64::INFINITY, f64::NAN))
            }
            Err(other) => return Err(other),
        };
        evaluator.note(trace, row, &search.accuracy);
        if let Some((factor, point)) = decision {
            return Ok(Found::Undecided { factor, alpha, trial: Box::new(point) });
        }
        alpha *= shrink;
    }
    Ok(Found::Exhausted(flaw.filter(|_| !sound)))
}

impl LineSearch<'_> {
    /// The trial point of a length, and `<s, z>`.
    fn trial(&self, direction: &Direction, alpha: f64) -> Result<(Vec<f64>, f64)> {
        let ahead = self.point.theta.iter().zip(&direction.p).map(|(t, p)| t + alpha * p);
        let mut theta = mapped("theta", ahead)?;
        self.bounds.project(&mut theta);
        let s = mapped("theta", theta.iter().zip(&self.point.theta).map(|(a, b)| a - b))?;
        let slope = dot(&s, &self.gradient.z);
        Ok((theta, slope))
    }

    /// By what factor widths have to shrink so that a trial whose middle descends enough is accepted; `None` where it
    /// does not. Before anything was cut (with a `slope`) also so that they are less than what the slope promises: a
    /// shorter step gains less, and what is seen of it is as wide.
    fn narrowing(&self, trial: &Interval, required: f64, slope: Option<f64>) -> Option<f64> {
        let surplus = required - (trial.middle() - self.interval.middle());
        let width = 0.5 * (trial.width() + self.interval.width());
        let can_shrink = !(trial.is_rounding() && self.interval.is_rounding());
        let wanted = match slope {
            Some(slope) if can_shrink && width > -slope => -slope,
            _ => surplus,
        };
        (wanted > 0.0 && width.is_finite()).then_some(0.5 * wanted / width)
    }
}

/// Where the parabola with this slope at 0 that has risen so far at 1 is least; not too near to 0, as a parabola it
/// need not be.
fn parabola(slope: f64, rise: f64) -> f64 {
    let least = -0.5 * slope / (rise - slope);
    if least.is_finite() { least.max(LEAST_SHRINK) } else { LEAST_SHRINK }
}

/// A trial point.
struct Trial {
    point: Point,
    interval: Interval,
    /// The rough solve has shown that the step is too long.
    early: bool,
}

fn evaluate(
    evaluator: &mut Evaluator<'_>,
    search: &LineSearch<'_>,
    progress: &Progress,
    theta: &[f64],
    warm: &Point,
    required: f64,
    control: &mut Control<'_>,
) -> Tried<Trial> {
    let (settings, mode) = (evaluator.settings, evaluator.mode);
    let budget = progress.budget(settings.trial_budget, settings.max_lower_products);
    let eps = search.accuracy.eps;
    let maid = settings.method == Method::Maid;
    let first = if maid { ROUGH * eps } else { eps };
    let mut point = evaluator.lower(theta, Warm::From(warm), first, budget, control)?;
    if maid {
        // Without an adjoint this is the plain interval, which holds in every mode; without a mu it is a guess, and all
        // that is lost by a wrong one is a longer step.
        let rough = interval(&point, CertificateMode::Off, false);
        if rough.lower - search.interval.upper > required {
            return Ok(Trial { point, interval: rough, early: true });
        }
        evaluator.refine(&mut point, eps, budget, control)?;
    }
    if let Some(sample) = point.samples.iter().position(|s| s.reached == Reached::Limit) {
        return Err(Flaw::OverBudget { sample }.into());
    }
    if settings.corrected {
        evaluator.adjoints(&mut point, search.accuracy.delta, control)?;
    }
    let interval = interval(&point, mode, settings.corrected);
    if interval.lower > interval.upper {
        return Err(Flaw::Contradiction { upper: interval.upper, lower: interval.lower }.into());
    }
    Ok(Trial { point, interval, early: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_least_where_it_is() {
        // f(t) = -2 t + 5 t^2, least at 0.2.
        assert!((parabola(-2.0, 3.0) - 0.2).abs() < 1e-15);
        assert_eq!((parabola(-1.0, 1e9), parabola(-1.0, f64::NAN)), (LEAST_SHRINK, LEAST_SHRINK));
    }
}
