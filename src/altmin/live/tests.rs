//! Against the regressions of whole lines, after any changes.

use super::*;
use crate::altmin::{Settings, solve};
use crate::runtime::{Family, Options};
use proptest::prelude::*;

const M: usize = 14;
const N: usize = 11;

/// The entries as they are, by place: value and weight.
type Now = BTreeMap<(usize, usize), (f64, f64)>;

fn options(set: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Altmin);
    for (key, value) in [("rank", "3"), ("max_iterations", "6"), ("tolerance", "0")].iter().chain(set) {
        options.set_text(key, value).unwrap();
    }
    options
}

fn truth(i: usize, j: usize) -> f64 {
    2.5 + ((i * 3 + j) as f64 * 0.7).sin() + 0.2 * (i as f64 - 4.0) * (j as f64 * 0.4).cos()
}

fn made(set: &[(&str, &str)], weighted: bool) -> (Live<f64>, Now) {
    let options = options(set);
    let implicit = Settings::from_options(&options).unwrap().implicit;
    let mut now = Now::new();
    for i in 0..M {
        for j in 0..N {
            if (i * 7 + j * j * 3 + i * j) % 5 < 3 {
                let value = if implicit { (2.0 * truth(i, j)).round() } else { truth(i, j) };
                if implicit && value == 0.0 {
                    continue;
                }
                now.insert((i, j), (value, if weighted { 0.5 + (i % 3) as f64 } else { 1.0 }));
            }
        }
    }
    let places: Vec<(usize, usize)> = now.keys().copied().collect();
    let row: Vec<i64> = places.iter().map(|p| p.0 as i64).collect();
    let col: Vec<i64> = places.iter().map(|p| p.1 as i64).collect();
    let value: Vec<f64> = now.values().map(|e| e.0).collect();
    let weight: Vec<f64> = now.values().map(|e| e.1).collect();
    let weight = weighted.then_some(&weight[..]);
    let entries = Entries { rows: M, cols: N, row: &row, col: &col, value: &value, weight };
    let control = &mut Control::new();
    let problem = Problem::<f64>::new(entries, &options, control).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    (Live::of(&problem, &solution), now)
}

/// The factors and the bias of a line from all its entries, by the regression of the half-steps.
fn refit(live: &Live<f64>, now: &Now, side: Side, line: usize, weighted: bool) -> Vec<f64> {
    let own = |p: &(usize, usize)| if side == Side::Rows { *p } else { (p.1, p.0) };
    let entries: Vec<(i64, f64, f64)> = now
        .iter()
        .filter(|(p, _)| own(p).0 == line)
        .map(|(p, (value, weight))| (own(p).1 as i64, *value, *weight))
        .collect();
    let across: Vec<i64> = entries.iter().map(|e| e.0).collect();
    let along = vec![0; across.len()];
    let value: Vec<f64> = entries.iter().map(|e| e.1).collect();
    let weight: Vec<f64> = entries.iter().map(|e| e.2).collect();
    let weight = weighted.then_some(&weight[..]);
    let entries = match side {
        Side::Rows => {
            Entries { rows: 1, cols: live.model.cols(), row: &along, col: &across, value: &value, weight }
        }
        Side::Columns => {
            Entries { rows: live.model.rows(), cols: 1, row: &across, col: &along, value: &value, weight }
        }
    };
    let (team, control) = (Team::solo(), &mut Control::new());
    let folded = live.model.fold_in(side, entries, Repeats::Error, &team, control).unwrap();
    [folded.factor(side), folded.biases(side)].concat()
}

fn fitted(live: &Live<f64>, side: Side, line: usize) -> Vec<f64> {
    let (k, factor) = (live.model.rank(), live.model.factor(side));
    let bias = live.model.biases(side).get(line).copied();
    factor[line * k..(line + 1) * k].iter().copied().chain(bias).collect()
}

#[track_caller]
fn assert_near(a: &[f64], b: &[f64], what: &str) {
    let size = a.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(a.len() == b.len() && far <= 1e-8 * size, "{what}: {far:e}\n{a:?}\n{b:?}");
}

/// Each kind of model, and whether it has weights.
const KINDS: [(&[(&str, &str)], bool); 6] = [
    (&[("ridge", "0.1"), ("biases", "true"), ("ridge_power", "1")], true),
    (&[("ridge", "0.2"), ("ridge_power", "0"), ("center", "true")], false),
    (&[("ridge", "0.3"), ("ridge_power", "0.5"), ("biases", "true"), ("bias_ridge", "0.7")], false),
    (&[("ridge", "0"), ("search", "plain")], true),
    (&[("ridge", "0.1"), ("nonnegative", "true"), ("center", "true")], false),
    (&[("ridge", "0.5"), ("feedback", "implicit"), ("confidence", "2")], false),
];

/// Whether the entries of a line determine it, rounding apart.
fn is_determined(live: &Live<f64>, now: &Now, side: Side, line: usize) -> bool {
    let own = |p: &(usize, usize)| if side == Side::Rows { *p } else { (p.1, p.0) };
    let n = live.model.rank();
    let (mut gram, mut y) = (Square::zeros(n), Vec::new());
    for (p, (_, weight)) in now.iter().filter(|(p, _)| own(p).0 == line) {
        live.model.unknowns_into(side, own(p).1, &mut y);
        for l in 0..n {
            gram.column_mut(l).iter_mut().zip(&y).for_each(|(g, v)| *g += weight * y[l] * v);
        }
    }
    let values = crate::numerics::eigen::Eigen::of(&gram).unwrap().values;
    values.iter().copied().fold(f64::INFINITY, f64::min) > 1e-6 * values.iter().copied().fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// After any sequence of entries that come, change and go, and of new lines, the line that was fitted last is what
    /// the regression over all its entries gives.
    #[test]
    fn changes_are_followed_as_if_the_lines_were_fitted_anew(
        kind in 0..KINDS.len(),
        steps in prop::collection::vec((0..M, 0..N, -3.0..3.0_f64, 0..8_u8, 0..4_u8), 1..40),
    ) {
        let (set, weighted) = KINDS[kind];
        let implicit = set.iter().any(|(key, _)| *key == "feedback");
        let (mut live, mut now) = made(set, weighted);
        let control = &mut Control::new();
        for (step, (i, j, value, what, how)) in steps.into_iter().enumerate() {
            // Few rows, so that they are changed again and again; now and then one that was appended.
            let row = if what == 7 { live.model.rows() - 1 - i % 2 } else { i % 3 };
            let value = if implicit { value.round() } else { value };
            if what == 6 {
                let (team, columns) = (Team::solo(), [j as i64, ((j + 3) % N) as i64]);
                let entries = Entries {
                    rows: 1, cols: live.model.cols(), row: &[0, 0], col: &columns,
                    value: &[value, 2.0], weight: None,
                };
                let new = live.append(Side::Rows, entries, Repeats::Error, &team, control).unwrap();
                now.extend([((new.start, j), (value, 1.0)), ((new.start, (j + 3) % N), (2.0, 1.0))]);
                if implicit {
                    now.retain(|_, e| e.0 != 0.0);
                }
                assert_near(
                    &fitted(&live, Side::Rows, new.start),
                    &refit(&live, &now, Side::Rows, new.start, weighted),
                    "appended",
                );
                continue;
            }
            let weight = if what == 0 { 0.0 } else if weighted { 0.3 + f64::from(what) } else { 1.0 };
            if weight == 0.0 || (implicit && value == 0.0) {
                now.remove(&(row, j));
            } else {
                now.insert((row, j), (value, weight));
            }
            let sides: &[Side] = match how {
                0 => &[Side::Rows],
                1 => &[Side::Columns],
                2 => &[Side::Rows, Side::Columns],
                _ => &[Side::Columns, Side::Rows],
            };
            live.observe(&[Change { row, col: j, value, weight }], sides, control).unwrap();
            let last = sides[sides.len() - 1];
            let line = if last == Side::Rows { row } else { j };
            if live.model.damping.ridge == 0.0 && !is_determined(&live, &now, last, line) {
                // Then it is rounding that says which directions have curvature.
                continue;
            }
            assert_near(
                &fitted(&live, last, line),
                &refit(&live, &now, last, line, weighted),
                &format!("{set:?}, step {step}, {sides:?}"),
            );
        }
        // And the entries are those: in the units of the model, of feedback as weighted ones.
        let entries = live.observations().unwrap();
        let places: Vec<(usize, usize)> = (0..entries.rows())
            .flat_map(|i| entries.by_row().line(i).index.iter().map(move |j| (i, *j as usize)))
            .collect();
        prop_assert_eq!(places, now.keys().copied().collect::<Vec<_>>());
    }
}

#[test]
fn what_was_held_out_stays_out_until_it_is_observed() {
    let (live, now) = made(&[("ridge", "0.1"), ("held_out", "0.3")], false);
    let held: Vec<(usize, usize)> =
        now.keys().copied().filter(|p| p.0 == 2 && live.held_out.holds(p.0, p.1)).collect();
    let kept: Now =
        now.iter().filter(|(p, _)| !live.held_out.holds(p.0, p.1)).map(|(p, e)| (*p, *e)).collect();
    assert!(!held.is_empty() && kept.len() < now.len());
    let (mut live, control) = (live, &mut Control::new());
    let (place, entry) = kept.iter().find(|(p, _)| p.0 == 2).map(|(p, e)| (*p, *e)).unwrap();
    let change = Change { row: 2, col: place.1, value: entry.0 + 1.0, weight: 1.0 };
    live.observe(&[change], &[Side::Rows], control).unwrap();
    let mut expected = kept.clone();
    expected.insert(place, (entry.0 + 1.0, 1.0));
    assert_near(&fitted(&live, Side::Rows, 2), &refit(&live, &expected, Side::Rows, 2, false), "held out");
    let given = now[&held[0]];
    let change = Change { row: 2, col: held[0].1, value: given.0, weight: 1.0 };
    live.observe(&[change], &[Side::Rows], control).unwrap();
    expected.insert(held[0], given);
    assert_near(&fitted(&live, Side::Rows, 2), &refit(&live, &expected, Side::Rows, 2, false), "observed");
}

/// Several at once, each line fitted once; the next solve is of the entries as they are.
#[test]
fn a_batch_is_taken_in_whole_and_the_next_solve_sees_it() {
    let set = [("ridge", "0.1"), ("biases", "true")];
    let (mut live, mut now) = made(&set, false);
    let changes: Vec<Change> = (0..6)
        .map(|k| Change { row: k % 3, col: (k * 2) % N, value: 1.0 + k as f64, weight: f64::from(k != 4) })
        .collect();
    for c in &changes {
        if c.weight == 0.0 {
            now.remove(&(c.row, c.col))
        } else {
            now.insert((c.row, c.col), (c.value, 1.0))
        };
    }
    let control = &mut Control::new();
    live.observe(&changes, &[Side::Columns, Side::Rows], control).unwrap();
    for row in 0..3 {
        assert_near(&fitted(&live, Side::Rows, row), &refit(&live, &now, Side::Rows, row, false), "batch");
    }
    let places: Vec<i64> = now.keys().map(|p| p.0 as i64).collect();
    let across: Vec<i64> = now.keys().map(|p| p.1 as i64).collect();
    let value: Vec<f64> = now.values().map(|e| e.0).collect();
    let entries = Entries { rows: M, cols: N, row: &places, col: &across, value: &value, weight: None };
    let options = options(&set);
    let (same, other) =
        (Problem::of_live(&live).unwrap(), Problem::<f64>::new(entries, &options, control).unwrap());
    let (a, b) =
        (solve(&same, &options, None, control).unwrap(), solve(&other, &options, None, control).unwrap());
    assert_eq!(a.model.factor(Side::Rows), b.model.factor(Side::Rows));
}

#[test]
fn what_is_wrong_changes_nothing() {
    let (mut live, _) = made(&[("ridge", "0.1")], false);
    let before = live.model.factor(Side::Rows);
    let good = Change { row: 1, col: 2, value: 3.0, weight: 1.0 };
    for (bad, says) in [
        (Change { row: M, ..good }, "row, entry 1: expected a row in 0..14, found 14"),
        (Change { col: N, ..good }, "col, entry 1"),
        (Change { value: f64::NAN, ..good }, "value, entry 1, row 1, column 2"),
        (Change { weight: -1.0, ..good }, "weight, entry 1"),
        (Change { weight: f64::NAN, ..good }, "weight, entry 1"),
    ] {
        let refused = live.observe(&[good, bad], &[Side::Rows], &mut Control::new()).unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    }
    let mut control = Control::new().with_trip_at_poll(5);
    control.begin(f64::INFINITY, u64::MAX);
    let many: Vec<Change> = (0..M).map(|row| Change { row, ..good }).collect();
    assert!(live.observe(&many, &[Side::Rows], &mut control).is_err());
    assert!(!live.is_changed() && live.model.factor(Side::Rows) == before);
}

#[test]
fn without_entries_only_new_lines_change() {
    let (live, now) = made(&[("ridge", "0.1"), ("biases", "true")], false);
    let mut bare = Live::<f64>::new(live.model.clone(), None, HeldOut { seed: 0, share: 0.0 });
    let (team, control) = (Team::solo(), &mut Control::new());
    let change = Change { row: 1, col: 2, value: 3.0, weight: 1.0 };
    let refused = bare.observe(&[change], &[Side::Rows], control).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::State);
    let entries = Entries { rows: 1, cols: N, row: &[0, 0], col: &[1, 4], value: &[2.0, 3.0], weight: None };
    let new = bare.append(Side::Rows, entries, Repeats::Error, &team, control).unwrap();
    assert_eq!(new, M..M + 1);
    bare.observe(&[Change { row: M, ..change }], &[Side::Rows], control).unwrap();
    let mut expected = now.clone();
    expected.extend([((M, 1), (2.0, 1.0)), ((M, 4), (3.0, 1.0)), ((M, 2), (3.0, 1.0))]);
    assert_near(&fitted(&bare, Side::Rows, M), &refit(&bare, &expected, Side::Rows, M, false), "new line");
    assert_eq!(bare.observations().unwrap_err().kind(), ErrorKind::State);
    let kept = bare.append(Side::Rows, entries, Repeats::Keep, &team, control).unwrap_err();
    assert_eq!(kept.kind(), ErrorKind::Unsupported);
}

#[test]
fn lines_that_are_more_than_squares_are_refused() {
    let change = [Change { row: 1, col: 2, value: 1.0, weight: 1.0 }];
    let (team, control) = (Team::solo(), &mut Control::new());
    let new = Entries { rows: 1, cols: N, row: &[0, 0], col: &[1, 4], value: &[1.0, 2.0], weight: None };
    let (mut live, _) = made(&[("ridge", "0.1"), ("loss", "huber")], false);
    let before = live.model().factor(Side::Rows);
    let refused = live.observe(&change, &[Side::Rows], control).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().contains("robust"), "{refused}");
    assert!(live.model().factor(Side::Rows) == before && !live.is_changed());
    // New rows are folded in with the loss of the model.
    let folded = live.model().fold_in(Side::Rows, new, Repeats::Error, &team, control).unwrap();
    assert_eq!(live.append(Side::Rows, new, Repeats::Error, &team, control).unwrap(), M..M + 1);
    assert_eq!(live.model().factor(Side::Rows)[3 * M..], folded.factor(Side::Rows)[..]);

    let options = options(&[("ridge", "0.1")]);
    let entries = Entries { rows: M, cols: N, row: &[0, 3], col: &[1, 4], value: &[1.0, 2.0], weight: None };
    let mut problem = Problem::<f64>::new(entries, &options, control).unwrap();
    problem.set_prior(Side::Rows, &vec![0.5; 3 * M]).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    let mut live = Live::of(&problem, &solution);
    assert_eq!(live.observe(&change, &[], control).unwrap_err().kind(), ErrorKind::Unsupported);
    let refused = live.append(Side::Columns, new, Repeats::Error, &team, control).unwrap_err();
    assert!(refused.to_string().contains("prior means"), "{refused}");
}
