//! Paths, batches and cross-validation against single solves.

mod support;

use southwell::bcd::{
    Folds, Grid, Job, Kind, PathEnd, Points, Problem, Solution, Workspace, batch, cross_validate, path, solve,
};
use southwell::runtime::{Control, ErrorKind, Options, Outcome, Verdict};
use support::{Data, Numbers, Plain, data, options, run};

const LOSSES: [&str; 5] = ["squared", "logistic", "squared-hinge", "huber", "poisson"];
const PENALTIES: [&[(&str, &str)]; 5] = [
    &[("penalty", "l1")],
    &[("penalty", "elastic-net"), ("l1_ratio", "0.6")],
    &[("penalty", "group"), ("group_size", "3")],
    &[("penalty", "l1"), ("lower", "0"), ("standardize", "true")],
    &[("penalty", "sparse-group"), ("group_size", "3"), ("l1_ratio", "0.4"), ("l2", "0.3")],
];

fn chosen(loss: &str, penalty: &[(&str, &str)], more: &[(&str, &str)]) -> Options {
    let mut pairs = vec![("loss", loss), ("intercept", "true"), ("lambda_ratio", "0.02")];
    pairs.extend_from_slice(penalty);
    pairs.extend_from_slice(more);
    options(&pairs)
}

fn quiet() -> Control<'static> {
    Control::new()
}

/// Two certified objectives of one problem differ by no more than the larger certificate.
fn agree(a: &Solution, b: &Solution) {
    let (a, b) = (&a.certificate, &b.certificate);
    let room = a.value.max(b.value) + 1e-12 * a.objective.abs();
    assert!((a.objective - b.objective).abs() <= room, "{a:?} {b:?}");
}

#[test]
fn every_point_is_that_of_a_single_solve() {
    let given = data(50, 70, 0.7, 11);
    for loss in LOSSES {
        for penalty in PENALTIES {
            let problem = given.problem(loss);
            let settings = chosen(loss, penalty, &[]);
            let found = path(&problem, &settings, &Grid::spaced(9), None, &mut quiet()).unwrap();
            assert_eq!((found.points.len(), found.end), (9, PathEnd::Complete), "{loss} {penalty:?}");
            assert_eq!(found.points[0].nonzeros(), 0);
            for point in &found.points {
                assert_eq!(point.outcome, Outcome::Converged, "{loss} {penalty:?}");
                assert_eq!(point.certificate.kind, Kind::DualityGap);
                assert!(point.certificate.meets(point.target, point.null_loss));
                let mut one = chosen(loss, penalty, &[("lambda", &format!("{:?}", point.lambda))]);
                one.reset("lambda_ratio").unwrap();
                agree(point, &solve(&problem, &one, None, &mut quiet()).unwrap());
            }
            let last = &found.points[8];
            assert!((last.lambda - 0.02 * last.lambda_max).abs() < 1e-12 * last.lambda_max);
            assert!(last.explained > found.points[4].explained && found.points[0].explained.abs() < 1e-9);
        }
    }
}

#[test]
fn an_adaptive_path_keeps_its_bound_between_the_points() {
    let given = data(40, 60, 1.0, 5);
    for loss in ["squared", "logistic", "poisson"] {
        for penalty in PENALTIES {
            let problem = given.problem(loss);
            let settings = chosen(loss, penalty, &[("tolerance", "1e-9")]);
            let grid = Grid::of(Points::Adaptive { gap: 1e-3, most: 1000 });
            let found = path(&problem, &settings, &grid, None, &mut quiet()).unwrap();
            assert_eq!(found.end, PathEnd::Complete);
            assert!(found.points.len() > 5, "{}", found.points.len());
            assert_eq!(found.between.len() + 1, found.points.len());
            for (k, pair) in found.points.windows(2).enumerate() {
                let bound = found.between[k];
                assert!(bound <= 1e-3 * pair[0].null_loss * (1.0 + 1e-9), "{bound} {}", pair[0].null_loss);
                for share in [0.0, 0.3, 0.7, 1.0] {
                    let lambda = pair[0].lambda + share * (pair[1].lambda - pair[0].lambda);
                    let mut at =
                        chosen(loss, penalty, &[("lambda", &format!("{lambda:?}")), ("tolerance", "1e-9")]);
                    at.reset("lambda_ratio").unwrap();
                    let optimum = solve(&problem, &at, None, &mut quiet()).unwrap().certificate;
                    at.set_text("max_iterations", "0").unwrap();
                    let start =
                        southwell::bcd::Start { coef: Some(&pair[0].coef), intercept: pair[0].intercept };
                    let kept = solve(&problem, &at, Some(start), &mut quiet()).unwrap().certificate.objective;
                    let excess = kept - (optimum.objective - optimum.value);
                    assert!(
                        kept - optimum.objective <= bound + 1e-9 * (1.0 + kept.abs()),
                        "{loss} {penalty:?} {k} {share}: {excess} {bound}"
                    );
                }
            }
            let few = Grid::of(Points::Adaptive { gap: 1e-3, most: 3 });
            let few = path(&problem, &settings, &few, None, &mut quiet()).unwrap();
            assert_eq!((few.points.len(), few.between.len(), few.end), (3, 2, PathEnd::Points));
        }
    }
}

#[test]
fn a_path_ends_early_where_it_is_told_to() {
    let given = data(60, 40, 1.0, 2);
    let problem = given.problem("squared");
    let settings = chosen("squared", PENALTIES[0], &[]);
    let go = |grid: Grid| path(&problem, &settings, &grid, None, &mut quiet()).unwrap();
    let explained = go(Grid { max_explained: 0.5, ..Grid::spaced(30) });
    assert_eq!(explained.end, PathEnd::Explained);
    let (last, before) = explained.points.split_last().unwrap();
    assert!(last.explained >= 0.5 && before.iter().all(|s| s.explained < 0.5));
    let nonzeros = go(Grid { max_nonzeros: 4, ..Grid::spaced(30) });
    assert_eq!(nonzeros.end, PathEnd::Nonzeros);
    let (last, before) = nonzeros.points.split_last().unwrap();
    assert!(last.nonzeros() > 4 && before.iter().all(|s| s.nonzeros() <= 4));
    let mut now = settings.clone();
    now.set_text("max_seconds", "0").unwrap();
    let stopped = path(&problem, &now, &Grid::spaced(3), None, &mut quiet()).unwrap();
    assert_eq!(stopped.end, PathEnd::Stopped(Outcome::TimeLimit));
    assert!(stopped.points.len() <= 1);
}

#[test]
fn strengths_are_checked() {
    let given = data(10, 5, 1.0, 2);
    let problem = given.problem("squared");
    let settings = chosen("squared", PENALTIES[0], &[]);
    let refused = |grid: Grid| path(&problem, &settings, &grid, None, &mut quiet()).unwrap_err();
    for lambdas in [&[][..], &[1.0, 1.0], &[1.0, 2.0], &[f64::NAN], &[f64::INFINITY, 1.0], &[1.0, -0.5]] {
        assert_eq!(refused(Grid::given(lambdas)).kind(), ErrorKind::Argument, "{lambdas:?}");
    }
    for points in [
        Points::Spaced(0),
        Points::Adaptive { gap: 1e-9, most: 5 },
        Points::Adaptive { gap: f64::NAN, most: 5 },
        Points::Adaptive { gap: 0.1, most: 0 },
    ] {
        assert_eq!(refused(Grid::of(points.clone())).kind(), ErrorKind::Argument, "{points:?}");
    }
    for wrong in [f64::NAN, -0.1] {
        let error = refused(Grid { max_explained: wrong, ..Grid::spaced(2) });
        assert!(error.to_string().contains("max_explained"), "{error}");
    }
    let ridge = options(&[("penalty", "ridge"), ("lambda", "1")]);
    let error = path(&problem, &ridge, &Grid::spaced(4), None, &mut quiet()).unwrap_err();
    assert!(error.to_string().contains("lambda_max"), "{error}");
    assert_eq!(
        path(&problem, &ridge, &Grid::given(&[3.0, 1.0, 0.0]), None, &mut quiet()).unwrap().points.len(),
        3
    );
}

#[test]
fn a_workspace_notices_what_still_holds() {
    let given = data(60, 90, 0.5, 8);
    let mut n = Numbers(4);
    let weights: Vec<f64> = (0..60).map(|r| if r % 9 == 0 { 0.0 } else { 1.0 + n.next().abs() }).collect();
    for loss in ["squared", "logistic"] {
        let mut problem = given.problem(loss);
        let mut workspace = Workspace::new();
        let mut both = |problem: &Problem<'_>, pairs: &[(&str, &str)]| {
            let settings = chosen(loss, PENALTIES[0], pairs);
            let kept = workspace.solve(problem, &settings, None, &mut quiet()).unwrap();
            let fresh = solve(problem, &settings, None, &mut quiet()).unwrap();
            assert_eq!(kept.outcome, Outcome::Converged);
            assert_eq!(kept.lambda_max.to_bits(), fresh.lambda_max.to_bits());
            agree(&kept, &fresh);
            (kept.work, fresh.work)
        };
        both(&problem, &[]);
        let (kept, fresh) = both(&problem, &[]);
        assert!(kept < fresh, "{kept} {fresh}");
        both(&problem, &[("standardize", "true")]);
        let mut target = given.target(loss);
        target.reverse();
        problem.set_target(&target).unwrap();
        both(&problem, &[("standardize", "true")]);
        problem.set_weights(&weights).unwrap();
        both(&problem, &[("standardize", "true")]);
        problem.set_offset(&n.vector(60)).unwrap();
        both(&problem, &[("standardize", "true")]);
        problem.set_penalty_factors(&vec![0.5; 90]).unwrap();
        both(&problem, &[]);
        let other = data(60, 90, 0.5, 9);
        both(&other.problem(loss), &[]);
    }
}

#[test]
fn a_batch_is_its_single_solves_on_any_threads() {
    let given = data(40, 50, 1.0, 21);
    let mut n = Numbers(6);
    let targets: Vec<Vec<f64>> = (0..21).map(|_| n.vector(40)).collect();
    let weights: Vec<f64> = (0..40).map(|_| n.next().abs()).collect();
    let offset = n.vector(40);
    let mut jobs: Vec<Job<'_>> = targets.iter().map(|t| Job { target: Some(t), ..Job::default() }).collect();
    jobs[3].weights = Some(&weights);
    jobs[5].offset = Some(&offset);
    jobs[7].lambda = Some(0.3);
    let problem = given.problem("squared");
    let settings = |threads: &str| options(&[("threads", threads), ("intercept", "true")]);
    let one = batch(&problem, &settings("1"), &jobs, &mut quiet()).unwrap();
    for threads in ["2", "3"] {
        let other = batch(&problem, &settings(threads), &jobs, &mut quiet()).unwrap();
        for (a, b) in one.iter().zip(&other) {
            let same = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits());
            assert!(same(&a.coef, &b.coef) && same(&a.dual, &b.dual) && a.work == b.work);
        }
    }
    for (job, found) in jobs.iter().zip(&one) {
        let mut own = problem.clone();
        own.set_target(job.target.unwrap()).unwrap();
        job.weights.iter().for_each(|w| own.set_weights(w).unwrap());
        job.offset.iter().for_each(|o| own.set_offset(o).unwrap());
        let lambda = format!("{:?}", found.lambda);
        agree(found, &run(&own, &[("intercept", "true"), ("lambda", &lambda)]));
    }
    let wrong = [Job::default(), Job { target: Some(&[1.0]), ..Job::default() }];
    assert!(batch(&problem, &settings("2"), &wrong, &mut quiet()).unwrap_err().to_string().contains("y.len"));
    let wrong = [Job { lambda: Some(f64::NAN), ..Job::default() }];
    assert!(batch(&problem, &settings("2"), &wrong, &mut quiet()).is_err());
    assert!(batch(&problem, &settings("2"), &[], &mut quiet()).unwrap().is_empty());
    let mut now = settings("2");
    now.set_text("max_seconds", "0").unwrap();
    let stopped = batch(&problem, &now, &jobs, &mut quiet()).unwrap();
    assert!(stopped.iter().all(|s| s.outcome == Outcome::TimeLimit));
}

/// The rows of the data whose fold is (not) this one, as a problem of their own.
fn rows(given: &Data, keep: &[usize]) -> Data {
    let a = (0..given.cols).flat_map(|j| keep.iter().map(move |&r| given.column(j)[r])).collect();
    Data { rows: keep.len(), cols: given.cols, a, score: keep.iter().map(|&r| given.score[r]).collect() }
}

#[test]
fn cross_validation_is_fits_on_the_other_rows() {
    let given = data(45, 12, 1.0, 33);
    let problem = Problem::new(given.dense(), &given.score).unwrap();
    let of_row: Vec<usize> = (0..45).map(|r| (r * 7) % 5).collect();
    let settings = options(&[("intercept", "true"), ("lambda_ratio", "0.01"), ("tolerance", "1e-10")]);
    let folds = Folds::Given(of_row.clone());
    let found = cross_validate(&problem, &settings, &Grid::spaced(8), &folds, &mut quiet()).unwrap();
    assert!(found.converged && found.mean.len() == 8 && found.folds.len() == 5);
    for k in 0..8 {
        let mut means = Vec::new();
        for fold in 0..5 {
            let part = |out: bool| (0..45).filter(|&r| (of_row[r] == fold) == out).collect::<Vec<usize>>();
            let (inside, outside) = (rows(&given, &part(false)), rows(&given, &part(true)));
            let lambda = format!("{:?}", found.path.points[k].lambda * inside.rows as f64 / 45.0);
            let own = Problem::new(inside.dense(), &inside.score).unwrap();
            let fit = run(&own, &[("intercept", "true"), ("lambda", &lambda), ("tolerance", "1e-10")]);
            let plain = Plain::new(&outside, "squared", 0.0, 0.0, true);
            let z = plain.predictor(&fit.coef, fit.intercept);
            let loss: f64 = z.iter().zip(&outside.score).map(|(z, y)| 0.5 * (z - y).powi(2)).sum();
            means.push(loss / outside.rows as f64);
            assert!((means[fold] - found.folds[fold][k]).abs() < 1e-4 * means[fold], "{k} {fold}");
        }
        let mean = means.iter().sum::<f64>() / 5.0;
        let spread = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / 5.0;
        assert!((mean - found.mean[k]).abs() < 1e-4 * mean);
        assert!(((spread / 4.0).sqrt() - found.standard_error[k]).abs() < 1e-3 * mean);
    }
    let least = found.mean.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(found.mean[found.best], least);
    assert!(found.one_standard_error <= found.best);
    assert!(found.mean[found.one_standard_error] <= least + found.standard_error[found.best]);
}

#[test]
fn folds_are_dealt_evenly_and_checked() {
    let given = data(40, 10, 1.0, 3);
    let problem = given.problem("logistic");
    let cv = |folds: Folds, pairs: &[(&str, &str)]| {
        let mut all = vec![("loss", "logistic"), ("lambda_ratio", "0.1")];
        all.extend_from_slice(pairs);
        cross_validate(&problem, &options(&all), &Grid::spaced(4), &folds, &mut quiet())
    };
    let one = cv(Folds::Seeded(4), &[("seed", "5")]).unwrap();
    let two = cv(Folds::Seeded(4), &[("seed", "5"), ("threads", "3")]).unwrap();
    let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    assert_eq!((&one.fold_of_row, bits(&one.mean)), (&two.fold_of_row, bits(&two.mean)));
    assert_ne!(one.fold_of_row, cv(Folds::Seeded(4), &[("seed", "6")]).unwrap().fold_of_row);
    let strengths = Grid::given(&[1.0]);
    let svm = options(&[("loss", "hinge"), ("penalty", "ridge"), ("seed", "5")]);
    let svm = cross_validate(&problem, &svm, &strengths, &Folds::Seeded(4), &mut quiet()).unwrap();
    for fold_of_row in [&one.fold_of_row, &svm.fold_of_row] {
        for fold in 0..4 {
            let of = |label: f64| {
                (0..40).filter(|&r| fold_of_row[r] == fold && problem.target()[r] == label).count()
            };
            let all = |label: f64| problem.target().iter().filter(|y| **y == label).count();
            for label in [-1.0, 1.0] {
                assert!(of(label) >= all(label) / 4 && of(label) <= all(label).div_ceil(4) + 1);
            }
        }
    }
    for folds in [
        Folds::Seeded(1),
        Folds::Seeded(41),
        Folds::Given(vec![0; 40]),
        Folds::Given(vec![0; 3]),
        Folds::Given((0..40).map(|r| 2 * (r % 2)).collect()),
        Folds::Given(vec![usize::MAX; 40]),
    ] {
        assert_eq!(cv(folds.clone(), &[]).unwrap_err().kind(), ErrorKind::Argument, "{folds:?}");
    }
    assert_eq!(cv(Folds::Seeded(4), &[("max_seconds", "0")]).unwrap_err().kind(), ErrorKind::Stopped);
}

#[test]
fn folds_that_repeat_each_other_lose_what_all_rows_lose() {
    // Half the losses, half the strength, half the ridge: the same fit.
    let half = data(30, 12, 1.0, 5);
    let columns: Vec<Vec<f64>> = (0..12).map(|j| [half.column(j), half.column(j)].concat()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(|c| c.as_slice()).collect();
    let given = Data::of(&columns, &[half.score.clone(), half.score].concat());
    let problem = given.problem("squared");
    let folds = Folds::Given((0..60).map(|r| r / 30).collect());
    for penalty in [&[("penalty", "l1")][..], &[("penalty", "group"), ("group_size", "3"), ("l2", "4")]] {
        for scale in ["sum", "mean"] {
            let settings = chosen("squared", penalty, &[("scale", scale), ("tolerance", "1e-12")]);
            let found = cross_validate(&problem, &settings, &Grid::spaced(5), &folds, &mut quiet()).unwrap();
            for (point, mean) in found.path.points.iter().zip(&found.mean) {
                let all = point.score(problem.matrix(), problem.target(), None, None).unwrap();
                assert!((all - mean).abs() <= 1e-6 * all, "{penalty:?} {scale}: {all} {mean}");
            }
        }
    }
}

#[test]
fn a_limit_of_work_is_that_of_the_whole_batch() {
    let given = data(60, 8, 1.0, 5);
    let problem = given.problem("squared");
    // Two waves: 128 jobs and 72.
    let jobs = vec![Job::default(); 200];
    let run = |threads: &str, limit: u64| {
        let limit = limit.to_string();
        let chosen = options(&[("lambda", "1"), ("threads", threads), ("max_work", &limit)]);
        let mut control = quiet();
        let found = batch(&problem, &chosen, &jobs, &mut control).unwrap();
        (found, control.work())
    };
    let converged = |found: &[Solution]| found.iter().all(|s| s.outcome == Outcome::Converged);
    let stopped = |found: &[Solution]| found.iter().all(|s| s.outcome == Outcome::WorkLimit);
    let (free, total) = run("1", u64::MAX);
    assert!(converged(&free));
    assert!(converged(&run("1", total).0), "nothing is stopped that all together do not exceed");
    let (held, work) = run("1", total / 2);
    assert!(converged(&held[..128]) && stopped(&held[128..]) && work < total);
    assert!(stopped(&run("1", 1).0));
    // Little is left for the second wave: its tasks stop midway, at the same jobs whatever the threads.
    let first: u64 = free[..128].iter().map(|s| s.work).sum();
    let limit = first + (total - first) / 18;
    let (held, work) = run("1", limit);
    let task = |s: &[Solution]| s.iter().filter(|s| s.outcome == Outcome::Converged).count();
    assert!(converged(&held[..128]) && held[128..].chunks(8).all(|t| (1..8).contains(&task(t))));
    for threads in ["2", "3"] {
        let (same, other) = run(threads, limit);
        assert_eq!(work, other, "{threads}");
        for (a, b) in held.iter().zip(&same) {
            assert_eq!((&a.coef, a.outcome, a.work), (&b.coef, b.outcome, b.work), "{threads}");
        }
    }
}

#[test]
fn a_limit_of_work_is_that_of_the_path_and_all_folds() {
    let given = data(60, 8, 1.0, 5);
    let problem = given.problem("squared");
    for threads in ["1", "3"] {
        let run = |limit: u64| {
            let limit = limit.to_string();
            let chosen = options(&[("lambda_ratio", "0.05"), ("threads", threads), ("max_work", &limit)]);
            let mut control = quiet();
            // Three waves of folds.
            let found = cross_validate(&problem, &chosen, &Grid::spaced(4), &Folds::Seeded(40), &mut control);
            (found, control.work())
        };
        let (free, total) = run(u64::MAX);
        let (held, work) = run(total);
        assert_eq!((free.unwrap().mean, total), (held.unwrap().mean, work));
        // Each fold alone is far from it.
        let error = run(total / 2).0.unwrap_err();
        assert!(error.kind() == ErrorKind::Stopped && error.to_string().contains("max_work"), "{error}");
    }
}

#[test]
fn a_path_without_a_first_point_says_why() {
    let given = data(60, 8, 1.0, 13);
    let problem = given.problem("hinge");
    for (limit, outcome) in [("max_work", Outcome::WorkLimit), ("max_seconds", Outcome::TimeLimit)] {
        let chosen = options(&[("loss", "hinge"), ("penalty", "ridge"), (limit, "0")]);
        let found = path(&problem, &chosen, &Grid::spaced(3), None, &mut quiet()).unwrap();
        assert_eq!((found.points.len(), found.end), (0, PathEnd::Stopped(outcome)));
    }
}

#[test]
fn a_callback_that_said_stop_is_left_alone() {
    let given = data(30, 8, 1.0, 5);
    let problem = given.problem("squared");
    // More tasks and folds than are run side by side.
    let jobs = vec![Job::default(); 200];
    let grid = Grid::spaced(3);
    for threads in ["1", "2"] {
        let settings = options(&[("lambda_ratio", "0.1"), ("threads", threads)]);
        type Call<'c> = &'c dyn Fn(&mut Control<'_>) -> bool;
        let is_cut = |s: &Solution| s.outcome == Outcome::Cancelled;
        let calls: [(&str, Call<'_>); 3] = [
            ("batch", &|control| batch(&problem, &settings, &jobs, control).unwrap().iter().any(is_cut)),
            ("path", &|control| {
                path(&problem, &settings, &grid, None, control).unwrap().end != PathEnd::Complete
            }),
            ("folds", &|control| {
                cross_validate(&problem, &settings, &grid, &Folds::Seeded(20), control).is_err()
            }),
        ];
        for (what, call) in calls {
            for stop_at in [1, 2, 3, 5, 9] {
                let mut count = 0;
                let mut control = Control::new().with_progress(1, |_| {
                    count += 1;
                    if count >= stop_at { Verdict::Stop } else { Verdict::Continue }
                });
                let stopped = call(&mut control);
                drop(control);
                // Calls that end before so many reports are not stopped.
                assert!(count <= stop_at, "{what} {threads} {stop_at} {count}");
                assert_eq!(stopped, count == stop_at, "{what} {threads} {stop_at} {count}");
            }
        }
    }
}

#[test]
fn classes_are_dealt_evenly() {
    let given = data(60, 5, 1.0, 5);
    for loss in ["logistic", "squared-hinge", "hinge"] {
        let problem = given.problem(loss);
        let settings = options(&[("loss", loss), ("penalty", "ridge")]);
        let grid = Grid::given(&[2.0, 1.0]);
        let found = cross_validate(&problem, &settings, &grid, &Folds::Seeded(4), &mut quiet()).unwrap();
        let count = |fold: usize| {
            let rows = found.fold_of_row.iter().zip(problem.target());
            rows.filter(|(f, y)| **f == fold && **y > 0.0).count()
        };
        let counts: Vec<usize> = (0..4).map(count).collect();
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{loss} {counts:?}");
    }
}

#[test]
fn without_weight_there_is_no_mean_loss() {
    let given = data(20, 3, 1.0, 4);
    let mut problem = given.problem("squared");
    let cv = |problem: &Problem<'_>| {
        cross_validate(problem, &options(&[]), &Grid::given(&[1.0, 0.1]), &Folds::Seeded(4), &mut quiet())
            .unwrap()
    };
    assert!(cv(&problem).mean.iter().all(|m| m.is_finite()));
    problem.set_weights(&[0.0; 20]).unwrap();
    let found = cv(&problem);
    assert!(found.mean.iter().chain(&found.standard_error).all(|v| v.is_nan()));
    assert_eq!((found.best, found.one_standard_error), (0, 0));
}

#[test]
fn the_hinge_has_a_path_and_folds_where_its_strengths_are_given() {
    let given = data(60, 8, 1.0, 13);
    let problem = given.problem("hinge");
    let chosen = |more: &[(&str, &str)]| {
        let mut pairs = vec![("loss", "hinge"), ("penalty", "ridge"), ("tolerance", "1e-10")];
        pairs.extend_from_slice(more);
        options(&pairs)
    };
    let lambdas = [8.0, 2.0, 0.5];
    let fold_of_row: Vec<usize> = (0..60).map(|r| r % 3).collect();
    let folds = Folds::Given(fold_of_row.clone());
    let found = cross_validate(&problem, &chosen(&[]), &Grid::given(&lambdas), &folds, &mut quiet()).unwrap();
    assert!(found.converged);
    let y = given.target("hinge");
    for (k, lambda) in lambdas.iter().enumerate() {
        let whole = solve(&problem, &chosen(&[("lambda", &lambda.to_string())]), None, &mut quiet()).unwrap();
        agree(&found.path.points[k], &whole);
        for fold in 0..3 {
            // The rows of the other folds alone, and the loss on this one by a plain loop.
            let kept: Vec<f64> = fold_of_row.iter().map(|f| f64::from(u8::from(*f != fold))).collect();
            let mut part = given.problem("hinge");
            part.set_weights(&kept).unwrap();
            let share = (lambda * 2.0 / 3.0).to_string();
            let fit = solve(&part, &chosen(&[("lambda", &share)]), None, &mut quiet()).unwrap();
            let z = fit.predict(problem.matrix(), None).unwrap();
            let lost = (0..60).filter(|r| fold_of_row[*r] == fold).map(|r| (1.0 - y[r] * z[r]).max(0.0));
            let mean = lost.sum::<f64>() / 20.0;
            assert!((found.folds[fold][k] - mean).abs() <= 1e-4 * (1.0 + mean), "{lambda} {fold}");
        }
    }
    let error = path(&problem, &chosen(&[]), &Grid::spaced(3), None, &mut quiet()).unwrap_err();
    assert!(error.to_string().contains("a list of strengths"), "{error}");
}
