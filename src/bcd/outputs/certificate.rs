//! The certificate of an answer with several outputs, recomputed from the raw data by code that knows nothing of the
//! loop.

use super::super::answers::certificate::Certificate;
use super::super::answers::evaluation::{Evaluation, deviations};
use super::super::problem::{Problem, wrong_length};
use super::super::settings::Settings;
use super::data::Data;
use super::dual::{balance, complete, value};
use crate::model::Penalty;
use crate::model::outputs::OutputLoss;
use crate::numerics::sum::{Sum, sum};
use crate::runtime::{Control, Error, ErrorKind, Result};

/// The certificate of a point (coefficients feature by feature, then the intercepts if there are any) and a dual point
/// (row after row; empty: none). As [`certificate`](super::super::answers::certificate()).
pub(in crate::bcd) fn certificate(
    problem: &Problem<'_>,
    settings: &Settings,
    lambda: f64,
    point: &[f64],
    dual: &[f64],
) -> Result<Certificate> {
    let data = Data::new(problem, settings, settings.output_loss.unwrap_or(OutputLoss::Softmax))?;
    let (rows, cols, k) = (data.rows, problem.matrix().cols(), data.k);
    super::check_point(point, cols, k)?;
    if !dual.is_empty() && dual.len() != rows * k {
        return Err(wrong_length("dual", dual.len(), rows * k, "row and output"));
    }
    if let Some(i) = dual.iter().position(|v| !v.is_finite()) {
        return Err(Error::new(ErrorKind::Data, "dual")
            .at(format!("entry {i}"))
            .expected("a finite number")
            .found(dual[i]));
    }
    let (coef, intercepts) = point.split_at(cols * k);
    // A column counts as left out where all its coefficients are 0.
    let size = |j: usize| coef[j * k..(j + 1) * k].iter().fold(0.0_f64, |m, c| m.max(c.abs()));
    let sizes: Vec<f64> = (0..cols).map(size).collect();
    let deviations = deviations(problem, settings, &mut Control::new())?;
    let evaluation = Evaluation::new(problem, settings, lambda, &sizes, &deviations)?;
    let penalty = evaluation.penalty.for_outputs(k, &[]);
    let check = Check { data: &data, evaluation: &evaluation, penalty: &penalty, intercepts };
    let z = super::linear_predictor(coef, intercepts, k, problem.matrix(), &data.offset)?;
    let x: Vec<f64> = (0..coef.len()).map(|j| coef[j] * evaluation.deviation[j / k]).collect();
    let mut objective = Sum::default();
    data.for_each_row(&evaluation.s, [&z], |r, [z]| {
        objective.add(evaluation.s[r] * data.loss.value(z, data.target(r)));
    });
    objective.add(penalty.value(&x));
    let objective = objective.value();
    Ok(if dual.is_empty() {
        check.gradient(&z, &x, objective)
    } else {
        check.gap(&data.by_outputs(dual), &x, objective)?
    })
}

struct Check<'c> {
    data: &'c Data,
    evaluation: &'c Evaluation<'c>,
    penalty: &'c Penalty,
    intercepts: &'c [f64],
}

impl Check<'_> {
    /// `a_f'v_c / deviation_f` of every coordinate.
    fn correlations(&self, v: &[f64]) -> Vec<f64> {
        let (rows, k) = (self.data.rows, self.data.k);
        let matrix = self.evaluation.problem.matrix();
        let of_output = |v: &[f64]| self.evaluation.correlations(|j| matrix.dot(j, v));
        let by_output: Vec<Vec<f64>> = (0..k).map(|c| of_output(&v[c * rows..(c + 1) * rows])).collect();
        (0..self.penalty_len()).map(|j| by_output[j % k][j / k]).collect()
    }

    fn penalty_len(&self) -> usize {
        self.evaluation.deviation.len() * self.data.k
    }

    fn gap(&self, dual: &[f64], x: &[f64], objective: f64) -> Result<Certificate> {
        let (data, s) = (self.data, &self.evaluation.s);
        let mut theta = dual.to_vec();
        let mut price = 0.0;
        if self.evaluation.settings.intercept {
            balance(data, s, &mut theta);
            let sums = theta.chunks(data.rows.max(1)).map(|t| sum(t.iter().copied()));
            price = sums.zip(self.intercepts).map(|(sum, b)| (sum * b).abs()).sum();
        } else {
            complete(data, s, &mut theta);
        }
        let mut at_zero = Sum::default();
        data.for_each_row(s, [&data.offset], |r, [z]| at_zero.add(s[r] * data.loss.value(z, data.target(r))));
        let scale = objective.abs() + at_zero.value().abs();
        let mut terms = 0.0;
        for (c, theta) in theta.chunks(data.rows.max(1)).enumerate() {
            terms += self.evaluation.terms(|j| x[j * data.k + c], theta, &mut Control::new())?;
        }
        let rounding = Certificate::hidden(terms, scale);
        price += rounding;
        let v = self.correlations(&theta);
        let gauge = self.penalty.gauge(&v);
        let t = if gauge > 1.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { 1.0 };
        let dual_objective = value(data, s, self.penalty, &theta, &v, price, t);
        Ok(Certificate::of_dual(objective, dual_objective, rounding, scale, rounding > 0.0))
    }

    fn gradient(&self, z: &[f64], x: &[f64], objective: f64) -> Certificate {
        let (data, s, rows) = (self.data, &self.evaluation.s, self.data.rows);
        let mut d = vec![0.0; z.len()];
        let (mut mean, mut slope) = (vec![0.0; data.k], vec![0.0; data.k]);
        data.for_each_row(s, [z], |r, [z]| {
            mean.copy_from_slice(z);
            data.loss.mean(&mut mean);
            data.loss.slope(&mean, data.target(r), &mut slope);
            slope.iter().enumerate().for_each(|(c, slope)| d[c * rows + r] = s[r] * slope);
        });
        let g = self.correlations(&d);
        let mut squares = Sum::default();
        for u in 0..self.penalty.units() {
            let columns = self.penalty.columns(u);
            let part = |full: &[f64]| columns.iter().map(|&j| full[j]).collect::<Vec<f64>>();
            let mut out = vec![0.0; columns.len()];
            self.penalty.subgradient(u, &part(x), &part(&g), &mut out);
            let deviation = |j: usize| self.evaluation.deviation[j / data.k];
            columns.iter().zip(out).for_each(|(&j, o)| squares.add((o * deviation(j)).powi(2)));
        }
        if self.evaluation.settings.intercept {
            d.chunks(rows.max(1)).for_each(|d| squares.add(sum(d.iter().copied()).powi(2)));
        }
        Certificate::of_gradient(squares.value().sqrt(), objective)
    }
}
