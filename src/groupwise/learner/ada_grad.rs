//! AdaGrad with a diagonal (Duchi, Hazan and Singer, 2011) on the box `|theta_i| <= R`: gradient descent in each
//! coordinate by itself, of steps `eta_i = sqrt(2) R / sqrt(S_i)`. Features that are 0 cost nothing and change
//! nothing.
//!
//! Its regret to every point of the box is at most `2 sqrt(2) R sum_i sqrt(S_i)`: that of
//! [`gradient_descent`](super::gradient_descent), coordinate by coordinate, for the linearized losses.

use super::gradient_descent::margin;
use super::logistic::Link;
use crate::runtime::Result;
use crate::runtime::error::zeros;
use std::f64::consts::SQRT_2;

/// The iterate.
#[derive(Debug, Clone)]
pub struct AdaGrad {
    link: Link,
    radius: f64,
    pub(in super::super) theta: Vec<f64>,
    /// `S_i`.
    pub(in super::super) squares: Vec<f64>,
}

impl AdaGrad {
    /// `theta = 0`, for `order` features. Errors: no memory.
    pub fn new(order: usize, radius: f64, link: Link) -> Result<Self> {
        let what = "coefficients";
        Ok(Self { link, radius, theta: zeros(what, order)?, squares: zeros(what, order)? })
    }

    /// The bytes that a learner takes; saturates.
    pub fn bytes(order: usize) -> usize {
        order.saturating_mul(16)
    }

    /// The prediction. Costs `2 d` flops.
    pub fn predict(&self, x: &[f64]) -> f64 {
        self.link.prediction(margin(&self.theta, x))
    }

    /// A step. Costs `8` flops for each feature that is not 0.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64) {
        let slope = weight * self.link.slope(margin(&self.theta, x), y);
        if slope == 0.0 {
            return;
        }
        for ((theta, squares), x) in self.theta.iter_mut().zip(&mut self.squares).zip(x) {
            let g = slope * x;
            let grown = *squares + g * g;
            if grown > 0.0 {
                *squares = grown;
                let step = SQRT_2 * self.radius / grown.sqrt() * g;
                *theta = (*theta - step).clamp(-self.radius, self.radius);
            }
        }
    }

    /// `2 sqrt(2) R sum_i sqrt(S_i)`.
    pub fn bound(&self) -> f64 {
        2.0 * SQRT_2 * self.radius * self.squares.iter().map(|s| s.sqrt()).sum::<f64>()
    }
}
