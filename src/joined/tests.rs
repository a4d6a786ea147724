//! The elastic net and the lasso as they are: closed forms, differences, intervals, and what the method makes of them.

use super::{elastic_net, lasso};
use crate::bcd;
use crate::bilevel::problems::{Adjusted, Data, NonsmoothElasticNet, Split, Task};
use crate::bilevel::settings::CertificateMode;
use crate::bilevel::{Evaluated, Problem, Rigor, Solution, certificate, solve};
use crate::model::Loss;
use crate::model::loss::{Logistic, Poisson, Squared};
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::kernels::dot;
use crate::numerics::{DenseView, Matrix, Order};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{CancelToken, Control, ErrorKind, Family, Options, Outcome, Result};

const SQUARED: Loss = Loss::Squared(Squared);
const LOGISTIC: Loss = Loss::Logistic(Logistic);

fn value<T>(evaluated: Evaluated<T>) -> T {
    match evaluated {
        Ok(value) => value,
        Err(refusal) => panic!("{refusal:?}"),
    }
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

fn options(pairs: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bilevel);
    pairs.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

fn matrix(data: &[f64], rows: usize) -> Matrix<'static> {
    let cols = data.len() / rows;
    Matrix::dense(DenseView { data, rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
}

/// Rows with means away from 0 whose targets follow three of `p` features, for one seed the same three.
fn rows(n: usize, p: usize, loss: Loss, seed: u64, draw: u64) -> Data {
    let mut stream = Stream::new(seed, Purpose::Probe, draw);
    let data: Vec<f64> = (0..n * p).map(|_| 0.3 + stream.normal()).collect();
    let y = (0..n).map(|r| {
        let z = 2.0 * data[r] - 1.5 * data[n + r] + 0.7 * data[2 * n + r] - 0.5 + stream.normal();
        if loss == SQUARED { z } else { 1.0_f64.copysign(z) }
    });
    Data { y: y.collect(), x: matrix(&data, n) }
}

fn hold_out(n: usize, p: usize, loss: Loss, seed: u64) -> Split {
    Split::HoldOut(Task { training: rows(n, p, loss, seed, 0), validation: rows(n, p, loss, seed, 1) })
}

fn folds(n: usize, p: usize, loss: Loss, seed: u64) -> Split {
    Split::Folds { data: rows(n, p, loss, seed, 0), fold: (0..n).map(|r| r % 3).collect() }
}

/// Lower solutions of all samples to a subgradient of `tolerance`.
fn solved(problem: &dyn Problem, theta: &[f64], tolerance: f64) -> Vec<Vec<f64>> {
    let one = |sample| {
        let mut x = vec![0.0; problem.variables(sample)];
        assert!(value(problem.solve_lower(sample, theta, tolerance, &mut x, &mut Control::new())));
        x
    };
    (0..problem.samples()).map(one).collect()
}

fn subgradient(problem: &dyn Problem, sample: usize, x: &[f64], theta: &[f64]) -> f64 {
    let mut s = vec![0.0; x.len()];
    value(problem.lower(sample, x, theta, &mut s));
    norm(&s)
}

fn upper(problem: &dyn Problem, x: &[Vec<f64>], theta: &[f64]) -> f64 {
    let one = |i: usize| {
        value(problem.upper(i, &x[i], theta, &mut vec![0.0; x[i].len()], &mut vec![0.0; theta.len()]))
    };
    (0..x.len()).map(one).sum::<f64>() / x.len() as f64
}

/// `f` from lower solutions as exact as they get.
fn exact(problem: &dyn Problem, theta: &[f64]) -> f64 {
    upper(problem, &solved(problem, theta, 1e-13), theta)
}

fn run(problem: &dyn Problem, start: &[f64], pairs: &[(&str, &str)]) -> Solution {
    solve(problem, start, &options(pairs), None, &mut Control::new()).unwrap()
}

/// Every kind of problem here that has certificates, with a theta of about half the features.
fn certified() -> Vec<(NonsmoothElasticNet, Vec<f64>)> {
    vec![
        (elastic_net(hold_out(40, 8, SQUARED, 1), SQUARED, false).unwrap(), vec![-1.0, -2.0]),
        (elastic_net(folds(40, 8, SQUARED, 2), SQUARED, true).unwrap(), vec![-1.0, -1.5]),
        (elastic_net(folds(15, 30, SQUARED, 3), SQUARED, true).unwrap(), vec![-1.0, -2.0]),
        (elastic_net(hold_out(60, 8, LOGISTIC, 4), LOGISTIC, false).unwrap(), vec![-2.5, -3.0]),
        (lasso(hold_out(40, 8, SQUARED, 5), SQUARED, false).unwrap(), vec![-1.0]),
    ]
}

#[test]
fn a_lower_solution_is_that_of_coordinate_descent_on_the_rows_of_the_fold() {
    let (n, p) = (30, 6);
    let theta: [f64; 2] = [-1.0, -2.0];
    for intercept in [false, true] {
        let problem = elastic_net(folds(n, p, SQUARED, 6), SQUARED, intercept).unwrap();
        let data = rows(n, p, SQUARED, 6, 0);
        for (fold, x) in solved(&problem, &theta, 1e-12).iter().enumerate() {
            assert!(subgradient(&problem, fold, x, &theta) <= 1e-12);
            let kept: Vec<usize> = (0..n).filter(|r| r % 3 != fold).collect();
            let mut columns = Vec::new();
            for j in 0..p {
                data.x.for_each(j, |r, a| columns.extend((r % 3 != fold).then_some(a)));
            }
            let y: Vec<f64> = kept.iter().map(|r| data.y[*r]).collect();
            let alone = bcd::Problem::new(matrix(&columns, kept.len()), &y).unwrap();
            let mut set = Options::new(Family::Bcd);
            let (l1, l2) = (theta[0].exp(), theta[1].exp());
            for (key, value) in [("penalty", "elastic-net"), ("scale", "mean"), ("tolerance", "1e-14")] {
                set.set_text(key, value).unwrap();
            }
            set.set_text("intercept", if intercept { "true" } else { "false" }).unwrap();
            set.set_real("lambda", l1 + l2).unwrap();
            set.set_real("l1_ratio", l1 / (l1 + l2)).unwrap();
            let mut found = bcd::solve(&alone, &set, None, &mut Control::new()).unwrap();
            found.coef.extend(intercept.then_some(found.intercept));
            assert!(distance(&found.coef, x) < 1e-6, "{:?} {x:?}", found.coef);
            assert!(x[..p].contains(&0.0) && x[..p].iter().any(|x| *x != 0.0));
        }
    }
}

#[test]
fn subgradients_of_every_size_are_reached_by_every_kind() {
    for (problem, theta) in certified() {
        for tolerance in [1e-1, 1e-4, 1e-8, 1e-10] {
            for (i, x) in solved(&problem, &theta, tolerance).iter().enumerate() {
                let found = subgradient(&problem, i, x, &theta);
                assert!(found <= tolerance, "{theta:?} {tolerance}: {found}");
            }
        }
    }
}

#[test]
fn the_curvature_is_at_least_mu() {
    for (problem, theta) in certified() {
        for (i, x) in solved(&problem, &theta, 1e-6).iter().enumerate() {
            let constants = value(problem.lower_constants(i, &theta));
            assert_eq!(constants.rigor, Rigor::Proven);
            assert!(constants.mu > 0.0 && constants.l_a.is_nan() && constants.l_b.is_nan());
            // At a point where nothing is 0 the Hessian is that of loss and ridge.
            let dense: Vec<f64> = x.iter().map(|x| x + 0.1).collect();
            let second = value(problem.second_order(i, &dense, &theta));
            let mut hessian = Square::zeros(x.len());
            for j in 0..x.len() {
                let mut unit = vec![0.0; x.len()];
                unit[j] = 1.0;
                value(second.hessian(&unit, hessian.column_mut(j)));
            }
            let values = Eigen::of(&hessian).unwrap().values;
            let (least, most) = (values[0], values[values.len() - 1]);
            assert!(constants.mu <= least * (1.0 + 1e-9), "{} {least}", constants.mu);
            assert!(constants.l >= most * (1.0 - 1e-12), "{} {most}", constants.l);
        }
    }
}

#[test]
fn hypergradients_are_differences_of_the_upper_value() {
    for (problem, theta) in certified() {
        let set = [("max_iterations", "0"), ("lower_accuracy", "1e-10"), ("adjoint_accuracy", "1e-11")];
        let found = run(&problem, &theta, &set);
        for k in 0..theta.len() {
            let f = |t: f64| {
                let mut theta = theta.clone();
                theta[k] += t;
                exact(&problem, &theta)
            };
            let h = 1e-4;
            let slope = (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
            let size = norm(&found.hypergradient);
            assert!(
                (slope - found.hypergradient[k]).abs() <= 1e-6 * (size + 1e-3),
                "{theta:?} {k}: {slope} {found:?}"
            );
        }
    }
}

#[test]
fn a_start_that_is_solved_at_once_does_not_end_the_search() {
    // Features of unit length far from their target's mean: the first accuracy, taken from 0, is huge.
    let (n, p) = (60, 6);
    let data = rows(n, p, SQUARED, 16, 0);
    let mut columns = Vec::new();
    (0..p).for_each(|j| data.x.for_each(j, |_, a| columns.push(0.1 * a)));
    let y = data.y.iter().map(|y| 150.0 + 40.0 * y).collect();
    let fold = (0..n).map(|r| r % 5).collect();
    let problem =
        lasso(Split::Folds { data: Data { x: matrix(&columns, n), y }, fold }, SQUARED, false).unwrap();
    let start = [(0.1 * problem.lambda_max(&mut Control::new()).unwrap()).ln()];
    let found = run(&problem, &start, &[]);
    assert!(found.iterations > 2, "{:?} {} {:?}", found.outcome, found.iterations, found.theta);
    assert!(exact(&problem, &found.theta) < exact(&problem, &start));
}

/// `min 1/2 |w - c|^2 + alpha |w|_1 + beta/2 |w|^2` for features `sqrt(n) I`, judged by `1/2 |w - target|^2`.
struct Separable {
    c: Vec<f64>,
    target: Vec<f64>,
}

impl Separable {
    fn new(p: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Probe, 2);
        let mut draw = || (0..p).map(|_| stream.normal()).collect::<Vec<f64>>();
        Self { c: draw(), target: draw() }
    }

    fn data(numbers: &[f64]) -> Data {
        let (p, root) = (numbers.len(), (numbers.len() as f64).sqrt());
        let mut x = vec![0.0; p * p];
        (0..p).for_each(|j| x[j * p + j] = root);
        Data { x: matrix(&x, p), y: numbers.iter().map(|c| root * c).collect() }
    }

    fn split(&self) -> Split {
        Split::HoldOut(Task { training: Self::data(&self.c), validation: Self::data(&self.target) })
    }

    fn solution(&self, alpha: f64, beta: f64) -> Vec<f64> {
        self.c.iter().map(|c| (c.abs() - alpha).max(0.0).copysign(*c) / (1.0 + beta)).collect()
    }

    fn value(&self, alpha: f64, beta: f64) -> f64 {
        0.5 * distance(&self.solution(alpha, beta), &self.target).powi(2)
    }
}

#[test]
fn intervals_hold_the_closed_form_however_rough_the_lower_solution() {
    let (mut wrong, mut of_all) = (0, 0);
    for seed in 0..100 {
        let separable = Separable::new(7, seed);
        let mut stream = Stream::new(seed, Purpose::Probe, 3);
        let theta = [stream.normal() - 0.5, stream.normal() - 1.0];
        let (alpha, beta) = (theta[0].exp(), theta[1].exp());
        let f = separable.value(alpha, beta);
        let net = elastic_net(separable.split(), SQUARED, false).unwrap();
        let sparse = lasso(separable.split(), SQUARED, false).unwrap();
        for (problem, theta, beta, f) in
            [(&net, &theta[..], beta, f), (&sparse, &theta[..1], 0.0, separable.value(alpha, 0.0))]
        {
            let exact = separable.solution(alpha, beta);
            for eps in [1.0, 1e-1, 1e-2, 1e-4, 1e-6, 1e-9] {
                // A point near the solution, and one on its way there.
                let noise: Vec<f64> = exact.iter().map(|x| x + eps * stream.normal()).collect();
                let way = solved(problem, theta, eps).remove(0);
                for x in [noise, way] {
                    let (x, q) = ([x], [vec![0.0; 7]]);
                    let set = options(&[("certificate", "goal-oriented")]);
                    let (found, _) = certificate(problem, theta, &x, &q, &set, &mut Control::new()).unwrap();
                    let proven = found.from_constants;
                    assert_eq!(proven.rigor, Rigor::Proven);
                    assert!(proven.lower <= f && f <= proven.upper, "{seed} {eps}: {f} {proven:?}");
                    assert!(distance(&x[0], &exact) <= found.eps * (1.0 + 1e-9) + 1e-14);
                    assert!(found.omega.rigor < Rigor::Proven);
                    // With q = 0 the correction says nothing, and must not say that it is proven.
                    let inside = found.interval.lower <= f && f <= found.interval.upper;
                    assert!(inside || found.interval.rigor < Rigor::Proven, "{seed} {eps}: {f} {found:?}");
                }
                // With adjoints: estimated, and seldom wrong.
                let set =
                    [("max_iterations", "0"), ("lower_accuracy", &*format!("{eps}")), ("trace", "true")];
                let found = run(problem, theta, &set).certificate;
                assert!(found.from_constants.lower <= f && f <= found.from_constants.upper);
                of_all += 1;
                wrong += usize::from(!(found.interval.lower <= f && f <= found.interval.upper));
                assert_eq!(found.mode, CertificateMode::GoalOriented);
            }
        }
    }
    assert!(wrong * 50 <= of_all, "{wrong} of {of_all}");
}

#[test]
fn every_accepted_step_decreases_the_closed_form() {
    for seed in 0..10 {
        let separable = Separable::new(9, 200 + seed);
        let problem = elastic_net(separable.split(), SQUARED, false).unwrap();
        let f = |theta: &[f64]| separable.value(theta[0].exp(), theta[1].exp());
        for eps in ["1", "1e-3"] {
            let (mut theta, mut resume) = (vec![-2.0, -2.0], None);
            for _ in 0..12 {
                let set = [("max_iterations", "1"), ("lower_accuracy", eps), ("value_tolerance", "0")];
                let found = solve(&problem, &theta, &options(&set), None, &mut Control::new()).unwrap();
                let (before, after) = (f(&theta), f(&found.theta));
                assert!(after <= before * (1.0 + 1e-14), "{seed} {eps}: {before} {after}");
                theta = found.theta;
                resume = found.checkpoint.or(resume);
                if found.iterations == 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn what_is_learned_is_as_good_as_a_fine_grid() {
    for (seed, loss, intercept) in [(11, SQUARED, false), (12, SQUARED, true), (13, LOGISTIC, false)] {
        let problem = elastic_net(folds(60, 12, loss, seed), loss, intercept).unwrap();
        let most = problem.lambda_max(&mut Control::new()).unwrap();
        let start = [(0.1 * most).ln(), -3.0];
        let found = run(&problem, &start, &[]);
        let mut best = f64::INFINITY;
        for k in 0..30 {
            for l in 0..12 {
                let theta = [most.ln() - 0.2 * f64::from(k), -8.0 + 0.7 * f64::from(l)];
                best = best.min(upper(&problem, &solved(&problem, &theta, 1e-7), &theta));
            }
        }
        let learned = exact(&problem, &found.theta);
        // At a kink the search may end a little above the minimum along it.
        assert!(
            learned <= best * (1.0 + 1e-2),
            "{seed}: {best} {learned} {:?} {:?}",
            found.outcome,
            found.theta
        );
        assert!(found.flaw.is_none() && found.examination.is_none_or(|e| e.findings.is_empty()));
    }
}

#[test]
fn from_the_least_strength_that_leaves_nothing_there_is_nothing() {
    for (problem, theta) in certified() {
        let least = problem.lambda_max(&mut Control::new()).unwrap();
        let nonzeros = |l1: f64| {
            let mut theta = theta.clone();
            theta[0] = l1.ln();
            let x = solved(&problem, &theta, 1e-10);
            let penalized = |x: &Vec<f64>| x.len().min(if x.len() == 31 { 30 } else { 8 });
            x.iter().map(|x| x[..penalized(x)].iter().filter(|x| **x != 0.0).count()).min().unwrap()
        };
        assert_eq!((nonzeros(1.001 * least), nonzeros(0.97 * least).min(1)), (0, 1));
    }
}

#[test]
fn what_is_not_strongly_convex_is_refused_unless_asked_for() {
    let wide = || lasso(hold_out(10, 20, SQUARED, 7), SQUARED, false).unwrap();
    let labels = || elastic_net(folds(60, 5, LOGISTIC, 8), LOGISTIC, true).unwrap();
    for (problem, start) in [(wide(), vec![-2.0]), (labels(), vec![-3.0, -3.0])] {
        let error = solve(&problem, &start, &options(&[]), None, &mut Control::new()).unwrap_err();
        assert_eq!(error.subject(), "mu");
        let found = run(&problem, &start, &[("allow_uncertified", "true")]);
        assert_eq!(found.certificate.mode, CertificateMode::Off);
        assert_eq!(found.certificate.interval.rigor, Rigor::None);
        assert!(found.flaw.is_none(), "{:?}", found.flaw);
        assert!(exact(&problem, &found.theta) < exact(&problem, &start));
    }
}

#[test]
fn solvers_of_smooth_functions_and_other_losses_are_refused() {
    let problem = elastic_net(hold_out(20, 5, SQUARED, 9), SQUARED, false).unwrap();
    for solver in ["fista", "newton-cg", "cg"] {
        let set = options(&[("lower_solver", solver)]);
        let error = solve(&problem, &[-2.0; 2], &set, None, &mut Control::new()).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Option, "option \"lower_solver\""));
    }
    assert!(run(&problem, &[-2.0; 2], &[("lower_solver", "user")]).flaw.is_none());
    let refused = |made: Result<NonsmoothElasticNet>, subject: &str| {
        assert_eq!(made.unwrap_err().subject(), subject);
    };
    refused(lasso(hold_out(20, 5, SQUARED, 9), Loss::Poisson(Poisson), false), "loss");
    refused(elastic_net(hold_out(20, 5, SQUARED, 9), LOGISTIC, false), "training.y");
    let Data { x, .. } = rows(5, 3, SQUARED, 1, 0);
    let training = Data { x, y: vec![0.0; 4] };
    refused(
        lasso(Split::HoldOut(Task { training, validation: rows(5, 3, SQUARED, 1, 1) }), SQUARED, false),
        "training.y.len",
    );
}

#[test]
fn other_methods_a_pull_and_every_certificate_run() {
    let problem = || elastic_net(folds(30, 6, SQUARED, 14), SQUARED, true).unwrap();
    for method in ["maid", "paper", "fixed", "hoag", "dynamic", "grid", "random"] {
        let found = run(&problem(), &[-2.0, -3.0], &[("method", method), ("max_iterations", "5")]);
        assert!(found.flaw.is_none(), "{method}: {:?}", found.flaw);
        assert_eq!(found.certificate.from_constants.rigor, Rigor::Proven, "{method}");
    }
    for mode in ["rigorous", "estimated", "goal-oriented", "off"] {
        let found = run(&problem(), &[-2.0, -3.0], &[("certificate", mode), ("max_iterations", "5")]);
        assert!(found.flaw.is_none() && found.certificate.omega.rigor < Rigor::Proven, "{mode}");
    }
    let pulled = Adjusted::new(problem()).drawn_to(0.1, vec![-2.0, -3.0]).unwrap();
    assert!(run(&pulled, &[-1.0, -1.0], &[]).flaw.is_none());
}

#[test]
fn solves_repeat_to_the_bit_and_stop_when_told() {
    let problem = elastic_net(folds(40, 20, SQUARED, 15), SQUARED, true).unwrap();
    let start = [-2.0, -3.0];
    let bits = |found: &Solution| {
        let all = found.theta.iter().chain(found.x.iter().chain(&found.q).flatten());
        all.map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    let set = [("max_iterations", "4")];
    let whole = run(&problem, &start, &set);
    for threads in ["2", "3"] {
        assert_eq!(bits(&whole), bits(&run(&problem, &start, &[set[0], ("threads", threads)])));
    }
    let cut = run(&problem, &start, &[("max_iterations", "2")]).checkpoint.unwrap();
    let rest = solve(&problem, &start, &options(&set), Some(&cut), &mut Control::new()).unwrap();
    assert_eq!(bits(&whole), bits(&rest));
    for at in [1, 3, 10, 30, 100] {
        let mut control = Control::new().with_trip_at_poll(at);
        if let Ok(found) = solve(&problem, &start, &options(&[]), None, &mut control) {
            assert!(matches!(found.outcome, Outcome::Cancelled | Outcome::Converged | Outcome::Floor));
        }
    }
    let token = CancelToken::new();
    token.trip();
    let mut control = Control::new().with_cancel(&token);
    let found = solve(&problem, &start, &options(&[]), None, &mut control).unwrap();
    assert!(found.outcome == Outcome::Cancelled && found.flaw.is_none());
}
