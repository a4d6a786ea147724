//! What each method reaches with the same work.

use super::run::{Entrant, Run};
use crate::cli::number::short;

/// Twelve fixed accuracies, half a decade apart.
pub fn fixed() -> Vec<Entrant> {
    (0..12).map(|k| Entrant::fixed().from(10_f64.powf(1.0 - 0.5 * f64::from(k)))).collect()
}

/// How far ours may be above the best fixed accuracy, as a share of start - best.
const ASKED: f64 = 0.02;

/// A line of Markdown for each run.
pub fn table(runs: &[&Run], best: f64) -> String {
    let mut text = String::from(
        "| method | accuracy | upper value | above the best | steps | trials | tightened | products | seconds | \
         outcome |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for run in runs {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.2} | {} |\n",
            run.name,
            run.eps.map_or("its default".into(), |eps| short(eps, 2)),
            short(run.value, 8),
            short(run.value - best, 3),
            run.iterations,
            run.trials,
            run.refinements,
            run.products,
            run.seconds,
            run.outcome
        ));
    }
    text.push('\n');
    text
}

/// What is asked of ours against the others, in words, and whether all of it holds. `others` are the runs of the other
/// methods from every starting accuracy; the best of each counts.
pub fn claims(ours: &Run, others: &[Run], sweep: &[Run], start: f64, best: f64) -> (String, bool) {
    let least = |runs: &mut dyn Iterator<Item = &Run>| runs.map(|r| r.value).fold(f64::INFINITY, f64::min);
    let paper = least(&mut others.iter().filter(|r| r.name.starts_with("MAID")));
    let hoag = least(&mut others.iter().filter(|r| r.name.starts_with("HOAG")));
    let fixed = least(&mut sweep.iter());
    let above = (ours.value - fixed) / (start - best);
    let mut text = String::new();
    let mut good = true;
    let mut claim = |what: String, holds: bool| {
        text.push_str(&format!("- {what}: {}\n", if holds { "holds" } else { "**falls short**" }));
        good &= holds;
    };
    let value = short(ours.value, 8);
    claim(
        format!(
            "ours with its defaults, {value}, below MAID as published from its best start, {}",
            short(paper, 8)
        ),
        ours.value < paper,
    );
    claim(format!("below HOAG's best sequence from its best start, {}", short(hoag, 8)), ours.value < hoag);
    claim(
        format!(
            "within {} % (of start minus best) of the best of twelve fixed accuracies, {}: {} %",
            100.0 * ASKED,
            short(fixed, 8),
            short(100.0 * above, 2)
        ),
        above <= ASKED,
    );
    text.push('\n');
    (text, good)
}
