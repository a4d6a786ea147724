//! Seconds of sweeps (both half-steps) of alternating minimization, for `altmin.py` to compare: one JSON object on stdout.
//!
//! With `--serve` it answers each line with a number of sweeps on stdin by the seconds that they took from the start.
//!
//! `cargo run --release --example altmin_sweep -- --data FOLDER --rank 20` with the files `row.i32`, `col.i32` and `value.f64`
//! (raw little-endian numbers) and `shape.txt` (rows and columns) that `altmin.py` writes; without `--data` on made triplets:
//! `--rows 50000 --cols 20000 --entries 20000000`.

use southwell::altmin::Precision;
use southwell::altmin::alternation::{Alternation, Factors, Manner, Side};
use southwell::altmin::half_step::{Damping, Solver};
use southwell::altmin::observations::{Entries, Observations, Repeats};
use southwell::altmin::regression::Accuracy;
use southwell::numerics::tall::Tall;
use southwell::runtime::Control;
use southwell::runtime::parallel::{Team, with_team};
use southwell::runtime::rng::{Purpose, Stream};
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

struct Triplets {
    rows: usize,
    cols: usize,
    row: Vec<i64>,
    col: Vec<i64>,
    value: Vec<f64>,
}

fn words<const N: usize, T>(path: &Path, of: impl Fn([u8; N]) -> T) -> Vec<T> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    bytes.chunks_exact(N).map(|b| of(b.try_into().unwrap())).collect()
}

fn read(folder: &Path) -> Triplets {
    let shape = std::fs::read_to_string(folder.join("shape.txt")).expect("shape.txt");
    let mut shape = shape.split_whitespace().map(|v| v.parse().expect("two sizes"));
    Triplets {
        rows: shape.next().unwrap(),
        cols: shape.next().unwrap(),
        row: words(&folder.join("row.i32"), |b| i64::from(i32::from_le_bytes(b))),
        col: words(&folder.join("col.i32"), |b| i64::from(i32::from_le_bytes(b))),
        value: words(&folder.join("value.f64"), f64::from_le_bytes),
    }
}

/// Distinct cells at random, of a matrix of rank 8 with noise.
fn made(rows: usize, cols: usize, entries: usize) -> Triplets {
    let mut stream = Stream::new(1, Purpose::Start, 0);
    let mut normal = |n: usize| (0..n).map(|_| stream.normal()).collect::<Vec<f64>>();
    let (u, v) = (normal(rows * 8), normal(cols * 8));
    let noise = normal(1 << 16);
    let step = (rows * cols / entries).max(1);
    let mut at = 0;
    let mut t = Triplets { rows, cols, row: vec![], col: vec![], value: vec![] };
    let mut state = 88172645463325252_u64;
    for e in 0..entries {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let cell = at + state as usize % step;
        at += step;
        let (i, j) = (cell / cols, cell % cols);
        t.row.push(i as i64);
        t.col.push(j as i64);
        let m: f64 = (0..8).map(|l| u[i * 8 + l] * v[j * 8 + l]).sum();
        t.value.push(m + 0.1 * noise[e % noise.len()]);
    }
    t
}

fn run<T: Precision>(t: &Triplets, flags: &HashMap<String, String>, team: &Team<'_>) {
    let number = |name: &str, default: f64| flags.get(name).map_or(default, |v| v.parse().expect(name));
    let rank = number("rank", 20.0) as usize;
    let control = &mut Control::new();
    let clock = Instant::now();
    let entries =
        Entries { rows: t.rows, cols: t.cols, row: &t.row, col: &t.col, value: &t.value, weight: None };
    let observed = Observations::<T>::with_team(entries, Repeats::Error, team, control).expect("entries");
    let build = clock.elapsed().as_secs_f64();
    let mut stream = Stream::new(7, Purpose::Start, 0);
    let mut random = |rows: usize| {
        let mut factor = Tall::<T>::zeros(rows, rank).expect("memory");
        for i in 0..rows {
            factor.row_mut(i).iter_mut().for_each(|v| *v = T::narrow(stream.normal() / (rank as f64).sqrt()));
        }
        factor
    };
    let begin = Factors { u: random(t.rows), v: random(t.cols) };
    let solver = match flags.get("solver").map_or("auto", String::as_str) {
        "auto" => Solver::Auto,
        "direct" => Solver::Direct,
        "cg" => Solver::ConjugateGradient,
        other => panic!("--solver {other}: auto, direct or cg"),
    };
    let manner = Manner {
        orthonormal: !flags.contains_key("rotate"),
        damping: Damping { ridge: number("ridge", 0.0), ..Damping::default() },
        accuracy: Accuracy {
            reduction: number("reduction", 0.1),
            gradient: 0.0,
            max_steps: number("steps", 1e6) as usize,
        },
        solver,
    };
    let alternation = Alternation { observations: &observed, prior: None, team };
    if flags.contains_key("serve") {
        println!("ready");
        for line in std::io::stdin().lines() {
            let sweeps: usize = line.expect("stdin").trim().parse().expect("a number of sweeps");
            let clock = Instant::now();
            let mut factors = begin.clone();
            for _ in 0..sweeps {
                alternation.sweep(&mut factors, manner, control).expect("no limit");
            }
            println!("{:.6}", clock.elapsed().as_secs_f64());
        }
        return;
    }
    let mut factors = begin;
    let (mut seconds, mut steps, mut rmse) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..number("sweeps", 3.0) as usize {
        let clock = Instant::now();
        let mut passes = 0.0;
        for side in [Side::Columns, Side::Rows] {
            let report = alternation.half_step(&mut factors, side, manner, control).expect("no limit");
            passes += report.half.passes as f64 / observed.len() as f64;
            if side == Side::Rows {
                rmse.push((report.half.squares / observed.len() as f64).sqrt());
            }
        }
        seconds.push(clock.elapsed().as_secs_f64());
        steps.push(passes);
    }
    println!(
        "{{\"seconds_build\": {build:.4}, \"seconds\": {seconds:.4?}, \"passes\": {steps:.3?}, \"rmse\": {rmse:.6?}}}"
    );
}

fn main() {
    let mut flags = HashMap::new();
    let mut list = std::env::args().skip(1).peekable();
    while let Some(flag) = list.next() {
        let name = flag.strip_prefix("--").unwrap_or_else(|| panic!("{flag}: not a flag")).to_owned();
        let value = list.next_if(|v| !v.starts_with("--")).unwrap_or_default();
        flags.insert(name, value);
    }
    let size = |name: &str, default: usize| flags.get(name).map_or(default, |v| v.parse().expect(name));
    let t = match flags.get("data") {
        Some(folder) => read(Path::new(folder)),
        None => made(size("rows", 50_000), size("cols", 20_000), size("entries", 20_000_000)),
    };
    with_team(size("threads", 2), |team| match flags.get("precision").map(String::as_str) {
        Some("f32") => run::<f32>(&t, &flags, team),
        _ => run::<f64>(&t, &flags, team),
    })
    .expect("threads");
}
