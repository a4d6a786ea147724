//! Gradients, Hessians and bounds against differences and each other.

use super::*;
use crate::cli::bench::stream::Stream;
use crate::cli::bench::table::Table;

fn table(rows: usize, cols: usize, stream: &mut Stream) -> Table {
    let dense: Vec<f64> =
        (0..rows * cols).map(|_| stream.normal() * f64::from(u8::from(stream.uniform() < 0.5))).collect();
    Table::from_rows(rows, cols, &dense)
}

fn each() -> Vec<Box<dyn Objective>> {
    let mut s = Stream::new(5);
    let labels: Vec<f64> = s.normals(12).iter().map(|v| v.signum()).collect();
    let entries: Vec<(usize, usize, f64)> = (0..10)
        .flat_map(|i: usize| {
            [(i, i, 2.5), (i, (i + 1) % 10, -1.0), ((i + 1) % 10, i, -1.0)].into_iter().filter(|e| e.0 < 10)
        })
        .collect();
    vec![
        Box::new(Linear::new(table(12, 6, &mut s), s.normals(12), Loss::Squared, 0.3, 0.7)),
        Box::new(Linear::new(table(12, 6, &mut s), labels, Loss::Logistic, 0.2, 0.0)),
        Box::new(Softmax::new(table(12, 3, &mut s), (0..12).map(|r| r % 4).collect(), 4)),
        Box::new(Quadratic::new(Table::from_entries(10, 10, &entries), s.normals(10))),
    ]
}

fn somewhere(f: &dyn Objective) -> Point {
    let mut at = f.start();
    let block: Vec<usize> = (0..f.size()).collect();
    let d = Stream::new(8).normals(f.size());
    let w = f.product(&block, &d);
    f.advance(&mut at, &Step { block: &block, d: &d, w: &w, g: &d }, 1.0);
    at
}

#[test]
fn derivatives_are_those_of_the_value() {
    for f in each() {
        let at = somewhere(&*f);
        let block = [1, 4, 5, 2];
        let g = f.block_gradient(&at, &block);
        let h = f.hessian(&at, &block);
        let mut full = vec![0.0; f.size()];
        f.gradient(&at, &mut full);
        for (p, &j) in block.iter().enumerate() {
            assert!((g[p] - full[j]).abs() < 1e-12);
            let w = f.product(&[j], &[1.0]);
            let step = Step { block: &[j], d: &[1.0], w: &w, g: &g[p..=p] };
            let slope = (f.change(&at, &step, 1e-5) - f.change(&at, &step, -1e-5)) / 2e-5;
            assert!((slope - g[p]).abs() < 1e-7 * (1.0 + g[p].abs()), "{slope} {}", g[p]);
            let mut next = at.clone();
            f.advance(&mut next, &step, 1e-5);
            let moved = f.gap(&next) - f.gap(&at) - f.change(&at, &step, 1e-5);
            assert!(moved.abs() < 1e-9, "{moved}");
            for (q, later) in f.block_gradient(&next, &block).iter().enumerate() {
                assert!(((later - g[q]) / 1e-5 - h.at(p, q)).abs() < 1e-3);
            }
        }
    }
}

#[test]
fn bounds_agree_with_each_other_and_hold() {
    for f in each() {
        let (n, at) = (f.size(), somewhere(&*f));
        let all: Vec<usize> = (0..n).collect();
        let whole = f.bound(&all);
        let mut column = vec![0.0; n];
        let mut image = vec![0.0; n];
        for i in 0..n {
            f.bound_column(i, &mut column);
            let mut unit = vec![0.0; n];
            unit[i] = 1.0;
            f.apply_bound(&unit, &mut image);
            for j in 0..n {
                assert!((column[j] - whole.at(i, j)).abs() < 1e-12 && (image[j] - column[j]).abs() < 1e-12);
            }
            let sum: f64 = column.iter().map(|h| h.abs()).sum();
            assert!((sum - f.row_sums()[i]).abs() < 1e-12);
        }
        let exact = southwell::numerics::eigen::largest_eigenvalue(&whole);
        assert!((f.largest() - exact).abs() < 1e-10 * exact, "{} {exact}", f.largest());
        // The bound minus the Hessian has no negative direction.
        let h = f.hessian(&at, &all);
        let mut s = Stream::new(2);
        for _ in 0..200 {
            let v = s.normals(n);
            let form = |m: &Square| -> f64 {
                (0..n).map(|i| (0..n).map(|j| v[i] * m.at(i, j) * v[j]).sum::<f64>()).sum()
            };
            assert!(form(&whole) - form(&h) > -1e-10);
        }
    }
}
