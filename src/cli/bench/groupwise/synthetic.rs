//! The synthetic rounds: four labels, each shuffled ten times, and the same sorted by colour.

use super::super::{Extent, Failure, Line as Progress};
use super::cells::{Cells, PAPER};
use super::sets::{SHUFFLES, synthetic};
use super::{BEST, PLAYERS, published, write_csv};
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "groupwise-synthetic";
pub const TITLE: &str = "Regret on groups of synthetic rounds";

/// The means of the runs may be so far from the published ones.
const NEAR: f64 = 0.02;
/// Rounds of the quick form, and its runs.
const QUICK: (usize, usize) = (2000, 2);
/// The number of the group of green rounds.
const GREEN: u64 = 3;

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(folder: &Path, extent: Extent<'_>, line: &mut Progress) -> Result<(String, bool), Failure> {
    line.say(format!("{NAME}: drawing"));
    let mut rounds = synthetic();
    let mut runs = extent.runs.map_or(SHUFFLES.len(), |runs| (runs as usize).clamp(1, SHUFFLES.len()));
    if extent.quick {
        rounds.truncate(QUICK.0);
        runs = runs.min(QUICK.1);
    }
    let seeds = &SHUFFLES[..runs];
    let shuffled: Vec<Vec<usize>> = seeds.iter().map(|seed| rounds.shuffled(*seed)).collect();
    let green = |t: usize| f64::from(rounds.awake[t].contains(&GREEN));
    let sorted: Vec<Vec<usize>> = seeds.iter().map(|seed| rounds.sorted(*seed, green)).collect();
    let mut cells = Vec::new();
    for (order, orders) in [("shuffled", &shuffled), ("sorted", &sorted)] {
        for k in 0..rounds.labels.len() {
            line.say(format!("{NAME}: {} {order}", rounds.labels[k].0));
            cells.push(Cells::play(&rounds, k, order, orders, &PLAYERS, extent.threads)?);
        }
    }
    write_csv(folder, NAME, &cells)?;
    for c in cells.iter().filter(|c| c.order == "shuffled") {
        for (player, end) in [(PAPER, "paper"), (BEST, "best")] {
            let title = format!("Label {}: {player}, grey: one ridge regression on everything", c.label);
            c.chart(&title, player).write(&folder.join(format!("{NAME}-{}-{end}.svg", c.label)))?;
        }
    }
    // The published means are those of all ten orders.
    let compared = !extent.quick && runs == SHUFFLES.len();
    let good =
        !compared || cells.iter().zip(published::SYNTHETIC).all(|(c, (_, rows))| c.matches(&rows, NEAR));
    let section = section(&cells, rounds.len(), runs, compared);
    super::super::write(&folder.join(format!("{NAME}.md")), &section)?;
    Ok((section, good))
}

fn section(cells: &[Cells], rounds: usize, runs: usize, compared: bool) -> String {
    let mut text = format!(
        "## {TITLE}\n\n{rounds} rounds of 25 features (20 uniform ones and the indicators of the groups), a shape and a colour each; \
         {runs} orders. Each group has a linear model; the label is the mean, the least or the largest of the values of its two \
         groups, or (perm) that of the first in the order green, square, red, triangle, circle, and noise.\n\n"
    );
    let of = |order: &'static str| cells.iter().filter(move |c| c.order == order);
    if compared {
        text.push_str(&format!(
            "**The paper's table again**: mean regret (deviation) at the end, as it was published: ridge 1, predictions not clipped, the \
             expected loss of the drawn prediction, and a comparator that leaves out the last round. Asked: all means within {NEAR}.\n\n"
        ));
        for (c, (_, rows)) in of("shuffled").zip(published::SYNTHETIC) {
            text.push_str(&format!("*Label {}*\n\n{}", c.label, c.beside(&rows, 2, NEAR)));
        }
    }
    text.push_str(
        "**Against least squares on all rounds of each group**, mean of the orders. *default*: predictions clipped and averaged; \
         *gradient*: with `regret_term=gradient`; *aggregating*: with `meta=aggregating`; *crossed*: with the crossed expert beside the groups.\n\n",
    );
    for (order, what) in [("shuffled", "in random order"), ("sorted", "red rounds first")] {
        of(order).for_each(|c| text.push_str(&format!("*Label {}, {what}*\n\n{}", c.label, c.table(2))));
    }
    text
}
