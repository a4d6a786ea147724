//! Which format a file has: by its name where that decides, otherwise by its first bytes.

use std::fmt;
use std::path::Path;

use super::npy_header::MAGIC;

/// The formats that tables are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Libsvm,
    MatrixMarket,
    Npy,
    Delimited,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Libsvm => "LIBSVM",
            Self::MatrixMarket => "Matrix Market",
            Self::Npy => "NPY",
            Self::Delimited => "delimited text",
        })
    }
}

/// Decides by the extension before an optional `.gz`, and by the content if that says nothing.
pub(super) fn tell(path: &Path, bytes: &[u8]) -> Format {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    match Path::new(stem).extension().and_then(|extension| extension.to_str()) {
        Some("svm" | "libsvm" | "svmlight") => Format::Libsvm,
        Some("mtx") => Format::MatrixMarket,
        Some("npy") => Format::Npy,
        Some("csv" | "tsv") => Format::Delimited,
        _ => by_content(bytes),
    }
}

fn by_content(bytes: &[u8]) -> Format {
    const MARKET: &[u8] = b"%%MatrixMarket";
    if bytes.starts_with(MAGIC) {
        return Format::Npy;
    }
    if bytes.get(..MARKET.len()).is_some_and(|start| start.eq_ignore_ascii_case(MARKET)) {
        return Format::MatrixMarket;
    }
    // A row of zeros is a label alone in LIBSVM, so such lines do not decide.
    let second = bytes.split(|&byte| byte == b'\n').find_map(|line| {
        let data = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        data.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty()).nth(1)
    });
    match second {
        Some(token) if token.contains(&b':') => Format::Libsvm,
        _ => Format::Delimited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_where_it_says_something() {
        let told = |name: &str| tell(Path::new(name), b"1 2 3");
        for name in ["a.svm", "d/a.LIBSVM", "a.svmlight.gz"] {
            assert_eq!(told(name), Format::Libsvm, "{name}");
        }
        assert_eq!(told("a.mtx.gz"), Format::MatrixMarket);
        assert_eq!(told("a.npy"), Format::Npy);
        for name in ["a.csv", "a.tsv.GZ", "a.txt", "a.data", "a.gz", "a", ".svm"] {
            assert_eq!(told(name), Format::Delimited, "{name}");
        }
    }

    #[test]
    fn the_content_decides_otherwise() {
        let told = |bytes: &[u8]| tell(Path::new("a.txt"), bytes);
        assert_eq!(told(b"\x93NUMPY\x01\x00"), Format::Npy);
        assert_eq!(told(b"%%matrixmarket matrix"), Format::MatrixMarket);
        assert_eq!(told(b"# comment: x y:z\n\n1\n-1 3:4"), Format::Libsvm);
        assert_eq!(told(b"+1\t3:4"), Format::Libsvm);
        assert_eq!(told(b"1\n2\n"), Format::Delimited);
        assert_eq!(told(b"1,2:3\n"), Format::Delimited);
        assert_eq!(tell(Path::new("a.csv"), b"1 2:3"), Format::Delimited);
    }
}
