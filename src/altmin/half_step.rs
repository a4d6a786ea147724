//! A half-step: the regressions of all rows of one factor, with the other factor fixed.

use super::observations::Lines;
use super::regression::{Accuracy, Bench, CHUNK, Regression, Ridge, RowReport, Way, expected_steps};
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
    /// By conjugate gradients that a sketch of the row's own observations preconditions, as the paper has it.
    Sketched(Sketching),
}

/// `lambda_i |x_i - prior_i|^2 + proximal |x_i - x_i^old|^2`, `lambda_i = ridge d_i^degree_power`.
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
    /// What is taken off the values at each position of the fixed factor before a regression; `None` for nothing.
    pub shift: Option<&'h [T]>,
    /// What is added to the squares.
    pub damping: Damping,
    /// The means that the ridge draws rows to; those of columns beyond them (of biases) are 0. `None`: all 0.
    pub prior: Option<&'h Tall<T>>,
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
    /// Rows that took any.
    pub iterated: usize,
    /// Observations of rows solved by conjugate gradients, times their steps and one more.
    pub passes: u64,
    /// The largest gradient that was left, per observation.
    pub gradient: f64,
    /// The largest of the bounds of rows' errors that sketches gave.
    pub error: f64,
    /// Rows that their observations do not determine.
    pub underdetermined: usize,
}

/// Price of a task: fixed, so that threads cannot change how rows are grouped.
const TASK_PRICE: f64 = (1 << 23) as f64;
/// Tasks that are handed out together.
const BATCH_TASKS: usize = 64;
/// A row of at least this price and of two chunks is a task of its own, whose chunks all threads share.
const HEAVY_PRICE: f64 = (1 << 26) as f64;

/// Rows `start..end` on one thread, or one heavy row on all.
#[derive(Debug, Clone, Copy)]
struct Task {
    start: usize,
    end: usize,
    heavy: bool,
}

/// New rows, and the report and number of observations of each.
type Solved<T> = (Vec<T>, Vec<(RowReport, usize)>);

impl<T: Real> HalfStep<'_, T> {
    /// Moves `x`, whose rows are where the regressions start. On a stop `x` stays as it was. Needs memory for another
    /// `x`. Panics where the factors are not of the size of the observations, or have no columns.
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
            let light = tasks[first..].iter().take(BATCH_TASKS).take_while(|task| !task.heavy).count();
            let done: Vec<Solved<T>> = if light == 0 {
                vec![self.rows(tasks[first], x, Some(team), control)?]
            } else {
                team.share(light, control, |t, control| self.rows(tasks[first + t], x, None, control))?
            };
            first += light.max(1);
            for (rows, reports) in done {
                found.push(rows);
                for (row, d) in reports {
                    squares.add(row.squares);
                    report.steps += row.steps as u64;
                    if row.steps > 0 {
                        report.iterated += 1;
                        report.passes += (d * (row.steps + 1)) as u64;
                        report.gradient = report.gradient.max(row.gradient / d as f64);
                    }
                    report.error = report.error.max(row.error);
                    report.underdetermined += usize::from(row.underdetermined);
                }
            }
        }
        let (k, mut i) = (x.cols(), 0);
        for row in found.iter().flat_map(|rows| rows.chunks_exact(k)) {
            x.row_mut(i).copy_from_slice(row);
            i += 1;
        }
        report.squares = squares.value();
        Ok(report)
    }

    /// The way of row `i` with `d` observations, and its price.
    fn way(&self, i: usize, d: usize) -> (Way, f64) {
        let k = self.fixed.cols();
        let steps = expected_steps(d, k, self.accuracy.reduction).min(self.accuracy.max_steps as f64);
        let way = match self.solver {
            Solver::Auto => Way::of(d, k, steps),
            Solver::Direct => Way::of(d, k, f64::INFINITY),
            Solver::ConjugateGradient => Way::ConjugateGradient,
            Solver::Sketched(how) => how.way(d, k, i as u64),
        };
        (way, way.price(d, k, steps))
    }

    fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        let (mut start, mut price) = (0, 0.0);
        for i in 0..self.lines.len() {
            let d = self.lines.degree(i);
            let row = self.way(i, d).1 + 64.0;
            if row >= HEAVY_PRICE && d >= 2 * CHUNK {
                if start < i {
                    tasks.push(Task { start, end: i, heavy: false });
                }
                tasks.push(Task { start: i, end: i + 1, heavy: true });
                (start, price) = (i + 1, 0.0);
                continue;
            }
            price += row;
            if price >= TASK_PRICE {
                tasks.push(Task { start, end: i + 1, heavy: false });
                (start, price) = (i + 1, 0.0);
            }
        }
        if start < self.lines.len() {
            tasks.push(Task { start, end: self.lines.len(), heavy: false });
        }
        tasks
    }

    /// The new rows of a task.
    fn rows(
        &self,
        task: Task,
        x: &Tall<T>,
        team: Option<&Team<'_>>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Solved<T>, Stop> {
        let k = x.cols();
        let mut bench = Bench::new(self.fixed, team);
        let mut rows = vec![T::default(); (task.end - task.start) * k];
        let (mut center, mut shifted) = (vec![T::default(); k], Vec::new());
        let mut reports = Vec::with_capacity(task.end - task.start);
        for (i, row) in (task.start..task.end).zip(rows.chunks_exact_mut(k)) {
            let mut line = self.lines.line(i);
            if let Some(shift) = self.shift {
                let less = |(j, value): (&u32, &T)| *value - shift[*j as usize];
                shifted.clear();
                shifted.extend(line.index.iter().zip(line.value).map(less));
                line.value = &shifted;
            }
            let d = line.len();
            row.copy_from_slice(x.row(i));
            let Damping { proximal, .. } = self.damping;
            let strength = self.damping.ridge_of(d) + proximal;
            if proximal > 0.0 {
                let share = T::narrow(proximal / strength);
                center.iter_mut().zip(x.row(i)).for_each(|(c, x)| *c = share * *x);
            } else {
                center.fill(T::default());
            }
            if let Some(prior) = self.prior {
                // A row without observations may have a ridge of 0, and still rests at its mean.
                let share = T::narrow(if proximal > 0.0 { 1.0 - proximal / strength } else { 1.0 });
                center.iter_mut().zip(prior.row(i)).for_each(|(c, mean)| *c += share * *mean);
            }
            let centered = proximal > 0.0 || self.prior.is_some();
            let ridge = Ridge { strength, center: centered.then_some(&center[..]) };
            let (curvature, accuracy) = (self.curvature, self.accuracy);
            let regression = Regression { line, ridge, curvature, accuracy };
            reports.push((bench.solve(regression, self.way(i, d).0, row, control)?, d));
        }
        Ok((rows, reports))
    }
}
