//! The method against closed forms, and the table of edge cases.

use super::alternation::{Alternation, Manner, Side};
use super::half_step::Solver;
use super::observations::Entries;
use super::regression::Accuracy;
use super::sweeps::State;
use super::{Model, Problem, Repeats, Solution, solve};
use crate::runtime::parallel::{Team, with_team};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{CancelToken, Control, Family, Options, Outcome};

pub(super) struct Made {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row: Vec<i64>,
    pub(super) col: Vec<i64>,
    pub(super) value: Vec<f64>,
}

impl Made {
    /// Entries of `f(i, j)` where `keep(i, j)`.
    pub(super) fn new(
        rows: usize,
        cols: usize,
        f: impl Fn(usize, usize) -> f64,
        keep: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let (mut row, mut col, mut value) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..rows {
            for j in 0..cols {
                if keep(i, j) {
                    row.push(i as i64);
                    col.push(j as i64);
                    value.push(f(i, j));
                }
            }
        }
        Self { rows, cols, row, col, value }
    }

    /// A matrix of low rank and Gaussian factors, with a share of its entries, and noise.
    pub(super) fn low_rank(
        rows: usize,
        cols: usize,
        rank: usize,
        share: f64,
        noise: f64,
    ) -> (Self, impl Fn(usize, usize) -> f64) {
        let mut stream = Stream::new(11, Purpose::Start, 0);
        let u: Vec<f64> = (0..rows * rank).map(|_| stream.normal()).collect();
        let v: Vec<f64> = (0..cols * rank).map(|_| stream.normal()).collect();
        let truth =
            move |i: usize, j: usize| (0..rank).map(|l| u[i * rank + l] * v[j * rank + l]).sum::<f64>();
        let keep = |i: usize, j: usize| super::sampling::uniform(5, i, j) < share;
        let mut made = Self::new(rows, cols, &truth, keep);
        made.value.iter_mut().for_each(|v| *v += noise * stream.normal());
        (made, truth)
    }

    pub(super) fn entries(&self) -> Entries<'_> {
        let Self { rows, cols, .. } = *self;
        Entries { rows, cols, row: &self.row, col: &self.col, value: &self.value, weight: None }
    }
}

pub(super) fn options(set: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Altmin);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

pub(super) fn completed(entries: Entries<'_>, set: &[(&str, &str)]) -> Solution<f64> {
    let (options, control) = (options(set), &mut Control::new());
    let problem = Problem::<f64>::new(entries, &options, control).unwrap();
    solve(&problem, &options, None, control).unwrap()
}

pub(super) fn bits(model: &Model<f64>) -> Vec<u64> {
    let mut all = model.factor(Side::Rows);
    all.extend(model.factor(Side::Columns));
    all.extend(model.biases(Side::Rows));
    all.extend(model.biases(Side::Columns));
    all.iter().map(|v| v.to_bits()).collect()
}

const EXACT: &[(&str, &str)] = &[("rank", "3"), ("ridge", "0"), ("tolerance", "1e-10")];

#[test]
fn an_exact_matrix_is_recovered_everywhere() {
    let (made, truth) = Made::low_rank(60, 50, 3, 0.4, 0.0);
    for search in ["auto", "annealed", "continuation", "paper"] {
        let mut set = EXACT.to_vec();
        set.push(("search", search));
        let solution = completed(made.entries(), &set);
        assert_eq!(solution.outcome, Outcome::Converged, "{search}");
        for (i, j) in (0..60).flat_map(|i| (0..50).map(move |j| (i, j))) {
            assert!((solution.model.predict(i, j) - truth(i, j)).abs() < 1e-6, "{search} {i} {j}");
        }
        assert!(solution.certificate.residual < 1e-9 && solution.certificate.gradient < 1e-7);
        assert_eq!(solution.certificate.determined, 3000.0);
    }
}

#[test]
fn all_entries_observed_give_the_truncated_svd() {
    let made =
        Made::new(20, 15, |i, j| ((i * j + i) as f64).sin() + 0.1 * (i as f64 - j as f64), |_, _| true);
    let matrix = faer::Mat::from_fn(20, 15, |i, j| made.value[i * 15 + j]);
    let svd = matrix.svd().unwrap();
    let singular: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    let rest: f64 = singular[4..].iter().map(|s| s * s).sum();
    let solution = completed(
        made.entries(),
        &[("rank", "4"), ("ridge", "0"), ("search", "plain"), ("tolerance", "1e-12")],
    );
    assert!((solution.objective - rest).abs() < 1e-9 * rest, "{} {rest}", solution.objective);
    for (found, s) in solution.model.spectrum().iter().zip(&singular) {
        assert!((found - s).abs() < 1e-6 * s, "{found} {s}");
    }
}

/// With all entries observed and the same ridge on all lines, the factors soft-threshold the singular values: the
/// minimum of `|M - UV'|^2 + r (|U|^2 + |V|^2)` is that of `|M - X|^2 + 2 r |X|_*`.
#[test]
fn a_ridge_shrinks_singular_values_by_as_much() {
    let made = Made::new(12, 9, |i, j| ((2 * i + j * j) as f64).cos() + 0.2 * (i as f64), |_, _| true);
    let matrix = faer::Mat::from_fn(12, 9, |i, j| made.value[i * 9 + j]);
    let svd = matrix.svd().unwrap();
    let ridge = 0.5;
    let set = [("rank", "6"), ("ridge", "0.5"), ("ridge_power", "0"), ("tolerance", "1e-11")];
    for solver in ["direct", "cg", "auto"] {
        let mut set = set.to_vec();
        set.push(("row_solver", solver));
        let solution = completed(made.entries(), &set);
        let spectrum = solution.model.spectrum();
        for (found, s) in spectrum.iter().zip(svd.S().column_vector().iter()) {
            let shrunk = (s - ridge).max(0.0);
            assert!((found - shrunk).abs() < 1e-5 * (1.0 + s), "{solver}: {found} {shrunk}");
        }
        assert!(solution.certificate.gradient < 1e-5, "{solver} {:?}", solution.certificate);
    }
}

#[test]
fn biases_are_found_beside_factors() {
    // Values that are a mean and biases alone: with them no factor is needed.
    let made = Made::new(
        30,
        20,
        |i, j| 3.0 + (i as f64 * 0.7).sin() + (j as f64 * 1.3).cos(),
        |i, j| super::sampling::uniform(3, i, j) < 0.6,
    );
    let solution = completed(
        made.entries(),
        &[("rank", "1"), ("ridge", "1e-6"), ("biases", "true"), ("tolerance", "1e-9")],
    );
    assert!(solution.certificate.fit < 1e-4, "{:?}", solution.certificate);
    assert!(
        solution.model.biases(Side::Rows).len() == 30 && solution.model.biases(Side::Columns).len() == 20
    );
}

#[test]
fn a_ridge_is_chosen_that_fits_what_was_not_seen() {
    let (made, truth) = Made::low_rank(150, 120, 3, 0.3, 0.5);
    let chosen = completed(made.entries(), &[("rank", "6")]);
    assert!(chosen.ridge > 0.0 && chosen.ridges.len() > 3);
    let error = |s: &Solution<f64>| {
        let mut total = 0.0;
        (0..150).for_each(|i| (0..120).for_each(|j| total += (s.model.predict(i, j) - truth(i, j)).powi(2)));
        (total / 18000.0_f64).sqrt()
    };
    let tried = |ridge: &f64| {
        let ridge = ridge.to_string();
        error(&completed(
            made.entries(),
            &[("rank", "6"), ("ridge", &ridge), ("search", "plain"), ("tolerance", "1e-3")],
        ))
    };
    let best = [0.0, 1e-3, 3e-3, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 1.0]
        .iter()
        .map(tried)
        .fold(f64::INFINITY, f64::min);
    assert!(error(&chosen) < 1.1 * best, "{} {best}", error(&chosen));
    assert!(best < 0.7 * tried(&0.0), "{best}");
}

#[test]
fn bits_do_not_depend_on_threads_or_the_order_of_entries() {
    let (made, _) = Made::low_rank(80, 70, 3, 0.3, 0.1);
    let mut shuffled: Vec<usize> = (0..made.row.len()).collect();
    shuffled.sort_by_key(|k| (k * 7919) % made.row.len());
    let row: Vec<i64> = shuffled.iter().map(|&k| made.row[k]).collect();
    let col: Vec<i64> = shuffled.iter().map(|&k| made.col[k]).collect();
    let value: Vec<f64> = shuffled.iter().map(|&k| made.value[k]).collect();
    let other = Entries { row: &row, col: &col, value: &value, ..made.entries() };
    for set in [
        &[("rank", "4"), ("ridge", "0.01"), ("biases", "true")][..],
        &[("rank", "3"), ("ridge", "0"), ("max_iterations", "60")][..],
        &[("rank", "4"), ("held_out", "0.1")][..],
    ] {
        let first = bits(&completed(made.entries(), set).model);
        assert_eq!(first, bits(&completed(other, set).model), "{set:?}");
        for threads in ["2", "3", "8"] {
            let mut set = set.to_vec();
            set.push(("threads", threads));
            assert_eq!(first, bits(&completed(made.entries(), &set).model), "{set:?}");
        }
    }
}

#[test]
fn a_power_of_4_scales_the_answer_to_the_bit() {
    let (made, _) = Made::low_rank(40, 30, 2, 0.5, 0.1);
    let set = [("rank", "2"), ("ridge", "0.25"), ("max_iterations", "20")];
    let plain = completed(made.entries(), &set);
    for (power, ridge) in [(64, 0.25 * 2.0_f64.powi(64)), (-600, 0.25 * 2.0_f64.powi(-600))] {
        let value: Vec<f64> = made.value.iter().map(|v| v * 2.0_f64.powi(power)).collect();
        let mut options = options(&set);
        options.set_real("ridge", ridge).unwrap();
        let control = &mut Control::new();
        let problem =
            Problem::<f64>::new(Entries { value: &value, ..made.entries() }, &options, control).unwrap();
        let scaled = solve(&problem, &options, None, control).unwrap();
        for (i, j) in [(0, 0), (7, 20), (39, 29)] {
            assert_eq!(scaled.model.predict(i, j), plain.model.predict(i, j) * 2.0_f64.powi(power));
        }
        assert_eq!(scaled.iterations, plain.iterations);
    }
}

#[test]
fn a_weight_counts_as_so_many_observations_and_0_as_none() {
    let (made, _) = Made::low_rank(25, 20, 2, 0.5, 0.2);
    let count = made.row.len();
    let set = [("rank", "2"), ("ridge", "0.3"), ("ridge_power", "0"), ("tolerance", "1e-9")];
    let weight: Vec<f64> = (0..count).map(|k| [1.0, 2.0, 0.0][k % 3]).collect();
    let weighted = completed(Entries { weight: Some(&weight), ..made.entries() }, &set);
    let picked: Vec<usize> = (0..count).flat_map(|k| std::iter::repeat_n(k, [1, 2, 0][k % 3])).collect();
    let row: Vec<i64> = picked.iter().map(|&k| made.row[k]).collect();
    let col: Vec<i64> = picked.iter().map(|&k| made.col[k]).collect();
    let value: Vec<f64> = picked.iter().map(|&k| made.value[k]).collect();
    let mut kept = set.to_vec();
    kept.push(("duplicates", "keep"));
    let repeated = completed(Entries { row: &row, col: &col, value: &value, ..made.entries() }, &kept);
    assert!((weighted.objective - repeated.objective).abs() < 1e-6 * weighted.objective);
    for (i, j) in [(0, 0), (12, 7), (24, 19)] {
        assert!((weighted.model.predict(i, j) - repeated.model.predict(i, j)).abs() < 1e-4);
    }
}

#[test]
fn lines_without_entries_get_the_mean_and_what_is_known_of_the_other_line() {
    let (mut made, _) = Made::low_rank(20, 20, 2, 0.6, 0.1);
    made.rows = 22;
    let set = [("rank", "2"), ("ridge", "0.05"), ("biases", "true")];
    let solution = completed(made.entries(), &set);
    let column_bias = solution.model.biases(Side::Columns)[3];
    assert_eq!(solution.model.predict(21, 3), solution.model.mean() + column_bias);
    assert!(solution.certificate.undetermined_rows >= 2);
    let solution = completed(made.entries(), &[("rank", "2"), ("ridge", "0"), ("tolerance", "1e-3")]);
    assert!((0..20).all(|j| solution.model.predict(20, j) == 0.0));
}

#[test]
fn values_that_are_all_alike_need_no_factors() {
    let zeros = Made::new(8, 6, |_, _| 0.0, |i, j| (i + j) % 2 == 0);
    let fives = Made::new(8, 6, |_, _| 5.0, |i, j| (i + j) % 3 != 0);
    for set in [&[("ridge", "0")][..], &[("ridge", "0.1")], &[]] {
        let mut set = set.to_vec();
        set.push(("rank", "2"));
        let solution = completed(zeros.entries(), &set);
        assert!((0..8).all(|i| (0..6).all(|j| solution.model.predict(i, j) == 0.0)), "{set:?}");
        assert_eq!(solution.outcome, Outcome::Converged, "{set:?}");
        assert_eq!(solution.certificate.residual, 0.0);
        set.push(("center", "true"));
        let solution = completed(fives.entries(), &set);
        assert_eq!(solution.outcome, Outcome::Converged, "{set:?}");
        assert!(
            (0..8).all(|i| (0..6).all(|j| (solution.model.predict(i, j) - 5.0).abs() < 1e-12)),
            "{set:?}"
        );
    }
    // Without centring they are a matrix of rank 1.
    let solution = completed(fives.entries(), &[("rank", "1"), ("ridge", "0"), ("tolerance", "1e-10")]);
    assert!((solution.model.predict(0, 0) - 5.0).abs() < 1e-8);
}

#[test]
fn the_rank_is_capped_and_the_full_rank_works() {
    let made = Made::new(6, 4, |i, j| (i * j) as f64 + 1.0, |_, _| true);
    let solution = completed(made.entries(), &[("rank", "50"), ("ridge", "0.01")]);
    assert_eq!(solution.model.rank(), 4);
    let one = Made::new(1, 1, |_, _| -2.0, |_, _| true);
    let solution = completed(one.entries(), &[("rank", "1"), ("ridge", "0"), ("tolerance", "1e-12")]);
    assert!((solution.model.predict(0, 0) + 2.0).abs() < 1e-12);
    // A single observation: the fit is exact, and nothing else is known.
    let single = Made::new(5, 5, |_, _| 3.0, |i, j| i == 2 && j == 1);
    let solution = completed(single.entries(), &[("rank", "2"), ("ridge", "0"), ("tolerance", "1e-9")]);
    assert!((solution.model.predict(2, 1) - 3.0).abs() < 1e-6);
    assert_eq!(solution.certificate.determined, 0.0);
}

#[test]
fn components_are_reported() {
    let made = Made::new(10, 10, |i, j| ((i + 1) * (j + 1)) as f64, |i, j| (i < 5) == (j < 5));
    let solution = completed(made.entries(), &[("rank", "1"), ("ridge", "0"), ("tolerance", "1e-9")]);
    assert_eq!(solution.certificate.components, 2);
    assert_eq!(solution.certificate.determined, 50.0);
    assert!((solution.model.predict(2, 2) - 9.0).abs() < 1e-6);
}

#[test]
fn stops_leave_whole_answers() {
    let (made, _) = Made::low_rank(40, 40, 3, 0.4, 0.1);
    let base = [("rank", "3"), ("ridge", "0.01")];
    let with = |key: &'static str, value: &'static str| {
        let mut set = base.to_vec();
        set.push((key, value));
        set
    };
    let none = completed(made.entries(), &with("max_iterations", "0"));
    assert_eq!((none.outcome, none.iterations), (Outcome::IterationLimit, 0));
    let options = options(&with("tolerance", "0"));
    let problem = Problem::<f64>::new(made.entries(), &options, &mut Control::new()).unwrap();
    for trip in [1, 2, 3, 5, 8, 20] {
        let control = &mut Control::new().with_trip_at_poll(trip);
        let solution = solve(&problem, &options, None, control).unwrap();
        assert_eq!(solution.outcome, Outcome::Cancelled);
        let all = solution.model.factor(Side::Rows);
        assert!(all.iter().all(|v| v.is_finite()) && solution.objective.is_finite());
    }
    let token = CancelToken::new();
    token.trip();
    let solution = solve(&problem, &options, None, &mut Control::new().with_cancel(&token)).unwrap();
    assert_eq!((solution.outcome, solution.iterations), (Outcome::Cancelled, 0));
    let mut late = options.clone();
    late.set_real("max_seconds", 0.0).unwrap();
    let solution = solve(&problem, &late, None, &mut Control::new()).unwrap();
    assert_eq!(solution.outcome, Outcome::TimeLimit);
}

#[test]
fn a_start_is_used_and_checked() {
    let (made, _) = Made::low_rank(40, 30, 2, 0.5, 0.0);
    let options = options(&[("rank", "2"), ("ridge", "0"), ("tolerance", "1e-10")]);
    let problem = Problem::<f64>::new(made.entries(), &options, &mut Control::new()).unwrap();
    let first = solve(&problem, &options, None, &mut Control::new()).unwrap();
    let again = solve(&problem, &options, Some(&first.model), &mut Control::new()).unwrap();
    assert!(again.iterations <= 2 && again.outcome == Outcome::Converged);
    let (u, v) = (first.model.factor(Side::Rows), first.model.factor(Side::Columns));
    let given = Model::of_factors(40, 30, 2, &u, &v).unwrap();
    let again = solve(&problem, &options, Some(&given), &mut Control::new()).unwrap();
    assert!(again.iterations <= 2 && again.outcome == Outcome::Converged);
    assert!(Model::<f64>::of_factors(40, 30, 2, &u[1..], &v).is_err());
    assert!(Model::<f64>::of_factors(40, 30, 0, &[], &[]).is_err());
    let mut bad = u.clone();
    bad[7] = f64::NAN;
    assert!(Model::<f64>::of_factors(40, 30, 2, &bad, &v).unwrap_err().to_string().contains("row 3"));
    let other = Model::of_factors(30, 40, 2, &v, &u).unwrap();
    assert!(solve(&problem, &options, Some(&other), &mut Control::new()).is_err());
}

#[test]
fn what_is_folded_in_is_what_a_half_step_gives() {
    let (made, _) = Made::low_rank(40, 30, 2, 0.5, 0.1);
    let set = [("rank", "2"), ("ridge", "0.02"), ("biases", "true"), ("row_solver", "direct")];
    let solution = completed(made.entries(), &set);
    let (team, control) = (Team::solo(), &mut Control::new());
    let folded = solution.model.fold_in(Side::Rows, made.entries(), Repeats::Error, &team, control).unwrap();
    assert_eq!(folded.factor(Side::Rows), solution.model.factor(Side::Rows));
    assert_eq!(folded.biases(Side::Rows), solution.model.biases(Side::Rows));
    // Two rows alone, as new ones.
    let some: Vec<usize> = (0..made.row.len()).filter(|&k| made.row[k] == 4 || made.row[k] == 9).collect();
    let row: Vec<i64> = some.iter().map(|&k| i64::from(made.row[k] == 9)).collect();
    let col: Vec<i64> = some.iter().map(|&k| made.col[k]).collect();
    let value: Vec<f64> = some.iter().map(|&k| made.value[k]).collect();
    let entries = Entries { rows: 2, cols: 30, row: &row, col: &col, value: &value, weight: None };
    let folded = solution.model.fold_in(Side::Rows, entries, Repeats::Error, &team, control).unwrap();
    assert_eq!(folded.predict(1, 7).to_bits(), solution.model.predict(9, 7).to_bits());
    let wrong = Entries { cols: 29, ..entries };
    assert!(solution.model.fold_in(Side::Rows, wrong, Repeats::Error, &team, control).is_err());
}

/// For factors that are not negative, and for implicit feedback: to the bit a half-step of the solve on the same rows,
/// from 0.
#[test]
fn every_kind_of_model_folds_in_as_its_half_step_does() {
    let (made, _) = Made::low_rank(40, 30, 2, 0.5, 0.1);
    let counts: Vec<f64> = made.value.iter().map(|v| (4.0 * v).round()).collect();
    let counted = Entries { value: &counts, ..made.entries() };
    for (entries, set) in [
        (
            made.entries(),
            &[("rank", "3"), ("ridge", "0.02"), ("nonnegative", "true"), ("center", "true")][..],
        ),
        (counted, &[("rank", "3"), ("ridge", "2"), ("feedback", "implicit"), ("confidence", "3")]),
    ] {
        let control = &mut Control::new();
        let options = options(set);
        let problem = Problem::<f64>::new(entries, &options, control).unwrap();
        let model = solve(&problem, &options, None, control).unwrap().model;
        with_team(2, |team| {
            let control = &mut Control::new();
            let alternation = Alternation { observations: problem.observations(), prior: None, team };
            for side in [Side::Rows, Side::Columns] {
                let mut state = State { factors: model.factors.clone(), offsets: model.offsets.clone() };
                let moving = match side {
                    Side::Rows => &mut state.factors.u,
                    Side::Columns => &mut state.factors.v,
                };
                moving.data_mut().fill(0.0);
                let manner = Manner {
                    orthonormal: false,
                    damping: model.damping,
                    accuracy: Accuracy::ROUNDING,
                    solver: Solver::Direct,
                };
                state.half(&alternation, model.variant, side, manner, control).unwrap().unwrap();
                let folded = model.fold_in(side, entries, Repeats::Error, team, control).unwrap();
                assert_eq!(folded.factors.of(side).data(), state.factors.of(side).data(), "{set:?} {side:?}");
            }
            // The last half-step was that of the rows: a row of the data has its stored factor.
            let folded = model.fold_in(Side::Rows, entries, Repeats::Error, team, control).unwrap();
            let (new, old) = (folded.factor(Side::Rows), model.factor(Side::Rows));
            let far = new.iter().zip(&old).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(far < 1e-4, "{far}");
        })
        .unwrap();
    }
    let implicit = completed(counted, &[("rank", "2"), ("ridge", "2"), ("feedback", "implicit")]).model;
    let (ones, team, control) = (vec![1.0; counts.len()], Team::solo(), &mut Control::new());
    let weighted = Entries { weight: Some(&ones), ..counted };
    let refused = implicit.fold_in(Side::Rows, weighted, Repeats::Error, &team, control).unwrap_err();
    assert!(refused.to_string().starts_with("weights"), "{refused}");
}

#[test]
fn the_best_entries_come_in_order_and_without_those_excepted() {
    let (made, _) = Made::low_rank(20, 30, 2, 0.6, 0.0);
    let model = completed(made.entries(), &[("rank", "2"), ("ridge", "0.01")]).model;
    let mut all: Vec<(usize, f64)> = (0..30).map(|j| (j, model.predict(4, j))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    assert_eq!(model.top(Side::Rows, 4, &[], 5), all[..5]);
    let first = all[0].0;
    assert_eq!(model.top(Side::Rows, 4, &[first, 99], 3), all[1..4]);
    assert_eq!(model.top(Side::Rows, 4, &[], 100).len(), 30);
    assert!(model.top(Side::Columns, 4, &[], 0).is_empty());
}

#[test]
fn a_transposed_problem_has_the_transposed_answer() {
    let (made, _) = Made::low_rank(30, 24, 2, 0.5, 0.1);
    let set = [("rank", "2"), ("ridge", "0.1"), ("tolerance", "1e-11")];
    let straight = completed(made.entries(), &set);
    let turned =
        completed(Entries { rows: 24, cols: 30, row: &made.col, col: &made.row, ..made.entries() }, &set);
    assert!((straight.objective - turned.objective).abs() < 1e-8 * straight.objective);
    assert!((straight.model.predict(3, 5) - turned.model.predict(5, 3)).abs() < 1e-5);
}

#[test]
fn single_precision_does_the_same_to_its_digits() {
    let (made, truth) = Made::low_rank(50, 40, 2, 0.5, 0.0);
    let options = options(&[("rank", "2"), ("ridge", "0"), ("tolerance", "1e-5")]);
    let control = &mut Control::new();
    let problem = Problem::<f32>::new(made.entries(), &options, control).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    assert_eq!(solution.outcome, Outcome::Converged);
    assert!((solution.model.predict(3, 7) - truth(3, 7)).abs() < 1e-3);
}

/// The model of implicit feedback is that of all entries, observed or not, with their weights.
#[test]
fn implicit_feedback_is_a_weighted_fit_of_all_entries() {
    let (m, n) = (14, 11);
    let count = |i: usize, j: usize| ((i * 3 + j * 5 + i * j) % 7) as f64;
    let made = Made::new(m, n, count, |i, j| count(i, j) > 3.0);
    let confidence = 0.8;
    let (row, col): (Vec<i64>, Vec<i64>) =
        (0..m as i64).flat_map(|i| (0..n as i64).map(move |j| (i, j))).unzip();
    let seen = |i: i64, j: i64| count(i as usize, j as usize) > 3.0;
    let value: Vec<f64> = row.iter().zip(&col).map(|(i, j)| f64::from(seen(*i, *j))).collect();
    let weight: Vec<f64> = row
        .iter()
        .zip(&col)
        .map(|(i, j)| if seen(*i, *j) { 1.0 + confidence * count(*i as usize, *j as usize) } else { 1.0 })
        .collect();
    let all = Entries { rows: m, cols: n, row: &row, col: &col, value: &value, weight: Some(&weight) };
    let explicit =
        completed(all, &[("rank", "3"), ("ridge", "0.6"), ("ridge_power", "0"), ("tolerance", "1e-11")]);
    for solver in ["direct", "cg", "auto"] {
        let set = [
            ("rank", "3"),
            ("ridge", "0.6"),
            ("feedback", "implicit"),
            ("confidence", "0.8"),
            ("tolerance", "1e-8"),
            ("row_solver", solver),
        ];
        let implicit = completed(made.entries(), &set);
        assert_eq!(implicit.outcome, Outcome::Converged);
        assert!(implicit.certificate.gradient < 1e-6, "{:?}", implicit.certificate);
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let (a, b) = (implicit.model.predict(i, j), explicit.model.predict(i, j));
            assert!((a - b).abs() < 1e-4, "{solver} {i} {j}: {a} {b}");
        }
    }
}

#[test]
fn nonnegative_factors_meet_the_conditions_of_their_minimum() {
    let (made, _) = Made::low_rank(30, 25, 2, 0.7, 0.1);
    let shifted: Vec<f64> = made.value.iter().map(|v| v.abs()).collect();
    let positive = Entries { value: &shifted, ..made.entries() };
    for ridge in ["0", "0.01"] {
        let set = [
            ("rank", "3"),
            ("ridge", ridge),
            ("nonnegative", "true"),
            ("tolerance", "1e-9"),
            ("max_iterations", "20000"),
        ];
        let solution = completed(positive, &set);
        let factors = [solution.model.factor(Side::Rows), solution.model.factor(Side::Columns)];
        assert!(factors.iter().flatten().all(|x| *x >= 0.0));
        assert!(factors.iter().flatten().any(|x| *x == 0.0), "some bound holds");
        assert!(solution.certificate.gradient < 1e-5, "{:?} {}", solution.certificate, solution.iterations);
    }
    // Nothing but 0 fits what is below 0.
    let negative: Vec<f64> = shifted.iter().map(|v| -v - 0.1).collect();
    let solution = completed(
        Entries { value: &negative, ..made.entries() },
        &[("rank", "2"), ("ridge", "0.1"), ("nonnegative", "true")],
    );
    assert!((0..30).all(|i| (0..25).all(|j| solution.model.predict(i, j) == 0.0)));
    assert!(solution.certificate.gradient < 1e-9);
    // Chosen ridges work too.
    let chosen = completed(positive, &[("rank", "3"), ("nonnegative", "true"), ("tolerance", "1e-4")]);
    assert!(chosen.ridges.len() > 2 && chosen.certificate.residual < 0.5);
}

#[test]
fn a_start_has_its_own_units_and_one_of_zeros_is_none() {
    let (made, _) = Made::low_rank(20, 15, 2, 0.6, 0.1);
    let options = options(&[("rank", "2"), ("ridge", "0.01"), ("max_iterations", "0")]);
    let problem = Problem::<f64>::new(made.entries(), &options, &mut Control::new()).unwrap();
    let u: Vec<f64> = (0..40).map(|k| 7.0 * (k as f64).sin()).collect();
    let v: Vec<f64> = (0..30).map(|k| 300.0 * (k as f64).cos()).collect();
    let start = Model::of_factors(20, 15, 2, &u, &v).unwrap();
    let kept = solve(&problem, &options, Some(&start), &mut Control::new()).unwrap().model;
    for (i, j) in [(0, 0), (7, 3), (19, 14)] {
        let product = u[2 * i] * v[2 * j] + u[2 * i + 1] * v[2 * j + 1];
        assert!((kept.predict(i, j) - product).abs() < 1e-9 * product.abs(), "{i} {j}");
    }
    let mut going = options.clone();
    going.reset("max_iterations").unwrap();
    let zeros = Model::of_factors(20, 15, 2, &[0.0; 40], &[0.0; 30]).unwrap();
    let from_zeros = solve(&problem, &going, Some(&zeros), &mut Control::new()).unwrap();
    let afresh = solve(&problem, &going, None, &mut Control::new()).unwrap();
    assert_eq!(bits(&from_zeros.model), bits(&afresh.model));
    // A stop leaves the start.
    let mut late = going.clone();
    late.set_real("max_seconds", 0.0).unwrap();
    let stopped = solve(&problem, &late, Some(&afresh.model), &mut Control::new()).unwrap();
    assert_eq!((stopped.outcome, bits(&stopped.model)), (Outcome::TimeLimit, bits(&afresh.model)));
}

#[test]
fn neither_units_nor_the_size_of_weights_change_what_is_chosen() {
    let (made, truth) = Made::low_rank(80, 60, 2, 0.4, 0.3);
    let offset: Vec<f64> =
        made.value.iter().zip(&made.row).map(|(v, i)| v + (*i as f64 * 0.7).sin() + 2.0).collect();
    let set = [("rank", "3"), ("biases", "true"), ("tolerance", "1e-6")];
    let plain = completed(Entries { value: &offset, ..made.entries() }, &set);
    let large: Vec<f64> = offset.iter().map(|v| v * 4096.0).collect();
    let scaled = completed(Entries { value: &large, ..made.entries() }, &set);
    for (i, j) in [(0, 0), (40, 20), (79, 59)] {
        assert_eq!(scaled.model.predict(i, j), 4096.0 * plain.model.predict(i, j));
    }
    let chosen = completed(made.entries(), &[("rank", "3")]);
    let weight = vec![0.01; made.row.len()];
    let light = completed(Entries { weight: Some(&weight), ..made.entries() }, &[("rank", "3")]);
    assert!((light.ridge / chosen.ridge - 0.01).abs() < 1e-6, "{} {}", light.ridge, chosen.ridge);
    assert!(
        (light.model.predict(3, 5) - chosen.model.predict(3, 5)).abs() < 1e-3 * (1.0 + truth(3, 5).abs())
    );
}

#[test]
fn parts_of_a_call_hold_out_apart_and_options_must_match_the_problem() {
    let (made, _) = Made::low_rank(60, 50, 1, 0.95, 0.0);
    let set = [
        ("rank", "1"),
        ("ridge", "0"),
        ("search", "paper"),
        ("independent", "true"),
        ("rounds", "2"),
        ("held_out", "0.1"),
    ];
    let solution = completed(made.entries(), &set);
    assert!(solution.certificate.residual < 0.5, "{:?}", solution.certificate);
    let explicit = options(&[("ridge", "1")]);
    let implicit = options(&[("ridge", "1"), ("feedback", "implicit")]);
    let problem = Problem::<f64>::new(made.entries(), &explicit, &mut Control::new()).unwrap();
    let refused = solve(&problem, &implicit, None, &mut Control::new()).unwrap_err();
    assert!(refused.to_string().contains("feedback"), "{refused}");
    let summed = options(&[("ridge", "1"), ("feedback", "implicit"), ("duplicates", "sum")]);
    assert!(Problem::<f64>::new(made.entries(), &summed, &mut Control::new()).is_err());
}
