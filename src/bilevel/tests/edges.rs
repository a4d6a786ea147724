//! What goes wrong, and what is done then.

use super::faulty::{Fault, Faulty};
use super::toy::{Logistic, Quadratic};
use super::{options, solved};
use crate::bilevel::adjoint;
use crate::bilevel::doctor::{Check, examine};
use crate::bilevel::evaluate::{Evaluator, Warm};
use crate::bilevel::interrupt::{Flaw, Interrupt};
use crate::bilevel::interval::{interval, meet};
use crate::bilevel::problem::{Problem, Rigor};
use crate::bilevel::settings::Settings;
use crate::bilevel::solve::solve;
use crate::bilevel::{Decision, Examination, Solution, TraceRow};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, ErrorKind, Outcome, Result};

fn faulty(fault: Fault) -> Faulty {
    Faulty::new(Quadratic::new(2, 5, 3, 41), fault)
}

fn tried(problem: &dyn Problem, start: &[f64], set: &[(&str, &str)]) -> Result<Solution> {
    solve(problem, start, &options(set), None, &mut Control::new())
}

fn examined(problem: &dyn Problem, theta: &[f64]) -> Examination {
    examine(problem, theta, &options(&[]), &mut Control::new()).unwrap()
}

#[test]
fn e01_without_strong_convexity_nothing_is_solved_unless_asked_for() {
    let problem = faulty(Fault::NoMu);
    let error = tried(&problem, &[1.0; 3], &[]).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Data, "mu"));
    assert!(error.to_string().contains("allow_uncertified"), "{error}");
    let set = [("allow_uncertified", "true"), ("lower_accuracy", "1e-6"), ("value_tolerance", "0")];
    let found = tried(&problem, &[1.0; 3], &set).unwrap();
    assert_eq!(found.certificate.rigor, Rigor::None);
    assert_eq!(found.certificate.interval.rigor, Rigor::None);
    assert!(found.certificate.omega.value.is_nan());
    let optimum = problem.inner.exact(&problem.inner.optimum()).0;
    let f = problem.inner.exact(&found.theta).0;
    assert!(f <= optimum * (1.0 + 1e-3), "{f} {optimum} {:?}", found.outcome);
}

#[test]
fn e02_a_mu_that_is_too_large_is_seen_by_conjugate_gradients() {
    let error = tried(&faulty(Fault::Mu(50.0)), &[1.0; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("curvature"), "{error}");
    let found = examined(&faulty(Fault::Mu(1e3)), &[1.0; 3]);
    assert!(found.findings.iter().any(|f| f.check == Check::StrongConvexity), "{found:?}");
    // During a solve the quotient that contradicts mu is told, and the last good point given back.
    let problem = faulty(Fault::MuBeyond(1.05, 50.0));
    let set = [("step", "1"), ("step_cap", "inf"), ("value_tolerance", "0")];
    let found = tried(&problem, &[1.0; 3], &set).unwrap();
    assert_eq!(found.outcome, Outcome::Uncertified, "{:?}", found.flaw);
    assert!(matches!(found.flaw, Some(Flaw::Curvature { found, mu, .. }) if found < mu), "{:?}", found.flaw);
    assert!(found.theta[0].abs() <= 1.05);
}

#[test]
fn e03_negative_curvature_ends_the_solve() {
    let error = tried(&faulty(Fault::Hessian(-1.0)), &[1.0; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("curvature"), "{error}");
    // Seen by the adjoint alone, the lower solution is there to be given back.
    let found = tried(&faulty(Fault::Hessian(-1.0)), &[1.0; 3], &[("lower_solver", "fista")]).unwrap();
    assert_eq!(found.outcome, Outcome::Uncertified);
    assert!(matches!(found.flaw, Some(Flaw::Curvature { .. })) && found.theta == [1.0; 3]);
}

#[test]
fn e04_nan_at_the_start_names_the_callback_and_the_entry() {
    let error = tried(&faulty(Fault::NanAt(0)), &[1.0; 3], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "lower: expected finite numbers, found entry 4 of lower of sample 0 is not finite"
    );
    let error = tried(&faulty(Fault::UpperNan), &[1.0; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("entry 1 of upper of sample 0"), "{error}");
    let error = tried(&faulty(Fault::ZeroUpper), &[1.0, f64::NAN, 0.0], &[]).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Data, "theta"));
}

#[test]
fn e05_nan_at_a_trial_cuts_the_step() {
    for fault in [Fault::NanBeyond(1.05), Fault::RefusesBeyond(1.05)] {
        let problem = faulty(fault);
        let far: Vec<f64> = vec![1.0; 3];
        let set = [("step", "1"), ("step_cap", "inf"), ("max_iterations", "3"), ("trace", "true")];
        let found = tried(&problem, &far, &set).unwrap();
        assert!(found.iterations > 0 && found.theta[0].abs() <= 1.05, "{:?}", found.theta);
        assert!(problem.inner.exact(&found.theta).0 < problem.inner.exact(&far).0);
        // The step is halved, and that is no failure of the accuracies.
        let rejected = |rows: &[TraceRow]| rows[0].decision == Decision::Rejected;
        assert!(found.trace.windows(2).any(rejected), "{:?}", found.trace);
        for rows in found.trace.windows(2).filter(|rows| rejected(rows)) {
            assert_eq!((rows[0].left, rows[1].alpha), (f64::INFINITY, 0.5 * rows[0].alpha));
        }
        assert!(found.failures == 0 && found.flaw.is_none());
    }
    // Where every trial is no number, the good point is given back.
    let problem = faulty(Fault::NanBeyond(0.0));
    let found = tried(&problem, &[0.0; 3], &[("value_tolerance", "0")]).unwrap();
    assert_eq!((found.outcome, &found.theta[..]), (Outcome::Diverged, &[0.0; 3][..]));
    assert!(matches!(found.flaw, Some(Flaw::NotFinite { callback: "lower", .. })), "{:?}", found.flaw);
}

#[test]
fn e06_the_code_of_a_callback_reaches_the_caller() {
    let error = tried(&faulty(Fault::FailAt(7)), &[1.0; 3], &[]).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Callback, 42));
}

#[test]
fn e07_wrong_derivatives_are_found_by_the_doctor() {
    let healthy = examined(&Quadratic::new(2, 5, 3, 41), &[1.0; 3]);
    assert!(healthy.findings.is_empty() && healthy.checks > 40, "{healthy:?}");
    let healthy = examined(&Logistic::new(2, 4, 41), &[-2.0; 4]);
    assert!(healthy.findings.is_empty(), "{healthy:?}");
    for (fault, check) in [
        (Fault::Hessian(2.0), Check::Hessian),
        (Fault::Mixed(-1.0), Check::MixedTransposed),
        (Fault::Mixed(1.1), Check::MixedAdjoint),
        (Fault::Upper(2.0), Check::UpperInX),
        (Fault::NotSymmetric, Check::HessianSymmetric),
    ] {
        let found = examined(&faulty(fault), &[1.0; 3]);
        assert!(found.findings.iter().any(|f| f.check == check), "{fault:?} {found:?}");
    }
    // During a solve: the step never descends although the hypergradient should.
    for fault in [Fault::Mixed(-1.0), Fault::Upper(-1.0)] {
        let found = tried(&faulty(fault), &[1.0; 3], &[("lower_solver", "fista")]).unwrap();
        assert_eq!(found.outcome, Outcome::Uncertified, "{fault:?}");
        let flaw = found.flaw.unwrap();
        assert!(matches!(flaw, Flaw::Derivatives(_) | Flaw::Contradiction { .. }), "{fault:?} {flaw}");
    }
    // With a hypergradient that points uphill only the doctor can tell, after three refinements.
    let found = tried(&faulty(Fault::Mixed(-1.0)), &[1.0; 3], &[("trace", "true")]).unwrap();
    let seen = found.examination.unwrap();
    assert!(seen.findings.iter().any(|f| f.check == Check::MixedTransposed), "{seen:?}");
    assert_eq!((found.iterations, &found.theta[..]), (0, &[1.0; 3][..]));
    assert!((3..10).contains(&found.failures), "{}", found.failures);
}

#[test]
fn e08_products_that_contradict_one_another_are_no_matrix() {
    let error = tried(&faulty(Fault::NotLinear), &[1.0; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("hessian"), "{error}");
    // One that is linear, and not symmetric or not that of the gradient, is never answered with "converged".
    for fault in [Fault::NotSymmetric, Fault::Hessian(2.0), Fault::Hessian(0.5)] {
        for solver in ["cg", "fista", "newton-cg"] {
            match tried(&faulty(fault), &[1.0; 3], &[("lower_solver", solver)]) {
                Err(error) => assert!(error.to_string().contains("hessian"), "{error}"),
                Ok(found) => {
                    let told = (found.outcome, found.flaw.is_some());
                    assert_eq!(told, (Outcome::Uncertified, true), "{fault:?} {solver} {:?}", found.flaw);
                }
            }
        }
    }
}

#[test]
fn e09_accuracies_below_what_rounding_allows_end_at_the_floor() {
    let problem = Quadratic::new(1, 5, 3, 42);
    for solver in ["cg", "fista", "newton-cg", "lbfgs", "gradient"] {
        let set = [
            ("lower_accuracy", "1e-25"),
            ("adjoint_accuracy", "1e-25"),
            ("lower_solver", solver),
            ("tolerance", "0"),
            ("value_tolerance", "0"),
        ];
        let found = tried(&problem, &[1.0; 3], &set).unwrap();
        assert_eq!(found.outcome, Outcome::Floor, "{solver}");
        assert!(found.certificate.eps > 1e-25 && found.certificate.eps < 1e-10, "{solver}");
        let best = problem.exact(&problem.optimum()).0;
        assert!(problem.exact(&found.theta).0 <= best * (1.0 + 1e-9), "{solver}");
    }
}

/// The first point of a problem, with an adjoint to `delta`.
fn adjoint_at(problem: &dyn Problem, delta: f64) -> crate::bilevel::point::Point {
    let settings = Settings::from_options(&options(&[])).unwrap();
    let team = Team::solo();
    let mut evaluator = Evaluator::new(problem, &settings, &team);
    let control = &mut Control::new();
    let mut point = evaluator.lower(&[1.0; 3], Warm::Cold, 1e-3, 100_000, control).unwrap();
    evaluator.choose_mode(&point);
    evaluator.adjoints(&mut point, delta, control).unwrap();
    point
}

#[test]
fn e10_conjugate_gradients_say_what_they_reached() {
    let problem = Quadratic::new(1, 5, 3, 43);
    for delta in [1e-3, 1e-9, 1e-30] {
        let point = adjoint_at(&problem, delta);
        let sample = &point.samples[0];
        let adjoint = sample.adjoint.as_ref().unwrap();
        let a = &problem.samples[0].a2;
        let product = a.transposed_times(&a.times(&sample.q));
        let residual: Vec<f64> = sample.upper.in_x.iter().zip(&product).map(|(g, p)| g - p).collect();
        let exact = crate::bilevel::metric::norm(&residual);
        assert!((exact - adjoint.delta).abs() <= 1e-12 * sample.upper.norm, "{exact} {}", adjoint.delta);
        assert!(adjoint.delta <= delta || delta < 1e-20);
    }
}

#[test]
fn e11_a_zero_adjoint_is_not_stationary() {
    assert_eq!(adjoint::tolerance(1e9, 2.0), 0.6);
    let point = adjoint_at(&Quadratic::new(1, 5, 3, 44), 1e9);
    let sample = &point.samples[0];
    assert!(sample.q.iter().any(|q| *q != 0.0));
    assert!(sample.adjoint.as_ref().unwrap().delta <= 0.3 * sample.upper.norm);
    for certificate in ["off", "rigorous"] {
        let problem = Quadratic::new(1, 5, 3, 44);
        let set = [("adjoint_accuracy", "1e9"), ("certificate", certificate), ("value_tolerance", "0")];
        let found = tried(&problem, &[1.0; 3], &set).unwrap();
        assert!(found.iterations > 0, "{certificate}");
        let best = problem.exact(&problem.optimum()).0;
        assert!(problem.exact(&found.theta).0 <= best * (1.0 + 1e-3), "{certificate} {:?}", found.outcome);
    }
}

#[test]
fn e12_a_perfect_fit_is_stationary() {
    let found = tried(&faulty(Fault::ZeroUpper), &[1.0; 3], &[("absolute_tolerance", "1e-8")]).unwrap();
    assert_eq!((found.outcome, found.iterations), (Outcome::Converged, 0));
    assert!(found.certificate.size == 0.0 && found.q.iter().flatten().all(|q| *q == 0.0));
    // At x = 0, where lower solves start, B is 0 for strengths, and so is z: no accuracy, however loose, and no kind of
    // certificate takes that for a stationary point.
    let mut logistic = Logistic::new(2, 3, 14);
    logistic.preconditioned = true;
    for certificate in ["rigorous", "estimated", "goal-oriented", "off"] {
        let set = [
            ("lower_accuracy", "1e30"),
            ("adjoint_accuracy", "1e30"),
            ("certificate", certificate),
            ("max_products", "20000"),
        ];
        let found = tried(&logistic, &[-2.0; 3], &set).unwrap();
        assert!(found.iterations > 0, "{certificate} {:?}", found.outcome);
        let (f, first) = (logistic.exact_value(&found.theta), logistic.exact_value(&[-2.0; 3]));
        assert!(f < first, "{certificate}: {f} {first}");
    }
}

#[test]
fn e13_a_start_at_the_optimum_ends_there() {
    let problem = Quadratic::new(2, 5, 3, 45);
    let optimum = problem.optimum();
    for set in [&[("absolute_tolerance", "1e-6")][..], &[]] {
        let found = tried(&problem, &optimum, set).unwrap();
        assert!(matches!(found.outcome, Outcome::Converged | Outcome::Floor), "{:?}", found.outcome);
        assert!(found.iterations <= 1, "{}", found.iterations);
        let off = found.theta.iter().zip(&optimum).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-6, "{off}");
    }
}

#[test]
fn e14_a_hopeless_condition_number_rejects_a_trial() {
    let problem = faulty(Fault::IllBeyond(1.2));
    let set = [("step", "1"), ("step_cap", "inf"), ("max_iterations", "3"), ("trace", "true")];
    let found = tried(&problem, &[1.0; 3], &set).unwrap();
    assert!(found.iterations > 0 && found.theta[0].abs() <= 1.2);
    assert!(found.trace.iter().any(|row| row.decision == Decision::Rejected), "{:?}", found.trace);
    let error = tried(&faulty(Fault::IllBeyond(0.5)), &[1.0; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("1e14"), "{error}");
    // Logarithms stay in their box.
    let mut logistic = Logistic::new(1, 3, 45);
    logistic.preconditioned = true;
    let found = tried(&logistic, &[700.0, 0.0, 0.0], &[("max_iterations", "2")]).unwrap();
    assert!(found.projected && found.theta.iter().all(|t| t.abs() <= 30.0));
}

#[test]
fn e16_where_no_penalty_is_best_a_solve_ends_and_says_which_bound_it_met() {
    // Validation rows that are those of training: the smaller the penalty, the better, without end.
    let mut logistic = Logistic::new(1, 3, 51);
    logistic.folds[0].1 = logistic.folds[0].0.clone();
    logistic.preconditioned = true;
    let found = tried(&logistic, &[-2.0; 3], &[("tolerance", "0")]).unwrap();
    assert_eq!((found.outcome, &found.active[..]), (Outcome::Stalled, &[][..]));
    assert!(found.theta.iter().all(|t| *t < -10.0), "{:?}", found.theta);
    logistic.least = -4.0;
    let found = tried(&logistic, &[-2.0; 3], &[("value_tolerance", "0")]).unwrap();
    assert_eq!((found.outcome, &found.active[..]), (Outcome::Converged, &[0, 1, 2][..]));
    assert_eq!(found.theta, [-4.0; 3]);
}

#[test]
fn e17_a_trial_that_takes_too_much_work_is_rejected() {
    // Small penalties make the lower problems ill-conditioned; this solver takes about 15 products at the start.
    let logistic = Logistic::new(1, 4, 52);
    let set = [
        ("direction", "gradient"),
        ("first_trial", "grow"),
        ("lower_solver", "gradient"),
        ("trial_budget", "1"),
        ("trace", "true"),
        ("step", "1"),
        ("step_increase", "1e3"),
        ("step_cap", "inf"),
        ("max_iterations", "4"),
    ];
    let found = tried(&logistic, &[1.0; 4], &set).unwrap();
    let mut rejected = 0;
    for rows in found.trace.windows(2).filter(|rows| rows[1].decision == Decision::Rejected) {
        assert!(rows[1].products - rows[0].products <= 2 * 200 + 10, "{rows:?}");
        rejected += 1;
    }
    assert!(rejected > 0 && found.iterations > 1, "{:?}", found.trace);
    // Where every trial is, the good point is given back with the sample that took too much.
    let set = [
        ("lower_solver", "gradient"),
        ("max_lower_products", "30"),
        ("lower_accuracy", "1e-2"),
        ("step", "1e3"),
        ("step_cap", "inf"),
        ("backtracks", "1"),
    ];
    let found = tried(&logistic, &[1.0; 4], &set).unwrap();
    assert_eq!((found.outcome, &found.theta[..]), (Outcome::Stalled, &[1.0; 4][..]));
    assert!(matches!(found.flaw, Some(Flaw::OverBudget { sample: 0 })), "{:?}", found.flaw);
}

#[test]
fn e18_the_limit_of_a_lower_solve_is_told() {
    let problem = Quadratic::new(1, 8, 3, 46);
    let set = [
        ("max_lower_products", "3"),
        ("lower_solver", "gradient"),
        ("lower_accuracy", "1e-9"),
        ("tolerance", "0"),
    ];
    let found = tried(&problem, &[1.0; 3], &set).unwrap();
    assert_eq!(found.outcome, Outcome::Stalled);
    let f = problem.exact(&found.theta).0;
    let interval = found.certificate.interval;
    assert!(interval.lower <= f && f <= interval.upper && found.certificate.eps > 1e-9);
}

#[test]
fn e19_bounds_are_checked_and_fixed_parameters_stay() {
    let mut problem = Quadratic::new(1, 5, 3, 47);
    problem.bounds = Some((1.0, -1.0));
    assert_eq!(tried(&problem, &[0.0; 3], &[]).unwrap_err().subject(), "bounds");
    problem.bounds = Some((f64::NAN, 1.0));
    assert_eq!(tried(&problem, &[0.0; 3], &[]).unwrap_err().subject(), "bounds");
    // One that is fixed stays to the bit, and the others go where they are best.
    let fixed = Faulty::new(Quadratic::new(1, 5, 3, 47), Fault::Fixed(0.25));
    let found = tried(&fixed, &[9.0, 0.0, 0.0], &[("value_tolerance", "0")]).unwrap();
    let (gradient, first) = (fixed.inner.exact(&found.theta).1, fixed.inner.exact(&[0.25, 0.0, 0.0]).1);
    assert_eq!((found.outcome, found.projected, found.theta[0]), (Outcome::Converged, true, 0.25));
    assert!(gradient[1].hypot(gradient[2]) <= 2e-6 * first[1].hypot(first[2]), "{gradient:?}");
    problem.bounds = Some((0.5, 0.5));
    let found = tried(&problem, &[7.0; 3], &[]).unwrap();
    assert_eq!((found.outcome, &found.theta[..], found.projected), (Outcome::Converged, &[0.5; 3][..], true));
    let f = problem.exact(&found.theta).0;
    assert!(found.certificate.interval.lower <= f && f <= found.certificate.interval.upper);
}

#[test]
fn e20_sizes_of_zero_and_one() {
    let one = Quadratic::new(1, 1, 1, 48);
    let found = tried(&one, &[3.0], &[("value_tolerance", "0")]).unwrap();
    let best = one.exact(&one.optimum()).0;
    assert_eq!(found.outcome, Outcome::Converged, "{found:?}");
    let gap = one.exact(&found.theta).0 - best;
    assert!(gap <= 1e-6 * (one.exact(&[3.0]).0 - best), "{gap} {best}");
    let mut none = Quadratic::new(1, 3, 1, 48);
    none.samples.clear();
    assert_eq!(tried(&none, &[1.0], &[]).unwrap_err().subject(), "samples");
    assert_eq!(tried(&faulty(Fault::NoVariables), &[1.0; 3], &[]).unwrap_err().subject(), "variables");
    assert_eq!(tried(&one, &[1.0, 2.0], &[]).unwrap_err().subject(), "theta");
    // Without parameters it is an evaluation.
    let fixed = Quadratic::new(1, 4, 0, 48);
    let found = tried(&fixed, &[], &[]).unwrap();
    let f = fixed.exact(&[]).0;
    let interval = found.certificate.interval;
    assert_eq!(found.outcome, Outcome::Converged);
    assert!(interval.lower <= f && f <= interval.upper);
}

#[test]
fn e21_a_constant_that_cannot_be_true_is_told() {
    // L_g too small by far: intervals of one value at different accuracies have nothing in common.
    let problem = faulty(Fault::Lg(1e-9));
    let settings = Settings::from_options(&options(&[("lower_solver", "gradient")])).unwrap();
    let team = Team::solo();
    let mut evaluator = Evaluator::new(&problem, &settings, &team);
    let control = &mut Control::new();
    let mut point = evaluator.lower(&[1.0; 3], Warm::Cold, 1.0, 100_000, control).unwrap();
    evaluator.choose_mode(&point);
    evaluator.adjoints(&mut point, 1e-9, control).unwrap();
    let rough = meet(interval(&point, evaluator.mode, true), None).unwrap();
    evaluator.refine(&mut point, 1e-6, 100_000, control).unwrap();
    evaluator.adjoints(&mut point, 1e-9, control).unwrap();
    let fine = interval(&point, evaluator.mode, true);
    assert!(matches!(meet(fine, Some(rough)), Err(Interrupt::Flaw(Flaw::Contradiction { .. }))));
    assert!(meet(fine, None).is_ok());
    // So does a solve that would rely on it.
    let set = [("lower_solver", "gradient"), ("lower_accuracy", "1"), ("value_tolerance", "0")];
    let found = tried(&problem, &[1.0; 3], &set).unwrap();
    assert_eq!(found.outcome, Outcome::Uncertified);
    assert!(
        matches!(found.flaw, Some(Flaw::Contradiction { upper, lower }) if lower > upper),
        "{:?}",
        found.flaw
    );
}

#[test]
fn e22_parameters_that_are_the_same_or_ill_scaled_or_do_nothing_are_no_failure() {
    let mut problem = Quadratic::new(2, 5, 4, 50);
    for sample in &mut problem.samples {
        for row in &mut sample.a3.rows {
            // A copy, one that is a thousand times as sensitive, one that changes nothing.
            (row[1], row[2], row[3]) = (row[0], 1e3 * row[2], 0.0);
        }
    }
    for set in [
        &[][..],
        &[("direction", "gradient")],
        &[("method", "paper"), ("step", "1e-7")],
        &[("certificate", "off")],
    ] {
        let mut set = set.to_vec();
        set.extend([("value_tolerance", "0"), ("max_products", "20000")]);
        let found = tried(&problem, &[1.0; 4], &set).unwrap();
        assert!(found.flaw.is_none() && found.iterations > 0, "{set:?} {:?}", found.flaw);
        let (f, first) = (problem.exact(&found.theta).0, problem.exact(&[1.0; 4]).0);
        assert!(f <= 1e-4 * first, "{set:?} {f} {first} {:?}", found.outcome);
        // What does nothing has no gradient, and stays.
        assert_eq!(found.theta[3], 1.0, "{set:?}");
    }
}

#[test]
fn e23_a_value_without_a_lower_bound_is_an_outcome() {
    let mut problem = faulty(Fault::LinearUpper);
    problem.inner.samples.iter_mut().for_each(|s| s.a3.rows.iter_mut().for_each(|r| r.fill(0.0)));
    let found = tried(&problem, &[0.0; 3], &[("step_cap", "inf"), ("step", "1e11")]).unwrap();
    assert_eq!(found.outcome, Outcome::Unbounded, "{:?}", found.certificate);
}

#[test]
fn e27_an_absurd_accuracy_is_tightened() {
    let problem = Quadratic::new(2, 5, 3, 53);
    let best = problem.exact(&problem.optimum()).0;
    for certificate in ["rigorous", "goal-oriented", "off"] {
        let set = [
            ("lower_accuracy", "1e30"),
            ("adjoint_accuracy", "1e30"),
            ("certificate", certificate),
            ("value_tolerance", "0"),
        ];
        let found = tried(&problem, &[1.0; 3], &set).unwrap();
        let gap = problem.exact(&found.theta).0 - best;
        assert!(
            gap <= 1e-6 * (problem.exact(&[1.0; 3]).0 - best),
            "{certificate}: {gap} {:?}",
            found.outcome
        );
        assert!(found.certificate.eps < 1e-2, "{certificate}: {}", found.certificate.eps);
    }
}

#[test]
fn e29_calls_that_differ_are_found() {
    for (callback, name) in
        [("lower", "lower"), ("hessian", "hessian"), ("mixed", "mixed_t"), ("upper", "upper")]
    {
        let found = examined(&faulty(Fault::Drifting(callback)), &[1.0; 3]);
        assert!(found.findings.iter().any(|f| f.check == Check::Repeatable(name)), "{callback} {found:?}");
    }
}

#[test]
fn e30_the_sample_that_fails_is_named() {
    let problem = faulty(Fault::SampleNan(1));
    let found = tried(&problem, &[0.0; 3], &[("value_tolerance", "0")]).unwrap();
    assert_eq!(found.outcome, Outcome::Diverged);
    assert!(matches!(found.flaw, Some(Flaw::NotFinite { sample: 1, .. })), "{:?}", found.flaw);
    // None is dropped, and the answer is of all of them at the last good point.
    let f = problem.inner.exact(&found.theta).0;
    let interval = found.certificate.interval;
    assert!(found.x.len() == 2 && interval.lower <= f && f <= interval.upper, "{interval:?} {f}");
    // At the start it is an error that names it.
    let error = tried(&problem, &[0.5; 3], &[]).unwrap_err();
    assert!(error.to_string().contains("sample 1"), "{error}");
}

#[test]
fn products_with_b_alone_are_not_needed() {
    let mut problem = Quadratic::new(2, 5, 3, 49);
    problem.has_mixed = false;
    let found = solved(&problem, &[1.0; 3], &[("value_tolerance", "0")]);
    assert_eq!(found.outcome, Outcome::Converged);
    // The norm of B is an estimate then, and so is the bound.
    assert_eq!(found.certificate.omega.rigor, Rigor::Estimated);
    assert_eq!(found.certificate.interval.rigor, Rigor::Proven);
}
