//! Running the command in a folder of its own, and small problems.

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// What a run of the command gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The object that `--json` printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// The run must have ended with this code.
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{} {}", self.out, self.err);
        self
    }
}

/// A folder that the command runs in.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn numbers(&self, name: &str) -> Vec<f64> {
        self.read(name).lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Runs the command with the words of `line`.
    pub fn run(&self, line: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_southwell"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Rows of 5 columns with zeros among them, and a target that three of the columns make up.
pub fn small_problem() -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut state = 12_345_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % 17) as f64 - 8.0
    };
    let rows: Vec<Vec<f64>> = (0..40).map(|_| (0..5).map(|_| draw().max(-3.0) / 4.0).collect()).collect();
    let target = rows.iter().map(|a| 2.0 * a[0] - 3.0 * a[2] + 0.5 * a[4] + draw() / 16.0).collect();
    (rows, target)
}

/// As CSV with names, the target last.
pub fn csv(rows: &[Vec<f64>], target: &[f64]) -> String {
    let mut text = String::from("a,b,c,d,e,y\n");
    for (row, y) in rows.iter().zip(target) {
        row.iter().for_each(|v| text.push_str(&format!("{v:?},")));
        text.push_str(&format!("{y:?}\n"));
    }
    text
}

/// The small problem as `data.csv`, and with labels 0 and 1 as `labels.csv`.
pub fn with_small_problem() -> Folder {
    let folder = Folder::new();
    let (rows, target) = small_problem();
    folder.write("data.csv", csv(&rows, &target));
    let labels: Vec<f64> =
        target.iter().enumerate().map(|(r, y)| f64::from(y + (r % 3) as f64 > 1.0)).collect();
    folder.write("labels.csv", csv(&rows, &labels));
    folder
}

pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}
