//! LIBSVM: `label index:value index:value ... # comment`, one row a line, indices from 1.

use southwell::runtime::{Error, ErrorKind, Result};

use super::sparse::{Entries, MOST, believable};
use super::text::{Text, quoted};
use super::{Table, Values};

/// Reads a table with its labels; `features` sets the number of columns and lifts the usual limit of it.
pub(super) fn parse(text: &Text, features: Option<usize>) -> Result<Table> {
    let most = features.unwrap_or(believable(text.text.len())).min(MOST);
    let mut reader = Reader { text, most, entries: Entries::default(), labels: Vec::new(), largest: 0 };
    let mut seen = Vec::new();
    for line in text.text.split('\n') {
        let data = line.split_once('#').map_or(line, |(data, _)| data);
        reader.row(data, &mut seen)?;
    }
    if reader.labels.is_empty() {
        return Err(Error::new(ErrorKind::Format, text.name).expected("rows of LIBSVM").found("none"));
    }
    let Reader { entries, labels, largest, .. } = reader;
    let (rows, cols) = (labels.len(), features.unwrap_or(largest as usize));
    let values = values(text.name, entries, rows, cols)?;
    Ok(Table { rows, cols, values, target: Some(labels), names: Vec::new() })
}

/// Dense if more than half of the entries are stored: that form is the smaller and faster one then.
fn values(name: &str, entries: Entries, rows: usize, cols: usize) -> Result<Values> {
    let half = rows.checked_mul(cols).map_or(usize::MAX, |all| all / 2);
    if entries.len() > half { entries.into_dense(name, rows, cols) } else { entries.compress(name, cols) }
}

struct Reader<'a> {
    text: &'a Text<'a>,
    /// The largest index that is accepted.
    most: usize,
    entries: Entries,
    labels: Vec<f64>,
    largest: u32,
}

impl Reader<'_> {
    /// Reads a line without its comment; `seen` is scratch for the indices of the row.
    fn row(&mut self, data: &str, seen: &mut Vec<u32>) -> Result<()> {
        let mut tokens = data.split_ascii_whitespace();
        let Some(label) = tokens.next() else { return Ok(()) };
        if label.contains(':') {
            return Err(self.text.fault(label).expected("a label").found(quoted(label)));
        }
        let row = self.labels.len();
        if row >= MOST {
            return Err(self.text.fault(label).expected(format!("at most {MOST} rows")).found("more"));
        }
        self.labels.push(self.text.number(label, || self.text.place(label))?);
        seen.clear();
        let mut ascending = true;
        for token in tokens {
            let (index, value) = self.entry(token)?;
            match seen.last() {
                Some(&last) if index == last => return Err(self.twice(token, index)),
                Some(&last) if index < last => ascending = false,
                _ => {}
            }
            seen.push(index);
            self.largest = self.largest.max(index);
            self.entries.push(row as u32, index - 1, value);
        }
        if !ascending {
            seen.sort_unstable();
            if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(self.twice(data, pair[0]));
            }
        }
        Ok(())
    }

    fn entry(&self, token: &str) -> Result<(u32, f64)> {
        let Some((index, value)) = token.split_once(':') else {
            return Err(self.text.fault(token).expected("index:value").found(quoted(token)));
        };
        if index == "qid" {
            return Err(Error::new(ErrorKind::Unsupported, self.text.name)
                .at(self.text.place(token))
                .expected("rows without query groups")
                .found(format!("{}: 'qid' is for ranking", quoted(token))));
        }
        let parsed = match index.parse::<u64>() {
            Ok(0) => {
                return Err(self
                    .text
                    .fault(token)
                    .expected("an index of at least 1, for LIBSVM is 1-based")
                    .found(quoted(token)));
            }
            Ok(parsed) => parsed,
            Err(_) => {
                return Err(self
                    .text
                    .fault(token)
                    .expected("an index that is an integer from 1")
                    .found(quoted(token)));
            }
        };
        let most = self.most;
        match u32::try_from(parsed) {
            Ok(small) if small as usize <= most => {
                Ok((small, self.text.number(value, || self.text.place(value))?))
            }
            _ => Err(Error::new(ErrorKind::Data, self.text.name)
                .at(self.text.place(token))
                .expected(format!("an index of at most {most}"))
                .found(quoted(token))),
        }
    }

    fn twice(&self, part: &str, index: u32) -> Error {
        self.text.fault(part).expected("each index once in a row").found(format!("the index {index} twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, features: Option<usize>) -> std::result::Result<Table, String> {
        parse(&Text { name: "f", text }, features).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_with_comments_blank_lines_and_any_order() {
        let table = read("# head\n+1 4:2 1:-1.5 # note 9:9\r\n\n  -1\t\n0.5 1:3", None).unwrap();
        assert_eq!((table.rows, table.cols), (3, 4));
        assert_eq!(table.target, Some(vec![1.0, -1.0, 0.5]));
        let sparse = Values::Sparse {
            indptr: vec![0, 2, 2, 2, 3],
            indices: vec![0, 2, 0],
            values: vec![-1.5, 3.0, 2.0],
        };
        assert_eq!(table.values, sparse);
        assert!(table.names.is_empty());
    }

    #[test]
    fn more_than_half_is_dense_and_half_is_sparse() {
        let dense = read("1 1:1 2:2\n2 2:3", None).unwrap();
        assert_eq!(dense.values, Values::Dense(vec![1.0, 0.0, 2.0, 3.0]));
        assert!(matches!(read("1 1:1\n2 2:3", None).unwrap().values, Values::Sparse { .. }));
    }

    #[test]
    fn the_number_of_columns_may_be_given() {
        let table = read("1 1:1\n", Some(3)).unwrap();
        assert_eq!(
            (table.cols, table.values),
            (3, Values::Sparse { indptr: vec![0, 1, 1, 1], indices: vec![0], values: vec![1.0] })
        );
        assert_eq!(
            read("1 4:1", Some(3)).unwrap_err(),
            "f, line 1, character 3: expected an index of at most 3, found '4:1'"
        );
        assert!(read("1 1:1", Some(usize::MAX)).unwrap_err().contains("at most 2147483647 columns"));
    }

    #[test]
    fn bad_rows_are_refused_with_their_place() {
        let cases = [
            (
                "1 1:1\n1 0:1",
                "line 2, character 3: expected an index of at least 1, for LIBSVM is 1-based, found '0:1'",
            ),
            ("1 2:1 2:3", "line 1, character 7: expected each index once in a row, found the index 2 twice"),
            (
                "1 2:1 1:3 2:1",
                "line 1, character 1: expected each index once in a row, found the index 2 twice",
            ),
            (
                "1 qid:3 1:1",
                "line 1, character 3: expected rows without query groups, found 'qid:3': 'qid' is for ranking",
            ),
            ("1 a:3", "line 1, character 3: expected an index that is an integer from 1, found 'a:3'"),
            ("1 -2:3", "line 1, character 3: expected an index that is an integer from 1, found '-2:3'"),
            (
                "1 4294967297:3",
                "line 1, character 3: expected an index of at most 16777216, found '4294967297:3'",
            ),
            ("1 3", "line 1, character 3: expected index:value, found '3'"),
            ("1 3:", "line 1, character 5: expected a number, found a missing value (empty)"),
            ("1 3:x", "line 1, character 5: expected a number, found 'x'"),
            ("1 3:inf", "line 1, character 5: expected a finite number, found 'inf'"),
            ("2:3 4:5", "line 1, character 1: expected a label, found '2:3'"),
            ("\n\nx 4:5", "line 3, character 1: expected a number, found 'x'"),
            ("nan 4:5", "line 1, character 1: expected a number, found a missing value (nan)"),
        ];
        for (text, message) in cases {
            assert_eq!(read(text, None).unwrap_err(), format!("f, {message}"));
        }
        assert_eq!(read("# only\n", None).unwrap_err(), "f: expected rows of LIBSVM, found none");
    }
}
