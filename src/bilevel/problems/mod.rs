//! The built-in problems.
//!
//! | problem | made by | lower level | theta |
//! |---|---|---|---|
//! | quadratic | [`Quadratic`] | `1/2 \|A2 x + A3 theta - b2\|^2` | free |
//! | ridge regression | [`ridge()`] | squared loss, ridge | log-strengths |
//! | logistic regression | [`logistic()`] | logistic loss, ridge | log-strengths |
//! | multinomial regression | [`multinomial()`] | softmax loss, ridge | log-strengths |
//! | smoothed elastic net | [`smoothed_elastic_net`] | a loss, smoothed absolute values, ridge | log-strengths |
//! | elastic net, lasso | [`NonsmoothElasticNet`] | a loss, absolute values, ridge | log-strengths |
//! | support vector machine | [`squared_hinge()`] | `C` times squared hinge, ridge | `log C` |
//! | Huber regression | [`huber()`] | Huber loss, ridge | `log delta`, log-strengths |
//! | hyper-cleaning | [`hyper_cleaning()`] | weighted rows, fixed ridge | a logit per row |
//! | proximal tasks | [`proximal()`] | a loss, `lambda/2 \|w - theta\|^2` | a point |
//! | total variation | [`TotalVariation`] | `1/2 \|K x - y\|^2`, total variation | log-strength, `log v`, log-ridge |
//! | weighted total variation | [`WeightedTotalVariation`] | the same with a weight per pixel | log-weights |
//! | field of experts | [`FieldOfExperts`] | `1/2 \|x - y\|^2`, learned filters | log-strengths, `log v`, taps |
//! | sampling | [`Sampling`] | weighted coefficients, total variation | logits, log-strength |
//! | kernel ridge regression | [`KernelRidge`] | `1/2 a'(K + n lambda I) a - y'a` | log-strength, log-lengths |
//!
//! The elastic net that is not smoothed is given a solver of another family; [`joined`](crate::joined) does that.
//!
//! Upper levels: the mean loss of validation rows, or of the rows that a fold leaves out ([`Split`]); half the squared
//! distance to the truth ([`Images`]); without truth, [`Sure`]. [`Adjusted`] gives any of them a pull of theta towards
//! a point, or other bounds.
//!
//! The constants `mu`, `L`, `L_A`, `L_B`, `L_g` are proven, each in its file, where they exist; the others are NaN:
//!
//! | what is not known | why |
//! |---|---|
//! | `L_A` of squared hinge and Huber's loss, `L_B` of the latter | the curvature jumps, unless it is smoothed |
//! | `L_B` of a field of experts | `B` of the taps grows with `x` |
//! | `L_A` and `L_B` of the elastic net that is not smoothed | both jump where the support changes |
//! | the Lipschitz constant of `grad_theta g` of kernel ridge regression | it grows with `alpha` |
//!
//! What they share: `design` (products with features), `samples` (rows of training and validation), `row_loss`,
//! `penalty`, `linear_model` (the problems of the first rows are all of its form); `smoothed_absolute`, `stencil`
//! (differences), `variation` (total variation), `convolution`, `cosine_transform`; `jacobi` and `pivoted_cholesky`
//! (preconditioners), `images`, `check`.
//!
//! To add a problem: write a file with a type that implements [`Problem`](super::problem::Problem), a line above, and a
//! case in `tests.rs`: derivatives and constants are checked there.

mod adjusted;
mod check;
mod convolution;
mod cosine_transform;
mod design;
mod elastic_net;
mod field_of_experts;
mod huber;
mod hyper_cleaning;
mod images;
mod jacobi;
mod kernel_ridge;
mod linear_model;
mod logistic;
mod multinomial;
mod nonsmooth_elastic_net;
mod on_support;
mod penalty;
mod pivoted_cholesky;
mod proximal;
mod quadratic;
mod ridge;
mod row_loss;
mod samples;
mod sampling;
mod smoothed_absolute;
mod smoothed_squared_hinge;
mod squared_hinge;
mod stencil;
mod sure;
mod total_variation;
mod variation;
mod weighted_total_variation;

#[cfg(test)]
mod tests;

pub use adjusted::Adjusted;
pub use convolution::Boundary;
pub use elastic_net::smoothed_elastic_net;
pub use field_of_experts::{Experts, FieldOfExperts};
pub use huber::huber;
pub use hyper_cleaning::hyper_cleaning;
pub use images::{Image, Images};
pub use kernel_ridge::{KernelRidge, Lengths};
pub use linear_model::LinearModel;
pub use logistic::logistic;
pub use multinomial::multinomial;
pub use nonsmooth_elastic_net::{NonsmoothElasticNet, Training};
pub use penalty::{FIXED_RIDGE, Sharing};
pub use proximal::proximal;
pub use quadratic::Quadratic;
pub use ridge::ridge;
pub use samples::{Data, Split, Task};
pub use sampling::{Sampling, SamplingConstants};
pub use squared_hinge::squared_hinge;
pub use stencil::Grid;
pub use sure::{Denoiser, Sure};
pub use total_variation::TotalVariation;
pub use variation::Coupling;
pub use weighted_total_variation::WeightedTotalVariation;
