//! Lower problems solved to the last digits: hypergradients against differences of `f`, and closed forms.

use super::super::{Coupling, Denoiser, FieldOfExperts, KernelRidge, Sure};
use super::super::{Data, Quadratic, Sharing, Split, TotalVariation, kernel_ridge::Lengths, ridge};
use super::cases::{Case, Kind, cases, dense, image, task};
use super::{ahead, difference, mixed_transposed, norm, normal, product, value};
use crate::bilevel::problem::{Problem, SecondOrder};
use crate::numerics::Matrix;
use crate::numerics::kernels::dot;

/// `A^-1 r` by conjugate gradients, as far as they go.
fn solve(second: &dyn SecondOrder, r: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; r.len()];
    // Twice: the second run removes the rounding of the first.
    for _ in 0..2 {
        let mut residual = ahead(r, -1.0, &product(second, &x));
        let (mut p, mut square) = (residual.clone(), dot(&residual, &residual));
        for _ in 0..5 * r.len() {
            if square <= 1e-32 * dot(r, r) {
                break;
            }
            let ap = product(second, &p);
            let alpha = square / dot(&p, &ap);
            x = ahead(&x, alpha, &p);
            residual = ahead(&residual, -alpha, &ap);
            let next = dot(&residual, &residual);
            p = ahead(&residual, next / square, &p);
            square = next;
        }
    }
    x
}

/// The minimizer of `h`, by Newton's method.
pub fn minimizer(problem: &dyn Problem, sample: usize, theta: &[f64], start: &[f64]) -> Vec<f64> {
    let mut x = start.to_vec();
    let mut gradient = vec![0.0; x.len()];
    for _ in 0..300 {
        let h = value(problem.lower(sample, &x, theta, &mut gradient));
        let step = solve(&*value(problem.second_order(sample, &x, theta)), &gradient);
        let slope = dot(&step, &gradient);
        if !(slope > 1e-30 * (1.0 + h.abs())) {
            break;
        }
        let (mut t, mut trial) = (1.0, x.clone());
        while t > 1e-9 {
            trial = ahead(&x, -t, &step);
            let there = value(problem.lower(sample, &trial, theta, &mut gradient));
            if there <= h - 0.1 * t * slope + 1e-14 * h.abs() {
                break;
            }
            t *= 0.5;
        }
        x = trial;
    }
    value(problem.lower(sample, &x, theta, &mut gradient));
    let constants = value(problem.lower_constants(sample, theta));
    assert!(norm(&gradient) <= 1e-12 * constants.l * (1.0 + norm(&x)), "{}", norm(&gradient));
    x
}

/// `f(theta)` without the regularizer.
fn f(problem: &dyn Problem, theta: &[f64], starts: &[Vec<f64>]) -> f64 {
    let mut sum = 0.0;
    for (sample, start) in starts.iter().enumerate() {
        let x = minimizer(problem, sample, theta, start);
        sum += value(problem.upper(sample, &x, theta, &mut vec![0.0; x.len()], &mut vec![0.0; theta.len()]));
    }
    sum / starts.len() as f64
}

/// `grad f = grad_theta g - B' A^-1 grad_x g`, mean over samples.
pub fn hypergradient(problem: &dyn Problem, theta: &[f64], solutions: &[Vec<f64>]) -> Vec<f64> {
    let mut z = vec![0.0; theta.len()];
    for (sample, x) in solutions.iter().enumerate() {
        let (mut in_x, mut in_theta) = (vec![0.0; x.len()], vec![0.0; theta.len()]);
        value(problem.upper(sample, x, theta, &mut in_x, &mut in_theta));
        let second = value(problem.second_order(sample, x, theta));
        let q = solve(&*second, &in_x);
        z = ahead(&ahead(&z, 1.0, &in_theta), -1.0, &mixed_transposed(&*second, &q, theta.len()));
    }
    z.iter_mut().for_each(|z| *z /= solutions.len() as f64);
    z
}

fn solutions(case: &Case) -> Vec<Vec<f64>> {
    let problem = &*case.problem;
    let of = |sample: usize| {
        let mut start = vec![0.0; problem.variables(sample)];
        value(problem.start(sample, &case.theta, &mut start));
        minimizer(problem, sample, &case.theta, &start)
    };
    (0..problem.samples()).map(of).collect()
}

#[test]
fn hypergradients_are_differences_of_f() {
    for case in cases() {
        let at = solutions(&case);
        let z = hypergradient(&*case.problem, &case.theta, &at);
        for k in 0..2 {
            let u = normal(case.theta.len(), 1000 + k);
            // Not across the kinks of piecewise functions.
            let step = if case.is_smooth { 1e-3 } else { 1e-5 };
            let slope = difference(step, |t| f(&*case.problem, &ahead(&case.theta, t, &u), &at));
            let off = (dot(&z, &u) - slope).abs();
            let size = norm(&z) * norm(&u) + 1e-4;
            assert!(off <= 1e-6 * size, "{}: {} {slope}", case.name, dot(&z, &u));
        }
    }
}

/// The solution of a dense symmetric system by elimination.
pub fn eliminate(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        for i in k + 1..n {
            let ratio = a[i][k] / a[k][k];
            let pivot = a[k].clone();
            a[i] = ahead(&a[i], -ratio, &pivot);
            b[i] -= ratio * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    b
}

pub fn rows_of(x: &Matrix<'_>) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; x.cols()]; x.rows()];
    (0..x.cols()).for_each(|j| x.for_each(j, |r, a| rows[r][j] = a));
    rows
}

#[test]
fn the_quadratic_problem_has_its_closed_form() {
    let (a1, a2, a3) = (dense(7, 3, 1), dense(9, 3, 2), dense(9, 2, 3));
    let (b1, b2) = (normal(7, 4), normal(9, 5));
    let problem = Quadratic::new(a1.clone(), b1, a2.clone(), a3.clone(), b2.clone()).unwrap();
    let theta = [0.7, -0.4];
    let found = minimizer(&problem, 0, &theta, &[0.0; 3]);
    let (a2, a3) = (rows_of(&a2), rows_of(&a3));
    let entry = |i: usize, j: usize| a2.iter().map(|r| r[i] * r[j]).sum::<f64>();
    let gram = (0..3).map(|i| (0..3).map(|j| entry(i, j)).collect()).collect();
    let right = |i: usize| (0..9).map(|r| a2[r][i] * (b2[r] - dot(&a3[r], &theta))).sum::<f64>();
    let expected = eliminate(gram, (0..3).map(right).collect());
    assert!(norm(&ahead(&found, -1.0, &expected)) < 1e-12, "{found:?} {expected:?}");
}

#[test]
fn leave_one_out_ridge_has_its_closed_form() {
    // Residuals of rows left out are r_i / (1 - H_ii) with H = X (X'X + nu I)^-1 X', nu = (n - 1) exp(t).
    let (n, p, t) = (8, 3, -1.2_f64);
    let (x, y) = (dense(n, p, 6), normal(n, 7));
    let split = Split::Folds { data: Data { x: x.clone(), y: y.clone() }, fold: (0..n).collect() };
    let problem = ridge(split, &Sharing::Single, false).unwrap();
    let found = f(&problem, &[t], &vec![vec![0.0; p]; n]);
    let rows = rows_of(&x);
    let nu = (n - 1) as f64 * t.exp();
    let entry =
        |i: usize, j: usize| rows.iter().map(|r| r[i] * r[j]).sum::<f64>() + if i == j { nu } else { 0.0 };
    let gram: Vec<Vec<f64>> = (0..p).map(|i| (0..p).map(|j| entry(i, j)).collect()).collect();
    let right = (0..p).map(|j| (0..n).map(|r| rows[r][j] * y[r]).sum::<f64>()).collect();
    let w = eliminate(gram.clone(), right);
    let left_out = |r: usize| {
        let leverage = dot(&rows[r], &eliminate(gram.clone(), rows[r].clone()));
        (dot(&rows[r], &w) - y[r]) / (1.0 - leverage)
    };
    let expected = (0..n).map(|r| 0.5 * left_out(r).powi(2)).sum::<f64>() / n as f64;
    assert!((found - expected).abs() < 1e-12 * expected, "{found} {expected}");
}

#[test]
fn kernel_ridge_has_its_closed_form() {
    let task = task(7, 2, Kind::Numbers, 8);
    let (rows, y) = (rows_of(&task.training.x), task.training.y.clone());
    let problem = KernelRidge::new(task, Lengths::PerFeature).unwrap();
    let theta = [-2.0, 0.2, -0.3_f64];
    let kernel = |i: usize, j: usize| {
        let square = |k: usize| (-2.0 * theta[1 + k]).exp() * (rows[i][k] - rows[j][k]).powi(2);
        (-0.5 * (square(0) + square(1))).exp() + if i == j { 7.0 * f64::exp(-2.0) } else { 0.0 }
    };
    let expected = eliminate((0..7).map(|i| (0..7).map(|j| kernel(i, j)).collect()).collect(), y);
    let found = minimizer(&problem, 0, &theta, &[0.0; 7]);
    assert!(norm(&ahead(&found, -1.0, &expected)) < 1e-10 * norm(&expected));
}

#[test]
fn denoising_helps() {
    // Half the squared distance to the truth, before and after.
    let images = vec![image(24, 24, 9), image(16, 30, 10)];
    for coupling in [Coupling::Isotropic, Coupling::Anisotropic] {
        let problem = TotalVariation::denoising(images.clone(), coupling, false).unwrap();
        for (sample, image) in images.iter().enumerate() {
            let theta = [-1.2, -3.0];
            let distance =
                |x: &[f64]| value(problem.upper(sample, x, &theta, &mut vec![0.0; x.len()], &mut [0.0; 2]));
            let restored = minimizer(&problem, sample, &theta, &image.noisy);
            assert!(distance(&restored) < 0.5 * distance(&image.noisy), "{}", distance(&restored));
        }
    }
}

#[test]
fn the_risk_estimate_is_near_the_risk() {
    // Over many pixels and a few draws the estimate of 1/2 |x - truth|^2 is right to a few standard deviations.
    let (sigma, theta) = (0.2, [-1.5, -2.0]);
    let (mut estimated, mut true_risk) = (0.0, 0.0);
    for seed in 0..4 {
        let problem =
            TotalVariation::denoising(vec![image(24, 24, 20 + seed)], Coupling::Isotropic, false).unwrap();
        let truth = problem.images()[0].truth.clone().unwrap();
        let sure = Sure::new(problem, sigma, seed).unwrap();
        let mut start = vec![0.0; 2 * truth.len()];
        value(sure.start(0, &theta, &mut start));
        let x = minimizer(&sure, 0, &theta, &start);
        estimated += value(sure.upper(0, &x, &theta, &mut vec![0.0; x.len()], &mut [0.0; 2]));
        true_risk += 0.5 * norm(&ahead(&x[..truth.len()], -1.0, &truth)).powi(2);
    }
    // The estimate of one image has a deviation of about sigma^2 sqrt(n / 2) = 0.7.
    assert!((estimated - true_risk).abs() < 4.0 * 0.7 * 2.0, "{estimated} {true_risk}");
    assert!(true_risk > 1.0 && true_risk < 0.5 * 4.0 * 576.0 * sigma * sigma, "{true_risk}");
}

#[test]
fn filters_that_shift_their_scale_change_nothing() {
    // (c, a, b) -> (s c, a - log s, b + log s) leaves the gradient as it is.
    let experts = super::super::Experts {
        count: 2,
        side: 3,
        boundary: super::super::Boundary::Symmetric,
        zero_mean: false,
        has_factor: false,
    };
    let problem = FieldOfExperts::new(vec![image(7, 8, 15)], experts).unwrap();
    let mut theta = vec![0.1, -0.4, -1.0, -0.7];
    theta.extend(normal(18, 16));
    let s = 1.7_f64;
    let mut scaled = theta.clone();
    (scaled[0], scaled[2]) = (theta[0] - s.ln(), theta[2] + s.ln());
    scaled[4..13].iter_mut().for_each(|t| *t *= s);
    let x = normal(56, 17);
    let (mut first, mut second) = (vec![0.0; 56], vec![0.0; 56]);
    let (h, k) =
        (value(problem.lower(0, &x, &theta, &mut first)), value(problem.lower(0, &x, &scaled, &mut second)));
    assert!((h - k).abs() < 1e-12 * h && norm(&ahead(&first, -1.0, &second)) < 1e-12 * norm(&first));
}
