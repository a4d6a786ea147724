//! The theorems on streams that are drawn, and on adversaries; figures against code that knows nothing of the stream.

use super::super::{ALWAYS_ON, Claim, Groups, Standing, Stream, replay};
use super::{Drawn, rounds, step, stream};
use crate::runtime::Control;
use crate::runtime::rng::{self, Purpose};
use proptest::prelude::*;

/// Whether every bound of a stream holds, and how near the nearest one is.
fn check(stream: &Stream, what: &str) -> f64 {
    let certificate = stream.certificates().unwrap();
    assert_eq!(certificate.claim, Claim::Holds, "{what}");
    assert!(certificate.ln_potential <= certificate.ln_potential_bound, "{what}: {certificate:?}");
    let mut nearest: f64 = 0.0;
    for group in &certificate.groups {
        assert!(!matches!(group.standing, Standing::Broken | Standing::Suspect), "{what}: {group:?}");
        for expert in &group.experts {
            let bound = expert.bound.unwrap();
            assert!(expert.regret <= bound + 1e-9, "{what}: {expert:?}");
            assert!(expert.hedge_regret <= bound + 1e-9, "{what}: {expert:?}");
            if let (Some(hindsight), Some(most)) = (expert.hindsight, expert.learner_bound) {
                assert!(expert.loss - hindsight <= most + 1e-9, "{what}: {expert:?}");
            }
            if bound > 0.0 {
                nearest = nearest.max(expert.regret / bound);
            }
        }
    }
    nearest
}

/// Awake sets by chance, labels as far from the prediction as can be, groups that go to sleep for long.
fn against(stream: &mut Stream, count: usize, seed: u64) {
    let mut draw = rng::Stream::new(seed, Purpose::Start, 1);
    for t in 0..count {
        let x = [draw.uniform(), 2.0 * draw.uniform() - 1.0, 1.0];
        let awake: Vec<u64> = (0..6).filter(|g| draw.uniform() < 0.5 && (t / 100) as u64 % 6 != *g).collect();
        let prediction = stream.predict(&x, &awake).unwrap();
        let far = f64::from(prediction.value < 0.5);
        let adversarial = seed.is_multiple_of(3) || draw.uniform() < 0.8;
        let y = if adversarial { far } else { draw.uniform() };
        stream.update(prediction.ticket, y).unwrap();
    }
}

#[test]
fn t1_t2_potential_and_regrets_stay_below_their_bounds_against_adversaries() {
    for set in [
        &[][..],
        &[("regret_term", "jensen"), ("second_learner", "vovk-azoury-warmuth")],
        &[("regret_term", "gradient"), ("learner", "ridge-fast")],
        &[("mode", "randomised"), ("second_learner", "ada-grad")],
        &[("loss", "absolute"), ("learner", "gradient-descent")],
        &[("loss", "pinball"), ("quantile", "0.9"), ("learner", "ada-grad"), ("radius", "3")],
        &[("loss", "log"), ("learner", "logistic"), ("probability_floor", "0.01"), ("radius", "5")],
        &[("learner", "newton-step"), ("feature_norm", "2")],
        &[("crossed", "true"), ("least_squares", "true")],
    ] {
        for seed in 0..4 {
            let mut stream = stream(3, Groups::declared(6), set);
            for part in 0..4 {
                against(&mut stream, 250, 10 * seed + part);
                check(&stream, &format!("{set:?} {seed}"));
            }
        }
        if set.first().is_none_or(|s| s.0 != "crossed") {
            let mut open = stream(3, Groups::open(), &set[..set.len().min(1)]);
            against(&mut open, 500, 77);
            check(&open, &format!("open {set:?}"));
        }
    }
}

#[test]
fn t6_specialists_lose_no_more_than_the_logarithm_of_the_prior() {
    for (set, eta) in [
        (&[("meta", "specialists")][..], 0.5),
        (&[("meta", "aggregating")], 2.0),
        (&[("meta", "specialists"), ("loss", "log"), ("learner", "logistic"), ("radius", "4")], 1.0),
    ] {
        for seed in 0..5 {
            let mut stream = stream(3, Groups::declared(6), set);
            against(&mut stream, 1000, seed);
            let nearest = check(&stream, &format!("{set:?}"));
            let expert = stream.certificate(2).unwrap().experts[0];
            assert!((expert.bound.unwrap() - 7.0_f64.ln() / eta).abs() < 1e-12);
            assert!(nearest <= 1.0, "{nearest}");
        }
    }
}

#[test]
fn experts_that_differ_come_near_the_bound_of_specialists() {
    // One expert is perfect and the others are always wrong: the regret to it is nearly ln N / eta.
    use super::callbacks::Fixed;
    let options = super::options(&[("meta", "aggregating"), ("learner", "ridge"), ("ridge", "1e12")]);
    let groups = Groups { declared: Some(8), always_on: false };
    let mut stream = Stream::with_custom(1, groups, Some(Box::new(Fixed(vec![1.0]))), &options).unwrap();
    for _ in 0..50 {
        step(&mut stream, &Drawn { x: vec![1.0], awake: vec![0], y: 1.0 });
    }
    let expert = stream.certificate(0).unwrap().experts[1];
    let share = expert.regret / expert.bound.unwrap();
    assert!(share > 0.15 && share <= 1.0, "{share}");
}

#[test]
fn the_figures_are_those_of_the_round_log_in_twice_the_digits() {
    for set in [
        &[("trace", "true")][..],
        &[("trace", "true"), ("mode", "randomised"), ("second_learner", "vovk-azoury-warmuth")],
        &[("trace", "true"), ("learner", "ridge-fast"), ("meta", "aggregating")],
    ] {
        let mut stream = stream(4, Groups::declared(5), set);
        rounds(300, 4, 5, 12).iter().for_each(|round| _ = step(&mut stream, round));
        let settings = stream.settings;
        let told = replay(stream.log().unwrap(), settings.loss, settings.ridge, &mut Control::new()).unwrap();
        let certified = stream.certificates().unwrap().groups;
        assert_eq!(told.len(), certified.len());
        for (told, own) in told.iter().zip(&certified) {
            assert_eq!((told.group, told.rounds), (own.group, own.rounds));
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
            assert!(
                near(told.loss, own.loss) && near(told.expected_loss, own.expected_loss),
                "{told:?} {own:?}"
            );
            let ridge = own.experts[0].hindsight.unwrap();
            assert!(near(told.ridge_hindsight, ridge), "{told:?} {ridge}");
        }
    }
}

#[test]
fn replayed_hindsight_is_that_of_the_normal_equations_and_damaged_logs_are_refused() {
    let mut stream = stream(2, Groups::declared(1), &[("trace", "true")]);
    let drawn = rounds(60, 2, 1, 3);
    drawn.iter().for_each(|round| _ = step(&mut stream, round));
    let log = stream.log().unwrap().clone();
    let told = replay(&log, stream.settings.loss, 0.5, &mut Control::new()).unwrap();
    for told in told {
        let own = drawn.iter().filter(|r| told.group == ALWAYS_ON || r.awake.contains(&told.group));
        let (mut a, mut b, mut c) = ([0.5, 0.0, 0.5], [0.0, 0.0], 0.0);
        for r in own {
            let [x, z] = [r.x[0], r.x[1]];
            a = [a[0] + x * x, a[1] + x * z, a[2] + z * z];
            b = [b[0] + x * r.y, b[1] + z * r.y];
            c += r.y * r.y;
        }
        let det = a[0] * a[2] - a[1] * a[1];
        let theta = [(a[2] * b[0] - a[1] * b[1]) / det, (a[0] * b[1] - a[1] * b[0]) / det];
        let least = c - theta[0] * b[0] - theta[1] * b[1];
        assert!((least - told.ridge_hindsight).abs() < 1e-12, "{least} {told:?}");
    }
    let refused = |change: &dyn Fn(&mut super::super::RoundLog)| {
        let mut log = log.clone();
        change(&mut log);
        replay(&log, stream.settings.loss, 0.5, &mut Control::new()).unwrap_err();
    };
    refused(&|log| log.p[3] += 1e-6);
    refused(&|log| log.output[10] = 2.0);
    refused(&|log| _ = log.y.pop());
    refused(&|log| log.weight[0] = 0.0);
    refused(&|log| log.group_end[5] += 1000);
    refused(&|log| log.x[0] = f64::NAN);
    // Told to stop, it stops.
    let mut wide = super::stream(40, Groups::declared(1), &[("trace", "true")]);
    rounds(30, 40, 1, 3).iter().for_each(|round| _ = step(&mut wide, round));
    let mut control = Control::new();
    control.begin(f64::INFINITY, 0);
    let error = replay(wide.log().unwrap(), wide.settings.loss, 0.5, &mut control).unwrap_err();
    assert_eq!(error.kind(), crate::runtime::ErrorKind::Stopped);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn identities_of_ridge_regression_and_of_the_forecaster_hold(
        seed in 0_u64..1000, d in 1_usize..8, ridge in 0.01..2.0_f64,
    ) {
        let set = [("second_learner", "vovk-azoury-warmuth"), ("ridge", &ridge.to_string())];
        let mut stream = stream(d, Groups::declared(1), &set);
        let drawn = rounds(80, d, 1, seed);
        // (a) sum (y - z)^2 (1 - h) and (b) L - min = sum y^2 h - sum q z^2, with q by Gaussian elimination.
        let mut a = vec![vec![0.0; d]; d];
        (0..d).for_each(|i| a[i][i] = ridge);
        let (mut left, mut forecast, mut right) = (0.0, 0.0, 0.0);
        for round in &drawn {
            let solved = solve(&a, &round.x);
            let q: f64 = solved.iter().zip(&round.x).map(|(s, x)| s * x).sum();
            let theta = &stream.coefficients(ALWAYS_ON).unwrap();
            let dot = |theta: &[f64]| theta.iter().zip(&round.x).map(|(t, x)| t * x).sum::<f64>();
            let (z, centred) = (dot(&theta[0]), dot(&theta[1]) / (1.0 + q));
            let (h, y) = (q / (1.0 + q), round.y - 0.5);
            left += (round.y - z).powi(2) * (1.0 - h);
            forecast += (y - centred).powi(2);
            right += y * y * h - q * centred * centred;
            (0..d).for_each(|i| (0..d).for_each(|j| a[i][j] += round.x[i] * round.x[j]));
            step(&mut stream, &Drawn { awake: vec![], ..round.clone() });
        }
        let experts = stream.certificate(ALWAYS_ON).unwrap().experts;
        let (ridge, centred) = (experts[0].hindsight.unwrap(), experts[1].hindsight.unwrap());
        prop_assert!((left - ridge).abs() <= 1e-12 * (1.0 + left), "{} {}", left, ridge);
        prop_assert!((forecast - centred - right).abs() <= 1e-11 * (1.0 + forecast));
        prop_assert!(experts.iter().all(|e| e.health.unwrap() < 1e-12));
    }
}

/// The solution of `A s = x`, by elimination.
fn solve(a: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let (mut a, mut s) = (a.to_vec(), x.to_vec());
    for i in 0..n {
        for j in i + 1..n {
            let f = a[j][i] / a[i][i];
            let row = a[i].clone();
            a[j].iter_mut().zip(&row).for_each(|(x, y)| *x -= f * y);
            s[j] -= f * s[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * s[j]).sum();
        s[i] = (s[i] - known) / a[i][i];
    }
    s
}

#[test]
fn e31_what_is_played_and_what_is_expected_are_told_apart() {
    let mut stream = stream(3, Groups::declared(6), &[("mode", "randomised")]);
    against(&mut stream, 3000, 5);
    let group = stream.certificate(ALWAYS_ON).unwrap();
    // The draws' mean is the expectation, up to sqrt(T).
    assert!(
        group.loss != group.expected_loss
            && (group.loss - group.expected_loss).abs() < 4.0 * 3000.0_f64.sqrt()
    );
    let slack = group.bound.unwrap() - (group.expected_loss - group.hindsight.unwrap());
    assert!((slack - group.slack.unwrap()).abs() < 1e-9);
    // The same seed plays the same, another does not.
    let again = |seed: &str| {
        let mut other = super::stream(3, Groups::declared(6), &[("mode", "randomised"), ("seed", seed)]);
        against(&mut other, 300, 5);
        other.certificate(ALWAYS_ON).unwrap().loss
    };
    assert!(again("1") == again("1") && again("1") != again("2"));
}

#[test]
fn batches_are_rounds_one_after_the_other_and_stop_when_told() {
    use super::super::Rounds;
    use crate::runtime::Outcome;
    let drawn = rounds(500, 3, 4, 21);
    let x: Vec<f64> = drawn.iter().flat_map(|r| r.x.clone()).collect();
    let y: Vec<f64> = drawn.iter().map(|r| r.y).collect();
    let groups: Vec<u64> = drawn.iter().flat_map(|r| r.awake.clone()).collect();
    let start: Vec<usize> = std::iter::once(0)
        .chain(drawn.iter().scan(0, |end, r| {
            *end += r.awake.len();
            Some(*end)
        }))
        .collect();
    let batch = Rounds { x: &x, y: &y, weight: None, start: &start, groups: &groups };
    let mut one = stream(3, Groups::declared(4), &[]);
    let mut all = one.try_clone().unwrap();
    let mut out = vec![f64::NAN; 500];
    let report = all.run_batch(batch, &mut out, &mut Control::new()).unwrap();
    assert_eq!((report.rounds, report.outcome), (500, Outcome::Converged));
    drawn.iter().zip(&out).for_each(|(round, z)| assert_eq!(step(&mut one, round).to_bits(), z.to_bits()));
    assert_eq!(one.save().unwrap(), all.save().unwrap());
    let mut limited = stream(3, Groups::declared(4), &[("max_seconds", "0")]);
    let mut control = Control::new().with_trip_at_poll(1);
    let report = limited.run_batch(batch, &mut out, &mut control).unwrap();
    assert!(report.rounds < 500 && report.outcome != Outcome::Converged, "{report:?}");
    assert_eq!(limited.counts().updates as usize, report.rounds);
    let mut told = Control::new().with_progress(100, |p| {
        if p.iteration < 250 { crate::runtime::Verdict::Continue } else { crate::runtime::Verdict::Stop }
    });
    let mut stream = super::stream(3, Groups::declared(4), &[]);
    let report = stream.run_batch(batch, &mut out, &mut told).unwrap();
    assert_eq!((report.rounds, report.outcome), (301, Outcome::Cancelled));
}
