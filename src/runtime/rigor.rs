//! How far a figure can be trusted.

/// How far a figure can be trusted, the least first: what rests on several figures has the least of their rigors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rigor {
    /// Not at all: it bounds nothing by itself.
    None,
    /// As far as the estimate that it rests on.
    Estimated,
    /// A theorem, up to the rounding of the sums that evaluate it.
    Proven,
}

impl Rigor {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Estimated => "estimated",
            Self::Proven => "proven",
        }
    }
}
