//! Dual points of problems with several outputs.
//!
//! `D(theta) = -sum_r s_r phi_r*(-theta_r / s_r) - sum_r o_r'theta_r - G*(A'theta)` over `theta` with one row of `k`
//! numbers for each row of the data, and with `1'theta_c = 0` for each output `c` that has an intercept. At the optimum
//! `theta_r = -s_r phi'(z_r)`. For softmax `-theta_r / s_r = Pi_r - e_y` with `Pi_r` in the simplex.

use super::data::Data;
use crate::model::Penalty;
use crate::model::outputs::{OutputLoss, RowTarget};
use crate::numerics::sum::Sum;

/// Moves `theta` (output after output) to where each output sums to 0, within the domain of the conjugate.
///
/// Softmax: a class that no row has gives its probability to the class of the row; then all rows are mixed with one
/// distribution, by as little as makes the expected class weights those of the data.
pub(super) fn balance(data: &Data, s: &[f64], theta: &mut [f64]) {
    let (rows, k) = (data.rows, data.k);
    if data.loss == OutputLoss::Squared {
        let total: f64 = s.iter().sum();
        for theta in theta.chunks_mut(rows.max(1)) {
            // Twice: the first pass leaves a sum of rounding size.
            for _ in 0..2 {
                let mean = theta.iter().sum::<f64>() / total;
                if mean.is_finite() {
                    theta.iter_mut().zip(s).for_each(|(t, s)| *t -= mean * s);
                }
            }
        }
        return;
    }
    let wanted = data.class_weights(s);
    let total: f64 = wanted.iter().sum();
    for c in (0..k).filter(|&c| wanted[c] == 0.0) {
        theta[c * rows..(c + 1) * rows].fill(0.0);
    }
    for _ in 0..2 {
        // sum_r s_r Pi_rc = wanted_c - sum_r theta_rc, with the entry of the class itself as what is left.
        complete(data, s, theta);
        let sums: Vec<f64> = theta.chunks(rows.max(1)).map(|t| t.iter().sum()).collect();
        let expected: Vec<f64> = sums.iter().zip(&wanted).map(|(sum, n)| n - sum).collect();
        let mix = (0..k)
            .filter(|&c| wanted[c] > 0.0 && expected[c] > wanted[c])
            .map(|c| 1.0 - wanted[c] / expected[c])
            .fold(0.0, f64::max);
        if !(mix > 0.0) || !(total > 0.0) {
            return;
        }
        let share: Vec<f64> =
            (0..k).map(|c| ((expected[c] + (wanted[c] - expected[c]) / mix) / total).max(0.0)).collect();
        for c in 0..k {
            for r in 0..rows {
                let own = matches!(data.target(r), RowTarget::Class(y) if y == c);
                let theta = &mut theta[c * rows + r];
                // Pi = e_y - theta / s.
                *theta = (1.0 - mix) * *theta + mix * s[r] * (f64::from(own) - share[c]);
            }
        }
    }
    complete(data, s, theta);
}

/// Makes the entry of each row's own class minus the sum of the others, so that softmax rows sum to 0; rows without
/// weight become 0.
pub(super) fn complete(data: &Data, s: &[f64], theta: &mut [f64]) {
    let rows = data.rows;
    for r in 0..rows {
        if s[r] == 0.0 {
            (0..data.k).for_each(|c| theta[c * rows + r] = 0.0);
        } else if let RowTarget::Class(y) = data.target(r) {
            let rest: f64 = (0..data.k).filter(|&c| c != y).map(|c| theta[c * rows + r]).sum();
            theta[y * rows + r] = -rest;
        }
    }
}

/// The dual value of `t theta`, and of `t v` with `v = A'theta`, less `t price`.
pub(super) fn value(
    data: &Data,
    s: &[f64],
    features: &Penalty,
    theta: &[f64],
    v: &[f64],
    price: f64,
    t: f64,
) -> f64 {
    let mut sum = Sum::default();
    let mut u = vec![0.0; data.k];
    data.for_each_row(s, [theta, &data.offset], |r, [theta, offset]| {
        u.iter_mut().zip(theta).for_each(|(u, theta)| *u = -t * theta / s[r]);
        sum.add(-s[r] * data.loss.conjugate(&u, data.target(r)));
        sum.add(-theta.iter().zip(offset).map(|(theta, o)| t * theta * o).sum::<f64>());
    });
    let v: Vec<f64> = v.iter().map(|v| t * v).collect();
    sum.add(-features.conjugate(&v));
    sum.add(if t == 0.0 { 0.0 } else { -t * price });
    if sum.value().is_nan() { f64::NEG_INFINITY } else { sum.value() }
}

/// The best factor on `theta` in its feasible range, and the value there.
pub(super) fn best_scale(
    data: &Data,
    s: &[f64],
    features: &Penalty,
    theta: &[f64],
    v: &[f64],
    price: f64,
) -> (f64, f64) {
    let gauge = features.gauge(v);
    let most = if gauge > 0.0 { (1.0 - 4.0 * f64::EPSILON) / gauge } else { f64::INFINITY };
    let at = |t: f64| (t, value(data, s, features, theta, v, price, t));
    let better = |a: (f64, f64), b: (f64, f64)| if b.1 > a.1 { b } else { a };
    let conjugate = features.conjugate(v);
    let mut plain = at(most.min(1.0));
    if conjugate != 0.0 || price != 0.0 {
        // Zero is feasible in every problem, and the answer where the fit interpolates: then theta is rounding.
        plain = better(plain, at(0.0));
    }
    if data.loss != OutputLoss::Squared {
        return plain;
    }
    // Along the ray the dual of squared losses is a parabola where the penalty's conjugate is 0.
    let (mut norm, mut linear) = (0.0, 0.0);
    data.for_each_row(s, [theta, &data.offset], |r, [theta, offset]| {
        if let RowTarget::Values(y) = data.target(r) {
            norm += theta.iter().map(|t| t * t / s[r]).sum::<f64>();
            linear += theta.iter().zip(y.iter().zip(offset)).map(|(t, (y, o))| t * (y - o)).sum::<f64>();
        }
    });
    if !(norm > 0.0) {
        return plain;
    }
    if gauge > 0.0 {
        plain = better(plain, at((linear / norm).max(0.0).min(most)));
    }
    if conjugate != 0.0 && conjugate.is_finite() {
        // The best of the ray where the conjugate is in proportion to it, as that of bounds is.
        plain = better(plain, at(((linear - conjugate - price) / norm).max(0.0).min(most)));
    }
    plain
}
