//! It stops when told: at every poll, in every phase, at every limit, and what it returns then is honest.

mod support;

use southwell::bcd::{
    Change, Folds, Grid, Kind, PathEnd, Points, Problem, Rigor, Sensitivity, Settings, Solution, Start,
    certificate, cross_validate, identify, path, solve,
};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::control::STRETCH_FLOPS;
use southwell::runtime::{CancelToken, Control, Error, ErrorKind, Outcome, Phase, Verdict};
use support::{Data, INF, Plain, data, options, run};

fn solve_with(problem: &Problem<'_>, pairs: &[(&str, &str)], control: &mut Control<'_>) -> Solution {
    solve(problem, &options(pairs), None, control).unwrap()
}

/// The answer is finite, and its figures hold: those of `plain` by plain loops, and a gap that bounds the distance to
/// the minimum.
fn check_honest(
    found: &Solution,
    problem: &Problem<'_>,
    pairs: &[(&str, &str)],
    plain: &Plain<'_>,
    best: f64,
) {
    assert!(found.coef.iter().all(|c| c.is_finite()) && found.intercept.is_finite());
    let figure = found.certificate;
    if found.lambda.is_nan() {
        // Stopped before the strength of the penalty was known: there is nothing to certify.
        assert!(figure.rigor == Rigor::None && figure.value == f64::INFINITY && found.dual.is_empty());
        return;
    }
    let objective = plain.objective(&found.coef, found.intercept);
    assert!((figure.objective - objective).abs() <= 1e-11 * objective.abs(), "{figure:?} {objective}");
    let settings = Settings::from_options(&options(pairs)).unwrap();
    let again =
        certificate(problem, &settings, found.lambda, &found.coef, found.intercept, &found.dual).unwrap();
    assert_eq!(again, figure);
    match figure.kind {
        Kind::DualityGap => assert!(objective - best <= figure.value + 1e-11 * objective, "{figure:?}"),
        Kind::Gradient => assert!(figure.rigor == Rigor::None && found.dual.is_empty()),
    }
}

fn trip_at_every_poll(data: &Data, sparse: bool, pairs: &[(&str, &str)], lambda: f64) {
    let loss = pairs.iter().find(|p| p.0 == "loss").map_or("squared", |p| p.1);
    let matrix = if sparse { data.sparse64() } else { data.dense() };
    let problem = Problem::new(matrix, &data.target(loss)).unwrap();
    let plain = Plain::new(data, loss, lambda, 0.0, false);
    let mut control = Control::new();
    let whole = solve_with(&problem, pairs, &mut control);
    let polls = control.polls();
    assert!(polls > 3, "{pairs:?}: only {polls} polls");
    let best = whole.certificate.objective - whole.certificate.value;
    for n in 1..=polls {
        let mut control = Control::new().with_trip_at_poll(n);
        let found = solve_with(&problem, pairs, &mut control);
        assert_eq!(found.outcome, Outcome::Cancelled, "{pairs:?} poll {n} of {polls}");
        assert_eq!(control.polls(), n, "{pairs:?}: not obeyed at once");
        check_honest(&found, &problem, pairs, &plain, best);
    }
    let mut control = Control::new().with_trip_at_poll(polls + 1);
    assert_eq!(solve_with(&problem, pairs, &mut control).coef, whole.coef, "a trip after the end");
}

#[test]
fn a_trip_is_obeyed_at_every_poll() {
    let data = data(150, 200, 0.4, 5);
    for loss in ["squared", "logistic"] {
        for (rule, size) in [("auto", "1"), ("gsq", "20"), ("cyclic", "20")] {
            for sparse in [false, true] {
                let pairs = [
                    ("loss", loss),
                    ("rule", rule),
                    ("block_size", size),
                    ("lambda", "2.5"),
                    ("tolerance", "1e-4"),
                    ("max_iterations", "60"),
                ];
                trip_at_every_poll(&data, sparse, &pairs, 2.5);
            }
        }
    }
}

#[test]
fn a_token_tripped_before_or_during_a_solve_stops_it() {
    let data = data(60, 80, 1.0, 2);
    let problem = data.problem("squared");
    let token = CancelToken::new();
    token.trip();
    let mut control = Control::new().with_cancel(&token);
    assert_eq!(solve_with(&problem, &[], &mut control).outcome, Outcome::Cancelled);
    assert_eq!(control.polls(), 1);
    token.reset();
    let seen = token.clone();
    let mut control = Control::new().with_cancel(&token).with_progress(1, move |p| {
        if p.phase == Phase::Solve && p.iteration >= 2 {
            seen.trip();
        }
        Verdict::Continue
    });
    let found = solve_with(&problem, &[("tolerance", "0"), ("rule", "cyclic")], &mut control);
    assert_eq!(found.outcome, Outcome::Cancelled);
    assert_eq!(found.iterations, 80, "one sweep between two looks");
}

#[test]
fn no_stretch_of_work_is_long() {
    let dense = data(2000, 1500, 1.0, 7);
    for pairs in [
        &[("lambda_ratio", "0.001"), ("max_iterations", "4")][..],
        &[("penalty", "ridge"), ("lambda", "1"), ("max_iterations", "2")],
        &[("loss", "logistic"), ("lambda_ratio", "0.01"), ("max_iterations", "3")],
        &[("penalty", "group"), ("group_size", "50"), ("lambda_ratio", "0.05"), ("max_iterations", "2")],
        &[("rule", "gsq"), ("block_size", "300"), ("max_iterations", "2")],
        &[
            ("rule", "gsl"),
            ("block_size", "500"),
            ("update", "matrix"),
            ("blocks", "fixed"),
            ("max_iterations", "2"),
        ],
        &[
            ("penalty", "none"),
            ("lower", "-1"),
            ("upper", "1"),
            ("intercept", "true"),
            ("max_iterations", "2"),
        ],
    ] {
        let loss = pairs.iter().find(|p| p.0 == "loss").map_or("squared", |p| p.1);
        let mut control = Control::new();
        let found = solve_with(&dense.problem(loss), pairs, &mut control);
        let stretch = control.longest_stretch();
        assert!(found.work > STRETCH_FLOPS / 8, "{pairs:?}: too little work to tell");
        assert!(stretch <= STRETCH_FLOPS, "{pairs:?}: {stretch} flops without a poll");
    }
}

#[test]
fn a_time_limit_of_zero_stops_in_setup() {
    let data = data(50, 70, 1.0, 2);
    for rule in ["auto", "gsq", "cyclic"] {
        let mut control = Control::new();
        let found =
            solve_with(&data.problem("squared"), &[("max_seconds", "0"), ("rule", rule)], &mut control);
        assert_eq!(found.outcome, Outcome::TimeLimit);
        assert_eq!((found.iterations, control.polls()), (0, 1));
        assert_eq!(found.coef, vec![0.0; 70]);
    }
}

#[test]
fn a_time_limit_stops_in_each_phase() {
    let data = data(50, 70, 1.0, 2);
    for phase in [Phase::Setup, Phase::NullModel, Phase::Solve] {
        // The callback sleeps through the limit in the phase it waits for.
        let mut control = Control::new().with_progress(1, |p| {
            if p.phase == phase {
                std::thread::sleep(std::time::Duration::from_millis(1100));
            }
            Verdict::Continue
        });
        let pairs = [("max_seconds", "1"), ("tolerance", "0"), ("rule", "cyclic"), ("lambda", "1")];
        let problem = data.problem("squared");
        let found = solve_with(&problem, &pairs, &mut control);
        drop(control);
        assert_eq!(found.outcome, Outcome::TimeLimit, "{phase:?}");
        assert_eq!(found.iterations, 0, "{phase:?}");
        // What the minimum is does not matter here.
        check_honest(&found, &problem, &pairs, &Plain::new(&data, "squared", 1.0, 0.0, false), INF);
    }
}

#[test]
fn a_progress_callback_stops_in_each_phase() {
    let data = data(50, 70, 1.0, 2);
    for rule in ["auto", "gsq", "cyclic"] {
        for stop in [Phase::Setup, Phase::NullModel, Phase::Solve] {
            let mut calls_after = 0;
            let mut stopped = false;
            let mut control = Control::new().with_progress(1, |p| {
                calls_after += u32::from(stopped);
                stopped |= p.phase == stop;
                if p.phase == stop { Verdict::Stop } else { Verdict::Continue }
            });
            let found = solve_with(&data.problem("squared"), &[("rule", rule)], &mut control);
            drop(control);
            assert!(stopped && calls_after == 0, "{rule} {stop:?}");
            assert_eq!((found.outcome, found.iterations), (Outcome::Cancelled, 0), "{rule} {stop:?}");
        }
    }
}

#[test]
fn progress_comes_in_order_and_as_often_as_asked() {
    let data = data(50, 70, 1.0, 2);
    for every in [1, 3, 50] {
        let mut seen: Vec<(Phase, u64, u64)> = Vec::new();
        let mut control = Control::new().with_progress(every, |p| {
            seen.push((p.phase, p.iteration, p.work));
            assert!(p.phase != Phase::Solve || (p.objective.is_finite() && p.certificate >= 0.0));
            Verdict::Continue
        });
        let pairs = [("rule", "gs"), ("block_size", "5"), ("tolerance", "1e-8")];
        assert_eq!(solve_with(&data.problem("squared"), &pairs, &mut control).outcome, Outcome::Converged);
        drop(control);
        assert_eq!(seen[0].0, Phase::Setup);
        assert_eq!(seen[1].0, Phase::NullModel);
        assert!(seen[2..].iter().all(|s| s.0 == Phase::Solve) && seen.len() > 4);
        assert!(seen.windows(2).all(|w| w[0].2 <= w[1].2), "work goes backwards");
        assert!(seen[2..].windows(2).all(|w| w[1].1 >= w[0].1 + every), "more often than asked");
    }
}

#[test]
fn a_work_limit_stops_and_the_same_limit_at_the_same_place() {
    let data = data(150, 200, 1.0, 5);
    let problem = data.problem("squared");
    let whole = run(&problem, &[("tolerance", "1e-12"), ("lambda", "1"), ("rule", "cyclic")]);
    let plain = Plain::new(&data, "squared", 1.0, 0.0, false);
    let best = whole.certificate.objective - whole.certificate.value;
    for share in [0.0, 0.1, 0.5, 0.9] {
        let limit = (share * whole.work as f64).to_string();
        let pairs = [("tolerance", "1e-12"), ("lambda", "1"), ("rule", "cyclic"), ("max_work", &limit)];
        let found = run(&problem, &pairs);
        assert_eq!(found.outcome, Outcome::WorkLimit, "{limit}");
        let beyond = found.work as f64 - share * whole.work as f64;
        assert!((0.0..4e6).contains(&beyond), "{beyond} flops beyond the limit");
        assert_eq!(found.coef, run(&problem, &pairs).coef);
        check_honest(&found, &problem, &pairs, &plain, best);
    }
}

#[test]
fn no_iterations_give_the_start_with_its_certificate() {
    let data = data(40, 30, 1.0, 9);
    let problem = data.problem("squared");
    let plain = Plain::new(&data, "squared", 0.7, 0.0, true);
    let coef: Vec<f64> = (0..30).map(|j| if j % 3 == 0 { 0.25 * f64::from(j) } else { 0.0 }).collect();
    let best = run(&problem, &[("lambda", "0.7"), ("intercept", "true"), ("tolerance", "1e-12")]);
    for rule in ["auto", "gsq", "cyclic"] {
        let pairs = [("lambda", "0.7"), ("intercept", "true"), ("max_iterations", "0"), ("rule", rule)];
        let start = Start { coef: Some(&coef), intercept: -1.5 };
        let found = solve(&problem, &options(&pairs), Some(start), &mut Control::new()).unwrap();
        assert_eq!((found.outcome, found.iterations), (Outcome::IterationLimit, 0), "{rule}");
        assert_eq!((&found.coef, found.intercept), (&coef, -1.5), "{rule}");
        assert_eq!(found.certificate.kind, Kind::DualityGap);
        check_honest(&found, &problem, &pairs, &plain, best.certificate.objective - best.certificate.value);
        let found = run(&problem, &pairs);
        assert_eq!(found.nonzeros(), 0, "{rule}");
        let mean = data.score.iter().sum::<f64>() / 40.0;
        assert!((found.intercept - mean).abs() < 1e-14, "{rule}: the null model is the start");
    }
}

#[test]
fn iteration_limits_are_exact() {
    let data = data(40, 30, 1.0, 9);
    let problem = data.problem("logistic");
    for rule in ["cyclic", "gs", "gsq", "random"] {
        for limit in [1_u64, 7, 33] {
            let text = limit.to_string();
            let pairs = [
                ("loss", "logistic"),
                ("rule", rule),
                ("max_iterations", text.as_str()),
                ("tolerance", "0"),
                ("block_size", "2"),
            ];
            let found = run(&problem, &pairs);
            assert_eq!((found.outcome, found.iterations), (Outcome::IterationLimit, limit), "{rule}");
        }
    }
}

/// Runs `call` until its end, then with a trip at every poll: each time it has to say that it was stopped.
fn stops_at_every_poll<T>(what: &str, least: u64, call: impl Fn(&mut Control<'_>) -> Result<T, Error>) {
    let mut control = Control::new();
    assert!(call(&mut control).is_ok(), "{what}");
    let polls = control.polls();
    assert!(polls >= least, "{what}: only {polls} polls");
    assert!(control.longest_stretch() <= STRETCH_FLOPS, "{what}");
    for n in 1..=polls {
        let mut control = Control::new().with_trip_at_poll(n);
        let error = call(&mut control).err().unwrap_or_else(|| panic!("{what}: poll {n} of {polls}"));
        assert_eq!(error.kind(), ErrorKind::Stopped, "{what}: {error}");
        assert!(error.to_string().contains("cancel token"), "{error}");
        assert_eq!(control.polls(), n, "{what}: not obeyed at once");
    }
    assert!(call(&mut Control::new().with_trip_at_poll(polls + 1)).is_ok(), "{what}: a trip after the end");
    let mut control = Control::new().with_progress(1, |_| Verdict::Stop);
    assert_eq!(call(&mut control).err().map(|e| e.kind()), Some(ErrorKind::Stopped), "{what}: a callback");
}

#[test]
fn identification_and_derivatives_stop_at_every_poll() {
    let wide = data(900, 700, 1.0, 3);
    for (loss, pairs) in [
        ("squared", &[("penalty", "l1"), ("lambda", "30"), ("standardize", "true")][..]),
        ("logistic", &[("penalty", "elastic-net"), ("l1_ratio", "0.5"), ("lambda", "4")]),
        ("squared", &[("penalty", "group"), ("group_size", "10"), ("lambda", "90")]),
        ("squared", &[("penalty", "ridge"), ("lambda", "5")]),
    ] {
        let mut pairs = pairs.to_vec();
        pairs.extend([("loss", loss), ("intercept", "true")]);
        let problem = wide.problem(loss);
        let settings = Settings::from_options(&options(&pairs)).unwrap();
        let solution = solve_with(&problem, &pairs, &mut Control::new());
        let identified = |control: &mut Control<'_>| identify(&problem, &settings, &solution, control);
        stops_at_every_poll(&format!("identify {pairs:?}"), 6, identified);
        let change = Change { lambda: 1.0, ..Change::default() };
        let forward = |control: &mut Control<'_>| {
            Sensitivity::new(&problem, &settings, &solution, control)?.forward(&change, control)
        };
        stops_at_every_poll(&format!("forward {pairs:?}"), 4, forward);
        let ones = vec![1.0; 700];
        let backward = |control: &mut Control<'_>| {
            Sensitivity::new(&problem, &settings, &solution, control)?.backward(&ones, 1.0, control)
        };
        stops_at_every_poll(&format!("backward {pairs:?}"), 4, backward);
        // The limits of the settings.
        for (limit, text) in [("max_seconds", "max_seconds"), ("max_work", "max_work")] {
            let mut pairs = pairs.clone();
            pairs.push((limit, "0"));
            let settings = Settings::from_options(&options(&pairs)).unwrap();
            let error = identify(&problem, &settings, &solution, &mut Control::new()).unwrap_err();
            assert!(error.kind() == ErrorKind::Stopped && error.to_string().contains(text), "{error}");
            let error = Sensitivity::new(&problem, &settings, &solution, &mut Control::new()).unwrap_err();
            assert!(error.kind() == ErrorKind::Stopped && error.to_string().contains(text), "{error}");
        }
    }
}

/// The points of a path are those of the whole one as far as they go, and have its certificates or none.
fn check_path(found: &southwell::bcd::Path, whole: &southwell::bcd::Path, what: &str) -> usize {
    assert!(found.points.len() <= whole.points.len(), "{what}");
    let mut without = 0;
    for (k, (a, b)) in found.points.iter().zip(&whole.points).enumerate() {
        let cut = a.outcome == Outcome::Cancelled || a.outcome == Outcome::WorkLimit;
        let last = k + 1 == found.points.len();
        assert!(!cut || last, "{what}: a point that was stopped is the last");
        if cut {
            continue;
        }
        let same = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits());
        assert!(a.lambda == b.lambda && same(&a.coef, &b.coef) && same(&a.dual, &b.dual), "{what} {k}");
        if a.outcome == Outcome::Uncertified {
            without += 1;
            let figure = a.certificate;
            assert!(!last && figure.value == f64::INFINITY && figure.objective.is_nan(), "{what} {k}");
        } else {
            assert_eq!((a.certificate, a.outcome), (b.certificate, b.outcome), "{what} {k}");
        }
    }
    without
}

#[test]
fn a_path_stops_at_every_poll_with_valid_points() {
    let small = data(60, 50, 1.0, 4);
    let problem = small.problem("squared");
    for grid in [Grid::spaced(40), Grid::of(Points::Adaptive { gap: 1e-2, most: 50 })] {
        let chosen = options(&[("lambda_ratio", "0.05"), ("intercept", "true")]);
        let mut control = Control::new();
        let whole = path(&problem, &chosen, &grid, None, &mut control).unwrap();
        assert_eq!(whole.end, PathEnd::Complete);
        for n in 1..=control.polls() {
            let mut control = Control::new().with_trip_at_poll(n);
            let found = path(&problem, &chosen, &grid, None, &mut control).unwrap();
            assert_eq!(found.end, PathEnd::Stopped(Outcome::Cancelled), "poll {n}");
            assert_eq!(check_path(&found, &whole, &format!("poll {n}")), 0, "small data: all are certified");
        }
    }
}

#[test]
fn a_path_on_large_data_does_not_certify_all_after_a_stop() {
    // A certificate takes 1.8e7 flops: 15 of them are a stretch. The target is 8 columns and a little more.
    let (rows, cols) = (60_000, 64);
    let a: Vec<f32> = (0..rows * cols).map(|k| ((k * k % 9973) as f32 * 0.37).sin()).collect();
    let view = || DenseView { data: &a[..], rows, cols, ld: rows, order: Order::ColumnMajor };
    let entry = |r: usize, j: usize| f64::from(a[j * rows + r]) / (j + 1) as f64;
    let y: Vec<f64> =
        (0..rows).map(|r| (0..8).map(|j| entry(r, j)).sum::<f64>() + (r as f64).cos()).collect();
    let problem = Problem::new(Matrix::dense(view()).unwrap(), &y).unwrap();
    let chosen = options(&[("lambda_ratio", "0.01"), ("tolerance", "1e-3")]);
    let mut control = Control::new();
    let whole = path(&problem, &chosen, &Grid::spaced(30), None, &mut control).unwrap();
    let polls = control.polls();
    assert!(whole.points.iter().all(|p| p.outcome == Outcome::Converged) && whole.end == PathEnd::Complete);
    assert!(control.longest_stretch() <= STRETCH_FLOPS);
    let mut most = 0;
    // The last polls are of the certificates.
    for n in [polls / 3, polls - 30, polls - 12, polls - 5, polls] {
        let mut control = Control::new().with_trip_at_poll(n);
        let found = path(&problem, &chosen, &Grid::spaced(30), None, &mut control).unwrap();
        assert_eq!(found.end, PathEnd::Stopped(Outcome::Cancelled), "{n}");
        assert!(control.polls() <= n + 3, "{n}: {} polls", control.polls());
        most = most.max(check_path(&found, &whole, &format!("poll {n} of {polls}")));
        let settings = Settings::from_options(&chosen).unwrap();
        for (point, whole) in found.points.iter().zip(&whole.points).filter(|p| p.0.certificate.value == INF)
        {
            let (coef, dual) = (&point.coef, &point.dual);
            let again = certificate(&problem, &settings, point.lambda, coef, point.intercept, dual).unwrap();
            assert_eq!(again, whole.certificate, "it can still be certified");
        }
    }
    assert_eq!(most, 15, "of 30, when the first certificate is interrupted");
}

#[test]
fn cross_validation_stops_within_the_folds() {
    let given = data(80, 60, 1.0, 6);
    let problem = given.problem("squared");
    let run = |threads: &str, control: &mut Control<'_>| {
        let chosen = options(&[("lambda_ratio", "0.05"), ("threads", threads)]);
        cross_validate(&problem, &chosen, &Grid::spaced(4), &Folds::Seeded(5), control)
    };
    for threads in ["1", "2"] {
        let mut control = Control::new();
        let whole = run(threads, &mut control).unwrap();
        let polls = control.polls();
        let of_path: u64 = {
            let mut control = Control::new();
            path(&problem, &options(&[("lambda_ratio", "0.05")]), &Grid::spaced(4), None, &mut control)
                .unwrap();
            control.polls()
        };
        assert!(polls > of_path + 5 * 4, "the folds poll: {polls}, {of_path} of the path");
        for n in 1..=polls {
            let mut control = Control::new().with_trip_at_poll(n);
            let error = run(threads, &mut control).err().unwrap_or_else(|| panic!("poll {n} of {polls}"));
            assert_eq!(error.kind(), ErrorKind::Stopped, "{error}");
            // Each fold that is left looks once.
            assert!(control.polls() <= n + 2 * 5 + 2, "{threads}: {} polls, tripped at {n}", control.polls());
        }
        // The callback: at its call number `n`, wherever that is.
        let calls = std::cell::Cell::new(0);
        let count = |stop_at: u32| {
            calls.set(0);
            let counted = |_: &southwell::runtime::Progress| {
                calls.set(calls.get() + 1);
                if calls.get() == stop_at { Verdict::Stop } else { Verdict::Continue }
            };
            run(threads, &mut Control::new().with_progress(1, counted))
        };
        assert_eq!(count(u32::MAX).unwrap().mean, whole.mean, "looking changes nothing");
        let all = calls.get();
        let in_folds = if threads == "1" { all } else { 0 };
        for n in (1..=all).take_while(|n| threads == "1" || *n < 4) {
            assert_eq!(count(n).err().map(|e| e.kind()), Some(ErrorKind::Stopped), "call {n} of {all}");
            assert!(calls.get() == n || threads == "2", "{n}: called after it said stop");
        }
        assert!(threads == "2" || in_folds > 20, "{in_folds} calls");
        let mut now = options(&[("lambda_ratio", "0.05"), ("max_seconds", "0")]);
        now.set_text("threads", threads).unwrap();
        let mut control = Control::new();
        let error = cross_validate(&problem, &now, &Grid::spaced(4), &Folds::Seeded(5), &mut control);
        assert!(error.unwrap_err().to_string().contains("max_seconds"));
    }
}

#[test]
fn a_token_and_a_deadline_reach_folds_that_run_on_other_threads() {
    let given = data(80, 60, 1.0, 6);
    let problem = given.problem("squared");
    for threads in ["1", "2"] {
        for limit in ["token", "deadline"] {
            let token = CancelToken::new();
            let pairs = [("lambda_ratio", "0.001"), ("threads", threads), ("max_seconds", "3")];
            // Slow enough for the limit to come within a fold: sweeps to a tolerance that is out of reach.
            let mut chosen = options(&pairs);
            for (key, value) in [("rule", "cyclic"), ("update", "gradient"), ("tolerance", "0")] {
                chosen.set_text(key, value).unwrap();
            }
            let seen = token.clone();
            let (mut calls, mut tripped) = (0_u32, false);
            let mut control = Control::new().with_cancel(&token).with_progress(1, |p| {
                calls += 1;
                // The path on all rows reports with an objective, folds without.
                if limit == "token" && p.phase == Phase::Solve && p.objective.is_nan() && !tripped {
                    tripped = true;
                    seen.trip();
                }
                if limit == "deadline" && p.phase == Phase::Solve && p.objective.is_nan() && !tripped {
                    tripped = true;
                    std::thread::sleep(std::time::Duration::from_millis(3100));
                }
                Verdict::Continue
            });
            chosen.set_text("max_iterations", "3000").unwrap();
            let grid = Grid::given(&[1.0]);
            let found = cross_validate(&problem, &chosen, &grid, &Folds::Seeded(4), &mut control);
            drop(control);
            let error = found.expect_err(limit);
            assert!(tripped, "{threads} {limit}: {error}");
            let text = if limit == "token" { "cancel token" } else { "max_seconds" };
            assert!(error.to_string().contains(text), "{threads} {limit}: {error}");
        }
    }
}
