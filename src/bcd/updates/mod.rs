//! How a chosen block moves (section 4 of the paper), and the extrapolation between sweeps.

pub(super) mod anderson;
pub(super) mod cubic;
pub(super) mod damping;
pub(super) mod exact;
pub(super) mod line;
pub(super) mod model_step;
pub(super) mod update;
