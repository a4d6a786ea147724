//! A half-step: the regressions of all rows of one factor, with the other factor fixed.

use super::observations::Lines;
use super::regression::{Accuracy, Bench, Ridge, RowReport, Way, expected_steps};
use super::sketched::Sketching;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// How rows are solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Solver {
    /// Each in the cheapest way, by counts of operations.
    Auto,
    /// By factorizations, to rounding.
    Direct,
    /// By conjugate gradients.
    ConjugateGradient,
    /// By conjugate gradients with a sketch of each row's own for a preconditioner; by factorizations where the sketch would have
    /// as many rows.
    Sketched(Sketching),
}

/// `lambda_i |x_i|^2 + proximal |x_i - x_i^old|^2`, `lambda_i = ridge d_i^degree_power`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Damping {
    /// The ridge.
    pub ridge: f64,
    /// What power of the row's number of observations multiplies it.
    pub degree_power: f64,
    /// The weight of the distance from the last solution.
    pub proximal: f64,
}

impl Damping {
    /// The ridge of a row with `d` observations.
    pub fn ridge_of(&self, d: usize) -> f64 {
        if self.ridge == 0.0 || self.degree_power == 0.0 {
            return self.ridge;
        }
        self.ridge * (d as f64).powf(self.degree_power)
    }
}

/// What a half-step works on.
pub struct HalfStep<'h, T> {
    /// The observations, line by line, of the factor that moves.
    pub lines: &'h Lines<T>,
    /// The factor that is fixed.
    pub fixed: &'h Tall<T>,
    /// The diagonal of the mean Gram of the fixed factor, per observation.
    pub curvature: &'h [f64],
    /// What is added to the squares.
    pub damping: Damping,
    /// When conjugate gradients end.
    pub accuracy: Accuracy,
    /// How rows are solved.
    pub solver: Solver,
}

/// What a half-step found.
#[derive(Debug, Clone, Default)]
pub struct HalfReport {
    /// `sum w (b - y'x)^2` over all observations, at the new factor.
    pub squares: f64,
    /// Steps of conjugate gradients in all.
    pub steps: u64,
    /// Observations of rows solved by conjugate gradients, times their steps and one more.
    pub passes: u64,
    /// The largest gradient that was left, per observation.
    pub gradient: f64,
    /// The largest of the bounds of rows' errors that sketches gave.
    pub error: f64,
    /// Rows that their observations do not determine.
    pub underdetermined: usize,
}

/// Work of a task: fixed, so that threads cannot change how rows are grouped.
const TASK_FLOPS: u64 = 1 << 22;
/// Work between two looks at the control.
const BATCH_FLOPS: u64 = 1 << 27;

impl<T: Real> HalfStep<'_, T> {
    /// Moves `x`, whose rows are where the regressions start. On a stop `x` stays as it was. Panics where the factors are not of
    /// the size of the observations, or have no columns.
    pub fn run(
        &self,
        x: &mut Tall<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> std::result::Result<HalfReport, Stop> {
        let mut report = HalfReport::default();
        let mut squares = Sum::default();
        let mut found: Vec<Vec<T>> = Vec::new();
        let tasks = self.tasks();
        let mut first = 0;
        while first < tasks.len() {
            let (mut last, mut flops) = (first, 0);
            while last < tasks.len() && (last == first || flops < BATCH_FLOPS) {
                flops += tasks[last].1;
                last += 1;
            }
            let done = team.map(last - first, |t| {
                let start = if first + t == 0 { 0 } else { tasks[first + t - 1].0 };
                self.rows(start, tasks[first + t].0, x)
            });
            for (rows, reports) in done {
                found.push(rows);
                for (row, d) in reports {
                    squares.add(row.squares);
                    report.steps += row.steps as u64;
                    if row.steps > 0 {
                        report.passes += (d * (row.steps + 1)) as u64;
                        report.gradient = report.gradient.max(row.gradient / d as f64);
                    }
                    report.error = report.error.max(row.error);
                    report.underdetermined += usize::from(row.underdetermined);
                }
            }
            control.spend(flops)?;
            first = last;
        }
        let (k, mut i) = (x.cols(), 0);
        for row in found.iter().flat_map(|rows| rows.chunks_exact(k)) {
            x.row_mut(i).copy_from_slice(row);
            i += 1;
        }
        report.squares = squares.value();
        Ok(report)
    }

    /// The way of row `i` with `d` observations.
    fn way(&self, i: usize, d: usize) -> Way {
        let k = self.fixed.cols();
        match self.solver {
            Solver::Auto => Way::of(d, k, expected_steps(d, k, self.accuracy.reduction)),
            Solver::Direct => Way::of(d, k, f64::INFINITY),
            Solver::ConjugateGradient => Way::ConjugateGradient,
            Solver::Sketched(how) => how.way(d, k, i as u64),
        }
    }

    /// The ends of the tasks, and their work.
    fn tasks(&self) -> Vec<(usize, u64)> {
        let k = self.fixed.cols() as u64;
        let mut tasks = Vec::new();
        let mut flops = 0;
        for i in 0..self.lines.len() {
            let d = self.lines.degree(i) as u64;
            flops += match self.way(i, d as usize) {
                Way::Direct => d * k * (k + 7) + k * k * k / 3,
                Way::Dual => d * d * k + d * d * d / 3 + 8 * d * k,
                Way::Sketched { how, .. } => how.flops(d as usize, k as usize),
                Way::ConjugateGradient => 4 * d * k * (1 + self.accuracy.max_steps.min(8) as u64),
            } + 16;
            if flops >= TASK_FLOPS || i + 1 == self.lines.len() {
                tasks.push((i + 1, flops));
                flops = 0;
            }
        }
        tasks
    }

    /// The new rows `start..end`, their reports and numbers of observations.
    fn rows(&self, start: usize, end: usize, x: &Tall<T>) -> (Vec<T>, Vec<(RowReport, usize)>) {
        let k = x.cols();
        let mut bench = Bench::new(self.fixed);
        let mut rows = vec![T::default(); (end - start) * k];
        let mut center = vec![T::default(); k];
        let mut reports = Vec::with_capacity(end - start);
        for (i, row) in (start..end).zip(rows.chunks_exact_mut(k.max(1))) {
            let line = self.lines.line(i);
            let d = line.index.len();
            row.copy_from_slice(x.row(i));
            let strength = self.damping.ridge_of(d) + self.damping.proximal;
            let centered = self.damping.proximal > 0.0;
            if centered {
                let share = T::narrow(self.damping.proximal / strength);
                center.iter_mut().zip(x.row(i)).for_each(|(c, x)| *c = share * *x);
            }
            let ridge = Ridge { strength, center: centered.then_some(&center[..]) };
            reports.push((bench.solve(line, ridge, self.way(i, d), self.curvature, self.accuracy, row), d));
        }
        (rows, reports)
    }
}
