use super::*;
use crate::altmin::observations::{Entries, Repeats};
use crate::runtime::rng::{Purpose, Stream};

/// A matrix `U diag(s) V'` with orthonormal Gaussian factors, and `count` of its entries, each row and column with at least
/// `rank + 1` of them: the generator of the published experiments.
fn planted(n: usize, singular: &[f64], count: usize, seed: u64) -> (Observations<f64>, Factors<f64>) {
    let k = singular.len();
    let mut stream = Stream::new(seed, Purpose::Start, 77);
    let mut gaussian = || {
        let mut y = Tall::zeros(n, k).unwrap();
        for i in 0..n {
            y.row_mut(i).iter_mut().for_each(|v| *v = stream.normal());
        }
        crate::altmin::basis::orthonormalize(&mut y, None, &Team::solo(), &mut Control::new()).unwrap();
        y
    };
    let (mut u, v) = (gaussian(), gaussian());
    for i in 0..n {
        u.row_mut(i).iter_mut().zip(singular).for_each(|(u, s)| *u *= s);
    }
    let truth = Factors { u, v };
    loop {
        let mut cells: Vec<u32> = (0..(n * n) as u32).collect();
        stream.shuffle_front(&mut cells, count);
        let row: Vec<i64> = cells[..count].iter().map(|c| i64::from(*c) / n as i64).collect();
        let col: Vec<i64> = cells[..count].iter().map(|c| i64::from(*c) % n as i64).collect();
        let value: Vec<f64> =
            row.iter().zip(&col).map(|(&i, &j)| entry(&truth, i as usize, j as usize)).collect();
        let entries = Entries { rows: n, cols: n, row: &row, col: &col, value: &value, weight: None };
        let observed = Observations::new(entries, Repeats::Error, &mut Control::new()).unwrap();
        let full = |lines: &crate::altmin::observations::Lines<f64>| (0..n).all(|i| lines.degree(i) > k);
        if full(observed.by_row()) && full(observed.by_col()) {
            return (observed, truth);
        }
    }
}

/// The relative error over all entries.
fn error(found: &Factors<f64>, truth: &Factors<f64>) -> f64 {
    let n = truth.u.rows();
    let (mut off, mut size) = (0.0, 0.0);
    for i in 0..n {
        for j in 0..n {
            let t = entry(truth, i, j);
            off += (entry(found, i, j) - t).powi(2);
            size += t * t;
        }
    }
    (off / size).sqrt()
}

const ENDS: Ends = Ends { residual: 1e-11, max_sweeps: 500, progress: 1e-3 };

#[test]
fn plain_alternation_recovers_from_many_entries() {
    let (n, k) = (200, 3);
    let (observed, truth) = planted(n, &[3.0, 2.0, 1.0], 8 * k * (2 * n - k), 1);
    let searcher = Searcher { observations: &observed, rank: k, seed: 0, team: &Team::solo() };
    let found = searcher.run(Search::Plain, ENDS, &mut Control::new()).unwrap().unwrap();
    assert!(error(&found.factors, &truth) < 1e-9, "{} {}", found.residual, found.sweeps);
}

#[test]
fn continuation_and_annealing_recover_from_few() {
    let (n, k) = (300, 4);
    let count = |rho: f64| (rho * (k * (2 * n - k)) as f64) as usize;
    let spread: Vec<f64> = (0..k).map(|l| 10_f64.powf(1.0 - l as f64 / (k - 1) as f64)).collect();
    let (observed, truth) = planted(n, &spread, count(2.5), 2);
    let searcher = Searcher { observations: &observed, rank: k, seed: 0, team: &Team::solo() };
    let found =
        searcher.run(Search::Continuation { sweeps: 40 }, ENDS, &mut Control::new()).unwrap().unwrap();
    assert!(error(&found.factors, &truth) < 1e-8, "{} {}", found.residual, found.sweeps);
    let (observed, truth) = planted(n, &[1.0; 4], count(2.5), 3);
    let searcher = Searcher { observations: &observed, rank: k, seed: 0, team: &Team::solo() };
    let found = searcher.run(Search::Annealed { fade: 0.97 }, ENDS, &mut Control::new()).unwrap().unwrap();
    assert!(error(&found.factors, &truth) < 1e-8, "{} {}", found.residual, found.sweeps);
}

#[test]
fn what_cannot_be_completed_is_refused() {
    use crate::altmin::portfolio::{SEARCHES, choose};
    let (observed, _) = planted(20, &[1.0], 100, 4);
    let control = &mut Control::new();
    let refusal =
        |observed: &Observations<f64>, rank: usize, searches: &[Search], control: &mut Control<'_>| {
            choose(observed, rank, searches, ENDS, 0, &Team::solo(), control).unwrap_err().to_string()
        };
    assert!(refusal(&observed, 0, &SEARCHES, control).starts_with("rank: expected at least 1"));
    assert!(refusal(&observed, 21, &SEARCHES, control).ends_with("found 21"));
    assert!(refusal(&observed, 1, &[], control).starts_with("searches"));
    let none = observed.filtered(|_, _| false).unwrap();
    assert!(refusal(&none, 1, &SEARCHES, control).starts_with("entries"));
    // All zeros are completed by zeros.
    let zeros = observed.mapped(|_, _, _| 0.0).unwrap();
    let chosen = choose(&zeros, 2, &SEARCHES, ENDS, u64::MAX, &Team::solo(), control).unwrap().unwrap();
    assert!((0..20).all(|i| entry(&chosen.found.factors, i, i) == 0.0));
}
