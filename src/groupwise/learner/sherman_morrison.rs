//! Online ridge regression by the inverse `P = A^-1` (Sherman and Morrison), as the paper's experiments have it: no
//! recurrence along the row, but errors that are not corrected. So it is watched: where `x'P x` is not a number of at
//! least 0, or the two sides of the identity of [`ridge`](super::ridge) part by more than the tolerance, the learner
//! goes over to the orthogonal factor, made from the normal equations that are kept beside, and stays there.

use super::ridge::{Growth, Ridge};
use crate::numerics::inverse_update::Inverse;
use crate::numerics::normal_equations::NormalEquations;
use crate::numerics::row_factor::RowFactor;
use crate::numerics::sum::Sum;
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// The identity is looked at after this many rounds for each feature.
const LOOK_EVERY: u64 = 10;

/// The regression so far.
#[derive(Debug, Clone)]
pub struct ShermanMorrison {
    /// What it goes on with once the inverse was found wanting.
    pub(in super::super) rebuilt: Option<Box<Ridge>>,
    pub(in super::super) inverse: Regression,
    tolerance: f64,
}

/// The inverse, and the normal equations.
#[derive(Debug, Clone)]
pub struct Regression {
    pub(in super::super) ridge: f64,
    /// `P`.
    pub(in super::super) p: Inverse,
    pub(in super::super) theta: Vec<f64>,
    pub(in super::super) a: NormalEquations,
    pub(in super::super) b: Vec<f64>,
    /// `sum w e^2 (1 - h)`.
    pub(in super::super) hindsight: Sum,
    pub(in super::super) total: Sum,
    pub(in super::super) growth: Growth,
    pub(in super::super) heaviest: f64,
    pub(in super::super) rounds: u64,
}

impl ShermanMorrison {
    /// No rounds yet, for `order` features and a ridge above 0. Errors: no memory.
    pub fn new(order: usize, ridge: f64, tolerance: f64) -> Result<Self> {
        let what = "inverse of a ridge regression";
        let inverse = Regression {
            ridge,
            p: Inverse::new(order, 1.0 / ridge)?,
            theta: zeros(what, order)?,
            a: NormalEquations::new(order, ridge)?,
            b: zeros(what, order)?,
            hindsight: Sum::default(),
            total: Sum::default(),
            growth: Growth::default(),
            heaviest: 0.0,
            rounds: 0,
        };
        Ok(Self { rebuilt: None, inverse, tolerance })
    }

    /// The bytes that a learner takes before it is rebuilt; saturates.
    pub fn bytes(order: usize) -> usize {
        Inverse::bytes(order)
            .saturating_add(NormalEquations::bytes(order))
            .saturating_add(order.saturating_mul(16))
    }

    /// `x'theta`. Costs `2 d` flops.
    #[inline]
    pub fn predict(&self, x: &[f64], room: &mut [f64]) -> Result<f64> {
        match &self.rebuilt {
            Some(ridge) => ridge.predict(x, room),
            None => Ok(dot(&self.inverse.theta, x)),
        }
    }

    /// Takes in a round. Costs `5 d^2` flops.
    ///
    /// Where there is no memory to rebuild the regression, its predictions are not numbers until there is.
    pub fn update(&mut self, x: &[f64], y: f64, weight: f64, room: &mut [f64]) {
        if let Some(ridge) = &mut self.rebuilt {
            return ridge.update(x, y, weight, room);
        }
        let look = LOOK_EVERY * x.len() as u64;
        let sound = self.inverse.update(x, y, weight)
            && (!self.inverse.rounds.is_multiple_of(look.max(1)) || self.inverse.health() <= self.tolerance);
        if !sound {
            match self.inverse.rebuild() {
                Ok(ridge) => self.rebuilt = Some(Box::new(ridge)),
                Err(_) => self.inverse.theta.fill(f64::NAN),
            }
        }
    }

    /// Whether the inverse was found wanting.
    pub fn is_rebuilt(&self) -> bool {
        self.rebuilt.is_some()
    }

    /// The loss of the best ridge predictor in hindsight; `None` from normal equations, whose rounding it would carry.
    pub fn hindsight(&self) -> Option<f64> {
        if self.is_rebuilt() { None } else { Some(self.inverse.hindsight.value()) }
    }

    /// `ln det(A / lambda)`.
    pub fn ln_determinant(&self) -> f64 {
        self.rebuilt.as_ref().map_or_else(|| self.inverse.growth.ln(), |ridge| ridge.ln_determinant())
    }

    /// The largest weight.
    pub fn heaviest(&self) -> f64 {
        self.rebuilt.as_ref().map_or(self.inverse.heaviest, |ridge| ridge.heaviest)
    }

    /// How far the identity is from holding, relative to its terms.
    pub fn health(&self) -> f64 {
        self.rebuilt.as_ref().map_or_else(|| self.inverse.health(), |ridge| ridge.health())
    }
}

impl Regression {
    /// Takes in a round. False where `x'P x` is no number of at least 0: then the normal equations have the round and
    /// `P` is of no use any more.
    fn update(&mut self, x: &[f64], y: f64, weight: f64) -> bool {
        let u = self.p.times(x);
        let q = dot(u, x);
        let error = y - dot(&self.theta, x);
        let spread = 1.0 / weight + q;
        let sound = q >= 0.0 && spread.is_finite() && error.is_finite();
        let step = error / spread;
        if sound {
            self.theta.iter_mut().zip(u).for_each(|(t, u)| *t += step * *u);
        }
        self.keep_normal_equations(x, y, weight);
        if !sound {
            return false;
        }
        self.p.take_off(1.0 / spread.sqrt());
        self.hindsight.add(error * step);
        self.growth.times(spread, weight);
        true
    }

    fn keep_normal_equations(&mut self, x: &[f64], y: f64, weight: f64) {
        self.a.add(x, weight);
        self.b.iter_mut().zip(x).for_each(|(b, x)| *b += weight * x * y);
        self.total.add(weight * y * y);
        self.heaviest = self.heaviest.max(weight);
        self.rounds += 1;
    }

    /// `|sum w e^2 (1 - h) - (sum w y^2 - theta'b)|`, relative to `sum w y^2`.
    fn health(&self) -> f64 {
        let total = self.total.value();
        if total == 0.0 {
            return 0.0;
        }
        let explained: Sum = self.theta.iter().zip(&self.b).map(|(t, b)| t * b).collect();
        (self.hindsight.value() - (total - explained.value())).abs() / total
    }

    /// The same regression as an orthogonal factor, from the normal equations. Costs `d^3 / 3` flops.
    fn rebuild(&self) -> Result<Ridge> {
        let mut ridge = Ridge::new(0, self.ridge)?;
        ridge.factor =
            RowFactor::of_normal_equations(self.b.len(), self.ridge, &self.a.triangle()?, &self.b)?;
        ridge.total = self.total;
        ridge.hindsight.add((self.total.value() - ridge.factor.explained()).max(0.0));
        ridge.heaviest = self.heaviest;
        let grown = ridge.ln_determinant();
        ridge.growth.sum.add(grown);
        Ok(ridge)
    }
}

#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums, so that they need not wait for one another.
    let mut lanes = [0.0; 4];
    let (a, b) = (&a[..a.len().min(b.len())], &b[..b.len().min(a.len())]);
    let (ac, bc) = (a.chunks_exact(4), b.chunks_exact(4));
    for (k, (x, y)) in ac.remainder().iter().zip(bc.remainder()).enumerate() {
        lanes[k] += x * y;
    }
    for (x, y) in ac.zip(bc) {
        for k in 0..4 {
            lanes[k] += x[k] * y[k];
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}
