//! The figures of a round log, from its rounds alone and with twice the digits: code that knows nothing of the stream.

use super::loss::Loss;
use super::round_log::{Entry, RoundLog};
use crate::numerics::double_double::Double;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// What a log says of one group. Losses are in range units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replayed {
    /// The group.
    pub group: u64,
    /// Its rounds.
    pub rounds: u64,
    /// The loss of what was predicted.
    pub loss: f64,
    /// The mean loss of the experts by their weights.
    pub expected_loss: f64,
    /// `min ridge |theta|^2 + sum w (y - x'theta)^2`.
    pub ridge_hindsight: f64,
}

/// A group while the log is read.
struct Running {
    group: u64,
    rounds: u64,
    loss: Double,
    expected: Double,
    fit: Fit,
}

/// The figures of each group of `log` by ascending number, for `loss` and for ridge regression with a `ridge` above 0;
/// `f64::NAN` stands for the hindsight of losses that are not squared.
///
/// Costs `10 d^2` operations of two doubles for each group of each round. Errors: a log whose parts do not fit
/// together, or with numbers that no stream writes; the control says stop.
pub fn replay(log: &RoundLog, loss: Loss, ridge: f64, control: &mut Control<'_>) -> Result<Vec<Replayed>> {
    check(log)?;
    let mut running: Vec<Running> = Vec::new();
    for (t, entry) in log.entries().enumerate() {
        let wrong = |what: &str, found: f64| {
            Err(Error::new(ErrorKind::Format, "round log")
                .at(format!("round {t}"))
                .expected(what)
                .found(found))
        };
        let sum: f64 = entry.p.iter().sum();
        if !((sum - 1.0).abs() < 1e-12) || entry.p.iter().any(|p| !(*p >= 0.0)) {
            return wrong("probabilities", sum);
        }
        let (least, most) =
            entry.z.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), z| (a.min(*z), b.max(*z)));
        let room = 1e-12 * (1.0 + least.abs() + most.abs());
        if !(entry.output >= least - room && entry.output <= most + room) {
            return wrong("an output among the predictions", entry.output);
        }
        let (own, expected) = losses(&entry, loss);
        for group in entry.groups {
            let place = match running.binary_search_by_key(group, |r| r.group) {
                Ok(place) => place,
                Err(place) => {
                    let fit = Fit::new(entry.x.len(), ridge);
                    let zero = Double::default();
                    running
                        .insert(place, Running { group: *group, rounds: 0, loss: zero, expected: zero, fit });
                    place
                }
            };
            let r = &mut running[place];
            r.rounds += 1;
            r.loss = r.loss + own * entry.weight;
            r.expected = r.expected + expected * entry.weight;
            r.fit.add(entry.x, entry.y, entry.weight);
            control.spend(200 * (entry.x.len() * entry.x.len()) as u64)?;
        }
    }
    let told = |r: &Running| Replayed {
        group: r.group,
        rounds: r.rounds,
        loss: r.loss.high,
        expected_loss: r.expected.high,
        ridge_hindsight: if loss == Loss::Squared { r.fit.least.high } else { f64::NAN },
    };
    Ok(running.iter().map(told).collect())
}

/// Errors (`Format`): parts of a log that do not fit together, numbers that no stream writes.
pub(super) fn check(log: &RoundLog) -> Result<()> {
    let rounds = log.len();
    let ends = |ends: &[usize], len: usize| {
        ends.len() == rounds && ends.is_sorted() && ends.last().copied().unwrap_or(0) == len
    };
    let sound = ends(&log.group_end, log.groups.len())
        && ends(&log.expert_end, log.z.len())
        && log.p.len() == log.z.len()
        && log.expert_group.len() == log.z.len()
        && log.output.len() == rounds
        && log.weight.len() == rounds
        && log.x.len().checked_rem(rounds).unwrap_or(0) == 0;
    let numbers = [&log.x, &log.z, &log.p, &log.output, &log.y, &log.weight];
    if !sound
        || numbers.iter().any(|n| n.iter().any(|x| !x.is_finite()))
        || log.weight.iter().any(|w| !(*w > 0.0))
    {
        return Err(Error::new(ErrorKind::Format, "round log")
            .expected("parts that fit together, of finite numbers")
            .found("others"));
    }
    Ok(())
}

/// The loss of the output, and the mean of those of the experts.
fn losses(entry: &Entry<'_>, loss: Loss) -> (Double, Double) {
    let of = |z: f64| match loss {
        Loss::Squared => {
            let e = Double::sum(z, -entry.y);
            e * e
        }
        _ => Double::from(loss.value(z, entry.y)),
    };
    let mean = entry.p.iter().zip(entry.z).fold(Double::default(), |sum, (p, z)| sum + of(*z) * *p);
    (of(entry.output), mean)
}

/// Ridge regression by rotations without square roots, as [`RowFactor`](crate::numerics::row_factor::RowFactor) has
/// it, in two doubles.
struct Fit {
    order: usize,
    /// `U` and `c`, in full rows.
    upper: Vec<Double>,
    pivots: Vec<Double>,
    least: Double,
}

impl Fit {
    fn new(order: usize, ridge: f64) -> Self {
        let (upper, pivots) =
            (vec![Double::default(); order * (order + 1)], vec![Double::from(ridge); order]);
        Self { order, upper, pivots, least: Double::default() }
    }

    fn add(&mut self, x: &[f64], y: f64, weight: f64) {
        let mut row: Vec<Double> = x.iter().chain([&y]).map(|x| Double::from(*x)).collect();
        let mut left = Double::from(weight);
        for i in 0..self.order {
            let own = row[i];
            let moved = left * own;
            let pivot = self.pivots[i] + moved * own;
            if moved == Double::default() {
                continue;
            }
            let gain = moved / pivot;
            left = left * (self.pivots[i] / pivot);
            self.pivots[i] = pivot;
            let line = &mut self.upper[i * (self.order + 1)..(i + 1) * (self.order + 1)];
            for (r, u) in row[i + 1..].iter_mut().zip(&mut line[i + 1..]) {
                *r = *r - own * *u;
                *u = *u + gain * *r;
            }
        }
        self.least = self.least + left * (row[self.order] * row[self.order]);
    }
}
