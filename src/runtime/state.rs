//! The envelope of saved states: magic, format version, kind, length, checksum; little-endian.

use super::error::{Error, ErrorKind, Result, out_of_memory};

const MAGIC: [u8; 4] = *b"SWLS";
const FORMAT: u32 = 1;
/// Bytes before the payload.
pub const HEADER: usize = 32;

/// Wraps `payload` as a state of `kind` (4 letters) whose layout has `version`. Errors: no memory.
pub fn seal(kind: [u8; 4], version: u32, payload: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = HEADER + payload.len();
    bytes.try_reserve_exact(count).map_err(|_| out_of_memory("saved state", count, 1))?;
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Checks an envelope and gives the version and the payload.
pub fn open(bytes: &[u8], kind: [u8; 4]) -> Result<(u32, &[u8])> {
    let refuse = |expected: &str, found: String| {
        Err(Error::new(ErrorKind::Format, "saved state").expected(expected).found(found))
    };
    if bytes.len() < HEADER {
        return refuse("at least 32 bytes", bytes.len().to_string());
    }
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if bytes[..4] != MAGIC {
        return refuse("the letters SWLS first", format!("{:?}", &bytes[..4]));
    }
    if word(4) != FORMAT {
        return refuse("format version 1", word(4).to_string());
    }
    if bytes[8..12] != kind {
        let name = |k: &[u8]| String::from_utf8_lossy(k).into_owned();
        return refuse(&format!("a state of kind {}", name(&kind)), name(&bytes[8..12]));
    }
    let payload = &bytes[HEADER..];
    if long(16) != payload.len() as u64 {
        return refuse(&format!("{} bytes of payload", long(16)), payload.len().to_string());
    }
    if long(24) != checksum(payload) {
        return refuse("a matching checksum", "damaged bytes".into());
    }
    Ok((word(12), payload))
}

/// FNV-1a over 64 bits: finds damage, is no protection against intent.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_damage_is_found() {
        let sealed = seal(*b"TEST", 3, b"payload").unwrap();
        assert_eq!(open(&sealed, *b"TEST").unwrap(), (3, &b"payload"[..]));
        assert!(open(&sealed, *b"ELSE").is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 0x40;
            // The layout's version (bytes 12 to 15) is the reader's to judge.
            assert_eq!(open(&damaged, *b"TEST").is_err(), !(12..16).contains(&at), "byte {at}");
            assert!(open(&sealed[..at], *b"TEST").is_err());
        }
    }
}
