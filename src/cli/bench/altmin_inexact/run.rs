//! One run of alternating minimization under a rule.

use super::super::altmin_problem::Problem;
use super::rules::{Inner, Rule};
use southwell::altmin::alternation::{Alternation, Factors, Manner, Side};
use southwell::altmin::angle::distance;
use southwell::altmin::half_step::{Damping, HalfReport, HalfStep, Solver};
use southwell::altmin::observations::{Entries, Observations, Repeats};
use southwell::altmin::regression::Accuracy;
use southwell::altmin::sketched::Sketching;
use southwell::altmin::start::{DEPTH, SparseMatrix, clip};
use southwell::numerics::tall::Tall;
use southwell::runtime::Control;
use southwell::runtime::parallel::Team;

/// The relative error over all entries that ends a run.
pub const GOAL: f64 = 1e-6;
/// Outer iterations at most.
const MOST: usize = 100;
const MOST_RAW: usize = 300;
const MOST_QUICK: usize = 60;
/// From this error on a run has diverged.
const LOST: f64 = 1e3;
/// The share of `theta s_k / sqrt(n)` in inequality (B).
const SHARE: f64 = 0.09;
/// What lambda_min of a row's Gram matrix is taken for, beside the row's share of the whole.
const ROW_EIGENVALUE: f64 = 0.1;
/// Of the sketches: the size of practice, about twice the rank for sparse signs.
const DISTORTION: f64 = 0.7;

/// A problem, ready to be solved.
pub struct Data {
    problem: Problem,
    observations: Observations<f64>,
    start: Factors<f64>,
    /// `|M|`, over all entries.
    size: f64,
    seed: u64,
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The relative error after each outer iteration, the start first.
    pub error: Vec<f64>,
    /// Inner steps for each row, by outer iteration.
    pub steps: Vec<f64>,
    /// For each outer iteration the worst of a row's error beside what inequality (B) allows; NaN where the factor is
    /// not orthonormal, and after the first violation.
    pub share: Vec<f64>,
}

impl Trace {
    /// Outer iterations to the goal.
    pub fn reached(&self) -> Option<usize> {
        self.error.iter().position(|e| *e <= GOAL)
    }

    /// Whether every row of every half-step satisfied inequality (B).
    pub fn satisfied(&self) -> bool {
        !self.share.is_empty() && self.share.iter().all(|s| *s <= 1.0)
    }

    /// Inner steps for each row in the mean.
    pub fn mean_steps(&self) -> f64 {
        self.steps.iter().sum::<f64>() / self.steps.len().max(1) as f64
    }
}

impl Data {
    pub fn new(problem: Problem, seed: u64) -> Self {
        let control = &mut Control::new();
        let (rows, cols, rank) = (problem.rows, problem.cols, problem.singular.len());
        let entries =
            Entries { rows, cols, row: &problem.row, col: &problem.col, value: &problem.value, weight: None };
        let observations = Observations::new(entries, Repeats::Error, control).expect("cells are distinct");
        let matrix = SparseMatrix::rescaled(&observations, true);
        let found = matrix.leading(rank, DEPTH, seed, &Team::solo(), control).expect("the rank is possible");
        let mut found = found.expect("nothing stops it");
        clip(&mut found.left, &Team::solo(), control).expect("nothing stops it");
        let mut start = Factors { u: found.left, v: found.right };
        for j in 0..cols {
            start.v.row_mut(j).iter_mut().zip(&found.singular).for_each(|(v, s)| *v *= s);
        }
        let size = problem.singular.iter().map(|s| s * s).sum::<f64>().sqrt();
        Self { problem, observations, start, size, seed }
    }

    /// `|U V' - M| / |M|`, entry by entry: through products of factors small errors would drown.
    fn error(&self, found: &Factors<f64>) -> f64 {
        let (p, k) = (&self.problem, self.problem.singular.len());
        let mut squares = 0.0;
        let mut left = vec![0.0; 2 * k];
        let right: Vec<Vec<f64>> = (0..p.cols).map(|j| [found.v.row(j), p.v.row(j)].concat()).collect();
        for i in 0..p.rows {
            left[..k].copy_from_slice(found.u.row(i));
            for (l, out) in left[k..].iter_mut().enumerate() {
                *out = -p.u.row(i)[l] * p.singular[l];
            }
            squares += right
                .iter()
                .map(|right| left.iter().zip(right).map(|(l, r)| l * r).sum::<f64>().powi(2))
                .sum::<f64>();
        }
        squares.sqrt() / self.size
    }
}

/// Runs a rule until the goal, or until it will not be met.
pub fn run(data: &Data, rule: &Rule, quick: bool) -> Trace {
    let mut factors = data.start.clone();
    let mut trace = Trace { error: vec![data.error(&factors)], ..Trace::default() };
    let most = match rule.inner {
        _ if quick => MOST_QUICK,
        Inner::Raw(_) => MOST_RAW,
        _ => MOST,
    };
    let mut satisfied = true;
    for outer in 0..most {
        let inner = if outer < rule.exact_first { Inner::Exact } else { rule.inner };
        let (mut steps, mut share) = (0.0, 0.0_f64);
        for (half, side) in [Side::Columns, Side::Rows].into_iter().enumerate() {
            let (report, off) =
                half_step(data, &mut factors, side, inner, (2 * outer + half) as u64, satisfied);
            steps += report.steps as f64 / (data.problem.rows + data.problem.cols) as f64;
            share = if off.is_nan() || share.is_nan() { f64::NAN } else { share.max(off) };
        }
        // Once violated, the inequality need not be looked at any more.
        satisfied &= share <= 1.0;
        let error = data.error(&factors);
        trace.error.push(error);
        trace.steps.push(steps);
        trace.share.push(share);
        if error <= GOAL || !(error < LOST) {
            break;
        }
    }
    trace
}

/// A half-step, and, where it is `checked`, the worst of a row's error beside what inequality (B) allows.
fn half_step(
    data: &Data,
    factors: &mut Factors<f64>,
    side: Side,
    inner: Inner,
    step: u64,
    checked: bool,
) -> (HalfReport, f64) {
    let (team, control) = (Team::solo(), &mut Control::new());
    let observations = &data.observations;
    if let Inner::Raw(steps) = inner {
        let (lines, fixed, moving) = parts(observations, factors, side);
        // All directions alike: no preconditioner.
        let curvature = vec![1.0; fixed.cols()];
        let accuracy = Accuracy { reduction: 0.0, gradient: 0.0, max_steps: steps };
        let half = HalfStep {
            lines,
            fixed,
            curvature: &curvature,
            shift: None,
            damping: Damping::default(),
            prior: None,
            accuracy,
            solver: Solver::ConjugateGradient,
        };
        return (half.run(moving, &team, control).expect("nothing stops it"), f64::NAN);
    }
    // What (B) allows: by the true error of the factor that is fixed, and the true smallest singular value, 1.
    let truth = if side == Side::Columns { &data.problem.u } else { &data.problem.v };
    let theta = {
        let (_, fixed, _) = parts(observations, factors, side);
        let mut basis = fixed.clone();
        southwell::altmin::basis::orthonormalize(&mut basis, None, &team, control).expect("nothing stops it");
        distance(truth, &basis, &team, control).expect("memory").expect("nothing stops it")
    };
    let n = if side == Side::Columns { data.problem.cols } else { data.problem.rows };
    let allowed = SHARE * theta / (n as f64).sqrt();
    let fall = |reduction: f64| Accuracy { reduction, gradient: 0.0, max_steps: usize::MAX };
    let sketched = |family, error| {
        let seed = data.seed.wrapping_mul(1 << 32).wrapping_add(step);
        Solver::Sketched(Sketching { family, distortion: DISTORTION, failure: None, error, seed })
    };
    let (solver, accuracy) = match inner {
        Inner::Exact | Inner::Raw(_) => (Solver::Direct, fall(0.5)),
        Inner::Steps(max_steps) => {
            (Solver::ConjugateGradient, Accuracy { reduction: 0.0, gradient: 0.0, max_steps })
        }
        Inner::Reduction(reduction) => (Solver::ConjugateGradient, fall(reduction)),
        Inner::Sketched(family, reduction) => (sketched(family, 0.0), fall(reduction)),
        Inner::SketchedInequality(family) => (sketched(family, allowed), fall(0.0)),
        Inner::Inequality => {
            let gradient = ROW_EIGENVALUE * allowed / truth.rows() as f64;
            (Solver::ConjugateGradient, Accuracy { reduction: 0.0, gradient, max_steps: usize::MAX })
        }
    };
    let manner = Manner { orthonormal: true, damping: Damping::default(), accuracy, solver };
    let alternation = Alternation { observations, prior: None, team: &team };
    let report = alternation.half_step(factors, side, manner, control).expect("nothing stops it").half;
    if !checked {
        return (report, f64::NAN);
    }
    let (lines, fixed, moving) = parts(observations, factors, side);
    let curvature = vec![1.0; fixed.cols()];
    let direct = HalfStep {
        lines,
        fixed,
        curvature: &curvature,
        shift: None,
        damping: Damping::default(),
        prior: None,
        accuracy: fall(0.5),
        solver: Solver::Direct,
    };
    let mut exact = moving.clone();
    direct.run(&mut exact, &team, control).expect("nothing stops it");
    let off =
        |j: usize| exact.row(j).iter().zip(moving.row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let worst = (0..exact.rows()).map(off).fold(0.0, f64::max);
    (report, worst / allowed)
}

/// The lines of the factor that moves, the factor that is fixed, and the one that moves.
fn parts<'a>(
    observations: &'a Observations<f64>,
    factors: &'a mut Factors<f64>,
    side: Side,
) -> (&'a southwell::altmin::observations::Lines<f64>, &'a Tall<f64>, &'a mut Tall<f64>) {
    match side {
        Side::Columns => (observations.by_col(), &factors.u, &mut factors.v),
        Side::Rows => (observations.by_row(), &factors.v, &mut factors.u),
    }
}
