//! The features of a round: checked before anything changes, and with what is appended to them.

use super::settings::Settings;
use crate::runtime::{Error, ErrorKind, Result};

/// Features are never larger, so that their squares over the least ridge stay finite.
pub const LARGEST: f64 = 1e100;

/// Columns at most: a factor of more would take some 2 TiB.
const MOST_COLUMNS: usize = 1 << 19;

/// How rows of features become rows that learners see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// Features that the caller gives.
    pub features: usize,
    indicators: bool,
    intercept: bool,
}

impl Inputs {
    /// Rows of `features`. Errors (`Argument`): no column at all, or too many.
    pub fn new(features: usize, settings: &Settings) -> Result<Self> {
        let inputs = Self { features, indicators: settings.indicators, intercept: settings.intercept };
        if features > MOST_COLUMNS / 2 {
            return Err(Error::new(ErrorKind::Argument, "features")
                .expected(format!("at most {}", MOST_COLUMNS / 2))
                .found(features));
        }
        if inputs.order() == 0 {
            return Err(Error::new(ErrorKind::Argument, "features")
                .expected("at least 1, or the option intercept")
                .found(0));
        }
        Ok(inputs)
    }

    /// Columns that learners see.
    pub fn order(&self) -> usize {
        self.features * (1 + usize::from(self.indicators)) + usize::from(self.intercept)
    }

    /// Fills `row` with what learners see of `x`. Errors (`Argument`, `Data`): another length, a number that is not
    /// finite or above `1e100` in size.
    pub fn fill(&self, x: &[f64], row: &mut Vec<f64>) -> Result<()> {
        if x.len() != self.features {
            return Err(Error::new(ErrorKind::Argument, "x")
                .expected(format!("{} features", self.features))
                .found(x.len()));
        }
        row.clear();
        row.reserve(self.order());
        if self.indicators {
            row.extend(x.iter().map(|x| if x.is_nan() { 0.0 } else { *x }));
            row.extend(x.iter().map(|x| f64::from(x.is_nan())));
        } else {
            row.extend_from_slice(x);
        }
        // One pass without branches; who is at fault is looked up afterwards.
        if !row.iter().fold(true, |sound, x| sound & (x.abs() <= LARGEST)) {
            let place = row.iter().position(|x| !(x.abs() <= LARGEST)).unwrap_or(0);
            return Err(Error::new(ErrorKind::Data, "x")
                .at(format!("feature {place}"))
                .expected("a finite number of size up to 1e100")
                .found(row[place]));
        }
        if self.intercept {
            row.push(1.0);
        }
        Ok(())
    }
}
