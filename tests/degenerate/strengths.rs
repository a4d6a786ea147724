//! Strengths of the penalty from zero to infinity, and targets that need none.

use super::*;

#[test]
fn lambda_zero() {
    let data = data(40, 6, 1.0, 3);
    for way in WAYS {
        for loss in LOSSES {
            for penalty in ["l1", "elastic-net", "ridge"] {
                let pairs = [("loss", loss), ("lambda", "0"), ("tolerance", "1e-8"), ("penalty", penalty)];
                let found = solved(&data.problem(loss), &with(&pairs, way));
                assert_eq!(found.certificate.kind, Kind::Gradient);
                let plain = Plain::new(&data, loss, 0.0, 0.0, false);
                optimal(&found, &plain, 1e-5);
            }
        }
    }
}

/// The largest correlation with what the mean leaves.
fn lambda_max(data: &Data) -> f64 {
    let center = mean(&data.score);
    let correlation = |j: usize| -> f64 {
        data.column(j).iter().zip(&data.score).map(|(a, y)| a * (y - center)).sum::<f64>().abs()
    };
    (0..data.cols).map(correlation).fold(0.0, f64::max)
}

#[test]
fn lambda_at_lambda_max() {
    let data = data(35, 20, 1.0, 12);
    let most = lambda_max(&data);
    let problem = data.problem("squared");
    for way in WAYS {
        for (factor, zero) in [(1.0 + 1e-12, true), (1.0, false), (1.0 - 1e-12, false)] {
            for tolerance in ["0", "1e-6", "1e-14"] {
                let lambda = format!("{:e}", most * factor);
                let pairs = [("lambda", &lambda[..]), ("intercept", "true"), ("tolerance", tolerance)];
                let found = run(&problem, &with(&pairs, way));
                near(found.lambda_max, most, 1e-14);
                let ended = matches!(found.outcome, Outcome::Converged | Outcome::Floor);
                assert!(ended && found.coef.iter().all(|c| c.abs() < 1e-9), "{factor} {:?}", found.outcome);
                assert!(!zero || found.nonzeros() == 0);
                near(found.intercept, mean(&data.score), 1e-9);
            }
        }
    }
}

#[test]
fn a_ratio_of_one_or_more_gives_exact_zeros() {
    let data = data(35, 20, 1.0, 12);
    for way in WAYS {
        for loss in LOSSES {
            for penalty in [
                &[("penalty", "l1")][..],
                &[("penalty", "elastic-net")],
                &[("penalty", "group"), ("group_size", "3")],
                &[("penalty", "sparse-group"), ("group_size", "3")],
                &[("lower", "0")],
            ] {
                for ratio in ["1", "1.0000001", "5", "inf"] {
                    let pairs = [("loss", loss), ("lambda_ratio", ratio), ("intercept", "true")];
                    let found = solved(&data.problem(loss), &with(&with(&pairs, penalty), way));
                    assert_eq!(found.nonzeros(), 0, "{pairs:?} {penalty:?}");
                    assert_eq!(found.iterations, 0, "{pairs:?} {penalty:?}");
                }
            }
        }
    }
}

#[test]
fn an_infinite_lambda_leaves_the_unpenalized_columns() {
    let data = data(30, 6, 1.0, 4);
    let factors = [0.0, 1.0, 0.0, 2.0, 1.0, 1.0];
    for way in WAYS {
        for loss in ["squared", "logistic", "huber"] {
            for penalty in ["l1", "ridge", "elastic-net"] {
                let mut problem = data.problem(loss);
                problem.set_penalty_factors(&factors).unwrap();
                let pairs = [
                    ("loss", loss),
                    ("penalty", penalty),
                    ("lambda", "inf"),
                    ("intercept", "true"),
                    ("tolerance", "1e-9"),
                ];
                let found = solved(&problem, &with(&pairs, way));
                let zeros = [1, 3, 4, 5].iter().all(|&j| found.coef[j] == 0.0);
                assert!(zeros && found.coef[0] != 0.0 && found.coef[2] != 0.0, "{pairs:?}");
                let two = columns_of(&data, &[0, 2]);
                let plain = Plain::new(&two, loss, 0.0, 0.0, true);
                let violation = plain.violation(&[found.coef[0], found.coef[2]], found.intercept);
                assert!(violation < 1e-5, "{pairs:?} {violation:e}");
            }
        }
    }
}

#[test]
fn lambda_max_comes_after_the_unpenalized_columns_are_fitted() {
    let data = data(30, 5, 1.0, 14);
    let mut problem = data.problem("squared");
    problem.set_penalty_factors(&[0.0, 1.0, 1.0, 4.0, 1.0]).unwrap();
    // The residual of the one free column by hand.
    let (a, y) = (data.column(0), &data.score);
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let t = dot(a, y) / dot(a, a);
    let r: Vec<f64> = a.iter().zip(y).map(|(a, y)| y - t * a).collect();
    let ratio = |j: usize| dot(data.column(j), &r).abs() / if j == 3 { 4.0 } else { 1.0 };
    let expected = (1..5).map(ratio).fold(0.0, f64::max);
    let found = solved(&problem, &[("lambda_ratio", "1")]);
    near(found.lambda_max, expected, 1e-12);
    near(found.coef[0], t, 1e-12);
    assert_eq!(found.nonzeros(), 1);
}

#[test]
fn an_infinite_factor_is_as_good_as_no_column() {
    let full = data(30, 6, 1.0, 5);
    let rest = columns_of(&full, &[0, 2, 3, 5]);
    for way in WAYS {
        for penalty in ["l1", "ridge", "elastic-net"] {
            let mut problem = full.problem("squared");
            problem.set_penalty_factors(&[1.0, INF, 1.0, 1.0, INF, 1.0]).unwrap();
            let pairs = with(&[("lambda", "0.4"), ("penalty", penalty), ("tolerance", "1e-13")], way);
            let found = solved(&problem, &pairs);
            let kept: Vec<f64> = [0, 2, 3, 5].iter().map(|&j| found.coef[j]).collect();
            assert_eq!((found.coef[1], found.coef[4]), (0.0, 0.0));
            all_near(&kept, &solved(&rest.problem("squared"), &pairs).coef, 1e-6);
        }
    }
}

// Targets

#[test]
fn a_target_of_zeros() {
    let mut data = data(20, 30, 1.0, 3);
    data.score.fill(0.0);
    for way in WAYS {
        for penalty in ["l1", "none", "ridge", "elastic-net"] {
            for intercept in ["false", "true"] {
                for tolerance in ["0", "1e-6"] {
                    let pairs = [("penalty", penalty), ("intercept", intercept), ("tolerance", tolerance)];
                    let found = solved(&data.problem("squared"), &with(&pairs, way));
                    assert_eq!((found.nonzeros(), found.intercept), (0, 0.0), "{pairs:?}");
                    assert_eq!(found.certificate.objective, 0.0);
                }
            }
        }
    }
}

#[test]
fn a_constant_target_beside_an_intercept() {
    let mut data = data(20, 30, 1.0, 3);
    for value in [7.0, -0.1, 1e-3] {
        data.score.fill(value);
        for way in WAYS {
            for loss in ["squared", "huber"] {
                for strength in [("lambda", "0.5"), ("lambda_ratio", "0.1")] {
                    let pairs = [("loss", loss), ("intercept", "true"), strength];
                    let found = run(&data.problem(loss), &with(&pairs, way));
                    // A residual of rounding size may still be above a tolerance relative to a null loss of 0.
                    assert!(
                        matches!(found.outcome, Outcome::Converged | Outcome::Floor),
                        "{pairs:?} {way:?} {:?} {:?} {:e}",
                        found.outcome,
                        found.certificate,
                        found.target
                    );
                    near(found.intercept, value, 1e-13);
                    assert!(found.coef.iter().all(|c| c.abs() < 1e-12));
                }
            }
        }
    }
}

#[test]
fn perfect_interpolation() {
    for (rows, cols) in [(30, 8), (8, 8), (8, 30)] {
        let mut data = data(rows, cols, 1.0, 21);
        let truth: Vec<f64> = (0..cols).map(|j| if j % 3 == 0 { 1.0 + j as f64 } else { 0.0 }).collect();
        data.score = Plain::new(&data, "squared", 0.0, 0.0, false).predictor(&truth, 0.0);
        let size: f64 = data.score.iter().map(|y| y * y).sum();
        for way in [WAYS[0], WAYS[3], WAYS[4]] {
            let found =
                solved(&data.problem("squared"), &with(&[("penalty", "none"), ("tolerance", "1e-9")], way));
            assert!(found.certificate.objective <= 1e-14 * size, "{rows}x{cols} {:?}", found.certificate);
            if rows > cols {
                all_near(&found.coef, &truth, 1e-6);
            }
        }
        // A trace of l1 picks a solution of small norm among those that interpolate.
        let found = solved(&data.problem("squared"), &[("lambda_ratio", "1e-9"), ("tolerance", "1e-12")]);
        let norm = |x: &[f64]| x.iter().map(|x| x.abs()).sum::<f64>();
        assert!(norm(&found.coef) <= norm(&truth) * (1.0 + 1e-6));
        assert!(found.certificate.objective <= found.lambda * norm(&truth) * (1.0 + 1e-6) + found.target);
    }
}

#[test]
fn a_tiny_lambda_with_more_columns_than_rows_ends_honestly() {
    let data = data(15, 60, 1.0, 8);
    for loss in ["squared", "huber"] {
        let pairs = [("loss", loss), ("lambda_ratio", "1e-12"), ("tolerance", "1e-14")];
        let found = run(&data.problem(loss), &pairs);
        let honest = found.certificate.objective - found.certificate.value <= found.certificate.objective;
        assert!(honest && found.outcome != Outcome::Diverged, "{:?}", found.outcome);
        let close = found.certificate.value <= 1e-9 * found.null_loss;
        assert!(close, "{loss} {:?} {:?}", found.outcome, found.certificate);
    }
}
