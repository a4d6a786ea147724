//! A bilevel problem: `min over theta of f(theta) = (1/m) sum_i g_i(xhat_i(theta), theta) + r(theta)`, where
//! `xhat_i(theta)` minimizes `h_i(x, theta)` over `x` (Salehi, Mukherjee, Roberts, Ehrhardt, arXiv 2308.10098,
//! section 2).
//!
//! | symbol | here |
//! |---|---|
//! | `x` in `R^n_i`, `theta` in `R^d` | `x`, `theta` |
//! | `h_i`, its gradient in `x` | [`Problem::lower`] |
//! | `A = d2h/dx2`, `B = d2h/dx dtheta` at `(x, theta)` | [`SecondOrder`] |
//! | `g_i`, its gradients in `x` and in `theta` | [`Problem::upper`] |
//! | `mu`, `L`, `L_A`, `L_B` | [`LowerConstants`] |
//! | `L_g` | [`UpperConstants`] |

pub use crate::runtime::Rigor;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// The default bound of log-parameters, either way.
pub const LOG_BOUND: f64 = 30.0;

/// What a callback of a problem can say instead of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The point cannot be evaluated: at a trial the step is cut, at the start it is an error.
    Reject,
    /// A failure of the caller's that ends the solve.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

/// The result of an evaluation.
pub type Evaluated<T> = std::result::Result<T, Refusal>;

/// Constants of `h_i(., theta)`. What is not known is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowerConstants {
    /// `mu I <= A(x, theta)` for every `x`.
    pub mu: f64,
    /// `A(x, theta) <= L I` for every `x`.
    pub l: f64,
    /// Lipschitz constant of `x -> A(x, theta)`.
    pub l_a: f64,
    /// Lipschitz constant of `x -> B(x, theta)`.
    pub l_b: f64,
    /// How far `mu` is to be trusted, and `L`, `L_A`, `L_B`: estimated ones are sampled, or from a power iteration, and
    /// may be too small or too large.
    pub rigor: Rigor,
}

/// Constants of `g_i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpperConstants {
    /// Lipschitz constant of `x -> grad_x g`.
    pub l_g: f64,
    /// Lipschitz constant of `x -> grad_theta g`; 0 where `g` does not depend on `theta`.
    pub l_g_theta: f64,
    /// `g` is convex in `x`.
    pub convex: bool,
    /// `g(x) = c/2 |x - x*|^2` for this `c`, which gives the exact range of section 1.7.
    pub squared_distance: Option<f64>,
    /// How far they are to be trusted.
    pub rigor: Rigor,
}

/// Second derivatives of `h_i` at one `(x, theta)`, with whatever is worth computing once there.
pub trait SecondOrder {
    /// `out = A v`; both of length `n_i`.
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()>;

    /// `out = B' q`; `q` of length `n_i`, `out` of length `d`.
    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()>;

    /// `out = B u`; `u` of length `d`, `out` of length `n_i`. `false` (with `out` untouched) where the problem has
    /// no such product.
    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool>;

    /// `out` is about `A^-1 r`, by a symmetric positive definite operator. `false` where there is none.
    fn precondition(&self, _r: &[f64], _out: &mut [f64]) -> Evaluated<bool> {
        Ok(false)
    }

    /// Clears the entries of `v` (length `n_i`) along which `xhat` does not move with `theta`: those off the support
    /// of a sparse solution. `A` and `B` are those of the rest.
    fn restrict(&self, _v: &mut [f64]) {}
}

/// A bilevel problem with `m` lower problems that share `theta`. Evaluations are pure: the same arguments give the
/// same bits.
pub trait Problem: Sync {
    /// `d`.
    fn parameters(&self) -> usize;

    /// `m`.
    fn samples(&self) -> usize;

    /// `n_i`.
    fn variables(&self, sample: usize) -> usize;

    /// `h_i(x, theta)`, and its gradient in `x` into `gradient` (length `n_i`); where `h_i` has kinks, its smallest
    /// subgradient.
    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64>;

    /// `A` and `B` at `(x, theta)`.
    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>>;

    /// The constants of `h_i(., theta)`.
    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants>;

    /// Whether `h_i` is quadratic in `x`, so that conjugate gradients solve it.
    fn is_quadratic(&self) -> bool {
        false
    }

    /// Whether `h_i` has a gradient everywhere. Where not, the problem's own solver is the only one, distances to
    /// `xhat` are still proven by `mu`, and what is said of how `xhat` moves is said of the part that
    /// [`SecondOrder::restrict`] leaves: estimated, as that part may change.
    fn is_smooth(&self) -> bool {
        true
    }

    /// Whether `A` and `B` are to be had without the state of others, from several threads at once.
    fn is_reentrant(&self) -> bool {
        true
    }

    /// `g_i(x, theta)`, its gradient in `x` into `in_x` (length `n_i`) and in `theta` into `in_theta` (length `d`;
    /// zeros where `g_i` does not depend on it).
    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64>;

    /// The constants of `g_i`.
    fn upper_constants(&self, sample: usize) -> UpperConstants;

    /// `r(theta)`, with its gradient added to `gradient` (length `d`).
    fn regularizer(&self, _theta: &[f64], _gradient: &mut [f64]) -> Evaluated<f64> {
        Ok(0.0)
    }

    /// Where lower solves of sample `i` start when nothing warmer is known; `x` comes filled with zeros.
    fn start(&self, _sample: usize, _theta: &[f64], _x: &mut [f64]) -> Evaluated<()> {
        Ok(())
    }

    /// Default bounds on `theta`: [`LOG_BOUND`] either way for log-parameters, none for others.
    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        lower.fill(-LOG_BOUND);
        upper.fill(LOG_BOUND);
    }

    /// About how many floating-point operations one gradient or one Hessian product of `h_i` takes: what work
    /// limits count. The default of 16 per variable is a guess, for problems that do not say.
    fn flops(&self, sample: usize) -> u64 {
        16 * self.variables(sample) as u64
    }

    /// A positive diagonal `M <= A(x, theta)` for every `x` (the penalties of a penalized fit, say), in whose norm
    /// errors are measured then: a small penalty on one variable no longer spoils the bounds of all. `false` where
    /// there is none.
    fn metric(&self, _sample: usize, _theta: &[f64], _diagonal: &mut [f64]) -> Evaluated<bool> {
        Ok(false)
    }

    /// A proven bound on the spectral norm of `M^-1/2 B` at `(x, theta)`, where there is a formula; `metric` is the
    /// diagonal of `M`, the identity if there is none.
    fn mixed_norm(
        &self,
        _sample: usize,
        _x: &[f64],
        _theta: &[f64],
        _metric: Option<&[f64]>,
    ) -> Evaluated<Option<f64>> {
        Ok(None)
    }

    /// A lower solver of the problem's own: brings `x` to where the gradient's norm is at most `tolerance`, which
    /// is checked by [`Problem::lower`], or ends early where `control` says stop. `false` where there is none.
    fn solve_lower(
        &self,
        _sample: usize,
        _theta: &[f64],
        _tolerance: f64,
        _x: &mut [f64],
        _control: &mut Control<'_>,
    ) -> Evaluated<bool> {
        Ok(false)
    }

    /// Checks of the whole that need no evaluation.
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

/// Checks sizes and the start.
pub(super) fn check(problem: &dyn Problem, start: &[f64]) -> Result<()> {
    let wrong = |subject: &str, expected: String, found: String| {
        Err(Error::new(ErrorKind::Argument, subject).expected(expected).found(found))
    };
    if problem.samples() == 0 {
        return wrong("samples", "at least one".into(), "0".into());
    }
    if let Some(i) = (0..problem.samples()).find(|i| problem.variables(*i) == 0) {
        return wrong("variables", format!("at least one for sample {i}"), "0".into());
    }
    if start.len() != problem.parameters() {
        return wrong("theta", format!("{} numbers", problem.parameters()), start.len().to_string());
    }
    match start.iter().position(|t| !t.is_finite()) {
        Some(j) => Err(Error::new(ErrorKind::Data, "theta")
            .at(format!("entry {j}"))
            .expected("a finite number")
            .found(start[j])),
        None => Ok(()),
    }
}
