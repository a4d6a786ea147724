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
    /// The problem's. Errors: a bound that is NaN, a lower one above the upper.
    pub fn of(problem: &dyn Problem) -> Result<Self> {
        let d = problem.parameters();
        let (mut lower, mut upper) = (zeros("bounds", d)?, zeros("bounds", d)?);
        problem.bounds(&mut lower, &mut upper);
        match (0..d).find(|j| !(lower[*j] <= upper[*j])) {
            Some(j) => Err(Error::new(ErrorKind::Argument, "bounds")
                .at(format!("parameter {j}"))
                .expected("a lower bound that is not above the upper one")
                .found(format!("[{}, {}]", lower[j], upper[j]))),
            None => Ok(Self { lower, upper }),
        }
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
}
