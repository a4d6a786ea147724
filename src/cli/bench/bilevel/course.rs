//! A problem to run methods on: where they start, and what they may spend.

use southwell::bilevel::Problem;

/// A course.
pub struct Course {
    /// The name of its files.
    pub stem: &'static str,
    /// What it is, for people.
    pub label: String,
    pub problem: Box<dyn Problem>,
    pub start: Vec<f64>,
    /// Lower gradients and Hessian products, over all samples.
    pub budget: f64,
    /// HOAG's first step, where its own rule leads nowhere.
    pub hoag_step: Option<f64>,
}
