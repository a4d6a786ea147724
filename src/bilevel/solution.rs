//! What a solve gives back.

use super::accuracy::Accuracy;
use super::bounds::Bounds;
use super::certificate::Certificate;
use super::checkpoint::Checkpoint;
use super::counts::Counts;
use super::doctor::Examination;
use super::evaluate::Evaluator;
use super::interrupt::Flaw;
use super::point::{Point, SamplePoint};
use crate::runtime::{Control, Outcome};

/// What was decided at a row of the trace, and by which inequality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The hypergradient is not certain enough: `omega > (1 - eta) |z|`.
    Refined,
    /// A step is taken: `Up(theta+) - Lo(theta) <= lambda <s, z>`.
    Accepted,
    /// A step is too long for certain: `Lo(theta+) - Up(theta) > lambda <s, z>`.
    TooLong,
    /// A step is not certain to descend: `Up(theta+) - Lo(theta) > lambda <s, z>`.
    NotCertain,
    /// The trial point cannot be evaluated, or takes too much work.
    Rejected,
    /// A line search ended without a step: accuracies are tightened.
    Tightened,
}

/// A row of the trace: `left` and `right` are the sides of the inequality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceRow {
    /// Steps accepted before.
    pub iteration: u64,
    /// What was decided.
    pub decision: Decision,
    /// The left side.
    pub left: f64,
    /// The right side.
    pub right: f64,
    /// The length of the trial along its direction; NaN where there is none.
    pub alpha: f64,
    /// The upper end of the interval at the trial (or the current) point; NaN where there is none.
    pub upper: f64,
    /// The lower accuracy asked for.
    pub eps: f64,
    /// The adjoint accuracy asked for.
    pub delta: f64,
    /// Gradients and Hessian products so far.
    pub products: u64,
}

impl TraceRow {
    /// A row without a trial.
    pub fn new(iteration: u64, decision: Decision, left: f64, right: f64) -> Self {
        let nan = f64::NAN;
        Self { iteration, decision, left, right, alpha: nan, upper: nan, eps: nan, delta: nan, products: 0 }
    }

    /// With the accuracies and the work.
    #[must_use]
    pub fn at(self, evaluator: &Evaluator<'_>, accuracy: &Accuracy) -> Self {
        let products = evaluator.counts.products();
        Self { eps: accuracy.eps, delta: accuracy.delta, products, ..self }
    }

    /// With a trial.
    #[must_use]
    pub fn with_trial(self, alpha: f64, upper: f64) -> Self {
        Self { alpha, upper, ..self }
    }
}

/// The answer of a solve: valid however it ended.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The parameters, of length `d`.
    pub theta: Vec<f64>,
    /// The lower solution of each sample; empty where the solve was stopped before there was one.
    pub x: Vec<Vec<f64>>,
    /// The adjoint of each sample.
    pub q: Vec<Vec<f64>>,
    /// The hypergradient `z`, of length `d`; NaN where it was not reached.
    pub hypergradient: Vec<f64>,
    /// What is certain of all that: the interval of the upper value, the error bound of the hypergradient, the
    /// accuracies.
    pub certificate: Certificate,
    /// How the solve ended.
    pub outcome: Outcome,
    /// What was wrong, where something was.
    pub flaw: Option<Flaw>,
    /// What the doctor found, where line searches made it look.
    pub examination: Option<Examination>,
    /// Steps taken.
    pub iterations: u64,
    /// Line searches that failed at their accuracy.
    pub failures: u64,
    /// The start was outside of the box and was projected.
    pub projected: bool,
    /// Parameters at a bound.
    pub active: Vec<usize>,
    /// The work, by kind.
    pub counts: Counts,
    /// The work in flops.
    pub work: u64,
    /// Seconds.
    pub seconds: f64,
    /// Every decision, with the option `trace`.
    pub trace: Vec<TraceRow>,
    /// Where the solve can go on; `None` for methods that cannot.
    pub checkpoint: Option<Checkpoint>,
}

impl Solution {
    /// That of the point where a method ended (`None`: before there was one).
    pub fn at(
        evaluator: &Evaluator<'_>,
        bounds: &Bounds,
        point: Option<&Point>,
        (start, outcome): (&[f64], Outcome),
        control: &Control<'_>,
    ) -> Self {
        let theta = point.map_or_else(|| start.to_vec(), |p| p.theta.clone());
        let unknown = vec![f64::NAN; theta.len()];
        let corrected = evaluator.settings.corrected;
        let certificate = point.map_or_else(
            || Certificate::none(evaluator.mode),
            |p| Certificate::of(p, evaluator.mode, corrected, bounds),
        );
        let of = |take: fn(&SamplePoint) -> &Vec<f64>| {
            point.map_or_else(Vec::new, |p| p.samples.iter().map(|s| take(s).clone()).collect())
        };
        Self {
            x: of(|s| &s.lower.x),
            q: of(|s| &s.q),
            hypergradient: point.and_then(Point::hypergradient).unwrap_or(unknown),
            certificate,
            outcome,
            flaw: None,
            examination: None,
            iterations: 0,
            failures: 0,
            projected: false,
            active: bounds.active(&theta),
            counts: evaluator.counts,
            work: control.work(),
            seconds: control.seconds(),
            trace: Vec::new(),
            checkpoint: None,
            theta,
        }
    }
}
