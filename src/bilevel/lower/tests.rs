//! Every solver reaches what it says: the distance to the exact solution is within the certificate.

use super::*;
use crate::bilevel::metric::norm;
use crate::bilevel::problem::Problem;
use crate::bilevel::tests::toy::{Logistic, Quadratic};
use crate::runtime::Control;

const SOLVERS: [LowerSolver; 5] = [
    LowerSolver::Fista,
    LowerSolver::Lbfgs,
    LowerSolver::NewtonCg,
    LowerSolver::GradientDescent,
    LowerSolver::ConjugateGradient,
];

/// The iterate of a solver from 0, why it ended, and the steps that it took.
fn run(
    problem: &dyn Problem,
    theta: &[f64],
    solver: LowerSolver,
    eps: f64,
    change: impl Fn(&mut Constants),
) -> (Iterate, Reached, u64, f64) {
    let mut control = Control::new();
    let mut oracle = Oracle::new(problem, 0, theta, (u64::MAX, u64::MAX), &mut control);
    let mut constants = Constants::at(&mut oracle, true, false).unwrap();
    change(&mut constants);
    let x = vec![0.0; problem.variables(0)];
    let mut at = Iterate::at(&mut oracle, x, &constants.metric).unwrap();
    let target = constants.mu * eps;
    let reached = solve(&mut oracle, solver, &constants, target, &mut at).unwrap();
    let achieved = at.norm / constants.mu;
    (at, reached, oracle.counts.products(), achieved)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

#[test]
fn solutions_are_within_their_certificate() {
    for case in 0..40_u64 {
        let n = 1 + case as usize % 7;
        let problem = Quadratic::new(1, n, 2, case);
        let theta = [0.3, -0.7];
        let exact = problem.exact_lower(0, &theta);
        let eps = 10.0_f64.powi(-(case as i32 % 10));
        for solver in SOLVERS {
            let (at, reached, _, achieved) = run(&problem, &theta, solver, eps, |_| {});
            assert!(reached == Reached::Target && achieved <= eps, "{solver:?} {reached:?}");
            let off = distance(&at.x, &exact);
            // What the exact solution itself is off by counts too.
            let rounding = 1e-12 * (1.0 + norm(&exact));
            assert!(off <= achieved * (1.0 + 1e-9) + rounding, "{solver:?} {off} {achieved}");
            // The gradient is that of the point that is returned.
            let mut gradient = vec![0.0; n];
            problem.lower(0, &at.x, &theta, &mut gradient).unwrap();
            assert_eq!(gradient, at.gradient);
        }
    }
}

#[test]
fn logistic_solutions_are_within_their_certificate() {
    for (preconditioned, with_metric) in [(false, false), (true, false), (true, true)] {
        let mut problem = Logistic::new(1, 6, 5);
        (problem.preconditioned, problem.with_metric) = (preconditioned, with_metric);
        let theta = [-4.0, -2.0, 0.0, -3.0, 1.0, -1.0];
        let exact = problem.exact_lower(0, &theta);
        for solver in SOLVERS.iter().take(4).chain([&LowerSolver::Auto]) {
            for eps in [1e-1, 1e-4, 1e-8] {
                let (at, reached, _, achieved) = run(&problem, &theta, *solver, eps, |_| {});
                assert_eq!(reached, Reached::Target, "{solver:?}");
                let error: Vec<f64> = at.x.iter().zip(&exact).map(|(a, b)| a - b).collect();
                let off = if with_metric {
                    Metric::diagonal(theta.iter().map(|t| t.exp()).collect()).of(&error)
                } else {
                    norm(&error)
                };
                assert!(off <= achieved + 1e-12, "{solver:?} {off} {achieved}");
            }
        }
    }
}

#[test]
fn fista_finds_a_step_where_the_constants_are_unknown_or_too_small() {
    let problem = Quadratic::new(1, 6, 2, 9);
    let exact = problem.exact_lower(0, &[1.0, 1.0]);
    for l in [f64::NAN, 1e-3, 1e6] {
        let (at, reached, ..) = run(&problem, &[1.0, 1.0], LowerSolver::Fista, 1e-8, |constants| {
            constants.l = l;
            constants.rigor = crate::bilevel::Rigor::Estimated;
        });
        assert_eq!(reached, Reached::Target, "{l}");
        assert!(distance(&at.x, &exact) <= 1e-8);
    }
}

#[test]
fn fista_takes_about_the_root_of_the_condition_number() {
    let problem = Quadratic::new(1, 12, 2, 10);
    let count = |solver| run(&problem, &[1.0, 1.0], solver, 1e-8, |_| {}).2 as f64;
    let constants = problem.lower_constants(0, &[1.0, 1.0]).unwrap();
    let root = (constants.l / constants.mu).sqrt();
    let steps = count(LowerSolver::Fista);
    assert!(steps < 40.0 * root, "{steps} {root}");
    assert!(steps < count(LowerSolver::GradientDescent));
    assert!(count(LowerSolver::ConjugateGradient) <= 30.0);
}

#[test]
fn e09_every_solver_stops_at_rounding() {
    let problem = Quadratic::new(1, 8, 2, 11);
    for solver in SOLVERS {
        let (at, reached, products, _) = run(&problem, &[1.0, 1.0], solver, 1e-40, |_| {});
        assert_eq!(reached, Reached::Floor, "{solver:?}");
        assert!(at.norm < 1e-9 && products < 100_000, "{solver:?} {} {products}", at.norm);
    }
}

#[test]
fn a_limit_keeps_the_best_point() {
    let problem = Quadratic::new(1, 8, 2, 12);
    let mut control = Control::new();
    for solver in SOLVERS {
        let mut oracle = Oracle::new(&problem, 0, &[1.0, 1.0], (6, u64::MAX), &mut control);
        let constants = Constants::at(&mut oracle, false, false).unwrap();
        let mut at = Iterate::at(&mut oracle, vec![0.0; 8], &constants.metric).unwrap();
        let first = at.norm;
        let reached = solve(&mut oracle, solver, &constants, 1e-12, &mut at).unwrap();
        assert!(reached == Reached::Limit && at.norm <= first, "{solver:?}");
        assert!(oracle.counts.products() <= 6);
    }
}
