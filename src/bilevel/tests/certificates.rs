//! T1 and T2: what is said to be certain holds.

use super::toy::{Logistic, Quadratic};
use super::{options, point};
use crate::bilevel::bound::omega;
use crate::bilevel::certificate::certificate;
use crate::bilevel::interval::{Interval, interval, of_adjoint, plain};
use crate::bilevel::metric::norm;
use crate::bilevel::problem::{Evaluated, LowerConstants, Problem, Rigor, SecondOrder, UpperConstants};
use crate::runtime::{Control, Family, Options};

const ACCURACIES: [f64; 6] = [3.0, 0.3, 1e-2, 1e-4, 1e-6, 1e-8];

fn off(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

fn contains(range: Interval, value: f64) {
    assert!(range.lower <= value && value <= range.upper, "{range:?} does not hold {value}");
}

#[test]
fn t1_a_quadratic_is_within_its_intervals_and_bounds() {
    let problem = Quadratic::new(3, 6, 4, 1);
    let mut rigorous = 0;
    for k in 0..4 {
        let theta: Vec<f64> = (0..4).map(|j| (k * 3 + j) as f64 * 0.3 - 1.0).collect();
        let (f, gradient) = problem.exact(&theta);
        for eps in ACCURACIES {
            for delta in ACCURACIES {
                for values in ["plain", "corrected"] {
                    let set = options(&[
                        ("lower_solver", "gradient"),
                        ("values", values),
                        ("certificate", "rigorous"),
                    ]);
                    let (point, mode) = point(&problem, &theta, (eps, delta), &set);
                    let range = interval(&point, mode, values == "corrected");
                    contains(range, f);
                    assert_eq!(range.rigor, Rigor::Proven);
                    let omega = omega(&point, mode);
                    let error = off(&point.hypergradient().unwrap(), &gradient);
                    assert!(error <= omega.value * (1.0 + 1e-9) + 1e-11, "{error} {omega:?}");
                    assert!(point.most(|s| s.eps) <= eps && omega.rigor == Rigor::Proven);
                    rigorous += 1;
                }
            }
        }
    }
    assert_eq!(rigorous, 288);
}

#[test]
fn t1_a_logistic_fit_is_within_its_intervals_and_bounds() {
    for with_metric in [false, true] {
        let mut problem = Logistic::new(2, 5, 2);
        problem.with_metric = with_metric;
        for k in 0..3 {
            let theta: Vec<f64> = (0..5).map(|j| -3.0 + 0.9 * ((k * j) % 5) as f64).collect();
            let (f, gradient) = (problem.exact_value(&theta), problem.exact_gradient(&theta));
            for eps in ACCURACIES {
                for delta in [1e-1, 1e-3, 1e-6] {
                    let set = options(&[("lower_solver", "gradient"), ("certificate", "rigorous")]);
                    let (point, mode) = point(&problem, &theta, (eps, delta), &set);
                    for corrected in [false, true] {
                        contains(interval(&point, mode, corrected), f);
                    }
                    let error = off(&point.hypergradient().unwrap(), &gradient);
                    let omega = omega(&point, mode);
                    assert!(error <= omega.value + 1e-11, "{error} {omega:?} {with_metric}");
                    assert_eq!(omega.rigor, Rigor::Proven);
                }
            }
        }
    }
}

#[test]
fn a_metric_never_makes_bounds_wider() {
    let mut problem = Logistic::new(1, 6, 4);
    let theta = [-5.0, 1.0, 0.0, -1.0, 2.0, 1.0];
    let mut narrower = 0;
    for eps in [1e-1, 1e-2, 1e-3, 1e-4] {
        problem.with_metric = false;
        let set = options(&[("lower_solver", "gradient"), ("certificate", "rigorous")]);
        let (mut euclidean, mode) = point(&problem, &theta, (eps, 1e-12), &set);
        problem.with_metric = true;
        // The same x, in both norms.
        let (x, q) = (euclidean.samples[0].lower.x.clone(), euclidean.samples[0].q.clone());
        let (metric, _) = certificate(&problem, &theta, &[x], &[q], &set, &mut Control::new()).unwrap();
        euclidean.samples[0].mixed.as_mut().unwrap().correction = None;
        let width = interval(&euclidean, mode, false).width();
        assert!(metric.from_constants.width() <= width * (1.0 + 1e-9), "{metric:?} {width}");
        narrower += u32::from(metric.from_constants.width() < 0.5 * width);
        assert!(metric.omega.lower <= omega(&euclidean, mode).lower * (1.0 + 1e-9));
    }
    assert!(narrower > 0);
}

#[test]
fn the_goal_oriented_correction_makes_hypergradients_better_and_bounds_what_is_left() {
    let problem = Logistic::new(2, 5, 3);
    let theta = [-3.0, -2.0, -4.0, -1.0, -3.0];
    let gradient = problem.exact_gradient(&theta);
    for eps in [1e-1, 1e-2, 1e-3, 1e-4] {
        let set = options(&[("lower_solver", "gradient"), ("certificate", "goal-oriented")]);
        let (mut point, mode) = point(&problem, &theta, (eps, 1e-10), &set);
        let omega = omega(&point, mode);
        let error = off(&point.hypergradient().unwrap(), &gradient);
        assert!(omega.value >= error, "{eps}: {error} {omega:?}");
        assert_eq!(omega.rigor, Rigor::Estimated);
        point.samples.iter_mut().for_each(|sample| sample.mixed.as_mut().unwrap().correction = None);
        let plain = off(&point.hypergradient().unwrap(), &gradient);
        assert!(error <= 0.5 * plain && omega.value <= plain, "{eps}: {error} {plain} {omega:?}");
    }
}

#[test]
fn estimated_bounds_hold_too_and_say_that_they_are_estimates() {
    let problem = Logistic::new(2, 5, 3);
    let theta = [-3.0, -2.0, -4.0, -1.0, -3.0];
    let (f, gradient) = (problem.exact_value(&theta), problem.exact_gradient(&theta));
    for eps in ACCURACIES {
        let set = options(&[("lower_solver", "gradient"), ("certificate", "estimated")]);
        let (point, mode) = point(&problem, &theta, (eps, 1e-3), &set);
        let omega = omega(&point, mode);
        assert!(off(&point.hypergradient().unwrap(), &gradient) <= omega.value + 1e-11);
        assert_eq!(omega.rigor, Rigor::Estimated);
        contains(interval(&point, mode, true), f);
    }
}

#[test]
fn t2_corrected_values_are_off_by_the_square_of_the_accuracy() {
    let problem = Quadratic::new(1, 6, 2, 5);
    let theta = [0.5, -1.0];
    let f = problem.exact(&theta).0;
    let errors: Vec<(f64, f64, f64, f64)> = [1e-1, 1e-2, 1e-3]
        .iter()
        .map(|eps| {
            let set = options(&[("lower_solver", "gradient")]);
            let (point, mode) = point(&problem, &theta, (*eps, 1e-12), &set);
            let sample = &point.samples[0];
            let corrected = of_adjoint(sample, mode).unwrap();
            let value = sample.upper.value;
            // The Taylor expansion's own value: its E is between 0 and L_g/2 eps^2.
            let taylor = corrected.lower;
            ((value - f).abs(), (taylor - f).abs(), plain(sample).width(), corrected.width())
        })
        .collect();
    // Over two decades of accuracy; how far each solution really is from the exact one differs.
    let (rough, fine) = (errors[0], errors[2]);
    assert!((10.0..1e3).contains(&(rough.0 / fine.0)), "{errors:?}");
    assert!((1e3..1e5).contains(&(rough.1 / fine.1)), "{errors:?}");
    assert!((10.0..1e3).contains(&(rough.2 / fine.2)), "{errors:?}");
    assert!((1e3..1e5).contains(&(rough.3 / fine.3)), "{errors:?}");
}

#[test]
fn the_exact_range_of_squared_distances_is_attained() {
    let problem = Quadratic::new(1, 4, 2, 6);
    let set = options(&[("lower_solver", "gradient"), ("values", "plain")]);
    let (mut point, _) = point(&problem, &[0.0, 0.0], (0.1, 1e-3), &set);
    let sample = &mut point.samples[0];
    // g = c/2 r^2 with r = 2, c = 3.
    (sample.upper.value, sample.upper.norm, sample.constants.l_g) = (6.0, 6.0, 3.0);
    (sample.constants.squared_distance, sample.eps) = (Some(3.0), 0.5);
    let range = plain(sample);
    assert!((range.lower - 1.5 * 1.5 * 1.5).abs() < 1e-12 && (range.upper - 1.5 * 2.5 * 2.5).abs() < 1e-12);
    sample.eps = 3.0;
    assert_eq!(plain(sample).lower, 0.0);
}

#[test]
fn a_certificate_is_recomputed_from_the_answer_alone() {
    let problem = Logistic::new(2, 5, 3);
    let set = options(&[("max_iterations", "5")]);
    let solution = super::solved(&problem, &[-2.0; 5], &[("max_iterations", "5")]);
    let Solved { theta, x, q, certificate: said, hypergradient, .. } = solution;
    let (found, z) = certificate(&problem, &theta, &x, &q, &set, &mut Control::new()).unwrap();
    assert_eq!(z, hypergradient);
    assert_eq!((found.eps, found.delta, found.size), (said.eps, said.delta, said.size));
    assert_eq!(found.from_constants, said.from_constants);
    contains(found.interval, problem.exact_value(&theta));
    // An answer that is not one shows it.
    let worse: Vec<Vec<f64>> = x.iter().map(|x| x.iter().map(|x| x + 0.1).collect()).collect();
    let (found, _) = certificate(&problem, &theta, &worse, &q, &set, &mut Control::new()).unwrap();
    assert!(found.eps > 10.0 * said.eps && found.interval.width() > said.interval.width());
    contains(found.interval, problem.exact_value(&theta));
    let error = certificate(&problem, &theta, &x[..1], &q, &set, &mut Control::new()).unwrap_err();
    assert_eq!(error.subject(), "x");
}

use crate::bilevel::Solution as Solved;

/// `h = 1/2 (x - 1)^2 + exp(t)/2 x^2`, `g = 1/2 x^2`: at `x = 0` the adjoint, `B` and `z` are 0, and `grad f` is not.
struct Vanishing;

struct AtZero<'a>(&'a [f64], f64);

impl SecondOrder for AtZero<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out[0] = (1.0 + self.1) * v[0];
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out[0] = self.1 * self.0[0] * q[0];
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        out[0] = self.1 * self.0[0] * u[0];
        Ok(true)
    }
}

impl Problem for Vanishing {
    fn parameters(&self) -> usize {
        1
    }

    fn samples(&self) -> usize {
        1
    }

    fn variables(&self, _sample: usize) -> usize {
        1
    }

    fn lower(&self, _sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let w = theta[0].exp();
        gradient[0] = x[0] - 1.0 + w * x[0];
        Ok(0.5 * ((x[0] - 1.0).powi(2) + w * x[0] * x[0]))
    }

    fn second_order<'a>(
        &'a self,
        _sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        Ok(Box::new(AtZero(x, theta[0].exp())))
    }

    fn lower_constants(&self, _sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        let w = theta[0].exp();
        Ok(LowerConstants { mu: 1.0 + w, l: 1.0 + w, l_a: 0.0, l_b: w, rigor: Rigor::Proven })
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        _sample: usize,
        x: &[f64],
        _theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        (in_x[0], in_theta[0]) = (x[0], 0.0);
        Ok(0.5 * x[0] * x[0])
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        UpperConstants {
            l_g: 1.0,
            l_g_theta: 0.0,
            convex: true,
            squared_distance: Some(1.0),
            rigor: Rigor::Proven,
        }
    }
}

#[test]
fn a_vanishing_adjoint_leaves_a_bound() {
    let mut options = Options::new(Family::Bilevel);
    options.set_text("certificate", "rigorous").unwrap();
    let zero = [vec![0.0]];
    let (found, z) = certificate(&Vanishing, &[0.0], &zero, &zero, &options, &mut Control::new()).unwrap();
    // f = 1/2 (1 + e^t)^-2, so that f' = -1/8 at t = 0.
    assert_eq!((z[0], found.omega.rigor), (0.0, Rigor::Proven));
    assert!(found.omega.value >= 0.125 && found.omega.value < 0.126, "{:?}", found.omega);
}
