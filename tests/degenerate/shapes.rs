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
