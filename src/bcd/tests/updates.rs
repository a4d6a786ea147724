//! The updates beyond gradient, matrix and Newton, and what every smooth function promises: against finite
//! differences, numeric minimization and their own bounds.

use super::paper::{
    Data, LOSSES, Numbers, PENALTIES, data, dot, eigenvalues, everywhere, fell_by, least, most, near,
    objective, settings, with_engine,
};
use crate::bcd::block::Block;
use crate::bcd::engine::Engine;
use crate::bcd::rules::constants::block_constant;
use crate::bcd::settings::LineSearch;
use crate::bcd::smooth::{Metric, Smooth};
use crate::bcd::updates::cubic;
use crate::bcd::updates::exact;
use crate::bcd::updates::model_step::{self, block_gradient};
use crate::numerics::gram::Square;
use crate::runtime::Control;

/// Columns of `entries` numbers each, for the paths of few rows.
pub(in crate::bcd) fn sparse_data(rows: usize, cols: usize, entries: usize, loss: &str, seed: u64) -> Data {
    let mut sparse = data(rows, cols, loss, seed);
    let mut n = Numbers(seed + 1);
    for j in 0..cols {
        let mut keep = vec![false; rows];
        // Half of them in the first rows, so that columns meet.
        (0..entries).for_each(|k| keep[n.below(if k % 2 == 0 { rows } else { rows / 8 })] = true);
        (0..rows).filter(|&r| !keep[r]).for_each(|r| sparse.a[j * rows + r] = 0.0);
    }
    sparse.sparse = true;
    sparse
}

/// Calls `body` at random points of dense and sparse problems, with blocks of few and of many coordinates.
fn at_points(losses: &[&'static str], body: impl Fn(&Data, &mut Engine<'_>, &Block, &mut Control<'_>)) {
    for &loss in losses {
        for penalty in PENALTIES {
            for seed in 0..8 {
                for problem in [data(25, 10, loss, seed), sparse_data(400, 10, 4, loss, seed)] {
                    let mut n = Numbers(seed + 5);
                    let x: Vec<f64> =
                        (0..10).map(|k| if k % 4 == 0 { 0.0 } else { 0.7 * n.next() }).collect();
                    let mut pairs = vec![("loss", loss)];
                    pairs.extend_from_slice(penalty);
                    with_engine(&problem, &settings(&pairs), &x, |engine, control| {
                        for _ in 0..4 {
                            let units = engine.penalty.units();
                            let size = 1 + n.below(units.min(4));
                            let block = Block::new(engine.penalty, n.subset(size, units));
                            body(&problem, engine, &block, control);
                        }
                    });
                }
            }
        }
    }
}

const EVERY_LOSS: [&str; 6] = ["squared", "logistic", "squared-hinge", "huber", "poisson", "pseudo-huber"];

fn shifted(list: &[usize], x: &[f64], step: &[f64], alpha: f64) -> Vec<f64> {
    list.iter().zip(step).map(|(&j, d)| x[j] + alpha * d).collect()
}

fn close(found: f64, expected: f64, scale: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-5 * (scale + expected.abs()),
        "{what}: {found:e}, not {expected:e}"
    );
}

fn quadratic_form(h: &Square, d: &[f64]) -> f64 {
    (0..d.len()).map(|k| d[k] * dot(h.column(k), d)).sum()
}

#[test]
fn gradients_hessians_and_slopes_along_steps_are_derivatives() {
    at_points(&["squared", "logistic", "poisson"], |_, engine, block, control| {
        let list = block.columns();
        let mut n = Numbers(list.len() as u64);
        let d: Vec<f64> = list.iter().map(|_| n.next()).collect();
        let x = engine.x().to_vec();
        let h = 1e-5;
        let mut at = |alpha: f64, control: &mut Control<'_>| {
            engine.move_to(list, &shifted(list, &x, &d, alpha), control).unwrap();
            (engine.value(), block_gradient(engine, block, control).unwrap())
        };
        let ((up, g_up), (down, g_down)) = (at(h, control), at(-h, control));
        let (_, g) = at(0.0, control);
        close(dot(&g, &d), (up - down) / (2.0 * h), 1.0, "gradient");
        let square = engine.curvature(Metric::Hessian, list, control).unwrap();
        for k in 0..list.len() {
            close(dot(square.column(k), &d), (g_up[k] - g_down[k]) / (2.0 * h), 1.0, "Hessian");
        }
        let mut diagonal = vec![0.0; list.len()];
        engine.diagonal(list, &mut diagonal, control).unwrap();
        (0..list.len()).for_each(|k| near(diagonal[k], square.at(k, k)));
        let ray = engine.ray(list, &d, control).unwrap();
        let (slope, bend) = engine.derivatives(&ray, 0.0, control).unwrap();
        near(slope, dot(&g, &d));
        near(bend, quadratic_form(&square, &d));
        let before = engine.value();
        let change = engine.change(&ray, 0.7, control).unwrap();
        let far = engine.derivatives(&ray, 0.7, control).unwrap().0;
        engine.move_to(list, &shifted(list, &x, &d, 0.7), control).unwrap();
        assert!((engine.value() - before - change).abs() <= 1e-11 * (1.0 + before.abs()));
        near(far, dot(&block_gradient(engine, block, control).unwrap(), &d));
    });
}

#[test]
fn columns_products_and_row_sums_are_of_the_bound() {
    at_points(&LOSSES, |problem, engine, _, control| {
        let every: Vec<usize> = (0..engine.cols()).collect();
        let bound = problem.bound(&every, engine.kappa());
        let square = engine.curvature(Metric::Bound, &every, control).unwrap();
        let (mut column, mut product) = (vec![0.0; every.len()], vec![0.0; every.len()]);
        let p: Vec<f64> = every.iter().map(|&j| (j as f64).sin()).collect();
        engine.bound_product(&every, &p, &mut product, control).unwrap();
        let sums = engine.row_sums(&every, control).unwrap();
        for &j in &every {
            engine.bound_column(j, &every, &mut column, control).unwrap();
            for &i in &every {
                assert!((column[i] - bound[j][i]).abs() <= 1e-12 * bound[j][j].max(bound[i][i]));
                assert!((square.at(i, j) - bound[j][i]).abs() <= 1e-12 * bound[j][j].max(bound[i][i]));
            }
            assert!((product[j] - dot(&bound[j], &p)).abs() <= 1e-11 * sums[j]);
            assert!(sums[j] >= bound[j].iter().map(|b| b.abs()).sum::<f64>() * (1.0 - 1e-12));
        }
    });
}

/// Differences of Hessians at random pairs of points stay below `M_b` times the distance.
#[test]
fn the_hessian_changes_no_faster_than_its_lipschitz_constant() {
    let mut tightest = 0.0_f64;
    for seed in 0..30 {
        for problem in [data(25, 8, "logistic", seed), sparse_data(400, 8, 4, "logistic", seed)] {
            let pairs = [("loss", "logistic"), ("penalty", "none")];
            with_engine(&problem, &settings(&pairs), &[0.0; 8], |engine, control| {
                let mut n = Numbers(seed);
                for size in [1, 2, 4] {
                    let list = n.subset(size, 8);
                    let third = engine.hessian_lipschitz(&list, control).unwrap().unwrap();
                    let mut at = |scale: f64, control: &mut Control<'_>| {
                        let to: Vec<f64> = list.iter().map(|_| scale * n.next()).collect();
                        engine.move_to(&list, &to, control).unwrap();
                        (to, engine.curvature(Metric::Hessian, &list, control).unwrap())
                    };
                    let (x, one) = at(1.0, control);
                    let (y, two) = at(1.0, control);
                    let distance = x.iter().zip(&y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
                    let difference: Vec<Vec<f64>> =
                        (0..size).map(|i| (0..size).map(|j| one.at(i, j) - two.at(i, j)).collect()).collect();
                    let values = eigenvalues(difference);
                    let norm = most(&values).max(-least(&values));
                    assert!(norm <= third * distance * (1.0 + 1e-9), "{norm} {third} {distance}");
                    tightest = tightest.max(norm / (third * distance));
                }
            });
        }
    }
    assert!(tightest > 0.3, "never within a factor of three of the bound: {tightest}");
}

/// The minimum of the cubic model over one or two coordinates by a fine search, ever closer.
fn by_search(model: impl Fn(&[f64]) -> f64, n: usize, reach: f64) -> f64 {
    let (mut center, mut reach, mut best) = (vec![0.0; n], reach, model(&vec![0.0; n]));
    for _ in 0..400 {
        let mut next = center.clone();
        let grid = |k: usize| (k as f64 - 3.0) / 3.0;
        for code in 0..7_usize.pow(n as u32) {
            let d: Vec<f64> =
                (0..n).map(|i| center[i] + reach * grid(code / 7_usize.pow(i as u32) % 7)).collect();
            let value = model(&d);
            if value < best {
                (best, next) = (value, d);
            }
        }
        if next == center {
            reach *= 0.7;
        }
        center = next;
    }
    best
}

#[test]
fn cubic_steps_minimize_their_model() {
    for seed in 0..25 {
        for size in [1, 2] {
            let problem = data(25, 4, "logistic", seed);
            for penalty in [0, 1, 3] {
                let mut pairs = vec![("loss", "logistic")];
                pairs.extend_from_slice(PENALTIES[penalty]);
                let x = [0.4, 0.0, -0.2, 0.3];
                with_engine(&problem, &settings(&pairs), &x, |engine, control| {
                    let mut n = Numbers(seed);
                    let block = Block::new(engine.penalty, n.subset(size, 4));
                    let h = engine.curvature(Metric::Hessian, block.columns(), control).unwrap();
                    let g = block_gradient(engine, &block, control).unwrap();
                    let before = block.gather(engine.x());
                    for third in [0.0, 0.1, 3.0, 100.0] {
                        let model = |d: &[f64]| {
                            let to: Vec<f64> = before.iter().zip(d).map(|(x, d)| x + d).collect();
                            let cube = dot(d, d).powf(1.5) * third / 6.0;
                            let penalty = block.penalty_change(engine.penalty, &before, &to);
                            dot(&g, d) + 0.5 * quadratic_form(&h, d) + cube + penalty
                        };
                        let (step, promised) =
                            cubic::minimize(engine, &block, &h, &g, third, control).unwrap();
                        assert!((promised + model(&step.step)).abs() <= 1e-12 * (1.0 + promised));
                        let best = by_search(model, size, 2.0);
                        assert!(promised >= -best - 1e-9 * (1e-6 - best), "{promised:e} {best:e} {third}");
                    }
                });
            }
        }
    }
}

#[test]
fn cubic_steps_fall_as_promised() {
    at_points(&["squared", "logistic"], |problem, engine, block, control| {
        let third = engine.hessian_lipschitz(block.columns(), control).unwrap().unwrap();
        let before = objective(problem, engine);
        let step = cubic::update(engine, block, third, control).unwrap();
        fell_by(before, objective(problem, engine), step.promised);
    });
}

#[test]
fn cubic_steps_with_an_estimate_fall_as_promised_for_every_loss() {
    at_points(&EVERY_LOSS, |problem, engine, block, control| {
        for start in [1e-6, 1.0, 1e6] {
            let mut estimate = start;
            let before = objective(problem, engine);
            let step = cubic::update_with_estimate(engine, block, &mut estimate, control).unwrap();
            let after = objective(problem, engine);
            fell_by(before, after, step.promised.min(step.achieved));
            assert!((before - after - step.achieved).abs() <= 1e-11 * (1.0 + before.abs()));
            if step.promised > 1e-10 && engine.is_quadratic() {
                assert_eq!(estimate, 0.5 * start, "a quadratic needs no cubic term");
            }
        }
    });
}

#[test]
fn local_bounds_promise_no_less_than_the_global_one_and_keep_it() {
    let better = std::cell::Cell::new(0);
    at_points(&LOSSES, |problem, engine, block, control| {
        let (list, x) = (block.columns(), block.gather(engine.x()));
        let before = objective(problem, engine);
        let global = engine.bound_step(block, Metric::Bound, control).unwrap().promised;
        engine.move_to(list, &x, control).unwrap();
        let step = engine.bound_step(block, Metric::Local, control).unwrap();
        fell_by(before, objective(problem, engine), step.promised);
        assert!(step.promised >= global - 1e-12 * (1.0 + before.abs()), "{} {global}", step.promised);
        better.set(better.get() + u32::from(step.promised > 1.02 * global));
    });
    assert!(better.get() > 100, "better {} times", better.get());
}

#[test]
fn steps_for_any_function_are_those_of_the_linear_composition() {
    everywhere("false", |problem, engine, block, control, _| {
        let (list, x) = (block.columns(), block.gather(engine.x()));
        let before = objective(problem, engine);
        for metric in [Metric::Bound, Metric::Local] {
            let own = engine.bound_step(block, metric, control).unwrap();
            engine.move_to(list, &x, control).unwrap();
            let shared = model_step::bound(engine, block, metric, control).unwrap();
            assert!((own.promised - shared.promised).abs() <= 1e-9 * own.promised + 1e-12);
            engine.move_to(list, &x, control).unwrap();
        }
        for search in [LineSearch::Armijo, LineSearch::Exact] {
            let step = model_step::newton(engine, block, search, control).unwrap();
            let after = objective(problem, engine);
            fell_by(before, after, 0.0);
            assert!((before - after - step.achieved).abs() <= 1e-11 * (1.0 + before.abs()));
            engine.move_to(list, &x, control).unwrap();
        }
    });
}

#[test]
fn exact_line_searches_end_where_the_objective_is_flat_or_kinked() {
    at_points(&EVERY_LOSS, |problem, engine, block, control| {
        let (list, x) = (block.columns(), block.gather(engine.x()));
        let before = objective(problem, engine);
        let step = engine.newton_step(block, LineSearch::Exact, control).unwrap();
        let after = objective(problem, engine);
        fell_by(before, after, 0.0);
        let d: Vec<f64> = block.gather(engine.x()).iter().zip(&x).map(|(to, x)| to - x).collect();
        if step.achieved < 1e-8 {
            return;
        }
        let end = block.gather(engine.x());
        // Neither a little less nor a little more of the step is better.
        for alpha in [0.999, 1.001] {
            let to: Vec<f64> = x.iter().zip(&d).map(|(x, d)| x + alpha * d).collect();
            engine.move_to(list, &to, control).unwrap();
            let nearby = engine.value() + engine.penalty.value(engine.x());
            assert!(
                nearby >= after - 1e-9 * step.achieved - 1e-13 * before.abs(),
                "{alpha} {nearby} {after}"
            );
        }
        engine.move_to(list, &end, control).unwrap();
    });
}

#[test]
fn exact_updates_leave_nothing_to_gain_on_the_block() {
    at_points(&EVERY_LOSS, |problem, engine, block, control| {
        let before = objective(problem, engine);
        let step = exact::update(engine, block, control).unwrap();
        let after = objective(problem, engine);
        fell_by(before, after, 0.0);
        assert!((before - after - step.achieved).abs() <= 1e-10 * (1.0 + before.abs()));
        if engine.has_curvature_bound() {
            // By the gradient step's bound, what is left is at least what such a step would gain.
            let constant = block_constant(engine, block, control).unwrap();
            let left = crate::bcd::updates::gradient::update(engine, block, constant, control).unwrap();
            assert!(left.promised <= 1e-10 * (1.0 + before.abs()), "{left:?} {step:?}");
        }
    });
}

#[test]
fn exact_updates_of_one_coordinate_have_no_subgradient_left() {
    at_points(&["squared", "logistic", "poisson"], |_, engine, block, control| {
        let one = Block::new(engine.penalty, vec![block.units()[0]]);
        if one.columns().len() > 1 {
            return;
        }
        let first = engine.penalty.violation(
            one.units()[0],
            &one.gather(engine.x()),
            &block_gradient(engine, &one, control).unwrap(),
        );
        exact::update(engine, &one, control).unwrap();
        let left = engine.penalty.violation(
            one.units()[0],
            &one.gather(engine.x()),
            &block_gradient(engine, &one, control).unwrap(),
        );
        assert!(left <= 1e-6 * first + 1e-9, "{left:e} of {first:e}");
    });
}
