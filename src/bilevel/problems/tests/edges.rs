//! What goes wrong in the built-in problems, and what is done then.

use super::super::smoothed_absolute::LEAST_LOG_SMOOTHING;
use super::super::{
    Boundary, Coupling, Experts, FieldOfExperts, Sharing, Split, Task, TotalVariation, logistic, multinomial,
    ridge,
};
use super::cases::{Kind, image, task};
use super::{mixed, mixed_transposed, norm, normal, product, value};
use crate::bilevel::interrupt::Flaw;
use crate::bilevel::problem::{Problem, Refusal};
use crate::bilevel::solve::solve;
use crate::bilevel::tests::{options, solved};
use crate::bilevel::{Decision, TraceRow};
use crate::numerics::kernels::dot;
use crate::runtime::{Control, ErrorKind, Outcome};

const FREE: Experts =
    Experts { count: 2, side: 3, boundary: Boundary::Symmetric, zero_mean: false, has_factor: false };

fn experts(images: usize) -> FieldOfExperts {
    FieldOfExperts::new((0..images as u64).map(|k| image(8, 8, 80 + k)).collect(), FREE).unwrap()
}

/// Weights, smoothings and taps of two filters; the second filter is the first.
fn same_filters(log_v: f64) -> Vec<f64> {
    let filter: Vec<f64> = normal(9, 81).iter().map(|t| 0.3 * t).collect();
    let mut theta = vec![-1.5, -1.5, log_v, log_v];
    theta.extend(filter.iter().chain(&filter));
    theta
}

/// Every number is one, and `v'Av >= mu |v|^2`.
fn assert_sound(problem: &dyn Problem, x: &[f64], theta: &[f64]) {
    let (n, d) = (x.len(), theta.len());
    let mut gradient = vec![f64::NAN; n];
    assert!(value(problem.lower(0, x, theta, &mut gradient)).is_finite());
    let second = value(problem.second_order(0, x, theta));
    let (v, u) = (normal(n, 82), normal(d, 83));
    let av = product(&*second, &v);
    let bu = mixed(&*second, &u, n);
    let bv = mixed_transposed(&*second, &v, d);
    assert!([&gradient, &av, &bu, &bv].into_iter().flatten().all(|number| number.is_finite()), "{theta:?}");
    let constants = value(problem.lower_constants(0, theta));
    assert!(dot(&v, &av) >= constants.mu * dot(&v, &v) * (1.0 - 1e-9), "{theta:?}");
    assert!(norm(&av) <= constants.l * norm(&v), "{theta:?}");
}

#[test]
fn e15_a_smoothing_near_zero_leaves_finite_numbers_and_has_a_bound() {
    assert!((LEAST_LOG_SMOOTHING.exp() - 1e-6).abs() < 1e-18);
    let denoising = |coupling| TotalVariation::denoising(vec![image(8, 8, 84)], coupling, false).unwrap();
    let variations = [denoising(Coupling::Isotropic), denoising(Coupling::Anisotropic)];
    // Flat, jumps that vanish beside v, noise, and jumps whose squares are huge.
    let points = [0.0, 1e-170, 1e-9, 1.0, 1e60].map(|size| {
        let mut x = normal(64, 85);
        x.iter_mut().for_each(|x| *x *= size);
        x
    });
    for log_v in [-3.0, LEAST_LOG_SMOOTHING, -30.0, -100.0] {
        for x in &points {
            variations.iter().for_each(|problem| assert_sound(problem, x, &[-1.0, log_v]));
            assert_sound(&experts(1), x, &same_filters(log_v));
        }
    }
    // What has no numbers is refused, and the box keeps far from it.
    for log_v in [-400.0, -800.0, f64::NEG_INFINITY] {
        let refused = variations[0].lower(0, &points[2], &[-1.0, log_v], &mut [0.0; 64]);
        assert_eq!(refused, Err(Refusal::Reject));
    }
    for (problem, theta, smoothings) in
        [(&variations[0] as &dyn Problem, vec![-1.0; 2], 1..2), (&experts(1), same_filters(-1.0), 2..4)]
    {
        let (mut lower, mut upper) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        problem.bounds(&mut lower, &mut upper);
        assert!(lower[smoothings].iter().all(|bound| *bound == LEAST_LOG_SMOOTHING));
    }
    // A start below the bound is put on it; a trial that L = O(1/v) makes too dear is rejected, not solved.
    let set = [("max_iterations", "0"), ("max_lower_products", "1000000")];
    let found = solved(&variations[0], &[-3.0, -40.0], &set);
    assert!(found.projected && found.theta[1] == LEAST_LOG_SMOOTHING && found.active == [1]);
    // Beyond what can be solved (L / mu > 1e14) it costs nothing.
    let set = [
        ("direction", "gradient"),
        ("step", "1e3"),
        ("step_cap", "inf"),
        ("max_iterations", "1"),
        ("trace", "true"),
    ];
    let found = solved(&variations[0], &[-1.0, 1.0], &set);
    let rejected = |row: &TraceRow| row.decision == Decision::Rejected;
    let pair = found.trace.windows(2).find(|rows| rows.iter().all(rejected)).unwrap();
    assert_eq!(pair[0].products, pair[1].products, "{pair:?}");
}

#[test]
fn e22_filters_that_are_copies_and_scales_without_effect_are_no_failure() {
    let problem = experts(2);
    let start = same_filters(-2.0);
    let first = solved(&problem, &start, &[("max_iterations", "0")]).certificate;
    for set in [&[][..], &[("direction", "gradient")], &[("method", "paper")]] {
        let mut set = set.to_vec();
        set.extend([("max_products", "3000"), ("tolerance", "1e-5")]);
        let found = solved(&problem, &start, &set);
        assert!(found.flaw.is_none() && found.iterations > 0, "{set:?} {:?}", found.flaw);
        let said = found.certificate.interval;
        assert!(said.upper < first.interval.lower, "{set:?} {said:?} {:?}", first.interval);
        // Copies have the same derivatives, and stay copies.
        let (one, other) = (&found.theta[4..13], &found.theta[13..]);
        assert!(norm(&super::ahead(one, -1.0, other)) <= 1e-6 * norm(one), "{one:?} {other:?}");
    }
}

#[test]
fn units_of_the_targets_change_nothing() {
    let solution = |unit: f64, set: &[(&str, &str)]| {
        let mut task = task(30, 4, Kind::Numbers, 90);
        for data in [&mut task.training, &mut task.validation] {
            data.y.iter_mut().for_each(|y| *y *= unit);
        }
        solved(&ridge(Split::HoldOut(task), &Sharing::Single, false).unwrap(), &[3.0], set)
    };
    let plain = solution(1.0, &[]);
    assert_eq!(plain.outcome, Outcome::Converged);
    for unit in [1e-6, 1e4, 1e8] {
        // Accuracies that the start meets, and that call nothing stationary.
        let eps = (1e-3 * unit).to_string();
        for set in [&[][..], &[("lower_accuracy", &eps[..]), ("adjoint_accuracy", "1e-3")]] {
            let found = solution(unit, set);
            assert!(
                matches!(found.outcome, Outcome::Converged | Outcome::Floor),
                "{unit} {:?}",
                found.outcome
            );
            let (f, best) = (found.certificate.value / (unit * unit), plain.certificate.value);
            assert!((f - best).abs() < 1e-6 * best, "{unit} {set:?} {f} {best}");
        }
    }
}

#[test]
fn a_single_row_to_train_on_ends() {
    for seed in 0..100 {
        let (rows, strength) = (1 + seed as usize % 2, seed as f64 % 7.0 - 3.0);
        let task = Task {
            training: task(rows, 3, Kind::Numbers, 200 + seed).training,
            validation: task(10, 3, Kind::Numbers, 400 + seed).training,
        };
        let problem = ridge(Split::HoldOut(task), &Sharing::Single, false).unwrap();
        let found = solved(&problem, &[strength], &[("max_products", "100000")]);
        assert!(found.outcome != Outcome::WorkLimit, "{seed} {:?}", found.counts);
    }
}

#[test]
fn rounding_of_products_is_no_contradiction() {
    // Probabilities that are 0 or 1 to rounding, and penalties that are too.
    let problem =
        multinomial(Split::HoldOut(task(20, 3, Kind::Classes(3), 95)), 3, &Sharing::Single, true).unwrap();
    for theta in [-30.0, -29.0, -28.0] {
        let found = solved(&problem, &[theta], &[("max_products", "100000")]);
        assert!(!found.flaw.as_ref().is_some_and(Flaw::is_contradiction), "{theta} {:?}", found.flaw);
        let (x, q) = (&found.x, &found.q);
        crate::bilevel::certificate(&problem, &found.theta, x, q, &options(&[]), &mut Control::new())
            .unwrap();
    }
}

#[test]
fn conjugate_gradients_alone_are_for_quadratics() {
    let problem = logistic(Split::HoldOut(task(20, 3, Kind::Labels, 96)), &Sharing::Single, false).unwrap();
    let set = options(&[("lower_solver", "cg")]);
    let error = solve(&problem, &[0.0], &set, None, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Option, "{error}");
}

#[test]
fn an_estimate_of_the_value_is_within_its_interval() {
    let problem = experts(1);
    for eps in ["1e2", "1", "1e-2"] {
        let set = [("lower_accuracy", eps), ("adjoint_accuracy", "1e-6"), ("max_iterations", "0")];
        let found = solved(&problem, &same_filters(-3.0), &set).certificate;
        assert!(
            found.interval.lower <= found.value && found.value <= found.interval.upper,
            "{eps} {found:?}"
        );
    }
}
