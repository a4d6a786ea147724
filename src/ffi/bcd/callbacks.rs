//! The caller's own functions: a matrix by columns, and a smooth function.

use super::super::control::{Call, swl_control};
use super::super::growable::{self, Growable};
use super::super::guard::{argument, check_pointer, guard};
use super::super::handles;
use super::super::options::{or_defaults, swl_options};
use super::super::status::swl_status;
use super::{Bcd, Keep, swl_bcd};
use crate::bcd::{Problem, UserFunction, Workspace};
use crate::numerics::{ColumnOperator, Duplicates};
use crate::runtime::{Error, ErrorKind, Family, Result};
use std::ffi::c_void;
use std::sync::Arc;

/// Flag: the callbacks may run on several threads at once.
pub const SWL_CALLBACK_ANY_THREAD: u32 = 1;

/// A matrix as two functions of a column, for a swl_matrix of kind SWL_OPERATOR: on disk, packed, implicit. Zero it,
/// set struct_size, fill in the rest. The struct is copied. A callback returns 0, or a number above 0 that ends the
/// call with SWL_E_CALLBACK and reaches the caller in the message and in the info. NaN and infinity out of finite
/// numbers are refused. Callbacks run on the thread that called the library, and on others only with
/// SWL_CALLBACK_ANY_THREAD (without it a solve takes one thread).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_operator {
    /// sizeof(swl_operator)
    pub struct_size: u32,
    /// 0 or SWL_CALLBACK_ANY_THREAD
    pub flags: u32,
    /// given to the callbacks
    pub ctx: *mut c_void,
    /// called once when the handle that swl_bcd_new made is freed, or NULL; calls on new data do not call it
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// rows
    pub rows: i64,
    /// columns
    pub cols: i64,
    /// *out = a_col . v, with rows numbers in v
    pub column_dot:
        Option<unsafe extern "C" fn(ctx: *mut c_void, col: i64, v: *const f64, out: *mut f64) -> i32>,
    /// v += alpha a_col
    pub column_add: Option<unsafe extern "C" fn(ctx: *mut c_void, col: i64, alpha: f64, v: *mut f64) -> i32>,
}

// SAFETY: repr(C), no padding (56 bytes on LP64), null pointers and zeros are valid.
unsafe impl Growable for swl_operator {
    const NAME: &'static str = "swl_operator";
    const FIRST: usize = 24 + 4 * size_of::<usize>();
}

/// A smooth convex function of cols coordinates. Zero it, set struct_size, fill in the rest. The struct and lipschitz
/// are copied. Callbacks as in swl_operator, always on the thread that called the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_function {
    /// sizeof(swl_function)
    pub struct_size: u32,
    /// 0
    pub flags: u32,
    /// given to the callbacks
    pub ctx: *mut c_void,
    /// called once when the handle is freed, or NULL
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// coordinates
    pub cols: i64,
    /// *out = f(x); infinity where f overflows
    pub value: Option<unsafe extern "C" fn(ctx: *mut c_void, x: *const f64, out: *mut f64) -> i32>,
    /// out[i] = df/dx_j at j = list[i], n of them, no repeats
    pub gradient: Option<
        unsafe extern "C" fn(ctx: *mut c_void, x: *const f64, list: *const i64, n: i64, out: *mut f64) -> i32,
    >,
    /// out[i + n k] = the second derivative by list[i] and list[k]; or NULL
    pub hessian: Option<
        unsafe extern "C" fn(ctx: *mut c_void, x: *const f64, list: *const i64, n: i64, out: *mut f64) -> i32,
    >,
    /// bounds of the second derivative in each coordinate, above 0; or NULL: not known
    pub lipschitz: *const f64,
}

// SAFETY: repr(C), no padding (64 bytes on LP64), null pointers and zeros are valid.
unsafe impl Growable for swl_function {
    const NAME: &'static str = "swl_function";
    const FIRST: usize = 16 + 6 * size_of::<usize>();
}

/// The callbacks of an operator, checked.
pub(in crate::ffi) struct Columns {
    given: swl_operator,
    rows: usize,
    cols: usize,
}

// SAFETY: the caller's functions get the caller's context on the threads that its flag allows: a solve without the flag
// takes one thread, and calls at the same time on a handle are the caller's doing.
unsafe impl Send for Columns {}
// SAFETY: as above.
unsafe impl Sync for Columns {}

impl Columns {
    /// Reads and checks an operator.
    ///
    /// # Safety
    /// `view` is null or has as many bytes as it states.
    pub(in crate::ffi) unsafe fn read(view: *const swl_operator) -> Result<Self> {
        // SAFETY: passed on.
        let given = unsafe { growable::read(view, "a.view") }?;
        check_flags(given.flags, SWL_CALLBACK_ANY_THREAD, "a.flags")?;
        if given.column_dot.is_none() || given.column_add.is_none() {
            let missing = if given.column_dot.is_none() { "a.column_dot" } else { "a.column_add" };
            return Err(argument(missing, "a function", "NULL"));
        }
        let size = |value: i64, subject: &str| {
            usize::try_from(value).map_err(|_| argument(subject, "a number >= 0", value))
        };
        Ok(Self { given, rows: size(given.rows, "a.rows")?, cols: size(given.cols, "a.cols")? })
    }

    /// What is to be called when the handle ends.
    pub(in crate::ffi) fn keep(&self) -> Keep {
        Keep { ctx: self.given.ctx, release: self.given.release }
    }

    pub(in crate::ffi) fn size(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    pub(in crate::ffi) fn operator(&self) -> Arc<dyn ColumnOperator> {
        Arc::new(Self { ..*self })
    }
}

impl ColumnOperator for Columns {
    fn rows(&self) -> usize {
        self.rows
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn dot(&self, j: usize, v: &[f64], out: &mut f64) -> i32 {
        // SAFETY: the caller's function, with arrays as long as it was told.
        self.given.column_dot.map_or(0, |f| unsafe { f(self.given.ctx, j as i64, v.as_ptr(), out) })
    }

    fn add(&self, j: usize, alpha: f64, v: &mut [f64]) -> i32 {
        // SAFETY: as above.
        self.given.column_add.map_or(0, |f| unsafe { f(self.given.ctx, j as i64, alpha, v.as_mut_ptr()) })
    }

    fn is_for_any_thread(&self) -> bool {
        self.given.flags & SWL_CALLBACK_ANY_THREAD != 0
    }
}

/// The callbacks of a function, checked.
struct Callbacks {
    given: swl_function,
    cols: usize,
    lipschitz: Option<Vec<f64>>,
}

// SAFETY: the caller's functions get the caller's context on the thread that calls the library; calls at the same time
// on a handle are the caller's doing.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl UserFunction for Callbacks {
    fn cols(&self) -> usize {
        self.cols
    }

    fn value(&self, x: &[f64], out: &mut f64) -> i32 {
        // SAFETY: the caller's function, with arrays as long as it was told.
        self.given.value.map_or(0, |f| unsafe { f(self.given.ctx, x.as_ptr(), out) })
    }

    fn gradient(&self, x: &[f64], list: &[usize], out: &mut [f64]) -> i32 {
        let list: Vec<i64> = list.iter().map(|&j| j as i64).collect();
        let (n, out) = (list.len() as i64, out.as_mut_ptr());
        // SAFETY: as above.
        self.given.gradient.map_or(0, |f| unsafe { f(self.given.ctx, x.as_ptr(), list.as_ptr(), n, out) })
    }

    fn has_hessian(&self) -> bool {
        self.given.hessian.is_some()
    }

    fn hessian(&self, x: &[f64], list: &[usize], out: &mut [f64]) -> i32 {
        let list: Vec<i64> = list.iter().map(|&j| j as i64).collect();
        let (n, out) = (list.len() as i64, out.as_mut_ptr());
        // SAFETY: as above.
        self.given.hessian.map_or(0, |f| unsafe { f(self.given.ctx, x.as_ptr(), list.as_ptr(), n, out) })
    }

    fn lipschitz(&self) -> Option<&[f64]> {
        self.lipschitz.as_deref()
    }
}

fn check_flags(flags: u32, known: u32, subject: &str) -> Result<()> {
    if flags & !known == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, subject).expected(format!("no bits but {known}")).found(flags))
}

/// Makes a problem from the caller's smooth function; the penalty, its strength, factors, bounds and groups are as for
/// swl_bcd_new. There are no rows: targets, weights and offsets have length 0, and the options loss, intercept and
/// standardize mean nothing (the latter two are refused). The certificate is the norm of the gradient. options (NULL:
/// defaults) and control (or NULL) are checked and not needed yet. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes, a callback that is missing), SWL_E_DATA (lipschitz not above 0 and finite),
/// SWL_E_UNSUPPORTED (flags), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written and release is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bcd_new_user(
    f: *const swl_function,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_bcd,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            or_defaults(options, Family::Bcd)?;
            Call::read(control)?;
            let given = growable::read(f, "f")?;
            check_flags(given.flags, 0, "f.flags")?;
            let cols =
                usize::try_from(given.cols).map_err(|_| argument("f.cols", "a number >= 0", given.cols))?;
            super::setup::check_room(0, cols)?;
            if given.value.is_none() || given.gradient.is_none() {
                let missing = if given.value.is_none() { "f.value" } else { "f.gradient" };
                return Err(argument(missing, "a function", "NULL"));
            }
            let lipschitz = if given.lipschitz.is_null() || cols == 0 {
                None
            } else {
                check_pointer(given.lipschitz, "f.lipschitz")?;
                Some(std::slice::from_raw_parts(given.lipschitz, cols).to_vec())
            };
            let problem = Problem::of_function(Arc::new(Callbacks { given, cols, lipschitz }))?;
            let bcd = Bcd {
                problem,
                has_target: true,
                has_targets: true,
                duplicates: Duplicates::Error,
                groups: None,
                start: None,
                solved: None,
                path: None,
                workspace: Workspace::new(),
                // From here on nothing can fail.
                _keep: vec![Keep { ctx: given.ctx, release: given.release }],
            };
            handles::publish(bcd, out)
        }
    })
}
