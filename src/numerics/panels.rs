//! Pieces of rows that are worked on in registers.
//!
//! Loops over memory whose body is itself a short loop are unrolled from within by the compiler and then made vectors
//! of from without, with shuffles, gathers and scatters. So rows are cut into panels of up to [`MOST`] pieces, and
//! [`for_pieces`] has a body compiled for each number of them: what is left to do then is straight code.

/// Rows are worked on in pieces of so many numbers.
pub const LANES: usize = 4;

/// As many pieces as registers hold at once.
pub const MOST: usize = 8;

/// As many numbers.
pub const PANEL: usize = MOST * LANES;

/// The first `N` pieces of a row.
#[inline(always)]
pub fn pieces<T, const N: usize>(row: &[T]) -> &[[T; LANES]; N] {
    row.as_chunks().0.first_chunk().expect("as many pieces as were counted")
}

/// The same, to be changed.
#[inline(always)]
pub fn pieces_mut<T, const N: usize>(row: &mut [T]) -> &mut [[T; LANES]; N] {
    row.as_chunks_mut().0.first_chunk_mut().expect("as many pieces as were counted")
}

/// Runs `body` with the constant `N` for the number of pieces that a panel has, 1 to [`MOST`].
macro_rules! for_pieces {
    ($panel:expr, $n:ident => $body:expr) => {{
        macro_rules! case {
            ($count:literal) => {{
                const $n: usize = $count;
                $body
            }};
        }
        match $panel.len() / $crate::numerics::panels::LANES {
            1 => case!(1),
            2 => case!(2),
            3 => case!(3),
            4 => case!(4),
            5 => case!(5),
            6 => case!(6),
            7 => case!(7),
            _ => case!(8),
        }
    }};
}
pub(super) use for_pieces;
