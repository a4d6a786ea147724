//! The edge cases of streams, by their numbers in the notes on the paper; what concerns one file alone is tested there.

use super::super::{ALWAYS_ON, Comparator, Groups, Standing, Stream};
use super::{Drawn, options, rounds, step, stream};
use crate::runtime::ErrorKind;

#[test]
fn e01_without_an_awake_group_the_round_is_refused_or_gets_the_mean_label() {
    let groups = Groups { declared: Some(3), always_on: false };
    let mut strict = stream(1, groups, &[]);
    assert!(strict.predict(&[1.0], &[]).unwrap_err().to_string().contains("none"));
    assert_eq!((strict.open_tickets(), strict.counts().predictions), (0, 0));
    let mut mean = stream(1, groups, &[("uncovered", "mean")]);
    assert_eq!(mean.predict(&[1.0], &[]).unwrap().value, 0.5);
    step(&mut mean, &Drawn { x: vec![1.0], awake: vec![0], y: 0.2 });
    step(&mut mean, &Drawn { x: vec![1.0], awake: vec![1], y: 0.8 });
    let before = mean.certificates().unwrap().groups;
    let prediction = mean.predict(&[1.0], &[]).unwrap();
    assert!((prediction.value - 0.5).abs() < 1e-15 && prediction.experts == 0);
    mean.update(prediction.ticket, 0.9).unwrap();
    assert_eq!((mean.counts().uncovered, mean.certificates().unwrap().groups), (1, before));
}

#[test]
fn e02_a_group_named_twice_counts_once() {
    let mut once = stream(2, Groups::declared(3), &[]);
    let mut twice = once.try_clone().unwrap();
    for round in rounds(40, 2, 3, 1) {
        let doubled: Vec<u64> = round.awake.iter().chain(&round.awake).copied().collect();
        let doubled = Drawn { awake: doubled, ..round.clone() };
        assert_eq!(step(&mut once, &round).to_bits(), step(&mut twice, &doubled).to_bits());
    }
    assert_eq!(once.certificates().unwrap(), twice.certificates().unwrap());
}

#[test]
fn e03_groups_out_of_range_are_refused_and_nothing_changes() {
    let mut declared = stream(1, Groups::declared(3), &[]);
    let message = declared.predict(&[1.0], &[0, 3]).unwrap_err().to_string();
    assert_eq!(message, "groups, entry 1: expected a group below 3, found 3");
    assert_eq!((declared.groups(), declared.counts().predictions), (vec![ALWAYS_ON], 0));
    let mut open = stream(1, Groups::open(), &[("max_groups", "3")]);
    open.predict(&[1.0], &[1 << 63, 5]).unwrap();
    assert!(open.predict(&[1.0], &[u64::MAX]).is_err() && open.predict(&[1.0], &[u64::MAX - 1]).is_err());
    let error = open.predict(&[1.0], &[5, 6]).unwrap_err();
    assert!(error.kind() == ErrorKind::Memory && error.to_string().contains("max_groups"), "{error}");
    assert_eq!(open.groups(), [5, 1 << 63, ALWAYS_ON]);
    let mut ignoring = stream(1, Groups::open(), &[("max_groups", "1"), ("when_full", "ignore")]);
    assert_eq!(ignoring.predict(&[1.0], &[5, 6]).unwrap().experts, 1);
    assert_eq!(ignoring.counts().ignored, 2);
}

#[test]
fn a_memory_cap_refuses_demotes_or_ignores_new_groups() {
    let bytes = stream(20, Groups::open(), &[]).bytes();
    let cap = (bytes * 5 / 2).to_string();
    let mut refusing = stream(20, Groups::open(), &[("max_bytes", &cap)]);
    refusing.predict(&[0.5; 20], &[1]).unwrap();
    assert!(refusing.predict(&[0.5; 20], &[2]).unwrap_err().to_string().contains("max_bytes"));
    let mut demoting = stream(20, Groups::open(), &[("max_bytes", &cap), ("when_full", "diagonal")]);
    let drawn = Drawn { x: vec![0.5; 20], awake: vec![1, 2], y: 0.3 };
    (0..20).for_each(|_| _ = step(&mut demoting, &drawn));
    let certificate = demoting.certificate(2).unwrap();
    assert_eq!(certificate.experts[0].learner.name(), "ada-grad");
    assert_eq!((certificate.comparator, certificate.standing), (Comparator::Unknown, Standing::Unknown));
    assert_eq!(demoting.certificate(1).unwrap().standing, Standing::Holds);
}

#[test]
fn e08_a_feature_that_is_no_number_is_refused_or_has_an_indicator() {
    let mut strict = stream(2, Groups::declared(2), &[]);
    let message = strict.predict(&[1.0, f64::NAN], &[0]).unwrap_err().to_string();
    assert_eq!(message, "x, feature 1: expected a finite number of size up to 1e100, found NaN");
    assert!(strict.predict(&[f64::INFINITY, 0.0], &[0]).is_err());
    assert_eq!((strict.groups().len(), strict.counts().predictions, strict.open_tickets()), (1, 0, 0));
    let mut kind = stream(2, Groups::declared(2), &[("missing", "indicator")]);
    for t in 0..60 {
        let x = if t % 2 == 0 { vec![f64::NAN, 1.0] } else { vec![1.0, 1.0] };
        step(&mut kind, &Drawn { x, awake: vec![0], y: f64::from(t % 2 == 0) });
    }
    assert!(kind.predict(&[f64::NAN, 1.0], &[0]).unwrap().value > 0.9);
    assert!(kind.predict(&[f64::INFINITY, 1.0], &[0]).is_err());
}

#[test]
fn e09_huge_features_are_refused_and_large_ones_leave_finite_numbers() {
    for learner in ["ridge", "ridge-fast", "vovk-azoury-warmuth", "gradient-descent", "ada-grad"] {
        let mut stream = stream(2, Groups::declared(1), &[("learner", learner)]);
        assert!(stream.predict(&[1e200, 1.0], &[0]).is_err());
        for x in [1e100, 1.0, -1e100, 1e-300, 0.5] {
            let value = step(&mut stream, &Drawn { x: vec![x, 1.0], awake: vec![0], y: 0.75 });
            assert!((0.0..=1.0).contains(&value), "{learner} {x}");
        }
        let certificate = stream.certificate(0).unwrap();
        assert!(certificate.loss.is_finite() && stream.counts().asleep == 0, "{learner}");
    }
}

#[test]
fn e10_a_row_of_zeros_predicts_the_lower_end_or_the_middle_and_teaches_nothing() {
    for (learner, value) in
        [("ridge", 0.0), ("ridge-fast", 0.0), ("vovk-azoury-warmuth", 0.5), ("ada-grad", 0.5)]
    {
        let mut stream = stream(3, Groups::declared(1), &[("learner", learner)]);
        for _ in 0..5 {
            assert_eq!(step(&mut stream, &Drawn { x: vec![0.0; 3], awake: vec![0], y: 0.7 }), value);
        }
        assert!(stream.coefficients(0).unwrap()[0].iter().all(|t| *t == 0.0));
        assert_eq!(stream.certificate(0).unwrap().rounds, 5);
    }
}

#[test]
fn e11_the_one_hot_trap_is_fine_with_a_ridge_and_without() {
    for ridge in ["1", "0"] {
        let mut stream = stream(4, Groups::declared(2), &[("ridge", ridge), ("least_squares", "true")]);
        for (t, round) in rounds(200, 1, 2, 9).iter().enumerate() {
            // Two columns that sum to 1, a constant, and one that is there twice.
            let kind = f64::from(t % 3 == 0);
            let x = vec![kind, 1.0 - kind, 1.0, kind];
            step(&mut stream, &Drawn { x, awake: vec![0], y: round.y });
        }
        let certificate = stream.certificate(0).unwrap();
        assert_eq!(certificate.comparator, Comparator::LeastSquares);
        // The best is the mean of each kind.
        let labels = rounds(200, 1, 2, 9);
        let spread = |first: bool| {
            let own = labels.iter().enumerate().filter(|(t, _)| (t % 3 == 0) == first).map(|(_, r)| r.y);
            let mean = own.clone().sum::<f64>() / own.clone().count() as f64;
            own.map(|y| (y - mean).powi(2)).sum::<f64>()
        };
        let best = spread(true) + spread(false);
        assert!((certificate.hindsight.unwrap() - best).abs() < 1e-10 * best);
        // 2 of 4 columns are independent, and the shortest coefficients are symmetric.
        let theta = &stream.coefficients(0).unwrap()[0];
        assert!((theta[0] - theta[3]).abs() < 1e-10, "{theta:?}");
    }
}

#[test]
fn e12_with_more_features_than_rounds_least_squares_lose_nothing() {
    let mut stream = stream(9, Groups::declared(1), &[("least_squares", "true")]);
    rounds(5, 9, 0, 2).iter().for_each(|round| _ = step(&mut stream, round));
    let certificate = stream.certificate(ALWAYS_ON).unwrap();
    assert_eq!(certificate.hindsight, Some(0.0));
    assert_eq!(certificate.standing, Standing::Holds);
}

#[test]
fn e13_no_features_no_rounds_and_no_groups() {
    let error = Stream::new(0, Groups::declared(2), &options(&[])).unwrap_err();
    assert!(error.to_string().contains("intercept"), "{error}");
    let mut constant = stream(0, Groups::declared(0), &[("intercept", "true")]);
    assert_eq!(constant.certificate(ALWAYS_ON).unwrap().rounds, 0);
    assert!(constant.certificate(0).is_err());
    for k in 0..50 {
        step(&mut constant, &Drawn { x: vec![], awake: vec![], y: f64::from(k % 2) });
    }
    let certificate = constant.certificate(ALWAYS_ON).unwrap();
    // One expert: its weight is 1 and it has no regret to itself.
    assert_eq!((certificate.experts[0].regret, certificate.experts[0].hedge_magnitude), (0.0, 0.0));
    assert!((constant.predict(&[], &[]).unwrap().value - 25.0 / 51.0).abs() < 1e-14);
    let empty = stream(2, Groups::declared(5), &[]);
    let certificates = empty.certificates().unwrap();
    assert_eq!((certificates.groups.len(), empty.certificate(4).unwrap().rounds), (1, 0));
    assert!(certificates.ln_potential.abs() < 1e-15 && certificates.ln_potential_bound > 0.0);
}

#[test]
fn e19_a_million_declared_groups_cost_nothing_until_they_are_awake() {
    let mut many = stream(25, Groups::declared(1 << 40), &[]);
    let alone = many.bytes();
    many.predict(&[0.1; 25], &[5, 1 << 39]).unwrap();
    assert_eq!(many.bytes(), 3 * alone);
    assert!(alone < 10_000 && many.groups().len() == 3);
}

#[test]
fn e20_ten_thousand_awake_groups_are_summed_in_the_order_of_their_numbers() {
    let mut forward = stream(2, Groups::declared(10_000), &[]);
    let mut backward = forward.try_clone().unwrap();
    let awake: Vec<u64> = (0..10_000).collect();
    let reversed: Vec<u64> = awake.iter().rev().copied().collect();
    for round in rounds(3, 2, 1, 4) {
        let a = step(&mut forward, &Drawn { awake: awake.clone(), ..round.clone() });
        let b = step(&mut backward, &Drawn { awake: reversed.clone(), ..round });
        assert_eq!(a.to_bits(), b.to_bits());
    }
}

#[test]
fn e21_groups_of_the_same_rounds_weigh_the_same_and_share_a_prior() {
    let mut one = stream(2, Groups { declared: Some(1), always_on: false }, &[]);
    let mut two = stream(2, Groups { declared: Some(2), always_on: false }, &[]);
    for round in rounds(50, 2, 1, 6) {
        let a = step(&mut one, &Drawn { awake: vec![0], ..round.clone() });
        let prediction = two.predict(&round.x, &[0, 1]).unwrap();
        let weights = two.weights(prediction.ticket).unwrap();
        assert!(weights[0].weight == weights[1].weight && weights[0].prediction == weights[1].prediction);
        two.update(prediction.ticket, round.y).unwrap();
        assert!((a - prediction.value).abs() < 1e-14);
    }
}

#[test]
fn e22_the_numbers_of_groups_do_not_matter() {
    let mut plain = stream(2, Groups::declared(4), &[]);
    let mut renamed = plain.try_clone().unwrap();
    for round in rounds(200, 2, 4, 7) {
        let other = round.awake.iter().map(|g| (g * 3 + 2) % 4).collect();
        let a = step(&mut plain, &round);
        let b = step(&mut renamed, &Drawn { awake: other, ..round });
        assert!((a - b).abs() < 1e-13);
    }
}

#[test]
fn e23_labels_in_other_units_give_the_same_predictions_in_them() {
    let mut plain = stream(2, Groups::declared(3), &[]);
    let mut other = stream(2, Groups::declared(3), &[("label_lower", "-30"), ("label_upper", "10")]);
    for round in rounds(100, 2, 3, 8) {
        let a = step(&mut plain, &round);
        let b = step(&mut other, &Drawn { y: -30.0 + 40.0 * round.y, ..round });
        assert!((-30.0 + 40.0 * a - b).abs() < 1e-12);
    }
    let (a, b) = (plain.certificate(1).unwrap(), other.certificate(1).unwrap());
    assert!((1600.0 * a.loss - b.loss).abs() < 1e-9 * b.loss);
    assert!((1600.0 * a.bound.unwrap() - b.bound.unwrap()).abs() < 1e-9 * b.bound.unwrap());
}

#[test]
fn e24_rows_of_another_length_and_ragged_batches_are_refused_before_anything_changes() {
    use super::super::Rounds;
    use crate::runtime::Control;
    let mut stream = stream(2, Groups::declared(3), &[]);
    assert!(stream.predict(&[1.0], &[0]).unwrap_err().to_string().contains("2 features"));
    let (x, y, start, groups) = ([0.5; 6], [0.1, 0.2, 0.3], [0, 1, 1, 3], [0, 1, 2]);
    let good = Rounds { x: &x, y: &y, weight: None, start: &start, groups: &groups };
    let bad = [
        Rounds { x: &x[..5], ..good },
        Rounds { start: &start[..3], ..good },
        Rounds { start: &[0, 2, 1, 3], ..good },
        Rounds { start: &[0, 1, 1, 2], ..good },
        Rounds { start: &[1, 1, 1, 3], ..good },
        Rounds { groups: &[0, 1, 9], ..good },
        Rounds { y: &[0.1, 0.2, f64::NAN], ..good },
        Rounds { y: &[0.1, 0.2, 1.3], ..good },
        Rounds { weight: Some(&[1.0, 1.0]), ..good },
        Rounds { weight: Some(&[1.0, 1.0, -1.0]), ..good },
        Rounds { x: &[0.5, 0.5, 0.5, 0.5, 0.5, f64::NAN], ..good },
    ];
    let mut out = [0.0; 3];
    for rounds in bad {
        assert!(stream.run_batch(rounds, &mut out, &mut Control::new()).is_err());
    }
    assert!(stream.run_batch(good, &mut out[..2], &mut Control::new()).is_err());
    assert_eq!((stream.counts().predictions, stream.groups().len()), (0, 1));
    let report = stream.run_batch(good, &mut out, &mut Control::new()).unwrap();
    assert_eq!((report.rounds, stream.counts().updates), (3, 3));
}

#[test]
fn e25_contradictory_rounds_stay_within_the_bound() {
    let mut stream = stream(2, Groups::declared(2), &[]);
    for t in 0..2000_u32 {
        step(
            &mut stream,
            &Drawn { x: vec![1.0, 0.5], awake: vec![u64::from(t % 4 < 2)], y: f64::from(t % 2) },
        );
    }
    for group in stream.certificates().unwrap().groups {
        assert_eq!(group.standing, Standing::Holds, "{group:?}");
    }
}

#[test]
fn e30_weights_of_zero_count_and_negative_ones_are_refused() {
    let mut stream = stream(1, Groups::declared(1), &[]);
    let ticket = stream.predict(&[1.0], &[0]).unwrap().ticket;
    for weight in [-1.0, f64::NAN, f64::INFINITY, 1e-200] {
        assert!(stream.update_weighted(ticket, 0.5, weight).unwrap_err().to_string().starts_with("weight"));
    }
    stream.update_weighted(ticket, 0.5, 0.0).unwrap();
    let counts = stream.counts();
    assert_eq!((counts.weightless, counts.updates, stream.open_tickets()), (1, 0, 0));
    assert_eq!(stream.certificate(0).unwrap().rounds, 0);
    assert!(stream.update(ticket, 0.5).is_err());
    // A whole weight is a round that is repeated, for the learner.
    let mut thrice = stream.try_clone().unwrap();
    let ticket = stream.predict(&[1.0], &[0]).unwrap().ticket;
    stream.update_weighted(ticket, 0.75, 3.0).unwrap();
    let drawn = Drawn { x: vec![1.0], awake: vec![0], y: 0.75 };
    (0..3).for_each(|_| _ = step(&mut thrice, &drawn));
    let theta = [&stream, &thrice].map(|s| s.coefficients(0).unwrap()[0][0]);
    assert!((theta[0] - theta[1]).abs() < 1e-15);
    assert_eq!(stream.claim(), super::super::Claim::Heavy);
}

#[test]
fn e35_equal_losses_leave_the_prior() {
    let mut stream = stream(1, Groups::open(), &[]);
    for _ in 0..20 {
        step(&mut stream, &Drawn { x: vec![0.0], awake: vec![3, 4], y: 0.5 });
    }
    let prediction = stream.predict(&[0.0], &[3, 4]).unwrap();
    let weights: Vec<f64> = stream.weights(prediction.ticket).unwrap().iter().map(|w| w.weight).collect();
    // 1/2 for the group that is always awake, 1/6 and 1/12 for those born after it, and their share of the whole.
    let shares = [1.0 / 6.0, 1.0 / 12.0, 0.5].map(|q| q / 0.75);
    assert!(weights.iter().zip(shares).all(|(w, q)| (w - q).abs() < 1e-15), "{weights:?}");
    assert_eq!(stream.certificate(3).unwrap().experts[0].hedge_magnitude, 0.0);
    assert!(stream.ln_potential().abs() < 1e-15);
}

#[test]
fn e38_huge_and_tiny_ridges_and_features_stay_finite() {
    let mut options = options(&[]);
    assert!(options.set_real("ridge", -1.0).is_err() && options.set_real("ridge", f64::NAN).is_err());
    for learner in ["ridge", "ridge-fast", "vovk-azoury-warmuth"] {
        for ridge in ["1e300", "1e-100"] {
            let mut stream = stream(3, Groups::declared(1), &[("ridge", ridge), ("learner", learner)]);
            for (t, x) in [1.0, 5e-324, -1e80, 1e-160, 1.0].into_iter().enumerate() {
                let x = vec![x, 1e-310, f64::from(t as u32)];
                assert!(step(&mut stream, &Drawn { x, awake: vec![0], y: 0.5 }).is_finite());
            }
            let certificate = stream.certificate(0).unwrap();
            assert!(certificate.loss.is_finite() && stream.counts().asleep == 0, "{learner} {ridge}");
            if ridge == "1e300" && learner != "vovk-azoury-warmuth" {
                assert!(certificate.loss >= 1.24 && certificate.hindsight.unwrap() > 1.24);
            }
        }
    }
}

#[test]
fn a_peek_is_the_prediction_that_would_come_and_changes_nothing() {
    for set in [&[][..], &[("crossed", "true"), ("mode", "randomised")], &[("meta", "aggregating")]] {
        let mut stream = stream(2, Groups::declared(5), set);
        for round in rounds(60, 2, 5, 11) {
            let before = stream.save().unwrap();
            let seen = stream.peek(&round.x, &round.awake).unwrap();
            assert_eq!(stream.save().unwrap(), before);
            assert_eq!(step(&mut stream, &round).to_bits(), seen.to_bits(), "{set:?}");
        }
        assert!(stream.peek(&[1.0], &[0]).is_err() && stream.peek(&[1.0, 2.0], &[5]).is_err());
    }
}

#[test]
fn the_largest_rounds_leave_certificates_of_numbers_or_none() {
    let sets: [&[(&str, &str)]; 7] = [
        &[("ridge", "1e-100"), ("least_squares", "true")],
        &[("learner", "ridge-fast"), ("ridge", "1e-100")],
        &[("learner", "vovk-azoury-warmuth"), ("ridge", "1e-100")],
        &[("learner", "gradient-descent")],
        &[("learner", "ada-grad")],
        &[("learner", "newton-step")],
        &[("ridge", "0")],
    ];
    for set in sets {
        let mut stream = stream(3, Groups::declared(1), set);
        for t in 0..60_usize {
            let x = [[1e100, -1e100, 1e-100, 1.0][t % 4], [1e100, 1.0, 0.0][t % 3], [1e-100, 1e100][t % 2]];
            let ticket = stream.predict(&x, &[0]).unwrap().ticket;
            let (y, weight) = ([0.0, 1.0, 0.5][t % 3], [1.0, 1e100, 1e-100, 1.0, 1.0][t % 5]);
            stream.update_weighted(ticket, y, weight).unwrap();
            let found = stream.certificate(0).unwrap();
            let numbers = [found.hindsight, found.regret, found.bound, found.slack];
            assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{set:?} {t}: {found:?}");
            assert!(
                found.loss.is_finite() && !found.health.is_some_and(f64::is_nan),
                "{set:?} {t}: {found:?}"
            );
            assert!(found.standing != Standing::Holds || found.slack.is_some(), "{set:?} {t}: {found:?}");
            for expert in &found.experts {
                let numbers = [expert.hindsight, expert.learner_bound, expert.bound];
                assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{set:?} {t}: {expert:?}");
            }
        }
        // What is saved can be loaded.
        match stream.save() {
            Ok(bytes) => assert_eq!(Stream::load(&bytes).unwrap().save().unwrap(), bytes, "{set:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::State, "{set:?} {error}"),
        }
    }
}
