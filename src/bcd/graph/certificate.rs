//! What is certain about an answer, from the raw data alone.
//!
//! The residual `r = b - A x` says nothing yet about the error `x - A^{-1} b`. A positive vector `v` with `A v > 0`
//! does, where no entry off the diagonal is positive (a graph's matrix): then `A^{-1} >= 0`, and with `c = max_i |r_i|
//! / (A v)_i`
//!
//! `|x_i - x*_i| <= c v_i` for each node, and `f(x) - f* = 1/2 r' A^{-1} r <= c/2 sum_i |r_i| v_i`.
//!
//! `r` is the computed residual and a bound of its rounding, so that the answer of a solve that went down to rounding
//! has a bound of that size and not of 0. With a ridge `v = 1` will do; in general `v` is a rough solution of `A v =
//! 1`. For other matrices the same holds with the comparison matrix, whose entries off the diagonal are `-|a_ij|`.

use super::problem::Problem;
use crate::bcd::Rigor;
use crate::numerics::SymmetricMatrix;
use crate::runtime::{Error, ErrorKind, Result};

/// What is known about an answer. Of several right-hand sides: the worst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// `|b - A x| / |b|`; 0 where both are, NaN where products overflow.
    pub residual: f64,
    /// The objective is within this of its minimum, summed over the right-hand sides; NaN where no bound is known.
    pub gap: f64,
    /// No value is further than this from the solution's; NaN where no bound is known.
    pub error: f64,
    /// The objective, summed over the right-hand sides.
    pub objective: f64,
    /// How sure `gap` and `error` are: proven up to rounding, or none.
    pub rigor: Rigor,
}

/// Certifies `values` (all nodes, column by column). `barrier`, if given, is a vector over the unknowns that is tried
/// as `v`; without one, or where that does not do, `v = 1` is tried.
///
/// Costs two products per right-hand side and one for `v`. Errors: lengths that do not fit; NaN or infinity.
pub fn certificate(problem: &Problem, values: &[f64], barrier: Option<&[f64]>) -> Result<Certificate> {
    let n = problem.unknowns();
    if let Some(v) = barrier
        && v.len() != n
    {
        return Err(Error::new(ErrorKind::Argument, "barrier")
            .expected(format!("{n} numbers, one per unknown"))
            .found(v.len()));
    }
    Ok(certify(problem, &problem.unknowns_of(values)?, barrier))
}

/// The same for values of the unknowns alone.
pub(super) fn certify(problem: &Problem, x: &[f64], barrier: Option<&[f64]>) -> Certificate {
    let (a, n) = (problem.matrix(), problem.unknowns());
    let mut found = Certificate { residual: 0.0, gap: 0.0, error: 0.0, objective: 0.0, rigor: Rigor::Proven };
    if n == 0 {
        return found;
    }
    let ones = vec![1.0; n];
    let proof = barrier
        .and_then(|v| shadow(a, v).map(|w| (v, w)))
        .or_else(|| shadow(a, &ones).map(|w| (&ones[..], w)));
    for (x, b) in x.chunks(n).zip(problem.right_hand_sides().chunks(n)) {
        let r: Vec<f64> = (0..n).map(|i| b[i] - a.row_dot(i, x)).collect();
        let (size, left) = (norm(b), norm(&r));
        // Of 0 / 0 nothing is left to do; of r / 0 everything.
        let relative = if left == 0.0 { 0.0 } else { left / size };
        found.residual = larger(found.residual, relative);
        found.objective -= 0.5 * x.iter().zip(b).zip(&r).map(|((x, b), r)| x * (b + r)).sum::<f64>();
        if let Some((v, w)) = &proof {
            // What the rounding of the residual may hide.
            let r: Vec<f64> = (0..n).map(|i| r[i].abs() + rounding(a, i, x, b[i])).collect();
            let c = r.iter().zip(w).map(|(r, w)| r.abs() / w).fold(0.0, f64::max);
            found.gap += 0.5 * c * r.iter().zip(*v).map(|(r, v)| r.abs() * v).sum::<f64>();
            found.error = found.error.max(c * v.iter().copied().fold(0.0, f64::max));
        }
    }
    // A product that overflows proves nothing.
    if proof.is_none() || found.residual.is_nan() {
        found.gap = f64::NAN;
        found.error = f64::NAN;
        found.rigor = Rigor::None;
    }
    found
}

/// An upper bound of the rounding error of `b_i - (A x)_i`.
fn rounding(a: &SymmetricMatrix, i: usize, x: &[f64], b: f64) -> f64 {
    let others: f64 = a.row(i).map(|(j, entry)| (entry * x[j]).abs()).sum();
    let size = b.abs() + (a.diagonal()[i] * x[i]).abs() + others;
    (a.degree(i) + 3) as f64 * f64::EPSILON * size
}

/// A lower bound of `A v` for the comparison matrix of `A`, if it and `v` are positive everywhere beyond rounding.
fn shadow(a: &SymmetricMatrix, v: &[f64]) -> Option<Vec<f64>> {
    let mut w = Vec::with_capacity(v.len());
    for i in 0..v.len() {
        let own = a.diagonal()[i] * v[i];
        let others: f64 = a.row(i).map(|(j, entry)| entry.abs() * v[j]).sum();
        let slack = own - others - 4.0 * (a.degree(i) + 2) as f64 * f64::EPSILON * (own + others);
        if !(v[i] > 0.0 && slack > 0.0 && slack.is_finite()) {
            return None;
        }
        w.push(slack);
    }
    Some(w)
}

/// The larger of the two; NaN where either is.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// The Euclidean norm without overflow or underflow; NaN where an entry is.
pub(super) fn norm(v: &[f64]) -> f64 {
    let largest = v.iter().fold(0.0_f64, |m, v| larger(m, v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    if (1e-140..1e140).contains(&largest) {
        return v.iter().map(|v| v * v).sum::<f64>().sqrt();
    }
    largest * v.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt()
}
