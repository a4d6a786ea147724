//! The online Newton step (Hazan, Agarwal and Kale, Logarithmic regret algorithms for online convex optimization,
//! 2007) on the ball `|theta| <= R`, for the losses that curve: squares and the log loss.
//!
//! `A_0 = I / (2 gamma R)^2`, `A_t = A_{t-1} + g_t g_t'`, `theta <- Proj_A(theta - A_t^-1 g_t / gamma)`, where
//! `Proj_A` is nearest in the norm of `A`. Its regret to every point of the ball is at most
//! `sum g_t'A_t^-1 g_t / (2 gamma) + gamma/2 |u|^2 / (2 gamma R)^2`, which is summed up as it goes.
//!
//! `A^-1` is kept by rank-one changes, whose errors are not corrected, so it is watched: each step solves a system with
//! `A`, and where the solution is off by more than the tolerance, `A^-1` is made anew from `A`. The steps before were
//! not those of the theorem then, and no bound is claimed any more.

use super::Terms;
use super::gradient_descent::margin;
use super::logistic::Link;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::inverse_update::Inverse;
use crate::numerics::sum::Sum;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// Steps of the search for the multiplier of a projection: it halves at least.
const BISECTIONS: usize = 200;

/// Gradients whose squares are larger are left out: one infinity in `A` would stay for ever, and its decomposition
/// squares entries.
const LARGEST: f64 = 1e140;

/// Errors below this are never held against an inverse: they are those of a sound one.
const LEAST: f64 = 1e-10;

/// The iterate.
#[derive(Debug, Clone)]
pub struct NewtonStep {
    link: Link,
    radius: f64,
    /// The most that `|x|` may be for the bound to hold.
    norm: f64,
    gamma: f64,
    tolerance: f64,
    pub(in super::super) theta: Vec<f64>,
    /// `A`, by rows.
    pub(in super::super) a: Vec<f64>,
    /// `A^-1`.
    pub(in super::super) p: Inverse,
    /// `sum g'A^-1 g`.
    pub(in super::super) paid: Sum,
    /// Whether a round had longer features than the bound allows, or a weight other than 1; or `A^-1` was off.
    pub(in super::super) outside: bool,
}

impl NewtonStep {
    /// `theta = 0`, for `order` features of length up to `terms.norm`. Errors: a loss that does not curve; no memory.
    pub fn new(order: usize, terms: &Terms, link: Link) -> Result<Self> {
        let Terms { radius, norm, tolerance, .. } = *terms;
        let gamma = link.curvature(radius * norm).ok_or_else(|| {
            Error::new(ErrorKind::Option, "option \"learner\"")
                .expected("another than newton-step for a loss that does not curve, or a smaller radius")
                .found("newton-step")
        })?;
        let first = 1.0 / (2.0 * gamma * radius).powi(2);
        let what = "online Newton step";
        let mut a: Vec<f64> = zeros(what, order * order)?;
        (0..order).for_each(|i| a[i * order + i] = first);
        let p = Inverse::new(order, 1.0 / first)?;
        let theta = zeros(what, order)?;
        let (paid, outside) = (Sum::default(), false);
        Ok(Self { link, radius, norm, gamma, tolerance, theta, a, p, paid, outside })
    }

    /// The diagonal of `A_0`.
    fn first(&self) -> f64 {
        1.0 / (2.0 * self.gamma * self.radius).powi(2)
    }

    /// The bytes that a learner takes; saturates.
    pub fn bytes(order: usize) -> usize {
        order.saturating_mul(order).saturating_mul(8).saturating_add(Inverse::bytes(order))
    }

    /// The prediction. Costs `2 d` flops.
    pub fn predict(&self, x: &[f64]) -> f64 {
        self.link.prediction(margin(&self.theta, x))
    }

    /// A step. Costs `9 d^2` flops, and about `9 d^3` where the step leaves the ball or `A^-1` is made anew. A gradient
    /// that is too large to be squared is left out.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64) {
        let order = x.len();
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.outside |= length > self.norm || weight != 1.0;
        let slope = weight * self.link.slope(margin(&self.theta, x), y);
        if slope == 0.0 || length == 0.0 {
            return;
        }
        if !((slope * length).powi(2) <= LARGEST) {
            self.outside = true;
            return;
        }
        // u = P g, then P g for the new P, which is u / (1 + g'u).
        let u = self.p.times(x);
        u.iter_mut().for_each(|u| *u *= slope);
        let grown = 1.0 + slope * margin(u, x);
        let off = apart(&self.a, u, |i| slope * x[i]);
        for (row, xi) in self.a.chunks_exact_mut(order).zip(x) {
            let share = slope * slope * xi;
            row.iter_mut().zip(x).for_each(|(a, x)| *a += share * x);
        }
        if off <= self.tolerance.max(LEAST) && grown >= 1.0 && grown.is_finite() {
            self.paid.add((grown - 1.0) / grown);
            let step = 1.0 / (self.gamma * grown);
            self.theta.iter_mut().zip(&*u).for_each(|(t, u)| *t -= step * u);
            self.p.take_off(1.0 / grown.sqrt());
        } else {
            self.outside = true;
            self.invert();
            let step = slope / self.gamma;
            let u = self.p.times(x);
            self.theta.iter_mut().zip(&*u).for_each(|(t, u)| *t -= step * u);
        }
        let length = margin(&self.theta, &self.theta);
        self.outside |= !length.is_finite();
        // What is not a number is not within the ball either.
        if !(length <= self.radius * self.radius) {
            self.project();
        }
    }

    /// Makes `A^-1` from `A`; zero, for no step at all, where it has no decomposition.
    fn invert(&mut self) {
        let order = self.theta.len();
        let mut a = Square::zeros(order);
        a.data_mut().copy_from_slice(&self.a);
        let finite =
            |eigen: &Eigen| (0..order).all(|k| eigen.vectors.column(k).iter().all(|v| v.is_finite()));
        match Eigen::of(&a).filter(finite) {
            Some(eigen) => {
                // Rounding alone makes them smaller than those of `A_0`.
                let least = self.first();
                let scales: Vec<f64> = eigen.values.iter().map(|l| 1.0 / l.max(least)).collect();
                self.p.set_sum(&scales, |k| eigen.vectors.column(k));
            }
            None => self.p.set_sum(&vec![0.0; order], |_| &self.theta),
        }
    }

    /// How far `A^-1` is from solving a system with `A`, relative to the terms of that.
    pub fn health(&self) -> f64 {
        let mut sums = vec![0.0; self.theta.len()];
        self.p.row_sums(&mut sums);
        apart(&self.a, &sums, |_| 1.0)
    }

    /// The point of the ball that is nearest in the norm of `A`: `(A + mu I)^-1 A theta`, where `mu` makes it as long
    /// as the ball is wide.
    fn project(&mut self) {
        let order = self.theta.len();
        let mut a = Square::zeros(order);
        a.data_mut().copy_from_slice(&self.a);
        let shrunk = Eigen::of(&a).and_then(|eigen| {
            let along: Vec<f64> = (0..order).map(|j| margin(eigen.vectors.column(j), &self.theta)).collect();
            let length = |mu: f64| {
                let squares = along.iter().zip(&eigen.values).map(|(t, l)| (t * l / (l + mu)).powi(2));
                squares.sum::<f64>().sqrt()
            };
            let mut high = eigen.values.last().copied().unwrap_or(1.0).max(f64::MIN_POSITIVE);
            let mut low = 0.0;
            for _ in 0..BISECTIONS {
                if length(high) <= self.radius {
                    break;
                }
                (low, high) = (high, 4.0 * high);
            }
            for _ in 0..BISECTIONS {
                let middle = 0.5 * (low + high);
                if middle <= low || middle >= high {
                    break;
                }
                if length(middle) > self.radius { low = middle } else { high = middle }
            }
            let mut theta = vec![0.0; order];
            for (j, (t, l)) in along.iter().zip(&eigen.values).enumerate() {
                let share = t * l / (l + high);
                theta.iter_mut().zip(eigen.vectors.column(j)).for_each(|(o, v)| *o += share * v);
            }
            theta.iter().all(|t| t.is_finite()).then_some(theta)
        });
        match shrunk {
            Some(theta) => self.theta = theta,
            None => self.theta.fill(0.0),
        }
    }

    /// The bound on the regret to every point of the ball; `None` where a round was outside what it asks for.
    pub fn bound(&self) -> Option<f64> {
        // gamma / 2 |u|^2 / (2 gamma R)^2 = 1 / (8 gamma) at |u| = R.
        (!self.outside).then_some(0.5 * self.paid.value() / self.gamma + 0.125 / self.gamma)
    }
}

/// The largest entry of `A u - g`, relative to that of the sizes of its terms: `u` solves the system of a matrix and a
/// vector that differ from these by no more than that, which for an inverse that is off they do not.
fn apart(a: &[f64], u: &[f64], g: impl Fn(usize) -> f64) -> f64 {
    let (mut most, mut size) = (0.0_f64, 0.0_f64);
    for (i, row) in a.chunks_exact(u.len()).enumerate() {
        let (mut sum, mut terms) = (-g(i), g(i).abs());
        for (a, u) in row.iter().zip(u) {
            sum += a * u;
            terms += (a * u).abs();
        }
        // `max` would lose what is not a number.
        if sum.is_nan() {
            return f64::NAN;
        }
        (most, size) = (most.max(sum.abs()), size.max(terms));
    }
    if size == 0.0 { 0.0 } else { most / size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groupwise::loss::Loss;
    use crate::runtime::rng::{Purpose, Stream};

    fn terms(radius: f64, norm: f64) -> Terms {
        Terms { ridge: 1.0, radius, norm, tolerance: 1e-6, loss: Loss::Squared }
    }

    #[test]
    fn an_inverse_that_is_off_is_made_anew_and_no_bound_is_claimed_then() {
        let link = Link::Identity(Loss::Squared);
        let mut draw = Stream::new(6, Purpose::Start, 0);
        let mut rows = || -> (Vec<f64>, f64) {
            ((0..3).map(|_| (2.0 * draw.uniform() - 1.0) / 3.0_f64.sqrt()).collect(), draw.uniform())
        };
        let mut sound = NewtonStep::new(3, &terms(1.0, 1.0), link).unwrap();
        for _ in 0..50 {
            let (x, y) = rows();
            sound.update(&x, y, 1.0);
        }
        assert!(sound.bound().is_some() && sound.health() < 1e-12, "{}", sound.health());
        for damage in [1.0 + 1e-4, -1.0, f64::NAN, f64::INFINITY, 0.0] {
            let (mut good, mut off) = (sound.clone(), sound.clone());
            let spoilt: Vec<f64> = off.p.numbers().unwrap().iter().map(|p| p * damage).collect();
            off.p.set_numbers(&spoilt);
            assert!(!(off.health() <= 1e-6), "{damage}");
            let (x, y) = rows();
            good.update(&x, y, 1.0);
            off.update(&x, y, 1.0);
            assert!(off.health() < 1e-12 && off.bound().is_none(), "{damage}: {}", off.health());
            assert!(off.theta.iter().zip(&good.theta).all(|(a, b)| (a - b).abs() < 1e-12), "{damage}");
        }
    }

    #[test]
    fn gradients_too_large_to_be_squared_leave_numbers() {
        let link = Link::Identity(Loss::Squared);
        let mut newton = NewtonStep::new(2, &terms(1.0, 1.0), link).unwrap();
        for (x, weight) in
            [([1e100, 1e-100], 1.0), ([1.0, 0.5], 1e100), ([1e100, 1e100], 1e100), ([1.0, -1.0], 1.0)]
        {
            newton.update(&x, 1.0, weight);
            let numbers =
                newton.theta.iter().chain(&newton.a).chain(&newton.p.numbers().unwrap()).sum::<f64>();
            assert!(numbers.is_finite() && newton.predict(&x).is_finite() && newton.bound().is_none());
        }
    }

    #[test]
    fn a_projection_is_nearest_in_the_norm_of_the_matrix() {
        let mut newton = NewtonStep::new(3, &terms(1.0, 2.0), Link::Identity(Loss::Squared)).unwrap();
        newton.a = vec![4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 0.2];
        let from = vec![2.0, -1.0, 3.0];
        newton.theta.clone_from(&from);
        newton.project();
        let to = newton.theta.clone();
        assert!((margin(&to, &to) - 1.0).abs() < 1e-12);
        // Stationary on the sphere: A (to - from) is along -to.
        let pull: Vec<f64> = newton
            .a
            .chunks_exact(3)
            .map(|row| row.iter().zip(to.iter().zip(&from)).map(|(a, (t, f))| a * (t - f)).sum())
            .collect();
        let along = margin(&pull, &to);
        assert!(along < 0.0);
        assert!(pull.iter().zip(&to).all(|(p, t)| (p - along * t).abs() < 1e-10), "{pull:?} {to:?}");
    }

    #[test]
    fn its_regret_stays_below_what_it_sums_up() {
        for link in [Link::Identity(Loss::Squared), Link::Logistic] {
            let mut draw = Stream::new(4, Purpose::Start, 0);
            let mut newton = NewtonStep::new(3, &terms(1.0, 1.0), link).unwrap();
            let other = [0.6, -0.5, 0.3];
            let (mut own, mut best) = (0.0, 0.0);
            let cost = |m: f64, y: f64| match link {
                Link::Identity(loss) => loss.value(link.prediction(m), y),
                Link::Logistic => (1.0 + m.exp()).ln() - y * m,
            };
            for _ in 0..500 {
                let x: Vec<f64> = (0..3).map(|_| (2.0 * draw.uniform() - 1.0) / 3.0_f64.sqrt()).collect();
                let y = f64::from(draw.uniform() < 0.5 + 0.5 * margin(&other, &x));
                own += cost(margin(&newton.theta, &x), y);
                best += cost(margin(&other, &x), y);
                newton.update(&x, y, 1.0);
            }
            let bound = newton.bound().unwrap();
            assert!(own - best <= bound && bound < 400.0, "{} {bound}", own - best);
        }
    }
}
