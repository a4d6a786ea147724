//! Newton steps on the free rows: those strictly between their bounds, the others kept where they are.
//!
//! The system `(Q_FF + D_F) p = -g_F` is solved by Cholesky where few rows are free, else by conjugate gradients. The
//! step is projected onto the box and halved until the dual rises by it (two-metric projection): many rows may meet a
//! bound in one step, and once none does, the step ends the problem on the face.

use super::dual::{Dual, combine_into, products};
use super::sweep::{Active, Point};
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::krylov::{self, conjugate_gradient};
use crate::numerics::packed_rows::PackedRows;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Most free rows whose system is factored: 8 MiB.
const MOST_FACTORED: usize = 1024;
/// Accuracy of inexact steps.
const CG_TOLERANCE: f64 = 0.03;
/// Trials along a step.
const MOST_TRIALS: u32 = 30;
/// Where the box stopped less than one row in this many, more steps of conjugate gradients would have gone further.
const FEW_CLIPPED: usize = 100;

/// One step from `point` on the free rows of `active`.
///
/// Tells whether it was cut short by the limit of conjugate gradient steps, and not by the box: a higher one may pay.
pub(super) fn newton(
    dual: &Dual,
    active: &Active,
    point: &mut Point,
    cg_steps: usize,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<bool, Stop> {
    let (rows, id) = active.rows(dual);
    let is_free = |k: &usize| {
        let r = id(*k);
        point.alpha[r] > 0.0 && point.alpha[r] < dual.upper[r]
    };
    let free: Vec<usize> = (0..rows.len()).filter(is_free).collect();
    let ids: Vec<usize> = free.iter().map(|&k| id(k)).collect();
    if free.is_empty() {
        return Ok(false);
    }
    // Without memory for a copy there is no step: the sweeps go on alone.
    let Some(rows) = rows.subset(&free) else { return Ok(false) };
    control.spend(2 * rows.all_entries() as u64)?;
    let bend: Vec<f64> = ids.iter().map(|&r| dual.bend[r]).collect();
    let mut gradient = vec![0.0; ids.len()];
    products(&rows, &point.w, &mut gradient, team, control)?;
    for (g, &r) in gradient.iter_mut().zip(&ids) {
        *g += dual.bend[r] * point.alpha[r] - dual.linear[r];
    }
    let mut step: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut converged = true;
    if ids.len() <= MOST_FACTORED {
        let factor = Cholesky::new(&system(&rows, &bend, control)?, control)?;
        factor.solve(&mut step);
        control.spend((2 * ids.len() * ids.len()) as u64)?;
    } else {
        let right = std::mem::replace(&mut step, vec![0.0; ids.len()]);
        let diagonal: Vec<f64> =
            ids.iter().map(|&r| if dual.lipschitz[r] > 0.0 { dual.lipschitz[r] } else { 1.0 }).collect();
        let mut v = vec![0.0; rows.cols()];
        let apply = |p: &[f64], out: &mut [f64], control: &mut Control<'_>| {
            v.fill(0.0);
            combine_into(&rows, p, &mut v, control)?;
            products(&rows, &v, out, team, control)?;
            out.iter_mut().zip(p).zip(&bend).for_each(|((o, p), b)| *o += b * p);
            control.spend(v.len() as u64)
        };
        let info = conjugate_gradient(
            apply,
            krylov::diagonal(&diagonal),
            &right,
            CG_TOLERANCE,
            cg_steps,
            &mut step,
            control,
        )?;
        converged = info.residual <= CG_TOLERANCE;
    }
    let clipped = search(dual, &rows, &ids, &gradient, &step, point, control)?;
    Ok(!converged && clipped * FEW_CLIPPED < ids.len())
}

/// `Q_FF + D_F` from its rows: one is spread out at a time.
fn system(rows: &PackedRows, bend: &[f64], control: &mut Control<'_>) -> Result<Square, Stop> {
    let mut system = Square::zeros(rows.len());
    let mut spread = vec![0.0; rows.cols()];
    for (k, &bend) in bend.iter().enumerate() {
        rows.for_each(k, |j, a| spread[j] = a);
        for i in k..rows.len() {
            let product = rows.dot(i, &spread);
            system.column_mut(k)[i] = product;
            system.column_mut(i)[k] = product;
            control.spend(rows.flops(i))?;
        }
        system.column_mut(k)[k] += bend;
        rows.for_each(k, |j, _| spread[j] = 0.0);
        control.spend(rows.flops(k))?;
    }
    Ok(system)
}

/// Takes the projected step, halved until the dual rises by it, and counts the rows that came to a bound: all of them,
/// where no step was taken.
fn search(
    dual: &Dual,
    rows: &PackedRows,
    ids: &[usize],
    gradient: &[f64],
    step: &[f64],
    point: &mut Point,
    control: &mut Control<'_>,
) -> Result<usize, Stop> {
    let mut length = 1.0;
    let mut v = vec![0.0; rows.cols()];
    for _ in 0..MOST_TRIALS {
        let to: Vec<f64> = ids
            .iter()
            .zip(step)
            .map(|(&r, p)| (point.alpha[r] + length * p).max(0.0).min(dual.upper[r]))
            .collect();
        let moves: Vec<f64> = ids.iter().zip(&to).map(|(&r, to)| to - point.alpha[r]).collect();
        v.fill(0.0);
        combine_into(rows, &moves, &mut v, control)?;
        let mut change = 0.5 * v.iter().map(|v| v * v).sum::<f64>();
        for ((&r, m), g) in ids.iter().zip(&moves).zip(gradient) {
            change += m * (g + 0.5 * dual.bend[r] * m);
        }
        control.spend(2 * v.len() as u64 + 8 * ids.len() as u64)?;
        if change < 0.0 && to.iter().all(|to| to.is_finite()) {
            let clipped =
                ids.iter().zip(&to).filter(|(r, to)| **to == 0.0 || **to == dual.upper[**r]).count();
            ids.iter().zip(&to).for_each(|(&r, &to)| point.alpha[r] = to);
            point.w.iter_mut().zip(&v).for_each(|(w, v)| *w += v);
            return Ok(clipped);
        }
        length *= 0.5;
    }
    Ok(ids.len())
}
