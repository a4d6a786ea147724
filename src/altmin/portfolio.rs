//! The portfolio (section 1.12, C): several searches, and a choice by what was observed.
//!
//! 1. Searches run on all observations, for with few of them none can be spared. A search that fits them to rounding
//!    has found the matrix, as far as they determine one: there are more equations than unknowns. A search that has
//!    come near goes on at once; the others wait until all have been tried, and go on in the order of their residuals.
//! 2. Without an exact fit (noise, or a rank that is too low) two searches that came to one and the same residual, the
//!    least of all, are believed too.
//! 3. Otherwise they run again on most of the observations, the rest decides, and a last alternation uses all.

use super::observations::Observations;
use super::precision::Precision;
use super::recovery::{Ends, Found, Search, Searcher};
use super::sampling;
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// One observation in this many is held out.
const HELD_OUT: usize = 20;
/// A held-out error (relative) that no other search needs to beat.
const CONVINCING: f64 = 1e-5;
/// A residual (relative) that is an exact fit, also where a smaller one was asked for; and in units of rounding.
const EXACT: f64 = 1e-8;
const EXACT_ROUNDINGS: f64 = 256.0;
/// From this relative residual a search goes on at once.
const NEAR: f64 = 2e-2;
/// Residuals that differ by less than this share are those of one minimum.
const SAME: f64 = 1e-5;

/// What a portfolio found.
#[derive(Debug, Clone)]
pub struct Chosen<T> {
    /// Where the search, or the last alternation, ended.
    pub found: Found<T>,
    /// The search that was chosen.
    pub search: Search,
    /// The relative error of each search on the observations that it did not see; empty where none had to be held out.
    pub held_out: Vec<(Search, f64)>,
}

/// The default searches: rank continuation with short and long visits to each rank, and the annealed ridge.
pub const SEARCHES: [Search; 4] = [
    Search::Continuation { sweeps: 40 },
    Search::Annealed { fade: 0.99 },
    Search::Continuation { sweeps: 100 },
    Search::Annealed { fade: 0.98 },
];

/// Runs `searches` in turn, until one is convincing. Errors: no search, and as [`Searcher::run`].
pub fn choose<T: Precision>(
    observations: &Observations<T>,
    rank: usize,
    searches: &[Search],
    ends: Ends,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Chosen<T>, Stop>> {
    T::choose(observations, rank, searches, ends, seed, team, control)
}

/// The same for any kind of number.
pub(super) fn choose_in<T: Real>(
    observations: &Observations<T>,
    rank: usize,
    searches: &[Search],
    ends: Ends,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Chosen<T>, Stop>> {
    let exact = ends.residual.max(EXACT).max(EXACT_ROUNDINGS * T::ROUNDING);
    let searcher = Searcher { observations, rank, seed, team };
    let mut waiting = Vec::new();
    let mut settled = Settled { exact, found: Vec::new() };
    for &search in searches {
        let rough = stopped!(searcher.rough(search, ends, control)?);
        if rough.found.residual > NEAR {
            waiting.push((search, rough));
            continue;
        }
        let found = stopped!(searcher.settle(rough, ends, control)?);
        if let Some(chosen) = settled.add(search, found) {
            return Ok(Ok(chosen));
        }
    }
    waiting.sort_by(|a, b| a.1.found.residual.total_cmp(&b.1.found.residual));
    for (search, rough) in waiting {
        let found = stopped!(searcher.settle(rough, ends, control)?);
        if let Some(chosen) = settled.add(search, found) {
            return Ok(Ok(chosen));
        }
    }
    validated(&searcher, searches, ends, control)
}

/// Searches on all observations that came to their ends.
struct Settled<T> {
    /// A residual that is an exact fit.
    exact: f64,
    found: Vec<(Search, Found<T>)>,
}

impl<T: Real> Settled<T> {
    /// Adds one; gives the best if it is convincing: an exact fit, or another came to the same residual.
    fn add(&mut self, search: Search, found: Found<T>) -> Option<Chosen<T>> {
        self.found.push((search, found));
        let best = self.found.iter().min_by(|a, b| a.1.residual.total_cmp(&b.1.residual))?;
        let limit = (1.0 + SAME) * best.1.residual;
        let alike = self.found.iter().filter(|f| f.1.residual <= limit).count();
        (alike > 1 || best.1.residual <= self.exact).then(|| Chosen {
            found: best.1.clone(),
            search: best.0,
            held_out: Vec::new(),
        })
    }
}

/// The choice by observations that were held out.
fn validated<T: Real>(
    searcher: &Searcher<'_, T>,
    searches: &[Search],
    ends: Ends,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Chosen<T>, Stop>> {
    let seed = sampling::apart(searcher.seed, 2);
    let held = |i: usize, j: usize| sampling::part(seed, HELD_OUT, i, j) == 0;
    let seen = searcher.observations.filtered(|i, j| !held(i, j))?;
    let rest = searcher.observations.filtered(held)?;
    // Of very few observations all may be held out: then there is nothing to choose by.
    let sight = if seen.is_empty() { searcher.observations } else { &seen };
    let mut best: Option<(f64, Search, Found<T>)> = None;
    let mut held_out = Vec::new();
    for &search in searches {
        let partial = Searcher { observations: sight, ..*searcher };
        let found = stopped!(partial.run(search, ends, control)?);
        let error = relative_error(&rest, &found);
        held_out.push((search, error));
        if best.as_ref().is_none_or(|b| error < b.0) {
            best = Some((error, search, found));
        }
        if error <= CONVINCING {
            break;
        }
    }
    let Some((_, search, found)) = best else {
        return Err(Error::new(ErrorKind::Argument, "searches").expected("at least one").found("none"));
    };
    let found = stopped!(searcher.polish(found.factors, ends, control)?);
    Ok(Ok(Chosen { found, search, held_out }))
}

/// `|m - u'v| / |m|` over observations.
fn relative_error<T: Real>(observations: &Observations<T>, found: &Found<T>) -> f64 {
    let (mut off, mut size) = (0.0, 0.0);
    for i in 0..observations.rows() {
        let line = observations.by_row().line(i);
        for (&j, value) in line.index.iter().zip(line.value) {
            off += (value.wide() - found.factors.at(i, j as usize)).powi(2);
            size += value.wide() * value.wide();
        }
    }
    if size > 0.0 { (off / size).sqrt() } else { 0.0 }
}
