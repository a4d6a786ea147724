//! T3, T4 and what the method promises of its steps and answers.

use super::steps::steps_keep_their_promise;
use super::toy::{Logistic, Quadratic};
use super::{options, solved};
use crate::bilevel::metric::norm;
use crate::bilevel::solution::Decision;
use crate::bilevel::solve::solve;
use crate::bilevel::{Problem, Solution};
use crate::runtime::{Control, Outcome};

#[test]
fn t3_every_accepted_step_decreases_the_upper_value() {
    let problem = Quadratic::new(2, 5, 3, 11);
    for method in ["maid", "paper"] {
        for eps in ["1e2", "1", "1e-2", "1e-5", "1e-8"] {
            let set = [
                ("method", method),
                ("lower_accuracy", eps),
                ("adjoint_accuracy", eps),
                ("value_tolerance", "0"),
            ];
            let taken =
                steps_keep_their_promise(&problem, &[1.0; 3], &set, 24, |theta| problem.exact(theta).0);
            assert!(taken > 2, "{method} {eps}: {taken} steps");
        }
    }
}

#[test]
fn t4_the_first_accuracy_hardly_matters() {
    let problem = Quadratic::new(1, 6, 3, 12);
    let best = problem.exact(&problem.optimum()).0;
    let first = problem.exact(&[1.0; 3]).0;
    for (method, within) in [("paper", 1e-2), ("maid", 1e-6)] {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for eps in ["1e2", "10", "1", "1e-1", "1e-2", "1e-3", "1e-4", "1e-5"] {
            let found = solved(
                &problem,
                &[1.0; 3],
                &[
                    ("method", method),
                    ("lower_accuracy", eps),
                    ("adjoint_accuracy", eps),
                    ("max_products", "20000"),
                ],
            );
            let f = problem.exact(&found.theta).0;
            (least, most) = (least.min(f), most.max(f));
            let gap = (f - best) / (first - best);
            assert!(gap <= within, "{method} {eps}: {gap} {:?} {:?}", found.outcome, found.counts);
        }
        assert!(most <= 1.01 * least, "{method}: {least} {most}");
    }
}

fn reaches(problem: &dyn Problem, start: &[f64], set: &[(&str, &str)]) -> Solution {
    let found = solved(problem, start, set);
    assert_eq!(found.outcome, Outcome::Converged, "{set:?} {:?} {:?}", found.certificate, found.flaw);
    found
}

#[test]
fn maid_finds_the_optimum_of_a_quadratic() {
    let problem = Quadratic::new(3, 6, 4, 13);
    let optimum = problem.optimum();
    for direction in ["lbfgs", "gradient"] {
        let found = reaches(&problem, &[1.0; 4], &[("direction", direction), ("value_tolerance", "0")]);
        let (f, gradient) = problem.exact(&found.theta);
        let certificate = found.certificate;
        assert!(certificate.interval.lower <= f && f <= certificate.interval.upper);
        // What the certificate says of the gradient holds.
        assert!(norm(&gradient) <= certificate.size + certificate.omega.value);
        let off = norm(&found.theta.iter().zip(&optimum).map(|(a, b)| a - b).collect::<Vec<_>>());
        assert!(off < 1e-4, "{direction}: {off}");
    }
}

#[test]
fn every_mode_and_direction_descends_to_values_within_its_intervals() {
    let mut problem = Logistic::new(2, 3, 14);
    let first = problem.exact_value(&[-2.0; 3]);
    for (preconditioned, with_metric) in [(false, false), (true, true)] {
        (problem.preconditioned, problem.with_metric) = (preconditioned, with_metric);
        for set in [
            &[("certificate", "goal-oriented")][..],
            &[("certificate", "estimated")],
            &[("certificate", "rigorous")],
            &[("certificate", "off")],
            &[("values", "plain")],
            &[("direction", "gradient"), ("first_trial", "grow")],
            &[("allocate", "true")],
        ] {
            let mut set = set.to_vec();
            set.extend([("tolerance", "1e-4"), ("max_products", "2000"), ("max_iterations", "20")]);
            let found = solved(&problem, &[-2.0; 3], &set);
            let said = found.certificate;
            let f = problem.exact_value(&found.theta);
            assert!(said.interval.lower <= f && f <= said.interval.upper, "{set:?} {said:?} {f}");
            assert!(f < first, "{set:?} {f} {first} {:?}", found.outcome);
            assert!(found.flaw.is_none(), "{set:?} {:?}", found.flaw);
        }
    }
}

#[test]
fn gauss_newton_solves_squared_distances_in_fewer_steps() {
    let mut problem = Quadratic::new(2, 5, 3, 15);
    // g = 1/2 |x - b|^2.
    for sample in &mut problem.samples {
        sample.a1.rows = (0..5).map(|i| (0..5).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        sample.b1.truncate(5);
    }
    let problem = super::toy::Distance(problem);
    let set = [("direction", "gauss-newton"), ("step_cap", "inf"), ("value_tolerance", "0")];
    let found = reaches(&problem, &[1.0; 3], &set);
    let plain = [("direction", "gradient"), ("step_cap", "inf"), ("value_tolerance", "0")];
    let plain = reaches(&problem, &[1.0; 3], &plain);
    assert!(found.iterations < plain.iterations, "{} {}", found.iterations, plain.iterations);
    // Another g has no such matrix.
    let other = Quadratic::new(1, 5, 3, 15);
    let error = solve(&other, &[1.0; 3], &options(&set), None, &mut Control::new()).unwrap_err();
    assert!(error.subject().contains("direction"), "{error}");
}

#[test]
fn lower_solvers_agree() {
    let problem = Quadratic::new(1, 4, 2, 16);
    let optimum = problem.exact(&problem.optimum()).0;
    for solver in ["auto", "fista", "lbfgs", "newton-cg", "gradient", "cg"] {
        let found = reaches(&problem, &[1.0; 2], &[("lower_solver", solver), ("value_tolerance", "0")]);
        assert!((problem.exact(&found.theta).0 - optimum).abs() < 1e-7 * optimum, "{solver}");
    }
}

#[test]
fn the_step_cap_and_the_box_are_kept() {
    let mut problem = Quadratic::new(1, 5, 3, 17);
    let optimum = problem.optimum();
    let far: Vec<f64> = optimum.iter().map(|t| t + 30.0).collect();
    let set = options(&[("max_iterations", "1"), ("step", "1e9"), ("step_cap", "0.25")]);
    let found = solve(&problem, &far, &set, None, &mut Control::new()).unwrap();
    let most = found.theta.iter().zip(&far).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(most > 0.0 && most <= 0.25 * (1.0 + 1e-12), "{most}");
    // One that is not asked for doubles where it is all that holds steps back.
    let after = |set: &[(&str, &str)]| {
        let found = solved(&problem, &far, &[set, &[("max_iterations", "4"), ("step", "1e9")]].concat());
        found.theta.iter().zip(&far).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let (kept, widened) = (after(&[("step_cap", "1")]), after(&[]));
    assert!(
        kept <= 4.0 * (1.0 + 1e-12) && widened > 8.0 && widened <= 15.0 * (1.0 + 1e-12),
        "{kept} {widened}"
    );
    // A box that cuts the optimum off.
    let edge = optimum.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 0.3;
    problem.bounds = Some((-1e3, edge));
    for direction in ["lbfgs", "gradient"] {
        let set = [("direction", direction), ("value_tolerance", "0")];
        let found = reaches(&problem, &[edge - 1.0; 3], &set);
        assert!(found.theta.iter().all(|t| *t <= edge) && !found.active.is_empty());
        // Stationary in the box: the exact gradient leads out of it where a bound is active, and vanishes elsewhere.
        let gradient = problem.exact(&found.theta).1;
        let first = norm(&problem.exact(&[edge - 1.0; 3]).1);
        for j in 0..3 {
            if found.active.contains(&j) {
                assert!(gradient[j] <= 1e-5 * first, "{gradient:?}");
            } else {
                assert!(gradient[j].abs() <= 1e-5 * first, "{gradient:?}");
            }
        }
    }
}

#[test]
fn the_trace_says_what_decided() {
    let problem = Quadratic::new(1, 5, 3, 18);
    let found = solved(
        &problem,
        &[1.0; 3],
        &[("method", "paper"), ("trace", "true"), ("step", "10"), ("max_iterations", "20")],
    );
    let count = |decision| found.trace.iter().filter(|row| row.decision == decision).count() as u64;
    assert_eq!(count(Decision::Accepted), found.iterations);
    assert_eq!(count(Decision::Tightened), found.failures);
    let trials = count(Decision::Accepted)
        + count(Decision::TooLong)
        + count(Decision::NotCertain)
        + count(Decision::Rejected);
    assert_eq!(trials, found.counts.trials);
    assert!(count(Decision::TooLong) > 0);
    for row in &found.trace {
        match row.decision {
            Decision::Accepted => assert!(row.left <= row.right),
            Decision::Tightened => {}
            _ => assert!(row.left > row.right, "{row:?}"),
        }
    }
    assert!(found.trace.windows(2).all(|rows| rows[0].products <= rows[1].products));
}
