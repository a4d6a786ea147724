//! Tests of the whole family, on problems whose answers are known in closed form or solved for to rounding.

mod baselines;
mod certificates;
mod edges;
mod faulty;
mod method;
mod resume;
pub mod steps;
pub mod toy;

use super::Solution;
use super::evaluate::{Evaluator, Warm};
use super::point::Point;
use super::settings::{CertificateMode, Settings};
use super::solve::solve;
use crate::bilevel::Problem;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Family, Options};

/// Options with some of them set.
pub fn options(set: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bilevel);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

pub fn solved(problem: &dyn Problem, start: &[f64], set: &[(&str, &str)]) -> Solution {
    solve(problem, start, &options(set), None, &mut Control::new()).unwrap()
}

/// A point at accuracies, with all that its bounds need, and its mode.
pub fn point(
    problem: &dyn Problem,
    theta: &[f64],
    (eps, delta): (f64, f64),
    options: &Options,
) -> (Point, CertificateMode) {
    let settings = Settings::from_options(options).unwrap();
    let team = Team::solo();
    let mut evaluator = Evaluator::new(problem, &settings, &team);
    let control = &mut Control::new();
    let mut point = evaluator.lower(theta, Warm::Cold, eps, 100_000, control).unwrap();
    evaluator.choose_mode(&point);
    evaluator.adjoints(&mut point, delta, control).unwrap();
    evaluator.mixed(&mut point, control).unwrap();
    (point, evaluator.mode)
}
