//! Recovery from few entries: plain alternation from the spectral start fails there, for a few
//! rows with few observations run away. A search has two parts.
//!
//! The rough part comes near by alternation:
//!
//! * Annealed ridge at full rank: `lambda_t = p 0.1 gamma^t` on the rows, with the fixed factor orthonormal. Best where
//!   the singular values are alike.
//! * Rank continuation: one direction more at a time, the leading pair of the residual, and after each some sweeps with
//!   a proximal term that fades. Best where the singular values differ. Lines that run away are set aside.
//!
//! The rest is done by Gauss-Newton steps, which also set aside what runs away; last, on all observations.

use super::alternation::{Alternation, Factors, Manner};
use super::gauss_newton::{End, GaussNewton, Rules, narrowed};
use super::half_step::{Damping, Solver};
use super::observations::Observations;
use super::regression::Accuracy;
use super::set_aside::{RUN_AWAY, SetAside};
use super::start::{DEPTH, SHALLOW, SparseMatrix, check_rank, clip};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Phase, Result, Stop};

/// How a factorization is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// Plain alternation from the spectral start.
    Plain,
    /// A ridge that fades by `fade` with each sweep.
    Annealed { fade: f64 },
    /// One direction more at a time, with `sweeps` sweeps after each.
    Continuation { sweeps: usize },
}

impl std::fmt::Display for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Search::Plain => f.write_str("plain"),
            Search::Annealed { fade } => write!(f, "annealed, fading by {fade}"),
            Search::Continuation { sweeps } => write!(f, "continuation, {sweeps} sweeps for each rank"),
        }
    }
}

/// The first ridge of an annealed search, times the share of entries that are observed.
const ANNEALED_RIDGE: f64 = 0.1;
/// From this relative residual on the ridge falls with its square.
const ANNEALED_ENOUGH: f64 = 1e-2;
/// What is left of a ridge that has faded.
const ANNEALED_FADED: f64 = 0.05;
/// The first proximal weight of a continuation, times the share observed, and what is left of it after each sweep.
const PROXIMAL: f64 = 0.3;
const PROXIMAL_FADE: f64 = 0.95;

/// A residual that keeps more than this share in a sweep, so many times in a row, is left to Gauss-Newton steps.
const SLOW: f64 = 0.9;
const PATIENCE: usize = 5;
/// The first damping of Gauss-Newton steps, and that of the last ones, which start nearby.
const DAMPING: f64 = 1e-2;
const LAST_DAMPING: f64 = 1e-4;
/// Gauss-Newton steps.
const MAX_STEPS: usize = 40;
/// Sweeps, and their proximal weight, when lines come back that were set aside.
const RETURN_SWEEPS: usize = 3;
const RETURN_PROXIMAL: f64 = 1e-6;

/// When a search ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Relative residual that is small enough.
    pub residual: f64,
    /// Sweeps at full rank.
    pub max_sweeps: usize,
    /// Gauss-Newton steps whose squares fall by less than this share are slow, and ten in a row the last.
    pub progress: f64,
}

/// Where a search ended.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The factors.
    pub factors: Factors<T>,
    /// `sqrt(squares / size)` over the observations that it saw.
    pub residual: f64,
    /// Sweeps and Gauss-Newton steps done.
    pub sweeps: usize,
}

/// What the rough part of a search found.
#[derive(Debug, Clone)]
pub struct Rough<T> {
    /// Where it ended; the residual is over what is not set aside.
    pub found: Found<T>,
    /// What is set aside.
    aside: SetAside,
}

/// The data of a search.
pub struct Searcher<'a, T> {
    /// What may be looked at.
    pub observations: &'a Observations<T>,
    /// The rank.
    pub rank: usize,
    /// The seed.
    pub seed: u64,
    /// The threads.
    pub team: &'a Team<'a>,
}

impl<T: Real> Searcher<'_, T> {
    fn alternation(&self) -> Alternation<'_, T> {
        Alternation { observations: self.observations, prior: None, team: self.team }
    }

    /// Searches in one way: both parts. Errors: nothing is observed, a rank beyond the sizes, no memory. The inner
    /// result is of the control.
    pub fn run(
        &self,
        search: Search,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Found<T>, Stop>> {
        let rough = stopped!(self.rough(search, ends, control)?);
        self.settle(rough, ends, control)
    }

    /// The first part of a search, by alternation. Errors: as [`Searcher::run`].
    pub fn rough(
        &self,
        search: Search,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Rough<T>, Stop>> {
        check_rank(self.rank, self.observations.rows(), self.observations.cols())?;
        if self.observations.is_empty() {
            return Err(Error::new(ErrorKind::Data, "entries").expected("at least one").found("none"));
        }
        let found = match search {
            Search::Plain => {
                let factors = stopped!(self.spectral(control)?);
                self.alternate(factors, ends, control)
            }
            Search::Annealed { fade } => {
                let factors = stopped!(self.spectral(control)?);
                self.annealed(factors, fade, ends, control)
            }
            Search::Continuation { sweeps } => return self.continuation(sweeps, ends, control),
        };
        let aside = SetAside::none(self.observations.rows(), self.observations.cols());
        Ok(found.map(|found| Rough { found, aside }))
    }

    /// The second part: Gauss-Newton steps, on what is not set aside, then on all observations. Errors: no memory.
    pub fn settle(
        &self,
        rough: Rough<T>,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Found<T>, Stop>> {
        let Rough { mut found, mut aside } = rough;
        let rules = |damping: f64, incoherence: f64| Rules {
            residual: ends.residual,
            damping,
            max_steps: MAX_STEPS,
            progress: ends.progress,
            incoherence,
        };
        if aside.count() == 0 && found.residual <= ends.residual {
            return Ok(Ok(found));
        }
        loop {
            let rest;
            let observations = if aside.count() == 0 {
                self.observations
            } else {
                rest = aside.rest(self.observations)?;
                &rest
            };
            let newton = GaussNewton { observations, team: self.team };
            let arrived = stopped!(newton.run(&found.factors, rules(DAMPING, RUN_AWAY), control)?);
            found.factors = arrived.factors;
            found.residual = arrived.residual;
            found.sweeps += arrived.steps;
            if arrived.end != End::RanAway || aside.is_full() {
                break;
            }
            if stopped!(aside.take(&mut found.factors, self.team, control)) == 0 {
                break;
            }
        }
        if aside.count() > 0 {
            let proximal = RETURN_PROXIMAL * self.observations.share();
            let damping = Damping { proximal, ..Damping::default() };
            for _ in 0..RETURN_SWEEPS {
                stopped!(self.alternation().sweep(&mut found.factors, exact(damping), control));
                found.sweeps += 1;
            }
            let newton = GaussNewton { observations: self.observations, team: self.team };
            let arrived =
                stopped!(newton.run(&found.factors, rules(LAST_DAMPING, f64::INFINITY), control)?);
            found.factors = arrived.factors;
            found.residual = arrived.residual;
            found.sweeps += arrived.steps;
        }
        Ok(Ok(found))
    }

    /// From given factors to the nearest minimum: alternation while it is fast, then Gauss-Newton steps.
    pub fn polish(
        &self,
        factors: Factors<T>,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Found<T>, Stop>> {
        let found = stopped!(self.alternate(factors, ends, control));
        let aside = SetAside::none(self.observations.rows(), self.observations.cols());
        self.settle(Rough { found, aside }, ends, control)
    }

    /// The spectral start, cut back, as factors.
    fn spectral(&self, control: &mut Control<'_>) -> Result<std::result::Result<Factors<T>, Stop>> {
        let matrix = SparseMatrix::rescaled(self.observations, true);
        let mut start = stopped!(matrix.leading(self.rank, DEPTH, self.seed, self.team, control)?);
        stopped!(clip(&mut start.left, self.team, control));
        let (u, mut v): (Tall<T>, Tall<T>) = (narrowed(&start.left)?, narrowed(&start.right)?);
        for j in 0..v.rows() {
            for (v, s) in v.row_mut(j).iter_mut().zip(&start.singular) {
                *v = T::narrow(v.wide() * s);
            }
        }
        Ok(Ok(Factors { u, v }))
    }

    /// Plain sweeps until the residual is small enough or falls slowly.
    fn alternate(
        &self,
        mut factors: Factors<T>,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> std::result::Result<Found<T>, Stop> {
        let alternation = self.alternation();
        let size = alternation.size();
        let (mut residual, mut sweeps, mut slow) = (1.0, 0, 0);
        while sweeps < ends.max_sweeps && residual > ends.residual && slow < PATIENCE {
            let report = alternation.sweep(&mut factors, exact(Damping::default()), control)?;
            let last = std::mem::replace(&mut residual, relative(report.half.squares, size));
            slow = if residual > SLOW * last { slow + 1 } else { 0 };
            sweeps += 1;
            control.tell(Phase::Setup, sweeps as u64, f64::NAN, residual);
            control.poll()?;
        }
        Ok(Found { factors, residual, sweeps })
    }

    /// Sweeps with a ridge that fades, until it has.
    fn annealed(
        &self,
        mut factors: Factors<T>,
        fade: f64,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> std::result::Result<Found<T>, Stop> {
        let alternation = self.alternation();
        let size = alternation.size();
        let (mut residual, mut sweeps, mut left) = (1.0, 0, 1.0);
        while sweeps < ends.max_sweeps && residual > ends.residual && left > ANNEALED_FADED {
            let enough = (residual / ANNEALED_ENOUGH).min(1.0);
            let ridge = ANNEALED_RIDGE * self.observations.share() * left * enough * enough;
            let damping = Damping { ridge, ..Damping::default() };
            let report = alternation.sweep(&mut factors, exact(damping), control)?;
            residual = relative(report.half.squares, size);
            left *= fade;
            sweeps += 1;
            control.tell(Phase::Setup, sweeps as u64, f64::NAN, residual);
            control.poll()?;
        }
        Ok(Found { factors, residual, sweeps })
    }

    fn continuation(
        &self,
        sweeps: usize,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Rough<T>, Stop>> {
        let (m, n) = (self.observations.rows(), self.observations.cols());
        let mut rest = None;
        let mut aside = SetAside::none(m, n);
        let mut found = Found {
            factors: Factors { u: Tall::zeros(m, 0)?, v: Tall::zeros(n, 0)? },
            residual: 1.0,
            sweeps: 0,
        };
        for rank in 1..=self.rank {
            let observations = rest.as_ref().unwrap_or(self.observations);
            let alternation = Alternation { observations, prior: None, team: self.team };
            let size = alternation.size();
            let residuals = observations.mapped(|i, j, value| value - found.factors.at(i, j))?;
            let leading = SparseMatrix::rescaled(&residuals, false);
            let pair = stopped!(leading.leading(
                1,
                DEPTH,
                self.seed.wrapping_add(rank as u64),
                self.team,
                control
            )?);
            found.factors = Factors {
                u: with_last(&found.factors.u, rank, |i| pair.left.row(i)[0])?,
                v: with_last(&found.factors.v, rank, |j| pair.right.row(j)[0] * pair.singular[0])?,
            };
            for t in 0..sweeps {
                let proximal = PROXIMAL * self.observations.share() * PROXIMAL_FADE.powi(t as i32);
                let damping = Damping { proximal, ..Damping::default() };
                let report = stopped!(alternation.sweep(&mut found.factors, exact(damping), control));
                found.residual = relative(report.half.squares, size);
                found.sweeps += 1;
                control.tell(Phase::Setup, found.sweeps as u64, f64::NAN, found.residual);
                stopped!(control.poll());
                if found.residual <= ends.residual {
                    break;
                }
            }
            if found.residual <= ends.residual {
                // The rank is lower than was asked for.
                break;
            }
            // A single direction may well be that of few lines.
            if rank > 1
                && !aside.is_full()
                && stopped!(aside.take(&mut found.factors, self.team, control)) > 0
            {
                rest = Some(aside.rest(self.observations)?);
            }
        }
        if found.factors.u.cols() < self.rank {
            let rank = self.rank;
            found.factors = Factors { u: found.factors.u.widened(rank)?, v: found.factors.v.widened(rank)? };
        }
        Ok(Ok(Rough { found, aside }))
    }
}

/// Factors to start plain alternation from: the leading singular vectors of the rescaled observations, cut back, with
/// the roots of the singular values on both sides, so that a ridge meets factors of its own size. Errors: as
/// [`Searcher::run`].
pub fn start_from<T: Real>(
    observations: &Observations<T>,
    rank: usize,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Factors<T>, Stop>> {
    let matrix = SparseMatrix::rescaled(observations, true);
    let mut start = stopped!(matrix.leading(rank, SHALLOW, seed, team, control)?);
    stopped!(clip(&mut start.left, team, control));
    let mut factors: Factors<T> = Factors { u: narrowed(&start.left)?, v: narrowed(&start.right)? };
    for factor in [&mut factors.u, &mut factors.v] {
        for i in 0..factor.rows() {
            for (x, s) in factor.row_mut(i).iter_mut().zip(&start.singular) {
                *x = T::narrow(x.wide() * s.sqrt());
            }
        }
    }
    Ok(Ok(factors))
}

/// Half-steps to rounding.
fn exact(damping: Damping) -> Manner {
    Manner { orthonormal: true, damping, accuracy: Accuracy::ROUNDING, solver: Solver::Direct }
}

/// `sqrt(squares / size)`, 0 where there is nothing to fit.
pub fn relative(squares: f64, size: f64) -> f64 {
    if size > 0.0 { (squares / size).sqrt() } else { 0.0 }
}

/// With columns of zeros after its own, and then the last.
fn with_last<T: Real>(factor: &Tall<T>, cols: usize, last: impl Fn(usize) -> f64) -> Result<Tall<T>> {
    let mut out = factor.widened(cols)?;
    (0..out.rows()).for_each(|i| out.row_mut(i)[cols - 1] = T::narrow(last(i)));
    Ok(out)
}

#[cfg(test)]
mod tests;
