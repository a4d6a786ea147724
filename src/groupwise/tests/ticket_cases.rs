//! Labels that come late, twice, never or wrong; states that are saved in between.

use super::super::learner::Learner;
use super::super::{Claim, Groups, Standing, Stream};
use super::{options, rounds, step, stream};
use crate::runtime::ErrorKind;

#[test]
fn e07_label_nan_is_refused_and_the_ticket_stays_open() {
    let mut stream = stream(1, Groups::declared(1), &[]);
    let ticket = stream.predict(&[1.0], &[0]).unwrap().ticket;
    for y in [f64::NAN, f64::INFINITY, 1.5, -0.1] {
        assert_eq!(stream.update(ticket, y).unwrap_err().kind(), ErrorKind::Data);
    }
    assert_eq!((stream.open_tickets(), stream.counts().updates), (1, 0));
    stream.update(ticket, 1.0).unwrap();
    assert_eq!(stream.open_tickets(), 0);
}

#[test]
fn e14_unknown_tickets_are_refused() {
    let mut stream = stream(1, Groups::declared(1), &[]);
    for ticket in [0, 1, u64::MAX] {
        let error = stream.update(ticket, 0.5).unwrap_err();
        assert!(error.kind() == ErrorKind::State && error.subject() == "ticket", "{error}");
    }
    assert!(stream.weights(1).is_err() && stream.expire(1).is_err());
}

#[test]
fn e15_a_label_comes_once_or_is_the_same() {
    let mut strict = stream(1, Groups::declared(1), &[]);
    let ticket = strict.predict(&[1.0], &[0]).unwrap().ticket;
    strict.update(ticket, 0.5).unwrap();
    let before = strict.certificates().unwrap();
    assert!(strict.update(ticket, 0.5).unwrap_err().to_string().contains("has come"));
    assert_eq!(strict.certificates().unwrap(), before);
    let mut mild = stream(1, Groups::declared(1), &[("idempotent", "true")]);
    let ticket = mild.predict(&[1.0], &[0]).unwrap().ticket;
    mild.update(ticket, 0.5).unwrap();
    let before = mild.certificates().unwrap().groups;
    mild.update(ticket, 0.5).unwrap();
    assert_eq!((mild.counts().repeated, mild.certificates().unwrap().groups), (1, before));
    assert!(mild.update(ticket, 0.25).is_err());
}

#[test]
fn e16_tickets_do_not_depend_on_one_another() {
    let mut late = stream(2, Groups::declared(3), &[]);
    let drawn = rounds(30, 2, 3, 3);
    let tickets: Vec<_> = drawn.iter().map(|r| late.predict(&r.x, &r.awake).unwrap()).collect();
    // Nothing was learned in between: all predictions are those of a stream without rounds.
    assert!(tickets.iter().all(|p| p.value == 0.0));
    for (round, prediction) in drawn.iter().zip(&tickets).rev() {
        late.update(prediction.ticket, round.y).unwrap();
    }
    let counts = late.counts();
    assert_eq!((counts.delayed, counts.delay, late.claim()), (29, 29 * 30 / 2, Claim::Delayed));
    assert!(late.certificate(0).unwrap().bound.is_none() && late.certificate(0).unwrap().regret.is_some());
    // What was learned is the same but for the order of sums.
    let mut prompt = stream(2, Groups::declared(3), &[]);
    drawn.iter().rev().for_each(|round| _ = step(&mut prompt, round));
    let theta = [&late, &prompt].map(|s| s.coefficients(1).unwrap()[0].clone());
    assert!(theta[0].iter().zip(&theta[1]).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn e17_tickets_expire_and_memory_stays_bounded() {
    let mut stream = stream(1, Groups::declared(1), &[("open_tickets", "4")]);
    let tickets: Vec<u64> = (0..10).map(|_| stream.predict(&[1.0], &[0]).unwrap().ticket).collect();
    assert_eq!((stream.open_tickets(), stream.counts().expired), (4, 6));
    assert!(stream.update(tickets[5], 0.5).unwrap_err().to_string().contains("expired"));
    stream.update(tickets[6], 0.5).unwrap();
    stream.expire(tickets[7]).unwrap();
    assert!(stream.update(tickets[7], 0.5).is_err() && stream.expire(tickets[7]).is_err());
    assert_eq!((stream.open_tickets(), stream.counts().expired), (2, 7));
    assert_eq!(stream.tickets(), tickets[8..]);
    (0..1000).for_each(|_| _ = stream.predict(&[1.0], &[0]).unwrap());
    assert_eq!(stream.open_tickets(), 4);
}

#[test]
fn e18_the_groups_of_a_round_are_those_of_its_ticket() {
    let mut stream = stream(2, Groups::open(), &[]);
    let first = stream.predict(&[0.5, 0.5], &[1, 2]).unwrap().ticket;
    let before = stream.weights(first).unwrap();
    for round in rounds(30, 2, 5, 3) {
        step(&mut stream, &round);
    }
    assert_eq!(stream.weights(first).unwrap(), before);
    let rounds_of = |stream: &Stream| [0, 1, 2, 3].map(|g| stream.certificate(g).unwrap().rounds);
    let counts = rounds_of(&stream);
    stream.update(first, 0.25).unwrap();
    assert_eq!(rounds_of(&stream), [counts[0], counts[1] + 1, counts[2] + 1, counts[3]]);
}

#[test]
fn e26_a_saved_stream_goes_on_to_the_same_bits() {
    for set in [
        &[][..],
        &[("learner", "ridge-fast"), ("second_learner", "vovk-azoury-warmuth"), ("mode", "randomised")],
        &[("learner", "ada-grad"), ("second_learner", "gradient-descent"), ("outside", "widen")],
        &[("learner", "newton-step"), ("meta", "aggregating"), ("trace", "true"), ("crossed", "true")],
        &[("learner", "logistic"), ("loss", "log"), ("meta", "specialists"), ("intercept", "true")],
        &[("mode", "paper"), ("label_upper", "2"), ("open_tickets", "7"), ("missing", "indicator")],
        &[("ridge", "0"), ("regret_term", "gradient"), ("uncovered", "mean"), ("idempotent", "true")],
    ] {
        let mut whole = stream(3, Groups::declared(4), set);
        let drawn = rounds(120, 3, 4, 5);
        let mut open = Vec::new();
        for (t, round) in drawn[..60].iter().enumerate() {
            let ticket = whole.predict(&round.x, &round.awake).unwrap().ticket;
            if t % 20 == 19 { open.push((ticket, round.y)) } else { whole.update(ticket, round.y).unwrap() }
        }
        open.drain(..2);
        let bytes = whole.save().unwrap();
        let mut loaded = Stream::load(&bytes).unwrap();
        assert_eq!(loaded.save().unwrap(), bytes, "{set:?}");
        let mut cloned = whole.try_clone().unwrap();
        for round in &drawn[60..] {
            let value = step(&mut whole, round);
            assert_eq!(step(&mut loaded, round).to_bits(), value.to_bits(), "{set:?}");
            assert_eq!(step(&mut cloned, round).to_bits(), value.to_bits());
            if let Some((ticket, y)) = open.pop() {
                [&mut whole, &mut loaded, &mut cloned].into_iter().for_each(|s| s.update(ticket, y).unwrap());
            }
        }
        let last = whole.save().unwrap();
        assert!(loaded.save().unwrap() == last && cloned.save().unwrap() == last, "{set:?}");
        assert_eq!(loaded.certificates().unwrap(), whole.certificates().unwrap());
    }
}

#[test]
fn e27_states_that_are_cut_or_changed_are_refused() {
    let mut stream =
        Stream::new(3, Groups::declared(4), &options(&[("trace", "true"), ("crossed", "true")])).unwrap();
    rounds(20, 3, 4, 5).iter().for_each(|round| _ = step(&mut stream, round));
    stream.predict(&[0.1, 0.2, 0.3], &[1]).unwrap();
    let bytes = stream.save().unwrap();
    for at in 0..bytes.len().min(2000) {
        assert!(Stream::load(&bytes[..at]).is_err());
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        assert!(Stream::load(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn e28_a_state_of_another_kind_or_precision_is_refused() {
    // Streams are kept in double precision alone: what is in single precision is a factorization.
    let single = include_bytes!("../../../tests/golden/altmin-1-implicit-single.swl");
    let error = Stream::load(single).err().unwrap();
    assert!(error.kind() == ErrorKind::Format && error.to_string().contains("GRPW"), "{error}");
}

#[test]
fn e27_states_of_sound_checksum_and_false_content_give_errors_and_no_crash() {
    use crate::runtime::state;
    let mut stream = Stream::new(1, Groups::declared(2), &options(&[("trace", "true")])).unwrap();
    rounds(4, 1, 2, 5).iter().for_each(|round| _ = step(&mut stream, round));
    stream.predict(&[0.1], &[1]).unwrap();
    let bytes = stream.save().unwrap();
    let payload = &bytes[state::HEADER..];
    let (mut refused, mut taken) = (0, 0);
    for at in 0..payload.len() {
        for flip in [0xff, 0x01] {
            let mut changed = payload.to_vec();
            changed[at] ^= flip;
            match Stream::load(&state::seal(*b"GRPW", 1, &changed).unwrap()) {
                Err(_) => refused += 1,
                // Another number that a stream can have: whatever it is, using it is no crash.
                Ok(mut other) => {
                    taken += 1;
                    let _ = other.predict(&[0.1], &[0, 1]).map(|p| other.update(p.ticket, 0.5));
                    let _ = other.certificates();
                    let _ = other.update(5, 0.5);
                }
            }
        }
    }
    assert!(refused > 100 && taken > 200, "{refused} {taken}");
    assert!(Stream::load(&state::seal(*b"GRPW", 2, payload).unwrap()).is_err());
    assert!(Stream::load(&state::seal(*b"ALTM", 1, payload).unwrap()).is_err());
}

/// Loads a state with eight bytes changed, and uses what comes of it: what is wrong with that, if anything.
fn use_changed(payload: &[u8], at: usize, with: [u8; 8]) -> Option<String> {
    let mut changed = payload.to_vec();
    changed[at..at + 8].copy_from_slice(&with);
    let mut stream = match Stream::load(&crate::runtime::state::seal(*b"GRPW", 1, &changed).unwrap()) {
        Ok(stream) => stream,
        Err(error) => {
            let is_custom = error.kind() == ErrorKind::State && error.subject() == "custom learner";
            return (error.kind() != ErrorKind::Format && !is_custom).then(|| error.to_string());
        }
    };
    let mut fault = None;
    if let Ok(prediction) = stream.predict(&[0.1], &[0, 1]) {
        if !prediction.value.is_finite() {
            fault = Some(format!("{prediction:?}"));
        }
        // Another range of labels may not have this one.
        let _ = stream.update(prediction.ticket, 0.5);
    }
    let _ = stream.update(5, 0.5);
    for group in stream.certificates().unwrap().groups {
        let numbers = [group.hindsight, group.regret, group.bound, group.slack];
        // Losses of labels far outside a range that was widened are no numbers.
        let told = group.loss.is_finite() || group.standing == Standing::Suspect;
        let sound = told && !group.health.is_some_and(f64::is_nan);
        if !sound || numbers.iter().flatten().any(|x| !x.is_finite()) {
            fault = Some(format!("{group:?}"));
        }
    }
    assert!(stream.log().is_none_or(|log| log.entries().count() == log.len()));
    fault
}

#[test]
fn e27_absurd_numbers_of_sound_checksum_are_refused_or_do_no_harm() {
    let sets: [&[(&str, &str)]; 4] = [
        &[("trace", "true"), ("least_squares", "true")],
        &[("learner", "ridge-fast"), ("second_learner", "vovk-azoury-warmuth"), ("meta", "aggregating")],
        &[("learner", "gradient-descent"), ("second_learner", "ada-grad"), ("outside", "widen")],
        &[("learner", "newton-step"), ("crossed", "true"), ("intercept", "true")],
    ];
    for set in sets {
        let mut stream = stream(1, Groups::declared(2), set);
        rounds(4, 1, 2, 5).iter().for_each(|round| _ = step(&mut stream, round));
        stream.predict(&[0.1], &[1]).unwrap();
        let bytes = stream.save().unwrap();
        let payload = &bytes[crate::runtime::state::HEADER..];
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1.0].map(f64::to_le_bytes);
        let counts = [u64::MAX, 1 << 61, 1 << 40, 1 << 20, 3].map(u64::to_le_bytes);
        let mut faults = Vec::new();
        for at in (0..payload.len() - 7).step_by(4) {
            for with in numbers.into_iter().chain(counts) {
                faults.extend(use_changed(payload, at, with).map(|fault| (at, with, fault)));
            }
        }
        assert!(faults.is_empty(), "{set:?}: {faults:#?}");
    }
}

#[test]
fn e27_weights_and_coefficients_that_are_no_numbers_are_refused() {
    let mut stream = stream(1, Groups::declared(2), &[("learner", "gradient-descent")]);
    rounds(6, 1, 2, 5).iter().for_each(|round| _ = step(&mut stream, round));
    stream.predict(&[0.1], &[1]).unwrap();
    let bytes = stream.save().unwrap();
    let payload = &bytes[crate::runtime::state::HEADER..];
    let expert = &stream.groups.experts[0];
    let Learner::GradientDescent(learner) = &expert.learner else { panic!("{expert:?}") };
    let round = stream.tickets.round(7).unwrap();
    let numbers = [
        expert.hedge.regret.parts()[0],
        expert.hedge.magnitude.parts()[0],
        expert.loss.parts()[0],
        expert.ln_prior,
        learner.theta[0],
        round.x[0],
        round.z[0],
        round.p[0],
        round.output,
    ];
    for number in numbers {
        let at = payload.windows(8).position(|w| w == number.to_le_bytes()).unwrap();
        let mut changed = payload.to_vec();
        changed[at..at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
        let error = Stream::load(&crate::runtime::state::seal(*b"GRPW", 1, &changed).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{number}: {error}");
    }
}
