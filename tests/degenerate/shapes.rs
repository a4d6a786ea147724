//! Shapes: nothing there, columns that say nothing or the same, entries in any order.

use super::*;

#[test]
fn no_rows() {
    let data = Data { rows: 0, cols: 3, a: vec![], score: vec![] };
    for way in WAYS {
        for loss in LOSSES {
            for penalty in [&[("lambda", "1")][..], &[], &[("penalty", "ridge")], &[("intercept", "true")]] {
                let found = solved(&data.problem(loss), &with(&with(penalty, way), &[("loss", loss)]));
                assert_eq!((found.coef, found.certificate.objective), (vec![0.0; 3], 0.0), "{loss}");
            }
        }
    }
}

#[test]
fn no_columns() {
    let data = Data { rows: 4, cols: 0, a: vec![], score: vec![1.0, -2.0, 4.0, 0.5] };
    for way in WAYS {
        let found = solved(&data.problem("squared"), way);
        near(found.certificate.objective, 0.5 * (1.0 + 4.0 + 16.0 + 0.25), 1e-15);
        let found = solved(&data.problem("squared"), &with(way, &[("intercept", "true")]));
        near(found.intercept, 3.5 / 4.0, 1e-15);
        // One label of four is negative: log odds of 3.
        let mut problem = data.problem("squared");
        problem.set_target(&[1.0, -1.0, 1.0, 1.0]).unwrap();
        let found = solved(&problem, &with(way, &[("intercept", "true"), ("loss", "logistic")]));
        near(found.intercept, 3.0_f64.ln(), 1e-10);
    }
    let nothing = Data { rows: 0, cols: 0, a: vec![], score: vec![] };
    let found = solved(&nothing.problem("squared"), &[("intercept", "true")]);
    assert_eq!((found.coef.len(), found.intercept, found.certificate.objective), (0, 0.0, 0.0));
}

#[test]
fn one_by_one() {
    let data = Data::of(&[&[2.0]], &[3.0]);
    for way in WAYS {
        let x = |pairs: &[(&str, &str)]| {
            solved(&data.problem("squared"), &with(&with(pairs, way), &[("tolerance", "1e-14")])).coef[0]
        };
        near(x(&[("lambda", "1")]), 5.0 / 4.0, 1e-14);
        near(x(&[("penalty", "ridge"), ("lambda", "1")]), 6.0 / 5.0, 1e-14);
        near(x(&[("penalty", "elastic-net"), ("lambda", "2")]), 5.0 / 5.0, 1e-14);
        near(x(&[("penalty", "group"), ("group_size", "7"), ("lambda", "1")]), 5.0 / 4.0, 1e-14);
        near(x(&[("penalty", "none")]), 1.5, 1e-14);
        near(x(&[("penalty", "none"), ("upper", "1")]), 1.0, 1e-14);
        assert_eq!(x(&[("lambda", "6")]), 0.0);
    }
}

#[test]
fn one_row_and_one_column() {
    // One row: under L1 the largest entry does all of the work.
    let row = Data { rows: 1, cols: 4, a: vec![1.0, -3.0, 2.0, 0.5], score: vec![6.0] };
    let column = Data { rows: 4, cols: 1, a: vec![1.0, -3.0, 2.0, 0.5], score: vec![6.0, 0.0, 1.0, -2.0] };
    for way in WAYS {
        let pairs = with(&[("lambda", "0.9"), ("tolerance", "1e-13")], way);
        let found = solved(&row.problem("squared"), &pairs);
        all_near(&found.coef, &[0.0, -(18.0 - 0.9) / 9.0, 0.0, 0.0], 1e-6);
        let found = solved(&column.problem("squared"), &pairs);
        near(found.coef[0], (7.0 - 0.9) / 14.25, 1e-12);
        // Beside an intercept one row says nothing of the columns.
        let found = solved(&row.problem("squared"), &with(&pairs, &[("intercept", "true")]));
        assert_eq!((found.nonzeros(), found.intercept), (0, 6.0));
    }
}

#[test]
fn a_matrix_of_zeros() {
    let data = Data { rows: 5, cols: 3, a: vec![0.0; 15], score: vec![1.0, 2.0, 0.0, 3.0, -1.0] };
    for way in WAYS {
        for loss in LOSSES {
            for penalty in ["l1", "none", "ridge", "elastic-net"] {
                for intercept in ["false", "true"] {
                    let pairs = [("loss", loss), ("penalty", penalty), ("intercept", intercept)];
                    let found = solved(&data.problem(loss), &with(&pairs, way));
                    assert_eq!(found.coef, [0.0; 3], "{pairs:?}");
                    let plain = Plain::new(&data, loss, 0.0, 0.0, intercept == "true");
                    optimal(&found, &plain, 1e-5);
                }
            }
        }
    }
}

#[test]
fn blocks_larger_than_the_problem() {
    let data = data(20, 6, 1.0, 3);
    let plain = Plain::new(&data, "squared", 0.5, 0.0, false);
    for rule in ["cyclic", "permuted", "random", "lipschitz", "gs", "gsl", "gsd", "gsq", "gsc"] {
        for blocks in ["fixed", "variable"] {
            for size in ["6", "7", "4096"] {
                let way = [("rule", rule), ("blocks", blocks), ("block_size", size), ("lambda", "0.5")];
                optimal(
                    &solved(&data.problem("squared"), &with(&way, &[("tolerance", "1e-12")])),
                    &plain,
                    1e-6,
                );
            }
        }
    }
}

// Columns

#[test]
fn zero_and_constant_columns() {
    let mut full = data(30, 8, 1.0, 5);
    full.a[2 * 30..3 * 30].fill(0.0);
    full.a[5 * 30..6 * 30].fill(3.7);
    let rest = columns_of(&full, &[0, 1, 3, 4, 6, 7]);
    for way in WAYS {
        for loss in ["squared", "logistic", "huber"] {
            let pairs = with(&[("loss", loss), ("lambda", "0.4"), ("tolerance", "1e-11")], way);
            let found = solved(&full.problem(loss), &pairs);
            assert_eq!(found.coef[2], 0.0);
            optimal(&found, &Plain::new(&full, loss, 0.4, 0.0, false), 1e-4);
            // Beside an intercept the constant column has nothing to say.
            let pairs = with(&pairs, &[("intercept", "true")]);
            let found = solved(&full.problem(loss), &pairs);
            assert_eq!((found.coef[2], found.coef[5]), (0.0, 0.0));
            optimal(&found, &Plain::new(&full, loss, 0.4, 0.0, true), 1e-4);
            let less = solved(&rest.problem(loss), &pairs);
            near(less.certificate.objective, found.certificate.objective, 1e-9);
        }
    }
}

#[test]
fn a_start_away_from_zero_on_a_column_that_cannot_matter_is_reset() {
    let mut full = data(30, 6, 1.0, 5);
    full.a[2 * 30..3 * 30].fill(0.0);
    full.a[4 * 30..5 * 30].fill(-2.0);
    let coef = [0.5, 0.0, 7.0, 0.0, 9.0, 1.0];
    for way in WAYS {
        for penalty in ["l1", "ridge", "elastic-net", "none"] {
            let pairs = with(&[("penalty", penalty), ("intercept", "true"), ("tolerance", "1e-9")], way);
            let start = Start { coef: Some(&coef), intercept: 3.0 };
            let problem = full.problem("squared");
            let found = solve(&problem, &options(&pairs), Some(start), &mut Control::new()).unwrap();
            assert_eq!(found.outcome, Outcome::Converged, "{pairs:?}");
            assert_eq!((found.coef[2], found.coef[4]), (0.0, 0.0), "{pairs:?}");
            let cold = solved(&problem, &pairs);
            near(found.certificate.objective, cold.certificate.objective, 1e-7);
        }
    }
}

#[test]
fn a_long_constant_column_is_constant() {
    // The rounding of the mean of so many ones must not pass for a deviation.
    let rows = 8124;
    let mut a = vec![1.0; rows];
    a.extend((0..rows).map(|r| ((r * 7919) % 101) as f64));
    let y: Vec<f64> = (0..rows).map(|r| if (r * 31) % 3 == 0 { 1.0 } else { -1.0 }).collect();
    let view = DenseView { data: &a[..], rows, cols: 2, ld: rows, order: Order::ColumnMajor };
    let problem = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
    for penalty in ["ridge", "l1"] {
        let pairs = [
            ("loss", "logistic"),
            ("penalty", penalty),
            ("lambda", "0.5"),
            ("intercept", "true"),
            ("standardize", "true"),
        ];
        let found = solve(&problem, &options(&pairs), None, &mut Control::new()).unwrap();
        assert_eq!(found.outcome, Outcome::Converged);
        assert_eq!(found.coef[0], 0.0);
    }
}

#[test]
fn a_nearly_constant_column_beside_an_intercept() {
    // A deviation of one part in 2^20 is no rounding: the column is kept, and standardizing brings it to full size.
    let mut full = data(40, 3, 1.0, 5);
    let wave: Vec<f64> = (0..40).map(|r| if r % 2 == 0 { 1.0 } else { -1.0 }).collect();
    full.a[40..80].copy_from_slice(&wave.iter().map(|w| 1.0 + w / f64::from(1 << 20)).collect::<Vec<_>>());
    full.score = wave.iter().map(|w| 5.0 * w).collect();
    let pairs = [("intercept", "true"), ("standardize", "true"), ("lambda", "1"), ("tolerance", "1e-7")];
    let found = solved(&full.problem("squared"), &pairs);
    assert!(found.coef[1] * 2.0_f64.powi(-20) > 4.5, "{:?}", found.coef);
}

/// The column `1 + e w` beside an intercept says what `e w` does, whose deviation drowns in nothing: the minimum of that
/// problem, and the answer of the other one valued in it, tell how far the answer is from its minimum.
#[test]
fn the_gap_of_a_column_that_hardly_varies_is_honest() {
    let rows = 40;
    for exponent in [12, 20, 26, 30, 36, 40, 43] {
        let e = 2.0_f64.powi(-exponent);
        let mut n = Numbers(exponent as u64);
        let (w, other, noise) = (n.vector(rows), n.vector(rows), n.vector(rows));
        let column: Vec<f64> = w.iter().map(|w| 1.0 + e * w).collect();
        let spread: Vec<f64> = column.iter().map(|a| a - 1.0).collect(); // exact: both are near 1
        let y: Vec<f64> = (0..rows).map(|r| 3.0 * w[r] + other[r] + 0.3 + 0.5 * noise[r]).collect();
        let center = mean(&spread);
        let square = spread.iter().map(|a| (a - center) * (a - center)).sum::<f64>() / rows as f64;
        let of_other = other.iter().map(|a| (a - mean(&other)).powi(2)).sum::<f64>() / rows as f64;
        let (hard, easy) = (Data::of(&[&column, &other], &y), Data::of(&[&spread, &other], &y));
        for (penalty, ratio) in [("l1", 1.0), ("ridge", 0.0), ("elastic-net", 0.5)] {
            for standardize in ["false", "true"] {
                let deviation = match standardize {
                    "true" => [square.sqrt(), of_other.sqrt()],
                    _ => [e, 1.0],
                };
                let strength = [deviation[0] * deviation[0], 1.0];
                let mut plain = Plain::new(&easy, "squared", 0.0, 0.0, true);
                plain.l1 = deviation.iter().map(|d| ratio * d).collect();
                plain.l2 = deviation.iter().map(|d| (1.0 - ratio) * d * d).collect();
                let problem_of = |data: &Data| -> Problem<'static> {
                    let (a, rows) = (data.a.clone(), data.rows);
                    let view = DenseView { data: &a[..], rows, cols: 2, ld: rows, order: Order::ColumnMajor };
                    let mut problem = Problem::new(Matrix::dense(view).unwrap(), &data.score).unwrap();
                    if standardize == "false" {
                        // The strength that the deviation would bring: of L1 the deviation, of the ridge its square.
                        let factor = if penalty == "ridge" { strength[0] } else { deviation[0] };
                        problem.set_penalty_factors(&[factor, 1.0]).unwrap();
                    }
                    problem
                };
                if standardize == "false" && penalty == "elastic-net" {
                    plain.l2[0] = (1.0 - ratio) * deviation[0];
                }
                let pairs = [
                    ("penalty", penalty),
                    ("lambda", "1"),
                    ("intercept", "true"),
                    ("standardize", standardize),
                ];
                let best = solved(&problem_of(&easy), &with(&pairs, &[("tolerance", "1e-13")]));
                near(best.certificate.objective, plain.objective(&best.coef, best.intercept), 1e-11);
                for tolerance in ["1e-4", "1e-7", "1e-10"] {
                    let ends = [("tolerance", tolerance), ("max_iterations", "100")];
                    let found = run(&problem_of(&hard), &with(&pairs, &ends));
                    // The sum is exact where the two nearly cancel.
                    let answer = plain.objective(&found.coef, found.intercept + found.coef[0]);
                    let distance = answer - best.certificate.objective;
                    let case = format!(
                        "2^-{exponent} {pairs:?} {tolerance}: {:?} {:?} target {:e} distance {distance:e} {:?}",
                        found.outcome, found.certificate, found.target, found.coef
                    );
                    let honest = distance <= found.certificate.value + 1e-11 * found.null_loss;
                    assert!(honest, "{case}");
                    // Whatever is lost to rounding, the answer is no worse than no answer.
                    assert!(found.certificate.objective <= found.null_loss * (1.0 + 1e-9), "{case}");
                }
            }
        }
    }
}

#[test]
fn duplicate_sign_flipped_and_collinear_columns() {
    let base = data(25, 5, 1.0, 6);
    let mut full = columns_of(&base, &[0, 1, 2, 3, 4, 0, 1, 2, 3, 0]);
    full.a[6 * 25..7 * 25].iter_mut().for_each(|a| *a = -*a);
    // A multiple of less than 1 is never worth its price under l1.
    full.a[7 * 25..8 * 25].iter_mut().for_each(|a| *a *= 0.5);
    let sum: Vec<f64> = (0..25).map(|r| 0.25 * (base.column(3)[r] + base.column(4)[r])).collect();
    full.a[8 * 25..9 * 25].copy_from_slice(&sum);
    for way in WAYS {
        for loss in ["squared", "logistic", "huber", "squared-hinge"] {
            let pairs = with(&[("loss", loss), ("lambda", "0.3"), ("tolerance", "1e-10")], way);
            let found = solved(&full.problem(loss), &pairs);
            optimal(&found, &Plain::new(&full, loss, 0.3, 0.0, false), 2e-4);
            let less = solved(&base.problem(loss), &pairs);
            near(found.certificate.objective, less.certificate.objective, 1e-8);
            let pairs = with(&pairs, &[("penalty", "ridge")]);
            optimal(&solved(&full.problem(loss), &pairs), &Plain::new(&full, loss, 0.0, 0.3, false), 2e-4);
        }
        // Without a penalty the solution is not unique, its fit is.
        let pairs = with(&[("penalty", "none"), ("tolerance", "1e-7"), ("max_iterations", "200000")], way);
        let found = solved(&full.problem("squared"), &pairs);
        optimal(&found, &Plain::new(&full, "squared", 0.0, 0.0, false), 1e-5);
        let less = solved(&base.problem("squared"), &pairs);
        near(found.certificate.objective, less.certificate.objective, 1e-10);
    }
}

#[test]
fn unsorted_indices_make_no_difference() {
    let data = data(30, 12, 0.4, 9);
    let (mut indptr, mut indices, mut values) = (vec![0_i32], Vec::new(), Vec::new());
    for j in 0..12 {
        // Backwards, with stored zeros.
        for r in (0..30).rev() {
            let a = data.column(j)[r];
            if a != 0.0 || r % 10 == j % 10 {
                indices.push(r as i64);
                values.push(a);
            }
        }
        indptr.push(values.len() as i32);
    }
    let view = SparseView {
        rows: 30,
        cols: 12,
        indptr: &indptr[..],
        indices: &indices[..],
        values: &values[..],
        layout: Layout::Csc,
    };
    let unsorted = Problem::new(Matrix::sparse(view, Duplicates::Error).unwrap(), &data.score).unwrap();
    let sorted = Problem::new(data.sparse64(), &data.score).unwrap();
    let found = solved(&unsorted, &[("tolerance", "1e-12")]);
    all_near(&found.coef, &solved(&sorted, &[("tolerance", "1e-12")]).coef, 1e-12);
}

#[test]
fn repeated_entries_are_summed_where_asked_for() {
    // Column (1 + 2, -1): its square is 10, not 1 + 4 + 1.
    let view = SparseView {
        rows: 2,
        cols: 1,
        indptr: &[0_i32, 3][..],
        indices: &[0_i32, 1, 0][..],
        values: &[1.0, -1.0, 2.0][..],
        layout: Layout::Csc,
    };
    assert!(Matrix::sparse(view, Duplicates::Error).is_err());
    let problem = Problem::new(Matrix::sparse(view, Duplicates::Sum).unwrap(), &[2.0, 1.0]).unwrap();
    for way in WAYS {
        let found = solved(&problem, &with(&[("lambda", "1"), ("tolerance", "1e-13")], way));
        near(found.coef[0], 4.0 / 10.0, 1e-13);
    }
}

// Strength of the penalty
