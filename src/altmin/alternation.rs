//! The alternation: both half-steps in turn, each with its fixed factor in a good basis.
//!
//! 1. Orthonormalize `U` (or rotate it, where a ridge makes lengths matter); `V` moves along.
//! 2. `V` by the regressions of all columns.
//! 3. Orthonormalize `V`; `U` moves along.
//! 4. `U` by the regressions of all rows.

use super::basis::{orthonormalize_and_rotate, rotate};
use super::half_step::{Damping, HalfReport, HalfStep, Solver};
use super::observations::{Lines, Observations};
use super::precision::Precision;
use super::prior::Prior;
use super::regression::Accuracy;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// The two factors: the model is `U V'`.
#[derive(Debug, Clone)]
pub struct Factors<T> {
    /// One row for each row of the matrix.
    pub u: Tall<T>,
    /// One row for each column.
    pub v: Tall<T>,
}

/// Which factor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `U`: the regressions of the rows.
    Rows,
    /// `V`: the regressions of the columns.
    Columns,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Side::Rows => Side::Columns,
            Side::Columns => Side::Rows,
        }
    }
}

impl<T> Factors<T> {
    /// The factor that is fixed while `side` moves, and the one that moves.
    pub(super) fn fixed_and_moving(&mut self, side: Side) -> (&mut Tall<T>, &mut Tall<T>) {
        match side {
            Side::Rows => (&mut self.v, &mut self.u),
            Side::Columns => (&mut self.u, &mut self.v),
        }
    }

    /// Replaces entries by their sizes.
    pub(super) fn make_nonnegative(&mut self)
    where
        T: Real,
    {
        for factor in [&mut self.u, &mut self.v] {
            factor.data_mut().iter_mut().for_each(|x| *x = T::narrow(x.wide().abs()));
        }
    }

    /// `u_i'v_j`, summed in double precision.
    pub fn at(&self, i: usize, j: usize) -> f64
    where
        T: Real,
    {
        self.u.row(i).iter().zip(self.v.row(j)).map(|(u, v)| u.wide() * v.wide()).sum()
    }

    /// The factor of a side.
    pub fn of(&self, side: Side) -> &Tall<T> {
        match side {
            Side::Rows => &self.u,
            Side::Columns => &self.v,
        }
    }
}

/// How half-steps are done.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Whether the fixed factor is orthonormalized; otherwise it is rotated.
    pub orthonormal: bool,
    /// What is added to the squares; where the fixed factor is orthonormal, for its unit lengths.
    pub damping: Damping,
    /// When conjugate gradients on a row end.
    pub accuracy: Accuracy,
    /// How rows are solved.
    pub solver: Solver,
}

/// What a half-step found, with the basis that it worked in.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The regressions.
    pub half: HalfReport,
    /// The singular values that the fixed factor had before it was orthonormalized; empty where it was not.
    pub singular: Vec<f64>,
    /// `max_j |v_j|^2 n / k` of the orthonormal fixed factor, its incoherence; NaN where it is not orthonormal.
    pub incoherence: f64,
    /// The square of the change of the model on the observations, by the mean Gram of the fixed factor.
    pub moved: f64,
    /// The square of the model on the observations, by the same Gram.
    pub size: f64,
}

/// The basis of a half-step.
pub(super) struct FittedBasis {
    /// The diagonal of the mean Gram of the fixed factor, per observation.
    pub(super) curvature: Vec<f64>,
    singular: Vec<f64>,
    incoherence: f64,
}

impl FittedBasis {
    /// The report of a half-step that moved a factor from `before` to `after`.
    pub(super) fn report<T: Real>(
        self,
        half: HalfReport,
        lines: &Lines<T>,
        before: &Tall<T>,
        after: &Tall<T>,
    ) -> StepReport {
        let (mut moved, mut size) = (Sum::default(), Sum::default());
        for i in 0..after.rows() {
            let (mut move_i, mut size_i) = (0.0, 0.0);
            for ((b, a), c) in before.row(i).iter().zip(after.row(i)).zip(&self.curvature) {
                move_i += c * (a.wide() - b.wide()).powi(2);
                size_i += c * a.wide() * a.wide();
            }
            let d = lines.degree(i) as f64;
            moved.add(d * move_i);
            size.add(d * size_i);
        }
        StepReport {
            half,
            singular: self.singular,
            incoherence: self.incoherence,
            moved: moved.value(),
            size: size.value(),
        }
    }
}

/// The data of an alternation.
#[derive(Clone, Copy)]
pub struct Alternation<'a, T> {
    /// The observations.
    pub observations: &'a Observations<T>,
    /// The means that the ridge draws factors to; with them no factor is turned.
    pub prior: Option<&'a Prior<T>>,
    /// The threads.
    pub team: &'a Team<'a>,
}

impl<T: Real> Alternation<'_, T> {
    /// One half-step. On a stop the factors are of no use: one of them may be in its new basis, and the other not yet.
    pub fn half_step(
        &self,
        factors: &mut Factors<T>,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<StepReport, Stop>
    where
        T: Precision,
    {
        T::half_step(self, factors, side, manner, control)
    }

    /// The same for any kind of number.
    pub(super) fn half(
        &self,
        factors: &mut Factors<T>,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<StepReport, Stop> {
        let basis = self.fit_basis(factors, side, manner.orthonormal, control)?;
        let (fixed, moving) = factors.fixed_and_moving(side);
        let before = moving.clone();
        let half = HalfStep {
            lines: self.lines(side),
            fixed,
            curvature: &basis.curvature,
            shift: None,
            damping: manner.damping,
            prior: self.means(side),
            accuracy: manner.accuracy,
            solver: manner.solver,
        };
        let half = half.run(moving, self.team, control)?;
        Ok(basis.report(half, self.lines(side), &before, moving))
    }

    /// The means of the side that moves.
    pub(super) fn means(&self, side: Side) -> Option<&Tall<T>> {
        self.prior.and_then(|prior| prior.of(side))
    }

    /// The observations of the side that moves, line by line.
    pub(super) fn lines(&self, side: Side) -> &Lines<T> {
        self.observations.lines(side)
    }

    /// Brings the fixed factor into a basis for the regressions of `side`; the other one moves along. With prior means
    /// both stay.
    pub(super) fn fit_basis(
        &self,
        factors: &mut Factors<T>,
        side: Side,
        orthonormal: bool,
        control: &mut Control<'_>,
    ) -> Result<FittedBasis, Stop> {
        let others = self.lines(side.other());
        let (fixed, moving) = factors.fixed_and_moving(side);
        let observed = |j: usize| others.degree(j) as f64;
        let (singular, diagonal, incoherence) = if self.prior.is_some() {
            let gram = fixed.gram(observed, self.team, control)?;
            (Vec::new(), (0..gram.size()).map(|l| gram.at(l, l)).collect(), f64::NAN)
        } else if orthonormal {
            let (basis, diagonal) = orthonormalize_and_rotate(fixed, moving, observed, self.team, control)?;
            (basis.singular, diagonal, incoherence(fixed))
        } else {
            (Vec::new(), rotate(fixed, moving, observed, self.team, control)?, f64::NAN)
        };
        let total = self.observations.len().max(1) as f64;
        let curvature = diagonal.iter().map(|d| d / total).collect();
        Ok(FittedBasis { curvature, singular, incoherence })
    }

    /// Both half-steps: the columns' and then the rows'. The report is that of the last.
    pub fn sweep(
        &self,
        factors: &mut Factors<T>,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<StepReport, Stop> {
        self.half(factors, Side::Columns, manner, control)?;
        self.half(factors, Side::Rows, manner, control)
    }

    /// `sum w m^2` over the observations: what residuals are measured against.
    pub fn size(&self) -> f64 {
        self.size_beside(0.0)
    }

    /// `sum w (m - mean)^2`.
    pub fn size_beside(&self, mean: f64) -> f64 {
        let lines = self.observations.by_row();
        let squares = |i: usize| {
            let line = lines.line(i);
            let weight = |e: usize| line.weight.map_or(1.0, |w| w[e].wide());
            (0..line.index.len()).map(|e| weight(e) * (line.value[e].wide() - mean).powi(2)).sum::<f64>()
        };
        crate::numerics::sum::sum((0..lines.len()).map(squares))
    }
}

/// `max_j |v_j|^2 n / k`: 1 for a factor whose rows are alike, `n / k` for one with a spike.
pub fn incoherence<T: Real>(factor: &Tall<T>) -> f64 {
    let longest = (0..factor.rows())
        .map(|j| factor.row(j).iter().map(|v| v.wide() * v.wide()).sum::<f64>())
        .fold(0.0, f64::max);
    longest * factor.rows() as f64 / factor.cols().max(1) as f64
}
