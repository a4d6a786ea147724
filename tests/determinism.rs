//! The same bits on any number of threads, in any index type, on any run with the same seed.

mod support;

use southwell::bcd::{Problem, Solution, solve};
use southwell::numerics::Matrix;
use southwell::runtime::Control;
use support::{Data, data, options};

/// Everything that a solve gives back but its seconds, bit by bit.
fn bits(found: &Solution) -> Vec<u64> {
    let mut all = vec![found.outcome as u64, found.iterations, found.work, found.trace.len() as u64];
    let certificate = &found.certificate;
    let figures =
        [found.intercept, certificate.value, certificate.objective, certificate.dual_objective, found.lambda];
    let numbers = found.coef.iter().chain(&found.dual).chain(&figures);
    all.extend(numbers.map(|v| v.to_bits()));
    for row in &found.trace {
        all.extend([row.iteration, row.work, row.objective.to_bits()]);
        all.extend([row.certificate.to_bits(), row.nonzeros]);
    }
    all
}

fn bits_of(problem: &Problem<'_>, pairs: &[(&str, &str)], threads: &str) -> Vec<u64> {
    let mut pairs = pairs.to_vec();
    pairs.extend([("trace", "true"), ("threads", threads)]);
    let found = solve(problem, &options(&pairs), None, &mut Control::new()).unwrap();
    assert!(found.trace.len() > 1 && found.nonzeros() > 0, "{pairs:?}: nothing happened");
    bits(&found)
}

fn same_on_any_threads(problem: &Problem<'_>, pairs: &[(&str, &str)], counts: &[&str]) {
    let one = bits_of(problem, pairs, "1");
    for threads in counts {
        assert!(one == bits_of(problem, pairs, threads), "{threads} threads differ: {pairs:?}");
    }
}

/// Enough columns for many tasks of a team, and enough work for several batches.
fn large(density: f64) -> Data {
    data(300, 700, density, 11)
}

#[test]
fn auto_has_the_same_bits_on_any_number_of_threads() {
    let (full, thin) = (large(1.0), large(0.05));
    for loss in ["squared", "logistic", "squared-hinge", "huber", "poisson"] {
        let matrices: [(&Data, Matrix<'_>); 4] = [
            (&full, full.dense()),
            (&full, full.dense32()),
            (&thin, thin.sparse64()),
            (&thin, thin.sparse(|a| a as f32, |k| k as i64)),
        ];
        for (data, matrix) in matrices {
            let problem = Problem::new(matrix, &data.target(loss)).unwrap();
            let pairs = [("loss", loss), ("lambda_ratio", "0.1"), ("intercept", "true")];
            same_on_any_threads(&problem, &pairs, &["2", "3", "8"]);
        }
    }
}

#[test]
fn groups_and_standardized_columns_have_the_same_bits_on_any_number_of_threads() {
    let full = large(1.0);
    for penalty in [
        &[("penalty", "group"), ("group_size", "4"), ("lambda_ratio", "0.2")][..],
        &[("penalty", "elastic-net"), ("standardize", "true"), ("intercept", "true")],
        &[("penalty", "ridge"), ("lambda", "3")],
        &[("penalty", "l1"), ("lower", "0"), ("lambda_ratio", "0.2")],
    ] {
        for loss in ["squared", "logistic"] {
            let mut pairs = vec![("loss", loss)];
            pairs.extend_from_slice(penalty);
            same_on_any_threads(&full.problem(loss), &pairs, &["2", "8"]);
        }
    }
}

#[test]
fn every_rule_has_the_same_bits_on_any_number_of_threads() {
    let (full, thin) = (large(1.0), large(0.05));
    for rule in ["cyclic", "permuted", "random", "lipschitz", "gs", "gsl", "gsd", "gsq", "gsc"] {
        for (loss, update, sparse) in [
            ("squared", "newton", false),
            ("squared", "gradient", true),
            ("logistic", "matrix", true),
            ("logistic", "newton", false),
            ("logistic", "cubic", true),
            ("logistic", "exact", false),
        ] {
            let data = if sparse { &thin } else { &full };
            let matrix = if sparse { thin.sparse64() } else { full.dense32() };
            let problem = Problem::new(matrix, &data.target(loss)).unwrap();
            for blocks in ["variable", "fixed"] {
                let pairs = [
                    ("loss", loss),
                    ("lambda_ratio", "0.2"),
                    ("rule", rule),
                    ("update", update),
                    ("blocks", blocks),
                    ("block_size", "40"),
                    ("max_iterations", "25"),
                ];
                same_on_any_threads(&problem, &pairs, &["2", "3", "8"]);
            }
        }
    }
}

#[test]
fn every_way_of_greedy_rules_has_the_same_bits_on_any_number_of_threads() {
    let (full, thin) = (large(1.0), large(0.02));
    for (rule, key, way) in [
        ("gsq", "gsq_search", "schur"),
        ("gsq", "gsq_search", "pool"),
        ("gsq", "gsq_search", "iht"),
        ("gsq", "gsq_search", "pursuit"),
        ("gsd", "greedy_gradient", "recompute"),
        ("gsd", "greedy_gradient", "rows"),
        ("gsd", "greedy_gradient", "gram"),
        ("gsd", "greedy_gradient", "index"),
        ("gs", "prox_rule", "residual"),
    ] {
        for (data, matrix) in [(&full, full.dense()), (&thin, thin.sparse64())] {
            let problem = Problem::new(matrix, &data.target("squared")).unwrap();
            let pairs = [
                ("rule", rule),
                (key, way),
                ("block_size", "9"),
                ("max_iterations", "60"),
                ("update", "matrix"),
            ];
            same_on_any_threads(&problem, &pairs, &["2", "8"]);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_another_path() {
    let data = data(60, 90, 0.5, 3);
    let problem = data.problem("squared");
    for rule in ["permuted", "random", "lipschitz"] {
        for blocks in ["variable", "fixed"] {
            let with = |seed| {
                let pairs = [
                    ("rule", rule),
                    ("seed", seed),
                    ("blocks", blocks),
                    ("partition", "random"),
                    ("block_size", "7"),
                    ("max_iterations", "30"),
                    ("tolerance", "0"),
                ];
                bits_of(&problem, &pairs, "1")
            };
            assert!(with("5") == with("5"), "{rule} {blocks}");
            assert!(with("5") != with("6"), "{rule} {blocks}: the seed has no effect");
        }
    }
}

#[test]
fn the_width_of_indices_does_not_matter() {
    let data = data(80, 120, 0.1, 8);
    for loss in ["squared", "logistic"] {
        for rule in ["auto", "gsq", "cyclic"] {
            let solved = |matrix| {
                let problem = Problem::new(matrix, &data.target(loss)).unwrap();
                let pairs = [("loss", loss), ("rule", rule), ("block_size", "6"), ("max_iterations", "200")];
                bits_of(&problem, &pairs, "1")
            };
            assert!(solved(data.sparse64()) == solved(data.sparse(|a| a, |k| k as i64)), "{loss} {rule}");
            let narrow = |a: f64| a as f32;
            // The numbers fit in f32, so storage in f32 is exact.
            assert!(solved(data.sparse64()) == solved(data.sparse(narrow, |k| k as i32)), "{loss} {rule}");
            assert!(solved(data.sparse64()) == solved(data.sparse(narrow, |k| k as i64)), "{loss} {rule}");
            assert!(solved(data.dense()) == solved(data.dense32()), "{loss} {rule}");
        }
    }
}

#[test]
fn equal_scores_are_broken_by_index() {
    // Every column occurs twice. At the start the scores of a pair are equal to the last bit, and the first wins.
    let mut data = data(40, 60, 1.0, 4);
    let half = data.a[..40 * 30].to_vec();
    data.a[40 * 30..].copy_from_slice(&half);
    let problem = data.problem("squared");
    for rule in ["gs", "gsl", "gsd", "gsq", "gsc"] {
        for (size, limit) in [("1", "1"), ("1", "40"), ("6", "40")] {
            let pairs = [("rule", rule), ("block_size", size), ("max_iterations", limit), ("tolerance", "0")];
            same_on_any_threads(&problem, &pairs, &["3"]);
        }
        let found = support::run(&problem, &[("rule", rule), ("max_iterations", "1"), ("tolerance", "0")]);
        assert_eq!(found.nonzeros(), 1, "{rule}");
        assert!(found.coef[30..].iter().all(|c| *c == 0.0), "{rule}: the later twin was chosen");
    }
}
