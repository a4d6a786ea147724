//! Experiment E4 (section 4 of the paper): denoising by a field of experts, filters learned.

use super::course::Course;
use super::pictures;
use super::run::{Entrant, exact};
use super::section::{all, runs, section, values, write_csv, write_files};
use super::unseen;
use super::{Extent, Failure, Line, race, write};
use crate::cli::bilevel::images::{Pair, experts, experts_start};
use crate::cli::number::short;
use southwell::bilevel::Problem;
use southwell::bilevel::problems::FieldOfExperts;
use southwell::runtime::Result;
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "bilevel-foe";
pub const TITLE: &str = "A field of experts: filters, weights and smoothing learned";

/// A size: pictures, their side, filters, their side, products for each picture.
struct Size {
    pictures: usize,
    side: usize,
    filters: usize,
    taps: usize,
    budget: f64,
}

const SIZE: Size = Size { pictures: 5, side: 64, filters: 8, taps: 5, budget: 1000.0 };
const QUICK: Size = Size { pictures: 2, side: 16, filters: 2, taps: 3, budget: 150.0 };
/// The paper's filters; it has 20 pictures of 256 x 256.
const FULL: Size = Size { pictures: 10, side: 96, filters: 48, taps: 7, budget: 300.0 };
/// The paper's start (of weights and smoothing) and seed.
const START: f64 = -3.0;
const SEED: u64 = 31;
/// HOAG starts with the paper's first step for MAID. By its own rule every parameter changes by about one at first, after
/// which the lower problem is so ill-conditioned that it takes up the whole budget.
const HOAG_STEP: f64 = 0.01;

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Line,
) -> std::result::Result<(String, bool), Failure> {
    let size = match (extent.quick, extent.full) {
        (true, _) => QUICK,
        (_, true) => FULL,
        _ => SIZE,
    };
    let pictures = pictures::load(extent, size.pictures, size.side)?;
    let form = experts(size.filters, size.taps);
    let problem = move |pairs: &[Pair]| -> Result<Box<dyn Problem>> {
        Ok(Box::new(FieldOfExperts::new(pairs.iter().map(Pair::image).collect(), form)?))
    };
    let course = Course {
        stem: if extent.full { "bilevel-foe-full" } else { NAME },
        label: format!("{} filters of {} x {}", size.filters, size.taps, size.taps),
        problem: problem(&pictures.training)?,
        start: experts_start(form, START, SEED),
        budget: size.budget * pictures.training.len() as f64,
        hoag_step: Some(HOAG_STEP),
    };
    let mut text = format!(
        "## {TITLE}\n\nOn {}; noise of deviation 0.1. Weights, their common factor and smoothings start at \
         exp({START}), filters at normal taps minus their mean. HOAG starts with MAID's first step of {HOAG_STEP}: by its \
         own rule it ends after one.\n\n",
        pictures.from
    );
    let (theta, holds) = if extent.full {
        let theta = full(folder, &course, extent, line, &mut text)?;
        (theta, true)
    } else {
        let ran = runs(&course, extent, line)?;
        write_files(folder, &course, &ran)?;
        let (section, holds) = section(&course, &ran)?;
        text.push_str(&section);
        (ran.ours.theta, holds)
    };
    let (table, better) = unseen::table(folder, &course, &pictures, &theta, &problem, line)?;
    text.push_str(&table);
    write(&folder.join(format!("{}.md", course.stem)), &text)?;
    Ok((text, (holds && better) || extent.quick))
}

/// The methods at their defaults alone: more could not be waited for.
fn full(
    folder: &Path,
    course: &Course,
    extent: Extent<'_>,
    line: &mut Line,
    text: &mut String,
) -> std::result::Result<Vec<f64>, Failure> {
    let entrants = [
        Entrant::ours(),
        Entrant::paper(),
        Entrant::hoag("quadratic", course.hoag_step),
        Entrant::fixed().from(0.01),
    ];
    let runs = all(course, &entrants, extent, line)?;
    let start = exact(&*course.problem, &course.start)?.0;
    let best = runs.iter().map(|r| r.value).fold(f64::INFINITY, f64::min);
    text.push_str(&format!(
        "### {}\n\n{} parameters; upper value at the start {}; budget {} products.\n\n",
        course.label,
        course.problem.parameters(),
        short(start, 8),
        short(course.budget, 6)
    ));
    text.push_str(&race::table(&runs.iter().collect::<Vec<_>>(), best));
    write_csv(&folder.join(format!("{}.csv", course.stem)), &runs.iter().collect::<Vec<_>>())?;
    let drawn: Vec<_> = runs.iter().map(|r| (r.name.clone(), r)).collect();
    values(course, &drawn, best).write(&folder.join(format!("{}.svg", course.stem)))?;
    Ok(runs.into_iter().next().map(|r| r.theta).unwrap_or_default())
}
