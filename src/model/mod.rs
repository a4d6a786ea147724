//! Losses and penalties, one file each.

pub mod loss;
pub mod penalty;

pub use loss::Loss;
pub use penalty::Penalty;
