//! What a figure leaves: a CSV of its curves, plots, and a section of Markdown.

use super::claims::{Claim, Source, What};
use super::compare::{Compared, order, outcomes};
use super::engine::Trace;
use super::figures::{Figure, Panel};
use super::run::Ran;
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::output;
use southwell::runtime::Result;
use std::io::Write;
use std::path::Path;

/// Points of a curve in a plot.
const POINTS: usize = 250;
/// Plots end here: gaps below are rounding.
const FLOOR: f64 = 1e-10;

/// Writes every curve: one row per iteration.
pub fn write_csv(folder: &Path, ran: &Ran) -> Result<()> {
    output::write_file(&folder.join(format!("{}.csv", ran.figure.name)), |file| {
        writeln!(file, "data,tau,curve,released,iteration,seconds,gap")?;
        for (panel, traces) in ran.figure.panels.iter().zip(&ran.traces) {
            for (curve, trace) in panel.curves.iter().zip(traces) {
                for (k, (gap, seconds)) in trace.gap.iter().zip(&trace.seconds).enumerate() {
                    let (set, tau, label) = (panel.set, panel.tau, &curve.label);
                    writeln!(file, "{set},{tau},\"{label}\",{},{k},{seconds:?},{gap:?}", curve.released)?;
                }
            }
        }
        Ok(())
    })
}

/// Writes two plots for each panel: over iterations and over seconds.
pub fn write_plots(folder: &Path, ran: &Ran) -> Result<()> {
    for (panel, traces) in ran.figure.panels.iter().zip(&ran.traces) {
        for seconds in [false, true] {
            let file = format!("{}{}.svg", stem(&ran.figure, panel), if seconds { "-seconds" } else { "" });
            chart(&ran.figure, panel, traces, seconds).write(&folder.join(file))?;
        }
    }
    Ok(())
}

/// The name of a panel's files.
fn stem(figure: &Figure, panel: &Panel) -> String {
    match panel.tau {
        0 | 1 => format!("{}-{}", figure.name, panel.set),
        tau => format!("{}-{}-{tau}", figure.name, panel.set),
    }
}

fn chart(figure: &Figure, panel: &Panel, traces: &[Trace], seconds: bool) -> Chart {
    let blocks = match panel.tau {
        0 | 1 => String::new(),
        tau => format!(", blocks of {tau}"),
    };
    let shown = panel.curves.iter().zip(traces).filter(|(curve, _)| curve.is_drawn());
    let lines = shown.map(|(curve, trace)| {
        let step = trace.gap.len().div_ceil(POINTS).max(1);
        let kept = (0..trace.gap.len()).filter(|k| k % step == 0 || k + 1 == trace.gap.len());
        let x = |k: usize| if seconds { trace.seconds[k] } else { k as f64 };
        let points = kept.map(|k| (x(k), trace.gap[k].max(FLOOR))).collect();
        Line { name: curve.label.clone(), points }
    });
    Chart {
        title: format!("{}, data {}{blocks}", figure.title, panel.set),
        x: Axis::linear(if seconds { "seconds" } else { "iterations" }),
        y: Axis::log(if panel.set == "lasso" { "F" } else { "f - f*" }),
        lines: lines.collect(),
        level: None,
        names: Names::Listed,
    }
}

/// A section, and whether all that is asked of ours holds. The quick form, on other data, is compared with nothing.
pub fn section(ran: &Ran, quick: bool) -> (String, bool) {
    let mut text = format!("## {}: {}\n\n", heading(ran.figure.name), ran.figure.title);
    let mut good = ran.traces.iter().flatten().all(|t| t.last().is_finite());
    let compared = if quick { Vec::new() } else { outcomes(ran) };
    if !compared.is_empty() {
        text.push_str("| data | τ | curve | what | published | ours | |\n|---|---|---|---|---|---|---|\n");
        for cell in &compared {
            good &= cell.holds() != Some(false);
            text.push_str(&row(cell));
        }
        let order = order(ran);
        good &= order.turned.is_empty();
        if order.pairs > 0 {
            let same = order.pairs - order.turned.len();
            text.push_str(&format!("\n{same} of {} pairs of curves rank as published.", order.pairs));
            order.turned.iter().for_each(|pair| text.push_str(&format!(" Not so: {pair}.")));
            text.push('\n');
        }
        text.push('\n');
    }
    let mut sets: Vec<&str> = ran.figure.panels.iter().map(|p| p.set).collect();
    sets.dedup();
    sets.iter().for_each(|set| all_curves(&mut text, ran, set));
    (text, good)
}

/// `bcd-figure4` as `Figure 4`.
fn heading(name: &str) -> String {
    let name = name.trim_start_matches("bcd-");
    match name.strip_prefix("figure") {
        Some(number) => format!("Figure {number}"),
        None => name.replace("companion-", "Companion "),
    }
}

fn row(cell: &Compared) -> String {
    let Claim { set, tau, curve, what, printed, source, .. } = cell.claim;
    let ours = cell.ours.map_or("none".to_owned(), |v| figure_of(*what, v));
    let range = cell.range.map_or(String::new(), |(low, high)| format!(" ({low:.3e} to {high:.3e})"));
    let what = match what {
        What::Gap => "gap",
        What::Iterations => "iterations",
        What::Identified => "identified",
    };
    let holds = match (source, cell.holds()) {
        (Source::Rounding, Some(true)) => "within what rounding decides",
        (_, Some(true)) => "agrees",
        (_, Some(false)) => "**differs**",
        (_, None) => "",
    };
    let tau = if *tau == 0 { String::new() } else { tau.to_string() };
    format!("| {set} | {tau} | {curve} | {what} | {printed} | {ours}{range} | {holds} |\n")
}

fn figure_of(what: What, value: f64) -> String {
    if what == What::Gap { format!("{value:.3e}") } else { format!("{value}") }
}

/// The outcome of every curve on a data set, with the sizes of blocks side by side.
fn all_curves(text: &mut String, ran: &Ran, set: &str) {
    let panels: Vec<(&Panel, &Vec<Trace>)> =
        ran.figure.panels.iter().zip(&ran.traces).filter(|(p, _)| p.set == set).collect();
    text.push_str(&format!("| {set} |"));
    for (panel, _) in &panels {
        text.push_str(&match panel.tau {
            0 | 1 => " outcome |".to_owned(),
            tau => format!(" τ = {tau} |"),
        });
    }
    text.push_str("\n|---|");
    panels.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for (k, curve) in panels[0].0.curves.iter().enumerate() {
        let mark = if curve.released { "" } else { " (ours)" };
        text.push_str(&format!("| {}{mark} |", curve.label));
        panels.iter().for_each(|(_, traces)| text.push_str(&format!(" {} |", outcome(&traces[k]))));
        text.push('\n');
    }
    text.push('\n');
}

/// The gap at the end or the iterations it took, and the seconds.
fn outcome(trace: &Trace) -> String {
    let seconds = trace.seconds.last().copied().unwrap_or(0.0);
    let end = match trace.reached() {
        Some(k) => format!("done at {k}"),
        None => format!("{:.2e}", trace.last()),
    };
    let star = trace.identified.map_or(String::new(), |k| format!(", support at {k}"));
    format!("{end}{star} ({seconds:.2} s)")
}
