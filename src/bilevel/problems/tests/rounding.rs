//! What rounding leaves certain: where lower problems are so ill-conditioned that it decides.

use super::cases::{Kind, dense, matrix, task};
use super::normal;
use crate::bilevel::interval::interval;
use crate::bilevel::problem::{Problem, Rigor};
use crate::bilevel::problems::{Data, Sharing, Split, Task, ridge};
use crate::bilevel::tests::{options, point};

/// Rows to train on whose features are a common one and `noise` of their own, beside rows that are not.
fn nearly_collinear(noise: f64, seed: u64) -> Split {
    let (rows, cols) = (30, 8);
    let (common, own) = (normal(rows, seed), normal(rows * cols, seed + 1));
    let entries: Vec<f64> = (0..rows * cols).map(|k| common[k % rows] + noise * own[k]).collect();
    let training = Data { x: matrix(&entries, rows, cols), y: normal(rows, seed + 2) };
    let validation = Data { x: dense(rows, cols, seed + 3), y: normal(rows, seed + 4) };
    Split::HoldOut(Task { training, validation })
}

#[test]
fn values_of_nearly_collinear_features_do_not_contradict_one_another() {
    let mut narrow = 0;
    for (noise, strength) in [(1e-1, 1e-6), (1e-2, 1e-6), (1e-3, 1e-6), (1e-3, 1e-8)] {
        for seed in 0..10 {
            let problem = ridge(nearly_collinear(noise, 100 * seed), &Sharing::Single, false).unwrap();
            let theta = [f64::ln(strength)];
            let (mut lower, mut upper) = (f64::NEG_INFINITY, f64::INFINITY);
            for eps in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10] {
                for metric in ["false", "true"] {
                    let set = options(&[("certificate", "rigorous"), ("metric", metric)]);
                    let (point, mode) = point(&problem, &theta, (eps, 1e-12), &set);
                    let range = interval(&point, mode, true);
                    assert_eq!(range.rigor, Rigor::Proven);
                    (lower, upper) = (range.lower.max(lower), range.upper.min(upper));
                }
            }
            assert!(lower <= upper, "{noise} {strength} {seed}: {lower} {upper}");
            narrow += u32::from(upper - lower < 1e-6 * upper);
        }
    }
    assert!(narrow > 20, "{narrow}");
}

#[test]
fn rounding_of_values_is_the_same_in_every_norm() {
    // The fixed ridge of the intercept makes the penalties' norm a thousand times the Euclidean one.
    let problem = ridge(Split::HoldOut(task(20, 4, Kind::Numbers, 1)), &Sharing::PerFeature, true).unwrap();
    let theta = vec![-1.0; problem.parameters()];
    let [plain, metric] = ["false", "true"].map(|metric| {
        let set = options(&[("certificate", "rigorous"), ("metric", metric)]);
        let (point, mode) = point(&problem, &theta, (1e-6, 1e-6), &set);
        interval(&point, mode, true).rounding
    });
    assert!((metric - plain).abs() < 1e-3 * plain, "{plain} {metric}");
}
