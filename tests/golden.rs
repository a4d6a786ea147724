//! States that earlier versions saved still load, and mean the same.
//!
//! `UPDATE_GOLDEN=1 cargo test --release --test golden` writes the files of a new layout that are not there yet; those that are
//! there are never written again.

use southwell::altmin::saved::{Loaded, Saved, load, save};
use southwell::altmin::{Entries, Precision, Problem, solve};
use southwell::numerics::real::Real;
use southwell::runtime::{Control, Family, Options};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A small model with all that is saved.
fn made<T: Precision>(set: &[(&str, &str)]) -> Vec<u8> {
    let cells =
        (0..9_i64).flat_map(|i| (0..7_i64).map(move |j| (i, j))).filter(|(i, j)| (i * j + i + j) % 4 != 1);
    let (row, col): (Vec<i64>, Vec<i64>) = cells.unzip();
    let value: Vec<f64> =
        row.iter().zip(&col).map(|(i, j)| 3.0 + 0.25 * *i as f64 + ((i * j) as f64 * 0.5).sin()).collect();
    let weight: Vec<f64> = row.iter().map(|i| 1.0 + (i % 3) as f64).collect();
    let weight = set.iter().all(|(key, _)| *key != "feedback").then_some(&weight[..]);
    let entries = Entries { rows: 9, cols: 7, row: &row, col: &col, value: &value, weight };
    let mut options = Options::new(Family::Altmin);
    set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
    let control = &mut Control::new();
    let problem = Problem::<T>::new(entries, &options, control).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    save(&solution.model, Some((problem.observations(), solution.held_out))).unwrap()
}

/// All predictions to the bit, the bytes of the same state, and the number of its entries.
fn told<T: Real>(saved: &Saved<T>) -> (String, Vec<u8>, usize) {
    let mut text = String::new();
    for i in 0..saved.model.rows() {
        for j in 0..saved.model.cols() {
            let x = saved.model.predict(i, j);
            writeln!(text, "{i} {j} {:016x} {x:e}", x.to_bits()).unwrap();
        }
    }
    let (entries, held_out) = saved.entries.as_ref().unwrap();
    (text, save(&saved.model, Some((entries, *held_out))).unwrap(), entries.len())
}

#[test]
fn saved_models_of_altmin_load_and_predict_the_same_bits() {
    let biased =
        [("rank", "2"), ("ridge", "0.1"), ("biases", "true"), ("bias_ridge", "0.2"), ("held_out", "0.1")];
    let implicit = [("rank", "3"), ("ridge", "1"), ("feedback", "implicit"), ("confidence", "2")];
    let fresh: [(&str, Vec<u8>); 2] =
        [("altmin-1-biases", made::<f64>(&biased)), ("altmin-1-implicit-single", made::<f32>(&implicit))];
    for (name, bytes) in fresh {
        let (state, text) = (file(&format!("{name}.swl")), file(&format!("{name}.txt")));
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !state.exists() {
            std::fs::create_dir_all(file("")).unwrap();
            std::fs::write(&state, &bytes).unwrap();
            let told = match load(&bytes).unwrap() {
                Loaded::Double(saved) => told(&saved),
                Loaded::Single(saved) => told(&saved),
            };
            std::fs::write(&text, told.0).unwrap();
        }
        let golden = std::fs::read(&state).unwrap();
        let (found, again, entries) = match load(&golden).unwrap() {
            Loaded::Double(saved) => told(&saved),
            Loaded::Single(saved) => told(&saved),
        };
        assert_eq!(found, std::fs::read_to_string(&text).unwrap(), "{name}");
        assert!(again == golden && entries > 30, "{name}");
    }
}
