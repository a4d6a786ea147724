//! Products of the lower levels (an element is a pixel, or a stored entry of the features), and whole solves.
//!
//! `cargo bench --bench bilevel`; `-- product` runs those whose name has it.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use southwell::bilevel::problems::{
    Boundary, Coupling, Data, Experts, FieldOfExperts, Grid, Image, Sharing, Split, Task, TotalVariation,
    logistic,
};
use southwell::bilevel::{Problem, solve};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::{Control, Family, Options};
use std::hint::black_box;
use std::time::Duration;

/// Numbers in [-1, 1), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    fn many(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// A checkerboard of large squares with noise.
fn image(side: usize) -> Image {
    let mut numbers = Numbers(1);
    let truth: Vec<f64> = (0..side * side)
        .map(|k| if (k / side / 12 + k % side / 12).is_multiple_of(2) { 0.3 } else { 0.7 })
        .collect();
    let noisy = truth.iter().map(|t| t + 0.15 * numbers.next()).collect();
    Image { grid: Grid { height: side, width: side }, noisy, truth: Some(truth) }
}

/// Labels that a tenth of the features decide.
fn rows(rows: usize, cols: usize, seed: u64) -> Data {
    let mut numbers = Numbers(seed);
    let x = numbers.many(rows * cols);
    let score = |r: usize| (0..cols / 10).map(|j| x[j * rows + r]).sum::<f64>();
    let y = (0..rows).map(|r| if score(r) + numbers.next() > 0.0 { 1.0 } else { -1.0 }).collect();
    let view = DenseView { data: &x[..], rows, cols, ld: rows, order: Order::ColumnMajor };
    Data { x: Matrix::dense(view).unwrap(), y }
}

fn tuning() -> impl Problem {
    let task = Task { training: rows(600, 200, 2), validation: rows(400, 200, 3) };
    logistic(Split::HoldOut(task), &Sharing::PerFeature, false).unwrap()
}

fn experts(side: usize) -> (FieldOfExperts, Vec<f64>) {
    let form =
        Experts { count: 8, side: 5, boundary: Boundary::Symmetric, zero_mean: true, has_factor: true };
    let mut theta = vec![-3.0; 17];
    theta.extend(Numbers(4).many(8 * 25).iter().map(|c| 0.3 * c));
    (FieldOfExperts::new(vec![image(side)], form).unwrap(), theta)
}

/// A gradient, a Hessian product and a mixed product.
fn products(c: &mut Criterion, name: &str, problem: &dyn Problem, theta: &[f64], elements: usize) {
    let mut group = c.benchmark_group(format!("product_{name}"));
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .throughput(Throughput::Elements(elements as u64));
    let n = problem.variables(0);
    let (x, v) = (Numbers(5).many(n), Numbers(6).many(n));
    let (mut out, mut short) = (vec![0.0; n], vec![0.0; theta.len()]);
    group.bench_function("gradient", |b| {
        b.iter(|| problem.lower(0, black_box(&x), theta, &mut out).unwrap());
    });
    let second = problem.second_order(0, &x, theta).unwrap();
    group.bench_function("hessian", |b| b.iter(|| second.hessian(black_box(&v), &mut out).unwrap()));
    group.bench_function("mixed_transposed", |b| {
        b.iter(|| second.mixed_transposed(black_box(&v), &mut short).unwrap());
    });
    group.finish();
}

/// Whole solves to a tolerance of 1e-4.
fn solves(c: &mut Criterion) {
    let mut group = c.benchmark_group("solve");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(4));
    let variation = TotalVariation::denoising(vec![image(48); 2], Coupling::Isotropic, false).unwrap();
    let features = tuning();
    let cases: [(&str, &dyn Problem, Vec<f64>); 2] =
        [("tv", &variation, vec![-3.0; 2]), ("logistic_per_feature", &features, vec![-5.0; 200])];
    for (name, problem, start) in cases {
        for method in ["maid", "paper"] {
            let mut options = Options::new(Family::Bilevel);
            options.set_text("method", method).unwrap();
            options.set_real("tolerance", 1e-4).unwrap();
            // As published it may take long.
            options.set_real("max_products", 5e3).unwrap();
            group.bench_function(BenchmarkId::new(name, method), |b| {
                b.iter(|| solve(problem, black_box(&start), &options, None, &mut Control::new()).unwrap());
            });
        }
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    let variation = TotalVariation::denoising(vec![image(256)], Coupling::Isotropic, false).unwrap();
    products(c, "tv", &variation, &[-3.0, -5.0], 256 * 256);
    let (field, theta) = experts(128);
    products(c, "foe", &field, &theta, 128 * 128);
    products(c, "logistic", &tuning(), &[-5.0; 200], 600 * 200);
    solves(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
