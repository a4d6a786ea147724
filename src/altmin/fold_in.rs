//! Factors of new rows or columns with the other factor fixed: a half-step by factorizations, for every kind of model.

use super::alternation::Side;
use super::feedback;
use super::half_step::{HalfStep, Solver};
use super::loss::Loss;
use super::model::{Model, stored};
use super::observations::{Entries, Lines, Observations, Repeats};
use super::recovery::relative;
use super::regression::Accuracy;
use super::reweighting::Reweighting;
use super::sweeps::Variant;
use super::{all_pairs, nonnegative};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// Rounds in which new lines with a robust loss are weighed at most, and the first of them, by Huber's loss.
const ROUNDS: usize = 100;
const ROUNDS_HUBER: usize = 20;

impl<T: Real> Model<T> {
    /// Factors (and biases) of new rows or columns from their observations, with this model's other factor fixed: to
    /// the bit what a half-step by factorizations gives (of nonnegative factors: by coordinate descent from 0). For new
    /// rows `entries` has their number of rows and the model's columns; for new columns the other way around. Values
    /// are in the data's units, and of implicit feedback such as the model was fitted to.
    ///
    /// With a robust loss the lines are solved with weights that follow from their residuals, from squares by Huber's
    /// loss, until they are settled (at most 100 times); the scale is the model's.
    ///
    /// Errors: sizes that do not fit, weights beside implicit feedback, entries as [`Observations::new`] refuses them,
    /// a stop, no memory. Costs what a half-step of these lines costs; for implicit feedback also `n k^2` flops over
    /// all rows of the fixed factor.
    pub fn fold_in(
        &self,
        side: Side,
        entries: Entries<'_>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        self.fold_in_near(side, entries, None, repeats, team, control)
    }

    /// The same with prior means of the new lines, one after the other, `rank` numbers each in the data's units: a line
    /// without entries gets its mean. Errors: as [`Model::fold_in`]; another number of them, one that is not finite.
    pub fn fold_in_near(
        &self,
        side: Side,
        entries: Entries<'_>,
        means: Option<&[f64]>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let observations = self.observations_of(side, entries, repeats, control)?;
        let lines = observations.lines(side).len();
        let means = means.map(|means| stored("means", means, lines, self.rank(), self.scale)).transpose()?;
        let folded = self.folded(side, &observations, means.as_ref(), team, control)?;
        let mut model = self.clone();
        model.replace(side, folded);
        Ok(model)
    }

    /// Observations of lines of `side`, in the model's units. Errors: as [`Model::fold_in`].
    pub(super) fn observations_of(
        &self,
        side: Side,
        entries: Entries<'_>,
        repeats: Repeats,
        control: &mut Control<'_>,
    ) -> Result<Observations<T>> {
        let (name, found) = match side {
            Side::Rows => ("cols", entries.cols),
            Side::Columns => ("rows", entries.rows),
        };
        let expected = self.factors.of(side.other()).rows();
        if found != expected {
            return Err(Error::new(ErrorKind::Argument, name)
                .expected(format!("{expected}, as the model has"))
                .found(found));
        }
        if let Variant::AllPairs { confidence } = self.variant {
            if entries.weight.is_some() {
                return Err(feedback::no_weights());
            }
            if !matches!(repeats, Repeats::Error | Repeats::Last) {
                return Err(Error::new(ErrorKind::Argument, "repeats")
                    .expected("Error or Last for implicit feedback: add counts up first")
                    .found("another"));
            }
            let (value, weight) = feedback::observed(entries.value, confidence, false)?;
            let weighted = Entries { value: &value, weight: Some(&weight), ..entries };
            return Observations::arranged(weighted, repeats, &Team::solo(), control);
        }
        let mut value: Vec<f64> = zeros("value", entries.value.len())?;
        value.iter_mut().zip(entries.value).for_each(|(s, v)| *s = v / self.scale);
        Observations::arranged(Entries { value: &value, ..entries }, repeats, &Team::solo(), control)
    }

    /// The factors and biases of the lines of `side` of some observations, from nothing. Errors: a stop, no memory.
    pub(super) fn folded(
        &self,
        side: Side,
        observations: &Observations<T>,
        means: Option<&Tall<T>>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(Tall<T>, Vec<T>)> {
        let mut found = self.regression(side, observations, means, team, control)?;
        if self.loss == Loss::Squared || observations.is_empty() {
            return Ok(found);
        }
        let mut model = self.clone();
        let mut reweighting = Reweighting::new(observations)?;
        for round in 0..ROUNDS {
            model.replace(side, found.clone());
            let loss = if round < ROUNDS_HUBER { self.loss.straightened() } else { self.loss };
            reweighting.measure(&model.factors, &model.offsets, team, control)?;
            let seen = reweighting.weigh(loss, &model.factors, &model.offsets, team, control)?;
            if round > ROUNDS_HUBER && relative(seen.moved, seen.size) <= T::ROUNDING {
                break;
            }
            found = self.regression(side, reweighting.observations(), means, team, control)?;
        }
        Ok(found)
    }

    fn replace(&mut self, side: Side, (lines, biases): (Tall<T>, Vec<T>)) {
        match side {
            Side::Rows => (self.factors.u, self.offsets.row) = (lines, biases),
            Side::Columns => (self.factors.v, self.offsets.col) = (lines, biases),
        }
    }

    /// The factors and biases of the lines of `side` of some observations, by squares.
    fn regression(
        &self,
        side: Side,
        observations: &Observations<T>,
        means: Option<&Tall<T>>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(Tall<T>, Vec<T>)> {
        let fixed = self.factors.of(side.other());
        let lines = observations.lines(side);
        let k = self.rank();
        let mut folded = Tall::zeros(lines.len(), k)?;
        match self.variant {
            Variant::Plain { .. } if self.offsets.row.is_empty() => {
                let shift = self.shift_of(side)?;
                self.half(lines, fixed, &shift, means).run(&mut folded, team, control)?;
            }
            Variant::Plain { constant } => {
                let extended = super::offsets::with_column(fixed, |_| T::narrow(constant))?;
                let mut x = Tall::zeros(lines.len(), k + 1)?;
                let shift = self.shift_of(side)?;
                self.half(lines, &extended, &shift, means).run(&mut x, team, control)?;
                (0..lines.len()).for_each(|i| folded.row_mut(i).copy_from_slice(&x.row(i)[..k]));
                let mut biases: Vec<T> = zeros("bias", lines.len())?;
                biases
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, b)| *b = T::narrow(x.row(i)[k].wide() * constant));
                return Ok((folded, biases));
            }
            Variant::AllPairs { .. } => {
                let (accuracy, solver) = (Accuracy::ROUNDING, Solver::Direct);
                let pairs = all_pairs::Pairs { lines, ridge: self.damping.ridge, accuracy, solver, means };
                pairs.run(fixed, &mut folded, team, control)?;
            }
            Variant::Nonnegative => {
                let half = nonnegative::NonnegativeHalf {
                    lines,
                    fixed,
                    shift: self.offsets.mean,
                    damping: self.damping,
                    means,
                };
                half.run(&mut folded, team, control)?;
            }
        }
        Ok((folded, Vec::new()))
    }

    /// What is taken off the values of a line of `side` at each position: the mean, and the biases of the other side.
    fn shift_of(&self, side: Side) -> Result<Vec<T>> {
        let others = self.offsets.of(side.other());
        let mut shift: Vec<T> = zeros("shift", self.factors.of(side.other()).rows())?;
        for (j, s) in shift.iter_mut().enumerate() {
            *s = T::narrow(self.offsets.mean + others.get(j).map_or(0.0, |b| b.wide()));
        }
        Ok(shift)
    }

    fn half<'h>(
        &self,
        lines: &'h Lines<T>,
        fixed: &'h Tall<T>,
        shift: &'h [T],
        means: Option<&'h Tall<T>>,
    ) -> HalfStep<'h, T> {
        HalfStep {
            lines,
            fixed,
            curvature: &[],
            shift: Some(shift),
            damping: self.damping,
            prior: means,
            accuracy: Accuracy::ROUNDING,
            solver: Solver::Direct,
        }
    }
}
