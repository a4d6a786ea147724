//! The method. Maximizes the dual of `sum_r s_r max(0, 1 - y_r (a_r'x + o_r))^q + sum_j lambda_j/2 x_j^2`, `q` 1 or 2.
//!
//! 1. Rows are copied in a random order, columns divided by the root of their ridge ([`Dual`]).
//! 2. Repeat:
//!    a. from time to time, afresh: `w = A'alpha`, the excesses `A w - l`, the duality gap; stop if it is small enough;
//!    b. many columns: sweeps of coordinate descent over the rows that shrinking leaves, and a Newton step on the free
//!    rows wherever a sweep gained little, until the gap of these rows is a tenth of that of all;
//!    b. few columns: proximal point steps by Newton's method in `w`, each from the last.
//! 3. Certificate of the answer, recomputed from the raw data.

use super::dual::Dual;
use super::free::newton;
use super::proximal::Proximal;
use super::sweep::{Active, Point};
use crate::bcd::answers::solution::{Solution, TraceRow};
use crate::bcd::problem::Problem;
use crate::bcd::scaled::Scaled;
use crate::bcd::settings::{PenaltyKind, Rule, Settings, Strength};
use crate::bcd::solve::{Start, certify, unfinished};
use crate::bcd::stopping::patience::FLOOR;
use crate::model::Loss;
use crate::numerics::Columns;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Level, Outcome, Phase, Result, Stop};

/// Up to this many columns the Hessian in `w` is factored: 8 MiB.
const MOST_FACTORED: usize = 1000;
/// Sweeps before the first proximal step.
const FIRST_SWEEPS: u64 = 3;
/// Sweeps between two looks at all rows.
const MOST_SWEEPS: u64 = 100;
/// A sweep that leaves more than this share of the gap gained little.
const SLOW: f64 = 0.8;
/// Newton steps wait until less than this share of the free rows come and go.
const UNSETTLED: f64 = 0.2;
/// Steps of conjugate gradients at first, ..
const FIRST_CG_STEPS: usize = 40;
/// .. and at most.
const MOST_CG_STEPS: usize = 1000;
/// The first weight of proximal steps, relative to the inverse of the mean curvature, ..
const FIRST_SIGMA: f64 = 10.0;
/// .. and how much larger it may become: beyond, its inverse is lost beside the curvatures.
const MOST_GROWTH: f64 = 1e13;
/// A proximal step of no more Newton steps than this was easy: the next one may be much longer.
const EASY_STEPS: usize = 6;
/// A proximal step that leaves more than this many times the gap before it led away.
const LED_AWAY: f64 = 10.0;
/// A gap below this share of the one at the check before is progress.
const PROGRESS: f64 = 0.99;
/// Checks without progress before the loop is given up.
const PATIENCE: u32 = 8;

/// Whether a problem is solved here: the hinge always, its square where the dual is faster than the primal.
pub(in crate::bcd) fn applies(problem: &Problem<'_>, settings: &Settings) -> bool {
    let matrix = problem.matrix();
    match settings.loss {
        Loss::Hinge(_) => true,
        Loss::SquaredHinge(_) => {
            let plain = settings.rule == Rule::Auto
                && settings.penalty == PenaltyKind::Ridge
                && !settings.intercept
                && settings.lower == f64::NEG_INFINITY
                && settings.upper == f64::INFINITY
                && problem.bounds().is_none()
                && problem.linear().is_none();
            plain
                && matches!(settings.strength, Strength::Lambda(lambda) if lambda > 0.0)
                && matrix.is_sparse()
                && matrix.as_operator().is_none()
                && matrix.cols() > MOST_FACTORED
                && u32::try_from(matrix.cols()).is_ok()
                && (0..matrix.cols()).all(|j| problem.factor(j) > 0.0)
        }
        _ => false,
    }
}

/// A support vector machine and what is asked of it.
pub(in crate::bcd) struct Solve<'s> {
    pub(in crate::bcd) problem: &'s Problem<'s>,
    pub(in crate::bcd) settings: &'s Settings,
    pub(in crate::bcd) team: &'s Team<'s>,
}

/// What is known before the loop.
struct Setup<'s> {
    scaled: Scaled<'s>,
    /// Columns divided by the root of their ridge.
    columns: Columns<'s>,
    /// `x_j = root_j w_j` in scaled coordinates.
    root: Vec<f64>,
    dual: Dual,
    /// The loss of the zero model: the scale of the tolerance.
    null_loss: f64,
}

impl<'s> Solve<'s> {
    /// Solves from zero or from `start`; only the coefficients of a start count.
    pub(in crate::bcd) fn run(
        &self,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        let lambda = self.strength()?;
        let setup = match self.setup(lambda, control) {
            Ok(Some(setup)) => setup,
            Ok(None) => {
                return Err(Error::new(ErrorKind::Memory, "a")
                    .expected("memory for a copy of its rows")
                    .found("none"));
            }
            Err(stop) => return Ok(unfinished(self.problem, self.settings, stop, start, control)),
        };
        let seconds_setup = control.seconds();
        let mut run = Run::new(&setup, self.settings, self.team);
        let outcome = run.run(start, control).unwrap_or_else(|Stop(outcome)| outcome);
        let mut solution = self.report(&setup, run, outcome, lambda, control);
        let one = std::slice::from_mut(&mut solution);
        // Two passes that end every solve, also one that was stopped.
        certify(self.problem, self.settings, one, self.team, &mut Control::new())?;
        solution.seconds_setup = seconds_setup;
        solution.seconds_solve = control.seconds() - seconds_setup;
        Ok(solution)
    }

    /// The ridge, if the problem is one that has this dual.
    fn strength(&self) -> Result<f64> {
        let (problem, cols) = (self.problem, self.problem.matrix().cols());
        if problem.bounds().is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "option \"loss\"")
                .expected("no bounds with loss=hinge")
                .found("bounds of the coefficients"));
        }
        if u32::try_from(cols).is_err() {
            return Err(Error::new(ErrorKind::Unsupported, "a.cols")
                .expected("less than 2^32 with loss=hinge")
                .found(cols));
        }
        if let Some(j) = (0..cols).find(|&j| problem.factor(j) == 0.0) {
            return Err(Error::new(ErrorKind::Unsupported, "penalty_factors")
                .at(format!("column {j}"))
                .expected("above 0 with loss=hinge, whose dual needs a ridge on every column")
                .found(0));
        }
        match self.settings.strength {
            Strength::Lambda(lambda) if lambda > 0.0 => Ok(lambda),
            _ => Err(Error::new(ErrorKind::Unsupported, "option \"lambda\"")
                .expected("above 0 with loss=hinge")
                .found(0)),
        }
    }

    /// `None` where there is no memory for it.
    fn setup(&self, lambda: f64, control: &mut Control<'_>) -> std::result::Result<Option<Setup<'s>>, Stop> {
        control.report(Phase::Setup, 0, f64::NAN, f64::NAN)?;
        let scaled = Scaled::new(self.problem, self.settings, control)?;
        let root: Vec<f64> = (0..scaled.cols())
            .map(|j| match scaled.ridge(self.problem, lambda, j) {
                ridge if ridge.is_finite() && ridge > 0.0 => 1.0 / ridge.sqrt(),
                _ => 0.0,
            })
            .collect();
        let scale = root.iter().zip(scaled.columns.scale()).map(|(r, c)| r * c).collect();
        let columns = Columns::new(self.problem.matrix(), scale);
        let Some(dual) = Dual::new(&scaled, &columns, self.settings.seed, control)? else { return Ok(None) };
        let null_loss = (0..dual.len()).map(|k| dual.loss(k, -dual.linear[k])).sum();
        Ok(Some(Setup { scaled, columns, root, dual, null_loss }))
    }

    /// The answer in the data's scale, still without its certificate.
    fn report(
        &self,
        setup: &Setup<'_>,
        run: Run<'_>,
        outcome: Outcome,
        lambda: f64,
        control: &Control<'_>,
    ) -> Solution {
        let x: Vec<f64> = run.best.w.iter().zip(&setup.root).map(|(w, root)| w * root).collect();
        let mut dual = vec![0.0; setup.scaled.rows()];
        for (&r, alpha) in setup.dual.row.iter().zip(&run.best.alpha) {
            dual[r] = setup.scaled.y[r] * alpha;
        }
        let mut coef = setup.scaled.coefficients(&x);
        let finite = coef.iter().chain(&dual).all(|v| v.is_finite());
        if !finite {
            coef.fill(0.0);
            dual.clear();
        }
        Solution {
            coef,
            dual,
            outcome: if finite { outcome } else { Outcome::Diverged },
            target: run.limit,
            lambda,
            lambda_max: f64::INFINITY,
            null_loss: setup.null_loss,
            iterations: run.iterations,
            work: control.work(),
            trace: run.trace.unwrap_or_default(),
            ..Solution::empty(self.settings.loss)
        }
    }
}

/// The pair of the smallest gap so far.
struct Best {
    alpha: Vec<f64>,
    w: Vec<f64>,
    gap: f64,
}

/// The loop's state.
struct Run<'r> {
    setup: &'r Setup<'r>,
    settings: &'r Settings,
    team: &'r Team<'r>,
    point: Point,
    best: Best,
    /// The gap of the point at the last check.
    gap: f64,
    /// The smallest gap known at the last check.
    checked: f64,
    /// Checks in a row that brought no progress.
    without_progress: u32,
    /// The gap that is small enough.
    limit: f64,
    /// Sweeps, Newton steps and proximal steps.
    iterations: u64,
    sweeps: u64,
    /// Most steps of conjugate gradients in a Newton step.
    cg_steps: usize,
    /// Weight of the next proximal step.
    sigma: f64,
    /// That of the first.
    first_sigma: f64,
    /// How many rows were free after the last proximal step.
    free: usize,
    trace: Option<Vec<TraceRow>>,
}

impl<'r> Run<'r> {
    fn new(setup: &'r Setup<'r>, settings: &'r Settings, team: &'r Team<'r>) -> Self {
        let zeros = |n: usize| vec![0.0; n];
        let (rows, cols) = (setup.dual.len(), setup.root.len());
        let best = Best { alpha: zeros(rows), w: zeros(cols), gap: f64::INFINITY };
        let mean = setup.dual.lipschitz.iter().sum::<f64>() / rows.max(1) as f64;
        let first = if mean > 0.0 && mean.is_finite() { FIRST_SIGMA / mean } else { 1.0 };
        // An infinite tolerance accepts anything, also on a scale of 0.
        let limit = match settings.tolerance {
            f64::INFINITY => f64::INFINITY,
            tolerance => tolerance * setup.null_loss,
        };
        Self {
            setup,
            settings,
            team,
            point: Point { alpha: zeros(rows), w: zeros(cols) },
            best,
            gap: f64::INFINITY,
            checked: f64::INFINITY,
            without_progress: 0,
            limit,
            iterations: 0,
            sweeps: 0,
            cg_steps: FIRST_CG_STEPS,
            sigma: first,
            first_sigma: first,
            free: usize::MAX,
            trace: settings.trace.then(Vec::new),
        }
    }

    fn run(
        &mut self,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Outcome, Stop> {
        if let Some(coef) = start.and_then(|start| start.coef) {
            self.begin(coef, control)?;
            if self.settings.max_iterations == 0 {
                let met = self.best.gap <= self.limit;
                return Ok(if met { Outcome::Converged } else { Outcome::IterationLimit });
            }
        }
        loop {
            if let Some(outcome) = self.check(control)? {
                return Ok(outcome);
            }
            if self.is_spent() {
                return Ok(Outcome::IterationLimit);
            }
            if self.has_few_columns() && self.sweeps >= FIRST_SWEEPS {
                self.proximal(control)?;
            } else {
                self.descend(control)?;
            }
        }
    }

    /// Whether the Hessian in `w` is small enough to factor.
    fn has_few_columns(&self) -> bool {
        self.setup.root.len() <= MOST_FACTORED
    }

    fn is_spent(&self) -> bool {
        self.iterations >= self.settings.max_iterations
    }

    /// Starts at coefficients: `alpha` is minus the slope of the loss there, where that is better than zero.
    fn begin(&mut self, coef: &[f64], control: &mut Control<'_>) -> std::result::Result<(), Stop> {
        let (setup, dual) = (self.setup, &self.setup.dual);
        let x = setup.scaled.coordinates(coef);
        let w: Vec<f64> =
            x.iter().zip(&setup.root).map(|(x, root)| if *root > 0.0 { x / root } else { 0.0 }).collect();
        let h = dual.excess(&w, self.team, control)?;
        let slope = |k: usize| match (h[k] < 0.0, dual.bend[k] > 0.0) {
            (true, true) => -h[k] / dual.bend[k],
            (true, false) => dual.upper[k],
            (false, _) => 0.0,
        };
        let alpha: Vec<f64> = (0..dual.len()).map(slope).collect();
        let v = dual.combine(&alpha, control)?;
        let gap = dual.gap(&w, &h, &alpha, &v);
        // Anything is better than a start whose products overflow.
        let gap = if gap.is_nan() { f64::INFINITY } else { gap };
        self.best = Best { alpha: alpha.clone(), w, gap };
        if dual.value(&alpha, &v) > 0.0 {
            self.point = Point { alpha, w: v };
        }
        Ok(())
    }

    /// Remembers a pair if it has the smallest gap so far.
    fn offer(&mut self, alpha: &[f64], w: &[f64], gap: f64) {
        if gap < self.best.gap {
            self.best = Best { alpha: alpha.to_vec(), w: w.to_vec(), gap };
        }
    }

    /// Step 2a.
    fn check(&mut self, control: &mut Control<'_>) -> std::result::Result<Option<Outcome>, Stop> {
        let dual = &self.setup.dual;
        self.point.w = dual.combine(&self.point.alpha, control)?;
        let h = dual.excess(&self.point.w, self.team, control)?;
        self.gap = dual.gap(&self.point.w, &h, &self.point.alpha, &self.point.w);
        control.spend(10 * h.len() as u64 + 4 * self.point.w.len() as u64)?;
        let (alpha, w) = (std::mem::take(&mut self.point.alpha), std::mem::take(&mut self.point.w));
        self.offer(&alpha, &w, self.gap);
        let objective = dual.primal(&w, &h);
        self.point = Point { alpha, w };
        if control.logs(Level::Debug) {
            let line = format!(
                "iteration {}: objective {objective:.12e}, gap {:.3e}, best {:.3e}",
                self.iterations, self.gap, self.best.gap
            );
            control.log(Level::Debug, &line);
        }
        if let Some(trace) = self.trace.as_mut() {
            trace.push(TraceRow::new(self.iterations, objective, self.best.gap, &self.best.w, control));
        }
        control.report(Phase::Solve, self.iterations, objective, self.best.gap)?;
        if self.best.gap <= self.limit {
            return Ok(Some(Outcome::Converged));
        }
        if !self.gap.is_finite() {
            return Ok(Some(Outcome::Diverged));
        }
        let progress = self.sweeps == 0 || self.best.gap < PROGRESS * self.checked;
        self.checked = self.best.gap;
        self.without_progress = if progress { 0 } else { self.without_progress + 1 };
        let at_floor = self.best.gap <= FLOOR * self.setup.null_loss;
        let outcome = if at_floor { Outcome::Floor } else { Outcome::Stalled };
        Ok((self.without_progress >= PATIENCE).then_some(outcome))
    }

    /// Step 2b for many columns.
    fn descend(&mut self, control: &mut Control<'_>) -> std::result::Result<(), Stop> {
        let dual = &self.setup.dual;
        let few = self.has_few_columns();
        // Where the gap of the rows that shrinking leaves is small enough to look at all again.
        let mut goal = 0.5 * self.limit;
        let mut active = Active::all();
        let mut last = f64::INFINITY;
        for _ in 0..if few { FIRST_SWEEPS } else { MOST_SWEEPS } {
            if self.is_spent() {
                return Ok(());
            }
            let of_all = active.is_all();
            let seen = active.sweep(dual, &mut self.point, self.settings.seed, self.sweeps, control)?;
            self.sweeps += 1;
            self.iterations += 1;
            if seen.gap <= goal || seen.moved == 0 {
                return Ok(());
            }
            if of_all {
                goal = (0.1 * seen.gap).max(0.5 * self.limit);
            }
            let slow = seen.gap > SLOW * last && (seen.flips as f64) < UNSETTLED * seen.free as f64;
            // Gaps over different rows do not compare.
            last = if seen.shrunk { f64::INFINITY } else { seen.gap };
            if slow && !few && !self.is_spent() {
                let wants_more = newton(dual, &active, &mut self.point, self.cg_steps, self.team, control)?;
                self.iterations += 1;
                last = f64::INFINITY;
                if wants_more {
                    self.cg_steps = (2 * self.cg_steps).min(MOST_CG_STEPS);
                }
            }
        }
        Ok(())
    }

    /// Step 2b for few columns.
    fn proximal(&mut self, control: &mut Control<'_>) -> std::result::Result<(), Stop> {
        let (dual, columns) = (&self.setup.dual, &self.setup.columns);
        let before = self.best.gap;
        let step = Proximal { dual, columns, team: self.team, sigma: self.sigma };
        let reached = step.step(&self.point, control)?;
        self.iterations += 1;
        let v = dual.combine(&reached.alpha, control)?;
        let gap = dual.gap(&reached.w, &reached.h, &reached.alpha, &v);
        self.offer(&reached.alpha, &reached.w, gap);
        let value = dual.value(&reached.alpha, &v);
        let rose = value >= dual.value(&self.point.alpha, &self.point.w);
        let is_free = |k: &usize| reached.alpha[*k] > 0.0 && reached.alpha[*k] < dual.upper[*k];
        let free = (0..dual.len()).filter(is_free).count();
        if rose {
            self.point = Point { alpha: reached.alpha, w: v };
        }
        // The same face twice: what is left is a linear system, to full accuracy.
        if free == self.free && rose {
            newton(dual, &Active::all(), &mut self.point, self.cg_steps, self.team, control)?;
        }
        self.free = free;
        // A step that led away went too far for the accuracy of the factors.
        self.sigma = match (rose && gap <= LED_AWAY * before, reached.steps <= EASY_STEPS) {
            (true, true) => 10.0 * self.sigma,
            (true, false) => 3.0 * self.sigma,
            (false, _) => self.sigma / 10.0,
        }
        .clamp(self.first_sigma, MOST_GROWTH * self.first_sigma);
        Ok(())
    }
}
