//! Plots of a bilevel solve.

use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use southwell::bilevel::{Decision, Solution};

/// The upper value over the work.
pub fn values(title: &str, values: &[(f64, f64)]) -> Chart {
    Chart {
        title: format!("{title}: the upper value"),
        x: Axis::log("work (floating-point operations)"),
        y: Axis::log("upper value"),
        lines: vec![Line { name: String::new(), points: values.to_vec() }],
        level: None,
        names: Names::Listed,
    }
}

/// The accuracies that were asked for at each step, of solves with their names.
pub fn accuracies(title: &str, solves: &[(&str, &Solution)]) -> Chart {
    let steps = |solution: &Solution, of: fn(&southwell::bilevel::TraceRow) -> f64| {
        let taken = solution.trace.iter().filter(|row| row.decision == Decision::Accepted);
        taken.map(|row| (row.iteration as f64, of(row))).collect::<Vec<_>>()
    };
    let named = |name: &str, what: &str| format!("{name} {what}").trim().to_owned();
    let mut lines: Vec<Line> = solves
        .iter()
        .map(|(name, solution)| Line { name: named(name, "ε"), points: steps(solution, |row| row.eps) })
        .collect();
    // Of several solves one accuracy is enough to look at.
    if let [(name, solution)] = solves {
        lines.push(Line { name: named(name, "δ"), points: steps(solution, |row| row.delta) });
    }
    Chart {
        title: format!("{title}: the accuracies of the steps"),
        x: Axis::linear("steps"),
        y: Axis::log("accuracy of the lower level"),
        lines,
        level: None,
        names: Names::Listed,
    }
}
