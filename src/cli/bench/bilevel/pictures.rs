//! The pictures to learn from and those to test on: photographs where there are any, else drawn ones.

use super::Extent;
use crate::cli::bilevel::images::{Pair, pictures_in, with_noise};
use crate::cli::drawing::drawing;
use crate::cli::files::{Picture, read_picture};
use southwell::runtime::Result;
use std::path::Path;

/// Where photographs are looked for.
const FOLDER: &str = "../shared/data/images";
/// The deviation of the noise; white is 1.
const SIGMA: f64 = 0.1;
/// Seeds of the noise of the pictures to learn from (the paper's for total variation), and of those to test on.
const SEEDS: [u64; 2] = [19, 20];
/// Pictures to test on.
const UNSEEN: usize = 10;

/// Pairs to learn from and pairs to test on.
pub struct Pictures {
    pub training: Vec<Pair>,
    pub unseen: Vec<Pair>,
    /// What they are, for people.
    pub from: String,
}

/// At most `count` pictures of `side x side` to learn from, and ten others. Photographs are shrunk so that the picture
/// is the middle of most of the photograph.
pub fn load(extent: Extent<'_>, count: usize, side: usize) -> Result<Pictures> {
    let folder = extent.data.unwrap_or(Path::new(FOLDER));
    let (kodak, bsd) = (folder.join("kodak"), folder.join("bsd68"));
    if !extent.quick && kodak.is_dir() && bsd.is_dir() {
        let training = photographs(&kodak, count, side)?;
        let from = format!(
            "the middle of {} Kodak photographs, shrunk to {side} x {side}; tested on {UNSEEN} of BSD68",
            training.len()
        );
        return Ok(Pictures {
            training: noisy(training, SEEDS[0]),
            unseen: noisy(photographs(&bsd, UNSEEN, side)?, SEEDS[1]),
            from,
        });
    }
    let drawn = |first: u64, count: usize| {
        (0..count as u64).map(|k| (format!("drawn-{}", first + k), drawing(side, first + k))).collect()
    };
    Ok(Pictures {
        training: noisy(drawn(0, count), SEEDS[0]),
        unseen: noisy(drawn(1000, UNSEEN), SEEDS[1]),
        from: format!("{count} drawn pictures of {side} x {side}; tested on {UNSEEN} others"),
    })
}

fn photographs(folder: &Path, count: usize, side: usize) -> Result<Vec<(String, Picture)>> {
    let mut pictures = Vec::new();
    for file in pictures_in(folder)?.into_iter().take(count) {
        let picture = read_picture(&file)?;
        let by = (picture.height.min(picture.width) / side).max(1);
        let name = file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        pictures.push((name, picture.middle(by * side, by * side)?.shrunk(by)));
    }
    Ok(pictures)
}

fn noisy(pictures: Vec<(String, Picture)>, seed: u64) -> Vec<Pair> {
    let pair = |(k, (name, truth)): (usize, (String, Picture))| {
        let noisy = with_noise(&truth, SIGMA, seed, k as u64);
        Pair { name, noisy, truth }
    };
    pictures.into_iter().enumerate().map(pair).collect()
}
