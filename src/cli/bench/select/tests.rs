//! Rules against their definitions.

use super::*;
use crate::cli::bench::objective::Step;

/// The decrease of the model on a block.
fn decrease(f: &dyn Objective, g: &[f64], block: &[usize]) -> f64 {
    let own: Vec<f64> = block.iter().map(|i| g[*i]).collect();
    let all: Vec<usize> = (0..f.size()).collect();
    let whole = f.bound(&all);
    let mut d = own.clone();
    factor(&whole.block(block)).solve(&mut d);
    own.iter().zip(&d).map(|(a, b)| 0.5 * a * b).sum()
}

fn moved(set: &Set) -> (Point, Vec<f64>) {
    let f = set.objective();
    let mut at = f.start();
    let block: Vec<usize> = (0..f.size()).step_by(3).collect();
    let d: Vec<f64> = Stream::new(3).normals(block.len()).iter().map(|v| 1e-3 * v).collect();
    let w = f.product(&block, &d);
    f.advance(&mut at, &Step { block: &block, d: &d, w: &w, g: &d }, 1.0);
    let mut g = vec![0.0; f.size()];
    f.gradient(&at, &mut g);
    (at, g)
}

#[test]
fn forward_selection_takes_the_best_variable_at_each_step() {
    for name in ["A", "B", "C", "D", "E"] {
        let set = Set::load(name, true);
        let (f, (_, g)) = (set.objective(), moved(&set));
        let block = schur(f, &g, 4);
        for k in 0..block.len() {
            let others = (0..f.size()).filter(|i| !block[..k].contains(i));
            let value = |i: usize| {
                let mut with = block[..k].to_vec();
                with.push(i);
                decrease(f, &g, &with)
            };
            let taken = value(block[k]);
            let best = others.step_by(5).map(value).fold(0.0, f64::max);
            assert!(taken >= best * (1.0 - 1e-9), "{name} {k}: {taken} {best}");
        }
    }
}

#[test]
fn fixed_blocks_cover_every_variable_once() {
    for name in ["A", "C", "E"] {
        let set = Set::load(name, true);
        for blocks in [Blocks::Sort, Blocks::Order, Blocks::Average] {
            let method = Method { blocks, rule: Rule::Gs, update: Update::Gradient, tau: 7 };
            let mut all: Vec<usize> = fixed_blocks(&set, method).into_iter().flatten().collect();
            all.sort_unstable();
            assert!(all.iter().enumerate().all(|(a, b)| a == *b) && all.len() == set.objective().size());
        }
    }
}

#[test]
fn greedy_rules_maximize_their_scores() {
    let set = Set::load("B", true);
    let (f, (at, g)) = (set.objective(), moved(&set));
    let choose = |blocks, rule| {
        Memory::new(&set, Method { blocks, rule, update: Update::Bound, tau: 5 }).select(&at, &g, 0)
    };
    for rule in [Rule::Gsq, Rule::Gs2, Rule::Gsl2, Rule::Gsd2] {
        let chosen = choose(Blocks::Sort, rule);
        let score = |block: &[usize]| -> f64 {
            let square: f64 = block.iter().map(|i| g[*i] * g[*i]).sum();
            match rule {
                Rule::Gsq => decrease(f, &g, block),
                Rule::Gs2 => square,
                Rule::Gsl2 => square / largest_eigenvalue(&f.bound(block)),
                _ => block.iter().map(|i| g[*i] * g[*i] / f.lipschitz()[*i]).sum(),
            }
        };
        let blocks = fixed_blocks(&set, Method { blocks: Blocks::Sort, rule, update: Update::Bound, tau: 5 });
        let best = blocks.iter().map(|b| score(b)).fold(0.0, f64::max);
        assert!(score(&chosen.block) >= best * (1.0 - 1e-12));
    }
    let chosen = choose(Blocks::Variable, Rule::Gsd).block;
    let score = |i: usize| g[i].abs() / f.lipschitz()[i].sqrt();
    let least = chosen.iter().map(|i| score(*i)).fold(f64::INFINITY, f64::min);
    assert_eq!((0..f.size()).filter(|i| score(*i) >= least).count(), 5);
}

/// The library's own rules choose the same blocks for the same scores.
#[test]
fn ties_at_the_edge_fall_as_in_numpy() {
    let scores = [1.0, 0.0, 2.0, 0.0, 0.0, 3.0];
    let mut four = top(&scores, 4);
    four.sort_unstable();
    let mut expected = argsort(&scores)[2..].to_vec();
    expected.sort_unstable();
    assert_eq!(four, expected);
    let mut all = top(&scores, 9);
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4, 5]);
}

/// The library's own rules and steps, from the same start: the same objective after some iterations. (Neither GSL with
/// variable blocks nor GSD with fixed ones: the library has cheaper bounds of the row sums.)
#[test]
fn the_library_takes_the_same_steps() {
    use crate::cli::bench::{engine, sets::Problem};
    use southwell::bcd;
    use southwell::numerics::{DenseView, Matrix, Order};
    use southwell::runtime::{Control, Family, Options};
    const STEPS: usize = 12;
    for (name, loss) in [("A", "squared"), ("B", "logistic")] {
        let set = Set::load(name, true);
        let Problem::Linear(p) = &set.problem else { panic!() };
        let (rows, cols) = (p.a.rows(), p.a.cols());
        let mut dense = vec![0.0; rows * cols];
        (0..cols).for_each(|c| p.a.column(c).for_each(|(r, v)| dense[c * rows + r] = v));
        let view = DenseView { data: &dense[..], rows, cols, ld: rows, order: Order::ColumnMajor };
        let problem = bcd::Problem::new(Matrix::dense(view).unwrap(), &p.y).unwrap();
        for (blocks, rule, ours) in [
            ("variable", "gs", Rule::Gs),
            ("variable", "gsd", Rule::Gsd),
            ("fixed", "gs", Rule::Gs2),
            ("fixed", "gsl", Rule::Gsl2),
            ("fixed", "gsq", Rule::Gsq),
            ("fixed", "cyclic", Rule::Cyclic),
        ] {
            for (step, update) in [("gradient", Update::Gradient), ("matrix", Update::Bound)] {
                let mut options = Options::new(Family::Bcd);
                for (key, value) in [
                    ("loss", loss),
                    ("penalty", "none"),
                    ("rule", rule),
                    ("blocks", blocks),
                    ("partition", if rule == "cyclic" { "order" } else { "sorted" }),
                    ("block_size", "5"),
                    ("update", step),
                    ("max_iterations", &STEPS.to_string()),
                ] {
                    options.set_text(key, value).unwrap();
                }
                let found = bcd::solve(&problem, &options, None, &mut Control::new()).unwrap();
                let blocks = match (blocks, rule) {
                    (_, "cyclic") => Blocks::Order,
                    ("fixed", _) => Blocks::Sort,
                    _ => Blocks::Variable,
                };
                let trace = engine::run(&set, Method { blocks, rule: ours, update, tau: 5 }, STEPS);
                let (theirs, ours) = (found.certificate.objective, trace.last());
                assert!(
                    (theirs - ours).abs() < 1e-9 * ours.max(1.0),
                    "{name} {rule} {step} {blocks:?}: {theirs} {ours}"
                );
            }
        }
    }
}
