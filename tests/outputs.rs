//! Several outputs: softmax and least squares of several tasks, against plain loops and against problems of one output.

mod support;

use southwell::bcd::{Kind, Problem, Settings, Solution, Start, certificate, outputs, solve};
use southwell::numerics::Matrix;
use southwell::runtime::{Control, ErrorKind, Outcome};
use support::{Data, INF, Numbers, data, options, run};

/// Class numbers that depend on the columns, a few of them wrong.
fn classes(data: &Data, k: usize) -> Vec<f64> {
    let mut n = Numbers(77);
    let truth = n.vector(k * data.cols);
    (0..data.rows)
        .map(|r| {
            let score = |c: usize| {
                let sum: f64 =
                    (0..data.cols).map(|j| data.a[j * data.rows + r] * truth[c * data.cols + j]).sum();
                sum + 0.3 * c as f64
            };
            let best = (0..k).max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap();
            if r % 9 == 0 { (r / 9 % k) as f64 } else { best as f64 }
        })
        .collect()
}

/// Targets of `k` tasks, row after row.
fn tasks(data: &Data, k: usize) -> Vec<f64> {
    let mut n = Numbers(78);
    let truth = n.vector(k * data.cols);
    let mut y = Vec::new();
    for r in 0..data.rows {
        for c in 0..k {
            let sum: f64 = (0..data.cols)
                .map(|j| data.a[j * data.rows + r] * if j % 4 == 0 { truth[c * data.cols + j] } else { 0.0 })
                .sum();
            y.push(0.5 + sum + 0.2 * n.next());
        }
    }
    y
}

fn problem<'a>(data: &'a Data, matrix: Matrix<'a>, loss: &str, k: usize) -> Problem<'a> {
    match loss {
        "softmax" => Problem::new(matrix, &classes(data, k)).unwrap(),
        _ => {
            let mut problem = Problem::new(matrix, &vec![0.0; data.rows]).unwrap();
            problem.set_targets(k, &tasks(data, k)).unwrap();
            problem
        }
    }
}

/// The objective by plain loops: `l1 |X|_1 + l2/2 |X|^2 + group sum_j |X_j|`.
struct Plain<'d> {
    data: &'d Data,
    loss: &'d str,
    k: usize,
    s: Vec<f64>,
    o: Vec<f64>,
    l1: f64,
    l2: f64,
    group: f64,
}

impl<'d> Plain<'d> {
    fn new(data: &'d Data, loss: &'d str, k: usize) -> Self {
        let (s, o) = (vec![1.0; data.rows], vec![0.0; data.rows * k]);
        Self { data, loss, k, s, o, l1: 0.0, l2: 0.0, group: 0.0 }
    }

    fn predictor(&self, x: &[f64], b: &[f64]) -> Vec<f64> {
        let (rows, k) = (self.data.rows, self.k);
        let mut z = self.o.clone();
        for r in 0..rows {
            for c in 0..k {
                z[r * k + c] += b.get(c).copied().unwrap_or(0.0);
                z[r * k + c] +=
                    (0..self.data.cols).map(|j| self.data.a[j * rows + r] * x[j * k + c]).sum::<f64>();
            }
        }
        z
    }

    /// Loss and slopes, row after row.
    fn loss(&self, z: &[f64]) -> (f64, Vec<f64>) {
        let k = self.k;
        let (labels, targets) = (classes(self.data, k), tasks(self.data, k));
        let (mut value, mut d) = (0.0, vec![0.0; z.len()]);
        for r in 0..self.data.rows {
            let row = &z[r * k..(r + 1) * k];
            let most = row.iter().copied().fold(-INF, f64::max);
            let sum: f64 = row.iter().map(|z| (z - most).exp()).sum();
            for c in 0..k {
                let s = self.s[r];
                if self.loss == "softmax" {
                    let own = f64::from(labels[r] == c as f64);
                    value += s * own * (most + sum.ln() - row[c]);
                    d[r * k + c] = s * ((row[c] - most).exp() / sum - own);
                } else {
                    let off = row[c] - targets[r * k + c];
                    value += s * 0.5 * off * off;
                    d[r * k + c] = s * off;
                }
            }
        }
        (value, d)
    }

    fn objective(&self, x: &[f64], b: &[f64]) -> f64 {
        let norms: f64 = x.chunks(self.k).map(|x| x.iter().map(|x| x * x).sum::<f64>().sqrt()).sum();
        let (ones, squares) = x.iter().fold((0.0, 0.0), |(a, s), x| (a + x.abs(), s + x * x));
        self.loss(&self.predictor(x, b)).0 + self.l1 * ones + 0.5 * self.l2 * squares + self.group * norms
    }
}

const LOSSES: [&str; 2] = ["softmax", "multi-squared"];

#[test]
fn every_penalty_meets_its_certificate_and_the_objective_is_that_of_plain_loops() {
    let k = 4;
    for (rows, cols) in [(70, 12), (40, 60)] {
        let given = data(rows, cols, 0.7, 5);
        for loss in LOSSES {
            for penalty in ["l1", "elastic-net", "group", "ridge"] {
                for intercept in ["false", "true"] {
                    for sparse in [false, true] {
                        let matrix = if sparse { given.sparse64() } else { given.dense() };
                        let mut problem = problem(&given, matrix, loss, k);
                        let mut plain = Plain::new(&given, loss, k);
                        if sparse {
                            let mut n = Numbers(9);
                            plain.s = (0..rows)
                                .map(|r| if r % 11 == 0 { 0.0 } else { 1.0 + n.next().abs() })
                                .collect();
                            plain.o = (0..rows * k).map(|_| 0.3 * n.next()).collect();
                            problem.set_weights(&plain.s).unwrap();
                            problem.set_offsets(&plain.o).unwrap();
                        }
                        let mut pairs = vec![("loss", loss), ("penalty", penalty), ("intercept", intercept)];
                        pairs.push(("tolerance", "1e-10"));
                        pairs.push(if penalty == "ridge" {
                            ("lambda", "0.5")
                        } else {
                            ("lambda_ratio", "0.05")
                        });
                        let found = run(&problem, &pairs);
                        let lambda = found.lambda;
                        match penalty {
                            "l1" => plain.l1 = lambda,
                            "elastic-net" => (plain.l1, plain.l2) = (0.5 * lambda, 0.5 * lambda),
                            "group" => plain.group = lambda,
                            _ => plain.l2 = lambda,
                        }
                        let case = format!(
                            "{rows}x{cols} {pairs:?} sparse {sparse}: {:?} {:?} target {:e} {}",
                            found.outcome, found.certificate, found.target, found.iterations
                        );
                        assert_eq!(found.outcome, Outcome::Converged, "{case}");
                        assert_eq!(found.certificate.kind, Kind::DualityGap, "{case}");
                        assert_eq!((found.coef.len(), found.dual.len()), (cols * k, rows * k));
                        assert_eq!(found.intercepts.len(), if intercept == "true" { k } else { 0 });
                        let objective = plain.objective(&found.coef, &found.intercepts);
                        assert!(
                            (objective - found.certificate.objective).abs() <= 1e-11 * objective,
                            "{case}"
                        );
                        // Nothing near is lower by more than the gap.
                        let mut n = Numbers(3);
                        for size in [1e-2, 1e-4, 1e-6] {
                            let near = |v: &[f64], n: &mut Numbers| {
                                v.iter().map(|v| v * (1.0 + size * n.next())).collect::<Vec<f64>>()
                            };
                            let (x, b) = (near(&found.coef, &mut n), near(&found.intercepts, &mut n));
                            let other = plain.objective(&x, &b);
                            assert!(
                                other >= objective - found.certificate.value - 1e-11 * objective,
                                "{case} {other}"
                            );
                        }
                        // The certificate can be had again, and other dual points give a gap too.
                        let settings = Settings::from_options(&options(&pairs)).unwrap();
                        let again =
                            certificate(&problem, &settings, lambda, &found.stacked(), 0.0, &found.dual)
                                .unwrap();
                        assert_eq!(again, found.certificate);
                        let zero = vec![0.0; (cols + 1) * k];
                        let worse =
                            certificate(&problem, &settings, lambda, &zero, 0.0, &found.dual).unwrap();
                        assert!(
                            worse.value
                                >= plain.objective(&zero[..cols * k], &[]) - objective - 1e-9 * objective,
                            "{case}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn two_classes_are_logistic_with_the_difference_of_the_outputs() {
    let given = data(80, 10, 0.8, 6);
    let y = classes(&given, 2);
    let soft = Problem::new(given.dense(), &y).unwrap();
    let labels: Vec<f64> = y.iter().map(|y| 2.0 * y - 1.0).collect();
    let plain = Problem::new(given.dense(), &labels).unwrap();
    for intercept in ["false", "true"] {
        // With x_1 = -x_0 = x / 2: lambda |X|^2 / 2 = lambda / 2 |x|^2 / 2.
        let common = [("penalty", "ridge"), ("tolerance", "1e-13"), ("intercept", intercept)];
        let two = run(&soft, &[&common[..], &[("loss", "softmax"), ("lambda", "0.8")]].concat());
        let one = run(&plain, &[&common[..], &[("loss", "logistic"), ("lambda", "0.4")]].concat());
        assert!(
            (two.certificate.objective - one.certificate.objective).abs() < 1e-11 * one.certificate.objective
        );
        for j in 0..10 {
            let difference = two.coef[2 * j + 1] - two.coef[2 * j];
            assert!((difference - one.coef[j]).abs() < 1e-5, "{difference} {}", one.coef[j]);
            assert!((two.coef[2 * j + 1] + two.coef[2 * j]).abs() < 1e-6);
        }
        if intercept == "true" {
            assert!((two.intercepts[1] - two.intercepts[0] - one.intercept).abs() < 1e-5);
        }
    }
}

#[test]
fn one_task_is_least_squares_and_separate_penalties_separate_the_tasks() {
    let (k, given) = (3, data(50, 20, 0.8, 7));
    let all = problem(&given, given.dense(), "multi-squared", k);
    let y = tasks(&given, k);
    for (penalty, intercept) in [("l1", "true"), ("ridge", "false"), ("elastic-net", "true")] {
        let pairs =
            [("penalty", penalty), ("lambda", "1.3"), ("tolerance", "1e-13"), ("intercept", intercept)];
        let together = run(&all, &[&pairs[..], &[("loss", "multi-squared")]].concat());
        let mut sum = 0.0;
        for c in 0..k {
            let target: Vec<f64> = (0..given.rows).map(|r| y[r * k + c]).collect();
            let alone = run(&Problem::new(given.dense(), &target).unwrap(), &pairs);
            sum += alone.certificate.objective;
            for j in 0..given.cols {
                assert!((together.coef[j * k + c] - alone.coef[j]).abs() < 1e-5);
            }
        }
        assert!((together.certificate.objective - sum).abs() < 1e-10 * sum, "{penalty}");
    }
}

#[test]
fn lambda_max_is_where_the_first_feature_enters() {
    let given = data(60, 15, 0.8, 8);
    for loss in LOSSES {
        let problem = problem(&given, given.dense(), loss, 4);
        for penalty in ["l1", "group"] {
            for intercept in ["false", "true"] {
                let at = |ratio: &str| {
                    run(
                        &problem,
                        &[
                            ("loss", loss),
                            ("penalty", penalty),
                            ("intercept", intercept),
                            ("lambda_ratio", ratio),
                        ],
                    )
                };
                let none = at("1.0000001");
                assert_eq!(
                    (none.nonzeros(), none.iterations, none.outcome),
                    (0, 0, Outcome::Converged),
                    "{loss} {penalty}"
                );
                assert!(at("0.99").nonzeros() > 0);
            }
        }
    }
}

#[test]
fn shifting_all_classes_changes_nothing_and_a_start_is_taken() {
    let given = data(60, 10, 0.8, 11);
    let problem = problem(&given, given.dense(), "softmax", 3);
    let pairs = [("loss", "softmax"), ("lambda_ratio", "0.1"), ("intercept", "true"), ("tolerance", "1e-9")];
    let found = run(&problem, &pairs);
    let start = found.stacked();
    let again = solve(
        &problem,
        &options(&pairs),
        Some(Start { coef: Some(&start), intercept: 0.0 }),
        &mut Control::new(),
    )
    .unwrap();
    assert_eq!((again.iterations, again.outcome), (0, Outcome::Converged));
    let mut shifted = found.clone();
    shifted.intercepts.iter_mut().for_each(|b| *b += 3.0);
    let (a, b) = (
        found.predict_mean(&given.dense(), None).unwrap(),
        shifted.predict_mean(&given.dense(), None).unwrap(),
    );
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-14));
    assert!(a.chunks(3).all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-14));
    let wrong = solve(
        &problem,
        &options(&pairs),
        Some(Start { coef: Some(&start[..10]), intercept: 0.0 }),
        &mut Control::new(),
    );
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Argument);
}

fn refused(y: &[f64], pairs: &[(&str, &str)]) -> String {
    let given = data(y.len(), 3, 1.0, 1);
    let problem = Problem::new(given.dense(), y).unwrap();
    solve(&problem, &options(pairs), None, &mut Control::new()).unwrap_err().to_string()
}

#[test]
fn targets_that_are_no_classes_are_refused() {
    let soft = [("loss", "softmax")];
    assert!(refused(&[0.0, 1.0, 1.5], &soft).starts_with("y, row 2: expected a class number"));
    assert!(refused(&[0.0, -1.0, 1.0], &soft).starts_with("y, row 1: expected a class number"));
    assert!(refused(&[0.0, 1e12, 1.0], &soft).starts_with("y, row 1: expected a class number"));
    assert!(refused(&[0.0, 0.0, 0.0], &soft).contains("at least two classes"));
    assert!(
        refused(&[0.0, 1.0, 2.0], &[("loss", "softmax"), ("classes", "2")])
            .starts_with("y, row 2: expected a class below 2")
    );
    assert!(refused(&[0.0, 1.0, 2.0], &[("loss", "multi-squared")]).contains("targets"));
}

#[test]
fn a_missing_class_and_a_single_one() {
    let given = data(60, 8, 0.9, 12);
    let y: Vec<f64> = classes(&given, 3).iter().map(|y| if *y == 1.0 { 3.0 } else { *y }).collect();
    let problem = Problem::new(given.dense(), &y).unwrap();
    for (penalty, classes, k) in [("l1", "0", 4), ("ridge", "5", 5)] {
        let strength = if penalty == "l1" { ("lambda_ratio", "0.1") } else { ("lambda", "1") };
        let pairs = [("loss", "softmax"), ("penalty", penalty), ("classes", classes), strength];
        let found = run(&problem, &pairs);
        assert_eq!((found.outcome, found.outputs), (Outcome::Converged, k), "{:?}", found.certificate);
        // Beside an intercept the missing classes run off: everything else is as good as without them.
        let with = run(&problem, &[&pairs[..], &[("intercept", "true"), ("tolerance", "1e-9")]].concat());
        assert_eq!(with.outcome, Outcome::InfimumNotAttained);
        assert!(with.certificate.value <= with.target, "{:?} {}", with.certificate, with.target);
        let settings = Settings::from_options(&options(&pairs)).unwrap();
        assert_eq!(outputs(&problem, &settings).unwrap(), k);
    }
    let alone = Problem::new(given.dense(), &vec![1.0; 60]).unwrap();
    let found = run(&alone, &[("loss", "softmax"), ("intercept", "true"), ("lambda", "1")]);
    assert_eq!((found.outcome, found.nonzeros()), (Outcome::InfimumNotAttained, 0));
    assert!(found.certificate.objective < 1e-14);
    let found = run(&alone, &[("loss", "softmax"), ("lambda", "1")]);
    assert_eq!(found.outcome, Outcome::Converged);
}

#[test]
fn sixty_classes_one_of_them_with_a_single_row() {
    let (rows, k) = (400, 60);
    let given = data(rows, 6, 1.0, 31);
    let class = |r: usize| if r == 17 { k - 1 } else { (r * 7) % (k - 1) };
    let y: Vec<f64> = (0..rows).map(|r| class(r) as f64).collect();
    let problem = Problem::new(given.dense(), &y).unwrap();
    for (penalty, strength) in
        [("l1", ("lambda_ratio", "0.3")), ("group", ("lambda_ratio", "0.3")), ("ridge", ("lambda", "1"))]
    {
        let pairs = [
            ("loss", "softmax"),
            ("penalty", penalty),
            strength,
            ("intercept", "true"),
            ("tolerance", "1e-9"),
        ];
        let found = run(&problem, &pairs);
        assert_eq!((found.outcome, found.outputs), (Outcome::Converged, k), "{:?}", found.certificate);
        assert!(found.nonzeros() > 0);
        // The slope of each intercept is 0: the probabilities of a class add up to the rows that it has.
        let means = found.predict_mean(&given.dense(), None).unwrap();
        for c in 0..k {
            let expected: f64 = (0..rows).map(|r| means[r * k + c]).sum();
            let count = (0..rows).filter(|&r| class(r) == c).count() as f64;
            assert!((expected - count).abs() < 1e-2 * count, "{penalty} class {c}: {expected} {count}");
        }
        // The objective by plain loops over the probabilities.
        let loss: f64 = (0..rows).map(|r| -means[r * k + class(r)].ln()).sum();
        let x = &found.coef;
        let size: f64 = match penalty {
            "l1" => x.iter().map(|x| x.abs()).sum(),
            "group" => x.chunks(k).map(|x| x.iter().map(|x| x * x).sum::<f64>().sqrt()).sum(),
            _ => 0.5 * x.iter().map(|x| x * x).sum::<f64>(),
        };
        let objective = loss + found.lambda * size;
        assert!((objective - found.certificate.objective).abs() < 1e-10 * objective);
    }
}

#[test]
fn a_class_whose_rows_have_no_weight_is_a_missing_one() {
    let given = data(60, 8, 0.9, 12);
    let y = classes(&given, 4);
    let weights: Vec<f64> = y.iter().map(|y| f64::from(*y != 2.0)).collect();
    let keep: Vec<usize> = (0..60).filter(|&r| y[r] != 2.0).collect();
    assert!(keep.len() < 55 && keep.len() > 20);
    let less = Data {
        rows: keep.len(),
        cols: 8,
        a: (0..8).flat_map(|j| keep.iter().map(|&r| given.column(j)[r]).collect::<Vec<_>>()).collect(),
        score: keep.iter().map(|&r| y[r]).collect(),
    };
    let mut weighted = Problem::new(given.dense(), &y).unwrap();
    weighted.set_weights(&weights).unwrap();
    let absent = Problem::new(less.dense(), &less.score).unwrap();
    let pairs = [
        ("loss", "softmax"),
        ("classes", "4"),
        ("lambda", "0.7"),
        ("penalty", "ridge"),
        ("tolerance", "1e-12"),
    ];
    let (found, expected) = (run(&weighted, &pairs), run(&absent, &pairs));
    assert_eq!((found.outcome, expected.outcome), (Outcome::Converged, Outcome::Converged));
    assert!(found.coef.iter().zip(&expected.coef).all(|(a, b)| (a - b).abs() < 1e-5));
    let beside = run(&weighted, &[&pairs[..], &[("intercept", "true")]].concat());
    assert_eq!(beside.outcome, Outcome::InfimumNotAttained);
}

#[test]
fn odd_shapes_and_columns() {
    for loss in LOSSES {
        for penalty in ["l1", "group", "ridge", "none"] {
            let mut pairs =
                vec![("loss", loss), ("penalty", penalty), ("classes", "3"), ("intercept", "true")];
            if penalty == "ridge" {
                pairs.push(("lambda", "0.1"));
            }
            let of = |a: &[f64], rows: usize, cols: usize| {
                let given = Data { rows, cols, a: a.to_vec(), score: vec![0.0; rows] };
                let y: Vec<f64> = (0..rows).map(|r| (r % 3) as f64).collect();
                let targets: Vec<f64> = (0..rows * 3).map(|i| ((i * 7) % 5) as f64).collect();
                let mut problem = Problem::new(given.dense(), &y).unwrap();
                problem.set_targets(3, &targets).unwrap();
                run(&problem, &pairs)
            };
            for (rows, cols) in [(0, 0), (0, 2), (4, 0), (1, 1)] {
                let found = of(&vec![1.0; rows * cols], rows, cols);
                assert!(found.certificate.value.is_finite(), "{loss} {penalty} {rows}x{cols} {found:?}");
            }
            // A zero column, a constant one, a duplicate and one of another scale.
            let c: Vec<f64> = Numbers(5).vector(9);
            let a =
                [&[0.0; 9][..], &[7.0; 9], &c, &c, &c.iter().map(|c| 1e6 * c).collect::<Vec<f64>>()].concat();
            let found = of(&a, 9, 5);
            assert_eq!(
                found.outcome,
                Outcome::Converged,
                "{loss} {penalty} {:?} {}",
                found.certificate,
                found.target
            );
            assert!(found.coef[..6].iter().all(|c| *c == 0.0), "{:?}", found.coef);
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let given = data(200, 40, 0.5, 4);
    for loss in LOSSES {
        let problem = problem(&given, given.dense(), loss, 5);
        let with = |threads: &str| -> Solution {
            run(&problem, &[("loss", loss), ("lambda_ratio", "0.05"), ("threads", threads)])
        };
        let one = with("1");
        for threads in ["2", "3"] {
            assert_eq!(with(threads).coef, one.coef);
        }
    }
}

#[test]
fn a_cancelled_solve_gives_what_it_has() {
    let given = data(100, 20, 0.8, 13);
    let problem = problem(&given, given.dense(), "softmax", 4);
    let pairs =
        [("loss", "softmax"), ("lambda_ratio", "0.01"), ("intercept", "true"), ("tolerance", "1e-10")];
    let mut polls = 1;
    loop {
        let mut control = Control::new().with_trip_at_poll(polls);
        let found = solve(&problem, &options(&pairs), None, &mut control).unwrap();
        assert_eq!((found.coef.len(), found.intercepts.len()), (80, 4));
        if found.outcome == Outcome::Converged {
            break;
        }
        assert_eq!(found.outcome, Outcome::Cancelled);
        polls += 1;
    }
    assert!(polls > 5);
}

#[test]
fn every_rule_and_update_of_the_paper_reaches_the_same_value() {
    let given = data(40, 6, 1.0, 21);
    for loss in LOSSES {
        let problem = problem(&given, given.dense(), loss, 3);
        for penalty in
            [("l1", ("lambda_ratio", "0.1")), ("group", ("lambda_ratio", "0.1")), ("ridge", ("lambda", "1"))]
        {
            let common = [
                ("loss", loss),
                ("penalty", penalty.0),
                penalty.1,
                ("intercept", "true"),
                ("tolerance", "1e-8"),
            ];
            let best = run(&problem, &common).certificate.objective;
            let mut solved = 0;
            for rule in ["cyclic", "random", "lipschitz", "gs", "gsl", "gsd", "gsq"] {
                for update in ["gradient", "matrix", "newton", "exact", "local", "cubic"] {
                    for blocks in ["variable", "fixed"] {
                        let extra = [
                            ("rule", rule),
                            ("update", update),
                            ("blocks", blocks),
                            ("block_size", "3"),
                            ("max_iterations", "2000000"),
                        ];
                        let pairs = [&common[..], &extra].concat();
                        // What cannot be combined is refused by the settings.
                        let Ok(found) = solve(&problem, &options(&pairs), None, &mut Control::new()) else {
                            continue;
                        };
                        solved += 1;
                        let value = found.certificate.objective;
                        assert_eq!(
                            found.outcome,
                            Outcome::Converged,
                            "{pairs:?} {:?} {} {best}",
                            found.certificate,
                            found.target
                        );
                        assert!((value - best).abs() <= 2.0 * found.target, "{pairs:?} {value} {best}");
                    }
                }
            }
            assert_eq!(solved, 84, "{loss} {penalty:?}");
        }
    }
}
