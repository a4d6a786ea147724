//! Blocks found through an index of the columns are those that a look at the whole gradient finds.

use super::paper::{Data, Numbers, PENALTIES, data, settings, with_engine};
use crate::bcd::plan::Paper;
use crate::bcd::rules::column_index::{Best, ColumnIndex, Scores};
use crate::bcd::smooth::Smooth;
use crate::runtime::{Control, Stop};

/// The blocks of a run, and its work.
fn run(problem: &Data, pairs: &[(&str, &str)], start: &[f64], count: usize) -> (Vec<Vec<usize>>, u64) {
    let (mut chosen, mut work) = (Vec::new(), 0);
    with_engine(problem, &settings(pairs), start, |engine, control| {
        let mut paper = Paper::new(&settings(pairs), engine, control).unwrap();
        let before = control.work();
        for _ in 0..count {
            let choice = paper.select(engine, control).unwrap();
            paper.update(engine, &choice, control).unwrap();
            chosen.push(choice.block.columns().to_vec());
        }
        work = control.work() - before;
    });
    (chosen, work)
}

#[test]
fn an_index_chooses_what_the_whole_gradient_does() {
    let penalties = [PENALTIES[0], PENALTIES[1], PENALTIES[3], &[("penalty", "ridge")]];
    for (rows, cols) in [(3, 150), (25, 60)] {
        for (loss, intercept) in [("squared", "false"), ("logistic", "true")] {
            for penalty in penalties {
                for (seed, rule) in ["gs", "gsl", "gsd"].into_iter().enumerate() {
                    for (prox, size) in
                        [("auto", "1"), ("subgradient", "4"), ("residual", "2"), ("decrease", "3")]
                    {
                        let problem = data(rows, cols, loss, seed as u64);
                        let mut n = Numbers(seed as u64);
                        let start: Vec<f64> =
                            (0..cols).map(|j| if j % 5 == 0 { 0.3 * n.next() } else { 0.0 }).collect();
                        let chosen = |gradients: &str| {
                            let mut pairs = vec![
                                ("loss", loss),
                                ("intercept", intercept),
                                ("rule", rule),
                                ("prox_rule", prox),
                                ("block_size", size),
                                ("update", "matrix"),
                                ("greedy_gradient", gradients),
                            ];
                            pairs.extend_from_slice(penalty);
                            run(&problem, &pairs, &start, 15).0
                        };
                        assert_eq!(chosen("index"), chosen("recompute"), "{loss} {rule} {prox} {penalty:?}");
                    }
                }
            }
        }
    }
}

/// Copies of columns score the same bits, and the first of them is due.
#[test]
fn ties_go_to_the_lowest_column() {
    let mut problem = data(6, 80, "squared", 8);
    for j in 0..40 {
        let copy = problem.column(j).iter().map(|a| if j % 2 == 0 { *a } else { -a }).collect::<Vec<f64>>();
        problem.a[(79 - j) * 6..(80 - j) * 6].copy_from_slice(&copy);
    }
    problem.a[20 * 6..22 * 6].fill(0.0);
    for size in ["1", "3", "80"] {
        let chosen = |gradients: &str| {
            let pairs = [
                ("penalty", "none"),
                ("rule", "gsd"),
                ("block_size", size),
                ("update", "gradient"),
                ("greedy_gradient", gradients),
            ];
            run(&problem, &pairs, &[0.0; 80], 12).0
        };
        assert_eq!(chosen("index"), chosen("recompute"));
    }
}

/// Columns on a surface of a few dimensions among many rows.
fn on_a_surface(rows: usize, cols: usize, dimensions: usize) -> Data {
    let mut n = Numbers(dimensions as u64);
    let frequency: Vec<f64> = (0..rows * dimensions).map(|_| 2.0 * n.next()).collect();
    let phase: Vec<f64> = (0..rows).map(|_| 3.0 * n.next()).collect();
    let mut a = Vec::with_capacity(rows * cols);
    for _ in 0..cols {
        let at: Vec<f64> = (0..dimensions).map(|_| n.next()).collect();
        for r in 0..rows {
            let wave: f64 = at.iter().enumerate().map(|(k, t)| frequency[k * rows + r] * t).sum();
            a.push((wave + phase[r]).sin());
        }
    }
    let y = (0..rows).map(|_| n.next()).collect();
    Data { rows, cols, a, y, sparse: false }
}

/// The share of the columns' worth that searches look at over a run of single coordinates.
fn share_met(problem: &Data, rule: &str) -> f64 {
    let run = |gradients: &str| {
        let pairs = [
            ("penalty", "none"),
            ("rule", rule),
            ("block_size", "1"),
            ("update", "exact"),
            ("greedy_gradient", gradients),
        ];
        run(problem, &pairs, &vec![0.0; problem.cols], 100)
    };
    let (fresh, index) = (run("recompute"), run("index"));
    assert_eq!(fresh.0, index.0);
    index.1 as f64 / fresh.1 as f64
}

/// Along a curve an index looks at a fraction; among columns without structure at no fewer than all, centres included
/// (companion experiment: 1000 x 100, dense).
#[test]
fn an_index_pays_where_columns_point_in_few_directions() {
    for rule in ["gsd", "gs"] {
        let shares: Vec<f64> = [(1, 2000), (1, 20_000), (2, 20_000)]
            .into_iter()
            .map(|(dimensions, cols)| share_met(&on_a_surface(40, cols, dimensions), rule))
            .collect();
        let structureless = share_met(&data(1000, 100, "squared", 1), rule);
        assert!(shares[1] < 0.5 && shares[1] < shares[0], "{shares:?}");
        assert!((0.9..1.5).contains(&structureless), "{structureless}");
    }
}

/// Products with a vector, the larger the better.
struct Products<'p>(&'p [f64], u64);

impl Scores for Products<'_> {
    fn most(&self, product: f64) -> f64 {
        product
    }

    fn of(&mut self, items: &[usize], _: &mut Control<'_>) -> Result<Vec<Option<f64>>, Stop> {
        self.1 += items.len() as u64;
        Ok(items.iter().map(|&k| Some(self.0[k])).collect())
    }
}

/// The largest products of columns of all lengths, by sorting.
#[test]
fn a_search_finds_the_largest_products() {
    for (rows, cols) in [(1, 1), (1, 40), (2, 300), (8, 200), (40, 30)] {
        let mut problem = data(rows, cols, "squared", cols as u64);
        let mut n = Numbers(3);
        for j in 0..cols {
            let length = 10.0_f64.powf(4.0 * n.next());
            problem.a[j * rows..(j + 1) * rows].iter_mut().for_each(|a| *a *= length);
        }
        with_engine(&problem, &settings(&[("penalty", "none")]), &vec![0.0; cols], |engine, control| {
            let list: Vec<usize> = (0..cols).rev().collect();
            let scale: Vec<f64> = list.iter().map(|_| n.next().abs()).collect();
            let columns = &engine.scaled.columns;
            let mut index =
                ColumnIndex::new(columns, &list, &scale, engine.team(), control).unwrap().unwrap();
            for count in [1, 2, 7] {
                for _ in 0..20 {
                    let v: Vec<f64> = (0..rows).map(|_| n.next()).collect();
                    let products: Vec<f64> =
                        list.iter().zip(&scale).map(|(&j, s)| s * columns.dot(j, &v).abs()).collect();
                    let mut scores = Products(&products, 0);
                    let found = index.search(&v, count, Best::default(), &mut scores, control).unwrap();
                    assert_eq!(found, crate::bcd::rules::ranking::largest(&products, count.min(cols)));
                    assert!(scores.1 <= cols as u64);
                }
            }
        });
    }
}
