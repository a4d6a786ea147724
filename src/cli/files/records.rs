//! Delimited text as rows of cells, and which character delimits them.

use csv::{Reader, ReaderBuilder, StringRecord};
use southwell::runtime::{Error, ErrorKind, Result};

use super::text::{Text, is_missing};

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Byte(u8),
    /// Runs of blanks and tabs.
    Blanks,
}

/// Tells the delimiter by the second line, and by the first if that has a single cell.
///
/// The second line is asked first because names of columns may hold any of the characters.
pub(super) fn tell(text: &str) -> Delimiter {
    let (first, rest) = first_record(text);
    let (second, _) = first_record(rest);
    if let Some((delimiter, _)) = of_line(second) {
        return delimiter;
    }
    match of_line(first) {
        // A name of several words above a single column.
        Some((Delimiter::Blanks, false)) | None => Delimiter::Byte(b','),
        Some((delimiter, _)) => delimiter,
    }
}

/// The first delimiter that makes numbers of all cells, else the first that occurs; and whether it did.
fn of_line(line: &str) -> Option<(Delimiter, bool)> {
    let mut present = None;
    for delimiter in [Delimiter::Byte(b'\t'), Delimiter::Byte(b';'), Delimiter::Byte(b','), Delimiter::Blanks]
    {
        let cells = cells(line.trim_matches(' '), delimiter);
        if cells.len() > 1 {
            let is_number = |cell: &&str| is_missing(cell) || cell.parse::<f64>().is_ok();
            if cells.iter().all(|cell| is_number(&unquoted(cell.trim_ascii()))) {
                return Some((delimiter, true));
            }
            present.get_or_insert((delimiter, false));
        }
    }
    present
}

/// Splits at the delimiters outside of quotes.
fn cells(line: &str, delimiter: Delimiter) -> Vec<&str> {
    let delimits = |byte: u8| match delimiter {
        Delimiter::Byte(delimiter) => byte == delimiter,
        Delimiter::Blanks => byte.is_ascii_whitespace(),
    };
    let mut cells = Vec::new();
    let mut quotes = Quotes::default();
    let mut start = 0;
    for (at, byte) in line.bytes().enumerate() {
        if quotes.outside(byte) && delimits(byte) {
            cells.push(&line[start..at]);
            start = at + 1;
        }
    }
    cells.push(&line[start..]);
    if delimiter == Delimiter::Blanks {
        cells.retain(|cell| !cell.is_empty());
    }
    cells
}

fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
}

/// Whether the bytes so far leave a quote open. Only one at the start of a cell opens: `5"` is inches.
#[derive(Default)]
struct Quotes {
    open: bool,
    last: u8,
}

impl Quotes {
    fn outside(&mut self, byte: u8) -> bool {
        if byte == b'"' {
            let opens = matches!(self.last, 0 | b',' | b';' | b'"') || self.last.is_ascii_whitespace();
            self.open = !self.open && opens;
        }
        self.last = byte;
        !self.open
    }
}

/// The first line that is not blank, and what follows it; a quoted cell may span lines.
fn first_record(text: &str) -> (&str, &str) {
    let text = text.trim_ascii_start();
    let mut quotes = Quotes::default();
    match text.bytes().position(|byte| quotes.outside(byte) && matches!(byte, b'\n' | b'\r')) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    }
}

/// The rows of a text, one after the other.
pub(super) struct Records<'a> {
    text: &'a Text<'a>,
    source: Source<'a>,
    record: StringRecord,
    /// Where the record starts, or the line ends before it.
    start: usize,
}

enum Source<'a> {
    Csv(Box<Reader<&'a [u8]>>),
    Blanks(std::str::Split<'a, char>),
}

impl<'a> Records<'a> {
    pub fn new(text: &'a Text<'a>) -> Self {
        let source = match tell(text.text) {
            Delimiter::Blanks => Source::Blanks(text.text.split('\n')),
            Delimiter::Byte(delimiter) => Source::Csv(Box::new(
                // Lengths are compared by the caller, who says more of it than the csv crate.
                ReaderBuilder::new()
                    .delimiter(delimiter)
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(text.text.as_bytes()),
            )),
        };
        Self { text, source, record: StringRecord::new(), start: 0 }
    }

    /// Reads the next row that is not blank; false at the end.
    pub fn advance(&mut self) -> Result<bool> {
        while self.read()? {
            let blank = match self.record.len() {
                0 => true,
                1 => self.record[0].trim_ascii().is_empty() && !self.starts_with_quote(),
                _ => false,
            };
            if !blank {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The cells of the row, with the blanks around them.
    pub fn cells(&self) -> &StringRecord {
        &self.record
    }

    /// Whether a cell of the row is between quotes.
    pub fn is_quoted(&self) -> bool {
        first_record(self.here()).0.contains('"')
    }

    /// The line of the row. It is counted anew, for it is asked of a refused row only.
    pub fn line(&self) -> usize {
        self.text.line(self.text.text.len() - self.here().len())
    }

    fn read(&mut self) -> Result<bool> {
        match &mut self.source {
            Source::Csv(reader) => {
                self.start = reader.position().byte() as usize;
                // The text is in memory and valid, so this does not happen; still no reason to panic.
                reader
                    .read_record(&mut self.record)
                    .map_err(|error| Error::new(ErrorKind::Format, self.text.name).found(error))
            }
            Source::Blanks(lines) => {
                let Some(line) = lines.next() else { return Ok(false) };
                self.start = line.as_ptr() as usize - self.text.text.as_ptr() as usize;
                self.record.clear();
                if line.contains('"') {
                    cells(line, Delimiter::Blanks)
                        .iter()
                        .for_each(|cell| self.record.push_field(unquoted(cell)));
                } else {
                    line.split_ascii_whitespace().for_each(|cell| self.record.push_field(cell));
                }
                Ok(true)
            }
        }
    }

    fn here(&self) -> &str {
        self.text.text.get(self.start..).unwrap_or_default().trim_start_matches(['\r', '\n'])
    }

    /// A quoted empty cell is a missing value, where a blank line is nothing.
    fn starts_with_quote(&self) -> bool {
        self.here().trim_ascii_start().starts_with('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Delimiter = Delimiter::Byte(b',');
    const SEMICOLON: Delimiter = Delimiter::Byte(b';');
    const TAB: Delimiter = Delimiter::Byte(b'\t');

    #[test]
    fn the_delimiter_is_told_by_the_content() {
        let cases = [
            ("1,2\n", COMMA),
            ("1, 2, 3", COMMA),
            ("1;2", SEMICOLON),
            ("1,5;2,5", SEMICOLON),
            ("1\t2", TAB),
            ("1\t\t3", TAB),
            ("1 2\t3", Delimiter::Blanks),
            ("  1   2  \r\n", Delimiter::Blanks),
            ("5\n", COMMA),
            ("the name\n5\n", COMMA),
            ("1 2 3\n4\n", Delimiter::Blanks),
            ("1;2\n4\n", SEMICOLON),
            ("a;b (m, s)\n\n1;2\n", SEMICOLON),
            ("long name,other\r\n1,2\n", COMMA),
            ("\"a,b\",\"c\n;d\"\n1,NA\n", COMMA),
            ("\"a b\" \"c\"\n1 2\n", Delimiter::Blanks),
            ("5\";6\"\n1;2\n", SEMICOLON),
            ("a b,c d", COMMA),
        ];
        for (text, delimiter) in cases {
            assert_eq!(tell(text), delimiter, "{text:?}");
        }
    }

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        let text = Text { name: "f", text };
        let mut records = Records::new(&text);
        let mut rows = Vec::new();
        while records.advance().unwrap() {
            rows.push((records.line(), records.cells().iter().map(str::to_owned).collect()));
        }
        rows
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn rows_know_their_lines() {
        assert_eq!(
            rows("\"a\nb\",\"c\"\"d\"\r\n\r\n1,2\r\n   \r\n3,4,5\n"),
            [row(1, &["a\nb", "c\"d"]), row(4, &["1", "2"]), row(6, &["3", "4", "5"])]
        );
        assert_eq!(
            rows("\"a b\" \"\" c\r\n\n 1  2\t3 \n  \n4 5"),
            [row(1, &["a b", "", "c"]), row(3, &["1", "2", "3"]), row(5, &["4", "5"])]
        );
        assert_eq!(rows("1,2\r3,4"), [row(1, &["1", "2"]), row(2, &["3", "4"])]);
    }

    #[test]
    fn a_quoted_empty_cell_is_a_row() {
        assert_eq!(rows("y\n\n\"\"\n1\n"), [row(1, &["y"]), row(3, &[""]), row(4, &["1"])]);
    }
}
