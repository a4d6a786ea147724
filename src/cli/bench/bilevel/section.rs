//! What a course leaves: its section, a CSV of its runs, plots.

use super::course::Course;
use super::run::{Entrant, Run, exact, run};
use super::{Extent, Failure, Line as Progress};
use super::{bounds, race, robust};
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::number::short;
use crate::cli::output;
use southwell::runtime::Result;
use southwell::runtime::parallel::with_team;
use std::io::Write;
use std::path::Path;

/// Points of a curve in a plot.
const POINTS: usize = 300;

/// The runs of a course.
pub struct Ran {
    /// Ours with its defaults.
    pub ours: Run,
    /// Every method from every starting accuracy.
    pub robust: Vec<Run>,
    /// The fixed accuracies.
    pub sweep: Vec<Run>,
    /// The upper value at the start.
    pub start: f64,
    /// The least upper value that any run ended with.
    pub best: f64,
}

/// Runs every method on a course.
pub fn runs(course: &Course, extent: Extent<'_>, line: &mut Progress) -> std::result::Result<Ran, Failure> {
    let start = exact(&*course.problem, &course.start)?.0;
    let mut all = all(
        course,
        &[vec![Entrant::ours()], robust::entrants(course), race::fixed()].concat(),
        extent,
        line,
    )?;
    let robust_end = all.len() - race::fixed().len();
    let sweep = all.split_off(robust_end);
    let robust = all.split_off(1);
    let ours = all.remove(0);
    let best =
        [&ours].into_iter().chain(&robust).chain(&sweep).map(|r| r.value).fold(f64::INFINITY, f64::min);
    Ok(Ran { ours, robust, sweep, start, best })
}

/// Runs these methods, as many at a time as there are threads.
pub fn all(
    course: &Course,
    entrants: &[Entrant],
    extent: Extent<'_>,
    line: &mut Progress,
) -> std::result::Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for batch in entrants.chunks(extent.threads.max(1)) {
        line.say(format!("{}: {} of {}, {}", course.stem, runs.len(), entrants.len(), batch[0].name));
        let found = with_team(extent.threads, |team| team.map(batch.len(), |k| run(course, &batch[k])))?;
        runs.extend(found.into_iter().collect::<Result<Vec<_>>>()?);
    }
    Ok(runs)
}

/// The section of a course on which everything ran, and whether all that is asked holds.
pub fn section(course: &Course, ran: &Ran) -> Result<(String, bool)> {
    let Ran { ours, robust, sweep, start, best } = ran;
    let mut text = format!(
        "### {}\n\n{} parameters, {} lower problems; upper value at the start {}; budget {} lower gradients and \
         Hessian products over all samples.\n\n",
        course.label,
        course.problem.parameters(),
        course.problem.samples(),
        short(*start, 8),
        short(course.budget, 6)
    );
    let (table, spread_holds) = robust::table(robust, *start, *best);
    text.push_str(&table);
    // The others as published start from 0.1.
    let mut shown = vec![ours];
    shown.extend(robust.iter().filter(|r| r.eps == Some(0.1) && r.name != "ours" && r.name != "fixed"));
    shown.extend(sweep);
    text.push_str(&race::table(&shown, *best));
    let (claims, race_holds) = race::claims(ours, robust, sweep, *start, *best);
    text.push_str(&claims);
    let (bounds, bounds_hold) = bounds::table(course)?;
    text.push_str(&bounds);
    Ok((text, spread_holds && race_holds && bounds_hold))
}

/// Writes the CSV and the plots of a course.
pub fn write_files(folder: &Path, course: &Course, ran: &Ran) -> Result<()> {
    let Ran { ours, robust, sweep, best, .. } = ran;
    let all: Vec<&Run> = [ours].into_iter().chain(robust).chain(sweep).collect();
    write_csv(&folder.join(format!("{}.csv", course.stem)), &all)?;
    let drawn: Vec<(String, &Run)> = drawn(ran);
    values(course, &drawn, *best).write(&folder.join(format!("{}.svg", course.stem)))?;
    let accuracies = robust.iter().filter(|r| r.name == "ours").map(|r| Line {
        name: format!("ours from {:e}", r.eps.unwrap_or(f64::NAN)),
        points: thinned(&r.accuracies),
    });
    let chart = Chart {
        title: format!("{}: accuracies asked for", course.label),
        x: Axis::linear("steps"),
        y: Axis::log("accuracy of the lower level"),
        lines: accuracies.collect(),
        level: None,
        names: Names::Listed,
    };
    chart.write(&folder.join(format!("{}-accuracies.svg", course.stem)))
}

/// Writes a line for each run.
pub fn write_csv(file: &Path, runs: &[&Run]) -> Result<()> {
    output::write_file(file, |file| {
        writeln!(file, "method,accuracy,value,steps,trials,tightened,products,seconds,outcome")?;
        for r in runs {
            let eps = r.eps.map_or(String::new(), |eps| format!("{eps:?}"));
            writeln!(
                file,
                "{},{eps},{:?},{},{},{},{},{:.4},\"{}\"",
                r.name, r.value, r.iterations, r.trials, r.refinements, r.products, r.seconds, r.outcome
            )?;
        }
        Ok(())
    })
}

/// The runs of the plot: ours, the others from 0.1, the best fixed accuracy and the ends of the sweep.
fn drawn(ran: &Ran) -> Vec<(String, &Run)> {
    let Ran { ours, robust, sweep, .. } = ran;
    let mut drawn = vec![("ours".to_owned(), ours)];
    let others = robust.iter().filter(|r| r.eps == Some(0.1) && r.name != "ours" && r.name != "fixed");
    drawn.extend(others.map(|r| (r.name.clone(), r)));
    let best = (0..sweep.len()).min_by(|a, b| sweep[*a].value.total_cmp(&sweep[*b].value)).unwrap_or(0);
    let mut shown = vec![0, best, sweep.len() - 1];
    shown.dedup();
    drawn.extend(
        shown
            .into_iter()
            .map(|k| (format!("fixed {}", short(sweep[k].eps.unwrap_or(f64::NAN), 2)), &sweep[k])),
    );
    drawn
}

/// Upper values above the best over the work.
pub fn values(course: &Course, runs: &[(String, &Run)], best: f64) -> Chart {
    let lines = runs.iter().map(|(name, run)| {
        let points: Vec<(f64, f64)> = run.curve.iter().map(|(work, value)| (*work, value - best)).collect();
        Line { name: name.clone(), points: thinned(&points) }
    });
    Chart {
        title: format!("{}: upper value over work", course.label),
        x: Axis::log("work (lower gradients)"),
        y: Axis::log(format!(
            "upper value, as the method sees it{}",
            if best == 0.0 { "" } else { ", above the best" }
        )),
        lines: lines.collect(),
        level: None,
        names: Names::Listed,
    }
}

/// Points that are far enough from one another to be seen, in equal shares of the logarithm of their place.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= POINTS {
        return points.to_vec();
    }
    let step = (points.len() as f64).ln() / POINTS as f64;
    let mut kept: Vec<usize> =
        (0..=POINTS).map(|k| ((step * k as f64).exp() as usize).min(points.len()) - 1).collect();
    kept.dedup();
    kept.into_iter().map(|k| points[k]).collect()
}
