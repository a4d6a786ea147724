//! Experiment E2 (section 4 of the paper): multinomial regression with a strength for each coefficient, on the 8 x 8
//! digits in place of MNIST.

use super::course::Course;
use super::robust::SEQUENCES;
use super::run::{Entrant, Run, at};
use super::section::{all, values, write_csv};
use super::{Extent, Failure, Line, race, write};
use crate::cli::files::{self, ReadOptions};
use crate::cli::number::short;
use southwell::bilevel::problems::{Data, Sharing, Split, Task, multinomial};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::rng::{Purpose, Stream};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "bilevel-multinomial";
pub const TITLE: &str = "Multinomial regression with a strength for each coefficient";

/// Where the digits are looked for.
const FILE: &str = "../shared/data/digits/digits8x8/digits.csv.gz";
/// Rows to train on and to validate on; the rest are to test on.
const ROWS: [usize; 2] = [1000, 400];
const QUICK_ROWS: [usize; 2] = [120, 60];
/// Products that a method may take.
const BUDGET: f64 = 2000.0;
const QUICK_BUDGET: f64 = 300.0;
/// The paper's start.
const START: f64 = -3.0;
/// Validation losses whose work is told.
const LEVELS: [f64; 4] = [0.25, 0.2, 0.15, 0.12];

/// Rows of features and their classes.
struct Table {
    cols: usize,
    classes: usize,
    rows: Vec<Vec<f64>>,
    class: Vec<f64>,
    from: &'static str,
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Line,
) -> std::result::Result<(String, bool), Failure> {
    let file = extent.data.unwrap_or(Path::new(FILE));
    let table = if !extent.quick && file.is_file() { digits(file)? } else { drawn() };
    let [train, validation] = if table.rows.len() > 1500 { ROWS } else { QUICK_ROWS };
    let part = |from: usize, to: usize| table.part(from, to);
    let task = Task { training: part(0, train)?, validation: part(train, train + validation)? };
    let problem = multinomial(Split::HoldOut(task), table.classes, &Sharing::PerWeight, false)?;
    let course = Course {
        stem: NAME,
        label: TITLE.into(),
        start: vec![START; table.cols * table.classes],
        problem: Box::new(problem),
        budget: if extent.quick { QUICK_BUDGET } else { BUDGET },
        hoag_step: None,
    };
    let entrants: Vec<Entrant> = [Entrant::ours(), Entrant::paper()]
        .into_iter()
        .chain(SEQUENCES.map(|sequence| Entrant::hoag(sequence, None)))
        .chain([1.0, 1e-1, 1e-2, 1e-3, 1e-4].map(|eps| Entrant::fixed().from(eps)))
        .collect();
    let runs = all(&course, &entrants, extent, line)?;
    let test = train + validation..table.rows.len();
    let accuracies =
        runs.iter().map(|r| table.accuracy(&course, &r.theta, test.clone())).collect::<Result<Vec<_>>>()?;
    let begun = table.accuracy(&course, &course.start, test.clone())?;
    let text = section(&course, &table, &runs, &accuracies, begun);
    write(&folder.join(format!("{NAME}.md")), &text)?;
    write_csv(&folder.join(format!("{NAME}.csv")), &runs.iter().collect::<Vec<_>>())?;
    let drawn: Vec<(String, &Run)> = runs.iter().map(|r| (label(r), r)).collect();
    values(&course, &drawn, 0.0).write(&folder.join(format!("{NAME}.svg")))?;
    let others = runs[1..5].iter().map(|r| r.value).fold(f64::INFINITY, f64::min);
    Ok((text, runs[0].value < others || extent.quick))
}

fn label(run: &Run) -> String {
    run.eps.map_or(run.name.clone(), |eps| format!("{} {}", run.name, short(eps, 2)))
}

fn section(course: &Course, table: &Table, runs: &[Run], accuracies: &[f64], begun: f64) -> String {
    let mut text = format!(
        "## {TITLE}\n\nOn {}; {} coefficients and as many strengths, from exp({START}). Budget {} products. \
         Validation losses within the budget, and the work until a method has seen one below each level. So many \
         strengths fit the validation rows too: the share of other rows that are classified rightly (at the start \
         {}) says what that is worth.\n\n",
        table.from,
        course.start.len(),
        short(course.budget, 6),
        short(begun, 4)
    );
    text.push_str(&race::table(&runs.iter().collect::<Vec<_>>(), 0.0));
    text.push_str("| method |");
    LEVELS.iter().for_each(|level| text.push_str(&format!(" to {level} |")));
    text.push_str(&format!(" test accuracy |\n|---|{}---|\n", "---|".repeat(LEVELS.len())));
    for (run, accuracy) in runs.iter().zip(accuracies) {
        text.push_str(&format!("| {} |", label(run)));
        for level in LEVELS {
            let reached = run.curve.iter().find(|(_, value)| *value <= level);
            text.push_str(&reached.map_or(" - |".into(), |(work, _)| format!(" {} |", work.round())));
        }
        text.push_str(&format!(" {} |\n", short(*accuracy, 4)));
    }
    text.push('\n');
    text
}

impl Table {
    fn part(&self, from: usize, to: usize) -> Result<Data> {
        let rows = to - from;
        let data: Vec<f64> =
            (0..self.cols).flat_map(|j| self.rows[from..to].iter().map(move |row| row[j])).collect();
        let view = DenseView { data: &data, rows, cols: self.cols, ld: rows, order: Order::ColumnMajor };
        Ok(Data { x: Matrix::dense(view)?, y: self.class[from..to].to_vec() })
    }

    /// The share of rows that the model at `theta` classifies rightly.
    fn accuracy(&self, course: &Course, theta: &[f64], rows: std::ops::Range<usize>) -> Result<f64> {
        if theta.is_empty() {
            return Ok(f64::NAN);
        }
        let solution = at(&*course.problem, theta, 1e-4, &[])?;
        let Some(w) = solution.x.first() else { return Ok(f64::NAN) };
        let score =
            |row: &[f64], c: usize| row.iter().zip(&w[c * self.cols..]).map(|(a, w)| a * w).sum::<f64>();
        let guess = |row: &[f64]| {
            (0..self.classes).fold(0, |best, c| if score(row, c) > score(row, best) { c } else { best })
        };
        let right = rows.clone().filter(|r| guess(&self.rows[*r]) as f64 == self.class[*r]).count();
        Ok(right as f64 / rows.len() as f64)
    }
}

/// The digits: 64 shades from 0 to 16, then the digit.
fn digits(file: &Path) -> Result<Table> {
    let read = files::read_table(file, &ReadOptions { has_target: true, ..ReadOptions::default() })?;
    let name = file.display().to_string();
    let (cols, class) = (read.cols, read.target.clone().unwrap_or_default());
    let rows = read.into_rows(&name)?.chunks(cols).map(|r| r.iter().map(|v| v / 16.0).collect()).collect();
    if class.iter().any(|c| !(0.0..10.0).contains(c)) {
        return Err(Error::new(ErrorKind::Data, name).expected("digits").found("another class"));
    }
    Ok(Table {
        cols,
        classes: 10,
        rows,
        class,
        from: "8 x 8 digits: 1000 rows to train, 400 to validate, 397 to test",
    })
}

/// Normal clouds around the corners of a simplex.
fn drawn() -> Table {
    let (cols, classes, count) = (12, 4, 240);
    let mut stream = Stream::new(23, Purpose::Start, 0);
    let class: Vec<f64> = (0..count).map(|r| (r % classes) as f64).collect();
    let rows = class
        .iter()
        .map(|c| (0..cols).map(|j| 0.7 * stream.normal() + f64::from(u8::from(j == *c as usize))).collect())
        .collect();
    Table {
        cols,
        classes,
        rows,
        class,
        from: "drawn rows of 4 classes: 120 to train, 60 to validate, 60 to test",
    }
}
