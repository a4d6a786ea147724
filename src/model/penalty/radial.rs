//! The minimum of a diagonal quadratic with a Euclidean norm: a group in the coordinates of its eigenvectors.

/// Newton steps at most; a handful is usual.
const MOST_STEPS: usize = 60;

/// Replaces `v` by the minimizer of `1/2 x'diag(sigma)x - v'x + w |x|_2`, for `sigma >= 0` and `w > 0`: 0 if `|v| <=
/// w`, else `x_i = v_i eta / (sigma_i eta + w)` with `eta = |x|` the root of `sum_i v_i^2 / (sigma_i eta + w)^2 = 1`.
///
/// The inverse root of that sum is concave in `eta` and near a line, so Newton steps on it climb to the root from 0, in
/// few steps. `false`, and `v` as it was, where there is no minimizer or it is too far to be found.
pub fn radial_minimizer(sigma: &[f64], w: f64, v: &mut [f64]) -> bool {
    let squares: f64 = v.iter().map(|v| v * v).sum();
    if squares.sqrt() <= w {
        v.fill(0.0);
        return true;
    }
    let mut eta = 0.0_f64;
    for _ in 0..MOST_STEPS {
        let (mut sum, mut slope) = (0.0, 0.0);
        for (v, s) in v.iter().zip(sigma) {
            let bottom = s * eta + w;
            let term = (v / bottom) * (v / bottom);
            sum += term;
            slope += s * (term / bottom);
        }
        // On f = sum^(-1/2) - 1, whose derivative is slope sum^(-3/2).
        let step = (sum.sqrt() - 1.0) * (sum / slope);
        if !step.is_finite() {
            return false;
        }
        let next = eta + step;
        if step <= 2.0 * f64::EPSILON * next {
            v.iter_mut().zip(sigma).for_each(|(v, s)| *v *= next / (s * next + w));
            return true;
        }
        eta = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radial_minimizers_are_optimal() {
        let cases: [(&[f64], f64, &[f64]); 6] = [
            (&[1.0, 1.0, 1.0], 0.5, &[1.0, -2.0, 0.3]),
            (&[1e-3, 1.0, 1e3], 0.5, &[1.0, -2.0, 0.3]),
            (&[0.0, 2.0, 5.0], 0.5, &[0.0, -2.0, 0.3]),
            (&[0.0, 2.0, 5.0], 0.5, &[0.1, -2.0, 0.3]),
            (&[1e-8, 1.0, 1e8], 1e-6, &[1e-4, 1.0, -1e4]),
            (&[1.0, 2.0, 3.0], 4.0, &[1.0, 2.0, 3.0]),
        ];
        for (sigma, w, v) in cases {
            let mut x = v.to_vec();
            assert!(radial_minimizer(sigma, w, &mut x), "{sigma:?} {w} {v:?}");
            let size = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            if size == 0.0 {
                assert!(v.iter().map(|v| v * v).sum::<f64>().sqrt() <= w);
                continue;
            }
            for k in 0..3 {
                let slope = sigma[k] * x[k] - v[k] + w * x[k] / size;
                assert!(slope.abs() <= 1e-13 * (v[k].abs() + w), "{sigma:?} {w} {v:?} {x:?} {slope}");
            }
        }
        // Along a direction without curvature the norm alone does not hold it.
        let mut x = [1.0, 0.2];
        assert!(!radial_minimizer(&[0.0, 1.0], 0.5, &mut x));
        assert_eq!(x, [1.0, 0.2]);
    }
}
