//! Lines that run away are set aside.
//!
//! With few observations a single row (or column) can take a whole singular direction for itself: its factor grows
//! without bound, fits its own entries, and the direction is lost to all others. Every failed search from few entries
//! that was looked at had ended so, with one line at an incoherence near `n / k`. Such a line is left out of the search
//! with its entries, its factor set to 0, and comes back when the rest has been found: then its own observations
//! determine it.

use super::alternation::Factors;
use super::basis::orthonormalize;
use super::observations::Observations;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// A line this many times as incoherent as the mean has run away (a Gaussian factor's worst line is at about 4).
pub const RUN_AWAY: f64 = 10.0;
/// At most this share of the lines is set aside.
const MOST: f64 = 0.05;

/// Which lines are set aside.
#[derive(Debug, Clone)]
pub struct SetAside {
    rows: Vec<bool>,
    cols: Vec<bool>,
    count: usize,
}

impl SetAside {
    /// None yet.
    pub fn none(rows: usize, cols: usize) -> Self {
        Self { rows: vec![false; rows], cols: vec![false; cols], count: 0 }
    }

    /// Lines set aside.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether so many are set aside that something else is wrong.
    pub fn is_full(&self) -> bool {
        self.count as f64 > MOST * (self.rows.len() + self.cols.len()) as f64
    }

    /// The observations without those of the lines.
    pub fn rest<T: Real>(&self, observations: &Observations<T>) -> Result<Observations<T>> {
        observations.filtered(|i, j| !self.rows[i] && !self.cols[j])
    }

    /// Sets lines aside that have run away, and their factors to 0; gives how many.
    pub fn take<T: Real>(
        &mut self,
        factors: &mut Factors<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<usize, Stop> {
        let rows = take(&mut factors.u, &mut self.rows, team, control)?;
        let cols = take(&mut factors.v, &mut self.cols, team, control)?;
        self.count += rows + cols;
        Ok(rows + cols)
    }
}

fn take<T: Real>(
    factor: &mut Tall<T>,
    aside: &mut [bool],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> std::result::Result<usize, Stop> {
    let mut basis = factor.clone();
    orthonormalize(&mut basis, None, team, control)?;
    let limit = RUN_AWAY * factor.cols() as f64 / factor.rows() as f64;
    let mut count = 0;
    for (i, aside) in aside.iter_mut().enumerate() {
        if !*aside && basis.row(i).iter().map(|v| v.wide() * v.wide()).sum::<f64>() > limit {
            *aside = true;
            count += 1;
            factor.row_mut(i).fill(T::default());
        }
    }
    Ok(count)
}
