//! Every loss with every penalty: the certificate meets its tolerance, and other rules and updates find the same value.

mod support;

use southwell::bcd::{Kind, Problem, Settings, certificate};
use southwell::numerics::Matrix;
use southwell::runtime::Outcome;
use support::{Data, Numbers, options, run};

/// Columns of several scales and a score, with weights (some of them 0) and offsets.
struct Case {
    data: Data,
    weights: Vec<f64>,
    offset: Vec<f64>,
}

/// A share `fill` of the entries is not 0.
fn new_case(rows: usize, cols: usize, fill: f64, seed: u64) -> Case {
    let mut n = Numbers(seed);
    let a: Vec<f64> = (0..rows * cols)
        .map(|k| {
            let v = n.next();
            if n.next() > 2.0 * fill - 1.0 { 0.0 } else { v * (1.0 + 3.0 * ((k / rows) % 5) as f64) }
        })
        .collect();
    let truth: Vec<f64> = (0..cols).map(|j| if j % 4 == 0 { n.next() } else { 0.0 }).collect();
    let score = (0..rows)
        .map(|r| 0.4 + (0..cols).map(|j| a[j * rows + r] * truth[j]).sum::<f64>() + 0.7 * n.next())
        .collect();
    let weights = (0..rows).map(|r| if r % 11 == 0 { 0.0 } else { 1.0 + n.next().abs() }).collect();
    let offset = (0..rows).map(|_| 0.3 * n.next()).collect();
    Case { data: Data { rows, cols, a, score }, weights, offset }
}

impl Case {
    fn problem<'a>(&'a self, matrix: Matrix<'a>, loss: &str, weighted: bool) -> Problem<'a> {
        let mut problem = Problem::new(matrix, &self.data.target(loss)).unwrap();
        if weighted {
            problem.set_weights(&self.weights).unwrap();
            problem.set_offset(&self.offset).unwrap();
        }
        problem
    }
}

const LOSSES: [&str; 6] = ["squared", "logistic", "squared-hinge", "huber", "poisson", "pseudo-huber"];
const PENALTIES: [&[(&str, &str)]; 8] = [
    &[("penalty", "l1"), ("lambda_ratio", "0.05")],
    &[("penalty", "elastic-net"), ("lambda_ratio", "0.05"), ("l1_ratio", "0.7")],
    &[("penalty", "group"), ("lambda_ratio", "0.05"), ("group_size", "3")],
    &[("penalty", "ridge"), ("lambda", "0.5")],
    &[("penalty", "l1"), ("lambda", "0.3"), ("lower", "0")],
    &[("penalty", "none"), ("lower", "-0.4"), ("upper", "0.3")],
    &[("penalty", "sparse-group"), ("lambda_ratio", "0.05"), ("group_size", "3"), ("l1_ratio", "0.4")],
    &[("penalty", "sparse-group"), ("lambda_ratio", "0.05"), ("group_size", "4"), ("l2", "0.2")],
];

#[test]
fn every_loss_with_every_penalty_meets_its_certificate() {
    for (rows, cols) in [(60, 25), (30, 80)] {
        let given = new_case(rows, cols, 0.6, 3);
        for loss in LOSSES {
            for penalty in PENALTIES {
                for extra in [
                    &[][..],
                    &[("intercept", "true")],
                    &[("intercept", "true"), ("standardize", "true")],
                    &[("scale", "mean")],
                ] {
                    for (weighted, sparse) in [(false, false), (true, true)] {
                        let matrix = if sparse { given.data.sparse64() } else { given.data.dense() };
                        let problem = given.problem(matrix, loss, weighted);
                        let mut pairs = vec![("loss", loss), ("tolerance", "1e-10")];
                        pairs.extend_from_slice(penalty);
                        pairs.extend_from_slice(extra);
                        let found = run(&problem, &pairs);
                        let case = format!(
                            "{rows}x{cols} {pairs:?} weighted {weighted}: {:?} {:?} target {:e} iterations {}",
                            found.outcome, found.certificate, found.target, found.iterations
                        );
                        assert_eq!(found.outcome, Outcome::Converged, "{case}");
                        assert_eq!(found.certificate.kind, Kind::DualityGap, "{case}");
                        assert!(
                            found.certificate.value
                                <= 2.0 * found.target + 1e-12 * found.certificate.objective.abs(),
                            "{case}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn rules_updates_and_partitions_find_the_same_minimum() {
    let given = new_case(40, 18, 0.95, 5);
    for (loss, penalty) in [
        ("squared", PENALTIES[0]),
        ("logistic", PENALTIES[0]),
        ("squared", PENALTIES[2]),
        ("squared", PENALTIES[6]),
        ("huber", PENALTIES[5]),
        ("squared-hinge", PENALTIES[3]),
    ] {
        let problem = given.problem(given.data.dense(), loss, true);
        let mut base =
            vec![("loss", loss), ("tolerance", "1e-7"), ("intercept", "true"), ("standardize", "true")];
        base.extend_from_slice(penalty);
        let best = run(&problem, &base).certificate.objective;
        for rule in ["cyclic", "random", "lipschitz", "gs", "gsl", "gsd", "gsq"] {
            for update in ["newton", "matrix", "gradient"] {
                for (blocks, partition) in
                    [("variable", "order"), ("fixed", "sorted"), ("fixed", "average"), ("fixed", "random")]
                {
                    for lipschitz in ["bound", "estimate"] {
                        if lipschitz == "estimate" && update != "gradient" {
                            continue;
                        }
                        let mut pairs = base.clone();
                        pairs.extend_from_slice(&[
                            ("rule", rule),
                            ("update", update),
                            ("blocks", blocks),
                            ("partition", partition),
                            ("block_size", "4"),
                            ("lipschitz", lipschitz),
                        ]);
                        let found = run(&problem, &pairs);
                        let case = format!(
                            "{pairs:?}: {:?} {:?} {}",
                            found.outcome, found.certificate, found.iterations
                        );
                        assert_eq!(found.outcome, Outcome::Converged, "{case}");
                        assert!(found.certificate.objective <= best + found.target + 1e-12, "{case} {best}");
                    }
                }
            }
        }
    }
}

/// Checks that a run converges to the minimum `best`.
#[track_caller]
fn finds(problem: &Problem<'_>, pairs: &[(&str, &str)], best: f64) {
    let found = run(problem, pairs);
    let case = format!("{pairs:?}: {:?} {:?} {}", found.outcome, found.certificate, found.iterations);
    assert_eq!(found.outcome, Outcome::Converged, "{case}");
    assert!(found.certificate.objective <= best + found.target + 1e-12 * best.abs(), "{case} {best}");
}

#[test]
fn cubic_local_and_exact_updates_find_the_same_minimum() {
    let given = new_case(40, 18, 0.5, 5);
    for (loss, penalty) in [
        ("squared", PENALTIES[0]),
        ("logistic", PENALTIES[2]),
        ("logistic", PENALTIES[7]),
        ("logistic", PENALTIES[0]),
        ("huber", PENALTIES[5]),
        ("squared-hinge", PENALTIES[3]),
        ("poisson", PENALTIES[4]),
    ] {
        for (matrix, intercept) in [(given.data.dense(), "true"), (given.data.sparse64(), "false")] {
            let problem = given.problem(matrix, loss, true);
            let mut base = vec![("loss", loss), ("tolerance", "1e-7"), ("intercept", intercept)];
            base.extend_from_slice(penalty);
            let best = run(&problem, &base).certificate.objective;
            for rule in ["permuted", "gs", "gsc"] {
                for (update, constant) in
                    [("cubic", "bound"), ("cubic", "estimate"), ("local", "bound"), ("exact", "bound")]
                {
                    let smooth = matches!(loss, "squared" | "logistic");
                    let needs_third = rule == "gsc" || (update, constant) == ("cubic", "bound");
                    if needs_third && !smooth || update == "local" && loss == "poisson" {
                        continue;
                    }
                    for (blocks, size) in [("variable", "1"), ("variable", "4"), ("fixed", "3")] {
                        let mut pairs = base.clone();
                        pairs.extend_from_slice(&[
                            ("rule", rule),
                            ("update", update),
                            ("lipschitz", constant),
                            ("blocks", blocks),
                            ("block_size", size),
                        ]);
                        finds(&problem, &pairs, best);
                    }
                }
            }
        }
    }
}

#[test]
fn every_way_of_a_greedy_rule_finds_the_same_minimum() {
    let given = new_case(60, 30, 0.3, 6);
    for loss in ["squared", "logistic"] {
        for (matrix, intercept) in [(given.data.dense(), "true"), (given.data.sparse64(), "false")] {
            let problem = given.problem(matrix, loss, true);
            let mut base = vec![("loss", loss), ("tolerance", "1e-8"), ("intercept", intercept)];
            base.extend_from_slice(PENALTIES[0]);
            let best = run(&problem, &base).certificate.objective;
            for extra in [
                [("rule", "gsq"), ("gsq_search", "schur"), ("greedy_gradient", "auto")],
                [("rule", "gsq"), ("gsq_search", "pool"), ("greedy_gradient", "rows")],
                [("rule", "gsq"), ("gsq_search", "pursuit"), ("greedy_gradient", "gram")],
                [("rule", "gsq"), ("gsq_search", "iht"), ("update", "exact")],
                [("rule", "gs"), ("prox_rule", "residual"), ("greedy_gradient", "gram")],
                [("rule", "gsl"), ("prox_rule", "subgradient"), ("greedy_gradient", "rows")],
                [("rule", "gsd"), ("line_search", "exact"), ("greedy_gradient", "recompute")],
                [("rule", "gsd"), ("update", "exact"), ("greedy_gradient", "index")],
                [("rule", "gsl"), ("greedy_sample", "0.3"), ("update", "exact")],
                [("rule", "gs"), ("greedy_sample", "0.2"), ("blocks", "fixed")],
                [("rule", "gsc"), ("greedy_sample", "1e-9"), ("update", "newton")],
            ] {
                let mut pairs = base.clone();
                pairs.extend_from_slice(&extra);
                pairs.push(("block_size", "4"));
                finds(&problem, &pairs, best);
            }
        }
    }
}

#[test]
fn a_forged_dual_point_proves_nothing() {
    let given = new_case(60, 25, 0.6, 3);
    let mut problem = given.problem(given.data.dense(), "squared", false);
    let pairs = [("penalty", "l1"), ("lambda_ratio", "0.1"), ("intercept", "true"), ("tolerance", "1e-10")];
    let mut factors = vec![1.0; 25];
    for free in [false, true] {
        if free {
            factors[3] = 0.0;
            problem.set_penalty_factors(&factors).unwrap();
        }
        let best = run(&problem, &pairs);
        let settings = Settings::from_options(&options(&pairs)).unwrap();
        let check =
            |dual: &[f64]| certificate(&problem, &settings, best.lambda, &[0.0; 25], 0.0, dual).unwrap();
        // The residual at zero fits the conjugate exactly, but it is not orthogonal to what is unpenalized.
        let forged = check(problem.target());
        let distance = forged.objective - best.certificate.objective;
        assert!(distance > 1.0, "{distance}");
        assert!(forged.value >= distance * (1.0 - 1e-9), "{forged:?} {distance}");
        assert!(check(&best.dual).value >= distance * (1.0 - 1e-9));
        let scaled: Vec<f64> = best.dual.iter().map(|d| 1e3 * d).collect();
        assert!(check(&scaled).value >= distance * (1.0 - 1e-9));
    }
}

#[test]
fn an_early_gap_is_no_less_than_the_distance_from_the_minimum() {
    for (rows, cols) in [(40, 18), (20, 40)] {
        let given = new_case(rows, cols, 0.6, 8);
        for loss in LOSSES {
            for penalty in PENALTIES {
                for intercept in ["false", "true"] {
                    let problem = given.problem(given.data.dense(), loss, true);
                    let mut base = vec![("loss", loss), ("intercept", intercept), ("tolerance", "1e-12")];
                    base.extend_from_slice(penalty);
                    let best = run(&problem, &base).certificate.objective;
                    for rule in ["auto", "cyclic", "gsd"] {
                        for limit in ["0", "1", "2", "5", "20"] {
                            let mut pairs = base.clone();
                            pairs.extend_from_slice(&[("rule", rule), ("max_iterations", limit)]);
                            let found = run(&problem, &pairs).certificate;
                            assert_eq!(found.kind, Kind::DualityGap, "{pairs:?}");
                            let distance = found.objective - best;
                            let bounds = found.value >= distance - 1e-11 * found.objective.abs();
                            assert!(bounds, "{pairs:?} {found:?} {distance:e}");
                        }
                    }
                }
            }
        }
    }
}

/// Each row of a trace is computed afresh; the steps between two may not raise it by more than its own last digits: sums
/// over 50 rows and 20 columns, of which 5 units in the last place were seen.
#[test]
fn the_objective_never_rises_along_a_trace() {
    let given = new_case(50, 20, 0.6, 9);
    for loss in LOSSES {
        for penalty in PENALTIES {
            for rule in [
                &[("rule", "auto")][..],
                &[("rule", "cyclic"), ("update", "gradient")],
                &[("rule", "random"), ("block_size", "3")],
                &[("rule", "permuted"), ("acceleration", "anderson"), ("block_size", "2")],
                &[("rule", "gs"), ("update", "gradient"), ("lipschitz", "estimate"), ("block_size", "2")],
                &[("rule", "gsl"), ("blocks", "fixed"), ("block_size", "3")],
                &[("rule", "gsq"), ("block_size", "4")],
                &[("rule", "gsd"), ("update", "exact")],
            ] {
                if loss == "poisson" && rule.len() == 2 && rule[0].1 == "cyclic" {
                    continue; // no bound of the curvature
                }
                for intercept in ["false", "true"] {
                    let problem = given.problem(given.data.dense(), loss, true);
                    let mut pairs = vec![("loss", loss), ("tolerance", "1e-14"), ("trace", "true")];
                    pairs.extend_from_slice(penalty);
                    pairs.extend_from_slice(rule);
                    pairs.extend_from_slice(&[("intercept", intercept), ("max_iterations", "3000")]);
                    let found = run(&problem, &pairs);
                    assert!(found.trace.len() > 1);
                    for pair in found.trace.windows(2) {
                        let (from, to) = (pair[0].objective, pair[1].objective);
                        let ulp = from.abs().next_up() - from.abs();
                        assert!(to <= from + 8.0 * ulp, "{pairs:?} {} ulp", (to - from) / ulp);
                    }
                }
            }
        }
    }
}
