//! Functions of the caller: the box quadratic, convex and not, against brute force over its faces.

mod support;

use southwell::bcd::{Kind, Problem, Rigor, Solution, Start, UserFunction, solve};
use southwell::runtime::{Control, Outcome};
use std::sync::Arc;
use support::options;

/// `1/2 x'Hx - c'x`, `H` row after row and symmetric.
struct Quadratic {
    h: Vec<f64>,
    c: Vec<f64>,
    with_hessian: bool,
}

impl Quadratic {
    fn slope(&self, x: &[f64], i: usize) -> f64 {
        let n = self.c.len();
        (0..n).map(|j| self.h[i * n + j] * x[j]).sum::<f64>() - self.c[i]
    }

    fn at(&self, x: &[f64]) -> f64 {
        0.5 * (0..x.len()).map(|i| x[i] * (self.slope(x, i) - self.c[i])).sum::<f64>()
    }
}

impl UserFunction for Quadratic {
    fn cols(&self) -> usize {
        self.c.len()
    }

    fn value(&self, x: &[f64], out: &mut f64) -> i32 {
        *out = self.at(x);
        0
    }

    fn gradient(&self, x: &[f64], list: &[usize], out: &mut [f64]) -> i32 {
        list.iter().zip(out).for_each(|(&j, out)| *out = self.slope(x, j));
        0
    }

    fn has_hessian(&self) -> bool {
        self.with_hessian
    }

    fn hessian(&self, _x: &[f64], list: &[usize], out: &mut [f64]) -> i32 {
        let n = self.c.len();
        let entries = list.iter().flat_map(|&j| list.iter().map(move |&i| (i, j)));
        entries.zip(out).for_each(|((i, j), out)| *out = self.h[i * n + j]);
        0
    }
}

/// Within [-1, 1] in each coordinate.
fn in_a_box(h: &[f64], c: &[f64], with_hessian: bool, start: &[f64]) -> Solution {
    let function = Quadratic { h: h.to_vec(), c: c.to_vec(), with_hessian };
    let problem = Problem::of_function(Arc::new(function)).unwrap();
    let pairs = [("penalty", "none"), ("lower", "-1"), ("upper", "1"), ("tolerance", "1e-10")];
    let start = Start { coef: Some(start), intercept: 0.0 };
    solve(&problem, &options(&pairs), Some(start), &mut Control::new()).unwrap()
}

#[test]
fn a_convex_quadratic_in_a_box_is_solved() {
    // Free at (.., 1): x_0 = (c_0 - h_01) / h_00.
    let (h, c) = ([4.0, 1.0, 1.0, 2.0], [2.0, 9.0]);
    for with_hessian in [false, true] {
        let found = in_a_box(&h, &c, with_hessian, &[0.0; 2]);
        assert_eq!(found.outcome, Outcome::Converged, "{found:?}");
        assert!((found.coef[0] - 0.25).abs() < 1e-8 && found.coef[1] == 1.0, "{:?}", found.coef);
    }
    // A singular Hessian is no negative curvature.
    let found = in_a_box(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0], true, &[0.0; 2]);
    assert_eq!(found.outcome, Outcome::Converged, "{found:?}");
    assert!((found.coef[0] + found.coef[1] - 1.0).abs() < 1e-8);
}

#[test]
fn an_indefinite_quadratic_in_a_box_is_not_called_solved() {
    let cases: [([f64; 4], [f64; 2]); 4] = [
        ([1.0, 2.0, 2.0, 1.0], [0.0, 0.0]),
        ([0.0, 1.0, 1.0, 0.0], [0.1, 0.0]),
        ([-1.0, 0.0, 0.0, 1.0], [0.0, 0.5]),
        ([1.0, -3.0, -3.0, 1.0], [0.2, 0.1]),
    ];
    for (h, c) in cases {
        for start in [[0.0, 0.0], [0.3, -0.2], [1.0, 1.0]] {
            for with_hessian in [false, true] {
                let found = in_a_box(&h, &c, with_hessian, &start);
                // No dual value, and nothing that bounds the distance from the minimum.
                let certificate = found.certificate;
                assert_eq!((certificate.kind, certificate.rigor), (Kind::Gradient, Rigor::None));
                assert!(found.coef.iter().all(|x| (-1.0..=1.0).contains(x)));
                // The Hessian tells that a point without slope need not be a minimum.
                let told = !with_hessian || found.outcome != Outcome::Converged;
                assert!(told, "{h:?} {start:?} {:?} {:?}", found.outcome, found.coef);
            }
        }
    }
}
