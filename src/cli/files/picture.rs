//! Pictures in shades of gray: numbers from 0 to 1. Read from PNG and PNM (PGM, PPM), written as 8-bit PNG; colours are
//! turned to their luminance.

use super::{png, pnm};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::Path;

/// White between pictures, in pixels.
const GAP: usize = 4;

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub height: usize,
    pub width: usize,
    /// Row by row; black is 0, white is 1.
    pub pixels: Vec<f64>,
}

impl Picture {
    /// The part of `height` x `width` in the middle. Errors: it is larger than the picture.
    pub fn middle(&self, height: usize, width: usize) -> Result<Self> {
        if height > self.height || width > self.width {
            return Err(Error::new(ErrorKind::Argument, "size")
                .expected(format!("at most {} x {}", self.height, self.width))
                .found(format!("{height} x {width}")));
        }
        let (top, left) = ((self.height - height) / 2, (self.width - width) / 2);
        let rows = (top..top + height).flat_map(|i| &self.pixels[i * self.width + left..][..width]);
        Ok(Self { height, width, pixels: rows.copied().collect() })
    }

    /// Means of squares of `by` x `by` pixels; what is left over at the right and at the bottom is dropped.
    pub fn shrunk(&self, by: usize) -> Self {
        let (height, width) = (self.height / by, self.width / by);
        let mean = |i: usize, j: usize| {
            let square = (0..by).flat_map(|a| &self.pixels[(i * by + a) * self.width + j * by..][..by]);
            square.sum::<f64>() / (by * by) as f64
        };
        let pixels = (0..height * width).map(|k| mean(k / width, k % width)).collect();
        Self { height, width, pixels }
    }
}

/// A picture of samples with `channels` numbers for each pixel: a shade, perhaps with its opacity (2), or red, green
/// and blue (3), perhaps with theirs (4). Opacity has no effect.
pub(super) fn from_channels(height: usize, width: usize, channels: usize, samples: &[f64]) -> Picture {
    let shade = |p: &[f64]| if channels < 3 { p[0] } else { 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2] };
    Picture { height, width, pixels: samples.chunks_exact(channels).map(shade).collect() }
}

/// Reads a picture.
pub fn read_picture(path: &Path) -> Result<Picture> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|e| Error::new(ErrorKind::Argument, &name).expected("a file that can be read").found(e))?;
    let read = match bytes.first() {
        Some(0x89) => png::parse(&bytes),
        _ => pnm::parse(&bytes),
    };
    read.map_err(|why| Error::new(ErrorKind::Format, &name).expected("a PNG or PNM picture").found(why))
}

/// Writes a picture as PNG; what is below 0 is black and what is above 1 is white.
pub fn write_picture(path: &Path, picture: &Picture) -> Result<()> {
    let shades: Vec<u8> = picture.pixels.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    png::write(path, picture.height, picture.width, &shades)
}

/// Pictures of one height beside each other, with white between them.
pub fn beside(pictures: &[Picture]) -> Picture {
    let height = pictures.iter().map(|p| p.height).max().unwrap_or(0);
    let width = pictures.iter().map(|p| p.width + GAP).sum::<usize>().saturating_sub(GAP);
    let mut pixels = vec![1.0; height * width];
    let mut left = 0;
    for picture in pictures {
        for (i, row) in picture.pixels.chunks_exact(picture.width).enumerate() {
            pixels[i * width + left..][..picture.width].copy_from_slice(row);
        }
        left += picture.width + GAP;
    }
    Picture { height, width, pixels }
}

/// Pictures of one width below each other, with white between them.
pub fn stacked(pictures: &[Picture]) -> Picture {
    let width = pictures.iter().map(|p| p.width).max().unwrap_or(0);
    let height = pictures.iter().map(|p| p.height + GAP).sum::<usize>().saturating_sub(GAP);
    let mut pixels = vec![1.0; height * width];
    let mut top = 0;
    for picture in pictures {
        for (i, row) in picture.pixels.chunks_exact(picture.width).enumerate() {
            pixels[(top + i) * width..][..picture.width].copy_from_slice(row);
        }
        top += picture.height + GAP;
    }
    Picture { height, width, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_and_are_cut_shrunk_and_put_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let pixels: Vec<f64> = (0..30).map(|k| f64::from(k) / 255.0 * 5.0).collect();
        let picture = Picture { height: 5, width: 6, pixels };
        write_picture(&path, &picture).unwrap();
        let read = read_picture(&path).unwrap();
        assert_eq!((read.height, read.width), (5, 6));
        assert!(read.pixels.iter().zip(&picture.pixels).all(|(a, b)| (a - b).abs() < 1e-12));
        let middle = picture.middle(3, 2).unwrap();
        assert_eq!(middle.pixels, [8, 9, 14, 15, 20, 21].map(|k| picture.pixels[k]));
        assert!(picture.middle(6, 1).is_err());
        let half = picture.shrunk(2);
        assert_eq!((half.height, half.width), (2, 3));
        assert!((half.pixels[0] - (0.0 + 1.0 + 6.0 + 7.0) / 4.0 * 5.0 / 255.0).abs() < 1e-15);
        let both = beside(&[middle.clone(), middle]);
        assert_eq!((both.height, both.width, both.pixels[2], both.pixels[6]), (3, 8, 1.0, picture.pixels[8]));
        let column = stacked(&[both.clone(), both]);
        assert_eq!(
            (column.height, column.width, column.pixels[3 * 8], column.pixels[7 * 8]),
            (10, 8, 1.0, picture.pixels[8])
        );
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.png");
        assert!(read_picture(&path).unwrap_err().to_string().contains("a file that can be read"));
        std::fs::write(&path, "P5 this is nothing").unwrap();
        assert_eq!(read_picture(&path).unwrap_err().kind(), ErrorKind::Format);
        // A plain PGM of two by one.
        std::fs::write(&path, "P2\n2 1\n255\n0 255\n").unwrap();
        assert_eq!(read_picture(&path).unwrap().pixels, [0.0, 1.0]);
    }
}
