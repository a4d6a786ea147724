//! The experiments on groupwise regret (arXiv 2310.04652). `sets`: the rounds as they were drawn or prepared for the
//! paper; `published`: its tables; `runs`: rounds played in an order; `cells`: the runs of a label, as tables and
//! curves; `synthetic`, `medical`, `adult`, `paths`: the experiments.

pub mod adult;
mod cells;
pub mod medical;
pub mod paths;
mod published;
mod runs;
mod sets;
pub mod synthetic;

use super::{Extent, Failure};
use crate::cli::output;
use cells::{BASELINE, Cells, HEADER, PAPER};
use runs::Player;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The paper's two columns, the library's default, and what else there is: the crossed expert beside the groups, the
/// Aggregating Algorithm instead of AdaNormalHedge, and both.
const PLAYERS: [(&str, Player); 7] = [
    (BASELINE, Player::Baseline),
    (PAPER, Player::Paper),
    ("default", Player::Convex(&[])),
    ("gradient", Player::Convex(&[("regret_term", "gradient")])),
    ("aggregating", Player::Convex(&[("meta", "aggregating")])),
    (BEST, Player::Convex(&[("crossed", "true")])),
    ("crossed, aggregating", Player::Convex(&[("crossed", "true"), ("meta", "aggregating")])),
];

/// The one configuration that is compared with other programs.
const BEST: &str = "crossed";

/// Where the data are looked for.
const DATA: &str = "../shared/data/groupwise";

/// A file or folder of the data; `Err`: what is said where it is not there.
fn data(extent: Extent<'_>, name: &str) -> Result<PathBuf, String> {
    let path = extent.data.unwrap_or(Path::new(DATA)).join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("skipped: {} is not there (--data DIR)\n\n", path.display()))
    }
}

/// Writes the CSV of some cells.
fn write_csv(folder: &Path, name: &str, cells: &[Cells]) -> Result<(), Failure> {
    Ok(output::write_file(&folder.join(format!("{name}.csv")), |file| {
        writeln!(file, "{HEADER}")?;
        cells.iter().try_for_each(|cells| cells.write(file))
    })?)
}
