//! The fast Walsh-Hadamard transform.

use crate::numerics::real::Real;

/// Replaces the matrix `A`, in rows of `stride` numbers, by `H A` for Sylvester's matrix of +1 and -1. The number of
/// rows is a power of two. Costs `rows log2(rows) stride` additions.
pub fn transform<T: Real>(a: &mut [T], stride: usize) {
    let mut half = stride;
    while half < a.len() {
        for block in a.chunks_exact_mut(2 * half) {
            let (above, below) = block.split_at_mut(half);
            for (p, q) in above.iter_mut().zip(below) {
                (*p, *q) = (*p + *q, *p - *q);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sylvesters_matrix_and_its_own_inverse() {
        for (rows, stride) in [(1, 3), (2, 1), (8, 2), (64, 5)] {
            let a: Vec<f64> = (0..rows * stride).map(|k| ((k * k + 3 * k) as f64).sin()).collect();
            let mut fast = a.clone();
            transform(&mut fast, stride);
            for i in 0..rows {
                for l in 0..stride {
                    let sign = |j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                    let dense: f64 = (0..rows).map(|j| sign(j) * a[j * stride + l]).sum();
                    assert!((fast[i * stride + l] - dense).abs() < 1e-12 * rows as f64);
                }
            }
            transform(&mut fast, stride);
            a.iter()
                .zip(&fast)
                .for_each(|(a, b)| assert!((rows as f64 * a - b).abs() < 1e-12 * (rows * rows) as f64));
        }
    }
}
