//! The precisions that a completion is computed in: the large calls, compiled once for each of them. Generic functions
//! are compiled again by every program that calls them; through this trait they are calls into the library.

use super::alternation::{Alternation, Factors, Manner, Side, StepReport};
use super::model::Model;
use super::observations::{Entries, Observations, Repeats};
use super::path::{Grid, Path};
use super::portfolio::{Chosen, choose_in};
use super::problem::Problem;
use super::recovery::{Ends, Search};
use super::settings::Settings;
use super::solution::Solution;
use crate::numerics::real::Real;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Options, Result, Stop};

/// f64 or f32. Each function is that of its name without the trait, where its arguments are described.
pub trait Precision: Real {
    /// [`Observations::with_team`].
    fn observations(
        entries: Entries<'_>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Observations<Self>>;

    /// [`Problem::new`].
    fn problem(entries: Entries<'_>, options: &Options, control: &mut Control<'_>) -> Result<Problem<Self>>;

    /// [`solve`](super::solve()).
    fn solve(
        problem: &Problem<Self>,
        settings: &Settings,
        start: Option<&Model<Self>>,
        control: &mut Control<'_>,
    ) -> Result<Solution<Self>>;

    /// [`path`](super::path()).
    fn path(
        problem: &Problem<Self>,
        options: &Options,
        grid: Grid<'_>,
        start: Option<&Model<Self>>,
        control: &mut Control<'_>,
    ) -> Result<Path<Self>>;

    /// [`choose`](super::portfolio::choose).
    fn choose(
        observations: &Observations<Self>,
        rank: usize,
        searches: &[Search],
        ends: Ends,
        seed: u64,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Chosen<Self>, Stop>>;

    /// [`Alternation::half_step`].
    fn half_step(
        alternation: &Alternation<'_, Self>,
        factors: &mut Factors<Self>,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> std::result::Result<StepReport, Stop>;
}

macro_rules! precision {
    ($t:ty) => {
        impl Precision for $t {
            fn observations(
                entries: Entries<'_>,
                repeats: Repeats,
                team: &Team<'_>,
                control: &mut Control<'_>,
            ) -> Result<Observations<Self>> {
                Observations::arranged(entries, repeats, team, control)
            }

            fn problem(
                entries: Entries<'_>,
                options: &Options,
                control: &mut Control<'_>,
            ) -> Result<Problem<Self>> {
                Problem::of_entries(entries, options, control)
            }

            fn solve(
                problem: &Problem<Self>,
                settings: &Settings,
                start: Option<&Model<Self>>,
                control: &mut Control<'_>,
            ) -> Result<Solution<Self>> {
                super::solve::solve_begun(problem, settings, start, control)
            }

            fn path(
                problem: &Problem<Self>,
                options: &Options,
                grid: Grid<'_>,
                start: Option<&Model<Self>>,
                control: &mut Control<'_>,
            ) -> Result<Path<Self>> {
                super::path::path_in(problem, options, grid, start, control)
            }

            fn choose(
                observations: &Observations<Self>,
                rank: usize,
                searches: &[Search],
                ends: Ends,
                seed: u64,
                team: &Team<'_>,
                control: &mut Control<'_>,
            ) -> Result<std::result::Result<Chosen<Self>, Stop>> {
                choose_in(observations, rank, searches, ends, seed, team, control)
            }

            fn half_step(
                alternation: &Alternation<'_, Self>,
                factors: &mut Factors<Self>,
                side: Side,
                manner: Manner,
                control: &mut Control<'_>,
            ) -> std::result::Result<StepReport, Stop> {
                alternation.half(factors, side, manner, control)
            }
        }
    };
}
precision!(f64);
precision!(f32);
