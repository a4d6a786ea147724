//! Rounds per second of a stream at 25 features with three groups awake, beside the bare arithmetic of as many rank-one
//! changes. An element is a round. The last lines give rounds per second and the ratios to the bare kernels, timed by
//! turns.
//!
//! `cargo bench --bench groupwise`; `-- none` prints the last lines alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use southwell::groupwise::{Groups, Rounds, Stream};
use southwell::runtime::{Control, Family, Options};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 4096;
/// Runs of each kind for the ratios.
const TURNS: usize = 60;
/// Shapes and colours, as in the synthetic rounds of the paper.
const GROUPS: [u64; 2] = [3, 2];

/// Numbers in [0, 1), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Rounds of `d` features whose labels are a mean of them, each with two groups awake beside the one that is always on.
struct Drawn {
    x: Vec<f64>,
    y: Vec<f64>,
    start: Vec<usize>,
    groups: Vec<u64>,
}

impl Drawn {
    fn new(d: usize) -> Self {
        let mut numbers = Numbers(7);
        let x: Vec<f64> = (0..ROUNDS * d).map(|_| numbers.next()).collect();
        let y = x.chunks_exact(d).map(|row| row.iter().sum::<f64>() / d as f64).collect();
        let group = |t: usize| [(t as u64) % GROUPS[0], GROUPS[0] + (t as u64 / 7) % GROUPS[1]];
        Self {
            x,
            y,
            start: (0..=ROUNDS).map(|t| 2 * t).collect(),
            groups: (0..ROUNDS).flat_map(group).collect(),
        }
    }

    fn rounds(&self) -> Rounds<'_> {
        Rounds { x: &self.x, y: &self.y, weight: None, start: &self.start, groups: &self.groups }
    }
}

fn rounds(c: &mut Criterion) {
    let mut group = c.benchmark_group("rounds");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(ROUNDS as u64));
    for d in [5, 25, 100] {
        let drawn = Drawn::new(d);
        for learner in ["ridge", "ridge-fast"] {
            let mut stream = stream(d, learner);
            let mut predictions = vec![0.0; ROUNDS];
            group.bench_function(BenchmarkId::new(learner, d), |b| {
                b.iter(|| {
                    stream
                        .run_batch(black_box(drawn.rounds()), &mut predictions, &mut Control::new())
                        .unwrap();
                });
            });
        }
        group.bench_function(BenchmarkId::new("bare", d), |b| {
            let mut inverses = vec![identity(d); 3];
            let mut u = vec![0.0; d];
            b.iter(|| {
                for x in drawn.x.chunks_exact(d) {
                    inverses.iter_mut().for_each(|p| change(p, black_box(x), &mut u));
                }
            });
        });
        group.bench_function(BenchmarkId::new("bare by rows", d), |b| {
            let mut inverses = vec![identity(d); 3];
            let mut u = vec![0.0; d];
            b.iter(|| {
                for x in drawn.x.chunks_exact(d) {
                    inverses.iter_mut().for_each(|p| change_by_rows(p, black_box(x), &mut u));
                }
            });
        });
    }
    group.finish();
}

/// Rounds per second, and the time of a round over that of the bare kernels: all of them by turns, the best of many
/// short runs each, so that a machine that is busy with other things spoils no ratio.
fn ratios(_: &mut Criterion) {
    for d in [25, 100] {
        let drawn = Drawn::new(d);
        let mut predictions = vec![0.0; ROUNDS];
        let mut streams = ["ridge", "ridge-fast"].map(|learner| stream(d, learner));
        let mut inverses = vec![identity(d); 6];
        let mut u = vec![0.0; d];
        let mut best = [f64::INFINITY; 4];
        let mut clock = |k: usize, run: &mut dyn FnMut()| {
            let start = Instant::now();
            run();
            best[k] = best[k].min(start.elapsed().as_secs_f64() / ROUNDS as f64);
        };
        for _ in 0..TURNS {
            for (k, stream) in streams.iter_mut().enumerate() {
                clock(k, &mut || {
                    stream.run_batch(drawn.rounds(), &mut predictions, &mut Control::new()).unwrap();
                });
            }
            let (first, second) = inverses.split_at_mut(3);
            clock(2, &mut || {
                for x in drawn.x.chunks_exact(d) {
                    first.iter_mut().for_each(|p| change(p, black_box(x), &mut u));
                }
            });
            clock(3, &mut || {
                for x in drawn.x.chunks_exact(d) {
                    second.iter_mut().for_each(|p| change_by_rows(p, black_box(x), &mut u));
                }
            });
        }
        for (name, seconds) in ["ridge", "ridge-fast"].iter().zip(best) {
            println!(
                "{name}/{d}: {:.0} rounds/s, {:.2} times the bare kernel, {:.2} times the one by rows",
                1.0 / seconds,
                seconds / best[2],
                seconds / best[3],
            );
        }
    }
}

fn stream(d: usize, learner: &str) -> Stream {
    let mut options = Options::new(Family::Groupwise);
    options.set_text("learner", learner).unwrap();
    Stream::new(d, Groups::declared(GROUPS[0] + GROUPS[1]), &options).unwrap()
}

fn identity(d: usize) -> Vec<f64> {
    (0..d * d).map(|k| f64::from(k % (d + 1) == 0)).collect()
}

/// `P -= u u' / (1 + x'u)` with `u = P x`, in full storage.
fn change(p: &mut [f64], x: &[f64], u: &mut [f64]) {
    let d = x.len();
    for (u, row) in u.iter_mut().zip(p.chunks_exact(d)) {
        *u = row.iter().zip(x).map(|(p, x)| p * x).sum();
    }
    take_off(p, x, u);
}

/// The same with `P x` as a sum of rows, which compilers make vectors of.
fn change_by_rows(p: &mut [f64], x: &[f64], u: &mut [f64]) {
    u.fill(0.0);
    for (x, row) in x.iter().zip(p.chunks_exact(x.len())) {
        u.iter_mut().zip(row).for_each(|(u, p)| *u += x * p);
    }
    take_off(p, x, u);
}

fn take_off(p: &mut [f64], x: &[f64], u: &[f64]) {
    let q: f64 = u.iter().zip(x).map(|(u, x)| u * x).sum();
    for (k, row) in p.chunks_exact_mut(x.len()).enumerate() {
        let factor = u[k] / (1.0 + q);
        row.iter_mut().zip(u).for_each(|(p, u)| *p -= factor * u);
    }
}

criterion_group!(benches, rounds, ratios);
criterion_main!(benches);
