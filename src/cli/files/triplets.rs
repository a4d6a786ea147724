//! Lines of row, column and value: entries of a matrix that is known in some places.

use super::format::{self, Format};
use super::records::Records;
use super::sparse::believable;
use super::text::Text;
use super::{Values, load, matrix_market};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::Path;

/// Entries in the order of the file (of a Matrix Market file: column by column), rows and columns counted from 0.
#[derive(Debug, Default, PartialEq)]
pub struct Triplets {
    /// The row of each entry.
    pub row: Vec<i64>,
    /// The column of each entry.
    pub col: Vec<i64>,
    /// The value of each entry; empty where values were not asked for.
    pub value: Vec<f64>,
    /// Rows and columns, where the file says how many there are.
    pub size: Option<[usize; 2]>,
    /// The most rows or columns that a file of its size is believed to have.
    pub believable: usize,
}

impl Triplets {
    /// How many rows and columns there are at least.
    pub fn least_size(&self) -> [usize; 2] {
        let least = |places: &[i64]| places.iter().max().map_or(0, |last| *last as usize + 1);
        self.size.unwrap_or([least(&self.row), least(&self.col)])
    }
}

/// Reads delimited text, or a Matrix Market file (which counts from 1). `base` is the number of the first row and
/// column of the text; a first line of names is passed over; cells beyond the ones that are asked for have no effect.
pub fn read(path: &Path, base: i64, valued: bool) -> Result<Triplets> {
    let name = path.display().to_string();
    let bytes = load::load(path, &name)?;
    let believable = believable(bytes.len());
    parse(&name, &bytes, format::tell(path, &bytes), base, valued).map(|read| Triplets { believable, ..read })
}

fn parse(name: &str, bytes: &[u8], format: Format, base: i64, valued: bool) -> Result<Triplets> {
    match format {
        Format::MatrixMarket => market(name, bytes, valued),
        Format::Delimited | Format::Libsvm => text(&Text::new(name, bytes)?, base, valued),
        Format::Npy => Err(Error::new(ErrorKind::Format, name)
            .expected("lines of row, column and value, or a Matrix Market file")
            .found("an NPY file")),
    }
}

fn market(name: &str, bytes: &[u8], valued: bool) -> Result<Triplets> {
    let table = matrix_market::parse(&Text::new(name, bytes)?)?;
    let Values::Sparse { indptr, indices, values } = table.values else {
        return Err(Error::new(ErrorKind::Format, name).expected("a coordinate file").found("an array"));
    };
    let col = indptr.windows(2).enumerate();
    let col = col.flat_map(|(j, ends)| std::iter::repeat_n(j as i64, (ends[1] - ends[0]) as usize)).collect();
    let value = if valued { values } else { Vec::new() };
    Ok(Triplets { row: indices, col, value, size: Some([table.rows, table.cols]), ..Triplets::default() })
}

fn text(text: &Text<'_>, base: i64, valued: bool) -> Result<Triplets> {
    let mut out = Triplets::default();
    let mut records = Records::new(text);
    let mut first = true;
    while records.advance()? {
        let cells: Vec<&str> = records.cells().iter().map(str::trim_ascii).collect();
        let names = first && cells.len() > 1 && cells.iter().all(|cell| cell.parse::<f64>().is_err());
        first = false;
        if names {
            continue;
        }
        let place = |cell: Option<&&str>| {
            cell.and_then(|c| c.parse::<i64>().ok()).filter(|i| *i >= base).map(|i| i - base)
        };
        let (row, col) = (place(cells.first()), place(cells.get(1)));
        let value = if valued { cells.get(2).and_then(|c| c.parse::<f64>().ok()) } else { Some(0.0) };
        let (Some(row), Some(col), Some(value)) = (row, col, value) else {
            let what = if valued { ", and a value" } else { "" };
            return Err(Error::new(ErrorKind::Format, text.name)
                .at(format!("line {}", records.line()))
                .expected(format!("a row and a column, whole numbers of at least {base}{what}"))
                .found(format!("\"{}\"", cells.join(" "))));
        };
        out.row.push(row);
        out.col.push(col);
        if valued {
            out.value.push(value);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, base: i64, valued: bool) -> Result<Triplets> {
        parse("f", text.as_bytes(), Format::Delimited, base, valued)
    }

    #[test]
    fn separators_names_and_further_cells_do_not_matter() {
        let expected =
            Triplets { row: vec![0, 2], col: vec![1, 0], value: vec![3.0, -0.5], ..Triplets::default() };
        for text in [
            "1\t2\t3\t874965758\n3\t1\t-0.5\t874965758\n",
            "row,col,value\n1,2,3\n3,1,-0.5\n",
            "1 2 3\n\n3 1 -0.5\n",
            "user;item;stars\r\n1;2;3\r\n3;1;-0.5\r\n",
        ] {
            assert_eq!(read(text, 1, true).unwrap(), expected, "{text:?}");
        }
        assert_eq!(expected.least_size(), [3, 2]);
        assert!(read("1 2\n3 1\n", 1, false).unwrap().value.is_empty());
        let market = "%%MatrixMarket matrix coordinate real general\n3 4 2\n1 2 3\n3 1 -0.5\n";
        let read = parse("f", market.as_bytes(), Format::MatrixMarket, 0, true).unwrap();
        assert_eq!((read.row, read.col, read.size), (vec![2, 0], vec![0, 1], Some([3, 4])));
    }

    #[test]
    fn slips_are_named_with_their_line() {
        for (text, line) in [
            ("1,2,3\n0,1,2\n", "line 2"),
            ("1,2\n", "line 1"),
            ("a,2,3\n", "line 1"),
            ("u,i,r\n1,x,3\n", "line 2"),
            ("1,2,3\n1.5,2,3\n", "line 2"),
        ] {
            let error = read(text, 1, true).unwrap_err().to_string();
            assert!(error.contains(line), "{text:?}: {error}");
        }
    }
}
