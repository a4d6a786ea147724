//! Streams that earlier versions saved still load, and go on to the same predictions (to the bit where the logarithm
//! and the exponential of the platform are the same).
//!
//! `UPDATE_GOLDEN=1 cargo test --release --test golden_groupwise` writes the files of a new layout that are not there
//! yet; those that are there are never written again.

use southwell::groupwise::{Groups, Stream};
use southwell::runtime::{Family, Options};
use std::path::{Path, PathBuf};

type Set = &'static [(&'static str, &'static str)];

/// Each learner and each rule for weights in one of them.
const STREAMS: [(&str, Set); 4] = [
    ("ridge", &[("second_learner", "vovk-azoury-warmuth"), ("least_squares", "true"), ("trace", "true")]),
    (
        "fast",
        &[
            ("learner", "ridge-fast"),
            ("second_learner", "newton-step"),
            ("meta", "aggregating"),
            ("crossed", "true"),
        ],
    ),
    (
        "descent",
        &[("learner", "gradient-descent"), ("second_learner", "ada-grad"), ("regret_term", "gradient")],
    ),
    ("log", &[("learner", "logistic"), ("loss", "log"), ("meta", "specialists"), ("intercept", "true")]),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Features, groups and a label without structure.
fn round(t: u32) -> ([f64; 3], Vec<u64>, f64) {
    let number = |k: u32| f64::from((t * 7919 + k * 104_729) % 1009) / 1009.0;
    let awake = (0..4).filter(|g| !(t + g).is_multiple_of(3)).map(u64::from).collect();
    ([number(1), number(2) - 0.5, number(3)], awake, number(4))
}

/// A stream in the midst of its rounds, with an open ticket.
fn made(set: Set) -> Vec<u8> {
    let mut options = Options::new(Family::Groupwise);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    let mut stream = Stream::new(3, Groups::declared(4), &options).unwrap();
    for t in 0..40 {
        let (x, awake, y) = round(t);
        let ticket = stream.predict(&x, &awake).unwrap().ticket;
        if t != 30 {
            stream.update(ticket, y).unwrap();
        }
    }
    stream.save().unwrap()
}

/// What it predicts from then on.
fn told(bytes: &[u8]) -> Vec<f64> {
    let mut stream = Stream::load(bytes).unwrap();
    let mut values = Vec::new();
    for t in 40..80 {
        let (x, awake, y) = round(t);
        let prediction = stream.predict(&x, &awake).unwrap();
        stream.update(prediction.ticket, y).unwrap();
        values.push(prediction.value);
        if t == 50 {
            stream.update(31, 0.5).unwrap();
        }
    }
    values
}

#[test]
fn saved_streams_load_and_go_on_to_the_same_predictions() {
    for (name, set) in STREAMS {
        let (state, text) =
            (file(&format!("groupwise-1-{name}.swl")), file(&format!("groupwise-1-{name}.txt")));
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !state.exists() {
            let bytes = made(set);
            std::fs::create_dir_all(file("")).unwrap();
            let lines: Vec<String> = told(&bytes).iter().map(|z| format!("{z:e}\n")).collect();
            std::fs::write(&text, lines.concat()).unwrap();
            std::fs::write(&state, bytes).unwrap();
        }
        let golden = std::fs::read(&state).unwrap();
        assert_eq!(Stream::load(&golden).unwrap().save().unwrap(), golden, "{name}");
        let known: Vec<f64> =
            std::fs::read_to_string(&text).unwrap().lines().map(|line| line.parse().unwrap()).collect();
        let found = told(&golden);
        let near = found.iter().zip(&known).all(|(a, b)| (a - b).abs() < 1e-10);
        assert!(found.len() == known.len() && near, "{name}");
    }
}
