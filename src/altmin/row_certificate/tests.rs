use super::*;
use crate::runtime::rng::{Purpose, Stream};

/// A regression with a factor of given condition, and its solution in pairs of doubles.
struct Case {
    fixed: Tall<f64>,
    index: Vec<u32>,
    value: Vec<f64>,
    weight: Vec<f64>,
    lambda: f64,
    center: Vec<f64>,
    solution: Vec<Double>,
}

impl Case {
    fn new(seed: u64) -> (Self, f64) {
        let mut draw = Stream::new(seed, Purpose::Probe, 17);
        let k = 1 + draw.below(8);
        let d = k + draw.below(6 * k + 4);
        let power = 10.0 * draw.uniform();
        let mut fixed = Tall::zeros(d, k).unwrap();
        // Columns of different lengths, mixed.
        let mix: Vec<f64> = (0..k * k).map(|_| draw.normal()).collect();
        let last = (k - 1).max(1) as f64;
        for e in 0..d {
            let y: Vec<f64> = (0..k).map(|l| draw.normal() * 10_f64.powf(-power * l as f64 / last)).collect();
            for (l, out) in fixed.row_mut(e).iter_mut().enumerate() {
                *out = y.iter().zip(&mix[l * k..]).map(|(y, m)| y * m).sum();
            }
        }
        let weight: Vec<f64> = (0..d).map(|_| 10_f64.powf(2.0 * draw.uniform() - 1.0)).collect();
        let noise = [0.0, 1e-8, 1.0][draw.below(3)];
        let truth: Vec<f64> = (0..k).map(|_| draw.normal()).collect();
        let value: Vec<f64> = (0..d)
            .map(|e| fixed.row(e).iter().zip(&truth).map(|(y, x)| y * x).sum::<f64>() + noise * draw.normal())
            .collect();
        let lambda = [0.0, 0.0, 1e-6, 0.5][draw.below(4)];
        let center = (0..k).map(|_| draw.normal()).collect();
        let index = (0..d as u32).collect();
        let mut case = Self { fixed, index, value, weight, lambda, center, solution: Vec::new() };
        case.solution = case.exact();
        (case, power)
    }

    fn line(&self) -> Line<'_, f64> {
        Line { index: &self.index, value: &self.value, weight: Some(&self.weight) }
    }

    fn ridge(&self) -> Ridge<'_, f64> {
        Ridge { strength: self.lambda, center: Some(&self.center) }
    }

    /// The normal equations in pairs of doubles: `cond(G) 1e-31` of the solution is lost.
    fn exact(&self) -> Vec<Double> {
        let k = self.fixed.cols();
        let zero = Double::default();
        let mut a = vec![zero; k * k];
        let mut b: Vec<Double> = self.center.iter().map(|c| Double::product(self.lambda, *c)).collect();
        (0..k).for_each(|l| a[l * k + l] = Double::from(self.lambda));
        for e in 0..self.index.len() {
            let y = self.fixed.row(e);
            for p in 0..k {
                let scaled = Double::product(self.weight[e], y[p]);
                (0..k).for_each(|q| a[p * k + q] = a[p * k + q] + scaled * y[q]);
                b[p] = b[p] + scaled * self.value[e];
            }
        }
        for j in 0..k {
            let root = a[j * k + j].root();
            (j..k).for_each(|i| a[i * k + j] = a[i * k + j] / root);
            for c in j + 1..k {
                for i in c..k {
                    a[i * k + c] = a[i * k + c] - a[i * k + j] * a[c * k + j];
                }
            }
        }
        for j in 0..k {
            let rest = (0..j).fold(b[j], |s, l| s - a[j * k + l] * b[l]);
            b[j] = rest / a[j * k + j];
        }
        for j in (0..k).rev() {
            let rest = (j + 1..k).fold(b[j], |s, l| s - a[l * k + j] * b[l]);
            b[j] = rest / a[j * k + j];
        }
        b
    }

    /// The true distance of `x`.
    fn distance(&self, x: &[f64]) -> f64 {
        norm(x.iter().zip(&self.solution).map(|(x, s)| (Double::from(*x) - *s).high))
    }
}

#[test]
fn over_ten_thousand_rows_the_proven_bound_is_never_below_the_error() {
    let (mut proven, mut easy, mut easy_proven) = (0, 0, 0);
    let (mut ratios, mut plain, mut rounded) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..6_000 {
        let (case, power) = Case::new(seed);
        let mut draw = Stream::new(seed, Purpose::Probe, 18);
        // As good as doubles allow, and off by something.
        let nearest: Vec<f64> = case.solution.iter().map(|s| s.high).collect();
        let off = 10_f64.powf(-12.0 * draw.uniform());
        let inexact: Vec<f64> = nearest.iter().map(|x| x + off * draw.normal()).collect();
        for (x, exact) in [(nearest, true), (inexact, false)] {
            let found = certify(&case.fixed, case.line(), case.ridge(), &x);
            let error = case.distance(&x);
            easy += usize::from(power < 5.0);
            if !found.proven {
                continue;
            }
            proven += 1;
            easy_proven += usize::from(power < 5.0);
            // The reference is good to far more digits than the error has.
            assert!(found.bound >= error, "{seed} {exact}: {found:?} {error}");
            assert!(found.gradient / found.smallest * UP >= error);
            if exact {
                rounded.push(found.bound / error.max(f64::MIN_POSITIVE));
            } else {
                ratios.push(found.bound / error);
                plain.push(found.gradient / found.smallest / error);
            }
        }
    }
    let median = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        v[v.len() / 2]
    };
    // Where cond(Y) is below 1e5, up to what mixing adds to it, nearly all are proven.
    assert!(easy_proven * 100 > easy * 95, "{easy_proven} of {easy}, {proven} in all");
    assert!(proven >= 10_000, "{proven}");
    // With the gradient alone the bound would be some 4000 times the error: the condition of G.
    let (newton, gradient, rounded) = (median(&mut ratios), median(&mut plain), median(&mut rounded));
    assert!(newton < 1.01, "{newton} {gradient} {rounded}");
    assert!(rounded < 3.0, "{newton} {gradient} {rounded}");
}

#[test]
fn estimates_are_near_where_nothing_can_be_proven() {
    let mut seen = 0;
    for seed in 0..3_000 {
        let (case, _) = Case::new(seed);
        let x: Vec<f64> = case.solution.iter().map(|s| s.high + 1e-3).collect();
        let found = certify(&case.fixed, case.line(), case.ridge(), &x);
        if !found.proven && found.bound.is_finite() {
            seen += 1;
            assert!(found.bound >= 0.5 * case.distance(&x), "{seed} {found:?}");
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn rows_that_are_not_determined_have_no_bound_and_single_precision_is_proven_too() {
    let mut fixed = Tall::<f32>::zeros(4, 2).unwrap();
    for e in 0..4 {
        fixed.row_mut(e).copy_from_slice(&[1.0 + e as f32, 2.0 + 2.0 * e as f32]);
    }
    let line = Line { index: &[0, 1, 3], value: &[1.0, 2.0, 3.0], weight: None };
    let free = Ridge { strength: 0.0, center: None };
    let found = certify(&fixed, line, free, &[0.0, 0.0]);
    assert!(!found.proven, "{found:?}");
    let none = Line { index: &[], value: &[], weight: None };
    assert_eq!(certify(&fixed, none, free, &[0.0, 0.0]).bound, f64::INFINITY);
    let ridge = Ridge { strength: 0.25, center: None };
    // Without observations the solution is the centre: 0.
    let found = certify(&fixed, none, ridge, &[3.0, 4.0]);
    assert!(found.proven && (found.bound - 5.0).abs() < 1e-4 && found.bound >= 5.0, "{found:?}");
    let found = certify(&fixed, line, ridge, &[0.5, 0.25]);
    assert!(found.proven && found.bound.is_finite() && found.smallest <= 0.25, "{found:?}");
    let found = certify(&fixed, line, ridge, &[f32::NAN, 0.25]);
    assert!(!found.proven && found.bound == f64::INFINITY, "{found:?}");
}
