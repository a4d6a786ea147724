//! Intervals that hold the upper value (arXiv 2308.10098, section 3.2 and Remark 3.6), and their correction by the
//! adjoint.
//!
//! With `|x - xhat| <= eps` and `g` smooth with constant `L_g`:
//!
//! * plain: `f` is within `|grad g| eps + L_g/2 eps^2` of `g(x)`; below without the last term where `g` is convex;
//!   exactly `c/2 max(0, r - eps)^2 .. c/2 (r + eps)^2` where `g = c/2 |x - x*|^2` and `r = |x - x*|`;
//! * corrected: with `A q = grad g - r`, `|r| <= delta`, a Taylor expansion of `grad h` and `g` around `x` gives
//!   `f = g(x) - q'grad h(x) + E`, `|E| <= delta eps + L_g/2 eps^2 + L_A/2 |q| eps^2`, so that the width falls with
//!   `eps^2`.
//!
//! What holds is the intersection of both. Where `mu` is not known the plain one says nothing, as `eps` is no distance,
//! and the corrected one is what there is. Where the lower level has kinks, the corrected one rests on the part of `x`
//! that moves with theta being the same at `x` and at `xhat`, and is never proven.

use super::bound::changes;
use super::interrupt::{Flaw, Tried};
use super::metric::norm;
use super::point::{Adjoint, Point, SamplePoint};
use super::problem::Rigor;
use super::settings::CertificateMode;
use crate::numerics::kernels::dot;

/// Roundings that a value is granted, in units of the last place.
const ROUNDINGS: f64 = 8.0;

/// An interval that holds the upper value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
    /// How far it is to be trusted.
    pub rigor: Rigor,
    /// Half of what rounding alone makes its width.
    pub rounding: f64,
}

impl Interval {
    /// Its width.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }

    /// Its middle.
    pub fn middle(&self) -> f64 {
        0.5 * (self.lower + self.upper)
    }

    /// Whether nothing but rounding is left of its width, that of its own ends included.
    pub fn is_rounding(&self) -> bool {
        let ends = 4.0 * f64::EPSILON * self.lower.abs().max(self.upper.abs());
        self.width() <= 2.02 * self.rounding + ends
    }
}

/// The interval of `f` at a point.
pub fn interval(point: &Point, mode: CertificateMode, corrected: bool) -> Interval {
    let share = 1.0 / point.samples.len() as f64;
    let rounding = roundings(point.regularizer.abs());
    let mut total = Interval { lower: 0.0, upper: 0.0, rigor: Rigor::Proven, rounding };
    for sample in &point.samples {
        let mut one = plain(sample);
        if corrected && let Some(other) = of_adjoint(sample, mode) {
            one = if one.rigor == Rigor::None { other } else { intersection(one, other) };
        }
        total.lower += share * one.lower;
        total.upper += share * one.upper;
        total.rounding += share * one.rounding;
        total.rigor = total.rigor.min(one.rigor);
    }
    total.lower += point.regularizer - total.rounding;
    total.upper += point.regularizer + total.rounding;
    total
}

/// What holds if both do. Where they contradict each other, the first is kept if it is the better proven, else the
/// contradiction stands: its ends are in the wrong order.
fn intersection(plain: Interval, corrected: Interval) -> Interval {
    let (lower, upper) = (plain.lower.max(corrected.lower), plain.upper.min(corrected.upper));
    if lower.is_nan() || upper.is_nan() {
        return plain;
    }
    let rounding = plain.rounding.max(corrected.rounding);
    if lower > upper + 2.0 * rounding && corrected.rigor < plain.rigor {
        return plain;
    }
    let rigor = match (lower == corrected.lower, upper == corrected.upper) {
        (false, false) => plain.rigor,
        (true, true) => corrected.rigor,
        _ => plain.rigor.min(corrected.rigor),
    };
    Interval { lower, upper, rigor, rounding }
}

/// What a new interval and what was known before of the same value have in common. A flaw where that is nothing
/// although both are proven, or where the new one is empty by itself: `mu` or `L_g` cannot be right.
pub fn meet(new: Interval, known: Option<Interval>) -> Tried<Interval> {
    let contradiction = |upper, lower| Err(Flaw::Contradiction { upper, lower }.into());
    if new.lower > new.upper {
        return contradiction(new.upper, new.lower);
    }
    let Some(known) = known.filter(|k| k.rigor == Rigor::Proven && new.rigor == Rigor::Proven) else {
        return Ok(new);
    };
    let both = Interval { lower: new.lower.max(known.lower), upper: new.upper.min(known.upper), ..new };
    if both.lower > both.upper { contradiction(both.upper, both.lower) } else { Ok(both) }
}

/// The interval of one sample by the gradient of `g`.
pub fn plain(sample: &SamplePoint) -> Interval {
    let (eps, value, gradient) = (sample.eps, sample.upper.value, sample.upper.norm);
    let constants = &sample.constants;
    let second = 0.5 * constants.l_g * eps * eps;
    let upper = value + gradient * eps + second;
    let lower = match constants.squared_distance {
        Some(c) => {
            // r = |grad g| / c.
            let left = (gradient / c - eps).max(0.0);
            0.5 * c * left * left
        }
        None if constants.convex => value - gradient * eps,
        None => value - gradient * eps - second,
    };
    Interval { lower, upper, rigor: constants.rigor, rounding: rounding(sample) }
}

/// What rounding makes of `g`. What `g` is a function of, residuals say, is rounded beside `x`: `g = |J x - y|^2/2` is
/// off by `|J x - y| |J| |x| = sqrt(2 L_g g) |x|` roundings, and any `g` by `|grad g| |x|`.
fn rounding(sample: &SamplePoint) -> f64 {
    let (g, x) = (&sample.upper, &sample.lower.x);
    let slope = (2.0 * sample.constants.plain_l_g * g.value.abs()).sqrt();
    roundings(g.value.abs() + finite(slope.max(norm(&g.in_x)) * norm(x)))
}

/// What it makes of `q'grad h`: the gradient `J'(J x - y)` of a sum of squares is off by what its products are,
/// `sqrt(2 L h)`, and by what `J x` is, of which `q` sees `|J q| |J| |x| <= sqrt(q'A q) sqrt(L) |x|`.
fn rounding_of_correction(sample: &SamplePoint, adjoint: &Adjoint, correction: f64) -> f64 {
    let (h, q, l) = (&sample.lower, &sample.q, sample.constants.l);
    let of_products = norm(q) * (2.0 * l * h.value.abs()).sqrt();
    let of_residuals = (dot(q, &adjoint.product).abs() * l).sqrt() * norm(&h.x);
    roundings(correction.abs() + finite(of_products + of_residuals))
}

fn roundings(terms: f64) -> f64 {
    ROUNDINGS * f64::EPSILON * terms
}

/// Where a constant is not known nothing is said of rounding either.
fn finite(terms: f64) -> f64 {
    if terms.is_finite() { terms } else { 0.0 }
}

/// Whether residuals of adjoints make more of the width of corrected intervals than distances of lower solutions.
pub fn is_of_adjoints(point: &Point, mode: CertificateMode) -> bool {
    let (mut adjoint, mut lower) = (0.0, 0.0);
    for sample in &point.samples {
        let Some(found) = &sample.adjoint else { return true };
        let eps = sample.eps;
        adjoint += found.delta * eps;
        lower += 0.5 * (changes(sample, found, mode).0 + sample.constants.l_g) * eps * eps;
    }
    // What is no number says nothing of either.
    !(adjoint <= lower)
}

/// The interval of one sample with the correction; `None` where there is no adjoint.
pub fn of_adjoint(sample: &SamplePoint, mode: CertificateMode) -> Option<Interval> {
    let adjoint = sample.adjoint.as_ref()?;
    let (eps, constants) = (sample.eps, &sample.constants);
    let correction = dot(&sample.q, &sample.lower.gradient);
    let value = sample.upper.value - correction;
    let (l_a_q, rigor) = changes(sample, adjoint, mode);
    let even = adjoint.delta * eps + 0.5 * l_a_q * eps * eps;
    let second = 0.5 * constants.l_g * eps * eps;
    let (lower, upper) = (value - even - if constants.convex { 0.0 } else { second }, value + even + second);
    let rounding = rounding(sample) + rounding_of_correction(sample, adjoint, correction);
    Some(Interval { lower, upper, rigor, rounding })
}
