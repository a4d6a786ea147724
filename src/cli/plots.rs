//! What the command plots: paths of coefficients and races of solvers.

use super::axis::Axis;
use super::chart::{Chart, Line, Names};
use southwell::bcd::{Problem, Solution};

/// Lines that get a name; the others are grey.
const NAMED: usize = 10;

/// The coefficients over lambda. With `deviations`, each is times the deviation of its column.
pub fn path(title: &str, names: &[String], deviations: Option<&[f64]>, solutions: &[Solution]) -> Chart {
    let scale = |j: usize| deviations.map_or(1.0, |d| d[j]);
    let label = match deviations {
        Some(_) => "coefficient × standard deviation of its column",
        None => "coefficient",
    };
    falling(title, label, names, solutions, |s, j| s.coef[j] * scale(j))
}

/// The norms of the groups over lambda.
pub fn group_path(
    title: &str,
    names: &[String],
    of_column: &[usize],
    deviations: &[f64],
    solutions: &[Solution],
) -> Chart {
    let label = "norm of the group's standardized coefficients";
    falling(title, label, names, solutions, |s, g| {
        let columns = (0..of_column.len()).filter(|j| of_column[*j] == g);
        columns.map(|j| (s.coef[j] * deviations[j]).powi(2)).sum::<f64>().sqrt()
    })
}

fn falling(
    title: &str,
    label: &str,
    names: &[String],
    solutions: &[Solution],
    value: impl Fn(&Solution, usize) -> f64,
) -> Chart {
    let last = |k: usize| solutions.last().map_or(0.0, |s| value(s, k).abs());
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| last(*b).total_cmp(&last(*a)));
    let (x, place) = super::path::axis(solutions);
    let lines = order.iter().enumerate().map(|(rank, &k)| Line {
        name: if rank < NAMED && last(k) > 0.0 { names[k].clone() } else { String::new() },
        points: solutions.iter().map(|s| (place(s), value(s, k))).collect(),
    });
    Chart {
        title: title.to_owned(),
        x,
        y: Axis::linear(label),
        lines: lines.collect(),
        level: None,
        names: Names::AtEnds,
    }
}

/// The certificate over the work of each run, relative to the loss of the null model.
pub fn convergence(title: &str, runs: &[(&str, &Solution)]) -> Chart {
    let lines = runs.iter().map(|(name, run)| Line {
        name: (*name).to_owned(),
        points: run.trace.iter().map(|row| (row.work as f64, row.certificate / run.null_loss)).collect(),
    });
    let tolerance = runs.first().map(|(_, run)| run.target / run.null_loss);
    let kind = runs.first().map_or("certificate", |(_, run)| run.certificate.kind_name());
    Chart {
        title: title.to_owned(),
        x: Axis::log("work (floating-point operations)"),
        y: Axis::log(format!("{kind} / loss of the null model")),
        lines: lines.collect(),
        level: tolerance.filter(|t| *t > 0.0).map(|t| ("tolerance".to_owned(), t)),
        names: Names::Listed,
    }
}

/// The weighted standard deviation of each column.
pub fn deviations(problem: &Problem<'_>) -> Vec<f64> {
    let (matrix, weights) = (problem.matrix(), problem.weights());
    let total: f64 = weights.iter().sum();
    (0..matrix.cols())
        .map(|j| {
            let mean = matrix.dot(j, weights) / total;
            (matrix.squares(j, 1.0, weights) / total - mean * mean).max(0.0).sqrt()
        })
        .collect()
}
