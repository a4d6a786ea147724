//! Delimited text (CSV and its kin): numbers, perhaps below a line of names.

use southwell::runtime::{Error, ErrorKind, Result};

use super::records::Records;
use super::text::{Text, is_missing, quoted};
use super::{ReadOptions, Table, Values, dense};

/// Reads a table and splits off its target as the options say.
pub(super) fn parse(text: &Text, options: &ReadOptions) -> Result<Table> {
    let mut grid = Grid::read(text)?;
    let (rows, mut cols) = (grid.by_rows.len() / grid.cols, grid.cols);
    let mut values = dense::by_columns(text.name, &grid.by_rows, rows, cols)?;
    let at = match &options.target_column {
        Some(column) => Some(find(text.name, column, &grid)?),
        None if options.has_target => Some(cols - 1),
        None => None,
    };
    let target = at.map(|at| {
        cols -= 1;
        if !grid.names.is_empty() {
            grid.names.remove(at);
        }
        values.drain(at * rows..(at + 1) * rows).collect()
    });
    Ok(Table { rows, cols, values: Values::Dense(values), target, names: grid.names })
}

/// The numbers row after row, at least one, and the names.
struct Grid {
    cols: usize,
    by_rows: Vec<f64>,
    names: Vec<String>,
}

impl Grid {
    fn read(text: &Text) -> Result<Self> {
        let mut records = Records::new(text);
        let mut grid = Self { cols: 0, by_rows: Vec::new(), names: Vec::new() };
        // The line that the lengths of the others are compared with.
        let mut model = 0;
        while records.advance()? {
            if grid.cols == 0 {
                (grid.cols, model) = (records.cells().len(), records.line());
                if is_header(text, &records)? {
                    grid.names = records.cells().iter().map(|cell| cell.trim().to_owned()).collect();
                    continue;
                }
            }
            grid.row(text, &records, model)?;
        }
        if grid.by_rows.is_empty() {
            let found = if grid.cols == 0 { "none" } else { "a line of names alone" };
            return Err(Error::new(ErrorKind::Format, text.name).expected("rows of numbers").found(found));
        }
        Ok(grid)
    }

    fn row(&mut self, text: &Text, records: &Records, model: usize) -> Result<()> {
        let cells = records.cells();
        if cells.len() != self.cols {
            return Err(Error::new(ErrorKind::Format, text.name)
                .at(format!("line {}", records.line()))
                .expected(format!("{} cells as in line {model}", self.cols))
                .found(cells.len()));
        }
        for (col, cell) in cells.iter().enumerate() {
            let place = || {
                let name = self.names.get(col).map_or(String::new(), |name| format!(" ({name})"));
                format!("line {}, column {}{name}", records.line(), col + 1)
            };
            let value = text.number(cell.trim_ascii(), place)?;
            self.by_rows.push(value);
        }
        Ok(())
    }
}

/// Whether the first row has names: some cell is one. A mark of a missing value is none: a first row of numbers with
/// one
/// must be refused, not taken for names.
///
/// Errors: more numbers than names, and no quotes: rather a row of numbers with a slip in it.
fn is_header(text: &Text, records: &Records) -> Result<bool> {
    let cells = records.cells();
    let is_name = |cell: &&str| !is_missing(cell) && cell.parse::<f64>().is_err();
    let mut names = cells.iter().map(str::trim_ascii).enumerate().filter(|(_, cell)| is_name(cell));
    let Some((col, first)) = names.next() else { return Ok(false) };
    let count = 1 + names.count();
    if 2 * count < cells.len() && !records.is_quoted() {
        return Err(Error::new(ErrorKind::Format, text.name)
            .at(format!("line {}, column {}", records.line(), col + 1))
            .expected("a number, as most of the first line are (names that are numbers: between quotes)")
            .found(quoted(first)));
    }
    Ok(true)
}

/// The index of the target column: a name that matches wins over an index.
fn find(file: &str, column: &str, grid: &Grid) -> Result<usize> {
    let refuse = |expected: String, found: String| {
        Err(Error::new(ErrorKind::Option, "target column").at(file).expected(expected).found(found))
    };
    let mut named = grid.names.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
    match (named.next(), named.next()) {
        (Some(at), None) => return Ok(at),
        (Some(_), Some(_)) => return refuse("a name that one column has".to_owned(), quoted(column)),
        _ => {}
    }
    let Ok(index) = column.trim_ascii().parse::<i64>() else {
        let expected = if grid.names.is_empty() {
            "an index, for the file has no names"
        } else {
            "the name of a column or an index"
        };
        return refuse(expected.to_owned(), quoted(column));
    };
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let at = if index < 0 { grid.cols.checked_sub(distance) } else { Some(distance) };
    match at {
        Some(at) if at < grid.cols => Ok(at),
        _ => refuse(format!("an index from -{} to {}", grid.cols, grid.cols - 1), quoted(column)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, target_column: Option<&str>, has_target: bool) -> std::result::Result<Table, String> {
        let options =
            ReadOptions { target_column: target_column.map(str::to_owned), has_target, features: None };
        parse(&Text { name: "f", text }, &options).map_err(|error| error.to_string())
    }

    fn table(rows: usize, cols: usize, values: &[f64], target: Option<&[f64]>, names: &[&str]) -> Table {
        Table {
            rows,
            cols,
            values: Values::Dense(values.to_vec()),
            target: target.map(<[f64]>::to_vec),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn every_delimiter_with_and_without_names() {
        let expected = table(2, 3, &[1.0, 4.0, 2.5, 5.0, -3.0, 6.0], None, &[]);
        for text in
            ["1,2.5,-3\n4,5,6\n", "1; 2.5 ;-3\r\n4;5;6", "1\t2.5\t-3\n\n4\t5\t6\n", " 1 2.5   -3\n4 5\t6 \n"]
        {
            assert_eq!(read(text, None, false).unwrap(), expected, "{text:?}");
        }
        let named = table(1, 2, &[1.0, 2.0], None, &["a, b", "2020"]);
        for text in ["\"a, b\",2020\n1,\"2\"\n", "\"a, b\" 2020\n1 \"2\""] {
            assert_eq!(read(text, None, false).unwrap(), named, "{text:?}");
        }
    }

    #[test]
    fn the_target_by_name_and_by_index() {
        let text = "a,b,c\n1,2,3\n4,5,6\n";
        let last = table(2, 2, &[1.0, 4.0, 2.0, 5.0], Some(&[3.0, 6.0]), &["a", "b"]);
        let middle = table(2, 2, &[1.0, 4.0, 3.0, 6.0], Some(&[2.0, 5.0]), &["a", "c"]);
        assert_eq!(read(text, None, true).unwrap(), last);
        assert_eq!(read(text, Some("c"), false).unwrap(), last);
        for column in ["b", "1", "-2"] {
            assert_eq!(read(text, Some(column), true).unwrap(), middle);
        }
        let years = read("\"\",\"2019\",\"2020\",y\n1,2,3,4\n", Some("y"), false).unwrap();
        assert_eq!((years.rows, years.names), (1, ["", "2019", "2020"].map(str::to_owned).to_vec()));
        let numbered = read("1,x,y\n7,8,9\n", Some("1"), false).unwrap();
        assert_eq!(numbered.target, Some(vec![7.0]));
    }

    #[test]
    fn bad_target_columns_are_refused() {
        let text = "a,b,a\n1,2,3\n";
        for (column, message) in [
            ("a", "a name that one column has, found 'a'"),
            ("z", "the name of a column or an index, found 'z'"),
            ("3", "an index from -3 to 2, found '3'"),
            ("-4", "an index from -3 to 2, found '-4'"),
            ("-9223372036854775808", "an index from -3 to 2, found '-9223372036854775808'"),
        ] {
            let expected = format!("target column, f: expected {message}");
            assert_eq!(read(text, Some(column), false).unwrap_err(), expected);
        }
        assert!(read("1,2\n", Some("a"), false).unwrap_err().contains("an index, for the file has no names"));
    }

    #[test]
    fn bad_rows_are_refused_with_their_place() {
        let cases = [
            ("a,b\n1,2\n\n3,x\n", "f, line 4, column 2 (b): expected a number, found 'x'"),
            ("1,2\n3,4x\n", "f, line 2, column 2: expected a number, found '4x'"),
            ("1,5;2,5\n1,5;2,5\n", "f, line 2, column 1 (1,5): expected a number, found '1,5'"),
            ("1,2\n3\n", "f, line 2: expected 2 cells as in line 1, found 1"),
            ("\na b\n1 2\n3 4 5\n", "f, line 4: expected 2 cells as in line 2, found 3"),
            ("1,2\n3,\n", "f, line 2, column 2: expected a number, found a missing value (empty)"),
            ("1,NA\n3,4\n", "f, line 1, column 2: expected a number, found a missing value (NA)"),
            ("1,2\nnan,4\n", "f, line 2, column 1: expected a number, found a missing value (nan)"),
            ("1,2\n3,-inf\n", "f, line 2, column 2: expected a finite number, found '-inf'"),
            ("y\n1\n\"\"\n", "f, line 3, column 1 (y): expected a number, found a missing value (empty)"),
            ("a,b\n", "f: expected rows of numbers, found a line of names alone"),
            (
                "1,2.O,3\n4,5,6\n",
                "f, line 1, column 2: expected a number, as most of the first line are (names that are numbers: between \
                 quotes), found '2.O'",
            ),
            (
                "\n1 x 3 4\n4 5 6 7\n",
                "f, line 2, column 2: expected a number, as most of the first line are (names that are numbers: between \
                 quotes), found 'x'",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(read(text, None, false).unwrap_err(), message);
        }
        // An open quote takes in the rest of the file.
        assert!(
            read("1,2\n1,\"2\n3,4\n", None, false)
                .unwrap_err()
                .starts_with("f, line 2, column 2: expected a number")
        );
    }
}
