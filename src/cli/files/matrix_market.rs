//! Matrix Market: coordinate and array files of real numbers.

use southwell::runtime::{Error, ErrorKind, Result};

use super::market_header::{Field, Header, Symmetry, header};
use super::sparse::{Entries, MOST, believable};
use super::text::{Text, quoted};
use super::{Table, Values, dense};

/// Reads a matrix: sparse from a coordinate file, dense from an array file.
pub(super) fn parse(text: &Text) -> Result<Table> {
    let (first, rest) = text.text.split_once('\n').unwrap_or((text.text, ""));
    let header = header(text, first)?;
    let mut lines = data_lines(rest);
    let Some(line) = lines.next() else {
        return Err(Error::new(ErrorKind::Format, text.name)
            .expected("a line of sizes")
            .found("the end of the file"));
    };
    let sizes = sizes(text, line, if header.coordinate { 3 } else { 2 })?;
    let (rows, cols) = (sizes[0], sizes[1]);
    if header.symmetry != Symmetry::General && rows != cols {
        return Err(text.fault(line).expected("a square matrix if it is symmetric").found(quoted(line)));
    }
    let values = if header.coordinate {
        coordinate(text, &header, rows, cols, sizes[2], lines)?
    } else {
        array(text, &header, rows, cols, lines)?
    };
    Ok(Table { rows, cols, values, target: None, names: Vec::new() })
}

/// The lines that are neither comments nor blank.
fn data_lines(rest: &str) -> impl Iterator<Item = &str> + Clone {
    rest.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty() && !line.starts_with('%'))
}

fn sizes(text: &Text, line: &str, count: usize) -> Result<Vec<usize>> {
    let sizes: Vec<usize> = line.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
    if sizes.len() != count || line.split_ascii_whitespace().count() != count {
        let expected =
            if count == 3 { "numbers of rows, columns and entries" } else { "numbers of rows and columns" };
        return Err(text.fault(line).expected(expected).found(quoted(line)));
    }
    // The values of an array prove its sizes; the entries of a coordinate file do not.
    let most = if count == 3 { believable(text.text.len()) } else { MOST };
    if sizes[..2].iter().any(|&size| size > most) {
        return Err(text
            .fault(line)
            .expected(format!("at most {most} rows and columns"))
            .found(quoted(line)));
    }
    Ok(sizes)
}

fn coordinate<'a>(
    text: &Text<'a>,
    header: &Header,
    rows: usize,
    cols: usize,
    declared: usize,
    lines: impl Iterator<Item = &'a str> + Clone,
) -> Result<Values> {
    // An entry has at least two digits, a blank and a line end: no more room is needed, whatever is
    // declared.
    let mut entries = Entries::with_room(text.name, declared.min(text.text.len() / 4 + 1))?;
    let mut count = 0;
    for line in lines.clone() {
        count += 1;
        if count > declared {
            return Err(text.fault(line).expected(format!("the {declared} declared entries")).found("more"));
        }
        let (row, col, value) = entry(text, header.field, line, rows, cols)?;
        entries.push(row, col, value);
        match header.symmetry {
            Symmetry::Symmetric if row != col => entries.push(col, row, value),
            Symmetry::Skew if row == col => {
                return Err(text.fault(line).expected("no diagonal if skew-symmetric").found(quoted(line)));
            }
            Symmetry::Skew => entries.push(col, row, -value),
            _ => {}
        }
    }
    enough(text, "entries", declared, count)?;
    let values = entries.compress(text.name, cols)?;
    match duplicate(&values) {
        None => Ok(values),
        Some(place) => Err(twice(text, header, &entries, place, lines)),
    }
}

fn entry(text: &Text, field: Field, line: &str, rows: usize, cols: usize) -> Result<(u32, u32, f64)> {
    let mut words = line.split_ascii_whitespace();
    let (row, col) = (words.next(), words.next());
    let value = if field == Field::Pattern { Some("1") } else { words.next() };
    let (Some(row), Some(col), Some(value), None) = (row, col, value, words.next()) else {
        let expected =
            if field == Field::Pattern { "a row and a column" } else { "a row, a column and a value" };
        return Err(text.fault(line).expected(expected).found(quoted(line)));
    };
    let row = index(text, row, "row", rows)?;
    let col = index(text, col, "column", cols)?;
    Ok((row, col, number(text, field, value)?))
}

/// An index from 0, of one from 1 in the file.
fn index(text: &Text, word: &str, what: &str, most: usize) -> Result<u32> {
    match word.parse::<u32>() {
        Ok(index) if index >= 1 && index as usize <= most => Ok(index - 1),
        _ => Err(text.fault(word).expected(format!("a {what} from 1 to {most}")).found(quoted(word))),
    }
}

fn number(text: &Text, field: Field, word: &str) -> Result<f64> {
    if field == Field::Integer {
        return match word.parse::<i64>() {
            Ok(value) => Ok(value as f64),
            Err(_) => Err(text.fault(word).expected("an integer of at most 64 bits").found(quoted(word))),
        };
    }
    text.number(word, || text.place(word))
}

fn enough(text: &Text, what: &str, declared: usize, count: usize) -> Result<()> {
    if count < declared {
        return Err(Error::new(ErrorKind::Format, text.name)
            .expected(format!("the {declared} declared {what}"))
            .found(count));
    }
    Ok(())
}

/// The first place that is stored twice, as row and column from 0.
fn duplicate(values: &Values) -> Option<(u32, u32)> {
    let Values::Sparse { indptr, indices, .. } = values else { return None };
    indptr.windows(2).enumerate().find_map(|(col, ends)| {
        let column = &indices[ends[0] as usize..ends[1] as usize];
        column.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| (pair[0] as u32, col as u32))
    })
}

/// Finds the line of the second of two entries; only a file that is refused pays for it.
fn twice<'a>(
    text: &Text<'a>,
    header: &Header,
    entries: &Entries,
    place: (u32, u32),
    lines: impl Iterator<Item = &'a str>,
) -> Error {
    let mirrored = header.symmetry != Symmetry::General;
    let mut stored = entries.places();
    let mut first = false;
    for line in lines {
        let Some(here) = stored.next() else { break };
        let mirror = if mirrored && here.0 != here.1 { stored.next() } else { None };
        if (here == place || mirror == Some(place)) && std::mem::replace(&mut first, true) {
            return text.fault(line).expected("each entry once").found(format!(
                "row {}, column {} again",
                here.0 + 1,
                here.1 + 1
            ));
        }
    }
    Error::new(ErrorKind::Internal, text.name).found("a duplicate entry whose line was not found")
}

fn array<'a>(
    text: &Text<'a>,
    header: &Header,
    rows: usize,
    cols: usize,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Values> {
    let symmetric = header.symmetry == Symmetry::Symmetric;
    // Both sizes are below 2^31, so neither product overflows 64 bits.
    let declared = if symmetric { rows as u64 * (rows as u64 + 1) / 2 } else { rows as u64 * cols as u64 };
    let declared = usize::try_from(declared).unwrap_or(usize::MAX);
    let mut values = dense::room(text.name, declared.min(text.text.len() / 2 + 1))?;
    for line in lines {
        if values.len() == declared {
            return Err(text
                .fault(line)
                .expected(format!("the {declared} values of the sizes"))
                .found("more"));
        }
        values.push(number(text, header.field, line)?);
    }
    enough(text, "values", declared, values.len())?;
    if !symmetric {
        return Ok(Values::Dense(values));
    }
    let mut table = dense::zeros(text.name, rows, cols)?;
    let mut lower = values.iter();
    for col in 0..cols {
        for (row, value) in (col..rows).zip(&mut lower) {
            table[col * rows + row] = *value;
            table[row * rows + col] = *value;
        }
    }
    Ok(Values::Dense(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::result::Result<Table, String> {
        parse(&Text { name: "f", text }).map_err(|error| error.to_string())
    }

    fn sparse(indptr: &[i64], indices: &[i64], values: &[f64]) -> Values {
        Values::Sparse { indptr: indptr.to_vec(), indices: indices.to_vec(), values: values.to_vec() }
    }

    #[test]
    fn coordinate_files() {
        let table = read(
            "%%MatrixMarket matrix coordinate real general\r\n% note\r\n\r\n3 2 3\r\n3 1 2.5\r\n1 1 -1\r\n 2 2  1e3\r\n",
        );
        let table = table.unwrap();
        assert_eq!((table.rows, table.cols, table.target), (3, 2, None));
        assert_eq!(table.values, sparse(&[0, 2, 3], &[0, 2, 1], &[-1.0, 2.5, 1000.0]));
        let pattern = read("%%matrixmarket MATRIX Coordinate Pattern General\n2 2 1\n2 1").unwrap();
        assert_eq!(pattern.values, sparse(&[0, 1, 1], &[1], &[1.0]));
        let symmetric =
            read("%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 5\n2 1 7\n").unwrap();
        assert_eq!(symmetric.values, sparse(&[0, 2, 3], &[0, 1, 0], &[5.0, 7.0, 7.0]));
        let skew = read("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 7\n").unwrap();
        assert_eq!(skew.values, sparse(&[0, 1, 2], &[1, 0], &[7.0, -7.0]));
    }

    #[test]
    fn array_files() {
        let general = read("%%MatrixMarket matrix array real general\n2 3\n1\n2\n3\n4\n5\n6.5\n").unwrap();
        assert_eq!((general.rows, general.cols), (2, 3));
        assert_eq!(general.values, Values::Dense(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5]));
        let symmetric =
            read("%%MatrixMarket matrix array integer symmetric\n3 3\n1\n2\n3\n4\n5\n6\n").unwrap();
        assert_eq!(symmetric.values, Values::Dense(vec![1.0, 2.0, 3.0, 2.0, 4.0, 5.0, 3.0, 5.0, 6.0]));
    }

    #[test]
    fn bad_coordinate_files_are_refused_with_their_place() {
        let cases = [
            ("general", "", "f: expected a line of sizes, found the end of the file"),
            (
                "general",
                "2 2\n",
                "f, line 2, character 1: expected numbers of rows, columns and entries, found '2 2'",
            ),
            (
                "general",
                "-2 2 1\n",
                "f, line 2, character 1: expected numbers of rows, columns and entries, found '-2 2 1'",
            ),
            (
                "general",
                "2 99999999999 1\n",
                "f, line 2, character 1: expected at most 16777216 rows and columns, found '2 99999999999 1'",
            ),
            (
                "general",
                "2 2 9223372036854775807\n1 1 1\n",
                "f: expected the 9223372036854775807 declared entries, found 1",
            ),
            (
                "general",
                "2 2 1\n1 1 1\n2 2 2\n",
                "f, line 4, character 1: expected the 1 declared entries, found more",
            ),
            ("general", "2 2 1\n0 1 1\n", "f, line 3, character 1: expected a row from 1 to 2, found '0'"),
            ("general", "2 2 1\n1 3 1\n", "f, line 3, character 3: expected a column from 1 to 2, found '3'"),
            (
                "general",
                "2 2 1\n1 1\n",
                "f, line 3, character 1: expected a row, a column and a value, found '1 1'",
            ),
            (
                "general",
                "2 2 1\n1 1 1 0\n",
                "f, line 3, character 1: expected a row, a column and a value, found '1 1 1 0'",
            ),
            ("general", "2 2 1\n1 1 x\n", "f, line 3, character 5: expected a number, found 'x'"),
            (
                "general",
                "2 2 1\n1 1 nan\n",
                "f, line 3, character 5: expected a number, found a missing value (nan)",
            ),
            (
                "general",
                "2 2 3\n1 2 1\n2 2 1\n%\n1 2 3\n",
                "f, line 6, character 1: expected each entry once, found row 1, column 2 again",
            ),
            (
                "symmetric",
                "2 2 3\n1 1 1\n2 1 1\n1 2 3\n",
                "f, line 5, character 1: expected each entry once, found row 1, column 2 again",
            ),
            (
                "symmetric",
                "2 3 0\n",
                "f, line 2, character 1: expected a square matrix if it is symmetric, found '2 3 0'",
            ),
            (
                "skew-symmetric",
                "2 2 1\n2 2 0\n",
                "f, line 3, character 1: expected no diagonal if skew-symmetric, found '2 2 0'",
            ),
        ];
        for (symmetry, rest, message) in cases {
            let text = format!("%%MatrixMarket matrix coordinate real {symmetry}\n{rest}");
            assert_eq!(read(&text).unwrap_err(), message);
        }
        let pattern = "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1 1\n";
        assert_eq!(
            read(pattern).unwrap_err(),
            "f, line 3, character 1: expected a row and a column, found '1 1 1'"
        );
        let integer = "%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 1.5\n";
        assert_eq!(
            read(integer).unwrap_err(),
            "f, line 3, character 5: expected an integer of at most 64 bits, found '1.5'"
        );
    }

    #[test]
    fn bad_array_files_are_refused_with_their_place() {
        let cases = [
            ("2 2 1\n", "f, line 2, character 1: expected numbers of rows and columns, found '2 2 1'"),
            ("2 1\n1\n", "f: expected the 2 declared values, found 1"),
            ("2147483647 2147483647\n1\n", "f: expected the 4611686014132420609 declared values, found 1"),
            ("1 1\n1\n2\n", "f, line 4, character 1: expected the 1 values of the sizes, found more"),
            ("1 1\n1 2\n", "f, line 3, character 1: expected a number, found '1 2'"),
        ];
        for (rest, message) in cases {
            assert_eq!(
                read(&format!("%%MatrixMarket matrix array real general\n{rest}")).unwrap_err(),
                message
            );
        }
    }
}
