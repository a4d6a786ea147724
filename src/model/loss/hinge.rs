use super::ScalarLoss;

/// `max(0, 1 - y z)` for labels `y` in {-1, 1}.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hinge;

impl ScalarLoss for Hinge {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        (1.0 - y * z).max(0.0)
    }
    /// At the kink: the slope of the flat side.
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        if y * z < 1.0 { -y } else { 0.0 }
    }
    /// The loss is piecewise linear.
    #[inline]
    fn curvature(&self, _z: f64, _y: f64) -> f64 {
        0.0
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        let before = 1.0 - y * z;
        let after = before - y * dz;
        if before > 0.0 && after > 0.0 { -y * dz } else { after.max(0.0) - before.max(0.0) }
    }
    /// With `a = u y` in [-1, 0]: `a`.
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        let a = u * y;
        if (-1.0..=0.0).contains(&a) { a } else { f64::INFINITY }
    }
    /// The slope jumps.
    fn curvature_bound(&self) -> f64 {
        f64::INFINITY
    }
    fn mean(&self, z: f64) -> f64 {
        z
    }
    fn targets(&self) -> Option<&'static str> {
        Some("-1 or 1")
    }
    fn takes(&self, y: f64) -> bool {
        y == 1.0 || y == -1.0
    }
}
