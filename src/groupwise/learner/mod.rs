//! External-regret learners: what each group has one or several of. A learner sees the rounds of its group alone, and
//! never what the stream made of its predictions.
//!
//! | learner | file | hindsight known | regret on its rounds |
//! |---|---|---|---|
//! | ridge regression | [`ridge`] | exactly | `ln det(A / lambda)` |
//! | the same by its inverse | [`sherman_morrison`] | exactly | the same |
//! | Vovk, Azoury and Warmuth | [`vovk_azoury_warmuth`] | exactly | `1/4 ln det(A / lambda)` |
//! | gradient descent, on a ball | [`gradient_descent`] | no | `2 sqrt(2) R sqrt(sum of squared gradients)` |
//! | AdaGrad, on a box | [`ada_grad`] | no | the same by coordinates |
//! | Newton step, on a ball | [`newton_step`] | no | a sum kept along |
//! | the caller's | [`custom`] | no | unknown |
//!
//! To add one: a file, a variant of [`Kind`] and of [`Learner`], a choice of the options `learner` and
//! `second_learner`, a line in the saved state and one here.

pub mod ada_grad;
pub mod custom;
pub mod gradient_descent;
pub mod logistic;
pub mod newton_step;
pub mod ridge;
pub mod sherman_morrison;
pub mod vovk_azoury_warmuth;

use super::loss::Loss;
use crate::numerics::row_factor::{RowFactor, row_length};
use crate::runtime::Result;
use ada_grad::AdaGrad;
use custom::Custom;
use gradient_descent::GradientDescent;
use logistic::Link;
use newton_step::NewtonStep;
use ridge::Ridge;
use sherman_morrison::ShermanMorrison;
use vovk_azoury_warmuth::VovkAzouryWarmuth;

/// The kinds of learners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Ridge regression by an orthogonal factor.
    Ridge = 0,
    /// Ridge regression by the inverse, watched.
    ShermanMorrison = 1,
    /// The forecaster of Vovk, Azoury and Warmuth.
    VovkAzouryWarmuth = 2,
    /// Gradient descent on the stream's loss.
    GradientDescent = 3,
    /// AdaGrad on the stream's loss.
    AdaGrad = 4,
    /// The online Newton step on the stream's loss.
    NewtonStep = 5,
    /// Gradient descent on the log loss of a logistic model.
    Logistic = 6,
    /// The caller's.
    Custom = 7,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Kind; 8] = [
        Kind::Ridge,
        Kind::ShermanMorrison,
        Kind::VovkAzouryWarmuth,
        Kind::GradientDescent,
        Kind::AdaGrad,
        Kind::NewtonStep,
        Kind::Logistic,
        Kind::Custom,
    ];

    /// The name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ridge => "ridge",
            Kind::ShermanMorrison => "ridge-fast",
            Kind::VovkAzouryWarmuth => "vovk-azoury-warmuth",
            Kind::GradientDescent => "gradient-descent",
            Kind::AdaGrad => "ada-grad",
            Kind::NewtonStep => "newton-step",
            Kind::Logistic => "logistic",
            Kind::Custom => "custom",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What learners are made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Strength of the ridge.
    pub ridge: f64,
    /// The ball or the box.
    pub radius: f64,
    /// The most that `|x|` is.
    pub norm: f64,
    /// Beyond this the fast ridge regression is rebuilt.
    pub tolerance: f64,
    /// The stream's loss.
    pub loss: Loss,
}

impl Terms {
    /// What linear learners descend.
    fn link(&self) -> Link {
        if matches!(self.loss, Loss::Log { .. }) { Link::Logistic } else { Link::Identity(self.loss) }
    }
}

/// A learner. Predictions and labels are in units of the label range.
#[derive(Debug)]
pub enum Learner {
    /// Ridge regression by an orthogonal factor.
    Ridge(Ridge),
    /// Ridge regression by the inverse.
    ShermanMorrison(ShermanMorrison),
    /// The forecaster of Vovk, Azoury and Warmuth.
    VovkAzouryWarmuth(VovkAzouryWarmuth),
    /// Gradient descent (also the logistic model).
    GradientDescent(GradientDescent),
    /// AdaGrad.
    AdaGrad(AdaGrad),
    /// The online Newton step.
    NewtonStep(NewtonStep),
    /// The caller's.
    Custom(Box<dyn Custom>),
}

/// What the loss of a group is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum Comparator {
    /// Nothing that is known.
    #[default]
    Unknown = 0,
    /// `min lambda |theta|^2 + sum w (y - x'theta)^2`, labels measured from the lower end of their range.
    Ridge = 1,
    /// The same, labels measured from the middle of their range.
    CentredRidge = 2,
    /// `min sum w (y - x'theta)^2`.
    LeastSquares = 3,
}

impl Comparator {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Comparator::Unknown => "unknown",
            Comparator::Ridge => "best ridge predictor in hindsight",
            Comparator::CentredRidge => "best ridge predictor around the middle of the range in hindsight",
            Comparator::LeastSquares => "best linear predictor in hindsight",
        }
    }
}

impl Learner {
    /// A learner of its own in the same state. Errors: those of the caller's.
    pub fn fork(&self) -> Result<Self> {
        Ok(match self {
            Learner::Ridge(learner) => Learner::Ridge(learner.clone()),
            Learner::ShermanMorrison(learner) => Learner::ShermanMorrison(learner.clone()),
            Learner::VovkAzouryWarmuth(learner) => Learner::VovkAzouryWarmuth(learner.clone()),
            Learner::GradientDescent(learner) => Learner::GradientDescent(learner.clone()),
            Learner::AdaGrad(learner) => Learner::AdaGrad(learner.clone()),
            Learner::NewtonStep(learner) => Learner::NewtonStep(learner.clone()),
            Learner::Custom(learner) => Learner::Custom(learner.fork()?),
        })
    }

    /// A learner of no rounds. Errors: a loss that the kind cannot have, no memory. [`Kind::Custom`] is made from the
    /// caller's own ([`Custom::fork`]) and gives a ridge regression here.
    pub fn new(kind: Kind, order: usize, terms: &Terms) -> Result<Self> {
        let (ridge, radius) = (terms.ridge, terms.radius);
        Ok(match kind {
            Kind::Ridge | Kind::Custom => Learner::Ridge(Ridge::new(order, ridge)?),
            Kind::ShermanMorrison => {
                Learner::ShermanMorrison(ShermanMorrison::new(order, ridge, terms.tolerance)?)
            }
            Kind::VovkAzouryWarmuth => Learner::VovkAzouryWarmuth(VovkAzouryWarmuth::new(order, ridge)?),
            Kind::GradientDescent => {
                Learner::GradientDescent(GradientDescent::new(order, radius, terms.link())?)
            }
            Kind::Logistic => Learner::GradientDescent(GradientDescent::new(order, radius, Link::Logistic)?),
            Kind::AdaGrad => Learner::AdaGrad(AdaGrad::new(order, radius, terms.link())?),
            Kind::NewtonStep => Learner::NewtonStep(NewtonStep::new(order, terms, terms.link())?),
        })
    }

    /// The bytes that a learner takes, about; saturates.
    pub fn bytes(kind: Kind, order: usize) -> usize {
        match kind {
            Kind::Ridge | Kind::VovkAzouryWarmuth => RowFactor::bytes(order),
            Kind::ShermanMorrison => ShermanMorrison::bytes(order),
            Kind::GradientDescent | Kind::Logistic => order.saturating_mul(8),
            Kind::AdaGrad => AdaGrad::bytes(order),
            Kind::NewtonStep => NewtonStep::bytes(order),
            Kind::Custom => 0,
        }
    }

    /// The numbers of room that predictions and updates need.
    pub fn room(order: usize) -> usize {
        row_length(order)
    }

    /// The prediction for features `x`: not clipped; not a number where a callback gave none. Errors: a callback's, no
    /// memory.
    #[inline]
    pub fn predict(&self, x: &[f64], room: &mut [f64]) -> Result<f64> {
        match self {
            Learner::Ridge(learner) => learner.predict(x, room),
            Learner::ShermanMorrison(learner) => learner.predict(x, room),
            Learner::VovkAzouryWarmuth(learner) => Ok(learner.predict(x, room)),
            Learner::GradientDescent(learner) => Ok(learner.predict(x)),
            Learner::AdaGrad(learner) => Ok(learner.predict(x)),
            Learner::NewtonStep(learner) => Ok(learner.predict(x)),
            Learner::Custom(learner) => learner.predict(x),
        }
    }

    /// Takes in a round of label `y`, predicted as `z`. Errors: a callback's.
    #[inline]
    pub fn update(&mut self, x: &[f64], y: f64, z: f64, weight: f64, room: &mut [f64]) -> Result<()> {
        match self {
            Learner::Ridge(learner) => learner.update(x, y, weight, room),
            Learner::ShermanMorrison(learner) => learner.update(x, y, weight, room),
            Learner::VovkAzouryWarmuth(learner) => learner.update(x, y, weight, room),
            Learner::GradientDescent(learner) => learner.update(x, y, weight),
            Learner::AdaGrad(learner) => learner.update(x, y, weight),
            Learner::NewtonStep(learner) => learner.update(x, y, weight),
            Learner::Custom(learner) => return learner.update(x, y, z, weight),
        }
        Ok(())
    }

    /// The loss of the best predictor of its class in hindsight, where it is known.
    pub fn hindsight(&self) -> (Comparator, Option<f64>) {
        match self {
            Learner::Ridge(learner) if learner.ridge > 0.0 => {
                (Comparator::Ridge, Some(learner.hindsight.value()))
            }
            Learner::Ridge(learner) => (Comparator::LeastSquares, Some(learner.hindsight.value())),
            Learner::ShermanMorrison(learner) => match learner.hindsight() {
                Some(value) => (Comparator::Ridge, Some(value)),
                None => (Comparator::Unknown, None),
            },
            Learner::VovkAzouryWarmuth(learner) => {
                (Comparator::CentredRidge, Some(learner.fit.hindsight.value()))
            }
            _ => (Comparator::Unknown, None),
        }
    }

    /// A bound on the loss of the clipped predictions beyond that of the best predictor of the class, for labels in
    /// `[0, 1]`, under `loss`; `None` where no theorem gives one.
    pub fn bound(&self, loss: Loss) -> Option<f64> {
        let squared = loss == Loss::Squared;
        match self {
            Learner::Ridge(learner) if squared && learner.ridge > 0.0 => {
                Some(learner.ln_determinant() * learner.heaviest.max(1.0))
            }
            Learner::ShermanMorrison(learner) if squared && !learner.is_rebuilt() => {
                Some(learner.ln_determinant() * learner.heaviest().max(1.0))
            }
            Learner::VovkAzouryWarmuth(learner) if squared && !learner.weighted => {
                Some(0.25 * learner.fit.ln_determinant())
            }
            Learner::GradientDescent(learner) if learner.descends(loss) => Some(learner.bound()),
            Learner::AdaGrad(learner) => Some(learner.bound()),
            Learner::NewtonStep(learner) => learner.bound(),
            _ => None,
        }
    }

    /// How far identities that hold exactly are from holding, relative to their terms: infinite where figures have
    /// become too large for a number; `None` where there is nothing to check.
    pub fn health(&self) -> Option<f64> {
        let found = match self {
            Learner::Ridge(learner) => learner.health(),
            Learner::ShermanMorrison(learner) => learner.health(),
            Learner::VovkAzouryWarmuth(learner) => learner.health(),
            Learner::NewtonStep(learner) => learner.health(),
            _ => return None,
        };
        Some(if found.is_nan() { f64::INFINITY } else { found })
    }

    /// The coefficients in units of the label range: `z = x'theta`, or `1/2 + x'theta`, or the logistic function of
    /// it. Empty for callbacks. Errors: no memory.
    pub fn coefficients(&self) -> Result<Vec<f64>> {
        match self {
            Learner::Ridge(learner) => learner.factor.coefficients(),
            Learner::ShermanMorrison(learner) => match &learner.rebuilt {
                Some(ridge) => ridge.factor.coefficients(),
                None => Ok(learner.inverse.theta.clone()),
            },
            Learner::VovkAzouryWarmuth(learner) => learner.fit.factor.coefficients(),
            Learner::GradientDescent(learner) => Ok(learner.theta.clone()),
            Learner::AdaGrad(learner) => Ok(learner.theta.clone()),
            Learner::NewtonStep(learner) => Ok(learner.theta.clone()),
            Learner::Custom(_) => Ok(Vec::new()),
        }
    }
}
