//! Truncated Newton directions (Dembo, Eisenstat and Steihaug, 1982) for blocks without kinks and bounds: conjugate
//! gradients on the rows, ended as soon as the step deserves no more.
//!
//! No matrix is formed. Where conjugate gradients have cost as much as a factor would and are not done, the factor
//! takes over, for good: at most twice the price of the better way is paid.

use super::block_model::{BlockModel, RowModel};
use super::quadratic::Goal;
use crate::bcd::block::Block;
use crate::model::Penalty;
use crate::numerics::kernels::dot;
use crate::numerics::krylov::{conjugate_gradient, diagonal};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use std::ops::Range;

/// Accuracy of the first direction, and least of all others.
const FIRST: f64 = 0.1;
/// Share of the square of the gradients' ratio (Eisenstat and Walker, 1996, choice 2).
const SHARE: f64 = 0.9;
/// Highest accuracy.
const LAST: f64 = 1e-6;
/// Of the accuracy that leaves no more than the goal.
const GOAL_SHARE: f64 = 0.3;
/// With fewer steps at the price of a factor, conjugate gradients are not tried.
const FEWEST: u64 = 3;
/// Most steps where there is no other way.
const MOST: u64 = 500;

/// How exactly the next direction is wanted, by how the gradient fell; and whether conjugate gradients pay.
#[derive(Debug, Clone, Copy)]
pub(in crate::bcd) struct Forcing {
    /// Norm of the last gradient.
    last: f64,
    pays: bool,
}

impl Forcing {
    pub(in crate::bcd) fn new() -> Self {
        Self { last: 0.0, pays: true }
    }

    /// Whether conjugate gradients have been the better way so far.
    pub(in crate::bcd) fn pays(&self) -> bool {
        self.pays
    }

    fn next(&mut self, norm: f64) -> f64 {
        let ratio = norm / std::mem::replace(&mut self.last, norm);
        if ratio < 1.0 { (SHARE * ratio * ratio).clamp(LAST, FIRST) } else { FIRST }
    }
}

/// A block without kinks and bounds.
pub(in crate::bcd) struct SmoothBlock<'b> {
    block: &'b Block,
    penalty: &'b Penalty,
    team: &'b Team<'b>,
}

impl<'b> SmoothBlock<'b> {
    /// `None` where a unit has kinks or bounds.
    pub(in crate::bcd) fn new(block: &'b Block, penalty: &'b Penalty, team: &'b Team<'b>) -> Option<Self> {
        let smooth = |&u: &usize| penalty.is_quadratic(u) && !penalty.is_fixed(u);
        block.units().iter().all(smooth).then_some(Self { block, penalty, team })
    }

    /// Each unit with the range of its coordinates in the block.
    fn units(&self) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        self.block.units().iter().enumerate().map(|(i, &u)| (u, self.block.range(i)))
    }

    /// The direction at `x` for a block problem with this goal, given the `gradient` of the model, without the
    /// penalty's; `None` where a factor is the better way.
    ///
    /// Costs two passes over the block's columns for each step of conjugate gradients.
    pub(in crate::bcd) fn direction(
        &self,
        model: &RowModel<'_>,
        x: &[f64],
        mut gradient: Vec<f64>,
        goal: Goal,
        forcing: &mut Forcing,
        control: &mut Control<'_>,
    ) -> Result<Option<Vec<f64>>, Stop> {
        let all: Vec<usize> = (0..x.len()).collect();
        let direct = model.products_for_direct(&all);
        if direct.is_some_and(|steps| steps < FEWEST) {
            return Ok(None);
        }
        let mut d: Vec<f64> = all.iter().map(|&k| model.diagonal(k)).collect();
        for (u, range) in self.units() {
            let x = &x[range.clone()];
            self.penalty.add_gradient(u, x, &mut gradient[range.clone()]);
            // The Hessian of a quadratic unit is a multiple of the identity.
            self.penalty.add_hessian_product(u, x, &vec![1.0; x.len()], &mut d[range]);
        }
        d.iter_mut().filter(|d| !(**d > 0.0)).for_each(|d| *d = 1.0);
        let right: Vec<f64> = gradient.iter().map(|g| -g).collect();
        // A direction of relative accuracy t leaves about t^2 of what there is to gain.
        let gain: f64 = right.iter().zip(&d).map(|(r, d)| 0.5 * r * (r / d)).sum();
        let enough = GOAL_SHARE * (goal.absolute / gain).sqrt().min(1.0);
        let tolerance = forcing.next(dot(&right, &right).sqrt()).max(enough.min(FIRST));
        let product = |p: &[f64], out: &mut [f64], control: &mut Control<'_>| {
            model.product(&all, p, out, self.team, control)?;
            for (u, range) in self.units() {
                let (x, p) = (&x[range.clone()], &p[range.clone()]);
                self.penalty.add_hessian_product(u, x, p, &mut out[range]);
            }
            Ok(())
        };
        let steps = direct.unwrap_or(MOST).min(MOST) as usize;
        let mut p = vec![0.0; right.len()];
        let info = conjugate_gradient(product, diagonal(&d), &right, tolerance, steps, &mut p, control)?;
        forcing.pays = info.residual <= tolerance || direct.is_none();
        Ok(forcing.pays.then_some(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::block_problem::block_model::Curvature;
    use crate::model::penalty::{Coordinate, Separable};
    use crate::numerics::{Columns, DenseView, Matrix, Order};

    const ROWS: usize = 1000;
    const COLS: usize = 300;

    struct Case {
        data: Vec<f64>,
        w: Vec<f64>,
        lambda: f64,
        intercept: bool,
    }

    impl Case {
        fn new(entry: impl Fn(usize, usize) -> f64, lambda: f64, intercept: bool) -> Self {
            let w = (0..ROWS).map(|r| 0.05 + 0.2 * ((r % 7) as f64 / 7.0)).collect();
            Self { data: (0..ROWS * COLS).map(|i| entry(i % ROWS, i / ROWS)).collect(), w, lambda, intercept }
        }

        /// `(A'WA + lambda) p`, with the intercept minimized out.
        fn product(&self, p: &[f64]) -> Vec<f64> {
            let column = |j: usize| &self.data[j * ROWS..(j + 1) * ROWS];
            let mut t: Vec<f64> = (0..ROWS).map(|r| (0..COLS).map(|j| column(j)[r] * p[j]).sum()).collect();
            if self.intercept {
                let mean = dot(&t, &self.w) / self.w.iter().sum::<f64>();
                t.iter_mut().for_each(|t| *t -= mean);
            }
            t.iter_mut().zip(&self.w).for_each(|(t, w)| *t *= w);
            (0..COLS).map(|j| dot(column(j), &t) + self.lambda * p[j]).collect()
        }

        /// Relative residuals of directions for gradients that fall by these factors; `None` where there is none.
        fn residuals(&self, sizes: &[f64]) -> Vec<Option<f64>> {
            let view =
                DenseView { data: &self.data, rows: ROWS, cols: COLS, ld: ROWS, order: Order::ColumnMajor };
            let matrix = Matrix::dense(view).unwrap();
            let columns = Columns::new(&matrix, vec![1.0; COLS]);
            let list: Vec<usize> = (0..COLS).collect();
            let (team, mut control) = (Team::solo(), Control::new());
            let total = if self.intercept { self.w.iter().sum() } else { 0.0 };
            let mut sums = vec![0.0; COLS];
            if self.intercept {
                columns.correlations(&list, &self.w, &mut sums, &team, &mut control).unwrap();
            }
            let curvature =
                Curvature { w: self.w.clone(), sums, total, damping: vec![0.0; COLS], unit: false };
            let ridge =
                Coordinate { l1: 0.0, l2: self.lambda, lower: f64::NEG_INFINITY, upper: f64::INFINITY };
            let penalty = Penalty::Separable(Separable::uniform(ridge, COLS));
            let block = Block::new(&penalty, list.clone());
            let smooth = SmoothBlock::new(&block, &penalty, &team).unwrap();
            let slopes: Vec<f64> = (0..ROWS).map(|r| (0.37 * (r * r) as f64).sin()).collect();
            let model = RowModel::new(&columns, &list, &curvature, &slopes, &team, &mut control).unwrap();
            let x: Vec<f64> = (0..COLS).map(|j| (j as f64).cos()).collect();
            let mut forcing = Forcing::new();
            let residual = |&size: &f64| {
                if !forcing.pays() {
                    return None;
                }
                let model_gradient: Vec<f64> =
                    (0..COLS).map(|j| size * slopes[j] - self.lambda * x[j]).collect();
                let found =
                    smooth.direction(&model, &x, model_gradient, Goal::EXACT, &mut forcing, &mut control);
                let p = found.unwrap()?;
                let gradient = slopes[..COLS].iter().map(|s| size * s);
                let left: Vec<f64> = self.product(&p).iter().zip(gradient).map(|(h, g)| h + g).collect();
                Some((dot(&left, &left) / dot(&slopes[..COLS], &slopes[..COLS])).sqrt() / size)
            };
            sizes.iter().map(residual).collect()
        }
    }

    #[test]
    fn directions_are_as_exact_as_the_fall_of_the_gradients_asks() {
        for intercept in [false, true] {
            let entry = |r, j: usize| {
                let i: usize = j * ROWS + r;
                3.0_f64.powi(j as i32 % 3 - 1) * (1.7 * (i * i % 1009) as f64).sin()
            };
            let case = Case::new(entry, 200.0, intercept);
            let found = case.residuals(&[1.0, 0.9, 0.09, 9e-4]);
            for (found, asked) in found.iter().zip([0.1, 0.1, 9e-3, 9e-5]) {
                let residual = found.expect("few steps for columns that are nearly orthogonal");
                assert!(residual <= asked * (1.0 + 1e-9), "{residual} {asked}");
                assert!(residual > 0.0);
            }
        }
    }

    #[test]
    fn where_conjugate_gradients_cost_more_than_a_factor_the_factor_is_taken_for_good() {
        // Neighbours are so alike that most directions have next to no curvature.
        let entry =
            |r: usize, j: usize| (-50.0 * (r as f64 / ROWS as f64 - j as f64 / COLS as f64).powi(2)).exp();
        let case = Case::new(entry, 1e-9, false);
        assert_eq!(case.residuals(&[1.0, 1e-3]), [None, None]);
    }

    #[test]
    fn kinks_and_bounds_are_not_for_it() {
        let (team, free) = (Team::solo(), f64::INFINITY);
        for (l1, lower, applies) in [(0.0, -free, true), (0.1, -free, false), (0.0, 0.0, false)] {
            let penalty =
                Penalty::Separable(Separable::uniform(Coordinate { l1, l2: 1.0, lower, upper: free }, 3));
            let block = Block::new(&penalty, vec![0, 2]);
            assert_eq!(SmoothBlock::new(&block, &penalty, &team).is_some(), applies);
        }
    }
}
