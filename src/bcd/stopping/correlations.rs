//! `A'theta` of a dual candidate that moves, evaluated only where it can matter.
//!
//! By Cauchy and Schwarz `|a_j'theta| <= |a_j'theta_0| + |S^(1/2) a_j| |S^(-1/2) (theta - theta_0)|`, so a column whose
//! last value was well inside the dead zone of its penalty need not be looked at again until the candidate has moved
//! far: near the solution a certificate then costs little more than the columns that matter. It is the bound behind
//! gap-safe screening, on the path that the candidate really takes, and holds for every loss.

use crate::bcd::null_model::NullModel;
use crate::bcd::scaled::Scaled;
use crate::model::Penalty;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Correlations of all columns with the latest candidate.
pub(in crate::bcd) struct Correlations {
    /// `a_j'theta` when it was last evaluated.
    value: Vec<f64>,
    /// Length of the candidate's path at that time.
    seen: Vec<f64>,
    /// Length of the path so far, in the norm `|S^(-1/2) .|`.
    path: f64,
    theta: Vec<f64>,
    /// The columns to evaluate.
    stale: Vec<usize>,
    fresh: Vec<f64>,
}

/// What the sums of a path's length may have lost, beside that length.
const ROUNDING: f64 = 64.0 * f64::EPSILON;
/// Coordinates that are looked at together.
const AT_A_TIME: usize = 32;
/// Path lengths and norms are rounded; bounds are this much wider.
const SLACK: f64 = 1.0 + 1e-9;

impl Correlations {
    /// With the values at `theta` known.
    pub(in crate::bcd) fn at(theta: Vec<f64>, value: Vec<f64>) -> Self {
        Self { seen: vec![0.0; value.len()], value, path: 0.0, theta, stale: Vec::new(), fresh: Vec::new() }
    }

    /// At the null model.
    pub(in crate::bcd) fn of_null(null: &NullModel) -> Self {
        Self::at(null.state.d.iter().map(|d| -d).collect(), null.correlations.clone())
    }

    /// The last values: right to the last digit, or within [`Correlations::bounds`] for units at 0 whose penalty keeps
    /// them there.
    pub(in crate::bcd) fn values(&self) -> &[f64] {
        &self.value
    }

    /// The latest candidate.
    pub(in crate::bcd) fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// Moves the candidate to `theta`. `x` is the iterate: units away from 0 are always evaluated.
    pub(in crate::bcd) fn update(
        &mut self,
        scaled: &Scaled<'_>,
        penalty: &Penalty,
        x: &[f64],
        theta: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let moved = distance(theta, &self.theta, &scaled.s);
        let path = self.path + SLACK * moved;
        // A move that drowns in the length so far must not go unseen.
        self.path = if moved > 0.0 { path.max(self.path.next_up()) } else { path };
        self.stale.clear();
        match penalty {
            Penalty::Separable(_) => match penalty.l1_of_all() {
                Some(weight) => self.find_stale(scaled, x, |_| weight),
                None => self.find_stale(scaled, x, |j| penalty.dead_zone(j)),
            },
            Penalty::Group(_) | Penalty::SparseGroup(_) => {
                for u in 0..penalty.units() {
                    let columns = penalty.columns(u);
                    if columns.iter().all(|&j| self.seen[j] == self.path) {
                        continue;
                    }
                    let zone = penalty.dead_zone(u);
                    let bound: f64 = columns.iter().map(|&j| self.bound(j, scaled).powi(2)).sum();
                    if !(bound < zone * zone) || columns.iter().any(|&j| x[j] != 0.0) {
                        self.stale.extend_from_slice(columns);
                    }
                }
            }
            // The zone of a tilted penalty is not around 0.
            Penalty::Tilted(_) => {
                let seen = &self.seen;
                self.stale.extend((0..x.len()).filter(|&j| seen[j] != self.path));
            }
        }
        control.spend(8 * self.value.len() as u64)?;
        self.theta.clear();
        self.theta.extend_from_slice(theta);
        self.fresh.resize(self.stale.len(), 0.0);
        scaled.columns.correlations(&self.stale, theta, &mut self.fresh, team, control)?;
        for (&j, &v) in self.stale.iter().zip(&self.fresh) {
            self.value[j] = v;
            self.seen[j] = self.path;
        }
        Ok(())
    }

    /// The single coordinates whose value may have left the dead zone, or that are away from 0.
    fn find_stale(&mut self, scaled: &Scaled<'_>, x: &[f64], dead_zone: impl Fn(usize) -> f64) {
        let (path, cols) = (self.path, self.value.len());
        let (value, seen, squares, x) =
            (&self.value[..], &self.seen[..], &scaled.squares[..cols], &x[..cols]);
        let is_stale = |j: usize| {
            let room = dead_zone(j) - value[j].abs();
            let moved = moved(path, seen[j]);
            // An undefined bound asks for an evaluation too.
            let stays = (room > 0.0) & (squares[j] * (moved * moved) < room * room);
            (!stays | (x[j] != 0.0)) & (moved != 0.0)
        };
        // Few are: some at a time are asked whether any is, which takes no branches.
        for start in (0..cols).step_by(AT_A_TIME) {
            let some = start..(start + AT_A_TIME).min(cols);
            if some.clone().fold(false, |any, j| any | is_stale(j)) {
                self.stale.extend(some.filter(|&j| is_stale(j)));
            }
        }
    }

    /// Numbers of the sign of the values and at least their size: what a dual point has to be feasible for.
    pub(in crate::bcd) fn bounds(&self, scaled: &Scaled<'_>) -> Vec<f64> {
        (0..self.value.len()).map(|j| self.bound(j, scaled).copysign(self.value[j])).collect()
    }

    #[inline]
    fn bound(&self, j: usize, scaled: &Scaled<'_>) -> f64 {
        let moved = moved(self.path, self.seen[j]);
        // Infinite columns times no distance must not be NaN.
        if moved == 0.0 { self.value[j].abs() } else { self.value[j].abs() + scaled.norms[j] * moved }
    }
}

/// No less than the distance that a candidate has come since its path had the length `seen`: sums round.
#[inline]
fn moved(path: f64, seen: f64) -> f64 {
    if seen == path { 0.0 } else { SLACK * (path - seen) + ROUNDING * path }
}

/// `|S^(-1/2) (a - b)|` over the rows with weight: the others never carry a slope.
fn distance(a: &[f64], b: &[f64], s: &[f64]) -> f64 {
    // In this order: the square of a difference of tiny weights would vanish, and the move go unseen.
    let square = |((a, b), s): ((&f64, &f64), &f64)| if *s > 0.0 { (a - b) * ((a - b) / s) } else { 0.0 };
    a.iter().zip(b).zip(s).map(square).sum::<f64>().sqrt()
}
