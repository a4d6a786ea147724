//! Correlations of images with small filters.

use super::kernels::{Scalar, for_each_instruction_set};

/// Outputs that are held in registers.
const WIDE: usize = 32;

/// The same for what is left of a row, and for narrow images.
const NARROW: usize = 8;

for_each_instruction_set!(
    /// `out_ij += sum_ab c_ab x_(i+a, j+b)` for a `side x side` filter, rows of `width` outputs and of
    /// `stride >= width + side - 1` inputs. Each output is one sum over the taps in their order.
    correlate, correlate_body, (x: &[T], stride: usize, taps: &[f64], side: usize, width: usize, out: &mut [f64])
);

#[inline(always)]
fn correlate_body<T: Scalar>(
    x: &[T],
    stride: usize,
    taps: &[f64],
    side: usize,
    width: usize,
    out: &mut [f64],
) {
    for (i, out) in out.chunks_exact_mut(width).enumerate() {
        let rows = &x[i * stride..];
        let mut start = 0;
        while start + WIDE <= width {
            chunk::<T, WIDE>(rows, stride, taps, side, start, 0, out);
            start += WIDE;
        }
        while start + NARROW <= width {
            chunk::<T, NARROW>(rows, stride, taps, side, start, 0, out);
            start += NARROW;
        }
        if start == width {
            continue;
        }
        // The last ones, once more from where a chunk fits.
        if width >= NARROW {
            chunk::<T, NARROW>(rows, stride, taps, side, width - NARROW, start + NARROW - width, out);
        } else {
            (start..width).for_each(|j| chunk::<T, 1>(rows, stride, taps, side, j, 0, out));
        }
    }
}

/// Adds the outputs `start + from .. start + N` of a row.
#[inline(always)]
fn chunk<T: Scalar, const N: usize>(
    rows: &[T],
    stride: usize,
    taps: &[f64],
    side: usize,
    start: usize,
    from: usize,
    out: &mut [f64],
) {
    let mut sums = [0.0; N];
    for (a, taps) in taps.chunks_exact(side).enumerate() {
        let row = &rows[a * stride + start..][..N + side - 1];
        for (b, c) in taps.iter().enumerate() {
            let part = &row[b..b + N];
            for k in 0..N {
                sums[k] += c * part[k].wide();
            }
        }
    }
    out[start + from..start + N].iter_mut().zip(&sums[from..]).for_each(|(o, s)| *o += s);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_width_gives_the_plain_sums_with_the_same_bits(
            width in 1..90_usize, height in 1..4_usize, side in 1..6_usize, extra in 0..3_usize,
        ) {
            let stride = width + side - 1 + extra;
            let x: Vec<f64> = (0..stride * (height + side - 1)).map(|k| (k as f64 * 0.37).sin()).collect();
            let taps: Vec<f64> = (0..side * side).map(|k| (k as f64 * 1.7).cos()).collect();
            let start: Vec<f64> = (0..width * height).map(|k| (k as f64 * 0.9).sin()).collect();
            let (mut out, mut plain) = (start.clone(), start.clone());
            correlate(&x, stride, &taps, side, width, &mut out);
            correlate_body(&x, stride, &taps, side, width, &mut plain);
            prop_assert_eq!(&out, &plain);
            for (k, found) in out.iter().enumerate() {
                let (i, j) = (k / width, k % width);
                let term = |s: usize| taps[s] * x[(i + s / side) * stride + j + s % side];
                let sum = (0..side * side).fold(0.0, |sum, s| sum + term(s));
                prop_assert_eq!(*found, start[k] + sum);
            }
        }
    }
}
