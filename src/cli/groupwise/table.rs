//! Delimited text as named columns, of numbers or of words.

use crate::cli::files;
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers; NaN where a cell says that there is none.
    Numbers(Vec<f64>),
    /// Words; a mark of a missing value is a word like others.
    Words(Vec<String>),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, as the first line has it.
    pub name: String,
    /// What stands below.
    pub cells: Cells,
}

/// The columns of a file, as long as one another.
#[derive(Debug, Clone)]
pub struct Table {
    /// The file.
    pub path: PathBuf,
    /// Rows below the line of names.
    pub rows: usize,
    columns: Vec<Column>,
}

impl Table {
    /// Reads a file with a line of names. Columns with a cell that is neither a number nor missing are words, and
    /// those that `words` names. Errors: what cannot be read, lines of another length, names that come twice, numbers
    /// that are not finite.
    pub fn read(path: &Path, words: &[String]) -> Result<Self> {
        let table = Self::of_words(path, files::read_words(path)?, words)?;
        words.iter().try_for_each(|name| table.column(name, "--categorical").map(|_| ()))?;
        Ok(table)
    }

    /// The same of lines that are there already.
    pub fn of_words(path: &Path, mut lines: Vec<Vec<String>>, words: &[String]) -> Result<Self> {
        let file = path.display().to_string();
        if lines.len() < 2 {
            return Err(Error::new(ErrorKind::Format, file)
                .expected("a line of names and rows below it")
                .found(format!("{} lines", lines.len())));
        }
        let names = lines.remove(0);
        if let Some(k) = (1..names.len()).find(|k| names[..*k].contains(&names[*k])) {
            return Err(Error::new(ErrorKind::Format, file)
                .at("line 1")
                .expected("names that differ")
                .found(format!("'{}' twice", names[k])));
        }
        if let Some(k) = lines.iter().position(|line| line.len() != names.len()) {
            return Err(Error::new(ErrorKind::Format, file)
                .at(place(path, k))
                .expected(format!("{} cells as in the line of names", names.len()))
                .found(lines[k].len()));
        }
        let mut columns = Vec::new();
        for (j, name) in names.into_iter().enumerate() {
            let cells: Vec<String> = lines.iter_mut().map(|line| std::mem::take(&mut line[j])).collect();
            let cells = if words.contains(&name) { Cells::Words(cells) } else { told(cells) };
            if let Cells::Numbers(numbers) = &cells
                && let Some(k) = numbers.iter().position(|v| v.is_infinite())
            {
                return Err(Error::new(ErrorKind::Data, file)
                    .at(format!("{}, column {name}", place(path, k)))
                    .expected("a finite number")
                    .found(numbers[k]));
            }
            columns.push(Column { name, cells });
        }
        Ok(Self { path: path.to_owned(), rows: lines.len(), columns })
    }

    /// All columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of a name, for `who` asks for it. Errors: there is none.
    pub fn column(&self, name: &str, who: &str) -> Result<&Column> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            Error::new(ErrorKind::Option, who)
                .at(self.path.display().to_string())
                .expected(format!("one of its columns: {}", names.join(", ")))
                .found(format!("'{name}'"))
        })
    }

    /// An error about the cell of a row.
    pub fn fault(&self, row: usize, column: &str) -> Error {
        Error::new(ErrorKind::Data, self.path.display().to_string())
            .at(format!("{}, column {column}", self.place(row)))
    }

    /// Where a row stands.
    pub fn place(&self, row: usize) -> String {
        place(&self.path, row)
    }
}

/// The line of row `k` below the names; counted anew, for it is asked of a refused row only.
fn place(path: &Path, k: usize) -> String {
    match files::line_of_row(path, k + 1) {
        Ok(line) => format!("line {line}"),
        Err(_) => format!("row {}", k + 1),
    }
}

/// Numbers where every cell is one or missing, else words.
fn told(cells: Vec<String>) -> Cells {
    let number = |cell: &String| if files::is_missing(cell) { Ok(f64::NAN) } else { cell.parse::<f64>() };
    let numbers: std::result::Result<Vec<f64>, _> = cells.iter().map(number).collect();
    match numbers {
        Ok(numbers) if numbers.iter().any(|v| !v.is_nan()) => Cells::Numbers(numbers),
        _ => Cells::Words(cells),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of this text, under a name that is no file.
    pub fn table(text: &str) -> Result<Table> {
        let path = Path::new("no-such-file.csv");
        Table::of_words(path, files::words_of("f", text.as_bytes())?, &["code".to_owned()])
    }

    #[test]
    fn columns_are_numbers_or_words() {
        let table = table("age,sex,code,gap\n1.5,m,1,?\n-2,f,2,\n3,?,1,7\n").unwrap();
        let cells = |name: &str| &table.column(name, "--label").unwrap().cells;
        assert_eq!(*cells("age"), Cells::Numbers(vec![1.5, -2.0, 3.0]));
        assert_eq!(*cells("sex"), Cells::Words(["m", "f", "?"].map(str::to_owned).to_vec()));
        assert!(matches!(cells("code"), Cells::Words(words) if words[1] == "2"));
        assert!(matches!(cells("gap"), Cells::Numbers(v) if v[0].is_nan() && v[1].is_nan() && v[2] == 7.0));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, message) in [
            ("a,b\n", "no-such-file.csv: expected a line of names and rows below it, found 1 lines"),
            ("a,a\n1,2\n", "no-such-file.csv, line 1: expected names that differ, found 'a' twice"),
            ("a,b\n1,2\n3\n", "no-such-file.csv, row 2: expected 2 cells as in the line of names, found 1"),
            ("a,b\n1,2\n3,inf\n", "no-such-file.csv, row 2, column b: expected a finite number, found inf"),
        ] {
            assert_eq!(table(text).unwrap_err().to_string(), message);
        }
        let error = table("a,b\n1,2\n").unwrap().column("c", "--label").unwrap_err().to_string();
        assert_eq!(error, "--label, no-such-file.csv: expected one of its columns: a, b, found 'c'");
    }
}
