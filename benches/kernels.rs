//! The inner loops. An element is a floating-point operation, so `Gelem/s` reads as Gflop/s.
//!
//! `cargo bench --bench kernels`; `-- dot` runs those whose name has it.

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main, measurement,
};
use southwell::numerics::cholesky::Cholesky;
use southwell::numerics::gram::{Square, gram};
use southwell::numerics::kernels::{add, dot, squares};
use southwell::numerics::{Columns, DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::Control;
use southwell::runtime::parallel::with_team;
use std::hint::black_box;
use std::time::Duration;

type Group<'c> = BenchmarkGroup<'c, measurement::WallTime>;

/// Numbers in [-1, 1), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    fn vector(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    fn dense(&mut self, rows: usize, cols: usize) -> Matrix<'static> {
        let data = self.vector(rows * cols);
        Matrix::dense(DenseView { data: &data[..], rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
    }

    /// A column of `entries` stored numbers, evenly spread over the rows up to a jitter.
    fn sparse_column(&mut self, rows: usize, entries: usize) -> Matrix<'static> {
        let step = rows / entries;
        let jitter = |v: f64| ((v + 1.0) * 0.5 * step as f64) as usize;
        let indices: Vec<i32> = (0..entries).map(|k| (k * step + jitter(self.next())) as i32).collect();
        let (indptr, values) = ([0, entries as i64], self.vector(entries));
        let view = SparseView {
            rows,
            cols: 1,
            indptr: &indptr[..],
            indices: &indices[..],
            values: &values[..],
            layout: Layout::Csc,
        };
        Matrix::sparse(view, Duplicates::Error).unwrap()
    }
}

fn short(group: &mut Group<'_>) {
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
}

/// Vectors that fit the first cache, the second, and none.
fn columns(c: &mut Criterion) {
    let mut group = c.benchmark_group("column");
    short(&mut group);
    for n in [1_000, 30_000, 4_000_000_usize] {
        let mut numbers = Numbers(1);
        let (a, mut v) = (numbers.vector(n), numbers.vector(n));
        let w: Vec<f64> = numbers.vector(n).iter().map(|w| w.abs()).collect();
        let narrow: Vec<f32> = a.iter().map(|a| *a as f32).collect();
        group.throughput(Throughput::Elements(2 * n as u64));
        group.bench_function(BenchmarkId::new("dot", n), |b| b.iter(|| dot(black_box(&a), black_box(&v))));
        group.bench_function(BenchmarkId::new("dot_f32", n), |b| {
            b.iter(|| dot(black_box(&narrow), black_box(&v)));
        });
        group.bench_function(BenchmarkId::new("add", n), |b| {
            b.iter(|| add(black_box(1e-9), black_box(&a), black_box(&mut v)));
        });
        group.throughput(Throughput::Elements(3 * n as u64));
        group.bench_function(BenchmarkId::new("squares", n), |b| {
            b.iter(|| squares(1.0, black_box(&a), black_box(&w)));
        });
    }
    for (rows, entries) in [(10_000, 100), (1_000_000, 10_000)] {
        let mut numbers = Numbers(2);
        let (matrix, v) = (numbers.sparse_column(rows, entries), numbers.vector(rows));
        group.throughput(Throughput::Elements(2 * entries as u64));
        group.bench_function(BenchmarkId::new("sparse_dot", entries), |b| {
            b.iter(|| black_box(&matrix).dot(0, black_box(&v)));
        });
    }
    group.finish();
}

/// Operations over many columns, on one thread and on two.
fn matrices(c: &mut Criterion) {
    let mut group = c.benchmark_group("matrix");
    short(&mut group);
    let (rows, cols) = (2_000, 1_000);
    let mut numbers = Numbers(3);
    let (matrix, v) = (numbers.dense(rows, cols), numbers.vector(rows));
    let columns = Columns::new(&matrix, vec![1.0; cols]);
    let every: Vec<usize> = (0..cols).collect();
    let weights = vec![1.0; rows];
    for threads in [1, 2] {
        with_team(threads, |team| {
            let mut out = vec![0.0; cols];
            group.throughput(Throughput::Elements(2 * (rows * cols) as u64));
            group.bench_function(BenchmarkId::new("correlations", threads), |b| {
                let control = &mut Control::new();
                b.iter(|| columns.correlations(&every, black_box(&v), black_box(&mut out), team, control));
            });
            let list = &every[..256];
            group.throughput(Throughput::Elements((rows * 256 * 257) as u64));
            group.bench_function(BenchmarkId::new("gram", threads), |b| {
                let control = &mut Control::new();
                b.iter(|| gram(&columns, list, black_box(&weights), team, control));
            });
        })
        .unwrap();
    }
    for n in [64, 256, 512_usize] {
        let mut h = Square::zeros(n);
        for j in 0..n {
            let mut column = numbers.vector(n);
            column[j] = 2.0 * n as f64;
            h.column_mut(j).copy_from_slice(&column);
        }
        group.throughput(Throughput::Elements((n * n * n) as u64 / 3));
        group.bench_function(BenchmarkId::new("cholesky", n), |b| {
            let control = &mut Control::new();
            b.iter(|| Cholesky::new(black_box(&h), control));
        });
    }
    group.finish();
}

criterion_group!(benches, columns, matrices);
criterion_main!(benches);
