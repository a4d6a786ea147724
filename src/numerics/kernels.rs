//! The inner loops on columns: dot products and updates, dense and sparse.
//!
//! Sums run in 32 fixed lanes that are added in a fixed order, and products are never fused into sums. So the
//! result has the same bits with SSE2, AVX2, AVX-512 or NEON; the wider instructions are taken where the processor
//! has them. Data may be stored in f32; all sums are in f64.

/// A stored number: f64 or f32.
pub trait Scalar: Copy + Send + Sync + PartialEq + 'static {
    /// The value in double precision (exact).
    fn wide(self) -> f64;
    /// The nearest stored value.
    fn narrow(value: f64) -> Self;
}

impl Scalar for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}

impl Scalar for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as f32
    }
}

/// A stored row index: u32 or u64.
pub trait Index: Copy + Send + Sync + 'static {
    /// The index as a position.
    fn position(self) -> usize;
    /// The stored form of a position that fits.
    fn store(position: usize) -> Self;
}

impl Index for u32 {
    #[inline(always)]
    fn position(self) -> usize {
        self as usize
    }
    #[inline(always)]
    fn store(position: usize) -> Self {
        position as u32
    }
}

impl Index for u64 {
    #[inline(always)]
    fn position(self) -> usize {
        self as usize
    }
    #[inline(always)]
    fn store(position: usize) -> Self {
        position as u64
    }
}

/// Lanes of a dense sum.
pub(super) const LANES: usize = 32;

/// Compiles one body for several instruction sets and calls the best that the processor has.
macro_rules! for_each_instruction_set {
    ($(#[$doc:meta])* $name:ident, $body:ident, ($($arg:ident : $type:ty),*) $(-> $ret:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<T: Scalar>($($arg: $type),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f")]
                fn with_avx512<T: Scalar>($($arg: $type),*) $(-> $ret)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn with_avx2<T: Scalar>($($arg: $type),*) $(-> $ret)? {
                    $body($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor has AVX-512F, as just asked.
                    return unsafe { with_avx512($($arg),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, as just asked.
                    return unsafe { with_avx2($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}
pub(super) use for_each_instruction_set;

for_each_instruction_set!(
    /// `sum_r a_r v_r`.
    dot, dot_body, (a: &[T], v: &[f64]) -> f64
);
for_each_instruction_set!(
    /// `v += alpha a`.
    add, add_body, (alpha: f64, a: &[T], v: &mut [f64])
);
for_each_instruction_set!(
    /// `v_r += alpha w_r a_r`.
    weighted_add, weighted_add_body, (alpha: f64, a: &[T], w: &[f64], v: &mut [f64])
);

for_each_instruction_set!(
    /// `sum_r w_r (scale a_r)^2`, scaled before squaring.
    squares, squares_body, (scale: f64, a: &[T], w: &[f64]) -> f64
);

/// The sum of lanes, a power of two of them, by adding one half to the other.
// Not inlined: the pairwise tail would make the compiler build the loops before it from short vectors too.
#[inline(never)]
pub(crate) fn lane_sum<const N: usize>(lanes: [f64; N]) -> f64 {
    let mut lanes = lanes;
    let mut width = N / 2;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn dot_body<T: Scalar>(a: &[T], v: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_chunks, v_chunks) = (a.chunks_exact(LANES), v.chunks_exact(LANES));
    let (a_rest, v_rest) = (a_chunks.remainder(), v_chunks.remainder());
    for (ac, vc) in a_chunks.zip(v_chunks) {
        for k in 0..LANES {
            lanes[k] += ac[k].wide() * vc[k];
        }
    }
    for (k, (x, y)) in a_rest.iter().zip(v_rest).enumerate() {
        lanes[k] += x.wide() * y;
    }
    lane_sum(lanes)
}

#[inline(always)]
fn squares_body<T: Scalar>(scale: f64, a: &[T], w: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (ac, wc) = (a.chunks_exact(LANES), w.chunks_exact(LANES));
    let (ar, wr) = (ac.remainder(), wc.remainder());
    for (a, w) in ac.zip(wc) {
        for k in 0..LANES {
            let a = scale * a[k].wide();
            lanes[k] += a * (a * w[k]);
        }
    }
    for (k, (a, w)) in ar.iter().zip(wr).enumerate() {
        let a = scale * a.wide();
        lanes[k] += a * (a * w);
    }
    lane_sum(lanes)
}

#[inline(always)]
fn add_body<T: Scalar>(alpha: f64, a: &[T], v: &mut [f64]) {
    for (v, a) in v.iter_mut().zip(a) {
        *v += alpha * a.wide();
    }
}

#[inline(always)]
fn weighted_add_body<T: Scalar>(alpha: f64, a: &[T], w: &[f64], v: &mut [f64]) {
    for ((v, a), w) in v.iter_mut().zip(a).zip(w) {
        *v += w * (alpha * a.wide());
    }
}

/// Sums over the entries of a sparse column, `term(value, row)` each, in four fixed lanes.
#[inline(always)]
fn sparse_sum<T: Scalar, I: Index>(values: &[T], rows: &[I], term: impl Fn(f64, usize) -> f64) -> f64 {
    let mut lanes = [0.0; 4];
    let (vc, rc) = (values.chunks_exact(4), rows.chunks_exact(4));
    let (vr, rr) = (vc.remainder(), rc.remainder());
    for (v, r) in vc.zip(rc) {
        for k in 0..4 {
            lanes[k] += term(v[k].wide(), r[k].position());
        }
    }
    for (k, (v, r)) in vr.iter().zip(rr).enumerate() {
        lanes[k] += term(v.wide(), r.position());
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

/// A sparse column whose row indices were checked to be below `rows` when the matrix was made.
#[derive(Clone, Copy)]
pub struct SparseColumn<'m, T, I> {
    values: &'m [T],
    indices: &'m [I],
    rows: usize,
}

impl<'m, T: Scalar, I: Index> SparseColumn<'m, T, I> {
    /// # Safety
    /// Every index must be below `rows`.
    pub(super) unsafe fn new(values: &'m [T], indices: &'m [I], rows: usize) -> Self {
        Self { values, indices, rows }
    }

    /// The (row, value) pairs.
    pub fn entries(&self) -> impl Iterator<Item = (usize, f64)> + 'm {
        self.indices.iter().map(|i| i.position()).zip(self.values.iter().map(|v| v.wide()))
    }

    /// `sum_r a_r v_r`.
    #[inline]
    pub fn dot(&self, v: &[f64]) -> f64 {
        assert!(v.len() == self.rows);
        // SAFETY: indices are below `rows` (see `new`), which is the length of `v`.
        sparse_sum(self.values, self.indices, |a, r| a * unsafe { *v.get_unchecked(r) })
    }

    /// `sum_r w_r (scale a_r)^2`.
    #[inline]
    pub fn squares(&self, scale: f64, w: &[f64]) -> f64 {
        assert!(w.len() == self.rows);
        // SAFETY: as in `dot`.
        sparse_sum(self.values, self.indices, |a, r| {
            let a = scale * a;
            a * (a * unsafe { *w.get_unchecked(r) })
        })
    }

    /// `v += alpha a`.
    #[inline]
    pub fn add(&self, alpha: f64, v: &mut [f64]) {
        assert!(v.len() == self.rows);
        for (a, r) in self.values.iter().zip(self.indices) {
            // SAFETY: as in `dot`.
            unsafe { *v.get_unchecked_mut(r.position()) += alpha * a.wide() };
        }
    }

    /// `v_r += alpha w_r a_r`.
    #[inline]
    pub fn weighted_add(&self, alpha: f64, w: &[f64], v: &mut [f64]) {
        assert!(v.len() == self.rows && w.len() == self.rows);
        for (a, r) in self.values.iter().zip(self.indices) {
            let r = r.position();
            // SAFETY: as in `dot`, for both slices.
            unsafe { *v.get_unchecked_mut(r) += *w.get_unchecked(r) * (alpha * a.wide()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_bits_of_the_portable_body(
            pairs in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64, 0.0..9.0_f64), 0..200),
            alpha in -3.0..3.0_f64,
        ) {
            let a: Vec<f64> = pairs.iter().map(|p| p.0).collect();
            let f: Vec<f32> = pairs.iter().map(|p| p.0 as f32).collect();
            let v: Vec<f64> = pairs.iter().map(|p| p.1).collect();
            let w: Vec<f64> = pairs.iter().map(|p| p.2).collect();
            prop_assert_eq!(dot(&a, &v).to_bits(), dot_body(&a, &v).to_bits());
            prop_assert_eq!(dot(&f, &v).to_bits(), dot_body(&f, &v).to_bits());
            prop_assert_eq!(squares(0.3, &f, &w).to_bits(), squares_body(0.3, &f, &w).to_bits());
            let (mut fast, mut plain) = (v.clone(), v.clone());
            add(alpha, &a, &mut fast);
            add_body(alpha, &a, &mut plain);
            prop_assert_eq!(&fast, &plain);
            weighted_add(alpha, &f, &w, &mut fast);
            weighted_add_body(alpha, &f, &w, &mut plain);
            prop_assert_eq!(&fast, &plain);
        }

        #[test]
        fn sums_agree_with_the_plain_ones(
            pairs in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64), 0..200),
        ) {
            let a: Vec<f64> = pairs.iter().map(|p| p.0).collect();
            let v: Vec<f64> = pairs.iter().map(|p| p.1).collect();
            let rows: Vec<u32> = (0..a.len() as u32).rev().collect();
            let magnitude: f64 = pairs.iter().map(|p| (p.0 * p.1).abs()).sum();
            let plain: f64 = pairs.iter().map(|p| p.0 * p.1).sum();
            prop_assert!((dot(&a, &v) - plain).abs() <= 1e-14 * magnitude);
            let reversed: Vec<f64> = a.iter().rev().copied().collect();
            // SAFETY: the indices count down from len - 1.
            let column = unsafe { SparseColumn::new(&reversed, &rows, v.len()) };
            prop_assert!((column.dot(&v) - plain).abs() <= 1e-14 * magnitude);
        }
    }
}
