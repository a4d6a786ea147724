//! Gauss-Newton steps on both factors at once, damped as by Levenberg and Marquardt.
//!
//! Alternation is linear: with few entries its error falls by a percent in a sweep. Here a step solves
//!
//! ```text
//! min over A, B   |P(M - X - A V' - U B')|^2 + mu (|A|^2 + |B|^2),   X = U S V'
//! ```
//!
//! with both bases orthonormal, so that neither the system nor the damping knows the condition of `M`:
//!
//! 1. The normal equations have a block of `k x k` for each row and each column. Those of the columns are eliminated;
//!    the Schur complement is solved by conjugate gradients, with the blocks of the rows as preconditioner. One product
//!    costs as much as the half-steps of a sweep, without their factorizations.
//! 2. The new left space is that of `U S + A`. The right factor is solved for once more, exactly (variable projection),
//!    near what the step says.
//! 3. The damping follows the ratio of what the step gained to what it promised.

use super::alternation::{Alternation, Factors, incoherence};
use super::basis::orthonormalize;
use super::observations::{Lines, Observations};
use super::recovery::relative;
use crate::numerics::real::Real;
use crate::numerics::sum::sum;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Phase, Result, Stop};

/// When steps end, and how careful the first is.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Relative residual that is small enough.
    pub residual: f64,
    /// The first damping, in units of the share of the entries that is observed.
    pub damping: f64,
    /// Steps.
    pub max_steps: usize,
    /// Steps that gain less than this share of the squares are slow, and ten in a row the last.
    pub progress: f64,
    /// An incoherence (1 where all rows are alike) at which a line has run away; infinite: none is watched for.
    pub incoherence: f64,
}

/// Why steps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The residual is small enough.
    Fitted,
    /// No step promises more than rounding, or many gained next to nothing.
    Minimum,
    /// A line of a factor has run away.
    RanAway,
    /// The steps are used up.
    Steps,
}

/// Where steps ended.
#[derive(Debug, Clone)]
pub struct Arrived<T> {
    /// The factors; `V` is orthonormal.
    pub factors: Factors<T>,
    /// `sqrt(squares / size)` over the observations.
    pub residual: f64,
    /// Steps done.
    pub steps: usize,
    /// Why they ended.
    pub end: End,
}

/// A promise of less than this share of the squares is kept for nothing.
const PROMISE: f64 = 1e-7;
/// Slow steps in a row that are the last.
const PATIENCE: usize = 10;
/// Conjugate gradients end at the square of the relative residual, between these, or after so many steps.
const INNER: (f64, f64) = (1e-6, 1e-2);
const MAX_INNER: usize = 200;
/// Where damping has faded, and where no damping helps, in units of the share observed.
const LEAST_DAMPING: f64 = 1e-10;
const MOST_DAMPING: f64 = 1e3;
/// Always added to the blocks, for lines that their observations do not determine.
const FLOOR: f64 = 1e-14;
/// Lines per task: fixed, so that threads cannot change a bit.
const TASK_LINES: usize = 256;

/// The data.
#[derive(Clone, Copy)]
pub struct GaussNewton<'a, T> {
    /// The observations.
    pub observations: &'a Observations<T>,
    /// The threads.
    pub team: &'a Team<'a>,
}

/// Where a step starts: `X = left right'`, with an orthonormal basis of `left`'s columns.
struct Point {
    left: Tall<f64>,
    right: Tall<f64>,
    basis: Tall<f64>,
    rows: Blocks,
    cols: Blocks,
}

/// The blocks of the normal equations of all lines on one side, without damping.
struct Blocks {
    /// `sum_e w_e y_e y_e'`, `k x k` for each line.
    gram: Vec<f64>,
    /// `sum_e w_e r_e y_e`.
    gradient: Tall<f64>,
    /// `sum w r^2` over all lines.
    squares: f64,
}

/// Something for each row and something for each column.
type Both = (Tall<f64>, Tall<f64>);

/// Calls a loop with the number of columns known to the compiler where it is small (0: it is not).
macro_rules! of_width {
    ($k:expr, $f:ident $(<$t:ty>)?, ($($arg:expr),*)) => {
        match $k {
            1 => $f::<$($t,)? 1>($($arg),*),
            2 => $f::<$($t,)? 2>($($arg),*),
            3 => $f::<$($t,)? 3>($($arg),*),
            4 => $f::<$($t,)? 4>($($arg),*),
            5 => $f::<$($t,)? 5>($($arg),*),
            8 => $f::<$($t,)? 8>($($arg),*),
            10 => $f::<$($t,)? 10>($($arg),*),
            _ => $f::<$($t,)? 0>($($arg),*),
        }
    };
}

impl<T: Real> GaussNewton<'_, T> {
    /// Steps from given factors. A step costs up to `8 MAX_INNER k` operations for each observation. Errors: no memory.
    pub fn run(
        &self,
        factors: &Factors<T>,
        rules: Rules,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Arrived<T>, Stop>> {
        let size = Alternation { observations: self.observations, prior: None, team: self.team }.size();
        let (mut left, mut right) = (widened(&factors.u)?, widened(&factors.v)?);
        stopped!(orthonormalize(&mut right, Some(&mut left), self.team, control));
        let mut point = stopped!(self.point(left, right, control)?);
        let mut damping = rules.damping;
        let (mut steps, mut slow) = (0, 0);
        let end = loop {
            let squares = point.rows.squares;
            let residual = relative(squares, size);
            if residual <= rules.residual {
                break End::Fitted;
            }
            if steps >= rules.max_steps {
                break End::Steps;
            }
            steps += 1;
            control.tell(Phase::Setup, steps as u64, f64::NAN, f64::NAN);
            stopped!(control.poll());
            let mu = (damping + FLOOR) * self.observations.share();
            let accuracy = (residual * residual).clamp(INNER.0, INNER.1);
            let (a, b) = stopped!(self.direction(&point, mu, accuracy, control)?);
            let promised = squares - self.model(&point, &a, &b);
            // Also where something is not finite.
            if !(promised > PROMISE * squares) {
                break End::Minimum;
            }
            let (left, right) = stopped!(self.moved(&point, a, b, mu, control)?);
            let next = stopped!(self.point(left, right, control)?);
            let gained = squares - next.rows.squares;
            if gained > 0.0 {
                if gained > 0.75 * promised {
                    damping = (0.3 * damping).max(LEAST_DAMPING);
                } else if gained < 0.25 * promised {
                    damping *= 2.0;
                }
                point = next;
                if incoherence(&point.right).max(incoherence(&point.basis)) > rules.incoherence {
                    break End::RanAway;
                }
                slow = if gained < rules.progress * squares { slow + 1 } else { 0 };
                if slow >= PATIENCE {
                    break End::Minimum;
                }
            } else {
                damping *= 4.0;
                if damping > MOST_DAMPING {
                    break End::Minimum;
                }
            }
        };
        let residual = relative(point.rows.squares, size);
        let factors = Factors { u: narrowed(&point.left)?, v: narrowed(&point.right)? };
        Ok(Ok(Arrived { factors, residual, steps, end }))
    }

    /// The blocks at `left right'`; `right` is orthonormal.
    fn point(
        &self,
        left: Tall<f64>,
        right: Tall<f64>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Point, Stop>> {
        let mut basis = left.clone();
        stopped!(orthonormalize(&mut basis, None, self.team, control));
        let rows = stopped!(self.blocks(self.observations.by_row(), &right, &left, &right, control)?);
        let cols = stopped!(self.blocks(self.observations.by_col(), &basis, &right, &left, control)?);
        Ok(Ok(Point { left, right, basis, rows, cols }))
    }

    /// Blocks over rows of `basis`, with the residuals of `own other'`.
    fn blocks(
        &self,
        lines: &Lines<T>,
        basis: &Tall<f64>,
        own: &Tall<f64>,
        other: &Tall<f64>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Blocks, Stop>> {
        let k = basis.cols();
        let tasks = lines.len().div_ceil(TASK_LINES);
        let parts = self.team.map(tasks, |t| {
            let range = t * TASK_LINES..((t + 1) * TASK_LINES).min(lines.len());
            of_width!(k, blocks_of<T>, (lines, range, basis, own, other))
        });
        let mut gram = Vec::with_capacity(lines.len() * k * k);
        let mut gradient = Tall::zeros(lines.len(), k)?;
        let (mut at, mut squares) = (0, Vec::with_capacity(tasks));
        for (grams, gradients, part) in parts {
            gram.extend_from_slice(&grams);
            let width = gradients.len();
            gradient.data_mut()[at..at + width].copy_from_slice(&gradients);
            at += width;
            squares.push(part);
        }
        stopped!(control.spend((lines.entries() * (k * k + 6 * k)) as u64));
        Ok(Ok(Blocks { gram, gradient, squares: sum(squares) }))
    }

    /// `A` and `B` of a step.
    fn direction(
        &self,
        point: &Point,
        mu: f64,
        accuracy: f64,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Both, Stop>> {
        let (rows, cols) = (self.observations.by_row(), self.observations.by_col());
        let (n, m, k) = (rows.len(), cols.len(), point.left.cols());
        let price = (8 * k * self.observations.len() + 8 * k * k * (n + m)) as u64;
        let row_factors = self.factored(&point.rows.gram, k, mu);
        let col_factors = self.factored(&point.cols.gram, k, mu);
        let mut b = Tall::zeros(m, k)?;
        let mut image = Tall::zeros(n, k)?;
        // The right-hand side: g - C H^-1 h.
        self.solve(&col_factors, &point.cols.gradient, &mut b);
        self.cross(rows, &point.basis, &point.right, &b, &mut image);
        let mut rest = point.rows.gradient.clone();
        add(&mut rest, -1.0, &image);
        let mut a = Tall::zeros(n, k)?;
        let mut z = Tall::zeros(n, k)?;
        self.solve(&row_factors, &rest, &mut z);
        let mut conjugate = z.clone();
        let mut slope = dot(&rest, &z);
        let first = slope;
        let mut half = Tall::zeros(m, k)?;
        for _ in 0..MAX_INNER {
            if !(slope > accuracy * accuracy * first) {
                break;
            }
            // (G + mu) p - C (H + mu)^-1 C' p.
            self.cross(cols, &point.right, &point.basis, &conjugate, &mut half);
            self.solve(&col_factors, &half, &mut b);
            self.cross(rows, &point.basis, &point.right, &b, &mut image);
            self.subtract_from_gram(&point.rows.gram, mu, &conjugate, &mut image);
            let bend = dot(&conjugate, &image);
            if !(bend > 0.0) {
                break;
            }
            add(&mut a, slope / bend, &conjugate);
            add(&mut rest, -slope / bend, &image);
            self.solve(&row_factors, &rest, &mut z);
            let next = dot(&rest, &z);
            let keep = next / slope;
            slope = next;
            conjugate.data_mut().iter_mut().zip(z.data()).for_each(|(p, z)| *p = z + keep * *p);
            stopped!(control.spend(price));
        }
        // B = H^-1 (h - C'A).
        self.cross(cols, &point.right, &point.basis, &a, &mut half);
        half.data_mut().iter_mut().zip(point.cols.gradient.data()).for_each(|(t, h)| *t = h - *t);
        self.solve(&col_factors, &half, &mut b);
        stopped!(control.spend(price));
        Ok(Ok((a, b)))
    }

    /// The new factors: the left space of `left + A`, and the right factor by regressions near what the step says.
    fn moved(
        &self,
        point: &Point,
        a: Tall<f64>,
        b: Tall<f64>,
        mu: f64,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Both, Stop>> {
        let mut left = point.left.clone();
        add(&mut left, 1.0, &a);
        let mut right = point.right.clone();
        stopped!(orthonormalize(&mut left, Some(&mut right), self.team, control));
        // What the step makes of the right factor, seen from the new basis.
        let turn = stopped!(point.basis.product(&left, |_| 1.0, self.team, control));
        let mut b = b;
        stopped!(b.transform(&turn, self.team, control));
        add(&mut right, 1.0, &b);
        let cols = stopped!(self.blocks(self.observations.by_col(), &left, &right, &left, control)?);
        let factors = self.factored(&cols.gram, left.cols(), mu);
        self.solve(&factors, &cols.gradient, &mut b);
        add(&mut right, 1.0, &b);
        stopped!(orthonormalize(&mut right, Some(&mut left), self.team, control));
        Ok(Ok((left, right)))
    }

    /// `|P(M - X - A V' - U B')|^2`.
    fn model(&self, point: &Point, a: &Tall<f64>, b: &Tall<f64>) -> f64 {
        let lines = self.observations.by_row();
        let product = |x: &Tall<f64>, i: usize, y: &Tall<f64>, j: usize| -> f64 {
            x.row(i).iter().zip(y.row(j)).map(|(x, y)| x * y).sum()
        };
        sum((0..lines.len()).map(|i| {
            let line = lines.line(i);
            let mut squares = 0.0;
            for (e, &j) in line.index.iter().enumerate() {
                let j = j as usize;
                let r = line.value[e].wide()
                    - product(&point.left, i, &point.right, j)
                    - product(a, i, &point.right, j)
                    - product(&point.basis, i, b, j);
                squares += line.weight.map_or(1.0, |w| w[e].wide()) * r * r;
            }
            squares
        }))
    }

    /// Cholesky factors `R'R` of the blocks plus `mu`, with the inverse of the diagonal in its place.
    fn factored(&self, gram: &[f64], k: usize, mu: f64) -> Vec<f64> {
        let mut factors = gram.to_vec();
        self.team.fill(&mut factors, TASK_LINES * k * k, |_, part| {
            of_width!(k, factor_of, (k, part, mu));
        });
        factors
    }

    /// `x = (R'R)^-1 b`, line by line.
    fn solve(&self, factors: &[f64], b: &Tall<f64>, x: &mut Tall<f64>) {
        let (k, stride) = (b.cols(), b.stride());
        self.team.fill(x.data_mut(), TASK_LINES * stride, |offset, part| {
            of_width!(
                k,
                solve_of,
                (k, stride, &factors[offset / stride * k * k..], &b.data()[offset..], part)
            );
        });
    }

    /// `out_i = sum_e w_e theirs_e (mine_i'moved_e)`.
    fn cross(
        &self,
        lines: &Lines<T>,
        mine: &Tall<f64>,
        theirs: &Tall<f64>,
        moved: &Tall<f64>,
        out: &mut Tall<f64>,
    ) {
        let (k, stride) = (out.cols(), out.stride());
        self.team.fill(out.data_mut(), TASK_LINES * stride, |offset, part| {
            of_width!(k, cross_of<T>, (lines, offset / stride, mine, theirs, moved, part));
        });
    }

    /// `out = (G + mu) x - out`, line by line.
    fn subtract_from_gram(&self, gram: &[f64], mu: f64, x: &Tall<f64>, out: &mut Tall<f64>) {
        let (k, stride) = (x.cols(), x.stride());
        self.team.fill(out.data_mut(), TASK_LINES * stride, |offset, part| {
            of_width!(
                k,
                gram_of,
                (k, stride, &gram[offset / stride * k * k..], mu, &x.data()[offset..], part)
            );
        });
    }
}

/// Grams, gradients (padded) and squares of a range of lines.
fn blocks_of<T: Real, const K: usize>(
    lines: &Lines<T>,
    range: std::ops::Range<usize>,
    basis: &Tall<f64>,
    own: &Tall<f64>,
    other: &Tall<f64>,
) -> (Vec<f64>, Vec<f64>, f64) {
    let k = if K == 0 { basis.cols() } else { K };
    let stride = basis.stride();
    let mut grams = vec![0.0; range.len() * k * k];
    let mut gradients = vec![0.0; range.len() * stride];
    let mut squares = 0.0;
    let outs = grams.chunks_exact_mut(k * k).zip(gradients.chunks_exact_mut(stride));
    for (i, (gram, gradient)) in range.zip(outs) {
        let (line, x) = (lines.line(i), &own.row(i)[..k]);
        for (e, &j) in line.index.iter().enumerate() {
            let (y, z) = (&basis.row(j as usize)[..k], &other.row(j as usize)[..k]);
            let weight = line.weight.map_or(1.0, |w| w[e].wide());
            let r = line.value[e].wide() - x.iter().zip(z).map(|(x, z)| x * z).sum::<f64>();
            squares += weight * r * r;
            for l in 0..k {
                let wy = weight * y[l];
                gradient[l] += wy * r;
                // The whole square: rows of one length are faster than a triangle.
                for (g, y) in gram[l * k..(l + 1) * k].iter_mut().zip(y) {
                    *g += wy * y;
                }
            }
        }
    }
    (grams, gradients, squares)
}

fn factor_of<const K: usize>(k: usize, part: &mut [f64], mu: f64) {
    let k = if K == 0 { k } else { K };
    for a in part.chunks_exact_mut(k * k) {
        for j in 0..k {
            a[j * k + j] += mu;
        }
        for j in 0..k {
            for p in 0..j {
                let factor = a[p * k + j];
                for l in j..k {
                    a[j * k + l] -= factor * a[p * k + l];
                }
            }
            // What rounding left of a pivot that should be mu.
            let inverse = 1.0 / a[j * k + j].max(mu).sqrt();
            for l in j + 1..k {
                a[j * k + l] *= inverse;
            }
            a[j * k + j] = inverse;
        }
    }
}

fn solve_of<const K: usize>(k: usize, stride: usize, factors: &[f64], b: &[f64], x: &mut [f64]) {
    let k = if K == 0 { k } else { K };
    let lines = factors.chunks_exact(k * k).zip(b.chunks_exact(stride)).zip(x.chunks_exact_mut(stride));
    for ((r, b), x) in lines {
        let x = &mut x[..k];
        x.copy_from_slice(&b[..k]);
        for j in 0..k {
            x[j] *= r[j * k + j];
            for l in j + 1..k {
                x[l] -= x[j] * r[j * k + l];
            }
        }
        for j in (0..k).rev() {
            for l in j + 1..k {
                x[j] -= r[j * k + l] * x[l];
            }
            x[j] *= r[j * k + j];
        }
    }
}

fn cross_of<T: Real, const K: usize>(
    lines: &Lines<T>,
    first: usize,
    mine: &Tall<f64>,
    theirs: &Tall<f64>,
    moved: &Tall<f64>,
    part: &mut [f64],
) {
    let k = if K == 0 { mine.cols() } else { K };
    for (i, out) in (first..).zip(part.chunks_exact_mut(mine.stride())) {
        let (line, x, out) = (lines.line(i), &mine.row(i)[..k], &mut out[..k]);
        out.fill(0.0);
        for (e, &j) in line.index.iter().enumerate() {
            let (y, z) = (&theirs.row(j as usize)[..k], &moved.row(j as usize)[..k]);
            let mut product: f64 = x.iter().zip(z).map(|(x, z)| x * z).sum();
            if let Some(w) = line.weight {
                product *= w[e].wide();
            }
            out.iter_mut().zip(y).for_each(|(o, y)| *o += product * y);
        }
    }
}

fn gram_of<const K: usize>(k: usize, stride: usize, gram: &[f64], mu: f64, x: &[f64], out: &mut [f64]) {
    let k = if K == 0 { k } else { K };
    let lines = gram.chunks_exact(k * k).zip(x.chunks_exact(stride)).zip(out.chunks_exact_mut(stride));
    for ((g, x), out) in lines {
        for l in 0..k {
            let row = &g[l * k..(l + 1) * k];
            out[l] = mu * x[l] + row.iter().zip(&x[..k]).map(|(g, x)| g * x).sum::<f64>() - out[l];
        }
    }
}

/// `x += factor y`.
fn add(x: &mut Tall<f64>, factor: f64, y: &Tall<f64>) {
    x.data_mut().iter_mut().zip(y.data()).for_each(|(x, y)| *x += factor * y);
}

fn dot(x: &Tall<f64>, y: &Tall<f64>) -> f64 {
    // Padding is 0.
    let (a, b) = (x.data().chunks(4096), y.data().chunks(4096));
    a.zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>()).sum()
}

fn widened<T: Real>(factor: &Tall<T>) -> Result<Tall<f64>> {
    let mut out = Tall::zeros(factor.rows(), factor.cols())?;
    for i in 0..factor.rows() {
        out.row_mut(i).iter_mut().zip(factor.row(i)).for_each(|(o, v)| *o = v.wide());
    }
    Ok(out)
}

/// In the precision that factors are stored in.
pub(super) fn narrowed<T: Real>(factor: &Tall<f64>) -> Result<Tall<T>> {
    let mut out = Tall::zeros(factor.rows(), factor.cols())?;
    for i in 0..factor.rows() {
        out.row_mut(i).iter_mut().zip(factor.row(i)).for_each(|(o, v)| *o = T::narrow(*v));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
