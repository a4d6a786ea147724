//! A problem at one strength in the data's scale, from the raw data: what certificates, identification and derivatives
//! evaluate.

use super::certificate::{Certificate, Point};
use crate::bcd::center::{Design, along, between, center};
use crate::bcd::column_facts::column_facts;
use crate::bcd::duality::{balance, is_dust};
use crate::bcd::problem::Problem;
use crate::bcd::settings::Settings;
use crate::bcd::strengths::{column_bounds, group_strengths, group_terms_penalty, groups, penalty_shares};
use crate::model::Penalty;
use crate::model::penalty::{Coordinate, GroupTerms, Separable};
use crate::numerics::Columns;
use crate::numerics::sum::{Sum, sum};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result};
use std::borrow::Cow;

/// Flops of a loss, its slope and its conjugate for a row, and of a penalty and its conjugate for a column, about.
pub(super) const FLOPS_EACH: usize = 40;

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

/// What the predictions at a point give: the sum of losses, and the vector whose correlations are wanted (the dual
/// point, or the slopes where there is none).
pub(super) struct Slopes {
    pub(super) loss: f64,
    pub(super) theta: Vec<f64>,
}

/// A dual point inside the domain of the conjugate.
pub(super) struct Feasible {
    pub(super) theta: Vec<f64>,
    /// Its correlations, less the slopes of a linear term.
    pub(super) v: Vec<f64>,
    /// What was cleared for rounding, to first order.
    pub(super) price: Sum,
    /// Whether anything was.
    pub(super) estimated: bool,
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
        let penalty = match problem.linear() {
            None => penalty,
            Some(slope) => {
                let one = |j: usize| if left_out[j] { 0.0 } else { slope[j] / deviation[j] };
                penalty.tilted((0..cols).map(one).collect())
            }
        };
        let s = problem.weights().iter().map(|w| w * share).collect();
        Ok(Self { problem, settings, s, deviation, left_out, penalty })
    }

    pub(super) fn slopes(&self, point: &Point<'_>, control: &mut Control<'_>) -> Result<Slopes> {
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
    pub(super) fn certificate(
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
        Ok(Certificate::of_gradient(norm, objective))
    }

    fn gap(
        &self,
        x: &[f64],
        intercept: f64,
        theta: Vec<f64>,
        v: Vec<f64>,
        objective: Sum,
        control: &mut Control<'_>,
    ) -> Result<Certificate> {
        let found = self.feasible(x, &theta, v, control)?;
        let (mut price, mut estimated) = (found.price, found.estimated);
        let scale = objective.value().abs() + self.loss_at_zero().abs();
        let slope = |(x, c): (&f64, &f64)| if *c == 0.0 { 0.0 } else { (x * c).abs() };
        let linear: f64 = self.penalty.slope().map_or(0.0, |c| x.iter().zip(&**c).map(slope).sum());
        let rounding = Certificate::hidden(self.terms(|j| x[j], &theta, control)? + linear, scale);
        estimated |= rounding > 0.0;
        price.add(rounding);
        if self.settings.intercept {
            let sums = [&theta, &found.theta].map(|theta| sum(theta.iter().copied()).abs());
            price.add(sums[0].max(sums[1]) * intercept.abs());
        }
        let theta = found.theta;
        let mut value = Sum::default();
        value.add(-self.settings.loss.conjugate(self.problem.target(), &theta, &self.s));
        value.add(-sum(theta.iter().zip(self.problem.offset()).map(|(t, o)| t * o)));
        value.add(-self.penalty.untilted().conjugate(&found.v));
        value.add(-price.value());
        let dual_objective = if value.value().is_nan() { f64::NEG_INFINITY } else { value.value() };
        Ok(Certificate::of_dual(objective.value(), dual_objective, rounding, scale, estimated))
    }

    /// The dual point made feasible: scaled, or with a linear term moved towards a [`center`](crate::bcd::center).
    /// `v` are its correlations.
    pub(super) fn feasible(
        &self,
        x: &[f64],
        theta: &[f64],
        v: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Feasible> {
        let base = self.penalty.untilted();
        let (mut v, mut theta, mut price) = (self.penalty.reduced(v), theta.to_vec(), Sum::default());
        let mut estimated = self.waive(x, &theta, &mut v, &mut price, control)?;
        let gauge = base.gauge(&v);
        if !(gauge > 1.0) {
            return Ok(Feasible { theta, v, price, estimated });
        }
        let Some(slope) = self.penalty.slope() else {
            let t = (1.0 - 4.0 * f64::EPSILON) / gauge;
            theta.iter_mut().for_each(|theta| *theta *= t);
            v.iter_mut().for_each(|v| *v *= t);
            return Ok(Feasible { theta, v, price, estimated });
        };
        let columns = self.columns();
        let design = Design {
            columns: &columns,
            s: &self.s,
            y: self.problem.target(),
            loss: &self.settings.loss,
            intercept: self.settings.intercept,
        };
        let Some(center) = center(&design, base, slope, &Team::solo(), control)? else {
            // Nothing is known of a point outside.
            price.add(f64::INFINITY);
            return Ok(Feasible { theta, v, price, estimated });
        };
        for &(j, v) in center.dust.iter().filter(|(j, v)| *v != 0.0 && x[*j] != 0.0) {
            price.add((v * x[j]).abs());
            estimated = true;
        }
        let t = along(base, &center.reduced, &v);
        Ok(Feasible {
            theta: between(&center.u, &theta, t),
            v: between(&center.reduced, &v, t),
            price,
            estimated,
        })
    }

    /// The columns in the coordinates of the penalty.
    pub(in crate::bcd) fn columns(&self) -> Columns<'_> {
        Columns::new(self.problem.matrix(), self.deviation.iter().map(|d| 1.0 / d).collect())
    }

    /// Clears correlations that have to vanish (free columns) or to be of one sign (columns with one bound and no
    /// penalty) and do not for rounding alone, and adds their first-order price. A free column whose correlation is
    /// more than rounding makes the dual point worthless: its price is infinite. Tells whether anything was cleared.
    /// With a linear term `v` is less its slopes.
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
                let mut size = self.penalty.slope().map_or(0.0, |c| c[j].abs() * self.deviation[j]);
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

    /// The loss where all coefficients and the intercept are 0: with the objective, the scale that rounding is measured
    /// by.
    fn loss_at_zero(&self) -> f64 {
        self.settings.loss.value(self.problem.target(), self.problem.offset(), &self.s)
    }

    /// `sum_j |x_j| sum_r |a_rj theta_r|`: the size of the terms that cancel where columns that hardly vary, or hardly
    /// differ, have large coefficients. The rounding of the predictions and of the correlations is some units in its
    /// last place.
    pub(in crate::bcd) fn terms(
        &self,
        x: impl Fn(usize) -> f64,
        theta: &[f64],
        control: &mut Control<'_>,
    ) -> Result<f64> {
        let matrix = self.problem.matrix();
        let mut total = 0.0;
        for j in (0..self.deviation.len()).filter(|&j| x(j) != 0.0) {
            let mut size = 0.0;
            matrix.for_each(j, |r, a| size += (a * theta[r]).abs());
            control.spend(3 * matrix.column_entries(j) as u64)?;
            total += (x(j) / self.deviation[j]).abs() * size;
        }
        Ok(total)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Matrix, Order};
    use crate::runtime::control::POLL_FLOPS;
    use crate::runtime::{ErrorKind, Family, Options};

    /// Runs `check` on a column of `rows` numbers that hardly varies.
    fn on_a_flat_column(rows: usize, check: impl FnOnce(&Evaluation<'_>, f64, &[f64])) {
        let data: Vec<f64> = (0..rows).map(|r| 1e8 + (r % 3) as f64).collect();
        let theta: Vec<f64> = (0..rows).map(|r| if r % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let view = DenseView { data: &data[..], rows, cols: 1, ld: rows, order: Order::ColumnMajor };
        let problem = Problem::new(Matrix::dense(view).unwrap(), &theta).unwrap();
        let settings = Settings::from_options(&Options::new(Family::Bcd)).unwrap();
        let evaluation = Evaluation::new(&problem, &settings, 0.1, &[1.0], &Deviations(None)).unwrap();
        check(&evaluation, data.iter().sum(), &theta);
    }

    #[test]
    fn columns_that_cancel_hide_a_unit_in_the_last_place_of_their_terms() {
        on_a_flat_column(6, |evaluation, sum, theta| {
            let mut control = Control::new();
            let terms = evaluation.terms(|_| -2.0, theta, &mut control).unwrap();
            assert_eq!((terms, control.work()), (2.0 * sum, 18));
            assert_eq!(Certificate::hidden(terms, 1e-3), terms * f64::EPSILON);
            // Less than the rounding of ordinary sums; a coefficient at 0.
            assert_eq!(Certificate::hidden(terms, 1e6), 0.0);
            assert_eq!(evaluation.terms(|_| 0.0, theta, &mut control).unwrap(), 0.0);
        });
    }

    #[test]
    fn the_pass_over_such_columns_stops_where_the_control_says_so() {
        on_a_flat_column(POLL_FLOPS as usize / 3 + 1, |evaluation, _, theta| {
            let mut control = Control::new();
            control.begin(f64::INFINITY, 1);
            let error = evaluation.terms(|_| 2.0, theta, &mut control).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Stopped);
        });
    }

    #[test]
    fn a_gradient_says_nothing_where_the_objective_is_no_number() {
        assert_eq!(Certificate::of_gradient(0.5, 2.0).value, 0.5);
        for (norm, objective) in [(f64::NAN, 1.0), (0.5, f64::INFINITY), (0.5, f64::NAN)] {
            assert_eq!(Certificate::of_gradient(norm, objective).value, f64::INFINITY);
        }
    }
}
