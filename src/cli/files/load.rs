//! The bytes of a file, decompressed if they are a gzip stream.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use southwell::runtime::{Error, ErrorKind, Result};

const GZIP: &[u8] = b"\x1f\x8b";

/// Reads the file as a whole; an empty one is refused.
pub(super) fn load(path: &Path, name: &str) -> Result<Vec<u8>> {
    let raw = std::fs::read(path)
        .map_err(|error| refused(name, ErrorKind::Argument, "a file that can be read", error))?;
    // The magic decides, not the name: a browser may unpack `x.gz` and keep its name.
    let bytes = if raw.starts_with(GZIP) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(raw.as_slice())
            .read_to_end(&mut plain)
            .map_err(|error| refused(name, ErrorKind::Format, "a complete gzip stream", error))?;
        plain
    } else {
        raw
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::new(ErrorKind::Format, name).expected("numbers").found("an empty file"));
    }
    Ok(bytes)
}

fn refused(name: &str, kind: ErrorKind, expected: &str, error: std::io::Error) -> Error {
    let kind = if error.kind() == std::io::ErrorKind::OutOfMemory { ErrorKind::Memory } else { kind };
    Error::new(kind, name).expected(expected).found(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn loaded(bytes: &[u8]) -> Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        load(file.path(), "f")
    }

    #[test]
    fn gzip_is_told_by_its_magic_and_may_have_several_members() {
        assert_eq!(loaded(b"1 2").unwrap(), b"1 2");
        let mut two = gzip(b"1 2\n");
        two.extend(gzip(b"3 4\n"));
        assert_eq!(loaded(&two).unwrap(), b"1 2\n3 4\n");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let cut = gzip(b"a long enough text to be cut");
        let error = loaded(&cut[..cut.len() - 9]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(error.to_string().starts_with("f: expected a complete gzip stream, found "));
        assert_eq!(loaded(b" \r\n").unwrap_err().to_string(), "f: expected numbers, found an empty file");
        assert_eq!(loaded(&gzip(b"")).unwrap_err().to_string(), "f: expected numbers, found an empty file");
        let absent = load(Path::new("/no/such/file"), "f").unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::Argument);
        assert!(absent.to_string().starts_with("f: expected a file that can be read, found "));
    }
}
