//! How the time of alternating minimization grows (experiment E7): with inexact
//! regressions as `|Omega| k` times the passes over the observations, with exact ones as `|Omega| k^2`.

use super::{Extent, Failure, Line as Progress};
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::output;
use southwell::altmin::alternation::{Alternation, Factors, Manner, Side};
use southwell::altmin::half_step::{Damping, Solver};
use southwell::altmin::observations::{Entries, Observations, Repeats};
use southwell::altmin::regression::Accuracy;
use southwell::numerics::tall::Tall;
use southwell::runtime::parallel::{Team, with_team};
use southwell::runtime::rng::{Purpose, Stream};
use southwell::runtime::{Control, Result};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "altmin-scaling";
pub const TITLE: &str = "Time of an outer iteration over the rank and over the observations";

/// What is run.
struct Plan {
    /// Rows, and columns.
    size: usize,
    /// Observations where the rank grows, and the ranks.
    observed: usize,
    ranks: [usize; 4],
    /// The rank where the observations grow, and their numbers.
    rank: usize,
    grown: [usize; 4],
    /// Outer iterations that are timed after a first one. The one of the median time counts: they differ in inner steps.
    timed: u64,
}

const FULL: Plan = Plan {
    size: 10_000,
    observed: 20_000_000,
    ranks: [64, 128, 256, 512],
    rank: 64,
    grown: [2_500_000, 5_000_000, 10_000_000, 20_000_000],
    timed: 5,
};
const QUICK: Plan = Plan {
    size: 800,
    observed: 64_000,
    ranks: [4, 8, 16, 32],
    rank: 8,
    grown: [16_000, 32_000, 64_000, 128_000],
    timed: 1,
};
/// The rank of the matrix, and the noise on its entries.
const TRUE_RANK: usize = 16;
const NOISE: f64 = 0.1;
/// By how much inexact regressions reduce the gradient of each row.
const REDUCTION: f64 = 0.1;
/// The largest ratio of two times for one observation, column and pass.
const CONSTANT: f64 = 2.0;
/// The steepest growth over the rank and over the observations, as powers.
const OVER_RANK: f64 = 1.3;
const OVER_OBSERVED: f64 = 1.1;

/// An outer iteration.
struct Cell {
    exact: bool,
    observed: usize,
    rank: usize,
    seconds: f64,
    /// Steps of conjugate gradients for an observation, the mean of both half-steps.
    steps: f64,
    /// The largest gradient left, per observation.
    gradient: f64,
}

impl Cell {
    /// Nanoseconds for one observation, column and pass (in both half-steps).
    fn unit(&self) -> f64 {
        1e9 * self.seconds / (2.0 * self.observed as f64 * self.rank as f64 * (self.steps + 1.0))
    }
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Progress,
) -> std::result::Result<(String, bool), Failure> {
    let plan = if extent.quick { QUICK } else { FULL };
    let cells = with_team(extent.threads, |team| run(&plan, extent, team, line))??;
    output::write_file(&folder.join(format!("{NAME}.csv")), |file| {
        writeln!(file, "regressions,observations,rank,steps,gradient,seconds,nanoseconds_per_unit")?;
        for c in &cells {
            let (kind, unit) = (kind(c), c.unit());
            let Cell { observed, rank, steps, gradient, seconds, .. } = c;
            writeln!(file, "{kind},{observed},{rank},{steps:?},{gradient:?},{seconds:?},{unit:?}")?;
        }
        Ok(())
    })?;
    chart(&cells, &plan, true).write(&folder.join(format!("{NAME}-rank.svg")))?;
    chart(&cells, &plan, false).write(&folder.join(format!("{NAME}-observations.svg")))?;
    let (section, good) = section(&cells, &plan, extent);
    super::write(&folder.join(format!("{NAME}.md")), &section)?;
    Ok((section, good || extent.quick))
}

fn kind(cell: &Cell) -> &'static str {
    if cell.exact { "exact" } else { "inexact" }
}

fn run(plan: &Plan, extent: Extent<'_>, team: &Team<'_>, line: &mut Progress) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for observed in plan.grown {
        line.say(format!("{NAME}: {observed} observations"));
        let observations = observations(plan.size, observed, extent.first, team)?;
        let ranks = if observed == plan.observed { &plan.ranks[..] } else { &[plan.rank] };
        for &rank in ranks {
            for exact in [false, true] {
                line.say(format!(
                    "{NAME}: {observed} observations, rank {rank}{}",
                    if exact { ", exact" } else { "" }
                ));
                cells.push(time(&observations, rank, exact, extent.runs.unwrap_or(plan.timed).max(1), team)?);
            }
        }
    }
    Ok(cells)
}

/// A matrix of normal factors with noise, seen in one cell, drawn at random, of each of `observed` pieces of rows.
fn observations(n: usize, observed: usize, seed: u64, team: &Team<'_>) -> Result<Observations<f32>> {
    let mut stream = Stream::new(seed, Purpose::Start, 0);
    let mut normal = |count: usize| (0..count).map(|_| stream.normal()).collect::<Vec<f64>>();
    let (u, v) = (normal(n * TRUE_RANK), normal(n * TRUE_RANK));
    let piece = n * n / observed;
    let parts = team.map(n, |i| {
        let mut stream = Stream::new(seed, Purpose::Probe, i as u64);
        let mut row = Vec::with_capacity(n / piece);
        for start in (0..n / piece * piece).step_by(piece) {
            let j = start + stream.below(piece);
            let dot: f64 = (0..TRUE_RANK).map(|l| u[i * TRUE_RANK + l] * v[j * TRUE_RANK + l]).sum();
            row.push((j as i64, dot / (TRUE_RANK as f64).sqrt() + NOISE * stream.normal()));
        }
        row
    });
    let entries = || parts.iter().enumerate().flat_map(|(i, part)| part.iter().map(move |e| (i, e)));
    let row: Vec<i64> = entries().map(|(i, _)| i as i64).collect();
    let col: Vec<i64> = entries().map(|(_, e)| e.0).collect();
    let value: Vec<f64> = entries().map(|(_, e)| e.1).collect();
    let entries = Entries { rows: n, cols: n, row: &row, col: &col, value: &value, weight: None };
    Observations::with_team(entries, Repeats::Error, team, &mut Control::new())
}

/// Outer iterations from random factors: exact regressions do not care where they start, inexact ones get an iteration
/// to come near.
fn time(
    observations: &Observations<f32>,
    rank: usize,
    exact: bool,
    timed: u64,
    team: &Team<'_>,
) -> Result<Cell> {
    let mut stream = Stream::new(0, Purpose::Start, 1);
    let mut random = |rows: usize| -> Result<Tall<f32>> {
        let mut factor = Tall::zeros(rows, rank)?;
        (0..rows).for_each(|i| factor.row_mut(i).iter_mut().for_each(|v| *v = stream.normal() as f32));
        Ok(factor)
    };
    let mut factors = Factors { u: random(observations.rows())?, v: random(observations.cols())? };
    let manner = Manner {
        orthonormal: true,
        damping: Damping::default(),
        accuracy: Accuracy { reduction: REDUCTION, gradient: 0.0, max_steps: usize::MAX },
        solver: if exact { Solver::Direct } else { Solver::ConjugateGradient },
    };
    let alternation = Alternation { observations, prior: None, team };
    let control = &mut Control::new();
    let observed = observations.len();
    let mut cells = Vec::new();
    if !exact {
        alternation.sweep(&mut factors, manner, control)?;
    }
    for _ in 0..if exact { 1 } else { timed } {
        let (mut passes, mut gradient) = (0, 0.0_f64);
        let start = Instant::now();
        for side in [Side::Columns, Side::Rows] {
            let half = alternation.half_step(&mut factors, side, manner, control)?.half;
            passes += half.passes;
            gradient = gradient.max(half.gradient);
        }
        let seconds = start.elapsed().as_secs_f64();
        let steps = if exact { 0.0 } else { passes as f64 / (2 * observed) as f64 - 1.0 };
        cells.push(Cell { exact, observed, rank, seconds, steps, gradient });
    }
    cells.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Ok(cells.swap_remove(cells.len() / 2))
}

/// The power with which `y` grows over `x`, by least squares on logarithms.
fn power(points: &[(f64, f64)]) -> f64 {
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(&|p| p.0.ln()), mean(&|p| p.1.ln()));
    mean(&|p| (p.0.ln() - x) * (p.1.ln() - y)) / mean(&|p| (p.0.ln() - x).powi(2))
}

/// Seconds over the rank, or over the observations.
fn points(cells: &[Cell], plan: &Plan, exact: bool, over_rank: bool) -> Vec<(f64, f64)> {
    let fits = |c: &&Cell| {
        c.exact == exact && if over_rank { c.observed == plan.observed } else { c.rank == plan.rank }
    };
    let x = |c: &Cell| if over_rank { c.rank as f64 } else { c.observed as f64 };
    cells.iter().filter(fits).map(|c| (x(c), c.seconds)).collect()
}

fn chart(cells: &[Cell], plan: &Plan, over_rank: bool) -> Chart {
    let lines = [(false, "inexact"), (true, "exact")].map(|(exact, name)| {
        let points = points(cells, plan, exact, over_rank);
        Line { name: format!("{name}: power {:.2}", power(&points)), points }
    });
    let what =
        if over_rank { format!("{} observations", plan.observed) } else { format!("rank {}", plan.rank) };
    Chart {
        title: format!("Seconds of an outer iteration, {what}"),
        x: Axis::log(if over_rank { "rank" } else { "observations" }),
        y: Axis::log("seconds"),
        lines: lines.into(),
        level: None,
        names: Names::Listed,
    }
}

fn section(cells: &[Cell], plan: &Plan, extent: Extent<'_>) -> (String, bool) {
    let n = plan.size;
    let mut text = format!(
        "## {TITLE}\n\n{n} x {n}, single precision, {} threads; conjugate gradients until the gradient of each row has \
         fallen by {REDUCTION}, and exact regressions beside.\n\n\
         | regressions | observations | rank | inner steps | largest gradient left | seconds | ns / (observation x rank x pass) |\n\
         |---|---|---|---|---|---|---|\n",
        extent.threads
    );
    for c in cells {
        let (steps, gradient) = if c.exact {
            (String::new(), String::new())
        } else {
            (format!("{:.2}", c.steps), format!("{:.1e}", c.gradient))
        };
        let row = format!(
            "| {} | {} | {} | {steps} | {gradient} | {:.3} | {:.4} |\n",
            kind(c),
            c.observed,
            c.rank,
            c.seconds,
            c.unit()
        );
        text.push_str(&row);
    }
    let units = || cells.iter().filter(|c| !c.exact).map(Cell::unit);
    let spread = units().fold(0.0, f64::max) / units().fold(f64::INFINITY, f64::min);
    let of = |exact, over_rank| power(&points(cells, plan, exact, over_rank));
    let (rank, observed) = (of(false, true), of(false, false));
    let good = spread <= CONSTANT && rank <= OVER_RANK && observed <= OVER_OBSERVED;
    let mark = |holds: bool| if extent.quick || holds { "" } else { " **missed**" };
    text.push_str(&format!(
        "\nSeconds grow with the rank to the power {rank:.2} (asked: at most {OVER_RANK}){}; exact regressions to the power {:.2}. \
         They grow with the observations to the power {observed:.2} (at most {OVER_OBSERVED}){}; exact {:.2}. \
         Seconds for an observation, column and pass differ by a factor of {spread:.2} (at most {CONSTANT}){}.\n\n",
        mark(rank <= OVER_RANK),
        of(true, true),
        mark(observed <= OVER_OBSERVED),
        of(true, false),
        mark(spread <= CONSTANT),
    ));
    (text, good)
}

#[cfg(test)]
mod tests {
    use super::power;

    #[test]
    fn powers_are_found() {
        let points: Vec<(f64, f64)> = [1.0, 3.0, 8.0].map(|x: f64| (x, 5.0 * x.powf(1.7))).into();
        assert!((power(&points) - 1.7).abs() < 1e-12);
    }
}
