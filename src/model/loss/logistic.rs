use super::{ScalarLoss, log1p_exp, sigmoid};

/// `log(1 + exp(-y z))` for labels `y` in {-1, 1}.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic;

impl ScalarLoss for Logistic {
    #[inline]
    fn value(&self, z: f64, y: f64) -> f64 {
        log1p_exp(-y * z)
    }
    #[inline]
    fn slope(&self, z: f64, y: f64) -> f64 {
        -y * sigmoid(-y * z)
    }
    #[inline]
    fn curvature(&self, z: f64, _y: f64) -> f64 {
        let e = (-z.abs()).exp();
        e / ((1.0 + e) * (1.0 + e))
    }
    #[inline]
    fn change(&self, z: f64, dz: f64, y: f64) -> f64 {
        let (t, dt) = (y * z, y * dz);
        if dt.abs() <= 1.0 {
            (sigmoid(-t) * (-dt).exp_m1()).ln_1p()
        } else {
            log1p_exp(-(t + dt)) - log1p_exp(-t)
        }
    }
    /// With `alpha = -u y` in `[0, 1]`: `alpha log alpha + (1 - alpha) log(1 - alpha)`.
    #[inline]
    fn conjugate(&self, u: f64, y: f64) -> f64 {
        let alpha = -u * y;
        if (0.0..=1.0).contains(&alpha) { x_log_x(alpha) + x_log_x(1.0 - alpha) } else { f64::INFINITY }
    }
    fn curvature_bound(&self) -> f64 {
        0.25
    }
    /// `tanh(|z|/2) / (2|z|)` (Jaakkola and Jordan).
    #[inline]
    fn majorizer(&self, z: f64, _y: f64) -> f64 {
        let half = 0.5 * z.abs();
        // Below that the series' next term is under a rounding.
        if half < 1e-8 { 0.25 } else { 0.25 * (half.tanh() / half) }
    }
    fn third_bound(&self) -> Option<f64> {
        Some(1.0 / (6.0 * 3.0_f64.sqrt()))
    }
    fn mean(&self, z: f64) -> f64 {
        sigmoid(z)
    }
    fn targets(&self) -> Option<&'static str> {
        Some("-1 or 1")
    }
    fn takes(&self, y: f64) -> bool {
        y == 1.0 || y == -1.0
    }
}

#[inline]
fn x_log_x(x: f64) -> f64 {
    if x > 0.0 { x * x.ln() } else { 0.0 }
}
