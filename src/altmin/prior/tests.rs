//! Prior means against the objective by its formula, and where they alone decide.

use super::super::tests::{Made, completed, options};
use super::*;
use crate::altmin::{Entries, Model, Problem, Repeats, Solution, solve};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Options, Outcome};

const SIZE: [usize; 2] = [30, 25];

fn means() -> [Vec<f64>; 2] {
    let mut stream = Stream::new(4, Purpose::Start, 1);
    SIZE.map(|n| (0..n * 2).map(|_| 0.3 + stream.normal()).collect())
}

/// Entries near the product of the means; none in row 3 and in column 8.
fn made() -> Made {
    let [u, v] = means();
    let mut stream = Stream::new(5, Purpose::Start, 2);
    let shift: Vec<f64> = (0..4 * SIZE[0]).map(|_| 0.4 * stream.normal()).collect();
    let value = |i: usize, j: usize| {
        let left = |l: usize| u[2 * i + l] + shift[2 * i + l];
        left(0) * v[2 * j] + left(1) * v[2 * j + 1] + 0.1 * ((i * 7 + j * 13) as f64).sin()
    };
    let keep = |i, j| i != 3 && j != 8 && crate::altmin::sampling::uniform(3, i, j) < 0.5;
    Made::new(SIZE[0], SIZE[1], value, keep)
}

fn solved(made: &Made, sides: &[Side], options: &Options) -> Solution<f64> {
    let control = &mut Control::new();
    let mut problem = Problem::<f64>::new(made.entries(), options, control).unwrap();
    let [u, v] = means();
    for side in sides {
        problem.set_prior(*side, if *side == Side::Rows { &u } else { &v }).unwrap();
    }
    solve(&problem, options, None, control).unwrap()
}

const BOTH: &[Side] = &[Side::Rows, Side::Columns];

/// Slopes of the objective as its formula has it, by differences that are exact for quadratics.
#[test]
fn the_objective_is_its_formula_and_its_slopes_vanish() {
    let made = made();
    for (set, sides) in [
        (&[("ridge_power", "1")][..], BOTH),
        (&[("ridge_power", "0"), ("row_solver", "cg")], BOTH),
        (&[("ridge_power", "0"), ("biases", "true")], BOTH),
        (&[("ridge_power", "1")], &[Side::Columns][..]),
        (&[("ridge_power", "0"), ("acceleration", "none")], &[Side::Rows]),
        (&[("ridge_power", "0"), ("nonnegative", "true")], BOTH),
    ] {
        let mut all = vec![("rank", "2"), ("ridge", "0.3"), ("tolerance", "1e-10")];
        all.extend(set);
        let solution = solved(&made, sides, &options(&all));
        let model = &solution.model;
        assert!(matches!(solution.outcome, Outcome::Converged | Outcome::Floor), "{set:?}");
        assert!(solution.certificate.gradient < 1e-8, "{set:?} {:?}", solution.certificate);
        let factors = [model.factor(Side::Rows), model.factor(Side::Columns)];
        let biases = [model.biases(Side::Rows), model.biases(Side::Columns)];
        let power = if set.contains(&("ridge_power", "1")) { 1 } else { 0 };
        // Unset, the ridge on biases is that of factors for values of the unit of the problem.
        let bias_ridge = 0.3 / model.scale;
        let objective = |u: &[f64], v: &[f64]| {
            let mut total = 0.0;
            let mut degree = [vec![0; SIZE[0]], vec![0; SIZE[1]]];
            for e in 0..made.value.len() {
                let (i, j) = (made.row[e] as usize, made.col[e] as usize);
                let bias = if biases[0].is_empty() { 0.0 } else { biases[0][i] + biases[1][j] };
                let product = u[2 * i] * v[2 * j] + u[2 * i + 1] * v[2 * j + 1];
                total += (made.value[e] - model.mean() - bias - product).powi(2);
                degree[0][i] += 1;
                degree[1][j] += 1;
            }
            for (side, x) in [u, v].into_iter().enumerate() {
                let drawn = sides.contains(if side == 0 { &Side::Rows } else { &Side::Columns });
                for i in 0..SIZE[side] {
                    let times = f64::from(i32::pow(degree[side][i], power));
                    for l in 0..2 {
                        let mean = if drawn { means()[side][2 * i + l] } else { 0.0 };
                        total += 0.3 * times * (x[2 * i + l] - mean).powi(2);
                    }
                    total += bias_ridge * times * biases[side].get(i).map_or(0.0, |b| b * b);
                }
            }
            total
        };
        let value = objective(&factors[0], &factors[1]);
        assert!((value / solution.objective - 1.0).abs() < 1e-9, "{set:?} {value} {}", solution.objective);
        for (side, at) in [(0, 0), (0, 7), (0, 31), (1, 1), (1, 40)] {
            let moved = |h: f64| {
                let mut x = factors.clone();
                x[side][at] += h;
                objective(&x[0], &x[1])
            };
            let slope = (moved(0.01) - moved(-0.01)) / 0.02;
            let held = set.contains(&("nonnegative", "true")) && factors[side][at] == 0.0;
            assert!(slope.abs() < 1e-6 || held && slope > 0.0, "{set:?} {side} {at} {slope}");
        }
    }
}

/// A row of no entries is its mean, and predicts by it.
#[test]
fn a_cold_row_predicts_by_its_mean() {
    let [u, v] = means();
    for power in ["0", "1"] {
        let options =
            options(&[("rank", "2"), ("ridge", "0.3"), ("ridge_power", power), ("tolerance", "1e-9")]);
        let model = solved(&made(), BOTH, &options).model;
        let factors = [model.factor(Side::Rows), model.factor(Side::Columns)];
        for l in 0..2 {
            assert!(
                (factors[0][6 + l] - u[6 + l]).abs() < 1e-12
                    && (factors[1][16 + l] - v[16 + l]).abs() < 1e-12
            );
        }
        for j in 0..SIZE[1] {
            let expected = u[6] * factors[1][2 * j] + u[7] * factors[1][2 * j + 1];
            assert!((model.predict(3, j) - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn a_large_ridge_gives_the_means_and_means_of_0_nothing_new() {
    let [u, _] = means();
    let model =
        solved(&made(), BOTH, &options(&[("rank", "2"), ("ridge", "1e7"), ("tolerance", "1e-9")])).model;
    model.factor(Side::Rows).iter().zip(&u).for_each(|(a, b)| assert!((a - b).abs() < 1e-4));
    let set = [("rank", "2"), ("ridge", "0.3"), ("tolerance", "1e-10")];
    let (made, control) = (made(), &mut Control::new());
    let plain = completed(made.entries(), &set);
    let mut problem = Problem::<f64>::new(made.entries(), &options(&set), control).unwrap();
    problem.set_prior(Side::Rows, &[0.0; 60]).unwrap();
    let drawn = solve(&problem, &options(&set), None, control).unwrap();
    assert!((plain.objective / drawn.objective - 1.0).abs() < 1e-9);
    for (i, j) in [(0, 0), (17, 23), (29, 4)] {
        assert!((plain.model.predict(i, j) - drawn.model.predict(i, j)).abs() < 1e-6);
    }
    // And taken away again.
    problem.set_prior(Side::Rows, &[]).unwrap();
    let again = solve(&problem, &options(&set), None, control).unwrap();
    assert_eq!(again.model.predict(1, 2).to_bits(), plain.model.predict(1, 2).to_bits());
}

#[test]
fn means_help_where_there_are_few_entries_and_a_ridge_is_chosen() {
    let made = made();
    let few = Made::new(SIZE[0], SIZE[1], |_, _| 0.0, |_, _| false);
    let mut few = Made { ..few };
    for e in (0..made.value.len()).step_by(4) {
        few.row.push(made.row[e]);
        few.col.push(made.col[e]);
        few.value.push(made.value[e]);
    }
    let error = |model: &Model<f64>| {
        let off = |e: usize| made.value[e] - model.predict(made.row[e] as usize, made.col[e] as usize);
        ((0..made.value.len()).map(|e| off(e).powi(2)).sum::<f64>() / made.value.len() as f64).sqrt()
    };
    let options = options(&[("rank", "2")]);
    let (without, with) = (solved(&few, &[], &options), solved(&few, BOTH, &options));
    assert!(with.ridge > 0.0 && error(&with.model) < 0.6 * error(&without.model));
}

/// With implicit feedback, against the normal equations of each row over all columns.
#[test]
fn implicit_feedback_is_drawn_to_means() {
    let mut made = made();
    made.value.iter_mut().for_each(|v| *v = v.abs() + 0.1);
    let set = [("rank", "2"), ("ridge", "2"), ("feedback", "implicit"), ("tolerance", "1e-11")];
    let solution = solved(&made, BOTH, &options(&set));
    assert!(solution.certificate.gradient < 1e-8);
    let (u, v) = (solution.model.factor(Side::Rows), solution.model.factor(Side::Columns));
    for i in [0, 3, 17] {
        let mut slope = [2.0 * (u[2 * i] - means()[0][2 * i]), 2.0 * (u[2 * i + 1] - means()[0][2 * i + 1])];
        for j in 0..SIZE[1] {
            let found = (0..made.value.len()).find(|&e| made.row[e] == i as i64 && made.col[e] == j as i64);
            let (c, p) = found.map_or((1.0, 0.0), |e| (1.0 + made.value[e], 1.0));
            let r = c * (p - u[2 * i] * v[2 * j] - u[2 * i + 1] * v[2 * j + 1]);
            slope.iter_mut().enumerate().for_each(|(l, s)| *s -= r * v[2 * j + l]);
        }
        assert!(slope.iter().all(|s| s.abs() < 1e-7), "{i} {slope:?}");
    }
}

#[test]
fn folded_lines_are_drawn_to_their_means() {
    let made = made();
    let options = options(&[("rank", "2"), ("ridge", "0.3"), ("ridge_power", "1"), ("tolerance", "1e-12")]);
    let model = solved(&made, BOTH, &options).model;
    // Row 5 of the fit, and one without entries.
    let five: Vec<usize> = (0..made.value.len()).filter(|&e| made.row[e] == 5).collect();
    let col: Vec<i64> = five.iter().map(|&e| made.col[e]).collect();
    let value: Vec<f64> = five.iter().map(|&e| made.value[e]).collect();
    let row = vec![0; five.len()];
    let entries = Entries { rows: 2, cols: SIZE[1], row: &row, col: &col, value: &value, weight: None };
    let mean = [&means()[0][10..12], &[0.7, -0.2]].concat();
    let (team, control) = (&Team::solo(), &mut Control::new());
    let fold = |means: Option<&[f64]>, control: &mut Control<'_>| {
        model.fold_in_near(Side::Rows, entries, means, Repeats::Error, team, control)
    };
    let folded = fold(Some(&mean), control).unwrap().factor(Side::Rows);
    for (found, expected) in folded.iter().zip([&model.factor(Side::Rows)[10..12], &[0.7, -0.2]].concat()) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
    assert_eq!(fold(None, control).unwrap().factor(Side::Rows)[2..], [0.0, 0.0]);
    assert!(fold(Some(&mean[..3]), control).unwrap_err().to_string().contains("means.len"));
}

#[test]
fn what_cannot_be_is_refused_and_named() {
    let (made, control) = (made(), &mut Control::new());
    let set = |ridge, rank| options(&[("ridge", ridge), ("rank", rank)]);
    let mut problem = Problem::<f64>::new(made.entries(), &set("0.1", "2"), control).unwrap();
    let [u, _] = means();
    for (side, values, named) in [
        (Side::Rows, &u[..59], "prior of the rows.len"),
        (Side::Columns, &u[..51], "prior of the columns.len"),
        (Side::Rows, &[f64::NAN; 60], "row 0, column 0"),
        (Side::Rows, &u[..7], "prior of the rows"),
    ] {
        let refused = problem.set_prior(side, values).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
        assert!(problem.prior().is_none());
    }
    problem.set_prior(Side::Rows, &u).unwrap();
    for (options, named) in [(set("0", "2"), "ridge"), (set("0.1", "3"), "rank of the model, 3")] {
        let refused = solve(&problem, &options, None, control).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
    }
}
