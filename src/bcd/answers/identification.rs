//! What is known of a solution beyond its value: which coefficients every solution has at 0, how far from its limits
//! the active set is, and whether there is one solution only. Recomputed from the raw data, as the certificate is.
//!
//! * Guaranteed zeros (gap-safe): the dual is strongly concave, so the optimal dual point is within `r = sqrt(2 kappa
//!   gap)` of the one at hand in the norm `|S^(-1/2) .|`, and a column whose `a_j'theta` is further than `r |S^(1/2)
//!   a_j|` inside the subdifferential of its penalty at 0 is 0 in every solution.
//! * Margin (what decides in the paper how soon the active set is identified): the least distance of `-grad_j f` from
//!   the boundary of the subdifferential, over coordinates at a kink or a bound.
//! * Uniqueness: all solutions live on the other columns; where the Hessian of those is definite, there is one.

use super::certificate::Certificate;
use super::evaluation::{Evaluation, deviations};
use super::solution::Solution;
use crate::bcd::callbacks;
use crate::bcd::duality::balance;
use crate::bcd::problem::Problem;
use crate::bcd::settings::Settings;
use crate::model::Penalty;
use crate::numerics::Columns;
use crate::numerics::cholesky::exceeds;
use crate::numerics::eigen::smallest_eigenvalue;
use crate::numerics::gram::{Square, gram};
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase, Result, Rigor, Stop};

/// What [`identify`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Identification {
    /// The least distance of minus the gradient from the boundary of the subdifferential, over units at a kink or a
    /// bound; infinite where there is none such, 0 where the gradient of the answer is outside. In the units of lambda.
    pub margin: f64,
    /// Columns whose coefficient is 0 in every solution, ascending. Proven up to rounding where the certificate is;
    /// empty where there is no duality gap or the loss has no bound on its curvature.
    pub safe_zeros: Vec<usize>,
    /// The smallest eigenvalue of the Hessian (ridge included, the intercept minimized out) of all other columns,
    /// scaled to a unit diagonal; NaN where it was not computed because there are more than 2048 of them. Of more than
    /// 512 columns it is an estimate from above.
    pub smallest_eigenvalue: f64,
    /// Whether it is proven to be above rounding, by a factorization of the Hessian less 1e-10 times the identity:
    /// then this is the only solution, to first order. `false` says that nothing is known.
    pub unique: bool,
}

/// Largest Hessian whose eigenvalues are computed.
const MOST_COLUMNS: usize = 2048;
/// Eigenvalues below this, beside a unit diagonal, are rounding.
const DEFINITE: f64 = 1e-10;
/// Flops of a slope and a curvature, about.
const ROW_FLOPS: u64 = 20;
/// Flops of the margin of a unit beside those of its columns, about.
const UNIT_FLOPS: u64 = 32;

/// Looks at a solution of this problem with these settings. Costs two passes over the data, and the eigenvalues of the
/// columns that are not known to be 0. The limits of the settings (`max_seconds`, `max_work`) are those of this call.
///
/// Errors: several outputs and functions of the caller; a solution of another size; `Stopped`.
pub fn identify(
    problem: &Problem<'_>,
    settings: &Settings,
    solution: &Solution,
    control: &mut Control<'_>,
) -> Result<Identification> {
    check(problem, settings, solution)?;
    control.begin(settings.max_seconds, settings.max_work);
    callbacks::watched(problem, settings.clone(), control, |settings, control| {
        identified(problem, settings, solution, control)
    })
}

fn identified(
    problem: &Problem<'_>,
    settings: &Settings,
    solution: &Solution,
    control: &mut Control<'_>,
) -> Result<Identification> {
    control.report(Phase::Certificate, 0, f64::NAN, f64::NAN)?;
    let deviations = deviations(problem, settings, control)?;
    let evaluation = Evaluation::new(problem, settings, solution.lambda, &solution.coef, &deviations)?;
    let point = At::new(&evaluation, solution, control)?;
    let margin = point.margin(control)?;
    let zeros = point.safe_zeros(solution, control)?;
    let fixed = point.fixed();
    let rest: Vec<usize> = (0..zeros.len()).filter(|&j| !zeros[j] && !fixed[j]).collect();
    let safe_zeros = (0..zeros.len()).filter(|&j| zeros[j]).collect();
    let (mut smallest, mut unique) = (f64::NAN, false);
    if rest.len() <= MOST_COLUMNS {
        let hessian = with_team(settings.threads, |team| point.hessian(&rest, team, control))?;
        let hessian = unit_diagonal(hessian?);
        smallest = smallest_eigenvalue(&hessian, control)?;
        // Where no row bends the loss, nothing holds the intercept; where the infimum is not attained, there is no
        // solution.
        let held = !settings.intercept || point.curvatures.iter().any(|w| *w > 0.0);
        // Lanczos' figure is no bound; a factor is.
        unique = held
            && solution.outcome != Outcome::InfimumNotAttained
            && smallest > DEFINITE
            && exceeds(&hessian, DEFINITE, control)?;
    }
    Ok(Identification { margin, safe_zeros, smallest_eigenvalue: smallest, unique })
}

/// Refuses what is not a solution of one output of this problem.
pub(in crate::bcd) fn check(problem: &Problem<'_>, settings: &Settings, solution: &Solution) -> Result<()> {
    if problem.function().is_some() || settings.output_loss.is_some() || solution.output_loss.is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "option \"loss\"")
            .expected("a loss of one output")
            .found("several outputs, or a function of the caller"));
    }
    problem.check_linear(settings)?;
    if !solution.lambda.is_finite() {
        return Err(Error::new(ErrorKind::State, "solution")
            .expected("a solution of a finite lambda")
            .found(format!("lambda {}", solution.lambda)));
    }
    let cols = problem.matrix().cols();
    crate::bcd::problem::check_start(Some(&solution.coef), solution.intercept, cols)
}

/// A solution with what the data say at it, in the coordinates of the penalty: `x_j = coef_j deviation_j`.
pub(in crate::bcd) struct At<'a> {
    evaluation: &'a Evaluation<'a>,
    pub(in crate::bcd) x: Vec<f64>,
    /// The linear predictor.
    pub(in crate::bcd) z: Vec<f64>,
    /// Gradient of the loss.
    gradient: Vec<f64>,
    /// `s_r phi''(z_r)`.
    pub(in crate::bcd) curvatures: Vec<f64>,
}

impl<'a> At<'a> {
    pub(in crate::bcd) fn new(
        evaluation: &'a Evaluation<'a>,
        solution: &Solution,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let (problem, loss) = (evaluation.problem, &evaluation.settings.loss);
        let (matrix, offset) = (problem.matrix(), Some(problem.offset()));
        let z =
            super::predict::polled_predictor(&solution.coef, solution.intercept, matrix, offset, control)?;
        control.spend(ROW_FLOPS * z.len() as u64)?;
        let (mut slopes, mut curvatures) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        loss.slopes(problem.target(), &z, &evaluation.s, &mut slopes);
        loss.curvatures(problem.target(), &z, &evaluation.s, &mut curvatures);
        let gradient = evaluation.polled_correlations(&slopes, control)?;
        let x = solution.coef.iter().zip(&evaluation.deviation).map(|(c, d)| c * d).collect();
        Ok(Self { evaluation, x, z, gradient, curvatures })
    }

    fn penalty(&self) -> &Penalty {
        &self.evaluation.penalty
    }

    fn part(&self, u: usize, full: &[f64]) -> Vec<f64> {
        self.penalty().columns(u).iter().map(|&j| full[j]).collect()
    }

    fn margin(&self, control: &mut Control<'_>) -> Result<f64> {
        let penalty = self.penalty();
        let mut least = f64::INFINITY;
        for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
            least = least.min(penalty.margin(u, &self.part(u, &self.x), &self.part(u, &self.gradient)));
            control.spend(UNIT_FLOPS + 8 * penalty.columns(u).len() as u64)?;
        }
        Ok(least.max(0.0))
    }

    fn safe_zeros(&self, solution: &Solution, control: &mut Control<'_>) -> Result<Vec<bool>> {
        let Evaluation { problem, settings, s, deviation, .. } = self.evaluation;
        let penalty = self.penalty();
        let mut zeros = vec![false; self.x.len()];
        let kappa = settings.loss.curvature_bound();
        let found = &solution.certificate;
        if solution.dual.is_empty() || !kappa.is_finite() || found.rigor == Rigor::None {
            return Ok(zeros);
        }
        let size = found.objective.abs() + found.dual_objective.abs();
        let radius = (2.0 * kappa * (found.value + Certificate::ROUNDING * size)).sqrt();
        let mut theta = solution.dual.clone();
        if settings.intercept {
            balance(&mut theta);
        }
        let v = self.evaluation.polled_correlations(&theta, control)?;
        // The certificate is that of the point made feasible.
        let v = self.evaluation.feasible(&self.x, &theta, v, control)?.v;
        let penalty = penalty.untilted();
        let square = |j: usize| problem.matrix().squares(j, 1.0 / deviation[j], s);
        for u in 0..penalty.units() {
            let columns = penalty.columns(u);
            let entries: usize = columns.iter().map(|&j| problem.matrix().column_entries(j)).sum();
            control.spend(UNIT_FLOPS + 3 * entries as u64)?;
            let zero = vec![0.0; columns.len()];
            let g: Vec<f64> = columns.iter().map(|&j| -v[j]).collect();
            let inside = penalty.margin(u, &zero, &g);
            let reach = radius * columns.iter().map(|&j| square(j)).sum::<f64>().sqrt();
            // A kink that bounds exclude is none; an infinite margin is of a unit that is smooth at 0.
            if inside.is_finite() && inside > reach && penalty.unit_value(u, &zero).is_finite() {
                columns.iter().for_each(|&j| zeros[j] = true);
            }
        }
        Ok(zeros)
    }

    /// The Hessian of loss and penalty at these columns, the intercept minimized out.
    fn hessian(
        &self,
        list: &[usize],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Square, Stop> {
        let columns = self.columns();
        let mut h = gram(&columns, list, &self.curvatures, team, control)?;
        self.add_penalty(list, &mut h, control)?;
        let total: f64 = self.curvatures.iter().sum();
        if self.evaluation.settings.intercept && total > 0.0 {
            let mut sums = vec![0.0; list.len()];
            columns.correlations(list, &self.curvatures, &mut sums, team, control)?;
            for k in 0..list.len() {
                let factor = sums[k] / total;
                h.column_mut(k).iter_mut().zip(&sums).for_each(|(h, s)| *h -= factor * s);
                control.spend(2 * list.len() as u64)?;
            }
        }
        Ok(h)
    }

    /// The columns in the coordinates of the penalty.
    pub(in crate::bcd) fn columns(&self) -> Columns<'_> {
        self.evaluation.columns()
    }

    /// Adds the penalty's Hessian at the columns in `list`; groups at 0 have none.
    pub(in crate::bcd) fn add_penalty(
        &self,
        list: &[usize],
        h: &mut Square,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        let penalty = self.penalty();
        let mut place = vec![usize::MAX; self.x.len()];
        list.iter().enumerate().for_each(|(k, &j)| place[j] = k);
        for u in 0..penalty.units() {
            let (columns, x) = (penalty.columns(u), self.part(u, &self.x));
            if columns.len() > 1 && x.iter().all(|x| *x == 0.0) {
                continue;
            }
            let listed: Vec<usize> =
                (0..columns.len()).filter(|&k| place[columns[k]] != usize::MAX).collect();
            let (mut basis, mut out) = (vec![0.0; columns.len()], vec![0.0; columns.len()]);
            for &k in &listed {
                basis[k] = 1.0;
                out.fill(0.0);
                penalty.add_hessian_product(u, &x, &basis, &mut out);
                basis[k] = 0.0;
                let column = h.column_mut(place[columns[k]]);
                listed.iter().for_each(|&i| column[place[columns[i]]] += out[i]);
                control.spend(8 * columns.len() as u64)?;
            }
        }
        Ok(())
    }

    /// The coordinates along which the penalty is smooth while those at a kink are held there: what moves freely. Not
    /// constant columns, which standardization leaves out.
    pub(in crate::bcd) fn free(&self) -> Vec<usize> {
        let penalty = self.penalty();
        let mut free = Vec::new();
        for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
            let (columns, x) = (penalty.columns(u), self.part(u, &self.x));
            let moves = |k: &usize| penalty.moves_freely(u, &x, *k) && !self.evaluation.left_out[columns[*k]];
            free.extend((0..x.len()).filter(moves).map(|k| columns[k]));
        }
        free
    }

    /// Whether each column is fixed by its penalty or bounds, or left out.
    fn fixed(&self) -> Vec<bool> {
        let penalty = self.penalty();
        let mut fixed = self.evaluation.left_out.clone();
        for u in (0..penalty.units()).filter(|&u| penalty.is_fixed(u)) {
            penalty.columns(u).iter().for_each(|&j| fixed[j] = true);
        }
        fixed
    }
}

/// `D H D` with a unit diagonal; a zero column gives a zero eigenvalue.
fn unit_diagonal(mut h: Square) -> Square {
    let n = h.size();
    let scale: Vec<f64> =
        (0..n).map(|j| if h.at(j, j) > 0.0 { 1.0 / h.at(j, j).sqrt() } else { 0.0 }).collect();
    for j in 0..n {
        h.column_mut(j).iter_mut().zip(&scale).for_each(|(h, s)| *h *= s * scale[j]);
    }
    h
}
