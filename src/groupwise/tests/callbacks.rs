//! Learners of the caller's own.

use super::super::{Custom, Groups, Kind, Stream};
use super::{Drawn, options, step};
use crate::runtime::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Predicts the first of its numbers, and goes on to the next one with each label.
pub struct Fixed(pub Vec<f64>);

impl Custom for Fixed {
    fn predict(&self, _: &[f64]) -> Result<f64> {
        let z = self.0[0];
        if z == -7.0 { Err(Error::new(ErrorKind::Callback, "mine").with_code(42)) } else { Ok(z) }
    }

    fn update(&mut self, _: &[f64], y: f64, _: f64, _: f64) -> Result<()> {
        if y == 0.125 {
            return Err(Error::new(ErrorKind::Callback, "mine").with_code(43));
        }
        self.0.rotate_left(1);
        Ok(())
    }

    fn fork(&self) -> Result<Box<dyn Custom>> {
        if self.0.len() > 8 {
            return Err(Error::new(ErrorKind::Callback, "mine").with_code(44));
        }
        Ok(Box::new(Fixed(self.0.clone())))
    }

    fn save(&self) -> Result<Option<Vec<u8>>> {
        if self.0.len() == 8 {
            return Err(Error::new(ErrorKind::Callback, "mine").with_code(45));
        }
        Ok(Some(self.0.iter().flat_map(|x| x.to_le_bytes()).collect()))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.0 = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        Ok(())
    }
}

fn with(numbers: &[f64]) -> Stream {
    let custom = Box::new(Fixed(numbers.to_vec()));
    Stream::with_custom(1, Groups::declared(2), Some(custom), &options(&[])).unwrap()
}

#[test]
fn e29_a_learner_that_gives_no_number_sleeps_and_is_counted() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut stream = with(&[0.5, 0.5, bad]);
        for _ in 0..6 {
            step(&mut stream, &Drawn { x: vec![1.0], awake: vec![0], y: 0.5 });
        }
        // Four of six rounds of each of two groups.
        assert_eq!(stream.counts().asleep, 8);
        let expert = stream.certificate(0).unwrap().experts[1];
        assert_eq!((expert.learner, expert.asleep, expert.loss), (Kind::Custom, 4, 0.0));
    }
}

#[test]
fn e29_an_error_reaches_the_caller_and_the_round_is_as_if_it_had_not_been() {
    let mut stream = with(&[0.5, -7.0]);
    let ticket = stream.predict(&[1.0], &[]).unwrap().ticket;
    let before = stream.certificates().unwrap();
    let error = stream.update(ticket, 0.125).unwrap_err();
    assert_eq!((error.kind(), error.code(), stream.open_tickets()), (ErrorKind::Callback, 43, 1));
    assert_eq!(stream.certificates().unwrap(), before);
    stream.predict(&[1.0], &[]).unwrap();
    stream.update(ticket, 0.25).unwrap();
    let before = stream.counts();
    assert_eq!(stream.predict(&[1.0], &[]).unwrap_err().code(), 42);
    assert_eq!((stream.counts(), stream.open_tickets()), (before, 1));
}

#[test]
fn predictions_beyond_the_range_are_clipped_and_states_are_saved_with_the_callers_bytes() {
    let mut stream = with(&[5.0, -3.0, 0.25]);
    for _ in 0..5 {
        let value = step(&mut stream, &Drawn { x: vec![1.0], awake: vec![1], y: 0.5 });
        assert!((0.0..=1.0).contains(&value));
    }
    let bytes = stream.save().unwrap();
    assert_eq!(Stream::load(&bytes).unwrap_err().kind(), ErrorKind::State);
    let mut loaded = Stream::load_with_custom(&bytes, Some(Box::new(Fixed(vec![])))).unwrap();
    for _ in 0..5 {
        let drawn = Drawn { x: vec![1.0], awake: vec![1], y: 0.5 };
        assert_eq!(step(&mut stream, &drawn).to_bits(), step(&mut loaded, &drawn).to_bits());
    }
    struct Unsaved;
    impl Custom for Unsaved {
        fn predict(&self, _: &[f64]) -> Result<f64> {
            Ok(0.5)
        }
        fn update(&mut self, _: &[f64], _: f64, _: f64, _: f64) -> Result<()> {
            Ok(())
        }
        fn fork(&self) -> Result<Box<dyn Custom>> {
            Ok(Box::new(Unsaved))
        }
    }
    let stream = Stream::with_custom(1, Groups::declared(2), Some(Box::new(Unsaved)), &options(&[])).unwrap();
    assert_eq!(stream.save().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn errors_of_forks_and_saves_reach_the_caller() {
    let custom = Box::new(Fixed(vec![0.5; 9]));
    let refused = Stream::with_custom(1, Groups::declared(2), Some(custom), &options(&[])).unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Callback, 44));
    let stream = with(&[0.5; 8]);
    let refused = stream.save().unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Callback, 45));
    let copy = stream.try_clone().unwrap();
    assert_eq!(copy.counts().predictions, 0);
}

/// Predicts a tenth of the labels that it has taken in; the call after which a fuse has burnt down fails.
struct Fused {
    labels: u8,
    fuse: Arc<AtomicI64>,
}

impl Custom for Fused {
    fn predict(&self, _: &[f64]) -> Result<f64> {
        Ok(f64::from(self.labels) / 10.0)
    }

    fn update(&mut self, _: &[f64], _: f64, _: f64, _: f64) -> Result<()> {
        if self.fuse.fetch_sub(1, Relaxed) == 0 {
            return Err(Error::new(ErrorKind::Callback, "mine").with_code(46));
        }
        self.labels += 1;
        Ok(())
    }

    fn fork(&self) -> Result<Box<dyn Custom>> {
        Ok(Box::new(Fused { labels: self.labels, fuse: self.fuse.clone() }))
    }

    fn save(&self) -> Result<Option<Vec<u8>>> {
        Ok(Some(vec![self.labels]))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.labels = bytes[0];
        Ok(())
    }
}

/// A stream with three learners that share a fuse, which burns for a long time.
fn fused() -> (Stream, Arc<AtomicI64>) {
    let fuse = Arc::new(AtomicI64::new(1 << 40));
    let custom = Box::new(Fused { labels: 0, fuse: fuse.clone() });
    (Stream::with_custom(1, Groups::declared(2), Some(custom), &options(&[])).unwrap(), fuse)
}

#[test]
fn a_label_that_comes_again_after_a_failure_is_taken_in_once() {
    let ((mut sound, _), (mut stream, fuse)) = (fused(), fused());
    let round = Drawn { x: vec![0.5], awake: vec![0, 1], y: 0.25 };
    step(&mut sound, &round);
    let ticket = stream.predict(&round.x, &round.awake).unwrap().ticket;
    // The second of three learners fails, twice.
    for burns in [1, 0] {
        fuse.store(burns, Relaxed);
        assert_eq!(stream.update(ticket, 0.25).unwrap_err().code(), 46);
    }
    fuse.store(1 << 40, Relaxed);
    for (y, weight) in [(0.5, 1.0), (0.25, 2.0), (0.25, 0.0)] {
        let error = stream.update_weighted(ticket, y, weight).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Data && error.to_string().contains("expected 0.25 of weight 1"),
            "{error}"
        );
    }
    assert_eq!((stream.open_tickets(), stream.counts().updates), (1, 0));
    // Copies know of it too.
    let bytes = stream.save().unwrap();
    let fresh = || Some(Box::new(Fused { labels: 0, fuse: fuse.clone() }) as Box<dyn Custom>);
    let loaded = Stream::load_with_custom(&bytes, fresh()).unwrap();
    assert_eq!(loaded.save().unwrap(), bytes);
    for mut stream in [stream.try_clone().unwrap(), loaded, stream] {
        stream.update(ticket, 0.25).unwrap();
        assert_eq!(stream.certificates().unwrap(), sound.certificates().unwrap());
        assert_eq!(stream.save().unwrap(), sound.save().unwrap());
    }
}

#[test]
fn a_round_that_was_given_up_leaves_no_trace_in_the_next_one() {
    let (mut stream, fuse) = fused();
    let ticket = stream.predict(&[0.5], &[0, 1]).unwrap().ticket;
    fuse.store(1, Relaxed);
    stream.update(ticket, 0.25).unwrap_err();
    stream.expire(ticket).unwrap();
    fuse.store(100, Relaxed);
    step(&mut stream, &Drawn { x: vec![0.5], awake: vec![0, 1], y: 0.75 });
    assert_eq!(fuse.load(Relaxed), 97);
}
