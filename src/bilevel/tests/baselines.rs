//! The baselines reach what they should, on a problem with a known optimum.

use super::toy::{Distance, Quadratic};
use super::{options, solved};
use crate::bilevel::metric::norm;
use crate::bilevel::solve::solve;
use crate::runtime::{Control, ErrorKind, Outcome};

/// The share of the first gap that is left.
fn gap(problem: &Quadratic, start: &[f64], theta: &[f64]) -> f64 {
    let best = problem.exact(&problem.optimum()).0;
    (problem.exact(theta).0 - best) / (problem.exact(start).0 - best)
}

#[test]
fn fixed_accuracies_stall_where_they_are_loose_and_converge_where_they_are_tight() {
    let problem = Quadratic::new(1, 5, 2, 31);
    let run = |accuracy| {
        let set = [("method", "fixed"), ("lower_accuracy", accuracy), ("lower_solver", "gradient")];
        solved(&problem, &[3.0; 2], &set)
    };
    let (loose, tight) = (run("1e-1"), run("1e-8"));
    assert_eq!(loose.outcome, Outcome::Stalled);
    let (far, near) = (gap(&problem, &[3.0; 2], &loose.theta), gap(&problem, &[3.0; 2], &tight.theta));
    assert!(near < 1e-8 && far > 10.0 * near, "{far} {near}");
    assert!(loose.counts.products() < tight.counts.products());
}

#[test]
fn a_constant_step_below_the_inverse_smoothness_converges() {
    let problem = Quadratic::new(1, 5, 2, 31);
    let set =
        [("method", "fixed-step"), ("lower_accuracy", "1e-8"), ("step", "1e-2"), ("max_iterations", "3000")];
    let found = solved(&problem, &[3.0; 2], &set);
    assert!(gap(&problem, &[3.0; 2], &found.theta) < 1e-6, "{:?} {}", found.outcome, found.iterations);
}

#[test]
fn t5_hoag_descends_with_every_sequence() {
    let problem = Quadratic::new(1, 5, 2, 32);
    for method in ["hoag", "hoag-released"] {
        for sequence in ["geometric", "quadratic", "cubic"] {
            let set = [("method", method), ("sequence", sequence), ("max_iterations", "400")];
            let found = solved(&problem, &[3.0; 2], &set);
            let gap = gap(&problem, &[3.0; 2], &found.theta);
            assert!(gap < 0.1, "{method} {sequence}: {gap} {:?}", found.outcome);
        }
    }
}

#[test]
fn the_first_step_of_hoag_is_of_unit_size_for_each_parameter_and_its_program_takes_it_twice() {
    let (problem, start) = (Quadratic::new(1, 5, 2, 32), [3.0; 2]);
    for (method, times) in [("hoag", 1.0), ("hoag-released", 2.0)] {
        let found = solved(&problem, &start, &[("method", method), ("max_iterations", "1")]);
        let length = norm(&[found.theta[0] - start[0], found.theta[1] - start[1]]);
        assert!((length - times * 2.0_f64.sqrt()).abs() < 1e-12, "{method}: {length}");
    }
}

#[test]
fn dynamic_accuracy_needs_no_derivatives() {
    let mut problem = Quadratic::new(3, 4, 2, 33);
    for sample in &mut problem.samples {
        sample.a1.rows = (0..4).map(|i| (0..4).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        sample.b1.truncate(4);
    }
    let problem = Distance(problem);
    let set = [("method", "dynamic"), ("max_iterations", "400")];
    let found = solved(&problem, &[2.0, -2.0], &set);
    let gap = gap(&problem.0, &[2.0, -2.0], &found.theta);
    assert!(gap < 1e-4, "{gap} {:?} {}", found.outcome, found.iterations);
    assert_eq!((found.counts.mixed_products, found.counts.adjoint_solves), (0, 0));
}

#[test]
fn searches_take_the_best_of_their_points() {
    let mut problem = Quadratic::new(1, 4, 2, 34);
    problem.bounds = Some((-4.0, 4.0));
    let value = |theta: &[f64]| problem.exact(theta).0;
    let grid = solved(
        &problem,
        &[4.0; 2],
        &[("method", "grid"), ("max_iterations", "25"), ("lower_accuracy", "1e-8")],
    );
    let side = [-4.0, -2.0, 0.0, 2.0, 4.0];
    let best = side.iter().flat_map(|a| side.map(|b| value(&[*a, b]))).fold(f64::INFINITY, f64::min);
    assert!((value(&grid.theta) - best).abs() <= 1e-9 * best && grid.iterations == 25);
    let random = |count: &str| {
        let set = [("method", "random"), ("max_iterations", count), ("lower_accuracy", "1e-8")];
        value(&solved(&problem, &[4.0; 2], &set).theta)
    };
    assert!(random("200") <= random("20") && random("20") < value(&[4.0; 2]));
}

#[test]
fn baselines_do_not_resume_and_say_what_they_do_not_serve() {
    let problem = Quadratic::new(1, 4, 2, 35);
    let first = solved(&problem, &[1.0; 2], &[("max_iterations", "1")]);
    let set = options(&[("method", "hoag")]);
    let resume = first.checkpoint.as_ref();
    let error = solve(&problem, &[1.0; 2], &set, resume, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let many = Quadratic::new(1, 4, 51, 35);
    let set = options(&[("method", "dynamic")]);
    let error = solve(&many, &[1.0; 51], &set, None, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
