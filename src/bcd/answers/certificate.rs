//! The certificate of a final answer, recomputed from the raw data by code that knows nothing of the loop.

use super::evaluation::{Deviations, Evaluation, FLOPS_EACH, Slopes, deviations};
use crate::bcd::duality::gap;
use crate::bcd::problem::{Problem, wrong_length};
use crate::bcd::settings::Settings;
use crate::runtime::control::STRETCH_FLOPS;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Rigor};

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The objective minus a dual value: the objective is within this of its minimum.
    DualityGap,
    /// The norm of the (proximal, projected) gradient in the data's scale; no dual point was at hand.
    Gradient,
}

/// A figure that the user can check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// What the figure is.
    pub kind: Kind,
    /// How far it can be trusted. An estimated one holds to first order only: correlations that have to vanish do so
    /// only up to rounding, or rounding may hide more than 1e-12 of the objective and of the loss at zero, and a unit in
    /// the last place of what cancels is in the figure (large coefficients of columns that hardly vary beside an
    /// intercept, or hardly differ).
    pub rigor: Rigor,
    /// The figure.
    pub value: f64,
    /// The objective at the answer.
    pub objective: f64,
    /// The dual value; minus infinity where there is none.
    pub dual_objective: f64,
    /// What of the value is charged for rounding that may hide in terms that cancel: 0 for nearly all problems.
    pub rounding: f64,
}

/// A dual value is never beyond the objective by more than this share of the terms of both.
const ABSURD: f64 = 1e-9;

impl Certificate {
    /// Rounding of a figure, relative to the sizes of the objective and of the loss of the null model.
    pub const ROUNDING: f64 = 1e-12;

    /// No figure at all: the solve was stopped before there was an answer.
    pub(in crate::bcd) fn none() -> Self {
        Self {
            kind: Kind::Gradient,
            rigor: Rigor::None,
            value: f64::INFINITY,
            objective: f64::NAN,
            dual_objective: f64::NEG_INFINITY,
            rounding: 0.0,
        }
    }

    /// That of a gradient of this norm, where no dual point is at hand. A gradient where the objective has overflowed
    /// says nothing.
    pub(in crate::bcd) fn of_gradient(norm: f64, objective: f64) -> Self {
        Self {
            kind: Kind::Gradient,
            rigor: Rigor::None,
            value: if norm.is_nan() || !objective.is_finite() { f64::INFINITY } else { norm },
            objective,
            dual_objective: f64::NEG_INFINITY,
            rounding: 0.0,
        }
    }

    /// That of a dual value, which has `rounding` charged already. `scale` is the size of what both are the sums of: a
    /// dual value beyond the objective by more than a rounding of that has overflowed or vanished on the way, and is
    /// worth nothing.
    pub(in crate::bcd) fn of_dual(
        objective: f64,
        dual_objective: f64,
        rounding: f64,
        scale: f64,
        estimated: bool,
    ) -> Self {
        let absurd = dual_objective - objective > ABSURD * scale;
        Self {
            kind: Kind::DualityGap,
            rigor: match (absurd, estimated) {
                (true, _) => Rigor::None,
                (false, true) => Rigor::Estimated,
                (false, false) => Rigor::Proven,
            },
            value: if absurd { f64::INFINITY } else { gap(objective, dual_objective) },
            objective,
            dual_objective,
            rounding,
        }
    }

    /// What rounding may hide in sums whose terms have this size: a unit in the last place, where that is more than the
    /// rounding of ordinary sums of size `scale`, and 0 elsewhere.
    pub(in crate::bcd) fn hidden(terms: f64, scale: f64) -> f64 {
        let rounding = f64::EPSILON * terms;
        if rounding > Self::ROUNDING * scale { rounding } else { 0.0 }
    }

    /// Whether the figure is at most `target`, up to the rounding of what it is the difference of; `null_loss` is the
    /// scale of the problem.
    pub fn meets(&self, target: f64, null_loss: f64) -> bool {
        // Nothing is proven about numbers that overflowed.
        let finite = self.value.is_finite() && self.objective.is_finite() && null_loss.is_finite();
        // An objective that falls without end is no scale for the rounding of its gradient.
        let size = match self.kind {
            Kind::DualityGap => self.objective.abs() + null_loss,
            Kind::Gradient => null_loss,
        };
        finite && self.value <= target + Self::ROUNDING * size
    }

    /// The name of the kind in reports.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::DualityGap => "duality gap",
            Kind::Gradient => "gradient norm",
        }
    }
}

/// The certificate of coefficients `coef` and `intercept` with the dual point `dual` (empty: none) for strength
/// `lambda`.
///
/// For losses of several outputs `coef` is what [`Solution::stacked`](crate::bcd::Solution::stacked) gives, `intercept`
/// has no part, and `dual` is row after row. A dual point that is not quite feasible is scaled until it is. Costs two
/// passes over the data. Errors: arrays of the wrong length, or with numbers that are not finite.
pub fn certificate(
    problem: &Problem<'_>,
    settings: &Settings,
    lambda: f64,
    coef: &[f64],
    intercept: f64,
    dual: &[f64],
) -> Result<Certificate> {
    problem.check_linear(settings)?;
    if let Some(function) = problem.function() {
        return crate::bcd::user::certificate(problem, function, settings, lambda, coef);
    }
    if settings.output_loss.is_some() {
        return crate::bcd::outputs::certificate(problem, settings, lambda, coef, dual);
    }
    let point = Point { lambda, coef, intercept, dual };
    let mut found = certificates(problem, settings, &[point], &Team::solo(), &mut Control::new())?;
    // One point, one certificate.
    Ok(found.pop().unwrap_or_else(Certificate::none))
}

/// A point whose certificate is wanted: the arguments of [`certificate`].
#[derive(Debug, Clone, Copy)]
pub(in crate::bcd) struct Point<'a> {
    pub(in crate::bcd) lambda: f64,
    pub(in crate::bcd) coef: &'a [f64],
    pub(in crate::bcd) intercept: f64,
    pub(in crate::bcd) dual: &'a [f64],
}

impl Point<'_> {
    fn check(&self, rows: usize, cols: usize) -> Result<()> {
        let Self { coef, intercept, dual, .. } = *self;
        if coef.len() != cols {
            return Err(wrong_length("coef", coef.len(), cols, "column"));
        }
        if !dual.is_empty() && dual.len() != rows {
            return Err(wrong_length("dual", dual.len(), rows, "row"));
        }
        for (subject, numbers) in [("coef", coef), ("intercept", &[intercept][..]), ("dual", dual)] {
            if let Some(k) = numbers.iter().position(|v| !v.is_finite()) {
                return Err(Error::new(ErrorKind::Data, subject)
                    .at(format!("entry {k}"))
                    .expected("a finite number")
                    .found(numbers[k]));
            }
        }
        Ok(())
    }
}

/// The certificates of many points of one problem with one output. Each column is read once for many dual points, so
/// that a path costs little more than a point. Where the control says stop there are fewer than points: those of the
/// first.
pub(in crate::bcd) fn certificates(
    problem: &Problem<'_>,
    settings: &Settings,
    points: &[Point<'_>],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<Certificate>> {
    let (rows, cols) = (problem.matrix().rows(), problem.matrix().cols());
    points.iter().try_for_each(|point| point.check(rows, cols))?;
    settings.loss.check_targets(problem.target())?;
    let mut found = Vec::with_capacity(points.len());
    let mut passes = || -> Result<()> {
        let deviations = deviations(problem, settings, control)?;
        for points in points.chunks(points_per_pass(rows, cols)) {
            found.extend(pass(problem, settings, points, &deviations, team, control)?);
        }
        Ok(())
    };
    passes().or_else(|error| if error.kind() == ErrorKind::Stopped { Ok(()) } else { Err(error) })?;
    crate::bcd::callbacks::unless_failed(problem.matrix(), found)
}

/// The certificates of points whose dual points are multiplied with a column while it is in the cache.
fn pass(
    problem: &Problem<'_>,
    settings: &Settings,
    points: &[Point<'_>],
    deviations: &Deviations,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<Certificate>> {
    let evaluation =
        |point: &Point<'_>| Evaluation::new(problem, settings, point.lambda, point.coef, deviations);
    let evaluations = points.iter().map(evaluation).collect::<Result<Vec<_>>>()?;
    let slopes = points.iter().zip(&evaluations).map(|(point, e)| e.slopes(point, control));
    let slopes = slopes.collect::<Result<Vec<Slopes>>>()?;
    let thetas: Vec<&[f64]> = slopes.iter().map(|s| s.theta.as_slice()).collect();
    let products = products(problem, &thetas, team, control)?;
    let mut found = Vec::with_capacity(points.len());
    for (k, (point, slopes)) in points.iter().zip(&slopes).enumerate() {
        let v = evaluations[k].correlations(|j| products[j * points.len() + k]);
        found.push(evaluations[k].certificate(point, slopes, v, control)?);
    }
    Ok(found)
}

/// Dual points that are multiplied with a column at most.
const POINTS_PER_PASS: usize = 32;
/// Products that are held at a time; the penalties of the points take several times that.
const NUMBERS_PER_PASS: usize = 1 << 20;
/// Products per task.
const TASK_PRODUCTS: usize = 256;
/// Work between two looks at the control, about.
const BATCH_FLOPS: u64 = 1 << 24;

/// How many points share a pass.
pub(in crate::bcd) fn points_per_pass(rows: usize, cols: usize) -> usize {
    // A column times all of them is no long stretch.
    let most = POINTS_PER_PASS.min(STRETCH_FLOPS as usize / (4 * rows.max(1)));
    (NUMBERS_PER_PASS / cols.max(1)).clamp(1, most.max(1))
}

/// Flops of the certificate of a point, about.
pub(in crate::bcd) fn certificate_flops(problem: &Problem<'_>) -> u64 {
    let matrix = problem.matrix();
    (4 * matrix.entries()).saturating_add(FLOPS_EACH * (matrix.rows() + matrix.cols())) as u64
}

/// `a_j' theta_k` at `j * thetas.len() + k`.
fn products(
    problem: &Problem<'_>,
    thetas: &[&[f64]],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<f64>> {
    let (matrix, count) = (problem.matrix(), thetas.len());
    let mut products = vec![0.0; matrix.cols() * count];
    let chunk = count * (TASK_PRODUCTS / count.max(1)).max(1);
    let mut first = 0;
    while first < matrix.cols() {
        let (mut end, mut flops) = (first, 0);
        while end < matrix.cols() && flops < BATCH_FLOPS {
            flops += (2 * count * matrix.column_entries(end) + FLOPS_EACH) as u64;
            end += 1;
        }
        team.fill(&mut products[first * count..end * count], chunk, |start, part| {
            for (at, out) in part.iter_mut().enumerate() {
                let (j, k) = (first + (start + at) / count, (start + at) % count);
                *out = matrix.dot(j, thetas[k]);
            }
        });
        control.spend(flops)?;
        first = end;
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dual_value_beyond_the_objective_is_worth_nothing() {
        let of = |dual: f64| Certificate::of_dual(2.0, dual, 0.0, 10.0, false);
        assert_eq!((of(1.5).value, of(1.5).rigor), (0.5, Rigor::Proven));
        assert_eq!((of(2.0 + 1e-12).value, of(2.0 + 1e-12).rigor), (0.0, Rigor::Proven));
        assert_eq!((of(2.1).value, of(2.1).rigor), (f64::INFINITY, Rigor::None));
    }

    #[test]
    fn the_certificate_has_the_last_word_on_the_outcome() {
        use crate::bcd::Solution;
        use crate::model::Loss;
        use crate::model::loss::Squared;
        use crate::runtime::Outcome;
        let after = |outcome, gap: f64, rounding: f64| {
            let mut solution =
                Solution { outcome, target: 1e-3, null_loss: 1.0, ..Solution::empty(Loss::Squared(Squared)) };
            let estimated = rounding > 0.0;
            solution.take_certificate(Certificate::of_dual(1.0, 1.0 - gap, rounding, 1.0, estimated));
            solution.outcome
        };
        assert_eq!(after(Outcome::Converged, 1e-4, 0.0), Outcome::Converged);
        assert_eq!(after(Outcome::Converged, 1e-2, 0.0), Outcome::Uncertified);
        // Only what is charged for rounding is too much.
        assert_eq!(after(Outcome::Converged, 1e-2, 9.5e-3), Outcome::Floor);
        assert_eq!(after(Outcome::TimeLimit, 1e-4, 0.0), Outcome::Converged);
        assert_eq!(after(Outcome::Diverged, 1e-4, 0.0), Outcome::Converged);
        assert_eq!(after(Outcome::Diverged, 1e-2, 0.0), Outcome::Diverged);
    }
}
