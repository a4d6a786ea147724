//! Flexible conjugate gradients with forest sweeps as preconditioner.
//!
//! For one right-hand side at a time, from `r = b - A x`:
//!
//! 1. `z = M^{-1} r` (f32 where the matrix allows);
//! 2. `p = z - (z'Ap / p'Ap) p`, which forgives that `M` is not quite linear;
//! 3. `x += (p'r / p'Ap) p`, and `r` likewise.
//!
//! Once `r` is small enough it is computed afresh; where that says otherwise the iteration starts over from there.
//!
//! [`krylov`](crate::numerics::krylov) has the plain method for the small systems inside Newton steps: from 0, with a
//! preconditioner that is linear, and to a rough accuracy. Here the accuracy is that of the answer.

use super::certificate::norm;
use super::multilevel::{Hierarchy, Shape};
use super::settings::Preconditioner;
use crate::numerics::SymmetricMatrix;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Entries of the scaled matrix below this would be lost in f32.
const SMALL: f64 = 1e-25;

/// Below this the residual of the recurrence means nothing.
const ROUNDING: f64 = 0.5 * f64::EPSILON;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CgEnd {
    /// The residual, computed afresh, is small enough.
    Converged,
    /// The most iterations.
    Limit,
    /// Starting over does not help any more.
    Floor,
    /// `p'Ap` is not positive: [`ConjugateGradient::direction`] is `p`.
    NotDefinite,
    /// A product is infinite or NaN.
    Overflow,
}

enum Apply {
    Short(Box<Hierarchy<f32>>),
    Long(Box<Hierarchy<f64>>),
    Diagonal,
}

/// A matrix made ready for many right-hand sides.
pub(super) struct ConjugateGradient {
    apply: Apply,
    /// New `k` is old `order[k]`.
    order: Vec<u32>,
    /// The matrix in the new order, times `scale`.
    a: SymmetricMatrix,
    scale: f64,
    work: Vectors,
}

struct Vectors {
    x: Vec<f64>,
    r: Vec<f64>,
    b: Vec<f64>,
    p: Vec<f64>,
    ap: Vec<f64>,
    z: Vec<f64>,
    short_r: Vec<f32>,
    short_z: Vec<f32>,
}

impl ConjugateGradient {
    /// Orders the matrix along its forests and builds the preconditioner.
    pub(super) fn new(
        a: &SymmetricMatrix,
        kind: Preconditioner,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = a.size();
        let largest = a.diagonal().iter().copied().fold(0.0, f64::max);
        let scale = 1.0 / power_of_two(largest);
        let shape = match kind {
            Preconditioner::Forest => Shape::Forest,
            _ => Shape::Multilevel,
        };
        // Levels count their entries in 32 bits.
        let countable = u32::try_from(a.entries()).is_ok();
        let (apply, order, a) = if kind == Preconditioner::Diagonal || !countable {
            let mut a = a.clone();
            a.scale(scale);
            (Apply::Diagonal, (0..n as u32).collect(), a)
        } else if a.diagonal().iter().all(|d| d * scale >= SMALL) {
            let (built, order, a) = Hierarchy::new(a, scale, shape, control)?;
            (Apply::Short(Box::new(built)), order, a)
        } else {
            let (built, order, a) = Hierarchy::new(a, scale, shape, control)?;
            (Apply::Long(Box::new(built)), order, a)
        };
        let zeros = || vec![0.0; n];
        let short = if matches!(apply, Apply::Short(_)) { n } else { 0 };
        let work = Vectors {
            x: zeros(),
            r: zeros(),
            b: zeros(),
            p: zeros(),
            ap: zeros(),
            z: if short > 0 { Vec::new() } else { zeros() },
            short_r: vec![0.0; short],
            short_z: vec![0.0; short],
        };
        Ok(Self { apply, order, a, scale, work })
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
        let largest = b.iter().fold(0.0_f64, |m, b| m.max(b.abs()));
        if largest == 0.0 {
            x.fill(0.0);
            return Ok(CgEnd::Converged);
        }
        // A x = b becomes (scale A) (unit x) = scale unit b, with entries of about 1 on both sides.
        let unit = 1.0 / power_of_two(largest) / self.scale;
        let of_b = 1.0 / power_of_two(largest);
        for (k, &i) in self.order.iter().enumerate() {
            self.work.b[k] = b[i as usize] * of_b;
            self.work.x[k] = x[i as usize] * unit;
        }
        let objective_scale = 1.0 / (unit * of_b);
        let end = self.iterate(limit, team, control, &mut |it, residual, objective, control| {
            step(it, residual, objective * objective_scale, control)
        });
        for (k, &i) in self.order.iter().enumerate() {
            x[i as usize] = self.work.x[k] / unit;
        }
        end
    }

    /// The last direction, in the order of the caller.
    pub(super) fn direction(&self) -> Vec<f64> {
        let mut p = vec![0.0; self.order.len()];
        self.order.iter().zip(&self.work.p).for_each(|(&i, v)| p[i as usize] = *v);
        p
    }

    fn iterate(
        &mut self,
        limit: Limit,
        team: &Team<'_>,
        control: &mut Control<'_>,
        step: &mut Step<'_>,
    ) -> Result<CgEnd, Stop> {
        let Self { apply, a, work, .. } = self;
        let size = norm(&work.b);
        let target = limit.tolerance.max(ROUNDING) * size;
        let mut iterations = 0;
        let mut before = f64::INFINITY;
        loop {
            // Afresh.
            a.times(&work.x, &mut work.ap, team);
            control.spend(a.flops())?;
            work.r.iter_mut().zip(&work.b).zip(&work.ap).for_each(|((r, b), ap)| *r = b - ap);
            let mut left = norm(&work.r);
            if left <= limit.tolerance * size {
                return Ok(CgEnd::Converged);
            }
            if !left.is_finite() {
                return Ok(CgEnd::Overflow);
            }
            if !(left <= 0.5 * before) {
                return Ok(CgEnd::Floor);
            }
            before = left;
            let mut curvature = 0.0;
            while left > target {
                if iterations >= limit.iterations {
                    return Ok(CgEnd::Limit);
                }
                apply.precondition(a, work, left, control)?;
                let beta = if curvature > 0.0 { -work.dot_z_ap(apply) / curvature } else { 0.0 };
                work.direct(apply, beta);
                a.times(&work.p, &mut work.ap, team);
                let (pap, pr) = work.products();
                if !(pap.is_finite() && pr.is_finite()) {
                    return Ok(CgEnd::Overflow);
                }
                // Rounding alone is left where a step was exact: the next look, afresh, decides.
                if pap == 0.0 && work.p.iter().all(|p| *p == 0.0) {
                    break;
                }
                // While this is positive the tridiagonal matrix of Lanczos is positive definite: its pivots are `p'Ap`
                // over a square, so that its eigenvalues would tell nothing more.
                if !(pap > 0.0) {
                    return Ok(CgEnd::NotDefinite);
                }
                curvature = pap;
                let (rr, objective) = work.advance(pr / pap);
                left = rr.sqrt();
                iterations += 1;
                control.spend(a.flops() + 16 * work.r.len() as u64)?;
                step(iterations, left / size, objective, control)?;
            }
        }
    }
}

/// Told of each iteration: its number, the relative residual, the objective.
pub(super) type Step<'a> = dyn FnMut(u64, f64, f64, &mut Control<'_>) -> Result<(), Stop> + 'a;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Relative residual.
    pub(super) tolerance: f64,
    /// Iterations.
    pub(super) iterations: u64,
}

impl Apply {
    /// `z = M^{-1} r`. `left` is the size of `r`.
    fn precondition(
        &mut self,
        a: &SymmetricMatrix,
        work: &mut Vectors,
        left: f64,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match self {
            Apply::Short(hierarchy) => {
                let unit = 1.0 / left;
                work.short_r.iter_mut().zip(&work.r).for_each(|(s, r)| *s = (r * unit) as f32);
                hierarchy.apply(&work.short_r, &mut work.short_z, control)
            }
            Apply::Long(hierarchy) => hierarchy.apply(&work.r, &mut work.z, control),
            Apply::Diagonal => {
                work.z.iter_mut().zip(&work.r).zip(a.diagonal()).for_each(|((z, r), d)| *z = r / d);
                Ok(())
            }
        }
    }
}

impl Vectors {
    fn dot_z_ap(&self, apply: &Apply) -> f64 {
        match apply {
            Apply::Short(_) => self.short_z.iter().zip(&self.ap).map(|(z, q)| f64::from(*z) * q).sum(),
            _ => self.z.iter().zip(&self.ap).map(|(z, q)| z * q).sum(),
        }
    }

    /// `p = z + beta p`
    fn direct(&mut self, apply: &Apply, beta: f64) {
        match apply {
            Apply::Short(_) => {
                self.p.iter_mut().zip(&self.short_z).for_each(|(p, z)| *p = f64::from(*z) + beta * *p);
            }
            _ => self.p.iter_mut().zip(&self.z).for_each(|(p, z)| *p = z + beta * *p),
        }
    }

    /// `(p'Ap, p'r)`
    fn products(&self) -> (f64, f64) {
        let terms = self.p.iter().zip(&self.ap).zip(&self.r);
        terms.fold((0.0, 0.0), |(pap, pr), ((p, ap), r)| (pap + p * ap, pr + p * r))
    }

    /// `x += alpha p`, `r -= alpha A p`; gives `(r'r, 1/2 x'Ax - b'x)`.
    fn advance(&mut self, alpha: f64) -> (f64, f64) {
        let (mut rr, mut xbr) = (0.0, 0.0);
        let steps = self.x.iter_mut().zip(&mut self.r).zip(&self.b).zip(self.p.iter().zip(&self.ap));
        for (((x, r), b), (p, ap)) in steps {
            *x += alpha * p;
            *r -= alpha * ap;
            rr += *r * *r;
            xbr += *x * (*b + *r);
        }
        (rr, -0.5 * xbr)
    }
}

/// The power of two next below `v > 0`, kept within what has an inverse.
fn power_of_two(v: f64) -> f64 {
    // Exponents outside of these would overflow when inverted.
    let exponent = v.log2().floor().clamp(-1000.0, 1000.0);
    exponent.exp2()
}
