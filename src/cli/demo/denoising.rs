//! The demo's bilevel learning: the strength and the smoothing of total variation, learned on drawn pictures.

use crate::cli::bilevel::images::{Pair, psnr, with_noise};
use crate::cli::bilevel::{plots, solve_watched};
use crate::cli::chart::Chart;
use crate::cli::drawing::drawing;
use crate::cli::files::{self, Picture};
use crate::cli::number::{json, json_array, short};
use crate::cli::progress::Line;
use serde_json::{Value, json};
use southwell::bilevel::problems::{Coupling, TotalVariation};
use southwell::bilevel::{Solution, solve};
use southwell::runtime::{Family, Options, Outcome, Result};
use std::path::Path;

/// The side of the pictures, how many are learned from, and the deviation of the noise.
const SIDE: usize = 48;
const COUNT: u64 = 3;
const SIGMA: f64 = 0.1;

/// What was found.
pub struct Denoising {
    solution: Solution,
    values: Vec<(f64, f64)>,
    unseen: Pair,
    denoised: Picture,
}

impl Denoising {
    /// Learns on three pictures, and denoises a fourth.
    pub fn run(line: &Line) -> Result<Self> {
        let pair = |k: u64| {
            let truth = drawing(SIDE, k);
            Pair { name: k.to_string(), noisy: with_noise(&truth, SIGMA, 1, k), truth }
        };
        let variation = |pairs: Vec<Pair>| {
            TotalVariation::denoising(pairs.iter().map(Pair::image).collect(), Coupling::Isotropic, false)
        };
        let mut options = Options::new(Family::Bilevel);
        options.set_real("tolerance", 1e-4)?;
        let start = [-3.0, -3.0];
        let (solution, values) =
            solve_watched(&variation((0..COUNT).map(pair).collect())?, &start, &options, line)?;
        let unseen = pair(COUNT);
        options.set_integer("max_iterations", 0)?;
        let other = variation(vec![unseen.clone()])?;
        let pixels = solve(&other, &solution.theta, &options, None, &mut line.control())?.x.remove(0);
        let denoised = Picture { pixels, ..unseen.truth };
        Ok(Self { solution, values, unseen, denoised })
    }

    pub fn converged(&self) -> bool {
        self.solution.outcome == Outcome::Converged
    }

    pub fn chart(&self) -> Chart {
        plots::values("Total variation", &self.values)
    }

    /// As observed, denoised, as it should be.
    pub fn write_picture(&self, path: &Path) -> Result<()> {
        let Pair { noisy, truth, .. } = &self.unseen;
        files::write_picture(path, &files::beside(&[noisy.clone(), self.denoised.clone(), truth.clone()]))
    }

    fn decibels(&self) -> [f64; 2] {
        let Pair { noisy, truth, .. } = &self.unseen;
        [&noisy.pixels, &self.denoised.pixels].map(|x| psnr(x, &truth.pixels))
    }

    pub fn text(&self) -> String {
        let (solution, [before, after]) = (&self.solution, self.decibels());
        let interval = solution.certificate.interval;
        format!(
            "Denoising by total variation, strength and smoothing learned on {COUNT} drawn pictures of {SIDE} x \
             {SIDE}:\n{} after {} steps, {:.3} s; upper value in [{}, {}]; another picture from {before:.2} to \
             {after:.2} dB.\n",
            solution.outcome.name(),
            solution.iterations,
            solution.seconds,
            short(interval.lower, 8),
            short(interval.upper, 8),
        )
    }

    pub fn json(&self) -> Value {
        let (solution, [before, after]) = (&self.solution, self.decibels());
        let interval = solution.certificate.interval;
        json!({
            "name": "total-variation-denoising",
            "outcome": solution.outcome.name(),
            "objective": json(interval.middle()),
            "certificate": {
                "kind": "interval",
                "value": json(interval.width()),
                "rigor": interval.rigor.name(),
            },
            "theta": json_array(&solution.theta),
            "psnr_observed": json(before),
            "psnr_restored": json(after),
            "iterations": solution.iterations,
            "seconds_solve": solution.seconds,
        })
    }
}
