//! Kernels on a tile: the few rows of a factor that one small least-squares problem needs.
//!
//! Rows have `stride` numbers, a multiple of [`Real::LANES`]; numbers beyond the columns are zero. Where a kernel takes
//! panels, a tile of `d` rows is kept as `stride / LANES` panels of `d x LANES` numbers, one after the other: what the
//! Gram matrix reads is then contiguous whatever the stride. Products are fused into sums where the processor can, so
//! bits depend on its instruction set, but never on threads.

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{Instructions, Line, Plain};
use super::real::Real;

/// `a b + c`, fused where `I` says that this is one instruction.
#[inline(always)]
fn madd<T: Real, I: Instructions>(a: T, b: T, c: T) -> T {
    if I::FUSED { a.fused(b, c) } else { a * b + c }
}

/// Compiles one body for several instruction sets and calls the best that the processor has. The body learns which
/// it is.
macro_rules! for_each_instruction_set {
    ($(#[$doc:meta])* $name:ident, $body:ident, ($($arg:ident : $type:ty),* $(,)?) $(-> $ret:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<T: Real>($($arg: $type),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,fma")]
                fn with_avx512<T: Real>($($arg: $type),*) $(-> $ret)? {
                    $body::<T, Avx512>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn with_avx2<T: Real>($($arg: $type),*) $(-> $ret)? {
                    $body::<T, Avx2>($($arg),*)
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
            $body::<T, Plain>($($arg),*)
        }
    };
}

/// Rows of a larger matrix, in the order of a list: what a regression reads of its factor.
#[derive(Debug, Clone, Copy)]
pub struct Picked<'a, T> {
    /// All rows, `stride` numbers each.
    pub data: &'a [T],
    /// Numbers from one row to the next.
    pub stride: usize,
    /// Which rows, in which order.
    pub index: &'a [u32],
}

impl<'a, T> Picked<'a, T> {
    #[inline(always)]
    fn row(&self, e: usize) -> &'a [T] {
        let start = self.index[e] as usize * self.stride;
        &self.data[start..start + self.stride]
    }

    /// Asks for row `e` before it is needed, if there is one.
    #[inline(always)]
    fn prefetch(&self, e: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(&row) = self.index.get(e) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let start = row as usize * self.stride;
            if start + self.stride <= self.data.len() {
                let lanes = 64 / size_of::<T>();
                for l in (0..self.stride).step_by(lanes) {
                    // SAFETY: the address is inside of `data`, as just asked.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(self.data.as_ptr().add(start + l).cast()) };
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = e;
    }

    /// How many rows ahead to ask: about 2 KiB.
    #[inline(always)]
    fn ahead(&self) -> usize {
        (2048 / (self.stride * size_of::<T>()).max(1)).clamp(2, 16)
    }
}

for_each_instruction_set!(
    /// Copies rows into panels, times the roots of their weights.
    gather_panels, gather_panels_body, (rows: Picked<'_, T>, roots: Option<&[T]>, panels: &mut [T])
);
for_each_instruction_set!(
    /// Copies rows one after the other, times the roots of their weights.
    gather, gather_body, (rows: Picked<'_, T>, roots: Option<&[T]>, tile: &mut [T])
);
for_each_instruction_set!(
    /// Adds `Y'Y` for the `d` rows of the panels to the upper triangle of `out`, row after row in rows of `side`
    /// numbers; what is below the triangle and beyond the `k` columns is not defined. Costs about `d k^2` flops.
    add_gram, add_gram_body, (panels: &[T], d: usize, k: usize, out: &mut [T], side: usize)
);
for_each_instruction_set!(
    /// `out += sum_e r_e y_e` for the rows of the panels, as many as `r`. Costs `2 d k` flops.
    add_panels_times, add_panels_times_body, (panels: &[T], r: &[T], out: &mut [T])
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
    /// `out += sum_e r_e y_e` for picked rows. Costs `2 d k` flops.
    add_picked, add_picked_body, (rows: Picked<'_, T>, r: &[T], out: &mut [T])
);
for_each_instruction_set!(
    /// Adds `sum_e w_e r_e y_e` with `r_e = b_e - y_e'x` to `out`, in one pass over the rows, and gives `sum_e w_e
    /// r_e^2`; without targets `b` is 0, without weights `w` is 1. Costs `4 d k` flops.
    add_slope, add_slope_body,
    (rows: Picked<'_, T>, weight: Option<&[T]>, target: Option<&[T]>, x: &[T], out: &mut [T]) -> f64
);
for_each_instruction_set!(
    /// `sum_e w_e (b_e - y_e'x)^2`. Costs `2 d k` flops.
    residual_squares, residual_squares_body,
    (rows: Picked<'_, T>, weight: Option<&[T]>, target: &[T], x: &[T]) -> f64
);
for_each_instruction_set!(
    /// Factors the `k x k` matrix whose upper triangle is in `a` (rows of `stride` numbers, a multiple of the lanes) as
    /// `R'R`, in place. False, and nothing that can be used, if a pivot is at most `floor`. `room` is used as memory.
    /// Costs `k^3 / 3` flops.
    cholesky, cholesky_body, (a: &mut [T], k: usize, stride: usize, floor: T, room: &mut Vec<T>) -> bool
);
for_each_instruction_set!(
    /// Replaces `b` by the solution of `R'R x = b`. Costs `2 k^2` flops.
    cholesky_solve, cholesky_solve_body, (r: &[T], k: usize, stride: usize, b: &mut [T])
);
for_each_instruction_set!(
    /// `sum_l a_l b_l`.
    dot, dot_body, (a: &[T], b: &[T]) -> T
);

#[inline(always)]
fn gather_panels_body<T: Real, I: Instructions>(rows: Picked<'_, T>, roots: Option<&[T]>, panels: &mut [T]) {
    let d = rows.index.len();
    gather_of::<T, I>(rows, roots, panels, |e, l| (l * d + e) * T::LANES);
}

#[inline(always)]
fn gather_body<T: Real, I: Instructions>(rows: Picked<'_, T>, roots: Option<&[T]>, tile: &mut [T]) {
    let stride = rows.stride;
    gather_of::<T, I>(rows, roots, tile, |e, l| e * stride + l * T::LANES);
}

/// Copies line `l` of row `e` to `place(e, l)`.
#[inline(always)]
fn gather_of<T: Real, I: Instructions>(
    rows: Picked<'_, T>,
    roots: Option<&[T]>,
    to: &mut [T],
    place: impl Fn(usize, usize) -> usize,
) {
    let (d, ahead, zero) = (rows.index.len(), rows.ahead(), T::default());
    let to = &mut to[..d * rows.stride];
    for e in 0..d {
        rows.prefetch(e + ahead);
        for (l, y) in rows.row(e).chunks_exact(T::LANES).enumerate() {
            // SAFETY: the caller is compiled for these instructions, and called where the processor has them. Both
            // places are those of a line of one of `d` rows.
            unsafe {
                let y = T::Line::<I>::load(y, 0);
                let y = match roots {
                    None => y,
                    Some(roots) => T::Line::<I>::splat(roots[e]).fused(y, T::Line::<I>::splat(zero)),
                };
                y.store(to, place(e, l));
            }
        }
    }
}

#[inline(always)]
fn add_gram_body<T: Real, I: Instructions>(panels: &[T], d: usize, k: usize, out: &mut [T], side: usize) {
    gram_of::<T, I, false>(panels, d, k, out, side);
}

/// Adds `Y'Y`, or takes it away where `N`: block after block, each held in registers while the rows go by.
#[inline(always)]
fn gram_of<T: Real, I: Instructions, const N: bool>(
    panels: &[T],
    d: usize,
    k: usize,
    out: &mut [T],
    side: usize,
) {
    if d == 0 {
        return;
    }
    let (w, count) = (T::LANES, k.div_ceil(T::LANES));
    let panel = |a: usize| &panels[a * d * w..(a + 1) * d * w];
    for a in 0..count {
        let mut b = a;
        while b < count {
            let columns = if b + I::COLUMNS <= count { I::COLUMNS } else { 1 };
            for l in (0..w.min(k - a * w)).step_by(I::ROWS) {
                let (left, out) = (&panel(a)[l..], &mut out[(a * w + l) * side + b * w..]);
                // A block that may be too large for an instruction set is never asked for by it.
                match (I::ROWS, columns) {
                    (8, 2) => gram_block::<T, I, N, 8, 2>(left, [panel(b), panel(b + 1)], out, side),
                    (8, _) => gram_block::<T, I, N, 8, 1>(left, [panel(b)], out, side),
                    _ => gram_block::<T, I, N, 4, 1>(left, [panel(b)], out, side),
                }
            }
            b += columns;
        }
    }
}

/// `R` rows of the Gram matrix and `C` lines of each. `left` starts at the first of the rows.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows and columns of a block
fn gram_block<T: Real, I: Instructions, const N: bool, const R: usize, const C: usize>(
    left: &[T],
    right: [&[T]; C],
    out: &mut [T],
    side: usize,
) {
    let w = T::LANES;
    let d = right[0].len() / w;
    assert!(out.len() >= (R - 1) * side + C * w && right.iter().all(|panel| panel.len() == d * w));
    // SAFETY: the caller is compiled for these instructions, and called where the processor has them. All lines are
    // there, as just asked.
    unsafe {
        let mut sums = [[T::Line::<I>::splat(T::default()); C]; R];
        for a in 0..R {
            for c in 0..C {
                sums[a][c] = T::Line::<I>::load(out, a * side + c * w);
            }
        }
        for e in 0..d {
            let x = &left[e * w..e * w + R];
            let mut y = [T::Line::<I>::splat(T::default()); C];
            for c in 0..C {
                y[c] = T::Line::<I>::load(right[c], e * w);
            }
            for a in 0..R {
                let x = T::Line::<I>::splat(if N { -x[a] } else { x[a] });
                for c in 0..C {
                    sums[a][c] = x.fused(y[c], sums[a][c]);
                }
            }
        }
        for a in 0..R {
            for c in 0..C {
                sums[a][c].store(out, a * side + c * w);
            }
        }
    }
}

#[inline(always)]
fn add_panels_times_body<T: Real, I: Instructions>(panels: &[T], r: &[T], out: &mut [T]) {
    if T::LANES == 16 {
        panels_times::<T, I, 16>(panels, r, out);
    } else {
        panels_times::<T, I, 8>(panels, r, out);
    }
}

/// Four sums for each column, so that none waits for the other.
#[inline(always)]
fn panels_times<T: Real, I: Instructions, const W: usize>(panels: &[T], r: &[T], out: &mut [T]) {
    let d = r.len();
    if d == 0 {
        return;
    }
    for (panel, out) in panels.chunks_exact(d * W).zip(out.chunks_exact_mut(W)) {
        let mut sums = [[T::default(); W]; 4];
        let (ys, rs) = (panel.chunks_exact(4 * W), r.chunks_exact(4));
        let (y_rest, r_rest) = (ys.remainder(), rs.remainder());
        for (y, r) in ys.zip(rs) {
            for a in 0..4 {
                for c in 0..W {
                    sums[a][c] = madd::<T, I>(r[a], y[a * W + c], sums[a][c]);
                }
            }
        }
        for (a, (y, r)) in y_rest.chunks_exact(W).zip(r_rest).enumerate() {
            for c in 0..W {
                sums[a][c] = madd::<T, I>(*r, y[c], sums[a][c]);
            }
        }
        for (c, out) in out.iter_mut().enumerate() {
            *out += (sums[0][c] + sums[1][c]) + (sums[2][c] + sums[3][c]);
        }
    }
}

#[inline(always)]
fn add_slope_body<T: Real, I: Instructions>(
    rows: Picked<'_, T>,
    weight: Option<&[T]>,
    target: Option<&[T]>,
    x: &[T],
    out: &mut [T],
) -> f64 {
    slope_of::<T, I, true>(rows, weight, target, x, &mut out[..rows.stride])
}

#[inline(always)]
fn residual_squares_body<T: Real, I: Instructions>(
    rows: Picked<'_, T>,
    weight: Option<&[T]>,
    target: &[T],
    x: &[T],
) -> f64 {
    slope_of::<T, I, false>(rows, weight, Some(target), x, &mut [])
}

/// Four rows at a time: `x` and `out` are then read once for four, and the rows, read twice, are near the second time.
/// The slope is left out unless `S`.
#[inline(always)]
fn slope_of<T: Real, I: Instructions, const S: bool>(
    rows: Picked<'_, T>,
    weight: Option<&[T]>,
    target: Option<&[T]>,
    x: &[T],
    out: &mut [T],
) -> f64 {
    let (d, ahead) = (rows.index.len(), rows.ahead());
    let x = &x[..rows.stride];
    let mut squares = 0.0;
    let mut take = |e: usize, product: T| {
        let r = target.map_or(T::default(), |b| b[e]) - product;
        let wr = weight.map_or(r, |w| w[e] * r);
        squares += wr.wide() * r.wide();
        wr
    };
    let mut e = 0;
    while e + 4 <= d {
        (e..e + 4).for_each(|e| rows.prefetch(e + ahead));
        let y = [rows.row(e), rows.row(e + 1), rows.row(e + 2), rows.row(e + 3)];
        let products = four_dots::<T, I>(y, x);
        let r = [0, 1, 2, 3].map(|a| take(e + a, products[a]));
        if S {
            add_rows::<T, I, 4>(r, y, out);
        }
        e += 4;
    }
    for e in e..d {
        let y = rows.row(e);
        let r = take(e, dot_body::<T, I>(y, x));
        // Empty where the slope is left out.
        out.iter_mut().zip(y).for_each(|(o, y)| *o = madd::<T, I>(r, *y, *o));
    }
    squares
}

#[inline(always)]
fn add_picked_body<T: Real, I: Instructions>(rows: Picked<'_, T>, r: &[T], out: &mut [T]) {
    let (d, ahead, out) = (rows.index.len(), rows.ahead(), &mut out[..rows.stride]);
    let mut e = 0;
    while e + 4 <= d {
        (e..e + 4).for_each(|e| rows.prefetch(e + ahead));
        let y = [rows.row(e), rows.row(e + 1), rows.row(e + 2), rows.row(e + 3)];
        add_rows::<T, I, 4>([r[e], r[e + 1], r[e + 2], r[e + 3]], y, out);
        e += 4;
    }
    for (e, r) in r.iter().enumerate().take(d).skip(e) {
        add_rows::<T, I, 1>([*r], [rows.row(e)], out);
    }
}

/// The products of four rows with `x`, all of as many whole lines.
#[inline(always)]
fn four_dots<T: Real, I: Instructions>(y: [&[T]; 4], x: &[T]) -> [T; 4] {
    let lines = x.len() / T::LANES;
    assert!(y.iter().all(|y| y.len() == x.len()));
    // SAFETY: the caller is compiled for these instructions, and called where the processor has them. All lines are
    // there, as just asked.
    unsafe {
        let mut sums = [T::Line::<I>::splat(T::default()); 4];
        for l in 0..lines {
            let x = T::Line::<I>::load(x, l * T::LANES);
            for a in 0..4 {
                sums[a] = T::Line::<I>::load(y[a], l * T::LANES).fused(x, sums[a]);
            }
        }
        T::Line::<I>::totals(sums)
    }
}

/// `out += sum_a r_a y_a`, all of as many whole lines.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows and columns of a block
fn add_rows<T: Real, I: Instructions, const N: usize>(r: [T; N], y: [&[T]; N], out: &mut [T]) {
    let lines = out.len() / T::LANES;
    assert!(y.iter().all(|y| y.len() == out.len()));
    // SAFETY: the caller is compiled for these instructions, and called where the processor has them. All lines are
    // there, as just asked.
    unsafe {
        let mut factors = [T::Line::<I>::splat(T::default()); N];
        for a in 0..N {
            factors[a] = T::Line::<I>::splat(r[a]);
        }
        for l in 0..lines {
            // What is there comes last: the next rows wait for it.
            let mut sum = T::Line::<I>::splat(T::default());
            for a in 0..N {
                sum = factors[a].fused(T::Line::<I>::load(y[a], l * T::LANES), sum);
            }
            T::Line::<I>::load(out, l * T::LANES).plus(sum).store(out, l * T::LANES);
        }
    }
}

/// The sum of lanes, by halves. Without loops over widths: lanes then stay in registers.
#[inline(always)]
fn total<T: Real>(lanes: &[T; LANES]) -> T {
    let eight: [T; 8] = std::array::from_fn(|c| lanes[c] + lanes[c + 8]);
    let four: [T; 4] = std::array::from_fn(|c| eight[c] + eight[c + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Lanes of a dot product.
const LANES: usize = 16;

#[inline(always)]
fn dot_body<T: Real, I: Instructions>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::default(); LANES];
    let (ac, bc) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (ar, br) = (ac.remainder(), bc.remainder());
    for (a, b) in ac.zip(bc) {
        for k in 0..LANES {
            lanes[k] = madd::<T, I>(a[k], b[k], lanes[k]);
        }
    }
    for (k, (a, b)) in ar.iter().zip(br).enumerate() {
        lanes[k] = madd::<T, I>(*a, *b, lanes[k]);
    }
    total(&lanes)
}

#[inline(always)]
fn times_body<T: Real, I: Instructions>(tile: &[T], stride: usize, x: &[T], out: &mut [T]) {
    let x = &x[..stride];
    let (fours, outs) = (tile.chunks_exact(4 * stride), out.chunks_exact_mut(4));
    for (y, out) in fours.zip(outs) {
        let [y0, y1, y2, y3] = [0, 1, 2, 3].map(|a| &y[a * stride..(a + 1) * stride]);
        out.copy_from_slice(&four_dots::<T, I>([y0, y1, y2, y3], x));
    }
    let done = out.len() / 4 * 4;
    for (y, out) in tile[done * stride..].chunks_exact(stride).zip(&mut out[done..]) {
        *out = dot_body::<T, I>(y, x);
    }
}

#[inline(always)]
fn add_transposed_times_body<T: Real, I: Instructions>(tile: &[T], stride: usize, r: &[T], out: &mut [T]) {
    let out = &mut out[..stride];
    let (tiles, rs) = (tile.chunks_exact(4 * stride), r.chunks_exact(4));
    let (tile_rest, r_rest) = (tiles.remainder(), rs.remainder());
    for (y, r) in tiles.zip(rs) {
        let y = [0, 1, 2, 3].map(|a| &y[a * stride..(a + 1) * stride]);
        add_rows::<T, I, 4>([r[0], r[1], r[2], r[3]], y, out);
    }
    for (y, r) in tile_rest.chunks_exact(stride).zip(r_rest) {
        out.iter_mut().zip(y).for_each(|(o, y)| *o = madd::<T, I>(*r, *y, *o));
    }
}

/// Rows that are factored before the rows below them are changed: that change is then the Gram matrix of many rows.
const BAND: usize = 32;
/// Rows of a band that are taken from the next ones together.
const BLOCK: usize = 4;

#[inline(always)]
fn cholesky_body<T: Real, I: Instructions>(
    a: &mut [T],
    k: usize,
    stride: usize,
    floor: T,
    room: &mut Vec<T>,
) -> bool {
    for first in (0..k).step_by(BAND) {
        let last = (first + BAND).min(k);
        if !factor_band::<T, I>(a, first, last, stride, floor) {
            return false;
        }
        if last == k {
            break;
        }
        // The rows below lose the Gram matrix of the band.
        let (depth, width) = (last - first, stride - last);
        let (done, below) = a.split_at_mut(last * stride);
        room.resize(depth * width, T::default());
        for (e, row) in done[first * stride..].chunks_exact(stride).enumerate() {
            let panels = room.chunks_exact_mut(depth * T::LANES);
            for (y, panel) in row[last..].chunks_exact(T::LANES).zip(panels) {
                panel[e * T::LANES..(e + 1) * T::LANES].copy_from_slice(y);
            }
        }
        gram_of::<T, I, true>(room, depth, k - last, &mut below[last..], stride);
    }
    true
}

/// Factors the rows `first..last`, from which the rows above are already taken. Rows are changed from the line on that
/// has their pivot: what is before the pivot means nothing.
#[inline(always)]
fn factor_band<T: Real, I: Instructions>(
    a: &mut [T],
    first: usize,
    last: usize,
    stride: usize,
    floor: T,
) -> bool {
    let line = |column: usize| column / T::LANES * T::LANES;
    let mut start = first;
    while start < last {
        let width = BLOCK.min(last - start);
        for j in start..start + width {
            let (above, row) = a.split_at_mut(j * stride);
            let row = &mut row[..stride];
            for above in above[start * stride..].chunks_exact(stride) {
                add_rows::<T, I, 1>([-above[j]], [&above[line(j)..]], &mut row[line(j)..]);
            }
            let pivot = row[j];
            // Also refuses NaN.
            if !(pivot > floor) {
                return false;
            }
            let inverse = T::narrow(1.0) / pivot.root();
            row[line(j)..].iter_mut().for_each(|v| *v = *v * inverse);
        }
        // What they take from the rows of the band below.
        let (done, rest) = a.split_at_mut((start + width) * stride);
        let panel = &done[start * stride..];
        for (c, row) in (start + width..last).zip(rest.chunks_exact_mut(stride)) {
            let out = &mut row[line(c)..];
            if width == BLOCK {
                let rows: [&[T]; BLOCK] =
                    std::array::from_fn(|a| &panel[a * stride + line(c)..(a + 1) * stride]);
                let factors = std::array::from_fn(|a| -panel[a * stride + c]);
                add_rows::<T, I, BLOCK>(factors, rows, out);
            } else {
                for above in panel.chunks_exact(stride) {
                    add_rows::<T, I, 1>([-above[c]], [&above[line(c)..]], out);
                }
            }
        }
        start += width;
    }
    true
}

#[inline(always)]
fn cholesky_solve_body<T: Real, I: Instructions>(r: &[T], k: usize, stride: usize, b: &mut [T]) {
    for j in 0..k {
        let row = &r[j * stride..j * stride + k];
        let y = b[j] / row[j];
        b[j] = y;
        for (b, r) in b[j + 1..k].iter_mut().zip(&row[j + 1..]) {
            *b = madd::<T, I>(-y, *r, *b);
        }
    }
    for j in (0..k).rev() {
        let row = &r[j * stride..j * stride + k];
        let sum = dot_body::<T, I>(&row[j + 1..], &b[j + 1..k]);
        b[j] = (b[j] - sum) / row[j];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<T: Real>(d: usize, k: usize, stride: usize) -> Vec<T> {
        let mut rows = vec![T::default(); d * stride];
        for e in 0..d {
            for l in 0..k {
                rows[e * stride + l] = T::narrow(((e * 17 + l * 31) as f64).sin());
            }
        }
        rows
    }

    fn every_kernel_agrees_with_plain_sums<T: Real>() {
        let close = |a: T, b: f64, size: f64| (a.wide() - b).abs() <= 20.0 * T::ROUNDING * size.max(1.0);
        for (d, k) in [(1, 1), (3, 2), (9, 8), (40, 13), (70, 24), (37, 50), (130, 64), (150, 107)] {
            let stride = usize::next_multiple_of(k, T::LANES);
            let all: Vec<T> = rows(200, k, stride);
            let index: Vec<u32> = (0..d).map(|e| (e * 7 % 200) as u32).collect();
            let picked = Picked { data: &all, stride, index: &index };
            let roots: Vec<T> = (0..d).map(|e| T::narrow(0.5 + (e % 3) as f64)).collect();
            let y = |e: usize, l: usize| all[index[e] as usize * stride + l].wide();
            let sum = |f: &dyn Fn(usize) -> f64| (0..d).map(f).sum::<f64>();
            let mut panels = vec![T::default(); d * stride];
            gather_panels(picked, Some(&roots), &mut panels);
            let mut g = vec![T::default(); stride * stride];
            add_gram(&panels, d, k, &mut g, stride);
            let r: Vec<T> = (0..d).map(|e| T::narrow((e as f64).cos())).collect();
            let mut image = vec![T::default(); stride];
            add_panels_times(&panels, &r, &mut image);
            for a in 0..k {
                for b in a..k {
                    let plain = sum(&|e| roots[e].wide().powi(2) * y(e, a) * y(e, b));
                    assert!(close(g[a * stride + b], plain, 4.0 * d as f64), "{d} {k} {a} {b}");
                }
                let plain = sum(&|e| roots[e].wide() * r[e].wide() * y(e, a));
                assert!(close(image[a], plain, 3.0 * d as f64), "{d} {k} {a}");
            }
            let x: Vec<T> =
                (0..stride).map(|l| T::narrow(if l < k { (l as f64).cos() } else { 0.0 })).collect();
            let (mut slope, mut same) = (x.clone(), x.clone());
            let squares = add_slope(picked, Some(&roots), Some(&r), &x, &mut slope);
            assert_eq!(squares, residual_squares(picked, Some(&roots), &r, &x));
            let mut tile = vec![T::default(); d * stride];
            gather(picked, None, &mut tile);
            let mut rest = vec![T::default(); d];
            times(&tile, stride, &x, &mut rest);
            let residual = |e: usize| r[e].wide() - (0..k).map(|l| y(e, l) * x[l].wide()).sum::<f64>();
            for e in 0..d {
                rest[e] = roots[e] * (r[e] - rest[e]);
                assert!(close(rest[e], roots[e].wide() * residual(e), 3.0 * k as f64));
            }
            add_transposed_times(&tile, stride, &rest, &mut same);
            let size = (3 * d * k) as f64;
            let plain = sum(&|e| roots[e].wide() * residual(e).powi(2));
            assert!(close(T::narrow(squares), plain, size * k as f64));
            for l in 0..k {
                let plain = x[l].wide() + sum(&|e| roots[e].wide() * residual(e) * y(e, l));
                assert!(close(slope[l], plain, size) && close(same[l], plain, size), "{d} {k} {l}");
            }
            // (Y'WY + d I) x = b.
            (0..k).for_each(|l| g[l * stride + l] += T::narrow(d as f64));
            let product = |a: usize| {
                let entry = |b: usize| g[a.min(b) * stride + a.max(b)].wide();
                T::narrow((0..k).map(|b| entry(b) * x[b].wide()).sum())
            };
            let mut back: Vec<T> = (0..k).map(product).collect();
            let kept = g.clone();
            assert!(cholesky(&mut g, k, stride, T::default(), &mut Vec::new()));
            cholesky_solve(&g, k, stride, &mut back);
            for l in 0..k {
                assert!(
                    close(back[l], x[l].wide(), 30.0 + k as f64),
                    "{d} {k} {l}: {:?} {:?}",
                    back[l],
                    x[l]
                );
                for m in l..k {
                    let plain: f64 =
                        (0..=l).map(|p| g[p * stride + l].wide() * g[p * stride + m].wide()).sum();
                    assert!(close(kept[l * stride + m], plain, 6.0 * d as f64 + k as f64), "{d} {k} {l} {m}");
                }
            }
        }
    }

    #[test]
    fn every_kernel_agrees_with_plain_sums_in_both_precisions() {
        every_kernel_agrees_with_plain_sums::<f64>();
        every_kernel_agrees_with_plain_sums::<f32>();
    }

    #[test]
    fn picked_rows_are_added_as_those_of_a_tile() {
        let (d, k) = (23, 20);
        let stride = usize::next_multiple_of(k, f64::LANES);
        let all: Vec<f64> = rows(40, k, stride);
        let index: Vec<u32> = (0..d).map(|e| (e * 11 % 40) as u32).collect();
        let picked = Picked { data: &all, stride, index: &index };
        let r: Vec<f64> = (0..d).map(|e| (e as f64).cos()).collect();
        let mut tile = vec![0.0; d * stride];
        gather(picked, None, &mut tile);
        let (mut out, mut same) = (vec![1.0; stride], vec![1.0; stride]);
        add_picked(picked, &r, &mut out);
        add_transposed_times(&tile, stride, &r, &mut same);
        out[..k].iter().zip(&same).for_each(|(a, b)| assert!((a - b).abs() <= 1e-13));
    }

    /// Gram matrix, image, slope and squares with one set of instructions.
    fn with_instructions<T: Real, I: Instructions>() -> Vec<f64> {
        let (d, k) = (43, 50);
        let stride = usize::next_multiple_of(k, T::LANES);
        let all: Vec<T> = rows(d, k, stride);
        let index: Vec<u32> = (0..d as u32).collect();
        let picked = Picked { data: &all, stride, index: &index };
        let mut panels = vec![T::default(); d * stride];
        gather_panels_body::<T, I>(picked, None, &mut panels);
        let mut gram = vec![T::default(); stride * stride];
        add_gram_body::<T, I>(&panels, d, k, &mut gram, stride);
        let x = all[..stride].to_vec();
        let (mut slope, mut image, mut moved) = (x.clone(), vec![T::default(); d], x.clone());
        let squares = add_slope_body::<T, I>(picked, None, None, &x, &mut slope);
        times_body::<T, I>(&all, stride, &x, &mut image);
        add_transposed_times_body::<T, I>(&all, stride, &image, &mut moved);
        let upper = (0..k).flat_map(|a| gram[a * stride + a..a * stride + k].to_vec());
        let all = upper.chain(slope).chain(image).chain(moved).map(T::wide);
        all.chain([squares]).collect()
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn all_sets_of_instructions_agree() {
        fn check<T: Real>() {
            let plain = with_instructions::<T, Plain>();
            let mut others = Vec::new();
            let fma = std::arch::is_x86_feature_detected!("fma");
            if fma && std::arch::is_x86_feature_detected!("avx2") {
                others.push(with_instructions::<T, Avx2>());
            }
            if fma && std::arch::is_x86_feature_detected!("avx512f") {
                others.push(with_instructions::<T, Avx512>());
            }
            for (a, b) in others.iter().flat_map(|other| other.iter().zip(&plain)) {
                assert!((a - b).abs() <= 2000.0 * T::ROUNDING * b.abs().max(1.0), "{a} {b}");
            }
        }
        check::<f64>();
        check::<f32>();
    }

    #[test]
    fn a_matrix_that_is_not_definite_is_refused() {
        let mut wide = vec![0.0; 16];
        (wide[0], wide[1], wide[9]) = (1.0, 2.0, 1.0);
        assert!(!cholesky(&mut wide, 2, 8, 0.0, &mut Vec::new()));
        assert!(!cholesky(&mut [f64::NAN; 8], 1, 8, 0.0, &mut Vec::new()));
    }
}
