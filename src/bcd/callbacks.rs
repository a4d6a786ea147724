//! Matrices behind callbacks: what has to be arranged around a call that uses one.

use super::problem::Problem;
use super::settings::Settings;
use crate::numerics::Matrix;
use crate::runtime::{Control, Result};

/// Runs `body` so that a failing callback of the matrix stops it and is its error; on one thread, unless the callbacks
/// take several.
pub(super) fn watched<T>(
    problem: &Problem<'_>,
    mut settings: Settings,
    control: &mut Control<'_>,
    body: impl FnOnce(&Settings, &mut Control<'_>) -> Result<T>,
) -> Result<T> {
    let Some(operator) = problem.matrix().as_operator() else { return body(&settings, control) };
    if !operator.is_for_any_thread() {
        settings.threads = 1;
    }
    operator.take_failure();
    control.watch(operator.failed());
    let found = body(&settings, control);
    operator.take_failure().map_or(found, Err)
}

/// `found`, or the failure of a callback of the matrix on the way to it.
pub(super) fn unless_failed<T>(matrix: &Matrix<'_>, found: T) -> Result<T> {
    failure_first(matrix, Ok(found))
}

/// `found`, or the failure of a callback of the matrix, which is also why a control says stop.
pub(super) fn failure_first<T>(matrix: &Matrix<'_>, found: Result<T>) -> Result<T> {
    matrix.as_operator().and_then(|o| o.take_failure()).map_or(found, Err)
}
