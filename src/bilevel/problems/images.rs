//! Images that a lower level restores, and the truth that the upper level compares with.

use super::super::problem::{Evaluated, Refusal, Rigor, UpperConstants};
use super::check;
use super::stencil::Grid;
use crate::runtime::{Error, ErrorKind, Result};

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

/// Checks images. Errors: none, sizes of 0, another number of entries than pixels, entries that are not finite.
pub fn check_images(images: &[Image]) -> Result<()> {
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
    Ok(())
}

/// The images with other measurements. Errors: as [`check_images`].
pub fn images_with(images: &[Image], noisy: Vec<Vec<f64>>) -> Result<Vec<Image>> {
    check::length("noisy", images.len(), noisy.len())?;
    let mut images = images.to_vec();
    images.iter_mut().zip(noisy).for_each(|(image, noisy)| image.noisy = noisy);
    check_images(&images)?;
    Ok(images)
}

/// `1/2 |x - truth|^2`, with its gradient.
pub fn distance_to_truth(image: &Image, x: &[f64], in_x: &mut [f64]) -> Evaluated<f64> {
    let Some(truth) = &image.truth else {
        let error = Error::new(ErrorKind::State, "truth").expected("an image to compare with").found("none");
        return Err(Refusal::Failed(error));
    };
    in_x.iter_mut().zip(x).zip(truth).for_each(|((g, x), t)| *g = x - t);
    Ok(0.5 * crate::numerics::kernels::dot(in_x, in_x))
}

/// Constants of [`distance_to_truth`].
pub fn constants_of_distance() -> UpperConstants {
    UpperConstants {
        l_g: 1.0,
        l_g_theta: 0.0,
        convex: true,
        squared_distance: Some(1.0),
        rigor: Rigor::Proven,
    }
}

/// Refuses a problem whose upper level needs a truth that is not there.
pub fn check_truths(images: &[Image]) -> Result<()> {
    match images.iter().position(|image| image.truth.is_none()) {
        Some(i) => {
            Err(Error::new(ErrorKind::Data, format!("images[{i}].truth")).expected("an image").found("none"))
        }
        None => Ok(()),
    }
}
