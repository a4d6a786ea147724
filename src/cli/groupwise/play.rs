//! The rounds themselves: each label is predicted, and then learned from.

use super::recipe::Rounds;
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use southwell::groupwise::Stream;
use southwell::runtime::{Control, Error, Outcome, Phase, Result};
use std::collections::BTreeMap;
use std::time::Instant;

/// Points of a curve.
pub const POINTS: usize = 100;

/// What came of it.
pub struct Played {
    /// Rounds that were predicted and learned from.
    pub rounds: usize,
    /// What ended the run.
    pub outcome: Outcome,
    /// The predictions, in the order of the rounds.
    pub predictions: Vec<f64>,
    /// For each group its regret after some rounds.
    pub curves: BTreeMap<u64, Vec<(f64, f64)>>,
    /// Time that it took.
    pub seconds: f64,
}

/// Plays rounds in an order, with regrets at so many points. `place` says where a row stands. Errors: those of the
/// stream, with the row's place.
pub fn play(
    stream: &mut Stream,
    rounds: &Rounds,
    order: &[usize],
    points: usize,
    control: &mut Control<'_>,
    place: impl Fn(usize) -> String,
) -> Result<Played> {
    let start = Instant::now();
    let mut played = Played {
        rounds: 0,
        outcome: Outcome::Converged,
        predictions: Vec::with_capacity(order.len()),
        curves: BTreeMap::new(),
        seconds: 0.0,
    };
    let flops = 200 + 8 * (rounds.features * rounds.features) as u64;
    let mut told = control.poll();
    for (t, &row) in order.iter().enumerate() {
        if let Err(stop) = told {
            played.outcome = stop.0;
            break;
        }
        let placed = |error: Error| error.at(place(row));
        let x = &rounds.x[row * rounds.features..(row + 1) * rounds.features];
        let prediction = stream.predict(x, &rounds.awake[row]).map_err(placed)?;
        stream.update(prediction.ticket, rounds.y[row]).map_err(placed)?;
        played.predictions.push(prediction.value);
        played.rounds += 1;
        let done = t + 1;
        // Points are spread evenly, the last one at the end.
        if points > 0 && done * points / order.len() > t * points / order.len() {
            add_point(&mut played.curves, stream, done)?;
        }
        if control.every() > 0 && done % 64 == 0 {
            control.tell(Phase::Solve, done as u64, f64::NAN, f64::NAN);
        }
        told = control.spend(flops * (1 + prediction.experts as u64));
    }
    played.seconds = start.elapsed().as_secs_f64();
    Ok(played)
}

fn add_point(curves: &mut BTreeMap<u64, Vec<(f64, f64)>>, stream: &Stream, round: usize) -> Result<()> {
    for group in stream.certificates()?.groups {
        if let Some(regret) = group.regret {
            curves.entry(group.group).or_default().push((round as f64, regret));
        }
    }
    Ok(())
}

/// Regrets over rounds, a line for each group.
pub fn curves(
    title: &str,
    x: &str,
    curves: &BTreeMap<u64, Vec<(f64, f64)>>,
    name: impl Fn(u64) -> String,
) -> Chart {
    let line = |(id, points): (&u64, &Vec<(f64, f64)>)| Line { name: name(*id), points: points.clone() };
    Chart {
        title: title.to_owned(),
        x: Axis::linear(x),
        y: Axis::linear("regret so far"),
        lines: curves.iter().map(line).collect(),
        level: Some(("no regret".to_owned(), 0.0)),
        names: Names::AtEnds,
    }
}
