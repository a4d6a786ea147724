//! What MAID is compared with, in the same code and counted the same way.
//!
//! | method | file |
//! |---|---|
//! | constant accuracies, with a line search or a constant step | [`fixed`] |
//! | HOAG (Pedregosa 2016), as in the paper or as released | [`hoag`] |
//! | derivative-free trust region with dynamic accuracy (Ehrhardt and Roberts 2021) | [`dynamic`] |
//! | grid and random search | [`grid`] |

pub mod dynamic;
pub mod fixed;
pub mod grid;
pub mod hoag;

use super::accuracy::Accuracy;
use super::bounds::Bounds;
use super::evaluate::Evaluator;
use super::interrupt::{Interrupt, Tried};
use super::point::Point;
use super::settings::Method;
use super::solution::{Solution, TraceRow};
use crate::runtime::{Control, Error, ErrorKind, Outcome, Result, Stop};

/// A baseline at work: the best point that it has.
pub struct Run<'r, 'a> {
    pub evaluator: Evaluator<'a>,
    pub bounds: &'r Bounds,
    pub best: Option<Point>,
    pub iterations: u64,
    /// Trials of line searches, with the option `trace`.
    pub trace: Vec<TraceRow>,
}

/// Runs the baseline that the settings name.
pub fn solve(
    evaluator: Evaluator<'_>,
    bounds: &Bounds,
    start: &[f64],
    control: &mut Control<'_>,
) -> Result<Solution> {
    let method = evaluator.settings.method;
    let mut theta = start.to_vec();
    let projected = bounds.project(&mut theta);
    let mut run = Run { evaluator, bounds, best: None, iterations: 0, trace: Vec::new() };
    let ended = match method {
        Method::Hoag => hoag::run(&mut run, &theta, hoag::Rule::Published, control),
        Method::HoagReleased => hoag::run(&mut run, &theta, hoag::Rule::Released, control),
        Method::Dynamic => dynamic::run(&mut run, &theta, control),
        Method::Grid => grid::run(&mut run, &theta, grid::Points::Grid, control),
        Method::Random => grid::run(&mut run, &theta, grid::Points::Random, control),
        Method::FixedStep => fixed::run(&mut run, &theta, true, control),
        Method::Fixed => fixed::run(&mut run, &theta, false, control),
        Method::Maid | Method::Paper => Err(Error::new(ErrorKind::Internal, "baseline").into()),
    };
    let (outcome, flaw) = match ended {
        Ok(outcome) => (outcome, None),
        Err(Interrupt::Stop(Stop(outcome))) => (outcome, None),
        Err(Interrupt::Failed(error)) => return Err(error),
        Err(Interrupt::Flaw(flaw)) if run.best.is_none() => return Err(flaw.into_error()),
        Err(Interrupt::Flaw(flaw)) => (Outcome::Stalled, Some(flaw)),
    };
    let solution = Solution::at(&run.evaluator, bounds, run.best.as_ref(), (start, outcome), control);
    Ok(Solution { flaw, projected, iterations: run.iterations, trace: run.trace, ..solution })
}

impl Run<'_, '_> {
    /// A row of the trace, if one is kept.
    fn note(&mut self, row: TraceRow, accuracy: &Accuracy) {
        self.evaluator.note(&mut self.trace, row, accuracy);
    }

    /// The hypergradient of a point to an adjoint accuracy.
    pub fn hypergradient(
        &mut self,
        point: &mut Point,
        delta: f64,
        control: &mut Control<'_>,
    ) -> Tried<Vec<f64>> {
        self.evaluator.adjoints(point, delta, control)?;
        self.evaluator.mixed(point, control)?;
        Ok(point.hypergradient().unwrap_or_else(|| vec![f64::NAN; point.theta.len()]))
    }
}
