//! Correlations of images with small filters.

use super::kernels::{LANES, Scalar, for_each_instruction_set, lane_sum};

/// Outputs that are held in registers.
const WIDE: usize = 32;

/// The same for what is left of a row, and for narrow images.
const NARROW: usize = 8;

for_each_instruction_set!(
    /// `out_ij += sum_ab c_ab x_(i+a, j+b)` for a `side x side` filter, rows of `width` outputs and of
    /// `stride >= width + side - 1` inputs. Each output is one sum over the taps in their order.
    correlate, correlate_body, (x: &[T], stride: usize, taps: &[f64], side: usize, width: usize, out: &mut [f64])
);

for_each_instruction_set!(
    /// `out_ab = sum_ij u_ij x_(i+a, j+b)`: the derivatives by the taps of a correlation's product with `u`. Each is one sum
    /// in fixed lanes.
    by_taps, by_taps_body, (x: &[T], stride: usize, u: &[f64], width: usize, side: usize, out: &mut [f64])
);

#[inline(always)]
fn by_taps_body<T: Scalar>(x: &[T], stride: usize, u: &[f64], width: usize, side: usize, out: &mut [f64]) {
    for (s, out) in out.iter_mut().enumerate() {
        let shifted = &x[s / side * stride + s % side..];
        let mut lanes = [0.0; LANES];
        for (i, u) in u.chunks_exact(width).enumerate() {
            let row = &shifted[i * stride..][..width];
            let (us, xs) = (u.chunks_exact(LANES), row.chunks_exact(LANES));
            let rest = us.remainder().iter().zip(xs.remainder());
            for (l, (u, x)) in lanes.iter_mut().zip(rest) {
                *l += u * x.wide();
            }
            for (u, x) in us.zip(xs) {
                for k in 0..LANES {
                    lanes[k] += u[k] * x[k].wide();
                }
            }
        }
        *out = lane_sum(lanes);
    }
}

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
            // The same bilinear form by its taps.
            let (mut of_taps, mut portable) = (vec![0.0; side * side], vec![0.0; side * side]);
            by_taps(&x, stride, &start, width, side, &mut of_taps);
            by_taps_body(&x, stride, &start, width, side, &mut portable);
            prop_assert_eq!(&of_taps, &portable);
            let by_taps: f64 = of_taps.iter().zip(&taps).map(|(o, c)| o * c).sum();
            let by_pixels: f64 = out.iter().zip(&start).map(|(o, s)| (o - s) * s).sum();
            prop_assert!((by_taps - by_pixels).abs() <= 1e-12 * (side * side * out.len()) as f64);
        }
    }
}
