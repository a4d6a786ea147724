//! T1 and T3 on every built-in problem, over random data: what is said to be certain holds of the exact upper value,
//! its gradient, and every step.

use super::cases::{Case, cases_of};
use super::solved::{eliminate, hypergradient, minimizer};
use super::{ahead, norm, product, value};
use crate::bilevel::bound::omega;
use crate::bilevel::interval::interval;
use crate::bilevel::problem::{Problem, Rigor};
use crate::bilevel::tests::steps::steps_keep_their_promise;
use crate::bilevel::tests::{options, point};

/// Draws of each problem. The oracle is a dense solve where the lower level is quadratic, else Newton's method to the
/// last digits.
const DRAWS: u64 = 100;

/// Lower and adjoint accuracies, relative to the sizes at the start.
const EPS: [f64; 3] = [0.3, 1e-2, 1e-5];
const DELTA: [f64; 2] = [0.3, 1e-4];

/// `xhat(theta)`: by elimination where `h` is quadratic.
fn exact_lower(problem: &dyn Problem, sample: usize, theta: &[f64]) -> Vec<f64> {
    let mut start = vec![0.0; problem.variables(sample)];
    if !problem.is_quadratic() {
        value(problem.start(sample, theta, &mut start));
        return minimizer(problem, sample, theta, &start);
    }
    let mut gradient = start.clone();
    value(problem.lower(sample, &start, theta, &mut gradient));
    let second = value(problem.second_order(sample, &start, theta));
    let column = |j: usize| {
        let mut unit = vec![0.0; start.len()];
        unit[j] = 1.0;
        product(&*second, &unit)
    };
    eliminate((0..start.len()).map(column).collect(), gradient.iter().map(|g| -g).collect())
}

/// `f(theta)` and its gradient, with the regularizer.
pub fn exact(problem: &dyn Problem, theta: &[f64]) -> (f64, Vec<f64>) {
    let solutions: Vec<Vec<f64>> =
        (0..problem.samples()).map(|sample| exact_lower(problem, sample, theta)).collect();
    let mut gradient = hypergradient(problem, theta, &solutions);
    let regularizer = value(problem.regularizer(theta, &mut gradient));
    (mean_upper(problem, theta, &solutions) + regularizer, gradient)
}

fn mean_upper(problem: &dyn Problem, theta: &[f64], solutions: &[Vec<f64>]) -> f64 {
    let of = |(sample, x): (usize, &Vec<f64>)| {
        value(problem.upper(sample, x, theta, &mut vec![0.0; x.len()], &mut vec![0.0; theta.len()]))
    };
    solutions.iter().enumerate().map(of).sum::<f64>() / solutions.len() as f64
}

fn draws(of: impl Fn(&Case)) {
    for draw in 0..DRAWS {
        cases_of(draw).iter().for_each(&of);
    }
}

/// Holds a problem against its intervals and bounds over the grid of accuracies. How many claims were proven: of the
/// value, and of the hypergradient.
fn claims_hold(case: &Case) -> [u64; 2] {
    let (problem, theta) = (&*case.problem, &case.theta[..]);
    let (f, gradient) = exact(problem, theta);
    // Of the oracle's: its elimination and its sums.
    let rounding = 1e-13 * (1.0 + f.abs());
    let mut proven = [0, 0];
    let set = options(&[("lower_solver", "gradient"), ("certificate", "rigorous"), ("metric", "false")]);
    let (start, _) = point(problem, theta, (f64::INFINITY, f64::INFINITY), &set);
    let (size, slope) = (start.most(|s| s.eps), start.most(|s| s.upper.norm));
    for eps in EPS {
        for delta in DELTA {
            for metric in ["false", "true"] {
                let set =
                    options(&[("lower_solver", "gradient"), ("certificate", "rigorous"), ("metric", metric)]);
                let (point, mode) = point(problem, theta, (eps * size, delta * slope), &set);
                for corrected in [false, true] {
                    let range = interval(&point, mode, corrected);
                    let holds = range.lower - rounding <= f && f <= range.upper + rounding;
                    assert!(holds || range.rigor != Rigor::Proven, "{}: {f} {range:?}", case.name);
                    proven[0] += u64::from(range.rigor == Rigor::Proven);
                }
                let omega = omega(&point, mode);
                let error = norm(&ahead(&point.hypergradient().unwrap(), -1.0, &gradient));
                let holds = error <= omega.value * (1.0 + 1e-9) + 1e-10 * norm(&gradient);
                assert!(holds || omega.rigor != Rigor::Proven, "{}: {error} {omega:?}", case.name);
                proven[1] += u64::from(omega.rigor == Rigor::Proven);
            }
        }
    }
    proven
}

#[test]
fn t1_every_problem_is_within_its_intervals_and_bounds() {
    draws(|case| {
        let grid = (EPS.len() * DELTA.len() * 2) as u64;
        let [values, gradients] = claims_hold(case);
        // Plain intervals are proven for all; with the correction where L_A is known, and gradients with all constants.
        assert!(values == 2 * grid || !case.has_l_a && values >= grid, "{}: {values}", case.name);
        let known = case.has_l_a && case.has_l_b && case.problem.upper_constants(0).l_g_theta.is_finite();
        assert_eq!(gradients, if known { grid } else { 0 }, "{}", case.name);
    });
}

#[test]
fn t3_every_step_of_every_problem_keeps_its_promise() {
    let taken = std::cell::Cell::new(0);
    draws(|case| {
        for method in ["maid", "paper"] {
            // Without L_A the correction rests on samples.
            let values = if case.has_l_a && method == "maid" { "corrected" } else { "plain" };
            // Without a constant of grad_theta g nothing is certain of the hypergradient; values are all the same.
            let known = case.problem.upper_constants(0).l_g_theta.is_finite();
            let set = [
                ("method", method),
                ("certificate", if known { "rigorous" } else { "off" }),
                ("values", values),
                ("max_products", "20000"),
            ];
            let f = |theta: &[f64]| exact(&*case.problem, theta).0;
            taken.set(taken.get() + steps_keep_their_promise(&*case.problem, &case.theta, &set, 5, f));
        }
    });
    assert!(taken.get() > 10_000);
}

/// The minimizer of an `f` that is quadratic in its `d` parameters: from its gradient at 0 and along the axes.
pub fn optimum(problem: &dyn Problem, d: usize) -> Vec<f64> {
    let at_zero = exact(problem, &vec![0.0; d]).1;
    let column = |j: usize| {
        let mut unit = vec![0.0; d];
        unit[j] = 1.0;
        ahead(&exact(problem, &unit).1, -1.0, &at_zero)
    };
    eliminate((0..d).map(column).collect(), at_zero.iter().map(|g| -g).collect())
}
