//! Rounds per second of a stream at 25 features with three groups awake, beside the bare arithmetic of as many rank-one
//! changes. An element is a round.
//!
//! `cargo bench --bench groupwise`; `-- rounds` runs those whose name has it.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use southwell::groupwise::{Groups, Rounds, Stream};
use southwell::runtime::{Control, Family, Options};
use std::hint::black_box;
use std::time::Duration;

const ROUNDS: usize = 4096;
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
            let mut options = Options::new(Family::Groupwise);
            options.set_text("learner", learner).unwrap();
            let mut stream = Stream::new(d, Groups::declared(GROUPS[0] + GROUPS[1]), &options).unwrap();
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
    }
    group.finish();
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
    let q: f64 = u.iter().zip(x).map(|(u, x)| u * x).sum();
    for (k, row) in p.chunks_exact_mut(d).enumerate() {
        let factor = u[k] / (1.0 + q);
        row.iter_mut().zip(&*u).for_each(|(p, u)| *p -= factor * u);
    }
}

criterion_group!(benches, rounds);
criterion_main!(benches);
