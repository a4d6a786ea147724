use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn gzip(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes.as_ref()).unwrap();
        self.file(name, encoder.finish().unwrap())
    }
}

fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let head = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

const MARKET: &str = "%%MatrixMarket matrix array real general\n2 2\n1\n3\n2\n4\n";

#[test]
fn the_same_table_in_every_format() {
    let folder = Folder::new();
    let expected = Values::Dense(vec![1.0, 3.0, 2.0, 4.0]);
    let array = npy("(2, 2)", &[1.0, 2.0, 3.0, 4.0]);
    for path in [
        folder.file("a.csv", "1,2\n3,4\n"),
        folder.file("a.txt", "\u{feff}1 2\n3 4\n"),
        folder.file("a.data", "0 1:1 2:2\n0 1:3 2:4\n"),
        folder.file("a.mtx", MARKET),
        folder.file("b.txt", MARKET),
        folder.file("a.npy", &array),
        folder.file("a", &array),
        folder.gzip("a.csv.gz", "1,2\n3,4\n"),
        folder.gzip("a.svm", "0 1:1 2:2\n0 1:3 2:4\n"),
        folder.gzip("a.npy.gz", &array),
        folder.file("plain.mtx.gz", MARKET),
    ] {
        let table = read_table(&path, &ReadOptions::default()).unwrap();
        assert_eq!((table.rows, table.cols), (2, 2), "{path:?}");
        assert_eq!(table.values, expected, "{path:?}");
    }
}

#[test]
fn the_same_vector_in_every_format() {
    let folder = Folder::new();
    for path in [
        folder.file("column.csv", "y\n1\n0\n2\n"),
        folder.file("row.csv", "1,0,2\n"),
        folder.file("row.txt", "1 0 2"),
        folder.file("labels.svm", "1\n0\n2\n"),
        folder.file("v.mtx", "%%MatrixMarket matrix coordinate real general\n3 1 2\n3 1 2\n1 1 1\n"),
        folder.file("w.mtx", "%%MatrixMarket matrix coordinate real general\n1 3 2\n1 3 2\n1 1 1\n"),
        folder.file("v.npy", npy("(3,)", &[1.0, 0.0, 2.0])),
        folder.gzip("w.npy", npy("(1, 3)", &[1.0, 0.0, 2.0])),
    ] {
        assert_eq!(read_vector(&path).unwrap(), [1.0, 0.0, 2.0], "{path:?}");
    }
}

#[test]
fn tables_are_no_vectors() {
    let folder = Folder::new();
    let path = folder.file("a.csv", "1,2\n3,4\n");
    let message = read_vector(&path).unwrap_err().to_string();
    let expected =
        "expected a single column or row of numbers, found a delimited text table of 2 rows and 2 columns";
    assert_eq!(message, format!("{}: {expected}", path.display()));
    assert!(read_vector(&folder.file("a.svm", "1 1:1\n2\n")).is_err());
    assert!(read_vector(&folder.file("a.npy", npy("(0,)", &[]))).is_err());
}

#[test]
fn tables_have_rows_and_columns() {
    let folder = Folder::new();
    let options = ReadOptions { has_target: true, ..ReadOptions::default() };
    for (path, found) in [
        (folder.file("a.csv", "1\n2\n"), "2 rows and 0 columns besides the target"),
        (folder.file("a.svm", "1\n2\n"), "2 rows and 0 columns besides the target"),
        (folder.file("a.npy", npy("(0, 3)", &[])), "0 rows and 3 columns"),
        (
            folder.file("a.mtx", "%%MatrixMarket matrix coordinate real general\n0 0 0\n"),
            "0 rows and 0 columns",
        ),
    ] {
        let message = read_table(&path, &options).unwrap_err().to_string();
        assert_eq!(
            message,
            format!("{}: expected at least one row and one column, found {found}", path.display())
        );
    }
    let wide = ReadOptions { features: Some(2), ..ReadOptions::default() };
    assert_eq!(read_table(&folder.file("a.svm", "1\n2\n"), &wide).unwrap().cols, 2);
}

#[test]
fn only_delimited_text_has_a_target_column() {
    let folder = Folder::new();
    let options = ReadOptions { target_column: Some("y".to_owned()), ..ReadOptions::default() };
    let error = read_table(&folder.file("a.mtx", MARKET), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Option);
    assert!(error.to_string().ends_with("found a Matrix Market file and the column 'y'"));
}

#[test]
fn files_that_are_empty_absent_or_not_text() {
    let folder = Folder::new();
    for name in ["a.csv", "a.svm", "a.mtx", "a.npy", "a"] {
        let path = folder.file(name, "");
        let message = read_table(&path, &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.ends_with("expected numbers, found an empty file"));
    }
    for name in ["b.csv", "b.svm", "b.mtx", "b"] {
        let path = folder.file(name, b"1 1:1\n\xff 1:1\n");
        let message = read_table(&path, &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.ends_with("line 2: expected UTF-8 text, found the byte 0xff"), "{message}");
    }
    let absent = folder.0.path().join("absent");
    assert_eq!(read_vector(&absent).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(read_vector(folder.0.path()).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn written_vectors_read_back_as_the_same() {
    let folder = Folder::new();
    let path = folder.0.path().join("v.txt");
    let values = [
        0.0,
        -0.0,
        0.1,
        1.0 / 3.0,
        -1e300,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        123_456_789.0,
        2f64.powi(70),
    ];
    write_vector(&path, &values).unwrap();
    let back = read_vector(&path).unwrap();
    assert!(back.iter().zip(&values).all(|(back, value)| back.to_bits() == value.to_bits()));
    assert_eq!(back.len(), values.len());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.is_ascii()
            && text.starts_with("0.0000000000000000e0\n-0.0000000000000000e0\n1.0000000000000001e-1\n")
    );
    let error = write_vector(&folder.0.path().join("no/v.txt"), &values).unwrap_err();
    assert!(error.to_string().contains("expected a file that can be written, found "));
}

/// Writes the rows of a table with its labels, the zeros left out or not.
fn written(rows: &[(f64, Vec<f64>)], sparse: bool) -> String {
    let mut text = String::new();
    for (label, row) in rows {
        text.push_str(&format!("{label:?}"));
        for (col, value) in row.iter().enumerate() {
            match sparse {
                true if *value == 0.0 => {}
                true => text.push_str(&format!(" {}:{value:?}", col + 1)),
                false => text.push_str(&format!(",{value:?}")),
            }
        }
        text.push('\n');
    }
    text
}

fn dense(table: &Table) -> Vec<f64> {
    match &table.values {
        Values::Dense(values) => values.clone(),
        Values::Sparse { indptr, indices, values } => {
            let mut all = vec![0.0; table.rows * table.cols];
            for col in 0..table.cols {
                for at in indptr[col] as usize..indptr[col + 1] as usize {
                    all[col * table.rows + indices[at] as usize] = values[at];
                }
            }
            all
        }
    }
}

proptest! {
    #[test]
    fn libsvm_and_csv_give_back_what_was_written(
        rows in prop::collection::vec(
            (-1e9..1e9, prop::collection::vec(prop_oneof![Just(0.0), -1e9..1e9], 5)), 1..20
        )
    ) {
        let libsvm = ReadOptions { features: Some(5), ..ReadOptions::default() };
        let csv = ReadOptions { target_column: Some("0".to_owned()), ..ReadOptions::default() };
        let text = written(&rows, true);
        let sparse = parse("f", text.as_bytes(), Format::Libsvm, &libsvm).unwrap();
        let text = written(&rows, false);
        let full = parse("f", text.as_bytes(), Format::Delimited, &csv).unwrap();
        let labels: Vec<f64> = rows.iter().map(|(label, _)| *label).collect();
        prop_assert_eq!(full.target.as_ref(), Some(&labels));
        prop_assert_eq!(sparse.target.as_ref(), Some(&labels));
        let all: Vec<f64> = (0..5).flat_map(|col| rows.iter().map(move |(_, row)| row[col])).collect();
        prop_assert_eq!(&dense(&full), &all);
        prop_assert_eq!(&dense(&sparse), &all);
    }

    #[test]
    fn no_text_is_worse_than_refused(text in "[0-9a ,;:.\"\r\n\t%#é-]{0,40}", market in "[0-3 .\n-]{0,30}") {
        for format in [Format::Libsvm, Format::MatrixMarket, Format::Npy, Format::Delimited] {
            let _ = parse("f", text.as_bytes(), format, &ReadOptions { has_target: true, ..ReadOptions::default() });
        }
        for kind in ["coordinate real general", "coordinate real skew-symmetric", "array real symmetric"] {
            let text = format!("%%MatrixMarket matrix {kind}\n{market}");
            let _ = parse("f", text.as_bytes(), Format::MatrixMarket, &ReadOptions::default());
        }
    }
}
