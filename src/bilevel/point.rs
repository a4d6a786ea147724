//! What is known at one `theta`: an inexact lower solution and adjoint of every sample, with their achieved accuracies.

use super::constants::{Changes, Constants};
use super::lower::{Iterate, Reached};
use super::problem::Rigor;
use crate::numerics::kernels::add;

/// `g` at the lower solution.
#[derive(Debug, Clone)]
pub struct Upper {
    /// `g(x, theta)`.
    pub value: f64,
    /// Its gradient in `x`.
    pub in_x: Vec<f64>,
    /// The dual norm of that.
    pub norm: f64,
    /// Its gradient in `theta`.
    pub in_theta: Vec<f64>,
}

/// An adjoint: `A q = grad g - r`, on the part of `x` that moves with theta.
#[derive(Debug, Clone)]
pub struct Adjoint {
    /// `A q`, computed from `q`.
    pub product: Vec<f64>,
    /// The dual norm of `r`, the achieved `delta`.
    pub delta: f64,
    /// `|q|`.
    pub size: f64,
    /// Sampled stand-ins of `L_A |q|` and `L_B |q|`, where they were asked for.
    pub changes: Option<Changes>,
    /// Why the solve ended.
    pub reached: Reached,
}

/// The products with `B` that a hypergradient and its bound take.
#[derive(Debug, Clone)]
pub struct Mixed {
    /// `B'q`.
    pub product: Vec<f64>,
    /// `|B|`, and how far it is to be trusted; NaN where nobody asked.
    pub norm: f64,
    /// How far the norm is to be trusted.
    pub rigor: Rigor,
    /// By what the sample's part of the hypergradient changes with a Newton correction of `x`, where that was asked
    /// for: the hypergradient is taken with it.
    pub correction: Option<Vec<f64>>,
}

/// One sample.
#[derive(Debug, Clone)]
pub struct SamplePoint {
    /// `x` and the lower gradient there.
    pub lower: Iterate,
    /// Why the lower solve ended.
    pub reached: Reached,
    /// The achieved accuracy `|grad h| / mu`.
    pub eps: f64,
    /// The constants at this `theta`.
    pub constants: Constants,
    /// `g` at `x`.
    pub upper: Upper,
    /// The last adjoint known: the solution if `adjoint` is there, else where its solve starts.
    pub q: Vec<f64>,
    /// The adjoint at `x`.
    pub adjoint: Option<Adjoint>,
    /// Products with `B` at `x` and `q`.
    pub mixed: Option<Mixed>,
    /// Running maxima of sampled changes, relative to `|q|`; 0 before any.
    pub seen: [f64; 2],
}

/// All samples at one `theta`.
#[derive(Debug, Clone)]
pub struct Point {
    /// `theta`.
    pub theta: Vec<f64>,
    /// The samples.
    pub samples: Vec<SamplePoint>,
    /// `r(theta)`.
    pub regularizer: f64,
    /// Its gradient.
    pub regularizer_gradient: Vec<f64>,
}

impl Point {
    /// The mean of a quantity over the samples, summed in their order.
    pub fn mean(&self, of: impl Fn(&SamplePoint) -> f64) -> f64 {
        self.samples.iter().map(of).sum::<f64>() / self.samples.len() as f64
    }

    /// The largest of a quantity.
    pub fn most(&self, of: impl Fn(&SamplePoint) -> f64) -> f64 {
        self.samples.iter().map(of).fold(0.0, f64::max)
    }

    /// The least rigor of the constants.
    pub fn rigor(&self) -> Rigor {
        self.samples.iter().map(|s| s.constants.rigor).min().unwrap_or(Rigor::None)
    }

    /// Whether a solve of some sample has met rounding.
    pub fn is_at_floor(&self) -> bool {
        self.samples.iter().any(|s| s.reached == Reached::Floor)
    }

    /// Whether a solve of some sample has met its limit.
    pub fn is_at_limit(&self) -> bool {
        self.samples.iter().any(|s| s.reached == Reached::Limit)
    }

    /// Whether some adjoint solve has ended short of its tolerance.
    pub fn adjoint_falls_short(&self) -> bool {
        self.samples.iter().any(|s| s.adjoint.as_ref().is_some_and(|a| a.reached != Reached::Target))
    }

    /// Whether some solve, adjoint ones included, has ended short of its tolerance.
    pub fn falls_short(&self) -> bool {
        self.samples.iter().any(|s| s.reached != Reached::Target) || self.adjoint_falls_short()
    }

    /// The hypergradient `z = 1/m sum_i (grad_theta g_i - B_i'q_i) + grad r`, with the corrections that are known;
    /// `None` before the products with `B` are there.
    pub fn hypergradient(&self) -> Option<Vec<f64>> {
        let share = 1.0 / self.samples.len() as f64;
        let mut z = vec![0.0; self.theta.len()];
        for sample in &self.samples {
            add(share, &sample.upper.in_theta, &mut z);
            let mixed = sample.mixed.as_ref()?;
            add(-share, &mixed.product, &mut z);
            if let Some(correction) = &mixed.correction {
                add(share, correction, &mut z);
            }
        }
        add(1.0, &self.regularizer_gradient, &mut z);
        Some(z)
    }
}
