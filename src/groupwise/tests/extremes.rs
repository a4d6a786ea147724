//! Orders, weights, ranges and features at the ends of what is allowed, and rounds that fail.

use super::super::learner::{Kind, Learner};
use super::super::{ALWAYS_ON, CROSSED, Groups, Standing, Stream};
use super::callbacks::Fixed;
use super::{Drawn, options, rounds, step, stream};
use crate::runtime::ErrorKind;

#[test]
fn every_learner_of_few_columns_is_saved_and_loaded_fresh_and_later() {
    let kinds: Vec<&str> = Kind::ALL.iter().filter(|k| **k != Kind::Custom).map(|k| k.name()).collect();
    let pairs = kinds.iter().flat_map(|a| kinds.iter().chain([&"none"]).map(move |b| (*a, *b)));
    for ((first, second), features) in pairs.flat_map(|pair| (0..=6).map(move |d| (pair, d))) {
        let intercept = if features == 0 { "true" } else { "false" };
        let set = [("learner", first), ("second_learner", second), ("intercept", intercept)];
        let custom = || Some(Box::new(Fixed(vec![0.5; 3])) as Box<dyn super::super::Custom>);
        for own in [false, true] {
            let learner = || if own { custom() } else { None };
            let mut stream =
                Stream::with_custom(features, Groups::declared(2), learner(), &options(&set)).unwrap();
            for round in [None].into_iter().chain(rounds(3, features, 2, 7).iter().map(Some)) {
                round.map(|round| step(&mut stream, round));
                let bytes = stream.save().unwrap();
                let loaded = Stream::load_with_custom(&bytes, learner());
                let loaded = loaded.unwrap_or_else(|e| panic!("{set:?} {features} {own}: {e}"));
                assert_eq!(loaded.save().unwrap(), bytes, "{set:?} {features} {own}");
            }
        }
    }
}

#[test]
fn specialists_predict_numbers_whatever_rounds_count() {
    for meta in ["specialists", "aggregating"] {
        for weight in [400.0, 1e6, 1e100] {
            for late in [0, 3] {
                let set = [("meta", meta), ("learner", "gradient-descent"), ("second_learner", "ridge")];
                let mut stream = stream(1, Groups::declared(4), &set);
                let mut open = Vec::new();
                for (t, round) in rounds(300, 1, 3, 3).iter().enumerate() {
                    let found = stream.predict(&round.x, &round.awake).unwrap();
                    assert!((0.0..=1.0).contains(&found.value), "{set:?} {weight} {late} {t}: {found:?}");
                    open.push((found.ticket, if t / 50 % 2 == 0 { round.y } else { 1.0 - round.y }));
                    if open.len() > late {
                        let (ticket, y) = open.remove(0);
                        stream.update_weighted(ticket, y, if t < 200 { weight } else { 1.0 }).unwrap();
                    }
                }
                let shares: Vec<f64> = stream.groups.experts.iter().map(|e| e.share).collect();
                assert!(shares.iter().all(|u| u.is_finite()), "{shares:?}");
                // The weights of all experts sum to 1 for good, those of groups that were never awake among them.
                let total: f64 = shares.iter().map(|u| u.exp()).sum();
                assert!(late > 0 || (0.7..=1.0 + 1e-9).contains(&total), "{set:?} {weight}: {shares:?}");
                assert!(Stream::load(&stream.save().unwrap()).is_ok());
            }
        }
    }
}

#[test]
fn a_prediction_that_fails_leaves_no_group_behind() {
    let custom = || Some(Box::new(Fixed(vec![0.5, 0.25])) as Box<dyn super::super::Custom>);
    let made =
        |set: &[(&str, &str)]| Stream::with_custom(1, Groups::open(), custom(), &options(set)).unwrap();
    let (mut failing, mut other) = (made(&[]), made(&[]));
    let round = Drawn { x: vec![1.0], awake: vec![3], y: 0.5 };
    step(&mut failing, &round);
    step(&mut other, &round);
    let before = failing.save().unwrap();
    let Learner::Custom(_) = &failing.groups.experts[1].learner else { panic!("{:?}", failing.groups) };
    let sound = std::mem::replace(
        &mut failing.groups.experts[1].learner,
        Learner::Custom(Box::new(Fixed(vec![-7.0]))),
    );
    assert_eq!(failing.predict(&[1.0], &[9, 10]).unwrap_err().code(), 42);
    failing.groups.experts[1].learner = sound;
    assert_eq!((failing.groups(), failing.save().unwrap()), (vec![3, ALWAYS_ON], before));
    // Groups that come later are born as if it had not been.
    for stream in [&mut failing, &mut other] {
        step(stream, &Drawn { awake: vec![11, 9], ..round.clone() });
    }
    assert_eq!(failing.save().unwrap(), other.save().unwrap());
    // Nor do those that there was no room for count.
    let mut full = made(&[("max_groups", "1"), ("when_full", "ignore")]);
    full.groups.experts[1].learner = Learner::Custom(Box::new(Fixed(vec![-7.0])));
    assert!(full.predict(&[1.0], &[9]).is_err());
    assert_eq!(full.counts().ignored, 0);
}

#[test]
fn large_features_leave_the_newton_step_numbers() {
    for size in [1e10, 1e20, 1e30, 1e100] {
        for radius in ["1", "1e50", "1e-100"] {
            let mut stream =
                stream(2, Groups::declared(2), &[("learner", "newton-step"), ("radius", radius)]);
            for round in rounds(60, 2, 2, 4) {
                let x = round.x.iter().map(|x| x * size).collect();
                let value = step(&mut stream, &Drawn { x, ..round });
                assert!((0.0..=1.0).contains(&value), "{size} {radius}");
            }
            let theta = stream.coefficients(ALWAYS_ON).unwrap();
            assert!(theta[0].iter().all(|t| t.is_finite()) && stream.counts().asleep == 0, "{theta:?}");
        }
    }
}

#[test]
fn experts_that_give_no_number_are_told_from_none() {
    for (set, value) in [("error", None), ("mean", Some(0.25))] {
        let options = [("learner", "gradient-descent"), ("uncovered", set)];
        let mut stream = stream(1, Groups::declared(1), &options);
        step(&mut stream, &Drawn { x: vec![1.0], awake: vec![], y: 0.25 });
        let Learner::GradientDescent(learner) = &mut stream.groups.experts[0].learner else {
            panic!("{set}")
        };
        learner.theta[0] = f64::NAN;
        let seen = stream.peek(&[1.0], &[]);
        let found = stream.predict(&[1.0], &[]);
        for found in [seen, found.map(|found| found.value)] {
            match (found, value) {
                (Ok(found), Some(value)) => assert_eq!(found, value),
                (Err(error), None) => {
                    let text = error.to_string();
                    assert!(text.contains("gives a number") && text.contains("1 of 1"), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_widest_ranges_break_no_bound() {
    for loss in ["squared", "absolute", "pinball"] {
        for meta in ["ada-normal-hedge", "specialists"] {
            if loss != "squared" && meta == "specialists" {
                continue;
            }
            for weight in [1.0, 1e100] {
                let set = [
                    ("loss", loss),
                    ("meta", meta),
                    ("label_lower", "-4e99"),
                    ("label_upper", "4e99"),
                    ("least_squares", "true"),
                ];
                let mut stream = stream(1, Groups::declared(3), &set);
                for round in rounds(100, 1, 3, 8) {
                    let ticket = stream.predict(&round.x, &round.awake).unwrap().ticket;
                    stream.update_weighted(ticket, 8e99 * (round.y - 0.5), weight).unwrap();
                }
                for group in stream.certificates().unwrap().groups {
                    assert!(group.loss.is_finite() && group.standing != Standing::Broken, "{group:?}");
                }
            }
        }
    }
    let set = options(&[("label_lower", "-1e154"), ("label_upper", "1e154")]);
    let error = Stream::new(1, Groups::declared(1), &set).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Option, "option \"label_upper\""));
}

#[test]
fn special_groups_have_names_in_messages() {
    let groups = Groups { declared: Some(2), always_on: false };
    let mut stream = stream(1, groups, &[]);
    for (group, name) in [(ALWAYS_ON, "ALWAYS_ON"), (CROSSED, "CROSSED"), (7, "7")] {
        let errors = [
            stream.certificate(group).unwrap_err(),
            stream.coefficients(group).unwrap_err(),
            stream.predict(&[1.0], &[group]).unwrap_err(),
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.contains(&format!("found {name}")) && !text.contains("1844674"), "{text}");
        }
    }
}

#[test]
fn a_label_that_comes_twice_still_needs_a_weight() {
    let mut stream = stream(1, Groups::declared(1), &[("idempotent", "true")]);
    let ticket = stream.predict(&[1.0], &[0]).unwrap().ticket;
    stream.update(ticket, 0.5).unwrap();
    for weight in [f64::NAN, -1.0, f64::INFINITY] {
        let error = stream.update_weighted(ticket, 0.5, weight).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Data, "weight"));
    }
    stream.update(ticket, 0.5).unwrap();
    assert_eq!(stream.counts().repeated, 1);
}
