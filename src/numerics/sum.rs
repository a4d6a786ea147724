//! Compensated sums: a gap is a difference of near-equal numbers.

/// A running sum that carries its rounding errors along (Neumaier).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let next = self.total + term;
        self.lost += if self.total.abs() >= term.abs() {
            (self.total - next) + term
        } else {
            (term - next) + self.total
        };
        self.total = next;
    }

    /// The total and what rounding left of it: what a saved state holds.
    pub fn parts(self) -> [f64; 2] {
        [self.total, self.lost]
    }

    /// The sum that had these parts.
    pub fn from_parts([total, lost]: [f64; 2]) -> Self {
        Self { total, lost }
    }

    /// The sum, rounded once.
    pub fn value(self) -> f64 {
        // Where the total is infinite the lost part is NaN and means nothing.
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Sum::default();
        terms.into_iter().for_each(|t| sum.add(t));
        sum
    }
}

/// The compensated sum of `terms`.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    terms.into_iter().collect::<Sum>().value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum([f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(sum([]), 0.0);
    }
}
