use super::*;
use crate::altmin::observations::{Entries, Repeats};
use crate::runtime::rng::{Purpose, Stream};

const RULES: Rules =
    Rules { residual: 1e-12, damping: 1e-4, max_steps: 30, progress: 1e-3, incoherence: f64::INFINITY };

fn normal(n: usize, k: usize, stream: &mut Stream) -> Tall<f64> {
    let mut y = Tall::zeros(n, k).unwrap();
    (0..n).for_each(|i| y.row_mut(i).iter_mut().for_each(|v| *v = stream.normal()));
    y
}

fn product(factors: &Factors<f64>, i: usize, j: usize) -> f64 {
    factors.u.row(i).iter().zip(factors.v.row(j)).map(|(u, v)| u * v).sum()
}

/// About `share` of the entries of `U V'`, with other values and weights where `change(k, value)` says so.
fn observed(
    truth: &Factors<f64>,
    share: f64,
    change: impl Fn(usize, f64) -> (f64, Vec<f64>),
) -> Observations<f64> {
    let (mut row, mut col, mut value, mut weight) = (vec![], vec![], vec![], vec![]);
    let mut cell = 0;
    for i in 0..truth.u.rows() {
        for j in 0..truth.v.rows() {
            if crate::altmin::sampling::uniform(1, i, j) < share {
                let (v, weights) = change(cell, product(truth, i, j));
                cell += 1;
                for w in weights {
                    row.push(i as i64);
                    col.push(j as i64);
                    value.push(v);
                    weight.push(w);
                }
            }
        }
    }
    let (rows, cols) = (truth.u.rows(), truth.v.rows());
    let entries = Entries { rows, cols, row: &row, col: &col, value: &value, weight: Some(&weight) };
    Observations::new(entries, Repeats::Keep, &mut Control::new()).unwrap()
}

fn run(observations: &Observations<f64>, start: &Factors<f64>, rules: Rules) -> Arrived<f64> {
    let newton = GaussNewton { observations, team: &Team::solo() };
    newton.run(start, rules, &mut Control::new()).unwrap().unwrap()
}

/// A pair of factors, one singular value far below the others, and a start nearby.
fn pair(k: usize) -> (Factors<f64>, Factors<f64>) {
    let mut stream = Stream::new(9, Purpose::Probe, 0);
    let mut truth = Factors { u: normal(70, k, &mut stream), v: normal(50, k, &mut stream) };
    (0..70).for_each(|i| truth.u.row_mut(i)[k - 1] *= 1e-3);
    let mut start = truth.clone();
    for (y, size) in [(&mut start.u, 1e-5), (&mut start.v, 1e-2)] {
        for i in 0..y.rows() {
            y.row_mut(i).iter_mut().for_each(|v| *v += size * stream.normal());
        }
    }
    (truth, start)
}

/// In the widths that the compiler knows and in others.
#[test]
fn it_converges_quadratically() {
    for k in [1, 2, 6] {
        let (truth, start) = pair(k);
        let data = observed(&truth, 0.4, |_, v| (v, vec![1.0]));
        let arrived = run(&data, &start, RULES);
        assert_eq!(arrived.end, End::Fitted, "{arrived:?}");
        assert!(arrived.steps <= 12, "{} steps", arrived.steps);
        for (i, j) in [(0, 0), (13, 47), (69, 21)] {
            assert!((product(&arrived.factors, i, j) - product(&truth, i, j)).abs() < 1e-7);
        }
    }
}

/// An entry of weight 2 is the entry twice, and where steps end there is no gradient.
#[test]
fn weights_are_repeats_and_the_end_is_a_minimum() {
    let (truth, start) = pair(3);
    // Below the least singular direction: a direction of noise alone has no sharp minimum.
    let noisy = |k: usize, v: f64| v + 1e-4 * (k as f64 * 0.7).sin();
    let twice = |k: usize| k.is_multiple_of(3);
    let weighted = observed(&truth, 0.5, |k, v| (noisy(k, v), vec![if twice(k) { 2.0 } else { 1.0 }]));
    let repeated = observed(&truth, 0.5, |k, v| (noisy(k, v), vec![1.0; 1 + usize::from(twice(k))]));
    let (one, other) = (run(&weighted, &start, RULES), run(&repeated, &start, RULES));
    assert_eq!((one.end, other.end), (End::Minimum, End::Minimum));
    assert!(
        (one.residual - other.residual).abs() < 1e-7 * one.residual,
        "{} {}",
        one.residual,
        other.residual
    );
    // Rows of the gradient with respect to U: sum w r v.
    let mut gradient = 0.0_f64;
    let mut size = 0.0_f64;
    for i in 0..70 {
        let line = weighted.by_row().line(i);
        let mut row = [0.0; 3];
        for (e, &j) in line.index.iter().enumerate() {
            let r = line.weight.unwrap()[e] * (line.value[e] - product(&one.factors, i, j as usize));
            row.iter_mut().zip(one.factors.v.row(j as usize)).for_each(|(g, v)| *g += r * v);
            size += r * r;
        }
        gradient += row.iter().map(|g| g * g).sum::<f64>();
    }
    assert!(gradient < 1e-5 * size, "{gradient} {size}");
}
