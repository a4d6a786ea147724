//! The same problem said in other ways: weights, permutations, offsets, storage.

use super::*;

#[test]
fn weights_stand_for_rows() {
    let base = data(24, 10, 1.0, 17);
    // Rows 0 to 3 are left out, 4 to 7 count twice.
    let keep: Vec<usize> = (4..24).chain(4..8).collect();
    let a = (0..10).flat_map(|j| keep.iter().map(move |&r| (j, r))).map(|(j, r)| base.column(j)[r]).collect();
    for loss in LOSSES {
        let y = base.target(loss);
        let score = keep.iter().map(|&r| y[r]).collect::<Vec<_>>();
        let other = Data { rows: keep.len(), cols: 10, a: Vec::clone(&a), score: score.clone() };
        let mut weighted = base.problem(loss);
        let weight = |r: usize| [0.0, 2.0, 1.0][(r / 4).min(2)];
        weighted.set_weights(&(0..24).map(weight).collect::<Vec<_>>()).unwrap();
        let plain_rows = Problem::new(other.dense(), &score).unwrap();
        for standardize in ["false", "true"] {
            for way in [WAYS[0], WAYS[4]] {
                let pairs = [
                    ("loss", loss),
                    ("lambda_ratio", "0.1"),
                    ("intercept", "true"),
                    ("tolerance", "1e-13"),
                    ("standardize", standardize),
                ];
                let pairs = with(&pairs, way);
                let (found, expected) = (run(&weighted, &pairs), run(&plain_rows, &pairs));
                near(found.lambda_max, expected.lambda_max, 1e-10);
                all_near(&found.coef, &expected.coef, 1e-5);
                near(found.intercept, expected.intercept, 1e-5);
                near(found.certificate.objective, expected.certificate.objective, 1e-11);
            }
        }
    }
}

#[test]
fn a_row_without_weight_may_hold_anything() {
    let mut full = data(12, 4, 1.0, 3);
    let mut weights = vec![1.0; 12];
    weights[5] = 0.0;
    for j in 0..4 {
        full.a[j * 12 + 5] = 1e300;
    }
    for loss in LOSSES {
        let mut problem = full.problem(loss);
        problem.set_weights(&weights).unwrap();
        let mut plain = Plain::new(&full, loss, 0.3, 0.0, true);
        plain.s = weights.clone();
        let found = solved(
            &problem,
            &[("loss", loss), ("lambda", "0.3"), ("intercept", "true"), ("tolerance", "1e-10")],
        );
        // The predictor of that row overflows, which must not matter.
        let (mut less, keep) = (full.clone(), (0..12).filter(|r| *r != 5).collect::<Vec<_>>());
        less.a = (0..4).flat_map(|j| keep.iter().map(|&r| full.column(j)[r]).collect::<Vec<_>>()).collect();
        less.rows = 11;
        less.score = keep.iter().map(|&r| plain.y[r]).collect();
        let mut plain = Plain::new(&less, "squared", 0.3, 0.0, true);
        plain.loss = loss;
        optimal(&found, &plain, 1e-4);
    }
}

#[test]
fn all_weights_zero() {
    let data = data(12, 4, 1.0, 3);
    for way in WAYS {
        for loss in LOSSES {
            let mut problem = data.problem(loss);
            problem.set_weights(&[0.0; 12]).unwrap();
            for intercept in ["false", "true"] {
                let pairs = [("loss", loss), ("lambda", "1"), ("intercept", intercept)];
                let found = solved(&problem, &with(&pairs, way));
                assert_eq!((found.nonzeros(), found.certificate.objective), (0, 0.0), "{loss}");
            }
        }
    }
}

#[test]
fn permuted_columns_permute_the_solution() {
    let base = data(40, 12, 1.0, 18);
    let order: Vec<usize> = (0..12).map(|j| (5 * j + 3) % 12).collect();
    let other = columns_of(&base, &order);
    for way in WAYS {
        for loss in ["squared", "logistic"] {
            let pairs = with(&[("loss", loss), ("lambda", "0.4"), ("tolerance", "1e-13")], way);
            let (found, moved) = (solved(&base.problem(loss), &pairs), solved(&other.problem(loss), &pairs));
            let expected: Vec<f64> = order.iter().map(|&j| found.coef[j]).collect();
            all_near(&moved.coef, &expected, 1e-5);
        }
    }
}

#[test]
fn a_zero_column_more_changes_nothing() {
    let base = data(40, 12, 1.0, 18);
    let mut more = base.clone();
    more.a.extend([0.0; 40]);
    more.cols = 13;
    for loss in LOSSES {
        for way in [WAYS[0], WAYS[1], WAYS[3]] {
            let pairs = with(&[("loss", loss), ("lambda", "0.4"), ("tolerance", "1e-13")], way);
            let (found, same) = (solved(&base.problem(loss), &pairs), solved(&more.problem(loss), &pairs));
            assert_eq!(same.coef[12], 0.0);
            all_near(&same.coef[..12], &found.coef, 1e-6);
        }
    }
}

#[test]
fn a_multiple_of_target_and_lambda_scales_the_solution() {
    let base = data(40, 12, 1.0, 18);
    let reference = solved(&base.problem("squared"), &[("lambda", "0.4"), ("tolerance", "1e-13")]);
    for c in [-2.0, 3.7, 1e-6, 1e9] {
        let mut other = base.clone();
        other.score.iter_mut().for_each(|y| *y *= c);
        let lambda = (0.4 * c).abs().to_string();
        for way in WAYS {
            let pairs = with(&[("lambda", lambda.as_str()), ("tolerance", "1e-13")], way);
            let found = solved(&other.problem("squared"), &pairs);
            let units: Vec<f64> = found.coef.iter().map(|x| x / c).collect();
            all_near(&units, &reference.coef, 1e-5);
        }
    }
}

#[test]
fn an_offset_is_a_shift_of_the_target() {
    let base = data(40, 12, 1.0, 19);
    let offset = Numbers(3).vector(40);
    let mut shifted = base.clone();
    shifted.score.iter_mut().zip(&offset).for_each(|(y, o)| *y -= o);
    let mut problem = base.problem("squared");
    problem.set_offset(&offset).unwrap();
    for way in WAYS {
        let pairs = with(&[("lambda", "0.4"), ("intercept", "true"), ("tolerance", "1e-13")], way);
        let (found, expected) = (solved(&problem, &pairs), solved(&shifted.problem("squared"), &pairs));
        all_near(&found.coef, &expected.coef, 1e-5);
        near(found.intercept, expected.intercept, 1e-5);
        for loss in ["logistic", "poisson", "squared-hinge"] {
            let mut problem = base.problem(loss);
            problem.set_offset(&offset).unwrap();
            let mut plain = Plain::new(&base, loss, 0.4, 0.0, true);
            plain.o = offset.clone();
            optimal(
                &solved(&problem, &with(&pairs, &[("loss", loss), ("tolerance", "1e-10")])),
                &plain,
                1e-3,
            );
        }
    }
}

#[test]
fn storage_in_single_precision() {
    let data = data(40, 12, 0.6, 20);
    for way in WAYS {
        for loss in ["squared", "logistic"] {
            let pairs = with(&[("loss", loss), ("lambda", "0.4"), ("tolerance", "1e-11")], way);
            let plain = Plain::new(&data, loss, 0.4, 0.0, false);
            for matrix in [data.dense32(), data.sparse(|a| a as f32, |k| k as i32)] {
                let problem = Problem::new(matrix, &data.target(loss)).unwrap();
                optimal(&solved(&problem, &pairs), &plain, 1e-4);
            }
        }
    }
}

#[test]
fn rows_first_and_columns_first() {
    let data = data(14, 9, 1.0, 20);
    // Lines with room between them.
    let mut by_row = vec![f64::NAN; 14 * 11];
    for j in 0..9 {
        (0..14).for_each(|r| by_row[r * 11 + j] = data.column(j)[r]);
    }
    let view = DenseView { data: &by_row[..], rows: 14, cols: 9, ld: 11, order: Order::RowMajor };
    let problem = Problem::new(Matrix::dense(view).unwrap(), &data.score).unwrap();
    assert_eq!(run(&problem, &[]).coef, run(&data.problem("squared"), &[]).coef);
}

// Bounds
