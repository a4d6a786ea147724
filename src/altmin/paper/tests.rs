use super::*;
use crate::altmin::observations::{Entries, Repeats};
use crate::numerics::sketch::Family;
use crate::runtime::rng::{Purpose, Stream};

/// `U diag(s) V'` with orthonormal normal factors; each entry is seen with probability `share`.
fn planted(n: usize, singular: &[f64], share: f64, seed: u64) -> (Observations<f64>, Factors<f64>) {
    let k = singular.len();
    let mut stream = Stream::new(seed, Purpose::Start, 78);
    let mut gaussian = || {
        let mut y = Tall::zeros(n, k).unwrap();
        (0..n).for_each(|i| y.row_mut(i).iter_mut().for_each(|v| *v = stream.normal()));
        orthonormalize(&mut y, None, &Team::solo(), &mut Control::new()).unwrap();
        y
    };
    let (mut u, v) = (gaussian(), gaussian());
    (0..n).for_each(|i| u.row_mut(i).iter_mut().zip(singular).for_each(|(u, s)| *u *= s));
    let cells = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let cells = cells.filter(|&(i, j)| sampling::uniform(seed, i, j) < share);
    let (mut row, mut col, mut value) = (Vec::new(), Vec::new(), Vec::new());
    for (i, j) in cells {
        row.push(i as i64);
        col.push(j as i64);
        value.push(u.row(i).iter().zip(v.row(j)).map(|(u, v)| u * v).sum());
    }
    let entries = Entries { rows: n, cols: n, row: &row, col: &col, value: &value, weight: None };
    (Observations::new(entries, Repeats::Error, &mut Control::new()).unwrap(), Factors { u, v })
}

/// The relative error over all entries, through products of the factors.
fn error(found: &Factors<f64>, truth: &Factors<f64>) -> f64 {
    let (mut off, mut size) = (0.0, 0.0);
    for i in 0..truth.u.rows() {
        for j in 0..truth.v.rows() {
            let t = truth.at(i, j);
            off += (found.at(i, j) - t).powi(2);
            size += t * t;
        }
    }
    (off / size).sqrt()
}

fn plan(rank: usize, sampling: Sampling, rule: Rule, family: Family) -> Plan {
    let sketching = Sketching { family, distortion: 0.5, failure: Some(0.01), error: 0.0, seed: 4 };
    Plan { rank, rounds: 10, sampling, rule, sketching, seed: 3 }
}

/// What holds for every step: the clip keeps rows within three times the length of nearly all, `9 ln 100` in squares
/// here.
fn check_steps(steps: &[Step]) {
    for step in steps {
        assert!(step.incoherence >= 1.0 - 1e-12 && step.incoherence < 50.0, "{step:?}");
        assert!(step.half.underdetermined == 0 && step.sketched > 0, "{step:?}");
    }
}

/// Independent sets on a matrix of which everything is seen.
fn check_independent(n: usize, rounds: usize, rules: &[Rule], failure: f64, goal: f64) {
    let (observed, truth) = planted(n, &[2.0, 1.0], 1.1, 1);
    assert_eq!(observed.len(), n * n);
    for &rule in rules {
        let mut plan = Plan { rounds, ..plan(2, Sampling::Independent, rule, Family::Srht) };
        plan.sketching.failure = Some(failure);
        let found = complete(&observed, plan, &Team::solo(), &mut Control::new()).unwrap().unwrap();
        check_steps(&found.steps);
        let share = n * n / (2 * rounds + 1);
        assert!(found.steps.iter().all(|s| s.observations.abs_diff(share) < 8 * share.isqrt()));
        let error = error(&found.factors, &truth);
        assert!(error < goal, "{rule:?} {error} {:#?}", found.steps);
        // The start is off by much more; in the end the singular value and the incoherence are those of the truth.
        assert!(found.steps[0].half.squares > 1e-4);
        let last = found.steps.last().unwrap();
        assert!((last.smallest - 1.0).abs() < 1e3 * goal, "{last:?}");
        assert!((last.incoherence / incoherence(&truth.v) - 1.0).abs() < 1e3 * goal, "{last:?}");
    }
}

#[test]
fn with_independent_sets_five_rounds_converge() {
    check_independent(800, 5, &[Rule::Adaptive, Rule::Fixed(1e-10)], 0.1, 1e-4);
}

#[test]
fn with_independent_sets_ten_rounds_converge() {
    check_independent(2000, 10, &[Rule::Adaptive, Rule::Fixed(1e-10)], 0.01, 1e-9);
}

#[test]
fn with_reused_observations_every_family_and_rule_converges() {
    let (observed, truth) = planted(400, &[5.0, 2.0, 1.0], 0.8, 2);
    for family in [Family::Srht, Family::SparseSign { nonzeros: 8 }, Family::Gaussian, Family::CountSketch] {
        for rule in [Rule::Adaptive, Rule::Fixed(1e-8)] {
            let mut plan = plan(3, Sampling::Reuse, rule, family);
            if matches!(family, Family::CountSketch | Family::Gaussian) {
                // The size that is proven is more than there is, or takes long to draw.
                plan.sketching.failure = None;
            }
            let found = complete(&observed, plan, &Team::solo(), &mut Control::new()).unwrap().unwrap();
            check_steps(&found.steps);
            let error = error(&found.factors, &truth);
            assert!(error < 1e-10, "{family:?} {rule:?} {error} {:#?}", found.steps);
            if rule == Rule::Adaptive && plan.sketching.failure.is_some() {
                // Until rounding is all there is, every row is as accurate as the inequality asks.
                let early: Vec<&Step> = found.steps.iter().filter(|s| s.theta > 1e-12).collect();
                assert!(early.len() > 4 && early.iter().all(|s| s.is_accurate()), "{:#?}", found.steps);
            }
        }
    }
}

#[test]
fn the_estimated_distance_is_about_the_true_one() {
    let (observed, truth) = planted(400, &[5.0, 2.0, 1.0], 0.3, 2);
    for rounds in [3, 4] {
        let plan = plan(3, Sampling::Reuse, Rule::Adaptive, Family::SparseSign { nonzeros: 8 });
        let found = complete(&observed, Plan { rounds, ..plan }, &Team::solo(), &mut Control::new())
            .unwrap()
            .unwrap();
        let theta = found.steps.last().unwrap().theta;
        let (v, control) = (&found.factors.v, &mut Control::new());
        let mut basis = truth.v.clone();
        orthonormalize(&mut basis, None, &Team::solo(), control).unwrap();
        let exact = distance(&basis, v, &Team::solo(), control).unwrap().unwrap();
        assert!(exact > 1e-12 && theta > 0.1 * exact && theta < 10.0 * exact, "{rounds}: {theta} {exact}");
    }
}

#[test]
fn threads_do_not_change_it_and_what_cannot_be_done_is_refused() {
    let (observed, _) = planted(120, &[2.0, 1.0], 0.9, 6);
    let plan = Plan { rounds: 2, ..plan(2, Sampling::Independent, Rule::Adaptive, Family::CountSketch) };
    let plan = Plan { sketching: Sketching { failure: None, ..plan.sketching }, ..plan };
    let run = |threads: usize| {
        crate::runtime::parallel::with_team(threads, |team| {
            complete(&observed, plan, team, &mut Control::new()).unwrap().unwrap().factors.u.data().to_vec()
        })
        .unwrap()
    };
    assert_eq!(run(1), run(3));
    let refusal =
        |plan: Plan| complete(&observed, plan, &Team::solo(), &mut Control::new()).unwrap_err().to_string();
    assert!(refusal(Plan { rank: 0, ..plan }).starts_with("rank"));
    assert!(refusal(Plan { rounds: 0, ..plan }).starts_with("rounds"));
    assert!(refusal(Plan { rule: Rule::Fixed(0.0), ..plan }).starts_with("reduction"));
    let wide = Sketching { distortion: 1.0, ..plan.sketching };
    assert!(refusal(Plan { sketching: wide, ..plan }).starts_with("distortion"));
    let mut control = Control::new().with_trip_at_poll(1);
    assert!(complete(&observed, plan, &Team::solo(), &mut control).unwrap().is_err());
}
