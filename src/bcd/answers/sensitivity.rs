//! Derivatives of a solution with respect to the strength, weights, offsets and targets, on the identified manifold.
//!
//! The free coordinates `x_F` and the intercept solve `A_F' s phi'(A x + b + o, y) + grad G_F(x) = 0` and
//! `1' s phi' = 0`. Where the Hessian `M` of that system is definite and nothing is on the verge of joining or leaving
//! (a positive [`margin`](crate::bcd::Identification::margin)), the implicit function theorem gives
//! `du = -M^(-1) (partial derivative of the system)`; the other coordinates do not move.

use super::evaluation::{Evaluation, deviations};
use super::identification::{At, check};
use super::solution::Solution;
use crate::bcd::callbacks;
use crate::bcd::problem::{Problem, checked_finite};
use crate::bcd::settings::Settings;
use crate::model::Loss;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::{Square, gram};
use crate::runtime::error::out_of_memory;
use crate::runtime::parallel::with_team;
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase, Result, Stop};

/// A change of what the solution depends on; `None`: no change.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change<'c> {
    /// Of lambda.
    pub lambda: f64,
    /// Of the weights of the rows.
    pub weights: Option<&'c [f64]>,
    /// Of the offsets.
    pub offset: Option<&'c [f64]>,
    /// Of the targets, for losses whose targets are numbers.
    pub target: Option<&'c [f64]>,
}

/// The gradient of a function of the solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// With respect to lambda.
    pub lambda: f64,
    /// With respect to the weight of each row; NaN where columns are standardized, whose scales depend on the weights.
    pub weights: Vec<f64>,
    /// With respect to the offset of each row.
    pub offset: Vec<f64>,
    /// With respect to the target of each row; NaN for labels.
    pub target: Vec<f64>,
}

/// A solution that can be differentiated: the Hessian of its free coordinates is factored.
#[derive(Debug)]
pub struct Sensitivity<'p> {
    problem: &'p Problem<'p>,
    factor: Cholesky,
    free: Vec<usize>,
    intercept: bool,
    standardize: bool,
    deviation: Vec<f64>,
    /// Derivative of the system with respect to lambda, at the free coordinates.
    by_lambda: Vec<f64>,
    /// Derivatives of the slope of each row with respect to its weight, its offset and its target (NaN for labels).
    by_weight: Vec<f64>,
    by_offset: Vec<f64>,
    by_target: Vec<f64>,
}

impl<'p> Sensitivity<'p> {
    /// Factors the Hessian of the coordinates that are free at the solution. Costs `rows n^2 + n^3 / 3` flops for `n`
    /// of them. The limits of the settings (`max_seconds`, `max_work`) begin here; they go on in
    /// [`Sensitivity::forward`] and [`Sensitivity::backward`] with the same control.
    ///
    /// Errors: as [`identify`](crate::bcd::identify()); the hinge, whose slope jumps; a singular Hessian or an infimum
    /// that is not attained, where the derivative is not defined; memory for three such Hessians that cannot be had.
    pub fn new(
        problem: &'p Problem<'p>,
        settings: &Settings,
        solution: &Solution,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        check(problem, settings, solution)?;
        if let Loss::Hinge(_) = settings.loss {
            // At its solutions rows are at the kink, where the slope is no function of the prediction.
            return Err(Error::new(ErrorKind::Unsupported, "option \"loss\"")
                .expected("a loss with a derivative, to differentiate its solution")
                .found("hinge"));
        }
        attained(solution)?;
        control.begin(settings.max_seconds, settings.max_work);
        callbacks::watched(problem, settings.clone(), control, |settings, control| {
            Self::factored(problem, settings, solution, control)
        })
    }

    fn factored(
        problem: &'p Problem<'p>,
        settings: &Settings,
        solution: &Solution,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        control.report(Phase::Certificate, 0, f64::NAN, f64::NAN)?;
        let deviations = deviations(problem, settings, control)?;
        let evaluation = Evaluation::new(problem, settings, solution.lambda, &solution.coef, &deviations)?;
        let point = At::new(&evaluation, solution, control)?;
        let free = point.free();
        let intercept = settings.intercept;
        check_room(free.len() + usize::from(intercept))?;
        let h = with_team(settings.threads, |team| -> std::result::Result<Square, Stop> {
            let columns = point.columns();
            let mut block = gram(&columns, &free, &point.curvatures, team, control)?;
            point.add_penalty(&free, &mut block, control)?;
            if !intercept {
                return Ok(block);
            }
            let n = free.len();
            let mut sums = vec![0.0; n];
            columns.correlations(&free, &point.curvatures, &mut sums, team, control)?;
            let mut h = Square::zeros(n + 1);
            for (k, sum) in sums.iter().enumerate() {
                h.column_mut(k)[..n].copy_from_slice(block.column(k));
                h.column_mut(k)[n] = *sum;
            }
            h.column_mut(n)[..n].copy_from_slice(&sums);
            h.column_mut(n)[n] = point.curvatures.iter().sum();
            Ok(h)
        })??;
        let factor = Cholesky::new(&h, control)?;
        // What a callback that failed left undone may look singular.
        callbacks::unless_failed(problem.matrix(), ())?;
        let zero = (0..h.size()).any(|k| !(h.at(k, k) > 0.0));
        if zero || !factor.is_well_conditioned() {
            return Err(Error::new(ErrorKind::Data, "solution")
                .expected("one whose free coordinates have a definite Hessian, to be differentiated")
                .found("a singular one"));
        }
        // The ridge of groups is not lambda's.
        let without = Settings { l2: 0.0, ..settings.clone() };
        let unit = Evaluation::new(problem, &without, 1.0, &solution.coef, &deviations)?.penalty;
        // Nor is a linear term.
        let unit = unit.untilted();
        let mut by_lambda = vec![0.0; point.x.len()];
        for u in (0..unit.units()).filter(|&u| !unit.is_fixed(u)) {
            let columns = unit.columns(u);
            let x: Vec<f64> = columns.iter().map(|&j| point.x[j]).collect();
            let mut g = vec![0.0; columns.len()];
            unit.add_gradient(u, &x, &mut g);
            columns.iter().zip(g).for_each(|(&j, g)| by_lambda[j] = g);
        }
        let share = if settings.mean { 1.0 / point.z.len().max(1) as f64 } else { 1.0 };
        let ones = vec![share; point.z.len()];
        let mut by_weight = vec![0.0; point.z.len()];
        settings.loss.slopes(problem.target(), &point.z, &ones, &mut by_weight);
        let by_target = match settings.loss {
            Loss::Squared(_) | Loss::Poisson(_) => evaluation.s.iter().map(|s| -s).collect(),
            // The slope of these is one of `z - y`.
            Loss::Huber(_) | Loss::PseudoHuber(_) => point.curvatures.iter().map(|w| -w).collect(),
            _ => vec![f64::NAN; point.z.len()],
        };
        Ok(Self {
            problem,
            factor,
            by_lambda: free.iter().map(|&j| by_lambda[j]).collect(),
            free,
            intercept,
            standardize: settings.standardize,
            deviation: evaluation.deviation.clone(),
            by_weight,
            by_offset: point.curvatures.clone(),
            by_target,
        })
    }

    /// The columns that move.
    pub fn free(&self) -> &[usize] {
        &self.free
    }

    /// How coefficients and intercept change, to first order (a Jacobian-vector product). Costs a pass over the free
    /// columns.
    ///
    /// Errors: changes of the wrong length or that are not finite; of weights where columns are standardized; of
    /// labels; a result that overflows; `Stopped`.
    pub fn forward(&self, change: &Change<'_>, control: &mut Control<'_>) -> Result<(Vec<f64>, f64)> {
        callbacks::failure_first(self.problem.matrix(), self.moved(change, control))
    }

    fn moved(&self, change: &Change<'_>, control: &mut Control<'_>) -> Result<(Vec<f64>, f64)> {
        let rows = self.by_offset.len();
        let mut slopes = vec![0.0; rows];
        for (subject, change, factor) in [
            ("weights", change.weights, &self.by_weight),
            ("offset", change.offset, &self.by_offset),
            ("target", change.target, &self.by_target),
        ] {
            let Some(change) = change else { continue };
            self.supports(subject)?;
            let change = checked_finite(subject, change, rows)?;
            slopes.iter_mut().zip(&change).zip(factor).for_each(|((s, c), f)| *s += c * f);
        }
        if !change.lambda.is_finite() {
            return Err(Error::new(ErrorKind::Data, "lambda")
                .expected("a finite number")
                .found(change.lambda));
        }
        let matrix = self.problem.matrix();
        control.poll()?;
        let mut u = Vec::with_capacity(self.free.len() + 1);
        for (&j, by_lambda) in self.free.iter().zip(&self.by_lambda) {
            u.push(-(matrix.dot(j, &slopes) / self.deviation[j] + change.lambda * by_lambda));
            control.spend(2 * matrix.column_entries(j) as u64)?;
        }
        if self.intercept {
            u.push(-slopes.iter().sum::<f64>());
        }
        self.solve(&mut u, control)?;
        let mut coef = vec![0.0; self.deviation.len()];
        self.free.iter().zip(&u).for_each(|(&j, u)| coef[j] = u / self.deviation[j]);
        let intercept = if self.intercept { u[self.free.len()] } else { 0.0 };
        finite("coef", Some("column"), &coef)?;
        finite("intercept", None, &[intercept])?;
        Ok((coef, intercept))
    }

    /// The gradient of a function whose gradient with respect to coefficients and intercept is given (a vector-Jacobian
    /// product). Costs a pass over the free columns.
    ///
    /// Errors: arrays of the wrong length or that are not finite; a result that overflows; `Stopped`.
    pub fn backward(&self, coef: &[f64], intercept: f64, control: &mut Control<'_>) -> Result<Gradient> {
        callbacks::failure_first(self.problem.matrix(), self.gradient(coef, intercept, control))
    }

    fn gradient(&self, coef: &[f64], intercept: f64, control: &mut Control<'_>) -> Result<Gradient> {
        crate::bcd::problem::check_start(Some(coef), intercept, self.deviation.len())?;
        let mut u: Vec<f64> = self.free.iter().map(|&j| -coef[j] / self.deviation[j]).collect();
        if self.intercept {
            u.push(-intercept);
        }
        control.poll()?;
        self.solve(&mut u, control)?;
        let lambda = u.iter().zip(&self.by_lambda).map(|(u, g)| u * g).sum();
        let matrix = self.problem.matrix();
        let mut dz = vec![if self.intercept { u[self.free.len()] } else { 0.0 }; self.by_offset.len()];
        for (&j, u) in self.free.iter().zip(&u) {
            matrix.add(j, u / self.deviation[j], &mut dz);
            control.spend(2 * matrix.column_entries(j) as u64)?;
        }
        let of = |factor: &[f64]| dz.iter().zip(factor).map(|(d, f)| d * f).collect::<Vec<f64>>();
        let weights = if self.standardize { vec![f64::NAN; dz.len()] } else { of(&self.by_weight) };
        let found = Gradient { lambda, weights, offset: of(&self.by_offset), target: of(&self.by_target) };
        finite("lambda", None, &[found.lambda])?;
        for (subject, values) in
            [("weights", &found.weights), ("offset", &found.offset), ("target", &found.target)]
        {
            // What is not defined is NaN throughout.
            if self.supports(subject).is_ok() {
                finite(subject, Some("row"), values)?;
            }
        }
        Ok(found)
    }

    fn solve(&self, u: &mut [f64], control: &mut Control<'_>) -> Result<()> {
        self.factor.solve(u);
        Ok(control.spend(2 * (u.len() * u.len()) as u64)?)
    }

    fn supports(&self, subject: &str) -> Result<()> {
        let refused = |expected: &str, found: &str| {
            Err(Error::new(ErrorKind::Unsupported, subject).expected(expected).found(found))
        };
        match subject {
            "weights" if self.standardize => {
                refused("no standardization, whose scales depend on the weights", "standardize=true")
            }
            "target" if self.by_target.iter().any(|t| t.is_nan()) => {
                refused("a loss whose targets are numbers", "labels")
            }
            _ => Ok(()),
        }
    }
}

/// Refuses the iterate of a loss that falls for ever: there is no solution to be differentiated.
fn attained(solution: &Solution) -> Result<()> {
    if solution.outcome == Outcome::InfimumNotAttained {
        return Err(Error::new(ErrorKind::Data, "solution")
            .expected("a minimum, to be differentiated")
            .found(solution.outcome.name()));
    }
    Ok(())
}

/// Refuses a derivative that has overflowed: of finite data, but beyond the range of numbers.
fn finite(subject: &str, line: Option<&str>, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(k) => Err(Error::new(ErrorKind::Data, subject)
            .at(line.map_or(String::new(), |line| format!("{line} {k}")))
            .expected("a derivative that is finite")
            .found("overflow")),
    }
}

/// Whether there is memory for a Hessian of this size, its blocks and its factor.
fn check_room(size: usize) -> Result<()> {
    let count = size.saturating_mul(size).saturating_mul(3);
    let mut room: Vec<f64> = Vec::new();
    room.try_reserve_exact(count).map_err(|_| out_of_memory("the Hessian of the free columns", count, 8))
}
