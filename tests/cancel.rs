//! It stops when told: at every poll, in every phase, at every limit, and what it returns then is honest.

mod support;

use southwell::bcd::{Kind, Problem, Rigor, Settings, Solution, Start, certificate, solve};
use southwell::runtime::control::STRETCH_FLOPS;
use southwell::runtime::{CancelToken, Control, Outcome, Phase, Verdict};
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
