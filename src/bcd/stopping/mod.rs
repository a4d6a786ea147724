//! Duality gaps while the loop runs, and when it ends.

pub(super) mod check;
pub(super) mod correlations;
pub(super) mod dual;
pub(super) mod patience;
