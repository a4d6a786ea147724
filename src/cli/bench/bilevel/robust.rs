//! The paper's claim: what a method ends with hardly depends on the accuracies that it starts with.

use super::course::Course;
use super::run::{Entrant, Run};
use crate::cli::number::short;

/// Starting accuracies over seven decades.
pub const STARTS: [f64; 8] = [1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

/// The most of (start - best) that final values of ours may differ by.
const ASKED: f64 = 0.01;

/// HOAG's sequences.
pub const SEQUENCES: [&str; 3] = ["geometric", "quadratic", "cubic"];

/// The methods, each from every starting accuracy.
pub fn entrants(course: &Course) -> Vec<Entrant> {
    let methods = [Entrant::ours(), Entrant::paper()]
        .into_iter()
        .chain(SEQUENCES.map(|sequence| Entrant::hoag(sequence, course.hoag_step)))
        .chain([Entrant::fixed()]);
    methods.flat_map(|method| STARTS.map(|eps| method.clone().from(eps))).collect()
}

/// The table of final values, and whether ours differ by no more than is asked.
pub fn table(runs: &[Run], start: f64, best: f64) -> (String, bool) {
    let methods: Vec<&[Run]> = runs.chunks(STARTS.len()).collect();
    let mut text = String::from("| starting accuracy |");
    methods.iter().for_each(|runs| text.push_str(&format!(" {} |", runs[0].name)));
    text.push_str(&format!("\n|---|{}\n", "---|".repeat(methods.len())));
    for (k, eps) in STARTS.iter().enumerate() {
        text.push_str(&format!("| {eps:e} |"));
        methods.iter().for_each(|runs| text.push_str(&format!(" {} |", short(runs[k].value - best, 3))));
        text.push('\n');
    }
    text.push_str("| spread |");
    for runs in &methods {
        text.push_str(&format!(" {} % |", short(100.0 * spread(runs) / (start - best), 2)));
    }
    let ours = spread(methods[0]) / (start - best);
    let holds = ours <= ASKED;
    text.push_str(&format!(
        "\n\nFinal upper values above the best that any run here found, {}. Spread: largest minus least, as a \
         share of start minus best. Asked of ours: at most {} %; {}.\n\n",
        short(best, 8),
        100.0 * ASKED,
        if holds { "holds" } else { "**falls short**" }
    ));
    (text, holds)
}

fn spread(runs: &[Run]) -> f64 {
    let values = || runs.iter().map(|run| run.value);
    values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
}
