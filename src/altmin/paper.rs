//! The paper's method as it stands: for the comparison with what this library does by default.
//!
//! Input: the observations, the rank `k`, the number of rounds `T`.
//!
//! 1. Part the observations into `2T + 1` sets by a hash, so that every half-step sees entries that its fixed factor
//!    does not depend on (or let all see all).
//! 2. `U_0`: the `k` leading left singular vectors of `p^-1 P(M)` on set 0, rows that stick out cut back,
//!    orthonormalized.
//! 3. For `t = 0 .. T - 1`:
//!    1. orthonormalize `U_t`;
//!    2. `V_(t+1)`: regressions of all columns on set `2t + 1`, each by sketch and precondition, to the accuracy that
//!       is asked for;
//!    3. orthonormalize `V_(t+1)`;
//!    4. `U_(t+1)`: regressions of all rows on set `2t + 2`.
//! 4. `X = U_T V_T'`.
//!
//! What the analysis needs of each row (inequality B of section 1.9): `|e_j| <= 0.09 theta s_k / sqrt(n)`, where
//! `theta` is the distance of the fixed factor's column space from the truth's, `s_k` the smallest singular value and
//! `n` the number of rows. Each half-step reports the two sides of it.
//!
//! | here | there |
//! |---|---|
//! | `theta` | `dist(U_t, U*)`, from the distance of successive iterates |
//! | `smallest` | `s_k`, of the last iterate |
//! | `incoherence` | `mu_hat`, largest squared row length of the orthonormal factor times `n / k` |
//! | `allowed` | the right side of (B) |
//! | `half.error` | the left side, from the sketch |

use super::alternation::{Factors, Side, incoherence};
use super::angle::distance;
use super::basis::orthonormalize;
use super::half_step::{Damping, HalfReport, HalfStep, Solver};
use super::observations::Observations;
use super::regression::Accuracy;
use super::sampling;
use super::sketched::Sketching;
use super::start::{DEPTH, SparseMatrix, check_rank, clip};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// Which observations a half-step sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A set of its own, as the analysis wants.
    Independent,
    /// All of them.
    Reuse,
}

/// How accurate regressions are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// One small target for all: the (preconditioned) gradient falls by this factor. What the paper does.
    Fixed(f64),
    /// What inequality (B) asks for at the present error.
    Adaptive,
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The rank, `k`.
    pub rank: usize,
    /// Rounds of two half-steps, `T`, at least 1.
    pub rounds: usize,
    /// Which observations half-steps see.
    pub sampling: Sampling,
    /// The accuracy of regressions.
    pub rule: Rule,
    /// How rows are sketched; its seed is that of the first half-step, and the rule sets its error.
    pub sketching: Sketching,
    /// The seed of the parts and of the start.
    pub seed: u64,
}

/// A half-step, beside what the analysis asks of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which factor moved.
    pub side: Side,
    /// Observations that it saw.
    pub observations: usize,
    /// An estimate of the fixed factor's distance from the truth.
    pub theta: f64,
    /// An estimate of the smallest singular value of the matrix.
    pub smallest: f64,
    /// The incoherence of the fixed factor.
    pub incoherence: f64,
    /// The error of a row that inequality (B) allows.
    pub allowed: f64,
    /// Rows that had enough observations to be sketched; the others were solved directly.
    pub sketched: usize,
    /// The regressions; `half.error` is the largest error of a row.
    pub half: HalfReport,
}

impl Step {
    /// Whether every row was as accurate as the analysis asks.
    pub fn is_accurate(&self) -> bool {
        self.half.error <= self.allowed
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Completed<T> {
    /// `U_T` and `V_T`, the latter orthonormal.
    pub factors: Factors<T>,
    /// The half-steps.
    pub steps: Vec<Step>,
    /// Rows of the start that were cut back.
    pub clipped: usize,
}

/// The share of `theta s_k / sqrt(n)` that a row's error may have: then the errors contract as those of the exact
/// method.
const SHARE: f64 = 0.09;
/// The contraction of the analysis, where none was seen yet.
const CONTRACTION: f64 = 0.25;
/// Contractions seen are taken to be within these.
const SEEN: (f64, f64) = (0.05, 0.95);
/// Between the seeds of half-steps.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Runs the method. Errors: a rank beyond the sizes, no round, a distortion or a reduction outside `(0, 1)`, nothing
/// observed, no memory. The inner result is of the control.
pub fn complete<T: Real>(
    observations: &Observations<T>,
    plan: Plan,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Completed<T>, Stop>> {
    check(observations, &plan)?;
    let sets = 2 * plan.rounds + 1;
    let set = |s: usize| observations.filtered(|i, j| sampling::part(plan.seed, sets, i, j) == s);
    let own = (plan.sampling == Sampling::Independent).then(|| set(0)).transpose()?;
    let matrix = SparseMatrix::rescaled(own.as_ref().unwrap_or(observations), true);
    let mut start = stopped!(matrix.leading(plan.rank, DEPTH, plan.seed, team, control)?);
    let clipped = stopped!(clip(&mut start.left, team, control));
    let mut factors = Factors {
        u: Tall::zeros(observations.rows(), plan.rank)?,
        v: Tall::zeros(observations.cols(), plan.rank)?,
    };
    for i in 0..factors.u.rows() {
        factors.u.row_mut(i).iter_mut().zip(start.left.row(i)).for_each(|(u, l)| *u = T::narrow(*l));
    }
    let mut theory = Theory {
        smallest: start.singular[plan.rank - 1],
        theta: 0.5,
        rows: Trail::new(),
        columns: Trail::new(),
    };
    let mut steps = Vec::with_capacity(2 * plan.rounds);
    for s in 0..2 * plan.rounds {
        let own = (plan.sampling == Sampling::Independent).then(|| set(s + 1)).transpose()?;
        let seen = own.as_ref().unwrap_or(observations);
        let side = if s % 2 == 0 { Side::Columns } else { Side::Rows };
        let (fixed, moving, lines) = match side {
            Side::Columns => (&mut factors.u, &mut factors.v, seen.by_col()),
            Side::Rows => (&mut factors.v, &mut factors.u, seen.by_row()),
        };
        let singular = stopped!(orthonormalize(fixed, Some(moving), team, control)).singular;
        stopped!(theory.look(s, side, fixed, &singular, team, control)?);
        let n = moving.rows() as f64;
        let allowed = SHARE * theory.theta * theory.smallest / n.sqrt();
        let (reduction, error) = match plan.rule {
            Rule::Fixed(reduction) => (reduction, 0.0),
            Rule::Adaptive => (0.0, allowed),
        };
        let seed = plan.sketching.seed.wrapping_add(STRIDE.wrapping_mul(s as u64));
        let sketching = Sketching { seed, error, ..plan.sketching };
        let curvature = vec![1.0 / fixed.rows() as f64; plan.rank];
        let half = HalfStep {
            lines,
            fixed,
            curvature: &curvature,
            shift: None,
            damping: Damping::default(),
            prior: None,
            accuracy: Accuracy { reduction, gradient: 0.0, max_steps: usize::MAX },
            solver: Solver::Sketched(sketching),
        };
        let incoherence = incoherence(fixed);
        let size = sketching.size(plan.rank);
        let sketched = (0..lines.len()).filter(|j| lines.degree(*j) > size).count();
        let half = stopped!(half.run(moving, team, control));
        let (theta, smallest) = (theory.theta, theory.smallest);
        steps.push(Step {
            side,
            observations: seen.len(),
            theta,
            smallest,
            incoherence,
            allowed,
            sketched,
            half,
        });
    }
    Ok(Ok(Completed { factors, steps, clipped }))
}

fn check<T: Real>(observations: &Observations<T>, plan: &Plan) -> Result<()> {
    check_rank(plan.rank, observations.rows(), observations.cols())?;
    if plan.rounds == 0 {
        return Err(Error::new(ErrorKind::Argument, "rounds").expected("at least 1").found(0));
    }
    if observations.is_empty() {
        return Err(Error::new(ErrorKind::Data, "entries").expected("at least one").found("none"));
    }
    let reduction = if let Rule::Fixed(reduction) = plan.rule { reduction } else { 0.5 };
    let failure = plan.sketching.failure.unwrap_or(0.5);
    for (name, value) in
        [("distortion", plan.sketching.distortion), ("reduction", reduction), ("failure", failure)]
    {
        if !(value > 0.0 && value < 1.0) {
            return Err(Error::new(ErrorKind::Argument, name)
                .expected("a number between 0 and 1")
                .found(value));
        }
    }
    Ok(())
}

/// What is known of the error so far.
struct Theory<T> {
    theta: f64,
    smallest: f64,
    rows: Trail<T>,
    columns: Trail<T>,
}

/// The last orthonormal iterate of a factor, and how far it was from the one before.
struct Trail<T> {
    last: Option<Tall<T>>,
    moved: Option<f64>,
}

impl<T> Trail<T> {
    fn new() -> Self {
        Self { last: None, moved: None }
    }
}

impl<T: Real> Theory<T> {
    /// Before half-step `s`, which leaves `fixed` (orthonormal now, with the singular values that it had).
    fn look(
        &mut self,
        s: usize,
        side: Side,
        fixed: &Tall<T>,
        singular: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<(), Stop>> {
        if s > 0 {
            // A solution against an orthonormal factor: its singular values are about those of the matrix. Those of the
            // start are 1.
            self.smallest = singular.last().copied().unwrap_or(0.0);
            self.theta *= CONTRACTION;
        }
        let trail = if side == Side::Columns { &mut self.rows } else { &mut self.columns };
        if let Some(last) = &trail.last {
            let moved = stopped!(distance(last, fixed, team, control)?);
            // The last was off by at most moved / (1 - q), and this is off by q times as much.
            let seen = |before: f64| if before > 0.0 { moved / before } else { 1.0 };
            let q = trail.moved.map_or(CONTRACTION, seen).clamp(SEEN.0, SEEN.1);
            self.theta = (moved * q / (1.0 - q)).min(0.5);
            trail.moved = Some(moved);
        }
        trail.last = Some(fixed.clone());
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests;
