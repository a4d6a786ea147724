//! The a-posteriori bound on the error of a hypergradient (arXiv 2308.10098, Theorem 2.1):
//!
//! `|z - grad f| <= omega = c(x) eps + (|B|/mu) delta + (L_B L_g / mu) eps^2`,
//! `c(x) = L_g |B| / mu + L_Ainv |grad g| |B| + L_B |grad g| / mu`, with `L_Ainv <= L_A / mu^2`.
//!
//! It sums the parts of `z - grad f`: `B'(q - A^-1 grad g)`, and what `A^-1`, `grad g` and `B` change between `x`
//! and `xhat`. Of the second, `A*^-1 (A* - A) A^-1 grad g`, it takes `L_A (|q| + delta/mu) / mu` where that is less
//! than `L_A |grad g|/mu^2`. Everything is achieved: `eps = |grad h|/mu` and `delta` the residual.

use super::constants::Constants;
use super::metric::norm;
use super::point::{Adjoint, Mixed, Point, SamplePoint};
use super::problem::Rigor;
use super::settings::CertificateMode;
use crate::numerics::kernels::add;

/// What of a goal-oriented correction may be left of the error once the hypergradient is taken with it.
const GOAL_LEFT: f64 = 0.5;

/// A bound on the error of a hypergradient, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Omega {
    /// The bound; NaN where nothing is certified.
    pub value: f64,
    /// The part that falls with the lower accuracy.
    pub lower: f64,
    /// The part that falls with the adjoint accuracy.
    pub adjoint: f64,
    /// How far it is to be trusted.
    pub rigor: Rigor,
}

impl Omega {
    /// No bound.
    pub fn none() -> Self {
        Self { value: f64::NAN, lower: f64::NAN, adjoint: f64::NAN, rigor: Rigor::None }
    }
}

/// The bound at a point: the mean over its samples.
pub fn omega(point: &Point, mode: CertificateMode) -> Omega {
    if mode == CertificateMode::Off {
        return Omega::none();
    }
    let share = 1.0 / point.samples.len() as f64;
    let mut total = Omega { value: 0.0, lower: 0.0, adjoint: 0.0, rigor: Rigor::Proven };
    let mut change = vec![0.0; point.theta.len()];
    for sample in &point.samples {
        let (Some(adjoint), Some(mixed)) = (&sample.adjoint, &sample.mixed) else { return Omega::none() };
        let (lower, rigor) = match (&mixed.correction, mode) {
            (Some(correction), CertificateMode::GoalOriented) => {
                add(share, correction, &mut change);
                (0.0, Rigor::Estimated)
            }
            _ => from_constants(sample, adjoint, mixed, mode),
        };
        total.lower += share * lower;
        total.adjoint += share * mixed.norm / sample.constants.mu * adjoint.delta;
        total.rigor = total.rigor.min(rigor);
    }
    if mode == CertificateMode::GoalOriented {
        // Errors of samples may cancel, and the estimate sees it.
        total.lower += GOAL_LEFT * norm(&change);
    }
    total.value = total.lower + total.adjoint;
    total
}

/// `L_A |q|` as the mode has it, and whether that and `L_B` are proven.
pub fn changes(sample: &SamplePoint, adjoint: &Adjoint, mode: CertificateMode) -> (f64, Rigor) {
    if adjoint.size == 0.0 {
        return (0.0, at_most(&sample.constants));
    }
    let (l_a, rigor) = lipschitz(sample, adjoint, mode)[0];
    (l_a * adjoint.size, rigor)
}

/// `L_A` and `L_B` as the mode has them, and whether each is proven: samples where the mode is not rigorous, unless the
/// problem's own constants are no larger. Samples say something along `q` alone: where `q` is 0 only those are left.
fn lipschitz(sample: &SamplePoint, adjoint: &Adjoint, mode: CertificateMode) -> [(f64, Rigor); 2] {
    let constants = &sample.constants;
    let sampled = match adjoint.changes {
        Some(c) if adjoint.size > 0.0 => (c.hessian / adjoint.size, c.mixed / adjoint.size),
        _ => (f64::NAN, f64::NAN),
    };
    let choose = |given: f64, sampled: f64| match () {
        () if given == 0.0 || given <= sampled => (given, constants.rigor),
        () if mode == CertificateMode::Rigorous && given.is_finite() => (given, constants.rigor),
        () if !sampled.is_nan() => (sampled, constants.rigor.min(Rigor::Estimated)),
        () => (given, constants.rigor),
    };
    let at_most = at_most(constants);
    [choose(constants.l_a, sampled.0), choose(constants.l_b, sampled.1)]
        .map(|(l, rigor)| (l, rigor.min(at_most)))
}

/// How far anything is to be trusted that follows from how `xhat` moves: where the lower level has kinks, the part of
/// `x` that moves may be another at `xhat` than at `x`.
fn at_most(constants: &Constants) -> Rigor {
    if constants.smooth { constants.rigor } else { constants.rigor.min(Rigor::Estimated) }
}

/// The part of `eps` in (2) for one sample.
fn from_constants(
    sample: &SamplePoint,
    adjoint: &Adjoint,
    mixed: &Mixed,
    mode: CertificateMode,
) -> (f64, Rigor) {
    let constants = &sample.constants;
    let (mu, l_g, eps, gradient) = (constants.mu, constants.l_g, sample.eps, sample.upper.norm);
    let [(l_a, of_a), (l_b, of_b)] = lipschitz(sample, adjoint, mode);
    let inverse = (l_a * gradient / (mu * mu)).min(l_a * (adjoint.size + adjoint.delta / mu) / mu);
    let c = (l_g / mu + inverse) * mixed.norm + l_b * gradient / mu;
    let value = c * eps + l_b * l_g / mu * eps * eps + constants.l_g_theta * eps;
    let direct = if constants.l_g_theta.is_finite() { Rigor::Proven } else { Rigor::None };
    (value, of_a.min(of_b).min(mixed.rigor).min(direct))
}
