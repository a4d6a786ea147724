//! Losses and penalties, one file each.

pub mod loss;
pub mod outputs;
pub mod penalty;

pub use loss::Loss;
pub use outputs::OutputLoss;
pub use penalty::Penalty;
