//! Table 1.7c: prediction errors on streams of 4000 rounds with 20 features, against the same regression in twice the
//! digits.

use super::super::learner::ridge::Ridge;
use super::super::learner::sherman_morrison::ShermanMorrison;
use crate::numerics::double_double::Double;
use crate::runtime::rng::{Purpose, Stream};

const D: usize = 20;
const ROUNDS: usize = 4000;

/// Rotations without square roots in two doubles: `-x'theta` and what is left of the sum of squares.
struct Exact {
    upper: Vec<Double>,
    pivots: Vec<Double>,
    rho: Double,
}

impl Exact {
    fn new(ridge: f64) -> Self {
        let zero = Double::default();
        Self { upper: vec![zero; D * (D + 1)], pivots: vec![Double::from(ridge); D], rho: zero }
    }

    fn predict(&self, x: &[f64]) -> f64 {
        let mut row: Vec<Double> = x.iter().chain([&0.0]).map(|x| Double::from(*x)).collect();
        for i in 0..D {
            for k in i + 1..=D {
                row[k] = row[k] - row[i] * self.upper[i * (D + 1) + k];
            }
        }
        -row[D].high
    }

    fn update(&mut self, x: &[f64], y: f64) {
        let mut row: Vec<Double> = x.iter().chain([&y]).map(|x| Double::from(*x)).collect();
        let mut left = Double::from(1.0);
        for i in 0..D {
            let own = row[i];
            let pivot = self.pivots[i] + left * own * own;
            let gain = left * own / pivot;
            left = left * (self.pivots[i] / pivot);
            self.pivots[i] = pivot;
            let above = &mut self.upper[i * (D + 1)..][..=D];
            for (u, x) in above.iter_mut().zip(row.iter_mut()).skip(i + 1) {
                *x = *x - own * *u;
                *u = *u + gain * *x;
            }
        }
        self.rho = self.rho + left * row[D] * row[D];
    }
}

/// The worst errors of predictions (factor, inverse), the relative one of the factor's hindsight, and whether the
/// inverse was rebuilt.
fn measure(ridge: f64, scale: f64, collinear: bool) -> ([f64; 3], bool) {
    let mut draw = Stream::new(3, Purpose::Start, 2);
    let (mut exact, mut factor) = (Exact::new(ridge), Ridge::new(D, ridge).unwrap());
    let mut inverse = ShermanMorrison::new(D, ridge, 1e-6).unwrap();
    let (mut room, mut worst) = ([0.0; 24], [0.0_f64; 2]);
    for _ in 0..ROUNDS {
        let mut x: Vec<f64> = (0..D).map(|_| scale * draw.normal()).collect();
        if collinear {
            (x[D - 1], x[D - 2]) = (x[0], x[1] + x[2]);
        }
        let z: f64 =
            x.iter().enumerate().map(|(j, x)| x * (j as f64).sin()).sum::<f64>() / (scale * D as f64);
        let (y, truth) = (z + 0.1 * draw.normal(), exact.predict(&x));
        worst[0] = worst[0].max((factor.predict(&x, &mut room).unwrap() - truth).abs());
        worst[1] = worst[1].max((inverse.predict(&x, &mut room).unwrap() - truth).abs());
        exact.update(&x, y);
        factor.update(&x, y, 1.0, &mut room);
        inverse.update(&x, y, 1.0, &mut room);
    }
    let rho = (factor.hindsight.value() / exact.rho.high - 1.0).abs();
    assert!(factor.health() < 1e-6, "{}", factor.health());
    ([worst[0], worst[1], rho], inverse.is_rebuilt())
}

#[test]
fn the_factor_stays_exact_where_the_inverse_breaks_down_and_is_rebuilt() {
    // Ridge, scale, two collinear columns; then limits: error of predictions, relative error of hindsight.
    for (ridge, scale, collinear, error, rho) in [
        (1.0, 1.0, false, 1e-13, 1e-13),
        (1.0, 1.0, true, 1e-13, 1e-13),
        (1e-6, 1e3, false, 1e-13, 1e-13),
        (1e-6, 1e3, true, 1e-8, 1e-10),
        (1e-9, 1e4, true, 1e-4, 1e-6),
    ] {
        let ([factor, inverse, hindsight], rebuilt) = measure(ridge, scale, collinear);
        assert!(factor < error && hindsight < rho, "{ridge} {scale} {collinear}: {factor:e} {hindsight:e}");
        assert!(inverse.is_finite());
        // In between, whether the identity is off by more than the tolerance is up to rounding.
        if collinear && scale > 1.0 {
            assert!(rebuilt, "{ridge} {scale}: {inverse:e}");
        } else if scale == 1.0 {
            assert!(!rebuilt && inverse < 1e-9, "{ridge} {scale} {collinear}: {inverse:e}");
        }
    }
}
