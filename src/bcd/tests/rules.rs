//! The rules beyond those of `paper_tests`: GSC, the ways to GSQ, proximal rules, permuted order, and gradients that
//! are followed from block to block.

use super::paper::{
    Data, LAMBDA, Numbers, PENALTIES, data, decrease, dot, gsq_score, settings, subsets, violation,
    with_engine,
};
use super::updates::sparse_data;
use crate::bcd::block::Block;
use crate::bcd::engine::{Engine, GramCache};
use crate::bcd::plan::Paper;
use crate::bcd::problem::Problem;
use crate::bcd::rules::constants::Constants;
use crate::bcd::rules::followed::Followed;
use crate::bcd::rules::forward::Forward;
use crate::bcd::rules::select::Selector;
use crate::bcd::scaled::Scaled;
use crate::bcd::settings::{Gradients, GsqSearch, Settings};
use crate::bcd::smooth::{Changed, Metric, Smooth};
use crate::bcd::solve::Solve;
use crate::bcd::state::State;
use crate::bcd::updates::model_step::block_gradient;
use crate::model::Penalty;
use crate::model::penalty::{Coordinate, Separable};
use crate::runtime::Control;
use crate::runtime::parallel::Team;

fn all_coordinates(engine: &Engine<'_>) -> Block {
    Block::new(engine.penalty, (0..engine.penalty.units()).collect())
}

/// The first block that the options choose at `x`, with the gradient there.
fn first_choice(
    problem: &Data,
    pairs: &[(&str, &str)],
    x: &[f64],
    body: impl FnOnce(&Engine<'_>, &Constants, &[f64], &[usize], &mut Control<'_>),
) {
    let settings = settings(pairs);
    with_engine(problem, &settings, x, |engine, control| {
        let mut constants = Constants::new(engine, &settings, control).unwrap();
        let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
        let g = block_gradient(engine, &all_coordinates(engine), control).unwrap();
        let choice = selector.next(engine, &constants, control).unwrap();
        body(engine, &constants, &g, choice.block.columns(), control);
    });
}

/// The least of a convex function of one variable, by golden sections around 0.
fn least_of(model: impl Fn(f64) -> f64, reach: f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (-reach, reach);
    for _ in 0..200 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if model(a) <= model(b) { high = b } else { low = a }
    }
    model(0.5 * (low + high)).min(model(0.0))
}

#[test]
fn the_cubic_rule_picks_the_largest_decrease_of_the_cubic_model() {
    for loss in ["squared", "logistic"] {
        for penalty in [0, 1, 3] {
            for seed in 0..20 {
                for problem in [data(25, 9, loss, seed), sparse_data(300, 9, 5, loss, seed)] {
                    let mut n = Numbers(seed);
                    let x: Vec<f64> = (0..9).map(|k| if k % 3 == 0 { 0.0 } else { n.next() }).collect();
                    let mut pairs = vec![("loss", loss), ("rule", "gsc")];
                    pairs.extend_from_slice(PENALTIES[penalty]);
                    first_choice(&problem, &pairs, &x, |engine, constants, g, chosen, control| {
                        let mut h = vec![0.0; 9];
                        engine.diagonal(&(0..9).collect::<Vec<usize>>(), &mut h, control).unwrap();
                        let score = |j: usize| {
                            let third = constants.third[j];
                            let cubes: f64 = problem.column(j).iter().map(|a| a.abs().powi(3)).sum();
                            let rho = if loss == "squared" { 0.0 } else { 0.096_225_044_864_937_6 };
                            assert!((third - rho * cubes).abs() <= 1e-12 * third);
                            let x = engine.x()[j];
                            let value = |to: f64| engine.penalty.unit_value(j, &[to]);
                            let smooth =
                                |d: f64| g[j] * d + 0.5 * h[j] * d * d + third / 6.0 * d.abs().powi(3);
                            -least_of(|d| smooth(d) + value(x + d) - value(x), 50.0)
                        };
                        let best = (0..9).map(score).fold(0.0, f64::max);
                        assert!(score(chosen[0]) >= best - 1e-7 * (1e-7 + best), "{chosen:?}");
                    });
                }
            }
        }
    }
}

/// `t = 2|g| / (h + sqrt(h^2 + 2M|g|))` and `h t^2/2 + M t^3/3` against a search.
#[test]
fn the_closed_form_of_the_cubic_rule() {
    with_engine(&data(5, 1, "logistic", 0), &settings(&[("penalty", "none")]), &[0.0], |engine, _| {
        let mut n = Numbers(3);
        for _ in 0..200 {
            let (g, h, third) = (2.0 * n.next(), n.next().abs(), n.next().abs() * 10.0);
            let found = crate::bcd::updates::cubic::unit_decrease(engine.penalty, 0, &[0.0], &[g], h, third);
            let model = |d: f64| g * d + 0.5 * h * d * d + third / 6.0 * d.abs().powi(3);
            let expected = -least_of(model, 1e3);
            assert!((found - expected).abs() <= 1e-9 * (1e-6 + expected), "{found} {expected}");
        }
        assert_eq!(
            crate::bcd::updates::cubic::unit_decrease(engine.penalty, 0, &[0.0], &[2.0], 4.0, 0.0),
            0.5
        );
    });
}

#[test]
fn the_cubic_rule_on_fixed_blocks_picks_the_best_of_the_partition() {
    for seed in 0..20 {
        let problem = data(25, 8, "logistic", seed);
        let pairs = [
            ("loss", "logistic"),
            ("rule", "gsc"),
            ("penalty", "none"),
            ("blocks", "fixed"),
            ("partition", "order"),
            ("block_size", "2"),
        ];
        let mut n = Numbers(seed);
        let x: Vec<f64> = (0..8).map(|_| n.next()).collect();
        first_choice(&problem, &pairs, &x, |engine, _, _, chosen, control| {
            let mut score = |b: &[usize]| {
                let block = Block::new(engine.penalty, b.to_vec());
                let h = engine.curvature(Metric::Hessian, b, control).unwrap();
                let g = block_gradient(engine, &block, control).unwrap();
                let third = engine.hessian_lipschitz(b, control).unwrap().unwrap();
                crate::bcd::updates::cubic::minimize(engine, &block, &h, &g, third, control).unwrap().1
            };
            let found = score(chosen);
            let best = (0..4).map(|k| score(&[2 * k, 2 * k + 1])).fold(0.0, f64::max);
            assert!(found >= best * (1.0 - 1e-9));
        });
    }
}

/// `g_b' B_b^-1 g_b / 2` of the blocks that the ways to GSQ find, in the order asked for.
fn scores_of_ways(problem: &Data, size: usize, ways: &[GsqSearch]) -> Vec<f64> {
    let mut found = Vec::new();
    let x = vec![0.0; problem.cols];
    with_engine(problem, &settings(&[("penalty", "none")]), &x, |engine, control| {
        let every: Vec<usize> = (0..problem.cols).collect();
        let g = block_gradient(engine, &all_coordinates(engine), control).unwrap();
        let gsd: Vec<f64> = every.iter().map(|&j| g[j] * g[j] / engine.lipschitz[j]).collect();
        for &way in ways {
            let all = all_coordinates(engine);
            let mut forward = Forward::new(engine, way, &all, size, 1000, control).unwrap();
            let list = forward
                .pool(size)
                .map_or(every.clone(), |pool| crate::bcd::rules::ranking::largest(&gsd, pool));
            let candidates = Block::new(engine.penalty, list);
            let block = forward.select(engine, &candidates, size, &g, control).unwrap();
            assert_eq!(block.len(), size);
            found.push(gsq_score(problem, &block, &g, 1.0));
        }
        found.push(gsq_score(problem, &crate::bcd::rules::ranking::largest(&gsd, size), &g, 1.0));
    });
    found
}

/// Columns of zeros have no curvature, and all are dependent: a block is not empty all the same.
#[test]
fn a_block_of_columns_without_curvature_has_a_unit() {
    let mut problem = data(10, 80, "squared", 1);
    problem.a.iter_mut().for_each(|a| *a = 0.0);
    let x = vec![0.0; problem.cols];
    with_engine(&problem, &settings(&[("penalty", "none")]), &x, |engine, control| {
        // The solver keeps such columns where they are; here they are free.
        let free = Coordinate { l1: 0.0, l2: 0.0, lower: f64::NEG_INFINITY, upper: f64::INFINITY };
        let penalty = Penalty::Separable(Separable::uniform(free, problem.cols));
        let state = State::new(engine.scaled, x.clone(), 0.0, control).unwrap();
        let grams = GramCache::default();
        let engine = Engine::new(engine.scaled, &penalty, engine.team, state, engine.lipschitz, grams);
        let engine = &engine;
        let all = all_coordinates(engine);
        for way in [GsqSearch::Schur, GsqSearch::Pool, GsqSearch::Pursuit] {
            let mut forward = Forward::new(engine, way, &all, 4, 1000, control).unwrap();
            let g = vec![0.0; problem.cols];
            assert_eq!(forward.select(engine, &all, 4, &g, control).unwrap(), [0], "{way:?}");
        }
    });
}

const WAYS: [GsqSearch; 4] = [GsqSearch::Schur, GsqSearch::Pool, GsqSearch::Pursuit, GsqSearch::Iht];

/// Forward selection among all beats the pool, and the pool the diagonal rule: in the mean of the decreases, and in
/// nearly all problems one by one.
#[test]
fn looking_at_more_candidates_finds_better_blocks() {
    let (trials, size) = (60, 8);
    let mut mean = [0.0; 5];
    let (mut over_pool, mut over_gsd) = (0, 0);
    for seed in 0..trials {
        // Neighbours are strongly correlated, so that the diagonal rule takes the same thing many times.
        let mut problem = data(60, 120, "squared", seed);
        for j in 1..120 {
            for r in 0..60 {
                let before = problem.a[(j - 1) * 60 + r];
                problem.a[j * 60 + r] = 0.9 * before + 0.4 * problem.a[j * 60 + r];
            }
        }
        let found = scores_of_ways(&problem, size, &WAYS);
        let largest = found.iter().copied().fold(0.0, f64::max);
        mean.iter_mut().zip(&found).for_each(|(m, f)| *m += f / largest / trials as f64);
        over_pool += u32::from(found[0] >= found[1] * (1.0 - 1e-9));
        over_gsd += u32::from(found[1] >= found[4] * (1.0 - 1e-9));
    }
    let [schur, pool, pursuit, iht, gsd] = mean;
    let report =
        format!("schur {schur} pool {pool} pursuit {pursuit} iht {iht} gsd {gsd}: {over_pool} {over_gsd}");
    assert!(schur >= pool && pool > gsd && schur > pursuit && schur > iht && iht > gsd, "{report}");
    assert!(over_pool >= 54 && over_gsd >= 57, "{report}");
}

#[test]
fn the_ways_to_the_quadratic_rule_come_near_the_best_of_all_subsets() {
    let mut least = [1.0_f64; 4];
    for seed in 0..40 {
        let n = 9 + (seed % 4) as usize;
        let problem = data(20, n, "squared", seed);
        for size in [1, 2, 4] {
            let found = scores_of_ways(&problem, size, &WAYS);
            with_engine(&problem, &settings(&[("penalty", "none")]), &vec![0.0; n], |engine, control| {
                let g = block_gradient(engine, &all_coordinates(engine), control).unwrap();
                let best =
                    subsets(n, size).iter().map(|b| gsq_score(&problem, b, &g, 1.0)).fold(0.0, f64::max);
                for (least, found) in least.iter_mut().zip(&found) {
                    assert!(*found <= best * (1.0 + 1e-9));
                    *least = least.min(found / best);
                }
                if size == 1 {
                    assert!(found[0] >= best * (1.0 - 1e-9) && found[2] >= best * (1.0 - 1e-9));
                }
            });
        }
    }
    assert!(least[0] > 0.7 && least[1] > 0.7 && least[2] > 0.6 && least[3] > 0.15, "{least:?}");
}

/// Schur complements pass over a copy of a column that is chosen already.
#[test]
fn forward_selection_never_takes_a_column_twice() {
    let mut problem = data(20, 10, "squared", 4);
    for j in 5..10 {
        for r in 0..20 {
            problem.a[j * 20 + r] = -2.0 * problem.a[(j - 5) * 20 + r];
        }
    }
    let pairs = [("penalty", "none"), ("rule", "gsq"), ("block_size", "8"), ("gsq_search", "schur")];
    first_choice(&problem, &pairs, &[0.0; 10], |_, _, _, chosen, _| {
        let mut kinds: Vec<usize> = chosen.iter().map(|j| j % 5).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn proximal_rules_score_by_subgradient_step_or_decrease() {
    for loss in ["squared", "logistic"] {
        for penalty in [0, 1, 3] {
            for seed in 0..10 {
                let problem = data(25, 9, loss, seed);
                let mut n = Numbers(seed);
                let x: Vec<f64> = (0..9).map(|k| if k % 3 == 0 { 0.0 } else { n.next() }).collect();
                for rule in ["gs", "gsl", "gsd"] {
                    for prox in ["subgradient", "residual", "decrease"] {
                        let mut pairs =
                            vec![("loss", loss), ("rule", rule), ("prox_rule", prox), ("block_size", "3")];
                        pairs.extend_from_slice(PENALTIES[penalty]);
                        first_choice(&problem, &pairs, &x, |engine, constants, g, chosen, _| {
                            let common = engine.lipschitz.iter().copied().fold(0.0, f64::max);
                            let score = |j: usize| {
                                let h = match rule {
                                    "gs" => common,
                                    "gsl" => constants.diagonal[j],
                                    _ => engine.lipschitz[j],
                                };
                                match prox {
                                    "subgradient" if rule == "gs" => violation(engine, j, g[j]),
                                    "subgradient" => violation(engine, j, g[j]) / h.sqrt(),
                                    "residual" => h.sqrt() * prox_length(engine, j, g[j], h),
                                    _ => decrease(engine, j, g[j], h),
                                }
                            };
                            let mut scores: Vec<f64> = (0..9).map(score).collect();
                            let found: f64 = chosen.iter().map(|&j| scores[j]).sum();
                            scores.sort_by(|a, b| b.total_cmp(a));
                            let best: f64 = scores[..3].iter().sum();
                            assert!(found >= best - 1e-6 * (1e-6 + best), "{rule} {prox} {chosen:?}");
                        });
                    }
                }
            }
        }
    }
}

/// The length of the proximal step by cases.
fn prox_length(engine: &Engine<'_>, j: usize, g: f64, h: f64) -> f64 {
    let x = engine.x()[j];
    let model = |to: f64| g * (to - x) + 0.5 * h * (to - x) * (to - x) + engine.penalty.unit_value(j, &[to]);
    let points = [0.0, -0.3, 0.5, x - g / h, x - (g + LAMBDA) / h, x - (g - LAMBDA) / h];
    let best = points.into_iter().min_by(|a, b| model(*a).total_cmp(&model(*b))).unwrap();
    (best - x).abs()
}

#[test]
fn a_permuted_sweep_covers_every_unit_once_and_the_next_one_in_another_order() {
    for blocks in ["variable", "fixed"] {
        let pairs = [("rule", "permuted"), ("blocks", blocks), ("block_size", "3"), ("penalty", "none")];
        let settings = settings(&pairs);
        with_engine(&data(20, 11, "squared", 1), &settings, &[0.0; 11], |engine, control| {
            let mut constants = Constants::new(engine, &settings, control).unwrap();
            let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
            let mut sweeps = Vec::new();
            for _ in 0..3 {
                let mut seen = Vec::new();
                for _ in 0..4 {
                    seen.extend_from_slice(
                        selector.next(engine, &constants, control).unwrap().block.columns(),
                    );
                }
                sweeps.push(seen.clone());
                seen.sort_unstable();
                assert_eq!(seen, (0..11).collect::<Vec<usize>>());
            }
            assert!(sweeps[0] != sweeps[1] && sweeps[1] != sweeps[2]);
        });
    }
}

/// Runs `count` blocks and gives them, with the engine's work.
fn run_blocks(problem: &Data, settings: &Settings, count: usize) -> (Vec<Vec<usize>>, Vec<f64>, u64) {
    let (mut chosen, mut x, mut work) = (Vec::new(), Vec::new(), 0);
    with_engine(problem, settings, &vec![0.0; problem.cols], |engine, control| {
        let mut paper = Paper::new(settings, engine, control).unwrap();
        let before = control.work();
        for _ in 0..count {
            let choice = paper.select(engine, control).unwrap();
            paper.update(engine, &choice, control).unwrap();
            chosen.push(choice.block.columns().to_vec());
        }
        work = control.work() - before;
        x = engine.x().to_vec();
    });
    (chosen, x, work)
}

#[test]
fn a_followed_gradient_selects_what_a_fresh_one_does() {
    let sparse = |loss: &str| sparse_data(600, 300, 4, loss, 3);
    for (loss, way, problem) in [
        ("squared", "rows", sparse("squared")),
        ("logistic", "rows", sparse("logistic")),
        ("squared", "gram", sparse("squared")),
        ("squared", "gram", data(60, 40, "squared", 3)),
    ] {
        for rule in ["gs", "gsl", "gsd", "gsq", "gsc"] {
            for (blocks, size, update, penalty) in [
                ("variable", "1", "exact", 1),
                ("variable", "3", "matrix", 0),
                ("fixed", "2", "newton", 1),
                ("fixed", "1", "gradient", 3),
                ("variable", "2", "cubic", 0),
            ] {
                let run = |gradients: &str| {
                    let mut pairs = vec![
                        ("loss", loss),
                        ("rule", rule),
                        ("blocks", blocks),
                        ("block_size", size),
                        ("update", update),
                        ("greedy_gradient", gradients),
                    ];
                    pairs.extend_from_slice(PENALTIES[penalty]);
                    run_blocks(&problem, &settings(&pairs), 25)
                };
                let (fresh, followed) = (run("recompute"), run(way));
                assert_eq!(fresh.0, followed.0, "{loss} {way} {rule} {blocks} {update}");
            }
        }
    }
}

#[test]
fn following_by_rows_costs_little_where_both_orders_are_sparse() {
    let problem = sparse_data(3000, 2000, 3, "logistic", 1);
    let run = |gradients: &str| {
        let pairs = [
            ("loss", "logistic"),
            ("penalty", "none"),
            ("rule", "gsd"),
            ("update", "exact"),
            ("greedy_gradient", gradients),
        ];
        run_blocks(&problem, &settings(&pairs), 300)
    };
    let (fresh, rows, auto) = (run("recompute"), run("rows"), run("auto"));
    assert_eq!(fresh.0, rows.0);
    assert_eq!((&rows.0, rows.2), (&auto.0, auto.2), "auto should go by rows");
    assert!(rows.2 * 6 < fresh.2, "{} against {}", rows.2, fresh.2);
}

/// After 100,000 moves without a fresh start.
#[test]
fn a_followed_gradient_stays_near_the_fresh_one() {
    let cases = [
        ("logistic", "false", Gradients::Rows, sparse_data(200, 80, 4, "logistic", 2)),
        ("squared", "false", Gradients::Rows, sparse_data(200, 80, 4, "squared", 2)),
        ("squared", "false", Gradients::Gram, sparse_data(200, 80, 4, "squared", 2)),
        ("squared", "true", Gradients::Gram, data(30, 20, "squared", 2)),
    ];
    for (loss, intercept, way, problem) in cases {
        let pairs = [("loss", loss), ("penalty", "none"), ("intercept", intercept)];
        with_engine(&problem, &settings(&pairs), &vec![0.0; problem.cols], |engine, control| {
            let every = all_coordinates(engine);
            let mut g = block_gradient(engine, &every, control).unwrap();
            let mut memory = Followed::new(engine, way, 1, control).unwrap();
            let mut n = Numbers(9);
            let mut largest = 0.0_f64;
            for _ in 0..100_000 {
                let size = 1 + n.below(3);
                let list = n.subset(size, problem.cols);
                let step: Vec<f64> = list.iter().map(|_| 0.3 * n.next()).collect();
                let to: Vec<f64> = list.iter().zip(&step).map(|(&j, s)| 0.9 * engine.x()[j] + s).collect();
                let step: Vec<f64> = list.iter().zip(&to).map(|(&j, t)| t - engine.x()[j]).collect();
                engine.move_to(&list, &to, control).unwrap();
                engine.recenter(control).unwrap();
                let changed = memory.follow(engine, &list, &step, &mut g, control).unwrap();
                let changed = changed.expect("it follows");
                assert_eq!(changed == Changed::All, way == Gradients::Gram);
                largest = largest.max(dot(&g, &g).sqrt());
            }
            let maintained = g.clone();
            engine.refresh(control).unwrap();
            let fresh = block_gradient(engine, &every, control).unwrap();
            let off: f64 = maintained.iter().zip(&fresh).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            assert!(off <= 1e-9 * largest, "{loss} {way:?}: {:e}", off / largest);
        });
    }
}

/// Where the strength falls to half or less, the strong rule expects everything, by the units that the penalty has.
#[test]
fn the_strong_rule_has_the_units_of_the_penalty() {
    let problem = Problem::new(data(20, 9, "squared", 3).matrix(), &data(20, 9, "squared", 3).y).unwrap();
    let mut weighted = problem.clone();
    weighted.set_groups(&[0, 0, 0, 1, 1, 1, 2, 2, 2], Some(&[1.0, 0.0, 2.0])).unwrap();
    let pairs = [("penalty", "sparse-group"), ("l1_ratio", "0.4"), ("lambda", "1")];
    let settings = settings(&pairs);
    let team = Team::solo();
    let solve = Solve { problem: &weighted, settings: &settings, team: &team };
    let scaled = Scaled::new(&weighted, &settings, &mut Control::new()).unwrap();
    for before in [1.0, 1.5, 2.0, 5.0] {
        let penalty = scaled.penalty(&weighted, &settings, 1.0).unwrap();
        let strong = solve.strong_penalty(&scaled, 1.0, before).unwrap();
        // Three groups, of which that without weight falls apart.
        assert_eq!((penalty.units(), strong.units()), (5, 5), "{before}");
        for u in 0..5 {
            assert_eq!(penalty.columns(u), strong.columns(u));
            let share = (2.0 - before).max(0.0);
            assert!((strong.dead_zone(u) - share * penalty.dead_zone(u)).abs() < 1e-8, "{before} {u}");
        }
    }
}
