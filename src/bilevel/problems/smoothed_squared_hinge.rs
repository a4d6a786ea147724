//! A squared hinge whose curvature does not jump: it rises from 0 to 2 over a margin of width `s`.
//!
//! With `m = 1 - y z`: 0 for `m <= 0`; `m^3 / (3 s)` for `m <= s`; `m^2 - s m + s^2 / 3` above. The curvature is `2 m /
//! s` between and has the Lipschitz constant `2 / s`.

/// The loss; labels are -1 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothedSquaredHinge {
    /// The width `s`, above 0.
    pub width: f64,
}

impl SmoothedSquaredHinge {
    /// The loss of one prediction.
    #[inline]
    pub fn value(self, z: f64, y: f64) -> f64 {
        let (m, s) = (1.0 - y * z, self.width);
        match m {
            m if m <= 0.0 => 0.0,
            m if m <= s => m * m * m / (3.0 * s),
            m => m * (m - s) + s * s / 3.0,
        }
    }

    /// Its slope in `z`.
    #[inline]
    pub fn slope(self, z: f64, y: f64) -> f64 {
        let (m, s) = (1.0 - y * z, self.width);
        -y * match m {
            m if m <= 0.0 => 0.0,
            m if m <= s => m * m / s,
            m => 2.0 * m - s,
        }
    }

    /// Its curvature in `z`.
    #[inline]
    pub fn curvature(self, z: f64, y: f64) -> f64 {
        2.0 * ((1.0 - y * z) / self.width).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_meet_and_derivatives_are_differences() {
        let loss = SmoothedSquaredHinge { width: 0.5 };
        for y in [-1.0, 1.0] {
            for k in -300..300 {
                let (z, h) = (f64::from(k) * 0.01 + 0.003, 1e-5);
                let slope = (loss.value(z + h, y) - loss.value(z - h, y)) / (2.0 * h);
                assert!((slope - loss.slope(z, y)).abs() < 1e-9 * (1.0 + slope.abs()), "{z} {y}");
                let curvature = (loss.slope(z + h, y) - loss.slope(z - h, y)) / (2.0 * h);
                assert!((curvature - loss.curvature(z, y)).abs() < 1e-8, "{z} {y}");
            }
        }
        // Far from the margin it is the squared hinge but for s m - s^2 / 3.
        assert!((loss.value(-3.0, 1.0) - (16.0 - 2.0 + 0.25 / 3.0)).abs() < 1e-14);
    }
}
