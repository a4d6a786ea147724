//! The same rows in every format give the same coefficients.

use crate::support::{Folder, close, csv, small_problem};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn libsvm(rows: &[Vec<f64>], target: &[f64]) -> String {
    let mut text = String::new();
    for (row, y) in rows.iter().zip(target) {
        text.push_str(&format!("{y:?}"));
        let stored = row.iter().enumerate().filter(|(_, v)| **v != 0.0);
        stored.for_each(|(j, v)| text.push_str(&format!(" {}:{v:?}", j + 1)));
        text.push('\n');
    }
    text
}

fn coordinates(rows: &[Vec<f64>]) -> String {
    let stored: Vec<String> = rows
        .iter()
        .enumerate()
        .flat_map(|(i, row)| row.iter().enumerate().map(move |(j, v)| (i, j, *v)))
        .filter(|(_, _, v)| *v != 0.0)
        .map(|(i, j, v)| format!("{} {} {v:?}\n", i + 1, j + 1))
        .collect();
    let head = "%%MatrixMarket matrix coordinate real general\n";
    format!("{head}{} 5 {}\n{}", rows.len(), stored.len(), stored.concat())
}

fn npy(rows: &[Vec<f64>]) -> Vec<u8> {
    let head = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, 5), }}\n", rows.len());
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|v| v.to_le_bytes()));
    bytes
}

#[test]
fn every_format_gives_the_same_coefficients() {
    let folder = Folder::new();
    let (rows, target) = small_problem();
    let table = csv(&rows, &target);
    let y: String = target.iter().map(|y| format!("{y:?}\n")).collect();
    let without_target: String =
        csv(&rows, &target).lines().map(|l| format!("{}\n", l.rsplit_once(',').unwrap().0)).collect();
    folder.write("y.txt", &y);
    folder.write("y.txt.gz", gzip(y.as_bytes()));
    for (name, bytes, target) in [
        ("a.csv", table.clone().into_bytes(), ""),
        ("a.tsv", table.replace(',', "\t").into_bytes(), ""),
        ("a.txt", table.replace(',', " ").into_bytes(), "--target-column y"),
        ("semicolons.csv", table.replace(',', ";").into_bytes(), "--target-column -1"),
        ("a.svm", libsvm(&rows, &target).into_bytes(), "--features 5"),
        ("told-by-content", libsvm(&rows, &target).into_bytes(), "--features 5"),
        ("a.mtx", coordinates(&rows).into_bytes(), "--target y.txt"),
        ("a.npy", npy(&rows), "--target y.txt.gz"),
        ("x.csv", without_target.into_bytes(), "--target y.txt"),
    ] {
        for (file, bytes) in [(name.to_owned(), bytes.clone()), (format!("{name}.gz"), gzip(&bytes))] {
            folder.write(&file, &bytes);
            let run =
                format!("bcd --data {file} {target} --intercept --lambda 2 --tolerance 1e-12 --out x.txt");
            folder.run(&run).ended(0);
            let found = folder.numbers("x.txt");
            if name == "a.csv" {
                folder.write("first.txt", folder.read("x.txt"));
            }
            let first = folder.numbers("first.txt");
            assert!(
                found.iter().zip(&first).all(|(a, b)| close(*a, *b, 1e-10)),
                "{file}: {found:?} {first:?}"
            );
        }
    }
}
