//! Odd input that must be solved, and what the answer has to be: a closed form, or optimality checked by plain loops.

mod support;

use southwell::bcd::{Kind, Problem, Rigor, Solution, Start, solve};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::{Control, Outcome};
use support::{Data, INF, Numbers, Plain, data, options, run};

const LOSSES: [&str; 5] = ["squared", "logistic", "squared-hinge", "huber", "poisson"];

/// Ways through the loop that differ in rule, partition and update.
const WAYS: [&[(&str, &str)]; 6] = [
    &[],
    &[("rule", "cyclic")],
    &[("rule", "gs"), ("block_size", "2"), ("update", "gradient"), ("lipschitz", "estimate")],
    &[("rule", "gsl"), ("blocks", "fixed"), ("block_size", "3")],
    &[("rule", "gsq"), ("block_size", "2")],
    &[("rule", "lipschitz"), ("blocks", "fixed"), ("block_size", "2")],
];

fn with<'p>(base: &[(&'p str, &'p str)], more: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
    base.iter().chain(more).copied().collect()
}

/// Solves and insists on a certificate within the tolerance.
fn solved(problem: &Problem<'_>, pairs: &[(&str, &str)]) -> Solution {
    let found = run(problem, pairs);
    assert_eq!(found.outcome, Outcome::Converged, "{pairs:?} {:?} {:e}", found.certificate, found.target);
    assert!(found.coef.iter().all(|c| c.is_finite()) && found.intercept.is_finite());
    found
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{found:e}, not {expected:e}");
}

#[track_caller]
fn all_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(f, e)| near(*f, *e, tolerance));
}

/// The gradient conditions hold at the answer, and its objective is what plain loops say.
#[track_caller]
fn optimal(found: &Solution, plain: &Plain<'_>, tolerance: f64) {
    let objective = plain.objective(&found.coef, found.intercept);
    near(found.certificate.objective, objective, 1e-11);
    let violation = plain.violation(&found.coef, found.intercept);
    assert!(violation <= tolerance, "violation {violation:e} {:?}", found.certificate);
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn columns_of(data: &Data, list: &[usize]) -> Data {
    let a = list.iter().flat_map(|&j| data.column(j)).copied().collect();
    Data { rows: data.rows, cols: list.len(), a, score: data.score.clone() }
}

// Shapes

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
    for rule in ["cyclic", "random", "lipschitz", "gs", "gsl", "gsd", "gsq"] {
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

fn separable() -> Data {
    let mut data = data(20, 3, 1.0, 6);
    data.score = (0..20).map(|r| 0.2_f64.copysign(data.a[r]) + data.a[r]).collect();
    data
}

fn separable_problem(data: &Data) -> Problem<'_> {
    let labels: Vec<f64> = data.score.iter().map(|s| s.signum()).collect();
    Problem::new(data.dense(), &labels).unwrap()
}

#[test]
fn separable_labels_without_a_penalty_have_no_solution() {
    let data = separable();
    for way in WAYS {
        for intercept in ["false", "true"] {
            let pairs = [("loss", "logistic"), ("penalty", "none"), ("intercept", intercept)];
            let found = run(&separable_problem(&data), &with(&pairs, way));
            assert_eq!(found.outcome, Outcome::InfimumNotAttained, "{way:?}");
            // The proof: a direction with every margin positive.
            let plain = Plain::new(&data, "logistic", 0.0, 0.0, intercept == "true");
            let z = plain.predictor(&found.coef, found.intercept);
            assert!(z.iter().zip(&data.score).all(|(z, y)| z * y > 0.0));
        }
    }
}

#[test]
fn separable_labels_with_a_tiny_penalty_are_solved() {
    let data = separable();
    let problem = separable_problem(&data);
    for (penalty, lambda) in [("l1", "1e-6"), ("ridge", "1e-6"), ("l1", "1e-9"), ("elastic-net", "1e-4")] {
        let pairs = [("loss", "logistic"), ("penalty", penalty), ("lambda", lambda), ("tolerance", "1e-12")];
        let found = solved(&problem, &pairs);
        let strength: f64 = lambda.parse().unwrap();
        let (l1, l2) = match penalty {
            "l1" => (strength, 0.0),
            "ridge" => (0.0, strength),
            _ => (0.5 * strength, 0.5 * strength),
        };
        let mut plain = Plain::new(&data, "logistic", l1, l2, false);
        plain.y = problem.target().to_vec();
        optimal(&found, &plain, 1e-2 * strength);
        assert!(found.coef[0] > 5.0);
    }
}

#[test]
fn a_separating_column_among_penalized_ones() {
    // Only column 0 is free, and it separates.
    let data = separable();
    let mut problem = separable_problem(&data);
    problem.set_penalty_factors(&[0.0, 1.0, 1.0]).unwrap();
    for way in WAYS {
        let found = run(&problem, &with(&[("loss", "logistic"), ("lambda", "0.1")], way));
        assert_eq!(found.outcome, Outcome::InfimumNotAttained, "{way:?}");
    }
}

#[test]
fn one_class_only() {
    let data = data(15, 4, 1.0, 2);
    for way in WAYS {
        for label in [1.0, -1.0] {
            let mut problem = data.problem("squared");
            problem.set_target(&[label; 15]).unwrap();
            let pairs = with(&[("loss", "logistic"), ("lambda", "0.1"), ("tolerance", "1e-9")], way);
            let found = run(&problem, &with(&pairs, &[("intercept", "true")]));
            assert_eq!(found.outcome, Outcome::InfimumNotAttained);
            assert!(found.intercept * label > 20.0 && found.nonzeros() == 0);
            // Without an intercept the penalty keeps the coefficients in check.
            let mut plain = Plain::new(&data, "logistic", 0.1, 0.0, false);
            plain.y = vec![label; 15];
            optimal(&solved(&problem, &pairs), &plain, 1e-4);
        }
        // The other class has no weight.
        let mut problem = data.problem("squared");
        let labels: Vec<f64> = (0..15).map(|r| if r < 3 { -1.0 } else { 1.0 }).collect();
        let weights: Vec<f64> = labels.iter().map(|y| f64::from(*y > 0.0)).collect();
        problem.set_target(&labels).unwrap();
        problem.set_weights(&weights).unwrap();
        let pairs = with(&[("loss", "logistic"), ("lambda", "0.1"), ("intercept", "true")], way);
        let found = run(&problem, &pairs);
        assert_eq!(found.outcome, Outcome::InfimumNotAttained);
        assert!(found.intercept > 20.0);
    }
}

#[test]
fn one_class_of_squared_hinge_has_a_solution() {
    let data = data(15, 4, 1.0, 2);
    let mut problem = data.problem("squared");
    problem.set_target(&[-1.0; 15]).unwrap();
    for way in WAYS {
        let pairs = with(&[("loss", "squared-hinge"), ("lambda", "0.1"), ("intercept", "true")], way);
        let found = solved(&problem, &pairs);
        assert!(found.certificate.objective <= 1e-6, "{:?}", found.certificate);
    }
}

#[test]
fn counts_that_are_all_zero() {
    let mut data = data(15, 4, 1.0, 2);
    data.a.iter_mut().for_each(|a| *a = a.abs());
    let mut problem = data.problem("squared");
    problem.set_target(&[0.0; 15]).unwrap();
    for way in WAYS {
        let pairs = with(&[("loss", "poisson"), ("lambda", "0.5"), ("tolerance", "1e-9")], way);
        let found = run(&problem, &with(&pairs, &[("intercept", "true")]));
        assert_eq!(found.outcome, Outcome::InfimumNotAttained);
        assert!(found.intercept < -20.0 && found.nonzeros() == 0);
        let mut plain = Plain::new(&data, "poisson", 0.5, 0.0, false);
        plain.y = vec![0.0; 15];
        optimal(&solved(&problem, &pairs), &plain, 1e-4);
    }
}

// Scale

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
fn bounds_on_unpenalized_columns_leave_lambda_max_finite() {
    let data = data(30, 4, 0.9, 7);
    let mut problem = Problem::new(data.dense(), &data.score).unwrap();
    problem.set_penalty_factors(&[0.0, 1.0, 1.0, 1.0]).unwrap();
    let found = run(&problem, &[("lower", "0"), ("lambda_ratio", "0.1"), ("tolerance", "1e-9")]);
    assert!(found.lambda_max.is_finite() && found.lambda.is_finite(), "{found:?}");
    assert_eq!(found.outcome, Outcome::Converged);
}
