//! A linear term `c'x` in the objective: against least squares with the square completed, quadratics whose optimum is
//! known, optimality conditions and dual values by plain loops.

mod support;

use southwell::bcd::{
    Change, Folds, Grid, Kind, Points, Problem, Rigor, Sensitivity, Settings, Solution, certificate,
    cross_validate, identify, lambda_max, path, solve,
};
use southwell::runtime::{Control, ErrorKind, Outcome};
use support::{Data, INF, Numbers, Plain, data, options, run};

/// `A'u` and `u` with `1'u = 0`.
fn reached(d: &Data, size: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut u: Vec<f64> = Numbers(seed).vector(d.rows).iter().map(|u| size * u).collect();
    let mean = u.iter().sum::<f64>() / d.rows as f64;
    u.iter_mut().for_each(|u| *u -= mean);
    let c = (0..d.cols).map(|j| d.column(j).iter().zip(&u).map(|(a, u)| a * u).sum()).collect();
    (c, u)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

const PENALTIES: [&[(&str, &str)]; 8] = [
    &[("penalty", "l1"), ("lambda", "0.7")],
    &[("penalty", "elastic-net"), ("lambda", "0.9")],
    &[("penalty", "ridge"), ("lambda", "0.5")],
    &[("penalty", "group"), ("group_size", "2"), ("lambda", "0.8")],
    &[("penalty", "sparse-group"), ("group_size", "4"), ("lambda", "0.8")],
    &[("penalty", "group"), ("group_size", "2"), ("lambda", "0.8"), ("l2", "0.3")],
    &[("penalty", "none"), ("lower", "-0.2"), ("upper", "0.3")],
    &[("penalty", "l1"), ("lambda", "0.4"), ("lower", "0")],
];

/// `1/2 |Ax - y|^2 + u'Ax = 1/2 |Ax - (y - u)|^2 + y'u - |u|^2 / 2`, whatever the penalty, the rule and the update are.
#[test]
fn a_square_completed_is_the_same_problem() {
    let ways: [&[(&str, &str)]; 12] = [
        &[],
        &[("rule", "cyclic"), ("update", "gradient")],
        &[("rule", "cyclic"), ("update", "exact")],
        &[("rule", "permuted"), ("update", "cubic")],
        &[("rule", "random"), ("update", "matrix"), ("block_size", "2")],
        &[("rule", "gs"), ("update", "newton"), ("block_size", "3")],
        &[("rule", "gsl"), ("update", "local"), ("greedy_gradient", "index")],
        &[("rule", "gsd"), ("update", "gradient"), ("lipschitz", "estimate")],
        &[("rule", "gsq"), ("update", "matrix"), ("block_size", "3")],
        &[("rule", "gsc"), ("update", "exact")],
        &[("rule", "gsl"), ("blocks", "fixed"), ("block_size", "2"), ("update", "matrix")],
        &[("rule", "cyclic"), ("update", "gradient"), ("acceleration", "anderson")],
    ];
    for (seed, size) in [(1, 0.2), (2, 1.5)] {
        let d = data(40, 8, 1.0, seed);
        let (c, u) = reached(&d, size, seed + 50);
        let y = d.target("squared");
        let shifted: Vec<f64> = y.iter().zip(&u).map(|(y, u)| y - u).collect();
        let constant = dot(&y, &u) - 0.5 * dot(&u, &u);
        for penalty in PENALTIES {
            for way in ways {
                for intercept in ["false", "true"] {
                    let pairs = [
                        penalty,
                        way,
                        &[("intercept", intercept), ("tolerance", "1e-10"), ("max_iterations", "2000000")],
                    ]
                    .concat();
                    let what = format!("{size} {pairs:?}");
                    let mut tilted = Problem::new(d.sparse64(), &y).unwrap();
                    tilted.set_linear(&c).unwrap();
                    let found = run(&tilted, &pairs);
                    let other = run(&Problem::new(d.dense(), &shifted).unwrap(), &pairs);
                    assert_eq!(found.outcome, Outcome::Converged, "{what}: {:?}", found.certificate);
                    assert_eq!(found.certificate.kind, Kind::DualityGap, "{what}");
                    assert_ne!(found.certificate.rigor, Rigor::None, "{what}");
                    assert!(
                        apart(&found.coef, &other.coef) < 2e-4,
                        "{what}: {:?} {:?}",
                        found.coef,
                        other.coef
                    );
                    assert!((found.intercept - other.intercept).abs() < 2e-4, "{what}");
                    let gaps = found.certificate.value + other.certificate.value + 1e-11;
                    let objectives = found.certificate.objective - other.certificate.objective;
                    assert!((objectives - constant).abs() <= gaps, "{what}: {objectives} {constant}");
                    // The dual value is one: no more than the minimum.
                    let above = found.certificate.dual_objective - constant - other.certificate.objective;
                    assert!(above <= 1e-11, "{what}: {above:e}");
                    let same = found.lambda_max == other.lambda_max
                        || (found.lambda_max - other.lambda_max).abs() < 1e-11 * other.lambda_max;
                    assert!(same, "{what}: {} {}", found.lambda_max, other.lambda_max);
                }
            }
        }
    }
}

/// Quadratics `1/2 x'Qx + c'x` built backwards from their optimum.
#[test]
fn quadratics_within_bounds_end_at_their_known_optimum() {
    for seed in 0..6 {
        let (rows, cols) = (30, 20);
        let mut n = Numbers(seed);
        let d = Data { rows, cols, a: n.vector(rows * cols), score: vec![0.0; rows] };
        for (lower, upper) in [(0.0, INF), (0.0, 1.0), (-INF, 0.5), (-INF, INF)] {
            let (mut x, mut pull) = (vec![0.0; cols], vec![0.0; cols]);
            for j in 0..cols {
                let (low, high): (f64, f64) = (lower.max(-2.0), upper.min(2.0));
                x[j] = 0.5 * (low + high) + 0.4 * (high - low) * n.next();
                let force = 0.1 + n.next().abs();
                if j % 3 == 0 && lower.is_finite() {
                    (x[j], pull[j]) = (lower, force);
                } else if j % 3 == 1 && upper.is_finite() {
                    (x[j], pull[j]) = (upper, -force);
                }
            }
            let mut z = vec![0.0; rows];
            (0..cols).for_each(|j| z.iter_mut().zip(d.column(j)).for_each(|(z, a)| *z += a * x[j]));
            let c: Vec<f64> = (0..cols).map(|j| pull[j] - dot(d.column(j), &z)).collect();
            let mut problem = Problem::new(d.dense(), &vec![0.0; rows]).unwrap();
            problem.set_linear(&c).unwrap();
            problem.set_bounds(&vec![lower; cols], &vec![upper; cols]).unwrap();
            for way in
                [&[][..], &[("rule", "gsl"), ("update", "exact")], &[("rule", "gsq"), ("block_size", "4")]]
            {
                let pairs =
                    [way, &[("penalty", "none"), ("tolerance", "1e-12"), ("max_iterations", "1000000")]]
                        .concat();
                let found = run(&problem, &pairs);
                let what = format!("{seed} [{lower}, {upper}] {way:?}: {:?}", found.certificate);
                assert_eq!(found.outcome, Outcome::Converged, "{what}");
                assert!(apart(&found.coef, &x) < 1e-5, "{what} {}", apart(&found.coef, &x));
                let least = 0.5 * dot(&z, &z) + dot(&c, &x);
                assert!((found.certificate.objective - least).abs() <= 1e-9 * least.abs(), "{what} {least}");
                // Without any bound there is a gradient, as ever.
                let bounded = lower.is_finite() || upper.is_finite();
                let kind = if bounded { Kind::DualityGap } else { Kind::Gradient };
                assert_eq!(found.certificate.kind, kind, "{what}");
                if bounded {
                    assert!(found.certificate.dual_objective <= least + 1e-9 * least.abs(), "{what}");
                }
            }
        }
    }
}

#[test]
fn optimality_conditions_hold_for_every_loss() {
    for loss in ["squared", "logistic", "squared-hinge", "huber", "pseudo-huber", "poisson"] {
        for (l1, l2) in [(1.2, 0.0), (0.6, 0.6), (0.0, 0.8)] {
            for (intercept, lower, upper) in [(false, -INF, INF), (true, -INF, INF), (false, 0.0, 0.4)] {
                let d = data(60, 10, 0.8, 3);
                let mut plain = Plain::new(&d, loss, l1, l2, intercept);
                plain.c = Numbers(9).vector(10);
                plain.lower = vec![lower; 10];
                plain.upper = vec![upper; 10];
                let mut problem = d.problem(loss);
                problem.set_linear(&plain.c).unwrap();
                problem.set_bounds(&plain.lower, &plain.upper).unwrap();
                let (strength, share) = ((l1 + l2).to_string(), (l1 / (l1 + l2)).to_string());
                let pairs = [
                    ("loss", loss),
                    ("penalty", "elastic-net"),
                    ("lambda", &strength[..]),
                    ("l1_ratio", &share[..]),
                    ("intercept", if intercept { "true" } else { "false" }),
                    ("tolerance", "1e-12"),
                ];
                let found = run(&problem, &pairs);
                let what = format!("{loss} {l1} {l2} {intercept} {lower}: {:?}", found.certificate);
                assert!(
                    matches!(found.outcome, Outcome::Converged | Outcome::Floor),
                    "{what} {:?}",
                    found.outcome
                );
                assert!(plain.violation(&found.coef, found.intercept) < 1e-5, "{what}");
                let objective = plain.objective(&found.coef, found.intercept);
                assert!((objective - found.certificate.objective).abs() < 1e-10 * objective.abs(), "{what}");
                let mut random = Numbers(17);
                for _ in 0..50 {
                    let x: Vec<f64> =
                        (0..10).map(|j| (found.coef[j] + 0.1 * random.next()).clamp(lower, upper)).collect();
                    assert!(
                        plain.objective(&x, found.intercept) >= found.certificate.dual_objective - 1e-9,
                        "{what}"
                    );
                }
                // The gap is that of the point and of the dual point, from the data alone.
                let settings = Settings::from_options(&options(&pairs)).unwrap();
                let again =
                    certificate(&problem, &settings, found.lambda, &found.coef, found.intercept, &found.dual);
                assert_eq!(again.unwrap(), found.certificate);
            }
        }
    }
}

#[test]
fn the_dual_point_is_feasible_and_has_the_value_that_is_claimed() {
    for size in [0.05, 2.0] {
        let d = data(50, 12, 1.0, 4);
        let (c, _) = reached(&d, size, 8);
        let mut problem = d.problem("squared");
        problem.set_linear(&c).unwrap();
        let found = run(&problem, &[("lambda", "1"), ("tolerance", "1e-9")]);
        let (theta, y) = (&found.dual, d.target("squared"));
        for (j, c) in c.iter().enumerate() {
            assert!((dot(d.column(j), theta) - c).abs() <= 1.0 + 1e-12, "{size} {j}");
        }
        let short: f64 = y.iter().zip(theta).map(|(y, t)| (y - t) * (y - t)).sum();
        let value = 0.5 * dot(&y, &y) - 0.5 * short;
        assert!((value - found.certificate.dual_objective).abs() < 1e-11 * value.abs(), "{size}");
        // A dual point that is far outside is moved until it is inside, or worth nothing.
        let far: Vec<f64> = theta.iter().enumerate().map(|(r, t)| 1.5 * t + (r % 3) as f64).collect();
        let settings = Settings::from_options(&options(&[("lambda", "1")])).unwrap();
        let other = certificate(&problem, &settings, found.lambda, &found.coef, 0.0, &far).unwrap();
        assert!(other.value.is_finite() && other.value > found.certificate.value, "{size} {other:?}");
        assert!(other.dual_objective <= found.certificate.objective);
    }
}

#[test]
fn lambda_max_is_where_zero_ends() {
    for penalty in [&[("penalty", "l1")][..], &[("penalty", "group"), ("group_size", "3")]] {
        let d = data(30, 9, 1.0, 6);
        let mut problem = d.problem("logistic");
        problem.set_linear(&Numbers(3).vector(9)).unwrap();
        let base = [penalty, &[("loss", "logistic"), ("intercept", "true"), ("tolerance", "1e-10")]].concat();
        let most = lambda_max(&problem, &options(&base), &mut Control::new()).unwrap().unwrap();
        for (factor, zero) in [(1.0001, true), (0.999, false)] {
            let strength = (factor * most).to_string();
            let found = run(&problem, &[&base[..], &[("lambda", &strength[..])]].concat());
            assert_eq!(found.nonzeros() == 0, zero, "{penalty:?} {factor}");
            assert_eq!(found.outcome, Outcome::Converged);
        }
    }
}

/// Columns that the loss does not see go where the linear term and the penalty send them.
#[test]
fn columns_of_zeros() {
    let (zeros, wave) = ([0.0; 6], [1.0, -1.0, 2.0, 0.5, 0.0, 3.0]);
    let d = Data::of(&[&zeros, &wave], &[1.0, 0.5, 2.0, -1.0, 0.0, 1.5]);
    let solved = |c: f64, pairs: &[(&str, &str)]| {
        let mut problem = d.problem("squared");
        problem.set_linear(&[c, 0.1]).unwrap();
        run(&problem, &[pairs, &[("tolerance", "1e-10")]].concat())
    };
    let found = |c: f64, pairs: &[(&str, &str)]| {
        let s = solved(c, pairs);
        assert_eq!(s.outcome, Outcome::Converged, "{c} {pairs:?}: {:?}", s.certificate);
        s.coef[0]
    };
    assert_eq!(found(0.5, &[("lambda", "1")]), 0.0);
    assert_eq!(found(-2.0, &[("penalty", "ridge"), ("lambda", "4")]), 0.5);
    assert_eq!(found(-3.0, &[("penalty", "elastic-net"), ("lambda", "2")]), 2.0);
    assert_eq!(found(-2.0, &[("penalty", "none"), ("lower", "-1"), ("upper", "3")]), 3.0);
    assert_eq!(found(2.0, &[("penalty", "none"), ("lower", "-1"), ("upper", "3")]), -1.0);
    assert_eq!(found(2.0, &[("penalty", "none"), ("lower", "0")]), 0.0);
    for (c, pairs) in [
        (2.0, &[("lambda", "1")][..]),
        (-2.0, &[("penalty", "none"), ("lower", "0")]),
        (1e-3, &[("penalty", "none")]),
        (2.0, &[("penalty", "group"), ("group_size", "1"), ("lambda", "1")]),
    ] {
        assert_eq!(solved(c, pairs).outcome, Outcome::Unbounded, "{c} {pairs:?}");
    }
    assert_eq!(found(2.0, &[("penalty", "none"), ("standardize", "true"), ("intercept", "true")]), 0.0);
    // A path meets the strength below which there is no minimum.
    let mut problem = d.problem("squared");
    problem.set_linear(&[0.5, 0.1]).unwrap();
    let points =
        path(&problem, &options(&[]), &Grid::given(&[1.0, 0.2]), None, &mut Control::new()).unwrap().points;
    assert_eq!([points[0].outcome, points[1].outcome], [Outcome::Converged, Outcome::Unbounded]);
}

/// Labels that are all alike leave the loss no minimum; a linear term beyond the penalty leaves no infimum either.
#[test]
fn labels_all_alike() {
    let wave = [1.0, -1.0, 2.0, 0.5];
    let d = Data::of(&[&wave], &[1.0; 4]);
    let outcome = |c: f64, pairs: &[(&str, &str)]| {
        let mut problem = Problem::new(d.dense(), &[1.0; 4]).unwrap();
        problem.set_linear(&[c]).unwrap();
        run(&problem, &[pairs, &[("loss", "logistic"), ("intercept", "true")]].concat()).outcome
    };
    assert_eq!(outcome(0.5, &[("lambda", "1")]), Outcome::InfimumNotAttained);
    assert_eq!(outcome(2.0, &[("lambda", "1")]), Outcome::Unbounded);
    assert_eq!(outcome(2.0, &[("penalty", "ridge"), ("lambda", "1")]), Outcome::InfimumNotAttained);
    assert_eq!(outcome(-2.0, &[("penalty", "none"), ("lower", "0")]), Outcome::Unbounded);
    assert_eq!(outcome(2.0, &[("penalty", "none"), ("lower", "0")]), Outcome::InfimumNotAttained);
}

/// Columns that are alike can cancel: then the linear term falls for ever, unless something holds it.
#[test]
fn columns_that_cancel_leave_no_minimum() {
    let (wave, other) = ([1.0, 2.0, -1.0, 0.3], [2.0, 1.0, 0.5, 1.0]);
    let near: Vec<f64> = wave.iter().zip(&other).map(|(a, b)| a + 1e-3 * b).collect();
    for (second, cancels) in [(&wave[..], true), (&near[..], false)] {
        let d = Data::of(&[&wave, second], &[2.0, 1.0, 0.5, 1.0]);
        let mut problem = d.problem("squared");
        problem.set_linear(&[1.0, -1.0]).unwrap();
        for pairs in [
            &[("penalty", "none")][..],
            &[("penalty", "none"), ("intercept", "true")],
            &[("lambda", "0.1")],
            &[("penalty", "group"), ("group_size", "1"), ("lambda", "0.1")],
        ] {
            let found = run(&problem, &[pairs, &[("tolerance", "1e-8")]].concat());
            let what = format!("{cancels} {pairs:?}: {:?} {:?}", found.coef, found.certificate);
            if cancels {
                assert_eq!(found.outcome, Outcome::Unbounded, "{what}");
                continue;
            }
            // The tolerance is relative to a null model whose loss is 1e-5 of the objective: rounding may come first.
            assert_ne!(found.outcome, Outcome::Unbounded, "{what}");
            let (value, objective) = (found.certificate.value, found.certificate.objective);
            assert!(value <= 1e-8 * objective.abs(), "{what} {:?}", found.outcome);
        }
        for pairs in [
            &[("penalty", "none"), ("lower", "-3")][..],
            &[("penalty", "ridge"), ("lambda", "1e-6")],
            &[("lambda", "1.5")],
        ] {
            let found = run(&problem, &[pairs, &[("tolerance", "1e-8")]].concat());
            assert_eq!(found.outcome, Outcome::Converged, "{cancels} {pairs:?}: {:?}", found.certificate);
        }
    }
}

/// With more columns than rows and slopes beyond the penalty there may be no dual point: then the gradient tells.
#[test]
fn without_a_dual_point_the_certificate_is_the_gradient() {
    let d = data(8, 20, 1.0, 2);
    let mut problem = d.problem("squared");
    let mut c = vec![0.0; 20];
    c[3] = -2.0;
    problem.set_linear(&c).unwrap();
    problem.set_bounds(&[0.0; 20], &[INF; 20]).unwrap();
    // Positive columns: the objective is bounded all the same.
    let mut positive = d.clone();
    positive.a.iter_mut().for_each(|a| *a = a.abs());
    let mut bounded = Problem::new(positive.dense(), &positive.score).unwrap();
    bounded.set_linear(&c).unwrap();
    bounded.set_bounds(&[0.0; 20], &[INF; 20]).unwrap();
    let found = run(&bounded, &[("penalty", "none"), ("tolerance", "1e-9")]);
    assert_eq!(found.outcome, Outcome::Converged, "{:?}", found.certificate);
    let mut plain = Plain::new(&positive, "squared", 0.0, 0.0, false);
    (plain.c, plain.lower) = (c, vec![0.0; 20]);
    assert!(plain.violation(&found.coef, 0.0) < 1e-7);
    // Whatever the other problem is, it is not said to be solved where it is not.
    let other = run(&problem, &[("penalty", "none"), ("max_iterations", "200")]);
    if other.outcome == Outcome::Converged {
        let mut plain = Plain::new(&d, "squared", 0.0, 0.0, false);
        plain.c[3] = -2.0;
        plain.lower = vec![0.0; 20];
        assert!(plain.violation(&other.coef, 0.0) < 1e-4, "{:?}", other.certificate);
    }
}

#[test]
fn paths_standardization_identification_and_derivatives_take_it_in() {
    let d = data(50, 10, 1.0, 12);
    let mut problem = d.problem("squared");
    let c = Numbers(2).vector(10);
    problem.set_linear(&c).unwrap();
    let base = [("intercept", "true"), ("standardize", "true"), ("tolerance", "1e-11")];
    let grid = Grid::spaced(6);
    let points = path(&problem, &options(&base), &grid, None, &mut Control::new()).unwrap().points;
    for point in &points {
        let strength = point.lambda.to_string();
        let one = run(&problem, &[&base[..], &[("lambda", &strength[..])]].concat());
        assert!(apart(&one.coef, &point.coef) < 1e-5 && one.outcome == Outcome::Converged);
        assert!(point.certificate.rigor == Rigor::Proven && point.certificate.kind == Kind::DualityGap);
    }
    let last: &Solution = &points[5];
    let strength = last.lambda.to_string();
    let settings =
        Settings::from_options(&options(&[&base[..], &[("lambda", &strength[..])]].concat())).unwrap();
    let seen = identify(&problem, &settings, last, &mut Control::new()).unwrap();
    assert!(seen.unique && seen.margin > 0.0);
    assert!(seen.safe_zeros.iter().all(|&j| last.coef[j] == 0.0));
    let zeros = last.coef.iter().filter(|x| **x == 0.0).count();
    assert_eq!(seen.safe_zeros.len(), zeros, "{seen:?} {:?}", last.coef);
    let sensitivity = Sensitivity::new(&problem, &settings, last, &mut Control::new()).unwrap();
    let change = Change { lambda: 1.0, ..Change::default() };
    let (slope, _) = sensitivity.forward(&change, &mut Control::new()).unwrap();
    let h = 1e-3 * last.lambda;
    let at = |lambda: f64| {
        let strength = lambda.to_string();
        run(&problem, &[&base[..], &[("lambda", &strength[..])]].concat()).coef
    };
    let (above, below) = (at(last.lambda + h), at(last.lambda - h));
    for j in 0..10 {
        let difference = (above[j] - below[j]) / (2.0 * h);
        assert!((slope[j] - difference).abs() < 1e-4, "{j}: {} {difference}", slope[j]);
    }
    let folds = Folds::Seeded(4);
    let found = cross_validate(&problem, &options(&base), &grid, &folds, &mut Control::new()).unwrap();
    assert!(found.converged && found.mean.iter().all(|m| m.is_finite()));
}

#[test]
fn zero_slopes_change_no_bit_and_what_takes_none_is_refused() {
    let d = data(30, 6, 1.0, 1);
    let mut problem = d.problem("squared");
    let plain = run(&problem, &[("lambda_ratio", "0.1")]);
    problem.set_linear(&[0.0; 6]).unwrap();
    let found = run(&problem, &[("lambda_ratio", "0.1")]);
    assert_eq!((plain.coef, plain.dual), (found.coef, found.dual));
    problem.set_linear(&[1.0; 6]).unwrap();
    let refused = |pairs: &[(&str, &str)]| {
        let error = solve(&problem, &options(pairs), None, &mut Control::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().starts_with("linear: expected"), "{error}");
        assert!(lambda_max(&problem, &options(pairs), &mut Control::new()).is_err());
    };
    refused(&[("loss", "hinge"), ("penalty", "ridge")]);
    refused(&[("loss", "softmax")]);
    let adaptive = Grid::of(Points::Adaptive { gap: 1e-3, most: 100 });
    let error = path(&problem, &options(&[("lambda_ratio", "0.1")]), &adaptive, None, &mut Control::new())
        .unwrap_err();
    assert!(error.to_string().contains("no linear term"), "{error}");
}
