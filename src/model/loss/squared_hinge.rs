use super::ScalarLoss;

/// `max(0, 1 - y z)^2` for labels `y` in {-1, 1}.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredHinge;

impl ScalarLoss for SquaredHinge {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        let short = (1.0 - y * z).max(0.0);
        short * short
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        -2.0 * y * (1.0 - y * z).max(0.0)
    }
    #[inline]
    fn curvature(&self, z: f64, y: f64) -> f64 {
        if y * z < 1.0 { 2.0 } else { 0.0 }
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        let before = 1.0 - y * z;
        let after = before - y * dz;
        if before > 0.0 && after > 0.0 {
            y * dz * (y * dz - 2.0 * before)
        } else {
            let (before, after) = (before.max(0.0), after.max(0.0));
            (after - before) * (after + before)
        }
    }
    /// With `a = u y <= 0`: `a + a^2 / 4`.
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        let a = u * y;
        if a <= 0.0 { a + 0.25 * a * a } else { f64::INFINITY }
    }
    fn curvature_bound(&self) -> f64 {
        2.0
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
