//! One row's regression: `min_x sum_e w_e (b_e - y_e'x)^2 + lambda |x - c|^2` over the factor rows `y_e` that were
//! observed.
//!
//! Three ways, of which [`Way::of`] takes the cheapest by counts of operations: the normal equations (direct), the same
//! in the observations where there are fewer of them than columns (dual), and conjugate gradients from the last
//! solution with the preconditioner that all rows share (the mean Gram, diagonal in the basis that the factor is kept
//! in). `normal_equations` has the first two, `conjugate_gradient` the third.
//!
//! A row's observations are gone over in chunks of [`CHUNK`], whose sums are added in their order: the chunks of a row
//! that is long may be shared among threads, and bits stay.

use super::observations::Line;
use super::sketched::{self, Sketching};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::numerics::tile::Picked;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Observations whose sums are taken on one thread.
pub const CHUNK: usize = 4096;

/// A residual that is found by subtraction is computed from the observations instead where it is below this many roots
/// of the rounding of what it was taken from: otherwise it has half of all digits at least.
pub(super) const EXACT_SHARE: f64 = 64.0;

/// How one row is solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Cholesky of `Y'WY + lambda I`.
    Direct,
    /// Cholesky of `W^(1/2) Y Y' W^(1/2) + lambda I`.
    Dual,
    /// Preconditioned conjugate gradients.
    ConjugateGradient,
    /// Conjugate gradients with a preconditioner from a sketch, the stream `stream` of its seed.
    Sketched { how: Sketching, stream: u64 },
}

/// A pass of conjugate gradients is bound by bytes: it reads each number of a row for 4 flops, from the second cache or
/// beyond, where a Gram matrix works in registers. Flops of the one cost this many of the other (measured 4 to 6 on
/// AVX2, in both precisions).
const PASS_PRICE: f64 = 4.0;
/// The same for a small Cholesky factorization, whose loops are short.
const CHOLESKY_PRICE: f64 = 3.0;

impl Way {
    /// The cheapest way for `d` observations and `k` columns, where conjugate gradients are expected to take `steps`
    /// steps.
    pub fn of(d: usize, k: usize, steps: f64) -> Self {
        let price = |way: Self| way.price(d, k, steps);
        let dual = if d < k { price(Way::Dual) } else { f64::INFINITY };
        let (direct, passes) = (price(Way::Direct), price(Way::ConjugateGradient));
        if dual <= direct.min(passes) {
            Way::Dual
        } else if direct <= passes {
            Way::Direct
        } else {
            Way::ConjugateGradient
        }
    }

    /// What a row costs, in flops of a Gram matrix: counts of operations and constants, so that it never depends on the
    /// machine or on threads.
    pub fn price(self, d: usize, k: usize, steps: f64) -> f64 {
        let (d, k) = (d as f64, k as f64);
        match self {
            Way::Direct => d * k * (k + 1.0) + CHOLESKY_PRICE * k * k * k / 3.0,
            Way::Dual => d * d * k + CHOLESKY_PRICE * d * d * d / 3.0,
            Way::ConjugateGradient => PASS_PRICE * 4.0 * d * k * (steps + 1.0),
            Way::Sketched { how, .. } => how.flops(d as usize, k as usize) as f64,
        }
    }
}

/// Steps of conjugate gradients until a residual has fallen by `reduction`, for `d` rows drawn evenly from an
/// orthonormal factor of `k` columns: the eigenvalues lie in `(1 +- sqrt(k/d))^2` (Marchenko and Pastur).
pub fn expected_steps(d: usize, k: usize, reduction: f64) -> f64 {
    let rate = (k as f64 / d.max(1) as f64).sqrt();
    if rate >= 1.0 {
        return k as f64;
    }
    ((2.0 / reduction).ln() / (1.0 / rate).ln()).ceil().clamp(1.0, k as f64)
}

/// When conjugate gradients on a row end: the first of these.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy {
    /// The norm of the preconditioned gradient has fallen by this factor.
    pub reduction: f64,
    /// The norm of the gradient is at most this, for each observation of the row.
    pub gradient: f64,
    /// Steps.
    pub max_steps: usize,
}

impl Accuracy {
    /// As exact as rounding lets it.
    pub const ROUNDING: Self = Self { reduction: 1e-12, gradient: 0.0, max_steps: 1000 };
}

/// The strength and the centre of a row's ridge.
#[derive(Debug, Clone, Copy)]
pub struct Ridge<'r, T> {
    /// `lambda >= 0`.
    pub strength: f64,
    /// `c`; `None` for 0.
    pub center: Option<&'r [T]>,
}

/// What a solve of a row found.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowReport {
    /// Steps of conjugate gradients.
    pub steps: usize,
    /// The norm of the gradient that is left, where it was computed; 0 for factorizations.
    pub gradient: f64,
    /// `sum_e w_e (b_e - y_e'x)^2` at the solution.
    pub squares: f64,
    /// A bound of the distance from the solution, where a sketch gave one; 0 for factorizations.
    pub error: f64,
    /// Whether the observations do not determine the row, and the solution of least norm was taken.
    pub underdetermined: bool,
}

/// A regression: what stays while it is solved.
#[derive(Debug, Clone, Copy)]
pub struct Regression<'r, T> {
    /// The observations.
    pub line: Line<'r, T>,
    /// The ridge.
    pub ridge: Ridge<'r, T>,
    /// The diagonal entries of the mean Gram per observation.
    pub curvature: &'r [f64],
    /// When conjugate gradients end.
    pub accuracy: Accuracy,
}

/// Memory for regressions with one factor, used again and again.
pub struct Bench<'f, T> {
    pub(super) fixed: &'f Tall<T>,
    /// The threads among which the chunks of a row are shared; `None`: the calling thread is one of several.
    pub(super) team: Option<&'f Team<'f>>,
    pub(super) room: Room<T>,
    pub(super) gram: Vec<T>,
    pub(super) factor: Vec<T>,
    pub(super) gradient: Vec<T>,
    pub(super) direction: Vec<T>,
    pub(super) preconditioned: Vec<T>,
    pub(super) image: Vec<T>,
    /// The solution, padded.
    pub(super) x: Vec<T>,
    pub(super) sketched: sketched::Memory<T>,
}

/// Memory for the rows that a chunk gathers.
#[derive(Debug, Default)]
pub(super) struct Room<T> {
    pub tile: Vec<T>,
    pub target: Vec<T>,
    pub roots: Vec<T>,
    pub image: Vec<T>,
    pub identity: Vec<u32>,
}

impl<T: Real> Room<T> {
    /// The roots of the weights, if there are any, and the targets times them.
    pub fn scale(&mut self, line: Line<'_, T>) {
        self.target.clear();
        self.roots.clear();
        match line.weight {
            None => self.target.extend_from_slice(line.value),
            Some(weight) => {
                self.roots.extend(weight.iter().map(|w| w.root()));
                self.target.extend(line.value.iter().zip(&self.roots).map(|(b, root)| *root * *b));
            }
        }
    }
}

impl<'f, T: Real> Bench<'f, T> {
    /// Memory for regressions on rows of `fixed`. With a team the chunks of each row are shared among its threads.
    pub fn new(fixed: &'f Tall<T>, team: Option<&'f Team<'f>>) -> Self {
        let zeros = || vec![T::default(); fixed.stride()];
        Self {
            fixed,
            team,
            room: Room::default(),
            gram: Vec::new(),
            factor: Vec::new(),
            gradient: zeros(),
            direction: zeros(),
            preconditioned: zeros(),
            image: zeros(),
            x: zeros(),
            sketched: sketched::Memory::default(),
        }
    }

    /// Solves a row. `x` is the last solution and becomes the new one; on a stop it is as it was.
    pub fn solve(
        &mut self,
        regression: Regression<'_, T>,
        way: Way,
        x: &mut [T],
        control: &mut Control<'_>,
    ) -> Result<RowReport, Stop> {
        let k = self.fixed.cols();
        let ridge = regression.ridge;
        let rest = |x: &mut [T]| match ridge.center {
            Some(center) => x.copy_from_slice(center),
            None => x.fill(T::default()),
        };
        if regression.line.is_empty() {
            rest(x);
            return Ok(RowReport { underdetermined: ridge.strength == 0.0, ..RowReport::default() });
        }
        self.x[..k].copy_from_slice(x);
        let mut report = match way {
            Way::Direct => self.direct(regression, control)?,
            Way::Dual => self.dual(regression, control)?,
            Way::ConjugateGradient => self.conjugate_gradient(regression, control)?,
            Way::Sketched { how, stream } => self.sketched(regression, how, stream, control)?,
        };
        if self.x[..k].iter().all(|v| v.wide().is_finite()) {
            x.copy_from_slice(&self.x[..k]);
        } else {
            // Nothing to go by: the centre.
            rest(x);
            report.underdetermined = true;
        }
        Ok(report)
    }
}

/// The rows of a factor that a line names.
pub(super) fn picked<'l, T: Real>(fixed: &'l Tall<T>, line: Line<'l, T>) -> Picked<'l, T> {
    Picked { data: fixed.data(), stride: fixed.stride(), index: line.index }
}

/// What `of` gives for each chunk of a line, in their order; among the threads of the team, if there is one.
pub(super) fn for_chunks<T: Real, R: Send>(
    line: Line<'_, T>,
    team: Option<&Team<'_>>,
    control: &mut Control<'_>,
    of: impl Fn(Line<'_, T>, &mut Control<'_>) -> Result<R, Stop> + Sync,
) -> Result<Vec<R>, Stop> {
    let count = line.len().div_ceil(CHUNK);
    let chunk = |c: usize| line.part(c * CHUNK..((c + 1) * CHUNK).min(line.len()));
    let Some(team) = team else { return (0..count).map(|c| of(chunk(c), control)).collect() };
    team.share(count, control, |c, control| of(chunk(c), control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(n: usize, k: usize) -> Tall<f64> {
        let mut y = Tall::zeros(n, k).unwrap();
        for i in 0..n {
            y.row_mut(i)
                .iter_mut()
                .enumerate()
                .for_each(|(l, v)| *v = ((i * i * 12 + i * l * 7 + l) as f64 * 0.37).sin());
        }
        y
    }

    const EXACT: Accuracy = Accuracy { reduction: 1e-13, gradient: 0.0, max_steps: 1000 };

    #[test]
    fn the_three_ways_agree_and_leave_no_gradient() {
        let (n, k) = (60, 6);
        let y = factor(n, k);
        for (d, strength, weighted, centered) in [
            (40, 0.0, false, false),
            (40, 0.3, true, true),
            (4, 0.2, true, true),
            (5, 0.1, false, false),
            (200, 0.0, true, false),
        ] {
            let index: Vec<u32> = (0..d).map(|e| (e * 7 % n) as u32).collect();
            let value: Vec<f64> = (0..d).map(|e| (e as f64).cos()).collect();
            let weight: Vec<f64> = (0..d).map(|e| 0.5 + (e % 3) as f64).collect();
            let line = Line { index: &index, value: &value, weight: weighted.then_some(&weight[..]) };
            let center: Vec<f64> = (0..k).map(|l| 0.1 * l as f64).collect();
            let ridge = Ridge { strength, center: centered.then_some(&center[..]) };
            let mut answers = Vec::new();
            for way in [Way::Direct, Way::Dual, Way::ConjugateGradient] {
                if way == Way::Dual && d >= k {
                    continue;
                }
                let mut x = vec![0.5; k];
                let regression = Regression { line, ridge, curvature: &[0.5; 6], accuracy: EXACT };
                let report =
                    Bench::new(&y, None).solve(regression, way, &mut x, &mut Control::new()).unwrap();
                let mut squares = 0.0;
                let mut gradient = vec![0.0; k];
                for e in 0..d {
                    let row = y.row(index[e] as usize);
                    let w = if weighted { weight[e] } else { 1.0 };
                    let r = value[e] - row.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>();
                    squares += w * r * r;
                    gradient.iter_mut().zip(row).for_each(|(g, y)| *g += w * r * y);
                }
                for l in 0..k {
                    let c = if centered { center[l] } else { 0.0 };
                    assert!((gradient[l] - strength * (x[l] - c)).abs() < 1e-9, "{way:?} {d}: {gradient:?}");
                }
                assert!((report.squares - squares).abs() < 1e-9, "{way:?}");
                answers.push(x);
            }
            for answer in &answers[1..] {
                answer.iter().zip(&answers[0]).for_each(|(a, b)| assert!((a - b).abs() < 1e-8));
            }
        }
    }

    #[test]
    fn a_row_that_is_not_determined_gets_the_solution_of_least_norm() {
        let y = factor(30, 4);
        // The same row twice, and one more: rank 2 of 4.
        let line = Line { index: &[3, 3, 8], value: &[1.0, 1.0, -2.0], weight: None };
        let free = Ridge { strength: 0.0, center: None };
        let mut answers = Vec::new();
        for way in [Way::Direct, Way::Dual] {
            let mut x = vec![7.0; 4];
            let regression = Regression { line, ridge: free, curvature: &[1.0; 4], accuracy: EXACT };
            let report = Bench::new(&y, None).solve(regression, way, &mut x, &mut Control::new()).unwrap();
            assert!(report.underdetermined && report.squares < 1e-20, "{way:?} {report:?}");
            answers.push(x);
        }
        answers[0].iter().zip(&answers[1]).for_each(|(a, b)| assert!((a - b).abs() < 1e-10));
        // Of least norm: a combination of the two rows.
        let tiny = Ridge { strength: 1e-9, center: None };
        let mut x = vec![0.0; 4];
        let regression = Regression { line, ridge: tiny, curvature: &[1.0; 4], accuracy: EXACT };
        Bench::new(&y, None).solve(regression, Way::Dual, &mut x, &mut Control::new()).unwrap();
        answers[0].iter().zip(&x).for_each(|(a, b)| assert!((a - b).abs() < 1e-6));
    }

    #[test]
    fn no_observation_leaves_the_centre() {
        let y = factor(5, 2);
        let line = Line { index: &[], value: &[], weight: None };
        let mut x = vec![3.0; 2];
        for (strength, center, expected) in
            [(1.0, Some(&[0.5, 0.25][..]), [0.5, 0.25]), (0.0, None, [0.0, 0.0])]
        {
            let ridge = Ridge { strength, center };
            let regression = Regression { line, ridge, curvature: &[1.0; 2], accuracy: EXACT };
            Bench::new(&y, None).solve(regression, Way::Direct, &mut x, &mut Control::new()).unwrap();
            assert_eq!(x, expected);
        }
    }

    #[test]
    fn a_long_row_is_the_same_on_any_team_and_stops_within_a_chunk() {
        let (n, k, d) = (500, 20, 3 * CHUNK + 77);
        let y = factor(n, k);
        let index: Vec<u32> = (0..d).map(|e| (e * 7 % n) as u32).collect();
        let value: Vec<f64> = (0..d).map(|e| (e as f64).cos()).collect();
        let weight: Vec<f64> = (0..d).map(|e| 0.5 + (e % 3) as f64).collect();
        let line = Line { index: &index, value: &value, weight: Some(&weight) };
        let ridge = Ridge { strength: 0.1, center: None };
        let regression = Regression { line, ridge, curvature: &[0.5; 20], accuracy: EXACT };
        for way in [Way::Direct, Way::ConjugateGradient] {
            let on = |threads| {
                let solve = |team: &Team<'_>| {
                    let mut x = vec![0.5; k];
                    let mut control = Control::new();
                    let report =
                        Bench::new(&y, Some(team)).solve(regression, way, &mut x, &mut control).unwrap();
                    (x, report.squares.to_bits(), control.work())
                };
                crate::runtime::parallel::with_team(threads, solve).unwrap()
            };
            let alone = on(1);
            assert!(alone == on(2) && alone == on(3), "{way:?}");
            let mut x = vec![0.5; k];
            Bench::new(&y, None).solve(regression, way, &mut x, &mut Control::new()).unwrap();
            assert_eq!(x, alone.0);
            // A stop at any poll leaves the row alone.
            let mut control = Control::new().with_trip_at_poll(2);
            control.begin(f64::INFINITY, u64::MAX);
            let mut x = vec![0.5; k];
            assert!(Bench::new(&y, None).solve(regression, way, &mut x, &mut control).is_err());
            assert!(x == vec![0.5; k] && control.longest_stretch() < 1 << 21);
        }
    }
}
