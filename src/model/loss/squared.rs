use super::ScalarLoss;

/// `1/2 (z - y)^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Squared;

impl ScalarLoss for Squared {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        0.5 * (z - y) * (z - y)
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        z - y
    }
    #[inline]
    fn curvature(&self, _z: f64, _y: f64) -> f64 {
        1.0
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        dz * ((z - y) + 0.5 * dz)
    }
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        u * (y + 0.5 * u)
    }
    fn curvature_bound(&self) -> f64 {
        1.0
    }
    fn third_bound(&self) -> Option<f64> {
        Some(0.0)
    }
    fn mean(&self, z: f64) -> f64 {
        z
    }
}
