//! Lines of the cache in registers, spelt out. Where a compiler is left to find vectors in loops over a block of
//! registers it finds gathers and scatters on some processors, at a fiftieth of the speed.

use super::real::Real;

/// A set of instructions that kernels are compiled for.
pub trait Instructions: Copy {
    /// Whether `a b + c` is one instruction, rounded once.
    const FUSED: bool;
    /// Rows of a block of a Gram matrix whose sums registers hold: a divisor of [`Real::LANES`].
    const ROWS: usize;
    /// Lines in each row of such a block.
    const COLUMNS: usize;
    /// A line of single precision.
    type Single: Line<f32>;
    /// A line of double precision.
    type Double: Line<f64>;
}

/// [`Real::LANES`] numbers in registers.
///
/// # Safety
/// Of all functions: the processor has the instructions. Of those that take a slice: it has a line from `at` on.
#[allow(clippy::missing_safety_doc)] // as said here for all
pub trait Line<T>: Copy {
    /// The same number everywhere.
    unsafe fn splat(x: T) -> Self;
    /// The line from `at` on.
    unsafe fn load(from: &[T], at: usize) -> Self;
    /// Overwrites the line from `at` on.
    unsafe fn store(self, to: &mut [T], at: usize);
    /// `self + other`.
    unsafe fn plus(self, other: Self) -> Self;
    /// `self * a + b`.
    unsafe fn fused(self, a: Self, b: Self) -> Self;
    /// The sums of four lines.
    unsafe fn totals(lines: [Self; 4]) -> [T; 4];
}

/// What every processor has.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Instructions for Plain {
    const FUSED: bool = false;
    const ROWS: usize = 4;
    const COLUMNS: usize = 1;
    type Single = [f32; f32::LANES];
    type Double = [f64; f64::LANES];
}

impl<T: Real, const N: usize> Line<T> for [T; N] {
    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        [x; N]
    }
    #[inline(always)]
    unsafe fn load(from: &[T], at: usize) -> Self {
        std::array::from_fn(|l| from[at + l])
    }
    #[inline(always)]
    unsafe fn store(self, to: &mut [T], at: usize) {
        to[at..at + N].copy_from_slice(&self);
    }
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        std::array::from_fn(|l| self[l] + other[l])
    }
    #[inline(always)]
    unsafe fn fused(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|l| self[l] * a[l] + b[l])
    }
    #[inline(always)]
    unsafe fn totals(lines: [Self; 4]) -> [T; 4] {
        lines.map(|line| {
            let four: [T; 4] =
                std::array::from_fn(|c| (c..N).step_by(4).skip(1).fold(line[c], |sum, l| sum + line[l]));
            (four[0] + four[1]) + (four[2] + four[3])
        })
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Instructions, Line, Real};
    use std::arch::x86_64::*;

    /// AVX-512F and FMA.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx512;

    impl Instructions for Avx512 {
        const FUSED: bool = true;
        const ROWS: usize = 8;
        const COLUMNS: usize = 2;
        type Single = __m512;
        type Double = __m512d;
    }

    /// AVX2 and FMA.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx2;

    impl Instructions for Avx2 {
        const FUSED: bool = true;
        const ROWS: usize = 4;
        const COLUMNS: usize = 1;
        type Single = [__m256; 2];
        type Double = [__m256d; 2];
    }

    // No closures here and no `map`: library code that they go through is compiled without the instructions, and calls.

    /// The sum of both halves of a line.
    #[inline(always)]
    unsafe fn single_half(line: __m512) -> __m256 {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(line)));
            _mm256_add_ps(_mm512_castps512_ps256(line), upper)
        }
    }

    /// The sum of both halves of a line.
    #[inline(always)]
    unsafe fn double_half(line: __m512d) -> __m256d {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm256_add_pd(_mm512_castpd512_pd256(line), _mm512_extractf64x4_pd::<1>(line)) }
    }

    /// The sums of four halves of lines.
    #[inline(always)]
    unsafe fn single_totals(halves: [__m256; 4]) -> [f32; 4] {
        // SAFETY: the caller has AVX, and the array has as many numbers as are stored.
        unsafe {
            let mut quarters = [_mm_setzero_ps(); 4];
            for (quarter, half) in quarters.iter_mut().zip(halves) {
                *quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half));
            }
            let [a, b, c, d] = quarters;
            let mut sums = [0.0; 4];
            _mm_storeu_ps(sums.as_mut_ptr(), _mm_hadd_ps(_mm_hadd_ps(a, b), _mm_hadd_ps(c, d)));
            sums
        }
    }

    /// The sums of four halves of lines.
    #[inline(always)]
    unsafe fn double_totals(halves: [__m256d; 4]) -> [f64; 4] {
        // SAFETY: the caller has AVX, and the array has as many numbers as are stored.
        unsafe {
            let [a, b, c, d] = halves;
            let (ab, cd) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
            let crossed = _mm256_permute2f128_pd::<0x21>(ab, cd);
            let mut sums = [0.0; 4];
            _mm256_storeu_pd(sums.as_mut_ptr(), _mm256_add_pd(crossed, _mm256_blend_pd::<0b1100>(ab, cd)));
            sums
        }
    }

    /// A line in one register.
    macro_rules! whole {
        ($line:ty, $number:ty, $splat:ident, $load:ident, $store:ident, $add:ident, $fused:ident, $totals:ident,
         $half:ident) => {
            impl Line<$number> for $line {
                #[inline(always)]
                unsafe fn splat(x: $number) -> Self {
                    // SAFETY: the caller has AVX-512F.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: &[$number], at: usize) -> Self {
                    debug_assert!(at + <$number>::LANES <= from.len());
                    // SAFETY: the caller has AVX-512F and a line from there on.
                    unsafe { $load(from.as_ptr().add(at)) }
                }
                #[inline(always)]
                unsafe fn store(self, to: &mut [$number], at: usize) {
                    debug_assert!(at + <$number>::LANES <= to.len());
                    // SAFETY: the caller has AVX-512F and a line from there on.
                    unsafe { $store(to.as_mut_ptr().add(at), self) }
                }
                #[inline(always)]
                unsafe fn plus(self, other: Self) -> Self {
                    // SAFETY: the caller has AVX-512F.
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn fused(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller has AVX-512F.
                    unsafe { $fused(self, a, b) }
                }
                #[inline(always)]
                unsafe fn totals([a, b, c, d]: [Self; 4]) -> [$number; 4] {
                    // SAFETY: the caller has AVX-512F.
                    unsafe { $totals([$half(a), $half(b), $half(c), $half(d)]) }
                }
            }
        };
    }
    whole!(
        __m512,
        f32,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps,
        single_totals,
        single_half
    );
    whole!(
        __m512d,
        f64,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_fmadd_pd,
        double_totals,
        double_half
    );

    /// A line in two registers.
    macro_rules! halves {
        ($half:ty, $number:ty, $splat:ident, $load:ident, $store:ident, $add:ident, $fused:ident, $totals:ident) => {
            impl Line<$number> for [$half; 2] {
                #[inline(always)]
                unsafe fn splat(x: $number) -> Self {
                    // SAFETY: the caller has AVX2.
                    unsafe { [$splat(x); 2] }
                }
                #[inline(always)]
                unsafe fn load(from: &[$number], at: usize) -> Self {
                    debug_assert!(at + <$number>::LANES <= from.len());
                    // SAFETY: the caller has AVX2 and a line from there on.
                    unsafe {
                        let from = from.as_ptr().add(at);
                        [$load(from), $load(from.add(<$number>::LANES / 2))]
                    }
                }
                #[inline(always)]
                unsafe fn store(self, to: &mut [$number], at: usize) {
                    debug_assert!(at + <$number>::LANES <= to.len());
                    // SAFETY: the caller has AVX2 and a line from there on.
                    unsafe {
                        let to = to.as_mut_ptr().add(at);
                        $store(to, self[0]);
                        $store(to.add(<$number>::LANES / 2), self[1]);
                    }
                }
                #[inline(always)]
                unsafe fn plus(self, other: Self) -> Self {
                    // SAFETY: the caller has AVX2.
                    unsafe { [$add(self[0], other[0]), $add(self[1], other[1])] }
                }
                #[inline(always)]
                unsafe fn fused(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller has FMA.
                    unsafe { [$fused(self[0], a[0], b[0]), $fused(self[1], a[1], b[1])] }
                }
                #[inline(always)]
                unsafe fn totals([a, b, c, d]: [Self; 4]) -> [$number; 4] {
                    // SAFETY: the caller has AVX2.
                    unsafe {
                        $totals([$add(a[0], a[1]), $add(b[0], b[1]), $add(c[0], c[1]), $add(d[0], d[1])])
                    }
                }
            }
        };
    }
    halves!(
        __m256,
        f32,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        single_totals
    );
    halves!(
        __m256d,
        f64,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_fmadd_pd,
        double_totals
    );
}
