//! A path: the same problem for falling strengths, each solve carried on from the one before.

use super::failure::Failure;
use super::option_flags::Chosen;
use super::progress::Line;
use southwell::bcd::{self, Grid, Problem, Solution, Start};

/// Solves for `count` strengths from lambda_max down to the one that is chosen.
///
/// The time limit is that of the whole path; a path that is stopped ends where it is, perhaps before its first point.
pub fn solve(
    problem: &Problem<'_>,
    chosen: &Chosen,
    count: u32,
    start: Option<Start<'_>>,
    line: &mut Line,
) -> Result<Vec<Solution>, Failure> {
    line.say("path");
    let grid = Grid::spaced(count as usize);
    Ok(bcd::path(problem, &chosen.options()?, &grid, start, &mut line.control())?.points)
}
