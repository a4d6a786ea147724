//! What the experiment leaves: a CSV of every run, a plot for each kind of problem, and a section of Markdown.

use super::rules::{Cell, Inner, Prototype, RULES};
use super::run::{GOAL, Trace};
use super::{NAME, Study, TITLE};
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::output;
use southwell::runtime::Result;
use std::io::Write;
use std::path::Path;

/// Counts this near to the prototype's reproduce them.
const NEAR: usize = 2;
/// Plots end here from left to right, and from bottom to top.
const SHOWN: usize = 60;
const HIGHEST: f64 = 10.0;

/// Writes every run: one row for each outer iteration.
pub fn write_csv(folder: &Path, studies: &[Study]) -> Result<()> {
    output::write_file(&folder.join(format!("{NAME}.csv")), |file| {
        writeln!(file, "kappa,rho,rule,draw,iteration,error,inner_steps,worst_row_over_allowed")?;
        for study in studies {
            for (rule, traces) in RULES.iter().zip(&study.runs) {
                for (draw, trace) in traces.iter().enumerate() {
                    for (k, error) in trace.error.iter().enumerate() {
                        let Cell { kappa, rho } = study.cell;
                        write!(file, "{kappa},{rho},\"{}\",{draw},{k},{error:?}", rule.name)?;
                        match k.checked_sub(1) {
                            Some(k) => writeln!(file, ",{:?},{:?}", trace.steps[k], trace.share[k])?,
                            None => writeln!(file, ",,")?,
                        }
                    }
                }
            }
        }
        Ok(())
    })
}

/// Writes a plot for each kind of problem: the error over outer iterations, of the first draw.
pub fn write_plots(folder: &Path, studies: &[Study]) -> Result<()> {
    for study in studies {
        let shown = RULES.iter().zip(&study.runs).filter(|(rule, _)| rule.drawn);
        let lines = shown.map(|(rule, traces)| {
            let errors = traces[0].error.iter().take(SHOWN + 1).enumerate();
            let points = errors.map(|(k, e)| (k as f64, e.clamp(GOAL * 1e-3, HIGHEST))).collect();
            Line { name: rule.name.to_owned(), points }
        });
        let Cell { kappa, rho } = study.cell;
        let chart = Chart {
            title: format!("{TITLE}, kappa {kappa}, oversampling {rho}"),
            x: Axis::linear("outer iterations"),
            y: Axis::log("relative error over all entries"),
            lines: lines.collect(),
            level: Some(("goal".to_owned(), GOAL)),
            names: Names::Listed,
        };
        chart.write(&folder.join(format!("{NAME}-{kappa}.svg")))?;
    }
    Ok(())
}

/// The median of the draws; a run that does not reach the goal is beyond all that do.
fn median(traces: &[Trace]) -> Option<usize> {
    let mut counts: Vec<usize> = traces.iter().map(|t| t.reached().unwrap_or(usize::MAX)).collect();
    counts.sort_unstable();
    Some(counts[counts.len() / 2]).filter(|c| *c != usize::MAX)
}

/// Whether a count is the prototype's, within two; `None` where there is none.
fn reproduces(earlier: Prototype, ours: Option<usize>) -> Option<bool> {
    match (earlier, ours) {
        (Prototype::None, _) => None,
        (Prototype::Fails, ours) => Some(ours.is_none()),
        (Prototype::After(count), ours) => Some(ours.is_some_and(|o| o.abs_diff(count) <= NEAR)),
    }
}

/// A section, and whether all that is asked holds. The quick form, on other data, is compared with nothing but the
/// theory.
pub fn section(studies: &[Study], quick: bool) -> (String, bool) {
    let mut text = format!("## Altmin, inexact regressions: {TITLE}\n\n");
    text.push_str("Outer iterations to a relative error of 1e-6 (the median of the draws), the prototype's count, and the inner steps of a row (of the \
         first draw).\n\n");
    text.push_str("| inner rule |");
    studies.iter().for_each(|s| text.push_str(&format!(" kappa {}, rho {} | |", s.cell.kappa, s.cell.rho)));
    text.push_str("\n|---|");
    studies.iter().for_each(|_| text.push_str("---|---|"));
    text.push('\n');
    let (mut held, mut asked) = (0, 0);
    for (r, rule) in RULES.iter().enumerate() {
        text.push_str(&format!("| {} |", rule.name));
        for (c, study) in studies.iter().enumerate() {
            let ours = median(&study.runs[r]);
            let earlier = match rule.earlier[c] {
                _ if quick => String::new(),
                Prototype::None => String::new(),
                Prototype::After(count) => format!(" (prototype {count})"),
                Prototype::Fails => " (prototype: fails)".to_owned(),
            };
            let count = ours.map_or("fails".to_owned(), |o| o.to_string());
            let steps = study.runs[r][0].mean_steps();
            let mark = match reproduces(rule.earlier[c], ours) {
                Some(holds) if !quick => {
                    asked += 1;
                    held += usize::from(holds);
                    if holds { "within two" } else { "**differs**" }
                }
                _ => "",
            };
            text.push_str(&format!(" {count}{earlier}, {steps:.1} steps | {mark} |"));
        }
        text.push('\n');
    }
    if !quick {
        text.push_str(&format!("\n{held} of {asked} counts are the prototype's within two iterations.\n"));
    }
    let [able, unable] = inequality(studies);
    text.push_str(&format!(
        "\nInequality (B), checked row by row against the exact solution, bounds what inexact regressions add. On draws on which exact \
         ones converge {} runs satisfied it in every half-step, and {} of them converged. On draws on which exact ones do not, {} more \
         satisfied it, and {} of them converged.\n",
        able[0], able[1], unable[0], unable[1]
    ));
    let all_converged =
        able[0] > 0 && [able, unable].iter().all(|[satisfied, converged]| satisfied == converged);
    (text, held == asked && all_converged)
}

/// Runs whose every row satisfied inequality (B), and how many of them reached the goal: on draws on which exact
/// regressions do, and on the others.
fn inequality(studies: &[Study]) -> [[usize; 2]; 2] {
    let mut found = [[0; 2]; 2];
    let exact = RULES.iter().position(|rule| rule.inner == Inner::Exact).unwrap_or(0);
    for study in studies {
        for traces in &study.runs {
            for (trace, exact) in traces.iter().zip(&study.runs[exact]).filter(|(t, _)| t.satisfied()) {
                let found = &mut found[usize::from(exact.reached().is_none())];
                found[0] += 1;
                found[1] += usize::from(trace.reached().is_some());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_medians_and_compared_within_two() {
        let trace = |errors: &[f64]| Trace { error: errors.to_vec(), ..Trace::default() };
        let fast = trace(&[1.0, 1e-7]);
        let slow = trace(&[1.0, 1e-3, 1e-5, 1e-6]);
        let never = trace(&[1.0, 0.5]);
        assert_eq!(median(&[slow.clone(), fast.clone(), never.clone()]), Some(3));
        assert_eq!(median(&[never.clone(), fast, never.clone()]), None);
        assert_eq!(reproduces(Prototype::After(5), Some(3)), Some(true));
        assert_eq!(reproduces(Prototype::After(6), Some(3)), Some(false));
        assert_eq!(reproduces(Prototype::After(6), None), Some(false));
        assert_eq!(reproduces(Prototype::Fails, None), Some(true));
        assert_eq!(reproduces(Prototype::None, Some(1)), None);
        // NaN never satisfies the inequality.
        let mut raw = slow;
        raw.share = vec![0.5, f64::NAN];
        assert!(!raw.satisfied() && !never.satisfied());
        raw.share = vec![0.5, 1.0];
        assert!(raw.satisfied());
    }
}
