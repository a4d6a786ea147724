//! The census data with the flag of a high income: the released income in dollars could not be had, so there is no
//! published table to meet; what can be asked is that groups gain over the baseline.

use super::super::{Extent, Failure, Line as Progress};
use super::cells::{BASELINE, Cells, PAPER};
use super::runs::Player;
use super::sets::{SHUFFLES, adult};
use super::{data, write_csv};
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "groupwise-adult";
pub const TITLE: &str = "Regret on groups of the census, for the flag of an income above 50,000 dollars";

/// Rounds of the quick form, and its runs.
const QUICK: (usize, usize) = (2000, 1);
/// The player that is compared with the baseline.
const DEFAULT: &str = "default";
const PLAYERS: [(&str, Player); 4] = [
    (BASELINE, Player::Baseline),
    (PAPER, Player::Paper),
    (DEFAULT, Player::Convex(&[])),
    ("aggregating", Player::Convex(&[("meta", "aggregating")])),
];

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(folder: &Path, extent: Extent<'_>, line: &mut Progress) -> Result<(String, bool), Failure> {
    let path = match data(extent, "adult") {
        Ok(path) => path,
        Err(skipped) => return Ok((format!("## {TITLE}\n\n{skipped}"), true)),
    };
    line.say(NAME);
    let mut rounds = adult(&path)?;
    let mut runs = extent.runs.map_or(SHUFFLES.len(), |runs| (runs as usize).clamp(1, SHUFFLES.len()));
    if extent.quick {
        rounds.truncate(QUICK.0);
        runs = runs.min(QUICK.1);
    }
    let orders: Vec<Vec<usize>> = SHUFFLES[..runs].iter().map(|seed| rounds.shuffled(*seed)).collect();
    let cells = Cells::play(&rounds, 0, "shuffled", &orders, &PLAYERS, extent.threads)?;
    write_csv(folder, NAME, std::slice::from_ref(&cells))?;
    cells
        .chart("Census: default, grey: one ridge regression on everything", DEFAULT)
        .write(&folder.join(format!("{NAME}.svg")))?;
    let (ours, theirs) = (cells.worst(DEFAULT), cells.worst(BASELINE));
    let good = extent.quick || ours.0 < theirs.0;
    let text = format!(
        "## {TITLE}\n\n{} rounds of {} features, {runs} orders; the label is 0 or 1, so most of a loss is noise. The paper's \
         own label (the income in dollars) could not be had. Regret against least squares on all rounds of each group, mean of the \
         orders. Asked: the worst group ({}, {:.2}) is better off than the baseline's ({}, {:.2}).\n\n{}",
        rounds.len(),
        rounds.features,
        ours.1,
        ours.0,
        theirs.1,
        theirs.0,
        cells.table(2)
    );
    super::super::write(&folder.join(format!("{NAME}.md")), &text)?;
    Ok((text, good))
}
