//! Writing NPY files: arrays of doubles by rows.

use super::npy_header::MAGIC;
use crate::cli::output;
use southwell::runtime::Result;
use std::io::Write;
use std::path::Path;

/// Where the data of a file begin: at a multiple of this.
const ALIGNED: usize = 64;

/// Writes `values`, rows of `cols` numbers, as an array of two dimensions; or, with `cols` 0, of one.
pub fn write_npy(path: &Path, cols: usize, values: &[f64]) -> Result<()> {
    let shape = match cols {
        0 => format!("({},)", values.len()),
        cols => format!("({}, {cols})", values.len() / cols),
    };
    let mut head = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic, two bytes of version, two of length, the text and a newline.
    let length = (MAGIC.len() + 4 + head.len() + 1).next_multiple_of(ALIGNED) - MAGIC.len() - 4;
    head.push_str(&" ".repeat(length - head.len() - 1));
    head.push('\n');
    output::write_file(path, |file| {
        file.write_all(MAGIC)?;
        file.write_all(&[1, 0])?;
        file.write_all(&(length as u16).to_le_bytes())?;
        file.write_all(head.as_bytes())?;
        values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{ReadOptions, Values, read_table};
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let file = tempfile::NamedTempFile::with_suffix(".npy").unwrap();
        write_npy(file.path(), 2, &[1.0, 2.5, -3.0, 1e-300, 0.1, 6.0]).unwrap();
        let table = read_table(file.path(), &ReadOptions::default()).unwrap();
        assert_eq!((table.rows, table.cols), (3, 2));
        assert_eq!(table.values, Values::Dense(vec![1.0, -3.0, 0.1, 2.5, 1e-300, 6.0]));
        assert_eq!(std::fs::metadata(file.path()).unwrap().len() % 16, 0);
    }
}
