//! Dual points and duality gaps.
//!
//! The dual of `min sum_r s_r phi_r(a_r'x + b + o_r) + G(x)` is to maximize
//! `D(theta) = -sum_r s_r phi_r*(-theta_r / s_r) - o'theta - G*(A'theta)`, with `1'theta = 0` if there is an intercept.
//! At the optimum `theta = -s phi'(z)`. For any feasible `theta`, `F(x) - D(theta)` bounds `F(x) - min F` from above.
//! What a linear term changes is in [`center`].

use crate::bcd::center::{Center, Design, Meet, along, between, center};
use crate::bcd::duality::{balance, gap, is_dust};
use crate::bcd::scaled::Scaled;
use crate::bcd::state::State;
use crate::model::{Loss, Penalty};
use crate::numerics::kernels::dot;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use std::sync::Arc;

/// Free columns beyond this number are not projected out: the certificate is then the gradient.
const MOST_FREE: usize = 256;

/// What certificate a problem can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bcd) enum CertificateKind {
    /// A duality gap.
    Gap,
    /// The norm of the minimum-norm subgradient: no dual point can be had.
    Gradient,
}

/// Which units have neither penalty nor bounds, and what that means for the certificate.
pub(in crate::bcd) struct Freedom {
    /// Their columns.
    pub(in crate::bcd) columns: Vec<usize>,
    /// Columns without a penalty and with one bound: inside it they demand what free columns do.
    half: Vec<(usize, f64)>,
    pub(in crate::bcd) kind: CertificateKind,
    /// The slopes of a linear term, and the dual point that it has candidates shrunk towards.
    slope: Option<Arc<[f64]>>,
    center: Option<Center>,
}

impl Freedom {
    pub(in crate::bcd) fn of(penalty: &Penalty) -> Self {
        let (mut columns, mut half) = (Vec::new(), Vec::new());
        if penalty.l1_of_all().is_some() {
            return Self { columns, half, kind: CertificateKind::Gap, slope: None, center: None };
        }
        let mut others = false;
        for u in 0..penalty.units() {
            if penalty.is_free(u) {
                columns.extend_from_slice(penalty.columns(u));
            } else {
                others |= !penalty.is_fixed(u);
                half.extend(penalty.only_bound(u).map(|bound| (penalty.columns(u)[0], bound)));
            }
        }
        let projectable = columns.is_empty() || (others && columns.len() <= MOST_FREE);
        let kind = if projectable { CertificateKind::Gap } else { CertificateKind::Gradient };
        Self { columns, half, kind, slope: penalty.slope().cloned(), center: None }
    }

    /// Where there is a linear term: looks for a dual point to shrink towards. Without one there is no duality gap.
    pub(in crate::bcd) fn seek_center(
        &mut self,
        scaled: &Scaled<'_>,
        penalty: &Penalty,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let Some(slope) = self.slope.as_deref() else { return Ok(()) };
        let kind = std::mem::replace(&mut self.kind, CertificateKind::Gradient);
        if kind == CertificateKind::Gap {
            let design = Design {
                columns: &scaled.columns,
                s: &scaled.s,
                y: &scaled.y,
                loss: &scaled.loss,
                intercept: scaled.intercept,
            };
            self.center = center(&design, penalty.untilted(), slope, team, control)?;
            if self.center.is_some() {
                self.kind = kind;
            }
        }
        Ok(())
    }

    /// The slope of the linear term at a column.
    pub(in crate::bcd) fn slope(&self, j: usize) -> f64 {
        self.slope.as_ref().map_or(0.0, |slope| slope[j])
    }

    /// Whether minus the slopes are a candidate as they are.
    pub(in crate::bcd) fn accepts(&self, scaled: &Scaled<'_>, state: &State) -> bool {
        let balanced = || {
            let size: f64 = state.d.iter().map(|d| d.abs()).sum();
            is_dust(state.d.iter().sum(), size)
        };
        self.demanding(&state.x).is_empty() && (!scaled.intercept || balanced())
    }

    /// The columns whose correlation with a dual point has to vanish at `x`.
    fn demanding(&self, x: &[f64]) -> Vec<usize> {
        let inside = self.half.iter().filter(|(j, bound)| x[*j] != *bound).map(|(j, _)| *j);
        let all: Vec<usize> = self.columns.iter().copied().chain(inside).collect();
        if all.len() <= MOST_FREE { all } else { self.columns.clone() }
    }
}

/// A feasible dual point and its value.
#[derive(Clone)]
pub(in crate::bcd) struct DualPoint {
    pub(in crate::bcd) theta: Vec<f64>,
    pub(in crate::bcd) value: f64,
}

/// The unscaled candidate `theta` at a state, with `1'theta = 0` and `A_U'theta = 0` (the slopes of the linear term,
/// where there is one) for the columns `U` that are free or inside their only bound.
pub(in crate::bcd) fn candidate(
    scaled: &Scaled<'_>,
    state: &State,
    freedom: &Freedom,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Vec<f64>, Stop> {
    let mut theta: Vec<f64> = state.d.iter().map(|d| -d).collect();
    let demanding = freedom.demanding(&state.x);
    if freedom.kind == CertificateKind::Gap && !demanding.is_empty() {
        let mut w = vec![0.0; scaled.rows()];
        scaled.loss.curvatures(&scaled.y, &state.z, &scaled.s, &mut w);
        let target: Vec<f64> = demanding.iter().map(|&j| freedom.slope(j)).collect();
        Meet::new(&scaled.columns, &w, scaled.intercept, &demanding, team, control)?
            .project(&target, &mut theta, team, control)?;
    } else if scaled.intercept {
        balance(&mut theta);
    }
    control.spend(4 * theta.len() as u64)?;
    Ok(theta)
}

/// The share of the way to the center that keeps a point inside which was to be on the edge.
const INSIDE: f64 = 1e-13;

/// A price within this of the dual value is rounding: no other point of the ray can be better by more.
const DUST: f64 = 1e-14;

/// Scales a candidate into the feasible set, as well as it can be done along the ray, and values it.
///
/// `v = A'theta`, or larger numbers where a unit stays at 0. Correlations with free columns are 0 up to rounding; what
/// is left is charged against `x`.
pub(in crate::bcd) fn feasible_point(
    scaled: &Scaled<'_>,
    penalty: &Penalty,
    state: &State,
    freedom: &Freedom,
    theta: Vec<f64>,
    mut v: Vec<f64>,
) -> DualPoint {
    if let Some(center) = &freedom.center {
        return point_along(scaled, penalty, state, freedom, center, &theta, penalty.reduced(v));
    }
    let price = waive(scaled, state, freedom, &theta, &mut v);
    let gauge = penalty.gauge(&v);
    let most = if gauge > 0.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { f64::INFINITY };
    let (mut norm, mut inner) = (0.0, 0.0);
    if matches!(scaled.loss, Loss::Squared(_)) {
        norm = theta.iter().zip(&scaled.s).filter(|(_, s)| **s > 0.0).map(|(t, s)| t * t / s).sum();
        inner = theta.iter().zip(scaled.y.iter().zip(&scaled.offset)).map(|(t, (y, o))| t * (y - o)).sum();
    }
    // Along the ray the squared loss's dual is a parabola (where the penalty has no conjugate of its own).
    let best = if gauge > 0.0 && norm > 0.0 { (inner / norm).max(0.0) } else { 1.0 };
    let first = best.min(most);
    let (mut point, conjugate) = at_scale(scaled, penalty, &theta, &v, price, first);
    if conjugate == 0.0 && price <= DUST * point.value.abs() {
        return point;
    }
    // Where the penalty's conjugate takes part, the point itself may be better, ..
    let mut others = vec![most.min(1.0)];
    if matches!(scaled.loss, Loss::Squared(_)) && first > 0.0 && norm > 0.0 {
        // .. or the best of the ray for a conjugate in proportion to it, as that of bounds is.
        others.push(((inner - conjugate / first - price) / norm).max(0.0).min(most));
    }
    // .. or zero, which every problem has. It is the answer where the fit interpolates: then the residual is rounding,
    // and so is the sign of the dual value that comes of it.
    others.push(0.0);
    for t in others.into_iter().filter(|t| *t != first) {
        let (other, _) = at_scale(scaled, penalty, &theta, &v, price, t);
        if other.value > point.value {
            point = other;
        }
    }
    point
}

/// The same where there is a linear term: along the segment from the center to the candidate. `v` is less the slopes.
fn point_along(
    scaled: &Scaled<'_>,
    penalty: &Penalty,
    state: &State,
    freedom: &Freedom,
    center: &Center,
    theta: &[f64],
    mut v: Vec<f64>,
) -> DualPoint {
    let base = penalty.untilted();
    let price = waive(scaled, state, freedom, theta, &mut v);
    let mut price_of_center: f64 = center.dust.iter().map(|&(j, v)| (v * state.x[j]).abs()).sum();
    if scaled.intercept {
        price_of_center += (center.u.iter().sum::<f64>() * state.b).abs();
    }
    let at = |t: f64| {
        let theta = between(&center.u, theta, t);
        let part = |share: f64, price: f64| if share == 0.0 { 0.0 } else { share * price };
        let value = -scaled.loss.conjugate(&scaled.y, &theta, &scaled.s)
            - dot(&theta, &scaled.offset)
            - base.conjugate(&between(&center.reduced, &v, t))
            - part(1.0 - t, price_of_center)
            - part(t, price);
        DualPoint { theta, value: if value.is_nan() { f64::NEG_INFINITY } else { value } }
    };
    // A little inside, so that the rounding of the data's own scale does not take it out again.
    let on_edge = base.gauge(&v) > 1.0 - INSIDE;
    let most = along(base, &center.reduced, &v) * if on_edge { 1.0 - INSIDE } else { 1.0 };
    let mut point = at(most);
    let mut others = vec![0.0];
    if matches!(scaled.loss, Loss::Squared(_)) {
        // Without the penalty's conjugate the dual is a parabola along the segment.
        let (mut norm, mut inner) = (0.0, 0.0);
        for r in (0..theta.len()).filter(|&r| scaled.s[r] > 0.0) {
            let (u, step) = (center.u[r], theta[r] - center.u[r]);
            norm += step * step / scaled.s[r];
            inner += step * (scaled.y[r] - scaled.offset[r] - u / scaled.s[r]);
        }
        if norm > 0.0 {
            others.push((inner / norm).clamp(0.0, most));
        }
    }
    for t in others.into_iter().filter(|t| *t != most) {
        let other = at(t);
        if other.value > point.value {
            point = other;
        }
    }
    point
}

/// The duality gap of a state at the strength of `penalty`, with the candidate `theta` (its correlations `v`) shrunk
/// just until it is feasible.
///
/// As a function of the strength alone it is convex on either side of the strength at which the candidate begins to be
/// feasible as it is: there the scale is 1, or proportional to the strength, and the gap is convex in both together.
pub(in crate::bcd) fn gap_at_strength(
    scaled: &Scaled<'_>,
    penalty: &Penalty,
    state: &State,
    freedom: &Freedom,
    theta: &[f64],
    v: &[f64],
) -> f64 {
    let mut v = v.to_vec();
    let price = waive(scaled, state, freedom, theta, &mut v);
    let gauge = penalty.gauge(&v);
    let t = if gauge > 1.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { 1.0 };
    let (found, _) = at_scale(scaled, penalty, theta, &v, price, t);
    let dual = found.value;
    gap(state.objective(scaled, penalty), dual)
}

/// Clears correlations that have to vanish, or to be of one sign, and do not for rounding alone. Gives their price to
/// first order. With a linear term `v` is less its slopes.
fn waive(scaled: &Scaled<'_>, state: &State, freedom: &Freedom, theta: &[f64], v: &mut [f64]) -> f64 {
    let mut price = 0.0;
    let free = freedom.columns.iter().map(|&j| (j, true));
    for (j, must_vanish) in free.chain(freedom.half.iter().map(|&(j, _)| (j, false))) {
        let mut size = freedom.slope(j).abs();
        scaled.columns.for_each(j, |r, a| size += (a * theta[r]).abs());
        match (is_dust(v[j], size), must_vanish) {
            (true, _) => {
                price += (v[j] * state.x[j]).abs();
                v[j] = 0.0;
            }
            (false, true) => price = f64::INFINITY,
            (false, false) => {}
        }
    }
    if scaled.intercept { price + (theta.iter().sum::<f64>() * state.b).abs() } else { price }
}

/// The feasible point `t theta` with its value, and what the penalty's conjugate has to do with it.
fn at_scale(
    scaled: &Scaled<'_>,
    penalty: &Penalty,
    theta: &[f64],
    v: &[f64],
    price: f64,
    t: f64,
) -> (DualPoint, f64) {
    let theta: Vec<f64> = theta.iter().map(|theta| t * theta).collect();
    let conjugate = penalty.conjugate_of_multiple(t, v);
    // A worthless point has an infinite price; zero has none.
    let price = if t == 0.0 { 0.0 } else { t * price };
    let value = -scaled.loss.conjugate(&scaled.y, &theta, &scaled.s)
        - dot(&theta, &scaled.offset)
        - conjugate
        - price;
    (DualPoint { theta, value: if value.is_nan() { f64::NEG_INFINITY } else { value } }, conjugate)
}
