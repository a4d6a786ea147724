//! The problem: data, checked once, and what may change between solves on the same matrix.

use super::settings::Settings;
use super::user::{Function, UserFunction};
use crate::model::Loss;
use crate::numerics::{Duplicates, Layout, Matrix, SparseView};
use crate::runtime::{Error, ErrorKind, Result};
use std::sync::Arc;

/// A matrix `a` (rows are observations), a target for each row, and what else the objective needs:
///
/// minimize `sum_r s_r phi(a_r'x + b + o_r, y_r) + c'x + G(x)`.
///
/// The loss, the penalty and its strength are options of a solve, so one problem serves many.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    /// Shared by clones, which may then have other targets and weights.
    matrix: Arc<Matrix<'a>>,
    target: Vec<f64>,
    weights: Vec<f64>,
    offset: Vec<f64>,
    /// Targets of several outputs: how many, and the numbers row after row.
    targets: Option<(usize, Vec<f64>)>,
    /// Offsets of several outputs, row after row.
    offsets: Option<Vec<f64>>,
    factors: Option<Vec<f64>>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    linear: Option<Vec<f64>>,
    groups: Option<Groups>,
    function: Option<Function>,
    /// Of the matrix, the weights and what belongs to columns.
    design: Stamp,
    /// Of the target, the offset and the linear term.
    response: Stamp,
}

/// Tells contents apart: every change makes a new one, so equal stamps mean equal contents.
#[derive(Debug, Clone)]
pub(super) struct Stamp(Arc<()>);

impl Stamp {
    fn new() -> Self {
        Self(Arc::new(()))
    }
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Groups of columns given one by one.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    pub(super) of_column: Vec<usize>,
    pub(super) weights: Vec<f64>,
}

impl<'a> Problem<'a> {
    /// A problem with unit weights and no offset. `target` has one finite number per row.
    ///
    /// Whether the targets are of the loss is checked when a solve says which loss it is.
    pub fn new(matrix: Matrix<'a>, target: &[f64]) -> Result<Self> {
        Self::on_shared(Arc::new(matrix), target)
    }

    /// The same on a matrix that others hold too.
    pub fn on_shared(matrix: Arc<Matrix<'a>>, target: &[f64]) -> Result<Self> {
        let rows = matrix.rows();
        let mut problem = Self {
            matrix,
            target: Vec::new(),
            weights: vec![1.0; rows],
            offset: vec![0.0; rows],
            targets: None,
            offsets: None,
            factors: None,
            bounds: None,
            linear: None,
            groups: None,
            function: None,
            design: Stamp::new(),
            response: Stamp::new(),
        };
        problem.set_target(target)?;
        Ok(problem)
    }

    /// The caller's own smooth function instead of losses of rows; penalties, factors, bounds and groups are as ever.
    ///
    /// Errors: bounds of the coordinates of another number, or that are not finite and above 0.
    pub fn of_function(function: Arc<dyn UserFunction>) -> Result<Problem<'static>> {
        let cols = function.cols();
        if let Some(lipschitz) = function.lipschitz() {
            let valid = |l: f64| l > 0.0 && l.is_finite();
            checked("lipschitz", lipschitz, cols, "column", valid, "a finite number above 0")?;
        }
        // No rows: what belongs to columns is all there is.
        let indptr = vec![0_i64; cols + 1];
        let view: SparseView<'_, f64, i64, i64> =
            SparseView { rows: 0, cols, indptr: &indptr[..], indices: &[], values: &[], layout: Layout::Csc };
        let mut problem = Problem::new(Matrix::sparse(view, Duplicates::Error)?, &[])?;
        problem.function = Some(Function(function));
        Ok(problem)
    }

    pub(super) fn function(&self) -> Option<&dyn UserFunction> {
        self.function.as_ref().map(|f| f.0.as_ref())
    }

    /// Another target for the same matrix.
    pub fn set_target(&mut self, target: &[f64]) -> Result<()> {
        self.target = checked_finite("y", target, self.matrix.rows())?;
        self.response = Stamp::new();
        Ok(())
    }

    /// Targets of `outputs` outputs for `loss=multi-squared`: `rows * outputs` finite numbers, row after row.
    pub fn set_targets(&mut self, outputs: usize, targets: &[f64]) -> Result<()> {
        if outputs == 0 {
            return Err(Error::new(ErrorKind::Argument, "outputs").expected("at least 1").found(0));
        }
        let len = self.matrix.rows().saturating_mul(outputs);
        let finite = f64::is_finite;
        let targets = checked("targets", targets, len, "row and output", finite, "a finite number")?;
        self.targets = Some((outputs, targets));
        Ok(())
    }

    /// Offsets of each output, row after row, for losses of several outputs; they come on top of
    /// [`Problem::set_offset`]. How many outputs there are is checked when a solve knows. Empty: none.
    pub fn set_offsets(&mut self, offsets: &[f64]) -> Result<()> {
        let rows = self.matrix.rows();
        let len = if rows == 0 { 0 } else { offsets.len().div_ceil(rows) * rows };
        let offsets = checked("offset", offsets, len, "row and output", f64::is_finite, "a finite number")?;
        self.offsets = (!offsets.is_empty()).then_some(offsets);
        Ok(())
    }

    /// Weights of the rows, finite and at least 0; a row of weight 0 counts as absent.
    pub fn set_weights(&mut self, weights: &[f64]) -> Result<()> {
        self.weights = checked_weights(weights, self.matrix.rows())?;
        self.design = Stamp::new();
        Ok(())
    }

    /// Numbers added to the linear predictor, finite.
    pub fn set_offset(&mut self, offset: &[f64]) -> Result<()> {
        self.offset = checked_finite("offset", offset, self.matrix.rows())?;
        self.response = Stamp::new();
        Ok(())
    }

    /// Factors on the penalty of each column, at least 0: 0 leaves it unpenalized, infinity fixes it at 0.
    pub fn set_penalty_factors(&mut self, factors: &[f64]) -> Result<()> {
        let valid = |f: f64| f >= 0.0;
        self.factors = Some(checked(
            "penalty_factors",
            factors,
            self.matrix.cols(),
            "column",
            valid,
            "a number >= 0, or infinity",
        )?);
        self.design = Stamp::new();
        Ok(())
    }

    /// Bounds of each coefficient in the data's own scale; infinite where there is none.
    pub fn set_bounds(&mut self, lower: &[f64], upper: &[f64]) -> Result<()> {
        let cols = self.matrix.cols();
        let below = |b: f64| b < f64::INFINITY;
        let above = |b: f64| b > f64::NEG_INFINITY;
        let lower = checked("lower", lower, cols, "column", below, "a number or minus infinity")?;
        let upper = checked("upper", upper, cols, "column", above, "a number or infinity")?;
        if let Some(j) = (0..cols).find(|&j| lower[j] > upper[j]) {
            return Err(Error::new(ErrorKind::Data, "lower")
                .at(format!("column {j}"))
                .expected(format!("at most upper ({})", upper[j]))
                .found(lower[j]));
        }
        self.bounds = Some((lower, upper));
        self.design = Stamp::new();
        Ok(())
    }

    /// A linear term `c'x` of the objective beside losses and penalty: one finite number per column, in the data's
    /// own scale. Neither `scale=mean` nor lambda touches it; the intercept has no part in it.
    ///
    /// For losses of one output other than the hinge; whether the loss is one is checked when a solve says which it
    /// is. The objective may have no minimum then: where a column of zeros shows it, or an iterate that has gone so far
    /// that it moves no prediction by more than rounding, the outcome is `Unbounded`; else the solve ends by a limit.
    /// `lambda_max` is the smallest lambda with an all-zero solution as ever. The scale of the tolerance is the loss
    /// of the null model and, with it, the most that the linear term alone could gain along one column, `max_j c_j^2
    /// / (2 kappa sum_r s_r a_rj^2)`. Checks of the certificate cost a pass over all columns each.
    ///
    /// Errors: another number than columns, or numbers that are not finite.
    pub fn set_linear(&mut self, linear: &[f64]) -> Result<()> {
        let finite = f64::is_finite;
        let linear = checked("linear", linear, self.matrix.cols(), "column", finite, "a finite number")?;
        self.linear = linear.iter().any(|c| *c != 0.0).then_some(linear);
        self.response = Stamp::new();
        Ok(())
    }

    /// Leaves the linear term out.
    pub fn clear_linear(&mut self) {
        self.linear = None;
        self.response = Stamp::new();
    }

    /// Leaves the bounds to the options.
    pub fn clear_bounds(&mut self) {
        self.bounds = None;
        self.design = Stamp::new();
    }

    /// Leaves the groups to the option `group_size`.
    pub fn clear_groups(&mut self) {
        self.groups = None;
        self.design = Stamp::new();
    }

    /// Groups for `penalty=group`: the group of each column, counted from 0, and a weight for each group (`None`: all
    /// 1).
    pub fn set_groups(&mut self, of_column: &[usize], weights: Option<&[f64]>) -> Result<()> {
        let cols = self.matrix.cols();
        if of_column.len() != cols {
            return Err(wrong_length("groups", of_column.len(), cols, "column"));
        }
        if let Some(j) = of_column.iter().position(|&g| g >= cols) {
            return Err(Error::new(ErrorKind::Data, "groups")
                .at(format!("column {j}"))
                .expected(format!("a group in 0..{cols}: there are no more groups than columns"))
                .found(of_column[j]));
        }
        let count = of_column.iter().max().map_or(0, |g| g + 1);
        let weights = match weights {
            None => vec![1.0; count],
            Some(w) => {
                checked("group_weights", w, count, "group", |w| w >= 0.0, "a number >= 0, or infinity")?
            }
        };
        self.groups = Some(Groups { of_column: of_column.to_vec(), weights });
        self.design = Stamp::new();
        Ok(())
    }

    /// The data matrix.
    pub fn matrix(&self) -> &Matrix<'a> {
        &self.matrix
    }

    /// The targets.
    pub fn target(&self) -> &[f64] {
        &self.target
    }

    /// The weights.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The offsets.
    pub fn offset(&self) -> &[f64] {
        &self.offset
    }

    /// Targets of several outputs: how many, and the numbers row after row.
    pub fn targets(&self) -> Option<(usize, &[f64])> {
        self.targets.as_ref().map(|(k, values)| (*k, values.as_slice()))
    }

    /// Offsets of several outputs, row after row, where there are any.
    pub fn offsets(&self) -> Option<&[f64]> {
        self.offsets.as_deref()
    }

    /// The linear term, where there is one that is not zero.
    pub fn linear(&self) -> Option<&[f64]> {
        self.linear.as_deref()
    }

    /// Refuses a linear term beside what does not take one.
    pub(super) fn check_linear(&self, settings: &Settings) -> Result<()> {
        let of_rows = self.function.is_none() && settings.output_loss.is_none();
        if self.linear.is_none() || (of_rows && !matches!(settings.loss, Loss::Hinge(_))) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unsupported, "linear")
            .expected("a loss of one output other than the hinge, for a linear term")
            .found(match (&self.function, settings.output_loss) {
                (Some(_), _) => "a function of the caller, which can have one itself",
                (None, Some(_)) => "a loss of several outputs",
                (None, None) => "loss=hinge",
            }))
    }

    /// The stamps of the design (matrix, weights, factors, bounds, groups) and of the response (target, offset,
    /// linear term).
    pub(super) fn stamps(&self) -> (&Stamp, &Stamp) {
        (&self.design, &self.response)
    }

    pub(super) fn factor(&self, j: usize) -> f64 {
        self.factors.as_ref().map_or(1.0, |f| f[j])
    }

    /// Whether no column has a factor or bounds of its own.
    pub(super) fn treats_columns_alike(&self) -> bool {
        self.factors.is_none() && self.bounds.is_none()
    }

    pub(super) fn bounds(&self) -> Option<(&[f64], &[f64])> {
        self.bounds.as_ref().map(|(l, u)| (l.as_slice(), u.as_slice()))
    }

    pub(super) fn groups(&self) -> Option<&Groups> {
        self.groups.as_ref()
    }
}

/// Refuses a start of the wrong length or that is not finite.
pub(super) fn check_start(coef: Option<&[f64]>, intercept: f64, cols: usize) -> Result<()> {
    let finite = f64::is_finite;
    if let Some(coef) = coef {
        checked("coef", coef, cols, "column", finite, "a finite number")?;
    }
    checked("intercept", &[intercept], 1, "output", finite, "a finite number").map(|_| ())
}

/// A copy of one finite number per row.
pub(super) fn checked_finite(subject: &str, values: &[f64], rows: usize) -> Result<Vec<f64>> {
    checked(subject, values, rows, "row", f64::is_finite, "a finite number")
}

/// A copy of one finite number >= 0 per row.
pub(super) fn checked_weights(values: &[f64], rows: usize) -> Result<Vec<f64>> {
    let valid = |w: f64| w >= 0.0 && w.is_finite();
    checked("weights", values, rows, "row", valid, "a finite number >= 0")
}

/// A copy of `values` if there are as many as needed and each is valid.
fn checked(
    subject: &str,
    values: &[f64],
    len: usize,
    line: &str,
    valid: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<Vec<f64>> {
    if values.len() != len {
        return Err(wrong_length(subject, values.len(), len, line));
    }
    match values.iter().position(|&v| !valid(v)) {
        None => Ok(values.to_vec()),
        Some(k) => Err(Error::new(ErrorKind::Data, subject)
            .at(format!("{line} {k}"))
            .expected(expected)
            .found(values[k])),
    }
}

/// The error of an array with the wrong number of elements.
pub(crate) fn wrong_length(subject: &str, found: usize, expected: usize, line: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{subject}.len"))
        .expected(format!("{expected}, one per {line}"))
        .found(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Order};

    #[test]
    fn every_part_is_checked() {
        let data = [1.0, 2.0, 3.0, 4.0];
        let view = DenseView { data: &data[..], rows: 2, cols: 2, ld: 2, order: Order::ColumnMajor };
        let matrix = Matrix::dense(view).unwrap();
        let mut p = Problem::new(matrix.clone(), &[1.0, 2.0]).unwrap();
        let text = |e: Error| e.to_string();
        assert_eq!(
            text(Problem::new(matrix, &[1.0]).unwrap_err()),
            "y.len: expected 2, one per row, found 1"
        );
        assert_eq!(
            text(p.set_target(&[1.0, f64::NAN]).unwrap_err()),
            "y, row 1: expected a finite number, found NaN"
        );
        assert!(text(p.set_weights(&[1.0, -1.0]).unwrap_err()).contains("weights, row 1"));
        assert!(p.set_weights(&[0.0, f64::INFINITY]).is_err());
        assert!(p.set_penalty_factors(&[0.0, f64::INFINITY]).is_ok());
        assert!(p.set_penalty_factors(&[0.0, f64::NAN]).is_err());
        assert!(text(p.set_bounds(&[0.0, 2.0], &[1.0, 1.0]).unwrap_err()).contains("lower, column 1"));
        assert!(p.set_bounds(&[f64::INFINITY, 0.0], &[f64::INFINITY, 0.0]).is_err());
        assert!(p.set_groups(&[0, 5], None).is_err());
        assert!(text(p.set_linear(&[0.0]).unwrap_err()).contains("linear.len"));
        assert!(text(p.set_linear(&[0.0, f64::NAN]).unwrap_err()).contains("linear, column 1"));
        assert!(p.set_linear(&[0.0, 0.0]).is_ok() && p.linear().is_none());
        assert!(p.set_linear(&[0.0, -1.0]).is_ok() && p.linear() == Some(&[0.0, -1.0]));
        p.clear_linear();
        assert!(p.linear().is_none());
        assert!(p.set_groups(&[0, 1], Some(&[1.0])).is_err());
        assert!(p.set_groups(&[1, 0], Some(&[1.0, 0.0])).is_ok());
        assert_eq!(p.target(), [1.0, 2.0]);
    }
}
