//! Denoising of pictures that were not learned from, against total variation whose strength alone is chosen, the best
//! of a grid on the pictures that were learned from.

use super::Line as Progress;
use super::course::Course;
use super::pictures::Pictures;
use super::run::at;
use crate::cli::bilevel::images::{Pair, psnr};
use crate::cli::files::{Picture, beside, stacked, write_picture};
use crate::cli::number::short;
use southwell::bilevel::Problem;
use southwell::bilevel::problems::{Coupling, TotalVariation};
use southwell::runtime::Result;
use std::path::Path;

/// Distances of denoised pictures from exact ones.
const EXACT: f64 = 1e-3;
/// The smoothing of the single parameter's total variation: that of the paper's start.
const SMOOTHING: f64 = -5.0;
/// Strengths of the grid, from `exp(-8)` to `exp(0)`.
const GRID: u32 = 33;
/// Pictures that are shown.
const SHOWN: usize = 3;

/// Makes a problem of pairs.
pub type Maker<'m> = dyn Fn(&[Pair]) -> Result<Box<dyn Problem>> + 'm;

/// The table of decibels, and whether the learned parameters are better on the whole; writes a picture. `problem` makes
/// a problem of pairs.
pub fn table(
    folder: &Path,
    course: &Course,
    pictures: &Pictures,
    theta: &[f64],
    problem: &Maker<'_>,
    line: &mut Progress,
) -> Result<(String, bool)> {
    line.say(format!("{}: pictures that were not learned from", course.stem));
    let single = |strength: f64| [strength, SMOOTHING];
    let variation = |pairs: &[Pair]| {
        TotalVariation::denoising(pairs.iter().map(Pair::image).collect(), Coupling::Isotropic, false)
    };
    let training = variation(&pictures.training)?;
    let (mut best, mut strength) = (f64::INFINITY, 0.0);
    for k in 0..GRID {
        let tried = -8.0 + 8.0 * f64::from(k) / f64::from(GRID - 1);
        let value = at(&training, &single(tried), EXACT, &[])?.certificate.interval.middle();
        if value < best {
            (best, strength) = (value, tried);
        }
    }
    let plain = at(&variation(&pictures.unseen)?, &single(strength), EXACT, &[])?.x;
    let learned = at(&*problem(&pictures.unseen)?, theta, EXACT, &[])?.x;
    let mut text = format!(
        "Pictures that were not learned from, in dB of PSNR: as observed, by isotropic total variation whose \
         strength alone is chosen (the best of {GRID} on the pictures learned from: exp({}), smoothing \
         exp({SMOOTHING})), and by what was learned here.\n\n| picture | observed | one parameter | learned | \
         gain |\n|---|---|---|---|---|\n",
        short(strength, 3)
    );
    let mut sums = [0.0; 3];
    for (k, pair) in pictures.unseen.iter().enumerate() {
        let row = [&pair.noisy.pixels, &plain[k], &learned[k]].map(|x| psnr(x, &pair.truth.pixels));
        sums.iter_mut().zip(row).for_each(|(s, r)| *s += r / pictures.unseen.len() as f64);
        text.push_str(&line_of(&pair.name, row));
    }
    text.push_str(&line_of("mean", sums));
    let holds = sums[2] > sums[1];
    text.push_str(&format!(
        "\nAsked: a higher mean than by one parameter; {}.\n\n",
        if holds { "holds" } else { "**falls short**" }
    ));
    let rows: Vec<Picture> = pictures
        .unseen
        .iter()
        .zip(plain.iter().zip(&learned))
        .take(SHOWN)
        .map(|(pair, (plain, learned))| {
            let with = |pixels: &Vec<f64>| Picture { pixels: pixels.clone(), ..pair.truth };
            beside(&[pair.noisy.clone(), with(plain), with(learned), pair.truth.clone()])
        })
        .collect();
    write_picture(&folder.join(format!("{}.png", course.stem)), &stacked(&rows))?;
    Ok((text, holds))
}

fn line_of(name: &str, [observed, single, learned]: [f64; 3]) -> String {
    format!("| {name} | {observed:.2} | {single:.2} | {learned:.2} | {:+.2} |\n", learned - single)
}
