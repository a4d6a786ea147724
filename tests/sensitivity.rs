//! Derivatives against differences of solves, and what is known of a solution against brute force.

mod support;

use southwell::bcd::{Change, Problem, Sensitivity, Settings, Solution, identify, solve};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::{Control, ErrorKind, Options, Outcome};
use support::{Data, data, options};

fn chosen(loss: &str, more: &[(&str, &str)]) -> Options {
    let mut pairs = vec![("loss", loss), ("intercept", "true"), ("tolerance", "1e-13")];
    pairs.extend_from_slice(more);
    options(&pairs)
}

fn solved(problem: &Problem<'_>, options: &Options) -> Solution {
    solve(problem, options, None, &mut Control::new()).unwrap()
}

const STEP: f64 = 1e-5;

/// The difference quotient of coefficients and intercept.
fn quotient(plus: &Solution, minus: &Solution) -> Vec<f64> {
    let all = |s: &Solution| s.coef.iter().copied().chain([s.intercept]).collect::<Vec<f64>>();
    all(plus).iter().zip(all(minus)).map(|(p, m)| (p - m) / (2.0 * STEP)).collect()
}

fn near(found: &[f64], expected: &[f64], what: &str) {
    let size = expected.iter().fold(1e-3_f64, |m, v| m.max(v.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 2e-4 * size, "{what}: {f} {e} beside {size}");
    }
}

#[test]
fn derivatives_are_those_of_the_solution() {
    let given = data(40, 12, 1.0, 17);
    let weights: Vec<f64> = (0..40).map(|r| 1.0 + 0.02 * f64::from(r)).collect();
    let offset: Vec<f64> = (0..40).map(|r| 0.1 * f64::from(r % 5)).collect();
    let direction: Vec<f64> = (0..40).map(|r| f64::from(r % 7) - 3.0).collect();
    for loss in ["squared", "logistic", "poisson", "huber", "pseudo-huber"] {
        for penalty in [
            &[("penalty", "l1"), ("lambda", "1.5")][..],
            &[("penalty", "elastic-net"), ("lambda", "1.5"), ("l1_ratio", "0.6")],
            &[("penalty", "ridge"), ("lambda", "2")],
            &[("penalty", "group"), ("group_size", "3"), ("lambda", "1")],
            &[("penalty", "sparse-group"), ("group_size", "4"), ("lambda", "1.5"), ("l1_ratio", "0.7")],
            &[("penalty", "group"), ("group_size", "3"), ("lambda", "1"), ("l2", "2")],
            &[("penalty", "sparse-group"), ("group_size", "4"), ("l1_ratio", "0.6"), ("lambda", "2")],
            &[
                ("penalty", "sparse-group"),
                ("group_size", "4"),
                ("lambda", "0.05"),
                ("l2", "0.1"),
                ("scale", "mean"),
            ],
            &[("penalty", "l1"), ("lambda", "1"), ("upper", "0.4"), ("lower", "-0.2"), ("scale", "sum")],
        ] {
            let make = || {
                let mut problem = given.problem(loss);
                problem.set_weights(&weights).unwrap();
                problem.set_offset(&offset).unwrap();
                problem
            };
            let (problem, settings) = (make(), chosen(loss, penalty));
            let what = format!("{loss} {penalty:?}");
            let solution = solved(&problem, &settings);
            let read = Settings::from_options(&settings).unwrap();
            let found = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap();
            // What is on neither a kink nor a bound moves, also beside zeros of its own group.
            let held = |x: f64| x == 0.0 || (what.contains("upper") && (x == 0.4 || x == -0.2));
            let moving: Vec<usize> = (0..12).filter(|&j| !held(solution.coef[j])).collect();
            assert_eq!(found.free(), moving, "{what}");
            let moved = |values: &[f64], sign: f64| -> Vec<f64> {
                values.iter().zip(&direction).map(|(v, d)| v + sign * STEP * d).collect()
            };
            let by_lambda = |sign: f64| {
                let mut other = settings.clone();
                other.set_real("lambda", solution.lambda + sign * STEP).unwrap();
                solved(&problem, &other)
            };
            let by_weights = |sign: f64| {
                let mut other = make();
                other.set_weights(&moved(&weights, sign)).unwrap();
                solved(&other, &settings)
            };
            let by_offset = |sign: f64| {
                let mut other = make();
                other.set_offset(&moved(&offset, sign)).unwrap();
                solved(&other, &settings)
            };
            let by_target = |sign: f64| {
                let mut other = make();
                other.set_target(&moved(problem.target(), sign)).unwrap();
                solved(&other, &settings)
            };
            // Counts of 0 cannot go below 0.
            let numbers = matches!(loss, "squared" | "huber" | "pseudo-huber");
            let mut cases = vec![
                (Change { lambda: 1.0, ..Change::default() }, quotient(&by_lambda(1.0), &by_lambda(-1.0))),
                (
                    Change { weights: Some(&direction), ..Change::default() },
                    quotient(&by_weights(1.0), &by_weights(-1.0)),
                ),
                (
                    Change { offset: Some(&direction), ..Change::default() },
                    quotient(&by_offset(1.0), &by_offset(-1.0)),
                ),
            ];
            if numbers {
                let change = Change { target: Some(&direction), ..Change::default() };
                cases.push((change, quotient(&by_target(1.0), &by_target(-1.0))));
            }
            let weight_of = |j: usize| ((j * 5) % 7) as f64 - 3.0;
            let dual: Vec<f64> = (0..12).map(weight_of).collect();
            let gradient = found.backward(&dual, 1.7, &mut Control::new()).unwrap();
            for (change, expected) in cases {
                let (coef, intercept) = found.forward(&change, &mut Control::new()).unwrap();
                let all: Vec<f64> = coef.iter().copied().chain([intercept]).collect();
                near(&all, &expected, &what);
                // The transpose: the same number from both sides.
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let forward = dot(&coef, &dual) + 1.7 * intercept;
                let mut backward = change.lambda * gradient.lambda;
                backward += change.weights.map_or(0.0, |w| dot(w, &gradient.weights));
                backward += change.offset.map_or(0.0, |o| dot(o, &gradient.offset));
                backward += change.target.map_or(0.0, |t| dot(t, &gradient.target));
                assert!((forward - backward).abs() <= 1e-9 * (1.0 + forward.abs()), "{what}");
            }
        }
    }
}

#[test]
fn what_cannot_be_differentiated_is_refused() {
    let given = data(20, 4, 1.0, 3);
    let twice = Data::of(&[given.column(0), given.column(0)], &given.score);
    let problem = twice.problem("squared");
    let settings = chosen("squared", &[("penalty", "none")]);
    let read = Settings::from_options(&settings).unwrap();
    let solution = solved(&problem, &settings);
    let error = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    let problem = given.problem("hinge");
    let settings = options(&[("loss", "hinge"), ("penalty", "ridge"), ("lambda", "1")]);
    let read = Settings::from_options(&settings).unwrap();
    let solution = solved(&problem, &settings);
    let error = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let problem = given.problem("logistic");
    let settings = chosen("logistic", &[("lambda", "0.5"), ("standardize", "true")]);
    let read = Settings::from_options(&settings).unwrap();
    let solution = solved(&problem, &settings);
    let found = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap();
    let row = [1.0; 20];
    for change in [
        Change { weights: Some(&row), ..Change::default() },
        Change { target: Some(&row), ..Change::default() },
    ] {
        assert_eq!(found.forward(&change, &mut Control::new()).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert!(
        found.forward(&Change { offset: Some(&row[1..]), ..Change::default() }, &mut Control::new()).is_err()
    );
    assert!(found.forward(&Change { lambda: f64::NAN, ..Change::default() }, &mut Control::new()).is_err());
    assert!(found.backward(&[0.0; 3], 0.0, &mut Control::new()).is_err());
    assert!(found.backward(&[f64::NAN; 4], 0.0, &mut Control::new()).is_err());
    let gradient = found.backward(&[1.0; 4], 0.0, &mut Control::new()).unwrap();
    assert!(gradient.weights[0].is_nan() && gradient.target[0].is_nan() && gradient.offset[0].is_finite());
}

#[test]
fn derivatives_beyond_the_range_of_numbers_are_refused() {
    let given = data(20, 4, 1.0, 3);
    for loss in ["squared", "logistic", "huber"] {
        let problem = given.problem(loss);
        let settings = chosen(loss, &[("penalty", "ridge"), ("lambda", "1")]);
        let read = Settings::from_options(&settings).unwrap();
        let solution = solved(&problem, &settings);
        let found = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap();
        let huge = [1e308; 20];
        for change in [
            Change { offset: Some(&huge), weights: Some(&huge), ..Change::default() },
            Change { lambda: f64::INFINITY, ..Change::default() },
            Change { lambda: f64::NAN, ..Change::default() },
        ] {
            let error = found.forward(&change, &mut Control::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{loss} {error}");
        }
        // Of any size, a derivative is finite or refused.
        for size in [1e290, 1e300, 1e307, 1.7e308] {
            let row = [size; 20];
            for change in [
                Change { lambda: size, ..Change::default() },
                Change { offset: Some(&row), ..Change::default() },
                Change { weights: Some(&row), ..Change::default() },
            ] {
                match found.forward(&change, &mut Control::new()) {
                    Ok((coef, b)) => {
                        assert!(coef.iter().chain([&b]).all(|c| c.is_finite()), "{loss} {size:e}")
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Data);
                        assert!(error.to_string().contains("a derivative that is finite, found overflow"));
                    }
                }
            }
            match found.backward(&[size, size, 0.0, 0.0], size, &mut Control::new()) {
                Ok(gradient) => {
                    let rows = gradient.weights.iter().chain(&gradient.offset);
                    assert!(rows.chain([&gradient.lambda]).all(|g| g.is_finite()), "{loss} {size:e}");
                    assert!(loss == "logistic" || gradient.target.iter().all(|g| g.is_finite()));
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Data),
            }
        }
    }
    // Without curvature but the ridge's, one entry is enough.
    let tiny = Data::of(&[&[1e-3, 2e-3]], &[1.0, -1.0]);
    let problem = tiny.problem("squared");
    let settings = options(&[("penalty", "ridge"), ("lambda", "1e-3"), ("tolerance", "1e-13")]);
    let read = Settings::from_options(&settings).unwrap();
    let solution = solved(&problem, &settings);
    let found = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap();
    let error = found.backward(&[1e308], 0.0, &mut Control::new()).unwrap_err();
    assert!(error.kind() == ErrorKind::Data && error.to_string().contains("overflow"), "{error}");
}

#[test]
fn zeros_margin_and_uniqueness_are_what_a_tight_solve_shows() {
    let given = data(30, 50, 1.0, 41);
    for loss in ["squared", "logistic", "huber"] {
        for penalty in [
            &[("penalty", "l1"), ("lambda_ratio", "0.2")][..],
            &[("penalty", "l1"), ("lambda_ratio", "0.2"), ("lower", "0")],
            &[("penalty", "group"), ("group_size", "5"), ("lambda_ratio", "0.3")],
            &[("penalty", "elastic-net"), ("lambda_ratio", "0.2"), ("l1_ratio", "0.5")],
        ] {
            let problem = given.problem(loss);
            let tight = solved(&problem, &chosen(loss, penalty));
            let mut found = Vec::new();
            for tolerance in ["1e-2", "1e-5", "1e-12"] {
                let settings = chosen(loss, &[penalty, &[("tolerance", tolerance)]].concat());
                let solution = solved(&problem, &settings);
                let read = Settings::from_options(&settings).unwrap();
                let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
                assert!(seen.safe_zeros.iter().all(|&j| tight.coef[j] == 0.0), "{loss} {penalty:?}");
                assert!(seen.safe_zeros.windows(2).all(|w| w[0] < w[1]));
                found.push(seen);
            }
            let last = &found[2];
            assert!(found[0].safe_zeros.len() <= last.safe_zeros.len());
            assert_eq!(last.safe_zeros.len() + tight.nonzeros(), 50, "{loss} {penalty:?}: all is known");
            assert!(
                last.margin > 0.0 && last.margin < tight.lambda * 2.3 && last.unique,
                "{loss} {penalty:?}"
            );
            assert!(last.smallest_eigenvalue > 1e-8);
        }
    }
}

#[test]
fn a_copied_column_is_not_unique() {
    let given = data(30, 3, 1.0, 4);
    let twice = Data::of(&[given.column(0), given.column(1), given.column(0)], given.column(0));
    let problem = twice.problem("squared");
    let settings = options(&[("lambda_ratio", "0.1")]);
    let solution = solved(&problem, &settings);
    let read = Settings::from_options(&settings).unwrap();
    let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
    assert!(!seen.unique && seen.smallest_eigenvalue.abs() < 1e-10);
    let multi = options(&[("loss", "softmax")]);
    let read = Settings::from_options(&multi).unwrap();
    let error = identify(&problem, &read, &solution, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_zero_column_is_unique_where_a_penalty_holds_it_alone() {
    let given = data(30, 3, 1.0, 4);
    let with = Data::of(&[given.column(0), &[0.0; 30], given.column(1)], &given.score);
    for (penalty, strength, unique) in
        [("l1", "0.1", true), ("ridge", "0.1", true), ("none", "1", false), ("ridge", "0", false)]
    {
        let problem = with.problem("squared");
        let settings = options(&[("penalty", penalty), ("lambda", strength), ("tolerance", "1e-9")]);
        let solution = solved(&problem, &settings);
        assert_eq!(solution.coef[1], 0.0);
        let read = Settings::from_options(&settings).unwrap();
        let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
        assert_eq!(seen.unique, unique, "{penalty} {strength}");
    }
}

#[test]
fn an_intercept_that_nothing_holds_is_not_unique() {
    // Two targets far apart: every intercept between their linear parts does.
    let given = Data::of(&[&[1.0, -1.0]], &[-10.0, 10.0]);
    let problem = given.problem("huber");
    for (delta, unique) in [("1", false), ("100", true)] {
        let settings = chosen("huber", &[("huber_delta", delta), ("lambda", "1000")]);
        let solution = solved(&problem, &settings);
        let read = Settings::from_options(&settings).unwrap();
        let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
        assert_eq!(seen.unique, unique, "{delta}");
    }
}

#[test]
fn a_constant_column_that_is_left_out_does_not_move() {
    let given = data(30, 3, 1.0, 8);
    let columns = [given.column(0), &[1.0; 30][..], given.column(1)];
    let with = Data::of(&columns, &given.score);
    let problem = with.problem("squared");
    let pairs = [
        ("penalty", "group"),
        ("group_size", "3"),
        ("lambda", "1"),
        ("standardize", "true"),
        ("tolerance", "1e-12"),
    ];
    let settings = options(&pairs);
    let solution = solved(&problem, &settings);
    assert!(solution.coef[0] != 0.0 && solution.coef[1] == 0.0);
    let read = Settings::from_options(&settings).unwrap();
    let found = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap();
    assert_eq!(found.free(), [0, 2]);
    let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
    assert!(seen.unique);
}

#[test]
fn where_no_minimum_is_attained_nothing_is_unique_or_differentiated() {
    let score: Vec<f64> = (0..20).map(|r| if r < 10 { -1.0 } else { 1.0 }).collect();
    let column: Vec<f64> = (0..20).map(|r| f64::from(r) - 9.5).collect();
    let separable = Data::of(&[&column], &score);
    let problem = Problem::new(separable.dense(), &score).unwrap();
    let settings = chosen("logistic", &[("penalty", "none")]);
    let solution = solved(&problem, &settings);
    assert_eq!(solution.outcome, Outcome::InfimumNotAttained);
    let read = Settings::from_options(&settings).unwrap();
    let seen = identify(&problem, &read, &solution, &mut Control::new()).unwrap();
    assert!(!seen.unique);
    let error = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
}

#[test]
fn a_hessian_beyond_memory_is_refused() {
    let n = 1 << 22;
    let ones = vec![1.0; n];
    let view = DenseView { data: &ones[..], rows: 1, cols: n, ld: 1, order: Order::ColumnMajor };
    let problem = Problem::new(Matrix::dense_borrowed(view).unwrap(), &[1.0]).unwrap();
    let settings = options(&[("penalty", "ridge"), ("max_iterations", "1"), ("tolerance", "inf")]);
    let solution = solved(&problem, &settings);
    let read = Settings::from_options(&settings).unwrap();
    let error = Sensitivity::new(&problem, &read, &solution, &mut Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Memory);
}
