//! Robust losses against what is known: the matrix under the outliers, the objective by its formula, and its slopes.

use super::super::tests::{Made, bits, completed, options};
use super::*;
use crate::altmin::alternation::{Alternation, Manner, Side};
use crate::altmin::half_step::{Damping, Solver};
use crate::altmin::regression::Accuracy;
use crate::altmin::sampling::uniform;
use crate::altmin::{Entries, Model, Problem, Repeats, solve};
use crate::runtime::Outcome;

const LOSSES: [&str; 3] = ["huber", "student", "trimmed"];

/// Entries of a matrix of rank 3, of which a share is far off; and which are.
fn spoilt(share: f64, noise: f64) -> (Made, impl Fn(usize, usize) -> f64, Vec<bool>) {
    let (mut made, truth) = Made::low_rank(60, 50, 3, 0.6, noise);
    let off: Vec<bool> = (0..made.value.len())
        .map(|e| uniform(77, made.row[e] as usize, made.col[e] as usize) < share)
        .collect();
    for e in (0..off.len()).filter(|&e| off[e]) {
        let (i, j) = (made.row[e] as usize, made.col[e] as usize);
        made.value[e] += if uniform(78, i, j) < 0.5 { -1.0 } else { 1.0 } * (8.0 + 12.0 * uniform(79, i, j));
    }
    (made, truth, off)
}

fn worst(model: &Model<f64>, truth: impl Fn(usize, usize) -> f64) -> f64 {
    let places = (0..60).flat_map(|i| (0..50).map(move |j| (i, j)));
    places.map(|(i, j)| (model.predict(i, j) - truth(i, j)).abs()).fold(0.0, f64::max)
}

#[test]
fn an_exact_matrix_is_recovered_from_under_gross_outliers() {
    let set =
        |loss| [("rank", "3"), ("ridge", "0"), ("tolerance", "1e-10"), ("loss", loss), ("outliers", "0.12")];
    for share in [0.05, 0.1] {
        let (made, truth, off) = spoilt(share, 0.0);
        let count = off.iter().filter(|off| **off).count();
        assert!(worst(&completed(made.entries(), &set("squared")).model, &truth) > 1.0);
        for loss in LOSSES {
            let solution = completed(made.entries(), &set(loss));
            let found = &solution.certificate;
            assert_eq!(solution.outcome, Outcome::Converged, "{loss} {share}");
            assert!(worst(&solution.model, &truth) < 1e-7, "{loss} {}", worst(&solution.model, &truth));
            // Huber's loss never lets an outlier go altogether: its share is that of the least scale.
            let left = if loss == "huber" { 1e-4 } else { 1e-8 };
            assert!(found.residual < left && found.gradient < 1e-8, "{loss} {found:?}");
            // Entries that fit to rounding are no outliers, though a larger share may be trimmed.
            assert_eq!(found.outliers, count, "{loss} {share}");
        }
    }
}

#[test]
fn single_precision_recovers_to_its_rounding() {
    let (made, truth, _) = spoilt(0.08, 0.0);
    for loss in LOSSES {
        let options = options(&[("rank", "3"), ("ridge", "0"), ("tolerance", "1e-5"), ("loss", loss)]);
        let control = &mut Control::new();
        let problem = Problem::<f32>::new(made.entries(), &options, control).unwrap();
        let model = solve(&problem, &options, None, control).unwrap().model;
        for (i, j) in (0..60).flat_map(|i| (0..50).map(move |j| (i, j))) {
            let error = (model.predict(i, j) - truth(i, j)).abs();
            assert!(error < 3e-3, "{loss} {i} {j} {error}");
        }
    }
}

/// With noise, biases and a ridge: nearer to the truth than squares, at a stationary point of the objective as its
/// formula has it.
#[test]
fn the_objective_is_its_formula_and_its_slopes_vanish() {
    let (made, truth, _) = spoilt(0.08, 0.1);
    let weight: Vec<f64> = (0..made.value.len()).map(|e| 0.5 + (e % 4) as f64 * 0.5).collect();
    let entries = Entries { weight: Some(&weight), ..made.entries() };
    for biases in ["false", "true"] {
        let set = |loss| {
            [
                ("rank", "3"),
                ("ridge", "0.005"),
                ("ridge_power", "1"),
                ("bias_ridge", "0.2"),
                ("tolerance", "1e-7"),
                ("loss", loss),
                ("biases", biases),
                ("max_iterations", "20000"),
            ]
        };
        let set = |loss| -> Vec<(&'static str, &'static str)> {
            set(loss).into_iter().filter(|(key, _)| biases == "true" || *key != "bias_ridge").collect()
        };
        let error = |model: &Model<f64>| {
            let places = (0..60).flat_map(|i| (0..50).map(move |j| (i, j)));
            (places.map(|(i, j)| (model.predict(i, j) - truth(i, j)).powi(2)).sum::<f64>() / 3000.0).sqrt()
        };
        let squared = error(&completed(entries, &set("squared")).model);
        for loss in LOSSES {
            let solution = completed(entries, &set(loss));
            let model = &solution.model;
            assert!(matches!(solution.outcome, Outcome::Converged | Outcome::Floor), "{loss}");
            assert!(error(model) < 0.3 * squared, "{loss} {} {squared}", error(model));
            assert!(solution.certificate.gradient < 1e-6, "{loss} {:?}", solution.certificate);
            let (u, v) = (model.factor(Side::Rows), model.factor(Side::Columns));
            let (b, c) = (model.biases(Side::Rows), model.biases(Side::Columns));
            let scale = model.scale;
            let objective = |u: &[f64], b: &[f64]| {
                let (mut total, mut degree) = (0.0, [vec![0.0; 60], vec![0.0; 50]]);
                for (e, weight) in weight.iter().enumerate() {
                    let (i, j) = (made.row[e] as usize, made.col[e] as usize);
                    let product: f64 = (0..3).map(|l| u[3 * i + l] * v[3 * j + l]).sum();
                    let bias = if b.is_empty() { 0.0 } else { b[i] + c[j] };
                    let r = made.value[e] - model.mean() - bias - product;
                    degree[0][i] += 1.0;
                    degree[1][j] += 1.0;
                    total += weight
                        * match model.loss {
                            Loss::Huber { bend } if r.abs() > bend * scale => {
                                bend * scale * (2.0 * r.abs() - bend * scale)
                            }
                            Loss::Student { spread } => {
                                (spread * scale).powi(2) * (1.0 + (r / (spread * scale)).powi(2)).ln()
                            }
                            Loss::Trimmed { limit, .. } if r.abs() > limit * scale => 0.0,
                            _ => r * r,
                        };
                }
                let squares = |x: &[f64], i: usize| x[3 * i..3 * i + 3].iter().map(|x| x * x).sum::<f64>();
                let bias = |b: &[f64], i: usize| b.get(i).map_or(0.0, |b| b * b);
                for (i, degree) in degree[0].iter().enumerate() {
                    total += degree * (0.005 * squares(u, i) + 0.2 * bias(b, i));
                }
                for (j, degree) in degree[1].iter().enumerate() {
                    total += degree * (0.005 * squares(&v, j) + 0.2 * bias(&c, j));
                }
                total
            };
            let value = objective(&u, &b);
            // The entry at the limit counts in part.
            let slack = if loss == "trimmed" { 2e-3 } else { 1e-9 };
            assert!(
                (value - solution.objective).abs() < slack * value,
                "{loss} {value} {}",
                solution.objective
            );
            for at in [0, 7, 100, 179] {
                let h = 1e-5;
                let moved = |h: f64| {
                    let mut u = u.clone();
                    u[at] += h;
                    objective(&u, &b)
                };
                let (slope, bend) =
                    ((moved(h) - moved(-h)) / (2.0 * h), (moved(h) + moved(-h) - 2.0 * value) / (h * h));
                // A Newton step from here would move by less than a millionth (an entry at the limit: a little more).
                let enough = if loss == "trimmed" { 1e-2 } else { 1e-5 };
                assert!(slope.abs() < enough * bend, "{loss} {at} {slope} {bend}");
            }
        }
    }
}

#[test]
fn no_sweep_of_a_stage_raises_the_cost() {
    let (made, _, _) = spoilt(0.1, 0.2);
    let team = Team::solo();
    let control = &mut Control::new();
    let seen = Observations::<f64>::new(made.entries(), Repeats::Error, control).unwrap();
    for kind in [LossKind::Huber, LossKind::Student, LossKind::Trimmed(0.15)] {
        let factors = crate::altmin::recovery::start_from(&seen, 3, 1, &team, control).unwrap().unwrap();
        let mut state = State { factors, offsets: crate::altmin::offsets::Offsets::none() };
        let mut robust = Robust::new(&seen, kind, 1e-8, &state, &team, control).unwrap();
        if matches!(kind, LossKind::Trimmed(_)) {
            robust.trims = true;
            robust.apply(&state, &team, control).unwrap();
        } else {
            robust.scale *= 0.3;
            robust.apply(&state, &team, control).unwrap();
        }
        let damping = Damping { ridge: 0.1, ..Damping::default() };
        let manner =
            Manner { orthonormal: false, damping, accuracy: Accuracy::ROUNDING, solver: Solver::Direct };
        let penalty = |state: &State<f64>| -> f64 {
            let squares = |x: &crate::numerics::tall::Tall<f64>| x.data().iter().map(|x| x * x).sum::<f64>();
            0.1 * (squares(&state.factors.u) + squares(&state.factors.v))
        };
        let mut last = robust.last().cost + penalty(&state);
        for sweep in 0..60 {
            let alternation = Alternation { observations: robust.observations(), prior: None, team: &team };
            alternation.sweep(&mut state.factors, manner, control).unwrap();
            robust.weigh(&state, &team, control).unwrap();
            let next = robust.last().cost + penalty(&state);
            assert!(next <= last * (1.0 + 1e-12), "{kind:?} {sweep}: {last} {next}");
            last = next;
        }
    }
}

#[test]
fn both_orders_have_the_same_weights_and_they_are_those_of_the_loss() {
    let (made, _, _) = spoilt(0.1, 0.2);
    let weight: Vec<f64> = (0..made.value.len()).map(|e| 1.0 + (e % 3) as f64).collect();
    let entries = Entries { weight: Some(&weight), ..made.entries() };
    let (team, control) = (Team::solo(), &mut Control::new());
    let seen = Observations::<f64>::new(entries, Repeats::Error, control).unwrap();
    let factors = crate::altmin::recovery::start_from(&seen, 3, 1, &team, control).unwrap().unwrap();
    let state = State { factors, offsets: crate::altmin::offsets::Offsets::mean_of(&seen) };
    for kind in [LossKind::Huber, LossKind::Student, LossKind::Trimmed(0.15)] {
        let mut robust = Robust::new(&seen, kind, 1e-8, &state, &team, control).unwrap();
        robust.trims = true;
        robust.apply(&state, &team, control).unwrap();
        let weighed = robust.observations();
        let mut lowered = 0;
        for (e, own) in weight.iter().enumerate() {
            let (i, j) = (made.row[e] as usize, made.col[e] as usize);
            let find = |line: crate::altmin::observations::Line<'_, f64>, at: usize| {
                line.weight.unwrap()[line.index.iter().position(|x| *x as usize == at).unwrap()]
            };
            let (of_row, of_col) = (find(weighed.by_row().line(i), j), find(weighed.by_col().line(j), i));
            assert_eq!(of_row, of_col);
            let r = made.value[e] - crate::altmin::fit::entry(&state.factors, &state.offsets, i, j);
            assert!((of_row - own * robust.loss().weight(r)).abs() < 1e-12);
            lowered += usize::from(of_row < *own);
        }
        assert!(lowered > 50, "{kind:?} {lowered}");
    }
}

#[test]
fn a_weight_of_two_is_an_entry_twice() {
    let (made, _, _) = spoilt(0.08, 0.1);
    let twice = |e: usize| e.is_multiple_of(3);
    let weight: Vec<f64> = (0..made.value.len()).map(|e| if twice(e) { 2.0 } else { 1.0 }).collect();
    let mut repeated =
        Made { row: made.row.clone(), col: made.col.clone(), value: made.value.clone(), ..made };
    for e in (0..weight.len()).filter(|e| twice(*e)) {
        repeated.row.push(made.row[e]);
        repeated.col.push(made.col[e]);
        repeated.value.push(made.value[e]);
    }
    for loss in LOSSES {
        let set = [
            ("rank", "3"),
            ("ridge", "0.5"),
            ("ridge_power", "0"),
            ("tolerance", "1e-9"),
            ("loss", loss),
            ("duplicates", "keep"),
        ];
        let weighted = completed(Entries { weight: Some(&weight), ..made.entries() }, &set);
        let counted = completed(repeated.entries(), &set);
        // Scales are one where they differ by less than a thousandth.
        let off = (weighted.objective / counted.objective - 1.0).abs();
        assert!(off < 2e-3, "{loss} {off}");
        for (i, j) in [(0, 0), (17, 33), (59, 49)] {
            let (a, b) = (weighted.model.predict(i, j), counted.model.predict(i, j));
            // Which entries near the limit are trimmed depends on the start.
            assert!((a - b).abs() < if loss == "trimmed" { 3e-2 } else { 1e-3 }, "{loss} {a} {b}");
        }
    }
}

#[test]
fn threads_change_no_bit_and_data_scale_along() {
    let (made, _, _) = spoilt(0.08, 0.1);
    for loss in LOSSES {
        let set = |threads| {
            [("rank", "3"), ("ridge", "0"), ("loss", loss), ("biases", "true"), ("threads", threads)]
        };
        let one = completed(made.entries(), &set("1"));
        let three = completed(made.entries(), &set("3"));
        assert_eq!(bits(&one.model), bits(&three.model), "{loss}");
        assert_eq!(format!("{:?}", one.certificate), format!("{:?}", three.certificate));
        let mut large = Made { row: made.row.clone(), col: made.col.clone(), value: Vec::new(), ..made };
        large.value.extend(made.value.iter().map(|v| v * 1024.0));
        let scaled = completed(large.entries(), &set("1"));
        assert_eq!(scaled.model.predict(3, 4), 1024.0 * one.model.predict(3, 4), "{loss}");
        assert_eq!(scaled.certificate.outliers, one.certificate.outliers);
    }
}

#[test]
fn held_out_outliers_do_not_stop_a_solve() {
    let (made, truth, _) = spoilt(0.08, 0.1);
    for loss in LOSSES {
        let set =
            [("rank", "3"), ("ridge", "0.2"), ("ridge_power", "0"), ("loss", loss), ("held_out", "0.1")];
        let solution = completed(made.entries(), &set);
        assert_eq!(solution.outcome, Outcome::Converged);
        assert!(solution.certificate.held_out < 1.0, "{loss} {:?}", solution.certificate);
        assert!(worst(&solution.model, &truth) < 1.0, "{loss}");
    }
}

#[test]
fn new_rows_are_folded_in_with_their_outliers() {
    let (made, truth, _) = spoilt(0.08, 0.0);
    for loss in LOSSES {
        let set = [("rank", "3"), ("ridge", "0"), ("tolerance", "1e-10"), ("loss", loss)];
        let model = completed(made.entries(), &set).model;
        // Row 5 anew, of which three entries are far off.
        let col: Vec<i64> = (0..30).collect();
        let value: Vec<f64> = (0..30).map(|j| truth(5, j) + if j % 11 == 4 { 25.0 } else { 0.0 }).collect();
        let entries = Entries { rows: 1, cols: 50, row: &[0; 30], col: &col, value: &value, weight: None };
        let folded =
            model.fold_in(Side::Rows, entries, Repeats::Error, &Team::solo(), &mut Control::new()).unwrap();
        for j in 0..50 {
            assert!((folded.predict(0, j) - truth(5, j)).abs() < 1e-6, "{loss} {j}");
        }
    }
}

#[test]
fn few_and_odd_entries_do_no_harm() {
    for loss in LOSSES {
        let set = [("rank", "2"), ("ridge", "0"), ("loss", loss)];
        for value in [[0.0; 6], [3.0; 6], [1.0, 1.0, 1.0, 1.0, 1.0, 1e12]] {
            let entries = Entries {
                rows: 3,
                cols: 3,
                row: &[0, 0, 1, 1, 2, 2],
                col: &[0, 1, 0, 2, 1, 2],
                value: &value,
                weight: None,
            };
            let solution = completed(entries, &set);
            assert!(
                (0..3).all(|i| (0..3).all(|j| solution.model.predict(i, j).is_finite())),
                "{loss} {value:?}"
            );
            assert!(solution.objective.is_finite() && solution.certificate.gradient.is_finite());
        }
    }
}

#[test]
fn a_stop_leaves_a_model_and_its_figures() {
    let (made, _, _) = spoilt(0.08, 0.1);
    let options = options(&[("rank", "3"), ("ridge", "0.1"), ("loss", "student"), ("max_work", "3e6")]);
    let control = &mut Control::new();
    let problem = Problem::<f64>::new(made.entries(), &options, control).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    assert_ne!(solution.outcome, Outcome::Converged);
    assert!(solution.objective.is_finite() && solution.certificate.fit.is_finite());
}
