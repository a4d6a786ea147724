//! Online gradient descent (Zinkevich, 2003) on the ball `|theta| <= R`, with steps from the gradients seen so far.
//!
//! `theta <- Proj(theta - eta_t g_t)`, `eta_t = sqrt(2) R / sqrt(S_t)`, `S_t = sum |g|^2` up to and with round `t`.
//! Its regret to every point of the ball is at most
//! `(2 R)^2 / (2 eta_n) + sum eta_t |g_t|^2 / 2 <= 2 sqrt(2) R sqrt(S_n)`.

use super::logistic::Link;
use crate::groupwise::loss::Loss;
use crate::numerics::sum::Sum;
use crate::runtime::Result;
use crate::runtime::error::zeros;
use std::f64::consts::SQRT_2;

/// The iterate.
#[derive(Debug, Clone)]
pub struct GradientDescent {
    link: Link,
    radius: f64,
    pub(in super::super) theta: Vec<f64>,
    /// `S`.
    pub(in super::super) squares: Sum,
}

impl GradientDescent {
    /// `theta = 0`, for `order` features. Errors: no memory.
    pub fn new(order: usize, radius: f64, link: Link) -> Result<Self> {
        Ok(Self { link, radius, theta: zeros("coefficients", order)?, squares: Sum::default() })
    }

    /// The prediction. Costs `2 d` flops.
    pub fn predict(&self, x: &[f64]) -> f64 {
        self.link.prediction(margin(&self.theta, x))
    }

    /// A step. Costs `6 d` flops.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64) {
        let slope = weight * self.link.slope(margin(&self.theta, x), y);
        let length = x.iter().map(|x| x * x).sum::<f64>();
        self.squares.add(slope * slope * length);
        let squares = self.squares.value();
        if !(squares > 0.0) {
            return;
        }
        let step = SQRT_2 * self.radius / squares.sqrt() * slope;
        self.theta.iter_mut().zip(x).for_each(|(t, x)| *t -= step * x);
        let norm = self.theta.iter().map(|t| t * t).sum::<f64>().sqrt();
        if norm > self.radius {
            let shrink = self.radius / norm;
            self.theta.iter_mut().for_each(|t| *t *= shrink);
        }
    }

    /// Whether `loss` is what it descends.
    pub fn descends(&self, loss: Loss) -> bool {
        match self.link {
            Link::Identity(own) => own == loss,
            Link::Logistic => matches!(loss, Loss::Log { .. }),
        }
    }

    /// `2 sqrt(2) R sqrt(S)`.
    pub fn bound(&self) -> f64 {
        2.0 * SQRT_2 * self.radius * self.squares.value().sqrt()
    }
}

/// `x'theta`.
pub(super) fn margin(theta: &[f64], x: &[f64]) -> f64 {
    theta.iter().zip(x).map(|(t, x)| t * x).sum()
}

#[cfg(test)]
mod tests {
    use super::super::ada_grad::AdaGrad;
    use super::*;
    use crate::runtime::rng::{Purpose, Stream};

    /// The loss in the margin.
    fn cost(link: Link, m: f64, y: f64) -> f64 {
        match link {
            Link::Identity(loss) => loss.value(link.prediction(m), y),
            Link::Logistic => (1.0 + m.exp()).ln() - y * m,
        }
    }

    #[test]
    fn regrets_to_points_of_the_ball_and_of_the_box_stay_below_what_is_summed_up() {
        let losses = [Loss::Squared, Loss::Absolute, Loss::Pinball { quantile: 0.7 }];
        for link in losses.map(Link::Identity).into_iter().chain([Link::Logistic]) {
            for seed in 0..5 {
                let mut draw = Stream::new(seed, Purpose::Start, 0);
                let (mut ball, mut cube) =
                    (GradientDescent::new(3, 2.0, link).unwrap(), AdaGrad::new(3, 2.0, link).unwrap());
                let mut own = [0.0; 2];
                let mut rows = Vec::new();
                for _ in 0..400 {
                    let x: Vec<f64> = (0..3).map(|_| 2.0 * draw.uniform() - 1.0).collect();
                    // As far off as can be, half of the time.
                    let far = f64::from(margin(&ball.theta, &x) < 0.0);
                    let y = if draw.uniform() < 0.5 { far } else { f64::from(x[0] > 0.2) };
                    own[0] += cost(link, margin(&ball.theta, &x), y);
                    own[1] += cost(link, margin(&cube.theta, &x), y);
                    ball.update(&x, y, 1.0);
                    cube.update(&x, y, 1.0);
                    rows.push((x, y));
                }
                for _ in 0..200 {
                    let u: Vec<f64> = (0..3).map(|_| 4.0 * draw.uniform() - 2.0).collect();
                    let best: f64 = rows.iter().map(|(x, y)| cost(link, margin(&u, x), *y)).sum();
                    assert!(own[1] - best <= cube.bound(), "{link:?}");
                    if margin(&u, &u) <= 4.0 {
                        assert!(own[0] - best <= ball.bound(), "{link:?}");
                    }
                }
                assert!(margin(&ball.theta, &ball.theta) <= 4.0 + 1e-12);
            }
        }
    }

    #[test]
    fn features_that_are_zero_change_nothing() {
        let link = Link::Identity(Loss::Squared);
        let mut cube = AdaGrad::new(2, 1.0, link).unwrap();
        cube.update(&[1.0, 0.0], 1.0, 1.0);
        assert!(cube.theta[0] > 0.0 && cube.theta[1] == 0.0 && cube.squares[1] == 0.0);
        let mut ball = GradientDescent::new(2, 1.0, link).unwrap();
        ball.update(&[0.0, 0.0], 1.0, 1.0);
        assert_eq!((ball.theta, ball.squares.value()), (vec![0.0; 2], 0.0));
    }
}
