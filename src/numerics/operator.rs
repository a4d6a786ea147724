//! A matrix as two functions of a column: on disk, packed, or implicit.

use crate::runtime::{Error, ErrorKind};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The columns of a matrix by callbacks. Each gives back 0, or a number that ends the call and reaches the caller in
/// [`Error::code`].
pub trait ColumnOperator: Send + Sync {
    /// Rows.
    fn rows(&self) -> usize;
    /// Columns.
    fn cols(&self) -> usize;
    /// `a_j'v` into `out`.
    fn dot(&self, j: usize, v: &[f64], out: &mut f64) -> i32;
    /// `v += alpha a_j`.
    fn add(&self, j: usize, alpha: f64, v: &mut [f64]) -> i32;
    /// Whether callbacks may come from several threads at once; otherwise a solve takes one thread, the caller's.
    fn is_for_any_thread(&self) -> bool {
        false
    }
}

/// A matrix behind a [`ColumnOperator`]. A callback that fails, or writes what is no finite number, is remembered; from
/// then on columns count as 0, until [`Operator::take_failure`] tells.
#[derive(Clone)]
pub struct Operator {
    columns: Arc<dyn ColumnOperator>,
    failed: Arc<AtomicBool>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an operator of {} rows and {} columns", self.rows(), self.cols())
    }
}

impl Operator {
    pub(super) fn new(columns: Arc<dyn ColumnOperator>) -> Self {
        Self { columns, failed: Arc::default(), failure: Arc::default() }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.columns.rows()
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.columns.cols()
    }

    /// Whether several threads may ask at once.
    pub fn is_for_any_thread(&self) -> bool {
        self.columns.is_for_any_thread()
    }

    /// Set when a callback has failed.
    pub fn failed(&self) -> &Arc<AtomicBool> {
        &self.failed
    }

    /// The first failure since the last time that it was asked for.
    pub fn take_failure(&self) -> Option<Error> {
        self.failed.store(false, Ordering::Relaxed);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the columns count as 0.
    fn is_dead(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn fail(&self, callback: &str, j: usize, code: i32, found: f64) {
        let error = Error::new(ErrorKind::Callback, callback).at(format!("column {j}"));
        let error = match code {
            0 => error.expected("finite numbers").found(found),
            code => error.expected("0").found(code).with_code(code),
        };
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn dot(&self, j: usize, v: &[f64]) -> f64 {
        if self.is_dead() {
            return 0.0;
        }
        let mut out = f64::NAN;
        let code = self.columns.dot(j, v, &mut out);
        // A vector that overflowed has no finite product; that is not the callback's doing.
        if code != 0 || (!out.is_finite() && v.iter().all(|v| v.is_finite())) {
            self.fail("column_dot", j, code, out);
            return 0.0;
        }
        out
    }

    pub(super) fn add(&self, j: usize, alpha: f64, v: &mut [f64]) {
        if self.is_dead() {
            return;
        }
        let finite = alpha.is_finite() && v.iter().all(|v| v.is_finite());
        let code = self.columns.add(j, alpha, v);
        let bad = v.iter().find(|v| v.is_nan()).copied();
        if code != 0 || (finite && bad.is_some()) {
            self.fail("column_add", j, code, bad.unwrap_or(f64::NAN));
        }
    }

    /// Column `j` in full.
    pub(super) fn column(&self, j: usize) -> Vec<f64> {
        let mut column = vec![0.0; self.rows()];
        self.add(j, 1.0, &mut column);
        if let Some(bad) = column.iter().find(|a| !a.is_finite()) {
            self.fail("column_add", j, 0, *bad);
            column.fill(0.0);
        }
        column
    }
}
