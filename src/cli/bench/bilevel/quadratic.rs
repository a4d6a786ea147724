//! Experiment E1 (section 4.1 of the paper): linear least squares in both levels, with matrices as in the paper, whose
//! reduced Hessian has a condition number of about 1e5, and with a twin of well-conditioned ones.

use super::course::Course;
use super::section::{runs, section, write_files};
use super::{Extent, Failure, Line, write};
use southwell::bilevel::problems::Quadratic;
use southwell::numerics::kernels::dot;
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::Result;
use southwell::runtime::rng::{Purpose, Stream};
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "bilevel-quadratic";
pub const TITLE: &str = "Bilevel least squares: starting accuracies, work, bounds";

/// Rows and columns of each matrix.
const SIZE: (usize, usize) = (1000, 10);
const QUICK: (usize, usize) = (60, 4);
/// Products that a method may take: as in the paper, and with well-conditioned matrices. The paper's method needs about
/// 1e5 for the 3000 steps of the former.
const BUDGETS: [f64; 2] = [1e5, 5e3];
const QUICK_BUDGETS: [f64; 2] = [1e3, 300.0];
/// Deviation of the noise of both right-hand sides, and the seed.
const NOISE: f64 = 0.01;
const SEED: u64 = 29;
/// The largest singular value of the well-conditioned matrices; the least is 1.
const LARGEST: f64 = 3.0;

/// How matrices are drawn.
#[derive(Clone, Copy, PartialEq)]
enum Draw {
    /// Entries uniform in [0, 1).
    Uniform,
    /// Orthonormal columns, singular values from 1 to [`LARGEST`], turned by a random rotation.
    Conditioned,
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Line,
) -> std::result::Result<(String, bool), Failure> {
    let budgets = if extent.quick { QUICK_BUDGETS } else { BUDGETS };
    let twins = [
        ("bilevel-quadratic", "as in the paper", Draw::Uniform, budgets[0]),
        ("bilevel-quadratic-conditioned", "well conditioned", Draw::Conditioned, budgets[1]),
    ];
    let (rows, cols) = if extent.quick { QUICK } else { SIZE };
    let mut text = format!(
        "## {TITLE}\n\nMatrices of {rows} x {cols}; the search starts at ones, lower solves at 0. Every method \
         has the same budget; what it does with it is counted, not timed.\n\n"
    );
    let mut good = true;
    for (stem, name, draw, budget) in twins {
        let problem = problem(draw, rows, cols)?;
        let label = format!("Least squares, {name}");
        let course = Course {
            stem,
            label,
            problem: Box::new(problem),
            start: vec![1.0; cols],
            budget,
            hoag_step: None,
        };
        let ran = runs(&course, extent, line)?;
        write_files(folder, &course, &ran)?;
        let (section, holds) = section(&course, &ran)?;
        text.push_str(&section);
        good &= holds;
    }
    write(&folder.join(format!("{NAME}.md")), &text)?;
    Ok((text, good || extent.quick))
}

fn problem(draw: Draw, rows: usize, cols: usize) -> Result<Quadratic> {
    let stream = &mut Stream::new(SEED, Purpose::Start, draw as u64);
    let [a1, a2, a3] = [(); 3].map(|()| match draw {
        Draw::Uniform => (0..rows * cols).map(|_| stream.uniform()).collect(),
        Draw::Conditioned => conditioned(rows, cols, stream),
    });
    let [x1, x2, theta] = [(); 3].map(|()| (0..cols).map(|_| stream.uniform()).collect::<Vec<f64>>());
    let product = |a: &[f64], x: &[f64], r: usize| (0..cols).map(|j| a[j * rows + r] * x[j]).sum::<f64>();
    let b1 = (0..rows).map(|r| product(&a1, &x1, r) + NOISE * stream.normal()).collect();
    let b2 =
        (0..rows).map(|r| product(&a2, &x2, r) + product(&a3, &theta, r) + NOISE * stream.normal()).collect();
    let matrix = |data: &[f64]| -> Result<Matrix<'static>> {
        Matrix::dense(DenseView { data, rows, cols, ld: rows, order: Order::ColumnMajor })
    };
    Quadratic::new(matrix(&a1)?, b1, matrix(&a2)?, matrix(&a3)?, b2)
}

/// `Q diag(s) V'`, column after column, with singular values evenly spaced.
fn conditioned(rows: usize, cols: usize, stream: &mut Stream) -> Vec<f64> {
    let (q, v) = (orthonormal(rows, cols, stream), orthonormal(cols, cols, stream));
    let singular = |k: usize| 1.0 + (LARGEST - 1.0) * k as f64 / (cols - 1).max(1) as f64;
    let entry = |r: usize, j: usize| (0..cols).map(|k| q[k][r] * singular(k) * v[k][j]).sum::<f64>();
    (0..rows * cols).map(|at| entry(at % rows, at / rows)).collect()
}

/// Orthonormal columns of `n` numbers (Gram and Schmidt, each column twice).
fn orthonormal(n: usize, cols: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for _ in 0..cols {
        let mut column: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        for _ in 0..2 {
            for other in &found {
                let along = dot(&column, other);
                column.iter_mut().zip(other).for_each(|(c, o)| *c -= along * o);
            }
        }
        let size = dot(&column, &column).sqrt();
        column.iter_mut().for_each(|c| *c /= size);
        found.push(column);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditioned_matrices_have_their_singular_values() {
        let (rows, cols) = (30, 4);
        let a = conditioned(rows, cols, &mut Stream::new(1, Purpose::Start, 0));
        // The squares of all singular values, and the bounds of |A x| / |x|.
        let sum: f64 = a.iter().map(|v| v * v).sum();
        let expected: f64 = (0..cols).map(|k| (1.0 + 2.0 * k as f64 / 3.0).powi(2)).sum();
        assert!((sum - expected).abs() < 1e-10 * expected, "{sum} {expected}");
        let mut stream = Stream::new(2, Purpose::Start, 0);
        for _ in 0..50 {
            let x: Vec<f64> = (0..cols).map(|_| stream.normal()).collect();
            let square = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
            let image = square(&mut (0..rows).map(|r| (0..cols).map(|j| a[j * rows + r] * x[j]).sum()));
            let ratio = image / square(&mut x.iter().copied());
            assert!((1.0 - 1e-9..=3.0 + 1e-9).contains(&ratio), "{ratio}");
        }
    }
}
