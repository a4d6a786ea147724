//! A smooth function of coordinates at an iterate, as the paper's rules and updates see it.
//!
//! Selection, constants and updates are written against [`Smooth`]. The linear composition ([`Engine`](super::engine))
//! is one implementation; others (softmax, several tasks, callbacks) bring their own and share everything else.

use crate::model::Penalty;
use crate::numerics::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

use super::block::Block;
use super::rules::column_index::ColumnIndex;
use super::settings::{Gradients, LineSearch};
use super::updates::model_step;
use super::updates::step::Step;

/// Which matrix stands for the curvature of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    /// A fixed bound of the Hessian: holds at every point.
    Bound,
    /// A bound of the function around the iterate: `f(x + d) <= f(x) + g'd + d'Bd/2` for every `d`, from this `x`.
    Local,
    /// The Hessian at the iterate.
    Hessian,
}

/// Which entries of a maintained gradient a move changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Changed {
    /// Any of them.
    #[default]
    All,
    /// These, each at least once.
    Some(Vec<usize>),
}

/// `f`, the penalty that goes with it, and the iterate.
///
/// Lists of coordinates are without repeats. Every method that loops over data reports its work to the control.
pub(super) trait Smooth: Sized {
    /// What is prepared once to look along a step, so that each look costs the rows touched only.
    type Ray;
    /// What keeps the gradient of all coordinates up to date from block to block; `()` where it is computed afresh.
    type Memory;

    /// The penalty `G`.
    fn penalty(&self) -> &Penalty;
    /// The threads.
    fn team(&self) -> &Team<'_>;
    /// The coordinates.
    fn x(&self) -> &[f64];
    /// Number of coordinates.
    fn cols(&self) -> usize {
        self.x().len()
    }
    /// `L_j` of each coordinate; with the curvature 1 per row where the loss has no bound.
    fn lipschitz(&self) -> &[f64];
    /// Size of the objective, for what counts as rounding.
    fn objective_size(&self) -> f64;
    /// Whether `L_j` and [`Metric::Bound`] bound the curvature everywhere.
    fn has_curvature_bound(&self) -> bool;
    /// Whether the Hessian never changes.
    fn is_quadratic(&self) -> bool;

    /// `f(x)`.
    #[allow(
        dead_code,
        reason = "for checks of functions other than the linear composition, which has its own"
    )]
    fn value(&self) -> f64;
    /// The gradient at the coordinates in `list`.
    fn gradient(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop>;
    /// The curvature of a block.
    fn curvature(&self, metric: Metric, list: &[usize], control: &mut Control<'_>) -> Result<Square, Stop>;
    /// The diagonal of the Hessian at `x`, for the coordinates in `list`.
    fn diagonal(&self, list: &[usize], out: &mut [f64], control: &mut Control<'_>) -> Result<(), Stop>;
    /// Entries `i` of `list` of column `j` of a bound of the whole Hessian. Costs about a gradient of `list`.
    fn bound_column(
        &self,
        j: usize,
        list: &[usize],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop>;
    /// `out = B p` on the coordinates in `list`, with the same bound.
    fn bound_product(
        &self,
        list: &[usize],
        p: &[f64],
        out: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        out.fill(0.0);
        let mut column = vec![0.0; list.len()];
        for (&j, &p) in list.iter().zip(p) {
            if p != 0.0 {
                self.bound_column(j, list, &mut column, control)?;
                out.iter_mut().zip(&column).for_each(|(o, c)| *o += p * c);
            }
        }
        Ok(())
    }
    /// `D_i >= sum_j |B_ij|` over the coordinates in `moving`, for every coordinate (0 outside `moving`).
    fn row_sums(&self, moving: &[usize], control: &mut Control<'_>) -> Result<Vec<f64>, Stop>;
    /// `M_b`: the Lipschitz constant of the Hessian of the block, or a bound of it; `None` where there is none.
    fn hessian_lipschitz(&self, list: &[usize], control: &mut Control<'_>) -> Result<Option<f64>, Stop>;

    /// Prepares to look along the step.
    fn ray(&self, list: &[usize], step: &[f64], control: &mut Control<'_>) -> Result<Self::Ray, Stop>;
    /// `f(x + alpha d) - f(x)`, accurate also where it is tiny.
    fn change(&self, ray: &Self::Ray, alpha: f64, control: &mut Control<'_>) -> Result<f64, Stop>;
    /// First and second derivative of `f(x + alpha d)` in `alpha`.
    fn derivatives(&self, ray: &Self::Ray, alpha: f64, control: &mut Control<'_>)
    -> Result<(f64, f64), Stop>;

    /// Moves the coordinates in `list` to `to`.
    fn move_to(&mut self, list: &[usize], to: &[f64], control: &mut Control<'_>) -> Result<(), Stop>;
    /// Computes what is maintained afresh from the coordinates.
    fn refresh(&mut self, control: &mut Control<'_>) -> Result<(), Stop>;
    /// Minimizes over what is no coordinate (an intercept), after updates that leave it alone.
    fn recenter(&mut self, _control: &mut Control<'_>) -> Result<(), Stop> {
        Ok(())
    }

    /// A step to the minimum of a bound ([`Metric::Bound`] or [`Metric::Local`]) plus the penalty over the block.
    fn bound_step(&mut self, block: &Block, metric: Metric, control: &mut Control<'_>) -> Result<Step, Stop> {
        model_step::bound(self, block, metric, control)
    }
    /// A Newton step on the block, with a line search.
    fn newton_step(
        &mut self,
        block: &Block,
        search: LineSearch,
        control: &mut Control<'_>,
    ) -> Result<Step, Stop> {
        model_step::newton(self, block, search, control)
    }

    /// Prepares to maintain the gradient of all coordinates in the way that is asked for, or is cheapest.
    fn memory(
        &self,
        wanted: Gradients,
        block_size: usize,
        control: &mut Control<'_>,
    ) -> Result<Self::Memory, Stop>;
    /// Flops that [`Smooth::follow`] is likely to take per block of that size; `None` where it computes afresh.
    fn follow_cost(&self, _memory: &Self::Memory, _block_size: usize) -> Option<u64> {
        None
    }
    /// Brings `g`, the gradient of all coordinates before those in `list` took `step`, up to date, and tells what it
    /// changed. `None`: it has to be computed afresh.
    fn follow(
        &self,
        _memory: &mut Self::Memory,
        _list: &[usize],
        _step: &[f64],
        _g: &mut [f64],
        _control: &mut Control<'_>,
    ) -> Result<Option<Changed>, Stop> {
        Ok(None)
    }
    /// An index of the coordinates in `list`, gradient `k` of which counts `scale_k` times, and whose gradients are
    /// products of their columns with [`Smooth::slopes`]. `None` where there is no such thing, or it would not fit.
    fn index(
        &self,
        _list: &[usize],
        _scale: &[f64],
        _control: &mut Control<'_>,
    ) -> Result<Option<ColumnIndex>, Stop> {
        Ok(None)
    }
    /// What the columns of an index are multiplied with.
    fn slopes(&self) -> &[f64] {
        &[]
    }
    /// Told when `g` was computed afresh.
    fn forget(&self, _memory: &mut Self::Memory) {}
}
