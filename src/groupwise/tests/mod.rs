mod callbacks;
mod edge_cases;
mod extremes;
mod guarantees;
mod improvements;
mod stability;
mod ticket_cases;

use super::{Groups, Stream};
use crate::runtime::rng::{self, Purpose};
use crate::runtime::{Family, Options};

fn options(set: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Groupwise);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    options
}

fn stream(features: usize, groups: Groups, set: &[(&str, &str)]) -> Stream {
    Stream::new(features, groups, &options(set)).unwrap()
}

/// A round as it is drawn.
#[derive(Clone, Debug)]
struct Drawn {
    x: Vec<f64>,
    awake: Vec<u64>,
    y: f64,
}

/// Rounds with features in [-1, 1), groups that are awake each with chance 0.4, and labels in [0, 1] by another linear
/// rule for each group, with noise.
fn rounds(count: usize, features: usize, groups: u64, seed: u64) -> Vec<Drawn> {
    let mut draw = rng::Stream::new(seed, Purpose::Start, 0);
    let mut next = || 2.0 * draw.uniform() - 1.0;
    let rules: Vec<Vec<f64>> = (0..groups.max(1)).map(|_| (0..features).map(|_| next()).collect()).collect();
    (0..count)
        .map(|_| {
            let x: Vec<f64> = (0..features).map(|_| next()).collect();
            let awake: Vec<u64> = (0..groups).filter(|_| next() < -0.2).collect();
            let rule = &rules[awake.first().map_or(0, |g| *g as usize)];
            let z: f64 = rule.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>() / features.max(1) as f64;
            let y = (0.5 + 0.5 * z + 0.2 * next()).clamp(0.0, 1.0);
            Drawn { x, awake, y }
        })
        .collect()
}

/// Predicts and learns from a round.
fn step(stream: &mut Stream, round: &Drawn) -> f64 {
    let prediction = stream.predict(&round.x, &round.awake).unwrap();
    stream.update(prediction.ticket, round.y).unwrap();
    prediction.value
}
