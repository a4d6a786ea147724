//! T6, what every built-in problem must satisfy: derivatives are differences, products are adjoint and symmetric,
//! constants are bounds.

mod bad_input;
mod budgets;
mod cases;
mod certified;
mod edges;
mod local;
mod optimal;
mod rounding;
mod solved;

use super::super::problem::{Evaluated, Refusal, SecondOrder};
use crate::numerics::kernels::dot;
use crate::runtime::rng::{Purpose, Stream};
use cases::{Case, cases};

/// The derivative at 0, of fourth order.
fn difference(step: f64, f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(step) - f(-step)) - (f(2.0 * step) - f(-2.0 * step))) / (12.0 * step)
}

fn normal(count: usize, seed: u64) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Probe, 77);
    (0..count).map(|_| stream.normal()).collect()
}

/// `x + t v`.
fn ahead(x: &[f64], t: f64, v: &[f64]) -> Vec<f64> {
    x.iter().zip(v).map(|(x, v)| x + t * v).collect()
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn value<T>(evaluated: Evaluated<T>) -> T {
    match evaluated {
        Ok(value) => value,
        Err(refusal) => panic!("{refusal:?}"),
    }
}

impl Case {
    fn lower(&self, sample: usize, x: &[f64], theta: &[f64]) -> (f64, Vec<f64>) {
        let mut gradient = vec![f64::NAN; x.len()];
        let h = value(self.problem.lower(sample, x, theta, &mut gradient));
        (h, gradient)
    }

    fn upper(&self, sample: usize, x: &[f64], theta: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let (mut in_x, mut in_theta) = (vec![f64::NAN; x.len()], vec![f64::NAN; theta.len()]);
        let g = value(self.problem.upper(sample, x, theta, &mut in_x, &mut in_theta));
        (g, in_x, in_theta)
    }

    fn second<'a>(&'a self, sample: usize, x: &'a [f64], theta: &'a [f64]) -> Box<dyn SecondOrder + 'a> {
        value(self.problem.second_order(sample, x, theta))
    }

    /// Samples, each with some points.
    fn points(&self) -> Vec<(usize, Vec<f64>)> {
        let samples = self.problem.samples();
        let point = |k: u64| {
            let sample = k as usize % samples;
            let mut x = normal(self.problem.variables(sample), 10 + k);
            x.iter_mut().for_each(|x| *x *= self.spread);
            (sample, x)
        };
        (0..2.max(samples) as u64).map(point).collect()
    }

    /// Differences over the kinks of piecewise functions see them from afar.
    fn step(&self) -> f64 {
        if self.is_smooth { 1e-3 } else { 1e-6 }
    }

    fn tolerance(&self) -> f64 {
        if self.is_smooth { 1e-7 } else { 3e-7 }
    }

    fn assert_near(&self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.name);
        let off = norm(&ahead(found, -1.0, expected));
        let size = norm(expected).max(norm(found));
        assert!(off <= self.tolerance() * (size + 1e-3), "{}: {what} is off by {off} of {size}", self.name);
    }
}

fn product(second: &dyn SecondOrder, v: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; v.len()];
    value(second.hessian(v, &mut out));
    out
}

fn mixed(second: &dyn SecondOrder, u: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; n];
    assert!(value(second.mixed(u, &mut out)));
    out
}

fn mixed_transposed(second: &dyn SecondOrder, q: &[f64], d: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; d];
    value(second.mixed_transposed(q, &mut out));
    out
}

#[test]
fn gradients_and_hessians_are_differences() {
    for case in cases() {
        for (sample, x) in case.points() {
            let (_, gradient) = case.lower(sample, &x, &case.theta);
            let second = case.second(sample, &x, &case.theta);
            for k in 0..3 {
                let v = normal(x.len(), 100 + k);
                let t = case.step() * case.spread;
                let slope = difference(t, |t| case.lower(sample, &ahead(&x, t, &v), &case.theta).0);
                case.assert_near("the gradient", &[dot(&gradient, &v)], &[slope]);
                let gradient_at = |t: f64| case.lower(sample, &ahead(&x, t, &v), &case.theta).1;
                let differences: Vec<f64> =
                    (0..x.len()).map(|j| difference(t, |t| gradient_at(t)[j])).collect();
                case.assert_near("A v", &product(&*second, &v), &differences);
            }
        }
    }
}

#[test]
fn mixed_products_are_differences_and_adjoint_and_hessians_symmetric() {
    for case in cases() {
        let d = case.theta.len();
        for (sample, x) in case.points() {
            let second = case.second(sample, &x, &case.theta);
            for k in 0..3 {
                let (u, q, v) = (normal(d, 200 + k), normal(x.len(), 300 + k), normal(x.len(), 400 + k));
                let bu = mixed(&*second, &u, x.len());
                let gradient_at = |t: f64| case.lower(sample, &x, &ahead(&case.theta, t, &u)).1;
                let differences: Vec<f64> =
                    (0..x.len()).map(|j| difference(case.step(), |t| gradient_at(t)[j])).collect();
                case.assert_near("B u", &bu, &differences);
                let bq = mixed_transposed(&*second, &q, d);
                let (left, right) = (dot(&bu, &q), dot(&u, &bq));
                let size = norm(&bu) * norm(&q) + norm(&u) * norm(&bq);
                assert!((left - right).abs() <= 1e-12 * size, "{}: <Bu, q> {left} {right}", case.name);
                let (av, aq) = (product(&*second, &v), product(&*second, &q));
                let (left, right) = (dot(&av, &q), dot(&v, &aq));
                let size = norm(&av) * norm(&q) + norm(&v) * norm(&aq);
                assert!((left - right).abs() <= 1e-12 * size, "{}: <Av, q> {left} {right}", case.name);
            }
        }
    }
}

#[test]
fn upper_gradients_are_differences() {
    for case in cases() {
        for (sample, x) in case.points() {
            let (_, in_x, in_theta) = case.upper(sample, &x, &case.theta);
            let mut pull = vec![0.0; case.theta.len()];
            value(case.problem.regularizer(&case.theta, &mut pull));
            for k in 0..3 {
                let (v, u) = (normal(x.len(), 500 + k), normal(case.theta.len(), 600 + k));
                let t = case.step() * case.spread;
                let slope = difference(t, |t| case.upper(sample, &ahead(&x, t, &v), &case.theta).0);
                case.assert_near("the gradient of g in x", &[dot(&in_x, &v)], &[slope]);
                let slope = difference(case.step(), |t| case.upper(sample, &x, &ahead(&case.theta, t, &u)).0);
                case.assert_near("the gradient of g in theta", &[dot(&in_theta, &u)], &[slope]);
                let r = |t: f64| {
                    value(case.problem.regularizer(&ahead(&case.theta, t, &u), &mut vec![0.0; u.len()]))
                };
                case.assert_near("the gradient of r", &[dot(&pull, &u)], &[difference(case.step(), r)]);
            }
        }
    }
}

/// Power iteration for the largest value of `|apply(v)|` over unit vectors, `apply` symmetric.
fn largest(n: usize, seed: u64, steps: usize, apply: impl Fn(&[f64]) -> Vec<f64>) -> f64 {
    let mut v = normal(n, seed);
    let mut best = 0.0_f64;
    for _ in 0..steps {
        let size = norm(&v);
        if !(size > 0.0) {
            return best;
        }
        v.iter_mut().for_each(|v| *v /= size);
        v = apply(&v);
        best = best.max(norm(&v));
    }
    best
}

#[test]
fn eigenvalues_are_between_mu_and_l_and_l_is_near() {
    for case in cases() {
        let mut points = case.points();
        points.extend((0..case.problem.samples()).map(|s| (s, vec![0.0; case.problem.variables(s)])));
        let mut nearest = f64::INFINITY;
        for (sample, x) in points {
            let constants = value(case.problem.lower_constants(sample, &case.theta));
            let second = case.second(sample, &x, &case.theta);
            let top = largest(x.len(), 1, 60, |v| product(&*second, v));
            let below = largest(x.len(), 2, 60, |v| ahead(&product(&*second, v), -constants.l, v));
            let bottom = constants.l - below;
            let slack = 1e-11 * constants.l;
            assert!(top <= constants.l + slack, "{}: L {} {top}", case.name, constants.l);
            assert!(bottom >= constants.mu - slack, "{}: mu {} {bottom}", case.name, constants.mu);
            assert!(constants.mu > 0.0, "{}", case.name);
            nearest = nearest.min(constants.l / top);
        }
        assert!(nearest <= case.loose, "{}: L is {nearest} times too large", case.name);
    }
}

#[test]
fn metrics_are_below_the_hessian_and_above_mu() {
    let mut seen = 0;
    for case in cases() {
        for (sample, x) in case.points() {
            let n = x.len();
            let mut metric = vec![f64::NAN; n];
            if !value(case.problem.metric(sample, &case.theta, &mut metric)) {
                continue;
            }
            seen += 1;
            let mu = value(case.problem.lower_constants(sample, &case.theta)).mu;
            let least = metric.iter().copied().fold(f64::INFINITY, f64::min);
            assert!((least - mu).abs() <= 1e-9 * mu, "{}: {least} and {mu}", case.name);
            let second = case.second(sample, &x, &case.theta);
            // A shift by |A - M| makes the largest eigenvalue of M - A the one that the power method finds.
            let below = |v: &[f64]| -> Vec<f64> {
                let av = product(&*second, v);
                (0..n).map(|j| metric[j] * v[j] - av[j]).collect()
            };
            let shift = largest(n, 5, 300, below);
            let top = largest(n, 6, 300, |v| below(v).iter().zip(v).map(|(b, v)| b + shift * v).collect());
            assert!(top - shift <= 1e-6 * shift, "{}: M - A has the eigenvalue {}", case.name, top - shift);
        }
    }
    assert!(seen > 0);
}

#[test]
fn norms_of_mixed_products_are_what_the_power_method_finds() {
    let mut seen = 0;
    for case in cases() {
        for (sample, x) in case.points() {
            let (n, d) = (x.len(), case.theta.len());
            let mut diagonal = vec![1.0; n];
            let has_metric = value(case.problem.metric(sample, &case.theta, &mut diagonal));
            let metric = has_metric.then_some(&diagonal[..]);
            let Some(said) = value(case.problem.mixed_norm(sample, &x, &case.theta, metric)) else {
                continue;
            };
            seen += 1;
            let second = case.second(sample, &x, &case.theta);
            let square = largest(d, 7, 200, |u| {
                let mut column = mixed(&*second, u, n);
                if has_metric {
                    column.iter_mut().zip(&diagonal).for_each(|(c, m)| *c /= m);
                }
                mixed_transposed(&*second, &column, d)
            });
            let (found, name) = (square.sqrt(), case.name);
            assert!(found <= said * (1.0 + 1e-9) && said <= 1.05 * found, "{name}: {said} and {found}");
        }
    }
    assert!(seen > 0);
}

#[test]
fn second_derivatives_have_their_lipschitz_constants() {
    for case in cases() {
        for (sample, x) in case.points() {
            let constants = value(case.problem.lower_constants(sample, &case.theta));
            assert_eq!(constants.l_a.is_nan(), !case.has_l_a, "{}", case.name);
            assert_eq!(constants.l_b.is_nan(), !case.has_l_b, "{}", case.name);
            for (k, distance) in [(0, 1e-3), (1, 0.03), (2, 0.3), (3, 2.0)] {
                let way = normal(x.len(), 700 + k);
                // From where the Hessian changes fastest, near flat places, as well as from a random point.
                for from in [x.clone(), ahead(&vec![0.0; x.len()], 0.3 * case.spread, &x)] {
                    let to = ahead(&from, distance * case.spread / norm(&way), &way);
                    let (a, b) =
                        (case.second(sample, &from, &case.theta), case.second(sample, &to, &case.theta));
                    let moved = norm(&ahead(&to, -1.0, &from));
                    let change = |v: &[f64]| ahead(&product(&*a, v), -1.0, &product(&*b, v));
                    let of_a = largest(x.len(), 3, 12, change);
                    let rounding = 1e-10 * constants.l;
                    let bound = constants.l_a * moved + rounding;
                    assert!(
                        !case.has_l_a || of_a <= bound,
                        "{}: L_A {} {}",
                        case.name,
                        constants.l_a,
                        of_a / moved
                    );
                    let d = case.theta.len();
                    let square = |u: &[f64]| {
                        let by = ahead(&mixed(&*a, u, x.len()), -1.0, &mixed(&*b, u, x.len()));
                        ahead(&mixed_transposed(&*a, &by, d), -1.0, &mixed_transposed(&*b, &by, d))
                    };
                    let of_b = largest(d, 4, 12, square).sqrt();
                    let bound = constants.l_b * moved + rounding;
                    assert!(
                        !case.has_l_b || of_b <= bound,
                        "{}: L_B {} {}",
                        case.name,
                        constants.l_b,
                        of_b / moved
                    );
                }
            }
        }
    }
}

#[test]
fn upper_gradients_have_their_lipschitz_constants() {
    for case in cases() {
        for (sample, x) in case.points() {
            let constants = case.problem.upper_constants(sample);
            for k in 0..4 {
                let to = ahead(&x, 0.2 * case.spread, &normal(x.len(), 800 + k));
                let moved = norm(&ahead(&to, -1.0, &x));
                let (from, there) =
                    (case.upper(sample, &x, &case.theta), case.upper(sample, &to, &case.theta));
                let change = norm(&ahead(&there.1, -1.0, &from.1));
                assert!(
                    change <= constants.l_g * moved * (1.0 + 1e-12),
                    "{}: L_g {}",
                    case.name,
                    constants.l_g
                );
                let change = norm(&ahead(&there.2, -1.0, &from.2));
                let bound = constants.l_g_theta * moved;
                assert!(bound.is_nan() || change <= bound * (1.0 + 1e-12), "{}", case.name);
                let linear = from.0 + dot(&from.1, &ahead(&to, -1.0, &x));
                assert!(
                    !constants.convex || there.0 >= linear - 1e-12 * (1.0 + linear.abs()),
                    "{}",
                    case.name
                );
                if let Some(c) = constants.squared_distance {
                    // |grad g|^2 = 2 c g.
                    assert!(
                        (dot(&from.1, &from.1) - 2.0 * c * from.0).abs() <= 1e-12 * from.0,
                        "{}",
                        case.name
                    );
                }
            }
        }
    }
}

#[test]
fn preconditioners_are_symmetric_and_positive() {
    let mut with_one = 0;
    for case in cases() {
        for (sample, x) in case.points() {
            let second = case.second(sample, &x, &case.theta);
            let (r, s) = (normal(x.len(), 900), normal(x.len(), 901));
            let (mut pr, mut ps) = (vec![f64::NAN; x.len()], vec![f64::NAN; x.len()]);
            if !value(second.precondition(&r, &mut pr)) {
                continue;
            }
            with_one += 1;
            assert!(value(second.precondition(&s, &mut ps)));
            let size = norm(&pr) * norm(&s) + norm(&ps) * norm(&r);
            assert!((dot(&pr, &s) - dot(&r, &ps)).abs() <= 1e-12 * size, "{}", case.name);
            assert!(dot(&pr, &r) > 0.0 && dot(&ps, &s) > 0.0, "{}", case.name);
        }
    }
    assert!(with_one > 20, "{with_one}");
}

#[test]
fn points_that_cannot_be_evaluated_are_rejected_and_wrong_lengths_are_errors() {
    for case in cases() {
        let (x, d) = (vec![0.1; case.problem.variables(0)], case.theta.len());
        let mut gradient = vec![0.0; x.len()];
        let mut lower = |x: &[f64], theta: &[f64]| case.problem.lower(0, x, theta, &mut gradient);
        let is_failure = |evaluated: Evaluated<f64>| matches!(evaluated, Err(Refusal::Failed(_)));
        assert!(is_failure(lower(&x[1..], &case.theta)), "{}", case.name);
        assert!(is_failure(lower(&x, &case.theta[1..])), "{}", case.name);
        assert!(matches!(case.problem.second_order(0, &x[1..], &case.theta), Err(Refusal::Failed(_))));
        assert!(
            is_failure(case.problem.lower(99, &x, &case.theta, &mut vec![0.0; x.len()])),
            "{}",
            case.name
        );
        let (mut least, mut most) = (vec![f64::NAN; d], vec![f64::NAN; d]);
        case.problem.bounds(&mut least, &mut most);
        assert!(
            case.theta.iter().zip(&least).zip(&most).all(|((t, l), u)| l <= t && t <= u),
            "{}",
            case.name
        );
        // What has bounds is a logarithm or a logit.
        for k in (0..d).filter(|k| most[*k].is_finite()) {
            for far in [1e3, f64::NAN, -1e3] {
                let mut theta = case.theta.clone();
                theta[k] = far;
                let found = case.problem.lower(0, &x, &theta, &mut vec![0.0; x.len()]);
                assert_eq!(found, Err(Refusal::Reject), "{}: theta {k} {far}", case.name);
            }
        }
        assert!(case.problem.validate().is_ok());
    }
}

#[test]
fn quadratic_problems_say_so() {
    for case in cases() {
        let (sample, x) = case.points().remove(0);
        let v = normal(x.len(), 5);
        let curvature = |t: f64| {
            let point = ahead(&x, t, &v);
            dot(&product(&*case.second(sample, &point, &case.theta), &v), &v)
        };
        let (here, there) = (curvature(0.0), curvature(1.0));
        let is_constant = (here - there).abs() <= 1e-12 * here;
        // One pixel has no differences.
        let is_trivial = x.len() == 1 && !case.problem.is_quadratic();
        assert!(case.problem.is_quadratic() == is_constant || is_trivial, "{} {here} {there}", case.name);
    }
}
