//! PNG, by the crate `png`.

use super::picture::{Picture, from_channels};
use crate::cli::output;
use ::png::{BitDepth, ColorType, Decoder, Encoder, Transformations};
use southwell::runtime::Result;
use std::io::Cursor;
use std::path::Path;

/// A file of a kilobyte may claim any number of pixels.
const MOST_PIXELS: u64 = 1 << 27;

/// The picture of a file's bytes, or what is wrong with them.
pub fn parse(bytes: &[u8]) -> std::result::Result<Picture, String> {
    let text = |error: ::png::DecodingError| error.to_string();
    let mut decoder = Decoder::new(Cursor::new(bytes));
    // Palettes become colours, and few bits become eight.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(text)?;
    let pixels = u64::from(reader.info().width) * u64::from(reader.info().height);
    if pixels > MOST_PIXELS {
        return Err(format!("{pixels} pixels, and at most {MOST_PIXELS} are read"));
    }
    let size = reader.output_buffer_size().ok_or("more pixels than memory could hold")?;
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(size).map_err(|error| error.to_string())?;
    buffer.resize(size, 0);
    let info = reader.next_frame(&mut buffer).map_err(text)?;
    let bytes = &buffer[..info.buffer_size()];
    let samples: Vec<f64> = match info.bit_depth {
        BitDepth::Sixteen => bytes
            .chunks_exact(2)
            .map(|pair| f64::from(u16::from_be_bytes([pair[0], pair[1]])) / f64::from(u16::MAX))
            .collect(),
        _ => bytes.iter().map(|v| f64::from(*v) / f64::from(u8::MAX)).collect(),
    };
    Ok(from_channels(info.height as usize, info.width as usize, info.color_type.samples(), &samples))
}

/// Writes shades row after row.
pub fn write(path: &Path, height: usize, width: usize, shades: &[u8]) -> Result<()> {
    output::write_file(path, |file| {
        let mut encoder = Encoder::new(file, width as u32, height as u32);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(shades)?;
        Ok(writer.finish()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_claims_too_many_pixels_is_refused_before_there_is_room_for_them() {
        let mut bytes = Vec::new();
        let encoder = Encoder::new(&mut bytes, 1, 1);
        encoder.write_header().unwrap().write_image_data(&[7]).unwrap();
        assert_eq!(parse(&bytes).unwrap().pixels, [7.0 / 255.0]);
        // Width and height, and the checksum over them.
        bytes[16..24].copy_from_slice(&[100_000_u32.to_be_bytes(), 100_000_u32.to_be_bytes()].concat());
        let mut checksum = flate2::Crc::new();
        checksum.update(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
        let refused = parse(&bytes).unwrap_err();
        assert!(refused.contains("10000000000 pixels"), "{refused}");
    }
}
