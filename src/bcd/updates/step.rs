//! What updates give back.

/// What an update did.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::bcd) struct Step {
    /// Decrease of the objective that the update's model promised (0 if the block was optimal).
    pub(in crate::bcd) promised: f64,
    /// Decrease of the objective: from accurate differences where a search measured it, the promise where none was
    /// needed, 0 where it is below rounding.
    pub(in crate::bcd) achieved: f64,
}

/// Gains below this share of the objective cannot be measured.
pub(in crate::bcd) const ROUNDING: f64 = 1e-14;
