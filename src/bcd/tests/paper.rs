//! What the paper promises, checked on random problems: the decrease of each update, which block each rule picks (by
//! brute force over all blocks), and the linear rate.

use crate::bcd::block::Block;
use crate::bcd::block_problem::quadratic::Goal;
use crate::bcd::engine::{Engine, GramCache, lipschitz_constants};
use crate::bcd::problem::Problem;
use crate::bcd::rules::constants::{Constants, block_constant};
use crate::bcd::rules::partition::partition;
use crate::bcd::rules::select::Selector;
use crate::bcd::scaled::Scaled;
use crate::bcd::settings::{LineSearch, PartitionKind, Settings};
use crate::bcd::smooth::{Metric, Smooth};
use crate::bcd::state::State;
use crate::bcd::updates::{composition, gradient};
use crate::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Family, Options};

/// Numbers without structure in [-1, 1), the same on every run.
pub(in crate::bcd) struct Numbers(pub(in crate::bcd) u64);

impl Numbers {
    pub(in crate::bcd) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    pub(in crate::bcd) fn below(&mut self, bound: usize) -> usize {
        ((self.next() + 1.0) / 2.0 * bound as f64) as usize % bound
    }

    /// `count` of `0..bound`, ascending.
    pub(in crate::bcd) fn subset(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..bound).collect();
        while left.len() > count {
            left.remove(self.below(left.len()));
        }
        left
    }
}

/// Columns one after the other, of different sizes and correlated.
pub(in crate::bcd) struct Data {
    pub(in crate::bcd) rows: usize,
    pub(in crate::bcd) cols: usize,
    pub(in crate::bcd) a: Vec<f64>,
    pub(in crate::bcd) y: Vec<f64>,
    /// Whether the library sees a sparse matrix.
    pub(in crate::bcd) sparse: bool,
}

pub(in crate::bcd) fn data(rows: usize, cols: usize, loss: &str, seed: u64) -> Data {
    let mut n = Numbers(seed);
    let common: Vec<f64> = (0..rows).map(|_| n.next()).collect();
    let mut a = Vec::with_capacity(rows * cols);
    for _ in 0..cols {
        let (size, share) = (4.0_f64.powf(n.next()), 0.7 * n.next());
        a.extend(common.iter().map(|c| size * (n.next() + share * c)));
    }
    let labels = matches!(loss, "logistic" | "squared-hinge");
    let y = (0..rows).map(|_| match loss {
        _ if labels => n.next().signum(),
        "poisson" => 2.0 * n.next().abs(),
        _ => 2.0 * n.next(),
    });
    let y = y.collect();
    Data { rows, cols, a, y, sparse: false }
}

impl Data {
    pub(in crate::bcd) fn column(&self, j: usize) -> &[f64] {
        &self.a[j * self.rows..(j + 1) * self.rows]
    }

    pub(in crate::bcd) fn matrix(&self) -> Matrix<'static> {
        let (rows, cols) = (self.rows, self.cols);
        if !self.sparse {
            let view = DenseView { data: &self.a[..], rows, cols, ld: rows, order: Order::ColumnMajor };
            return Matrix::dense(view).unwrap();
        }
        let (mut indptr, mut indices, mut values) = (vec![0_i64], Vec::new(), Vec::new());
        for j in 0..cols {
            for (r, a) in self.column(j).iter().enumerate().filter(|(_, a)| **a != 0.0) {
                indices.push(r as i32);
                values.push(*a);
            }
            indptr.push(indices.len() as i64);
        }
        let view = SparseView {
            rows,
            cols,
            indptr: &indptr[..],
            indices: &indices[..],
            values: &values[..],
            layout: Layout::Csc,
        };
        Matrix::sparse(view, Duplicates::Error).unwrap()
    }

    /// `kappa A_b' A_b`, row after row.
    pub(in crate::bcd) fn bound(&self, b: &[usize], kappa: f64) -> Vec<Vec<f64>> {
        b.iter().map(|&i| b.iter().map(|&j| kappa * dot(self.column(i), self.column(j))).collect()).collect()
    }
}

pub(in crate::bcd) fn dot(u: &[f64], v: &[f64]) -> f64 {
    u.iter().zip(v).map(|(u, v)| u * v).sum()
}

/// Solves a small positive definite system by elimination.
pub(in crate::bcd) fn solve_small(h: &[Vec<f64>], g: &[f64]) -> Vec<f64> {
    let n = g.len();
    let mut m: Vec<Vec<f64>> =
        h.iter().zip(g).map(|(row, g)| row.iter().chain([g]).copied().collect()).collect();
    for k in 0..n {
        let pivot = m[k].clone();
        for row in m.iter_mut().skip(k + 1) {
            let factor = row[k] / pivot[k];
            row.iter_mut().zip(&pivot).for_each(|(r, p)| *r -= factor * p);
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        x[k] = (m[k][n] - (k + 1..n).map(|j| m[k][j] * x[j]).sum::<f64>()) / m[k][k];
    }
    x
}

/// Eigenvalues of a small symmetric matrix by Jacobi's rotations.
pub(in crate::bcd) fn eigenvalues(mut h: Vec<Vec<f64>>) -> Vec<f64> {
    let n = h.len();
    for _ in 0..60 {
        for p in 0..n {
            for q in p + 1..n {
                if h[p][q] == 0.0 {
                    continue;
                }
                let angle = 0.5 * (2.0 * h[p][q]).atan2(h[q][q] - h[p][p]);
                let (s, c) = angle.sin_cos();
                for row in &mut h {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (upper, lower) = h.split_at_mut(q);
                for (a, b) in upper[p].iter_mut().zip(&mut lower[0]) {
                    (*a, *b) = (c * *a - s * *b, s * *a + c * *b);
                }
            }
        }
    }
    (0..n).map(|k| h[k][k]).collect()
}

pub(in crate::bcd) fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

pub(in crate::bcd) fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

pub(in crate::bcd) fn settings(pairs: &[(&str, &str)]) -> Settings {
    let mut options = Options::new(Family::Bcd);
    for (key, value) in pairs {
        options.set_text(key, value).unwrap();
    }
    Settings::from_options(&options).unwrap()
}

/// Runs `body` with an engine at the coordinates `x`, for the penalty that the options name at `lambda` 0.4.
pub(in crate::bcd) fn with_engine(
    data: &Data,
    settings: &Settings,
    x: &[f64],
    body: impl FnOnce(&mut Engine<'_>, &mut Control<'_>),
) {
    with_engine_at(LAMBDA, data, settings, x, body);
}

/// The same at another strength.
pub(in crate::bcd) fn with_engine_at(
    lambda: f64,
    data: &Data,
    settings: &Settings,
    x: &[f64],
    body: impl FnOnce(&mut Engine<'_>, &mut Control<'_>),
) {
    let problem = Problem::new(data.matrix(), &data.y).unwrap();
    let mut control = Control::new();
    let scaled = Scaled::new(&problem, settings, &mut control).unwrap();
    let penalty = scaled.penalty(&problem, settings, lambda).unwrap();
    let team = Team::solo();
    let lipschitz = lipschitz_constants(&scaled);
    let mut x = x.to_vec();
    penalty.project(&mut x);
    let state = State::new(&scaled, x, 0.0, &mut control).unwrap();
    let mut engine = Engine::new(&scaled, &penalty, &team, state, &lipschitz, GramCache::default());
    engine.objective_size = engine.objective();
    body(&mut engine, &mut control);
}

pub(in crate::bcd) const LAMBDA: f64 = 0.4;

/// The objective from nothing but data, coordinates and intercept.
pub(in crate::bcd) fn objective(data: &Data, engine: &Engine<'_>) -> f64 {
    let mut z = vec![engine.state.b; data.rows];
    for (j, x) in engine.state.x.iter().enumerate() {
        z.iter_mut().zip(data.column(j)).for_each(|(z, a)| *z += x * a);
    }
    let drift = z.iter().zip(&engine.state.z).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-10 * (1.0 + most(&z).abs()), "the maintained predictor drifts by {drift:e}");
    engine.scaled.loss.value(&data.y, &z, &vec![1.0; data.rows]) + engine.penalty.value(&engine.state.x)
}

pub(in crate::bcd) const LOSSES: [&str; 5] =
    ["squared", "logistic", "squared-hinge", "huber", "pseudo-huber"];
pub(in crate::bcd) const PENALTIES: [&[(&str, &str)]; 5] = [
    &[("penalty", "none")],
    &[("penalty", "l1")],
    &[("penalty", "group"), ("group_size", "2")],
    &[("penalty", "none"), ("lower", "-0.3"), ("upper", "0.5")],
    &[("penalty", "sparse-group"), ("group_size", "2")],
];

/// Calls `body` at random points of every loss with every penalty, with a random block.
pub(in crate::bcd) fn everywhere(
    intercept: &str,
    body: impl Fn(&Data, &mut Engine<'_>, &Block, &mut Control<'_>, bool),
) {
    for loss in LOSSES {
        for penalty in PENALTIES {
            for seed in 0..12 {
                let data = data(25, 10, loss, seed);
                let mut n = Numbers(seed + 100);
                let x: Vec<f64> =
                    (0..10).map(|_| 0.8 * n.next()).map(|v| if v > 0.4 { 0.0 } else { v }).collect();
                let mut pairs = vec![("loss", loss), ("intercept", intercept)];
                pairs.extend_from_slice(penalty);
                with_engine(&data, &settings(&pairs), &x, |engine, control| {
                    // A few blocks in a row, so that what is maintained is used.
                    for _ in 0..4 {
                        let units = engine.penalty.units();
                        let size = 1 + n.below(units.min(5));
                        let block = Block::new(engine.penalty, n.subset(size, units));
                        body(&data, engine, &block, control, penalty.len() == 1 && penalty[0].1 == "none");
                    }
                });
            }
        }
    }
}

/// Checks that the objective fell by `promised` at least, up to rounding.
#[track_caller]
pub(in crate::bcd) fn fell_by(before: f64, after: f64, promised: f64) {
    assert!(promised >= -1e-13 * before.abs(), "promised a rise of {:e}", -promised);
    assert!(before - after >= promised - 1e-12 * (1.0 + before.abs()), "{before} {after} {promised:e}");
}

#[track_caller]
pub(in crate::bcd) fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-13, "{found:e}, not {expected:e}");
}

pub(in crate::bcd) fn gradient_of(engine: &Engine<'_>, block: &Block, control: &mut Control<'_>) -> Vec<f64> {
    engine.block_gradient(block, control).unwrap()
}

#[test]
fn gradient_steps_fall_as_promised() {
    everywhere("false", |data, engine, block, control, plain| {
        let kappa = engine.scaled.loss.curvature_bound();
        let constant = block_constant(engine, block, control).unwrap();
        near(constant, most(&eigenvalues(data.bound(block.columns(), kappa))));
        let g = gradient_of(engine, block, control);
        let before = objective(data, engine);
        let step = gradient::update(engine, block, constant, control).unwrap();
        fell_by(before, objective(data, engine), step.promised);
        if plain {
            near(step.promised, 0.5 * dot(&g, &g) / constant);
        }
    });
}

#[test]
fn gradient_steps_with_an_estimate_fall_as_promised() {
    everywhere("false", |data, engine, block, control, plain| {
        let constant = block_constant(engine, block, control).unwrap();
        for start in [1e-3, 1.0, 1e3] {
            let mut estimate = start * constant;
            let g = gradient_of(engine, block, control);
            let before = objective(data, engine);
            let step = gradient::update_with_estimate(engine, block, &mut estimate, control).unwrap();
            let after = objective(data, engine);
            fell_by(before, after, step.promised);
            assert!((before - after - step.achieved).abs() <= 1e-12 * (1.0 + before.abs()));
            // Doubling stops at the first constant that holds, and the true one does; no step leaves it alone.
            let kept = if step.promised == 0.0 { start } else { 0.5 * start };
            assert!(estimate <= (2.0 * constant).max(kept * constant) * (1.0 + 1e-9));
            if plain {
                near(step.promised, 0.5 * dot(&g, &g) / estimate);
            }
        }
    });
}

#[test]
fn matrix_steps_fall_as_promised_and_no_less_than_gradient_steps() {
    everywhere("false", |data, engine, block, control, plain| {
        let kappa = engine.scaled.loss.curvature_bound();
        let constant = block_constant(engine, block, control).unwrap();
        let g = gradient_of(engine, block, control);
        let by_gradient: f64 = (0..block.units().len())
            .map(|k| {
                let (u, range) = (block.units()[k], block.range(k));
                let x = block.gather(&engine.state.x);
                engine.penalty.model_decrease(u, &x[range.clone()], &g[range], constant)
            })
            .sum();
        let before = objective(data, engine);
        let step = engine.bound_step(block, Metric::Bound, control).unwrap();
        fell_by(before, objective(data, engine), step.promised);
        assert!(step.promised >= by_gradient - 1e-12 * (1.0 + before.abs()), "{step:?} {by_gradient:e}");
        if plain {
            near(step.promised, 0.5 * dot(&g, &solve_small(&data.bound(block.columns(), kappa), &g)));
        }
    });
}

#[test]
fn newton_steps_never_rise() {
    everywhere("false", |data, engine, block, control, _| {
        let before = objective(data, engine);
        let step = composition::newton(engine, block, Goal::EXACT, LineSearch::Armijo, control).unwrap();
        let after = objective(data, engine);
        fell_by(before, after, 0.0);
        assert!(
            (before - after - step.achieved).abs() <= 1e-11 * (1.0 + before.abs()),
            "{step:?} {before} {after}"
        );
    });
}

#[test]
fn an_intercept_beside_the_block_falls_too() {
    everywhere("true", |data, engine, block, control, _| {
        let before = objective(data, engine);
        let step = engine.bound_step(block, Metric::Bound, control).unwrap();
        let between = objective(data, engine);
        fell_by(before, between, step.promised);
        composition::newton(engine, block, Goal::EXACT, LineSearch::Armijo, control).unwrap();
        let after = objective(data, engine);
        fell_by(between, after, 0.0);
        engine.state.center(engine.scaled, control).unwrap();
        fell_by(after, objective(data, engine), 0.0);
    });
}

/// The three guarantees for one block, and the diagonals behind GSD.
#[test]
fn the_quadratic_guarantee_is_the_largest_and_the_diagonals_bound_the_hessian() {
    for loss in LOSSES {
        for seed in 0..20 {
            let data = data(20, 9, loss, seed);
            let mut n = Numbers(seed);
            let x: Vec<f64> = (0..9).map(|_| n.next()).collect();
            let settings = settings(&[("loss", loss), ("penalty", "none"), ("rule", "gsl")]);
            with_engine(&data, &settings, &x, |engine, control| {
                let constants = Constants::new(engine, &settings, control).unwrap();
                for _ in 0..20 {
                    let size = 1 + n.below(9);
                    let block = Block::new(engine.penalty, n.subset(size, 9));
                    let (b, g) = (block.columns(), gradient_of(engine, &block, control));
                    let h = data.bound(b, engine.kappa());
                    let gsq = 0.5 * dot(&g, &solve_small(&h, &g));
                    let gsd: f64 = b.iter().zip(&g).map(|(&j, g)| 0.5 * g * g / constants.diagonal[j]).sum();
                    let gsl = 0.5 * dot(&g, &g) / most(&eigenvalues(h.clone()));
                    assert!(gsq >= gsd * (1.0 - 1e-10) && gsq >= gsl * (1.0 - 1e-10), "{gsq} {gsd} {gsl}");
                    for times in [1, size] {
                        let d = |k: usize| {
                            if times == 1 {
                                constants.diagonal[b[k]]
                            } else {
                                size as f64 * engine.lipschitz[b[k]]
                            }
                        };
                        let mut rest = h.clone();
                        (0..b.len()).for_each(|k| {
                            (0..b.len()).for_each(|l| rest[k][l] = f64::from(k == l) * d(k) - h[k][l])
                        });
                        if times == 1 || size > 1 {
                            assert!(least(&eigenvalues(rest)) >= -1e-12 * d(0).abs(), "{loss} {b:?} {times}");
                        }
                    }
                }
            });
        }
    }
}

/// The decrease of the proximal step of one coordinate, by the definition: the best of a kink, bounds and the two
/// smooth pieces.
pub(in crate::bcd) fn decrease(engine: &Engine<'_>, u: usize, g: f64, h: f64) -> f64 {
    let x = engine.state.x[u];
    let value = |to: f64| engine.penalty.unit_value(u, &[to]);
    let model = |to: f64| g * (to - x) + 0.5 * h * (to - x) * (to - x) + value(to) - value(x);
    let points = [0.0, -0.3, 0.5, x - g / h, x - (g + LAMBDA) / h, x - (g - LAMBDA) / h, x];
    points.into_iter().map(|to| -model(to)).filter(|d| d.is_finite()).fold(0.0, f64::max)
}

/// The size of the least subgradient of one coordinate, from the values of the penalty nearby.
pub(in crate::bcd) fn violation(engine: &Engine<'_>, u: usize, g: f64) -> f64 {
    let (x, t) = (engine.state.x[u], 2.0_f64.powi(-30));
    let value = |to: f64| engine.penalty.unit_value(u, &[to]);
    let right = g + (value(x + t) - value(x)) / t;
    let left = -g + (value(x - t) - value(x)) / t;
    // The steepest descent among the two directions.
    (-right).max(-left).max(0.0)
}

/// Every subset of `0..n` with `size` elements.
pub(in crate::bcd) fn subsets(n: usize, size: usize) -> Vec<Vec<usize>> {
    (0_u32..1 << n)
        .filter(|mask| mask.count_ones() as usize == size)
        .map(|mask| (0..n).filter(|k| mask >> k & 1 == 1).collect())
        .collect()
}

/// The decrease of the block's quadratic bound with the penalty, by many sweeps over its coordinates.
fn quadratic_decrease(data: &Data, engine: &Engine<'_>, b: &[usize], g: &[f64], kappa: f64) -> f64 {
    let h = data.bound(b, kappa);
    let x: Vec<f64> = b.iter().map(|&j| engine.state.x[j]).collect();
    let mut to = x.clone();
    let slope = |to: &[f64], k: usize| g[b[k]] + (0..b.len()).map(|l| h[k][l] * (to[l] - x[l])).sum::<f64>();
    for _ in 0..2000 {
        for k in 0..b.len() {
            let mut next = [to[k] - slope(&to, k) / h[k][k]];
            engine.penalty.prox(b[k], h[k][k], &mut next);
            to[k] = next[0];
        }
    }
    (0..b.len())
        .map(|k| {
            let value = |to: f64| engine.penalty.unit_value(b[k], &[to]);
            value(x[k]) - value(to[k]) - 0.5 * (to[k] - x[k]) * (slope(&to, k) + g[b[k]])
        })
        .sum()
}

const SMALL: usize = 9;
const SEPARABLE: [usize; 3] = [0, 1, 3];

/// Calls `body` with a selector of `rule` at random points, and with the gradient there.
fn at_selectors(
    rule: &str,
    blocks: &str,
    partition: &str,
    size: usize,
    body: impl Fn(&Data, &Engine<'_>, &Constants, &[f64], &[usize], Option<usize>),
) {
    let text = size.to_string();
    for loss in LOSSES {
        for penalty in SEPARABLE {
            for seed in 0..6 {
                let data = data(15, SMALL, loss, seed + 40);
                let mut n = Numbers(seed + 7);
                let x: Vec<f64> = (0..SMALL).map(|k| if k % 3 == 0 { 0.0 } else { n.next() }).collect();
                let mut pairs = vec![
                    ("loss", loss),
                    ("rule", rule),
                    ("blocks", blocks),
                    ("partition", partition),
                    ("block_size", &text[..]),
                ];
                pairs.extend_from_slice(PENALTIES[penalty]);
                let settings = settings(&pairs);
                with_engine(&data, &settings, &x, |engine, control| {
                    let mut constants = Constants::new(engine, &settings, control).unwrap();
                    let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
                    let every = Block::new(engine.penalty, (0..SMALL).collect());
                    let g = gradient_of(engine, &every, control);
                    let choice = selector.next(engine, &constants, control).unwrap();
                    body(&data, engine, &constants, &g, choice.block.columns(), choice.fixed);
                });
            }
        }
    }
}

#[test]
fn greedy_rules_on_variable_blocks_pick_the_best_of_all_subsets() {
    for size in [1, 2, 4, SMALL] {
        for rule in ["gs", "gsl", "gsd"] {
            at_selectors(rule, "variable", "order", size, |_, engine, constants, g, chosen, _| {
                let of_one = |u: usize| match rule {
                    "gs" => violation(engine, u, g[u]),
                    "gsl" => decrease(engine, u, g[u], constants.diagonal[u]),
                    _ => decrease(engine, u, g[u], engine.lipschitz[u]),
                };
                let score = |b: &[usize]| b.iter().map(|&u| of_one(u)).sum::<f64>();
                let best = subsets(SMALL, size).iter().map(|b| score(b)).fold(0.0, f64::max);
                assert_eq!(chosen.len(), size);
                assert!(score(chosen) >= best - 1e-6 * (1e-6 + best), "{rule} {size} {chosen:?}");
            });
        }
    }
}

fn kind_of(partition: &str) -> PartitionKind {
    match partition {
        "order" => PartitionKind::Order,
        "random" => PartitionKind::Random,
        "average" => PartitionKind::Average,
        _ => PartitionKind::Sorted,
    }
}

#[test]
fn greedy_rules_on_fixed_blocks_pick_the_best_of_the_partition() {
    for (kind, size) in [("order", 1), ("sorted", 2), ("average", 4), ("random", 3), ("order", SMALL)] {
        for rule in ["gs", "gsl", "gsd", "gsq"] {
            at_selectors(rule, "fixed", kind, size, |data, engine, constants, g, chosen, fixed| {
                let score = |b: &[usize]| -> f64 {
                    let h = || data.bound(b, engine.kappa());
                    match rule {
                        "gs" => b.iter().map(|&u| violation(engine, u, g[u]).powi(2)).sum(),
                        "gsl" => {
                            let constant = most(&eigenvalues(h()));
                            b.iter().map(|&u| decrease(engine, u, g[u], constant)).sum()
                        }
                        "gsd" => b.iter().map(|&u| decrease(engine, u, g[u], constants.diagonal[u])).sum(),
                        _ => quadratic_decrease(data, engine, b, g, engine.kappa()),
                    }
                };
                let units: Vec<usize> = (0..SMALL).collect();
                let blocks = partition(kind_of(kind), &units, &constants.unit, size, 0);
                let best = blocks.iter().map(|b| score(b)).fold(0.0, f64::max);
                assert_eq!(blocks[fixed.unwrap()], chosen);
                assert!(score(chosen) >= best - 1e-6 * (1e-6 + best), "{rule} {kind} {chosen:?}");
            });
        }
    }
}

/// `1/2 g_b' H_b^-1 g_b`.
pub(in crate::bcd) fn gsq_score(data: &Data, b: &[usize], g: &[f64], kappa: f64) -> f64 {
    let part: Vec<f64> = b.iter().map(|&j| g[j]).collect();
    0.5 * dot(&part, &solve_small(&data.bound(b, kappa), &part))
}

/// How often forward selection found the best of all subsets, and its least share of the best score.
fn forward_selection_against_brute_force(make: impl Fn(u64) -> Data, size: usize) -> (f64, f64) {
    let text = size.to_string();
    let settings =
        settings(&[("penalty", "none"), ("rule", "gsq"), ("block_size", &text), ("loss", "squared")]);
    let (mut hits, mut worst, trials) = (0, 1.0_f64, 60);
    for seed in 0..trials {
        let data = make(seed);
        with_engine(&data, &settings, &[0.0; SMALL], |engine, control| {
            let mut constants = Constants::new(engine, &settings, control).unwrap();
            let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
            let g = gradient_of(engine, &Block::new(engine.penalty, (0..SMALL).collect()), control);
            let choice = selector.next(engine, &constants, control).unwrap();
            let found = gsq_score(&data, choice.block.columns(), &g, 1.0);
            let score = |b: &Vec<usize>| gsq_score(&data, b, &g, 1.0);
            let best = subsets(SMALL, size).iter().map(score).fold(0.0, f64::max);
            let single = (0..SMALL).map(|j| score(&vec![j])).fold(0.0, f64::max);
            assert!(found >= single * (1.0 - 1e-12), "worse than one coordinate");
            assert!(found <= best * (1.0 + 1e-12));
            hits += u32::from(found >= best * (1.0 - 1e-9));
            worst = worst.min(found / best);
        });
    }
    (f64::from(hits) / trials as f64, worst)
}

/// Orthogonal columns of different lengths: sines on a grid.
fn orthogonal(seed: u64) -> Data {
    let mut result = data(20, SMALL, "squared", seed);
    let mut n = Numbers(seed);
    for j in 0..SMALL {
        let size = 1.5 + n.next();
        let wave = |r: usize| (std::f64::consts::PI * ((r + 1) * (j + 1)) as f64 / 21.0).sin();
        (0..20).for_each(|r| result.a[j * 20 + r] = size * wave(r));
    }
    result
}

#[test]
fn forward_selection_is_best_on_orthogonal_columns_and_mostly_on_others() {
    for size in [1, 2, 3, 5, SMALL] {
        let (share, _) = forward_selection_against_brute_force(orthogonal, size);
        assert_eq!(share, 1.0, "orthogonal, {size}");
        let (share, worst) =
            forward_selection_against_brute_force(|seed| data(15, SMALL, "squared", seed), size);
        assert!(share >= 0.5 && worst >= 0.5, "size {size}: best in {share}, at least {worst} of the best");
    }
}

#[test]
fn with_blocks_of_one_all_second_order_rules_are_the_classic_one() {
    for (rule, blocks) in [("gsq", "variable"), ("gsd", "variable"), ("gsq", "fixed"), ("gsl", "fixed")] {
        at_selectors(rule, blocks, "order", 1, |_, engine, _, g, chosen, _| {
            let score = |u: usize| decrease(engine, u, g[u], engine.lipschitz[u]);
            let best = (0..SMALL).map(score).fold(0.0, f64::max);
            assert!(score(chosen[0]) >= best - 1e-9 * (1e-6 + best), "{rule} {blocks} {chosen:?}");
        });
    }
}

#[test]
fn one_matrix_step_on_all_coordinates_solves_least_squares() {
    let text = SMALL.to_string();
    for seed in 0..10 {
        let data = data(20, SMALL, "squared", seed);
        let every: Vec<usize> = (0..SMALL).collect();
        let right: Vec<f64> = every.iter().map(|&j| dot(data.column(j), &data.y)).collect();
        let expected = solve_small(&data.bound(&every, 1.0), &right);
        for rule in ["gs", "gsl", "gsd", "gsq", "cyclic", "random", "lipschitz"] {
            for blocks in ["fixed", "variable"] {
                let pairs = [("penalty", "none"), ("rule", rule), ("blocks", blocks), ("block_size", &text)];
                let settings = settings(&pairs);
                with_engine(&data, &settings, &[0.0; SMALL], |engine, control| {
                    let mut constants = Constants::new(engine, &settings, control).unwrap();
                    let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
                    let choice = selector.next(engine, &constants, control).unwrap();
                    engine.bound_step(&choice.block, Metric::Bound, control).unwrap();
                    for (found, expected) in engine.state.x.iter().zip(&expected) {
                        assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{rule} {blocks}");
                    }
                });
            }
        }
    }
}

/// The linear rate of GSL on fixed blocks with gradient steps. The rule picks the block of the largest
/// `|g_b|^2 / L_b`, which is at least `sum_b |g_b|^2 / sum_b L_b = |g|^2 / sum_b L_b` (a mean weighted by `L_b`); the
/// step lowers `f` by half of it; and `|g|^2 / 2 >= mu (f - f*)`. So
/// `f_{k+1} - f* <= (1 - mu / sum_b L_b) (f_k - f*)`.
#[test]
fn gsl_with_gradient_steps_converges_at_the_promised_rate() {
    for (seed, size) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, SMALL)] {
        let data = data(30, SMALL, "squared", seed);
        let every: Vec<usize> = (0..SMALL).collect();
        let h = data.bound(&every, 1.0);
        let right: Vec<f64> = every.iter().map(|&j| dot(data.column(j), &data.y)).collect();
        let best = 0.5 * dot(&data.y, &data.y) - 0.5 * dot(&right, &solve_small(&h, &right));
        let mu = least(&eigenvalues(h));
        let text = size.to_string();
        let pairs = [
            ("penalty", "none"),
            ("rule", "gsl"),
            ("blocks", "fixed"),
            ("block_size", &text),
            ("update", "gradient"),
        ];
        let settings = settings(&pairs);
        with_engine(&data, &settings, &[1.0; SMALL], |engine, control| {
            let mut constants = Constants::new(engine, &settings, control).unwrap();
            let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
            let rate = 1.0 - mu / constants.fixed.iter().sum::<f64>();
            assert!(mu > 0.0 && rate < 1.0);
            let mut distance = objective(&data, engine) - best;
            for _ in 0..300 {
                let choice = selector.next(engine, &constants, control).unwrap();
                let constant = constants.block(engine, &choice, control).unwrap();
                gradient::update(engine, &choice.block, constant, control).unwrap();
                let next = objective(&data, engine) - best;
                assert!(next <= rate * distance + 1e-12 * best, "{next:e} {distance:e} {rate}");
                distance = next;
            }
        });
    }
}
