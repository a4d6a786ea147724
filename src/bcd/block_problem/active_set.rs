//! Newton steps on the identified manifold (section 6 of the paper): the coordinates away from kinks and bounds move
//! freely, the others stay. With the block's Hessian this is the superlinear finish; for quadratics it ends exactly.
//!
//! As in two-metric projection, a full step is first tried with crossing coordinates stopped at their kink; where that
//! does not lower the model, the step ends at one of the kinks on the way, at the first if need be.

use super::block_model::{BlockModel, Solver};
use super::row_system::{self, RowSystem};
use crate::bcd::block::Block;
use crate::model::Penalty;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::krylov::{conjugate_gradient, diagonal};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use std::ops::Range;

/// What moves freely: where the penalty is smooth, with the other coordinates held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bcd) struct Free {
    /// Units with free coordinates.
    units: Vec<usize>,
    /// Where the coordinates of each begin.
    start: Vec<usize>,
    /// Positions (within the block) of the free coordinates, unit after unit.
    pub(in crate::bcd) coordinates: Vec<usize>,
}

impl Free {
    pub(in crate::bcd) fn of(block: &Block, penalty: &Penalty, x: &[f64]) -> Self {
        let mut free = Self { units: Vec::new(), start: vec![0], coordinates: Vec::new() };
        for (i, &u) in block.units().iter().enumerate() {
            let range = block.range(i);
            let x = &x[range.clone()];
            free.coordinates
                .extend((0..x.len()).filter(|&k| penalty.moves_freely(u, x, k)).map(|k| range.start + k));
            if free.coordinates.len() > free.start[free.units.len()] {
                free.units.push(u);
                free.start.push(free.coordinates.len());
            }
        }
        free
    }

    /// Whether the whole block is free.
    pub(in crate::bcd) fn is_all(&self, block: &Block) -> bool {
        self.coordinates.len() == block.columns().len()
    }
}

/// Steps in a row, times the size of the manifold: small manifolds are cheap enough to drop one unit after the other;
/// on large ones a sweep between two steps drops many at once.
const STEPS_BY_SIZE: usize = 2000;
/// Accuracy of inexact directions.
const CG_TOLERANCE: f64 = 1e-1;
const CG_STEPS: usize = 500;
/// Accuracy of directions from a factor through the rows, which refinement reaches in about two steps.
const REFINED: f64 = 1e-10;
const REFINEMENTS: usize = 10;

/// How a run of Newton steps went.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::bcd) struct NewtonRun {
    /// Work of one step.
    pub(in crate::bcd) cost: u64,
    /// Whether the last step was taken in full, so that the manifold is minimized (to the accuracy of the direction).
    pub(in crate::bcd) full: bool,
    /// How much the steps lowered model and penalty.
    pub(in crate::bcd) decrease: f64,
}

/// Newton steps on the smooth units of a block until one is taken in full without meeting a kink.
pub(in crate::bcd) fn newton(
    model: &mut impl BlockModel,
    block: &Block,
    penalty: &Penalty,
    x: &mut [f64],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<NewtonRun, Stop> {
    let mut run = NewtonRun { cost: 0, full: true, decrease: 0.0 };
    let coordinates = block.columns().len();
    for count in 0.. {
        let start = control.work();
        let parts = Free::of(block, penalty, x);
        let free = &parts.coordinates;
        if free.is_empty() || count > STEPS_BY_SIZE / (free.len() + coordinates / 4) {
            return Ok(run);
        }
        let slopes = penalty.slope().map(|slope| (&**slope, block.columns()));
        let manifold = Manifold { penalty: penalty.untilted(), slopes, parts: &parts, free };
        let gradient: Vec<f64> = free.iter().map(|&k| manifold.slope(model, k)).collect();
        control.spend(free.iter().map(|&k| model.flops(k).0).sum())?;
        let from: Vec<f64> = free.iter().map(|&k| x[k]).collect();
        let full = manifold.gradient(&gradient, &from);
        let (direction, exact) = manifold.direction(model, &full, &from, team, control)?;
        let slope: f64 = full.iter().zip(&direction).map(|(g, p)| g * p).sum();
        // Dense factors run at several times the speed of the sweeps that they are weighed against.
        let cost = if exact { model.newton_flops(free) } else { control.work() - start };
        run = NewtonRun { cost, full: false, ..run };
        if !(slope < 0.0) {
            // Without a gradient the manifold is minimized. Otherwise no direction was found (numbers that overflow, or
            // vanish), and nothing is known of it.
            return Ok(NewtonRun { full: full.iter().all(|g| *g == 0.0), ..run });
        }
        // For an exact direction the bend is minus the slope; else it takes a product.
        let bend = match exact {
            true => -slope,
            false => manifold.bend(model, &from, &direction, team, control)?,
        };
        let line = Line { from: &from, direction: &direction, slope, bend };
        match manifold.search(model, &gradient, &line, control)? {
            Some(accepted) => {
                run.decrease += accepted.decrease;
                free.iter().zip(&accepted.to).for_each(|(&k, &to)| x[k] = to);
                if accepted.full {
                    return Ok(NewtonRun { full: true, ..run });
                }
            }
            None => return Ok(run),
        }
    }
    Ok(run)
}

/// What moves freely, with its penalty. Vectors below are of the free coordinates.
struct Manifold<'a> {
    /// Without its linear term: ..
    penalty: &'a Penalty,
    /// .. that counts for the model, as units may be here in part. The slope of each column, and the columns of the
    /// block.
    slopes: Option<(&'a [f64], &'a [usize])>,
    parts: &'a Free,
    /// Positions of the coordinates within the block.
    free: &'a [usize],
}

/// Step lengths tried along one direction.
const MOST_TRIALS: i32 = 40;

/// A direction with what is known of model and penalty along it.
struct Line<'a> {
    from: &'a [f64],
    direction: &'a [f64],
    /// First derivative at `from`.
    slope: f64,
    /// Second derivative at `from`.
    bend: f64,
}

/// A step that lowers model and penalty, and that the model has taken.
struct Accepted {
    to: Vec<f64>,
    full: bool,
    decrease: f64,
}

impl Manifold<'_> {
    /// Each unit with the range of its coordinates in `free`.
    fn units(&self) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let start = &self.parts.start;
        self.parts.units.iter().enumerate().map(move |(i, &u)| (u, start[i]..start[i + 1]))
    }

    /// The gradient of the model and the linear term at a position in the block.
    fn slope(&self, model: &impl BlockModel, k: usize) -> f64 {
        model.gradient(k) + self.slopes.map_or(0.0, |(slope, columns)| slope[columns[k]])
    }

    /// The gradient of model and penalty.
    fn gradient(&self, model_gradient: &[f64], x: &[f64]) -> Vec<f64> {
        let mut full = model_gradient.to_vec();
        for (u, local) in self.units() {
            self.penalty.add_gradient(u, &x[local.clone()], &mut full[local]);
        }
        full
    }

    /// Solves `(H_FF + penalty's Hessian) p = -gradient` the way that the model finds cheapest, and tells whether the
    /// solution is exact.
    fn direction(
        &self,
        model: &impl BlockModel,
        gradient: &[f64],
        x: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(Vec<f64>, bool), Stop> {
        let mut right: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let product = |p: &[f64], out: &mut [f64], control: &mut Control<'_>| {
            model.product(self.free, p, out, team, control)?;
            for (u, local) in self.units() {
                let (x, p) = (&x[local.clone()], &p[local.clone()]);
                self.penalty.add_hessian_product(u, x, p, &mut out[local]);
            }
            Ok(())
        };
        let mut p = vec![0.0; right.len()];
        match model.solver(self.free) {
            Solver::Factor => {
                let mut h = model.square(self.free, team, control)?;
                for (u, local) in self.units() {
                    let columns = local.clone().map(|k| (k, local.clone()));
                    self.add_hessian(u, &x[local.clone()], columns, &mut h);
                }
                let factor = Cholesky::new(&h, control)?;
                factor.solve(&mut right);
                control.spend((2 * right.len() * right.len()) as u64)?;
                Ok((right, factor.is_well_conditioned()))
            }
            Solver::Rows(design, list) => {
                let units = self.units().map(|(u, local)| {
                    let n = local.len();
                    let mut part = Square::zeros(n);
                    self.add_hessian(u, &x[local.clone()], (0..n).map(|k| (k, 0..n)), &mut part);
                    for (k, &position) in self.free[local.clone()].iter().enumerate() {
                        part.column_mut(k)[k] +=
                            design.curvature.damping[position] + row_system::SHARE * model.diagonal(position);
                    }
                    (local, part)
                });
                let system = RowSystem::new(design, list, units.collect(), team, control)?;
                let precondition = |r: &[f64], out: &mut [f64], control: &mut Control<'_>| {
                    system.solve(r, out, team, control)
                };
                let (tolerance, steps) = (REFINED, REFINEMENTS);
                let info =
                    conjugate_gradient(product, precondition, &right, tolerance, steps, &mut p, control)?;
                Ok((p, info.residual <= REFINED))
            }
            Solver::Products => {
                let mut d: Vec<f64> = self.free.iter().map(|&k| model.diagonal(k)).collect();
                for (u, local) in self.units() {
                    let ones = vec![1.0; local.len()];
                    let mut bend = vec![0.0; local.len()];
                    self.penalty.add_hessian_product(u, &x[local.clone()], &ones, &mut bend);
                    d[local].iter_mut().zip(&bend).for_each(|(d, b)| *d += b.max(0.0));
                }
                d.iter_mut().for_each(|d| *d = if *d > 0.0 { *d } else { 1.0 });
                conjugate_gradient(product, diagonal(&d), &right, CG_TOLERANCE, CG_STEPS, &mut p, control)?;
                Ok((p, false))
            }
        }
    }

    /// Adds a unit's Hessian to the given columns of `h`, each to the given range of its rows.
    fn add_hessian(
        &self,
        u: usize,
        x: &[f64],
        columns: impl Iterator<Item = (usize, Range<usize>)>,
        h: &mut Square,
    ) {
        let mut basis = vec![0.0; x.len()];
        for (k, (column, rows)) in columns.enumerate() {
            basis[k] = 1.0;
            self.penalty.add_hessian_product(u, x, &basis, &mut h.column_mut(column)[rows]);
            basis[k] = 0.0;
        }
    }

    /// Step lengths below 1 at which units meet kinks or bounds, ascending.
    fn kinks(&self, from: &[f64], direction: &[f64]) -> Vec<f64> {
        let mut lengths: Vec<f64> = self
            .units()
            .map(|(u, local)| self.penalty.first_kink(u, &from[local.clone()], &direction[local]))
            .filter(|length| *length < 1.0)
            .collect();
        lengths.sort_unstable_by(f64::total_cmp);
        lengths
    }

    /// `p'(H + penalty's Hessian)p`.
    fn bend(
        &self,
        model: &impl BlockModel,
        from: &[f64],
        direction: &[f64],
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<f64, Stop> {
        let mut product = vec![0.0; from.len()];
        model.product(self.free, direction, &mut product, team, control)?;
        for (u, local) in self.units() {
            let p = &direction[local.clone()];
            self.penalty.add_hessian_product(u, &from[local.clone()], p, &mut product[local]);
        }
        Ok(product.iter().zip(direction).map(|(h, p)| h * p).sum())
    }

    /// Whether the penalty is quadratic along the step, if only because the step is short.
    fn is_quadratic(&self, from: &[f64], direction: &[f64]) -> bool {
        self.units()
            .all(|(u, local)| self.penalty.is_nearly_quadratic(u, &from[local.clone()], &direction[local]))
    }

    /// Finds a step along the line that lowers model and penalty, and takes it in the model.
    fn search(
        &self,
        model: &mut impl BlockModel,
        model_gradient: &[f64],
        line: &Line<'_>,
        control: &mut Control<'_>,
    ) -> Result<Option<Accepted>, Stop> {
        let Line { from, direction, slope, bend } = *line;
        let penalty_change = |to: &[f64]| -> f64 {
            let change =
                |u, local: Range<usize>| self.penalty.unit_change(u, &from[local.clone()], &to[local]);
            self.units().map(|(u, local)| change(u, local)).sum()
        };
        let nearly_quadratic = self.is_quadratic(from, direction);
        let mut lengths = self.kinks(from, direction);
        let first_kink = lengths.first().copied().unwrap_or(f64::INFINITY);
        for trial in 0..MOST_TRIALS {
            // The full step; then the median kink of those within the last trial, down to the first; then halves.
            let alpha = match (trial, lengths.len()) {
                (0, _) => 1.0,
                (_, 0) => first_kink.min(1.0) * 0.5_f64.powi(trial),
                (_, n) => {
                    let middle = lengths[(n - 1) / 2];
                    lengths.truncate((n - 1) / 2);
                    middle
                }
            };
            let mut to: Vec<f64> = from.iter().zip(direction).map(|(x, p)| x + alpha * p).collect();
            let mut met_kink = false;
            for (u, local) in self.units() {
                met_kink |= self.penalty.settle(u, &from[local.clone()], &mut to[local]);
            }
            let step: Vec<f64> = to.iter().zip(from).map(|(to, from)| to - from).collect();
            self.shift(model, &step, 1.0, control)?;
            let change = if nearly_quadratic && alpha <= first_kink {
                // Exact up to the first kink, and without the cancellation that hides small gains.
                alpha * (slope + 0.5 * alpha * bend)
            } else {
                let ends = self.free.iter().map(|&k| self.slope(model, k)).zip(model_gradient).zip(&step);
                let smooth: f64 = ends.map(|((after, before), p)| 0.5 * (before + after) * p).sum();
                control.spend(self.free.iter().map(|&k| model.flops(k).0).sum())?;
                smooth + penalty_change(&to)
            };
            if change <= 1e-4 * alpha * slope {
                let full = trial == 0 && !met_kink;
                return Ok(Some(Accepted { to, full, decrease: -change }));
            }
            self.shift(model, &step, -1.0, control)?;
        }
        Ok(None)
    }

    /// Moves the model along `sign * step`.
    fn shift(
        &self,
        model: &mut impl BlockModel,
        step: &[f64],
        sign: f64,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        for (&k, &step) in self.free.iter().zip(step) {
            if step != 0.0 {
                model.shift(k, sign * step);
                control.spend(model.flops(k).1)?;
            }
        }
        Ok(())
    }
}
