//! T8: the same bits on any number of threads and from a checkpoint, and stops anywhere.

use super::faulty::{Fault, Faulty};
use super::options;
use super::toy::{Logistic, Quadratic};
use crate::bilevel::solve::solve;
use crate::bilevel::{Checkpoint, Solution};
use crate::runtime::{CancelToken, Control, ErrorKind, Outcome, state};
use std::sync::atomic::Ordering;

fn bits(solution: &Solution) -> Vec<u64> {
    let all = solution.theta.iter().chain(&solution.hypergradient);
    let samples = solution.x.iter().chain(&solution.q).flatten();
    let interval = solution.certificate.interval;
    all.chain(samples).chain([&interval.lower, &interval.upper]).map(|v| v.to_bits()).collect()
}

#[test]
fn t8_any_number_of_threads_gives_the_same_bits() {
    let problem = Logistic::new(5, 4, 21);
    for set in [&[("max_iterations", "6")][..], &[("method", "paper"), ("max_iterations", "6")]] {
        let run = |threads: &str| {
            let mut set = set.to_vec();
            set.push(("threads", threads));
            solve(&problem, &[-2.0; 4], &options(&set), None, &mut Control::new()).unwrap()
        };
        let one = run("1");
        for threads in ["2", "3", "8"] {
            let other = run(threads);
            assert_eq!((bits(&one), one.counts, one.work), (bits(&other), other.counts, other.work));
        }
    }
}

#[test]
fn t8_a_checkpoint_goes_on_to_the_same_bits() {
    let problem = Logistic::new(2, 4, 22);
    for set in [
        &[("certificate", "goal-oriented")][..],
        &[("certificate", "estimated")],
        &[("certificate", "rigorous"), ("allocate", "true")],
        &[("method", "paper")],
        &[("direction", "gradient")],
    ] {
        let run = |limit: &str, resume: Option<&Checkpoint>| {
            let mut set = set.to_vec();
            set.extend([("max_iterations", limit), ("tolerance", "1e-9")]);
            solve(&problem, &[-2.0; 4], &options(&set), resume, &mut Control::new()).unwrap()
        };
        let whole = run("7", None);
        assert_eq!(whole.iterations, 7);
        for cut in ["0", "1", "4"] {
            let bytes = run(cut, None).checkpoint.unwrap().to_bytes().unwrap();
            let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
            assert_eq!(checkpoint.to_bytes().unwrap(), bytes);
            assert_eq!(checkpoint.iterations(), cut.parse::<u64>().unwrap());
            let rest = run("7", Some(&checkpoint));
            assert_eq!((bits(&rest), rest.counts), (bits(&whole), whole.counts), "{set:?} {cut}");
        }
    }
}

#[test]
fn e24_a_damaged_or_foreign_checkpoint_is_refused() {
    let problem = Quadratic::new(1, 4, 2, 23);
    let set = options(&[("max_iterations", "3"), ("value_tolerance", "0")]);
    let found = solve(&problem, &[1.0; 2], &set, None, &mut Control::new()).unwrap();
    let checkpoint = found.checkpoint.unwrap();
    let bytes = checkpoint.to_bytes().unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert_eq!(Checkpoint::from_bytes(&damaged).unwrap_err().kind(), ErrorKind::Format);
        assert!(Checkpoint::from_bytes(&bytes[..at]).is_err());
    }
    // Another layout, and the bytes of another machine.
    let (layout, payload) = state::open(&bytes, *b"BILV").unwrap();
    let other = state::seal(*b"BILV", layout + 1, payload).unwrap();
    assert!(Checkpoint::from_bytes(&other).unwrap_err().to_string().contains("layout"));
    let swapped: Vec<u8> = payload.chunks_exact(8).flat_map(|word| word.iter().rev().copied()).collect();
    let other = state::seal(*b"BILV", layout, &swapped).unwrap();
    assert_eq!(Checkpoint::from_bytes(&other).unwrap_err().kind(), ErrorKind::Format);
    assert!(payload.windows(8).any(|word| word == found.theta[0].to_le_bytes()));
    let other = Quadratic::new(1, 5, 2, 23);
    let error = solve(&other, &[1.0; 2], &set, Some(&checkpoint), &mut Control::new()).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Argument, "checkpoint"));
}

#[test]
fn e26_a_stop_anywhere_leaves_a_valid_answer() {
    let problem = Quadratic::new(2, 4, 2, 24);
    let set = options(&[]);
    let mut control = Control::new();
    let whole = solve(&problem, &[1.0; 2], &set, None, &mut control).unwrap();
    let polls = control.polls();
    assert!(polls > 50);
    let first = problem.exact(&[1.0; 2]).0;
    for at in (1..polls).step_by(1 + polls as usize / 60) {
        let mut control = Control::new().with_trip_at_poll(at);
        let found = solve(&problem, &[1.0; 2], &set, None, &mut control).unwrap();
        assert_eq!(found.outcome, Outcome::Cancelled, "{at}");
        assert!(problem.exact(&found.theta).0 <= first * (1.0 + 1e-12), "{at}");
        if !found.x.is_empty() {
            let f = problem.exact(&found.theta).0;
            let interval = found.certificate.interval;
            assert!(interval.lower <= f && f <= interval.upper, "{at} {interval:?} {f}");
        }
        // What was stopped goes on to the same answer.
        if let Some(checkpoint) = &found.checkpoint {
            let rest = solve(&problem, &[1.0; 2], &set, Some(checkpoint), &mut Control::new()).unwrap();
            assert_eq!((bits(&rest), rest.counts), (bits(&whole), whole.counts), "{at}");
        }
    }
    let token = CancelToken::new();
    token.trip();
    let mut control = Control::new().with_cancel(&token);
    let found = solve(&problem, &[1.0; 2], &set, None, &mut control).unwrap();
    assert_eq!((found.outcome, &found.theta[..]), (Outcome::Cancelled, &[1.0; 2][..]));
    // Stopped before a checkpoint is restored, that is what there still is.
    let mut control = Control::new().with_cancel(&token);
    let found = solve(&problem, &[1.0; 2], &set, whole.checkpoint.as_ref(), &mut control).unwrap();
    assert_eq!((found.outcome, &found.theta), (Outcome::Cancelled, &whole.theta));
    assert_eq!(found.checkpoint, whole.checkpoint);
}

#[test]
fn e26_a_stop_reaches_the_innermost_conjugate_gradients() {
    // Ten variables need about ten products in each lower and each adjoint solve.
    let problem = |fault| Faulty::new(Quadratic::new(1, 10, 2, 27), fault);
    let set = options(&[("lower_accuracy", "1e-9"), ("adjoint_accuracy", "1e-9"), ("threads", "1")]);
    let whole = problem(Fault::TripAt(u64::MAX));
    solve(&whole, &[1.0; 2], &set, None, &mut Control::new()).unwrap();
    let products = whole.products.into_inner();
    assert!(products > 60, "{products}");
    for at in 0..products {
        let problem = problem(Fault::TripAt(at));
        let mut control = Control::new().with_cancel(&problem.token);
        let found = solve(&problem, &[1.0; 2], &set, None, &mut control).unwrap();
        // No product after the one that it was tripped in; the last of all may be the end anyway.
        assert!(found.outcome == Outcome::Cancelled || at + 1 == products, "{at} {:?}", found.outcome);
        assert_eq!(problem.products.load(Ordering::Relaxed), at + 1);
    }
    // Nor is another sample begun.
    let problem = Faulty::new(Quadratic::new(40, 4, 2, 27), Fault::TripInConstants);
    let mut control = Control::new().with_cancel(&problem.token);
    let found = solve(&problem, &[1.0; 2], &set, None, &mut control).unwrap();
    assert_eq!((found.outcome, problem.calls.into_inner()), (Outcome::Cancelled, 1));
    // A deadline in the middle of a solve that has taken no step yet.
    let problem = Faulty::new(Quadratic::new(1, 10, 2, 27), Fault::Slow(4));
    let set = options(&[("lower_accuracy", "1e-9"), ("adjoint_accuracy", "1e-9"), ("max_seconds", "0.02")]);
    let found = solve(&problem, &[1.0; 2], &set, None, &mut Control::new()).unwrap();
    assert_eq!((found.outcome, found.iterations), (Outcome::TimeLimit, 0));
    let taken = problem.products.load(Ordering::Relaxed);
    assert!((1..=6).contains(&taken), "{taken}");
}

#[test]
fn limits_on_time_and_work_are_outcomes() {
    let problem = Quadratic::new(2, 4, 2, 25);
    for (key, value, outcome) in [
        ("max_seconds", "0", Outcome::TimeLimit),
        ("max_work", "1000", Outcome::WorkLimit),
        ("max_products", "20", Outcome::WorkLimit),
        ("max_iterations", "2", Outcome::IterationLimit),
    ] {
        let found = solve(&problem, &[9.0; 2], &options(&[(key, value)]), None, &mut Control::new()).unwrap();
        assert_eq!(found.outcome, outcome);
    }
}

#[test]
fn t8_a_callback_that_fails_or_gives_nan_at_any_call_never_panics() {
    for at in 0..60 {
        let problem = Faulty::new(Quadratic::new(2, 4, 2, 26), Fault::FailAt(at));
        match solve(&problem, &[1.0; 2], &options(&[]), None, &mut Control::new()) {
            Err(error) => assert_eq!((error.kind(), error.code()), (ErrorKind::Callback, 42)),
            Ok(found) => assert_eq!(found.outcome, Outcome::Converged),
        }
        let problem = Faulty::new(Quadratic::new(2, 4, 2, 26), Fault::NanAt(at));
        match solve(&problem, &[1.0; 2], &options(&[]), None, &mut Control::new()) {
            Err(error) => assert!(at < 10, "{at}: {error}"),
            Ok(found) => assert!(problem.inner.exact(&found.theta).0.is_finite()),
        }
    }
}
