use super::*;
use crate::altmin::observations::Line;
use crate::altmin::regression::{Bench, Ridge};
use crate::numerics::tall::Tall;
use crate::runtime::rng::{Purpose, Stream};

const EXACT: Accuracy = Accuracy { reduction: 0.0, gradient: 0.0, max_steps: 200 };
const FAMILIES: [Family; 3] = [Family::Gaussian, Family::Srht, Family::SparseSign { nonzeros: 8 }];

fn how(family: Family, distortion: f64) -> Sketching {
    Sketching { family, distortion, failure: Some(0.01), error: 0.0, seed: 9 }
}

/// Columns that are orthonormal, by a QR factorization of normal numbers.
fn orthonormal(d: usize, k: usize, draw: &mut Stream) -> Vec<Vec<f64>> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for _ in 0..k {
        let mut column: Vec<f64> = (0..d).map(|_| draw.normal()).collect();
        for _ in 0..2 {
            for known in &columns {
                let overlap: f64 = known.iter().zip(&column).map(|(a, b)| a * b).sum();
                column.iter_mut().zip(known).for_each(|(c, k)| *c -= overlap * k);
            }
        }
        let length = norm(&column);
        column.iter_mut().for_each(|c| *c /= length);
        columns.push(column);
    }
    columns
}

/// `A = U D V'` of a given condition, with a right-hand side whose solution and residual are known.
struct Planted {
    a: Tall<f64>,
    b: Vec<f64>,
    x: Vec<f64>,
    residual: f64,
}

fn planted(d: usize, k: usize, condition: f64, residual: f64, seed: u64) -> Planted {
    let mut draw = Stream::new(seed, Purpose::Probe, 3);
    let mut left = orthonormal(d, k + 1, &mut draw);
    let right = orthonormal(k, k, &mut draw);
    let outside = left.pop().unwrap();
    let x: Vec<f64> = (0..k).map(|_| draw.normal()).collect();
    let singular = |l: usize| condition.powf(-(l as f64) / (k - 1).max(1) as f64);
    let mut a = Tall::zeros(d, k).unwrap();
    for e in 0..d {
        for (c, out) in a.row_mut(e).iter_mut().enumerate() {
            *out = left.iter().zip(&right).enumerate().map(|(l, (u, v))| u[e] * singular(l) * v[c]).sum();
        }
    }
    let b = (0..d).map(|e| a.row(e).iter().zip(&x).map(|(a, x)| a * x).sum::<f64>() + residual * outside[e]);
    Planted { b: b.collect(), a, x, residual }
}

fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// A row on one thread.
fn solved<T: Real>(
    a: &Tall<T>,
    line: Line<'_, T>,
    ridge: Ridge<'_, T>,
    way: Way,
    accuracy: Accuracy,
    x: &mut [T],
) -> RowReport {
    let curvature = vec![1.0; a.cols()];
    let regression = Regression { line, ridge, curvature: &curvature, accuracy };
    Bench::new(a, None).solve(regression, way, x, &mut Control::new()).unwrap()
}

#[test]
fn errors_are_those_of_a_factorization_up_to_a_condition_of_1e8() {
    let (d, k) = (400, 6);
    let index: Vec<u32> = (0..d as u32).collect();
    for family in FAMILIES {
        for (step, condition) in [1.0, 1e2, 1e4, 1e6, 1e8].into_iter().enumerate() {
            for residual in [0.0, 1e-3, 1.0] {
                let p = planted(d, k, condition, residual, step as u64);
                let line = Line { index: &index, value: &p.b, weight: None };
                let mut x = vec![0.0; k];
                let way = how(family, 0.5).way(d, k, 5);
                let free = Ridge { strength: 0.0, center: None };
                let report = solved(&p.a, line, free, way, EXACT, &mut x);
                // Wedin's bound of what rounding of the data alone can do.
                let size = norm(&p.x);
                let allowed = 60.0 * f64::ROUNDING * (condition * size + condition * condition * p.residual);
                // A QR factorization in the same precision.
                let mut a: Vec<f64> = (0..d).flat_map(|e| p.a.row(e).to_vec()).collect();
                let mut reference = p.b.clone();
                triangularize(&mut a, k, k, &mut reference, &mut Vec::new(), &mut Vec::new());
                solve_upper(&a, k, k, &mut reference);
                let (ours, theirs) = (distance(&x, &p.x), distance(&reference[..k], &p.x));
                assert!(theirs <= allowed, "{condition} {residual}: {theirs} {allowed}");
                assert!(
                    ours <= allowed,
                    "{family:?} {condition} {residual}: {ours} {theirs} {allowed} {report:?}"
                );
                assert!(report.steps < 130 && report.squares <= (1.0 + 1e-9) * residual * residual + 1e-24);
            }
        }
    }
}

#[test]
fn the_answer_is_that_of_the_direct_way_with_weights_ridge_and_centre() {
    let (d, k) = (300, 5);
    let p = planted(d, k, 30.0, 0.5, 1);
    let index: Vec<u32> = (0..d as u32).map(|e| (e * 7) % d as u32).collect();
    let weight: Vec<f64> = (0..d).map(|e| 0.25 + (e % 5) as f64).collect();
    let center = [0.3, -1.0, 0.0, 2.0, 0.1];
    for family in FAMILIES {
        for (strength, centered, weighted) in [(0.0, false, true), (0.7, true, true), (0.01, true, false)] {
            let line = Line { index: &index, value: &p.b, weight: weighted.then_some(&weight[..]) };
            let ridge = Ridge { strength, center: centered.then_some(&center[..]) };
            let mut answers = Vec::new();
            for way in [Way::Direct, how(family, 0.5).way(d, k, 0)] {
                let mut x = vec![0.5; k];
                let accuracy = Accuracy { reduction: 1e-12, ..EXACT };
                let report = solved(&p.a, line, ridge, way, accuracy, &mut x);
                answers.push((x, report));
            }
            let (direct, sketched) = (&answers[0], &answers[1]);
            assert!(sketched.1.steps > 0 && direct.1.steps == 0);
            assert!(distance(&direct.0, &sketched.0) < 1e-9, "{family:?} {strength} {answers:?}");
            assert!((direct.1.squares - sketched.1.squares).abs() < 1e-10 * direct.1.squares);
            // The bound of the error that the sketch gives, beside the true error.
            let coarse = Accuracy { reduction: 1e-3, ..EXACT };
            let mut x = vec![0.5; k];
            let way = how(family, 0.5).way(d, k, 0);
            let report = solved(&p.a, line, ridge, way, coarse, &mut x);
            let error = distance(&direct.0, &x);
            assert!(report.error + 1e-11 >= error && error > 0.0, "{} {error}", report.error);
            assert!(report.error < 1e3 * error.max(1e-9), "{} {error}", report.error);
            // And rows that end by it.
            let asked = Sketching { error: 1e-4, ..how(family, 0.5) }.way(d, k, 0);
            let mut x = vec![0.5; k];
            let report = solved(&p.a, line, ridge, asked, EXACT, &mut x);
            let error = distance(&direct.0, &x);
            // The direct way is off by 1e-12 or so itself; after as many steps as columns nothing is left.
            assert!(error <= report.error + 1e-11 && report.error <= 1e-4, "{} {error}", report.error);
            assert!(report.steps <= sketched.1.steps);
        }
    }
}

#[test]
fn the_bound_of_steps_holds_over_a_thousand_seeds() {
    let (d, k, distortion) = (260, 4, 0.5);
    let p = planted(d, k, 1e3, 1.0, 2);
    let tile: Vec<f64> = p.a.data().to_vec();
    let system = System { tile: &tile, stride: p.a.stride(), k, strength: 0.0, total: d as f64 };
    // |A (x - x*)|.
    let energy = |x: &[f64]| {
        let off: Vec<f64> = (0..d).map(|e| (0..k).map(|l| p.a.row(e)[l] * (x[l] - p.x[l])).sum()).collect();
        norm(&off)
    };
    let eps = 1e-6;
    for family in FAMILIES {
        let mut late = 0;
        for seed in 0..1000 {
            let how = Sketching { seed, ..how(family, distortion) };
            let start = vec![0.0; p.a.stride()];
            let run = |max_steps: usize| {
                let mut x = start.clone();
                let accuracy = Accuracy { max_steps, ..EXACT };
                solve(system, &mut p.b.clone(), &mut x, how, 1, accuracy, &mut Memory::default()).unwrap();
                energy(&x)
            };
            let first = run(0);
            late += usize::from(run(how.steps(eps)) > eps * first);
            if late > 10 {
                break;
            }
        }
        assert!(late <= 10, "{family:?}: {late} of 1000");
    }
}

#[test]
fn few_observations_and_dependent_columns_go_the_direct_way() {
    let plan = how(Family::Srht, 0.5);
    assert_eq!(plan.way(plan.size(3), 3, 0), Way::Direct);
    assert_eq!(plan.way(2, 3, 0), Way::Dual);
    let (d, k) = (300, 3);
    let mut a = Tall::zeros(d, k).unwrap();
    for e in 0..d {
        let v = (e as f64).sin();
        a.row_mut(e).copy_from_slice(&[v, 2.0 * v, 1.0]);
    }
    let index: Vec<u32> = (0..d as u32).collect();
    let value: Vec<f64> = (0..d).map(|e| (e as f64).cos()).collect();
    let line = Line { index: &index, value: &value, weight: None };
    let free = Ridge { strength: 0.0, center: None };
    let mut answers = Vec::new();
    for way in [Way::Direct, plan.way(d, k, 0)] {
        let mut x = vec![0.0; k];
        let report = solved(&a, line, free, way, EXACT, &mut x);
        assert!(report.underdetermined);
        answers.push(x);
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn single_precision_gives_what_single_precision_has() {
    let (d, k) = (400, 6);
    let p = planted(d, k, 100.0, 0.1, 4);
    let mut a = Tall::<f32>::zeros(d, k).unwrap();
    (0..d).for_each(|e| a.row_mut(e).iter_mut().zip(p.a.row(e)).for_each(|(s, v)| *s = *v as f32));
    let value: Vec<f32> = p.b.iter().map(|b| *b as f32).collect();
    let index: Vec<u32> = (0..d as u32).collect();
    let line = Line { index: &index, value: &value, weight: None };
    for family in FAMILIES {
        let mut x = vec![0.0_f32; k];
        let way = how(family, 0.5).way(d, k, 1);
        let free = Ridge { strength: 0.0, center: None };
        solved(&a, line, free, way, EXACT, &mut x);
        let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let allowed = 60.0 * f32::ROUNDING * (100.0 * norm(&p.x) + 1e4 * p.residual);
        assert!(distance(&x, &p.x) < allowed, "{family:?} {} {allowed}", distance(&x, &p.x));
    }
}
