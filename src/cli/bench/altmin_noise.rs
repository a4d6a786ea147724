//! Completion under noise (experiment E4): the error over all entries against what is known of the best estimate, `nu /
//! sqrt(rho - 1)` for noise of relative size `nu` and `rho` times as many entries as degrees of freedom.

use super::altmin_problem::{Spectrum, completion_problem};
use super::altmin_recovery::{error, median, observations};
use super::{Extent, Failure, Line as Progress};
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::number::short;
use crate::cli::output;
use southwell::altmin::portfolio::choose;
use southwell::altmin::recovery::{Ends, Search};
use southwell::runtime::parallel::{Team, with_team};
use southwell::runtime::rng::{Purpose, Stream};
use southwell::runtime::{Control, Error, ErrorKind, Result};
use std::io::Write;
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "altmin-noise";
pub const TITLE: &str = "Errors of completion under noise, against the best possible";

const NOISES: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];
const RHOS: [f64; 4] = [4.0, 6.0, 10.0, 20.0];
const KAPPA: f64 = 5.0;
/// Rows and columns, the rank, and the runs of a cell; and those of the quick form.
const SIZE: (usize, usize, u64) = (1000, 10, 5);
const QUICK: (usize, usize, u64) = (150, 2, 1);
/// The ratio may be this far from 1.
const NEAR: f64 = 0.05;
/// With so many entries short searches do.
const SEARCHES: [Search; 2] = [Search::Plain, Search::Continuation { sweeps: 10 }];
const ENDS: Ends = Ends { residual: 1e-11, max_sweeps: 500, progress: 1e-3 };

/// The runs of a cell: errors in units of `nu / sqrt(rho - 1)`.
struct Cell {
    noise: f64,
    rho: f64,
    ratios: Vec<f64>,
}

impl Cell {
    fn holds(&self) -> bool {
        self.ratios.iter().all(|r| (r - 1.0).abs() <= NEAR)
    }
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Progress,
) -> std::result::Result<(String, bool), Failure> {
    let (n, rank, runs) = if extent.quick { QUICK } else { SIZE };
    let runs = extent.runs.unwrap_or(runs);
    let mut cells = Vec::new();
    for rho in RHOS {
        for noise in NOISES {
            line.say(format!("{NAME}: ρ {rho}, ν {noise}"));
            let ratios = with_team(extent.threads, |team| {
                team.map(runs as usize, |k| run(n, rank, noise, rho, extent.first + k as u64))
            })?;
            cells.push(Cell { noise, rho, ratios: ratios.into_iter().collect::<Result<_>>()? });
        }
    }
    output::write_file(&folder.join(format!("{NAME}.csv")), |file| {
        writeln!(file, "rho,nu,seed,ratio")?;
        for cell in &cells {
            for (k, ratio) in cell.ratios.iter().enumerate() {
                writeln!(file, "{},{},{},{ratio:?}", cell.rho, cell.noise, extent.first + k as u64)?;
            }
        }
        Ok(())
    })?;
    chart(&cells).write(&folder.join(format!("{NAME}.svg")))?;
    let good = extent.quick || cells.iter().all(Cell::holds);
    let section = section(&cells, n, rank, extent.quick);
    super::write(&folder.join(format!("{NAME}.md")), &section)?;
    Ok((section, good))
}

fn run(n: usize, rank: usize, noise: f64, rho: f64, seed: u64) -> Result<f64> {
    let problem = completion_problem(n, n, rank, KAPPA, Spectrum::Logarithmic, rho, seed);
    let size = problem.singular.iter().map(|s| s * s).sum::<f64>().sqrt();
    let deviation = noise * size / n as f64;
    let mut stream = Stream::new(seed, Purpose::Probe, 1);
    let value: Vec<f64> = problem.value.iter().map(|v| v + deviation * stream.normal()).collect();
    let control = &mut Control::new();
    let observed = observations(&problem, &value, control)?;
    let chosen = choose(&observed, rank, &SEARCHES, ENDS, seed, &Team::solo(), control)?
        .map_err(|_| Error::new(ErrorKind::Stopped, NAME))?;
    Ok(error(&problem, &chosen.found.factors) / (noise / (rho - 1.0).sqrt()))
}

fn chart(cells: &[Cell]) -> Chart {
    let lines = RHOS.iter().map(|rho| Line {
        name: format!("ρ {rho}"),
        points: cells
            .iter()
            .filter(|c| c.rho == *rho)
            .map(|c| (c.noise, median(c.ratios.iter().copied()) * c.noise / (rho - 1.0).sqrt()))
            .collect(),
    });
    Chart {
        title: "Relative error over all entries".to_owned(),
        x: Axis::log("noise, relative"),
        y: Axis::log("relative error"),
        lines: lines.collect(),
        level: None,
        names: Names::AtEnds,
    }
}

fn section(cells: &[Cell], n: usize, rank: usize, quick: bool) -> String {
    let mut text = format!(
        "## {TITLE}\n\n{n} x {n}, rank {rank}, condition number {KAPPA}: the error over all entries in units of ν / sqrt(ρ - 1), \
         median [least, largest] of {} runs. Asked: every run within {} %.\n\n| ρ |",
        cells.first().map_or(0, |c| c.ratios.len()),
        100.0 * NEAR
    );
    NOISES.iter().for_each(|noise| text.push_str(&format!(" ν = {} |", short(*noise, 2))));
    text.push_str("\n|---|---|---|---|---|\n");
    for rho in RHOS {
        text.push_str(&format!("| {rho} |"));
        for cell in cells.iter().filter(|c| c.rho == rho) {
            let least = cell.ratios.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = cell.ratios.iter().copied().fold(0.0, f64::max);
            let mark = if quick || cell.holds() { "" } else { " **off**" };
            let middle = median(cell.ratios.iter().copied());
            text.push_str(&format!(" {middle:.3} [{least:.3}, {largest:.3}]{mark} |"));
        }
        text.push('\n');
    }
    text.push('\n');
    text
}
