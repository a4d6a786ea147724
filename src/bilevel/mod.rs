//! Bilevel optimization: hyperparameters by hypergradients of certified accuracy (MAID: Salehi, Mukherjee, Roberts
//! and Ehrhardt, "An adaptively inexact first-order method for bilevel optimization with application to
//! hyperparameter learning", arXiv 2308.10098).
//!
//! Minimizes `f(theta) = 1/m sum_i g_i(xhat_i(theta), theta) + r(theta)` over a box, where `xhat_i(theta)`
//! minimizes the strongly convex `h_i(x, theta)` over `x`. Lower problems are solved to a proven distance only as
//! small as is needed at the time:
//!
//! 1. lower solutions `x` with `|x - xhat| <= eps`, adjoints `A q = grad g` with a residual of at most `delta`,
//!    the hypergradient `z = grad_theta g - B'q` and a bound `omega` on its error;
//! 2. accuracies are tightened until `omega <= (1 - eta) |z|`, so that `z` descends;
//! 3. a step is taken where intervals that hold the upper values prove that it descends, else it is cut;
//! 4. where no step is certain to descend accuracies are tightened, after a step they are relaxed.
//!
//! | part | files |
//! |---|---|
//! | what is solved | [`problem`], [`problems`] (the built-in ones) |
//! | the method | [`mod@solve`] (the loop), [`settings`], [`hypergradient`] (Algorithm 3.2), [`descent`] (its test), [`line_search`], [`accuracy`], [`direction`], `gauss_newton`, `quasi_newton`, [`bounds`] (the box), `progress` (what the loop remembers), `stopping` |
//! | one `theta` | `evaluate` (phases over all samples), `point` (what is known there), `oracle` (callbacks, counted and checked), [`counts`], [`interrupt`] (what can be wrong) |
//! | the lower level | [`lower`] (solvers and their test), [`conjugate_gradient`], [`adjoint`], [`metric`] (the norms) |
//! | what is certain | [`bound`] (of a hypergradient), [`interval`] (of the value), [`constants`] (given or sampled), `goal_oriented`, [`mod@certificate`] (of an answer) |
//! | derivatives that are wrong | [`doctor`] |
//! | the answer | [`solution`], [`checkpoint`] |
//! | what it is compared with | [`baselines`] |

pub mod accuracy;
pub mod adjoint;
pub mod baselines;
pub mod bound;
pub mod bounds;
pub mod certificate;
pub mod checkpoint;
pub mod conjugate_gradient;
pub mod constants;
pub mod counts;
pub mod descent;
pub mod direction;
pub mod doctor;
pub mod evaluate;
mod gauss_newton;
mod goal_oriented;
pub mod hypergradient;
pub mod interrupt;
pub mod interval;
pub mod line_search;
pub mod lower;
pub mod metric;
pub mod oracle;
pub mod point;
pub mod problem;
pub mod problems;
mod progress;
mod quasi_newton;
pub mod settings;
pub mod solution;
pub mod solve;
mod stopping;

pub use certificate::{Certificate, certificate};
pub use checkpoint::Checkpoint;
pub use counts::Counts;
pub use doctor::{Examination, Finding, examine};
pub use interrupt::Flaw;
pub use interval::Interval;
pub use problem::{Evaluated, LowerConstants, Problem, Refusal, Rigor, SecondOrder, UpperConstants};
pub use settings::Settings;
pub use solution::{Decision, Solution, TraceRow};
pub use solve::solve;

#[cfg(test)]
mod tests;
