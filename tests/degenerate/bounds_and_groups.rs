//! Bounds that meet or exclude zero, and groups of every kind.

use super::*;

#[test]
fn bounds_that_meet_exclude_zero_or_are_partly_infinite() {
    let data = data(40, 6, 1.0, 22);
    let lower = [0.5, 0.2, -INF, -0.9, 0.0, -0.1];
    let upper = [0.5, 0.9, -0.2, INF, 0.0, 0.1];
    let coef = [9.0, -9.0, 9.0, 9.0, 9.0, -9.0];
    for way in WAYS {
        for loss in LOSSES {
            for (penalty, l1, l2) in [("none", 0.0, 0.0), ("l1", 0.4, 0.0), ("ridge", 0.0, 0.4)] {
                let mut problem = data.problem(loss);
                problem.set_bounds(&lower, &upper).unwrap();
                let pairs = [("loss", loss), ("penalty", penalty), ("lambda", "0.4"), ("tolerance", "1e-10")];
                let pairs = with(&pairs, way);
                let mut plain = Plain::new(&data, loss, l1, l2, false);
                (plain.lower, plain.upper) = (lower.to_vec(), upper.to_vec());
                let found = solved(&problem, &pairs);
                assert_eq!(found.coef[0], 0.5);
                optimal(&found, &plain, 1e-3);
                // A start outside is brought inside.
                let start = Some(Start { coef: Some(&coef), intercept: 0.0 });
                let found = solve(&problem, &options(&pairs), start, &mut Control::new()).unwrap();
                assert_eq!(found.outcome, Outcome::Converged, "{pairs:?} {:?}", found.certificate);
                optimal(&found, &plain, 1e-3);
            }
        }
    }
}

/// The residual is rounding, and so is the dual point that comes of it: zero is a better one.
#[test]
fn a_perfect_fit_within_bounds_is_certified_to_rounding() {
    // Columns of a common sign and large size, so that rounding counts.
    let mut data = data(15, 90, 1.0, 3);
    data.a.iter_mut().for_each(|a| *a = 200.0 * (*a + 2.0));
    for (loss, lower, upper) in
        [("squared", -0.1, 0.1), ("squared", -5.0, 5.0), ("squared", 0.0, INF), ("huber", -0.1, 0.1)]
    {
        for (scale, intercept) in [("sum", "false"), ("mean", "false"), ("sum", "true")] {
            let mut problem = data.problem(loss);
            problem.set_bounds(&[lower; 90], &[upper; 90]).unwrap();
            let pairs = [
                ("loss", loss),
                ("penalty", "none"),
                ("scale", scale),
                ("intercept", intercept),
                ("tolerance", "1e-13"),
            ];
            let found = solved(&problem, &pairs);
            let mut plain = Plain::new(&data, loss, 0.0, 0.0, intercept == "true");
            (plain.lower, plain.upper) = (vec![lower; 90], vec![upper; 90]);
            let violation = plain.violation(&found.coef, found.intercept);
            // Beside the sizes of the terms that each product sums: the residual is no better than they are rounded.
            let terms = |r: usize| -> f64 {
                let fitted = found.coef.iter().enumerate().map(|(j, x)| (data.column(j)[r] * x).abs());
                data.score[r].abs() + found.intercept.abs() + fitted.sum::<f64>()
            };
            let terms: Vec<f64> = (0..15).map(terms).collect();
            let of_column =
                |j: usize| data.column(j).iter().zip(&terms).map(|(a, t)| a.abs() * t).sum::<f64>();
            let size = (0..90).map(of_column).fold(0.0, f64::max);
            if found.certificate.objective < 1e-20 {
                assert!(violation <= 1e-13 * size, "{loss} {lower} {violation:e} of {size:e}");
            }
            let perfect = loss == "squared" && lower < 0.0;
            assert!(!perfect || found.certificate.objective < 1e-20, "{:e}", found.certificate.objective);
        }
    }
}

#[test]
fn a_zero_column_with_bounds_that_exclude_zero_takes_the_nearest() {
    let mut data = data(20, 3, 1.0, 22);
    data.a[20..40].fill(0.0);
    let mut problem = data.problem("squared");
    problem.set_bounds(&[-INF, 0.2, -INF], &[INF, 0.9, INF]).unwrap();
    for way in WAYS {
        for (penalty, l1, l2) in [("none", 0.0, 0.0), ("l1", 0.4, 0.0), ("ridge", 0.0, 0.4)] {
            let pairs = [("penalty", penalty), ("lambda", "0.4"), ("tolerance", "1e-10")];
            let found = solved(&problem, &with(&pairs, way));
            assert_eq!(found.coef[1], 0.2, "{penalty}");
            let mut plain = Plain::new(&data, "squared", l1, l2, false);
            (plain.lower[1], plain.upper[1]) = (0.2, 0.9);
            optimal(&found, &plain, 1e-4);
        }
    }
}

#[test]
fn every_coefficient_fixed_by_its_bounds() {
    let data = data(20, 3, 1.0, 22);
    let values = [0.25, -1.0, 0.0];
    let mut problem = data.problem("squared");
    problem.set_bounds(&values, &values).unwrap();
    for way in WAYS {
        let found = solved(&problem, &with(&[("lambda", "0.4"), ("intercept", "true")], way));
        assert_eq!(found.coef, values);
        let plain = Plain::new(&data, "squared", 0.4, 0.0, true);
        let rest: Vec<f64> =
            plain.predictor(&values, 0.0).iter().zip(&data.score).map(|(z, y)| y - z).collect();
        near(found.intercept, mean(&rest), 1e-12);
        near(found.certificate.objective, plain.objective(&values, found.intercept), 1e-12);
    }
}

#[test]
fn nonnegative_coefficients_without_a_penalty() {
    for seed in 0..8 {
        let data = data(90, 8, 1.0, seed);
        for way in WAYS {
            for loss in ["squared", "logistic", "huber", "squared-hinge"] {
                for (bound, sign) in [("lower", 1.0), ("upper", -1.0)] {
                    for intercept in ["false", "true"] {
                        let pairs = [
                            ("loss", loss),
                            ("penalty", "none"),
                            (bound, "0"),
                            ("intercept", intercept),
                            ("tolerance", "1e-9"),
                        ];
                        let found = solved(&data.problem(loss), &with(&pairs, way));
                        assert_eq!(found.certificate.kind, Kind::DualityGap);
                        let mut plain = Plain::new(&data, loss, 0.0, 0.0, intercept == "true");
                        if sign > 0.0 { &mut plain.lower } else { &mut plain.upper }.fill(0.0);
                        optimal(&found, &plain, 1e-2);
                    }
                }
            }
        }
    }
}

// Groups

#[test]
fn groups_of_one_are_l1() {
    let data = data(30, 12, 1.0, 23);
    for way in WAYS {
        for loss in ["squared", "logistic"] {
            let base = with(&[("loss", loss), ("lambda", "0.4"), ("tolerance", "1e-13")], way);
            let single = with(&base, &[("penalty", "group"), ("group_size", "1")]);
            let problem = data.problem(loss);
            all_near(&solved(&problem, &single).coef, &solved(&problem, &base).coef, 1e-5);
        }
    }
}

#[test]
fn empty_groups_and_groups_out_of_order() {
    let data = data(30, 6, 1.0, 23);
    let order = [0, 3, 1, 4, 2, 5];
    let sorted = columns_of(&data, &order);
    let mut consecutive = sorted.problem("squared");
    consecutive.set_groups(&[0, 0, 1, 1, 2, 2], Some(&[1.0, 2.0, 0.5])).unwrap();
    // The same three groups under the names 5, 2 and 0; nobody is in the others.
    let mut scattered = data.problem("squared");
    let weights = [0.5, 9.0, 2.0, 9.0, INF, 1.0];
    scattered.set_groups(&[5, 2, 0, 5, 2, 0], Some(&weights)).unwrap();
    for way in WAYS {
        let pairs = with(&[("penalty", "group"), ("lambda", "0.5"), ("tolerance", "1e-13")], way);
        let (found, other) = (solved(&consecutive, &pairs), solved(&scattered, &pairs));
        let expected: Vec<f64> = order.iter().map(|&j| other.coef[j]).collect();
        all_near(&found.coef, &expected, 1e-5);
    }
}

#[test]
fn a_group_of_equal_columns_is_one_column() {
    // Two equal columns in a group share the load: together they are the column times the root of 2.
    let base = data(30, 4, 1.0, 24);
    let pairs_of = columns_of(&base, &[0, 0, 1, 1, 2, 2, 3, 3]);
    let mut longer = base.clone();
    longer.a.iter_mut().for_each(|a| *a *= 2.0_f64.sqrt());
    for way in WAYS {
        for loss in ["squared", "logistic", "huber"] {
            let base = with(&[("loss", loss), ("lambda", "0.6"), ("tolerance", "1e-12")], way);
            let group = with(&base, &[("penalty", "group"), ("group_size", "2")]);
            let (found, single) =
                (solved(&pairs_of.problem(loss), &group), solved(&longer.problem(loss), &base));
            near(found.certificate.objective, single.certificate.objective, 1e-10);
            for j in 0..4 {
                near(found.coef[2 * j], single.coef[j] / 2.0_f64.sqrt(), 1e-4);
                near(found.coef[2 * j + 1], single.coef[j] / 2.0_f64.sqrt(), 1e-4);
            }
        }
    }
}

#[test]
fn a_group_without_weight_is_fitted_freely_and_one_of_infinite_weight_not_at_all() {
    let data = data(30, 6, 1.0, 25);
    let mut problem = data.problem("squared");
    problem.set_groups(&[0, 0, 1, 1, 2, 2], Some(&[0.0, INF, 1.0])).unwrap();
    for way in WAYS {
        let pairs =
            [("penalty", "group"), ("lambda_ratio", "1.01"), ("intercept", "true"), ("tolerance", "1e-10")];
        let found = solved(&problem, &with(&pairs, way));
        assert_eq!(found.coef[2..], [0.0; 4]);
        let two = columns_of(&data, &[0, 1]);
        let violation =
            Plain::new(&two, "squared", 0.0, 0.0, true).violation(&found.coef[..2], found.intercept);
        assert!(violation < 1e-6, "{violation:e}");
    }
}

#[test]
fn a_gradient_norm_is_not_sold_as_a_gap() {
    let data = data(30, 6, 1.0, 25);
    let found = solved(&data.problem("squared"), &[("penalty", "none")]);
    assert_eq!((found.certificate.kind, found.certificate.rigor), (Kind::Gradient, Rigor::None));
    assert!(found.dual.is_empty() && found.certificate.dual_objective == -INF);
}

#[test]
fn bounds_on_unpenalized_columns_leave_lambda_max_finite() {
    let data = data(30, 4, 0.9, 7);
    let mut problem = Problem::new(data.dense(), &data.score).unwrap();
    problem.set_penalty_factors(&[0.0, 1.0, 1.0, 1.0]).unwrap();
    let found = run(&problem, &[("lower", "0"), ("lambda_ratio", "0.1"), ("tolerance", "1e-9")]);
    assert!(found.lambda_max.is_finite() && found.lambda.is_finite(), "{found:?}");
    assert_eq!(found.outcome, Outcome::Converged);
}
