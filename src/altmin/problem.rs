//! The data of a completion: the observed entries, scaled so that neither tiny nor huge values matter.

use super::alternation::Side;
use super::feedback;
use super::live::Live;
use super::model::stored;
use super::observations::{Entries, Observations};
use super::precision::Precision;
use super::prior::Prior;
use super::settings::Settings;
use super::sweeps::Variant;
use crate::numerics::real::Real;
use crate::runtime::error::zeros;
use crate::runtime::parallel::with_team;
use crate::runtime::{Control, Error, ErrorKind, Options, Result};
use std::sync::Arc;

/// The observed entries of a matrix, checked, in both orders.
#[derive(Debug, Clone)]
pub struct Problem<T> {
    observations: Arc<Observations<T>>,
    scale: f64,
    /// The confidence, where the values are implicit feedback.
    confidence: Option<f64>,
    prior: Prior<T>,
}

impl<T: Real> Problem<T> {
    /// Checks and copies entries; those whose values are not numbers count as not observed where the option `missing`
    /// says so. The order of the entries does not change a bit of what follows.
    ///
    /// Values are divided by a power of 4 near the largest of them, so that data scaled by a power of 4 (and a ridge
    /// scaled with it) give the same factors, scaled, to the last bit.
    ///
    /// Errors: as [`Observations::new`]; a matrix without rows or columns; nothing observed. Costs about a dozen passes
    /// over the entries; keeps them in both orders.
    pub fn new(entries: Entries<'_>, options: &Options, control: &mut Control<'_>) -> Result<Self>
    where
        T: Precision,
    {
        T::problem(entries, options, control)
    }

    /// The same for any kind of number.
    pub(super) fn of_entries(
        entries: Entries<'_>,
        options: &Options,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let settings = Settings::from_options(options)?;
        control.begin(settings.max_seconds, settings.max_work);
        if let Some(weight) = entries.weight.filter(|w| w.len() != entries.value.len()) {
            return Err(Error::new(ErrorKind::Argument, "weight.len")
                .expected(format!("{}, as many as values", entries.value.len()))
                .found(weight.len()));
        }
        for (name, size) in [("rows", entries.rows), ("cols", entries.cols)] {
            if size == 0 {
                return Err(Error::new(ErrorKind::Argument, name).expected("at least 1").found(0));
            }
        }
        if settings.implicit {
            return Self::implicit(entries, &settings, control);
        }
        let mut read = |entries: Entries<'_>| arranged(entries, &settings, control);
        let scale = scale_of(entries.value);
        let hides = settings.nan_is_missing && entries.value.iter().any(|v| v.is_nan());
        let observations = if scale == 1.0 && !hides {
            read(entries)?
        } else {
            let mut value: Vec<f64> = zeros("value", entries.value.len())?;
            value.iter_mut().zip(entries.value).for_each(|(s, v)| *s = v / scale);
            let mut weight = Vec::new();
            if hides {
                weight = zeros("weight", value.len())?;
                for (k, v) in value.iter_mut().enumerate() {
                    weight[k] = if v.is_nan() { 0.0 } else { entries.weight.map_or(1.0, |w| w[k]) };
                    *v = if v.is_nan() { 0.0 } else { *v };
                }
            }
            let weight = if hides { Some(&weight[..]) } else { entries.weight };
            let scaled = Entries { value: &value, weight, ..entries };
            read(scaled)?
        };
        if observations.is_empty() {
            return Err(Error::new(ErrorKind::Data, "entries")
                .expected("at least one, of weight above 0")
                .found("none"));
        }
        Ok(Self { observations: Arc::new(observations), scale, confidence: None, prior: Prior::default() })
    }

    /// As [`feedback`] has it.
    fn implicit(entries: Entries<'_>, settings: &Settings, control: &mut Control<'_>) -> Result<Self> {
        if entries.weight.is_some() {
            return Err(feedback::no_weights());
        }
        let (value, weight) =
            feedback::observed(entries.value, settings.confidence, settings.nan_is_missing)?;
        let weighted = Entries { value: &value, weight: Some(&weight), ..entries };
        let observations = arranged(weighted, settings, control)?;
        if observations.is_empty() {
            return Err(Error::new(ErrorKind::Data, "entries")
                .expected("at least one that is not 0")
                .found("none"));
        }
        let confidence = Some(settings.confidence);
        Ok(Self { observations: Arc::new(observations), scale: 1.0, confidence, prior: Prior::default() })
    }

    /// Prior means of the factor of a side, in the data's units: `rows x rank` (or `cols x rank`) numbers, row after
    /// row. The ridge then draws to them instead of 0: `ridge d_i^p |u_i - u0_i|^2`. Empty: none. They need a ridge
    /// above 0 and stay for all solves, whose rank must be theirs.
    ///
    /// Errors: a length that is not a multiple of the lines of the side, numbers that are not finite, no memory; then
    /// the old means stay.
    pub fn set_prior(&mut self, side: Side, means: &[f64]) -> Result<()> {
        let (name, lines) = match side {
            Side::Rows => ("prior of the rows", self.rows()),
            Side::Columns => ("prior of the columns", self.cols()),
        };
        let means = if means.is_empty() {
            None
        } else {
            Some(stored(name, means, lines, means.len() / lines, self.scale)?)
        };
        self.prior.set(side, means);
        Ok(())
    }

    /// The prior means; `None` where there are none.
    pub fn prior(&self) -> Option<&Prior<T>> {
        (!self.prior.is_none()).then_some(&self.prior)
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.observations.rows()
    }

    /// Columns of the matrix.
    pub fn cols(&self) -> usize {
        self.observations.cols()
    }

    /// The observations, in units of [`Problem::scale`].
    pub fn observations(&self) -> &Observations<T> {
        &self.observations
    }

    /// The observations, held together with the problem.
    pub fn shared(&self) -> Arc<Observations<T>> {
        self.observations.clone()
    }

    /// The problem of a model that was kept up to date, with its entries as they are now: what the next solve is of.
    /// Errors (`State`): a model without its entries; no memory.
    pub fn of_live(live: &Live<T>) -> Result<Self> {
        let confidence = match live.model().variant {
            Variant::AllPairs { confidence } => Some(confidence),
            _ => None,
        };
        let (observations, prior) = (live.observations()?, live.prior().cloned().unwrap_or_default());
        Ok(Self { observations, scale: live.model().scale, confidence, prior })
    }

    /// The problem with the prior means of another, in the same units. Errors: of another number of lines.
    pub(crate) fn with_prior_of(mut self, other: &Self) -> Result<Self> {
        for side in [Side::Rows, Side::Columns] {
            let (name, lines) = match side {
                Side::Rows => ("prior of the rows", self.rows()),
                Side::Columns => ("prior of the columns", self.cols()),
            };
            if let Some(means) = other.prior.of(side).filter(|means| means.rows() != lines) {
                return Err(Error::new(ErrorKind::Argument, name)
                    .expected(format!("{lines}, as many as there are now"))
                    .found(means.rows()));
            }
        }
        self.prior = other.prior.clone();
        Ok(self)
    }

    /// The confidence that the values were read with, where they are implicit feedback.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence
    }

    /// What values are divided by: a power of 4.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

/// The observations, arranged on as many threads as the settings say.
fn arranged<T: Real>(
    entries: Entries<'_>,
    settings: &Settings,
    control: &mut Control<'_>,
) -> Result<Observations<T>> {
    with_team(settings.threads, |team| Observations::arranged(entries, settings.repeats, team, control))?
}

/// The power of 4 nearest to the largest finite size; 1 where all are 0.
pub(super) fn scale_of(values: &[f64]) -> f64 {
    let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    let power = (largest.log2() / 2.0).round().clamp(-537.0, 511.0) as i32;
    2.0_f64.powi(power) * 2.0_f64.powi(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Family;

    #[test]
    fn the_scale_is_a_power_of_4_and_never_0() {
        for (largest, scale) in [(1.0, 1.0), (5.0, 4.0), (1e-3, 0.0009765625), (0.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(scale_of(&[largest, 0.0]), scale);
        }
        for v in [5e-324, 1e-310, 1e300, f64::MAX] {
            let scale = scale_of(&[v]);
            assert!(
                scale > 0.0 && scale.is_finite() && v / scale >= 0.5 && v / scale <= 4.0,
                "{v:e} {scale:e}"
            );
        }
    }

    #[test]
    fn values_that_are_not_numbers_may_be_missing() {
        let mut options = Options::new(Family::Altmin);
        let entries = Entries {
            rows: 2,
            cols: 2,
            row: &[0, 0, 1],
            col: &[0, 1, 1],
            value: &[1.0, f64::NAN, 3.0],
            weight: None,
        };
        let refused = Problem::<f64>::new(entries, &options, &mut Control::new()).unwrap_err();
        assert!(refused.to_string().contains("entry 1"), "{refused}");
        options.set_text("missing", "nan").unwrap();
        let problem = Problem::<f64>::new(entries, &options, &mut Control::new()).unwrap();
        assert_eq!(problem.observations().len(), 2);
        let none = Entries { value: &[f64::NAN; 3], ..entries };
        assert!(Problem::<f64>::new(none, &options, &mut Control::new()).is_err());
        let few = Entries { weight: Some(&[1.0; 2]), ..entries };
        let refused = Problem::<f64>::new(few, &options, &mut Control::new()).unwrap_err();
        assert!(refused.to_string().contains("weight.len"), "{refused}");
        let infinite = Entries { value: &[1.0, f64::INFINITY, 1.0], ..entries };
        assert!(Problem::<f64>::new(infinite, &options, &mut Control::new()).is_err());
    }
}
