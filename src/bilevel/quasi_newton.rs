//! Pairs of steps and changes of the gradient, and the inverse Hessian that they stand for (limited-memory BFGS).

use super::metric::norm;
use crate::numerics::kernels::{add, dot};
use crate::runtime::Result;
use crate::runtime::error::copied;
use std::collections::VecDeque;

/// Pairs whose curvature is below this share of what their lengths allow are noise.
const LEAST_CURVATURE: f64 = 1e-10;

/// The last pairs `(s, y)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    memory: usize,
    pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
}

impl Pairs {
    /// Room for `memory` pairs.
    pub fn new(memory: usize) -> Self {
        Self { memory, pairs: VecDeque::new() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// The pairs, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        self.pairs.iter().map(|(s, y)| (&s[..], &y[..]))
    }

    /// Remembers a pair unless its curvature is noise.
    pub fn push(&mut self, s: Vec<f64>, y: Vec<f64>) -> bool {
        if !(dot(&s, &y) > LEAST_CURVATURE * norm(&s) * norm(&y)) {
            return false;
        }
        if self.pairs.len() == self.memory {
            self.pairs.pop_front();
        }
        self.pairs.push_back((s, y));
        true
    }

    /// The inverse Hessian times `v`, by the two-loop recursion; `v` itself without pairs. Errors: no memory.
    pub fn times(&self, v: &[f64]) -> Result<Vec<f64>> {
        let mut out = copied("direction", v)?;
        let mut weights = Vec::with_capacity(self.pairs.len());
        for (s, y) in self.pairs.iter().rev() {
            let weight = dot(s, &out) / dot(s, y);
            add(-weight, y, &mut out);
            weights.push(weight);
        }
        if let Some((s, y)) = self.pairs.back() {
            let scale = dot(s, y) / dot(y, y);
            out.iter_mut().for_each(|o| *o *= scale);
        }
        for ((s, y), weight) in self.pairs.iter().zip(weights.iter().rev()) {
            add(weight - dot(y, &out) / dot(s, y), s, &mut out);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_pair_for_each_axis_it_inverts_a_diagonal_quadratic() {
        let curvature = [1.0, 4.0, 0.5];
        let mut pairs = Pairs::new(10);
        for (j, c) in curvature.iter().enumerate() {
            let mut s = vec![0.0; 3];
            s[j] = 0.3;
            let y = s.iter().map(|s| s * c).collect();
            assert!(pairs.push(s, y));
        }
        let found = pairs.times(&[1.0, 1.0, 1.0]).unwrap();
        assert!(found.iter().zip(curvature).all(|(f, c)| (f - 1.0 / c).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn noise_is_not_remembered() {
        let mut pairs = Pairs::new(1);
        assert!(!pairs.push(vec![1.0], vec![-0.5]) && !pairs.push(vec![1.0, 0.0], vec![1e-11, 1.0]));
        assert!(!pairs.push(vec![1.0], vec![0.0]) && !pairs.push(vec![1.0], vec![f64::NAN]));
        assert!(pairs.push(vec![1.0], vec![0.5]) && pairs.push(vec![1.0], vec![2.0]));
        assert_eq!(pairs.times(&[1.0]).unwrap(), [0.5]);
    }
}
