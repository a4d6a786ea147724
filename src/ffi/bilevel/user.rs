//! Problems of the caller's own functions.

use super::super::bcd::{Keep, SWL_CALLBACK_ANY_THREAD};
use super::super::growable::{self, Growable};
use super::super::guard::{argument, check_pointer, guard};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{size, slice};
use super::{Bilevel, swl_bilevel};
use crate::bilevel::problems::Adjusted;
use crate::bilevel::{Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants};
use crate::runtime::error::zeros;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::ffi::c_void;
use std::time::Instant;

/// What a callback returns for a point that cannot be evaluated: a trial is shortened; at the start it is an error.
pub const SWL_CALLBACK_REJECT: i32 = -1;
/// Flag: lower problems are quadratic in x, so that conjugate gradients solve them.
pub const SWL_BILEVEL_QUADRATIC: u32 = 2;
/// Flag: the upper function is convex in x.
pub const SWL_BILEVEL_CONVEX_UPPER: u32 = 4;
/// Flag: the upper function is l_g / 2 times a squared distance from a fixed point.
pub const SWL_BILEVEL_SQUARED_DISTANCE: u32 = 8;
/// Flag: the constants hold; without it certificates that rest on them are called estimated.
pub const SWL_BILEVEL_PROVEN: u32 = 16;

/// The caller's problem: `samples` lower problems h_i(x, theta) share theta, of d numbers; x_i has lengths[i] numbers.
/// Minimizes the mean of the upper functions g_i(xhat_i(theta), theta). Zero the struct, set struct_size, fill in the
/// rest; it and lengths are copied. Callbacks return 0, SWL_CALLBACK_REJECT, or a number above 0 that ends the call with
/// SWL_E_CALLBACK and reaches the caller in the message and in the info. Their outputs are checked for NaN. They keep no
/// pointer that they were given, give the same numbers for the same arguments, and run on the thread that called the
/// library (with SWL_CALLBACK_ANY_THREAD on several at once). Every function is required but those marked "or NULL".
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bilevel_problem {
    /// sizeof(swl_bilevel_problem)
    pub struct_size: u32,
    /// 0, SWL_CALLBACK_ANY_THREAD, SWL_BILEVEL_QUADRATIC, ..
    pub flags: u32,
    /// given to the callbacks
    pub ctx: *mut c_void,
    /// called once when the handle is freed, or NULL
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// numbers of theta
    pub d: i64,
    /// lower problems
    pub samples: i64,
    /// numbers of each x
    pub lengths: *const i64,
    /// *value = h_i(x, theta), and grad (length of x) its gradient in x
    pub lower: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            value: *mut f64,
            grad: *mut f64,
        ) -> i32,
    >,
    /// out = (d2 h_i / dx2) v, both as long as x
    pub hessian: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            v: *const f64,
            out: *mut f64,
        ) -> i32,
    >,
    /// out = (d2 h_i / dx dtheta)' q: q as long as x, out has d numbers
    pub mixed_t: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            q: *const f64,
            out: *mut f64,
        ) -> i32,
    >,
    /// out = (d2 h_i / dx dtheta) u: u has d numbers, out is as long as x; or NULL
    pub mixed: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            u: *const f64,
            out: *mut f64,
        ) -> i32,
    >,
    /// mu > 0 and l: bounds of the curvature of h_i in x; l_a and l_b: Lipschitz constants in x of its Hessian and of its
    /// mixed derivatives. What is not known stays NaN
    pub constants: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            theta: *const f64,
            mu: *mut f64,
            l: *mut f64,
            l_a: *mut f64,
            l_b: *mut f64,
        ) -> i32,
    >,
    /// *value = g_i(x, theta), gx its gradient in x and gtheta (comes as zeros) that in theta
    pub upper: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            value: *mut f64,
            gx: *mut f64,
            gtheta: *mut f64,
        ) -> i32,
    >,
    /// Lipschitz constant in x of the gradient of g_i in x
    pub l_g: f64,
    /// that of its gradient in theta; 0 where g_i does not depend on theta
    pub l_g_theta: f64,
    /// called before products at a point, to prepare them; or NULL
    pub prepare:
        Option<unsafe extern "C" fn(ctx: *mut c_void, i: i64, x: *const f64, theta: *const f64) -> i32>,
    /// out is about the inverse Hessian times r, symmetric and positive; or NULL
    pub precondition: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            i: i64,
            x: *const f64,
            theta: *const f64,
            r: *const f64,
            out: *mut f64,
        ) -> i32,
    >,
    /// improves x until |grad_x h_i| <= tolerance, with the option lower_solver=user; checked by `lower`; or NULL
    pub solve_lower: Option<
        unsafe extern "C" fn(ctx: *mut c_void, i: i64, theta: *const f64, tolerance: f64, x: *mut f64) -> i32,
    >,
}

// SAFETY: repr(C), no padding on 64-bit targets, null pointers and zeros are valid.
unsafe impl Growable for swl_bilevel_problem {
    const NAME: &'static str = "swl_bilevel_problem";
    const FIRST: usize = 40 + 12 * size_of::<usize>();
}

/// Makes a problem of the caller's own functions. theta has no bounds unless swl_bilevel_set_bounds gives some. The
/// caller frees the handle; swl_bilevel_check compares its derivatives with differences.
///
/// Errors: SWL_E_ARGUMENT (null, sizes, a function that is missing), SWL_E_UNSUPPORTED (flags), SWL_E_MEMORY. On failure
/// *out is not written and release is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_new_user(
    problem: *const swl_bilevel_problem,
    out: *mut *mut swl_bilevel,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        let begun = Instant::now();
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let given = growable::read(problem, "problem")?;
            let known = SWL_CALLBACK_ANY_THREAD
                | SWL_BILEVEL_QUADRATIC
                | SWL_BILEVEL_CONVEX_UPPER
                | SWL_BILEVEL_SQUARED_DISTANCE
                | SWL_BILEVEL_PROVEN;
            if given.flags & !known != 0 {
                let expected = format!("no bits but {known}");
                return Err(Error::new(ErrorKind::Unsupported, "problem.flags")
                    .expected(expected)
                    .found(given.flags));
            }
            check_functions(&given)?;
            let (d, samples) = (size(given.d, "problem.d")?, size(given.samples, "problem.samples")?);
            if samples == 0 {
                return Err(argument("problem.samples", "at least 1", 0));
            }
            let lengths = slice::<i64>(given.lengths.cast(), samples, "problem.lengths")?;
            let longest = isize::MAX as usize / 64;
            let length = |(k, n): (usize, &i64)| {
                let fits = usize::try_from(*n).ok().filter(|n| (1..=longest).contains(n));
                fits.ok_or_else(|| {
                    argument(
                        &format!("problem.lengths, entry {k}"),
                        format!("a number from 1 to {longest}"),
                        n,
                    )
                })
            };
            let mut checked = zeros("problem.lengths", samples)?;
            for (to, from) in checked.iter_mut().zip(lengths.iter().enumerate()) {
                *to = length(from)?;
            }
            let own = Callbacks { given, d, lengths: checked };
            let keep = Keep::new(given.ctx, given.release);
            let seconds_setup = begun.elapsed().as_secs_f64();
            handles::publish(Bilevel::new(Adjusted::new(own), seconds_setup, Some(keep)), out)
        }
    })
}

fn check_functions(given: &swl_bilevel_problem) -> Result<()> {
    let needed = [
        ("lower", given.lower.is_some()),
        ("hessian", given.hessian.is_some()),
        ("mixed_t", given.mixed_t.is_some()),
        ("constants", given.constants.is_some()),
        ("upper", given.upper.is_some()),
    ];
    if let Some((name, _)) = needed.iter().find(|(_, there)| !there) {
        return Err(argument(&format!("problem.{name}"), "a function", "NULL"));
    }
    for (name, value) in [("l_g", given.l_g), ("l_g_theta", given.l_g_theta)] {
        if !(0.0..f64::INFINITY).contains(&value) {
            return Err(argument(&format!("problem.{name}"), "a finite number >= 0", value));
        }
    }
    Ok(())
}

/// The caller's functions, checked.
struct Callbacks {
    given: swl_bilevel_problem,
    d: usize,
    lengths: Vec<usize>,
}

// SAFETY: the caller's functions get the caller's context on the threads that its flag allows.
unsafe impl Send for Callbacks {}
// SAFETY: as above: without the flag the solver runs on the calling thread alone.
unsafe impl Sync for Callbacks {}

/// What a callback returned.
fn told(callback: &str, code: i32) -> Evaluated<()> {
    match code {
        0 => Ok(()),
        SWL_CALLBACK_REJECT => Err(Refusal::Reject),
        _ => Err(Refusal::Failed(
            Error::new(ErrorKind::Callback, format!("problem.{callback}"))
                .expected("0 or SWL_CALLBACK_REJECT (-1)")
                .found(code)
                .with_code(code),
        )),
    }
}

impl Problem for Callbacks {
    fn parameters(&self) -> usize {
        self.d
    }

    fn samples(&self) -> usize {
        self.lengths.len()
    }

    fn variables(&self, sample: usize) -> usize {
        self.lengths[sample]
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let (given, mut value) = (&self.given, f64::NAN);
        let (i, out) = (sample as i64, gradient.as_mut_ptr());
        // SAFETY: the caller's function, with arrays as long as it was told.
        let code = given
            .lower
            .map_or(0, |f| unsafe { f(given.ctx, i, x.as_ptr(), theta.as_ptr(), &raw mut value, out) });
        told("lower", code).map(|()| value)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        let given = &self.given;
        // SAFETY: as above.
        let code =
            given.prepare.map_or(0, |f| unsafe { f(given.ctx, sample as i64, x.as_ptr(), theta.as_ptr()) });
        told("prepare", code)?;
        Ok(Box::new(Products { given, sample: sample as i64, x, theta }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        let given = &self.given;
        let [mut mu, mut l, mut l_a, mut l_b] = [f64::NAN; 4];
        let i = sample as i64;
        // SAFETY: as above.
        let code = given.constants.map_or(0, |f| unsafe {
            f(given.ctx, i, theta.as_ptr(), &raw mut mu, &raw mut l, &raw mut l_a, &raw mut l_b)
        });
        told("constants", code)?;
        Ok(LowerConstants { mu, l, l_a, l_b, rigor: self.rigor() })
    }

    fn is_quadratic(&self) -> bool {
        self.given.flags & SWL_BILEVEL_QUADRATIC != 0
    }

    fn is_reentrant(&self) -> bool {
        self.given.flags & SWL_CALLBACK_ANY_THREAD != 0
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        in_theta.fill(0.0);
        let (given, mut value) = (&self.given, f64::NAN);
        let (i, gx, gtheta) = (sample as i64, in_x.as_mut_ptr(), in_theta.as_mut_ptr());
        // SAFETY: as above.
        let code = given.upper.map_or(0, |f| unsafe {
            f(given.ctx, i, x.as_ptr(), theta.as_ptr(), &raw mut value, gx, gtheta)
        });
        told("upper", code).map(|()| value)
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        let given = &self.given;
        let squared = given.flags & SWL_BILEVEL_SQUARED_DISTANCE != 0;
        UpperConstants {
            l_g: given.l_g,
            l_g_theta: given.l_g_theta,
            convex: squared || given.flags & SWL_BILEVEL_CONVEX_UPPER != 0,
            squared_distance: squared.then_some(given.l_g),
            rigor: self.rigor(),
        }
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        lower.fill(f64::NEG_INFINITY);
        upper.fill(f64::INFINITY);
    }

    fn solve_lower(
        &self,
        sample: usize,
        theta: &[f64],
        tolerance: f64,
        x: &mut [f64],
        _control: &mut Control<'_>,
    ) -> Evaluated<bool> {
        let given = &self.given;
        let Some(solve) = given.solve_lower else { return Ok(false) };
        // SAFETY: as above.
        let code = unsafe { solve(given.ctx, sample as i64, theta.as_ptr(), tolerance, x.as_mut_ptr()) };
        told("solve_lower", code).map(|()| true)
    }
}

impl Callbacks {
    fn rigor(&self) -> Rigor {
        if self.given.flags & SWL_BILEVEL_PROVEN != 0 { Rigor::Proven } else { Rigor::Estimated }
    }
}

/// Products of the caller's at a point.
struct Products<'a> {
    given: &'a swl_bilevel_problem,
    sample: i64,
    x: &'a [f64],
    theta: &'a [f64],
}

/// A product of the caller's.
type Product = unsafe extern "C" fn(
    ctx: *mut c_void,
    i: i64,
    x: *const f64,
    theta: *const f64,
    v: *const f64,
    out: *mut f64,
) -> i32;

impl Products<'_> {
    /// Whether there is such a product.
    fn product(&self, name: &str, f: Option<Product>, v: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let Some(f) = f else { return Ok(false) };
        let (x, theta) = (self.x.as_ptr(), self.theta.as_ptr());
        // SAFETY: the caller's function, with arrays as long as it was told.
        let code = unsafe { f(self.given.ctx, self.sample, x, theta, v.as_ptr(), out.as_mut_ptr()) };
        told(name, code).map(|()| true)
    }
}

impl SecondOrder for Products<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        self.product("hessian", self.given.hessian, v, out).map(|_| ())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        self.product("mixed_t", self.given.mixed_t, q, out).map(|_| ())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.product("mixed", self.given.mixed, u, out)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.product("precondition", self.given.precondition, r, out)
    }
}
