//! Half-steps with factors that are not negative: each row by coordinate descent on its normal equations, from its last
//! solution, until the conditions of its minimum hold to rounding.

use super::alternation::{Alternation, Factors, Manner, Side, StepReport};
use super::half_step::{Damping, HalfReport};
use super::observations::{Line, Lines};
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Rows of a task: fixed, so that threads cannot change a sum.
const TASK_ROWS: usize = 64;
/// Observations between two looks at the control.
const LOOK: usize = 4096;
/// Cycles over the coordinates at most.
const CYCLES: usize = 500;
/// A gradient of this share of what it is made of counts as 0.
const ENOUGH: f64 = 1e-12;

/// A row's normal equations: `sum w y y' + ridge I` and `sum w m y`.
pub(super) struct Normal {
    pub(super) gram: Square,
    pub(super) right: Vec<f64>,
}

impl<T: Real> Alternation<'_, T> {
    /// A half-step over factors `>= 0`; the fixed one stays as it is. `shift` is taken off all values. On a stop the
    /// factors are as they were.
    pub fn half_step_nonnegative(
        &self,
        factors: &mut Factors<T>,
        shift: f64,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<StepReport, Stop> {
        let lines = self.lines(side);
        let (fixed, moving) = factors.fixed_and_moving(side);
        let before = moving.clone();
        let half = NonnegativeHalf { lines, fixed, shift, damping: manner.damping, means: self.means(side) };
        let half = half.run(moving, self.team, control)?;
        let (mut moved, mut size) = (Sum::default(), Sum::default());
        for i in 0..lines.len() {
            let d = lines.degree(i) as f64;
            for (b, a) in before.row(i).iter().zip(moving.row(i)) {
                moved.add(d * (a.wide() - b.wide()).powi(2));
                size.add(d * a.wide() * a.wide());
            }
        }
        let (moved, size) = (moved.value(), size.value());
        Ok(StepReport { half, singular: Vec::new(), incoherence: f64::NAN, moved, size })
    }
}

/// What a half-step over factors `>= 0` works on.
pub(super) struct NonnegativeHalf<'h, T> {
    /// The observations of the factor that moves.
    pub(super) lines: &'h Lines<T>,
    /// The factor that is fixed.
    pub(super) fixed: &'h Tall<T>,
    /// What is taken off all values.
    pub(super) shift: f64,
    /// What is added to the squares.
    pub(super) damping: Damping,
    /// Prior means of the lines.
    pub(super) means: Option<&'h Tall<T>>,
}

impl<T: Real> NonnegativeHalf<'_, T> {
    /// Moves `moving`, whose rows are where coordinate descent starts. On a stop it is as it was.
    pub(super) fn run(
        &self,
        moving: &mut Tall<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<HalfReport, Stop> {
        let Self { lines, fixed, shift, damping, means } = *self;
        let k = fixed.cols();
        let tasks = lines.len().div_ceil(TASK_ROWS);
        let old: &Tall<T> = moving;
        let solved = team.share(tasks, control, |t, control| {
            let mut rows = Vec::new();
            let mut squares = Sum::default();
            for i in t * TASK_ROWS..((t + 1) * TASK_ROWS).min(lines.len()) {
                let line = lines.line(i);
                let ridge = damping.ridge_of(line.len());
                let mut normal = Normal::new(fixed, line, shift, ridge, control)?;
                if let Some(means) = means {
                    let terms = normal.right.iter_mut().zip(means.row(i));
                    terms.for_each(|(right, mean)| *right += ridge * mean.wide());
                }
                let mut x: Vec<f64> = old.row(i).iter().map(|v| v.wide().max(0.0)).collect();
                if let (Some(means), 0) = (means, line.len()) {
                    // Also where the ridge goes with the number of entries.
                    rows.extend(means.row(i).iter().map(|mean| T::narrow(mean.wide().max(0.0))));
                    continue;
                }
                control.spend((normal.minimize(&mut x) * 2 * k * k) as u64)?;
                squares.add(left(fixed, line, shift, &x));
                rows.extend(x.iter().map(|v| T::narrow(*v)));
            }
            Ok((rows, squares.value()))
        })?;
        let (mut half, mut squares) = (HalfReport::default(), Sum::default());
        let mut i = 0;
        for (rows, part) in solved {
            squares.add(part);
            for row in rows.chunks_exact(k) {
                moving.row_mut(i).copy_from_slice(row);
                i += 1;
            }
        }
        half.squares = squares.value();
        Ok(half)
    }
}

impl Normal {
    fn new<T: Real>(
        fixed: &Tall<T>,
        line: Line<'_, T>,
        shift: f64,
        ridge: f64,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let k = fixed.cols();
        let mut normal = Self { gram: Square::zeros(k), right: vec![0.0; k] };
        for (e, (&j, value)) in line.index.iter().zip(line.value).enumerate() {
            let y = fixed.row(j as usize);
            let w = line.weight.map_or(1.0, |w| w[e].wide());
            for (l, y_l) in y.iter().enumerate() {
                let weighted = w * y_l.wide();
                normal.right[l] += weighted * (value.wide() - shift);
                let column = &mut normal.gram.column_mut(l)[..=l];
                column.iter_mut().zip(y).for_each(|(g, y)| *g += weighted * y.wide());
            }
            if e % LOOK == LOOK - 1 {
                control.spend((LOOK * k * (k + 3)) as u64)?;
            }
        }
        for l in 0..k {
            normal.gram.column_mut(l)[l] += ridge;
            (0..l).for_each(|i| normal.gram.column_mut(i)[l] = normal.gram.at(i, l));
        }
        control.spend((line.len() % LOOK * k * (k + 3)) as u64)?;
        Ok(normal)
    }

    /// Coordinate descent from `x >= 0`; gives the number of cycles.
    pub(super) fn minimize(&self, x: &mut [f64]) -> usize {
        let k = x.len();
        let mut slope: Vec<f64> = self.right.clone();
        for (l, x) in x.iter().enumerate() {
            slope.iter_mut().zip(self.gram.column(l)).for_each(|(s, g)| *s -= g * x);
        }
        for cycle in 1..=CYCLES {
            let mut worst = 0.0_f64;
            for l in 0..k {
                let bend = self.gram.at(l, l);
                if !(bend > 0.0) {
                    x[l] = 0.0;
                    continue;
                }
                let to = (x[l] + slope[l] / bend).max(0.0);
                let step = to - x[l];
                if step != 0.0 {
                    worst = worst.max(step.abs() * bend / (self.right[l].abs() + bend * to.abs()));
                    x[l] = to;
                    slope.iter_mut().zip(self.gram.column(l)).for_each(|(s, g)| *s -= g * step);
                }
            }
            if worst <= ENOUGH {
                return cycle;
            }
        }
        CYCLES
    }
}

/// `sum w (m - shift - y'x)^2`
fn left<T: Real>(fixed: &Tall<T>, line: Line<'_, T>, shift: f64, x: &[f64]) -> f64 {
    let mut squares = 0.0;
    for (e, (&j, value)) in line.index.iter().zip(line.value).enumerate() {
        let product: f64 = fixed.row(j as usize).iter().zip(x).map(|(y, x)| y.wide() * x).sum();
        squares += line.weight.map_or(1.0, |w| w[e].wide()) * (value.wide() - shift - product).powi(2);
    }
    squares
}
