//! The norms that errors of the lower level are measured in: `|e|`, or `|e|_M = sqrt(e'Me)` for a diagonal `M <= A`.
//!
//! With `M` the lower objective is strongly convex with constant 1, so `|x - xhat|_M <= |grad h(x)|_(M^-1)`, and
//! every bound holds with this pair of dual norms, `mu = 1` and the other constants measured in them.

use crate::numerics::kernels::dot;
use std::sync::Arc;

/// The Euclidean norm.
pub fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// `|a - b|`.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// A pair of dual norms; clones share the diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric(Option<Arc<Vec<f64>>>);

impl Metric {
    /// The Euclidean norm, which is its own dual.
    pub fn euclidean() -> Self {
        Self(None)
    }

    /// That of a diagonal of positive numbers.
    pub fn diagonal(m: Vec<f64>) -> Self {
        Self(Some(Arc::new(m)))
    }

    /// Whether it is the Euclidean norm.
    pub fn is_euclidean(&self) -> bool {
        self.0.is_none()
    }

    /// The diagonal of `M`, if it is not the Euclidean norm.
    pub fn as_diagonal(&self) -> Option<&[f64]> {
        self.0.as_ref().map(|m| &m[..])
    }

    /// The least entry of `M`.
    pub fn least(&self) -> f64 {
        self.0.as_ref().map_or(1.0, |m| m.iter().copied().fold(f64::INFINITY, f64::min))
    }

    /// `|e|_M`, of errors and adjoints.
    pub fn of(&self, e: &[f64]) -> f64 {
        match &self.0 {
            None => norm(e),
            Some(m) => e.iter().zip(&m[..]).map(|(e, m)| m * e * e).sum::<f64>().sqrt(),
        }
    }

    /// `|r|_(M^-1)`, of gradients and residuals.
    pub fn dual(&self, r: &[f64]) -> f64 {
        match &self.0 {
            None => norm(r),
            Some(m) => r.iter().zip(&m[..]).map(|(r, m)| r * r / m).sum::<f64>().sqrt(),
        }
    }

    /// `v := M^-1/2 v`: a column of `B` so that its dual norm is Euclidean.
    pub fn whiten(&self, v: &mut [f64]) {
        if let Some(m) = &self.0 {
            v.iter_mut().zip(&m[..]).for_each(|(v, m)| *v /= m.sqrt());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norms_are_dual() {
        let metric = Metric::diagonal(vec![0.25, 4.0]);
        let (e, mut r) = ([2.0, 1.0], [0.5, 4.0]);
        assert_eq!((metric.of(&e), metric.dual(&r), metric.least()), (5.0_f64.sqrt(), 5.0_f64.sqrt(), 0.25));
        // r = M e attains the inequality of Cauchy and Schwarz.
        assert!((dot(&e, &r) - metric.of(&e) * metric.dual(&r)).abs() < 1e-15);
        metric.whiten(&mut r);
        assert!((norm(&r) - 5.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(Metric::euclidean().of(&[3.0, 4.0]), 5.0);
    }
}
