//! `rule=auto`: conjugate gradients on what is left after nodes with at most two neighbours are eliminated.
//!
//! Where there are such nodes: from `r = b - A x`,
//!
//! 1. bring `r` down to the nodes that are left (`reduction`);
//! 2. solve the system over those (`conjugate_gradient`), to the accuracy that is left to reach;
//! 3. bring the correction up to all nodes and add it to `x`.
//!
//! The residual is then computed afresh, on the whole matrix; where it says otherwise, once more from 1.

use super::blocks::Failure;
use super::certificate::norm;
use super::conjugate_gradient::{CgEnd, ConjugateGradient, Limit, Step};
use super::reduction::Reduction;
use super::settings::Preconditioner;
use crate::numerics::SymmetricMatrix;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// The share of the tolerance that the system over the nodes left may use up.
const SHARE: f64 = 0.9;

/// A matrix made ready for many right-hand sides.
pub(super) struct Auto<'p> {
    a: &'p SymmetricMatrix,
    reduction: Option<Reduction>,
    rest: ConjugateGradient,
}

impl<'p> Auto<'p> {
    /// Eliminates, where that pays and the preconditioner is the default one, and builds the preconditioner. Failures:
    /// those of [`Reduction::new`].
    pub(super) fn new(
        a: &'p SymmetricMatrix,
        kind: Preconditioner,
        control: &mut Control<'_>,
    ) -> Result<Self, Failure> {
        let reduction = match kind {
            Preconditioner::Multilevel => Reduction::new(a, control)?,
            _ => None,
        };
        let rest = ConjugateGradient::new(reduction.as_ref().map_or(a, Reduction::matrix), kind, control)?;
        Ok(Self { a, reduction, rest })
    }

    /// Solves `A x = b` from `x` until `|b - A x| <= tolerance |b|`. `step(iteration, relative residual, objective)` is
    /// told of each iteration. `x` is the last iterate however the run ends.
    pub(super) fn solve(
        &mut self,
        b: &[f64],
        x: &mut [f64],
        limit: Limit,
        team: &Team<'_>,
        control: &mut Control<'_>,
        step: &mut Step<'_>,
    ) -> Result<CgEnd, Stop> {
        let Self { a, reduction, rest } = self;
        let Some(reduction) = reduction else { return rest.solve(b, x, limit, team, control, step) };
        let size = norm(b);
        if size == 0.0 {
            x.fill(0.0);
            return Ok(CgEnd::Converged);
        }
        let left_nodes = reduction.matrix().size();
        let (mut c, mut y, mut d) = (vec![0.0; b.len()], vec![0.0; left_nodes], vec![0.0; left_nodes]);
        let (mut before, mut done) = (f64::INFINITY, 0);
        loop {
            a.times(x, &mut c, team);
            c.iter_mut().zip(b).for_each(|(c, b)| *c = b - *c);
            control.spend(a.flops())?;
            let left = norm(&c);
            if left <= limit.tolerance * size {
                return Ok(CgEnd::Converged);
            }
            if !left.is_finite() {
                return Ok(CgEnd::Overflow);
            }
            if !(left <= 0.5 * before) {
                return Ok(CgEnd::Floor);
            }
            if done >= limit.iterations {
                return Ok(CgEnd::Limit);
            }
            before = left;
            let begin = -0.5 * x.iter().zip(b).zip(&c).map(|((x, b), r)| x * (b + r)).sum::<f64>();
            let begin = begin + reduction.down(&mut c, &mut d);
            control.spend(reduction.flops())?;
            let share = norm(&d) / size;
            y.fill(0.0);
            let further = Limit {
                // Nothing left, or little: 0 will do for the rest.
                tolerance: if share > 0.0 { (SHARE * limit.tolerance / share).min(1.0) } else { 1.0 },
                iterations: limit.iterations - done,
            };
            let mut steps = 0;
            let end =
                rest.solve(&d, &mut y, further, team, control, &mut |k, residual, objective, control| {
                    steps = k;
                    step(done + k, residual * share, begin + objective, control)
                });
            // The elimination alone counts as one.
            done += steps.max(1);
            reduction.up(&y, &mut c);
            x.iter_mut().zip(&c).for_each(|(x, d)| *x += d);
            match end? {
                CgEnd::Converged | CgEnd::Floor => {}
                end => return Ok(end),
            }
            if steps == 0 {
                step(done, share, begin, control)?;
            }
        }
    }

    /// The last direction of conjugate gradients, over all nodes: after [`CgEnd::NotDefinite`] the one without
    /// curvature.
    pub(super) fn direction(&self) -> Vec<f64> {
        let p = self.rest.direction();
        let Some(reduction) = &self.reduction else { return p };
        // With the eliminated nodes at their minimum the curvature is that of the Schur complement.
        let mut v = vec![0.0; self.a.size()];
        reduction.up(&p, &mut v);
        v
    }
}
