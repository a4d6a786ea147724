//! What the loop and the certificate of its answer share about dual points, and no more: each finds and values its own.

/// `primal - dual`, at least 0 against rounding; infinite where either is not a number.
pub(super) fn gap(primal: f64, dual: f64) -> f64 {
    let gap = primal - dual;
    if gap.is_nan() { f64::INFINITY } else { gap.max(0.0) }
}

/// Shrinks the entries of the heavier sign so that all sum to 0. Every conjugate's domain is a product of intervals
/// that contain 0, so the point stays in it.
pub(super) fn balance(theta: &mut [f64]) {
    // Twice: the first pass leaves a sum of rounding size.
    for _ in 0..2 {
        let positive: f64 = theta.iter().filter(|t| **t > 0.0).sum();
        let negative: f64 = theta.iter().filter(|t| **t < 0.0).map(|t| -t).sum();
        let (heavy, keep) =
            if positive > negative { (1.0, negative / positive) } else { (-1.0, positive / negative) };
        if !keep.is_finite() || keep == 1.0 {
            return;
        }
        theta.iter_mut().filter(|t| **t * heavy > 0.0).for_each(|t| *t *= keep);
    }
}

/// Whether a correlation is rounding beside the sum `size` of the sizes of its terms. The looser this is, the further a
/// nearly dependent pair of free columns can carry the optimum from what is certified.
pub(super) fn is_dust(v: f64, size: f64) -> bool {
    v.abs() <= 1e-13 * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balancing_shrinks_the_heavier_sign() {
        let mut theta = vec![1.0, 2.0, -0.5, -1.0];
        balance(&mut theta);
        assert!(theta.iter().sum::<f64>().abs() < 1e-15);
        assert_eq!(&theta[2..], [-0.5, -1.0]);
        let mut one_sided = vec![1.0, 2.0];
        balance(&mut one_sided);
        assert_eq!(one_sided, [0.0, 0.0]);
    }
}
