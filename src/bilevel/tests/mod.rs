//! Tests of the whole family, on problems whose answers are known in closed form or solved for to rounding.

mod baselines;
mod certificates;
mod edges;
mod faulty;
mod method;
mod resume;
pub mod toy;

use super::Solution;
use super::solve::solve;
use crate::bilevel::Problem;
use crate::runtime::{Control, Family, Options};

/// Options with some of them set.
fn options(set: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bilevel);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

fn solved(problem: &dyn Problem, start: &[f64], set: &[(&str, &str)]) -> Solution {
    solve(problem, start, &options(set), None, &mut Control::new()).unwrap()
}
