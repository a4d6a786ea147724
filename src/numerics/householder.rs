//! Triangular factors of small tall matrices by Householder's reflections, and what is solved with them. Backward
//! stable, where a factor through the Gram matrix loses half of the digits.
//!
//! Matrices lie in rows of `stride` numbers, as tiles do; numbers beyond the columns are zero.

use super::real::Real;

/// Replaces the upper triangle of the first `k` rows of `a` by `R` of `A = Q R`, what is below by zeros, and `b` by
/// `Q'b`. `a` has as many rows as `b`, at least `k`. `reflection` and `image` are memory. Costs `2 rows k^2` flops.
pub fn triangularize<T: Real>(
    a: &mut [T],
    k: usize,
    stride: usize,
    b: &mut [T],
    reflection: &mut Vec<T>,
    image: &mut Vec<T>,
) {
    let rows = b.len();
    image.clear();
    image.resize(stride, T::default());
    for j in 0..k {
        reflection.clear();
        reflection.extend((j..rows).map(|e| a[e * stride + j]));
        let largest = reflection.iter().fold(0.0, |m: f64, v| m.max(v.wide().abs()));
        if !(largest > 0.0) {
            continue;
        }
        // Scaled, so that squares neither overflow nor vanish.
        let squares: f64 = reflection.iter().map(|v| (v.wide() / largest).powi(2)).sum();
        let first = reflection[0].wide();
        let pivot = -first.signum() * largest * squares.sqrt();
        let head = first - pivot;
        let inverse = 1.0 / head;
        reflection.iter_mut().for_each(|v| *v = T::narrow(v.wide() * inverse));
        reflection[0] = T::narrow(1.0);
        let share = T::narrow(-head / pivot);
        let below = &mut a[j * stride..rows * stride];
        image.fill(T::default());
        for (v, row) in reflection.iter().zip(below.chunks_exact(stride)) {
            image[j..].iter_mut().zip(&row[j..]).for_each(|(w, a)| *w += *v * *a);
        }
        image[j..].iter_mut().for_each(|w| *w = share * *w);
        for (v, row) in reflection.iter().zip(below.chunks_exact_mut(stride)) {
            row[j..].iter_mut().zip(&image[j..]).for_each(|(a, w)| *a -= *v * *w);
        }
        below[j] = T::narrow(pivot);
        below.iter_mut().skip(stride + j).step_by(stride).for_each(|a| *a = T::default());
        let mut overlap = T::default();
        reflection.iter().zip(&b[j..]).for_each(|(v, b)| overlap += *v * *b);
        let overlap = share * overlap;
        b[j..].iter_mut().zip(&*reflection).for_each(|(b, v)| *b -= overlap * *v);
    }
}

/// Replaces `b` by the solution of `R x = b`; `r` is upper triangular, without zeros on its diagonal. Costs `k^2`
/// flops.
pub fn solve_upper<T: Real>(r: &[T], k: usize, stride: usize, b: &mut [T]) {
    for j in (0..k).rev() {
        let row = &r[j * stride..j * stride + k];
        let mut rest = b[j];
        row[j + 1..].iter().zip(&b[j + 1..k]).for_each(|(r, x)| rest -= *r * *x);
        b[j] = rest / row[j];
    }
}

/// Replaces `b` by the solution of `R'x = b`. Costs `k^2` flops.
pub fn solve_upper_transposed<T: Real>(r: &[T], k: usize, stride: usize, b: &mut [T]) {
    for j in 0..k {
        let row = &r[j * stride..j * stride + k];
        let x = b[j] / row[j];
        b[j] = x;
        b[j + 1..k].iter_mut().zip(&row[j + 1..]).for_each(|(b, r)| *b -= x * *r);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_come_out_and_the_triangle_has_the_gram_matrix() {
        for (d, k, stride) in [(1, 1, 8), (7, 7, 8), (40, 5, 8), (90, 17, 24)] {
            let entry =
                |e: usize, l: usize| ((e * e * 3 + e * l * 7 + 2 * l + 1) as f64 * 0.31).sin() * 1e160;
            let mut a = vec![0.0; d * stride];
            for e in 0..d {
                (0..k).for_each(|l| a[e * stride + l] = entry(e, l));
            }
            let x: Vec<f64> = (0..k).map(|l| 1.0 + l as f64).collect();
            let mut b: Vec<f64> =
                a.chunks_exact(stride).map(|y| y.iter().zip(&x).map(|(a, b)| a * b).sum()).collect();
            let (mut v, mut w) = (Vec::new(), Vec::new());
            triangularize(&mut a, k, stride, &mut b, &mut v, &mut w);
            for p in 0..k {
                for q in 0..k {
                    let plain: f64 = (0..d).map(|e| entry(e, p) * 1e-160 * entry(e, q) * 1e-160).sum();
                    let ours: f64 =
                        (0..k).map(|l| a[l * stride + p] * 1e-160 * a[l * stride + q] * 1e-160).sum();
                    assert!((plain - ours).abs() < 1e-13 * d as f64, "{d} {k} {p} {q}");
                }
            }
            assert!(b[k..].iter().all(|b| b.abs() < 1e-11 * 1e160));
            let image = b.clone();
            solve_upper(&a, k, stride, &mut b);
            b.iter().zip(&x).for_each(|(b, x)| assert!((b - x).abs() < 1e-8, "{d} {k} {b} {x}"));
            // R'(R x) against the Gram matrix, by the other solve.
            let mut gram: Vec<f64> =
                (0..k).map(|p| (0..=p).map(|l| a[l * stride + p] * 1e-160 * image[l]).sum()).collect();
            solve_upper_transposed(&a, k, stride, &mut gram);
            gram.iter().zip(&image).for_each(|(g, i)| assert!((g * 1e160 - i).abs() < 1e-8 * 1e160));
        }
    }

    #[test]
    fn a_column_of_zeros_stays_one() {
        let mut a = [1.0_f64, 0.0, 2.0, 0.0, 2.0, 0.0];
        let mut b = [3.0, 0.0, 0.0];
        triangularize(&mut a, 2, 2, &mut b, &mut Vec::new(), &mut Vec::new());
        assert!((a[0].abs() - 3.0).abs() < 1e-15 && a[3] == 0.0, "{a:?}");
    }
}
