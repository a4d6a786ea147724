//! Problems on images: pictures as they are observed, or with noise added, and as they should be.

use super::Made;
use crate::cli::files::{self, Picture};
use clap::ArgMatches;
use southwell::bilevel::problem::Problem;
use southwell::bilevel::problems::{
    Boundary, Coupling, Experts, FieldOfExperts, Grid, Image, TotalVariation,
};
use southwell::runtime::rng::{Purpose, Stream};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Where the search starts: the weights and the smoothing of total variation, the weights and smoothings of experts.
const VARIATION_START: f64 = -5.0;
const EXPERTS_START: f64 = -3.0;

/// A pair that is learned from.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The name of its file, without the folder.
    pub name: String,
    /// What was observed.
    pub noisy: Picture,
    /// What it should be.
    pub truth: Picture,
}

impl Pair {
    /// As the library takes it.
    pub fn image(&self) -> Image {
        Image {
            grid: Grid { height: self.truth.height, width: self.truth.width },
            noisy: self.noisy.pixels.clone(),
            truth: Some(self.truth.pixels.clone()),
        }
    }
}

/// The problem that the flags name.
pub fn read(kind: &str, matches: &ArgMatches, seed: u64) -> Result<Made> {
    let pairs = pairs(matches, seed)?;
    let images: Vec<Image> = pairs.iter().map(Pair::image).collect();
    let size = |name: &str, default: usize| matches.get_one::<u64>(name).map_or(default, |n| *n as usize);
    let (problem, start): (Box<dyn Problem>, Vec<f64>) = if kind == "tv" {
        let coupling = match matches.get_one::<String>("coupling").map(String::as_str) {
            Some("anisotropic") => Coupling::Anisotropic,
            _ => Coupling::Isotropic,
        };
        (Box::new(TotalVariation::denoising(images, coupling, false)?), vec![VARIATION_START; 2])
    } else {
        let experts = experts(size("filters", 8), size("side", 5));
        (Box::new(FieldOfExperts::new(images, experts)?), experts_start(experts, EXPERTS_START, seed))
    };
    let pixels: usize = pairs.iter().map(|p| p.truth.pixels.len()).sum();
    let data = format!("{} pictures, {pixels} pixels", pairs.len());
    Ok(Made { problem, data, start, pairs, outputs: 1 })
}

/// Experts of mean 0 with a weight and a smoothing each.
pub fn experts(count: usize, side: usize) -> Experts {
    Experts { count, side, boundary: Boundary::Symmetric, zero_mean: true, has_factor: true }
}

/// The factor, all weights and all smoothings at `start`; taps normal with the deviation `1/side` (that of Xavier's
/// rule), minus their mean.
pub fn experts_start(experts: Experts, start: f64, seed: u64) -> Vec<f64> {
    let taps = experts.side * experts.side;
    let mut theta = vec![start; usize::from(experts.has_factor) + 2 * experts.count];
    for k in 0..experts.count {
        let mut stream = Stream::new(seed, Purpose::Start, k as u64);
        let filter: Vec<f64> = (0..taps).map(|_| stream.normal() / experts.side as f64).collect();
        let mean = filter.iter().sum::<f64>() / taps as f64;
        theta.extend(filter.iter().map(|c| c - mean));
    }
    theta
}

/// A picture with normal noise; each number `which` has noise of its own.
pub fn with_noise(picture: &Picture, sigma: f64, seed: u64, which: u64) -> Picture {
    let mut stream = Stream::new(seed, Purpose::Noise, which);
    let pixels = picture.pixels.iter().map(|v| v + sigma * stream.normal()).collect();
    Picture { pixels, ..*picture }
}

/// Peak signal to noise ratio in decibel of numbers from 0 to 1.
pub fn psnr(found: &[f64], truth: &[f64]) -> f64 {
    let square: f64 = found.iter().zip(truth).map(|(x, t)| (x - t) * (x - t)).sum();
    -10.0 * (square / truth.len() as f64).log10()
}

fn pairs(matches: &ArgMatches, seed: u64) -> Result<Vec<Pair>> {
    let names = |flag: &str| -> Vec<PathBuf> {
        matches.get_many::<PathBuf>(flag).into_iter().flatten().cloned().collect()
    };
    let truth = files_of(&names("truth"), "--truth")?;
    if truth.is_empty() {
        return Err(Error::new(ErrorKind::Argument, "--truth")
            .expected("pictures, or folders of them")
            .found("none"));
    }
    let clean = truth.iter().map(|f| picture(matches, f)).collect::<Result<Vec<_>>>()?;
    let observed = files_of(&names("observed"), "--observed")?;
    let noisy = if observed.is_empty() {
        let sigma = noise(matches)?;
        clean.iter().enumerate().map(|(k, p)| with_noise(p, sigma, seed, k as u64)).collect::<Vec<_>>()
    } else {
        if observed.len() != truth.len() {
            return Err(Error::new(ErrorKind::Argument, "--observed")
                .expected(format!("{} pictures, as many as --truth", truth.len()))
                .found(observed.len()));
        }
        observed.iter().map(|f| picture(matches, f)).collect::<Result<Vec<_>>>()?
    };
    let pair = |((file, noisy), truth): ((&PathBuf, Picture), Picture)| {
        if (noisy.height, noisy.width) != (truth.height, truth.width) {
            return Err(Error::new(ErrorKind::Data, file.display().to_string())
                .expected(format!("{} x {} pixels, as observed", noisy.height, noisy.width))
                .found(format!("{} x {}", truth.height, truth.width)));
        }
        let name = file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Pair { name, noisy, truth })
    };
    truth.iter().zip(noisy).zip(clean).map(pair).collect()
}

/// The standard deviation of the noise to add.
fn noise(matches: &ArgMatches) -> Result<f64> {
    let word = matches.get_one::<String>("noise").map_or("", String::as_str);
    match word.parse::<f64>() {
        Ok(sigma) if sigma > 0.0 && sigma.is_finite() => Ok(sigma),
        _ => Err(Error::new(ErrorKind::Option, "--noise")
            .expected("a deviation above 0 (white is 1), or --observed instead")
            .found(format!("\"{word}\""))),
    }
}

/// The picture of a file, shrunk and cut as the flags say.
fn picture(matches: &ArgMatches, file: &Path) -> Result<Picture> {
    let mut picture = files::read_picture(file)?;
    let named = |error: Error| error.renamed("size", &file.display().to_string());
    if let Some(by) = matches.get_one::<u64>("shrink").map(|n| *n as usize) {
        if by > picture.height.min(picture.width) {
            return Err(Error::new(ErrorKind::Argument, "--shrink")
                .expected(format!("at most {}, for {}", picture.height.min(picture.width), file.display()))
                .found(by));
        }
        picture = picture.shrunk(by);
    }
    if let Some(size) = matches.get_one::<u64>("size").map(|n| *n as usize) {
        picture = picture.middle(size, size).map_err(named)?;
    }
    Ok(picture)
}

/// The files themselves, and the pictures of folders in the order of their names.
fn files_of(names: &[PathBuf], flag: &str) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for name in names {
        if name.is_dir() {
            let found = pictures_in(name)?;
            if found.is_empty() {
                return Err(Error::new(ErrorKind::Argument, flag)
                    .at(name.display().to_string())
                    .expected("a folder with .png, .pgm or .ppm files")
                    .found("none"));
            }
            all.extend(found);
        } else {
            all.push(name.clone());
        }
    }
    Ok(all)
}

/// The pictures of a folder in the order of their names.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let refuse = |e: std::io::Error| {
        Error::new(ErrorKind::Argument, folder.display().to_string())
            .expected("a folder that can be read")
            .found(e)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        let is_picture = path.extension().is_some_and(|end| {
            ["png", "pgm", "ppm", "pnm"].iter().any(|known| end.eq_ignore_ascii_case(known))
        });
        if is_picture {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_its_deviation_and_its_decibels() {
        let flat = Picture { height: 100, width: 100, pixels: vec![0.5; 10_000] };
        let noisy = with_noise(&flat, 0.1, 7, 0);
        assert!((psnr(&noisy.pixels, &flat.pixels) - 20.0).abs() < 0.3);
        assert_eq!(noisy, with_noise(&flat, 0.1, 7, 0));
        assert_ne!(noisy, with_noise(&flat, 0.1, 7, 1));
    }

    #[test]
    fn experts_start_with_filters_of_mean_zero() {
        let experts = experts(3, 5);
        let theta = experts_start(experts, -3.0, 1);
        assert_eq!(theta.len(), 1 + 3 + 3 + 3 * 25);
        assert!(theta[..7].iter().all(|t| *t == -3.0));
        assert!(theta[7..].chunks(25).all(|c| c.iter().sum::<f64>().abs() < 1e-12));
    }
}
