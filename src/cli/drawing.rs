//! Pictures for want of photographs.

use super::files::Picture;
use southwell::runtime::rng::{Purpose, Stream};

/// The iteration of the stream, so that nothing else draws the same numbers.
const DRAWN: u64 = 4242;

/// Discs and boxes of one shade each on a slope, one of them with a texture.
pub fn drawing(side: usize, seed: u64) -> Picture {
    let mut stream = Stream::new(seed, Purpose::Start, DRAWN);
    let size = side as f64;
    let slope =
        [0.3 + 0.3 * stream.uniform(), 0.3 * (stream.uniform() - 0.5), 0.3 * (stream.uniform() - 0.5)];
    let mut pixels: Vec<f64> = (0..side * side)
        .map(|k| slope[0] + slope[1] * (k / side) as f64 / size + slope[2] * (k % side) as f64 / size)
        .collect();
    for shape in 0..6 {
        let (row, column) = (size * stream.uniform(), size * stream.uniform());
        let (a, b) = (size * (0.1 + 0.2 * stream.uniform()), size * (0.1 + 0.2 * stream.uniform()));
        let (shade, wave) = (stream.uniform(), 0.5 + stream.uniform());
        for (k, pixel) in pixels.iter_mut().enumerate() {
            let (y, x) = ((k / side) as f64 - row, (k % side) as f64 - column);
            let is_inside = match shape % 2 {
                0 => (y / a).powi(2) + (x / b).powi(2) < 1.0,
                _ => y.abs() < a && x.abs() < b,
            };
            if is_inside {
                let texture = if shape == 5 { 0.1 * (wave * y).sin() * (wave * x).cos() } else { 0.0 };
                *pixel = (shade + texture).clamp(0.0, 1.0);
            }
        }
    }
    Picture { height: side, width: side, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_pictures_that_differ() {
        let picture = drawing(20, 1);
        assert!(picture.pixels.iter().all(|v| (0.0..=1.0).contains(v)));
        assert_eq!(picture, drawing(20, 1));
        assert_ne!(picture, drawing(20, 2));
    }
}
