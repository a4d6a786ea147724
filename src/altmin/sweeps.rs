//! A sweep of a model with its offsets: the regressions of all columns, then those of all rows.

use super::alternation::{Alternation, Factors, Manner, Side, StepReport};
use super::offsets::{Offsets, with_column};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::{Control, Result, Stop};

/// What is special about the regressions of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Variant {
    /// Nothing, or biases beside the factors: the constant that a bias is the unknown of.
    Plain { constant: f64 },
    /// Entries that were not observed count as 0; what a feedback value adds to the weight 1 of its entry.
    AllPairs { confidence: f64 },
    /// Factors are not negative.
    Nonnegative,
}

impl Variant {
    /// The constant that a bias is the unknown of.
    pub(super) fn constant(self) -> f64 {
        match self {
            Variant::Plain { constant } => constant,
            _ => 1.0,
        }
    }
}

/// A model on its way, in the units of the problem.
#[derive(Debug, Clone)]
pub struct State<T> {
    /// The factors.
    pub factors: Factors<T>,
    /// Mean and biases.
    pub offsets: Offsets<T>,
}

/// What a sweep found.
#[derive(Debug, Clone)]
pub struct SweepReport {
    /// The half-step of the columns.
    pub columns: StepReport,
    /// That of the rows, the last.
    pub rows: StepReport,
    /// The change of the model relative to the model: the larger of the two half-steps.
    pub change: f64,
}

impl<T: Real> State<T> {
    /// The factor of the rows with their biases, where there are any, as one column more.
    pub(super) fn rows_with_biases(&self) -> Result<Tall<T>> {
        if self.offsets.row.is_empty() {
            return Ok(self.factors.u.clone());
        }
        with_column(&self.factors.u, |i| self.offsets.row[i])
    }

    /// One sweep. On a stop the state is of no use. Errors: no memory.
    pub fn sweep(
        &mut self,
        alternation: &Alternation<'_, T>,
        variant: Variant,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<SweepReport, Stop>> {
        let columns = match self.half(alternation, variant, Side::Columns, manner, control)? {
            Ok(report) => report,
            Err(stop) => return Ok(Err(stop)),
        };
        let rows = self.half(alternation, variant, Side::Rows, manner, control)?;
        Ok(rows.map(|rows| SweepReport::new(columns, rows)))
    }

    /// A half of it.
    pub fn half(
        &mut self,
        alternation: &Alternation<'_, T>,
        variant: Variant,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<StepReport, Stop>> {
        let Self { factors, offsets } = self;
        match variant {
            Variant::Plain { constant } => {
                alternation.half_step_beside(factors, offsets, constant, side, manner, control)
            }
            Variant::AllPairs { .. } => Ok(alternation.half_step_all_pairs(factors, side, manner, control)),
            Variant::Nonnegative => {
                Ok(alternation.half_step_nonnegative(factors, offsets.mean, side, manner, control))
            }
        }
    }
}

impl SweepReport {
    /// Of both halves.
    pub fn new(columns: StepReport, rows: StepReport) -> Self {
        let change = relative_change(&columns).max(relative_change(&rows));
        Self { columns, rows, change }
    }
}

/// `|change| / |model|`; 0 where the model is 0 and stays there.
fn relative_change(step: &StepReport) -> f64 {
    if step.moved == 0.0 { 0.0 } else { (step.moved / step.size.max(f64::MIN_POSITIVE)).sqrt() }
}
