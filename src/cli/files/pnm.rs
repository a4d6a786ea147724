//! PNM: the portable gray map and pixel map, as text (P2, P3) or as bytes (P5, P6).

use super::picture::{Picture, from_channels};

/// The picture of a file's bytes, or what is wrong with them.
pub fn parse(bytes: &[u8]) -> Result<Picture, String> {
    let kind = bytes.get(..2).unwrap_or_default();
    let (channels, is_text) = match kind {
        b"P2" => (1, true),
        b"P3" => (3, true),
        b"P5" => (1, false),
        b"P6" => (3, false),
        _ => return Err("another first line".to_owned()),
    };
    let mut words = Words { bytes, at: 2 };
    let [width, height, white] = [words.number("width")?, words.number("height")?, words.number("white")?];
    if width == 0 || height == 0 || white == 0 || white > 65_535 {
        return Err(format!("{height} x {width} pixels with white {white}"));
    }
    let count = width.checked_mul(height).and_then(|n| n.checked_mul(channels));
    // Each number takes a byte at least.
    let count = count.filter(|n| *n <= bytes.len()).ok_or("fewer numbers than pixels")?;
    let samples = if is_text {
        (0..count).map(|_| words.number("pixel")).collect::<Result<Vec<usize>, String>>()?
    } else {
        // One blank ends the head.
        binary(bytes.get(words.at + 1..).unwrap_or_default(), count, white > 255)?
    };
    if let Some(most) = samples.iter().find(|v| **v > white) {
        return Err(format!("{most} above white, {white}"));
    }
    let scaled: Vec<f64> = samples.iter().map(|v| *v as f64 / white as f64).collect();
    Ok(from_channels(height, width, channels, &scaled))
}

fn binary(bytes: &[u8], count: usize, is_wide: bool) -> Result<Vec<usize>, String> {
    let width = if is_wide { 2 } else { 1 };
    let body = bytes.get(..count * width).ok_or("fewer bytes than pixels")?;
    Ok(body.chunks_exact(width).map(|b| b.iter().fold(0, |v, b| 256 * v + usize::from(*b))).collect())
}

/// Numbers between blanks and comments.
struct Words<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Words<'_> {
    fn number(&mut self, what: &str) -> Result<usize, String> {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => {
                    let line = self.bytes[self.at..].iter().position(|b| *b == b'\n');
                    self.at = line.map_or(self.bytes.len(), |n| self.at + n);
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => break,
            }
        }
        let begin = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.bytes[begin..self.at]).unwrap_or_default();
        digits.parse().map_err(|_| format!("no number for {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_kinds_are_read() {
        let gray = parse(b"P2 # shades\n2 1\n4\n0 1\n").unwrap();
        assert_eq!((gray.height, gray.width, gray.pixels), (1, 2, vec![0.0, 0.25]));
        assert_eq!(parse(b"P5 2 1 255\n\x00\xff").unwrap().pixels, [0.0, 1.0]);
        assert_eq!(parse(b"P5 1 1 65535\n\xff\xff").unwrap().pixels, [1.0]);
        let red = parse(b"P3 1 1 255 255 0 0").unwrap().pixels[0];
        assert!((red - 0.2126).abs() < 1e-15);
        assert!((parse(b"P6 1 1 255\n\xff\xff\xff").unwrap().pixels[0] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_cut_or_wrong_is_refused() {
        for bytes in [
            &b"P4 1 1"[..],
            b"",
            b"P2 2 2 255 1 2 3",
            b"P2 1 1 255 300",
            b"P5 2 2 255\n\x00",
            b"P2 0 1 255",
            b"P2 99999999999 99999999999 255 1",
            b"P5 3 1 65535\n\x00\x00\x00\x00",
        ] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
