//! T7: the best parameters, against closed forms and searches along lines over values that are exact.

use super::super::{
    Coupling, Data, Grid, Image, Quadratic, Sharing, Split, Task, Tikhonov, TotalVariation, ridge,
};
use super::cases::{Kind, dense, task};
use super::certified::{exact, optimum};
use super::solved::rows_of;
use super::{ahead, norm, normal};
use crate::bilevel::Solution;
use crate::bilevel::problem::Problem;
use crate::bilevel::tests::solved;
use crate::numerics::Matrix;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::kernels::dot;
use crate::runtime::Outcome;

/// The minimizer of a function of one variable that falls, then rises.
fn golden([mut a, mut b]: [f64; 2], f: impl Fn(f64) -> f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut x, mut y) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    for _ in 0..60 {
        if fx < fy {
            (b, y, fy) = (y, x, fx);
            x = b - ratio * (b - a);
            fx = f(x);
        } else {
            (a, x, fx) = (x, y, fy);
            y = a + ratio * (b - a);
            fy = f(y);
        }
    }
    0.5 * (a + b)
}

/// The least of all minimizers in `[-12, 6]`, by a grid and golden sections around its best point.
fn best(f: impl Fn(f64) -> f64) -> f64 {
    let at = |k: i32| -12.0 + 0.1 * f64::from(k);
    let k = (0..=180).min_by(|j, k| f(at(*j)).total_cmp(&f(at(*k)))).unwrap();
    golden([at(k - 1), at(k + 1)], f)
}

fn converged(problem: &dyn Problem, start: &[f64]) -> Solution {
    let set = [("tolerance", "1e-8"), ("value_tolerance", "0")];
    let found = solved(problem, start, &set);
    // Or as far as rounding lets it.
    let ended = matches!(found.outcome, Outcome::Converged | Outcome::Floor);
    assert!(ended, "{:?} {:?} {:?}", found.outcome, found.certificate, found.flaw);
    found
}

/// The validation loss of ridge regression as a function of the log-strength, from one eigendecomposition of the Gram
/// matrix.
fn path(x: &Matrix<'_>, y: &[f64], other: &Matrix<'_>, target: &[f64]) -> impl Fn(f64) -> f64 + use<> {
    let (rows, others, n) = (rows_of(x), rows_of(other), x.rows() as f64);
    let mut gram = Square::zeros(x.cols());
    for j in 0..x.cols() {
        for k in 0..x.cols() {
            gram.column_mut(j)[k] = rows.iter().map(|r| r[j] * r[k]).sum::<f64>() / n;
        }
    }
    let eigen = Eigen::of(&gram).unwrap();
    let vectors: Vec<Vec<f64>> = (0..x.cols()).map(|k| eigen.vectors.column(k).to_vec()).collect();
    let right: Vec<f64> =
        vectors.iter().map(|v| rows.iter().zip(y).map(|(r, y)| dot(r, v) * y / n).sum()).collect();
    let (values, target) = (eigen.values.clone(), target.to_vec());
    move |t: f64| {
        let mut w = vec![0.0; vectors.len()];
        for ((v, s), b) in vectors.iter().zip(&values).zip(&right) {
            w = ahead(&w, b / (s + t.exp()), v);
        }
        let square = |(r, y): (&Vec<f64>, &f64)| (dot(r, &w) - y).powi(2);
        0.5 * others.iter().zip(&target).map(square).sum::<f64>() / target.len() as f64
    }
}

#[test]
fn t7_the_best_strength_of_ridge_is_that_of_its_path() {
    let mut inside = 0;
    for draw in 0..30 {
        let weights = normal(6, 1000 + draw);
        let data = |rows: usize, seed: u64| {
            let x = dense(rows, 6, seed);
            let noise = normal(rows, seed + 1);
            let y = rows_of(&x).iter().zip(noise).map(|(r, e)| dot(r, &weights) + 2.0 * e).collect();
            Data { x, y }
        };
        let (training, validation) = (data(12, 2000 + 10 * draw), data(30, 2005 + 10 * draw));
        let f = path(&training.x, &training.y, &validation.x, &validation.y);
        let expected = best(&f);
        let problem = ridge(Split::HoldOut(Task { training, validation }), &Sharing::Single, false).unwrap();
        if !(-8.0..3.0).contains(&expected) {
            continue;
        }
        inside += 1;
        let found = converged(&problem, &[expected + 1.5]);
        let off = found.theta[0] - expected;
        assert!(off.abs() < 1e-5, "{draw}: {off} {}", f(found.theta[0]) - f(expected));
        let said = found.certificate.interval;
        assert!(said.lower <= f(found.theta[0]) && f(found.theta[0]) <= said.upper, "{said:?}");
    }
    assert!(inside > 15, "{inside}");
}

#[test]
fn t7_the_best_parameters_of_the_quadratic_are_those_of_its_closed_form() {
    for draw in 0..10 {
        let seed = |k: u64| 3000 + 10 * draw + k;
        let problem = Quadratic::new(
            dense(12, 5, seed(0)),
            normal(12, seed(1)),
            dense(15, 5, seed(2)),
            dense(15, 3, seed(3)),
            normal(15, seed(4)),
        )
        .unwrap();
        let expected = optimum(&problem, 3);
        let found = converged(&problem, &[1.0; 3]);
        assert!(norm(&ahead(&found.theta, -1.0, &expected)) <= 1e-5 * (1.0 + norm(&expected)), "{draw}");
    }
}

#[test]
fn t7_the_best_total_variation_of_a_signal_is_that_of_golden_sections() {
    // A wave with a jump, for which neither a tiny nor a huge v is best.
    let truth: Vec<f64> = (0..40).map(|k| (0.3 * k as f64).sin() + if k > 20 { 1.0 } else { 0.0 }).collect();
    let signal = Image {
        grid: Grid { height: 1, width: 40 },
        noisy: ahead(&truth, 0.2, &normal(40, 4000)),
        truth: Some(truth),
    };
    let problem = TotalVariation::denoising(vec![signal], Coupling::Isotropic, false).unwrap();
    let found = converged(&problem, &[-2.0, -2.0]);
    assert!(found.active.is_empty(), "{:?}", found.theta);
    // Along each parameter with the other as it was found.
    for k in 0..2 {
        let f = |t: f64| {
            let mut theta = found.theta.clone();
            theta[k] = t;
            exact(&problem, &theta).0
        };
        let expected = golden([found.theta[k] - 0.5, found.theta[k] + 0.5], f);
        assert!((found.theta[k] - expected).abs() < 1e-4, "{k}: {} {expected}", found.theta[k]);
    }
}

#[test]
fn a_search_without_derivatives_knows_the_pull_too() {
    let inner = ridge(Split::HoldOut(task(20, 4, Kind::Numbers, 9)), &Sharing::Single, false).unwrap();
    let pulled = Tikhonov::new(inner, 0.5, vec![2.0]).unwrap();
    let at_best = best(|t| exact(&pulled, &[t]).0);
    let set = [("method", "dynamic"), ("max_iterations", "400")];
    let found = solved(&pulled, &[-4.0], &set);
    assert_eq!(found.outcome, Outcome::Converged);
    assert!((found.theta[0] - at_best).abs() < 1e-2, "{} {at_best}", found.theta[0]);
}
