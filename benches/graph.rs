//! Labels on a lattice, solved from scratch: the ways of rule auto, and the paper's blocks.
//!
//! `cargo bench --bench graph`; `-- auto` runs those whose name has it.

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use southwell::bcd::graph::{Labels, Problem, Unreached, solve};
use southwell::numerics::SymmetricMatrix;
use southwell::runtime::{Control, Family, Options, Outcome};
use std::hint::black_box;
use std::time::Duration;

/// A `side` x `side` lattice; about one node in `spacing` has a label.
fn lattice(side: usize, spacing: usize) -> Problem {
    let edges = (0..side * side).flat_map(|i| {
        let down = (i % side + 1 < side).then_some((i, i + 1, 1.0));
        let right = (i / side + 1 < side).then_some((i, i + side, 1.0));
        down.into_iter().chain(right)
    });
    let weights = SymmetricMatrix::from_edges(side * side, edges, false, "a", &mut Control::new()).unwrap();
    let nodes: Vec<usize> = (0..side * side).filter(|i| (i * 7919) % (spacing * 101) < 101).collect();
    let values: Vec<f64> = nodes.iter().map(|i| (*i as f64).sin()).collect();
    let labels = Labels { nodes: &nodes, values: &values, columns: 1 };
    Problem::labels(&weights, labels, 0.0, Unreached::Error, &mut Control::new()).unwrap()
}

fn solves(c: &mut Criterion) {
    for (side, spacing) in [(300, 100), (300, 10_000)] {
        let problem = lattice(side, spacing);
        let mut group = c.benchmark_group(format!("lattice_{side}_one_label_in_{spacing}"));
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        for way in ["auto/multilevel", "auto/forest", "auto/diagonal", "tree-partition", "greedy-tree"] {
            let (rule, preconditioner) = way.split_once('/').unwrap_or((way, ""));
            // The paper's blocks take too long where labels are few.
            if rule != "auto" && spacing > 100 {
                continue;
            }
            let mut options = Options::new(Family::Graph);
            options.set_text("rule", rule).unwrap();
            if !preconditioner.is_empty() {
                options.set_text("preconditioner", preconditioner).unwrap();
            }
            group.bench_function(BenchmarkId::from_parameter(way), |b| {
                b.iter(|| {
                    let found = solve(black_box(&problem), &options, None, &mut Control::new()).unwrap();
                    assert_eq!(found.outcome, Outcome::Converged, "{way}");
                    found
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, solves);
criterion_main!(benches);
