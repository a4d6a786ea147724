//! The sparse group penalty against proximal gradients by plain loops, brute force and its special cases.

mod support;

use southwell::bcd::{Kind, Rigor, Settings, certificate};
use southwell::runtime::{Control, Family, Options, Outcome};
use support::{Data, INF, data, options, phi, run};

/// `sum phi + sum_g l1_g |x_g|_1 + w_g |x_g|_2 + l2/2 |x|^2` for consecutive groups.
struct Reference<'d> {
    data: &'d Data,
    loss: &'d str,
    y: Vec<f64>,
    size: usize,
    l1: f64,
    weight: f64,
    l2: f64,
}

impl Reference<'_> {
    fn predictor(&self, x: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; self.data.rows];
        for (j, x) in x.iter().enumerate() {
            z.iter_mut().zip(self.data.column(j)).for_each(|(z, a)| *z += x * a);
        }
        z
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let z = self.predictor(x);
        let d: Vec<f64> = z.iter().zip(&self.y).map(|(z, y)| phi(self.loss, *z, *y).1).collect();
        (0..x.len()).map(|j| self.data.column(j).iter().zip(&d).map(|(a, d)| a * d).sum()).collect()
    }

    fn objective(&self, x: &[f64]) -> f64 {
        let loss: f64 = self.predictor(x).iter().zip(&self.y).map(|(z, y)| phi(self.loss, *z, *y).0).sum();
        let groups = x.chunks(self.size).map(|g| {
            let (sizes, squares) = g.iter().fold((0.0, 0.0), |(s, q), x| (s + x.abs(), q + x * x));
            self.l1 * sizes + self.weight * f64::sqrt(squares) + 0.5 * self.l2 * squares
        });
        loss + groups.sum::<f64>()
    }

    /// Accelerated proximal gradients with restarts, until the iterate stands still.
    fn minimum(&self) -> f64 {
        let n = self.data.cols;
        let squares: f64 = self.data.a.iter().map(|a| a * a).sum();
        let h = squares * if self.loss == "squared-hinge" { 2.0 } else { 1.0 };
        let (mut x, mut ahead, mut t) = (vec![0.0; n], vec![0.0; n], 1.0_f64);
        let mut best = self.objective(&x);
        for _ in 0..60_000 {
            let g = self.gradient(&ahead);
            let mut next: Vec<f64> = ahead.iter().zip(&g).map(|(x, g)| x - g / h).collect();
            for g in next.chunks_mut(self.size) {
                g.iter_mut().for_each(|x| *x = x.signum() * (x.abs() - self.l1 / h).max(0.0));
                let size = g.iter().map(|x| x * x).sum::<f64>().sqrt();
                let keep = if size > self.weight / h { 1.0 - self.weight / (h * size) } else { 0.0 };
                g.iter_mut().for_each(|x| *x *= keep * h / (h + self.l2));
            }
            let value = self.objective(&next);
            let moved = next.iter().zip(&x).map(|(n, x)| (n - x).abs()).fold(0.0, f64::max);
            if value > best {
                t = 1.0;
                ahead.clone_from(&x);
                if moved < 1e-13 {
                    break;
                }
                continue;
            }
            let after = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
            ahead = next.iter().zip(&x).map(|(n, x)| n + (t - 1.0) / after * (n - x)).collect();
            (x, t, best) = (next, after, value);
        }
        best
    }
}

const LOSSES: [&str; 4] = ["squared", "logistic", "squared-hinge", "huber"];

#[test]
fn it_finds_the_minimum_of_proximal_gradients() {
    for (rows, cols) in [(40, 12), (20, 30)] {
        let data = data(rows, cols, 1.0, 31);
        for loss in LOSSES {
            for (l1_ratio, l2) in [(0.5, 0.0), (0.1, 0.0), (0.9, 0.3), (0.0, 0.3)] {
                let (ratio, ridge) = (l1_ratio.to_string(), l2.to_string());
                let pairs = [
                    ("loss", loss),
                    ("penalty", "sparse-group"),
                    ("lambda_ratio", "0.2"),
                    ("group_size", "4"),
                    ("l1_ratio", &ratio),
                    ("l2", &ridge),
                    ("tolerance", "1e-12"),
                ];
                let found = run(&data.problem(loss), &pairs);
                let lambda = found.lambda;
                let reference = Reference {
                    data: &data,
                    loss,
                    y: data.target(loss),
                    size: 4,
                    l1: lambda * l1_ratio,
                    weight: lambda * (1.0 - l1_ratio),
                    l2,
                };
                let case = format!("{rows}x{cols} {pairs:?} {:?} {:?}", found.outcome, found.certificate);
                assert_eq!(found.outcome, Outcome::Converged, "{case}");
                assert_eq!(
                    (found.certificate.kind, found.certificate.rigor),
                    (Kind::DualityGap, Rigor::Proven)
                );
                let value = reference.objective(&found.coef);
                assert!((value - found.certificate.objective).abs() <= 1e-11 * value, "{case} {value}");
                let best = reference.minimum();
                assert!(value <= best + 1e-9 * best, "{case}: {value} above {best}");
                assert!(best >= found.certificate.dual_objective - 1e-11 * best, "{case}");
            }
        }
    }
}

#[test]
fn the_gap_bounds_the_distance_from_the_minimum() {
    let data = data(30, 20, 1.0, 7);
    let problem = data.problem("squared");
    let pairs =
        [("penalty", "sparse-group"), ("lambda_ratio", "0.1"), ("group_size", "5"), ("tolerance", "1e-12")];
    let best = run(&problem, &pairs);
    let settings = Settings::from_options(&options(&pairs)).unwrap();
    let mut n = support::Numbers(3);
    for scale in [1e-6, 1e-3, 0.1, 1.0] {
        let coef: Vec<f64> = best.coef.iter().map(|c| c + scale * n.next()).collect();
        let dual: Vec<f64> = best.dual.iter().map(|d| d * (1.0 + scale * n.next())).collect();
        let found = certificate(&problem, &settings, best.lambda, &coef, 0.0, &dual).unwrap();
        let distance = found.objective - best.certificate.objective;
        assert!(found.value >= distance - 1e-12 * found.objective, "{scale} {found:?} {distance}");
    }
}

#[test]
fn its_ends_are_the_lasso_and_the_group_lasso() {
    let data = data(30, 12, 1.0, 23);
    for loss in LOSSES {
        let problem = data.problem(loss);
        let base = [("loss", loss), ("lambda", "0.6"), ("tolerance", "1e-13"), ("group_size", "3")];
        let solved = |penalty: &str, ratio: &str, size: &str| {
            let mut pairs = base.to_vec();
            pairs.extend([("penalty", penalty), ("l1_ratio", ratio), ("group_size", size)]);
            let found = run(&problem, &pairs);
            assert_eq!(found.outcome, Outcome::Converged, "{pairs:?}");
            found
        };
        for (one, other) in [
            (solved("sparse-group", "1", "3"), solved("l1", "0.5", "3")),
            (solved("sparse-group", "0", "3"), solved("group", "0.5", "3")),
            // |x|_1 and |x|_2 of one number are the same.
            (solved("sparse-group", "0.3", "1"), solved("l1", "0.5", "3")),
        ] {
            assert!((one.lambda_max - other.lambda_max).abs() <= 1e-13 * other.lambda_max, "{loss}");
            for (a, b) in one.coef.iter().zip(&other.coef) {
                assert!((a - b).abs() < 1e-5, "{loss} {:?} {:?}", one.coef, other.coef);
            }
        }
    }
}

#[test]
fn lambda_max_is_where_the_solution_leaves_zero() {
    let data = data(25, 21, 1.0, 5);
    for l1_ratio in [0.05_f64, 0.5, 0.95] {
        let ratio = l1_ratio.to_string();
        let base = [("penalty", "sparse-group"), ("group_size", "4"), ("l1_ratio", ratio.as_str())];
        let at = |strength: &str| {
            let mut pairs = base.to_vec();
            pairs.extend([("lambda_ratio", strength), ("tolerance", "1e-12")]);
            run(&data.problem("squared"), &pairs)
        };
        // By bisection on |S(A_g'y, t l1_ratio)| <= t (1 - l1_ratio).
        let v: Vec<f64> =
            (0..21).map(|j| data.column(j).iter().zip(&data.score).map(|(a, y)| a * y).sum()).collect();
        let fits = |t: f64| {
            v.chunks(4).all(|g| {
                let left = g.iter().map(|v| (v.abs() - t * l1_ratio).max(0.0).powi(2)).sum::<f64>().sqrt();
                left <= t * (1.0 - l1_ratio)
            })
        };
        let (mut low, mut high) = (0.0, 1e3);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if fits(middle) { high = middle } else { low = middle }
        }
        let found = at("1");
        assert!((found.lambda_max - high).abs() <= 1e-12 * high, "{} {high}", found.lambda_max);
        assert_eq!((found.nonzeros(), found.iterations, found.outcome), (0, 0, Outcome::Converged));
        assert_eq!(at("1.0000001").nonzeros(), 0);
        assert!(at("0.999").nonzeros() > 0);
    }
}

#[test]
fn weights_and_factors_of_zero_and_infinity() {
    let data = data(40, 12, 1.0, 9);
    let mut problem = data.problem("squared");
    let groups = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
    problem.set_groups(&groups, Some(&[1.0, 0.0, INF, 2.0])).unwrap();
    let pairs =
        [("penalty", "sparse-group"), ("lambda_ratio", "0.3"), ("tolerance", "1e-12"), ("l1_ratio", "0.4")];
    let found = run(&problem, &pairs);
    assert_eq!(found.outcome, Outcome::Converged);
    assert_eq!(found.certificate.rigor, Rigor::Proven);
    assert_eq!(found.coef[6..9], [0.0; 3], "an infinite weight");
    // Group 1 has the L1 part alone: its optimality by hand.
    let z = |x: &[f64]| {
        let mut z = vec![0.0; 40];
        x.iter().enumerate().for_each(|(j, x)| {
            z.iter_mut().zip(data.column(j)).for_each(|(z, a)| *z += x * a);
        });
        z
    };
    let r: Vec<f64> = z(&found.coef).iter().zip(&data.score).map(|(z, y)| y - z).collect();
    for j in 3..6 {
        let v: f64 = data.column(j).iter().zip(&r).map(|(a, r)| a * r).sum();
        let l1 = 0.4 * found.lambda;
        let x = found.coef[j];
        let right = if x == 0.0 { v.abs() <= l1 + 1e-5 } else { (v - l1 * x.signum()).abs() < 1e-5 };
        assert!(right, "{j} {v} {l1} {x}");
    }
    // A factor of 0 leaves a group without any penalty, with nothing but the ridge where there is one.
    let factors: Vec<f64> = groups.iter().map(|g| if *g == 3 { 0.0 } else { 1.0 }).collect();
    problem.set_penalty_factors(&factors).unwrap();
    for l2 in ["0", "0.7"] {
        let mut with = pairs.to_vec();
        with.extend([("lambda_ratio", "1.01"), ("l2", l2)]);
        let found = run(&problem, &with);
        assert_eq!(found.outcome, Outcome::Converged, "{l2} {:?}", found.certificate);
        assert_eq!(found.coef[..9], [0.0; 9], "{l2}");
        let r: Vec<f64> = z(&found.coef).iter().zip(&data.score).map(|(z, y)| y - z).collect();
        for j in 9..12 {
            let v: f64 = data.column(j).iter().zip(&r).map(|(a, r)| a * r).sum();
            let ridge: f64 = l2.parse::<f64>().unwrap() * found.coef[j];
            assert!((v - ridge).abs() < 1e-6 && found.coef[j] != 0.0, "{j} {v} {ridge}");
        }
    }
}

#[test]
fn what_is_refused() {
    let data = data(10, 6, 1.0, 9);
    let solve = |pairs: &[(&str, &str)]| {
        southwell::bcd::solve(&data.problem("squared"), &options(pairs), None, &mut Control::new())
    };
    let message = |pairs: &[(&str, &str)]| solve(pairs).unwrap_err().to_string();
    assert!(message(&[("penalty", "sparse-group")]).contains("group_size"));
    assert!(message(&[("penalty", "sparse-group"), ("group_size", "2"), ("lower", "0")]).contains("bounds"));
    assert!(message(&[("penalty", "l1"), ("l2", "1")]).contains("l2"));
    for bad in [("l1_ratio", "1.5"), ("l1_ratio", "nan"), ("l2", "-1"), ("l2", "inf")] {
        assert!(Options::new(Family::Bcd).set_text(bad.0, bad.1).is_err(), "{bad:?}");
    }
}

#[test]
fn several_outputs_share_groups() {
    let data = data(40, 8, 1.0, 13);
    let targets: Vec<f64> =
        (0..80).map(|k| data.score[k / 2] * if k % 2 == 0 { 1.0 } else { -0.5 }).collect();
    let mut problem = data.problem("squared");
    problem.set_targets(2, &targets).unwrap();
    let pairs = [
        ("loss", "multi-squared"),
        ("penalty", "sparse-group"),
        ("lambda_ratio", "0.1"),
        ("tolerance", "1e-10"),
    ];
    let found = run(&problem, &pairs);
    assert_eq!((found.outcome, found.certificate.rigor), (Outcome::Converged, Rigor::Proven));
    // As one problem with both outputs' columns on blocks of a larger matrix.
    let mut wide = Data { rows: 80, cols: 16, a: vec![0.0; 80 * 16], score: targets };
    for j in 0..8 {
        for c in 0..2 {
            (0..40).for_each(|r| wide.a[(2 * j + c) * 80 + 2 * r + c] = data.column(j)[r]);
        }
    }
    let pairs =
        [("penalty", "sparse-group"), ("lambda_ratio", "0.1"), ("tolerance", "1e-10"), ("group_size", "2")];
    let other = run(&wide.problem("squared"), &pairs);
    assert!((found.lambda_max - other.lambda_max).abs() < 1e-10 * other.lambda_max);
    let (one, two) = (found.certificate.objective, other.certificate.objective);
    assert!((one - two).abs() < 1e-8 * two, "{one} {two}");
    let classes: Vec<f64> = (0..40).map(|r| (r % 3) as f64).collect();
    let problem = southwell::bcd::Problem::new(data.dense(), &classes).unwrap();
    let pairs =
        [("loss", "softmax"), ("penalty", "sparse-group"), ("lambda_ratio", "0.2"), ("intercept", "true")];
    let found = run(&problem, &pairs);
    assert_eq!((found.outcome, found.certificate.rigor), (Outcome::Converged, Rigor::Proven));
}
