//! The kernels of a row's regression, and half-steps. An element is an observation (half-steps) or a floating-point operation
//! (kernels), so `Gelem/s` reads as Gflop/s there.
//!
//! `cargo bench --bench altmin`; `-- gram` runs those whose name has it.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use southwell::altmin::Precision;
use southwell::altmin::alternation::{Alternation, Factors, Manner, Side};
use southwell::altmin::half_step::{Damping, Solver};
use southwell::altmin::observations::{Entries, Observations, Repeats};
use southwell::altmin::regression::Accuracy;
use southwell::numerics::tall::Tall;
use southwell::numerics::tile::{self, Picked};
use southwell::runtime::Control;
use southwell::runtime::parallel::with_team;
use std::hint::black_box;
use std::time::Duration;

/// Numbers in [-1, 1), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    fn factor<T: Precision>(&mut self, rows: usize, cols: usize) -> Tall<T> {
        let mut factor = Tall::zeros(rows, cols).unwrap();
        (0..rows).for_each(|i| factor.row_mut(i).iter_mut().for_each(|v| *v = T::narrow(self.next())));
        factor
    }
}

/// `d` rows out of 20000, as a regression reads them.
fn kernels<T: Precision>(c: &mut Criterion, precision: &str) {
    let mut group = c.benchmark_group(format!("kernel_{precision}"));
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    for (k, d) in [(20, 400), (64, 400), (256, 1000)] {
        let factor = Numbers(1).factor::<T>(20_000, k);
        let stride = factor.stride();
        let index: Vec<u32> = (0..d).map(|e| e * (20_000 / d)).collect();
        let rows = Picked { data: factor.data(), stride, index: &index };
        let d = d as usize;
        let size = format!("{k}x{d}");
        let mut panels = vec![T::default(); d * stride];
        let mut gram = vec![T::default(); stride * stride];
        group.throughput(Throughput::Elements((d * k * (k + 1)) as u64));
        group.bench_function(BenchmarkId::new("gather_and_gram", &size), |b| {
            b.iter(|| {
                tile::gather_panels(black_box(rows), None, &mut panels);
                tile::add_gram(&panels, d, k, black_box(&mut gram), stride);
            });
        });
        let (x, target) = (vec![T::narrow(0.1); stride], vec![T::narrow(1.0); d]);
        let mut out = vec![T::default(); stride];
        group.throughput(Throughput::Elements((4 * d * k) as u64));
        group.bench_function(BenchmarkId::new("pass", &size), |b| {
            b.iter(|| tile::add_slope(black_box(rows), None, Some(&target), &x, black_box(&mut out)));
        });
        let mut definite = vec![T::default(); stride * stride];
        for l in 0..k {
            definite[l * stride..(l + 1) * stride].fill(T::narrow(0.5));
            definite[l * stride + l] = T::narrow(k as f64);
        }
        let mut room = Vec::new();
        group.throughput(Throughput::Elements((k * k * k / 3) as u64));
        group.bench_function(BenchmarkId::new("cholesky", &size), |b| {
            b.iter(|| {
                gram.copy_from_slice(&definite);
                tile::cholesky(black_box(&mut gram), k, stride, T::default(), &mut room)
            });
        });
    }
    group.finish();
}

/// Both half-steps on 500000 observations, and what comes before them.
fn half_steps<T: Precision>(c: &mut Criterion, precision: &str) {
    let (rows, cols, per_row) = (5000_usize, 2000_usize, 100_usize);
    let mut numbers = Numbers(2);
    let step = cols / per_row;
    let row: Vec<i64> = (0..rows * per_row).map(|e| (e / per_row) as i64).collect();
    let col: Vec<i64> = (0..rows * per_row)
        .map(|e| (e % per_row * step) as i64 + ((numbers.next() + 1.0) / 2.0 * step as f64) as i64)
        .collect();
    let value: Vec<f64> = row.iter().map(|_| numbers.next()).collect();
    let entries = Entries { rows, cols, row: &row, col: &col, value: &value, weight: None };
    let mut group = c.benchmark_group(format!("half_steps_{precision}"));
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(value.len() as u64));
    for threads in [1, 2] {
        with_team(threads, |team| {
            let control = &mut Control::new();
            group.bench_function(BenchmarkId::new("observations", threads), |b| {
                b.iter(|| Observations::<T>::with_team(entries, Repeats::Error, team, control).unwrap());
            });
            let observations = Observations::<T>::with_team(entries, Repeats::Error, team, control).unwrap();
            let alternation = Alternation { observations: &observations, prior: None, team };
            for k in [20, 64] {
                let mut factors = Factors { u: numbers.factor::<T>(rows, k), v: numbers.factor(cols, k) };
                for (name, solver) in [("auto", Solver::Auto), ("direct", Solver::Direct)] {
                    let manner = Manner {
                        orthonormal: true,
                        damping: Damping { ridge: 0.01, ..Damping::default() },
                        accuracy: Accuracy { reduction: 0.1, gradient: 0.0, max_steps: 100 },
                        solver,
                    };
                    group.bench_function(BenchmarkId::new(format!("{name}_{k}"), threads), |b| {
                        b.iter(|| {
                            for side in [Side::Columns, Side::Rows] {
                                alternation.half_step(&mut factors, side, manner, control).unwrap();
                            }
                        });
                    });
                }
            }
        })
        .unwrap();
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    kernels::<f32>(c, "f32");
    kernels::<f64>(c, "f64");
    half_steps::<f32>(c, "f32");
    half_steps::<f64>(c, "f64");
}

criterion_group!(benches, all);
criterion_main!(benches);
