//! Prior means: what factors are drawn to by the ridge, `ridge d_i^p |u_i - u0_i|^2` instead of `ridge d_i^p |u_i|^2`.
//! Side information comes in so: `U0 = X B` for features `X` of the rows.
//!
//! The penalty does not see a rotation of `U` and `V` together with their means; means that are given fix the basis. So
//! factors with means are never turned: they are in the basis of their means from the start on.

use super::alternation::{Factors, Side};
use super::basis::nearest_rotation;
use super::observations::Observations;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// The means of the factors, in the units of a problem; without them a side has means of 0.
#[derive(Debug, Clone)]
pub struct Prior<T> {
    rows: Option<Tall<T>>,
    cols: Option<Tall<T>>,
}

impl<T> Default for Prior<T> {
    fn default() -> Self {
        Self { rows: None, cols: None }
    }
}

impl<T: Real> Prior<T> {
    /// The means of a side.
    pub fn of(&self, side: Side) -> Option<&Tall<T>> {
        match side {
            Side::Rows => self.rows.as_ref(),
            Side::Columns => self.cols.as_ref(),
        }
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.rows.is_none() && self.cols.is_none()
    }

    pub(super) fn set(&mut self, side: Side, means: Option<Tall<T>>) {
        match side {
            Side::Rows => self.rows = means,
            Side::Columns => self.cols = means,
        }
    }

    /// Refuses means of another rank than the model's.
    pub(super) fn check_rank(&self, rank: usize) -> Result<()> {
        for (side, name) in [(Side::Rows, "prior of the rows"), (Side::Columns, "prior of the columns")] {
            if let Some(means) = self.of(side).filter(|means| means.cols() != rank) {
                return Err(Error::new(ErrorKind::Argument, name)
                    .expected(format!("means of the rank of the model, {rank}"))
                    .found(means.cols()));
            }
        }
        Ok(())
    }

    /// Turns the factors of a start to lie as near to the means as they can; lines of fewer entries than the rank start
    /// at their means. Costs `(m + n) k^2` flops, twice.
    pub(super) fn align(
        &self,
        factors: &mut Factors<T>,
        observations: &Observations<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<(), Stop> {
        let mut product: Option<Square> = None;
        for side in [Side::Rows, Side::Columns] {
            let Some(means) = self.of(side) else { continue };
            let mut of_side = factors.of(side).product(means, |_| 1.0, team, control)?;
            if let Some(mut other) = product {
                let terms = of_side.data_mut().iter_mut().zip(Square::data_mut(&mut other));
                terms.for_each(|(a, b)| *a += *b);
            }
            product = Some(of_side);
        }
        let Some(product) = product else { return Ok(()) };
        let turn = nearest_rotation(&product);
        factors.u.transform(&turn, team, control)?;
        factors.v.transform(&turn, team, control)?;
        for side in [Side::Rows, Side::Columns] {
            let Some(means) = self.of(side) else { continue };
            let lines = observations.lines(side);
            let (_, moving) = factors.fixed_and_moving(side);
            for i in (0..lines.len()).filter(|&i| lines.degree(i) < means.cols()) {
                moving.row_mut(i).copy_from_slice(means.row(i));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
