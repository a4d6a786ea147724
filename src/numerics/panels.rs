//! Rows in registers.
//!
//! Loops over memory whose body is itself a short loop are unrolled from within by the compiler and then made vectors
//! of from without, with shuffles, gathers and scatters. So rows are cut into panels, and bodies are compiled for each
//! number of lines that a panel can have: what is left to do then is straight code.

/// Rows in memory end at whole pieces of so many numbers.
pub const LANES: usize = 4;

/// Numbers of a [`Line`].
pub const WIDE: usize = 8;

/// As many lines as registers hold at once.
pub const PANEL: usize = 4;

/// A line of the cache: rows that do not begin with one cost two accesses for each of their pieces.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub struct Line<T>(pub [T; WIDE]);
