//! What is to be better than the paper's own experiment is.

use super::super::{ALWAYS_ON, CROSSED, Claim, Groups, Kind};
use super::{Drawn, rounds, step, stream};

/// The regrets of groups to the best linear predictor.
fn regrets(set: &[(&str, &str)], drawn: &[Drawn]) -> Vec<f64> {
    let set: Vec<_> = set.iter().copied().chain([("least_squares", "true"), ("intercept", "true")]).collect();
    let mut stream = stream(5, Groups::declared(4), &set);
    drawn.iter().for_each(|round| _ = step(&mut stream, round));
    (0..4).chain([ALWAYS_ON]).map(|g| stream.certificate(g).unwrap().regret.unwrap()).collect()
}

#[test]
fn convex_outputs_lose_less_than_the_papers_and_groups_less_than_one_learner() {
    let drawn = rounds(3000, 5, 4, 33);
    let (paper, convex) = (regrets(&[("mode", "paper")], &drawn), regrets(&[], &drawn));
    assert!(paper.iter().zip(&convex).all(|(p, c)| c < p), "{paper:?} {convex:?}");
    // Labels of one group rise with the first feature, those of the other fall: no one learner does both.
    let opposite = |t: usize, r: &Drawn| Drawn {
        awake: vec![t as u64 % 2],
        y: 0.5 + 0.4 * if t.is_multiple_of(2) { r.x[0] } else { -r.x[0] },
        ..r.clone()
    };
    let base = [("intercept", "true")];
    let mut alone = super::stream(5, Groups { declared: Some(0), always_on: true }, &base);
    let mut grouped = super::stream(5, Groups::declared(2), &base);
    for (t, round) in drawn.iter().enumerate() {
        let round = opposite(t, round);
        step(&mut grouped, &round);
        step(&mut alone, &Drawn { awake: vec![], ..round });
    }
    let [all, own] = [&alone, &grouped].map(|s| s.certificate(ALWAYS_ON).unwrap().loss);
    assert!(own < 0.1 * all, "{own} {all}");
}

#[test]
fn crossed_features_help_where_groups_add_up_and_harm_no_group() {
    // The label is a sum over the groups that are awake, each with its own rule.
    let mut drawn = rounds(3000, 5, 4, 34);
    for (t, round) in drawn.iter_mut().enumerate() {
        let sum: f64 = round.awake.iter().map(|g| round.x[*g as usize] - 0.5 * round.x[4]).sum();
        round.y = (0.5 + 0.1 * sum + 0.02 * ((t * 7919 % 101) as f64 / 50.0 - 1.0)).clamp(0.0, 1.0);
    }
    let (plain, crossed) = (regrets(&[], &drawn), regrets(&[("crossed", "true")], &drawn));
    assert!(crossed[4] < plain[4] - 1.0, "{plain:?} {crossed:?}");
    assert!(crossed.iter().zip(&plain).all(|(c, p)| c < &(p + 1.0)), "{plain:?} {crossed:?}");
    let mut stream = stream(5, Groups::declared(4), &[("crossed", "true"), ("intercept", "true")]);
    drawn.iter().for_each(|round| _ = step(&mut stream, round));
    let expert = stream.certificate(CROSSED).unwrap();
    assert_eq!((expert.rounds, expert.experts[0].learner), (3000, Kind::Ridge));
    assert_eq!(stream.coefficients(CROSSED).unwrap()[0].len(), 30);
}

#[test]
fn a_range_that_widens_goes_on_without_a_theorem() {
    let mut stream = stream(2, Groups::declared(2), &[("outside", "widen")]);
    for (t, round) in rounds(400, 2, 2, 5).iter().enumerate() {
        let y = if t < 50 { round.y } else { 10.0 * round.y };
        let value = step(&mut stream, &Drawn { y, ..round.clone() });
        assert!(value.is_finite());
    }
    assert_eq!(stream.claim(), Claim::Widened);
    let certificate = stream.certificate(0).unwrap();
    assert!(
        certificate.bound.is_none() && certificate.regret.unwrap() < 0.5 * certificate.hindsight.unwrap()
    );
    assert!(stream.counts().widened > 0);
}

#[test]
fn two_learners_of_a_group_do_nearly_as_well_as_the_better_one() {
    let drawn = rounds(2000, 5, 4, 40);
    let loss = |set: &[(&str, &str)]| {
        let set: Vec<_> = set.iter().copied().chain([("intercept", "true")]).collect();
        let mut stream = stream(5, Groups::declared(4), &set);
        drawn.iter().for_each(|round| _ = step(&mut stream, round));
        stream.certificate(ALWAYS_ON).unwrap().loss
    };
    let (good, bad) = (loss(&[]), loss(&[("learner", "ada-grad"), ("radius", "0.001")]));
    let both = loss(&[("second_learner", "ada-grad"), ("radius", "0.001")]);
    assert!(good < bad - 1.0 && both < good + 0.3 * (bad - good), "{good} {bad} {both}");
}
