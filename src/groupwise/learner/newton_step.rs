//! The online Newton step (Hazan, Agarwal and Kale, Logarithmic regret algorithms for online convex optimization,
//! 2007) on the ball `|theta| <= R`, for the losses that curve: squares and the log loss.
//!
//! `A_0 = I / (2 gamma R)^2`, `A_t = A_{t-1} + g_t g_t'`, `theta <- Proj_A(theta - A_t^-1 g_t / gamma)`, where
//! `Proj_A` is nearest in the norm of `A`. Its regret to every point of the ball is at most
//! `sum g_t'A_t^-1 g_t / (2 gamma) + gamma/2 |u|^2 / (2 gamma R)^2`, which is summed up as it goes.

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

/// The iterate.
#[derive(Debug, Clone)]
pub struct NewtonStep {
    link: Link,
    radius: f64,
    /// The most that `|x|` may be for the bound to hold.
    norm: f64,
    gamma: f64,
    pub(in super::super) theta: Vec<f64>,
    /// `A`, by rows.
    pub(in super::super) a: Vec<f64>,
    /// `A^-1`.
    pub(in super::super) p: Inverse,
    /// `sum g'A^-1 g`.
    pub(in super::super) paid: Sum,
    /// Whether a round had longer features than the bound allows, or a weight other than 1.
    pub(in super::super) outside: bool,
}

impl NewtonStep {
    /// `theta = 0`, for `order` features of length up to `norm`. Errors: a loss that does not curve; no memory.
    pub fn new(order: usize, radius: f64, norm: f64, link: Link) -> Result<Self> {
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
        Ok(Self { link, radius, norm, gamma, theta, a, p, paid: Sum::default(), outside: false })
    }

    /// The bytes that a learner takes; saturates.
    pub fn bytes(order: usize) -> usize {
        order.saturating_mul(order).saturating_mul(8).saturating_add(Inverse::bytes(order))
    }

    /// The prediction. Costs `2 d` flops.
    pub fn predict(&self, x: &[f64]) -> f64 {
        self.link.prediction(margin(&self.theta, x))
    }

    /// A step. Costs `6 d^2` flops, and about `9 d^3` where the step leaves the ball.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64) {
        let order = x.len();
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.outside |= length > self.norm || weight != 1.0;
        let slope = weight * self.link.slope(margin(&self.theta, x), y);
        if slope == 0.0 || length == 0.0 {
            return;
        }
        for (row, xi) in self.a.chunks_exact_mut(order).zip(x) {
            let share = slope * slope * xi;
            row.iter_mut().zip(x).for_each(|(a, x)| *a += share * x);
        }
        // u = P g, then P g for the new P, which is u / (1 + g'u).
        let u = self.p.times(x);
        u.iter_mut().for_each(|u| *u *= slope);
        let grown = 1.0 + slope * margin(u, x);
        self.paid.add((grown - 1.0) / grown);
        let step = 1.0 / (self.gamma * grown);
        self.theta.iter_mut().zip(&*u).for_each(|(t, u)| *t -= step * u);
        self.p.take_off(1.0 / grown.sqrt());
        if margin(&self.theta, &self.theta) > self.radius * self.radius {
            self.project();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groupwise::loss::Loss;
    use crate::runtime::rng::{Purpose, Stream};

    #[test]
    fn a_projection_is_nearest_in_the_norm_of_the_matrix() {
        let mut newton = NewtonStep::new(3, 1.0, 2.0, Link::Identity(Loss::Squared)).unwrap();
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
            let mut newton = NewtonStep::new(3, 1.0, 1.0, link).unwrap();
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
