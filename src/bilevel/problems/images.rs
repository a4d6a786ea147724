//! Images that a lower level restores, and the truth that the upper level compares with: `1/2 |x - truth|^2`.

use super::super::problem::{Evaluated, Refusal, Rigor, UpperConstants};
use super::check;
use super::stencil::Grid;
use crate::numerics::kernels::dot;
use crate::runtime::{Error, ErrorKind, Result};
use std::ops::Deref;

/// Constants of [`Images::distance`].
pub const DISTANCE: UpperConstants = UpperConstants {
    l_g: 1.0,
    l_g_theta: 0.0,
    convex: true,
    squared_distance: Some(1.0),
    rigor: Rigor::Proven,
};

/// An image (or a signal, of one row), row after row.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its size.
    pub grid: Grid,
    /// What was measured.
    pub noisy: Vec<f64>,
    /// What it should be; `None` where the upper level does without.
    pub truth: Option<Vec<f64>>,
}

/// Images that were checked: at least one, of finite entries, as many as pixels.
#[derive(Debug, Clone)]
pub struct Images(Vec<Image>);

impl Images {
    /// Checks images. Errors: none, sizes of 0, another number of entries than pixels, entries that are not finite.
    pub fn new(images: Vec<Image>) -> Result<Self> {
        check::at_least_one("images.len", images.len())?;
        for (i, image) in images.iter().enumerate() {
            let pixels = image.grid.pixels().map_err(|error| error.at(format!("image {i}")))?;
            let noisy = format!("images[{i}].noisy");
            check::length(&noisy, pixels, image.noisy.len())?;
            check::finite(&noisy, &image.noisy)?;
            if let Some(truth) = &image.truth {
                let subject = format!("images[{i}].truth");
                check::length(&subject, pixels, truth.len())?;
                check::finite(&subject, truth)?;
            }
        }
        Ok(Self(images))
    }

    /// Images of one size, and that. Errors: as [`Images::new`], and sizes that differ.
    pub fn of_one_size(images: Vec<Image>) -> Result<(Self, Grid)> {
        let images = Self::new(images)?;
        let grid = images[0].grid;
        match images.iter().position(|image| image.grid != grid) {
            Some(i) => Err(Error::new(ErrorKind::Argument, "grid")
                .at(format!("image {i}"))
                .expected(format!("{} x {}, as the first", grid.height, grid.width))
                .found(format!("{} x {}", images[i].grid.height, images[i].grid.width))),
            None => Ok((images, grid)),
        }
    }

    /// The same with other measurements. Errors: as [`Images::new`], and another number of them.
    pub fn with_noisy(&self, noisy: Vec<Vec<f64>>) -> Result<Self> {
        check::length("noisy", self.len(), noisy.len())?;
        let mut images = self.to_vec();
        images.iter_mut().zip(noisy).for_each(|(image, noisy)| image.noisy = noisy);
        Self::new(images)
    }

    /// Refuses images that an upper level cannot compare with: those without truth.
    pub fn check_truths(&self) -> Result<()> {
        match self.iter().position(|image| image.truth.is_none()) {
            Some(i) => {
                let error = Error::new(ErrorKind::Data, format!("images[{i}].truth"));
                Err(error.expected("an image").found("none"))
            }
            None => Ok(()),
        }
    }

    /// Starts from what was measured.
    pub fn start(&self, sample: usize, x: &mut [f64]) {
        x.copy_from_slice(&self[sample].noisy);
    }

    /// `1/2 |x - truth|^2` with its gradients in `x` and in theta, which it does not depend on. Fails without a truth.
    pub fn distance(
        &self,
        sample: usize,
        x: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        let Some(truth) = &self[sample].truth else {
            let error = Error::new(ErrorKind::State, "truth");
            return Err(Refusal::Failed(error.expected("an image to compare with").found("none")));
        };
        in_x.iter_mut().zip(x).zip(truth).for_each(|((g, x), t)| *g = x - t);
        in_theta.fill(0.0);
        Ok(0.5 * dot(in_x, in_x))
    }
}

impl Deref for Images {
    type Target = [Image];

    fn deref(&self) -> &[Image] {
        &self.0
    }
}
