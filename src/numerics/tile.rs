//! Kernels on a tile: the few rows of a factor that one small least-squares problem needs, packed one after the other.
//!
//! A tile has `d` rows of `stride` numbers, a multiple of [`Real::LANES`]; numbers beyond the columns are zero. Products
//! are fused into sums where the processor can, so bits depend on its instruction set, but never on threads.

use super::real::Real;

/// `a b + c`, fused where `F` says that this is one instruction.
#[inline(always)]
fn madd<T: Real, const F: bool>(a: T, b: T, c: T) -> T {
    if F { a.fused(b, c) } else { a * b + c }
}

/// Compiles one body for several instruction sets and calls the best that the processor has.
macro_rules! for_each_instruction_set {
    ($(#[$doc:meta])* $name:ident, $body:ident, ($($arg:ident : $type:ty),*) $(-> $ret:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<T: Real>($($arg: $type),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,fma")]
                fn with_avx512<T: Real>($($arg: $type),*) $(-> $ret)? {
                    $body::<T, true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn with_avx2<T: Real>($($arg: $type),*) $(-> $ret)? {
                    $body::<T, true>($($arg),*)
                }
                let fma = std::arch::is_x86_feature_detected!("fma");
                if fma && std::arch::is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor has AVX-512F and FMA, as just asked.
                    return unsafe { with_avx512($($arg),*) };
                }
                if fma && std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2 and FMA, as just asked.
                    return unsafe { with_avx2($($arg),*) };
                }
            }
            $body::<T, false>($($arg),*)
        }
    };
}

for_each_instruction_set!(
    /// Adds `Y'Y` to the upper triangle of `out`, row after row in rows of `stride` numbers; what is below the triangle is not
    /// defined. Costs about `d k^2` flops.
    add_gram, gram_body, (tile: &[T], stride: usize, out: &mut [T])
);
for_each_instruction_set!(
    /// `out_e = y_e'x` for each row of the tile. Costs `2 d k` flops.
    times, times_body, (tile: &[T], stride: usize, x: &[T], out: &mut [T])
);
for_each_instruction_set!(
    /// `out += sum_e r_e y_e`. Costs `2 d k` flops.
    add_transposed_times, add_transposed_times_body, (tile: &[T], stride: usize, r: &[T], out: &mut [T])
);
for_each_instruction_set!(
    /// Factors the `k x k` matrix whose upper triangle is in `a` (rows of `stride` numbers) as `R'R`, in place. False, and
    /// nothing that can be used, if a pivot is at most `floor`. Costs `k^3 / 3` flops.
    cholesky, cholesky_body, (a: &mut [T], k: usize, stride: usize, floor: T) -> bool
);
for_each_instruction_set!(
    /// Replaces `b` by the solution of `R'R x = b`. Costs `2 k^2` flops.
    cholesky_solve, cholesky_solve_body, (r: &[T], k: usize, stride: usize, b: &mut [T])
);
for_each_instruction_set!(
    /// `sum_l a_l b_l`.
    dot, dot_body, (a: &[T], b: &[T]) -> T
);

/// Rows of a block of the Gram matrix that are kept in registers.
const BLOCK: usize = 4;
/// Lanes of one of those rows.
const WIDE: usize = 16;

#[inline(always)]
fn gram_body<T: Real, const F: bool>(tile: &[T], stride: usize, out: &mut [T]) {
    let mut l = 0;
    while l < stride {
        // From the group of lanes that holds the diagonal on.
        let mut m = l / 8 * 8;
        while m < stride {
            let width = WIDE.min(stride - m);
            if width == WIDE {
                gram_block::<T, F, WIDE>(tile, stride, l, m, out);
            } else {
                gram_block::<T, F, 8>(tile, stride, l, m, out);
            }
            m += if width == WIDE { WIDE } else { 8 };
        }
        l += BLOCK;
    }
}

#[inline(always)]
fn gram_block<T: Real, const F: bool, const W: usize>(
    tile: &[T],
    stride: usize,
    l: usize,
    m: usize,
    out: &mut [T],
) {
    let mut sums = [[T::default(); W]; BLOCK];
    for (a, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(&out[(l + a) * stride + m..(l + a) * stride + m + W]);
    }
    for y in tile.chunks_exact(stride) {
        let (left, right) = (&y[l..l + BLOCK], &y[m..m + W]);
        for a in 0..BLOCK {
            for c in 0..W {
                sums[a][c] = madd::<T, F>(left[a], right[c], sums[a][c]);
            }
        }
    }
    for (a, sums) in sums.iter().enumerate() {
        out[(l + a) * stride + m..(l + a) * stride + m + W].copy_from_slice(sums);
    }
}

/// Lanes of a dot product.
const LANES: usize = 16;

#[inline(always)]
fn dot_body<T: Real, const F: bool>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::default(); LANES];
    let (ac, bc) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (ar, br) = (ac.remainder(), bc.remainder());
    for (a, b) in ac.zip(bc) {
        for k in 0..LANES {
            lanes[k] = madd::<T, F>(a[k], b[k], lanes[k]);
        }
    }
    for (k, (a, b)) in ar.iter().zip(br).enumerate() {
        lanes[k] = madd::<T, F>(*a, *b, lanes[k]);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn times_body<T: Real, const F: bool>(tile: &[T], stride: usize, x: &[T], out: &mut [T]) {
    for (y, out) in tile.chunks_exact(stride).zip(out) {
        *out = dot_body::<T, F>(y, x);
    }
}

#[inline(always)]
fn add_transposed_times_body<T: Real, const F: bool>(tile: &[T], stride: usize, r: &[T], out: &mut [T]) {
    let out = &mut out[..stride];
    let (tiles, rs) = (tile.chunks_exact(4 * stride), r.chunks_exact(4));
    let (tile_rest, r_rest) = (tiles.remainder(), rs.remainder());
    for (y, r) in tiles.zip(rs) {
        let (y0, y) = y.split_at(stride);
        let (y1, y) = y.split_at(stride);
        let (y2, y3) = y.split_at(stride);
        for l in 0..stride {
            let first = madd::<T, F>(r[1], y1[l], madd::<T, F>(r[0], y0[l], out[l]));
            out[l] = madd::<T, F>(r[3], y3[l], madd::<T, F>(r[2], y2[l], first));
        }
    }
    for (y, r) in tile_rest.chunks_exact(stride).zip(r_rest) {
        for l in 0..stride {
            out[l] = madd::<T, F>(*r, y[l], out[l]);
        }
    }
}

#[inline(always)]
fn cholesky_body<T: Real, const F: bool>(a: &mut [T], k: usize, stride: usize, floor: T) -> bool {
    let mut first = 0;
    while first < k {
        let width = BLOCK.min(k - first);
        // The rows of the panel.
        for j in first..first + width {
            for p in first..j {
                let (above, row) = a.split_at_mut(j * stride);
                let above = &above[p * stride..(p + 1) * stride];
                let factor = -above[j];
                for (o, r) in row[j..stride].iter_mut().zip(&above[j..]) {
                    *o = madd::<T, F>(factor, *r, *o);
                }
            }
            let pivot = a[j * stride + j];
            // Also refuses NaN.
            if !(pivot > floor) {
                return false;
            }
            let inverse = T::narrow(1.0) / pivot.root();
            a[j * stride + j..(j + 1) * stride].iter_mut().for_each(|v| *v = *v * inverse);
        }
        // What they take from the rows below.
        let (done, rest) = a.split_at_mut((first + width) * stride);
        let panel = &done[first * stride..];
        for c in first + width..k {
            let row = &mut rest[(c - first - width) * stride..][..stride];
            if width == BLOCK {
                let (p0, p) = panel.split_at(stride);
                let (p1, p) = p.split_at(stride);
                let (p2, p3) = p.split_at(stride);
                let (f0, f1, f2, f3) = (-p0[c], -p1[c], -p2[c], -p3[c]);
                let (p0, p1, p2, p3) = (&p0[c..], &p1[c..], &p2[c..], &p3[c..stride]);
                for (l, o) in row[c..].iter_mut().enumerate() {
                    let first = madd::<T, F>(f1, p1[l], madd::<T, F>(f0, p0[l], *o));
                    *o = madd::<T, F>(f3, p3[l], madd::<T, F>(f2, p2[l], first));
                }
            } else {
                for p in panel.chunks_exact(stride) {
                    let factor = -p[c];
                    for (o, p) in row[c..].iter_mut().zip(&p[c..]) {
                        *o = madd::<T, F>(factor, *p, *o);
                    }
                }
            }
        }
        first += width;
    }
    true
}

#[inline(always)]
fn cholesky_solve_body<T: Real, const F: bool>(r: &[T], k: usize, stride: usize, b: &mut [T]) {
    for j in 0..k {
        let row = &r[j * stride..j * stride + k];
        let y = b[j] / row[j];
        b[j] = y;
        for (b, r) in b[j + 1..k].iter_mut().zip(&row[j + 1..]) {
            *b = madd::<T, F>(-y, *r, *b);
        }
    }
    for j in (0..k).rev() {
        let row = &r[j * stride..j * stride + k];
        let sum = dot_body::<T, F>(&row[j + 1..], &b[j + 1..k]);
        b[j] = (b[j] - sum) / row[j];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(d: usize, k: usize, stride: usize) -> Vec<f64> {
        let mut tile = vec![0.0; d * stride];
        for e in 0..d {
            for l in 0..k {
                tile[e * stride + l] = ((e * 17 + l * 31) as f64).sin();
            }
        }
        tile
    }

    #[test]
    fn every_kernel_agrees_with_plain_sums() {
        for (d, k) in [(1, 1), (3, 2), (9, 8), (40, 13), (70, 24), (130, 64)] {
            let stride = usize::next_multiple_of(k, 8);
            let y = tile(d, k, stride);
            let mut g = vec![0.0; stride * stride];
            add_gram(&y, stride, &mut g);
            for a in 0..k {
                for b in a..k {
                    let plain: f64 = (0..d).map(|e| y[e * stride + a] * y[e * stride + b]).sum();
                    assert!((g[a * stride + b] - plain).abs() < 1e-12 * d as f64, "{d} {k} {a} {b}");
                }
            }
            let x: Vec<f64> = (0..stride).map(|l| if l < k { (l as f64).cos() } else { 0.0 }).collect();
            let mut r = vec![0.0; d];
            times(&y, stride, &x, &mut r);
            let mut back = x.clone();
            add_transposed_times(&y, stride, &r, &mut back);
            for l in 0..k {
                let plain: f64 = (0..d)
                    .map(|e| y[e * stride + l] * (0..k).map(|m| y[e * stride + m] * x[m]).sum::<f64>())
                    .sum();
                assert!((back[l] - x[l] - plain).abs() < 1e-11 * (d * k) as f64);
            }
            // (Y'Y + I) x = back.
            (0..k).for_each(|l| g[l * stride + l] += 1.0);
            assert!(cholesky(&mut g, k, stride, 0.0));
            cholesky_solve(&g, k, stride, &mut back);
            for l in 0..k {
                assert!((back[l] - x[l]).abs() < 1e-11, "{d} {k} {l}: {} {}", back[l], x[l]);
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_definite_is_refused() {
        let mut wide = vec![0.0; 16];
        (wide[0], wide[1], wide[9]) = (1.0, 2.0, 1.0);
        assert!(!cholesky(&mut wide, 2, 8, 0.0));
        assert!(!cholesky(&mut [f64::NAN; 8], 1, 8, 0.0));
    }
}
