//! A dual point to shrink towards, where there is a linear term `c'x`.
//!
//! The dual is then to maximize `-sum_r s_r phi_r*(-theta_r / s_r) - o'theta - G*(A'theta - c)`, `1'theta = 0` with
//! an intercept. Without `c` zero is feasible, and a candidate that is not is shrunk until it is. With `c` zero need
//! not be: another feasible point `u`, well inside, has to take its place. Its segment to any candidate is feasible
//! up to some point, because the domain is convex.
//!
//! `u` is zero where that is well inside. Else it is `S A y` (less its mean part, with an intercept) with
//! `A_R'u = c_R` for the columns `R` whose conjugate is not finite everywhere: completing the square, for that loss.
//! Those with one bound and no penalty get a little more than that, as their domain ends at 0. It is a linear system,
//! and what it gives is looked at: where the columns are too many or dependent, there may be no such point, and then
//! there is no duality gap either.

use super::duality::is_dust;
use crate::model::{Loss, Penalty};
use crate::numerics::Columns;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::gram;
use crate::numerics::kernels::dot;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// A feasible point.
#[derive(Debug, Clone)]
pub(super) struct Center {
    /// The point.
    pub(super) u: Vec<f64>,
    /// `A'u - c`, inside the domain of the conjugate; exactly 0 at free columns.
    pub(super) reduced: Vec<f64>,
    /// What rounding left at free columns before it was cleared.
    pub(super) dust: Vec<(usize, f64)>,
}

/// The data that a center is sought for.
pub(super) struct Design<'d> {
    pub(super) columns: &'d Columns<'d>,
    /// Weights of the rows.
    pub(super) s: &'d [f64],
    pub(super) y: &'d [f64],
    pub(super) loss: &'d Loss,
    pub(super) intercept: bool,
}

/// The largest linear system for a center: 8 MiB, ..
const MOST_COLUMNS: usize = 1024;
/// .. and the most flops of its Gram block: it may be part of a certificate, which nothing stops.
const MOST_FLOPS: u64 = 1 << 36;
/// Gauge of a center that is well inside; ..
const WELL_INSIDE: f64 = 0.5;
/// .. and of one that is inside at all.
const INSIDE: f64 = 0.99;
/// How far inside columns with one bound are, relative to their norm and that of the point.
const ROOM: f64 = 0.1;

/// Looks for a center for the penalty `base + slope'x`. Costs a Gram block of the columns in question, and a pass
/// over all.
pub(super) fn center(
    design: &Design<'_>,
    base: &Penalty,
    slope: &[f64],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Option<Center>, Stop> {
    let free: Vec<usize> =
        (0..base.units()).filter(|&u| base.is_free(u)).flat_map(|u| base.columns(u).to_vec()).collect();
    let reduced: Vec<f64> = slope.iter().map(|c| -c).collect();
    let flat = free.iter().all(|&j| slope[j] == 0.0);
    let at_zero = if flat { base.gauge(&reduced) } else { f64::INFINITY };
    let zero = Center { u: vec![0.0; design.s.len()], reduced, dust: Vec::new() };
    if at_zero <= WELL_INSIDE {
        return Ok(Some(zero));
    }
    if let Some(found) = solved(design, base, slope, &free, team, control)?
        && base.gauge(&found.reduced) < INSIDE.min(at_zero)
    {
        return Ok(Some(found));
    }
    Ok((at_zero < INSIDE).then_some(zero))
}

fn solved(
    design: &Design<'_>,
    base: &Penalty,
    slope: &[f64],
    free: &[usize],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Option<Center>, Stop> {
    let Design { columns, s, y, loss, intercept } = *design;
    // A unit's domain is bounded on a side that a long vector on it is outside of.
    let bounded = |u: usize, sign: f64| {
        let probe: Vec<f64> = base.columns(u).iter().map(|_| sign).collect();
        base.unit_gauge(u, &probe) > 0.0
    };
    let restricted = |u: usize| base.is_free(u) || bounded(u, 1.0) || bounded(u, -1.0);
    let units = (0..base.units()).filter(|&u| !base.is_fixed(u) && restricted(u));
    let list: Vec<usize> = units.flat_map(|u| base.columns(u).to_vec()).collect();
    let pass: u64 = list.iter().map(|&j| columns.flops(j)).sum();
    let flops = pass.saturating_mul(list.len() as u64);
    if list.len() > MOST_COLUMNS || flops > MOST_FLOPS || columns.rows() == 0 {
        return Ok(None);
    }
    let mut u = vec![0.0; columns.rows()];
    let mut target: Vec<f64> = list.iter().map(|&j| slope[j]).collect();
    let system = Meet::new(columns, s, intercept, &list, team, control)?;
    system.project(&target, &mut u, team, control)?;
    let half: Vec<(usize, f64)> = (0..base.units())
        .filter(|&u| base.only_bound(u).is_some())
        .map(|u| (base.columns(u)[0], if bounded(u, 1.0) { -1.0 } else { 1.0 }))
        .collect();
    if !half.is_empty() {
        let squares = u.iter().zip(s).filter(|(_, s)| **s > 0.0).map(|(u, s)| u * (u / s));
        let length = squares.sum::<f64>().sqrt();
        let length = if length > 0.0 { length } else { 1.0 };
        let mut room = vec![0.0; slope.len()];
        half.iter().for_each(|&(j, side)| room[j] = side * ROOM * length * columns.squares(j, s).sqrt());
        target.iter_mut().zip(&list).for_each(|(t, &j)| *t += room[j]);
        system.project(&target, &mut u, team, control)?;
    }
    let every: Vec<usize> = (0..slope.len()).collect();
    let mut reduced = vec![0.0; slope.len()];
    columns.correlations(&every, &u, &mut reduced, team, control)?;
    reduced.iter_mut().zip(slope).for_each(|(v, c)| *v -= c);
    let mut dust = Vec::new();
    for &j in free {
        let mut size = slope[j].abs();
        columns.for_each(j, |r, a| size += (a * u[r]).abs());
        if !is_dust(reduced[j], size) {
            return Ok(None);
        }
        dust.push((j, std::mem::take(&mut reduced[j])));
    }
    let in_domain = u.iter().all(|u| u.is_finite()) && loss.conjugate(y, &u, s).is_finite();
    Ok(in_domain.then_some(Center { u, reduced, dust }))
}

/// The largest `t` up to 1, to some digits, with `(1 - t) center + t point` in the domain of the conjugate of `base`;
/// free columns do not count. Both are correlations less the slopes.
pub(super) fn along(base: &Penalty, center: &[f64], point: &[f64]) -> f64 {
    let at = |t: f64| between(center, point, t);
    let inside = |v: &[f64]| base.gauge(v) <= 1.0 - 4.0 * f64::EPSILON;
    if inside(point) {
        return 1.0;
    }
    let (mut good, mut bad) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (good + bad);
        if inside(&at(middle)) { good = middle } else { bad = middle }
    }
    good
}

/// Halvings of a segment.
const HALVINGS: usize = 52;

/// `(1 - t) a + t b`.
pub(super) fn between(a: &[f64], b: &[f64], t: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| (1.0 - t) * a + t * b).collect()
}

/// The system of moving a dual point along `W A_U` (the intercept's column beside) until its correlations with the
/// columns `U` are what they should be.
pub(super) struct Meet<'m> {
    columns: &'m Columns<'m>,
    w: &'m [f64],
    list: &'m [usize],
    /// `A_U'w`.
    sums: Vec<f64>,
    /// `sum w`; 0 where there is no intercept to keep.
    total: f64,
    factor: Cholesky,
}

impl<'m> Meet<'m> {
    /// `w` are weights of the rows, `list` the columns.
    pub(super) fn new(
        columns: &'m Columns<'m>,
        w: &'m [f64],
        intercept: bool,
        list: &'m [usize],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let total: f64 = if intercept { w.iter().sum() } else { 0.0 };
        let mut sums = vec![0.0; list.len()];
        columns.correlations(list, w, &mut sums, team, control)?;
        let mut h = gram(columns, list, w, team, control)?;
        if total > 0.0 {
            // Eliminating the intercept's column leaves its Schur complement.
            for j in 0..list.len() {
                let factor = sums[j] / total;
                h.column_mut(j).iter_mut().zip(&sums).for_each(|(h, s)| *h -= factor * s);
            }
        }
        let factor = Cholesky::new(&h, control)?;
        Ok(Self { columns, w, list, sums, total, factor })
    }

    /// Moves `theta` until `A_U'theta = target`, and `1'theta = 0` with an intercept.
    pub(super) fn project(
        &self,
        target: &[f64],
        theta: &mut [f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let Self { columns, w, list, sums, total, factor } = self;
        let with_intercept = *total > 0.0;
        // Twice: the first pass leaves the rounding of the factor.
        for _ in 0..2 {
            let mut c = vec![0.0; list.len()];
            columns.correlations(list, theta, &mut c, team, control)?;
            c.iter_mut().zip(target).for_each(|(c, t)| *c -= t);
            let sum: f64 = theta.iter().sum();
            if with_intercept {
                c.iter_mut().zip(sums).for_each(|(c, s)| *c -= s * (sum / total));
            }
            factor.solve(&mut c);
            let mut fit = vec![0.0; theta.len()];
            columns.accumulate(list, &c, &mut fit, control)?;
            let b = if with_intercept { (sum - dot(sums, &c)) / total } else { 0.0 };
            theta.iter_mut().zip(&fit).zip(*w).for_each(|((t, f), w)| *t -= w * (f + b));
        }
        Ok(())
    }
}
