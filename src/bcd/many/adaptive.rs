//! The strengths of an adaptive path ([`Points::Adaptive`](super::grid::Points::Adaptive)): as far apart as a gap
//! between them allows.
//!
//! With the point `x` of `lambda` and its dual candidate shrunk in proportion to the strength, the duality gap is a
//! convex function of the strength, so that a bound at both ends of an interval holds within (after Giesen, Jaggi and
//! Laue, Approximating Parameterized Convex Optimization Problems, ESA 2010). The next strength is the smallest at
//! which the gap is still within the bound.

use crate::bcd::solve::{Solve, Trail};
use crate::bcd::stopping::dual::{CertificateKind, Freedom, gap_at_strength};
use crate::bcd::workspace::Setup;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// The next strength, and the gap of the last point down to it in the data's units.
pub(super) struct Next {
    pub(super) lambda: f64,
    pub(super) bound: f64,
}

/// Halvings (on a log scale) of the interval in which the next strength lies.
const HALVINGS: usize = 24;
/// Flops of a gap at another strength, per row and column, about.
const GAP_FLOPS: usize = 32;

/// The smallest strength, down to `last`, at which the gap of the point that `trail` left is at most `gap`, relative to
/// the loss of the null model.
///
/// Costs a pass over the data. The outer result is of the problem, the inner one of the control. Errors: a problem
/// without a duality gap.
pub(super) fn next_strength(
    solve: Solve<'_>,
    gap: f64,
    setup: &Setup<'_>,
    trail: &Trail,
    last: f64,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Next, Stop>> {
    let Solve { problem, settings, team } = solve;
    if problem.linear().is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "gap")
            .expected("no linear term, for an adaptive path")
            .found("one: its gap is no convex function of the strength"));
    }
    let (scaled, lambda) = (&setup.scaled, trail.lambda);
    let penalty = |lambda: f64| scaled.penalty(problem, settings, lambda);
    let freedom = Freedom::of(&penalty(lambda)?);
    if freedom.kind != CertificateKind::Gap {
        return Err(Error::new(ErrorKind::Unsupported, "gap")
            .expected("a problem with a duality gap, for an adaptive path")
            .found("more unpenalized columns than are projected out"));
    }
    // The correlations exactly: bounds would make the steps shorter than they need be.
    let theta = trail.correlations.theta();
    let mut v = vec![0.0; scaled.cols()];
    let every: Vec<usize> = (0..v.len()).collect();
    if let Err(stop) = scaled.columns.correlations(&every, theta, &mut v, team, control) {
        return Ok(Err(stop));
    }
    let bound = gap * setup.null.scale;
    let at = |lambda: f64| -> Result<f64> {
        Ok(gap_at_strength(scaled, &penalty(lambda)?, &trail.state, &freedom, theta, &v))
    };
    // Where the candidate begins to be feasible as it is, the gap may have a corner.
    let corner = lambda * penalty(lambda)?.gauge(&v);
    let highest = |next: f64, found: f64| -> Result<f64> {
        let inside = corner > next && corner < lambda;
        Ok(found.max(at(lambda)?).max(if inside { at(corner)? } else { 0.0 }))
    };
    let found = highest(last, at(last)?)?;
    let t2 = scaled.target_scale * scaled.target_scale;
    if found <= bound {
        return Ok(Ok(Next { lambda: last, bound: found / t2 }));
    }
    let (mut good, mut bad, mut kept) = (lambda, last, f64::INFINITY);
    for _ in 0..HALVINGS {
        let middle = (good * bad).sqrt();
        if let Err(stop) = control.spend((GAP_FLOPS * (v.len() + theta.len())) as u64) {
            return Ok(Err(stop));
        }
        let found = highest(middle, at(middle)?)?;
        if found <= bound {
            (good, kept) = (middle, found);
        } else {
            bad = middle;
        }
    }
    // The point itself is not good enough for any step: take the smallest that was tried.
    let next = if good < lambda { good } else { bad };
    let kept = if kept.is_finite() { kept } else { highest(next, at(next)?)? };
    Ok(Ok(Next { lambda: next, bound: kept / t2 }))
}
