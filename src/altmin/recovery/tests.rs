use super::*;
use crate::altmin::observations::{Entries, Repeats};
use crate::runtime::rng::{Purpose, Stream};

/// A matrix `U diag(s) V'` with orthonormal Gaussian factors, and `count` of its entries, each row and column with at
/// least `rank + 1` of them: the generator of the published experiments.
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
        let value: Vec<f64> = row.iter().zip(&col).map(|(&i, &j)| truth.at(i as usize, j as usize)).collect();
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
            let t = truth.at(i, j);
            off += (found.at(i, j) - t).powi(2);
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

/// Entries in units of the degrees of freedom.
fn count(n: usize, k: usize, rho: f64) -> usize {
    (rho * (k * (2 * n - k)) as f64) as usize
}

fn spread(k: usize, kappa: f64) -> Vec<f64> {
    (0..k).map(|l| kappa.powf(1.0 - l as f64 / (k - 1) as f64)).collect()
}

/// With 1.75 times as many entries as degrees of freedom, whatever the condition: every singular value to 1 %, from
/// data alone.
#[test]
fn the_portfolio_recovers_from_very_few() {
    use crate::altmin::portfolio::{SEARCHES, choose};
    let (n, k) = (300, 4);
    for (kappa, seed) in [(1.0, 11), (10.0, 12), (1e5, 13)] {
        let singular = spread(k, kappa);
        let (observed, truth) = planted(n, &singular, count(n, k, 1.75), seed);
        let control = &mut Control::new();
        let chosen = choose(&observed, k, &SEARCHES, ENDS, 0, &Team::solo(), control).unwrap().unwrap();
        let size = singular.iter().map(|s| s * s).sum::<f64>().sqrt();
        let asked = (0.01 * singular[k - 1] / size).min(1e-6);
        let reached = error(&chosen.found.factors, &truth);
        assert!(reached <= asked, "κ {kappa}: {reached:.1e}, residual {:.1e}", chosen.found.residual);
        assert!(chosen.held_out.is_empty(), "an exact fit needs no held-out entries");
    }
}

/// Threads change no bit, through all parts of a search.
#[test]
fn searches_do_not_depend_on_the_thread_count() {
    use crate::altmin::portfolio::{SEARCHES, choose};
    use crate::runtime::parallel::with_team;
    let (observed, _) = planted(280, &spread(3, 10.0), count(280, 3, 2.0), 5);
    let run = |threads| {
        let chosen = with_team(threads, |team| {
            choose(&observed, 3, &SEARCHES, ENDS, 0, team, &mut Control::new()).unwrap().unwrap()
        });
        let factors = chosen.unwrap().found.factors;
        let bits = |y: &Tall<f64>| y.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        (bits(&factors.u), bits(&factors.v))
    };
    assert!(run(1) == run(3));
}

/// Under noise no search fits; the answer has the error that the best estimate has: `nu / sqrt(rho - 1)`.
#[test]
fn noise_is_fitted_as_well_as_can_be() {
    use crate::altmin::portfolio::{SEARCHES, choose};
    let (n, k, rho, noise) = (200, 3, 5.0, 1e-2);
    let (exact, truth) = planted(n, &spread(k, 5.0), count(n, k, rho), 6);
    let size = spread(k, 5.0).iter().map(|s| s * s).sum::<f64>().sqrt();
    let mut stream = Stream::new(3, Purpose::Probe, 1);
    let shift: Vec<f64> = (0..n * n).map(|_| noise * size / n as f64 * stream.normal()).collect();
    let observed = exact.mapped(|i, j, value| value + shift[i * n + j]).unwrap();
    let control = &mut Control::new();
    let chosen = choose(&observed, k, &SEARCHES, ENDS, 0, &Team::solo(), control).unwrap().unwrap();
    let ratio = error(&chosen.found.factors, &truth) / (noise / (rho - 1.0).sqrt());
    assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
}

#[test]
fn a_line_that_runs_away_is_set_aside() {
    let (_, truth) = planted(100, &[2.0, 1.0], 3000, 7);
    let mut factors = truth.clone();
    factors.u.row_mut(31).copy_from_slice(&[40.0, -70.0]);
    let mut aside = SetAside::none(100, 100);
    let control = &mut Control::new();
    assert_eq!(aside.take(&mut factors, &Team::solo(), control), Ok(1));
    assert_eq!(factors.u.row(31), [0.0, 0.0]);
    assert_eq!(factors.v.row(31), truth.v.row(31));
    // Once only.
    assert_eq!(aside.take(&mut factors, &Team::solo(), control), Ok(0));
    assert!(aside.count() == 1 && !aside.is_full());
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
    assert!((0..20).all(|i| chosen.found.factors.at(i, i) == 0.0));
}
