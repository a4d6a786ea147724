use super::ScalarLoss;

/// With `r = z - y`: `r^2 / 2` for `|r| <= delta`, else `delta |r| - delta^2 / 2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    /// Where the loss turns linear, above 0.
    pub delta: f64,
}

impl ScalarLoss for Huber {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        let r = (z - y).abs();
        if r <= self.delta { 0.5 * r * r } else { self.delta * (r - 0.5 * self.delta) }
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        (z - y).clamp(-self.delta, self.delta)
    }
    #[inline]
    fn curvature(&self, z: f64, y: f64) -> f64 {
        if (z - y).abs() < self.delta { 1.0 } else { 0.0 }
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        // With c = clip(r): phi = c (r - c/2), so differences of clipped residuals keep their digits.
        let before = z - y;
        let (from, to) =
            (before.clamp(-self.delta, self.delta), (before + dz).clamp(-self.delta, self.delta));
        to * dz + (to - from) * (before - 0.5 * (to + from))
    }
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        if u.abs() <= self.delta { u * (y + 0.5 * u) } else { f64::INFINITY }
    }
    fn curvature_bound(&self) -> f64 {
        1.0
    }
    /// That of iteratively reweighted least squares.
    #[inline]
    fn majorizer(&self, z: f64, y: f64) -> f64 {
        self.delta / (z - y).abs().max(self.delta)
    }
    fn mean(&self, z: f64) -> f64 {
        z
    }
}
