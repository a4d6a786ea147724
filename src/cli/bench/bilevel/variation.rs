//! Experiment E3 (section 4 of the paper): denoising by smoothed total variation, strength and smoothing learned.

use super::course::Course;
use super::pictures;
use super::section::{runs, section, write_files};
use super::unseen;
use super::{Extent, Failure, Line, write};
use crate::cli::bilevel::images::Pair;
use southwell::bilevel::Problem;
use southwell::bilevel::problems::{Coupling, TotalVariation};
use southwell::runtime::Result;
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "bilevel-tv";
pub const TITLE: &str = "Total variation denoising, strength and smoothing learned";

/// Pictures (the paper has 25), their side, and the products for each picture.
const SIZE: (usize, usize, f64) = (10, 96, 5000.0);
const QUICK: (usize, usize, f64) = (3, 24, 300.0);
/// The paper's start.
const START: f64 = -5.0;

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Line,
) -> std::result::Result<(String, bool), Failure> {
    let (count, side, budget) = if extent.quick { QUICK } else { SIZE };
    let pictures = pictures::load(extent, count, side)?;
    let course = Course {
        stem: NAME,
        label: "Total variation".into(),
        problem: problem(&pictures.training)?,
        start: vec![START; 2],
        budget: budget * pictures.training.len() as f64,
        hoag_step: None,
    };
    let ran = runs(&course, extent, line)?;
    write_files(folder, &course, &ran)?;
    let mut text = format!(
        "## {TITLE}\n\nOn {}; noise of deviation 0.1. The search starts at ({START}, {START}), lower solves at \
         the observed pictures; total variation is isotropic.\n\n",
        pictures.from
    );
    let (section, holds) = section(&course, &ran)?;
    text.push_str(&section);
    let (table, better) = unseen::table(folder, &course, &pictures, &ran.ours.theta, &problem, line)?;
    text.push_str(&table);
    write(&folder.join(format!("{NAME}.md")), &text)?;
    Ok((text, (holds && better) || extent.quick))
}

fn problem(pairs: &[Pair]) -> Result<Box<dyn Problem>> {
    let images = pairs.iter().map(Pair::image).collect();
    Ok(Box::new(TotalVariation::denoising(images, Coupling::Isotropic, false)?))
}
