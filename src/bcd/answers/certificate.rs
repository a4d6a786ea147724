//! The certificate of a final answer, recomputed from the raw data by code that knows nothing of the loop.

use crate::bcd::column_facts::column_facts;
use crate::bcd::problem::{Problem, wrong_length};
use crate::bcd::settings::Settings;
use crate::bcd::stopping::dual::{balance, is_dust};
use crate::bcd::strengths::{column_bounds, group_strengths, group_terms_penalty, groups, penalty_shares};
use crate::model::Penalty;
use crate::model::penalty::{Coordinate, GroupTerms, Separable};
use crate::numerics::sum::{Sum, sum};
use crate::runtime::control::STRETCH_FLOPS;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::borrow::Cow;

/// Rounding of a figure, relative to the objective.
const ROUNDING: f64 = 1e-12;

/// `primal - dual`, at least 0 against rounding; infinite where either is not a number.
pub(in crate::bcd) fn gap(primal: f64, dual: f64) -> f64 {
    let gap = primal - dual;
    if gap.is_nan() { f64::INFINITY } else { gap.max(0.0) }
}

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The objective minus a dual value: the objective is within this of its minimum.
    DualityGap,
    /// The norm of the (proximal, projected) gradient in the data's scale; no dual point was at hand.
    Gradient,
}

/// How far a figure can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rigor {
    /// A theorem, up to the rounding of the sums that evaluate it.
    Proven,
    /// It holds to first order only: correlations that have to vanish do so only up to rounding.
    Estimated,
    /// It bounds nothing by itself.
    None,
}

/// A figure that the user can check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// What the figure is.
    pub kind: Kind,
    /// How far it can be trusted.
    pub rigor: Rigor,
    /// The figure.
    pub value: f64,
    /// The objective at the answer.
    pub objective: f64,
    /// The dual value; minus infinity where there is none.
    pub dual_objective: f64,
}

impl Certificate {
    /// No figure at all: the solve was stopped before there was an answer.
    pub(in crate::bcd) fn none() -> Self {
        Self {
            kind: Kind::Gradient,
            rigor: Rigor::None,
            value: f64::INFINITY,
            objective: f64::NAN,
            dual_objective: f64::NEG_INFINITY,
        }
    }

    /// Whether the figure is at most `target`, up to the rounding of what it is the difference of; `null_loss` is the
    /// scale of the problem.
    pub fn meets(&self, target: f64, null_loss: f64) -> bool {
        // Nothing is proven about numbers that overflowed.
        let finite = self.value.is_finite() && self.objective.is_finite() && null_loss.is_finite();
        finite && self.value <= target + ROUNDING * (self.objective.abs() + null_loss)
    }

    /// The name of the kind in reports.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::DualityGap => "duality gap",
            Kind::Gradient => "gradient norm",
        }
    }

    /// The name of the rigor in reports.
    pub fn rigor_name(&self) -> &'static str {
        match self.rigor {
            Rigor::Proven => "proven",
            Rigor::Estimated => "estimated",
            Rigor::None => "none",
        }
    }
}

/// The certificate of coefficients `coef` and `intercept` with the dual point `dual` (empty: none) for strength
/// `lambda`.
///
/// For losses of several outputs `coef` is what [`Solution::stacked`](crate::bcd::Solution::stacked) gives, `intercept` has no
/// part, and `dual` is row after row. A dual point that is not quite feasible is scaled until it is. Costs two passes over the data. Errors: arrays of the
/// wrong length, or with numbers that are not finite.
pub fn certificate(
    problem: &Problem<'_>,
    settings: &Settings,
    lambda: f64,
    coef: &[f64],
    intercept: f64,
    dual: &[f64],
) -> Result<Certificate> {
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

/// The certificates of many points of one problem with one output. Each column is read once for many dual points, so that
/// a path costs little more than a point. Where the control says stop there are fewer than points: those of the first.
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
/// Flops of a loss, its slope and its conjugate for a row, and of a penalty and its conjugate for a column, about.
const FLOPS_EACH: usize = 40;

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

/// Standard deviations of the columns where they are scaled by them (`None`: constant); nothing where all count as 1.
pub(in crate::bcd) struct Deviations(Option<Vec<Option<f64>>>);

pub(in crate::bcd) fn deviations(
    problem: &Problem<'_>,
    settings: &Settings,
    control: &mut Control<'_>,
) -> Result<Deviations> {
    if !settings.standardize {
        return Ok(Deviations(None));
    }
    let one = |j: usize| {
        control.spend(4 * problem.matrix().column_entries(j) as u64 + 8)?;
        Ok(deviation(problem, j))
    };
    (0..problem.matrix().cols()).map(one).collect::<Result<_>>().map(|all| Deviations(Some(all)))
}

/// What the predictions at a point give: the sum of losses, and the vector whose correlations are wanted (the dual point,
/// or the slopes where there is none).
struct Slopes {
    loss: f64,
    theta: Vec<f64>,
}

/// Objective, gradient and dual value in the data's scale; the penalty acts on `deviation * coef`.
pub(in crate::bcd) struct Evaluation<'p> {
    pub(in crate::bcd) problem: &'p Problem<'p>,
    pub(in crate::bcd) settings: &'p Settings,
    /// Weights of the rows in the objective.
    pub(in crate::bcd) s: Vec<f64>,
    /// Standard deviations of the columns, or 1.
    pub(in crate::bcd) deviation: Vec<f64>,
    /// Columns that the solver left out: constant ones, when it standardizes.
    pub(in crate::bcd) left_out: Vec<bool>,
    pub(in crate::bcd) penalty: Penalty,
}

impl<'p> Evaluation<'p> {
    pub(in crate::bcd) fn new(
        problem: &'p Problem<'p>,
        settings: &'p Settings,
        lambda: f64,
        coef: &[f64],
        deviations: &Deviations,
    ) -> Result<Self> {
        let rows = problem.matrix().rows();
        let share = if settings.mean { 1.0 / rows.max(1) as f64 } else { 1.0 };
        let cols = coef.len();
        let (left_out, deviation): (Vec<bool>, Vec<f64>) = match &deviations.0 {
            None => (vec![false; cols], vec![1.0; cols]),
            Some(found) => {
                (0..cols).map(|j| (found[j].is_none() && coef[j] == 0.0, found[j].unwrap_or(1.0))).unzip()
            }
        };
        let strength = |share: f64, factor: f64| {
            if share == 0.0 || factor == 0.0 { 0.0 } else { lambda * share * factor }
        };
        // An infinite penalty of either kind fixes the coefficient at 0.
        let fixed = |share1: f64, share2: f64, factor: f64| {
            factor == f64::INFINITY || strength(share1, factor) + strength(share2, factor) == f64::INFINITY
        };
        let penalty = if settings.penalty.has_groups() {
            let (of_column, weights) = groups(problem, settings, cols)?;
            let (l1, norm) = group_strengths(problem, settings, lambda, &of_column, &weights);
            let terms =
                l1.into_iter().zip(norm).map(|(l1, weight)| GroupTerms { l1, weight, l2: settings.l2 });
            group_terms_penalty(settings, &of_column, terms.collect())?
        } else {
            let (share1, share2) = penalty_shares(settings);
            let coordinate = |j: usize| {
                let factor = problem.factor(j);
                let fixed = fixed(share1, share2, factor);
                let (low, high) = column_bounds(problem, settings, j);
                Coordinate {
                    l1: if fixed || left_out[j] { f64::INFINITY } else { strength(share1, factor) },
                    l2: if fixed { 0.0 } else { strength(share2, factor) },
                    lower: low * deviation[j],
                    upper: high * deviation[j],
                }
            };
            let alike = problem.treats_columns_alike() && !settings.standardize && cols > 0;
            Penalty::Separable(if alike {
                Separable::uniform(coordinate(0), cols)
            } else {
                Separable::new((0..cols).map(coordinate))
            })
        };
        let s = problem.weights().iter().map(|w| w * share).collect();
        Ok(Self { problem, settings, s, deviation, left_out, penalty })
    }

    fn slopes(&self, point: &Point<'_>, control: &mut Control<'_>) -> Result<Slopes> {
        let (problem, loss) = (self.problem, &self.settings.loss);
        let Point { coef, intercept, dual, .. } = *point;
        let (matrix, offset) = (problem.matrix(), Some(problem.offset()));
        let z = super::predict::polled_predictor(coef, intercept, matrix, offset, control)?;
        control.spend((FLOPS_EACH * z.len()) as u64)?;
        let mut theta = dual.to_vec();
        if dual.is_empty() {
            theta = vec![0.0; z.len()];
            loss.slopes(problem.target(), &z, &self.s, &mut theta);
        } else if self.settings.intercept {
            balance(&mut theta);
        }
        Ok(Slopes { loss: loss.value(problem.target(), &z, &self.s), theta })
    }

    /// `v` are the correlations with `slopes.theta`.
    fn certificate(
        &self,
        point: &Point<'_>,
        slopes: &Slopes,
        v: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Certificate> {
        control.spend((FLOPS_EACH * v.len()) as u64)?;
        let x = match self.settings.standardize {
            true => Cow::Owned(point.coef.iter().zip(&self.deviation).map(|(c, d)| c * d).collect()),
            false => Cow::Borrowed(point.coef),
        };
        let mut objective = Sum::default();
        objective.add(slopes.loss);
        objective.add(self.penalty.value(&x));
        if !point.dual.is_empty() {
            return self.gap(&x, point.intercept, slopes.theta.clone(), v, objective, control);
        }
        let (norm, objective) =
            (self.penalty.subgradient_norm(&x, &v, |j| self.deviation[j]), objective.value());
        let slope = if self.settings.intercept { sum(slopes.theta.iter().copied()) } else { 0.0 };
        let norm = (norm * norm + slope * slope).sqrt();
        Ok(Certificate {
            kind: Kind::Gradient,
            rigor: Rigor::None,
            // A gradient where the objective has overflowed says nothing.
            value: if norm.is_nan() || !objective.is_finite() { f64::INFINITY } else { norm },
            objective,
            dual_objective: f64::NEG_INFINITY,
        })
    }

    fn gap(
        &self,
        x: &[f64],
        intercept: f64,
        mut theta: Vec<f64>,
        mut v: Vec<f64>,
        objective: Sum,
        control: &mut Control<'_>,
    ) -> Result<Certificate> {
        let mut price = Sum::default();
        let mut estimated = self.waive(x, &theta, &mut v, &mut price, control)?;
        if self.settings.intercept {
            let rounding = self.rounding(x, intercept, &theta, objective.value());
            estimated |= rounding > 0.0;
            price.add(rounding);
            price.add((sum(theta.iter().copied()) * intercept).abs());
        }
        let gauge = self.penalty.gauge(&v);
        let t = if gauge > 1.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { 1.0 };
        theta.iter_mut().for_each(|theta| *theta *= t);
        v.iter_mut().for_each(|v| *v *= t);
        let mut value = Sum::default();
        value.add(-self.settings.loss.conjugate(self.problem.target(), &theta, &self.s));
        value.add(-sum(theta.iter().zip(self.problem.offset()).map(|(t, o)| t * o)));
        value.add(-self.penalty.conjugate(&v));
        value.add(-price.value());
        let dual_objective = if value.value().is_nan() { f64::NEG_INFINITY } else { value.value() };
        Ok(Certificate {
            kind: Kind::DualityGap,
            rigor: if estimated { Rigor::Estimated } else { Rigor::Proven },
            value: gap(objective.value(), dual_objective),
            objective: objective.value(),
            dual_objective,
        })
    }

    /// Clears correlations that have to vanish (free columns) or to be of one sign (columns with one bound and no
    /// penalty) and do not for rounding alone, and adds their first-order price. A free column whose correlation is more
    /// than rounding makes the dual point worthless: its price is infinite. Tells whether anything was cleared.
    fn waive(
        &self,
        x: &[f64],
        theta: &[f64],
        v: &mut [f64],
        price: &mut Sum,
        control: &mut Control<'_>,
    ) -> Result<bool> {
        let mut estimated = false;
        if self.penalty.l1_of_all().is_some() {
            return Ok(false);
        }
        for u in 0..self.penalty.units() {
            let free = self.penalty.is_free(u);
            if !free && self.penalty.only_bound(u).is_none() {
                continue;
            }
            for &j in self.penalty.columns(u) {
                let mut size = 0.0;
                self.problem.matrix().for_each(j, |r, a| size += (a * theta[r]).abs());
                control.spend(3 * self.problem.matrix().column_entries(j) as u64)?;
                if v[j] == 0.0 {
                    continue;
                }
                if is_dust(v[j], size / self.deviation[j]) {
                    price.add((v[j] * x[j]).abs());
                    v[j] = 0.0;
                    estimated = true;
                } else if free {
                    price.add(f64::INFINITY);
                    v[j] = 0.0;
                }
            }
        }
        Ok(estimated)
    }

    /// `a_j' v / deviation_j` of every column.
    pub(in crate::bcd) fn polled_correlations(
        &self,
        v: &[f64],
        control: &mut Control<'_>,
    ) -> Result<Vec<f64>> {
        let matrix = self.problem.matrix();
        let mut products = Vec::with_capacity(matrix.cols());
        for j in 0..matrix.cols() {
            products.push(matrix.dot(j, v));
            control.spend(2 * matrix.column_entries(j) as u64 + 8)?;
        }
        Ok(self.correlations(|j| products[j]))
    }

    /// What rounding may hide where it is more than the rounding of ordinary sums: 0 there, else a unit in the last place of
    /// `sum_j |x_j| sum_r |a_rj theta_r|`, which bounds it in the predictions as well as in the correlations.
    ///
    /// A column that hardly varies beside an intercept needs a large coefficient, and an intercept that takes its mean back:
    /// by that it is known, before a pass over the columns that are not at 0.
    fn rounding(&self, x: &[f64], intercept: f64, theta: &[f64], objective: f64) -> f64 {
        let ordinary = ROUNDING * objective.abs();
        let of_intercept = f64::EPSILON * intercept.abs() * theta.iter().map(|t| t.abs()).sum::<f64>();
        if of_intercept <= 0.1 * ordinary {
            return 0.0;
        }
        let mut total = 0.0;
        for j in (0..x.len()).filter(|&j| x[j] != 0.0) {
            let mut size = 0.0;
            self.problem.matrix().for_each(j, |r, a| size += (a * theta[r]).abs());
            total += (x[j] / self.deviation[j]).abs() * size;
        }
        let rounding = f64::EPSILON * total;
        if rounding > ordinary { rounding } else { 0.0 }
    }

    /// `a_j' v / deviation_j` of every column, given `a_j' v`.
    pub(in crate::bcd) fn correlations(&self, product: impl Fn(usize) -> f64) -> Vec<f64> {
        if !self.settings.standardize {
            return (0..self.deviation.len()).map(product).collect();
        }
        let column = |j: usize| product(j) / self.deviation[j];
        (0..self.deviation.len()).map(|j| if self.left_out[j] { 0.0 } else { column(j) }).collect()
    }
}

/// The weighted standard deviation of a column about its mean; `None` if the column is constant up to rounding.
pub(in crate::bcd) fn deviation(problem: &Problem<'_>, j: usize) -> Option<f64> {
    let facts = column_facts(problem, j, true);
    (!facts.constant && facts.size > 0.0).then_some(facts.deviation)
}
