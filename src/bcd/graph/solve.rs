//! The method on graphs. Minimizes `1/2 <X, A X> - <B, X>`, one column of `X` for each right-hand side.
//!
//! For the rules of the paper, from the residual `R = B - A X` (minus the gradient):
//!
//! 1. select a block `b`: a colour class, a forest, or a few nodes (`blocks`);
//! 2. `D = A_bb^{-1} R_b` by message passing (`elimination`), for all right-hand sides with the same factors;
//! 3. `X_b += D`, `R -= A_{.b} D`; from time to time `R` is computed afresh.
//!
//! `rule=auto` makes the sweep over all forests, there and back, the preconditioner of conjugate gradients (`auto`).
//!
//! A minimum is claimed only where the matrix is diagonally dominant, or a solve for a random right-hand side finds no
//! direction of negative curvature. Pairs of rows that have one by themselves are found before the solve.

use super::auto::Auto;
use super::blocks::{BlockSolver, Blocks, Failure};
use super::certificate::{Certificate, certify, larger, norm};
use super::conjugate_gradient::{CgEnd, Limit};
use super::curvature::{curvature, indefinite_pair, is_dominant, negative_curvature, pair_direction};
use super::problem::Problem;
use super::settings::{Rule, Settings};
use super::solution::{Solution, TraceRow};
use crate::bcd::Rigor;
use crate::numerics::SymmetricMatrix;
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Error, ErrorKind, Level, Options, Outcome, Phase, Result, Stop};

/// Blocks between two fresh residuals.
const REFRESH: u64 = 256;

/// Sweeps without a better residual after which the run has stalled.
const PATIENCE: u64 = 200;

/// A residual below this share of the best one is progress.
const PROGRESS: f64 = 0.999;

/// A relative residual below this is one that rounding may hold up.
const FLOOR: f64 = 1e-10;

/// Accuracies of the rough solve for the bound on the error.
const ROUGH: [f64; 2] = [1e-3, 1e-7];

/// Accuracy of the solve that looks for negative curvature.
const PROBE: f64 = 1e-6;

/// Solves a problem on a graph, from 0 or from `start` (values of all nodes, column by column).
///
/// Not converging is an outcome of the solution, not an error; nor is a matrix with a direction of negative curvature
/// (unbounded). A column of the start at which the relative residual overflows is passed over for 0. Errors: options of
/// another solver, a start that does not fit, a matrix that turns out to be singular, `rule=partition` without blocks.
pub fn solve(
    problem: &Problem,
    options: &Options,
    start: Option<&[f64]>,
    control: &mut Control<'_>,
) -> Result<Solution> {
    let settings = Settings::from_options(options)?;
    control.begin(settings.max_seconds, settings.max_work);
    let x = match start {
        Some(values) => problem.unknowns_of(values)?,
        None => vec![0.0; problem.right_hand_sides().len()],
    };
    with_team(settings.threads, |team| Solve::new(problem, &settings, team, x).run(control))?
}

struct Solve<'s> {
    problem: &'s Problem,
    settings: &'s Settings,
    team: &'s Team<'s>,
    /// The unknowns, column by column.
    x: Vec<f64>,
    iterations: u64,
    trace: Vec<TraceRow>,
    /// Seconds until the loop began.
    setup: f64,
    /// What proves the bound on the error, where it was asked for and found.
    barrier: Option<Vec<f64>>,
    /// Whether the matrix is known to have no direction of negative curvature.
    definite: bool,
}

impl<'s> Solve<'s> {
    fn new(problem: &'s Problem, settings: &'s Settings, team: &'s Team<'s>, x: Vec<f64>) -> Self {
        let (trace, barrier) = (Vec::new(), None);
        Self { problem, settings, team, x, iterations: 0, trace, setup: 0.0, barrier, definite: false }
    }

    fn run(mut self, control: &mut Control<'_>) -> Result<Solution> {
        let mut outcome = match self.attempt(control) {
            Ok(outcome) | Err(Failure::Stop(Stop(outcome))) => outcome,
            Err(Failure::Unbounded(why)) => {
                control.log(Level::Warning, &format!("graph: the objective has no lower bound: {why}"));
                Outcome::Unbounded
            }
            Err(Failure::Error(error)) => return Err(error),
        };
        let mut certificate = certify(self.problem, &self.x, self.barrier.as_deref());
        // Nothing can be said of numbers whose products overflow.
        let finite = self.x.iter().all(|x| x.is_finite()) && !certificate.residual.is_nan();
        if !finite {
            self.x.fill(0.0);
            outcome = Outcome::Diverged;
            certificate = certify(self.problem, &self.x, self.barrier.as_deref());
        }
        outcome = self.last_word(outcome, &certificate);
        let seconds = control.seconds();
        Ok(Solution {
            values: self.problem.expand(&self.x),
            outcome,
            certificate,
            iterations: self.iterations,
            work: control.work(),
            seconds_setup: self.setup.min(seconds),
            seconds_solve: (seconds - self.setup).max(0.0),
            trace: self.trace,
        })
    }

    fn attempt(&mut self, control: &mut Control<'_>) -> std::result::Result<Outcome, Failure> {
        control.report(Phase::Setup, 0, f64::NAN, f64::NAN)?;
        if self.x.is_empty() {
            self.definite = true;
            return Ok(Outcome::Converged);
        }
        self.drop_far_starts(control)?;
        self.definite = self.problem.is_known_definite() || self.is_definite_at_sight(control)?;
        match self.settings.rule {
            Rule::Auto => {
                let mut solver = Auto::new(self.problem.matrix(), self.settings.preconditioner, control)?;
                let outcome = self.conjugate_gradients(&mut solver, control)?;
                self.afterwards(outcome, Some(solver), control)
            }
            _ => {
                let outcome = self.blocks(control)?;
                self.afterwards(outcome, None, control)
            }
        }
    }

    /// Whether the matrix is diagonally dominant. Fails where two rows by themselves prove negative curvature.
    fn is_definite_at_sight(&self, control: &mut Control<'_>) -> std::result::Result<bool, Failure> {
        let a = self.problem.matrix();
        if is_dominant(a, control)? {
            self.problem.keep_definite();
            return Ok(true);
        }
        let Some((i, j)) = indefinite_pair(a, control)? else { return Ok(false) };
        control.spend(2 * a.flops())?;
        match negative_curvature(a, &pair_direction(a, (i, j))) {
            Some(curvature) => {
                Err(Failure::Unbounded(format!("curvature {curvature:e} of the rows {i} and {j}")))
            }
            None => Ok(false),
        }
    }

    /// Columns of the start whose relative residual overflows begin at 0 instead: they are further away than numbers
    /// reach.
    fn drop_far_starts(&mut self, control: &mut Control<'_>) -> std::result::Result<(), Stop> {
        let (a, n) = (self.problem.matrix(), self.problem.unknowns());
        let mut r = vec![0.0; n];
        for (x, b) in self.x.chunks_mut(n).zip(self.problem.right_hand_sides().chunks(n)) {
            if x.iter().all(|x| *x == 0.0) {
                continue;
            }
            a.times(x, &mut r, self.team);
            r.iter_mut().zip(b).for_each(|(r, b)| *r = b - *r);
            // Without a right-hand side the solution is 0.
            if !(norm(&r) / norm(b)).is_finite() {
                control.log(Level::Warning, "graph: the start is out of reach: 0 instead");
                x.fill(0.0);
            }
            control.spend(a.flops())?;
        }
        Ok(())
    }

    /// The bound on the error where it is asked for, and what makes a small residual a minimum.
    fn afterwards(
        &mut self,
        outcome: Outcome,
        mut solver: Option<Auto<'s>>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Outcome, Failure> {
        let ended =
            matches!(outcome, Outcome::Converged | Outcome::Floor | Outcome::Stalled | Outcome::Diverged);
        if ended && !self.definite {
            let mut ready = match solver {
                Some(ready) => ready,
                None => Auto::new(self.problem.matrix(), self.settings.preconditioner, control)?,
            };
            let probe = self.probe(&mut ready, control)?;
            solver = Some(ready);
            if probe != Outcome::Converged {
                let claims = matches!(outcome, Outcome::Converged | Outcome::Floor);
                return Ok(if claims { probe } else { outcome });
            }
        }
        if self.settings.error_bound {
            self.bound(solver, control)?;
        }
        Ok(outcome)
    }

    /// Solves for a random right-hand side `g`, which has a share in every direction: negative curvature shows on the
    /// way. Where the matrix is singular that has no solution; `A g` has one, with a share in every direction but those
    /// of curvature 0, and is taken next. Gives converged where one of the two was solved, else what the answer is to
    /// be called.
    fn probe(
        &mut self,
        solver: &mut Auto<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Outcome, Failure> {
        let (a, n) = (self.problem.matrix(), self.problem.unknowns());
        let mut stream = Stream::new(self.settings.seed, Purpose::Probe, 0);
        // Not signs alone: those are often orthogonal to an eigenvector of a regular graph.
        let mut g: Vec<f64> = (0..n).map(|_| 2.0 * stream.uniform() - 1.0).collect();
        let limit = Limit { tolerance: PROBE, iterations: self.settings.max_iterations };
        let (mut x, mut r) = (vec![0.0; n], vec![0.0; n]);
        let mut cut = false;
        for singular in [false, true] {
            if singular {
                a.times(&g, &mut r, self.team);
                std::mem::swap(&mut g, &mut r);
                x.fill(0.0);
            }
            let count = &mut self.iterations;
            let end = solver.solve(&g, &mut x, limit, self.team, control, &mut |_, _, _, control| {
                *count += 1;
                control.poll()
            })?;
            if end == CgEnd::NotDefinite
                && let Some(curvature) = negative_curvature(a, &solver.direction())
            {
                return Err(unbounded(curvature));
            }
            a.times(&x, &mut r, self.team);
            r.iter_mut().zip(&g).for_each(|(r, g)| *r = g - *r);
            control.spend(2 * a.flops())?;
            if matches!(end, CgEnd::Converged | CgEnd::Floor) && norm(&r) <= PROBE * norm(&g) {
                self.definite = true;
                self.problem.keep_definite();
                return Ok(Outcome::Converged);
            }
            cut |= end == CgEnd::Limit;
        }
        Ok(if cut { Outcome::IterationLimit } else { Outcome::Uncertified })
    }

    /// The certificate decides whether the tolerance is met.
    fn last_word(&self, outcome: Outcome, certificate: &Certificate) -> Outcome {
        let meets = certificate.residual <= self.settings.tolerance;
        match outcome {
            Outcome::Converged if !meets => Outcome::Floor,
            Outcome::Diverged | Outcome::Cancelled | Outcome::Unbounded => outcome,
            _ if meets && self.definite => Outcome::Converged,
            _ => outcome,
        }
    }

    /// `rule=auto`
    fn conjugate_gradients(
        &mut self,
        solver: &mut Auto<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Outcome, Failure> {
        let (problem, settings, team) = (self.problem, self.settings, self.team);
        let n = problem.unknowns();
        self.setup = control.seconds();
        let limit = Limit { tolerance: settings.tolerance, iterations: settings.max_iterations };
        let mut outcome = Outcome::Converged;
        for (x, b) in self.x.chunks_mut(n).zip(problem.right_hand_sides().chunks(n)) {
            let (before, trace) = (self.iterations, &mut self.trace);
            let count = &mut self.iterations;
            let end = solver.solve(b, x, limit, team, control, &mut |k, residual, objective, control| {
                *count = before + k;
                look(trace, settings.trace, *count, objective, residual, n, control)
            })?;
            match end {
                CgEnd::Converged => {}
                CgEnd::Limit => outcome = Outcome::IterationLimit,
                CgEnd::Floor if outcome == Outcome::Converged => outcome = Outcome::Floor,
                CgEnd::Floor => {}
                CgEnd::Overflow => return Ok(Outcome::Diverged),
                CgEnd::NotDefinite => return Err(indefinite(problem.matrix(), &solver.direction())),
            }
        }
        Ok(outcome)
    }

    /// A vector `v > 0` with `C v > 0`, for the bound on the error: `C` is `A` with every entry off the diagonal made
    /// negative, which is `A` itself for a graph.
    fn bound(
        &mut self,
        solver: Option<Auto<'s>>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Failure> {
        let n = self.problem.unknowns();
        // A ridge or strong labels give the bound for nothing.
        if certify(self.problem, &self.x, None).rigor == Rigor::Proven {
            return Ok(());
        }
        let comparison = self.problem.matrix().comparison();
        let matrix = comparison.as_ref().unwrap_or(self.problem.matrix());
        let mut solver = match solver {
            Some(solver) if comparison.is_none() => solver,
            _ => match Auto::new(matrix, self.settings.preconditioner, control) {
                // Of the comparison matrix: there is no such vector then.
                Err(Failure::Unbounded(_)) => return Ok(()),
                made => made?,
            },
        };
        let scale = self.problem.matrix().diagonal().iter().copied().fold(0.0, f64::max);
        let mut v = vec![0.0; n];
        for tolerance in ROUGH {
            let limit = Limit { tolerance, iterations: self.settings.max_iterations };
            let count = &mut self.iterations;
            solver.solve(&vec![scale; n], &mut v, limit, self.team, control, &mut |_, _, _, control| {
                *count += 1;
                control.poll()
            })?;
            if certify(self.problem, &self.x, Some(&v)).rigor == Rigor::Proven {
                self.barrier = Some(v);
                break;
            }
        }
        Ok(())
    }

    /// Steps 1 to 3 until the residual is small enough.
    fn blocks(&mut self, control: &mut Control<'_>) -> std::result::Result<Outcome, Failure> {
        let (problem, settings) = (self.problem, self.settings);
        let (a, b, n) = (problem.matrix(), problem.right_hand_sides(), problem.unknowns());
        let mut blocks = Blocks::new(problem, settings, control)?;
        self.setup = control.seconds();
        let sizes: Vec<f64> = b.chunks(n).map(norm).collect();
        let mut r = vec![0.0; b.len()];
        let mut c = Vec::with_capacity(n);
        // Blocks since the best residual, blocks since a fresh one, and nodes of the last block.
        let (mut best, mut since, mut age, mut last) = (f64::INFINITY, 0, 0, 0);
        self.refresh(&mut r, control)?;
        loop {
            let mut residual = relative(&r, &sizes);
            if residual <= settings.tolerance && age > 0 {
                self.refresh(&mut r, control)?;
                age = 0;
                residual = relative(&r, &sizes);
            }
            let objective = -0.5 * self.x.iter().zip(b).zip(&r).map(|((x, b), r)| x * (b + r)).sum::<f64>();
            look(&mut self.trace, settings.trace, self.iterations, objective, residual, last, control)?;
            control.spend(5 * b.len() as u64)?;
            if residual <= settings.tolerance {
                return Ok(Outcome::Converged);
            }
            if !residual.is_finite() {
                return Ok(Outcome::Diverged);
            }
            if self.iterations >= settings.max_iterations {
                return Ok(Outcome::IterationLimit);
            }
            (best, since) = if residual < PROGRESS * best { (residual, 0) } else { (best, since + 1) };
            if since > PATIENCE * blocks.per_sweep() as u64 {
                return Ok(if best < FLOOR { Outcome::Floor } else { Outcome::Stalled });
            }
            let solver = blocks.select(self.iterations, &r, control)?;
            step(a, solver, &mut self.x, &mut r, &mut c);
            let nodes = solver.nodes();
            let touched = nodes.iter().map(|&i| a.degree(i as usize) as u64 + 4).sum::<u64>();
            last = nodes.len();
            control.spend(2 * touched * problem.columns() as u64)?;
            self.iterations += 1;
            age += 1;
            if age >= REFRESH {
                self.refresh(&mut r, control)?;
                age = 0;
            }
        }
    }

    /// `R = B - A X`
    fn refresh(&self, r: &mut [f64], control: &mut Control<'_>) -> std::result::Result<(), Stop> {
        let (a, n) = (self.problem.matrix(), self.problem.unknowns());
        let b = self.problem.right_hand_sides();
        for ((r, x), b) in r.chunks_mut(n).zip(self.x.chunks(n)).zip(b.chunks(n)) {
            a.times(x, r, self.team);
            r.iter_mut().zip(b).for_each(|(r, b)| *r = b - *r);
            control.spend(a.flops())?;
        }
        Ok(())
    }
}

/// Steps 2 and 3: solves a block, and brings `x` and the residual `r` along. `c` is scratch.
fn step(a: &SymmetricMatrix, block: &BlockSolver, x: &mut [f64], r: &mut [f64], c: &mut Vec<f64>) {
    let (nodes, n) = (block.nodes(), a.size());
    for (x, r) in x.chunks_mut(n).zip(r.chunks_mut(n)) {
        c.clear();
        c.extend(nodes.iter().map(|&i| r[i as usize]));
        block.solve(c);
        for (&i, &d) in nodes.iter().zip(&*c) {
            x[i as usize] += d;
            r[i as usize] -= a.diagonal()[i as usize] * d;
            a.row(i as usize).for_each(|(j, v)| r[j] -= v * d);
        }
        // Zero but for rounding, whose order must not decide about the next block.
        nodes.iter().for_each(|&i| r[i as usize] = 0.0);
    }
}

/// The largest relative residual of all right-hand sides.
fn relative(r: &[f64], sizes: &[f64]) -> f64 {
    let n = r.len() / sizes.len();
    let of = |(r, size): (&[f64], &f64)| {
        let left = norm(r);
        if left == 0.0 { 0.0 } else { left / size }
    };
    r.chunks(n).zip(sizes).map(of).fold(0.0, larger)
}

/// Tells the log, the trace and the progress callback.
fn look(
    trace: &mut Vec<TraceRow>,
    wanted: bool,
    iteration: u64,
    objective: f64,
    residual: f64,
    block: usize,
    control: &mut Control<'_>,
) -> std::result::Result<(), Stop> {
    if control.logs(Level::Debug) {
        control.log(
            Level::Debug,
            &format!(
                "iteration {iteration}: objective {objective:e}, residual {residual:.3e}, block {block}"
            ),
        );
    }
    if wanted {
        let (work, seconds) = (control.work(), control.seconds());
        trace.push(TraceRow { iteration, work, seconds, objective, residual, block });
    }
    control.report(Phase::Solve, iteration, objective, residual)
}

/// A direction of conjugate gradients without curvature: a negative one that is proven, or a singular matrix.
fn indefinite(a: &SymmetricMatrix, p: &[f64]) -> Failure {
    if let Some(curvature) = negative_curvature(a, p) {
        return unbounded(curvature);
    }
    let found = curvature(a, p).map_or(f64::NAN, |(value, _)| value);
    let error = Error::new(ErrorKind::Data, "a")
        .expected("a positive definite matrix")
        .found(format!("a direction p with p'Ap / p'p = {found:e}"));
    Failure::Error(error)
}

fn unbounded(curvature: f64) -> Failure {
    Failure::Unbounded(format!("curvature {curvature:e} found by conjugate gradients"))
}
