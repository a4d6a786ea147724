//! Recovery from few entries (section 1.12 of the notes): plain alternation from the spectral start fails there, for a few
//! rows with few observations run away. Two ways that do not, and a choice between them by entries that were held out.
//!
//! * Annealed ridge at full rank: `lambda_t = p 0.1 gamma^t` on the rows, with the fixed factor orthonormal. Best where the
//!   singular values are alike.
//! * Rank continuation: one direction more at a time, the leading pair of the residual, and after each some sweeps with a
//!   proximal term that fades. Best where the singular values differ.

use super::alternation::{Alternation, Factors, Manner};
use super::half_step::{Damping, Solver};
use super::observations::Observations;
use super::regression::Accuracy;
use super::start::{SparseMatrix, check_rank, clip};
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

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
/// The first proximal weight of a continuation, times the share observed, and what is left of it after each sweep.
const PROXIMAL: f64 = 0.3;
const PROXIMAL_FADE: f64 = 0.95;

/// When a search ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Relative residual that is small enough.
    pub residual: f64,
    /// Sweeps at full rank.
    pub max_sweeps: usize,
    /// A residual that falls by less than this share in ten sweeps does not fall any more.
    pub progress: f64,
}

/// Sweeps without progress before a search ends.
const PATIENCE: usize = 10;

/// Where a search ended.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The factors.
    pub factors: Factors<T>,
    /// `sqrt(squares / size)` over the observations that it saw.
    pub residual: f64,
    /// Sweeps done.
    pub sweeps: usize,
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

macro_rules! stopped {
    ($e:expr) => {
        match $e {
            Ok(value) => value,
            Err(stop) => return Ok(Err(stop)),
        }
    };
}

impl<T: Real> Searcher<'_, T> {
    fn alternation(&self) -> Alternation<'_, T> {
        Alternation { observations: self.observations, team: self.team }
    }

    /// The share of the entries that is observed.
    fn share(&self) -> f64 {
        let cells = self.observations.rows() as f64 * self.observations.cols() as f64;
        self.observations.len() as f64 / cells.max(1.0)
    }

    /// Searches in one way. Errors: nothing is observed, a rank beyond the sizes, no memory. The inner result is of the control.
    pub fn run(
        &self,
        search: Search,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Found<T>, Stop>> {
        check_rank(self.rank, self.observations.rows(), self.observations.cols())?;
        if self.observations.is_empty() {
            return Err(Error::new(ErrorKind::Data, "entries").expected("at least one").found("none"));
        }
        match search {
            Search::Plain => {
                let factors = stopped!(self.spectral(control)?);
                Ok(self.finish(factors, ends, |_, _| Damping::default(), control))
            }
            Search::Annealed { fade } => {
                let factors = stopped!(self.spectral(control)?);
                let first = ANNEALED_RIDGE * self.share();
                let ridge = move |t: usize, residual: f64| {
                    let enough = (residual / ANNEALED_ENOUGH).min(1.0);
                    Damping { ridge: first * fade.powi(t as i32) * enough * enough, ..Damping::default() }
                };
                Ok(self.finish(factors, ends, ridge, control))
            }
            Search::Continuation { sweeps } => self.continuation(sweeps, ends, control),
        }
    }

    /// Plain alternation from given factors.
    pub fn polish(
        &self,
        factors: Factors<T>,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> std::result::Result<Found<T>, Stop> {
        self.finish(factors, ends, |_, _| Damping::default(), control)
    }

    /// The spectral start, cut back, as factors.
    fn spectral(&self, control: &mut Control<'_>) -> Result<std::result::Result<Factors<T>, Stop>> {
        let matrix = SparseMatrix::rescaled(self.observations, true);
        let mut start = stopped!(matrix.leading(self.rank, self.seed, self.team, control)?);
        stopped!(clip(&mut start.left, self.team, control));
        let (u, mut v): (Tall<T>, Tall<T>) = (stored(&start.left)?, stored(&start.right)?);
        for j in 0..v.rows() {
            for (v, s) in v.row_mut(j).iter_mut().zip(&start.singular) {
                *v = T::narrow(v.wide() * s);
            }
        }
        Ok(Ok(Factors { u, v }))
    }

    /// Sweeps until the residual is small enough or does not fall any more.
    fn finish(
        &self,
        mut factors: Factors<T>,
        ends: Ends,
        damping: impl Fn(usize, f64) -> Damping,
        control: &mut Control<'_>,
    ) -> std::result::Result<Found<T>, Stop> {
        let alternation = self.alternation();
        let size = alternation.size();
        let mut residual = 1.0;
        let mut best = f64::INFINITY;
        let mut idle = 0;
        let mut sweeps = 0;
        while sweeps < ends.max_sweeps {
            let damping = damping(sweeps, residual);
            let report = alternation.sweep(&mut factors, exact(damping), control)?;
            residual = relative(report.half.squares, size);
            sweeps += 1;
            if residual <= ends.residual {
                break;
            }
            // A ridge that still fades moves the goal.
            let still = damping.ridge > 0.0 && residual > ANNEALED_ENOUGH;
            if residual < (1.0 - ends.progress) * best || still {
                best = residual.min(best);
                idle = 0;
            } else {
                idle += 1;
                if idle >= PATIENCE {
                    break;
                }
            }
        }
        Ok(Found { factors, residual, sweeps })
    }

    fn continuation(
        &self,
        sweeps: usize,
        ends: Ends,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Found<T>, Stop>> {
        let (m, n) = (self.observations.rows(), self.observations.cols());
        let alternation = self.alternation();
        let size = alternation.size();
        let mut factors = Factors { u: Tall::zeros(m, 0)?, v: Tall::zeros(n, 0)? };
        for rank in 1..=self.rank {
            let residuals = self.observations.mapped(|i, j, value| value - entry(&factors, i, j))?;
            let leading = SparseMatrix::rescaled(&residuals, false);
            let pair =
                stopped!(leading.leading(1, self.seed.wrapping_add(rank as u64), self.team, control)?);
            factors = Factors {
                u: with_column(&factors.u, rank, |i| pair.left.row(i)[0])?,
                v: with_column(&factors.v, rank, |j| pair.right.row(j)[0] * pair.singular[0])?,
            };
            let mut residual = 1.0;
            for t in 0..sweeps {
                let proximal = PROXIMAL * self.share() * PROXIMAL_FADE.powi(t as i32);
                let damping = Damping { proximal, ..Damping::default() };
                let report = stopped!(alternation.sweep(&mut factors, exact(damping), control));
                residual = relative(report.half.squares, size);
                if residual <= ends.residual {
                    break;
                }
            }
            if residual <= ends.residual {
                // The rank is lower than was asked for.
                break;
            }
        }
        if factors.u.cols() < self.rank {
            let rank = self.rank;
            factors = Factors { u: padded(&factors.u, rank)?, v: padded(&factors.v, rank)? };
        }
        Ok(self.finish(factors, ends, |_, _| Damping::default(), control))
    }
}

/// Factors to start plain alternation from: the leading singular vectors of the rescaled observations, cut back, with the roots
/// of the singular values on both sides, so that a ridge meets factors of its own size. Errors: as [`Searcher::run`].
pub fn start_from<T: Real>(
    observations: &Observations<T>,
    rank: usize,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Factors<T>, Stop>> {
    let matrix = SparseMatrix::rescaled(observations, true);
    let mut start = stopped!(matrix.leading(rank, seed, team, control)?);
    stopped!(clip(&mut start.left, team, control));
    let mut factors: Factors<T> = Factors { u: stored(&start.left)?, v: stored(&start.right)? };
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

/// `u_i'v_j`.
pub fn entry<T: Real>(factors: &Factors<T>, i: usize, j: usize) -> f64 {
    factors.u.row(i).iter().zip(factors.v.row(j)).map(|(u, v)| u.wide() * v.wide()).sum()
}

fn stored<T: Real>(factor: &Tall<f64>) -> Result<Tall<T>> {
    let mut out = Tall::zeros(factor.rows(), factor.cols())?;
    for i in 0..factor.rows() {
        out.row_mut(i).iter_mut().zip(factor.row(i)).for_each(|(o, v)| *o = T::narrow(*v));
    }
    Ok(out)
}

fn with_column<T: Real>(factor: &Tall<T>, cols: usize, last: impl Fn(usize) -> f64) -> Result<Tall<T>> {
    let mut out = padded(factor, cols)?;
    for i in 0..factor.rows() {
        out.row_mut(i)[cols - 1] = T::narrow(last(i));
    }
    Ok(out)
}

/// With columns of zeros after its own.
fn padded<T: Real>(factor: &Tall<T>, cols: usize) -> Result<Tall<T>> {
    let mut out = Tall::zeros(factor.rows(), cols)?;
    for i in 0..factor.rows() {
        out.row_mut(i)[..factor.cols()].copy_from_slice(factor.row(i));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
