//! The medical costs: ten shuffles, and the same sorted by age, rising and falling.

use super::super::{Extent, Failure, Line as Progress};
use super::cells::{Cells, PAPER};
use super::sets::{SHUFFLES, medical};
use super::{BEST, PLAYERS, data, published, write_csv};
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "groupwise-medical";
pub const TITLE: &str = "Regret on groups of medical costs";

/// The means of the runs may be so far from the published ones.
const NEAR: f64 = 0.005;
/// Runs of the quick form.
const QUICK: usize = 2;

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(folder: &Path, extent: Extent<'_>, line: &mut Progress) -> Result<(String, bool), Failure> {
    let path = match data(extent, "insurance/insurance.csv") {
        Ok(path) => path,
        Err(skipped) => return Ok((format!("## {TITLE}\n\n{skipped}"), true)),
    };
    line.say(NAME);
    let rounds = medical(&path)?;
    let most = if extent.quick { QUICK } else { SHUFFLES.len() };
    let runs = extent.runs.map_or(most, |runs| (runs as usize).clamp(1, most));
    let seeds = &SHUFFLES[..runs];
    let age = |t: usize| rounds.row(t)[0];
    let orders = [
        ("shuffled", seeds.iter().map(|seed| rounds.shuffled(*seed)).collect::<Vec<_>>()),
        ("by age", seeds.iter().map(|seed| rounds.sorted(*seed, age)).collect()),
        ("by falling age", seeds.iter().map(|seed| rounds.sorted(*seed, |t| -age(t))).collect()),
    ];
    let mut cells = Vec::new();
    for (order, orders) in &orders {
        cells.push(Cells::play(&rounds, 0, order, orders, &PLAYERS, extent.threads)?);
    }
    write_csv(folder, NAME, &cells)?;
    for (player, end) in [(PAPER, "paper"), (BEST, "best")] {
        let title = format!("Medical costs: {player}, grey: one ridge regression on everything");
        cells[0].chart(&title, player).write(&folder.join(format!("{NAME}-{end}.svg")))?;
    }
    let compared = runs == SHUFFLES.len();
    let good = !compared || cells[0].matches(&published::MEDICAL, NEAR);
    let mut text = format!(
        "## {TITLE}\n\n{} rounds of {} features, {runs} orders; charges from 0 to 1.\n\n",
        rounds.len(),
        rounds.features
    );
    if compared {
        text.push_str(&format!(
            "**The paper's table again**, as it was published. Asked: all means within {NEAR}.\n\n{}",
            cells[0].beside(&published::MEDICAL, 3, NEAR)
        ));
    }
    text.push_str("**Against least squares on all rounds of each group**, mean of the orders.\n\n");
    for c in &cells {
        text.push_str(&format!("*{}*\n\n{}", c.order, c.table(3)));
    }
    super::super::write(&folder.join(format!("{NAME}.md")), &text)?;
    Ok((text, good))
}
