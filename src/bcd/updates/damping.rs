//! Damping of Newton models (Levenberg and Marquardt): a share of the Lipschitz constants, added to the diagonal.

/// With this damping each coordinate alone is bounded, for losses whose curvature is; more would only shorten steps
/// that the search shortens anyway.
const MOST: f64 = 1.0;
/// Where damping sets in, ..
const FIRST: f64 = 1e-4;
/// .. and below which it ends.
const LAST: f64 = 1e-8;
/// A step that the search cut below this share says that the model did not hold.
const CUT: f64 = 0.3;

/// How much of it there is, by how well the models so far held.
#[derive(Debug, Clone, Copy)]
pub(in crate::bcd) struct Damping {
    share: f64,
    least: f64,
}

impl Damping {
    /// Never less than `least`, and no more to begin with.
    pub(in crate::bcd) fn new(least: f64) -> Self {
        Self { share: least, least }
    }

    /// The share of the Lipschitz constants.
    pub(in crate::bcd) fn share(self) -> f64 {
        self.share
    }

    /// A model led nowhere.
    pub(in crate::bcd) fn failed(&mut self) {
        self.share = (16.0 * self.share).clamp(FIRST, MOST);
    }

    /// A step was taken, `alpha` times that of the model.
    pub(in crate::bcd) fn stepped(&mut self, alpha: f64) {
        if alpha < CUT {
            self.share = (4.0 * self.share).clamp(FIRST, MOST);
        } else if alpha == 1.0 {
            self.share = if self.share > LAST { 0.25 * self.share } else { 0.0 }.max(self.least);
        }
    }
}
