//! A row's regression by conjugate gradients on its normal equations, which are never formed: each step is one pass
//! over the observed rows of the fixed factor.

use super::observations::Line;
use super::regression::{Bench, CHUNK, EXACT_SHARE, Regression, Room, RowReport, for_chunks, picked};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::numerics::tile::{self, Picked};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Rows are copied next to each other, for all passes, where they take no more bytes than this and stay in the second
/// cache; otherwise each pass picks them from the factor.
const GATHERED_BYTES: usize = 1 << 18;

/// The passes over the observations of a row.
struct Passes<'p, T> {
    fixed: &'p Tall<T>,
    team: Option<&'p Team<'p>>,
    line: Line<'p, T>,
    /// The rows, copied and times the roots of their weights, as are the targets.
    gathered: Option<&'p Room<T>>,
}

impl<'p, T: Real> Passes<'p, T> {
    fn new(fixed: &'p Tall<T>, team: Option<&'p Team<'p>>, line: Line<'p, T>, room: &'p mut Room<T>) -> Self {
        let (d, stride) = (line.len(), fixed.stride());
        if d > CHUNK || d * stride * size_of::<T>() > GATHERED_BYTES {
            return Self { fixed, team, line, gathered: None };
        }
        room.scale(line);
        // Never shrunk, so that little is ever cleared.
        room.tile.resize(room.tile.len().max(d * stride), T::default());
        (room.identity.len()..d).for_each(|e| room.identity.push(e as u32));
        let roots = (!room.roots.is_empty()).then_some(&room.roots[..]);
        tile::gather(picked(fixed, line), roots, &mut room.tile[..d * stride]);
        Self { fixed, team, line, gathered: Some(room) }
    }

    /// Adds `Y'W(b - Yx)` to `out` and gives `|W^(1/2)(b - Yx)|^2`; with `b = 0` unless `targets`.
    fn run(&self, targets: bool, x: &[T], out: &mut [T], control: &mut Control<'_>) -> Result<f64, Stop> {
        let (fixed, d) = (self.fixed, self.line.len());
        if let Some(room) = self.gathered {
            let (data, index) = (&room.tile[..d * fixed.stride()], &room.identity[..d]);
            let rows = Picked { data, stride: fixed.stride(), index };
            let squares = tile::add_slope(rows, None, targets.then_some(&room.target), x, out);
            control.spend((4 * d * fixed.cols()) as u64)?;
            return Ok(squares);
        }
        let add = |chunk: Line<'_, T>, out: &mut [T], control: &mut Control<'_>| {
            let rows = picked(fixed, chunk);
            let squares = tile::add_slope(rows, chunk.weight, targets.then_some(chunk.value), x, out);
            control.spend((4 * chunk.len() * fixed.cols()) as u64)?;
            Ok(squares)
        };
        if d <= CHUNK {
            return add(self.line, out, control);
        }
        let parts = for_chunks(self.line, self.team, control, |chunk, control| {
            let mut part = vec![T::default(); out.len()];
            let squares = add(chunk, &mut part, control)?;
            Ok((part, squares))
        })?;
        for (l, out) in out.iter_mut().enumerate() {
            *out = T::narrow(parts.iter().fold(out.wide(), |sum, part| sum + part.0[l].wide()));
        }
        Ok(parts.iter().map(|part| part.1).sum())
    }
}

/// `sum_l a_l b_l` in double precision.
fn product<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.wide() * b.wide()).sum()
}

/// `z = D^-1 g`, and `g'z`.
fn precondition<T: Real>(diagonal: impl Iterator<Item = f64>, g: &[T], z: &mut [T]) -> f64 {
    let mut total = 0.0;
    for ((z, g), diagonal) in z.iter_mut().zip(g).zip(diagonal) {
        let quotient = if diagonal > 0.0 { g.wide() / diagonal } else { 0.0 };
        *z = T::narrow(quotient);
        total += g.wide() * quotient;
    }
    total
}

impl<T: Real> Bench<'_, T> {
    /// From `x`, with the preconditioner `(sum w) diag(curvature) + lambda I`.
    ///
    /// The gradient is computed from the observations once, and then moves along with `x`: regressions on a factor that
    /// is kept orthonormal are well conditioned, and the next half-step computes it anew.
    pub(super) fn conjugate_gradient(
        &mut self,
        regression: Regression<'_, T>,
        control: &mut Control<'_>,
    ) -> Result<RowReport, Stop> {
        let Regression { line, ridge, curvature, accuracy } = regression;
        let Bench { fixed, team, room, gradient, direction, preconditioned, image, x, .. } = self;
        let (k, strength) = (fixed.cols(), ridge.strength);
        let passes = Passes::new(fixed, *team, line, room);
        let total = line.weight.map_or(line.len() as f64, |w| w.iter().map(|w| w.wide()).sum());
        let diagonal = || curvature.iter().map(|c| total * c + strength);
        let offset = |l: usize, x: T| x - ridge.center.map_or(T::default(), |c| c[l]);
        let lambda = T::narrow(strength);
        gradient.fill(T::default());
        for l in 0..k {
            gradient[l] = -(lambda * offset(l, x[l]));
        }
        let first = passes.run(true, x, gradient, control)?;
        let mut squares = first;
        let mut report = RowReport::default();
        let mut gamma = precondition(diagonal(), gradient, preconditioned);
        let start = gamma;
        direction.copy_from_slice(preconditioned);
        loop {
            report.gradient = product(gradient, gradient).sqrt();
            let small = gamma <= accuracy.reduction * accuracy.reduction * start
                || report.gradient <= accuracy.gradient * total;
            if small && report.steps > 0 || !(gamma > 0.0) || report.steps >= accuracy.max_steps.min(2 * k) {
                break;
            }
            image.fill(T::default());
            let bend = passes.run(false, direction, image, control)?;
            let curved = bend + strength * product(direction, direction);
            if !(curved > 0.0) || !curved.is_finite() {
                break;
            }
            let step = gamma / curved;
            // Along p: p'Y'W(b - Yx) = p'(g + lambda (x - c)).
            let pull: f64 = (0..k).map(|l| direction[l].wide() * offset(l, x[l]).wide()).sum();
            squares += step * (step * bend - 2.0 * (product(direction, gradient) + strength * pull));
            let alpha = T::narrow(step);
            for l in 0..k {
                x[l] += alpha * direction[l];
                gradient[l] += alpha * (image[l] - lambda * direction[l]);
            }
            let next = precondition(diagonal(), gradient, preconditioned);
            let beta = T::narrow(next / gamma);
            direction.iter_mut().zip(&*preconditioned).for_each(|(p, z)| *p = *z + beta * *p);
            gamma = next;
            report.steps += 1;
            control.spend(20 * k as u64)?;
        }
        // Where most of the residual is gone, what is left has few digits.
        report.squares = if squares >= EXACT_SHARE * T::ROUNDING.sqrt() * first || report.steps == 0 {
            squares
        } else {
            self.squares(line, control)?
        };
        Ok(report)
    }
}
