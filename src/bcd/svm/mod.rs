//! Support vector machines: hinge and squared hinge with a ridge, solved through the dual.
//!
//! The dual has one coordinate for each row, bounds on each and no constraint across, so coordinate descent applies
//! (the paper's problem class with the rows as columns). `dual` holds the problem, `sweep` the coordinate descent,
//! `free` and `proximal` the two Newton methods that finish it, `solve` the loop. The certificate is the one of every
//! other loss.

mod dual;
mod free;
mod proximal;
mod solve;
mod sweep;
#[cfg(test)]
mod tests;

pub(super) use solve::{Solve, applies};
