//! Text with the name of its file, so that every refusal says where.

use southwell::runtime::{Error, ErrorKind, Result};

/// The longest piece of a file that a message quotes.
const QUOTED: usize = 40;

/// A whole file of text.
pub(super) struct Text<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl<'a> Text<'a> {
    /// Refuses what is not UTF-8, by line; drops a byte order mark.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            Error::new(ErrorKind::Format, name)
                .at(format!("line {}", line_of(bytes, at)))
                .expected("UTF-8 text")
                .found(format!("the byte 0x{:02x}", bytes[at]))
        })?;
        Ok(Self { name, text: text.strip_prefix('\u{feff}').unwrap_or(text) })
    }

    /// The line, from 1, of a byte of the text.
    pub fn line(&self, offset: usize) -> usize {
        line_of(self.text.as_bytes(), offset)
    }

    /// Where `part` stands, which must be a slice of the text.
    ///
    /// Found from the address, so that readers need not count lines as they go.
    pub fn place(&self, part: &str) -> String {
        let offset =
            (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let before = self.text.get(..offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        format!("line {}, character {}", self.line(offset), before[start..].chars().count() + 1)
    }

    /// A refusal of `part`, a slice of the text, for its form.
    pub fn fault(&self, part: &str) -> Error {
        Error::new(ErrorKind::Format, self.name).at(self.place(part))
    }

    /// Reads a finite number; `place` says where it stands if it is none.
    pub fn number(&self, cell: &str, place: impl FnOnce() -> String) -> Result<f64> {
        match cell.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            parsed => {
                let (kind, expected, found) = if is_missing(cell) {
                    let shown = if cell.is_empty() { "empty" } else { cell };
                    (ErrorKind::Data, "a number", format!("a missing value ({shown})"))
                } else if parsed.is_ok() {
                    (ErrorKind::Data, "a finite number", quoted(cell))
                } else {
                    (ErrorKind::Format, "a number", quoted(cell))
                };
                Err(Error::new(kind, self.name).at(place()).expected(expected).found(found))
            }
        }
    }
}

/// Whether a cell stands for a value that is not known.
pub(super) fn is_missing(cell: &str) -> bool {
    ["", "NA", "N/A", "NaN", "+NaN", "-NaN", "null", "none", "?"]
        .iter()
        .any(|mark| cell.eq_ignore_ascii_case(mark))
}

/// The start of a piece of the file between quotes, for a message.
pub(super) fn quoted(piece: &str) -> String {
    let mut shown: String = piece.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if piece.chars().nth(QUOTED).is_some() {
        shown.push_str("...");
    }
    format!("'{shown}'")
}

/// Counts `\n`, `\r\n` and a lone `\r` as one line end each.
fn line_of(bytes: &[u8], offset: usize) -> usize {
    let ends = (0..offset).filter(|&at| match bytes[at] {
        b'\n' => true,
        b'\r' => at + 1 < bytes.len() && bytes[at + 1] != b'\n',
        _ => false,
    });
    ends.count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_from_slices() {
        let text = Text::new("f", "\u{feff}ab\r\ncé def\n".as_bytes()).unwrap();
        assert_eq!(text.place(&text.text[..1]), "line 1, character 1");
        let at = text.text.find("def").unwrap();
        assert_eq!(text.place(&text.text[at..at + 3]), "line 2, character 4");
        assert_eq!(text.fault(&text.text[at..]).found("x").to_string(), "f, line 2, character 4: x");
    }

    #[test]
    fn what_is_not_utf8_is_refused_by_line() {
        let error = Text::new("f", b"1,2\n3,\xff\n").err().unwrap();
        assert_eq!(error.to_string(), "f, line 2: expected UTF-8 text, found the byte 0xff");
    }

    #[test]
    fn numbers_are_finite() {
        let text = Text { name: "f", text: "" };
        let read = |cell: &str| text.number(cell, || "here".to_owned()).map_err(|error| error.to_string());
        for (cell, value) in [("1", 1.0), ("-2.5e-3", -2.5e-3), ("+.5", 0.5), ("5.", 5.0), ("1e-999", 0.0)] {
            assert_eq!(read(cell), Ok(value));
        }
        for cell in ["NA", "nan", "-NaN", "null", "?"] {
            assert_eq!(
                read(cell),
                Err(format!("f, here: expected a number, found a missing value ({cell})"))
            );
        }
        assert_eq!(read(""), Err("f, here: expected a number, found a missing value (empty)".to_owned()));
        for cell in ["inf", "-Infinity", "1e999"] {
            assert_eq!(read(cell), Err(format!("f, here: expected a finite number, found '{cell}'")));
        }
        for cell in ["x", "1,5", "0x10", "1d3", "1 2"] {
            assert_eq!(read(cell), Err(format!("f, here: expected a number, found '{cell}'")));
        }
    }

    #[test]
    fn long_pieces_are_cut() {
        assert_eq!(quoted(&"é".repeat(41)), format!("'{}...'", "é".repeat(40)));
        assert_eq!(quoted("a\nb"), "'a\\nb'");
    }
}
