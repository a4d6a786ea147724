//! The portfolio (section 1.12, C): several searches on most of the observations, the choice by the rest, and a last
//! alternation on all of them.

use super::observations::Observations;
use super::recovery::{Ends, Found, Search, Searcher, entry};
use super::sampling;
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// One observation in this many is held out.
const HELD_OUT: usize = 20;
/// A held-out error (relative) that no other search needs to beat.
const CONVINCING: f64 = 1e-5;

/// What a portfolio found.
#[derive(Debug, Clone)]
pub struct Chosen<T> {
    /// Where the last alternation ended.
    pub found: Found<T>,
    /// The search that was chosen.
    pub search: Search,
    /// The relative error of each search on the observations that it did not see.
    pub held_out: Vec<(Search, f64)>,
}

/// The default searches: rank continuation with short and long visits to each rank, and the annealed ridge.
pub const SEARCHES: [Search; 3] = [
    Search::Continuation { sweeps: 40 },
    Search::Annealed { fade: 0.98 },
    Search::Continuation { sweeps: 100 },
];

/// Runs `searches` in turn, until one is convincing. Errors: no search, and as [`Searcher::run`].
pub fn choose<T: Real>(
    observations: &Observations<T>,
    rank: usize,
    searches: &[Search],
    ends: Ends,
    seed: u64,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Chosen<T>, Stop>> {
    let held = |i: usize, j: usize| sampling::part(seed, HELD_OUT, i, j) == 0;
    let seen = observations.filtered(|i, j| !held(i, j))?;
    let rest = observations.filtered(held)?;
    let mut best: Option<(f64, Search, Found<T>)> = None;
    let mut held_out = Vec::new();
    for &search in searches {
        let searcher = Searcher { observations: &seen, rank, seed, team };
        let found = match searcher.run(search, ends, control)? {
            Ok(found) => found,
            Err(stop) => return Ok(Err(stop)),
        };
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
    let searcher = Searcher { observations, rank, seed, team };
    let polished = match searcher.polish(found.factors, ends, control) {
        Ok(found) => found,
        Err(stop) => return Ok(Err(stop)),
    };
    Ok(Ok(Chosen { found: polished, search, held_out }))
}

/// `|m - u'v| / |m|` over observations.
fn relative_error<T: Real>(observations: &Observations<T>, found: &Found<T>) -> f64 {
    let (mut off, mut size) = (0.0, 0.0);
    for i in 0..observations.rows() {
        let line = observations.by_row().line(i);
        for (&j, value) in line.index.iter().zip(line.value) {
            off += (value.wide() - entry(&found.factors, i, j as usize)).powi(2);
            size += value.wide() * value.wide();
        }
    }
    if size > 0.0 { (off / size).sqrt() } else { 0.0 }
}
