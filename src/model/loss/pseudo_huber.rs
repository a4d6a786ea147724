use super::ScalarLoss;

/// With `r = z - y` and `h = sqrt(1 + (r / delta)^2)`: `delta^2 (h - 1)`, a Huber loss with derivatives of all orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PseudoHuber {
    /// Where the loss turns from quadratic to linear, above 0.
    pub delta: f64,
}

impl PseudoHuber {
    /// `h`, without overflow on the way.
    #[inline]
    fn h(&self, r: f64) -> f64 {
        (r / self.delta).hypot(1.0)
    }
}

impl ScalarLoss for PseudoHuber {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        let r = z - y;
        // `delta^2 (h - 1) = r^2 / (h + 1)`, without the cancellation.
        r * (r / (self.h(r) + 1.0))
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        (z - y) / self.h(z - y)
    }
    #[inline]
    fn curvature(&self, z: f64, y: f64) -> f64 {
        let h = self.h(z - y);
        1.0 / (h * h * h)
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        let (from, to) = (z - y, (z - y) + dz);
        // `delta^2 (h(to) - h(from))` over the sum of both.
        dz * ((from + to) / (self.h(from) + self.h(to)))
    }
    /// `u y + delta^2 (1 - sqrt(1 - (u / delta)^2))` for `|u| <= delta`.
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        let v = u / self.delta;
        if v.abs() <= 1.0 { u * y + u * (u / (1.0 + ((1.0 - v) * (1.0 + v)).sqrt())) } else { f64::INFINITY }
    }
    fn curvature_bound(&self) -> f64 {
        1.0
    }
    /// That of iteratively reweighted least squares.
    #[inline]
    fn majorizer(&self, z: f64, y: f64) -> f64 {
        1.0 / self.h(z - y)
    }
    /// `3 |v| (1 + v^2)^(-5/2) / delta` is largest at `v = 1/2`.
    fn third_bound(&self) -> Option<f64> {
        Some(1.5 * 0.8_f64.powf(2.5) / self.delta)
    }
    fn mean(&self, z: f64) -> f64 {
        z
    }
}
