//! Bounds beside true errors: of hypergradients, and of upper values.

use super::course::Course;
use super::run::{at, exact};
use crate::cli::number::short;
use southwell::runtime::Result;

/// Accuracies at which bounds are looked at.
const ACCURACIES: [f64; 6] = [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
const MODES: [&str; 3] = ["rigorous", "estimated", "goal-oriented"];

/// Rounding that true values are granted, relative to them.
const ROUNDING: f64 = 1e-9;

/// The table at the start of a course, and whether every proven bound holds.
pub fn table(course: &Course) -> Result<(String, bool)> {
    let problem = &*course.problem;
    let (value, gradient) = exact(problem, &course.start)?;
    let size = gradient.iter().map(|z| z * z).sum::<f64>().sqrt();
    let mut text = format!(
        "Bounds at the start, where the hypergradient has the norm {} and the upper value is {}; true errors by \
         solutions to 1e-8.\n\n| accuracy | error of z | bound, rigorous | estimated | goal-oriented | error of g \
         | plain half-width | error corrected | corrected half-width |\n|---|---|---|---|---|---|---|---|---|\n",
        short(size, 4),
        short(value, 8)
    );
    let mut good = true;
    let mut broken = [0; MODES.len()];
    for eps in ACCURACIES {
        let mut cells = vec![short(eps, 1)];
        for (k, mode) in MODES.iter().enumerate() {
            let found = at(problem, &course.start, eps, &[("certificate", mode)])?;
            let off =
                found.hypergradient.iter().zip(&gradient).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let omega = found.certificate.omega.value;
            if k == 0 {
                cells.push(short(off, 2));
            }
            let breaks = off > omega + ROUNDING * size;
            broken[k] += i32::from(breaks);
            good &= k > 0 || !breaks;
            cells.push(if omega.is_nan() { "none".into() } else { short(omega, 2) });
        }
        for values in ["plain", "corrected"] {
            let found = at(problem, &course.start, eps, &[("values", values), ("certificate", "rigorous")])?;
            let interval = found.certificate.interval;
            let (off, half) = ((interval.middle() - value).abs(), 0.5 * interval.width());
            let holds = off <= half + ROUNDING * value.abs();
            good &= holds;
            let mark = if holds { "" } else { " **breaks**" };
            cells.push(format!("{}{mark}", short(off, 2)));
            cells.push(short(half, 2));
        }
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let counts: Vec<String> = MODES.iter().zip(broken).map(|(mode, n)| format!("{mode} {n}")).collect();
    text.push_str(&format!("\nBounds of z that were broken: {}.\n\n", counts.join(", ")));
    Ok((text, good))
}
