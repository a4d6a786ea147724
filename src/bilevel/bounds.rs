//! The box of `theta`: projection, and the variables that are free to move.

use super::problem::Problem;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// `lower <= theta <= upper`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
}

impl Bounds {
    /// Bounds of as many entries. Errors: one that is NaN, a lower one above the upper, no number between them.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self> {
        for (j, (l, u)) in lower.iter().zip(&upper).enumerate() {
            let refuse = |subject: &str| Error::new(ErrorKind::Argument, subject).at(format!("entry {j}"));
            for (subject, bound) in [("lower", l), ("upper", u)] {
                if bound.is_nan() {
                    return Err(refuse(subject).expected("a number, -infinity or infinity").found(bound));
                }
            }
            let refused = refuse("lower");
            if *l == f64::INFINITY || *u == f64::NEG_INFINITY {
                return Err(refused.expected("bounds with a number between").found(format!("[{l}, {u}]")));
            }
            if l > u {
                return Err(refused.expected(format!("at most {u}")).found(l));
            }
        }
        Ok(Self { lower, upper })
    }

    /// The problem's. Errors: as [`Bounds::new`].
    pub fn of(problem: &dyn Problem) -> Result<Self> {
        let d = problem.parameters();
        let (mut lower, mut upper) = (zeros("bounds", d)?, zeros("bounds", d)?);
        problem.bounds(&mut lower, &mut upper);
        Self::new(lower, upper).map_err(|error| error.renamed("lower", "bounds").renamed("upper", "bounds"))
    }

    /// The nearest point of the box; whether that is another.
    pub fn project(&self, theta: &mut [f64]) -> bool {
        let mut moved = false;
        for ((theta, l), u) in theta.iter_mut().zip(&self.lower).zip(&self.upper) {
            let inside = theta.max(*l).min(*u);
            moved |= inside != *theta;
            *theta = inside;
        }
        moved
    }

    /// `z` without the entries whose descent leads out of the box.
    pub fn free(&self, theta: &[f64], z: &[f64]) -> Vec<f64> {
        self.free_part(theta, z, z.to_vec())
    }

    /// `v` without the entries where descent along `z` leads out of the box.
    pub fn free_part(&self, theta: &[f64], z: &[f64], mut v: Vec<f64>) -> Vec<f64> {
        for j in 0..v.len() {
            let blocked = self.lower[j] == self.upper[j]
                || theta[j] <= self.lower[j] && z[j] > 0.0
                || theta[j] >= self.upper[j] && z[j] < 0.0;
            if blocked {
                v[j] = 0.0;
            }
        }
        v
    }

    /// Whether no parameter can move.
    pub fn is_a_point(&self) -> bool {
        self.lower == self.upper
    }

    /// The parameters at a bound.
    pub fn active(&self, theta: &[f64]) -> Vec<usize> {
        (0..theta.len()).filter(|j| theta[*j] <= self.lower[*j] || theta[*j] >= self.upper[*j]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_variables_are_not_free_and_do_not_count() {
        let bounds = Bounds { lower: vec![0.0, 0.0, 1.0], upper: vec![2.0, 2.0, 1.0] };
        let theta = [0.0, 2.0, 1.0];
        assert_eq!(bounds.free(&theta, &[1.0, 1.0, 1.0]), [0.0, 1.0, 0.0]);
        assert_eq!(bounds.free(&theta, &[-1.0, -1.0, -1.0]), [-1.0, 0.0, 0.0]);
        assert_eq!(bounds.active(&[0.0, 1.0, 1.0]), [0, 2]);
        let mut theta = [-1.0, 1.0, 5.0];
        assert!(bounds.project(&mut theta) && theta == [0.0, 1.0, 1.0] && !bounds.project(&mut theta));
    }

    #[test]
    fn bounds_without_a_number_between_are_refused() {
        let infinity = f64::INFINITY;
        for (l, u) in
            [(1.0, 0.5), (f64::NAN, 1.0), (0.0, f64::NAN), (infinity, infinity), (-infinity, -infinity)]
        {
            let error = Bounds::new(vec![0.0, l], vec![1.0, u]).unwrap_err();
            let subject = if u.is_nan() { "upper" } else { "lower" };
            assert!(error.to_string().starts_with(&format!("{subject}, entry 1: expected")), "{error}");
        }
        assert!(Bounds::new(vec![-infinity, 2.0], vec![infinity, 2.0]).is_ok());
    }
}
