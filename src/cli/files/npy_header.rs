//! The head of an NPY file: a magic, a version and a small Python dictionary.

use std::fmt::Display;

use southwell::runtime::{Error, ErrorKind, Result};

use super::text::quoted;

/// The bytes that an NPY file starts with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// What the dictionary says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// The type of the elements, such as `<f8`.
    pub descr: String,
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// Splits a file into its header and its data.
pub(super) fn split<'a>(name: &str, bytes: &'a [u8]) -> Result<(Header, &'a [u8])> {
    let refuse = |expected: &str, found: &dyn Display| {
        Error::new(ErrorKind::Format, name).at("the NPY header").expected(expected).found(found)
    };
    let cut = || refuse("a complete header", &"the end of the file");
    let rest =
        bytes.strip_prefix(MAGIC).ok_or_else(|| refuse("the magic bytes '\\x93NUMPY'", &"other bytes"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from_le_bytes(*length), rest)
        }
        other => {
            return Err(Error::new(ErrorKind::Unsupported, name)
                .at("the NPY header")
                .expected("the version 1, 2 or 3")
                .found(format!("{other}.{}", version[1])));
        }
    };
    let (head, data) = rest.split_at_checked(length as usize).ok_or_else(cut)?;
    let text = std::str::from_utf8(head).map_err(|_| refuse("UTF-8 text", &"other bytes"))?;
    let mut parser = Parser { rest: text };
    match parser.dictionary() {
        Some(header) => Ok((header, data)),
        None => {
            let found =
                if parser.rest.trim_ascii().is_empty() { "its end".to_owned() } else { quoted(parser.rest) };
            Err(refuse("a dictionary of 'descr' (a string), 'fortran_order' and 'shape' (a tuple)", &found))
        }
    }
}

/// What remains of the dictionary. A step that fails leaves the rest where it failed.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn dictionary(&mut self) -> Option<Header> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.take("{")?;
        while self.take("}").is_none() {
            let before = self.rest;
            let key = self.string()?;
            self.take(":")?;
            // A key that comes twice is refused: which of them counts would be a guess.
            let twice = match key {
                "descr" => descr.replace(self.string()?.to_owned()).is_some(),
                "fortran_order" => fortran_order.replace(self.boolean()?).is_some(),
                "shape" => shape.replace(self.tuple()?).is_some(),
                _ => true,
            };
            if twice {
                self.rest = before;
                return None;
            }
            if self.take(",").is_none() {
                self.take("}")?;
                break;
            }
        }
        if !self.rest.trim_ascii().is_empty() {
            return None;
        }
        Some(Header { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }

    fn take(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.trim_ascii_start().strip_prefix(word)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_ascii_start();
        let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
        let (inside, rest) = rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(inside)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.take("True").is_some() {
            return Some(true);
        }
        self.take("False").map(|()| false)
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        let mut sizes = Vec::new();
        self.take("(")?;
        while self.take(")").is_none() {
            sizes.push(self.size()?);
            if self.take(",").is_none() {
                self.take(")")?;
                break;
            }
        }
        Some(sizes)
    }

    /// An integer; one that does not fit is refused like any other text. Python 2 wrote `3L`.
    fn size(&mut self) -> Option<usize> {
        let rest = self.rest.trim_ascii_start();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let size = rest[..digits].parse().ok()?;
        let rest = &rest[digits..];
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, dictionary: &str) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((dictionary.len() as u16).to_le_bytes()),
            _ => bytes.extend((dictionary.len() as u32).to_le_bytes()),
        }
        bytes.extend(dictionary.as_bytes());
        bytes
    }

    #[test]
    fn dictionaries_in_the_shapes_that_numpy_writes() {
        let shape = |text: &str| {
            let bytes =
                file(1, &format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {text}, }}   \n"));
            split("f", &bytes).unwrap().0.shape
        };
        assert_eq!(shape("(3, 4)"), [3, 4]);
        assert_eq!(shape("(3,)"), [3]);
        assert_eq!(shape("(3L, 4L)"), [3, 4]);
        assert_eq!(shape("()"), [0; 0]);
        for version in 1..=3 {
            let bytes = file(version, "{\"shape\":(2,),\"fortran_order\":True,\"descr\":\">i4\"}");
            let expected = Header { descr: ">i4".to_owned(), fortran_order: true, shape: vec![2] };
            assert_eq!(split("f", &bytes).unwrap().0, expected);
        }
    }

    #[test]
    fn bad_dictionaries_are_refused() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f8'}",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1 2)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f8",
            "{é",
        ] {
            let message = split("f", &file(1, text)).unwrap_err().to_string();
            assert!(
                message.starts_with("f, the NPY header: expected a dictionary of 'descr'"),
                "{text}: {message}"
            );
        }
        let message = split("f", &file(1, "{'descr': [1]}")).unwrap_err().to_string();
        assert!(message.ends_with(", found ' [1]}'"), "{message}");
    }

    #[test]
    fn cut_files_and_other_versions_are_refused() {
        let whole = file(2, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}");
        for length in 0..whole.len() {
            assert_eq!(split("f", &whole[..length]).unwrap_err().kind(), ErrorKind::Format);
        }
        let message = split("f", &whole[..20]).unwrap_err().to_string();
        assert_eq!(message, "f, the NPY header: expected a complete header, found the end of the file");
        let message = split("f", &file(4, "{}")).unwrap_err().to_string();
        assert_eq!(message, "f, the NPY header: expected the version 1, 2 or 3, found 4.0");
        let message = split("f", b"1,2").unwrap_err().to_string();
        assert_eq!(message, "f, the NPY header: expected the magic bytes '\\x93NUMPY', found other bytes");
        let mut latin = whole.clone();
        latin[15] = 0xff;
        assert!(split("f", &latin).unwrap_err().to_string().contains("expected UTF-8 text"));
    }
}
