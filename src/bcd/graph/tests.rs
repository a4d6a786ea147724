//! Against dense solves and closed forms.

use super::colouring::colouring;
use super::elimination::{Elimination, spanning};
use super::forest::GrowingForest;
use super::greedy_forest::greedy_forest;
use super::lattice::{lattice_colours, lattice_combs};
use super::tree_partition::tree_partition;
use super::*;
use crate::bcd::Rigor;
use crate::numerics::SymmetricMatrix;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, ErrorKind, Family, Options, Outcome};

type Edge = (usize, usize, f64);

fn grid_edges(rows: usize, columns: usize, weight: impl Fn(usize) -> f64) -> Vec<Edge> {
    let mut edges = Vec::new();
    for node in 0..rows * columns {
        if node % rows + 1 < rows {
            edges.push((node, node + 1, weight(node)));
        }
        if node / rows + 1 < columns {
            edges.push((node, node + rows, weight(node + 7)));
        }
    }
    edges
}

fn weights(n: usize, edges: &[Edge]) -> SymmetricMatrix {
    SymmetricMatrix::from_edges(n, edges.iter().copied(), false, "a", &mut Control::new()).unwrap()
}

/// Every `step`-th node has the label `sin(node)`, in two columns.
fn labelled(n: usize, edges: &[Edge], step: usize, ridge: f64) -> Problem {
    let nodes: Vec<usize> = (0..n).step_by(step).collect();
    let mut values: Vec<f64> = nodes.iter().map(|i| (*i as f64).sin()).collect();
    values.extend(nodes.iter().map(|i| (*i as f64).cos()));
    let labels = Labels { nodes: &nodes, values: &values, columns: 2 };
    Problem::labels(&weights(n, edges), labels, ridge, Unreached::Error, &mut Control::new()).unwrap()
}

fn random_graph(n: usize, edges: usize, seed: u64) -> Vec<Edge> {
    let mut stream = Stream::new(seed, Purpose::Partition, 9);
    let mut out: Vec<Edge> = (1..n).map(|i| (stream.below(i), i, 0.1 + stream.uniform())).collect();
    while out.len() < edges {
        let (i, j) = (stream.below(n), stream.below(n));
        if i != j && !out.iter().any(|e| (e.0, e.1) == (i, j) || (e.0, e.1) == (j, i)) {
            out.push((i, j, 0.1 + stream.uniform()));
        }
    }
    out
}

fn dense_solution(problem: &Problem) -> Vec<f64> {
    let (a, n) = (problem.matrix(), problem.unknowns());
    let mut dense = Square::zeros(n);
    for i in 0..n {
        dense.column_mut(i)[i] = a.diagonal()[i];
        a.row(i).for_each(|(j, v)| dense.column_mut(i)[j] = v);
    }
    let factor = Cholesky::new(&dense, &mut Control::new()).unwrap();
    let mut x = problem.right_hand_sides().to_vec();
    x.chunks_mut(n).for_each(|x| factor.solve(x));
    problem.expand(&x)
}

fn options(pairs: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Graph);
    pairs.iter().for_each(|(k, v)| options.set_text(k, v).unwrap());
    options
}

fn solve(problem: &Problem, pairs: &[(&str, &str)]) -> Solution {
    super::solve(problem, &options(pairs), None, &mut Control::new()).unwrap()
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

const RULES: [&str; 6] = ["auto", "red-black", "tree-partition", "greedy-tree", "random-tree", "general"];

#[test]
fn every_rule_finds_the_dense_solution() {
    for (n, edges) in [(120, grid_edges(12, 10, |k| 1.0 + (k % 5) as f64)), (90, random_graph(90, 240, 3))] {
        for ridge in [0.0, 0.3] {
            let problem = labelled(n, &edges, 9, ridge);
            let truth = dense_solution(&problem);
            for rule in RULES {
                for (key, value) in
                    [("order", "random"), ("score", "lipschitz"), ("preconditioner", "forest")]
                {
                    let s = solve(&problem, &[("rule", rule), ("tolerance", "1e-11"), (key, value)]);
                    assert_eq!(s.outcome, Outcome::Converged, "{rule} {:?}", s.certificate);
                    assert!(far(&s.values, &truth) < 1e-9, "{rule}: {}", far(&s.values, &truth));
                }
            }
            let s = solve(&problem, &[("preconditioner", "diagonal"), ("tolerance", "1e-11")]);
            assert!(far(&s.values, &truth) < 1e-9);
        }
    }
}

#[test]
fn blocks_have_no_cycle_and_are_solved_exactly() {
    for seed in 0..20 {
        let n = 60;
        let edges = random_graph(n, 60 + 6 * seed as usize, seed);
        let mut matrix = weights(n, &edges);
        for i in 0..n {
            matrix.diagonal[i] = matrix.row(i).map(|(_, v)| v).sum::<f64>() + 0.01;
        }
        let mut order: Vec<u32> = (0..n as u32).collect();
        Stream::new(seed, Purpose::Select, 0).shuffle_front(&mut order, n);
        let mut forest = GrowingForest::new(n);
        let mut blocks = vec![greedy_forest(&order, &matrix, &mut forest)];
        let trees = tree_partition(&order, &matrix, &mut Control::new()).unwrap();
        let colours = colouring(&order, &matrix);
        for cut in [&trees, &colours] {
            let mut all = cut.concat();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..n as u32));
        }
        let inside = |block: &[u32], i: u32| {
            matrix.row(i as usize).filter(|(j, _)| block.contains(&(*j as u32))).count()
        };
        assert!(colours.iter().all(|b| b.iter().all(|i| inside(b, *i) == 0)));
        blocks.extend(trees);
        blocks.extend(colours);
        let mut place = vec![elimination::NONE; n];
        for block in blocks {
            let walk = spanning(&matrix, &block, &mut place).unwrap();
            let links = block.iter().map(|i| inside(&block, *i)).sum::<usize>() / 2;
            let roots = walk.parent.iter().filter(|p| **p == elimination::NONE).count();
            assert_eq!(links, block.len() - roots);
            let e = Elimination::new(&matrix, walk).unwrap();
            let mut dense = Square::zeros(block.len());
            let nodes = e.nodes().to_vec();
            for (k, &i) in nodes.iter().enumerate() {
                dense.column_mut(k)[k] = matrix.diagonal()[i as usize];
                for (j, v) in matrix.row(i as usize) {
                    if let Some(q) = nodes.iter().position(|n| *n as usize == j) {
                        dense.column_mut(k)[q] = v;
                    }
                }
            }
            let mut c: Vec<f64> = (0..nodes.len()).map(|k| (k as f64).cos()).collect();
            let mut truth = c.clone();
            Cholesky::new(&dense, &mut Control::new()).unwrap().solve(&mut truth);
            e.solve(&mut c);
            let size = truth.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            assert!(far(&c, &truth) < 1e-11 * size);
        }
        let all: Vec<u32> = (0..n as u32).collect();
        assert_eq!(spanning(&matrix, &all, &mut place).is_none(), edges.len() > n - 1);
        assert!(place.iter().all(|p| *p == elimination::NONE));
    }
}

#[test]
fn combs_and_colours_of_a_lattice() {
    let (rows, columns) = (7, 8);
    let mut a = weights(56, &grid_edges(rows, columns, |_| 1.0));
    a.diagonal.fill(5.0);
    let mut place = vec![elimination::NONE; 56];
    for cut in [lattice_combs(rows, columns), lattice_colours(rows, columns)] {
        assert_eq!(cut[0].len() + cut[1].len(), 56);
        assert!(cut.iter().all(|b| spanning(&a, b, &mut place).is_some()));
    }
    let combs = lattice_combs(rows, columns);
    for comb in &combs {
        let walk = spanning(&a, comb, &mut place).unwrap();
        assert_eq!(walk.parent.iter().filter(|p| **p == elimination::NONE).count(), 1, "one tree");
    }
    let index: Vec<u32> = (0..56).collect();
    assert_eq!(colouring(&index, &a), lattice_colours(rows, columns));
    let problem = {
        let mut p = labelled(56, &grid_edges(rows, columns, |_| 1.0), 11, 0.0);
        assert!(super::solve(&p, &options(&[("rule", "partition")]), None, &mut Control::new()).is_err());
        let block_of: Vec<usize> = (0..56).map(|i| usize::from(combs[1].contains(&i))).collect();
        p.set_partition(&block_of).unwrap();
        assert!(p.set_partition(&block_of[1..]).is_err());
        assert!(p.set_partition(&[99; 56]).is_err());
        p
    };
    let s = solve(&problem, &[("rule", "partition"), ("tolerance", "1e-10"), ("trace", "true")]);
    assert_eq!(s.outcome, Outcome::Converged);
    assert!(far(&s.values, &dense_solution(&problem)) < 1e-8);
    assert!(s.trace.windows(2).all(|w| w[1].objective <= w[0].objective + 1e-12 * w[0].objective.abs()));
}

#[test]
fn long_paths_stars_and_scales_are_no_trouble() {
    let n = 200_000;
    let path: Vec<Edge> = (1..n).map(|i| (i - 1, i, 1.0)).collect();
    let star: Vec<Edge> = (1..n).map(|i| (0, i, 2.0)).collect();
    let run = |edges: &[Edge], nodes: &[usize], values: &[f64], rule: &str| {
        let labels = Labels { nodes, values, columns: 1 };
        let p =
            Problem::labels(&weights(n, edges), labels, 0.0, Unreached::Error, &mut Control::new()).unwrap();
        solve(&p, &[("rule", rule), ("tolerance", "1e-9")])
    };
    for rule in ["auto", "tree-partition", "greedy-tree"] {
        // Between its labelled ends a path is a straight line; all leaves of a star take its centre's value.
        let s = run(&path, &[0, n - 1], &[0.0, 1.0], rule);
        assert_eq!(s.outcome, Outcome::Converged, "{rule} {:?}", s.certificate);
        if rule != "auto" {
            let off = s.values.iter().enumerate().map(|(i, x)| (x - i as f64 / (n - 1) as f64).abs());
            assert!(off.fold(0.0, f64::max) < 1e-6, "{rule}");
        }
        let s = run(&star, &[5], &[3.0], rule);
        assert!(s.values.iter().all(|x| (x - 3.0).abs() < 1e-6), "{rule}");
    }
    for scale in [1e-300, 1e-30, 1e30, 1e300] {
        let edges = grid_edges(20, 20, |k| scale * (1 + k % 3) as f64);
        let p = labelled(400, &edges, 50, 0.0);
        let plain = labelled(400, &grid_edges(20, 20, |k| (1 + k % 3) as f64), 50, 0.0);
        for rule in ["auto", "tree-partition"] {
            let s = solve(&p, &[("rule", rule), ("tolerance", "1e-10")]);
            assert_eq!(s.outcome, Outcome::Converged, "{scale} {rule}");
            assert!(far(&s.values, &dense_solution(&plain)) < 1e-8, "{scale} {rule}");
        }
    }
    // Weights that differ beyond the range of f32.
    let edges = grid_edges(20, 20, |k| if k % 2 == 0 { 1.0 } else { 1e-60 });
    let s = solve(&labelled(400, &edges, 3, 1e-70), &[("tolerance", "1e-8")]);
    assert_eq!(s.outcome, Outcome::Converged, "{:?}", s.certificate);
}

#[test]
fn the_bound_on_the_error_holds() {
    let problem = labelled(400, &grid_edges(20, 20, |k| 1.0 + (k % 4) as f64), 90, 0.0);
    let truth = dense_solution(&problem);
    for tolerance in ["1e-1", "1e-3", "1e-6"] {
        let s = solve(&problem, &[("tolerance", tolerance), ("error_bound", "true")]);
        let c = s.certificate;
        assert_eq!(c.rigor, Rigor::Proven);
        let (error, best) = (far(&s.values, &truth), certificate(&problem, &truth, None).unwrap().objective);
        assert!(error <= c.error && c.error < 1e3 * error + 1e-12, "{error} {c:?}");
        assert!(c.objective - best <= c.gap + 1e-12 * best.abs(), "{c:?}");
    }
    let s = solve(&labelled(400, &grid_edges(20, 20, |_| 1.0), 90, 0.5), &[]);
    assert_eq!(s.certificate.rigor, Rigor::Proven);
    let plain = solve(&problem, &[]);
    assert_eq!(plain.certificate.rigor, Rigor::None);
    assert!(plain.certificate.gap.is_nan() && plain.certificate.residual <= 1e-6);
}

#[test]
fn what_cannot_be_solved_is_named() {
    let message = |r: crate::runtime::Result<Problem>| {
        let error = r.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Data | ErrorKind::Argument), "{error}");
        error.to_string()
    };
    let two = weights(4, &[(0, 1, 1.0), (2, 3, 1.0)]);
    let label = |nodes: &[usize], values: &[f64], columns, ridge, policy| {
        Problem::labels(&two, Labels { nodes, values, columns }, ridge, policy, &mut Control::new())
    };
    assert!(message(label(&[0], &[1.0], 1, 0.0, Unreached::Error)).contains("node 2"));
    assert!(message(label(&[], &[], 1, 0.0, Unreached::Error)).contains("node 0"));
    assert!(message(label(&[4], &[1.0], 1, 0.0, Unreached::Zero)).contains("found 4"));
    assert!(message(label(&[1, 1], &[1.0, 2.0], 1, 0.0, Unreached::Zero)).contains("entry 1"));
    assert!(message(label(&[1], &[f64::NAN], 1, 0.0, Unreached::Zero)).contains("NaN"));
    assert!(message(label(&[1], &[1.0], 0, 0.0, Unreached::Zero)).contains("columns"));
    assert!(message(label(&[1], &[1.0], usize::MAX, 0.0, Unreached::Zero)).contains("values"));
    assert!(message(label(&[1], &[1.0], 1, f64::NAN, Unreached::Zero)).contains("ridge"));
    assert!(message(label(&[1], &[1.0], 1, -1.0, Unreached::Zero)).contains("ridge"));
    let zero = label(&[0], &[2.0], 1, 0.0, Unreached::Zero).unwrap();
    let s = solve(&zero, &[("tolerance", "1e-12")]);
    assert_eq!((zero.unreached(), s.values), (2, vec![2.0, 2.0, 0.0, 0.0]));
    let ridge = label(&[0], &[2.0], 1, 1.0, Unreached::Error).unwrap();
    assert_eq!(solve(&ridge, &[("tolerance", "1e-12")]).values, [2.0, 1.0, 0.0, 0.0]);
    let negative = weights(2, &[(0, 1, -1.0)]);
    let labels = Labels { nodes: &[0], values: &[1.0], columns: 1 };
    assert!(
        message(Problem::labels(&negative, labels, 0.0, Unreached::Error, &mut Control::new()))
            .contains("row 0, column 1")
    );
    assert!(
        message(Problem::quadratic(negative.clone(), vec![0.0; 2], 1, 0.0, &mut Control::new()))
            .contains("positive diagonal")
    );
    assert!(
        message(Problem::quadratic(two.clone(), vec![0.0; 3], 1, 1.0, &mut Control::new()))
            .contains("4 numbers")
    );
    // Diagonal 1 and -1 beside it are singular.
    let a = weights(3, &[(0, 0, 1.0), (1, 1, 1.0), (2, 2, 1.0), (0, 1, -1.0)]);
    let p = Problem::quadratic(a, vec![1.0, -1.0, 1.0], 1, 0.0, &mut Control::new()).unwrap();
    for rule in ["tree-partition", "greedy-tree"] {
        let error = super::solve(&p, &options(&[("rule", rule)]), None, &mut Control::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.to_string().contains("positive definite"), "{error}");
    }
}

#[test]
fn no_minimum_is_claimed_where_there_is_none() {
    // Diagonal 1 and 2 beside it are indefinite.
    let a = weights(3, &[(0, 0, 1.0), (1, 1, 1.0), (2, 2, 1.0), (0, 1, 2.0)]);
    let p = Problem::quadratic(a, vec![1.0, -1.0, 1.0], 1, 0.0, &mut Control::new()).unwrap();
    for rule in ["auto", "tree-partition", "greedy-tree"] {
        let s = solve(&p, &[("rule", rule)]);
        assert_eq!(s.outcome, Outcome::Unbounded, "{rule}");
        assert!(s.values.iter().all(|v| v.is_finite()));
    }
    // A complete graph on 6 nodes: eigenvalues 1 - 0.3 for vectors of sum 0, and 1 + 5 * 0.3; with the signs turned
    // 1.3 for vectors of sum 0 and 1 - 5 * 0.3 < 0 for the constant one, which the right-hand side has no share of.
    for (entry, rhs) in [(-0.3, [1.0, -1.0, 2.0, -2.0, 0.5, -0.5]), (0.3, [1.0, -1.0, 2.0, -2.0, 0.5, -0.5])]
    {
        let mut edges: Vec<Edge> = (0..6).map(|i| (i, i, 1.0)).collect();
        edges.extend((0..6).flat_map(|i| (i + 1..6).map(move |j| (i, j, entry))));
        let p = Problem::quadratic(weights(6, &edges), rhs.to_vec(), 1, 0.0, &mut Control::new()).unwrap();
        for (key, value) in [
            ("preconditioner", "multilevel"),
            ("preconditioner", "forest"),
            ("preconditioner", "diagonal"),
            ("rule", "red-black"),
        ] {
            let s = solve(&p, &[(key, value), ("tolerance", "1e-9")]);
            let expected = if entry < 0.0 { Outcome::Unbounded } else { Outcome::Converged };
            assert_eq!(s.outcome, expected, "{entry} {value}");
        }
    }
    // A ring with a chord that makes it indefinite, as the elimination of nodes with two neighbours meets it.
    let mut edges: Vec<Edge> = (0..40).map(|i| (i, (i + 1) % 40, -0.4)).collect();
    edges.extend((0..40).map(|i| (i, i, 1.0)));
    edges.extend([(0, 20, 0.9), (5, 30, -0.9)]);
    let p = Problem::quadratic(weights(40, &edges), vec![1.0; 40], 1, 0.0, &mut Control::new()).unwrap();
    assert_eq!(solve(&p, &[]).outcome, Outcome::Unbounded);
}

/// A matrix with ones on the diagonal.
fn unit_diagonal(n: usize, others: impl Iterator<Item = Edge>) -> SymmetricMatrix {
    let mut a = weights(n, &others.collect::<Vec<_>>());
    a.diagonal.fill(1.0);
    a
}

#[test]
fn right_hand_sides_without_a_share_of_negative_curvature_hide_none() {
    let alternating = |n: usize| (0..n).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect::<Vec<f64>>();
    let cycle = |n: usize, off: f64| unit_diagonal(n, (0..n).map(move |i| (i, (i + 1) % n, off)));
    let mut cases = vec![
        ("two", unit_diagonal(2, [(0, 1, -2.0)].into_iter()), vec![1.0, -1.0]),
        ("one and two", unit_diagonal(3, [(1, 2, -2.0)].into_iter()), vec![-1.0, -1.0, 1.0]),
        ("two positive", weights(2, &[(0, 0, 2.0), (1, 1, 2.0), (0, 1, 3.0)]), vec![1.0, 1.0]),
        (
            "complete",
            unit_diagonal(4, (0..4).flat_map(|i| (i + 1..4).map(move |j| (i, j, -0.5)))),
            vec![1.0, -1.0, 2.0, -2.0],
        ),
        (
            "pairs",
            unit_diagonal(20, (0..10).map(|k| (2 * k, 2 * k + 1, if k == 6 { -2.0 } else { -0.5 }))),
            alternating(20),
        ),
        (
            // No two rows show it: three in a row have the eigenvalue 1 - 0.8 sqrt(2).
            "threes",
            unit_diagonal(
                30,
                (0..20).map(|e| {
                    let (k, side) = (e / 2, e % 2);
                    (3 * k + side, 3 * k + side + 1, if k == 6 { -0.8 } else { -0.3 })
                }),
            ),
            (0..30).map(|i| [1.0, 0.0, -1.0][i % 3]).collect(),
        ),
    ];
    for n in [50, 200] {
        cases.push(("even cycle", cycle(n, 0.5001), vec![1.0; n]));
        cases.push(("cycle", cycle(n, -0.5001), alternating(n)));
    }
    for (name, a, b) in &cases {
        let problem = Problem::quadratic(a.clone(), b.clone(), 1, 0.0, &mut Control::new()).unwrap();
        for seed in ["0", "1", "2", "3"] {
            for rule in RULES {
                let s = solve(&problem, &[("rule", rule), ("seed", seed)]);
                assert_eq!(s.outcome, Outcome::Unbounded, "{name} {} {rule} {seed}", a.size());
            }
            for preconditioner in ["forest", "diagonal"] {
                let s = solve(&problem, &[("preconditioner", preconditioner), ("seed", seed)]);
                assert_eq!(s.outcome, Outcome::Unbounded, "{name} {} {preconditioner} {seed}", a.size());
            }
        }
        // Elimination has a direction at hand wherever it gets so far, before any iteration.
        if name.ends_with("cycle") || *name == "threes" {
            assert_eq!(solve(&problem, &[]).iterations, 0, "{name}");
        }
    }
}

#[test]
fn a_singular_problem_with_a_solution_is_solved() {
    for (rows, columns) in [(5, 5), (12, 11)] {
        let n = rows * columns;
        // D L D with the Laplacian L of a grid: semidefinite, and not diagonally dominant.
        let d = |i: usize| 0.5 + (i * 7 % 11) as f64 / 4.0;
        let edges = grid_edges(rows, columns, |k| 1.0 + (k % 3) as f64);
        let mut a = weights(n, &edges.iter().map(|&(i, j, w)| (i, j, -w * d(i) * d(j))).collect::<Vec<_>>());
        for &(i, j, w) in &edges {
            a.diagonal[i] += w * d(i) * d(i);
            a.diagonal[j] += w * d(j) * d(j);
        }
        let y: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let b: Vec<f64> = (0..n).map(|i| a.row_dot(i, &y)).collect();
        let problem = Problem::quadratic(a, b, 1, 0.0, &mut Control::new()).unwrap();
        for rule in &RULES[1..] {
            for preconditioner in ["multilevel", "forest", "diagonal"] {
                let o = options(&[("rule", rule), ("preconditioner", preconditioner)]);
                // Each from what nobody knows of the matrix.
                let s = super::solve(&problem.clone(), &o, None, &mut Control::new()).unwrap();
                let found = (s.outcome, s.certificate.residual <= 1e-6);
                assert_eq!(found, (Outcome::Converged, true), "{rule} {preconditioner} {n}");
            }
        }
    }
}

#[test]
fn curvature_is_looked_for_once() {
    let a = unit_diagonal(6, (0..6).flat_map(|i| (i + 1..6).map(move |j| (i, j, 0.3))));
    let b = vec![1.0, -1.0, 2.0, -2.0, 0.5, -0.4];
    let problem = Problem::quadratic(a, b, 1, 0.0, &mut Control::new()).unwrap();
    let first = solve(&problem, &[("rule", "tree-partition")]);
    let again = solve(&problem, &[("rule", "tree-partition")]);
    assert_eq!((first.outcome, again.outcome), (Outcome::Converged, Outcome::Converged));
    assert!(again.iterations < first.iterations && again.work < first.work);
    assert_eq!(again.values, first.values);
}

#[test]
fn the_trace_has_the_residual_that_elimination_leaves() {
    // Leaves that hang on a complete graph by a thread: nothing is left to do on that.
    let mut edges: Vec<Edge> = (0..4).flat_map(|i| (i + 1..4).map(move |j| (i, j, -1.0))).collect();
    edges.extend((0..4).map(|i| (i, i + 4, -1e-4)));
    edges.extend((0..8).map(|i| (i, i, if i < 4 { 4.0 } else { 1.0 })));
    let b = [[0.0; 4], [1.0; 4]].concat();
    let problem = Problem::quadratic(weights(8, &edges), b, 1, 0.0, &mut Control::new()).unwrap();
    let s = solve(&problem, &[("trace", "true"), ("tolerance", "1e-2")]);
    let (last, residual) = (s.trace.last().unwrap().residual, s.certificate.residual);
    assert!((last - 1e-4).abs() < 1e-6 && (residual - last).abs() < 1e-9, "{last} {residual}");
}

#[test]
fn nodes_with_two_neighbours_are_eliminated_exactly() {
    for seed in 0..12 {
        // A sparse random graph: trees hang on it, and paths run through it; a star of 100 is a hub.
        let n = 400;
        let mut edges = random_graph(n, 401 + 10 * seed as usize, seed);
        if seed % 3 == 0 {
            edges.extend((n..n + 100).map(|i| (7, i, 1.0 + (i % 3) as f64)));
            edges.extend((n..n + 99).step_by(3).map(|i| (i, i + 1, 0.5)));
        }
        let nodes = if seed % 3 == 0 { n + 100 } else { n };
        let problem = labelled(nodes, &edges, 90, if seed % 2 == 0 { 0.0 } else { 0.01 });
        let truth = dense_solution(&problem);
        let reduction = reduction::Reduction::new(problem.matrix(), &mut Control::new()).unwrap().unwrap();
        assert!(reduction.matrix().size() < problem.unknowns() / 2 + 10 * seed as usize);
        let size = truth.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for tolerance in ["1e-3", "1e-12", "0"] {
            let s = solve(&problem, &[("tolerance", tolerance), ("trace", "true")]);
            let c = s.certificate;
            assert!(matches!(s.outcome, Outcome::Converged | Outcome::Floor), "{seed} {:?} {c:?}", s.outcome);
            if tolerance != "1e-3" {
                assert!(far(&s.values, &truth) < 1e-9 * size, "{seed} {}", far(&s.values, &truth));
                let last = s.trace.last().unwrap();
                assert!(last.residual < 1e-6);
            }
            if tolerance == "1e-12" {
                // Objectives of the trace are those of the whole problem, column by column.
                let first = &s.trace.iter().rev().find(|r| r.iteration == 1).unwrap();
                assert!(first.objective.is_finite());
                let again = graph_start(&problem, &s.values);
                assert_eq!((again.iterations, &again.values), (0, &s.values));
            }
        }
    }
}

fn graph_start(problem: &Problem, start: &[f64]) -> Solution {
    super::solve(problem, &options(&[("tolerance", "1e-10")]), Some(start), &mut Control::new()).unwrap()
}

#[test]
fn block_rules_prove_the_bound_too() {
    let problem = labelled(400, &grid_edges(20, 20, |k| 1.0 + (k % 4) as f64), 90, 0.0);
    let truth = dense_solution(&problem);
    for rule in &RULES[1..4] {
        let s = solve(&problem, &[("rule", rule), ("tolerance", "1e-5"), ("error_bound", "true")]);
        assert_eq!((s.outcome, s.certificate.rigor), (Outcome::Converged, Rigor::Proven), "{rule}");
        let error = far(&s.values, &truth);
        assert!(error <= s.certificate.error && s.certificate.error < 1e3 * error + 1e-12, "{rule}");
    }
    // Positive entries off the diagonal: the comparison matrix gives the bound, where it is definite.
    for (off, rigor) in [(0.3, Rigor::Proven), (0.9, Rigor::None)] {
        let mut edges: Vec<Edge> = (0..30).map(|i| (i, i, 1.0 + f64::from(i == 3))).collect();
        edges.extend((1..30).map(|i| (i - 1, i, if i % 2 == 0 { 0.45 } else { -0.45 })));
        edges.extend([(0, 29, off), (10, 20, 0.02)]);
        let p = Problem::quadratic(weights(30, &edges), vec![1.0; 30], 1, 0.0, &mut Control::new()).unwrap();
        let s = solve(&p, &[("rule", "red-black"), ("error_bound", "true"), ("max_iterations", "5000")]);
        assert_eq!(s.certificate.rigor, rigor, "{off} {:?}", s.outcome);
    }
}

#[test]
fn starts_are_read_at_unknown_nodes_alone_and_far_ones_are_passed_over() {
    let problem = labelled(100, &grid_edges(10, 10, |_| 1.0), 11, 0.0);
    let mut start = vec![0.0; 200];
    start[0] = f64::NAN;
    start[111] = f64::INFINITY;
    for rule in RULES {
        let o = options(&[("rule", rule)]);
        let s = super::solve(&problem, &o, Some(&start), &mut Control::new()).unwrap();
        assert_eq!((s.outcome, s.values[0]), (Outcome::Converged, 0.0_f64.sin()), "{rule}");
        let mut far_away = start.clone();
        far_away[1] = 1e308;
        far_away[2] = -1e308;
        let s = super::solve(&problem, &o, Some(&far_away), &mut Control::new()).unwrap();
        assert_eq!(s.outcome, Outcome::Converged, "{rule}");
        assert!(far(&s.values, &dense_solution(&problem)) < 1e-4, "{rule}");
    }
    // Far starts of problems whose numbers are as large are kept.
    let edges = grid_edges(10, 10, |_| 1e300);
    let large = labelled(100, &edges, 11, 0.0);
    let o = options(&[("rule", "red-black"), ("tolerance", "1e-9")]);
    let first = super::solve(&large, &o, None, &mut Control::new()).unwrap();
    let again = super::solve(&large, &o, Some(&first.values), &mut Control::new()).unwrap();
    assert_eq!((again.outcome, again.iterations), (Outcome::Converged, 0));
    start[1] = f64::NAN;
    let error = super::solve(&problem, &options(&[]), Some(&start), &mut Control::new()).unwrap_err();
    assert!(error.to_string().contains("entry 1, column 0"), "{error}");
}

#[test]
fn making_a_problem_stops_when_told() {
    let n = 300_000;
    let path: Vec<Edge> = (1..n).map(|i| (i - 1, i, 1.0)).collect();
    let ends = Labels { nodes: &[0, n - 1], values: &[0.0, 1.0], columns: 1 };
    let make = |control: &mut Control<'_>| {
        control.begin(f64::INFINITY, u64::MAX);
        let a = SymmetricMatrix::from_edges(n, path.iter().copied(), false, "a", control)?;
        Problem::labels(&a, ends, 0.0, Unreached::Error, control)
    };
    let mut quiet = Control::new();
    assert!(make(&mut quiet).is_ok());
    assert!(quiet.polls() >= 5 && quiet.longest_stretch() < 1 << 22, "{}", quiet.polls());
    for poll in 1..=quiet.polls() {
        let error = make(&mut Control::new().with_trip_at_poll(poll)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stopped, "{poll}");
    }
}

#[test]
fn nothing_to_do_is_done_at_once() {
    let empty = weights(0, &[]);
    let none = Labels { nodes: &[], values: &[], columns: 3 };
    let p = Problem::labels(&empty, none, 0.0, Unreached::Error, &mut Control::new()).unwrap();
    for rule in RULES {
        let s = solve(&p, &[("rule", rule)]);
        assert_eq!((s.outcome, s.values.len(), s.iterations), (Outcome::Converged, 0, 0));
    }
    let all = Labels { nodes: &[0, 1], values: &[1.0, 2.0], columns: 1 };
    let p = Problem::labels(&weights(2, &[(0, 1, 1.0)]), all, 0.0, Unreached::Error, &mut Control::new())
        .unwrap();
    assert_eq!(solve(&p, &[]).values, [1.0, 2.0]);
    let zero = labelled(100, &grid_edges(10, 10, |_| 1.0), 10, 0.0);
    let p =
        Problem::quadratic(zero.matrix().clone(), vec![0.0; zero.unknowns()], 1, 0.0, &mut Control::new())
            .unwrap();
    for rule in RULES {
        let s = solve(&p, &[("rule", rule), ("tolerance", "0")]);
        assert_eq!((s.outcome, s.iterations), (Outcome::Converged, 0), "{rule}");
    }
}

#[test]
fn loops_and_repeats() {
    let edges = [(0, 0, 7.0), (0, 1, 1.0), (1, 0, 2.0), (1, 2, 3.0)];
    assert!(
        SymmetricMatrix::from_edges(3, edges.iter().copied(), false, "a", &mut Control::new())
            .unwrap_err()
            .to_string()
            .contains("repeat")
    );
    let a = SymmetricMatrix::from_edges(3, edges.iter().copied(), true, "a", &mut Control::new()).unwrap();
    assert_eq!(a.row(1).collect::<Vec<_>>(), [(0, 3.0), (2, 3.0)]);
    let labels = Labels { nodes: &[0, 2], values: &[0.0, 1.0], columns: 1 };
    let p = Problem::labels(&a, labels, 0.0, Unreached::Error, &mut Control::new()).unwrap();
    assert!((solve(&p, &[("tolerance", "1e-14")]).values[1] - 0.5).abs() < 1e-14);
    assert!(
        SymmetricMatrix::from_edges(3, [(0, 3, 1.0)].into_iter(), false, "a", &mut Control::new()).is_err()
    );
    assert!(
        SymmetricMatrix::from_edges(3, [(0, 1, f64::NAN)].into_iter(), false, "a", &mut Control::new())
            .is_err()
    );
}

#[test]
fn threads_and_repetition_do_not_change_a_bit() {
    let problem = labelled(40_000, &grid_edges(200, 200, |k| 1.0 + (k % 3) as f64), 401, 0.0);
    for rule in ["auto", "greedy-tree"] {
        let run = |threads: &str| {
            let s = solve(&problem, &[("rule", rule), ("threads", threads), ("max_iterations", "20")]);
            s.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        };
        let one = run("1");
        assert!(run("1") == one && run("2") == one && run("3") == one && run("8") == one, "{rule}");
    }
}

#[test]
fn runs_stop_when_told_and_leave_an_answer() {
    let problem = labelled(10_000, &grid_edges(100, 100, |_| 1.0), 101, 0.0);
    for rule in RULES {
        let o = options(&[("rule", rule), ("tolerance", "1e-13")]);
        for poll in [1, 2, 3, 5, 9, 14, 20] {
            let mut control = Control::new().with_trip_at_poll(poll);
            let s = super::solve(&problem, &o, None, &mut control).unwrap();
            assert!(
                matches!(s.outcome, Outcome::Cancelled | Outcome::Converged),
                "{rule} {poll}: {:?}",
                s.outcome
            );
            assert!(s.values.iter().all(|v| v.is_finite()) && s.certificate.residual <= 1.1);
        }
        let mut control = Control::new();
        let s = super::solve(&problem, &options(&[("rule", rule), ("max_seconds", "0")]), None, &mut control)
            .unwrap();
        assert_eq!(s.outcome, Outcome::TimeLimit);
        let s = solve(&problem, &[("rule", rule), ("max_iterations", "1")]);
        assert_eq!(s.outcome, Outcome::IterationLimit);
        let s = solve(&problem, &[("rule", rule), ("max_work", "1e6")]);
        assert_eq!(s.outcome, Outcome::WorkLimit);
    }
}

#[test]
fn a_start_near_the_answer_saves_work() {
    let problem = labelled(900, &grid_edges(30, 30, |_| 1.0), 60, 0.0);
    let o = options(&[("tolerance", "1e-8")]);
    let first = super::solve(&problem, &o, None, &mut Control::new()).unwrap();
    let again = super::solve(&problem, &o, Some(&first.values), &mut Control::new()).unwrap();
    assert_eq!((again.iterations, &again.values), (0, &first.values));
    assert!(super::solve(&problem, &o, Some(&first.values[1..]), &mut Control::new()).is_err());
    // Beyond what rounding allows the run ends by itself.
    for rule in ["auto", "tree-partition", "greedy-tree"] {
        let s = solve(&problem, &[("tolerance", "0"), ("rule", rule)]);
        assert!(s.certificate.residual < 1e-13, "{rule} {:?} {:?}", s.outcome, s.certificate);
    }
}

#[test]
fn the_bound_on_the_error_covers_the_rounding_of_the_residual() {
    // The solution is 1/3 and 2/3; at their nearest numbers the computed residual is 0.
    let edges = [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)];
    let labels = Labels { nodes: &[0, 3], values: &[0.0, 1.0], columns: 1 };
    let problem =
        Problem::labels(&weights(4, &edges), labels, 0.0, Unreached::Error, &mut Control::new()).unwrap();
    let x = [1.0 / 3.0, 2.0 / 3.0];
    let found = certificate(&problem, &[0.0, x[0], x[1], 1.0], Some(&[1.0, 1.0])).unwrap();
    assert_eq!((found.residual, found.rigor), (0.0, Rigor::Proven));
    // 3 x is 1 - 2^(-54).
    let error = 2.0_f64.powi(-54) / 3.0;
    assert!(found.error >= 2.0 * error && found.error < 1e-14, "{:e}", found.error);
    assert!(found.gap >= error * error && found.gap < 1e-28, "{:e}", found.gap);
}

#[test]
fn a_dense_graph_is_cut_into_forests_with_polls_in_between() {
    let n = 600;
    let edges: Vec<Edge> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j, 1.0))).collect();
    let problem = labelled(n, &edges, n, 0.0);
    for rule in ["auto", "tree-partition"] {
        let mut control = Control::new().with_trip_at_poll(25);
        let s = super::solve(&problem, &options(&[("rule", rule)]), None, &mut control).unwrap();
        // Hundreds of forests of two nodes: the run is stopped while it makes them.
        assert_eq!((s.outcome, s.iterations), (Outcome::Cancelled, 0), "{rule}");
        assert!(control.longest_stretch() < 1 << 23, "{rule} {}", control.longest_stretch());
    }
}

#[test]
fn a_start_whose_products_overflow_is_no_answer() {
    for (diagonal, off) in [(3e200, -1e200), (2e200, -1e200)] {
        let mut a = weights(3, &[(0, 1, off), (1, 2, off)]);
        a.diagonal.fill(diagonal);
        let problem = Problem::quadratic(a, vec![1e200; 3], 1, 0.0, &mut Control::new()).unwrap();
        // A x is infinity minus infinity, and no number is left to compare.
        let far = certificate(&problem, &[1e150; 3], None).unwrap();
        assert!(far.residual.is_nan() && far.rigor == Rigor::None && far.error.is_nan());
        for rule in RULES {
            let o = options(&[("rule", rule)]);
            let s = super::solve(&problem, &o, Some(&[1e150; 3]), &mut Control::new()).unwrap();
            // It is passed over for 0.
            assert_eq!(s.outcome, Outcome::Converged, "{rule}");
            let again = super::solve(&problem, &o, Some(&s.values), &mut Control::new()).unwrap();
            assert_eq!(again.outcome, Outcome::Converged, "{rule}");
        }
    }
}

#[test]
fn more_values_than_memory_are_refused() {
    let labels = Labels { nodes: &[], values: &[], columns: 1 << 40 };
    let error = Problem::labels(&weights(1 << 16, &[]), labels, 1.0, Unreached::Error, &mut Control::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Memory);
}

/// A random definite matrix in which places with `k` variables each are joined as in `edges`.
fn coupled(places: usize, k: usize, edges: &[Edge], seed: u64) -> SymmetricMatrix {
    let mut stream = Stream::new(seed, Purpose::Partition, 4);
    let mut entries: Vec<Edge> = Vec::new();
    for place in 0..places {
        for r in 0..k {
            (0..r).for_each(|c| entries.push((place * k + r, place * k + c, stream.uniform() - 0.5)));
        }
    }
    for (p, q, w) in edges {
        for r in 0..k {
            (0..k).for_each(|c| entries.push((p * k + r, q * k + c, w * (stream.uniform() - 0.5))));
        }
    }
    let mut a = weights(places * k, &entries);
    for i in 0..places * k {
        // Diagonally dominant.
        a.diagonal[i] = 0.1 + a.row(i).map(|(_, v)| v.abs()).sum::<f64>();
    }
    a
}

fn quadratic(a: SymmetricMatrix, columns: usize) -> Problem {
    let b: Vec<f64> = (0..a.size() * columns).map(|i| (i as f64).sin()).collect();
    Problem::quadratic(a, b, columns, 0.0, &mut Control::new()).unwrap()
}

#[test]
fn super_nodes_on_a_forest_are_solved_in_one_block() {
    for k in [2, 3, 7] {
        for seed in 0..5 {
            // Two trees and a place of its own; without super-nodes every place is a cycle.
            let places = 40;
            let tree: Vec<Edge> = random_graph(places, places - 1, seed);
            let edges: Vec<Edge> =
                tree.into_iter().filter(|(i, j, _)| *j < 39 && (*i < 20) == (*j < 20)).collect();
            let problem = quadratic(coupled(places, k, &edges, seed), 2);
            let truth = dense_solution(&problem);
            let size = k.to_string();
            for rule in ["tree-partition", "greedy-tree", "random-tree"] {
                let pairs = [
                    ("rule", rule),
                    ("node_size", &size[..]),
                    ("tolerance", "1e-13"),
                    ("max_iterations", "1"),
                ];
                let s = solve(&problem, &pairs);
                assert_eq!(
                    (s.outcome, s.iterations),
                    (Outcome::Converged, 1),
                    "{rule} {k} {:?}",
                    s.certificate
                );
                assert!(far(&s.values, &truth) < 1e-11, "{rule} {k}: {:e}", far(&s.values, &truth));
            }
            let plain = solve(&problem, &[("rule", "tree-partition"), ("max_iterations", "1")]);
            assert_eq!(plain.outcome, Outcome::IterationLimit);
        }
    }
}

#[test]
fn super_nodes_on_graphs_with_cycles_find_the_dense_solution() {
    for (k, edges) in [(2, grid_edges(6, 8, |_| 1.0)), (4, random_graph(48, 90, 2))] {
        let mut problem = quadratic(coupled(48, k, &edges, 11), 3);
        let truth = dense_solution(&problem);
        let size = k.to_string();
        let block_of: Vec<usize> = (0..48 * k).map(|i| usize::from(i / k % 3 == 0)).collect();
        problem.set_partition(&block_of).unwrap();
        for rule in ["red-black", "tree-partition", "greedy-tree", "random-tree", "partition"] {
            for score in ["gradient", "lipschitz"] {
                let pairs =
                    [("rule", rule), ("node_size", &size[..]), ("tolerance", "1e-11"), ("score", score)];
                let s = solve(&problem, &pairs);
                assert_eq!(s.outcome, Outcome::Converged, "{rule} {k} {:?}", s.certificate);
                assert!(far(&s.values, &truth) < 1e-9, "{rule} {k}");
            }
        }
        // Larger blocks take fewer of them.
        let blocks = |size: &str| {
            solve(&problem, &[("rule", "tree-partition"), ("node_size", size), ("tolerance", "1e-8")])
                .iterations
        };
        assert!(blocks(&size) < blocks("1"), "{} {}", blocks(&size), blocks("1"));
        let refused = |pairs: &[(&str, &str)]| {
            super::solve(&problem, &options(pairs), None, &mut Control::new()).unwrap_err().to_string()
        };
        assert!(refused(&[("node_size", "2")]).contains("node_size"));
        assert!(refused(&[("node_size", "5"), ("rule", "red-black")]).contains("divisor of the"));
        let halves: Vec<usize> = (0..48 * k).map(|i| i % 2).collect();
        problem.set_partition(&halves).unwrap();
        let error = super::solve(
            &problem,
            &options(&[("node_size", "2"), ("rule", "partition")]),
            None,
            &mut Control::new(),
        );
        assert!(error.unwrap_err().to_string().contains("every 2 consecutive nodes"));
    }
    let labels = labelled(60, &random_graph(60, 90, 1), 4, 0.0);
    let error = super::solve(
        &labels,
        &options(&[("node_size", "3"), ("rule", "greedy-tree")]),
        None,
        &mut Control::new(),
    );
    assert!(error.unwrap_err().to_string().contains("labels"));
    // One that is not definite is no answer.
    let mut a = coupled(6, 2, &[(0, 1, 1.0), (1, 2, 1.0)], 3);
    a.diagonal[4] = 1e-3;
    let problem = quadratic(a, 1);
    let found = super::solve(
        &problem,
        &options(&[("node_size", "2"), ("rule", "tree-partition")]),
        None,
        &mut Control::new(),
    );
    assert!(found.is_err() || found.is_ok_and(|s| s.outcome == Outcome::Unbounded));
}
