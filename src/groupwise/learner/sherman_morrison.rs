//! Online ridge regression by the inverse `P = A^-1` (Sherman and Morrison), as the paper's experiments have it: no
//! recurrence along the row, but errors that are not corrected. So it is watched: where `x'P x` is not a number of at
//! least 0, or the two sides of the identity of [`ridge`](super::ridge) part by more than the tolerance, the learner
//! goes over to the orthogonal factor, made from the normal equations that are kept beside, and stays there.

use super::ridge::{Growth, Ridge};
use crate::numerics::inverse_update::{LANES, downdate, times};
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
    pub(in super::super) inverse: Inverse,
    tolerance: f64,
}

/// The inverse, and the normal equations.
#[derive(Debug, Clone)]
pub struct Inverse {
    pub(in super::super) ridge: f64,
    /// `P`, by rows in whole pieces.
    pub(in super::super) p: Vec<f64>,
    pub(in super::super) theta: Vec<f64>,
    /// `A`, the upper triangle by rows.
    pub(in super::super) a: Vec<f64>,
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
        let length = order.next_multiple_of(LANES);
        let mut p: Vec<f64> = zeros(what, order * length)?;
        let mut a: Vec<f64> = zeros(what, order * (order + 1) / 2)?;
        let mut at = 0;
        for i in 0..order {
            p[i * length + i] = 1.0 / ridge;
            a[at] = ridge;
            at += order - i;
        }
        let inverse = Inverse {
            ridge,
            p,
            theta: zeros(what, order)?,
            a,
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
        let length = order.saturating_add(LANES);
        order.saturating_mul(length).saturating_mul(12).saturating_add(16 * length)
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
        let sound = self.inverse.update(x, y, weight, room)
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

impl Inverse {
    /// Takes in a round. False where `x'P x` is no number of at least 0: then the normal equations have the round and
    /// `P` is of no use any more.
    fn update(&mut self, x: &[f64], y: f64, weight: f64, room: &mut [f64]) -> bool {
        let length = x.len().next_multiple_of(LANES);
        let u = &mut room[..length];
        times(&self.p, x, u);
        let q = dot(u, x);
        let error = y - dot(&self.theta, x);
        self.keep_normal_equations(x, y, weight);
        let spread = 1.0 / weight + q;
        if !(q >= 0.0 && spread.is_finite() && error.is_finite()) {
            return false;
        }
        let step = error / spread;
        self.theta.iter_mut().zip(&*u).for_each(|(t, u)| *t += step * u);
        let root = 1.0 / spread.sqrt();
        u.iter_mut().for_each(|u| *u *= root);
        downdate(&mut self.p, u);
        self.hindsight.add(error * step);
        self.growth.times(spread * weight);
        true
    }

    fn keep_normal_equations(&mut self, x: &[f64], y: f64, weight: f64) {
        let mut rest = &mut self.a[..];
        for (i, xi) in x.iter().enumerate() {
            let (row, after) = rest.split_at_mut(x.len() - i);
            rest = after;
            let share = weight * xi;
            if share != 0.0 {
                row.iter_mut().zip(&x[i..]).for_each(|(a, x)| *a += share * x);
                self.b[i] += share * y;
            }
        }
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
        ridge.factor = RowFactor::of_normal_equations(self.b.len(), self.ridge, &self.a, &self.b)?;
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
    let mut lanes = [0.0; LANES];
    let (a, b) = (&a[..a.len().min(b.len())], &b[..b.len().min(a.len())]);
    let (ac, bc) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (k, (x, y)) in ac.remainder().iter().zip(bc.remainder()).enumerate() {
        lanes[k] += x * y;
    }
    for (x, y) in ac.zip(bc) {
        for k in 0..LANES {
            lanes[k] += x[k] * y[k];
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}
