//! Rounds played in an order by one method or another, and what was lost on each group beside least squares in
//! hindsight.

use super::sets::Rounds;
use southwell::groupwise::learner::{Kind, Learner, Terms};
use southwell::groupwise::loss::Loss;
use southwell::groupwise::{Groups, Stream};
use southwell::runtime::{Family, Options, Result};

/// Points of a curve.
const POINTS: usize = 100;

/// Who predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Player {
    /// One ridge regression on all rounds, not clipped.
    Baseline,
    /// A stream with these options, scored by the loss of its predictions.
    Convex(&'static [(&'static str, &'static str)]),
    /// The same in mode paper, scored by the mean loss of the experts by their weights.
    Paper,
}

/// The loss of each round, in the order in which they come.
pub fn losses(rounds: &Rounds, y: &[f64], order: &[usize], player: Player) -> Result<Vec<f64>> {
    match player {
        Player::Baseline => baseline(rounds, y, order),
        Player::Convex(pairs) => stream(rounds, y, order, pairs, false),
        Player::Paper => stream(rounds, y, order, &[("mode", "paper")], true),
    }
}

fn baseline(rounds: &Rounds, y: &[f64], order: &[usize]) -> Result<Vec<f64>> {
    let (mut learner, mut room) = learner(rounds.features, 1.0)?;
    let mut losses = Vec::with_capacity(order.len());
    for &t in order {
        let z = learner.predict(rounds.row(t), &mut room)?;
        learner.update(rounds.row(t), y[t], z, 1.0, &mut room)?;
        losses.push((z - y[t]).powi(2));
    }
    Ok(losses)
}

fn stream(
    rounds: &Rounds,
    y: &[f64],
    order: &[usize],
    pairs: &[(&str, &str)],
    expected: bool,
) -> Result<Vec<f64>> {
    let mut options = Options::new(Family::Groupwise);
    pairs.iter().try_for_each(|(key, value)| options.set_text(key, value))?;
    let mut stream = Stream::new(rounds.features, Groups::declared(rounds.groups.len() as u64), &options)?;
    let mut losses = Vec::with_capacity(order.len());
    for &t in order {
        let prediction = stream.predict(rounds.row(t), &rounds.awake[t])?;
        losses.push(if expected {
            let weights = stream.weights(prediction.ticket)?;
            weights.iter().map(|w| w.weight * (w.prediction - y[t]).powi(2)).sum()
        } else {
            (prediction.value - y[t]).powi(2)
        });
        stream.update(prediction.ticket, y[t])?;
    }
    Ok(losses)
}

/// Ridge regression as one learner, and the room that it needs.
fn learner(order: usize, ridge: f64) -> Result<(Learner, Vec<f64>)> {
    let terms = Terms { ridge, radius: 1.0, norm: 1.0, tolerance: 1e-6, loss: Loss::Squared };
    Ok((Learner::new(Kind::Ridge, order, &terms)?, vec![0.0; Learner::room(order)]))
}

/// Least squares on the rounds of each group, the one that is always on last.
#[derive(Debug, Clone, Default)]
pub struct Hindsight {
    /// Rounds of each group.
    pub size: Vec<usize>,
    /// At some rounds of the group, counted from 0: the least sum of squares of the rounds before.
    pub before: Vec<Vec<(usize, f64)>>,
    /// That of all rounds.
    pub all: Vec<f64>,
}

impl Hindsight {
    /// For labels `y` and an order.
    pub fn of(rounds: &Rounds, y: &[f64], order: &[usize]) -> Result<Self> {
        let groups = rounds.groups.len() + 1;
        let mut found = Self { size: vec![0; groups], ..Self::default() };
        order.iter().for_each(|t| rounds.groups_of(*t).for_each(|g| found.size[g] += 1));
        found.before = vec![Vec::new(); groups];
        let points: Vec<Vec<usize>> = found.size.iter().map(|size| points(*size)).collect();
        let mut learners = (0..groups).map(|_| learner(rounds.features, 0.0)).collect::<Result<Vec<_>>>()?;
        let mut seen = vec![0; groups];
        for &t in order {
            for g in rounds.groups_of(t) {
                let (learner, room) = &mut learners[g];
                if points[g].get(found.before[g].len()) == Some(&seen[g]) {
                    found.before[g].push((seen[g], learner.hindsight().1.unwrap_or(f64::NAN)));
                }
                learner.update(rounds.row(t), y[t], 0.0, 1.0, room)?;
                seen[g] += 1;
            }
        }
        found.all = learners.iter().map(|(learner, _)| learner.hindsight().1.unwrap_or(f64::NAN)).collect();
        Ok(found)
    }

    /// As the published curves have it: the loss through a round of the group minus the least sum of squares of the
    /// rounds before it. The last point leaves the last round out of the comparator.
    pub fn curves(&self, rounds: &Rounds, order: &[usize], losses: &[f64]) -> Vec<Curve> {
        let mut curves = vec![Curve::default(); self.size.len()];
        let mut seen = vec![0; self.size.len()];
        for (&t, loss) in order.iter().zip(losses) {
            for g in rounds.groups_of(t) {
                let curve = &mut curves[g];
                curve.loss += loss;
                if let Some((_, least)) =
                    self.before[g].get(curve.regrets.len()).filter(|(p, _)| *p == seen[g])
                {
                    curve.regrets.push((seen[g] as f64, curve.loss - least));
                }
                seen[g] += 1;
            }
        }
        curves
    }
}

/// The loss of a group and its regret along the way.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// The loss in all.
    pub loss: f64,
    /// See [`Hindsight::curves`].
    pub regrets: Vec<(f64, f64)>,
}

impl Curve {
    /// The published regret at the end.
    pub fn last(&self) -> f64 {
        self.regrets.last().map_or(f64::NAN, |p| p.1)
    }
}

/// At most 100 rounds of `size`, evenly spread, the last one last: as `linspace` of whole numbers has them.
fn points(size: usize) -> Vec<usize> {
    let count = size.min(POINTS);
    if count < 2 {
        return (0..size).collect();
    }
    let (first, last) = (size / count, size - 1);
    if first > last {
        return (0..size).collect();
    }
    let step = (last - first) as f64 / (count - 1) as f64;
    let mut points: Vec<usize> = (0..count).map(|k| (first as f64 + step * k as f64) as usize).collect();
    points[count - 1] = last;
    points.dedup();
    points
}

/// The mean, and the population deviation.
pub fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_those_of_the_published_curves() {
        assert_eq!(points(1338)[..3], [13, 26, 39]);
        assert_eq!((points(1338).len(), points(1338)[99]), (100, 1337));
        // Few rounds: from the second on, each once.
        assert_eq!(points(20), (1..20).collect::<Vec<_>>());
        assert_eq!((points(1), points(0)), (vec![0], vec![]));
    }

    /// Two features, two groups and few rounds, by hand.
    #[test]
    fn regrets_are_losses_minus_least_squares() {
        let rounds = Rounds {
            features: 1,
            x: vec![1.0, 2.0, 1.0, 1.0],
            groups: vec!["odd"],
            awake: vec![vec![], vec![0], vec![], vec![0]],
            labels: Vec::new(),
        };
        let y = [0.5, 0.5, 0.25, 0.75];
        let order = [3, 0, 1, 2];
        let least = Hindsight::of(&rounds, &y, &order).unwrap();
        assert_eq!(least.size, [2, 4]);
        // The group has the rows 3 and 1: theta = (0.75 + 2 0.5) / 5.
        let fit = |rows: &[usize]| -> f64 {
            let (xy, xx) = rows
                .iter()
                .fold((0.0, 0.0), |(a, b), t| (a + rounds.x[*t] * y[*t], b + rounds.x[*t].powi(2)));
            rows.iter().map(|t| (y[*t] - rounds.x[*t] * xy / xx).powi(2)).sum()
        };
        assert!(
            (least.all[0] - fit(&[3, 1])).abs() < 1e-15 && (least.all[1] - fit(&[0, 1, 2, 3])).abs() < 1e-15
        );
        let losses = losses(&rounds, &y, &order, Player::Baseline).unwrap();
        // Ridge 1: nothing is known at first, then theta = xy / (1 + xx).
        assert!((losses[0] - 0.5625).abs() < 1e-15 && (losses[1] - (0.5_f64 - 0.375).powi(2)).abs() < 1e-15);
        let curves = least.curves(&rounds, &order, &losses);
        assert!((curves[0].loss - losses[0] - losses[2]).abs() < 1e-15);
        assert!((curves[0].last() - (curves[0].loss - fit(&[3]))).abs() < 1e-15);
        assert!((curves[1].last() - (losses.iter().sum::<f64>() - fit(&[3, 0, 1]))).abs() < 1e-15);
    }

    #[test]
    fn deviations_are_those_of_the_population() {
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
    }
}
