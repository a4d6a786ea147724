//! How well a model fits observations: the sum of squares, evaluated afresh.

use super::alternation::Factors;
use super::observations::Observations;
use super::offsets::Offsets;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// A sum of squares over observations, and the sum of their weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fit {
    /// `sum w (m - x)^2`, or of other costs.
    pub squares: f64,
    /// `sum w`
    pub weight: f64,
}

impl Fit {
    /// The weighted root mean square of what is left; NaN for no observations.
    pub fn rmse(&self) -> f64 {
        (self.squares / self.weight).sqrt()
    }
}

/// Rows of a task: fixed, so that threads cannot change a sum.
const TASK_ROWS: usize = 256;
/// Work between two looks at the control.
const BATCH_FLOPS: u64 = 1 << 26;

/// `mean + b_i + c_j + u_i'v_j`, in the units of the factors.
pub fn entry<T: Real>(factors: &Factors<T>, offsets: &Offsets<T>, i: usize, j: usize) -> f64 {
    offsets.at(i, j) + factors.at(i, j)
}

/// The fit over `observations`. Costs `2 k` flops for each of them.
pub fn fit<T: Real>(
    observations: &Observations<T>,
    factors: &Factors<T>,
    offsets: &Offsets<T>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Fit, Stop> {
    fit_by(observations, factors, offsets, |r| r * r, team, control)
}

/// The same for other costs of a residual than its square.
pub(super) fn fit_by<T: Real>(
    observations: &Observations<T>,
    factors: &Factors<T>,
    offsets: &Offsets<T>,
    cost: impl Fn(f64) -> f64 + Sync,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Fit, Stop> {
    let (rows, k) = (observations.rows(), factors.u.cols());
    let tasks = rows.div_ceil(TASK_ROWS);
    let task = |t: usize| {
        let (mut squares, mut weight) = (Sum::default(), Sum::default());
        for i in t * TASK_ROWS..((t + 1) * TASK_ROWS).min(rows) {
            let line = observations.by_row().line(i);
            for (e, (&j, value)) in line.index.iter().zip(line.value).enumerate() {
                let w = line.weight.map_or(1.0, |w| w[e].wide());
                squares.add(w * cost(value.wide() - entry(factors, offsets, i, j as usize)));
                weight.add(w);
            }
        }
        (squares.value(), weight.value())
    };
    let (mut squares, mut weight) = (Sum::default(), Sum::default());
    let mut first = 0;
    while first < tasks {
        let (mut last, mut flops) = (first, 0);
        while last < tasks && (last == first || flops < BATCH_FLOPS) {
            let end = ((last + 1) * TASK_ROWS).min(rows);
            let entries = (last * TASK_ROWS..end).map(|i| observations.by_row().degree(i)).sum::<usize>();
            flops += (entries * (2 * k + 8)) as u64;
            last += 1;
        }
        for (s, w) in team.map(last - first, |t| task(first + t)) {
            squares.add(s);
            weight.add(w);
        }
        control.spend(flops)?;
        first = last;
    }
    Ok(Fit { squares: squares.value(), weight: weight.value() })
}
