//! Solves from scratch, on one thread: setup, loop and certificate, to the default tolerance unless a group says otherwise.
//!
//! `cargo bench --bench bcd`; `-- lasso` runs those whose name has it.

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use southwell::bcd::{Problem, solve};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::{Control, Family, Options, Outcome};
use std::hint::black_box;
use std::time::Duration;

/// Numbers in [-1, 1), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    /// Near normal: the sum of four.
    fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.next()).sum()
    }

    /// Columns that are correlated with their neighbours.
    fn dense(&mut self, rows: usize, cols: usize) -> Matrix<'static> {
        let mut data: Vec<f64> = (0..rows * cols).map(|_| self.bell()).collect();
        for k in rows..rows * cols {
            data[k] = 0.5 * data[k - rows] + 0.866 * data[k];
        }
        Matrix::dense(DenseView { data: &data[..], rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
    }

    /// About `density rows` entries in each column.
    fn sparse(&mut self, rows: usize, cols: usize, density: f64) -> Matrix<'static> {
        let (mut indptr, mut indices, mut values) = (vec![0_i64], Vec::new(), Vec::new());
        for _ in 0..cols {
            for r in 0..rows {
                if self.next() < 2.0 * density - 1.0 {
                    indices.push(r as i32);
                    values.push(self.bell());
                }
            }
            indptr.push(values.len() as i64);
        }
        let view = SparseView {
            rows,
            cols,
            indptr: &indptr[..],
            indices: &indices[..],
            values: &values[..],
            layout: Layout::Csc,
        };
        Matrix::sparse(view, Duplicates::Error).unwrap()
    }

    /// A target that 20 columns explain but for noise; its sign where `labels`.
    fn problem(&mut self, matrix: Matrix<'static>, labels: bool) -> Problem<'static> {
        let mut z: Vec<f64> = (0..matrix.rows()).map(|_| self.bell()).collect();
        let stride = (matrix.cols() / 20).max(1);
        (0..matrix.cols()).step_by(stride).for_each(|j| matrix.add(j, self.bell(), &mut z));
        if labels {
            z.iter_mut().for_each(|z| *z = if *z > 0.0 { 1.0 } else { -1.0 });
        }
        Problem::new(matrix, &z).unwrap()
    }
}

fn options(pairs: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bcd);
    pairs.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

/// Times a solve and sees to it that it is one.
fn measure(c: &mut Criterion, group: &str, name: &str, problem: &Problem<'_>, options: &Options) {
    let mut group = c.benchmark_group(group);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function(BenchmarkId::from_parameter(name), |b| {
        b.iter(|| {
            let found = solve(black_box(problem), options, None, &mut Control::new()).unwrap();
            assert_eq!(found.outcome, Outcome::Converged, "{name}");
            found
        });
    });
    group.finish();
}

/// What users solve, with the default rule.
fn solves(c: &mut Criterion) {
    let mut numbers = Numbers(1);
    let dense = numbers.dense(500, 2_000);
    let sparse = numbers.sparse(4_000, 10_000, 0.005);
    let tall = numbers.dense(4_000, 100);
    let lasso = numbers.problem(dense.clone(), false);
    let logistic = numbers.problem(dense, true);
    let sparse_lasso = numbers.problem(sparse.clone(), false);
    let sparse_logistic = numbers.problem(sparse, true);
    let ridge = numbers.problem(tall, true);
    for ratio in ["0.1", "0.03"] {
        let least_squares = options(&[("lambda_ratio", ratio)]);
        let classes = options(&[("loss", "logistic"), ("lambda_ratio", ratio)]);
        let groups = options(&[("penalty", "group"), ("group_size", "5"), ("lambda_ratio", ratio)]);
        measure(c, "lasso_dense_500x2000", ratio, &lasso, &least_squares);
        measure(c, "lasso_sparse_4000x10000", ratio, &sparse_lasso, &least_squares);
        measure(c, "logistic_lasso_dense_500x2000", ratio, &logistic, &classes);
        measure(c, "logistic_lasso_sparse_4000x10000", ratio, &sparse_logistic, &classes);
        measure(c, "group_lasso_dense_500x2000", ratio, &lasso, &groups);
    }
    let weak = options(&[("loss", "logistic"), ("penalty", "ridge"), ("lambda", "1")]);
    measure(c, "ridge_logistic_dense_4000x100", "1", &ridge, &weak);
}

/// The rules of the paper on one lasso, with blocks of 5 and Newton updates.
fn rules(c: &mut Criterion) {
    let mut numbers = Numbers(2);
    let matrix = numbers.dense(300, 400);
    let problem = numbers.problem(matrix, false);
    for rule in ["auto", "cyclic", "permuted", "random", "lipschitz", "gs", "gsl", "gsd", "gsq", "gsc"] {
        let chosen = options(&[("rule", rule), ("block_size", "5"), ("lambda_ratio", "0.1")]);
        measure(c, "rule_lasso_dense_300x400", rule, &problem, &chosen);
    }
}

/// Greedy rules with gradients computed afresh for each block, and followed from block to block. To a tolerance of 1e-4:
/// what differs is the cost of a block, not the number of blocks.
fn greedy_gradients(c: &mut Criterion) {
    let mut numbers = Numbers(3);
    let dense = numbers.dense(400, 800);
    let sparse = numbers.sparse(6_000, 4_000, 0.001);
    let problem = numbers.problem(dense, false);
    let classes = numbers.problem(sparse.clone(), true);
    let squares = numbers.problem(sparse, false);
    let cases = [
        ("greedy_lasso_dense_400x800", &problem, "squared", &["recompute", "gram", "auto"][..]),
        ("greedy_lasso_sparse_6000x4000", &squares, "squared", &["recompute", "rows", "gram", "auto"]),
        ("greedy_logistic_sparse_6000x4000", &classes, "logistic", &["recompute", "rows", "auto"]),
    ];
    for (group, problem, loss, ways) in cases {
        for way in ways {
            let chosen = options(&[
                ("loss", loss),
                ("rule", "gsd"),
                ("update", "exact"),
                ("lambda_ratio", "0.3"),
                ("tolerance", "1e-4"),
                ("greedy_gradient", way),
            ]);
            measure(c, group, way, problem, &chosen);
        }
    }
}

/// The ways to the quadratic rule, with blocks of 20 and steps to the minimum of the bound.
fn quadratic_rule(c: &mut Criterion) {
    let mut numbers = Numbers(4);
    let matrix = numbers.dense(300, 1_000);
    let problem = numbers.problem(matrix, false);
    for way in ["schur", "pool", "pursuit", "iht"] {
        let chosen = options(&[
            ("rule", "gsq"),
            ("update", "matrix"),
            ("block_size", "20"),
            ("lambda_ratio", "0.1"),
            ("gsq_search", way),
        ]);
        measure(c, "gsq_lasso_dense_300x1000", way, &problem, &chosen);
    }
}

criterion_group!(benches, solves, rules, greedy_gradients, quadratic_rule);
criterion_main!(benches);
