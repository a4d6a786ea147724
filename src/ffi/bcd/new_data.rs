//! Applying the last solution to new data.

use super::super::guard::{Buffer, check_pointer, guard, write_out};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{
    Holding, optional_vector, optional_vector_of_outputs, shape, swl_matrix, swl_vec, vector,
};
use super::{Bcd, swl_bcd};
use crate::bcd::Solution;
use crate::model::OutputLoss;
use crate::numerics::{Duplicates, Matrix};
use crate::runtime::Result;

/// The linear predictor on new rows: a of any layout and width, with as many columns as the problem; offset may be
/// NULL. len is the number of rows of a, times k for k outputs (row by row). A few passes over a, so no control.
/// Nothing is kept.
///
/// Any number of threads at once, unless one of them changes the handle.
/// Errors: SWL_E_STATE (no solve, or a setter since), SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_MEMORY, SWL_E_UNSUPPORTED,
/// SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_predict(
    s: *const swl_bcd,
    a: *const swl_matrix,
    offset: *const swl_vec,
    out: *mut f64,
    len: i64,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe { predict(s, a, offset, out, len, Solution::predict) })
}

/// The mean of the target on new rows: a probability of label 1 for logistic, of each class for softmax, a rate
/// for poisson. As swl_bcd_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_predict_mean(
    s: *const swl_bcd,
    a: *const swl_matrix,
    offset: *const swl_vec,
    out: *mut f64,
    len: i64,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe { predict(s, a, offset, out, len, Solution::predict_mean) })
}

/// One of the predictions of a solution.
type Apply = fn(&Solution, &Matrix<'_>, Option<&[f64]>) -> Result<Vec<f64>>;

/// # Safety
/// As the two functions above.
unsafe fn predict(
    s: *const swl_bcd,
    a: *const swl_matrix,
    offset: *const swl_vec,
    out: *mut f64,
    len: i64,
    apply: Apply,
) -> Result<()> {
    // SAFETY: passed on.
    unsafe {
        let bcd = handles::read::<Bcd>(s, "s")?;
        let solution = &bcd.solved()?.solution;
        let shape = shape(a)?;
        let length = shape.rows.saturating_mul(solution.outputs);
        let buffer = Buffer::check(out, len, length, "one per row of a (and output)")?;
        let offset = if solution.output_loss.is_some() {
            optional_vector_of_outputs(offset, "offset", shape.rows, "row")?
        } else {
            optional_vector(offset, "offset", shape.rows, "row")?
        };
        let matrix = new_matrix(&shape, bcd.duplicates)?;
        buffer.fill(&apply(solution, &matrix, offset.as_deref())?)
    }
}

/// The mean loss on new rows with targets y (multi-squared: rows * k numbers, row by row); weights (NULL: all 1) and
/// offset may be NULL. NaN where there are no rows or all weights are 0. As swl_bcd_predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_score(
    s: *const swl_bcd,
    a: *const swl_matrix,
    y: *const swl_vec,
    weights: *const swl_vec,
    offset: *const swl_vec,
    out: *mut f64,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let bcd = handles::read::<Bcd>(s, "s")?;
            let solution = &bcd.solved()?.solution;
            check_pointer(out, "out")?;
            let shape = shape(a)?;
            let squared = solution.output_loss == Some(OutputLoss::Squared);
            let targets = if squared { shape.rows.saturating_mul(solution.outputs) } else { shape.rows };
            let target = vector(y, "y", targets, if squared { "row and output" } else { "row" })?;
            let weights = optional_vector(weights, "weights", shape.rows, "row")?;
            let offset = optional_vector(offset, "offset", shape.rows, "row")?;
            let matrix = new_matrix(&shape, bcd.duplicates)?;
            let score = solution.score(&matrix, &target, weights.as_deref(), offset.as_deref())?;
            write_out(out, score, "out")
        }
    })
}

/// New data for one pass: read in place where that is possible, copied otherwise.
///
/// # Safety
/// The arrays are as long as the view says, for `'a`.
unsafe fn new_matrix<'a>(shape: &super::super::views::Shape, duplicates: Duplicates) -> Result<Matrix<'a>> {
    let holding = if shape.is_dense_columns() { Holding::InPlace } else { Holding::Copy(duplicates) };
    // SAFETY: passed on.
    unsafe { shape.matrix(holding) }
}
