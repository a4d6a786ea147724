//! GSQ on variable blocks of groups, against brute force over sets of groups.

use super::paper::{Data, LAMBDA, Numbers, data, dot, gsq_score, settings, subsets, with_engine_at};
use crate::bcd::block::Block;
use crate::bcd::engine::Engine;
use crate::bcd::rules::constants::Constants;
use crate::bcd::rules::select::Selector;
use crate::bcd::smooth::Smooth;
use crate::bcd::updates::model_step::block_gradient;
use crate::runtime::Control;

const GROUPS: usize = 6;

/// The groups that a rule chooses at `x`, with the gradient there.
fn chosen(
    problem: &Data,
    lambda: f64,
    pairs: &[(&str, &str)],
    x: &[f64],
    body: impl FnOnce(&Engine<'_>, &[f64], &[usize], &mut Control<'_>),
) {
    let settings = settings(pairs);
    with_engine_at(lambda, problem, &settings, x, |engine, control| {
        let mut constants = Constants::new(engine, &settings, control).unwrap();
        let mut selector = Selector::new(&settings, engine, &mut constants, control).unwrap();
        let every = Block::new(engine.penalty, (0..engine.penalty.units()).collect());
        let ordered = every.columns().iter().enumerate().all(|(k, j)| k == *j);
        assert!(ordered, "groups are consecutive");
        let g = block_gradient(engine, &every, control).unwrap();
        let choice = selector.next(engine, &constants, control).unwrap();
        body(engine, &g, choice.block.units(), control);
    });
}

/// The columns of some groups of `width`.
fn columns(groups: &[usize], width: usize) -> Vec<usize> {
    groups.iter().flat_map(|u| u * width..(u + 1) * width).collect()
}

#[test]
fn without_a_penalty_each_group_is_the_best_beside_those_before_it() {
    for search in ["schur", "pool"] {
        let (mut least, mut mean, mut trials) = (1.0_f64, 0.0, 0.0);
        for (width, size) in [(2, 1), (2, 3), (3, 2), (3, 4)] {
            for seed in 0..20 {
                let problem = data(30, GROUPS * width, "squared", seed);
                let (width_text, size_text) = (width.to_string(), size.to_string());
                let pairs = [
                    ("penalty", "group"),
                    ("group_size", &width_text[..]),
                    ("rule", "gsq"),
                    ("gsq_search", search),
                    ("block_size", &size_text[..]),
                ];
                let x = vec![0.0; GROUPS * width];
                chosen(&problem, 0.0, &pairs, &x, |_, g, groups, _| {
                    assert_eq!(groups.len(), size);
                    let score = |groups: &[usize]| gsq_score(&problem, &columns(groups, width), g, 1.0);
                    for count in 1..=size {
                        let before = &groups[..count - 1];
                        let with = |u: usize| score(&[before, &[u]].concat());
                        let best = (0..GROUPS).filter(|u| !before.contains(u)).map(with).fold(0.0, f64::max);
                        assert!(score(&groups[..count]) >= best * (1.0 - 1e-9), "{search} {groups:?}");
                    }
                    let all = subsets(GROUPS, size);
                    let best = all.iter().map(|groups| score(groups)).fold(0.0, f64::max);
                    least = least.min(score(groups) / best);
                    mean += score(groups) / best;
                    trials += 1.0;
                });
            }
        }
        assert!(least > 0.7 && mean / trials > 0.98, "{search}: {least} {}", mean / trials);
    }
}

/// The decrease of the bound and the penalty over groups, by many proximal steps from the raw data.
fn decrease_with_penalty(
    problem: &Data,
    engine: &Engine<'_>,
    groups: &[usize],
    width: usize,
    g: &[f64],
) -> f64 {
    let list = columns(groups, width);
    let h = problem.bound(&list, 1.0);
    let trace: f64 = (0..list.len()).map(|k| h[k][k]).sum();
    let from: Vec<f64> = list.iter().map(|&j| engine.x()[j]).collect();
    let mut to = from.clone();
    for _ in 0..4000 {
        let step: Vec<f64> = to.iter().zip(&from).map(|(t, f)| t - f).collect();
        for k in 0..list.len() {
            to[k] -= (g[list[k]] + dot(&h[k], &step)) / trace;
        }
        for (i, &u) in groups.iter().enumerate() {
            engine.penalty.prox(u, trace, &mut to[i * width..(i + 1) * width]);
        }
    }
    let step: Vec<f64> = to.iter().zip(&from).map(|(t, f)| t - f).collect();
    let smooth: f64 = (0..list.len()).map(|k| step[k] * (g[list[k]] + 0.5 * dot(&h[k], &step))).sum();
    let value = |at: &[f64]| -> f64 {
        let part = |(i, &u): (usize, &usize)| engine.penalty.unit_value(u, &at[i * width..(i + 1) * width]);
        groups.iter().enumerate().map(part).sum()
    };
    -(smooth + value(&to) - value(&from))
}

#[test]
fn with_a_penalty_the_first_group_is_the_best_and_the_block_near_the_best_of_all() {
    let width = 2;
    for penalty in ["group", "sparse-group"] {
        let (mut schur, mut gsd, mut iht, mut trials) = (0.0, 0.0, 0.0, 0.0);
        for seed in 0..20 {
            let mut problem = data(30, GROUPS * width, "squared", seed);
            // Neighbours are alike, so that the diagonal rule takes the same thing twice.
            for k in 30..problem.a.len() {
                problem.a[k] = 0.4 * problem.a[k] + 0.8 * problem.a[k - 30];
            }
            let mut n = Numbers(seed);
            let x: Vec<f64> =
                (0..GROUPS * width).map(|k| if k / 2 % 3 == 0 { 0.5 * n.next() } else { 0.0 }).collect();
            for size in [1, 2] {
                let text = size.to_string();
                let found = |rule: &str, search: &str| {
                    let pairs = [
                        ("penalty", penalty),
                        ("group_size", "2"),
                        ("rule", rule),
                        ("gsq_search", search),
                        ("block_size", &text[..]),
                    ];
                    let (mut share, mut groups) = (0.0, Vec::new());
                    chosen(&problem, LAMBDA, &pairs, &x, |engine, g, taken, _| {
                        let score =
                            |groups: &[usize]| decrease_with_penalty(&problem, engine, groups, width, g);
                        let best = subsets(GROUPS, size).iter().map(|b| score(b)).fold(0.0, f64::max);
                        share = score(taken) / best;
                        groups = taken.to_vec();
                    });
                    (share, groups)
                };
                let (share, groups) = found("gsq", "schur");
                if size == 1 {
                    assert!(share >= 1.0 - 1e-6, "{penalty} {seed}: {share}");
                }
                assert_eq!(groups.len(), size);
                assert_eq!(groups, found("gsq", "pool").1, "a pool that holds all groups is no pool");
                schur += share;
                iht += found("gsq", "iht").0;
                gsd += found("gsd", "auto").0;
                trials += 1.0;
            }
        }
        let report = format!("{penalty}: schur {schur} iht {iht} gsd {gsd} of {trials}");
        assert!(schur > 0.95 * trials && schur > gsd && schur > iht && iht > 0.2 * trials, "{report}");
    }
}

#[test]
fn groups_that_repeat_those_chosen_are_passed_over() {
    let mut problem = data(20, 12, "squared", 5);
    for k in 6 * 20..12 * 20 {
        problem.a[k] = -3.0 * problem.a[k - 6 * 20];
    }
    for search in ["schur", "pool", "pursuit"] {
        let pairs = [
            ("penalty", "group"),
            ("group_size", "2"),
            ("rule", "gsq"),
            ("gsq_search", search),
            ("block_size", "5"),
        ];
        chosen(&problem, 0.0, &pairs, &[0.0; 12], |_, _, groups, _| {
            let mut kinds: Vec<usize> = groups.iter().map(|u| u % 3).collect();
            kinds.sort_unstable();
            assert_eq!(kinds, [0, 1, 2], "{search}");
        });
    }
}
