//! Sizes at the ends of the range of numbers, and tolerances at the ends of theirs.

use super::*;

#[test]
fn columns_of_extreme_scale() {
    let base = data(30, 8, 1.0, 15);
    let exponents = [-500, 500, 0, -490, 480, 3, -70, 70];
    let scale: Vec<f64> = exponents.iter().map(|e| 2.0_f64.powi(*e)).collect();
    let mut full = base.clone();
    for (j, s) in scale.iter().enumerate() {
        full.a[j * 30..(j + 1) * 30].iter_mut().for_each(|a| *a *= s);
    }
    for way in WAYS {
        for loss in ["squared", "logistic", "huber"] {
            // Factors of the same scale make it the same problem in other units.
            let mut problem = full.problem(loss);
            problem.set_penalty_factors(&scale).unwrap();
            let pairs = with(&[("loss", loss), ("lambda", "0.5"), ("tolerance", "1e-12")], way);
            let found = solved(&problem, &pairs);
            let units: Vec<f64> = found.coef.iter().zip(&scale).map(|(c, s)| c * s).collect();
            let plain = Plain::new(&base, loss, 0.5, 0.0, false);
            let violation = plain.violation(&units, 0.0);
            assert!(violation < 1e-4, "{loss} {way:?} {violation:e}");
            near(found.certificate.objective, plain.objective(&units, 0.0), 1e-10);
        }
    }
}

#[test]
fn columns_and_targets_of_extreme_scale_at_once() {
    // Powers of ten, which no scaling undoes exactly. A coefficient is the target's scale over the column's, and a strength
    // their product: both have to be numbers, as c^2, the size of the objective, has not.
    let base = data(30, 6, 1.0, 15);
    let reference = solved(&base.problem("squared"), &[("lambda", "0.5"), ("tolerance", "1e-13")]);
    for (c, scale) in [
        (1.0, [1e150, 1e-150, 1.0, 1e75, 1e-50, 1e20]),
        (1e200, [1e100, 1e-100, 1.0, 1e75, 1e-50, 1e20]),
        (1e-200, [1e-100, 1e100, 1.0, 1e-75, 1e50, 1e60]),
    ] {
        let mut full = base.clone();
        for (j, s) in scale.iter().enumerate() {
            full.a[j * 30..(j + 1) * 30].iter_mut().for_each(|a| *a *= s);
        }
        full.score.iter_mut().for_each(|y| *y *= c);
        let mut problem = full.problem("squared");
        problem.set_penalty_factors(&scale).unwrap();
        let lambda = format!("{:e}", 0.5 * c);
        for way in WAYS {
            let pairs = with(&[("lambda", &lambda), ("tolerance", "1e-13")], way);
            let found = run(&problem, &pairs);
            let units: Vec<f64> = found.coef.iter().zip(&scale).map(|(x, s)| x * s / c).collect();
            all_near(&units, &reference.coef, 1e-5);
            let finite = found.certificate.value.is_finite() && found.certificate.objective.is_finite();
            assert!(finite || found.outcome != Outcome::Converged, "{c:e} {way:?} {:?}", found.certificate);
        }
    }
}

#[test]
fn columns_in_mixed_units_have_the_support_of_equal_ones() {
    let base = data(60, 17, 1.0, 16);
    let scale: Vec<f64> = (0..17).map(|j| 10.0_f64.powi((j * 5) % 17 - 8)).collect();
    let mut full = base.clone();
    for (j, s) in scale.iter().enumerate() {
        full.a[j * 60..(j + 1) * 60].iter_mut().for_each(|a| *a *= s);
    }
    // Steps of one length for several coordinates, and draws in proportion to their constants, cannot serve such units.
    for way in [WAYS[0], WAYS[1], WAYS[3], WAYS[4]] {
        for loss in LOSSES {
            let mut problem = full.problem(loss);
            problem.set_penalty_factors(&scale).unwrap();
            let pairs = with(&[("loss", loss), ("lambda_ratio", "0.2"), ("tolerance", "1e-11")], way);
            let (found, equal) = (solved(&problem, &pairs), solved(&base.problem(loss), &pairs));
            near(found.lambda_max, equal.lambda_max, 1e-12);
            let support = |x: &[f64]| (0..17).filter(|&j| x[j] != 0.0).collect::<Vec<_>>();
            assert_eq!(support(&found.coef), support(&equal.coef), "{loss} {way:?}");
            assert!((2..16).contains(&equal.nonzeros()), "{}", equal.nonzeros());
            let units: Vec<f64> = found.coef.iter().zip(&scale).map(|(x, s)| x * s).collect();
            all_near(&units, &equal.coef, 1e-4);
        }
    }
}

#[test]
fn targets_of_extreme_scale() {
    let base = data(30, 8, 1.0, 15);
    let reference = solved(&base.problem("squared"), &[("lambda", "0.5"), ("tolerance", "1e-13")]);
    for exponent in [-500, -300, -70, 70, 300, 500] {
        let c = 2.0_f64.powi(exponent);
        let mut full = base.clone();
        full.score.iter_mut().for_each(|y| *y *= c);
        let lambda = format!("{:e}", 0.5 * c);
        for way in WAYS {
            let pairs = with(&[("lambda", &lambda), ("tolerance", "1e-13")], way);
            let found = run(&full.problem("squared"), &pairs);
            let ended = matches!(found.outcome, Outcome::Converged | Outcome::Floor);
            // The objective itself is of the size c^2, which need not be a number.
            assert!(
                ended || exponent.abs() > 500,
                "2^{exponent} {way:?} {:?} {:?}",
                found.outcome,
                found.certificate
            );
            let units: Vec<f64> = found.coef.iter().map(|x| x / c).collect();
            all_near(&units, &reference.coef, 1e-5);
        }
    }
}

#[test]
fn denormal_columns_do_no_harm() {
    let mut full = data(30, 5, 1.0, 15);
    full.a[30..60].iter_mut().for_each(|a| *a *= 1e-310);
    full.a[60] = 5e-324;
    full.a[61..90].fill(0.0);
    let plain = Plain::new(&full, "squared", 0.5, 0.0, true);
    for way in WAYS {
        let pairs = with(&[("lambda", "0.5"), ("intercept", "true"), ("tolerance", "1e-12")], way);
        let found = solved(&full.problem("squared"), &pairs);
        assert_eq!((found.coef[1], found.coef[2]), (0.0, 0.0), "no correlation that beats the penalty");
        optimal(&found, &plain, 1e-5);
    }
}

#[test]
fn a_coefficient_beyond_the_range_of_numbers_is_not_returned() {
    // The least-squares solution is 1e320.
    let data = Data::of(&[&[1e-310, 2e-310]], &[1e10, 2e10]);
    for way in WAYS {
        let found = run(&data.problem("squared"), &with(&[("penalty", "none")], way));
        assert!(found.coef[0].is_finite() && found.certificate.value.is_finite(), "{found:?}");
    }
}

#[test]
fn a_solution_that_overflows_in_the_scale_of_the_data_has_diverged() {
    // The least-squares solution is 1e600.
    let data = Data::of(&[&[1e-300, 2e-300]], &[1e300, 2e300]);
    for rule in ["auto", "gs", "gsq", "cyclic"] {
        for penalty in ["none", "l1", "ridge"] {
            for intercept in ["false", "true"] {
                let pairs = [
                    ("rule", rule),
                    ("penalty", penalty),
                    ("intercept", intercept),
                    ("lambda_ratio", "1e-3"),
                ];
                let held = match penalty {
                    "l1" => &pairs[..],
                    _ => &pairs[..3],
                };
                let found = run(&data.problem("squared"), held);
                assert!(found.coef.iter().all(|c| c.is_finite()) && found.intercept.is_finite(), "{pairs:?}");
                assert!(
                    !found.certificate.value.is_nan() && found.outcome != Outcome::Converged,
                    "{pairs:?}"
                );
                if penalty == "none" {
                    assert_eq!((found.outcome, found.coef[0]), (Outcome::Diverged, 0.0), "{pairs:?}");
                }
            }
        }
        // A free column is part of the null model, which overflows too; bounds hold all the same.
        let wide = Data::of(&[&[1e-300, 2e-300], &[1.0, -1.0]], &[1e300, 2e300]);
        let mut problem = wide.problem("squared");
        problem.set_penalty_factors(&[0.0, 1.0]).unwrap();
        problem.set_bounds(&[1.0, f64::NEG_INFINITY], &[INF, INF]).unwrap();
        let found = run(&problem, &[("rule", rule), ("lambda", "1")]);
        assert!(found.outcome == Outcome::Diverged && found.coef.iter().all(|c| c.is_finite()), "{found:?}");
        assert!(found.coef[0] >= 1.0);
        let path = southwell::bcd::path(
            &data.problem("squared"),
            &options(&[("rule", rule), ("penalty", "ridge")]),
            &southwell::bcd::Grid::given(&[1.0, 0.0]),
            None,
            &mut Control::new(),
        );
        assert!(
            path.unwrap().points.iter().all(|s| s.coef[0].is_finite() && s.outcome != Outcome::Converged)
        );
        // Several outputs, whose target is not scaled.
        for (loss, targets) in [("multi-squared", [1e300, -1e300, 2e300, -2e300]), ("softmax", [0.0; 4])] {
            for (columns, size) in
                [([1e-300, 2e-300], 1.0), ([1e-300, 2e-300], 1e-290), ([1e-310, 1e-309], 1.0)]
            {
                let data = Data::of(&[&columns], &[0.0, 1.0]);
                let mut problem = Problem::new(data.dense(), &[0.0, 1.0]).unwrap();
                if loss == "multi-squared" {
                    problem.set_targets(2, &targets.map(|t| t * size)).unwrap();
                }
                for penalty in ["none", "ridge"] {
                    let pairs =
                        [("loss", loss), ("rule", rule), ("penalty", penalty), ("max_iterations", "1000")];
                    let found = run(&problem, &pairs);
                    let finite = found.coef.iter().chain(&found.intercepts).all(|c| c.is_finite());
                    assert!(finite && !found.certificate.value.is_nan(), "{pairs:?} {found:?}");
                }
            }
        }
    }
}

#[test]
fn the_intercept_of_a_robust_loss_far_from_all_targets() {
    // Every residual is beyond delta at the start, so that no row bends: the null model is the median all the same.
    let mut data = data(21, 4, 1.0, 3);
    data.score = (0..21).map(|r| 1e4 + f64::from(r * r)).collect();
    for way in WAYS {
        let pairs =
            [("loss", "huber"), ("lambda_ratio", "1.5"), ("intercept", "true"), ("tolerance", "1e-9")];
        let found = solved(&data.problem("huber"), &with(&pairs, way));
        assert_eq!((found.nonzeros(), found.iterations), (0, 0));
        // Row 10 is the middle one, and the only one within delta.
        near(found.intercept, 1e4 + 100.0, 1e-12);
    }
}

// Tolerances

#[test]
fn a_tolerance_of_zero_ends() {
    let data = data(30, 40, 1.0, 4);
    for way in WAYS {
        for loss in LOSSES {
            for penalty in ["l1", "ridge"] {
                let pairs = [("loss", loss), ("penalty", penalty), ("tolerance", "0"), ("intercept", "true")];
                let found = run(&data.problem(loss), &with(&pairs, way));
                let ended = matches!(found.outcome, Outcome::Converged | Outcome::Floor | Outcome::Stalled);
                assert!(ended, "{pairs:?} {way:?} {:?} {:?}", found.outcome, found.certificate);
                assert!(found.certificate.value <= 1e-6 * found.null_loss, "{:?}", found.certificate);
            }
        }
    }
}

#[test]
fn an_infinite_tolerance_takes_the_start() {
    let data = data(30, 40, 1.0, 4);
    for way in WAYS {
        for loss in LOSSES {
            for penalty in ["l1", "ridge", "none"] {
                let pairs = [("loss", loss), ("penalty", penalty), ("tolerance", "inf")];
                let found = solved(&data.problem(loss), &with(&pairs, way));
                assert_eq!((found.iterations, found.nonzeros()), (0, 0));
            }
        }
    }
}

// Equivalent problems

#[test]
fn numbers_that_overflow_are_never_certified() {
    let rows = 12;
    let mut n = Numbers(5);
    let a: Vec<f64> = (0..rows * 3).map(|_| n.next()).collect();
    let y: Vec<f64> = (0..rows).map(|_| n.next()).collect();
    let counts: Vec<f64> = (0..rows).map(|r| (r % 4) as f64).collect();
    let view = DenseView { data: &a[..], rows, cols: 3, ld: rows, order: Order::ColumnMajor };
    let mut squared = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
    let mut poisson = Problem::new(Matrix::dense(view).unwrap(), &counts).unwrap();
    let check = |problem: &Problem<'_>, pairs: &[(&str, &str)], start: Option<Start<'_>>| {
        let found = solve(problem, &options(pairs), start, &mut Control::new()).unwrap();
        let finite = found.certificate.objective.is_finite() && found.certificate.value.is_finite();
        assert!(finite || found.outcome != Outcome::Converged, "{pairs:?} {found:?}");
        assert!(!found.certificate.value.is_nan(), "{pairs:?} {found:?}");
        found.outcome
    };
    let far = [0.0, 1e4, 0.0];
    let start = Some(Start { coef: Some(&far), intercept: 50.0 });
    for intercept in ["true", "false"] {
        let pairs = [("loss", "poisson"), ("lambda", "0.1"), ("intercept", intercept)];
        assert_eq!(check(&poisson, &pairs, start), Outcome::Converged);
        poisson.set_offset(&[[750.0; 1].as_slice(), &[0.0; 11]].concat()).unwrap();
        check(&poisson, &pairs, None);
        poisson.set_offset(&[0.0; 12]).unwrap();
    }
    poisson.set_offset(&[210.0; 12]).unwrap();
    assert_eq!(check(&poisson, &[("loss", "poisson"), ("intercept", "true")], None), Outcome::Converged);
    for weight in [1e-310, 1e300] {
        squared.set_weights(&[weight; 12]).unwrap();
        for penalty in ["l1", "none", "ridge"] {
            check(&squared, &[("penalty", penalty)], None);
        }
    }
    squared.set_weights(&[1.0; 12]).unwrap();
    squared.set_offset(&[1e308; 12]).unwrap();
    check(&squared, &[], None);
}

#[test]
fn weights_of_extreme_scale() {
    let base = data(30, 40, 1.0, 15);
    for loss in ["squared", "logistic", "huber"] {
        let reference =
            solved(&base.problem(loss), &[("loss", loss), ("lambda", "0.5"), ("tolerance", "1e-12")]);
        for exponent in [-700, -500, -60, 60, 300] {
            let c = 2.0_f64.powi(exponent);
            let mut problem = base.problem(loss);
            problem.set_weights(&[c; 30]).unwrap();
            let lambda = format!("{:e}", 0.5 * c);
            let found = solved(&problem, &[("loss", loss), ("lambda", &lambda), ("tolerance", "1e-12")]);
            all_near(&found.coef, &reference.coef, 1e-5);
        }
    }
}
