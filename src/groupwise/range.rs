//! The declared range of labels: labels and predictions in units of it, and what becomes of labels outside.

use crate::runtime::{Error, ErrorKind, Result};

/// What becomes of a label outside the declared range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Outside {
    /// It is refused; its ticket stays open.
    Reject,
    /// It counts as the nearer end.
    Clamp,
    /// The range grows to take it in; from then on no theorem is claimed.
    Widen,
}

/// The range, as it is declared and as it has become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelRange {
    /// The declared ends, in the caller's units.
    declared: [f64; 2],
    /// The ends that predictions are kept within, in units of the declared range: `[0, 1]` until it was widened.
    ends: [f64; 2],
    outside: Outside,
    clamped: u64,
    widened: u64,
}

impl LabelRange {
    /// A declared range. Errors: ends that are not finite numbers, not in order or more than `1e100` apart.
    pub fn new(lower: f64, upper: f64, outside: Outside) -> Result<Self> {
        let width = upper - lower;
        if !(lower.is_finite() && upper.is_finite() && width > 0.0 && width.is_finite()) {
            return Err(Error::new(ErrorKind::Option, "option \"label_upper\"")
                .expected(format!("a number above label_lower = {}", crate::runtime::error::number(lower)))
                .found(upper));
        }
        if width > WIDEST {
            let number = crate::runtime::error::number;
            return Err(Error::new(ErrorKind::Option, "option \"label_upper\"")
                .expected(format!("at most {WIDEST:e} more than label_lower = {}", number(lower)))
                .found(upper));
        }
        Ok(Self { declared: [lower, upper], ends: [0.0, 1.0], outside, clamped: 0, widened: 0 })
    }

    /// The ends as declared.
    pub fn declared(&self) -> [f64; 2] {
        self.declared
    }

    /// What becomes of labels outside.
    pub fn outside(&self) -> Outside {
        self.outside
    }

    /// `upper - lower` as declared.
    pub fn width(&self) -> f64 {
        self.declared[1] - self.declared[0]
    }

    /// The width that predictions are kept within, in units of the declared one.
    pub fn spread(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }

    /// A label in units of the range. Errors (`Data`): not finite, or outside where that is refused.
    pub fn label(&mut self, y: f64) -> Result<f64> {
        let [lower, upper] = self.declared;
        let refuse = |expected: String| Err(Error::new(ErrorKind::Data, "y").expected(expected).found(y));
        if !y.is_finite() {
            return refuse("a finite label".into());
        }
        let unit = (y - lower) / self.width();
        if y >= lower && y <= upper {
            return Ok(unit.clamp(0.0, 1.0));
        }
        match self.outside {
            Outside::Reject => {
                let number = crate::runtime::error::number;
                refuse(format!("a label in [{}, {}]", number(lower), number(upper)))
            }
            Outside::Clamp => {
                self.clamped += 1;
                Ok(unit.clamp(0.0, 1.0))
            }
            Outside::Widen if unit.abs() > LARGEST => {
                refuse(format!("a label within {LARGEST:e} times the declared range"))
            }
            Outside::Widen => {
                if unit < self.ends[0] || unit > self.ends[1] {
                    self.ends = [self.ends[0].min(unit), self.ends[1].max(unit)];
                    self.widened += 1;
                }
                Ok(unit)
            }
        }
    }

    /// A prediction within the range.
    pub fn clip(&self, z: f64) -> f64 {
        z.clamp(self.ends[0], self.ends[1])
    }

    /// A prediction in the caller's units.
    pub fn in_user_units(&self, z: f64) -> f64 {
        // Both ends come out exactly.
        let [lower, upper] = self.declared;
        if z == 1.0 { upper } else { lower + z * (upper - lower) }
    }

    /// Labels that were moved to an end, and how often the range grew.
    pub fn counts(&self) -> [u64; 2] {
        [self.clamped, self.widened]
    }

    /// What a saved state holds beside the options.
    pub fn state(&self) -> ([f64; 2], [u64; 2]) {
        (self.ends, self.counts())
    }

    /// The range that had this state. `None`: no such state.
    pub fn with_state(self, ends: [f64; 2], [clamped, widened]: [u64; 2]) -> Option<Self> {
        let sound = ends[0] <= 0.0 && ends[1] >= 1.0 && ends[0] >= -LARGEST && ends[1] <= LARGEST;
        sound.then_some(Self { ends, clamped, widened, ..self })
    }
}

/// Squares of losses' units times the largest weights are numbers still, of millions of rounds.
const WIDEST: f64 = 1e100;

/// Labels are never further out than this many ranges.
const LARGEST: f64 = 1e50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e06_labels_outside_are_refused_clamped_or_widen_the_range() {
        let mut reject = LabelRange::new(-1.0, 3.0, Outside::Reject).unwrap();
        assert_eq!(reject.label(1.0).unwrap(), 0.5);
        let message = reject.label(3.5).unwrap_err().to_string();
        assert_eq!(message, "y: expected a label in [-1, 3], found 3.5");
        let mut clamp = LabelRange::new(-1.0, 3.0, Outside::Clamp).unwrap();
        assert_eq!(
            (clamp.label(7.0).unwrap(), clamp.label(-1.5).unwrap(), clamp.counts()),
            (1.0, 0.0, [2, 0])
        );
        let mut widen = LabelRange::new(-1.0, 3.0, Outside::Widen).unwrap();
        assert_eq!((widen.label(7.0).unwrap(), widen.clip(3.0), widen.spread()), (2.0, 2.0, 2.0));
        assert_eq!((widen.label(5.0).unwrap(), widen.counts()), (1.5, [0, 1]));
        assert!(widen.label(1e80).is_err() && widen.spread() == 2.0);
    }

    #[test]
    fn the_ends_come_back_exactly_and_nonsense_is_refused() {
        let range = LabelRange::new(0.1, 0.7, Outside::Reject).unwrap();
        assert_eq!((range.in_user_units(0.0), range.in_user_units(1.0)), (0.1, 0.7));
        for (lower, upper) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (-f64::MAX, f64::MAX)] {
            assert!(LabelRange::new(lower, upper, Outside::Reject).is_err());
        }
        let wide = LabelRange::new(-1e154, 1e154, Outside::Reject).unwrap_err().to_string();
        assert!(wide.contains("at most 1e100 more than label_lower"), "{wide}");
        assert!(LabelRange::new(-4e99, 4e99, Outside::Reject).is_ok());
        for y in [f64::NAN, f64::INFINITY] {
            assert!(LabelRange::new(0.0, 1.0, Outside::Widen).unwrap().label(y).is_err());
        }
    }
}
