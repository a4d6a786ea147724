use super::ScalarLoss;

/// `exp(z) - y z` for counts `y >= 0` with mean `exp(z)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson;

impl ScalarLoss for Poisson {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        z.exp() - y * z
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        z.exp() - y
    }
    #[inline]
    fn curvature(&self, z: f64, _y: f64) -> f64 {
        z.exp()
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        if dz.abs() <= 1.0 {
            // (exp(z) - y) dz plus what is beyond first order, which cancels nothing.
            (z.exp() - y) * dz + z.exp() * exp_m1_minus(dz)
        } else {
            (z + dz).exp() - z.exp() - y * dz
        }
    }
    /// With `t = u + y >= 0`: `t log t - t`.
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        let t = u + y;
        if t > 0.0 {
            t * t.ln() - t
        } else if t == 0.0 {
            0.0
        } else {
            f64::INFINITY
        }
    }
    fn curvature_bound(&self) -> f64 {
        f64::INFINITY
    }
    fn mean(&self, z: f64) -> f64 {
        z.exp()
    }
    fn targets(&self) -> Option<&'static str> {
        Some("a number >= 0")
    }
    fn takes(&self, y: f64) -> bool {
        y >= 0.0
    }
}

/// `exp(t) - 1 - t`, accurate for small `t`.
#[inline]
fn exp_m1_minus(t: f64) -> f64 {
    if t.abs() < 1e-5 { t * t * (0.5 + t / 6.0) } else { t.exp_m1() - t }
}
